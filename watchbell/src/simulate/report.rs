//! What a watch was worth, as tables for people and as JSON for programs.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};
use testkit::scenario::{AttackVerdict, Found, Outcome, Scenario, Truth, Verdict, Weighed};

use crate::words;

/// Incidents in vain that the table shows; of more, only the number.
const VAIN_SHOWN_MAX: usize = 20;

/// Attacks, what was cried at in vain, and the sums.
///
/// # Errors
/// When `out` cannot be written to.
pub(super) fn tables(verdict: &Verdict, truth: &Truth, scenario: &Scenario, out: &mut impl Write) -> io::Result<()> {
    if !verdict.attacks.is_empty() {
        let mut table =
            plain(&["subtlety", "attack", "outcome", "after", "rank", "its own", "incident", "what happened"]);
        for attack in &verdict.attacks {
            let title = truth.scenes.get(attack.scene).map_or("", |scene| &scene.title);
            table.add_row(row(attack, title));
        }
        writeln!(out, "{table}")?;
    }
    vain(verdict, truth, out)?;
    for cried in &verdict.cried {
        writeln!(out, "cried at {}: {}", cried.label, words::counted(cried.incidents as u64, "incident"))?;
    }
    let pages: usize = verdict.a_night.values().sum();
    writeln!(
        out,
        "{} of {} found within the budget; {}, at most {} on one day, {} looked at in vain; {}, {} over the budget",
        verdict.found(),
        words::counted(verdict.attacks.len() as u64, "attack"),
        words::counted(verdict.incidents.len() as u64, "incident"),
        verdict.a_day.values().max().unwrap_or(&0),
        verdict.in_vain(truth),
        words::counted(pages as u64, "page") + " at night",
        words::counted(verdict.nights_over.len() as u64, "night"),
    )?;
    writeln!(
        out,
        "{:.1} incidents a day over {}",
        a_day(verdict, scenario),
        words::counted(u64::from(scenario.days), "day")
    )
}

/// Incidents a day, over all days of the scenario.
fn a_day(verdict: &Verdict, scenario: &Scenario) -> f64 {
    verdict.incidents.len() as f64 / f64::from(scenario.days.max(1))
}

fn plain(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.force_no_tty();
    table.set_width(160);
    table.set_header(header.to_vec());
    table
}

fn row(attack: &AttackVerdict, title: &str) -> [String; 8] {
    let (outcome, found) = match &attack.outcome {
        Outcome::Found(found) => ("found".to_owned(), Some(found)),
        Outcome::BeyondBudget(found) => ("beyond the budget".to_owned(), Some(found)),
        Outcome::Blurred(count) => (format!("blurred in {}", words::counted(*count as u64, "incident")), None),
        Outcome::Missed => ("missed".to_owned(), None),
    };
    let told = |tell: fn(&Found) -> String| found.map(tell).unwrap_or_default();
    [
        attack.subtlety.to_string(),
        attack.label.clone(),
        outcome,
        told(|found| span(found.delay_seconds)),
        told(|found| found.rank.to_string()),
        told(|found| format!("{:.0} %", found.purity * 100.0)),
        told(|found| found.incident.clone()),
        title.to_owned(),
    ]
}

/// `40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// Whether an incident is mostly about an attack.
fn is_about_attack(found: &Weighed, verdict: &Verdict) -> bool {
    let is_attack = |scene: usize| verdict.attacks.iter().any(|attack| attack.scene == scene);
    found.mostly.is_some_and(|(scene, share)| is_attack(scene) && share >= 0.5)
}

