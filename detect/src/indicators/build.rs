//! From indicators to the image of a segment.
//!
//! [`Builder`] takes indicators in any order and sorts them in memory, at about 24 bytes beside the value for each.
//! Merging segments ([`super::merge`]) needs no sorting and holds only hashes and block starts, about nine bytes for each.

use std::io::{self, Write};

use model::{Indicator, IndicatorKind, limits};

use super::blocks::{BlockWriter, shared};
use super::claims::{Claim, ClaimTable};
use super::filter;
use super::image::{ImageWriter, SectionId};
use super::key::{self, Table};
use super::name::{self, Name};
use super::normal;
use super::ranges::RangeWriter;
use super::wire::Damaged;

/// Why a segment could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The value is nothing of that kind.
    #[error("{value:?} is no {kind}")]
    NotThatKind {
        /// What it should be.
        kind: IndicatorKind,
        /// The value, shortened.
        value: String,
    },
    /// More than one segment holds.
    #[error("more indicators than one segment holds ({})", limits::INDICATOR_SEGMENT_MAX)]
    TooMany,
    /// A segment to be merged is damaged.
    #[error("a segment cannot be merged")]
    Damaged(#[from] Damaged),
    /// The image could not be written.
    #[error("cannot write the segment")]
    Write(#[from] io::Error),
}

/// What a segment came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// Distinct indicators.
    pub indicators: u64,
    /// Bytes of the image.
    pub image_bytes: u64,
}

/// Gathers indicators for a segment.
pub struct Builder {
    keys: Vec<u8>,
    entries: Vec<Entry>,
    claims: ClaimTable,
    limit: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    /// First bytes of the key, for sorting without a look at the rest.
    prefix: u64,
    at: u32,
    claim: u32,
    length: u16,
    table: Table,
}

impl Default for Builder {
    fn default() -> Self {
        Builder::new()
    }
}

impl Builder {
    /// An empty one.
    pub fn new() -> Self {
        Builder::with_limit(limits::INDICATOR_SEGMENT_MAX)
    }

    fn with_limit(limit: usize) -> Self {
        Builder { keys: Vec::new(), entries: Vec::new(), claims: ClaimTable::default(), limit }
    }

    /// Adds an indicator. Its value is brought into normal form; the same value may come again, from other sources.
    ///
    /// # Errors
    /// When the value is nothing of its kind, or there is no room.
    pub fn push(&mut self, indicator: &Indicator) -> Result<(), BuildError> {
        let wrong = || BuildError::NotThatKind {
            kind: indicator.kind,
            value: indicator.value.chars().take(limits::REASON_VALUE_BYTES_MAX).collect(),
        };
        let value = normal::normal(indicator.kind, &indicator.value).ok_or_else(wrong)?;
        if self.entries.len() >= self.limit {
            return Err(BuildError::TooMany);
        }
        let at = u32::try_from(self.keys.len()).map_err(|_| BuildError::TooMany)?;
        let table = key::encode(indicator.kind, &value, &mut self.keys).ok_or_else(wrong)?;
        let key = &self.keys[at as usize..];
        let length = u16::try_from(key.len()).map_err(|_| wrong())?;
        let mut prefix = [0; 8];
        let known = key.len().min(8);
        prefix[..known].copy_from_slice(&key[..known]);
        let claim = self.claims.number(Claim::of(indicator));
        self.entries.push(Entry { prefix: u64::from_be_bytes(prefix), at, claim, length, table });
        Ok(())
    }

