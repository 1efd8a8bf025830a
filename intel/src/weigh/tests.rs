//! Promises about weights.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Confidence, Credibility, Explained, IndicatorKind, Level, Marking, Pap, SourceId, Timestamp, Tlp};
use proptest::prelude::*;

use super::*;
use crate::blast::BlastReason;
use crate::decay::DecayModel;
use crate::rules::{Rules, WeighRules};
use crate::trust::Feedback;
use crate::voices::Voices;

const DAY: u64 = 86_400;
static PASSED: Explained<bool, BlastReason> = Explained { value: true, because: Vec::new() };

fn at(day: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(day * DAY))
}

fn id(name: &str) -> SourceId {
    SourceId::parse(name).unwrap()
}

/// A city with sources `s0` … `s5` of falling weight, a trusted one, and one that nobody knows.
struct City {
    sources: BTreeMap<SourceId, Source>,
    voices: Voices,
    decay: DecayModel,
    about: About,
    rules: WeighRules,
}

impl City {
    fn new() -> Self {
        let of = |percent, origin| Source { weight: Weight::of_percent(percent), origin };
        let mut sources: BTreeMap<SourceId, Source> =
            (0..6).map(|n| (id(&format!("s{n}")), of(90 - 10 * n, Origin::Known))).collect();
        sources.insert(id("cert"), of(95, Origin::Trusted));
        sources.insert(id("report"), of(95, Origin::Anonymous));
        let about = About {
            sectors: vec!["government".into()],
            regions: vec!["DE".into()],
            technologies: vec!["fortios".into()],
        };
        let rules = Rules::default().weigh;
        City { sources, voices: Voices::default(), decay: DecayModel::default(), about, rules }
    }

    fn weigh(&self, evidence: &Evidence<'_>) -> Explained<Weighed, WeighReason> {
        let setting = Setting {
            sources: &self.sources,
            voices: &self.voices,
            decay: &self.decay,
            city: &self.about,
            rules: &self.rules,
        };
        weigh(evidence, &setting, at(100))
    }

    fn percent(&self, claims: &[Claim]) -> u8 {
        self.weigh(&evidence(claims)).value.confidence.percent()
    }
}

fn claim(source: &str, stated: u8) -> Claim {
    Claim {
        source: id(source),
        label: "malware/x".into(),
        stated: Confidence::new(stated).unwrap(),
        credibility: None,
        level: Level::High,
        vouched: at(100),
        until: None,
        withdrawn: None,
        marking: Marking { tlp: Tlp::Green, pap: Pap::Clear },
        about: About::default(),
    }
}

fn evidence(claims: &[Claim]) -> Evidence<'_> {
    Evidence {
        kind: IndicatorKind::Ipv4,
        value: "198.51.100.7",
        claims,
        feedback: &[],
        listed: &[],
        own_asset: None,
        blast: Some(&PASSED),
    }
}

fn said(outcome: Outcome, by: &str, day: u64) -> Feedback {
    Feedback { at: at(day), outcome, by: by.into() }
}

