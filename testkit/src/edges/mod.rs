//! Labelled streams of edges: who talked to whom, when, and whether it was an attack.
//!
//! A background with heavy-tailed degrees, a daily rhythm, conversations, machines that ask at a steady pace, and bursts that are no attack
//! (a backup at night, a crowd at a service, machines that are new); and in it attacks of the kinds that DARPA's evaluation of 1998
//! names, each with what makes it hard to see. A stream follows from its [`Plan`] and repeats itself exactly.
//!
//! [`auc`] says how well scores tell the two apart; [`peers`] are methods of others to be compared with.
//!
//! Deliberately absent: what the edges carried. Ports, bytes and flags would make some attacks easy.

mod attacks;
mod background;
mod measure;
pub mod peers;
#[cfg(test)]
mod tests;

pub use measure::auc;

use crate::random::Random;

/// Who talked to whom, when, and whether it belongs to an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelledEdge {
    /// The number of the machine that began.
    pub source: u32,
    /// The number of the other one.
    pub destination: u32,
    /// Units since the beginning; see [`Plan::units_a_minute`].
    pub time: u64,
    /// Whether it belongs to an attack.
    pub is_attack: bool,
}

/// The kinds of attack that a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// One machine floods another for many minutes (`neptune` from one address, `pod`, `mailbomb`).
    Flood,
    /// The same from addresses that are invented for each packet (`neptune`).
    SpoofedFlood,
    /// A few hundred machines answer to one that never asked (`smurf`).
    Smurf,
    /// One machine tries the ports of another, a minute or two (`portsweep`, `satan`).
    PortSweep,
    /// One machine tries all addresses (`ipsweep`, `mscan`).
    AddressSweep,
    /// The same, a few addresses a minute, for hours.
    SlowScan,
    /// Passwords are guessed on one machine, twenty to sixty a minute (`dict`, `snmpguess`).
    Guessing,
    /// Machines find each other and all talk to all (a worm).
    Worm,
    /// Two that never talked do so from now on, both ways, some twenty times a minute for a third of the stream (`snmpgetattack`).
    Leak,
    /// The ports of one machine are tried one to three a minute, for hours (`portsweep`, `nmap` when they take their time).
    SlowSweep,
    /// All of these, more attack than background, as in DARPA's weeks.
    Mixed,
    /// All of these, the first of them within the first minutes.
    Early,
}

impl Family {
    /// Every one.
    pub const ALL: [Family; 12] = [
        Family::Flood,
        Family::SpoofedFlood,
        Family::Smurf,
        Family::PortSweep,
        Family::AddressSweep,
        Family::SlowScan,
        Family::Guessing,
        Family::Worm,
        Family::Leak,
        Family::SlowSweep,
        Family::Mixed,
        Family::Early,
    ];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Flood => "flood",
            Family::SpoofedFlood => "spoofed flood",
            Family::Smurf => "smurf",
            Family::PortSweep => "port sweep",
            Family::AddressSweep => "address sweep",
            Family::SlowScan => "slow scan",
            Family::Guessing => "guessing",
            Family::Worm => "worm",
            Family::Leak => "leak",
            Family::SlowSweep => "slow sweep",
            Family::Mixed => "mixed",
            Family::Early => "early",
        }
    }
}

/// What a stream is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which attacks.
    pub family: Family,
    /// What all chance follows from.
    pub seed: u64,
    /// How long.
    pub minutes: u64,
    /// Edges of the background in a minute, on average over the day.
    pub edges_a_minute: u64,
    /// How finely time is told: 1 minutes, 60 seconds, 60,000,000 microseconds.
    pub units_a_minute: u64,
}

impl Plan {
    /// A day and a half of minutes, forty edges in each.
    pub const fn of(family: Family, seed: u64) -> Self {
        Plan { family, seed, minutes: 2_160, edges_a_minute: 40, units_a_minute: 1 }
    }

    /// The stream, in the order of its times.
    pub fn stream(&self) -> Vec<LabelledEdge> {
        let mut stage =
            Stage { random: Random::new(self.seed), units_a_minute: self.units_a_minute, edges: Vec::new() };
        background::play(self, &mut stage);
        attacks::play(self, &mut stage);
        let mut edges = stage.edges;
        // Stable, so that edges of one moment keep the order in which they were made up, mixed by a key of chance.
        edges.sort_by_key(|(key, edge)| (edge.time, *key));
        edges.into_iter().map(|(_, edge)| edge).collect()
    }
}

/// Where the edges of a stream gather.
struct Stage {
    random: Random,
    units_a_minute: u64,
    edges: Vec<(u64, LabelledEdge)>,
}

/// A pair of machines.
type Pair = (u32, u32);

impl Stage {
    /// An edge of the background, somewhere within a minute.
    fn usual(&mut self, pair: Pair, minute: u64) {
        let edge = self.within(pair, minute);
        self.put(edge);
    }

    /// An edge of an attack.
    fn attack(&mut self, pair: Pair, minute: u64) {
        let edge = LabelledEdge { is_attack: true, ..self.within(pair, minute) };
        self.put(edge);
    }

    fn within(&mut self, (source, destination): Pair, minute: u64) -> LabelledEdge {
        let within = self.random.between(0, self.units_a_minute);
        LabelledEdge { source, destination, time: minute * self.units_a_minute + within, is_attack: false }
    }

    fn put(&mut self, edge: LabelledEdge) {
        let key = self.random.next_u64();
        self.edges.push((key, edge));
    }

    /// A number below `count`, small ones far more often: a degree that is heavy-tailed.
    fn popular(&mut self, count: u32) -> u32 {
        let unit = self.unit();
        let at = (f64::from(count) * unit * unit * unit) as u32;
        at.min(count.saturating_sub(1))
    }

    /// A number from 0 up to, but not, 1.
    fn unit(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About `mean`, at least 1, with a long tail (geometric).
    fn about(&mut self, mean: u64) -> u64 {
        let unit = self.unit().max(1e-12);
        1 + (-unit.ln() * (mean.max(1) - 1) as f64) as u64
    }
}
