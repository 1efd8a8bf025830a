//! A run of a feed: fetched or read, gathered, and brought together with what it said before.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use connect::feeds::schedule::Chance;
use connect::feeds::{Feed, FeedConfig, FeedKind, Schedule};
use connect::fetch::{Conditional, FetchError, Fetched};
use engine::intel::{Gathered, Gatherer, IntelFormat, SourceHealth, SourceTerms};
use engine::office::{IntelSource, Office};
use engine::unpack;
use formats::intel::list::ListMapping;
use model::doors::Clock;
use model::{OpContext, limits};
use serde::{Deserialize, Serialize};
use store::state::MergeKind;

use crate::config::Config;
use crate::node::SystemClock;

/// The part of a source's configuration that says how it is asked. The rest is the engine's: [`SourceTerms`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FeedSettings {
    pub(crate) feed: FeedConfig,
}

impl FeedSettings {
    /// Those of a source; `None` for one that nobody asks by itself.
    pub(crate) fn of(source: &IntelSource) -> Option<Self> {
        serde_json::from_str(&source.config).ok()
    }
}

/// What a run leaves for the next one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct FeedMemory {
    conditional: Conditional,
    schedule: Option<Schedule>,
}

impl FeedMemory {
    fn of(source: &IntelSource) -> Self {
        serde_json::from_str(&source.memory).unwrap_or_default()
    }
}

/// How the answers of such a feed are written; `None` for those that are a conversation, which nobody leads yet.
pub(crate) const fn format(kind: FeedKind) -> Option<IntelFormat> {
    match kind {
        FeedKind::List => Some(IntelFormat::List),
        FeedKind::Stix => Some(IntelFormat::Stix),
        FeedKind::Kev => Some(IntelFormat::Kev),
        FeedKind::Csaf => Some(IntelFormat::Csaf),
        FeedKind::Leaks => Some(IntelFormat::Leaks),
        FeedKind::Nmap => Some(IntelFormat::Nmap),
        FeedKind::Nuclei => Some(IntelFormat::Nuclei),
        _ => None,
    }
}

/// Whether a feed should run now.
pub(crate) fn is_due(source: &IntelSource, settings: &FeedSettings) -> bool {
    let is_asked = source.paused.is_none() && source.removed.is_none() && format(settings.feed.kind).is_some();
    let schedule = FeedMemory::of(source).schedule;
    is_asked && schedule.is_none_or(|schedule| schedule.is_due(SystemClock.now()))
}

/// What came.
pub(crate) enum Came {
    /// The same as the last time.
    NotModified,
    /// Something, as it was gathered.
    Gathered(Box<Gathered>, u64, Conditional),
}

/// Fetches or reads a feed, and keeps nothing of it.
///
/// # Errors
/// When it cannot be fetched or read.
pub(crate) async fn look(
    config: &Config,
    source: &IntelSource,
    settings: &FeedSettings,
    conditional: Conditional,
) -> Result<Came> {
    let kind = settings.feed.kind;
    let Some(format) = format(kind) else { bail!("feeds of this kind are not run yet") };
    let mapping = match &settings.feed.mapping {
        Some(mapping) => serde_json::from_value(mapping.clone()).context("the mapping of columns")?,
        None => ListMapping::plain(),
    };
    let open = settings.feed.clone();
    let feed = tokio::task::spawn_blocking(move || Feed::open(&open)).await??;
    let (path, conditional, is_ours) = match (feed, &settings.feed.path) {
        (Some(feed), _) => {
            // The watch and a command may ask the same feed at once.
            let name = format!("feed-{}-{}-{}.part", source.agency, source.number, std::process::id());
            let path = config.data_dir.join(name);
            // Left behind by a run that was cut off.
            std::fs::remove_file(&path).ok();
            match feed.fetch_to_file(conditional, &path).await? {
                Fetched::NotModified => return Ok(Came::NotModified),
                Fetched::Body(received) => (received.body, received.conditional, true),
            }
        }
        (None, Some(path)) => (path.clone(), Conditional::default(), false),
        (None, None) => bail!("it has neither url nor path"),
    };
    let items_max = usize::try_from(settings.feed.limits.items).unwrap_or(usize::MAX);
    let gatherer = Gatherer::new(SourceTerms::of(source).defaults(), items_max);
    let bytes_max = settings.feed.limits.bytes;
    let gathered = tokio::task::spawn_blocking(move || gather(&path, is_ours, (format, &mapping), bytes_max, gatherer));
    let (gathered, bytes) = gathered.await??;
    Ok(Came::Gathered(Box::new(gathered), bytes, conditional))
}

fn gather(
    path: &PathBuf,
    is_ours: bool,
    (format, mapping): (IntelFormat, &ListMapping),
    bytes_max: u64,
    mut gatherer: Gatherer,
) -> Result<(Gathered, u64)> {
    let read = read(path, bytes_max.min(limits::LIST_FILE_BYTES_MAX));
    if is_ours {
        std::fs::remove_file(path).ok();
    }
    let bytes = read?;
    format.read(&bytes, mapping, &mut gatherer);
    Ok((gatherer.finish(), bytes.len() as u64))
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reader = unpack::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    reader.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= bytes_max, "more than {bytes_max} bytes; hint: limits.bytes of the feed");
    Ok(bytes)
}

/// Runs a feed and keeps what it brought, how it went, and when it runs next; says whether anything changed, so that the index has to be
/// written anew. A run that went wrong is no error of ours: it is in its health.
///
/// # Errors
/// When the state or the system refuses.
pub(crate) async fn run(
    config: &Config,
    office: &Office,
    ctx: &OpContext,
    source: &IntelSource,
    settings: &FeedSettings,
) -> Result<(SourceHealth, bool)> {
    let started = Instant::now();
    let mut memory = FeedMemory::of(source);
    let mut health = SourceHealth { last_try: Some(ctx.now), ..SourceHealth::of(source) };
    let mut has_changed = false;
    let interval = settings.feed.interval;
    let mut schedule = memory.schedule.unwrap_or_else(|| Schedule::new(interval, ctx.now, chance()));
    match look(config, source, settings, memory.conditional.clone()).await {
        Ok(came) => {
            if let Came::Gathered(gathered, bytes, conditional) = came {
                health.brought = office.bring(ctx, source, (MergeKind::Whole, &gathered), |_| {}).await?;
                has_changed = !health.brought.is_nothing();
                health.tally = gathered.tally;
                health.bytes = bytes;
                memory.conditional = conditional;
            }
            (health.last_success, health.error, health.failures) = (Some(ctx.now), None, 0);
            schedule.succeeded(ctx.now, chance());
        }
        Err(error) => {
            let retry_after = error.downcast_ref::<FetchError>().and_then(FetchError::retry_after);
            schedule.failed(ctx.now, retry_after, chance());
            (health.error, health.failures) = (Some(format!("{error:#}")), schedule.failures());
        }
    }
    health.millis = started.elapsed().as_millis() as u64;
    health.next = schedule.next_run();
    memory.schedule = Some(schedule);
    let (memory, text) = (serde_json::to_string(&memory)?, serde_json::to_string(&health)?);
    office.keep_intel_run(ctx, source.number, (&memory, &text)).await?;
    Ok((health, has_changed))
}

fn chance() -> Chance {
    let mut bytes = [0; 4];
    // Without random numbers, runs are as far apart as their interval says.
    getrandom::fill(&mut bytes).ok();
    Chance(u32::from_le_bytes(bytes))
}
