//! Who asks, and what a path names.

use axum::extract::{FromRequestParts, Path};
use axum::http::header;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use engine::entrance::Secret;
use model::OpContext;
use serde::de::DeserializeOwned;

use super::answer::{Wrong, check_accept};
use crate::app::App;
use crate::visit::{TOKEN_PREFIX, read_secret};

/// A program with a token. Whoever has none is told so before anything else; then, that it would not understand the answer.
pub(crate) struct Peer {
    pub(super) ctx: OpContext,
    /// For what goes on for longer than a request: the token may end meanwhile.
    pub(super) secret: Secret,
}

impl FromRequestParts<App> for Peer {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Wrong> {
        let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let secret = authorization.and_then(secret_of).ok_or_else(Wrong::not_in)?;
        let ctx = app.entrance.program(&secret).await?.ok_or_else(Wrong::not_in)?;
        check_accept(&parts.headers)?;
        Ok(Peer { ctx, secret })
    }
}

/// The secret of a token that is said as a bearer, or as a password.
pub(crate) fn secret_of(authorization: &str) -> Option<Secret> {
    let (scheme, said) = authorization.trim().split_once(' ')?;
    let token = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => said.trim().to_owned(),
        "basic" => {
            let pair = String::from_utf8(STANDARD.decode(said.trim()).ok()?).ok()?;
            pair.split_once(':')?.1.to_owned()
        }
        _ => return None,
    };
    read_secret(token.strip_prefix(TOKEN_PREFIX)?)
}

/// What stands in the path.
pub(crate) struct Segments<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Segments<T> {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Wrong> {
        // Databases keep no text with a zero in it, so nothing has such a name.
        if parts.uri.path().contains("%00") {
            return Err(Wrong::not_found("nothing has a name with the letter zero"));
        }
        let path = Path::<T>::from_request_parts(parts, app).await;
        Ok(Segments(path.map_err(|error| Wrong::bad(error.body_text()))?.0))
    }
}

/// What stands behind the question mark, as it was sent.
pub(crate) struct Question(pub(super) String);

impl FromRequestParts<App> for Question {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Wrong> {
        Ok(Question(parts.uri.query().unwrap_or_default().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visit::write_token;

    #[test]
    fn tokens_are_said_in_two_ways() {
        let token = write_token(&[7; 32]);
        let check = |said: &str, is_one: bool| {
            assert_eq!(secret_of(said), is_one.then_some([7; 32]), "{said}");
        };
        check(&format!("Bearer {token}"), true);
        check(&format!("bearer  {token}"), true);
        check(&format!("Basic {}", STANDARD.encode(format!("anybody:{token}"))), true);
        check(&format!("Basic {}", STANDARD.encode(format!(":{token}"))), true);
        check(&format!("Basic {}", STANDARD.encode(&token)), false);
        check(&format!("Basic {}", STANDARD.encode(format!("{token}:anybody"))), false);
        check(&format!("Basic {token}"), false);
        check(&format!("Digest {token}"), false);
        check(&token, false);
        check("", false);
        check("Basic \u{e9}", false);
    }
}
