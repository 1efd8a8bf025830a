//! Media types, errors, and what answers have in common.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::entrance::EntranceError;
use engine::office::OfficeError;
use model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of everything that is said here (section 1.6.8).
pub(super) const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";

/// The same without its version: then it is the newest that the server knows.
const ESSENCE: &str = "application/taxii+json";

const DATE_ADDED_FIRST: HeaderName = HeaderName::from_static("x-taxii-date-added-first");
const DATE_ADDED_LAST: HeaderName = HeaderName::from_static("x-taxii-date-added-last");

/// Something that is wrong.
#[derive(Debug)]
pub(crate) struct Wrong {
    status: StatusCode,
    detail: String,
}

/// An error resource (section 3.6.1).
#[derive(Serialize, ToSchema)]
#[schema(as = TaxiiError)]
pub(super) struct WrongDocument<'a> {
    /// What kind of error it is.
    title: &'static str,
    /// What exactly.
    description: &'a str,
    /// The status of the answer.
    http_status: String,
}

impl Wrong {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Wrong { status, detail: detail.into() }
    }

    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Wrong::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn not_in() -> Self {
        Wrong::new(StatusCode::UNAUTHORIZED, "say a token: as a bearer, or as the password of the Basic scheme")
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Wrong::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn not_like_this() -> Self {
        Wrong::new(StatusCode::METHOD_NOT_ALLOWED, "this address answers other methods")
    }

    pub(super) fn too_large(detail: impl Into<String>) -> Self {
        Wrong::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    pub(super) fn too_many(detail: impl Into<String>) -> Self {
        Wrong::new(StatusCode::TOO_MANY_REQUESTS, detail)
    }

    /// Clients of another server look for these words.
    pub(super) fn no_envelope(detail: &str) -> Self {
        let detail = format!("While processing supplied content, an error occurred: {detail}");
        Wrong::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let title = if self.status.is_server_error() { "InternalError" } else { "ProcessingError" };
        let http_status = self.status.as_u16().to_string();
        let document = WrongDocument { title, description: &self.detail, http_status };
        let mut response = (self.status, answer(&document)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            for way in ["Basic realm=\"watchbell\", charset=\"UTF-8\"", "Bearer realm=\"watchbell\""] {
                response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(way));
            }
        }
        response
    }
}

impl From<OfficeError> for Wrong {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::Denied(denied) => Wrong::new(StatusCode::FORBIDDEN, denied.to_string()),
            error @ OfficeError::NotFound { .. } => Wrong::not_found(error.to_string()),
            OfficeError::Refused(detail) => Wrong::bad(detail),
            OfficeError::Conflict(detail) => Wrong::new(StatusCode::CONFLICT, detail),
            OfficeError::TooMany(detail) => Wrong::too_many(detail),
            error => {
                // What exactly is for the log.
                tracing::error!(error = &error as &dyn std::error::Error, "an operation failed");
                Wrong::new(StatusCode::INTERNAL_SERVER_ERROR, "the log says what")
            }
        }
    }
}

impl From<EntranceError> for Wrong {
    fn from(error: EntranceError) -> Self {
        match error {
            EntranceError::Office(error) => error.into(),
            _ => Wrong::not_in(),
        }
    }
}

/// A document as an answer.
pub(super) fn answer(document: &impl Serialize) -> Response {
    // Strings, numbers and lists of them: nothing of it cannot be written.
    text_answer(serde_json::to_string(document).unwrap_or_default())
}

/// A document that is written already.
pub(super) fn text_answer(text: String) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response()
}

