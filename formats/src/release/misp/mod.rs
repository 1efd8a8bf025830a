//! A MISP feed: `manifest.json`, one file for each event, and `hashes.csv` (MISP core format, draft-dulaunoy-misp-core-format;
//! the layout is the one that MISP's own feed generator writes).
//!
//! An indicator belongs to an event by its id, not by its place in the list, so that a later release changes only the events
//! whose indicators changed. Ids are UUIDv5 and stay. An event is marked as closed as the closest of its attributes.
//! `hashes.csv` has the MD5 of every value, of both halves where a value has two, and the event's id: MISP looks them up to see
//! in which feeds a value stands.
//!
//! Deliberately absent: objects, galaxies (their tags need names that we do not have), and proposals.

mod attribute;

use std::collections::BTreeMap;
use std::io::{self, Write};

use md5::{Digest, Md5};
use model::{Level, Marking, Pap, Timestamp, Tlp, limits};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::sieve::{Use, Written, admit};
use super::{Release, Released};

/// Where the files of a feed go.
pub trait Folder {
    /// Begins a file; the name has no folder in it. Files are written side by side and ended by dropping them.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write>>;
}

/// How many events a feed of that many indicators is best divided into: 5,000 attributes each, which MISP loads in seconds.
///
/// A power of two, so that the number seldom changes: when it does, every attribute moves.
pub fn events_for(indicators: u64) -> u16 {
    let wanted = indicators.div_ceil(5_000).max(1).next_power_of_two();
    u16::try_from(wanted).unwrap_or(u16::MAX).min(limits::RELEASE_MISP_EVENTS_MAX)
}

/// Writes a feed of at most `events` events, all at once: as many files are open.
///
/// # Errors
/// Only when the folder fails; an indicator that cannot be carried is counted in the answer.
pub fn feed(
    release: &Release,
    events: u16,
    indicators: &mut dyn Iterator<Item = Released>,
    folder: &mut dyn Folder,
) -> io::Result<Written> {
    let events = events.clamp(1, limits::RELEASE_MISP_EVENTS_MAX);
    let mut written = Written::default();
    let mut hashes = folder.create("hashes.csv")?;
    let mut open: BTreeMap<u16, Event> = BTreeMap::new();
    for released in indicators {
        let Some(value) = admit(&mut written, Use::Tell, release, &released) else { continue };
        let attribute = match attribute::of(release, &released, value) {
            Ok(attribute) => attribute,
            Err(why) => {
                written.leave(why, &released);
                continue;
            }
        };
        let number = place(&released, events);
        let event = match open.entry(number) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Event::begin(release, number, events, folder)?)
            }
        };
        event.push(release, &released, &attribute.json)?;
        for part in &attribute.parts {
            writeln!(hashes, "{},{}", hex(part), event.id)?;
        }
        written.written += 1;
    }
    hashes.flush()?;
    let mut manifest = serde_json::Map::new();
    for event in open.into_values() {
        let id = event.id.to_string();
        manifest.insert(id, event.end(release)?);
    }
    let mut file = folder.create("manifest.json")?;
    writeln!(file, "{}", Json::Object(manifest))?;
    file.flush()?;
    Ok(written)
}

/// The event that an indicator belongs to.
fn place(released: &Released, events: u16) -> u16 {
    let id = released.id().to_string();
    let head = id.get(..4).and_then(|head| u16::from_str_radix(head, 16).ok()).unwrap_or(0);
    head % events
}

fn hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An event whose attributes are being written; what is said about all of them comes behind them.
struct Event {
    id: Uuid,
    info: String,
    file: Box<dyn Write>,
    is_empty: bool,
    marking: Marking,
    level: Level,
    changed: Timestamp,
}

impl Event {
    fn begin(release: &Release, number: u16, events: u16, folder: &mut dyn Folder) -> io::Result<Self> {
        let id = release.producer.id_of("misp-event", &format!("{}|{number}|{events}", release.title));
        let mut file = folder.create(&format!("{id}.json"))?;
        let info = match events {
            1 => release.title_line(),
            _ => format!("{} ({} of {events})", release.title_line(), number + 1),
        };
        file.write_all(b"{\"Event\":{\"Attribute\":[")?;
        let marking = Marking { tlp: Tlp::Clear, pap: Pap::Clear };
        Ok(Event {
            id,
            info,
            file,
            is_empty: true,
            marking,
            level: Level::Informational,
            changed: Timestamp::from_micros(i64::MIN),
        })
    }

    fn push(&mut self, release: &Release, released: &Released, attribute: &Json) -> io::Result<()> {
        let comma = if self.is_empty { "\n" } else { ",\n" };
        self.file.write_all(format!("{comma}{attribute}").as_bytes())?;
        self.is_empty = false;
        self.marking = self.marking.and(released.marking);
        self.level = self.level.max(released.level);
        self.changed = self.changed.max(released.changed(release.made));
        Ok(())
    }

    /// Ends the event's file; gives its entry of the manifest.
    fn end(mut self, release: &Release) -> io::Result<Json> {
        let seconds = seconds(self.changed);
        let owner = json!({ "name": release.producer.name, "uuid": release.producer.id.to_string() });
        let tags = attribute::tags(self.marking);
        let date = super::stix::stamp(self.changed).get(..10).unwrap_or("1970-01-01").to_owned();
        // 1 high, 2 medium, 3 low, 4 undefined.
        let threat_level_id = match self.level {
            Level::Critical | Level::High => "1",
            Level::Medium => "2",
            Level::Low => "3",
            Level::Informational => "4",
        };
        let entry = json!({
            "Orgc": owner,
            "Tag": tags,
            "info": self.info,
            "date": date,
            "analysis": "2",
            "threat_level_id": threat_level_id,
            "timestamp": seconds,
        });
        let mut rest = entry.clone();
        if let Json::Object(map) = &mut rest {
            map.insert("uuid".into(), self.id.to_string().into());
            map.insert("published".into(), true.into());
            map.insert("publish_timestamp".into(), seconds.into());
            map.insert("extends_uuid".into(), "".into());
        }
        let rest = rest.to_string();
        let rest = rest.strip_prefix('{').unwrap_or(&rest);
        self.file.write_all(format!("\n],{rest}}}\n").as_bytes())?;
        self.file.flush()?;
        Ok(entry)
    }
}

/// Seconds since the epoch as MISP writes them: a text.
fn seconds(at: Timestamp) -> String {
    at.as_micros().div_euclid(1_000_000).max(0).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_powers_of_two() {
        let check = |indicators, expected| assert_eq!(events_for(indicators), expected, "{indicators}");
        check(0, 1);
        check(5_000, 1);
        check(5_001, 2);
        check(1_200_000, 256);
        check(u64::MAX / 2, limits::RELEASE_MISP_EVENTS_MAX);
    }

    #[test]
    fn md5_as_everybody_writes_it() {
        assert_eq!(hex(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}
