//! Coming in: by a link the first time, by a passkey after that, and proving it again for what is grave.

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use engine::entrance::Challenge;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::problem::Problem;
use crate::shell::{Html, Shell};
use crate::visit::{self, Visit, cookie, read_secret};

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    shell: Shell,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    to: String,
}

#[derive(Template)]
#[template(path = "prove.html")]
struct ProvePage {
    shell: Shell,
    to: String,
}

/// Where somebody goes on.
#[derive(Deserialize)]
pub(crate) struct Onward {
    #[serde(default)]
    to: String,
}

impl Onward {
    /// A path of ours: a link to here must not lead anywhere else.
    fn path(&self) -> String {
        let is_path = self.to.starts_with('/') && !self.to.starts_with("//") && !self.to.starts_with("/\\");
        let is_plain = self.to.chars().all(|letter| !letter.is_control() && letter != '\\');
        if is_path && is_plain { self.to.clone() } else { "/".to_owned() }
    }
}

/// To the first page that somebody may see, or to the door.
pub(crate) async fn front(State(app): State<App>, visit: Result<Visit, Problem>) -> Response {
    let Ok(visit) = visit else { return Redirect::to("/sign-in").into_response() };
    match Shell::inside(&app, &visit, "", "").await {
        Ok(shell) => Redirect::to(shell.ways.first().map_or("/account", |way| way.href)).into_response(),
        Err(error) => Problem::from(error).for_page(true).into_response(),
    }
}

/// There is no such page.
pub(crate) async fn nothing(headers: HeaderMap) -> Problem {
    Problem::not_found("no page and no answer has this address").for_page(Problem::wants_page(&headers))
}

/// The page that a link leads to. The link's secret stands behind `#`, which browsers keep to themselves.
pub(crate) async fn setup(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(elsewhere) = elsewhere(&app, &headers, "/setup") {
        return elsewhere;
    }
    Html(SetupPage { shell: Shell::outside("Welcome") }).into_response()
}

/// Passkeys are bound to a name: whoever came by another one is sent there. What stands behind `#` comes along.
fn elsewhere(app: &App, headers: &HeaderMap, path: &str) -> Option<Response> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok())?;
    let public = &app.settings.public_url;
    let ours = match public.port() {
        Some(port) => format!("{}:{port}", public.host_str().unwrap_or_default()),
        None => public.host_str().unwrap_or_default().to_owned(),
    };
    (host != ours).then(|| Redirect::to(&app.settings.address(path)).into_response())
}

#[derive(Deserialize)]
pub(crate) struct SetupStart {
    link: String,
    #[serde(default)]
    name: String,
}

fn challenge(challenge: Challenge) -> Json<Value> {
    Json(json!({ "ceremony": challenge.ceremony, "options": challenge.options }))
}

/// With a name: begins to make a passkey. Without: says whom the link lets in.
pub(crate) async fn setup_start(State(app): State<App>, Json(asked): Json<SetupStart>) -> Result<Json<Value>, Problem> {
    let link = read_secret(&asked.link).ok_or_else(|| Problem::bad("this is no link"))?;
    if asked.name.is_empty() {
        return Ok(Json(json!({ "name": app.entrance.whose_link(&link).await? })));
    }
    Ok(challenge(app.entrance.start_enrolment(&link, &asked.name).await?))
}

#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) ceremony: String,
    pub(crate) answer: Value,
    #[serde(default)]
    pub(crate) label: String,
}

impl Answer {
    /// What its owner calls the passkey.
    pub(crate) fn label(&self) -> &str {
        match self.label.trim() {
            "" => "passkey",
            label => label,
        }
    }
}

fn let_in(app: &App, session: &engine::entrance::Secret) -> Response {
    ([(header::SET_COOKIE, cookie(&app.settings, Some(session)))], Json(json!({ "in": true }))).into_response()
}

pub(crate) async fn setup_finish(State(app): State<App>, Json(given): Json<Answer>) -> Result<Response, Problem> {
    let session = app.entrance.finish_enrolment(&given.ceremony, given.answer.clone(), given.label()).await?;
    Ok(let_in(&app, &session))
}

pub(crate) async fn sign_in(State(app): State<App>, headers: HeaderMap, Query(onward): Query<Onward>) -> Response {
    if let Some(elsewhere) = elsewhere(&app, &headers, "/sign-in") {
        return elsewhere;
    }
    Html(SignInPage { shell: Shell::outside("Sign in"), to: onward.path() }).into_response()
}

pub(crate) async fn sign_in_start(State(app): State<App>) -> Result<Json<Value>, Problem> {
    Ok(challenge(app.entrance.start_sign_in()?))
}

pub(crate) async fn sign_in_finish(State(app): State<App>, Json(given): Json<Answer>) -> Result<Response, Problem> {
    let session = app.entrance.finish_sign_in(&given.ceremony, given.answer).await?;
    Ok(let_in(&app, &session))
}

pub(crate) async fn sign_out(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    app.entrance.leave(&visit.visitor, &visit.session).await?;
    let headers = [(header::SET_COOKIE, cookie(&app.settings, None))];
    Ok((headers, Redirect::to("/sign-in")).into_response())
}

pub(crate) async fn prove(
    State(app): State<App>,
    visit: Visit,
    Query(onward): Query<Onward>,
) -> Result<Response, Problem> {
    let shell = Shell::inside(&app, &visit, "Prove again who you are", "").await?;
    Ok(Html(ProvePage { shell, to: onward.path() }).into_response())
}

pub(crate) async fn prove_start(State(app): State<App>, visit: Visit) -> Result<Json<Value>, Problem> {
    Ok(challenge(app.entrance.start_step_up(&visit.visitor).await?))
}

pub(crate) async fn prove_finish(
    State(app): State<App>,
    visit: visit::Visit,
    Json(given): Json<Answer>,
) -> Result<Response, Problem> {
    let fresh = app.entrance.finish_step_up(&visit.visitor, &visit.session, &given.ceremony, given.answer).await?;
    Ok(let_in(&app, &fresh))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn onward_leads_nowhere_else() {
        let check = |to: &str, path: &str| assert_eq!(Onward { to: to.into() }.path(), path, "{to:?}");
        check("/inbox?level=high", "/inbox?level=high");
        check("", "/");
        for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example", "/a\\b", "javascript:x", "/\n/x"]
        {
            check(elsewhere, "/");
        }
    }
}
