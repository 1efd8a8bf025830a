//! The operational and the strategic level: which actors fit what was seen, and the month, every number of which leads to what it counts.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use engine::intel::{Brief, Fitting, Observation, Part, Section, layout};
use engine::office::{ACTOR_DAYS, ActorsView, AnalyticTally, Counted, OthersSaw};
use model::{Month, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::asked::Query;
use crate::problem::Problem;
use crate::shape::moment;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Which month.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedMonth {
    /// As `2026-11`; the running month when it is not said.
    #[serde(default)]
    #[param(pattern = "^([0-9]{4}-[0-9]{2})?$")]
    month: String,
}

fn month(text: &str, now: Timestamp) -> Result<Month, Problem> {
    if !text.is_empty() {
        return text.parse().map_err(|error: model::month::NoMonth| Problem::bad(error.to_string()));
    }
    Month::of(now).ok_or_else(|| Problem::bad("the clock is beyond the calendar"))
}

#[derive(Template)]
#[template(path = "brief.html")]
struct BriefPage {
    shell: Shell,
    brief: Brief,
    month: Month,
    previous: Option<Month>,
    next: Option<Month>,
}

impl BriefPage {
    fn heading(&self, section: &Section) -> &'static str {
        layout::heading(section.topic)
    }
}

/// The month for those who decide.
#[utoipa::path(get, path = "/intel/brief", tag = "Intelligence", params(AskedMonth), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<AskedMonth>,
) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let month = month(&asked.month, ctx.now)?;
    let (brief, _) = app.office.brief(ctx, month).await?;
    let is_over = month.span().end <= ctx.now;
    let shell = Shell::inside(&app, &visit, format!("Threat brief {month}"), "/intel").await?;
    let page = BriefPage { shell, brief, month, previous: month.previous(), next: month.next().filter(|_| is_over) };
    Ok(Html(page).into_response())
}

/// A month's brief for programs.
#[derive(Serialize, ToSchema)]
struct BriefDocument {
    /// The month.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}$")]
    month: String,
    /// Sections of sentences; of each number the path of the page that proves it.
    #[schema(value_type = Vec<Object>)]
    sections: serde_json::Value,
    /// What it was made of.
    #[schema(value_type = Object)]
    figures: serde_json::Value,
}

/// The month for those who decide, for programs.
#[utoipa::path(get, path = "/intel/brief.json", tag = "Intelligence", params(AskedMonth),
    security(("session" = []), ("token" = [])), responses((status = 200, body = BriefDocument)))]
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<AskedMonth>,
) -> Result<Response, Problem> {
    let month = month(&asked.month, caller.ctx.now)?;
    let (brief, figures) = app.office.brief(&caller.ctx, month).await?;
    let value = |value: Result<_, serde_json::Error>| value.unwrap_or_default();
    let document = BriefDocument {
        month: brief.month,
        sections: value(serde_json::to_value(brief.sections)),
        figures: value(serde_json::to_value(figures)),
    };
    Ok(Json(document).into_response())
}

/// The month for those who decide, as Markdown.
#[utoipa::path(get, path = "/intel/brief.md", tag = "Intelligence", params(AskedMonth),
    security(("session" = []), ("token" = [])), responses((status = 200, body = String, content_type = "text/markdown")))]
pub(crate) async fn markdown(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<AskedMonth>,
) -> Result<Response, Problem> {
    let month = month(&asked.month, caller.ctx.now)?;
    let (brief, _) = app.office.brief(&caller.ctx, month).await?;
    let base = app.settings.public_url.as_str().trim_end_matches('/');
    let text = layout::markdown(&brief, base);
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response())
}

/// What a number counts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedEvidence {
    /// As `2026-11`; the running month when it is not said.
    #[serde(default)]
    #[param(pattern = "^([0-9]{4}-[0-9]{2})?$")]
    month: String,
    /// `all` findings, `grave` ones (high or critical), or those by `indicators`.
    #[serde(default)]
    #[param(pattern = "^(all|grave|indicators)?$")]
    what: String,
    /// Only those of this ATT&CK technique.
    #[param(pattern = "^T[0-9]{4}([.][0-9]{3})?$")]
    technique: Option<String>,
    /// Whose: what was found `here`, or what `others` have seen of the technique.
    #[serde(default)]
    #[param(pattern = "^(here|others)?$")]
    by: String,
    /// What became of the word of this source.
    #[param(pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    source: Option<String>,
}

#[derive(Template)]
#[template(path = "month.html")]
struct MonthPage {
    shell: Shell,
    what: String,
    month: Month,
    rows: Vec<AnalyticTally>,
    sum: u64,
    judged: Option<Vec<Judged>>,
    others: Option<Others>,
}

/// What others have seen of a technique, where they are enough for a number.
struct Others {
    saw: Option<OthersSaw>,
}

struct Judged {
    value: String,
    what: &'static str,
    times: u64,
    last: Timestamp,
}

impl MonthPage {
    fn moment(&self, at: &Timestamp) -> String {
        moment(*at)
    }
}

