//! Sources and their claims: only what differs is written, and each agency has its own.

use std::collections::BTreeSet;
use std::time::Duration;

use model::{Confidence, Credibility, IndicatorKind, Level, Marking, OpContext, Pap, Timestamp, Tlp, limits};
use store::state::{
    Database, IndicatorAsked, MergeCounts, MergeKind, NewClaim, NewIntelObject, NewIntelSource, NewLearned,
    NewSighting, SourceNumber, State, StateError,
};

use crate::state::{ctx, on_both};

const SECOND: i64 = 1_000_000;

fn claim(value: &str, label: &str) -> NewClaim {
    NewClaim {
        kind: IndicatorKind::Domain,
        value: value.to_owned(),
        label: label.to_owned(),
        confidence: Confidence::new(80).unwrap(),
        credibility: Credibility::ProbablyTrue,
        level: Level::High,
        marking: Marking { tlp: Tlp::Green, pap: Pap::Amber },
        reference: Some("indicator--7".to_owned()),
        seen: Some(Timestamp::from_micros(5)),
        until: None,
    }
}

fn claims(values: &[&str]) -> Vec<NewClaim> {
    values.iter().map(|value| claim(value, "malware/x")).collect()
}

fn counts(added: u64, changed: u64, unchanged: u64, gone: u64) -> MergeCounts {
    MergeCounts { added, changed, unchanged, gone }
}

async fn source(state: &State, ctx: &OpContext, name: &str) -> SourceNumber {
    state.add_intel_source(ctx, &NewIntelSource { name, kind: "list", config: "{}" }).await.unwrap()
}

async fn all(state: &State, ctx: &OpContext, source: SourceNumber) -> Vec<(String, bool)> {
    let (mut found, mut after) = (Vec::new(), None::<(IndicatorKind, String)>);
    loop {
        let place = after.as_ref().map(|(kind, value)| (*kind, value.as_str()));
        let page = state.claims_of(ctx, source, place).await.unwrap();
        let Some(last) = page.last() else { return found };
        after = Some((last.claim.kind, last.claim.value.clone()));
        found.extend(page.into_iter().map(|kept| (kept.claim.value, kept.gone.is_some())));
    }
}

#[test]
fn a_second_load_changes_what_changed() {
    on_both("intel_merge", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let feed = source(&state, &home, "feed").await;
        fn whole(claims: &[NewClaim]) -> (MergeKind, &[NewClaim]) {
            (MergeKind::Whole, claims)
        }
        // Bytes decide the order on both engines: capitals, hyphens, letters beyond ASCII.
        let first = claims(&["B.example", "a-b.example", "a.example", "ab.example", "ä.example"]);
        let done = state.merge_claims(&home, feed, whole(&first), |_| {}).await.unwrap();
        assert_eq!(done, counts(5, 0, 0, 0));
        let later = ctx("home", 2 * SECOND);
        let again = state.merge_claims(&later, feed, whole(&first), |_| {}).await.unwrap();
        assert_eq!(again, counts(0, 0, 5, 0));
        let mut second = claims(&["a.example", "ab.example", "z.example"]);
        second[1].label = "malware/y".to_owned();
        let done = state.merge_claims(&later, feed, whole(&second), |_| {}).await.unwrap();
        assert_eq!(done, counts(1, 1, 1, 3));
        let kept = state.claims_on(&home, IndicatorKind::Domain, "ab.example").await.unwrap();
        assert_eq!((kept.len(), &kept[0].claim, kept[0].first, kept[0].changed), (1, &second[1], home.now, later.now));
        let expected = [("B.example", true), ("a-b.example", true), ("a.example", false), ("ab.example", false)];
        let expected: Vec<_> = expected.into_iter().chain([("z.example", false), ("ä.example", true)]).collect();
        let seen = all(&state, &home, feed).await;
        assert_eq!(seen, expected.into_iter().map(|(value, gone)| (value.to_owned(), gone)).collect::<Vec<_>>());
        // What comes back is there again; a part takes nothing away.
        let part = claims(&["B.example", "c.example"]);
        let done = state.merge_claims(&later, feed, (MergeKind::Part, &part), |_| {}).await.unwrap();
        assert_eq!(done, counts(1, 1, 0, 0));
        assert_eq!(state.claims_count(&home, feed).await.unwrap(), 5);
        let places = [(IndicatorKind::Domain, "c.example".to_owned()), (IndicatorKind::Domain, "none".to_owned())];
        assert_eq!(state.take_back_claims(&later, feed, &places).await.unwrap(), 1);
        assert_eq!(state.drop_claims_gone(&home, feed, later.now.plus(Duration::from_secs(1))).await.unwrap(), 2);
        assert_eq!(state.drop_claims_of(&home, feed).await.unwrap(), 4);
        assert!(all(&state, &home, feed).await.is_empty());
    });
}

