//! Points in time as people write them on the command line.

use std::time::Duration;

use anyhow::{Result, bail};
use model::Timestamp;

/// RFC 3339 (a date alone is its beginning in UTC), or so long before `now`: `90d`, `12h`, `30m`, `45s`.
///
/// # Errors
/// When the text is neither.
pub(crate) fn parse(text: &str, now: Timestamp) -> Result<Timestamp> {
    let text = text.trim();
    if let Some(time) = Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z"))) {
        return Ok(time);
    }
    let unit = match text.chars().last() {
        Some('d') => 86_400,
        Some('h') => 3_600,
        Some('m') => 60,
        Some('s') => 1,
        _ => 0,
    };
    let number = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse::<u32>().ok());
    match number {
        Some(number) if unit > 0 => Ok(now.minus(Duration::from_secs(u64::from(number) * unit))),
        _ => {
            bail!("{text:?} is no time\nhint: write 2026-05-01T12:00:00Z, 2026-05-01, or 90d, 12h, 30m for so long ago")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_time() {
        let now = Timestamp::parse("2024-05-06T12:00:00Z").unwrap();
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(parse(text, now).ok(), expected.and_then(Timestamp::parse), "{text}");
        };
        check("2024-05-06T10:00:00Z", Some("2024-05-06T10:00:00Z"));
        check("2024-05-06", Some("2024-05-06T00:00:00Z"));
        check("2h", Some("2024-05-06T10:00:00Z"));
        check("1d", Some("2024-05-05T12:00:00Z"));
        check("yesterday", None);
        check("", None);
        check("d", None);
        check("-1d", None);
        check("5é", None);
    }
}
