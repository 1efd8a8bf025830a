//! A scenario file (TOML) and what may be wrong with it. Every wrong record is named with its reason, not only the
//! first; a scenario with one of them is not played, because a play with a hole would judge nobody.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::Timestamp;
use model::limits::{
    SCENARIO_BEATS_MAX, SCENARIO_BYTES_MAX, SCENARIO_COMPLAINTS_MAX, SCENARIO_DAYS_MAX, SCENARIO_SCENES_MAX,
    SCENARIO_STEP_BEATS_MAX, SCENARIO_STEPS_MAX,
};
use serde::Deserialize;

use super::moves::{Entities, Move, When};
use super::terms::{Hours, OnDays, Span, Words, clock_minute};
use crate::city::FIRST_DAY;

/// Longest label.
const LABEL_CHARS_MAX: usize = 64;

/// Why a scenario is not played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too long.
    #[error("a scenario has at most {SCENARIO_BYTES_MAX} bytes, this one has {bytes}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The file is no TOML, or its head is wrong.
    #[error("no scenario: {0}")]
    Syntax(String),
    /// Records are wrong.
    #[error("{}", Complaint::list(complaints, *more))]
    Wrong {
        /// Which, and why, in the order of the file; at most `SCENARIO_COMPLAINTS_MAX`.
        complaints: Vec<Complaint>,
        /// How many more there are.
        more: usize,
    },
}

/// What is wrong with one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Which record: `attack 3 (spray), step 2 (beacon)`.
    pub place: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

impl Complaint {
    fn list(complaints: &[Complaint], more: usize) -> String {
        let mut lines: Vec<String> = complaints.iter().map(Complaint::to_string).collect();
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines.join("\n")
    }
}

/// What a scene is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Somebody means harm: it is to be found.
    Attack,
    /// Something is only odd: whoever cries at it is bad.
    Disturbance,
}

impl Part {
    /// Its word in files.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Attack => "attack",
            Part::Disturbance => "disturbance",
        }
    }
}

/// An attack or a disturbance.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Which of the two.
    pub part: Part,
    /// Its name in label files.
    pub label: String,
    /// What happens, in a sentence.
    pub title: String,
    /// ATT&CK techniques; none for disturbances.
    pub techniques: Vec<String>,
    /// From 1, noisy, to 12, nearly invisible; 0 for disturbances.
    pub subtlety: u8,
    /// When it begins.
    pub starts: Timestamp,
    /// When it is over.
    pub ends: Timestamp,
    /// Whom and what it is about.
    pub entities: Entities,
    pub(crate) steps: Vec<Step>,
}

/// One move, and when.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) when: When,
    pub(crate) play: Move,
}

/// What happens in the city besides its ordinary life.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What all chance follows from.
    pub seed: u64,
    /// Days that it plays, from [`FIRST_DAY`].
    pub days: u32,
    /// What it is for.
    pub about: String,
    /// Attacks and disturbances, in the order of the file, attacks first.
    pub scenes: Vec<Scene>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: Words,
    seed: u64,
    days: u32,
    #[serde(default)]
    about: String,
    #[serde(default)]
    attack: Vec<toml::Table>,
    #[serde(default)]
    disturbance: Vec<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SceneHead {
    label: String,
    title: Words,
    #[serde(default)]
    techniques: Vec<Words>,
    subtlety: Option<u8>,
    /// From 1.
    day: u32,
    time: String,
    lasts: Span,
    #[serde(default)]
    step: Vec<toml::Table>,
}

/// What every step may say besides its move's own parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepHead {
    /// After the scene's start.
    #[serde(default)]
    after: Span,
    /// To the scene's end when it is not given.
    lasts: Option<Span>,
    hours: Option<Hours>,
    #[serde(default)]
    on: OnDays,
}

