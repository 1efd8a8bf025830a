//! The document that says what can be asked here (OpenAPI 3.1). It grows with the routes: a handler that has no description
//! cannot be mounted.

use axum::Extension;
use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, HttpMethod, InfoBuilder, License, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::ProblemDocument;

/// What the document begins with.
pub(crate) fn beginning() -> OpenApi {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("Watchbell")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Pages for people and their twins for programs. Who asks: a person's session, in a cookie, or a program's token. \
             Times are RFC 3339 in UTC. Errors are problem documents (RFC 9457), or pages for whoever accepts text/html. \
             Requests that change something are taken from the console's own pages only (Origin).",
        ))
        .license(Some(license))
        .build();
    let cookie = ApiKeyValue::with_description(
        "watchbell",
        "A person's session: opaque, ended after half an hour without a request. Over HTTPS its name is __Host-watchbell.",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A program's token, made with `watchbell token add` or on the page Tokens."))
        .build();
    let basic = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("The same token as the password; the user's name says nothing. For TAXII clients."))
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
        .security_scheme("token", SecurityScheme::Http(bearer))
        .security_scheme("token as password", SecurityScheme::Http(basic))
        .schema(ProblemDocument::name(), ProblemDocument::schema())
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// What holds for every operation of a kind is said in one place.
pub(crate) fn complete(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [
            (HttpMethod::Get, &mut item.get),
            (HttpMethod::Post, &mut item.post),
            (HttpMethod::Put, &mut item.put),
            (HttpMethod::Delete, &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                complete_operation(&method, operation);
            }
        }
    }
}

fn complete_operation(method: &HttpMethod, operation: &mut Operation) {
    let changes = *method != HttpMethod::Get;
    let is_guarded = operation.security.as_ref().is_some_and(|needs| !needs.is_empty());
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let has_query = !parameters.is_empty() && !changes;
    let has_body = operation.request_body.is_some();
    let reads = !parameters.is_empty() || has_body;
    let problems = [
        ("400", reads, "The request makes no sense; the detail says what."),
        ("401", is_guarded, "Nobody is signed in, or the token is none."),
        (
            "403",
            is_guarded || changes,
            "Whoever asks may not, has to prove again who they are, or asks from elsewhere.",
        ),
        ("404", reads, "There is no such thing in the agency of whoever asks."),
        ("409", changes, "It does not fit to what is there."),
        ("414", has_query, "The address is too long."),
        ("413", has_body, "The request is too large."),
        ("415", has_body, "The request is of another kind."),
        ("500", true, "Something failed here; the log says what."),
    ];
    for (status, is_possible, description) in problems {
        let responses = &operation.responses.responses;
        let is_said = responses.contains_key(status) || responses.contains_key(&format!("{}XX", &status[..1]));
        if is_possible && !is_said {
            let body = RefOr::Ref(Ref::from_schema_name(ProblemDocument::name()));
            let response = ResponseBuilder::new()
                .description(description)
                .content("application/problem+json", Content::new(Some(body)))
                .content("text/html", Content::new(Some(String::schema())))
                .build();
            operation.responses.responses.insert(status.to_owned(), RefOr::T(response));
        }
    }
}

/// The document as it is sent.
#[derive(Clone)]
pub(crate) struct Document(pub(crate) Bytes);

impl Document {
    pub(crate) fn of(document: &OpenApi) -> Self {
        // Strings, numbers and maps of them: nothing of it cannot be written.
        Document(serde_json::to_vec(document).unwrap_or_default().into())
    }
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "The watch itself", responses((status = 200, body = Object)))]
pub(crate) async fn document(Extension(document): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.0).into_response()
}
