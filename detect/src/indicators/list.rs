//! Lists as people and feeds write them: `value<TAB>label[<TAB>confidence]`, one indicator a line.
//!
//! What the value is follows from the value. Blank lines and lines that begin with `#` are skipped. A line that cannot be
//! read is reported and the others load. What is legal but names a whole part of the internet (`co.uk`, a `/4`, the path
//! `/`) loads too, because its author said so, and is listed in [`ListReport::broad`] for whoever answers for it.

use model::{Confidence, Indicator, IndicatorKind, Level, Timestamp, limits};

use super::normal::infer;

/// What a list does not say about its indicators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// Feed or file.
    pub source: String,
    /// For lines without one.
    pub label: String,
    /// For lines without one.
    pub confidence: Confidence,
    /// How bad a sighting is.
    pub level: Level,
    /// When the list was made, if known.
    pub seen: Option<Timestamp>,
}

impl Defaults {
    /// Level medium, confidence unstated, no date.
    pub fn of_source(source: &str) -> Self {
        Defaults {
            source: source.to_owned(),
            label: "unlabelled".to_owned(),
            confidence: Confidence::UNSTATED,
            level: Level::Medium,
            seen: None,
        }
    }
}

/// Why a line is no indicator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The value names nothing that we know.
    #[error("{value:?} is no address, range, domain, URL, path, hash or e-mail address")]
    Unrecognised {
        /// The value, shortened.
        value: String,
    },
    /// The confidence is no percentage.
    #[error("confidence {text:?} is no whole number from 0 to 100")]
    Confidence {
        /// The text, shortened.
        text: String,
    },
    /// The value or the label is too long.
    #[error("{what} is longer than {limit} bytes")]
    TooLong {
        /// Which.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The line is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Reads one line; `None` for a blank one and a comment.
///
/// # Errors
/// When the line is no indicator.
pub fn parse_line(line: &str, defaults: &Defaults) -> Result<Option<Indicator>, LineError> {
    let line = line.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
    if line.trim().is_empty() || line.trim_start().starts_with('#') {
        return Ok(None);
    }
    let mut columns = line.split('\t').map(str::trim);
    let value = columns.next().unwrap_or_default();
    let label = columns.next().filter(|label| !label.is_empty()).unwrap_or(&defaults.label);
    let confidence = columns.next().filter(|text| !text.is_empty());
    if value.len() > limits::INDICATOR_VALUE_BYTES_MAX {
        return Err(LineError::TooLong { what: "value", limit: limits::INDICATOR_VALUE_BYTES_MAX });
    }
    if label.len() > limits::INDICATOR_LABEL_BYTES_MAX {
        return Err(LineError::TooLong { what: "label", limit: limits::INDICATOR_LABEL_BYTES_MAX });
    }
    let (kind, normal) = infer(value).ok_or_else(|| LineError::Unrecognised { value: shortened(value) })?;
    let confidence = match confidence {
        Some(text) => text
            .parse()
            .ok()
            .and_then(Confidence::new)
            .ok_or_else(|| LineError::Confidence { text: shortened(text) })?,
        None => defaults.confidence,
    };
    Ok(Some(Indicator {
        kind,
        value: normal,
        label: label.to_owned(),
        confidence,
        level: defaults.level,
        source: defaults.source.clone(),
        seen: defaults.seen,
    }))
}

/// What became of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListReport {
    /// Lines, of whatever sort.
    pub lines: u64,
    /// Indicators given, the same value twice counted twice.
    pub loaded: u64,
    /// Lines that were no indicator.
    pub bad: u64,
    /// The first of them: line number from 1 and reason.
    pub errors: Vec<(u64, LineError)>,
    /// Indicators that name very much.
    pub broad: u64,
    /// The first of them: line number from 1 and value.
    pub broad_values: Vec<(u64, String)>,
}

/// Reads a whole list and gives its indicators. At most [`limits::NOTES_KEPT_MAX`] particulars are kept of what is bad or
/// broad; the counts are whole.
pub fn parse_list(text: &[u8], defaults: &Defaults, mut give: impl FnMut(Indicator)) -> ListReport {
    let mut report = ListReport::default();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    if text.is_empty() {
        return report;
    }
    for line in text.split(|&b| b == b'\n') {
        report.lines += 1;
        let parsed = std::str::from_utf8(line).map_err(|_| LineError::NotUtf8);
        match parsed.and_then(|line| parse_line(line, defaults)) {
            Ok(None) => {}
            Ok(Some(indicator)) => {
                report.loaded += 1;
                if is_broad(&indicator) {
                    report.broad += 1;
                    if report.broad_values.len() < limits::NOTES_KEPT_MAX {
                        report.broad_values.push((report.lines, indicator.value.clone()));
                    }
                }
                give(indicator);
            }
            Err(error) => {
                report.bad += 1;
                if report.errors.len() < limits::NOTES_KEPT_MAX {
                    report.errors.push((report.lines, error));
                }
            }
        }
    }
    report
}

