//! What changed since the segments were built: a few thousand additions and removals in memory.
//!
//! A removal has to be remembered until the next merge, because what it removes stands in a segment that cannot change.

use std::sync::Arc;

use hashbrown::HashTable;
use model::{Indicator, IndicatorKind, limits};

use super::claims::{Claim, settle};
use super::key::{self, Table};
use super::name;
use super::normal;

/// Why a change was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaError {
    /// The value is nothing of that kind.
    #[error("value is no {0}")]
    NotThatKind(IndicatorKind),
    /// Too many changes wait.
    #[error("more than {} changes wait for a merge; hint: merge, then go on", limits::INDICATOR_DELTA_MAX)]
    Full,
}

/// Changes that are not in a segment yet.
#[derive(Clone, Default)]
pub struct Delta {
    changes: HashTable<Arc<Entry>>,
    /// Prefix lengths that occur, for each family; a set of bits.
    v4_lengths: u64,
    v6_lengths: [u128; 2],
    revision: u64,
}

/// What changed about one indicator.
#[derive(Clone)]
pub(crate) struct Entry {
    hash: u64,
    pub(crate) table: Table,
    pub(crate) key: Box<[u8]>,
    pub(crate) change: Change,
    revision: u64,
}

/// What to do with the claims that the segments have.
#[derive(Clone, Default)]
pub(crate) struct Change {
    removed: Removed,
    added: Vec<Claim>,
}

#[derive(Clone, Default)]
enum Removed {
    #[default]
    Nothing,
    Sources(Vec<String>),
    All,
}

impl Change {
    /// What the claims of the segments come to with this change.
    pub(crate) fn apply(&self, claims: &mut Vec<Claim>) {
        match &self.removed {
            Removed::Nothing => {}
            Removed::Sources(sources) => claims.retain(|claim| !sources.contains(&claim.source)),
            Removed::All => claims.clear(),
        }
        let replaced = |old: &Claim| self.added.iter().any(|new| new.source == old.source && new.label == old.label);
        claims.retain(|claim| !replaced(claim));
        claims.extend_from_slice(&self.added);
        settle(claims);
    }
}

fn hash_of(table: Table, key: &[u8]) -> u64 {
    if table == Table::Domain {
        return name::hash(&key.iter().rev().copied().collect::<Vec<u8>>());
    }
    name::hash(key)
}

impl Delta {
    /// Adds what an indicator claims, or replaces what the same source said under the same label.
    ///
    /// # Errors
    /// When the value is nothing of its kind, or too many changes wait.
    pub fn add(&mut self, indicator: &Indicator) -> Result<(), DeltaError> {
        let claim = Claim::of(indicator);
        self.change(indicator.kind, &indicator.value, |change| {
            change.added.retain(|old| old.source != claim.source || old.label != claim.label);
            change.added.push(claim);
            settle(&mut change.added);
        })
    }

    /// Removes an indicator, whoever claimed it.
    ///
    /// # Errors
    /// As for [`Delta::add`].
    pub fn remove(&mut self, kind: IndicatorKind, value: &str) -> Result<(), DeltaError> {
        self.change(kind, value, |change| *change = Change { removed: Removed::All, added: Vec::new() })
    }

    /// Takes back what one source claims; the indicator stays if another source claims it.
    ///
    /// # Errors
    /// As for [`Delta::add`].
    pub fn withdraw(&mut self, kind: IndicatorKind, value: &str, source: &str) -> Result<(), DeltaError> {
        self.change(kind, value, |change| {
            change.added.retain(|claim| claim.source != source);
            match &mut change.removed {
                Removed::All => {}
                Removed::Sources(sources) if sources.iter().any(|known| known == source) => {}
                Removed::Sources(sources) => sources.push(source.to_owned()),
                Removed::Nothing => change.removed = Removed::Sources(vec![source.to_owned()]),
            }
        })
    }

    fn change(&mut self, kind: IndicatorKind, value: &str, edit: impl FnOnce(&mut Change)) -> Result<(), DeltaError> {
        let value = normal::normal(kind, value).ok_or(DeltaError::NotThatKind(kind))?;
        let mut key = Vec::new();
        let table = key::encode(kind, &value, &mut key).ok_or(DeltaError::NotThatKind(kind))?;
        let hash = hash_of(table, &key);
        self.revision += 1;
        let revision = self.revision;
        if let Some(entry) = self.changes.find_mut(hash, |entry| entry.table == table && *entry.key == *key) {
            let entry = Arc::make_mut(entry);
            entry.revision = revision;
            edit(&mut entry.change);
            return Ok(());
        }
        if self.changes.len() >= limits::INDICATOR_DELTA_MAX {
            return Err(DeltaError::Full);
        }
        let mut entry = Entry { hash, table, key: key.into_boxed_slice(), change: Change::default(), revision };
        edit(&mut entry.change);
        self.note_length(&entry);
        self.changes.insert_unique(hash, Arc::new(entry), |entry| entry.hash);
        Ok(())
    }

