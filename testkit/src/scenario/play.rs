//! A scenario's lines, a day at a time, in order of time over all files.
//!
//! What scenes write is made first, because it may reach over weeks; ordinary life is made day by day. Numbers that
//! machines count up are given when a day's lines are in order: what belongs to a scene cannot be told by them.

use std::collections::BTreeMap;
use std::time::Duration;

use model::Timestamp;

use super::file::Scenario;
use super::life::{Life, seed_of};
use crate::city::{FIRST_DAY, Line, Log, RECORD_MARK, SERIAL_MARK, Stage};
use crate::random::Random;

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayedLine {
    /// When it was written.
    pub at: Timestamp,
    /// The file.
    pub log: Log,
    /// Its number in the file, from 1.
    pub line: u64,
    /// What it says, without line end.
    pub text: String,
    /// The scene that it belongs to, by its place in [`Scenario::scenes`].
    pub scene: Option<usize>,
}

/// The days of a scenario: each item has all lines of one day.
pub struct Days<'a> {
    life: Life<'a>,
    days: u32,
    next: u32,
    stage: Stage,
    /// Lines of days to come.
    pending: BTreeMap<Log, Vec<Line>>,
    counts: BTreeMap<Log, u64>,
    numbers: Numbers,
}

impl Scenario {
    /// Plays it. The same scenario gives the same bytes.
    pub fn play(&self) -> Days<'_> {
        let mut stage = Stage::numbered_later(self.seed);
        for (number, scene) in self.scenes.iter().enumerate() {
            for (step, place) in scene.steps.iter().zip(1..) {
                stage.random = Random::new(seed_of(self.seed, &format!("{} step {place}", scene.label)));
                stage.belongs(Some(number), |stage| step.play.act().play(stage, &step.when));
            }
        }
        let pending = stage.take();
        Days {
            life: Life::new(self),
            days: self.days,
            next: 0,
            stage,
            pending,
            counts: BTreeMap::new(),
            numbers: Numbers::default(),
        }
    }
}

impl Iterator for Days<'_> {
    type Item = Vec<PlayedLine>;

    fn next(&mut self) -> Option<Vec<PlayedLine>> {
        if self.next >= self.days {
            return None;
        }
        self.life.play(&mut self.stage, self.next);
        self.next += 1;
        let midnight = FIRST_DAY.plus(Duration::from_secs(u64::from(self.next) * 86_400));
        let is_last = self.next == self.days;
        for (log, lines) in self.stage.take() {
            self.pending.entry(log).or_default().extend(lines);
        }
        let mut today = Vec::new();
        for (log, lines) in &mut self.pending {
            // What strays past the last midnight by its jitter still belongs to the play.
            let due = lines.extract_if(.., |line| line.at < midnight || is_last);
            today.extend(due.map(|line| (*log, line)));
        }
        // Stable: what was written first at one moment stays first.
        today.sort_by_key(|(log, line)| (line.at, *log));
        let lines = today.into_iter().map(|(log, line)| {
            let count = self.counts.entry(log).or_insert(0);
            *count += 1;
            let text = self.numbers.settle(&line.text);
            PlayedLine { at: line.at, log, line: *count, text, scene: line.label }
        });
        Some(lines.collect())
    }
}

/// Numbers that machines count up, in order of time.
#[derive(Debug, Default)]
struct Numbers {
    /// The last number of each machine's event log.
    records: BTreeMap<String, u64>,
    /// Serial numbers that were given, by their marks: records of one event have the same.
    serials: BTreeMap<String, u64>,
    last_serial: u64,
}

/// How many serial numbers are remembered: those of one event stand close together.
const SERIALS_KEPT_MAX: usize = 100_000;

impl Numbers {
    /// The text with its marks replaced; a line has at most one of each.
    fn settle(&mut self, text: &str) -> String {
        if let Some((before, name, after)) = marked(text, RECORD_MARK) {
            let number = self.records.entry(name.to_owned()).or_insert(10_000);
            *number += 1;
            return format!("{before}{number}{after}");
        }
        let Some((before, serial, after)) = marked(text, SERIAL_MARK) else { return text.to_owned() };
        let number = match self.serials.get(serial) {
            Some(number) => *number,
            None => {
                if self.serials.len() >= SERIALS_KEPT_MAX {
                    self.serials.clear();
                }
                self.last_serial += 1;
                self.serials.insert(serial.to_owned(), self.last_serial);
                self.last_serial
            }
        };
        format!("{before}{}{after}", 100_000 + number)
    }
}

/// What stands before, between and after two marks.
fn marked(text: &str, mark: char) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(mark)?;
    let (name, after) = rest.split_once(mark)?;
    Some((before, name, after))
}
