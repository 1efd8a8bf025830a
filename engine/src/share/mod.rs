//! Sharing with other agencies: what was agreed with each, the gate through which everything passes that goes there, the objects that are
//! made of what it lets out, and signed sharing groups.
//!
//! There is one way into a peer's collection: [`Gate`]. It takes items, asks `intel::release` for each, and makes objects of what was
//! cleared; what was not is counted. What a gate holds is written in one transaction with its lines among the departures.

mod gate;
mod groups;
mod terms;
#[cfg(test)]
mod tests;
mod words;

pub use formats::release::stix::technique_object_id;
pub use gate::{Gate, Standing};
pub use groups::{GROUP_TYPE, GroupDocument, GroupRefused, Signer};
pub use terms::{PeerTerms, ShareKind};
