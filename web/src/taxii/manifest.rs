//! Manifests, and the versions of an object (sections 5.3 and 5.8).

use axum::extract::State;
use axum::response::Response;
use engine::office::{ManifestEntry, ManifestPage};
use model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{Wrong, answer, moment, with_dates};
use super::collections::stix;
use super::filters::{CollectionFilters, Endpoint, Filters, VersionFilters};
use super::objects::{must_exist, place};
use super::peer::{Peer, Question, Segments};
use crate::app::App;

/// What a manifest says of an object.
#[derive(Serialize, ToSchema)]
#[schema(as = TaxiiManifestRecord)]
struct Record {
    id: String,
    #[schema(format = DateTime)]
    date_added: String,
    #[schema(format = DateTime)]
    version: String,
    media_type: String,
}

/// A page of a manifest. Nothing is said of what is not there.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = TaxiiManifest)]
struct Manifest {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    more: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<Record>,
}

/// Versions of an object.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = TaxiiVersions)]
struct Versions {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    more: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<String>,
}

/// When the first and the last of a page were added.
fn dates(page: &ManifestPage) -> Option<(Timestamp, Timestamp)> {
    let (first, last) = (page.entries.first()?, page.entries.last()?);
    Some((first.added, last.added))
}

/// A version as it was written; what has none has the moment at which it was added.
fn version(entry: &ManifestEntry) -> String {
    entry.version.clone().unwrap_or_else(|| moment(entry.added))
}

/// What there is in a collection, in the order in which it was added.
#[utoipa::path(get, path = "/taxii2/{root}/collections/{id}/manifest/", tag = "TAXII 2.1",
    params(("root" = String, Path), ("id" = String, Path), CollectionFilters),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Manifest, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn manifest(
    State(app): State<App>,
    peer: Peer,
    Segments((root, id)): Segments<(String, String)>,
    Question(query): Question,
) -> Result<Response, Wrong> {
    let from = app.office.readable(&peer.ctx, &root, &id).await?;
    let filters = Filters::read(&query, Endpoint::Manifest)?;
    let place = place(&from, None);
    let page = app.office.manifest(&peer.ctx, &from, &filters.asked(Endpoint::Manifest, &place)?).await?;
    let Some(added) = dates(&page) else { return Ok(answer(&Manifest::default())) };
    let record = |entry: &ManifestEntry| Record {
        id: entry.id.clone(),
        date_added: moment(entry.added),
        version: version(entry),
        media_type: stix(&entry.spec_version),
    };
    let next = page.has_more.then(|| filters.next(added.1, Endpoint::Manifest, &place));
    let manifest = Manifest { more: Some(page.has_more), next, objects: page.entries.iter().map(record).collect() };
    Ok(with_dates(answer(&manifest), Some(added)))
}

/// Which versions of an object there are, in the order in which they were added.
#[utoipa::path(get, path = "/taxii2/{root}/collections/{id}/objects/{object}/versions/", tag = "TAXII 2.1",
    params(("root" = String, Path), ("id" = String, Path), ("object" = String, Path), VersionFilters),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Versions, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn versions(
    State(app): State<App>,
    peer: Peer,
    Segments((root, id, object)): Segments<(String, String, String)>,
    Question(query): Question,
) -> Result<Response, Wrong> {
    let from = app.office.readable(&peer.ctx, &root, &id).await?;
    let filters = Filters::read(&query, Endpoint::Versions)?;
    let place = place(&from, Some(&object));
    let page = app.office.manifest(&peer.ctx, &from, &filters.asked(Endpoint::Versions, &place)?).await?;
    let Some(added) = dates(&page) else {
        must_exist(&app, &peer.ctx, &from, &object).await?;
        return Ok(answer(&Versions::default()));
    };
    let next = page.has_more.then(|| filters.next(added.1, Endpoint::Versions, &place));
    let versions = Versions { more: Some(page.has_more), next, versions: page.entries.iter().map(version).collect() };
    Ok(with_dates(answer(&versions), Some(added)))
}
