//! Results of nuclei: one JSON object on each line (`-jsonl`), or an array of them (`-json-export`).

use model::Level;
use serde_json::Value;

use super::object::{Object, cut};
use super::walk;
use super::{Counted, Known, OwnFinding, Sink, Tally};
use crate::Trouble;
use crate::split;

/// Reads results; each is an [`OwnFinding`].
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Tally {
    let mut out = Counted::new(sink);
    for piece in split::records(bytes) {
        out.tally.records += 1;
        let place = format!("line {}", piece.line);
        match piece.body.and_then(result) {
            Ok((finding, lost)) => {
                // A matcher that did not match is told only when somebody asked for it, and is no finding.
                if let Some(finding) = finding {
                    out.known(Known::Finding(finding));
                }
                if let Some(trouble) = lost {
                    out.refused(place, trouble);
                }
            }
            Err(trouble) => out.refused(place, trouble),
        }
    }
    out.tally
}

fn result(bytes: &[u8]) -> Result<(Option<OwnFinding>, Option<Trouble>), Trouble> {
    let Value::Object(map) = walk::whole(bytes)? else { return Err(Trouble::malformed("no JSON object")) };
    let mut object = Object::new(&map);
    if object.flag("matcher-status") == Some(false) {
        return Ok((None, object.trouble()));
    }
    let check = ["template-id", "templateID"].iter().map(|name| object.name(name)).find(|id| !id.is_empty());
    let Some(check) = check else { return Err(Trouble::malformed("a result without `template-id`")) };
    let host = object.name("host");
    let at = ["matched-at", "matched"].iter().map(|name| object.name(name)).find(|at| !at.is_empty());
    let empty = serde_json::Map::new();
    let mut info = Object::new(object.object("info").unwrap_or(&empty));
    let level = info.text("severity").and_then(|word| word.parse::<Level>().ok());
    let mut classes = Object::new(info.object("classification").unwrap_or(&empty));
    let vulnerabilities =
        classes.texts("cve-id").into_iter().map(|id| id.to_ascii_uppercase()).filter(|id| !id.is_empty());
    let address = object.name("ip");
    let (name, port) = host_and_port(&host);
    let asset = if address.is_empty() { name.to_owned() } else { address };
    if asset.is_empty() {
        return Err(Trouble::malformed("a result without `host` and `ip`"));
    }
    let finding = OwnFinding {
        tool: "nuclei".to_owned(),
        names: Some(name.to_owned()).filter(|name| !name.is_empty() && *name != asset).into_iter().collect(),
        asset,
        port: object.whole("port").and_then(|port| u16::try_from(port).ok()).or(port),
        transport: if matches!(object.text("type"), Some("dns")) { String::new() } else { "tcp".to_owned() },
        service: object.name("type"),
        check,
        title: info.name("name"),
        description: info.prose("description"),
        level,
        vulnerabilities: vulnerabilities.collect(),
        cpes: classes.texts("cpe"),
        at,
        found: object.time("timestamp"),
        product: String::new(),
        version: String::new(),
    };
    let inner = classes.trouble().or(info.trouble());
    Ok((Some(finding), object.trouble().or(inner)))
}

/// The host and the port of what was tested: an address with scheme, `host:port`, or a name.
pub(crate) fn host_and_port(text: &str) -> (&str, Option<u16>) {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let usual = match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    };
    if let Some((host, behind)) = rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        return (host, behind.strip_prefix(':').and_then(|port| port.parse().ok()).or(usual));
    }
    match rest.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (cut(host, 253), port.parse().ok().or(usual)),
        _ => (cut(rest, 253), usual),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intel::testing::{notes, only_known};
    use proptest::prelude::*;

    #[test]
    fn a_result() {
        let line = br#"{"template-id":"CVE-2021-44228","info":{"name":"Log4j","severity":"critical","classification":{"cve-id":["cve-2021-44228"],"cwe-id":["cwe-20"]}},"type":"http","host":"https://portal.city.example:8443","matched-at":"https://portal.city.example:8443/?x","ip":"192.0.2.10","timestamp":"2026-01-02T03:04:05.123+01:00","matcher-status":true}"#;
        let mut found = Vec::new();
        read(line, &mut |item| found.push(item));
        let Known::Finding(finding) = only_known(found) else { panic!() };
        assert_eq!((finding.asset.as_str(), finding.port), ("192.0.2.10", Some(8443)));
        assert_eq!(
            (finding.names, finding.vulnerabilities),
            (vec!["portal.city.example".to_owned()], vec!["CVE-2021-44228".to_owned()])
        );
        assert_eq!(finding.level, Some(Level::Critical));
    }

    #[test]
    fn a_broken_line_costs_itself() {
        let text = b"{\"a\":1}\n{\"template-id\":\"x\"\n{\"template-id\":\"x\",\"host\":\"a.example\",\"info\":{\"severity\":\"info\"}}\n{\"matcher-status\":false}\n";
        let mut found = Vec::new();
        let tally = read(text, &mut |item| found.push(item));
        assert_eq!((tally.records, tally.items, tally.refused), (4, 1, 2));
        assert_eq!(notes(&found)[0], "line 1: a result without `template-id`");
    }

    #[test]
    fn hosts() {
        let check = |text, expected| assert_eq!(host_and_port(text), expected);
        check("http://a.example/x:9", ("a.example", Some(80)));
        check("https://[2001:db8::1]:8443", ("2001:db8::1", Some(8443)));
        check("a.example:22", ("a.example", Some(22)));
        check("2001:db8::1", ("2001:db8::1", None));
        check("", ("", None));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[{}\\[\\]\":,a0-9\n@/-]{0,80}") {
            read(text.as_bytes(), &mut |_| {});
            let _ = host_and_port(&text);
        }
    }
}
