//! What goes into a form and what does not, counted by reason.

use std::fmt;

use model::IndicatorKind;

use super::value::Value;
use super::{Release, Released};

/// Why an indicator, or a part of what it says, is not in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The form has no words for this kind.
    Kind(IndicatorKind),
    /// The value is not in the normal form of its kind, so that nobody knows what it would do there.
    Malformed,
    /// It was valid until before this release.
    Expired,
    /// Its PAP does not allow blocking, and the form blocks.
    NotForBlocking,
    /// It names every address there is, and the form would block them.
    Everything,
    /// The form has no words for this kind of hash.
    Hash,
    /// The form takes names of two labels and more.
    OneLabel,
    /// With the zone's own name behind it, it is longer than a name may be (RFC 1035, section 2.3.4: 255 bytes).
    NameTooLong,
    /// In a response policy zone the name would be read as a trigger of another kind.
    Reserved,
    /// The name is there, its subdomains are not: the form knows whole names only.
    Subdomains,
    /// The indicator is there; an observable of its own would say more than we know.
    Observable,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Kind(kind) => return write!(f, "the form has no place for the kind {kind}"),
            Why::Malformed => "the value is not in its normal form",
            Why::Expired => "no longer valid",
            Why::NotForBlocking => "its PAP does not allow blocking",
            Why::Everything => "names every address",
            Why::Hash => "the form has no place for this kind of hash",
            Why::OneLabel => "a name of one label",
            Why::NameTooLong => "too long behind the name of the zone",
            Why::Reserved => "would be a trigger of another kind",
            Why::Subdomains => "the name is written, its subdomains cannot be",
            Why::Observable => "the indicator is written, an observable cannot be",
        })
    }
}

/// How many were not carried, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The reason.
    pub why: Why,
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: String,
}

/// What became of the indicators of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Indicators that the file carries.
    pub written: u64,
    /// Indicators that it does not carry.
    pub left: Vec<Left>,
    /// Indicators that it carries in part; they count as written.
    pub narrowed: Vec<Left>,
}

impl Written {
    /// How many indicators are not in the file.
    pub fn left_count(&self) -> u64 {
        self.left.iter().map(|left| left.count).sum()
    }

    /// Counts an indicator that is left out.
    pub(crate) fn leave(&mut self, why: Why, released: &Released) {
        count(&mut self.left, why, &released.value);
    }

    /// Counts an indicator that is written in part.
    pub(crate) fn narrow(&mut self, why: Why, released: &Released) {
        count(&mut self.narrowed, why, &released.value);
    }
}

/// Bytes of a value that are kept as an example.
const EXAMPLE_CHARS_MAX: usize = 200;

fn count(list: &mut Vec<Left>, why: Why, value: &str) {
    match list.binary_search_by_key(&why, |left| left.why) {
        Ok(at) => {
            if let Some(left) = list.get_mut(at) {
                left.count += 1;
            }
        }
        Err(at) => list.insert(at, Left { why, count: 1, first: super::one_line(value, EXAMPLE_CHARS_MAX) }),
    }
}

/// What a form does with what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Tells others, or looks for it.
    Tell,
    /// Blocks it, which the attacker notices.
    Block,
}

/// The value of an indicator that may go on; what may not is counted.
pub(crate) fn admit<'a>(
    written: &mut Written,
    use_: Use,
    release: &Release,
    released: &'a Released,
) -> Option<Value<'a>> {
    let why = match Value::read(released.kind, &released.value) {
        None => Why::Malformed,
        Some(_) if released.valid_until.is_some_and(|until| until <= release.made) => Why::Expired,
        Some(_) if use_ == Use::Block && !released.marking.pap.allows_blocking() => Why::NotForBlocking,
        Some(Value::Range(range)) if use_ == Use::Block && range.length == 0 => Why::Everything,
        Some(value) => return Some(value),
    };
    written.leave(why, released);
    None
}
