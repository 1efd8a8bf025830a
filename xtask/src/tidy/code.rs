//! Checks of Rust files, and of what no file may name.

use super::Finding;
use super::tree::{File, Tree};

/// Longest file; where we want to be is a fourth of it.
const FILE_LINES_MAX: usize = 800;

/// Crates that neither act nor look around (invariant 1).
const THINKING: [&str; 5] = ["model/src/", "formats/src/", "detect/src/", "intel/src/", "risk/src/"];

/// Modules and names of the standard library and of others that read a clock, touch the world or draw at random.
/// Addresses (`std::net::IpAddr`) are values and fine.
const ACTING: &[&str] = &[
    "fs",
    "thread",
    "process",
    "env",
    "SystemTime",
    "Instant",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "tokio",
    "rand",
    "getrandom",
    "new_v4",
    "now_v7",
    "stdin",
    "stdout",
    "stderr",
    "File",
    "OpenOptions",
];

/// Invariant 1: the thinking crates do no I/O, read no clock, draw no random number, start no task.
pub(super) fn thinking_crates_only_think(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".rs") {
        if !THINKING.iter().any(|folder| file.path.starts_with(folder)) || file.is_beside_the_product() {
            continue;
        }
        let mut in_std_import = false;
        for (number, line) in file.shipped_lines() {
            let code = line.trim_start();
            in_std_import |= code.starts_with("use std::") || code.starts_with("pub use std::");
            for name in acting_names(code, in_std_import) {
                findings.push(file.finding(number, format!("a thinking crate must not use `{name}` (invariant 1)")));
            }
            in_std_import &= !code.contains(';');
        }
    }
    findings
}

/// Names of [`ACTING`] in a line: anywhere inside an import from `std`, else only as part of a path that makes them what
/// they are (`std::fs`, `tokio::`, `Instant::now`, `Uuid::new_v4`).
fn acting_names(code: &str, in_std_import: bool) -> Vec<&'static str> {
    let used = |name: &&&str| {
        words(code).any(|(at, word)| {
            let before = &code[..at];
            let after = &code[at + word.len()..];
            let from_std =
                before.ends_with("std::") || before.ends_with("std::time::") || before.ends_with("std::io::");
            let in_path = match word {
                "Instant" | "SystemTime" => after.starts_with("::now"),
                "tokio" | "getrandom" | "rand" => after.starts_with("::"),
                "new_v4" | "now_v7" => before.ends_with("Uuid::"),
                _ => false,
            };
            word == **name && (in_std_import || from_std || in_path)
        })
    };
    ACTING.iter().filter(used).copied().collect()
}

/// The identifiers of a line and where they begin.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |symbol: char| symbol.is_alphanumeric() || symbol == '_';
    let mut from = 0;
    std::iter::from_fn(move || {
        let begin = from + code[from..].find(is_word)?;
        let length = code[begin..].find(|symbol| !is_word(symbol)).unwrap_or(code.len() - begin);
        from = begin + length;
        Some((begin, &code[begin..from]))
    })
}

/// No file of more than [`FILE_LINES_MAX`] lines.
pub(super) fn files_are_short(tree: &Tree) -> Vec<Finding> {
    let long = |file: &File| {
        let lines = file.text.lines().count();
        let text = format!("{lines} lines, more than {FILE_LINES_MAX}: split it");
        (lines > FILE_LINES_MAX).then(|| file.finding(FILE_LINES_MAX + 1, text))
    };
    tree.ending(".rs").filter_map(long).collect()
}

/// No promise instead of code, no test that does not run, no lint silenced for ever. The marks are put together here, so
/// that this file does not find itself.
pub(super) fn nothing_is_left_undone(tree: &Tree) -> Vec<Finding> {
    let marks = [
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("#[ig", "nore"),
        concat!("#[al", "low("),
        concat!("#![al", "low("),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
    ];
    let mut findings = Vec::new();
    for file in tree.ending(".rs") {
        for (number, line) in file.lines() {
            for mark in marks.iter().filter(|mark| line.contains(**mark)) {
                findings.push(file.finding(number, format!("`{mark}` is not allowed here")));
            }
        }
    }
    findings
}

/// Each module opens with what it is for.
pub(super) fn modules_say_what_they_are_for(tree: &Tree) -> Vec<Finding> {
    let silent = |file: &&File| {
        let exempt =
            file.path.contains("/tests/") || file.path.ends_with("build.rs") || file.path.ends_with("tests.rs");
        !exempt && !file.text.starts_with("//!")
    };
    let silent = tree.ending(".rs").filter(silent);
    silent.map(|file| file.finding(1, "a module opens with a `//!` that says what it is for")).collect()
}

