//! What reports say, what is refused of them, and that nothing of them breaks a reader.

use model::limits::XML_DEPTH_MAX;
use proptest::prelude::*;

use super::testing::*;
use super::*;

fn found(text: &str) -> Read {
    read("report", text.as_bytes())
}

fn notes(read: &Read) -> Vec<String> {
    read.refused.iter().map(ToString::to_string).collect()
}

/// One finding on one line.
fn shown(found: &Reported) -> String {
    let host = match &found.host {
        Some(Place::Host(address)) => address.to_string(),
        Some(Place::Named(name)) => format!("({name})"),
        None => "-".to_owned(),
    };
    let software = found
        .software
        .as_ref()
        .map_or_else(String::new, |software| format!("{}/{}@{}", software.vendor, software.product, software.version));
    format!(
        "{host}:{} {} {software} <{} {} {} by {} {}",
        found.port.map_or_else(String::new, |port| port.to_string()),
        found.vulnerabilities.join("+"),
        found.fixed_in.join("+"),
        found.severity.map_or("-", Level::name),
        found.score_tenths.map_or_else(|| "-".to_owned(), |score| score.to_string()),
        found.scanner.name,
        found.scanner.version,
    )
}

#[track_caller]
fn check(text: &str, form: Form, expected: &[&str], refused: &[&str], left_out: u64) {
    let read = found(text);
    assert_eq!(read.form, Some(form));
    assert_eq!(read.reported.iter().map(shown).collect::<Vec<_>>(), expected);
    assert_eq!(notes(&read), refused);
    assert_eq!(read.left_out, left_out);
    // What was seen as evidence is nowhere.
    let all = format!("{read:?}");
    assert!(!all.contains("SECRET") && !all.contains("hunter2"), "{all}");
}

#[test]
fn nessus() {
    check(
        NESSUS,
        Form::Nessus,
        &[
            "192.0.2.10:443 CVE-2021-23017 nginx/nginx@1.18.0 <1.20.1 critical 77 by Nessus 10.6.1",
            "192.0.2.11:3389   < medium - by Nessus 10.6.1",
        ],
        &[],
        2,
    );
    let read = found(NESSUS);
    let first = read.reported.first().unwrap();
    assert_eq!(first.title, "nginx 0.6.x < 1.20.1 1-Byte Memory Overwrite RCE");
    assert_eq!(first.names, [Address::Name("portal.city.example".into())]);
    assert_eq!(first.when, Timestamp::parse("2023-11-14T22:13:29Z"));
    assert_eq!(
        first.vectors,
        ["CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:H", "AV:N/AC:M/Au:N/C:P/I:P/A:P"],
        "the newest version of CVSS first"
    );
}

#[test]
fn openvas() {
    check(
        OPENVAS,
        Form::OpenVas,
        &["192.0.2.20:22 CVE-2024-6387 openbsd/openssh@8.9p1 <9.8p1 high 81 by OpenVAS 22.4"],
        &[],
        1,
    );
    let answer = format!("<get_reports_response status=\"200\">{OPENVAS}</get_reports_response>");
    assert_eq!(found(&answer).reported, found(OPENVAS).reported);
}

#[test]
fn scanners_of_packages() {
    check(
        TRIVY,
        Form::Trivy,
        &[
            "(registry.city.example/portal:1.4): CVE-2024-6387+DSA-5724-1 /openssh-server@1:9.2p1-2 <1:9.2p1-2+deb12u3 high 81 by Trivy 0.67.0",
        ],
        &[
            "result 1, vulnerability 2: left out: VulnerabilityID should be a text",
            "result 1, vulnerability 2: a vulnerability without a name",
        ],
        0,
    );
    check(
        GRYPE,
        Form::Grype,
        &[
            "(registry.city.example/portal:1.4): CVE-2021-44228+GHSA-jfh8-c2jp-5v3q /log4j-core@2.14.1 <2.15.0 critical 100 by Grype 0.104.0",
        ],
        &["match 2: an object should stand here"],
        0,
    );
    check(
        OSV_SCANNER,
        Form::OsvScanner,
        &[
            "(/srv/portal/package-lock.json): CVE-2026-1000+GHSA-2222-3333-4444 /@bell/core@1.2.0 <1.2.9 medium 75 by osv-scanner ",
        ],
        &[],
        0,
    );
    let purl = found(OSV_SCANNER).reported.remove(0).software.and_then(|software| software.purl);
    assert_eq!(purl.as_deref(), Some("pkg:npm/%40bell/core@1.2.0"));
    check(CYCLONEDX, Form::CycloneDx, &["portal: CVE-2026-1000 /a@1.0 < - - by CycloneDX 1.6 "], &[], 1);
}

