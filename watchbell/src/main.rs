//! The `watchbell` program: configuration and wiring.

mod audit;
mod backup;
mod behaviour;
mod cli;
mod collections;
mod config;
mod csf;
mod doctor;
mod erase;
mod exit;
mod feed;
mod findings;
mod fsck;
mod holds;
mod hunt;
mod hunts;
mod intel;
mod jobs;
mod keys;
mod mobile;
mod node;
mod outlets;
mod paths;
mod peers;
mod people;
mod probes;
mod progress;
mod ranking;
mod register;
mod retro;
mod risk;
mod rmf;
mod rules;
mod scan;
mod serve;
mod simulate;
mod times;
mod tokens;
mod top;
mod validate;
mod vuln;
mod words;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use exit::Exit;

/// Events are made and dropped by the hundred thousand on several threads; the system's allocator takes a fifth of all time
/// for that. See docs/decisions/0006-allocator.md.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Findings(arguments) => findings::run(&arguments),
        Command::Hunt(arguments) => hunt::run(&arguments),
        Command::Hunts(arguments) => hunts::run(&arguments),
        Command::Retro(arguments) => retro::run(&arguments),
        Command::Feed(arguments) => feed::run(&arguments),
        Command::Intel(arguments) => intel::run(&arguments),
        Command::Service(arguments) => register::service(&arguments),
        Command::Asset(arguments) => register::asset(&arguments),
        Command::Register(arguments) => register::register(&arguments),
        Command::Mobile(arguments) => mobile::run(&arguments),
        Command::Csf(arguments) => csf::run(&arguments),
        Command::Rmf(arguments) => rmf::run(&arguments),
        Command::Outlet(arguments) => outlets::run(&arguments),
        Command::Probe(arguments) => probes::run(&arguments),
        Command::Peer(arguments) => peers::run(&arguments),
        Command::Share(arguments) => peers::share::run(&arguments),
        Command::Token(arguments) => tokens::run(&arguments),
        Command::Collection(arguments) => collections::run(&arguments),
        Command::People(arguments) => people::run(&arguments),
        Command::Hold(arguments) => holds::run(&arguments),
        Command::Erase(arguments) => erase::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Top(arguments) => top::run(&arguments),
        Command::Jobs(arguments) => jobs::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => backup::restore(&arguments),
        Command::Keys(arguments) => keys::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Fsck(arguments) => fsck::run(&arguments),
        Command::Config(arguments) => cli::config(&arguments),
        Command::Behaviour(arguments) => behaviour::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Risk(arguments) => risk::run(&arguments),
        Command::Vuln(arguments) => vuln::run(&arguments),
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
