//! One control of a service: how it is met, from whom it is taken over, what was found, and the forms for that.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::access::Operation;
use engine::office::rmf::{Assessed, Implementation, Method, Package, Source};
use model::OpContext;
use model::register::ItemId;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Tab, tabs};
use crate::app::App;
use crate::asked::Path;
use crate::problem::Problem;
use crate::register::item_id;
use crate::shape::moment;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "risk_rmf_control.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    shown: RmfControlDocument,
    /// Items that can meet it.
    items: Vec<String>,
    /// Services that meet it and may run.
    others: Vec<(String, String)>,
    may_write: bool,
}

/// What shows a finding.
#[derive(Serialize, ToSchema)]
struct RmfEvidence {
    what: String,
    place: String,
    /// SHA-256, in hexadecimal digits; may be empty.
    hash: String,
    #[schema(format = DateTime)]
    at: String,
}

/// What somebody found about a control.
#[derive(Serialize, ToSchema)]
struct RmfFinding {
    /// `examine`, `interview`, `test`, `automated`.
    method: &'static str,
    is_satisfied: bool,
    words: String,
    evidence: Vec<RmfEvidence>,
    /// By whom, as an id that is no name.
    by: String,
    #[schema(format = DateTime)]
    at: String,
}

/// A control of a service.
#[derive(Serialize, ToSchema)]
pub(crate) struct RmfControl {
    pub(crate) id: String,
    /// What the catalog calls it.
    pub(crate) title: String,
    /// Why it was put in; empty where the profiles have it.
    pub(crate) added: String,
    /// `implemented`, `partial`, `planned`, `alternative`, `not-applicable`; nothing while nobody has said.
    pub(crate) status: Option<&'static str>,
    /// How it is met.
    words: String,
    /// By which item of the service.
    item: Option<String>,
    /// From which service it is taken over.
    pub(crate) inherited_from: Option<String>,
    /// Whether it was found to be met; nothing while nobody looked.
    pub(crate) is_satisfied: Option<bool>,
    findings: Vec<RmfFinding>,
}

/// A control of a service, and of which.
#[derive(Serialize, ToSchema)]
struct RmfControlDocument {
    service: String,
    service_title: String,
    /// Which version of what was said about the service.
    version: u64,
    #[serde(flatten)]
    control: RmfControl,
    /// What is planned for it.
    actions: Vec<String>,
}

fn finding(assessed: &Assessed) -> RmfFinding {
    let evidence = assessed.evidence.iter().map(|one| RmfEvidence {
        what: one.what.clone(),
        place: one.place.clone(),
        hash: one.hash.clone(),
        at: one.at.to_string(),
    });
    RmfFinding {
        method: assessed.method.name(),
        is_satisfied: assessed.is_satisfied,
        words: assessed.words.clone(),
        evidence: evidence.collect(),
        by: assessed.done.by.clone(),
        at: moment(assessed.done.at),
    }
}

impl RmfControl {
    pub(crate) fn of(package: &Package, control: &str) -> Self {
        let how = package.statements.get(control);
        let titles = package.selection.as_ref().map(|selection| &selection.titles);
        let (item, inherited_from) = match how.map(|how| &how.by) {
            Some(Source::Item(item)) => (Some(item.to_string()), None),
            Some(Source::InheritedFrom(service)) => (None, Some(service.to_string())),
            None => (None, None),
        };
        RmfControl {
            id: control.to_owned(),
            title: titles.and_then(|titles| titles.get(control)).cloned().unwrap_or_default(),
            added: package.tailoring.added.get(control).cloned().unwrap_or_default(),
            status: how.map(|how| how.status.name()),
            words: how.map(|how| how.words.clone()).unwrap_or_default(),
            item,
            inherited_from,
            is_satisfied: package.is_satisfied(control),
            findings: package.assessed.get(control).into_iter().flatten().map(finding).collect(),
        }
    }

    /// The letters in front: what family it is of.
    pub(crate) fn family(&self) -> &str {
        self.id.split_once('-').map_or(self.id.as_str(), |(family, _)| family)
    }

    /// Its place among those of its family: `ac-2` comes before `ac-10`, and `ac-2.1` between them.
    pub(crate) fn order(&self) -> (u32, u32) {
        let number = self.id.split_once('-').map_or("", |(_, number)| number);
        let (first, second) = number.split_once('.').unwrap_or((number, "0"));
        (first.parse().unwrap_or(u32::MAX), second.parse().unwrap_or(u32::MAX))
    }

