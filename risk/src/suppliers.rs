//! Who stands behind how much: one supplier behind nine services is one accident for nine.
//!
//! A service rests on a supplier when a way leads there over what it depends on, what that runs on, where data is stored, who delivers any of
//! it, and who supplies those. The shortest way is the reason. Supply chains: NIST CSF 2.0, GV.SC-04 (suppliers known and ordered by how critical
//! they are).
//!
//! Deliberately absent: makers of software that are no items of the register.

use std::collections::{BTreeMap, VecDeque};

use model::register::{Item, ItemId, ItemKind, Lifecycle, Link, LinkKind};

/// A supplier and what rests on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concentration {
    /// The supplier.
    pub vendor: ItemId,
    /// The services, those with most residents first.
    pub services: Vec<Reliance>,
    /// Residents who would notice, at least: those of its largest service. Services share residents.
    pub residents_least: u64,
    /// Residents who would notice, at most: those of all its services together, as far as they are known.
    pub residents_most: u64,
    /// Services of which nobody has said how many residents they have.
    pub residents_unsaid: usize,
    /// Services on which lives hang, or of which nobody has said that they do not.
    pub life_safety: usize,
}

/// A service that rests on a supplier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reliance {
    /// The service.
    pub service: ItemId,
    /// Its residents; `None` while nobody has said.
    pub residents: Option<u64>,
    /// The way from it to the supplier, without the two ends.
    pub by_way_of: Vec<ItemId>,
}

/// Suppliers by the number of services that rest on them, then by residents. Retired items rest on nobody; links whose ends are not among the
/// items lead nowhere.
pub fn concentration(items: &[Item], links: &[Link]) -> Vec<Concentration> {
    let places: BTreeMap<&ItemId, usize> = items.iter().enumerate().map(|(place, item)| (&item.id, place)).collect();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    for link in links.iter().filter(|link| is_reliance(link.kind)) {
        if let (Some(from), Some(to)) = (places.get(&link.from), places.get(&link.to))
            && let Some(next) = next.get_mut(*from)
        {
            next.push(*to);
        }
    }
    next.iter_mut().for_each(|next| next.sort_unstable_by_key(|place| items.get(*place).map(|item| &item.id)));
    let mut found: BTreeMap<usize, Vec<Reliance>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        if item.kind == ItemKind::Service && item.state != Lifecycle::Retired {
            walk(items, &next, place, &mut found);
        }
    }
    let mut all: Vec<Concentration> =
        found.into_iter().filter_map(|(vendor, services)| of(items, items.get(vendor)?, services, &places)).collect();
    all.sort_by(|one, other| {
        let weight = |found: &Concentration| (found.services.len(), found.residents_most, found.residents_unsaid);
        weight(other).cmp(&weight(one)).then_with(|| one.vendor.cmp(&other.vendor))
    });
    all
}

/// Whether what a link leads from rests on what it leads to.
const fn is_reliance(kind: LinkKind) -> bool {
    match kind {
        LinkKind::DependsOn | LinkKind::RunsOn | LinkKind::StoresIn | LinkKind::DeliveredBy | LinkKind::SuppliedBy => {
            true
        }
        LinkKind::SendsTo | LinkKind::AdministeredBy => false,
    }
}

/// Goes from a service wherever it rests, nearest first.
fn walk(items: &[Item], next: &[Vec<usize>], start: usize, found: &mut BTreeMap<usize, Vec<Reliance>>) {
    let Some(service) = items.get(start) else { return };
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::from([(start, start)]);
    let mut waiting = VecDeque::from([start]);
    while let Some(place) = waiting.pop_front() {
        for to in next.get(place).into_iter().flatten().copied() {
            let is_there = items.get(to).is_some_and(|item| item.state != Lifecycle::Retired);
            if is_there && !came_from.contains_key(&to) {
                came_from.insert(to, place);
                waiting.push_back(to);
            }
        }
    }
    for vendor in came_from.keys().copied() {
        if items.get(vendor).is_none_or(|item| item.kind != ItemKind::Vendor) {
            continue;
        }
        let mut by_way_of = Vec::new();
        let mut at = came_from.get(&vendor).copied().unwrap_or(start);
        while at != start {
            by_way_of.extend(items.get(at).map(|item| item.id.clone()));
            at = came_from.get(&at).copied().unwrap_or(start);
        }
        by_way_of.reverse();
        let reliance = Reliance { service: service.id.clone(), residents: service.residents, by_way_of };
        found.entry(vendor).or_default().push(reliance);
    }
}

