//! `watchbell erase`: one person's data, gone for good and proven to be gone (GDPR Art. 17).
//!
//! Needs the data folder to itself. First everything that waits in the journal is looked at and handed to the lake, so that
//! nothing can come back from there, and the journal is emptied; then findings and the lake's rows go. The proof is the same
//! search before (it must find the person) and after, over every place: journal, findings, what correlations remember, the
//! values that were seen, the state's own file, and every decoded page of the lake. Backups are erased by those who keep them.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arc_swap::ArcSwap;
use engine::content::{Content, ContentPaths};
use engine::ingest::{Shelf, Watch, WatchOptions, WatchParts};
use engine::seen::{SeenFiles, SeenShelf};
use lake::{ErasureTerm, Lake, Matcher};
use model::OpContext;
use store::journal::{Journal, JournalHandle, JournalThread, Offset, Options, Piece};
use store::state::{Deed, FindingId, State};

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
    findings_held: u64,
    lake_rows: u64,
    lake_rows_held: u64,
    /// Values that were seen, by day.
    seen_values: u64,
    /// Notes, reasons, saved hunts, words of the register and of the ledger.
    texts: u64,
    correlation_memory: bool,
    state_file: bool,
}

impl Places {
    /// Whether the person is named nowhere but where a legal hold says so.
    fn is_free(&self) -> bool {
        // The findings' texts are in the state's file: one that is held keeps the file from being free of them.
        let is_state_free = !self.state_file || self.findings_held > 0;
        self.journal_records == 0
            && self.findings == self.findings_held
            && self.lake_rows == self.lake_rows_held
            && self.texts == 0
            && self.seen_values == 0
            && !self.correlation_memory
            && is_state_free
    }

    fn held(&self) -> u64 {
        self.findings_held + self.lake_rows_held
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
    journal_thread.close().context("closing the journal")?;
    let (journal, journal_thread) = empty_journal(&config)?;
    job.forget().await?;
    let after = job.search(&journal).await?;
    journal_thread.close().context("closing the journal")?;
    // How much was deleted, and why; not whose, even where the purpose says it.
    let names_them = job.matcher.is_in(arguments.purpose.as_bytes());
    let purpose = if names_them { "(names the person)" } else { arguments.purpose.as_str() };
    let words = serde_json::json!({ "purpose": purpose, "before": before, "after": after }).to_string();
    state
        .record(&ctx, &[Deed::done("person.erase", "person").saying(words)])
        .await
        .context("cannot write the ledger")?;
    node::sign(&config, &state).await?;
    tracing::info!(actor = %ctx.actor, "a person's data was erased");
    report(arguments, &before, Some(&after))?;
    Ok(if after.is_free() { Exit::Ok } else { Exit::Failed })
}

/// Lets everything that waits in the journal arrive where it belongs.
async fn drain(config: &Config, state: &State, journal: &JournalHandle, shelf: &Arc<LakeShelf>) -> Result<()> {
    let shelf = SeenShelf::open(Arc::clone(shelf) as Arc<dyn Shelf>, SeenFiles::at(config.seen_dir()))?;
    let content = Content::read(&ContentPaths::from(&config.content), |_| {});
    let parts = WatchParts {
        journal: journal.clone(),
        state: state.clone(),
        shelf: Some(Arc::new(shelf) as Arc<dyn Shelf>),
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

/// The journal without any record; what it has stored stays known to it.
fn empty_journal(config: &Config) -> Result<(JournalHandle, JournalThread)> {
    let (mut journal, _) = Journal::open(&config.journal_dir(), Options::default())?;
    journal.clear().context("cannot empty the journal")?;
    JournalHandle::start(journal).context("cannot start the journal's thread")
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
        let (findings, findings_held) = self.findings(&holds).await?;
        Ok(Places {
            journal_records: self.in_journal(journal)?,
            findings: findings.len() as u64 + findings_held,
            findings_held,
            lake_rows: lake.hits_total,
            lake_rows_held: lake.hits_held.values().sum(),
            seen_values: self.seen().count(&self.ctx.agency, |text| self.matcher.is_in(text))?,
            texts: self.state.texts_naming(self.ctx, |text| self.matcher.is_in(text)).await?
                + self.state.register_naming(self.ctx, |text| self.matcher.is_in(text)).await?
                + self.state.vulnerabilities_naming(self.ctx, |text| self.matcher.is_in(text)).await?,
            correlation_memory: self.in_file(&self.config.memory_file())?,
            state_file: self.in_state_file()?,
        })
    }

    /// Deletes: texts that people wrote, the words of the ledger among them, findings, what correlations remember, damaged pieces that nobody can search, rows of the lake.
    async fn forget(&self) -> Result<()> {
        let holds = self.holds().await?;
        self.state.erase_texts_naming(self.ctx, |text| self.matcher.is_in(text)).await?;
        self.state.erase_register_naming(self.ctx, |text| self.matcher.is_in(text)).await?;
        self.state.erase_vulnerabilities_naming(self.ctx, |text| self.matcher.is_in(text)).await?;
        let (named, _) = self.findings(&holds).await?;
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
        self.lake.erase(self.ctx, self.terms, &holds).await?;
        self.seen().erase(&self.ctx.agency, |text| self.matcher.is_in(text))?;
        Ok(())
    }

    fn seen(&self) -> SeenFiles {
        SeenFiles::at(self.config.seen_dir())
    }

    /// Findings that name the person and may go, and how many a legal hold keeps.
    async fn findings(&self, holds: &[lake::LegalHold]) -> Result<(Vec<FindingId>, u64)> {
        let named = self.state.findings_naming(self.ctx, |text| self.matcher.is_in(text)).await?;
        let (mut free, mut held) = (Vec::new(), 0);
        for id in named {
            let finding = self.state.finding(self.ctx, id).await?;
            let time = finding.map(|finding| finding.detection.time);
            let class = model::ocsf::Class::DETECTION_FINDING;
            let is_held = time.is_some_and(|time| holds.iter().any(|hold| hold.keeps(&self.ctx.agency, class, time)));
            if is_held { held += 1 } else { free.push(id) }
        }
        Ok((free, held))
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
        let held = match places.held() {
            0 => String::new(),
            held => format!(" ({} of them kept by a legal hold)", words::count(held)),
        };
        format!(
            "{} in the journal, {}, {}, {}, {} in the lake{held}",
            words::counted(places.journal_records, "record"),
            words::counted(places.seen_values, "value seen"),
            words::counted(places.texts, "text"),
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
            let verdict = match (after.is_free(), after.held()) {
                (true, 0) => "erased",
                (true, _) => "erased, but for what a legal hold keeps",
                (false, _) => "NOT COMPLETE: see what is left above",
            };
            writeln!(out, "{verdict}")?;
        }
    }
    Ok(())
}
