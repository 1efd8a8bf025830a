//! The posture as programs read it; the page shows the same.

use std::collections::BTreeMap;

use engine::office::csf::{Cell, Comparison, CsfView, Function, Gift, Score, SizeClass};
use serde::Serialize;
use utoipa::ToSchema;

/// A group of questions, in numbers.
#[derive(Serialize, ToSchema)]
pub(super) struct CsfScore {
    /// Mean of the steps; a question without an answer counts as the lowest. Nothing when no question applies.
    pub(super) current: Option<f64>,
    /// Mean of the targets; a question without one counts as the highest.
    pub(super) target: Option<f64>,
    /// Mean of what is missing.
    pub(super) gap: Option<f64>,
    pub(super) answered: usize,
    pub(super) unanswered: usize,
    pub(super) not_applicable: usize,
    pub(super) without_target: usize,
}

impl CsfScore {
    fn of(score: &Score) -> Self {
        let Score { means, answered, unanswered, not_applicable, without_target } = *score;
        CsfScore {
            current: means.map(|means| means.current),
            target: means.map(|means| means.target),
            gap: means.map(|means| means.gap),
            answered,
            unanswered,
            not_applicable,
            without_target,
        }
    }
}

/// A function or a category.
#[derive(Serialize, ToSchema)]
pub(super) struct CsfGroup {
    pub(super) id: String,
    pub(super) title: String,
    /// The function that it belongs to.
    pub(super) function: &'static str,
    pub(super) score: CsfScore,
}

/// A question that is not as far as it is to be.
#[derive(Serialize, ToSchema)]
pub(super) struct CsfGap {
    pub(super) question: String,
    pub(super) ask: String,
    /// On which page it is answered.
    pub(super) function: String,
    pub(super) current: u8,
    pub(super) target: u8,
    /// Steps times weight: by this, gaps are ordered.
    pub(super) rank: u32,
    pub(super) is_unanswered: bool,
    pub(super) is_target_unsaid: bool,
}

/// Evidence that counts no more.
#[derive(Serialize, ToSchema)]
pub(super) struct CsfStale {
    pub(super) question: String,
    pub(super) what: String,
    #[schema(format = Date)]
    pub(super) day: String,
    /// So many days ago; negative when the day is yet to come.
    pub(super) age_days: i32,
}

/// What the program counted itself.
#[derive(Serialize, ToSchema)]
pub(super) struct CsfFigure {
    pub(super) question: String,
    pub(super) name: String,
    pub(super) value: String,
    /// It speaks against a high step.
    pub(super) is_bad: bool,
}

/// How a function changed in a year.
#[derive(Serialize, ToSchema)]
pub(super) struct CsfChange {
    pub(super) year: i16,
    pub(super) function: &'static str,
    pub(super) mean: Option<f64>,
    /// By how much the mean rose since the year before that is kept.
    pub(super) rose: Option<f64>,
    /// The same over questions that are answered in both years.
    pub(super) rose_alike: Option<f64>,
    /// How many those are.
    pub(super) alike: usize,
}

/// What the city gave to the comparison.
#[derive(Serialize, ToSchema)]
pub(super) struct CsfGift {
    /// How much it tells at most.
    pub(super) epsilon: String,
    pub(super) size: Option<&'static str>,
    /// Each function's mean in tenths of a step, under noise.
    pub(super) values: BTreeMap<String, i64>,
}

/// One function in the comparison, of all agencies or of those of a size.
#[derive(Serialize, ToSchema)]
pub(super) struct CsfCell {
    pub(super) function: &'static str,
    pub(super) size: Option<&'static str>,
    pub(super) agencies: usize,
    /// Mean of the agencies; nothing when they are too few.
    pub(super) mean: Option<f64>,
    /// Where the mean of all such agencies lies with 90 %.
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    /// Standard error, noise and differences between agencies together.
    pub(super) error: f64,
    /// What of it the noise alone makes.
    pub(super) noise_error: f64,
    /// All of it in words; why it is too few, and how many it takes.
    pub(super) words: String,
}

/// The anonymous comparison with peers.
#[derive(Serialize, ToSchema)]
pub(super) struct CsfBenchmark {
    /// How much one gift tells at most.
    pub(super) epsilon: String,
    /// Standard deviation of the noise on one function of one gift, in steps.
    pub(super) noise: f64,
    pub(super) agencies: usize,
    pub(super) agencies_min: usize,
    pub(super) half_width_max: f64,
    pub(super) cells: Vec<CsfCell>,
    pub(super) refused: usize,
}

