//! The city's posture by the Cybersecurity Framework: a picture with its table, gaps to close first, what the answers rest on, years, and the
//! anonymous comparison. Answering is a page for each function ([`answer`]).

pub(crate) mod answer;
mod document;
mod picture;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::csf::{CsfView, write_table};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use self::document::CsfDocument;
use self::picture::Bars;
use crate::app::App;
use crate::asked::{Form, Query};
use crate::problem::Problem;
use crate::risk::{Tab, tabs};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Gaps on the page; the JSON twin has all of them.
const GAPS_SHOWN: usize = 15;

/// What an address asks for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct CsfAsked {
    /// Of which year; the latest that is answered when nothing is said.
    #[param(pattern = "^(2[01][0-9]{2})?$")]
    year: String,
}

/// The year as a text says it.
fn year_of(text: &str) -> Result<i16, Problem> {
    let is_shaped = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let year = text.parse::<i16>().ok().filter(|year| is_shaped && (2000..=2199).contains(year));
    year.ok_or_else(|| Problem::bad("a year is from 2000 to 2199"))
}

/// The number of a version as a form says it; 0 when there was none.
fn version_of(text: &str) -> Result<u64, Problem> {
    let number = text.parse::<u64>().ok().filter(|number| text.len() <= 9 && number.to_string() == text);
    number.ok_or_else(|| Problem::bad("version says which one was looked at"))
}

impl CsfAsked {
    fn read(&self) -> Result<Option<i16>, Problem> {
        if self.year.is_empty() { Ok(None) } else { year_of(&self.year).map(Some) }
    }
}

#[derive(Template)]
#[template(path = "risk_csf.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    of: CsfDocument,
    bars: Bars,
    tiers: Vec<(u8, String)>,
    gaps_more: usize,
    may_write: bool,
}

impl Page {
    /// A number with two digits behind the point, or a dash.
    fn number(&self, value: &Option<f64>) -> String {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
    }

    /// The same with its sign.
    fn signed(&self, value: &Option<f64>) -> String {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:+.2}"))
    }

    /// Steps that an error has.
    fn error(&self, value: &f64) -> String {
        format!("{value:.2}")
    }

    /// What all gifts tell, without digits that say nothing.
    fn epsilon(&self) -> String {
        let text = format!("{:.2}", self.of.epsilon_spent);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    fn is_tier(&self, tier: &Option<u8>, one: &u8) -> bool {
        tier.as_ref() == Some(one)
    }
}

/// The city's posture.
#[utoipa::path(get, path = "/risk/csf", tag = "Risk", params(CsfAsked), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<CsfAsked>,
) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let view = app.office.csf_posture(ctx, asked.read()?).await?;
    let shell = Shell::inside(&app, &visit, "Posture", "/risk").await?;
    let mut of = CsfDocument::of(&view);
    let gaps_more = of.gaps.len().saturating_sub(GAPS_SHOWN);
    of.gaps.truncate(GAPS_SHOWN);
    Ok(Html(Page {
        shell,
        tabs: tabs("/risk/csf"),
        bars: Bars::of(&view),
        tiers: view.questions.set.tiers().map(|(tier, name)| (tier, name.to_owned())).collect(),
        of,
        gaps_more,
        may_write: app.office.offers(ctx, Operation::RiskWrite),
    })
    .into_response())
}

async fn viewed(app: &App, caller: &Caller, asked: &CsfAsked) -> Result<CsfView, Problem> {
    Ok(app.office.csf_posture(&caller.ctx, asked.read()?).await?)
}

/// The city's posture, for programs.
#[utoipa::path(get, path = "/risk/csf.json", tag = "Risk", params(CsfAsked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = CsfDocument)))]
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<CsfAsked>,
) -> Result<Response, Problem> {
    Ok(Json(CsfDocument::of(&viewed(&app, &caller, &asked).await?)).into_response())
}

/// The answers of a year as a table: question, current, target, note.
#[utoipa::path(get, path = "/risk/csf.csv", tag = "Risk", params(CsfAsked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<CsfAsked>,
) -> Result<Response, Problem> {
    let view = viewed(&app, &caller, &asked).await?;
    let disposition = format!("attachment; filename=\"csf-{}.csv\"", view.assessment.year);
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, write_table(&view.assessment, &view.questions.set)).into_response())
}

/// How the city deals with risk as a whole.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CsfTierSaid {
    /// The number of the version that was looked at; 0 when there was none.
    #[schema(pattern = "^(0|[1-9][0-9]{0,8})$")]
    version: String,
    #[schema(pattern = "^2[01][0-9]{2}$")]
    year: String,
    /// The tier; empty when nobody says.
    #[serde(default)]
    #[schema(pattern = "^([1-9]|10)?$")]
    tier: String,
    /// The tier that is wanted.
    #[serde(default)]
    #[schema(pattern = "^([1-9]|10)?$")]
    tier_target: String,
}

/// A small number, or nothing.
fn level_of(name: &str, text: &str) -> Result<Option<u8>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let level = text.parse::<u8>().ok().filter(|level| level.to_string() == text);
    level.map(Some).ok_or_else(|| Problem::bad(format!("{name} is a small number, or empty")))
}

/// Says how the city deals with risk as a whole.
#[utoipa::path(post, path = "/risk/csf", tag = "Risk", security(("session" = [])),
    request_body(content = CsfTierSaid, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Said; back to the posture")))]
pub(crate) async fn tier(
    State(app): State<App>,
    visit: Visit,
    Form(said): Form<CsfTierSaid>,
) -> Result<Response, Problem> {
    let (year, version) = (year_of(&said.year)?, version_of(&said.version)?);
    let tiers = (level_of("tier", &said.tier)?, level_of("tier_target", &said.tier_target)?);
    app.office.set_csf_tier(&visit.visitor.ctx, (year, Some(version)), tiers).await?;
    Ok(Redirect::to(&format!("/risk/csf?year={year}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_versions_and_steps_are_exact() {
        assert_eq!(year_of("2026").ok(), Some(2026));
        for text in ["", "26", "1999", "2200", "+026", "20261", "２０２６"] {
            assert!(year_of(text).is_err(), "{text}");
        }
        assert_eq!((version_of("0").ok(), version_of("17").ok()), (Some(0), Some(17)));
        for text in ["", "-1", "+1", "01", "x", "1234567890"] {
            assert!(version_of(text).is_err(), "{text}");
        }
        assert_eq!((level_of("x", "").ok(), level_of("x", "7").ok()), (Some(None), Some(Some(7))));
        for text in ["07", "+7", "256", "x", " 7"] {
            assert!(level_of("x", text).is_err(), "{text}");
        }
    }
}
