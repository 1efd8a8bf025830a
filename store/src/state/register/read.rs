//! Items and their links, as they are or as they were.

use model::register::{Address, ItemId};
use model::{OpContext, Timestamp, limits};

use super::super::agency;
use super::super::database::{State, StateError, get};
use super::{
    ExposureAsked, ItemCount, ItemVersion, ItemsAsked, LinkPlace, LinkVersion, LinkedItem, UNSAID, address, corrupt,
    exposure_name, item_version, link_version, moment,
};

/// What holds now is found by an index that knows the end of all times as a number; what held once by its times.
macro_rules! now_and_at {
    ($now:ident, $at:ident, $head:literal, $tail:literal) => {
        pub(in crate::state) const $now: &str =
            concat!($head, " AND i.until_us = 9223372036854775807 AND i.from_us <= $2", $tail);
        pub(in crate::state) const $at: &str = concat!($head, " AND i.from_us <= $2 AND i.until_us > $2", $tail);
    };
}

/// The same for links and what stands at their other ends.
macro_rules! linked_now_and_at {
    ($now:ident, $at:ident, $other:literal, $own:literal) => {
        pub(in crate::state) const $now: &str = concat!(
            "SELECT l.body, l.from_us, l.until_us, l.changed_by, l.ended_by, i.kind, i.title, i.state FROM register_links l \
             JOIN register_items i ON i.agency = l.agency AND i.id = l.",
            $other,
            " AND i.until_us = 9223372036854775807 WHERE l.agency = $1 AND l.until_us = 9223372036854775807 \
             AND l.from_us <= $2 AND l.",
            $own,
            " = $3 ORDER BY l.from_item, l.kind, l.to_item LIMIT $4"
        );
        pub(in crate::state) const $at: &str = concat!(
            "SELECT l.body, l.from_us, l.until_us, l.changed_by, l.ended_by, i.kind, i.title, i.state FROM register_links l \
             JOIN register_items i ON i.agency = l.agency AND i.id = l.",
            $other,
            " AND i.from_us <= $2 AND i.until_us > $2 WHERE l.agency = $1 AND l.from_us <= $2 AND l.until_us > $2 AND l.",
            $own,
            " = $3 ORDER BY l.from_item, l.kind, l.to_item LIMIT $4"
        );
    };
}

now_and_at!(
    LIST_NOW,
    LIST_AT,
    "SELECT i.body, i.from_us, i.until_us, i.changed_by FROM register_items i WHERE i.agency = $1",
    " AND i.id > $3 AND ($4 = '' OR i.kind = $4) AND ($5 = '' OR i.kind <> $5) AND ($6 = '' OR i.state = $6) \
     AND ($7 = '' OR i.exposure = $7) AND ($8 = '' OR i.words LIKE $8 ESCAPE '\\') ORDER BY i.id LIMIT $9"
);
now_and_at!(
    ONE_NOW,
    ONE_AT,
    "SELECT i.body, i.from_us, i.until_us, i.changed_by FROM register_items i WHERE i.agency = $1",
    " AND i.id = $3"
);
now_and_at!(
    COUNT_NOW,
    COUNT_AT,
    "SELECT i.kind, i.state, i.exposure, COUNT(*) FROM register_items i WHERE i.agency = $1",
    " GROUP BY i.kind, i.state, i.exposure ORDER BY i.kind, i.state, i.exposure"
);
linked_now_and_at!(LINKED_FROM_NOW, LINKED_FROM_AT, "to_item", "from_item");
linked_now_and_at!(LINKED_TO_NOW, LINKED_TO_AT, "from_item", "to_item");
pub(in crate::state) const ONE_LINK: &str = "SELECT body, from_us, until_us, changed_by, ended_by FROM register_links \
    WHERE agency = $1 AND until_us = 9223372036854775807 AND from_item = $2 AND kind = $3 AND to_item = $4";
/// The narrowest range first.
pub(in crate::state) const BEHIND: &str = "SELECT i.body, i.from_us, i.until_us, i.changed_by FROM register_addresses a \
    JOIN register_items i ON i.agency = a.agency AND i.id = a.item AND i.until_us = 9223372036854775807 \
    WHERE a.agency = $1 AND a.first_key <= $2 AND a.last_key >= $2 ORDER BY a.first_key DESC, a.last_key, i.id LIMIT $3";

