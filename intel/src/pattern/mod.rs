//! The patterning language of STIX 2.1 (section 9): what has to have been observed, by which properties, in which order.
//!
//! [`Pattern::parse`] reads a text, [`Observed::read`] observed data, [`Pattern::judge`] holds one against the other;
//! [`matches`] does all three. [`PatternSet`] does it for a hundred thousand patterns at once, and [`lower`] turns the simple
//! ones into indicators for `detect`. [`Watched`] holds those that are not simple against each event.
//!
//! The judge beside the specification is the matcher of OASIS. Where both differ we follow the specification: addresses of
//! IPv6 in ranges, `EXISTS`, `%` and `_` over line feeds, leap seconds, `true IN (1)`, which is false, and bytes in a set of
//! texts. Where the specification leaves room we follow the matcher: `NOT` beside things without an order stays false, times
//! count to the microsecond, references are always followed, a range has a length of at least 1.
//!
//! Deliberately absent: reading indicators with patterns (`formats::intel`), patterns in other languages, and the older
//! language of STIX 2.0, in which times of `START` and `STOP` were texts.

mod ast;
mod check;
mod compare;
mod event;
mod fault;
mod fit;
mod judge;
mod lex;
mod lower;
mod observed;
mod parse;
mod range;
mod regular;
mod set;
mod walk;
mod watched;

use std::fmt;
use std::str::FromStr;

pub use ast::{Comparison, Expression, Literal, ObjectPath, Operation, Qualifier, Relation, Step, Test};
pub use fault::{Doubt, MatchError, ObservedFault, PatternFault, Place, Undecided, Why};
pub use judge::{Bound, Match};
pub use lower::lower;
pub use observed::{Observed, ObservedNote};
pub use set::{PatternSet, TooManyPatterns, Verdict};
pub use watched::{Admitted, PatternMemory, Takes, Wanted, Watched};

use check::Check;

/// A pattern that has been read.
#[derive(Debug)]
pub struct Pattern {
    expression: Expression,
    /// Its tests, in the order of the text.
    checks: Vec<Check>,
    /// Which of them stand under a qualifier that judges times.
    timed: Vec<bool>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// ```
    /// use intel::pattern::Pattern;
    /// let pattern = Pattern::parse("[domain-name:value == 'evil.example'] // from a feed")?;
    /// assert_eq!(pattern.to_string(), "[domain-name:value = 'evil.example']");
    /// assert!(Pattern::parse("[domain-name:value = evil]").is_err());
    /// # Ok::<(), intel::pattern::PatternFault>(())
    /// ```
    ///
    /// # Errors
    /// The text is no pattern, is longer or deeper than the limits, or asks for a regular expression that cannot be evaluated
    /// in bounded time; with line and column.
    pub fn parse(text: &str) -> Result<Self, PatternFault> {
        let expression = parse::parse(text)?;
        let (checks, timed) = judge::checks(&expression);
        Ok(Pattern { expression, checks, timed })
    }

    /// The tree.
    pub const fn expression(&self) -> &Expression {
        &self.expression
    }
}

impl FromStr for Pattern {
    type Err = PatternFault;

    fn from_str(text: &str) -> Result<Self, PatternFault> {
        Pattern::parse(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

/// Holds a pattern against a file of observed data: a bundle or a list of bundles, as JSON. `None` when it does not match.
///
/// # Errors
/// The pattern or the data cannot be read, or the answer hangs on what cannot be compared.
pub fn matches(pattern: &str, observed: &[u8]) -> Result<Option<Match>, MatchError> {
    let pattern = Pattern::parse(pattern)?;
    let observed = Observed::read(observed)?;
    Ok(pattern.judge(&observed)?)
}

#[cfg(test)]
mod tests;
