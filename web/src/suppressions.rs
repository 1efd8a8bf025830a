//! What is taken out of sight for a while.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::Suppression;
use model::OpContext;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::Path;
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, moment};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "suppressions.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    may_lift: bool,
}

struct Row {
    of: Suppression,
    by: String,
    created: String,
    ends: String,
    status: &'static str,
}

/// What is taken out of sight for a while.
#[utoipa::path(get, path = "/suppressions", tag = "Findings", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let all = app.office.suppressions(ctx).await?;
    let actors: Vec<&str> = all.iter().map(|one| one.created_by.as_str()).collect();
    let names = app.office.names(ctx, &actors).await?;
    let row = |of: Suppression| Row {
        by: names.show(&of.created_by).to_owned(),
        created: moment(of.created),
        ends: moment(of.ends),
        status: match of.lifted {
            Some(_) => "lifted",
            None if of.ends <= ctx.now => "ended",
            None => "in force",
        },
        of,
    };
    let rows = all.into_iter().map(row).collect();
    let shell = Shell::inside(&app, &visit, "Suppressions", "/suppressions").await?;
    let may_lift = app.office.offers(ctx, Operation::SuppressionManage);
    Ok(Html(Page { shell, rows, may_lift }).into_response())
}

/// A suppression.
#[derive(Serialize, ToSchema)]
struct SuppressionListed {
    id: String,
    /// The rule, indicator list or behaviour whose findings are out of sight.
    analytic_uid: String,
    /// Those about this machine or address only.
    subject: Option<String>,
    /// Why.
    reason: String,
    /// By whom, as the ledger names them.
    created_by: String,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    ends: String,
    /// When it was ended before its time.
    #[schema(format = DateTime)]
    lifted: Option<String>,
}

/// Suppressions, newest first.
#[derive(Serialize, ToSchema)]
struct SuppressionList {
    suppressions: Vec<SuppressionListed>,
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Vec<SuppressionListed>, Problem> {
    let listed = |row: Suppression| SuppressionListed {
        id: row.id,
        analytic_uid: row.analytic_uid,
        subject: row.subject,
        reason: row.reason,
        created_by: row.created_by,
        created: row.created.to_string(),
        ends: row.ends.to_string(),
        lifted: row.lifted.map(|at| at.to_string()),
    };
    Ok(app.office.suppressions(ctx).await?.into_iter().map(listed).collect())
}

/// What is taken out of sight for a while, for programs.
#[utoipa::path(get, path = "/suppressions.json", tag = "Findings", security(("session" = []), ("token" = [])),
    responses((status = 200, body = SuppressionList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let suppressions = listed(&app, &caller.ctx).await?;
    Ok(Json(SuppressionList { suppressions }).into_response())
}

/// What is taken out of sight for a while, as a file.
#[utoipa::path(get, path = "/suppressions.csv", tag = "Findings", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let rows = listed(&app, &caller.ctx).await?;
    let columns = ["id", "analytic_uid", "subject", "reason", "created_by", "created", "ends", "lifted"];
    Ok(csv_answer("suppressions", &columns, &rows))
}

/// Ends a suppression.
#[utoipa::path(post, path = "/suppressions/{id}/lift", tag = "Findings", params(("id" = String, Path)),
    security(("session" = [])), responses((status = 303, description = "Lifted; on to the suppressions")))]
pub(crate) async fn lift(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    app.office.lift_suppression(&visit.visitor.ctx, &id).await?;
    Ok(Redirect::to("/suppressions").into_response())
}
