//! Intelligence from outside: feeds, documents that are judged, patterns, texts that are mined, names that look like others.

use std::sync::LazyLock;

use ::formats::intel::{
    Item, Refused, Sink, Tally, breach, check_csaf, check_stix, csaf, kev, leak, list, misp, names, nmap, nuclei, stix,
};
use ::intel::lookalike::{Brand, Brands, Distinctness};
use ::intel::mine::{TechniqueNames, mine};
use ::intel::pattern::{Observed, Pattern, PatternMemory, PatternSet, Wanted, Watched};
use detect::suppress::Suppression;
use model::limits::REASONS_MAX;
use model::{Confidence, Event, Level};

/// Reads twice: the same bytes give the same, what is refused is told, and every note names its record.
fn read(bytes: &[u8], reader: impl Fn(&[u8], &mut Sink<'_>) -> Tally) {
    let once = || {
        let mut found: Vec<Result<Item, Refused>> = Vec::new();
        let tally = reader(bytes, &mut |item| found.push(item));
        (tally, found)
    };
    let (tally, found) = once();
    let refused = found.iter().filter(|item| item.is_err()).count() as u64;
    assert_eq!((tally.items, tally.refused), (found.len() as u64 - refused, refused));
    for refused in found.iter().filter_map(|item| item.as_ref().err()) {
        assert!(!refused.place.is_empty() && !refused.to_string().is_empty());
    }
    assert_eq!(once(), (tally, found), "the same bytes give the same");
}

/// STIX bundles and envelopes.
pub fn intel_stix(bytes: &[u8]) {
    read(bytes, stix::read);
}

/// MISP events.
pub fn intel_misp(bytes: &[u8]) {
    read(bytes, misp::read);
}

/// Lists, by each of the mappings that have a name, and lists of new names.
pub fn intel_list(bytes: &[u8]) {
    read(bytes, names::read);
    use list::ListMapping;
    let csv = ListMapping::csv("ioc");
    for mapping in [ListMapping::plain(), ListMapping::maltrail(), ListMapping::ipsum(), ListMapping::hosts(), csv] {
        read(bytes, |bytes, sink| list::read(bytes, &mapping, sink));
    }
}

/// Catalogues of exploited vulnerabilities, advisories, posts of leak sites.
pub fn intel_json(bytes: &[u8]) {
    read(bytes, kev::read);
    read(bytes, csaf::read);
    read(bytes, leak::read);
    read(bytes, nuclei::read);
}

/// What nmap writes.
pub fn intel_nmap(bytes: &[u8]) {
    read(bytes, nmap::read);
}

/// The range format of breaches.
pub fn intel_breach(bytes: &[u8]) {
    read(bytes, |bytes, sink| breach::read(bytes, "ABCDE", sink));
    read(bytes, |bytes, sink| breach::read(bytes, "ABCDEF", sink));
}

/// Documents that are judged: the same document gets the same judgement.
pub fn intel_judged(bytes: &[u8]) {
    let pattern = |text: &str| Pattern::parse(text).map(|_| ()).map_err(|fault| fault.to_string());
    assert_eq!(check_stix(bytes, &pattern), check_stix(bytes, &pattern));
    assert_eq!(check_csaf(bytes), check_csaf(bytes));
}

/// A pattern: what is read is printed so that it is read as the same, and a set answers as the pattern does.
pub fn stix_pattern(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(pattern) = Pattern::parse(&text) else { return };
    static SEEN: LazyLock<Observed> =
        LazyLock::new(|| Observed::read(seeds::OBSERVED.as_bytes()).unwrap_or_else(|error| panic!("{error}")));
    static EVENT: LazyLock<Event> = LazyLock::new(seeds::event);
    let wanted = Wanted {
        id: "indicator--1".into(),
        label: String::new(),
        source: "feed".into(),
        confidence: Confidence::UNSTATED,
        level: Level::Low,
        techniques: Vec::new(),
        until: None,
        pattern: Pattern::parse(&text).unwrap_or_else(|fault| panic!("{text}: {fault}")),
    };
    let (watched, left_out) = Watched::new(vec![wanted]);
    assert_eq!(watched.len() + left_out.len(), 1, "{text}");
    let (mut memory, mut found) = (PatternMemory::default(), Vec::new());
    for takes in watched.look(&EVENT, &Suppression::default(), &mut found) {
        found.extend(memory.observe(&EVENT.agency, &watched, &takes, &EVENT));
    }
    assert!(found.len() <= 1 && found.iter().all(|found| found.because.len() <= REASONS_MAX), "{text}");
    let alone = pattern.judge(&SEEN).map_err(|undecided| undecided.to_string());
    let Ok(set) = PatternSet::new(vec![pattern]) else { return };
    let together = set.judge(&SEEN).pop();
    let together =
        together.map_or(Ok(None), |verdict| verdict.outcome.map(Some).map_err(|undecided| undecided.to_string()));
    assert_eq!(alone, together, "{text}");
}

/// Observed data.
pub fn stix_observed(bytes: &[u8]) {
    static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
        seeds::PATTERNS
            .iter()
            .map(|text| Pattern::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}")))
            .collect()
    });
    let Ok(observed) = Observed::read(bytes) else { return };
    for pattern in PATTERNS.iter() {
        let judge = || pattern.judge(&observed).map_err(|undecided| undecided.to_string());
        assert_eq!(judge(), judge());
    }
}

