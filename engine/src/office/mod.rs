//! What people do here: each operation is authorised, and leaves its line in the ledger.
//!
//! An operation takes the context first. It asks [`Access`] before it does anything; what is denied is written into the ledger, too.
//! Writes leave their line in the transaction of the write (in `store`); reads of personal data leave theirs before anything is
//! shown, many of them in one commit.

mod agencies;
mod back;
mod brief;
mod concerns;
mod counts;
pub mod csf;
mod documents;
mod dpia;
mod feeds;
mod findings;
mod groups;
mod hunts;
mod inbound;
mod intel;
mod jobs;
mod keys;
mod ledger;
mod lookups;
pub mod mobile;
mod names;
mod outbound;
mod outlets;
mod passes;
mod peers;
mod people;
pub mod probes;
mod reads;
mod register;
mod reports;
pub mod rmf;
mod sharing;
mod sources;
mod stake;
#[cfg(test)]
mod tests;
mod tokens;
mod vulnerabilities;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use model::doors::Clock;
use model::{AgencyId, OpContext, Timestamp};
use store::state::{Deed, State, StateError};
use store::vault::{Vault, VaultError};

use crate::access::{Access, AccessError, Denied, Operation};
use crate::intel::{City, JudgeSetting};
use crate::ledger::{Ledger, LedgerError};

pub use self::intel::{Brought, IndicatorView, IntelSourceView, Sighted};
pub use agencies::{AgencyView, OwnAgency};
pub use brief::{ACTOR_DAYS, ActorsView, Counted, OthersSaw};
pub use detect::behaviour::probe::{
    Expected as ProbeExpected, FieldRange as ProbeField, Problem as ProbeProblem, Turn as ProbeTurn,
    Watcher as ProbeWatcher, Window as ProbeWindow,
};
pub use documents::BroughtDocument;
pub use dpia::{Assessment, Risk, Sight};
pub use feeds::{FeedDoor, FeedWanted};
pub use findings::{DecisionView, FindingView, InboxPage};
pub use groups::{GROUP_DAYS_MAX, GroupAsked};
pub use hunts::{HuntAnswer, HuntRefused, Hunter};
pub use inbound::Took;
pub use keys::KeysView;
pub use lookups::{LookupKey, Lookups};
pub use names::Names;
pub use outbound::PEER_ORIGIN;
pub use outlets::{
    AddedOutlet, GiveOutlet, OutletAsked, OutletDownload, OutletMaking, OutletReply, OutletView, OutletZone, Subscriber,
};
pub use peers::{Invitation, PEERS_ROOT, PeerAsked, PeerHealth, PeerView, source_name, wire_of};
pub use people::{Admitted, PersonView};
pub use probes::{Looked, ProbeKind, ProbeSeen, ProbeSettings, ProbeView};
pub use register::{
    Discovered, ImportDocument, ImportPlan, ImportRefused, ImportScope, ItemView, ItemsPage, Registered, SoftwareAt,
    SoftwareFound, SoftwareTaken, Suppliers, Unregistered, UnregisteredKind,
};
pub use reports::{Choice, Proposal, REPORT_KIND, ReportView, Reported};
pub use risk::Probability;
pub use risk::assess::{CityPosture, Condition, FlawHarm, ItemRisk, OpeningOf, OpeningWhy, ServiceLoss, Unsaid, level};
pub use risk::categorize::CategorizeReason;
pub use risk::city::YearlyHarm;
pub use risk::compound::Exceedance;
pub use risk::order::Verdict as OpeningVerdict;
pub use risk::policy::{Policy, PolicyError};
pub use risk::severity::Unit;
pub use risk::suppliers::Concentration;
pub use rmf::{
    Accepted, AuthorizationRecord, RmfOf, RmfSeam, RmfView, SignedAuthorization, Tailor, Verified, sha256_hex,
};
pub use sharing::{Readable, Writable};
pub use sources::{Gauges, IntakeView, Period, SourceView, WatchView};
pub use stake::{Inputs, Openings, PolicyView, Stake};
pub use store::ledger::{Entry as LedgerEntry, Outcome, Verdict as LedgerVerdict};
pub use store::register::Kept;
pub use store::state::{
    After, AnalyticTally, ApiRoot, ArrivedFrom, Attachment, Collection, CollectionRights, Departed, DocumentVersion,
    ExposureAsked, Finding, FindingId, InboxAsked, InboxRow, IndicatorAsked, IntelObject, IntelSource, ItemCount,
    ItemVersion, ItemsAsked, Job, JobId, JobStatus, LedgerAsked, LedgerLine, LinkPlace, LinkVersion, LinkedItem,
    ManifestEntry, ManifestPage, NewCollection, NewObject, ObjectsAsked, ObjectsPage, Outlet, Peer, PeerNumber,
    PersonId, Probe, ProbeEpisode, RefusedCount, RegisterWhole, Report, ReportId, ReportStatus, SavedHunt, Scope,
    ServiceToken, SpecAsked, Suppression, Taken, Verdict, VersionsAsked,
};
pub use tokens::NamedToken;
pub use vulnerabilities::{
    AcceptanceAsked, AdvisorySource, CheckOutcome, DUE_POLICY, DUE_TABLE, Due, DuePolicy, DueReason, DueStanding,
    Evidence, Harms, LookedAt, LookedAtWord, MATCHING, VulnerabilitiesAsked, VulnerabilitiesPage, VulnerabilityCounts,
    VulnerabilityDetail, VulnerabilityView, WordAsked, check as check_vulnerabilities, coverage as advisory_coverage,
    enrich as enrich_vulnerabilities, is_checkable,
};

