//! Reading and verifying the ledger.

use model::OpContext;
use store::ledger::Verdict;
use store::state::{LedgerAsked, LedgerLine};

use super::{Office, OfficeError};
use crate::access::Operation;

impl Office {
    /// The agency's lines, newest first.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn audit(&self, ctx: &OpContext, asked: &LedgerAsked) -> Result<Vec<LedgerLine>, OfficeError> {
        self.may(ctx, Operation::LedgerRead).await?;
        Ok(self.state.ledger(ctx, asked).await?)
    }

    /// Compares every entry, of all agencies, with what was signed. The verdict says nothing of what entries say.
    ///
    /// # Errors
    /// When the context may not, or state or files refuse.
    pub async fn verify_ledger(&self, ctx: &OpContext) -> Result<Verdict, OfficeError> {
        self.may(ctx, Operation::LedgerRead).await?;
        Ok(self.ledger.verify(&self.state, &[], |_| {}).await?)
    }
}
