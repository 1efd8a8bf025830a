//! One service in the seven steps, one below the other: what each says, what is missing, its forms, and its documents.

use std::collections::BTreeMap;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use engine::access::Operation;
use engine::office::rmf::{ActionStatus, Decision, Package, RmfView, Verified};
use model::OpContext;
use model::document::{DocumentKind, DocumentPlace};
use model::register::{Impact, ItemId};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Tab, tabs};
use super::control::RmfControl;
use super::{RmfService, step_title};
use crate::app::App;
use crate::asked::Path;
use crate::problem::Problem;
use crate::register::item_id;
use crate::shape::moment;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// The documents of a service, and what they are called.
const DOCUMENTS: &[(DocumentKind, &str)] = &[
    (DocumentKind::SecurityPlan, "Security plan"),
    (DocumentKind::AssessmentPlan, "Assessment plan"),
    (DocumentKind::AssessmentResults, "Assessment results"),
    (DocumentKind::ActionPlan, "Plan of action"),
    (DocumentKind::Authorization, "Decision, signed"),
];

/// What families of controls are about (SP 800-53, revision 5), by the first letters of their ids.
const FAMILIES: &[(&str, &str)] = &[
    ("ac", "Access"),
    ("at", "Training"),
    ("au", "Records of events"),
    ("ca", "Assessment and authorization"),
    ("cm", "Configuration"),
    ("cp", "Going on in an emergency"),
    ("ia", "Who somebody is"),
    ("ir", "Incidents"),
    ("ma", "Maintenance"),
    ("mp", "Media"),
    ("pe", "Buildings"),
    ("pl", "Planning"),
    ("pm", "The programme as a whole"),
    ("ps", "People"),
    ("pt", "Personal data"),
    ("ra", "Risk"),
    ("sa", "Buying and building"),
    ("sc", "Systems and connections"),
    ("si", "Integrity"),
    ("sr", "Suppliers"),
];

#[derive(Template)]
#[template(path = "risk_rmf_service.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    shown: RmfDocument,
    proposed: Vec<String>,
    catalogs: Vec<String>,
    profiles: Vec<String>,
    may_write: bool,
    may_authorize: bool,
}

/// Controls of one family, with how many of them stand how.
struct Family<'a> {
    id: &'a str,
    words: &'static str,
    controls: Vec<&'a RmfControl>,
    stated: usize,
    satisfied: usize,
    not_satisfied: usize,
}

impl<'a> Family<'a> {
    fn of((id, mut controls): (&'a str, Vec<&'a RmfControl>)) -> Self {
        controls.sort_by_key(|control| control.order());
        let count = |is: &dyn Fn(&RmfControl) -> bool| controls.iter().filter(|control| is(control)).count();
        Family {
            id,
            words: FAMILIES.iter().find(|(known, _)| *known == id).map_or("", |(_, words)| *words),
            stated: count(&|control| control.status.is_some()),
            satisfied: count(&|control| control.is_satisfied == Some(true)),
            not_satisfied: count(&|control| control.is_satisfied == Some(false)),
            controls,
        }
    }
}

/// An item that belongs to the service, or was said not to.
#[derive(Serialize, ToSchema)]
struct RmfItem {
    id: String,
    /// Why somebody said so; empty where the register's links lead to it.
    why: String,
}

/// A control that was taken out.
#[derive(Serialize, ToSchema)]
struct RmfRemoved {
    id: String,
    title: String,
    why: String,
}

/// Something that is to be done.
#[derive(Serialize, ToSchema)]
struct RmfAction {
    id: String,
    control: String,
    words: String,
    #[schema(format = Date)]
    due: String,
    /// `open`, `remediating`, `closed`.
    status: &'static str,
    /// It is not closed, and its day has passed.
    is_late: bool,
}

/// A document that was made.
#[derive(Serialize, ToSchema)]
struct RmfKept {
    /// `security-plan`, `assessment-plan`, `assessment-results`, `action-plan`, `authorization`.
    kind: &'static str,
    title: &'static str,
    /// Nothing while it was not made.
    version: Option<u64>,
    #[schema(format = DateTime)]
    at: Option<String>,
}

/// The decision that counts.
#[derive(Serialize, ToSchema)]
struct RmfDecision {
    /// `authorize`, `authorize-with-conditions`, `deny`.
    decision: &'static str,
    #[schema(format = DateTime)]
    expires: String,
    conditions: Vec<String>,
    risk: String,
    #[schema(format = DateTime)]
    at: String,
    /// The key of this installation signed it.
    is_signed: bool,
    /// Documents that are no longer what was signed.
    changed: Vec<String>,
    /// A later decision that counts for nothing: what was said changed while it was made.
    unnamed: Option<u64>,
}

