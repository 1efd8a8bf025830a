//! The month for those who decide about money: what changed, what was used against us and our peers, whose warnings were worth
//! it, and what it calls for.
//!
//! Counts come in, each with the path of the page that proves it; sentences go out, in which every number carries that path.
//! Which technique calls for which measure is data (`brief.toml`): ATT&CK's mitigations, and the categories of the NIST
//! Cybersecurity Framework 2.0. Laying it out as Markdown or HTML is somebody else's.
//!
//! Deliberately absent: forecasts, and money: what a measure costs is not known here.

use std::fmt;

use model::limits;
use model::words::noun_of;
use serde::{Deserialize, Serialize};

use crate::rules::{RulesError, laid_over};
use crate::trust::Standing;

const BUILT_IN: &str = include_str!("brief.toml");

/// A change of less than this share of the month before is told as "about as many".
const STEADY: f64 = 0.1;
/// Counts below which no trend is told: three instead of two is not "up by a half".
const TREND_MIN: u64 = 10;

/// A count and where it can be checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// How many.
    pub value: u64,
    /// Path of the page that shows them one by one.
    pub evidence: String,
}

/// Something counted in this month and in the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trend {
    /// What, in the plural: `findings`, `look-alikes of our domains`.
    pub what: String,
    /// The same of one: `finding`, `look-alike of our domains`.
    pub one: String,
    /// This month.
    pub now: Number,
    /// The month before; `None` where nothing was counted then.
    pub before: Option<Number>,
}

/// A technique that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TechniqueSeen {
    /// For example `T1566.001`.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Detections here.
    pub here: Number,
    /// Other organisations that saw it, as far as peers tell: at least so many; `None` where too few for a number to be released.
    pub peers: Option<Number>,
}

/// An actor that fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorSeen {
    /// Its name.
    pub name: String,
    /// What can honestly be said: [`crate::fit::Verdict`] as a sentence.
    pub said: String,
    /// Observations that it rests on.
    pub observations: Number,
}

/// How a source did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDid {
    /// Its name.
    pub name: String,
    /// Sightings of what it named that were confirmed.
    pub confirmed: Number,
    /// Those that were false alarms.
    pub false_alarms: Number,
    /// Against its grade.
    pub standing: Standing,
}

/// Everything that a brief is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// The month, for example `2026-11`.
    pub month: String,
    /// What changed.
    pub trends: Vec<Trend>,
    /// Techniques.
    pub techniques: Vec<TechniqueSeen>,
    /// Actors.
    pub actors: Vec<ActorSeen>,
    /// Sources.
    pub sources: Vec<SourceDid>,
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Part {
    /// Words.
    Words {
        /// The words.
        text: String,
    },
    /// A number, with the path that proves it.
    Number(Number),
}

/// A sentence in which every number can be checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// Its pieces, in order.
    pub parts: Vec<Part>,
}

impl Sentence {
    fn words(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Words { text: text.into() });
        self
    }

    fn number(mut self, number: &Number) -> Self {
        self.parts.push(Part::Number(number.clone()));
        self
    }

    /// A number and what it counts.
    fn counted(self, number: &Number, noun: &str) -> Self {
        self.number(number).words(format!(" {}", noun_of(number.value, noun)))
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Words { text } => f.write_str(text),
            Part::Number(number) => write!(f, "{}", number.value),
        })
    }
}

/// What a section is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// What changed.
    Trends,
    /// What was used against us and our peers.
    Techniques,
    /// Who it may be.
    Actors,
    /// What it calls for.
    Measures,
    /// Whose warnings were worth it.
    Sources,
}

/// One section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// What it is about.
    pub topic: Topic,
    /// What it says; never empty.
    pub sentences: Vec<Sentence>,
    /// What was left out for length.
    pub left_out: usize,
}

/// A month's brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// The month.
    pub month: String,
    /// Sections in the order of reading.
    pub sections: Vec<Section>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Measure {
    mitigation: String,
    name: String,
    control: String,
    techniques: Vec<String>,
}

/// Which technique calls for which measure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measures {
    measure: Vec<Measure>,
}

impl Default for Measures {
    /// The built-in table.
    fn default() -> Self {
        match Measures::with_table("") {
            Ok(measures) => measures,
            // The table is part of the program and a test reads it.
            Err(error) => unreachable!("{error}"),
        }
    }
}

