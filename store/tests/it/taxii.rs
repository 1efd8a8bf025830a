//! Shared objects on both engines: what is found, in which order, by whom, and while others write.

use std::collections::BTreeSet;

use model::{AgencyId, OpContext, Roles, Timestamp, limits};
use store::state::{
    ApiRoot, Collection, CollectionRights, Database, EVERYTHING, LedgerAsked, NewCollection, NewObject, NewToken,
    ObjectsAsked, PostStatus, Scope, SpecAsked, State, StateError, Taken, VersionsAsked, object_named,
};

use crate::state::on_both;

const ID: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
const BOTH: CollectionRights = CollectionRights { can_read: true, can_write: true };

fn ctx(agency: &str, now_us: i64) -> OpContext {
    OpContext::new(AgencyId::parse(agency).unwrap(), "token:a", Roles::NODE, Timestamp::from_micros(now_us))
}

fn new_collection(id: &str, everybody: CollectionRights) -> NewCollection {
    NewCollection {
        id: id.to_owned(),
        alias: None,
        title: "High value indicators".to_owned(),
        description: None,
        spec_versions: vec!["2.1".to_owned()],
        everybody,
    }
}

async fn open(database: &Database) -> (State, Collection) {
    let state = State::open(database).await.unwrap();
    let home = ctx("home", 1_000);
    let root = ApiRoot { name: "shared".to_owned(), title: "Shared".to_owned(), description: None };
    state.add_api_root(&home, &root).await.unwrap();
    state.add_collection(&home, "shared", &new_collection(ID, BOTH)).await.unwrap();
    let collection = state.collection(&home, "shared", ID, "token:a").await.unwrap();
    (state, collection)
}

/// An object of a kind, with a number, a version of STIX and a time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Thing {
    kind: &'static str,
    number: u32,
    spec: &'static str,
    version_us: i64,
}

impl Thing {
    fn id(&self) -> String {
        format!("{}--{:08}", self.kind, self.number)
    }

