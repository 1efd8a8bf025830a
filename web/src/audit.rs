//! The ledger: search, and a button that verifies it.

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use engine::office::{LedgerAsked, LedgerLine, LedgerVerdict};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, moment, query};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Lines of a page.
const PAGE_LINES: usize = 100;
/// Lines of a file.
const FILE_LINES: usize = 1_000;

/// What an address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    actor: String,
    operation: String,
    object: String,
    before: Option<u64>,
}

impl Asked {
    fn read(&self, rows_max: usize) -> LedgerAsked {
        LedgerAsked {
            actor: self.actor.trim().to_owned(),
            operation: self.operation.trim().to_owned(),
            object: self.object.trim().to_owned(),
            before_number: self.before.unwrap_or(u64::MAX),
            rows_max,
            ..LedgerAsked::default()
        }
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    shell: Shell,
    lines: Vec<Row>,
    asked: Asked,
    next: Option<String>,
    twin_json: String,
    twin_csv: String,
    verdict: Option<LedgerVerdict>,
}

struct Row {
    number: u64,
    at: String,
    actor: String,
    operation: String,
    object: String,
    outcome: &'static str,
    words: String,
}

pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    page(&app, &visit, asked, None).await.map_err(|problem| problem.for_page(true))
}

/// Verifies the whole ledger and shows the page with the verdict.
pub(crate) async fn verify(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let done = async {
        let verdict = app.office.verify_ledger(&visit.visitor.ctx).await?;
        page(&app, &visit, Asked::default(), Some(verdict)).await
    };
    done.await.map_err(|problem: Problem| problem.for_page(true))
}

async fn page(app: &App, visit: &Visit, asked: Asked, verdict: Option<LedgerVerdict>) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let lines = app.office.audit(ctx, &asked.read(PAGE_LINES)).await?;
    let actors: Vec<&str> = lines.iter().flat_map(|line| [line.entry.actor.as_str(), &line.entry.object]).collect();
    let names = app.office.names(ctx, &actors).await?;
    let address = |path: &str, before: &str| {
        let pairs = [
            ("actor", asked.actor.as_str()),
            ("operation", &asked.operation),
            ("object", &asked.object),
            ("before", before),
        ];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("{path}?{}", query(&pairs))
    };
    let is_full = lines.len() == PAGE_LINES;
    let next = lines.last().filter(|_| is_full).map(|line| address("/audit", &line.entry.number.to_string()));
    let row = |line: &LedgerLine| Row {
        number: line.entry.number,
        at: moment(line.entry.at),
        actor: names.show(&line.entry.actor).to_owned(),
        operation: line.entry.operation.clone(),
        object: names.show(&line.entry.object).to_owned(),
        outcome: line.entry.outcome.name(),
        words: words(line),
    };
    Ok(Html(Page {
        shell: Shell::inside(app, visit, "Audit", "/audit").await?,
        lines: lines.iter().map(row).collect(),
        next,
        twin_json: address("/audit.json", ""),
        twin_csv: address("/audit.csv", ""),
        asked,
        verdict,
    })
    .into_response())
}

fn words(line: &LedgerLine) -> String {
    match (&line.detail, line.entry.commitment) {
        (Some(detail), _) => detail.text.clone(),
        (None, Some(_)) => "(words erased)".to_owned(),
        (None, None) => String::new(),
    }
}

pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let lines = app.office.audit(&caller.ctx, &asked.read(PAGE_LINES)).await?;
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!({
                "number": line.entry.number, "time": line.entry.at.to_string(), "actor": line.entry.actor,
                "operation": line.entry.operation, "object": line.entry.object, "outcome": line.entry.outcome,
                "detail": line.detail.as_ref().map(|detail| &detail.text), "hash": line.entry.hash().to_string(),
            })
        })
        .collect();
    Ok(Json(json!({ "entries": lines })))
}

pub(crate) async fn csv(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let lines = app.office.audit(&caller.ctx, &asked.read(FILE_LINES)).await?;
    let rows = lines.iter().map(|line| {
        vec![
            line.entry.number.to_string(),
            line.entry.at.to_string(),
            line.entry.actor.clone(),
            line.entry.operation.clone(),
            line.entry.object.clone(),
            line.entry.outcome.name().to_owned(),
            words(line),
        ]
    });
    Ok(csv_answer("audit", &["number", "time", "actor", "operation", "object", "outcome", "detail"], rows))
}
