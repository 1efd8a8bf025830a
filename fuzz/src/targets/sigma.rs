//! Rules, correlations, what correlations remember, and routing tables.

use std::sync::Arc;
use std::time::Duration;

use detect::sigma::{CorrelationState, Correlator, Matcher, Placeholders, Router, RuleFile, RuleSet, Seen};
use model::limits::{REASON_VALUE_BYTES_MAX, REASONS_MAX};
use model::{Detection, EventId, Fields, Format};

use super::formats::parts;
use crate::event::received;

/// What a rule may find.
const RECORDS: &[(Format, &str)] = &[
    (
        Format::Windows,
        r#"{"Channel":"Security","EventID":4625,"SubStatus":"0xc000006a","TargetUserName":"ada","IpAddress":"192.0.2.7","LogonType":10,"N":null,"E":"","L":["a","b"]}"#,
    ),
    (
        Format::Windows,
        r#"{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"C:\\Windows\\System32\\cmd.exe","CommandLine":"cmd /c \"echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"","User":"CITY\\ada"}"#,
    ),
    (Format::Syslog, "<38>Mar  1 02:14:07 siren-gw sshd[812]: Failed password for root from 192.0.2.7 port 40022 ssh2"),
    (Format::Zeek, r#"{"_path":"dns","ts":1.5,"query":"aaaa.example","qtype_name":"A","answers":["192.0.2.7"]}"#),
];

fn placeholders() -> Placeholders {
    [("Administrators".to_owned(), vec!["ada".to_owned(), "b*".to_owned()])].into()
}

fn load(text: &str) -> RuleSet {
    RuleSet::load([RuleFile { path: "rule.yml", text }], &placeholders())
}

/// A rule file, matched against records: the four of [`RECORDS`] and, behind a zero byte, one of its own.
pub fn sigma(bytes: &[u8]) {
    let (text, record) = parts(bytes);
    let text = String::from_utf8_lossy(text);
    let rules = Arc::new(load(&text));
    assert_eq!(rules.errors, load(&text).errors, "the same file loads the same way");
    let router = Arc::new(Router::default());
    let (mut matcher, mut again) =
        (Matcher::new(Arc::clone(&rules), Arc::clone(&router)), Matcher::new(Arc::clone(&rules), Arc::clone(&router)));
    let own = formats::fields(Format::Windows, record).ok();
    let known = RECORDS.iter().filter_map(|(format, body)| formats::fields(*format, body.as_bytes()).ok());
    for fields in known.chain(own) {
        let found = matched(&mut matcher, &fields);
        assert_eq!(found, matched(&mut again, &fields), "the same record matches the same rules");
        assert_eq!(found, matched(&mut matcher, &fields), "one matcher says the same twice");
        let mut detections = Vec::new();
        matcher.explain(&found, &fields, &seen(0), &mut detections);
        detections.iter().for_each(check_detection);
    }
}

fn matched(matcher: &mut Matcher, fields: &Fields<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    matcher.matches(fields, &mut found);
    assert!(found.is_sorted_by(|a, b| a < b) && found.iter().all(|rule| *rule < matcher.rules().len()));
    found
}

fn seen(seconds: u64) -> Seen<'static> {
    let time = received().plus(Duration::from_secs(seconds));
    Seen { event: EventId::from_bytes([seconds as u8; 16]), time, subject: Some("gate") }
}

fn check_detection(detection: &Detection) {
    assert!(!detection.because.is_empty(), "a detection says why: {detection:?}");
    assert!(detection.because.len() <= REASONS_MAX, "{} reasons", detection.because.len());
    for reason in &detection.because {
        if let model::Reason::Field { value: Some(value), .. } = reason {
            // The mark of a shortened value comes on top.
            assert!(value.len() <= REASON_VALUE_BYTES_MAX + 8, "a reason of {} bytes", value.len());
        }
    }
    assert!(!formats::finding::to_json(detection, None, None).contains('\n'), "a finding is one line");
}

/// Rules with correlations over a stream of records: after a zero byte, each byte is one of [`RECORDS`] and how many
/// seconds it came after the one before.
pub fn correlation(bytes: &[u8]) {
    let (text, stream) = parts(bytes);
    let text = String::from_utf8_lossy(text);
    let rules = Arc::new(load(&text));
    let mut whole = Correlator::new(Arc::clone(&rules));
    if whole.is_empty() {
        return;
    }
    let mut cut = Correlator::new(Arc::clone(&rules));
    let mut matcher = Matcher::new(Arc::clone(&rules), Arc::new(Router::default()));
    let mut seconds = 0;
    for (number, byte) in stream.iter().take(200).enumerate() {
        let (format, body) = RECORDS[usize::from(byte & 3)];
        seconds += u64::from(byte >> 2);
        let Ok(fields) = formats::fields(format, body.as_bytes()) else { continue };
        let found = matched(&mut matcher, &fields);
        let mut detections = [Vec::new(), Vec::new()];
        whole.observe(&found, &fields, &seen(seconds), &mut detections[0]);
        if number % 16 == 3 {
            cut = restarted(&cut, &rules);
        }
        cut.observe(&found, &fields, &seen(seconds), &mut detections[1]);
        assert_eq!(detections[0], detections[1], "a restart changes nothing");
        detections[0].iter().for_each(check_detection);
    }
    let state = |correlator: &Correlator| serde_json::to_string(&correlator.snapshot()).unwrap_or_default();
    assert_eq!(state(&whole), state(&cut));
}

