//! Bringing many items and links at once: first what would be new, changed and gone; then doing it, all of it or nothing.

use std::collections::{BTreeMap, BTreeSet};

use formats::register::Brought;
use model::register::{Item, ItemId, ItemKind, Lifecycle, Link};
use model::{OpContext, limits};
use serde::Serialize;
use serde_json::json;
use store::state::{Deed, LinkPlace, RegisterChange, RegisterWhole, StateError};

use super::super::{Office, OfficeError};
use crate::access::Operation;

/// What is not mentioned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImportScope {
    /// It stays as it is, and what an item does not say stays as it was said before.
    #[default]
    Part,
    /// It is gone: items are retired, links end; and items say what they say now.
    Whole,
}

/// Something that is not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportRefused {
    /// Which item or link.
    pub name: String,
    /// Why not.
    pub reason: String,
}

/// What somebody brings.
#[derive(Clone, Debug, Default)]
pub struct ImportDocument {
    /// Items.
    pub items: Vec<Item>,
    /// Links.
    pub links: Vec<Link>,
    /// What could not be read.
    pub refused: Vec<ImportRefused>,
    /// What else could not be read, counted.
    pub refused_untold: u64,
}

impl From<Brought> for ImportDocument {
    fn from(brought: Brought) -> Self {
        let told = brought.refused.len() as u64;
        let mut document = ImportDocument { items: brought.items, links: brought.links, ..ImportDocument::default() };
        for one in brought.refused {
            document.refuse(one.place, one.trouble.detail);
        }
        document.refused_untold += brought.refused_count.saturating_sub(told);
        document
    }
}

impl ImportDocument {
    /// Adds what another file says.
    pub fn add(&mut self, more: ImportDocument) {
        self.items.extend(more.items);
        self.links.extend(more.links);
        self.refused_untold += more.refused_untold;
        for one in more.refused {
            self.refuse(one.name, one.reason);
        }
    }

    /// Says that something is not taken.
    pub fn refuse(&mut self, name: String, reason: impl std::fmt::Display) {
        refuse((&mut self.refused, &mut self.refused_untold), name, reason);
    }
}

fn refuse((told, untold): (&mut Vec<ImportRefused>, &mut u64), name: String, reason: impl std::fmt::Display) {
    if told.len() < limits::REGISTER_REFUSED_TOLD_MAX {
        told.push(ImportRefused { name, reason: reason.to_string() });
    } else {
        *untold += 1;
    }
}

/// What an import would do, or has done.
#[derive(Clone, Debug, Default)]
pub struct ImportPlan {
    /// Items that are not there yet.
    pub new_items: Vec<Item>,
    /// Items that say something else now, and what of them.
    pub changed_items: Vec<(Item, Vec<String>)>,
    /// Items that are not mentioned any more, as they will be: retired.
    pub gone_items: Vec<Item>,
    /// Links that are not there yet.
    pub new_links: Vec<Link>,
    /// Links that say something else now.
    pub changed_links: Vec<Link>,
    /// Links that are not mentioned any more.
    pub gone_links: Vec<LinkPlace>,
    /// Items and links that say what is known.
    pub unchanged: u64,
    /// What is not taken.
    pub refused: Vec<ImportRefused>,
    /// What else is not taken, counted.
    pub refused_untold: u64,
    /// Nothing is taken for gone, since something could not be read.
    pub is_gone_held: bool,
}

