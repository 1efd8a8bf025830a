//! A thing that somebody lists: who claims what, what that comes to and why, and what was seen of it.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{InboxRow, IndicatorView, Sighted};
use model::{Marking, OpContext, Timestamp, Tlp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::asked::{Form, Query};
use crate::problem::Problem;
use crate::shape::{moment, query};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Which thing.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// An address, range, domain, URL, path, hash or e-mail address, as people write it; defanged, too.
    #[serde(default)]
    #[param(max_length = 4096)]
    value: String,
}

#[derive(Template)]
#[template(path = "indicator.html")]
struct Page {
    shell: Shell,
    asked: String,
    found: Option<Shown>,
    may_write: bool,
    /// Markings, each with whether it is meant when nothing is said.
    markings: [(&'static str, bool); 5],
}

impl Page {
    fn moment(&self, at: &Timestamp) -> String {
        moment(*at)
    }
}

/// An indicator as the page shows it.
struct Shown {
    of: Indicator,
    findings: Vec<InboxRow>,
}

/// What a source claims.
#[derive(Serialize, ToSchema)]
struct ClaimShown {
    source: String,
    /// What the source calls it.
    label: String,
    /// How sure the source says it is, in percent.
    confidence: u8,
    /// How bad a sighting would be, says the source.
    severity: &'static str,
    /// To whom it may go: `clear`, `green`, `amber`, `amber+strict`, `red`.
    tlp: &'static str,
    /// What may be done with it: `clear`, `green`, `amber`, `red`.
    pap: &'static str,
    /// The source's own name of it.
    reference: Option<String>,
    /// When it came here.
    #[schema(format = DateTime)]
    first: String,
    /// When the source says that it last saw it.
    #[schema(format = DateTime)]
    seen: Option<String>,
    /// Until when it holds, says the source.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Since when the source lists it no more.
    #[schema(format = DateTime)]
    gone: Option<String>,
}

/// What somebody said was seen, on one day.
#[derive(Serialize, ToSchema)]
struct SightingShown {
    /// Who said so, as the ledger names them.
    by: String,
    /// `seen` or `false alarm`.
    what: &'static str,
    times: u64,
    #[schema(format = DateTime)]
    last: String,
}

/// Everything that is known about a thing.
#[derive(Serialize, ToSchema)]
struct Indicator {
    /// What it names: `ipv4`, `domain`, …
    kind: &'static str,
    value: String,
    /// How sure we are, in percent; nothing when nobody claims anything.
    confidence: Option<u8>,
    /// How bad a sighting would be.
    severity: Option<&'static str>,
    /// Where it stands among all, 0 to 1000.
    rank: Option<u16>,
    /// What a sighting leads to: `no`, `count`, `alert`, `targeted`.
    detecting: Option<&'static str>,
    /// Whether it may be blocked.
    may_block: Option<bool>,
    /// Why it is worth so much.
    because: Vec<String>,
    /// Why it may be blocked, or may not.
    blocking_because: Vec<String>,
    claims: Vec<ClaimShown>,
    sightings: Vec<SightingShown>,
    /// Findings here that name it.
    findings: Vec<String>,
}

fn shown(view: IndicatorView) -> Shown {
    use engine::intel::Detecting;
    let weighed = view.weighed;
    let value = weighed.as_ref().map(|weighed| &weighed.value);
    let claims = view.claims.into_iter().map(|(source, kept)| ClaimShown {
        source,
        label: kept.claim.label,
        confidence: kept.claim.confidence.percent(),
        severity: kept.claim.level.name(),
        tlp: kept.claim.marking.tlp.name(),
        pap: kept.claim.marking.pap.name(),
        reference: kept.claim.reference,
        first: kept.first.to_string(),
        seen: kept.claim.seen.map(|at| at.to_string()),
        until: kept.claim.until.map(|at| at.to_string()),
        gone: kept.gone.map(|at| at.to_string()),
    });
    let sightings = view.sightings.into_iter().map(|sighting| SightingShown {
        by: sighting.origin,
        what: if sighting.is_false { "false alarm" } else { "seen" },
        times: sighting.times,
        last: sighting.last.to_string(),
    });
    let of = Indicator {
        kind: view.kind.name(),
        value: view.value,
        confidence: value.map(|weighed| weighed.confidence.percent()),
        severity: value.map(|weighed| weighed.level.name()),
        rank: value.map(|weighed| weighed.rank),
        detecting: value.map(|weighed| match weighed.detecting {
            Detecting::No => "no",
            Detecting::Count => "count",
            Detecting::Alert => "alert",
            Detecting::Targeted => "targeted",
        }),
        may_block: value.map(|weighed| weighed.blocking.value),
        because: weighed.iter().flat_map(|weighed| &weighed.because).map(ToString::to_string).collect(),
        blocking_because: value.iter().flat_map(|weighed| &weighed.blocking.because).map(ToString::to_string).collect(),
        claims: claims.collect(),
        sightings: sightings.collect(),
        findings: view.findings.iter().map(|row| row.id.to_string()).collect(),
    };
    Shown { of, findings: view.findings }
}

async fn found(app: &App, ctx: &OpContext, value: &str) -> Result<Shown, Problem> {
    Ok(shown(app.office.indicator(ctx, value).await?))
}

/// What is known about a thing.
#[utoipa::path(get, path = "/intel", tag = "Intelligence", params(Asked), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let value = asked.value.trim().to_owned();
    let may_write = app.office.offers(ctx, Operation::IntelWrite);
    let found = if value.is_empty() {
        app.office.intel_object_counts(ctx).await?;
        None
    } else {
        let mut shown = found(&app, ctx, &value).await?;
        let by: Vec<&str> = shown.of.sightings.iter().map(|sighting| sighting.by.as_str()).collect();
        let names = app.office.names(ctx, &by).await?;
        let named: Vec<String> = by.iter().map(|by| names.show(by).to_owned()).collect();
        shown.of.sightings.iter_mut().zip(named).for_each(|(sighting, name)| sighting.by = name);
        Some(shown)
    };
    let shell = Shell::inside(&app, &visit, "Indicators", "/intel").await?;
    let markings = Tlp::ALL.map(|tlp| (tlp.name(), tlp == Tlp::UNSTATED));
    Ok(Html(Page { shell, asked: value, found, may_write, markings }).into_response())
}

/// What is known about a thing, for programs.
#[utoipa::path(get, path = "/intel.json", tag = "Intelligence", params(Asked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = Indicator)))]
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    Ok(Json(found(&app, &caller.ctx, asked.value.trim()).await?.of).into_response())
}

