//! Several segments and the changes since, as one segment.
//!
//! All of them are sorted alike, so a merge reads each once from front to back (twice, to be exact: the claims come first
//! in an image) and holds none of them.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::io::Write;

use super::build::{BuildError, Built, Give, Row, write};
use super::claims::ClaimTable;
use super::delta::Entry;
use super::key::Table;
use super::segment::{Cursor, Segment};
use super::set::IndicatorSet;
use super::wire::Damaged;

/// Writes everything that a set holds as one image; what the set removes is gone.
///
/// # Errors
/// When a segment is damaged, or `out` does not take the image.
pub fn merge(set: &IndicatorSet, out: &mut impl Write) -> Result<Built, BuildError> {
    let rows = |claims: &mut ClaimTable, give: Give<'_>| each_row(set, claims, give);
    write(&rows, ClaimTable::default(), out)
}

/// A segment that is read from front to back.
struct Stream<'a> {
    segment: &'a Segment,
    cursor: Cursor<'a>,
    /// Where the cursor stands.
    at: Option<(Table, u64)>,
    /// Numbers of the claims at each place of this segment.
    numbers: HashMap<u64, Vec<u32>>,
}

impl Stream<'_> {
    fn next(&mut self) -> Result<(), Damaged> {
        self.at = self.cursor.advance()?;
        Ok(())
    }

    fn key(&self) -> Option<(Table, &[u8])> {
        self.at.map(|(table, _)| (table, self.cursor.key()))
    }
}

fn each_row(set: &IndicatorSet, claims: &mut ClaimTable, give: Give<'_>) -> Result<(), BuildError> {
    let mut streams = Vec::new();
    for segment in &set.segments {
        let mut stream = Stream { segment, cursor: segment.cursor(), at: None, numbers: HashMap::new() };
        stream.next()?;
        streams.push(stream);
    }
    let changes = set.delta.sorted();
    let mut changes = changes.into_iter().peekable();
    let (mut key, mut numbers) = (Vec::new(), Vec::new());
    loop {
        let in_segments = streams.iter().filter_map(Stream::key).min();
        let changed = changes.peek().map(|entry| (entry.table, &*entry.key));
        let (table, change) = match (in_segments, changed) {
            (None, None) => return Ok(()),
            (Some(first), None) => (take(&mut key, first), None),
            (Some(first), Some(change)) if first < change => (take(&mut key, first), None),
            (_, Some(change)) => (take(&mut key, change), changes.next()),
        };
        numbers.clear();
        for stream in &mut streams {
            if stream.key().map(|at| at.cmp(&(table, &*key))) == Some(Ordering::Equal) {
                gather(stream, claims, &mut numbers)?;
                stream.next()?;
            }
        }
        settle(claims, change, &mut numbers);
        if !numbers.is_empty() {
            give(claims, Row { table, key: &key, claims: &numbers })?;
        }
    }
}

fn take(key: &mut Vec<u8>, (table, bytes): (Table, &[u8])) -> Table {
    key.clear();
    key.extend_from_slice(bytes);
    table
}

fn gather(stream: &mut Stream<'_>, claims: &mut ClaimTable, numbers: &mut Vec<u32>) -> Result<(), Damaged> {
    let Some((_, place)) = stream.at else { return Ok(()) };
    if let Some(known) = stream.numbers.get(&place) {
        numbers.extend_from_slice(known);
        return Ok(());
    }
    let here: Vec<u32> = stream.segment.claims_at(place)?.into_iter().map(|claim| claims.number(claim)).collect();
    numbers.extend_from_slice(&here);
    stream.numbers.insert(place, here);
    Ok(())
}

fn settle(claims: &mut ClaimTable, change: Option<&Entry>, numbers: &mut Vec<u32>) {
    match change {
        Some(entry) => {
            let mut all = claims.of(numbers);
            entry.change.apply(&mut all);
            *numbers = all.into_iter().map(|claim| claims.number(claim)).collect();
        }
        None => claims.settled(numbers),
    }
}