fn restarted(correlator: &Correlator, rules: &Arc<RuleSet>) -> Correlator {
    let written = serde_json::to_string(&correlator.snapshot()).unwrap_or_default();
    let mut new = Correlator::new(Arc::clone(rules));
    match serde_json::from_str(&written) {
        Ok(state) => new.restore(state),
        Err(error) => panic!("a snapshot cannot be read: {error}: {written}"),
    }
    new
}

/// What a correlation remembered, as it lies in the store.
pub fn correlation_state(bytes: &[u8]) {
    let Ok(state) = serde_json::from_slice::<CorrelationState>(bytes) else { return };
    let rules = Arc::new(load(&seeds::correlated()));
    let mut correlator = Correlator::new(Arc::clone(&rules));
    correlator.restore(state);
    let mut matcher = Matcher::new(rules, Arc::new(Router::default()));
    for (number, (format, body)) in RECORDS.iter().cycle().take(12).enumerate() {
        let Ok(fields) = formats::fields(*format, body.as_bytes()) else { continue };
        let found = matched(&mut matcher, &fields);
        let mut detections = Vec::new();
        correlator.observe(&found, &fields, &seen(number as u64), &mut detections);
        detections.iter().for_each(check_detection);
    }
    assert!(serde_json::to_string(&correlator.snapshot()).is_ok(), "what was restored can be kept again");
}

/// A user's routing table.
pub fn routing(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (table, again) = (Router::with_table(&text), Router::with_table(&text));
    match (table, again) {
        (Ok(table), Ok(again)) => {
            for (format, body) in RECORDS {
                let Ok(fields) = formats::fields(*format, body.as_bytes()) else { continue };
                assert_eq!(table.sources_of(&fields), again.sources_of(&fields));
            }
        }
        (Err(error), Err(again)) => assert_eq!(error.to_string(), again.to_string()),
        _ => panic!("the same table is taken and refused"),
    }
}

pub(super) mod seeds {
    use std::sync::Arc;

    use detect::sigma::{Correlator, Matcher, Router};

    use crate::seeds::{rules, texts};

    const RULE: &str = r#"title: t
id: 11111111-2222-4333-8444-555555555555
logsource: { product: windows, service: security }
detection:
    sel_a:
        EventID: [4624, 4625]
        TargetUserName|contains|all: ['a', 'd?']
        IpAddress|cidr: 192.0.0.0/8
        CommandLine|re|i: '^(a+)+$'
        SubStatus|startswith: '0xc0'
        LogonType|gte: 3
        N: null
        E: ''
        Missing|exists: false
        User|expand: '%Administrators%'
    sel_b:
        - L|endswith: b
        - CommandLine|base64offset|contains: 'http'
        - CommandLine|windash|contains: ' -c'
        - CommandLine|utf16le|base64: 'x'
        - A|fieldref: B
        - T|minute: 5
    words:
        - 'root'
        - '*cmd*'
    condition: (sel_a and not words) or 1 of sel_* or all of them
level: high
"#;

    const CORRELATIONS: &[&str] = &[
        "type: event_count\n    rules: [base]\n    group-by: [IpAddress]\n    timespan: 5m\n    condition: { gte: 2 }",
        "type: value_count\n    rules: [base, other]\n    group-by: [TargetUserName]\n    timespan: 1h\n    condition: { field: SubStatus, gt: 0 }",
        "type: temporal\n    rules: [base, other]\n    timespan: 30s\n    aliases: { who: { base: TargetUserName, other: User } }\n    group-by: [who]",
        "type: temporal_ordered\n    rules: [other, base]\n    timespan: 1d",
        "type: value_sum\n    rules: [base]\n    timespan: 10m\n    condition: { field: EventID, gte: 9000 }",
        "type: value_avg\n    rules: [base]\n    timespan: 10m\n    condition: { field: LogonType, gte: 1 }",
        "type: value_percentile\n    rules: [base]\n    timespan: 10m\n    condition: { field: LogonType, lte: 50 }",
        "type: value_median\n    rules: [base]\n    timespan: 10m\n    condition: { field: LogonType, eq: 10 }",
    ];

    fn file(correlation: &str) -> String {
        format!(
            "title: base\nname: base\nlogsource: {{ product: windows }}\ndetection:\n    s: {{ EventID: 4625 }}\n    condition: s\n---\n\
             title: other\nname: other\nlogsource: {{ product: windows }}\ndetection:\n    s: {{ Image|endswith: cmd.exe }}\n    condition: s\n---\n\
             title: c\nid: 0\ncorrelation:\n    {correlation}\n"
        )
    }

