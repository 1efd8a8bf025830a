//! Patterns over events, one after the other, against patterns over all of them at once.

use detect::suppress::{Lists, Suppression};
use model::ocsf::{
    Class, DnsAnswer, DnsQuery, Endpoint, Event, File, Fingerprint, HttpRequest, Process, RegValue, Url, User,
};
use model::{AgencyId, EventId};
use proptest::prelude::*;

use super::super::observed::Observation;
use super::*;

fn event(number: u128, seconds: i64) -> Event {
    let at = Timestamp::from_micros(seconds * 1_000_000);
    Event::new(EventId::from_bytes(number.to_be_bytes()), AgencyId::home(), at, Class::PROCESS, 1)
}

fn wanted(text: &str) -> Wanted {
    Wanted {
        id: format!("indicator--{text}"),
        label: "a trick".into(),
        source: "feed".into(),
        confidence: Confidence::new(80).unwrap(),
        level: Level::High,
        techniques: vec!["T1059".into()],
        until: None,
        pattern: Pattern::parse(text).unwrap(),
    }
}

fn watched(texts: &[&str]) -> Watched {
    let (watched, left_out) = Watched::new(texts.iter().map(|text| wanted(text)).collect());
    assert!(left_out.is_empty());
    watched
}

/// What the watch would find in these events, in order.
fn found(watched: &Watched, events: &[Event]) -> Vec<Detection> {
    let (mut memory, mut all) = (PatternMemory::default(), Vec::new());
    for event in events {
        let mut found = Vec::new();
        for takes in watched.look(event, &Suppression::default(), &mut found) {
            found.extend(memory.observe(&event.agency, watched, &takes, event));
        }
        // What is remembered survives a restart.
        let text = serde_json::to_string(&memory).unwrap();
        assert_eq!(serde_json::from_str::<PatternMemory>(&text).unwrap(), memory);
        all.extend(found);
    }
    all
}

fn process(number: u128, seconds: i64, command: &str) -> Event {
    let mut event = event(number, seconds);
    let file = File {
        path: Some(r"C:\Windows\System32\cmd.exe".into()),
        hashes: Some(vec![Fingerprint {
            algorithm_id: Some(3),
            value: Some("AB".repeat(32)),
            ..Fingerprint::default()
        }]),
        ..File::default()
    };
    let parent = Process { name: Some("winword.exe".into()), ..Process::default() };
    event.attributes.process = Some(Box::new(Process {
        pid: Some(7),
        cmd_line: Some(command.into()),
        file: Some(Box::new(file)),
        user: Some(Box::new(User { name: Some("h.brandt".into()), ..User::default() })),
        parent_process: Some(Box::new(parent)),
        ..Process::default()
    }));
    event
}

fn request(number: u128) -> Event {
    let mut event = event(number, 0);
    let end =
        |ip: &str, port| Some(Box::new(Endpoint { ip: Some(ip.into()), port: Some(port), ..Endpoint::default() }));
    event.attributes.src_endpoint = end("10.0.0.7", 51_000);
    event.attributes.dst_endpoint = end("192.0.2.7", 80);
    let url = Url {
        url_string: Some("http://Evil.example/a.php?b=1".into()),
        hostname: Some("Evil.example".into()),
        path: Some("/a.php".into()),
        query_string: Some("b=1".into()),
        ..Url::default()
    };
    event.attributes.http_request = Some(Box::new(HttpRequest {
        http_method: Some("GET".into()),
        user_agent: Some("Go-http-client/1.1".into()),
        url: Some(Box::new(url)),
        ..HttpRequest::default()
    }));
    event
}

