//! What people say of a service by forms: what belongs to it, how bad it would be, which controls, how each is met, what was found, what is to be
//! done. Each form names the version of what was said that was looked at.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::office::Tailor;
use engine::office::rmf::{Action, ActionStatus, Done, Evidence, Implementation, Method, Source};
use model::OpContext;
use model::register::{Impact, ItemId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::form::{day_end, long, must, seen};
use crate::app::App;
use crate::asked::{Form, Path};
use crate::problem::Problem;
use crate::register::{item_id, word};
use crate::visit::Visit;

/// What belongs to a service, whatever links say.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RmfBound {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
    item: String,
    /// It belongs to it, it does not, or its links decide.
    #[schema(pattern = "^(add|remove|undo)$")]
    how: String,
    #[serde(default)]
    #[schema(max_length = 4000)]
    why: String,
}

/// How bad it would be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RmfCategorized {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    /// If it became known; nothing leaves it as it is.
    #[serde(default)]
    #[schema(pattern = "^(low|moderate|high)?$")]
    confidentiality: String,
    /// If it were wrong.
    #[serde(default)]
    #[schema(pattern = "^(low|moderate|high)?$")]
    integrity: String,
    /// If it were not there.
    #[serde(default)]
    #[schema(pattern = "^(low|moderate|high)?$")]
    availability: String,
    /// Why; needed where it is less than proposed.
    #[serde(default)]
    #[schema(max_length = 4000)]
    why: String,
}

/// Which controls.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RmfSelected {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    /// The baseline; nothing for the one that follows.
    #[serde(default)]
    #[schema(pattern = "^(low|moderate|high)?$")]
    baseline: String,
    /// With the privacy overlay, also where nothing asks for it.
    #[serde(default)]
    #[schema(pattern = "^(yes)?$")]
    privacy: String,
}

/// A control that is put in or taken out.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RmfTailored {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(min_length = 1, max_length = 100)]
    control: String,
    /// Put in, taken out, or as the profiles have it.
    #[schema(pattern = "^(add|remove|undo)$")]
    how: String,
    #[serde(default)]
    #[schema(max_length = 4000)]
    why: String,
}

/// How a control is met.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RmfStated {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(min_length = 1, max_length = 100)]
    control: String,
    #[schema(pattern = "^(implemented|partial|planned|alternative|not-applicable)$")]
    status: String,
    #[schema(min_length = 1, max_length = 4000)]
    words: String,
    /// By which item; the service itself when nothing is said.
    #[serde(default)]
    #[schema(pattern = "^([a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?)?$")]
    item: String,
}

/// A control that is taken over from another service.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RmfInherited {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(min_length = 1, max_length = 100)]
    control: String,
    /// From which service.
    #[schema(pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
    from: String,
    #[schema(min_length = 1, max_length = 4000)]
    words: String,
}

/// What somebody found about a control.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RmfAssessed {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    #[schema(min_length = 1, max_length = 100)]
    control: String,
    #[schema(pattern = "^(examine|interview|test)$")]
    method: String,
    #[schema(pattern = "^(met|not-met)$")]
    found: String,
    #[schema(min_length = 1, max_length = 4000)]
    words: String,
    /// What shows it; may be empty.
    #[serde(default)]
    #[schema(max_length = 400)]
    evidence: String,
    /// Where that is.
    #[serde(default)]
    #[schema(max_length = 400)]
    place: String,
    /// Its SHA-256, in hexadecimal digits.
    #[serde(default)]
    #[schema(pattern = "^([0-9a-fA-F]{64})?$")]
    hash: String,
}

/// Something that is to be done.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RmfPlanned {
    /// Which version of what was said was looked at.
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})$")]
    version: String,
    /// A name for it.
    #[schema(pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
    action: String,
    #[schema(min_length = 1, max_length = 100)]
    control: String,
    #[schema(min_length = 1, max_length = 4000)]
    words: String,
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    due: String,
    #[schema(pattern = "^(open|remediating|closed)$")]
    status: String,
}

fn how(text: &str) -> Result<Tailor, Problem> {
    let name = |how| match how {
        Tailor::Add => "add",
        Tailor::Remove => "remove",
        Tailor::Undo => "undo",
    };
    must("how", text, &[Tailor::Add, Tailor::Remove, Tailor::Undo], name)
}

fn other(text: &str) -> Result<ItemId, Problem> {
    ItemId::parse(text).map_err(|error| Problem::bad(error.to_string()))
}

fn done(ctx: &OpContext) -> Done {
    Done { by: ctx.actor.clone(), at: ctx.now }
}

pub(super) fn back_to(id: &ItemId, step: &str) -> Response {
    Redirect::to(&format!("/risk/rmf/{id}#{step}")).into_response()
}

fn back_to_control(id: &ItemId, control: &str) -> Response {
    Redirect::to(&format!("/risk/rmf/{id}/controls/{control}")).into_response()
}

/// Says that an item belongs to a service, does not, or that its links decide.
#[utoipa::path(post, path = "/risk/rmf/{id}/bound", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfBound, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Said; back to the service")))]
pub(crate) async fn bound(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfBound>,
) -> Result<Response, Problem> {
    let (id, seen, item) = (item_id(&id)?, seen(&said.version)?, other(&said.item)?);
    let (how, why) = (how(&said.how)?, long("why", &said.why)?);
    app.office.rmf_bound(&visit.visitor.ctx, (&id, seen), (&item, how, why.as_str())).await?;
    Ok(back_to(&id, "prepare"))
}

