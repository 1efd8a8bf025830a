//! Python's versions: `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]`.

use std::cmp::Ordering;

use super::{is_number, numbers, run};

#[derive(Default)]
struct Version {
    epoch: String,
    release: Vec<String>,
    /// `a`, `b` or `rc`, and its number.
    before: Option<(char, String)>,
    behind: Option<String>,
    dev: Option<String>,
    local: Vec<String>,
}

/// `None` when one of them is none.
pub(super) fn compare(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (parse(left)?, parse(right)?);
    let order = numbers(&left.epoch, &right.epoch)
        .then_with(|| releases(&left.release, &right.release))
        .then_with(|| left.before_rank().cmp(&right.before_rank()))
        .then_with(|| number_of(left.before.as_ref().map(|(_, n)| n), right.before.as_ref().map(|(_, n)| n)))
        .then_with(|| number_of(left.behind.as_ref(), right.behind.as_ref()))
        .then_with(|| dev(left.dev.as_ref(), right.dev.as_ref()))
        .then_with(|| local(&left.local, &right.local));
    Some(order)
}

impl Version {
    /// A development version of a release stands before its alpha.
    fn before_rank(&self) -> u8 {
        match &self.before {
            None if self.dev.is_some() && self.behind.is_none() => 0,
            Some(('a', _)) => 1,
            Some(('b', _)) => 2,
            Some(_) => 3,
            None => 4,
        }
    }
}

/// Absent is before present.
fn number_of(left: Option<&String>, right: Option<&String>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => numbers(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }
}

/// Present is before absent.
fn dev(left: Option<&String>, right: Option<&String>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => numbers(left, right),
        (left, right) => right.is_some().cmp(&left.is_some()),
    }
}

fn releases(left: &[String], right: &[String]) -> Ordering {
    let zero = String::from("0");
    (0..left.len().max(right.len()))
        .map(|place| numbers(left.get(place).unwrap_or(&zero), right.get(place).unwrap_or(&zero)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Numbers are behind words, more parts behind fewer.
fn local(left: &[String], right: &[String]) -> Ordering {
    for (left, right) in left.iter().zip(right) {
        let order = match (is_number(left), is_number(right)) {
            (true, true) => numbers(left, right),
            (false, false) => left.cmp(right),
            (left, right) => left.cmp(&right),
        };
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len())
}

fn parse(text: &str) -> Option<Version> {
    let text = text.to_ascii_lowercase();
    let text = text.strip_prefix('v').unwrap_or(&text);
    let (public, local) = text.split_once('+').map_or((text, None), |(public, local)| (public, Some(local)));
    let (epoch, rest) = public.split_once('!').map_or(("0", public), |(epoch, rest)| (epoch, rest));
    let mut version = Version { epoch: Some(epoch).filter(|text| is_number(text))?.to_owned(), ..Version::default() };
    let mut rest = rest;
    loop {
        let (number, behind) = run(rest, |letter| letter.is_ascii_digit());
        if number.is_empty() {
            return None;
        }
        version.release.push(number.to_owned());
        rest = behind;
        match behind.strip_prefix('.') {
            Some(next) if next.starts_with(|letter: char| letter.is_ascii_digit()) => rest = next,
            _ => break,
        }
    }
    rest = before(rest, &mut version)?;
    rest = behind(rest, &mut version)?;
    rest = suffix(rest, &["dev"]).map_or(Some(rest), |(_, number, rest)| {
        version.dev = Some(number.to_owned());
        Some(rest)
    })?;
    if let Some(local) = local {
        version.local = local.split(['.', '-', '_']).map(str::to_owned).collect();
        let is_part = |part: &String| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        version.local.iter().all(is_part).then_some(())?;
    }
    rest.is_empty().then_some(version)
}

fn before<'t>(rest: &'t str, version: &mut Version) -> Option<&'t str> {
    let words = ["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"];
    let Some((word, number, behind)) = suffix(rest, &words) else { return Some(rest) };
    let sort = match word {
        "alpha" | "a" => 'a',
        "beta" | "b" => 'b',
        _ => 'r',
    };
    version.before = Some((sort, number.to_owned()));
    Some(behind)
}

fn behind<'t>(rest: &'t str, version: &mut Version) -> Option<&'t str> {
    // `1.0-1` is a post-release, too.
    if let Some(number) = rest.strip_prefix('-') {
        let (number, behind) = run(number, |letter| letter.is_ascii_digit());
        if !number.is_empty() {
            version.behind = Some(number.to_owned());
            return Some(behind);
        }
    }
    let Some((_, number, behind)) = suffix(rest, &["post", "rev", "r"]) else { return Some(rest) };
    version.behind = Some(number.to_owned());
    Some(behind)
}

/// One of the words, with separators before and behind it, and a number that may be absent.
fn suffix<'t>(text: &'t str, words: &[&'static str]) -> Option<(&'static str, &'t str, &'t str)> {
    let separator = ['.', '-', '_'];
    let plain = text.strip_prefix(separator).unwrap_or(text);
    let (word, rest) = words.iter().find_map(|word| Some((*word, plain.strip_prefix(word)?)))?;
    let behind = rest.strip_prefix(separator).unwrap_or(rest);
    let (number, behind) = run(behind, |letter| letter.is_ascii_digit());
    if number.is_empty() { Some((word, "0", rest)) } else { Some((word, number, behind)) }
}
