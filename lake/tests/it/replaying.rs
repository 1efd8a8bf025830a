//! Kept records come back as they were.

use lake::KeptRecord;

use crate::world::{World, agency, at, context, log_on, with};

#[tokio::test]
async fn records_come_back_untouched() {
    let world = World::new().await;
    let mut torn = log_on(3, "2024-05-04T11:00:00Z", "anna");
    torn.raw = b"no \xff text".to_vec();
    let foreign = with(log_on(4, "2024-05-04T11:00:00Z", "anna"), |event| event.agency = agency("fire"));
    let records = vec![
        log_on(1, "2024-05-06T11:00:00Z", "anna"),
        log_on(2, "2024-05-03T11:00:00Z", "anna"),
        torn,
        foreign,
        log_on(5, "2024-05-05T00:00:00Z", "anna"),
    ];
    world.keep(records.clone()).await;
    let span = at("2024-05-03T00:00:00Z")..at("2024-05-05T00:00:00Z");
    let mut replay = world.lake.replay(&context("home", None), span).await.unwrap();
    let mut kept = Vec::new();
    while let Some(records) = replay.next().await.unwrap() {
        kept.extend(records);
    }
    let expected = [&records[1], &records[2]].map(|record| KeptRecord {
        id: record.event.id,
        time: record.event.time,
        received: record.received,
        source: record.source.clone(),
        raw: record.raw.clone(),
        journal_offset: record.journal_offset,
    });
    assert_eq!(kept, expected);
}
