use std::time::Duration;

use model::limits::{PROBE_BLOCKS_MAX, PROBE_VANTAGES_MAX};
use model::probe::{
    CertificateFacts, Check, DataFacts, DataForm, DnsCode, DnsFacts, Failure, FieldFacts, HttpFacts, PageFacts,
    PageHost, PagePart, Placed, Stage,
};
use proptest::prelude::*;
use testkit::random::Random;

use super::*;

/// A watcher with a clock of five-minute steps.
struct Bench {
    watcher: Watcher,
    expected: Expected,
    now: Timestamp,
    random: Random,
}

impl Bench {
    fn new(expected: Expected) -> Self {
        let expected = Expected { host: "www.city.example".to_owned(), ..expected };
        let now = Timestamp::parse("2026-11-02T00:00:00Z").unwrap();
        Bench { watcher: Watcher::default(), expected, now, random: Random::new(7) }
    }

    fn look_from(&mut self, vantage: &str, outcome: Outcome) -> Vec<String> {
        let check = match outcome {
            Outcome::Dns(_) => Check::Dns,
            Outcome::Certificate(_) => Check::Certificate,
            Outcome::Page(_) => Check::Content,
            Outcome::Data(_) => Check::Data,
            _ => Check::Http,
        };
        let seen = Observation {
            probe: "portal".to_owned(),
            service: "welfare-portal".to_owned(),
            check,
            time: self.now,
            vantage: vantage.to_owned(),
            outcome,
        };
        self.watcher.observe(&seen, &self.expected).iter().map(shown).collect()
    }

    fn look(&mut self, outcome: Outcome) -> Vec<String> {
        self.now = self.now.plus(Duration::from_secs(300));
        self.look_from("node-1", outcome)
    }

    /// Looks again and again; all that turned.
    fn looks(&mut self, times: usize, mut outcome: impl FnMut(&mut Random) -> Outcome) -> Vec<String> {
        let mut turns = Vec::new();
        for _ in 0..times {
            let outcome = outcome(&mut self.random);
            turns.extend(self.look(outcome));
        }
        turns
    }
}

fn shown(turn: &Turn) -> String {
    match turn {
        Turn::Began { problem, detection, .. } => {
            assert_eq!(detection.subject.as_deref(), Some("welfare-portal"));
            let because: Vec<String> = detection.because.iter().map(ToString::to_string).collect();
            format!("began {problem} {}: {}", detection.level, because.join("; "))
        }
        Turn::Ended(ended) => format!("ended {} {}", ended.problem, ended.words),
    }
}

/// Exactly these turned, each by how it begins.
#[track_caller]
fn check(found: &[String], expected: &[&str]) {
    let fits =
        found.len() == expected.len() && found.iter().zip(expected).all(|(found, begin)| found.starts_with(begin));
    assert!(fits, "{found:#?}, expected {expected:?}");
}

fn answer(status: u16, total_us: u64) -> Outcome {
    Outcome::Http(HttpFacts { status, total_us, first_byte_us: total_us / 2, ..HttpFacts::default() })
}

fn silence() -> Outcome {
    Outcome::Failed(Failure { at: Stage::Connect, words: "cannot connect".to_owned() })
}

#[test]
fn down_is_told_once_and_its_end_too() {
    let mut bench = Bench::new(Expected::default());
    check(&bench.looks(20, |_| answer(200, 90_000)), &[]);
    check(&bench.looks(2, |_| answer(503, 5_000)), &[]);
    check(&bench.looks(2, |_| answer(200, 90_000)), &[]);
    let told = bench.looks(30, |_| answer(503, 5_000));
    check(
        &told,
        &["began down high: 3 of the last 4 looks from node-1 failed: it answers 503; nobody looked at a control"],
    );
    assert_eq!(bench.watcher.standing().len(), 1);
    check(&bench.looks(10, |_| answer(200, 90_000)), &["ended down Service is down: it is over after 145 minutes"]);
    assert!(bench.watcher.standing().is_empty());
}

#[test]
fn what_says_nothing_about_the_service() {
    let ours = || Outcome::Failed(Failure { at: Stage::Ours, words: "private".to_owned() });
    let mut bench = Bench::new(Expected::default());
    check(&bench.looks(20, |_| ours()), &[]);
    check(&bench.looks(20, |_| answer(429, 1)), &[]);
    let mut bench = Bench::new(Expected { statuses: vec![401], ..Expected::default() });
    check(&bench.looks(20, |_| answer(401, 1)), &[]);
    check(&bench.looks(4, |_| answer(200, 1)), &["began down"]);
}

