//! The daily work with findings: see them, decide about them, take them out of sight for a while.

use model::{Level, OpContext, Timestamp};
use store::state::{Deed, Finding, FindingId, InboxAsked, InboxRow, Suppression, Verdict};

use super::{Office, OfficeError};
use crate::access::Operation;

/// A page of findings.
#[derive(Clone, Debug)]
pub struct InboxPage {
    /// Worst first, those about the city itself first among them, then newest first.
    pub rows: Vec<InboxRow>,
    /// Behind which row the next page starts, if there are more.
    pub next: Option<(Level, Timestamp, FindingId)>,
}

/// What was decided about a finding.
#[derive(Clone, Debug)]
pub struct DecisionView {
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub note: String,
    /// By whom: what contexts and the ledger call them.
    pub decided_by: String,
    /// When.
    pub decided: Timestamp,
}

/// A finding with everything around it.
#[derive(Clone, Debug)]
pub struct FindingView {
    /// The finding.
    pub finding: Finding,
    /// The same as an OCSF Detection Finding, if it was kept as one.
    pub ocsf: String,
    /// What was decided last, if something was.
    pub decision: Option<DecisionView>,
}

impl Office {
    /// A page of the agency's findings.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn inbox(&self, ctx: &OpContext, asked: &InboxAsked) -> Result<InboxPage, OfficeError> {
        self.may(ctx, Operation::FindingRead).await?;
        // One more says whether there are more.
        let wanted = asked.rows_max;
        let asked = InboxAsked { rows_max: wanted.saturating_add(1), ..asked.clone() };
        let mut rows = self.state.inbox(ctx, &asked).await?;
        let has_more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = rows.last().filter(|_| has_more).map(|row| (row.level, row.time, row.id));
        // Lists are asked for often: where nothing is known of a city, nothing more is asked.
        if self.city(ctx).is_known() {
            rows = self.targeted_first(ctx, &asked, (rows, has_more)).await?;
        }
        Ok(InboxPage { rows, next })
    }

    /// The agency's findings that were kept last, newest first.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn latest_findings(&self, ctx: &OpContext, rows_max: usize) -> Result<Vec<InboxRow>, OfficeError> {
        self.may(ctx, Operation::FindingRead).await?;
        Ok(self.state.latest_findings(ctx, rows_max).await?)
    }

    /// How many findings there are of each level with that verdict. Every one of them is counted: for pages, not for lists.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn inbox_counts(&self, ctx: &OpContext, verdict: Verdict) -> Result<Vec<(Level, u64)>, OfficeError> {
        self.may(ctx, Operation::FindingRead).await?;
        Ok(self.state.inbox_counts(ctx, verdict).await?)
    }

    /// How many open findings came after number `seq`, for the banner.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn inbox_newer(&self, ctx: &OpContext, seq: u64) -> Result<u64, OfficeError> {
        self.may(ctx, Operation::FindingRead).await?;
        Ok(self.state.inbox_newer(ctx, seq).await?)
    }

    /// A finding of the agency. It can name people, so the read is in the ledger.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn finding(&self, ctx: &OpContext, id: FindingId) -> Result<FindingView, OfficeError> {
        self.may(ctx, Operation::FindingRead).await?;
        let finding = self.state.finding_whole(ctx, id).await?;
        let (finding, ocsf) = finding.ok_or_else(|| OfficeError::NotFound { what: "finding", name: id.to_string() })?;
        self.reads.record(ctx, Deed::done(Operation::FindingRead.name(), format!("finding:{id}"))).await?;
        let decision = self.state.decision(ctx, id).await?.map(|triage| DecisionView {
            verdict: triage.verdict,
            note: triage.note,
            decided_by: triage.decided_by,
            decided: triage.decided,
        });
        Ok(FindingView { finding, ocsf, decision })
    }

    /// Decides about findings of the agency. Says how many there were. A false positive of an indicator counts against those who claim it,
    /// one that is escalated for them.
    ///
    /// # Errors
    /// When the context may not, there are too many or none of them is there, or the state refuses.
    pub async fn decide(
        &self,
        ctx: &OpContext,
        findings: &[FindingId],
        verdict: Verdict,
        note: &str,
    ) -> Result<usize, OfficeError> {
        self.may(ctx, Operation::FindingDecide).await?;
        match (self.state.decide(ctx, findings, verdict, note).await?, findings.first()) {
            (0, Some(first)) => Err(OfficeError::NotFound { what: "finding", name: first.to_string() }),
            (decided, _) => {
                self.learn_from(ctx, findings, verdict).await?;
                Ok(decided)
            }
        }
    }

    /// How many open findings a suppression would take out of sight now.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn would_suppress(
        &self,
        ctx: &OpContext,
        analytic_uid: &str,
        subject: Option<&str>,
    ) -> Result<u64, OfficeError> {
        self.may(ctx, Operation::SuppressionManage).await?;
        Ok(self.state.would_suppress(ctx, analytic_uid, subject).await?)
    }

    /// Takes findings like this one out of sight until `ends`: those of its rule, or of its rule about its subject. Says how many
    /// that were.
    ///
    /// # Errors
    /// When the context may not, there is no such finding, reason or time make no sense, or the state refuses.
    pub async fn suppress_like(
        &self,
        ctx: &OpContext,
        id: FindingId,
        about_subject: bool,
        (reason, ends): (&str, Timestamp),
    ) -> Result<u64, OfficeError> {
        self.may(ctx, Operation::SuppressionManage).await?;
        let detection = self.state.finding(ctx, id).await?.map(|finding| finding.detection);
        let detection = detection.ok_or_else(|| OfficeError::NotFound { what: "finding", name: id.to_string() })?;
        let subject = detection.subject.as_deref().filter(|_| about_subject);
        Ok(self.state.suppress(ctx, (&detection.analytic.uid, subject), reason, ends).await?.1)
    }

    /// The agency's suppressions, newest first.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn suppressions(&self, ctx: &OpContext) -> Result<Vec<Suppression>, OfficeError> {
        self.may(ctx, Operation::FindingRead).await?;
        Ok(self.state.suppressions(ctx).await?)
    }

    /// Ends a suppression at once.
    ///
    /// # Errors
    /// When the context may not, there is none in force, or the state refuses.
    pub async fn lift_suppression(&self, ctx: &OpContext, id: &str) -> Result<(), OfficeError> {
        self.may(ctx, Operation::SuppressionManage).await?;
        Ok(self.state.lift_suppression(ctx, id).await?)
    }
}
