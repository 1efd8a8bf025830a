//! `watchbell feed`: sources of intelligence that are asked again and again.

pub(crate) mod run;

use anyhow::{Context, Result, ensure};
use connect::feeds::{CredentialsConfig, FeedConfig};
use connect::fetch::Conditional;
use engine::intel::{SourceHealth, SourceTerms, list_mapping};
use engine::office::IntelSource;
use serde_json::{Value, json};
use store::state::NewIntelSource;

use crate::cli::{FeedAddArgs, FeedArgs, FeedCommand};
use crate::exit::Exit;
use crate::intel::{Opened, index, open, pause, remove, say, show};
use crate::words::{self, counted};
use crate::{node, progress};
use run::{Came, FeedSettings};

pub(crate) fn run(arguments: &FeedArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        match &arguments.command {
            FeedCommand::Add(arguments) => add(&open(&arguments.whose).await?, arguments).await,
            FeedCommand::List { whose, json } => show::sources(&open(whose).await?, *json).await,
            FeedCommand::Run { name, whose, json, quiet } => once(&open(whose).await?, name, *json, *quiet).await,
            FeedCommand::Test { name, whose, rows, json } => test(&open(whose).await?, name, *rows, *json).await,
            FeedCommand::Pause { name, whose } => pause(&open(whose).await?, name, true).await,
            FeedCommand::Resume { name, whose } => pause(&open(whose).await?, name, false).await,
            FeedCommand::Remove { name, whose } => remove(&open(whose).await?, name).await,
        }
    })
}

async fn add(opened: &Opened, arguments: &FeedAddArgs) -> Result<Exit> {
    ensure!(
        run::format(arguments.kind).is_some(),
        "feeds of this kind are not run yet; hint: list, stix, kev, csaf, leaks, nmap, nuclei"
    );
    let mut feed = FeedConfig::of_url(arguments.kind, arguments.url.clone().unwrap_or_default());
    feed.url = arguments.url.clone();
    feed.path = arguments.path.clone();
    feed.interval = arguments.every;
    feed.fetch.allow_http = arguments.allow_http;
    let allowed: Vec<Value> = arguments.allow_private.iter().map(|place| json!(place)).collect();
    feed.fetch.allow_private = serde_json::from_value(Value::Array(allowed)).context("--allow-private")?;
    feed.fetch.ca = arguments.ca.clone();
    feed.credentials = arguments.token_file.as_ref().map(|path| CredentialsConfig::Bearer { token_file: path.clone() });
    if let Some(mapping) = &arguments.mapping {
        let mapping = list_mapping(mapping).map_err(anyhow::Error::msg)?;
        feed.mapping = Some(serde_json::to_value(mapping)?);
    }
    let terms = SourceTerms::from(&arguments.terms);
    (feed.grade, feed.marking, feed.level) = (terms.grade, terms.marking, terms.level);
    feed.check().context("the feed cannot work like this")?;
    // Reads certificates and secrets, so that a wrong path is said now and not in the night.
    connect::feeds::Feed::open(&feed).context("the feed cannot work like this")?;
    let mut config = serde_json::to_value(terms)?;
    config["feed"] = serde_json::to_value(&feed)?;
    let kind = run::format(arguments.kind).map_or("feed", engine::intel::IntelFormat::name);
    let new = NewIntelSource { name: &arguments.name, kind, config: &config.to_string() };
    opened.office.add_intel_source(&opened.ctx, &new).await.context("cannot add the feed")?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!(
        "added: {}, asked every {}; the watch runs it within a minute, or now: watchbell feed run {}",
        arguments.name, arguments.every, arguments.name
    );
    Ok(Exit::Ok)
}

async fn found(opened: &Opened, name: &str) -> Result<(IntelSource, FeedSettings)> {
    let source = opened.office.intel_source(&opened.ctx, name).await?;
    let settings = FeedSettings::of(&source);
    let settings =
        settings.with_context(|| format!("{name} is no feed: it was loaded from files, and nobody asks it"))?;
    Ok((source, settings))
}

async fn once(opened: &Opened, name: &str, is_json: bool, quiet: bool) -> Result<Exit> {
    let (source, settings) = found(opened, name).await?;
    let spinner = progress::spinner(quiet);
    spinner.set_message(format!("asking {name}"));
    let (health, has_changed) = run::run(&opened.config, &opened.office, &opened.ctx, &source, &settings).await?;
    if has_changed {
        index::write(&opened.config, &opened.office, &opened.ctx).await?;
    }
    spinner.finish_and_clear();
    node::sign(&opened.config, &opened.state).await?;
    if is_json {
        say(&health)?;
    } else {
        tell(name, &health);
    }
    Ok(if health.error.is_some() { Exit::Failed } else { Exit::Ok })
}

fn tell(name: &str, health: &SourceHealth) {
    if let Some(error) = &health.error {
        eprintln!("{name}: {error}");
    } else {
        let claims = &health.brought.claims;
        eprintln!(
            "{name}: {} new, {} changed, {} gone, {} could not be read; {:.1} s",
            counted(claims.added, "indicator"),
            words::count(claims.changed),
            words::count(claims.gone + health.brought.taken_back),
            counted(health.tally.bad, "record"),
            health.millis as f64 / 1_000.0,
        );
    }
    if let Some(next) = health.next {
        eprintln!("asked again at {next}");
    }
}

/// Fetches and reads a feed, says what it would bring, and keeps nothing.
async fn test(opened: &Opened, name: &str, rows_max: usize, is_json: bool) -> Result<Exit> {
    let (source, settings) = found(opened, name).await?;
    let Came::Gathered(gathered, bytes, _) =
        run::look(&opened.config, &source, &settings, Conditional::default()).await?
    else {
        anyhow::bail!("the server says that nothing changed, though nobody asked");
    };
    let shown = gathered.claims.iter().take(rows_max);
    let rows: Vec<_> = shown
        .map(|claim| json!({ "kind": claim.kind, "value": claim.value, "label": claim.label, "confidence": claim.confidence }))
        .collect();
    if is_json {
        say(&json!({
            "bytes": bytes, "indicators": gathered.claims.len(), "objects": gathered.objects.len(),
            "tally": gathered.tally, "first": rows,
        }))?;
    } else {
        eprintln!(
            "{}: {} and {} in {}",
            name,
            counted(gathered.claims.len() as u64, "indicator"),
            counted(gathered.objects.len() as u64, "other object"),
            words::bytes(bytes)
        );
        gathered.tally.notes.iter().take(10).for_each(|note| eprintln!("  {note}"));
        rows.iter().try_for_each(say)?;
    }
    Ok(if gathered.claims.is_empty() && gathered.objects.is_empty() { Exit::Failed } else { Exit::Ok })
}
