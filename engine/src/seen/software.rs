//! Software that is seen on the city's own addresses: counted as events pass, and kept in one file for each agency and day.
//!
//! The file lies in the day's folder beside the runs, and goes when they go. It is read, joined with what is new and written whole: a city's machines
//! run thousands of programs and not millions. How often one was seen may count twice what came just before a crash; that it was seen is never lost.
//!
//! Citizens are never profiled: what a program that asks says of itself is looked at only where its address is in the register, and dropped at once
//! elsewhere. What answers counts on registered, own and private addresses; strangers' servers are not kept.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use formats::seen::{Said, Side, SoftwareSeen, Words, software, words};
use model::ocsf::Event;
use model::register::{Address, Item, Lifecycle, Software};
use model::{AgencyId, Timestamp, limits};
use serde::{Deserialize, Serialize};

use crate::intel::City;

/// Texts whose reading is remembered: most are the same few hundred.
const READ_MAX: usize = 20_000;
/// Further off than this a record's own time is not believed, and its arrival counts.
const DAYS_BELIEVED: i32 = limits::SEEN_DAYS as i32;

/// Which addresses are the city's own, of one agency.
#[derive(Default)]
pub struct OwnAddresses {
    addresses: HashSet<IpAddr>,
    ranges: Vec<Address>,
    city: Arc<City>,
}

impl OwnAddresses {
    /// Those of the items that are not retired, and of what the city says of itself. Beyond
    /// [`limits::SOFTWARE_OWN_ADDRESSES_MAX`] none is added.
    pub fn of<'i>(items: impl Iterator<Item = &'i Item>, city: Arc<City>) -> Self {
        let mut own = OwnAddresses { city, ..OwnAddresses::default() };
        let running = items.filter(|item| item.state != Lifecycle::Retired);
        for address in running.flat_map(|item| &item.addresses).take(limits::SOFTWARE_OWN_ADDRESSES_MAX) {
            match address {
                Address::Ip(ip) => {
                    own.addresses.insert(ip.to_canonical());
                }
                Address::Range(..) => own.ranges.push(address.clone()),
                Address::Name(_) => {}
            }
        }
        own
    }

    /// Whether an item has that address.
    pub fn is_registered(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address) || self.ranges.iter().any(|range| range.covers(address))
    }

    /// Whether software at that end of a connection is kept.
    pub fn keeps(&self, side: Side, address: IpAddr) -> bool {
        let is_registered = self.is_registered(address);
        match side {
            Side::Client => is_registered,
            Side::Server => is_registered || is_private(address) || self.city.owns(&address.to_string()).is_some(),
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

/// Software on an address on one day, or on several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SoftwareRow {
    /// The address.
    pub address: IpAddr,
    /// Whether it asks rather than answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_client: bool,
    /// How somebody knows; a name of [`formats::seen::How`].
    pub how: String,
    /// What.
    pub software: Software,
}

/// How often, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftwareTimes {
    /// Events that said so.
    pub times: u64,
    /// When it was seen first.
    pub first: Timestamp,
    /// When it was seen last.
    pub last: Timestamp,
}

