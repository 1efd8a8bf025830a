//! Intelligence beside the indicators of files, for each agency: taken up when somebody has written its index anew. Once a day it is written anew
//! in any case, since claims grow old; and when it is not there, after a backup was restored. What is new in it is looked for in past traffic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use detect::indicators::Segment;
use engine::content::Content;
use engine::ingest::Counters;
use engine::intel::{JudgeSetting, LookedBack};
use engine::office::Office;
use engine::seen::{SeenFiles, SeenShelf};
use model::doors::Clock;
use model::{AgencyId, OpContext, Roles, Timestamp};
use store::journal::JournalHandle;
use store::state::Revision;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::intel::{back, index};
use crate::node::SystemClock;
use crate::words;

/// How often somebody looks whether an index changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Age at which an index is written anew.
const OLD: Duration = Duration::from_secs(24 * 3_600);

/// Shortest time between two looks into the past of one agency: each goes through months.
const LOOK_BACK_EVERY: Duration = Duration::from_secs(600);

/// Reads the patterns that no look-up can do, and has detectors hold them against each record from now on. What was known before stays
/// where they cannot be read.
pub(super) async fn know_patterns(office: &Office, ctx: &OpContext, content: &Content) {
    let runtime = tokio::runtime::Handle::current();
    let (asked, by) = (office.clone(), ctx.clone());
    // Reading a hundred thousand of them takes seconds of a processor.
    let read = tokio::task::spawn_blocking(move || runtime.block_on(asked.patterns_known(&by))).await;
    let known = match read {
        Ok(Ok(known)) => known,
        Ok(Err(error)) => return tracing::error!(agency = %ctx.agency, %error, "patterns are not taken up: {error}"),
        Err(error) => return tracing::error!(%error, "reading patterns ended by a panic"),
    };
    let (patterns, unsure, unreadable, left_out) =
        (known.watched.len(), known.unsure, known.unreadable, known.left_out);
    if patterns + unsure + unreadable + left_out > 0 {
        tracing::info!(
            agency = %ctx.agency, patterns, unsure, unreadable, left_out,
            "intelligence: {} beside the indicators", words::counted(patterns as u64, "pattern")
        );
    }
    content.indicators.watch_for(&ctx.agency, Some(Arc::new(known.watched)));
}

/// Tells who counts software which addresses are ours, where the register is another one than it was at `earlier`. Gives what it is now.
pub(super) async fn know_own(
    office: &Office,
    ctx: &OpContext,
    seen: &SeenShelf,
    earlier: Option<Revision>,
) -> Option<Revision> {
    match office.own_addresses(ctx, earlier).await {
        Ok(changed) => changed.map(|(revision, own)| {
            seen.know(&ctx.agency, own);
            revision
        }),
        Err(error) => {
            tracing::error!(agency = %ctx.agency, %error, "software is counted on the addresses of before: {error}");
            None
        }
    }
}

/// How often somebody looks whether the register changed.
const OWN_EVERY: Duration = Duration::from_secs(60);

/// What the watch knows by.
pub(super) struct Knowing {
    pub(super) config: Config,
    pub(super) content: Arc<ArcSwap<Content>>,
    pub(super) office: Office,
    pub(super) journal: JournalHandle,
    pub(super) counters: Arc<Counters>,
    pub(super) seen: Arc<SeenShelf>,
}

/// An index that is in force.
struct Known {
    mark: Option<(SystemTime, u64)>,
    /// The content that was told of it; held, so that no other one can stand where it stood.
    content: Arc<Content>,
    index: Option<Arc<Segment>>,
    /// What is to be looked through has to be kept up to here: from there on detectors knew the index.
    from: u64,
    is_looked_back: bool,
    last_look: Option<Instant>,
}

/// Which addresses are ours, as it was told last.
#[derive(Default)]
struct OwnKnown {
    revisions: BTreeMap<AgencyId, Revision>,
    looked: Option<Instant>,
}

