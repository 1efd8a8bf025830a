//! The command line.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use model::{Format, Level};

use crate::exit::Exit;

/// Watchbell keeps a city's digital services safe and its citizens' trust whole.
#[derive(Debug, Parser)]
#[command(name = "watchbell", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look through log files with rules and indicators, without a server.
    Scan(ScanArgs),
    /// Work on detection rules.
    Rules(RulesArgs),
    /// Check content before it is used: a verdict and a reason for each file.
    Validate(crate::validate::ValidateArgs),
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man,
}

/// What detectors are to know.
#[derive(Debug, Args)]
pub(crate) struct ContentArgs {
    /// Sigma rules: a file, or a folder with everything below it.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<PathBuf>,
    /// Indicators: `value<TAB>label[<TAB>confidence]`, one a line; plain, gz or zst.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) indicators: Vec<PathBuf>,
    /// How bad it is when one of the indicators is seen.
    #[arg(long, value_name = "LEVEL", default_value_t = Level::Medium)]
    pub(crate) indicator_level: Level,
    /// Things known to be harmless: MISP warning lists (list.json, or folders of them) and plain lists.
    #[arg(long, value_name = "LIST", value_hint = ValueHint::AnyPath)]
    pub(crate) suppress: Vec<PathBuf>,
    /// How to read JSON that no reader knows (TOML; see the guide on mappings).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) mapping: Vec<PathBuf>,
    /// Which rules see which records, beyond the built-in table (TOML; see the guide on rules).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) routing: Option<PathBuf>,
    /// Values for placeholders in rules: TOML, `Administrators = ["root", "adm*"]`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) placeholders: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    /// Log files and folders of them; plain, gz, zst or evtx.
    #[arg(required = true, value_name = "FILES", value_hint = ValueHint::AnyPath)]
    pub(crate) files: Vec<PathBuf>,
    /// Read every record as this format instead of recognising it.
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// One OCSF Detection Finding (class 2004) a line instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show only findings of this level and above.
    #[arg(long, value_name = "LEVEL", default_value_t = Level::Informational)]
    pub(crate) min_level: Level,
    /// Rows in the table.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) rows: usize,
    /// Threads; the number of cores unless given.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// No progress bar and no closing words.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Check rules and run their own examples: for the CI of a rule repository.
    Test(RulesTestArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RulesTestArgs {
    /// Folder with rules. Examples stand below it, or where a rule's `regression_tests_path` says.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
    /// More examples: files of one JSON object a line, `{"rule_id", "events_raw" | "events_flat", "expected_min"}`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cases: Vec<PathBuf>,
    /// Which rules see which records, beyond the built-in table.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) routing: Option<PathBuf>,
    /// Values for placeholders in rules.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) placeholders: Option<PathBuf>,
    /// One JSON object a line: `{"kind": "broken" | "rule" | "remark", …}`.
    #[arg(long)]
    pub(crate) json: bool,
    /// Remarks of the lint of level warning and above fail the test, too.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Show every tested rule and every remark, however many there are.
    #[arg(long)]
    pub(crate) all: bool,
}

/// Prints a completion script.
#[expect(clippy::unnecessary_wraps, reason = "every command ends the same way")]
pub(crate) fn completions(shell: Shell) -> anyhow::Result<Exit> {
    clap_complete::generate(shell, &mut Cli::command(), "watchbell", &mut std::io::stdout());
    Ok(Exit::Ok)
}

/// Prints the manual page.
pub(crate) fn man() -> anyhow::Result<Exit> {
    clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
