//! Why an edge has its score, in words.

use super::clock::Pace;
use super::sketch::{Counts, Decays};
use super::statistic::{DECAYS, Excess};

/// What was too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Edges between these two.
    Edge,
    /// Edges of the source to machines that it does not know.
    Source,
    /// Edges to the destination from machines that do not know it.
    Destination,
    /// Edges between machines that do not know each other, anywhere.
    Stream,
}

/// What speaks most for a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cause {
    kind: Kind,
    /// Ticks of the window, 1 for the tick itself.
    ticks: u64,
    /// The count in them.
    found: f64,
    /// What it would be in as many ticks, on average.
    usual: f64,
    /// Whether anything is above what is usual.
    is_excess: bool,
    pace: Pace,
}

impl Cause {
    pub(super) fn new(kind: Kind, excess: Excess, counts: &Counts, (decays, pace): (&Decays, Pace)) -> Self {
        let mean = f64::from(counts.total / decays.before());
        let decay = f64::from(DECAYS.get(excess.window).copied().unwrap_or(0.0));
        let is_tick = excess.window == 0;
        // What an even count comes to in a window that decays is its length.
        let length = if is_tick { 1.0 } else { (1.0 / (1.0 - decay)).min(f64::from(decays.tick())).max(1.0) };
        let in_window = counts.now.get(excess.window).copied().unwrap_or(counts.pending);
        let found = if is_tick { counts.pending } else { in_window };
        Cause {
            kind,
            ticks: length.round() as u64,
            found: f64::from(found),
            usual: mean * length,
            is_excess: excess.raw > 1.0,
            pace,
        }
    }

    /// What was too much.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The reason in words, with the names of both ends: `412 connections from a to b in this minute; before about 3 a minute`. Counts come
    /// from sketches: they may be too high, when many machines talk, but not too low.
    pub fn words(&self, source: &str, destination: &str) -> String {
        if !self.is_excess {
            return format!("{source} and {destination} talk as usual");
        }
        let count = connections(self.found);
        let what = match self.kind {
            Kind::Edge => format!("{count} from {source} to {destination}"),
            Kind::Source => format!("{count} from {source} to machines that it hardly knew"),
            Kind::Destination => format!("{count} to {destination} from machines that hardly knew it"),
            Kind::Stream => format!("{count} between machines that hardly knew each other"),
        };
        let (span, each) = self.span();
        format!("{what} {span}; before {} {each}", about(self.usual))
    }

    /// The window and what its mean is said for.
    fn span(&self) -> (String, String) {
        let unit = match self.pace {
            Pace::Micros(60_000_000) => "minute".to_owned(),
            Pace::Micros(1_000_000) => "second".to_owned(),
            Pace::Micros(micros) => format!("{micros} µs"),
            Pace::Steps(1) => "step of time".to_owned(),
            Pace::Steps(steps) => format!("{steps} steps of time"),
        };
        if self.ticks == 1 {
            return (format!("in this {unit}"), format!("in one {unit}"));
        }
        let times = if unit.starts_with(|letter: char| letter.is_ascii_digit()) {
            format!("{} times {unit}", self.ticks)
        } else {
            unit.replacen("minute", "minutes", 1).replacen("second", "seconds", 1).replacen("step", "steps", 1)
        };
        let times = if times.starts_with(|letter: char| letter.is_ascii_digit()) {
            times
        } else {
            format!("{} {times}", self.ticks)
        };
        (format!("in about {times}"), "in as many".to_owned())
    }
}

fn connections(count: f64) -> String {
    let whole = count.round().max(1.0) as u64;
    format!("{whole} {}", model::words::noun_of(whole, "connection"))
}

/// A mean as people say it.
fn about(mean: f64) -> String {
    match mean {
        _ if mean < 0.005 => "almost none".to_owned(),
        _ if mean < 1.0 => format!("about {mean:.2}"),
        _ if mean < 10.0 => format!("about {mean:.1}"),
        _ => format!("about {mean:.0}"),
    }
}
