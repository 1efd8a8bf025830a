//! What people do here: each operation is authorised, and leaves its line in the ledger.
//!
//! An operation takes the context first. It asks [`Access`] before it does anything; what is denied is written into the ledger, too.
//! Writes leave their line in the transaction of the write (in `store`); reads of personal data leave theirs before anything is
//! shown, many of them in one commit.

mod agencies;
mod concerns;
mod dpia;
mod feeds;
mod findings;
mod hunts;
mod intel;
mod jobs;
mod keys;
mod ledger;
mod names;
mod people;
mod reads;
mod reports;
mod sharing;
mod sources;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use model::doors::Clock;
use model::{AgencyId, OpContext, Timestamp};
use store::state::{Deed, State, StateError};
use store::vault::{Vault, VaultError};

use crate::access::{Access, AccessError, Denied, Operation};
use crate::intel::{City, JudgeSetting};
use crate::ledger::{Ledger, LedgerError};

pub use self::intel::{Brought, IndicatorView, IntelSourceView};
pub use agencies::{AgencyView, OwnAgency};
pub use dpia::{Assessment, Risk, Sight};
pub use feeds::{FeedDoor, FeedWanted};
pub use findings::{DecisionView, FindingView, InboxPage};
pub use hunts::{HuntAnswer, HuntRefused, Hunter};
pub use keys::KeysView;
pub use names::Names;
pub use people::{Admitted, PersonView};
pub use reports::{Choice, Proposal, REPORT_KIND, ReportView, Reported};
pub use sharing::{Readable, Writable};
pub use sources::{Gauges, IntakeView, Period, SourceView, WatchView};
pub use store::ledger::{Entry as LedgerEntry, Outcome, Verdict as LedgerVerdict};
pub use store::register::Kept;
pub use store::state::{
    ApiRoot, Attachment, Collection, CollectionRights, Finding, FindingId, InboxAsked, InboxRow, IndicatorAsked,
    IntelObject, IntelSource, Job, JobId, JobStatus, LedgerAsked, LedgerLine, ManifestEntry, ManifestPage,
    NewCollection, NewObject, ObjectsAsked, ObjectsPage, PersonId, Report, ReportId, ReportStatus, SavedHunt, Scope,
    ServiceToken, SpecAsked, Suppression, Taken, Verdict, VersionsAsked,
};
pub use tokens::NamedToken;

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
            error @ StateError::Exists { .. } => OfficeError::Conflict(error.to_string()),
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
    cities: Arc<BTreeMap<AgencyId, Arc<City>>>,
    stale: Arc<Mutex<BTreeSet<AgencyId>>>,
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
            cities: Arc::default(),
            stale: Arc::default(),
        })
    }

    /// The same, with a lake to hunt in and somebody who counts.
    #[must_use]
    pub fn with(self, hunter: Arc<dyn Hunter>, gauges: Arc<dyn Gauges>) -> Self {
        Office { hunter: Some(hunter), gauges: Some(gauges), ..self }
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
