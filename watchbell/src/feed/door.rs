//! Feeds that are added at the console: public ones, by their address.

use connect::feeds::FeedConfig;
use engine::intel::SourceTerms;
use engine::office::{FeedDoor, FeedWanted};

use super::config_text;

/// How feeds are asked, for the office.
pub(crate) struct Door;

/// What needs neither a secret nor a file of this machine. Columns of lists are those of a plain one.
const KINDS: [&str; 8] = ["list", "stix", "taxii", "misp", "kev", "csaf", "leaks", "new-domains"];

impl FeedDoor for Door {
    fn kinds(&self) -> &'static [&'static str] {
        &KINDS
    }

    fn config(&self, wanted: &FeedWanted) -> Result<String, String> {
        let kind =
            serde_json::from_value(serde_json::Value::String(wanted.kind.clone())).map_err(|_| "no such kind")?;
        let mut feed = FeedConfig::of_url(kind, wanted.url.trim());
        feed.interval = wanted.every.parse().map_err(|error| format!("{error}"))?;
        (feed.grade, feed.marking) = (wanted.grade, wanted.marking);
        let terms = SourceTerms { grade: wanted.grade, marking: wanted.marking, ..SourceTerms::default() };
        config_text(&feed, terms).map_err(|error| format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, url: &str, every: &str, expected: &str) {
        let wanted = FeedWanted {
            name: "a".into(),
            kind: kind.into(),
            url: url.into(),
            every: every.into(),
            grade: Default::default(),
            marking: Default::default(),
        };
        let said = Door.config(&wanted).err().unwrap_or_default();
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{kind} {url}: {said}");
    }

    #[test]
    fn what_is_not_public_is_not_added() {
        for kind in KINDS {
            check(kind, "https://lists.example/a", "6h", "");
        }
        check("list", "http://lists.example/a", "6h", "not encrypted");
        check("list", "https://u:p@lists.example/a", "6h", "user or password");
        check("list", "file:///etc/passwd", "6h", "neither https nor http");
        check("list", "https://lists.example/a", "1s", "no interval");
    }
}