impl SoftwareTimes {
    /// Joins both.
    pub fn join(&mut self, other: &SoftwareTimes) {
        self.times = self.times.saturating_add(other.times);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// What was seen on one day.
pub(super) type Day = BTreeMap<SoftwareRow, SoftwareTimes>;

/// What was seen since it was taken last.
pub(super) type Days = BTreeMap<(AgencyId, i32), Day>;

/// Counts software as events pass.
#[derive(Default)]
pub(super) struct SoftwareRecorder {
    days: Days,
    rows: usize,
    left_out: u64,
    read: HashMap<(Said, Box<str>), Arc<[Software]>>,
}

impl SoftwareRecorder {
    /// Counts what an event that reached us at `received` says of software on own addresses.
    pub(super) fn record(&mut self, event: &Event, received: Timestamp, own: &OwnAddresses) {
        for words in words(event) {
            if !own.keeps(words.side, words.address) {
                continue;
            }
            let is_believed = (received.day() - DAYS_BELIEVED..=received.day() + 1).contains(&event.time.day());
            let time = if is_believed { event.time } else { received };
            for software in self.software(&words).iter() {
                let seen = SoftwareSeen {
                    address: words.address,
                    side: words.side,
                    software: software.clone(),
                    how: words.how,
                };
                self.add((&event.agency, time), seen);
            }
        }
    }

    fn software(&mut self, words: &Words<'_>) -> Arc<[Software]> {
        if words.named.is_some() {
            return software(words).into();
        }
        let place = (words.said, Box::from(words.text));
        if let Some(known) = self.read.get(&place) {
            return Arc::clone(known);
        }
        if self.read.len() >= READ_MAX {
            self.read.clear();
        }
        let found: Arc<[Software]> = software(words).into();
        self.read.insert(place, Arc::clone(&found));
        found
    }

    fn add(&mut self, (agency, time): (&AgencyId, Timestamp), seen: SoftwareSeen) {
        let row = SoftwareRow {
            address: seen.address,
            is_client: seen.side == Side::Client,
            how: seen.how.name().to_owned(),
            software: seen.software,
        };
        let times = SoftwareTimes { times: 1, first: time, last: time };
        let day = self.days.entry((agency.clone(), time.day())).or_default();
        match day.get_mut(&row) {
            Some(known) => known.join(&times),
            None if self.rows >= limits::SOFTWARE_SEEN_WAITING_MAX => self.left_out += 1,
            None => {
                self.rows += 1;
                day.insert(row, times);
            }
        }
    }

    /// How many rows wait.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// What was counted, and how much there was no room for; the next counting begins anew.
    pub(super) fn take(&mut self) -> (Days, u64) {
        self.rows = 0;
        (std::mem::take(&mut self.days), std::mem::take(&mut self.left_out))
    }
}

/// A row as it stands in a file.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    row: SoftwareRow,
    #[serde(flatten)]
    times: SoftwareTimes,
}

/// A day as a file: one row on each line.
pub(super) fn write(day: &Day) -> Vec<u8> {
    let mut out = Vec::new();
    for (row, times) in day {
        let line = Line { row: row.clone(), times: *times };
        if let Ok(text) = serde_json::to_string(&line) {
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
        }
    }
    out
}

/// Reads a file; says how many of its lines make no sense.
pub(super) fn read(bytes: &[u8]) -> (Day, u64) {
    let (mut day, mut damaged) = (Day::new(), 0);
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice::<Line>(line) {
            Ok(line) if day.len() < limits::SOFTWARE_SEEN_DAY_MAX => {
                day.entry(line.row).and_modify(|known| known.join(&line.times)).or_insert(line.times);
            }
            _ => damaged += 1,
        }
    }
    (day, damaged)
}

/// Joins what is new into a day; says for how much there is no room.
pub(super) fn join(day: &mut Day, new: Day) -> u64 {
    let mut left_out = 0;
    for (row, times) in new {
        let has_room = day.len() < limits::SOFTWARE_SEEN_DAY_MAX;
        match day.get_mut(&row) {
            Some(known) => known.join(&times),
            None if has_room => {
                day.insert(row, times);
            }
            None => left_out += 1,
        }
    }
    left_out
}

/// Whether a text of the row is meant.
pub(super) fn is_named(row: &SoftwareRow, is_meant: &mut impl FnMut(&[u8]) -> bool) -> bool {
    let software = &row.software;
    let texts = [row.address.to_string(), software.vendor.clone(), software.product.clone(), software.version.clone()];
    texts.iter().any(|text| is_meant(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use formats::seen::How;

    use super::*;

    #[test]
    fn what_waits_to_be_written_has_a_limit() {
        let mut recorder = SoftwareRecorder::default();
        let agency = AgencyId::home();
        for number in 0..limits::SOFTWARE_SEEN_WAITING_MAX + 2 {
            let software = model::register::Software { product: format!("p{number}"), ..Default::default() };
            let seen = SoftwareSeen { address: [10, 0, 0, 1].into(), side: Side::Server, how: How::Banner, software };
            recorder.add((&agency, Timestamp::EPOCH), seen);
        }
        assert_eq!(recorder.rows(), limits::SOFTWARE_SEEN_WAITING_MAX);
        assert_eq!(recorder.take().1, 2);
    }
}
