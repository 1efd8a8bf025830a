//! `watchbell hunts`: saved hunts by name.

use std::io::Write;

use anyhow::{Context, Result};

use crate::cli::{HuntsArgs, HuntsCommand};
use crate::exit::Exit;
use crate::node;

pub(crate) fn run(arguments: &HuntsArgs) -> Result<Exit> {
    let (HuntsCommand::List { whose, .. } | HuntsCommand::Save { whose, .. } | HuntsCommand::Remove { whose, .. }) =
        &arguments.command;
    let (config, ctx) = whose.open()?;
    node::runtime()?.block_on(async {
        let state = node::state(&config).await?;
        match &arguments.command {
            HuntsCommand::Save { name, sql, .. } => {
                state.save_hunt(&ctx, name, sql).await.context("cannot save the hunt")?;
                node::sign(&config, &state).await?;
                eprintln!("saved: {name}; ask it with: watchbell hunt --saved {name:?}");
            }
            HuntsCommand::Remove { name, .. } => {
                state.remove_hunt(&ctx, name).await.context("cannot remove the hunt")?;
                node::sign(&config, &state).await?;
                eprintln!("removed: {name}");
            }
            HuntsCommand::List { json, .. } => {
                let mut out = std::io::stdout().lock();
                for hunt in state.saved_hunts(&ctx).await.context("cannot read saved hunts")? {
                    if *json {
                        let line = serde_json::json!({
                            "name": hunt.name, "query": hunt.query, "changed_by": hunt.changed_by,
                            "changed": hunt.changed.to_string(),
                        });
                        writeln!(out, "{line}")?;
                    } else {
                        writeln!(
                            out,
                            "{:24} {}",
                            hunt.name,
                            hunt.query.split_whitespace().collect::<Vec<_>>().join(" ")
                        )?;
                    }
                }
            }
        }
        Ok(Exit::Ok)
    })
}
