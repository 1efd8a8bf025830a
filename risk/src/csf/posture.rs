//! Where a city stands, and which gaps to close first.

use std::cmp::Reverse;
use std::fmt;

use model::Day;
use serde::Serialize;

use super::{Answer, Assessment, Evidence, Function, Question, QuestionSet};

/// From when on evidence is called stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The day on which it is asked.
    pub today: Day,
    /// Evidence of so many days ago still counts.
    pub days: i32,
}

/// Means over the questions that apply.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Means {
    /// How far it is; without an answer, the lowest step.
    pub current: f64,
    /// How far it is to be; without a target, the highest step.
    pub target: f64,
    /// What is missing: the mean of what each question lacks. A question beyond its target makes up for no other.
    pub gap: f64,
}

/// A group of questions, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    /// The means; `None` when no question applies.
    pub means: Option<Means>,
    /// Questions with an answer.
    pub answered: usize,
    /// Questions without one: they count as the lowest step.
    pub unanswered: usize,
    /// Questions that do not apply, for a reason that is said.
    pub not_applicable: usize,
    /// Questions whose target nobody has set.
    pub without_target: usize,
}

/// Where a function stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunctionPosture {
    /// Which.
    pub function: Function,
    /// In numbers.
    pub score: Score,
}

/// Where a category stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CategoryPosture {
    /// Which.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Of which function.
    pub function: Function,
    /// In numbers.
    pub score: Score,
}

/// A question that is not as far as it is to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// Which.
    pub question: String,
    /// What is asked.
    pub ask: String,
    /// How far it is.
    pub current: u8,
    /// How far it is to be.
    pub target: u8,
    /// How much the question counts.
    pub weight: u32,
    /// Steps times weight: by this, gaps are ordered.
    pub rank: u32,
    /// Nobody has answered it.
    pub is_unanswered: bool,
    /// Nobody has set a target: the top of the scale stands in.
    pub is_target_unsaid: bool,
}

/// Evidence that counts no more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StaleEvidence {
    /// Of which question.
    pub question: String,
    /// What it is.
    pub what: String,
    /// Of which day.
    pub day: Day,
    /// So many days ago; negative when the day is yet to come, which makes it no evidence, too.
    pub age_days: i32,
}

/// Why a posture is to be read with care.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PostureReason {
    /// Questions without an answer.
    Unanswered {
        /// How many.
        count: usize,
    },
    /// Questions without a target.
    WithoutTarget {
        /// How many.
        count: usize,
    },
    /// Questions that do not apply.
    NotApplicable {
        /// How many.
        count: usize,
    },
    /// Steps above the lowest that rest on nothing that still counts.
    Unproven {
        /// How many.
        count: usize,
    },
    /// Evidence that counts no more.
    Stale {
        /// How many.
        count: usize,
        /// From how many days on.
        days: i32,
    },
    /// An answer that does not fit to the questions as they are now.
    Unfitting {
        /// Which.
        question: String,
        /// Why.
        reason: String,
    },
}

/// Where a city stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Posture {
    /// In which year.
    pub year: i16,
    /// How it deals with risk as a whole, as far as somebody has said.
    pub tier: Option<u8>,
    /// How it wants to.
    pub tier_target: Option<u8>,
    /// All questions together.
    pub whole: Score,
    /// The functions, the lowest first.
    pub functions: Vec<FunctionPosture>,
    /// The categories, the lowest first.
    pub categories: Vec<CategoryPosture>,
    /// Gaps, the one to close first in front.
    pub gaps: Vec<Gap>,
    /// Questions without an answer.
    pub unanswered: Vec<String>,
    /// Questions with a step above the lowest and no evidence that still counts.
    pub unproven: Vec<String>,
    /// Evidence that counts no more.
    pub stale: Vec<StaleEvidence>,
    /// What to know about these numbers.
    pub because: Vec<PostureReason>,
}

