//! `watchbell feed`: sources of intelligence that are asked again and again.

pub(crate) mod door;
pub(crate) mod run;
mod talk;

use anyhow::{Context, Result, bail};
use connect::feeds::{CredentialsConfig, FeedConfig, FeedKind};
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
use run::{Asked, Came, FeedSettings};
use talk::Glance;

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
    let mut feed = FeedConfig::of_url(arguments.kind, arguments.url.clone().unwrap_or_default());
    feed.url = arguments.url.clone();
    feed.path = arguments.path.clone();
    feed.interval = arguments.every;
    feed.fetch.allow_http = arguments.allow_http;
    let allowed: Vec<Value> = arguments.allow_private.iter().map(|place| json!(place)).collect();
    feed.fetch.allow_private = serde_json::from_value(Value::Array(allowed)).context("--allow-private")?;
    feed.fetch.ca = arguments.ca.clone();
    feed.credentials = credentials(arguments);
    feed.collections.clone_from(&arguments.collection);
    if let Some(filter) = &arguments.filter {
        feed.filter = serde_json::from_str(filter).context("--filter is no JSON object")?;
    }
    feed.limits.bytes = arguments.bytes_max.unwrap_or(feed.limits.bytes);
    feed.limits.items = arguments.items_max.unwrap_or(feed.limits.items);
    if let Some(mapping) = &arguments.mapping {
        let mapping = list_mapping(mapping).map_err(anyhow::Error::msg)?;
        feed.mapping = Some(serde_json::to_value(mapping)?);
    }
    let terms = SourceTerms::from(&arguments.terms);
    (feed.grade, feed.marking, feed.level) = (terms.grade, terms.marking, terms.level);
    let config = config_text(&feed, terms)?;
    let kind = kind_name(arguments.kind);
    let new = NewIntelSource { name: &arguments.name, kind: &kind, config: &config };
    opened.office.add_intel_source(&opened.ctx, &new).await.context("cannot add the feed")?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!(
        "added: {}, asked every {}; the watch runs it within a minute, or now: watchbell feed run {}",
        arguments.name, arguments.every, arguments.name
    );
    Ok(Exit::Ok)
}

/// The configuration of a feed as it is kept.
///
/// # Errors
/// When it cannot work like this.
fn config_text(feed: &FeedConfig, terms: SourceTerms) -> Result<String> {
    feed.check().context("the feed cannot work like this")?;
    // Reads certificates and secrets, so that a wrong path is said now and not in the night.
    connect::feeds::Feed::open(feed).context("the feed cannot work like this")?;
    let mut config = serde_json::to_value(terms)?;
    config["feed"] = serde_json::to_value(feed)?;
    Ok(config.to_string())
}

/// What a kind is called in configurations.
fn kind_name(kind: FeedKind) -> String {
    let name = serde_json::to_value(kind).ok();
    name.as_ref().and_then(Value::as_str).unwrap_or("feed").to_owned()
}

fn credentials(arguments: &FeedAddArgs) -> Option<CredentialsConfig> {
    let bearer = arguments.token_file.clone().map(|token_file| CredentialsConfig::Bearer { token_file });
    let key = || {
        let (name, token_file) = (arguments.key_header.clone(), arguments.key_file.clone()?);
        Some(CredentialsConfig::Header { name, token_file })
    };
    let basic = || {
        let (user, password_file) = (arguments.user.clone()?, arguments.password_file.clone()?);
        Some(CredentialsConfig::Basic { user, password_file })
    };
    bearer.or_else(key).or_else(basic)
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
    let shown = spinner.clone();
    let say_progress = move |what: &str| shown.set_message(what.to_owned());
    let (health, has_changed) = run::run(&opened.asked(&source, &settings), &say_progress).await?;
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
    let (claims, brought) = (&health.brought.claims, &health.brought);
    eprintln!(
        "{name}: {} new, {} changed, {} gone, {} new or changed, {} could not be read; {:.1} s",
        counted(claims.added, "indicator"),
        words::count(claims.changed),
        words::count(claims.gone + brought.taken_back),
        counted(brought.objects, "other object"),
        counted(health.tally.bad, "record"),
        health.millis as f64 / 1_000.0,
    );
    if brought.findings > 0 {
        eprintln!("{} about the city itself; hint: watchbell findings", counted(brought.findings, "new finding"));
    }
    health.tally.notes.iter().take(NOTES_SHOWN).for_each(|note| eprintln!("  {note}"));
    if let Some(error) = &health.error {
        eprintln!("{name} failed: {error}");
    }
    if let Some(next) = health.next {
        eprintln!("asked again at {next}");
    }
}

/// Notes that are shown of a run.
const NOTES_SHOWN: usize = 10;

/// Fetches and reads a feed, or its beginning, says what it would bring, and keeps nothing.
async fn test(opened: &Opened, name: &str, rows_max: usize, is_json: bool) -> Result<Exit> {
    let (source, settings) = found(opened, name).await?;
    let asked = opened.asked(&source, &settings);
    let Glance { offered, gathered, bytes } = if settings.feed.kind.is_one_file() {
        match run::look(&asked, Conditional::default()).await? {
            Came::Gathered(gathered, bytes, _) => Glance { offered: Vec::new(), gathered: *gathered, bytes },
            Came::NotModified => bail!("the server says that nothing changed, though nobody asked"),
        }
    } else {
        talk::glance(&asked).await?
    };
    let shown = gathered.claims.iter().take(rows_max);
    let rows: Vec<_> = shown
        .map(|claim| json!({ "kind": claim.kind, "value": claim.value, "label": claim.label, "confidence": claim.confidence }))
        .collect();
    if is_json {
        say(&json!({
            "bytes": bytes, "offered": offered, "indicators": gathered.claims.len(), "objects": gathered.objects.len(),
            "concerns": gathered.concerns.len(), "tally": gathered.tally, "first": rows,
        }))?;
    } else {
        offered.iter().for_each(|what| eprintln!("{what}"));
        eprintln!(
            "{}: {}, {} and {} about the city in {}",
            name,
            counted(gathered.claims.len() as u64, "indicator"),
            counted(gathered.objects.len() as u64, "other object"),
            counted(gathered.concerns.len() as u64, "thing"),
            words::bytes(bytes)
        );
        gathered.tally.notes.iter().take(NOTES_SHOWN).for_each(|note| eprintln!("  {note}"));
        rows.iter().try_for_each(say)?;
    }
    let is_nothing = gathered.claims.is_empty() && gathered.objects.is_empty() && offered.is_empty();
    // A day without a look-alike is a good one.
    let is_quiet = settings.feed.kind == FeedKind::NewDomains && gathered.tally.items > 0;
    Ok(if is_nothing && !is_quiet { Exit::Failed } else { Exit::Ok })
}

impl Opened {
    pub(crate) fn asked<'a>(&'a self, source: &'a IntelSource, settings: &'a FeedSettings) -> Asked<'a> {
        Asked { config: &self.config, office: &self.office, ctx: &self.ctx, source, settings }
    }
}
