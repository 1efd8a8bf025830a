//! Sources of intelligence: how they do, what they are worth, adding public ones, and pausing them.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{FeedWanted, IntelSourceView};
use model::{Grade, Marking, OpContext, Timestamp, Tlp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::{Form, Path};
use crate::problem::Problem;
use crate::shape::csv as csv_answer;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "intel_sources.html")]
struct Page {
    shell: Shell,
    rows: Vec<IntelSourceListed>,
    may_manage: bool,
    kinds: &'static [&'static str],
    tlp: Vec<&'static str>,
}

impl Page {
    /// Twins write times in full; people read seconds.
    fn moment(&self, written: &Option<String>) -> String {
        written.as_ref().map_or("never".to_owned(), |at| at.get(..19).unwrap_or(at).replace('T', " "))
    }
}

/// A source of intelligence.
#[derive(Serialize, ToSchema)]
struct IntelSourceListed {
    name: String,
    /// What it is: `list`, `taxii`, `misp`, …
    kind: String,
    /// `good`, `failing`, `paused` or `new`.
    status: &'static str,
    /// How reliable it is and how credible what it says, by the Admiralty code: `B2`.
    grade: String,
    /// What each of its claims is multiplied with, 0 to 1: its grade, and what became of its claims.
    weight: Option<f64>,
    /// Why.
    because: Vec<String>,
    /// How many things it lists.
    claims: u64,
    /// What the last run that brought anything added.
    added: u64,
    /// What it changed.
    changed: u64,
    /// What was not listed any more, or was taken back.
    gone: u64,
    /// Records that could not be read.
    bad: u64,
    /// The first of those, and why.
    notes: Vec<String>,
    #[schema(format = DateTime)]
    last_success: Option<String>,
    #[schema(format = DateTime)]
    last_try: Option<String>,
    #[schema(format = DateTime)]
    next: Option<String>,
    /// What went wrong last.
    error: Option<String>,
    millis: u64,
    bytes: u64,
}

/// Sources, by name.
#[derive(Serialize, ToSchema)]
struct IntelSourceList {
    sources: Vec<IntelSourceListed>,
}

fn source(view: IntelSourceView) -> IntelSourceListed {
    let health = view.health;
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    IntelSourceListed {
        status: health.status(&view.source),
        grade: view.terms.grade.to_string(),
        weight: view.trust.as_ref().map(|trust| trust.value.weight.get()),
        because: view
            .trust
            .iter()
            .flat_map(|trust| &trust.because)
            .map(ToString::to_string)
            .chain(view.repeats.clone())
            .collect(),
        claims: health.brought.listed,
        added: health.brought.claims.added,
        changed: health.brought.claims.changed,
        gone: health.brought.claims.gone + health.brought.taken_back,
        bad: health.tally.bad,
        notes: health.tally.notes,
        last_success: text(health.last_success),
        last_try: text(health.last_try),
        next: text(health.next),
        error: health.error,
        millis: health.millis,
        bytes: health.bytes,
        name: view.source.name,
        kind: view.source.kind,
    }
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Vec<IntelSourceListed>, Problem> {
    Ok(app.office.intel_sources(ctx).await?.into_iter().map(source).collect())
}

/// Sources of intelligence.
#[utoipa::path(get, path = "/intel/sources", tag = "Intelligence", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let rows = listed(&app, ctx).await?;
    let may_manage = app.office.offers(ctx, Operation::IntelSourceManage);
    let shell = Shell::inside(&app, &visit, "Sources of intelligence", "/intel").await?;
    let (kinds, tlp) = (app.office.feed_kinds(), Tlp::ALL.map(Tlp::name).to_vec());
    Ok(Html(Page { shell, rows, may_manage, kinds, tlp }).into_response())
}

/// Sources of intelligence, for programs.
#[utoipa::path(get, path = "/intel/sources.json", tag = "Intelligence", security(("session" = []), ("token" = [])),
    responses((status = 200, body = IntelSourceList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(IntelSourceList { sources: listed(&app, &caller.ctx).await? }).into_response())
}

/// Sources of intelligence, as a file.
#[utoipa::path(get, path = "/intel/sources.csv", tag = "Intelligence", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let columns = ["name", "kind", "status", "grade", "weight", "claims", "bad", "last_success", "next", "error"];
    Ok(csv_answer("intel-sources", &columns, &listed(&app, &caller.ctx).await?))
}

/// A feed that anybody may ask.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Added {
    /// What it is to be called: a label, since reasons and exports name it.
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    name: String,
    #[schema(pattern = "^(list|stix|taxii|misp|kev|csaf|leaks|new-domains)$")]
    kind: String,
    /// Where it is: https, and no private address.
    #[schema(pattern = "^https://.+", max_length = 2_048)]
    url: String,
    /// Time between two runs: 15m, 6h, 1d.
    #[schema(pattern = "^[1-9][0-9]{0,4}[smhd]$")]
    every: String,
    /// By the Admiralty code.
    #[schema(pattern = "^[A-F][1-6]$")]
    grade: String,
    /// To whom what it says may go where it does not say so.
    #[schema(pattern = "^(clear|green|amber|amber\\+strict|red)$")]
    tlp: String,
}

/// Adds a feed that the watch then asks. Those that need a secret or a file are added on the machine.
#[utoipa::path(post, path = "/intel/sources/add", tag = "Intelligence", security(("session" = [])),
    request_body(content = Added, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Added; on to the sources")))]
pub(crate) async fn add(State(app): State<App>, visit: Visit, Form(added): Form<Added>) -> Result<Response, Problem> {
    let is_name = Tlp::ALL.into_iter().find(|tlp| tlp.name() == added.tlp);
    let tlp = is_name.ok_or_else(|| Problem::bad(format!("{:?} is no marking", added.tlp)))?;
    let grade = added.grade.parse::<Grade>().map_err(|error| Problem::bad(error.to_string()))?;
    if grade.to_string() != added.grade {
        return Err(Problem::bad("a grade is a capital letter and a digit"));
    }
    let marking = Marking { tlp, ..Marking::default() };
    let Added { name, kind, url, every, .. } = added;
    app.office.add_feed(&visit.visitor.ctx, &FeedWanted { name, kind, url, every, grade, marking }).await?;
    Ok(Redirect::to("/intel/sources").into_response())
}

/// Asks a source no more for now.
#[utoipa::path(post, path = "/intel/sources/{name}/pause", tag = "Intelligence", params(("name" = String, Path)),
    security(("session" = [])), responses((status = 303, description = "Paused; on to the sources")))]
pub(crate) async fn pause(State(app): State<App>, visit: Visit, Path(name): Path<String>) -> Result<Response, Problem> {
    app.office.pause_intel_source(&visit.visitor.ctx, &name, true).await?;
    Ok(Redirect::to("/intel/sources").into_response())
}

/// Asks a source again.
#[utoipa::path(post, path = "/intel/sources/{name}/resume", tag = "Intelligence", params(("name" = String, Path)),
    security(("session" = [])), responses((status = 303, description = "It is asked again; on to the sources")))]
pub(crate) async fn resume(
    State(app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    app.office.pause_intel_source(&visit.visitor.ctx, &name, false).await?;
    Ok(Redirect::to("/intel/sources").into_response())
}
