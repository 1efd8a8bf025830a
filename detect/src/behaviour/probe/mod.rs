//! Services, looked at from outside: down, slow, somebody else's, defaced, or with data that somebody touched.
//!
//! [`Watcher::observe`] takes one look after the other and says what begins and what ends. What is usual is learnt for each probe from
//! looks that were good, in bounded memory: speeds by the hour of the week, certificates, networks, what stays on a page, the
//! shape of data. What people and the register say ([`Expected`]) counts at once. While something is wrong nothing is learnt
//! about it, so an attacker cannot make himself usual by staying; people say that something new is right ([`Watcher::accept`]).
//!
//! Deterministic: the same looks in the same order give the same bytes. Deliberately absent: clocks and sockets (`connect::probe`),
//! and anything about the people who use a service.

mod data;
pub(super) mod episode;
mod identity;
mod known;
mod page;
mod quantile;
mod reach;
mod settings;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::BTreeMap;

use model::limits::{PROBE_SNAPSHOT_BYTES_MAX, PROBE_WORDS_BYTES_MAX, PROBES_WATCHED_MAX};
use model::probe::{Observation, Outcome};
use model::{Level, Timestamp};
use serde::{Deserialize, Serialize};

use episode::{Episode, Look, Patience, Step};
use reach::Line;
pub use settings::{Expected, FieldRange, Problem, Window};
pub use turn::{Ended, Standing, Turn};

/// Learns probes, and tells what begins and ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watcher {
    probes: BTreeMap<String, Probe>,
    refused: u64,
}

/// What is known about one probe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Probe {
    service: String,
    episodes: BTreeMap<Problem, Episode>,
    reach: reach::Reach,
    identity: identity::Identity,
    page: page::Page,
    data: data::Data,
}

/// What one look says about one problem.
#[derive(Clone, Debug)]
struct Judged {
    problem: Problem,
    look: Look,
    patience: Patience,
    level: Level,
    surprise: u8,
    because: Vec<String>,
}

impl Judged {
    fn new(problem: Problem, look: Look, patience: Patience, surprise: u8) -> Self {
        Judged { problem, look, patience, level: problem.level(), surprise, because: Vec::new() }
    }

    fn because(self, because: Vec<String>) -> Self {
        Judged { because, ..self }
    }

    fn level(self, level: Level) -> Self {
        Judged { level, ..self }
    }
}

/// A snapshot that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// More than is written.
    #[error("a snapshot of probes has {0} bytes, more than {PROBE_SNAPSHOT_BYTES_MAX}")]
    TooLarge(usize),
    /// Not as it is written.
    #[error("a snapshot of probes cannot be read; hint: without it, what is usual is learnt again")]
    Unreadable(#[from] serde_json::Error),
}

impl Watcher {
    /// Takes a look into account.
    pub fn observe(&mut self, seen: &Observation, expected: &Expected) -> Vec<Turn> {
        let line = self.line(seen, expected);
        if !self.probes.contains_key(&seen.probe) && self.probes.len() >= PROBES_WATCHED_MAX {
            self.refused += 1;
            return Vec::new();
        }
        let probe = self.probes.entry(seen.probe.clone()).or_default();
        probe.service.clone_from(&seen.service);
        let judged = probe.judge(seen, expected, line);
        let mut turns = Vec::new();
        for judged in judged {
            let episode = probe.episodes.entry(judged.problem).or_default();
            match episode.look(judged.look, judged.patience, seen.time) {
                Step::None => {}
                Step::Begins => turns.push(turn::began(seen, &judged)),
                Step::Ends(since) => turns.push(turn::ended(seen, judged.problem, since)),
            }
        }
        turns
    }

    /// Whether the line out of that vantage is up, as the control target says.
    fn line(&self, seen: &Observation, expected: &Expected) -> Line {
        let control = expected.control.as_ref().and_then(|name| self.probes.get(name));
        control.map_or(Line::Unknown, |control| control.reach.line(&seen.vantage, seen.time))
    }

    /// Somebody says that what is there now is right: what is open of it ends, and the next looks teach what is usual.
    pub fn accept(&mut self, probe: &str, problem: Problem, now: Timestamp) -> Option<Turn> {
        let known = self.probes.get_mut(probe)?;
        let since = known.episodes.get_mut(&problem)?.settle()?;
        match problem {
            Problem::Defaced | Problem::ForeignPart => known.page.accept(),
            Problem::Tampered | Problem::Stale => known.data = data::Data::default(),
            Problem::CertificateChanged | Problem::NameChanged | Problem::Redirected => {
                known.identity = identity::Identity::default();
            }
            Problem::Slow => known.reach.forget_speed(),
            _ => {}
        }
        Some(turn::accepted(probe, &known.service, problem, since, now))
    }

    /// Forgets a probe that is no more.
    pub fn forget(&mut self, probe: &str) {
        self.probes.remove(probe);
    }

    /// What is wrong now, by probe and problem.
    pub fn standing(&self) -> Vec<Standing> {
        let of = |(name, probe): (&String, &Probe)| {
            let standing = |(problem, episode): (&Problem, &Episode)| {
                let since = episode.since?;
                Some(Standing { probe: name.clone(), service: probe.service.clone(), problem: *problem, since })
            };
            probe.episodes.iter().filter_map(standing).collect::<Vec<_>>()
        };
        self.probes.iter().flat_map(of).collect()
    }

