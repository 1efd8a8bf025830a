//! What an answer's head means: a body, nothing new, somewhere else, or no.

use std::time::{Duration, SystemTime};

use hyper::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, DATE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use hyper::{Method, StatusCode};
use model::Timestamp;
use model::limits::{FETCH_RETRY_AFTER_SECONDS_MAX, FETCH_VALIDATOR_BYTES_MAX};
use serde::{Deserialize, Serialize};

use super::body::Packing;
use super::error::FetchError;
use super::target::{Scheme, Target};

/// What we know about what we have, so that a server can say that nothing changed (RFC 9110 section 13).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conditional {
    /// The `ETag` that came with it, as it came.
    pub etag: Option<String>,
    /// The `Last-Modified` that came with it, as it came.
    pub last_modified: Option<String>,
}

impl Conditional {
    pub(super) fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    fn of(headers: &HeaderMap) -> Self {
        let kept = |name| text(headers, name).filter(|text| text.len() <= FETCH_VALIDATOR_BYTES_MAX).map(str::to_owned);
        Conditional { etag: kept(&ETAG), last_modified: kept(&LAST_MODIFIED) }
    }
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched<B> {
    /// What we have is what there is.
    NotModified,
    /// Something new.
    Body(Box<Received<B>>),
}

/// A body, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received<B> {
    /// The bytes, or the file that holds them.
    pub body: B,
    /// How many bytes there are, unpacked.
    pub length: u64,
    /// The status, 200 to 204.
    pub status: u16,
    /// To be kept for the next time.
    pub conditional: Conditional,
    /// When the server says it is, if it does.
    pub server_time: Option<Timestamp>,
    /// All headers.
    pub headers: HeaderMap,
    /// Where it came from in the end, after redirects.
    pub target: Target,
}

impl<B> Received<B> {
    /// A header's value, if it is there once or more and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// The same with another body.
    pub(crate) fn with<C>(self, body: C) -> Received<C> {
        let Received { length, status, conditional, server_time, headers, target, .. } = self;
        Received { body, length, status, conditional, server_time, headers, target }
    }
}

/// What follows from a head.
pub(super) enum Verdict {
    NotModified,
    Body { packing: Packing, announced: Option<u64> },
    Elsewhere(Target),
}

/// Judges a head. `now` serves for a `Retry-After` that is a date, where the server does not say what time it has.
pub(super) fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    asked: &Asked<'_>,
    now: SystemTime,
) -> Result<Verdict, FetchError> {
    let origin = asked.target.origin().clone();
    match status.as_u16() {
        304 if asked.is_conditional => Ok(Verdict::NotModified),
        200..=204 => {
            let packing = packing(headers).ok_or_else(|| FetchError::Encoding(origin))?;
            let announced = text(headers, &CONTENT_LENGTH).and_then(|text| text.parse().ok());
            Ok(Verdict::Body { packing, announced })
        }
        301 | 302 | 303 | 307 | 308 => elsewhere(headers, asked).map(Verdict::Elsewhere),
        status @ (401 | 403 | 407) => Err(FetchError::Denied { origin, status }),
        status @ (429 | 503) => Err(FetchError::Busy { origin, status, retry_after: retry_after(headers, now) }),
        status => Err(FetchError::Status { origin, status }),
    }
}

/// What was asked.
pub(super) struct Asked<'a> {
    pub(super) target: &'a Target,
    pub(super) method: &'a Method,
    pub(super) is_conditional: bool,
}

fn elsewhere(headers: &HeaderMap, asked: &Asked<'_>) -> Result<Target, FetchError> {
    let from = asked.target.origin().clone();
    let Some(location) = headers.get(LOCATION) else { return Err(FetchError::RedirectNowhere(from)) };
    // RFC 9110 section 10.2.2 asks for ASCII; what others write is UTF-8.
    let next = match std::str::from_utf8(location.as_bytes()) {
        Ok(location) => asked.target.join(location.trim()),
        Err(_) => Err(super::target::TargetError::Unreadable),
    };
    let next = next.map_err(|cause| FetchError::RedirectTarget { origin: from.clone(), cause })?;
    let to = next.origin().clone();
    if from.scheme == Scheme::Https && to.scheme == Scheme::Http {
        return Err(FetchError::RedirectInsecure { from, to });
    }
    if asked.method != Method::GET {
        return Err(FetchError::RedirectPost { from, to });
    }
    Ok(next)
}

/// The facts about a body that stand in the head.
pub(super) fn received<B>(status: StatusCode, headers: HeaderMap, target: Target, body: B, length: u64) -> Received<B> {
    let server_time = text(&headers, &DATE).and_then(http_date).and_then(timestamp);
    let conditional = Conditional::of(&headers);
    Received { body, length, status: status.as_u16(), conditional, server_time, headers, target }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

pub(super) fn packing(headers: &HeaderMap) -> Option<Packing> {
    let mut names = headers.get_all(CONTENT_ENCODING).iter();
    let Some(value) = names.next() else { return Some(Packing::None) };
    if names.next().is_some() {
        return None;
    }
    match value.to_str().ok()?.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Some(Packing::None),
        "gzip" | "x-gzip" => Some(Packing::Gzip),
        _ => None,
    }
}

/// RFC 9110 section 10.2.3: seconds, or a date. A date is taken against the server's own clock where it tells it.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    let longest = Duration::from_secs(FETCH_RETRY_AFTER_SECONDS_MAX);
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        // A number beyond 64 bits is long, not wrong.
        return Some(value.parse().map_or(longest, |seconds| Duration::from_secs(seconds).min(longest)));
    }
    let until = http_date(value)?;
    let server_now = text(headers, &DATE).and_then(http_date).unwrap_or(now);
    Some(until.duration_since(server_now).unwrap_or_default().min(longest))
}

