//! What was seen running on an item, held against what the register says; and writing down what is missing.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{Office, Registered, SoftwareAt};
use model::register::ItemId;
use model::{Day, OpContext, limits};
use serde::Serialize;
use utoipa::ToSchema;

use super::item_id;
use crate::app::App;
use crate::asked::Path;
use crate::problem::Problem;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// A program that was seen on an address of the item.
#[derive(Serialize, ToSchema)]
struct SoftwareOnItem {
    address: String,
    /// The item has a whole range: the address may be that of something else in it.
    is_by_range: bool,
    /// It asks others rather than answers.
    is_client: bool,
    product: String,
    version: String,
    /// `as-seen`, `without-version`, `other-version` or `missing`: what the register says of it.
    registered: &'static str,
    /// The version that stands in the register, where it is another.
    registered_version: String,
    /// The distribution that may have mended it without giving it a new number; may be empty.
    maybe_mended_by: String,
    #[schema(format = Date)]
    first_day: String,
    #[schema(format = Date)]
    last_day: String,
    /// Events that said so.
    times: u64,
}

impl SoftwareOnItem {
    fn of(one: &SoftwareAt) -> Self {
        let other = match &one.registered {
            Registered::Otherwise(version) => version.clone(),
            _ => String::new(),
        };
        SoftwareOnItem {
            address: one.address.to_string(),
            is_by_range: one.is_by_range,
            is_client: one.is_client,
            product: one.software.product.clone(),
            version: one.software.version.clone(),
            registered: one.registered.name(),
            registered_version: other,
            maybe_mended_by: one.maybe_mended_by.clone().unwrap_or_default(),
            first_day: day(one.first_day),
            last_day: day(one.last_day),
            times: one.times,
        }
    }

    /// What the register says, in words.
    fn words(&self) -> &'static str {
        match self.registered {
            "as-seen" => "as seen",
            "without-version" => "without a version",
            "other-version" => "as version",
            _ => "not at all",
        }
    }
}

fn day(number: i32) -> String {
    Day::numbered(number).map_or_else(String::new, |day| day.to_string())
}

/// What was seen on an item.
#[derive(Serialize, ToSchema)]
struct SoftwareOnItemList {
    /// Nothing is known: this process does not know what was seen.
    is_unknown: bool,
    /// Days of which something is known, of the last ninety.
    days: u32,
    /// Parts of what was seen that could not be read.
    damaged: u64,
    software: Vec<SoftwareOnItem>,
    /// How many of these would be written into the register.
    takes: usize,
}

#[derive(Template)]
#[template(path = "register_seen.html")]
struct Page {
    shell: Shell,
    id: ItemId,
    title: String,
    shown: SoftwareOnItemList,
    may_write: bool,
}

async fn seen(app: &App, ctx: &OpContext, id: &ItemId) -> Result<SoftwareOnItemList, Problem> {
    let found = app.office.software_on(ctx, id, limits::SEEN_DAYS).await?;
    let is_unknown = found.is_none();
    let found = found.unwrap_or_default();
    Ok(SoftwareOnItemList {
        is_unknown,
        days: found.days,
        damaged: found.damaged,
        software: found.found.iter().map(SoftwareOnItem::of).collect(),
        takes: Office::software_to_take(&found).iter().map(|one| one.software.len()).sum(),
    })
}

/// What was seen running on an item.
#[utoipa::path(get, path = "/register/items/{id}/seen", tag = "Register",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let id = item_id(&id)?;
    let shown = seen(&app, ctx, &id).await?;
    let title = app.office.item(ctx, &id, None).await?.version.item.title;
    let shell = Shell::inside(&app, &visit, format!("Seen running on {title}"), "/register").await?;
    let may_write = app.office.offers(ctx, Operation::RegisterWrite);
    Ok(Html(Page { shell, id, title, shown, may_write }).into_response())
}

/// The same for programs.
#[utoipa::path(get, path = "/register/items/{id}/seen.json", tag = "Register",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")),
    security(("session" = []), ("token" = [])),
    responses((status = 200, body = SoftwareOnItemList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let shown = seen(&app, &caller.ctx, &item_id(&id)?).await?;
    Ok(Json(shown).into_response())
}

/// Writes into the register what was seen on the item's own addresses and is missing there.
#[utoipa::path(post, path = "/register/items/{id}/seen", tag = "Register",
    params(("id" = String, Path, pattern = "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")), security(("session" = [])),
    responses((status = 303, description = "Written")))]
pub(crate) async fn take(State(app): State<App>, visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = item_id(&id)?;
    app.office.take_software_on(&visit.visitor.ctx, &id, limits::SEEN_DAYS).await?;
    Ok(Redirect::to(&format!("/register/items/{id}/seen")).into_response())
}