#[test]
fn planned_work_silences_down() {
    let now = Bench::new(Expected::default()).now;
    let planned = vec![Window { from: now, until: now.plus(Duration::from_secs(3_600)) }];
    let mut bench = Bench::new(Expected { planned, ..Expected::default() });
    check(&bench.looks(11, |_| silence()), &[]);
    check(&bench.looks(4, |_| silence()), &["began down"]);
}

#[test]
fn our_own_line_is_told_apart() {
    let expected = Expected { control: Some("control".to_owned()), ..Expected::default() };
    let mut bench = Bench::new(expected);
    let control = |bench: &mut Bench, outcome: Outcome| {
        let seen = Observation {
            probe: "control".to_owned(),
            service: "welfare-portal".to_owned(),
            check: Check::Http,
            time: bench.now,
            vantage: "node-1".to_owned(),
            outcome,
        };
        let expected = Expected { is_control: true, ..Expected::default() };
        bench.watcher.observe(&seen, &expected).iter().map(shown).collect::<Vec<_>>()
    };
    let mut turns = Vec::new();
    for _ in 0..12 {
        turns.extend(control(&mut bench, silence()));
        turns.extend(bench.look(silence()));
    }
    check(&turns, &["began our-line medium"]);
    turns.clear();
    for _ in 0..6 {
        turns.extend(control(&mut bench, answer(204, 9_000)));
        turns.extend(bench.look(silence()));
    }
    check(
        &turns,
        &[
            "ended our-line",
            "began down high: 3 of the last 4 looks from node-1 failed: cannot connect; the control target answers",
        ],
    );
}

#[test]
fn places_that_disagree() {
    let mut bench = Bench::new(Expected::default());
    let mut turns = Vec::new();
    for _ in 0..8 {
        turns.extend(bench.look(silence()));
        turns.extend(bench.look_from("node-2", answer(200, 1_000)));
    }
    check(&turns, &["began partly-down medium"]);
    for at in 0..PROBE_VANTAGES_MAX + 4 {
        bench.look_from(&format!("far-{at}"), answer(200, 1_000));
    }
    assert_eq!(bench.watcher.probes["portal"].reach.vantages.len(), PROBE_VANTAGES_MAX);
}

/// Slow by day, fast by night, with a long tail.
fn took(random: &mut Random, now: Timestamp) -> u64 {
    let is_day = (7..19).contains(&(now.as_micros() / 3_600_000_000 % 24));
    let base = if is_day { 400_000 } else { 80_000 };
    base + random.between(0, base) + if random.chance(1, 50) { random.between(0, 3_000_000) } else { 0 }
}

#[test]
fn slow_is_against_the_same_hour() {
    let mut bench = Bench::new(Expected::default());
    for _ in 0..3 * 2_016 {
        let us = took(&mut bench.random, bench.now);
        check(&bench.look(answer(200, us)), &[]);
    }
    // Half past midnight: what is usual by day is slow by night.
    check(&bench.looks(6, |random| answer(200, 900_000 + random.between(0, 100_000))), &["began slow medium: 0."]);
    check(&bench.looks(6, |_| answer(200, 100_000)), &["ended slow"]);
    let mut bench = Bench::new(Expected { slow_us: Some(2_000_000), ..Expected::default() });
    check(
        &bench.looks(6, |_| answer(200, 2_500_000)),
        &["began slow medium: 2.500 s until the whole answer; at most 2.000 s"],
    );
}

fn certificate(serial: u8, issuer: &str, days: (i64, i64), now: Timestamp) -> CertificateFacts {
    let at = |days: i64| Timestamp::from_micros(now.as_micros() + days * 86_400_000_000);
    CertificateFacts {
        fingerprint: format!("{serial:064x}"),
        key: format!("{serial:064x}"),
        issuer: issuer.to_owned(),
        not_before: at(days.0),
        not_after: at(days.1),
        names: vec!["www.city.example".to_owned()],
        is_for_name: true,
        distrust: None,
    }
}

