//! Stories: what patient attackers do over weeks and at several agencies, each part of it an incident or a sighting of its own.
//!
//! Incidents are joined by nearness in time; a story is joined by rare things that attackers carry along: what an indicator belongs to,
//! a file, a name, a certificate, a registration, the same techniques in the same order. A thing that many parts have says little. A
//! pure function over what the caller has gathered; the same parts in any order give the same stories. Deliberately absent: names
//! of attackers. A story says what hangs together, not who did it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use model::entity::{Entity, EntityKind};
use model::words::counted;
use model::{AgencyId, IncidentId, Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::change::span_words;
use super::incident::Incident;
use super::tie::{Sort, Tie};

/// What can run through the parts of a story.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thread {
    /// What indicators call what they belong to.
    Campaign(Box<str>),
    /// A file, a name or an address on the internet.
    Outside(Entity),
    /// A certificate, by its fingerprint.
    Certificate(Box<str>),
    /// Who registered a name, and where, as the register of names says it.
    Registration(Box<str>),
    /// Techniques in the order in which they showed.
    Sequence(Vec<Box<str>>),
}

/// What makes a story together: this much of what is shared.
const ENOUGH: f64 = 0.6;
/// Parts further apart than this are not joined by one thread.
const REACH: Duration = Duration::from_secs(60 * 86_400);
/// Among fewer parts than this nothing is called common.
const COMMON_FROM: usize = 10;
/// Different techniques that a sequence needs to say anything.
const SEQUENCE_LEAST: usize = 4;

impl Thread {
    /// What it says alone, from 0 to 1. An address changes hands, and a sequence of techniques is a habit of many.
    fn says(&self) -> f64 {
        match self {
            Thread::Campaign(_) | Thread::Certificate(_) | Thread::Registration(_) => 1.0,
            Thread::Outside(entity) => match entity.kind() {
                EntityKind::File => 1.0,
                EntityKind::Domain => 0.8,
                _ => 0.5,
            },
            Thread::Sequence(_) => 0.5,
        }
    }
}

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Thread::Campaign(name) => write!(f, "campaign {name}"),
            Thread::Outside(entity) => write!(f, "{} {}", entity.kind().name(), entity.name()),
            Thread::Certificate(fingerprint) => write!(f, "certificate {fingerprint}"),
            Thread::Registration(text) => write!(f, "registration {text}"),
            Thread::Sequence(techniques) => write!(f, "techniques {}", techniques.join(", then ")),
        }
    }
}

/// Where a part comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// An incident of ours.
    Incident(IncidentId),
    /// What another agency saw and shared.
    Sighting {
        /// Who saw it.
        agency: AgencyId,
        /// The name that the sighting has where it was shared.
        name: Box<str>,
    },
}

/// Something that may be part of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Where it comes from; each only once.
    pub origin: Origin,
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub until: Timestamp,
    /// What runs through it.
    pub threads: BTreeSet<Thread>,
}

impl Part {
    /// An incident as a part.
    pub fn of_incident(incident: &Incident) -> Self {
        let mut threads: BTreeSet<Thread> = BTreeSet::new();
        for tie in incident.seats.keys().filter(|tie| tie.sort() == Sort::Outside) {
            match tie {
                Tie::Campaign(name) => threads.insert(Thread::Campaign(name.clone())),
                Tie::Entity(entity) => threads.insert(Thread::Outside(entity.clone())),
                Tie::Again(_) | Tie::Analytic(_) => false,
            };
        }
        let mut lines: Vec<_> = incident.lines.values().collect();
        lines.sort_by_key(|line| (line.first, line.event));
        let mut techniques: Vec<Box<str>> = Vec::new();
        for technique in lines.iter().flat_map(|line| &line.techniques) {
            if !techniques.contains(technique) {
                techniques.push(technique.clone());
            }
        }
        if techniques.len() >= SEQUENCE_LEAST {
            threads.insert(Thread::Sequence(techniques));
        }
        let (from, until) = (incident.first, incident.last);
        Part { origin: Origin::Incident(incident.id), from, until, threads }
    }

    /// What another agency saw: an indicator, as the thing that it names and what it belongs to.
    pub fn of_sighting(origin: Origin, at: Timestamp, thing: Option<Entity>, campaign: Option<&str>) -> Self {
        let campaign = campaign.map(|name| Thread::Campaign(name.trim().to_lowercase().into()));
        let threads = thing.map(Thread::Outside).into_iter().chain(campaign).collect();
        Part { origin, from: at, until: at, threads }
    }
}

/// Why two parts are one story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joint {
    /// The later part, by its place in the story.
    pub later: usize,
    /// The earlier one.
    pub earlier: usize,
    /// What runs through both.
    pub shared: Vec<Thread>,
    /// Microseconds from the end of the earlier to the beginning of the later; none where they overlap.
    pub gap_us: i64,
}

impl fmt::Display for Joint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared: Vec<String> = self.shared.iter().map(Thread::to_string).collect();
        let when = match span_words(self.gap_us) {
            _ if self.gap_us < 1_000_000 => "at the same time as".to_owned(),
            span => format!("{span} after"),
        };
        write!(f, "part {} comes {when} part {} and shares {}", self.later + 1, self.earlier + 1, shared.join("; "))
    }
}

/// Parts that hang together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// In the order of time; at most [`limits::STORY_LENGTH_MAX`], the last ones.
    pub parts: Vec<Part>,
    /// Why they hang together.
    pub joints: Vec<Joint>,
    /// Earlier parts that were left out.
    pub left_out: usize,
}

