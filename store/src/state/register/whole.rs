//! The whole register at once, for whoever reckons with all of it. A page of it is one row: handing over a row costs more than reading it.

use std::collections::BTreeMap;

use model::register::{Item, ItemId, Link};
use model::{OpContext, Timestamp, limits};
use serde::de::DeserializeOwned;

use super::super::agency;
use super::super::database::{Bound, State, StateError, get};
use super::{Revision, corrupt, moment};

pub(in crate::state) const SELECT_HEAD: &str = "SELECT revision, changed_us FROM register_heads WHERE agency = $1";

macro_rules! whole {
    ($now:ident, $at:ident, $head:literal, $tail:literal) => {
        pub(in crate::state) const $now: &str =
            concat!($head, " AND until_us = 9223372036854775807 AND from_us <= $2", $tail);
        pub(in crate::state) const $at: &str = concat!($head, " AND from_us <= $2 AND until_us > $2", $tail);
    };
}

whole!(
    ITEMS_NOW,
    ITEMS_AT,
    "SELECT string_agg(body, ',' ORDER BY id) FROM (SELECT id, body FROM register_items WHERE agency = $1",
    " AND id > $3 ORDER BY id LIMIT $4) AS page"
);
whole!(
    LINKS_NOW,
    LINKS_AT,
    "SELECT string_agg(body, ',' ORDER BY from_item, kind, to_item) FROM (SELECT from_item, kind, to_item, body \
     FROM register_links WHERE agency = $1",
    " AND (from_item, kind, to_item) > ($3, $4, $5) ORDER BY from_item, kind, to_item LIMIT $6) AS page"
);

/// Times that the register is read again because it changed meanwhile.
const TRIES_MAX: u32 = 5;

/// Everything that is in the register at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterWhole {
    /// The change by which it became so; of a moment that has passed, the latest change all the same.
    pub revision: Revision,
    /// Items by name, retired ones among them.
    pub items: BTreeMap<ItemId, Item>,
    /// Links in the order of their places.
    pub links: Vec<Link>,
}

impl State {
    /// The latest change of the register; nothing was said yet where there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn register_revision(&self, ctx: &OpContext) -> Result<Revision, StateError> {
        let query = sqlx::query(SELECT_HEAD).bind(agency(ctx));
        let row = self.fetch_optional(ctx, "reading the register's head", query).await?;
        row.map_or_else(
            || Ok(Revision::default()),
            |row| {
                Ok(Revision { number: get::<i64>(&row, 0)? as u64, at: Timestamp::from_micros(get::<i64>(&row, 1)?) })
            },
        )
    }

    /// The whole register as it is, or as it was.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense, or the register changes all the time.
    pub async fn register_whole(&self, ctx: &OpContext, at: Option<Timestamp>) -> Result<RegisterWhole, StateError> {
        for _ in 0..TRIES_MAX {
            let revision = self.register_revision(ctx).await?;
            let items = self.whole_items(ctx, at).await?;
            let links = self.whole_links(ctx, at).await?;
            if at.is_some() || self.register_revision(ctx).await? == revision {
                return Ok(RegisterWhole { revision, items, links });
            }
        }
        Err(StateError::Changed { what: "register", name: ctx.agency.to_string() })
    }

    async fn whole_items(&self, ctx: &OpContext, at: Option<Timestamp>) -> Result<BTreeMap<ItemId, Item>, StateError> {
        let mut items = BTreeMap::new();
        let mut after = String::new();
        loop {
            let query = sqlx::query(if at.is_none() { ITEMS_NOW } else { ITEMS_AT });
            let query = query.bind(agency(ctx)).bind(moment(at)).bind(after.clone());
            let page: Vec<Item> = self.packed_page(ctx, query.bind(limits::REGISTER_PAGE_MAX as i64)).await?;
            let Some(last) = page.last() else { return Ok(items) };
            after = last.id.to_string();
            let is_last = page.len() < limits::REGISTER_PAGE_MAX;
            items.extend(page.into_iter().map(|item| (item.id.clone(), item)));
            if is_last {
                return Ok(items);
            }
        }
    }

    async fn whole_links(&self, ctx: &OpContext, at: Option<Timestamp>) -> Result<Vec<Link>, StateError> {
        let mut links: Vec<Link> = Vec::new();
        let mut after = [String::new(), String::new(), String::new()];
        loop {
            let query = sqlx::query(if at.is_none() { LINKS_NOW } else { LINKS_AT });
            let query =
                after.iter().fold(query.bind(agency(ctx)).bind(moment(at)), |query, part| query.bind(part.clone()));
            let page: Vec<Link> = self.packed_page(ctx, query.bind(limits::REGISTER_PAGE_MAX as i64)).await?;
            let Some(last) = page.last() else { return Ok(links) };
            after = [last.from.to_string(), last.kind.name().to_owned(), last.to.to_string()];
            let is_last = page.len() < limits::REGISTER_PAGE_MAX;
            links.extend(page);
            if is_last {
                return Ok(links);
            }
        }
    }

    async fn packed_page<T: DeserializeOwned>(&self, ctx: &OpContext, query: Bound) -> Result<Vec<T>, StateError> {
        let row = self.fetch_optional(ctx, "reading the whole register", query).await?;
        let text = row.map(|row| get::<Option<String>>(&row, 0)).transpose()?.flatten().unwrap_or_default();
        serde_json::from_str(&format!("[{text}]")).map_err(corrupt)
    }
}
