//! What is said of items, by whom, and what of it is refused; importing; and what talks without being registered.

use std::collections::BTreeSet;

use detect::seen::Recorder;
use model::ocsf::{Class, Endpoint, Event};
use model::register::{Address, Categorization, Exposure, Interface, ItemKind, LinkKind};
use model::{AgencyId, EventId, Role};
use store::state::{ExposureAsked, LedgerAsked};

use super::super::tests::Place;
use super::*;
use crate::seen::SeenFiles;

fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

fn item(name: &str, kind: ItemKind) -> Item {
    Item::new(id(name), kind, &format!("The {name}"))
}

fn link(from: &str, kind: LinkKind, to: &str) -> Link {
    Link::new(id(from), kind, id(to))
}

fn asked() -> ItemsAsked {
    ItemsAsked { rows_max: 100, ..ItemsAsked::default() }
}

fn said<T: std::fmt::Debug>(refused: Result<T, OfficeError>) -> String {
    refused.unwrap_err().to_string()
}

#[tokio::test]
async fn an_item_has_a_history_and_one_word_at_a_time() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    office.add_item(&lead, item("portal", ItemKind::Service)).await.unwrap();
    assert!(said(office.add_item(&lead, item("portal", ItemKind::Service)).await).contains("already"));
    let first = office.item(&lead, &id("portal"), None).await.unwrap().version;
    let expose = |item: &mut Item| {
        item.exposure = Some(Exposure::Public);
        Ok(())
    };
    office.change_item(&lead, &id("portal"), Some(first.from), expose).await.unwrap();
    // Whoever looked before that looks again.
    let late = office.change_item(&lead, &id("portal"), Some(first.from), expose).await;
    assert!(matches!(late, Err(OfficeError::Conflict(_))), "{late:?}");
    // The same word again is no change.
    office.change_item(&lead, &id("portal"), None, expose).await.unwrap();
    office.retire_item(&lead, &id("portal")).await.unwrap();
    assert!(matches!(office.retire_item(&lead, &id("portal")).await, Err(OfficeError::Conflict(_))));
    let turned = |item: &mut Item| {
        item.kind = ItemKind::Machine;
        Ok(())
    };
    assert!(said(office.change_item(&lead, &id("portal"), None, turned).await).contains("stays a service"));
    let (versions, _) = office.item_history(&lead, &id("portal"), None).await.unwrap();
    let states: Vec<_> = versions.iter().map(|version| (version.item.exposure, version.item.state)).collect();
    let public = Some(Exposure::Public);
    assert_eq!(states, [(public, Lifecycle::Retired), (public, Lifecycle::Running), (None, Lifecycle::Running)]);
    assert!(versions.windows(2).all(|pair| pair[1].until == Some(pair[0].from)), "{versions:?}");
    let then = office.item(&lead, &id("portal"), Some(first.from)).await.unwrap();
    assert_eq!(then.version.item, first.item);
    let before = Timestamp::from_micros(first.from.as_micros() - 1);
    assert!(matches!(office.item(&lead, &id("portal"), Some(before)).await, Err(OfficeError::NotFound { .. })));
    assert!(matches!(office.item_history(&lead, &id("nothing"), None).await, Err(OfficeError::NotFound { .. })));
    let lines = office.audit(&place.ctx(Role::Auditor), &LedgerAsked::default()).await.unwrap();
    let done: Vec<_> = lines.iter().map(|line| line.entry.operation.as_str()).collect();
    assert_eq!(done, ["register.item.retire", "register.item.change", "register.item.add"]);
}

#[tokio::test]
async fn who_only_looks_changes_nothing() {
    let place = Place::new().await;
    let (office, analyst) = (&place.office, place.ctx(Role::Analyst));
    let refused = [
        office.add_item(&analyst, item("portal", ItemKind::Service)).await.map(|_| ()),
        office.change_item(&analyst, &id("portal"), None, |_| Ok(())).await.map(|_| ()),
        office.retire_item(&analyst, &id("portal")).await,
        office.link_items(&analyst, link("a", LinkKind::DependsOn, "b")).await,
        office.unlink_items(&analyst, &LinkPlace::of(&link("a", LinkKind::DependsOn, "b"))).await,
        office.import(&analyst, &ImportDocument::default(), ImportScope::Part).await.map(|_| ()),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(OfficeError::Denied(_))), "{refused:?}");
    }
    assert!(office.items(&analyst, &asked()).await.unwrap().items.is_empty());
    let reader = place.ctx(Role::Reader);
    assert!(matches!(office.items(&reader, &asked()).await, Err(OfficeError::Denied(_))), "programs need not know");
}

