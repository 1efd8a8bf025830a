//! The service map: a picture that the server draws, with a table that says the same.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::OpContext;
use model::register::{Exposure, Item, ItemId, ItemKind, Lifecycle};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::layout::{Picture, lay_out};
use super::{ExposureName, RegisterKindName, moment_of};
use crate::app::App;
use crate::asked::Query;
use crate::problem::Problem;
use crate::shape::query;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// What an address asks for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct MapAsked {
    /// Only what this item needs, directly or not.
    #[param(pattern = "^([a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?)?$")]
    service: String,
    /// As it was at that moment: a date (its beginning in UTC), or a time in UTC.
    #[param(pattern = "^([0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z)?)?$")]
    at: String,
}

#[derive(Template)]
#[template(path = "register_map.html")]
struct Page {
    shell: Shell,
    picture: Picture,
    services: Vec<(String, String, bool)>,
    about: Option<String>,
    asked: MapAsked,
    twin: String,
    is_empty: bool,
}

impl Page {
    /// What the picture shows, in words.
    fn words(&self) -> String {
        let count = |column: usize| self.picture.columns.get(column).map_or(0, |c| c.boxes.len() + c.more);
        format!(
            "{} services, {} applications and data stores, {} machines and devices, {} suppliers and accounts, {} links between them. \
             The table below says the same.",
            count(0),
            count(1),
            count(2),
            count(3),
            self.picture.lines.len() + self.picture.lines_left_out
        )
    }
}

/// A thing on the map.
#[derive(Serialize, ToSchema)]
struct MapItem {
    id: String,
    #[schema(value_type = RegisterKindName)]
    kind: &'static str,
    title: String,
    /// Who can reach it; nothing when nobody has said.
    #[schema(value_type = Option<ExposureName>)]
    exposure: Option<&'static str>,
    /// In which column it stands, from the left, and in which row.
    column: usize,
    row: usize,
}

/// A link on the map.
#[derive(Serialize, ToSchema)]
struct MapLink {
    from: String,
    kind: &'static str,
    to: String,
}

/// The service map.
#[derive(Serialize, ToSchema)]
struct ServiceMap {
    items: Vec<MapItem>,
    links: Vec<MapLink>,
    /// Things that have no room on it.
    items_left_out: usize,
    /// Links that are not drawn.
    links_left_out: usize,
}

/// The picture, and which services there are to choose from.
async fn drawn(app: &App, ctx: &OpContext, asked: &MapAsked) -> Result<(Picture, Vec<(ItemId, String)>), Problem> {
    let service = match asked.service.as_str() {
        "" => None,
        text => Some(ItemId::parse(text).map_err(|error| Problem::bad(error.to_string()))?),
    };
    let whole = app.office.register(ctx, moment_of(&asked.at)?).await?;
    if let Some(service) = &service
        && !whole.items.contains_key(service)
    {
        return Err(Problem::not_found(format!("there is no item {service}")));
    }
    // Thousands of items take milliseconds: not on the threads that answer.
    let laid = tokio::task::spawn_blocking(move || {
        let picture = lay_out(&whole.items, &whole.links, service.as_ref());
        let is_shown = |item: &Item| item.kind == ItemKind::Service && item.state != Lifecycle::Retired;
        let services = whole.items.into_values().filter(is_shown);
        (picture, services.map(|item| (item.id, item.title)).collect())
    });
    laid.await.map_err(|_| Problem::not_yet("the picture could not be drawn"))
}

/// The service map.
#[utoipa::path(get, path = "/register/map", tag = "Register", params(MapAsked), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<MapAsked>,
) -> Result<Response, Problem> {
    let (picture, services) = drawn(&app, &visit.visitor.ctx, &asked).await?;
    let chosen = |id: &ItemId| id.as_str() == asked.service;
    let about = services.iter().find(|(id, _)| chosen(id)).map(|(_, title)| title.clone());
    let services: Vec<_> = services.iter().map(|(id, title)| (id.to_string(), title.clone(), chosen(id))).collect();
    let pairs = [("service", asked.service.as_str()), ("at", &asked.at)];
    let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let twin = format!("/register/map.json?{}", query(&pairs));
    let is_empty = picture.columns.iter().all(|column| column.boxes.is_empty());
    let shell = Shell::inside(&app, &visit, "Service map", "/register").await?;
    Ok(Html(Page { shell, picture, services, about, asked, twin, is_empty }).into_response())
}

/// The service map, for programs.
#[utoipa::path(get, path = "/register/map.json", tag = "Register", params(MapAsked),
    security(("session" = []), ("token" = [])), responses((status = 200, body = ServiceMap)))]
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<MapAsked>,
) -> Result<Response, Problem> {
    let (picture, _) = drawn(&app, &caller.ctx, &asked).await?;
    let mut items = Vec::new();
    for (column, here) in picture.columns.iter().enumerate() {
        items.extend(here.boxes.iter().enumerate().map(|(row, one)| MapItem {
            id: one.id.to_string(),
            kind: one.kind.name(),
            title: one.title.clone(),
            exposure: one.exposure.map(Exposure::name),
            column,
            row,
        }));
    }
    let links = picture.lines.iter().map(|line| MapLink {
        from: line.from.to_string(),
        kind: line.kind,
        to: line.to.to_string(),
    });
    Ok(Json(ServiceMap {
        items,
        links: links.collect(),
        items_left_out: picture.columns.iter().map(|column| column.more).sum(),
        links_left_out: picture.lines_left_out,
    })
    .into_response())
}
