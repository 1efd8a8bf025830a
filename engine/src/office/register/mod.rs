//! The register: what the city runs, whose it is, and what depends on what. Everything stays: what was said before is asked for by a moment.

mod behind;
mod import;
mod software;
#[cfg(test)]
mod tests;
mod weigh;

use model::register::{Item, ItemId, Lifecycle, Link};
use model::{OpContext, Timestamp, limits};
use store::state::{
    Deed, ItemCount, ItemVersion, ItemsAsked, LinkPlace, LinkVersion, LinkedItem, RegisterChange, RegisterWhole,
};

use super::{Office, OfficeError};
use crate::access::Operation;

pub(in crate::office) use behind::Owned;
pub use behind::{Discovered, Unregistered, UnregisteredKind};
pub use import::{ImportDocument, ImportPlan, ImportRefused, ImportScope};
pub use software::{Registered, SoftwareAt, SoftwareFound, SoftwareTaken};
pub use weigh::Suppliers;

/// A page of items.
#[derive(Clone, Debug, Default)]
pub struct ItemsPage {
    /// The items, by name.
    pub items: Vec<ItemVersion>,
    /// Behind which one the next page begins, if there is one.
    pub next: Option<ItemId>,
}

/// Everything about an item.
#[derive(Clone, Debug)]
pub struct ItemView {
    /// What it is, since when, and who said so.
    pub version: ItemVersion,
    /// What it needs: links from it.
    pub links_from: Vec<LinkedItem>,
    /// What needs it: links to it.
    pub links_to: Vec<LinkedItem>,
    /// There are more links than are shown.
    pub is_cut: bool,
}

fn refused(error: impl std::fmt::Display) -> OfficeError {
    OfficeError::Refused(error.to_string())
}

fn no_item(id: &ItemId) -> OfficeError {
    OfficeError::NotFound { what: "item", name: id.to_string() }
}

fn deed(operation: &'static str, id: &ItemId) -> Deed {
    Deed::done_to_named(operation, "item", id.as_str())
}

