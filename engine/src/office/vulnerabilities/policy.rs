//! By which policy flaws are due: the agency's own, kept version by version, or the one that comes with the program.

use model::OpContext;
use model::document::{DocumentKind, DocumentPlace};
use risk::vulnerability::due::DuePolicy;
use risk::vulnerability::ssvc::Decisions;
use store::state::{After, DocumentVersion};

use super::super::{Office, OfficeError};
use crate::access::Operation;

/// The name of the policy among documents of its kind.
pub const DUE_POLICY: &str = "due-dates";
/// The name of the decision table that it goes by.
pub const DUE_TABLE: &str = "due-table";

fn place(name: &str) -> Result<DocumentPlace, OfficeError> {
    DocumentPlace::new(DocumentKind::RiskPolicy, name).map_err(refused)
}

fn refused(error: impl std::fmt::Display) -> OfficeError {
    OfficeError::Refused(error.to_string())
}

fn policy_of(bytes: &[u8]) -> Result<DuePolicy, OfficeError> {
    let text = std::str::from_utf8(bytes).map_err(|_| refused("a policy of due dates is text"))?;
    DuePolicy::read(text).map_err(refused)
}

fn table_of(bytes: &[u8]) -> Result<Decisions, OfficeError> {
    let is_json = bytes.trim_ascii_start().starts_with(b"{");
    let table = if is_json { formats::risk::ssvc::json(bytes) } else { formats::risk::ssvc::csv(bytes) };
    Decisions::new(table.map_err(|trouble| refused(trouble.detail))?).map_err(refused)
}

impl Office {
    /// The policy by which flaws are due, with its decision table.
    ///
    /// # Errors
    /// When the context may not, what is kept makes no sense, or the state refuses.
    pub async fn due_policy(&self, ctx: &OpContext) -> Result<DuePolicy, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let policy = match self.state.document(ctx, &place(DUE_POLICY)?, None).await? {
            Some((_, bytes)) => policy_of(&bytes)?,
            None => DuePolicy::built_in().map_err(refused)?,
        };
        match self.state.document(ctx, &place(DUE_TABLE)?, None).await? {
            Some((_, bytes)) => policy.with_table(table_of(&bytes)?).map_err(refused),
            None => Ok(policy),
        }
    }

    /// Keeps a policy of due dates, or the decision table that it goes by ([`DUE_POLICY`], [`DUE_TABLE`]).
    ///
    /// # Errors
    /// When the context may not, it makes no sense alone or together with the other one, or the state refuses.
    pub async fn set_due_policy(
        &self,
        ctx: &OpContext,
        name: &'static str,
        bytes: &[u8],
    ) -> Result<DocumentVersion, OfficeError> {
        self.may(ctx, Operation::RiskDecide).await?;
        let other = |name: &'static str| async move {
            let found = self.state.document(ctx, &place(name)?, None).await?;
            Ok::<_, OfficeError>(found.map(|(_, bytes)| bytes))
        };
        if name == DUE_TABLE {
            let policy = match other(DUE_POLICY).await? {
                Some(bytes) => policy_of(&bytes)?,
                None => DuePolicy::built_in().map_err(refused)?,
            };
            policy.with_table(table_of(bytes)?).map_err(refused)?;
        } else {
            let policy = policy_of(bytes)?;
            if let Some(table) = other(DUE_TABLE).await? {
                policy.with_table(table_of(&table)?).map_err(refused)?;
            }
        }
        self.keep_document(ctx, &place(name)?, After::Any, bytes).await
    }
}