impl Measures {
    /// The built-in table, or a user's in its place.
    ///
    /// # Errors
    /// When the table is too long, no TOML, or has unknown keys.
    pub fn with_table(text: &str) -> Result<Self, RulesError> {
        laid_over(BUILT_IN, text)
    }
}

/// Writes a month's brief.
pub fn brief(figures: &Figures, measures: &Measures) -> Brief {
    let sections = [
        (Topic::Trends, trends(&figures.trends)),
        (Topic::Techniques, techniques(&figures.techniques)),
        (Topic::Actors, actors(&figures.actors)),
        (Topic::Measures, called_for(&figures.techniques, measures)),
        (Topic::Sources, sources(&figures.sources)),
    ];
    let sections = sections.into_iter().map(|(topic, mut sentences)| {
        let left_out = sentences.len().saturating_sub(limits::BRIEF_ROWS_MAX);
        sentences.truncate(limits::BRIEF_ROWS_MAX);
        if sentences.is_empty() {
            // An empty section could mean that nobody looked.
            sentences.push(Sentence::default().words("Nothing was counted in this month."));
        }
        Section { topic, sentences, left_out }
    });
    Brief { month: figures.month.clone(), sections: sections.collect() }
}

fn trends(trends: &[Trend]) -> Vec<Sentence> {
    let sentence = |trend: &Trend| {
        let what = if trend.now.value == 1 { &trend.one } else { &trend.what };
        let start = Sentence::default().number(&trend.now).words(format!(" {what}"));
        let Some(before) = &trend.before else {
            return start.words("; the month before was not counted.");
        };
        let start = start.words(", after ").number(before).words(" in the month before: ");
        start.words(format!("{}.", change(trend.now.value, before.value)))
    };
    trends.iter().map(sentence).collect()
}

fn change(now: u64, before: u64) -> String {
    if now.max(before) < TREND_MIN || before == 0 {
        return "too few to call it a trend".to_owned();
    }
    let share = now as f64 / before as f64 - 1.0;
    if share.abs() < STEADY {
        return "about as many".to_owned();
    }
    let direction = if share > 0.0 { "up" } else { "down" };
    format!("{direction} by {:.0} %", share.abs() * 100.0)
}

/// The most seen first; of equals the one that more peers saw.
fn ordered(seen: &[TechniqueSeen]) -> Vec<&TechniqueSeen> {
    let mut seen: Vec<&TechniqueSeen> = seen.iter().collect();
    let peers = |one: &TechniqueSeen| one.peers.as_ref().map_or(0, |number| number.value);
    seen.sort_by(|a, b| b.here.value.cmp(&a.here.value).then(peers(b).cmp(&peers(a))).then_with(|| a.id.cmp(&b.id)));
    seen
}

fn techniques(seen: &[TechniqueSeen]) -> Vec<Sentence> {
    let sentence = |one: &&TechniqueSeen| {
        // Without a name, where nobody has loaded what techniques are called.
        let named = format!("{} {}", one.id, one.name);
        let start = Sentence::default().words(format!("{}: ", named.trim_end())).counted(&one.here, "detection");
        match &one.peers {
            Some(peers) => start.words(" here, seen by ").counted(peers, "other organisation").words("."),
            None => start.words(" here; too few peers saw it to say how many."),
        }
    };
    ordered(seen).iter().map(sentence).collect()
}

fn actors(actors: &[ActorSeen]) -> Vec<Sentence> {
    let sentence = |actor: &ActorSeen| {
        let start = Sentence::default().words(format!("{}: {}, from ", actor.name, actor.said));
        start.counted(&actor.observations, "observation").words(".")
    };
    actors.iter().map(sentence).collect()
}

