//! Outlets on both engines: each agency has its own, secrets are not in the database, and what left is written down once.

use std::time::Duration;

use model::{Timestamp, limits};
use store::state::{Deed, LedgerAsked, NewOutlet, State, StateError};
use store::vault::Vault;

use crate::state::{ctx, on_both};

const DAY: i64 = 86_400_000_000;
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn new<'a>(id: &'a str, name: &'a str, secret: &'a [u8; 32], transfer_key: Option<&'a str>) -> NewOutlet<'a> {
    NewOutlet { id, name, config: "{}", secret, expires: Timestamp::from_micros(10 * DAY), transfer_key }
}

#[test]
fn outlets_are_kept_for_one_agency_each() {
    on_both("outlets", |database| async move {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("vault.db"), &folder.path().join("master.key")).await.unwrap();
        let bare = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", DAY), ctx("fire", DAY));
        let refused = bare.add_outlet(&home, &new("a", "zone", &[1; 32], Some(KEY))).await;
        assert!(matches!(refused, Err(StateError::Corrupt { what: "transfer key", .. })), "{refused:?}");
        let state = bare.with_vault(vault.clone());
        state.add_outlet(&home, &new("a", "zone", &[1; 32], Some(KEY))).await.unwrap();
        state.add_outlet(&home, &new("b", "list", &[2; 32], None)).await.unwrap();
        state.add_outlet(&fire, &new("c", "zone", &[3; 32], None)).await.unwrap();
        let taken = state.add_outlet(&home, &new("d", "zone", &[4; 32], Some(KEY))).await;
        assert!(matches!(taken, Err(StateError::Exists { .. })), "{taken:?}");
        for name in ["", "a/b", "A", "a.b", "a b"] {
            assert!(state.add_outlet(&home, &new("e", name, &[5; 32], None)).await.is_err(), "{name}");
        }
        let names = |outlets: Vec<store::state::Outlet>| outlets.into_iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names(state.outlets(&home).await.unwrap()), ["list", "zone"]);
        assert_eq!(names(state.outlets(&fire).await.unwrap()), ["zone"]);
        assert_eq!(state.outlets_everywhere().await.unwrap().len(), 3);
        // A token opens its own outlet, whatever that one is called elsewhere.
        let of = async |secret: u8| state.outlet_of_token(&[secret; 32]).await.unwrap();
        assert_eq!(of(1).await.unwrap().id, "a");
        assert_eq!(of(3).await.unwrap().agency, fire.agency);
        assert_eq!(of(4).await, None);
        // The key is there for whoever has the vault, and nowhere in the database.
        let zone = state.outlet(&home, "zone").await.unwrap();
        assert!(zone.has_transfer_key() && !format!("{zone:?}").contains(KEY));
        assert_eq!(state.transfer_key(&zone).await.unwrap().as_deref(), Some(KEY));
        let list = state.outlet(&home, "list").await.unwrap();
        assert_eq!(state.transfer_key(&list).await.unwrap(), None);
        let copy = folder.path().join("copy.db");
        if state.copy_to(&copy).await.unwrap() {
            let bytes = std::fs::read(&copy).unwrap();
            assert!(!bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "the key is in the file");
            assert!(!bytes.windows(32).any(|part| part == [1; 32]), "the token is in the file");
        }
        let keys = vault.status().await.unwrap().texts;
        state.remove_outlet(&home, "zone").await.unwrap();
        // One key went with the outlet, one came with the words of the ledger.
        assert_eq!(vault.status().await.unwrap().texts, keys);
        assert_eq!(state.transfer_key(&zone).await.unwrap(), None);
        assert!(matches!(state.remove_outlet(&home, "zone").await, Err(StateError::NotFound { .. })));
        assert_eq!(of(1).await, None);
        assert_eq!(names(state.outlets(&fire).await.unwrap()), ["zone"], "theirs stays");
        state.close().await;
    });
}

#[test]
fn what_left_is_written_down_once_a_day() {
    on_both("outlets_told", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", DAY);
        state.add_outlet(&home, &new("b", "list", &[2; 32], None)).await.unwrap();
        let lines = async || {
            let asked = LedgerAsked { operation: "outlet.fetch".to_owned(), ..LedgerAsked::default() };
            state.ledger(&home, &asked).await.unwrap().len()
        };
        let tell = async |version: &str, at: i64| {
            let now = ctx("home", at);
            let today = Timestamp::from_micros(at - at % DAY);
            let deed = Deed::done("outlet.fetch", "outlet:1");
            state.tell_outlet(&now, "b", (version, today), deed).await.unwrap();
            lines().await
        };
        assert_eq!(tell("one", DAY + 1).await, 1);
        assert_eq!(tell("one", DAY + 2).await, 1, "the same again");
        assert_eq!(tell("two", DAY + 3).await, 2);
        assert_eq!(tell("two", 2 * DAY + 1).await, 3, "another day");
        assert_eq!(tell("one", 2 * DAY + 2).await, 4, "an older one");
        let outlet = state.outlet(&home, "list").await.unwrap();
        assert_eq!((outlet.told.as_str(), outlet.told_at), ("one", Some(Timestamp::from_micros(2 * DAY + 2))));
        // Who asks every moment is noted every ten seconds.
        let asked = async |at: i64, by: &str| {
            state.outlet_asked(&ctx("home", at), "b", by).await.unwrap();
            state.outlet(&home, "list").await.unwrap().asked.unwrap()
        };
        assert_eq!(asked(DAY, "curl").await, ("curl".to_owned(), Timestamp::from_micros(DAY)));
        assert_eq!(asked(DAY + 9_000_000, "wget").await.0, "curl");
        assert_eq!(asked(DAY + 11_000_000, "wget").await.0, "wget");
        // Paused, renewed, made anew: the token that was is none any more.
        state.pause_outlet(&home, "list", Some(home.now)).await.unwrap();
        state.renew_outlet(&home, "list", &[9; 32], home.now.plus(Duration::from_secs(60))).await.unwrap();
        state.keep_outlet_made(&home, "b", "{}").await.unwrap();
        let long = "x".repeat(limits::OUTLET_MADE_BYTES_MAX + 1);
        assert!(matches!(state.keep_outlet_made(&home, "b", &long).await, Err(StateError::TooLarge { .. })));
        assert_eq!(state.outlet_of_token(&[2; 32]).await.unwrap(), None);
        let outlet = state.outlet_of_token(&[9; 32]).await.unwrap().unwrap();
        assert!(outlet.paused.is_some() && outlet.has_ended(home.now.plus(Duration::from_secs(60))));
        assert_eq!(outlet.made, "{}");
        let other = ctx("fire", DAY);
        assert!(state.pause_outlet(&other, "list", None).await.is_err(), "another agency's");
        state.close().await;
    });
}