#[test]
fn certificates() {
    const OURS: &str = "CN=R11,O=Let's Encrypt,C=US";
    let run = |last: (i64, i64), next: CertificateFacts, expected: Expected| {
        let mut bench = Bench::new(expected);
        let first = certificate(1, OURS, last, bench.now);
        bench.looks(5, |_| Outcome::Certificate(first.clone()));
        bench.looks(5, |_| Outcome::Certificate(next.clone()))
    };
    let now = Bench::new(Expected::default()).now;
    let none = Expected::default;
    let other = certificate(2, "CN=X1,O=Cheap Certificates,C=XX", (-1, 89), now);
    check(&run((-60, 30), certificate(2, "CN=R12,O=Let's Encrypt,C=US", (-1, 89), now), none()), &[]);
    check(&run((-60, 30), other.clone(), none()), &["began certificate-changed medium: a new certificate"]);
    check(&run((-5, 85), other.clone(), none()), &["began certificate-changed high"]);
    check(&run((-5, 85), certificate(2, OURS, (-1, 89), now), none()), &["began certificate-changed low"]);
    let pinned = Expected { keys: vec![format!("{:064x}", 2)], ..Expected::default() };
    check(&run((-5, 85), other, pinned), &["ended certificate-changed"]);
    let wrong = CertificateFacts { is_for_name: false, ..certificate(1, OURS, (-5, 85), now) };
    check(&run((-5, 85), wrong, none()), &["began certificate high: it is for www.city.example, not for"]);
    let distrusted =
        CertificateFacts { distrust: Some("unknown issuer".to_owned()), ..certificate(1, OURS, (-5, 85), now) };
    check(&run((-5, 85), distrusted, none()), &["began certificate high: no authority"]);
    check(&run((-5, 85), certificate(1, OURS, (-80, 10), now), none()), &["began certificate-ends medium"]);
    check(&run((-5, 85), certificate(1, OURS, (-88, 2), now), none()), &["began certificate-ends high"]);
    // Six days long, renewed after four: nothing ends.
    check(&run((-3, 3), certificate(1, OURS, (-3, 3), now), none()), &[]);
    check(&run((-5, 85), certificate(1, OURS, (-90, -1), now), none()), &["began certificate high: it ended at"]);
}

fn name(answers: &[&str]) -> Outcome {
    Outcome::Dns(DnsFacts {
        server: "192.0.2.53".to_owned(),
        code: DnsCode::NoError,
        answers: answers.iter().map(|answer| (*answer).to_owned()).collect(),
        ..DnsFacts::default()
    })
}

#[test]
fn names() {
    let mut bench = Bench::new(Expected::default());
    check(&bench.looks(30, |_| name(&["198.51.100.7", "2001:db8::7"])), &[]);
    check(&bench.looks(3, |_| name(&["198.51.100.9"])), &[]);
    check(
        &bench.looks(3, |_| name(&["203.0.113.66"])),
        &["began name-changed high: www.city.example now leads to 203.0.113.66"],
    );
    check(&bench.looks(3, |_| name(&["198.51.100.7"])), &["ended name-changed"]);
    let dead = |code| Outcome::Dns(DnsFacts { server: "192.0.2.53".to_owned(), code, ..DnsFacts::default() });
    check(
        &bench.looks(5, |_| dead(DnsCode::NoSuchName)),
        &["began name-fails high: 192.0.2.53 says of www.city.example: no such name"],
    );
    // A network of caches that answers from everywhere is not judged by its past.
    let mut bench = Bench::new(Expected::default());
    let found =
        bench.looks(400, |random| name(&[&format!("{}.{}.1.1", random.between(1, 220), random.between(0, 255))]));
    check(&found, &[]);
    let mut bench = Bench::new(Expected { answers: vec!["198.51.100.0/24".to_owned()], ..Expected::default() });
    check(&bench.looks(2, |_| name(&["198.51.101.1"])), &["began name-changed high"]);
}

#[test]
fn redirects() {
    let mut bench = Bench::new(Expected { hosts: vec!["login.state.example".to_owned()], ..Expected::default() });
    let to = |hosts: &[&str], is_downgraded| {
        let redirects = hosts.iter().map(|host| (*host).to_owned()).collect();
        Outcome::Http(HttpFacts { status: 200, total_us: 1, redirects, is_downgraded, ..HttpFacts::default() })
    };
    check(&bench.looks(10, |_| to(&["usual-partner.example"], false)), &[]);
    check(&bench.looks(3, |_| to(&["city.example", "login.state.example", "usual-partner.example"], false)), &[]);
    check(
        &bench.looks(3, |_| to(&["evil.example"], false)),
        &["began redirected high: www.city.example sends people to evil.example"],
    );
    check(&bench.looks(3, |_| to(&[], false)), &["ended redirected"]);
    check(&bench.looks(3, |_| to(&[], true)), &["began redirected high: on the way"]);
}

