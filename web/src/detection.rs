//! One detection: why, what it was found in, and what is decided about it.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use engine::access::Operation;
use engine::office::{FindingId, FindingView, HuntAnswer, Suppression, Verdict};
use model::OpContext;
use model::detection::Reason;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::inbox::verdict_label;
use crate::problem::Problem;
use crate::shape::moment;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "detection.html")]
struct Page {
    shell: Shell,
    id: String,
    view: FindingView,
    reasons: Vec<Line>,
    ocsf: String,
    records: Result<HuntAnswer, String>,
    neighbours: String,
    pivots: Vec<(String, String)>,
    decided_by: String,
    verdict: &'static str,
    may_decide: bool,
    would_suppress: u64,
    would_suppress_subject: u64,
}

impl Page {
    fn moment(&self, at: &model::Timestamp) -> String {
        moment(*at)
    }

    fn cell(&self, cell: &Value) -> String {
        cell.as_str().map_or_else(|| cell.to_string(), str::to_owned)
    }
}

/// A hunt's address.
fn hunt(sql: &str) -> String {
    format!("/hunt?{}", crate::shape::query(&[("sql", sql)]))
}

/// A text inside of SQL.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Minutes before and after, in which neighbours are looked for.
const NEIGHBOUR_MINUTES: u64 = 5;
/// Values that can be followed from a finding.
const PIVOTS_MAX: usize = 12;

/// What happened on the same machine around that time.
fn neighbours(view: &FindingView) -> String {
    let detection = &view.finding.detection;
    let around = Duration::from_secs(NEIGHBOUR_MINUTES * 60);
    let (from, upto) = (detection.time.minus(around), detection.time.plus(around));
    let of = detection.subject.as_deref().map_or(String::new(), |subject| {
        let subject = quoted(subject);
        format!(" AND (device.hostname = {subject} OR device.name = {subject} OR src_endpoint.ip = {subject})")
    });
    hunt(&format!(
        "SELECT time, class_uid, source, device.hostname, raw FROM events WHERE time >= '{from}' AND time < '{upto}'{of} ORDER BY time"
    ))
}

/// Values of the finding, and the hunt for each of them anywhere.
fn pivots(ocsf: &str) -> Vec<(String, String)> {
    let finding: Value = serde_json::from_str(ocsf).unwrap_or_default();
    let mut values: Vec<&str> = Vec::new();
    for observable in finding["observables"].as_array().into_iter().flatten() {
        let value = observable["value"].as_str().unwrap_or_default();
        if !value.is_empty() && !values.contains(&value) && values.len() < PIVOTS_MAX {
            values.push(value);
        }
    }
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let sql = |value: &str| {
        let pattern = quoted(&format!("%{}%", escaped(value)));
        format!(
            "SELECT time, class_uid, source, device.hostname, raw FROM events WHERE raw LIKE {pattern} ORDER BY time DESC"
        )
    };
    values.into_iter().map(|value| (value.to_owned(), hunt(&sql(value)))).collect()
}

/// A reason as a line: what it is, and the words.
struct Line {
    kind: &'static str,
    text: String,
    value: String,
}

fn line(reason: &Reason) -> Line {
    let line = |kind: &'static str, text: String, value: &str| Line { kind, text, value: value.to_owned() };
    match reason {
        Reason::Condition { text } => line("Condition", text.clone(), ""),
        Reason::Field { selection, field, comparison, pattern, value } => {
            let field = field.as_deref().unwrap_or("anywhere");
            line("Field", format!("{selection}: {field} {comparison} {pattern}"), value.as_deref().unwrap_or_default())
        }
        Reason::NotMatched { selection } => line("Silent", format!("{selection} did not match"), ""),
        Reason::Indicator { value, observed, attribute, label, source, confidence, age_days, .. } => {
            let age = age_days.map_or(String::new(), |days| format!(", {days} days old"));
            line(
                "Indicator",
                format!("{value}: {label}, from {source}, confidence {}{age}; in {attribute}", confidence.percent()),
                observed,
            )
        }
        other => line("Because", serde_json::to_string(other).unwrap_or_default(), ""),
    }
}

fn finding_id(text: &str) -> Result<FindingId, Problem> {
    FindingId::parse(text).ok_or_else(|| Problem::not_found(format!("{text:?} is no finding")))
}

pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    visit: Result<Visit, Problem>,
    Path(name): Path<String>,
    headers: axum::http::HeaderMap,
) -> Result<Response, Problem> {
    match name.strip_suffix(".json") {
        Some(id) => Ok(as_json(&app, &caller.ctx, id).await?.into_response()),
        None => {
            let wants_page = Problem::wants_page(&headers);
            page(&app, &visit?, &name).await.map_err(|problem| problem.for_page(wants_page))
        }
    }
}

async fn as_json(app: &App, ctx: &OpContext, id: &str) -> Result<Json<Value>, Problem> {
    let view = app.office.finding(ctx, finding_id(id)?).await?;
    let decision = view.decision.map(|decision| {
        json!({
            "verdict": decision.verdict, "note": decision.note, "decided_by": decision.decided_by,
            "decided": decision.decided.to_string(),
        })
    });
    let ocsf: Value = serde_json::from_str(&view.ocsf).unwrap_or(Value::Null);
    Ok(Json(json!({
        "id": view.finding.id.to_string(), "detection": view.finding.detection, "ocsf": ocsf, "decision": decision,
    })))
}

