//! deb-version(7): `[epoch:]upstream[-revision]`.

use std::cmp::Ordering;

use super::{numbers, run};

pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (Version::of(left), Version::of(right));
    numbers(left.epoch, right.epoch)
        .then_with(|| part(left.upstream, right.upstream))
        .then_with(|| part(left.revision, right.revision))
}

struct Version<'v> {
    epoch: &'v str,
    upstream: &'v str,
    revision: &'v str,
}

impl<'v> Version<'v> {
    fn of(text: &'v str) -> Self {
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => (epoch, rest),
            _ => ("0", text),
        };
        // An absent revision is as good as `0`.
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
        Version { epoch, upstream, revision }
    }
}

/// Text and digits by turns; in texts `~` is before the end, letters are before all else.
fn part(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let ((text, rest), (other, other_rest)) = (run(left, not_digit), run(right, not_digit));
        let order = texts(text, other);
        let ((number, rest), (other, other_rest)) = (run(rest, digit), run(other_rest, digit));
        let order = order.then_with(|| numbers(number, other));
        if order.is_ne() {
            return order;
        }
        (left, right) = (rest, other_rest);
    }
    Ordering::Equal
}

fn digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

fn not_digit(letter: char) -> bool {
    !letter.is_ascii_digit()
}

fn texts(left: &str, right: &str) -> Ordering {
    let rank = |letter: Option<char>| match letter {
        Some('~') => (0, '~'),
        None => (1, ' '),
        Some(letter) if letter.is_ascii_alphabetic() => (2, letter),
        Some(letter) => (3, letter),
    };
    let (mut left, mut right) = (left.chars(), right.chars());
    loop {
        let (one, other) = (left.next(), right.next());
        let order = rank(one).cmp(&rank(other));
        if order.is_ne() || one.is_none() {
            return order;
        }
    }
}
