//! The ingest door: NDJSON (one JSON value a line) over HTTP POST.
//!
//! ```text
//! POST /ingest/{source}?format=zeek
//! Authorization: Bearer TOKEN
//! Content-Type: application/x-ndjson
//! Content-Encoding: zstd            (or gzip, or none)
//! Idempotency-Key: 2026-05-01-host7-0042
//! ```
//! The answer comes when the records are durable: `{"accepted": 2, "refused": [{"line": 3, "reason": "not JSON"}]}`.
//! With a batch name (`Idempotency-Key`, or `X-Watchbell-Batch`) a repeated request is stored once; without one it is
//! stored again. Limits hold before anything is parsed.
//!
//! Deliberately absent: JSON arrays spanning lines, multipart forms, and a server: the routes are mounted by the caller,
//! or served by [`serve`].

mod answer;
mod body;
mod lines;
mod listener;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use model::doors::{BoxFuture, Incoming};
use model::limits::{INGEST_BATCH_NAME_BYTES_MAX, INGEST_HELD_BYTES_MAX, INGEST_REQUESTS_MAX};
use model::{Cursor, Format, SourceId};
use serde::Deserialize;
use tokio::sync::Semaphore;

pub use lines::{Lines, check as check_line};
pub use listener::{ServeError, serve};

use crate::gather::Gather;
use crate::health::Count;
use crate::link::Link;
use answer::{Accepted, Refusal, RefusedLine};
use body::{Budget, Packing};

/// Records by HTTP. The address belongs to the server that mounts the ingest door.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// The agency whose records these are; the installation's own when absent.
    #[serde(default)]
    pub agency: Option<model::AgencyId>,
    /// What the records are, unless the request says; recognised when absent.
    #[serde(default)]
    pub format: Option<Format>,
}

/// Who may post. An implementation compares in constant time and keeps only hashes of tokens.
pub trait TokenCheck: Send + Sync {
    /// Whether the bearer of `token` may post records of `source`.
    fn check<'a>(&'a self, token: &'a str, source: &'a SourceId) -> BoxFuture<'a, Result<(), TokenDenied>>;
}

/// Why a token does not open the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenDenied {
    /// Nobody has this token, or it has expired.
    #[error("unknown token")]
    Unknown,
    /// The token is good for other sources.
    #[error("token is not for this source")]
    OtherSource,
    /// There is no such source, as far as the token's agency may know.
    #[error("no such source")]
    UnknownSource,
    /// It cannot be told now.
    #[error("tokens cannot be checked now")]
    Unavailable,
}

/// The ingest door and what is behind it.
pub struct Ingest {
    sources: BTreeMap<SourceId, (Option<Format>, Link)>,
    tokens: Arc<dyn TokenCheck>,
    places: Semaphore,
    budget: Budget,
}

impl Ingest {
    /// A door for these sources, each with the format that holds where the request names none.
    pub fn new(sources: BTreeMap<SourceId, (Option<Format>, Link)>, tokens: Arc<dyn TokenCheck>) -> Self {
        let places = Semaphore::new(INGEST_REQUESTS_MAX);
        Ingest { sources, tokens, places, budget: Budget::new(INGEST_HELD_BYTES_MAX) }
    }
}

/// The door's routes.
pub fn router(ingest: Arc<Ingest>) -> axum::Router {
    axum::Router::new().route("/ingest/{source}", post(receive)).with_state(ingest)
}

