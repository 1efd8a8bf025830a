//! The moves of a scenario: what people and machines do, in a bounded vocabulary. `docs/guide/simulate.md` describes
//! each with its parameters.
//!
//! A move knows no attack and no detector. The same moves make attacks and what is only odd: which one it is says the
//! scene that it stands in.

mod access;
mod cloud;
mod hosts;
mod people;
mod water;
mod wire;

use std::collections::BTreeSet;
use std::time::Duration;

use model::Timestamp;
use model::limits::SCENARIO_STEP_BEATS_MAX;
use serde::Deserialize;

use super::terms::{Hours, OnDays, Percent, Span};
use crate::city::{FIRST_DAY, Stage};

pub(crate) use access::*;
pub(crate) use cloud::*;
pub(crate) use hosts::*;
pub(crate) use people::*;
pub(crate) use water::*;
pub(crate) use wire::*;

const DAY_SECONDS: u64 = 86_400;

/// What every move can do.
pub(crate) trait Act {
    /// Writes its lines.
    fn play(&self, stage: &mut Stage, when: &When);

    /// How often it does something at most; more than `SCENARIO_STEP_BEATS_MAX` is refused when the file is read.
    fn beats(&self, lasts: Duration) -> u64;

    /// How long it takes by itself, where it does not simply end with its step.
    fn takes(&self) -> Duration {
        Duration::ZERO
    }

    /// Whom and what it is about.
    fn entities(&self, into: &mut Entities);

    /// What fits none of its parts alone.
    ///
    /// # Errors
    /// With the reason.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Whom and what something is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entities {
    /// Accounts, as logs name them.
    pub accounts: BTreeSet<String>,
    /// Machines of the city.
    pub machines: BTreeSet<String>,
    /// Addresses and hosts elsewhere.
    pub addresses: BTreeSet<String>,
}

impl Entities {
    pub(crate) fn account(&mut self, name: &super::terms::Name) {
        self.accounts.insert(name.0.clone());
    }

    pub(crate) fn machine(&mut self, seat: super::terms::Seat) {
        self.machines.insert(seat.0.name.to_owned());
    }

    /// An end: a machine of the city under its name, else its address.
    pub(crate) fn end(&mut self, end: &super::terms::End) {
        match super::place::machine_at(&end.0) {
            Some(machine) => self.machines.insert(machine.name.to_owned()),
            None => self.addresses.insert(end.0.clone()),
        };
    }
}

/// When a step plays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) hours: Option<Hours>,
    pub(crate) on: OnDays,
}

impl When {
    /// Whether something may happen then.
    pub(crate) fn allows(&self, at: Timestamp) -> bool {
        let seconds = seconds_between(FIRST_DAY, at);
        let (day, hour) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS / 3_600);
        let is_weekend = day % 7 >= 5;
        let is_day = match self.on {
            OnDays::EveryDay => true,
            OnDays::Weekdays => !is_weekend,
            OnDays::Weekends => is_weekend,
        };
        at < self.end && is_day && self.hours.is_none_or(|hours| hours.contains(hour))
    }

    /// The moments of a beat: each `every` after the one before, give or take `jitter` percent of that.
    pub(crate) fn beats(&self, stage: &mut Stage, every: Span, jitter: Percent) -> Vec<Timestamp> {
        let step = u64::try_from(every.0.as_micros()).unwrap_or(u64::MAX).max(1_000_000);
        let span = seconds_between(self.start, self.end).saturating_mul(1_000_000);
        let mut found = Vec::new();
        let mut passed = 0u64;
        while passed < span && (found.len() as u64) < SCENARIO_STEP_BEATS_MAX {
            let play = step / 100 * jitter.0;
            let strayed = (passed + stage.random.between(0, 2 * play + 1)).saturating_sub(play);
            let at = self.start.plus(Duration::from_micros(strayed));
            if self.allows(at) {
                found.push(at);
            }
            passed = passed.saturating_add(step);
        }
        found.sort();
        found
    }

    /// So many moments by chance within the hours that are allowed, in order; none where nothing is allowed.
    pub(crate) fn scattered(&self, stage: &mut Stage, count: u64) -> Vec<Timestamp> {
        let span = seconds_between(self.start, self.end).max(1).saturating_mul(1_000);
        let mut found = Vec::new();
        // Most tries fall outside when the hours are few; a limit keeps a scene with none from never ending.
        for _ in 0..count.saturating_mul(200) {
            if found.len() as u64 >= count {
                break;
            }
            let at = self.start.plus(Duration::from_millis(stage.random.between(0, span)));
            if self.allows(at) || self.start >= self.end {
                found.push(at);
            }
        }
        found.sort();
        found
    }

    /// The moments of a move that is done `count` times: the first at once, the others `every` after each other.
    pub(crate) fn series(&self, count: u64, every: Span) -> Vec<Timestamp> {
        let after = |number: u32| self.start.plus(every.0.saturating_mul(number));
        (0..u32::try_from(count).unwrap_or(u32::MAX)).map(after).collect()
    }

    /// The midnights of the days that it touches, and that are allowed.
    pub(crate) fn days(&self) -> Vec<Timestamp> {
        let first = seconds_between(FIRST_DAY, self.start) / DAY_SECONDS;
        let last = seconds_between(FIRST_DAY, self.end).saturating_sub(1) / DAY_SECONDS;
        let midnight = |day: u64| FIRST_DAY.plus(Duration::from_secs(day * DAY_SECONDS));
        let is_on = |day: &u64| match self.on {
            OnDays::EveryDay => true,
            OnDays::Weekdays => day % 7 < 5,
            OnDays::Weekends => day % 7 >= 5,
        };
        (first..=last.max(first)).filter(is_on).map(midnight).collect()
    }
}