    /// How many were added, the same value from several sources counted for each.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Nothing was added.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes the image of the segment.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn finish(mut self, out: &mut impl Write) -> Result<Built, BuildError> {
        let keys = std::mem::take(&mut self.keys);
        let key = |entry: &Entry| keys.get(entry.at as usize..entry.at as usize + usize::from(entry.length));
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by(|a, b| {
            let first = (a.table, a.prefix).cmp(&(b.table, b.prefix));
            first.then_with(|| key(a).cmp(&key(b))).then(a.at.cmp(&b.at))
        });
        let rows = |claims: &mut ClaimTable, give: Give<'_>| {
            let mut numbers = Vec::new();
            for group in entries.chunk_by(|a, b| a.table == b.table && key(a) == key(b)) {
                let Some((first, key)) = group.first().and_then(|first| Some((first, key(first)?))) else { continue };
                numbers.clear();
                numbers.extend(group.iter().map(|entry| entry.claim));
                claims.settled(&mut numbers);
                give(claims, Row { table: first.table, key, claims: &numbers })?;
            }
            Ok(())
        };
        write(&rows, self.claims, out)
    }
}

/// One indicator on its way into an image.
pub(crate) struct Row<'a> {
    pub(crate) table: Table,
    pub(crate) key: &'a [u8],
    /// Numbers of its claims, settled.
    pub(crate) claims: &'a [u32],
}