#[test]
fn nuclei_and_sarif() {
    let read = found(NUCLEI);
    assert_eq!(read.form, Some(Form::Nuclei));
    assert_eq!(
        read.reported.iter().map(shown).collect::<Vec<_>>(),
        [
            "192.0.2.10:8443 CVE-2021-44228 apache/log4j@ < critical 100 by Nuclei ",
            "2001:db8::1:80   < medium - by Nuclei ",
        ]
    );
    assert_eq!((read.left_out, read.refused_count), (1, 2), "{:?}", notes(&read));
    assert!(notes(&read).first().unwrap().starts_with("line 3: a result without `host`"));
    check(
        SARIF,
        Form::Sarif,
        &["(library/portal): CVE-2024-6387  < high 81 by Trivy 0.67.0", "-: CVE-2026-1000  < medium - by Trivy 0.67.0"],
        &["run 1, result 4: an object should stand here"],
        1,
    );
}

#[test]
fn entities_and_document_types_are_refused() {
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>"#;
    for kind in [bomb, r#"<!DOCTYPE x SYSTEM "file:///etc/passwd">"#, "<!DOCTYPE NessusClientData_v2>"] {
        for text in [
            NESSUS.replacen("<NessusClientData_v2>", &format!("{kind}<NessusClientData_v2>"), 1),
            format!("{kind}{OPENVAS}"),
        ] {
            let read = found(&text);
            assert_eq!((read.form, read.reported.len()), (None, 0));
            assert!(notes(&read)[0].contains("document type"), "{:?}", notes(&read));
        }
        // The same further inside, where the form is known already.
        let read = found(&NESSUS.replacen("<Report ", &format!("{kind}<Report "), 1));
        assert_eq!((read.form, read.reported.len()), (Some(Form::Nessus), 0));
        assert!(notes(&read)[0].contains("document type"), "{:?}", notes(&read));
    }
    let read = found(&NESSUS.replace("<cve>CVE", "<cve>&xxe;CVE"));
    assert_eq!(read.reported[0].vulnerabilities, ["CVE-2021-23017"], "an unknown entity stands for nothing");
}

