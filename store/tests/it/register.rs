//! The register: versions, moments, both ends of links, agencies apart, and a city's worth of it within seconds.

use std::time::Instant;

use model::register::{Address, DataCategory, DataHeld, Exposure, Item, ItemId, ItemKind, Lifecycle, Link, LinkKind};
use model::{OpContext, Timestamp, limits};
use store::state::{
    Deed, ExposureAsked, ItemsAsked, LedgerAsked, LinkPlace, RegisterChange, Revision, State, StateError,
};

use crate::state::{ctx, on_both};

const SECOND: i64 = 1_000_000;

fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

fn item(name: &str, kind: ItemKind) -> Item {
    Item::new(id(name), kind, &format!("The {name}"))
}

fn link(from: &str, kind: LinkKind, to: &str) -> Link {
    Link::new(id(from), kind, id(to))
}

async fn write(state: &State, ctx: &OpContext, change: RegisterChange) -> Result<Revision, StateError> {
    state.change_register(ctx, &change, Deed::done("register.test", "register")).await
}

async fn items(state: &State, ctx: &OpContext, asked: ItemsAsked) -> Vec<String> {
    let asked = ItemsAsked { rows_max: if asked.rows_max == 0 { 100 } else { asked.rows_max }, ..asked };
    let found = state.register_items(ctx, &asked).await.unwrap();
    found.into_iter().map(|version| version.item.id.to_string()).collect()
}

fn with_items(items: Vec<Item>) -> RegisterChange {
    RegisterChange { items, ..RegisterChange::default() }
}

#[test]
fn every_version_stays_and_is_found_by_its_moment() {
    on_both("register_versions", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", 5 * SECOND), ctx("fire", 5 * SECOND));
        assert_eq!(state.register_revision(&home).await.unwrap(), Revision::default());
        let first = write(&state, &home, with_items(vec![item("portal", ItemKind::Service)])).await.unwrap();
        assert_eq!((first.number, first.at), (1, home.now));
        // Somebody whose clock is behind still comes after.
        let mut public = item("portal", ItemKind::Service);
        public.exposure = Some(Exposure::Public);
        let late = ctx("home", SECOND);
        let second = write(&state, &late, with_items(vec![public.clone()])).await.unwrap();
        assert_eq!((second.number, second.at), (2, Timestamp::from_micros(5 * SECOND + 1)));
        let now = state.register_item(&home, &id("portal"), None).await.unwrap().unwrap();
        assert_eq!((&now.item, now.from, now.until, now.by.as_str()), (&public, second.at, None, late.actor.as_str()));
        let then = state.register_item(&home, &id("portal"), Some(first.at)).await.unwrap().unwrap();
        assert_eq!((then.item.exposure, then.until), (None, Some(second.at)));
        let before = Some(Timestamp::from_micros(5 * SECOND - 1));
        assert_eq!(state.register_item(&home, &id("portal"), before).await.unwrap(), None);
        let history = state.register_item_history(&home, &id("portal"), None).await.unwrap();
        assert_eq!(history, [now, then]);
        assert_eq!(state.register_item_history(&home, &id("portal"), Some(second.at)).await.unwrap().len(), 1);
        // Nobody else's.
        assert!(items(&state, &fire, ItemsAsked::default()).await.is_empty());
        assert_eq!(state.register_revision(&fire).await.unwrap(), Revision::default());
        let whole = state.register_whole(&fire, None).await.unwrap();
        assert!(whole.items.is_empty() && whole.links.is_empty());
        let lines = state.ledger(&home, &LedgerAsked::default()).await.unwrap();
        assert_eq!(lines.len(), 2, "each change leaves its line");
    });
}