#[test]
fn more_than_a_page_is_compared_as_well() {
    on_both("intel_pages", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let feed = source(&state, &home, "feed").await;
        let many: Vec<_> =
            (0..2 * limits::CLAIMS_PAGE_MAX + 77).map(|n| claim(&format!("{n:06}.example"), "x")).collect();
        let mut heard = 0;
        let done = state.merge_claims(&home, feed, (MergeKind::Whole, &many), |dealt| heard = dealt).await.unwrap();
        assert_eq!((done.added, heard), (many.len() as u64, many.len()));
        assert_eq!(all(&state, &home, feed).await.len(), many.len());
        // Every third is left out, every third says something else.
        let kept = many.iter().enumerate().filter(|(at, _)| at % 3 != 0);
        let next: Vec<_> = kept
            .map(|(at, old)| NewClaim { level: if at % 3 == 1 { Level::Low } else { old.level }, ..old.clone() })
            .collect();
        let third = |rest: usize| (0..many.len()).filter(|at| at % 3 == rest).count() as u64;
        let done = state.merge_claims(&home, feed, (MergeKind::Whole, &next), |_| {}).await.unwrap();
        assert_eq!(done, counts(0, third(1), third(2), third(0)));
        let done = state.merge_claims(&home, feed, (MergeKind::Whole, &next), |_| {}).await.unwrap();
        assert_eq!(done, counts(0, 0, next.len() as u64, 0));
        // A few of many, far apart.
        let part: Vec<_> = many.iter().step_by(1_500).cloned().collect();
        let done = state.merge_claims(&home, feed, (MergeKind::Part, &part), |_| {}).await.unwrap();
        assert_eq!(done.added + done.changed + done.unchanged, part.len() as u64);
        assert_eq!((done.added, done.gone), (0, 0));
        let nothing = state.merge_claims(&home, feed, (MergeKind::Whole, &[]), |_| {}).await.unwrap();
        assert_eq!(nothing.gone, next.len() as u64 + done.changed, "what the part brought back, too");
        assert_eq!(state.claims_count(&home, feed).await.unwrap(), 0);
    });
}

#[test]
fn sources_are_of_one_agency_and_wrong_lists_are_refused() {
    on_both("intel_sources", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", SECOND), ctx("fire", SECOND));
        let ours = source(&state, &home, "feed").await;
        let theirs = source(&state, &fire, "feed").await;
        let again = NewIntelSource { name: "feed", kind: "list", config: "{}" };
        assert!(matches!(state.add_intel_source(&home, &again).await, Err(StateError::Exists { .. })));
        let list = claims(&["a.example", "b.example"]);
        state.merge_claims(&home, ours, (MergeKind::Whole, &list), |_| {}).await.unwrap();
        assert!(state.claims_on(&fire, IndicatorKind::Domain, "a.example").await.unwrap().is_empty());
        assert_eq!(state.claims_count(&fire, theirs).await.unwrap(), 0);
        let asked = IndicatorAsked { kind: IndicatorKind::Domain, prefix: "a", rows_max: 10 };
        let found = state.indicators_like(&home, &asked).await.unwrap();
        assert_eq!(found, [(IndicatorKind::Domain, "a.example".to_owned())]);
        assert!(state.indicators_like(&fire, &asked).await.unwrap().is_empty());
        for wrong in [claims(&["b.example", "a.example"]), claims(&["a.example", "a.example"]), claims(&["a\nb"])] {
            let refused = state.merge_claims(&home, ours, (MergeKind::Whole, &wrong), |_| {}).await;
            assert!(matches!(refused, Err(StateError::Corrupt { .. })), "{refused:?}");
        }
        let mut long = claims(&["a.example"]);
        long[0].label = "x".repeat(limits::INDICATOR_LABEL_BYTES_MAX + 1);
        let refused = state.merge_claims(&home, ours, (MergeKind::Whole, &long), |_| {}).await;
        assert!(matches!(refused, Err(StateError::TooLarge { .. })), "{refused:?}");
        // What a run leaves, pausing, removing, coming back under the old number.
        state.keep_intel_run(&home, ours, "{\"etag\":1}", "{}").await.unwrap();
        let kept = state.intel_source(&home, "feed").await.unwrap().unwrap();
        assert_eq!((kept.number, kept.memory.as_str(), kept.paused), (ours, "{\"etag\":1}", None));
        state.pause_intel_source(&home, &kept, Some(home.now)).await.unwrap();
        assert_eq!(state.intel_source(&home, "feed").await.unwrap().unwrap().paused, Some(home.now));
        state.remove_intel_source(&home, &kept).await.unwrap();
        assert!(matches!(state.remove_intel_source(&home, &kept).await, Err(StateError::NotFound { .. })));
        assert_eq!(state.intel_sources_everywhere().await.unwrap().len(), 1, "fire's");
        assert_eq!(source(&state, &home, "feed").await, ours);
        assert_eq!(state.intel_sources(&home).await.unwrap()[0].removed, None);
        let number = source(&state, &home, "other").await;
        assert_ne!(number, ours);
    });
}