/// A service in the seven steps.
#[derive(Serialize, ToSchema)]
struct RmfDocument {
    #[serde(flatten)]
    about: RmfService,
    /// Why this baseline follows.
    because: Vec<String>,
    /// What belongs to it.
    boundary: Vec<RmfItem>,
    /// What was said not to.
    outside: Vec<RmfItem>,
    /// The controls that count.
    listed: Vec<RmfControl>,
    /// Controls that were taken out.
    removed: Vec<RmfRemoved>,
    actions: Vec<RmfAction>,
    decision: Option<RmfDecision>,
    documents: Vec<RmfKept>,
}

impl RmfDecision {
    fn of(verified: Verified) -> Self {
        let record = verified.signed.record;
        RmfDecision {
            decision: record.accepted.decision.name(),
            expires: record.accepted.expires.to_string(),
            conditions: record.accepted.conditions,
            risk: record.accepted.risk,
            at: record.at.to_string(),
            is_signed: verified.is_signed,
            changed: verified.changed,
            unnamed: verified.unnamed,
        }
    }
}

fn bound(view: &RmfView) -> (Vec<RmfItem>, Vec<RmfItem>) {
    let said = &view.package.boundary;
    let within = view
        .boundary
        .iter()
        .map(|id| RmfItem { id: id.to_string(), why: said.added.get(id).cloned().unwrap_or_default() });
    let outside = said.removed.iter().map(|(id, why)| RmfItem { id: id.to_string(), why: why.clone() });
    (within.collect(), outside.collect())
}

fn actions(package: &Package, now: model::Timestamp) -> Vec<RmfAction> {
    let one = |(id, action): (&String, &engine::office::rmf::Action)| RmfAction {
        id: id.clone(),
        control: action.control.clone(),
        words: action.words.clone(),
        due: moment(action.due).chars().take(10).collect(),
        status: action.status.name(),
        is_late: action.status != ActionStatus::Closed && action.due <= now,
    };
    package.actions.iter().map(one).collect()
}

fn removed(package: &Package) -> Vec<RmfRemoved> {
    let titles = package.selection.as_ref().map(|selection| &selection.titles);
    let one = |(id, why): (&String, &String)| RmfRemoved {
        id: id.clone(),
        title: titles.and_then(|titles| titles.get(id)).cloned().unwrap_or_default(),
        why: why.clone(),
    };
    package.tailoring.removed.iter().map(one).collect()
}

async fn kept(app: &App, ctx: &OpContext, id: &ItemId) -> Result<Vec<RmfKept>, Problem> {
    let mut all = Vec::new();
    for &(kind, title) in DOCUMENTS {
        let place = place(kind, id)?;
        let versions = app.office.document_versions(ctx, &place, 1).await?;
        let newest = versions.first();
        let at = newest.map(|version| version.at.to_string());
        all.push(RmfKept { kind: kind.name(), title, version: newest.map(|version| version.number), at });
    }
    Ok(all)
}

fn place(kind: DocumentKind, id: &ItemId) -> Result<DocumentPlace, Problem> {
    DocumentPlace::new(kind, id.as_str()).map_err(|error| Problem::not_found(error.to_string()))
}

async fn document(app: &App, ctx: &OpContext, id: &ItemId) -> Result<RmfDocument, Problem> {
    let view = app.office.rmf_package(ctx, id).await?;
    let decision = match &view.package.authorization {
        Some(_) => Some(RmfDecision::of(app.office.rmf_verify(ctx, id).await?)),
        None => None,
    };
    let (boundary, outside) = bound(&view);
    Ok(RmfDocument {
        about: RmfService::of(&view),
        because: view.because.clone(),
        boundary,
        outside,
        listed: view.package.controls().into_iter().map(|control| RmfControl::of(&view.package, control)).collect(),
        removed: removed(&view.package),
        actions: actions(&view.package, ctx.now),
        decision,
        documents: kept(app, ctx, id).await?,
    })
}

async fn names(app: &App, ctx: &OpContext, kind: DocumentKind) -> Result<Vec<String>, Problem> {
    let versions = app.office.documents(ctx, kind).await?;
    Ok(versions.iter().map(|version| version.place.name().to_owned()).collect())
}