impl Office {
    /// A page of items, by name.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn items(&self, ctx: &OpContext, asked: &ItemsAsked) -> Result<ItemsPage, OfficeError> {
        self.may(ctx, Operation::RegisterRead).await?;
        // One more says whether there is a next page.
        let rows_max = asked.rows_max.clamp(1, limits::REGISTER_PAGE_MAX - 1);
        let mut items = self.state.register_items(ctx, &ItemsAsked { rows_max: rows_max + 1, ..asked.clone() }).await?;
        let has_more = items.len() > rows_max;
        items.truncate(rows_max);
        let next = items.last().filter(|_| has_more).map(|version| version.item.id.clone());
        Ok(ItemsPage { items, next })
    }

    /// How many items there are of each sort.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn item_counts(&self, ctx: &OpContext, at: Option<Timestamp>) -> Result<Vec<ItemCount>, OfficeError> {
        self.may(ctx, Operation::RegisterRead).await?;
        Ok(self.state.register_counts(ctx, at).await?)
    }

    /// Everything about an item, as it is or as it was.
    ///
    /// # Errors
    /// When the context may not, there is none at that moment, or the state refuses.
    pub async fn item(&self, ctx: &OpContext, id: &ItemId, at: Option<Timestamp>) -> Result<ItemView, OfficeError> {
        self.may(ctx, Operation::RegisterRead).await?;
        let version = self.state.register_item(ctx, id, at).await?.ok_or_else(|| no_item(id))?;
        let most = limits::ITEM_LINKS_SHOWN_MAX;
        let (mut links_from, mut links_to) = self.state.register_links_of(ctx, id, at, most + 1).await?;
        let is_cut = links_from.len() > most || links_to.len() > most;
        links_from.truncate(most);
        links_to.truncate(most);
        Ok(ItemView { version, links_from, links_to, is_cut })
    }

    /// What an item and its links were, the latest first; before a moment, so that one page follows another.
    ///
    /// # Errors
    /// When the context may not, there never was such an item, or the state refuses.
    pub async fn item_history(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        before: Option<Timestamp>,
    ) -> Result<(Vec<ItemVersion>, Vec<LinkVersion>), OfficeError> {
        self.may(ctx, Operation::RegisterRead).await?;
        let versions = self.state.register_item_history(ctx, id, before).await?;
        if versions.is_empty() && before.is_none() {
            return Err(no_item(id));
        }
        Ok((versions, self.state.register_link_history(ctx, id, before).await?))
    }

    /// The whole register, as it is or as it was: for whoever reckons with all of it.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn register(&self, ctx: &OpContext, at: Option<Timestamp>) -> Result<RegisterWhole, OfficeError> {
        self.may(ctx, Operation::RegisterRead).await?;
        Ok(self.state.register_whole(ctx, at).await?)
    }

    /// Adds an item.
    ///
    /// # Errors
    /// When the context may not, it makes no sense, its name is taken, or the state refuses.
    pub async fn add_item(&self, ctx: &OpContext, item: Item) -> Result<(), OfficeError> {
        self.may(ctx, Operation::RegisterWrite).await?;
        item.check().map_err(refused)?;
        let deed = deed("register.item.add", &item.id);
        let change =
            RegisterChange { expects: vec![(item.id.clone(), None)], items: vec![item], ..RegisterChange::default() };
        self.state.change_register(ctx, &change, deed).await?;
        Ok(())
    }

    /// Changes what is said of an item; of one that says the same afterwards, nothing is written. `seen` is since when the version holds that
    /// whoever changes it has looked at.
    ///
    /// # Errors
    /// When the context may not, there is no such item, it was changed since it was looked at, the change makes no sense, or the state refuses.
    pub async fn change_item(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        seen: Option<Timestamp>,
        change: impl FnOnce(&mut Item) -> Result<(), OfficeError>,
    ) -> Result<Item, OfficeError> {
        self.change_item_as(ctx, (id, "register.item.change"), seen, change).await
    }

    async fn change_item_as(
        &self,
        ctx: &OpContext,
        (id, operation): (&ItemId, &'static str),
        seen: Option<Timestamp>,
        change: impl FnOnce(&mut Item) -> Result<(), OfficeError>,
    ) -> Result<Item, OfficeError> {
        self.may(ctx, Operation::RegisterWrite).await?;
        let old = self.state.register_item(ctx, id, None).await?.ok_or_else(|| no_item(id))?;
        if seen.is_some_and(|seen| seen != old.from) {
            return Err(OfficeError::Conflict(format!("{id} was changed meanwhile; look at it again")));
        }
        let mut item = old.item.clone();
        change(&mut item)?;
        if item.id != old.item.id || item.kind != old.item.kind {
            return Err(OfficeError::Refused(format!(
                "{id} stays a {} of that name; hint: retire it and add another one",
                old.item.kind
            )));
        }
        item.check().map_err(refused)?;
        if item != old.item {
            let change = RegisterChange {
                items: vec![item.clone()],
                expects: vec![(id.clone(), Some(old.from))],
                ..RegisterChange::default()
            };
            self.state.change_register(ctx, &change, deed(operation, id)).await?;
        }
        Ok(item)
    }

    /// Says that an item runs no more. What was said of it and its links stay.
    ///
    /// # Errors
    /// When the context may not, there is no such item, it is retired already, or the state refuses.
    pub async fn retire_item(&self, ctx: &OpContext, id: &ItemId) -> Result<(), OfficeError> {
        let retire = |item: &mut Item| {
            if item.state == Lifecycle::Retired {
                return Err(OfficeError::Conflict(format!("{id} is retired already")));
            }
            item.state = Lifecycle::Retired;
            Ok(())
        };
        self.change_item_as(ctx, (id, "register.item.retire"), None, retire).await.map(|_| ())
    }

    /// Says that one item is connected with another; what was said of the same link before is replaced.
    ///
    /// # Errors
    /// When the context may not, one of them is not there, such items are not connected so, or the state refuses.
    pub async fn link_items(&self, ctx: &OpContext, link: Link) -> Result<(), OfficeError> {
        self.may(ctx, Operation::RegisterWrite).await?;
        let mut ends = Vec::new();
        for id in [&link.from, &link.to] {
            ends.push(self.state.register_item(ctx, id, None).await?.ok_or_else(|| no_item(id))?);
        }
        let [from, to] = ends.as_slice() else { return Err(no_item(&link.from)) };
        link.check(from.item.kind, to.item.kind).map_err(refused)?;
        let place = LinkPlace::of(&link);
        if self.state.register_link(ctx, &place).await?.is_some_and(|old| old.link == link) {
            return Ok(());
        }
        let deed = Deed::done_to_named("register.link", "link", &place.to_string());
        let change = RegisterChange { links: vec![link], ..RegisterChange::default() };
        self.state.change_register(ctx, &change, deed).await?;
        Ok(())
    }

    /// Says that a link is no more.
    ///
    /// # Errors
    /// When the context may not, there is no such link, or the state refuses.
    pub async fn unlink_items(&self, ctx: &OpContext, place: &LinkPlace) -> Result<(), OfficeError> {
        self.may(ctx, Operation::RegisterWrite).await?;
        if self.state.register_link(ctx, place).await?.is_none() {
            return Err(OfficeError::NotFound { what: "link", name: place.to_string() });
        }
        let deed = Deed::done_to_named("register.unlink", "link", &place.to_string());
        let change = RegisterChange { ended: vec![place.clone()], ..RegisterChange::default() };
        self.state.change_register(ctx, &change, deed).await?;
        Ok(())
    }
}
