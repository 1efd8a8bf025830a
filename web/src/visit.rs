//! Who asks, whether they may ask like this, and what browsers are told about every answer.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::entrance::{Secret, Visitor};
use model::OpContext;

use crate::app::{App, Settings};
use crate::problem::Problem;

/// Nothing but our own files; no frames; forms go to us only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
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
        let wants_page = Problem::wants_page(&parts.headers);
        let outside = || Problem::not_in(&parts.uri, wants_page && parts.method == Method::GET);
        let session = session_of(&parts.headers, &app.settings).ok_or_else(outside)?;
        let found = app.entrance.visitor(&session).await;
        let found = found.map_err(|error| Problem::from(error).for_page(wants_page))?;
        Ok(Visit { visitor: found.ok_or_else(outside)?, session })
    }
}

/// Whoever asks for data: somebody who is in, or a program with a token.
pub(crate) struct Caller {
    pub(crate) ctx: OpContext,
}

/// What stands in front of a token's secret.
const TOKEN_PREFIX: &str = "wbt_";

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
        Ok(Caller { ctx: found.ok_or_else(|| Problem::not_in(&parts.uri, false))? })
    }
}

fn cookie_name(settings: &Settings) -> &'static str {
    // The prefix binds the cookie to this host alone; browsers take it over an encrypted way only.
    if settings.is_secure() { "__Host-watchbell" } else { "watchbell" }
}

fn session_of(headers: &HeaderMap, settings: &Settings) -> Option<Secret> {
    let name = cookie_name(settings);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name)?;
    read_secret(value)
}

/// A secret as cookies and links write it.
pub(crate) fn read_secret(text: &str) -> Option<Secret> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// The same the other way round.
pub(crate) fn write_secret(secret: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(secret)
}

/// The cookie of a session; without one, the cookie that takes it away.
pub(crate) fn cookie(settings: &Settings, session: Option<&Secret>) -> HeaderValue {
    let name = cookie_name(settings);
    let secure = if settings.is_secure() { "; Secure" } else { "" };
    let text = match session {
        Some(session) => format!("{name}={}; Path=/; HttpOnly; SameSite=Strict{secure}", write_secret(session)),
        None => format!("{name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{secure}"),
    };
    // Letters, digits and signs of our own.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Refuses what another page has sent, and tells browsers how to treat the answer.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let wants_page = Problem::wants_page(request.headers());
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let is_ours = origin.is_some_and(|origin| origin == app.settings.origin());
    let is_asset = request.uri().path().starts_with("/assets/");
    let mut response = if is_safe || is_ours {
        next.run(request).await
    } else {
        Problem::foreign().for_page(wants_page).into_answer()
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if app.settings.is_secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if !is_asset {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