/// A service in the seven steps: the page, or with `.json` behind its name the document.
#[utoipa::path(get, path = "/risk/rmf/{id}", tag = "Risk", security(("session" = []), ("token" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?(\\.json)?$")),
    responses((status = 200, description = "The service", content(
        (String = "text/html"), (RmfDocument = "application/json")))))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    visit: Result<Visit, Problem>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    if let Some(id) = name.strip_suffix(".json") {
        return Ok(Json(document(&app, &caller.ctx, &item_id(id)?).await?).into_response());
    }
    let visit = visit?;
    let ctx = &visit.visitor.ctx;
    let id = item_id(&name)?;
    let shown = document(&app, ctx, &id).await?;
    let proposed = app.office.rmf_propose(ctx, &id).await?.because.iter().map(ToString::to_string).collect();
    let shell = Shell::inside(&app, &visit, format!("{}: framework", shown.about.title), "/risk").await?;
    Ok(Html(Page {
        shell,
        tabs: tabs("/risk/rmf"),
        shown,
        proposed,
        catalogs: names(&app, ctx, DocumentKind::Catalog).await?,
        profiles: names(&app, ctx, DocumentKind::Profile).await?,
        may_write: app.office.offers(ctx, Operation::RiskWrite),
        may_authorize: app.office.offers(ctx, Operation::RiskAuthorize),
    })
    .into_response())
}

/// A document of a service as it was made last: in OSCAL, and the decision in our own form.
#[utoipa::path(get, path = "/risk/rmf/{id}/{document}", tag = "Risk", security(("session" = []), ("token" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$"),
        ("document" = String, Path,
            pattern = "^(security-plan|assessment-plan|assessment-results|action-plan|authorization)\\.json$")),
    responses((status = 200, body = String, content_type = "application/json")))]
pub(crate) async fn fetch(
    State(app): State<App>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = item_id(&id)?;
    let kind = name.strip_suffix(".json").and_then(|name| DOCUMENTS.iter().find(|(kind, _)| kind.name() == name));
    let Some((kind, _)) = kind else {
        return Err(Problem::not_found(format!("there is no document {name:?} of a service")));
    };
    let found = app.office.document(&caller.ctx, &place(*kind, &id)?, None).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("the {kind} of {id} was not made yet")))?;
    let disposition = format!("attachment; filename=\"{id}-{kind}.json\"");
    let headers = [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, found.body).into_response())
}

impl Page {
    /// The title of a step, by its name.
    fn title(&self, step: &str) -> &'static str {
        let all = engine::office::rmf::Step::ALL;
        all.iter().find(|one| one.name() == step).map_or("", |one| step_title(*one))
    }

    /// The baselines that were brought and are no less than what follows.
    fn levels(&self) -> Vec<&'static str> {
        let follows = self.shown.about.baseline;
        let levels =
            Impact::ALL.iter().map(|level| level.name()).skip_while(|name| follows.is_some_and(|it| it != *name));
        levels.filter(|name| self.profiles.iter().any(|profile| profile == name)).collect()
    }

    fn has_privacy_profile(&self) -> bool {
        self.profiles.iter().any(|profile| profile == "privacy")
    }

    fn impacts(&self) -> Vec<&'static str> {
        Impact::ALL.iter().map(|level| level.name()).collect()
    }

    fn statuses(&self) -> Vec<&'static str> {
        ActionStatus::ALL.iter().map(|status| status.name()).collect()
    }

    /// The documents that a step leaves behind, as far as they were made.
    fn made(&self, step: &str) -> Vec<&RmfKept> {
        let kinds: &[DocumentKind] = match step {
            "implement" => &[DocumentKind::SecurityPlan],
            "assess" => &[DocumentKind::AssessmentPlan, DocumentKind::AssessmentResults, DocumentKind::ActionPlan],
            "authorize" => &[DocumentKind::Authorization],
            _ => &[],
        };
        let is_of_it = |kept: &&RmfKept| kinds.iter().any(|kind| kind.name() == kept.kind) && kept.version.is_some();
        self.shown.documents.iter().filter(is_of_it).collect()
    }

    /// The day of a time.
    fn day<'t>(&self, time: &'t str) -> &'t str {
        time.get(..10).unwrap_or(time)
    }

    fn is_same(&self, one: &str, other: &str) -> bool {
        one == other
    }

    fn decisions(&self) -> Vec<(&'static str, &'static str)> {
        let words = |decision: &Decision| match decision {
            Decision::Authorize => "it may run",
            Decision::AuthorizeWithConditions => "it may run under conditions",
            Decision::Deny => "it may not run",
        };
        Decision::ALL.iter().map(|decision| (decision.name(), words(decision))).collect()
    }

    /// The controls by family.
    fn families(&self) -> Vec<Family<'_>> {
        let mut all: BTreeMap<&str, Vec<&RmfControl>> = BTreeMap::new();
        for control in &self.shown.listed {
            all.entry(control.family()).or_default().push(control);
        }
        all.into_iter().map(Family::of).collect()
    }

    fn is_made(&self) -> bool {
        self.shown.documents.iter().any(|document| document.version.is_some())
    }
}