async fn page(app: &App, visit: &Visit, id: &str) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let view = app.office.finding(ctx, finding_id(id)?).await?;
    let may_decide = app.office.offers(ctx, Operation::FindingDecide);
    let (analytic, subject) = (&view.finding.detection.analytic.uid, view.finding.detection.subject.as_deref());
    let count = async |subject: Option<&str>| match may_decide {
        true => app.office.would_suppress(ctx, analytic, subject).await,
        false => Ok(0),
    };
    let (would_suppress, would_suppress_subject) = (count(None).await?, count(subject).await?);
    let decided_by: Vec<&str> = view.decision.iter().map(|decision| decision.decided_by.as_str()).collect();
    let names = app.office.names(ctx, &decided_by).await?;
    let may_hunt = app.office.offers(ctx, Operation::HuntRun);
    // A lake that is down takes the records from the page, not the page.
    let records = app.office.records_of(ctx, view.finding.id).await.map_err(|error| error.to_string());
    let ocsf = serde_json::from_str::<Value>(&view.ocsf).and_then(|value| serde_json::to_string_pretty(&value));
    let decision = view.decision.as_ref();
    Ok(Html(Page {
        shell: Shell::inside(app, visit, view.finding.detection.analytic.title.clone(), "").await?,
        id: view.finding.id.to_string(),
        reasons: view.finding.detection.because.iter().map(line).collect(),
        records,
        neighbours: if may_hunt { neighbours(&view) } else { String::new() },
        pivots: if may_hunt { pivots(&view.ocsf) } else { Vec::new() },
        ocsf: ocsf.unwrap_or_default(),
        decided_by: decision.map(|decision| names.show(&decision.decided_by).to_owned()).unwrap_or_default(),
        verdict: verdict_label(decision.map_or(Verdict::Open, |decision| decision.verdict)),
        may_decide,
        would_suppress,
        would_suppress_subject,
        view,
    })
    .into_response())
}

/// Decisions come from a form: `id` as often as there are findings.
pub(crate) async fn decide(State(app): State<App>, visit: Visit, body: String) -> Result<Response, Problem> {
    let (mut ids, mut verdict, mut note, mut to) = (Vec::new(), None, String::new(), "/inbox".to_owned());
    for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
        match &*name {
            "id" => ids.push(finding_id(&value)?),
            "verdict" => verdict = Verdict::from_name(&value),
            "note" => note = value.into_owned(),
            "to" if value.starts_with("/inbox") || value.starts_with("/findings/") => to = value.into_owned(),
            _ => {}
        }
    }
    let verdict = verdict.filter(|verdict| *verdict != Verdict::Suppressed);
    let verdict = verdict.ok_or_else(|| Problem::bad("the verdict is none that can be given"))?;
    if ids.is_empty() {
        return Err(Problem::bad("choose a finding first").for_page(true));
    }
    app.office.decide(&visit.visitor.ctx, &ids, verdict, note.trim()).await?;
    Ok(Redirect::to(&to).into_response())
}

/// What a suppression is to be.
#[derive(Deserialize)]
pub(crate) struct Suppress {
    /// `subject`, or `all`.
    scope: String,
    reason: String,
    days: u64,
}

pub(crate) async fn suppress(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(asked): Form<Suppress>,
) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let done = async {
        let view = app.office.finding(ctx, finding_id(&id)?).await?;
        let subject = view.finding.detection.subject.as_deref().filter(|_| asked.scope == "subject");
        let days = asked.days.clamp(1, model::limits::SUPPRESSION_DAYS_MAX);
        let ends = ctx.now.plus(Duration::from_secs(days * 86_400));
        let what = (view.finding.detection.analytic.uid.as_str(), subject);
        app.office.suppress(ctx, what, asked.reason.trim(), ends).await?;
        Ok(Redirect::to("/inbox").into_response())
    };
    done.await.map_err(|problem: Problem| problem.for_page(true))
}

#[derive(Template)]
#[template(path = "suppressions.html")]
struct Suppressions {
    shell: Shell,
    rows: Vec<SuppressionRow>,
    may_lift: bool,
}

struct SuppressionRow {
    of: Suppression,
    by: String,
    created: String,
    ends: String,
    status: &'static str,
}

pub(crate) async fn suppressions(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let done = async {
        let all = app.office.suppressions(ctx).await?;
        let actors: Vec<&str> = all.iter().map(|one| one.created_by.as_str()).collect();
        let names = app.office.names(ctx, &actors).await?;
        let row = |of: Suppression| SuppressionRow {
            by: names.show(&of.created_by).to_owned(),
            created: moment(of.created),
            ends: moment(of.ends),
            status: match of.lifted {
                Some(_) => "lifted",
                None if of.ends <= ctx.now => "ended",
                None => "in force",
            },
            of,
        };
        let rows = all.into_iter().map(row).collect();
        let shell = Shell::inside(&app, &visit, "Suppressions", "/suppressions").await?;
        let may_lift = app.office.offers(ctx, Operation::SuppressionManage);
        Ok(Html(Suppressions { shell, rows, may_lift }).into_response())
    };
    done.await.map_err(|problem: Problem| problem.for_page(true))
}

pub(crate) async fn suppressions_json(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let rows = app.office.suppressions(&caller.ctx).await?;
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.id, "analytic_uid": row.analytic_uid, "subject": row.subject, "reason": row.reason,
                "created_by": row.created_by, "created": row.created.to_string(), "ends": row.ends.to_string(),
                "lifted": row.lifted.map(|at| at.to_string()),
            })
        })
        .collect();
    Ok(Json(json!({ "suppressions": rows })))
}

pub(crate) async fn lift(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    app.office.lift_suppression(&visit.visitor.ctx, &id).await?;
    Ok(Redirect::to("/suppressions").into_response())
}
