//! One vulnerability on one item: why it is so, what it would do, by when, what people decided.

use std::collections::BTreeSet;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::access::Operation;
use engine::office::{Names, VulnerabilityDetail};
use model::software::Status;
use model::vulnerability::{Acceptance, Checked, VulnerabilityId, Word};
use model::{Day, OpContext, limits};
use serde::Serialize;
use utoipa::ToSchema;

use super::{HERE, VulnerabilityListed};
use crate::app::App;
use crate::asked::Path;
use crate::problem::Problem;
use crate::register::item_id;
use crate::risk::{Tab, tabs};
use crate::shape::moment;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// A risk that is or was carried.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptanceShown {
    number: u64,
    /// It speaks of all items.
    is_for_all_items: bool,
    justification: String,
    /// The last day on which it holds.
    #[schema(format = Date)]
    until: String,
    holds: bool,
    /// Who decided, as the ledger names them.
    by: String,
    #[schema(format = DateTime)]
    at: String,
    /// When it was taken back; nothing when it was not.
    #[schema(format = DateTime)]
    lifted_at: Option<String>,
    lifted_by: Option<String>,
}

/// What somebody said.
#[derive(Serialize, ToSchema)]
pub(crate) struct WordShown {
    /// Nothing where earlier words were taken back.
    #[schema(value_type = Option<super::VexStatusName>)]
    status: Option<&'static str>,
    why: String,
    by: String,
    #[schema(format = DateTime)]
    at: String,
}

/// How the item was looked at.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckShown {
    by: String,
    #[schema(format = DateTime)]
    when: String,
    /// Pieces of software that were looked at.
    looked_at: u64,
    /// The day of the oldest source that was relied on; nothing where nobody knows.
    #[schema(format = Date)]
    sources_of: Option<String>,
    not_looked_at: Vec<String>,
}

/// Everything about a vulnerability on an item.
#[derive(Serialize, ToSchema)]
pub(crate) struct VulnerabilityDocument {
    #[serde(flatten)]
    row: VulnerabilityListed,
    cvss_vector: Option<String>,
    #[schema(format = Date)]
    exploited_since: Option<String>,
    acceptances: Vec<AcceptanceShown>,
    words: Vec<WordShown>,
    checks: Vec<CheckShown>,
}

impl VulnerabilityDocument {
    fn of(detail: &VulnerabilityDetail, today: Option<Day>) -> Self {
        let one = &detail.view.instance;
        VulnerabilityDocument {
            row: VulnerabilityListed::of(&detail.view),
            cvss_vector: one.cvss_vector.clone(),
            exploited_since: one.exploited_since.map(|day| day.to_string()),
            acceptances: detail.acceptances.iter().map(|own| acceptance(own, today)).collect(),
            words: detail.words.iter().map(said).collect(),
            checks: detail.checks.iter().map(checked).collect(),
        }
    }
}

fn acceptance(own: &Acceptance, today: Option<Day>) -> AcceptanceShown {
    AcceptanceShown {
        number: own.number,
        is_for_all_items: own.item.is_none(),
        justification: own.justification.clone(),
        until: own.until.to_string(),
        holds: today.is_some_and(|today| own.holds(today)),
        by: own.by.clone(),
        at: own.at.to_string(),
        lifted_at: own.lifted.as_ref().map(|(at, _)| at.to_string()),
        lifted_by: own.lifted.as_ref().map(|(_, by)| by.clone()),
    }
}

fn said(own: &Word) -> WordShown {
    WordShown { status: own.status.map(Status::vex), why: own.why.clone(), by: own.by.clone(), at: own.at.to_string() }
}

fn checked(own: &Checked) -> CheckShown {
    CheckShown {
        by: own.by.clone(),
        when: own.when.to_string(),
        looked_at: own.looked_at,
        sources_of: own.sources_of.map(|day| day.to_string()),
        not_looked_at: own.not_looked_at.clone(),
    }
}

/// A line of the history.
struct HistoryRow {
    at: String,
    by: String,
    what: String,
    why: String,
    /// The number of an acceptance that can be lifted.
    lift: Option<u64>,
}

#[derive(Template)]
#[template(path = "risk_vulnerability.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    shown: VulnerabilityDocument,
    /// Where its forms go.
    path: String,
    history: Vec<HistoryRow>,
    statuses: Vec<(&'static str, &'static str)>,
    until_least: String,
    until_most: String,
    may_decide: bool,
    may_write: bool,
}

