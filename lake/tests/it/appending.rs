//! Exactly once, durable, and in few files.

use std::time::Duration;

use lake::{Appended, Lake, LakeError, LakeOptions};
use model::limits;
use serde_json::json;

use crate::world::{CONSUMER, World, files, log_on};

#[tokio::test]
async fn what_is_committed_is_not_taken_again() {
    let world = World::new().await;
    let records = || (1..=3).map(|offset| log_on(offset, "2024-05-06T11:00:00Z", "anna")).collect::<Vec<_>>();
    world.keep(records()).await;
    assert_eq!(world.lake.committed_offset(CONSUMER).await.unwrap(), Some(3));
    let again = world.lake.append(CONSUMER, records(), 3).await.unwrap();
    assert_eq!(again, Appended { rows: 0, repeated: 3, committed: false });
    // A batch that overlaps brings only what is new, before its commit and after a restart too.
    let overlapping: Vec<_> = (2..=5).map(|offset| log_on(offset, "2024-05-06T11:00:00Z", "anna")).collect();
    let appended = world.lake.append(CONSUMER, overlapping.clone(), 5).await.unwrap();
    assert_eq!((appended.rows, appended.repeated), (2, 2));
    assert_eq!(world.lake.append(CONSUMER, overlapping.clone(), 5).await.unwrap().repeated, 4);
    assert!(world.lake.flush().await.unwrap());
    let world = world.restarted().await;
    assert_eq!(world.lake.append(CONSUMER, overlapping, 5).await.unwrap().rows, 0);
    assert_eq!(world.one("SELECT count(*) FROM events").await, json!(5));
    assert_eq!(world.one("SELECT count(DISTINCT journal_offset) FROM events").await, json!(5));
}

#[tokio::test]
async fn what_was_not_committed_comes_again_after_a_crash() {
    let world = World::new().await;
    world.keep(vec![log_on(1, "2024-05-06T11:00:00Z", "anna")]).await;
    world.lake.append(CONSUMER, vec![log_on(2, "2024-05-06T11:00:00Z", "anna")], 2).await.unwrap();
    let world = world.restarted().await;
    assert_eq!(world.lake.committed_offset(CONSUMER).await.unwrap(), Some(1));
    world.keep(vec![log_on(1, "2024-05-06T11:00:00Z", "anna"), log_on(2, "2024-05-06T11:00:00Z", "anna")]).await;
    assert_eq!(world.one("SELECT count(*) FROM events").await, json!(2));
}

#[tokio::test]
async fn files_without_a_commit_are_deleted_at_the_next_start() {
    let world = World::new().await;
    world.keep(vec![log_on(1, "2024-05-06T11:00:00Z", "anna")]).await;
    // What a kill between writing and committing leaves behind: whole files and torn ones that no commit names.
    let table = world.folder.path().join("events");
    let whole = files(&table, ".parquet").remove(0);
    let folder = whole.parent().unwrap().to_owned();
    std::fs::copy(&whole, folder.join("part-orphan.zstd.parquet")).unwrap();
    std::fs::write(folder.join("part-torn.zstd.parquet"), b"PAR1 torn").unwrap();
    let world = world.restarted().await;
    assert_eq!(files(&table, ".parquet"), [whole]);
    assert_eq!(world.one("SELECT count(*) FROM events").await, json!(1));
}

#[tokio::test]
async fn consumers_have_offsets_of_their_own() {
    let world = World::new().await;
    world.lake.append("lake", vec![log_on(7, "2024-05-06T11:00:00Z", "anna")], 9).await.unwrap();
    world.lake.append("findings", vec![log_on(3, "2024-05-06T11:00:00Z", "bert")], 4).await.unwrap();
    assert_eq!(world.lake.committed_offset("lake").await.unwrap(), None);
    world.lake.flush().await.unwrap();
    assert_eq!(world.lake.committed_offset("lake").await.unwrap(), Some(9));
    assert_eq!(world.lake.committed_offset("findings").await.unwrap(), Some(4));
    // Offsets move on without rows, where the journal holds what the lake does not want.
    world.lake.append("lake", Vec::new(), 20).await.unwrap();
    world.lake.flush().await.unwrap();
    assert_eq!(world.lake.committed_offset("lake").await.unwrap(), Some(20));
}

#[tokio::test]
async fn rows_wait_seconds_and_not_longer() {
    let world = World::new().await;
    world.lake.append(CONSUMER, vec![log_on(1, "2024-05-06T11:00:00Z", "anna")], 1).await.unwrap();
    assert!(!world.lake.flush_if_due().await.unwrap());
    assert_eq!(world.lake.rows_waiting().await, 1);
    world.clock.advance(Duration::from_secs(limits::LAKE_FLUSH_SECONDS));
    assert!(world.lake.flush_if_due().await.unwrap());
    assert_eq!(world.lake.rows_waiting().await, 0);
    assert!(!world.lake.flush_if_due().await.unwrap());
}

