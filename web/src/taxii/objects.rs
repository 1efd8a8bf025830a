//! Objects: reading, bringing, deleting (sections 5.4 to 5.7).

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::office::{ObjectsAsked, Readable, SpecAsked, VersionsAsked};
use model::{OpContext, limits};

use super::answer::{Wrong, check_content_type, text_answer, with_dates};
use super::envelope::{self, Contents, EnvelopeShape, Status};
use super::filters::{CollectionFilters, DeleteFilters, Endpoint, Filters, ObjectFilters, Place};
use super::peer::{Peer, Question, Segments};
use crate::app::App;

/// Bodies that are read beside the other requests, not on their threads.
const LARGE_BODY_BYTES: usize = 64 * 1024;

/// Objects of a collection, in the order in which they were added.
#[utoipa::path(get, path = "/taxii2/{root}/collections/{id}/objects/", tag = "TAXII 2.1",
    params(("root" = String, Path), ("id" = String, Path), CollectionFilters),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Object, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn read(
    State(app): State<App>,
    peer: Peer,
    Segments((root, id)): Segments<(String, String)>,
    Question(query): Question,
) -> Result<Response, Wrong> {
    let from = app.office.readable(&peer.ctx, &root, &id).await?;
    page(&app, &peer.ctx, &from, (&query, Endpoint::Objects), None).await
}

/// An object, or versions of it.
#[utoipa::path(get, path = "/taxii2/{root}/collections/{id}/objects/{object}/", tag = "TAXII 2.1",
    params(("root" = String, Path), ("id" = String, Path), ("object" = String, Path), ObjectFilters),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Object, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn read_one(
    State(app): State<App>,
    peer: Peer,
    Segments((root, id, object)): Segments<(String, String, String)>,
    Question(query): Question,
) -> Result<Response, Wrong> {
    let from = app.office.readable(&peer.ctx, &root, &id).await?;
    page(&app, &peer.ctx, &from, (&query, Endpoint::Object), Some(&object)).await
}

async fn page(
    app: &App,
    ctx: &OpContext,
    from: &Readable,
    (query, endpoint): (&str, Endpoint),
    object: Option<&str>,
) -> Result<Response, Wrong> {
    let filters = Filters::read(query, endpoint)?;
    let place = place(from, object);
    let asked = filters.asked(endpoint, &place)?;
    let page = app.office.shared_objects(ctx, from, &asked).await?;
    let Some((_, last)) = page.added else {
        if let Some(object) = object {
            must_exist(app, ctx, from, object).await?;
        }
        return Ok(text_answer("{}".to_owned()));
    };
    let mut text = String::with_capacity(page.text.len() + 100);
    text.push_str("{\"more\":");
    text.push_str(if page.has_more { "true" } else { "false" });
    if page.has_more {
        // Letters, digits, dashes: nothing to escape.
        text.push_str(&format!(",\"next\":\"{}\"", filters.next(last, endpoint, &place)));
    }
    text.push_str(",\"objects\":[");
    text.push_str(&page.text);
    text.push_str("]}");
    Ok(with_dates(text_answer(text), page.added))
}

/// Of what something is asked.
pub(super) fn place<'a>(from: &'a Readable, object: Option<&'a str>) -> Place<'a> {
    let collection = from.collection();
    Place { root: &collection.root, collection: &collection.id, object }
}

/// An object that no filter lets through is nothing; one that is not there is not found.
pub(super) async fn must_exist(app: &App, ctx: &OpContext, from: &Readable, object: &str) -> Result<(), Wrong> {
    let asked = ObjectsAsked {
        ids: vec![object.to_owned()],
        spec: SpecAsked::Any,
        versions: VersionsAsked::all(),
        rows_max: 1,
        ..ObjectsAsked::default()
    };
    match app.office.manifest(ctx, from, &asked).await?.entries.is_empty() {
        true => Err(no_object(object)),
        false => Ok(()),
    }
}

fn no_object(object: &str) -> Wrong {
    Wrong::not_found(format!("there is no object {:?}", object.chars().take(80).collect::<String>()))
}

/// Brings objects. Each that is written down is durable when this is answered.
#[utoipa::path(post, path = "/taxii2/{root}/collections/{id}/objects/", tag = "TAXII 2.1",
    params(("root" = String, Path), ("id" = String, Path)),
    request_body(content = EnvelopeShape, content_type = "application/taxii+json;version=2.1"),
    security(("token" = []), ("token as password" = [])),
    responses((status = 202, body = Status<'_>, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn add(
    State(app): State<App>,
    peer: Peer,
    Segments((root, id)): Segments<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Wrong> {
    check_content_type(&headers)?;
    // Who may not, sends nothing.
    let into = app.office.writable(&peer.ctx, &root, &id).await?;
    let contents = read_contents(read_body(&headers, body).await?).await?;
    let requested = peer.ctx.now;
    let status = |id: &str, taken: &[_]| contents.status(id, requested, taken);
    let status = app.office.share_objects(&peer.ctx, &into, &contents.objects, &status).await?;
    Ok((StatusCode::ACCEPTED, text_answer(status)).into_response())
}

async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Wrong> {
    let most = limits::TAXII_BODY_BYTES_MAX;
    let too_large = || Wrong::too_large(format!("at most {most} bytes are taken at a time"));
    let said = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    to_bytes(body, most).await.map_err(|error| {
        // The one cause that the client can mend; else it has gone, and hears nothing.
        let is_broken = said.is_some();
        if is_broken { Wrong::bad(format!("the request broke off: {error}")) } else { too_large() }
    })
}

async fn read_contents(body: Bytes) -> Result<Contents, Wrong> {
    if body.len() <= LARGE_BODY_BYTES {
        return envelope::read(&body);
    }
    let reading = tokio::task::spawn_blocking(move || envelope::read(&body));
    reading.await.unwrap_or_else(|_| Err(engine::office::OfficeError::Stopping.into()))
}

/// Deletes versions of an object.
#[utoipa::path(delete, path = "/taxii2/{root}/collections/{id}/objects/{object}/", tag = "TAXII 2.1",
    params(("root" = String, Path), ("id" = String, Path), ("object" = String, Path), DeleteFilters),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, description = "Deleted", content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn delete(
    State(app): State<App>,
    peer: Peer,
    Segments((root, id, object)): Segments<(String, String, String)>,
    Question(query): Question,
) -> Result<Response, Wrong> {
    let from = app.office.writable(&peer.ctx, &root, &id).await?;
    let collection = from.collection();
    let place = Place { root: &collection.root, collection: &collection.id, object: Some(&object) };
    let asked = Filters::read(&query, Endpoint::Delete)?.asked(Endpoint::Delete, &place)?;
    match app.office.delete_shared_object(&peer.ctx, &from, &asked).await? {
        0 => Err(no_object(&object)),
        _ => Ok(text_answer(String::new())),
    }
}