/// Whether an indicator names so much that it is rather a mistake: a public suffix (Public Suffix List), a range wider
/// than an IPv4 `/8` or an IPv6 `/20`, the path of every site.
pub fn is_broad(indicator: &Indicator) -> bool {
    let length = || indicator.value.rsplit_once('/').and_then(|(_, length)| length.parse::<u8>().ok());
    match indicator.kind {
        IndicatorKind::Domain => {
            let name = indicator.value.as_bytes();
            let Some(suffix) = psl::suffix(name) else { return false };
            suffix.as_bytes() == name && (suffix.is_known() || !name.contains(&b'.'))
        }
        IndicatorKind::Cidr if indicator.value.contains(':') => length().is_some_and(|length| length < 20),
        IndicatorKind::Cidr => length().is_some_and(|length| length < 8),
        IndicatorKind::UrlPath => indicator.value == "/",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn defaults() -> Defaults {
        Defaults::of_source("test")
    }

    #[test]
    fn columns() {
        let check = |line: &str, expected: Option<(&str, &str, u8)>| {
            let found = parse_line(line, &defaults()).unwrap();
            let found = found.map(|found| (found.value, found.label, found.confidence.percent()));
            assert_eq!(found, expected.map(|(value, label, percent)| (value.into(), label.into(), percent)), "{line}");
        };
        check("Evil.example\tmalware/x\t80", Some(("evil.example", "malware/x", 80)));
        check("evil.example\tmalware/x", Some(("evil.example", "malware/x", 50)));
        check("evil.example", Some(("evil.example", "unlabelled", 50)));
        check("evil.example\t\t7\r", Some(("evil.example", "unlabelled", 7)));
        check("\u{feff}evil.example\tx\t\tmore", Some(("evil.example", "x", 50)));
        check("# evil.example\tx", None);
        check("   ", None);
        check("", None);
    }

    #[test]
    fn bad_lines() {
        let check =
            |line: &str, expected: LineError| assert_eq!(parse_line(line, &defaults()), Err(expected), "{line}");
        check("what is this\tx", LineError::Unrecognised { value: "what is this".into() });
        check("evil.example\tx\t101", LineError::Confidence { text: "101".into() });
        check("evil.example\tx\thigh", LineError::Confidence { text: "high".into() });
        let (value, label) = (limits::INDICATOR_VALUE_BYTES_MAX, limits::INDICATOR_LABEL_BYTES_MAX);
        check(&format!("/{}\tx", "a".repeat(value)), LineError::TooLong { what: "value", limit: value });
        check(&format!("a.example\t{}", "x".repeat(label + 1)), LineError::TooLong { what: "label", limit: label });
    }

    #[test]
    fn one_bad_line_loses_nothing_else() {
        let mut loaded = Vec::new();
        let text = b"# list\na.example\tx\nnonsense here\n\n\xff.example\tx\nco.uk\tx\n0.0.0.0/0\tx\nb.example\tx\n";
        let report = parse_list(text, &defaults(), |indicator| loaded.push(indicator.value));
        assert_eq!(loaded, ["a.example", "co.uk", "0.0.0.0/0", "b.example"]);
        assert_eq!((report.lines, report.loaded, report.bad, report.broad), (8, 4, 2, 2));
        assert_eq!(report.errors[0].0, 3);
        assert_eq!(report.errors[1], (5, LineError::NotUtf8));
        assert_eq!(report.broad_values, [(6, "co.uk".into()), (7, "0.0.0.0/0".into())]);
    }

    #[test]
    fn particulars_are_limited() {
        let text = "?\n".repeat(limits::NOTES_KEPT_MAX + 5);
        let report = parse_list(text.as_bytes(), &defaults(), |_| ());
        assert_eq!((report.bad, report.errors.len()), (limits::NOTES_KEPT_MAX as u64 + 5, limits::NOTES_KEPT_MAX));
    }

    proptest! {
        #[test]
        fn never_panics(text in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_list(&text, &defaults(), |_| ());
        }
    }
}
