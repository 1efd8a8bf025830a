//! Hunting: a question in SQL, its answer, and an address for it that can be sent to a colleague.

use askama::Template;
use axum::extract::State;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{HuntAnswer, OfficeError, SavedHunt};
use model::words::counted;
use model::{OpContext, Purpose, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::asked::{Form, Query};
use crate::problem::Problem;
use crate::shape::{csv_file, query, shown};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Rows of a page.
const PAGE_ROWS: usize = 200;
/// Rows of a file.
const FILE_ROWS: usize = 10_000;
/// Letters of a cell on a page.
const CELL_CHARS_MAX: usize = 400;

/// Letters of a question that an address can hold.
const LINK_CHARS_MAX: usize = 4_096;

/// What an address asks for: never with a purpose, since addresses are kept in places that nobody thinks of.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Link {
    /// A question in SQL over `events` and `findings`.
    #[param(max_length = 4_096)]
    sql: String,
    /// What `now()` is in the question: the answer's address names it, so that it asks the same for ever.
    #[param(format = DateTime)]
    at: Option<String>,
}

impl Link {
    fn read(self) -> Result<Asked, Problem> {
        if self.sql.chars().count() > LINK_CHARS_MAX {
            return Err(Problem::bad(format!("an address holds at most {LINK_CHARS_MAX} letters of a question")));
        }
        Ok(Asked { sql: self.sql, purpose: String::new(), at: self.at })
    }
}

/// A question.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = Question)]
pub(crate) struct Asked {
    /// SQL over `events` and `findings`.
    #[schema(max_length = 65_536)]
    sql: String,
    /// Why personal data is needed: with it the hunt is in the ledger, without it accounts are pseudonyms.
    #[schema(max_length = 500)]
    purpose: String,
    /// What `now()` is in the question; the time of asking when it is not said.
    #[schema(nullable = false, format = DateTime)]
    at: Option<String>,
}

impl Asked {
    /// A question without anything else.
    fn of(sql: impl Into<String>) -> Self {
        Asked { sql: sql.into(), ..Asked::default() }
    }

    fn check(&self) -> Result<(), Problem> {
        let limit = model::limits::HUNT_SQL_BYTES_MAX;
        if self.sql.len() > limit {
            return Err(Problem::bad(format!("a question has at most {limit} bytes")));
        }
        Ok(())
    }

    fn as_of(&self, ctx: &OpContext) -> Result<Timestamp, Problem> {
        match self.at.as_deref() {
            None => Ok(ctx.now),
            Some(text) => Timestamp::parse(text).ok_or_else(|| Problem::bad("at is no time like 2026-01-31T12:00:00Z")),
        }
    }

    fn context(&self, ctx: &OpContext) -> Result<OpContext, Problem> {
        let purpose = self.purpose.trim();
        let short = || {
            Problem::bad(format!(
                "a purpose has at least {} letters, and at most {}",
                Purpose::CHARS_MIN,
                Purpose::CHARS_MAX
            ))
        };
        let purpose = match purpose {
            "" => None,
            text => Some(Purpose::new(text).ok_or_else(short)?),
        };
        Ok(OpContext { purpose, ..ctx.clone() })
    }

    /// The address that asks the same, without the purpose; nothing when it would be too long for one.
    fn address(&self, path: &str) -> String {
        if self.sql.chars().count() > LINK_CHARS_MAX {
            return String::new();
        }
        let pairs = [("sql", self.sql.as_str()), ("at", self.at.as_deref().unwrap_or_default())];
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
    /// What `now()` was.
    at: String,
    here: String,
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
            "{} in {:.2} s; {} and {:.1} MB were read",
            counted(answer.rows.len() as u64, "row"),
            answer.elapsed.as_secs_f64(),
            counted(answer.events_read, "event"),
            answer.bytes_read as f64 / 1e6
        )
    }
}

/// Hunts, or with a question its answer, accounts shown as pseudonyms.
#[utoipa::path(get, path = "/hunt", tag = "Hunts", params(Link), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit, Query(link): Query<Link>) -> Result<Response, Problem> {
    page(&app, &visit, link.read()?).await
}