/// A part of a text, as `LIKE` looks for it.
fn pattern(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

impl State {
    /// Items in the order of their names.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn register_items(&self, ctx: &OpContext, asked: &ItemsAsked) -> Result<Vec<ItemVersion>, StateError> {
        let exposure = match asked.exposure {
            ExposureAsked::Any => "",
            ExposureAsked::Unsaid => UNSAID,
            ExposureAsked::Is(exposure) => exposure_name(Some(exposure)),
        };
        let query = sqlx::query(if asked.at.is_none() { LIST_NOW } else { LIST_AT })
            .bind(agency(ctx))
            .bind(moment(asked.at))
            .bind(asked.after.as_ref().map_or_else(String::new, ToString::to_string))
            .bind(asked.kind.map_or("", |kind| kind.name()).to_owned())
            .bind(asked.but.map_or("", |kind| kind.name()).to_owned())
            .bind(asked.state.map_or("", |state| state.name()).to_owned())
            .bind(exposure.to_owned())
            .bind(pattern(&asked.text))
            .bind(asked.rows_max.min(limits::REGISTER_PAGE_MAX) as i64);
        self.fetch_all(ctx, "reading the register", query).await?.iter().map(item_version).collect()
    }

    /// An item as it is, or as it was.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn register_item(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        at: Option<Timestamp>,
    ) -> Result<Option<ItemVersion>, StateError> {
        let query = sqlx::query(if at.is_none() { ONE_NOW } else { ONE_AT });
        let query = query.bind(agency(ctx)).bind(moment(at)).bind(id.as_str().to_owned());
        self.fetch_optional(ctx, "reading the register", query).await?.as_ref().map(item_version).transpose()
    }

    /// A link as it is.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn register_link(&self, ctx: &OpContext, place: &LinkPlace) -> Result<Option<LinkVersion>, StateError> {
        let query = sqlx::query(ONE_LINK)
            .bind(agency(ctx))
            .bind(place.from.as_str().to_owned())
            .bind(place.kind.name().to_owned())
            .bind(place.to.as_str().to_owned());
        self.fetch_optional(ctx, "reading a link of the register", query).await?.as_ref().map(link_version).transpose()
    }

    /// Links from an item, and links to it; at most so many each.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn register_links_of(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        at: Option<Timestamp>,
        rows_max: usize,
    ) -> Result<(Vec<LinkedItem>, Vec<LinkedItem>), StateError> {
        let statements = if at.is_none() { [LINKED_FROM_NOW, LINKED_TO_NOW] } else { [LINKED_FROM_AT, LINKED_TO_AT] };
        let mut both = [Vec::new(), Vec::new()];
        for (found, statement) in both.iter_mut().zip(statements) {
            let query = sqlx::query(statement).bind(agency(ctx)).bind(moment(at)).bind(id.as_str().to_owned());
            let rows = self.fetch_all(ctx, "reading links of the register", query.bind(rows_max as i64)).await?;
            *found = rows.iter().map(linked).collect::<Result<_, _>>()?;
        }
        Ok(both.into())
    }

    /// How many items there are of each sort.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn register_counts(&self, ctx: &OpContext, at: Option<Timestamp>) -> Result<Vec<ItemCount>, StateError> {
        let query = sqlx::query(if at.is_none() { COUNT_NOW } else { COUNT_AT }).bind(agency(ctx)).bind(moment(at));
        let rows = self.fetch_all(ctx, "counting the register", query).await?;
        rows.iter().map(count).collect()
    }

    /// The items that have an address or a name now, the narrowest range first, each once. Of a range, those that have its first address.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn register_behind(&self, ctx: &OpContext, address: &Address) -> Result<Vec<ItemVersion>, StateError> {
        let (key, _) = address::keys(address);
        let query = sqlx::query(BEHIND).bind(agency(ctx)).bind(key).bind(limits::REGISTER_BEHIND_MAX as i64);
        let rows = self.fetch_all(ctx, "looking up an address", query).await?;
        let mut found: Vec<ItemVersion> = Vec::new();
        for row in &rows {
            let version = item_version(row)?;
            if !found.iter().any(|known| known.item.id == version.item.id) {
                found.push(version);
            }
        }
        Ok(found)
    }
}

fn linked(row: &sqlx::any::AnyRow) -> Result<LinkedItem, StateError> {
    Ok(LinkedItem {
        version: link_version(row)?,
        kind: get::<String>(row, 5)?.parse().map_err(corrupt)?,
        title: get(row, 6)?,
        state: get::<String>(row, 7)?.parse().map_err(corrupt)?,
    })
}

fn count(row: &sqlx::any::AnyRow) -> Result<ItemCount, StateError> {
    let exposure: String = get(row, 2)?;
    Ok(ItemCount {
        kind: get::<String>(row, 0)?.parse().map_err(corrupt)?,
        state: get::<String>(row, 1)?.parse().map_err(corrupt)?,
        exposure: if exposure == UNSAID { None } else { Some(exposure.parse().map_err(corrupt)?) },
        items: get::<i64>(row, 3)?.max(0) as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_no_pattern() {
        assert_eq!(pattern(""), "");
        assert_eq!(pattern("Tax"), "%tax%");
        assert_eq!(pattern("50%_\\"), "%50\\%\\_\\\\%");
    }
}