    fn note_length(&mut self, entry: &Entry) {
        let length = entry.key.last().copied().unwrap_or(0);
        match entry.table {
            Table::RangeV4 => self.v4_lengths |= 1 << length.min(63),
            Table::RangeV6 => self.v6_lengths[usize::from(length / 128)] |= 1 << (length % 128),
            _ => {}
        }
    }

    /// How many indicators have a change.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Grows with every change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Drops what a merge at that revision has taken into a segment.
    pub(crate) fn forget(&mut self, revision: u64) {
        self.changes.retain(|entry| entry.revision > revision);
        (self.v4_lengths, self.v6_lengths) = (0, [0; 2]);
        let rest: Vec<_> = self.changes.iter().cloned().collect();
        rest.iter().for_each(|entry| self.note_length(entry));
    }

    /// What changed about a key.
    pub(crate) fn find(&self, table: Table, hash: u64, key: &[u8]) -> Option<&Change> {
        self.changes.find(hash, |entry| entry.table == table && *entry.key == *key).map(|entry| &entry.change)
    }

    /// What changed about a name, given forwards.
    pub(crate) fn find_name(&self, hash: u64, name: &[u8]) -> Option<&Change> {
        let same = |entry: &Arc<Entry>| entry.table == Table::Domain && entry.key.iter().rev().eq(name);
        self.changes.find(hash, same).map(|entry| &entry.change)
    }

    /// Gives every changed range that holds the address, the longest first: its key and the change.
    pub(crate) fn find_ranges(&self, table: Table, address: &[u8], mut give: impl FnMut(&[u8], &Change)) {
        let has = |length: u8| match table {
            Table::RangeV4 => self.v4_lengths >> length.min(63) & 1 == 1,
            _ => self.v6_lengths[usize::from(length / 128)] >> (length % 128) & 1 == 1,
        };
        for length in (0..=(address.len() * 8).min(128) as u8).rev().filter(|&length| has(length)) {
            let key = range_key(address, length);
            if let Some(change) = self.find(table, name::hash(&key), &key) {
                give(&key, change);
            }
        }
    }

    /// All changes in the order of table and key.
    pub(crate) fn sorted(&self) -> Vec<&Entry> {
        let mut entries: Vec<_> = self.changes.iter().map(|entry| &**entry).collect();
        entries.sort_unstable_by(|a, b| (a.table, &a.key).cmp(&(b.table, &b.key)));
        entries
    }
}

/// The key of the range of that length around an address.
fn range_key(address: &[u8], length: u8) -> Vec<u8> {
    let mut key = address.to_vec();
    for (at, byte) in key.iter_mut().enumerate() {
        let kept = usize::from(length).saturating_sub(at * 8).min(8);
        *byte &= !(0xffu16 >> kept) as u8;
    }
    key.push(length);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_limited() {
        let mut delta = Delta::default();
        for n in 0..limits::INDICATOR_DELTA_MAX {
            delta.remove(IndicatorKind::Domain, &format!("{n}.example")).unwrap();
        }
        assert_eq!(delta.remove(IndicatorKind::Domain, "one-more.example"), Err(DeltaError::Full));
        assert_eq!(delta.remove(IndicatorKind::Domain, "7.example"), Ok(()), "what is known may change on");
        delta.forget(delta.revision() - 1);
        assert_eq!(delta.len(), 1);
    }

    #[test]
    fn range_keys() {
        assert_eq!(range_key(&[10, 255, 3, 4], 9), [10, 128, 0, 0, 9]);
        assert_eq!(range_key(&[10, 255, 3, 4], 0), [0, 0, 0, 0, 0]);
        assert_eq!(range_key(&[10, 255, 3, 4], 32), [10, 255, 3, 4, 32]);
    }

    #[test]
    fn nonsense_is_refused() {
        let kind = IndicatorKind::Ipv4;
        assert_eq!(Delta::default().remove(kind, "a.example"), Err(DeltaError::NotThatKind(kind)));
    }
}
