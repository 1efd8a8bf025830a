//! `cargo xtask fuzz`: the readers of outside bytes under libFuzzer, the long form of `fuzz/tests/short.rs`.
//!
//! libFuzzer is compiled from the sources in `libfuzzer-sys`, and the code is made visible to it by LLVM's own pass, which
//! the stable compiler has (`-Cpasses=sancov-module`): neither a nightly compiler nor clang is asked for, only what
//! compiles C++. See `docs/decisions/0005-fuzzing.md`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::{Steps, find_program, say};
use crate::workspace::Workspace;

/// Seconds for each target, unless the caller says otherwise.
const SECONDS: u64 = 60;

/// Seconds that one input may take before it counts as one that never comes back.
const INPUT_SECONDS_MAX: u64 = 20;

/// Memory that a run may take before its input counts as a bomb.
const MEMORY_MIB_MAX: u64 = 2_048;

/// What makes the code visible to libFuzzer: counters on the edges, places, comparisons.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// What the caller asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    target: Option<String>,
    seconds: u64,
}

/// Runs one target, or all of them, for some seconds each.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let asked = Asked::parse(arguments)?;
    check_tools()?;
    let mut steps = Steps::begin();
    let folder = workspace.target.join("fuzz");
    let host = host()?;
    let build = ["build", "--profile", "fuzz", "--package", "fuzz", "--features", "libfuzzer", "--bin", "libfuzzer"];
    let mut command = workspace.cargo(&build);
    // A target of its own, so that build scripts and macros stay as they are; a folder of its own, so that the rest of the
    // workspace is not built anew afterwards.
    command.args(["--target", &host]).arg("--target-dir").arg(&folder);
    command.env("RUSTFLAGS", FLAGS).env_remove("CARGO_ENCODED_RUSTFLAGS");
    steps.run("build the targets", &mut command)?;
    let program = folder.join(&host).join("fuzz/libfuzzer");
    let targets = chosen(&program, asked.target.as_deref())?;
    let mut failed = Vec::new();
    for target in &targets {
        let outcome = steps
            .run(&format!("fuzz {target} for {} s", asked.seconds), &mut round(workspace, &program, target, &asked)?);
        if let Err(error) = outcome {
            eprintln!("error: {error:#}");
            failed.push(target.as_str());
        }
    }
    eprintln!("{}", steps.summary());
    say(&format!("{} targets held, {} failed", targets.len() - failed.len(), failed.len()))?;
    if !failed.is_empty() {
        bail!("failed: {}\nhint: the inputs lie in {}", failed.join(", "), folder.join("artifacts").display());
    }
    Ok(())
}

impl Asked {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut asked = Asked { target: None, seconds: SECONDS };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--seconds" {
                let number = rest.next().context("--seconds needs a number")?;
                asked.seconds = number.parse().with_context(|| format!("--seconds {number:?} is no number"))?;
            } else if argument.starts_with('-') || asked.target.is_some() {
                bail!("unknown argument {argument:?}; usage: cargo xtask fuzz [TARGET] [--seconds N]");
            } else {
                asked.target = Some(argument.clone());
            }
        }
        Ok(asked)
    }
}

fn check_tools() -> Result<()> {
    if !cfg!(target_os = "linux") || !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        bail!(
            "libFuzzer is tried on Linux, x86_64 and aarch64, only\nhint: the short form runs anywhere: cargo test -p fuzz"
        );
    }
    let compilers = ["c++", "g++", "clang++"];
    if std::env::var_os("CXX").is_none() && compilers.iter().all(|name| find_program(name).is_none()) {
        bail!("libFuzzer is C++ and nothing here compiles it\nhint: install g++ or clang++, or name one with CXX");
    }
    Ok(())
}

/// The machine that we build for, in the compiler's words.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("starting rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say for which machine it builds")
}

/// The targets to run: that one, or all that the program knows.
fn chosen(program: &PathBuf, target: Option<&str>) -> Result<Vec<String>> {
    let output = Command::new(program).env("WATCHBELL_FUZZ_TARGET", "list").stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("starting {}", program.display()))?;
    let known: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    match target {
        None => Ok(known),
        Some(target) if known.iter().any(|name| name == target) => Ok(vec![target.to_owned()]),
        Some(target) => bail!("unknown target {target:?}; known are {}", known.join(", ")),
    }
}

/// A run of one target. What it learns is kept for the next one; what breaks it is kept as a file.
fn round(workspace: &Workspace, program: &PathBuf, target: &str, asked: &Asked) -> Result<Command> {
    let folder = workspace.target.join("fuzz");
    let (corpus, artifacts) = (folder.join("corpus").join(target), folder.join("artifacts").join(target));
    for made in [&corpus, &artifacts] {
        std::fs::create_dir_all(made).with_context(|| format!("making {}", made.display()))?;
    }
    let dictionary = corpus.with_extension("dict");
    let mut command = Command::new(program);
    command.current_dir(&folder);
    command.env("WATCHBELL_FUZZ_TARGET", target).env("WATCHBELL_FUZZ_CORPUS", &corpus);
    if let Some(data) = &workspace.data {
        command.env("WATCHBELL_DATA", data);
    }
    command.args([
        format!("-max_total_time={}", asked.seconds),
        format!("-timeout={INPUT_SECONDS_MAX}"),
        format!("-rss_limit_mb={MEMORY_MIB_MAX}"),
        "-max_len=65536".into(),
        "-print_final_stats=1".into(),
        "-verbosity=0".into(),
        format!("-artifact_prefix={}/", artifacts.display()),
        format!("-dict={}", dictionary.display()),
    ]);
    command.arg(&corpus);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Asked> {
        Asked::parse(&arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn arguments() {
        let check = |arguments: &[&str], target: Option<&str>, seconds| {
            assert_eq!(parse(arguments).unwrap(), Asked { target: target.map(str::to_owned), seconds });
        };
        check(&[], None, SECONDS);
        check(&["syslog"], Some("syslog"), SECONDS);
        check(&["syslog", "--seconds", "5"], Some("syslog"), 5);
        check(&["--seconds", "5", "syslog"], Some("syslog"), 5);
        assert!(parse(&["--seconds"]).is_err());
        assert!(parse(&["--seconds", "x"]).is_err());
        assert!(parse(&["a", "b"]).is_err());
        assert!(parse(&["--fast"]).is_err());
    }

    #[test]
    fn the_compiler_says_for_which_machine_it_builds() {
        assert!(host().unwrap().contains('-'));
    }
}