#[test]
fn events_have_the_objects_that_patterns_ask_for() {
    let hash = "ab".repeat(32);
    let mut named = event(3, 0);
    named.attributes.query = Some(Box::new(DnsQuery { hostname: Some("Evil.example.".into()), ..DnsQuery::default() }));
    named.attributes.answers = Some(vec![DnsAnswer { rdata: Some("192.0.2.7".into()), ..DnsAnswer::default() }]);
    let mut registry = event(4, 0);
    registry.attributes.reg_value = Some(Box::new(RegValue {
        name: Some("Updater".into()),
        path: Some(r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run".into()),
        reg_string_data: Some(r"C:\evil.exe".into()),
        ..RegValue::default()
    }));
    for (event, text, expected) in [
        (process(1, 0, "cmd /c whoami"), "[process:command_line LIKE '%whoami']".to_owned(), true),
        (process(1, 0, "x"), "[process:image_ref.name = 'cmd.exe' AND process:parent_ref.name = 'winword.exe']".into(), true),
        (process(1, 0, "x"), "[process:parent_ref.image_ref.name = 'winword.exe']".into(), true),
        (process(1, 0, "x"), "[process:creator_user_ref.account_login = 'h.brandt' AND process:pid > 6]".into(), true),
        (process(1, 0, "x"), format!("[file:hashes.'SHA-256' = '{}' AND file:name = 'cmd.exe']", hash.to_uppercase()), true),
        (process(1, 0, "x"), format!("[file:hashes.SHA256 IN ('{hash}') AND file:size > 1]"), false),
        (process(1, 0, "x"), r"[file:parent_directory_ref.path = 'C:\\Windows\\System32']".into(), true),
        (process(1, 0, "x"), "[process:command_line LIKE '%whoami']".into(), false),
        (request(2), "[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:dst_port IN (80, 443) AND network-traffic:protocols[*] = 'http']".into(), true),
        (request(2), "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Go-http-client/1.1']".into(), true),
        (request(2), "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[0] LIKE 'Go-%' AND network-traffic:extensions.'http-request-ext'.request_method = 'get']".into(), true),
        (request(2), "[network-traffic:extensions.'http-request-ext'.request_value MATCHES '^/a\\\\.php\\\\?']".into(), true),
        (request(2), "[domain-name:value = 'EVIL.example'] START t'1970-01-01T00:00:00Z' STOP t'1970-01-02T00:00:00Z'".into(), true),
        (request(2), "[domain-name:value = 'evil.example'] START t'1970-01-02T00:00:00Z' STOP t'1970-01-03T00:00:00Z'".into(), false),
        (request(2), "[url:value LIKE '%.php%' AND ipv4-addr:value = '192.0.2.7']".into(), false),
        (request(2), "[ipv4-addr:value ISSUBSET '192.0.2.0/24' AND ipv4-addr:value != '192.0.2.9']".into(), true),
        (named.clone(), "[domain-name:value = 'evil.example' AND domain-name:resolves_to_refs[*].value = '192.0.2.7']".into(), true),
        (registry, r"[windows-registry-key:key LIKE 'HKEY_LOCAL_MACHINE\\%\\Run' AND windows-registry-key:values[*].name = 'Updater']".into(), true),
        (named, "[x-made-up:value = 'x' OR mutex:name = 'y']".into(), false),
    ] {
        assert_eq!(found(&watched(&[&text]), &[event]).len(), usize::from(expected), "{text}");
    }
}

#[test]
fn a_detection_says_which_pattern_of_whom_and_what_stood_there() {
    let texts = ["[process:command_line LIKE '%whoami' AND process:pid NOT = 8]"];
    let all = found(&watched(&texts), &[process(1, 0, "cmd /c whoami")]);
    let [detection] = &all[..] else { panic!("{all:?}") };
    assert_eq!((detection.analytic.kind, detection.level), (AnalyticKind::Pattern, Level::High));
    assert_eq!(detection.analytic.title, "a trick");
    let reasons: Vec<String> = detection.because.iter().map(ToString::to_string).collect();
    assert_eq!(
        reasons,
        [
            "pattern [process:command_line LIKE '%whoami' AND process:pid NOT = 8]: a trick, says feed, confidence 80",
            r#"pattern: process:command_line LIKE "'%whoami'" (was "cmd /c whoami")"#,
            r#"pattern: process:pid NOT = "8" (was "7")"#,
        ]
    );
}

#[test]
fn several_events_complete_a_pattern_and_are_used_up() {
    let a = |number, at| process(number, at, "a");
    let b = |number, at| process(number, at, "b");
    let both = "[process:command_line = 'a'] AND [process:command_line = 'b']";
    let then = "([process:command_line = 'a'] FOLLOWEDBY [process:command_line = 'b']) WITHIN 60 SECONDS";
    let often = "[process:command_line = 'a'] REPEATS 3 TIMES WITHIN 10 SECONDS";
    let day = 86_400;
    for (text, events, expected) in [
        (both, vec![a(1, 0), b(2, 5)], vec![vec![1, 2]]),
        (both, vec![b(1, 0), a(2, 5)], vec![vec![1, 2]]),
        (both, vec![a(1, 0), b(2, 5), b(3, 6), a(4, 7)], vec![vec![1, 2], vec![3, 4]]),
        (both, vec![a(1, 0), b(2, day + 1)], vec![]),
        (both, vec![a(1, 0), a(1, 0)], vec![]),
        (then, vec![b(1, 0), a(2, 5)], vec![]),
        (then, vec![a(1, 0), b(2, 61)], vec![]),
        (then, vec![a(1, 0), b(2, 60)], vec![vec![1, 2]]),
        // What comes late is put where it belongs.
        (then, vec![b(1, 30), a(2, 5)], vec![vec![1, 2]]),
        (often, vec![a(1, 0), a(2, 5), a(3, 11), a(4, 12)], vec![vec![2, 3, 4]]),
    ] {
        let all = found(&watched(&[text]), &events);
        let mut ids: Vec<Vec<u128>> =
            all.iter().map(|one| one.events.iter().map(|id| u128::from_be_bytes(*id.as_bytes())).collect()).collect();
        ids.iter_mut().for_each(|ids| ids.sort_unstable());
        assert_eq!(ids, expected, "{text}");
        for (one, event) in all.iter().zip(&events) {
            assert_ne!(one.events.last(), Some(&event.id), "the completing event stands last");
        }
    }
}

#[test]
fn a_pattern_that_ended_and_one_that_is_named_twice() {
    let mut ended = wanted("[process:pid > 1]");
    ended.until = Some(Timestamp::from_micros(5_000_000));
    let (watched, _) = Watched::new(vec![ended, wanted("[process:pid > 1]"), wanted("[process:pid > 2]")]);
    assert_eq!(watched.len(), 2);
    assert_eq!(found(&watched, &[process(1, 5, "x")]).len(), 2);
    assert_eq!(found(&watched, &[process(1, 6, "x")]).len(), 1);
}

#[test]
fn what_finds_the_common_is_told_only_so_often() {
    let watched = watched(&["[process:pid > 1]"]);
    let (mut memory, home) = (PatternMemory::default(), AgencyId::home());
    let mut told = Vec::new();
    for number in 0..limits::PATTERN_FINDINGS_OF_DAY_MAX as u128 + 5 {
        let mut found = Vec::new();
        watched.look(&process(number, 0, "x"), &Suppression::default(), &mut found);
        told.extend(
            found.into_iter().filter_map(|mut one| (memory.admit(&home, &mut one) != Admitted::No).then_some(one)),
        );
    }
    assert_eq!(told.len(), limits::PATTERN_FINDINGS_OF_DAY_MAX);
    let last = told.last().unwrap().because.last().unwrap().to_string();
    assert_eq!(last, "what one pattern may find in a day: found 100 things on this day; more of the day is not told");
    let mut next = told[0].clone();
    next.time = Timestamp::from_micros(86_400 * 1_000_000);
    assert_eq!(memory.admit(&home, &mut next), Admitted::Yes);
}

#[test]
fn lists_of_harmless_things_cap_what_they_name_and_nothing_else() {
    let mut lists = Lists::default();
    lists.add_plain("ours", "evil.example\n", None).unwrap();
    let suppression = lists.build();
    for (text, is_capped) in [
        ("[domain-name:value LIKE 'evil.%']", true),
        ("[domain-name:value LIKE 'evil.%' AND domain-name:value != 'x']", true),
        ("[url:value LIKE '%.php%']", true),
        ("[url:value LIKE '%.php%' AND url:value NOT = 'x']", true),
        ("[domain-name:value LIKE 'evil.%'] OR [network-traffic:dst_port = 80]", false),
        ("[network-traffic:dst_port = 80 AND network-traffic:dst_ref.value LIKE '192%']", false),
    ] {
        let mut found = Vec::new();
        watched(&[text]).look(&request(1), &suppression, &mut found);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].suppressed_by.as_deref(), is_capped.then_some("ours"), "{text}");
        assert_eq!(found[0].level == Level::Informational, is_capped, "{text}");
    }
}

