//! What services show to the outside, in outline: pages ([`page()`]) and data for programs ([`data()`]).
//!
//! Bytes of a service are outside bytes: nothing here fails as a whole, and all of it stays within `model::limits`. Deliberately
//! absent: running scripts (a page that is made in the browser shows little here; what it loads can be probed itself), style
//! sheets, and any judgement.

mod data;
mod page;
mod table;
#[cfg(test)]
mod tests;

pub use data::data;
pub use page::page;

use sha2::{Digest, Sha256};

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
