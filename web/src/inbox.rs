//! The inbox: what was found, ranked, for people with a keyboard; live.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use engine::office::{FindingId, InboxAsked, InboxPage, InboxRow, Verdict};
use futures::Stream;
use model::{Analytic, Level, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::asked::Query;
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, moment, query};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Rows of a page.
const PAGE_ROWS: usize = 100;
/// Rows of a file.
const FILE_ROWS: usize = 10_000;
/// How often the state is asked for what is new.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What an address asks for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// What was decided about them; open ones when it is not said.
    #[param(value_type = Option<VerdictName>, inline)]
    verdict: String,
    /// The least level.
    #[param(value_type = Option<LevelName>, inline)]
    level: String,
    /// A part of title or subject, in any case.
    #[param(max_length = 256)]
    text: String,
    /// Behind which row to go on: `next` of the answer before.
    #[param(pattern = "^(informational|low|medium|high|critical),(0|[1-9][0-9]{0,17}),[0-9a-f]{32}$")]
    after: Option<String>,
    /// How many rows.
    #[param(minimum = 1, maximum = 10_000)]
    rows: Option<usize>,
}

/// What can be decided about a finding.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
pub(crate) enum VerdictName {
    Open,
    Acknowledged,
    Escalated,
    FalsePositive,
    Suppressed,
}

/// How grave a finding is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
pub(crate) enum LevelName {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

/// Letters of a text that is searched for.
const TEXT_CHARS_MAX: usize = 256;

impl Asked {
    fn read(&self, rows_max: usize) -> Result<InboxAsked, Problem> {
        let verdict = match self.verdict.as_str() {
            "" => Verdict::Open,
            name => Verdict::from_name(name).ok_or_else(|| Problem::bad(format!("{name:?} is no verdict")))?,
        };
        let level_min = match self.level.as_str() {
            "" => Level::Informational,
            name => name.parse().map_err(Problem::bad)?,
        };
        let after = match self.after.as_deref() {
            None => None,
            Some(text) => Some(read_after(text).ok_or_else(|| Problem::bad("after names no row"))?),
        };
        if self.text.chars().count() > TEXT_CHARS_MAX {
            return Err(Problem::bad(format!("a text to search for has at most {TEXT_CHARS_MAX} letters")));
        }
        let rows_max = self.rows.unwrap_or(rows_max);
        if !(1..=FILE_ROWS).contains(&rows_max) {
            return Err(Problem::bad(format!("rows are 1 to {FILE_ROWS}")));
        }
        Ok(InboxAsked { verdict, level_min, text: self.text.trim().to_owned(), after, rows_max })
    }
}

/// `level,microseconds,id`: behind which row the next page starts.
fn read_after(text: &str) -> Option<(Level, Timestamp, FindingId)> {
    let mut parts = text.splitn(3, ',');
    let level = parts.next()?.parse().ok()?;
    let time = Timestamp::from_micros(parts.next()?.parse().ok()?);
    let after = (level, time, FindingId::parse(parts.next()?)?);
    (write_after(&after) == text).then_some(after)
}

fn write_after((level, time, id): &(Level, Timestamp, FindingId)) -> String {
    format!("{},{},{id}", level.name(), time.as_micros())
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct Page {
    shell: Shell,
    rows: Vec<InboxRow>,
    counts: Vec<(&'static str, u64)>,
    verdicts: Vec<(&'static str, &'static str, bool)>,
    levels: Vec<(&'static str, bool)>,
    asked: Asked,
    verdict: Verdict,
    newest: u64,
    next: Option<String>,
    here: String,
    twin_json: String,
    twin_csv: String,
}

impl Page {
    fn moment(&self, at: &Timestamp) -> String {
        moment(*at)
    }

    fn is_targeted(&self, row: &InboxRow) -> bool {
        is_targeted(row)
    }
}

/// What people call verdicts.
pub(crate) fn verdict_label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "Open",
        Verdict::Acknowledged => "Acknowledged",
        Verdict::Escalated => "Escalated",
        Verdict::FalsePositive => "False positive",
        Verdict::Suppressed => "Suppressed",
        _ => "Other",
    }
}

/// What was found, worst first, then newest first.
#[utoipa::path(get, path = "/inbox", tag = "Findings", params(Asked), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (app, visit) = (&app, &visit);
    let wanted = asked.read(PAGE_ROWS)?;
    let ctx = &visit.visitor.ctx;
    let InboxPage { rows, next } = app.office.inbox(ctx, &wanted).await?;
    let counts = app.office.inbox_counts(ctx, wanted.verdict).await?;
    let address = |path: &str, after: &str| {
        let pairs =
            [("verdict", asked.verdict.as_str()), ("level", &asked.level), ("text", &asked.text), ("after", after)];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("{path}?{}", query(&pairs))
    };
    let next = next.map(|next| address("/inbox", &write_after(&next)));
    let verdicts = Verdict::ALL.map(|verdict| (verdict.name(), verdict_label(verdict), verdict == wanted.verdict));
    let levels = Level::ALL.map(|level| (level.name(), level == wanted.level_min));
    let shell = Shell::inside(app, visit, "Inbox", "/inbox").await?;
    Ok(Html(Page {
        shell,
        newest: rows.iter().map(|row| row.seq).max().unwrap_or_default(),
        counts: counts.iter().rev().map(|(level, count)| (level.name(), *count)).collect(),
        verdicts: verdicts.to_vec(),
        levels: levels.to_vec(),
        verdict: wanted.verdict,
        next,
        here: address("/inbox", asked.after.as_deref().unwrap_or_default()),
        twin_json: address("/inbox.json", ""),
        twin_csv: address("/inbox.csv", ""),
        rows,
        asked,
    })
    .into_response())
}

/// A finding in a list. Lists are asked for often: they are written at once, without a tree of values in between.
#[derive(Serialize, ToSchema)]
struct Listed<'r> {
    /// Its id.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    id: String,
    /// The rule, indicator list or behaviour that found it.
    analytic_uid: &'r str,
    /// What it is called.
    title: &'r str,
    #[schema(value_type = LevelName)]
    severity: &'static str,
    /// The same as a number (OCSF).
    severity_id: u8,
    /// When it happened.
    #[schema(format = DateTime)]
    time: String,
    /// When it was found.
    #[schema(format = DateTime)]
    created: String,
    /// The machine or address that it is about.
    subject: Option<&'r str>,
    /// It is about the city itself: its name, its staff, what it runs.
    targeted: bool,
    #[schema(value_type = VerdictName)]
    verdict: Verdict,
}

