//! Scores for the edges of a graph stream: who talked to whom, when, and how unusual that is by what was before.
//!
//! The ground is MIDAS-F (Bhatia, Liu, Hooi, Yoon, Shin and Faloutsos, "Real-Time Anomaly Detection in Edge Streams", TKDD 2022): counts in
//! count-min sketches, a chi-squared statistic of what is now against what was before, and totals that take in only what was usual.
//! What is different here, each because streams of our own asked for it (`testkit::edges`; see `docs/guide/behaviour.md`):
//!
//! - *Only too much counts.* Their statistic is as high for too little.
//! - *Three windows in place of one*: about two, five and a hundred ticks, so that slow scans are seen.
//! - *Both ends count what is new to them*, not all they do: an edge that is known adds little. So a flood makes suspicious what comes with
//!   it, and not whoever has always talked to its victim. The same for the stream as a whole, which shows worms.
//! - *A prior* of a few edges, so that the first edge of a pair is not an anomaly as such.
//! - *Filtering that learns*: of what is unusual the totals take in the more, the younger the stream is, and what has gone on for a week is
//!   taken for usual.
//! - *Lazy cells*: a tick costs nothing for what did not talk in it.
//!
//! One pass, no look ahead, memory that does not grow ([`Settings::bytes`]), the same scores for the same edges and seed. Time that goes back
//! counts as now. Deliberately absent: attributes of edges beside both ends (MStream), and what people decided about findings.

mod clock;
mod explain;
mod hash;
mod sketch;
mod state;
mod statistic;
#[cfg(test)]
mod tests;

use model::ToldTime;
use model::limits::EDGE_SKETCH_BITS_MAX;

use clock::Clock;
use hash::{fold, name_hash};
use sketch::{Counts, Decays, Place, Sketch, cell_bytes};
use statistic::{DESTINATIONS, EDGES, Excess, SOURCES, STREAM};

pub use explain::{Cause, Kind};
pub use state::{DamagedState, State};

/// An edge of the stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge<'a> {
    /// Who began: its name, as bytes.
    pub source: &'a [u8],
    /// The other end; it may be the same.
    pub destination: &'a [u8],
    /// When.
    pub time: ToldTime,
}

/// What a scorer is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What the hash functions follow from. Keep it from those who could choose names that collide.
    pub seed: u64,
    /// Cells in a row of a sketch, as a power of two, 4 to [`EDGE_SKETCH_BITS_MAX`].
    pub bits: u32,
}

impl Default for Settings {
    /// 16,384 cells in a row.
    fn default() -> Self {
        Settings { seed: 0x6564_6765_7321_2026, bits: 14 }
    }
}

impl Settings {
    /// Bytes that a scorer's sketches take, however many edges and names it meets.
    pub fn bytes(self) -> usize {
        let rows = sketch::ROWS << self.bits.clamp(BITS_MIN, EDGE_SKETCH_BITS_MAX);
        3 * rows * cell_bytes()
    }
}

/// Fewer cells in a row, as a power of two, would tell nobody apart.
const BITS_MIN: u32 = 4;

/// How unusual an edge is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The statistic: never negative, without upper bound, finite. Below 1 where nothing is above what is usual.
    pub raw: f64,
    /// From 0 to 1, growing with [`Scored::raw`]: with `l = ln(1 + raw)` it is `l / (l + 6)`. 0.5 is a statistic of about 400.
    pub score: f64,
    /// What speaks most for it.
    pub cause: Cause,
}

/// Scores edges, one after the other.
///
/// ```
/// use detect::behaviour::edges::{Edge, Scorer, Settings};
/// use model::ToldTime;
/// let mut scorer = Scorer::new(Settings::default());
/// let mut talk = |source: &str, minute| {
///     let time = ToldTime::Number { whole: minute, millionths: 0 };
///     scorer.score(&Edge { source: source.as_bytes(), destination: b"portal", time }).score
/// };
/// for minute in 1..500 {
///     for machine in 0..20 {
///         talk(&format!("pc-{machine}"), minute);
///     }
/// }
/// let usual = talk("pc-3", 500);
/// let flood = (0..400).map(|_| talk("pc-666", 500)).fold(0.0, f64::max);
/// assert!(usual < 0.2 && flood > 0.5, "{usual} {flood}");
/// ```
#[derive(Clone, Debug)]
pub struct Scorer {
    settings: Settings,
    clock: Clock,
    /// The tick that [`Scorer::decays`] was made for.
    decays: Decays,
    edges: Sketch,
    sources: Sketch,
    destinations: Sketch,
    stream: Sketch,
}