/// A report: what is found stands where it is said to stand.
pub fn mined(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let found = mine(&text, &TechniqueNames::default());
    for place in found.found.iter().flat_map(|found| &found.places) {
        assert!(text.get(place.offset..).is_some_and(|rest| rest.starts_with(place.written.as_str())), "{place:?}");
    }
    assert_eq!(found, mine(&text, &TechniqueNames::default()));
}

/// A new domain: our own are never look-alikes.
pub fn lookalike(bytes: &[u8]) {
    static BRANDS: LazyLock<Brands> = LazyLock::new(|| {
        let brand = |name: &str, domain: &str| Brand {
            name: name.to_owned(),
            domains: vec![domain.to_owned()],
            distinctness: Distinctness::default(),
        };
        let brands = [brand("Springfield", "springfield.example"), brand("Müllabfuhr", "m\u{fc}ll.example")];
        Brands::new(&brands, &[], "").unwrap_or_else(|error| panic!("{error}"))
    });
    let text = String::from_utf8_lossy(bytes);
    if let Some(found) = BRANDS.find(&text) {
        assert!(found.value.score <= 100 && !found.because.is_empty());
        assert!(!found.value.domain.ends_with("springfield.example"), "{text:?}");
    }
}

/// A run of seen values: as it comes, and brought together with itself.
pub fn seen_run(bytes: &[u8]) {
    use detect::seen::{Run, merge};
    let Ok(mut run) = Run::open(bytes) else { return };
    for _ in 0..bytes.len() {
        if run.next_value() == Ok(None) {
            break;
        }
    }
    let runs = [bytes, bytes].into_iter().filter_map(|bytes| Run::open(bytes).ok()).collect();
    let mut merged = Vec::new();
    merge(runs, &mut merged, |_| true, |_| {});
    let mut merged = Run::open(&merged).unwrap_or_else(|error| panic!("{error}"));
    while merged.next_value().unwrap_or_else(|error| panic!("what is written is read: {error}")).is_some() {}
}

pub(super) mod seeds {
    use model::Event;

    use crate::seeds::{city, texts};

