//! The ledger: who did what, in an order that nobody can change without being seen.
//!
//! A Merkle tree over entries, after RFC 6962 section 2.1, in the tiles of C2SP `tlog-tiles` (2025) under checkpoints in the
//! form of C2SP `tlog-checkpoint` and `signed-note`, so that tools and witnesses of transparency logs read it as it is.
//!
//! Entries stand in SQL, written in the transaction of what they tell of. Tiles and signed checkpoints are files, written
//! behind the database. Whoever changes the one is convicted by the other; whoever changes both needs the key, and is convicted
//! by any checkpoint that somebody has kept elsewhere.
//!
//! An entry holds ids and a commitment, never personal data. What an entry is about in words stands beside it (`detail`) and
//! can be erased: the commitment stays, and says nothing without its salt.

mod entry;
mod files;
mod key_file;
mod note;
mod tile;
mod tree;
mod verify;

pub use entry::{Commitment, Detail, Entry, Outcome};
pub use files::{LedgerFiles, LedgerFilesError, LedgerLock};
pub use key_file::KeyFileError;
pub use note::{Checkpoint, LedgerKey, NoteError, VerifierKey};
pub use tile::{TILE_HASHES, tile_path};
pub use tree::{
    Frontier, Hash, consistency_proof, inclusion_proof, leaf_hash, root_of, verify_consistency, verify_inclusion,
};
pub use verify::{Fault, Verdict, Verifier};
