//! Discovery, API roots, and statuses (section 4).

use axum::extract::State;
use axum::response::Response;
use model::limits;
use serde::Serialize;
use utoipa::ToSchema;

use super::PREFIX;
use super::answer::{MEDIA_TYPE, Wrong, answer, text_answer};
use super::envelope::Status;
use super::peer::{Peer, Segments};
use crate::app::App;

/// What there is.
#[derive(Serialize, ToSchema)]
#[schema(as = TaxiiDiscovery)]
struct Discovery {
    title: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    default: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    api_roots: Vec<String>,
}

/// An API root.
#[derive(Serialize, ToSchema)]
#[schema(as = TaxiiApiRoot)]
struct Root {
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    versions: [&'static str; 1],
    max_content_length: usize,
}

/// The API roots of the agency that the token is of.
#[utoipa::path(get, path = "/taxii2/", tag = "TAXII 2.1", security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Discovery, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn discovery(State(app): State<App>, peer: Peer) -> Result<Response, Wrong> {
    let roots = app.office.api_roots(&peer.ctx).await?;
    let address = |name: &String| app.settings.address(&format!("{PREFIX}{name}/"));
    let api_roots: Vec<String> = roots.iter().map(|root| address(&root.name)).collect();
    Ok(answer(&Discovery { title: "Watchbell", default: api_roots.first().cloned(), api_roots }))
}

/// What an API root is for, and how much it takes at a time.
#[utoipa::path(get, path = "/taxii2/{root}/", tag = "TAXII 2.1", params(("root" = String, Path)),
    security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Root, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn root(
    State(app): State<App>,
    peer: Peer,
    Segments(root): Segments<String>,
) -> Result<Response, Wrong> {
    let root = app.office.api_root(&peer.ctx, &root).await?;
    let (versions, max_content_length) = ([MEDIA_TYPE], limits::TAXII_BODY_BYTES_MAX);
    Ok(answer(&Root { title: root.title, description: root.description, versions, max_content_length }))
}

/// What became of objects that whoever asks has brought.
#[utoipa::path(get, path = "/taxii2/{root}/status/{status}/", tag = "TAXII 2.1",
    params(("root" = String, Path), ("status" = String, Path)), security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = Status<'_>, content_type = "application/taxii+json;version=2.1")))]
pub(super) async fn status(
    State(app): State<App>,
    peer: Peer,
    Segments((root, id)): Segments<(String, String)>,
) -> Result<Response, Wrong> {
    Ok(text_answer(app.office.share_status(&peer.ctx, &root, &id).await?))
}