/// Decides how bad it would be.
#[utoipa::path(post, path = "/risk/rmf/{id}/categorize", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfCategorized, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Decided; back to the service")))]
pub(crate) async fn categorize(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfCategorized>,
) -> Result<Response, Problem> {
    let (id, seen, why) = (item_id(&id)?, seen(&said.version)?, long("why", &said.why)?);
    let of = |what: &str, text: &str| word(what, text, Impact::ALL, Impact::name);
    let decided = [
        (of("confidentiality", &said.confidentiality)?, why.clone()),
        (of("integrity", &said.integrity)?, why.clone()),
        (of("availability", &said.availability)?, why),
    ];
    app.office.rmf_categorize(&visit.visitor.ctx, (&id, seen), decided).await?;
    Ok(back_to(&id, "categorize"))
}

/// Chooses the controls.
#[utoipa::path(post, path = "/risk/rmf/{id}/select", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfSelected, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Chosen; back to the service")))]
pub(crate) async fn select(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfSelected>,
) -> Result<Response, Problem> {
    let (id, seen) = (item_id(&id)?, seen(&said.version)?);
    let baseline = word("baseline", &said.baseline, Impact::ALL, Impact::name)?;
    let privacy = word("privacy", &said.privacy, &[true], |_| "yes")?;
    app.office.rmf_select(&visit.visitor.ctx, (&id, seen), (baseline, privacy)).await?;
    Ok(back_to(&id, "select"))
}

/// Puts a control in, takes one out, or undoes that.
#[utoipa::path(post, path = "/risk/rmf/{id}/tailor", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfTailored, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Done; back to the service")))]
pub(crate) async fn tailor(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfTailored>,
) -> Result<Response, Problem> {
    let (id, seen) = (item_id(&id)?, seen(&said.version)?);
    let (how, why, control) = (how(&said.how)?, long("why", &said.why)?, said.control.trim());
    app.office.rmf_tailor(&visit.visitor.ctx, (&id, seen), (control, how, why.as_str())).await?;
    Ok(back_to(&id, "select"))
}

/// Says how a control is met.
#[utoipa::path(post, path = "/risk/rmf/{id}/state", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfStated, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Said; back to the control")))]
pub(crate) async fn state(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfStated>,
) -> Result<Response, Problem> {
    let (id, seen, words) = (item_id(&id)?, seen(&said.version)?, long("words", &said.words)?);
    let status = must("status", &said.status, Implementation::ALL, Implementation::name)?;
    let item = if said.item.is_empty() { id.clone() } else { other(&said.item)? };
    let (of, control) = ((&id, seen), said.control.as_str());
    app.office.rmf_state(&visit.visitor.ctx, (of, control), (status, words.as_str(), Source::Item(item))).await?;
    Ok(back_to_control(&id, control))
}

/// Says that a control is taken over from another service.
#[utoipa::path(post, path = "/risk/rmf/{id}/inherit", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfInherited, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Said; back to the control")))]
pub(crate) async fn inherit(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfInherited>,
) -> Result<Response, Problem> {
    let (id, seen, words) = (item_id(&id)?, seen(&said.version)?, long("words", &said.words)?);
    let how = (Implementation::Implemented, words.as_str(), Source::InheritedFrom(other(&said.from)?));
    let (of, control) = ((&id, seen), said.control.as_str());
    app.office.rmf_state(&visit.visitor.ctx, (of, control), how).await?;
    Ok(back_to_control(&id, control))
}

/// Keeps what somebody found about a control.
#[utoipa::path(post, path = "/risk/rmf/{id}/assess", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfAssessed, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Kept; back to the control")))]
pub(crate) async fn assess(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfAssessed>,
) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let (id, seen, words) = (item_id(&id)?, seen(&said.version)?, long("words", &said.words)?);
    let method = must("method", &said.method, Method::ALL, Method::name)?;
    let is_met = must("found", &said.found, &[true, false], |is| if is { "met" } else { "not-met" })?;
    let what = long("evidence", &said.evidence)?;
    let place = long("place", &said.place)?;
    let hash = said.hash.to_ascii_lowercase();
    let evidence = match (what.is_empty(), place.is_empty() && hash.is_empty()) {
        (true, true) => Vec::new(),
        (true, false) => return Err(Problem::bad("evidence: say what it is")),
        (false, _) => vec![Evidence { what, place, hash, at: ctx.now }],
    };
    let (of, control) = ((&id, seen), said.control.as_str());
    app.office.rmf_assess(ctx, (of, control), (method, is_met, words.as_str()), evidence).await?;
    Ok(back_to_control(&id, control))
}

/// Plans something that is to be done, or says where it stands.
#[utoipa::path(post, path = "/risk/rmf/{id}/plan", tag = "Risk", security(("session" = [])),
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    request_body(content = RmfPlanned, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Planned; back to the service")))]
pub(crate) async fn plan(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<RmfPlanned>,
) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let (id, seen) = (item_id(&id)?, seen(&said.version)?);
    let action = Action {
        control: said.control.trim().to_owned(),
        words: long("words", &said.words)?,
        due: day_end("due", &said.due)?,
        status: must("status", &said.status, ActionStatus::ALL, ActionStatus::name)?,
        done: done(ctx),
    };
    app.office.rmf_plan(ctx, ((&id, seen), said.action.as_str()), action).await?;
    Ok(back_to(&id, "assess"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_something_is_tailored() {
        assert_eq!(how("undo").unwrap(), Tailor::Undo);
        assert!(how("").is_err() && how("else").is_err());
    }
}