/// What a number of the month's brief counts.
#[utoipa::path(get, path = "/intel/month", tag = "Intelligence", params(AskedEvidence), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn evidence(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<AskedEvidence>,
) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let month = month(&asked.month, ctx.now)?;
    let span = month.span();
    let is_of_others = match asked.by.as_str() {
        "" | "here" => false,
        "others" if asked.technique.is_some() => true,
        "others" => return Err(Problem::bad("of others only techniques are known")),
        other => return Err(Problem::bad(format!("{other:?} is nobody whose findings are counted"))),
    };
    let (what, counted) = match (asked.technique, asked.what.as_str()) {
        (Some(id), _) if !is_technique(&id) => return Err(Problem::bad(format!("{id:?} is no ATT&CK technique"))),
        (Some(id), _) => (format!("Findings of {id}"), Counted::Technique(id)),
        (None, "" | "all") => ("All findings".to_owned(), Counted::All),
        (None, "grave") => ("Findings that are high or critical".to_owned(), Counted::Grave),
        (None, "indicators") => ("Findings by indicators".to_owned(), Counted::Indicators),
        (None, other) => return Err(Problem::bad(format!("{other:?} is nothing that a brief counts"))),
    };
    if let (true, Counted::Technique(id)) = (is_of_others, &counted) {
        let saw = app.office.techniques_of_others(ctx, month).await?.remove(id);
        let what = format!("{id} at other organisations");
        let shell = Shell::inside(&app, &visit, format!("{what} in {month}"), "/intel").await?;
        let others = Some(Others { saw });
        return Ok(
            Html(MonthPage { shell, what, month, rows: Vec::new(), sum: 0, judged: None, others }).into_response()
        );
    }
    if let Some(source) = &asked.source {
        let seen = app.office.judged_of(ctx, source, &span).await?;
        let judged = seen.into_iter().map(|seen| Judged {
            value: seen.value,
            what: if seen.is_false { "false alarm" } else { "confirmed" },
            times: seen.times,
            last: seen.last,
        });
        let judged = Some(judged.collect());
        let shell = Shell::inside(&app, &visit, format!("{source} in {month}"), "/intel").await?;
        let what = format!("What became of the word of {source}");
        return Ok(
            Html(MonthPage { shell, what, month, rows: Vec::new(), sum: 0, judged, others: None }).into_response()
        );
    }
    let mut rows = app.office.tally(ctx, &span).await?;
    rows.retain(|tally| counted.has(tally));
    let sum = rows.iter().map(|tally| tally.count).sum();
    let shell = Shell::inside(&app, &visit, format!("{what} in {month}"), "/intel").await?;
    Ok(Html(MonthPage { shell, what, month, rows, sum, judged: None, others: None }).into_response())
}

/// `T1059`, `T1059.001`.
fn is_technique(id: &str) -> bool {
    let is_number = |text: &str, digits| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = id.strip_prefix('T') else { return false };
    number.split_once('.').map_or(is_number(number, 4), |(number, part)| is_number(number, 4) && is_number(part, 3))
}

#[derive(Template)]
#[template(path = "actors.html")]
struct ActorsPage {
    shell: Shell,
    days: u32,
    said: String,
    known: usize,
    ranked: Vec<Fitting>,
    seen: Vec<Observation>,
}

impl ActorsPage {
    fn moment(&self, at: &Timestamp) -> String {
        moment(*at)
    }
}

/// Which actors fit what was seen.
#[utoipa::path(get, path = "/intel/actors", tag = "Intelligence", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn actors(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ActorsView { fit, seen, known } = app.office.actors(&visit.visitor.ctx).await?;
    let shell = Shell::inside(&app, &visit, "Actors", "/intel").await?;
    let said = fit.verdict.to_string();
    Ok(Html(ActorsPage { shell, days: ACTOR_DAYS, said, known, ranked: fit.ranked, seen }).into_response())
}

/// Which actors fit, for programs.
#[derive(Serialize, ToSchema)]
struct ActorsDocument {
    /// What can honestly be said.
    said: String,
    /// Days whose findings were held against what is known.
    days: u32,
    /// How many actors are known.
    known: usize,
    /// Those that fit, the best first, with scores from 0 to 1 and reasons.
    ranked: Vec<ActorShown>,
    /// What was seen, and how often.
    seen: Vec<SeenShown>,
}

#[derive(Serialize, ToSchema)]
struct ActorShown {
    id: String,
    name: String,
    /// A likeness to what was published, not a probability.
    score: f64,
    /// The least, when any one observation is left out.
    low: f64,
    /// The most, when any one observation is left out.
    high: f64,
    because: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct SeenShown {
    /// A technique, software, or an indicator.
    what: String,
    times: u64,
    #[schema(format = DateTime)]
    last: String,
}

fn document(view: ActorsView) -> ActorsDocument {
    let ranked = view.fit.ranked.into_iter().map(|one| ActorShown {
        score: one.score.get(),
        low: one.low.get(),
        high: one.high.get(),
        because: one.because.iter().map(ToString::to_string).collect(),
        id: one.actor,
        name: one.name,
    });
    let seen = view.seen.into_iter().map(|one| SeenShown {
        what: one.what.to_string(),
        times: one.times,
        last: one.last.to_string(),
    });
    ActorsDocument {
        said: view.fit.verdict.to_string(),
        days: ACTOR_DAYS,
        known: view.known,
        ranked: ranked.collect(),
        seen: seen.collect(),
    }
}

/// Which actors fit what was seen, for programs.
#[utoipa::path(get, path = "/intel/actors.json", tag = "Intelligence", security(("session" = []), ("token" = [])),
    responses((status = 200, body = ActorsDocument)))]
pub(crate) async fn actors_json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(document(app.office.actors(&caller.ctx).await?)).into_response())
}
