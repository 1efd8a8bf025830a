//! What an item was before, who changed what, and taking a person's words out of all of it.

use model::register::{Item, ItemId, Link};
use model::{OpContext, Timestamp, limits};

use super::super::agency;
use super::super::database::{State, StateError, get, sql};
use super::write::{body, words, write_addresses};
use super::{ItemVersion, LinkVersion, corrupt, item_version, link_version, until};

pub(in crate::state) const OF_ITEM: &str = "SELECT body, from_us, until_us, changed_by FROM register_items \
    WHERE agency = $1 AND id = $2 AND from_us < $3 ORDER BY from_us DESC LIMIT $4";
pub(in crate::state) const OF_LINKS: &str = "SELECT body, from_us, until_us, changed_by, ended_by FROM register_links \
    WHERE agency = $1 AND (from_item = $2 OR to_item = $2) AND from_us < $3 \
    ORDER BY from_us DESC, from_item, kind, to_item LIMIT $4";
pub(in crate::state) const EVERY_ITEM: &str = "SELECT body, from_us, until_us FROM register_items \
    WHERE agency = $1 AND (id, from_us) > ($2, $3) ORDER BY id, from_us LIMIT $4";
pub(in crate::state) const EVERY_LINK: &str = "SELECT body, from_us FROM register_links \
    WHERE agency = $1 AND (from_item, kind, to_item, from_us) > ($2, $3, $4, $5) \
    ORDER BY from_item, kind, to_item, from_us LIMIT $6";
pub(in crate::state) const REWRITE_ITEM: &str = "UPDATE register_items SET body = $4, title = $5, words = $6 \
    WHERE agency = $1 AND id = $2 AND from_us = $3";
pub(in crate::state) const REWRITE_LINK: &str = "UPDATE register_links SET body = $6 \
    WHERE agency = $1 AND from_item = $2 AND kind = $3 AND to_item = $4 AND from_us = $5";

/// What stands where words were that named a person.
const ERASED: &str = "(erased)";