#[test]
fn what_was_changed_meanwhile_is_not_overwritten() {
    on_both("register_conflicts", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let portal = || item("portal", ItemKind::Service);
        let first = write(&state, &home, with_items(vec![portal()])).await.unwrap();
        let expecting = |seen: Option<Timestamp>| RegisterChange {
            expects: vec![(id("portal"), seen)],
            ..with_items(vec![Item { owner: "office".to_owned(), ..portal() }])
        };
        let again = write(&state, &home, expecting(None)).await;
        assert!(matches!(again, Err(StateError::Exists { .. })), "{again:?}");
        write(&state, &home, expecting(Some(first.at))).await.unwrap();
        let late = write(&state, &home, expecting(Some(first.at))).await;
        assert!(matches!(late, Err(StateError::Changed { .. })), "{late:?}");
        let missing = RegisterChange { expects: vec![(id("x"), Some(first.at))], ..RegisterChange::default() };
        assert!(matches!(write(&state, &home, missing).await, Err(StateError::NotFound { .. })));
        let stale = RegisterChange { after: Some(first), ..with_items(vec![portal()]) };
        assert!(matches!(write(&state, &home, stale).await, Err(StateError::Changed { .. })));
        let now = state.register_revision(&home).await.unwrap();
        assert_eq!(now.number, 2, "what was refused left nothing");
        let fresh = RegisterChange { after: Some(now), ..with_items(vec![portal()]) };
        write(&state, &home, fresh).await.unwrap();
        let twice = write(&state, &home, with_items(vec![portal(), portal()])).await;
        assert!(matches!(twice, Err(StateError::Corrupt { .. })));
        let mut large = portal();
        large.labels = vec!["x".repeat(limits::REGISTER_BODY_BYTES_MAX)];
        assert!(matches!(write(&state, &home, with_items(vec![large])).await, Err(StateError::TooLarge { .. })));
        assert_eq!(state.ledger(&home, &LedgerAsked::default()).await.unwrap().len(), 3);
    });
}

