use super::*;
use model::software::{Named, Voice};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn cyclonedx() -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:1", "version": 1,
        "metadata": {"timestamp": "2026-02-01T00:00:00Z", "component": {"type": "application", "bom-ref": "app", "name": "Bell Portal", "version": "2.4",
            "supplier": {"name": "Bell Ltd."}}},
        "components": [
            {"type": "library", "bom-ref": "a", "group": "@bell", "name": "core", "version": "1.0.0", "purl": "pkg:npm/%40Bell/core@1.0.0",
             "hashes": [{"alg": "SHA-256", "content": "AB"}], "licenses": [{"license": {"id": "MIT"}}, {"expression": "MIT OR Apache-2.0"}],
             "components": [{"type": "library", "bom-ref": "b", "name": "deep", "version": "3", "cpe": "cpe:/a:bell:deep:3"}]},
            {"type": "operating-system", "bom-ref": "os", "name": "City Linux", "purl": "pkg:", "publisher": "City"}],
        "dependencies": [{"ref": "app", "dependsOn": ["a", "os", "nowhere"]}, {"ref": "a", "dependsOn": ["b"]}],
        "vulnerabilities": [
            {"id": "GHSA-1", "references": [{"id": "CVE-2026-1000"}], "ratings": [{"vector": "CVSS:3.1/AV:N"}], "description": "A hole.",
             "analysis": {"state": "not_affected", "justification": "code_not_reachable", "detail": "Never called."}, "affects": [{"ref": "a"}]},
            {"id": "CVE-2026-1001", "analysis": {"state": "resolved"}, "affects": [{"ref": "app",
                "versions": [{"version": "2.3", "status": "affected"}, {"range": "vers:semver/>=2.4|<3", "status": "unaffected"}, {"range": "vers:x", "status": "unaffected"}]}]},
            {"id": "CVE-2026-1002", "affects": [{"ref": "b"}, {"ref": "urn:cdx:other/1#x"}]}]})
}

pub(crate) fn spdx() -> Value {
    json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "documentNamespace": "https://bell.example/sbom/1", "name": "x",
        "creationInfo": {"created": "2026-02-01T00:00:00Z", "creators": ["Tool: x"]},
        "packages": [
            {"SPDXID": "SPDXRef-P", "name": "portal", "versionInfo": "2.4", "supplier": "Organization: Bell Ltd. (mail@bell.example)", "licenseConcluded": "NOASSERTION",
             "licenseDeclared": "EUPL-1.2", "checksums": [{"algorithm": "SHA1", "checksumValue": "AB"}]},
            {"SPDXID": "SPDXRef-L", "name": "log", "versionInfo": "1.0", "supplier": "NOASSERTION", "originator": "Person: somebody",
             "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:maven/example/log@1.0"},
                {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:bell:log:1.0:*:*:*:*:*:*:*"}]},
            {"SPDXID": "SPDXRef-T", "name": "test"}],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-P"},
            {"spdxElementId": "SPDXRef-L", "relationshipType": "DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-P"},
            {"spdxElementId": "SPDXRef-T", "relationshipType": "TEST_DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-P"}]})
}

pub(crate) fn spdx3() -> Value {
    json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2026-02-01T00:00:00Z"},
        {"type": "SpdxDocument", "spdxId": "urn:doc", "rootElement": ["urn:sbom"]},
        {"type": "software_Sbom", "spdxId": "urn:sbom", "rootElement": ["urn:p"]},
        {"type": "Relationship", "spdxId": "urn:r", "from": "urn:p", "to": ["urn:l"], "relationshipType": "dependsOn"},
        {"type": "LifecycleScopedRelationship", "spdxId": "urn:r2", "scope": "test", "from": "urn:l", "to": ["urn:p"], "relationshipType": "dependsOn"},
        {"type": "Relationship", "spdxId": "urn:r3", "from": "urn:l", "to": ["urn:lic"], "relationshipType": "hasDeclaredLicense"},
        {"type": "simplelicensing_LicenseExpression", "spdxId": "urn:lic", "simplelicensing_licenseExpression": "MIT"},
        {"type": "Organization", "spdxId": "urn:bell", "name": "Bell Ltd."},
        {"type": "software_Package", "spdxId": "urn:p", "name": "portal", "software_packageVersion": "2.4", "suppliedBy": "urn:bell"},
        {"type": "software_Package", "spdxId": "urn:l", "name": "log", "software_packageUrl": "pkg:maven/example/log@1.0",
         "externalIdentifier": [{"type": "ExternalIdentifier", "externalIdentifierType": "cpe23", "identifier": "cpe:2.3:a:bell:log:1.0:*:*:*:*:*:*:*"}],
         "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": "ab"}]},
        {"type": "software_File", "spdxId": "urn:f", "name": "x"},
        {"type": "security_Vulnerability", "spdxId": "urn:v", "externalIdentifier": [{"externalIdentifierType": "cve", "identifier": "CVE-2026-1000"}]},
        {"type": "security_VexNotAffectedVulnAssessmentRelationship", "spdxId": "urn:a", "from": "urn:v", "to": ["urn:l"], "relationshipType": "doesNotAffect",
         "security_justificationType": "componentNotPresent"},
        7]})
}

