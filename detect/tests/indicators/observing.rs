//! From an event to detections.

use detect::indicators::{Builder, Defaults, IndicatorSet, Segment, observe, parse_line};
use detect::suppress::{Effect, ListCount, Lists, Suppression};
use model::ocsf::{Class, Device, DnsAnswer, DnsQuery, Endpoint, Event};
use model::{AgencyId, Detection, EventId, Level, Reason, Timestamp, limits};

use crate::support::indicator;

fn dns(name: &str, answers: &[&str]) -> Event {
    let time = Timestamp::parse("2026-01-11T02:14:00Z").unwrap();
    let mut event = Event::new(EventId::from_bytes([7; 16]), AgencyId::home(), time, Class::DNS, 1);
    event.attributes.src_endpoint = Some(Box::new(Endpoint { ip: Some("10.0.0.5".into()), ..Endpoint::default() }));
    event.attributes.query = Some(Box::new(DnsQuery { hostname: Some(name.into()), ..DnsQuery::default() }));
    let answer = |rdata: &&str| DnsAnswer { rdata: Some((*rdata).into()), ..DnsAnswer::default() };
    event.attributes.answers = Some(answers.iter().map(answer).collect());
    event
}

fn set() -> IndicatorSet {
    let mut builder = Builder::new();
    let dated = Defaults {
        level: Level::High,
        seen: Timestamp::parse("2026-01-08T00:00:00Z"),
        ..Defaults::of_source("state feed")
    };
    builder.push(&parse_line("evil.example\tmalware/emotet\t80", &dated).unwrap().unwrap()).unwrap();
    builder.push(&indicator("own list", "evil.example\tbad")).unwrap();
    builder.push(&indicator("own list", "192.0.2.0/24\tscanner")).unwrap();
    let mut image = Vec::new();
    builder.finish(&mut image).unwrap();
    IndicatorSet::of(Segment::open(image).unwrap())
}

fn observed(event: &Event, suppression: &Suppression) -> Vec<Detection> {
    let mut found = Vec::new();
    assert_eq!(observe(&set(), event, suppression, &mut found), 0);
    found
}

#[test]
fn a_detection_says_why() {
    let found = observed(&dns("a.Evil.example", &["evil.example", "evil.example"]), &Suppression::default());
    let [detection] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(detection.analytic.title, "malware/emotet: domain evil.example");
    assert_eq!((detection.level, detection.suppressed_by.as_deref()), (Level::High, None));
    assert_eq!(detection.subject.as_deref(), Some("10.0.0.5"));
    assert_eq!(detection.events, [EventId::from_bytes([7; 16])]);
    let because: Vec<_> = detection.because.iter().map(ToString::to_string).collect();
    assert_eq!(
        because,
        [
            r#"query.hostname "a.evil.example" is domain "evil.example": malware/emotet, says state feed, confidence 80, 3 days old"#,
            r#"query.hostname "a.evil.example" is domain "evil.example": bad, says own list, confidence 50, age not stated"#,
            r#"answers.rdata "evil.example" is domain "evil.example": malware/emotet, says state feed, confidence 80, 3 days old"#,
            r#"answers.rdata "evil.example" is domain "evil.example": bad, says own list, confidence 50, age not stated"#,
        ]
    );
    let id = indicator("any", "evil.example").id();
    assert_eq!(detection.analytic.uid, id.to_string());
    assert!(
        detection.because.iter().all(|reason| matches!(reason, Reason::Indicator { id: named, .. } if *named == id))
    );
}

#[test]
fn an_indicator_from_the_future_is_not_old() {
    let mut event = dns("evil.example", &[]);
    event.time = Timestamp::parse("2025-01-01T00:00:00Z").unwrap();
    let found = observed(&event, &Suppression::default());
    assert!(matches!(found[0].because[0], Reason::Indicator { age_days: Some(0), .. }));
}

#[test]
fn the_subject_is_not_the_attacker() {
    let mut event = dns("x.example", &[]);
    event.attributes.src_endpoint = Some(Box::new(Endpoint { ip: Some("192.0.2.9".into()), ..Endpoint::default() }));
    event.attributes.dst_endpoint = Some(Box::new(Endpoint { hostname: Some("portal".into()), ..Endpoint::default() }));
    assert_eq!(observed(&event, &Suppression::default())[0].subject.as_deref(), Some("portal"));
    event.attributes.device = Some(Box::new(Device { hostname: Some("firewall".into()), ..Device::default() }));
    assert_eq!(observed(&event, &Suppression::default())[0].subject.as_deref(), Some("firewall"));
}

#[test]
fn lists_of_harmless_things_label_cap_and_silence() {
    let check = |effect: Option<Effect>, event: &Event, expected: &[(Level, Option<&str>)], count: (u64, u64, u64)| {
        let mut lists = Lists::default();
        lists.add_plain("ours", "evil.example\n192.0.2.7\n", effect).unwrap();
        let suppression = lists.build();
        let found = observed(event, &suppression);
        let levels: Vec<_> = found.iter().map(|found| (found.level, found.suppressed_by.as_deref())).collect();
        assert_eq!(levels, expected);
        let (labelled, capped, silenced) = count;
        let expected = ListCount { list: "ours".into(), labelled, capped, silenced };
        assert_eq!(suppression.counts(), [expected]);
        let says = |found: &Detection| found.because.iter().any(|reason| matches!(reason, Reason::Suppression { .. }));
        assert!(found.iter().all(says));
    };
    let name = dns("www.evil.example", &[]);
    check(None, &name, &[(Level::Informational, Some("ours"))], (0, 1, 0));
    check(Some(Effect::Label), &name, &[(Level::High, None)], (1, 0, 0));
    check(Some(Effect::Silence), &name, &[], (0, 0, 1));
    // One of two addresses in the range is harmless, the other is not: the detection stays what it is.
    check(Some(Effect::Silence), &dns("x.example", &["192.0.2.7", "192.0.2.8"]), &[(Level::Medium, None)], (1, 0, 0));
    check(Some(Effect::Silence), &dns("x.example", &["192.0.2.8", "192.0.2.7"]), &[(Level::Medium, None)], (1, 0, 0));
    check(None, &dns("x.example", &["192.0.2.7"]), &[(Level::Informational, Some("ours"))], (0, 1, 0));
}

#[test]
fn hits_of_one_event_and_reasons_of_one_detection_are_limited() {
    let most = limits::INDICATOR_HITS_PER_EVENT_MAX;
    let names: Vec<_> = (0..most + 3).map(|n| format!("{n}.example")).collect();
    let mut builder = Builder::new();
    names.iter().for_each(|name| builder.push(&indicator("test", name)).unwrap());
    for n in 0..limits::INDICATOR_CLAIMS_MAX {
        builder.push(&indicator(&n.to_string(), "many.example")).unwrap();
    }
    let mut image = Vec::new();
    builder.finish(&mut image).unwrap();
    let set = IndicatorSet::of(Segment::open(image).unwrap());
    let mut found = Vec::new();
    let answers: Vec<_> = names.iter().map(String::as_str).collect();
    assert_eq!(observe(&set, &dns("x.test", &answers), &Suppression::default(), &mut found), 3);
    assert_eq!(found.len(), most);
    found.clear();
    assert_eq!(observe(&set, &dns("many.example", &["many.example"]), &Suppression::default(), &mut found), 0);
    assert_eq!(found[0].because.len(), limits::REASONS_MAX);
}
