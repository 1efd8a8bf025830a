//! What a hunt finds, how it is bounded, and what it says when it cannot.

use std::time::Duration;

use lake::{HuntError, HuntLimits};
use model::limits;
use model::ocsf::{Class, DnsAnswer, DnsQuery};
use serde_json::{Value, json};

use crate::world::{World, context, log_on, with};

async fn world() -> World {
    let world = World::new().await;
    let dns = |offset| {
        with(log_on(offset, "2024-05-05T09:30:00.123456Z", "bert"), |event| {
            event.class = Class::DNS;
            event.attributes.query =
                Some(Box::new(DnsQuery { hostname: Some("evil.example".into()), ..DnsQuery::default() }));
            let answer = DnsAnswer { rdata: Some("192.0.2.7".into()), ttl: Some(60), ..DnsAnswer::default() };
            event.attributes.answers = Some(vec![answer]);
            event.attributes.query_time = Some(1_714_901_400_123);
        })
    };
    let mut records: Vec<_> = (1..=4).map(|offset| log_on(offset, "2024-05-06T11:00:00Z", "anna")).collect();
    records.push(dns(5));
    records.push(with(log_on(6, "2024-05-06T11:00:00Z", "anna"), |event| event.class = Class::DETECTION_FINDING));
    world.keep(records).await;
    world
}

async fn check(world: &World, sql: &str, expected: Value) {
    let rows: Vec<Value> = world.hunt(sql).await.rows.into_iter().map(Value::Array).collect();
    assert_eq!(Value::Array(rows), expected, "{sql}");
}

#[tokio::test]
async fn times_are_truncated_in_utc() {
    let world = World::new().await;
    let times = ["2024-05-05T09:30:00.123456Z", "1999-12-31T23:59:59.999999Z"];
    world.keep((1..).zip(times).map(|(offset, time)| log_on(offset, time, "anna")).collect()).await;
    for (unit, expected) in [
        ("second", ["1999-12-31T23:59:59Z", "2024-05-05T09:30:00Z"]),
        ("hour", ["1999-12-31T23:00:00Z", "2024-05-05T09:00:00Z"]),
        ("day", ["1999-12-31T00:00:00Z", "2024-05-05T00:00:00Z"]),
        ("week", ["1999-12-27T00:00:00Z", "2024-04-29T00:00:00Z"]),
        ("month", ["1999-12-01T00:00:00Z", "2024-05-01T00:00:00Z"]),
    ] {
        let sql = format!("SELECT date_trunc('{unit}', time) FROM events ORDER BY 1");
        check(&world, &sql, json!([[expected[0]], [expected[1]]])).await;
    }
    let constant =
        "SELECT date_trunc('hour', max(time)) = datetrunc('hour', '2024-05-05T09:59:00Z'::TIMESTAMPTZ) FROM events";
    check(&world, constant, json!([[true]])).await;
    // A zone other than UTC has hours and days of its own.
    let elsewhere = "SELECT date_trunc('day', max(time) AT TIME ZONE 'Asia/Kathmandu') FROM events";
    check(&world, elsewhere, json!([["2024-05-04T18:15:00Z"]])).await;
}

