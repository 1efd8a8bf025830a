//! From findings to incidents: what belongs together becomes one, with a rank that orders work and a reason for everything.
//!
//! A detection becomes a [`Signal`], the [`Correlator`] follows signals in their order and says what changed, [`storyline`] brings
//! incidents of weeks and sightings of other agencies together. A finding joins an incident when that is ten times likelier in
//! one attack than by chance (`link`); how likely chance is, is learned from how often a thing turns up in incidents (`tie`) and an
//! analytic on ordinary days (`habits`), so hubs weigh little without being named. What ranks low is kept and told once a day. What
//! people decide holds for good ([`Decree`]).
//!
//! State is bounded by [`model::limits`] and what a bound costs is counted ([`Losses`]). A snapshot goes on byte for byte. Findings
//! of one moment give the same incidents in whatever order they come, as long as no limit is met.
//!
//! Deliberately absent: learning which technique follows which, a graph database, and any score of people. Addresses and domains
//! tie findings together and are never ranked by themselves (invariant 11).

mod by_hand;
mod change;
mod decree;
mod habits;
mod incident;
mod link;
mod neighbours;
mod pairs;
mod rank;
mod signal;
pub mod storyline;
mod tactics;
mod tie;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{AgencyId, FindingId, IncidentId, Timestamp, limits};
use serde::{Deserialize, Serialize};

pub use by_hand::{ByHandError, Done, Parts};
pub use change::{Because, Change, ODDS_MAX};
pub use decree::Decree;
pub use habits::{Given, VERDICTS_LEAST, Verdict};
pub use incident::{Incident, Line, Pin, Seat};
pub use link::JOIN_ODDS;
pub use neighbours::{Near, Neighbour, Neighbours};
pub use rank::{PAGE, RankReason, Ranked, TELL};
pub use signal::Signal;
pub use tactics::{KillChain, KillChainError, Tactics};
pub use tie::{LineKey, Tie};

use decree::Decrees;
use habits::Habits;
use link::{Around, Asked, Link, Scales};
use tie::Visits;

/// What the bounds on memory cost so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// Incidents that were closed to make room.
    pub incidents_closed: u64,
    /// Things whose visits were forgotten.
    pub ties_forgotten: u64,
    /// Habits that were forgotten.
    pub habits_forgotten: u64,
    /// Incidents that a finding was not held against, because there were too many.
    pub candidates_left_out: u64,
}

/// All that a correlator remembers. A snapshot; writes to the same bytes when it is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    agency: AgencyId,
    #[serde(with = "pairs")]
    incidents: BTreeMap<IncidentId, Incident>,
    visits: Visits,
    habits: Habits,
    decrees: Decrees,
    losses: Losses,
    /// The latest time that was seen.
    now: Timestamp,
}

/// How much is held at the moment, for gauges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Open incidents.
    pub incidents: usize,
    /// Names of findings in them.
    pub findings: usize,
    /// Things that they have to do with.
    pub ties: usize,
    /// Things whose visits are counted.
    pub visited: usize,
    /// Analytics, and analytics on subjects, whose days are known.
    pub habits: (usize, usize),
}

/// Follows findings and keeps the open incidents of one agency.
#[derive(Clone, Debug)]
pub struct Correlator {
    state: State,
    // What follows is derived from the incidents.
    by_tie: BTreeMap<Tie, BTreeSet<IncidentId>>,
    by_finding: BTreeMap<FindingId, IncidentId>,
    by_last: BTreeSet<(Timestamp, IncidentId)>,
    ties_held: usize,
}

impl Correlator {
    /// A correlator that knows nothing yet.
    pub fn new(agency: AgencyId) -> Self {
        Correlator::restore(State {
            agency,
            incidents: BTreeMap::new(),
            visits: Visits::default(),
            habits: Habits::default(),
            decrees: Decrees::default(),
            losses: Losses::default(),
            now: Timestamp::from_micros(i64::MIN),
        })
    }

    /// What it remembers.
    pub fn snapshot(&self) -> State {
        self.state.clone()
    }