/// Where the city stands.
#[derive(Serialize, ToSchema)]
pub(super) struct CsfDocument {
    pub(super) year: i16,
    /// Which questions are asked.
    pub(super) questions: String,
    /// What the steps are called, from 1.
    pub(super) levels: Vec<String>,
    pub(super) tier: Option<u8>,
    pub(super) tier_target: Option<u8>,
    /// The number of the version; 0 when nothing is answered yet.
    pub(super) version: u64,
    /// Years that are answered, the latest first.
    pub(super) years: Vec<i16>,
    pub(super) whole: CsfScore,
    /// The functions, the lowest first.
    pub(super) functions: Vec<CsfGroup>,
    /// The categories, the lowest first.
    pub(super) categories: Vec<CsfGroup>,
    /// Gaps, the one to close first in front.
    pub(super) gaps: Vec<CsfGap>,
    pub(super) unanswered: Vec<String>,
    /// Questions with a step above the lowest and no evidence that still counts.
    pub(super) unproven: Vec<String>,
    pub(super) stale: Vec<CsfStale>,
    pub(super) figures: Vec<CsfFigure>,
    /// What to know about these numbers.
    pub(super) because: Vec<String>,
    pub(super) trend: Vec<CsfChange>,
    pub(super) given: Option<CsfGift>,
    /// ε of all gifts of all years together.
    pub(super) epsilon_spent: f64,
    pub(super) benchmark: Option<CsfBenchmark>,
}

fn gift(gift: &Gift) -> CsfGift {
    CsfGift {
        epsilon: gift.epsilon.to_string(),
        size: gift.size.map(SizeClass::name),
        values: gift.values.iter().map(|(function, value)| (function.id().to_owned(), *value)).collect(),
    }
}

fn cell(cell: &Cell) -> CsfCell {
    CsfCell {
        function: cell.function.id(),
        size: cell.size.map(SizeClass::name),
        agencies: cell.agencies,
        mean: cell.estimate.map(|estimate| estimate.mean),
        low: cell.estimate.map(|estimate| estimate.of_all.low),
        high: cell.estimate.map(|estimate| estimate.of_all.high),
        error: cell.error,
        noise_error: cell.noise_error,
        words: cell.words(),
    }
}

fn benchmark(comparison: &Comparison) -> CsfBenchmark {
    CsfBenchmark {
        epsilon: comparison.terms.epsilon.to_string(),
        noise: comparison.terms.noise(),
        agencies: comparison.agencies,
        agencies_min: comparison.useful.agencies_min,
        half_width_max: comparison.useful.half_width_max,
        cells: comparison.cells.iter().map(cell).collect(),
        refused: comparison.refused.len() + comparison.refused_untold,
    }
}

fn changes(view: &CsfView) -> Vec<CsfChange> {
    let of_year = view.trend.iter().flat_map(|year| {
        Function::ALL.into_iter().filter_map(|function| {
            let change = year.functions.get(&function)?;
            Some(CsfChange {
                year: year.year,
                function: function.name(),
                mean: change.mean,
                rose: change.rose,
                rose_alike: change.rose_alike,
                alike: change.alike,
            })
        })
    });
    of_year.collect()
}

fn function_of(question: &str) -> String {
    question.split_once('.').map_or("", |(function, _)| function).to_owned()
}

impl CsfDocument {
    pub(super) fn of(view: &CsfView) -> Self {
        let posture = &view.posture;
        let functions = posture.functions.iter().map(|one| CsfGroup {
            id: one.function.id().to_owned(),
            title: one.function.name().to_owned(),
            function: one.function.id(),
            score: CsfScore::of(&one.score),
        });
        let categories = posture.categories.iter().map(|one| CsfGroup {
            id: one.id.clone(),
            title: one.title.clone(),
            function: one.function.id(),
            score: CsfScore::of(&one.score),
        });
        let gaps = posture.gaps.iter().map(|gap| CsfGap {
            question: gap.question.clone(),
            ask: gap.ask.clone(),
            function: function_of(&gap.question),
            current: gap.current,
            target: gap.target,
            rank: gap.rank,
            is_unanswered: gap.is_unanswered,
            is_target_unsaid: gap.is_target_unsaid,
        });
        let stale = posture.stale.iter().map(|one| CsfStale {
            question: one.question.clone(),
            what: one.what.clone(),
            day: one.day.to_string(),
            age_days: one.age_days,
        });
        let figures = view.figures.iter().map(|figure| CsfFigure {
            question: figure.question.clone(),
            name: figure.name.clone(),
            value: figure.value.clone(),
            is_bad: figure.is_bad,
        });
        CsfDocument {
            year: posture.year,
            questions: view.questions.set.version.clone(),
            levels: view.questions.set.levels().map(|(_, name)| name.to_owned()).collect(),
            tier: posture.tier,
            tier_target: posture.tier_target,
            version: view.version.as_ref().map_or(0, |version| version.number),
            years: view.years.clone(),
            whole: CsfScore::of(&posture.whole),
            functions: functions.collect(),
            categories: categories.collect(),
            gaps: gaps.collect(),
            unanswered: posture.unanswered.clone(),
            unproven: posture.unproven.clone(),
            stale: stale.collect(),
            figures: figures.collect(),
            because: posture.because.iter().map(ToString::to_string).collect(),
            trend: changes(view),
            given: view.given.as_ref().map(gift),
            epsilon_spent: view.epsilon_spent,
            benchmark: view.comparison.as_ref().map(benchmark),
        }
    }
}
