//! What operations allow, refuse and write down, on a state of their own.

use std::sync::Arc;

use model::doors::Clock;
use model::{AgencyId, OpContext, Role, Roles, Timestamp};
use store::ledger::Outcome;
use store::state::{Database, LedgerAsked, State};
use store::vault::Vault;

use super::*;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }
}

pub(super) struct Place {
    _folder: tempfile::TempDir,
    pub(super) office: Office,
}

impl Place {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let state = State::open(&Database::Sqlite(path("state.db"))).await.unwrap();
        let vault = Vault::open(&path("vault.db"), &path("master.key")).await.unwrap();
        let ledger = Arc::new(Ledger::open(&path("ledger.key"), &path("ledger")).unwrap());
        let office = Office::open(state, vault, ledger, Arc::new(Noon)).unwrap();
        Place { _folder: folder, office }
    }

    pub(super) fn ctx(&self, role: Role) -> OpContext {
        let mut ctx = OpContext::new(AgencyId::home(), "person:1", Roles::of(role), Noon.now());
        ctx.proven = Some(ctx.now);
        ctx
    }
}

#[tokio::test]
async fn what_is_denied_is_in_the_ledger() {
    let place = Place::new().await;
    let analyst = place.ctx(Role::Analyst);
    let denied = place.office.people(&analyst).await.unwrap_err();
    assert!(matches!(denied, OfficeError::Denied(_)), "{denied}");
    let refused = place.office.admit(&analyst, "Eve", Roles::of(Role::Administrator)).await;
    assert!(matches!(refused, Err(OfficeError::Denied(_))));
    let lines = place.office.audit(&place.ctx(Role::Auditor), &LedgerAsked::default()).await.unwrap();
    let said: Vec<_> = lines.iter().map(|line| (line.entry.operation.as_str(), line.entry.outcome)).collect();
    assert_eq!(said, [("person.manage", Outcome::Denied), ("person.read", Outcome::Denied)]);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let place = Place::new().await;
    let admin = place.ctx(Role::Administrator);
    let first = place.office.admit(&admin, "Ada", Roles::of(Role::Administrator)).await.unwrap();
    for refused in [
        place.office.disable(&admin, first.id).await,
        place.office.set_roles(&admin, first.id, Roles::of(Role::Analyst)).await,
    ] {
        assert!(matches!(&refused, Err(OfficeError::Conflict(why)) if why.contains("nobody else")), "{refused:?}");
    }
    let second = place.office.admit(&admin, "Bert", Roles::of(Role::Administrator)).await.unwrap();
    // Whoever was admitted and never came may never come.
    assert!(place.office.set_roles(&admin, first.id, Roles::of(Role::Analyst)).await.is_err());
    let account = store::state::IdentityHash::of("https://id.example", "bert");
    assert!(place.office.state().add_identity(&admin, second.id, account, None).await.unwrap());
    place.office.set_roles(&admin, first.id, Roles::of(Role::Analyst)).await.unwrap();
    assert!(place.office.disable(&admin, second.id).await.is_err());
    place.office.disable(&admin, first.id).await.unwrap();
    assert!(place.office.admit_again(&admin, first.id, false).await.is_err(), "no link for whoever is let in no more");
    // Only then can they be forgotten, and only from the machine itself.
    let operator = place.ctx(Role::Operator);
    assert!(matches!(place.office.forget(&admin, first.id).await, Err(OfficeError::Denied(_))));
    assert!(matches!(place.office.forget(&operator, second.id).await, Err(OfficeError::Refused(_))));
    place.office.forget(&operator, first.id).await.unwrap();
    assert!(place.office.forget(&operator, first.id).await.is_err());
    let mut names: Vec<_> = place.office.people(&admin).await.unwrap().into_iter().map(|person| person.name).collect();
    names.sort();
    assert_eq!(names, ["(name without key)", "Bert"]);
}

#[tokio::test]
async fn people_have_names_and_roles_of_people() {
    let place = Place::new().await;
    let admin = place.ctx(Role::Administrator);
    for roles in [Roles::NONE, Roles::OPERATOR, Roles::NODE, Roles::of(Role::Analyst).with(Role::Node)] {
        assert!(matches!(place.office.admit(&admin, "Eve", roles).await, Err(OfficeError::Refused(_))), "{roles}");
    }
    for name in ["", "  ", "a\nb", &"x".repeat(101)] {
        let refused = place.office.admit(&admin, name, Roles::of(Role::Board)).await;
        assert!(matches!(refused, Err(OfficeError::Refused(_))), "{name:?}");
    }
    // Without a fresh proof, nobody is admitted.
    let stale = OpContext { proven: None, ..admin.clone() };
    let refused = place.office.admit(&stale, "Ada", Roles::of(Role::Board)).await;
    assert!(matches!(refused, Err(OfficeError::Denied(denied)) if denied.needs_proof));
}

#[tokio::test]
async fn the_first_person_is_admitted_until_somebody_has_been_in() {
    let place = Place::new().await;
    let node = OpContext::new(AgencyId::home(), "node", Roles::NODE, Noon.now());
    let first = place.office.admit_first(&node).await.unwrap().unwrap();
    let again = place.office.admit_first(&node).await.unwrap().unwrap();
    assert_eq!(first.id, again.id);
    assert_ne!(first.secret, again.secret);
    let passkey = store::state::NewPasskey { person: first.id, credential: b"c", passkey: "{}", label: "x" };
    assert!(place.office.state().enrol(&node, &again.secret, &passkey).await.unwrap());
    assert!(place.office.admit_first(&node).await.unwrap().is_none());
}

#[tokio::test]
async fn reads_of_many_are_in_the_ledger_before_they_come_back() {
    let place = Place::new().await;
    let ctx = place.ctx(Role::Analyst);
    let reads = (0..50).map(|number| {
        let (office, ctx) = (place.office.clone(), ctx.clone());
        tokio::spawn(
            async move { office.reads.record(&ctx, Deed::done("finding.read", format!("finding:{number}"))).await },
        )
    });
    for read in reads.collect::<Vec<_>>() {
        read.await.unwrap().unwrap();
    }
    let lines = place.office.audit(&place.ctx(Role::Auditor), &LedgerAsked::default()).await.unwrap();
    assert_eq!(lines.len(), 50);
    assert_eq!(place.office.verify_ledger(&place.ctx(Role::Auditor)).await.unwrap().fault, None);
}
