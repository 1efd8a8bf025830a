//! What others publish about vulnerabilities, and tables to decide by.
//!
//! | reader | what |
//! |---|---|
//! | [`epss`] | FIRST's daily forecasts (CSV, api.first.org format of 2021 and later) |
//! | [`exploited`] | CISA's catalogue of known exploited vulnerabilities: its JSON, its CSV, and lists of CVE and date |
//! | [`described`] | CVE records with CISA's decision points (Vulnrichment), flattened to CSV |
//! | [`information`] | types of information (SP 800-60), as FedRAMP's table has them |
//! | [`ssvc`] | decision tables of CERT/CC's SSVC: CSV, and JSON of schema 2.0.0 |
//!
//! A row that cannot be read is a [`Refused`] with its place; the rest goes on. [`Source::of`] tells from a file's name what it holds
//! and of which day it is. Unpacking is the caller's.
//!
//! Deliberately absent: judging what was read (`risk`), and claims for the index of intelligence ([`crate::intel`]).

pub mod described;
pub mod epss;
pub mod exploited;
pub mod information;
pub mod ssvc;

use std::borrow::Cow;

use model::limits::{NOTES_KEPT_MAX, RISK_ROWS_MAX};
use model::vulnerability::Known;
use model::{CveId, Day};

use crate::Trouble;
use crate::intel::list::comma_records;

/// What was read, and what could not be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read<T> {
    /// The rows, in the file's order.
    pub rows: Vec<T>,
    /// What was refused, [`NOTES_KEPT_MAX`] of it at most.
    pub refused: Vec<Refused>,
    /// How much was refused.
    pub refused_count: u64,
}

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Line or entry, from 1; 0 for the file as a whole.
    pub place: u64,
    /// Why.
    pub trouble: Trouble,
}

impl<T> Read<T> {
    fn new() -> Self {
        Read { rows: Vec::new(), refused: Vec::new(), refused_count: 0 }
    }

    /// Moves the rows behind others; the notes stay.
    fn into_rows(self, rows: &mut Vec<T>) -> Read<()> {
        rows.extend(self.rows);
        Read { rows: Vec::new(), refused: self.refused, refused_count: self.refused_count }
    }

    fn refuse(&mut self, place: u64, trouble: Trouble) {
        self.refused_count += 1;
        if self.refused.len() < NOTES_KEPT_MAX {
            self.refused.push(Refused { place, trouble });
        }
    }

    /// Keeps a row; `false` when no more may be kept.
    fn keep(&mut self, place: u64, row: T) -> bool {
        if self.rows.len() >= RISK_ROWS_MAX {
            self.refuse(place, Trouble::too_large(format!("more than {RISK_ROWS_MAX} rows")));
            return false;
        }
        self.rows.push(row);
        true
    }
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Forecasts, of that day.
    Epss(Day),
    /// CVE records with decision points, as they stood on that day.
    Described(Day),
    /// The catalogue of exploited vulnerabilities; its entries are dated.
    ExploitedJson,
    /// CVEs and the days on which they were added to that catalogue.
    ExploitedList,
}

impl Source {
    /// By the name of the file, without its folder: `epss_2024-07-28….csv.gz`, `vulnrichment_2024-07-28….csv.gz`,
    /// `known_exploited_vulnerabilities….json` or `….csv`, `kev_….csv`, packed or not. `None` for any other.
    ///
    /// ```
    /// use formats::risk::Source;
    /// let day = "2024-07-28".parse()?;
    /// assert_eq!(Source::of("epss_2024-07-28_x.csv.gz"), Some(Source::Epss(day)));
    /// assert_eq!(Source::of("epss_scores-2024-07-28.csv.gz"), Some(Source::Epss(day)));
    /// assert_eq!(Source::of("known_exploited_vulnerabilities_schema.json"), None);
    /// # Ok::<(), model::day::NoDay>(())
    /// ```
    pub fn of(name: &str) -> Option<Self> {
        let plain = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        if plain.starts_with("known_exploited_vulnerabilities") && plain.ends_with(".json") {
            return (!plain.contains("schema")).then_some(Source::ExploitedJson);
        }
        let stem = plain.strip_suffix(".csv")?;
        // CISA's own file has the long name.
        if stem.starts_with("kev") || stem.starts_with("known_exploited_vulnerabilities") {
            return Some(Source::ExploitedList);
        }
        // The first ten characters that are a day.
        let day = stem.char_indices().find_map(|(at, _)| stem.get(at..at + 10)?.parse().ok())?;
        match stem {
            _ if stem.starts_with("epss") => Some(Source::Epss(day)),
            _ if stem.starts_with("vulnrichment") => Some(Source::Described(day)),
            _ => None,
        }
    }
}

