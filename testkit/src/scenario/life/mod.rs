//! The city's ordinary life in a scenario: people who differ, machines with habits of their own, services that talk to
//! each other, citizens who come and go, water that follows the day.
//!
//! Whoever learns what is usual needs something that is. So every account has its own hours, days, programs, places and
//! amounts, every server its own tasks and peers; and ordinary life is not clean: people come late, travel, mistype,
//! visit places for the first time, and administrators do what attackers do. All of it follows from the scenario's seed
//! and the account's or machine's name, and each day from its number, so that a scene that is added to a scenario
//! changes no other line.
//!
//! Deliberately absent: seasons, and people who learn.

mod person;
mod profile;
mod services;
mod water;

use std::time::Duration;

use model::Timestamp;

use super::file::Scenario;
use super::moves::{FalsifySensor, Move, When};
use super::terms::Seat;
use crate::city::{ACCOUNTS, FIRST_DAY, Rhythm, Stage, find};
use crate::random::Random;

use profile::Profile;

/// What scenes change in ordinary life.
pub(crate) struct Life<'a> {
    scenario: &'a Scenario,
    people: Vec<Person>,
}

/// Somebody who lives in the city.
struct Person {
    profile: Profile,
    is_office: bool,
    /// The scene that brought them, and from when on.
    arrives: Option<(usize, When)>,
}

/// A day of the city.
#[derive(Clone, Copy, Debug)]
struct Day {
    /// From 0.
    number: u32,
    midnight: Timestamp,
    /// 0 on Monday.
    weekday: u32,
}

impl<'a> Life<'a> {
    pub(crate) fn new(scenario: &'a Scenario) -> Self {
        let mut people: Vec<Person> = ACCOUNTS
            .iter()
            .map(|account| {
                let is_office = account.rhythm == Rhythm::Office;
                let profile = Profile::new(scenario.seed, account.name, find(account.machine), is_office);
                Person { profile, is_office, arrives: None }
            })
            .collect();
        for (number, scene) in scenario.scenes.iter().enumerate() {
            for step in &scene.steps {
                if let Move::NewEmployee(new) = &step.play {
                    let profile = Profile::new(scenario.seed, &new.account.0, new.machine.0, true);
                    people.push(Person { profile, is_office: true, arrives: Some((number, step.when)) });
                }
            }
        }
        Life { scenario, people }
    }

    /// Plays the day of that number, from 0.
    pub(crate) fn play(&self, stage: &mut Stage, number: u32) {
        let midnight = FIRST_DAY.plus(Duration::from_secs(u64::from(number) * 86_400));
        let day = Day { number, midnight, weekday: number % 7 };
        for person in &self.people {
            stage.random = self.chance(day, &person.profile.name);
            self.person(stage, day, person);
        }
        stage.random = self.chance(day, "services");
        services::play(stage, &day, self.scenario.seed);
        stage.random = self.chance(day, "backup");
        self.backup(stage, &day);
        stage.random = self.chance(day, "water");
        self.water(stage, &day);
        stage.random = self.chance(day, "internet");
        crate::city::internet(stage, midnight);
    }

    /// Chance of one part of one day.
    fn chance(&self, day: Day, part: &str) -> Random {
        Random::new(seed_of(self.scenario.seed, &format!("{} {part}", day.number)))
    }

    fn person(&self, stage: &mut Stage, day: Day, person: &Person) {
        let profile = &person.profile;
        let noon = day.midnight.plus(Duration::from_secs(43_200));
        if person.arrives.is_some_and(|(_, when)| noon < when.start || noon >= when.end) {
            return;
        }
        let mut label = person.arrives.map(|(scene, _)| scene);
        let mut shift = 0;
        for (number, scene, when) in self.steps_at(noon) {
            match scene {
                Move::Holiday(holiday) if holiday.accounts.means(&profile.name, person.is_office) => return,
                Move::ShiftHours(hours)
                    if hours.accounts.means(&profile.name, person.is_office) && when.allows(noon) =>
                {
                    (shift, label) = (hours.minutes, Some(number));
                }
                _ => {}
            }
        }
        stage.belongs(label, |stage| person::play(stage, &day, profile, shift));
    }

    /// The moves of steps that play at a moment, with the numbers of their scenes.
    fn steps_at(&self, at: Timestamp) -> impl Iterator<Item = (usize, &'a Move, When)> {
        let steps = self.scenario.scenes.iter().enumerate();
        let steps = steps.flat_map(|(number, scene)| scene.steps.iter().map(move |step| (number, step)));
        let now = steps.filter(move |(_, step)| step.when.start <= at && at < step.when.end);
        now.map(|(number, step)| (number, &step.play, step.when))
    }

    fn backup(&self, stage: &mut Stage, day: &Day) {
        let (mut hour, mut percent, mut label) = (23, 100, None);
        let noon = day.midnight.plus(Duration::from_secs(43_200));
        for (number, play, _) in self.steps_at(noon) {
            if let Move::MoveBackup(backup) = play {
                (hour, percent, label) = (u64::from(backup.hour), u64::from(backup.percent), Some(number));
            }
        }
        stage.belongs(label, |stage| services::backup(stage, day, hour, percent));
    }

    fn water(&self, stage: &mut Stage, day: &Day) {
        let lies: Vec<(usize, &FalsifySensor, When)> = self
            .scenario
            .scenes
            .iter()
            .enumerate()
            .flat_map(|(number, scene)| scene.steps.iter().map(move |step| (number, step)))
            .filter_map(|(number, step)| match &step.play {
                Move::FalsifySensor(lie) => Some((number, lie, step.when)),
                _ => None,
            })
            .collect();
        water::play(stage, day, self.scenario.seed, &lies);
    }
}

/// A seed that follows from the scenario's and from a name (FNV-1a, 64 bits).
pub(crate) fn seed_of(seed: u64, name: &str) -> u64 {
    let mix = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Random::new(name.bytes().fold(start, mix)).next_u64()
}

/// The machine of that name as a seat.
fn seat(name: &str) -> Seat {
    Seat::of(name)
}
