//! Scripts and styles, ours and those of others: in the binary, named by their content, so that browsers keep them for ever.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use crate::asked::Path;
use crate::problem::Problem;

struct Asset {
    stem: &'static str,
    ending: &'static str,
    media_type: &'static str,
    text: &'static str,
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

const ASSETS: [Asset; 8] = [
    Asset { stem: "app", ending: "css", media_type: CSS, text: include_str!("../assets/app.css") },
    Asset { stem: "app", ending: "js", media_type: JAVASCRIPT, text: include_str!("../assets/app.js") },
    Asset { stem: "passkey", ending: "js", media_type: JAVASCRIPT, text: include_str!("../assets/passkey.js") },
    Asset { stem: "bell", ending: "svg", media_type: "image/svg+xml", text: include_str!("../assets/bell.svg") },
    Asset { stem: "htmx", ending: "js", media_type: JAVASCRIPT, text: include_str!(env!("WATCHBELL_HTMX")) },
    Asset { stem: "uplot", ending: "js", media_type: JAVASCRIPT, text: include_str!(env!("WATCHBELL_UPLOT")) },
    Asset { stem: "uplot", ending: "css", media_type: CSS, text: include_str!(env!("WATCHBELL_UPLOT_STYLE")) },
    Asset { stem: "chart", ending: "js", media_type: JAVASCRIPT, text: include_str!("../assets/chart.js") },
];

static NAMES: LazyLock<[String; ASSETS.len()]> = LazyLock::new(|| {
    ASSETS.each_ref().map(|asset| {
        // It only has to change when the content does.
        let mut hasher = DefaultHasher::new();
        asset.text.hash(&mut hasher);
        format!("{}.{:016x}.{}", asset.stem, hasher.finish(), asset.ending)
    })
});

/// The same, compressed once.
static PACKED: LazyLock<[Bytes; ASSETS.len()]> = LazyLock::new(|| {
    ASSETS.each_ref().map(|asset| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        // Writing to memory does not fail.
        let _ = packer.write_all(asset.text.as_bytes());
        packer.finish().unwrap_or_default().into()
    })
});

/// Where pages find a file of ours; the empty text when there is none of that name.
pub(crate) fn name_of(stem: &str, ending: &str) -> &'static str {
    let at = ASSETS.iter().position(|asset| asset.stem == stem && asset.ending == ending);
    at.map_or("", |at| NAMES[at].as_str())
}

/// A script, a style or a picture of ours.
#[utoipa::path(get, path = "/assets/{name}", tag = "The watch itself", params(("name" = String, Path)),
    responses((status = 200, description = "The file", content(
        (String = "text/css"), (String = "text/javascript"), (String = "image/svg+xml")))))]
pub(crate) async fn asset(headers: HeaderMap, Path(name): Path<String>) -> Result<Response, Problem> {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|accepts| accepts.to_str().ok()).unwrap_or_default();
    let takes_gzip = accepts.split(',').any(|coding| coding.trim().split(';').next() == Some("gzip"));
    match NAMES.iter().position(|known| *known == name) {
        Some(at) => {
            let headers = [
                (header::CONTENT_TYPE, ASSETS[at].media_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            let text = match takes_gzip {
                true => ([(header::CONTENT_ENCODING, "gzip")], PACKED[at].clone()).into_response(),
                false => ASSETS[at].text.into_response(),
            };
            Ok((headers, [(header::VARY, "accept-encoding")], text).into_response())
        }
        None => Err(Problem::not_found("no file of ours has this name")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_few() {
        let size = |stem: &str| {
            let at = ASSETS.iter().position(|asset| asset.stem == stem && asset.ending == "js").unwrap();
            PACKED[at].len()
        };
        let ordinary = size("htmx") + size("app");
        let most = ordinary + size("uplot") + size("chart");
        assert!(ordinary < 20 * 1024 && most < 60 * 1024, "{ordinary}, {most}");
    }
}
