//! The register: what the city runs, as a list; one item with everything about it ([`item`]); and the service map ([`map`]). What nobody has said
//! is shown as such: it counts as bad where risk is reckoned, never as harmless.

pub(crate) mod categorize;
pub(crate) mod change;
pub(crate) mod item;
pub(crate) mod layout;
pub(crate) mod map;
pub(crate) mod seen;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{ExposureAsked, ItemVersion, ItemsAsked, ItemsPage};
use model::register::{Exposure, Item, ItemId, ItemKind, Lifecycle};
use model::{OpContext, Timestamp, limits};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::asked::{Form, Query};
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, query};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Rows of a page.
const PAGE_ROWS: usize = 100;
/// Most rows of an answer.
const ROWS_MAX: usize = limits::REGISTER_PAGE_MAX - 1;
/// Letters of a text that is searched for.
const TEXT_CHARS_MAX: usize = 256;
/// Letters of a title.
pub(crate) const TITLE_CHARS_MAX: usize = 1_000;
/// What stands where nobody has said anything.
pub(crate) const UNSAID: &str = "unsaid";

/// What an address asks for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only of this kind.
    #[param(value_type = Option<RegisterKindName>, inline)]
    kind: String,
    /// Only with this exposure; `unsaid` for those of which nobody has said it.
    #[param(value_type = Option<ExposureName>, inline)]
    exposure: String,
    /// Only in this state.
    #[param(value_type = Option<RegisterStateName>, inline)]
    state: String,
    /// A part of name, title, owner, labels or addresses, in any case.
    #[param(max_length = 256)]
    text: String,
    /// As it was at that moment: a date (its beginning in UTC), or a time in UTC.
    #[param(pattern = "^([0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z)?)?$")]
    at: String,
    /// Behind which item to go on: `next` of the answer before.
    #[param(pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
    after: Option<String>,
    /// How many rows.
    #[param(minimum = 1, maximum = 1999)]
    rows: Option<usize>,
}

/// What an item is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "the names stand in the document")]
pub(crate) enum RegisterKindName {
    Service,
    Application,
    Machine,
    Device,
    Identity,
    Vendor,
    DataStore,
}

/// Who can reach an item.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
pub(crate) enum ExposureName {
    Isolated,
    Internal,
    Partners,
    Public,
    Unsaid,
}

/// Where an item is in its life.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
pub(crate) enum RegisterStateName {
    Planned,
    Running,
    Retired,
}

/// The word of a list, exactly as it is written there.
pub(crate) fn word<T: Copy>(
    what: &str,
    text: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let found = all.iter().copied().find(|one| name(*one) == text);
    let known = || all.iter().map(|one| name(*one)).collect::<Vec<_>>().join(", ");
    found.map(Some).ok_or_else(|| Problem::bad(format!("{what} is one of: {}", known())))
}

/// A moment as an address says it.
pub(crate) fn moment_of(text: &str) -> Result<Option<Timestamp>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let bad = || Problem::bad("at is a date as 2026-05-01, or a time as 2026-05-01T12:00:00Z");
    let is_shaped = text.is_ascii() && (text.len() == 10 || (text.len() >= 20 && text.ends_with('Z')));
    let is_time = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.TZ".contains(&byte));
    if !is_shaped || !is_time(text) {
        return Err(bad());
    }
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    Timestamp::parse(&whole).map(Some).ok_or_else(bad)
}

/// The name of an item as an address says it.
pub(crate) fn item_id(text: &str) -> Result<ItemId, Problem> {
    ItemId::parse(text).map_err(|error| Problem::not_found(error.to_string()))
}

impl Asked {
    fn read(&self, rows_max: usize) -> Result<ItemsAsked, Problem> {
        let exposure = match self.exposure.as_str() {
            UNSAID => ExposureAsked::Unsaid,
            text => match word("exposure", text, Exposure::ALL, Exposure::name)? {
                Some(exposure) => ExposureAsked::Is(exposure),
                None => ExposureAsked::Any,
            },
        };
        if self.text.chars().count() > TEXT_CHARS_MAX {
            return Err(Problem::bad(format!("a text to search for has at most {TEXT_CHARS_MAX} letters")));
        }
        let rows_max = self.rows.unwrap_or(rows_max);
        if !(1..=ROWS_MAX).contains(&rows_max) {
            return Err(Problem::bad(format!("rows are 1 to {ROWS_MAX}")));
        }
        let after = self.after.as_deref().map(ItemId::parse).transpose();
        Ok(ItemsAsked {
            kind: word("kind", &self.kind, ItemKind::ALL, ItemKind::name)?,
            but: None,
            state: word("state", &self.state, Lifecycle::ALL, Lifecycle::name)?,
            exposure,
            text: self.text.trim().to_owned(),
            at: moment_of(&self.at)?,
            after: after.map_err(|error| Problem::bad(error.to_string()))?,
            rows_max,
        })
    }

