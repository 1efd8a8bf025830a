//! `cargo xtask test`: everything that must hold before a change lands.
//!
//! Short checks come first, so that a small slip is told in seconds; the tests come last, so that their closing lines
//! stay in sight. The short oracles (OCSF, Sigma) and the short forms of the torture rows are tests of the workspace and
//! run among the others.

use std::process::Command;

use anyhow::Result;

use crate::process::{Steps, find_program};
use crate::services::Services;
use crate::tidy;
use crate::workspace::Workspace;

/// Runs it all; the first step that fails ends it.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::begin();
    let cold = is_cold(workspace);
    match &workspace.data {
        Some(data) => eprintln!("reference data: {}", data.display()),
        None => eprintln!("reference data: none; the tests that need it will say that they were skipped"),
    }
    steps.run("format", &mut workspace.cargo(&["fmt", "--all", "--check"]))?;
    steps.step("tidy", || tidy::run(workspace))?;
    let lint = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    steps.run("clippy", &mut workspace.cargo(&lint))?;
    let services = steps.step("servers for the tests", Services::start)?;
    steps.run("examples in the documentation", &mut workspace.cargo(&["test", "--workspace", "--doc", "--quiet"]))?;

    let mut tests = tests(workspace);
    tests.envs(services.environment.iter().map(|(name, value)| (*name, value.as_str())));
    let outcome = steps.run("tests", &mut tests);
    drop(services);
    let state = if cold { "cold: everything was built" } else { "warm" };
    eprintln!("{state}, {}", steps.summary());
    outcome
}

/// The whole workspace under nextest; under cargo's own runner where nextest is not installed.
pub(crate) fn tests(workspace: &Workspace) -> Command {
    if find_program("cargo-nextest").is_some() || in_cargo_home("cargo-nextest") {
        return workspace.cargo(&["nextest", "run", "--workspace", "--profile", "ci"]);
    }
    eprintln!(
        "  cargo-nextest is not installed; cargo's own runner is slower (hint: cargo install cargo-nextest --locked)"
    );
    workspace.cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
}

fn in_cargo_home(program: &str) -> bool {
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    home.is_some_and(|home| home.join("bin").join(program).is_file())
}

/// Nothing of the heavy crates has been built into the build folder yet.
fn is_cold(workspace: &Workspace) -> bool {
    let Ok(entries) = std::fs::read_dir(workspace.target.join("debug/deps")) else { return true };
    !entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libdatafusion"))
}
