//! One app: its controls by group, its permissions and its flows of data, with forms.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::access::Operation;
use engine::office::mobile::{Control, FlowEnd, MobileView, Profile, Verdict};
use model::OpContext;
use model::mobile::MobilePlatform;
use model::register::DataCategory;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Tab, tabs};
use super::MobileApp;
use crate::app::App;
use crate::asked::Path;
use crate::problem::Problem;
use crate::register::item_id;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Groups of controls, and what they are about.
const GROUPS: [(&str, &str); 8] = [
    ("STORAGE", "What it keeps"),
    ("CRYPTO", "Ciphers and keys"),
    ("AUTH", "Who somebody is"),
    ("NETWORK", "What goes over networks"),
    ("PLATFORM", "Other apps, web pages, the screen"),
    ("CODE", "What it is built of"),
    ("RESILIENCE", "Against those who change it"),
    ("PRIVACY", "What it knows of people"),
];

#[derive(Template)]
#[template(path = "risk_mobile_app.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    shown: MobileDocument,
    categories: String,
    platforms: Vec<&'static str>,
    verdicts: Vec<&'static str>,
    trackers: String,
    may_write: bool,
}

impl Page {
    /// The groups that have controls, with them.
    fn groups(&self) -> Vec<(&'static str, Vec<&MobileControlShown>)> {
        let of = |group: &str| self.shown.controls.iter().filter(|one| one.group == group).collect::<Vec<_>>();
        GROUPS.iter().map(|(group, words)| (*words, of(group))).filter(|(_, controls)| !controls.is_empty()).collect()
    }
}

/// A control, and what was found.
#[derive(Serialize, ToSchema)]
struct MobileControlShown {
    /// As the standard has it.
    id: String,
    group: String,
    /// What is asked, in our words.
    question: String,
    /// Whether this app needs it.
    is_needed: bool,
    /// `satisfied`, `not-satisfied` or `not-applicable`; nothing while nobody has said.
    verdict: Option<&'static str>,
    why: String,
    evidence: String,
    /// When it was looked at.
    #[schema(format = Date)]
    day: Option<String>,
    /// In which version.
    version: String,
    /// What manifests show against it.
    objections: Vec<String>,
}

/// A permission.
#[derive(Serialize, ToSchema)]
struct MobilePermissionShown {
    platform: &'static str,
    name: String,
    /// The manifest asks for it.
    is_asked: bool,
    /// Its platform guards it.
    is_dangerous: bool,
    /// What it can tell of people.
    touches: Vec<&'static str>,
    why: String,
    /// Which personal data it gets by it; nothing while nobody has said.
    data: Option<Vec<&'static str>>,
    is_optional: Option<bool>,
}

/// A flow of data.
#[derive(Serialize, ToSchema)]
struct MobileFlowShown {
    to: String,
    /// Whoever gets it stands in no register.
    is_outside: bool,
    data: Option<Vec<&'static str>>,
    is_encrypted: Option<bool>,
    purpose: String,
    is_third_party: Option<bool>,
}

/// A tracker, or a part of others that reports home.
#[derive(Serialize, ToSchema)]
struct MobileTrackerShown {
    name: String,
    purpose: String,
}

/// Everything about an app.
#[derive(Serialize, ToSchema)]
struct MobileDocument {
    #[serde(flatten)]
    app: MobileApp,
    /// Which version of what was said; 0 while nothing was.
    number: u64,
    controls: Vec<MobileControlShown>,
    permissions: Vec<MobilePermissionShown>,
    flows: Vec<MobileFlowShown>,
    /// Nothing while nobody has said.
    trackers: Option<Vec<MobileTrackerShown>>,
}

fn names(data: &[DataCategory]) -> Vec<&'static str> {
    data.iter().map(|category| category.name()).collect()
}

