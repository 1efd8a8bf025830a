//! A run of a feed: fetched or read, gathered, and brought together with what it said before.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use connect::feeds::misp::{self, MispError};
use connect::feeds::schedule::Chance;
use connect::feeds::taxii::{self, TaxiiError};
use connect::feeds::{Feed, FeedConfig, FeedKind, Schedule};
use connect::fetch::{Conditional, FetchError, Fetched};
use engine::intel::{Gathered, Gatherer, IntelFormat, SourceHealth, SourceTerms};
use engine::office::{IntelSource, Office};
use engine::unpack;
use formats::intel::list::ListMapping;
use model::doors::Clock;
use model::{OpContext, limits};
use serde::{Deserialize, Serialize};

use super::talk::{self, Progress, Talk};
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
pub(super) struct FeedMemory {
    pub(super) conditional: Conditional,
    pub(super) schedule: Option<Schedule>,
    /// Where to go on in each collection of a TAXII server, by its address.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) taxii: BTreeMap<String, taxii::Cursor>,
    /// Where to go on in a MISP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) misp: Option<misp::Cursor>,
    /// The last prefix of hashes that was asked for, in a run that is not at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prefix: Option<String>,
}

impl FeedMemory {
    pub(super) fn of(source: &IntelSource) -> Self {
        serde_json::from_str(&source.memory).unwrap_or_default()
    }
}

/// How the answers of such a feed are written.
pub(crate) fn format(kind: FeedKind) -> Result<IntelFormat> {
    Ok(match kind {
        FeedKind::List | FeedKind::Hibp => IntelFormat::List,
        FeedKind::Stix | FeedKind::Taxii => IntelFormat::Stix,
        FeedKind::Misp | FeedKind::MispRest => IntelFormat::Misp,
        FeedKind::Kev => IntelFormat::Kev,
        FeedKind::Csaf => IntelFormat::Csaf,
        FeedKind::Leaks => IntelFormat::Leaks,
        FeedKind::Nmap => IntelFormat::Nmap,
        FeedKind::Nuclei => IntelFormat::Nuclei,
        FeedKind::NewDomains => IntelFormat::NewDomains,
        _ => bail!("feeds of this kind are not run"),
    })
}

/// Whether a feed should run now.
pub(crate) fn is_due(source: &IntelSource, settings: &FeedSettings) -> bool {
    let is_asked = source.paused.is_none() && source.removed.is_none() && format(settings.feed.kind).is_ok();
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

/// A feed that is to be run, and everything that takes.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) config: &'a Config,
    pub(crate) office: &'a Office,
    pub(crate) ctx: &'a OpContext,
    pub(crate) source: &'a IntelSource,
    pub(crate) settings: &'a FeedSettings,
}

impl Asked<'_> {
    /// Its settings, opened: secrets and certificates are read. `None` for a file on this machine.
    pub(super) async fn open(&self) -> Result<Option<Feed>> {
        let config = self.settings.feed.clone();
        Ok(tokio::task::spawn_blocking(move || Feed::open(&config)).await??)
    }

    /// Gathers so many items for this feed, held against the city.
    pub(super) fn gatherer(&self, items_max: usize) -> Gatherer {
        let gatherer = Gatherer::new(SourceTerms::of(self.source).defaults(), items_max);
        gatherer.watching(self.office.city(self.ctx), &self.source.name)
    }
}

/// Fetches or reads a feed that is one file, and keeps nothing of it.
///
/// # Errors
/// When it cannot be fetched or read.
pub(crate) async fn look(asked: &Asked<'_>, conditional: Conditional) -> Result<Came> {
    let Asked { config, source, settings, .. } = *asked;
    let format = format(settings.feed.kind)?;
    if format == IntelFormat::NewDomains {
        ensure!(asked.office.city(asked.ctx).has_names(), NO_NAMES);
    }
    let mapping = match &settings.feed.mapping {
        Some(mapping) => serde_json::from_value(mapping.clone()).context("the mapping of columns")?,
        None => ListMapping::plain(),
    };
    let (path, conditional, is_ours) = match (asked.open().await?, &settings.feed.path) {
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
    let gatherer = asked.gatherer(usize::try_from(settings.feed.limits.items).unwrap_or(usize::MAX));
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

/// What new domains need that nobody said.
pub(crate) const NO_NAMES: &str =
    "there are no names to compare new domains with; hint: names and domains in [city] of the configuration";

/// Runs a feed and keeps what it brought, how it went, and when it runs next; says whether anything changed, so that the index has to be
/// written anew. A run that went wrong is no error of ours: it is in its health. `progress` hears how far it has come.
///
/// # Errors
/// When the state or the system refuses.
pub(crate) async fn run(asked: &Asked<'_>, progress: &Progress) -> Result<(SourceHealth, bool)> {
    let Asked { office, ctx, source, settings, .. } = *asked;
    let started = Instant::now();
    let memory = FeedMemory::of(source);
    let mut schedule = memory.schedule.unwrap_or_else(|| Schedule::new(settings.feed.interval, ctx.now, chance()));
    let mut talk = Talk::new(*asked, memory, progress);
    let ended = if settings.feed.kind.is_one_file() { one_file(&mut talk).await } else { talk::lead(&mut talk).await };
    // What was gathered before it broke is good.
    let kept = talk.keep().await;
    let Talk { mut memory, mut health, has_changed, .. } = talk;
    match ended.and(kept) {
        Ok(()) => {
            (health.last_success, health.error, health.failures) = (Some(ctx.now), None, 0);
            schedule.succeeded(ctx.now, chance());
        }
        Err(error) => {
            schedule.failed(ctx.now, retry_after(&error), chance());
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

async fn one_file(talk: &mut Talk<'_>) -> Result<()> {
    let asked = talk.asked;
    let came = look(&asked, talk.memory.conditional.clone()).await?;
    let Came::Gathered(gathered, bytes, conditional) = came else { return Ok(()) };
    let merge = format(asked.settings.feed.kind)?.merge();
    let brought = asked.office.bring(asked.ctx, asked.source, (merge, &gathered), |_| {}).await?;
    talk.has_changed |= !brought.is_nothing();
    (talk.health.brought, talk.health.tally, talk.health.bytes) = (brought, gathered.tally, bytes);
    talk.memory.conditional = conditional;
    Ok(())
}

/// How long the server wants to be left alone, if it said so.
fn retry_after(error: &anyhow::Error) -> Option<Duration> {
    let of_fetch = error.downcast_ref::<FetchError>().and_then(FetchError::retry_after);
    let of_taxii = || error.downcast_ref::<TaxiiError>().and_then(TaxiiError::retry_after);
    let of_misp = || error.downcast_ref::<MispError>().and_then(MispError::retry_after);
    of_fetch.or_else(of_taxii).or_else(of_misp)
}

fn chance() -> Chance {
    let mut bytes = [0; 4];
    // Without random numbers, runs are as far apart as their interval says.
    getrandom::fill(&mut bytes).ok();
    Chance(u32::from_le_bytes(bytes))
}
