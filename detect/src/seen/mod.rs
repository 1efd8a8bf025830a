//! What was seen: the values in events that an indicator could name, day by day, each with how often it stood there, on how many machines,
//! and where it was seen first.
//!
//! Events are counted by a [`Recorder`], which gives a run of sorted values for each day ([`write()`]); runs of a day become one ([`merge`]).
//! Whoever wants to know what a new indicator would have found, or what blocking it would have hit, goes once through the runs of those days
//! and asks the indicators of each value ([`sweep`]): a city sees far fewer values than feeds list, and each stands there once a day however
//! often it came.

mod found;
mod merge;
mod record;
mod run;
mod sweep;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use model::ocsf::{Observable, ObservableKind};
use model::{EventId, Timestamp, limits};

pub use merge::merge;
pub use record::Recorder;
pub use run::{Run, RunError, write};
pub use sweep::{Past, Pasts, sweep};

/// A value, and what is known of it on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The value with its kind and port, in the order in which runs have them.
    key: Box<[u8]>,
    /// Events in which it stood.
    pub events: u64,
    /// Machines that had to do with it.
    pub machines: Machines,
    /// When it was seen first on this day.
    pub first: Timestamp,
    /// When it was seen last.
    pub last: Timestamp,
    /// Where it was seen first.
    pub example: Example,
}

/// One event in which a value stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The event.
    pub event: EventId,
    /// The attribute in which it stood.
    pub attribute: Cow<'static, str>,
    /// The machine, account or service, as the record names it.
    pub subject: Option<Box<str>>,
}

/// Different machines, told apart by hashes of their names, up to [`limits::SEEN_MACHINES_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machines {
    /// Sorted.
    hashes: Vec<u32>,
}

impl Machines {
    /// Adds the machine of this name. Names are the same in capitals and small letters.
    pub fn add(&mut self, name: &str) {
        // FNV-1a: kept in files, so it must not depend on a library's version.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3)
        });
        self.add_hash((hash ^ (hash >> 32)) as u32);
    }

    fn add_hash(&mut self, hash: u32) {
        if self.hashes.len() < limits::SEEN_MACHINES_MAX
            && let Err(place) = self.hashes.binary_search(&hash)
        {
            self.hashes.insert(place, hash);
        }
    }

    /// Those of both.
    pub fn join(&mut self, others: &Machines) {
        for hash in &others.hashes {
            self.add_hash(*hash);
        }
    }

    /// How many there are; at the limit there may be more.
    pub fn count(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there may be more than are counted.
    pub fn is_full(&self) -> bool {
        self.hashes.len() >= limits::SEEN_MACHINES_MAX
    }
}

/// The kinds whose values are kept; ports stand with their addresses.
const KINDS: [ObservableKind; 5] =
    [ObservableKind::Hostname, ObservableKind::Ip, ObservableKind::Email, ObservableKind::Url, ObservableKind::Hash];

/// Bytes before the value in a key: the kind, and the port or 0.
const KEY_HEAD: usize = 3;

impl Seen {
    /// The value as an event has it. `None` for a key that no recorder made.
    pub fn observable(&self) -> Option<Observable<'_>> {
        let (head, value) = self.key.split_at_checked(KEY_HEAD)?;
        let [kind, high, low] = head else { return None };
        let kind = KINDS.into_iter().find(|known| *known as u8 == *kind)?;
        let port = u16::from_be_bytes([*high, *low]);
        let value = std::str::from_utf8(value).ok()?;
        Some(Observable { kind, attribute: "", value, port: (port != 0).then_some(port) })
    }

    /// What was seen of the same value elsewhere.
    fn join(&mut self, other: Seen) {
        self.events = self.events.saturating_add(other.events);
        self.machines.join(&other.machines);
        self.last = self.last.max(other.last);
        if other.first < self.first {
            self.first = other.first;
            self.example = other.example;
        }
    }
}

/// Puts the key of an observable into `key`; `false` where it is nothing that is kept.
fn key_of(observable: &Observable<'_>, key: &mut Vec<u8>) -> bool {
    let value = observable.value;
    if !KINDS.contains(&observable.kind) || value.len() > limits::MATCH_VALUE_BYTES_MAX {
        return false;
    }
    // Clients take any port: with it, each of their connections would be a value of its own.
    let is_server = observable.attribute.contains("dst_endpoint");
    let port = observable.port.filter(|_| is_server).unwrap_or(0);
    key.clear();
    key.push(observable.kind as u8);
    key.extend_from_slice(&port.to_be_bytes());
    key.extend_from_slice(value.as_bytes());
    // Names are the same in capitals; paths of URLs are not.
    if observable.kind != ObservableKind::Url
        && let Some(value) = key.get_mut(KEY_HEAD..)
    {
        value.make_ascii_lowercase();
    }
    true
}
