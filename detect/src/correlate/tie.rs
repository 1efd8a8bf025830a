//! What ties findings together, and how much a tie says.
//!
//! The weight of a tie is a ratio of two chances: how likely the next finding of the same attack comes after such a gap, and how
//! likely an unrelated one does, given how often this thing turns up in incidents (its visits). So rarity and nearness in time are
//! one figure, and a domain controller, a proxy or a backup server weighs little without being named anywhere. After an
//! attack's last finding the next one comes within seconds (a burst) or within a session; both are hyperbolic, because gaps of
//! people at work have long tails. Only sums, products, quotients and square roots are used: the same bits on every machine.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use model::entity::{Entity, EntityKind, Part};
use model::{Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::neighbours::Neighbours;
use super::signal::Signal;

/// Something that findings can have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// A thing that took part.
    Entity(Entity),
    /// What an indicator calls what it belongs to.
    Campaign(Box<str>),
    /// The same analytic on the same subject.
    Again(LineKey),
    /// The same analytic, wherever; counted, and no tie by itself.
    Analytic(Box<str>),
}

/// What findings that say the same have in common: the analytic, and the subject's name (empty where there is none).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineKey {
    /// The analytic's id.
    pub analytic: Box<str>,
    /// The subject.
    pub subject: Box<str>,
}

impl fmt::Display for Tie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tie::Entity(entity) => write!(f, "{} {}", entity.kind().name(), entity.name()),
            Tie::Campaign(name) => write!(f, "campaign {name}"),
            Tie::Again(key) if key.subject.is_empty() => write!(f, "analytic {}", key.analytic),
            Tie::Again(key) => write!(f, "analytic {} on {}", key.analytic, key.subject),
            Tie::Analytic(uid) => write!(f, "analytic {uid}"),
        }
    }
}

/// Sorts of ties: what the ties of one sort say is one piece of evidence, the strongest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    /// Where it happened; that the same happens there again belongs here too.
    Where,
    /// Who did it.
    Who,
    /// What came from outside: addresses, names, files, campaigns.
    Outside,
}

/// A day in minutes.
const DAY: f64 = 1_440.0;

impl Tie {
    pub(super) fn sort(&self) -> Sort {
        match self {
            Tie::Campaign(_) => Sort::Outside,
            Tie::Again(_) | Tie::Analytic(_) => Sort::Where,
            Tie::Entity(entity) => match entity.kind() {
                EntityKind::Account => Sort::Who,
                EntityKind::Domain | EntityKind::File => Sort::Outside,
                EntityKind::Address if !is_inside(entity.name()) => Sort::Outside,
                _ => Sort::Where,
            },
        }
    }

    /// Minutes within which half of an attack's next findings at this come, bursts aside.
    fn session_minutes(&self) -> f64 {
        match (self, self.sort()) {
            (Tie::Again(_) | Tie::Analytic(_), _) => DAY,
            (_, Sort::Where) => 30.0,
            (_, Sort::Who) => 60.0,
            (_, Sort::Outside) => 240.0,
        }
    }

    /// How often an unrelated incident has to do with this where nothing is known yet, per minute.
    fn prior(&self) -> f64 {
        match (self, self.sort()) {
            (Tie::Again(_) | Tie::Analytic(_), _) => 1.0 / (180.0 * DAY),
            (_, Sort::Where | Sort::Who) => 1.0 / (30.0 * DAY),
            (_, Sort::Outside) => 1.0 / (90.0 * DAY),
        }
    }

    /// Whether it is a machine or something like one, so that directions mean something.
    pub(super) fn is_machine(&self) -> bool {
        matches!(self, Tie::Entity(_)) && self.sort() == Sort::Where
    }

    /// How likely an attack's next finding comes after `gap_us` microseconds, per minute.
    pub(super) fn density(&self, gap_us: i64) -> f64 {
        let gap = minutes(gap_us.max(0));
        let session = self.session_minutes();
        let burst = 1.0 / ((1.0 + gap) * (1.0 + gap));
        let slow = session / ((session + gap) * (session + gap));
        0.5 * burst + 0.5 * slow
    }
}

