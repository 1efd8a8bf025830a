//! The register of what a city runs: items and the links between them, each version with who said so and from when until when it held.
//!
//! A change is one transaction with one time, later than all before it, so that whoever asks for a moment sees whole changes only. Nothing is
//! taken away: an item is retired, a link is ended.

mod address;
mod history;
mod read;
mod whole;
mod write;

use model::Timestamp;
use model::register::{Exposure, Item, ItemId, ItemKind, Lifecycle, Link, LinkKind};
use sqlx::any::AnyRow;

use super::database::{StateError, get};

pub use whole::RegisterWhole;
pub use write::{RegisterChange, Revision};

pub(super) const STATEMENTS: &[&str] = &[
    write::TAKE_HEAD,
    write::SELECT_VERSION,
    write::COUNT_ITEMS,
    write::COUNT_LINKS,
    read::LIST_NOW,
    read::LIST_AT,
    read::ONE_NOW,
    read::ONE_AT,
    read::LINKED_FROM_NOW,
    read::LINKED_FROM_AT,
    read::LINKED_TO_NOW,
    read::LINKED_TO_AT,
    read::COUNT_NOW,
    read::COUNT_AT,
    read::BEHIND,
    read::ONE_LINK,
    history::OF_ITEM,
    history::OF_LINKS,
    history::EVERY_ITEM,
    history::EVERY_LINK,
    history::REWRITE_ITEM,
    history::REWRITE_LINK,
    whole::SELECT_HEAD,
    whole::ITEMS_NOW,
    whole::ITEMS_AT,
    whole::LINKS_NOW,
    whole::LINKS_AT,
];

/// The statements that are made for many rows at once, for the test that prepares all of them.
pub(super) fn bulk_statements() -> Vec<&'static str> {
    [
        write::END_ITEMS.statements(),
        write::INSERT_ITEMS.statements(),
        write::FORGET_ADDRESSES.statements(),
        write::INSERT_ADDRESSES.statements(),
        write::END_LINKS.statements(),
        write::INSERT_LINKS.statements(),
    ]
    .concat()
}

/// The end of what holds now. It stands in the statements as a number, since an index over what holds now knows it only so.
const NO_END: i64 = i64::MAX;

/// An item as it was from one moment until another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemVersion {
    /// What it was.
    pub item: Item,
    /// From when.
    pub from: Timestamp,
    /// Until when; `None` while it holds.
    pub until: Option<Timestamp>,
    /// Who said so.
    pub by: String,
}

/// A link as it was from one moment until another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkVersion {
    /// What it was.
    pub link: Link,
    /// From when.
    pub from: Timestamp,
    /// Until when; `None` while it holds.
    pub until: Option<Timestamp>,
    /// Who said so.
    pub by: String,
    /// Who ended or changed it.
    pub ended_by: Option<String>,
}

/// A link with what stands at its other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedItem {
    /// The link.
    pub version: LinkVersion,
    /// What the other end is.
    pub kind: ItemKind,
    /// What people call it.
    pub title: String,
    /// Where it is in its life.
    pub state: Lifecycle,
}

/// What tells links apart: there is one of a kind from one item to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkPlace {
    /// From which.
    pub from: ItemId,
    /// How.
    pub kind: LinkKind,
    /// To which.
    pub to: ItemId,
}

impl LinkPlace {
    /// The place of a link.
    pub fn of(link: &Link) -> Self {
        LinkPlace { from: link.from.clone(), kind: link.kind, to: link.to.clone() }
    }
}

impl std::fmt::Display for LinkPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.from, self.kind, self.to)
    }
}

/// Which exposure is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExposureAsked {
    /// Any.
    #[default]
    Any,
    /// Items of which nobody has said it.
    Unsaid,
    /// This one.
    Is(Exposure),
}

/// Which items are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemsAsked {
    /// Only of this kind.
    pub kind: Option<ItemKind>,
    /// None of this kind.
    pub but: Option<ItemKind>,
    /// Only in this state.
    pub state: Option<Lifecycle>,
    /// Only with this exposure.
    pub exposure: ExposureAsked,
    /// With this in name, title, owner, labels or addresses, in any case; empty asks for all.
    pub text: String,
    /// As they were at that moment; as they are now when it is not said.
    pub at: Option<Timestamp>,
    /// Behind this one.
    pub after: Option<ItemId>,
    /// At most so many; never more than [`model::limits::REGISTER_PAGE_MAX`].
    pub rows_max: usize,
}

/// How many items there are of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemCount {
    /// What they are.
    pub kind: ItemKind,
    /// Where they are in their lives.
    pub state: Lifecycle,
    /// Who can reach them, as far as somebody has said.
    pub exposure: Option<Exposure>,
    /// How many.
    pub items: u64,
}

/// What stands where an exposure would, of items of which nobody has said it.
const UNSAID: &str = "unsaid";

fn exposure_name(exposure: Option<Exposure>) -> &'static str {
    exposure.map_or(UNSAID, Exposure::name)
}

/// The moment of a statement: any that is before the end of what holds now.
fn moment(at: Option<Timestamp>) -> i64 {
    at.map_or(NO_END - 1, Timestamp::as_micros)
}

fn corrupt(detail: impl ToString) -> StateError {
    StateError::Corrupt { what: "register", detail: detail.to_string() }
}

fn until(micros: i64) -> Option<Timestamp> {
    (micros != NO_END).then(|| Timestamp::from_micros(micros))
}

/// Columns: body, from, until, by.
fn item_version(row: &AnyRow) -> Result<ItemVersion, StateError> {
    Ok(ItemVersion {
        item: serde_json::from_str(&get::<String>(row, 0)?).map_err(corrupt)?,
        from: Timestamp::from_micros(get(row, 1)?),
        until: until(get(row, 2)?),
        by: get(row, 3)?,
    })
}

/// Columns: body, from, until, by, who ended it.
fn link_version(row: &AnyRow) -> Result<LinkVersion, StateError> {
    Ok(LinkVersion {
        link: serde_json::from_str(&get::<String>(row, 0)?).map_err(corrupt)?,
        from: Timestamp::from_micros(get(row, 1)?),
        until: until(get(row, 2)?),
        by: get(row, 3)?,
        ended_by: get(row, 4)?,
    })
}
