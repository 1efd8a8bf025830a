//! What is at stake: by which policy, reckoned again when something changed, and seen by whoever may.

use model::register::{Exposure, Item, ItemId, ItemKind, Link, LinkKind};
use model::{OpContext, Role};
use risk::order::Verdict;

use super::super::tests::Place;
use super::*;

fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

async fn library(office: &Office, lead: &OpContext) {
    for (name, kind) in [("library", ItemKind::Service), ("server", ItemKind::Machine)] {
        let mut item = Item::new(id(name), kind, &format!("The {name}"));
        item.exposure = Some(Exposure::Internal);
        item.data = Some(Vec::new());
        (item.residents, item.day_costs, item.is_life_safety) = (Some(200), Some(10), Some(false));
        office.add_item(lead, item).await.unwrap();
    }
    office.link_items(lead, Link::new(id("library"), LinkKind::RunsOn, id("server"))).await.unwrap();
}

#[tokio::test]
async fn reckoned_again_when_something_changed() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    assert!(office.openings(&lead).await.unwrap().openings.is_empty());
    library(office, &lead).await;
    let first = office.stake(&lead).await.unwrap();
    assert_eq!(first.posture.items.len(), 2);
    assert!(Arc::ptr_eq(&first, &office.stake(&lead).await.unwrap()), "nothing changed");
    let openings = office.openings(&lead).await.unwrap();
    assert!(Arc::ptr_eq(&openings, &office.openings(&lead).await.unwrap()));
    assert!(Arc::ptr_eq(&first, &office.stake(&lead).await.unwrap()), "one half does not forget the other");
    let expose = |item: &mut Item| {
        item.exposure = Some(Exposure::Public);
        Ok(())
    };
    office.change_item(&lead, &id("server"), None, expose).await.unwrap();
    // Of many who ask at once, one reckons.
    let (second, other) = tokio::join!(office.stake(&lead), office.stake(&lead));
    let second = second.unwrap();
    assert!(Arc::ptr_eq(&second, &other.unwrap()));
    let probability = |stake: &Stake| stake.posture.items[&id("library")].probability;
    assert!(probability(&second) > probability(&first));
}

#[tokio::test]
async fn the_city_says_what_it_tolerates() {
    let place = Place::new().await;
    let (office, lead, board) = (&place.office, place.ctx(Role::Lead), place.ctx(Role::Board));
    library(office, &lead).await;
    assert_eq!(office.risk_policy(&board).await.unwrap().version, None);
    assert_eq!(office.openings(&lead).await.unwrap().openings[0].verdict, Verdict::Open);
    let stern = Policy::built_in_text().replacen("money = 250000.0", "money = 0.0", 1);
    assert_ne!(stern, Policy::built_in_text());
    office.set_risk_policy(&board, &stern, After::Version(0)).await.unwrap();
    assert_eq!(office.openings(&lead).await.unwrap().openings[0].verdict, Verdict::NotYet);
    let late = office.set_risk_policy(&lead, Policy::built_in_text(), After::Version(0)).await;
    assert!(matches!(late, Err(OfficeError::Conflict(_))), "{late:?}");
    let broken = office.set_risk_policy(&lead, "currency = 1", After::Any).await;
    assert!(matches!(&broken, Err(OfficeError::Refused(words)) if words.contains("not the form")), "{broken:?}");
    let view = office.risk_policy(&board).await.unwrap();
    assert_eq!((view.text, view.version.unwrap().number), (stern, 1));
    // Whoever only looks decides nothing; programs that read detections see none of it.
    let analyst = place.ctx(Role::Analyst);
    assert!(office.stake(&analyst).await.is_ok());
    assert!(matches!(office.set_risk_policy(&analyst, "", After::Any).await, Err(OfficeError::Denied(_))));
    let reader = place.ctx(Role::Reader);
    assert!(matches!(office.stake(&reader).await, Err(OfficeError::Denied(_))));
    assert!(matches!(office.openings(&reader).await, Err(OfficeError::Denied(_))));
    assert!(matches!(office.risk_policy(&reader).await, Err(OfficeError::Denied(_))));
}