#[tokio::test]
async fn links_have_two_ends() {
    let place = Place::new().await;
    let (office, owner) = (&place.office, place.ctx(Role::ServiceOwner));
    for one in [item("portal", ItemKind::Service), item("srv-1", ItemKind::Machine), item("acme", ItemKind::Vendor)] {
        office.add_item(&owner, one).await.unwrap();
    }
    office.link_items(&owner, link("portal", LinkKind::RunsOn, "srv-1")).await.unwrap();
    office.link_items(&owner, link("portal", LinkKind::DeliveredBy, "acme")).await.unwrap();
    assert!(said(office.link_items(&owner, link("portal", LinkKind::StoresIn, "srv-1")).await).contains("connected"));
    assert!(matches!(
        office.link_items(&owner, link("portal", LinkKind::RunsOn, "srv-2")).await,
        Err(OfficeError::NotFound { .. })
    ));
    let view = office.item(&owner, &id("srv-1"), None).await.unwrap();
    assert_eq!((view.links_from.len(), view.links_to.len(), view.is_cut), (0, 1, false));
    let needed = &view.links_to[0];
    assert_eq!((needed.version.link.from.as_str(), needed.title.as_str()), ("portal", "The portal"));
    // The same link says more; then it ends.
    let mut said_more = link("portal", LinkKind::RunsOn, "srv-1");
    said_more.interface = Some(Interface { protocol: "https".to_owned(), port: Some(443), ..Interface::default() });
    office.link_items(&owner, said_more.clone()).await.unwrap();
    let place_of = LinkPlace::of(&said_more);
    office.unlink_items(&owner, &place_of).await.unwrap();
    assert!(matches!(office.unlink_items(&owner, &place_of).await, Err(OfficeError::NotFound { .. })));
    let (_, links) = office.item_history(&owner, &id("srv-1"), None).await.unwrap();
    assert_eq!(links.len(), 2);
    assert!(links.iter().all(|version| version.until.is_some() && version.ended_by.as_deref() == Some("person:1")));
    assert_eq!(office.register(&owner, None).await.unwrap().links.len(), 1);
}

#[tokio::test]
async fn an_import_is_planned_and_then_done() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    let mut kept = item("portal", ItemKind::Service);
    kept.owner = "citizens' office".to_owned();
    kept.exposure = Some(Exposure::Public);
    office.add_item(&lead, kept.clone()).await.unwrap();
    let text = r#"{"items": [
        {"id": "portal", "kind": "service", "title": "Welfare portal", "state": "running"},
        {"id": "srv-1", "kind": "machine", "title": "Server 1", "state": "running", "addresses": ["10.20.7.20"]},
        {"id": "srv-1", "kind": "machine", "title": "again", "state": "running"},
        {"id": "SRV 2", "kind": "machine", "title": "no name", "state": "running"},
        {"id": "empty", "kind": "machine", "title": "", "state": "running"}],
      "links": [{"from": "portal", "kind": "runs-on", "to": "srv-1"}, {"from": "portal", "kind": "runs-on", "to": "srv-9"}]}"#;
    let document = ImportDocument::from(formats::register::json::read(text.as_bytes()));
    let plan = office.plan_import(&lead, &document, ImportScope::Part).await.unwrap();
    assert_eq!((plan.new_items.len(), plan.changed_items.len(), plan.new_links.len()), (1, 1, 1));
    assert_eq!(plan.changed_items[0].1, ["title"], "what it does not say stays");
    let refused: Vec<_> = plan.refused.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(refused, ["item 3", "item 4", "item 5", "portal runs-on srv-9"]);
    assert_eq!(office.items(&lead, &asked()).await.unwrap().items.len(), 1, "a plan changes nothing");
    office.import(&lead, &document, ImportScope::Part).await.unwrap();
    let portal = office.item(&lead, &id("portal"), None).await.unwrap();
    assert_eq!(portal.version.item, Item { title: "Welfare portal".to_owned(), ..kept });
    assert_eq!(portal.links_from.len(), 1);
    let again = office.import(&lead, &document, ImportScope::Part).await.unwrap();
    assert!(again.is_nothing() && again.unchanged == 3, "{again:?}");
    // Whole, but a part of it could not be read: nothing is taken for gone.
    let mut whole = ImportDocument::default();
    whole.items.push(item("portal", ItemKind::Service));
    whole.refuse("x".to_owned(), "no item");
    let held = office.plan_import(&lead, &whole, ImportScope::Whole).await.unwrap();
    assert!(held.is_gone_held && held.gone_items.is_empty());
    whole.refused.clear();
    let gone = office.import(&lead, &whole, ImportScope::Whole).await.unwrap();
    assert_eq!((gone.gone_items.len(), gone.gone_links.len(), gone.changed_items.len()), (1, 1, 1));
    let unsaid = ItemsAsked { exposure: ExposureAsked::Unsaid, ..asked() };
    assert_eq!(office.items(&lead, &unsaid).await.unwrap().items.len(), 2, "the whole says what is known now");
    let server = office.item(&lead, &id("srv-1"), None).await.unwrap().version.item;
    assert_eq!(server.state, Lifecycle::Retired);
}

