//! What a scorer remembers, as a value that outlives the process.

use model::limits::EDGE_SKETCH_BITS_MAX;
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::sketch::{Cell, Sketch};
use super::{BITS_MIN, Scorer, Settings};

/// A snapshot: settings, clock, and the cells that were touched. A scorer that goes on from it gives the same scores as the one it was
/// taken from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    seed: u64,
    bits: u32,
    clock: Clock,
    edges: Vec<(u32, Cell)>,
    sources: Vec<(u32, Cell)>,
    destinations: Vec<(u32, Cell)>,
    stream: Vec<(u32, Cell)>,
}

/// A snapshot that no scorer can have made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamagedState {
    /// Its sketches would be too small or too large.
    #[error("a kept state of edges with sketches of 2^{0} cells")]
    Size(u32),
    /// Its clock is wrong.
    #[error("a kept state of edges whose clock is wrong")]
    Clock,
    /// A cell lies outside its sketch, or holds what is no count.
    #[error("a kept state of edges with a damaged cell: {0}")]
    Cell(u32),
}

impl Scorer {
    /// What it remembers now, in a fixed order.
    pub fn snapshot(&self) -> State {
        let cells = |sketch: &Sketch| sketch.touched().collect();
        State {
            seed: self.settings.seed,
            bits: self.settings.bits,
            clock: self.clock.clone(),
            edges: cells(&self.edges),
            sources: cells(&self.sources),
            destinations: cells(&self.destinations),
            stream: cells(&self.stream),
        }
    }

    /// Goes on from a snapshot.
    ///
    /// # Errors
    /// When no scorer can have made it.
    pub fn restore(state: &State) -> Result<Self, DamagedState> {
        if !(BITS_MIN..=EDGE_SKETCH_BITS_MAX).contains(&state.bits) {
            return Err(DamagedState::Size(state.bits));
        }
        if !state.clock.is_sound() {
            return Err(DamagedState::Clock);
        }
        let mut scorer = Scorer::new(Settings { seed: state.seed, bits: state.bits });
        scorer.clock = state.clock.clone();
        let sketches = [
            (&mut scorer.edges, &state.edges),
            (&mut scorer.sources, &state.sources),
            (&mut scorer.destinations, &state.destinations),
            (&mut scorer.stream, &state.stream),
        ];
        for (sketch, cells) in sketches {
            for (number, cell) in cells {
                if !is_sound(cell, &state.clock) || !sketch.put(*number, *cell) {
                    return Err(DamagedState::Cell(*number));
                }
            }
        }
        Ok(scorer)
    }
}

/// Whether a cell holds counts, of no later tick than the clock's.
fn is_sound(cell: &Cell, clock: &Clock) -> bool {
    let counts = [cell.raw, cell.total, cell.pending, cell.unusual];
    let is_count = |count: &f32| count.is_finite() && *count >= 0.0;
    cell.tick <= clock.tick() && counts.iter().chain(&cell.now).all(is_count)
}
