//! What the installation means for the people in its data: to be read, filled in and signed.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{Assessment, Sight};
use model::{OpContext, Role};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::processing::{KeptListed, PeriodListed};
use crate::shape::csv as csv_answer;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "dpia.html")]
struct Page {
    shell: Shell,
    of: AssessmentListed,
}

/// Who sees what.
#[derive(Serialize, ToSchema)]
struct SightListed {
    what: &'static str,
    operation: &'static str,
    roles: Vec<&'static str>,
}

/// What could go wrong for people, and what is done about it.
#[derive(Serialize, ToSchema)]
struct RiskListed {
    what: &'static str,
    whom: &'static str,
    measures: &'static [&'static str],
    /// What is left, for people to judge.
    left: &'static str,
}

/// The data protection impact assessment, as far as the program knows it.
#[derive(Serialize, ToSchema)]
#[schema(as = ImpactAssessment)]
struct AssessmentListed {
    kept: Vec<KeptListed>,
    events: Vec<PeriodListed>,
    sights: Vec<SightListed>,
    risks: Vec<RiskListed>,
}

async fn listed(app: &App, ctx: &OpContext) -> Result<AssessmentListed, Problem> {
    let Assessment { kept, periods, sights, risks } = app.office.assessment(ctx).await?;
    let sight = |sight: Sight| SightListed {
        what: sight.what,
        operation: sight.operation.name(),
        roles: sight.roles.into_iter().map(Role::name).collect(),
    };
    Ok(AssessmentListed {
        kept: kept.into_iter().map(KeptListed::of).collect(),
        events: periods.into_iter().map(PeriodListed::of).collect(),
        sights: sights.into_iter().map(sight).collect(),
        risks: risks
            .iter()
            .map(|risk| RiskListed { what: risk.what, whom: risk.whom, measures: risk.measures, left: risk.left })
            .collect(),
    })
}

/// The data protection impact assessment (GDPR article 35), as far as the program knows it.
#[utoipa::path(get, path = "/dpia", tag = "Accountability", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let of = listed(&app, &visit.visitor.ctx).await?;
    Ok(Html(Page { shell: Shell::inside(&app, &visit, "Impact assessment", "/dpia").await?, of }).into_response())
}

/// The same, for programs.
#[utoipa::path(get, path = "/dpia.json", tag = "Accountability", security(("session" = []), ("token" = [])),
    responses((status = 200, body = AssessmentListed)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(listed(&app, &caller.ctx).await?).into_response())
}

/// The risks, as a file.
#[utoipa::path(get, path = "/dpia.csv", tag = "Accountability", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(csv_answer("dpia", &["what", "whom", "measures", "left"], &listed(&app, &caller.ctx).await?.risks))
}
