//! Private look-ups: a peer learns whether something was seen here without saying what. What each tier lets out stands in `intel::lookup`.

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{Wrong, answer, check_content_type};
use super::peer::{Peer, Segments};
use crate::app::App;

/// Longest body of questions: a few times what the largest batch has.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// With which key questions are answered, and how much may be asked.
#[derive(Serialize, ToSchema)]
#[schema(as = LookupKey)]
struct Key {
    /// RFC 9497, mode VOPRF.
    suite: &'static str,
    /// The public key, in hexadecimal digits. Keep it: an answer made with another one is none.
    key: String,
    /// Questions in one request.
    batch_max: usize,
    /// Questions in an hour.
    per_hour_max: u32,
}

/// The key of private look-ups.
#[utoipa::path(get, path = "/taxii2/{root}/lookups/key/", tag = "Private look-up", params(("root" = String, Path)),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Key, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn key(
    State(app): State<App>,
    peer: Peer,
    Segments(root): Segments<String>,
) -> Result<Response, Wrong> {
    app.office.api_root(&peer.ctx, &root).await?;
    let key = app.office.lookup_key(&peer.ctx).await?;
    let (batch_max, per_hour_max) = (key.batch_max, key.per_hour_max);
    Ok(answer(&Key { suite: "ristretto255-SHA512", key: key.key, batch_max, per_hour_max }))
}

/// A thing in the list.
#[derive(Serialize, ToSchema)]
#[schema(as = LookupListed)]
struct ListedThing<'a> {
    /// The first bytes of the function's output.
    name: &'a str,
    /// Readable with the rest of the output.
    note: &'a str,
}

/// All that the peer may know of, as outputs of the function.
#[derive(Serialize, ToSchema)]
#[schema(as = LookupList)]
struct List<'a> {
    things: Vec<ListedThing<'a>>,
}

/// The list in which whoever asked finds what was asked about, and reads nothing else.
#[utoipa::path(get, path = "/taxii2/{root}/lookups/", tag = "Private look-up", params(("root" = String, Path)),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = List<'_>, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn list(
    State(app): State<App>,
    peer: Peer,
    Segments(root): Segments<String>,
) -> Result<Response, Wrong> {
    app.office.api_root(&peer.ctx, &root).await?;
    let list = app.office.lookup_list(&peer.ctx).await?;
    let things = list.iter().map(|listed| ListedThing { name: &listed.name, note: &listed.note });
    Ok(answer(&List { things: things.collect() }))
}

/// Blinded values.
#[derive(Deserialize, ToSchema)]
#[schema(as = LookupQuestions)]
pub(super) struct Questions {
    /// Each 32 bytes, in hexadecimal digits.
    #[schema(min_items = 1, max_items = 32)]
    blinded: Vec<String>,
}

/// An answer.
#[derive(Serialize, ToSchema)]
#[schema(as = LookupAnswer)]
struct Evaluated {
    /// 32 bytes, in hexadecimal digits.
    evaluated: String,
    /// 64 bytes, in hexadecimal digits: that the published key was used.
    proof: String,
}

/// Answers, in the order of the questions.
#[derive(Serialize, ToSchema)]
#[schema(as = LookupAnswers)]
struct Answers {
    answers: Vec<Evaluated>,
}

/// Computes on blinded values.
#[utoipa::path(post, path = "/taxii2/{root}/lookups/", tag = "Private look-up", params(("root" = String, Path)),
    request_body(content = Questions, content_type = "application/taxii+json;version=2.1"),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Answers, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn evaluate(
    State(app): State<App>,
    peer: Peer,
    Segments(root): Segments<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Wrong> {
    check_content_type(&headers)?;
    app.office.api_root(&peer.ctx, &root).await?;
    // Who may not, sends nothing.
    app.office.lookup_key(&peer.ctx).await?;
    let too_large = |_| Wrong::too_large(format!("at most {BODY_BYTES_MAX} bytes are taken"));
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(too_large)?;
    let questions: Questions = serde_json::from_slice(&body).map_err(|error| Wrong::no_envelope(&error.to_string()))?;
    let answers = app.office.lookup_evaluate(&peer.ctx, &questions.blinded).await?;
    let answers = answers.into_iter().map(|one| Evaluated { evaluated: one.evaluated, proof: one.proof });
    Ok(answer(&Answers { answers: answers.collect() }))
}

/// Rests of hashes.
#[derive(Serialize, ToSchema)]
#[schema(as = LookupBucket)]
struct Bucket {
    /// Of all that the peer may know of in the class.
    suffixes: Vec<String>,
}

/// The cheap tier: all hashes that begin like this. It says to whoever is asked which class was asked about.
#[utoipa::path(get, path = "/taxii2/{root}/lookups/{prefix}/", tag = "Private look-up",
    params(("root" = String, Path), ("prefix" = String, Path, pattern = "^[0-9a-fA-F]{5}$")),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Bucket, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn bucket(
    State(app): State<App>,
    peer: Peer,
    Segments((root, prefix)): Segments<(String, String)>,
) -> Result<Response, Wrong> {
    app.office.api_root(&peer.ctx, &root).await?;
    Ok(answer(&Bucket { suffixes: app.office.lookup_bucket(&peer.ctx, &prefix).await? }))
}
