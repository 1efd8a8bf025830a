//! Names that are new: domains that were registered lately, and names in new certificates (Certificate Transparency, RFC 9162).
//!
//! Two forms, line by line, in one file if it must be: a plain list, the name in the first column (by comma, semicolon, tab or
//! blank; `#` begins a remark), and JSON objects as collectors of certificate logs write them: certstream's
//! (`data.leaf_cert.all_domains`), crt.sh's (`name_value`, `common_name`), and flat ones with `names`, `domains`, `dns_names`, `domain`
//! or `name`. An array of such objects will do, too. What a name means is for whoever knows which names are ours.
//!
//! Deliberately absent: certificates themselves, and the trees that logs prove themselves with.

use model::limits::INTEL_NAME_BYTES_MAX;
use serde_json::{Map, Value};

use super::object::{Object, cut};
use super::walk;
use super::{Counted, Known, NewName, Sink, Tally};
use crate::Trouble;
use crate::split;

/// Lists of names that an object may have.
const LISTS: [&str; 6] = ["all_domains", "names", "domains", "dns_names", "domain", "name"];

/// Reads names; each is a [`NewName`].
///
/// ```
/// let mut found = Vec::new();
/// let list = b"login.example,2026-11-26\n{\"data\":{\"leaf_cert\":{\"all_domains\":[\"*.a.example\",\"a.example\"]}}}\n";
/// let tally = formats::intel::names::read(list, &mut |item| found.push(item));
/// assert_eq!((tally.records, tally.items, tally.refused), (2, 2, 0)); // `*.a.example` and `a.example` are one
/// ```
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Tally {
    let mut out = Counted::new(sink);
    for piece in split::records(bytes) {
        let place = format!("line {}", piece.line);
        let body = match piece.body {
            Ok(body) => body.trim_ascii(),
            Err(trouble) => {
                out.tally.records += 1;
                out.refused(place, trouble);
                continue;
            }
        };
        if body.is_empty() || body.starts_with(b"#") {
            continue;
        }
        out.tally.records += 1;
        let read = if body.starts_with(b"{") { object(body) } else { line(body) };
        match read {
            Ok((names, lost)) => {
                names.into_iter().for_each(|name| out.known(Known::NewName(name)));
                if let Some(trouble) = lost {
                    out.refused(place, trouble);
                }
            }
            Err(trouble) => out.refused(place, trouble),
        }
    }
    out.tally
}

type Read = Result<(Vec<NewName>, Option<Trouble>), Trouble>;

fn line(line: &[u8]) -> Read {
    let text = std::str::from_utf8(line).map_err(|_| Trouble::malformed("not UTF-8"))?;
    let first = text.split([',', ';', '\t', ' ']).next().unwrap_or_default();
    match plain(first.trim_matches(['"', '\''])) {
        Some(name) => Ok((vec![NewName { name, ..NewName::default() }], None)),
        None => Err(Trouble::malformed("no domain in the first column")),
    }
}

fn object(bytes: &[u8]) -> Read {
    let Value::Object(map) = walk::whole(bytes)? else { return Err(Trouble::malformed("no JSON object")) };
    let mut outer = Object::new(&map);
    // What certstream says about itself, and not about certificates.
    if map.get("message_type").and_then(Value::as_str) == Some("heartbeat") {
        return Ok((Vec::new(), None));
    }
    let empty = Map::new();
    let data = outer.object("data").unwrap_or(&map);
    let leaf = data.get("leaf_cert").and_then(Value::as_object).unwrap_or(data);
    let mut inner = Object::new(leaf);
    let mut names: Vec<String> = LISTS.iter().flat_map(|list| inner.texts(list)).collect();
    for field in ["name_value", "common_name"] {
        let text = inner.prose(field);
        names.extend(text.lines().map(str::to_owned));
    }
    let issuer = leaf.get("issuer").and_then(Value::as_object).unwrap_or(&empty);
    let issuer = [inner.name("issuer_name"), Object::new(issuer).name("O")].into_iter().find(|name| !name.is_empty());
    let seen = ["seen", "not_before", "entry_timestamp"].iter().find_map(|field| Object::new(data).time(field));
    let mut found: Vec<NewName> = Vec::new();
    for text in &names {
        let Some(name) = plain(text) else { continue };
        if !found.iter().any(|known| known.name == name) {
            found.push(NewName { name, issuer: issuer.clone(), seen });
        }
    }
    match (found.is_empty(), inner.trouble()) {
        (true, None) => Err(Trouble::malformed("no name in it that could be a domain")),
        (true, Some(trouble)) => Err(trouble),
        (false, lost) => Ok((found, lost)),
    }
}

/// The name in small letters, without the star and the last dot; `None` for what has no dot or holds what no name does.
fn plain(text: &str) -> Option<String> {
    let name = text.trim().trim_start_matches("*.").trim_end_matches('.');
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '_')
    };
    let is_name = name.contains('.') && name.split('.').all(is_label);
    is_name.then(|| cut(name, INTEL_NAME_BYTES_MAX).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intel::Item;
    use proptest::prelude::*;

    fn shown(text: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        read(text, &mut |item| found.push(item));
        let one = |item| match item {
            Ok(Item::Known(known)) => match *known {
                Known::NewName(name) => format!("{} {}", name.name, name.issuer.unwrap_or_default()).trim().to_owned(),
                other => format!("{other:?}"),
            },
            Ok(other) => format!("{other:?}"),
            Err(refused) => format!("! {refused}"),
        };
        found.into_iter().map(one).collect()
    }

    #[test]
    fn lists() {
        let list = b"# new today\nMusterstadt-Login.example\t2026-11-26\n\n\"a.example\",x\nxn--mnchen-3ya.example.\nnonsense\n";
        assert_eq!(
            shown(list),
            [
                "musterstadt-login.example",
                "a.example",
                "xn--mnchen-3ya.example",
                "! line 6: no domain in the first column"
            ]
        );
    }

    #[test]
    fn certificates_as_collectors_write_them() {
        let certstream = br#"{"message_type":"certificate_update","data":{"seen":1732579200.5,"leaf_cert":{"all_domains":["*.b.example","b.example"],"issuer":{"O":"An Authority"}}}}"#;
        assert_eq!(shown(certstream), ["b.example An Authority"]);
        let crt = br#"[{"issuer_name":"C=US, O=X","common_name":"c.example","name_value":"c.example\n*.d.example"},{"name":"e.example"}]"#;
        assert_eq!(shown(crt), ["c.example C=US, O=X", "d.example C=US, O=X", "e.example"]);
        assert_eq!(shown(br#"{"message_type":"heartbeat"}"#), Vec::<String>::new());
    }

    #[test]
    fn what_is_broken_costs_itself() {
        assert_eq!(shown(br#"{"data":{}}"#), ["! line 1: no name in it that could be a domain"]);
        let mixed = b"{\"names\":7}\na.example\n{\"names\":[\"b.example\",7]}";
        assert_eq!(
            shown(mixed),
            [
                "! line 1: left out: names should be a list of texts",
                "a.example",
                "b.example",
                "! line 3: left out: names should be a list of texts only"
            ]
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-z.{}\\[\\]\":,\n*]{0,80}") {
            let _ = shown(text.as_bytes());
        }
    }
}
