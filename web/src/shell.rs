//! What stands around every page.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::access::Operation;
use engine::office::OfficeError;

use crate::app::App;
use crate::assets;
use crate::visit::Visit;

/// A page as an answer.
pub(crate) struct Html<T>(pub(crate) T);

impl<T: Template> IntoResponse for Html<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(text) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page cannot be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// A way to another page.
pub(crate) struct Way {
    pub(crate) href: &'static str,
    pub(crate) label: &'static str,
    /// The letter behind `g` that leads there.
    pub(crate) key: char,
    pub(crate) is_here: bool,
}

/// Title, ways, and who is in.
pub(crate) struct Shell {
    pub(crate) title: String,
    pub(crate) ways: Vec<Way>,
    pub(crate) person: Option<String>,
}

/// Pages, and what one must be able to do to be shown the way.
const WAYS: [(&str, &str, char, Operation); 15] = [
    ("/inbox", "Inbox", 'i', Operation::FindingRead),
    ("/hunt", "Hunt", 'h', Operation::HuntRun),
    ("/register", "Register", 'r', Operation::RegisterRead),
    ("/risk", "Risk", 'c', Operation::RiskRead),
    ("/intel", "Indicators", 'n', Operation::IntelRead),
    ("/sharing", "Sharing", 'w', Operation::PeerRead),
    ("/probes", "Probes", 'b', Operation::ProbeRead),
    ("/health", "Data health", 'd', Operation::SourceRead),
    ("/suppressions", "Suppressions", 's', Operation::FindingRead),
    ("/audit", "Audit", 'a', Operation::LedgerRead),
    ("/people", "People", 'p', Operation::PersonRead),
    ("/tokens", "Tokens", 't', Operation::TokenRead),
    ("/keys", "Keys", 'k', Operation::KeyRead),
    ("/agencies", "Agencies", 'y', Operation::AgencyRead),
    ("/processing", "Processing", 'o', Operation::ProcessingRead),
];

impl Shell {
    /// For a page that is shown to anybody.
    pub(crate) fn outside(title: impl Into<String>) -> Self {
        Shell { title: title.into(), ways: Vec::new(), person: None }
    }

    /// For a page of somebody who is in.
    pub(crate) async fn inside(
        app: &App,
        visit: &Visit,
        title: impl Into<String>,
        here: &str,
    ) -> Result<Self, OfficeError> {
        let ctx = &visit.visitor.ctx;
        let may = WAYS.iter().filter(|(.., operation)| app.office.offers(ctx, *operation));
        let ways = may.map(|(href, label, key, _)| Way { href, label, key: *key, is_here: *href == here }).collect();
        let person = app.office.name(ctx, visit.visitor.person).await?;
        Ok(Shell { title: title.into(), ways, person: Some(person) })
    }

    /// The address of a script, a style or a picture.
    pub(crate) fn asset(&self, stem: &str, ending: &str) -> String {
        format!("/assets/{}", assets::name_of(stem, ending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names stand in templates, where the compiler does not check them.
    #[test]
    fn every_asset_of_a_template_is_there() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            for part in text.split("shell.asset(\"").skip(1) {
                let (stem, rest) = part.split_once("\", \"").unwrap();
                let ending = rest.split('"').next().unwrap();
                assert_ne!(assets::name_of(stem, ending), "", "{stem}.{ending}");
                found += 1;
            }
        }
        assert!(found > 5, "{found}");
    }
}
