//! What people decide: to carry a risk until a day, to carry it no longer, and what holds where they know better than a check.

use model::register::ItemId;
use model::software::Status;
use model::vulnerability::{Acceptance, VulnerabilityId, Word};
use model::{Day, OpContext, limits};
use store::state::Deed;

use super::super::{Office, OfficeError};
use crate::access::Operation;

/// A risk that is to be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptanceAsked {
    /// Which vulnerability.
    pub id: VulnerabilityId,
    /// On which item; `None` for all.
    pub item: Option<ItemId>,
    /// Why.
    pub justification: String,
    /// Until when: today at the earliest, [`limits::ACCEPTANCE_DAYS_MAX`] days ahead at most.
    pub until: Day,
}

/// What a person says of a vulnerability on an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordAsked {
    /// Which vulnerability.
    pub id: VulnerabilityId,
    /// On which item.
    pub item: ItemId,
    /// What holds; `None` takes earlier words back.
    pub status: Option<Status>,
    /// Why.
    pub why: String,
}

fn refused(text: impl Into<String>) -> OfficeError {
    OfficeError::Refused(text.into())
}

/// A reason that says something, without blanks around it.
fn reason(text: &str) -> Result<String, OfficeError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(refused("say why"));
    }
    if text.chars().count() > limits::JUSTIFICATION_CHARS_MAX {
        return Err(refused(format!("a reason has at most {} letters", limits::JUSTIFICATION_CHARS_MAX)));
    }
    Ok(text.to_owned())
}

fn deed(operation: &'static str, id: &VulnerabilityId, item: Option<&ItemId>) -> Deed {
    let item = item.map_or("all items", ItemId::as_str);
    Deed::done_to_named(operation, "vulnerability", &format!("{id} on {item}"))
}

impl Office {
    /// Carries a risk until a day. Its deadline rests until then, and never longer.
    ///
    /// # Errors
    /// When the context may not, nobody says why, the day is no good, there is no such item, or the state refuses.
    pub async fn accept_risk(&self, ctx: &OpContext, asked: AcceptanceAsked) -> Result<Acceptance, OfficeError> {
        self.may(ctx, Operation::RiskDecide).await?;
        let justification = reason(&asked.justification)?;
        let today = Day::of(ctx.now).ok_or_else(|| refused("the clock stands outside of all years"))?;
        let days = asked.until.days_since(today);
        if !(0..=limits::ACCEPTANCE_DAYS_MAX).contains(&days) {
            let most = limits::ACCEPTANCE_DAYS_MAX;
            return Err(refused(format!(
                "a risk is accepted until today at the earliest, and {most} days ahead at most"
            )));
        }
        if let Some(item) = &asked.item {
            self.must_have_item(ctx, item).await?;
        }
        let deed = deed("risk.accept", &asked.id, asked.item.as_ref());
        let AcceptanceAsked { id, item, until, .. } = asked;
        let by = ctx.actor.clone();
        let acceptance = Acceptance { number: 0, id, item, justification, until, by, at: ctx.now, lifted: None };
        Ok(self.state.accept_risk(ctx, acceptance, deed).await?)
    }

    /// Carries a risk no longer: its deadline counts again at once.
    ///
    /// # Errors
    /// When the context may not, there is no such acceptance, it was lifted already, or the state refuses.
    pub async fn lift_acceptance(&self, ctx: &OpContext, number: u64) -> Result<Acceptance, OfficeError> {
        self.may(ctx, Operation::RiskDecide).await?;
        let deed = Deed::done("risk.lift", format!("acceptance:{number}"));
        Ok(self.state.lift_acceptance(ctx, number, deed).await?)
    }

    /// Says what holds of a vulnerability on an item, whatever checks find; or takes earlier words back.
    ///
    /// # Errors
    /// When the context may not, nobody says why, there is no such item, or the state refuses.
    pub async fn say_status(&self, ctx: &OpContext, asked: WordAsked) -> Result<Word, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let why = reason(&asked.why)?;
        self.must_have_item(ctx, &asked.item).await?;
        let deed = deed("vulnerability.say", &asked.id, Some(&asked.item));
        let WordAsked { id, item, status, .. } = asked;
        let word = Word { number: 0, id, item, status, why, by: ctx.actor.clone(), at: ctx.now };
        Ok(self.state.say_vulnerability(ctx, word, deed).await?)
    }

    async fn must_have_item(&self, ctx: &OpContext, item: &ItemId) -> Result<(), OfficeError> {
        match self.state.register_item(ctx, item, None).await? {
            Some(_) => Ok(()),
            None => Err(OfficeError::NotFound { what: "item", name: item.to_string() }),
        }
    }
}
