//! One's own account: roles, another passkey, and the way out.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::entrance::OwnPasskey;
use model::Role;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::entry::Answer;
use crate::problem::Problem;
use crate::shape::moment;
use crate::shell::{Html, Shell};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    shell: Shell,
    roles: String,
    is_proven: bool,
    passkeys: Vec<Row>,
}

struct Row {
    id: String,
    label: String,
    created: String,
    used: String,
}

pub(crate) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let shell = Shell::inside(&app, &visit, "Your account", "/account").await;
    let shell = shell.map_err(|error| Problem::from(error).for_page(true))?;
    let roles = ctx.roles.iter().map(Role::name).collect::<Vec<_>>().join(", ");
    let passkeys =
        app.entrance.own_passkeys(&visit.visitor).await.map_err(|error| Problem::from(error).for_page(true))?;
    let row = |passkey: OwnPasskey| Row {
        id: URL_SAFE_NO_PAD.encode(&passkey.credential),
        label: passkey.label,
        created: moment(passkey.created),
        used: passkey.used.map_or_else(|| "never".to_owned(), moment),
    };
    let passkeys = passkeys.into_iter().map(row).collect();
    Ok(Html(Page { shell, roles, is_proven: ctx.is_proven(), passkeys }).into_response())
}

/// Which passkey is to be forgotten.
#[derive(Deserialize)]
pub(crate) struct Which {
    id: String,
}

pub(crate) async fn passkey_remove(
    State(app): State<App>,
    visit: Visit,
    Form(which): Form<Which>,
) -> Result<Response, Problem> {
    let done = async {
        let credential = URL_SAFE_NO_PAD.decode(&which.id).map_err(|_| Problem::bad("this is no passkey"))?;
        app.entrance.remove_passkey(&visit.visitor, &credential).await?;
        Ok(Redirect::to("/account").into_response())
    };
    done.await.map_err(|problem: Problem| problem.for_page_of("/account"))
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
