//! One item of the register: what it is, what it needs and what needs it, and what it was.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::access::Operation;
use engine::office::{ItemVersion, ItemView, LinkPlace, LinkVersion, LinkedItem};
use model::register::{
    Categorization, DataCategory, DataHeld, Exposure, Impact, Item, ItemId, Lifecycle, LinkKind, Objective, Software,
};
use model::{OpContext, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::categorize::{Weighed, weigh};
use super::{Choice, ItemListed, UNSAID, choices, item_id, moment_of};
use crate::app::App;
use crate::asked::{Path, Query};
use crate::problem::Problem;
use crate::shape::moment;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// What a form says where nobody has said anything.
const NOBODY: &str = "nobody has said";

/// Which moment is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedAt {
    /// As it was at that moment: a date (its beginning in UTC), or a time in UTC.
    #[param(pattern = "^([0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z)?)?$")]
    at: String,
}

#[derive(Template)]
#[template(path = "register_item.html")]
struct Page {
    shell: Shell,
    shown: ItemDocument,
    form: FormValues,
    weighed: Weighed,
    history: Vec<HistoryLine>,
    at: String,
    link_kinds: Vec<&'static str>,
    categories: String,
    /// Since when this version holds, as the form says it back.
    version: i64,
    may_write: bool,
}

impl Page {
    /// What it needs, and what needs it: words, links, and whether they are its own.
    fn sections(&self) -> [(&'static str, &[ItemLinkShown], bool); 2] {
        [("What it needs", &self.shown.links_from, true), ("What needs it", &self.shown.links_to, false)]
    }
}

/// What is sent, what people read, and whether it is chosen.
type NamedChoice = (&'static str, &'static str, bool);

/// What stands in the form for changes.
struct FormValues {
    states: Vec<Choice>,
    exposures: Vec<Choice>,
    life_safety: Vec<NamedChoice>,
    data_said: Vec<NamedChoice>,
    data: String,
    addresses: String,
    labels: String,
    information_types: String,
    software: String,
}

/// A line of the history.
struct HistoryLine {
    at: String,
    by: String,
    what: String,
}

/// A program on an item.
#[derive(Serialize, ToSchema)]
struct SoftwareShown {
    vendor: String,
    product: String,
    version: String,
    cpe: Option<String>,
    purl: Option<String>,
}

/// Personal data that an item holds.
#[derive(Serialize, ToSchema)]
struct DataHeldShown {
    category: &'static str,
    /// Of how many residents; nothing when nobody has said.
    residents: Option<u64>,
}

/// What is at stake in one objective.
#[derive(Serialize, ToSchema)]
struct ObjectiveShown {
    /// `low`, `moderate` or `high`: what follows from the information types.
    proposed: Option<&'static str>,
    /// What people decided.
    decided: Option<&'static str>,
    why: String,
}

/// How bad it would be.
#[derive(Serialize, ToSchema)]
struct CategorizationShown {
    confidentiality: ObjectiveShown,
    integrity: ObjectiveShown,
    availability: ObjectiveShown,
    /// The highest of the three; nothing while one is open.
    high_water: Option<&'static str>,
}

/// A link of an item.
#[derive(Serialize, ToSchema)]
struct ItemLinkShown {
    from: String,
    /// `depends-on`, `runs-on`, `stores-in`, `sends-to`, `delivered-by`, `administered-by` or `supplied-by`.
    kind: &'static str,
    to: String,
    /// What stands at the other end.
    other: String,
    #[schema(value_type = super::RegisterKindName)]
    other_kind: &'static str,
    other_title: String,
    #[schema(value_type = super::RegisterStateName)]
    other_state: &'static str,
    protocol: String,
    port: Option<u16>,
    /// Nothing when nobody has said.
    is_authenticated: Option<bool>,
    /// Nothing when nobody has said.
    is_encrypted: Option<bool>,
    /// Categories of personal data that go over it; nothing when nobody has said.
    data: Option<Vec<&'static str>>,
    about: String,
    #[schema(format = DateTime)]
    since: String,
    by: String,
}

/// What an item was.
#[derive(Serialize, ToSchema)]
struct ItemVersionShown {
    #[serde(flatten)]
    item: ItemListed,
    /// Until when it was so; nothing while it is.
    #[schema(format = DateTime)]
    until: Option<String>,
}

/// Everything about an item.
#[derive(Serialize, ToSchema)]
struct ItemDocument {
    #[serde(flatten)]
    item: ItemListed,
    about: String,
    information_types: Vec<String>,
    is_mobile: bool,
    /// What a day without it costs; nothing when nobody has said.
    day_costs: Option<u64>,
    data_held: Option<Vec<DataHeldShown>>,
    categorization: Option<CategorizationShown>,
    software: Vec<SoftwareShown>,
    /// What it needs.
    links_from: Vec<ItemLinkShown>,
    /// What needs it.
    links_to: Vec<ItemLinkShown>,
    /// There are more links than these.
    links_cut: bool,
    /// What it was, the latest first.
    versions: Vec<ItemVersionShown>,
}

impl ItemDocument {
    fn of(view: &ItemView, versions: &[ItemVersion]) -> Self {
        let item = &view.version.item;
        let held = |held: &DataHeld| DataHeldShown { category: held.category.name(), residents: held.residents };
        let software = item.software.iter().map(|one| SoftwareShown {
            vendor: one.vendor.clone(),
            product: one.product.clone(),
            version: one.version.clone(),
            cpe: one.cpe.clone(),
            purl: one.purl.clone(),
        });
        ItemDocument {
            item: ItemListed::of(&view.version),
            about: item.about.clone(),
            information_types: item.information_types.clone(),
            is_mobile: item.is_mobile,
            day_costs: item.day_costs,
            data_held: item.data.as_ref().map(|data| data.iter().map(held).collect()),
            categorization: item.categorization.as_ref().map(categorization),
            software: software.collect(),
            links_from: view.links_from.iter().map(|one| link_shown(one, &one.version.link.to)).collect(),
            links_to: view.links_to.iter().map(|one| link_shown(one, &one.version.link.from)).collect(),
            links_cut: view.is_cut,
            versions: versions
                .iter()
                .map(|version| ItemVersionShown {
                    item: ItemListed::of(version),
                    until: version.until.map(|at| at.to_string()),
                })
                .collect(),
        }
    }

