//! `watchbell hold`: legal holds.

use std::io::Write;

use anyhow::{Context, Result};

use crate::cli::{HoldArgs, HoldCommand};
use crate::exit::Exit;
use crate::{node, times};

pub(crate) fn run(arguments: &HoldArgs) -> Result<Exit> {
    let (HoldCommand::Place { whose, .. } | HoldCommand::List { whose, .. } | HoldCommand::Lift { whose, .. }) =
        &arguments.command;
    let (config, ctx) = whose.open()?;
    node::runtime()?.block_on(async {
        let state = node::state(&config).await?;
        match &arguments.command {
            HoldCommand::Place { name, from, to, reason, .. } => {
                let (from, to) = (times::parse(from, ctx.now)?, times::parse(to, ctx.now)?);
                state.place_hold(&ctx, (name, reason), (from, to)).await.context("cannot place the hold")?;
                node::sign(&config, &state).await?;
                eprintln!("held: what happened from {from} to {to} is not deleted until {name} is lifted");
            }
            HoldCommand::Lift { name, .. } => {
                state.lift_hold(&ctx, name).await.context("cannot lift the hold")?;
                node::sign(&config, &state).await?;
                eprintln!("lifted: {name}");
            }
            HoldCommand::List { json, .. } => {
                let mut out = std::io::stdout().lock();
                for hold in state.holds(&ctx).await.context("cannot read holds")? {
                    let (from, to) = (hold.from.to_string(), hold.upto.to_string());
                    if *json {
                        let line = serde_json::json!({
                            "name": hold.name, "from": from, "to": to, "reason": hold.reason,
                            "placed_by": hold.placed_by, "placed": hold.placed.to_string(),
                            "lifted": hold.lifted.as_ref().map(|(_, at)| at.to_string()),
                        });
                        writeln!(out, "{line}")?;
                    } else {
                        let state =
                            hold.lifted.map_or("in force".to_owned(), |(by, at)| format!("lifted by {by} {at}"));
                        writeln!(out, "{:24} {from} to {to}, {state}: {}", hold.name, hold.reason)?;
                    }
                }
            }
        }
        Ok(Exit::Ok)
    })
}
