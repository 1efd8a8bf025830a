//! What can be wrong with a pattern or with what it is held against, and where.

use std::fmt;

use super::ast::ObjectPath;

/// A place in the text of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Place {
    /// The place of that byte.
    pub(crate) fn of(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        Place { line, column: before.get(line_start..).unwrap_or_default().chars().count() + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A text that is no pattern, or asks for what cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pattern, {place}: {reason}")]
pub struct PatternFault {
    place: Place,
    reason: String,
}

impl PatternFault {
    pub(crate) fn new(place: Place, reason: impl Into<String>) -> Self {
        PatternFault { place, reason: reason.into() }
    }

    /// Where it is.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// What it is.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Bytes that are no observed data at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObservedFault {
    /// More than is read.
    #[error("observed data of {bytes} bytes; hint: at most {} are read", model::limits::OBSERVED_BYTES_MAX)]
    TooLarge {
        /// How much it is.
        bytes: usize,
    },
    /// No JSON.
    #[error("observed data is not JSON")]
    Json(#[source] serde_json::Error),
    /// JSON of another kind.
    #[error("neither a bundle with objects nor observed data; hint: give a bundle, or a list of bundles")]
    NoBundle,
    /// More observations, or objects in them, than are read.
    #[error("observed data with more than {most} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many are read.
        most: usize,
    },
}

/// Why a property could not be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// The constant is a time, the value a text that is none.
    NotATime,
    /// The value is a text that is no address and no range.
    NotAnAddress,
    /// One of both has to be a range, `address/length` with a length of 1 or more, and is none.
    NotARange,
    /// A property `…_hex` or `…_bin` whose text is not so encoded.
    NotEncoded,
    /// A property `…_ref` that is no text, or `…_refs` that is no list of texts.
    NotAReference,
    /// The regular expression needs more memory than it gets.
    ExpressionTooLarge,
    /// The value is bytes, and the regular expression cannot be held against bytes.
    ExpressionForText,
    /// The observation lacks what every observation has, so that nobody knows what it would match.
    BrokenObservation,
    /// The observation ended before it began, and the pattern asks for times.
    EndsBeforeItBegins,
}

impl Why {
    const fn text(self) -> &'static str {
        match self {
            Why::NotATime => "its value is no time",
            Why::NotAnAddress => "its value is neither an address nor a range of addresses",
            Why::NotARange => "value or constant would have to be a range, `address/length`",
            Why::NotEncoded => "its value is not encoded as its name says",
            Why::NotAReference => "it does not hold references",
            Why::ExpressionTooLarge => "the regular expression needs too much memory",
            Why::ExpressionForText => "the regular expression cannot be held against bytes",
            Why::BrokenObservation => "times, number or objects of the observation are missing or wrong",
            Why::EndsBeforeItBegins => "last_observed is before first_observed",
        }
    }
}

/// What could not be compared, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The id of the observation.
    pub observation: String,
    /// The property, if it is about one.
    pub path: Option<ObjectPath>,
    /// The reason.
    pub why: Why,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.observation)?;
        if let Some(path) = &self.path {
            write!(f, "{path}: ")?;
        }
        f.write_str(self.why.text())
    }
}

/// The pattern neither matches for certain nor certainly not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecided {
    /// It would match, if what could not be compared were true.
    #[error("cannot be evaluated: {0}")]
    Doubtful(Doubt),
    /// There are too many ways to fit observations to it.
    #[error("cannot be evaluated: more than {} {what}", limit)]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much is done.
        limit: u64,
    },
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatchError {
    /// The pattern is at fault.
    #[error(transparent)]
    Pattern(#[from] PatternFault),
    /// The observed data is at fault.
    #[error(transparent)]
    Observed(#[from] ObservedFault),
    /// Both can be read, and the question still has no answer.
    #[error(transparent)]
    Undecided(#[from] Undecided),
}
