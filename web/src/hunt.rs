//! Hunting: a question in SQL, its answer, and an address for it that can be sent to a colleague.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{HuntAnswer, OfficeError, SavedHunt};
use model::{OpContext, Purpose};
use serde::Deserialize;
use serde_json::Value;

use crate::app::App;
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, query};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Rows of a page.
const PAGE_ROWS: usize = 200;
/// Rows of a file.
const FILE_ROWS: usize = 10_000;
/// Letters of a cell on a page.
const CELL_CHARS_MAX: usize = 400;

/// What an address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    sql: String,
    purpose: String,
}

impl Asked {
    fn context(&self, ctx: &OpContext) -> Result<OpContext, Problem> {
        let purpose = self.purpose.trim();
        let short = || Problem::bad(format!("a purpose has at least {} letters", Purpose::CHARS_MIN));
        let purpose = match purpose {
            "" => None,
            text => Some(Purpose::new(text).ok_or_else(short)?),
        };
        Ok(OpContext { purpose, ..ctx.clone() })
    }

    fn address(&self, path: &str) -> String {
        let pairs = [("sql", self.sql.as_str()), ("purpose", &self.purpose)];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("{path}?{}", query(&pairs))
    }
}

#[derive(Template)]
#[template(path = "hunt.html")]
struct Page {
    shell: Shell,
    asked: Asked,
    answer: Option<HuntAnswer>,
    refused: Option<String>,
    saved: Vec<Saved>,
    columns: Vec<String>,
    may_save: bool,
    here: String,
    as_json: String,
    as_csv: String,
}

struct Saved {
    hunt: SavedHunt,
    href: String,
}

impl Page {
    fn cell(&self, cell: &Value) -> String {
        let text = shown(cell);
        if text.chars().count() <= CELL_CHARS_MAX {
            return text;
        }
        format!("{}…", text.chars().take(CELL_CHARS_MAX).collect::<String>())
    }

    fn took(&self, answer: &HuntAnswer) -> String {
        format!(
            "{} rows in {:.2} s; {} events and {:.1} MB were read",
            answer.rows.len(),
            answer.elapsed.as_secs_f64(),
            answer.events_read,
            answer.bytes_read as f64 / 1e6
        )
    }
}

fn shown(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    page(&app, &visit, asked).await.map_err(|problem| problem.for_page(true))
}

async fn page(app: &App, visit: &Visit, asked: Asked) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let saved =
        app.office.saved_hunts(ctx).await?.into_iter().map(|hunt| Saved {
            href: Asked { sql: hunt.query.clone(), purpose: String::new() }.address("/hunt"),
            hunt,
        });
    let columns = app.office.hunt_columns(ctx).await?;
    let (mut answer, mut refused) = (None, None);
    if !asked.sql.trim().is_empty() {
        match app.office.hunt(&asked.context(ctx)?, &asked.sql, PAGE_ROWS).await {
            Ok(found) => answer = Some(found),
            // What is wrong with a question belongs beside it.
            Err(OfficeError::Refused(why)) => refused = Some(why),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Html(Page {
        shell: Shell::inside(app, visit, "Hunt", "/hunt").await?,
        here: asked.address("/hunt"),
        as_json: asked.address("/hunt.json"),
        as_csv: asked.address("/hunt.csv"),
        may_save: app.office.offers(ctx, Operation::HuntSave),
        saved: saved.collect(),
        columns,
        answer,
        refused,
        asked,
    })
    .into_response())
}

async fn answer(app: &App, ctx: &OpContext, asked: &Asked) -> Result<HuntAnswer, Problem> {
    Ok(app.office.hunt(&asked.context(ctx)?, &asked.sql, FILE_ROWS).await?)
}

/// One JSON object a line.
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let found = answer(&app, &caller.ctx, &asked).await?;
    let mut text = String::new();
    for row in &found.rows {
        let cells = found.columns.iter().cloned().zip(row.iter().cloned());
        text.push_str(&Value::Object(cells.collect()).to_string());
        text.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], text).into_response())
}

pub(crate) async fn csv(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let found = answer(&app, &caller.ctx, &asked).await?;
    let header: Vec<&str> = found.columns.iter().map(String::as_str).collect();
    Ok(csv_answer("hunt", &header, found.rows.iter().map(|row| row.iter().map(shown).collect())))
}

/// A hunt to be saved, or removed.
#[derive(Deserialize)]
pub(crate) struct Named {
    name: String,
    #[serde(default)]
    sql: String,
}

pub(crate) async fn save(State(app): State<App>, visit: Visit, Form(named): Form<Named>) -> Result<Response, Problem> {
    let done = app.office.save_hunt(&visit.visitor.ctx, named.name.trim(), &named.sql).await;
    done.map_err(|error| Problem::from(error).for_page(true))?;
    Ok(Redirect::to(&Asked { sql: named.sql, purpose: String::new() }.address("/hunt")).into_response())
}

pub(crate) async fn remove(
    State(app): State<App>,
    visit: Visit,
    Form(named): Form<Named>,
) -> Result<Response, Problem> {
    let done = app.office.remove_hunt(&visit.visitor.ctx, &named.name).await;
    done.map_err(|error| Problem::from(error).for_page(true))?;
    Ok(Redirect::to("/hunt").into_response())
}
