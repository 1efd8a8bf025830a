//! An immutable set of indicators in one image.
//!
//! Opening checks every byte, copies the first filters, a tenth of the image, and builds nothing: everything else is read
//! where it stands. Whoever maps a file keeps it unchanged; if it changes all the same, what is read stays inside the
//! image, a place that makes no sense counts as "not there", and [`Segment::damaged_reads`] says that it happened.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::{Indicator, IndicatorKind};

use super::blocks::{BlockIter, Blocks};
use super::build::Counts;
use super::claims::{self, Claim};
use super::filter::{self, Block, Filter};
use super::image::{OpenError, SectionId, Sections};
use super::key::{self, Table};
use super::name::Name;
use super::ranges::{Family, Ranges};
use super::wire::{Damaged, Reader};

/// A segment, opened over bytes that somebody holds or maps.
pub struct Segment {
    image: Arc<dyn AsRef<[u8]> + Send + Sync>,
    /// The first filters, read out of the image.
    first: [Box<[Block]>; Table::ALL.len()],
    tables: [Place; Table::ALL.len()],
    claims: Range<usize>,
    texts: Range<usize>,
    counts: Counts,
    damaged: AtomicU64,
}

/// Where the parts of a table are.
#[derive(Clone, Default)]
struct Place {
    keys: Range<usize>,
    index: Range<usize>,
    first: Range<usize>,
    second: Range<usize>,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Segment({} indicators, {} bytes)", self.len(), self.image_bytes())
    }
}

impl Segment {
    /// Opens an image: a vector, a memory map, anything that gives bytes.
    ///
    /// # Errors
    /// When the bytes are no segment, or not whole.
    pub fn open(image: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self, OpenError> {
        let bytes = image.as_ref();
        let sections = Sections::read(bytes)?;
        let tables = Table::ALL.map(|table| Place {
            keys: sections.get(SectionId::keys(table)),
            index: sections.get(SectionId::index(table)),
            first: sections.get(SectionId::first_filter(table)),
            second: sections.get(SectionId::second_filter(table)),
        });
        for (table, place) in Table::ALL.into_iter().zip(&tables) {
            let fits = place.index.len().is_multiple_of(4)
                && filter::is_whole(place.first.len(), place.second.len())
                && place.index.is_empty() == (place.keys.is_empty() || table.family().is_some());
            if !fits {
                return Err(Damaged("parts do not fit each other").into());
            }
        }
        let first = tables.each_ref().map(|place| filter::blocks(bytes.get(place.first.clone()).unwrap_or_default()));
        let counts = counts(bytes.get(sections.get(SectionId::COUNTS)).unwrap_or_default())?;
        let (claims, texts) = (sections.get(SectionId::CLAIMS), sections.get(SectionId::TEXTS));
        Ok(Segment { image: Arc::new(image), first, tables, claims, texts, counts, damaged: AtomicU64::new(0) })
    }

    /// How many indicators it holds.
    pub fn len(&self) -> u64 {
        self.counts.total()
    }

    /// It holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many indicators of each kind it holds, kinds without any left out.
    pub fn counts(&self) -> Vec<(IndicatorKind, u64)> {
        let of = |kind: IndicatorKind| {
            let of_kind = Table::ALL.into_iter().zip(self.counts.indicators).filter(|(table, _)| table.kind() == kind);
            of_kind.map(|(_, count)| count).sum()
        };
        IndicatorKind::ALL.into_iter().map(|kind| (kind, of(kind))).filter(|(_, count)| *count > 0).collect()
    }

    /// Bytes of the image, mapped or held.
    pub fn image_bytes(&self) -> usize {
        self.bytes().len()
    }

    /// Bytes that it holds beside the image: itself and its copy of the first filters.
    pub fn heap_bytes(&self) -> usize {
        size_of::<Segment>() + self.first.iter().map(|blocks| size_of_val(&**blocks)).sum::<usize>()
    }

    /// Bytes of the first filters, which every question touches.
    pub fn first_filter_bytes(&self) -> usize {
        self.tables.iter().map(|place| place.first.len()).sum()
    }

    /// Bytes of the second filters, which a few questions in a hundred touch.
    pub fn second_filter_bytes(&self) -> usize {
        self.tables.iter().map(|place| place.second.len()).sum()
    }

    /// How often something was read that made no sense. Anything but zero means: the image changed under us.
    pub fn damaged_reads(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Every indicator, one for each claim, by kind and key.
    ///
    /// # Errors
    /// When the image is damaged.
    pub fn for_each(&self, mut give: impl FnMut(Indicator)) -> Result<(), Damaged> {
        let mut cursor = self.cursor();
        while let Some((table, place)) = cursor.advance()? {
            let value = key::decode(table, cursor.key()).ok_or(Damaged("key of another table"))?;
            for claim in self.claims_at(place)? {
                give(indicator(table.kind(), value.clone(), claim));
            }
        }
        Ok(())
    }

    fn bytes(&self) -> &[u8] {
        (*self.image).as_ref()
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.bytes().get(range.clone()).unwrap_or_default()
    }

    fn filter(&self, table: Table) -> Filter<'_> {
        Filter { first: &self.first[table.index()], second: self.part(&self.tables[table.index()].second) }
    }

    fn blocks(&self, table: Table) -> Blocks<'_> {
        let place = &self.tables[table.index()];
        Blocks { bytes: self.part(&place.keys), index: self.part(&place.index) }
    }

