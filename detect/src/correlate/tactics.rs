//! The order of an attack: which tactic comes before which, and what tactics a technique serves.
//!
//! Tactics are those of MITRE ATT&CK 18.1 for enterprise and ICS; their order is ATT&CK's own, folded into stages, because attackers
//! take many of them in either order. Techniques are looked up only where a rule states no tactic. Deliberately absent: what
//! technique follows which; that is a model of attackers, and correlation wants none.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use model::Analytic;
use serde::{Deserialize, Serialize};

use crate::sigma::TACTICS;

const BUILT_IN: &str = include_str!("tactics.toml");

/// A set of tactics. Bit `n` is the tactic at `n` in [`TACTICS`]; that order is only ever added to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tactics(u32);

impl Tactics {
    /// The tactic of that name alone; nothing where there is none.
    pub fn named(name: &str) -> Self {
        TACTICS.iter().position(|(known, _)| *known == name).map_or(Tactics(0), |at| Tactics(1 << at))
    }

    /// Both together.
    pub fn with(self, other: Tactics) -> Self {
        Tactics(self.0 | other.0)
    }

    /// What stands in this one and not in the other.
    pub fn without(self, other: Tactics) -> Self {
        Tactics(self.0 & !other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each alone, in the order of [`TACTICS`].
    pub fn each(self) -> impl Iterator<Item = Tactics> {
        (0..TACTICS.len()).map(|at| Tactics(1 << at)).filter(move |one| self.0 & one.0 != 0)
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        TACTICS.iter().enumerate().filter(move |(at, _)| self.0 & (1 << at) != 0).map(|(_, (name, _))| *name)
    }
}

/// What the table is read from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tactic: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    stage: u8,
    techniques: Vec<String>,
}

/// Why a table of tactics cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KillChainError {
    /// It is no such table.
    #[error("table of tactics: {0}")]
    Toml(#[from] toml::de::Error),
    /// It names a tactic that ATT&CK does not have.
    #[error("table of tactics: {0:?} is no tactic of ATT&CK")]
    Unknown(String),
}

/// The stages of tactics, and the tactics of techniques.
#[derive(Clone, Debug)]
pub struct KillChain {
    stages: Vec<u8>,
    techniques: BTreeMap<String, Tactics>,
}

static BUILT_IN_CHAIN: LazyLock<KillChain> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test reads the table")]
    KillChain::parse(BUILT_IN).expect("the built-in table is right")
});

impl KillChain {
    /// The built-in table.
    pub fn built_in() -> &'static KillChain {
        &BUILT_IN_CHAIN
    }

    /// Reads a table in the form of the built-in one.
    ///
    /// # Errors
    /// When it is no such table, or names a tactic that there is not.
    pub fn parse(text: &str) -> Result<Self, KillChainError> {
        let file: File = toml::from_str(text)?;
        let mut chain = KillChain { stages: vec![0; TACTICS.len()], techniques: BTreeMap::new() };
        for row in file.tactic {
            let at = TACTICS.iter().position(|(known, _)| *known == row.name);
            let Some(stage) = at.and_then(|at| chain.stages.get_mut(at)) else {
                return Err(KillChainError::Unknown(row.name));
            };
            *stage = row.stage;
            let tactic = Tactics::named(&row.name);
            for technique in row.techniques {
                let entry = chain.techniques.entry(technique).or_default();
                *entry = entry.with(tactic);
            }
        }
        Ok(chain)
    }

    /// The tactics that an analytic states; where it states none, those of its techniques.
    pub fn of(&self, analytic: &Analytic) -> Tactics {
        let stated = analytic.tactics.iter().fold(Tactics::default(), |all, name| all.with(Tactics::named(name)));
        if !stated.is_empty() {
            return stated;
        }
        analytic.techniques.iter().fold(Tactics::default(), |all, technique| all.with(self.of_technique(technique)))
    }

    /// The tactics that a technique serves, by its base id: `T1059.001` is looked up as `T1059`.
    pub fn of_technique(&self, technique: &str) -> Tactics {
        let base = technique.split('.').next().unwrap_or(technique);
        self.techniques.get(base).copied().unwrap_or_default()
    }

    /// The earliest and the latest stage of a set; `None` for an empty one.
    pub fn stages(&self, tactics: Tactics) -> Option<(u8, u8)> {
        let stages =
            self.stages.iter().enumerate().filter(|(at, _)| tactics.0 & (1 << at) != 0).map(|(_, stage)| *stage);
        stages.fold(None, |range, stage| match range {
            None => Some((stage, stage)),
            Some((low, high)) => Some((stage.min(low), stage.max(high))),
        })
    }
}
