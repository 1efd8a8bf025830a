//! `watchbell rules`: work on detection rules.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use anyhow::Result;
use engine::content::ContentPaths;
use engine::rule_tests::{Outcome, Remark, RuleTestReport, RuleVerdict, Severity, test_rules};
use serde::Serialize;

use crate::cli::{RulesArgs, RulesCommand, RulesTestArgs};
use crate::exit::Exit;
use crate::{progress, words};

/// Rules that passed, and remarks, that are shown one by one; of more, a summary.
const SHOWN_MAX: usize = 20;
/// Examples of one rule that are shown one by one.
const EXAMPLES_SHOWN_MAX: usize = 10;

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
    let spinner = progress::spinner(false);
    let report = test_rules(&paths, &arguments.cases, &mut |what| spinner.set_message(what.to_owned()));
    spinner.finish_and_clear();
    let mut out = BufWriter::new(io::stdout().lock());
    let written =
        if arguments.json { print_json(&report, &mut out) } else { print_words(arguments, &report, &mut out) };
    match written.and_then(|()| out.flush()) {
        // A reader that has seen enough (`head`) is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    let is_empty = report.rules + report.correlations == 0 && report.broken.is_empty();
    if is_empty {
        eprintln!("error: there is no rule below {}", arguments.folder.display());
        return Ok(Exit::Usage);
    }
    let too_strict = arguments.strict && report.remarks.iter().any(|remark| remark.severity <= Severity::Warning);
    let is_good = report.count(Outcome::Failed) == 0 && report.broken.is_empty() && !too_strict;
    Ok(if is_good { Exit::Ok } else { Exit::Failed })
}

#[derive(Serialize)]
struct Line<'r, T> {
    kind: &'r str,
    #[serde(flatten)]
    what: &'r T,
}

fn print_json(report: &RuleTestReport, out: &mut impl Write) -> io::Result<()> {
    fn line<T: Serialize>(out: &mut impl Write, kind: &str, what: &T) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &Line { kind, what })?;
        writeln!(out)
    }
    report.broken.iter().try_for_each(|broken| line(out, "broken", broken))?;
    report.verdicts.iter().try_for_each(|verdict| line(out, "rule", verdict))?;
    report.remarks.iter().try_for_each(|remark| line(out, "remark", remark))
}

fn print_words(arguments: &RulesTestArgs, report: &RuleTestReport, out: &mut impl Write) -> io::Result<()> {
    for broken in &report.broken {
        let place = broken.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        writeln!(out, "broken    {}{place}\n            {}", broken.path, broken.reason)?;
    }
    let passed_shown = arguments.all || report.count(Outcome::Passed) <= SHOWN_MAX;
    for verdict in &report.verdicts {
        match verdict.outcome {
            Outcome::Failed => print_failed(verdict, out)?,
            Outcome::Passed if passed_shown => {
                let examples = words::counted(verdict.examples.len() as u64, "example");
                writeln!(out, "passed    {}, {examples}", named(verdict))?;
            }
            Outcome::Untested if arguments.all => writeln!(out, "untested  {}", named(verdict))?,
            _ => {}
        }
    }
    print_remarks(arguments, &report.remarks, out)?;
    print_counts(report, out)
}

fn named(verdict: &RuleVerdict) -> String {
    match &verdict.title {
        Some(title) if *title != verdict.rule => format!("{title} ({})", verdict.rule),
        _ => verdict.rule.clone(),
    }
}

fn print_failed(verdict: &RuleVerdict, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "failed    {}", named(verdict))?;
    if let Some(file) = &verdict.file {
        writeln!(out, "            {file}")?;
    }
    let failed = || verdict.examples.iter().filter(|example| !example.passed);
    for example in failed().take(EXAMPLES_SHOWN_MAX) {
        writeln!(out, "            {}: {}", example.place, example.detail)?;
    }
    let more = failed().count().saturating_sub(EXAMPLES_SHOWN_MAX);
    if more > 0 {
        writeln!(out, "            and {} more", words::counted(more as u64, "failed example"))?;
    }
    Ok(())
}

/// Few remarks one by one; many by what they are about, with the first place of each.
fn print_remarks(arguments: &RulesTestArgs, remarks: &[Remark], out: &mut impl Write) -> io::Result<()> {
    let word = |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let place = |remark: &Remark| match remark.line {
        Some(line) => format!("{}:{line}", remark.file),
        None => remark.file.clone(),
    };
    if arguments.all || remarks.len() <= SHOWN_MAX {
        for remark in remarks {
            let (word, about) = (word(remark.severity), &remark.about);
            writeln!(out, "{word:8}  {}: {} [{about}]", place(remark), remark.message)?;
        }
        return Ok(());
    }
    let mut kinds: BTreeMap<(Severity, &str), Vec<&Remark>> = BTreeMap::new();
    for remark in remarks {
        kinds.entry((remark.severity, &remark.about)).or_default().push(remark);
    }
    for ((severity, about), remarks) in kinds {
        let count = words::count(remarks.len() as u64);
        let Some(first) = remarks.first() else { continue };
        writeln!(out, "{:8}  {count} × {about}, first: {}: {}", word(severity), place(first), first.message)?;
    }
    Ok(())
}

fn print_counts(report: &RuleTestReport, out: &mut impl Write) -> io::Result<()> {
    let (passed, failed) = report.examples();
    let severe = report.remarks.iter().filter(|remark| remark.severity <= Severity::Warning).count();
    writeln!(
        out,
        "{} and {} loaded, {} broken; {} passed, {} failed, {} without an example",
        words::counted(report.rules as u64, "rule"),
        words::counted(report.correlations as u64, "correlation"),
        words::count(report.broken.len() as u64),
        words::count(report.count(Outcome::Passed) as u64),
        words::count(report.count(Outcome::Failed) as u64),
        words::count(report.count(Outcome::Untested) as u64),
    )?;
    writeln!(
        out,
        "{}, {} of them of level warning or above",
        words::counted(report.remarks.len() as u64, "remark"),
        words::count(severe as u64)
    )?;
    writeln!(out, "examples: {} passed, {} failed", words::count(passed as u64), words::count(failed as u64))
}
