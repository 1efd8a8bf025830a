//! An incident: lines of findings that say the same, and the things that they have to do with.

use std::collections::{BTreeMap, BTreeSet};

use model::detection::AnalyticKind;
use model::entity::Part;
use model::{EventId, FindingId, IncidentId, Level, Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::link::Asked;
use super::rank::Ranked;
use super::signal::Signal;
use super::tactics::Tactics;
use super::tie::{LineKey, Tie};

/// What people want of an incident, whatever its rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pin {
    /// It is told.
    Told,
    /// It stays in the digest.
    Quiet,
}

/// Findings of one analytic on one subject: one line with a count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What people call the analytic.
    pub title: Box<str>,
    /// Which sort of detector.
    pub kind: AnalyticKind,
    /// The worst level.
    pub level: Level,
    /// The highest confidence, in percent.
    pub confidence: u8,
    /// What the analytic's tactics are.
    pub tactics: Tactics,
    /// Its techniques.
    pub techniques: Vec<Box<str>>,
    /// How many findings.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
    /// The event of the first one.
    pub event: Option<EventId>,
    /// The group that verdicts about the subject hold for.
    pub group: Box<str>,
    /// On how many days of the four weeks before it came here, and anywhere, when it was rarest.
    pub days_before: (u32, u32),
    /// What the subject leads to, in percent; `None` where nobody said so.
    pub worth: Option<u8>,
}

/// A thing that an incident has to do with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
    /// In how many findings.
    pub count: u64,
    /// Its parts in them.
    pub parts: BTreeSet<Part>,
}

impl Seat {
    /// Whether something was done by it or on it, and it was not only named.
    pub fn acts(&self) -> bool {
        self.parts.iter().any(|part| acts(*part))
    }
}

pub(super) fn acts(part: Part) -> bool {
    matches!(part, Part::Place | Part::Actor | Part::Source)
}

/// Findings that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its name, which stays.
    pub id: IncidentId,
    /// The finding that it is named after.
    pub opened_by: FindingId,
    /// Its first finding.
    pub first: Timestamp,
    /// Its last one.
    pub last: Timestamp,
    /// The worst level.
    pub level: Level,
    /// How many findings, the forgotten ones too.
    pub count: u64,
    /// What stands in it.
    #[serde(with = "super::pairs")]
    pub lines: BTreeMap<LineKey, Line>,
    /// What it has to do with.
    #[serde(with = "super::pairs")]
    pub seats: BTreeMap<Tie, Seat>,
    /// The tactics that show in it, each with the time of its first finding.
    #[serde(with = "super::pairs")]
    tactics: BTreeMap<Tactics, Timestamp>,
    /// Machines at which something was done.
    machines: usize,
    /// The names of its findings, as far as they are remembered.
    pub findings: BTreeSet<FindingId>,
    /// Lines, things and names of findings that were left out because a limit was met.
    pub left_out: u64,
    /// How much it weighs, and why.
    pub ranked: Ranked,
    /// It was told once.
    pub is_told: bool,
    /// What people want of it.
    pub pin: Option<Pin>,
}

impl Incident {
    pub(super) fn opened(id: IncidentId, signal: &Signal) -> Self {
        Incident {
            id,
            opened_by: signal.finding,
            first: signal.time,
            last: signal.time,
            level: signal.level,
            count: 0,
            lines: BTreeMap::new(),
            seats: BTreeMap::new(),
            tactics: BTreeMap::new(),
            machines: 0,
            findings: BTreeSet::new(),
            left_out: 0,
            ranked: Ranked::default(),
            is_told: false,
            pin: None,
        }
    }

    /// Its place among incidents of one moment: the older keeps its name when two become one.
    pub(super) fn age(&self) -> (Timestamp, FindingId) {
        (self.first, self.opened_by)
    }

    /// Takes a finding in.
    pub(super) fn take(&mut self, asked: Asked<'_>, line: Line) -> Taken {
        let signal = asked.signal;
        self.first = self.first.min(signal.time);
        self.last = self.last.max(signal.time);
        self.level = self.level.max(signal.level);
        self.count += 1;
        self.remember(signal.finding);
        let is_repeat = self.lines.contains_key(asked.line);
        let weighs = self.put(asked.line.clone(), line);
        let mut new = Vec::new();
        let analytic = (Tie::Analytic(signal.analytic.clone()), Part::Means);
        for (tie, part) in asked.ties.iter().chain([&analytic]) {
            let seat = Seat { first: signal.time, last: signal.time, count: 1, parts: BTreeSet::from([*part]) };
            if self.seat(tie, seat) {
                new.push(tie.clone());
            }
        }
        Taken { new, is_repeat, weighs }
    }