/// A question's answer.
#[utoipa::path(post, path = "/hunt", tag = "Hunts", security(("session" = [])),
    request_body(content = Asked, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn ask(State(app): State<App>, visit: Visit, Form(asked): Form<Asked>) -> Result<Response, Problem> {
    page(&app, &visit, asked).await
}

async fn page(app: &App, visit: &Visit, asked: Asked) -> Result<Response, Problem> {
    asked.check()?;
    let ctx = &visit.visitor.ctx;
    let hunting = asked.context(ctx)?;
    let saved = app
        .office
        .saved_hunts(ctx)
        .await?
        .into_iter()
        .map(|hunt| Saved { href: Asked::of(&hunt.query).address("/hunt"), hunt });
    let columns = app.office.hunt_columns(ctx).await?;
    let (mut answer, mut refused) = (None, None);
    if !asked.sql.trim().is_empty() {
        match app.office.hunt(&hunting, &asked.sql, asked.as_of(ctx)?, PAGE_ROWS).await {
            Ok(found) => answer = Some(found),
            // What is wrong with a question belongs beside it.
            Err(OfficeError::Refused(why)) => refused = Some(why),
            Err(error) => return Err(error.into()),
        }
    }
    let at = asked.as_of(ctx)?.to_string();
    let here = Asked { at: Some(at.clone()), ..asked.clone() }.address("/hunt");
    // The browser's line shows the address that can be sent to a colleague.
    let shown = HeaderValue::try_from(&here).ok().filter(|_| !here.is_empty() && answer.is_some());
    let pushed = shown.map(|here| [(HeaderName::from_static("hx-push-url"), here)]);
    let page = Page {
        shell: Shell::inside(app, visit, "Hunt", "/hunt").await?,
        at,
        here,
        may_save: app.office.offers(ctx, Operation::HuntSave),
        saved: saved.collect(),
        columns,
        answer,
        refused,
        asked,
    };
    Ok((pushed.map(AppendHeaders), Html(page)).into_response())
}

async fn answer(app: &App, ctx: &OpContext, asked: &Asked) -> Result<HuntAnswer, Problem> {
    asked.check()?;
    Ok(app.office.hunt(&asked.context(ctx)?, &asked.sql, asked.as_of(ctx)?, FILE_ROWS).await?)
}

fn lines(found: &HuntAnswer) -> Response {
    let mut text = String::new();
    for row in &found.rows {
        let cells = found.columns.iter().cloned().zip(row.iter().cloned());
        text.push_str(&Value::Object(cells.collect()).to_string());
        text.push('\n');
    }
    ([(header::CONTENT_TYPE, "application/x-ndjson")], text).into_response()
}

fn file(found: &HuntAnswer) -> Response {
    let header: Vec<&str> = found.columns.iter().map(String::as_str).collect();
    csv_file("hunt", &header, found.rows.iter().map(|row| row.iter().map(shown).collect()))
}

/// A question's answer, one JSON object a line, accounts shown as pseudonyms.
#[utoipa::path(get, path = "/hunt.json", tag = "Hunts", params(Link), security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(link): Query<Link>,
) -> Result<Response, Problem> {
    Ok(lines(&answer(&app, &caller.ctx, &link.read()?).await?))
}

/// A question's answer, one JSON object a line.
#[utoipa::path(post, path = "/hunt.json", tag = "Hunts", security(("session" = [])),
    request_body(content = Asked, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub(crate) async fn ask_json(
    State(app): State<App>,
    visit: Visit,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    Ok(lines(&answer(&app, &visit.visitor.ctx, &asked).await?))
}

/// A question's answer as a file, accounts shown as pseudonyms.
#[utoipa::path(get, path = "/hunt.csv", tag = "Hunts", params(Link), security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller, Query(link): Query<Link>) -> Result<Response, Problem> {
    Ok(file(&answer(&app, &caller.ctx, &link.read()?).await?))
}

/// A question's answer as a file.
#[utoipa::path(post, path = "/hunt.csv", tag = "Hunts", security(("session" = [])),
    request_body(content = Asked, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn ask_csv(
    State(app): State<App>,
    visit: Visit,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    Ok(file(&answer(&app, &visit.visitor.ctx, &asked).await?))
}

/// A hunt to be saved.
#[derive(Deserialize, ToSchema)]
#[schema(as = SaveHunt)]
pub(crate) struct Save {
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    #[schema(min_length = 1, max_length = 65_536)]
    sql: String,
}

/// Saves a hunt under a name.
#[utoipa::path(post, path = "/hunt/save", tag = "Hunts", security(("session" = [])),
    request_body(content = Save, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Saved; on to its answer")))]
pub(crate) async fn save(State(app): State<App>, visit: Visit, Form(save): Form<Save>) -> Result<Response, Problem> {
    if save.sql.trim().is_empty() {
        return Err(Problem::bad("there is no question to save"));
    }
    app.office.save_hunt(&visit.visitor.ctx, save.name.trim(), &save.sql).await?;
    Ok(Redirect::to(&Asked::of(save.sql).address("/hunt")).into_response())
}

/// Which saved hunt.
#[derive(Deserialize, ToSchema)]
#[schema(as = SavedHuntName)]
pub(crate) struct Named {
    #[schema(min_length = 1, max_length = 128)]
    name: String,
}

/// Removes a saved hunt.
#[utoipa::path(post, path = "/hunt/remove", tag = "Hunts", security(("session" = [])),
    request_body(content = Named, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Removed; on to the hunts")))]
pub(crate) async fn remove(
    State(app): State<App>,
    visit: Visit,
    Form(named): Form<Named>,
) -> Result<Response, Problem> {
    app.office.remove_hunt(&visit.visitor.ctx, &named.name).await?;
    Ok(Redirect::to("/hunt").into_response())
}