/// What somebody says about a thing.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Said {
    /// The thing.
    #[schema(min_length = 1, max_length = 4096)]
    value: String,
    /// `seen`: it was really seen here. `false_alarm`: it is harmless.
    #[schema(pattern = "^(seen|false_alarm)$")]
    what: String,
    /// How far others may be told that it was seen; `amber` when nothing is said. That something is harmless is told to nobody.
    #[serde(default)]
    #[schema(pattern = "^(clear|green|amber|amber\\+strict|red)?$")]
    tlp: String,
}

/// Says that a thing was really seen here, or that it is harmless.
#[utoipa::path(post, path = "/intel/sight", tag = "Intelligence", security(("session" = [])),
    request_body(content = Said, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Kept; back to the thing")))]
pub(crate) async fn sight(State(app): State<App>, visit: Visit, Form(said): Form<Said>) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let is_false = match said.what.as_str() {
        "seen" => false,
        "false_alarm" => true,
        _ => return Err(Problem::bad("say `seen` or `false_alarm`")),
    };
    let tlp = match said.tlp.as_str() {
        "" => Tlp::UNSTATED,
        name => Tlp::ALL.into_iter().find(|tlp| tlp.name() == name).ok_or_else(|| Problem::bad("tlp is no marking"))?,
    };
    let sighted = Sighted { at: ctx.now, marking: Marking { tlp, ..Marking::default() }, groups: &[] };
    app.office.sight_marked(ctx, &said.value, is_false, &sighted).await?;
    Ok(Redirect::to(&format!("/intel?{}", query(&[("value", &said.value)]))).into_response())
}
