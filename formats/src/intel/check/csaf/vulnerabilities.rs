//! Vulnerabilities (section 3.2.3): tests 6.1.1, 6.1.4, 6.1.6 to 6.1.11, 6.1.23, 6.1.24, 6.1.29, 6.1.32, 6.1.33.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Ids, cvss, document, members, one_of, text, texts, time_form};
use crate::intel::ProductState;
use crate::intel::check::Judgement;
use crate::intel::csaf::STATES;

const REMEDIATIONS: &[&str] = &["mitigation", "no_fix_planned", "none_available", "vendor_fix", "workaround"];
const FLAGS: &[&str] = &[
    "component_not_present",
    "inline_mitigations_already_exist",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_not_present",
];

pub(super) fn check(root: &Map<String, Value>, ids: &Ids, out: &mut Judgement) {
    let mut cves = BTreeSet::new();
    for (place, vulnerability) in members(root, "vulnerabilities", "", out) {
        if vulnerability.is_empty() {
            out.must("empty", &place, "should not be empty");
        }
        if vulnerability.contains_key("cve")
            && let Some(cve) = text(vulnerability, "cve", &place, out)
        {
            if !is_cve(cve) {
                out.must("pattern", &format!("{place}.cve"), "should be CVE-YEAR-NUMBER");
            }
            if !cves.insert(cve) {
                out.must("6.1.23", &format!("{place}.cve"), "the same CVE stands in another vulnerability already");
            }
        }
        one(vulnerability, &place, ids, out);
    }
}

/// `CVE-2024-12345` (section 3.2.3.2).
fn is_cve(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(year, number)| year.len() == 4 && digits(year) && number.len() >= 4 && digits(number))
}

fn one(map: &Map<String, Value>, place: &str, ids: &Ids, out: &mut Judgement) {
    document::notes(map, place, out);
    document::references(map, place, out);
    for name in ["discovery_date", "release_date"] {
        if map.contains_key(name)
            && let Some(date) = text(map, name, place, out)
        {
            time_form(date, &format!("{place}.{name}"), out);
        }
    }
    if let Some(cwe) = map.get("cwe") {
        let place = format!("{place}.cwe");
        match cwe.as_object() {
            Some(cwe) => weakness(cwe, &place, out),
            None => out.must("type", &place, "should be an object"),
        }
    }
    for (place, id) in members(map, "ids", place, out) {
        text(id, "system_name", &place, out);
        text(id, "text", &place, out);
    }
    states(map, place, ids, out);
    scores(map, place, ids, out);
    about_products(map, place, ids, out);
    involvements(map, place, out);
}