fn sentences(because: &[WeighReason]) -> String {
    because.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn noisy_or_over_independent_voices() {
    let mut city = City::new();
    assert_eq!(city.percent(&[]), 0);
    // 0.8 × 0.9
    assert_eq!(city.percent(&[claim("s0", 80)]), 72);
    // 1 − (1 − 0.72)(1 − 0.8 × 0.8)
    assert_eq!(city.percent(&[claim("s0", 80), claim("s1", 80)]), 90);
    city.voices.join(&id("s0"), &id("s1"));
    assert_eq!(city.percent(&[claim("s0", 80), claim("s1", 80)]), 72, "who copies adds nothing");
    // A grade, and age: 0.8 × 0.75 × 0.9 × 0.5.
    let old = Claim { credibility: Some(Credibility::ProbablyTrue), vouched: at(70), ..claim("s0", 80) };
    assert_eq!(city.percent(&[old]), 27);
}

#[test]
fn one_feed_is_not_believed_beyond_its_cap() {
    let city = City::new();
    let many: Vec<Claim> = (0..50).map(|n| Claim { label: format!("l{n}"), ..claim("cert", 100) }).collect();
    let found = city.weigh(&evidence(&many));
    assert_eq!(found.value.confidence.percent(), 85);
    assert!(sentences(&found.because).contains("cert alone is not believed further than 0.85"));
}

#[test]
fn ended_and_withdrawn_claims_are_gone() {
    let city = City::new();
    let gone = Claim { withdrawn: Some(at(99)), ..claim("s0", 80) };
    let ended = Claim { until: Some(at(100)), ..claim("s1", 80) };
    let found = city.weigh(&evidence(&[gone.clone(), ended]));
    assert_eq!((found.value.confidence.percent(), found.value.detecting), (0, Detecting::No));
    let words = sentences(&found.because);
    assert!(words.contains("s0 took it back at 1970-04-10T00:00:00Z"), "{words}");
    assert!(words.contains("s1 let it end") && words.contains("nobody vouches for it any more"), "{words}");
    assert_eq!(city.percent(&[Claim { withdrawn: Some(at(101)), ..gone }]), 72, "not yet");
}

#[test]
fn sightings_reset_the_clock_and_false_ones_take_away() {
    let city = City::new();
    let claims = [Claim { vouched: at(0), ..claim("s0", 80) }];
    let with =
        |feedback: &[Feedback]| city.weigh(&Evidence { feedback, ..evidence(&claims) }).value.confidence.percent();
    let old = with(&[]);
    assert!(old < 10, "{old}");
    assert_eq!(with(&[said(Outcome::Confirmed, "a", 100)]), 72);
    assert_eq!(with(&[said(Outcome::FalseAlarm, "a", 100)]), (f64::from(old) * 2.0 / 3.0).round() as u8);
    // (2 + 1) / (2 + 1 + 2): one person's hundred false alarms are two.
    let mut feedback = vec![said(Outcome::Confirmed, "a", 100)];
    feedback.extend((0..100).map(|_| said(Outcome::FalseAlarm, "b", 100)));
    assert_eq!(with(&feedback), 43);
}

#[test]
fn blocking_asks_for_more() {
    let city = City::new();
    let two = [claim("s0", 80), claim("s1", 80)];
    let secret = |n: &str| Claim { marking: Marking { tlp: Tlp::Green, pap: Pap::Amber }, ..claim(n, 80) };
    let listed = [Listed { effect: ListEffect::Label, list: "Top 1000".into() }];
    let failed = Explained { value: false, because: vec![BlastReason::ManyMachines { machines: 40, most: 3 }] };
    let check = |evidence: Evidence<'_>, expected: &str| {
        let found = city.weigh(&evidence).value;
        let words = sentences(&found.blocking.because);
        assert_eq!(found.blocking.value, expected.starts_with("sure enough"), "{words}");
        assert!(words.contains(expected), "{expected}: {words}");
    };
    check(evidence(&two), "sure enough, by 2 voices");
    check(evidence(&two[..1]), "1 independent voice, 2 are needed");
    check(evidence(&[claim("cert", 80)]), "sure enough, by 1 voices");
    check(evidence(&[claim("s4", 50), claim("s5", 50)]), "40 % sure, 75 % are needed");
    check(evidence(&[claim("report", 100), claim("stranger", 100)]), "only people who are not known say so");
    check(evidence(&[claim("report", 100), claim("s0", 80)]), "1 independent voice, 2 are needed");
    check(evidence(&[secret("s0"), claim("s1", 80)]), "marked PAP:AMBER: the attacker must not notice");
    check(evidence(&[secret("s5"), two[0].clone(), two[1].clone()]), "sure enough, by 2 voices");
    check(Evidence { listed: &listed, ..evidence(&two) }, "Top 1000 names it as harmless: said, and never blocked");
    check(Evidence { own_asset: Some("198.51.100.0/24"), ..evidence(&two) }, "it is our own: 198.51.100.0/24");
    check(Evidence { blast: None, ..evidence(&two) }, "not yet tried on past traffic");
    check(Evidence { blast: Some(&failed), ..evidence(&two) }, "40 machines here had to do with it, more than 3");
}

