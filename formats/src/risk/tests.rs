use std::io::Read as _;
use std::path::Path;

use model::limits::DECISION_ROWS_MAX;
use model::vulnerability::Exploitation;
use proptest::prelude::*;

use super::*;

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

#[test]
fn names_of_files() {
    let cases = [
        ("epss_2024-07-28_emba_44becb0f94.csv.gz", Some(Source::Epss(day("2024-07-28")))),
        ("epss_scores-2025-03-17.csv", Some(Source::Epss(day("2025-03-17")))),
        ("vulnrichment_2024-10-24_b0ed75832.csv.gz", Some(Source::Described(day("2024-10-24")))),
        ("known_exploited_vulnerabilities.json", Some(Source::ExploitedJson)),
        ("known_exploited_vulnerabilities_2025-01-01.json.zst", Some(Source::ExploitedJson)),
        ("known_exploited_vulnerabilities_schema.json", None),
        ("known_exploited_vulnerabilities.csv", Some(Source::ExploitedList)),
        ("kev_dates_to_2024-10-24.csv", Some(Source::ExploitedList)),
        ("epss.csv", None),
        ("epss_2024-13-28.csv", None),
        ("oscal.tar.zst", None),
        ("", None),
    ];
    for (name, expected) in cases {
        assert_eq!(Source::of(name), expected, "{name}");
    }
}

#[test]
fn forecasts() {
    let text = b"#model_version:v2023.03.01,score_date:2024-07-28T00:00:00+0000\ncve,epss,percentile\nCVE-2024-4879,0.00896,0.8\n\
        CVE-2024-1,0.1,0.1\nCVE-2024-10001,1.5,1\nCVE-2024-10002,x,1\nCVE-2024-10003,1,1\n";
    let epss = epss::read(text);
    assert_eq!(epss.day, Some(day("2024-07-28")));
    assert_eq!(epss.read.rows.iter().map(|row| row.probability).collect::<Vec<_>>(), [0.008_96, 1.0]);
    assert_eq!((epss.read.refused_count, epss.read.refused[0].place), (3, 4));
    assert_eq!(epss::read(b"a,b\n1,2\n").read.refused_count, 1);
    assert_eq!(epss::read(b"").read.refused_count, 1);
}

#[test]
fn exploited() {
    let read = exploited::list(
        b"cve,date_added,source,ransomware\nCVE-2010-5326,2021-11-03,x,Unknown\nCVE-2010-5327,soon,x,x\n",
    );
    assert_eq!((read.rows.len(), read.refused_count), (1, 1));
    assert_eq!(read.rows[0].added, day("2021-11-03"));
    let own = exploited::list(
        b"cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,requiredAction,dueDate,knownRansomwareCampaignUse,notes,cwes\n\
          CVE-2024-0001,V,P,\"A, B\",2024-10-24,x,y,2024-11-14,Unknown,,\"CWE-79, CWE-80\"\nCVE-2024-0002,V,P,A,someday,x,y,,,,\n",
    );
    assert_eq!((own.rows.len(), own.refused_count), (1, 1));
    let row = &own.rows[0];
    assert_eq!((row.added, row.due, row.vendor.as_str()), (day("2024-10-24"), Some(day("2024-11-14")), "V"));
    assert_eq!(row.weaknesses, ["CWE-79", "CWE-80"]);
    let text = br#"{"vulnerabilities": [{"cveID": "CVE-2024-0001", "vendorProject": "V", "product": "P", "dateAdded": "2024-10-24", "cwes": ["CWE-79"]},
        {"cveID": "CVE-2024-0002"}, {"cveID": "x", "dateAdded": "2024-10-24"}]}"#;
    let read = exploited::json(text);
    assert_eq!((read.rows.len(), read.refused_count), (1, 2));
    assert_eq!((read.rows[0].vendor.as_str(), read.rows[0].weaknesses.len()), ("V", 1));
}

