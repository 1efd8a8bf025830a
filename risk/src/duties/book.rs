//! The book of duties: a TOML file with a table for each.

use std::collections::BTreeSet;
use std::time::Duration;

use model::Timestamp;
use model::limits::{DUTIES_MAX, DUTY_BOOK_BYTES_MAX, DUTY_TEXT_BYTES_MAX};
use serde::Deserialize;

use super::Fact;

const BUILT_IN: &str = include_str!("../../data/duties.toml");

/// The clock begins when somebody is aware.
pub(super) const AWARE: &str = "aware";
/// The clock begins when a ransom was paid.
pub(super) const RANSOM_PAID: &str = "ransom-paid";

/// How long somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Hours.
    Hours(u32),
    /// Months of the calendar; a day that the month does not have is its last.
    Months(u32),
}

impl Span {
    /// When it is over that begins at `from`.
    pub fn after(self, from: Timestamp) -> Timestamp {
        match self {
            Span::Hours(hours) => from.plus(Duration::from_secs(u64::from(hours) * 3_600)),
            Span::Months(months) => from.plus_months(months),
        }
    }
}

/// A duty to report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Its name: small letters, digits and hyphens.
    pub id: String,
    /// What it is.
    pub title: String,
    /// The law, with its place.
    pub law: String,
    /// To whom.
    pub to: String,
    /// Where it holds: a word of the book's own, for example `eu`.
    pub region: String,
    /// What has to be so for it to bind.
    pub facts: Vec<Fact>,
    /// When its clock begins: `aware`, `ransom-paid`, or another duty's name.
    pub from: String,
    /// How long; `None` means without delay.
    pub span: Option<Span>,
    /// What the report has to say, as questions.
    pub asks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    duty: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    title: String,
    law: String,
    to: String,
    region: String,
    facts: Vec<Fact>,
    from: String,
    hours: Option<u32>,
    days: Option<u32>,
    months: Option<u32>,
    #[serde(default)]
    asks: Vec<String>,
}

/// Why a book cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// Too long.
    #[error("{0} bytes, at most {DUTY_BOOK_BYTES_MAX} are read")]
    Size(usize),
    /// Not the form.
    #[error("not the form of a book of duties: {0}")]
    Form(String),
    /// Too many.
    #[error("{0} duties, at most {DUTIES_MAX} are read")]
    Many(usize),
    /// Something is wrong with one of them.
    #[error("duty {id:?}: {reason}")]
    Duty {
        /// Which.
        id: String,
        /// What.
        reason: &'static str,
    },
}

/// All duties that are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book(Vec<Duty>);

impl Book {
    /// The book of a city that has none of its own.
    ///
    /// # Errors
    /// Never; a test reads it.
    pub fn built_in() -> Result<Self, BookError> {
        Book::read(BUILT_IN)
    }

    /// The text of the built-in book, to begin one's own with.
    pub const fn built_in_text() -> &'static str {
        BUILT_IN
    }

    /// Reads a book.
    ///
    /// # Errors
    /// The first thing that is wrong, with the duty's name.
    pub fn read(text: &str) -> Result<Self, BookError> {
        if text.len() > DUTY_BOOK_BYTES_MAX {
            return Err(BookError::Size(text.len()));
        }
        let file: File = toml::from_str(text).map_err(|error| BookError::Form(error.message().to_owned()))?;
        if file.duty.len() > DUTIES_MAX {
            return Err(BookError::Many(file.duty.len()));
        }
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut duties = Vec::new();
        for written in file.duty {
            let id = written.id.chars().take(64).collect::<String>();
            let wrong = |reason| BookError::Duty { id: id.clone(), reason };
            let begins = written.from.clone();
            let is_known = begins == AWARE || begins == RANSOM_PAID || names.contains(&begins);
            if !is_known {
                let reason = "from is \"aware\", \"ransom-paid\", or the name of a duty that stands before it";
                return Err(wrong(reason));
            }
            let duty = checked(written).map_err(wrong)?;
            if !names.insert(duty.id.clone()) {
                return Err(wrong("stands there twice"));
            }
            duties.push(duty);
        }
        Ok(Book(duties))
    }

    /// The duties, as the book has them.
    pub fn duties(&self) -> &[Duty] {
        &self.0
    }

    /// The duty of that name.
    pub fn duty(&self, id: &str) -> Option<&Duty> {
        self.0.iter().find(|duty| duty.id == id)
    }

    /// The regions that the book knows.
    pub fn regions(&self) -> BTreeSet<&str> {
        self.0.iter().map(|duty| duty.region.as_str()).collect()
    }
}

fn checked(written: Written) -> Result<Duty, &'static str> {
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if !(1..=63).contains(&written.id.len()) || !written.id.chars().all(is_letter) {
        return Err("a name has 1 to 63 small letters, digits and hyphens");
    }
    let texts = [&written.title, &written.law, &written.to, &written.region];
    if texts.iter().any(|text| text.trim().is_empty() || text.len() > DUTY_TEXT_BYTES_MAX) {
        return Err("title, law, to and region have to say something, in a few words");
    }
    if written.asks.iter().any(|ask| ask.trim().is_empty() || ask.len() > DUTY_TEXT_BYTES_MAX)
        || written.asks.len() > 50
    {
        return Err("asks are at most 50 short questions");
    }
    let in_bounds = |number: u32, most: u32| (1..=most).contains(&number);
    let span = match (written.hours, written.days, written.months) {
        (None, None, None) => None,
        (Some(hours), None, None) if in_bounds(hours, 10_000) => Some(Span::Hours(hours)),
        (None, Some(days), None) if in_bounds(days, 1_000) => Some(Span::Hours(days * 24)),
        (None, None, Some(months)) if in_bounds(months, 60) => Some(Span::Months(months)),
        _ => return Err("one of hours (to 10000), days (to 1000) and months (to 60), and not nothing"),
    };
    Ok(Duty {
        id: written.id,
        title: written.title,
        law: written.law,
        to: written.to,
        region: written.region,
        facts: written.facts,
        from: written.from,
        span,
        asks: written.asks,
    })
}
