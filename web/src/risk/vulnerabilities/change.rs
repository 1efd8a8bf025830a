//! What people decide about a vulnerability by forms: to carry the risk, to carry it no longer, and what holds.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::office::{AcceptanceAsked, WordAsked};
use model::Day;
use model::register::ItemId;
use model::software::Status;
use model::vulnerability::VulnerabilityId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::HERE;
use crate::app::App;
use crate::asked::{Form, Path};
use crate::problem::Problem;
use crate::register::{item_id, word};
use crate::visit::Visit;

/// What takes earlier words back.
const UNSAID: &str = "unsaid";

/// A risk that is to be carried.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RiskAccepted {
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    why: String,
    /// The last day on which it is carried; a year ahead at most.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    until: String,
    /// On this item, or on all.
    #[schema(pattern = "^(this|all)$")]
    scope: String,
}

/// An acceptance that is to be lifted.
#[derive(Deserialize, ToSchema)]
pub(crate) struct AcceptanceLifted {
    /// Its number.
    #[schema(pattern = "^[1-9][0-9]{0,17}$")]
    number: String,
}

/// What holds.
#[derive(Deserialize, ToSchema)]
pub(crate) struct StatusTold {
    /// A word of VEX; `unsaid` takes earlier words back.
    #[schema(pattern = "^(not_affected|fixed|under_investigation|affected|unsaid)$")]
    status: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    why: String,
}

fn places(id: &str, item: &str) -> Result<(VulnerabilityId, ItemId), Problem> {
    let id = VulnerabilityId::parse(id).map_err(|error| Problem::not_found(error.to_string()))?;
    Ok((id, item_id(item)?))
}

fn back_to(id: &VulnerabilityId, item: &ItemId) -> Response {
    Redirect::to(&format!("{HERE}/{id}/{item}")).into_response()
}

/// Carries a risk until a day.
#[utoipa::path(post, path = "/risk/vulnerabilities/{id}/{item}/accept", tag = "Risk",
    params(("id" = String, Path, pattern = "^[A-Za-z0-9][A-Za-z0-9.:_-]{0,99}$"),
        ("item" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = RiskAccepted, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Accepted; back to the vulnerability")))]
pub(crate) async fn accept(
    State(app): State<App>,
    visit: Visit,
    Path((id, item)): Path<(String, String)>,
    Form(accepted): Form<RiskAccepted>,
) -> Result<Response, Problem> {
    let (id, item) = places(&id, &item)?;
    let until: Day = accepted.until.parse().map_err(|error: model::day::NoDay| Problem::bad(error.to_string()))?;
    let is_all = word("scope", &accepted.scope, &[false, true], |is_all| if is_all { "all" } else { "this" })?;
    let is_all = is_all.ok_or_else(|| Problem::bad("scope is this or all"))?;
    let own = (!is_all).then(|| item.clone());
    let asked = AcceptanceAsked { id: id.clone(), item: own, justification: accepted.why, until };
    app.office.accept_risk(&visit.visitor.ctx, asked).await?;
    Ok(back_to(&id, &item))
}

/// Carries a risk no longer.
#[utoipa::path(post, path = "/risk/vulnerabilities/{id}/{item}/lift", tag = "Risk",
    params(("id" = String, Path, pattern = "^[A-Za-z0-9][A-Za-z0-9.:_-]{0,99}$"),
        ("item" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = AcceptanceLifted, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Lifted; back to the vulnerability")))]
pub(crate) async fn lift(
    State(app): State<App>,
    visit: Visit,
    Path((id, item)): Path<(String, String)>,
    Form(lifted): Form<AcceptanceLifted>,
) -> Result<Response, Problem> {
    let (id, item) = places(&id, &item)?;
    let number = lifted.number.parse::<u64>().ok().filter(|number| lifted.number == number.to_string());
    let number = number.filter(|number| (1..1_000_000_000_000_000_000).contains(number));
    let number = number.ok_or_else(|| Problem::bad("number says which acceptance"))?;
    app.office.lift_acceptance(&visit.visitor.ctx, number).await?;
    Ok(back_to(&id, &item))
}

/// Says what holds, whatever checks find.
#[utoipa::path(post, path = "/risk/vulnerabilities/{id}/{item}/say", tag = "Risk",
    params(("id" = String, Path, pattern = "^[A-Za-z0-9][A-Za-z0-9.:_-]{0,99}$"),
        ("item" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    request_body(content = StatusTold, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Said; back to the vulnerability, or to the list")))]
pub(crate) async fn say(
    State(app): State<App>,
    visit: Visit,
    Path((id, item)): Path<(String, String)>,
    Form(told): Form<StatusTold>,
) -> Result<Response, Problem> {
    let (id, item) = places(&id, &item)?;
    let status = match told.status.as_str() {
        UNSAID => None,
        text => {
            let status = word("status", text, Status::ALL, Status::vex)?;
            Some(status.ok_or_else(|| Problem::bad("say what holds"))?)
        }
    };
    let asked = WordAsked { id, item, status, why: told.why };
    let word = app.office.say_status(&visit.visitor.ctx, asked).await?;
    // Where a word was all that was known of it, it may be gone now: the list is there always.
    match word.status {
        Some(_) => Ok(back_to(&word.id, &word.item)),
        None => Ok(Redirect::to(HERE).into_response()),
    }
}