impl Freshness {
    /// Whether evidence still counts.
    pub fn is_fresh(self, evidence: &Evidence) -> bool {
        (0..=self.days).contains(&self.today.days_since(evidence.day))
    }
}

/// The answer to a question, when it fits to it.
fn fitting<'a>(assessment: &'a Assessment, question: &Question, questions: &QuestionSet) -> Option<&'a Answer> {
    assessment.answers.get(&question.id).filter(|answer| answer.check(questions).is_ok())
}

/// The step that somebody has said.
pub(super) fn said_current(assessment: &Assessment, question: &Question, questions: &QuestionSet) -> Option<u8> {
    fitting(assessment, question, questions).and_then(|answer| answer.current)
}

/// Questions in numbers.
pub(super) fn score_of<'a>(
    assessment: &Assessment,
    asked: impl Iterator<Item = &'a Question>,
    questions: &QuestionSet,
) -> Score {
    let mut score = Score::default();
    let (mut weights, mut current_sum, mut target_sum, mut gap_sum) = (0.0, 0.0, 0.0, 0.0);
    for question in asked {
        let answer = fitting(assessment, question, questions);
        if answer.is_some_and(|answer| answer.not_applicable.is_some()) {
            score.not_applicable += 1;
            continue;
        }
        let current = answer.and_then(|answer| answer.current);
        let target = answer.and_then(|answer| answer.target);
        score.answered += usize::from(current.is_some());
        score.unanswered += usize::from(current.is_none());
        score.without_target += usize::from(target.is_none());
        let (current, target) = (current.unwrap_or(1), target.unwrap_or_else(|| questions.level_max()));
        let weight = f64::from(question.weight);
        weights += weight;
        current_sum += weight * f64::from(current);
        target_sum += weight * f64::from(target);
        gap_sum += weight * f64::from(target.saturating_sub(current));
    }
    score.means = (weights > 0.0).then(|| Means {
        current: current_sum / weights,
        target: target_sum / weights,
        gap: gap_sum / weights,
    });
    score
}

impl Posture {
    /// Where a city stands by its answers.
    pub fn of(assessment: &Assessment, questions: &QuestionSet, freshness: Freshness) -> Self {
        let all = questions.questions();
        let functions = Function::ALL.into_iter().map(|function| FunctionPosture {
            function,
            score: score_of(assessment, all.iter().filter(|one| one.function() == Some(function)), questions),
        });
        let categories = questions.categories().iter().filter_map(|category| {
            let function = category.function()?;
            let score = score_of(assessment, questions.of(&category.id), questions);
            Some(CategoryPosture { id: category.id.clone(), title: category.title.clone(), function, score })
        });
        let mut posture = Posture {
            year: assessment.year,
            tier: assessment.tier,
            tier_target: assessment.tier_target,
            whole: score_of(assessment, all.iter(), questions),
            functions: functions.collect(),
            categories: categories.collect(),
            gaps: gaps(assessment, questions),
            unanswered: Vec::new(),
            unproven: Vec::new(),
            stale: stale(assessment, freshness),
            because: Vec::new(),
        };
        // Sorting is stable: what is equal stays in the framework's order, and what no question applies to comes last.
        posture.functions.sort_by(|a, b| low_first(&a.score, &b.score));
        posture.categories.sort_by(|a, b| low_first(&a.score, &b.score));
        for question in all {
            let answer = fitting(assessment, question, questions);
            if answer.is_some_and(|answer| answer.not_applicable.is_some()) {
                continue;
            }
            match answer.and_then(|answer| Some((answer, answer.current?))) {
                None => posture.unanswered.push(question.id.clone()),
                Some((answer, current))
                    if current > 1 && !answer.evidence.iter().any(|one| freshness.is_fresh(one)) =>
                {
                    posture.unproven.push(question.id.clone());
                }
                Some(_) => {}
            }
        }
        posture.because = posture.reasons(assessment, questions, freshness);
        posture
    }