impl ImportPlan {
    /// Whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        let items = self.new_items.len() + self.changed_items.len() + self.gone_items.len();
        items + self.new_links.len() + self.changed_links.len() + self.gone_links.len() == 0
    }

    /// How much of all that was brought is not taken.
    pub fn refused_count(&self) -> u64 {
        self.refused.len() as u64 + self.refused_untold
    }

    fn refuse(&mut self, name: impl ToString, reason: impl std::fmt::Display) {
        refuse((&mut self.refused, &mut self.refused_untold), name.to_string(), reason);
    }

    /// What an import does to the register as it is.
    fn of(whole: &RegisterWhole, document: &ImportDocument, scope: ImportScope) -> Self {
        let mut plan = ImportPlan {
            refused: document.refused.clone(),
            refused_untold: document.refused_untold,
            ..ImportPlan::default()
        };
        let mut kinds: BTreeMap<&ItemId, ItemKind> = whole.items.iter().map(|(id, item)| (id, item.kind)).collect();
        let mut named: BTreeSet<&ItemId> = BTreeSet::new();
        for item in &document.items {
            if !named.insert(&item.id) {
                plan.refuse(&item.id, "it is brought twice");
            } else if plan.take_item(whole.items.get(&item.id), item, scope) {
                kinds.insert(&item.id, item.kind);
            }
        }
        let known: BTreeMap<LinkPlace, &Link> = whole.links.iter().map(|link| (LinkPlace::of(link), link)).collect();
        let mut places: BTreeSet<LinkPlace> = BTreeSet::new();
        for link in &document.links {
            let place = LinkPlace::of(link);
            let old = known.get(&place).copied();
            if places.insert(place) {
                plan.take_link(&kinds, old, link, scope);
            } else {
                plan.refuse(LinkPlace::of(link), "it is brought twice");
            }
        }
        if scope == ImportScope::Whole {
            plan.is_gone_held = plan.refused_count() > 0;
            if !plan.is_gone_held {
                plan.take_leave(whole, &named, &places);
            }
        }
        plan
    }

    /// Says whether it is taken.
    fn take_item(&mut self, old: Option<&Item>, item: &Item, scope: ImportScope) -> bool {
        let new = match (old, scope) {
            (Some(old), ImportScope::Part) => filled(item, old),
            _ => item.clone(),
        };
        if let Err(error) = new.check() {
            self.refuse(&item.id, format!("{}: {}", error.field, error.reason));
            return false;
        }
        match old {
            None => self.new_items.push(new),
            Some(old) if old.kind != new.kind => {
                self.refuse(&item.id, format!("it is a {} in the register, and stays one", old.kind));
                return false;
            }
            Some(old) if *old == new => self.unchanged += 1,
            Some(old) => {
                let fields = differing(old, &new);
                self.changed_items.push((new, fields));
            }
        }
        true
    }

    fn take_link(&mut self, kinds: &BTreeMap<&ItemId, ItemKind>, old: Option<&Link>, link: &Link, scope: ImportScope) {
        let (Some(from), Some(to)) = (kinds.get(&link.from), kinds.get(&link.to)) else {
            let missing = if kinds.contains_key(&link.from) { &link.to } else { &link.from };
            return self.refuse(LinkPlace::of(link), format!("there is no item {missing}"));
        };
        if let Err(error) = link.check(*from, *to) {
            return self.refuse(LinkPlace::of(link), error.reason);
        }
        let new = match (old, scope) {
            (Some(old), ImportScope::Part) => filled_link(link, old),
            _ => link.clone(),
        };
        match old {
            None => self.new_links.push(new),
            Some(old) if *old == new => self.unchanged += 1,
            Some(_) => self.changed_links.push(new),
        }
    }

    /// What is in the register and was not named.
    fn take_leave(&mut self, whole: &RegisterWhole, named: &BTreeSet<&ItemId>, places: &BTreeSet<LinkPlace>) {
        let leaves = |item: &&Item| !named.contains(&item.id) && item.state != Lifecycle::Retired;
        let gone = whole.items.values().filter(leaves);
        self.gone_items = gone.map(|item| Item { state: Lifecycle::Retired, ..item.clone() }).collect();
        let gone = whole.links.iter().map(LinkPlace::of).filter(|place| !places.contains(place));
        self.gone_links = gone.collect();
    }

    fn change(&self, whole: &RegisterWhole) -> RegisterChange {
        let changed = self.changed_items.iter().map(|(item, _)| item);
        RegisterChange {
            items: self.new_items.iter().chain(changed).chain(&self.gone_items).cloned().collect(),
            links: self.new_links.iter().chain(&self.changed_links).cloned().collect(),
            ended: self.gone_links.clone(),
            expects: Vec::new(),
            after: Some(whole.revision),
        }
    }
}