impl Knowing {
    /// Takes up indexes now and whenever they change, also when rules and lists were read anew.
    pub(super) async fn watch(self, shutdown: CancellationToken) {
        let mut known: BTreeMap<AgencyId, Known> = BTreeMap::new();
        let mut own = OwnKnown::default();
        self.look_at_own(&mut own).await;
        self.review().await;
        loop {
            // What people brought by the console.
            for agency in self.office.take_stale() {
                let ctx = self.ctx(&agency);
                if let Err(error) = index::write(&self.config, &self.office, &ctx).await {
                    tracing::error!("the index of intelligence is not written: {error:#}");
                }
            }
            if own.looked.is_none_or(|looked| looked.elapsed() >= OWN_EVERY) {
                self.look_at_own(&mut own).await;
            }
            for agency in self.config.agencies() {
                self.renew(&agency).await;
                self.take_up(&agency, &mut known).await;
            }
            for (agency, known) in &mut known {
                tokio::select! {
                    () = self.look_back(agency, known) => {}
                    () = shutdown.cancelled() => return,
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    async fn look_at_own(&self, own: &mut OwnKnown) {
        own.looked = Some(Instant::now());
        for agency in self.config.agencies() {
            let earlier = own.revisions.get(&agency).copied();
            if let Some(revision) = know_own(&self.office, &self.ctx(&agency), &self.seen, earlier).await {
                own.revisions.insert(agency, revision);
            }
        }
    }

    /// The configuration may say something else of the city than before: what is known is held against it anew.
    async fn review(&self) {
        for agency in self.config.known_cities().unwrap_or_default().into_keys() {
            match self.office.review(&self.ctx(&agency)).await {
                Ok(0) => {}
                Ok(findings) => tracing::info!(
                    findings,
                    "what is known concerns the city: {}",
                    words::counted(findings as u64, "new finding")
                ),
                Err(error) => tracing::error!(%error, "what is known is not held against the city: {error}"),
            }
        }
    }

    /// Writes an index anew when it is old or not there, and somebody claims anything.
    async fn renew(&self, agency: &AgencyId) {
        let age = index::mark(&self.config.intel_index_file(agency)).map(|(written, _)| written.elapsed());
        // A time ahead of ours is no reason: it passes.
        let is_good = age.is_some_and(|age| age.is_err() || age.is_ok_and(|age| age < OLD));
        if is_good {
            return;
        }
        let ctx = self.ctx(agency);
        let has_sources = self.office.has_intelligence(&ctx).await.unwrap_or(false);
        if has_sources && let Err(error) = index::write(&self.config, &self.office, &ctx).await {
            tracing::error!("the index of intelligence is not written: {error:#}");
        }
    }

    async fn take_up(&self, agency: &AgencyId, known: &mut BTreeMap<AgencyId, Known>) {
        let path = self.config.intel_index_file(agency);
        let current = self.content.load_full();
        let mark = index::mark(&path);
        let earlier = known.get(agency);
        if earlier.is_some_and(|known| known.mark == mark && Arc::ptr_eq(&known.content, &current)) {
            return;
        }
        let is_same = earlier.is_some_and(|known| known.mark == mark);
        let (last_look, was_looked_back) =
            earlier.map_or((None, false), |known| (known.last_look, known.is_looked_back));
        let index = match tokio::task::spawn_blocking(move || index::read(&path)).await {
            Ok(Ok(index)) => index,
            Ok(Err(error)) => {
                tracing::error!("the index of intelligence is not taken up: {error:#}");
                None
            }
            Err(error) => {
                tracing::error!(%error, "reading the index of intelligence ended by a panic");
                None
            }
        };
        if let Some(index) = &index {
            let indicators = index.len();
            tracing::info!(%agency, indicators, "intelligence: {}", words::counted(indicators, "indicator"));
        }
        current.indicators.know(agency, index.clone());
        know_patterns(&self.office, &self.ctx(agency), &current).await;
        self.office.judge_anew(|setting| JudgeSetting { suppression: Arc::clone(&current.suppression), ..setting });
        let is_looked_back = is_same && was_looked_back;
        let from = self.journal.next().0;
        known.insert(agency.clone(), Known { mark, content: current, index, from, is_looked_back, last_look });
    }

    /// Looks for what is new in past traffic, once everything is kept that detectors looked at before they knew it.
    async fn look_back(&self, agency: &AgencyId, known: &mut Known) {
        let Some(index) = &known.index else { return };
        let is_due = known.last_look.is_none_or(|last| last.elapsed() >= LOOK_BACK_EVERY);
        if known.is_looked_back || !is_due || self.counters.snapshot().shelved_upto < known.from {
            return;
        }
        known.last_look = Some(Instant::now());
        match self.look_back_with(agency, Arc::clone(index), known.mark).await {
            Ok(()) => known.is_looked_back = true,
            Err(error) => tracing::error!(%agency, "past traffic was not looked through: {error:#}"),
        }
    }

    async fn look_back_with(
        &self,
        agency: &AgencyId,
        index: Arc<Segment>,
        mark: Option<(SystemTime, u64)>,
    ) -> anyhow::Result<()> {
        self.seen.write().await?;
        let path = self.config.look_back_file(agency);
        let earlier = back::read(&path).unwrap_or_else(|error| {
            tracing::error!("the last look into past traffic counts as none: {error:#}");
            None
        });
        let ctx = self.ctx(agency);
        let files = SeenFiles::at(self.config.seen_dir());
        let written = mark.and_then(|(written, _)| written.duration_since(SystemTime::UNIX_EPOCH).ok());
        let written = written.map_or(ctx.now, |since| Timestamp::EPOCH.plus(since));
        let (looked, report) = self.office.look_back(&ctx, &files, (index, written), earlier.as_ref()).await?;
        let LookedBack { traffic, .. } = &looked;
        self.office.judge_with(agency, traffic.clone());
        let (findings, left_out) = (report.findings, report.left_out);
        tracing::info!(
            %agency, days = report.days, seen = report.seen, new = report.new, findings, left_out,
            "past traffic: {} looked through, {} seen, {} of them before anybody knew",
            words::counted(u64::from(report.days), "day"),
            words::counted(report.seen as u64, "indicator"),
            words::count(report.new as u64),
        );
        back::write(&path, &looked)
    }

    fn ctx(&self, agency: &AgencyId) -> OpContext {
        OpContext::new(agency.clone(), "node", Roles::NODE, SystemClock.now())
    }
}
