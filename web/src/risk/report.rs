//! The report about what is at stake, as one file that needs nothing beside it: to be printed, signed, and sent to whoever decides.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use engine::office::{Openings, Stake, Unit, level};
use model::register::ItemKind;

use super::amount::{amount, percent, short, unit_words};
use super::curve::Plot;
use super::openings::{OpeningListed, listed};
use crate::app::App;
use crate::problem::Problem;
use crate::register::layout::{Picture, lay_out};
use crate::shape::moment;
use crate::visit::Visit;

/// Services whose reasons the report tells.
const SERVICES_MAX: usize = 200;
/// Things that nobody has said which it names.
const UNSAID_MAX: usize = 200;

#[derive(Template)]
#[template(path = "risk_report.html")]
struct Report {
    agency: String,
    reckoned: String,
    years: Vec<(String, Vec<String>, Plot)>,
    openings: Vec<OpeningListed>,
    stakes: Vec<ServiceRow>,
    picture: Picture,
    unsaid: Vec<String>,
    unsaid_count: usize,
    tolerances: Vec<String>,
    draws: u64,
}

/// What is at stake with a service.
struct ServiceRow {
    title: String,
    probability: String,
    falls: Vec<String>,
}

/// The report, as a page of its own (HTML) with all that it needs.
///
/// # Errors
/// When the page cannot be written.
pub fn report(agency: &str, stake: &Stake, openings: &Openings) -> Result<String, askama::Error> {
    let policy = &stake.inputs.policy;
    let currency = &policy.currency;
    let year = |(unit, harm): (&Unit, &engine::office::YearlyHarm)| {
        let curve = stake.posture.curves.get(unit).map(Vec::as_slice).unwrap_or_default();
        let figures = [harm.mean, harm.p50, harm.p90, harm.var95, harm.var99].map(short);
        (unit_words(*unit, currency), figures.to_vec(), Plot::of(curve))
    };
    let register = &stake.inputs.register;
    let services = stake.posture.items.iter().filter_map(|(id, risk)| {
        let item = register.items.get(id).filter(|item| item.kind == ItemKind::Service)?;
        let probability = format!("{} ({})", percent(risk.probability.get()), level(risk.probability));
        let falls = risk.falls.iter().flatten().map(|(unit, harm)| amount(*harm, *unit, currency)).collect();
        Some(ServiceRow { title: item.title.clone(), probability, falls })
    });
    let mut order = listed(openings);
    order.truncate(SERVICES_MAX);
    let tolerances = policy.tolerances.iter().map(|(unit, most)| amount(*most, *unit, currency)).collect();
    Report {
        agency: agency.to_owned(),
        reckoned: moment(stake.at),
        years: stake.posture.harms.iter().map(year).collect(),
        openings: order,
        stakes: services.take(SERVICES_MAX).collect(),
        picture: lay_out(&register.items, &register.links, None),
        unsaid: stake.posture.unsaid.iter().take(UNSAID_MAX).map(ToString::to_string).collect(),
        unsaid_count: stake.posture.unsaid.len(),
        tolerances,
        draws: stake.posture.draws,
    }
    .render()
}

/// The report, as a file.
#[utoipa::path(get, path = "/risk/report", tag = "Risk", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn download(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let stake = app.office.stake(ctx).await?;
    let openings = app.office.openings(ctx).await?;
    let text = report(ctx.agency.as_str(), &stake, &openings).map_err(|error| {
        tracing::error!(%error, "the report cannot be written");
        Problem::not_yet("the report could not be written")
    })?;
    // Its looks are inside of it, which the console's own pages may not have: it is saved, not shown here.
    let disposition = "attachment; filename=\"risk-report.html\"";
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, text).into_response())
}