#[test]
fn sightings_are_counted_by_day_and_origin() {
    on_both("intel_sightings", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", SECOND), ctx("fire", SECOND));
        let at = |day: i64, second: i64| Timestamp::from_micros((day * 86_400 + second) * SECOND);
        let seen = |origin: &str, is_false, times, first, last| NewSighting {
            kind: IndicatorKind::Ipv4,
            value: "192.0.2.7".to_owned(),
            origin: origin.to_owned(),
            is_false,
            times,
            first,
            last,
            marking: Marking { tlp: Tlp::Green, pap: Pap::Clear },
        };
        let day = [seen("watch", false, 2, at(1, 5), at(1, 9)), seen("watch", false, 3, at(1, 1), at(1, 7))];
        let say = async |sightings: &[NewSighting]| {
            let learned = sightings.iter().map(|sighting| NewLearned {
                sighting: sighting.clone(),
                told: sighting.marking,
                groups: Vec::new(),
                finding: None,
            });
            state.learn(&home, &learned.collect::<Vec<_>>(), &[]).await.unwrap();
        };
        say(&day).await;
        let next = [seen("watch", false, 1, at(2, 1), at(2, 1)), seen("person:1", true, 1, at(2, 2), at(2, 2))];
        say(&next).await;
        let kept = state.sightings_on(&home, IndicatorKind::Ipv4, "192.0.2.7").await.unwrap();
        assert_eq!(kept, [next[1].clone(), next[0].clone(), seen("watch", false, 5, at(1, 1), at(1, 9))]);
        assert!(state.sightings_on(&fire, IndicatorKind::Ipv4, "192.0.2.7").await.unwrap().is_empty());
        assert_eq!(state.sightings_since(&home, at(2, 0), 10).await.unwrap().len(), 2);
        // Things that were seen, each once, and page by page.
        say(&[NewSighting { value: "192.0.2.8".to_owned(), ..seen("watch", false, 1, at(2, 1), at(2, 1)) }]).await;
        let things = async |after: Option<&str>, since, most| {
            let after = after.map(|value| (IndicatorKind::Ipv4, value));
            let things = state.things_seen(&home, after, since, most).await.unwrap();
            things.into_iter().map(|(_, value)| value).collect::<Vec<_>>()
        };
        assert_eq!(things(None, at(1, 0), 10).await, ["192.0.2.7", "192.0.2.8"]);
        assert_eq!(things(None, at(1, 0), 1).await, ["192.0.2.7"]);
        assert_eq!(things(Some("192.0.2.7"), at(1, 0), 10).await, ["192.0.2.8"]);
        assert!(things(None, at(3, 0), 10).await.is_empty());
        // Each source that claims the thing hears of it.
        assert!(state.claimed_sightings_since(&home, at(2, 0), 10).await.unwrap().is_empty());
        let named = NewClaim { kind: IndicatorKind::Ipv4, ..claim("192.0.2.7", "x") };
        for name in ["one", "other"] {
            let feed = source(&state, &home, name).await;
            state.merge_claims(&home, feed, (MergeKind::Part, std::slice::from_ref(&named)), |_| {}).await.unwrap();
        }
        let heard = state.claimed_sightings_since(&home, at(2, 0), 10).await.unwrap();
        let sources: BTreeSet<SourceNumber> = heard.iter().map(|(source, _)| *source).collect();
        assert_eq!((heard.len(), sources.len()), (4, 2));
        assert!(state.claimed_sightings_since(&fire, at(0, 0), 10).await.unwrap().is_empty());
        assert_eq!(state.drop_sightings_before(&home, at(2, 0)).await.unwrap(), 1);
    });
}