impl State {
    /// What an item was, the latest first; before a moment, so that one page follows another.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn register_item_history(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        before: Option<Timestamp>,
    ) -> Result<Vec<ItemVersion>, StateError> {
        let query = sqlx::query(OF_ITEM)
            .bind(agency(ctx))
            .bind(id.as_str().to_owned())
            .bind(before.map_or(i64::MAX, Timestamp::as_micros))
            .bind(limits::REGISTER_HISTORY_MAX as i64);
        self.fetch_all(ctx, "reading an item's history", query).await?.iter().map(item_version).collect()
    }

    /// The links that an item has or had, the latest first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn register_link_history(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        before: Option<Timestamp>,
    ) -> Result<Vec<LinkVersion>, StateError> {
        let query = sqlx::query(OF_LINKS)
            .bind(agency(ctx))
            .bind(id.as_str().to_owned())
            .bind(before.map_or(i64::MAX, Timestamp::as_micros))
            .bind(limits::REGISTER_HISTORY_MAX as i64);
        self.fetch_all(ctx, "reading an item's history", query).await?.iter().map(link_version).collect()
    }

    /// How many versions of items and links have words that name a person.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn register_naming(&self, ctx: &OpContext, names: impl Fn(&[u8]) -> bool) -> Result<u64, StateError> {
        let items = self.erase_items_naming(ctx, &names, true).await?;
        Ok(items + self.erase_links_naming(ctx, &names, true).await?)
    }

    /// Takes words that name a person out of all versions of the register. Names of items stay what they are: they are what everything else
    /// refers to. Says how many versions there were.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn erase_register_naming(
        &self,
        ctx: &OpContext,
        names: impl Fn(&[u8]) -> bool,
    ) -> Result<u64, StateError> {
        let items = self.erase_items_naming(ctx, &names, false).await?;
        Ok(items + self.erase_links_naming(ctx, &names, false).await?)
    }

    async fn erase_items_naming(
        &self,
        ctx: &OpContext,
        names: &impl Fn(&[u8]) -> bool,
        is_dry: bool,
    ) -> Result<u64, StateError> {
        let (mut erased, mut after) = (0, (String::new(), i64::MIN));
        loop {
            let query = sqlx::query(EVERY_ITEM).bind(agency(ctx)).bind(after.0.clone()).bind(after.1);
            let query = query.bind(limits::REGISTER_PAGE_MAX as i64);
            let rows = self.fetch_all(ctx, "searching the register", query).await?;
            for row in &rows {
                let mut version = ItemVersion {
                    item: serde_json::from_str(&get::<String>(row, 0)?).map_err(corrupt)?,
                    from: Timestamp::from_micros(get(row, 1)?),
                    until: until(get(row, 2)?),
                    by: String::new(),
                };
                after = (version.item.id.to_string(), version.from.as_micros());
                if clean_item(&mut version.item, names) {
                    erased += 1;
                    if !is_dry {
                        self.rewrite_item(ctx, &version).await?;
                    }
                }
            }
            if rows.len() < limits::REGISTER_PAGE_MAX {
                return Ok(erased);
            }
        }
    }

    async fn rewrite_item(&self, ctx: &OpContext, version: &ItemVersion) -> Result<(), StateError> {
        let item = &version.item;
        let query = sqlx::query(REWRITE_ITEM)
            .bind(agency(ctx))
            .bind(item.id.to_string())
            .bind(version.from.as_micros())
            .bind(body("bytes of an item", item)?)
            .bind(item.title.clone())
            .bind(words(item));
        let erasing = sql("erasing words of the register");
        let mut work = self.begin(ctx).await?;
        query.execute(&mut *work).await.map_err(&erasing)?;
        if version.until.is_none() {
            write_addresses(&mut work, ctx, &[item]).await?;
        }
        work.commit().await.map_err(erasing)
    }

    async fn erase_links_naming(
        &self,
        ctx: &OpContext,
        names: &impl Fn(&[u8]) -> bool,
        is_dry: bool,
    ) -> Result<u64, StateError> {
        let (mut erased, mut after) = (0, ([String::new(), String::new(), String::new()], i64::MIN));
        loop {
            let query = sqlx::query(EVERY_LINK).bind(agency(ctx));
            let query = after.0.iter().fold(query, |query, part| query.bind(part.clone())).bind(after.1);
            let query = query.bind(limits::REGISTER_PAGE_MAX as i64);
            let rows = self.fetch_all(ctx, "searching the register", query).await?;
            for row in &rows {
                let (text, from): (String, i64) = (get(row, 0)?, get(row, 1)?);
                let mut link: Link = serde_json::from_str(&text).map_err(corrupt)?;
                after = ([link.from.to_string(), link.kind.name().to_owned(), link.to.to_string()], from);
                if !names(link.about.as_bytes()) {
                    continue;
                }
                erased += 1;
                if is_dry {
                    continue;
                }
                ERASED.clone_into(&mut link.about);
                let query = sqlx::query(REWRITE_LINK).bind(agency(ctx));
                let query = after.0.iter().fold(query, |query, part| query.bind(part.clone())).bind(from);
                let query = query.bind(body("bytes of a link", &link)?);
                self.execute(ctx, "erasing words of the register", query).await?;
            }
            if rows.len() < limits::REGISTER_PAGE_MAX {
                return Ok(erased);
            }
        }
    }
}

/// Takes away what names somebody; says whether there was anything.
fn clean_item(item: &mut Item, names: &impl Fn(&[u8]) -> bool) -> bool {
    let mut is_found = false;
    let mut clean = |text: &mut String| {
        if names(text.as_bytes()) {
            ERASED.clone_into(text);
            is_found = true;
        }
    };
    [&mut item.title, &mut item.about, &mut item.owner].into_iter().for_each(&mut clean);
    item.labels.iter_mut().for_each(&mut clean);
    item.information_types.iter_mut().for_each(&mut clean);
    if let Some(categorization) = &mut item.categorization {
        let objectives =
            [&mut categorization.confidentiality, &mut categorization.integrity, &mut categorization.availability];
        objectives.into_iter().for_each(|objective| clean(&mut objective.why));
    }
    let addresses = item.addresses.len();
    item.addresses.retain(|address| !names(address.to_string().as_bytes()));
    is_found || item.addresses.len() < addresses
}