fn of(
    items: &[Item],
    vendor: &Item,
    mut services: Vec<Reliance>,
    places: &BTreeMap<&ItemId, usize>,
) -> Option<Concentration> {
    services.sort_by(|one, other| other.residents.cmp(&one.residents).then_with(|| one.service.cmp(&other.service)));
    let known = || services.iter().filter_map(|service| service.residents);
    let item = |service: &Reliance| items.get(*places.get(&service.service)?);
    let is_vital = |service: &&Reliance| item(service).is_some_and(|item| item.is_life_safety != Some(false));
    Some(Concentration {
        vendor: vendor.id.clone(),
        residents_least: known().max().unwrap_or(0),
        residents_most: known().fold(0, u64::saturating_add),
        residents_unsaid: services.iter().filter(|service| service.residents.is_none()).count(),
        life_safety: services.iter().filter(is_vital).count(),
        services,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn item(id: &str, kind: ItemKind, residents: Option<u64>) -> Item {
        Item { residents, ..Item::new(ItemId::parse(id).unwrap(), kind, id) }
    }

    fn link(from: &str, kind: LinkKind, to: &str) -> Link {
        Link::new(ItemId::parse(from).unwrap(), kind, ItemId::parse(to).unwrap())
    }

    #[test]
    fn ways_lead_through_machines_and_suppliers() {
        let mut old = item("old", ItemKind::Service, Some(9));
        old.state = Lifecycle::Retired;
        let mut lamp = item("lamps", ItemKind::Service, None);
        lamp.is_life_safety = Some(false);
        let items = [
            item("tax", ItemKind::Service, Some(140_000)),
            item("welfare", ItemKind::Service, Some(9_000)),
            lamp,
            old,
            item("db", ItemKind::Machine, None),
            item("host", ItemKind::Vendor, None),
            item("chips", ItemKind::Vendor, None),
            item("shop", ItemKind::Vendor, None),
        ];
        let links = [
            link("tax", LinkKind::RunsOn, "db"),
            link("welfare", LinkKind::DependsOn, "tax"),
            link("lamps", LinkKind::DeliveredBy, "host"),
            link("old", LinkKind::DeliveredBy, "shop"),
            link("db", LinkKind::DeliveredBy, "host"),
            link("host", LinkKind::SuppliedBy, "chips"),
            link("chips", LinkKind::SuppliedBy, "host"),
            link("tax", LinkKind::SendsTo, "shop"),
            link("tax", LinkKind::DependsOn, "nowhere"),
        ];
        let found = concentration(&items, &links);
        let shown: Vec<String> = found
            .iter()
            .map(|found| {
                let ways = found.services.iter().map(|service| {
                    let way: Vec<&str> = service.by_way_of.iter().map(ItemId::as_str).collect();
                    format!("{} [{}]", service.service, way.join(" "))
                });
                let ways: Vec<String> = ways.collect();
                let (least, most) = (found.residents_least, found.residents_most);
                format!(
                    "{} {least}-{most} +{} !{}: {}",
                    found.vendor,
                    found.residents_unsaid,
                    found.life_safety,
                    ways.join(", ")
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "chips 140000-149000 +1 !2: tax [db host], welfare [tax db host], lamps [host]",
                "host 140000-149000 +1 !2: tax [db], welfare [tax db], lamps []",
            ]
        );
    }

    #[test]
    fn the_invented_city_rests_on_few() {
        let city = testkit::city::City::new(7).register();
        let found = concentration(&city.items, &city.links);
        let of = |name: &str| found.iter().find(|found| found.vendor.as_str() == name).unwrap();
        assert!(of("buergerwerk").services.len() >= 9, "one vendor behind nine services");
        assert!(of("chipsenke").services.len() > of("netzbrueck").services.len() / 2);
        let counts: Vec<usize> = found.iter().map(|found| found.services.len()).collect();
        assert!(counts.is_sorted_by(|one, other| one >= other), "{counts:?}");
        let sirens = of("tonfeld").services.iter().find(|service| service.service.as_str() == "sirens").unwrap();
        assert_eq!(sirens.by_way_of.iter().map(ItemId::as_str).collect::<Vec<_>>(), ["app-sirens"]);
        assert!(of("tonfeld").life_safety >= 2);
    }

    proptest! {
        #[test]
        fn more_links_never_lower_it(edges in proptest::collection::vec((0usize..8, 0usize..8), 0..30)) {
            let kind = |place: usize| if place < 4 { ItemKind::Service } else { ItemKind::Vendor };
            let items: Vec<Item> = (0..8).map(|place| item(&format!("i{place}"), kind(place), Some(1))).collect();
            let links: Vec<Link> = edges.iter().map(|(from, to)| link(&format!("i{from}"), LinkKind::DependsOn, &format!("i{to}"))).collect();
            let count = |links: &[Link]| concentration(&items, links).iter().map(|found| found.services.len()).sum::<usize>();
            let fewer = links.get(1..).unwrap_or_default();
            prop_assert!(count(fewer) <= count(&links));
            prop_assert_eq!(concentration(&items, &links), concentration(&items, &links));
        }
    }
}