    /// Yes, no, or that nobody has said it.
    fn said(&self, said: &Option<bool>) -> &'static str {
        match said {
            Some(true) => "yes",
            Some(false) => "no",
            None => UNSAID,
        }
    }

    fn number(&self, said: &Option<u64>) -> String {
        said.map_or_else(|| UNSAID.to_owned(), |number| number.to_string())
    }
}

fn categorization(known: &Categorization) -> CategorizationShown {
    let objective = |one: &Objective| ObjectiveShown {
        proposed: one.proposed.map(Impact::name),
        decided: one.decided.map(Impact::name),
        why: one.why.clone(),
    };
    CategorizationShown {
        confidentiality: objective(&known.confidentiality),
        integrity: objective(&known.integrity),
        availability: objective(&known.availability),
        high_water: known.high_water().map(Impact::name),
    }
}

fn link_shown(one: &LinkedItem, other: &ItemId) -> ItemLinkShown {
    let link = &one.version.link;
    let interface = link.interface.clone().unwrap_or_default();
    ItemLinkShown {
        from: link.from.to_string(),
        kind: link.kind.name(),
        to: link.to.to_string(),
        other: other.to_string(),
        other_kind: one.kind.name(),
        other_title: one.title.clone(),
        other_state: one.state.name(),
        protocol: interface.protocol,
        port: interface.port,
        is_authenticated: interface.is_authenticated,
        is_encrypted: interface.is_encrypted,
        data: link.data.as_ref().map(|data| data.iter().map(|category| category.name()).collect()),
        about: link.about.clone(),
        since: one.version.from.to_string(),
        by: one.version.by.clone(),
    }
}

