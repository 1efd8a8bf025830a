//! Data health: what comes in, what does not, and what could not be read.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{IntakeView, SourceView};
use model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, moment};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "health.html")]
struct Page {
    shell: Shell,
    intake: IntakeView,
    now: Timestamp,
}

impl Page {
    /// How long ago, in the largest unit that leaves a whole part.
    fn ago(&self, at: &Timestamp) -> String {
        let seconds = (self.now.as_micros() - at.as_micros()) / 1_000_000;
        match seconds {
            ..0 => "in the future".to_owned(),
            0..120 => format!("{seconds} s ago"),
            120..7_200 => format!("{} min ago", seconds / 60),
            7_200..172_800 => format!("{} h ago", seconds / 3_600),
            _ => format!("{} days ago", seconds / 86_400),
        }
    }

    fn moment(&self, at: &Timestamp) -> String {
        moment(*at)
    }

    fn rate(&self, source: &SourceView) -> String {
        source.rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.1}/s"))
    }

    /// What a source brought in the last hour, as a picture.
    fn picture(&self, source: &SourceView) -> Spark {
        Spark::of(&source.minutes)
    }

    fn reason(&self, reason: &model::NoteReason) -> String {
        let name = serde_json::to_value(reason).unwrap_or_default();
        name.as_str().unwrap_or_default().replace('_', " ")
    }
}

/// A line of what came minute by minute.
struct Spark {
    points: String,
    words: String,
}

/// The picture's size, in units of its own.
const SPARK_WIDTH: f64 = 120.0;
const SPARK_HEIGHT: f64 = 24.0;
const SPARK_MINUTES: usize = 60;

impl Spark {
    fn of(minutes: &[u64]) -> Self {
        let minutes = &minutes[minutes.len().saturating_sub(SPARK_MINUTES)..];
        let most = minutes.iter().copied().max().unwrap_or(0);
        let step = SPARK_WIDTH / (SPARK_MINUTES - 1) as f64;
        let from = SPARK_MINUTES - minutes.len();
        let point = |(at, count): (usize, &u64)| {
            let height = *count as f64 / most.max(1) as f64 * (SPARK_HEIGHT - 2.0);
            format!("{:.1},{:.1}", (from + at) as f64 * step, SPARK_HEIGHT - 1.0 - height)
        };
        let points = minutes.iter().enumerate().map(point).collect::<Vec<_>>().join(" ");
        let words = format!("in the last {} minutes at most {most} records a minute", minutes.len());
        Spark { points, words }
    }
}

/// What comes in, what does not, and what could not be read.
#[utoipa::path(get, path = "/health", tag = "Sources", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let intake = app.office.intake(&visit.visitor.ctx).await?;
    let shell = Shell::inside(&app, &visit, "Data health", "/health").await?;
    Ok(Html(Page { shell, intake, now: app.office.now() }).into_response())
}

/// A source of records.
#[derive(Serialize, ToSchema)]
struct SourceListed {
    name: String,
    /// What it is doing, in a word.
    state: String,
    /// Where it listens, if it does.
    listening: Option<String>,
    /// Records that arrived.
    received: u64,
    /// Records a second, of late.
    rate: Option<f64>,
    /// Inputs that were not taken.
    refused: u64,
    /// Records that were thrown away because ingest was busy.
    dropped: u64,
    /// When the last record came.
    #[schema(format = DateTime)]
    last: Option<String>,
    /// What went wrong last.
    error: Option<ErrorListed>,
}

#[derive(Serialize, ToSchema)]
struct ErrorListed {
    #[schema(format = DateTime)]
    time: String,
    text: String,
}

/// Records that could not be read.
#[derive(Serialize, ToSchema)]
struct NoteListed {
    source: String,
    /// Why, by name.
    #[schema(value_type = String)]
    reason: model::NoteReason,
    /// How often.
    seen: u64,
    #[schema(format = DateTime)]
    last: String,
}

/// How the intake is doing.
#[derive(Serialize, ToSchema)]
struct Intake {
    sources: Vec<SourceListed>,
    notes: Vec<NoteListed>,
    /// Records that detectors have not dealt with.
    detect_lag: u64,
    /// Records that the lake has not taken.
    lake_lag: u64,
    /// Rules that are loaded.
    rules: u64,
    /// Indicators that are loaded.
    indicators: u64,
    /// Whether the lake refuses now.
    lake_failing: bool,
    /// Whether findings cannot be kept now.
    state_failing: bool,
}

fn listed(source: SourceView) -> SourceListed {
    SourceListed {
        name: source.name,
        state: source.state,
        listening: source.listening,
        received: source.received,
        rate: source.rate,
        refused: source.refused,
        dropped: source.dropped,
        last: source.last.map(|at| at.to_string()),
        error: source.error.map(|(at, text)| ErrorListed { time: at.to_string(), text }),
    }
}

/// How the intake is doing, for programs.
#[utoipa::path(get, path = "/health.json", tag = "Sources", security(("session" = []), ("token" = [])),
    responses((status = 200, body = Intake)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let IntakeView { sources, watch, notes } = app.office.intake(&caller.ctx).await?;
    let note = |(source, reason, seen, last): (String, model::NoteReason, u64, Timestamp)| NoteListed {
        source,
        reason,
        seen,
        last: last.to_string(),
    };
    let intake = Intake {
        sources: sources.into_iter().map(listed).collect(),
        notes: notes.into_iter().map(note).collect(),
        detect_lag: watch.detect_lag,
        lake_lag: watch.lake_lag,
        rules: watch.rules,
        indicators: watch.indicators,
        lake_failing: watch.is_lake_failing,
        state_failing: watch.is_state_failing,
    };
    Ok(Json(intake).into_response())
}

/// The sources, as a file.
#[utoipa::path(get, path = "/health.csv", tag = "Sources", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let sources = app.office.intake(&caller.ctx).await?.sources;
    let sources: Vec<_> = sources.into_iter().map(listed).collect();
    let columns = ["name", "state", "listening", "received", "rate", "refused", "dropped", "last", "error"];
    Ok(csv_answer("sources", &columns, &sources))
}

/// What each source brought, minute by minute.
#[derive(Serialize, ToSchema)]
struct Rates {
    /// When the last minute began; it is not over.
    #[schema(format = DateTime)]
    minute: String,
    sources: Vec<SourceRates>,
}

#[derive(Serialize, ToSchema)]
struct SourceRates {
    name: String,
    /// Records of each minute, oldest first, a day at most.
    minutes: Vec<u64>,
}

/// What each source brought, minute by minute, of up to a day.
#[utoipa::path(get, path = "/health/rates.json", tag = "Sources", security(("session" = []), ("token" = [])),
    responses((status = 200, body = Rates)))]
pub(crate) async fn rates(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let sources = app.office.intake(&caller.ctx).await?.sources;
    let minute = app.office.now().as_micros().div_euclid(60_000_000) * 60_000_000;
    let of = |source: SourceView| SourceRates { name: source.name, minutes: source.minutes };
    let sources = sources.into_iter().map(of).collect();
    Ok(Json(Rates { minute: Timestamp::from_micros(minute).to_string(), sources }).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_ends_with_the_newest_minute() {
        let spark = Spark::of(&[0, 10, 5]);
        assert_eq!(spark.points, "115.9,23.0 118.0,1.0 120.0,12.0");
        assert_eq!(Spark::of(&vec![7; 500]).points.split(' ').count(), SPARK_MINUTES);
        assert_eq!(Spark::of(&[]).points, "");
    }
}
