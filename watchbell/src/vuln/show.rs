//! Vulnerabilities on items in the terminal.

use std::io::Write;

use anyhow::{Context, Result};
use engine::office::{VulnerabilitiesAsked, VulnerabilityView};
use model::limits;
use model::vulnerability::Instance;
use serde_json::{Value, json};

use crate::cli::VulnListArgs;
use crate::exit::Exit;
use crate::intel::{Opened, say, show::table};
use crate::words::{count, counted};

/// An instance as JSON, with the words of VEX.
pub(super) fn instance_json(one: &Instance) -> Value {
    json!({
        "id": one.id, "item": one.item, "status": one.status.vex(),
        "found_by": one.found_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "reasons": one.reasons, "fixed_in": one.fixed_in,
        "likelihood": one.likelihood, "likelihood_reasons": one.likelihood_reasons,
        "cvss_score": one.cvss_score, "cvss_vector": one.cvss_vector,
        "is_exploited": one.is_exploited, "exploited_since": one.exploited_since,
        "first_seen": one.first_seen.to_string(), "checked": one.checked.to_string(),
    })
}

fn view_json(view: &VulnerabilityView) -> Value {
    let mut value = instance_json(&view.instance);
    value["item_title"] = json!(view.item.title);
    value["harm"] = json!(view.harm.as_ref().map(|harm| harm.value));
    value["harm_reasons"] = json!(view.harm.as_ref().map(|harm| &harm.because));
    value["due"] = json!(view.due.day);
    value["standing"] = json!(view.due.standing.to_string());
    value["is_overdue"] = json!(view.instance.is_open() && view.due.is_overdue());
    value["is_accepted"] = json!(view.is_accepted());
    value["due_reasons"] = json!(view.due.because.iter().map(ToString::to_string).collect::<Vec<_>>());
    value["looked_at"] = json!(view.looked_at.to_string());
    value
}

pub(super) async fn list(opened: &Opened, arguments: &VulnListArgs) -> Result<Exit> {
    let harms = opened.office.harms(&opened.ctx).await.context("cannot read the harm")?;
    let mut asked = VulnerabilitiesAsked {
        text: arguments.text.clone(),
        item: arguments.item.clone(),
        is_overdue: arguments.overdue.then_some(true),
        with_settled: arguments.settled,
        ..VulnerabilitiesAsked::default()
    };
    let mut rows = Vec::new();
    let page = loop {
        asked.rows_max = (arguments.top - rows.len()).min(limits::INSTANCES_PAGE_MAX);
        let page = opened.office.vulnerabilities(&opened.ctx, &asked, &harms).await;
        let mut page = page.context("cannot read vulnerabilities")?;
        rows.append(&mut page.rows);
        match page.next.filter(|_| rows.len() < arguments.top) {
            Some(next) => asked.skip = next,
            None => break page,
        }
    };
    if arguments.json {
        rows.iter().try_for_each(|view| say(&view_json(view)))?;
        return Ok(Exit::Ok);
    }
    print(&rows)?;
    let counts = page.counts;
    eprintln!(
        "{}; overdue {}, exploited {}, accepted {} ({} end soon)",
        counted(page.total, "row"),
        count(counts.overdue),
        count(counts.exploited),
        count(counts.accepted),
        count(counts.ending_soon)
    );
    eprintln!(
        "items: {} checked, {} stale, {} not checked",
        count(counts.items_checked),
        count(counts.items_stale),
        count(counts.items_not_checked)
    );
    Ok(Exit::Ok)
}

fn print(rows: &[VulnerabilityView]) -> Result<()> {
    let mut shown = table(&["vulnerability", "item", "harm a year", "due", "stands", "status", "looked at", "why"]);
    for view in rows {
        let one = &view.instance;
        let exploited = if one.is_exploited == Some(true) { " (exploited)" } else { "" };
        shown.add_row([
            format!("{}{exploited}", one.id),
            one.item.to_string(),
            view.harm.as_ref().map_or_else(|| "not known".to_owned(), |harm| count(harm.value.round() as u64)),
            view.due.day.to_string(),
            if one.is_open() { view.due.standing.to_string() } else { "settled".to_owned() },
            one.status.text().to_owned(),
            view.looked_at.word().to_owned(),
            one.reasons.first().cloned().unwrap_or_default(),
        ]);
    }
    writeln!(std::io::stdout().lock(), "{shown}")?;
    Ok(())
}

/// What a check that keeps nothing found.
pub(super) fn instances(found: &[&Instance]) -> Result<()> {
    let mut shown = table(&["vulnerability", "item", "status", "likelihood", "why"]);
    for one in found {
        shown.add_row([
            one.id.to_string(),
            one.item.to_string(),
            one.status.text().to_owned(),
            one.likelihood.map_or_else(|| "not ranked".to_owned(), |likelihood| format!("{likelihood:.3}")),
            one.reasons.first().cloned().unwrap_or_default(),
        ]);
    }
    writeln!(std::io::stdout().lock(), "{shown}")?;
    Ok(())
}
