//! `watchbell intel actors` and `watchbell intel brief`: who fits what was seen, and the month for those who decide.

use std::io::Write;

use anyhow::{Context, Result};
use engine::intel::layout;
use engine::office::ACTOR_DAYS;
use model::Month;
use serde_json::json;

use super::{Opened, say};
use crate::exit::Exit;
use crate::words::counted;

pub(super) async fn actors(opened: &Opened, as_json: bool) -> Result<Exit> {
    let view = opened.office.actors(&opened.ctx).await?;
    let said = view.fit.verdict.to_string();
    if as_json {
        say(&json!({ "said": said, "days": ACTOR_DAYS, "known": view.known, "fit": view.fit, "seen": view.seen }))?;
        return Ok(Exit::Ok);
    }
    let mut out = std::io::stdout().lock();
    for one in &view.fit.ranked {
        let (score, low, high) = (one.score.get(), one.low.get(), one.high.get());
        writeln!(out, "{score:.2} ({low:.2} to {high:.2})  {} ({})", one.name, one.actor)?;
        for reason in one.because.iter().take(3) {
            writeln!(out, "    {reason}")?;
        }
    }
    drop(out);
    eprintln!(
        "{said}; {} of the last {ACTOR_DAYS} days, held against {}",
        counted(view.seen.len() as u64, "observation"),
        counted(view.known as u64, "known actor")
    );
    if view.known == 0 {
        eprintln!(
            "hint: load what is published: watchbell intel load attack enterprise-attack.json --format stix --grade A2"
        );
    }
    Ok(Exit::Ok)
}

pub(super) async fn brief(opened: &Opened, month: Option<Month>, form: &str) -> Result<Exit> {
    let month = month.or_else(|| Month::of(opened.ctx.now)).context("the clock is beyond the calendar")?;
    let (brief, figures) = opened.office.brief(&opened.ctx, month).await?;
    let base = opened.config.console_url()?;
    match form {
        "json" => say(&json!({ "month": brief.month, "sections": brief.sections, "figures": figures }))?,
        "html" => std::io::stdout().lock().write_all(layout::html(&brief, &base).as_bytes())?,
        _ => std::io::stdout().lock().write_all(layout::markdown(&brief, &base).as_bytes())?,
    }
    Ok(Exit::Ok)
}