#[test]
fn lists_label_cap_count_and_refuse() {
    let city = City::new();
    let two = [claim("s0", 80), claim("s1", 80)];
    let check = |effect, expected: (u8, Level, Detecting)| {
        let listed = [Listed { effect, list: "l".into() }, Listed { effect: ListEffect::Label, list: "m".into() }];
        let found = city.weigh(&Evidence { listed: &listed, ..evidence(&two) }).value;
        assert_eq!((found.confidence.percent(), found.level, found.detecting), expected, "{effect:?}");
        assert!(!found.blocking.value);
    };
    check(ListEffect::Label, (90, Level::High, Detecting::Alert));
    check(ListEffect::Cap, (40, Level::Informational, Detecting::Alert));
    check(ListEffect::Count, (40, Level::Informational, Detecting::Count));
    check(ListEffect::Refuse, (40, Level::Informational, Detecting::No));
}

#[test]
fn who_lists_what_is_ours_tells_us_something() {
    let city = City::new();
    let weak = [Claim { level: Level::Informational, ..claim("s5", 20) }];
    let found = city.weigh(&Evidence { own_asset: Some("stadt.example"), ..evidence(&weak) });
    assert_eq!((found.value.detecting, found.value.level), (Detecting::Targeted, Level::Medium));
    assert!(!found.value.blocking.value);
    assert!(
        sentences(&found.because).contains("it is our own: stadt.example; somebody has to look, nothing is blocked")
    );
    let none = city.weigh(&Evidence { own_asset: Some("stadt.example"), ..evidence(&[]) });
    assert_eq!(none.value.detecting, Detecting::No, "nobody lists it");
}

#[test]
fn what_concerns_us_ranks_first() {
    let city = City::new();
    let rank = |about: About| city.weigh(&evidence(&[Claim { about, ..claim("s0", 80) }])).value.rank;
    let about = |sectors: &[&str], regions: &[&str], technologies: &[&str]| {
        let all = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        About { sectors: all(sectors), regions: all(regions), technologies: all(technologies) }
    };
    let none = rank(about(&["finance"], &["FR"], &["ios"]));
    assert_eq!(none, rank(About::default()));
    let sector = rank(about(&["Government", "finance"], &[], &[]));
    let all = rank(about(&["local government"], &["de-by"], &["Fortinet FortiOS 7.2"]));
    assert!(none < sector && sector < all, "{none} {sector} {all}");
    // 1000 × 0.72 × 4/5
    assert_eq!(all, 576);
}

#[test]
fn a_loud_voice_among_calm_ones_does_not_set_the_level() {
    let city = City::new();
    let calm = |n: &str| Claim { level: Level::Low, ..claim(n, 80) };
    let loud = Claim { level: Level::Critical, ..claim("s5", 90) };
    let level = |claims: &[Claim]| city.weigh(&evidence(claims)).value.level;
    assert_eq!(level(&[calm("s0"), calm("s1"), loud.clone()]), Level::Low);
    assert_eq!(level(&[loud]), Level::Critical);
}

#[test]
fn the_surest_claims_are_weighed_when_there_are_too_many() {
    let mut many = vec![claim("s0", 10); limits::WEIGH_CLAIMS_MAX];
    many.push(claim("s1", 90));
    let found = City::new().weigh(&evidence(&many));
    let said = found.because.iter().filter(|reason| matches!(reason, WeighReason::Said { .. })).count();
    assert_eq!((said, found.value.voices.len()), (limits::WEIGH_CLAIMS_MAX, 2));
}

fn some_claim() -> impl Strategy<Value = Claim> {
    let source = prop_oneof![(0u8..6).prop_map(|n| format!("s{n}")), Just("cert".into()), Just("report".into())];
    (source, 0u8..=100, 0usize..7, 0usize..5, 0u64..140, 0usize..4, "[ab]").prop_map(
        |(source, stated, credibility, level, vouched, pap, label)| Claim {
            credibility: Credibility::ALL.get(credibility).copied(),
            level: Level::ALL[level],
            vouched: at(vouched),
            marking: Marking { tlp: Tlp::Green, pap: Pap::ALL[pap] },
            label,
            ..claim(&source, stated)
        },
    )
}

