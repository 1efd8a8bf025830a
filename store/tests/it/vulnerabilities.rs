//! Vulnerabilities on items: checks that replace their own, decisions that stay, agencies apart, and a city's worth of them within seconds.

use std::time::Instant;

use model::register::ItemId;
use model::software::Status;
use model::vulnerability::{Acceptance, CheckResult, Checked, FoundBy, Instance, VulnerabilityId, Word};
use model::{OpContext, limits};
use store::state::{Deed, LedgerAsked, Revision, State, StateError};

use crate::state::{ctx, on_both};

const SECOND: i64 = 1_000_000;

fn item(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

fn id(text: &str) -> VulnerabilityId {
    VulnerabilityId::parse(text).unwrap()
}

fn found(ctx: &OpContext, name: &str, on: &str) -> Instance {
    let found_by = FoundBy::Reported { scanner: "a scanner".to_owned() };
    let mut one = Instance::new(id(name), item(on), (Status::Affected, found_by), ctx.now);
    one.reasons = vec!["it's \"there\"".to_owned()];
    one
}

fn checked(ctx: &OpContext, on: &str) -> Checked {
    Checked {
        item: item(on),
        by: String::new(),
        when: ctx.now,
        looked_at: 1,
        sources_of: None,
        not_looked_at: Vec::new(),
    }
}

fn result(by: &str, instances: Vec<Instance>, checked: Vec<Checked>) -> CheckResult {
    CheckResult { by: by.to_owned(), instances, checked, gone: Vec::new() }
}

async fn record(state: &State, ctx: &OpContext, result: &CheckResult) -> Result<Revision, StateError> {
    state.record_vulnerability_check(ctx, result, Deed::done("vulnerability.check", "test")).await
}

async fn names(state: &State, ctx: &OpContext) -> Vec<String> {
    let whole = state.vulnerabilities_whole(ctx).await.unwrap();
    whole.instances.iter().map(|one| format!("{} on {}", one.id, one.item)).collect()
}

fn acceptance(ctx: &OpContext, name: &str) -> Acceptance {
    Acceptance {
        number: 0,
        id: id(name),
        item: None,
        justification: "h.brandt replaces it in May".to_owned(),
        until: "2026-05-01".parse().unwrap(),
        by: ctx.actor.clone(),
        at: ctx.now,
        lifted: None,
    }
}

#[test]
fn a_check_replaces_its_own() {
    on_both("flaws_checks", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire, later) = (ctx("home", SECOND), ctx("fire", SECOND), ctx("home", 9 * SECOND));
        assert_eq!(state.vulnerability_revision(&home).await.unwrap(), Revision::default());
        let both = vec![checked(&home, "srv-1"), checked(&home, "srv-2")];
        let first = vec![found(&home, "CVE-2024-0001", "srv-1"), found(&home, "CVE-2024-0002", "srv-2")];
        let revision = record(&state, &home, &result("matching", first, both)).await.unwrap();
        assert_eq!(revision.number, 1);
        let scan = result("nessus", vec![found(&home, "CVE-2024-0001", "srv-1")], vec![checked(&home, "srv-1")]);
        record(&state, &home, &scan).await.unwrap();
        assert_eq!(names(&state, &home).await, ["CVE-2024-0001 on srv-1", "CVE-2024-0002 on srv-2"]);
        // Only srv-1 is looked at again: what was found there by this checker goes, what others found stays.
        let again = result("matching", vec![found(&later, "CVE-2024-0003", "srv-1")], vec![checked(&later, "srv-1")]);
        record(&state, &later, &again).await.unwrap();
        let expected = ["CVE-2024-0001 on srv-1", "CVE-2024-0003 on srv-1", "CVE-2024-0002 on srv-2"];
        assert_eq!(names(&state, &home).await, expected);
        // When it was found first stays; when it was looked at moves.
        let same = result("matching", vec![found(&later, "CVE-2024-0002", "srv-2")], vec![checked(&later, "srv-2")]);
        record(&state, &later, &same).await.unwrap();
        let whole = state.vulnerabilities_whole(&home).await.unwrap();
        let last = whole.instances.last().unwrap();
        assert_eq!((last.first_seen, last.checked), (home.now, later.now));
        assert_eq!(last.reasons, ["it's \"there\""]);
        assert_eq!((whole.revision.number, whole.checks.len()), (4, 3));
        assert_eq!(whole.checks[0].by, "matching");
        let gone = CheckResult { gone: vec![item("srv-1")], ..result("matching", Vec::new(), Vec::new()) };
        record(&state, &later, &gone).await.unwrap();
        assert_eq!(names(&state, &home).await, ["CVE-2024-0002 on srv-2"]);
        // Nobody else's.
        assert!(names(&state, &fire).await.is_empty());
        assert_eq!(state.vulnerability_revision(&fire).await.unwrap(), Revision::default());
        let lines = state.ledger(&home, &LedgerAsked::default()).await.unwrap();
        assert_eq!(lines.len(), 5, "each check leaves its line");
        state.close().await;
    });
}

