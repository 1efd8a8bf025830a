//! The self-assessment by the Cybersecurity Framework: answered year by year, kept version by version, and what follows from it.

mod gifts;
#[cfg(test)]
mod tests;

use model::document::{DocumentKind, DocumentPlace};
use model::{Day, OpContext, limits};
use store::state::{After, DocumentVersion};

use super::{Office, OfficeError};
use crate::access::Operation;

pub use gifts::{GiftAsked, Given};
pub use risk::benchmark::{Cell, Comparison, Epsilon, Estimate, Gift, GiftNote, SizeClass, Terms, TooFew, Useful};
pub use risk::csf::{
    Answer, Assessment, Category, CategoryPosture, Change, CsfNote, Evidence, EvidenceSource, Figure, Freshness,
    Function, FunctionPosture, Gap, Means, Posture, PostureReason, Question, QuestionSet, Score, StaleEvidence,
    TrendYear, write_table,
};

/// The name under which own questions are kept: there is one set at a time.
const QUESTIONS: &str = "questions";

/// The questions that are asked.
#[derive(Clone, Debug)]
pub struct CsfQuestions {
    /// The questions and the scale.
    pub set: QuestionSet,
    /// The version that is kept, when they are the city's own.
    pub version: Option<DocumentVersion>,
}

/// A self-assessment with everything that follows from it.
#[derive(Clone, Debug)]
pub struct CsfView {
    /// What is asked.
    pub questions: CsfQuestions,
    /// The answers of the year; nothing is said in them while none are kept.
    pub assessment: Assessment,
    /// The version that is kept.
    pub version: Option<DocumentVersion>,
    /// Where the city stands by them.
    pub posture: Posture,
    /// How that changed, the earliest year first.
    pub trend: Vec<TrendYear>,
    /// What the program counted itself.
    pub figures: Vec<Figure>,
    /// Years of which answers are kept, the latest first.
    pub years: Vec<i16>,
    /// What the city gave to the comparison of that year.
    pub given: Option<Gift>,
    /// ε of all gifts of all years together: that much was told at most.
    pub epsilon_spent: f64,
    /// What came of the comparison.
    pub comparison: Option<Comparison>,
}

/// What a file of answers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswersForm {
    /// The whole assessment of a year, as JSON.
    Json,
    /// A table of question, current, target and note (CSV): what it does not mention stays.
    Table,
}

/// What an import took, and what it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsfImported {
    /// Answers that are new or others than before.
    pub changed: usize,
    /// Answers that are gone.
    pub gone: usize,
    /// What was not taken, and why.
    pub notes: Vec<CsfNote>,
}

fn refused(error: impl std::fmt::Display) -> OfficeError {
    OfficeError::Refused(error.to_string())
}

fn place(kind: DocumentKind, year: i16) -> Result<DocumentPlace, OfficeError> {
    DocumentPlace::new(kind, &year.to_string()).map_err(refused)
}

fn today(ctx: &OpContext) -> Result<Day, OfficeError> {
    Day::of(ctx.now).ok_or_else(|| refused("the clock shows no day"))
}