fn bill(value: &Value) -> Bill {
    read(value.to_string().as_bytes()).unwrap()
}

fn notes(bill: &Bill) -> Vec<String> {
    bill.refused.iter().map(ToString::to_string).collect()
}

#[test]
fn cyclone_dx() {
    let bill = bill(&cyclonedx());
    let names: Vec<String> =
        bill.components.iter().map(|c| format!("{} {}", c.software().product, c.version)).collect();
    assert_eq!(names, ["Bell Portal 2.4", "@bell/core 1.0.0", "deep 3", "City Linux "]);
    assert_eq!(
        (bill.format.as_str(), bill.subject, bill.name().as_str()),
        ("CycloneDX 1.6", Some(0), "Bell Portal 2.4")
    );
    assert_eq!(bill.dependencies, [(0, 1), (0, 3), (1, 2)]);
    let core = &bill.components[1];
    assert_eq!(core.purl.as_deref(), Some("pkg:npm/%40bell/core@1.0.0"));
    assert_eq!(core.hashes, [("SHA-256".to_owned(), "ab".to_owned())]);
    assert_eq!(core.licences, ["MIT", "MIT OR Apache-2.0"]);
    assert_eq!(bill.components[2].cpes, ["cpe:2.3:a:bell:deep:3:*:*:*:*:*:*:*"]);
    assert_eq!((bill.components[0].supplier.as_str(), bill.components[3].supplier.as_str()), ("Bell Ltd.", "City"));
    assert_eq!(notes(&bill), ["components 2: no package URL: it names no package"]);
}

