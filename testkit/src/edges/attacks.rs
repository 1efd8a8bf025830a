//! What does not happen every day.

use super::background::{CLIENTS, FIRST_OUTSIDE, FIRST_SERVER, OUTSIDE, SERVERS};
use super::{Family, Pair, Plan, Stage};

/// The kinds that a mixed stream has, in turn.
const KINDS: [Family; 10] = [
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
];

pub(super) fn play(plan: &Plan, stage: &mut Stage) {
    let (first, between) = match plan.family {
        Family::Early => (1, plan.minutes / 12),
        Family::Mixed => (plan.minutes / 10, plan.minutes / 20),
        Family::SlowScan | Family::SlowSweep => (plan.minutes / 5, plan.minutes / 3),
        Family::Leak => (plan.minutes / 3, plan.minutes / 2),
        _ => (plan.minutes / 5, plan.minutes / 8),
    };
    let mut from = first;
    let mut turn = stage.random.between(0, KINDS.len() as u64) as usize;
    while from < plan.minutes {
        let kind = match plan.family {
            Family::Mixed | Family::Early => KINDS[turn % KINDS.len()],
            kind => kind,
        };
        Attack { plan, from, stage }.play(kind);
        turn += 1;
        from += stage.random.between(between / 2, between * 3 / 2).max(1);
    }
}

/// One attack as it happens.
struct Attack<'p> {
    plan: &'p Plan,
    from: u64,
    stage: &'p mut Stage,
}

impl Attack<'_> {
    fn play(&mut self, kind: Family) {
        let size = self.plan.edges_a_minute;
        match kind {
            Family::SpoofedFlood => self.spoofed(size),
            Family::Smurf => self.smurf(size),
            Family::PortSweep => self.port_sweep(size),
            Family::AddressSweep => self.address_sweep(size, 4),
            Family::SlowScan => self.address_sweep(4, 240),
            Family::Guessing => self.guessing(),
            Family::Worm => self.worm(size),
            Family::Leak => self.leak(),
            Family::SlowSweep => self.slow_sweep(),
            Family::Flood | Family::Mixed | Family::Early => self.flood(size),
        }
    }

    /// So many edges in each of so many minutes.
    fn lasting(&mut self, minutes: u64, edges_a_minute: u64, mut pair: impl FnMut(&mut Stage) -> Pair) {
        for minute in self.from..(self.from + minutes).min(self.plan.minutes) {
            for _ in 0..self.stage.random.between(edges_a_minute * 3 / 4, edges_a_minute * 5 / 4 + 1) {
                let pair = pair(self.stage);
                self.stage.attack(pair, minute);
            }
        }
    }

    /// Half of the attackers are known from before.
    fn attacker(&mut self) -> u32 {
        if self.stage.random.chance(1, 2) {
            return FIRST_OUTSIDE + self.stage.popular(OUTSIDE);
        }
        60_000 + self.stage.random.between(0, 5_000) as u32
    }

    fn victim(&mut self) -> u32 {
        FIRST_SERVER + self.stage.popular(SERVERS)
    }

    fn flood(&mut self, size: u64) {
        let pair = (self.attacker(), self.victim());
        let (minutes, edges) = (self.stage.random.between(5, 60), self.stage.random.between(size, size * 8));
        self.lasting(minutes, edges, |_| pair);
    }

    fn spoofed(&mut self, size: u64) {
        let victim = self.victim();
        let (minutes, edges) = (self.stage.random.between(5, 60), self.stage.random.between(size, size * 8));
        self.lasting(minutes, edges, |stage| (100_000 + stage.random.between(0, 1_000_000) as u32, victim));
    }

    fn smurf(&mut self, size: u64) {
        let (victim, first) = (self.victim(), 70_000 + self.stage.random.between(0, 20) as u32 * 256);
        let minutes = self.stage.random.between(2, 15);
        self.lasting(minutes, size * 6, |stage| (first + stage.random.between(0, 200) as u32, victim));
    }

    fn port_sweep(&mut self, size: u64) {
        let pair = (self.attacker(), self.victim());
        let (minutes, edges) = (self.stage.random.between(1, 4), self.stage.random.between(size / 2, size * 4));
        self.lasting(minutes, edges, |_| pair);
    }

    /// Each address is tried once or twice; one after the other, some of them nobody's.
    fn address_sweep(&mut self, edges_a_minute: u64, minutes: u64) {
        let attacker = self.attacker();
        let mut at = 0;
        self.lasting(minutes, edges_a_minute, |stage| {
            at += u32::from(stage.random.chance(2, 3));
            let target = at % (CLIENTS + SERVERS + 200);
            let target = if target < CLIENTS { target } else { FIRST_SERVER + target - CLIENTS };
            (attacker, target)
        });
    }

    fn guessing(&mut self) {
        let pair = (self.attacker(), self.victim());
        let (minutes, edges) = (self.stage.random.between(5, 40), self.stage.random.between(20, 60));
        self.lasting(minutes, edges, |_| pair);
    }

    fn leak(&mut self) {
        let (attacker, victim) = (self.attacker(), self.victim());
        let edges = self.stage.random.between(10, 26);
        self.lasting(self.plan.minutes / 3, edges, |stage| {
            if stage.random.chance(1, 2) { (attacker, victim) } else { (victim, attacker) }
        });
    }

    fn slow_sweep(&mut self) {
        let pair = (self.attacker(), self.victim());
        self.lasting(self.plan.minutes / 6, 2, |_| pair);
    }

    /// Each minute some more machines have it, and each talks to all others.
    fn worm(&mut self, size: u64) {
        let mut ill = vec![self.stage.popular(CLIENTS)];
        for minute in self.from..(self.from + 12).min(self.plan.minutes) {
            for _ in 0..self.stage.random.between(size, size * 3) {
                let from = *self.stage.random.pick(&ill);
                let to = self.stage.random.between(0, u64::from(CLIENTS)) as u32;
                self.stage.attack((from, to), minute);
                if ill.len() < 60 && self.stage.random.chance(1, 12) {
                    ill.push(to);
                }
            }
        }
    }
}
