//! The console: pages for people, and their twins for programs, over [`engine::office`]. It has no rules of its own.
//!
//! Every page works without scripts, but for coming in, which needs the browser's passkeys. Scripts and styles are files of ours, in
//! the binary; the content security policy allows nothing else. Pages with a list have twins: `.json` and `.csv` behind the same
//! address. Errors are pages for people and problem documents (RFC 9457) for programs.
//!
//! Who asks: a session in a cookie (`SameSite=Strict`); a request that changes something must come from our own pages
//! (`Origin`), whatever the cookie says.

mod account;
mod agencies;
mod api;
mod app;
mod asked;
mod assets;
mod audit;
mod detection;
mod dpia;
mod entry;
mod health;
mod hunt;
mod inbox;
mod intel;
mod keys;
mod multipart;
mod outlets;
mod people;
mod probes;
mod problem;
mod processing;
mod register;
mod risk;
mod shape;
mod sharing;
mod shell;
mod staff;
mod suppressions;
mod taxii;
mod tokens;
mod visit;

use std::sync::Arc;

use axum::{Extension, Router, middleware};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use app::{App, Settings};
pub use risk::report::report as risk_report;

/// Bytes of a form or an answer of a passkey: what people type is less.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// The console's routes, and the document about them.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(api::beginning())
        .routes(routes!(api::document))
        .routes(routes!(entry::front))
        .routes(routes!(assets::asset))
        .routes(routes!(entry::setup))
        .routes(routes!(entry::setup_start))
        .routes(routes!(entry::setup_finish))
        .routes(routes!(entry::sign_in))
        .routes(routes!(entry::sign_in_start))
        .routes(routes!(entry::sign_in_finish))
        .routes(routes!(staff::sign_in))
        .routes(routes!(staff::setup))
        .routes(routes!(staff::prove))
        .routes(routes!(staff::back))
        .routes(routes!(entry::sign_out))
        .routes(routes!(entry::prove))
        .routes(routes!(entry::prove_start))
        .routes(routes!(entry::prove_finish))
        .routes(routes!(inbox::html))
        .routes(routes!(inbox::json))
        .routes(routes!(inbox::csv))
        .routes(routes!(inbox::events))
        .routes(routes!(detection::decide))
        .routes(routes!(detection::show))
        .routes(routes!(detection::suppress))
        .routes(routes!(suppressions::html))
        .routes(routes!(suppressions::json))
        .routes(routes!(suppressions::csv))
        .routes(routes!(suppressions::lift))
        .routes(routes!(hunt::html, hunt::ask))
        .routes(routes!(hunt::json, hunt::ask_json))
        .routes(routes!(hunt::csv, hunt::ask_csv))
        .routes(routes!(hunt::save))
        .routes(routes!(hunt::remove))
        .routes(routes!(probes::html))
        .routes(routes!(probes::json))
        .routes(routes!(probes::csv))
        .routes(routes!(probes::add))
        .routes(routes!(probes::run))
        .routes(routes!(probes::pause))
        .routes(routes!(probes::resume))
        .routes(routes!(probes::accept))
        .routes(routes!(probes::remove))
        .routes(routes!(health::html))
        .routes(routes!(health::json))
        .routes(routes!(health::csv))
        .routes(routes!(health::rates))
        .routes(routes!(intel::indicator::html))
        .routes(routes!(intel::indicator::json))
        .routes(routes!(intel::indicator::sight))
        .routes(routes!(intel::sources::html))
        .routes(routes!(intel::sources::json))
        .routes(routes!(intel::sources::csv))
        .routes(routes!(intel::sources::add))
        .routes(routes!(intel::sources::pause))
        .routes(routes!(intel::sources::resume))
        .routes(routes!(intel::brief::html))
        .routes(routes!(intel::brief::json))
        .routes(routes!(intel::brief::markdown))
        .routes(routes!(intel::brief::evidence))
        .routes(routes!(intel::brief::actors))
        .routes(routes!(intel::brief::actors_json))
        .routes(routes!(intel::outlets::html))
        .routes(routes!(intel::outlets::json))
        .routes(routes!(intel::outlets::csv))
        .routes(routes!(intel::outlets::add))
        .routes(routes!(intel::outlets::pause))
        .routes(routes!(intel::outlets::resume))
        .routes(routes!(intel::outlets::remove))
        .routes(routes!(sharing::html))
        .routes(routes!(sharing::json))
        .routes(routes!(sharing::csv))
        .routes(routes!(intel::reports::html, intel::reports::add))
        .routes(routes!(intel::reports::json))
        .routes(routes!(intel::reports::csv))
        .routes(routes!(intel::reports::show))
        .routes(routes!(intel::reports::decide))
        .routes(routes!(intel::reports::attachment))
        .routes(routes!(audit::html))
        .routes(routes!(audit::json))
        .routes(routes!(audit::csv))
        .routes(routes!(audit::verify))
        .routes(routes!(people::html))
        .routes(routes!(people::json))
        .routes(routes!(people::csv))
        .routes(routes!(people::admit))
        .routes(routes!(people::link))
        .routes(routes!(people::roles))
        .routes(routes!(people::disable))
        .routes(routes!(tokens::html))
        .routes(routes!(tokens::json))
        .routes(routes!(tokens::csv))
        .routes(routes!(tokens::add))
        .routes(routes!(tokens::revoke))
        .routes(routes!(keys::html))
        .routes(routes!(keys::json))
        .routes(routes!(keys::csv))
        .routes(routes!(keys::rotate))
        .routes(routes!(agencies::html))
        .routes(routes!(agencies::json))
        .routes(routes!(agencies::csv))
        .routes(routes!(processing::html))
        .routes(routes!(processing::json))
        .routes(routes!(processing::csv))
        .routes(routes!(register::html))
        .routes(routes!(register::json))
        .routes(routes!(register::csv))
        .routes(routes!(register::add))
        .routes(routes!(register::item::show, register::change::change))
        .routes(routes!(register::categorize::categorize))
        .routes(routes!(register::change::retire))
        .routes(routes!(register::change::link))
        .routes(routes!(register::change::unlink))
        .routes(routes!(register::seen::html, register::seen::take))
        .routes(routes!(register::seen::json))
        .routes(routes!(register::map::html))
        .routes(routes!(register::map::json))
        .routes(routes!(risk::openings::html))
        .routes(routes!(risk::openings::json))
        .routes(routes!(risk::openings::csv))
        .routes(routes!(risk::service::show))
        .routes(routes!(risk::policy::html, risk::policy::say))
        .routes(routes!(risk::policy::json))
        .routes(routes!(risk::report::download))
        .routes(routes!(risk::mobile::html))
        .routes(routes!(risk::mobile::json))
        .routes(routes!(risk::mobile::csv))
        .routes(routes!(risk::mobile::app::show))
        .routes(routes!(risk::mobile::say::about))
        .routes(routes!(risk::mobile::say::finding))
        .routes(routes!(risk::mobile::say::permission))
        .routes(routes!(risk::mobile::say::flow))
        .routes(routes!(risk::mobile::say::flow_drop))
        .routes(routes!(risk::suppliers::html))
        .routes(routes!(risk::suppliers::json))
        .routes(routes!(risk::suppliers::csv))
        .routes(routes!(risk::vulnerabilities::html))
        .routes(routes!(risk::vulnerabilities::json))
        .routes(routes!(risk::vulnerabilities::csv))
        .routes(routes!(risk::vulnerabilities::detail::show))
        .routes(routes!(risk::vulnerabilities::change::accept))
        .routes(routes!(risk::vulnerabilities::change::lift))
        .routes(routes!(risk::vulnerabilities::change::say))
        .routes(routes!(risk::rmf::html))
        .routes(routes!(risk::rmf::json))
        .routes(routes!(risk::rmf::csv))
        .routes(routes!(risk::rmf::package::show))
        .routes(routes!(risk::rmf::package::fetch))
        .routes(routes!(risk::rmf::control::show))
        .routes(routes!(risk::rmf::say::bound))
        .routes(routes!(risk::rmf::say::categorize))
        .routes(routes!(risk::rmf::say::select))
        .routes(routes!(risk::rmf::say::tailor))
        .routes(routes!(risk::rmf::say::state))
        .routes(routes!(risk::rmf::say::inherit))
        .routes(routes!(risk::rmf::say::assess))
        .routes(routes!(risk::rmf::say::plan))
        .routes(routes!(risk::rmf::decide::check))
        .routes(routes!(risk::rmf::decide::documents))
        .routes(routes!(risk::rmf::decide::authorize))
        .routes(routes!(risk::rmf::decide::monitor))
        .routes(routes!(risk::csf::html, risk::csf::tier))
        .routes(routes!(risk::csf::json))
        .routes(routes!(risk::csf::csv))
        .routes(routes!(risk::csf::answer::show, risk::csf::answer::answer))
        .routes(routes!(dpia::html))
        .routes(routes!(dpia::json))
        .routes(routes!(dpia::csv))
        .routes(routes!(account::show))
        .routes(routes!(account::leave_elsewhere))
        .routes(routes!(account::passkey_remove))
        .routes(routes!(account::passkey_start))
        .routes(routes!(account::passkey_finish))
}

/// The routes of an installation with what browsers are told about every answer.
pub fn told(router: Router, settings: Arc<Settings>) -> Router {
    router.layer(middleware::from_fn_with_state(settings, visit::tell))
}

/// The console. `others` describes what is served beside it, for the document that says what can be asked here.
pub fn router(app: App, others: OpenApi) -> Router {
    let (router, mut document) = routes().split_for_parts();
    let (taxii, of_taxii) = taxii::routes();
    let (outlets, of_outlets) = outlets::routes();
    document.merge(others);
    document.merge(of_outlets);
    api::complete(&mut document);
    document.merge(of_taxii);
    router
        .fallback(entry::nothing)
        .method_not_allowed_fallback(entry::not_like_this)
        .layer(Extension(api::Document::of(&document)))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), visit::guard))
        // Programs of others have no pages to come from, and no session that a page could abuse.
        .merge(taxii)
        .merge(outlets)
        .with_state(app)
}
