//! Peers: what leaves stands in their collection and among the departures, or in neither; what comes is counted once; agencies are apart.

use std::collections::BTreeSet;

use model::{IndicatorKind, Marking, OpContext, Timestamp, Tlp};
use store::state::{
    ApiRoot, Arrived, ArrivedFrom, ArrivedSighting, Collection, CollectionRights, DeparturesAsked, EVERYTHING,
    NewCollection, NewDeparture, NewIntelSource, NewObject, NewPeer, NewSighting, NewToken, ObjectsAsked, Outgoing,
    Peer, Scope, SharingGroup, State, StateError,
};

use crate::state::{ctx, on_both};

const OUTBOX: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
const INBOX: &str = "64993447-4d7e-4f70-b94d-d7f33742ee63";

async fn collection(state: &State, ctx: &OpContext, id: &str) -> Collection {
    let everybody = CollectionRights::default();
    let new = NewCollection {
        id: id.to_owned(),
        alias: None,
        title: "t".to_owned(),
        description: None,
        spec_versions: vec!["2.1".to_owned()],
        everybody,
    };
    state.add_collection(ctx, "peers", &new).await.unwrap();
    state.collection(ctx, "peers", id, EVERYTHING).await.unwrap()
}

async fn peer(state: &State, ctx: &OpContext) -> (Peer, Collection) {
    let root = ApiRoot { name: "peers".to_owned(), title: "Peers".to_owned(), description: None };
    state.add_api_root(ctx, &root).await.unwrap();
    let (outbox, inbox) = (collection(state, ctx, OUTBOX).await, collection(state, ctx, INBOX).await);
    let source = NewIntelSource { name: "peer-state", kind: "peer", config: "{}" };
    let source = state.add_intel_source(ctx, &source).await.unwrap();
    let scopes = BTreeSet::from([Scope::Share]);
    let token = NewToken { name: "peer-state-1", secret: &[7; 32], scopes, expires: Timestamp::from_micros(i64::MAX) };
    state.add_token(ctx, &token).await.unwrap();
    let new = NewPeer {
        name: "state",
        config: "{\"wire\":{}}",
        secret: "wbt_secret",
        token: "peer-state-1",
        outbox: &outbox,
        inbox: &inbox,
        source,
    };
    state.add_peer(ctx, &new).await.unwrap();
    let again = state.add_peer(ctx, &new).await;
    assert!(matches!(again, Err(StateError::Exists { .. })), "{again:?}");
    (state.peer(ctx, "state").await.unwrap(), outbox)
}

fn object(number: u32) -> NewObject {
    let id = format!("sighting--{number:08x}-0000-4000-8000-000000000000");
    NewObject::read(&format!(
        r#"{{"type":"sighting","spec_version":"2.1","id":"{id}","created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z"}}"#
    ))
    .unwrap()
}

fn departure(number: u32) -> NewDeparture {
    NewDeparture {
        what: "sighting",
        about: format!("ipv4 192.0.2.{number}"),
        marking: Marking { tlp: Tlp::Green, ..Marking::default() },
        why: "{}".to_owned(),
        digest: "d".to_owned(),
        objects: vec![object(number)],
        tally: Some((IndicatorKind::Ipv4, format!("192.0.2.{number}"), 3)),
    }
}

fn sighting(value: &str, times: u64) -> NewSighting {
    let at = Timestamp::from_micros(5);
    NewSighting {
        kind: IndicatorKind::Ipv4,
        value: value.to_owned(),
        origin: "peer:state".to_owned(),
        is_false: false,
        times,
        first: at,
        last: at,
        marking: Marking::default(),
    }
}

fn all() -> DeparturesAsked {
    DeparturesAsked { to: None, before: Timestamp::from_micros(i64::MAX), rows_max: 10 }
}

