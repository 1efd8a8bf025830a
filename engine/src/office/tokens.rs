//! Tokens of programs: who has one, making one, revoking it.

use std::collections::BTreeSet;
use std::time::Duration;

use model::{OpContext, Timestamp, limits};
use store::state::{NewToken, Scope, ServiceToken};

use super::{Office, OfficeError};
use crate::access::Operation;

/// A token that was made.
pub struct NamedToken {
    /// The token as its program says it; shown once, not kept.
    pub secret: [u8; 32],
    /// When it ends.
    pub expires: Timestamp,
}

impl std::fmt::Debug for NamedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NamedToken").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Office {
    /// The agency's tokens, those that ended or were revoked included.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn tokens(&self, ctx: &OpContext) -> Result<Vec<ServiceToken>, OfficeError> {
        self.may(ctx, Operation::TokenRead).await?;
        Ok(self.state.tokens(ctx).await?)
    }

    /// Makes a token for a program.
    ///
    /// # Errors
    /// When the context may not, name, scopes or days make no sense, or the state refuses.
    pub async fn add_token(
        &self,
        ctx: &OpContext,
        name: &str,
        scopes: BTreeSet<Scope>,
        days: u32,
    ) -> Result<NamedToken, OfficeError> {
        self.may(ctx, Operation::TokenManage).await?;
        if scopes.is_empty() {
            return Err(OfficeError::Refused("a token is for something: choose what".to_owned()));
        }
        let days_max = limits::TOKEN_DAYS_MAX;
        if !(1..=days_max).contains(&days) {
            return Err(OfficeError::Refused(format!("a token is good for 1 to {days_max} days")));
        }
        let secret = crate::entrance::secret()?;
        let expires = ctx.now.plus(Duration::from_secs(u64::from(days) * 86_400));
        self.state.add_token(ctx, &NewToken { name, secret: &secret, scopes, expires }).await?;
        Ok(NamedToken { secret, expires })
    }

    /// Ends a token at once.
    ///
    /// # Errors
    /// When the context may not, there is no such token, or the state refuses.
    pub async fn revoke_token(&self, ctx: &OpContext, name: &str) -> Result<(), OfficeError> {
        self.may(ctx, Operation::TokenManage).await?;
        Ok(self.state.revoke_token(ctx, name).await?)
    }
}
