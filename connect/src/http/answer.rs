//! What the ingest door answers; the one place where its HTTP statuses are decided.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::doors::IntakeError;
use model::limits::INGEST_REFUSED_LISTED_MAX;
use serde::Serialize;

use super::TokenDenied;

/// The answer to a request whose records are durable.
#[derive(Debug, Default, Serialize)]
pub(super) struct Accepted {
    /// Records that are durable.
    pub(super) accepted: u64,
    refused: Vec<RefusedLine>,
    /// Refused lines beyond those listed.
    #[serde(skip_serializing_if = "is_zero")]
    refused_unlisted: u64,
}

/// A line that was not taken.
#[derive(Debug, Serialize)]
pub(super) struct RefusedLine {
    /// From 1.
    pub(super) line: u64,
    pub(super) reason: &'static str,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Accepted {
    pub(super) fn refuse(&mut self, line: RefusedLine) {
        if self.refused.len() < INGEST_REFUSED_LISTED_MAX {
            self.refused.push(line);
        } else {
            self.refused_unlisted += 1;
        }
    }
}

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("a bearer token is needed")]
    NoToken,
    #[error(transparent)]
    Token(#[from] TokenDenied),
    #[error("no such source")]
    UnknownSource,
    #[error("{0}")]
    BadRequest(String),
    #[error("media type {0:?} is not taken: send application/x-ndjson")]
    MediaType(String),
    #[error("content encoding {0:?} is not taken: send gzip, zstd or none")]
    Encoding(String),
    #[error("body is too large: {0}")]
    TooLarge(String),
    #[error("body cannot be unpacked: {0}")]
    Unpack(String),
    #[error("body did not arrive in time")]
    TooSlow,
    #[error("body broke off")]
    BrokenOff,
    #[error("too many requests at once")]
    Overloaded,
    #[error("shutting down")]
    ShuttingDown,
    /// `accepted` records of the request are durable all the same: larger requests go in as several batches.
    #[error("{error}")]
    Intake { error: IntakeError, accepted: u64 },
}

/// Wait that a client is told where nothing better is known.
const RETRY_AFTER_SECONDS: u64 = 1;
/// Wait that a client is told while the disk is full or the journal down: a person has to act first.
const RETRY_LATER_SECONDS: u64 = 30;

impl Refusal {
    fn status(&self) -> (StatusCode, Option<u64>) {
        match self {
            Refusal::NoToken | Refusal::Token(TokenDenied::Unknown) => (StatusCode::UNAUTHORIZED, None),
            Refusal::Token(TokenDenied::OtherSource) => (StatusCode::FORBIDDEN, None),
            Refusal::Token(TokenDenied::Unavailable) | Refusal::ShuttingDown => {
                (StatusCode::SERVICE_UNAVAILABLE, Some(RETRY_AFTER_SECONDS))
            }
            Refusal::UnknownSource
            | Refusal::Token(TokenDenied::UnknownSource)
            | Refusal::Intake { error: IntakeError::UnknownSource(_), .. } => (StatusCode::NOT_FOUND, None),
            Refusal::BadRequest(_) | Refusal::Unpack(_) | Refusal::BrokenOff => (StatusCode::BAD_REQUEST, None),
            Refusal::MediaType(_) | Refusal::Encoding(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, None),
            Refusal::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, None),
            Refusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, None),
            Refusal::Overloaded => (StatusCode::TOO_MANY_REQUESTS, Some(RETRY_AFTER_SECONDS)),
            Refusal::Intake { error: IntakeError::Busy { retry_after }, .. } => {
                // Rounded up: a client that comes back too early is only told again.
                (StatusCode::TOO_MANY_REQUESTS, Some(retry_after.as_millis().div_ceil(1_000).max(1) as u64))
            }
            Refusal::Intake { error: IntakeError::NoSpace, .. } => {
                (StatusCode::INSUFFICIENT_STORAGE, Some(RETRY_LATER_SECONDS))
            }
            Refusal::Intake { .. } => (StatusCode::SERVICE_UNAVAILABLE, Some(RETRY_LATER_SECONDS)),
        }
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        json(StatusCode::OK, "application/json", &self)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        /// A problem document (RFC 9457) that also says what was taken before it went wrong.
        #[derive(Serialize)]
        struct Body {
            r#type: &'static str,
            title: &'static str,
            status: u16,
            detail: String,
            accepted: u64,
        }
        let accepted = if let Refusal::Intake { accepted, .. } = &self { *accepted } else { 0 };
        let (status, retry_after_seconds) = self.status();
        let body = Body {
            r#type: "about:blank",
            title: "The records were not taken",
            status: status.as_u16(),
            detail: self.to_string(),
            accepted,
        };
        let mut response = json(status, "application/problem+json", &body);
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn json(status: StatusCode, media_type: &'static str, body: &impl Serialize) -> Response {
    // These shapes hold numbers and text only, so that writing them cannot fail.
    let text = serde_json::to_string(body).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, media_type)], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::SourceId;
    use std::time::Duration;

    fn check(refusal: Refusal, status: u16, retry_after_seconds: Option<u64>) {
        let shown = refusal.to_string();
        let (found, retry) = refusal.status();
        assert_eq!((found.as_u16(), retry), (status, retry_after_seconds), "{shown}");
    }

    #[test]
    fn statuses() {
        let intake = |error| Refusal::Intake { error, accepted: 0 };
        check(Refusal::NoToken, 401, None);
        check(Refusal::Token(TokenDenied::Unknown), 401, None);
        check(Refusal::Token(TokenDenied::OtherSource), 403, None);
        check(Refusal::Token(TokenDenied::Unavailable), 503, Some(1));
        check(Refusal::UnknownSource, 404, None);
        check(Refusal::Token(TokenDenied::UnknownSource), 404, None);
        check(Refusal::BadRequest(String::new()), 400, None);
        check(Refusal::MediaType(String::new()), 415, None);
        check(Refusal::Encoding(String::new()), 415, None);
        check(Refusal::TooLarge(String::new()), 413, None);
        check(Refusal::TooSlow, 408, None);
        check(Refusal::Overloaded, 429, Some(1));
        check(intake(IntakeError::Busy { retry_after: Duration::from_millis(1_200) }), 429, Some(2));
        check(intake(IntakeError::NoSpace), 507, Some(30));
        check(intake(IntakeError::Failed { reason: String::new() }), 503, Some(30));
        check(intake(IntakeError::Closed), 503, Some(30));
        let source = SourceId::parse("s").expect("a label");
        check(intake(IntakeError::UnknownSource(source)), 404, None);
    }

    #[test]
    fn refused_lines_are_listed_up_to_the_limit() {
        let mut accepted = Accepted::default();
        for line in 1..=INGEST_REFUSED_LISTED_MAX as u64 + 5 {
            accepted.refuse(RefusedLine { line, reason: "not JSON" });
        }
        assert_eq!((accepted.refused.len(), accepted.refused_unlisted), (INGEST_REFUSED_LISTED_MAX, 5));
    }
}
