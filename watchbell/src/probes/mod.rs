//! `watchbell probe`: services, looked at from outside.

pub(crate) mod looks;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use comfy_table::{ContentArrangement, Table, presets};
use engine::office::{ProbeExpected, ProbeProblem, ProbeSettings, ProbeView};
use model::probe::{Observation, Outcome};
use serde_json::json;

use crate::cli::{ProbeAddArgs, ProbeArgs, ProbeCommand};
use crate::exit::Exit;
use crate::intel::{Opened, open, say};
use crate::node::{self, SystemClock};

pub(crate) fn run(arguments: &ProbeArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        match &arguments.command {
            ProbeCommand::Add(arguments) => add(&open(&arguments.whose).await?, arguments).await,
            ProbeCommand::List { whose, json } => list(&open(whose).await?, *json).await,
            ProbeCommand::Run { names, dry_run: true, whose, json } => would(&open(whose).await?, names, *json).await,
            ProbeCommand::Run { names, whose, json, .. } => look(&open(whose).await?, names, *json).await,
            ProbeCommand::Accept { name, problem, whose } => accept(&open(whose).await?, name, problem).await,
            ProbeCommand::Pause { name, whose } => pause(&open(whose).await?, name).await,
            ProbeCommand::Resume { name, whose } => resume(&open(whose).await?, name).await,
            ProbeCommand::Remove { name, dry_run: true, whose } => {
                let opened = open(whose).await?;
                let view = opened.office.probe(&opened.ctx, name).await.context("cannot read the probe")?;
                eprintln!("would remove {name}, which looks at {}", view.settings.place);
                Ok(Exit::Ok)
            }
            ProbeCommand::Remove { name, whose, .. } => remove(&open(whose).await?, name).await,
        }
    })
}

fn settings(arguments: &ProbeAddArgs) -> Result<ProbeSettings> {
    let mut expected = match &arguments.expect {
        Some(path) => read_expected(path)?,
        None => ProbeExpected::default(),
    };
    if expected.host.is_empty() {
        expected.host = looks::host_of(&arguments.place);
    }
    expected.control = arguments.control.clone().or(expected.control);
    expected.is_control |= arguments.is_control;
    let settings = ProbeSettings {
        kind: arguments.kind,
        place: arguments.place.clone(),
        server: arguments.server,
        interval_seconds: arguments.every,
        allow_private: arguments.allow_private.clone(),
        expected,
    };
    settings.check().map_err(anyhow::Error::msg).context("nobody can look like this")?;
    // What the connection would refuse is refused here.
    looks::look("check", "check", &settings)?;
    looks::rules(&settings)?;
    Ok(settings)
}

fn read_expected(path: &Path) -> Result<ProbeExpected> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} says not what is expected", path.display()))
}

async fn add(opened: &Opened, arguments: &ProbeAddArgs) -> Result<Exit> {
    let settings = settings(arguments)?;
    let (name, service) = (&arguments.name, &arguments.service);
    let line = json!({ "name": name, "service": service, "settings": settings });
    if arguments.dry_run {
        say(&line)?;
        return Ok(Exit::Ok);
    }
    match arguments.change {
        true => opened
            .office
            .change_probe(&opened.ctx, name, service, &settings)
            .await
            .context("cannot change the probe")?,
        false => {
            opened.office.add_probe(&opened.ctx, name, service, &settings).await.context("cannot add the probe")?
        }
    }
    node::sign(&opened.config, &opened.state).await?;
    if arguments.json {
        say(&line)?;
    } else {
        let what = if arguments.change { "changed" } else { "added" };
        eprintln!(
            "{what}: {name} looks at {} every {} s while the watch runs",
            settings.place, settings.interval_seconds
        );
    }
    Ok(Exit::Ok)
}

fn about(view: &ProbeView) -> serde_json::Value {
    let last = view.seen.first();
    json!({
        "name": view.probe.name, "service": view.probe.service, "kind": view.settings.kind.name(), "place": view.settings.place,
        "status": view.status(), "last": last.map(|(at, ..)| at.to_string()),
        "seen": last.map(|(_, _, seen)| seen.checks.clone()),
        "open": view.open.iter().map(|episode| json!({
            "problem": episode.problem, "since": episode.since.to_string(), "level": episode.level.name(), "because": episode.words,
        })).collect::<Vec<_>>(),
    })
}