#[test]
fn described() {
    let text = b"cve,published,state,ssvc_ts,exploitation,automatable,tech_impact,cvss_vector,cvss4_vector,cwe,vendor,product\n\
        CVE-2024-4879,2024-07-10,PUBLISHED,2024-07-28T10:00,PoC,Yes,Total,CVSS:3.1/AV:N,,CWE-79,\"A, Inc.\",\"P \"\"Q\"\"\"\n\
        CVE-2024-4880,,REJECTED,,perhaps,,,,,,,\n";
    let read = described::read(text);
    assert_eq!(read.refused_count, 0);
    let first = &read.rows[0];
    assert_eq!(
        (first.exploitation, first.is_automatable, first.is_total),
        (Some(Exploitation::Poc), Some(true), Some(true))
    );
    assert_eq!((first.vendor.as_str(), first.product.as_str(), first.vectors.len()), ("A, Inc.", "P \"Q\"", 1));
    assert_eq!((first.published, first.judged), (Some(day("2024-07-10")), Some(day("2024-07-28"))));
    assert!(read.rows[1].is_rejected && read.rows[1].exploitation.is_none());
}

#[test]
fn tables_that_are_none() {
    for bad in ["", "row,a,b\n", "row,a,b\n0,1\n", "{}", "row\n0\n"] {
        assert!(ssvc::csv(bad.as_bytes()).is_err(), "{bad}");
        assert!(ssvc::json(bad.as_bytes()).is_err(), "{bad}");
    }
    let long = format!("row,a,b\n{}", "0,1,2\n".repeat(DECISION_ROWS_MAX + 1));
    assert_eq!(ssvc::csv(long.as_bytes()).unwrap_err().reason, model::NoteReason::TooLarge);
}

#[test]
fn no_more_rows_than_allowed() {
    let mut read = Read::new();
    let kept = (0..RISK_ROWS_MAX).all(|_| read.keep(1, ()));
    assert!(kept && !read.keep(2, ()));
    assert_eq!((read.rows.len(), read.refused[0].place), (RISK_ROWS_MAX, 2));
    assert_eq!(read.refused[0].trouble.reason, model::NoteReason::TooLarge);
}

#[test]
fn the_real_files_load_completely() {
    let Some(data) = testkit::reference_data() else { return };
    let epss = epss::read(&unpacked(&data.join("risk/epss/epss_2024-07-28_emba_44becb0f94.csv.gz")));
    assert_eq!((epss.read.rows.len(), epss.read.refused_count), (254_584, 0));
    let described =
        described::read(&unpacked(&data.join("risk/vulnrichment/vulnrichment_2024-10-24_b0ed75832.csv.gz")));
    assert_eq!((described.rows.len(), described.refused_count), (44_130, 0));
    let list = exploited::list(&std::fs::read(data.join("risk/kev_dates_to_2024-10-24.csv")).unwrap());
    let json = exploited::json(&std::fs::read(data.join("risk/known_exploited_vulnerabilities.json")).unwrap());
    assert_eq!((list.rows.len(), json.rows.len(), list.refused_count, json.refused_count), (1_201, 1_201, 0, 0));
    let dates = |rows: Vec<model::vulnerability::Exploited>| {
        rows.into_iter().map(|row| (row.cve, row.added)).collect::<std::collections::BTreeMap<_, _>>()
    };
    assert_eq!(dates(list.rows), dates(json.rows));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No bytes make a reader panic.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[a-z,\"#\n{}:\\[\\]0-9-]{0,200}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let with_names = [b"cve,epss,date_added\n".as_slice(), bytes].concat();
            for bytes in [bytes, with_names.as_slice()] {
                epss::read(bytes);
                exploited::list(bytes);
                exploited::json(bytes);
                described::read(bytes);
                let _ = (ssvc::csv(bytes), ssvc::json(bytes));
            }
        }
        let _ = Source::of(&text);
    }
}
