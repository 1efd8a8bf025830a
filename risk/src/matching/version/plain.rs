//! Versions of which nobody says how they are ordered.

use std::cmp::Ordering;

use super::{numbers, run};

/// Words that stand before a release.
const BEFORE: [&str; 12] =
    ["dev", "snapshot", "nightly", "preview", "alpha", "beta", "milestone", "pre", "rc", "cr", "candidate", "test"];

#[derive(Clone, Copy)]
enum Part<'v> {
    Number(&'v str),
    Word(&'v str),
}

pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    let (mut left, mut right) = (parts(&left), parts(&right));
    loop {
        let (one, other) = (left.next(), right.next());
        if one.is_none() && other.is_none() {
            return Ordering::Equal;
        }
        let order = rank(one).cmp(&rank(other)).then_with(|| match (one, other) {
            (Some(Part::Number(one)), Some(Part::Number(other))) => numbers(one, other),
            (Some(Part::Word(one)), Some(Part::Word(other))) => one.cmp(other),
            _ => Ordering::Equal,
        });
        if order.is_ne() {
            return order;
        }
    }
}

/// Words before a release, the end and zeros that say no more, other words (`1.0.2a` is behind `1.0.2`), numbers.
fn rank(part: Option<Part<'_>>) -> u8 {
    match part {
        Some(Part::Word(word)) if BEFORE.contains(&word) => 0,
        None => 1,
        Some(Part::Word(_)) => 2,
        Some(Part::Number(_)) => 3,
    }
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let text = text.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(text);
    let mut rest = text;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let is_number = first.is_ascii_digit();
        let is_word = first.is_alphabetic();
        let (part, behind) =
            run(rest, |letter| (letter.is_ascii_digit(), letter.is_alphabetic()) == (is_number, is_word));
        match (is_number, is_word) {
            (true, _) => found.push(Part::Number(part)),
            (_, true) => {
                without_zeros(&mut found);
                found.push(Part::Word(part));
            }
            _ => {}
        }
        rest = behind;
    }
    without_zeros(&mut found);
    found.into_iter()
}

/// `1.0` and `1.0.0` are one, also in front of a word; the first part stays.
fn without_zeros(parts: &mut Vec<Part<'_>>) {
    let is_zero = |part: &Part<'_>| matches!(part, Part::Number(number) if number.bytes().all(|byte| byte == b'0'));
    while parts.len() > 1 && parts.last().is_some_and(is_zero) {
        parts.pop();
    }
}
