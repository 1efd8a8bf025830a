//! Whether a ledger is what was written: the entries of the database against tiles and signed checkpoints.
//!
//! Entries are pushed in order; their hashes build one tree, the hashes in the tiles another. Where both first differ is the entry
//! in question, and the next checkpoint says which of the two was changed.

use std::collections::BTreeMap;

use super::entry::{Detail, Entry};
use super::files::{LedgerFiles, LedgerFilesError};
use super::note::{Checkpoint, VerifierKey};
use super::tile::TILE_HASHES;
use super::tree::{Frontier, Hash};

/// What is wrong with a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The entry is not the one that was signed.
    #[error("entry {number} was changed")]
    Changed {
        /// Its number.
        number: u64,
    },
    /// The entry was there when it was signed, and is not there now.
    #[error("entry {number} is missing")]
    Missing {
        /// Its number.
        number: u64,
    },
    /// The words beside the entry are not those that it promises.
    #[error("the detail of entry {number} was changed")]
    DetailChanged {
        /// The entry's number.
        number: u64,
    },
    /// The entry is the one that was signed; its hash in the tile is not.
    #[error("the tile with the hash of entry {number} was changed; the entry itself is the one that was signed")]
    TileChanged {
        /// The entry's number.
        number: u64,
    },
    /// Entries and tiles agree with each other, but not with what was signed.
    #[error("an entry from {from} on and before {upto} was changed, its tile too")]
    ChangedBetween {
        /// The size of the last checkpoint that holds.
        from: u64,
        /// The size of the first that does not.
        upto: u64,
    },
    /// Entries that no checkpoint covers yet are not those that the database's own tree is made of.
    #[error("an entry from {from} on was changed; no checkpoint covers it yet")]
    ChangedSince {
        /// The size of the newest checkpoint.
        from: u64,
    },
    /// The database counts fewer entries than were signed, though they are there.
    #[error("the database's own count of entries was set back to {size}; {signed} were signed")]
    HeadChanged {
        /// What the database says.
        size: u64,
        /// The size of the newest checkpoint.
        signed: u64,
    },
    /// Entries that no checkpoint covers yet are gone.
    #[error("entries from {from} on are missing, {upto} is the number that the database promises")]
    MissingSince {
        /// The first that is missing.
        from: u64,
        /// The size that the database promises.
        upto: u64,
    },
}

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Entries that were read.
    pub entries: u64,
    /// Those of them that signed checkpoints cover.
    pub covered: u64,
    /// Checkpoints that were compared.
    pub checkpoints: usize,
    /// The tree's root over all entries.
    pub root: Hash,
    /// The first thing that is wrong, if something is.
    pub fault: Option<Fault>,
}

/// Verifies a ledger, entry by entry.
#[derive(Debug)]
pub struct Verifier {
    files: LedgerFiles,
    /// Root by size.
    checkpoints: BTreeMap<u64, Hash>,
    covered: u64,
    entries: Frontier,
    tiles: Frontier,
    tile: Vec<Hash>,
    /// The last size at which a checkpoint held.
    held: u64,
    /// The first entry whose tile says otherwise, until a checkpoint decides.
    differs: Option<u64>,
    detail_changed: Option<u64>,
    fault: Option<Fault>,
}

impl Verifier {
    /// Reads the signed checkpoints, and takes others that were kept elsewhere.
    ///
    /// # Errors
    /// When the files cannot be read, or a checkpoint in them is not of this key.
    pub fn new(files: LedgerFiles, key: &VerifierKey, kept_elsewhere: &[Checkpoint]) -> Result<Self, LedgerFilesError> {
        let newest = files.checkpoint(key)?;
        let covered = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let all = files.checkpoints(key)?.into_iter().chain(newest).chain(kept_elsewhere.iter().cloned());
        let mut checkpoints = BTreeMap::new();
        let mut fault = None;
        for checkpoint in all {
            let before = checkpoints.insert(checkpoint.size, checkpoint.root);
            if before.is_some_and(|root| root != checkpoint.root) {
                // Two signed pasts: whatever the entries are now, one of them is not the past.
                fault = Some(Fault::ChangedBetween { from: 0, upto: checkpoint.size });
            }
        }
        Ok(Verifier {
            files,
            checkpoints,
            covered,
            entries: Frontier::default(),
            tiles: Frontier::default(),
            tile: Vec::new(),
            held: 0,
            differs: None,
            detail_changed: None,
            fault,
        })
    }

    /// How many entries the newest checkpoint covers: so many are to be pushed at least, if they are there.
    pub fn covered(&self) -> u64 {
        self.covered
    }

