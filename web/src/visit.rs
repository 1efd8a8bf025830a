//! Who asks, whether they may ask like this, and what browsers are told about every answer.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::entrance::{Secret, Visitor};
use model::OpContext;

use crate::app::{App, Settings};
use crate::problem::Problem;

/// Nothing but our own files; no frames; forms go to us only.
const POLICY: &str = "default-src 'none'; object-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// With `no-referrer`, browsers would say `Origin: null` of our own forms.
const REFERRER: &str = "same-origin";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, REFERRER),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "publickey-credentials-create=(self), publickey-credentials-get=(self), camera=(), geolocation=(), microphone=()",
    ),
];

/// Somebody who is in.
pub(crate) struct Visit {
    pub(crate) visitor: Visitor,
    pub(crate) session: Secret,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let session = session_of(&parts.headers, &app.settings).ok_or_else(Problem::not_in)?;
        let visitor = app.entrance.visitor(&session).await?.ok_or_else(Problem::not_in)?;
        Ok(Visit { visitor, session })
    }
}

/// Whoever asks for data: somebody who is in, or a program with a token.
pub(crate) struct Caller {
    pub(crate) ctx: OpContext,
}

/// What stands in front of a token's secret.
pub(crate) const TOKEN_PREFIX: &str = "wbt_";

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Some(authorization) = parts.headers.get(header::AUTHORIZATION) else {
            let visit = Visit::from_request_parts(parts, app).await?;
            return Ok(Caller { ctx: visit.visitor.ctx });
        };
        let text = authorization.to_str().unwrap_or_default();
        let secret =
            text.strip_prefix("Bearer ").and_then(|token| read_secret(token.trim().strip_prefix(TOKEN_PREFIX)?));
        let found = match secret {
            Some(secret) => app.entrance.program(&secret).await?,
            None => None,
        };
        Ok(Caller { ctx: found.ok_or_else(Problem::not_in)? })
    }
}

/// Names of our cookies. The prefix binds a cookie to this host alone; browsers take it over an encrypted way only.
fn cookie_name(settings: &Settings, name: &str) -> String {
    if settings.is_secure() { format!("__Host-{name}") } else { name.to_owned() }
}

const SESSION: &str = "watchbell";
const STAFF: &str = "watchbell-staff";

fn secret_in(headers: &HeaderMap, settings: &Settings, name: &str) -> Option<Secret> {
    let name = cookie_name(settings, name);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name)?;
    read_secret(value)
}

/// The session that a browser says it has.
pub(crate) fn session_of(headers: &HeaderMap, settings: &Settings) -> Option<Secret> {
    secret_in(headers, settings, SESSION)
}

/// What a browser brings back from the identity provider.
pub(crate) fn staff_browser(headers: &HeaderMap, settings: &Settings) -> Option<Secret> {
    secret_in(headers, settings, STAFF)
}

/// A secret as cookies and links write it.
pub(crate) fn read_secret(text: &str) -> Option<Secret> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// The same the other way round.
pub(crate) fn write_secret(secret: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(secret)
}

/// A token as its program says it.
pub(crate) fn write_token(secret: &Secret) -> String {
    format!("{TOKEN_PREFIX}{}", write_secret(secret))
}

