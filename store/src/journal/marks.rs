//! What is stored already, so that a record that its source names again is stored once (invariant 8).
//!
//! A *lane* is a place in which positions count: a file of a source, a stream, a named batch. Each lane keeps the *runs* of
//! positions that are stored, not only the highest: a batch that was refused while the next one was taken leaves a hole that
//! the retry fills. In a file everything between two neighbours of one batch counts as stored, because a file's positions
//! are byte offsets and have gaps by nature; in streams and batches only what was seen does.
//!
//! Bounded: lanes by kind, least recently used go first; runs by lane, the lowest two become one (so a hole is forgotten
//! only when a thousand younger ones exist). Both are counted. The marks are written to a file of their own whenever a
//! segment is closed, and thus outlive the segments; the rest is learnt from the indexes of the newest segment.

use std::collections::{BTreeSet, HashMap};

use model::{AgencyId, Cursor, SourceId, limits};

use super::block::{Index, Lane, Place, position_of};
use super::codec::{Bytes, put_number};

/// The first 16 bytes of BLAKE3 over agency, source and place.
pub(super) type LaneKey = [u8; 16];

const MAGIC: &[u8; 8] = b"WBMARKS1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Journal = 0,
    File = 1,
    Stream = 2,
    Batch = 3,
}

impl Kind {
    fn lanes_max(self) -> usize {
        match self {
            Kind::Journal => 0,
            Kind::File => limits::JOURNAL_FILE_LANES_MAX,
            Kind::Stream => limits::JOURNAL_STREAM_LANES_MAX,
            Kind::Batch => limits::JOURNAL_BATCH_LANES_MAX,
        }
    }

    pub(super) fn of(cursor: Option<&Cursor>) -> Kind {
        match cursor {
            None | Some(Cursor::Journal { .. }) => Kind::Journal,
            Some(Cursor::File { .. }) => Kind::File,
            Some(Cursor::Stream { .. }) => Kind::Stream,
            Some(Cursor::Batch { .. }) => Kind::Batch,
        }
    }
}

fn key(agency: &AgencyId, source: &SourceId, kind: Kind, name: &[u8]) -> LaneKey {
    let mut hasher = blake3::Hasher::new();
    // Labels hold no NUL, so the parts cannot run into each other.
    for part in [agency.as_str(), source.as_str()] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher.update(&[kind as u8]);
    hasher.update(name);
    let mut key = LaneKey::default();
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}

pub(super) fn key_of(agency: &AgencyId, source: &SourceId, cursor: Option<&Cursor>) -> LaneKey {
    let kind = Kind::of(cursor);
    match cursor {
        None | Some(Cursor::Journal { .. }) => key(agency, source, kind, b""),
        Some(Cursor::File { fingerprint, .. }) => key(agency, source, kind, &fingerprint.to_le_bytes()),
        Some(Cursor::Stream { stream: name, .. } | Cursor::Batch { id: name, .. }) => {
            key(agency, source, kind, name.as_bytes())
        }
    }
}

fn key_of_lane(lane: &Lane) -> (LaneKey, Kind) {
    let (kind, name) = match &lane.place {
        Place::Journal => (Kind::Journal, &b""[..]),
        Place::File(fingerprint) => (Kind::File, &fingerprint.to_le_bytes()[..]),
        Place::Stream(name) => (Kind::Stream, name.as_bytes()),
        Place::Batch(name) => (Kind::Batch, name.as_bytes()),
    };
    (key(&lane.agency, &lane.source, kind, name), kind)
}

/// Positions that are stored, as runs from … to, both included, in order and apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs(Vec<(u64, u64)>);

impl Runs {
    pub(super) fn contains(&self, position: u64) -> bool {
        let after = self.0.partition_point(|run| run.0 <= position);
        after > 0 && self.0[after - 1].1 >= position
    }

    /// Adds everything from `low` to `high`; says whether a hole had to be forgotten.
    pub(super) fn add(&mut self, low: u64, high: u64) -> bool {
        // Runs that touch or overlap the new one go into it.
        let first = self.0.partition_point(|run| run.1.saturating_add(1) < low);
        let past = self.0.partition_point(|run| run.0 <= high.saturating_add(1));
        if first < past {
            let joined = (self.0[first].0.min(low), self.0[past - 1].1.max(high));
            self.0.drain(first + 1..past);
            self.0[first] = joined;
        } else {
            self.0.insert(first, (low, high));
        }
        let is_over = self.0.len() > limits::JOURNAL_LANE_RUNS_MAX;
        if is_over {
            self.0[1].0 = self.0[0].0;
            self.0.remove(0);
        }
        is_over
    }
}

