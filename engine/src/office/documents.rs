//! What is written about risk: brought, kept version by version, and read again.

use model::OpContext;
use model::document::{DocumentKind, DocumentPlace};
use store::state::{After, Deed, DocumentVersion};

use super::{Office, OfficeError};
use crate::access::Operation;

/// A document as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroughtDocument {
    /// Which version, when, and by whom.
    pub version: DocumentVersion,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// What somebody has to be allowed who writes such a document.
const fn writing(kind: DocumentKind) -> Operation {
    match kind {
        DocumentKind::RiskPolicy => Operation::RiskDecide,
        DocumentKind::Authorization => Operation::RiskAuthorize,
        _ => Operation::RiskWrite,
    }
}

impl Office {
    /// The newest documents of a kind, by name.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn documents(&self, ctx: &OpContext, kind: DocumentKind) -> Result<Vec<DocumentVersion>, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        Ok(self.state.documents(ctx, kind).await?)
    }

    /// A document: its newest version, or the one of that number. `None` when there is none.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn document(
        &self,
        ctx: &OpContext,
        place: &DocumentPlace,
        number: Option<u64>,
    ) -> Result<Option<BroughtDocument>, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let found = self.state.document(ctx, place, number).await?;
        Ok(found.map(|(version, body)| BroughtDocument { version, body }))
    }

    /// The versions of a document, the newest first.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn document_versions(
        &self,
        ctx: &OpContext,
        place: &DocumentPlace,
        rows_max: usize,
    ) -> Result<Vec<DocumentVersion>, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        Ok(self.state.document_versions(ctx, place, rows_max).await?)
    }

    /// Keeps the next version of a document. Whether the bytes make sense is for whoever knows its kind, before this.
    ///
    /// # Errors
    /// When the context may not, it was changed meanwhile, or the state refuses.
    pub(super) async fn keep_document(
        &self,
        ctx: &OpContext,
        place: &DocumentPlace,
        after: After,
        body: &[u8],
    ) -> Result<DocumentVersion, OfficeError> {
        self.may(ctx, writing(place.kind)).await?;
        let deed = Deed::done_to_named("risk.document.keep", "document", &place.to_string());
        Ok(self.state.keep_document(ctx, place, after, body, deed).await?)
    }
}