const WORDS: &[&str] = &[
    "office", "permit", "council", "street", "library", "school", "garden", "waste", "bridge", "market", "theatre",
    "ticket", "form", "fee", "family", "harbour", "tram", "festival", "winter", "road", "meeting", "mayor", "water",
    "power",
];

fn sentence(random: &mut Random, words: usize) -> String {
    (0..words).map(|_| *random.pick(WORDS)).collect::<Vec<_>>().join(" ")
}

/// A town's front page: what stays, five headlines of twenty that take turns, a date and a counter of visitors.
fn front_page(random: &mut Random) -> PageFacts {
    let mut fixed = Random::new(99);
    let mut blocks: Vec<String> = (0..30).map(|_| sentence(&mut fixed, 8)).collect();
    for _ in 0..5 {
        blocks.push(sentence(random, 9));
    }
    blocks.push(format!(
        "Today is the {}. November 2026, {} visitors",
        random.between(1, 30),
        random.between(1, 90_000)
    ));
    let hosts = ["", "cdn.example"].map(|host| PageHost { part: PagePart::Script, host: host.to_owned() });
    PageFacts { title: format!("City ({} news)", random.between(0, 50)), blocks, hosts: hosts.to_vec(), bytes: 20_000 }
}

fn page(facts: PageFacts) -> Outcome {
    Outcome::Page(facts)
}

#[test]
fn what_changes_by_nature_is_no_defacement() {
    let mut bench = Bench::new(Expected::default());
    check(&bench.looks(2_000, |random| page(front_page(random))), &[]);
}

#[test]
fn defaced() {
    let learnt = || {
        let mut bench = Bench::new(Expected::default());
        bench.looks(50, |random| page(front_page(random)));
        bench
    };
    let deface = |title: &str, text: &str| PageFacts {
        title: title.to_owned(),
        blocks: vec![text.to_owned(), "greetings to all my friends".to_owned()],
        ..PageFacts::default()
    };
    let mut bench = learnt();
    check(
        &bench.looks(9, |_| page(deface("H4ck3d by x", "H4ck3d by x, your security is low"))),
        &["began defaced critical"],
    );
    check(&bench.looks(9, |random| page(front_page(random))), &["ended defaced"]);
    // A language that no list has, and the title kept.
    check(&learnt().looks(3, |_| page(deface("City (3 news)", "zzz yyy xxx"))), &["began defaced high"]);
    // Only one look: a server in the middle of a change.
    check(&learnt().looks(1, |_| page(deface("x", "hacked by x"))), &[]);
    // One sentence smuggled in among what is usual.
    let smuggled = |random: &mut Random| {
        let mut facts = front_page(random);
        facts.blocks.push("Hacked by nobody".to_owned());
        page(facts)
    };
    check(&learnt().looks(3, smuggled), &["began defaced medium: it says \"hacked by\""]);
    // The owner's new design: told, once, as less.
    let redesigned = |_: &mut Random| {
        let mut fixed = Random::new(5);
        let blocks = (0..40).map(|_| sentence(&mut fixed, 8)).collect();
        page(PageFacts { title: "City (1 news)".to_owned(), blocks, ..PageFacts::default() })
    };
    let mut bench = learnt();
    check(&bench.looks(50, redesigned), &["began defaced medium"]);
    let now = bench.now;
    let accepted = bench.watcher.accept("portal", Problem::Defaced, now).map(|turn| shown(&turn));
    assert!(accepted.is_some_and(|words| words.contains("somebody said")));
    check(&bench.looks(50, redesigned), &[]);
    // The first look at a page that is defaced already.
    let mut bench = Bench::new(Expected::default());
    check(&bench.looks(2, |_| page(deface("x", "Bu site x tarafından hacklendi"))), &["began defaced medium"]);
    // A page that always wrote about such things.
    let police = |random: &mut Random| {
        let mut facts = front_page(random);
        facts.blocks.push("What to do when you have been hacked".to_owned());
        page(facts)
    };
    let mut bench = learnt();
    let now = bench.now;
    check(&bench.looks(2, police), &["began defaced"]);
    bench.watcher.accept("portal", Problem::Defaced, now);
    check(&bench.looks(60, police), &[]);
    // What it always says is missing.
    bench.expected.text = Some("What  to DO when".to_owned());
    check(&bench.looks(3, police), &[]);
    bench.expected.text = Some("Opening hours".to_owned());
    check(&bench.looks(3, police), &["began defaced medium: the words that it always has are missing"]);
}

