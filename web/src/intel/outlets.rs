//! Outlets: what leaves for blocklists and detectors, who fetches it, and making, pausing and removing them.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use engine::access::Operation;
use engine::intel::{LeftOut, OutletForm, OutletSettings, OutletUse};
use engine::office::{AddedOutlet, OutletView};
use model::{Confidence, Level, OpContext, Pap, Timestamp, Tlp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::{Confirmed, Form, Path};
use crate::outlets::PREFIX;
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, moment};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit, write_token};

/// For how many days a token is good when nobody says.
const DAYS: u32 = 365;

/// What each form is for, in words.
const FORMS: [(OutletForm, &str); 9] = [
    (OutletForm::Rpz, "policy zone for resolvers"),
    (OutletForm::Nftables, "sets for nft"),
    (OutletForm::Hosts, "hosts file"),
    (OutletForm::Text, "one value a line, for firewalls"),
    (OutletForm::Suricata, "datasets and rules"),
    (OutletForm::Zeek, "intelligence file"),
    (OutletForm::Stix, "STIX 2.1 bundle"),
    (OutletForm::Misp, "MISP feed"),
    (OutletForm::Csv, "table"),
];

#[derive(Template)]
#[template(path = "intel_outlets.html")]
struct Page {
    shell: Shell,
    rows: Vec<OutletListed>,
    forms: [(&'static str, &'static str); 9],
    days: u32,
    may_manage: bool,
    made: Option<Made>,
}

/// An outlet that was just made, with its secrets.
struct Made {
    address: String,
    token: String,
    ends: String,
    key: Option<(String, String)>,
}

impl Page {
    /// Twins write times in full; people read seconds.
    fn moment(&self, written: &Option<String>) -> String {
        written.as_ref().map_or("never".to_owned(), |at| self.short(at))
    }

    fn short(&self, at: &str) -> String {
        at.get(..19).unwrap_or(at).replace('T', " ")
    }
}

/// Indicators that are not in it, and why.
#[derive(Serialize, ToSchema)]
struct OutletLeft {
    why: String,
    count: u64,
    /// The first of them.
    first: String,
}

impl From<LeftOut> for OutletLeft {
    fn from(left: LeftOut) -> Self {
        OutletLeft { why: left.why, count: left.count, first: left.first }
    }
}

/// An outlet.
#[derive(Serialize, ToSchema)]
struct OutletListed {
    name: String,
    /// Where it is fetched.
    address: String,
    /// How it is written: `stix`, `misp`, `csv`, `text`, `suricata`, `zeek`, `nftables`, `rpz`, `hosts`.
    form: &'static str,
    /// `block` or `detect`.
    #[serde(rename = "for")]
    for_: &'static str,
    /// `good`, `new`, `old`, `paused` or `ended`.
    status: &'static str,
    /// The strictest marking that may go there.
    tlp: &'static str,
    /// The strictest PAP that is heeded there.
    pap: &'static str,
    /// The least confidence in percent.
    confidence: u8,
    /// The least level.
    severity: &'static str,
    /// How many indicators it gives.
    entries: u64,
    /// How many it does not give, by reason.
    left: Vec<OutletLeft>,
    bytes: u64,
    /// Of a policy zone: its name.
    zone: Option<String>,
    /// Its version.
    serial: Option<u32>,
    /// The name of its key.
    transfer_key: Option<String>,
    /// When the content changed last.
    #[schema(format = DateTime)]
    changed: Option<String>,
    /// When it was made last, changed or not.
    #[schema(format = DateTime)]
    made: Option<String>,
    /// When it was asked for last.
    #[schema(format = DateTime)]
    asked: Option<String>,
    /// What called itself whoever asked.
    asked_by: Option<String>,
    /// When the token ends.
    #[schema(format = DateTime)]
    expires: String,
}

/// Outlets, by name.
#[derive(Serialize, ToSchema)]
struct OutletList {
    outlets: Vec<OutletListed>,
}

fn row(app: &App, view: OutletView, now: Timestamp) -> OutletListed {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let (status, transfer_key) = (view.status(now), view.transfer_key_name());
    let made = view.made.unwrap_or_default();
    let (asked_by, asked) = view.outlet.asked.unzip();
    OutletListed {
        address: app.settings.address(&format!("{PREFIX}{}", view.outlet.name)),
        name: view.outlet.name,
        form: view.settings.form.name(),
        for_: view.settings.use_.name(),
        status,
        tlp: view.settings.tlp.name(),
        pap: view.settings.pap.name(),
        confidence: view.settings.confidence_min.percent(),
        severity: view.settings.level_min.name(),
        entries: made.entries,
        bytes: made.bytes(),
        left: made.left.into_iter().map(OutletLeft::from).collect(),
        zone: view.settings.rpz.map(|rpz| rpz.zone),
        serial: made.serial,
        transfer_key,
        changed: text(made.changed),
        made: text(made.cleared),
        asked: text(asked),
        asked_by,
        expires: view.outlet.expires.to_string(),
    }
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Vec<OutletListed>, Problem> {
    Ok(app.office.outlets(ctx).await?.into_iter().map(|view| row(app, view, ctx.now)).collect())
}

async fn page(app: &App, visit: &Visit, made: Option<Made>) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let rows = listed(app, ctx).await?;
    let may_manage = app.office.offers(ctx, Operation::OutletManage);
    let shell = Shell::inside(app, visit, "Outlets", "/intel").await?;
    let forms = FORMS.map(|(form, words)| (form.name(), words));
    Ok(Html(Page { shell, rows, forms, days: DAYS, may_manage, made }).into_response())
}