/// The keys of [`StepHead`].
const STEP_KEYS: [&str; 4] = ["after", "lasts", "hours", "on"];

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// When it cannot be read, is too long or no TOML, or a record of it is wrong.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let unreadable = |source| ScenarioError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Scenario::parse(&text)
    }

    /// Reads the text of a scenario file.
    ///
    /// # Errors
    /// When it is too long or no TOML, or a record of it is wrong.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > SCENARIO_BYTES_MAX {
            return Err(ScenarioError::TooLong { bytes: text.len() });
        }
        let head: Head = toml::from_str(text).map_err(|error| ScenarioError::Syntax(error.to_string()))?;
        let days = head.days;
        if !(1..=SCENARIO_DAYS_MAX).contains(&days) {
            return Err(ScenarioError::Syntax(format!("`days` is 1 to {SCENARIO_DAYS_MAX}, not {days}")));
        }
        let count = head.attack.len() + head.disturbance.len();
        if count > SCENARIO_SCENES_MAX {
            let text = format!("{count} attacks and disturbances; {SCENARIO_SCENES_MAX} are the most");
            return Err(ScenarioError::Syntax(text));
        }
        let mut reader = Reader { days, complaints: Vec::new(), labels: BTreeSet::new(), beats: 0 };
        let mut scenes = Vec::with_capacity(count);
        for (part, tables) in [(Part::Attack, head.attack), (Part::Disturbance, head.disturbance)] {
            for (number, table) in (1..).zip(tables) {
                scenes.extend(reader.scene(part, number, table));
            }
        }
        let mut complaints = reader.complaints;
        if !complaints.is_empty() {
            let more = complaints.len().saturating_sub(SCENARIO_COMPLAINTS_MAX);
            complaints.truncate(SCENARIO_COMPLAINTS_MAX);
            return Err(ScenarioError::Wrong { complaints, more });
        }
        Ok(Scenario { name: head.name.0, seed: head.seed, days, about: head.about.trim().to_owned(), scenes })
    }

    /// The moment at which play is over.
    pub fn ends(&self) -> Timestamp {
        FIRST_DAY.plus(Duration::from_secs(u64::from(self.days) * 86_400))
    }
}

/// A file while it is read.
struct Reader {
    days: u32,
    complaints: Vec<Complaint>,
    labels: BTreeSet<String>,
    beats: u64,
}

impl Reader {
    fn complain(&mut self, place: &str, reason: impl fmt::Display) {
        // TOML's own messages end with a line end.
        let reason = reason.to_string().trim_end().to_owned();
        self.complaints.push(Complaint { place: place.to_owned(), reason });
    }

    fn scene(&mut self, part: Part, number: usize, table: toml::Table) -> Option<Scene> {
        let mut place = format!("{} {number}", part.name());
        if let Some(label) = table.get("label").and_then(toml::Value::as_str) {
            place = format!("{place} ({label})");
        }
        let head: SceneHead = match toml::Value::Table(table).try_into() {
            Ok(head) => head,
            Err(error) => {
                self.complain(&place, error.message());
                return None;
            }
        };
        let (starts, ends) = self.times(&place, &head)?;
        self.check_head(&place, part, &head);
        let mut scene = Scene {
            part,
            label: head.label,
            title: head.title.0,
            techniques: head.techniques.into_iter().map(|technique| technique.0).collect(),
            subtlety: head.subtlety.unwrap_or(0),
            starts,
            ends,
            entities: Entities::default(),
            steps: Vec::new(),
        };
        for (number, table) in (1..).zip(head.step) {
            if let Some(step) = self.step(&format!("{place}, step {number}"), &scene, table) {
                step.play.act().entities(&mut scene.entities);
                scene.steps.push(step);
            }
        }
        Some(scene)
    }

    /// When a scene begins and ends.
    fn times(&mut self, place: &str, head: &SceneHead) -> Option<(Timestamp, Timestamp)> {
        if !(1..=self.days).contains(&head.day) {
            self.complain(place, format!("`day` is 1 to {}, not {}", self.days, head.day));
            return None;
        }
        let minute = match clock_minute(&head.time) {
            Ok(minute) => minute,
            Err(reason) => {
                self.complain(place, reason);
                return None;
            }
        };
        let starts = FIRST_DAY.plus(Duration::from_secs(u64::from(head.day - 1) * 86_400 + minute * 60));
        let ends = starts.plus(head.lasts.0);
        if ends > FIRST_DAY.plus(Duration::from_secs(u64::from(self.days) * 86_400)) {
            self.complain(place, "it lasts longer than the scenario");
            return None;
        }
        Some((starts, ends))
    }

