//! Changes of the register: one transaction, one time, one line in the ledger.

use std::collections::BTreeSet;

use model::register::{Item, ItemId, Link};
use model::{OpContext, Timestamp, limits};
use sqlx::{Any, Transaction};

use super::super::agency;
use super::super::bulk::{Bulk, Row};
use super::super::database::{Bound, State, StateError, check_size, get, sql};
use super::super::ledger::Deed;
use super::{LinkPlace, address, corrupt, exposure_name};

/// Takes the head for this transaction, so that changes come one after another; each has a time of its own.
pub(in crate::state) const TAKE_HEAD: &str = "INSERT INTO register_heads (agency, revision, changed_us) VALUES ($1, 1, $2) \
    ON CONFLICT (agency) DO UPDATE SET revision = register_heads.revision + 1, \
    changed_us = CASE WHEN register_heads.changed_us < excluded.changed_us THEN excluded.changed_us \
    ELSE register_heads.changed_us + 1 END RETURNING revision, changed_us";
pub(in crate::state) const SELECT_VERSION: &str =
    "SELECT from_us FROM register_items WHERE agency = $1 AND id = $2 AND until_us = 9223372036854775807";
pub(in crate::state) const COUNT_ITEMS: &str =
    "SELECT COUNT(*) FROM register_items WHERE agency = $1 AND until_us = 9223372036854775807";
pub(in crate::state) const COUNT_LINKS: &str =
    "SELECT COUNT(*) FROM register_links WHERE agency = $1 AND until_us = 9223372036854775807";
pub(super) static END_ITEMS: Bulk = Bulk::new(
    "ending versions of items",
    (
        "UPDATE register_items SET until_us = $2 WHERE agency = $1 AND until_us = 9223372036854775807 AND id IN (",
        "?",
        ")",
    ),
    2,
);
pub(super) static INSERT_ITEMS: Bulk = Bulk::new(
    "keeping items",
    (
        "INSERT INTO register_items (agency, id, from_us, until_us, kind, title, state, exposure, words, body, changed_by) VALUES",
        "($1, ?, $2, 9223372036854775807, ?, ?, ?, ?, ?, ?, $3)",
        "",
    ),
    3,
);
pub(super) static FORGET_ADDRESSES: Bulk = Bulk::new(
    "forgetting addresses of items",
    ("DELETE FROM register_addresses WHERE agency = $1 AND item IN (", "?", ")"),
    1,
);
pub(super) static INSERT_ADDRESSES: Bulk = Bulk::new(
    "keeping addresses of items",
    (
        "INSERT INTO register_addresses (agency, first_key, last_key, item) VALUES",
        "($1, ?, ?, ?)",
        "ON CONFLICT DO NOTHING",
    ),
    1,
);
pub(super) static END_LINKS: Bulk = Bulk::any_of(
    "ending links",
    (
        "UPDATE register_links SET until_us = $2, ended_by = $3 WHERE",
        "(agency = $1 AND from_item = ? AND kind = ? AND to_item = ? AND until_us = 9223372036854775807)",
        "",
    ),
    3,
);
pub(super) static INSERT_LINKS: Bulk = Bulk::new(
    "keeping links",
    (
        "INSERT INTO register_links (agency, from_item, kind, to_item, from_us, until_us, body, changed_by, ended_by) VALUES",
        "($1, ?, ?, ?, $2, 9223372036854775807, ?, $3, NULL)",
        "",
    ),
    3,
);

/// A change of the register: its number, and when it happened. Both grow with each change of an agency's register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its number; 0 before the first.
    pub number: u64,
    /// When.
    pub at: Timestamp,
}

impl Default for Revision {
    fn default() -> Self {
        Revision { number: 0, at: Timestamp::EPOCH }
    }
}

