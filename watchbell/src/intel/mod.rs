//! `watchbell intel`: intelligence from files, what is known about a thing, what people say of it, and what they report.

pub(crate) mod back;
mod blast;
mod brief;
pub(crate) mod index;
mod load;
mod matching;
mod report;
pub(crate) mod show;

use std::io::Write;

use anyhow::{Context, Result};
use engine::office::Sighted;
use model::{Marking, OpContext};

use crate::cli::{IntelArgs, IntelCommand, WhoseArgs};
use crate::config::Config;
use crate::exit::Exit;
use crate::node;

/// An installation, opened for a command.
pub(crate) struct Opened {
    pub(crate) config: Config,
    pub(crate) ctx: OpContext,
    pub(crate) state: store::state::State,
    pub(crate) office: engine::office::Office,
}

pub(crate) async fn open(whose: &WhoseArgs) -> Result<Opened> {
    let (config, ctx) = whose.open()?;
    config.make_data_dir()?;
    let state = node::state(&config).await?;
    let office = node::office(&config, &state).await?;
    back::tell(&config, &office);
    Ok(Opened { config, ctx, state, office })
}

pub(crate) fn run(arguments: &IntelArgs) -> Result<Exit> {
    if let IntelCommand::Match { pattern, file, json } = &arguments.command {
        return matching::run(pattern, file, *json);
    }
    node::runtime()?.block_on(async {
        match &arguments.command {
            IntelCommand::Load { .. } | IntelCommand::Match { .. } => load::run(&arguments.command).await,
            IntelCommand::Blast { file, mapping, whose, rows, json } => {
                blast::run(&open(whose).await?, (file, mapping), *rows, *json).await
            }
            IntelCommand::Actors { whose, json } => brief::actors(&open(whose).await?, *json).await,
            IntelCommand::Brief { month, whose, form } => brief::brief(&open(whose).await?, *month, form).await,
            IntelCommand::Sources { whose, json } => show::sources(&open(whose).await?, *json).await,
            IntelCommand::Pause { name, whose } => pause(&open(whose).await?, name, true).await,
            IntelCommand::Resume { name, whose } => pause(&open(whose).await?, name, false).await,
            IntelCommand::Remove { name, whose } => remove(&open(whose).await?, name).await,
            IntelCommand::Show { value, whose, json } => show::indicator(&open(whose).await?, value, *json).await,
            IntelCommand::Seen { value, tlp, pap, groups, whose } => {
                let opened = open(whose).await?;
                let marking = Marking { tlp: *tlp, pap: *pap };
                sight(&opened, value, false, &Sighted { at: opened.ctx.now, marking, groups }).await
            }
            IntelCommand::Harmless { value, whose } => {
                let opened = open(whose).await?;
                let sighted = Sighted { at: opened.ctx.now, marking: Marking::default(), groups: &[] };
                sight(&opened, value, true, &sighted).await
            }
            IntelCommand::Ask { value, peer, tier, whose, json } => {
                crate::peers::ask::run(&open(whose).await?, value, peer.as_deref(), *tier, *json).await
            }
            IntelCommand::Report(arguments) => report::run(arguments).await,
            IntelCommand::Review { whose, json } => review(&open(whose).await?, *json).await,
            IntelCommand::Objects { kind, whose, rows, json } => {
                show::objects(&open(whose).await?, kind.as_deref(), *rows, *json).await
            }
        }
    })
}

pub(crate) async fn pause(opened: &Opened, name: &str, is_paused: bool) -> Result<Exit> {
    opened.office.pause_intel_source(&opened.ctx, name, is_paused).await.context("cannot change the source")?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("{name} is {}", if is_paused { "not asked any more for now" } else { "asked again" });
    Ok(Exit::Ok)
}

pub(crate) async fn remove(opened: &Opened, name: &str) -> Result<Exit> {
    let source = opened.office.intel_source(&opened.ctx, name).await.context("cannot remove the source")?;
    let claims = opened.office.remove_intel_source(&opened.ctx, name).await.context("cannot remove the source")?;
    opened.config.drop_feed_dir(&source.agency, source.number)?;
    index::write(&opened.config, &opened.office, &opened.ctx).await?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("removed: {name}, with {}", crate::words::counted(claims, "claim"));
    Ok(Exit::Ok)
}

async fn sight(opened: &Opened, value: &str, is_false: bool, sighted: &Sighted<'_>) -> Result<Exit> {
    opened.office.sight_marked(&opened.ctx, value, is_false, sighted).await.context("cannot keep that")?;
    node::sign(&opened.config, &opened.state).await?;
    // Whether or not anybody else says anything about it: it is kept.
    show::indicator(opened, value, false).await.map(|_| Exit::Ok)
}

/// Everything that is known, held against what the city is.
async fn review(opened: &Opened, is_json: bool) -> Result<Exit> {
    let is_known = opened.office.city(&opened.ctx).is_known();
    anyhow::ensure!(
        is_known,
        "nothing is known of the city; hint: names, domains, addresses in [city] of the configuration"
    );
    let of_objects = opened.office.review(&opened.ctx).await.context("cannot look through what is known")?;
    // Own addresses on others' lists are found where claims are weighed.
    index::write(&opened.config, &opened.office, &opened.ctx).await?;
    node::sign(&opened.config, &opened.state).await?;
    match is_json {
        true => say(&serde_json::json!({ "findings": of_objects }))?,
        false => eprintln!("{} about the city itself", crate::words::counted(of_objects as u64, "new finding")),
    }
    Ok(Exit::Ok)
}

/// Says on stdout, one JSON object a line.
pub(crate) fn say(line: &impl serde::Serialize) -> Result<()> {
    writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(line)?)?;
    Ok(())
}
