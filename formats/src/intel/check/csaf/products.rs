//! The product tree (section 3.2.2): tests 6.1.1 to 6.1.5, 6.1.13, 6.1.25, 6.1.31.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Ids, members, one_of, text, texts};
use crate::intel::check::Judgement;

const BRANCHES: &[&str] = &[
    "architecture",
    "host_name",
    "language",
    "legacy",
    "patch_level",
    "platform",
    "product_family",
    "product_name",
    "product_version",
    "product_version_range",
    "service_pack",
    "specification",
    "vendor",
];
const RELATIONSHIPS: &[&str] =
    &["default_component_of", "external_component_of", "installed_on", "installed_with", "optional_component_of"];

pub(super) fn check(root: &Map<String, Value>, out: &mut Judgement) -> Ids {
    let mut ids = Ids::default();
    let Some(tree) = root.get("product_tree") else { return ids };
    let Some(tree) = tree.as_object() else {
        out.must("type", "product_tree", "should be an object");
        return ids;
    };
    if tree.is_empty() {
        out.must("empty", "product_tree", "should not be empty");
    }
    branches(tree, "product_tree", &mut ids, out);
    for (place, product) in members(tree, "full_product_names", "product_tree", out) {
        define(product, &place, &mut ids, out);
    }
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let relationships = members(tree, "relationships", "product_tree", out);
    for (place, relationship) in &relationships {
        if let Some(product) = super::object(relationship, "full_product_name", place, out) {
            define(product, &format!("{place}.full_product_name"), &mut ids, out);
            let id = product.get("product_id").and_then(Value::as_str).unwrap_or_default();
            let of = |name: &str| relationship.get(name).and_then(Value::as_str);
            edges
                .entry(id)
                .or_default()
                .extend([of("product_reference"), of("relates_to_product_reference")].into_iter().flatten());
        }
    }
    for (place, relationship) in &relationships {
        one_of(relationship, "category", place, RELATIONSHIPS, out);
        for name in ["product_reference", "relates_to_product_reference"] {
            if text(relationship, name, place, out).is_some_and(|id| !ids.products.contains(id)) {
                out.must("6.1.1", &format!("{place}.{name}"), "should be a product of the tree");
            }
        }
    }
    if is_circular(&edges) {
        out.must("6.1.3", "product_tree.relationships", "no product should be made of itself");
    }
    groups(tree, &mut ids, out);
    ids
}

/// The document's depth is limited before it comes here.
fn branches(parent: &Map<String, Value>, place: &str, ids: &mut Ids, out: &mut Judgement) {
    for (place, branch) in members(parent, "branches", place, out) {
        one_of(branch, "category", &place, BRANCHES, out);
        let name = text(branch, "name", &place, out);
        let is_version = branch.get("category").is_some_and(|category| category == "product_version");
        if is_version && name.is_some_and(is_range) {
            out.must("6.1.31", &format!("{place}.name"), "a version is one version, not a range");
        }
        if branch.contains_key("branches") == branch.contains_key("product") {
            out.must("one-of", &place, "a branch should have branches or a product, and not both");
        }
        if let Some(product) = branch.get("product") {
            match product.as_object() {
                Some(product) => define(product, &format!("{place}.product"), ids, out),
                None => out.must("type", &format!("{place}.product"), "should be an object"),
            }
        }
        branches(branch, &place, ids, out);
    }
}

/// Words and signs that only ranges have (6.1.31).
fn is_range(name: &str) -> bool {
    let small = name.to_lowercase();
    let words = ["after", "all", "before", "earlier", "later", "prior", "versions"];
    small.contains(['<', '>'])
        || small.split(|letter: char| !letter.is_alphanumeric()).any(|word| words.contains(&word))
}

