//! Suppliers: one behind nine services is one accident for nine.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{Concentration, Suppliers};
use model::OpContext;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Tab, tabs};
use crate::app::App;
use crate::problem::Problem;
use crate::shape::csv as csv_answer;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Bars in the picture; the table has all.
const BARS_MAX: usize = 20;
/// Length of the longest bar, in the picture's units.
const BAR_LENGTH: usize = 480;
/// Height that a bar takes with its words.
const BAR_HEIGHT: usize = 28;
/// Letters of a supplier's name in the picture.
const LABEL_CHARS_MAX: usize = 26;

/// A bar of the picture.
struct Bar {
    label: String,
    y: usize,
    text_y: usize,
    length: usize,
    end: usize,
    services: usize,
}

#[derive(Template)]
#[template(path = "risk_suppliers.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    suppliers: Vec<SupplierShown>,
    bars: Vec<Bar>,
    height: usize,
    words: String,
}

/// A service that rests on a supplier.
#[derive(Serialize, ToSchema)]
struct SupplierService {
    id: String,
    title: String,
    /// Nothing while nobody has said.
    residents: Option<u64>,
    /// The way from it to the supplier, without the two ends.
    by_way_of: Vec<String>,
}

/// A supplier, and what rests on it.
#[derive(Serialize, ToSchema)]
struct SupplierShown {
    id: String,
    title: String,
    /// How many services rest on it.
    services_count: usize,
    /// Residents who would notice, at least: those of its largest service.
    residents_least: u64,
    /// Residents who would notice, at most: all of its services together.
    residents_most: u64,
    /// Services of which nobody has said how many residents they have.
    residents_unsaid: usize,
    /// Services on which lives hang, or of which nobody has said that they do not.
    life_safety: usize,
    services: Vec<SupplierService>,
}

impl SupplierShown {
    fn of(found: &Concentration, all: &Suppliers) -> Self {
        let services = found.services.iter().map(|one| SupplierService {
            id: one.service.to_string(),
            title: all.title(&one.service).to_owned(),
            residents: one.residents,
            by_way_of: one.by_way_of.iter().map(ToString::to_string).collect(),
        });
        SupplierShown {
            id: found.vendor.to_string(),
            title: all.title(&found.vendor).to_owned(),
            services_count: found.services.len(),
            residents_least: found.residents_least,
            residents_most: found.residents_most,
            residents_unsaid: found.residents_unsaid,
            life_safety: found.life_safety,
            services: services.collect(),
        }
    }
}

/// Suppliers, those with most services first.
#[derive(Serialize, ToSchema)]
struct SupplierList {
    suppliers: Vec<SupplierShown>,
}

async fn listed(app: &App, ctx: &OpContext) -> Result<Vec<SupplierShown>, Problem> {
    let all = app.office.suppliers(ctx).await?;
    Ok(all.found.iter().map(|found| SupplierShown::of(found, &all)).collect())
}

/// The picture: a bar each, the longest as long as there is room.
fn draw(suppliers: &[SupplierShown]) -> Vec<Bar> {
    let most = suppliers.iter().map(|one| one.services_count).max().unwrap_or(0).max(1);
    let bar = |(place, one): (usize, &SupplierShown)| {
        let mut label: String = one.title.chars().take(LABEL_CHARS_MAX).collect();
        if one.title.chars().count() > LABEL_CHARS_MAX {
            label.push('…');
        }
        let length = (one.services_count * BAR_LENGTH / most).max(2);
        Bar {
            label,
            y: place * BAR_HEIGHT + 4,
            text_y: place * BAR_HEIGHT + 19,
            length,
            end: 248 + length,
            services: one.services_count,
        }
    };
    suppliers.iter().take(BARS_MAX).enumerate().map(bar).collect()
}

/// Suppliers, and how many services rest on each.
#[utoipa::path(get, path = "/risk/suppliers", tag = "Risk", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let suppliers = listed(&app, &visit.visitor.ctx).await?;
    let bars = draw(&suppliers);
    let words = match suppliers.first() {
        Some(first) => format!(
            "{} suppliers stand behind services; most rest on {}: {}. The table below says the same.",
            suppliers.len(),
            first.title,
            first.services_count
        ),
        None => String::new(),
    };
    let shell = Shell::inside(&app, &visit, "Suppliers", "/risk").await?;
    let height = bars.len() * BAR_HEIGHT + 8;
    Ok(Html(Page { shell, tabs: tabs("/risk/suppliers"), suppliers, bars, height, words }).into_response())
}

/// Suppliers, for programs.
#[utoipa::path(get, path = "/risk/suppliers.json", tag = "Risk", security(("session" = []), ("token" = [])),
    responses((status = 200, body = SupplierList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(SupplierList { suppliers: listed(&app, &caller.ctx).await? }).into_response())
}

/// Suppliers, as a file.
#[utoipa::path(get, path = "/risk/suppliers.csv", tag = "Risk", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let columns =
        ["id", "title", "services_count", "residents_least", "residents_most", "residents_unsaid", "life_safety"];
    Ok(csv_answer("suppliers", &columns, &listed(&app, &caller.ctx).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_has_all_the_room() {
        let supplier = |title: &str, services_count| SupplierShown {
            id: "x".to_owned(),
            title: title.to_owned(),
            services_count,
            residents_least: 0,
            residents_most: 0,
            residents_unsaid: 0,
            life_safety: 0,
            services: Vec::new(),
        };
        let bars = draw(&[supplier(&"x".repeat(40), 9), supplier("b", 3), supplier("c", 0)]);
        assert_eq!(bars.iter().map(|bar| bar.length).collect::<Vec<_>>(), [BAR_LENGTH, BAR_LENGTH / 3, 2]);
        assert_eq!(bars[0].label.chars().count(), LABEL_CHARS_MAX + 1);
        let many: Vec<_> = (0..BARS_MAX + 3).map(|_| supplier("a", 1)).collect();
        assert_eq!(draw(&many).len(), BARS_MAX);
        assert!(draw(&[]).is_empty());
    }
}