async fn receive(
    State(ingest): State<Arc<Ingest>>,
    Path(source): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    match take(&ingest, &source, query.as_deref(), request).await {
        Ok(accepted) => accepted.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// One request, from its token to its answer.
async fn take(ingest: &Ingest, source: &str, query: Option<&str>, request: Request) -> Result<Accepted, Refusal> {
    let (parts, body) = request.into_parts();
    // The token comes first: who has none learns nothing about sources. An unparsable name is nobody's source.
    let token = bearer(&parts.headers)?;
    let source = SourceId::parse(source).map_err(|_| Refusal::UnknownSource)?;
    ingest.tokens.check(token, &source).await?;
    let (default_format, link) = ingest.sources.get(&source).ok_or(Refusal::UnknownSource)?;
    let outcome = async {
        let format = format_of(query)?.or(*default_format);
        let batch = batch_name(&parts.headers)?;
        let is_json = media_type(&parts.headers)? || format.is_some_and(is_json_format);
        let packing = Packing::of(&parts.headers)?;
        let _place = ingest.places.try_acquire().map_err(|_| Refusal::Overloaded)?;
        let held = body::read(body, &parts.headers, &ingest.budget).await?;
        let held = body::unpack(held, packing).await?;
        if link.shutdown.is_cancelled() {
            return Err(Refusal::ShuttingDown);
        }
        store(held.bytes(), Shape { format, batch, is_json }, link).await
    };
    let outcome = outcome.await;
    if let Err(refusal) = &outcome {
        link.health.add(Count::Refused, 1);
        link.health.failed(link.clock.now(), refusal.to_string());
    }
    outcome
}

/// What a request says about its lines.
struct Shape {
    format: Option<Format>,
    batch: Option<Box<str>>,
    is_json: bool,
}

async fn store(body: &[u8], shape: Shape, link: &Link) -> Result<Accepted, Refusal> {
    let mut accepted = Accepted::default();
    let mut gather = Gather::default();
    for (index, line) in Lines::new(body) {
        if let Err(reason) = check_line(line, shape.is_json) {
            link.health.add(Count::Refused, 1);
            accepted.refuse(RefusedLine { line: index + 1, reason });
            continue;
        }
        let cursor = shape.batch.clone().map(|id| Cursor::Batch { id, index });
        if let Some(full) = gather.push(link.record(cursor, shape.format, line.to_vec())) {
            submit(full, &mut accepted, link).await?;
        }
    }
    submit(gather.take(), &mut accepted, link).await?;
    Ok(accepted)
}

async fn submit(batch: Vec<Incoming>, accepted: &mut Accepted, link: &Link) -> Result<(), Refusal> {
    let records = batch.len() as u64;
    match link.offer(batch).await {
        Ok(()) => {
            accepted.accepted += records;
            Ok(())
        }
        Err(error) => Err(Refusal::Intake { error, accepted: accepted.accepted }),
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or(Refusal::NoToken)?;
    // RFC 9110 section 11.1: the scheme's case does not matter.
    let (scheme, token) = value.split_once(' ').ok_or(Refusal::NoToken)?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() { Ok(token) } else { Err(Refusal::NoToken) }
}

fn format_of(query: Option<&str>) -> Result<Option<Format>, Refusal> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut format = None;
    for pair in pairs {
        match pair.split_once('=') {
            Some(("format", name)) => format = Some(name.parse::<Format>().map_err(Refusal::BadRequest)?),
            _ => return Err(Refusal::BadRequest(format!("unknown query {pair:?}; only format= is known"))),
        }
    }
    Ok(format)
}

/// The client's name for the batch: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header, whose value may be
/// quoted), or our own header.
fn batch_name(headers: &HeaderMap) -> Result<Option<Box<str>>, Refusal> {
    let Some(value) = headers.get("idempotency-key").or_else(|| headers.get("x-watchbell-batch")) else {
        return Ok(None);
    };
    let name = value.to_str().unwrap_or_default().trim();
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    if name.is_empty() || name.len() > INGEST_BATCH_NAME_BYTES_MAX {
        let reason = format!("a batch name is 1 to {INGEST_BATCH_NAME_BYTES_MAX} visible ASCII characters");
        return Err(Refusal::BadRequest(reason));
    }
    Ok(Some(name.into()))
}

/// Whether the media type promises JSON lines; refuses types that hold no lines at all.
fn media_type(headers: &HeaderMap) -> Result<bool, Refusal> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(false) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/json-lines"
        | "application/json" => Ok(true),
        // The last is what curl says of every body, whatever it is.
        "text/plain" | "application/octet-stream" | "application/x-www-form-urlencoded" => Ok(false),
        _ => Err(Refusal::MediaType(essence)),
    }
}

/// Whether a record of the format is always a JSON value.
fn is_json_format(format: Format) -> bool {
    !matches!(format, Format::Auditd | Format::Syslog | Format::Cef)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header value"));
        headers
    }

    #[test]
    fn a_token_is_a_bearer_token() {
        let check = |value: &str, expected: Option<&str>| {
            assert_eq!(bearer(&headers("authorization", value)).ok(), expected, "{value:?}");
        };
        check("Bearer abc", Some("abc"));
        check("bearer  abc ", Some("abc"));
        check("Basic abc", None);
        check("Bearer", None);
        check("Bearer ", None);
    }

    #[test]
    fn batch_names_have_a_limit() {
        let check = |value: &str, expected: Option<&str>| {
            let found = batch_name(&headers("idempotency-key", value)).ok().flatten();
            assert_eq!(found.as_deref(), expected, "{value:?}");
        };
        check("b-1", Some("b-1"));
        check("\"b-1\"", Some("b-1"));
        check("", None);
        check(&"x".repeat(INGEST_BATCH_NAME_BYTES_MAX), Some(&"x".repeat(INGEST_BATCH_NAME_BYTES_MAX)));
        check(&"x".repeat(INGEST_BATCH_NAME_BYTES_MAX + 1), None);
        assert!(batch_name(&HeaderMap::new()).is_ok_and(|name| name.is_none()));
    }

    #[test]
    fn the_query_names_a_format_or_nothing() {
        let check = |query: Option<&str>, expected: Option<Option<Format>>| {
            assert_eq!(format_of(query).ok(), expected, "{query:?}");
        };
        check(None, Some(None));
        check(Some(""), Some(None));
        check(Some("format=zeek"), Some(Some(Format::Zeek)));
        check(Some("format=zeeek"), None);
        check(Some("fromat=zeek"), None);
    }
}