fn some_feedback() -> impl Strategy<Value = Vec<Feedback>> {
    let one = (any::<bool>(), 0u8..4, 0u64..110).prop_map(|(good, who, day)| {
        said(if good { Outcome::Confirmed } else { Outcome::FalseAlarm }, &format!("p{who}"), day)
    });
    proptest::collection::vec(one, 0..12)
}

fn joined(pairs: &[(u8, u8)]) -> City {
    let mut city = City::new();
    pairs.iter().for_each(|(a, b)| city.voices.join(&id(&format!("s{a}")), &id(&format!("s{b}"))));
    city
}

proptest! {
    #[test]
    fn in_range_and_more_agreement_never_lowers(
        mut claims in proptest::collection::vec(some_claim(), 0..12),
        more in some_claim(),
        feedback in some_feedback(),
        pairs in proptest::collection::vec((0u8..6, 0u8..6), 0..3),
    ) {
        let city = joined(&pairs);
        let before = city.weigh(&Evidence { feedback: &feedback, ..evidence(&claims) }).value;
        prop_assert!(before.rank <= 1_000);
        claims.push(more);
        let after = city.weigh(&Evidence { feedback: &feedback, ..evidence(&claims) }).value;
        prop_assert!(after.confidence >= before.confidence);
        prop_assert!(after.blocking.value || !before.blocking.value, "agreement never takes a block away");
    }

    #[test]
    fn order_changes_no_byte(
        claims in proptest::collection::vec(some_claim(), 0..10),
        turn in 0usize..10,
        feedback in some_feedback(),
    ) {
        let city = joined(&[(0, 3)]);
        let text = |claims: &[Claim], feedback: &[Feedback]| {
            let listed = [Listed { effect: ListEffect::Label, list: "l".into() }];
            serde_json::to_string(&city.weigh(&Evidence { feedback, listed: &listed, ..evidence(claims) })).unwrap()
        };
        let before = text(&claims, &feedback);
        let (mut claims, mut feedback) = (claims, feedback);
        claims.reverse();
        let by = turn % claims.len().max(1);
        claims.rotate_left(by);
        feedback.reverse();
        prop_assert_eq!(text(&claims, &feedback), before);
    }

    #[test]
    fn one_feed_never_exceeds_its_cap(mut claims in proptest::collection::vec(some_claim(), 0..30), who in 0u8..7) {
        let name = if who == 6 { "cert".to_owned() } else { format!("s{who}") };
        claims.iter_mut().for_each(|claim| claim.source = id(&name));
        let city = City::new();
        prop_assert!(city.percent(&claims) <= city.rules.one_voice_max_percent);
    }

    #[test]
    fn who_is_not_known_never_blocks(claims in proptest::collection::vec(some_claim(), 0..12), reports in 0usize..12) {
        let city = City::new();
        let named: Vec<Claim> = claims.into_iter().filter(|claim| claim.source != id("report")).collect();
        let mut all = named.clone();
        all.extend((0..reports).map(|n| Claim { label: format!("r{n}"), ..claim("report", 100) }));
        let may = |claims: &[Claim]| city.weigh(&evidence(claims)).value.blocking.value;
        prop_assert_eq!(may(&all), may(&named));
    }

    #[test]
    fn false_alarms_never_raise(
        claims in proptest::collection::vec(some_claim(), 0..8),
        mut feedback in some_feedback(),
        who in 0u8..6,
        day in 0u64..101,
    ) {
        let city = City::new();
        let before = city.weigh(&Evidence { feedback: &feedback, ..evidence(&claims) }).value;
        feedback.push(said(Outcome::FalseAlarm, &format!("p{who}"), day));
        let after = city.weigh(&Evidence { feedback: &feedback, ..evidence(&claims) }).value;
        prop_assert!(after.confidence <= before.confidence);
        prop_assert!(after.rank <= before.rank);
        prop_assert!(before.blocking.value || !after.blocking.value);
    }

    #[test]
    fn time_only_takes(claims in proptest::collection::vec(some_claim(), 0..8), days in 0u64..200) {
        let city = City::new();
        let older: Vec<Claim> = claims
            .iter()
            .map(|claim| Claim { vouched: claim.vouched.minus(Duration::from_secs(days * DAY)), ..claim.clone() })
            .collect();
        prop_assert!(city.percent(&older) <= city.percent(&claims));
    }
}
