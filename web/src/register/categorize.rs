//! How bad it would be: what follows from an item's types of information, and what people decide.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use model::OpContext;
use model::register::{Categorization, Impact, Item, Objective};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Choice, choices, item_id, word};
use crate::app::App;
use crate::asked::{Form, Path};
use crate::problem::Problem;
use crate::visit::Visit;

/// Letters of a reason.
const WHY_CHARS_MAX: usize = 1_000;

/// What stands on an item's page about how bad it would be.
pub(super) struct Weighed {
    /// The three objectives.
    pub(super) objectives: [ObjectiveForm; 3],
    /// Why it is proposed so, in words; empty when nothing is proposed.
    pub(super) reasons: Vec<String>,
    /// A catalogue proposes: people do not.
    pub(super) is_proposed: bool,
}

/// One objective.
pub(super) struct ObjectiveForm {
    /// Its name, as forms send it.
    pub(super) name: &'static str,
    /// What it is about.
    pub(super) words: &'static str,
    /// What is proposed.
    pub(super) proposed: Option<&'static str>,
    /// What people decided.
    pub(super) decided: Option<&'static str>,
    /// Why.
    pub(super) why: String,
    /// Proposals to choose from.
    pub(super) proposals: Vec<Choice>,
    /// Decisions to choose from.
    pub(super) decisions: Vec<Choice>,
}

impl ObjectiveForm {
    fn of((name, words): (&'static str, &'static str), kept: Option<&Objective>, proposed: Option<Impact>) -> Self {
        let decided = kept.and_then(|kept| kept.decided).map(Impact::name);
        let proposed = proposed.map(Impact::name);
        ObjectiveForm {
            name,
            words,
            proposed,
            decided,
            why: kept.map(|kept| kept.why.clone()).unwrap_or_default(),
            proposals: choices(Impact::ALL, Impact::name, proposed.unwrap_or_default()),
            decisions: choices(Impact::ALL, Impact::name, decided.unwrap_or_default()),
        }
    }
}

/// What is kept, and what a catalogue proposes where one was brought.
pub(super) async fn weigh(app: &App, ctx: &OpContext, item: &Item) -> Result<Weighed, Problem> {
    let proposal = app.office.proposed_categorization(ctx, item).await?;
    let kept = item.categorization.as_ref();
    let is_proposed = proposal.is_some();
    let (proposed, reasons) = match proposal {
        Some(proposal) => (Some(proposal.value), proposal.because.iter().map(ToString::to_string).collect()),
        None => (kept.cloned(), Vec::new()),
    };
    let one = |names, of: fn(&Categorization) -> &Objective| {
        ObjectiveForm::of(names, kept.map(of), proposed.as_ref().and_then(|proposed| of(proposed).proposed))
    };
    Ok(Weighed {
        objectives: [
            one(("confidentiality", "if it became known"), |of| &of.confidentiality),
            one(("integrity", "if it were wrong"), |of| &of.integrity),
            one(("availability", "if it were not there"), |of| &of.availability),
        ],
        reasons,
        is_proposed,
    })
}

/// What people say of how bad it would be. What is proposed counts only where no catalogue proposes.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct CategorizationSaid {
    /// Since when the version holds that was looked at, in microseconds since 1970.
    #[schema(required = true, pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(pattern = "^(low|moderate|high)?$")]
    confidentiality_proposed: String,
    #[schema(pattern = "^(low|moderate|high)?$")]
    confidentiality: String,
    /// Needed where it is decided lower than proposed.
    #[schema(max_length = 1000)]
    confidentiality_why: String,
    #[schema(pattern = "^(low|moderate|high)?$")]
    integrity_proposed: String,
    #[schema(pattern = "^(low|moderate|high)?$")]
    integrity: String,
    #[schema(max_length = 1000)]
    integrity_why: String,
    #[schema(pattern = "^(low|moderate|high)?$")]
    availability_proposed: String,
    #[schema(pattern = "^(low|moderate|high)?$")]
    availability: String,
    #[schema(max_length = 1000)]
    availability_why: String,
}

impl CategorizationSaid {
    fn read(&self) -> Result<Categorization, Problem> {
        let objective = |proposed: &str, decided: &str, why: &str| -> Result<Objective, Problem> {
            if why.chars().count() > WHY_CHARS_MAX {
                return Err(Problem::bad(format!("a reason has at most {WHY_CHARS_MAX} letters")));
            }
            let impact = |text: &str| word("an impact", text, Impact::ALL, Impact::name);
            Ok(Objective { proposed: impact(proposed)?, decided: impact(decided)?, why: why.trim().to_owned() })
        };
        Ok(Categorization {
            confidentiality: objective(
                &self.confidentiality_proposed,
                &self.confidentiality,
                &self.confidentiality_why,
            )?,
            integrity: objective(&self.integrity_proposed, &self.integrity, &self.integrity_why)?,
            availability: objective(&self.availability_proposed, &self.availability, &self.availability_why)?,
        })
    }
}

/// Says how bad it would be.
#[utoipa::path(post, path = "/register/items/{id}/categorize", tag = "Register",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = CategorizationSaid, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Said; back to the item")))]
pub(crate) async fn categorize(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<CategorizationSaid>,
) -> Result<Response, Problem> {
    let (id, ctx) = (item_id(&id)?, &visit.visitor.ctx);
    let (seen, wanted) = (super::change::seen(&said.version)?, said.read()?);
    app.office.categorize_item(ctx, &id, Some(seen), wanted).await?;
    Ok(Redirect::to(&format!("/register/items/{id}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_how_bad_it_would_be() {
        let said = CategorizationSaid {
            integrity_proposed: "high".to_owned(),
            integrity: "low".to_owned(),
            integrity_why: " looked after daily ".to_owned(),
            ..CategorizationSaid::default()
        };
        let read = said.read().unwrap();
        assert_eq!((read.integrity.proposed, read.integrity.decided), (Some(Impact::High), Some(Impact::Low)));
        assert_eq!(read.integrity.why, "looked after daily");
        let wrong = CategorizationSaid { availability: "worst".to_owned(), ..CategorizationSaid::default() };
        assert!(wrong.read().is_err());
        let long = "x".repeat(WHY_CHARS_MAX + 1);
        assert!(CategorizationSaid { availability_why: long, ..CategorizationSaid::default() }.read().is_err());
    }
}
