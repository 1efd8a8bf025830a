//! `watchbell share`: what left, which sources are shared, and sharing groups.

use std::io::Write;

use anyhow::{Context, Result};
use engine::intel::SharedAs;
use engine::office::GroupAsked;
use serde_json::{Value, json};

use crate::cli::{GroupCommand, ShareArgs, ShareCommand, SharedRight};
use crate::exit::Exit;
use crate::intel::show::table;
use crate::intel::{Opened, open, say};
use crate::node;

pub(crate) fn run(arguments: &ShareArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        let opened = open(arguments.command.whose()).await?;
        let exit = dispatch(&opened, &arguments.command).await?;
        node::sign(&opened.config, &opened.state).await?;
        Ok(exit)
    })
}

async fn dispatch(opened: &Opened, command: &ShareCommand) -> Result<Exit> {
    let Opened { office, ctx, .. } = opened;
    match command {
        ShareCommand::Left { to, rows, json, .. } => left(opened, to.as_deref(), *rows, *json).await,
        ShareCommand::Source { name, shared, .. } => {
            let shared = match shared {
                SharedRight::Own => Some(SharedAs::Own),
                SharedRight::Given => Some(SharedAs::Given),
                SharedRight::Not => None,
            };
            office.share_source(ctx, name, shared).await.context("cannot change the source")?;
            eprintln!(
                "{name} is {}",
                if shared.is_some() { "shared, as far as each peer's agreement lets it" } else { "not shared" }
            );
            Ok(Exit::Ok)
        }
        ShareCommand::Key { .. } => {
            writeln!(std::io::stdout().lock(), "{}", office.sharing_key(ctx).await?)?;
            Ok(Exit::Ok)
        }
        ShareCommand::Group { command: GroupCommand::Set { name, members, tlp, days, .. } } => {
            let asked = GroupAsked { name, members, tlp: *tlp, days: *days };
            let document = office.set_sharing_group(ctx, &asked).await.context("cannot set the group")?;
            let many = document.membership.members.len() as u64;
            let words = crate::words::counted(many, "member");
            eprintln!("set: {name}, version {}, {words}", document.membership.version);
            Ok(Exit::Ok)
        }
        ShareCommand::Group { command: GroupCommand::List { json, .. } } => groups(opened, *json).await,
    }
}

async fn left(opened: &Opened, to: Option<&str>, rows_max: usize, is_json: bool) -> Result<Exit> {
    let departures =
        opened.office.departures(&opened.ctx, to, None, rows_max).await.context("cannot read what left")?;
    let mut rows = table(&["when", "to", "what", "about", "marking", "why"]);
    for (peer, departed) in &departures {
        let why: Value = serde_json::from_str(&departed.why).unwrap_or_default();
        let because = why.get("because").and_then(Value::as_array).cloned().unwrap_or_default();
        if is_json {
            say(&json!({
                "at": departed.added.to_string(), "to": peer, "what": departed.what, "about": departed.about,
                "object_id": departed.object_id, "tlp": departed.marking.tlp, "pap": departed.marking.pap,
                "because": because, "digest": departed.digest,
            }))?;
            continue;
        }
        let because: Vec<&str> = because.iter().filter_map(Value::as_str).collect();
        rows.add_row([
            departed.added.to_string(),
            peer.clone(),
            departed.what.clone(),
            departed.about.clone(),
            departed.marking.tlp.to_string(),
            because.join("; "),
        ]);
    }
    match (is_json, departures.is_empty()) {
        (true, _) => {}
        (false, true) => eprintln!("nothing left"),
        (false, false) => writeln!(std::io::stdout().lock(), "{rows}")?,
    }
    Ok(Exit::Ok)
}

async fn groups(opened: &Opened, is_json: bool) -> Result<Exit> {
    let mut rows = table(&["group", "owner", "version", "members", "up to", "ends", "problem"]);
    let groups = opened.office.sharing_groups(&opened.ctx).await?;
    for (group, document) in &groups {
        let membership = document.as_ref().map(|document| &document.membership);
        let members: Vec<String> = membership.iter().flat_map(|of| &of.members).map(ToString::to_string).collect();
        if is_json {
            say(&json!({
                "name": group.name, "owner": group.owner, "version": group.version, "members": members,
                "tlp": membership.map(|of| of.tlp), "until": membership.map(|of| of.until.to_string()),
                "problem": Some(&group.problem).filter(|problem| !problem.is_empty()),
            }))?;
            continue;
        }
        rows.add_row([
            group.name.clone(),
            group.owner.clone(),
            group.version.to_string(),
            members.join(", "),
            membership.map_or_else(String::new, |of| of.tlp.to_string()),
            membership.map_or_else(String::new, |of| of.until.to_string()),
            group.problem.clone(),
        ]);
    }
    match (is_json, groups.is_empty()) {
        (true, _) => {}
        (false, true) => eprintln!("no group yet; hint: watchbell share group set NAME --member PEER"),
        (false, false) => writeln!(std::io::stdout().lock(), "{rows}")?,
    }
    Ok(Exit::Ok)
}
