use super::*;
use proptest::prelude::*;
use serde_json::json;

pub(crate) fn sample() -> Value {
    json!({"schema_version": "1.7.0", "id": "GHSA-1", "modified": "2026-01-03T00:00:00Z", "published": "2026-01-02T00:00:00Z",
        "aliases": ["CVE-2026-1000"], "upstream": ["CVE-2026-1001"], "summary": "A hole.", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}],
        "affected": [
            {"package": {"ecosystem": "npm", "name": "@bell/core", "purl": "pkg:npm/%40bell/core"}, "versions": ["0.1.0"],
             "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.4.2"}]}, {"type": "GIT", "repo": "x", "events": [{"introduced": "0"}]}]},
            {"package": {"ecosystem": "Debian:12", "name": "bell"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"last_affected": "1.0-1"}]}]},
            {"package": {"ecosystem": "PyPI", "name": "bell"}, "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]},
            {"package": {"ecosystem": "PyPI", "name": "tower"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"begun": "0"}]}], "versions": ["1"]},
            {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}]})
}

#[test]
fn a_record() {
    let found = read(sample().to_string().as_bytes());
    let [advisory] = found.advisories.as_slice() else { panic!("{found:#?}") };
    assert_eq!(advisory.aliases, ["CVE-2026-1000", "CVE-2026-1001"]);
    assert_eq!((advisory.is_withdrawn, advisory.vectors.len(), advisory.summary.as_str()), (false, 1, "A hole."));
    let shown: Vec<String> = advisory
        .statements
        .iter()
        .map(|statement| {
            let (versions, ranges) = (statement.versions.len(), statement.ranges.len());
            format!("{} {versions} {ranges} {}", statement.status.text(), statement.why)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "affected 1 1 ",
            "affected 0 1 ",
            "under investigation 0 0 only commits are named",
            "under investigation 0 0 a part of the ranges cannot be read",
        ]
    );
    let notes: Vec<String> = found.refused.iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["record, GHSA-1, affected 5: no package: only commits are named"]);
}

#[test]
fn lists_answers_and_lines() {
    let (one, two) = (json!({"id": "A"}), json!({"id": "B", "withdrawn": "2026-01-01T00:00:00Z"}));
    for text in
        [json!([one, two, 7]).to_string(), json!({"vulns": [one, two, {}]}).to_string(), format!("{one}\n\n{two}\n{{")]
    {
        let found = read(text.as_bytes());
        let ids: Vec<&str> = found.advisories.iter().map(|advisory| advisory.id.as_str()).collect();
        assert_eq!((ids, found.refused_count, found.advisories[1].is_withdrawn), (vec!["A", "B"], 1, true), "{text}");
    }
    assert_eq!(read(b"").refused_count, 1);
    assert!(read(&vec![b' '; ADVISORY_FILE_BYTES_MAX + 1]).refused[0].to_string().contains("at most"));
}

#[test]
fn records_have_limits() {
    let affected = json!({"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1"]});
    let found =
        read(json!({"id": "A", "affected": vec![affected; ADVISORY_STATEMENTS_MAX + 1]}).to_string().as_bytes());
    assert_eq!((found.advisories[0].statements.len(), found.refused_count), (ADVISORY_STATEMENTS_MAX, 1));
    let check = |affected: Value| {
        let affected = json!({"id": "A", "affected": [affected]}).to_string();
        let found = read(affected.as_bytes());
        found.advisories[0].statements.first().map(|statement| statement.status)
    };
    let package = json!({"ecosystem": "npm", "name": "a"});
    let events = vec![json!({"introduced": "0"}); ADVISORY_VERSIONS_MAX + 1];
    let range = json!({"package": package, "ranges": [{"type": "SEMVER", "events": events}]});
    assert_eq!(check(range), Some(Status::UnderInvestigation));
    let long = json!({"package": package, "versions": ["1".repeat(VERSION_BYTES_MAX)]});
    assert_eq!(check(long.clone()), Some(Status::Affected));
    let longer = json!({"package": package, "ranges": [{"type": "SEMVER", "events": [{"fixed": "1".repeat(VERSION_BYTES_MAX + 1)}]}]});
    assert_eq!(check(longer), Some(Status::UnderInvestigation));
}

#[test]
fn names_of_the_dictionary() {
    let text = json!({"vulnerabilities": [{"cve": {"id": "CVE-2026-1000", "published": "2026-01-02T00:00:00.000", "lastModified": "2026-01-03T00:00:00.000",
        "vulnStatus": "Analyzed", "descriptions": [{"lang": "en", "value": "A hole."}], "metrics": {"cvssMetricV31": [{"cvssData": {"vectorString": "CVSS:3.1/AV:N"}}]},
        "configurations": [{"operator": "AND", "nodes": [{"operator": "OR", "cpeMatch": [
            {"vulnerable": true, "criteria": "cpe:2.3:a:bell:tower:*:*:*:*:*:*:*:*", "versionStartIncluding": "1.2", "versionEndExcluding": "1.10"},
            {"vulnerable": true, "criteria": "cpe:2.3:a:bell:tower:2.0:*:*:*:*:*:*:*"}, {"vulnerable": true, "criteria": "tower"}]},
            {"cpeMatch": [{"vulnerable": false, "criteria": "cpe:2.3:o:city:linux:-:*:*:*:*:*:*:*"}]}]}]}}, {"cve": {"id": "CVE-2026-1001", "vulnStatus": "Rejected"}}, {}]});
    let found = nvd(text.to_string().as_bytes());
    assert_eq!((found.advisories.len(), found.refused_count), (2, 2), "{:?}", found.refused);
    let statements = &found.advisories[0].statements;
    assert_eq!((statements.len(), statements[0].ranges.len(), statements[1].ranges.len()), (2, 1, 0));
    assert!(found.advisories[1].is_withdrawn && found.advisories[0].vectors.len() == 1);
    assert_eq!(nvd(b"{}").refused_count, 1);
}

proptest! {
    #[test]
    fn never_panics_and_repeats_itself(at in proptest::prelude::any::<prop::sample::Index>(), put in "[{}\\[\\]\":,0a]{0,3}") {
        let mut text = sample().to_string();
        text.insert_str(at.index(text.len()), &put);
        prop_assert_eq!(read(text.as_bytes()), read(text.as_bytes()));
        prop_assert_eq!(nvd(text.as_bytes()), nvd(text.as_bytes()));
    }
}
