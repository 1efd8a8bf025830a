//! Data health: what comes in, what does not, and what could not be read.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{IntakeView, SourceView};
use model::Timestamp;
use serde_json::{Value, json};

use crate::app::App;
use crate::problem::Problem;
use crate::shape::moment;
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

    fn reason(&self, reason: &model::NoteReason) -> String {
        let name = serde_json::to_value(reason).unwrap_or_default();
        name.as_str().unwrap_or_default().replace('_', " ")
    }
}

pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let done = async {
        let intake = app.office.intake(&visit.visitor.ctx).await?;
        let shell = Shell::inside(&app, &visit, "Data health", "/health").await?;
        Ok(Html(Page { shell, intake, now: app.office.now() }).into_response())
    };
    done.await.map_err(|problem: Problem| problem.for_page(true))
}

pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let IntakeView { sources, watch, notes } = app.office.intake(&caller.ctx).await?;
    let sources: Vec<Value> = sources
        .iter()
        .map(|source| {
            json!({
                "name": source.name, "state": source.state, "listening": source.listening, "received": source.received,
                "rate": source.rate, "refused": source.refused, "dropped": source.dropped,
                "last": source.last.map(|at| at.to_string()),
                "error": source.error.as_ref().map(|(at, text)| json!({ "time": at.to_string(), "text": text })),
            })
        })
        .collect();
    let notes: Vec<Value> = notes
        .iter()
        .map(|(source, reason, seen, last)| {
            json!({ "source": source, "reason": reason, "seen": seen, "last": last.to_string() })
        })
        .collect();
    Ok(Json(json!({
        "sources": sources, "notes": notes, "detect_lag": watch.detect_lag, "lake_lag": watch.lake_lag,
        "rules": watch.rules, "indicators": watch.indicators, "lake_failing": watch.is_lake_failing,
        "state_failing": watch.is_state_failing,
    })))
}
