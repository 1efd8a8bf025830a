//! The register of processing: what is kept, of whom, why, for how long, and how it goes.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{Kept, Period};
use serde_json::{Value, json};

use crate::app::App;
use crate::problem::Problem;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "register.html")]
struct Page {
    shell: Shell,
    kept: &'static [Kept],
    periods: Vec<Period>,
}

impl Page {
    fn classes(&self, period: &Period) -> String {
        match period.classes.is_empty() {
            true => "all others".to_owned(),
            false => period.classes.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
        }
    }
}

pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let done = async {
        let (kept, periods) = app.office.register(&visit.visitor.ctx).await?;
        let shell = Shell::inside(&app, &visit, "Register of processing", "/register").await?;
        Ok(Html(Page { shell, kept, periods }).into_response())
    };
    done.await.map_err(|problem: Problem| problem.for_page(true))
}

pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let (kept, periods) = app.office.register(&caller.ctx).await?;
    let kept: Vec<Value> = kept
        .iter()
        .map(|kept| {
            json!({
                "place": kept.place, "what": kept.what, "of_whom": kept.of_whom, "why": kept.why,
                "how_long": kept.how_long, "erased_by": kept.erased_by,
            })
        })
        .collect();
    let periods: Vec<Value> = periods
        .iter()
        .map(|period| json!({ "purpose": period.purpose, "classes": period.classes, "days": period.days }))
        .collect();
    Ok(Json(json!({ "kept": kept, "events": periods })))
}
