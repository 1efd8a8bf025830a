//! Nuclei 2 and 3: one JSON object on each line (`-jsonl`), or an array of them (`-json-export`).
//!
//! Deliberately absent: requests, responses and what was extracted from them.

use serde_json::{Map, Value};

use super::json::{inside, number};
use super::nessus::software;
use super::{Read, Reported, Scanner, level, place, tenths};
use crate::Trouble;
use crate::intel::nuclei::host_and_port;
use crate::intel::object::Object;
use crate::intel::walk;
use crate::split;

pub(super) fn read(bytes: &[u8], out: &mut Read) {
    for piece in split::records(bytes) {
        let at = format!("line {}", piece.line);
        let result = piece.body.and_then(walk::parsed);
        match result {
            Ok(Value::Object(map)) => one(&map, &at, out),
            Ok(_) => out.refuse(at, Trouble::malformed("an object should stand here")),
            Err(trouble) => out.refuse(at, trouble),
        }
    }
}

fn one(map: &Map<String, Value>, at: &str, out: &mut Read) {
    let (empty, mut object) = (Map::new(), Object::new(map));
    // A matcher that did not match is told only when somebody asked for it, and is no finding.
    if object.flag("matcher-status") == Some(false) {
        out.left_out += 1;
        return;
    }
    let check = ["template-id", "templateID"].iter().map(|name| object.name(name)).find(|id| !id.is_empty());
    let Some(check) = check else { return out.refuse(at, Trouble::malformed("a result without `template-id`")) };
    let mut info = Object::new(inside(&mut object, "info", &empty));
    let mut classes = Object::new(inside(&mut info, "classification", &empty));
    let severity = info.text("severity").and_then(level);
    let vulnerabilities = classes.texts("cve-id");
    if vulnerabilities.is_empty() && severity <= Some(model::Level::Informational) && severity.is_some() {
        out.left_out += 1;
        return;
    }
    let named = object.name("host");
    let (name, port) = host_and_port(&named);
    let address = object.name("ip");
    let Some(host) = place(&address).or_else(|| place(name)) else {
        return out.refuse(at, Trouble::malformed("a result without `host` and `ip`"));
    };
    let own = model::register::Address::parse(name).filter(|own| super::Place::Host(own.clone()) != host);
    let port = object.whole("port").and_then(|port| u16::try_from(port).ok()).or(port);
    out.report(Reported {
        host: Some(host),
        names: own.into_iter().collect(),
        port,
        vulnerabilities,
        check,
        software: classes.texts("cpe").iter().find_map(|text| software(text, "")),
        fixed_in: Vec::new(),
        severity,
        vectors: classes.texts("cvss-metrics"),
        score_tenths: tenths(&number(inside(&mut info, "classification", &empty), "cvss-score")),
        title: info.name("name"),
        scanner: Scanner { name: "Nuclei".to_owned(), version: String::new() },
        when: object.time("timestamp"),
    });
    for object in [object, info, classes] {
        if let Some(trouble) = object.trouble() {
            out.refuse(at, trouble);
        }
    }
}
