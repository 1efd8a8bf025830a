use super::*;
use crate::intel::Item;
use crate::intel::testing::notes;
use proptest::prelude::*;
use serde_json::json;

pub(crate) fn sample() -> Value {
    json!({
        "document": {
            "category": "csaf_security_advisory", "csaf_version": "2.0", "title": "Two holes in Bell Server",
            "aggregate_severity": {"text": "Important"}, "distribution": {"tlp": {"label": "AMBER"}},
            "publisher": {"category": "vendor", "name": "Bell Ltd.", "namespace": "https://bell.example"},
            "tracking": {"id": "BELL-2026-1", "status": "final", "version": "1", "current_release_date": "2026-01-03T00:00:00Z",
                "initial_release_date": "2026-01-02T00:00:00Z",
                "revision_history": [{"date": "2026-01-02T00:00:00Z", "number": "1", "summary": "First."}]}
        },
        "product_tree": {
            "branches": [{"category": "vendor", "name": "Bell", "branches": [{"category": "product_name", "name": "Server", "branches": [
                {"category": "product_version", "name": "1.0", "product": {"name": "Bell Server 1.0", "product_id": "P1",
                    "product_identification_helper": {"cpe": "cpe:2.3:a:bell:server:1.0:*:*:*:*:*:*:*"}}},
                {"category": "product_version", "name": "1.1", "product": {"name": "Bell Server 1.1", "product_id": "P2"}}]}]}],
            "full_product_names": [{"name": "City OS", "product_id": "P3"}],
            "relationships": [{"category": "installed_on", "product_reference": "P1", "relates_to_product_reference": "P3",
                "full_product_name": {"name": "Bell Server 1.0 on City OS", "product_id": "P4"}}]
        },
        "vulnerabilities": [{
            "cve": "CVE-2026-1000", "cwe": {"id": "CWE-79", "name": "Cross-site Scripting"}, "title": "Hole",
            "notes": [{"category": "description", "text": "It has a hole."}],
            "product_status": {"known_affected": ["P1", "P4"], "fixed": ["P2"]},
            "scores": [{"products": ["P1", "P4"], "cvss_v3": {"version": "3.1", "baseScore": 9.8, "baseSeverity": "CRITICAL",
                "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],
            "remediations": [{"category": "vendor_fix", "details": "Take 1.1.", "product_ids": ["P1", "P4"], "url": "https://bell.example/1.1"}],
            "threats": [{"category": "exploit_status", "details": "Publicly Disclosed:No;Exploited:Yes"}]
        }]
    })
}

fn all(document: &Value) -> Vec<Result<Item, crate::intel::Refused>> {
    let mut found = Vec::new();
    read(document.to_string().as_bytes(), &mut |item| found.push(item));
    found
}

#[test]
fn an_advisory() {
    let found = all(&sample());
    assert_eq!(notes(&found), Vec::<String>::new());
    let known: Vec<Known> = found
        .into_iter()
        .filter_map(|item| match item {
            Ok(Item::Known(known)) => Some(*known),
            _ => None,
        })
        .collect();
    let [Known::Advisory(advisory), Known::Vulnerability(weak)] = known.as_slice() else { panic!("{known:#?}") };
    assert_eq!((advisory.id.as_str(), advisory.products, advisory.vulnerabilities), ("BELL-2026-1", 4, 1));
    assert_eq!((advisory.level, advisory.marking.map(|marking| marking.tlp)), (Some(Level::High), Some(Tlp::Amber)));
    assert_eq!((weak.id.as_str(), weak.cvss_tenths, weak.level), ("CVE-2026-1000", Some(98), Some(Level::Critical)));
    assert_eq!((weak.is_exploited, weak.weaknesses.as_slice()), (true, &["CWE-79".to_owned()][..]));
    let products: Vec<_> = weak.products.iter().map(|p| (p.vendor.as_str(), p.name.as_str(), p.state)).collect();
    assert_eq!(
        products,
        [
            ("Bell", "Bell Server 1.0", ProductState::Affected),
            ("Bell", "Bell Server 1.0 on City OS", ProductState::Affected),
            ("Bell", "Bell Server 1.1", ProductState::Fixed),
        ]
    );
    assert_eq!(weak.products[0].identifiers, ["cpe:2.3:a:bell:server:1.0:*:*:*:*:*:*:*"]);
    assert_eq!(weak.remedies, ["vendor_fix: Take 1.1. https://bell.example/1.1"]);
}

#[test]
fn what_is_broken_is_said() {
    let check = |change: &dyn Fn(&mut Value), items: usize, note: &str| {
        let mut document = sample();
        change(&mut document);
        let found = all(&document);
        assert_eq!(found.iter().filter(|item| item.is_ok()).count(), items);
        assert!(notes(&found).first().is_some_and(|first| first.contains(note)), "{:?}", notes(&found));
    };
    check(&|document| document["document"]["tracking"]["id"] = json!(7), 0, "tracking.id");
    check(
        &|document| document["vulnerabilities"][0]["product_status"]["fixed"] = json!(["P9"]),
        2,
        "products of the tree",
    );
    check(&|document| document["vulnerabilities"] = json!([7, {"cve": "CVE-2026-1"}]), 2, "a list of objects only");
    check(&|document| *document = json!([]), 0, "an advisory is a JSON object");
    let mut deep = json!({});
    for _ in 0..40 {
        deep = json!({"branches": [deep]});
    }
    check(&|document| document["product_tree"] = deep.clone(), 0, "nested deeper");
}

proptest! {
    #[test]
    fn never_panics(at in any::<prop::sample::Index>(), put in "[{}\\[\\]\":,0a]{0,3}") {
        let mut text = sample().to_string();
        text.insert_str(at.index(text.len()), &put);
        read(text.as_bytes(), &mut |_| {});
    }
}