    /// Microseconds that an answer of that probe usually takes at that time; `None` while that is not known.
    pub fn usual_us(&self, probe: &str, now: Timestamp) -> Option<u64> {
        self.probes.get(probe)?.reach.usual_us(now)
    }

    /// Looks at probes that were not learnt because there were more than [`PROBES_WATCHED_MAX`].
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// What was learnt of one probe, for the next start; `None` when there is none of that name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn memory(&self, probe: &str) -> Result<Option<String>, SnapshotError> {
        Ok(self.probes.get(probe).map(serde_json::to_string).transpose()?)
    }

    /// Takes up what was learnt of one probe before.
    ///
    /// # Errors
    /// When the text is none of [`Watcher::memory`].
    pub fn recall(&mut self, probe: &str, memory: &str) -> Result<(), SnapshotError> {
        let known = serde_json::from_str(memory)?;
        if self.probes.contains_key(probe) || self.probes.len() < PROBES_WATCHED_MAX {
            self.probes.insert(probe.to_owned(), known);
        }
        Ok(())
    }

    /// All that was learnt, for the next start.
    ///
    /// # Errors
    /// When it is more than [`PROBE_SNAPSHOT_BYTES_MAX`].
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        let bytes = serde_json::to_vec(self)?;
        if bytes.len() > PROBE_SNAPSHOT_BYTES_MAX { Err(SnapshotError::TooLarge(bytes.len())) } else { Ok(bytes) }
    }

    /// What was learnt before.
    ///
    /// # Errors
    /// When the bytes are none of [`Watcher::snapshot`].
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        if bytes.len() > PROBE_SNAPSHOT_BYTES_MAX {
            return Err(SnapshotError::TooLarge(bytes.len()));
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

impl Probe {
    fn judge(&mut self, seen: &Observation, expected: &Expected, line: Line) -> Vec<Judged> {
        let now = seen.time;
        let is_planned = expected.planned_at(now).is_some();
        match &seen.outcome {
            Outcome::Http(_) | Outcome::Failed(_) => self.judge_reach(seen, expected, line),
            // Whoever works on a service may show a certificate or a page of the workshop: nothing is told, nothing learnt.
            _ if is_planned || line == Line::Down => Vec::new(),
            Outcome::Certificate(facts) => {
                let judged = self.identity.certificate(facts, expected, now);
                if self.is_calm(&judged, &[Problem::CertificateEnds]) {
                    self.identity.learn_certificate(facts);
                }
                judged
            }
            Outcome::Dns(facts) => {
                let judged = self.identity.name(facts, expected);
                if self.is_calm(&judged, &[]) {
                    self.identity.learn_name(facts);
                }
                judged
            }
            Outcome::Page(facts) => {
                let read = page::Read::of(facts, expected);
                let judged = self.page.judge(&read, facts, expected);
                if self.is_calm(&judged, &[]) {
                    self.page.learn(&read, facts);
                }
                judged
            }
            Outcome::Data(facts) => {
                let judged = self.data.judge(facts, expected, now);
                if self.is_calm(&judged, &[]) {
                    self.data.learn(facts, now);
                }
                judged
            }
        }
    }

    fn judge_reach(&mut self, seen: &Observation, expected: &Expected, line: Line) -> Vec<Judged> {
        let now = seen.time;
        let (mut look, said) = reach::presence_of(&seen.outcome, expected);
        if look == Look::Bad && expected.planned_at(now).is_some() {
            look = Look::Unknown;
        }
        let mut judged = self.reach.presence(&seen.vantage, (look, said), line, now);
        if expected.is_control {
            judged.retain(|judged| judged.problem == Problem::Down);
            judged.iter_mut().for_each(|judged| (judged.problem, judged.level) = (Problem::OurLine, Level::Medium));
            return judged;
        }
        let Outcome::Http(facts) = &seen.outcome else { return judged };
        if look != Look::Good || expected.planned_at(now).is_some() {
            return judged;
        }
        let speed = self.reach.speed(facts.total_us, expected, now);
        if self.is_calm(std::slice::from_ref(&speed), &[]) {
            self.reach.learn(facts.total_us, now);
        }
        let redirects = self.identity.redirects(&facts.redirects, facts.is_downgraded, expected);
        if self.is_calm(std::slice::from_ref(&redirects), &[]) {
            self.identity.learn_redirects(&facts.redirects);
        }
        judged.extend([speed, redirects]);
        judged
    }

    /// Whether a look may teach what is usual: nothing of it is bad now, and nothing of it is open.
    fn is_calm(&self, judged: &[Judged], beside: &[Problem]) -> bool {
        let is_open = |problem: &Problem| self.episodes.get(problem).is_some_and(|episode| episode.since.is_some());
        let counts = |judged: &&Judged| !beside.contains(&judged.problem);
        judged.iter().filter(counts).all(|judged| judged.look != Look::Bad && !is_open(&judged.problem))
    }
}

/// Words of others, short and in one line.
fn words(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }) {
        if out.len() + letter.len_utf8() > PROBE_WORDS_BYTES_MAX {
            out.push('…');
            break;
        }
        out.push(letter);
    }
    out
}
