//! rpm-version(7): `[epoch:]version[-release]`, each part by `rpmvercmp`.

use std::cmp::Ordering;

use super::{numbers, run};

pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let cut = |text: &'_ str| -> (String, String, String) {
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => (epoch, rest),
            _ => ("0", text),
        };
        let (version, release) = rest.split_once('-').unwrap_or((rest, ""));
        (epoch.to_owned(), version.to_owned(), release.to_owned())
    };
    let (left, right) = (cut(left), cut(right));
    numbers(&left.0, &right.0).then_with(|| part(&left.1, &right.1)).then_with(|| part(&left.2, &right.2))
}

fn part(mut left: &str, mut right: &str) -> Ordering {
    loop {
        let is_separator = |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '~' | '^');
        (left, right) = (run(left, is_separator).1, run(right, is_separator).1);
        // A tilde is before everything, also before the end.
        match (left.strip_prefix('~'), right.strip_prefix('~')) {
            (Some(rest), Some(other)) => {
                (left, right) = (rest, other);
                continue;
            }
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => {}
        }
        // A caret is behind the end, and before anything else.
        match (left.strip_prefix('^'), right.strip_prefix('^')) {
            (Some(rest), Some(other)) => {
                (left, right) = (rest, other);
                continue;
            }
            (Some(_), None) if right.is_empty() => return Ordering::Greater,
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) if left.is_empty() => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => {}
        }
        if left.is_empty() || right.is_empty() {
            return left.len().cmp(&right.len());
        }
        let is_number = left.starts_with(|letter: char| letter.is_ascii_digit());
        let is_in = |letter: char| if is_number { letter.is_ascii_digit() } else { letter.is_ascii_alphabetic() };
        let ((one, rest), (other, other_rest)) = (run(left, is_in), run(right, is_in));
        if other.is_empty() {
            // Numbers are later than words.
            return if is_number { Ordering::Greater } else { Ordering::Less };
        }
        let order = if is_number { numbers(one, other) } else { one.cmp(other) };
        if order.is_ne() {
            return order;
        }
        (left, right) = (rest, other_rest);
    }
}
