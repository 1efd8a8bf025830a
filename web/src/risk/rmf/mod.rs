//! The seven steps of the Risk Management Framework (SP 800-37, revision 2): every service at a glance, whose turn it is, and what is missing.
//! One service stands in [`package`], one control in [`control`], what people say of both by forms in [`say`] and [`decide`].

pub(crate) mod control;
pub(crate) mod decide;
mod form;
pub(crate) mod package;
pub(crate) mod say;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::rmf::{RmfView, Step, StepState, StepView};
use model::OpContext;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Tab, tabs};
use crate::app::App;
use crate::problem::Problem;
use crate::shape::csv_file;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Things that are missing of one service which the list shows; its own page shows all.
const MISSING_SHOWN: usize = 3;

#[derive(Template)]
#[template(path = "risk_rmf.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    services: Vec<RmfService>,
    titles: Vec<&'static str>,
}

/// A step of a service.
#[derive(Serialize, ToSchema)]
pub(crate) struct RmfStep {
    /// `prepare`, `categorize`, `select`, `implement`, `assess`, `authorize`, `monitor`.
    pub(crate) step: &'static str,
    /// `done`, `open`, `open again`.
    pub(crate) state: &'static str,
    /// What was said, in sentences.
    pub(crate) says: Vec<String>,
    /// What is missing, and why it is open again.
    pub(crate) missing: Vec<String>,
    /// When somebody worked on it last.
    #[schema(format = DateTime)]
    pub(crate) worked: Option<String>,
}

/// A service, and where each step stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct RmfService {
    /// Its item in the register.
    pub(crate) service: String,
    pub(crate) title: String,
    /// Who answers for it; empty while nobody is named.
    pub(crate) owner: String,
    /// Which version of what was said; 0 while nothing was.
    pub(crate) version: u64,
    /// The baseline that follows from its categorization; nothing while that is open.
    pub(crate) baseline: Option<&'static str>,
    /// The privacy overlay belongs to it.
    pub(crate) has_privacy: bool,
    /// Controls that count, of which somebody said how they are met, and how they were found to be.
    pub(crate) controls: usize,
    pub(crate) stated: usize,
    pub(crate) satisfied: usize,
    pub(crate) not_satisfied: usize,
    pub(crate) not_assessed: usize,
    /// The first step that is not done.
    pub(crate) next: Option<&'static str>,
    /// Whose turn it is, in words.
    pub(crate) turn: String,
    pub(crate) steps: Vec<RmfStep>,
}

/// Services, by name.
#[derive(Serialize, ToSchema)]
struct RmfServiceList {
    services: Vec<RmfService>,
}

/// A step as a title.
pub(crate) const fn step_title(step: Step) -> &'static str {
    match step {
        Step::Prepare => "Prepare",
        Step::Categorize => "Categorize",
        Step::Select => "Select",
        Step::Implement => "Implement",
        Step::Assess => "Assess",
        Step::Authorize => "Authorize",
        Step::Monitor => "Monitor",
    }
}

/// Whose turn it is when that step is the first that is not done.
fn turn(next: Option<Step>, owner: &str) -> String {
    let owner = if owner.trim().is_empty() { "nobody yet: no owner is named" } else { owner };
    match next {
        Some(Step::Assess) => "somebody who looks whether controls are met".to_owned(),
        Some(Step::Authorize) => "somebody who may accept the risk".to_owned(),
        Some(_) => owner.to_owned(),
        None => "nobody: all steps are done".to_owned(),
    }
}

impl RmfStep {
    fn of(view: &StepView) -> Self {
        RmfStep {
            step: view.step.name(),
            state: view.state.name(),
            says: view.says.clone(),
            missing: view.missing.clone(),
            worked: view.worked.as_ref().map(|done| done.at.to_string()),
        }
    }

    /// The class of its state.
    pub(crate) fn class(&self) -> &'static str {
        match self.state {
            "done" => "rmf-done",
            "open" => "rmf-open",
            _ => "rmf-again",
        }
    }
}

impl RmfService {
    pub(crate) fn of(view: &RmfView) -> Self {
        let next = view.steps.iter().find(|step| step.state != StepState::Done).map(|step| step.step);
        RmfService {
            service: view.item.id.to_string(),
            title: view.item.title.clone(),
            owner: view.item.owner.clone(),
            version: view.version,
            baseline: view.baseline.level.map(|level| level.name()),
            has_privacy: view.baseline.has_privacy,
            controls: view.summary.controls,
            stated: view.summary.stated,
            satisfied: view.summary.satisfied,
            not_satisfied: view.summary.not_satisfied,
            not_assessed: view.summary.not_assessed,
            next: next.map(Step::name),
            turn: turn(next, &view.item.owner),
            steps: view.steps.iter().map(RmfStep::of).collect(),
        }
    }

    /// What is missing for the next step, the first of it.
    fn missing(&self) -> Vec<&String> {
        let next = self.steps.iter().find(|step| Some(step.step) == self.next);
        next.into_iter().flat_map(|step| &step.missing).take(MISSING_SHOWN).collect()
    }
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Vec<RmfService>, Problem> {
    Ok(app.office.rmf_services(ctx).await?.iter().map(RmfService::of).collect())
}

/// Where each service stands in the seven steps.
#[utoipa::path(get, path = "/risk/rmf", tag = "Risk", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let services = listed(&app, &visit.visitor.ctx).await?;
    let shell = Shell::inside(&app, &visit, "Risk Management Framework", "/risk").await?;
    let titles = Step::ALL.iter().map(|step| step_title(*step)).collect();
    Ok(Html(Page { shell, tabs: tabs("/risk/rmf"), services, titles }).into_response())
}

/// Where each service stands in the seven steps, for programs.
#[utoipa::path(get, path = "/risk/rmf.json", tag = "Risk", security(("session" = []), ("token" = [])),
    responses((status = 200, body = RmfServiceList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(RmfServiceList { services: listed(&app, &caller.ctx).await? }).into_response())
}

/// Where each service stands in the seven steps, as a file: a column for each step.
#[utoipa::path(get, path = "/risk/rmf.csv", tag = "Risk", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let services = listed(&app, &caller.ctx).await?;
    let before = ["service", "title", "owner", "baseline", "controls", "stated", "satisfied", "not_satisfied"];
    let steps = Step::ALL.iter().map(|step| step.name());
    let columns: Vec<&str> = before.into_iter().chain(steps).chain(["next", "turn", "missing"]).collect();
    let rows = services.iter().map(|one| {
        let numbers = [one.controls, one.stated, one.satisfied, one.not_satisfied].map(|number| number.to_string());
        let texts = [one.service.clone(), one.title.clone(), one.owner.clone()];
        let baseline = one.baseline.unwrap_or_default().to_owned();
        let states = one.steps.iter().map(|step| step.state.to_owned());
        let missing: Vec<&str> = one.steps.iter().flat_map(|step| &step.missing).map(String::as_str).collect();
        let last = [one.next.unwrap_or_default().to_owned(), one.turn.clone(), missing.join("; ")];
        texts.into_iter().chain([baseline]).chain(numbers).chain(states).chain(last).collect::<Vec<String>>()
    });
    Ok(csv_file("framework", &columns, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_turn_it_is() {
        let check = |next, owner, expected: &str| assert!(turn(next, owner).contains(expected), "{next:?} {owner}");
        check(Some(Step::Select), "Office of water", "Office of water");
        check(Some(Step::Prepare), " ", "no owner is named");
        check(Some(Step::Authorize), "Office of water", "accept the risk");
        check(None, "Office of water", "all steps are done");
    }
}
