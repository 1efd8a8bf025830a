//! The policy by which risk is reckoned: what the city believes, tolerates and pays.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::After;
use model::limits;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Tab, tabs};
use crate::app::App;
use crate::asked::Form;
use crate::problem::Problem;
use crate::shape::moment;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "risk_policy.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    text: String,
    /// Its version, when it came, and who brought it; nothing for the built-in one.
    version: Option<(u64, String, String)>,
    may_decide: bool,
    bytes_max: usize,
}

/// The policy by which risk is reckoned.
#[derive(Serialize, ToSchema)]
struct RiskPolicy {
    /// Its text (TOML).
    text: String,
    /// Its version; nothing for the built-in one.
    version: Option<u64>,
    /// When that was brought.
    #[schema(format = DateTime)]
    since: Option<String>,
}

/// The policy by which risk is reckoned.
#[utoipa::path(get, path = "/risk/policy", tag = "Risk", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let view = app.office.risk_policy(ctx).await?;
    let version = match &view.version {
        Some(version) => {
            let names = app.office.names(ctx, &[version.by.as_str()]).await?;
            Some((version.number, moment(version.at), names.show(&version.by).to_owned()))
        }
        None => None,
    };
    Ok(Html(Page {
        shell: Shell::inside(&app, &visit, "Risk policy", "/risk").await?,
        tabs: tabs("/risk/policy"),
        text: view.text,
        version,
        may_decide: app.office.offers(ctx, Operation::RiskDecide),
        bytes_max: limits::RISK_POLICY_BYTES_MAX,
    })
    .into_response())
}

/// The policy by which risk is reckoned, for programs.
#[utoipa::path(get, path = "/risk/policy.json", tag = "Risk", security(("session" = []), ("token" = [])),
    responses((status = 200, body = RiskPolicy)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let view = app.office.risk_policy(&caller.ctx).await?;
    let since = view.version.as_ref().map(|version| version.at.to_string());
    Ok(Json(RiskPolicy { version: view.version.as_ref().map(|version| version.number), since, text: view.text })
        .into_response())
}

/// A policy that is to hold from now on.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PolicySaid {
    /// Its text (TOML).
    #[schema(min_length = 1, max_length = 65536)]
    text: String,
    /// The version that whoever changes it has looked at; 0 for the built-in one.
    #[schema(minimum = 0)]
    version: u64,
}

/// Says by which policy risk is reckoned from now on.
#[utoipa::path(post, path = "/risk/policy", tag = "Risk", security(("session" = [])),
    request_body(content = PolicySaid, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "It holds; back to it")))]
pub(crate) async fn say(
    State(app): State<App>,
    visit: Visit,
    Form(said): Form<PolicySaid>,
) -> Result<Response, Problem> {
    // A form sends line ends as the old way has them.
    let text = said.text.replace("\r\n", "\n");
    app.office.set_risk_policy(&visit.visitor.ctx, &text, After::Version(said.version)).await?;
    Ok(Redirect::to("/risk/policy").into_response())
}

impl Page {
    fn number(&self) -> u64 {
        self.version.as_ref().map_or(0, |(number, ..)| *number)
    }
}