    fn ranges(&self, table: Table, family: Family) -> Ranges<'_> {
        Ranges { bytes: self.part(&self.tables[table.index()].keys), family }
    }

    /// Turns damage into "not there", and remembers.
    fn sound<T>(&self, read: Result<T, Damaged>) -> Option<T> {
        read.inspect_err(|_| {
            self.damaged.fetch_add(1, Ordering::Relaxed);
        })
        .ok()
    }

    /// Whether it may hold that key; what nearly every question ends with.
    #[inline]
    pub(crate) fn may_hold(&self, table: Table, hash: u64) -> bool {
        let first = &self.first[table.index()];
        Filter { first, second: &[] }.look(hash).passes() && self.filter(table).second_lists(hash)
    }

    /// The claims about exactly that key.
    pub(crate) fn find(&self, table: Table, key: &[u8]) -> Option<Vec<Claim>> {
        let place = self.sound(self.blocks(table).find(key))??;
        self.sound(self.claims_at(place))
    }

    /// Whether a parent of the name, or the name, may be an indicator: `false` for nearly all.
    ///
    /// Asks about two labels and about three whatever the first answer is, and branches once, where the guess is nearly
    /// always right: an early end between the two would wait for memory before the next name could be begun.
    #[inline(always)]
    pub(crate) fn may_name(&self, name: &Name<'_>) -> bool {
        if name.is_long() {
            return true;
        }
        let filter = Filter { first: &self.first[Table::Domain.index()], second: &[] };
        let upper = name.upper();
        let (two, three) = (filter.look(upper.two), filter.look(upper.three));
        let below = two.is_node() & (three.passes() | (three.is_node() & !upper.is_all));
        two.passes() | below || self.counts.has_single_labels && filter.look(upper.one).passes()
    }

    /// Gives every parent of the name (and the name) that is an indicator: where it starts, and its claims.
    pub(crate) fn find_names(&self, name: &Name<'_>, mut give: impl FnMut(usize, Vec<Claim>)) {
        let filter = self.filter(Table::Domain);
        for suffix in name.suffixes() {
            // Nearly every top-level domain has an indicator below it: asked only where one is an indicator itself.
            if suffix.labels == 1 && !self.counts.has_single_labels {
                continue;
            }
            let found = filter.look(suffix.hash);
            if filter.lists(found)
                && let Some(claims) = self.find_name(name, suffix.start)
            {
                give(suffix.start, claims);
            }
            // Names of one label are not in the filter as parents.
            if suffix.labels > 1 && !found.is_node() {
                return;
            }
        }
    }

    fn find_name(&self, name: &Name<'_>, start: usize) -> Option<Vec<Claim>> {
        let name = name.text().get(start..)?;
        let mut key = [0; super::name::NAME_BYTES_MAX];
        let key = key.get_mut(..name.len())?;
        key.iter_mut().zip(name.iter().rev()).for_each(|(to, from)| *to = *from);
        self.find(Table::Domain, key)
    }

    /// Gives every range that holds the address, the longest first: its key and claims.
    pub(crate) fn find_ranges(&self, table: Table, address: &[u8], mut give: impl FnMut(&[u8], Vec<Claim>)) {
        let Some(family) = table.family() else { return };
        let ranges = self.ranges(table, family);
        let read = ranges.each(address, |range| {
            if let Some(claims) = self.sound(self.claims_at(range.claims)) {
                give(range.key, claims);
            }
        });
        self.sound(read);
    }

    pub(crate) fn claims_at(&self, place: u64) -> Result<Vec<Claim>, Damaged> {
        claims::decode(self.part(&self.claims), self.part(&self.texts), place)
    }

    /// Stands before the first indicator.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor { segment: self, tables: Table::ALL.iter(), keys: None }
    }
}

