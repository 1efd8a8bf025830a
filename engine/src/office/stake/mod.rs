//! What is at stake: the city's policy, where it stands, and which service may open first. Reckoned when it is asked for and something that
//! it follows from has changed; between two changes it is the same.

mod given;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::document::{DocumentKind, DocumentPlace};
use model::register::ItemId;
use model::{AgencyId, Explained, OpContext, Timestamp};
use risk::assess::{self, AssessError, CityPosture, OpeningOf};
use risk::policy::Policy;
use store::state::{After, DocumentVersion};

use super::{Harms, Office, OfficeError};
use crate::access::Operation;
pub use given::Inputs;

/// Cities that are drawn for the posture.
const POSTURE_DRAWS: u64 = 4_096;

/// The policy by which an agency's risk is reckoned.
#[derive(Clone, Debug)]
pub struct PolicyView {
    /// What it says.
    pub policy: Policy,
    /// Its text.
    pub text: String,
    /// Its version; `None` for the built-in one, which holds until the agency says something else.
    pub version: Option<DocumentVersion>,
}

/// Where an agency's city stands.
#[derive(Clone, Debug)]
pub struct Stake {
    /// What was reckoned.
    pub posture: CityPosture,
    /// What it follows from.
    pub inputs: Arc<Inputs>,
    /// When it was reckoned.
    pub at: Timestamp,
}

/// The services in the order in which they may open.
#[derive(Clone, Debug)]
pub struct Openings {
    /// The services.
    pub openings: Vec<OpeningOf>,
    /// What it follows from.
    pub inputs: Arc<Inputs>,
    /// When it was reckoned.
    pub at: Timestamp,
}

/// What an answer follows from, as far as it can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    register: u64,
    documents: u64,
    vulnerabilities: u64,
    /// Vulnerabilities grow old by the day.
    day: i32,
}

#[derive(Clone, Debug)]
struct Known {
    mark: Mark,
    inputs: Arc<Inputs>,
    stake: Option<Arc<Stake>>,
    openings: Option<Arc<Openings>>,
}

/// What was reckoned last, by agency.
#[derive(Debug, Default)]
pub(super) struct Reckoned {
    known: Mutex<BTreeMap<AgencyId, Known>>,
    /// Whose turn it is to reckon: of many who ask at once, one works, and the others find what it found. It takes all of a processor for seconds.
    turn: tokio::sync::Mutex<()>,
}

impl Reckoned {
    fn get(&self, agency: &AgencyId, mark: Mark) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(agency).filter(|known| known.mark == mark).cloned()
    }

    fn put(&self, agency: &AgencyId, new: Known) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let old = known.remove(agency).filter(|old| old.mark == new.mark);
        // Somebody else may have reckoned the other half meanwhile.
        let stake = new.stake.clone().or_else(|| old.as_ref().and_then(|old| old.stake.clone()));
        let openings = new.openings.clone().or_else(|| old.and_then(|old| old.openings));
        known.insert(agency.clone(), Known { stake, openings, ..new });
    }
}

fn policy_place() -> Result<DocumentPlace, OfficeError> {
    DocumentPlace::new(DocumentKind::RiskPolicy, "policy").map_err(|error| OfficeError::Refused(error.to_string()))
}

fn refused(error: impl std::error::Error) -> OfficeError {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let words = causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}"));
    OfficeError::Refused(words)
}

