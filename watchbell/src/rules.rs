//! `watchbell rules`: work on detection rules.

use std::io::{self, Write};

use anyhow::Result;
use engine::content::ContentPaths;
use engine::rule_tests::{RuleTestReport, test_rules};

use crate::cli::{RulesArgs, RulesCommand, RulesTestArgs};
use crate::exit::Exit;
use crate::words;

/// Lint remarks that are shown one by one.
const LINT_SHOWN_MAX: usize = 20;

pub(crate) fn run(arguments: &RulesArgs) -> Result<Exit> {
    match &arguments.command {
        RulesCommand::Test(arguments) => test(arguments),
    }
}

fn test(arguments: &RulesTestArgs) -> Result<Exit> {
    let paths = ContentPaths {
        rules: vec![arguments.folder.clone()],
        routing: arguments.routing.clone(),
        placeholders: arguments.placeholders.clone(),
        ..ContentPaths::default()
    };
    let report = test_rules(&paths, &arguments.cases);
    let failed = report.cases.iter().filter(|case| !case.passed).count();
    if arguments.json {
        print_json(&report)?;
    } else {
        print_words(&report);
    }
    let is_good = failed == 0 && report.broken.is_empty();
    Ok(if is_good { Exit::Ok } else { Exit::Failed })
}

fn print_json(report: &RuleTestReport) -> Result<()> {
    let mut out = io::stdout().lock();
    for broken in &report.broken {
        serde_json::to_writer(&mut out, &serde_json::json!({ "kind": "broken", "what": broken }))?;
        writeln!(out)?;
    }
    for lint in &report.lint {
        serde_json::to_writer(&mut out, &serde_json::json!({ "kind": "lint", "what": lint }))?;
        writeln!(out)?;
    }
    for case in &report.cases {
        serde_json::to_writer(&mut out, &serde_json::json!({ "kind": "case", "what": case }))?;
        writeln!(out)?;
    }
    Ok(())
}

fn print_words(report: &RuleTestReport) {
    for broken in &report.broken {
        let place = broken.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        eprintln!("broken: {}{place}: {}", broken.path, broken.reason);
    }
    for lint in report.lint.iter().take(LINT_SHOWN_MAX) {
        eprintln!("lint: {} {}: {}", lint.path, lint.place.as_deref().unwrap_or(""), lint.reason);
    }
    if report.lint.len() > LINT_SHOWN_MAX {
        eprintln!(
            "lint: {} more remarks (--json shows all)",
            words::count((report.lint.len() - LINT_SHOWN_MAX) as u64)
        );
    }
    for case in report.cases.iter().filter(|case| !case.passed) {
        let title = case.title.as_deref().unwrap_or("?");
        eprintln!("failed: {title} ({}): {}: {}", case.rule, case.case, case.detail);
    }
    let passed = report.cases.iter().filter(|case| case.passed).count();
    println!(
        "{} and {} loaded, {} broken, {} remarks, {} without an example",
        words::counted(report.rules as u64, "rule"),
        words::counted(report.correlations as u64, "correlation"),
        report.broken.len(),
        report.lint.len(),
        words::counted(report.untested as u64, "rule"),
    );
    println!("{passed} passed, {} failed", report.cases.len() - passed);
}
