//! Sharing: what left, to whom, and why; what did not; how peers do; and who is in which group.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{Departed, PeerView};
use engine::share::GroupDocument;
use model::{OpContext, Timestamp, limits};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::asked::Query;
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, query};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Departures of a page.
const PAGE_ROWS: usize = 100;

/// What an address asks for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// What left for this peer only.
    #[param(max_length = 128)]
    to: String,
    /// Before this moment: `next` of the answer before.
    #[param(pattern = "^(0|[1-9][0-9]{0,17})$")]
    before: Option<String>,
}

#[derive(Template)]
#[template(path = "sharing.html")]
struct Page {
    shell: Shell,
    shared: Sharing,
    to: String,
    next: Option<String>,
    twins: String,
}

impl Page {
    /// Twins write times in full; people read seconds.
    fn moment(&self, written: &str) -> String {
        written.get(..19).unwrap_or(written).replace('T', " ")
    }

    fn noun(&self, times: &u64, what: &str) -> String {
        model::words::noun_of(*times, what)
    }

    fn moment_or(&self, written: &Option<String>) -> String {
        written.as_ref().map_or_else(|| "never".to_owned(), |at| self.moment(at))
    }
}

/// Something that left.
#[derive(Serialize, ToSchema)]
struct DepartureListed {
    /// When it left.
    #[schema(format = DateTime)]
    at: String,
    /// For which peer.
    to: String,
    /// `sighting`, `indicator`, `revocation`, `tally`, `technique` or `group`.
    what: String,
    /// What it is about: kind and value, or the group.
    about: String,
    /// Its id in the peer's collection.
    object_id: String,
    /// How far it may travel.
    tlp: &'static str,
    pap: &'static str,
    /// Which rules let it out, and what was changed on the way.
    because: Vec<String>,
    /// A hash over the object as it left (BLAKE3).
    digest: String,
}

/// What did not leave, in the last 30 days.
#[derive(Serialize, ToSchema)]
struct RefusedListed {
    what: String,
    reason: String,
    times: u64,
    #[schema(format = DateTime)]
    last: String,
}

/// A peer.
#[derive(Serialize, ToSchema)]
struct PeerListed {
    name: String,
    /// What it is called among all nodes.
    node: Option<String>,
    /// `live`, `good`, `failing`, `paused` or `new`.
    status: &'static str,
    /// What it is told of.
    shares: Vec<&'static str>,
    /// The strictest marking that may go there; nothing goes there, when it is not said.
    clearance: Option<&'static str>,
    /// It may look up whether something was seen here, without saying what.
    may_look_up: bool,
    /// How much left for it.
    left: u64,
    /// What did not, and why.
    refused: Vec<RefusedListed>,
    /// Claims that came from it, new or changed.
    claims: u64,
    /// Sightings that came from it.
    sightings: u64,
    /// Records that could not be read.
    bad: u64,
    /// The first of those, and why.
    notes: Vec<String>,
    #[schema(format = DateTime)]
    last_success: Option<String>,
    #[schema(format = DateTime)]
    last_news: Option<String>,
    /// What went wrong last.
    error: Option<String>,
}

/// A sharing group.
#[derive(Serialize, ToSchema)]
struct GroupListed {
    name: String,
    /// Whose signature counts.
    owner: String,
    version: u64,
    members: Vec<String>,
    /// The strictest marking that is shared in it.
    tlp: Option<&'static str>,
    #[schema(format = DateTime)]
    until: Option<String>,
    /// What was offered since and refused.
    problem: Option<String>,
}

/// What is shared with whom.
#[derive(Serialize, ToSchema)]
struct Sharing {
    peers: Vec<PeerListed>,
    groups: Vec<GroupListed>,
    /// What left, the latest first.
    departures: Vec<DepartureListed>,
    /// What to ask as `before` for those behind, if there are any.
    next: Option<String>,
}

