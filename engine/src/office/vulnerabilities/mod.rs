//! Vulnerabilities on items of the register: what checks found, which first by harm, by when, who carries which risk, and how much was
//! looked at.
//!
//! What holds is what checks found and people said, brought together by [`model::vulnerability::settle`]. How much harm each one does comes
//! from whoever reckons with the whole city ([`Harms`]); where that is not known, the row says so and stands above those where it is.

mod check;
mod decide;
mod kept;
mod policy;
mod scanned;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use model::OpContext;
use model::vulnerability::CheckResult;
use store::state::{Deed, Revision, VulnerabilitiesWhole};

use super::{Office, OfficeError};
use crate::access::Operation;

pub use check::{CheckOutcome, Evidence, MATCHING, check, enrich, is_checkable};
pub use decide::{AcceptanceAsked, WordAsked};
pub use policy::{DUE_POLICY, DUE_TABLE};
pub use risk::matching::{Source as AdvisorySource, coverage};
pub use risk::vulnerability::due::{Due, DuePolicy, DueReason, Standing as DueStanding};
pub use risk::vulnerability::provenance::Provenance as LookedAt;
pub use view::{
    Harms, LookedAtWord, VulnerabilitiesAsked, VulnerabilitiesPage, VulnerabilityCounts, VulnerabilityDetail,
    VulnerabilityView,
};

impl Office {
    /// All vulnerabilities of the agency, with acceptances, words and checks; read again only when something changed.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn vulnerabilities_whole(&self, ctx: &OpContext) -> Result<Arc<VulnerabilitiesWhole>, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let revision = self.state.vulnerability_revision(ctx).await?;
        let known = self.flaws.lock().await.get(&ctx.agency).cloned();
        if let Some(known) = known.filter(|known| known.revision == revision) {
            return Ok(known);
        }
        // Not while the lock is held: another agency need not wait for this one.
        let whole = Arc::new(self.state.vulnerabilities_whole(ctx).await?);
        self.flaws.lock().await.insert(ctx.agency.clone(), Arc::clone(&whole));
        Ok(whole)
    }

    /// Holds the register against the evidence and what intelligence keeps, and keeps nothing.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn plan_check(&self, ctx: &OpContext, mut evidence: Evidence) -> Result<CheckOutcome, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let register = self.state.register_whole(ctx, None).await?;
        let kept = self.kept_knowledge(ctx).await?;
        evidence.advisories.extend(kept.advisories);
        evidence.known.exploited.extend(kept.exploited);
        let now = ctx.now;
        // Comparing versions of a whole city takes seconds, which no other task is to wait for.
        let checked = tokio::task::spawn_blocking(move || check(&register, evidence, now)).await;
        checked.map_err(|_| OfficeError::Stopping)
    }

    /// Keeps what a check found, instead of what the same checker found before on the items that it looked at.
    ///
    /// # Errors
    /// When the context may not, the result makes no sense, or the state refuses.
    pub async fn record_check(&self, ctx: &OpContext, result: &CheckResult) -> Result<Revision, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_ ".contains(&byte);
        if result.by.trim().is_empty() || !result.by.bytes().all(is_name) {
            return Err(OfficeError::Refused("a checker is named by letters, digits, blanks and . - _".to_owned()));
        }
        let deed = Deed::done_to_named("vulnerability.check", "checker", &result.by);
        Ok(self.state.record_vulnerability_check(ctx, result, deed).await?)
    }
}
