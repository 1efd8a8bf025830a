//! Coming in: by a link the first time, by a passkey after that, and proving it again for what is grave.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use engine::entrance::Challenge;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::asked::{self, Query};
use crate::problem::Problem;
use crate::shell::{Html, Shell};
use crate::visit::{Visit, cookie, read_secret, session_of};

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    shell: Shell,
    staff: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    staff: Option<String>,
    to: String,
}

#[derive(Template)]
#[template(path = "prove.html")]
struct ProvePage {
    shell: Shell,
    staff: Option<String>,
    to: String,
}

impl SignInPage {
    fn onward(&self) -> String {
        crate::shape::query(&[("to", &self.to)])
    }
}

impl ProvePage {
    fn onward(&self) -> String {
        crate::shape::query(&[("to", &self.to)])
    }
}

/// What people call the account that lets staff in, if there is one.
fn staff(app: &App) -> Option<String> {
    app.entrance.staff_label().map(str::to_owned)
}

/// Where somebody goes on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Onward {
    /// A path of ours; any other is not followed.
    #[serde(default)]
    to: String,
}

impl Onward {
    /// A path of ours: a link to here must not lead anywhere else.
    pub(crate) fn path(&self) -> String {
        let is_path = self.to.starts_with('/') && !self.to.starts_with("//") && !self.to.starts_with("/\\");
        let is_plain = self.to.chars().all(|letter| !letter.is_control() && letter != '\\');
        if is_path && is_plain { self.to.clone() } else { "/".to_owned() }
    }
}

/// To the first page that somebody may see, or to the door.
#[utoipa::path(get, path = "/", tag = "Coming in", responses((status = 303, description = "On to a page")))]
pub(crate) async fn front(State(app): State<App>, visit: Result<Visit, Problem>) -> Response {
    let Ok(visit) = visit else { return Redirect::to("/sign-in").into_response() };
    match Shell::inside(&app, &visit, "", "").await {
        Ok(shell) => Redirect::to(shell.ways.first().map_or("/account", |way| way.href)).into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// There is no such page.
pub(crate) async fn nothing() -> Problem {
    Problem::not_found("no page and no answer has this address")
}

/// There is such a page, but it answers other methods.
pub(crate) async fn not_like_this() -> Problem {
    Problem::not_like_this()
}

/// The page that a link leads to. The link's secret stands behind `#`, which browsers keep to themselves.
#[utoipa::path(get, path = "/setup", tag = "Coming in", responses((status = 200, body = String, content_type = "text/html"),
        (status = 303, description = "On to the address that passkeys are bound to")))]
pub(crate) async fn setup(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(elsewhere) = elsewhere(&app, &headers, "/setup") {
        return elsewhere;
    }
    let staff = staff(&app);
    Html(SetupPage { shell: Shell::outside("Welcome"), staff }).into_response()
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

/// A link, and the name of whoever it lets in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SetupStart {
    #[schema(pattern = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")]
    link: String,
    #[serde(default)]
    #[schema(max_length = 100)]
    name: String,
}

/// What the browser is to sign, or to make.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ceremony {
    /// Which one it is; the answer names it.
    ceremony: String,
    /// For the browser's credentials (WebAuthn).
    #[schema(value_type = Object)]
    options: Value,
}

pub(crate) fn ceremony(challenge: Challenge) -> Json<Ceremony> {
    Json(Ceremony { ceremony: challenge.ceremony, options: challenge.options })
}

/// Whom a link lets in.
#[derive(Serialize, ToSchema)]
struct Invited {
    name: String,
}

/// With a name: begins to make a passkey. Without: says whom the link lets in.
#[utoipa::path(post, path = "/setup/start", tag = "Coming in",
    request_body(content = SetupStart, content_type = "application/json"),
    responses((status = 200, body = inline(InvitedOrCeremony))))]
pub(crate) async fn setup_start(
    State(app): State<App>,
    asked::Json(asked): asked::Json<SetupStart>,
) -> Result<Response, Problem> {
    let link = read_secret(&asked.link).ok_or_else(|| Problem::bad("this is no link"))?;
    if asked.name.is_empty() {
        return Ok(Json(Invited { name: app.entrance.whose_link(&link).await? }).into_response());
    }
    Ok(ceremony(app.entrance.start_enrolment(&link, &asked.name).await?).into_response())
}

#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape stands in the document")]
enum InvitedOrCeremony {
    Invited(Invited),
    Ceremony(Ceremony),
}

/// What the browser's credentials answered.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Answer {
    /// Which ceremony it answers.
    #[schema(max_length = 64)]
    pub(crate) ceremony: String,
    /// The credential, as WebAuthn writes it in JSON.
    #[schema(value_type = Object)]
    pub(crate) answer: Value,
    /// What its owner calls a passkey that was made.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub(crate) label: String,
}

