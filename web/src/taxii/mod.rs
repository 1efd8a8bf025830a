//! The TAXII 2.1 server (OASIS standard, 10 June 2021), over [`engine::office`].
//!
//! Who asks is a program with a token that is for sharing, as a bearer (RFC 6750) or as the password of HTTP's Basic scheme, which the
//! standard asks every server for (section 1.6.9); the user's name says nothing. Sessions of people open nothing here, so no page elsewhere can
//! make a browser ask. Each agency has its own API roots, below `/taxii2/`.
//!
//! Everything that is wrong is an error resource (section 3.6.1). Objects are sent as they were written; nothing of them is read on the way.
//!
//! Beside the standard: hints ([`hints`]), by which a peer hears at once that there is news, and private look-ups ([`lookups`]).
//!
//! Absent: channels, which the standard reserves and does not say, and content other than STIX.

mod answer;
mod collections;
mod envelope;
mod filters;
mod hints;
mod lookups;
mod manifest;
mod objects;
mod peer;
mod roots;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::any;
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use answer::{MEDIA_TYPE, Wrong, WrongDocument};

pub(crate) use peer::secret_of;

/// Where everything of it begins.
pub(crate) const PREFIX: &str = "/taxii2/";

/// Addresses end with a slash (section 1.6.6). Without one, they are shown the way.
const WITHOUT_SLASH: [&str; 13] = [
    "/taxii2",
    "/taxii2/{root}",
    "/taxii2/{root}/status/{status}",
    "/taxii2/{root}/collections",
    "/taxii2/{root}/collections/{id}",
    "/taxii2/{root}/collections/{id}/manifest",
    "/taxii2/{root}/collections/{id}/objects",
    "/taxii2/{root}/collections/{id}/objects/{object}",
    "/taxii2/{root}/collections/{id}/objects/{object}/versions",
    "/taxii2/{root}/collections/{id}/hints",
    "/taxii2/{root}/lookups",
    "/taxii2/{root}/lookups/key",
    "/taxii2/{root}/lookups/{prefix}",
];

/// The routes, and the document about them.
pub(crate) fn routes() -> (Router<App>, OpenApi) {
    let routes = OpenApiRouter::new()
        .routes(routes!(roots::discovery))
        .routes(routes!(roots::root))
        .routes(routes!(roots::status))
        .routes(routes!(collections::list))
        .routes(routes!(collections::one))
        .routes(routes!(manifest::manifest))
        .routes(routes!(objects::read, objects::add))
        .routes(routes!(objects::read_one, objects::delete))
        .routes(routes!(manifest::versions))
        .routes(routes!(hints::hints))
        .routes(routes!(lookups::key))
        .routes(routes!(lookups::list, lookups::evaluate))
        .routes(routes!(lookups::bucket));
    let (router, mut document) = routes.split_for_parts();
    complete(&mut document);
    let router = router.method_not_allowed_fallback(not_like_this);
    let router = WITHOUT_SLASH.into_iter().fold(router, |router, path| router.route(path, any(with_slash)));
    (router, document)
}

/// To the same address with a slash; method and body stay what they are.
async fn with_slash(uri: axum::http::Uri) -> Redirect {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::permanent(&format!("{}/{query}", uri.path()))
}

async fn not_like_this() -> Response {
    Wrong::not_like_this().into_response()
}

/// What holds for every operation is said in one place.
fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    components.schemas.insert(WrongDocument::name().into_owned(), WrongDocument::schema());
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let has_body = operation.request_body.is_some();
            let always = [
                ("400", "The request makes no sense; the description says what."),
                ("401", "There is no token, or it is none."),
                ("403", "The token is not for this."),
                ("404", "There is no such thing for whoever asks."),
                ("406", "None of the media types that are accepted is TAXII 2.1."),
                ("414", "The address is too long."),
                ("429", "More is asked than may be asked in that time."),
                ("500", "Something failed here; the log says what."),
            ];
            let with_body = [
                ("413", "The request is too large."),
                ("415", "The request is of another media type."),
                ("422", "The request is no envelope."),
            ];
            let more = with_body.into_iter().filter(|_| has_body);
            for (status, description) in always.into_iter().chain(more) {
                let body = RefOr::Ref(Ref::from_schema_name(WrongDocument::name()));
                let response = ResponseBuilder::new().description(description);
                let response = response.content(MEDIA_TYPE, Content::new(Some(body))).build();
                operation.responses.responses.insert(status.to_owned(), RefOr::T(response));
            }
        }
    }
}
