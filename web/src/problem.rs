//! What went wrong: a page for people, a problem document (RFC 9457) for programs.

use askama::Template;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use engine::entrance::EntranceError;
use engine::office::OfficeError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::shell::Shell;

/// Something that went wrong. Whether it is shown as a page is not decided where it happens: [`crate::visit::guard`] sees the
/// request, and makes pages of problems for whoever reads pages.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
    way_out: Option<WayOut>,
}

/// Where a person goes on instead, and comes back from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WayOut {
    SignIn,
    Prove,
}

impl WayOut {
    const fn path(self) -> &'static str {
        match self {
            WayOut::SignIn => "/sign-in",
            WayOut::Prove => "/prove",
        }
    }
}

/// A problem as programs read it (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemDocument<'a> {
    /// Always `about:blank`: the status says what kind it is.
    r#type: &'static str,
    /// What went wrong, in a few words that do not change.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What exactly.
    detail: &'a str,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    shell: Shell,
    title: &'a str,
    detail: &'a str,
    status: u16,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Problem { status, title, detail: detail.into(), way_out: None }
    }

    /// Nobody is in. A person is shown the way.
    pub(crate) fn not_in() -> Self {
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "Nobody is signed in", "sign in first");
        Problem { way_out: Some(WayOut::SignIn), ..problem }
    }

    /// A program that fetches shows no token that opens anything.
    pub(crate) fn no_token() -> Self {
        let detail = "say the token of an outlet: as a bearer, or as the password of the Basic scheme";
        Problem::new(StatusCode::UNAUTHORIZED, "This token opens nothing", detail)
    }

    /// Somebody has decided that it is not given for now.
    pub(crate) fn paused(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::FORBIDDEN, "This is paused", detail)
    }

    /// It is over.
    pub(crate) fn gone(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::GONE, "This is over", detail)
    }

    /// It is not there yet.
    pub(crate) fn not_yet(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "This is not there yet", detail)
    }

    /// A request that changes something came from elsewhere.
    pub(crate) fn foreign() -> Self {
        let detail = "a request that changes something must come from the console's own pages";
        Problem::new(StatusCode::FORBIDDEN, "This request came from elsewhere", detail)
    }

    /// What was asked for makes no sense.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Problem::unreadable(StatusCode::BAD_REQUEST, detail)
    }

    /// The request cannot be read: its form, its size, its kind.
    pub(crate) fn unreadable(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem::new(status, "This request makes no sense", detail)
    }

    /// The staff's identity provider lets somebody go without vouching for them.
    pub(crate) fn not_vouched_for() -> Self {
        let detail = "the identity provider does not vouch for you; try again";
        Problem::new(StatusCode::FORBIDDEN, "You are not let in", detail)
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, "There is no such thing", detail)
    }

    /// There is such a thing, but not for this method.
    pub(crate) fn not_like_this() -> Self {
        let detail = "this address answers other methods";
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Not like this", detail)
    }

    /// The problem for somebody who reads pages; who has to sign in or to prove who they are comes back to `back`.
    pub(crate) fn into_page(self, back: &str) -> Response {
        if let Some(way_out) = self.way_out {
            let way = format!("{}?{}", way_out.path(), crate::shape::query(&[("to", back)]));
            return Redirect::to(&way).into_response();
        }
        let shell = Shell::outside(self.title);
        let page = Page { shell, title: self.title, detail: &self.detail, status: self.status.as_u16() };
        (self.status, crate::shell::Html(page)).into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, detail) = (self.status, &self.detail);
        let body = ProblemDocument { r#type: "about:blank", title: self.title, status: status.as_u16(), detail };
        let mut response = (status, Json(body)).into_response();
        let media_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<OfficeError> for Problem {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::Denied(denied) if denied.needs_proof => Problem {
                way_out: Some(WayOut::Prove),
                ..Problem::new(
                    StatusCode::FORBIDDEN,
                    "Prove again who you are",
                    "this needs a proof of the last minutes",
                )
            },
            OfficeError::Denied(denied) => {
                Problem::new(StatusCode::FORBIDDEN, "You may not do this", denied.to_string())
            }
            error @ OfficeError::NotFound { .. } => Problem::not_found(error.to_string()),
            OfficeError::Refused(detail) => Problem::bad(detail),
            OfficeError::TooMany(detail) => Problem::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests", detail),
            OfficeError::Conflict(detail) => {
                Problem::new(StatusCode::CONFLICT, "This does not fit to what is there", detail)
            }
            error => {
                // What exactly is for the log.
                tracing::error!(error = &error as &dyn std::error::Error, "an operation failed");
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Something failed here", "the log says what")
            }
        }
    }
}

impl From<EntranceError> for Problem {
    fn from(error: EntranceError) -> Self {
        match error {
            EntranceError::Office(error) => error.into(),
            error => Problem::new(StatusCode::FORBIDDEN, "You are not let in", error.to_string()),
        }
    }
}