/// What is to be changed at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterChange {
    /// New versions of items, each item once.
    pub items: Vec<Item>,
    /// New links, or new versions of them, each place once.
    pub links: Vec<Link>,
    /// Links that end.
    pub ended: Vec<LinkPlace>,
    /// Items that must be now what they were when somebody looked: since when that version holds, or that there is none.
    pub expects: Vec<(ItemId, Option<Timestamp>)>,
    /// The change that must be the latest, where it matters.
    pub after: Option<Revision>,
}

impl RegisterChange {
    /// Whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.items.is_empty() && self.links.is_empty() && self.ended.is_empty()
    }
}

struct ItemRow<'i> {
    item: &'i Item,
    body: String,
}

impl Row for ItemRow<'_> {
    fn bind(&self, query: Bound) -> Bound {
        let item = self.item;
        query
            .bind(item.id.as_str().to_owned())
            .bind(item.kind.name().to_owned())
            .bind(item.title.clone())
            .bind(item.state.name().to_owned())
            .bind(exposure_name(item.exposure).to_owned())
            .bind(words(item))
            .bind(self.body.clone())
    }
}

struct IdRow<'i>(&'i ItemId);

impl Row for IdRow<'_> {
    fn bind(&self, query: Bound) -> Bound {
        query.bind(self.0.as_str().to_owned())
    }
}

impl Row for LinkPlace {
    fn bind(&self, query: Bound) -> Bound {
        let query = query.bind(self.from.as_str().to_owned()).bind(self.kind.name().to_owned());
        query.bind(self.to.as_str().to_owned())
    }
}

struct LinkRow {
    place: LinkPlace,
    body: String,
}

impl Row for LinkRow {
    fn bind(&self, query: Bound) -> Bound {
        self.place.bind(query).bind(self.body.clone())
    }
}

/// What a search goes through, in small letters.
pub(super) fn words(item: &Item) -> String {
    let mut words = format!("{}\n{}\n{}", item.id, item.title, item.owner);
    let more = item.labels.iter().cloned().chain(item.addresses.iter().map(ToString::to_string));
    for word in more {
        words.push('\n');
        words.push_str(&word);
    }
    words.to_lowercase()
}

/// An item or a link as it is kept.
pub(super) fn body(what: &'static str, value: &impl serde::Serialize) -> Result<String, StateError> {
    let body = serde_json::to_string(value).map_err(corrupt)?;
    check_size(what, body.len(), limits::REGISTER_BODY_BYTES_MAX)?;
    Ok(body)
}

impl State {
    /// Does all of a change, or nothing of it, with its line in the ledger. What an item or a link says has to be checked before.
    ///
    /// # Errors
    /// When something else changed before, there would be too much, something is said twice, or the database refuses.
    pub async fn change_register(
        &self,
        ctx: &OpContext,
        change: &RegisterChange,
        deed: Deed,
    ) -> Result<Revision, StateError> {
        let (items, links) = rows_of(change)?;
        let _turn = self.turn().await;
        let mut work = self.begin(ctx).await?;
        let revision = take_head(&mut work, ctx).await?;
        if let Some(after) = change.after
            && after.number + 1 != revision.number
        {
            return Err(StateError::Changed { what: "register", name: ctx.agency.to_string() });
        }
        for (id, expected) in &change.expects {
            check_version(&mut work, ctx, id, *expected).await?;
        }
        write_items(&mut work, ctx, revision, &items).await?;
        write_links(&mut work, ctx, revision, (&links, &change.ended)).await?;
        for (what, statement, most) in [
            ("items of the register", COUNT_ITEMS, limits::REGISTER_ITEMS_MAX),
            ("links of the register", COUNT_LINKS, limits::REGISTER_LINKS_MAX),
        ] {
            let row = sqlx::query(statement).bind(agency(ctx)).fetch_one(&mut *work).await;
            let count: i64 = get(&row.map_err(sql("counting the register"))?, 0)?;
            check_size(what, count as usize, most)?;
        }
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(sql("changing the register"))?;
        Ok(revision)
    }
}