#[test]
fn what_leaves_is_written_down_with_it() {
    on_both("peers_departures", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", 1_000), ctx("fire", 1_000));
        let (peer, outbox) = peer(&state, &home).await;
        assert_eq!(state.peer_secret(&peer).await.unwrap().as_deref(), Some("wbt_secret"));
        assert!(state.is_outbox(&home, &outbox).await.unwrap() && !state.is_outbox(&fire, &outbox).await.unwrap());
        let refused = vec![("sighting", "TLP:RED is for the persons who were told".to_owned(), 2)];
        let departures = vec![departure(1), departure(2)];
        let out = Outgoing { peer: peer.clone(), departures, refused, shared: Some("{}".to_owned()) };
        let added = state.depart(&home, (&[sighting("192.0.2.1", 1)], &[]), std::slice::from_ref(&out)).await.unwrap();
        assert_eq!(added, 2);
        assert!(state.news_of(&home, &outbox).await.unwrap() > Timestamp::EPOCH);
        // The same objects do not leave twice; what is refused is counted again.
        assert_eq!(state.depart(&ctx("home", 2_000), (&[], &[]), &[out]).await.unwrap(), 0);
        let left = state.departures(&home, &all()).await.unwrap();
        let seen: Vec<_> = left.iter().map(|one| (one.about.as_str(), one.marking.tlp)).collect();
        assert_eq!(seen, [("ipv4 192.0.2.2", Tlp::Green), ("ipv4 192.0.2.1", Tlp::Green)]);
        let page = state.shared_objects(&home, &outbox, &ObjectsAsked::default()).await.unwrap();
        assert_eq!((page.count, page.added.unwrap().1), (2, left[0].added), "a departure is its object's place");
        let only = DeparturesAsked { to: Some(peer.number), before: left[0].added, rows_max: 10 };
        assert_eq!(state.departures(&home, &only).await.unwrap(), left[1..]);
        assert_eq!(state.departure_counts(&home).await.unwrap(), [(peer.number, 2)]);
        let counts = state.refused_departures(&home, Timestamp::EPOCH).await.unwrap();
        assert_eq!((counts.len(), counts[0].times, counts[0].last.as_micros()), (1, 4, 2_000));
        assert_eq!(state.tally_released(&home, peer.number, (IndicatorKind::Ipv4, "192.0.2.1")).await.unwrap(), 3);
        assert_eq!(state.sightings_on(&home, IndicatorKind::Ipv4, "192.0.2.1").await.unwrap().len(), 1);
        // Another agency has none of it.
        assert!(state.departures(&fire, &all()).await.unwrap().is_empty());
        assert!(state.peers(&fire).await.unwrap().is_empty());
        assert_eq!(state.peers_everywhere().await.unwrap().len(), 1);
        // Where its collection is not there any more, nothing is written at all.
        let mut gone = Outgoing::to(peer.clone());
        gone.departures.push(departure(3));
        assert!(state.depart(&fire, (&[sighting("192.0.2.9", 1)], &[]), &[gone]).await.is_err());
        assert!(state.sightings_on(&fire, IndicatorKind::Ipv4, "192.0.2.9").await.unwrap().is_empty());
        state.close().await;
    });
}

#[test]
fn what_comes_is_counted_once() {
    on_both("peers_arrivals", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 1_000);
        let (peer, _) = peer(&state, &home).await;
        let one = |id: &str, version: i64| ArrivedSighting {
            id: id.to_owned(),
            version: Timestamp::from_micros(version),
            sighting: sighting("192.0.2.7", 2),
        };
        let arrived = |cursor: &str, sightings: Vec<ArrivedSighting>| Arrived {
            from: ArrivedFrom::Pulled(cursor.to_owned()),
            things: vec![("indicator--1".to_owned(), IndicatorKind::Ipv4, "192.0.2.7".to_owned())],
            sightings,
        };
        let first = state.welcome(&home, peer.number, &arrived("1", vec![one("s--1", 1)])).await.unwrap();
        assert_eq!(first.len(), 1);
        let page = vec![one("s--1", 1), one("s--1", 2), one("s--2", 1)];
        assert_eq!(state.welcome(&home, peer.number, &arrived("2", page)).await.unwrap().len(), 2);
        let kept = state.sightings_on(&home, IndicatorKind::Ipv4, "192.0.2.7").await.unwrap();
        assert_eq!((kept.len(), kept[0].times), (1, 6));
        let things = state.things_of(&home, peer.number, "indicator--1").await.unwrap();
        assert_eq!(things, [(IndicatorKind::Ipv4, "192.0.2.7".to_owned())]);
        assert_eq!(state.peer(&home, "state").await.unwrap().pulled, "2");
        // A place in the inbox never goes back.
        for upto in [900, 400] {
            let from = ArrivedFrom::Inbox(Timestamp::from_micros(upto));
            let nothing = Arrived { from, things: Vec::new(), sightings: Vec::new() };
            state.welcome(&home, peer.number, &nothing).await.unwrap();
        }
        assert_eq!(state.peer(&home, "state").await.unwrap().inbox_upto.as_micros(), 900);
        state.set_peer(&home, &peer, "{}", Some("wbt_other")).await.unwrap();
        let changed = state.peer(&home, "state").await.unwrap();
        assert_eq!(state.peer_secret(&changed).await.unwrap().as_deref(), Some("wbt_other"));
        state.remove_peer(&home, &changed).await.unwrap();
        assert!(state.peer(&home, "state").await.is_err() && state.peers_everywhere().await.unwrap().is_empty());
        assert!(state.things_of(&home, peer.number, "indicator--1").await.unwrap().is_empty());
        state.close().await;
    });
}

#[test]
fn a_group_never_goes_back_and_never_changes_hands() {
    on_both("peers_groups", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 1_000);
        let group = |owner: &str, version: u64| SharingGroup {
            name: "water".to_owned(),
            owner: owner.to_owned(),
            version,
            body: format!("{version}"),
            problem: String::new(),
            changed: home.now,
        };
        for (owner, version, is_kept) in
            [("a", 2, true), ("a", 1, false), ("a", 2, false), ("b", 9, false), ("a", 3, true)]
        {
            assert_eq!(
                state.keep_sharing_group(&home, &group(owner, version)).await.unwrap(),
                is_kept,
                "{owner} {version}"
            );
        }
        state.keep_group_problem(&home, "water", "refused").await.unwrap();
        let kept = state.sharing_groups(&home).await.unwrap();
        assert_eq!((kept.len(), kept[0].version, kept[0].problem.as_str()), (1, 3, "refused"));
        assert!(state.sharing_groups(&ctx("fire", 1)).await.unwrap().is_empty());
        state.close().await;
    });
}
