//! What belongs to a service: everything that it needs, runs on or stores in, from link to link.

use std::collections::{BTreeMap, BTreeSet};

use model::register::{Item, ItemId, Lifecycle, Link, LinkKind};

use super::Package;

/// The items of the boundary, the service among them. Retired items are none, nor are suppliers; those that the package takes out are
/// not followed further.
pub fn boundary(package: &Package, items: &BTreeMap<ItemId, Item>, links: &[Link]) -> BTreeSet<ItemId> {
    let mut next_of: BTreeMap<&ItemId, Vec<&ItemId>> = BTreeMap::new();
    for link in links {
        if matches!(link.kind, LinkKind::DependsOn | LinkKind::RunsOn | LinkKind::StoresIn) {
            next_of.entry(&link.from).or_default().push(&link.to);
        }
    }
    let is_of_it = |id: &ItemId| {
        !package.boundary.removed.contains_key(id)
            && items
                .get(id)
                .is_some_and(|item| item.state != Lifecycle::Retired && item.kind != model::register::ItemKind::Vendor)
    };
    let mut found = BTreeSet::new();
    let mut left: Vec<&ItemId> = package.boundary.added.keys().chain([&package.service]).collect();
    while let Some(id) = left.pop() {
        if (*id == package.service || is_of_it(id)) && items.contains_key(id) && found.insert(id.clone()) {
            left.extend(next_of.get(id).into_iter().flatten());
        }
    }
    found
}
