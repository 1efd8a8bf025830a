//! Another agency's events are out of reach, and so is everything else on the machine.

use lake::{HuntError, HuntLimits};
use serde_json::json;

use crate::world::{World, agency, context, files, log_on, with};

async fn world() -> World {
    let world = World::new().await;
    let other = |offset, name: &str| {
        with(log_on(offset, "2024-05-06T11:00:00Z", "secret-of-fire"), |event| event.agency = agency(name))
    };
    let mut records = vec![log_on(1, "2024-05-06T11:00:00Z", "anna"), other(2, "fire"), other(3, "fire")];
    records.push(other(4, "home-2"));
    world.keep(records).await;
    world
}

#[tokio::test]
async fn an_agency_sees_its_own_events_only() {
    let world = world().await;
    let count = async |name: &str| {
        let context = context(name, Some("a test of isolation"));
        let page =
            world.lake.hunt(&context, "SELECT agency, count(*) FROM events GROUP BY agency", HuntLimits::default());
        page.await.unwrap().rows
    };
    assert_eq!(count("home").await, [[json!("home"), json!(1)]]);
    assert_eq!(count("fire").await, [[json!("fire"), json!(2)]]);
    assert_eq!(count("nobody").await, Vec::<Vec<serde_json::Value>>::new());
    assert_eq!(world.lake.rows_of(&agency("fire")), 2);
}

#[tokio::test]
async fn no_sql_reaches_further() {
    let world = world().await;
    let foreign = files(&world.folder.path().join("events/agency=fire"), ".parquet").remove(0);
    let foreign = foreign.to_str().unwrap();
    let context = context("home", Some("a test of isolation"));
    let attempts = [
        "SELECT * FROM events WHERE agency = 'fire'".to_owned(),
        "SELECT * FROM events WHERE agency = 'fire' OR 1 = 1".to_owned(),
        "SELECT * FROM events WHERE agency IN ('fire', 'home-2') OR user.name LIKE '%fire%'".to_owned(),
        format!("SELECT * FROM '{foreign}'"),
        format!("SELECT * FROM \"{foreign}\""),
        format!("SELECT * FROM read_parquet('{foreign}')"),
        format!("SELECT * FROM parquet_scan('{foreign}')"),
        format!("SELECT * FROM parquet_metadata('{foreign}')"),
        format!("SELECT * FROM delta_scan('{}')", world.folder.path().display()),
        format!("SELECT * FROM read_csv('{foreign}')"),
        "SELECT * FROM read_text('/etc/passwd')".to_owned(),
        "SELECT * FROM '/etc/passwd'".to_owned(),
        "SELECT * FROM glob('/*')".to_owned(),
        "SELECT * FROM watchbell.lake.fire".to_owned(),
        "SELECT * FROM datafusion.public.events".to_owned(),
        "SELECT * INTO x FROM events".to_owned(),
        "WITH x AS (INSERT INTO events SELECT * FROM events) SELECT * FROM x".to_owned(),
        "WITH x AS (DELETE FROM events) SELECT * FROM x".to_owned(),
        "FROM 'lake://events/agency=fire/'".to_owned(),
        "SELECT repeat('x', 2000000000)".to_owned(),
        "SELECT * FROM generate_series(1, 1000000000000)".to_owned(),
        "SELECT array_length(range(1, 10000000000))".to_owned(),
    ];
    for sql in attempts {
        match world.lake.hunt(&context, &sql, HuntLimits::default()).await {
            Ok(page) => {
                let text = serde_json::to_string(&page.rows).unwrap();
                assert!(!text.contains("fire"), "{sql}: {text}");
            }
            Err(HuntError::TooLong(_) | HuntError::TooMuchMemory { .. }) => panic!("{sql} ran"),
            Err(_) => {}
        }
    }
    let schemas =
        "SELECT table_catalog, table_name FROM information_schema.tables WHERE table_schema <> 'information_schema'";
    let page = world.lake.hunt(&context, schemas, HuntLimits::default()).await.unwrap();
    assert_eq!(page.rows.len(), 2, "{:?}", page.rows);
}