/// Where an edge is counted.
#[derive(Clone, Copy)]
struct Places {
    edge: Place,
    source: Place,
    destination: Place,
    stream: Place,
}

impl Scorer {
    /// A scorer that has seen nothing.
    pub fn new(settings: Settings) -> Self {
        let bits = settings.bits.clamp(BITS_MIN, EDGE_SKETCH_BITS_MAX);
        let settings = Settings { bits, ..settings };
        let sketch = || Sketch::new(bits);
        Scorer {
            settings,
            clock: Clock::default(),
            decays: Decays::at(0),
            edges: sketch(),
            sources: sketch(),
            destinations: sketch(),
            stream: Sketch::new(0),
        }
    }

    /// What it is like.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Scores an edge, then counts it. An edge that is earlier than one before it counts as of now.
    pub fn score(&mut self, edge: &Edge<'_>) -> Scored {
        if self.clock.advance(edge.time).began_anew {
            self.forget();
        }
        let tick = self.clock.tick();
        if self.decays.tick() != tick {
            self.decays = Decays::at(tick);
        }
        let places = self.places(edge);
        let known = self.count(&places, tick);
        self.judge(&places, known)
    }

    /// All counts to zero: the clock has found that a tick is something else.
    fn forget(&mut self) {
        for sketch in [&mut self.edges, &mut self.sources, &mut self.destinations, &mut self.stream] {
            sketch.clear();
        }
    }

    fn places(&self, edge: &Edge<'_>) -> Places {
        let source = name_hash(self.settings.seed, edge.source);
        let destination = name_hash(self.settings.seed, edge.destination);
        Places {
            edge: self.edges.place(fold(source ^ hash::PAIR, destination.rotate_left(32) ^ self.settings.seed)),
            source: self.sources.place(source),
            destination: self.destinations.place(destination),
            stream: self.stream.place(0),
        }
    }

    /// Counts an edge, and says how little it is known: 1 for a pair that never talked, near 0 for one that always does.
    fn count(&mut self, places: &Places, tick: u32) -> f32 {
        self.edges.roll(places.edge, tick);
        self.sources.roll(places.source, tick);
        self.destinations.roll(places.destination, tick);
        self.stream.roll(places.stream, tick);
        let total = self.edges.counts(places.edge).total;
        let novelty = statistic::KNOWN_EDGES / (statistic::KNOWN_EDGES + total);
        self.edges.add(places.edge, 1.0);
        self.sources.add(places.source, novelty);
        self.destinations.add(places.destination, novelty);
        self.stream.add(places.stream, novelty);
        novelty
    }

    fn judge(&mut self, places: &Places, novelty: f32) -> Scored {
        let edge = EDGES.excess(&self.edges.counts(places.edge), &self.decays);
        let source = SOURCES.excess(&self.sources.counts(places.source), &self.decays);
        let destination = DESTINATIONS.excess(&self.destinations.counts(places.destination), &self.decays);
        let stream = STREAM.excess(&self.stream.counts(places.stream), &self.decays);
        let end = if source.raw >= destination.raw { (Kind::Source, source) } else { (Kind::Destination, destination) };
        let most = if edge.raw >= novelty * end.1.raw { (Kind::Edge, edge) } else { end };
        let both = edge.raw.max(novelty * end.1.raw);
        let raw = both + novelty * stream.raw;
        // The pair is as bad as what it is part of; each end and the stream only as bad as themselves.
        self.edges.mark(places.edge, raw);
        self.sources.mark(places.source, source.raw);
        self.destinations.mark(places.destination, destination.raw);
        self.stream.mark(places.stream, stream.raw);
        let (kind, excess) = if novelty * stream.raw > both { (Kind::Stream, stream) } else { most };
        self.scored(raw, kind, excess, places)
    }

    fn scored(&self, raw: f32, kind: Kind, excess: Excess, places: &Places) -> Scored {
        let counts: Counts = match kind {
            Kind::Edge => self.edges.counts(places.edge),
            Kind::Source => self.sources.counts(places.source),
            Kind::Destination => self.destinations.counts(places.destination),
            Kind::Stream => self.stream.counts(places.stream),
        };
        let raw = f64::from(raw);
        let cause = Cause::new(kind, excess, &counts, (&self.decays, self.clock.pace()));
        Scored { raw, score: squash(raw), cause }
    }
}

/// From the statistic to a score; see [`Scored::score`].
fn squash(raw: f64) -> f64 {
    let logarithm = raw.ln_1p();
    logarithm / (logarithm + 6.0)
}