/// Findings, worst first, then newest first.
#[derive(Serialize, ToSchema)]
struct FindingList<'r> {
    findings: Vec<Listed<'r>>,
    /// What to ask as `after` for those behind, if there are any.
    next: Option<String>,
}

fn is_targeted(row: &InboxRow) -> bool {
    row.analytic_uid.starts_with(Analytic::TARGETED_PREFIX)
}

fn listed(row: &InboxRow) -> Listed<'_> {
    Listed {
        id: row.id.to_string(),
        analytic_uid: &row.analytic_uid,
        title: &row.title,
        severity: row.level.name(),
        severity_id: row.level.severity_id(),
        time: row.time.to_string(),
        created: row.created.to_string(),
        subject: row.subject.as_deref(),
        targeted: is_targeted(row),
        verdict: row.verdict,
    }
}

/// What was found, for programs.
#[utoipa::path(get, path = "/inbox.json", tag = "Findings", params(Asked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = FindingList<'static>)))]
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let page = app.office.inbox(&caller.ctx, &asked.read(PAGE_ROWS)?).await?;
    let next = page.next.as_ref().map(write_after);
    Ok(Json(FindingList { findings: page.rows.iter().map(listed).collect(), next }).into_response())
}

/// What was found, as a file.
#[utoipa::path(get, path = "/inbox.csv", tag = "Findings", params(Asked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let page = app.office.inbox(&caller.ctx, &asked.read(FILE_ROWS)?).await?;
    let rows: Vec<_> = page.rows.iter().map(listed).collect();
    Ok(csv_answer("inbox", &["id", "severity", "time", "title", "subject", "verdict", "analytic_uid"], &rows))
}

/// From which finding on somebody wants to hear of new ones.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Since {
    /// The number of the newest finding that is known.
    #[serde(default)]
    #[param(maximum = 9_007_199_254_740_991_i64)]
    seq: u64,
}

/// How many open findings came since the page was made, whenever that changes: events called `newer`.
#[utoipa::path(get, path = "/inbox/events", tag = "Findings", params(Since), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(crate) async fn events(
    State(app): State<App>,
    visit: Visit,
    Query(since): Query<Since>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let first = app.office.inbox_newer(&visit.visitor.ctx, since.seq).await?;
    let start = (app, visit, since.seq, None::<u64>, Some(first));
    let stream = futures::stream::unfold(start, async |(app, visit, seq, told, first)| {
        let mut first = first;
        loop {
            let count = match first.take() {
                Some(count) => count,
                None => {
                    tokio::select! {
                        () = tokio::time::sleep(LOOK_EVERY) => {}
                        () = app.closing.cancelled() => return None,
                    }
                    // Whoever is out hears nothing more; looking does not count as being there.
                    if !app.entrance.is_in(&visit.session).await.ok()? {
                        return None;
                    }
                    app.office.inbox_newer(&visit.visitor.ctx, seq).await.ok()?
                }
            };
            if told != Some(count) {
                let event = Event::default().event("newer").data(count.to_string());
                return Some((Ok(event), (app, visit, seq, Some(count), None)));
            }
        }
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
