//! What is known, in the terminal.

use std::io::Write;

use anyhow::{Context, Result};
use comfy_table::{ContentArrangement, Table, presets};
use engine::intel::Detecting;
use serde_json::json;

use super::{Opened, say};
use crate::exit::Exit;
use crate::words::count;

pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        table.force_no_tty();
        table.set_width(160);
    }
    table.set_header(header.to_vec());
    table
}

pub(crate) async fn sources(opened: &Opened, is_json: bool) -> Result<Exit> {
    let views = opened.office.intel_sources(&opened.ctx).await.context("cannot read the sources")?;
    let mut rows = table(&["source", "kind", "is", "grade", "weight", "lists", "last success", "why"]);
    for view in &views {
        let health = &view.health;
        let weight = view.trust.as_ref().map(|trust| trust.value.weight.get());
        let because = view.trust.iter().flat_map(|trust| &trust.because).map(ToString::to_string);
        let because: Vec<String> = because.chain(view.repeats.clone()).collect();
        let status = health.status(&view.source);
        if is_json {
            say(&json!({
                "name": view.source.name, "kind": view.source.kind, "status": status, "grade": view.terms.grade,
                "weight": weight, "because": because, "claims": health.brought.listed, "health": health,
            }))?;
            continue;
        }
        rows.add_row([
            view.source.name.clone(),
            view.source.kind.clone(),
            status.to_owned(),
            view.terms.grade.to_string(),
            weight.map_or("-".to_owned(), |weight| format!("{weight:.2}")),
            count(health.brought.listed),
            health.last_success.map_or("never".to_owned(), |at| at.to_string()),
            health.error.clone().unwrap_or_else(|| because.join("; ")),
        ]);
    }
    if !is_json {
        match views.is_empty() {
            true => eprintln!("no source yet; hint: watchbell intel load NAME FILE"),
            false => writeln!(std::io::stdout().lock(), "{rows}")?,
        }
    }
    Ok(Exit::Ok)
}

pub(super) async fn indicator(opened: &Opened, value: &str, is_json: bool) -> Result<Exit> {
    let view = opened.office.indicator(&opened.ctx, value).await.context("cannot look that up")?;
    let weighed = view.weighed.as_ref();
    let worth = weighed.map(|weighed| &weighed.value);
    let reasons = |list: &[intel::weigh::WeighReason]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let because = weighed.map(|weighed| reasons(&weighed.because)).unwrap_or_default();
    let blocking = worth.map(|worth| reasons(&worth.blocking.because)).unwrap_or_default();
    if is_json {
        let claims: Vec<_> = view.claims.iter().map(|(source, kept)| {
            json!({
                "source": source, "label": kept.claim.label, "confidence": kept.claim.confidence,
                "severity": kept.claim.level, "tlp": kept.claim.marking.tlp, "pap": kept.claim.marking.pap,
                "reference": kept.claim.reference, "first": kept.first.to_string(),
                "seen": kept.claim.seen.map(|at| at.to_string()), "until": kept.claim.until.map(|at| at.to_string()),
                "gone": kept.gone.map(|at| at.to_string()),
            })
        }).collect();
        say(&json!({
            "kind": view.kind, "value": view.value, "confidence": worth.map(|worth| worth.confidence),
            "severity": worth.map(|worth| worth.level), "rank": worth.map(|worth| worth.rank),
            "detecting": worth.map(|worth| worth.detecting), "may_block": worth.map(|worth| worth.blocking.value),
            "because": because, "blocking_because": blocking, "claims": claims,
            "findings": view.findings.iter().map(|row| row.id.to_string()).collect::<Vec<_>>(),
        }))?;
        return Ok(if worth.is_some() { Exit::Ok } else { Exit::Failed });
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} {}", view.kind, view.value)?;
    let Some(worth) = worth else {
        writeln!(out, "No source says anything about it.")?;
        return Ok(Exit::Failed);
    };
    let seen = match worth.detecting {
        Detecting::No => "a sighting says nothing",
        Detecting::Count => "sightings are counted",
        Detecting::Alert => "a sighting is a finding",
        Detecting::Targeted => "it is ours: somebody has to look",
    };
    writeln!(out, "{} % sure, {}, rank {} of 1000; {seen}", worth.confidence.percent(), worth.level, worth.rank)?;
    because.iter().try_for_each(|reason| writeln!(out, "  {reason}"))?;
    writeln!(out, "It may {}be blocked:", if worth.blocking.value { "" } else { "not " })?;
    blocking.iter().try_for_each(|reason| writeln!(out, "  {reason}"))?;
    if !view.findings.is_empty() {
        writeln!(out, "Found here:")?;
        for row in &view.findings {
            writeln!(out, "  {} {} {}", row.time, row.level, row.title)?;
        }
    }
    Ok(Exit::Ok)
}

pub(super) async fn objects(opened: &Opened, kind: Option<&str>, rows_max: usize, is_json: bool) -> Result<Exit> {
    let mut out = std::io::stdout().lock();
    let Some(kind) = kind else {
        for (kind, many) in opened.office.intel_object_counts(&opened.ctx).await? {
            match is_json {
                true => writeln!(out, "{}", json!({ "type": kind, "count": many }))?,
                false => writeln!(out, "{:>10}  {kind}", count(many))?,
            }
        }
        return Ok(Exit::Ok);
    };
    let found = opened.office.intel_objects(&opened.ctx, kind, ("", ""), rows_max).await?;
    for kept in &found {
        match is_json {
            true => writeln!(out, "{}", kept.object.body)?,
            false => writeln!(out, "{:60} {}", kept.object.name, kept.object.id)?,
        }
    }
    Ok(if found.is_empty() { Exit::Failed } else { Exit::Ok })
}