#[test]
fn items_are_looked_for() {
    on_both("register_search", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let mut portal = item("portal", ItemKind::Service);
        portal.exposure = Some(Exposure::Public);
        portal.data = Some(vec![DataHeld { category: DataCategory::Health, residents: Some(7) }]);
        let mut server = item("srv-1", ItemKind::Machine);
        server.owner = "Amt für 100%_IT".to_owned();
        server.addresses = ["10.20.7.20", "srv-1.city.example"].map(|text| Address::parse(text).unwrap()).to_vec();
        let mut net = item("net", ItemKind::Machine);
        net.addresses = ["10.20.0.0/16", "2001:db8::/32"].map(|text| Address::parse(text).unwrap()).to_vec();
        net.state = Lifecycle::Retired;
        let revision = write(&state, &home, with_items(vec![portal, server.clone(), net])).await.unwrap();
        let all = ItemsAsked::default();
        for at in [None, Some(revision.at)] {
            let all = ItemsAsked { at, ..all.clone() };
            let check = async |asked: ItemsAsked, expected: &[&str]| {
                assert_eq!(items(&state, &home, asked.clone()).await, expected, "{asked:?}");
            };
            check(all.clone(), &["net", "portal", "srv-1"]).await;
            check(ItemsAsked { rows_max: 2, ..all.clone() }, &["net", "portal"]).await;
            check(ItemsAsked { after: Some(id("portal")), ..all.clone() }, &["srv-1"]).await;
            check(ItemsAsked { kind: Some(ItemKind::Machine), ..all.clone() }, &["net", "srv-1"]).await;
            check(ItemsAsked { but: Some(ItemKind::Machine), ..all.clone() }, &["portal"]).await;
            check(ItemsAsked { state: Some(Lifecycle::Retired), ..all.clone() }, &["net"]).await;
            check(ItemsAsked { exposure: ExposureAsked::Unsaid, ..all.clone() }, &["net", "srv-1"]).await;
            check(ItemsAsked { exposure: ExposureAsked::Is(Exposure::Public), ..all.clone() }, &["portal"]).await;
            for (text, expected) in [
                ("PORTAL", &["portal"][..]),
                ("FÜR", &["srv-1"][..]),
                ("100%_it", &["srv-1"][..]),
                ("1%i", &[][..]),
                ("city.example", &["srv-1"][..]),
            ] {
                check(ItemsAsked { text: text.to_owned(), ..all.clone() }, expected).await;
            }
        }
        let counts = state.register_counts(&home, None).await.unwrap();
        assert_eq!(counts.iter().map(|count| count.items).sum::<u64>(), 3);
        let public = counts.iter().find(|count| count.exposure == Some(Exposure::Public)).unwrap();
        assert_eq!((public.kind, public.items), (ItemKind::Service, 1));
        let behind = async |text: &str| {
            let found = state.register_behind(&home, &Address::parse(text).unwrap()).await.unwrap();
            found.into_iter().map(|version| version.item.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(behind("10.20.7.20").await, ["srv-1", "net"]);
        assert_eq!(behind("10.20.7.21").await, ["net"]);
        assert_eq!(behind("2001:db8::1").await, ["net"]);
        assert_eq!(behind("SRV-1.city.example").await, ["srv-1"]);
        assert!(behind("10.21.0.1").await.is_empty() && behind("city.example").await.is_empty());
        // Its address is another one now.
        server.addresses = vec![Address::parse("10.20.7.99").unwrap()];
        write(&state, &home, with_items(vec![server])).await.unwrap();
        assert_eq!(behind("10.20.7.20").await, ["net"]);
        assert!(
            state
                .register_behind(&ctx("fire", SECOND), &Address::parse("10.20.7.99").unwrap())
                .await
                .unwrap()
                .is_empty()
        );
    });
}

#[test]
fn links_are_seen_from_both_ends() {
    on_both("register_links", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let first = RegisterChange {
            items: vec![item("portal", ItemKind::Service), item("srv-1", ItemKind::Machine)],
            links: vec![link("portal", LinkKind::RunsOn, "srv-1"), link("portal", LinkKind::DependsOn, "srv-1")],
            ..RegisterChange::default()
        };
        let first = write(&state, &home, first).await.unwrap();
        let both = async |name: &str, at: Option<Timestamp>| {
            let (from, to) = state.register_links_of(&home, &id(name), at, 10).await.unwrap();
            let names = |links: Vec<store::state::LinkedItem>| {
                links.into_iter().map(|one| format!("{} {}", one.version.link.kind, one.title)).collect::<Vec<_>>()
            };
            (names(from), names(to))
        };
        let needs = vec!["depends-on The srv-1".to_owned(), "runs-on The srv-1".to_owned()];
        let needed = vec!["depends-on The portal".to_owned(), "runs-on The portal".to_owned()];
        assert_eq!(both("portal", None).await, (needs.clone(), Vec::new()));
        assert_eq!(both("srv-1", None).await, (Vec::new(), needed));
        let place = LinkPlace::of(&link("portal", LinkKind::RunsOn, "srv-1"));
        let ended = RegisterChange { ended: vec![place.clone()], ..RegisterChange::default() };
        let second = write(&state, &home, ended).await.unwrap();
        assert_eq!(state.register_link(&home, &place).await.unwrap(), None);
        assert_eq!(both("portal", None).await.0.len(), 1);
        assert_eq!(both("portal", Some(first.at)).await.0, needs, "then it was there");
        // It comes back, and says more.
        let mut back = link("portal", LinkKind::RunsOn, "srv-1");
        back.about = "again".to_owned();
        let again = RegisterChange { links: vec![back.clone()], ..RegisterChange::default() };
        write(&state, &home, again).await.unwrap();
        assert_eq!(state.register_link(&home, &place).await.unwrap().unwrap().link, back);
        let history = state.register_link_history(&home, &id("srv-1"), None).await.unwrap();
        let ends: Vec<_> = history.iter().map(|version| (version.until, version.ended_by.is_some())).collect();
        assert_eq!(ends, [(None, false), (None, false), (Some(second.at), true)]);
        assert_eq!(state.register_whole(&home, None).await.unwrap().links.len(), 2);
        assert_eq!(state.register_whole(&home, Some(second.at)).await.unwrap().links.len(), 1);
        assert_eq!(state.register_whole(&home, Some(first.at)).await.unwrap().links.len(), 2);
    });
}