#[test]
fn encodings() {
    let check = |bytes: Vec<u8>, expected: &str| {
        let read = read("r", &bytes);
        assert!(read.reported.is_empty() && notes(&read)[0].contains(expected), "{:?}", notes(&read));
    };
    check(
        NESSUS.replacen("version=\"1.0\"", "version=\"1.0\" encoding=\"ISO-8859-1\"", 1).into_bytes(),
        "other than UTF-8",
    );
    check([b"\xff\xfe".to_vec(), NESSUS.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(), "UTF-16");
    check([b"\xfe\xff".to_vec(), TRIVY.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat(), "UTF-16");
    for (form, text) in ALL {
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        assert_eq!(read("r", &marked).form, Some(form), "a mark of UTF-8 is no fault");
    }
    let latin = [
        NESSUS.split("Weekly").next().unwrap().as_bytes(),
        b"W\xf6chentlich",
        NESSUS.split("Weekly").nth(1).unwrap().as_bytes(),
    ]
    .concat();
    assert_eq!(read("r", &latin).reported.len(), 2);
}

#[test]
fn a_broken_record_costs_itself() {
    let read = found(&NESSUS.replacen("<HostProperties>", "<HostProperties><!bad>", 1));
    assert_eq!(read.reported.len(), 1, "the second host");
    assert!(notes(&read)[0].contains("broken XML"), "{:?}", notes(&read));
    let read = found(&NESSUS[..NESSUS.rfind("</ReportHost>").unwrap()]);
    assert_eq!(read.reported.len(), 1, "the first host");
    assert!(notes(&read)[0].contains("inside a record"), "{:?}", notes(&read));
    let read = found(
        &OPENVAS.replace("<host>192.0.2.20<asset asset_id=\"aa\"/><hostname>srv-20.city.example</hostname></host>", ""),
    );
    assert_eq!(read.reported.len(), 0);
    assert!(notes(&read)[0].contains("without a host"), "{:?}", notes(&read));
    for text in ["", " ", "<html/>", "{}", "[]", "[1]", "7", "{\"runs\":{}}", "{\"a\":1}", "\0", "<"] {
        let read = found(text);
        assert_eq!((read.form, read.refused_count), (None, 1), "{text:?}");
        assert!(read.refused[0].place == "report", "{text:?}");
    }
}

#[test]
fn limits() {
    let deep = format!("<NessusClientData_v2>{}", "<a>".repeat(XML_DEPTH_MAX));
    assert!(notes(&found(&deep))[0].contains("deeper"), "{:?}", notes(&found(&deep)));
    let deep = format!(
        r#"{{"matches":[{}{},{{"vulnerability":{{"id":"CVE-2026-1000"}}}}]}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let read = found(&deep);
    assert!(notes(&read)[0].contains("deeper") && read.reported.len() == 1, "{:?}", notes(&read));
    // Many names, long titles.
    let ids: Vec<String> =
        (0..SCANNER_LIST_MAX + 10).map(|number| format!("<cve>CVE-2026-{:05}</cve>", number + 10_000)).collect();
    let long = NESSUS.replace("<cve>CVE-2021-23017</cve>", &ids.concat()).replace("1-Byte", &"x".repeat(400));
    let read = found(&long);
    assert_eq!(read.reported[0].vulnerabilities.len(), SCANNER_LIST_MAX);
    assert!(read.reported[0].title.len() <= SCANNER_TITLE_BYTES_MAX);
    let mut full = Read { reported: vec![Reported::default(); SCANNER_REPORTED_MAX], ..Read::default() };
    full.report(Reported::default());
    full.report(Reported::default());
    assert_eq!((full.reported.len(), full.refused_count, full.refused.len()), (SCANNER_REPORTED_MAX, 2, 1));
    assert!(notes(&full)[0].contains("more than 1000000 findings"));
}

#[test]
fn a_report_that_is_too_large_is_not_looked_at() {
    let read = read("big\n.xml", &vec![b' '; SCANNER_FILE_BYTES_MAX + 1]);
    assert_eq!((read.form, read.refused_count), (None, 1));
    assert!(notes(&read)[0].starts_with("big .xml: ") && notes(&read)[0].contains("at most"), "{:?}", notes(&read));
}

#[test]
fn words() {
    for (text, expected) in [
        ("10.0", Some(100)),
        ("7.75", Some(77)),
        ("7", Some(70)),
        ("10.1", None),
        ("-1", None),
        ("", None),
        ("x", None),
        ("999", None),
    ] {
        assert_eq!(tenths(text), expected, "{text}");
    }
    for (word, expected) in [
        ("HIGH", Some(Level::High)),
        ("Moderate", Some(Level::Medium)),
        ("Negligible", Some(Level::Informational)),
        ("unknown", None),
    ] {
        assert_eq!(level(word), expected, "{word}");
    }
    assert_eq!(
        ids(&["GHSA-x".into(), "cve-2024-0001".into(), "CVE-2024-0001".into(), " ".into()]),
        ["CVE-2024-0001", "GHSA-x"]
    );
}

fn tidy_and_same(bytes: &[u8]) {
    let read_once = read("r", bytes);
    assert_eq!(read_once, read("r", bytes));
    for found in &read_once.reported {
        assert!(found.title.len() <= SCANNER_TITLE_BYTES_MAX && !found.title.chars().any(char::is_control));
    }
}

proptest! {
    #[test]
    fn never_panics(which in 0..ALL.len(), cut in any::<prop::sample::Index>(), put in "[<>&;/a\"={}\\[\\],: ]{0,6}", skip in 0usize..40) {
        let text = ALL[which].1.as_bytes();
        let at = cut.index(text.len());
        let behind = text.get(at + skip..).unwrap_or_default();
        tidy_and_same(&[&text[..at], put.as_bytes(), behind].concat());
    }
}