    fn object(&self) -> NewObject {
        let (id, kind, spec) = (self.id(), self.kind, self.spec);
        let modified = Timestamp::from_micros(self.version_us);
        let text = format!(r#"{{"type":"{kind}","id":"{id}","spec_version":"{spec}","modified":"{modified}"}}"#);
        NewObject::read(&text).unwrap()
    }
}

async fn share(state: &State, ctx: &OpContext, collection: &Collection, objects: &[NewObject]) -> Vec<Taken> {
    let id = format!("{:032x}", ctx.now.as_micros());
    let status = PostStatus { id: &id, body: &|taken| taken.len().to_string() };
    state.share_objects(ctx, collection, objects, &status).await.unwrap()
}

/// Numbers, so that cases are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

const KINDS: [&str; 11] =
    ["tool", "malware", "indicator", "report", "note", "grouping", "campaign", "identity", "url", "file", "process"];

/// What the specification says, told the slow way.
fn expected(things: &[(Thing, i64)], asked: &ObjectsAsked) -> Vec<i64> {
    let newest = |id: &str| things.iter().filter(|(thing, _)| thing.id() == id).map(|(thing, _)| thing.spec).max();
    let is_spec = |thing: &Thing| match &asked.spec {
        SpecAsked::Newest => newest(&thing.id()) == Some(thing.spec),
        SpecAsked::Any => true,
        SpecAsked::Among(among) => among.iter().any(|spec| spec == thing.spec),
    };
    let is_version = |thing: &Thing| {
        let others = things.iter().map(|(other, _)| other).filter(|other| other.id() == thing.id() && is_spec(other));
        let times: Vec<i64> = others.map(|other| other.version_us).collect();
        let versions = &asked.versions;
        versions.all
            || (versions.last && times.iter().max() == Some(&thing.version_us))
            || (versions.first && times.iter().min() == Some(&thing.version_us))
            || versions.at.iter().any(|at| at.as_micros() == thing.version_us)
    };
    let is_asked = |(thing, added): &&(Thing, i64)| {
        *added > asked.after.as_micros()
            && (asked.ids.is_empty() || asked.ids.contains(&thing.id()))
            && (asked.types.is_empty() || asked.types.iter().any(|kind| kind == thing.kind))
            && is_spec(thing)
            && is_version(thing)
    };
    things.iter().filter(is_asked).map(|(_, added)| *added).collect()
}

fn any_question(numbers: &mut Numbers, things: &[(Thing, i64)]) -> ObjectsAsked {
    let mut some = |limit: u64| numbers.below(limit) as usize;
    let mut asked = ObjectsAsked { rows_max: 1 + some(40), ..ObjectsAsked::default() };
    if some(3) == 0 {
        asked.after = Timestamp::from_micros(things[some(things.len() as u64)].1);
    }
    if some(3) == 0 {
        asked.ids = (0..=some(5)).map(|_| things[some(things.len() as u64)].0.id()).collect();
    }
    asked.types = match some(5) {
        0 => vec![KINDS[some(11)].to_owned()],
        1 => KINDS[..2 + some(3)].iter().map(|kind| (*kind).to_owned()).collect(),
        2 => KINDS[..10].iter().map(|kind| (*kind).to_owned()).collect(),
        _ => Vec::new(),
    };
    asked.spec = match some(4) {
        0 => SpecAsked::Any,
        1 => SpecAsked::Among(vec!["2.0".to_owned()]),
        2 => SpecAsked::Among(vec!["2.0".to_owned(), "2.1".to_owned()]),
        _ => SpecAsked::Newest,
    };
    asked.versions = match some(5) {
        0 => VersionsAsked::all(),
        1 => VersionsAsked { first: true, last: false, ..VersionsAsked::default() },
        2 => VersionsAsked { first: true, ..VersionsAsked::default() },
        3 => {
            let at = vec![Timestamp::from_micros(things[some(things.len() as u64)].0.version_us)];
            VersionsAsked { at, first: some(2) == 0, last: false, all: false }
        }
        _ => VersionsAsked::default(),
    };
    asked
}

#[test]
fn every_question_finds_what_the_specification_says() {
    on_both("taxii_questions", |database| async move {
        let (state, collection) = open(&database).await;
        let home = ctx("home", 2_000);
        let mut numbers = Numbers(7);
        let (mut objects, mut things): (Vec<NewObject>, Vec<(Thing, i64)>) = (Vec::new(), Vec::new());
        for _ in 0..333 {
            let kind = KINDS[numbers.below(11) as usize];
            let spec = if numbers.below(4) == 0 { "2.0" } else { "2.1" };
            let version_us = 1_000_000 * numbers.below(5) as i64;
            let thing = Thing { kind, number: numbers.below(12) as u32, spec, version_us };
            objects.push(thing.object());
            things.push((thing, 0));
        }
        // What comes twice is known.
        let taken = share(&state, &home, &collection, &objects).await;
        let mut kept: Vec<(Thing, i64)> = Vec::new();
        for ((thing, _), taken) in things.into_iter().zip(&taken) {
            let is_known = kept.iter().any(|(known, _)| *known == thing);
            match taken {
                Taken::Added(at) if !is_known => kept.push((thing, at.as_micros())),
                Taken::Known if is_known => {}
                taken => panic!("{thing:?}: {taken:?}"),
            }
        }
        assert!(kept.is_sorted_by(|(_, one), (_, other)| one < other) && kept.len() > 150);
        let mut found = 0;
        for _ in 0..150 {
            let mut asked = any_question(&mut numbers, &kept);
            let expected = expected(&kept, &asked);
            let question = format!("{asked:?}");
            let (mut objects, mut entries) = (0, Vec::new());
            loop {
                let page = state.shared_objects(&home, &collection, &asked).await.unwrap();
                let manifest = state.manifest(&home, &collection, &asked).await.unwrap();
                let bodies: Vec<serde_json::Value> = serde_json::from_str(&format!("[{}]", page.text)).unwrap();
                let ids: Vec<_> = bodies.iter().map(|body| body["id"].as_str().unwrap()).collect();
                assert_eq!(ids, manifest.entries.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>());
                assert_eq!((page.count, page.has_more), (ids.len(), manifest.has_more), "{question}");
                objects += page.count;
                entries.extend(manifest.entries.iter().map(|entry| entry.added.as_micros()));
                match page.added {
                    Some((_, last)) if page.has_more => asked.after = last,
                    _ => break,
                }
            }
            assert_eq!(entries, expected, "{question}");
            assert_eq!(objects, expected.len());
            found += objects;
        }
        assert!(found > 2_000, "{found}");
        state.close().await;
    });
}

/// Somebody reads page by page while others write: each object comes once, in order, and none is left out.
#[test]
fn pages_neither_skip_nor_repeat_while_others_write() {
    on_both("taxii_writers", |database| async move {
        let (state, collection) = open(&database).await;
        let write = |writer: u32| {
            let (state, collection) = (state.clone(), collection.clone());
            async move {
                for batch in 0..15 {
                    let thing = |n| Thing { kind: "tool", number: n, spec: "2.1", version_us: 0 };
                    let first = writer * 1_000 + batch * 30;
                    let objects: Vec<_> = (first..first + 30).map(|n| thing(n).object()).collect();
                    // Each has a clock of its own, and one that goes back.
                    let home = ctx("home", 5_000_000 - i64::from(writer * 400_000 + batch));
                    share(&state, &home, &collection, &objects).await;
                }
            }
        };
        let writers: Vec<_> = (0..4).map(|writer| tokio::spawn(write(writer))).collect();
        let (mut asked, mut seen) = (ObjectsAsked { rows_max: 7, ..ObjectsAsked::default() }, Vec::new());
        let mut last = 0;
        while seen.len() < 4 * 15 * 30 {
            // Asked before the page is: what is written in between is in the next one.
            let is_over = writers.iter().all(tokio::task::JoinHandle::is_finished);
            let page = state.manifest(&ctx("home", 9), &collection, &asked).await.unwrap();
            for entry in &page.entries {
                assert!(entry.added.as_micros() > last);
                last = entry.added.as_micros();
                seen.push(entry.id.clone());
            }
            asked.after = Timestamp::from_micros(last);
            assert!(page.entries.len() == 7 || !page.has_more);
            assert!(
                !is_over || page.has_more || !page.entries.is_empty() || seen.len() == 4 * 15 * 30,
                "{}",
                seen.len()
            );
            tokio::task::yield_now().await;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len());
        let rest = state.manifest(&ctx("home", 9), &collection, &asked).await.unwrap();
        assert!(rest.entries.is_empty() && !rest.has_more);
        // One line of the ledger for each request, none for each object.
        let asked = LedgerAsked { operation: "share.write".to_owned(), ..LedgerAsked::default() };
        assert_eq!(state.ledger(&ctx("home", 9), &asked).await.unwrap().len(), 60);
        state.close().await;
    });
}

#[test]
fn pages_are_cut_by_bytes_and_give_one_object_at_least() {
    on_both("taxii_bytes", |database| async move {
        let (state, collection) = open(&database).await;
        let large = |number: u32| {
            let text = "x".repeat(limits::TAXII_OBJECT_BYTES_MAX - 200);
            NewObject::read(&format!(r#"{{"type":"tool","id":"tool--{number}","x":"{text}"}}"#)).unwrap()
        };
        let home = ctx("home", 2_000);
        let count = limits::TAXII_PAGE_BYTES_MAX / limits::TAXII_OBJECT_BYTES_MAX + 2;
        let objects: Vec<_> = (0..count as u32).map(large).collect();
        share(&state, &home, &collection, &objects).await;
        let mut asked = ObjectsAsked::default();
        let page = state.shared_objects(&home, &collection, &asked).await.unwrap();
        assert_eq!((page.count, page.has_more), (count - 2, true));
        assert!(page.text.len() <= limits::TAXII_PAGE_BYTES_MAX + page.count);
        asked.after = page.added.unwrap().1;
        let page = state.shared_objects(&home, &collection, &asked).await.unwrap();
        assert_eq!((page.count, page.has_more), (2, false));
        state.close().await;
    });
}

#[test]
fn bytes_stay_as_they_were_written() {
    on_both("taxii_verbatim", |database| async move {
        let (state, collection) = open(&database).await;
        let texts = [
            r#"{"type":"tool","id":"tool--1","n":1.0000000000000000000000001e+400,"u":"\u0000\ud83d\ude00 ü 'q' $1 \\"}"#,
            "{\n\t\"x_unknown\" : [ { } , -0.0 ],\n\t\"type\":\"tool\", \"id\":\"tool--2\" }",
        ];
        let objects = texts.map(|text| NewObject::read(text).unwrap());
        let home = ctx("home", 2_000);
        share(&state, &home, &collection, &objects).await;
        let page = state.shared_objects(&home, &collection, &ObjectsAsked::default()).await.unwrap();
        assert_eq!(page.text, texts.join(","));
        // They have no version: the moment at which they were added is one, and they are known when they come again.
        let manifest = state.manifest(&home, &collection, &ObjectsAsked::default()).await.unwrap();
        assert!(manifest.entries.iter().all(|entry| entry.version.is_none()));
        assert_eq!(share(&state, &ctx("home", 2_001), &collection, &objects).await, [Taken::Known, Taken::Known]);
        let at = VersionsAsked { at: vec![manifest.entries[1].added], last: false, ..VersionsAsked::default() };
        let asked = ObjectsAsked { versions: at, ..ObjectsAsked::default() };
        assert_eq!(state.shared_objects(&home, &collection, &asked).await.unwrap().text, texts[1]);
        state.close().await;
    });
}

#[test]
fn versions_are_deleted_as_asked() {
    on_both("taxii_deletes", |database| async move {
        let (state, collection) = open(&database).await;
        let home = ctx("home", 2_000);
        let thing = |version_us, spec| Thing { kind: "tool", number: 1, spec, version_us };
        let mut objects: Vec<_> = (1..=5).map(|version| thing(version * 1_000_000, "2.1").object()).collect();
        objects.push(thing(9_000_000, "2.0").object());
        objects.push(Thing { number: 2, ..thing(1, "2.1") }.object());
        share(&state, &home, &collection, &objects).await;
        let asked =
            |spec, versions| ObjectsAsked { ids: vec![thing(0, "").id()], spec, versions, ..ObjectsAsked::default() };
        let delete = async |spec, versions| {
            state.delete_shared_object(&home, &collection, &asked(spec, versions)).await.unwrap()
        };
        let first = VersionsAsked { first: true, last: false, ..VersionsAsked::default() };
        assert_eq!(delete(SpecAsked::Any, VersionsAsked::default()).await, 1, "the last of all is of 2.0");
        assert_eq!(delete(SpecAsked::Any, first.clone()).await, 1);
        assert_eq!(delete(SpecAsked::Among(vec!["2.0".to_owned()]), VersionsAsked::all()).await, 0);
        let left = state.manifest(&home, &collection, &asked(SpecAsked::Any, VersionsAsked::all())).await.unwrap();
        let left: Vec<_> = left.entries.iter().filter_map(|entry| entry.version.as_deref()).collect();
        assert_eq!(
            left,
            ["1970-01-01T00:00:02Z", "1970-01-01T00:00:03Z", "1970-01-01T00:00:04Z", "1970-01-01T00:00:05Z"]
        );
        assert_eq!(delete(SpecAsked::Any, VersionsAsked::all()).await, 4);
        assert_eq!(delete(SpecAsked::Any, VersionsAsked::all()).await, 0);
        let all = ObjectsAsked::default();
        assert_eq!(state.manifest(&home, &collection, &all).await.unwrap().entries.len(), 1, "the other object stays");
        // A moment is not given twice, even when what had it is gone.
        let again = share(&state, &ctx("home", 1), &collection, &[thing(7_000_000, "2.1").object()]).await;
        assert!(matches!(again[..], [Taken::Added(at)] if at.as_micros() > 2_006), "{again:?}");
        state.close().await;
    });
}

#[test]
fn rights_are_kept_apart() {
    on_both("taxii_rights", |database| async move {
        let (state, collection) = open(&database).await;
        let (home, fire) = (ctx("home", 2_000), ctx("fire", 2_000));
        // Nothing of it for another agency, not even by its id.
        assert!(matches!(state.api_root(&fire, "shared").await, Err(StateError::NotFound { .. })));
        assert!(matches!(state.collection(&fire, "shared", ID, "token:a").await, Err(StateError::NotFound { .. })));
        let thing = Thing { kind: "tool", number: 1, spec: "2.1", version_us: 0 };
        share(&state, &home, &collection, &[thing.object()]).await;
        let status = PostStatus { id: "00", body: &|_| String::new() };
        let theirs = state.share_objects(&fire, &collection, &[thing.object()], &status).await;
        assert!(matches!(theirs, Err(StateError::NotFound { .. })), "{theirs:?}");
        let asked = ObjectsAsked::default();
        assert_eq!(state.shared_objects(&fire, &collection, &asked).await.unwrap().count, 0);
        let delete = ObjectsAsked { ids: vec![thing.id()], versions: VersionsAsked::all(), ..ObjectsAsked::default() };
        assert_eq!(state.delete_shared_object(&fire, &collection, &delete).await.unwrap(), 0);
        assert_eq!(state.shared_objects(&home, &collection, &asked).await.unwrap().count, 1);
        // A collection for nobody is seen by whoever was named.
        let secret = "64993447-4d7e-4f70-b94d-d7f33742ee63";
        let nobody = CollectionRights::default();
        state.add_collection(&home, "shared", &new_collection(secret, nobody)).await.unwrap();
        let token = NewToken {
            name: "peer",
            secret: &[1; 32],
            scopes: BTreeSet::from([Scope::Share]),
            expires: Timestamp::from_micros(9_000),
        };
        state.add_token(&home, &token).await.unwrap();
        let holder = object_named("token", "peer");
        let seen = async |holder: &str| {
            let all = state.collections(&home, "shared", holder).await.unwrap();
            all.into_iter().map(|one| (one.rights.can_read, one.rights.can_write)).collect::<Vec<_>>()
        };
        assert_eq!(seen(&holder).await, [(true, true)]);
        let reader = CollectionRights { can_read: true, can_write: false };
        for (rights, expected) in [
            (Some(reader), vec![(true, true), (true, false)]),
            (Some(nobody), vec![(true, true), (false, false)]),
            (None, vec![(true, true)]),
        ] {
            state.set_collection_rights(&home, ("shared", secret), "peer", rights).await.unwrap();
            assert_eq!((seen(&holder).await, seen("token:b").await), (expected, vec![(true, true)]));
        }
        assert_eq!(seen(EVERYTHING).await, [(true, true), (true, true)]);
        let none = state.set_collection_rights(&fire, ("shared", secret), "peer", Some(reader)).await;
        assert!(matches!(none, Err(StateError::NotFound { .. })));
        // Names are given once.
        let again = state.add_collection(&home, "shared", &new_collection(secret, BOTH)).await;
        assert!(matches!(again, Err(StateError::Exists { .. })), "{again:?}");
        let nowhere = state.add_collection(&home, "nowhere", &new_collection(secret, BOTH)).await;
        assert!(matches!(nowhere, Err(StateError::NotFound { .. })));
        state.close().await;
    });
}

#[test]
fn statuses_are_for_whoever_asked_and_for_a_while() {
    on_both("taxii_statuses", |database| async move {
        let (state, _) = open(&database).await;
        let day = 86_400_000_000;
        let keep = async |now: i64, id: &str| {
            state.keep_share_status(&ctx("home", now), "shared", (id, "{}")).await.unwrap();
        };
        let is_known =
            async |id: &str, holder: &str| state.share_status(&ctx("home", 1), "shared", id, holder).await.is_ok();
        keep(1, "01").await;
        keep(day, "02").await;
        assert!(is_known("01", "token:a").await && is_known("02", "token:a").await);
        assert!(!is_known("01", "token:b").await);
        assert!(state.share_status(&ctx("fire", 1), "shared", "01", "token:a").await.is_err());
        // One in so many sweeps.
        keep(day + 2, "00").await;
        assert!(!is_known("01", "token:a").await && is_known("02", "token:a").await);
        state.close().await;
    });
}

/// A page is a range of an index that it needs anyhow: no statement sorts or goes through what it does not give.
#[tokio::test]
async fn pages_follow_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::Sqlite(folder.path().join("state.db"));
    let (state, _) = open(&database).await;
    state.close().await;
    let plans = crate::state::plans(&database, "FROM taxii_objects r").await;
    assert_eq!(plans.len(), 60);
    for (statement, plan) in plans {
        let range = if statement.contains("r.object_id IN") {
            "SEARCH r USING INDEX taxii_objects_by_version (agency=? AND collection=? AND object_id=?"
        } else if statement.contains("r.object_type =") {
            "SEARCH r USING INDEX taxii_objects_by_type (agency=? AND collection=? AND object_type=? AND added_us>?"
        } else {
            "SEARCH r USING INDEX sqlite_autoindex_taxii_objects_1 (agency=? AND collection=? AND added_us>?"
        };
        assert!(plan.contains(range), "{statement}\n{plan}");
        assert!(!plan.contains("SCAN r"), "{statement}\n{plan}");
        // Only where any version of the specification will do (for deleting) are an object's versions gone through.
        let is_compared = statement.contains("o.spec_version");
        assert!(!is_compared || plan.contains("object_id=? AND spec_version"), "{statement}\n{plan}");
    }
}
