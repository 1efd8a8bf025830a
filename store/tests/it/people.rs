//! People, sessions, and what they decide.

use std::time::Duration;

use model::{Level, OpContext, Role, Roles, Timestamp, limits};
use store::journal::Offset;
use store::state::{FindingId, InboxAsked, LedgerAsked, NewPasskey, PersonId, State, StateError, Verdict};

use crate::state::{ctx, finding, on_both};

const SECOND: i64 = 1_000_000;

async fn anna(state: &State, home: &OpContext) -> PersonId {
    let id = PersonId::random().unwrap();
    state.add_person(home, id, b"sealed".to_vec(), Roles::of(Role::Analyst)).await.unwrap();
    id
}

fn at(ctx: &OpContext, seconds: u64) -> OpContext {
    OpContext { now: ctx.now.plus(Duration::from_secs(seconds)), ..ctx.clone() }
}

#[test]
fn people_are_let_in_once_by_a_link() {
    on_both("people", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", SECOND), ctx("fire", SECOND));
        let id = anna(&state, &home).await;
        assert_eq!(state.person(&home, id).await.unwrap().unwrap().roles, Roles::of(Role::Analyst));
        assert_eq!(state.person(&fire, id).await.unwrap(), None);
        let ends = home.now.plus(Duration::from_secs(900));
        state.add_setup_link(&home, id, &[1; 32], ends).await.unwrap();
        assert_eq!(state.setup_link(&[1; 32], home.now).await.unwrap(), Some((home.agency.clone(), id)));
        assert_eq!(state.setup_link(&[1; 32], ends).await.unwrap(), None, "it ends on time");
        assert_eq!(state.setup_link(&[2; 32], home.now).await.unwrap(), None);
        let passkey = NewPasskey { person: id, credential: b"cred", passkey: "{}", label: "laptop" };
        assert!(!state.enrol(&at(&home, 900), &[1; 32], &passkey).await.unwrap());
        assert!(!state.enrol(&fire, &[1; 32], &passkey).await.unwrap(), "a link of another agency");
        assert!(state.enrol(&home, &[1; 32], &passkey).await.unwrap());
        assert!(!state.enrol(&home, &[1; 32], &passkey).await.unwrap(), "a link is used once");
        assert_eq!(state.owner_of_credential(b"cred").await.unwrap(), Some((home.agency.clone(), id)));
        // Nobody else takes it for theirs, in no agency.
        let eve = anna(&state, &fire).await;
        assert!(state.add_passkey(&fire, &NewPasskey { person: eve, ..passkey }).await.is_err());
        state.passkey_used(&home, b"cred", "{\"counter\":1}").await.unwrap();
        let kept = state.passkeys(&home, id).await.unwrap();
        assert_eq!((kept.len(), kept[0].passkey.as_str(), kept[0].used), (1, "{\"counter\":1}", Some(home.now)));
        assert!(state.remove_passkey(&home, id, b"cred").await.is_err(), "the last one stays");
        for number in 1..limits::PASSKEYS_MAX {
            let credential = number.to_le_bytes();
            state.add_passkey(&home, &NewPasskey { credential: &credential, ..passkey }).await.unwrap();
        }
        let more = state.add_passkey(&home, &NewPasskey { credential: b"more", ..passkey }).await;
        assert!(matches!(more, Err(StateError::TooLarge { .. })), "{more:?}");
        state.remove_passkey(&home, id, b"cred").await.unwrap();
        assert_eq!(state.owner_of_credential(b"cred").await.unwrap(), None);
        state.close().await;
    });
}

#[test]
fn sessions_end() {
    on_both("sessions", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let id = anna(&state, &home).await;
        let is_in =
            async |secret: u8, after: u64| state.session(&[secret; 32], at(&home, after).now).await.unwrap().is_some();
        state.begin_session(&home, id, &[1; 32], Some(home.now)).await.unwrap();
        assert!(is_in(1, 0).await);
        assert!(!is_in(2, 0).await);
        // Somebody who asks for nothing is out; somebody who asks now and then is not, until the shift ends.
        assert!(!is_in(1, limits::SESSION_IDLE_SECONDS).await);
        for minutes in 1..12 * 60 {
            assert!(is_in(1, minutes * 60).await, "{minutes}");
        }
        assert!(!is_in(1, limits::SESSION_SECONDS_MAX).await);
        // Peeking keeps nobody in.
        state.begin_session(&home, id, &[9; 32], Some(home.now)).await.unwrap();
        let peek = async |after: u64| state.peek_at_session(&[9; 32], at(&home, after).now).await.unwrap().is_some();
        assert!(peek(limits::SESSION_IDLE_SECONDS - 1).await);
        assert!(!peek(limits::SESSION_IDLE_SECONDS).await);
        state.end_session(&home, &[9; 32]).await.unwrap();
        assert!(!peek(0).await);
        assert_eq!(state.forget_ended_sessions(at(&home, limits::SESSION_SECONDS_MAX).now).await.unwrap(), 1);
        // Stepping up changes the secret: whoever knew the old one is out.
        state.begin_session(&home, id, &[3; 32], Some(home.now)).await.unwrap();
        let later = at(&home, limits::STEP_UP_SECONDS);
        assert!(state.session(&[3; 32], home.now).await.unwrap().unwrap().is_stepped_up(home.now));
        assert!(!state.session(&[3; 32], later.now).await.unwrap().unwrap().is_stepped_up(later.now));
        assert!(state.step_up(&later, &[3; 32], &[4; 32]).await.unwrap());
        assert!(state.session(&[3; 32], later.now).await.unwrap().is_none());
        assert!(state.session(&[4; 32], later.now).await.unwrap().unwrap().is_stepped_up(later.now));
        // Other roles, or none any more: everything is asked anew.
        state.set_roles(&home, id, Roles::of(Role::Lead)).await.unwrap();
        assert!(state.session(&[4; 32], later.now).await.unwrap().is_none());
        state.begin_session(&home, id, &[5; 32], Some(home.now)).await.unwrap();
        assert!(matches!(state.disable_person(&ctx("fire", 1), id).await, Err(StateError::NotFound { .. })));
        state.disable_person(&home, id).await.unwrap();
        assert!(!is_in(5, 0).await);
        state.begin_session(&home, id, &[6; 32], Some(home.now)).await.unwrap();
        state.end_session(&home, &[6; 32]).await.unwrap();
        assert!(!is_in(6, 0).await);
        state.close().await;
    });
}

