//! An authoritative server for response policy zones: what resolvers fetch to block what is listed.
//!
//! | question | answer | standard |
//! |---|---|---|
//! | `SOA`, `NS` of a zone | the record | RFC 1035 |
//! | `AXFR`, TCP only | the whole zone, in as many messages as it takes | RFC 5936 |
//! | `IXFR` | what changed since the resolver's version; the whole zone when that is too long ago; over UDP the version only | RFC 1995 |
//! | anything else | refused | |
//!
//! Nobody gets anything without a key (TSIG, RFC 8945, HMAC-SHA-256 and -512; every message of a transfer is signed): a key is a subscriber, with
//! zones of its own and an end. Keys and zones are asked for at each question through [`Zones`], so that a key that is taken
//! away is refused at once. Resolvers are told of a change (NOTIFY, RFC 1996), signed as well.
//!
//! A zone is held once, as bytes, however many resolvers fetch it; a transfer holds one message. Deliberately absent:
//! answers about the names inside a zone, dynamic update, DNSSEC, and transfers over TLS (RFC 9103): a list that has to stay
//! secret on the way needs a tunnel, as TSIG signs and does not hide.

mod answer;
mod key;
mod names;
mod notify;
mod serve;
#[cfg(test)]
mod tests;
mod wire;
mod zone;

use std::net::SocketAddr;
use std::sync::Arc;

pub use answer::reply;
pub use key::{KeyAlgorithm, KeyError, TransferKey};
pub use names::{NameError, Names, NamesBuilder};
pub use serve::{Counts, Notices, RpzError, Server};
pub use zone::{Zone, ZoneError, ZoneSettings};

/// Who may fetch what. Asked at every question; must not wait.
pub trait Zones: Send + Sync {
    /// The key of that name (lower case, no dot at the end), if there is one. Its end is judged by the server.
    fn key(&self, name: &str) -> Option<Arc<TransferKey>>;

    /// The zone of that name (lower case, no dot at the end), as the holder of that key may see it.
    fn zone(&self, name: &str, key: &str) -> Option<Arc<Zone>>;

    /// Asked before a zone, or what changed of it, is sent to the holder of that key; when it says no, nothing is sent and the connection ends.
    /// Whoever has to write down what leaves does it here.
    fn sends(&self, zone: &Zone, key: &str) -> bool {
        let _ = (zone, key);
        true
    }

    /// Who is told when the zone of that name changes.
    fn secondaries(&self, name: &str) -> Vec<Secondary> {
        let _ = name;
        Vec::new()
    }
}

/// A resolver that is told of changes.
#[derive(Clone, Debug)]
pub struct Secondary {
    /// Where it listens.
    pub address: SocketAddr,
    /// The key that it shares with us.
    pub key: Arc<TransferKey>,
}
