//! What is at stake, in the terminal.

use std::io::Write;

use anyhow::Result;
use engine::office::{Condition, ItemRisk, OpeningOf, OpeningVerdict, Openings, Stake, Unit, level};
use model::register::ItemId;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::intel::{say, show::table};
use crate::words::{count, counted};

/// Reasons that are told of a service in words.
const REASONS_SHOWN: usize = 8;

fn verdict(verdict: OpeningVerdict) -> &'static str {
    match verdict {
        OpeningVerdict::Open => "open",
        OpeningVerdict::OpenWithConditions => "open with conditions",
        OpeningVerdict::NotYet => "not yet",
    }
}

/// A figure without a part after the point.
fn whole(value: f64) -> String {
    count(value.max(0.0).round().min(1e18) as u64)
}

fn harm(value: f64, unit: Unit, currency: &str) -> String {
    match unit {
        Unit::Money => format!("{} {currency}", whole(value)),
        other => format!("{} {other}", whole(value)),
    }
}

pub(super) fn openings(openings: &Openings, top: usize, is_json: bool) -> Result<Exit> {
    let currency = &openings.inputs.policy.currency;
    if is_json {
        for (place, opening) in openings.openings.iter().enumerate() {
            let mut value = serde_json::to_value(opening)?;
            let because: Vec<String> = opening.because.iter().map(ToString::to_string).collect();
            value["place"] = json!(place + 1);
            value["reasons"] = json!(because);
            say(&value)?;
        }
        return Ok(Exit::Ok);
    }
    if openings.openings.is_empty() {
        eprintln!("no services are in the register; hint: watchbell service add, or watchbell register import");
        return Ok(Exit::Ok);
    }
    let mut out = std::io::stdout().lock();
    for (place, opening) in openings.openings.iter().take(top).enumerate() {
        let open_now = if opening.is_public { ", open now" } else { "" };
        writeln!(out, "{:>3}  {}: {}{open_now}", place + 1, opening.title, verdict(opening.verdict))?;
        for reason in opening.because.iter().take(REASONS_SHOWN) {
            writeln!(out, "       {reason}")?;
        }
        let more = opening.because.len().saturating_sub(REASONS_SHOWN);
        if more > 0 {
            writeln!(out, "       and {}", counted(more as u64, "more reason"))?;
        }
        conditions(&mut out, opening, currency)?;
    }
    let rest = openings.openings.len().saturating_sub(top);
    if rest > 0 {
        writeln!(out, "and {}; hint: --top N, or --json for all", counted(rest as u64, "more service"))?;
    }
    Ok(Exit::Ok)
}

fn conditions(out: &mut impl Write, opening: &OpeningOf, currency: &str) -> Result<()> {
    let line = |one: &Condition| {
        let at: Vec<&str> = one.at.iter().map(ItemId::as_str).collect();
        format!("{} ({}, {})", one.title, at.join(", "), harm(one.cost, Unit::Money, currency))
    };
    for condition in &opening.conditions {
        writeln!(out, "       first: {}", line(condition))?;
    }
    match (&opening.next_best, opening.conditions.is_empty()) {
        (Some((next, _)), true) => writeln!(out, "       would help most for its cost: {}", line(next))?,
        _ if opening.verdict == OpeningVerdict::NotYet && !opening.conditions.is_empty() => {
            writeln!(out, "       these help, and do not suffice")?;
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn posture(stake: &Stake, top: usize, is_json: bool) -> Result<Exit> {
    if is_json {
        say(&as_json(stake))?;
        return Ok(Exit::Ok);
    }
    let currency = &stake.inputs.policy.currency;
    let mut years =
        table(&["A YEAR, IN", "MEAN", "HALF AT MOST", "9 OF 10 AT MOST", "ONCE IN 20 YEARS", "ONCE IN 100"]);
    for (unit, year) in &stake.posture.harms {
        let name = if *unit == Unit::Money { currency.clone() } else { unit.to_string() };
        let figures = [year.mean, year.p50, year.p90, year.var95, year.var99].map(whole);
        years.add_row([name].into_iter().chain(figures).collect::<Vec<_>>());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{years}")?;
    let mut items: Vec<(&ItemId, &ItemRisk)> = stake.posture.items.iter().collect();
    items.sort_by(|one, other| other.1.probability.get().total_cmp(&one.1.probability.get()).then(one.0.cmp(other.0)));
    let mut shown = table(&["LIKELIEST TO FALL", "WITHIN A YEAR", "", "BY ITSELF", "VULNERABILITIES"]);
    for (id, risk) in items.iter().take(top) {
        let percent = |value: f64| format!("{:.1} %", value * 100.0);
        let (all, own) = (percent(risk.probability.get()), percent(risk.own.get()));
        shown.add_row([stake.title(id), all, level(risk.probability).to_owned(), own, risk.flaws.to_string()].to_vec());
    }
    writeln!(out, "{shown}")?;
    if !stake.posture.unsaid.is_empty() {
        eprintln!("{} nobody has said, and counts as the worst", counted(stake.posture.unsaid.len() as u64, "thing"));
    }
    Ok(Exit::Ok)
}

fn as_json(stake: &Stake) -> Value {
    let item = |(id, risk): (&ItemId, &ItemRisk)| {
        let falls: Option<serde_json::Map<String, Value>> =
            risk.falls.as_ref().map(|falls| falls.iter().map(|(unit, harm)| (name(*unit), json!(harm))).collect());
        json!({
            "item": id, "probability": risk.probability, "own": risk.own, "level": level(risk.probability),
            "vulnerabilities": risk.flaws, "falls": falls,
        })
    };
    let years = stake.posture.harms.iter().map(|(unit, year)| {
        let curve = stake.posture.curves.get(unit).map(|curve| json!(curve)).unwrap_or_default();
        let year = json!({
            "mean": year.mean, "p50": year.p50, "p90": year.p90, "var95": year.var95, "var99": year.var99, "exceedance": curve,
        });
        (name(*unit), year)
    });
    let years: serde_json::Map<String, Value> = years.collect();
    json!({
        "reckoned": stake.at.to_string(), "draws": stake.posture.draws, "years": years,
        "items": stake.posture.items.iter().map(item).collect::<Vec<_>>(),
        "unsaid": stake.posture.unsaid,
    })
}

fn name(unit: Unit) -> String {
    unit.to_string().replace(' ', "_")
}