#[derive(Clone, Debug)]
struct Known {
    kind: Kind,
    used: u64,
    runs: Runs,
}

/// All lanes. Changes of one group of batches can be taken back until [`Marks::commit`].
#[derive(Debug, Default)]
pub(super) struct Marks {
    lanes: HashMap<LaneKey, Known>,
    by_age: [BTreeSet<(u64, LaneKey)>; 4],
    before: HashMap<LaneKey, Option<Known>>,
    clock: u64,
    /// Lanes forgotten because there were too many.
    pub(super) lanes_forgotten: u64,
    /// Holes taken for stored because a lane had too many.
    pub(super) holes_forgotten: u64,
}

impl Marks {
    pub(super) fn contains(&self, key: &LaneKey, position: u64) -> bool {
        self.lanes.get(key).is_some_and(|lane| lane.runs.contains(position))
    }

    /// Notes `position` as stored, and with `since` everything from there.
    pub(super) fn note(&mut self, key: LaneKey, kind: Kind, since: Option<u64>, position: u64) {
        let known = self.lanes.get(&key);
        self.before.entry(key).or_insert_with(|| known.cloned());
        let lane = self.lanes.entry(key).or_insert_with(|| Known { kind, used: 0, runs: Runs::default() });
        let low = since.filter(|since| *since < position).unwrap_or(position);
        if lane.runs.add(low, position) {
            self.holes_forgotten += 1;
        }
    }

    /// Keeps what was noted since the last commit, and forgets the oldest lanes past the limits.
    pub(super) fn commit(&mut self) {
        self.clock += 1;
        for (key, before) in self.before.drain() {
            let Some(lane) = self.lanes.get_mut(&key) else { continue };
            let ages = &mut self.by_age[lane.kind as usize];
            if before.is_some() {
                ages.remove(&(lane.used, key));
            }
            lane.used = self.clock;
            ages.insert((lane.used, key));
        }
        for kind in [Kind::File, Kind::Stream, Kind::Batch] {
            let ages = &mut self.by_age[kind as usize];
            while ages.len() > kind.lanes_max() {
                if let Some((_, key)) = ages.pop_first() {
                    self.lanes.remove(&key);
                    self.lanes_forgotten += 1;
                }
            }
        }
    }

    /// Takes back what was noted since the last commit.
    pub(super) fn roll_back(&mut self) {
        for (key, before) in self.before.drain() {
            match before {
                Some(lane) => self.lanes.insert(key, lane),
                None => self.lanes.remove(&key),
            };
        }
    }

    /// Learns the records of a block, from offset `from` on.
    pub(super) fn learn(&mut self, index: &Index, base: u64, from: u64) {
        let keys: Vec<_> = index.lanes.iter().map(key_of_lane).collect();
        let mut last = vec![None; keys.len()];
        for (number, row) in index.rows.iter().enumerate() {
            let (key, kind) = keys[row.lane];
            if kind == Kind::Journal || base + (number as u64) < from {
                continue;
            }
            let since = last[row.lane].filter(|_| row.follows && kind == Kind::File);
            self.note(key, kind, since, row.position);
            last[row.lane] = Some(row.position);
        }
        self.commit();
    }

    /// The marks as a file, valid for everything below offset `next`.
    pub(super) fn encode(&self, next: u64) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&next.to_le_bytes());
        put_number(&mut out, self.lanes.len() as u64);
        // Oldest first, so that the order of forgetting survives.
        for (_, key) in self.by_age.iter().flatten() {
            let Some(lane) = self.lanes.get(key) else { continue };
            out.extend_from_slice(key);
            out.push(lane.kind as u8);
            put_number(&mut out, lane.used);
            put_number(&mut out, lane.runs.0.len() as u64);
            let mut at = 0;
            for run in &lane.runs.0 {
                put_number(&mut out, run.0 - at);
                put_number(&mut out, run.1 - run.0);
                at = run.1;
            }
        }
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads such a file; `None` when it is damaged.
    pub(super) fn decode(bytes: &[u8]) -> Option<(Marks, u64)> {
        let (content, crc) = bytes.split_last_chunk::<4>()?;
        let mut rest = Bytes(content);
        if crc32fast::hash(content) != u32::from_le_bytes(*crc) || rest.take(8)? != MAGIC {
            return None;
        }
        let next = rest.u64()?;
        let mut marks = Marks::default();
        for _ in 0..rest.size()? {
            let key: LaneKey = rest.take(16)?.try_into().ok()?;
            let kind = match rest.byte()? {
                1 => Kind::File,
                2 => Kind::Stream,
                3 => Kind::Batch,
                _ => return None,
            };
            let used = rest.number()?;
            let mut runs = Vec::new();
            let mut at = 0u64;
            for _ in 0..rest.size()? {
                let low = at.checked_add(rest.number()?)?;
                at = low.checked_add(rest.number()?)?;
                runs.push((low, at));
            }
            marks.clock = marks.clock.max(used);
            marks.by_age[kind as usize].insert((used, key));
            marks.lanes.insert(key, Known { kind, used, runs: Runs(runs) });
        }
        rest.0.is_empty().then_some((marks, next))
    }
}

