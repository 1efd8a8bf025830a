//! What is done with what was said of a service: the program looks, documents are made, somebody decides, and changes are looked for.

use axum::extract::State;
use axum::response::Response;
use engine::access::Operation;
use engine::office::Accepted;
use engine::office::rmf::Decision;
use serde::Deserialize;
use utoipa::ToSchema;

use super::form::{day_end, long, must, seen};
use super::say::back_to;
use crate::app::App;
use crate::asked::{Form, Path};
use crate::problem::Problem;
use crate::register::item_id;
use crate::visit::Visit;

/// The version that was looked at.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RmfLookedAt {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
}

/// Whether a service may run.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RmfDecided {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(pattern = "^(authorize|authorize-with-conditions|deny)$")]
    decision: String,
    /// The last day on which it holds; at most three years from now.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    expires: String,
    /// Conditions, one a line.
    #[serde(default)]
    #[schema(max_length = 4000)]
    conditions: String,
    /// Which risk is accepted, or why it may not run.
    #[schema(min_length = 1, max_length = 4000)]
    risk: String,
    #[serde(default)]
    #[schema(required = true, pattern = "^yes$")]
    confirm: String,
}

/// Looks at what the program can see for itself, and keeps what it says.
#[utoipa::path(post, path = "/risk/rmf/{id}/check", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfLookedAt, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Looked; back to the service")))]
pub(crate) async fn check(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfLookedAt>,
) -> Result<Response, Problem> {
    let (id, seen, ctx) = (item_id(&id)?, seen(&said.version)?, &visit.visitor.ctx);
    let seam = app.office.rmf_seam(ctx, Operation::RiskWrite, &id).await?;
    app.office.rmf_check(ctx, (&id, seen), &seam).await?;
    Ok(back_to(&id, "assess"))
}

/// Makes the documents of the service.
#[utoipa::path(post, path = "/risk/rmf/{id}/documents", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfLookedAt, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Made; back to the service")))]
pub(crate) async fn documents(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfLookedAt>,
) -> Result<Response, Problem> {
    let (id, seen) = (item_id(&id)?, seen(&said.version)?);
    app.office.rmf_documents(&visit.visitor.ctx, (&id, seen)).await?;
    Ok(back_to(&id, "authorize"))
}

/// Decides whether the service may run, and signs that.
#[utoipa::path(post, path = "/risk/rmf/{id}/authorize", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfDecided, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Decided; back to the service")))]
pub(crate) async fn authorize(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfDecided>,
) -> Result<Response, Problem> {
    let (id, seen, ctx) = (item_id(&id)?, seen(&said.version)?, &visit.visitor.ctx);
    if said.confirm != "yes" {
        return Err(Problem::bad("tick the box first: whoever decides answers for it"));
    }
    let conditions = long("conditions", &said.conditions)?;
    let lines = conditions.lines().map(str::trim).filter(|line| !line.is_empty());
    let accepted = Accepted {
        decision: must("decision", &said.decision, Decision::ALL, Decision::name)?,
        expires: day_end("expires", &said.expires)?,
        conditions: lines.map(str::to_owned).collect(),
        risk: long("risk", &said.risk)?,
    };
    let seam = app.office.rmf_seam(ctx, Operation::RiskAuthorize, &id).await?;
    app.office.rmf_authorize(ctx, (&id, seen), (accepted, &seam)).await?;
    Ok(back_to(&id, "authorize"))
}

/// Looks for what has changed since the decision, and opens steps again that follow from it.
#[utoipa::path(post, path = "/risk/rmf/{id}/monitor", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfLookedAt, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Looked; back to the service")))]
pub(crate) async fn monitor(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfLookedAt>,
) -> Result<Response, Problem> {
    let (id, seen, ctx) = (item_id(&id)?, seen(&said.version)?, &visit.visitor.ctx);
    let seam = app.office.rmf_seam(ctx, Operation::RiskWrite, &id).await?;
    app.office.rmf_monitor(ctx, (&id, seen), &seam).await?;
    Ok(back_to(&id, "monitor"))
}