/// No path of somebody's machine, no host of a package registry. Logs in tests may hold any path, so code is only searched
/// for the folders that builds leave behind; documents and configuration for more.
pub(super) fn nothing_names_this_machine(tree: &Tree) -> Vec<Finding> {
    let in_all = [
        concat!("/ro", "ot/.cargo"),
        concat!("/ro", "ot/.cache"),
        concat!("/wo", "rk/main"),
        concat!("/wo", "rk/shared"),
        concat!("/tmp/", "helper"),
        concat!("index.crates", ".io"),
        concat!("static.crates", ".io"),
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("npmjs", ".org"),
        concat!("deb.debian", ".org"),
        concat!("proxy.golang", ".org"),
    ];
    let in_documents = [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("crates", ".io")];
    let mut findings = Vec::new();
    // The lock file is cargo's own text and names the registry on every line.
    for file in tree.files.iter().filter(|file| !file.path.ends_with("Cargo.lock")) {
        let is_code = file.path.ends_with(".rs");
        let more: &[&str] = if is_code { &[] } else { &in_documents };
        let is_sample = file.path.contains("/testdata/") || file.path.contains("/samples/");
        for (number, line) in file.lines() {
            let named = in_all.iter().chain(if is_sample { &[] } else { more });
            for name in named.filter(|name| line.contains(**name)) {
                findings.push(file.finding(number, format!("names a machine or a registry: {name}")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(check: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn thinking() {
        let check = |text: &str, expected: usize| {
            assert_eq!(count(thinking_crates_only_think, "model/src/a.rs", text), expected, "{text}");
        };
        check("use std::fs;", 1);
        check("use std::{fmt, fs};", 1);
        check("use std::{\n    fmt,\n    thread,\n};\nfn f() {}", 1);
        check("let a = std::fs::read(b);", 1);
        check("let now = Instant::now();", 1);
        check("use std::time::SystemTime;", 1);
        check("let id = Uuid::new_v4();", 1);
        check("tokio::spawn(f);", 1);
        check("use std::net::TcpStream;", 1);
        check("use std::net::{IpAddr, Ipv4Addr};", 0);
        check("use std::time::Duration;", 0);
        check("// std::fs is not used here", 0);
        check("//! no std::fs", 0);
        check("use crate::process;\nlet process = File { name };", 0);
        check("let a = Class::File;", 0);
        check("use model::ocsf::File;\nlet file = File::new(path);", 0);
        check("fn f() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}", 0);
        assert_eq!(count(thinking_crates_only_think, "store/src/a.rs", "use std::fs;"), 0);
        assert_eq!(count(thinking_crates_only_think, "detect/examples/a.rs", "use std::fs;"), 0);
    }

    #[test]
    fn long_files() {
        assert_eq!(count(files_are_short, "a.rs", &"x\n".repeat(FILE_LINES_MAX)), 0);
        assert_eq!(count(files_are_short, "a.rs", &"x\n".repeat(FILE_LINES_MAX + 1)), 1);
        assert_eq!(count(files_are_short, "a.md", &"x\n".repeat(FILE_LINES_MAX + 1)), 0);
    }

    #[test]
    fn undone() {
        assert_eq!(count(nothing_is_left_undone, "a.rs", concat!("to", "do!()")), 1);
        assert_eq!(count(nothing_is_left_undone, "a.rs", concat!("#[al", "low(dead_code)]")), 1);
        assert_eq!(count(nothing_is_left_undone, "a.rs", "#[expect(dead_code, reason = \"…\")]"), 0);
    }

    #[test]
    fn modules() {
        assert_eq!(count(modules_say_what_they_are_for, "a/src/a.rs", "use x;"), 1);
        assert_eq!(count(modules_say_what_they_are_for, "a/src/a.rs", "//! For this.\nuse x;"), 0);
        assert_eq!(count(modules_say_what_they_are_for, "a/tests/a.rs", "use x;"), 0);
    }

    #[test]
    fn machines() {
        let home = concat!("/ro", "ot/notes");
        assert_eq!(count(nothing_names_this_machine, "a.md", home), 1);
        assert_eq!(count(nothing_names_this_machine, "a.rs", home), 0);
        assert_eq!(count(nothing_names_this_machine, "a.rs", concat!("/wo", "rk/main/x")), 1);
        assert_eq!(count(nothing_names_this_machine, "a.toml", concat!("https://pypi", ".org/simple")), 1);
        assert_eq!(count(nothing_names_this_machine, "Cargo.lock", concat!("crates", ".io-index")), 0);
    }
}