/// A city's worth: 10,000 items, 60,000 links.
#[test]
fn a_city_is_loaded_and_read_whole() {
    on_both("register_city", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let machines: Vec<Item> = (0..10_000)
            .map(|n: u32| {
                let mut machine = item(&format!("srv-{n:05}"), ItemKind::Machine);
                machine.addresses = vec![Address::parse(&format!("10.{}.{}.7", n / 250, n % 250)).unwrap()];
                machine
            })
            .collect();
        let far = |n: usize, by: usize| (n + by * by * 37 + 1) % machines.len();
        let links: Vec<Link> = (0..machines.len())
            .flat_map(|n| (0..6).map(move |by| (n, far(n, by))))
            .map(|(n, other)| Link::new(machines[n].id.clone(), LinkKind::DependsOn, machines[other].id.clone()))
            .collect();
        let change = RegisterChange { items: machines.clone(), links: links.clone(), ..RegisterChange::default() };
        let started = Instant::now();
        let revision = write(&state, &home, change).await.unwrap();
        let loaded = started.elapsed();
        let whole = state.register_whole(&home, None).await.unwrap();
        eprintln!("loaded in {loaded:?}, read whole in {:?}", started.elapsed() - loaded);
        assert_eq!((whole.items.len(), whole.links.len(), whole.revision), (10_000, 60_000, revision));
        assert_eq!(whole.items.values().cloned().collect::<Vec<_>>(), machines);
        // A tenth changes; what was before is still there.
        let changed: Vec<Item> =
            machines.iter().step_by(10).map(|old| Item { owner: "IT".to_owned(), ..old.clone() }).collect();
        let ended = links.iter().step_by(10).map(LinkPlace::of).collect();
        write(&state, &home, RegisterChange { items: changed, ended, ..RegisterChange::default() }).await.unwrap();
        let now = state.register_whole(&home, None).await.unwrap();
        assert_eq!((now.items.len(), now.links.len()), (10_000, 54_000));
        let then = state.register_whole(&home, Some(revision.at)).await.unwrap();
        assert_eq!((then.items, then.links), (whole.items, whole.links));
    });
}

#[test]
fn words_that_name_a_person_are_taken_out_of_all_versions() {
    on_both("register_erasure", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let mut laptop = item("laptop-7", ItemKind::Machine);
        laptop.title = "laptop of h.brandt".to_owned();
        laptop.addresses = ["10.0.0.7", "h.brandt-pc"].map(|text| Address::parse(text).unwrap()).to_vec();
        let mut about = link("laptop-7", LinkKind::AdministeredBy, "admins");
        about.about = "h.brandt asked for it".to_owned();
        let first = RegisterChange {
            items: vec![laptop.clone(), item("admins", ItemKind::Identity)],
            links: vec![about],
            ..RegisterChange::default()
        };
        write(&state, &home, first).await.unwrap();
        laptop.owner = "h.brandt".to_owned();
        write(&state, &home, with_items(vec![laptop])).await.unwrap();
        let names = |text: &[u8]| text.windows(8).any(|part| part == b"h.brandt");
        assert_eq!(state.register_naming(&home, names).await.unwrap(), 3);
        assert_eq!(state.register_naming(&ctx("fire", SECOND), names).await.unwrap(), 0);
        assert_eq!(state.erase_register_naming(&home, names).await.unwrap(), 3);
        assert_eq!(state.register_naming(&home, names).await.unwrap(), 0);
        let history = state.register_item_history(&home, &id("laptop-7"), None).await.unwrap();
        assert!(history.iter().all(|version| version.item.title == "(erased)" && version.item.addresses.len() == 1));
        let name = Address::parse("h.brandt-pc").unwrap();
        assert!(state.register_behind(&home, &name).await.unwrap().is_empty());
        let address = Address::parse("10.0.0.7").unwrap();
        assert_eq!(state.register_behind(&home, &address).await.unwrap().len(), 1);
        assert!(
            items(&state, &home, ItemsAsked { text: "brandt".to_owned(), ..ItemsAsked::default() }).await.is_empty()
        );
    });
}
