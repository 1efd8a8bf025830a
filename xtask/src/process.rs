//! Starting programs, and saying how far we are.

use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Steps of a chore, with the time that each took.
#[derive(Debug)]
pub(crate) struct Steps {
    began: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    pub(crate) fn begin() -> Self {
        Steps { began: Instant::now(), done: Vec::new() }
    }

    /// Takes a step.
    pub(crate) fn step<T>(&mut self, name: &str, action: impl FnOnce() -> Result<T>) -> Result<T> {
        let elapsed = self.began.elapsed();
        eprintln!("{} {name}", paint(&format!("[{:>9}]", duration(elapsed))));
        let began = Instant::now();
        let outcome = action().with_context(|| format!("{name} failed"))?;
        self.done.push((name.into(), began.elapsed()));
        Ok(outcome)
    }

    /// Takes a step that is one program, which must succeed.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> Result<()> {
        self.step(name, || succeed(command))
    }

    /// One line: how long it all took, and what took longest.
    pub(crate) fn summary(&self) -> String {
        let total = duration(self.began.elapsed());
        let mut slow: Vec<_> = self.done.iter().filter(|(_, took)| took.as_secs() >= 1).collect();
        slow.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
        let slow: Vec<_> = slow.iter().take(3).map(|(name, took)| format!("{name} {}", duration(*took))).collect();
        if slow.is_empty() { total } else { format!("{total} ({})", slow.join(", ")) }
    }
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started, or says that it failed.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {}", program(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", program(command));
    }
    Ok(())
}

/// Runs a program to its end, passing its output on line by line and keeping it too. True when it succeeded.
pub(crate) fn watch(command: &mut Command) -> Result<(bool, Vec<String>)> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("starting {}", program(command)))?;
    let output = child.stdout.take().context("the program has no output")?;
    let mut lines = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line.with_context(|| format!("reading from {}", program(command)))?;
        eprintln!("{line}");
        lines.push(line);
    }
    let status = child.wait().with_context(|| format!("waiting for {}", program(command)))?;
    Ok((status.success(), lines))
}

/// Writes a line for other programs to read.
pub(crate) fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("writing to stdout")
}

/// The program of that name in the search path, or in the folders where Debian keeps servers.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn program(command: &Command) -> String {
    let arguments = command.get_args().take(4).map(|argument| argument.to_string_lossy());
    let words: Vec<_> = std::iter::once(command.get_program().to_string_lossy()).chain(arguments).collect();
    words.join(" ")
}

/// `7.2 s`, `3 min 05 s`.
pub(crate) fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    if seconds < 60 {
        format!("{:.1} s", span.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

fn paint(text: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some() || !std::io::stderr().is_terminal();
    if plain { text.into() } else { format!("\x1b[1;36m{text}\x1b[0m") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let check = |millis, expected: &str| assert_eq!(duration(Duration::from_millis(millis)), expected);
        check(0, "0.0 s");
        check(7_240, "7.2 s");
        check(60_000, "1 min 00 s");
        check(185_900, "3 min 05 s");
    }

    #[test]
    fn a_failed_program_is_an_error_that_names_it() {
        let error = succeed(&mut Command::new("false")).unwrap_err();
        assert!(error.to_string().starts_with("false ended with"), "{error}");
        assert!(succeed(&mut Command::new("true")).is_ok());
        assert!(succeed(&mut Command::new("no-such-program-anywhere")).is_err());
    }

    #[test]
    fn output_is_kept() {
        let (ok, lines) = watch(Command::new("printf").arg("a\\nb\\n")).unwrap();
        assert!(ok);
        assert_eq!(lines, ["a", "b"]);
    }

    #[test]
    fn programs_are_found() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-anywhere").is_none());
    }
}
