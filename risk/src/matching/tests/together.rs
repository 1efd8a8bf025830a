//! From documents to answers: a bill of materials, a database, a maker's word.

use formats::{osv, sbom};
use serde_json::json;

use super::*;

fn bill() -> sbom::Bill {
    let text = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:1", "version": 1,
        "metadata": {"component": {"bom-ref": "app", "type": "application", "name": "Bell Portal", "version": "2.4"}},
        "components": [
            {"bom-ref": "a", "type": "library", "name": "bell-parser", "version": "1.3.0", "purl": "pkg:npm/bell-parser@1.3.0"},
            {"bom-ref": "b", "type": "library", "name": "bell-log", "version": "0.9.0", "purl": "pkg:npm/bell-log@0.9.0"},
            {"bom-ref": "c", "type": "library", "name": "unheard"}],
        "vulnerabilities": [{"id": "CVE-2026-1000", "analysis": {"state": "not_affected", "justification": "code_not_reachable"}, "affects": [{"ref": "a"}]}]});
    sbom::read(text.to_string().as_bytes()).unwrap()
}

fn database() -> osv::Read {
    let record = |id: &str, alias: &str, name: &str, fixed: &str| {
        json!({"id": id, "aliases": [alias], "affected": [{"package": {"ecosystem": "npm", "name": name},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]})
    };
    let records = json!([
        record("GHSA-1", "CVE-2026-1000", "bell-parser", "1.4.0"),
        record("GHSA-2", "CVE-2026-1001", "bell-log", "1.0.0"),
        record("GHSA-3", "CVE-2026-1002", "bell-parser", "1.2.0"),
    ]);
    osv::read(records.to_string().as_bytes())
}

#[test]
fn a_portal_and_the_same_library_elsewhere() {
    let (bill, database) = (bill(), database());
    let mut advisories = database.advisories;
    advisories.extend(bill.statements(&[]));
    let source = Source {
        name: "OSV".to_owned(),
        as_of: Some(day("2026-11-26")),
        covers: vec![Coverage::Packages("npm".to_owned())],
    };
    let knowledge = Knowledge::new(advisories, vec![source]);
    let name = bill.name();
    let shown = |software: &Software, within: Option<&str>| {
        let found = knowledge.check(Installed { software, within }, day("2026-11-27"));
        let answers = found
            .answers
            .iter()
            .map(|answer| format!("{} {} {}", answer.vulnerability, answer.status.text(), answer.fixed_in.join(",")));
        (found.provenance.to_string(), answers.collect::<Vec<_>>())
    };
    let software: Vec<Software> = bill.components.iter().map(sbom::Component::software).collect();
    let [_, parser, log, unheard] = software.as_slice() else { panic!("{software:?}") };
    assert_eq!(
        shown(parser, Some(&name)),
        (
            "checked: OSV".to_owned(),
            vec!["CVE-2026-1002 fixed ".to_owned(), "CVE-2026-1000 not affected 1.4.0".to_owned()]
        )
    );
    // The same library in another product: the portal's maker has not looked there.
    assert_eq!(shown(parser, None).1, ["CVE-2026-1000 affected 1.4.0", "CVE-2026-1002 fixed "]);
    assert_eq!(shown(log, Some(&name)).1, ["CVE-2026-1001 affected 1.0.0"]);
    assert_eq!(shown(unheard, Some(&name)).0, "not checked: no source knows names of the dictionary");
}

#[test]
fn the_invented_city_can_be_checked() {
    let city = testkit::city::City::new(7).register();
    let openssh = json!({"id": "DSA-1", "affected": [{"package": {"ecosystem": "Debian:12", "name": "openssh"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:9.2p1-2+deb12u3"}]}]}]});
    let knowledge = Knowledge::new(osv::read(openssh.to_string().as_bytes()).advisories, Vec::new());
    let software = city.items.iter().flat_map(|item| &item.software);
    let mut counts = std::collections::BTreeMap::new();
    for software in software {
        for answer in knowledge.check(Installed { software, within: None }, day("2026-11-27")).answers {
            assert!(software.purl.as_deref().is_some_and(|purl| purl.contains("/openssh@")));
            *counts.entry(answer.status.text()).or_insert(0) += 1;
        }
    }
    assert!(counts["affected"] > 5 && counts["fixed"] > 5, "{counts:?}");
}
