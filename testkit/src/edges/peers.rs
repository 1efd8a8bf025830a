//! MIDAS, MIDAS-R and MIDAS-F, after their papers, to be compared with in the same run.
//!
//! Bhatia, Hooi, Yoon, Shin and Faloutsos, "MIDAS: Microcluster-Based Detector of Anomalies in Edge Streams", AAAI 2020; Bhatia, Liu, Hooi, Yoon,
//! Shin and Faloutsos, "Real-Time Anomaly Detection in Edge Streams", TKDD 2022. Counts in 32-bit floating point, two rows of 1,024 cells, a
//! decay of one half and a threshold of 1,000, as its authors run it. Ticks count from 1.

use crate::random::Random;

/// Rows of a sketch.
const ROWS: usize = 2;
/// Cells of a row.
const COLUMNS: usize = 1_024;
/// What is left of the counts of the tick before.
const DECAY: f32 = 0.5;
/// From where on MIDAS-F keeps a cell's counts out of its totals.
const THRESHOLD: f32 = 1_000.0;

/// Where a key lies in each row.
type Place = [usize; ROWS];

/// Whoever scores edges.
pub trait Peer {
    /// The score of an edge; ticks never go down.
    fn score(&mut self, source: u32, destination: u32, tick: u64) -> f32;
}

/// Hash functions of the rows: odd factors, the upper bits of the product.
#[derive(Clone, Debug)]
struct Rows([u64; ROWS]);

impl Rows {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Rows(std::array::from_fn(|_| random.next_u64() | 1))
    }

    fn place(&self, key: u64) -> Place {
        let mixed = (key ^ (key >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (key >> 32);
        std::array::from_fn(|row| row * COLUMNS + (mixed.wrapping_mul(self.0[row]) >> 54) as usize)
    }
}

/// A count-min sketch.
#[derive(Clone, Debug)]
struct Sketch(Vec<f32>);

impl Sketch {
    fn new() -> Self {
        Sketch(vec![0.0; ROWS * COLUMNS])
    }

    fn add(&mut self, place: Place) {
        place.iter().for_each(|at| self.0[*at] += 1.0);
    }

    fn set(&mut self, place: Place, value: f32) {
        place.iter().for_each(|at| self.0[*at] = value);
    }

    fn least(&self, place: Place) -> f32 {
        place.iter().map(|at| self.0[*at]).fold(f32::INFINITY, f32::min)
    }

    fn scale(&mut self, factor: f32) {
        self.0.iter_mut().for_each(|cell| *cell *= factor);
    }
}

/// The statistic of MIDAS: chi-squared with one degree of freedom of `now` in this tick out of `total` in `tick` ticks.
fn chi_squared(now: f32, total: f32, tick: u64) -> f32 {
    let tick = tick as f32;
    if total == 0.0 || tick <= 1.0 {
        return 0.0;
    }
    let off = now - total / tick;
    off * off * tick * tick / (total * (tick - 1.0))
}

/// The statistic of MIDAS-F, whose total does not hold this tick.
fn chi_squared_apart(now: f32, total: f32, tick: u64) -> f32 {
    let tick = tick as f32;
    if total == 0.0 || tick <= 1.0 {
        return 0.0;
    }
    let off = now + total - now * tick;
    off * off / (total * (tick - 1.0))
}

fn pair(source: u32, destination: u32) -> u64 {
    (u64::from(source) << 32) | u64::from(destination)
}

/// MIDAS: edges only.
#[derive(Clone, Debug)]
pub struct Midas {
    tick: u64,
    rows: Rows,
    now: Sketch,
    total: Sketch,
}

impl Midas {
    /// With hash functions of that seed.
    pub fn new(seed: u64) -> Self {
        Midas { tick: 1, rows: Rows::new(seed), now: Sketch::new(), total: Sketch::new() }
    }
}

impl Peer for Midas {
    fn score(&mut self, source: u32, destination: u32, tick: u64) -> f32 {
        if tick > self.tick {
            self.now.scale(0.0);
            self.tick = tick;
        }
        let place = self.rows.place(pair(source, destination));
        self.now.add(place);
        self.total.add(place);
        chi_squared(self.now.least(place), self.total.least(place), self.tick)
    }
}

/// MIDAS-R: edges and both ends, with memory of the ticks before.
#[derive(Clone, Debug)]
pub struct MidasR {
    tick: u64,
    rows: Rows,
    counts: [(Sketch, Sketch); 3],
}

impl MidasR {
    /// With hash functions of that seed.
    pub fn new(seed: u64) -> Self {
        let counts = std::array::from_fn(|_| (Sketch::new(), Sketch::new()));
        MidasR { tick: 1, rows: Rows::new(seed), counts }
    }
}

impl Peer for MidasR {
    fn score(&mut self, source: u32, destination: u32, tick: u64) -> f32 {
        if tick > self.tick {
            self.counts.iter_mut().for_each(|(now, _)| now.scale(DECAY));
            self.tick = tick;
        }
        let keys = [pair(source, destination), u64::from(source), u64::from(destination)];
        let mut score = 0.0f32;
        for ((now, total), key) in self.counts.iter_mut().zip(keys) {
            let place = self.rows.place(key);
            now.add(place);
            total.add(place);
            score = score.max(chi_squared(now.least(place), total.least(place), self.tick));
        }
        score
    }
}

/// One of the three kinds that MIDAS-F counts.
#[derive(Clone, Debug)]
struct Filtered {
    now: Sketch,
    total: Sketch,
    scores: Sketch,
}

impl Filtered {
    /// What the last tick had goes into the totals where it was usual; elsewhere they grow by their own mean.
    fn merge(&mut self, last_tick: u64) {
        let share = if last_tick > 1 { 1.0 / (last_tick - 1) as f32 } else { 0.0 };
        for ((now, total), score) in self.now.0.iter_mut().zip(&mut self.total.0).zip(&self.scores.0) {
            *total += if *score < THRESHOLD { *now } else { *total * share };
            *now *= DECAY;
        }
    }
}

/// MIDAS-F: MIDAS-R that keeps anomalies out of its totals.
#[derive(Clone, Debug)]
pub struct MidasF {
    tick: u64,
    rows: Rows,
    counts: [Filtered; 3],
}

impl MidasF {
    /// With hash functions of that seed.
    pub fn new(seed: u64) -> Self {
        let counts =
            std::array::from_fn(|_| Filtered { now: Sketch::new(), total: Sketch::new(), scores: Sketch::new() });
        MidasF { tick: 1, rows: Rows::new(seed), counts }
    }
}

impl Peer for MidasF {
    fn score(&mut self, source: u32, destination: u32, tick: u64) -> f32 {
        if tick > self.tick {
            let last = self.tick;
            self.counts.iter_mut().for_each(|counts| counts.merge(last));
            self.tick = tick;
        }
        let keys = [pair(source, destination), u64::from(source), u64::from(destination)];
        let mut score = 0.0f32;
        for (counts, key) in self.counts.iter_mut().zip(keys) {
            let place = self.rows.place(key);
            counts.now.add(place);
            let found = chi_squared_apart(counts.now.least(place), counts.total.least(place), self.tick);
            counts.scores.set(place, found);
            score = score.max(found);
        }
        score
    }
}
