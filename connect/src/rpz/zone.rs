//! A zone at one version, and what led to it.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::base::Serial;
use model::limits::RPZ_HISTORY_MAX;

use super::names::{Names, NamesBuilder};

/// What is the same in every version of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneSettings {
    name: String,
    /// The target of all records, on the wire.
    target: Vec<u8>,
    ttl_seconds: u32,
}

/// A text that makes no zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no domain name")]
pub struct ZoneError {
    text: String,
}

impl ZoneSettings {
    /// A zone of that name, whose records all lead to `target`: `.`, `*.`, `rpz-drop.`, `rpz-passthru.`, `rpz-tcp-only.` or a name
    /// (`formats::release::rpz::Action::target`).
    ///
    /// # Errors
    /// When one of them is no domain name.
    pub fn new(name: &str, target: &str, ttl_seconds: u32) -> Result<Self, ZoneError> {
        let lower = name.trim_end_matches('.').to_ascii_lowercase();
        on_the_wire(&lower).filter(|wire| wire.len() > 1).ok_or_else(|| ZoneError { text: cut(name) })?;
        let target = on_the_wire(target.trim_end_matches('.')).ok_or_else(|| ZoneError { text: cut(target) })?;
        Ok(ZoneSettings { name: lower, target, ttl_seconds })
    }

    /// The zone's name: lower case, no dot at the end.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For the names of the zone.
    pub fn names(&self) -> NamesBuilder {
        NamesBuilder::new(&self.name)
    }

    pub(super) fn target(&self) -> &[u8] {
        &self.target
    }

    pub(super) fn ttl_seconds(&self) -> u32 {
        self.ttl_seconds
    }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A name with its root; the empty text is the root.
fn on_the_wire(name: &str) -> Option<Vec<u8>> {
    let mut wire = Vec::with_capacity(name.len() + 2);
    if !name.is_empty() {
        let mut builder = NamesBuilder::new("");
        builder.add(name).ok()?;
        wire.extend_from_slice(builder.finish().iter().next()?);
    }
    wire.push(0);
    Some(wire)
}

/// What became of one version on the way to the next.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) removed: Names,
    pub(super) added: Names,
}

impl Change {
    fn bytes(&self) -> usize {
        self.removed.bytes() + self.added.bytes()
    }
}

/// A zone at one version. Never changes; a new version is a new one, and shares with the old what it can.
#[derive(Clone, Debug)]
pub struct Zone {
    settings: Arc<ZoneSettings>,
    serial: u32,
    names: Arc<Names>,
    /// The latest changes, the oldest first; each begins where the one before ends.
    history: VecDeque<Arc<Change>>,
}

impl Zone {
    /// The first version that this process knows. `serial` must not be older than what resolvers have seen (RFC 1982): the
    /// seconds since the epoch will do, or the last one that was kept.
    pub fn new(settings: ZoneSettings, serial: u32, names: Names) -> Self {
        Zone { settings: Arc::new(settings), serial, names: Arc::new(names), history: VecDeque::new() }
    }

    /// The next version, with these names; `None` when they are the same.
    ///
    /// The way from older versions is kept as far as [`RPZ_HISTORY_MAX`], and while it is shorter than the zone itself.
    #[must_use]
    pub fn next(&self, names: Names) -> Option<Self> {
        let (removed, added) = self.names.compared(&names);
        if removed.is_empty() && added.is_empty() {
            return None;
        }
        let serial = self.serial.wrapping_add(1);
        let mut history = self.history.clone();
        history.push_back(Arc::new(Change { from: self.serial, to: serial, removed, added }));
        let bytes = |history: &VecDeque<Arc<Change>>| history.iter().map(|change| change.bytes()).sum::<usize>();
        while history.len() > RPZ_HISTORY_MAX || bytes(&history) > names.bytes() {
            history.pop_front();
        }
        Some(Zone { settings: Arc::clone(&self.settings), serial, names: Arc::new(names), history })
    }

    /// Its settings.
    pub fn settings(&self) -> &ZoneSettings {
        &self.settings
    }

    /// Its version.
    pub fn serial(&self) -> u32 {
        self.serial
    }

    /// Its names.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The changes that lead from that version to this one; `None` when the way is not known any more.
    pub(super) fn changes_since(&self, serial: u32) -> Option<Vec<Arc<Change>>> {
        let at = self.history.iter().position(|change| change.from == serial)?;
        Some(self.history.iter().skip(at).cloned().collect())
    }

    /// Whether who has that version lacks nothing (RFC 1982).
    pub(super) fn is_known_to(&self, serial: u32) -> bool {
        Serial(serial) >= Serial(self.serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(settings: &ZoneSettings, list: &[&str]) -> Names {
        let mut builder = settings.names();
        for name in list {
            builder.add(name).unwrap();
        }
        builder.finish()
    }

    #[test]
    fn settings_are_names() {
        let settings = ZoneSettings::new("RPZ.City.example.", "rpz-drop.", 60).unwrap();
        assert_eq!(settings.name(), "rpz.city.example");
        assert_eq!(settings.target(), b"\x08rpz-drop\0");
        assert_eq!(ZoneSettings::new("rpz", ".", 60).unwrap().target(), b"\0");
        assert_eq!(ZoneSettings::new("rpz", "*.", 60).unwrap().target(), b"\x01*\0");
        assert!(ZoneSettings::new("", ".", 60).is_err());
        assert!(ZoneSettings::new("a b", ".", 60).is_err());
        assert!(ZoneSettings::new("rpz", "a..b.", 60).is_err());
    }

    #[test]
    fn versions_follow_each_other() {
        let settings = ZoneSettings::new("rpz.example", ".", 60).unwrap();
        let first = Zone::new(settings.clone(), u32::MAX, names(&settings, &["a.example", "b.example"]));
        assert!(first.next(names(&settings, &["b.example", "a.example"])).is_none(), "nothing changed");
        let second = first.next(names(&settings, &["a.example", "c.example", "d.example", "e.example"])).unwrap();
        assert_eq!(second.serial(), 0, "RFC 1982: it goes round");
        assert!(first.is_known_to(0) && !second.is_known_to(u32::MAX));
        let changes = second.changes_since(u32::MAX).unwrap();
        assert_eq!((changes[0].removed.len(), changes[0].added.len()), (1, 3));
        assert!(second.changes_since(7).is_none());
    }

    #[test]
    fn history_is_bounded() {
        let settings = ZoneSettings::new("rpz.example", ".", 60).unwrap();
        let base: Vec<String> = (0..1_000).map(|n| format!("n{n}.example")).collect();
        let list = |extra: usize| {
            let mut builder = settings.names();
            for name in &base {
                builder.add(name).unwrap();
            }
            builder.add(&format!("extra{extra}.example")).unwrap();
            builder.finish()
        };
        let mut zone = Zone::new(settings.clone(), 1, list(0));
        for turn in 1..=RPZ_HISTORY_MAX + 5 {
            zone = zone.next(list(turn)).unwrap();
        }
        assert_eq!(zone.history.len(), RPZ_HISTORY_MAX);
        assert!(zone.changes_since(1).is_none());
        // A change that is longer than the zone is no way to it.
        let all_new = zone.next(names(&settings, &["one.example"])).unwrap();
        assert!(all_new.history.is_empty());
    }
}
