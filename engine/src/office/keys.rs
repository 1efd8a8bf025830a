//! Which keys there are, and a new master key. No key is ever shown.

use model::OpContext;
use store::state::Deed;
use store::vault::VaultStatus;

use super::{Office, OfficeError};
use crate::access::Operation;

/// The keys of the installation, by what others need to know of them.
#[derive(Clone, Debug)]
pub struct KeysView {
    /// What seals personal fields.
    pub vault: VaultStatus,
    /// The ledger's public key, as tools that verify signed notes take it.
    pub ledger: String,
}

impl Office {
    /// Which keys there are.
    ///
    /// # Errors
    /// When the context may not, or the vault refuses.
    pub async fn keys(&self, ctx: &OpContext) -> Result<KeysView, OfficeError> {
        self.may(ctx, Operation::KeyRead).await?;
        Ok(KeysView { vault: self.vault.status().await?, ledger: self.ledger.verifier().to_string() })
    }

    /// Makes a new master key, wraps every person's key with it, and forgets the old one. Says how many were wrapped.
    ///
    /// # Errors
    /// When the context may not, or state or vault refuse; then the old master key is kept.
    pub async fn rotate_keys(&self, ctx: &OpContext) -> Result<usize, OfficeError> {
        self.may(ctx, Operation::KeyRotate).await?;
        self.state.record(ctx, &[Deed::done(Operation::KeyRotate.name(), "key:master")]).await?;
        Ok(self.vault.rotate().await?)
    }
}
