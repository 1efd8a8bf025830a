//! What the register says about things: which are the same, which are next to each other, what they are worth, and which belong
//! to one group when people judge findings.
//!
//! A plain value that whoever has a register fills in. What is not in it is unknown, and correlation does without.

use std::collections::BTreeMap;

use model::entity::{Entity, EntityKind};
use model::limits;
use serde::{Deserialize, Serialize};

/// How two things are next to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Near {
    /// A service or an application runs on a machine.
    RunsOn,
    /// Machines of one service.
    SameService,
    /// An account looks after a machine or a service.
    Administers,
    /// A person sits at a machine.
    SitsAt,
    /// One depends on the other, or talks to it as a matter of course.
    DependsOn,
}

impl Near {
    /// In words, between two names.
    pub fn words(self) -> &'static str {
        match self {
            Near::RunsOn => "runs on or is run by",
            Near::SameService => "serves the same service as",
            Near::Administers => "administers or is administered by",
            Near::SitsAt => "is the desk or the person of",
            Near::DependsOn => "depends on or is needed by",
        }
    }
}

/// A neighbour, and how many the thing has in all: the more, the less it says that one of them is in an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour<'a> {
    /// Which.
    pub entity: &'a Entity,
    /// In what way.
    pub near: Near,
    /// Neighbours of that thing together.
    pub of: usize,
}

/// What the register says.
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    aliases: BTreeMap<Entity, Entity>,
    near: BTreeMap<Entity, BTreeMap<Entity, Near>>,
    /// From 0 to 1.
    worth: BTreeMap<Entity, f64>,
    groups: BTreeMap<Entity, Box<str>>,
}

impl Neighbours {
    /// `one` is another name of `thing`: an address of a machine.
    pub fn alias(&mut self, one: Entity, thing: Entity) {
        self.aliases.insert(one, thing);
    }

    /// The two are next to each other, seen from both. Neighbours beyond [`limits::NEIGHBOURS_MAX`] of one thing are
    /// left out: who is next to everything is next to nothing.
    pub fn near(&mut self, one: &Entity, other: &Entity, near: Near) {
        for (from, to) in [(one, other), (other, one)] {
            let beside = self.near.entry(from.clone()).or_default();
            if beside.len() < limits::NEIGHBOURS_MAX {
                beside.entry(to.clone()).or_insert(near);
            }
        }
    }

    /// What somebody who has `thing` can reach is worth so much, from 0 to 1. The highest that was said counts.
    pub fn value(&mut self, thing: &Entity, worth: f64) {
        let worth = if worth.is_finite() { worth.clamp(0.0, 1.0) } else { 0.0 };
        let known = self.worth.entry(thing.clone()).or_insert(0.0);
        *known = known.max(worth);
    }

    /// Verdicts on findings at `thing` hold for its whole group.
    pub fn group(&mut self, thing: &Entity, name: &str) {
        self.groups.insert(thing.clone(), name.into());
    }

    /// The thing that goes by this name.
    pub fn thing<'a>(&'a self, entity: &'a Entity) -> &'a Entity {
        self.aliases.get(entity).unwrap_or(entity)
    }

    /// What it is worth, where somebody said so.
    pub fn worth(&self, entity: &Entity) -> Option<f64> {
        self.worth.get(entity).copied()
    }

    /// The group that a verdict about it holds for: its own name where no group is known.
    pub fn group_of(&self, entity: &Entity) -> Box<str> {
        self.groups.get(entity).cloned().unwrap_or_else(|| entity.to_string().into())
    }

    /// What is next to it, and the machines that serve a service together with it; each once, in order, at most
    /// [`limits::NEIGHBOURS_MAX`].
    pub fn around(&self, entity: &Entity) -> Vec<Neighbour<'_>> {
        let mut found: BTreeMap<&Entity, Near> = BTreeMap::new();
        for (beside, near) in self.near.get(entity).into_iter().flatten() {
            found.entry(beside).or_insert(*near);
            if beside.kind() == EntityKind::Service && *near == Near::RunsOn {
                let others = self.near.get(beside).into_iter().flatten();
                for (other, _) in others.filter(|(other, near)| *other != entity && **near == Near::RunsOn) {
                    found.entry(other).or_insert(Near::SameService);
                }
            }
        }
        let of = found.len();
        let all = found.into_iter().take(limits::NEIGHBOURS_MAX);
        all.map(|(entity, near)| Neighbour { entity, near, of }).collect()
    }
}