#[test]
fn an_event_without_what_is_asked_about_is_not_looked_at() {
    let watched = watched(&["[windows-registry-key:key = 'x']"]);
    assert!(!watched.needs.iter().any(|has| has(&process(1, 0, "x").attributes)));
    assert!(watched.needs.iter().any(|has| {
        has(&{
            let mut event = event(1, 0);
            event.attributes.reg_value = Some(Box::default());
            event
        }
        .attributes)
    }));
}

#[test]
fn memory_is_bounded() {
    let watched = watched(&["[process:command_line = 'a'] AND [process:command_line = 'b']"]);
    let mut memory = PatternMemory::default();
    for number in 0..limits::PATTERN_OBSERVATIONS_MAX as u128 + 10 {
        let event = process(number, 0, "a");
        for takes in watched.look(&event, &Suppression::default(), &mut Vec::new()) {
            assert!(memory.observe(&event.agency, &watched, &takes, &event).is_none());
        }
    }
    let kept = serde_json::to_value(&memory).unwrap();
    let kept: usize = kept["seen"].as_object().unwrap().values().map(|seen| seen.as_array().unwrap().len()).sum();
    assert_eq!(kept, limits::PATTERN_OBSERVATIONS_MAX);
}

/// All events at once.
fn at_once(events: &[Event]) -> Observed {
    let (mut objects, mut observations) = (Vec::new(), Vec::new());
    for event in events {
        let one = Observed::of_event(event);
        let from = objects.len();
        let observation = &one.observations()[0];
        objects.extend((0..).map_while(|place| one.object(place).cloned()));
        observations.push(Observation {
            objects: observation.objects.iter().map(|(id, place)| (id.clone(), from + place)).collect(),
            ..observation.clone()
        });
    }
    Observed::of_parts(objects, observations)
}