impl FormValues {
    fn of(item: &Item) -> Self {
        let data = item.data.iter().flatten().map(|held| match held.residents {
            Some(residents) => format!("{} {residents}", held.category),
            None => held.category.to_string(),
        });
        let life_safety = item.is_life_safety.map_or("", |is_so| if is_so { "yes" } else { "no" });
        let data_said = match &item.data {
            None => "",
            Some(held) if held.is_empty() => "none",
            Some(_) => "these",
        };
        FormValues {
            states: choices(Lifecycle::ALL, Lifecycle::name, item.state.name()),
            exposures: choices(Exposure::ALL, Exposure::name, item.exposure.map_or("", Exposure::name)),
            life_safety: [("", NOBODY), ("yes", "yes"), ("no", "no")]
                .map(|(value, words)| (value, words, value == life_safety))
                .to_vec(),
            data_said: [("", NOBODY), ("none", "none"), ("these", "as below")]
                .map(|(value, words)| (value, words, value == data_said))
                .to_vec(),
            data: data.collect::<Vec<_>>().join("\n"),
            addresses: item.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            labels: item.labels.join("\n"),
            information_types: item.information_types.join("\n"),
            software: item.software.iter().map(Software::written).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// What changed, the latest first: of the item and of its links.
fn lines(versions: &[ItemVersion], links: &[LinkVersion], name: impl Fn(&str) -> String) -> Vec<HistoryLine> {
    let mut lines: Vec<(Timestamp, HistoryLine)> = Vec::new();
    let mut tell = |at: Timestamp, by: &str, what: String| {
        lines.push((at, HistoryLine { at: moment(at), by: name(by), what }));
    };
    for (at, version) in versions.iter().enumerate() {
        let what = match versions.get(at + 1) {
            Some(before) => format!("changed: {}", fields(&before.item, &version.item)),
            None => format!("{}: {}", version.item.kind, version.item.title),
        };
        tell(version.from, &version.by, what);
    }
    for version in links {
        let place = LinkPlace::of(&version.link);
        tell(version.from, &version.by, format!("linked: {place}"));
        if let (Some(until), Some(by)) = (version.until, &version.ended_by) {
            tell(until, by, format!("ended or changed: {place}"));
        }
    }
    lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The names of the fields in which two versions differ.
fn fields(before: &Item, after: &Item) -> String {
    let fields = |item: &Item| serde_json::to_value(item).ok().and_then(|value| value.as_object().cloned());
    let (before, after) = (fields(before).unwrap_or_default(), fields(after).unwrap_or_default());
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    changed.map(|name| name.replace('_', " ")).collect::<Vec<_>>().join(", ")
}

/// An item: the page, or with `.json` behind its name the document.
#[utoipa::path(get, path = "/register/items/{id}", tag = "Register",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?(\\.json)?$"), AskedAt),
    security(("session" = []), ("token" = [])),
    responses(
        (status = 200, description = "The item", content(
            (String = "text/html"), (ItemDocument = "application/json")))))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    visit: Result<Visit, Problem>,
    Path(name): Path<String>,
    Query(asked): Query<AskedAt>,
) -> Result<Response, Problem> {
    let at = moment_of(&asked.at)?;
    if let Some(id) = name.strip_suffix(".json") {
        let (view, versions, _) = everything(&app, &caller.ctx, id, at).await?;
        return Ok(Json(ItemDocument::of(&view, &versions)).into_response());
    }
    let visit = visit?;
    let ctx = &visit.visitor.ctx;
    let (view, versions, links) = everything(&app, ctx, &name, at).await?;
    let said = versions.iter().map(|version| version.by.as_str());
    let linked = links.iter().flat_map(|version| [Some(version.by.as_str()), version.ended_by.as_deref()]);
    let actors: std::collections::BTreeSet<&str> = said.chain(linked.flatten()).collect();
    let names = app.office.names(ctx, &actors.into_iter().collect::<Vec<_>>()).await?;
    let history = lines(&versions, &links, |by| names.show(by).to_owned());
    let shell = Shell::inside(&app, &visit, view.version.item.title.clone(), "/register").await?;
    Ok(Html(Page {
        shell,
        shown: ItemDocument::of(&view, &versions),
        form: FormValues::of(&view.version.item),
        weighed: weigh(&app, ctx, &view.version.item).await?,
        history,
        link_kinds: LinkKind::ALL.iter().map(|kind| kind.name()).collect(),
        categories: DataCategory::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", "),
        version: view.version.from.as_micros(),
        may_write: at.is_none() && app.office.offers(ctx, Operation::RegisterWrite),
        at: asked.at,
    })
    .into_response())
}

async fn everything(
    app: &App,
    ctx: &OpContext,
    id: &str,
    at: Option<Timestamp>,
) -> Result<(ItemView, Vec<ItemVersion>, Vec<LinkVersion>), Problem> {
    let id = item_id(id)?;
    let view = app.office.item(ctx, &id, at).await?;
    let before = at.map(|at| at.plus(std::time::Duration::from_micros(1)));
    let (versions, links) = app.office.item_history(ctx, &id, before).await?;
    Ok((view, versions, links))
}