impl Office {
    /// The policy by which the agency's risk is reckoned.
    ///
    /// # Errors
    /// When the context may not, the kept one cannot be read any more, or the state refuses.
    pub async fn risk_policy(&self, ctx: &OpContext) -> Result<PolicyView, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let (text, version) = match self.state.document(ctx, &policy_place()?, None).await? {
            Some((version, body)) => (String::from_utf8_lossy(&body).into_owned(), Some(version)),
            None => (Policy::built_in_text().to_owned(), None),
        };
        let policy = Policy::read(&text).map_err(refused)?;
        Ok(PolicyView { policy, text, version })
    }

    /// Says by which policy risk is reckoned from now on.
    ///
    /// # Errors
    /// When the context may not, the text is no policy, somebody else changed it meanwhile, or the state refuses.
    pub async fn set_risk_policy(
        &self,
        ctx: &OpContext,
        text: &str,
        after: After,
    ) -> Result<DocumentVersion, OfficeError> {
        self.may(ctx, Operation::RiskDecide).await?;
        Policy::read(text).map_err(refused)?;
        self.keep_document(ctx, &policy_place()?, after, text.as_bytes()).await
    }

    /// Where the city stands: each item, each service's losses, vulnerabilities by harm, and what nobody has said.
    ///
    /// # Errors
    /// When the context may not, it is more than can be reckoned with, or the state refuses.
    pub async fn stake(&self, ctx: &OpContext) -> Result<Arc<Stake>, OfficeError> {
        let mark = self.mark(ctx).await?;
        if let Some(stake) = self.stakes.get(&ctx.agency, mark).and_then(|known| known.stake) {
            return Ok(stake);
        }
        let _turn = self.stakes.turn.lock().await;
        let known = self.known(ctx).await?;
        if let Some(stake) = known.stake {
            return Ok(stake);
        }
        let (inputs, at) = (Arc::clone(&known.inputs), ctx.now);
        let posture = reckon(move || assess::posture(&inputs.given(), POSTURE_DRAWS)).await?;
        let stake = Arc::new(Stake { posture, inputs: Arc::clone(&known.inputs), at });
        self.stakes.put(&ctx.agency, Known { stake: Some(Arc::clone(&stake)), openings: None, ..known });
        Ok(stake)
    }

    /// Which service may open to the public first, why, and what would move the others up.
    ///
    /// # Errors
    /// As [`Office::stake`].
    pub async fn openings(&self, ctx: &OpContext) -> Result<Arc<Openings>, OfficeError> {
        let mark = self.mark(ctx).await?;
        if let Some(openings) = self.stakes.get(&ctx.agency, mark).and_then(|known| known.openings) {
            return Ok(openings);
        }
        let _turn = self.stakes.turn.lock().await;
        let known = self.known(ctx).await?;
        if let Some(openings) = known.openings {
            return Ok(openings);
        }
        let (inputs, at) = (Arc::clone(&known.inputs), ctx.now);
        let openings = reckon(move || assess::openings(&inputs.given(), risk::order::BELIEF_DRAWS)).await?;
        let openings = Arc::new(Openings { openings, inputs: Arc::clone(&known.inputs), at });
        self.stakes.put(&ctx.agency, Known { openings: Some(Arc::clone(&openings)), stake: None, ..known });
        Ok(openings)
    }

    /// The harm that each open vulnerability on each item is expected to do within a year, with the reasons.
    ///
    /// # Errors
    /// As [`Office::stake`].
    pub async fn harms(&self, ctx: &OpContext) -> Result<Harms, OfficeError> {
        let stake = self.stake(ctx).await?;
        let inputs = &stake.inputs;
        let named = stake.posture.flaws.iter().filter_map(|harm| {
            let key = (inputs.flaw_names.get(harm.flaw)?.clone(), inputs.flaws.get(harm.flaw)?.item.clone());
            let because = harm.score.because.iter().map(ToString::to_string).collect();
            Some((key, Explained { value: harm.score.value, because }))
        });
        Ok(named.collect())
    }

    /// Where everything stands that an answer follows from.
    async fn mark(&self, ctx: &OpContext) -> Result<Mark, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        Ok(Mark {
            register: self.state.register_revision(ctx).await?.number,
            documents: self.state.documents_revision(ctx).await?,
            vulnerabilities: self.state.vulnerability_revision(ctx).await?.number,
            day: ctx.now.day(),
        })
    }

    /// What is to be reckoned with, and what was reckoned of it already.
    async fn known(&self, ctx: &OpContext) -> Result<Known, OfficeError> {
        let mark = self.mark(ctx).await?;
        if let Some(known) = self.stakes.get(&ctx.agency, mark) {
            return Ok(known);
        }
        let inputs = Arc::new(self.inputs(ctx).await?);
        Ok(Known { mark, inputs, stake: None, openings: None })
    }
}

/// Reckons away from the threads that answer.
async fn reckon<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AssessError> + Send + 'static,
) -> Result<T, OfficeError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| OfficeError::Stopping)?.map_err(refused)
}

impl Stake {
    /// What people call an item.
    pub fn title(&self, id: &ItemId) -> String {
        self.inputs.title(id)
    }
}