/// The position of a record in its lane.
pub(super) fn position(cursor: Option<&Cursor>) -> u64 {
    cursor.map_or(0, position_of)
}

/// Whether two records stand in the same lane, their source being the same.
pub(super) fn is_same_place(left: Option<&model::Cursor>, right: Option<&model::Cursor>) -> bool {
    use model::Cursor::{Batch, File, Journal, Stream};
    match (left, right) {
        (None | Some(Journal { .. }), None | Some(Journal { .. })) => true,
        (Some(File { fingerprint: a, .. }), Some(File { fingerprint: b, .. })) => a == b,
        (Some(Stream { stream: a, .. }), Some(Stream { stream: b, .. })) => a == b,
        (Some(Batch { id: a, .. }), Some(Batch { id: b, .. })) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_are_a_set(adds in prop::collection::vec((0u64..200, 0u64..9), 0..60)) {
            let (mut runs, mut set) = (Runs::default(), BTreeSet::new());
            for (low, more) in adds {
                runs.add(low, low + more);
                set.extend(low..=low + more);
            }
            for position in 0..220 {
                prop_assert_eq!(runs.contains(position), set.contains(&position));
            }
            prop_assert!(runs.0.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "apart and in order: {:?}", runs);
        }

        #[test]
        fn any_file_can_be_read(bytes: Vec<u8>) {
            let _ = Marks::decode(&bytes);
        }
    }

    #[test]
    fn the_ends_of_the_number_line_are_positions() {
        let mut runs = Runs::default();
        runs.add(u64::MAX, u64::MAX);
        runs.add(0, 0);
        assert!(runs.contains(u64::MAX) && runs.contains(0) && !runs.contains(1));
    }

    #[test]
    fn too_many_holes_are_forgotten_from_below() {
        let mut runs = Runs::default();
        let holes = limits::JOURNAL_LANE_RUNS_MAX as u64;
        let forgotten = (0..=holes).filter(|n| runs.add(n * 10, n * 10)).count();
        assert_eq!(forgotten, 1);
        assert_eq!(runs.0.len(), limits::JOURNAL_LANE_RUNS_MAX);
        assert!(runs.contains(5), "the lowest hole is closed");
        assert!(!runs.contains(15), "the others are open");
    }

    #[test]
    fn too_many_lanes_are_forgotten_oldest_first() {
        let mut marks = Marks::default();
        let key = |n: usize| -> LaneKey { (n as u128).to_le_bytes() };
        for n in 0..=limits::JOURNAL_STREAM_LANES_MAX {
            marks.note(key(n), Kind::Stream, None, 7);
            marks.commit();
        }
        assert_eq!(marks.lanes_forgotten, 1);
        assert!(!marks.contains(&key(0), 7));
        assert!(marks.contains(&key(1), 7));
    }

    #[test]
    fn what_is_rolled_back_was_never_there() {
        let mut marks = Marks::default();
        marks.note([1; 16], Kind::File, None, 10);
        marks.commit();
        marks.note([1; 16], Kind::File, Some(10), 90);
        marks.note([2; 16], Kind::Batch, None, 0);
        marks.roll_back();
        assert!(marks.contains(&[1; 16], 10) && !marks.contains(&[1; 16], 50) && !marks.contains(&[2; 16], 0));
        let (read, next) = Marks::decode(&marks.encode(77)).unwrap();
        assert_eq!((read.encode(77), next), (marks.encode(77), 77));
    }
}