use reads::Reads;

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfficeError {
    /// Whoever asked may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is no such thing in this agency.
    #[error("there is no {what} {name:?}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// What was asked for makes no sense.
    #[error("{0}")]
    Refused(String),
    /// It does not fit to what is there.
    #[error("{0}")]
    Conflict(String),
    /// More than may be asked in that time.
    #[error("{0}")]
    TooMany(String),
    /// The state database.
    #[error(transparent)]
    State(StateError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The program is stopping.
    #[error("the program is stopping")]
    Stopping,
}

impl From<StateError> for OfficeError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::NotFound { what, name } => OfficeError::NotFound { what, name },
            StateError::Corrupt { what, detail } => {
                OfficeError::Refused(format!("the {what} makes no sense: {detail}"))
            }
            error @ (StateError::TooLarge { .. } | StateError::BadName { .. }) => {
                OfficeError::Refused(error.to_string())
            }
            error @ (StateError::Exists { .. } | StateError::Changed { .. }) => {
                OfficeError::Conflict(error.to_string())
            }
            error => OfficeError::State(error),
        }
    }
}

/// Where people work.
#[derive(Clone)]
pub struct Office {
    state: State,
    vault: Vault,
    access: Arc<Access>,
    ledger: Arc<Ledger>,
    reads: Reads,
    hunter: Option<Arc<dyn Hunter>>,
    gauges: Option<Arc<dyn Gauges>>,
    feeds: Option<Arc<dyn FeedDoor>>,
    clock: Arc<dyn Clock>,
    judging: Arc<ArcSwap<JudgeSetting>>,
    /// What is known of actors, by agency; made when it is asked for.
    actors: Arc<tokio::sync::Mutex<std::collections::BTreeMap<model::AgencyId, brief::KnownActors>>>,
    /// Where files of outlets are.
    outlets: Option<PathBuf>,
    /// Counts what was put into collections by this process: whoever waits for news looks at once.
    news: Arc<tokio::sync::watch::Sender<u64>>,
    lookups: Arc<Lookups>,
    cities: Arc<BTreeMap<AgencyId, Arc<City>>>,
    stale: Arc<Mutex<BTreeSet<AgencyId>>>,
    /// What was seen in events; nothing where this process does not know where it is.
    seen: Option<crate::seen::SeenFiles>,
    /// What was reckoned of what is at stake, by agency; made when it is asked for.
    stakes: Arc<stake::Reckoned>,
    /// Vulnerabilities of agencies as they were read last.
    flaws: Arc<tokio::sync::Mutex<BTreeMap<AgencyId, Arc<store::state::VulnerabilitiesWhole>>>>,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office").finish_non_exhaustive()
    }
}