#[test]
fn what_is_said_about_vulnerabilities() {
    let found = bill(&cyclonedx()).statements(&[]);
    let shown: Vec<String> = found
        .iter()
        .map(|advisory| {
            let statements = advisory.statements.iter().map(|statement| {
                format!("{} {} {}", statement.status.text(), statement.versions.join(","), statement.ranges.len())
            });
            let statements: Vec<String> = statements.collect();
            format!("{} {:?} {:?}: {}", advisory.id, advisory.voice, advisory.only_in, statements.join("; "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "GHSA-1 Maker Some(\"Bell Portal 2.4\"): not affected 1.0.0 0",
            "CVE-2026-1001 Maker None: affected 2.3 0; fixed  1; under investigation  1",
            "CVE-2026-1002 Database Some(\"Bell Portal 2.4\"): affected 3 0",
        ]
    );
    assert_eq!(found[0].aliases, ["CVE-2026-1000"]);
    assert_eq!(found[0].statements[0].why, "code_not_reachable: Never called.");
    assert_eq!(found[2].voice, Voice::Database);
}

#[test]
fn a_bill_of_vulnerabilities_refers_to_others() {
    let said = |reference: &str| {
        let value = json!({"bomFormat": "CycloneDX", "specVersion": "1.4", "vulnerabilities": [{"id": "CVE-2026-1000", "analysis": {"state": "resolved"},
            "affects": [{"ref": reference}]}]});
        let (own, other) = (bill(&value), bill(&cyclonedx()));
        assert_eq!(own.statements(&[]), Vec::new());
        assert_eq!(own.unresolved(&[]), [reference]);
        let found = own.statements(&[&other]);
        found.first().map(|advisory| (advisory.only_in.clone(), advisory.statements[0].product.clone()))
    };
    let words = Named::Words { vendor: "Bell Ltd.".into(), product: "Bell Portal".into() };
    assert_eq!(said("urn:cdx:1/1#app"), Some((None, words.clone())));
    assert_eq!(said("urn:cdx:1/1"), Some((None, words)));
    let core = Named::Purl(Purl::parse("pkg:npm/%40bell/core@1.0.0").unwrap());
    assert_eq!(said("urn:cdx:1/1#a"), Some((Some("Bell Portal 2.4".into()), core)));
    for reference in ["urn:cdx:1/2#a", "urn:cdx:2/1#a", "urn:cdx:1/1#x", "elsewhere"] {
        assert_eq!(said(reference), None, "{reference}");
    }
}

#[test]
fn spdx_two_and_three_say_the_same() {
    let (two, three) = (bill(&spdx()), bill(&spdx3()));
    for (bill, format) in [(&two, "SPDX 2.3"), (&three, "SPDX 3.0.1")] {
        assert_eq!(bill.format, format);
        assert_eq!(
            (bill.subject, bill.name().as_str(), bill.dependencies.as_slice()),
            (Some(0), "portal 2.4", &[(0, 1)][..])
        );
        assert_eq!(bill.components[0].supplier, "Bell Ltd.");
        assert_eq!(bill.components[1].purl.as_deref(), Some("pkg:maven/example/log@1.0"));
        assert_eq!(bill.components[1].cpes.len(), 1);
        assert_eq!(bill.made, Timestamp::parse("2026-02-01T00:00:00Z"));
    }
    assert_eq!((two.components.len(), two.components[0].licences.as_slice()), (3, &["EUPL-1.2".to_owned()][..]));
    assert_eq!(two.components[1].supplier, "somebody");
    assert_eq!((three.components.len(), three.components[1].licences.as_slice()), (2, &["MIT".to_owned()][..]));
    assert_eq!(notes(&three), ["@graph 14: an object should stand here"]);
    let said = three.statements(&[]);
    assert_eq!((said[0].id.as_str(), said[0].statements.len()), ("CVE-2026-1000", 2));
    assert_eq!(said[0].statements[0].status, Status::NotAffected);
}

#[test]
fn what_is_none_is_refused() {
    let check = |text: &str, expected: &str| {
        assert!(read(text.as_bytes()).is_err_and(|trouble| trouble.detail.contains(expected)), "{text}");
    };
    check("[]", "is a JSON object");
    check("{}", "no bill of materials");
    check("{\"bomFormat\": \"x\"}", "not CycloneDX");
    check("{\"spdxVersion\": \"SPDX-1.2\"}", "not SPDX-2.2");
    check("<bom/>", "should start here");
    check(&" ".repeat(SBOM_BYTES_MAX + 1), "at most");
    let broken = json!({"bomFormat": "CycloneDX", "components": [{"name": ""}, 7, {"name": "x", "version": 7}], "dependencies": {}, "vulnerabilities": [{}]});
    assert_eq!(
        notes(&bill(&broken)),
        [
            "components 1: a component without a name",
            "components 2: an object should stand here",
            "components 3: left out: version should be a text",
            "dependencies: a list should stand here",
            "vulnerabilities 1: a vulnerability without an id",
        ]
    );
}

#[test]
fn components_have_a_limit() {
    let one = "{\"name\":\"x\"},".repeat(SBOM_COMPONENTS_MAX + 1);
    let text = format!("{{\"bomFormat\":\"CycloneDX\",\"components\":[{}]}}", one.trim_end_matches(','));
    let bill = read(text.as_bytes()).unwrap();
    assert_eq!((bill.components.len(), bill.refused_count), (SBOM_COMPONENTS_MAX, 1));
}

#[test]
fn dependencies_vulnerabilities_and_lists_have_limits() {
    let row = format!("{{\"ref\":\"a\",\"dependsOn\":[{}]}}", vec!["\"b\""; 10_000].join(","));
    let rows = vec![row; SBOM_DEPENDENCIES_MAX / 10_000 + 1].join(",");
    let weak = vec!["{\"id\":\"A\"}"; SBOM_VULNERABILITIES_MAX + 1].join(",");
    let hash = "{\"alg\":\"x\",\"content\":\"a\"},".repeat(SBOM_LIST_MAX + 1);
    let hash = hash.trim_end_matches(',');
    let text = format!(
        "{{\"bomFormat\":\"CycloneDX\",\"components\":[{{\"name\":\"a\",\"bom-ref\":\"a\",\"hashes\":[{hash}]}},{{\"name\":\"b\",\"bom-ref\":\"b\"}}],\"dependencies\":[{rows}],\"vulnerabilities\":[{weak}]}}"
    );
    let bill = read(text.as_bytes()).unwrap();
    assert_eq!((bill.dependencies.as_slice(), bill.vulnerabilities.len()), (&[(0, 1)][..], SBOM_VULNERABILITIES_MAX));
    assert_eq!(bill.components[0].hashes.len(), SBOM_LIST_MAX);
    assert_eq!(bill.refused_count, 10_001);
}

proptest! {
    #[test]
    fn never_panics_and_repeats_itself(which in 0usize..3, at in any::<prop::sample::Index>(), put in "[{}\\[\\]\":,0a]{0,3}") {
        let mut text = [cyclonedx, spdx, spdx3][which]().to_string();
        text.insert_str(at.index(text.len()), &put);
        let found = read(text.as_bytes());
        prop_assert_eq!(&found, &read(text.as_bytes()));
        if let Ok(bill) = found {
            prop_assert!(bill.dependencies.iter().all(|(from, to)| from.max(to) < &bill.components.len()));
            let _ = bill.statements(&[]);
        }
    }
}
