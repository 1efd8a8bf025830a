//! Without a purpose nobody learns who it was, neither from what is shown nor from what can be asked.

use lake::{HuntLimits, HuntPage};
use model::ocsf::{Actor, Process, User};
use serde_json::json;

use crate::world::{World, context, log_on, with};

async fn world() -> World {
    let world = World::new().await;
    let deep = |offset, name: &str| {
        with(log_on(offset, "2024-05-06T11:00:00Z", name), |event| {
            let user =
                User { name: Some(name.into()), email_addr: Some(format!("{name}@corp.example")), ..User::default() };
            let process = Process {
                cmd_line: Some(format!("net user {name}")),
                pid: Some(7),
                user: Some(user.clone().into()),
                ..Process::default()
            };
            event.attributes.actor =
                Some(Box::new(Actor { user: Some(user.into()), process: Some(process.into()), ..Actor::default() }));
        })
    };
    world
        .keep(vec![deep(1, "anna"), deep(2, "anna"), deep(3, "bert"), log_on(4, "2024-05-06T11:00:00Z", "cleo")])
        .await;
    world
}

async fn hunt(world: &World, sql: &str, purpose: Option<&str>) -> HuntPage {
    world.lake.hunt(&context("home", purpose), sql, HuntLimits::default()).await.unwrap()
}

#[tokio::test]
async fn names_show_only_with_a_purpose() {
    let world = world().await;
    let all = "SELECT * FROM events";
    let masked = serde_json::to_string(&hunt(&world, all, None).await.rows).unwrap();
    let shown = serde_json::to_string(&hunt(&world, all, Some("incident 2024-17")).await.rows).unwrap();
    for name in ["anna", "bert", "cleo"] {
        assert!(!masked.contains(name), "{masked}");
        assert!(shown.contains(name));
    }
    // What is no name is shown either way, and columns are the same.
    for text in ["10.0.0.1", "pc-1", "CORP"] {
        assert!(masked.contains(text) && shown.contains(text), "{text}");
    }
    assert_eq!(
        hunt(&world, all, None).await.columns.len(),
        hunt(&world, all, Some("incident 2024-17")).await.columns.len()
    );
}

#[tokio::test]
async fn nobody_can_ask_by_name() {
    let world = world().await;
    let check = async |condition: &str, masked: i64, shown: i64| {
        let sql = format!("SELECT count(*) FROM events WHERE {condition}");
        assert_eq!(hunt(&world, &sql, None).await.rows[0][0], json!(masked), "masked: {condition}");
        assert_eq!(hunt(&world, &sql, Some("incident 2024-17")).await.rows[0][0], json!(shown), "shown: {condition}");
    };
    check("user.name = 'anna'", 0, 2).await;
    check("actor.user.email_addr LIKE 'anna%'", 0, 2).await;
    check("raw LIKE '%anna%'", 0, 2).await;
    check("message LIKE '%anna%'", 0, 2).await;
    check("actor.process.cmd_line LIKE '%anna%'", 0, 2).await;
    check("actor.process.user.name = 'bert'", 0, 1).await;
    check("actor.process.pid = 7", 3, 3).await;
    check("actor IS NULL", 1, 1).await;
    check("src_endpoint.ip = '10.0.0.1'", 4, 4).await;
}

#[tokio::test]
async fn counting_works_under_the_mask() {
    let world = world().await;
    let sql = "SELECT user.name, count(*) n FROM events GROUP BY user.name ORDER BY n DESC, 1";
    let page = hunt(&world, sql, None).await;
    assert_eq!(page.rows.iter().map(|row| row[1].clone()).collect::<Vec<_>>(), [json!(2), json!(1), json!(1)]);
    let name = page.rows[0][0].as_str().unwrap();
    assert!(name.starts_with("p-"), "{name}");
    // The same account is the same pseudonym wherever it stands, and in the next hunt too.
    let sql = format!("SELECT count(*) FROM events WHERE user.name = '{name}' AND actor.user.name = user.name");
    assert_eq!(hunt(&world, &sql, None).await.rows[0][0], json!(2));
}