/// What leaves for blocklists and detectors.
#[utoipa::path(get, path = "/intel/outlets", tag = "Intelligence", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    page(&app, &visit, None).await
}

/// What leaves for blocklists and detectors, for programs.
#[utoipa::path(get, path = "/intel/outlets.json", tag = "Intelligence", security(("session" = []), ("token" = [])),
    responses((status = 200, body = OutletList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(OutletList { outlets: listed(&app, &caller.ctx).await? }).into_response())
}

/// What leaves for blocklists and detectors, as a file.
#[utoipa::path(get, path = "/intel/outlets.csv", tag = "Intelligence", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let columns = ["name", "form", "for", "status", "tlp", "pap", "entries", "changed", "asked", "asked_by", "expires"];
    Ok(csv_answer("outlets", &columns, &listed(&app, &caller.ctx).await?))
}

/// How an outlet can be written.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
enum OutletFormName {
    Stix,
    Misp,
    Csv,
    Text,
    Suricata,
    Zeek,
    Nftables,
    Rpz,
    Hosts,
}

/// What may be done with its entries.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
enum OutletUseName {
    Block,
    Detect,
}

/// An outlet that is to be made.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewOutletForm)]
pub(crate) struct Add {
    /// A part of its address.
    #[schema(pattern = "^[a-z0-9_-]{1,63}$")]
    name: String,
    #[schema(value_type = OutletFormName)]
    form: String,
    /// What is usual for the form when it is not said.
    #[serde(default, rename = "for")]
    #[schema(value_type = Option<OutletUseName>, nullable = false)]
    use_: String,
    /// The strictest marking that may go there; amber when it is not said.
    #[serde(default)]
    #[schema(pattern = "^(clear|green|amber|amber\\+strict)?$")]
    tlp: String,
    /// The least confidence in percent.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100)]
    confidence: u8,
    /// Of a policy zone: its name.
    #[serde(default)]
    #[schema(max_length = 127)]
    zone: String,
    /// For how many days the token is good.
    #[schema(minimum = 1, maximum = 3_660)]
    days: u32,
}

impl Add {
    fn settings(&self) -> Result<OutletSettings, String> {
        let form: OutletForm = self.form.parse()?;
        let mut settings = OutletSettings::usual(form);
        if !self.use_.is_empty() {
            settings.use_ = self.use_.parse::<OutletUse>()?;
            if settings.use_ == OutletUse::Block {
                settings.pap = settings.pap.min(Pap::Green);
            }
        }
        if !self.tlp.is_empty() {
            settings.tlp = self.tlp.parse::<Tlp>().map_err(|error| error.to_string())?;
        }
        settings.confidence_min = Confidence::new(self.confidence).ok_or("a confidence is 0 to 100 percent")?;
        settings.level_min = Level::Informational;
        if !self.zone.trim().is_empty() {
            settings.rpz = Some(OutletSettings::usual_zone(self.zone.trim()));
        }
        Ok(settings)
    }
}

/// Makes an outlet, and shows its token once.
#[utoipa::path(post, path = "/intel/outlets/add", tag = "Intelligence", security(("session" = [])),
    request_body(content = Add, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn add(State(app): State<App>, visit: Visit, Form(form): Form<Add>) -> Result<Response, Problem> {
    let settings = form.settings().map_err(Problem::bad)?;
    let added = app.office.add_outlet(&visit.visitor.ctx, &form.name, &settings, form.days).await?;
    let AddedOutlet { secret, expires, transfer_key } = added;
    let made = Made {
        address: app.settings.address(&format!("{PREFIX}{}", form.name)),
        token: write_token(&secret),
        ends: moment(expires),
        key: transfer_key.map(|(name, key)| (name, STANDARD.encode(key))),
    };
    page(&app, &visit, Some(made)).await
}

/// Has an outlet give nothing for now.
#[utoipa::path(post, path = "/intel/outlets/{name}/pause", tag = "Intelligence", params(("name" = String, Path)),
    security(("session" = [])), responses((status = 303, description = "Paused; on to the outlets")))]
pub(crate) async fn pause(State(app): State<App>, visit: Visit, Path(name): Path<String>) -> Result<Response, Problem> {
    app.office.pause_outlet(&visit.visitor.ctx, &name, true).await?;
    Ok(Redirect::to("/intel/outlets").into_response())
}

/// Has an outlet give again.
#[utoipa::path(post, path = "/intel/outlets/{name}/resume", tag = "Intelligence", params(("name" = String, Path)),
    security(("session" = [])), responses((status = 303, description = "It gives again; on to the outlets")))]
pub(crate) async fn resume(
    State(app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    app.office.pause_outlet(&visit.visitor.ctx, &name, false).await?;
    Ok(Redirect::to("/intel/outlets").into_response())
}

/// Removes an outlet: its token opens nothing any more.
#[utoipa::path(post, path = "/intel/outlets/{name}/remove", tag = "Intelligence", params(("name" = String, Path)),
    security(("session" = [])), request_body(content = Confirmed, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Removed; on to the outlets")))]
pub(crate) async fn remove(
    State(app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
    Form(confirmed): Form<Confirmed>,
) -> Result<Response, Problem> {
    confirmed.check("whoever fetches from it gets nothing any more")?;
    app.office.remove_outlet(&visit.visitor.ctx, &name).await?;
    Ok(Redirect::to("/intel/outlets").into_response())
}
