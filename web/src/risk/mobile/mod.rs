//! Apps for telephones: which may open, and what is missing to the others.

pub(crate) mod app;
pub(crate) mod say;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::mobile::MobileView;
use model::OpContext;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Tab, tabs};
use crate::app::App;
use crate::problem::Problem;
use crate::shape::csv as csv_answer;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Reasons of one app that the list shows; its own page shows all.
const REASONS_SHOWN: usize = 5;

#[derive(Template)]
#[template(path = "risk_mobile.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    apps: Vec<MobileApp>,
}

/// An app, and whether it may open.
#[derive(Serialize, ToSchema)]
pub(crate) struct MobileApp {
    /// Its item in the register.
    id: String,
    title: String,
    /// The version that runs; empty while nobody has said.
    version: String,
    platforms: Vec<&'static str>,
    /// Nothing is missing.
    is_passed: bool,
    /// `always`, or `strong` where it handles specially protected data or lives hang on it.
    needs: &'static str,
    controls_needed: usize,
    controls_met: usize,
    /// What is missing, in words.
    missing: Vec<String>,
}

impl MobileApp {
    fn of(view: &MobileView) -> Self {
        MobileApp {
            id: view.item.id.to_string(),
            title: view.item.title.clone(),
            version: view.assessment.version.clone(),
            platforms: view.assessment.platforms.iter().map(|platform| platform.name()).collect(),
            is_passed: view.gate.is_passed,
            needs: view.gate.needs.name(),
            controls_needed: view.gate.controls_needed,
            controls_met: view.gate.controls_met,
            missing: view.gate.missing.iter().map(ToString::to_string).collect(),
        }
    }

    /// The first of what is missing.
    fn first(&self) -> impl Iterator<Item = &String> {
        self.missing.iter().take(REASONS_SHOWN)
    }

    /// How much more is missing.
    fn more(&self) -> usize {
        self.missing.len().saturating_sub(REASONS_SHOWN)
    }
}

/// Apps, by name.
#[derive(Serialize, ToSchema)]
struct MobileAppList {
    apps: Vec<MobileApp>,
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Vec<MobileApp>, Problem> {
    Ok(app.office.mobile_list(ctx).await?.iter().map(MobileApp::of).collect())
}

/// Apps for telephones.
#[utoipa::path(get, path = "/risk/mobile", tag = "Risk", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let apps = listed(&app, &visit.visitor.ctx).await?;
    let shell = Shell::inside(&app, &visit, "Apps for telephones", "/risk").await?;
    Ok(Html(Page { shell, tabs: tabs("/risk/mobile"), apps }).into_response())
}

/// Apps for telephones, for programs.
#[utoipa::path(get, path = "/risk/mobile.json", tag = "Risk", security(("session" = []), ("token" = [])),
    responses((status = 200, body = MobileAppList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(MobileAppList { apps: listed(&app, &caller.ctx).await? }).into_response())
}

/// Apps for telephones, as a file.
#[utoipa::path(get, path = "/risk/mobile.csv", tag = "Risk", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let columns =
        ["id", "title", "version", "platforms", "is_passed", "needs", "controls_needed", "controls_met", "missing"];
    Ok(csv_answer("apps", &columns, &listed(&app, &caller.ctx).await?))
}