/// Fills what an item does not say with what was said before.
fn filled(item: &Item, old: &Item) -> Item {
    fn or<T: Clone>(new: &[T], old: &[T]) -> Vec<T> {
        if new.is_empty() { old.to_vec() } else { new.to_vec() }
    }
    let text = |new: &String, old: &String| if new.is_empty() { old.clone() } else { new.clone() };
    Item {
        id: item.id.clone(),
        kind: item.kind,
        title: item.title.clone(),
        about: text(&item.about, &old.about),
        state: item.state,
        owner: text(&item.owner, &old.owner),
        exposure: item.exposure.or(old.exposure),
        data: item.data.clone().or_else(|| old.data.clone()),
        information_types: or(&item.information_types, &old.information_types),
        categorization: item.categorization.clone().or_else(|| old.categorization.clone()),
        is_life_safety: item.is_life_safety.or(old.is_life_safety),
        residents: item.residents.or(old.residents),
        day_costs: item.day_costs.or(old.day_costs),
        is_mobile: item.is_mobile || old.is_mobile,
        addresses: or(&item.addresses, &old.addresses),
        software: or(&item.software, &old.software),
        labels: or(&item.labels, &old.labels),
    }
}

fn filled_link(link: &Link, old: &Link) -> Link {
    Link {
        from: link.from.clone(),
        to: link.to.clone(),
        kind: link.kind,
        interface: link.interface.clone().or_else(|| old.interface.clone()),
        data: link.data.clone().or_else(|| old.data.clone()),
        about: if link.about.is_empty() { old.about.clone() } else { link.about.clone() },
    }
}

/// The fields in which two items differ.
fn differing(old: &Item, new: &Item) -> Vec<String> {
    let fields = |item: &Item| serde_json::to_value(item).ok().and_then(|value| value.as_object().cloned());
    let (old, new) = (fields(old).unwrap_or_default(), fields(new).unwrap_or_default());
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names.into_iter().filter(|name| old.get(*name) != new.get(*name)).cloned().collect()
}

/// Times that an import is planned again, because somebody else changed the register meanwhile.
const TRIES_MAX: u32 = 5;

impl Office {
    /// What an import would do.
    ///
    /// # Errors
    /// When the context may not, there is too much, or the state refuses.
    pub async fn plan_import(
        &self,
        ctx: &OpContext,
        document: &ImportDocument,
        scope: ImportScope,
    ) -> Result<ImportPlan, OfficeError> {
        self.may(ctx, Operation::RegisterRead).await?;
        Ok(self.planned(ctx, document, scope).await?.1)
    }

    /// Imports all that makes sense, at once. What was done is what [`Office::plan_import`] says of the register as it was just before.
    ///
    /// # Errors
    /// When the context may not, there is too much, others change the register all the time, or the state refuses.
    pub async fn import(
        &self,
        ctx: &OpContext,
        document: &ImportDocument,
        scope: ImportScope,
    ) -> Result<ImportPlan, OfficeError> {
        self.may(ctx, Operation::RegisterWrite).await?;
        let mut tries = 0;
        loop {
            tries += 1;
            let (whole, plan) = self.planned(ctx, document, scope).await?;
            if plan.is_nothing() {
                return Ok(plan);
            }
            let words = json!({
                "items": { "new": plan.new_items.len(), "changed": plan.changed_items.len(), "gone": plan.gone_items.len() },
                "links": { "new": plan.new_links.len(), "changed": plan.changed_links.len(), "gone": plan.gone_links.len() },
                "refused": plan.refused_count(),
            });
            let deed = Deed::done("register.import", "register").saying(words.to_string());
            match self.state.change_register(ctx, &plan.change(&whole), deed).await {
                Ok(_) => return Ok(plan),
                Err(StateError::Changed { .. }) if tries < TRIES_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn planned(
        &self,
        ctx: &OpContext,
        document: &ImportDocument,
        scope: ImportScope,
    ) -> Result<(RegisterWhole, ImportPlan), OfficeError> {
        let (items, links) = (document.items.len(), document.links.len());
        if items > limits::REGISTER_ITEMS_MAX || links > limits::REGISTER_LINKS_MAX {
            return Err(OfficeError::Refused(format!(
                "{items} items and {links} links; at most {} and {} are kept",
                limits::REGISTER_ITEMS_MAX,
                limits::REGISTER_LINKS_MAX
            )));
        }
        let whole = self.state.register_whole(ctx, None).await?;
        let plan = ImportPlan::of(&whole, document, scope);
        Ok((whole, plan))
    }
}
