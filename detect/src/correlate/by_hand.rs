//! What people do to incidents: merge, split, pin, and say what was harmless.

use std::collections::BTreeSet;

use model::{FindingId, IncidentId};

use super::change::{Because, Change};
use super::decree::Decree;
use super::habits::{Given, Verdict};
use super::incident::{Incident, Pin};
use super::link::{self, Asked};
use super::neighbours::Neighbours;
use super::signal::Signal;
use super::{Correlator, tie};

/// What was decided, to be kept, and what it changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// To be kept and given to [`Correlator::honour`] before findings are gone through again.
    pub decrees: Vec<Decree>,
    /// What changed.
    pub changes: Vec<Change>,
}

/// Why people's wish could not be done. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ByHandError {
    /// There is no such open incident.
    #[error("no open incident {0}\nhint: it may have been closed or merged into another one")]
    Unknown(IncidentId),
    /// The findings to be moved, or those that stay, are none.
    #[error(
        "a split leaves at least one finding on each side\nhint: name some of the incident's findings, but not all"
    )]
    Nothing,
    /// A finding is not in the incident, or its name is no longer remembered there.
    #[error("finding {0} is not in this incident, or too old in it to be moved")]
    Foreign(FindingId),
    /// There are too many decrees.
    #[error("more than {} decisions about what belongs together", model::limits::DECREES_MAX)]
    Full,
}

/// The findings of an incident, parted by people.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// Those that are taken out.
    pub moved: &'a [Signal],
    /// Those that stay.
    pub kept: &'a [Signal],
}

impl Correlator {
    /// Honours a decision that was made before; `false` when there are too many. Incidents that are open are not touched.
    pub fn honour(&mut self, decree: Decree) -> bool {
        self.state.decrees.note(decree)
    }

    /// Makes two incidents one, for good.
    ///
    /// # Errors
    /// When one is not open, or there are too many decrees.
    pub fn merge(&mut self, one: IncidentId, other: IncidentId) -> Result<Done, ByHandError> {
        let a = self.state.incidents.get(&one).ok_or(ByHandError::Unknown(one))?;
        let b = self.state.incidents.get(&other).ok_or(ByHandError::Unknown(other))?;
        let mut done = Done::default();
        if one == other {
            return Ok(done);
        }
        // What was parted before is together now: the last word counts.
        let parted = self.state.decrees.parting(&a.findings, &b.findings);
        let pairs = parted.into_iter().chain([(a.opened_by, b.opened_by)]);
        done.decrees.extend(pairs.map(|(one, other)| Decree::Together { one, other }));
        self.note_all(&done.decrees)?;
        if let Some(into) = self.merge_two(one, other, vec![Because::ByHand], &mut done.changes) {
            self.weigh_anew(into, &mut done.changes);
        }
        Ok(done)
    }

    /// Takes findings out of an incident, for good. The part with the finding that it is named after keeps the name.
    ///
    /// The caller brings all findings of the incident that it keeps, because a correlator remembers no more than their names.
    ///
    /// # Errors
    /// When it is not open, a part is empty, a moved finding is not in it, or there are too many decrees.
    pub fn split(
        &mut self,
        incident: IncidentId,
        parts: Parts<'_>,
        neighbours: &Neighbours,
    ) -> Result<Done, ByHandError> {
        let known = self.state.incidents.get(&incident).ok_or(ByHandError::Unknown(incident))?;
        if let Some(foreign) = parts.moved.iter().find(|signal| !known.findings.contains(&signal.finding)) {
            return Err(ByHandError::Foreign(foreign.finding));
        }
        let moved = ordered(parts.moved);
        let names: BTreeSet<FindingId> = moved.iter().map(|signal| signal.finding).collect();
        let kept = ordered(parts.kept);
        let kept: Vec<&Signal> = kept.into_iter().filter(|signal| !names.contains(&signal.finding)).collect();
        let (Some(first_moved), Some(first_kept)) = (moved.first(), kept.first()) else {
            return Err(ByHandError::Nothing);
        };
        let mut done = Done::default();
        for (half, first) in [(&moved, first_moved), (&kept, first_kept)] {
            let others = half.iter().skip(1);
            done.decrees.extend(others.map(|signal| Decree::Together { one: first.finding, other: signal.finding }));
        }
        done.decrees.push(Decree::Apart { one: first_moved.finding, other: first_kept.finding });
        self.note_all(&done.decrees)?;
        let Some(old) = self.remove(incident) else { return Err(ByHandError::Unknown(incident)) };
        let [kept_id, moved_id] = [&kept, &moved].map(|half| self.rebuild(&old, half, neighbours, &mut done.changes));
        let made = if moved_id == incident { kept_id } else { moved_id };
        let findings = if made == moved_id { moved.len() } else { kept.len() } as u64;
        done.changes.insert(0, Change::Split { incident, made, findings });
        Ok(done)
    }

