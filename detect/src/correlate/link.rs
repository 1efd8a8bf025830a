//! Whether a finding belongs to an incident: the odds, and why.
//!
//! Ties of one sort (where, who, from outside) are one piece of evidence, of which the strongest counts. The strongest sort
//! counts in full, each other one by its square root and at most tenfold, because they are not independent: a person's account is
//! mostly seen on that person's machine.

use model::Timestamp;
use model::entity::Part;

use super::change::{Because, told};
use super::habits::Habits;
use super::incident::{Incident, Seat, acts};
use super::neighbours::{Near, Neighbours};
use super::signal::Signal;
use super::tactics::{KillChain, Tactics};
use super::tie::{LineKey, Sort, Tie, Visits};

/// From these odds on a finding joins an incident: ten times likelier in one attack than by chance.
pub const JOIN_ODDS: f64 = 10.0;
/// What a further sort of tie adds at most.
const FURTHER_MAX: f64 = 100.0;
/// What a thing weighs in a broad incident when it is not at its core.
const RIM: f64 = 0.1;
/// In how many findings of a broad incident a thing must have a part to be at its core.
const CORE_COUNT: u64 = 3;

/// What is known beside the finding and the incident.
#[derive(Clone, Copy)]
pub(super) struct Scales<'a> {
    pub(super) visits: &'a Visits,
    pub(super) habits: &'a Habits,
    pub(super) chain: &'a KillChain,
}

/// A finding and what follows from it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) signal: &'a Signal,
    pub(super) line: &'a LineKey,
    pub(super) ties: &'a [(Tie, Part)],
    /// What is next to the things that act in it.
    pub(super) around: &'a [Around],
}

/// A thing that acts in a finding, and one that is next to it.
#[derive(Clone, Debug)]
pub(super) struct Around {
    pub(super) tie: Tie,
    pub(super) other: Tie,
    pub(super) near: Near,
    /// How many are next to it in all.
    pub(super) of: usize,
}

/// What is next to the things that act.
pub(super) fn around(ties: &[(Tie, Part)], neighbours: &Neighbours) -> Vec<Around> {
    let mut found = Vec::new();
    for (tie, _) in ties.iter().filter(|(_, part)| acts(*part)) {
        let Tie::Entity(entity) = tie else { continue };
        found.extend(neighbours.around(entity).into_iter().map(|beside| Around {
            tie: tie.clone(),
            other: Tie::Entity(beside.entity.clone()),
            near: beside.near,
            of: beside.of,
        }));
    }
    found
}

/// A finding belongs to an incident.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) odds: f64,
    pub(super) because: Vec<Because>,
}

/// The strongest tie of each sort so far.
#[derive(Default)]
struct Strongest([Option<(f64, Because)>; 3]);

impl Strongest {
    fn offer(&mut self, sort: Sort, odds: f64, because: impl FnOnce() -> Because) {
        let [by_place, by_account, by_outside] = &mut self.0;
        let known = match sort {
            Sort::Where => by_place,
            Sort::Who => by_account,
            Sort::Outside => by_outside,
        };
        if known.as_ref().is_none_or(|(best, _)| *best < odds) {
            *known = Some((odds, because()));
        }
    }
}

/// The odds that the finding belongs to the incident, whatever they are; `None` where nothing ties the two.
pub(super) fn weigh(asked: Asked<'_>, incident: &Incident, scales: Scales<'_>) -> Option<Link> {
    let mut strongest = Strongest::default();
    // A finding that is ordinary at its subject comes by chance as often as it always does.
    let by_habit = scales.habits.rate(asked.line, asked.signal.time);
    let is_broad = incident.is_broad();
    for (tie, part) in asked.ties {
        let Some(seat) = incident.seats.get(tie) else { continue };
        let by_habit = if matches!(tie, Tie::Again(_)) { 0.0 } else { by_habit };
        let rate = scales.visits.rate(tie, asked.signal.time, own(incident, tie, seat)) + by_habit;
        let rim = if is_broad && seat.count < CORE_COUNT { RIM } else { 1.0 };
        same(asked.signal, (tie, *part), seat, rim / rate, &mut strongest);
    }
    for beside in asked.around {
        let seat = incident.seats.get(&beside.other).filter(|seat| seat.acts() && !is_broad);
        let Some(seat) = seat.filter(|_| !incident.seats.contains_key(&beside.tie)) else { continue };
        let rate = scales.visits.rate(&beside.other, asked.signal.time, seat.first) * beside.of.max(1) as f64;
        near(asked.signal, beside, seat, 1.0 / (rate + by_habit), &mut strongest);
    }
    let mut found: Vec<(f64, Because)> = strongest.0.into_iter().flatten().collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (first, further) = found.split_first()?;
    let mut odds = first.0;
    for (one, _) in further {
        odds *= one.clamp(1.0, FURTHER_MAX).sqrt();
    }
    let progress = progress(asked.signal, incident, scales.chain);
    odds *= progress.as_ref().map_or(1.0, |(factor, _)| *factor);
    let mut because: Vec<Because> = found.into_iter().filter(|(odds, _)| *odds >= 1.0).map(|(_, why)| why).collect();
    because.extend(progress.and_then(|(_, why)| why));
    because.push(Because::Together { odds: told(odds) });
    Some(Link { odds, because })
}