    fn check_head(&mut self, place: &str, part: Part, head: &SceneHead) {
        let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if head.label.is_empty() || head.label.len() > LABEL_CHARS_MAX || !head.label.chars().all(fits) {
            let reason = format!("a label has 1 to {LABEL_CHARS_MAX} small letters, digits and hyphens");
            self.complain(place, reason);
        } else if !self.labels.insert(head.label.clone()) {
            self.complain(place, "another one has the same label");
        }
        match (part, head.subtlety) {
            (Part::Attack, Some(1..=12)) | (Part::Disturbance, None) => {}
            (Part::Attack, _) => self.complain(place, "`subtlety` is 1 (noisy) to 12 (nearly invisible)"),
            (Part::Disturbance, Some(_)) => self.complain(place, "a disturbance has no `subtlety`"),
        }
        if part == Part::Attack && head.techniques.is_empty() {
            self.complain(place, "`techniques` names no technique");
        }
        if !head.techniques.iter().all(|technique| is_technique(&technique.0)) {
            self.complain(place, "`techniques` are ids of ATT&CK: T1078, T1110.003");
        }
        if !(1..=SCENARIO_STEPS_MAX).contains(&head.step.len()) {
            self.complain(place, format!("it has 1 to {SCENARIO_STEPS_MAX} steps, not {}", head.step.len()));
        }
    }

    fn step(&mut self, place: &str, scene: &Scene, mut table: toml::Table) -> Option<Step> {
        let mut common = toml::Table::new();
        for key in STEP_KEYS {
            common.extend(table.remove(key).map(|value| (key.to_owned(), value)));
        }
        let place = match table.get("move").and_then(toml::Value::as_str) {
            Some(name) => format!("{place} ({name})"),
            None => place.to_owned(),
        };
        let common = toml::Value::Table(common).try_into::<StepHead>();
        let play = toml::Value::Table(table).try_into::<Move>();
        let (common, play) = match (common, play) {
            (Ok(common), Ok(play)) => (common, play),
            (common, play) => {
                common.err().into_iter().chain(play.err()).for_each(|error| self.complain(&place, error.message()));
                return None;
            }
        };
        let start = scene.starts.plus(common.after.0);
        let end = common.lasts.map_or(scene.ends, |lasts| start.plus(lasts.0));
        if start > scene.ends || end > scene.ends {
            self.complain(&place, "it plays after the end of what it is a step of");
            return None;
        }
        if start.plus(play.act().takes()) > end {
            self.complain(&place, "its moves, one after the other, take longer than it lasts");
            return None;
        }
        if let Err(reason) = play.act().check() {
            self.complain(&place, reason);
            return None;
        }
        self.count(&place, &play, Duration::from_secs(super::moves::seconds_between(start, end)));
        Some(Step { when: When { start, end, hours: common.hours, on: common.on }, play })
    }

    fn count(&mut self, place: &str, play: &Move, lasts: Duration) {
        let beats = play.act().beats(lasts);
        if beats > SCENARIO_STEP_BEATS_MAX {
            let reason = format!("it does its move {beats} times; {SCENARIO_STEP_BEATS_MAX} are the most");
            return self.complain(place, reason);
        }
        let before = self.beats;
        self.beats = self.beats.saturating_add(beats);
        if before <= SCENARIO_BEATS_MAX && self.beats > SCENARIO_BEATS_MAX {
            let reason = format!("with it, all steps together do more than {SCENARIO_BEATS_MAX} moves");
            self.complain(place, reason);
        }
    }
}

/// `T1078`, `T1110.003`.
fn is_technique(text: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(rest) = text.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        Some((technique, part)) => digits(technique, 4) && digits(part, 3),
        None => digits(rest, 4),
    }
}
