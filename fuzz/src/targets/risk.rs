//! What others publish about vulnerabilities, and decision tables.

use formats::risk::{Read, Source, add, described, epss, exploited, ssvc};
use model::limits::NOTES_KEPT_MAX;
use model::vulnerability::Known;

/// No row is lost without a note, notes are bounded, and the same bytes give the same.
fn same<T: PartialEq + std::fmt::Debug>(bytes: &[u8], read: impl Fn(&[u8]) -> Read<T>) {
    let found = read(bytes);
    assert_eq!(found, read(bytes));
    let kept = found.refused.len() as u64;
    assert!(kept <= found.refused_count && found.refused.len() <= NOTES_KEPT_MAX);
    let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
    assert!(found.rows.len() as u64 <= lines, "more rows than lines");
}

/// Forecasts, lists and records as CSV, as they come and behind the names of their columns.
pub fn risk_rows(bytes: &[u8]) {
    let names =
        "#model_version:x,score_date:2024-07-28T00:00:00+0000\ncve,epss,date_added,published,exploitation,vendor\n";
    let with_names = [names.as_bytes(), bytes].concat();
    for bytes in [bytes, with_names.as_slice()] {
        same(bytes, |bytes| epss::read(bytes).read);
        same(bytes, exploited::list);
        same(bytes, described::read);
    }
}

/// The catalogue of exploited vulnerabilities; and files by their names, which the first line is here.
pub fn risk_files(bytes: &[u8]) {
    assert_eq!(exploited::json(bytes), exploited::json(bytes));
    let cut = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (name, rest) = bytes.split_at(cut);
    let name = String::from_utf8_lossy(name);
    let mut known = Known::default();
    assert_eq!(add(&mut known, &name, rest).is_some(), Source::of(&name).is_some());
}

/// Decision tables: one that is read has a value for each point in each row.
pub fn decision_table(bytes: &[u8]) {
    for read in [ssvc::csv, ssvc::json] {
        let found = read(bytes);
        assert_eq!(found, read(bytes));
        if let Ok(table) = found {
            assert!(!table.rows.is_empty());
            assert!(table.rows.iter().all(|(values, _)| values.len() == table.points.len()));
        }
    }
}

pub(super) mod seeds {
    use crate::seeds::texts;

    pub(in super::super) fn risk_rows() -> Vec<Vec<u8>> {
        texts(&[
            "CVE-2024-4879,0.00896,2024-07-29,2024-07-10,none,ServiceNow\nCVE-2014-100005,0.4213,2024-05-16,,Active,\"D-Link, Inc.\"\n",
            "cve,epss,percentile\nCVE-1999-0001,0.00383,0.73305\n",
            "cve,date_added,source,ransomware\nCVE-2010-5326,2021-11-03,x,Unknown\n",
        ])
    }

    pub(in super::super) fn risk_files() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"count":1,"vulnerabilities":[{"cveID":"CVE-2024-0001","vendorProject":"V","product":"P","dateAdded":"2024-10-24","cwes":["CWE-79"]}]}"#,
            "epss_2024-07-28_x.csv.gz\ncve,epss,percentile\nCVE-1999-0001,0.00383,0.73305\n",
            "vulnrichment_2024-07-28.csv\ncve,published,state\nCVE-1999-0001,1999-12-30,PUBLISHED\n",
            "known_exploited_vulnerabilities.json\n{\"vulnerabilities\":[]}",
        ])
    }

    pub(in super::super) fn decision_table() -> Vec<Vec<u8>> {
        texts(&[
            "row,Exploitation v1.1.0,\"Publish, Do Not Publish v1.0.0\"\n0,none,do not publish\n1,active,publish\n",
            r#"{"outcome":"o:1","decision_points":{"p:1":{"name":"P","version":"1","namespace":"x","values":[{"key":"N","name":"No"},{"key":"Y","name":"Yes"}]},
            "o:1":{"name":"O","version":"1","values":[{"key":"T","name":"Track"},{"key":"A","name":"Act"}]}},"mapping":[{"p:1":"N","o:1":"T"},{"p:1":"Y","o:1":"A"}]}"#,
        ])
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    pub(in super::super) const risk_rows: Words =
        &["CVE-2024-", "cve,", "epss", "date_added", "#", "\"", "\"\"", "2024-02-29", "NaN", "1e999"];
    pub(in super::super) const risk_files: Words =
        &["epss", "vulnrichment", "kev", ".csv", ".json", ".gz", "\"cveID\":", "\"dateAdded\":", "2024-07-28"];
    pub(in super::super) const decision_table: Words =
        &["row,", "\"mapping\":[", "\"outcome\":", "\"decision_points\":{", "\"values\":[", "\"key\":", "\"name\":"];
}