impl Office {
    /// The questions that are asked: the city's own, or those that come with the program.
    ///
    /// # Errors
    /// When the context may not, those that are kept make no sense, or the state refuses.
    pub async fn csf_questions(&self, ctx: &OpContext) -> Result<CsfQuestions, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let place = DocumentPlace::new(DocumentKind::CsfQuestions, QUESTIONS).map_err(refused)?;
        match self.state.document(ctx, &place, None).await? {
            Some((version, body)) => {
                Ok(CsfQuestions { set: QuestionSet::read(&body).map_err(refused)?, version: Some(version) })
            }
            None => Ok(CsfQuestions { set: QuestionSet::built_in().map_err(refused)?, version: None }),
        }
    }

    /// Asks own questions from now on: TOML or JSON.
    ///
    /// # Errors
    /// When the context may not, they make no sense, or the state refuses.
    pub async fn keep_csf_questions(&self, ctx: &OpContext, bytes: &[u8]) -> Result<CsfQuestions, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let set = QuestionSet::read(bytes).map_err(refused)?;
        let place = DocumentPlace::new(DocumentKind::CsfQuestions, QUESTIONS).map_err(refused)?;
        let body = set.written().map_err(refused)?;
        let version = self.keep_document(ctx, &place, After::Any, &body).await?;
        Ok(CsfQuestions { set, version: Some(version) })
    }

    /// The answers of a year, as they are kept.
    ///
    /// # Errors
    /// When the context may not, what is kept makes no sense, or the state refuses.
    pub async fn csf_assessment(
        &self,
        ctx: &OpContext,
        year: i16,
    ) -> Result<Option<(DocumentVersion, Assessment)>, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let found = self.state.document(ctx, &place(DocumentKind::CsfAssessment, year)?, None).await?;
        let read = |(version, body): (DocumentVersion, Vec<u8>)| {
            Assessment::kept(&body).map(|assessment| (version, assessment)).map_err(refused)
        };
        found.map(read).transpose()
    }

    /// Changes the answers of a year. `seen` is the number of the version that was looked at, 0 when there was none.
    ///
    /// # Errors
    /// When the context may not, it was changed meanwhile, an answer makes no sense, or the state refuses.
    pub async fn change_csf_assessment(
        &self,
        ctx: &OpContext,
        (year, seen): (i16, Option<u64>),
        change: impl FnOnce(&mut Assessment, &QuestionSet) -> Result<(), OfficeError>,
    ) -> Result<DocumentVersion, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let questions = self.csf_questions(ctx).await?.set;
        let kept = self.csf_assessment(ctx, year).await?;
        let number = kept.as_ref().map_or(0, |(version, _)| version.number);
        let mut assessment = match kept {
            Some((_, assessment)) => assessment,
            None => Assessment::new(year).map_err(refused)?,
        };
        change(&mut assessment, &questions)?;
        if assessment.year != year {
            return Err(refused(format!("these are answers of {}, not of {year}", assessment.year)));
        }
        let body = assessment.written().map_err(refused)?;
        let after = After::Version(seen.unwrap_or(number));
        self.keep_document(ctx, &place(DocumentKind::CsfAssessment, year)?, after, &body).await
    }

    /// Answers questions; an answer in which nothing is said takes back what was said before.
    ///
    /// # Errors
    /// As [`Office::change_csf_assessment`].
    pub async fn answer_csf(
        &self,
        ctx: &OpContext,
        of: (i16, Option<u64>),
        answers: Vec<Answer>,
    ) -> Result<DocumentVersion, OfficeError> {
        let change = |assessment: &mut Assessment, questions: &QuestionSet| {
            for answer in answers {
                answer.check(questions).map_err(|reason| refused(format!("{}: {reason}", answer.question)))?;
                match answer.is_empty() {
                    true => drop(assessment.answers.remove(&answer.question)),
                    false => drop(assessment.answers.insert(answer.question.clone(), answer)),
                }
            }
            Ok(())
        };
        self.change_csf_assessment(ctx, of, change).await
    }

    /// Says how the city deals with risk as a whole, and how it wants to.
    ///
    /// # Errors
    /// As [`Office::change_csf_assessment`]; and when there is no such tier.
    pub async fn set_csf_tier(
        &self,
        ctx: &OpContext,
        of: (i16, Option<u64>),
        (tier, target): (Option<u8>, Option<u8>),
    ) -> Result<DocumentVersion, OfficeError> {
        let change = |assessment: &mut Assessment, questions: &QuestionSet| {
            let max = questions.tier_max();
            if [tier, target].into_iter().flatten().any(|tier| !(1..=max).contains(&tier)) {
                return Err(refused(format!("tiers are 1 to {max}")));
            }
            (assessment.tier, assessment.tier_target) = (tier, target);
            Ok(())
        };
        self.change_csf_assessment(ctx, of, change).await
    }

    /// Takes a file of answers, or says only what it would change. What does not fit is left out and named.
    ///
    /// # Errors
    /// As [`Office::change_csf_assessment`]; and when the file is no such file.
    pub async fn import_csf(
        &self,
        ctx: &OpContext,
        year: i16,
        (form, bytes): (AnswersForm, &[u8]),
        is_dry: bool,
    ) -> Result<CsfImported, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let questions = self.csf_questions(ctx).await?.set;
        let kept = self.csf_assessment(ctx, year).await?;
        let number = kept.as_ref().map_or(0, |(version, _)| version.number);
        let old = match kept {
            Some((_, assessment)) => assessment,
            None => Assessment::new(year).map_err(refused)?,
        };
        let (new, notes) = match form {
            AnswersForm::Json => Assessment::read(bytes, &questions).map_err(refused)?,
            AnswersForm::Table => {
                let mut new = old.clone();
                let notes = risk::csf::read_table(bytes, &mut new, &questions).map_err(refused)?;
                (new, notes)
            }
        };
        let changed = new.answers.iter().filter(|(name, answer)| old.answers.get(*name) != Some(*answer)).count();
        let gone = old.answers.keys().filter(|name| !new.answers.contains_key(*name)).count();
        if !is_dry {
            let replace = |assessment: &mut Assessment, _: &QuestionSet| {
                *assessment = new;
                Ok(())
            };
            self.change_csf_assessment(ctx, (year, Some(number)), replace).await?;
        }
        Ok(CsfImported { changed, gone, notes })
    }

    /// Where the city stands in a year (the latest that is kept, unless one is asked for), with everything that follows from it.
    ///
    /// # Errors
    /// When the context may not, nobody means such a year, what is kept makes no sense, or the state refuses.
    pub async fn csf_posture(&self, ctx: &OpContext, year: Option<i16>) -> Result<CsfView, OfficeError> {
        let questions = self.csf_questions(ctx).await?;
        let today = today(ctx)?;
        let years = self.csf_years(ctx, DocumentKind::CsfAssessment).await?;
        let year = year.or_else(|| years.first().copied()).unwrap_or_else(|| today.year());
        let mut kept = Vec::new();
        for year in years.iter().take(limits::CSF_YEARS_MAX) {
            kept.extend(self.csf_assessment(ctx, *year).await?.map(|(_, assessment)| assessment));
        }
        let (version, assessment) = match self.csf_assessment(ctx, year).await? {
            Some((version, assessment)) => (Some(version), assessment),
            None => (None, Assessment::new(year).map_err(refused)?),
        };
        let freshness = Freshness { today, days: limits::CSF_FRESH_DAYS };
        Ok(CsfView {
            posture: Posture::of(&assessment, &questions.set, freshness),
            trend: risk::csf::trend(&kept, &questions.set),
            figures: self.csf_figures(ctx, &questions.set).await?,
            given: self.csf_given(ctx, year).await?,
            epsilon_spent: self.csf_epsilon_spent(ctx).await?,
            comparison: self.csf_comparison(ctx, year).await?,
            questions,
            assessment,
            version,
            years,
        })
    }

    /// Years of which something is kept, the latest first.
    async fn csf_years(&self, ctx: &OpContext, kind: DocumentKind) -> Result<Vec<i16>, OfficeError> {
        let found = self.state.documents(ctx, kind).await?;
        let mut years: Vec<i16> = found.iter().filter_map(|version| version.place.name().parse().ok()).collect();
        years.sort_unstable_by(|a, b| b.cmp(a));
        Ok(years)
    }

    /// What the program counts itself. Only shares are told, so that whoever may see what is at stake may see them.
    async fn csf_figures(&self, ctx: &OpContext, questions: &QuestionSet) -> Result<Vec<Figure>, OfficeError> {
        let today = today(ctx)?;
        let whole = self.state.register_whole(ctx, None).await?;
        let mut figures = risk::csf::register_figures(whole.items.values(), today);
        let policies = self.state.documents(ctx, DocumentKind::RiskPolicy).await?;
        let latest = policies.iter().filter_map(|version| Day::of(version.at)).max();
        figures.push(Figure {
            question: "GV.RM-02".to_owned(),
            name: "policy of what risk is tolerated".to_owned(),
            value: latest.map_or("none is kept".to_owned(), |day| format!("kept {} days ago", today.days_since(day))),
            is_bad: latest.is_none_or(|day| today.days_since(day) > limits::CSF_FRESH_DAYS),
            day: today,
        });
        let sources = self.state.intel_sources(ctx).await?;
        let asked = sources.iter().filter(|source| source.removed.is_none()).count();
        figures.push(Figure {
            question: "ID.RA-02".to_owned(),
            name: "sources of threat news".to_owned(),
            value: asked.to_string(),
            is_bad: asked == 0,
            day: today,
        });
        figures.retain(|figure| questions.question(&figure.question).is_some());
        Ok(figures)
    }
}
