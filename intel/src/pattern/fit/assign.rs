//! Observations to places: the most that flows from one to the other (augmenting paths, Ford and Fulkerson 1956, shortest
//! first as Edmonds and Karp 1972).

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use super::search::{Place, Search, Stop};

/// What one observation gives: to which places, how many.
type Given = Vec<(usize, u64)>;

/// The observations that fill all places, in order, each once; `None` when they do not suffice.
pub(super) fn assign(places: &[Place], search: &mut Search<'_>) -> Result<Option<Vec<u32>>, Stop> {
    let mut flow = Flow { places, given: FxHashMap::default() };
    for (at, place) in places.iter().enumerate() {
        let mut missing = flow.take_free(at, place, search)?;
        while missing > 0 {
            let moved = flow.augment(at, missing, search)?;
            if moved == 0 {
                return Ok(None);
            }
            missing -= moved;
        }
    }
    let mut used: Vec<u32> = flow.given.iter().filter(|(_, given)| !given.is_empty()).map(|(id, _)| *id).collect();
    used.sort_unstable();
    Ok(Some(used))
}

struct Flow<'a> {
    places: &'a [Place],
    given: FxHashMap<u32, Given>,
}

/// How a place was reached: the observation that it would give up, and the place that would get it.
#[derive(Clone, Copy)]
struct Reached {
    observation: u32,
    place: usize,
}

impl Flow<'_> {
    fn free(&self, observation: u32, search: &Search<'_>) -> u64 {
        let given = self.given.get(&observation).map_or(0, |given| given.iter().map(|(_, count)| *count).sum());
        (search.counts)(observation).saturating_sub(given)
    }

    fn held(&self, observation: u32, place: usize) -> u64 {
        let given = self.given.get(&observation).map(Vec::as_slice).unwrap_or_default();
        given.iter().find(|(holder, _)| *holder == place).map_or(0, |(_, count)| *count)
    }

    fn give(&mut self, observation: u32, place: usize, count: u64) {
        let given = self.given.entry(observation).or_default();
        match given.iter_mut().find(|(holder, _)| *holder == place) {
            Some((_, held)) => *held += count,
            None => given.push((place, count)),
        }
    }

    fn take_back(&mut self, observation: u32, place: usize, count: u64) {
        if let Some(given) = self.given.get_mut(&observation) {
            for (holder, held) in given.iter_mut() {
                if *holder == place {
                    *held = held.saturating_sub(count);
                }
            }
            given.retain(|(_, held)| *held > 0);
        }
    }

    /// Takes what nobody has; gives back how many are missing still.
    fn take_free(&mut self, at: usize, place: &Place, search: &mut Search<'_>) -> Result<u64, Stop> {
        let mut missing = place.needed;
        for candidate in place.allowed() {
            if missing == 0 {
                break;
            }
            search.step(1)?;
            let count = self.free(candidate.observation, search).min(missing);
            if count > 0 {
                self.give(candidate.observation, at, count);
                missing -= count;
            }
        }
        Ok(missing)
    }

    /// Gets up to `missing` more for a place by moving others; 0 when that cannot be done.
    fn augment(&mut self, start: usize, missing: u64, search: &mut Search<'_>) -> Result<u64, Stop> {
        let mut reached: FxHashMap<usize, Reached> = FxHashMap::default();
        let mut seen: FxHashSet<u32> = FxHashSet::default();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            let Some(place) = self.places.get(at) else { continue };
            for candidate in place.allowed() {
                search.step(1)?;
                let observation = candidate.observation;
                if !seen.insert(observation) {
                    continue;
                }
                let free = self.free(observation, search);
                if free > 0 {
                    return Ok(self.shift(start, missing.min(free), Reached { observation, place: at }, &reached));
                }
                for &(holder, _) in self.given.get(&observation).map(Vec::as_slice).unwrap_or_default() {
                    if holder != start && !reached.contains_key(&holder) {
                        reached.insert(holder, Reached { observation, place: at });
                        queue.push_back(holder);
                    }
                }
            }
        }
        Ok(0)
    }

    /// Moves along the way that ends in a free observation.
    fn shift(&mut self, start: usize, most: u64, end: Reached, reached: &FxHashMap<usize, Reached>) -> u64 {
        // Back from the end: each place gets one observation and gives up another.
        let mut way = vec![end];
        let mut at = end.place;
        while at != start {
            let Some(from) = reached.get(&at) else { break };
            way.push(*from);
            at = from.place;
        }
        let mut count = most;
        let mut giver = end.place;
        for from in way.iter().skip(1) {
            count = count.min(self.held(from.observation, giver));
            giver = from.place;
        }
        let mut giver = end.place;
        for (step, from) in way.iter().enumerate() {
            if step > 0 {
                self.take_back(from.observation, giver, count);
            }
            self.give(from.observation, from.place, count);
            giver = from.place;
        }
        count
    }
}