/// 6.1.11, as far as it can be told without the list.
fn weakness(cwe: &Map<String, Value>, place: &str, out: &mut Judgement) {
    text(cwe, "name", place, out);
    let is_right = |id: &str| {
        let digits = id.strip_prefix("CWE-").unwrap_or_default();
        !digits.starts_with('0') && (1..=5).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if text(cwe, "id", place, out).is_some_and(|id| !is_right(id)) {
        out.must("6.1.11", &format!("{place}.id"), "should be CWE-NUMBER");
    }
}

/// 6.1.1 of the product status, and 6.1.6: no product is in two states that contradict each other.
fn states(map: &Map<String, Value>, place: &str, ids: &Ids, out: &mut Judgement) {
    let Some(status) = map.get("product_status") else { return };
    let place = format!("{place}.product_status");
    let Some(status) = status.as_object() else { return out.must("type", &place, "should be an object") };
    if status.is_empty() {
        out.must("empty", &place, "should not be empty");
    }
    let mut seen: BTreeMap<&str, ProductState> = BTreeMap::new();
    for (name, state) in STATES {
        for id in texts(status, name, &place, out) {
            if !ids.products.contains(id) {
                out.must("6.1.1", &format!("{place}.{name}"), "should be products of the tree");
            }
            // A recommended version may be in any other state.
            if state == ProductState::Recommended {
                continue;
            }
            if seen.insert(id, state).is_some_and(|earlier| earlier != state) {
                out.must("6.1.6", &format!("{place}.{name}"), "a product is in another state already");
            }
        }
    }
}

/// Scores: their products, 6.1.7, and the scores themselves.
fn scores(map: &Map<String, Value>, place: &str, ids: &Ids, out: &mut Judgement) {
    let mut seen = BTreeSet::new();
    for (place, score) in members(map, "scores", place, out) {
        let products = texts(score, "products", &place, out);
        if !score.contains_key("products") {
            out.must("required", &format!("{place}.products"), "is missing");
        }
        if products.iter().any(|id| !ids.products.contains(*id)) {
            out.must("6.1.1", &format!("{place}.products"), "should be products of the tree");
        }
        if !score.contains_key("cvss_v2") && !score.contains_key("cvss_v3") {
            out.must("required", &place, "should have `cvss_v2` or `cvss_v3`");
        }
        for name in ["cvss_v2", "cvss_v3"] {
            let Some(cvss) = score.get(name) else { continue };
            let at = format!("{place}.{name}");
            let Some(cvss) = cvss.as_object() else {
                out.must("type", &at, "should be an object");
                continue;
            };
            let version = cvss.get("version").and_then(Value::as_str).unwrap_or_default();
            if products.iter().any(|id| !seen.insert((version, *id))) {
                out.must("6.1.7", &at, "a product should have one score of each version of CVSS");
            }
            cvss::check(cvss, name == "cvss_v2", &at, out);
        }
    }
}

/// Lists whose members are about products or groups of them.
fn about_products(map: &Map<String, Value>, place: &str, ids: &Ids, out: &mut Judgement) {
    let lists: [(&str, Option<&'static str>); 4] =
        [("remediations", Some("6.1.29")), ("flags", Some("6.1.32")), ("threats", None), ("involvements", None)];
    let mut flagged = BTreeSet::new();
    for (name, needs_product) in lists {
        for (place, member) in members(map, name, place, out) {
            let products = texts(member, "product_ids", &place, out);
            let groups = texts(member, "group_ids", &place, out);
            if products.iter().any(|id| !ids.products.contains(*id)) {
                out.must("6.1.1", &format!("{place}.product_ids"), "should be products of the tree");
            }
            if groups.iter().any(|id| !ids.groups.contains(*id)) {
                out.must("6.1.4", &format!("{place}.group_ids"), "should be groups of the tree");
            }
            if let Some(test) = needs_product
                && products.is_empty()
                && groups.is_empty()
            {
                out.must(test, &place, "should name a product or a group");
            }
            match name {
                "remediations" => {
                    one_of(member, "category", &place, REMEDIATIONS, out);
                    text(member, "details", &place, out);
                }
                "threats" => {
                    one_of(member, "category", &place, &["exploit_status", "impact", "target_set"], out);
                    text(member, "details", &place, out);
                }
                "flags" => {
                    one_of(member, "label", &place, FLAGS, out);
                    let of_groups = groups.iter().filter_map(|id| ids.members.get(*id)).flatten().map(String::as_str);
                    let all: BTreeSet<&str> = products.into_iter().chain(of_groups).collect();
                    if all.into_iter().any(|id| !flagged.insert(id)) {
                        out.must("6.1.33", &place, "a product should have one flag");
                    }
                }
                _ => {}
            }
        }
    }
}

/// 6.1.24: a party is involved once on a date.
fn involvements(map: &Map<String, Value>, place: &str, out: &mut Judgement) {
    const PARTIES: &[&str] = &["coordinator", "discoverer", "other", "user", "vendor"];
    const STATES: &[&str] = &["completed", "contact_attempted", "disputed", "in_progress", "not_contacted", "open"];
    let mut seen = BTreeSet::new();
    let list = map.get("involvements").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    for (number, involvement) in list.enumerate() {
        let place = format!("{place}.involvements[{number}]");
        one_of(involvement, "party", &place, PARTIES, out);
        one_of(involvement, "status", &place, STATES, out);
        let text = |name: &str| involvement.get(name).and_then(Value::as_str).unwrap_or_default();
        if !seen.insert((text("party"), text("date"))) {
            out.must("6.1.24", &place, "the same party on the same date stands there already");
        }
    }
}
