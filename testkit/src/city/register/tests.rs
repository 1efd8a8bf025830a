use std::collections::{BTreeMap, BTreeSet};

use super::super::{MACHINES, SERVICES as KNOWN_SERVICES};
use super::*;

fn register() -> Register {
    City::new(7).register()
}

fn count(register: &Register, kind: ItemKind) -> usize {
    register.items.iter().filter(|item| item.kind == kind).count()
}

#[test]
fn forty_services_and_six_hundred_things() {
    let register = register();
    assert_eq!(count(&register, ItemKind::Service), 40);
    let things = register.items.len() - 40;
    assert!((560..=680).contains(&things), "{things}");
    for kind in ItemKind::ALL {
        assert!(count(&register, *kind) >= 10, "{kind}: {}", count(&register, *kind));
    }
}

#[test]
fn it_is_a_register() {
    let register = register();
    let kinds: BTreeMap<&ItemId, ItemKind> = register.items.iter().map(|item| (&item.id, item.kind)).collect();
    assert_eq!(kinds.len(), register.items.len(), "names are single");
    for item in &register.items {
        assert_eq!(item.check(), Ok(()));
    }
    let mut seen = BTreeSet::new();
    for link in &register.links {
        let ends = (kinds[&link.from], kinds[&link.to]);
        assert_eq!(link.check(ends.0, ends.1), Ok(()));
        assert!(seen.insert((&link.from, link.kind, &link.to)), "{} {} {} twice", link.from, link.kind, link.to);
    }
    let mut addresses = BTreeSet::new();
    for address in register.items.iter().flat_map(|item| &item.addresses) {
        assert!(addresses.insert(address), "{address} is there twice");
    }
}

#[test]
fn it_is_the_city_of_the_logs() {
    let register = register();
    let item = |name: &str| register.items.iter().find(|item| item.id.as_str() == name).unwrap();
    for machine in MACHINES {
        assert!(item(machine.name).addresses.contains(&Address::parse(machine.address).unwrap()), "{}", machine.name);
    }
    for service in KNOWN_SERVICES {
        let own = item(&service.name.replace(' ', "-"));
        assert_eq!(own.residents, Some(u64::from(service.residents)), "{}", service.name);
        let app = format!("app-{}", own.id);
        for machine in service.machines {
            let is_there = register.links.iter().any(|link| link.from.as_str() == app && link.to.as_str() == *machine);
            assert!(is_there, "{app} runs on {machine}");
        }
    }
}

#[test]
fn some_things_nobody_has_said() {
    let register = register();
    assert!(register.items.iter().any(|item| item.exposure.is_none() && item.kind == ItemKind::Machine));
    let service =
        |test: &dyn Fn(&Item) -> bool| register.items.iter().any(|item| item.kind == ItemKind::Service && test(item));
    assert!(service(&|item| item.data.is_none()) && service(&|item| item.is_life_safety.is_none()));
    assert!(service(&|item| item.day_costs.is_none()) && service(&|item| item.residents.is_none()));
    assert!(register.items.iter().any(|item| item.state == Lifecycle::Retired));
}

#[test]
fn the_seed_decides_versions_only() {
    let (one, other) = (City::new(1).register(), City::new(2).register());
    assert_ne!(one, other);
    assert_eq!(one.links, other.links);
    let names = |register: &Register| register.items.iter().map(|item| item.id.clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
}
