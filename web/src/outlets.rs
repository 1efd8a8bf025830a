//! What firewalls, resolvers and sensors of others fetch: files of outlets, over [`engine::office`].
//!
//! Who asks is a program with the token of one outlet, as a bearer (RFC 6750) or as the password of HTTP's Basic scheme, which every program
//! that fetches lists can say; the user's name says nothing. The token opens that outlet and nothing else, and no session opens any. A file
//! has an `ETag` and a date, and is not sent again to whoever has it (RFC 9110, section 13). It is sent from disk, a piece at a time.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::intel::OutletFile;
use engine::office::{OutletAsked, OutletDownload, OutletReply, Subscriber};
use model::{Timestamp, limits};
use tokio::io::AsyncReadExt;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::asked::Path;
use crate::entry;
use crate::problem::Problem;
use crate::taxii::secret_of;

/// Where everything of it begins.
pub(crate) const PREFIX: &str = "/outlets/";

/// Seconds after which whoever came too early may come again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");

/// The routes, and the document about them.
pub(crate) fn routes() -> (Router<App>, OpenApi) {
    let routes = OpenApiRouter::new().routes(routes!(main_file)).routes(routes!(file));
    let (router, document) = routes.split_for_parts();
    (router.method_not_allowed_fallback(entry::not_like_this), document)
}

/// Why nothing is given.
pub(crate) struct Refused(Problem);

impl<P: Into<Problem>> From<P> for Refused {
    fn from(problem: P) -> Self {
        Refused(problem.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        match response.status() {
            StatusCode::UNAUTHORIZED => {
                for way in ["Basic realm=\"watchbell\", charset=\"UTF-8\"", "Bearer realm=\"watchbell\""] {
                    response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(way));
                }
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
            }
            _ => {}
        }
        response
    }
}

/// A program with the token of an outlet.
pub(crate) struct Fetcher(Subscriber);

impl FromRequestParts<App> for Fetcher {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let said = text(&parts.headers, header::AUTHORIZATION);
        let secret = said.and_then(secret_of).ok_or_else(Problem::no_token)?;
        let subscriber = app.office.subscriber(&secret).await?;
        Ok(Fetcher(subscriber.ok_or_else(Problem::no_token)?))
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The main file of an outlet: the list, or what names the other files of a folder.
#[utoipa::path(get, path = "/outlets/{name}", tag = "Intelligence", params(("name" = String, Path)),
    security(("token" = []), ("token as password" = [])), responses(
        (status = 200, body = String, content_type = "*/*", description = "The file, in the outlet's form"),
        (status = 304, description = "It is what whoever asks has"),
        (status = 410, body = ref("#/components/schemas/ProblemDocument"), content_type = "application/problem+json", description = "The token has ended"),
        (status = 503, body = ref("#/components/schemas/ProblemDocument"), content_type = "application/problem+json", description = "It is being made")))]
async fn main_file(
    State(app): State<App>,
    Fetcher(subscriber): Fetcher,
    Path(name): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    give(&app, &subscriber, (&name, None), (&method, &headers)).await
}

/// A file of an outlet.
#[utoipa::path(get, path = "/outlets/{name}/{file}", tag = "Intelligence",
    params(("name" = String, Path), ("file" = String, Path)),
    security(("token" = []), ("token as password" = [])), responses(
        (status = 200, body = String, content_type = "*/*", description = "The file, in the outlet's form"),
        (status = 304, description = "It is what whoever asks has"),
        (status = 410, body = ref("#/components/schemas/ProblemDocument"), content_type = "application/problem+json", description = "The token has ended"),
        (status = 503, body = ref("#/components/schemas/ProblemDocument"), content_type = "application/problem+json", description = "It is being made")))]
