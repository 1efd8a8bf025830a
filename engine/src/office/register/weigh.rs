//! What follows from the register: who stands behind how many services, and how bad it would be.

use std::collections::BTreeMap;

use model::document::DocumentKind;
use model::register::{Categorization, Item, ItemId};
use model::{Explained, OpContext, Timestamp};
use risk::categorize::CategorizeReason;
use risk::suppliers::Concentration;

use super::super::{Office, OfficeError};
use crate::access::Operation;

/// Suppliers, and what rests on them.
#[derive(Clone, Debug)]
pub struct Suppliers {
    /// Those with most services first.
    pub found: Vec<Concentration>,
    /// What suppliers and services are called.
    pub titles: BTreeMap<ItemId, String>,
}

impl Suppliers {
    /// What an item is called; its name where nothing else is known.
    pub fn title<'a>(&'a self, id: &'a ItemId) -> &'a str {
        self.titles.get(id).map_or(id.as_str(), String::as_str)
    }
}

impl Office {
    /// Suppliers by how many services rest on them.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn suppliers(&self, ctx: &OpContext) -> Result<Suppliers, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let whole = self.state.register_whole(ctx, None).await?;
        // Thousands of ways take milliseconds: not on the threads that answer.
        let weighed = tokio::task::spawn_blocking(move || {
            let items: Vec<Item> = whole.items.into_values().collect();
            let found = risk::suppliers::concentration(&items, &whole.links);
            let titles = items.into_iter().map(|item| (item.id, item.title)).collect();
            Suppliers { found, titles }
        });
        weighed.await.map_err(|_| OfficeError::Stopping)
    }

    /// What follows for an item from its types of information, by the catalogues that were brought; `None` while none was.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn proposed_categorization(
        &self,
        ctx: &OpContext,
        item: &Item,
    ) -> Result<Option<Explained<Categorization, CategorizeReason>>, OfficeError> {
        self.may(ctx, Operation::RegisterRead).await?;
        let documents = self.state.documents(ctx, DocumentKind::InformationTypes).await?;
        if documents.is_empty() {
            return Ok(None);
        }
        let mut types = BTreeMap::new();
        for version in documents {
            let Some((_, body)) = self.state.document(ctx, &version.place, None).await? else { continue };
            let read = formats::risk::information::json(&body);
            types.extend(read.rows.into_iter().map(|one| (one.id.clone(), one)));
        }
        Ok(Some(risk::categorize::propose(item, &types)))
    }

    /// Says how bad it would be. What a catalogue proposes counts before what is said to be proposed; when nothing is said at all, it is unsaid.
    ///
    /// # Errors
    /// As [`Office::change_item`]: also when something is decided lower than proposed without a reason.
    pub async fn categorize_item(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        seen: Option<Timestamp>,
        mut wanted: Categorization,
    ) -> Result<Item, OfficeError> {
        self.may(ctx, Operation::RegisterWrite).await?;
        let found = self.state.register_item(ctx, id, None).await?;
        let item = found.ok_or_else(|| OfficeError::NotFound { what: "item", name: id.to_string() })?.item;
        if let Some(proposal) = self.proposed_categorization(ctx, &item).await? {
            wanted.confidentiality.proposed = proposal.value.confidentiality.proposed;
            wanted.integrity.proposed = proposal.value.integrity.proposed;
            wanted.availability.proposed = proposal.value.availability.proposed;
        }
        let all = [&wanted.confidentiality, &wanted.integrity, &wanted.availability];
        let is_said = all.iter().any(|one| one.proposed.is_some() || one.decided.is_some() || !one.why.is_empty());
        let categorization = is_said.then_some(wanted);
        let change = |item: &mut Item| {
            item.categorization = categorization;
            Ok(())
        };
        self.change_item(ctx, id, seen, change).await
    }
}
