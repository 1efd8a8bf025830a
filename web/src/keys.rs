//! Which keys there are. No key is ever shown.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use model::OpContext;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::{Confirmed, Form};
use crate::problem::Problem;
use crate::shape::csv as csv_answer;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "keys.html")]
struct Page {
    shell: Shell,
    keys: Vec<KeyListed>,
    may_rotate: bool,
}

/// A key, by what may be known of it.
#[derive(Serialize, ToSchema)]
struct KeyListed {
    /// What it is for.
    name: &'static str,
    /// How to recognise it: the name of a secret key, or a public key as a whole.
    id: String,
    /// What it protects, in numbers.
    protects: String,
}

/// The keys of the installation.
#[derive(Serialize, ToSchema)]
struct KeyList {
    keys: Vec<KeyListed>,
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Vec<KeyListed>, Problem> {
    let keys = app.office.keys(ctx).await?;
    let mut protects = format!("keys of persons: {}, of texts: {}", keys.vault.persons, keys.vault.texts);
    if keys.vault.of_older > 0 {
        protects.push_str(&format!("; {} still under an older one: rotate again", keys.vault.of_older));
    }
    Ok(vec![
        KeyListed { name: "master", id: keys.vault.master, protects },
        KeyListed { name: "ledger", id: keys.ledger, protects: "every entry of the ledger".to_owned() },
    ])
}

/// Which keys there are.
#[utoipa::path(get, path = "/keys", tag = "Administration", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    Ok(Html(Page {
        shell: Shell::inside(&app, &visit, "Keys", "/keys").await?,
        keys: listed(&app, ctx).await?,
        may_rotate: app.office.offers(ctx, Operation::KeyRotate),
    })
    .into_response())
}

/// Which keys there are, for programs.
#[utoipa::path(get, path = "/keys.json", tag = "Administration", security(("session" = []), ("token" = [])),
    responses((status = 200, body = KeyList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(KeyList { keys: listed(&app, &caller.ctx).await? }).into_response())
}

/// Which keys there are, as a file.
#[utoipa::path(get, path = "/keys.csv", tag = "Administration", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(csv_answer("keys", &["name", "id", "protects"], &listed(&app, &caller.ctx).await?))
}

/// Makes a new master key, wraps every person's key with it, and forgets the old one.
#[utoipa::path(post, path = "/keys/rotate", tag = "Administration", security(("session" = [])),
    request_body(content = Confirmed, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Rotated; on to the keys")))]
pub(crate) async fn rotate(
    State(app): State<App>,
    visit: Visit,
    Form(confirmed): Form<Confirmed>,
) -> Result<Response, Problem> {
    confirmed.check("a backup of keys that was made before opens nothing new")?;
    app.office.rotate_keys(&visit.visitor.ctx).await?;
    Ok(Redirect::to("/keys").into_response())
}