/// What people looked at in vain.
fn vain(verdict: &Verdict, truth: &Truth, out: &mut impl Write) -> io::Result<()> {
    let found: Vec<&Weighed> =
        verdict.incidents.iter().filter(|found| found.is_within_budget && !is_about_attack(found, verdict)).collect();
    if found.is_empty() {
        return Ok(());
    }
    let mut table = plain(&["looked at in vain", "day", "rank", "lines", "mostly about", "share"]);
    for incident in found.iter().take(VAIN_SHOWN_MAX) {
        let (label, share) = mostly(incident, truth);
        table.add_row([
            incident.id.clone(),
            day_of(incident.day),
            incident.rank.to_string(),
            words::count(incident.lines as u64),
            label.unwrap_or("ordinary life").to_owned(),
            format!("{:.0} %", share * 100.0),
        ]);
    }
    writeln!(out, "{table}")?;
    if found.len() > VAIN_SHOWN_MAX {
        writeln!(out, "and {} more", words::count((found.len() - VAIN_SHOWN_MAX) as u64))?;
    }
    Ok(())
}

fn mostly<'a>(incident: &Weighed, truth: &'a Truth) -> (Option<&'a str>, f64) {
    match incident.mostly {
        Some((scene, share)) => (truth.scenes.get(scene).map(|scene| scene.label.as_str()), share),
        None => (None, 0.0),
    }
}

/// `2026-03-14`.
fn day_of(day: i32) -> String {
    let at = model::Timestamp::from_millis(i64::from(day).saturating_mul(86_400_000)).to_string();
    at.get(..10).unwrap_or_default().to_owned()
}

/// One object a line: attacks, disturbances that were cried at, incidents, and the sums at the end.
///
/// # Errors
/// When `out` cannot be written to.
pub(super) fn json(verdict: &Verdict, truth: &Truth, scenario: &Scenario, out: &mut impl Write) -> io::Result<()> {
    for attack in &verdict.attacks {
        writeln!(out, "{}", attack_json(attack))?;
    }
    for cried in &verdict.cried {
        writeln!(out, "{}", json!({ "kind": "disturbance", "label": cried.label, "incidents": cried.incidents }))?;
    }
    for incident in &verdict.incidents {
        let (label, share) = mostly(incident, truth);
        let line = json!({
            "kind": "incident",
            "id": incident.id,
            "day": day_of(incident.day),
            "rank": incident.rank,
            "within_budget": incident.is_within_budget,
            "lines": incident.lines,
            "mostly": label,
            "share": share,
            "about_attack": is_about_attack(incident, verdict),
        });
        writeln!(out, "{line}")?;
    }
    let nights: Vec<String> = verdict.nights_over.iter().map(|night| day_of(*night)).collect();
    let line = json!({
        "kind": "verdict",
        "scenario": scenario.name,
        "days": scenario.days,
        "attacks": verdict.attacks.len(),
        "found": verdict.found(),
        "incidents": verdict.incidents.len(),
        "incidents_a_day": a_day(verdict, scenario),
        "incidents_a_day_max": verdict.a_day.values().max().unwrap_or(&0),
        "in_vain": verdict.in_vain(truth),
        "pages_at_night": verdict.a_night.values().sum::<usize>(),
        "nights_over": nights,
    });
    writeln!(out, "{line}")
}

fn attack_json(attack: &AttackVerdict) -> Value {
    let (outcome, found, held) = match &attack.outcome {
        Outcome::Found(found) => ("found", Some(found), None),
        Outcome::BeyondBudget(found) => ("beyond_budget", Some(found), None),
        Outcome::Blurred(count) => ("blurred", None, Some(*count)),
        Outcome::Missed => ("missed", None, None),
    };
    json!({
        "kind": "attack",
        "label": attack.label,
        "subtlety": attack.subtlety,
        "outcome": outcome,
        "incident": found.map(|found| &found.incident),
        "at": found.map(|found| found.at.to_string()),
        "delay_seconds": found.map(|found| found.delay_seconds),
        "rank": found.map(|found| found.rank),
        "purity": found.map(|found| found.purity),
        "incidents_with_lines": held,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        for (seconds, expected) in
            [(40, "40 s"), (60, "1 min"), (3_599, "59 min"), (11_100, "3 h 5 min"), (187_200, "2 d 4 h")]
        {
            assert_eq!(span(seconds), expected);
        }
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(day_of(testkit::city::FIRST_DAY.day()), "2026-03-02");
    }
}
