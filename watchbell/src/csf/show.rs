//! The self-assessment in the terminal.

use std::io::Write;

use anyhow::Result;
use engine::office::csf::{Comparison, CsfView, Function, QuestionSet, Score};
use serde_json::json;

use crate::exit::Exit;
use crate::intel::{say, show::table};

/// What stands where there is no number.
const NONE: &str = "–";

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| format!("{value:.2}"))
}

fn signed(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| format!("{value:+.2}"))
}

pub(super) fn questions(set: &QuestionSet) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", set.version)?;
    for (level, name) in set.levels() {
        writeln!(out, "  {level}  {name}")?;
    }
    for category in set.categories() {
        writeln!(out, "\n{}  {}", category.id, category.title)?;
        for question in set.of(&category.id) {
            writeln!(out, "  {:<12} {}", question.id, question.ask)?;
        }
    }
    Ok(())
}

fn cells(name: String, score: &Score) -> Vec<String> {
    let means = score.means;
    vec![
        name,
        number(means.map(|means| means.current)),
        number(means.map(|means| means.target)),
        number(means.map(|means| means.gap)),
        score.answered.to_string(),
        score.unanswered.to_string(),
        score.not_applicable.to_string(),
    ]
}

pub(super) fn posture(view: &CsfView, rows: usize, is_json: bool) -> Result<Exit> {
    let posture = &view.posture;
    let because: Vec<String> = posture.because.iter().map(ToString::to_string).collect();
    if is_json {
        say(&json!({
            "posture": posture, "because": because, "figures": view.figures, "years": view.years,
            "version": view.version.as_ref().map(|version| version.number), "given": view.given,
            "epsilon_spent": view.epsilon_spent,
        }))?;
        return Ok(Exit::Ok);
    }
    let mut out = std::io::stdout().lock();
    let tier = |tier: Option<u8>| match tier {
        Some(tier) => format!("{tier} ({})", view.questions.set.tier_name(tier)),
        None => "unsaid".to_owned(),
    };
    writeln!(out, "{}, {}", posture.year, view.questions.set.version)?;
    writeln!(out, "tier: {}, to be: {}", tier(posture.tier), tier(posture.tier_target))?;
    let mut listed = table(&["", "is", "to be", "gap", "answered", "unanswered", "not applicable"]);
    listed.add_row(cells("all".to_owned(), &posture.whole));
    for one in &posture.functions {
        listed.add_row(cells(format!("{} {}", one.function, one.function.name()), &one.score));
    }
    for one in &posture.categories {
        listed.add_row(cells(format!("  {} {}", one.id, one.title), &one.score));
    }
    writeln!(out, "{listed}")?;
    writeln!(out, "\nclose first:")?;
    for gap in posture.gaps.iter().take(rows) {
        let unsaid = if gap.is_unanswered { ", nobody has answered" } else { "" };
        writeln!(out, "  {:<12} {} → {}{unsaid}  {}", gap.question, gap.current, gap.target, gap.ask)?;
    }
    let more = posture.gaps.len().saturating_sub(rows);
    if more > 0 {
        writeln!(out, "  and {more} more; hint: --rows N")?;
    }
    writeln!(out, "\ncounted by the program:")?;
    for figure in &view.figures {
        let sign = if figure.is_bad { "!" } else { " " };
        writeln!(out, "{sign} {:<12} {}: {}", figure.question, figure.name, figure.value)?;
    }
    for one in &posture.stale {
        writeln!(out, "stale: {} {} ({})", one.question, one.what, one.day)?;
    }
    for reason in &because {
        eprintln!("{reason}");
    }
    Ok(Exit::Ok)
}

pub(super) fn trend(view: &CsfView, is_json: bool) -> Result<Exit> {
    if is_json {
        view.trend.iter().try_for_each(say)?;
        return Ok(Exit::Ok);
    }
    if view.trend.is_empty() {
        eprintln!("no year is answered yet; hint: watchbell csf answer GV.OC-01 --current 2 --target 4");
        return Ok(Exit::Ok);
    }
    let mut listed = table(&["year", "function", "is", "rose", "like for like", "questions"]);
    for year in &view.trend {
        for function in Function::ALL {
            let Some(change) = year.functions.get(&function) else { continue };
            listed.add_row([
                year.year.to_string(),
                function.name().to_owned(),
                number(change.mean),
                signed(change.rose),
                signed(change.rose_alike),
                change.alike.to_string(),
            ]);
        }
    }
    writeln!(std::io::stdout().lock(), "{listed}")?;
    Ok(Exit::Ok)
}

pub(super) fn comparison(comparison: &Comparison) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let Comparison { terms, useful, agencies, cells, refused, refused_untold } = comparison;
    writeln!(
        out,
        "{}: {agencies} agencies, ε {} each, noise of {:.1} steps on each gift",
        terms.year,
        terms.epsilon,
        terms.noise()
    )?;
    writeln!(
        out,
        "shown from {} agencies on, and when the 90 % interval is at most ± {} steps",
        useful.agencies_min, useful.half_width_max
    )?;
    let mut listed = table(&["function", "size", "agencies", "mean", "error", "of it noise"]);
    for cell in cells {
        listed.add_row([
            cell.function.name().to_owned(),
            cell.size.map_or("all", |size| size.name()).to_owned(),
            cell.agencies.to_string(),
            cell.words(),
            format!("{:.2}", cell.error),
            format!("{:.2}", cell.noise_error),
        ]);
    }
    writeln!(out, "{listed}")?;
    for note in refused {
        writeln!(out, "! gift {}: {}", note.number, note.reason)?;
    }
    if *refused_untold > 0 {
        writeln!(out, "! and {refused_untold} more")?;
    }
    Ok(())
}