/// When the incident itself was counted as a visit of the thing.
fn own(incident: &Incident, tie: &Tie, seat: &Seat) -> Timestamp {
    match tie {
        Tie::Again(key) => {
            incident.seats.get(&Tie::Analytic(key.analytic.clone())).map_or(seat.first, |seat| seat.first)
        }
        _ => seat.first,
    }
}

/// Microseconds between a finding and the nearest that an incident had to do with a thing.
fn gap(seat: &Seat, time: Timestamp) -> i64 {
    if time > seat.last {
        time.as_micros().saturating_sub(seat.last.as_micros())
    } else {
        seat.first.as_micros().saturating_sub(time.as_micros()).max(0)
    }
}

/// The thing takes part in both.
fn same(signal: &Signal, (tie, part): (&Tie, Part), seat: &Seat, per_rate: f64, strongest: &mut Strongest) {
    let gap_us = gap(seat, signal.time);
    let is_reached = tie.is_machine() && acts(part) && !seat.acts() && seat.first <= signal.time;
    let direction = match (tie.is_machine(), acts(part), seat.acts()) {
        (true, true, false) if is_reached => 3.0,
        // Both only name it: everybody talks to the file server.
        (true, false, false) => 0.25,
        (true, false, true) => 0.5,
        _ => 1.0,
    };
    let odds = tie.density(gap_us) * per_rate * direction;
    strongest.offer(tie.sort(), odds, || match tie {
        Tie::Again(key) => {
            Because::Again { title: signal.title.clone(), subject: key.subject.clone(), gap_us, odds: told(odds) }
        }
        _ if is_reached => Because::Reached { tie: tie.clone(), gap_us, odds: told(odds) },
        _ => Because::Same { tie: tie.clone(), gap_us, is_ahead: signal.time < seat.first, odds: told(odds) },
    });
}

/// Things that are next to each other take part.
fn near(signal: &Signal, beside: &Around, seat: &Seat, per_rate: f64, strongest: &mut Strongest) {
    let gap_us = gap(seat, signal.time);
    let odds = beside.other.density(gap_us) * per_rate;
    strongest.offer(beside.other.sort(), odds, || Because::Near {
        one: beside.tie.clone(),
        other: beside.other.clone(),
        near: beside.near,
        gap_us,
        odds: told(odds),
    });
}

/// What the order of tactics makes of the odds: double where the finding takes the attack on by a tactic that it did not show
/// before, half where it would take it back. Findings of one moment have no order.
fn progress(signal: &Signal, incident: &Incident, chain: &KillChain) -> Option<(f64, Option<Because>)> {
    let (low, high) = chain.stages(signal.tactics)?;
    let before: Vec<(Timestamp, Tactics)> =
        incident.tactics().into_iter().filter(|(time, _)| *time < signal.time).collect();
    let all = before.iter().fold(Tactics::default(), |all, (_, tactic)| all.with(*tactic));
    let (_, reached) = chain.stages(all)?;
    let new = signal.tactics.without(all);
    let next = new.each().find(|tactic| chain.stages(*tactic).is_some_and(|(stage, _)| stage >= reached));
    if let Some(next) = next {
        let from = before.iter().rev().find_map(|(_, tactic)| tactic.names().next()).unwrap_or_default();
        let to = next.names().next().unwrap_or_default();
        return Some((2.0, Some(Because::Progress { from: from.into(), to: to.into() })));
    }
    let goes_back = high < reached && new == signal.tactics && low < reached.saturating_sub(2);
    Some((if goes_back { 0.5 } else { 1.0 }, None))
}