#[test]
fn foreign_parts() {
    let mut bench = Bench::new(Expected { hosts: vec!["maps.example".to_owned()], ..Expected::default() });
    bench.looks(50, |random| page(front_page(random)));
    let with = |part: PagePart, host: &str| {
        let entry = PageHost { part, host: host.to_owned() };
        move |random: &mut Random| {
            let mut facts = front_page(random);
            facts.hosts.push(entry.clone());
            page(facts)
        }
    };
    check(&bench.looks(3, with(PagePart::Script, "static.city.example")), &[]);
    check(&bench.looks(3, with(PagePart::Frame, "eu.maps.example")), &[]);
    check(
        &bench.looks(3, with(PagePart::Script, "evil.example")),
        &["began foreign-part medium: a script of evil.example"],
    );
    check(&bench.looks(3, |random| page(front_page(random))), &["ended foreign-part"]);
    check(
        &bench.looks(3, with(PagePart::Form, "evil.example")),
        &["began foreign-part high: what people type goes to"],
    );
}

/// A map of closures: the same things each time, one value that changes.
fn closures(random: &mut Random, now: Timestamp) -> DataFacts {
    let mut fixed = Random::new(3);
    let place = |at: u64, fixed: &mut Random| Placed {
        hash: at * 1_000,
        latitude_e6: 48_000_000 + fixed.between(0, 100_000) as i32,
        longitude_e6: 11_000_000 + fixed.between(0, 100_000) as i32,
    };
    let places: Vec<Placed> = (0..40).map(|at| place(at, &mut fixed)).collect();
    let field =
        |name: &str, least, greatest| FieldFacts { name: name.to_owned(), filled: 40, numbers: 40, least, greatest };
    DataFacts {
        form: DataForm::GeoJson,
        hash: random.hex(64),
        bytes: 9_000,
        rows: 38 + random.between(0, 5),
        fields: vec![
            field("delay", Some(0.0), Some(random.between(0, 600) as f64)),
            field("lanes", Some(1.0), Some(4.0)),
        ],
        newest: Some(Timestamp::from_micros(now.as_micros() - random.between(0, 600_000_000) as i64)),
        places,
        faults: Vec::new(),
        faults_count: 0,
    }
}

#[test]
fn tampered_data() {
    let learnt = |expected: Expected| {
        let mut bench = Bench::new(expected);
        for _ in 0..60 {
            let facts = closures(&mut bench.random, bench.now);
            check(&bench.look(Outcome::Data(facts)), &[]);
        }
        bench
    };
    let run = |expected: Expected, change: &dyn Fn(&mut DataFacts)| {
        let mut bench = learnt(expected);
        let mut turns = Vec::new();
        for _ in 0..3 {
            let mut facts = closures(&mut bench.random, bench.now);
            change(&mut facts);
            turns.extend(bench.look(Outcome::Data(facts)));
        }
        turns
    };
    let none = Expected::default;
    check(&run(none(), &|_| {}), &[]);
    check(&run(none(), &|facts| facts.rows = 4), &["began tampered medium: 4 rows"]);
    check(&run(none(), &|facts| facts.rows = 0), &["began tampered medium: 0 rows"]);
    check(&run(none(), &|facts| facts.rows = 130), &["began tampered medium: 130 rows"]);
    check(
        &run(none(), &|facts| facts.form = DataForm::Unreadable),
        &["began tampered medium: it is nothing readable, until"],
    );
    check(
        &run(none(), &|facts| facts.fields.truncate(1)),
        &["began tampered medium: fields that always had values have none: lanes"],
    );
    check(
        &run(none(), &|facts| facts.fields[1].numbers = 0),
        &["began tampered medium: fields that always had numbers"],
    );
    check(
        &run(none(), &|facts| facts.fields[1].greatest = Some(90.0)),
        &["began tampered medium: lanes is 90; until now"],
    );
    check(&run(none(), &|facts| facts.places[7].latitude_e6 += 50_000), &["began tampered medium: 1 of 40 things"]);
    check(&run(none(), &|facts| facts.places[7].latitude_e6 += 50), &[]);
    check(&run(none(), &|facts| facts.faults_count = 9), &["began tampered medium: 9 contradictions"]);
    let said = Expected { hash: Some("ab".repeat(32)), ..none() };
    let mut bench = Bench::new(said);
    let facts = closures(&mut Random::new(1), bench.now);
    check(&bench.looks(2, |_| Outcome::Data(facts.clone())), &["began tampered high: its SHA-256 is"]);
    let ranged = |least| vec![FieldRange { name: "lanes".to_owned(), least, greatest: 4.0 }];
    let mut bench = Bench::new(Expected { fields: ranged(2.0), ..none() });
    check(&bench.looks(2, |_| Outcome::Data(facts.clone())), &["began tampered medium: lanes is 1, it must be 2 to 4"]);
}

