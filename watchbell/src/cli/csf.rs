//! Commands about the self-assessment by the Cybersecurity Framework.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use engine::office::csf::{Epsilon, SizeClass};
use model::Day;

use super::WhoseArgs;

#[derive(Debug, Args)]
pub(crate) struct CsfArgs {
    #[command(subcommand)]
    pub(crate) command: CsfCommand,
}

/// Of which year, in which installation.
#[derive(Debug, Args)]
pub(crate) struct YearArgs {
    /// Of which year; the latest that is answered unless given, else this one.
    #[arg(long, value_name = "YEAR")]
    pub(crate) year: Option<i16>,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
}

/// What is said to one question.
#[derive(Debug, Args)]
pub(crate) struct AnswerArgs {
    /// Which question, such as GV.OC-01.
    pub(crate) question: String,
    /// How far it is: a step of the scale.
    #[arg(long, value_name = "N")]
    pub(crate) current: Option<u8>,
    /// How far it is to be.
    #[arg(long, value_name = "N")]
    pub(crate) target: Option<u8>,
    /// It does not apply here, for this reason.
    #[arg(long, value_name = "REASON", conflicts_with_all = ["current", "target"])]
    pub(crate) not_applicable: Option<String>,
    /// Words about it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// What it rests on: words about something kept elsewhere. It is added to what stands there.
    #[arg(long, value_name = "TEXT")]
    pub(crate) evidence: Vec<String>,
    /// Take what the program counted for this question as evidence, too.
    #[arg(long)]
    pub(crate) figures: bool,
    /// Of which day the evidence is; today unless given.
    #[arg(long, value_name = "DATE")]
    pub(crate) day: Option<Day>,
    /// Take back everything that was said to it.
    #[arg(long, conflicts_with_all = ["current", "target", "not_applicable", "note", "evidence", "figures"])]
    pub(crate) clear: bool,
    #[command(flatten)]
    pub(crate) of: YearArgs,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswersAs {
    /// Everything, as `import` reads it.
    Json,
    /// A table of question, current, target, note.
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CsfCommand {
    /// Show what is asked on which scale, or ask own questions from now on.
    Questions {
        /// Own questions and scale: TOML or JSON.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        load: Option<PathBuf>,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object, as --load reads it.
        #[arg(long)]
        json: bool,
    },
    /// Answer a question. What is not said stays as it was.
    Answer(Box<AnswerArgs>),
    /// Say how the city deals with risk as a whole: its tier.
    Tier {
        /// The tier, from 1.
        tier: u8,
        /// The tier that it wants.
        #[arg(long, value_name = "N")]
        target: Option<u8>,
        #[command(flatten)]
        of: YearArgs,
    },
    /// Take answers from a file: CSV (question,current,target,note) or JSON, by its name.
    Import {
        /// The file.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        of: YearArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print the answers of a year.
    Export {
        /// How.
        #[arg(long, value_enum, default_value_t = AnswersAs::Json)]
        format: AnswersAs,
        #[command(flatten)]
        of: YearArgs,
    },
    /// Show where the city stands, and which gaps to close first.
    Show {
        #[command(flatten)]
        of: YearArgs,
        /// Gaps that are shown.
        #[arg(long, value_name = "N", default_value_t = 10)]
        rows: usize,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Show how that changed from year to year.
    Trend {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a year.
        #[arg(long)]
        json: bool,
    },
    /// Print what the city gives to the anonymous comparison: drawn the first time, the same ever after.
    Gift {
        #[command(flatten)]
        of: YearArgs,
        /// How much the gift may tell: a fraction, as 6 or 3/2.
        #[arg(long, value_name = "FRACTION", default_value = "6")]
        epsilon: Epsilon,
        /// How large the city is, if it wants to say so: small (below 50,000 residents), medium (below 500,000), large.
        #[arg(long, value_name = "SIZE")]
        size: Option<SizeClass>,
    },
    /// Put gifts of many agencies together, take what somebody else put together, or show what is kept.
    Benchmark(Box<BenchmarkArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct BenchmarkArgs {
    /// Gifts: files of one gift or a list of them. Without any, what is kept is shown.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) gifts: Vec<PathBuf>,
    /// What somebody else put together, as --json prints it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "gifts")]
    pub(crate) result: Option<PathBuf>,
    /// ε that the gifts have.
    #[arg(long, value_name = "FRACTION", default_value = "6")]
    pub(crate) epsilon: Epsilon,
    /// So many agencies at least, or a cell says "too few".
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) agencies_min: usize,
    /// A cell whose 90 % interval reaches further than so many steps to each side says "too few".
    #[arg(long, value_name = "STEPS", default_value_t = 0.5)]
    pub(crate) half_width: f64,
    #[command(flatten)]
    pub(crate) of: YearArgs,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}
