//! Work that waits, or that failed for good.

use model::{OpContext, limits};
use store::state::{Job, JobId};

use super::{Office, OfficeError};
use crate::access::Operation;

impl Office {
    /// The agency's jobs: those that failed for good first.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn jobs(&self, ctx: &OpContext) -> Result<Vec<Job>, OfficeError> {
        self.may(ctx, Operation::JobRead).await?;
        Ok(self.state.jobs(ctx, limits::JOBS_LISTED_MAX).await?)
    }

    /// Has a job tried again that failed for good.
    ///
    /// # Errors
    /// When the context may not, there is no such job, or the state refuses.
    pub async fn retry_job(&self, ctx: &OpContext, id: JobId) -> Result<(), OfficeError> {
        self.may(ctx, Operation::JobManage).await?;
        Ok(self.state.revive_job(ctx, id).await?)
    }

    /// Forgets a job that failed for good.
    ///
    /// # Errors
    /// When the context may not, there is no such job, or the state refuses.
    pub async fn drop_job(&self, ctx: &OpContext, id: JobId) -> Result<(), OfficeError> {
        self.may(ctx, Operation::JobManage).await?;
        Ok(self.state.drop_job(ctx, id).await?)
    }
}