    /// The next entry by its number, with its detail where it still has one; no entry where what stands there makes no sense.
    /// After a fault, nothing more is looked at.
    pub fn push(&mut self, number: u64, entry: Option<(&Entry, Option<&Detail>)>) {
        let expected = self.entries.size();
        if self.fault.is_some() {
            return;
        }
        if number != expected {
            self.fault = Some(Fault::Missing { number: expected });
            return;
        }
        let changed_detail = |(entry, detail): (&Entry, Option<&Detail>)| {
            detail.is_some_and(|detail| entry.commitment != Some(detail.commitment()))
        };
        if entry.is_some_and(changed_detail) {
            self.detail_changed.get_or_insert(expected);
        }
        let hash = entry.map_or_else(Hash::default, |(entry, _)| entry.hash());
        self.entries.push(hash);
        if expected < self.covered {
            let in_tile = self.hash_in_tile(expected);
            // A tile that cannot be read says something else, too.
            self.tiles.push(in_tile.unwrap_or_default());
            if in_tile != Some(hash) {
                self.differs.get_or_insert(expected);
            }
        }
        self.compare();
    }

    fn hash_in_tile(&mut self, number: u64) -> Option<Hash> {
        let at = (number % TILE_HASHES as u64) as usize;
        if at == 0 {
            let width = (self.covered - number).min(TILE_HASHES as u64) as usize;
            self.tile = self.files.tile(0, number / TILE_HASHES as u64, width).unwrap_or_default();
        }
        self.tile.get(at).copied()
    }

    /// Compares both trees with the checkpoint of this size, if there is one.
    fn compare(&mut self) {
        let size = self.entries.size();
        let Some(signed) = self.checkpoints.get(&size) else { return };
        self.fault = match self.differs {
            _ if self.entries.root() == *signed => {
                self.held = size;
                self.differs.take().map(|number| Fault::TileChanged { number })
            }
            Some(number) => Some(Fault::Changed { number }),
            None => Some(Fault::ChangedBetween { from: self.held, upto: size }),
        };
    }

