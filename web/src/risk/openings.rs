//! The first page about risk: where the city stands, and which service may open to the public first.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{OpeningOf, OpeningVerdict as Verdict, Openings, Stake, Unit};
use model::OpContext;
use serde::Serialize;
use utoipa::ToSchema;

use super::amount::{amount, short, unit_words};
use super::curve::Plot;
use super::{Tab, tabs};
use crate::app::App;
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, moment};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Things that nobody has said which the page names.
const UNSAID_SHOWN: usize = 12;

#[derive(Template)]
#[template(path = "risk.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    years: Vec<YearShown>,
    openings: Vec<OpeningListed>,
    unsaid: Vec<String>,
    unsaid_count: usize,
    own_policy: bool,
    reckoned: String,
    draws: u64,
}

/// The harm of a year in one unit, as it is shown.
struct YearShown {
    unit: String,
    mean: String,
    p50: String,
    p90: String,
    var95: String,
    var99: String,
    plot: Plot,
}

/// What opening a service adds to the harm of a year, in one unit.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedListed {
    /// `money`, `residents`, `resident_hours`.
    pub(crate) unit: String,
    /// On average.
    pub(crate) mean: f64,
    /// Where it lies with 90 %: from there …
    pub(crate) low: f64,
    /// … to there.
    pub(crate) high: f64,
    /// What it does not exceed with 90 %.
    pub(crate) p90: f64,
    /// The same in words.
    pub(crate) words: String,
}

/// Something that has to be done before a service opens, or that would help.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConditionListed {
    /// Its name in the policy; `mend` for vulnerabilities that are open.
    pub(crate) measure: String,
    pub(crate) title: String,
    /// At which items.
    pub(crate) at: Vec<String>,
    /// In the city's currency.
    pub(crate) cost: f64,
    /// The same in words.
    pub(crate) cost_words: String,
    /// Which part of what happens there it takes away.
    pub(crate) takes_away: f64,
}

/// A service that might open, or is open.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpeningListed {
    /// Its place in the order.
    pub(crate) place: usize,
    pub(crate) service: String,
    pub(crate) title: String,
    /// It is open to the public already.
    pub(crate) is_public: bool,
    /// `open`, `open_with_conditions`, `not_yet`.
    #[schema(pattern = "^(open|open_with_conditions|not_yet)$")]
    pub(crate) verdict: &'static str,
    /// The greatest share of what is tolerated that it uses up.
    pub(crate) share_of_tolerance: f64,
    pub(crate) added: Vec<AddedListed>,
    pub(crate) conditions: Vec<ConditionListed>,
    /// What takes away the most for its cost.
    pub(crate) next_best: Option<ConditionListed>,
    /// Why, in sentences.
    pub(crate) because: Vec<String>,
}

/// Which service may open first.
#[derive(Serialize, ToSchema)]
struct OpeningOrder {
    openings: Vec<OpeningListed>,
    /// When it was reckoned.
    #[schema(format = DateTime)]
    reckoned: String,
}

pub(crate) fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "open",
        Verdict::OpenWithConditions => "open_with_conditions",
        Verdict::NotYet => "not_yet",
    }
}

impl OpeningListed {
    pub(crate) fn of(place: usize, opening: &OpeningOf, currency: &str) -> Self {
        let condition = |one: &engine::office::Condition| ConditionListed {
            measure: one.measure.clone(),
            title: one.title.clone(),
            at: one.at.iter().map(ToString::to_string).collect(),
            cost: one.cost,
            cost_words: amount(one.cost, Unit::Money, currency),
            takes_away: one.takes_away.get(),
        };
        let added = opening.added.iter().map(|(unit, added)| AddedListed {
            unit: unit_words(*unit, "money").replace(' ', "_"),
            mean: added.mean,
            low: added.interval.low,
            high: added.interval.high,
            p90: added.p90,
            words: format!("{} (up to {})", amount(added.mean, *unit, currency), short(added.p90)),
        });
        OpeningListed {
            place,
            service: opening.service.to_string(),
            title: opening.title.clone(),
            is_public: opening.is_public,
            verdict: verdict_name(opening.verdict),
            share_of_tolerance: opening.share_of_tolerance,
            added: added.collect(),
            conditions: opening.conditions.iter().map(condition).collect(),
            next_best: opening.next_best.as_ref().map(|(one, _)| condition(one)),
            because: opening.because.iter().map(ToString::to_string).collect(),
        }
    }

    pub(crate) fn verdict_words(&self) -> &'static str {
        match self.verdict {
            "open" => "open",
            "open_with_conditions" => "open with conditions",
            _ => "not yet",
        }
    }

    pub(crate) fn share_words(&self) -> String {
        if self.share_of_tolerance.is_finite() {
            format!("{} %", short(self.share_of_tolerance * 100.0))
        } else {
            "beyond measure".to_owned()
        }
    }

    /// Where harm is added, without units in which there is none.
    pub(crate) fn added_words(&self) -> String {
        let words: Vec<&str> = self.added.iter().filter(|one| one.p90 > 0.0).map(|one| one.words.as_str()).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join("; ") }
    }
}

pub(crate) fn listed(openings: &Openings) -> Vec<OpeningListed> {
    let currency = &openings.inputs.policy.currency;
    let places = openings.openings.iter().enumerate();
    places.map(|(place, opening)| OpeningListed::of(place + 1, opening, currency)).collect()
}

fn years(stake: &Stake) -> Vec<YearShown> {
    let currency = &stake.inputs.policy.currency;
    let year = |(unit, harm): (&Unit, &engine::office::YearlyHarm)| {
        let curve = stake.posture.curves.get(unit).map(Vec::as_slice).unwrap_or_default();
        let [mean, p50, p90, var95, var99] = [harm.mean, harm.p50, harm.p90, harm.var95, harm.var99].map(short);
        YearShown { unit: unit_words(*unit, currency), mean, p50, p90, var95, var99, plot: Plot::of(curve) }
    };
    stake.posture.harms.iter().map(year).collect()
}

/// Where the city stands, and which service may open first.
#[utoipa::path(get, path = "/risk", tag = "Risk", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let stake = app.office.stake(ctx).await?;
    let openings = app.office.openings(ctx).await?;
    let unsaid = &stake.posture.unsaid;
    Ok(Html(Page {
        shell: Shell::inside(&app, &visit, "Opening order", "/risk").await?,
        tabs: tabs("/risk"),
        years: years(&stake),
        openings: listed(&openings),
        unsaid: unsaid.iter().take(UNSAID_SHOWN).map(ToString::to_string).collect(),
        unsaid_count: unsaid.len(),
        own_policy: app.office.risk_policy(ctx).await?.version.is_some(),
        reckoned: moment(stake.at),
        draws: stake.posture.draws,
    })
    .into_response())
}

async fn order(app: &App, ctx: &OpContext) -> Result<OpeningOrder, Problem> {
    let openings = app.office.openings(ctx).await?;
    Ok(OpeningOrder { openings: listed(&openings), reckoned: openings.at.to_string() })
}

/// Which service may open first, for programs.
#[utoipa::path(get, path = "/risk.json", tag = "Risk", security(("session" = []), ("token" = [])),
    responses((status = 200, body = OpeningOrder)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(order(&app, &caller.ctx).await?).into_response())
}

/// Which service may open first, as a file.
#[utoipa::path(get, path = "/risk.csv", tag = "Risk", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let columns = ["place", "service", "title", "is_public", "verdict", "share_of_tolerance", "because"];
    Ok(csv_answer("opening-order", &columns, &order(&app, &caller.ctx).await?.openings))
}
