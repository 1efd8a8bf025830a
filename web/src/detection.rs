//! One detection: why, what it was found in, and what is decided about it.

use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{FindingId, FindingView, HuntAnswer, Verdict};
use model::OpContext;
use model::detection::Reason;
use model::words::counted;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::{Fields, Form, Path};
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
            let age = age_days.map_or(String::new(), |days| format!(", {} old", counted(days.into(), "day")));
            line(
                "Indicator",
                format!("{value}: {label}, from {source}, confidence {}{age}; in {attribute}", confidence.percent()),
                observed,
            )
        }
        Reason::Pattern { id, text, label, source, confidence } => {
            let label = if label.is_empty() { id } else { label };
            line("Pattern", format!("{label}, from {source}, confidence {}", confidence.percent()), text)
        }
        Reason::Concern { ours, text, source } => line("Concerns us", format!("{text}, says {source}"), ours),
        Reason::Past { .. } => line("Past", reason.to_string(), ""),
        other => line("Because", other.to_string(), ""),
    }
}

fn finding_id(text: &str) -> Result<FindingId, Problem> {
    FindingId::parse(text).ok_or_else(|| Problem::not_found(format!("{text:?} is no finding")))
}

/// A finding with everything around it, for programs.
#[derive(Serialize, ToSchema)]
struct FindingDocument {
    #[schema(pattern = "^[0-9a-f]{32}$")]
    id: String,
    /// What was detected, by what, and why.
    #[schema(value_type = Object)]
    detection: Value,
    /// The same as an OCSF Detection Finding (class 2004).
    #[schema(value_type = Object)]
    ocsf: Value,
    /// What was decided last.
    decision: Option<DecisionDocument>,
}

/// What was decided about a finding.
#[derive(Serialize, ToSchema)]
struct DecisionDocument {
    #[schema(value_type = crate::inbox::VerdictName)]
    verdict: Verdict,
    /// Why.
    note: String,
    /// By whom, as the ledger names them.
    decided_by: String,
    #[schema(format = DateTime)]
    decided: String,
}

/// A finding: the page, or with `.json` behind the id the document. Reading it is in the ledger.
#[utoipa::path(get, path = "/findings/{id}", tag = "Findings",
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}(\\.json)?$")), security(("session" = []), ("token" = [])),
    responses(
        (status = 200, description = "The finding", content(
            (String = "text/html"), (FindingDocument = "application/json")))))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    visit: Result<Visit, Problem>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    match name.strip_suffix(".json") {
        Some(id) => Ok(as_json(&app, &caller.ctx, id).await?.into_response()),
        None => page(&app, &visit?, &name).await,
    }
}

async fn as_json(app: &App, ctx: &OpContext, id: &str) -> Result<Json<FindingDocument>, Problem> {
    let view = app.office.finding(ctx, finding_id(id)?).await?;
    let decision = view.decision.map(|decision| DecisionDocument {
        verdict: decision.verdict,
        note: decision.note,
        decided_by: decision.decided_by,
        decided: decision.decided.to_string(),
    });
    Ok(Json(FindingDocument {
        id: view.finding.id.to_string(),
        detection: serde_json::to_value(&view.finding.detection).unwrap_or_default(),
        ocsf: serde_json::from_str(&view.ocsf).unwrap_or_default(),
        decision,
    }))
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

/// A decision about findings.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the form is read field by field")]
struct Decide {
    /// Findings, as often as there are some.
    #[schema(min_items = 1, value_type = Vec<IdName>)]
    id: Vec<String>,
    #[schema(value_type = GivenName)]
    verdict: String,
    /// Why.
    #[schema(max_length = 4_000, nullable = false)]
    note: Option<String>,
    /// The page to go to.
    #[schema(pattern = "^/(inbox|findings/)", nullable = false)]
    to: Option<String>,
}

/// What can be given as a verdict.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = GivenVerdict)]
#[expect(dead_code, reason = "the names stand in the document")]
enum GivenName {
    Open,
    Acknowledged,
    Escalated,
    FalsePositive,
}

/// A finding's id.
#[derive(Serialize, ToSchema)]
#[schema(as = FindingId, pattern = "^[0-9a-f]{32}$")]
struct IdName(String);

/// Decides about findings.
#[utoipa::path(post, path = "/findings/decide", tag = "Findings", security(("session" = [])),
    request_body(content = Decide, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Decided; on to the page that was asked for")))]
pub(crate) async fn decide(State(app): State<App>, visit: Visit, Fields(body): Fields) -> Result<Response, Problem> {
    let (mut ids, mut verdict, mut note, mut to) = (Vec::new(), None, String::new(), "/inbox".to_owned());
    for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
        match &*name {
            "id" => ids.push(finding_id(&value)?),
            "verdict" => verdict = Verdict::from_name(&value),
            "note" => note = value.into_owned(),
            "to" if value.starts_with("/inbox") || value.starts_with("/findings/") => to = value.into_owned(),
            "to" => return Err(Problem::bad("to leads to the inbox, or to a finding")),
            _ => {}
        }
    }
    let verdict = verdict.filter(|verdict| *verdict != Verdict::Suppressed);
    let verdict = verdict.ok_or_else(|| Problem::bad("the verdict is none that can be given"))?;
    if ids.is_empty() {
        return Err(Problem::bad("choose a finding first"));
    }
    app.office.decide(&visit.visitor.ctx, &ids, verdict, note.trim()).await?;
    Ok(Redirect::to(&to).into_response())
}

/// What a suppression is to be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Suppress {
    /// About this machine or address only, or everything of the rule.
    #[schema(pattern = "^(subject|all)$")]
    scope: String,
    /// Why.
    #[schema(min_length = 1, max_length = 4_000)]
    reason: String,
    /// For how long.
    #[schema(minimum = 1, maximum = 365)]
    days: u64,
}

/// Takes findings like this one out of sight for a while.
#[utoipa::path(post, path = "/findings/{id}/suppress", tag = "Findings",
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}$")), security(("session" = [])),
    request_body(content = Suppress, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Suppressed; on to the inbox")))]
pub(crate) async fn suppress(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(asked): Form<Suppress>,
) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let days_max = model::limits::SUPPRESSION_DAYS_MAX;
    if !(1..=days_max).contains(&asked.days) {
        return Err(Problem::bad(format!("a suppression is for 1 to {days_max} days")));
    }
    if !["subject", "all"].contains(&asked.scope.as_str()) {
        return Err(Problem::bad("a suppression is about the subject, or all of the rule"));
    }
    let ends = ctx.now.plus(Duration::from_secs(asked.days * 86_400));
    let about_subject = asked.scope == "subject";
    app.office.suppress_like(ctx, finding_id(&id)?, about_subject, (asked.reason.trim(), ends)).await?;
    Ok(Redirect::to("/inbox").into_response())
}
