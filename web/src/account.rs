//! One's own account: roles, another passkey, and the way out.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::entrance::OwnPasskey;
use model::Role;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::{self, Form};
use crate::entry::{Answer, Ceremony, Done, ceremony};
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
    sessions: u64,
    passkeys: Vec<Row>,
}

struct Row {
    id: String,
    label: String,
    created: String,
    used: String,
}

/// One's own account.
#[utoipa::path(get, path = "/account", tag = "Coming in", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let shell = Shell::inside(&app, &visit, "Your account", "/account").await?;
    let roles = ctx.roles.iter().map(Role::name).collect::<Vec<_>>().join(", ");
    let row = |passkey: OwnPasskey| Row {
        id: URL_SAFE_NO_PAD.encode(&passkey.credential),
        label: passkey.label,
        created: moment(passkey.created),
        used: passkey.used.map_or_else(|| "never".to_owned(), moment),
    };
    let passkeys = app.entrance.own_passkeys(&visit.visitor).await?.into_iter().map(row).collect();
    let sessions = app.entrance.sessions(&visit.visitor).await?;
    Ok(Html(Page { shell, roles, is_proven: ctx.is_proven(), sessions, passkeys }).into_response())
}

/// Ends every other session of one's own.
#[utoipa::path(post, path = "/account/leave-elsewhere", tag = "Coming in", security(("session" = [])),
    responses((status = 303, description = "Ended; on to the account")))]
pub(crate) async fn leave_elsewhere(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    app.entrance.leave_elsewhere(&visit.visitor, &visit.session).await?;
    Ok(Redirect::to("/account").into_response())
}

/// Which passkey is to be forgotten.
#[derive(Deserialize, ToSchema)]
#[schema(as = PasskeyName)]
pub(crate) struct Which {
    /// The credential, in base64url.
    #[schema(min_length = 2, max_length = 2_048, pattern = "^([A-Za-z0-9_-]{4})+$")]
    id: String,
}

/// Forgets one of one's own passkeys.
#[utoipa::path(post, path = "/account/passkey/remove", tag = "Coming in", security(("session" = [])),
    request_body(content = Which, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Forgotten; on to the account")))]
pub(crate) async fn passkey_remove(
    State(app): State<App>,
    visit: Visit,
    Form(which): Form<Which>,
) -> Result<Response, Problem> {
    let credential = URL_SAFE_NO_PAD.decode(&which.id).map_err(|_| Problem::bad("this is no passkey"))?;
    app.entrance.remove_passkey(&visit.visitor, &credential).await?;
    Ok(Redirect::to("/account").into_response())
}

/// Begins to make another passkey.
#[utoipa::path(post, path = "/account/passkey/start", tag = "Coming in", security(("session" = [])),
    responses((status = 200, body = Ceremony)))]
pub(crate) async fn passkey_start(State(app): State<App>, visit: Visit) -> Result<Json<Ceremony>, Problem> {
    Ok(ceremony(app.entrance.start_passkey(&visit.visitor).await?))
}

/// Keeps the passkey that was made.
#[utoipa::path(post, path = "/account/passkey/finish", tag = "Coming in", security(("session" = [])),
    request_body(content = Answer, content_type = "application/json"), responses((status = 200, body = Done)))]
pub(crate) async fn passkey_finish(
    State(app): State<App>,
    visit: Visit,
    asked::Json(given): asked::Json<Answer>,
) -> Result<Json<Done>, Problem> {
    let label = given.label().to_owned();
    app.entrance.finish_passkey(&visit.visitor, &given.ceremony, given.answer, &label).await?;
    Ok(Json(Done { done: true }))
}
