//! Choosing alternatives, windows and moments until an assignment is found.

use std::ops::Range;
use std::rc::Rc;

use model::limits;

use super::assign::assign;
use super::tree::{Pool, Tree};

/// Why a search was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Places,
    Steps,
}

/// What it costs to write out a tree for one alternative, in looks at observations.
const CHOICE_STEPS: u64 = 50;

/// A place for observations, and which of its pool it still takes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) pool: Rc<Pool>,
    pub(super) needed: u64,
    /// They have not ended before.
    floor: i64,
    /// They have begun by then.
    ceiling: i64,
}

/// A window or a moment that has to be chosen for places.
#[derive(Clone, Debug)]
enum Decision {
    Window { places: Range<usize>, span: i64 },
    Moment { before: Range<usize>, after: Range<usize> },
}

impl Place {
    /// The observations that it takes, in the order of their beginnings.
    pub(super) fn allowed(&self) -> impl Iterator<Item = super::Candidate> + '_ {
        let all = &self.pool.candidates;
        // What has not ended by the floor has not begun earlier than the longest before it.
        let earliest = self.floor.saturating_sub(self.pool.longest);
        let start = all.partition_point(|candidate| candidate.first < earliest);
        let end = all.partition_point(|candidate| candidate.first <= self.ceiling).max(start);
        let range = all.get(start..end).unwrap_or_default();
        range.iter().copied().filter(|candidate| candidate.last >= self.floor)
    }
}

/// One search, with the steps that it has left.
pub(super) struct Search<'a> {
    pub(super) counts: &'a dyn Fn(u32) -> u64,
    steps_left: u64,
    choices_open: usize,
    places: Vec<Place>,
    decisions: Vec<Decision>,
}

impl<'a> Search<'a> {
    pub(super) fn new(counts: &'a dyn Fn(u32) -> u64, steps_left: u64) -> Self {
        Search { counts, steps_left, choices_open: 0, places: Vec::new(), decisions: Vec::new() }
    }

    /// The observations of the first fit, in order.
    pub(super) fn find(&mut self, tree: &Tree) -> Result<Option<Vec<u32>>, Stop> {
        if tree.is_dead() {
            return Ok(None);
        }
        let Some(ways) = tree.first_choice() else { return self.place(tree) };
        if self.choices_open == limits::PATTERN_PLACES_MAX {
            return Err(Stop::Places);
        }
        self.choices_open += 1;
        for way in 0..ways {
            self.step(CHOICE_STEPS)?;
            if let Some(found) = self.find(&tree.choose(way)?)? {
                return Ok(Some(found));
            }
        }
        self.choices_open -= 1;
        Ok(None)
    }

    /// Counts work.
    pub(super) fn step(&mut self, steps: u64) -> Result<(), Stop> {
        self.steps_left = self.steps_left.checked_sub(steps).ok_or(Stop::Steps)?;
        Ok(())
    }

    /// A tree without choices between alternatives.
    fn place(&mut self, tree: &Tree) -> Result<Option<Vec<u32>>, Stop> {
        self.places.clear();
        self.decisions.clear();
        self.expand(tree)?;
        if !self.is_enough(0..self.places.len())? || self.assigned()?.is_none() {
            return Ok(None);
        }
        self.decide(0)
    }

    fn expand(&mut self, tree: &Tree) -> Result<(), Stop> {
        self.step(1)?;
        match tree {
            Tree::Place(pool, needed) => {
                if self.places.len() == limits::PATTERN_PLACES_MAX {
                    return Err(Stop::Places);
                }
                self.places.push(Place { pool: Rc::clone(pool), needed: *needed, floor: i64::MIN, ceiling: i64::MAX });
            }
            Tree::All(children) => children.iter().try_for_each(|child| self.expand(child))?,
            Tree::Any(_) => {
                // Only the empty one is left, which nothing fits.
                self.places.push(Place { pool: Rc::default(), needed: 1, floor: i64::MIN, ceiling: i64::MAX });
            }
            Tree::Within(inner, span) => {
                let (start, own) = (self.places.len(), self.decisions.len());
                self.expand(inner)?;
                // The widest first, since it narrows the others.
                self.decisions.insert(own, Decision::Window { places: start..self.places.len(), span: *span });
            }
            Tree::Sequence(children) => {
                let own = self.decisions.len();
                let mut starts = Vec::with_capacity(children.len());
                for child in children {
                    starts.push(self.places.len());
                    self.expand(child)?;
                }
                let end = self.places.len();
                let moments: Vec<_> = starts
                    .windows(2)
                    .filter_map(|pair| {
                        let [start, next] = *pair else { return None };
                        Some(Decision::Moment { before: start..next, after: next..end })
                    })
                    .collect();
                self.decisions.splice(own..own, moments);
            }
            Tree::Copies(inner, count) => {
                for _ in 0..*count {
                    self.expand(inner)?;
                }
            }
        }
        Ok(())
    }