#[test]
fn findings_are_decided_about() {
    on_both("triage", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", 100), ctx("fire", 100));
        let found = [finding("a", Level::Low, 10), finding("b", Level::High, 20), finding("b", Level::High, 30)];
        state.commit_findings(&home, "detect", Offset(1), &found).await.unwrap();
        let open = InboxAsked::default;
        let uids = async |asked: InboxAsked| {
            let rows = state.inbox(&home, &asked).await.unwrap();
            rows.iter().map(|row| (row.analytic_uid.clone(), row.time.as_micros())).collect::<Vec<_>>()
        };
        let named = |rows: &[(&str, i64)]| rows.iter().map(|(uid, at)| ((*uid).to_owned(), *at)).collect::<Vec<_>>();
        assert_eq!(uids(open()).await, named(&[("b", 30), ("b", 20), ("a", 10)]));
        // Page by page.
        let first = state.inbox(&home, &InboxAsked { rows_max: 1, ..open() }).await.unwrap().remove(0);
        let after = Some((first.level, first.time, first.id));
        assert_eq!(uids(InboxAsked { after, ..open() }).await, named(&[("b", 20), ("a", 10)]));
        assert_eq!(uids(InboxAsked { text: "RULE a".into(), ..open() }).await, named(&[("a", 10)]));
        assert_eq!(uids(InboxAsked { text: "%".into(), ..open() }).await, []);
        assert_eq!(uids(InboxAsked { level_min: Level::High, ..open() }).await.len(), 2);
        assert_eq!(state.inbox_counts(&home, Verdict::Open).await.unwrap(), [(Level::Low, 1), (Level::High, 2)]);
        assert_eq!(state.inbox_newer(&home, 1).await.unwrap(), 2);
        let ids: Vec<FindingId> = state.inbox(&home, &open()).await.unwrap().iter().map(|row| row.id).collect();
        assert_eq!(state.decide(&fire, &ids, Verdict::FalsePositive, "not ours").await.unwrap(), 0);
        assert_eq!(state.decide(&home, &ids[..2], Verdict::FalsePositive, "backup").await.unwrap(), 2);
        assert_eq!(uids(open()).await, named(&[("a", 10)]));
        assert_eq!(state.decision(&home, ids[0]).await.unwrap().unwrap().note, "backup");
        assert_eq!(state.decision(&fire, ids[0]).await.unwrap(), None);
        let asked = LedgerAsked { operation: "finding.decide".into(), ..LedgerAsked::default() };
        assert_eq!(state.ledger(&home, &asked).await.unwrap().len(), 2);
        let many = vec![ids[0]; limits::TRIAGE_AT_ONCE_MAX + 1];
        assert!(state.decide(&home, &many, Verdict::Open, "").await.is_err());
        state.close().await;
    });
}

#[test]
fn suppressions_hold_for_what_is_there_and_what_comes() {
    on_both("suppress", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 100);
        let commit = async |ctx: &OpContext, uid: &str, time: i64| {
            let found = [finding(uid, Level::Low, time)];
            state.commit_findings(ctx, "detect", Offset(1), &found).await.unwrap();
        };
        let open = async || state.inbox(&home, &InboxAsked::default()).await.unwrap().len();
        commit(&home, "a", 1).await;
        commit(&home, "b", 2).await;
        assert_eq!(state.would_suppress(&home, "a", Some("controller")).await.unwrap(), 1);
        assert_eq!(state.would_suppress(&home, "a", Some("other")).await.unwrap(), 0);
        let ends = Timestamp::from_micros(1_000);
        let (id, hidden) = state.suppress(&home, ("a", Some("controller")), "test night", ends).await.unwrap();
        assert_eq!((hidden, open().await), (1, 1));
        commit(&home, "a", 3).await;
        assert_eq!(open().await, 1);
        // In another agency, after its end, or lifted: it comes through.
        commit(&ctx("fire", 100), "a", 3).await;
        assert_eq!(state.inbox(&ctx("fire", 1), &InboxAsked::default()).await.unwrap().len(), 1);
        commit(&ctx("home", 1_000), "a", 4).await;
        assert_eq!(open().await, 2);
        state.lift_suppression(&home, &id).await.unwrap();
        assert!(state.lift_suppression(&home, &id).await.is_err());
        commit(&home, "a", 5).await;
        assert_eq!(open().await, 3);
        let kept = state.suppressions(&home).await.unwrap();
        assert_eq!((kept.len(), kept[0].lifted, kept[0].reason.as_str()), (1, Some(home.now), "test night"));
        for (reason, ends) in [("", 1_000), ("x", 100), ("x", i64::MAX)] {
            let refused = state.suppress(&home, ("a", None), reason, Timestamp::from_micros(ends)).await;
            assert!(matches!(refused, Err(StateError::Corrupt { .. })), "{refused:?}");
        }
        state.close().await;
    });
}
