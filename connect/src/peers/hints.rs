//! A live stream of hints (server-sent events): that there is news, and up to when.

use std::time::Duration;

use model::Timestamp;
use model::limits::{HINT_LINE_BYTES_MAX, HINT_SILENCE_SECONDS_MAX};
use serde::Deserialize;

use super::PeerClient;
use crate::fetch::{FetchError, Lines, Request};

/// That there is news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Up to which moment, by the peer's clock; nothing where it does not say.
    pub upto: Option<Timestamp>,
}

/// An open stream.
pub struct Hints {
    lines: Lines,
    event: Event,
}

/// The event whose lines are coming.
#[derive(Debug, Default)]
struct Event {
    name: String,
    data: String,
}

#[derive(Deserialize)]
struct News {
    upto: Option<String>,
}

impl Event {
    /// Takes a line; gives the hint that is complete with it. Events of other names, and fields of other names, mean nothing here.
    fn take(&mut self, line: &str) -> Option<Hint> {
        if line.is_empty() {
            let Event { name, data } = std::mem::take(self);
            let news: Option<News> = serde_json::from_str(&data).ok();
            let upto = news.and_then(|news| Timestamp::parse(&news.upto?));
            return (name == "news").then_some(Hint { upto });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            // One line says all; of several, which are short each, not more than one line's length is held.
            "data" if self.data.len() + value.len() <= HINT_LINE_BYTES_MAX => self.data.push_str(value),
            _ => {}
        }
        None
    }
}

impl Hints {
    /// Waits for the next hint; `None` when the peer has ended the stream. Cancel-safe.
    ///
    /// # Errors
    /// When nothing comes for too long, not even a sign of life, or the stream breaks.
    pub async fn next(&mut self) -> Result<Option<Hint>, FetchError> {
        let silence = Duration::from_secs(HINT_SILENCE_SECONDS_MAX);
        while let Some(line) = self.lines.next(silence, HINT_LINE_BYTES_MAX).await? {
            if let Some(hint) = self.event.take(&line) {
                return Ok(Some(hint));
            }
        }
        Ok(None)
    }
}

impl PeerClient {
    /// Opens the stream of the peer's collection. Peers that are no nodes like this one have none.
    ///
    /// # Errors
    /// When there is none.
    pub async fn hints(&self) -> Result<Hints, FetchError> {
        let at = self.root.below(&["collections", &self.collection, "hints"]);
        let request = Request::get(at).with_access(Some(self.access.clone()));
        Ok(Hints { lines: self.fetcher.listen(&request).await?, event: Event::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], expected: &[Option<&str>]) {
        let mut event = Event::default();
        let found: Vec<_> = lines.iter().filter_map(|line| event.take(line)).map(|hint| hint.upto).collect();
        let expected: Vec<_> = expected.iter().map(|at| at.and_then(Timestamp::parse)).collect();
        assert_eq!(found, expected, "{lines:?}");
    }

    #[test]
    fn events_as_they_are_written() {
        let data = "data: {\"collection\":\"x\",\"upto\":\"2026-01-01T00:00:00.000001Z\"}";
        check(&["event: news", data, "", ":", ""], &[Some("2026-01-01T00:00:00.000001Z")]);
        check(&[":", "event:news", "data:nonsense", "", "event: other", data, "", data, ""], &[None]);
        check(&["event: news", ""], &[None]);
        check(&["event: news", "id: 7", "retry: 1", data], &[]);
        let long = format!("data: {}", "x".repeat(HINT_LINE_BYTES_MAX + 1));
        check(&["event: news", &long, &long, ""], &[None]);
    }
}