#[test]
fn the_newer_version_of_an_object_stays() {
    on_both("intel_objects", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", SECOND);
        let feed = source(&state, &home, "attack").await;
        let object = |id: &str, name: &str, modified: i64| NewIntelObject {
            id: id.to_owned(),
            kind: "intrusion-set".to_owned(),
            name: name.to_owned(),
            modified: Timestamp::from_micros(modified),
            body: format!("{{\"name\":\"{name}\"}}"),
        };
        let first = [object("intrusion-set--1", "Bear", 5), object("intrusion-set--2", "Ant", 5)];
        assert_eq!(state.keep_intel_objects(&home, feed, &first).await.unwrap(), 2);
        assert_eq!(state.keep_intel_objects(&home, feed, &first).await.unwrap(), 0);
        assert_eq!(state.keep_intel_objects(&home, feed, &[object("intrusion-set--1", "Old", 4)]).await.unwrap(), 0);
        assert_eq!(state.keep_intel_objects(&home, feed, &[object("intrusion-set--1", "Cat", 6)]).await.unwrap(), 1);
        let names = |objects: Vec<store::state::IntelObject>| -> Vec<String> {
            objects.into_iter().map(|kept| kept.object.name).collect()
        };
        let page = state.intel_objects(&home, "intrusion-set", ("", ""), 10).await.unwrap();
        assert_eq!(names(page), ["Ant", "Cat"]);
        let behind = state.intel_objects(&home, "intrusion-set", ("Ant", "intrusion-set--2"), 10).await.unwrap();
        assert_eq!(names(behind), ["Cat"]);
        assert_eq!(state.intel_object(&home, "intrusion-set--1").await.unwrap().unwrap().object.name, "Cat");
        assert!(state.intel_object(&ctx("fire", 1), "intrusion-set--1").await.unwrap().is_none());
        assert_eq!(state.intel_object_counts(&home).await.unwrap(), [("intrusion-set".to_owned(), 2)]);
        assert_eq!(state.drop_intel_objects_of(&home, feed).await.unwrap(), 2);
    });
}

/// However many claims there are, what is asked of one is asked of an index.
#[tokio::test]
async fn claims_are_found_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::Sqlite(folder.path().join("state.db"));
    State::open(&database).await.unwrap().close().await;
    let check = async |within: &str, statements: usize, expected: &str| {
        let plans = crate::state::plans(&database, within).await;
        assert_eq!(plans.len(), statements, "{within}");
        for (statement, plan) in plans {
            assert!(plan.contains(expected), "{statement}\n{plan}");
        }
    };
    let changed = "claims_by_change (agency=? AND source=? AND (changed_us,kind,value)>(?,?,?))";
    check("(changed_us, kind, value) >", 1, changed).await;
    // One for each number of rows that a statement takes.
    let one = "sqlite_autoindex_claims_1 (agency=? AND source=? AND kind=? AND value=?)";
    check("UPDATE claims SET gone_us", 3, one).await;
    check("DELETE FROM claims WHERE (agency", 3, one).await;
    check("CROSS JOIN claims c WHERE s.agency = $1 AND c.agency = s.agency AND c.source = s.number AND c.kind = $2 AND c.value = $3", 1, one).await;
    check("c.value >= $3", 1, "sqlite_autoindex_claims_1 (agency=? AND source=? AND kind=? AND value>? AND value<?)")
        .await;
    check("CROSS JOIN intel_sources i CROSS JOIN claims c", 1, one).await;
    let told = "sqlite_autoindex_told_1 (agency=? AND peer=? AND kind=? AND value=?)";
    check("UPDATE told SET is_doubtful = 1 FROM listed WHERE told.agency = $1 AND told.peer", 3, told).await;
    check("UPDATE told SET is_doubtful = 0", 3, told).await;
    check("CROSS JOIN told t", 3, told).await;
    let by_thing = "told_by_thing (agency=? AND kind=? AND value=?)";
    check("UPDATE told SET is_doubtful = 1 WHERE (agency", 3, by_thing).await;
    check("CROSS JOIN learned l", 3, "learned_by_thing (agency=? AND kind=? AND value=?)").await;
    check("AND is_doubtful = 1", 1, "told_doubtful (agency=? AND peer=?)").await;
}