#[tokio::test]
async fn many_days_in_a_batch_make_one_file_each() {
    let world = World::new().await;
    let day = |offset: u64| {
        let (month, day) = (1 + (offset % 73) / 28, 1 + (offset % 73) % 28);
        log_on(offset, &format!("2024-{month:02}-{day:02}T10:00:00Z"), "anna")
    };
    // Three batches, days all mixed up, as a backfill comes.
    for batch in 0..3u64 {
        let records: Vec<_> = (0..400).map(|n| day(1 + batch * 400 + n)).collect();
        world.lake.append(CONSUMER, records, (batch + 1) * 400).await.unwrap();
    }
    world.clock.advance(Duration::from_secs(limits::LAKE_FLUSH_SECONDS));
    assert!(!world.lake.flush_if_due().await.unwrap(), "a backfill may wait a little longer");
    world.clock.advance(Duration::from_secs(limits::LAKE_BACKFILL_FLUSH_SECONDS));
    assert!(world.lake.flush_if_due().await.unwrap());
    assert_eq!(world.lake.files().0, 73);
    assert_eq!(world.one("SELECT count(*) FROM events").await, json!(1200));
    assert_eq!(world.one("SELECT count(DISTINCT day) FROM events").await, json!(73));
}

#[tokio::test]
async fn too_many_rows_do_not_wait() {
    let world = World::new().await;
    let mut offset = 0;
    let mut committed = false;
    while !committed && offset < 2 * limits::LAKE_BUFFER_ROWS_MAX as u64 {
        let records: Vec<_> = (1..=16_384).map(|n| log_on(offset + n, "2024-05-06T11:00:00Z", "anna")).collect();
        offset += 16_384;
        committed = world.lake.append(CONSUMER, records, offset).await.unwrap().committed;
    }
    assert!(committed);
    assert!(offset <= limits::LAKE_BUFFER_ROWS_MAX as u64, "committed at {offset} rows");
    assert_eq!(world.lake.rows_waiting().await, 0);
}

#[tokio::test]
async fn one_process_writes_and_others_read() {
    let world = World::new().await;
    world.keep(vec![log_on(1, "2024-05-06T11:00:00Z", "anna")]).await;
    let options = || LakeOptions::new(world.clock.clone());
    let second = Lake::open(world.folder.path(), options()).await.err();
    assert!(matches!(second, Some(LakeError::Locked(_))), "{second:?}");
    let reader = Lake::open_to_read(world.folder.path(), options()).await.unwrap();
    assert!(matches!(reader.append(CONSUMER, Vec::new(), 9).await, Err(LakeError::ReadOnly)));
    let count = async |lake: &Lake| {
        let context = crate::world::context("home", None);
        lake.hunt(&context, "SELECT count(*) FROM events", Default::default()).await.unwrap().rows[0][0].clone()
    };
    assert_eq!(count(&reader).await, json!(1));
    world.keep(vec![log_on(2, "2024-05-06T11:00:00Z", "anna")]).await;
    assert_eq!(count(&reader).await, json!(2), "a reader sees what was committed since");
    let empty = tempfile::tempdir().unwrap();
    let missing = Lake::open_to_read(empty.path(), options()).await.err();
    assert!(matches!(missing, Some(LakeError::Missing(_))), "{missing:?}");
}

#[tokio::test]
async fn offsets_survive_checkpoints() {
    let mut world = World::new().await;
    for offset in 1..=limits::LAKE_CHECKPOINT_COMMITS + 3 {
        world.keep(vec![log_on(offset, "2024-05-06T11:00:00Z", "anna")]).await;
    }
    let log = world.folder.path().join("events/_delta_log");
    assert_eq!(files(&log, ".checkpoint.parquet").len(), 1);
    world = world.restarted().await;
    assert_eq!(world.lake.committed_offset(CONSUMER).await.unwrap(), Some(limits::LAKE_CHECKPOINT_COMMITS + 3));
    let rows = world.one("SELECT count(*) FROM events").await;
    assert_eq!(rows, json!(limits::LAKE_CHECKPOINT_COMMITS + 3));
}

#[tokio::test]
async fn the_folder_may_have_any_name() {
    let World { folder, clock, .. } = World::new().await;
    let refused = Lake::open(&folder.path().join("per%20cent"), LakeOptions::new(clock.clone())).await.err();
    assert!(matches!(refused, Some(LakeError::BadFolder(_))), "{refused:?}");
    for name in ["with blank", "ümläut", "a=b&c#d?e+f", "quote'd"] {
        let data = folder.path().join(name);
        let lake = crate::world::open(&data, &clock).await;
        lake.append(CONSUMER, vec![log_on(1, "2024-05-06T11:00:00Z", "anna")], 1).await.unwrap();
        lake.flush().await.unwrap();
        drop(lake);
        let lake = crate::world::open(&data, &clock).await;
        let context = crate::world::context("home", None);
        let page = lake.hunt(&context, "SELECT class_uid FROM events", Default::default()).await.unwrap();
        assert_eq!(page.rows, [[json!(3002)]], "{name}");
        assert_eq!(files(&data.join("events"), ".parquet").len(), 1, "{name}");
    }
}
