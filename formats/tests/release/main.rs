//! What we release, judged by the programs that others read it with. One that is absent is said to be; with `CI=true` that is a failure.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by it; verdicts are printed")]

mod dns;
mod list;
mod misp;
mod nft;
mod stix;

use std::path::Path;
use std::process::Command;

use formats::release::{Form, Released, Written, write};

/// A form as a file; gives what became of the indicators.
fn file(path: &Path, form: &Form, list: &[Released]) -> Written {
    let mut out = Vec::new();
    let written = write(form, &list::release(), &mut list.iter().cloned(), &mut out).unwrap();
    assert_eq!(written.written + written.left_count(), list.len() as u64);
    std::fs::write(path, out).unwrap();
    written
}

/// What a program printed, and whether it was content; `None` when it is not installed.
fn run(program: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    // Where Debian keeps programs of administrators, which users' search paths lack.
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = command.args(arguments).env("PATH", path).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Some((output.status.success(), text))
}

/// Says that a test is skipped because a program is absent; with `CI=true` that is a failure.
fn skip(what: &str) {
    let is_required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_required, "CI=true needs {what}");
    eprintln!("skipped: no {what}");
}