    /// What came out, given the database's own edge of the tree.
    pub fn finish(self, head: &Frontier) -> Verdict {
        let entries = self.entries.size();
        let promised = self.checkpoints.last_key_value().map_or(0, |(size, _)| *size);
        let fault = self.fault.or(if entries < promised {
            Some(self.differs.map_or(Fault::Missing { number: entries }, |number| Fault::Changed { number }))
        } else if head.size() < promised {
            Some(Fault::HeadChanged { size: head.size(), signed: promised })
        } else if entries < head.size() {
            Some(Fault::MissingSince { from: entries, upto: head.size() })
        } else if self.entries != *head {
            Some(Fault::ChangedSince { from: promised })
        } else {
            self.detail_changed.map(|number| Fault::DetailChanged { number })
        });
        Verdict {
            entries,
            covered: self.covered.min(entries),
            checkpoints: self.checkpoints.len(),
            root: self.entries.root(),
            fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{AgencyId, Timestamp};

    use super::super::entry::Outcome;
    use super::super::note::LedgerKey;
    use super::*;

    fn entry(number: u64) -> Entry {
        Entry {
            number,
            at: Timestamp::from_micros(number as i64),
            agency: AgencyId::home(),
            actor: "person:1".into(),
            operation: "finding.acknowledge".into(),
            object: format!("finding:{number}"),
            outcome: Outcome::Done,
            commitment: None,
        }
    }

    fn frontier(entries: &[Entry]) -> Frontier {
        let mut frontier = Frontier::default();
        entries.iter().for_each(|entry| frontier.push(entry.hash()));
        frontier
    }

    /// A ledger of 700 entries with checkpoints at 300, 600 and 650.
    struct Ledger {
        folder: tempfile::TempDir,
        key: LedgerKey,
        entries: Vec<Entry>,
        head: Frontier,
    }

    impl Ledger {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let key = LedgerKey::from_seed("home/ledger", &[1; 32]).unwrap();
            let entries: Vec<Entry> = (0..700).map(entry).collect();
            let files = LedgerFiles::new(folder.path());
            for (from, upto) in [(0, 300), (300, 600), (600, 650)] {
                let new: Vec<Hash> = entries[from..upto].iter().map(Entry::hash).collect();
                files.publish(&key, &new, &frontier(&entries[..upto])).unwrap();
            }
            let head = frontier(&entries);
            Ledger { folder, key, entries, head }
        }

        fn verdict(&self) -> Verdict {
            let files = LedgerFiles::new(self.folder.path());
            let mut verifier = Verifier::new(files, self.key.verifier(), &[]).unwrap();
            self.entries.iter().for_each(|entry| verifier.push(entry.number, Some((entry, None))));
            verifier.finish(&self.head)
        }

        fn check(&self, fault: Fault) {
            assert_eq!(self.verdict().fault, Some(fault));
        }

        /// Entries from `number` on are those of somebody else, and the database's tree is made to fit.
        fn rewrite(&mut self, number: usize) {
            self.entries[number].actor = "person:2".into();
            self.head = frontier(&self.entries);
        }
    }

    #[test]
    fn what_was_written_holds() {
        let ledger = Ledger::new();
        let verdict = ledger.verdict();
        assert_eq!((verdict.entries, verdict.covered, verdict.checkpoints, verdict.fault), (700, 650, 3, None));
        assert_eq!(verdict.root, ledger.head.root());
    }

    #[test]
    fn the_first_changed_entry_is_named() {
        for number in [0, 255, 256, 299, 300, 649] {
            let mut ledger = Ledger::new();
            ledger.rewrite(number);
            ledger.check(Fault::Changed { number: number as u64 });
        }
        let ledger = Ledger::new();
        let files = LedgerFiles::new(ledger.folder.path());
        let mut verifier = Verifier::new(files, ledger.key.verifier(), &[]).unwrap();
        for entry in &ledger.entries {
            verifier.push(entry.number, (entry.number != 5).then_some((entry, None)));
        }
        assert_eq!(verifier.finish(&ledger.head).fault, Some(Fault::Changed { number: 5 }));
        let mut ledger = Ledger::new();
        ledger.entries[660].object = "finding:0".into();
        ledger.check(Fault::ChangedSince { from: 650 });
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut ledger = Ledger::new();
        ledger.entries.remove(17);
        ledger.check(Fault::Missing { number: 17 });
        // Cut off, with a database that says that it was never longer.
        let mut ledger = Ledger::new();
        ledger.entries.truncate(640);
        ledger.head = frontier(&ledger.entries);
        ledger.check(Fault::Missing { number: 640 });
        let mut ledger = Ledger::new();
        ledger.entries.truncate(660);
        ledger.check(Fault::MissingSince { from: 660, upto: 700 });
        // Removed, and the ones behind it renumbered.
        let mut ledger = Ledger::new();
        ledger.entries.remove(17);
        ledger.entries.iter_mut().enumerate().for_each(|(number, entry)| entry.number = number as u64);
        ledger.head = frontier(&ledger.entries);
        ledger.check(Fault::Changed { number: 17 });
    }

    #[test]
    fn a_count_that_was_set_back_is_named() {
        let mut ledger = Ledger::new();
        ledger.head = frontier(&ledger.entries[..10]);
        ledger.entries.truncate(650);
        ledger.check(Fault::HeadChanged { size: 10, signed: 650 });
    }

    #[test]
    fn changed_files_are_told_from_changed_entries() {
        let ledger = Ledger::new();
        let tile = ledger.folder.path().join("tile/0/000");
        let mut bytes = std::fs::read(&tile).unwrap();
        bytes[32 * 9] ^= 1;
        std::fs::write(&tile, bytes).unwrap();
        ledger.check(Fault::TileChanged { number: 9 });
        // Both, in agreement: the checkpoints convict them.
        let mut ledger = Ledger::new();
        ledger.rewrite(400);
        let mut bytes = std::fs::read(ledger.folder.path().join("tile/0/001")).unwrap();
        bytes[32 * 144..32 * 145].copy_from_slice(&ledger.entries[400].hash().0);
        std::fs::write(ledger.folder.path().join("tile/0/001"), bytes).unwrap();
        ledger.check(Fault::ChangedBetween { from: 300, upto: 600 });
    }

    #[test]
    fn files_and_database_rolled_back_together_are_convicted_from_elsewhere() {
        let before = Ledger::new();
        let kept = before.key.verifier().open(&before.key.sign(700, before.head.root())).unwrap();
        let files = LedgerFiles::new(before.folder.path());
        let mut verifier = Verifier::new(files, before.key.verifier(), &[kept]).unwrap();
        before.entries[..650].iter().for_each(|entry| verifier.push(entry.number, Some((entry, None))));
        let verdict = verifier.finish(&frontier(&before.entries[..650]));
        assert_eq!(verdict.fault, Some(Fault::Missing { number: 650 }));
    }

    #[test]
    fn details_are_held_to_their_promise() {
        let ledger = Ledger::new();
        let files = LedgerFiles::new(ledger.folder.path().join("none"));
        let mut verifier = Verifier::new(files, ledger.key.verifier(), &[]).unwrap();
        let detail = Detail { salt: [3; 16], text: "incident 7".into() };
        let mut promised = entry(0);
        promised.commitment = Some(detail.commitment());
        let mut erased = entry(1);
        erased.commitment = Some(detail.commitment());
        let mut lied = entry(2);
        lied.commitment = Some(detail.commitment());
        verifier.push(0, Some((&promised, Some(&detail))));
        verifier.push(1, Some((&erased, None)));
        verifier.push(2, Some((&lied, Some(&Detail { text: "incident 8".into(), ..detail }))));
        let head = frontier(&[promised, erased, lied]);
        assert_eq!(verifier.finish(&head).fault, Some(Fault::DetailChanged { number: 2 }));
    }
}
