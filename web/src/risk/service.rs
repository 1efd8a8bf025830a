//! What is at stake with one service: why it may open or not, what would help, what a year costs.

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use engine::office::{ItemRisk, Stake, level};
use model::OpContext;
use model::register::ItemId;
use serde::Serialize;
use utoipa::ToSchema;

use super::amount::{amount, percent, short, unit_words};
use super::curve::Plot;
use super::openings::OpeningListed;
use super::{Tab, tabs};
use crate::app::App;
use crate::problem::Problem;
use crate::register::item_id;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

#[derive(Template)]
#[template(path = "risk_service.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    shown: ServiceStake,
    plots: Vec<(String, Plot)>,
}

/// The loss of a year in one unit.
#[derive(Serialize, ToSchema)]
struct LossListed {
    /// `money`, `residents`, `resident_hours`.
    unit: String,
    mean: f64,
    /// Not exceeded in 10, 50 and 90 % of the years.
    p10: f64,
    p50: f64,
    p90: f64,
    /// Exceeded in one year of twenty, and of a hundred.
    var95: f64,
    var99: f64,
    /// The same in words.
    words: Vec<String>,
}

/// What is at stake with a service.
#[derive(Serialize, ToSchema)]
struct ServiceStake {
    /// Whether it may open, and why.
    opening: OpeningListed,
    /// The probability that it is compromised within a year.
    probability: f64,
    /// The same in words.
    probability_words: String,
    /// What one compromise leads to, all that falls with it included.
    falls: Vec<String>,
    /// The loss of a year.
    losses: Vec<LossListed>,
    /// Something that it rests on was not said, so that the intervals are wider.
    is_unsure: bool,
}

fn falls(risk: &ItemRisk, currency: &str) -> Vec<String> {
    risk.falls.iter().flatten().map(|(unit, harm)| amount(*harm, *unit, currency)).collect()
}

fn losses(stake: &Stake, id: &ItemId) -> (Vec<LossListed>, bool) {
    let currency = &stake.inputs.policy.currency;
    let Some(loss) = stake.posture.services.iter().find(|loss| loss.service == *id) else {
        return (Vec::new(), true);
    };
    let listed = loss.summaries.iter().map(|(unit, year)| LossListed {
        unit: unit_words(*unit, "money").replace(' ', "_"),
        mean: year.mean,
        p10: year.p10,
        p50: year.p50,
        p90: year.p90,
        var95: year.var95,
        var99: year.var99,
        words: [unit_words(*unit, currency)]
            .into_iter()
            .chain([year.mean, year.p10, year.p50, year.p90, year.var95, year.var99].map(short))
            .collect(),
    });
    (listed.collect(), loss.is_unsure)
}

async fn shown(app: &App, ctx: &OpContext, id: &ItemId) -> Result<(ServiceStake, Vec<(String, Plot)>), Problem> {
    let openings = app.office.openings(ctx).await?;
    let stake = app.office.stake(ctx).await?;
    let none = || Problem::not_found(format!("there is no service {id}"));
    let place = openings.openings.iter().position(|opening| opening.service == *id).ok_or_else(none)?;
    let opening = openings.openings.get(place).ok_or_else(none)?;
    let risk = stake.posture.items.get(id).ok_or_else(none)?;
    let currency = &stake.inputs.policy.currency;
    let (losses, is_unsure) = losses(&stake, id);
    let curves = stake.posture.services.iter().find(|loss| loss.service == *id).map(|loss| &loss.curves);
    let plots = curves.into_iter().flatten().map(|(unit, curve)| (unit_words(*unit, currency), Plot::of(curve)));
    let plots = plots.filter(|(_, plot)| !plot.is_empty()).collect();
    let probability = risk.probability;
    let shown = ServiceStake {
        opening: OpeningListed::of(place + 1, opening, currency),
        probability: probability.get(),
        probability_words: format!("{} ({})", percent(probability.get()), level(probability)),
        falls: falls(risk, currency),
        losses,
        is_unsure,
    };
    Ok((shown, plots))
}

/// What is at stake with a service: the page, or with `.json` behind its name the document.
#[utoipa::path(get, path = "/risk/services/{id}", tag = "Risk", security(("session" = []), ("token" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?(\\.json)?$")),
    responses((status = 200, content((String = "text/html"), (ServiceStake = "application/json")))))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    visit: Result<Visit, Problem>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    if let Some(id) = name.strip_suffix(".json") {
        return Ok(Json(shown(&app, &caller.ctx, &item_id(id)?).await?.0).into_response());
    }
    let visit = visit?;
    let (shown, plots) = shown(&app, &visit.visitor.ctx, &item_id(&name)?).await?;
    let shell = Shell::inside(&app, &visit, shown.opening.title.clone(), "/risk").await?;
    Ok(Html(Page { shell, tabs: tabs(""), shown, plots }).into_response())
}
