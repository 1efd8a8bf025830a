//! Scenarios: days of the city with planted attacks, and with things that are only odd.
//!
//! A scenario is a file (TOML) with a seed, a number of days, attacks and disturbances; each is a list of steps, each
//! step one of a bounded vocabulary of moves with parameters. The file is data: others can write scenarios that nobody
//! tuned to. What is played has the formats of the city's logs, a truth beside it that says which line belongs to what,
//! and a [`judge()`] that says what a watch's incidents were worth within what a team can work on.
//! `docs/guide/simulate.md` has the vocabulary; `docs/decisions/0024-scenarios.md` says why it is so.
//!
//! The same file gives the same bytes. Deliberately absent: attacks that answer to what the watch does, and the hosts'
//! own insides, which logs do not show.

mod file;
mod judge;
mod life;
mod lines;
mod moves;
mod place;
mod play;
mod terms;
#[cfg(test)]
mod tests;
mod truth;

pub use file::{Complaint, Part, Scenario, ScenarioError, Scene};
pub use judge::{AttackVerdict, Budget, Cried, Found, JudgedIncident, Outcome, Verdict, Weighed, judge};
pub use moves::Entities;
pub use play::{Days, PlayedLine};
pub use truth::{Belongs, LineKey, Played, TrueScene, Truth};