async fn list(opened: &Opened, is_json: bool) -> Result<Exit> {
    let views = opened.office.probes(&opened.ctx).await.context("cannot read the probes")?;
    if is_json {
        views.iter().try_for_each(|view| say(&about(view)))?;
        return Ok(Exit::Ok);
    }
    if views.is_empty() {
        eprintln!("no probe yet; hint: watchbell probe add portal https://www.city.example/ --service welfare-portal");
        return Ok(Exit::Ok);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !io::IsTerminal::is_terminal(&io::stdout()) {
        table.force_no_tty();
        table.set_width(160);
    }
    table.set_header(["probe", "service", "looks at", "is", "last look", "saw"]);
    for view in &views {
        let last = view.seen.first();
        table.add_row([
            view.probe.name.clone(),
            view.probe.service.clone(),
            view.settings.place.clone(),
            view.open.first().map_or_else(|| view.status().to_owned(), |episode| episode.problem.clone()),
            last.map_or_else(|| "never".to_owned(), |(at, ..)| at.to_string()),
            last.map_or_else(String::new, |(_, _, seen)| seen.checks.join("; ")),
        ]);
    }
    writeln!(io::stdout().lock(), "{table}")?;
    Ok(Exit::Ok)
}

async fn wanted(opened: &Opened, names: &[String]) -> Result<Vec<ProbeView>> {
    let views = opened.office.probes(&opened.ctx).await.context("cannot read the probes")?;
    if let Some(unknown) = names.iter().find(|name| !views.iter().any(|view| view.probe.name == **name)) {
        bail!("there is no probe {unknown:?}; hint: watchbell probe list");
    }
    Ok(views.into_iter().filter(|view| names.is_empty() || names.contains(&view.probe.name)).collect())
}

async fn would(opened: &Opened, names: &[String], is_json: bool) -> Result<Exit> {
    for view in wanted(opened, names).await? {
        let (name, place) = (&view.probe.name, &view.settings.place);
        match is_json {
            true => say(&json!({ "probe": name, "place": place }))?,
            false => writeln!(io::stdout().lock(), "{name}: {place}")?,
        }
    }
    Ok(Exit::Ok)
}

/// One after another: a person waits, and no host is asked twice at once.
async fn look(opened: &Opened, names: &[String], is_json: bool) -> Result<Exit> {
    let mut has_failed = false;
    for view in wanted(opened, names).await? {
        let look = looks::look(&view.probe.name, &view.probe.service, &view.settings)?;
        let rules = looks::rules(&view.settings)?;
        let prober = connect::probe::Prober::new(&rules, looks::VANTAGE, Arc::new(SystemClock))?;
        for observation in prober.look(&look).await.observations {
            has_failed |= matches!(observation.outcome, Outcome::Failed(_));
            tell(&observation, is_json)?;
        }
    }
    Ok(if has_failed { Exit::Failed } else { Exit::Ok })
}

fn tell(observation: &Observation, is_json: bool) -> Result<()> {
    if is_json {
        return say(observation);
    }
    let words = engine::office::probes::words_of(&observation.outcome);
    writeln!(io::stdout().lock(), "{}: {}: {words}", observation.probe, observation.check)?;
    Ok(())
}

async fn accept(opened: &Opened, name: &str, problem: &str) -> Result<Exit> {
    let known = ProbeProblem::ALL.iter().copied().find(|known| known.word() == problem);
    let words = || ProbeProblem::ALL.iter().map(|known| known.word()).collect::<Vec<_>>().join(", ");
    let known = known.ok_or_else(|| anyhow!("{problem:?} is no problem; problems are {}", words()))?;
    opened.office.accept_probe(&opened.ctx, name, known).await.context("cannot accept it")?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("{name}: {problem} is over; what is usual is learnt anew");
    Ok(Exit::Ok)
}

async fn pause(opened: &Opened, name: &str) -> Result<Exit> {
    opened.office.pause_probe(&opened.ctx, name).await.context("cannot pause the probe")?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("paused: {name}");
    Ok(Exit::Ok)
}

async fn resume(opened: &Opened, name: &str) -> Result<Exit> {
    opened.office.resume_probe(&opened.ctx, name).await.context("cannot resume the probe")?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("looks again: {name}");
    Ok(Exit::Ok)
}

async fn remove(opened: &Opened, name: &str) -> Result<Exit> {
    opened.office.remove_probe(&opened.ctx, name).await.context("cannot remove the probe")?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("removed: {name}");
    Ok(Exit::Ok)
}
