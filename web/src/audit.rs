//! The ledger: search, and a button that verifies it.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{LedgerAsked, LedgerLine, LedgerVerdict, Outcome};
use model::OpContext;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::asked::Query;
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, moment, query};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Lines of a page.
const PAGE_LINES: usize = 100;
/// Lines of a file.
const FILE_LINES: usize = 1_000;

/// The largest number that JSON carries everywhere.
const NUMBER_MAX: u64 = (1 << 53) - 1;
/// Letters of a text that is searched for.
const TEXT_CHARS_MAX: usize = 256;

/// What an address asks for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Who did it, as the ledger names them.
    #[param(max_length = 256)]
    actor: String,
    /// What was done.
    #[param(max_length = 256)]
    operation: String,
    /// What it was done to.
    #[param(max_length = 256)]
    object: String,
    /// Entries before this number only.
    #[param(maximum = 9_007_199_254_740_991_i64)]
    before: Option<u64>,
}

impl Asked {
    fn read(&self, rows_max: usize) -> Result<LedgerAsked, Problem> {
        let text = |text: &str| match text.chars().count() {
            ..=TEXT_CHARS_MAX => Ok(text.trim().to_owned()),
            _ => Err(Problem::bad(format!("a text to search for has at most {TEXT_CHARS_MAX} letters"))),
        };
        if self.before.is_some_and(|before| before > NUMBER_MAX) {
            return Err(Problem::bad(format!("no entry has a number above {NUMBER_MAX}")));
        }
        Ok(LedgerAsked {
            actor: text(&self.actor)?,
            operation: text(&self.operation)?,
            object: text(&self.object)?,
            before_number: self.before.unwrap_or(u64::MAX),
            rows_max,
            ..LedgerAsked::default()
        })
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

/// Who did what.
#[utoipa::path(get, path = "/audit", tag = "Accountability", params(Asked), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    page(&app, &visit, asked, None).await
}

/// Verifies the whole ledger and shows the page with the verdict.
#[utoipa::path(post, path = "/audit/verify", tag = "Accountability", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn verify(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let verdict = app.office.verify_ledger(&visit.visitor.ctx).await?;
    page(&app, &visit, Asked::default(), Some(verdict)).await
}

async fn page(app: &App, visit: &Visit, asked: Asked, verdict: Option<LedgerVerdict>) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let lines = app.office.audit(ctx, &asked.read(PAGE_LINES)?).await?;
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

/// An entry of the ledger.
#[derive(Serialize, ToSchema)]
struct EntryListed {
    number: u64,
    #[schema(format = DateTime)]
    time: String,
    /// Who: `person:…`, `token:…`, or a part of the program.
    actor: String,
    operation: String,
    object: String,
    #[schema(value_type = String)]
    outcome: Outcome,
    /// In words; none when there are none, or when they were erased.
    detail: Option<String>,
    /// The entry's hash, a leaf of the tree.
    hash: String,
}

/// Entries of the ledger, newest first.
#[derive(Serialize, ToSchema)]
struct EntryList {
    entries: Vec<EntryListed>,
}

async fn listed(app: &App, ctx: &OpContext, asked: &LedgerAsked) -> Result<Vec<EntryListed>, Problem> {
    let listed = |line: LedgerLine| EntryListed {
        number: line.entry.number,
        time: line.entry.at.to_string(),
        outcome: line.entry.outcome,
        hash: line.entry.hash().to_string(),
        detail: line.detail.map(|detail| detail.text),
        actor: line.entry.actor,
        operation: line.entry.operation,
        object: line.entry.object,
    };
    Ok(app.office.audit(ctx, asked).await?.into_iter().map(listed).collect())
}

/// Who did what, for programs and auditors.
#[utoipa::path(get, path = "/audit.json", tag = "Accountability", params(Asked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = EntryList)))]
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let entries = listed(&app, &caller.ctx, &asked.read(PAGE_LINES)?).await?;
    Ok(Json(EntryList { entries }).into_response())
}

/// Who did what, as a file.
#[utoipa::path(get, path = "/audit.csv", tag = "Accountability", params(Asked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let entries = listed(&app, &caller.ctx, &asked.read(FILE_LINES)?).await?;
    Ok(csv_answer("audit", &["number", "time", "actor", "operation", "object", "outcome", "detail", "hash"], &entries))
}