/// Says when the first and the last of what is sent were added (section 3.3).
pub(super) fn with_dates(mut response: Response, added: Option<(Timestamp, Timestamp)>) -> Response {
    if let Some((first, last)) = added {
        for (name, at) in [(DATE_ADDED_FIRST, first), (DATE_ADDED_LAST, last)] {
            if let Ok(value) = HeaderValue::try_from(moment(at)) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}

/// A time with all six digits of its microseconds (section 1.6.3).
pub(super) fn moment(at: Timestamp) -> String {
    let micros = at.as_micros();
    let seconds = Timestamp::from_micros(micros - micros.rem_euclid(1_000_000)).to_string();
    format!("{}.{:06}Z", seconds.trim_end_matches('Z'), micros.rem_euclid(1_000_000))
}

/// Whether a media type, with its parameters, is the one that is spoken here.
fn is_taxii(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let is_essence = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(ESSENCE));
    is_essence && parts.all(|parameter| version_of(parameter).is_none_or(|version| version == "2.1"))
}

fn version_of(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("version").then(|| value.trim().trim_matches('"'))
}

/// Goes on when an answer of ours would be accepted. Whoever says nothing accepts everything (RFC 9110, section 12.5.1).
pub(super) fn check_accept(headers: &HeaderMap) -> Result<(), Wrong> {
    let mut said = headers.get_all(header::ACCEPT).iter().peekable();
    let is_accepted = said.peek().is_none()
        || said.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(is_accepted);
    if is_accepted {
        return Ok(());
    }
    Err(Wrong::new(StatusCode::NOT_ACCEPTABLE, format!("accept {MEDIA_TYPE}")))
}

fn is_accepted(range: &str) -> bool {
    let (media_type, weight) = match range.split(';').find_map(|part| part.trim().strip_prefix("q=")) {
        Some(weight) => (range.split(';').filter(|part| !part.trim().starts_with("q=")).collect(), weight),
        None => (vec![range], "1"),
    };
    let media_type = media_type.join(";");
    let is_any = matches!(media_type.trim(), "*/*" | "application/*");
    let is_refused = weight.trim().parse::<f32>().is_ok_and(|weight| weight == 0.0);
    (is_any || is_taxii(&media_type)) && !is_refused
}

/// Goes on when what comes is what is spoken here.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Wrong> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if said.is_some_and(is_taxii) {
        return Ok(());
    }
    Err(Wrong::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("send {MEDIA_TYPE}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_six_digits() {
        let check = |micros, expected: &str| assert_eq!(moment(Timestamp::from_micros(micros)), expected);
        check(0, "1970-01-01T00:00:00.000000Z");
        check(-1, "1969-12-31T23:59:59.999999Z");
        check(1_485_525_599_997_000, "2017-01-27T13:59:59.997000Z");
        check(1_485_525_599_000_001, "2017-01-27T13:59:59.000001Z");
    }

    #[test]
    fn media_types_as_clients_write_them() {
        let accept = |said: &[&str], is_accepted: bool| {
            let mut headers = HeaderMap::new();
            for value in said {
                headers.append(header::ACCEPT, value.parse().unwrap());
            }
            assert_eq!(check_accept(&headers).is_ok(), is_accepted, "{said:?}");
        };
        accept(&["application/taxii+json;version=2.1"], true);
        accept(&["application/taxii+json; version=2.1"], true);
        accept(&["Application/TAXII+json ; Version=\"2.1\""], true);
        accept(&["application/taxii+json"], true);
        accept(&["text/html, application/taxii+json;version=2.1;q=0.5"], true);
        accept(&["text/html", "application/taxii+json"], true);
        accept(&["*/*"], true);
        accept(&["application/*;q=0.1"], true);
        accept(&[], true);
        accept(&["application/taxii+json;version=2.0"], false);
        accept(&["application/vnd.oasis.taxii+json; version=2.0"], false);
        accept(&["application/taxii+json;version=2.1;q=0"], false);
        accept(&["application/json"], false);
        accept(&["application/stix+json;version=2.1"], false);
        accept(&[""], false);
        let content = |said: &str, is_taken: bool| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, said.parse().unwrap())]);
            assert_eq!(check_content_type(&headers).is_ok(), is_taken, "{said}");
        };
        content("application/taxii+json;version=2.1", true);
        content("application/taxii+json", true);
        content("application/taxii+json;charset=utf-8; version=2.1", true);
        content("application/taxii+json;version=2.0", false);
        content("application/stix+json;version=2.1", false);
        content("application/json", false);
        assert!(check_content_type(&HeaderMap::new()).is_err());
    }
}
