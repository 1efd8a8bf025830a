//! What a request brings, read into the shape that is expected; what does not fit is a problem like any other.

use axum::extract::rejection::{BytesRejection, FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;

/// What stands behind the question mark.
pub(crate) struct Query<T>(pub(crate) T);

/// What stands in the path.
pub(crate) struct Path<T>(pub(crate) T);

/// A form that was sent.
pub(crate) struct Form<T>(pub(crate) T);

/// A form whose fields may come more than once: the text as it was sent.
pub(crate) struct Fields(pub(crate) String);

/// A JSON document that was sent.
pub(crate) struct Json<T>(pub(crate) T);

/// What is to be confirmed in words.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Confirmed {
    #[serde(default)]
    #[schema(required = true, pattern = "^yes$", min_length = 3, max_length = 3)]
    confirm: String,
}

impl Confirmed {
    /// Goes on when it is.
    pub(crate) fn check(&self, why: &str) -> Result<(), Problem> {
        if self.confirm == "yes" { Ok(()) } else { Err(Problem::bad(format!("tick the box first: {why}"))) }
    }
}

macro_rules! rejections {
    ($($rejection:ty),+) => {$(
        impl From<$rejection> for Problem {
            fn from(rejection: $rejection) -> Self {
                // Where a document is well-formed and says something else than expected, axum says 422; to us it is the same.
                let status = match rejection.status() {
                    StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
                    status => status,
                };
                Problem::unreadable(status, rejection.body_text())
            }
        }
    )+};
}

rejections!(BytesRejection, FormRejection, JsonRejection, PathRejection, QueryRejection);

/// Databases keep no text with a zero in it, and nobody types one.
fn without_zero(encoded: &str) -> Result<(), Problem> {
    if encoded.contains("%00") || encoded.contains('\0') {
        return Err(Problem::bad("a text holds the letter zero"));
    }
    Ok(())
}

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        without_zero(parts.uri.query().unwrap_or_default())?;
        Ok(Query(axum::extract::Query::from_request_parts(parts, app).await?.0))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        without_zero(parts.uri.path())?;
        Ok(Path(axum::extract::Path::from_request_parts(parts, app).await?.0))
    }
}

impl FromRequest<App> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            let detail = "a form is sent as application/x-www-form-urlencoded";
            return Err(Problem::unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = axum::body::Bytes::from_request(request, app).await?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Problem::bad("the form is no text"))?;
        without_zero(text)?;
        Ok(Fields(text.to_owned()))
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let Fields(text) = Fields::from_request(request, app).await?;
        let request = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(text.into()).map_err(|error| Problem::bad(error.to_string()))?;
        Ok(Form(axum::Form::from_request(request, app).await?.0))
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Ok(Json(axum::Json::from_request(request, app).await?.0))
    }
}