async fn file(
    State(app): State<App>,
    Fetcher(subscriber): Fetcher,
    Path((name, file)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    give(&app, &subscriber, (&name, Some(&file)), (&method, &headers)).await
}

async fn give(
    app: &App,
    subscriber: &Subscriber,
    (name, file): (&str, Option<&str>),
    (method, headers): (&Method, &HeaderMap),
) -> Result<Response, Refused> {
    let (tags, since) = (text(headers, header::IF_NONE_MATCH), text(headers, header::IF_MODIFIED_SINCE));
    let has = |file: &OutletFile, changed: Timestamp| match (tags, since) {
        (Some(tags), _) => tags.split(',').any(|tag| is_tag(tag, &tag_of(file))),
        // As it was told, letter by letter: whoever has another date gets the file once more.
        (None, Some(since)) => since.trim() == date(changed),
        (None, None) => false,
    };
    let by = text(headers, header::USER_AGENT).unwrap_or("a program without a name");
    let asked = OutletAsked { name, file, by, has: &has, only_head: method == Method::HEAD };
    match app.office.outlet_file(subscriber, &asked).await? {
        OutletReply::File(download) => Ok(whole(download)),
        OutletReply::Unchanged(download) => Ok((StatusCode::NOT_MODIFIED, validators(&download)).into_response()),
        OutletReply::Paused => Err(Problem::paused("somebody has paused this outlet").into()),
        OutletReply::Ended(at) => Err(Problem::gone(format!("the token of this outlet ended at {at}")).into()),
        OutletReply::NotYet => Err(Problem::not_yet("it is being made; come again in a moment").into()),
    }
}

fn tag_of(file: &OutletFile) -> String {
    format!("\"{}\"", file.hash.get(..32).unwrap_or(&file.hash))
}

/// Weak comparison (RFC 9110, section 8.8.3.2): what stands between may have packed the file.
fn is_tag(said: &str, tag: &str) -> bool {
    let said = said.trim();
    said == "*" || said.strip_prefix("W/").unwrap_or(said) == tag
}

fn validators(download: &OutletDownload) -> [(HeaderName, String); 2] {
    [(header::ETAG, tag_of(&download.about)), (header::LAST_MODIFIED, date(download.changed))]
}

fn whole(download: OutletDownload) -> Response {
    let headers = validators(&download);
    let about = download.about;
    let more = [
        (header::CONTENT_TYPE, about.media_type),
        (header::CONTENT_LENGTH, about.bytes.to_string()),
        // Our own word: letters, digits, dots and hyphens.
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", about.name)),
    ];
    let body = download.file.map_or_else(Body::empty, pieces);
    (headers, more, body).into_response()
}

/// A file, a piece at a time. One that breaks off in the middle breaks the connection, so that nobody takes a part for the whole.
fn pieces(file: std::fs::File) -> Body {
    let file = tokio::fs::File::from_std(file);
    Body::from_stream(futures::stream::unfold(Some(file), |file| async {
        let mut file = file?;
        let mut piece = Vec::with_capacity(limits::OUTLET_CHUNK_BYTES);
        match (&mut file).take(limits::OUTLET_CHUNK_BYTES as u64).read_to_end(&mut piece).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(Bytes::from(piece)), Some(file))),
            Err(error) => {
                tracing::error!(%error, "a file of an outlet cannot be read to its end");
                Some((Err(error), None))
            }
        }
    }))
}

/// A time as HTTP writes it (RFC 9110, section 5.6.7).
fn date(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Some(at) = at.to_civil() else { return String::new() };
    let name = |names: &[&'static str], number: i8| {
        usize::try_from(number).ok().and_then(|number| names.get(number).copied()).unwrap_or_default()
    };
    let day = name(&DAYS, at.weekday().to_monday_zero_offset());
    let month = name(&MONTHS, at.month() - 1);
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{day}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT", at.day(), at.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_http() {
        let check = |millis: i64, expected: &str| assert_eq!(date(Timestamp::from_millis(millis)), expected);
        check(784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT");
        check(0, "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn tags_are_compared_weakly() {
        let check = |said: &str, expected: bool| assert_eq!(is_tag(said, "\"a\""), expected, "{said}");
        check("\"a\"", true);
        check(" W/\"a\" ", true);
        check("*", true);
        check("a", false);
        check("\"b\"", false);
    }
}