#[tokio::test]
async fn attributes_are_found_under_their_ocsf_paths() {
    let world = world().await;
    check(&world, "SELECT DISTINCT src_endpoint.ip FROM events", json!([["10.0.0.1"]])).await;
    check(&world, "SELECT DISTINCT src_endpoint['port'] FROM events", json!([[50000]])).await;
    check(
        &world,
        "SELECT user.name, count(*) FROM events GROUP BY user.name ORDER BY 1",
        json!([["anna", 5], ["bert", 1]]),
    )
    .await;
    check(
        &world,
        "SELECT e.query.hostname, e.time FROM events e WHERE query.hostname LIKE '%evil%'",
        json!([["evil.example", "2024-05-05T09:30:00.123456Z"]]),
    )
    .await;
    check(
        &world,
        "SELECT answers, ocsf FROM events WHERE class_uid = 4003",
        json!([[[{"rdata": "192.0.2.7", "ttl": 60}], "{\"query_time\":1714901400123}"]]),
    )
    .await;
    check(&world, "SELECT a.rdata FROM (SELECT unnest(answers) a FROM events)", json!([["192.0.2.7"]])).await;
    check(
        &world,
        "SELECT agency, day, source FROM events WHERE day = '2024-05-05'",
        json!([["home", "2024-05-05", "test"]]),
    )
    .await;
    check(
        &world,
        "SELECT raw FROM events WHERE raw LIKE '%\"n\":3%'",
        json!([[r#"{"EventID":4624,"TargetUserName":"anna","n":3}"#]]),
    )
    .await;
    check(&world, "SELECT count(*) FROM events WHERE http_request IS NULL AND device IS NOT NULL", json!([[6]])).await;
    check(
        &world,
        "SELECT min(time), max(time) FROM events",
        json!([["2024-05-05T09:30:00.123456Z", "2024-05-06T11:00:00Z"]]),
    )
    .await;
    check(
        &world,
        "SELECT class_uid, date_trunc('hour', time) h, count(*) n FROM events GROUP BY 1, 2 ORDER BY 1",
        json!([
            [2004, "2024-05-06T11:00:00Z", 1],
            [3002, "2024-05-06T11:00:00Z", 4],
            [4003, "2024-05-05T09:00:00Z", 1]
        ]),
    )
    .await;
}

#[tokio::test]
async fn findings_are_the_rows_of_class_2004() {
    let world = world().await;
    check(&world, "SELECT count(*) FROM findings", json!([[1]])).await;
    check(&world, "SELECT class_uid FROM findings", json!([[2004]])).await;
}

#[tokio::test]
async fn a_needle_with_its_record_is_found_while_decoding() {
    let world = world().await;
    // The rule of `pushdown` applies to the first and not to the second; both must find the same.
    check(
        &world,
        "SELECT raw FROM events WHERE query.hostname = 'evil.example'",
        json!([[r#"{"EventID":4624,"TargetUserName":"bert","n":5}"#]]),
    )
    .await;
    check(
        &world,
        "SELECT raw FROM events WHERE query.hostname LIKE 'evil.exampl_'",
        json!([[r#"{"EventID":4624,"TargetUserName":"bert","n":5}"#]]),
    )
    .await;
    let plan = world.hunt("EXPLAIN SELECT raw FROM events WHERE query.hostname = 'evil.example'").await;
    let text = serde_json::to_string(&plan.rows).unwrap();
    assert!(text.contains("DataSourceExec") && !text.contains("FilterExec"), "{text}");
    let plan = world.hunt("EXPLAIN SELECT raw FROM events WHERE raw LIKE '%evil%'").await;
    assert!(serde_json::to_string(&plan.rows).unwrap().contains("FilterExec"));
}

#[tokio::test]
async fn the_tables_describe_themselves() {
    let world = world().await;
    let describe = world.hunt("DESCRIBE events").await;
    assert!(describe.rows.iter().any(|row| row[0] == "src_endpoint"));
    let show = world.hunt("SHOW TABLES").await;
    let names: Vec<_> = show.rows.iter().filter(|row| row[1] == "lake").map(|row| row[2].clone()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(!world.hunt("SHOW COLUMNS FROM events").await.rows.is_empty());
    assert!(!world.hunt("EXPLAIN ANALYZE SELECT count(*) FROM events").await.rows.is_empty());
}

#[tokio::test]
async fn an_empty_lake_answers() {
    let world = World::new().await;
    check(&world, "SELECT count(*) FROM events", json!([[0]])).await;
    check(&world, "SELECT raw FROM findings", json!([])).await;
}

#[tokio::test]
async fn answers_are_cut_off_and_say_so() {
    let world = world().await;
    let page = async |rows, sql| {
        let bound = HuntLimits { rows, ..HuntLimits::default() };
        world.lake.hunt(&context("home", None), sql, bound).await.unwrap()
    };
    let cut = page(2, "SELECT id FROM events").await;
    assert_eq!((cut.rows.len(), cut.cut), (2, true));
    let whole = page(6, "SELECT id FROM events").await;
    assert_eq!((whole.rows.len(), whole.cut), (6, false));
    assert_eq!((whole.scanned.files, whole.scanned.rows), (2, 6));
    assert!(whole.scanned.bytes > 0);
    // Asking for more than the limit of all hunts has no effect.
    let most = page(usize::MAX, "SELECT a.id FROM events a, events b, events c, events d, events e, events f").await;
    assert_eq!((most.rows.len(), most.cut), (limits::HUNT_ROWS_MAX, true));
}

#[tokio::test]
async fn rows_come_as_they_are_found() {
    let world = world().await;
    let mut stream =
        world.lake.hunt_stream(&context("home", None), "SELECT id FROM events", Default::default()).await.unwrap();
    assert_eq!(stream.columns()[0].name, "id");
    let mut rows = 0;
    while let Some(more) = stream.next().await.unwrap() {
        rows += more.len();
    }
    assert_eq!(rows, 6);
    assert_eq!(stream.summary().rows, 6);
    assert!(stream.next().await.unwrap().is_none());
}

async fn error(world: &World, sql: &str, limits: HuntLimits) -> HuntError {
    world.lake.hunt(&context("home", None), sql, limits).await.expect_err(sql)
}

#[tokio::test]
async fn a_hunt_that_takes_too_long_ends() {
    let world = world().await;
    let limits = HuntLimits { time: Duration::from_millis(300), ..HuntLimits::default() };
    // 6^14 rows.
    let joins: Vec<_> = (0..14).map(|n| format!("events t{n}")).collect();
    let sql =
        format!("SELECT sum(t0.severity_id + t13.severity_id) FROM {} WHERE t0.id < t1.id || t2.id", joins.join(", "));
    let started = std::time::Instant::now();
    let error = error(&world, &sql, limits).await;
    assert!(matches!(error, HuntError::TooLong(_)), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    check(&world, "SELECT count(*) FROM events", json!([[6]])).await;
}

#[tokio::test]
async fn a_hunt_that_needs_too_much_memory_ends() {
    let world = world().await;
    let limits = HuntLimits { memory_bytes: 1024 * 1024, ..HuntLimits::default() };
    // 6^6 texts of 192 bytes, all different.
    let sql = "SELECT count(DISTINCT a.id || b.id || c.id || d.id || e.id || f.id) \
               FROM events a, events b, events c, events d, events e, events f";
    let error = error(&world, sql, limits).await;
    assert!(matches!(error, HuntError::TooMuchMemory { bytes: 1_048_576 }), "{error}");
}

#[tokio::test]
async fn errors_can_be_acted_on() {
    let world = world().await;
    let check = async |sql: &str, part: &str| {
        let text = error(&world, sql, HuntLimits::default()).await.to_string();
        assert!(text.contains(part), "{sql}: {text}");
    };
    check("SELECT clas_uid FROM events", "did you mean class_uid").await;
    check("SELECT src_endpont.ip FROM events", "src_endpoint").await;
    check("SELECT src_endpoint.ipp FROM events", "src_endpoint.ip").await;
    check("SELECT e.hostnam FROM events e", "hostname").await;
    check("SELECT 1 FROM event", "no table \"event\"").await;
    check("SELECT\n  FROM WHERE", "Line: 2").await;
    check("SELECT nosuchfunction(id) FROM events", "nosuchfunction").await;
    check("SELECT 1/0", "ivide by zero").await;
    check("SELECT raw + 1 FROM events", "").await;
}

#[tokio::test]
async fn answers_are_bounded_in_bytes() {
    let world = World::new().await;
    let wide = |offset| {
        let mut record = log_on(offset, "2024-05-06T11:00:00Z", "anna");
        record.raw = vec![b'x'; 1 << 20];
        record
    };
    // The lake's own memory is bounded in bytes, too: this is committed at once.
    let rows = limits::LAKE_BUFFER_BYTES_MAX as u64 >> 20;
    let appended = world.lake.append("lake", (1..=rows).map(wide).collect(), rows).await.unwrap();
    assert!(appended.committed);
    let page = world.hunt("SELECT raw FROM events").await;
    let bytes: usize = page.rows.iter().map(|row| row[0].as_str().map_or(0, str::len)).sum();
    assert!(page.cut && bytes <= limits::HUNT_RESULT_BYTES_MAX && !page.rows.is_empty(), "{bytes} bytes");
}

#[tokio::test]
async fn a_hunt_waits_for_its_turn_within_its_time() {
    let world = world().await;
    // 6^11 rows to count.
    let tables: Vec<_> = (0..11).map(|n| format!("events t{n}")).collect();
    let endless = format!("SELECT count(*) FROM {} WHERE t0.id < t1.id || t10.id", tables.join(", "));
    let short = HuntLimits { time: Duration::from_millis(500), ..HuntLimits::default() };
    let mut running = Vec::new();
    for _ in 0..limits::HUNTS_AT_ONCE_MAX {
        running.push(world.lake.hunt_stream(&context("home", None), &endless, HuntLimits::default()).await.unwrap());
    }
    let error = error(&world, "SELECT 1", short).await;
    assert!(matches!(error, HuntError::TooLong(_)), "{error}");
    // Whoever stops reading ends the hunt, and the next one has its turn at once.
    drop(running);
    let started = std::time::Instant::now();
    check(&world, "SELECT 1", json!([[1]])).await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_a_crashed_process_parked_is_deleted_and_nobody_elses() {
    let world = World::new().await;
    let spill = world.folder.path().join("hunt-spill");
    // No process has a number above the kernel's limit of 2^22; process 1 always runs.
    for process in ["4999999", "1"] {
        std::fs::create_dir_all(spill.join(process)).unwrap();
        std::fs::write(spill.join(process).join("rows"), "anna").unwrap();
    }
    let _world = world.restarted().await;
    assert!(!spill.join("4999999").exists());
    assert!(spill.join("1/rows").exists());
}
