//! What STIX markings mean: STIX 2.1, section 7.2 (statement, TLP 1), and TLP 2.0 as an extension (OASIS CTI, "TLP v2.0 markings",
//! 2022).

use model::{Marking, Pap, Tlp};
use serde_json::{Map, Value};

use crate::intel::object::cut;
use crate::release::stix::pap_id;

/// The ids that are fixed by the specifications.
const FIXED: [(&str, Tlp); 9] = [
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
    ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
    ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Tlp::Green),
    ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", Tlp::Amber),
    ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", Tlp::AmberStrict),
    ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", Tlp::Red),
];

/// The extension that carries TLP 2.0.
const TLP2: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// What one marking definition says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Tlp(Tlp),
    Pap(Pap),
    /// Words: terms of use, a copyright.
    Statement(String),
}

/// All markings of one object together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    tlp: Option<Tlp>,
    pap: Option<Pap>,
    /// Statements, and ids without a meaning here.
    unknown: Vec<String>,
    /// The ids among them.
    pub(super) unresolved: Vec<String>,
}

impl Marks {
    pub(super) fn add(&mut self, id: &str, meaning: Option<&Meaning>) {
        let fixed = FIXED.iter().find(|(known, _)| *known == id).map(|(_, tlp)| Meaning::Tlp(*tlp));
        let of_node = Pap::ALL.into_iter().find(|pap| pap_id(*pap) == Some(id)).map(Meaning::Pap);
        match fixed.as_ref().or(of_node.as_ref()).or(meaning) {
            Some(Meaning::Tlp(tlp)) => self.tlp = self.tlp.max(Some(*tlp)),
            Some(Meaning::Pap(pap)) => self.pap = self.pap.max(Some(*pap)),
            Some(Meaning::Statement(text)) => self.unknown.push(format!("statement: {text}")),
            None => {
                self.unknown.push(id.to_owned());
                self.unresolved.push(id.to_owned());
            }
        }
    }

    /// The marking as far as it is known. A PAP alone leaves the TLP unstated, which is not open.
    pub(super) fn marking(&self) -> Option<Marking> {
        let is_marked = self.tlp.is_some() || self.pap.is_some();
        is_marked.then(|| Marking { tlp: self.tlp.unwrap_or(Tlp::UNSTATED), pap: self.pap.unwrap_or_default() })
    }

    pub(super) fn unknown(&self) -> Vec<String> {
        self.unknown.clone()
    }
}

/// What a `marking-definition` means; `None` when that is not known here.
pub(super) fn meaning(map: &Map<String, Value>) -> Option<Meaning> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let extended = map.get("extensions").and_then(|extensions| extensions.get(TLP2)).and_then(|tlp| tlp.get("tlp_2_0"));
    if let Some(name) = text(extended) {
        return name.parse().ok().map(Meaning::Tlp);
    }
    let definition = map.get("definition");
    match map.get("definition_type").and_then(Value::as_str)? {
        "tlp" => text(definition.and_then(|definition| definition.get("tlp")))?.parse().ok().map(Meaning::Tlp),
        "statement" => Some(of_statement(&text(definition.and_then(|definition| definition.get("statement")))?)),
        sort if sort.eq_ignore_ascii_case("pap") => {
            let name = definition.and_then(|definition| definition.get("pap").or(definition.get("PAP")));
            text(name)?.parse().ok().map(Meaning::Pap)
        }
        // Some write the marking into its own name, and their own sort of definition.
        _ => match of_statement(&text(map.get("name"))?) {
            Meaning::Statement(_) => None,
            meaning => Some(meaning),
        },
    }
}

/// A statement may be nothing but a marking: `PAP:AMBER`, as MISP's exports write its tags.
fn of_statement(text: &str) -> Meaning {
    let small = text.trim().to_ascii_lowercase();
    let tlp = small.starts_with("tlp:").then(|| small.parse().ok()).flatten();
    let pap = small.starts_with("pap:").then(|| small.parse().ok()).flatten();
    match (tlp, pap) {
        (Some(tlp), _) => Meaning::Tlp(tlp),
        (_, Some(pap)) => Meaning::Pap(pap),
        _ => Meaning::Statement(cut(text, model::limits::INTEL_NAME_BYTES_MAX).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn definitions_and_what_they_mean() {
        let check = |definition: Value, expected: Option<Meaning>| {
            assert_eq!(meaning(definition.as_object().unwrap()), expected, "{definition}");
        };
        check(json!({"definition_type": "tlp", "definition": {"tlp": "amber"}}), Some(Meaning::Tlp(Tlp::Amber)));
        check(json!({"extensions": {TLP2: {"tlp_2_0": "amber+strict"}}}), Some(Meaning::Tlp(Tlp::AmberStrict)));
        check(json!({"extensions": {TLP2: {"tlp_2_0": "violet"}}}), None);
        let statement = |text: &str| json!({"definition_type": "statement", "definition": {"statement": text}});
        check(statement("PAP:RED"), Some(Meaning::Pap(Pap::Red)));
        check(statement("Copyright"), Some(Meaning::Statement("Copyright".into())));
        check(json!({"definition_type": "iep", "definition": {}}), None);
        check(json!({"definition_type": "x", "name": "TLP:GREEN"}), Some(Meaning::Tlp(Tlp::Green)));
        check(json!({"definition_type": 7}), None);
    }

    #[test]
    fn the_stricter_counts_and_nothing_is_guessed() {
        let mut marks = Marks::default();
        assert_eq!(marks.marking(), None);
        marks.add("marking-definition--x", None);
        assert_eq!((marks.marking(), marks.unknown()), (None, vec!["marking-definition--x".to_owned()]));
        marks.add("a", Some(&Meaning::Pap(Pap::Amber)));
        assert_eq!(marks.marking(), Some(Marking { tlp: Tlp::UNSTATED, pap: Pap::Amber }));
        for (id, _) in FIXED {
            marks.add(id, None);
        }
        assert_eq!(marks.marking(), Some(Marking { tlp: Tlp::Red, pap: Pap::Amber }));
    }
}
