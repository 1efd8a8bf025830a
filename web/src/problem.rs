//! What went wrong: a page for people, a problem document (RFC 9457) for programs.

use askama::Template;
use axum::Json;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use engine::entrance::EntranceError;
use engine::office::OfficeError;

use crate::shell::Shell;

/// Something that went wrong.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
    /// Where a person goes on instead.
    instead: Option<String>,
    is_page: bool,
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
        Problem { status, title, detail: detail.into(), instead: None, is_page: false }
    }

    /// Whether whoever asks would rather read a page.
    pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
        let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        accepts.is_some_and(|accept| accept.contains("text/html"))
    }

    /// As a page, or for programs.
    pub(crate) fn for_page(self, is_page: bool) -> Self {
        Problem { is_page, ..self }
    }

    /// Nobody is in. A person is shown the way.
    pub(crate) fn not_in(uri: &Uri, is_page: bool) -> Self {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "Nobody is signed in", "sign in first");
        let instead = is_page.then(|| format!("/sign-in?{}", crate::shape::query(&[("to", path)])));
        Problem { instead, ..problem }.for_page(is_page)
    }

    /// A request that changes something came from elsewhere.
    pub(crate) fn foreign() -> Self {
        let detail = "a request that changes something must come from the console's own pages";
        Problem::new(StatusCode::FORBIDDEN, "This request came from elsewhere", detail)
    }

    /// What was asked for makes no sense.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "This request makes no sense", detail)
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, "There is no such thing", detail)
    }

    /// For a page; whoever has to prove who they are comes back to that one.
    pub(crate) fn for_page_of(self, path: &str) -> Self {
        let instead = self.instead.map(|instead| format!("{instead}?{}", crate::shape::query(&[("to", path)])));
        Problem { instead, is_page: true, ..self }
    }

    /// The answer.
    pub(crate) fn into_answer(self) -> Response {
        if let Some(instead) = &self.instead
            && self.is_page
        {
            return Redirect::to(instead).into_response();
        }
        if self.is_page {
            let page = Page {
                shell: Shell::outside(self.title),
                title: self.title,
                detail: &self.detail,
                status: self.status.as_u16(),
            };
            return (self.status, crate::shell::Html(page)).into_response();
        }
        let body = serde_json::json!({
            "type": "about:blank", "title": self.title, "status": self.status.as_u16(), "detail": self.detail,
        });
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.into_answer()
    }
}

impl From<OfficeError> for Problem {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::Denied(denied) if denied.needs_proof => Problem {
                instead: Some("/prove".to_owned()),
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
