//! Count-min sketches whose cells catch up with time when they are touched.
//!
//! Cormode and Muthukrishnan, "An improved data stream summary: the count-min sketch", 2005. Two rows, as MIDAS has; a count is the lesser
//! of both, so it is never too small.

use serde::{Deserialize, Serialize};

use super::clock::GAP_TICKS_MAX;
use super::statistic::{DECAYS, LEARNING_TICKS, UNUSUAL_MIN, USUAL_AFTER_TICKS};

/// Rows of a sketch.
pub(super) const ROWS: usize = 2;
/// Windows in which a cell counts.
pub(super) const WINDOWS: usize = 3;
/// How much of the ticks that were unusual is forgiven for each that was not.
const FORGIVEN_A_TICK: f32 = 0.1;

/// Where a key is counted: a cell of each row.
pub(super) type Place = [usize; ROWS];

/// What is counted for all keys that share a cell. Half a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[repr(align(32))]
pub(super) struct Cell {
    /// The tick in which it was touched last; 0 when never.
    pub(super) tick: u32,
    /// The highest statistic in that tick.
    pub(super) raw: f32,
    /// Usual counts of all ticks before.
    pub(super) total: f32,
    /// The count of that tick.
    pub(super) pending: f32,
    /// Counts that decay.
    pub(super) now: [f32; WINDOWS],
    /// Ticks that have been unusual.
    pub(super) unusual: f32,
}

/// Bytes of a cell.
pub(super) const fn cell_bytes() -> usize {
    size_of::<Cell>()
}

/// What the sketch knows of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) total: f32,
    pub(super) pending: f32,
    pub(super) now: [f32; WINDOWS],
}

/// How long each window is by now, and how many ticks were before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decays {
    tick: u32,
    /// What an even count of one a tick comes to in each window.
    lengths: [f32; WINDOWS],
}

impl Decays {
    pub(super) fn at(tick: u32) -> Self {
        Decays { tick, lengths: DECAYS.map(|decay| (1.0 - power(decay, tick)) / (1.0 - decay)) }
    }

    pub(super) fn tick(&self) -> u32 {
        self.tick
    }

    /// Ticks before this one, at least 1.
    pub(super) fn before(&self) -> f32 {
        self.tick.saturating_sub(1).max(1) as f32
    }

    pub(super) fn lengths(&self) -> [f32; WINDOWS] {
        self.lengths
    }
}

/// `base` to the power of `exponent`, by squaring: the same on every machine.
fn power(base: f32, exponent: u32) -> f32 {
    let (mut result, mut square, mut left) = (1.0, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    result
}

impl Cell {
    /// What lies between its tick and this one happens now.
    fn roll(&mut self, tick: u32) {
        if self.tick >= tick {
            return;
        }
        if self.tick > 0 {
            let gap = tick - self.tick;
            self.merge(gap.min(GAP_TICKS_MAX) as f32);
            for (now, decay) in self.now.iter_mut().zip(DECAYS) {
                *now *= power(decay, gap);
            }
        }
        self.tick = tick;
        self.raw = 0.0;
        self.pending = 0.0;
    }

    /// The tick's count goes into the total: all of it when it was usual or has been unusual for so long that it is usual; else as much as
    /// the mean, and while the stream is young a part of it.
    fn merge(&mut self, gap: f32) {
        let age = self.tick as f32;
        if self.raw < UNUSUAL_MIN {
            self.total += self.pending;
            self.unusual = (self.unusual - FORGIVEN_A_TICK * gap).max(0.0);
        } else if self.unusual > USUAL_AFTER_TICKS {
            self.total += self.pending;
        } else {
            let part = self.pending * LEARNING_TICKS / (LEARNING_TICKS + age);
            self.total += (self.total / age).max(part).min(self.pending);
            self.unusual += gap;
        }
    }
}

/// Counts by key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sketch {
    cells: Vec<Cell>,
    bits: u32,
}

impl Sketch {
    /// So many cells in a row, as a power of two.
    pub(super) fn new(bits: u32) -> Self {
        Sketch { cells: vec![Cell::default(); ROWS << bits], bits }
    }

    pub(super) fn clear(&mut self) {
        self.cells.fill(Cell::default());
    }

    /// Where a key is counted. The rows take different bits of the hash.
    pub(super) fn place(&self, hash: u64) -> Place {
        let row = 1usize << self.bits;
        let mask = row as u64 - 1;
        [(hash & mask) as usize, row + ((hash >> 32) & mask) as usize]
    }

    /// The cells of a place catch up with this tick.
    pub(super) fn roll(&mut self, place: Place, tick: u32) {
        for at in place {
            if let Some(cell) = self.cells.get_mut(at) {
                cell.roll(tick);
            }
        }
    }

    pub(super) fn add(&mut self, place: Place, weight: f32) {
        for at in place {
            if let Some(cell) = self.cells.get_mut(at) {
                cell.pending += weight;
                cell.now.iter_mut().for_each(|now| *now += weight);
            }
        }
    }

    /// The least of both rows, count by count.
    pub(super) fn counts(&self, place: Place) -> Counts {
        let mut least = Counts { total: f32::MAX, pending: f32::MAX, now: [f32::MAX; WINDOWS] };
        for cell in place.iter().filter_map(|at| self.cells.get(*at)) {
            least.total = least.total.min(cell.total);
            least.pending = least.pending.min(cell.pending);
            for (now, of_cell) in least.now.iter_mut().zip(cell.now) {
                *now = now.min(of_cell);
            }
        }
        least
    }

    /// How unusual this tick is; the highest counts.
    pub(super) fn mark(&mut self, place: Place, raw: f32) {
        for at in place {
            if let Some(cell) = self.cells.get_mut(at) {
                cell.raw = cell.raw.max(raw);
            }
        }
    }

    /// Cells that were touched, with their numbers.
    pub(super) fn touched(&self) -> impl Iterator<Item = (u32, Cell)> + '_ {
        (0u32..).zip(&self.cells).filter(|(_, cell)| cell.tick > 0).map(|(number, cell)| (number, *cell))
    }

    /// Puts a cell back; `false` when there is none of that number.
    pub(super) fn put(&mut self, number: u32, cell: Cell) -> bool {
        let place = self.cells.get_mut(number as usize);
        place.map(|place| *place = cell).is_some()
    }
}
