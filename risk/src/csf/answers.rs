//! The answers of one year, with what they rest on.

use std::collections::BTreeMap;
use std::fmt;

use model::document::DocumentKind;
use model::register::ItemId;
use model::{Day, limits};
use serde::{Deserialize, Serialize};

use super::QuestionSet;

/// A self-assessment of one year.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// Of which year.
    pub year: i16,
    /// How the city deals with risk as a whole; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<u8>,
    /// How it wants to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier_target: Option<u8>,
    /// The answers, by question.
    #[serde(default, with = "listed")]
    pub answers: BTreeMap<String, Answer>,
}

/// What is said to one question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Which question.
    pub question: String,
    /// How far it is; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<u8>,
    /// How far it is to be; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<u8>,
    /// Why the question does not apply here, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<String>,
    /// Words about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// Something that an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is.
    #[serde(flatten)]
    pub source: EvidenceSource,
    /// Of which day.
    pub day: Day,
}

/// What evidence is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum EvidenceSource {
    /// A document that is kept here.
    Document {
        /// What it is.
        kind: DocumentKind,
        /// Of what.
        name: String,
        /// Which version.
        number: u64,
    },
    /// An item of the register.
    Item {
        /// Which.
        id: ItemId,
    },
    /// Words about something that is kept elsewhere.
    Text {
        /// The words.
        text: String,
    },
    /// What the program counted.
    Figure {
        /// Of what.
        name: String,
        /// What came out.
        value: String,
    },
}

/// What of a file was not taken, and why. Nothing else of it is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsfNote {
    /// Which record, as it names itself or by its number.
    pub record: String,
    /// Why.
    pub reason: String,
}

/// Why a file is no assessment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssessmentError {
    /// Larger than is read.
    #[error("an assessment has at most {max} bytes", max = limits::CSF_BYTES_MAX)]
    TooLarge,
    /// Not of the form.
    #[error("not the form of an assessment: {0}; hint: watchbell csf export shows it")]
    Form(String),
    /// A year that nobody means.
    #[error("{0} is no year of an assessment; hint: from 2000 to 2199")]
    Year(i16),
}

/// The file as it is read: answers one by one, so that a bad one leaves the others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    year: i16,
    #[serde(default)]
    tier: Option<u8>,
    #[serde(default)]
    tier_target: Option<u8>,
    #[serde(default)]
    answers: Vec<serde_json::Value>,
}

impl Assessment {
    /// An assessment in which nothing is said yet.
    ///
    /// # Errors
    /// When nobody means such a year.
    pub fn new(year: i16) -> Result<Self, AssessmentError> {
        if !(2000..=2199).contains(&year) {
            return Err(AssessmentError::Year(year));
        }
        Ok(Assessment { year, ..Assessment::default() })
    }

    /// Reads a file of answers to the questions: what does not fit is left out and named.
    ///
    /// # Errors
    /// When it is too large, no assessment, or of no year.
    pub fn read(bytes: &[u8], questions: &QuestionSet) -> Result<(Self, Vec<CsfNote>), AssessmentError> {
        if bytes.len() > limits::CSF_BYTES_MAX {
            return Err(AssessmentError::TooLarge);
        }
        let file: File = serde_json::from_slice(bytes).map_err(|error| AssessmentError::Form(error.to_string()))?;
        let mut assessment = Assessment::new(file.year)?;
        let mut notes = Notes::default();
        let known = |tier: &u8| (1..=questions.tier_max()).contains(tier);
        for (name, said, place) in
            [("tier", file.tier, &mut assessment.tier), ("tier_target", file.tier_target, &mut assessment.tier_target)]
        {
            *place = said.filter(known);
            if said.is_some() && place.is_none() {
                notes.add(name, format!("tiers are 1 to {}", questions.tier_max()));
            }
        }
        for (number, value) in (1..).zip(file.answers) {
            assessment.take(number, value, questions, &mut notes);
        }
        Ok((assessment, notes.0))
    }

    fn take(&mut self, number: usize, value: serde_json::Value, questions: &QuestionSet, notes: &mut Notes) {
        let name =
            value.get("question").and_then(serde_json::Value::as_str).map(|name| name.chars().take(40).collect());
        let name: String = name.unwrap_or_else(|| format!("answer {number}"));
        let answer: Answer = match serde_json::from_value(value) {
            Ok(answer) => answer,
            Err(error) => return notes.add(&name, error.to_string()),
        };
        match answer.check(questions) {
            Err(reason) => notes.add(&name, reason),
            Ok(()) if self.answers.contains_key(&answer.question) => notes.add(&name, "is answered twice".to_owned()),
            Ok(()) => drop(self.answers.insert(answer.question.clone(), answer)),
        }
    }

