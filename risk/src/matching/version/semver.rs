//! Semantic Versioning 2.0.0.

use std::cmp::Ordering;

use super::{is_number, numbers};

struct Version<'v> {
    core: Vec<&'v str>,
    before: Option<&'v str>,
}

/// `None` when one of them is none.
pub(super) fn compare(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (parse(left)?, parse(right)?);
    let length = left.core.len().max(right.core.len());
    for place in 0..length {
        let order = numbers(left.core.get(place).unwrap_or(&"0"), right.core.get(place).unwrap_or(&"0"));
        if order.is_ne() {
            return Some(order);
        }
    }
    Some(match (left.before, right.before) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) => before(left, right),
    })
}

fn parse(text: &str) -> Option<Version<'_>> {
    let text = text.strip_prefix(['v', 'V', '=']).unwrap_or(text);
    // What is built of it does not count (section 10).
    let text = text.split('+').next().unwrap_or_default();
    let (core, before) = text.split_once('-').map_or((text, None), |(core, before)| (core, Some(before)));
    let core: Vec<&str> = core.split('.').collect();
    core.iter().all(|part| is_number(part)).then_some(Version { core, before })
}

/// Section 11.4: identifiers one by one; numbers before words, fewer before more.
fn before(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (is_number(left), is_number(right)) {
                (true, true) => numbers(left, right),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => left.cmp(right),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}
