//! One's own agency, and the names of others that the installation serves.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{AgencyView, OwnAgency};
use model::OpContext;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::shape::csv as csv_answer;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "agencies.html")]
struct Page {
    shell: Shell,
    rows: Vec<AgencyListed>,
}

/// An agency. Of others than one's own no more than the name is known.
#[derive(Serialize, ToSchema)]
struct AgencyListed {
    name: String,
    /// Whether the installation stands there.
    is_home: bool,
    /// People who are let in.
    people: Option<usize>,
    /// Tokens that are good.
    tokens: Option<usize>,
    /// Sources of records.
    sources: Option<usize>,
    /// Legal holds in force.
    holds: Option<usize>,
}

/// Agencies that the installation serves, as far as whoever asks may know of them.
#[derive(Serialize, ToSchema)]
struct AgencyList {
    agencies: Vec<AgencyListed>,
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Vec<AgencyListed>, Problem> {
    let listed = |view: AgencyView| {
        let own = |count: fn(&OwnAgency) -> usize| view.own.as_ref().map(count);
        AgencyListed {
            people: own(|own| own.people),
            tokens: own(|own| own.tokens),
            sources: own(|own| own.sources),
            holds: own(|own| own.holds),
            name: view.name.to_string(),
            is_home: view.is_home,
        }
    };
    Ok(app.office.agencies(ctx).await?.into_iter().map(listed).collect())
}

/// One's own agency, and which others the installation serves.
#[utoipa::path(get, path = "/agencies", tag = "Administration", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let rows = listed(&app, &visit.visitor.ctx).await?;
    Ok(Html(Page { shell: Shell::inside(&app, &visit, "Agencies", "/agencies").await?, rows }).into_response())
}

/// The same, for programs.
#[utoipa::path(get, path = "/agencies.json", tag = "Administration", security(("session" = []), ("token" = [])),
    responses((status = 200, body = AgencyList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(AgencyList { agencies: listed(&app, &caller.ctx).await? }).into_response())
}

/// The same, as a file.
#[utoipa::path(get, path = "/agencies.csv", tag = "Administration", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let agencies = listed(&app, &caller.ctx).await?;
    Ok(csv_answer("agencies", &["name", "is_home", "people", "tokens", "sources", "holds"], &agencies))
}