/// Whole seconds from one moment to a later one; 0 when it is none.
pub(crate) fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_micros().saturating_sub(from.as_micros()) / 1_000_000).unwrap_or(0)
}

/// How often something happens that repeats every `every` for so long.
fn repeats(lasts: Duration, every: Span) -> u64 {
    lasts.as_secs() / every.0.as_secs().max(1) + 1
}

/// How long a series of so many takes, from its first to its last.
fn series_takes(count: u64, every: Span) -> Duration {
    every.0.saturating_mul(u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX))
}

/// Makes the enum of moves: the name in a file, and the type that has its parameters.
macro_rules! moves {
    ($($name:literal => $variant:ident,)+) => {
        /// One move.
        #[derive(Clone, Debug, Deserialize)]
        #[serde(tag = "move")]
        pub(crate) enum Move { $(#[serde(rename = $name)] $variant($variant),)+ }

        impl Move {
            /// Every name, in the order of the guide.
            #[cfg(test)]
            pub(crate) const NAMES: &[&str] = &[$($name),+];

            /// What it does.
            pub(crate) fn act(&self) -> &dyn Act {
                match self { $(Move::$variant(found) => found,)+ }
            }
        }
    };
}

moves! {
    // coming in and going on
    "guess-passwords" => GuessPasswords,
    "log-in" => LogIn,
    "move-laterally" => MoveLaterally,
    "make-account" => MakeAccount,
    "join-group" => JoinGroup,
    "ask-tickets" => AskTickets,
    // on machines
    "run-program" => RunProgram,
    "run-powershell" => RunPowershell,
    "run-as-root" => RunAsRoot,
    "make-service" => MakeService,
    "make-task" => MakeTask,
    "drop-file" => DropFile,
    "load-library" => LoadLibrary,
    "set-registry" => SetRegistry,
    "change-files" => ChangeFiles,
    "read-files" => ReadFiles,
    "clear-log" => ClearLog,
    // on the wire
    "beacon" => Beacon,
    "tunnel-dns" => TunnelDns,
    "send-out" => SendOut,
    "scan" => Scan,
    "visit" => Visit,
    // cloud
    "cloud-call" => CloudCall,
    // water
    "command-controller" => CommandController,
    "falsify-sensor" => FalsifySensor,
    // what is only odd
    "holiday" => Holiday,
    "shift-hours" => ShiftHours,
    "new-employee" => NewEmployee,
    "night-work" => NightWork,
    "patch-night" => PatchNight,
    "roll-out" => RollOut,
    "move-backup" => MoveBackup,
    "new-printer" => NewPrinter,
}
