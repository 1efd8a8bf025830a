use super::*;
use crate::limits;

fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

#[test]
fn names_of_items() {
    for text in ["a", "welfare-portal", "srv-042.city.example", "x_1"] {
        assert_eq!(id(text).as_str(), text);
    }
    for text in ["", "-a", "a-", "A", "a b", "ä", &"a".repeat(101)] {
        assert!(ItemId::parse(text).is_err(), "{text}");
    }
    for (title, expected) in [
        ("Welfare portal (new)", Some("welfare-portal-new")),
        ("Bürgerbüro & Kfz", Some("buergerbuero-kfz")),
        ("SRV-042.city.example", Some("srv-042.city.example")),
        ("!!", None),
    ] {
        assert_eq!(ItemId::suggest(title).map(String::from).as_deref(), expected, "{title}");
    }
    assert!(ItemId::suggest(&"ä".repeat(200)).is_some());
}

#[test]
fn words_are_read_as_people_write_them() {
    assert_eq!("Data Store".parse::<ItemKind>(), Ok(ItemKind::DataStore));
    assert_eq!("depends_on".parse::<LinkKind>(), Ok(LinkKind::DependsOn));
    let error = "x".parse::<Exposure>().unwrap_err().to_string();
    assert_eq!(error, "\"x\" is no exposure; known are isolated, internal, partners, public");
    for kind in ItemKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}

#[test]
fn addresses() {
    let of = |text: &str| Address::parse(text).map(|address| address.to_string());
    for (text, expected) in [
        ("192.0.2.7", Some("192.0.2.7")),
        ("192.0.2.7/24", Some("192.0.2.0/24")),
        ("2001:db8::1/32", Some("2001:db8::/32")),
        ("0.0.0.0/0", Some("0.0.0.0/0")),
        ("Portal.City.example.", Some("portal.city.example")),
        ("192.0.2.7/33", None),
        ("a b", None),
        ("", None),
    ] {
        assert_eq!(of(text).as_deref(), expected, "{text}");
    }
    let range = Address::parse("192.0.2.0/24").unwrap();
    assert!(range.covers("192.0.2.200".parse().unwrap()) && !range.covers("192.0.3.1".parse().unwrap()));
    assert!(!range.covers("::1".parse().unwrap()));
}

#[test]
fn what_is_not_said_is_not_nothing() {
    let item = Item::new(id("portal"), ItemKind::Service, "Portal");
    let text = serde_json::to_string(&item).unwrap();
    assert_eq!(text, r#"{"id":"portal","kind":"service","title":"Portal","state":"running"}"#);
    assert_eq!(serde_json::from_str::<Item>(&text).unwrap(), item);
    let mut known = item.clone();
    known.data = Some(Vec::new());
    assert_ne!(serde_json::to_string(&known).unwrap(), text);
}

#[test]
fn items_are_checked() {
    let good = Item::new(id("portal"), ItemKind::Service, "Portal");
    assert_eq!(good.check(), Ok(()));
    let check = |change: &dyn Fn(&mut Item)| {
        let mut item = good.clone();
        change(&mut item);
        item.check().unwrap_err().to_string()
    };
    assert_eq!(check(&|item| item.title = " ".into()), "portal: title: it says nothing");
    let held = DataHeld { category: DataCategory::Health, residents: None };
    assert!(check(&|item| item.data = Some(vec![held.clone(), held.clone()])).contains("health is said twice"));
    assert!(check(&|item| item.about = "x".repeat(limits::ITEM_TEXT_BYTES_MAX + 1)).contains("longer than"));
    assert!(check(&|item| item.labels = vec![String::new(); limits::ITEM_LIST_MAX + 1]).contains("more than"));
    assert!(check(&|item| item.labels = vec!["a\tb".into()]).contains("labels: a control character"));
    let long = "x".repeat(limits::ITEM_TEXT_BYTES_MAX + 1);
    assert!(check(&|item| item.information_types = vec![long.clone()]).contains("an entry of more than"));
    let software = Software { version: long.clone(), ..Software::default() };
    assert!(check(&|item| item.software = vec![software.clone()]).contains("software: an entry of more than"));
    let lower = |why: &str| Objective { proposed: Some(Impact::High), decided: Some(Impact::Low), why: why.into() };
    let of =
        |why: &str| Categorization { confidentiality: lower(why), integrity: lower("x"), availability: lower("x") };
    assert!(check(&|item| item.categorization = Some(of(""))).contains("nobody says why"));
    assert_eq!(of("x").high_water(), Some(Impact::Low));
    let open = Objective { proposed: None, decided: None, why: String::new() };
    assert_eq!(Categorization { integrity: open, ..of("x") }.high_water(), None);
}

#[test]
fn links_fit_their_ends() {
    let link = |kind| Link::new(id("a"), kind, id("b"));
    assert!(link(LinkKind::StoresIn).check(ItemKind::Service, ItemKind::DataStore).is_ok());
    assert!(link(LinkKind::StoresIn).check(ItemKind::Service, ItemKind::Machine).is_err());
    assert!(link(LinkKind::DeliveredBy).check(ItemKind::Service, ItemKind::Vendor).is_ok());
    let own = Link::new(id("a"), LinkKind::DependsOn, id("a")).check(ItemKind::Service, ItemKind::Service);
    assert_eq!(own.unwrap_err().to_string(), "a depends-on a: it leads to itself");
    let mut wordy = link(LinkKind::RunsOn);
    wordy.about = "x".repeat(limits::ITEM_TEXT_BYTES_MAX + 1);
    assert!(wordy.check_itself().unwrap_err().reason.contains("longer"));
    wordy.about = "a\u{7}".to_owned();
    assert!(wordy.check_itself().unwrap_err().reason.contains("control"));
    let protocol = "x".repeat(limits::ITEM_ID_BYTES_MAX + 1);
    let loud = Link { interface: Some(Interface { protocol, ..Interface::default() }), ..link(LinkKind::RunsOn) };
    assert!(loud.check_itself().unwrap_err().reason.contains("protocol"));
    assert!(LinkKind::RunsOn.passes_compromise() && !LinkKind::SendsTo.passes_compromise());
}