    fn address(&self, path: &str, after: &str) -> String {
        let pairs = [
            ("kind", self.kind.as_str()),
            ("exposure", &self.exposure),
            ("state", &self.state),
            ("text", &self.text),
            ("at", &self.at),
            ("after", after),
        ];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("{path}?{}", query(&pairs))
    }
}

/// A word of a list in a form, and whether it is chosen.
pub(crate) type Choice = (&'static str, bool);

/// The words of a list for a form.
pub(crate) fn choices<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, chosen: &str) -> Vec<Choice> {
    all.iter().map(|one| (name(*one), name(*one) == chosen)).collect()
}

#[derive(Template)]
#[template(path = "register.html")]
struct Page {
    shell: Shell,
    rows: Vec<ItemListed>,
    asked: Asked,
    kinds: Vec<Choice>,
    exposures: Vec<Choice>,
    states: Vec<Choice>,
    counts: Vec<(&'static str, u64)>,
    unsaid: u64,
    next: Option<String>,
    twin_json: String,
    twin_csv: String,
    may_write: bool,
}

/// An item in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ItemListed {
    /// Its name for ever.
    pub(crate) id: String,
    #[schema(value_type = RegisterKindName)]
    pub(crate) kind: &'static str,
    pub(crate) title: String,
    #[schema(value_type = RegisterStateName)]
    pub(crate) state: &'static str,
    /// Who can reach it; nothing when nobody has said.
    #[schema(value_type = Option<ExposureName>)]
    pub(crate) exposure: Option<&'static str>,
    /// Who answers for it; empty when nobody has said.
    pub(crate) owner: String,
    /// Categories of personal data; nothing when nobody has said.
    pub(crate) data: Option<Vec<&'static str>>,
    /// Whether lives hang on it; nothing when nobody has said.
    pub(crate) is_life_safety: Option<bool>,
    /// How many residents use it or live with it; nothing when nobody has said.
    pub(crate) residents: Option<u64>,
    pub(crate) addresses: Vec<String>,
    pub(crate) labels: Vec<String>,
    /// Since when it is so.
    #[schema(format = DateTime)]
    pub(crate) since: String,
    /// Who said so, as the ledger names them.
    pub(crate) by: String,
}

impl ItemListed {
    pub(crate) fn of(version: &ItemVersion) -> Self {
        let item = &version.item;
        ItemListed {
            id: item.id.to_string(),
            kind: item.kind.name(),
            title: item.title.clone(),
            state: item.state.name(),
            exposure: item.exposure.map(Exposure::name),
            owner: item.owner.clone(),
            data: item.data.as_ref().map(|held| held.iter().map(|held| held.category.name()).collect()),
            is_life_safety: item.is_life_safety,
            residents: item.residents,
            addresses: item.addresses.iter().map(ToString::to_string).collect(),
            labels: item.labels.clone(),
            since: version.from.to_string(),
            by: version.by.clone(),
        }
    }

    /// What it holds of people, in words.
    fn data_words(&self) -> String {
        match &self.data {
            None => UNSAID.to_owned(),
            Some(held) if held.is_empty() => "none".to_owned(),
            Some(held) => held.join(", "),
        }
    }
}

/// A page of items, by name.
#[derive(Serialize, ToSchema)]
struct ItemList {
    items: Vec<ItemListed>,
    /// Behind which item the next page begins; nothing when there is none.
    next: Option<String>,
}

async fn listed(app: &App, ctx: &OpContext, asked: &ItemsAsked) -> Result<ItemList, Problem> {
    let ItemsPage { items, next } = app.office.items(ctx, asked).await?;
    Ok(ItemList { items: items.iter().map(ItemListed::of).collect(), next: next.map(String::from) })
}