/// Reads a file by its name, without its folder, and adds what it holds. Gives what was refused, or `None` when the name is of
/// no known kind. Forecasts belong to the later of the days that the name and the file itself say.
pub fn add(known: &mut Known, name: &str, bytes: &[u8]) -> Option<Read<()>> {
    Some(match Source::of(name)? {
        Source::Epss(day) => {
            let epss::Epss { day: own, read } = epss::read(bytes);
            read.into_rows(known.forecasts.entry(own.map_or(day, |own| own.max(day))).or_default())
        }
        Source::Described(day) => described::read(bytes).into_rows(known.described.entry(day).or_default()),
        Source::ExploitedJson => exploited::json(bytes).into_rows(&mut known.exploited),
        Source::ExploitedList => exploited::list(bytes).into_rows(&mut known.exploited),
    })
}

/// One record of a file with named columns.
struct Row<'a, 'n> {
    cells: &'a [Cow<'a, [u8]>],
    names: &'n [String],
}

impl Row<'_, '_> {
    /// The text of a column; empty when the row or the file has none.
    fn text(&self, name: &str) -> &str {
        let place = self.names.iter().position(|own| own == name);
        let cell = place.and_then(|place| self.cells.get(place));
        cell.and_then(|cell| std::str::from_utf8(cell).ok()).map(str::trim).unwrap_or_default()
    }

    fn cve(&self) -> Result<CveId, Trouble> {
        self.cve_of("cve")
    }

    fn cve_of(&self, column: &str) -> Result<CveId, Trouble> {
        self.text(column).parse().map_err(|error: model::vulnerability::NoCveId| Trouble::malformed(error.to_string()))
    }

    /// The day that a text begins with, where there is one.
    fn day(&self, name: &str) -> Option<Day> {
        self.text(name).get(..10)?.parse().ok()
    }
}

/// Reads a file whose first line names its columns, of which `needed` have to be there. Comments go to `comment`.
fn table<T>(
    bytes: &[u8],
    needed: &[&str],
    mut comment: impl FnMut(&str),
    mut row: impl FnMut(&Row<'_, '_>) -> Result<Option<T>, Trouble>,
) -> Read<T> {
    let mut read = Read::new();
    let mut names: Option<Vec<String>> = None;
    for record in comma_records(bytes) {
        let place = record.line;
        let cells = match record.cells {
            Ok(cells) => cells,
            Err(trouble) => {
                read.refuse(place, trouble);
                continue;
            }
        };
        if record.is_comment {
            cells.iter().filter_map(|cell| std::str::from_utf8(cell).ok()).for_each(&mut comment);
            continue;
        }
        let Some(names) = &names else {
            let found: Vec<String> =
                cells.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_ascii_lowercase()).collect();
            if let Some(missing) = needed.iter().find(|name| !found.iter().any(|own| own == *name)) {
                read.refuse(place, Trouble::malformed(format!("no column is called {missing:?}")));
                return read;
            }
            names = Some(found);
            continue;
        };
        match row(&Row { cells: &cells, names }) {
            Ok(Some(kept)) => {
                if !read.keep(place, kept) {
                    return read;
                }
            }
            Ok(None) => {}
            Err(trouble) => read.refuse(place, trouble),
        }
    }
    if names.is_none() {
        read.refuse(0, Trouble::malformed("the line with the columns' names is missing"));
    }
    read
}

#[cfg(test)]
mod tests;