#[test]
fn refusals_are_told_up_to_a_limit() {
    let mut document = ImportDocument::default();
    for number in 0..limits::REGISTER_REFUSED_TOLD_MAX + 7 {
        document.refuse(format!("item {number}"), "no item");
    }
    assert_eq!((document.refused.len(), document.refused_untold), (limits::REGISTER_REFUSED_TOLD_MAX, 7));
    let mut both = ImportDocument::default();
    both.add(document.clone());
    both.add(document);
    assert_eq!(both.refused.len(), limits::REGISTER_REFUSED_TOLD_MAX);
    assert_eq!(both.refused_untold, limits::REGISTER_REFUSED_TOLD_MAX as u64 + 14);
}

#[tokio::test]
async fn a_kind_stays() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    office.add_item(&lead, item("x", ItemKind::Service)).await.unwrap();
    let document = ImportDocument { items: vec![item("x", ItemKind::Vendor)], ..ImportDocument::default() };
    let plan = office.import(&lead, &document, ImportScope::Part).await.unwrap();
    assert_eq!(plan.refused[0].reason, "it is a service in the register, and stays one");
}

const TODAY: i32 = 19_675;

fn event(number: u64, source: &str, name: &str) -> Event {
    let id = EventId::from_bytes(u128::from(number).to_be_bytes());
    let noon = Timestamp::from_micros(i64::from(TODAY) * 86_400_000_000 + 43_200_000_000);
    let mut event = Event::new(id, AgencyId::home(), noon, Class::NETWORK, 6);
    let end = |ip: Option<&str>, name: Option<&str>| {
        Some(Box::new(Endpoint {
            ip: ip.map(str::to_owned),
            hostname: name.map(str::to_owned),
            port: Some(502),
            ..Endpoint::default()
        }))
    };
    event.attributes.src_endpoint = end(Some(source), None);
    event.attributes.dst_endpoint = end(None, Some(name));
    event
}

#[tokio::test]
async fn what_talks_and_is_not_registered() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    assert_eq!(lead.now.day(), TODAY);
    for (name, address) in [("srv-1", "10.20.7.20"), ("net", "10.30.0.0/16"), ("old", "10.20.7.99")] {
        let mut machine = item(name, ItemKind::Machine);
        machine.addresses = vec![Address::parse(address).unwrap()];
        office.add_item(&lead, machine).await.unwrap();
    }
    office.retire_item(&lead, &id("old")).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = SeenFiles::at(folder.path().to_owned());
    files.open().unwrap();
    let mut recorder = Recorder::default();
    let seen = [
        ("10.20.7.20", "plc-7"),
        ("10.30.4.4", "plc-7"),
        ("10.20.7.99", "www.elsewhere.example"),
        ("10.20.9.9", "www.elsewhere.example"),
        ("203.0.113.9", "plc-7"),
    ];
    for (number, (source, name)) in seen.into_iter().enumerate() {
        let event = event(number as u64, source, name);
        recorder.record(&event, event.time);
    }
    files.keep(&recorder.take(), (None, 9)).unwrap();
    let found = office.discover(&lead, &files, 7).await.unwrap();
    let told: Vec<_> = found.found.iter().map(|one| (one.value.as_str(), one.events, one.retired.is_some())).collect();
    assert_eq!(told, [("plc-7", 3, false), ("10.20.7.99", 1, true), ("10.20.9.9", 1, false)]);
    assert_eq!(found.found[0].days, BTreeSet::from([TODAY]));
    let behind = office.behind(&lead, "10.30.4.4").await.unwrap();
    assert_eq!(behind[0].item.id, id("net"));
    assert!(office.behind(&lead, "203.0.113.9").await.unwrap().is_empty());
    assert!(matches!(office.behind(&lead, "10.0.0.0/8").await, Err(OfficeError::Refused(_))));
    let lines = office.audit(&place.ctx(Role::Auditor), &LedgerAsked::default()).await.unwrap();
    assert_eq!(lines[0].entry.operation, "register.discover");
}

