//! What is written about risk: each version stays, one comes after another, agencies are apart.

use model::document::{DocumentKind, DocumentPlace};
use model::limits;
use store::state::{After, Deed, State, StateError};

use crate::state::{ctx, on_both};

fn place(kind: DocumentKind, name: &str) -> DocumentPlace {
    DocumentPlace::new(kind, name).unwrap()
}

fn deed() -> Deed {
    Deed::done("risk.document.keep", "document")
}

#[test]
fn versions_stay_in_order() {
    on_both("documents_versions", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (early, late) = (ctx("home", 5), ctx("home", 9));
        let plan = place(DocumentKind::SecurityPlan, "portal");
        assert_eq!(state.document(&early, &plan, None).await.unwrap(), None);
        let first = state.keep_document(&early, &plan, After::Version(0), b"one", deed()).await.unwrap();
        assert_eq!((first.number, first.body_bytes, first.at), (1, 3, early.now));
        let hash: String = first.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
        // The same bytes again are no new version.
        assert_eq!(state.keep_document(&late, &plan, After::Any, b"one", deed()).await.unwrap(), first);
        let second = state.keep_document(&late, &plan, After::Version(1), b"two", deed()).await.unwrap();
        let behind = state.keep_document(&late, &plan, After::Version(1), b"three", deed()).await;
        assert!(matches!(behind, Err(StateError::Changed { .. })), "{behind:?}");
        assert_eq!(state.document(&late, &plan, None).await.unwrap(), Some((second.clone(), b"two".to_vec())));
        assert_eq!(state.document(&late, &plan, Some(1)).await.unwrap(), Some((first.clone(), b"one".to_vec())));
        assert_eq!(state.document(&late, &plan, Some(3)).await.unwrap(), None);
        assert_eq!(state.document_versions(&late, &plan, 10).await.unwrap(), [second.clone(), first.clone()]);
        let then = model::Timestamp::from_micros(7);
        assert_eq!(state.document_version_at(&late, &plan, then).await.unwrap(), Some(first));
        assert_eq!(state.documents_revision(&late).await.unwrap(), 2);
        // Nobody else's.
        let fire = ctx("fire", 9);
        assert_eq!(state.document(&fire, &plan, None).await.unwrap(), None);
        assert_eq!(state.documents_revision(&fire).await.unwrap(), 0);
    });
}

#[test]
fn the_newest_of_each_name() {
    on_both("documents_newest", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 5);
        for number in 0..limits::DOCUMENT_ROWS_MAX + 3 {
            let name = place(DocumentKind::Package, &format!("service-{number:04}"));
            state.keep_document(&home, &name, After::Any, b"first", deed()).await.unwrap();
        }
        let again = place(DocumentKind::Package, "service-0001");
        state.keep_document(&home, &again, After::Any, b"second", deed()).await.unwrap();
        state.keep_document(&home, &place(DocumentKind::Profile, "low"), After::Any, b"low", deed()).await.unwrap();
        let found = state.documents(&home, DocumentKind::Package).await.unwrap();
        assert_eq!(found.len(), limits::DOCUMENT_ROWS_MAX + 3);
        assert!(found.windows(2).all(|pair| pair[0].place < pair[1].place));
        let numbers: Vec<u64> = found.iter().take(3).map(|version| version.number).collect();
        assert_eq!(numbers, [1, 2, 1]);
    });
}

#[test]
fn a_document_has_a_size() {
    on_both("documents_size", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 5);
        let long = vec![b'x'; limits::DOCUMENT_BYTES_MAX + 1];
        let refused = state.keep_document(&home, &place(DocumentKind::Catalog, "all"), After::Any, &long, deed()).await;
        assert!(matches!(refused, Err(StateError::TooLarge { .. })));
    });
    for name in ["", "a b", "a/b", &"x".repeat(limits::DOCUMENT_NAME_BYTES_MAX + 1)] {
        assert!(DocumentPlace::new(DocumentKind::Catalog, name).is_err(), "{name}");
    }
}