    /// All correlations in one file.
    pub(super) fn correlated() -> String {
        let more = CORRELATIONS.iter().skip(1).zip(1..);
        let more =
            more.map(|(correlation, id)| format!("---\ntitle: c{id}\nid: {id}\ncorrelation:\n    {correlation}\n"));
        std::iter::once(file(CORRELATIONS[0])).chain(more).collect()
    }

    pub(in super::super) fn sigma() -> Vec<Vec<u8>> {
        let mut seeds: Vec<Vec<u8>> = rules().into_iter().map(String::into_bytes).collect();
        let record = br#"{"Channel":"Security","EventID":4624,"TargetUserName":"adx","L":"ab"}"#;
        seeds.push([RULE.as_bytes(), b"\0", record].concat());
        let filter = "---\ntitle: f\nlogsource: { product: windows }\nfilter:\n    rules: any\n    x: { EventID: 4625 }\n    condition: not x\n";
        seeds.push([RULE, filter].concat().into_bytes());
        seeds.extend(texts(&[
            "title: t\nlogsource: {category: process_creation, product: windows}\ndetection: {s: {Image|re: '(?i)c.d[a-z]{1,9}', CommandLine|re|m|s: 'a.*b'}, condition: s}\n",
            "title: t\nlogsource: {product: zeek, service: dns}\ndetection: {s: {query|contains: [a, '*b', '\\*', '\\\\']}, k: [x, {y: 1}], condition: s or k}\n",
        ]));
        seeds
    }

    pub(in super::super) fn correlation() -> Vec<Vec<u8>> {
        let stream = [0u8, 4, 1, 8, 0, 5, 40, 0, 9, 1, 0, 0, 120, 1, 4, 0, 0, 0, 255, 1, 0];
        let files = CORRELATIONS.iter().map(|correlation| file(correlation)).chain([correlated()]);
        files.map(|file| [file.as_bytes(), b"\0", &stream].concat()).collect()
    }

    /// What the correlations remember after some records.
    pub(in super::super) fn correlation_state() -> Vec<Vec<u8>> {
        let rules = Arc::new(super::load(&correlated()));
        let mut correlator = Correlator::new(Arc::clone(&rules));
        let mut matcher = Matcher::new(rules, Arc::new(Router::default()));
        for (number, (format, body)) in super::RECORDS.iter().cycle().take(9).enumerate() {
            let Ok(fields) = formats::fields(*format, body.as_bytes()) else { continue };
            let found = super::matched(&mut matcher, &fields);
            correlator.observe(&found, &fields, &super::seen(number as u64), &mut Vec::new());
        }
        vec![serde_json::to_vec(&correlator.snapshot()).unwrap_or_default()]
    }

    pub(in super::super) fn routing() -> Vec<Vec<u8>> {
        texts(&[
            "[[route]]\nformat = [\"windows\", \"evtx\"]\nwhen = { Channel = \"security\", EventID = [4625, 1] }\nproduct = \"windows\"\ncategory = \"x\"\nservice = \"y\"\n",
            "[[route]]\nformat = \"zeek\"\nhas = [\"query\"]\nwhen = { _path = \"dns\" }\nservice = \"dns\"\n[[route]]\nformat = \"syslog\"\nproduct = \"linux\"\n",
        ])
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    pub(in super::super) const sigma: Words = &[
        "|contains",
        "|all",
        "|re",
        "|re|i",
        "|cidr",
        "|base64offset",
        "|base64",
        "|utf16le",
        "|wide",
        "|windash",
        "|expand",
        "|fieldref",
        "|exists",
        "|cased",
        "|gte",
        "|lt",
        "|neq",
        "|minute",
        "|endswith",
        "1 of them",
        "all of sel_*",
        " and ",
        " or ",
        "not ",
        "(",
        ")",
        "(a+)+$",
        "a{1000}{1000}",
        "(?i)",
        "\\p{L}{99}",
        "[^a]*",
        "* ",
        "?",
        "\\*",
        "%Administrators%",
        "&a ",
        "*a",
        "<<: *a",
        "!!binary ",
        "---\n",
        "- ",
        "null",
        "{",
        "[",
        "'",
        "\"",
        "|-\n",
        "\t",
        "condition: ",
        "timeframe: 5m",
        "filter:",
        "192.0.0.0/33",
    ];
    pub(in super::super) const correlation: Words = &[
        "event_count",
        "value_count",
        "temporal",
        "temporal_ordered",
        "value_sum",
        "value_avg",
        "value_percentile",
        "timespan: 0s",
        "timespan: 99999999999d",
        "gte: -1",
        "gt: 1e300",
        "generate: true",
        "group-by: [",
        "rules: [c]",
        "aliases:",
        "condition:",
        "[base, base]",
    ];
    pub(in super::super) const correlation_state: Words =
        &["groups", "losses", "null", "[]", "{}", "9223372036854775807", "-9223372036854775808", "1e308"];
    pub(in super::super) const routing: Words =
        &["[[route]]", "format = ", "when = ", "has = ", "\"windows\"", "_service", "EventID", "[", "{", "product"];
}
