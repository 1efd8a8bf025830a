//! What a report or an e-mail mentions: candidates for indicators, vulnerabilities and techniques, each with its places.
//!
//! People write what nobody should click in many ways (`hxxp`, `[.]`, `(dot)`, `[at]`); all of them are read, and what comes
//! out is in the normal form of `detect::indicators`. Domains are held against the Public Suffix List, because `report.docx`
//! has the shape of one. What may be something else (a file name, a version, a private address) is shown with its doubt.
//!
//! Candidates are for a person to confirm. Nothing here says that a thing is bad: a report names victims and references as
//! well as attackers.
//!
//! Deliberately absent: reading PDF or HTML (the caller gives text), languages, guessing what is meant by prose.

mod names;
mod pattern;
#[cfg(test)]
mod tests;
mod thing;

use std::collections::BTreeMap;

use model::limits;
use serde::{Deserialize, Serialize};

pub use names::TechniqueNames;
pub use thing::{Doubt, Thing};

use pattern::{PATTERNS, Sort};
use thing::Reading;

/// Where a thing stands in the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Bytes from the beginning of the text.
    pub offset: usize,
    /// As it is written there.
    pub written: String,
    /// The text before and after, with control characters as blanks.
    pub around: String,
}

/// A thing that the text mentions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What it is.
    pub thing: Thing,
    /// Why it may be something else; empty when nothing speaks against it.
    pub doubts: Vec<Doubt>,
    /// It is written so that nobody clicks it: the author thinks it bad.
    pub is_defanged: bool,
    /// Where, the first places.
    pub places: Vec<Place>,
    /// How many places there are.
    pub times: u64,
}

/// Something that has the shape of an indicator and is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Where it stands.
    pub place: Place,
    /// Why it is none.
    pub because: Doubt,
}

/// Everything that a text mentions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mined {
    /// Things, in the order of their first places.
    pub found: Vec<Found>,
    /// What has the shape of an indicator and is none, for whoever misses it.
    pub refused: Vec<Refused>,
    /// Places of things beyond [`limits::MINE_FOUND_MAX`], which were only counted.
    pub left_out: u64,
    /// Bytes at the end that were not read.
    pub bytes_left_out: usize,
}

/// Mines a text. `names` are those of techniques, and may be empty.
pub fn mine(text: &str, names: &TechniqueNames) -> Mined {
    let mut end = text.len().min(limits::MINE_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let read = text.get(..end).unwrap_or_default();
    let mut miner = Miner { text: read, taken: vec![false; end], readings: Vec::new() };
    for (sort, pattern) in PATTERNS.iter() {
        for found in pattern.find_iter(read) {
            miner.look(*sort, found.start(), found.end(), names);
        }
    }
    miner.look_for_names(names);
    miner.gather(text.len() - end)
}

/// One thing at one place.
struct At {
    offset: usize,
    length: usize,
    reading: Reading,
}

struct Miner<'t> {
    text: &'t str,
    /// Bytes that belong to something already: the address inside a URL is not told again.
    taken: Vec<bool>,
    readings: Vec<At>,
}

impl Miner<'_> {
    fn is_free(&self, start: usize, end: usize) -> bool {
        self.taken.get(start..end).is_some_and(|bytes| !bytes.iter().any(|taken| *taken))
    }

    fn take(&mut self, offset: usize, length: usize, reading: Reading) {
        if let Some(bytes) = self.taken.get_mut(offset..offset + length) {
            bytes.fill(true);
        }
        self.readings.push(At { offset, length, reading });
    }

    fn look(&mut self, sort: Sort, start: usize, end: usize, names: &TechniqueNames) {
        if !self.is_free(start, end) {
            return;
        }
        let Some(written) = self.text.get(start..end) else { return };
        let before = self.text.get(..start).unwrap_or_default();
        let after = self.text.get(end..).unwrap_or_default();
        if let Some((length, reading)) = thing::read(sort, (before, written, after), names) {
            self.take(start, length, reading);
        }
    }

    fn look_for_names(&mut self, names: &TechniqueNames) {
        for (start, end, id) in names.find(self.text) {
            if self.is_free(start, end) {
                let doubts = vec![Doubt::ByName];
                let thing = Thing::Technique { id: id.to_owned(), name: names.name_of(id).map(str::to_owned) };
                self.take(start, end - start, Reading::Thing { thing, doubts, is_defanged: false });
            }
        }
    }

    fn place(&self, at: &At) -> Place {
        let (start, end) = (at.offset, at.offset + at.length);
        let mut from = start.saturating_sub(limits::MINE_AROUND_BYTES);
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        let mut to = (end + limits::MINE_AROUND_BYTES).min(self.text.len());
        while !self.text.is_char_boundary(to) {
            to -= 1;
        }
        let show = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
        Place {
            offset: start,
            written: self.text.get(start..end).map(show).unwrap_or_default(),
            around: self.text.get(from..to).map(show).unwrap_or_default(),
        }
    }

    fn gather(mut self, bytes_left_out: usize) -> Mined {
        self.readings.sort_by_key(|at| at.offset);
        let mut mined = Mined { bytes_left_out, ..Mined::default() };
        let mut numbers: BTreeMap<Thing, usize> = BTreeMap::new();
        for at in &self.readings {
            match &at.reading {
                Reading::Refused(because) if mined.refused.len() < limits::NOTES_KEPT_MAX => {
                    mined.refused.push(Refused { place: self.place(at), because: because.clone() });
                }
                Reading::Refused(_) => {}
                Reading::Thing { thing, doubts, is_defanged } => {
                    let known = numbers.get(thing).and_then(|number| mined.found.get_mut(*number));
                    if let Some(found) = known {
                        found.times += 1;
                        found.is_defanged |= is_defanged;
                        // One place without a doubt is enough.
                        found.doubts.retain(|doubt| doubts.contains(doubt));
                        if found.places.len() < limits::MINE_PLACES_MAX {
                            found.places.push(self.place(at));
                        }
                    } else if mined.found.len() < limits::MINE_FOUND_MAX {
                        numbers.insert(thing.clone(), mined.found.len());
                        mined.found.push(Found {
                            thing: thing.clone(),
                            doubts: doubts.clone(),
                            is_defanged: *is_defanged,
                            places: vec![self.place(at)],
                            times: 1,
                        });
                    } else {
                        mined.left_out += 1;
                    }
                }
            }
        }
        doubt_what_can_be_clicked(&mut mined.found);
        mined
    }
}

/// An author who defangs some things and not others thinks the others harmless: references, victims, vendors.
fn doubt_what_can_be_clicked(found: &mut [Found]) {
    if !found.iter().any(|one| one.is_defanged) {
        return;
    }
    for one in found {
        if !one.is_defanged && one.thing.can_be_clicked() {
            one.doubts.push(Doubt::NotDefanged);
        }
    }
}