fn cookie_with(settings: &Settings, name: &str, secret: Option<&Secret>, more: &str) -> HeaderValue {
    let name = cookie_name(settings, name);
    let secure = if settings.is_secure() { "; Secure" } else { "" };
    let text = match secret {
        Some(secret) => format!("{name}={}; Path=/; HttpOnly{more}{secure}", write_secret(secret)),
        None => format!("{name}=; Path=/; HttpOnly{more}; Max-Age=0{secure}"),
    };
    // Letters, digits and signs of our own.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The cookie of a session; without one, the cookie that takes it away.
pub(crate) fn cookie(settings: &Settings, session: Option<&Secret>) -> HeaderValue {
    cookie_with(settings, SESSION, session, "; SameSite=Strict")
}

/// The cookie that says which browser went to the identity provider. It comes back from elsewhere, so it is not strict.
pub(crate) fn staff_cookie(settings: &Settings, browser: Option<&Secret>) -> HeaderValue {
    cookie_with(settings, STAFF, browser, "; SameSite=Lax")
}

/// How whoever asks reads answers.
#[derive(Clone, Debug)]
struct Reader {
    /// Whether they would rather read a page.
    reads_pages: bool,
    /// Whether a script of ours asks, for a part of a page.
    is_part: bool,
    /// The page that they are on, or go to.
    page: String,
}

impl Reader {
    fn of(request: &Request, settings: &Settings) -> Self {
        let text = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let is_get = request.method() == Method::GET;
        let is_part = text(HeaderName::from_static("hx-request")) == Some("true");
        let own = request.uri().path_and_query().map_or("/", |path| path.as_str());
        // Of a form, the page that it stands on; browsers name it to us alone.
        let from = text(header::REFERER).and_then(|page| page.strip_prefix(&settings.origin()));
        let page = if is_get && !is_part { own } else { from.unwrap_or("/") };
        let reads_pages = text(header::ACCEPT).is_some_and(|accept| accept.contains("text/html"));
        Reader { reads_pages: reads_pages || is_part, is_part, page: page.to_owned() }
    }

    /// Problems as pages for whoever reads pages.
    fn serve(&self, mut response: Response) -> Response {
        if !self.reads_pages {
            return response;
        }
        let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
        let page = problem.into_page(&self.page);
        match page.headers().get(header::LOCATION) {
            // A part of a page cannot hold the page that somebody is sent to: the script goes there itself.
            Some(there) if self.is_part => {
                let headers = [(HeaderName::from_static("hx-redirect"), there.clone())];
                (StatusCode::OK, headers).into_response()
            }
            _ => page,
        }
    }
}

/// Refuses what another page has sent, and makes pages of problems.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let reader = Reader::of(&request, &app.settings);
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // Browsers that say so tell of themselves when a page elsewhere makes them ask.
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    let is_elsewhere = matches!(site, Some("cross-site" | "same-site"));
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let is_ours = origin.is_some_and(|origin| origin == app.settings.origin());
    let response = if is_safe || (is_ours && !is_elsewhere) {
        next.run(request).await
    } else {
        Problem::foreign().into_response()
    };
    reader.serve(response)
}

/// Tells browsers how to treat every answer, whoever gives it.
pub(crate) async fn tell(State(settings): State<Arc<Settings>>, request: Request, next: Next) -> Response {
    let is_asset = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if settings.is_secure() {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
    if !is_asset {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Settings {
        Settings { public_url: url.parse().unwrap() }
    }

    #[test]
    fn cookies_are_for_this_host_alone() {
        let secret = [7; 32];
        let check = |url: &str, parts: &[&str], absent: &[&str]| {
            let cookie = cookie(&settings(url), Some(&secret));
            let text = cookie.to_str().unwrap();
            parts.iter().for_each(|part| assert!(text.contains(part), "{text}"));
            absent.iter().for_each(|part| assert!(!text.contains(part), "{text}"));
        };
        let always = ["; HttpOnly", "; SameSite=Strict", "; Path=/"];
        check("https://watch.example.org", &always, &["Domain"]);
        check("https://watch.example.org", &["__Host-watchbell=", "; Secure"], &[]);
        check("http://localhost:8787", &always, &["Domain", "Secure", "__Host-"]);
        assert!(staff_cookie(&settings("https://w.example"), None).to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn secrets_are_found_among_other_cookies() {
        let settings = settings("https://watch.example.org");
        let secret = write_secret(&[7; 32]);
        let check = |cookie: &str, is_found: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            assert_eq!(session_of(&headers, &settings), is_found.then_some([7; 32]), "{cookie}");
        };
        check(&format!("a=b; __Host-watchbell={secret}"), true);
        check(&format!("watchbell={secret}"), false);
        check(&format!("__Host-watchbell={secret}x"), false);
        check("__Host-watchbell", false);
    }
}