impl MobileDocument {
    fn of(view: &MobileView, profile: &Profile) -> Self {
        let said = &view.assessment;
        let permissions = said.permissions.iter().map(|one| MobilePermissionShown {
            platform: one.platform.name(),
            name: one.name.clone(),
            is_asked: one.is_asked,
            is_dangerous: one.is_dangerous,
            touches: names(&one.touches),
            why: one.why.clone(),
            data: one.data.as_deref().map(names),
            is_optional: one.is_optional,
        });
        let flows = said.flows.iter().map(|one| MobileFlowShown {
            to: match &one.to {
                FlowEnd::Item(id) => id.to_string(),
                FlowEnd::Outside(name) => name.clone(),
            },
            is_outside: matches!(one.to, FlowEnd::Outside(_)),
            data: one.data.as_deref().map(names),
            is_encrypted: one.is_encrypted,
            purpose: one.purpose.clone(),
            is_third_party: one.is_third_party,
        });
        let tracker = |one: &engine::office::mobile::Tracker| MobileTrackerShown {
            name: one.name.clone(),
            purpose: one.purpose.clone(),
        };
        MobileDocument {
            app: MobileApp::of(view),
            number: view.number,
            controls: profile.controls.iter().map(|one| control(view, one)).collect(),
            permissions: permissions.collect(),
            flows: flows.collect(),
            trackers: said.trackers.as_ref().map(|all| all.iter().map(tracker).collect()),
        }
    }
}

fn control(view: &MobileView, control: &Control) -> MobileControlShown {
    let found = view.assessment.findings.get(&control.id);
    let against = view.assessment.objections.iter().filter(|one| one.control == control.id);
    MobileControlShown {
        id: control.id.clone(),
        group: control.group().to_owned(),
        question: control.question.clone(),
        is_needed: control.needs <= view.gate.needs,
        verdict: found.map(|found| found.verdict.name()),
        why: found.map(|found| found.why.clone()).unwrap_or_default(),
        evidence: found.map(|found| found.evidence.clone()).unwrap_or_default(),
        day: found.map(|found| found.day.to_string()),
        version: found.map(|found| found.version.clone()).unwrap_or_default(),
        objections: against.map(|one| format!("{}: {}", one.platform, one.what)).collect(),
    }
}

/// What was said, as a form says it back: nothing, `none`, or the names.
fn data_text(data: &Option<Vec<&'static str>>) -> String {
    match data {
        None => String::new(),
        Some(data) if data.is_empty() => "none".to_owned(),
        Some(data) => data.join(" "),
    }
}

impl MobilePermissionShown {
    fn data_text(&self) -> String {
        data_text(&self.data)
    }
}

impl MobileFlowShown {
    fn data_text(&self) -> String {
        data_text(&self.data)
    }
}

/// An app: the page, or with `.json` behind its name the document.
#[utoipa::path(get, path = "/risk/mobile/{id}", tag = "Risk",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?(\\.json)?$")),
    security(("session" = []), ("token" = [])),
    responses(
        (status = 200, description = "The app", content(
            (String = "text/html"), (MobileDocument = "application/json")))))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    visit: Result<Visit, Problem>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    if let Some(id) = name.strip_suffix(".json") {
        return Ok(Json(document(&app, &caller.ctx, id).await?).into_response());
    }
    let visit = visit?;
    let ctx = &visit.visitor.ctx;
    let shown = document(&app, ctx, &name).await?;
    let trackers = match &shown.trackers {
        None => String::new(),
        Some(all) if all.is_empty() => "none".to_owned(),
        Some(all) => all.iter().map(|one| format!("{} = {}", one.name, one.purpose)).collect::<Vec<_>>().join("\n"),
    };
    let shell = Shell::inside(&app, &visit, shown.app.title.clone(), "/risk").await?;
    Ok(Html(Page {
        shell,
        tabs: tabs("/risk/mobile"),
        shown,
        categories: names(DataCategory::ALL).join(", "),
        platforms: MobilePlatform::ALL.iter().map(|platform| platform.name()).collect(),
        verdicts: Verdict::ALL.iter().map(|verdict| verdict.name()).collect(),
        trackers,
        may_write: app.office.offers(ctx, Operation::RiskWrite),
    })
    .into_response())
}

async fn document(app: &App, ctx: &OpContext, id: &str) -> Result<MobileDocument, Problem> {
    let view = app.office.mobile(ctx, &item_id(id)?).await?;
    Ok(MobileDocument::of(&view, &app.office.mobile_profile()?))
}