fn any_pattern() -> impl Strategy<Value = String> {
    let test =
        prop::sample::select(vec!["a", "b", "c"]).prop_map(|letter| format!("[process:command_line = '{letter}']"));
    test.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["AND", "OR", "FOLLOWEDBY"]), inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            inner.clone().prop_map(|inner| format!("({inner} REPEATS 2 TIMES)")),
            inner.clone().prop_map(|inner| format!("({inner} WITHIN 2 SECONDS)")),
            inner.prop_map(|inner| { format!("({inner} START t'1970-01-01T00:00:02Z' STOP t'1970-01-01T00:00:06Z')") }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_first_match_comes_with_the_event_that_completes_it(
        text in any_pattern(),
        letters in prop::collection::vec((prop::sample::select(vec!["a", "b", "c", "d"]), 0..10i64), 1..8),
    ) {
        let mut letters = letters;
        letters.sort_by_key(|(_, at)| *at);
        let events: Vec<Event> =
            (1u128..).zip(&letters).map(|(number, (letter, at))| process(number, *at, letter)).collect();
        let pattern = Pattern::parse(&text).unwrap();
        let first = (1..=events.len()).find(|upto| pattern.judge(&at_once(&events[..*upto])).unwrap().is_some());
        let told = found(&watched(&[&text]), &events);
        let told = told.first().map(|one| *one.events.last().unwrap());
        prop_assert_eq!(told, first.map(|upto| events[upto - 1].id), "{} {:?}", text, letters);
    }

    #[test]
    fn an_event_is_one_observation_whatever_it_holds(number in any::<u128>(), command in ".{0,40}") {
        let observed = Observed::of_event(&process(number, 0, &command));
        prop_assert_eq!(observed.len(), 1);
    }
}
