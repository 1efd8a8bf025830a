//! Peers: what leaves stands in their collection and among the departures, or in neither; what comes is counted once; agencies are apart.

use std::collections::BTreeSet;

use model::{IndicatorKind, Marking, Month, OpContext, Timestamp, Tlp};
use store::state::{
    ApiRoot, Arrived, ArrivedFrom, ArrivedSighting, ArrivedTechnique, Collection, CollectionRights, DeparturesAsked,
    EVERYTHING, LearnedNumber, NewCollection, NewDeparture, NewIntelSource, NewLearned, NewObject, NewPeer,
    NewSighting, NewToken, ObjectsAsked, Outgoing, Peer, Released, Scope, SharingGroup, State, StateError,
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
        objects: vec![object(number)],
        thing: Some((IndicatorKind::Ipv4, format!("192.0.2.{number}"))),
        is_taken_back: false,
        released: Some(Released::Thing(IndicatorKind::Ipv4, format!("192.0.2.{number}"), 3)),
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
        let out = Outgoing { departures, refused, shared: Some("{}".to_owned()), ..Outgoing::to(peer.clone()) };
        assert_eq!(state.depart(&home, std::slice::from_ref(&out)).await.unwrap(), 2);
        assert!(state.news_of(&home, &outbox).await.unwrap() > Timestamp::EPOCH);
        // Somebody else has gone further since the peer was read: nothing is written, not even a count.
        let later = ctx("home", 2_000);
        assert_eq!(state.depart(&later, std::slice::from_ref(&out)).await.unwrap(), 0);
        assert_eq!(state.refused_departures(&home, Timestamp::EPOCH).await.unwrap()[0].times, 2);
        // The same objects do not leave twice; what is refused is counted again.
        let again = Outgoing { peer: state.peer(&home, "state").await.unwrap(), ..out.clone() };
        assert_eq!(state.depart(&later, std::slice::from_ref(&again)).await.unwrap(), 0);
        // Nothing goes to whoever is paused.
        state.pause_peer(&home, &peer, Some(home.now)).await.unwrap();
        let mut more = Outgoing::to(peer.clone());
        more.departures.push(departure(7));
        assert_eq!(state.depart(&later, std::slice::from_ref(&more)).await.unwrap(), 0);
        state.pause_peer(&home, &peer, None).await.unwrap();
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
        // Another agency has none of it.
        assert!(state.departures(&fire, &all()).await.unwrap().is_empty());
        assert!(state.peers(&fire).await.unwrap().is_empty());
        assert_eq!(state.peers_everywhere().await.unwrap().len(), 1);
        // It is another agency's peer.
        let mut gone = Outgoing::to(peer.clone());
        gone.departures.push(departure(3));
        assert_eq!(state.depart(&fire, &[gone]).await.unwrap(), 0);
        assert!(state.departures(&fire, &all()).await.unwrap().is_empty());
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
            techniques: Vec::new(),
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
            let nothing = Arrived { from, things: Vec::new(), sightings: Vec::new(), techniques: Vec::new() };
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

fn learned(value: &str, is_false: bool, groups: &[&str]) -> NewLearned {
    let sighting = NewSighting { is_false, origin: "person:1".to_owned(), ..sighting(value, 2) };
    let groups = groups.iter().map(|name| (*name).to_owned()).collect();
    NewLearned { sighting, told: Marking { tlp: Tlp::Green, ..Marking::default() }, groups, finding: None }
}

fn thing(value: &str) -> (IndicatorKind, String) {
    (IndicatorKind::Ipv4, value.to_owned())
}

#[test]
fn what_is_learned_is_kept_in_order_and_the_last_word_counts() {
    on_both("peers_learned", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", 1_000), ctx("fire", 1_000));
        let said = [learned("192.0.2.1", false, &["water", "fire"]), learned("192.0.2.2", true, &[])];
        state.learn(&home, &said, &[]).await.unwrap();
        state.learn(&fire, &[learned("192.0.2.1", true, &[])], &[]).await.unwrap();
        state.learn(&ctx("home", 2_000), &[learned("192.0.2.1", true, &[])], &[]).await.unwrap();
        let all = state.learned_after(&home, LearnedNumber::default(), 10).await.unwrap();
        let values: Vec<_> = all.iter().map(|one| (one.value.as_str(), one.is_false, one.times)).collect();
        assert_eq!(values, [("192.0.2.1", false, 2), ("192.0.2.2", true, 2), ("192.0.2.1", true, 2)]);
        assert_eq!(
            (all[0].groups.join(" "), all[0].told.tlp, all[0].at),
            ("water fire".to_owned(), Tlp::Green, home.now)
        );
        assert!(all.is_sorted_by_key(|one| one.number));
        assert_eq!(state.learned_after(&home, all[1].number, 10).await.unwrap(), all[2..]);
        assert_eq!(state.learned_after(&home, LearnedNumber::default(), 1).await.unwrap(), all[..1]);
        let on = state.learned_on(&home, IndicatorKind::Ipv4, "192.0.2.1").await.unwrap();
        assert_eq!(on.iter().map(|one| one.is_false).collect::<Vec<_>>(), [true, false]);
        // It is counted as well, and what one agency calls harmless is not what another one does.
        assert_eq!(state.sightings_on(&home, IndicatorKind::Ipv4, "192.0.2.1").await.unwrap().len(), 2);
        let asked: Vec<_> = (0..60).map(|number| thing(&format!("192.0.2.{number}"))).collect();
        let harmless = async |ctx: &OpContext| {
            let mut found = state.harmless_among(ctx, &asked).await.unwrap();
            found.sort();
            found
        };
        assert_eq!(harmless(&home).await, [thing("192.0.2.1"), thing("192.0.2.2")]);
        assert_eq!(harmless(&fire).await, [thing("192.0.2.1")]);
        state.learn(&ctx("home", 3_000), &[learned("192.0.2.1", false, &[])], &[]).await.unwrap();
        assert_eq!(harmless(&home).await, [thing("192.0.2.2")]);
        assert_eq!(state.drop_learned_before(&home, Timestamp::from_micros(2_000)).await.unwrap(), 2);
        assert!(harmless(&home).await.is_empty());
        // Numbers are not given again.
        state.learn(&home, &[learned("192.0.2.9", false, &[])], &[]).await.unwrap();
        let left = state.learned_after(&home, all[2].number, 10).await.unwrap();
        assert_eq!(left.iter().map(|one| one.value.as_str()).collect::<Vec<_>>(), ["192.0.2.1", "192.0.2.9"]);
        state.close().await;
    });
}