fn rows_of(change: &RegisterChange) -> Result<(Vec<ItemRow<'_>>, Vec<LinkRow>), StateError> {
    let ids: BTreeSet<&ItemId> = change.items.iter().map(|item| &item.id).collect();
    let linked = change.links.iter().map(LinkPlace::of);
    let places: BTreeSet<LinkPlace> = linked.chain(change.ended.iter().cloned()).collect();
    if ids.len() != change.items.len() || places.len() != change.links.len() + change.ended.len() {
        return Err(corrupt("something is changed twice at once"));
    }
    let (mut items, mut links) = (Vec::new(), Vec::new());
    for item in &change.items {
        items.push(ItemRow { body: body("bytes of an item", item)?, item });
    }
    for link in &change.links {
        links.push(LinkRow { place: LinkPlace::of(link), body: body("bytes of a link", link)? });
    }
    Ok((items, links))
}

async fn take_head(work: &mut Transaction<'_, Any>, ctx: &OpContext) -> Result<Revision, StateError> {
    let query = sqlx::query(TAKE_HEAD).bind(agency(ctx)).bind(ctx.now.as_micros());
    let row = query.fetch_one(&mut **work).await.map_err(sql("taking the register's head"))?;
    Ok(Revision { number: get::<i64>(&row, 0)? as u64, at: Timestamp::from_micros(get(&row, 1)?) })
}

async fn check_version(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    id: &ItemId,
    expected: Option<Timestamp>,
) -> Result<(), StateError> {
    let query = sqlx::query(SELECT_VERSION).bind(agency(ctx)).bind(id.as_str().to_owned());
    let row = query.fetch_optional(&mut **work).await.map_err(sql("reading the register"))?;
    let found = row.map(|row| get::<i64>(&row, 0)).transpose()?.map(Timestamp::from_micros);
    let name = id.to_string();
    match (found, expected) {
        _ if found == expected => Ok(()),
        (Some(_), None) => Err(StateError::Exists { what: "item", name }),
        (None, Some(_)) => Err(StateError::NotFound { what: "item", name }),
        _ => Err(StateError::Changed { what: "item", name }),
    }
}

async fn write_items(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    revision: Revision,
    items: &[ItemRow<'_>],
) -> Result<(), StateError> {
    let at = |query: Bound| query.bind(agency(ctx)).bind(revision.at.as_micros());
    let by = |query: Bound| query.bind(agency(ctx)).bind(revision.at.as_micros()).bind(ctx.actor.clone());
    let ids: Vec<IdRow<'_>> = items.iter().map(|row| IdRow(&row.item.id)).collect();
    END_ITEMS.run(work, at, &ids).await?;
    INSERT_ITEMS.run(work, by, items).await?;
    let items: Vec<&Item> = items.iter().map(|row| row.item).collect();
    write_addresses(work, ctx, &items).await
}

/// Keeps the addresses that items have now, instead of those that they had.
pub(super) async fn write_addresses(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    items: &[&Item],
) -> Result<(), StateError> {
    let own = |query: Bound| query.bind(agency(ctx));
    let ids: Vec<IdRow<'_>> = items.iter().map(|item| IdRow(&item.id)).collect();
    let addresses: Vec<_> = items.iter().flat_map(|item| address::rows(item)).collect();
    FORGET_ADDRESSES.run(work, own, &ids).await?;
    INSERT_ADDRESSES.run(work, own, &addresses).await?;
    Ok(())
}

async fn write_links(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    revision: Revision,
    (links, ended): (&[LinkRow], &[LinkPlace]),
) -> Result<(), StateError> {
    let by = |query: Bound| query.bind(agency(ctx)).bind(revision.at.as_micros()).bind(ctx.actor.clone());
    let changed: Vec<LinkPlace> = links.iter().map(|row| row.place.clone()).chain(ended.iter().cloned()).collect();
    END_LINKS.run(work, by, &changed).await?;
    INSERT_LINKS.run(work, by, links).await?;
    Ok(())
}
