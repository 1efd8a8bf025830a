//! Peers in the terminal.

use std::io::Write;

use anyhow::Result;
use engine::office::PeerView;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::intel::show::table;
use crate::intel::{Opened, say};
use crate::words::{count, counted};

fn as_json(view: &PeerView) -> Value {
    let refused: Vec<Value> = view
        .refused
        .iter()
        .map(|one| json!({ "what": one.what, "reason": one.reason, "times": one.times, "last": one.last.to_string() }))
        .collect();
    json!({
        "name": view.peer.name, "node": view.terms.node(&view.peer.name), "status": view.health.status(&view.peer),
        "terms": view.terms, "has_token": view.peer.has_secret(), "left": view.left, "refused": refused,
        "health": view.health,
    })
}

pub(super) async fn all(opened: &Opened, is_json: bool) -> Result<Exit> {
    let views = opened.office.peers(&opened.ctx).await?;
    let mut rows = table(&["peer", "is", "is told of", "up to", "left", "sightings", "claims", "whole", "why"]);
    for view in &views {
        if is_json {
            say(&as_json(view))?;
            continue;
        }
        let shares: Vec<&str> = view.terms.shares.iter().map(|kind| kind.name()).collect();
        let health = &view.health;
        rows.add_row([
            view.peer.name.clone(),
            health.status(&view.peer).to_owned(),
            if shares.is_empty() { "nothing".to_owned() } else { shares.join(", ") },
            view.terms.clearance.map_or_else(|| "nothing".to_owned(), |tlp| tlp.to_string()),
            count(view.left),
            count(health.sightings),
            count(health.claims),
            health.last_success.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            health.error.clone().unwrap_or_default(),
        ]);
    }
    match (is_json, views.is_empty()) {
        (true, _) => {}
        (false, true) => eprintln!("no peer yet; hint: watchbell peer add NAME --share sightings --clearance green"),
        (false, false) => writeln!(std::io::stdout().lock(), "{rows}")?,
    }
    Ok(Exit::Ok)
}

pub(super) async fn one(opened: &Opened, name: &str, is_json: bool) -> Result<Exit> {
    let view = opened.office.peer(&opened.ctx, name).await?;
    if is_json {
        say(&as_json(&view))?;
        return Ok(Exit::Ok);
    }
    let (terms, health) = (&view.terms, &view.health);
    let mut out = std::io::stdout().lock();
    let node = terms.node(name).map_or_else(String::new, |node| format!(" ({node})"));
    writeln!(out, "{name}{node}: {}", health.status(&view.peer))?;
    if let Some(error) = &health.error {
        writeln!(out, "  {error}")?;
    }
    let shares: Vec<&str> = terms.shares.iter().map(|kind| kind.name()).collect();
    let shares = if shares.is_empty() { "nothing".to_owned() } else { shares.join(", ") };
    let clearance = terms.clearance.map_or_else(|| "nothing".to_owned(), |tlp| tlp.to_string());
    writeln!(out, "is told of {shares}, up to {clearance}, heeds {}", terms.pap)?;
    writeln!(out, "{} left for it", count(view.left))?;
    for one in &view.refused {
        writeln!(out, "  {} did not: {}", counted(one.times, &one.what), one.reason)?;
    }
    writeln!(out, "{} and {} came", counted(health.claims, "claim"), counted(health.sightings, "sighting"))?;
    health.notes.iter().try_for_each(|note| writeln!(out, "  not read: {note}"))?;
    Ok(Exit::Ok)
}
