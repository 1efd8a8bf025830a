//! One person's data goes for good, and the proof finds it before.

use lake::{ErasureTerm, LegalHold};
use model::AgencyId;
use model::ocsf::{Actor, User};
use serde_json::json;

use crate::world::{CONSUMER, World, agency, at, context, files, log_on, with};

fn terms() -> Vec<ErasureTerm> {
    vec![ErasureTerm::Account("anna.k".into()), ErasureTerm::Email("anna.k@corp.example".into())]
}

async fn world() -> World {
    let world = World::new().await;
    let deep = with(log_on(3, "2024-05-05T11:00:00Z", "bert"), |event| {
        let user = User { email_addr: Some("Anna.K@corp.example".into()), ..User::default() };
        event.attributes.actor = Some(Box::new(Actor { user: Some(user.into()), ..Actor::default() }));
    });
    let rest = with(log_on(4, "2024-05-05T11:00:00Z", "bert"), |event| {
        event.attributes.unmapped = json!({"owner": r"CORP\ANNA.K"}).as_object().cloned();
    });
    let other = with(log_on(6, "2024-05-05T11:00:00Z", "anna.k"), |event| event.agency = agency("fire"));
    world
        .keep(vec![
            log_on(1, "2024-05-06T11:00:00Z", "anna.k"),
            log_on(2, "2024-05-06T11:00:00Z", "bert"),
            deep,
            rest,
            log_on(5, "2024-05-05T11:00:00Z", "joanna.k"),
            other,
        ])
        .await;
    world
}

#[tokio::test]
async fn nothing_of_the_person_is_left() {
    let world = world().await;
    // One row still waits in memory; it must go too.
    world.lake.append(CONSUMER, vec![log_on(7, "2024-05-06T11:30:00Z", "anna.k")], 7).await.unwrap();
    let context = context("home", Some("erasure request 12"));
    let report = world.lake.erase(&context, &terms(), &[]).await.unwrap();
    assert_eq!(report.before.hits_total, 4, "the control search finds her: {:?}", report.before);
    assert_eq!((report.rows_erased, report.after.hits_total), (4, 0), "{report:?}");
    assert!(report.is_complete());
    assert!(report.after.files_decoded >= 2 && report.after.rows >= 3, "{report:?}");
    let left = world.hunt("SELECT user.name FROM events ORDER BY 1").await.rows;
    assert_eq!(left, [[json!("bert")], [json!("joanna.k")]]);
    // No byte of the folder names her any more, but those of the other agency.
    let table = world.folder.path().join("events");
    for path in files(&table, "").iter().filter(|path| !path.to_str().unwrap().contains("agency=fire")) {
        let bytes = std::fs::read(path).unwrap();
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        assert!(!text.replace("joanna.k", "").contains("anna.k"), "{}", path.display());
    }
    assert!(report.files_deleted >= 2 && report.log_entries_deleted >= 1, "{report:?}");
    // The other agency's data is its own affair, offsets are kept, and the lake goes on after a restart.
    assert_eq!(world.lake.rows_of(&agency("fire")), 1);
    let world = world.restarted().await;
    assert_eq!(world.lake.committed_offset(CONSUMER).await.unwrap(), Some(7));
    world.keep(vec![log_on(8, "2024-05-06T11:40:00Z", "cleo")]).await;
    assert_eq!(world.one("SELECT count(*) FROM events").await, json!(3));
}

#[tokio::test]
async fn a_legal_hold_keeps_rows_and_the_report_says_so() {
    let world = world().await;
    let hold = LegalHold {
        id: "court-7".into(),
        agency: AgencyId::home(),
        from: at("2024-05-06T00:00:00Z"),
        to: at("2024-05-07T00:00:00Z"),
        classes: None,
        reason: "court order 7".into(),
    };
    let context = context("home", Some("erasure request 12"));
    let report = world.lake.erase(&context, &terms(), &[hold]).await.unwrap();
    assert_eq!((report.before.hits_total, report.rows_erased), (3, 2), "{report:?}");
    assert_eq!(report.rows_held.get("court-7"), Some(&1));
    assert!(report.is_complete(), "what is held is not left by mistake: {:?}", report.after);
    assert_eq!(world.one("SELECT count(*) FROM events WHERE user.name = 'anna.k'").await, json!(1));
}

#[tokio::test]
async fn the_search_alone_finds_without_deleting() {
    let world = world().await;
    let found =
        world.lake.search_personal(&AgencyId::home(), &[ErasureTerm::Address("10.0.0.1".into())], &[]).await.unwrap();
    assert_eq!(found.hits_total, 5);
    assert!(found.hits.iter().all(|hit| hit.column == "src_endpoint.ip"), "{found:?}");
    assert_eq!(world.one("SELECT count(*) FROM events").await, json!(5));
}
