//! What is wrong in a document beyond its schema: texts that say nothing, ids that are there twice, references that lead nowhere, and
//! chains from findings to what is done about them that are not closed.

use std::collections::{BTreeMap, BTreeSet};

use model::limits;
use serde_json::Value;

use super::{Document, Model};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Flaw {
    /// Where, for example `metadata.roles[3].title`.
    pub path: String,
    /// What is wrong there.
    pub reason: String,
    /// The standard's own examples have such: it may be meant so.
    pub is_doubt: bool,
}

/// Names of properties that refer to a party.
const PARTY_REFERENCES: [&str; 2] = ["party-uuids", "party-uuid"];

/// Texts for people, which the standard lets be empty.
const PROSE: [&str; 7] = ["description", "remarks", "prose", "statement", "purpose", "usage", "text"];

/// Says what is wrong; at most `NOTES_KEPT_MAX` flaws.
pub fn check(document: &Document) -> Vec<Flaw> {
    let root = document.to_value();
    let Some(inner) = root.get(document.model().name()) else { return Vec::new() };
    let mut seen = Seen::default();
    seen.walk(inner, &mut String::new());
    let mut flaws = seen.flaws;
    let mut add = |path: &str, reason: String| flaws.push(Flaw { path: path.to_owned(), reason, is_doubt: true });
    for (uuid, places) in &seen.uuids {
        if let [first, second, ..] = &places[..] {
            add(second, format!("the id {uuid} is that of {first}, too"));
        }
    }
    let has = |uuid: &str| seen.uuids.contains_key(uuid);
    // Roles and parties may be those of a document that this one imports; a document that has some means its own.
    for (path, role) in seen.role_references.iter().filter(|_| !seen.roles.is_empty()) {
        if !seen.roles.contains(role) {
            add(path, format!("there is no role {role}"));
        }
    }
    for (path, uuid) in seen.references.iter().filter(|(path, uuid)| is_own(document.model(), path) && !has(uuid)) {
        add(path, format!("there is nothing with the id {uuid}"));
    }
    for (path, uuid) in &seen.anchors {
        if is_uuid(uuid) && !has(uuid) {
            add(path, format!("there is nothing with the id {uuid}"));
        }
    }
    chains(document, &mut flaws);
    flaws.sort();
    flaws.dedup();
    flaws.truncate(limits::NOTES_KEPT_MAX);
    flaws
}

/// Whether what a reference names has to stand in the same document: others may mean what an imported document has.
fn is_own(model: Model, path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    let name = name.split('[').next().unwrap_or(name);
    let own: &[&str] = match model {
        Model::SystemSecurityPlan => &["component-uuid", "party-uuids", "party-uuid"],
        Model::AssessmentResults | Model::PlanOfActionAndMilestones => {
            &["observation-uuid", "risk-uuid", "finding-uuid"]
        }
        _ => &[],
    };
    own.contains(&name)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Each finding of something that is not met has to lead to a risk, each risk of a plan to an item.
fn chains(document: &Document, flaws: &mut Vec<Flaw>) {
    let mut add = |path: String, reason: &str| flaws.push(Flaw { path, reason: reason.to_owned(), is_doubt: true });
    match document {
        Document::AssessmentResults(results) => {
            for (at, result) in results.results.iter().enumerate() {
                for (number, finding) in result.findings.iter().enumerate() {
                    if finding.target.status.state == "not-satisfied" && finding.related_risks.is_empty() {
                        let path = format!("results[{at}].findings[{number}]");
                        add(path, "a control that is not met, and no risk that follows from it");
                    }
                }
            }
        }
        Document::PlanOfActionAndMilestones(plan) => {
            let dealt_with: BTreeSet<&str> = plan
                .poam_items
                .iter()
                .flat_map(|item| &item.related_risks)
                .map(|risk| risk.risk_uuid.as_str())
                .collect();
            for (at, risk) in plan.risks.iter().enumerate() {
                if risk.status != "closed" && !dealt_with.contains(risk.uuid.as_str()) {
                    add(format!("risks[{at}]"), "a risk that is open, and no item that deals with it");
                }
            }
        }
        _ => {}
    }
}

#[derive(Default)]
struct Seen {
    flaws: Vec<Flaw>,
    uuids: BTreeMap<String, Vec<String>>,
    roles: BTreeSet<String>,
    role_references: Vec<(String, String)>,
    references: Vec<(String, String)>,
    /// `#…` of links.
    anchors: Vec<(String, String)>,
}

impl Seen {
    fn walk(&mut self, value: &Value, path: &mut String) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let length = path.len();
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                    self.field(name, value, path);
                    self.walk(value, path);
                    path.truncate(length);
                }
            }
            Value::Array(list) => {
                for (at, value) in list.iter().enumerate() {
                    let length = path.len();
                    path.push_str(&format!("[{at}]"));
                    self.walk(value, path);
                    path.truncate(length);
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, name: &str, value: &Value, path: &str) {
        if let Value::Array(list) = value {
            let texts = list.iter().enumerate().filter_map(|(at, value)| Some((at, value.as_str()?)));
            for (at, text) in texts {
                self.reference(name, text, &format!("{path}[{at}]"));
            }
        }
        let Value::String(text) = value else { return };
        if text.trim().is_empty() {
            let (path, reason) = (path.to_owned(), "a text that says nothing".to_owned());
            self.flaws.push(Flaw { path, reason, is_doubt: PROSE.contains(&name) });
        }
        if name == "uuid" {
            self.uuids.entry(text.to_ascii_lowercase()).or_default().push(path.to_owned());
        }
        if name == "id" && path.contains("metadata.roles[") {
            self.roles.insert(text.clone());
        }
        self.reference(name, text, path);
    }

    fn reference(&mut self, name: &str, text: &str, path: &str) {
        if name == "role-id" {
            self.role_references.push((path.to_owned(), text.to_owned()));
        } else if name == "href"
            && let Some(anchor) = text.strip_prefix('#')
        {
            self.anchors.push((path.to_owned(), anchor.to_ascii_lowercase()));
        } else if name.ends_with("-uuid") || PARTY_REFERENCES.contains(&name) {
            self.references.push((path.to_owned(), text.to_ascii_lowercase()));
        }
    }
}
