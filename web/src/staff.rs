//! Coming in by an account at the staff's identity provider.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{self, HeaderValue};
use axum::response::{AppendHeaders, IntoResponse, Response};
use engine::entrance::StaffWay;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::asked::{self, Query};
use crate::entry::Onward;
use crate::problem::Problem;
use crate::shell::{Html, Shell};
use crate::visit::{Visit, cookie, read_secret, session_of, staff_browser, staff_cookie};

/// The page that somebody who came back sees for a moment: the cookie of a session is not sent on the way from elsewhere, but it is
/// from here.
#[derive(Template)]
#[template(path = "staff.html")]
struct Page {
    shell: Shell,
    to: String,
}

/// Where the browser goes now.
#[derive(Serialize, ToSchema)]
struct Way {
    /// An address at the identity provider.
    address: String,
}

fn way(app: &App, way: &StaffWay) -> Response {
    let headers = [(header::SET_COOKIE, staff_cookie(&app.settings, Some(&way.browser)))];
    (headers, Json(Way { address: way.address.to_string() })).into_response()
}

/// Begins to let somebody in by their account.
#[utoipa::path(post, path = "/sign-in/staff", tag = "Coming in", params(Onward), responses((status = 200, body = Way)))]
pub(crate) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    Query(onward): Query<Onward>,
) -> Result<Response, Problem> {
    let old = session_of(&headers, &app.settings);
    Ok(way(&app, &app.entrance.start_staff(&onward.path(), old).await?))
}

/// A link that lets somebody in once.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Link {
    #[schema(pattern = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")]
    link: String,
}

/// Begins to let in by their account whom a link lets in the first time: the account becomes theirs.
#[utoipa::path(post, path = "/setup/staff", tag = "Coming in",
    request_body(content = Link, content_type = "application/json"), responses((status = 200, body = Way)))]
pub(crate) async fn setup(
    State(app): State<App>,
    headers: HeaderMap,
    asked::Json(asked): asked::Json<Link>,
) -> Result<Response, Problem> {
    let link = read_secret(&asked.link).ok_or_else(|| Problem::bad("this is no link"))?;
    Ok(way(&app, &app.entrance.start_staff_enrolment(&link, session_of(&headers, &app.settings)).await?))
}

/// Begins to ask somebody who is in to prove by their account who they are.
#[utoipa::path(post, path = "/prove/staff", tag = "Coming in", params(Onward), security(("session" = [])),
    responses((status = 200, body = Way)))]
pub(crate) async fn prove(
    State(app): State<App>,
    visit: Visit,
    Query(onward): Query<Onward>,
) -> Result<Response, Problem> {
    let begun = app.entrance.start_staff_proof(&visit.visitor, &visit.session, &onward.path()).await?;
    Ok(way(&app, &begun))
}

/// What the provider sends along.
#[derive(Deserialize, IntoParams)]
#[serde(default)]
#[derive(Default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Back {
    /// Which visit it was.
    #[param(max_length = 64)]
    state: String,
    /// What the provider vouches with.
    #[param(max_length = 4_096)]
    code: String,
    /// Why it does not.
    #[param(max_length = 256)]
    error: String,
}

/// Where the identity provider sends people back to.
#[utoipa::path(get, path = "/staff", tag = "Coming in", params(Back),
    responses((status = 200, body = String, content_type = "text/html"),
        (status = 403, description = "The provider does not vouch for them, or nobody here has that account",
            body = crate::problem::ProblemDocument<'static>, content_type = "application/problem+json")))]
pub(crate) async fn back(
    State(app): State<App>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Problem> {
    let browser = staff_browser(&headers, &app.settings);
    if !back.error.is_empty() {
        // Said by the provider, or by anybody who can make an address: words that are not ours are not shown.
        return Err(Problem::not_vouched_for());
    }
    let came = app.entrance.finish_staff(&back.state, &back.code, browser.as_ref()).await?;
    let gone: HeaderValue = staff_cookie(&app.settings, None);
    let headers = [(header::SET_COOKIE, cookie(&app.settings, Some(&came.session))), (header::SET_COOKIE, gone)];
    let page = Page { shell: Shell::outside("You are in"), to: came.onward };
    Ok((AppendHeaders(headers), Html(page)).into_response())
}