/// Two centuries in microseconds fit a float's 52 bits.
pub(super) fn minutes(span_us: i64) -> f64 {
    span_us as f64 / 60_000_000.0
}

fn is_inside(address: &str) -> bool {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_unique_local() || address.is_unicast_link_local(),
        Err(_) => false,
    }
}

/// The ties of a signal, each once with its first part, under the names that the register knows; in a fixed order.
pub(super) fn ties(signal: &Signal, neighbours: &Neighbours) -> Vec<(Tie, Part)> {
    let mut ties: Vec<(Tie, Part)> = Vec::new();
    for involved in &signal.involved {
        let tie = Tie::Entity(neighbours.thing(&involved.entity).clone());
        if !ties.iter().any(|(known, _)| *known == tie) {
            ties.push((tie, involved.part));
        }
    }
    let campaigns = signal.campaigns.iter().map(|name| (Tie::Campaign(name.clone()), Part::Means));
    ties.extend(campaigns);
    ties.push((Tie::Again(line_key(signal, neighbours)), Part::Means));
    ties
}

/// Where a signal is put down.
pub(super) fn line_key(signal: &Signal, neighbours: &Neighbours) -> LineKey {
    let subject = signal.subject().map(|subject| neighbours.thing(subject).to_string());
    LineKey { analytic: signal.analytic.clone(), subject: subject.unwrap_or_default().into() }
}

/// When incidents first had to do with something: the last [`limits::TIE_VISITS_MAX`] times, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Visits(#[serde(with = "super::pairs")] BTreeMap<Tie, Vec<i64>>);

/// Within this long visits are not told apart from one burst of bad luck, in minutes.
const VISITS_SPAN_MIN: f64 = 360.0;

impl Visits {
    /// An incident has to do with `tie` for the first time. Gives how many things were forgotten to make room.
    pub(super) fn note(&mut self, tie: &Tie, at: Timestamp) -> u64 {
        let mut forgotten = 0;
        if !self.0.contains_key(tie) && self.0.len() >= limits::TIES_COUNTED_MAX {
            // A quarter at once, so that a flood of new names costs little each.
            let mut newest: Vec<i64> = self.0.values().filter_map(|times| times.last().copied()).collect();
            let (_, limit, _) = newest.select_nth_unstable(limits::TIES_COUNTED_MAX / 4);
            let limit = *limit;
            let before = self.0.len();
            self.0.retain(|_, times| times.last().is_some_and(|newest| *newest > limit));
            forgotten = (before - self.0.len()) as u64;
        }
        let times = self.0.entry(tie.clone()).or_default();
        let place = times.partition_point(|known| *known <= at.as_micros());
        times.insert(place, at.as_micros());
        if times.len() > limits::TIE_VISITS_MAX {
            times.remove(0);
        }
        forgotten
    }

    /// How often an unrelated incident has to do with `tie`, per minute, as of `now`; the visit of the incident that is weighed
    /// (`own`) is left out, and so is what happens at this very moment, so that the order within a moment changes nothing.
    pub(super) fn rate(&self, tie: &Tie, now: Timestamp, own: Timestamp) -> f64 {
        let counted = match tie {
            Tie::Again(key) => Tie::Analytic(key.analytic.clone()),
            other => other.clone(),
        };
        let mut is_own_out = false;
        let (mut others, mut rate) = (0.0, tie.prior());
        for time in self.0.get(&counted).into_iter().flatten().rev().filter(|time| **time < now.as_micros()) {
            if *time == own.as_micros() && !is_own_out {
                is_own_out = true;
                continue;
            }
            others += 1.0;
            let span = minutes(now.as_micros().saturating_sub(*time)).max(VISITS_SPAN_MIN);
            if others >= 2.0 {
                rate = f64::max(rate, others / span);
            }
        }
        rate
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
