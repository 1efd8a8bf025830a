//! What leaves for blocklists and detectors of others.
//!
//! All claims are walked through once for all outlets of an agency. Of each thing an outlet hears only those claims whose marking may go
//! there, weighed anew where some may not, so that what nobody may know changes nothing. What passes goes through the gate
//! ([`::intel::release`]) one by one, and only a [`::intel::release::Cleared`] item becomes an entry. Entries go into a packed file first: forms
//! that are several files read it several times, and memory does not grow with the list.
//!
//! Deliberately absent: names of sources (the submitter stays unknown), compression of what is served, and delivering anywhere by itself.

mod made;
mod settings;
mod sieve;
mod spool;
#[cfg(test)]
mod tests;
mod write;

pub use made::{LeftOut, OutletFile, OutletMade};
pub use settings::{OutletForm, OutletSettings, OutletUse, RpzAction, RpzSettings};

pub(crate) use made::Making;
pub(crate) use sieve::{Sieve, gather};
pub(crate) use write::{NAMES_FILE, finish, tidy};

/// Why what an outlet gives was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutletError {
    /// The claims cannot be read.
    #[error("reading the claims")]
    State(#[from] store::state::StateError),
    /// The system refuses.
    #[error("writing what an outlet gives")]
    Write(#[from] std::io::Error),
}
