//! `watchbell erase`: one person's data, gone for good and proven to be gone (GDPR Art. 17).
//!
//! Needs the data folder to itself. First everything that waits in the journal is looked at and handed to the lake, so that
//! nothing can come back from there, and the journal is emptied; then findings and the lake's rows go. The proof is the same
//! search before (it must find the person) and after, over every place: journal, findings, what correlations remember, the
//! state's own file, and every decoded page of the lake. Backups are erased by those who keep them.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arc_swap::ArcSwap;
use engine::content::{Content, ContentPaths};
use engine::ingest::{Shelf, Watch, WatchOptions, WatchParts};
use lake::{ErasureTerm, Lake, Matcher};
use model::OpContext;
use store::journal::{JournalHandle, Offset, Piece};
use store::state::State;

use crate::cli::EraseArgs;
use crate::config::Config;
use crate::exit::Exit;
use crate::node::{self, SystemClock};
use crate::serve::{self, LakeShelf};
use crate::words;

/// Where a person is named, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
struct Places {
    journal_records: u64,
    findings: u64,
    lake_rows: u64,
    lake_rows_held: u64,
    correlation_memory: bool,
    state_file: bool,
}

impl Places {
    /// Whether the person is named nowhere but where a legal hold says so.
    fn is_free(&self) -> bool {
        let Places { journal_records, findings, lake_rows, lake_rows_held, correlation_memory, state_file } = *self;
        // The findings' texts are in the state's file: one that is held keeps the file from being free of them.
        journal_records == 0 && findings == 0 && lake_rows == lake_rows_held && !correlation_memory && !state_file
    }

    fn is_anywhere(&self) -> bool {
        *self != Places::default()
    }
}

pub(crate) fn run(arguments: &EraseArgs) -> Result<Exit> {
    node::runtime()?.block_on(erase(arguments))
}

fn terms(arguments: &EraseArgs) -> Vec<ErasureTerm> {
    let accounts = arguments.account.iter().cloned().map(ErasureTerm::Account);
    let emails = arguments.email.iter().cloned().map(ErasureTerm::Email);
    accounts.chain(emails).chain(arguments.address.iter().cloned().map(ErasureTerm::Address)).collect()
}

async fn erase(arguments: &EraseArgs) -> Result<Exit> {
    let terms = terms(arguments);
    if terms.is_empty() {
        bail!("name the person: --account, --email or --address");
    }
    let config = arguments.data.config()?;
    let ctx = node::context(arguments.agency.as_ref().unwrap_or(&config.agency), Some(&arguments.purpose))?;
    let state = node::state(&config).await?;
    let node_ctx = OpContext { agency: config.agency.clone(), ..ctx.clone() };
    let stopped = "the data folder is in use; hint: stop `watchbell serve` first";
    let (journal, journal_thread) = serve::open_journal(&config, &state, &node_ctx).await.context(stopped)?;
    let shelf = Arc::new(LakeShelf::new(config.lake_dir(), node::lake_options()));
    let lake = Arc::clone(shelf.lake().await.context(stopped)?);
    let job =
        Job { config: &config, ctx: &ctx, terms: &terms, matcher: Matcher::new(&terms)?, state: &state, lake: &lake };
    let before = job.search(&journal).await?;
    if arguments.dry_run || !before.is_anywhere() {
        journal_thread.close().context("closing the journal")?;
        report(arguments, &before, None)?;
        return Ok(Exit::Ok);
    }
    drain(&config, &state, &journal, &shelf).await?;
    journal.release(journal.next());
    job.forget(&journal).await?;
    let after = job.search(&journal).await?;
    journal_thread.close().context("closing the journal")?;
    tracing::info!(actor = %ctx.actor, "a person's data was erased");
    report(arguments, &before, Some(&after))?;
    Ok(if after.is_free() { Exit::Ok } else { Exit::Failed })
}

/// Lets everything that waits in the journal arrive where it belongs.
async fn drain(config: &Config, state: &State, journal: &JournalHandle, shelf: &Arc<LakeShelf>) -> Result<()> {
    let content = Content::read(&ContentPaths::from(&config.content), |_| {});
    let parts = WatchParts {
        journal: journal.clone(),
        state: state.clone(),
        shelf: Some(Arc::clone(shelf) as Arc<dyn Shelf>),
        content: Arc::new(ArcSwap::from_pointee(content)),
        clock: Arc::new(SystemClock),
        runtime: tokio::runtime::Handle::current(),
    };
    let options = WatchOptions { threads: 1, memory: config.memory_file(), agency: config.agency.clone() };
    let watch = Watch::start(parts, &options).await.context("cannot start the watch")?;
    let caught_up = watch.caught_up(journal).await;
    watch.stop().await;
    caught_up.map_err(|reason| anyhow::anyhow!("what waits in the journal cannot be handed on: {reason}"))
}

