//! The console: pages for people, and their twins for programs, over [`engine::office`]. It has no rules of its own.
//!
//! Every page works without scripts, but for coming in, which needs the browser's passkeys. Scripts and styles are files of ours, in
//! the binary; the content security policy allows nothing else. Pages with a list have twins: `.json` and `.csv` behind the same
//! address. Errors are pages for people and problem documents (RFC 9457) for programs.
//!
//! Who asks: a session in a cookie (`SameSite=Strict`); a request that changes something must come from our own pages
//! (`Origin`), whatever the cookie says.

mod account;
mod app;
mod assets;
mod audit;
mod detection;
mod entry;
mod health;
mod hunt;
mod inbox;
mod people;
mod problem;
mod register;
mod shape;
mod shell;
mod visit;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};

pub use app::{App, Settings};

/// Bytes of a form or an answer of a passkey: what people type is less.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Every route, and who may come: `true` where somebody must be in.
pub const ROUTES: &[(&str, &str, bool)] = &[
    ("GET", "/", false),
    ("GET", "/assets/{name}", false),
    ("GET", "/setup", false),
    ("POST", "/setup/start", false),
    ("POST", "/setup/finish", false),
    ("GET", "/sign-in", false),
    ("POST", "/sign-in/start", false),
    ("POST", "/sign-in/finish", false),
    ("POST", "/sign-out", true),
    ("GET", "/prove", true),
    ("POST", "/prove/start", true),
    ("POST", "/prove/finish", true),
    ("GET", "/inbox", true),
    ("GET", "/inbox.json", true),
    ("GET", "/inbox.csv", true),
    ("GET", "/inbox/events", true),
    ("POST", "/findings/decide", true),
    ("GET", "/findings/{id}", true),
    ("POST", "/findings/{id}/suppress", true),
    ("GET", "/suppressions", true),
    ("GET", "/suppressions.json", true),
    ("POST", "/suppressions/{id}/lift", true),
    ("GET", "/hunt", true),
    ("GET", "/hunt.json", true),
    ("GET", "/hunt.csv", true),
    ("POST", "/hunt/save", true),
    ("POST", "/hunt/remove", true),
    ("GET", "/health", true),
    ("GET", "/health.json", true),
    ("GET", "/audit", true),
    ("GET", "/audit.json", true),
    ("GET", "/audit.csv", true),
    ("POST", "/audit/verify", true),
    ("GET", "/people", true),
    ("GET", "/people.json", true),
    ("POST", "/people/admit", true),
    ("POST", "/people/{id}/link", true),
    ("POST", "/people/{id}/roles", true),
    ("POST", "/people/{id}/disable", true),
    ("GET", "/register", true),
    ("GET", "/register.json", true),
    ("GET", "/account", true),
    ("POST", "/account/passkey/remove", true),
    ("POST", "/account/passkey/start", true),
    ("POST", "/account/passkey/finish", true),
];

/// The console's routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(entry::front))
        .route("/assets/{name}", get(assets::asset))
        .route("/setup", get(entry::setup))
        .route("/setup/start", post(entry::setup_start))
        .route("/setup/finish", post(entry::setup_finish))
        .route("/sign-in", get(entry::sign_in))
        .route("/sign-in/start", post(entry::sign_in_start))
        .route("/sign-in/finish", post(entry::sign_in_finish))
        .route("/sign-out", post(entry::sign_out))
        .route("/prove", get(entry::prove))
        .route("/prove/start", post(entry::prove_start))
        .route("/prove/finish", post(entry::prove_finish))
        .route("/inbox", get(inbox::html))
        .route("/inbox.json", get(inbox::json))
        .route("/inbox.csv", get(inbox::csv))
        .route("/inbox/events", get(inbox::events))
        .route("/findings/decide", post(detection::decide))
        .route("/findings/{id}", get(detection::show))
        .route("/findings/{id}/suppress", post(detection::suppress))
        .route("/suppressions", get(detection::suppressions))
        .route("/suppressions.json", get(detection::suppressions_json))
        .route("/suppressions/{id}/lift", post(detection::lift))
        .route("/hunt", get(hunt::html))
        .route("/hunt.json", get(hunt::json))
        .route("/hunt.csv", get(hunt::csv))
        .route("/hunt/save", post(hunt::save))
        .route("/hunt/remove", post(hunt::remove))
        .route("/health", get(health::html))
        .route("/health.json", get(health::json))
        .route("/audit", get(audit::html))
        .route("/audit.json", get(audit::json))
        .route("/audit.csv", get(audit::csv))
        .route("/audit/verify", post(audit::verify))
        .route("/people", get(people::html))
        .route("/people.json", get(people::json))
        .route("/people/admit", post(people::admit))
        .route("/people/{id}/link", post(people::link))
        .route("/people/{id}/roles", post(people::roles))
        .route("/people/{id}/disable", post(people::disable))
        .route("/register", get(register::html))
        .route("/register.json", get(register::json))
        .route("/account", get(account::show))
        .route("/account/passkey/remove", post(account::passkey_remove))
        .route("/account/passkey/start", post(account::passkey_start))
        .route("/account/passkey/finish", post(account::passkey_finish))
        .fallback(entry::nothing)
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), visit::guard))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The list says who may come, and a test from outside tries every line of it. A route that is not in it would go untried.
    #[test]
    fn every_route_is_in_the_list() {
        let source = include_str!("lib.rs");
        let routes = source.lines().filter_map(|line| line.trim().strip_prefix(".route(\""));
        let built: BTreeSet<(String, &str)> = routes
            .filter_map(|route| {
                let (path, rest) = route.split_once("\", ")?;
                Some((rest.split('(').next()?.to_uppercase(), path))
            })
            .collect();
        let listed = ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), *path)).collect::<BTreeSet<_>>();
        assert!(built.len() > 30);
        assert_eq!(built, listed);
    }
}