    /// Reads one that was kept. Questions may have changed since: what does not fit stays, and [`super::Posture`] names it.
    ///
    /// # Errors
    /// When it is too large or no assessment.
    pub fn kept(bytes: &[u8]) -> Result<Self, AssessmentError> {
        if bytes.len() > limits::CSF_BYTES_MAX {
            return Err(AssessmentError::TooLarge);
        }
        serde_json::from_slice(bytes).map_err(|error| AssessmentError::Form(error.to_string()))
    }

    /// As JSON, as it is read.
    ///
    /// # Errors
    /// When it is larger than is read.
    pub fn written(&self) -> Result<Vec<u8>, AssessmentError> {
        let bytes = serde_json::to_vec(self).map_err(|error| AssessmentError::Form(error.to_string()))?;
        if bytes.len() > limits::CSF_BYTES_MAX { Err(AssessmentError::TooLarge) } else { Ok(bytes) }
    }
}

impl Answer {
    /// Says why it is no answer to one of the questions.
    ///
    /// # Errors
    /// When the question is not there, a step is none of the scale, or a text or list is too long.
    pub fn check(&self, questions: &QuestionSet) -> Result<(), String> {
        if questions.question(&self.question).is_none() {
            return Err(format!("there is no such question in {}", questions.version));
        }
        let max = questions.level_max();
        for (name, level) in [("current", self.current), ("target", self.target)] {
            if level.is_some_and(|level| !(1..=max).contains(&level)) {
                return Err(format!("{name} is a step from 1 to {max}"));
            }
        }
        if self.not_applicable.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            return Err("say why it does not apply".to_owned());
        }
        if self.not_applicable.is_some() && (self.current.is_some() || self.target.is_some()) {
            return Err("it has steps and does not apply; say one of both".to_owned());
        }
        if self.evidence.len() > limits::CSF_EVIDENCE_MAX {
            return Err(format!("at most {} pieces of evidence", limits::CSF_EVIDENCE_MAX));
        }
        let texts = [self.note.as_str(), self.not_applicable.as_deref().unwrap_or_default()];
        let is_long = |text: &str| text.len() > limits::CSF_TEXT_BYTES_MAX;
        if texts.into_iter().any(is_long) || self.evidence.iter().any(|one| is_long(&one.source.to_string())) {
            return Err(format!("a text has at most {} bytes", limits::CSF_TEXT_BYTES_MAX));
        }
        Ok(())
    }

    /// Nothing is said in it.
    pub fn is_empty(&self) -> bool {
        *self == Answer { question: self.question.clone(), ..Answer::default() }
    }
}

/// Notes, up to a limit; the last says that there are more.
#[derive(Default)]
pub(super) struct Notes(pub(super) Vec<CsfNote>);

impl Notes {
    pub(super) fn add(&mut self, record: &str, reason: String) {
        match self.0.len() {
            len if len < limits::CSF_NOTES_MAX => self.0.push(CsfNote { record: record.to_owned(), reason }),
            limits::CSF_NOTES_MAX => {
                self.0
                    .push(CsfNote { record: "more".to_owned(), reason: "the rest is not told one by one".to_owned() });
            }
            _ => {}
        }
    }
}

impl fmt::Display for CsfNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.record, self.reason)
    }
}

impl fmt::Display for EvidenceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvidenceSource::Document { kind, name, number } => write!(f, "{kind} {name}, version {number}"),
            EvidenceSource::Item { id } => write!(f, "item {id} of the register"),
            EvidenceSource::Text { text } => f.write_str(text),
            EvidenceSource::Figure { name, value } => write!(f, "{name}: {value}"),
        }
    }
}

/// Answers are written as a list.
mod listed {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Answer;

    pub(super) fn serialize<S: Serializer>(answers: &BTreeMap<String, Answer>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(answers.values())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Answer>, D::Error> {
        let mut answers = BTreeMap::new();
        for answer in Vec::<Answer>::deserialize(from)? {
            let name = answer.question.clone();
            if answers.insert(name.clone(), answer).is_some() {
                return Err(de::Error::custom(format!("{name} is answered twice")));
            }
        }
        Ok(answers)
    }
}