#[test]
fn nonsense_is_refused_as_a_whole() {
    on_both("flaws_refused", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let one = || found(&home, "CVE-2024-0001", "srv-1");
        let check = || checked(&home, "srv-1");
        for bad in [
            result("matching", vec![one(), one()], vec![check()]),
            result("matching", vec![one()], vec![check(), check()]),
            result("matching", vec![one()], vec![checked(&home, "srv-2")]),
            result(&"x".repeat(limits::CHECKER_BYTES_MAX + 1), Vec::new(), vec![check()]),
        ] {
            assert!(record(&state, &home, &bad).await.is_err());
        }
        assert_eq!(state.vulnerability_revision(&home).await.unwrap(), Revision::default());
        state.close().await;
    });
}

#[test]
fn decisions_stay() {
    on_both("flaws_decisions", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", SECOND), ctx("fire", SECOND));
        let deed = || Deed::done("risk.accept", "test");
        let kept = state.accept_risk(&home, acceptance(&home, "CVE-2024-0001"), deed()).await.unwrap();
        assert_eq!(kept.number, 1);
        let word = Word {
            number: 0,
            id: id("CVE-2024-0002"),
            item: item("srv-1"),
            status: Some(Status::NotAffected),
            why: "h.brandt took the module out".to_owned(),
            by: home.actor.clone(),
            at: home.now,
        };
        let word = state.say_vulnerability(&home, word, deed()).await.unwrap();
        assert_eq!(word.number, 2);
        let whole = state.vulnerabilities_whole(&home).await.unwrap();
        assert_eq!((&whole.acceptances[..], &whole.words[..]), (&[kept.clone()][..], &[word][..]));
        assert_eq!(whole.instances[0].status, Status::NotAffected, "a word stands where nobody found anything");
        // Nobody else lifts it, nothing else is lifted, and it is lifted once.
        for (ctx, number) in [(&fire, 1), (&home, 2), (&home, 7)] {
            let refused = state.lift_acceptance(ctx, number, deed()).await;
            assert!(matches!(refused, Err(StateError::NotFound { .. })), "{refused:?}");
        }
        let lifted = state.lift_acceptance(&home, 1, deed()).await.unwrap();
        assert_eq!(lifted.lifted, Some((home.now, home.actor.clone())));
        assert!(matches!(state.lift_acceptance(&home, 1, deed()).await, Err(StateError::Changed { .. })));
        assert_eq!(state.vulnerabilities_whole(&home).await.unwrap().acceptances, [lifted]);
        // A person's name goes; that something was decided stays.
        let is_named = |text: &[u8]| String::from_utf8_lossy(text).contains("h.brandt");
        let before = state.vulnerability_revision(&home).await.unwrap();
        assert_eq!(state.vulnerabilities_naming(&home, is_named).await.unwrap(), 2);
        assert_eq!(state.erase_vulnerabilities_naming(&home, is_named).await.unwrap(), 2);
        assert_eq!(state.vulnerabilities_naming(&home, is_named).await.unwrap(), 0);
        let whole = state.vulnerabilities_whole(&home).await.unwrap();
        assert_eq!(
            (whole.acceptances[0].justification.as_str(), whole.words[0].why.as_str()),
            ("(erased)", "(erased)")
        );
        assert!(whole.revision.number > before.number, "whoever keeps what was read looks again");
        state.close().await;
    });
}

#[test]
fn a_city_has_tens_of_thousands() {
    on_both("flaws_many", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let mut instances = Vec::new();
        for number in 0..50_000_u32 {
            instances.push(found(
                &home,
                &format!("CVE-2024-{}", 10_000 + number % 500),
                &format!("srv-{}", number / 500),
            ));
        }
        let checks = (0..100).map(|number| checked(&home, &format!("srv-{number}"))).collect();
        let all = result("matching", instances, checks);
        let start = Instant::now();
        record(&state, &home, &all).await.unwrap();
        record(&state, &home, &all).await.unwrap();
        let written = start.elapsed();
        let whole = state.vulnerabilities_whole(&home).await.unwrap();
        assert_eq!((whole.instances.len(), whole.checks.len()), (50_000, 100));
        let places: Vec<_> = whole.instances.iter().map(|one| (&one.item, &one.id)).collect();
        assert!(places.is_sorted());
        // An order of magnitude, so that a machine under load passes.
        assert!(written.as_secs() < 120, "{written:?}");
        state.close().await;
    });
}
