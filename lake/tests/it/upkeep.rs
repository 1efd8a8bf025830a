//! Merging, retention, legal holds, and the deletion of what is replaced.

use std::time::Duration;

use lake::{LegalHold, MaintenanceReport, Retention, RetentionRule};
use model::ocsf::Class;
use model::{AgencyId, limits};
use serde_json::json;

use crate::world::{World, at, files, log_on, with};

fn forever() -> Retention {
    Retention { default_days: 36_500, rules: Vec::new() }
}

async fn maintain(world: &World, policy: &Retention, holds: &[LegalHold]) -> MaintenanceReport {
    use model::doors::Clock;
    world.lake.maintain(world.clock.now(), policy, holds).await.unwrap()
}

#[tokio::test]
async fn small_files_are_merged_in_order() {
    let world = World::new().await;
    for round in 0..limits::LAKE_MERGE_FILES_MIN as u64 {
        let record = |n: u64| {
            let offset = round * 10 + n + 1;
            with(log_on(offset, &format!("2024-05-06T{:02}:00:00Z", 11 - round), "anna"), |event| {
                event.class = if n.is_multiple_of(2) { Class::DNS } else { Class::PROCESS };
            })
        };
        world.keep((0..10).map(record).collect()).await;
    }
    let before = world.hunt("SELECT id, time, class_uid, raw, user FROM events ORDER BY id").await.rows;
    assert_eq!(world.lake.files().0, limits::LAKE_MERGE_FILES_MIN);
    let report = maintain(&world, &forever(), &[]).await;
    assert_eq!((report.files_merged, report.files_written), (limits::LAKE_MERGE_FILES_MIN, 1));
    assert_eq!(world.lake.files().0, 1);
    assert_eq!(world.hunt("SELECT id, time, class_uid, raw, user FROM events ORDER BY id").await.rows, before);
    // Clustered by class, then time, in the file itself.
    let rows = world.hunt("SELECT class_uid, time FROM events").await.rows;
    let keys: Vec<_> = rows.iter().map(|row| (row[0].as_i64(), row[1].as_str().map(str::to_owned))).collect();
    assert!(keys.is_sorted(), "{keys:?}");
    // The journal's offsets are not touched by it.
    assert_eq!(world.lake.committed_offset("lake").await.unwrap(), Some(80));
    // Replaced files stay for hunts that read them, and go afterwards.
    let table = world.folder.path().join("events/agency=home");
    assert_eq!(files(&table, ".parquet").len(), limits::LAKE_MERGE_FILES_MIN + 1);
    world.clock.advance(Duration::from_secs(limits::LAKE_REPLACED_SECONDS));
    assert_eq!(maintain(&world, &forever(), &[]).await.files_deleted, limits::LAKE_MERGE_FILES_MIN);
    assert_eq!(files(&table, ".parquet").len(), 1);
    let world = world.restarted().await;
    assert_eq!(world.one("SELECT count(*) FROM events").await, json!(80));
}

#[tokio::test]
async fn hunting_and_appending_go_on_during_a_merge() {
    let world = World::new().await;
    for offset in 1..=16 {
        world.keep(vec![log_on(offset, "2024-05-01T11:00:00Z", "anna")]).await;
    }
    let forever = forever();
    let (merged, counted, ()) = tokio::join!(
        maintain(&world, &forever, &[]),
        world.one("SELECT count(*) FROM events WHERE raw LIKE '%anna%'"),
        world.keep(vec![log_on(17, "2024-05-01T11:00:00Z", "anna")]),
    );
    assert!(merged.files_merged >= 16);
    assert!(counted == json!(16) || counted == json!(17), "a hunt sees a snapshot: {counted}");
    assert_eq!(world.one("SELECT count(*) FROM events").await, json!(17));
}

fn policy() -> Retention {
    let rule = |purpose: &str, classes: Vec<Class>, days| RetentionRule { purpose: purpose.into(), classes, days };
    Retention {
        default_days: 30,
        rules: vec![rule("detection", vec![Class::DNS], 10), rule("evidence", vec![Class::AUTHENTICATION], 90)],
    }
}

async fn aged() -> World {
    let world = World::new().await;
    let of = |offset, time: &str, class| with(log_on(offset, time, "anna"), |event| event.class = class);
    world
        .keep(vec![
            of(1, "2024-04-20T08:00:00Z", Class::DNS),
            of(2, "2024-04-20T09:00:00Z", Class::AUTHENTICATION),
            of(3, "2024-05-06T09:00:00Z", Class::DNS),
            of(4, "2024-03-01T09:00:00Z", Class::PROCESS),
            of(5, "2024-03-01T09:00:00Z", Class::AUTHENTICATION),
            of(6, "2023-01-01T09:00:00Z", Class::AUTHENTICATION),
        ])
        .await;
    world
}

#[tokio::test]
async fn rows_go_when_the_last_purpose_is_over() {
    let world = aged().await;
    let report = maintain(&world, &policy(), &[]).await;
    assert_eq!(report.rows_expired, 3);
    let left = world.hunt("SELECT journal_offset FROM events ORDER BY 1").await.rows;
    assert_eq!(left, [[json!(2)], [json!(3)], [json!(5)]]);
    // Nothing more is over the next minute, and something is in a month.
    assert_eq!(maintain(&world, &policy(), &[]).await.rows_expired, 0);
    world.clock.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(maintain(&world, &policy(), &[]).await.rows_expired, 2);
    let left = world.hunt("SELECT journal_offset FROM events ORDER BY 1").await.rows;
    assert_eq!(left, [[json!(2)]]);
}

#[tokio::test]
async fn a_legal_hold_keeps_and_is_named() {
    let world = aged().await;
    let hold = LegalHold {
        id: "court-7".into(),
        agency: AgencyId::home(),
        from: at("2023-01-01T00:00:00Z"),
        to: at("2024-04-01T00:00:00Z"),
        classes: None,
        reason: "court order 7".into(),
    };
    let report = maintain(&world, &policy(), std::slice::from_ref(&hold)).await;
    assert_eq!(report.rows_expired, 1);
    assert_eq!(report.rows_held.get("court-7"), Some(&2));
    assert_eq!(world.one("SELECT count(*) FROM events").await, json!(5));
    // The hold is lifted, and the rows go.
    let report = maintain(&world, &policy(), &[]).await;
    assert_eq!((report.rows_expired, report.rows_held.len()), (2, 0));
}
