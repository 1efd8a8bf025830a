//! Which values are equal, and which have an order (STIX 2.1, section 9.6.1).
//!
//! Whole numbers and floats compare as numbers, exactly. Bytes compare with texts as if the text's characters were bytes,
//! and never with a text that has a character beyond U+00FF. All else is equal only to its own kind: `true` is not 1.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use model::Timestamp;
use rustc_hash::FxHasher;
use serde_json::Value as Json;

use super::walk::Value;

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Known {
    Integer(i128),
    Float(f64),
    Text(String),
    Bool(bool),
    Bytes(Vec<u8>),
    Moment(Timestamp),
}

/// A value that can be compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar<'a> {
    Integer(i128),
    Float(f64),
    Text(&'a str),
    Bool(bool),
    Bytes(&'a [u8]),
}

impl Known {
    /// A constant to compare with. Times compare with texts only, which is done before; with all else they are unequal.
    pub(crate) fn borrow(&self) -> Option<Scalar<'_>> {
        match self {
            Known::Integer(number) => Some(Scalar::Integer(*number)),
            Known::Float(number) => Some(Scalar::Float(*number)),
            Known::Text(text) => Some(Scalar::Text(text)),
            Known::Bool(truth) => Some(Scalar::Bool(*truth)),
            Known::Bytes(bytes) => Some(Scalar::Bytes(bytes)),
            Known::Moment(_) => None,
        }
    }

    /// A value of an object; `None` for maps, lists and nothing.
    pub(crate) fn of_value<'a>(value: &'a Value<'_>) -> Option<Scalar<'a>> {
        match value {
            Value::Json(Json::String(text)) => Some(Scalar::Text(text)),
            Value::Json(Json::Bool(truth)) => Some(Scalar::Bool(*truth)),
            Value::Json(Json::Number(number)) => match number.as_i128() {
                Some(number) => Some(Scalar::Integer(number)),
                None => number.as_f64().map(Scalar::Float),
            },
            Value::Bytes(bytes) => Some(Scalar::Bytes(bytes)),
            Value::Json(_) | Value::Objects(_) => None,
        }
    }
}

/// They are the same.
pub(crate) fn is_equal(value: Scalar<'_>, known: Option<Scalar<'_>>) -> bool {
    match (value, known) {
        (Scalar::Bool(value), Some(Scalar::Bool(known))) => value == known,
        _ => order(value, known).flatten() == Some(Ordering::Equal),
    }
}

/// The order of both. `None` for kinds without one; `Some(None)` for a text that is no bytes beside bytes.
pub(crate) fn order(value: Scalar<'_>, known: Option<Scalar<'_>>) -> Option<Option<Ordering>> {
    match (value, known?) {
        (Scalar::Integer(value), Scalar::Integer(known)) => Some(Some(value.cmp(&known))),
        (Scalar::Float(value), Scalar::Float(known)) => Some(value.partial_cmp(&known)),
        (Scalar::Integer(value), Scalar::Float(known)) => Some(numbers(value, known)),
        (Scalar::Float(value), Scalar::Integer(known)) => Some(numbers(known, value).map(Ordering::reverse)),
        (Scalar::Text(value), Scalar::Text(known)) => Some(Some(value.cmp(known))),
        (Scalar::Bytes(value), Scalar::Bytes(known)) => Some(Some(value.cmp(known))),
        (Scalar::Text(value), Scalar::Bytes(known)) => Some(text_and_bytes(value, known)),
        (Scalar::Bytes(value), Scalar::Text(known)) => Some(text_and_bytes(known, value).map(Ordering::reverse)),
        _ => None,
    }
}

/// The order of a whole number and a float, without rounding the one to the other.
fn numbers(whole: i128, float: f64) -> Option<Ordering> {
    // 2¹²⁷: beyond it no whole number of ours is.
    const BEYOND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float < -BEYOND {
        return Some(Ordering::Greater);
    }
    if float.is_nan() {
        return None;
    }
    let floor = float.floor();
    let order = whole.cmp(&(floor as i128));
    Some(if order.is_eq() && float > floor { Ordering::Less } else { order })
}

fn text_and_bytes(text: &str, bytes: &[u8]) -> Option<Ordering> {
    if text.chars().any(|c| u32::from(c) > 0xff) {
        return None;
    }
    let text = text.chars().map(u32::from);
    Some(text.cmp(bytes.iter().copied().map(u32::from)))
}

/// A number that equal things have in common, for looking up. Different things may share it.
pub(crate) fn key(value: Scalar<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    match value {
        Scalar::Bool(truth) => (0u8, truth).hash(&mut hasher),
        Scalar::Integer(number) => (1u8, number).hash(&mut hasher),
        // Large floats saturate, as large whole numbers do not; those share a number and are told apart later.
        Scalar::Float(number) if number.fract() == 0.0 => (1u8, number as i128).hash(&mut hasher),
        Scalar::Float(number) => (2u8, number.to_bits()).hash(&mut hasher),
        Scalar::Text(text) if text.is_ascii() => (3u8, text.as_bytes()).hash(&mut hasher),
        Scalar::Bytes(bytes) if bytes.is_ascii() => (3u8, bytes).hash(&mut hasher),
        Scalar::Text(text) => {
            4u8.hash(&mut hasher);
            text.chars().for_each(|c| u32::from(c).hash(&mut hasher));
        }
        Scalar::Bytes(bytes) => {
            4u8.hash(&mut hasher);
            bytes.iter().for_each(|byte| u32::from(*byte).hash(&mut hasher));
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn orders() {
        use Scalar::{Bool, Bytes, Float, Integer, Text};
        let check = |value, known, expected| assert_eq!(order(value, Some(known)), expected, "{value:?} {known:?}");
        check(Integer(5), Float(4.9), Some(Some(Ordering::Greater)));
        check(Integer(5), Float(5.0), Some(Some(Ordering::Equal)));
        check(Integer(-5), Float(-4.9), Some(Some(Ordering::Less)));
        check(Float(5.1), Integer(5), Some(Some(Ordering::Greater)));
        check(Integer(9_007_199_254_740_993), Float(9_007_199_254_740_992.0), Some(Some(Ordering::Greater)));
        check(Integer(i128::MAX), Float(1e39), Some(Some(Ordering::Less)));
        check(Text("alice"), Bytes(b"aardvark"), Some(Some(Ordering::Greater)));
        check(Bytes(b"alice"), Text("alice"), Some(Some(Ordering::Equal)));
        check(Bytes(&[0xe9]), Text("é"), Some(Some(Ordering::Equal)));
        check(Text("ălice"), Bytes(b"alice"), Some(None));
        check(Text("5"), Integer(5), None);
        check(Bool(true), Integer(1), None);
        assert!(is_equal(Bool(true), Some(Bool(true))));
        assert!(!is_equal(Bool(true), Some(Integer(1))));
        assert!(!is_equal(Text("a"), None));
    }

    proptest! {
        #[test]
        fn equal_things_share_a_key(whole in any::<i64>(), bytes in prop::collection::vec(any::<u8>(), 0..8)) {
            let float = whole as f64;
            prop_assert_eq!(key(Scalar::Integer(float as i128)), key(Scalar::Float(float)));
            let text: String = bytes.iter().copied().map(char::from).collect();
            prop_assert!(is_equal(Scalar::Text(&text), Some(Scalar::Bytes(&bytes))));
            prop_assert_eq!(key(Scalar::Text(&text)), key(Scalar::Bytes(&bytes)));
        }
    }
}