#[test]
fn what_was_told_can_be_doubted_and_taken_back() {
    on_both("peers_told", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 1_000);
        let (peer, _) = peer(&state, &home).await;
        let depart = async |out: Outgoing| state.depart(&ctx("home", 2_000), &[out]).await.unwrap();
        // Two that are about one thing, as one moment may bring them, and more than one statement takes.
        let mut departures: Vec<NewDeparture> = (0..60).map(departure).collect();
        let twice = NewDeparture { thing: Some(thing("192.0.2.1")), ..departure(99) };
        departures.push(twice);
        assert_eq!(depart(Outgoing { departures, ..Outgoing::to(peer.clone()) }).await, 61);
        let values = |told: Vec<store::state::Told>| told.into_iter().map(|one| one.value).collect::<Vec<_>>();
        let after = async |value: Option<&str>, most: usize| {
            let place = value.map(|value| (IndicatorKind::Ipv4, value));
            values(state.told_after(&home, peer.number, place, most).await.unwrap())
        };
        assert_eq!(after(None, 100).await.len(), 60);
        assert_eq!(after(Some("192.0.2.57"), 2).await, ["192.0.2.58", "192.0.2.59"]);
        let doubtful = async || values(state.doubtful(&home, peer.number, 10).await.unwrap());
        assert!(doubtful().await.is_empty());
        // What nobody was told of is not doubted.
        let doubted = vec![thing("192.0.2.1"), thing("192.0.2.2"), thing("192.0.2.200")];
        depart(Outgoing { doubted, ..Outgoing::to(peer.clone()) }).await;
        assert_eq!(doubtful().await, ["192.0.2.1", "192.0.2.2"]);
        let back = NewDeparture { what: "revocation", is_taken_back: true, released: None, ..departure(100) };
        let back = NewDeparture { thing: Some(thing("192.0.2.1")), ..back };
        let settled = vec![thing("192.0.2.2")];
        assert_eq!(depart(Outgoing { departures: vec![back], settled, ..Outgoing::to(peer.clone()) }).await, 1);
        assert!(doubtful().await.is_empty());
        let asked: Vec<_> = (0..60).map(|number| thing(&format!("192.0.2.{number}"))).collect();
        let taken_back = state.taken_back_among(&home, peer.number, &asked).await.unwrap();
        assert_eq!(taken_back, [thing("192.0.2.1")]);
        assert_eq!(after(None, 100).await.len(), 59);
        // A source takes a claim back: it is looked at again what peers were told of it.
        let source = NewIntelSource { name: "feed", kind: "list", config: "{}" };
        let source = state.add_intel_source(&home, &source).await.unwrap();
        state.take_back_claims(&home, source, &[thing("192.0.2.1"), thing("192.0.2.3")]).await.unwrap();
        assert_eq!(doubtful().await, ["192.0.2.3"]);
        state.remove_peer(&home, &peer).await.unwrap();
        assert!(after(None, 100).await.is_empty());
        state.close().await;
    });
}