/// It is done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Done {
    pub(crate) done: bool,
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

/// Whoever comes in anew leaves the session that the browser had.
async fn leave_old(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(session) = session_of(headers, &app.settings) else { return Ok(()) };
    if let Some(visitor) = app.entrance.visitor(&session).await? {
        app.entrance.leave(&visitor, &session).await?;
    }
    Ok(())
}

fn let_in(app: &App, session: &engine::entrance::Secret) -> Response {
    ([(header::SET_COOKIE, cookie(&app.settings, Some(session)))], Json(Done { done: true })).into_response()
}

/// Keeps the passkey, and lets its owner in.
#[utoipa::path(post, path = "/setup/finish", tag = "Coming in",
    request_body(content = Answer, content_type = "application/json"), responses((status = 200, body = Done)))]
pub(crate) async fn setup_finish(
    State(app): State<App>,
    headers: HeaderMap,
    asked::Json(given): asked::Json<Answer>,
) -> Result<Response, Problem> {
    let session = app.entrance.finish_enrolment(&given.ceremony, given.answer.clone(), given.label()).await?;
    leave_old(&app, &headers).await?;
    Ok(let_in(&app, &session))
}

/// The door.
#[utoipa::path(get, path = "/sign-in", tag = "Coming in", params(Onward), responses((status = 200, body = String, content_type = "text/html"),
        (status = 303, description = "On to the address that passkeys are bound to")))]
pub(crate) async fn sign_in(State(app): State<App>, headers: HeaderMap, Query(onward): Query<Onward>) -> Response {
    if let Some(elsewhere) = elsewhere(&app, &headers, "/sign-in") {
        return elsewhere;
    }
    let staff = staff(&app);
    Html(SignInPage { shell: Shell::outside("Sign in"), staff, to: onward.path() }).into_response()
}

/// Begins to sign in.
#[utoipa::path(post, path = "/sign-in/start", tag = "Coming in", responses((status = 200, body = Ceremony)))]
pub(crate) async fn sign_in_start(State(app): State<App>) -> Result<Json<Ceremony>, Problem> {
    Ok(ceremony(app.entrance.start_sign_in()?))
}

/// Lets somebody in.
#[utoipa::path(post, path = "/sign-in/finish", tag = "Coming in",
    request_body(content = Answer, content_type = "application/json"), responses((status = 200, body = Done)))]
pub(crate) async fn sign_in_finish(
    State(app): State<App>,
    headers: HeaderMap,
    asked::Json(given): asked::Json<Answer>,
) -> Result<Response, Problem> {
    let session = app.entrance.finish_sign_in(&given.ceremony, given.answer).await?;
    leave_old(&app, &headers).await?;
    Ok(let_in(&app, &session))
}

/// Ends the session.
#[utoipa::path(post, path = "/sign-out", tag = "Coming in", security(("session" = [])),
    responses((status = 303, description = "Out; on to the door")))]
pub(crate) async fn sign_out(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    app.entrance.leave(&visit.visitor, &visit.session).await?;
    let gone = HeaderValue::from_static("\"cache\", \"storage\"");
    let headers =
        [(header::SET_COOKIE, cookie(&app.settings, None)), (HeaderName::from_static("clear-site-data"), gone)];
    Ok((headers, Redirect::to("/sign-in")).into_response())
}

/// The page on which somebody proves again who they are.
#[utoipa::path(get, path = "/prove", tag = "Coming in", params(Onward), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn prove(
    State(app): State<App>,
    visit: Visit,
    Query(onward): Query<Onward>,
) -> Result<Response, Problem> {
    let shell = Shell::inside(&app, &visit, "Prove again who you are", "").await?;
    Ok(Html(ProvePage { shell, staff: staff(&app), to: onward.path() }).into_response())
}

/// Begins to prove again who one is.
#[utoipa::path(post, path = "/prove/start", tag = "Coming in", security(("session" = [])),
    responses((status = 200, body = Ceremony)))]
pub(crate) async fn prove_start(State(app): State<App>, visit: Visit) -> Result<Json<Ceremony>, Problem> {
    Ok(ceremony(app.entrance.start_step_up(&visit.visitor).await?))
}

/// Takes the proof, and gives the session a new secret.
#[utoipa::path(post, path = "/prove/finish", tag = "Coming in", security(("session" = [])),
    request_body(content = Answer, content_type = "application/json"), responses((status = 200, body = Done)))]
pub(crate) async fn prove_finish(
    State(app): State<App>,
    visit: Visit,
    asked::Json(given): asked::Json<Answer>,
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
