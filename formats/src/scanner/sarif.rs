//! SARIF 2.1.0 (OASIS Standard, 27 March 2020): results whose rule, tags or properties name a CVE.
//!
//! Scanners of images and packages write it as well as those of code. A result without the name of a vulnerability is about the code, and is left
//! out. Deliberately absent: what a result says in words beyond its rule's short description, code flows, fixes as patches.

use std::collections::BTreeMap;

use model::Timestamp;
use serde_json::{Map, Value};

use super::json::{each, each_raw, inside, list, number, small};
use super::{Place, Read, Reported, Scanner, level, place, tenths};
use crate::intel::object::Object;

/// What a run says of one of its rules.
#[derive(Clone, Default)]
struct Rule {
    id: String,
    title: String,
    score: Option<u8>,
    level: Option<model::Level>,
    ids: Vec<String>,
}

pub(super) fn read(bytes: &[u8], out: &mut Read) {
    let Some(runs) = list(bytes, "runs", "document", out) else { return };
    each_raw(runs, "run", out, |run, at, out| {
        let (empty, tool) = (Map::new(), small(run, "tool"));
        let mut tool = Object::new(&tool);
        let mut driver = Object::new(inside(&mut tool, "driver", &empty));
        let version = ["semanticVersion", "version"].iter().map(|name| driver.name(name)).find(|text| !text.is_empty());
        let scanner = Scanner { name: driver.name("name"), version: version.unwrap_or_default() };
        let rules: Vec<Rule> = driver.objects("rules").map(rule).collect();
        let by_id: BTreeMap<&str, &Rule> = rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
        let when = ended(run);
        let Some(results) = list(run, "results", at, out) else { return };
        each(results, &format!("{at}, result"), out, |map, at, out| {
            let mut object = Object::new(map);
            let own = object.object("rule").unwrap_or(&empty);
            let id =
                Some(object.name("ruleId")).filter(|id| !id.is_empty()).unwrap_or_else(|| Object::new(own).name("id"));
            let index = object.whole("ruleIndex").or_else(|| Object::new(own).whole("index"));
            let by_index = || rules.get(usize::try_from(index?).ok()?);
            let rule = by_id.get(id.as_str()).copied().or_else(by_index).cloned().unwrap_or_default();
            let mut ids = cves(&id);
            ids.extend(rule.ids);
            let properties = inside(&mut object, "properties", &empty);
            ids.extend(Object::new(properties).texts("tags").iter().flat_map(|tag| cves(tag)));
            let said = object.text("level").and_then(level);
            if let Some(trouble) = object.trouble() {
                out.refuse(at, trouble);
            }
            if ids.is_empty() {
                out.left_out += 1;
                return;
            }
            out.report(Reported {
                host: artifact(map),
                vulnerabilities: ids,
                check: if id.is_empty() { rule.id } else { id },
                severity: rule.score.map(by_score).or(said).or(rule.level),
                score_tenths: rule.score.or(tenths(&number(properties, "security-severity"))),
                title: rule.title,
                scanner: scanner.clone(),
                when,
                ..Reported::default()
            });
        });
    });
}

fn rule(map: &Map<String, Value>) -> Rule {
    let (empty, mut object) = (Map::new(), Object::new(map));
    let id = object.name("id");
    let properties = inside(&mut object, "properties", &empty);
    let tags = Object::new(properties).texts("tags");
    let title = Object::new(inside(&mut object, "shortDescription", &empty)).name("text");
    let mut usual = Object::new(inside(&mut object, "defaultConfiguration", &empty));
    Rule {
        title,
        score: tenths(&number(properties, "security-severity")),
        level: usual.text("level").and_then(level),
        ids: std::iter::once(&id).chain(&tags).flat_map(|text| cves(text)).collect(),
        id,
    }
}

/// The bands of CVSS, which `security-severity` is read by.
fn by_score(tenths: u8) -> model::Level {
    match tenths {
        0 => model::Level::Informational,
        1..40 => model::Level::Low,
        40..70 => model::Level::Medium,
        70..90 => model::Level::High,
        _ => model::Level::Critical,
    }
}

/// When the run ended.
fn ended(run: &[u8]) -> Option<Timestamp> {
    let runs = crate::intel::walk::member(run, "invocations")?;
    let Ok(Value::Array(list)) = crate::intel::walk::parsed(runs) else { return None };
    list.iter().filter_map(Value::as_object).find_map(|one| Object::new(one).time("endTimeUtc"))
}

/// The file or image in which it is.
fn artifact(result: &Map<String, Value>) -> Option<Place> {
    let first = result.get("locations")?.as_array()?.first()?;
    place(first.pointer("/physicalLocation/artifactLocation/uri")?.as_str()?)
}

/// Names of CVE in a text that may hold more: `CVE-2024-4879`, `external/cve/cve-2024-4879`, `CVE-2024-4879-openssl`.
fn cves(text: &str) -> Vec<String> {
    let capitals = text.to_ascii_uppercase();
    let mut found = Vec::new();
    for (at, _) in capitals.match_indices("CVE-") {
        let rest = capitals.get(at + 4..).unwrap_or_default();
        let Some((year, behind)) = rest.split_once('-') else { continue };
        let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(cve) = format!("CVE-{year}-{digits}").parse::<model::vulnerability::CveId>() {
            found.push(cve.to_string());
        }
    }
    found
}