#[test]
fn techniques_of_peers_are_kept_once_and_bounded() {
    on_both("peers_techniques", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 1_000);
        let (peer, _) = peer(&state, &home).await;
        let month: Month = "2026-11".parse().unwrap();
        let one = |technique: &str, counted: Option<u32>| ArrivedTechnique {
            month,
            technique: technique.to_owned(),
            counted,
            marking: Marking { tlp: Tlp::Green, ..Marking::default() },
        };
        let arrive = async |techniques: Vec<ArrivedTechnique>| {
            let from = ArrivedFrom::Pulled("1".to_owned());
            let arrived = Arrived { from, things: Vec::new(), sightings: Vec::new(), techniques };
            state.welcome(&home, peer.number, &arrived).await.unwrap();
            state.technique_reports(&home, month).await.unwrap()
        };
        let kept =
            arrive(vec![one("T1059", None), one("T1059", Some(4)), one("T1059", None), one("T1003", None)]).await;
        let said: Vec<_> = kept.iter().map(|report| (report.technique.as_str(), report.counted)).collect();
        assert_eq!(said, [("T1003", None), ("T1059", None), ("T1059", Some(4))]);
        assert_eq!((kept[0].peer, kept[0].marking.tlp), (peer.number, Tlp::Green));
        assert_eq!(arrive(vec![one("T1059", Some(5))]).await[2].counted, Some(5));
        // Whoever makes techniques up is not listened to for ever.
        let many = (0..model::limits::TECHNIQUES_OF_PEER_MAX + 9).map(|number| one(&format!("T{number:05}"), None));
        assert_eq!(arrive(many.collect()).await.len(), model::limits::TECHNIQUES_OF_PEER_MAX);
        assert!(state.technique_reports(&home, "2026-10".parse().unwrap()).await.unwrap().is_empty());
        assert!(state.technique_reports(&ctx("fire", 1), month).await.unwrap().is_empty());
        // Over how many it was told is kept with what is told.
        let released = Some(Released::Technique(month, "T1059".to_owned(), 4));
        let out = NewDeparture { thing: None, released, ..departure(1) };
        let out = Outgoing { departures: vec![out], ..Outgoing::to(peer.clone()) };
        state.depart(&home, &[out]).await.unwrap();
        let told = async |technique| state.technique_released(&home, peer.number, (month, technique)).await.unwrap();
        assert_eq!((told("T1059").await, told("T1003").await), (4, 0));
        assert!(state.drop_technique_reports_before(&home, Timestamp::from_micros(2_000)).await.unwrap() > 0);
        state.remove_peer(&home, &peer).await.unwrap();
        assert!(state.technique_reports(&home, month).await.unwrap().is_empty());
        state.close().await;
    });
}