impl Story {
    /// In one line: how many parts, over how long, at whom.
    pub fn summary(&self) -> String {
        let agencies: BTreeSet<&AgencyId> = self
            .parts
            .iter()
            .filter_map(|part| match &part.origin {
                Origin::Sighting { agency, .. } => Some(agency),
                Origin::Incident(_) => None,
            })
            .collect();
        let (from, until) = (self.parts.first().map(|part| part.from), self.parts.iter().map(|part| part.until).max());
        let span = match (from, until) {
            (Some(from), Some(until)) => span_words(until.as_micros().saturating_sub(from.as_micros())),
            _ => String::new(),
        };
        let others = match agencies.len() as u64 {
            0 => String::new(),
            number => format!(", seen by {} other {}", number, model::words::noun_of(number, "agency")),
        };
        format!("{} over {span}{others}", counted(self.parts.len() as u64, "part"))
    }
}

/// The stories that these parts tell, the earliest first. Only the last [`limits::STORY_PARTS_MAX`] parts are looked at; what
/// hangs together with nothing tells none.
pub fn stories(parts: &[Part]) -> Vec<Story> {
    let mut ordered: Vec<&Part> = parts.iter().collect();
    ordered.sort_by(|a, b| (a.from, a.until, &a.origin).cmp(&(b.from, b.until, &b.origin)));
    ordered.dedup_by(|a, b| a.origin == b.origin);
    let surplus = ordered.len().saturating_sub(limits::STORY_PARTS_MAX);
    let ordered = ordered.split_off(surplus);
    let mut users: BTreeMap<&Thread, Vec<usize>> = BTreeMap::new();
    for (at, part) in ordered.iter().enumerate() {
        for thread in &part.threads {
            users.entry(thread).or_default().push(at);
        }
    }
    // Each part is held against the one before it on each thread: more would say the same again.
    let pairs: BTreeSet<(usize, usize)> = users
        .values()
        .flat_map(|users| users.windows(2))
        .filter_map(|two| Some((*two.first()?, *two.last()?)))
        .collect();
    let mut groups = Groups((0..ordered.len()).collect());
    let mut joints = Vec::new();
    for (earlier, later) in pairs {
        let Some(joint) = joint(&ordered, (earlier, later), &users) else { continue };
        groups.join(earlier, later);
        joints.push(joint);
    }
    tell(&ordered, &mut groups, joints)
}

fn joint(ordered: &[&Part], (earlier, later): (usize, usize), users: &BTreeMap<&Thread, Vec<usize>>) -> Option<Joint> {
    let (one, other) = (*ordered.get(earlier)?, *ordered.get(later)?);
    let gap_us = other.from.as_micros().saturating_sub(one.until.as_micros()).max(0);
    if gap_us > i64::try_from(REACH.as_micros()).unwrap_or(i64::MAX) {
        return None;
    }
    let mut said: Vec<(f64, &Thread)> = Vec::new();
    for thread in one.threads.intersection(&other.threads) {
        let having = users.get(thread).map_or(0, Vec::len);
        let is_counted = ordered.len() >= COMMON_FROM;
        let rarity = if is_counted { 1.0 - having.saturating_sub(2) as f64 / ordered.len() as f64 } else { 1.0 };
        said.push((thread.says() * rarity, thread));
    }
    let all: f64 = said.iter().map(|(says, _)| says).sum();
    said.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let shared = said.into_iter().take(limits::CHANGE_REASONS_MAX).map(|(_, thread)| thread.clone()).collect();
    (all >= ENOUGH).then_some(Joint { later, earlier, shared, gap_us })
}

fn tell(ordered: &[&Part], groups: &mut Groups, joints: Vec<Joint>) -> Vec<Story> {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..ordered.len() {
        members.entry(groups.root(at)).or_default().push(at);
    }
    let mut of_root: BTreeMap<usize, Vec<Joint>> = BTreeMap::new();
    for joint in joints {
        of_root.entry(groups.root(joint.later)).or_default().push(joint);
    }
    let mut stories = Vec::new();
    for (root, mut members) in members.into_iter().filter(|(_, members)| members.len() > 1) {
        let left_out = members.len().saturating_sub(limits::STORY_LENGTH_MAX);
        let members = members.split_off(left_out);
        let place = |at: usize| members.binary_search(&at).ok();
        let joints =
            of_root.remove(&root).unwrap_or_default().into_iter().filter_map(|joint| {
                Some(Joint { later: place(joint.later)?, earlier: place(joint.earlier)?, ..joint })
            });
        let joints = joints.collect();
        let parts = members.iter().filter_map(|at| ordered.get(*at)).map(|part| (*part).clone()).collect();
        stories.push(Story { parts, joints, left_out });
    }
    stories
}

/// Which parts are in one group: each knows an earlier one, or itself.
struct Groups(Vec<usize>);

impl Groups {
    fn root(&mut self, at: usize) -> usize {
        let mut root = at;
        while let Some(next) = self.0.get(root).copied().filter(|next| *next != root) {
            root = next;
        }
        // What was walked is short the next time.
        let mut walked = at;
        while let Some(next) = self.0.get(walked).copied().filter(|next| *next != root && walked != root) {
            if let Some(place) = self.0.get_mut(walked) {
                *place = root;
            }
            walked = next;
        }
        root
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        let (low, high) = (one.min(other), one.max(other));
        if let Some(place) = self.0.get_mut(high) {
            *place = low;
        }
    }
}