#[test]
fn stale_data() {
    let mut bench = Bench::new(Expected::default());
    let first = bench.now;
    for _ in 0..60 {
        let facts = closures(&mut bench.random, bench.now);
        check(&bench.look(Outcome::Data(facts)), &[]);
    }
    let facts = closures(&mut bench.random, bench.now);
    let found = bench.looks(40, |_| Outcome::Data(facts.clone()));
    check(&found, &["began stale low: the newest entry is 2 hours old"]);
    let mut bench = Bench::new(Expected { stale_after_seconds: Some(600), ..Expected::default() });
    let facts = DataFacts { newest: Some(first.minus(Duration::from_secs(900))), ..facts };
    check(&bench.looks(2, |_| Outcome::Data(facts.clone())), &["began stale low"]);
}

#[test]
fn the_same_looks_give_the_same_bytes_and_a_restart_changes_nothing() {
    let run = |restarts: bool| {
        let mut bench = Bench::new(Expected::default());
        for at in 0..300 {
            let facts = front_page(&mut bench.random);
            bench.look(page(facts));
            bench.look(answer(200, 50_000 + at * 100));
            if restarts && at % 70 == 0 {
                let memory = bench.watcher.memory("portal").unwrap().unwrap();
                bench.watcher = Watcher::default();
                bench.watcher.recall("portal", &memory).unwrap();
            }
            if restarts && at % 50 == 0 {
                bench.watcher = Watcher::restore(&bench.watcher.snapshot().unwrap()).unwrap();
            }
        }
        bench.watcher.snapshot().unwrap()
    };
    assert_eq!(run(false), run(true));
    assert!(run(false).len() < 64 * 1024, "{} bytes for one probe", run(false).len());
    assert!(Watcher::restore(b"{\"probes\":1}").is_err());
}

#[test]
fn words_of_others_are_short_and_in_one_line() {
    use model::limits::PROBE_WORDS_BYTES_MAX;
    assert_eq!(words("a\nb\u{7}"), "a b ");
    let long = words(&"é".repeat(PROBE_WORDS_BYTES_MAX));
    assert!(long.len() <= PROBE_WORDS_BYTES_MAX + '…'.len_utf8() && long.ends_with('…'));
}

#[test]
fn memory_is_bounded() {
    let mut bench = Bench::new(Expected::default());
    let many = |random: &mut Random| {
        let blocks = (0..PROBE_BLOCKS_MAX * 3).map(|_| sentence(random, 4)).collect();
        page(PageFacts { blocks, ..PageFacts::default() })
    };
    bench.looks(60, many);
    let probe = &bench.watcher.probes["portal"];
    assert!(serde_json::to_vec(&probe.page).unwrap().len() < 64 * 1024);
    for at in 0..PROBES_WATCHED_MAX + 3 {
        let seen = Observation {
            probe: format!("p{at}"),
            service: "s".to_owned(),
            check: Check::Http,
            time: bench.now,
            vantage: "n".to_owned(),
            outcome: answer(429, 0),
        };
        bench.watcher.observe(&seen, &Expected::default());
    }
    assert_eq!((bench.watcher.probes.len(), bench.watcher.refused()), (PROBES_WATCHED_MAX, 4));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(title in ".{0,40}", blocks in prop::collection::vec(".{0,60}", 0..20), host in ".{0,20}") {
        let mut watcher = Watcher::default();
        let hosts = vec![PageHost { part: PagePart::Script, host }];
        let facts = PageFacts { title, blocks, hosts, bytes: 1 };
        for at in 0..15 {
            let seen = Observation {
                probe: "p".to_owned(), service: "s".to_owned(), check: Check::Content,
                time: Timestamp::from_millis(at), vantage: "v".to_owned(), outcome: Outcome::Page(facts.clone()),
            };
            watcher.observe(&seen, &Expected::default());
        }
    }
}
