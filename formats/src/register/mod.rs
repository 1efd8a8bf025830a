//! The register from outside and back: what a city runs, as others have written it down.
//!
//! | reader | what |
//! |---|---|
//! | [`csv`] | one file of items, one of links; also written |
//! | [`json`] | `{"items": […], "links": […]}`, a list, or one a line; also written |
//! | [`cloud`] | inventories of AWS, Azure and Google Cloud |
//! | [`scan`] | results of nmap |
//!
//! A record that is wrong is refused with its place and the reason; the rest is brought. Whether an item is there already, and whether
//! a link's ends are, is for whoever keeps the register.
//!
//! Deliberately absent: bills of materials ([`crate::sbom`]), which say what is in an item and not which items there are.

pub mod cloud;
pub mod csv;
pub mod json;
pub mod scan;

use std::collections::{BTreeMap, BTreeSet};

use model::limits::{NOTES_KEPT_MAX, REGISTER_FILE_BYTES_MAX, REGISTER_ITEMS_MAX, REGISTER_LINKS_MAX};
use model::register::{Item, ItemId, ItemKind, Link, LinkKind};

use crate::Trouble;
pub use crate::intel::Refused;

/// What a file brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Items, in the file's order.
    pub items: Vec<Item>,
    /// Links, in the file's order.
    pub links: Vec<Link>,
    /// What was refused, [`NOTES_KEPT_MAX`] of it at most.
    pub refused: Vec<Refused>,
    /// How much was refused.
    pub refused_count: u64,
    /// What a register has no place for, by what the file calls it, and how many of them: disks and rules of a cloud.
    pub left_out: BTreeMap<String, u64>,
}

/// Protocol and port of a link.
type Door = Option<(String, Option<u16>)>;

/// What was brought so far, and its names.
#[derive(Default)]
struct Bringing {
    brought: Brought,
    ids: BTreeSet<ItemId>,
    ways: BTreeSet<(ItemId, LinkKind, ItemId, Door)>,
}

impl Bringing {
    fn refuse(&mut self, place: impl Into<String>, trouble: Trouble) {
        self.brought.refused_count += 1;
        if self.brought.refused.len() < NOTES_KEPT_MAX {
            self.brought.refused.push(Refused { place: place.into(), trouble });
        }
    }

    /// Whether a file is small enough to be read.
    fn is_small(&mut self, bytes: &[u8]) -> bool {
        let is_small = bytes.len() <= REGISTER_FILE_BYTES_MAX;
        if !is_small {
            let length = bytes.len();
            let detail = format!("{length} bytes, at most {REGISTER_FILE_BYTES_MAX} are read");
            self.refuse("document", Trouble::too_large(detail));
        }
        is_small
    }

    fn item(&mut self, place: &str, item: Item) {
        if self.brought.items.len() >= REGISTER_ITEMS_MAX {
            return self.refuse(place, Trouble::too_large(format!("more than {REGISTER_ITEMS_MAX} items")));
        }
        if let Err(untidy) = item.check() {
            return self.refuse(place, Trouble::malformed(untidy.to_string()));
        }
        if !self.ids.insert(item.id.clone()) {
            return self.refuse(place, Trouble::malformed(format!("{} is there twice", item.id)));
        }
        self.brought.items.push(item);
    }

    fn link(&mut self, place: &str, link: Link) {
        if self.brought.links.len() >= REGISTER_LINKS_MAX {
            return self.refuse(place, Trouble::too_large(format!("more than {REGISTER_LINKS_MAX} links")));
        }
        if let Err(misfit) = link.check_itself() {
            return self.refuse(place, Trouble::malformed(misfit.to_string()));
        }
        let interface = link.interface.as_ref().map(|interface| (interface.protocol.clone(), interface.port));
        if !self.ways.insert((link.from.clone(), link.kind, link.to.clone(), interface)) {
            let (from, kind, to) = (&link.from, link.kind, &link.to);
            return self.refuse(place, Trouble::malformed(format!("{from} {kind} {to} is there twice")));
        }
        self.brought.links.push(link);
    }
}

impl Brought {
    /// Refuses links that do not fit their ends, of which `kind_of` says what they are; an end of which it does not know is not judged.
    pub fn fit(&mut self, kind_of: impl Fn(&ItemId) -> Option<ItemKind>) {
        let mut bringing = Bringing { brought: std::mem::take(self), ..Bringing::default() };
        let links = std::mem::take(&mut bringing.brought.links);
        for (number, link) in (1u64..).zip(links) {
            let misfit = match (kind_of(&link.from), kind_of(&link.to)) {
                (Some(from), Some(to)) => link.check(from, to).err(),
                _ => None,
            };
            match misfit {
                Some(misfit) => bringing.refuse(format!("link {number}"), Trouble::malformed(misfit.to_string())),
                None => bringing.brought.links.push(link),
            }
        }
        *self = bringing.brought;
    }

    /// The same, by the items that were brought with them.
    pub fn fit_own(&mut self) {
        let kinds: BTreeMap<ItemId, ItemKind> = self.items.iter().map(|item| (item.id.clone(), item.kind)).collect();
        self.fit(|id| kinds.get(id).copied());
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
