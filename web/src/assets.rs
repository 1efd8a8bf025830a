//! Scripts and styles: in the binary, named by their content, so that browsers keep them for ever.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

struct Asset {
    stem: &'static str,
    ending: &'static str,
    media_type: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 4] = [
    Asset {
        stem: "app",
        ending: "css",
        media_type: "text/css; charset=utf-8",
        text: include_str!("../assets/app.css"),
    },
    Asset {
        stem: "app",
        ending: "js",
        media_type: "text/javascript; charset=utf-8",
        text: include_str!("../assets/app.js"),
    },
    Asset {
        stem: "passkey",
        ending: "js",
        media_type: "text/javascript; charset=utf-8",
        text: include_str!("../assets/passkey.js"),
    },
    Asset { stem: "bell", ending: "svg", media_type: "image/svg+xml", text: include_str!("../assets/bell.svg") },
];

static NAMES: LazyLock<[String; 4]> = LazyLock::new(|| {
    ASSETS.each_ref().map(|asset| {
        // It only has to change when the content does.
        let mut hasher = DefaultHasher::new();
        asset.text.hash(&mut hasher);
        format!("{}.{:016x}.{}", asset.stem, hasher.finish(), asset.ending)
    })
});

/// Where pages find the style.
pub(crate) fn style() -> &'static str {
    &NAMES[0]
}

/// Where pages find the script of every page.
pub(crate) fn script() -> &'static str {
    &NAMES[1]
}

/// Where pages find the script of passkeys.
pub(crate) fn passkey_script() -> &'static str {
    &NAMES[2]
}

/// Where pages find the sign in the browser's tab.
pub(crate) fn icon() -> &'static str {
    &NAMES[3]
}

pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    match NAMES.iter().position(|known| *known == name) {
        Some(at) => {
            let headers = [
                (header::CONTENT_TYPE, ASSETS[at].media_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, ASSETS[at].text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