fn http_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_micros()).ok().map(Timestamp::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).unwrap();
        pairs.iter().map(|(name, text)| (name.clone(), value(text))).collect()
    }

    fn check(status: u16, pairs: &[(HeaderName, &str)], expected: &str) {
        let target = Target::parse("https://a.example/x/list?key=secret").unwrap();
        let asked = Asked { target: &target, method: &Method::GET, is_conditional: true };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let found = match judge(StatusCode::from_u16(status).unwrap(), &headers(pairs), &asked, now) {
            Ok(Verdict::NotModified) => "not modified".to_owned(),
            Ok(Verdict::Body { packing, announced }) => format!("{packing:?} {announced:?}"),
            Ok(Verdict::Elsewhere(target)) => format!("to {target}"),
            Err(FetchError::Busy { retry_after, .. }) => format!("busy {retry_after:?}"),
            Err(error) => error.to_string(),
        };
        assert!(found.starts_with(expected), "{status} {pairs:?}: {found}, expected {expected}");
        assert!(!found.contains("secret"));
    }

    #[test]
    fn heads() {
        check(200, &[], "None None");
        check(200, &[(CONTENT_LENGTH, "12"), (CONTENT_ENCODING, "GZip")], "Gzip Some(12)");
        check(200, &[(CONTENT_ENCODING, "br")], "https://a.example:443 packs its answer");
        check(200, &[(CONTENT_ENCODING, "gzip, gzip")], "https://a.example:443 packs");
        check(200, &[(CONTENT_ENCODING, "gzip"), (CONTENT_ENCODING, "gzip")], "https://a.example:443 packs");
        check(304, &[], "not modified");
        check(206, &[], "https://a.example:443 answers 206");
        check(404, &[], "https://a.example:443 answers 404; hint: is the URL right?");
        check(401, &[], "https://a.example:443 does not let us in (401); hint:");
        check(301, &[(LOCATION, "/y")], "to https://a.example:443");
        check(308, &[(LOCATION, "//b.example")], "to https://b.example:443");
        check(302, &[(LOCATION, "http://a.example/")], "https://a.example:443 redirects to http://a.example:80, which");
        check(302, &[(LOCATION, "file:///etc/passwd")], "https://a.example:443 redirects to a place that cannot");
        check(302, &[(LOCATION, "https://u:p@a.example/")], "https://a.example:443 redirects to a place that cannot");
        check(302, &[], "https://a.example:443 redirects without saying where");
        check(300, &[], "https://a.example:443 answers 300");
    }

    #[test]
    fn waits_are_honoured_and_bounded() {
        check(429, &[(RETRY_AFTER, "120")], "busy Some(120s)");
        check(503, &[], "busy None");
        check(503, &[(RETRY_AFTER, "soon")], "busy None");
        check(503, &[(RETRY_AFTER, "-1")], "busy None");
        check(503, &[(RETRY_AFTER, "99999999999999999999999")], "busy Some(86400s)");
        check(503, &[(RETRY_AFTER, "Sun, 06 Nov 1994 08:50:37 GMT")], "busy Some(60s)");
        check(
            503,
            &[(RETRY_AFTER, "Sun, 06 Nov 1994 08:50:37 GMT"), (DATE, "Sun, 06 Nov 1994 08:50:00 GMT")],
            "busy Some(37s)",
        );
        check(503, &[(RETRY_AFTER, "Sun, 06 Nov 1994 08:00:00 GMT")], "busy Some(0ns)");
        check(503, &[(RETRY_AFTER, "Sat, 06 Nov 2094 08:49:37 GMT")], "busy Some(86400s)");
    }

    #[test]
    fn what_is_sent_is_not_redirected_and_304_needs_a_condition() {
        let target = Target::parse("https://a.example/").unwrap();
        let asked = Asked { target: &target, method: &Method::POST, is_conditional: false };
        let judge = |status, pairs| judge(status, &headers(pairs), &asked, SystemTime::UNIX_EPOCH).err();
        let moved = judge(StatusCode::TEMPORARY_REDIRECT, &[(LOCATION, "/y")]);
        assert!(matches!(moved, Some(FetchError::RedirectPost { .. })));
        assert!(matches!(judge(StatusCode::NOT_MODIFIED, &[]), Some(FetchError::Status { status: 304, .. })));
    }

    #[test]
    fn validators_are_kept_as_they_came() {
        let target = Target::parse("https://a.example/").unwrap();
        let long = "x".repeat(FETCH_VALIDATOR_BYTES_MAX + 1);
        let head = headers(&[(ETAG, "W/\"a\""), (LAST_MODIFIED, &long), (DATE, "Sun, 06 Nov 1994 08:49:37 GMT")]);
        let received = received(StatusCode::OK, head, target, (), 0);
        assert_eq!(received.conditional, Conditional { etag: Some("W/\"a\"".to_owned()), last_modified: None });
        assert_eq!(received.server_time, Some(Timestamp::from_micros(784_111_777_000_000)));
    }

    proptest! {
        #[test]
        fn never_panics(status in 100u16..1000, text in "[ -~]{0,40}", other in "[ -~é]{0,40}") {
            let pairs = [(RETRY_AFTER, text.as_str()), (DATE, &other), (LOCATION, &other), (CONTENT_ENCODING, &text)];
            let target = Target::parse("https://a.example/").unwrap();
            let asked = Asked { target: &target, method: &Method::GET, is_conditional: false };
            let _ = judge(StatusCode::from_u16(status).unwrap(), &headers(&pairs), &asked, SystemTime::UNIX_EPOCH);
        }
    }
}
