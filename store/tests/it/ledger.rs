//! The ledger on both engines, and agencies that the server itself keeps apart.

use std::path::Path;

use model::OpContext;
use sqlx::AssertSqlSafe;
use store::ledger::{Fault, Hash, LedgerFiles, LedgerKey, Outcome, Verdict, Verifier};
use store::state::{Database, Deed, LedgerAsked, State};

use crate::state::{ctx, on_both, run_as_owner};

fn key() -> LedgerKey {
    LedgerKey::from_seed("home/ledger", &[1; 32]).unwrap()
}

async fn publish(state: &State, folder: &Path) {
    let files = LedgerFiles::new(folder);
    let from = files.checkpoint(key().verifier()).unwrap().map_or(0, |checkpoint| checkpoint.size);
    let lines = state.ledger_from(from, usize::MAX).await.unwrap();
    let new: Vec<Hash> = lines.iter().map(|(_, line)| line.as_ref().unwrap().entry.hash()).collect();
    files.publish(&key(), &new, &state.ledger_head().await.unwrap()).unwrap();
}

async fn verify(state: &State, folder: &Path) -> Verdict {
    let mut verifier = Verifier::new(LedgerFiles::new(folder), key().verifier(), &[]).unwrap();
    for (number, line) in state.ledger_from(0, usize::MAX).await.unwrap() {
        verifier.push(number, line.as_ref().map(|line| (&line.entry, line.detail.as_ref())));
    }
    verifier.finish(&state.ledger_head().await.unwrap())
}

async fn some_deeds(state: &State, home: &OpContext) {
    state.save_hunt(home, "logins", "SELECT 1").await.unwrap();
    for number in 0..20 {
        let deed = Deed::done("finding.acknowledge", format!("finding:{number}")).saying("incident 7");
        state.record(home, &[deed]).await.unwrap();
    }
    state.remove_hunt(home, "logins").await.unwrap();
}

#[test]
fn what_is_done_is_in_the_ledger() {
    on_both("ledger", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", 10), ctx("fire", 20));
        some_deeds(&state, &home).await;
        let denied = Deed { outcome: Outcome::Denied, ..Deed::done("token.add", "token:1") };
        state.record(&fire, &[denied]).await.unwrap();
        // What was not done is not said.
        assert!(state.remove_hunt(&home, "logins").await.is_err());
        let all = state.ledger(&home, &LedgerAsked::default()).await.unwrap();
        assert_eq!(all.len(), 22);
        assert_eq!((all[0].entry.number, all[0].entry.operation.as_str()), (21, "hunt.remove"));
        assert!(all[21].detail.as_ref().unwrap().text.contains("SELECT 1"));
        assert_eq!(state.ledger(&fire, &LedgerAsked::default()).await.unwrap().len(), 1);
        let asked = LedgerAsked { operation: "finding.acknowledge".into(), before_number: 5, ..LedgerAsked::default() };
        assert_eq!(state.ledger(&home, &asked).await.unwrap().len(), 4);
        let asked = LedgerAsked { since: fire.now, ..LedgerAsked::default() };
        assert!(state.ledger(&home, &asked).await.unwrap().is_empty());
        let folder = tempfile::tempdir().unwrap();
        publish(&state, folder.path()).await;
        let verdict = verify(&state, folder.path()).await;
        assert_eq!((verdict.entries, verdict.covered, verdict.fault), (23, 23, None));
        // Words can be erased, by their own agency; the entry stays what it was.
        assert!(!state.erase_ledger_detail(&fire, 3).await.unwrap());
        assert!(state.erase_ledger_detail(&home, 3).await.unwrap());
        assert_eq!(state.ledger_from(3, 1).await.unwrap()[0].1.as_ref().unwrap().detail, None);
        assert_eq!(verify(&state, folder.path()).await.fault, None);
        let naming =
            async |ctx: &OpContext| state.erase_ledger_details_naming(ctx, |text| text == b"incident 7").await.unwrap();
        assert_eq!((naming(&fire).await, naming(&home).await, naming(&home).await), (0, 19, 0));
        assert_eq!(verify(&state, folder.path()).await.fault, None);
        state.close().await;
    });
}