impl Office {
    /// An office over state, vault and ledger. Its one task ends with the last of its clones.
    ///
    /// # Errors
    /// When the policies cannot be used.
    pub fn open(state: State, vault: Vault, ledger: Arc<Ledger>, clock: Arc<dyn Clock>) -> Result<Self, AccessError> {
        let reads = Reads::start(state.clone());
        Ok(Office {
            state,
            vault,
            access: Arc::new(Access::new()?),
            ledger,
            reads,
            hunter: None,
            gauges: None,
            feeds: None,
            clock,
            judging: Arc::default(),
            actors: Arc::default(),
            outlets: None,
            news: Arc::new(tokio::sync::watch::Sender::new(0)),
            lookups: Arc::default(),
            cities: Arc::default(),
            stale: Arc::default(),
            seen: None,
            stakes: Arc::default(),
            flaws: Arc::default(),
        })
    }

    /// The same, with a lake to hunt in and somebody who counts.
    #[must_use]
    pub fn with(self, hunter: Arc<dyn Hunter>, gauges: Arc<dyn Gauges>) -> Self {
        Office { hunter: Some(hunter), gauges: Some(gauges), ..self }
    }

    /// The same, with what was seen in events.
    #[must_use]
    pub fn with_seen(self, seen: crate::seen::SeenFiles) -> Self {
        Office { seen: Some(seen), ..self }
    }

    /// Changes whenever something was put into a collection here; what other processes put there is seen by looking.
    pub fn news(&self) -> tokio::sync::watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(super) fn tell(&self, added: u64) {
        if added > 0 {
            self.news.send_modify(|count| *count += added);
        }
    }

    /// The same, which knows what the cities of its agencies are.
    #[must_use]
    pub fn with_cities(self, cities: BTreeMap<AgencyId, Arc<City>>) -> Self {
        Office { cities: Arc::new(cities), ..self }
    }

    /// The same, with somebody who knows how feeds are asked.
    #[must_use]
    pub fn with_feeds(self, feeds: Arc<dyn FeedDoor>) -> Self {
        Office { feeds: Some(feeds), ..self }
    }

    /// What the context's agency is; of one that said nothing, nothing is known.
    pub fn city(&self, ctx: &OpContext) -> Arc<City> {
        self.cities.get(&ctx.agency).cloned().unwrap_or_default()
    }

    /// Says that the index of the context's agency is to be written anew: a person brought something.
    fn mark_stale(&self, ctx: &OpContext) {
        self.stale.lock().unwrap_or_else(PoisonError::into_inner).insert(ctx.agency.clone());
    }

    /// Agencies whose index is to be written anew; whoever asks writes it.
    pub fn take_stale(&self) -> BTreeSet<AgencyId> {
        std::mem::take(&mut *self.stale.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the context may do the operation in its own agency, without a word in the ledger: for what a page offers.
    pub fn offers(&self, ctx: &OpContext, operation: Operation) -> bool {
        match self.access.check(ctx, operation, &ctx.agency) {
            Ok(()) => true,
            Err(denied) => denied.needs_proof,
        }
    }

    /// Goes on when the context may do the operation in its own agency; a denial is written into the ledger.
    pub(crate) async fn may(&self, ctx: &OpContext, operation: Operation) -> Result<(), OfficeError> {
        let Err(denied) = self.access.check(ctx, operation, &ctx.agency) else { return Ok(()) };
        let deed = Deed { outcome: Outcome::Denied, ..Deed::done(operation.name(), ctx.actor.clone()) };
        self.state.record(ctx, &[deed]).await?;
        Err(denied.into())
    }
}
