//! Figures of the running watch, and how fast they grow.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// Looks whose rates are remembered for the pictures.
const PAST_MAX: usize = 240;

/// One page of `/metrics`.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    taken: Instant,
    plain: BTreeMap<String, u64>,
    /// Figures of each source, by source and name.
    sources: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Figures {
    /// Reads a page; lines that are none of ours say nothing.
    pub(super) fn read(page: &str, taken: Instant) -> Self {
        let mut figures = Figures { taken, plain: BTreeMap::new(), sources: BTreeMap::new() };
        for line in page.lines().filter_map(|line| line.strip_prefix("watchbell_")) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse() else { continue };
            match name.split_once("{source=\"").and_then(|(name, rest)| Some((name, rest.strip_suffix("\"}")?))) {
                Some((name, source)) => {
                    figures.sources.entry(source.to_owned()).or_default().insert(name.to_owned(), value);
                }
                None => {
                    figures.plain.insert(name.to_owned(), value);
                }
            }
        }
        figures
    }

    pub(super) fn get(&self, name: &str) -> u64 {
        self.plain.get(name).copied().unwrap_or(0)
    }

    /// Sources by name, each with its figures.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, impl Fn(&str) -> u64)> {
        self.sources.iter().map(|(name, of)| (name.as_str(), move |figure: &str| of.get(figure).copied().unwrap_or(0)))
    }
}

/// Records a second.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    /// Records that detectors looked at.
    pub(super) looked_at: f64,
    /// Records that arrived, by source.
    pub(super) sources: BTreeMap<String, f64>,
}

/// How fast figures grew between two looks.
pub(super) fn rates(first: Option<&Figures>, second: Option<&Figures>) -> Rates {
    let (Some(first), Some(second)) = (first, second) else { return Rates::default() };
    let seconds = second.taken.saturating_duration_since(first.taken).as_secs_f64();
    if seconds <= 0.0 {
        return Rates::default();
    }
    let grown = |before: u64, after: u64| after.saturating_sub(before) as f64 / seconds;
    let received = "source_received_total";
    let of = |(name, of): (&String, &BTreeMap<String, u64>)| {
        let before = first.sources.get(name).and_then(|of| of.get(received)).copied().unwrap_or(0);
        (name.clone(), grown(before, of.get(received).copied().unwrap_or(0)))
    };
    let looked = "records_looked_at_total";
    Rates { looked_at: grown(first.get(looked), second.get(looked)), sources: second.sources.iter().map(of).collect() }
}

/// What was seen before.
#[derive(Default)]
pub(super) struct Past {
    last: Option<Figures>,
    looked_at: VecDeque<u64>,
}

impl Past {
    /// Takes another look into account, and gives the rates since the one before.
    pub(super) fn add(&mut self, figures: Option<&Figures>) -> Rates {
        let rates = rates(self.last.as_ref(), figures);
        if self.last.is_some() {
            self.looked_at.push_back(rates.looked_at.round() as u64);
            if self.looked_at.len() > PAST_MAX {
                self.looked_at.pop_front();
            }
        }
        self.last = figures.cloned();
        rates
    }

    /// Records a second that detectors looked at, look by look, the newest last.
    pub(super) fn looked_at(&self) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator {
        self.looked_at.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PAGE: &str = "# HELP watchbell_rules Sigma rules loaded.\n# TYPE watchbell_rules gauge\nwatchbell_rules 14\n\
        watchbell_records_looked_at_total 100\nwatchbell_source_received_total{source=\"http\"} 40\n\
        watchbell_source_received_total{source=\"fire-syslog\"} 60\nprocess_cpu 7\nwatchbell_nonsense x\n";

    #[test]
    fn figures_are_read() {
        let figures = Figures::read(PAGE, Instant::now());
        assert_eq!((figures.get("rules"), figures.get("nothing")), (14, 0));
        let sources: Vec<_> =
            figures.sources().map(|(name, of)| (name.to_owned(), of("source_received_total"))).collect();
        assert_eq!(sources, [("fire-syslog".to_owned(), 60), ("http".to_owned(), 40)]);
    }

    #[test]
    fn rates_are_what_came_between_two_looks() {
        let start = Instant::now();
        let mut past = Past::default();
        let first = Figures::read(PAGE, start);
        assert_eq!(past.add(Some(&first)).looked_at, 0.0);
        let later = PAGE.replace("total 100", "total 150").replace("\"} 40", "\"} 60");
        let rates = past.add(Some(&Figures::read(&later, start + Duration::from_secs(2))));
        assert_eq!((rates.looked_at, rates.sources["http"], rates.sources["fire-syslog"]), (25.0, 10.0, 0.0));
        assert_eq!(past.looked_at().collect::<Vec<_>>(), [25]);
        // A watch that began anew counts from zero.
        assert_eq!(past.add(Some(&Figures::read(PAGE, start + Duration::from_secs(4)))).looked_at, 0.0);
        assert_eq!(past.add(None).looked_at, 0.0);
    }
}