#[tokio::test]
async fn what_follows_from_the_register() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    for one in [item("portal", ItemKind::Service), item("tax", ItemKind::Service), item("acme", ItemKind::Vendor)] {
        office.add_item(&lead, one).await.unwrap();
    }
    for service in ["portal", "tax"] {
        office.link_items(&lead, link(service, LinkKind::DeliveredBy, "acme")).await.unwrap();
    }
    let suppliers = office.suppliers(&lead).await.unwrap();
    assert_eq!((suppliers.found[0].services.len(), suppliers.title(&id("acme"))), (2, "The acme"));
    assert!(matches!(office.suppliers(&place.ctx(Role::Reader)).await, Err(OfficeError::Denied(_))));
    let mut portal = item("portal", ItemKind::Service);
    portal.information_types = vec!["C.1".to_owned()];
    assert!(office.proposed_categorization(&lead, &portal).await.unwrap().is_none(), "no catalogue was brought");
    let types = br#"[{"id":"C.1","title":"T","confidentiality-impact":{"base":"low"},"integrity-impact":{"base":"high"},"availability-impact":{"base":"low"}}]"#;
    let catalogue =
        model::document::DocumentPlace::new(model::document::DocumentKind::InformationTypes, "own").unwrap();
    office.keep_document(&lead, &catalogue, store::state::After::Any, types).await.unwrap();
    let proposed = office.proposed_categorization(&lead, &portal).await.unwrap().unwrap();
    assert_eq!(proposed.value.integrity.proposed, Some(model::register::Impact::High));
    assert!(!proposed.because.is_empty());
    office
        .change_item(&lead, &id("portal"), None, |item| {
            item.information_types = vec!["C.1".to_owned()];
            Ok(())
        })
        .await
        .unwrap();
    // What the catalogue proposes counts, whatever is said to be proposed; less than that needs a reason.
    let open = || model::register::Objective { proposed: None, decided: None, why: String::new() };
    let low = |why: &str| model::register::Objective {
        proposed: Some(model::register::Impact::Low),
        decided: Some(model::register::Impact::Low),
        why: why.to_owned(),
    };
    let wanted = |why: &str| Categorization { confidentiality: open(), integrity: low(why), availability: open() };
    assert!(said(office.categorize_item(&lead, &id("portal"), None, wanted("")).await).contains("nobody says why"));
    let kept = office.categorize_item(&lead, &id("portal"), None, wanted("looked after daily")).await.unwrap();
    let integrity = kept.categorization.unwrap().integrity;
    assert_eq!(
        (integrity.proposed, integrity.decided),
        (Some(model::register::Impact::High), Some(model::register::Impact::Low))
    );
    let nothing = Categorization { confidentiality: open(), integrity: open(), availability: open() };
    assert_eq!(office.categorize_item(&lead, &id("tax"), None, nothing).await.unwrap().categorization, None);
}

/// What a record of Zeek says of software on an address.
fn software_of_zeek(number: u64, address: &str, kind: &str, unparsed: &str) -> Event {
    use model::ocsf::{Device, Metadata, Product};
    let mut event = event(number, "10.9.9.9", "x");
    event.class = Class::SOFTWARE_INFO;
    let a = &mut event.attributes;
    (a.src_endpoint, a.dst_endpoint) = (None, None);
    a.metadata = Some(Box::new(Metadata::of_product("Zeek", "Zeek")));
    a.device = Some(Box::new(Device { ip: Some(address.to_owned()), ..Device::default() }));
    a.product = Some(Box::new(Product { name: Some(unparsed.to_owned()), ..Product::default() }));
    a.message = Some(kind.to_owned());
    event
}

