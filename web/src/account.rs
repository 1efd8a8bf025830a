//! One's own account: roles, another passkey, and the way out.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::Role;
use serde_json::{Value, json};

use crate::app::App;
use crate::entry::Answer;
use crate::problem::Problem;
use crate::shell::{Html, Shell};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    shell: Shell,
    roles: String,
    is_proven: bool,
}

pub(crate) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let shell = Shell::inside(&app, &visit, "Your account", "/account").await;
    let shell = shell.map_err(|error| Problem::from(error).for_page(true))?;
    let roles = ctx.roles.iter().map(Role::name).collect::<Vec<_>>().join(", ");
    Ok(Html(Page { shell, roles, is_proven: ctx.is_proven() }).into_response())
}

pub(crate) async fn passkey_start(State(app): State<App>, visit: Visit) -> Result<Json<Value>, Problem> {
    let challenge = app.entrance.start_passkey(&visit.visitor).await?;
    Ok(Json(json!({ "ceremony": challenge.ceremony, "options": challenge.options })))
}

pub(crate) async fn passkey_finish(
    State(app): State<App>,
    visit: Visit,
    Json(given): Json<Answer>,
) -> Result<Json<Value>, Problem> {
    let label = given.label().to_owned();
    app.entrance.finish_passkey(&visit.visitor, &given.ceremony, given.answer, &label).await?;
    Ok(Json(json!({ "kept": true })))
}