pub(crate) fn indicator(kind: IndicatorKind, value: String, claim: Claim) -> Indicator {
    let Claim { label, source, confidence, level, seen } = claim;
    Indicator { kind, value, label, confidence, level, source, seen }
}

fn counts(bytes: &[u8]) -> Result<Counts, Damaged> {
    let mut reader = Reader::new(bytes);
    let mut counts = Counts::default();
    for count in &mut counts.indicators {
        *count = reader.u64()?;
    }
    counts.has_single_labels = reader.u64()? != 0;
    // Sums are taken of these.
    let plausible = counts.indicators.iter().all(|&count| count <= u64::from(u32::MAX));
    if plausible { Ok(counts) } else { Err(Damaged("number of indicators")) }
}

/// Goes through all keys of a segment in order.
pub(crate) struct Cursor<'a> {
    segment: &'a Segment,
    tables: std::slice::Iter<'static, Table>,
    keys: Option<(Table, Keys<'a>)>,
}

enum Keys<'a> {
    Blocks(BlockIter<'a>),
    Ranges { ranges: Ranges<'a>, next: usize, key: &'a [u8] },
}

impl<'a> Cursor<'a> {
    /// Goes to the next key; gives its table and where its claims are, `None` behind the last.
    pub(crate) fn advance(&mut self) -> Result<Option<(Table, u64)>, Damaged> {
        loop {
            if let Some((table, keys)) = &mut self.keys {
                match keys {
                    Keys::Blocks(blocks) => {
                        if let Some(place) = blocks.advance()? {
                            return Ok(Some((*table, place)));
                        }
                    }
                    Keys::Ranges { ranges, next, key } if *next < ranges.count() => {
                        let range = ranges.get(*next)?;
                        (*next, *key) = (*next + 1, range.key);
                        return Ok(Some((*table, range.claims)));
                    }
                    Keys::Ranges { .. } => {}
                }
            }
            let Some(&table) = self.tables.next() else { return Ok(None) };
            let segment: &'a Segment = self.segment;
            let keys = match table.family() {
                Some(family) => Keys::Ranges { ranges: segment.ranges(table, family), next: 0, key: &[] },
                None => Keys::Blocks(segment.blocks(table).iter()),
            };
            self.keys = Some((table, keys));
        }
    }

    /// The key that [`Cursor::advance`] came to.
    pub(crate) fn key(&self) -> &[u8] {
        match &self.keys {
            Some((_, Keys::Blocks(blocks))) => &blocks.key,
            Some((_, Keys::Ranges { key, .. })) => key,
            None => &[],
        }
    }
}
