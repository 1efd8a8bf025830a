//! Chores: demo, test, bench, oracle, torture, fuzz, assets, tidy.
//!
//! Called as `cargo xtask NAME`. It needs nothing but the standard library and the programs that it starts, so that it is
//! built in seconds and never waits for the rest of the workspace. Words go to stderr; what another program may want to
//! read (the last line of an oracle, findings of `tidy`) goes to stdout.

mod assets;
mod bench;
mod demo;
mod fuzz;
mod oracle;
mod packages;
mod process;
mod services;
mod test;
mod tidy;
mod torture;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

const HELP: &str = "\
cargo xtask demo            build, scan real logs (or an invented city's) and show what was found
cargo xtask test            everything that must hold before a change lands; the tests' closing lines come last
cargo xtask bench [NAME]    measure in release: sigma, indicators, pipeline, console, hunt; all of them without a name
cargo xtask oracle [NAME] [--repo DIR]
                            judge us by somebody else's data or tool: ocsf, sigma, console, taxii; all of them without a
                            name; DIR is a checkout of somebody's repository, for those that need one (taxii)
cargo xtask torture [ID]    break things on purpose, long form: T1 to T6, T11; all of them without an id
cargo xtask fuzz [TARGET] [--seconds N]
                            the readers of outside bytes under libFuzzer, 60 seconds each; all of them without a name
cargo xtask assets          fetch the console's scripts from npm; the other chores do it when it is needed
cargo xtask tidy            what can be checked of the invariants and the style in seconds
cargo xtask help            this text

Real reference data is looked for in WATCHBELL_DATA, relative to the workspace root; without it in ../shared/data.
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_else(|| "help".into());
    let rest: Vec<String> = arguments.collect();
    match dispatch(&command, &rest) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, rest: &[String]) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    let name = rest.first().map(String::as_str);
    // What builds the console needs its scripts.
    if matches!(command, "demo" | "test" | "bench" | "oracle" | "torture") {
        assets::run(&workspace)?;
    }
    match command {
        "assets" => assets::run(&workspace)?,
        "demo" => demo::run(&workspace)?,
        "test" => test::run(&workspace)?,
        "bench" => bench::run(&workspace, name)?,
        "oracle" => oracle::run(&workspace, rest)?,
        "torture" => torture::run(&workspace, name)?,
        "fuzz" => fuzz::run(&workspace, rest)?,
        "tidy" => tidy::run(&workspace)?,
        "help" | "--help" | "-h" => eprint!("{HELP}"),
        _ => {
            eprint!("unknown chore {command:?}\n\n{HELP}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
