//! What the profiles ask for beyond the base: section 4, tests 6.1.27.1 to 6.1.27.11.

use serde_json::{Map, Value};

use crate::intel::check::Judgement;

/// The names of the profiles (section 4).
pub(super) const NAMES: [&str; 5] = [
    "csaf_base",
    "csaf_security_incident_response",
    "csaf_informational_advisory",
    "csaf_security_advisory",
    "csaf_vex",
];

pub(super) fn check(document: &Map<String, Value>, root: &Map<String, Value>, out: &mut Judgement) {
    let profile = document.get("category").and_then(Value::as_str).unwrap_or_default();
    let mut must = |rule: &'static str, is_right: bool, place: &str, why: &str| {
        if !is_right {
            out.must(rule, place, why);
        }
    };
    let is_story = matches!(profile, "csaf_security_incident_response" | "csaf_informational_advisory");
    let is_technical = matches!(profile, "csaf_security_advisory" | "csaf_vex");
    if is_story {
        let told = ["description", "details", "general", "summary"];
        must(
            "6.1.27.1",
            has_note(document, &told),
            "document.notes",
            "this profile asks for a note that tells what it is about",
        );
        must(
            "6.1.27.2",
            has_external_reference(document),
            "document.references",
            "this profile asks for an external reference",
        );
    }
    if profile == "csaf_informational_advisory" {
        must("6.1.27.3", !root.contains_key("vulnerabilities"), "vulnerabilities", "this profile has none");
    }
    if is_technical {
        must("6.1.27.4", root.contains_key("product_tree"), "product_tree", "this profile asks for it");
        must("6.1.27.11", root.contains_key("vulnerabilities"), "vulnerabilities", "this profile asks for them");
    }
    for (number, vulnerability) in list(root, "vulnerabilities").enumerate() {
        let place = format!("vulnerabilities[{number}]");
        let has = |name: &str| vulnerability.contains_key(name);
        let status = |name: &str| vulnerability.get("product_status").is_some_and(|status| status.get(name).is_some());
        if is_technical {
            must("6.1.27.5", has("notes"), &place, "this profile asks for a note");
        }
        if profile == "csaf_security_advisory" {
            must("6.1.27.6", has("product_status"), &place, "this profile asks for a product status");
        }
        if profile == "csaf_vex" {
            let told = ["fixed", "known_affected", "known_not_affected", "under_investigation"];
            must(
                "6.1.27.7",
                told.iter().any(|name| status(name)),
                &place,
                "this profile asks for the state of a product",
            );
            must("6.1.27.8", has("cve") || has("ids"), &place, "this profile asks for `cve` or `ids`");
            explained(vulnerability, &place, &mut must);
        }
    }
}

/// 6.1.27.9 and 6.1.27.10: for what is not affected a reason, for what is affected something to do.
fn explained(vulnerability: &Map<String, Value>, place: &str, must: &mut impl FnMut(&'static str, bool, &str, &str)) {
    let named = |list_name: &str, is_right: &dyn Fn(&Map<String, Value>) -> bool| {
        let members = list(vulnerability, list_name).filter(|member| is_right(member));
        let names = members.flat_map(|member| texts(member, "product_ids").chain(texts(member, "group_ids")));
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let impact = |threat: &Map<String, Value>| threat.get("category").is_some_and(|category| category == "impact");
    let mut reasons = named("threats", &impact);
    reasons.extend(named("flags", &|_| true));
    let actions = named("remediations", &|_| true);
    let empty = Map::new();
    let status = vulnerability.get("product_status").and_then(Value::as_object).unwrap_or(&empty);
    // Which products a group has is judged with the product tree; here a group stands for all.
    let has_groups = |list_name: &str| list(vulnerability, list_name).any(|member| member.contains_key("group_ids"));
    let is_reasoned = has_groups("threats")
        || has_groups("flags")
        || texts(status, "known_not_affected").all(|id| reasons.contains(id));
    must(
        "6.1.27.9",
        is_reasoned,
        place,
        "a product that is not affected needs a reason: a flag, or a threat of category impact",
    );
    let is_acted_on = has_groups("remediations") || texts(status, "known_affected").all(|id| actions.contains(id));
    must("6.1.27.10", is_acted_on, place, "a product that is affected needs a remediation");
}

fn list<'m>(map: &'m Map<String, Value>, name: &str) -> impl Iterator<Item = &'m Map<String, Value>> + use<'m> {
    map.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn texts<'m>(map: &'m Map<String, Value>, name: &str) -> impl Iterator<Item = &'m str> + use<'m> {
    map.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn has_note(document: &Map<String, Value>, kinds: &[&str]) -> bool {
    list(document, "notes")
        .any(|note| note.get("category").and_then(Value::as_str).is_some_and(|kind| kinds.contains(&kind)))
}

/// A reference is external unless it says otherwise.
fn has_external_reference(document: &Map<String, Value>) -> bool {
    list(document, "references")
        .any(|reference| reference.get("category").is_none_or(|category| category == "external"))
}
