use std::collections::BTreeMap;

use model::ocsf::{Class, Endpoint, Event, HttpRequest, Url};
use model::{AgencyId, Confidence, EventId, Indicator, IndicatorKind, Level, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::indicators::{Builder, IndicatorSet, Segment};
use crate::suppress::Suppression;

const DAY_US: i64 = 86_400_000_000;

fn at(day: i64, second: i64) -> Timestamp {
    Timestamp::from_micros(day * DAY_US + second * 1_000_000)
}

/// A machine talks to a name and an address.
fn talk(number: u128, machine: &str, host: &str, ip: &str, time: Timestamp) -> Event {
    let mut event = Event::new(EventId::from_bytes(number.to_be_bytes()), AgencyId::home(), time, Class::NETWORK, 6);
    event.attributes.src_endpoint = Some(Box::new(Endpoint { hostname: Some(machine.into()), ..Endpoint::default() }));
    event.attributes.dst_endpoint = Some(Box::new(Endpoint {
        hostname: Some(host.into()),
        ip: Some(ip.into()),
        port: Some(443),
        ..Endpoint::default()
    }));
    event
}

fn set(values: &[(IndicatorKind, &str)]) -> IndicatorSet {
    let mut builder = Builder::new();
    for (kind, value) in values {
        let indicator = Indicator {
            kind: *kind,
            value: (*value).to_owned(),
            label: "trojan".into(),
            confidence: Confidence::UNSTATED,
            level: Level::High,
            source: "list".into(),
            seen: None,
        };
        builder.push(&indicator).expect("an indicator");
    }
    let mut image = Vec::new();
    builder.finish(&mut image).expect("a segment");
    IndicatorSet::of(Segment::open(image).expect("a segment"))
}

fn all(image: &[u8]) -> Vec<Seen> {
    let mut run = Run::open(image).expect("a run");
    std::iter::from_fn(|| run.next_value().expect("no damage")).collect()
}

/// The values of an image as `kind value port events machines first`.
fn lines(image: &[u8]) -> Vec<String> {
    let line = |seen: &Seen| {
        let observable = seen.observable().expect("a value");
        let port = observable.port.map_or(String::new(), |port| format!(":{port}"));
        format!(
            "{:?} {}{port} x{} on {} from {} by {:?}",
            observable.kind,
            observable.value,
            seen.events,
            seen.machines.count(),
            seen.first.as_micros() / 1_000_000 % 86_400,
            seen.example.subject
        )
    };
    all(image).iter().map(line).collect()
}

#[test]
fn a_day_of_events_becomes_a_run() {
    let mut recorder = Recorder::default();
    let now = at(20_000, 90);
    recorder.record(&talk(1, "pc-1", "Evil.example", "198.51.100.7", at(20_000, 60)), now);
    recorder.record(&talk(2, "pc-2", "evil.EXAMPLE", "198.51.100.7", at(20_000, 30)), now);
    recorder.record(&talk(3, "PC-2", "evil.example", "198.51.100.7", at(20_000, 40)), now);
    // A clock that nobody believes, and another day.
    recorder.record(&talk(4, "pc-3", "old.example", "198.51.100.8", at(3, 0)), now);
    recorder.record(&talk(5, "pc-3", "old.example", "198.51.100.8", at(19_999, 7)), now);
    let runs: BTreeMap<_, _> = recorder.take().into_iter().map(|((_, day), image)| (day, image)).collect();
    assert_eq!(runs.keys().copied().collect::<Vec<_>>(), [19_999, 20_000]);
    assert_eq!(recorder.values(), 0);
    assert!(recorder.take().is_empty());
    // What stands at one end of a connection had to do with the other end.
    let expected = [
        "Hostname evil.example x3 on 2 from 30 by Some(\"pc-2\")",
        "Hostname old.example x1 on 1 from 90 by Some(\"pc-3\")",
        "Hostname pc-1 x1 on 1 from 60 by Some(\"Evil.example\")",
        "Hostname pc-2 x2 on 1 from 30 by Some(\"evil.EXAMPLE\")",
        "Hostname pc-3 x1 on 1 from 90 by Some(\"old.example\")",
        "Ip 198.51.100.7:443 x3 on 2 from 30 by Some(\"pc-2\")",
        "Ip 198.51.100.8:443 x1 on 1 from 90 by Some(\"pc-3\")",
    ];
    assert_eq!(lines(&runs[&20_000]), expected);
}

#[test]
fn urls_keep_their_capitals() {
    let mut recorder = Recorder::default();
    let mut event = Event::new(EventId::default(), AgencyId::home(), at(1, 0), Class::HTTP, 1);
    let url = Url { url_string: Some("http://A.example/Path".into()), ..Url::default() };
    event.attributes.http_request = Some(Box::new(HttpRequest { url: Some(Box::new(url)), ..HttpRequest::default() }));
    recorder.record(&event, at(1, 0));
    let runs = recorder.take();
    assert_eq!(lines(&runs[0].1), ["Url http://A.example/Path x1 on 0 from 0 by None"]);
}

#[test]
fn a_new_indicator_finds_what_was_seen() {
    let mut found = Pasts::new();
    let set = set(&[(IndicatorKind::Domain, "evil.example"), (IndicatorKind::Cidr, "198.51.100.0/24")]);
    for (day, machine) in [(20_000, "pc-1"), (20_001, "pc-2"), (20_002, "pc-2")] {
        let mut recorder = Recorder::default();
        let now = at(day, 50);
        recorder.record(&talk(day as u128, machine, "www.evil.example", "198.51.100.7", now), now);
        recorder.record(&talk(7, machine, "good.example", "192.0.2.1", now), now);
        let runs = recorder.take();
        let run = Run::open(&runs[0].1).expect("a run");
        assert_eq!(sweep((day as i32, run), &set, (&mut found, 10), |error| panic!("{error}")), 0);
    }
    let past = &found[&(IndicatorKind::Domain, "evil.example".to_owned())];
    assert_eq!((past.days.as_slice(), past.events, past.machines.count()), (&[20_000, 20_001, 20_002][..], 3, 2));
    assert_eq!((past.first, past.last), (at(20_000, 50), at(20_002, 50)));
    assert_eq!(past.example.0, "www.evil.example");
    assert_eq!(past.example.1.event, EventId::from_bytes(20_000_u128.to_be_bytes()));
    assert_eq!(past.claims[0].source, "list");
    let detection =
        past.detection(IndicatorKind::Domain, "evil.example", &Suppression::default()).expect("a detection");
    assert_eq!(detection.subject.as_deref(), Some("pc-1"));
    assert_eq!((detection.level, detection.time), (Level::High, at(20_000, 50)));
    let because: Vec<String> = detection.because.iter().map(ToString::to_string).collect();
    let expected = [
        "seen before it was known here: 3 times on 3 days, from 2024-10-04T00:00:50Z to 2024-10-06T00:00:50Z, by 2 machines",
        "dst_endpoint.hostname \"www.evil.example\" is domain \"evil.example\": trojan, says list, confidence 50, age not stated",
    ];
    assert_eq!(because, expected);
    assert!(found.contains_key(&(IndicatorKind::Cidr, "198.51.100.0/24".to_owned())));
    assert_eq!(found.len(), 2);
}

#[test]
fn more_indicators_than_may_be_found_are_counted() {
    let mut recorder = Recorder::default();
    for number in 0..10 {
        recorder.record(&talk(number, "pc", &format!("h{number}.example"), "192.0.2.1", at(9, 0)), at(9, 0));
    }
    let runs = recorder.take();
    let names: Vec<String> = (0..10).map(|number| format!("h{number}.example")).collect();
    let set = set(&names.iter().map(|name| (IndicatorKind::Domain, name.as_str())).collect::<Vec<_>>());
    let mut found = Pasts::new();
    let run = Run::open(&runs[0].1).expect("a run");
    assert_eq!(sweep((9, run), &set, (&mut found, 3), |error| panic!("{error}")), 7);
    assert_eq!(found.len(), 3);
}

#[test]
fn more_machines_than_are_counted_are_said() {
    let mut machines = Machines::default();
    for number in 0..40 {
        machines.add(&format!("pc-{number}"));
        machines.add(&format!("PC-{number}"));
    }
    assert_eq!(machines.count(), limits::SEEN_MACHINES_MAX);
    assert!(machines.is_full());
}

/// Many values, more than one block.
fn big(count: u128, offset: u128) -> Vec<u8> {
    let mut recorder = Recorder::default();
    for number in offset..offset + count {
        let host = format!("host-{number}.example");
        recorder.record(&talk(number, "pc", &host, "192.0.2.1", at(5, number as i64 % 86_400)), at(5, 0));
    }
    recorder.take().remove(0).1
}

#[test]
fn a_damaged_block_loses_itself_only() {
    let image = big(5_000, 0);
    assert_eq!(all(&image).len(), 5_002);
    let mut broken = image.clone();
    broken[100_000] ^= 1;
    let mut run = Run::open(&broken).expect("a run");
    let (mut values, mut errors) = (0, 0);
    loop {
        match run.next_value() {
            Ok(Some(_)) => values += 1,
            Ok(None) => break,
            Err(error) => {
                assert!(matches!(error, RunError::Damaged { why: "the checksum is wrong", .. }), "{error}");
                errors += 1;
            }
        }
    }
    assert_eq!(errors, 1);
    assert!((3_000..4_500).contains(&values), "{values}");
    let cut = &image[..image.len() - 5];
    let mut run = Run::open(cut).expect("a run");
    let error = loop {
        match run.next_value() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a cut run is not whole"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().ends_with("ends early"), "{error}");
    assert_eq!(run.next_value(), Ok(None));
    assert_eq!(Run::open(b"PK").err(), Some(RunError::Foreign));
}

#[test]
fn what_is_not_wanted_is_left_out() {
    let image = big(100, 0);
    let mut out = Vec::new();
    let keep = |seen: &Seen| seen.observable().is_some_and(|seen| !seen.value.starts_with("host-7"));
    merge(vec![Run::open(&image).expect("a run")], &mut out, keep, |error| panic!("{error}"));
    assert_eq!(all(&out).len(), all(&image).len() - 11);
}

proptest! {
    #[test]
    fn parts_come_together_as_if_counted_at_once(
        talks in prop::collection::vec((0..6u8, 0..9u8, 0..1_000i64, 0..3usize), 0..60),
    ) {
        let mut whole = Recorder::default();
        let mut parts = [Recorder::default(), Recorder::default(), Recorder::default()];
        for (number, (machine, host, second, part)) in talks.iter().enumerate() {
            // No two at the same time, so that the first one is the first in any order.
            let time = Timestamp::from_micros(at(5, *second).as_micros() + number as i64);
            let event =
                talk(number as u128, &format!("pc-{machine}"), &format!("h{host}.example"), "192.0.2.1", time);
            whole.record(&event, time);
            parts[*part].record(&event, time);
        }
        let images: Vec<Vec<u8>> = parts.iter_mut().flat_map(Recorder::take).map(|(_, image)| image).collect();
        let mut merged = Vec::new();
        let runs = images.iter().map(|image| Run::open(image).expect("a run")).collect();
        merge(runs, &mut merged, |_| true, |error| panic!("{error}"));
        let expected = whole.take().pop().map_or_else(Vec::new, |(_, image)| all(&image));
        prop_assert_eq!(all(&merged), expected);
    }

    #[test]
    fn no_bytes_make_it_panic(at in 0..4_000usize, with in any::<u8>(), cut in 0..4_000usize) {
        let mut image = big(40, 0);
        if let Some(byte) = image.get_mut(at) {
            *byte = with;
        }
        image.truncate(image.len().saturating_sub(cut));
        if let Ok(mut run) = Run::open(&image) {
            for _ in 0..1_000 {
                if run.next_value() == Ok(None) {
                    break;
                }
            }
        }
    }
}