/// Measures by how many detections they would have worked against.
fn called_for(seen: &[TechniqueSeen], measures: &Measures) -> Vec<Sentence> {
    let mut weighed: Vec<(u64, &Measure, Vec<&TechniqueSeen>)> = Vec::new();
    for measure in &measures.measure {
        let met = |one: &&TechniqueSeen| {
            let parent = one.id.split('.').next().unwrap_or_default();
            one.here.value > 0 && measure.techniques.iter().any(|known| *known == one.id || known == parent)
        };
        let met: Vec<&TechniqueSeen> = ordered(seen).into_iter().filter(met).collect();
        let sum = met.iter().map(|one| one.here.value).fold(0, u64::saturating_add);
        if sum > 0 {
            weighed.push((sum, measure, met));
        }
    }
    weighed.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.mitigation.cmp(&b.1.mitigation)));
    let sentence = |(_, measure, met): (u64, &Measure, Vec<&TechniqueSeen>)| {
        let mut sentence = Sentence::default().words(format!(
            "{} ({}, ATT&CK {}) works against ",
            capital(&measure.name),
            measure.control,
            measure.mitigation
        ));
        for (n, one) in met.iter().enumerate() {
            let between = if n == 0 { "" } else { " and " };
            sentence = sentence.words(format!("{between}{} (", one.id)).counted(&one.here, "detection").words(")");
        }
        sentence.words(".")
    };
    weighed.into_iter().map(sentence).collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Those that cry wolf first, then by what they were worth.