impl Page {
    /// Headings, and the reasons below them.
    fn reasons(&self) -> [(&'static str, &[String]); 5] {
        let row = &self.shown.row;
        [
            ("That it is there", &row.reasons),
            ("By whom", &row.found_by),
            ("The day", &row.due_reasons),
            ("The likelihood", &row.likelihood_reasons),
            ("The harm", &row.harm_reasons),
        ]
    }
}

async fn everything(app: &App, ctx: &OpContext, id: &str, item: &str) -> Result<VulnerabilityDetail, Problem> {
    let id = VulnerabilityId::parse(id).map_err(|error| Problem::not_found(error.to_string()))?;
    let item = item_id(item)?;
    let harms = app.office.harms(ctx).await?;
    Ok(app.office.vulnerability(ctx, (&id, &item), &harms).await?)
}

/// One vulnerability on one item.
#[utoipa::path(get, path = "/risk/vulnerabilities/{id}/{item}", tag = "Risk",
    params(("id" = String, Path, pattern = "^[A-Za-z0-9][A-Za-z0-9.:_-]{0,99}$"),
        ("item" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?(\\.json)?$")),
    security(("session" = []), ("token" = [])),
    responses(
        (status = 200, description = "The vulnerability on the item", content(
            (String = "text/html"), (VulnerabilityDocument = "application/json")))))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    visit: Result<Visit, Problem>,
    Path((id, item)): Path<(String, String)>,
) -> Result<Response, Problem> {
    if let Some(item) = item.strip_suffix(".json") {
        let detail = everything(&app, &caller.ctx, &id, item).await?;
        return Ok(Json(VulnerabilityDocument::of(&detail, Day::of(caller.ctx.now))).into_response());
    }
    let visit = visit?;
    let ctx = &visit.visitor.ctx;
    let detail = everything(&app, ctx, &id, &item).await?;
    let today = Day::of(ctx.now);
    let deciders = detail
        .acceptances
        .iter()
        .flat_map(|own| [Some(own.by.as_str()), own.lifted.as_ref().map(|(_, by)| by.as_str())].into_iter().flatten());
    let actors: BTreeSet<&str> = deciders.chain(detail.words.iter().map(|word| word.by.as_str())).collect();
    let names = app.office.names(ctx, &actors.into_iter().collect::<Vec<_>>()).await?;
    let shown = VulnerabilityDocument::of(&detail, today);
    let shell = Shell::inside(&app, &visit, format!("{} on {}", shown.row.id, shown.row.item_title), "/risk").await?;
    let day = |days: i32| today.and_then(|today| today.plus_days(days)).map(|day| day.to_string()).unwrap_or_default();
    Ok(Html(Page {
        shell,
        tabs: tabs(HERE),
        path: format!("{HERE}/{}/{}", shown.row.id, shown.row.item),
        history: history(&detail, &names, today),
        statuses: Status::ALL.iter().map(|status| (status.vex(), status.text())).collect(),
        until_least: day(0),
        until_most: day(limits::ACCEPTANCE_DAYS_MAX),
        may_decide: app.office.offers(ctx, Operation::RiskDecide),
        may_write: app.office.offers(ctx, Operation::RiskWrite),
        shown,
    })
    .into_response())
}

/// What people decided and said, the latest first.
fn history(detail: &VulnerabilityDetail, names: &Names, today: Option<Day>) -> Vec<HistoryRow> {
    let mut rows = Vec::new();
    for own in &detail.acceptances {
        let scope = if own.item.is_none() { " on all items" } else { "" };
        rows.push((
            own.at,
            HistoryRow {
                at: moment(own.at),
                by: names.show(&own.by).to_owned(),
                what: format!("accepted{scope} until {} (number {})", own.until, own.number),
                why: own.justification.clone(),
                lift: Some(own.number).filter(|_| today.is_some_and(|today| own.holds(today))),
            },
        ));
        if let Some((at, by)) = &own.lifted {
            let what = format!("lifted number {}", own.number);
            let by = names.show(by).to_owned();
            rows.push((*at, HistoryRow { at: moment(*at), by, what, why: String::new(), lift: None }));
        }
    }
    for own in &detail.words {
        let what =
            own.status.map_or_else(|| "took earlier words back".to_owned(), |status| format!("said {}", status.text()));
        let by = names.show(&own.by).to_owned();
        rows.push((own.at, HistoryRow { at: moment(own.at), by, what, why: own.why.clone(), lift: None }));
    }
    rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    rows.into_iter().map(|(_, row)| row).collect()
}
