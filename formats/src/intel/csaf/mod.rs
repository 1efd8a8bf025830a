//! Advisories in the Common Security Advisory Framework.
//!
//! CSAF 2.0 (OASIS Standard, 18 November 2022), and what 2.1 kept of it. One document is one advisory; it and each of its
//! vulnerabilities become an item. Products are looked up in the product tree, so that a vulnerability names vendor and product, not
//! numbers that mean something in the document only. A product that the tree does not define is named by its number, and noted.
//!
//! Deliberately absent: notes for people, references, acknowledgments. Whether a document is right is [`super::check_csaf`]'s.

mod tree;

use model::limits::{CSAF_DOCUMENT_BYTES_MAX, INTEL_LIST_MAX, INTEL_TEXT_BYTES_MAX};
use model::{Level, Marking, Pap, Tlp};
use serde_json::{Map, Value};

use super::object::{Object, cut};
use super::walk;
use super::{Advisory, Counted, Known, Product, ProductState, Sink, Tally, Vulnerability};
use crate::Trouble;
pub(super) use tree::Tree;

/// Reads one advisory.
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Tally {
    let mut out = Counted::new(sink);
    match document(bytes) {
        Ok(map) => advisory(&map, &mut out),
        Err(trouble) => out.refused("document", trouble),
    }
    out.tally
}

/// A document as a whole, within its limits.
pub(super) fn document(bytes: &[u8]) -> Result<Map<String, Value>, Trouble> {
    if bytes.len() > CSAF_DOCUMENT_BYTES_MAX {
        let length = bytes.len();
        return Err(Trouble::too_large(format!("{length} bytes, at most {CSAF_DOCUMENT_BYTES_MAX} are read")));
    }
    match walk::large(bytes)? {
        Value::Object(map) => Ok(map),
        _ => Err(Trouble::malformed("an advisory is a JSON object")),
    }
}

fn advisory(map: &Map<String, Value>, out: &mut Counted<'_, '_>) {
    out.tally.records += 1;
    let mut root = Object::new(map);
    let empty = Map::new();
    let mut document = Object::new(root.object("document").unwrap_or(&empty));
    let mut tracking = Object::new(document.object("tracking").unwrap_or(&empty));
    let id = tracking.name("id");
    if id.is_empty() {
        return out.refused("document", Trouble::malformed("`document.tracking.id` is missing"));
    }
    let (marking, unknown_markings) = tlp(&mut document);
    let tree = Tree::of(root.object("product_tree"));
    let vulnerabilities: Vec<_> = root.objects("vulnerabilities").collect();
    let severity = document.object("aggregate_severity").map(|severity| Object::new(severity).name("text"));
    let publisher = document.object("publisher").map(|publisher| Object::new(publisher).name("name"));
    out.known(Known::Advisory(Advisory {
        id: id.clone(),
        title: document.name("title"),
        publisher: publisher.unwrap_or_default(),
        category: document.name("category"),
        published: tracking.time("initial_release_date"),
        modified: tracking.time("current_release_date"),
        level: severity.and_then(|word| level(&word)),
        status: tracking.name("status"),
        vulnerabilities: vulnerabilities.len() as u64,
        products: tree.len() as u64,
        marking,
        unknown_markings: unknown_markings.clone(),
    }));
    for trouble in [root.trouble(), document.trouble(), tracking.trouble()].into_iter().flatten() {
        out.refused(format!("advisory {id}"), trouble);
    }
    for (number, map) in (1u64..).zip(vulnerabilities) {
        out.tally.records += 1;
        let (known, trouble) = vulnerability(map, &tree);
        out.known(Known::Vulnerability(Vulnerability {
            within: Some(id.clone()),
            marking,
            unknown_markings: unknown_markings.clone(),
            ..known
        }));
        if let Some(trouble) = trouble {
            out.refused(format!("advisory {id}, vulnerability {number}"), trouble);
        }
    }
}

/// The marking of the document; a sharing group of CSAF 2.1 or words about sharing are not understood, and said.
fn tlp(document: &mut Object<'_>) -> (Option<Marking>, Vec<String>) {
    let Some(distribution) = document.object("distribution") else { return (None, Vec::new()) };
    let mut distribution = Object::new(distribution);
    let mut unknown = Vec::new();
    let label = distribution.object("tlp").map(|tlp| Object::new(tlp).name("label")).filter(|label| !label.is_empty());
    let marking =
        label.as_ref().and_then(|label| label.parse::<Tlp>().ok()).map(|tlp| Marking { tlp, pap: Pap::default() });
    unknown.extend(label.filter(|_| marking.is_none()));
    if distribution.get("sharing_group").is_some() {
        unknown.push("csaf: sharing group".to_owned());
    }
    let words = distribution.name("text");
    if !words.is_empty() {
        unknown.push(format!("statement: {words}"));
    }
    (marking, unknown)
}