fn sources(sources: &[SourceDid]) -> Vec<Sentence> {
    let mut ordered: Vec<&SourceDid> = sources.iter().collect();
    ordered.sort_by(|a, b| {
        let wolf = (b.standing == Standing::CriesWolf).cmp(&(a.standing == Standing::CriesWolf));
        wolf.then(b.confirmed.value.cmp(&a.confirmed.value)).then_with(|| a.name.cmp(&b.name))
    });
    let standing = |standing: Standing| match standing {
        Standing::AsGraded => "as its grade lets expect",
        Standing::BetterThanGraded => "better than its grade",
        Standing::CriesWolf => "it cries wolf and counts less now",
    };
    let sentence = |one: &&SourceDid| {
        let start = Sentence::default().words(format!("{}: ", one.name)).counted(&one.confirmed, "sighting");
        let start = start.words(" confirmed, ").counted(&one.false_alarms, "false alarm");
        start.words(format!("; {}.", standing(one.standing)))
    };
    ordered.iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    fn number(value: u64, evidence: &str) -> Number {
        Number { value, evidence: evidence.into() }
    }

    fn technique(id: &str, here: u64, peers: Option<u64>) -> TechniqueSeen {
        TechniqueSeen {
            id: id.into(),
            name: format!("name of {id}"),
            here: number(here, &format!("/findings?technique={id}")),
            peers: peers.map(|value| number(value, "/peers")),
        }
    }

    fn figures() -> Figures {
        let trend = |one: &str, now, before: Option<u64>| Trend {
            what: noun_of(2, one),
            one: one.into(),
            now: number(now, "/now"),
            before: before.map(|value| number(value, "/before")),
        };
        let source = |name: &str, confirmed, false_alarms, standing| SourceDid {
            name: name.into(),
            confirmed: number(confirmed, "/confirmed"),
            false_alarms: number(false_alarms, "/false"),
            standing,
        };
        Figures {
            month: "2026-11".into(),
            trends: vec![
                trend("finding", 150, Some(100)),
                trend("look-alike", 3, Some(2)),
                trend("incident", 95, Some(100)),
                trend("leak", 1, None),
            ],
            techniques: vec![
                technique("T1486", 2, None),
                technique("T1566.001", 40, Some(5)),
                technique("T1204", 1, None),
                technique("T1190", 0, Some(3)),
            ],
            actors: vec![ActorSeen {
                name: "G0016".into(),
                said: "weak evidence".into(),
                observations: number(1, "/hunt"),
            }],
            sources: vec![source("state", 30, 1, Standing::AsGraded), source("wolf", 1, 40, Standing::CriesWolf)],
        }
    }

    #[test]
    fn a_month() {
        let brief = brief(&figures(), &Measures::default());
        let text: Vec<String> =
            brief.sections.iter().flat_map(|section| &section.sentences).map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "150 findings, after 100 in the month before: up by 50 %.",
                "3 look-alikes, after 2 in the month before: too few to call it a trend.",
                "95 incidents, after 100 in the month before: about as many.",
                "1 leak; the month before was not counted.",
                "T1566.001 name of T1566.001: 40 detections here, seen by 5 other organisations.",
                "T1486 name of T1486: 2 detections here; too few peers saw it to say how many.",
                "T1204 name of T1204: 1 detection here; too few peers saw it to say how many.",
                "T1190 name of T1190: 0 detections here, seen by 3 other organisations.",
                "G0016: weak evidence, from 1 observation.",
                "Training of everybody who reads mail (PR.AT, ATT&CK M1017) works against T1566.001 (40 detections) and \
                 T1204 (1 detection).",
                "Backups that an intruder cannot reach, and restoring them for practice (PR.DS, ATT&CK M1053) works \
                 against T1486 (2 detections).",
                "wolf: 1 sighting confirmed, 40 false alarms; it cries wolf and counts less now.",
                "state: 30 sightings confirmed, 1 false alarm; as its grade lets expect.",
            ]
        );
    }

    #[test]
    fn silence_is_said_and_length_is_limited() {
        let none = brief(&Figures::default(), &Measures::default());
        assert!(none.sections.iter().all(|section| section.sentences.len() == 1));
        let many = Figures { trends: vec![figures().trends.remove(0); limits::BRIEF_ROWS_MAX + 5], ..figures() };
        let section = brief(&many, &Measures::default()).sections.remove(0);
        assert_eq!((section.sentences.len(), section.left_out), (limits::BRIEF_ROWS_MAX, 5));
    }

    #[test]
    fn measures_are_those_of_attack() {
        use std::io::Read as _;
        let Some(data) = testkit::reference_data() else { return };
        let file = std::fs::File::open(data.join("intel/attack/enterprise-lookup-18.1.tar.zst")).unwrap();
        let mut bytes = Vec::new();
        zstd::stream::read::Decoder::new(file).unwrap().read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        // Ids of STIX objects by ATT&CK's; an object writes `stix_id` before `external_id`.
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut last = String::new();
        let quoted = |line: &str| line.split('"').nth(3).map(str::to_owned);
        let mut relation = (String::new(), String::new());
        let mut mitigates: Vec<(String, String)> = Vec::new();
        for line in text.lines().map(str::trim) {
            match line.split('"').nth(1) {
                Some("stix_id") => last = quoted(line).unwrap_or_default(),
                Some("external_id") => ids.entry(quoted(line).unwrap_or_default()).or_default().push(last.clone()),
                Some("relationship_type") => relation.0 = quoted(line).unwrap_or_default(),
                Some("source_ref") => relation.1 = quoted(line).unwrap_or_default(),
                Some("target_ref") if relation.0 == "mitigates" => {
                    mitigates.push((relation.1.clone(), quoted(line).unwrap_or_default()));
                }
                _ => {}
            }
        }
        assert!(mitigates.len() > 1_000, "{}", mitigates.len());
        for measure in &Measures::default().measure {
            for technique in &measure.techniques {
                let of = |wanted: &str| ids.get(wanted).cloned().unwrap_or_default();
                let below = format!("{technique}.");
                let targets: Vec<String> = ids
                    .iter()
                    .filter(|(id, _)| *id == technique || id.starts_with(&below))
                    .flat_map(|(_, ids)| ids.clone())
                    .collect();
                let sources = of(&measure.mitigation);
                let works =
                    mitigates.iter().any(|(source, target)| sources.contains(source) && targets.contains(target));
                assert!(works, "{} does not mitigate {technique}", measure.mitigation);
            }
        }
    }

    proptest! {
        #[test]
        fn every_number_can_be_checked(here in 0u64..1_000_000, before in proptest::option::of(0u64..1_000)) {
            let mut figures = figures();
            figures.techniques.push(technique("T1110", here, before));
            figures.trends[0].before = before.map(|value| number(value, "/before"));
            let brief = brief(&figures, &Measures::default());
            for part in brief.sections.iter().flat_map(|section| &section.sentences).flat_map(|one| &one.parts) {
                match part {
                    Part::Number(number) => prop_assert!(number.evidence.starts_with('/')),
                    // Digits in words belong to ids, or are shares of the numbers beside them; counts are numbers.
                    Part::Words { text } => {
                        let digits = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
                        let is_share = text.contains(" by ") && text.contains('%');
                        prop_assert!(is_share || !text.split_whitespace().any(digits), "{}", text);
                    }
                }
            }
        }
    }
}