/// What the city runs.
#[utoipa::path(get, path = "/register", tag = "Register", params(Asked), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let wanted = asked.read(PAGE_ROWS)?;
    let ItemList { items, next } = listed(&app, ctx, &wanted).await?;
    let sorts = app.office.item_counts(ctx, wanted.at).await?;
    let active: Vec<_> = sorts.iter().filter(|sort| sort.state != Lifecycle::Retired).collect();
    let of_kind = |kind: ItemKind| active.iter().filter(|sort| sort.kind == kind).map(|sort| sort.items).sum::<u64>();
    let counts = ItemKind::ALL.iter().map(|kind| (kind.name(), of_kind(*kind))).filter(|(_, count)| *count > 0);
    let mut exposures = choices(Exposure::ALL, Exposure::name, &asked.exposure);
    exposures.push((UNSAID, asked.exposure == UNSAID));
    let shell = Shell::inside(&app, &visit, "Register", "/register").await?;
    Ok(Html(Page {
        shell,
        rows: items,
        kinds: choices(ItemKind::ALL, ItemKind::name, &asked.kind),
        exposures,
        states: choices(Lifecycle::ALL, Lifecycle::name, &asked.state),
        counts: counts.collect(),
        unsaid: active.iter().filter(|sort| sort.exposure.is_none()).map(|sort| sort.items).sum(),
        next: next.map(|next| asked.address("/register", &next)),
        twin_json: asked.address("/register.json", ""),
        twin_csv: asked.address("/register.csv", ""),
        may_write: app.office.offers(ctx, Operation::RegisterWrite),
        asked,
    })
    .into_response())
}

/// What the city runs, for programs.
#[utoipa::path(get, path = "/register.json", tag = "Register", params(Asked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = ItemList)))]
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    Ok(Json(listed(&app, &caller.ctx, &asked.read(PAGE_ROWS)?).await?).into_response())
}

/// What the city runs, as a file.
#[utoipa::path(get, path = "/register.csv", tag = "Register", params(Asked), security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let list = listed(&app, &caller.ctx, &asked.read(ROWS_MAX)?).await?;
    let columns = [
        "id",
        "kind",
        "title",
        "state",
        "exposure",
        "owner",
        "data",
        "is_life_safety",
        "residents",
        "addresses",
        "labels",
        "since",
        "by",
    ];
    Ok(csv_answer("register", &columns, &list.items))
}

/// An item that is to be added.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ItemAdded {
    /// Its name for ever; what its title suggests when this is empty.
    #[serde(default)]
    #[schema(pattern = "^([a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?)?$")]
    id: String,
    #[schema(pattern = "^(service|application|machine|device|identity|vendor|data-store)$")]
    kind: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 1000)]
    title: String,
}

/// Adds an item of which nothing else is said yet.
#[utoipa::path(post, path = "/register/add", tag = "Register", security(("session" = [])),
    request_body(content = ItemAdded, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Added; on to the item")))]
pub(crate) async fn add(
    State(app): State<App>,
    visit: Visit,
    Form(added): Form<ItemAdded>,
) -> Result<Response, Problem> {
    let kind = word("kind", &added.kind, ItemKind::ALL, ItemKind::name)?;
    let kind = kind.ok_or_else(|| Problem::bad("say what it is: its kind"))?;
    let title = added.title.trim();
    if title.chars().count() > TITLE_CHARS_MAX {
        return Err(Problem::bad(format!("a title has at most {TITLE_CHARS_MAX} letters")));
    }
    let id = match added.id.as_str() {
        "" => ItemId::suggest(title).ok_or_else(|| Problem::bad("the title suggests no name; say one"))?,
        text => ItemId::parse(text).map_err(|error| Problem::bad(error.to_string()))?,
    };
    let path = format!("/register/items/{id}");
    app.office.add_item(&visit.visitor.ctx, Item::new(id, kind, title)).await?;
    Ok(Redirect::to(&path).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_addresses_say_them() {
        let of = |text: &str| moment_of(text).ok().flatten().map(|at| at.to_string());
        assert!(of("2026-05-01").unwrap().starts_with("2026-05-01T00:00:00"));
        assert!(of("2026-05-01T12:30:00Z").unwrap().starts_with("2026-05-01T12:30:00"));
        assert!(moment_of("").unwrap().is_none());
        for text in ["yesterday", "2026-13-01", "2026-05-01 12:30:00", "2026-05-01T12:30:00+02:00", "2026-05-0é"] {
            assert!(moment_of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn words_are_exact() {
        let of = |text: &str| word("kind", text, ItemKind::ALL, ItemKind::name);
        assert_eq!(of("data-store").unwrap(), Some(ItemKind::DataStore));
        assert_eq!(of("").unwrap(), None);
        assert!(of("Data Store").is_err() && of("SERVICE").is_err());
    }
}