#[tokio::test]
async fn software_that_is_seen_and_not_registered() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    let named = |product: &str, version: &str| model::register::Software {
        product: product.to_owned(),
        version: version.to_owned(),
        ..Default::default()
    };
    let mut server = item("srv-1", ItemKind::Machine);
    server.addresses = vec![Address::parse("10.20.7.20").unwrap()];
    server.software = vec![named("nginx", ""), named("OpenSSH", "9.9"), named("PHP", "8.1.2")];
    office.add_item(&lead, server).await.unwrap();
    let mut net = item("net", ItemKind::Machine);
    net.addresses = vec![Address::parse("10.30.0.0/16").unwrap()];
    office.add_item(&lead, net).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = SeenFiles::at(folder.path().to_owned());
    let rows = [
        ("10.20.7.20", "HTTP::SERVER", "nginx/1.18.0 PHP/8.1.2 OpenSSL/3.0.2"),
        ("10.20.7.20", "SSH::SERVER", "OpenSSH_8.9p1 Ubuntu-3ubuntu0.6"),
        ("10.30.4.4", "HTTP::SERVER", "lighttpd/1.4.53"),
        ("10.40.4.4", "HTTP::SERVER", "lighttpd/1.4.53"),
        // A stranger's browser, and a stranger's server.
        ("203.0.113.9", "HTTP::BROWSER", "Firefox/115.0"),
        ("203.0.113.80", "HTTP::SERVER", "nginx/1.18.0"),
    ];
    let shelf = crate::seen::SeenShelf::open(std::sync::Arc::new(Nowhere), files.clone()).unwrap();
    let (revision, own) = office.own_addresses(&lead, None).await.unwrap().unwrap();
    assert!(office.own_addresses(&lead, Some(revision)).await.unwrap().is_none(), "nothing changed");
    shelf.know(&lead.agency, own);
    let rows = rows.into_iter().enumerate().map(|(number, (address, kind, text))| {
        let event = software_of_zeek(number as u64, address, kind, text);
        let received = event.time;
        let source = model::SourceId::parse("s").unwrap();
        crate::ingest::ShelfRow { event, raw: Vec::new(), source, received, number: number as u64 }
    });
    crate::ingest::Shelf::append(&shelf, crate::ingest::EVENTS, rows.collect(), 9).await.unwrap();
    shelf.write().await.unwrap();
    let found = office.software_seen(&lead, &files, 7).await.unwrap();
    let told = |found: &SoftwareFound| -> Vec<String> {
        let one = |one: &SoftwareAt| {
            let item = one.item.as_ref().map_or("-", |id| id.as_str());
            format!(
                "{item} {} {}@{} {}",
                one.address,
                one.software.product,
                one.software.version,
                one.registered.name()
            )
        };
        found.found.iter().map(one).collect()
    };
    assert_eq!(
        told(&found),
        [
            "net 10.30.4.4 lighttpd@1.4.53 missing",
            "srv-1 10.20.7.20 nginx@1.18.0 without-version",
            "srv-1 10.20.7.20 OpenSSH@8.9p1 other-version",
            "srv-1 10.20.7.20 OpenSSL@3.0.2 missing",
            "srv-1 10.20.7.20 PHP@8.1.2 as-seen",
            "- 10.40.4.4 lighttpd@1.4.53 no-item",
        ]
    );
    let ssh = found.found.iter().find(|one| one.software.product == "OpenSSH").unwrap();
    assert_eq!(ssh.maybe_mended_by.as_deref(), Some("ubuntu-3ubuntu0.6"));
    let taken = Office::software_to_take(&found);
    let shown: Vec<_> = taken.iter().map(|one| (one.item.as_str(), one.software.len())).collect();
    assert_eq!(shown, [("srv-1", 2)], "what is behind a range, or stands in another version, is for people");
    assert!(office.take_software(&place.ctx(Role::Analyst), &taken).await.is_err());
    office.take_software(&lead, &taken).await.unwrap();
    let server = office.item(&lead, &id("srv-1"), None).await.unwrap().version.item;
    let has: Vec<_> = server.software.iter().map(|one| format!("{}@{}", one.product, one.version)).collect();
    assert_eq!(has, ["nginx@1.18.0", "OpenSSH@9.9", "PHP@8.1.2", "OpenSSL@3.0.2"]);
    let again = office.software_seen(&lead, &files, 7).await.unwrap();
    assert_eq!(Office::software_to_take(&again), []);
    let lines = office.audit(&place.ctx(Role::Auditor), &LedgerAsked::default()).await.unwrap();
    assert!(lines.iter().any(|line| line.entry.operation == "register.item.software"));
}

/// A shelf that keeps nothing.
struct Nowhere;

impl crate::ingest::Shelf for Nowhere {
    fn committed<'a>(
        &'a self,
        _: &'a str,
    ) -> model::doors::BoxFuture<'a, Result<Option<u64>, crate::ingest::ShelfError>> {
        Box::pin(async { Ok(None) })
    }

    fn append<'a>(
        &'a self,
        _: &'a str,
        _: Vec<crate::ingest::ShelfRow>,
        _: u64,
    ) -> model::doors::BoxFuture<'a, Result<(), crate::ingest::ShelfError>> {
        Box::pin(async { Ok(()) })
    }

    fn flush_if_due(&self) -> model::doors::BoxFuture<'_, Result<(), crate::ingest::ShelfError>> {
        Box::pin(async { Ok(()) })
    }

    fn flush(&self) -> model::doors::BoxFuture<'_, Result<(), crate::ingest::ShelfError>> {
        Box::pin(async { Ok(()) })
    }
}
