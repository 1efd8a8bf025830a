//! The register: what a city runs, whose it is, which data it holds, and what depends on what.
//!
//! A register is items and the links between them. What nobody has said yet is `None`, which is something else than "nothing": what
//! is reckoned from it takes the unknown for bad, never for harmless.

mod information;
mod item;
mod link;
mod privacy;
mod software;
pub(crate) mod words;

pub use information::InformationType;
pub use item::{
    Address, Categorization, DataHeld, Exposure, Impact, Item, ItemKind, Lifecycle, Objective, Software, Untidy,
};
pub use link::{Interface, Link, LinkKind, Misfit};
pub use privacy::DataCategory;
pub use words::{ItemId, NoItemId, UnknownWord};

#[cfg(test)]
mod tests;
