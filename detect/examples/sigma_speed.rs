//! How fast rules are matched, against the peer and against parsing alone, in one run on one core.
//!
//! `cargo run --release -p detect --example sigma_speed -- RULES_DIR EVENTS.jsonl [ROUNDS]`

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench ends at its first failure and prints its figures"
)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use detect::sigma::{Matcher, Placeholders, Router, RuleFile, RuleSet};
use model::Format;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(rules), Some(events)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: sigma_speed RULES_DIR EVENTS.jsonl [ROUNDS]");
        std::process::exit(2);
    };
    let rounds: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(3);
    let mut files = Vec::new();
    walk(Path::new(&rules), &mut files);
    files.sort();
    let texts: Vec<(String, String)> = files;
    let text = std::fs::read_to_string(&events).expect("events");
    let lines: Vec<&str> = text.lines().collect();

    let started = Instant::now();
    let given = texts.iter().map(|(path, text)| RuleFile { path, text });
    let set = Arc::new(RuleSet::load(given, &Placeholders::new()));
    println!("{} rules, {} errors, loaded in {:.2} s", set.len(), set.errors.len(), started.elapsed().as_secs_f64());
    for error in set.errors.iter().take(10) {
        println!("  {}: {}", error.path, error.reason);
    }
    let rate = |seconds: f64| lines.len() as f64 / seconds;
    for _ in 0..rounds {
        let parse = timed(|| {
            for line in &lines {
                let value: sonic_rs::Value = sonic_rs::from_str(line).expect("json");
                black_box(&value);
            }
        });
        let scan = timed(|| {
            for line in &lines {
                let fields = formats::json::scan(line.as_bytes(), Format::Windows, formats::json::no_lift);
                black_box(&fields);
            }
        });
        let mut matcher = Matcher::new(Arc::clone(&set), Arc::new(Router::default()));
        let mut hits = 0;
        let mut found = Vec::new();
        let cold = timed(|| hits = pass(&mut matcher, &lines, &mut found));
        let warm = timed(|| hits = pass(&mut matcher, &lines, &mut found));
        println!(
            "parse only {:.0} ev/s | our scan {:.0} | ours {:.0} (first pass {:.0}) = {:.2} x parse, {hits} hits",
            rate(parse),
            rate(scan),
            rate(warm),
            rate(cold),
            parse / warm
        );
    }
}

fn pass(matcher: &mut Matcher, lines: &[&str], found: &mut Vec<usize>) -> usize {
    let mut hits = 0;
    for line in lines {
        let Ok(fields) = formats::json::scan(line.as_bytes(), Format::Windows, formats::json::no_lift) else {
            continue;
        };
        found.clear();
        matcher.matches(&fields, found);
        hits += found.len();
    }
    hits
}

fn timed(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

fn walk(folder: &Path, out: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "yml")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            out.push((path.display().to_string(), text));
        }
    }
}