#[test]
fn tampering_is_found_and_named() {
    let cases: &[(&str, &[&str], Fault)] = &[
        ("actor", &["UPDATE ledger_entries SET actor = 'person:2' WHERE number = 4"], Fault::Changed { number: 4 }),
        ("nonsense", &["UPDATE ledger_entries SET outcome = 'x' WHERE number = 4"], Fault::Changed { number: 4 }),
        ("agency", &["UPDATE ledger_entries SET agency = 'fire' WHERE number = 6"], Fault::Changed { number: 6 }),
        ("time", &["UPDATE ledger_entries SET at_us = at_us + 1 WHERE number = 7"], Fault::Changed { number: 7 }),
        ("words", &["UPDATE ledger_entries SET detail = 'x' WHERE number = 7"], Fault::DetailChanged { number: 7 }),
        ("removed", &["DELETE FROM ledger_entries WHERE number = 8"], Fault::Missing { number: 8 }),
        ("cut", &["DELETE FROM ledger_entries WHERE number >= 15"], Fault::Missing { number: 15 }),
        (
            "renumbered",
            &["DELETE FROM ledger_entries WHERE number = 8", "UPDATE ledger_entries SET number = 8 WHERE number = 21"],
            Fault::Changed { number: 8 },
        ),
        (
            "reordered",
            &[
                "UPDATE ledger_entries SET number = -1 WHERE number = 5",
                "UPDATE ledger_entries SET number = 5 WHERE number = 6",
                "UPDATE ledger_entries SET number = 6 WHERE number = -1",
            ],
            Fault::Changed { number: 5 },
        ),
        ("emptied", &["DELETE FROM ledger_entries", "DELETE FROM ledger_head"], Fault::Missing { number: 0 }),
    ];
    for (name, statements, fault) in cases {
        on_both(&format!("tamper_{name}"), |database| async move {
            let state = State::open(&database).await.unwrap();
            some_deeds(&state, &ctx("home", 10)).await;
            let folder = tempfile::tempdir().unwrap();
            publish(&state, folder.path()).await;
            run_as_owner(&database, statements).await;
            assert_eq!(verify(&state, folder.path()).await.fault.as_ref(), Some(fault), "{name}");
            state.close().await;
        });
    }
}

#[test]
fn writers_beside_each_other_make_one_order() {
    on_both("ledger_order", |database| async move {
        let state = State::open(&database).await.unwrap();
        let tasks: Vec<_> = (0..4)
            .map(|writer| {
                let state = state.clone();
                tokio::spawn(async move {
                    let ctx = ctx(if writer % 2 == 0 { "home" } else { "fire" }, writer);
                    for _ in 0..10 {
                        state.record(&ctx, &[Deed::done("a", "b"), Deed::done("c", "d")]).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        publish(&state, folder.path()).await;
        let verdict = verify(&state, folder.path()).await;
        assert_eq!((verdict.entries, verdict.fault), (80, None));
        state.close().await;
    });
}

/// A statement that forgets its agency still sees no other agency's rows, and none at all without one.
#[test]
fn the_server_itself_keeps_agencies_apart() {
    on_both("apart", |database| async move {
        let state = State::open(&database).await.unwrap();
        for agency in ["home", "fire"] {
            some_deeds(&state, &ctx(agency, 10)).await;
            state.save_hunt(&ctx(agency, 1), "kept", "SELECT 1").await.unwrap();
        }
        state.close().await;
        let Database::Postgres(url) = &database else { return };
        let pool = sqlx::AnyPool::connect(url).await.unwrap();
        let tables = sqlx::query(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
            WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attname = 'agency'",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        assert!(tables.len() >= 8, "{}", tables.len());
        let count = async |table: &str, agency: &str| -> i64 {
            use sqlx::Row;
            let mut work = pool.begin().await.unwrap();
            let limit = format!(
                "SELECT set_config('role', 'watchbell_app', true), set_config('watchbell.agency', '{agency}', true)"
            );
            sqlx::query(AssertSqlSafe(limit)).execute(&mut *work).await.unwrap();
            let counted =
                sqlx::query(AssertSqlSafe(format!("SELECT count(*) FROM {table}"))).fetch_one(&mut *work).await;
            counted.unwrap().get(0)
        };
        for table in &tables {
            use sqlx::Row;
            let table: String = table.get(0);
            let (home, fire, all) =
                (count(&table, "home").await, count(&table, "fire").await, count(&table, "*").await);
            assert_eq!(home + fire, all, "{table}");
            assert_eq!(count(&table, "").await, 0, "{table}");
            assert_eq!(count(&table, "police").await, 0, "{table}");
        }
        assert_eq!(count("saved_hunts", "fire").await, 1);
        // And nobody who serves requests rewrites the ledger.
        for statement in
            ["DELETE FROM ledger_entries", "UPDATE ledger_entries SET actor = 'x'", "DROP TABLE ledger_entries"]
        {
            let mut work = pool.begin().await.unwrap();
            sqlx::query("SELECT set_config('role', 'watchbell_app', true), set_config('watchbell.agency', '*', true)")
                .execute(&mut *work)
                .await
                .unwrap();
            let refused = sqlx::query(statement).execute(&mut *work).await;
            assert!(refused.is_err(), "{statement}");
        }
        pool.close().await;
    });
}