    pub(super) const OBSERVED: &str = r#"{"type":"bundle","id":"bundle--c2a23389-17c9-4247-8aa2-d2ffde3de334","objects":[
        {"type":"observed-data","spec_version":"2.1","id":"observed-data--647947aa-4cc3-43a3-a42f-2c670986d777","number_observed":2,
        "first_observed":"2024-04-19T06:51:26Z","last_observed":"2024-04-19T06:52:26Z",
        "object_refs":["ipv4-addr--0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f","file--0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e50"]},
        {"type":"ipv4-addr","id":"ipv4-addr--0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f","value":"198.51.100.7"},
        {"type":"file","id":"file--0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e50","name":"a.exe","size":7,"hashes":{"MD5":"00"}}]}"#;

    pub(super) const PATTERNS: &[&str] = &[
        "[ipv4-addr:value ISSUBSET '198.51.100.0/24' AND file:size > 3]",
        "[file:name MATCHES '^[a-z]+[.]exe$'] FOLLOWEDBY [ipv4-addr:value = '198.51.100.7'] WITHIN 60 SECONDS",
        "[file:hashes.MD5 IN ('00', '01') OR file:name LIKE 'a%'] REPEATS 2 TIMES",
        "[EXISTS file:name]",
    ];

    pub(in super::super) fn stix_pattern() -> Vec<Vec<u8>> {
        texts(PATTERNS)
    }

    pub(in super::super) fn stix_observed() -> Vec<Vec<u8>> {
        texts(&[OBSERVED])
    }

    pub(in super::super) fn intel_stix() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","spec_version":"2.1","id":"indicator--0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f","created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:00Z","pattern":"[domain-name:value = 'evil.example']","pattern_type":"stix","valid_from":"2020-01-01T00:00:00Z","object_marking_refs":["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"],"confidence":80}]}"#,
            r#"{"more":false,"objects":[{"type":"relationship","id":"relationship--1","relationship_type":"uses","source_ref":"a--1","target_ref":"b--2"},{"type":"intrusion-set","id":"intrusion-set--1","name":"x","aliases":["y"]}]}"#,
            r#"{"type":"bundle","spec_version":"2.0","objects":[{"type":"observed-data","objects":{"0":{"type":"ipv4-addr","value":"198.51.100.7"}}}]}"#,
        ])
    }

    pub(in super::super) fn intel_judged() -> Vec<Vec<u8>> {
        let mut all = intel_stix();
        all.extend(texts(&[
            OBSERVED,
            r#"{"document":{"category":"csaf_base","csaf_version":"2.0","publisher":{"category":"vendor","name":"n","namespace":"https://n.example"},"title":"t","tracking":{"current_release_date":"2020-01-01T00:00:00Z","id":"i","initial_release_date":"2020-01-01T00:00:00Z","revision_history":[{"date":"2020-01-01T00:00:00Z","number":"1","summary":"s"}],"status":"final","version":"1"}},"vulnerabilities":[{"cve":"CVE-2020-1","scores":[{"products":["p"],"cvss_v3":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","baseScore":9.8,"baseSeverity":"CRITICAL"}}]}]}"#,
        ]));
        all
    }

    pub(in super::super) fn intel_misp() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"response":[{"Event":{"uuid":"0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f","info":"x","threat_level_id":"1","Tag":[{"name":"tlp:amber+strict"}],"Attribute":[{"type":"ip-dst|port","value":"198.51.100.7|443","to_ids":true,"timestamp":"1502459000"},{"type":"filename|md5","value":"a.exe|44d88612fea8a8f36de82e1278abb02f","to_ids":false}],"Object":[{"name":"file","Attribute":[{"type":"sha256","value":"00","to_ids":true}]}]}}]}"#,
        ])
    }

    pub(in super::super) fn intel_list() -> Vec<Vec<u8>> {
        texts(&[
            "# a list\n198.51.100.7\nevil[.]example # why\nhxxp://a.example/x\n",
            "198.51.100.7\t9\n203.0.113.1\t1\n",
            "127.0.0.1 localhost\n0.0.0.0 evil.example other.example\n",
            "spring-field.example\n*.login.example\n",
            "[{\"name_value\":\"a.example\\n*.b.example\",\"not_before\":\"2026-11-01T00:00:00\"}]",
            "\"n\",\"ioc\",score\n1,\"a\"\"b.example\",80\n2,evil.example,7\n",
        ])
    }

    /// What patterns are held against.
    pub(super) fn event() -> Event {
        let record = br#"{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Provider_Name":"Microsoft-Windows-Sysmon","Image":"C:\\Windows\\cmd.exe","CommandLine":"cmd /c whoami","ParentImage":"C:\\x\\winword.exe","User":"CITY\\h.brandt","ProcessId":"7"}"#;
        let event = crate::event::check_record(model::Format::Windows, record, &::formats::Mappings::default());
        event.unwrap_or_else(|| panic!("a record of Sysmon is an event"))
    }

    pub(in super::super) fn intel_json() -> Vec<Vec<u8>> {
        let mut all = texts(&[
            r#"{"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2021-1","vendorProject":"v","product":"p","vulnerabilityName":"n","dateAdded":"2021-11-03","dueDate":"2021-11-17","knownRansomwareCampaignUse":"Known","cwes":["CWE-79"]}]}"#,
            r#"[{"post_title":"City of X","group_name":"g","discovered":"2024-01-01 10:00:00.000000","website":"x.example","country":"DE"}]"#,
            r#"{"template-id":"t","info":{"name":"n","severity":"high","classification":{"cve-id":["cve-2021-1"]}},"host":"https://a.example","matched-at":"https://a.example/x","ip":"198.51.100.7","timestamp":"2024-01-01T00:00:00Z"}"#,
        ]);
        all.extend(intel_judged().into_iter().rev().take(1));
        all
    }

    pub(in super::super) fn intel_nmap() -> Vec<Vec<u8>> {
        texts(&[
            r#"<?xml version="1.0"?><!DOCTYPE nmaprun><nmaprun start="1700000000"><host><status state="up"/><address addr="198.51.100.7" addrtype="ipv4"/><hostnames><hostname name="a.example"/></hostnames><ports><port protocol="tcp" portid="22"><state state="open"/><service name="ssh" product="OpenSSH" version="9"><cpe>cpe:/a:openbsd:openssh:9</cpe></service><script id="vulners" output="CVE-2021-1"/></port></ports></host></nmaprun>"#,
        ])
    }

    pub(in super::super) fn intel_breach() -> Vec<Vec<u8>> {
        texts(&["0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2\n", "0018A45C4D:x,y\n"])
    }

    pub(in super::super) fn mined() -> Vec<Vec<u8>> {
        texts(&[
            "The actor (APT29) used hxxps://evil[.]example/a?b and 198.51.100[.]7:443 (T1566.001); md5 44d88612fea8a8f36de82e1278abb02f, mail a(at)b.example, CVE-2021-44228.",
            "readme.md at 1.2.3.4.5, version 10.0.0.1; file C:\\x\\y.exe; 2001:db8::1/32 \u{200b}evil\u{3002}example",
        ])
    }

    pub(in super::super) fn lookalike() -> Vec<Vec<u8>> {
        texts(&[
            "springfield.example",
            "springfie1d.example",
            "springfield-login.example",
            "xn--sprngfield-8db.example",
            "www.springfield.example.evil.example",
            "*.spr\u{456}ngfield.example",
            "m\u{fc}llabfuhr.example",
        ])
    }

    pub(in super::super) fn seen_run() -> Vec<Vec<u8>> {
        let mut recorder = detect::seen::Recorder::default();
        let agency = model::AgencyId::home();
        let received = model::Timestamp::from_millis(1_700_000_000_000);
        for line in city(testkit::city::Log::ALL[0]).iter().take(20) {
            let Some(format) = formats::recognise(line) else { continue };
            let Ok(fields) = formats::fields(format, line) else { continue };
            let head = formats::Head { id: model::EventId::default(), agency: &agency, received };
            let (event, _) = formats::event(&fields, &head, &formats::Mappings::default());
            recorder.record(&event, received);
        }
        recorder.take().into_iter().map(|(_, image)| image).collect()
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    const JSON: Words = &[
        "{",
        "}",
        "[",
        "]",
        "null",
        "\"\"",
        "\"type\":",
        "\"id\":",
        "\"objects\":[",
        "-1",
        "1e999",
        "\\u0000",
        "[[[[[[[[",
    ];
    pub(in super::super) const intel_stix: Words = JSON;
    pub(in super::super) const intel_misp: Words = &[
        "\"Event\":{",
        "\"Attribute\":[",
        "\"type\":\"url\"",
        "\"to_ids\":true",
        "|",
        "null",
        "\"Tag\":[{\"name\":\"tlp:red\"}]",
        "[[[[",
    ];
    pub(in super::super) const intel_list: Words =
        &["\"", "\"\"", ",", "\t", "\r\n", "#", ";", "\u{feff}", "[.]", "hxxp", "\0"];
    pub(in super::super) const intel_json: Words = JSON;
    pub(in super::super) const intel_judged: Words = JSON;
    pub(in super::super) const intel_nmap: Words = &[
        "<host>",
        "</host>",
        "<port>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]>",
        "&a;",
        "&#0;",
        "<![CDATA[",
        "]]>",
        "<?xml",
        "\u{feff}",
        "/>",
    ];
    pub(in super::super) const intel_breach: Words =
        &[":", "\r\n", "00000", "0018A45C4D1DEF81644B54AB7F969B88D65", ":99999999999999999999"];
    pub(in super::super) const stix_pattern: Words = &[
        "[",
        "]",
        "(",
        ")",
        " AND ",
        " OR ",
        " FOLLOWEDBY ",
        " NOT ",
        " WITHIN 5 SECONDS",
        " REPEATS 3 TIMES",
        " START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z'",
        "ipv4-addr:value",
        "file:hashes.'SHA-256'",
        "[*]",
        "[0]",
        " = ",
        " != ",
        " LIKE ",
        " MATCHES ",
        " ISSUBSET ",
        " ISSUPERSET ",
        " IN (",
        "'",
        "\\'",
        "h'00'",
        "b'AA=='",
        "true",
        "-1.5",
        "EXISTS ",
        "(?i)",
        "(a+)+$",
        "\\p{L}",
        "_",
        "%",
    ];
    pub(in super::super) const stix_observed: Words = JSON;
    pub(in super::super) const mined: Words = &[
        "[.]",
        "hxxp://",
        "(at)",
        "T1059",
        "CVE-2021-1",
        "::",
        "/24",
        ":443",
        "\u{200b}",
        "\u{3002}",
        ".exe",
        "@",
        "xn--",
        "\\",
        "\"",
    ];
    pub(in super::super) const lookalike: Words = &[
        "springfield",
        "xn--",
        ".",
        "-",
        "\u{456}",
        "\u{440}",
        "\u{301}",
        "1",
        "l",
        "0",
        "login",
        "*.",
        "\u{3002}",
        ".example",
    ];
    pub(in super::super) const seen_run: Words = &["WBSEEN\0\u{1}", "\0\0\0\0", "\u{7f}"];
}
