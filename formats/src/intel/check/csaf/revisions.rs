//! Versions and the history of revisions: tests 6.1.14, 6.1.16 to 6.1.22, and 6.1.30.

use model::Timestamp;
use serde_json::{Map, Value};

use crate::intel::check::Judgement;

const HISTORY: &str = "document.tracking.revision_history";
const VERSION: &str = "document.tracking.version";

/// A version: a whole number, or one of Semantic Versioning 2.0.0 (section 3.1.11).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    /// Major, minor, patch; of a whole number only the first.
    numbers: [u64; 3],
    is_semantic: bool,
    pre_release: String,
    build: bool,
}

fn version(text: &str) -> Option<Version> {
    let number = |text: &str| {
        let is_plain = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        is_plain.then(|| text.parse::<u64>().ok()).flatten()
    };
    if let Some(whole) = number(text) {
        return Some(Version { numbers: [whole, 0, 0], is_semantic: false, pre_release: String::new(), build: false });
    }
    let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_right = |parts: Option<&str>| parts.is_none_or(|parts| parts.split('.').all(is_part));
    let mut numbers = core.split('.').map(number);
    let found = [numbers.next()??, numbers.next()??, numbers.next()??];
    let is_whole = numbers.next().is_none() && is_right(pre) && is_right(build);
    is_whole.then(|| Version {
        numbers: found,
        is_semantic: true,
        pre_release: pre.unwrap_or_default().to_owned(),
        build: build.is_some(),
    })
}

pub(super) fn check(document: &Map<String, Value>, out: &mut Judgement) {
    let Some(tracking) = document.get("tracking").and_then(Value::as_object) else { return };
    let text = |name: &str| tracking.get(name).and_then(Value::as_str).unwrap_or_default();
    let history = tracking.get("revision_history").and_then(Value::as_array).into_iter().flatten();
    let mut revisions = Vec::new();
    for revision in history {
        let text = |name: &str| revision.get(name).and_then(Value::as_str).unwrap_or_default();
        match version(text("number")) {
            Some(number) => revisions.push((Timestamp::parse(text("date")), number)),
            None => out.must("pattern", HISTORY, "`number` should be a whole number or a semantic version"),
        }
    }
    let Some(current) = version(text("version")) else {
        return out.must("pattern", VERSION, "should be a whole number or a semantic version");
    };
    let status = text("status");
    numbering(&current, &revisions, out);
    // By date, then as it stands there, so that equal dates keep their order.
    let mut by_date: Vec<_> = revisions.iter().collect();
    by_date.sort_by_key(|(date, _)| *date);
    let numbers =
        |list: &[&(Option<Timestamp>, Version)]| list.iter().map(|(_, version)| key(version)).collect::<Vec<_>>();
    let in_order = numbers(&by_date);
    if !in_order.is_sorted() {
        out.must("6.1.14", HISTORY, "ordered by date, the numbers should rise");
    }
    if let Some((_, latest)) = by_date.last() {
        // A draft may leave its label out, and builds never count (6.1.16).
        let is_same =
            latest.numbers == current.numbers && (status == "draft" || latest.pre_release == current.pre_release);
        if !is_same {
            out.must("6.1.16", VERSION, "should be the number of the latest revision");
        }
    }
    let is_zero = |version: &Version| version.numbers[0] == 0;
    let is_released = matches!(status, "final" | "interim");
    if (is_zero(&current) || !current.pre_release.is_empty()) && is_released {
        out.must("6.1.17", "document.tracking.status", "a version 0 or with a label is a draft");
    }
    if is_released && revisions.iter().any(|(_, number)| is_zero(number)) {
        out.must("6.1.18", HISTORY, "what is released has no revision 0");
    }
    if revisions.iter().any(|(_, number)| !number.pre_release.is_empty()) {
        out.must("6.1.19", HISTORY, "revisions should have no label of a pre-release");
    }
    if is_released && !current.pre_release.is_empty() {
        out.must("6.1.20", VERSION, "what is released has no label of a pre-release");
    }
    gaps(&revisions, out);
}

fn key(version: &Version) -> [u64; 3] {
    version.numbers
}

/// 6.1.22 and 6.1.30.
fn numbering(current: &Version, revisions: &[(Option<Timestamp>, Version)], out: &mut Judgement) {
    let mut seen = std::collections::BTreeSet::new();
    if !revisions.iter().all(|(_, version)| seen.insert((version.numbers, version.pre_release.clone(), version.build)))
    {
        out.must("6.1.22", HISTORY, "no number should stand there twice");
    }
    if revisions.iter().any(|(_, version)| version.is_semantic != current.is_semantic) {
        out.must("6.1.30", HISTORY, "whole numbers and semantic versions should not be mixed");
    }
}

/// 6.1.21: from 0 or 1 on, no number is left out.
fn gaps(revisions: &[(Option<Timestamp>, Version)], out: &mut Judgement) {
    let majors: std::collections::BTreeSet<u64> = revisions.iter().map(|(_, version)| version.numbers[0]).collect();
    let (Some(first), Some(last)) = (majors.first(), majors.last()) else { return };
    let is_whole = *first <= 1 && last - first + 1 == majors.len() as u64;
    if !is_whole {
        out.must("6.1.21", HISTORY, "no number should be left out, from 0 or 1 on");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for right in ["0", "1", "10", "1.0.0", "1.0.0-rc.1", "1.0.0-alpha+b1"] {
            assert!(version(right).is_some(), "{right}");
        }
        for wrong in ["", "01", "1.0", "1.0.0.0", "v1", "1.0.0-", "1.00.0", "-1"] {
            assert!(version(wrong).is_none(), "{wrong}");
        }
    }
}