/// Takes rows one after the other.
pub(crate) type Give<'a> = &'a mut dyn FnMut(&mut ClaimTable, Row<'_>) -> Result<(), BuildError>;

/// Gives all rows in the order of table and key, each key once; asked twice, gives the same again.
pub(crate) type Rows<'a> = &'a dyn Fn(&mut ClaimTable, Give<'_>) -> Result<(), BuildError>;

/// Writes an image: the first pass over the rows learns their claims and counts, the second writes.
pub(crate) fn write<W: Write>(rows: Rows<'_>, mut claims: ClaimTable, out: W) -> Result<Built, BuildError> {
    let mut counts = Counts::default();
    rows(&mut claims, &mut |claims, row| {
        claims.count(row.claims);
        counts.indicators[row.table.index()] += 1;
        counts.has_single_labels |= row.table == Table::Domain && !row.key.contains(&b'.');
        if counts.total() > limits::INDICATOR_SEGMENT_MAX as u64 { Err(BuildError::TooMany) } else { Ok(()) }
    })?;
    let (sets, texts) = claims.encode();
    let mut image = ImageWriter::new(out)?;
    image.section(SectionId::CLAIMS, &sets)?;
    image.section(SectionId::TEXTS, &texts)?;
    image.section(SectionId::COUNTS, &counts.encode())?;
    let mut open: Option<TableWriter> = None;
    rows(&mut claims, &mut |claims, row| {
        if open.as_ref().is_none_or(|open| open.table != row.table) {
            if let Some(done) = open.take() {
                done.finish(&mut image)?;
            }
            image.begin(SectionId::keys(row.table))?;
            open = Some(TableWriter::new(row.table));
        }
        let place = claims.place(row.claims).ok_or(Damaged("claims changed between passes"))?;
        if let Some(open) = &mut open {
            open.push(row.key, place).ok_or(BuildError::TooMany)?;
            if open.buffer.len() >= FLUSH_BYTES {
                image.write(&open.buffer)?;
                open.buffer.clear();
            }
        }
        Ok(())
    })?;
    if let Some(done) = open.take() {
        done.finish(&mut image)?;
    }
    Ok(Built { indicators: counts.total(), image_bytes: image.finish()? })
}

/// Bytes that are gathered before they are written.
const FLUSH_BYTES: usize = 64 * 1024;

/// How many indicators an image holds.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) indicators: [u64; Table::ALL.len()],
    /// There are names of one label (`zip`), so the first step of a walk must be asked about.
    pub(crate) has_single_labels: bool,
}

impl Counts {
    pub(crate) fn total(&self) -> u64 {
        self.indicators.iter().sum()
    }

    fn encode(&self) -> Vec<u8> {
        let flags = u64::from(self.has_single_labels);
        self.indicators.iter().chain([&flags]).flat_map(|number| number.to_le_bytes()).collect()
    }
}

/// Writes the sections of one table.
struct TableWriter {
    table: Table,
    buffer: Vec<u8>,
    keys: Keys,
    listed: Vec<u64>,
    parents: Vec<u64>,
    previous: Vec<u8>,
}

enum Keys {
    Blocks(BlockWriter),
    Ranges(RangeWriter),
}

impl TableWriter {
    fn new(table: Table) -> Self {
        let keys = match table.family() {
            Some(family) => Keys::Ranges(RangeWriter::new(family)),
            None => Keys::Blocks(BlockWriter::default()),
        };
        let (buffer, previous) = (Vec::with_capacity(FLUSH_BYTES * 2), Vec::new());
        TableWriter { table, buffer, keys, listed: Vec::new(), parents: Vec::new(), previous }
    }

    fn push(&mut self, key: &[u8], place: u64) -> Option<()> {
        match &mut self.keys {
            Keys::Ranges(ranges) => return ranges.push(key, place, &mut self.buffer),
            Keys::Blocks(blocks) => blocks.push(key, place, &mut self.buffer)?,
        }
        if self.table == Table::Domain {
            self.push_name(key)
        } else {
            self.listed.push(name::hash(key))
        }
        Some(())
    }

    /// Puts a name and what lies above it into the filter. The key is the name backwards, so a parent is a beginning of
    /// the key before a dot; names below one parent stand together, so a parent that the key before has is in already.
    fn push_name(&mut self, key: &[u8]) {
        let forward: Vec<u8> = key.iter().rev().copied().collect();
        let known = shared(&self.previous, key);
        let mut name = Name::EMPTY;
        if std::str::from_utf8(&forward).is_ok_and(|text| name.read(text)) {
            for suffix in name.suffixes() {
                let length = key.len() - suffix.start;
                if suffix.start == 0 {
                    self.listed.push(suffix.hash);
                } else if known <= length && suffix.labels > 1 {
                    self.parents.push(suffix.hash);
                }
            }
        }
        self.previous.clear();
        self.previous.extend_from_slice(key);
    }

    fn finish<W: Write>(self, image: &mut ImageWriter<W>) -> io::Result<()> {
        image.write(&self.buffer)?;
        if let Keys::Blocks(blocks) = &self.keys {
            image.section(SectionId::index(self.table), &blocks.index)?;
            let (first, second) = filter::build(&self.listed, &self.parents);
            image.section(SectionId::first_filter(self.table), &first)?;
            image.section(SectionId::second_filter(self.table), &second)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::Defaults;
    use super::*;

    fn indicator(value: &str) -> Indicator {
        super::super::list::parse_line(value, &Defaults::of_source("test")).unwrap().unwrap()
    }

    #[test]
    fn a_segment_is_limited() {
        let mut builder = Builder::with_limit(2);
        builder.push(&indicator("a.example\tx")).unwrap();
        builder.push(&indicator("b.example\tx")).unwrap();
        assert!(matches!(builder.push(&indicator("c.example\tx")), Err(BuildError::TooMany)));
        assert_eq!(builder.len(), 2);
    }

    #[test]
    fn what_is_not_of_its_kind_is_refused() {
        let wrong = Indicator { kind: IndicatorKind::Ipv4, ..indicator("a.example\tx") };
        assert!(matches!(Builder::new().push(&wrong), Err(BuildError::NotThatKind { .. })));
    }

    #[test]
    fn the_same_indicators_make_the_same_bytes() {
        let lines = ["b.example\tx", "a.example\ty", "192.0.2.1\tz", "10.0.0.0/8\tz", "a.example\tq"];
        let image = |order: &[usize]| {
            let mut builder = Builder::new();
            order.iter().for_each(|&at| builder.push(&indicator(lines[at])).unwrap());
            let mut out = Vec::new();
            let built = builder.finish(&mut out).unwrap();
            assert_eq!((built.indicators, built.image_bytes), (4, out.len() as u64));
            out
        };
        assert_eq!(image(&[0, 1, 2, 3, 4]), image(&[4, 3, 2, 1, 0]));
    }
}