    /// Goes on from a snapshot.
    pub fn restore(state: State) -> Self {
        let mut correlator = Correlator {
            state,
            by_tie: BTreeMap::new(),
            by_finding: BTreeMap::new(),
            by_last: BTreeSet::new(),
            ties_held: 0,
        };
        let incidents = std::mem::take(&mut correlator.state.incidents);
        for incident in incidents.into_values() {
            correlator.put(incident);
        }
        correlator
    }

    /// The open incidents, by name.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.state.incidents.values()
    }

    /// An open incident.
    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.state.incidents.get(&id)
    }

    /// The open incident that a finding is in.
    pub fn incident_of(&self, finding: FindingId) -> Option<IncidentId> {
        self.by_finding.get(&finding).copied()
    }

    /// What the bounds on memory cost so far.
    pub fn losses(&self) -> &Losses {
        &self.state.losses
    }

    /// How much it holds.
    pub fn held(&self) -> Held {
        let (analytics, lines, _) = self.state.habits.len();
        Held {
            incidents: self.state.incidents.len(),
            findings: self.by_finding.len(),
            ties: self.ties_held,
            visited: self.state.visits.len(),
            habits: (analytics, lines),
        }
    }

    /// Findings in the order of their times, and of their names within a moment; `observe` for each.
    pub fn observe_all(&mut self, signals: &[Signal], neighbours: &Neighbours) -> Vec<Change> {
        let mut ordered: Vec<&Signal> = signals.iter().collect();
        ordered.sort_by_key(|signal| (signal.time, signal.finding));
        ordered.into_iter().flat_map(|signal| self.observe(signal, neighbours)).collect()
    }

    /// Puts a finding where it belongs, and says what that changed. A finding that stands in an open incident already changes
    /// nothing.
    pub fn observe(&mut self, signal: &Signal, neighbours: &Neighbours) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.by_finding.contains_key(&signal.finding) {
            return changes;
        }
        self.state.now = self.state.now.max(signal.time);
        self.close_idle(&mut changes);
        let ties = tie::ties(signal, neighbours);
        let line = tie::line_key(signal, neighbours);
        let around = link::around(&ties, neighbours);
        let asked = Asked { signal, line: &line, ties: &ties, around: &around };
        let links = self.links(asked);
        let home = self.home(signal, links, &mut changes);
        self.take(home, asked, neighbours, &mut changes);
        self.make_room(&mut changes);
        changes
    }

    /// The incidents that the finding belongs to, the strongest first.
    fn links(&mut self, asked: Asked<'_>) -> Vec<(IncidentId, Link)> {
        let signal = asked.signal;
        let against = self.state.decrees.against(signal.finding);
        let forbidden: BTreeSet<IncidentId> =
            against.iter().filter_map(|finding| self.by_finding.get(finding)).copied().collect();
        let by_hand: BTreeSet<IncidentId> =
            self.state.decrees.with(signal.finding).filter_map(|other| self.incident_of(other)).collect();
        let scales = Scales { visits: &self.state.visits, habits: &self.state.habits, chain: KillChain::built_in() };
        let (candidates, left_out) = self.candidates(asked);
        let mut links: Vec<(IncidentId, Link)> = Vec::new();
        for id in candidates.union(&by_hand).filter(|id| !forbidden.contains(*id)) {
            let Some(incident) = self.state.incidents.get(id) else { continue };
            if by_hand.contains(id) {
                links.push((*id, Link { odds: f64::INFINITY, because: vec![Because::ByHand] }));
            } else if let Some(link) = link::weigh(asked, incident, scales).filter(|link| link.odds >= JOIN_ODDS) {
                links.push((*id, link));
            }
        }
        self.state.losses.candidates_left_out += left_out;
        let age = |id: &IncidentId| self.state.incidents.get(id).map(Incident::age);
        links.sort_by(|(a, one), (b, other)| other.odds.total_cmp(&one.odds).then_with(|| age(a).cmp(&age(b))));
        links
    }

    /// Incidents that have something to do with what the finding has to do with, those that were busy last; and how many were
    /// left out.
    fn candidates(&self, asked: Asked<'_>) -> (BTreeSet<IncidentId>, u64) {
        let beside = asked.around.iter().map(|around: &Around| &around.other);
        let all: BTreeSet<IncidentId> = asked
            .ties
            .iter()
            .map(|(tie, _)| tie)
            .chain(beside)
            .filter_map(|tie| self.by_tie.get(tie))
            .flatten()
            .copied()
            .collect();
        if all.len() <= limits::INCIDENT_CANDIDATES_MAX {
            return (all, 0);
        }
        let last = |id: &IncidentId| self.state.incidents.get(id).map(|incident| (incident.last, *id));
        let mut busy: Vec<(Timestamp, IncidentId)> = all.iter().filter_map(last).collect();
        busy.sort_by(|a, b| b.cmp(a));
        let left_out = busy.len().saturating_sub(limits::INCIDENT_CANDIDATES_MAX) as u64;
        (busy.into_iter().take(limits::INCIDENT_CANDIDATES_MAX).map(|(_, id)| id).collect(), left_out)
    }

    /// The incident that the finding goes to; those that it ties together are one from now on.
    fn home(&mut self, signal: &Signal, links: Vec<(IncidentId, Link)>, changes: &mut Vec<Change>) -> IncidentId {
        let mut links = links.into_iter();
        let Some((mut home, link)) = links.next() else {
            let id = IncidentId::opened_by(&self.state.agency, signal.finding);
            self.put(Incident::opened(id, signal));
            changes.push(Change::Opened { incident: id, finding: signal.finding });
            return id;
        };
        let joined = change::cut(link.because);
        let at = changes.len();
        for (other, link) in links {
            if let Some(merged) = self.merge_two(home, other, change::cut(link.because), changes) {
                home = merged;
            }
        }
        changes.insert(at, Change::Joined { incident: home, finding: signal.finding, because: joined });
        home
    }

    /// Makes two incidents one, unless people parted them; gives the name that stays.
    fn merge_two(
        &mut self,
        one: IncidentId,
        other: IncidentId,
        because: Vec<Because>,
        changes: &mut Vec<Change>,
    ) -> Option<IncidentId> {
        let (a, b) = (self.state.incidents.get(&one)?, self.state.incidents.get(&other)?);
        if one == other || self.state.decrees.part(&a.findings, &b.findings) {
            return None;
        }
        let (mut a, b) = (self.remove(one)?, self.remove(other)?);
        a.merge(b);
        let into = a.id;
        let gone = if into == one { other } else { one };
        self.put(a);
        changes.push(Change::Merged { incident: gone, into, because });
        Some(into)
    }

    /// Takes the finding in, and weighs the incident anew.
    fn take(&mut self, home: IncidentId, asked: Asked<'_>, neighbours: &Neighbours, changes: &mut Vec<Change>) {
        let line = self.line(asked, neighbours);
        let Some(mut incident) = self.remove(home) else { return };
        let taken = incident.take(asked, line);
        if let Some(pin) = self.state.decrees.pin(asked.signal.finding) {
            incident.pin = Some(pin);
            changes.push(Change::Pinned { incident: home, pin: Some(pin) });
        }
        for tie in &taken.new {
            if !matches!(tie, Tie::Again(_)) {
                self.state.losses.ties_forgotten += self.state.visits.note(tie, asked.signal.time);
            }
        }
        if taken.is_repeat {
            let count = incident.lines.get(asked.line).map_or(0, |line| line.count);
            damp(changes, asked.signal.finding, count);
        }
        let was_merged = changes.iter().any(|change| matches!(change, Change::Merged { .. }));
        if taken.weighs || was_merged {
            self.weigh(&mut incident, changes);
        }
        if !incident.is_told() {
            self.state.losses.habits_forgotten += self.state.habits.note(asked.line, asked.signal.time);
        }
        self.put(incident);
    }

    /// The line that a finding makes alone.
    fn line(&self, asked: Asked<'_>, neighbours: &Neighbours) -> Line {
        let signal = asked.signal;
        let ordinary = self.state.habits.ordinary(asked.line, signal.time);
        let subject = signal.subject().map(|subject| neighbours.thing(subject));
        let worth = asked.ties.iter().filter(|(_, part)| *part != model::entity::Part::Means);
        let worth = worth.filter_map(|(tie, _)| match tie {
            Tie::Entity(entity) => neighbours.worth(entity),
            _ => None,
        });
        Line {
            title: signal.title.clone(),
            kind: signal.kind,
            level: signal.level,
            confidence: signal.confidence,
            tactics: signal.tactics,
            techniques: signal.techniques.clone(),
            count: 1,
            first: signal.time,
            last: signal.time,
            event: signal.event,
            group: subject.map(|subject| neighbours.group_of(subject)).unwrap_or_default(),
            days_before: (ordinary.here, ordinary.anywhere),
            worth: worth.map(rank::percent).max(),
        }
    }

    /// Ranks the incident as it stands, and says what that changed.
    fn weigh(&self, incident: &mut Incident, changes: &mut Vec<Change>) {
        let ranked = rank::rank(incident, &self.state.habits, KillChain::built_in());
        let from = incident.ranked.rank;
        if ranked.rank != from {
            let because = ranked.because.clone();
            changes.push(Change::Ranked { incident: incident.id, from, to: ranked.rank, because });
        }
        let was_told = incident.is_told();
        incident.is_told |= ranked.rank >= TELL;
        incident.ranked = ranked;
        if incident.is_told() && !was_told {
            changes.push(Change::Told { incident: incident.id, rank: incident.ranked.rank });
        }
    }

    fn put(&mut self, incident: Incident) {
        let id = incident.id;
        for tie in incident.seats.keys().filter(|tie| !matches!(tie, Tie::Analytic(_))) {
            self.by_tie.entry(tie.clone()).or_default().insert(id);
        }
        self.by_finding.extend(incident.findings.iter().map(|finding| (*finding, id)));
        self.by_last.insert((incident.last, id));
        self.ties_held += incident.seats.len();
        self.state.incidents.insert(id, incident);
    }

    fn remove(&mut self, id: IncidentId) -> Option<Incident> {
        let incident = self.state.incidents.remove(&id)?;
        for tie in incident.seats.keys() {
            if let Some(known) = self.by_tie.get_mut(tie) {
                known.remove(&id);
                if known.is_empty() {
                    self.by_tie.remove(tie);
                }
            }
        }
        for finding in &incident.findings {
            self.by_finding.remove(finding);
        }
        self.by_last.remove(&(incident.last, id));
        self.ties_held -= incident.seats.len();
        Some(incident)
    }

    /// Closes incidents that nothing came to for long.
    fn close_idle(&mut self, changes: &mut Vec<Change>) {
        let idle = Duration::from_secs(limits::INCIDENT_IDLE_DAYS * 86_400);
        let limit = self.state.now.minus(idle);
        while let Some((last, id)) = self.by_last.first().copied() {
            if last >= limit {
                break;
            }
            self.remove(id);
            changes.push(Change::Closed { incident: id });
        }
    }

    /// Closes incidents that were quiet longest while there are too many, or too much in them.
    fn make_room(&mut self, changes: &mut Vec<Change>) {
        let is_over = |correlator: &Correlator| {
            correlator.state.incidents.len() > limits::INCIDENTS_OPEN_MAX
                || correlator.by_finding.len() > limits::INCIDENT_FINDINGS_HELD_MAX
                || correlator.ties_held > limits::INCIDENT_TIES_HELD_MAX
        };
        while is_over(self) {
            let Some((_, id)) = self.by_last.first().copied() else { break };
            self.remove(id);
            self.state.losses.incidents_closed += 1;
            changes.push(Change::Closed { incident: id });
        }
    }
}

/// A finding that only makes a line longer is no news.
fn damp(changes: &mut [Change], repeated: FindingId, count: u64) {
    for change in changes {
        if let Change::Joined { incident, finding, .. } = change
            && *finding == repeated
        {
            *change = Change::Repeated { incident: *incident, finding: repeated, count };
        }
    }
}