    /// What was found, in words.
    pub(crate) fn found(&self) -> &'static str {
        match self.is_satisfied {
            Some(true) => "met",
            Some(false) => "not met",
            None => "not looked at",
        }
    }

    /// The class of what was found.
    pub(crate) fn class(&self) -> &'static str {
        match self.is_satisfied {
            Some(true) => "rmf-done",
            Some(false) => "rmf-again",
            None => "rmf-open",
        }
    }
}

async fn document(
    app: &App,
    ctx: &OpContext,
    (id, control): (&ItemId, &str),
) -> Result<(RmfControlDocument, Vec<String>), Problem> {
    let view = app.office.rmf_package(ctx, id).await?;
    if !view.package.controls().contains(control) {
        return Err(Problem::not_found(format!("{control} is none of the controls of {id}")));
    }
    let actions = view.package.actions.iter().filter(|(_, action)| action.control == control);
    let actions = actions.map(|(name, action)| {
        let due: String = moment(action.due).chars().take(10).collect();
        format!("{name}: {}, until {due}, {}", action.words, action.status)
    });
    let shown = RmfControlDocument {
        service: id.to_string(),
        service_title: view.item.title.clone(),
        version: view.version,
        control: RmfControl::of(&view.package, control),
        actions: actions.collect(),
    };
    Ok((shown, view.boundary.iter().map(ToString::to_string).collect()))
}

/// Services that say how they meet a control themselves or by others: from them it may be taken over.
async fn others(app: &App, ctx: &OpContext, (id, control): (&ItemId, &str)) -> Result<Vec<(String, String)>, Problem> {
    let views = app.office.rmf_services(ctx).await?;
    let may_give = views.into_iter().filter(|view| view.item.id != *id && view.package.authorization.is_some());
    let giving = may_give.filter(|view| view.package.statements.contains_key(control));
    Ok(giving.map(|view| (view.item.id.to_string(), view.item.title)).collect())
}

/// A control of a service: the page, or with `.json` behind its name the document.
#[utoipa::path(get, path = "/risk/rmf/{id}/controls/{control}", tag = "Risk",
    security(("session" = []), ("token" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$"),
        ("control" = String, Path, pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")),
    responses((status = 200, description = "The control", content(
        (String = "text/html"), (RmfControlDocument = "application/json")))))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    visit: Result<Visit, Problem>,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = item_id(&id)?;
    if let Some(control) = name.strip_suffix(".json") {
        return Ok(Json(document(&app, &caller.ctx, (&id, control)).await?.0).into_response());
    }
    let visit = visit?;
    let ctx = &visit.visitor.ctx;
    let (shown, items) = document(&app, ctx, (&id, name.as_str())).await?;
    let others = others(&app, ctx, (&id, name.as_str())).await?;
    let shell = Shell::inside(&app, &visit, format!("{name} of {}", shown.service_title), "/risk").await?;
    let may_write = app.office.offers(ctx, Operation::RiskWrite);
    Ok(Html(Page { shell, tabs: tabs("/risk/rmf"), shown, items, others, may_write }).into_response())
}

impl Page {
    fn statuses(&self) -> Vec<&'static str> {
        Implementation::ALL.iter().map(|status| status.name()).collect()
    }

    /// How people find something out.
    fn methods(&self) -> Vec<&'static str> {
        Method::ALL.iter().filter(|method| **method != Method::Automated).map(|method| method.name()).collect()
    }

    /// Whether that item is the one that meets it now, or the service itself where nobody has said.
    fn is_by(&self, item: &str) -> bool {
        self.shown.control.item.as_deref().unwrap_or(&self.shown.service) == item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_have_an_order() {
        let package = Package::new(ItemId::parse("portal").unwrap());
        let of = |id: &str| RmfControl::of(&package, id);
        assert!(of("ac-2").order() < of("ac-2.1").order() && of("ac-2.13").order() < of("ac-10").order());
        assert_eq!((of("ac-2.1").family(), of("odd").family()), ("ac", "odd"));
        assert_eq!(of("ac-2").found(), "not looked at");
    }
}