fn departure((to, departed): (String, Departed)) -> DepartureListed {
    #[derive(Deserialize)]
    struct Why {
        because: Vec<String>,
    }
    let because = serde_json::from_str::<Why>(&departed.why).map(|why| why.because).unwrap_or_default();
    DepartureListed {
        at: departed.added.to_string(),
        to,
        what: departed.what,
        about: departed.about,
        object_id: departed.object_id,
        tlp: departed.marking.tlp.name(),
        pap: departed.marking.pap.name(),
        because,
        digest: departed.digest,
    }
}

fn peer(view: PeerView) -> PeerListed {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let refused = view.refused.into_iter().map(|one| RefusedListed {
        what: one.what,
        reason: one.reason,
        times: one.times,
        last: one.last.to_string(),
    });
    let health = view.health;
    PeerListed {
        node: view.terms.node(&view.peer.name).map(|node| node.to_string()),
        status: health.status(&view.peer),
        shares: view.terms.shares.iter().map(|kind| kind.name()).collect(),
        clearance: view.terms.clearance.map(model::Tlp::name),
        may_look_up: view.terms.may_look_up,
        left: view.left,
        refused: refused.collect(),
        claims: health.claims,
        sightings: health.sightings,
        bad: health.bad,
        notes: health.notes,
        last_success: text(health.last_success),
        last_news: text(health.last_news),
        error: health.error,
        name: view.peer.name,
    }
}

async fn listed(app: &App, ctx: &OpContext, asked: &Asked, rows_max: usize) -> Result<Sharing, Problem> {
    let before = match asked.before.as_deref() {
        None => None,
        Some(text) => {
            let micros = text.parse().map_err(|_| Problem::bad("before is no moment"))?;
            Some(Timestamp::from_micros(micros))
        }
    };
    let to = asked.to.trim();
    let office = &app.office;
    let left = office.departures(ctx, Some(to).filter(|to| !to.is_empty()), before, rows_max).await?;
    let next = left.last().filter(|_| left.len() == rows_max).map(|(_, last)| last.added.as_micros().to_string());
    let groups = office.sharing_groups(ctx).await?.into_iter().map(|(group, document)| {
        let membership = document.map(|document: GroupDocument| document.membership);
        GroupListed {
            name: group.name,
            owner: group.owner,
            version: group.version,
            members: membership.iter().flat_map(|of| &of.members).map(ToString::to_string).collect(),
            tlp: membership.as_ref().map(|of| of.tlp.name()),
            until: membership.as_ref().map(|of| of.until.to_string()),
            problem: Some(group.problem).filter(|problem| !problem.is_empty()),
        }
    });
    Ok(Sharing {
        groups: groups.collect(),
        peers: office.peers(ctx).await?.into_iter().map(peer).collect(),
        departures: left.into_iter().map(departure).collect(),
        next,
    })
}

/// What left, to whom, and why; how peers do; sharing groups.
#[utoipa::path(get, path = "/sharing", tag = "Sharing", params(Asked), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let shared = listed(&app, &visit.visitor.ctx, &asked, PAGE_ROWS).await?;
    let to = asked.to.trim().to_owned();
    let of = if to.is_empty() { Vec::new() } else { vec![("to", to.as_str())] };
    let address = |more: &[(&str, &str)]| format!("/sharing?{}", query(&[of.as_slice(), more].concat()));
    let next = shared.next.as_ref().map(|next| address(&[("before", next)]));
    let twins = query(&of);
    let shell = Shell::inside(&app, &visit, "Sharing", "/sharing").await?;
    Ok(Html(Page { shell, shared, to, next, twins }).into_response())
}

/// What is shared with whom, for programs.
#[utoipa::path(get, path = "/sharing.json", tag = "Sharing", params(Asked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = Sharing)))]
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    Ok(Json(listed(&app, &caller.ctx, &asked, PAGE_ROWS).await?).into_response())
}

/// What left, as a file.
#[utoipa::path(get, path = "/sharing.csv", tag = "Sharing", params(Asked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let shared = listed(&app, &caller.ctx, &asked, limits::INTEL_PAGE_MAX).await?;
    let columns = ["at", "to", "what", "about", "tlp", "pap", "object_id", "because", "digest"];
    Ok(csv_answer("departures", &columns, &shared.departures))
}
