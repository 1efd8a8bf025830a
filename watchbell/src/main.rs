//! The `watchbell` program: configuration and wiring.

#![expect(clippy::print_stdout, reason = "data goes to stdout: that is what a command is for")]

mod cli;
mod exit;
mod paths;
mod progress;
mod ranking;
mod rules;
mod scan;
mod validate;
mod words;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use exit::Exit;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Completions { shell } => cli::completions(shell),
        Command::Man => cli::man(),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            Exit::Failed.into()
        }
    }
}