struct Job<'a> {
    config: &'a Config,
    ctx: &'a OpContext,
    terms: &'a [ErasureTerm],
    matcher: Matcher,
    state: &'a State,
    lake: &'a Lake,
}

impl Job<'_> {
    /// Where the person is named now.
    async fn search(&self, journal: &JournalHandle) -> Result<Places> {
        let holds = self.holds().await?;
        let lake = self.lake.search_personal(&self.ctx.agency, self.terms, &holds).await?;
        let findings = self.state.findings_naming(self.ctx, |text| self.matcher.is_in(text)).await?;
        Ok(Places {
            journal_records: self.in_journal(journal)?,
            findings: findings.len() as u64,
            lake_rows: lake.hits_total,
            lake_rows_held: lake.hits_held.values().sum(),
            correlation_memory: self.in_file(&self.config.memory_file())?,
            state_file: self.in_state_file()?,
        })
    }

    /// Deletes: findings, what correlations remember, damaged pieces that nobody can search, rows of the lake.
    async fn forget(&self, journal: &JournalHandle) -> Result<()> {
        let named = self.state.findings_naming(self.ctx, |text| self.matcher.is_in(text)).await?;
        self.state.erase_findings(self.ctx, &named).await?;
        for path in [self.config.memory_file(), self.config.journal_dir().join("quarantine")] {
            let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot delete {}", path.display()));
                }
                _ => {}
            }
        }
        self.lake.erase(self.ctx, self.terms, &self.holds().await?).await?;
        // The journal's thread removes segments at its own pace; the search afterwards must not outrun it.
        for _ in 0..100 {
            if journal.first() >= journal.next() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn holds(&self) -> Result<Vec<lake::LegalHold>> {
        serve::holds(self.state, self.config, self.ctx.now).await.map_err(|error| anyhow::anyhow!(error))
    }

    fn in_journal(&self, journal: &JournalHandle) -> Result<u64> {
        let mut reader = journal.reader(Offset(0));
        let mut found = 0;
        while let Some(piece) = reader.next_piece()? {
            let Piece::Block(block) = piece else { continue };
            let theirs = block.records().filter(|record| *record.agency == self.ctx.agency);
            found += theirs.filter(|record| self.matcher.is_in(record.body)).count() as u64;
        }
        Ok(found)
    }

    fn in_file(&self, path: &Path) -> Result<bool> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(self.matcher.is_in(&bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot search {}", path.display())),
        }
    }

    /// The pages of SQLite's file and its log, those that nothing points at any more included.
    fn in_state_file(&self) -> Result<bool> {
        let file = self.config.state_file();
        let log = file.with_extension("db-wal");
        Ok(self.in_file(&file)? || self.in_file(&log)?)
    }
}

fn report(arguments: &EraseArgs, before: &Places, after: Option<&Places>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let complete = after.map(Places::is_free);
        writeln!(out, "{}", serde_json::json!({ "before": before, "after": after, "complete": complete }))?;
        return Ok(());
    }
    let tell = |places: &Places| {
        let mut held = String::new();
        if places.lake_rows_held > 0 {
            held = format!(" ({} of them kept by a legal hold)", words::count(places.lake_rows_held));
        }
        format!(
            "{} in the journal, {}, {} in the lake{held}",
            words::counted(places.journal_records, "record"),
            words::counted(places.findings, "finding"),
            words::counted(places.lake_rows, "place"),
        )
    };
    writeln!(out, "before: {}", tell(before))?;
    match after {
        None if before.is_anywhere() => writeln!(out, "nothing was deleted")?,
        None => writeln!(out, "the person is named nowhere; nothing was deleted")?,
        Some(after) => {
            writeln!(out, "after:  {}", tell(after))?;
            let verdict = if after.is_free() { "erased" } else { "NOT COMPLETE: see what is left above" };
            writeln!(out, "{verdict}")?;
        }
    }
    Ok(())
}
