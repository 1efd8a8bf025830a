//! Lists of bad and of harmless things, and the one spelling of each value.

use std::sync::Arc;

use ::formats::Mappings;
use detect::indicators::{Builder, Defaults, IndicatorSet, Segment, infer, normal, observe, parse_list};
use detect::suppress::{Effect, Lists};
use model::limits::{INDICATOR_HITS_PER_EVENT_MAX, INDICATOR_LABEL_BYTES_MAX, INDICATOR_VALUE_BYTES_MAX};
use model::ocsf::{Observable, ObservableKind};
use model::{Format, Indicator, IndicatorKind};

use crate::event::check_record;

/// A list of indicators, made into a segment that is asked for each of them.
pub fn indicator_list(bytes: &[u8]) {
    let defaults = Defaults::of_source("fuzz");
    let (mut list, mut again) = (Vec::new(), Vec::new());
    let report = parse_list(bytes, &defaults, |indicator| list.push(indicator));
    assert_eq!(report, parse_list(bytes, &defaults, |indicator| again.push(indicator)));
    assert_eq!(list, again, "the same list gives the same indicators");
    assert_eq!(report.loaded, list.len() as u64);
    let mut builder = Builder::new();
    for indicator in &list {
        assert!(indicator.label.len() <= INDICATOR_LABEL_BYTES_MAX);
        builder.push(indicator).unwrap_or_else(|error| panic!("{indicator:?} was read and cannot be kept: {error}"));
    }
    let mut image = Vec::new();
    builder.finish(&mut image).unwrap_or_else(|error| panic!("{error}"));
    let segment = Segment::open(image).unwrap_or_else(|error| panic!("our own image does not open: {error}"));
    let mut kept = Vec::new();
    segment
        .for_each(|indicator| kept.push((indicator.kind, indicator.value)))
        .unwrap_or_else(|error| panic!("{error}"));
    let set = IndicatorSet::new(vec![Arc::new(segment)]);
    for indicator in &list {
        let is_kept = kept.iter().any(|(kind, value)| (*kind, value) == (indicator.kind, &indicator.value));
        assert!(is_kept, "{indicator:?} was lost");
        finds_itself(&set, indicator);
    }
    let event = check_record(Format::Json, br#"{"a":"evil.example"}"#, &Mappings::default());
    if let Some(event) = event {
        let mut found = Vec::new();
        observe(&set, &event, &Lists::default().build(), &mut found);
        assert!(found.len() <= INDICATOR_HITS_PER_EVENT_MAX);
    }
}

/// Which observable an indicator of that kind names as it stands.
fn observable_of(kind: IndicatorKind) -> Option<ObservableKind> {
    match kind {
        IndicatorKind::Ipv4 | IndicatorKind::Ipv6 => Some(ObservableKind::Ip),
        IndicatorKind::Domain => Some(ObservableKind::Hostname),
        IndicatorKind::Url => Some(ObservableKind::Url),
        IndicatorKind::FileHash => Some(ObservableKind::Hash),
        IndicatorKind::Email => Some(ObservableKind::Email),
        _ => None,
    }
}

fn finds_itself(set: &IndicatorSet, indicator: &Indicator) {
    let Some(kind) = observable_of(indicator.kind) else { return };
    let mut hits = Vec::new();
    set.find(&Observable { kind, attribute: "a", value: &indicator.value, port: None }, &mut hits);
    let is_found = hits.iter().any(|hit| hit.kind == indicator.kind && hit.value == indicator.value);
    assert!(is_found, "{indicator:?} does not find itself: {hits:?}");
}

/// Values of lists and of events: a normal form is its own normal form, and asking never panics.
pub fn values(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some((kind, value)) = infer(&text) {
        // Escaping makes a URL longer, three bytes for one.
        assert!(value.len() <= INDICATOR_VALUE_BYTES_MAX * 3 + 16, "{} bytes", value.len());
        let again = if value.len() <= INDICATOR_VALUE_BYTES_MAX { normal(kind, &value) } else { Some(value.clone()) };
        assert_eq!(again.as_deref(), Some(value.as_str()), "{kind} of {text:?}");
    }
    for kind in IndicatorKind::ALL {
        let Some(value) = normal(kind, &text).filter(|value| value.len() <= INDICATOR_VALUE_BYTES_MAX) else {
            continue;
        };
        assert_eq!(normal(kind, &value), Some(value), "{kind} of {text:?}");
    }
    thread_local! {
        static SET: IndicatorSet = IndicatorSet::of(super::segment::seeds::segment());
    }
    let kinds = [
        ObservableKind::Hostname,
        ObservableKind::Ip,
        ObservableKind::Email,
        ObservableKind::Url,
        ObservableKind::Hash,
    ];
    SET.with(|set| {
        for kind in kinds {
            for port in [None, Some(443)] {
                let mut hits = Vec::new();
                set.find(&Observable { kind, attribute: "a", value: &text, port }, &mut hits);
                assert!(hits.iter().all(|hit| !hit.claims.is_empty() && hit.indicator().is_some()));
            }
        }
    });
}

const ASKED: &[(IndicatorKind, &str)] = &[
    (IndicatorKind::Domain, "a.b.example"),
    (IndicatorKind::Ipv4, "192.0.2.7"),
    (IndicatorKind::Cidr, "192.0.2.0/24"),
    (IndicatorKind::Url, "http://a.b.example/x?y"),
    (IndicatorKind::Email, "abuse@b.example"),
    (IndicatorKind::FileHash, "44d88612fea8a8f36de82e1278abb02f"),
];

fn judge(lists: Lists, again: Lists) {
    let (suppression, again) = (lists.build(), again.build());
    for (kind, value) in ASKED {
        assert_eq!(suppression.judge(*kind, value, value), again.judge(*kind, value, value));
    }
}

/// A MISP warning list.
pub fn misp_list(bytes: &[u8]) {
    let (mut lists, mut again) = (Lists::default(), Lists::default());
    let (added, twin) = (lists.add_misp(bytes, None), again.add_misp(bytes, None));
    assert_eq!(added.map_err(|error| error.to_string()), twin.map_err(|error| error.to_string()));
    judge(lists, again);
}

/// A plain list of harmless things.
pub fn plain_list(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (mut lists, mut again) = (Lists::default(), Lists::default());
    let added = lists.add_plain("fuzz", &text, Some(Effect::Silence)).map_err(|error| error.to_string());
    assert_eq!(added, again.add_plain("fuzz", &text, Some(Effect::Silence)).map_err(|error| error.to_string()));
    let entries = added.map_or(0, |added| added.entries + added.skipped);
    assert!(entries <= text.lines().count());
    judge(lists, again);
}

pub(super) mod seeds {
    use crate::seeds::texts;

    pub(super) const VALUES: &[&str] = &[
        "192.0.2.7",
        "[2001:db8::1]:443",
        "::ffff:192.0.2.7",
        "10.1.2.3/8",
        "fe80::/10",
        "192.0.2.7:443",
        "hxxps://evil[.]example/a?b=c#d",
        "http://user@Evil.Example:80/%7e/../x y",
        "evil.example:8080/x",
        "*.Bücher.example.",
        "xn--bcher-kva.example",
        "/a/b.php?x=1",
        "SHA256=275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
        "44D88612FEA8A8F36DE82E1278ABB02F",
        "Some One <a@B.example>",
        "some(at)evil[.]example",
        "localhost",
        "a.b.example",
    ];

    pub(in super::super) fn indicator_list() -> Vec<Vec<u8>> {
        let lines: Vec<String> = VALUES.iter().map(|value| format!("{value}\tfamily\t80")).collect();
        let city = std::fs::read(testkit::city::indicators()).unwrap_or_default();
        vec![lines.join("\n").into_bytes(), city, b"# comment\r\n\xef\xbb\xbfa.example\n\nco.uk\t\t101\n".to_vec()]
    }

    pub(in super::super) fn values() -> Vec<Vec<u8>> {
        texts(VALUES)
    }

    pub(in super::super) fn misp_list() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"name":"Top 1000","type":"hostname","list":["b.example",".c.example","192.0.2.0/24"],"matching_attributes":["hostname","domain","url"]}"#,
            r#"{"name":"ranges","type":"cidr","list":["192.0.2.0/24","2001:db8::/32","10.0.0.1"],"matching_attributes":["ip-src"]}"#,
            r#"{"name":"parts","type":"substring","list":["example","//","a"],"matching_attributes":["link"]}"#,
            r#"{"name":"expressions","type":"regex","list":["/^(noc|abuse)\\@.*$/i","(a+)+$","[0-9]{3}"],"description":"d","version":1}"#,
            r#"{"name":"texts","list":["44D88612FEA8A8F36DE82E1278ABB02F","http://a.b.example/x?y"]}"#,
        ])
    }

    pub(in super::super) fn plain_list() -> Vec<Vec<u8>> {
        vec![VALUES.join("\n").into_bytes(), b"# c\n10.0.0.0/8, internal\nlan\nb.example\tx\n".to_vec()]
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    const VALUES: Words = &[
        "hxxp://", "[.]", "(dot)", "://", "@", "[", "]", ":", ":443", "/24", "/129", "%", "%2e", "/../", "?", "#",
        "xn--", "xn--a", "*.", ".", "。", "ß", "\u{200d}", "\u{ad}", "::ffff:", "MD5=", "mailto:", "<", ">", "\\.",
        "..", "_", "%00", "İ",
    ];
    pub(in super::super) const values: Words = VALUES;
    pub(in super::super) const indicator_list: Words = VALUES;
    pub(in super::super) const plain_list: Words = VALUES;
    pub(in super::super) const misp_list: Words = &[
        "\"type\":\"regex\"",
        "\"type\":\"cidr\"",
        "\"list\":[",
        "(a{999}){999}",
        "(?:",
        "\\\\p{L}{99}",
        "/x/imsx",
        "/0",
        "matching_attributes",
        "ip-dst|port",
    ];
}