/// Vendors' words for how bad something is.
fn level(word: &str) -> Option<Level> {
    match word.to_ascii_lowercase().as_str() {
        "critical" => Some(Level::Critical),
        "high" | "important" => Some(Level::High),
        "medium" | "moderate" => Some(Level::Medium),
        "low" => Some(Level::Low),
        "none" | "informational" => Some(Level::Informational),
        _ => None,
    }
}

/// The lists of a product status, and what they say (section 3.2.3.9).
pub(super) const STATES: [(&str, ProductState); 8] = [
    ("first_affected", ProductState::Affected),
    ("known_affected", ProductState::Affected),
    ("last_affected", ProductState::Affected),
    ("first_fixed", ProductState::Fixed),
    ("fixed", ProductState::Fixed),
    ("known_not_affected", ProductState::NotAffected),
    ("under_investigation", ProductState::UnderInvestigation),
    ("recommended", ProductState::Recommended),
];

fn vulnerability(map: &Map<String, Value>, tree: &Tree<'_>) -> (Vulnerability, Option<Trouble>) {
    let mut object = Object::new(map);
    let (products, lost) = products(&mut object, tree);
    if let Some(lost) = lost {
        object.lose("product_status", lost);
    }
    let (cvss_tenths, cvss_vector) = highest_score(&mut object);
    let ids = object.objects("ids").find_map(|id| id.get("text").and_then(Value::as_str));
    let id = Some(object.name("cve")).filter(|cve| !cve.is_empty()).or_else(|| ids.map(|id| cut(id, 512).to_owned()));
    let weakness = object.object("cwe").map(|cwe| Object::new(cwe).name("id"));
    let weaknesses = object.objects("cwes").map(|cwe| Object::new(cwe).name("id")).chain(weakness);
    let weaknesses = weaknesses.filter(|id| !id.is_empty()).take(INTEL_LIST_MAX).collect();
    let description =
        object.objects("notes").find(|note| note.get("category").is_some_and(|category| category == "description"));
    let remedies = object.objects("remediations").take(INTEL_LIST_MAX).map(|remedy| {
        let mut remedy = Object::new(remedy);
        let words = format!("{}: {} {}", remedy.name("category"), remedy.prose("details"), remedy.name("url"));
        cut(words.trim(), INTEL_TEXT_BYTES_MAX).to_owned()
    });
    let remedies = remedies.collect();
    let is_exploited = object.objects("threats").any(|threat| {
        // Microsoft's advisories have it in this form; others say it in free words, which are not guessed at.
        let text = |name: &str| threat.get(name).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        text("category") == "exploit_status" && text("details").replace(' ', "").contains("exploited:yes")
    });
    let known = Vulnerability {
        id: id.unwrap_or_default(),
        name: object.name("title"),
        description: description.map(|note| Object::new(note).prose("text")).unwrap_or_default(),
        products,
        weaknesses,
        cvss_tenths,
        cvss_vector,
        level: cvss_tenths.map(level_of_score),
        is_exploited,
        added: object.time("release_date").or_else(|| object.time("discovery_date")),
        remedies,
        ..Vulnerability::default()
    };
    (known, object.trouble())
}

fn products(object: &mut Object<'_>, tree: &Tree<'_>) -> (Vec<Product>, Option<&'static str>) {
    let Some(status) = object.object("product_status") else { return (Vec::new(), None) };
    let (mut products, mut lost) = (Vec::new(), None);
    for (name, state) in STATES {
        for id in status.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if products.len() >= INTEL_LIST_MAX {
                return (products, Some("a shorter list"));
            }
            let product = tree.product(id);
            if product.is_none() {
                lost = Some("about products of the tree");
            }
            let unnamed = || Product { name: cut(id, 512).to_owned(), ..Product::default() };
            products.push(Product { state, ..product.unwrap_or_else(unnamed) });
        }
    }
    (products, lost)
}

/// The highest base score, in tenths, with its vector; CSAF 2.0 has `scores`, 2.1 `metrics`.
fn highest_score(object: &mut Object<'_>) -> (Option<u8>, Option<String>) {
    let scores = object.objects("scores");
    let metrics = object.objects("metrics").filter_map(|metric| metric.get("content").and_then(Value::as_object));
    let mut highest: (Option<u8>, Option<String>) = (None, None);
    for content in scores.chain(metrics) {
        for name in ["cvss_v4", "cvss_v3", "cvss_v2"] {
            let Some(score) = content.get(name).and_then(Value::as_object) else { continue };
            let base = score.get("baseScore").and_then(Value::as_f64).filter(|base| (0.0..=10.0).contains(base));
            let tenths = base.map(|base| (base * 10.0).round() as u8);
            if tenths > highest.0 {
                highest = (tenths, Some(Object::new(score).name("vectorString")).filter(|vector| !vector.is_empty()));
            }
        }
    }
    highest
}

/// CVSS 3.1, table 14: none 0, low to 3.9, medium to 6.9, high to 8.9.
fn level_of_score(tenths: u8) -> Level {
    match tenths {
        0 => Level::Informational,
        1..=39 => Level::Low,
        40..=69 => Level::Medium,
        70..=89 => Level::High,
        _ => Level::Critical,
    }
}

#[cfg(test)]
pub(super) mod tests;