fn define(product: &Map<String, Value>, place: &str, ids: &mut Ids, out: &mut Judgement) {
    text(product, "name", place, out);
    if let Some(id) = text(product, "product_id", place, out)
        && !ids.products.insert(id.to_owned())
    {
        out.must("6.1.2", &format!("{place}.product_id"), "the same id stands for another product already");
    }
    let Some(helper) = product.get("product_identification_helper") else { return };
    let place = format!("{place}.product_identification_helper");
    let Some(helper) = helper.as_object() else { return out.must("type", &place, "should be an object") };
    if helper.is_empty() {
        out.must("empty", &place, "should not be empty");
    }
    if helper.get("purl").and_then(Value::as_str).is_some_and(|purl| !is_purl(purl)) {
        out.must("6.1.13", &format!("{place}.purl"), "should be a package URL");
    }
    if helper
        .get("cpe")
        .and_then(Value::as_str)
        .is_some_and(|cpe| !cpe.starts_with("cpe:2.3:") && !cpe.starts_with("cpe:/"))
    {
        out.must("pattern", &format!("{place}.cpe"), "should be a name of CPE 2.2 or 2.3");
    }
    for (place, hashes) in members(helper, "hashes", &place, out) {
        text(hashes, "filename", &place, out);
        let mut seen = std::collections::BTreeSet::new();
        for (place, hash) in members(hashes, "file_hashes", &place, out) {
            let algorithm = text(hash, "algorithm", &place, out);
            let is_hash = |value: &str| value.len() >= 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
            if text(hash, "value", &place, out).is_some_and(|value| !is_hash(value)) {
                out.must("pattern", &format!("{place}.value"), "should be 32 hexadecimal digits or more");
            }
            if algorithm.is_some_and(|algorithm| !seen.insert(algorithm)) {
                out.must("6.1.25", &place, "the same algorithm stands there twice");
            }
        }
    }
}

/// A package URL: `pkg:`, a type, a name (the specification of purl).
fn is_purl(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("pkg:") else { return false };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let path = path.split('@').next().unwrap_or_default().trim_matches('/');
    path.split_once('/').is_some_and(|(sort, names)| {
        let is_sort = sort.starts_with(|first: char| first.is_ascii_alphabetic())
            && sort.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'));
        let is_named = !names.is_empty() && names.split('/').all(|name| !name.is_empty());
        // Packages of Maven have a group in front of their name.
        is_sort && is_named && (sort != "maven" || names.contains('/'))
    })
}

fn groups(tree: &Map<String, Value>, ids: &mut Ids, out: &mut Judgement) {
    for (place, group) in members(tree, "product_groups", "product_tree", out) {
        let products = texts(group, "product_ids", &place, out);
        if products.len() < 2 {
            out.must("min-items", &format!("{place}.product_ids"), "a group should have two products or more");
        }
        if products.iter().any(|id| !ids.products.contains(*id)) {
            out.must("6.1.1", &format!("{place}.product_ids"), "should be products of the tree");
        }
        if let Some(id) = text(group, "group_id", &place, out) {
            if !ids.groups.insert(id.to_owned()) {
                out.must("6.1.5", &format!("{place}.group_id"), "the same id stands for another group already");
            }
            ids.members.insert(id.to_owned(), products.into_iter().map(str::to_owned).collect());
        }
    }
}

/// Whether following the edges from anywhere leads back. Without recursion: chains may be as long as the document.
fn is_circular(edges: &BTreeMap<&str, Vec<&str>>) -> bool {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for (from, targets) in edges {
        left.entry(from).or_default();
        for target in targets {
            *left.entry(target).or_default() += 1;
        }
    }
    let mut free: Vec<&str> = left.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    let mut gone = 0;
    while let Some(id) = free.pop() {
        gone += 1;
        for target in edges.get(id).into_iter().flatten() {
            if let Some(count) = left.get_mut(target) {
                *count -= 1;
                if *count == 0 {
                    free.push(target);
                }
            }
        }
    }
    gone < left.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_packages() {
        for range in ["<= 1.0", "all versions", "prior to 4.2", "1.0 and later", ">2"] {
            assert!(is_range(range), "{range}");
        }
        for one in ["1.0", "2024-01 allstar", "v4.2"] {
            assert!(!is_range(one), "{one}");
        }
        for right in ["pkg:npm/foo@1.0", "pkg:maven/org.x/y@1?type=jar", "pkg:deb/debian/curl"] {
            assert!(is_purl(right), "{right}");
        }
        for wrong in ["pkg:maven/@1.3.4", "npm/foo", "pkg:npm", "pkg:maven/y"] {
            assert!(!is_purl(wrong), "{wrong}");
        }
    }

    #[test]
    fn circles() {
        let edges = |pairs: &[(&'static str, &'static str)]| {
            let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            pairs.iter().for_each(|(from, to)| edges.entry(from).or_default().push(to));
            is_circular(&edges)
        };
        assert!(!edges(&[("a", "b"), ("a", "c"), ("b", "c")]));
        assert!(edges(&[("a", "b"), ("b", "c"), ("c", "a")]));
        assert!(edges(&[("a", "a")]));
        assert!(!edges(&[("a", "b"), ("a", "b")]));
    }
}
