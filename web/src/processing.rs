//! The register of processing: what is kept, of whom, why, for how long, and how it goes.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{Kept, Period};
use model::OpContext;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::shape::csv as csv_answer;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "processing.html")]
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

/// What is kept, of whom, why, for how long, and how it goes.
#[utoipa::path(get, path = "/processing", tag = "Accountability", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let (kept, periods) = app.office.processing(&visit.visitor.ctx).await?;
    let shell = Shell::inside(&app, &visit, "Register of processing", "/processing").await?;
    Ok(Html(Page { shell, kept, periods }).into_response())
}

/// Something that is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeptListed {
    /// A table, or a file.
    pub(crate) place: &'static str,
    pub(crate) what: &'static str,
    /// Whose personal data it can hold; nobody's when it is not said.
    pub(crate) of_whom: Option<&'static str>,
    pub(crate) why: &'static str,
    pub(crate) how_long: &'static str,
    /// How a person's part of it goes.
    pub(crate) erased_by: Option<&'static str>,
}

/// For how long events are kept for a purpose.
#[derive(Serialize, ToSchema)]
pub(crate) struct PeriodListed {
    pub(crate) purpose: String,
    /// Classes of events (OCSF); all others when there are none.
    pub(crate) classes: Vec<u32>,
    pub(crate) days: u32,
}

/// The register of processing.
#[derive(Serialize, ToSchema)]
struct Processing {
    kept: Vec<KeptListed>,
    events: Vec<PeriodListed>,
}

impl KeptListed {
    pub(crate) fn of(kept: &'static Kept) -> Self {
        KeptListed {
            place: kept.place,
            what: kept.what,
            of_whom: kept.of_whom,
            why: kept.why,
            how_long: kept.how_long,
            erased_by: kept.erased_by,
        }
    }
}

impl PeriodListed {
    pub(crate) fn of(period: Period) -> Self {
        PeriodListed { purpose: period.purpose, classes: period.classes, days: period.days }
    }
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Processing, Problem> {
    let (kept, periods) = app.office.processing(ctx).await?;
    Ok(Processing {
        kept: kept.iter().map(KeptListed::of).collect(),
        events: periods.into_iter().map(PeriodListed::of).collect(),
    })
}

/// The register of processing, for programs.
#[utoipa::path(get, path = "/processing.json", tag = "Accountability", security(("session" = []), ("token" = [])),
    responses((status = 200, body = Processing)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(listed(&app, &caller.ctx).await?).into_response())
}

/// What is kept, as a file.
#[utoipa::path(get, path = "/processing.csv", tag = "Accountability", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let register = listed(&app, &caller.ctx).await?;
    Ok(csv_answer("processing", &["place", "what", "of_whom", "why", "how_long", "erased_by"], &register.kept))
}