    fn remember(&mut self, finding: FindingId) {
        if self.findings.len() < limits::INCIDENT_FINDINGS_MAX {
            self.findings.insert(finding);
        } else {
            self.left_out += 1;
        }
    }

    /// Whether the thing is new to it and has found a place.
    fn seat(&mut self, tie: &Tie, seat: Seat) -> bool {
        let is_machine = tie.is_machine();
        if let Some(known) = self.seats.get_mut(tie) {
            let acted = known.acts();
            known.first = known.first.min(seat.first);
            known.last = known.last.max(seat.last);
            known.count += seat.count;
            known.parts.extend(seat.parts);
            self.machines += usize::from(is_machine && known.acts() && !acted);
            return false;
        }
        let has_room = self.seats.len() < limits::INCIDENT_TIES_MAX;
        if has_room {
            self.machines += usize::from(is_machine && seat.acts());
            self.seats.insert(tie.clone(), seat);
        } else {
            self.left_out += 1;
        }
        has_room
    }

    /// Whether the line may weigh another thing now.
    fn put(&mut self, key: LineKey, line: Line) -> bool {
        for tactic in line.tactics.each() {
            let known = self.tactics.entry(tactic).or_insert(line.first);
            *known = (*known).min(line.first);
        }
        if let Some(known) = self.lines.get_mut(&key) {
            let before = known.scales();
            if (line.first, line.event) < (known.first, known.event) {
                known.event = line.event;
            }
            known.first = known.first.min(line.first);
            known.last = known.last.max(line.last);
            known.level = known.level.max(line.level);
            known.confidence = known.confidence.max(line.confidence);
            known.tactics = known.tactics.with(line.tactics);
            known.count += line.count;
            known.days_before = known.days_before.min(line.days_before);
            known.worth = known.worth.max(line.worth);
            known.scales() != before
        } else if self.lines.len() < limits::INCIDENT_LINES_MAX {
            self.lines.insert(key, line);
            true
        } else {
            self.left_out += 1;
            false
        }
    }

    /// Takes another one in. The older name stays.
    pub(super) fn merge(&mut self, other: Incident) {
        if other.age() < self.age() {
            (self.id, self.opened_by) = (other.id, other.opened_by);
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.level = self.level.max(other.level);
        self.count += other.count;
        self.left_out += other.left_out;
        self.is_told |= other.is_told;
        // Told by hand wins: to tell too much costs a look, to tell too little can cost the city.
        self.pin = self.pin.into_iter().chain(other.pin).min();
        for (key, line) in other.lines {
            self.put(key, line);
        }
        for (tie, seat) in other.seats {
            self.seat(&tie, seat);
        }
        for finding in other.findings {
            self.remember(finding);
        }
    }

    /// Whether it has so many machines that only what is at its core may draw more in.
    pub(super) fn is_broad(&self) -> bool {
        self.machines >= limits::INCIDENT_BROAD_MACHINES
    }

    /// Whether it is told to people at once, and not in the digest of the day.
    pub fn is_told(&self) -> bool {
        match self.pin {
            Some(Pin::Told) => true,
            Some(Pin::Quiet) => false,
            None => self.is_told,
        }
    }

    /// The tactics that show in it, with the time of the first finding of each; the earliest first.
    pub fn tactics(&self) -> Vec<(Timestamp, Tactics)> {
        let mut ordered: Vec<_> = self.tactics.iter().map(|(tactic, time)| (*time, *tactic)).collect();
        ordered.sort();
        ordered
    }
}

/// What a finding did to an incident.
pub(super) struct Taken {
    /// Things that the incident had nothing to do with before.
    pub(super) new: Vec<Tie>,
    /// A line only grew.
    pub(super) is_repeat: bool,
    /// The rank may have moved.
    pub(super) weighs: bool,
}

impl Line {
    /// All that a rank looks at.
    fn scales(&self) -> (Level, u8, Tactics, (u32, u32), Option<u8>, Timestamp, Option<EventId>) {
        (self.level, self.confidence, self.tactics, self.days_before, self.worth, self.first, self.event)
    }
}