    /// Says whether an incident is told, whatever its rank; `None` takes that back.
    ///
    /// # Errors
    /// When it is not open, or there are too many decrees.
    pub fn pin(&mut self, incident: IncidentId, pin: Option<Pin>) -> Result<Done, ByHandError> {
        let known = self.state.incidents.get(&incident).ok_or(ByHandError::Unknown(incident))?;
        let decrees = vec![Decree::Pin { finding: known.opened_by, pin }];
        self.note_all(&decrees)?;
        if let Some(known) = self.state.incidents.get_mut(&incident) {
            known.pin = pin;
        }
        Ok(Done { decrees, changes: vec![Change::Pinned { incident, pin }] })
    }

    /// Takes note of a verdict on findings of an analytic at a group of subjects ([`Neighbours::group_of`]), or takes it back, and
    /// weighs the open incidents anew in which it counts.
    pub fn judge(&mut self, (analytic, group): (&str, &str), verdict: Verdict, given: Given) -> Vec<Change> {
        let mut changes = Vec::new();
        if !self.state.habits.say(analytic, group, verdict, given) {
            return changes;
        }
        let counts = |incident: &&Incident| {
            incident.lines.iter().any(|(key, line)| *key.analytic == *analytic && *line.group == *group)
        };
        let touched: Vec<IncidentId> =
            self.state.incidents.values().filter(counts).map(|incident| incident.id).collect();
        for id in touched {
            self.weigh_anew(id, &mut changes);
        }
        changes
    }

    fn note_all(&mut self, decrees: &[Decree]) -> Result<(), ByHandError> {
        let before = self.state.decrees.clone();
        if decrees.iter().all(|decree| self.state.decrees.note(*decree)) {
            return Ok(());
        }
        self.state.decrees = before;
        Err(ByHandError::Full)
    }

    fn weigh_anew(&mut self, id: IncidentId, changes: &mut Vec<Change>) {
        if let Some(mut incident) = self.remove(id) {
            self.weigh(&mut incident, changes);
            self.put(incident);
        }
    }

    /// An incident of some of an old one's findings, each as rare as it was then.
    fn rebuild(
        &mut self,
        old: &Incident,
        signals: &[&Signal],
        neighbours: &Neighbours,
        changes: &mut Vec<Change>,
    ) -> IncidentId {
        let Some(first) = signals.first() else { return old.id };
        let is_named = signals.iter().any(|signal| signal.finding == old.opened_by);
        let opened_by = if is_named { old.opened_by } else { first.finding };
        let id = IncidentId::opened_by(&self.state.agency, opened_by);
        let mut incident = Incident::opened(id, first);
        incident.opened_by = opened_by;
        incident.pin = old.pin;
        for signal in signals {
            let (ties, key) = (tie::ties(signal, neighbours), tie::line_key(signal, neighbours));
            let around = link::around(&[], neighbours);
            let asked = Asked { signal, line: &key, ties: &ties, around: &around };
            let mut line = self.line(asked, neighbours);
            if let Some(known) = old.lines.get(&key) {
                line.days_before = known.days_before;
            }
            incident.take(asked, line);
        }
        self.weigh(&mut incident, changes);
        self.put(incident);
        id
    }
}

fn ordered(signals: &[Signal]) -> Vec<&Signal> {
    let mut ordered: Vec<&Signal> = signals.iter().collect();
    ordered.sort_by_key(|signal| (signal.time, signal.finding));
    ordered
}
