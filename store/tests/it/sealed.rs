//! What people write is sealed, and goes in every copy when its key goes.

use std::time::Duration;

use store::journal::Offset;
use store::state::{Database, FindingId, LedgerAsked, State, Verdict};
use store::vault::Vault;

use crate::state::{ctx, finding, on_both};

const SECRET: &str = "h.brandt was at the siren";

#[test]
fn what_people_write_is_sealed_and_can_be_erased_in_every_copy() {
    on_both("sealed", |database| async move {
        let folder = tempfile::tempdir().unwrap();
        let vault =
            async || Vault::open(&folder.path().join("vault.db"), &folder.path().join("master.key")).await.unwrap();
        let state = State::open(&database).await.unwrap().with_vault(vault().await);
        let (home, fire) = (ctx("home", 10), ctx("fire", 10));
        let new = finding("a", model::Level::High, 1);
        let id = FindingId::of(&new.detection);
        state.commit_findings(&home, "detect", Offset(1), std::slice::from_ref(&new)).await.unwrap();
        state.decide(&home, &[id], Verdict::Acknowledged, SECRET).await.unwrap();
        state.decide(&home, &[id], Verdict::Acknowledged, "").await.unwrap();
        state.decide(&home, &[id], Verdict::Acknowledged, SECRET).await.unwrap();
        let ends = home.now.plus(Duration::from_secs(3_600));
        state.suppress(&home, ("rule", None), SECRET, ends).await.unwrap();
        state.save_hunt(&home, "siren", &format!("SELECT '{SECRET}'")).await.unwrap();
        state.save_hunt(&home, "other", "SELECT 1").await.unwrap();
        state.save_hunt(&fire, "siren", &format!("SELECT '{SECRET}'")).await.unwrap();
        // A note, a reason, three hunts, and seven entries' words: what was written over has no key any more.
        let keys = async || vault().await.status().await.unwrap().texts;
        assert_eq!(keys().await, 12);
        // Nobody who has the database alone reads it.
        let blind = State::open(&database).await.unwrap();
        assert_eq!(blind.decision(&home, id).await.unwrap().unwrap().note, "(words erased)");
        assert!(blind.ledger(&home, &LedgerAsked::default()).await.unwrap().iter().all(|line| line.detail.is_none()));
        blind.close().await;
        let copy = folder.path().join("copy.db");
        let is_copied = state.copy_to(&copy).await.unwrap();
        if is_copied {
            let bytes = std::fs::read(&copy).unwrap();
            assert!(!bytes.windows(8).any(|part| part == b"h.brandt"), "it is in the file");
        }
        // Whoever has the keys does.
        assert_eq!(state.decision(&home, id).await.unwrap().unwrap().note, SECRET);
        assert_eq!(state.suppressions(&home).await.unwrap()[0].reason, SECRET);
        assert!(state.saved_hunt(&home, "siren").await.unwrap().query.contains(SECRET));
        let names = |text: &[u8]| text.windows(8).any(|part| part == b"h.brandt");
        let words = state.ledger(&home, &LedgerAsked::default()).await.unwrap();
        let named =
            words.iter().filter(|line| line.detail.as_ref().is_some_and(|detail| names(detail.text.as_bytes())));
        // Two decisions, a suppression and a saved hunt.
        assert_eq!(named.count(), 4);
        assert!(
            words
                .iter()
                .all(|line| { line.detail.as_ref().map(store::ledger::Detail::commitment) == line.entry.commitment })
        );
        vault().await.rotate().await.unwrap();
        assert_eq!(state.texts_naming(&home, names).await.unwrap(), 7);
        assert_eq!(state.erase_texts_naming(&home, names).await.unwrap(), 7);
        assert_eq!(state.texts_naming(&home, names).await.unwrap(), 0);
        assert_eq!(keys().await, 5);
        assert_eq!(state.decision(&home, id).await.unwrap().unwrap().note, "");
        assert_eq!(state.suppressions(&home).await.unwrap()[0].reason, "(words erased)");
        let hunts: Vec<_> = state.saved_hunts(&home).await.unwrap().into_iter().map(|hunt| hunt.name).collect();
        assert_eq!(hunts, ["other"]);
        assert!(state.saved_hunt(&fire, "siren").await.unwrap().query.contains(SECRET), "of this agency only");
        // A copy of before is of no use any more: the keys are gone.
        if is_copied {
            let old = State::open(&Database::Sqlite(copy)).await.unwrap().with_vault(vault().await);
            assert_eq!(old.decision(&home, id).await.unwrap().unwrap().note, "(words erased)");
            assert_eq!(old.saved_hunt(&home, "siren").await.unwrap().query, "(words erased)");
            assert_eq!(old.texts_naming(&home, names).await.unwrap(), 0);
            assert_eq!(old.saved_hunt(&home, "other").await.unwrap().query, "SELECT 1");
            old.close().await;
        }
        state.close().await;
    });
}