    /// The three gaps to close first.
    pub fn first(&self) -> &[Gap] {
        self.gaps.get(..3).unwrap_or(&self.gaps)
    }

    fn reasons(&self, assessment: &Assessment, questions: &QuestionSet, freshness: Freshness) -> Vec<PostureReason> {
        let Score { unanswered, without_target, not_applicable, .. } = self.whole;
        let counted = [
            (unanswered, PostureReason::Unanswered { count: unanswered }),
            (without_target, PostureReason::WithoutTarget { count: without_target }),
            (not_applicable, PostureReason::NotApplicable { count: not_applicable }),
            (self.unproven.len(), PostureReason::Unproven { count: self.unproven.len() }),
            (self.stale.len(), PostureReason::Stale { count: self.stale.len(), days: freshness.days }),
        ];
        let mut because: Vec<_> =
            counted.into_iter().filter(|(count, _)| *count > 0).map(|(_, reason)| reason).collect();
        because.extend(assessment.answers.values().filter_map(|answer| {
            let reason = answer.check(questions).err()?;
            Some(PostureReason::Unfitting { question: answer.question.clone(), reason })
        }));
        because
    }
}

fn low_first(a: &Score, b: &Score) -> std::cmp::Ordering {
    let mean = |score: &Score| score.means.map_or(f64::INFINITY, |means| means.current);
    mean(a).total_cmp(&mean(b))
}

fn gaps(assessment: &Assessment, questions: &QuestionSet) -> Vec<Gap> {
    let gap = |question: &Question| {
        let answer = fitting(assessment, question, questions);
        if answer.is_some_and(|answer| answer.not_applicable.is_some()) {
            return None;
        }
        let said = answer.and_then(|answer| answer.current);
        let wanted = answer.and_then(|answer| answer.target);
        let (current, target) = (said.unwrap_or(1), wanted.unwrap_or_else(|| questions.level_max()));
        let rank = u32::from(target.saturating_sub(current)) * question.weight;
        (rank > 0).then(|| Gap {
            question: question.id.clone(),
            ask: question.ask.clone(),
            current,
            target,
            weight: question.weight,
            rank,
            is_unanswered: said.is_none(),
            is_target_unsaid: wanted.is_none(),
        })
    };
    let mut gaps: Vec<Gap> = questions.questions().iter().filter_map(gap).collect();
    // Among equals, what was set as a target goes before what nobody has set.
    gaps.sort_by_key(|gap| (Reverse(gap.rank), gap.is_target_unsaid));
    gaps
}

fn stale(assessment: &Assessment, freshness: Freshness) -> Vec<StaleEvidence> {
    let of = |answer: &Answer| {
        let name = answer.question.clone();
        let stale = answer.evidence.iter().filter(|one| !freshness.is_fresh(one));
        stale
            .map(|one| StaleEvidence {
                question: name.clone(),
                what: one.source.to_string(),
                day: one.day,
                age_days: freshness.today.days_since(one.day),
            })
            .collect::<Vec<_>>()
    };
    assessment.answers.values().flat_map(of).collect()
}

impl fmt::Display for PostureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PostureReason::Unanswered { count } => {
                write!(f, "{count} without an answer: each counts as the lowest step")
            }
            PostureReason::WithoutTarget { count } => {
                write!(f, "{count} without a target: for each, the top of the scale stands in")
            }
            PostureReason::NotApplicable { count } => write!(f, "{count} do not apply and are left out"),
            PostureReason::Unproven { count } => {
                write!(f, "{count} above the lowest step without evidence that still counts")
            }
            PostureReason::Stale { count, days } => {
                write!(f, "{count} pieces of evidence are older than {days} days, or of a day to come")
            }
            PostureReason::Unfitting { question, reason } => {
                write!(f, "the answer to {question} does not count: {reason}")
            }
        }
    }
}
