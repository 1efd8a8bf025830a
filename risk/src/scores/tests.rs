use std::time::Duration;

use model::limits;
use proptest::prelude::*;

use super::*;

fn now() -> Timestamp {
    Timestamp::from_micros(1_772_409_600_000_000)
}

fn ago(hours: u64) -> Timestamp {
    now().minus(Duration::from_secs(hours * 3_600))
}

fn policy() -> ScorePolicy {
    ScorePolicy::built_in().unwrap()
}

fn sign<'a>(analytic: &'a str, level: Level, tactic: &'a str, hours: u64) -> Sign<'a> {
    let finding = FindingId::parse(&format!("{:032x}", hours + 1)).unwrap();
    Sign { finding, analytic, title: analytic, level, tactic, confidence: Probability::ONE, time: ago(hours) }
}

fn of(entity: &str, signs: &[Sign<'_>], stake: Stake) -> Explained<Risk, ScoreReason> {
    let mut kept = Signs::default();
    signs.iter().for_each(|sign| kept.observe(sign));
    risk((&entity.parse().unwrap(), &kept), &stake, &BTreeMap::new(), &policy(), now()).unwrap()
}

fn score(entity: &str, signs: &[Sign<'_>], money: f64) -> u8 {
    of(entity, signs, Stake::Known { money, leads_to: "sirens".to_owned() }).value.score.get()
}

#[test]
fn nothing_found_is_nothing() {
    let risk = of("machine:siren-01", &[], Stake::Unsaid);
    assert_eq!((risk.value.score.get(), risk.value.loss), (0, 0.0));
    assert_eq!(risk.because.len(), 1);
    assert_eq!(risk.because[0].to_string(), "nobody has said what its loss leads to; 300,000 counts");
}

#[test]
fn eighty_is_the_same_loss_for_whatever_it_is() {
    let policy = policy();
    assert_eq!(Score::of_loss(policy.loss_at_80, &policy).get(), 80);
    assert_eq!(Score::of_loss(policy.loss_at_80 / 10.0, &policy).get(), 53);
    assert_eq!(Score::of_loss(0.0, &policy).get(), 0);
    assert_eq!(Score::of_loss(f64::INFINITY, &policy).get(), 100);
    // A siren that little speaks against and an account that much does: the same expected loss, the same score.
    for (entity, signs, money) in [
        ("device:siren-01", vec![sign("a", Level::High, "impact", 1)], 10_000_000.0),
        (
            "account:anna",
            vec![sign("a", Level::Critical, "impact", 1), sign("b", Level::High, "execution", 2)],
            300_000.0,
        ),
    ] {
        let risk = of(entity, &signs, Stake::Known { money, leads_to: String::new() }).value;
        assert_eq!(risk.score, Score::of_loss(risk.loss, &policy), "{entity}");
        let prior = policy.prior_of(entity.parse::<Entity>().unwrap().kind());
        assert!((risk.loss - (risk.probability.get() - prior) * money).abs() < 1e-6);
    }
}

#[test]
fn more_tactics_worse_levels_and_more_at_stake_raise() {
    let one = [sign("a", Level::High, "execution", 1)];
    let same_tactic = [one[0], sign("b", Level::High, "execution", 1)];
    let chain = [one[0], sign("b", Level::High, "lateral-movement", 1)];
    let worse = [sign("a", Level::Critical, "execution", 1)];
    let scores = [&one[..], &same_tactic, &chain].map(|signs| score("machine:a", signs, 1e6));
    assert!(scores[0] < scores[1] && scores[1] < scores[2], "{scores:?}");
    assert!(score("machine:a", &worse, 1e6) > scores[0]);
    assert!(score("machine:a", &one, 1e7) > scores[0]);
}

#[test]
fn the_same_again_adds_little_and_has_an_end() {
    let many = |times: usize| -> Vec<Sign<'static>> { vec![sign("a", Level::Medium, "discovery", 1); times] };
    let probability = |times| of("machine:a", &many(times), Stake::Unsaid).value.probability.get();
    let (one, two, thousand) = (probability(1), probability(2), probability(1_000));
    assert!(one < two && two < thousand, "{one} {two} {thousand}");
    assert_eq!(thousand, probability(100_000), "repeating has an end");
    assert!(thousand < 0.02, "a thousand times the same medium finding is no proof: {thousand}");
}

#[test]
fn it_fades() {
    let at = |hours| of("machine:a", &[sign("a", Level::Critical, "impact", hours)], Stake::Unsaid).value.loss;
    let losses = [0, 100, 336, 1_000, 10_000].map(at);
    assert!(losses.windows(2).all(|pair| pair[0] > pair[1]), "{losses:?}");
    // Half of the weight is left after a half-life: seven becomes three and a half.
    let half = of("machine:a", &[sign("a", Level::Critical, "impact", 336)], Stake::Unsaid).value.probability.get();
    assert!((half - moved(0.0005, 3.5)).abs() < 1e-12, "{half}");
}

#[test]
fn decisions_move_an_analytic_within_bounds() {
    let mut signs = Signs::default();
    signs.observe(&sign("a", Level::High, "execution", 1));
    let entity: Entity = "machine:a".parse().unwrap();
    let with = |confirmed, refuted| {
        let decided = BTreeMap::from([("a".to_owned(), Decided { confirmed, refuted })]);
        risk((&entity, &signs), &Stake::Unsaid, &decided, &policy(), now()).unwrap().value.probability.get()
    };
    assert!(with(9, 0) > with(0, 0) && with(0, 0) > with(0, 9));
    assert_eq!(with(0, 1_000), with(0, 1_000_000), "no further than the policy says");
    assert!(with(0, 1_000) > 0.0005, "people can be wrong about the next one");
    assert!(signs.refute("a") && !signs.refute("a"));
    assert!(signs.is_empty());
}

#[test]
fn residents_have_no_score() {
    for name in ["address:203.0.113.9", "domain:x.example", "file:00"] {
        let entity: Entity = name.parse().unwrap();
        let refused = risk((&entity, &Signs::default()), &Stake::Unsaid, &BTreeMap::new(), &policy(), now());
        assert_eq!(refused, Err(ScoreError::NoSubject(entity)));
    }
}

#[test]
fn what_is_kept_of_an_entity_has_a_limit() {
    let mut signs = Signs::default();
    let names: Vec<String> = (0..=limits::SCORE_FACTORS_MAX).map(|number| format!("analytic-{number}")).collect();
    for (hours, name) in names.iter().enumerate() {
        signs.observe(&sign(name, Level::Low, "", hours as u64));
    }
    assert_eq!(signs.factors().count(), limits::SCORE_FACTORS_MAX);
    assert!(signs.factors().all(|(name, _)| *name != names[limits::SCORE_FACTORS_MAX]), "the oldest made room");
    let long = "ä".repeat(limits::SCORE_TITLE_BYTES_MAX);
    signs.observe(&Sign { title: &long, ..sign("b", Level::Low, "", 0) });
    let title = signs.factors().find(|(name, _)| *name == "b").map(|(_, factor)| factor.title.len());
    assert_eq!(title, Some(limits::SCORE_TITLE_BYTES_MAX));
    let read: Signs = serde_json::from_str(&serde_json::to_string(&signs).unwrap()).unwrap();
    assert_eq!(read, signs);
}

#[test]
fn reasons_are_sentences_the_heaviest_first() {
    let signs = [sign("Quiet", Level::Low, "discovery", 30), sign("Loud", Level::Critical, "impact", 2)];
    let found = of("machine:a", &signs, Stake::Known { money: 1e6, leads_to: "sirens".to_owned() });
    let words: Vec<String> = found.because.iter().map(ToString::to_string).collect();
    assert!(words[0].starts_with("Loud (critical), 1 time, last 2026-03-01T22:00:00"), "{words:?}");
    assert_eq!(words[2], "its loss leads to 1,000,000: sirens");
}

#[test]
fn policies_say_what_is_wrong_with_them() {
    let said = |from: &str, to: &str| {
        let text = ScorePolicy::built_in_text().replacen(from, to, 1);
        ScorePolicy::read(&text).unwrap_err().to_string()
    };
    assert!(said("loss_at_80 = 250000.0", "loss_at_80 = 0.0").contains("loss_at_80 is 0: it has to be more than 0"));
    assert!(said("account = 0.0005\n", "").contains("prior says nothing of account"));
    assert!(said("account = 0.0005", "resident = 0.1\naccount = 0.0005").contains("prior knows no resident"));
    assert!(said("weight = 7.0", "weight = nan").contains("levels.critical.weight is NaN"));
    assert!(said("same_tactic = 0.5", "same_tactic = 2").contains("0 to 1"));
    assert!(said("[damping]", "[damping]\nunknown = 1").contains("unknown field"));
    let long = "#".repeat(limits::SCORE_POLICY_BYTES_MAX + 1);
    assert_eq!(ScorePolicy::read(&long), Err(ScorePolicyError::Size(long.len())));
}

proptest! {
    #[test]
    fn never_outside_and_never_less_for_more(
        levels in proptest::collection::vec((0usize..5, 0u64..2_000, 0.0f64..=1.0), 1..40), money in 0.0f64..1e12,
    ) {
        let names: Vec<String> = (0..levels.len()).map(|number| format!("a{}", number % 17)).collect();
        let tactics = ["execution", "impact", "", "discovery"];
        let signs: Vec<Sign<'_>> = levels.iter().zip(&names).enumerate().map(|(at, ((level, hours, confidence), name))| {
            let confidence = Probability::new(*confidence).unwrap();
            Sign { confidence, ..sign(name, Level::ALL[*level], tactics[at % 4], *hours) }
        }).collect();
        let stake = Stake::Known { money, leads_to: String::new() };
        let whole = of("service:portal", &signs, stake.clone()).value;
        prop_assert!(whole.score.get() <= 100 && whole.loss.is_finite() && whole.loss >= 0.0);
        let more = of("service:portal", &signs, Stake::Known { money: money * 2.0, leads_to: String::new() }).value;
        prop_assert!(more.score >= whole.score);
        let sure: Vec<Sign<'_>> = signs.iter().map(|sign| Sign { confidence: Probability::ONE, ..*sign }).collect();
        prop_assert!(of("service:portal", &sure, stake).value.probability >= whole.probability);
    }
}