    /// Makes the decisions from that one on.
    fn decide(&mut self, at: usize) -> Result<Option<Vec<u32>>, Stop> {
        let Some(decision) = self.decisions.get(at).cloned() else { return self.assigned() };
        match decision {
            Decision::Window { places, span } => self.decide_window(at, places, span),
            Decision::Moment { before, after } => self.decide_moment(at, before, after),
        }
    }

    fn decide_window(&mut self, at: usize, places: Range<usize>, span: i64) -> Result<Option<Vec<u32>>, Stop> {
        let ends = self.times(places.clone(), |candidate| candidate.last)?;
        let begins = self.times(places.clone(), |candidate| candidate.first)?;
        let (Some(earliest), Some(latest)) = (ends.first(), begins.last()) else { return self.decide(at + 1) };
        if *latest <= earliest.saturating_add(span) {
            return self.decide(at + 1);
        }
        // If all are in one window, they are in the one that opens when the first of them ends.
        for opens in ends {
            let kept = self.places.get(places.clone()).map(<[Place]>::to_vec).unwrap_or_default();
            self.narrow(places.clone(), opens, opens.saturating_add(span));
            if self.is_enough(places.clone())?
                && self.assigned()?.is_some()
                && let Some(found) = self.decide(at + 1)?
            {
                return Ok(Some(found));
            }
            self.restore(places.clone(), kept);
        }
        Ok(None)
    }

    fn decide_moment(
        &mut self,
        at: usize,
        before: Range<usize>,
        after: Range<usize>,
    ) -> Result<Option<Vec<u32>>, Stop> {
        let begins = self.times(before.clone(), |candidate| candidate.first)?;
        let ends = self.times(after.clone(), |candidate| candidate.last)?;
        let (Some(latest), Some(earliest)) = (begins.last(), ends.first()) else { return self.decide(at + 1) };
        if latest <= earliest {
            return self.decide(at + 1);
        }
        let both = before.start..after.end;
        for moment in begins {
            let kept = self.places.get(both.clone()).map(<[Place]>::to_vec).unwrap_or_default();
            self.narrow(before.clone(), i64::MIN, moment);
            self.narrow(after.clone(), moment, i64::MAX);
            // A later moment leaves what comes after even less.
            let is_too_late = !self.is_enough(after.clone())?;
            if !is_too_late
                && self.is_enough(before.clone())?
                && self.assigned()?.is_some()
                && let Some(found) = self.decide(at + 1)?
            {
                return Ok(Some(found));
            }
            self.restore(both.clone(), kept);
            if is_too_late {
                break;
            }
        }
        Ok(None)
    }

    fn narrow(&mut self, places: Range<usize>, floor: i64, ceiling: i64) {
        for place in self.places.get_mut(places).unwrap_or_default() {
            place.floor = place.floor.max(floor);
            place.ceiling = place.ceiling.min(ceiling);
        }
    }

    fn restore(&mut self, places: Range<usize>, kept: Vec<Place>) {
        if let Some(slots) = self.places.get_mut(places) {
            slots.clone_from_slice(&kept);
        }
    }

    /// Different times of what these places take, in order.
    fn times(&mut self, places: Range<usize>, time: impl Fn(super::Candidate) -> i64) -> Result<Vec<i64>, Stop> {
        let mut times = Vec::new();
        for place in self.places.get(places).unwrap_or_default() {
            times.extend(place.allowed().map(&time));
        }
        self.step(times.len() as u64)?;
        times.sort_unstable();
        times.dedup();
        Ok(times)
    }

    /// Each of these places could be filled if it were alone.
    fn is_enough(&mut self, places: Range<usize>) -> Result<bool, Stop> {
        let mut steps = 0;
        let counts = self.counts;
        let is_enough = self.places.get(places).unwrap_or_default().iter().all(|place| {
            let mut missing = place.needed;
            for candidate in place.allowed() {
                steps += 1;
                missing = missing.saturating_sub(counts(candidate.observation));
                if missing == 0 {
                    break;
                }
            }
            missing == 0
        });
        self.step(steps + 1)?;
        Ok(is_enough)
    }

    /// The observations of an assignment for all places as they are, in order.
    fn assigned(&mut self) -> Result<Option<Vec<u32>>, Stop> {
        let places = std::mem::take(&mut self.places);
        let assigned = assign(&places, self);
        self.places = places;
        assigned
    }
}
