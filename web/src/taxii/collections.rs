//! Collections (sections 5.1 and 5.2).

use axum::extract::State;
use axum::response::Response;
use engine::office::Collection;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{Wrong, answer};
use super::peer::{Peer, Segments};
use crate::app::App;

/// A collection, with what whoever asks may do with it.
#[derive(Serialize, ToSchema)]
#[schema(as = TaxiiCollection)]
struct Resource {
    id: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    alias: Option<String>,
    can_read: bool,
    can_write: bool,
    media_types: Vec<String>,
}

/// Collections.
#[derive(Serialize, ToSchema)]
#[schema(as = TaxiiCollections)]
struct Resources {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    collections: Vec<Resource>,
}

/// The media type of objects in a version of STIX.
pub(super) fn stix(spec_version: &str) -> String {
    format!("application/stix+json;version={spec_version}")
}

fn resource(collection: Collection) -> Resource {
    Resource {
        id: collection.id,
        title: collection.title,
        description: collection.description,
        alias: collection.alias,
        can_read: collection.rights.can_read,
        can_write: collection.rights.can_write,
        media_types: collection.spec_versions.iter().map(|version| stix(version)).collect(),
    }
}

/// The collections of an API root.
#[utoipa::path(get, path = "/taxii2/{root}/collections/", tag = "TAXII 2.1", params(("root" = String, Path)),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Resources, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn list(
    State(app): State<App>,
    peer: Peer,
    Segments(root): Segments<String>,
) -> Result<Response, Wrong> {
    let collections = app.office.collections(&peer.ctx, &root).await?;
    Ok(answer(&Resources { collections: collections.into_iter().map(resource).collect() }))
}

/// One of them, by its id or alias.
#[utoipa::path(get, path = "/taxii2/{root}/collections/{id}/", tag = "TAXII 2.1",
    params(("root" = String, Path), ("id" = String, Path)), security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Resource, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn one(
    State(app): State<App>,
    peer: Peer,
    Segments((root, id)): Segments<(String, String)>,
) -> Result<Response, Wrong> {
    Ok(answer(&resource(app.office.collection(&peer.ctx, &root, &id).await?)))
}
