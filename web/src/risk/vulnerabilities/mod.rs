//! Vulnerabilities on items, those to mend first before the others; one of them with everything about it ([`detail`]); and what people
//! decide ([`change`]). A harm that nobody has reckoned is shown as such, and stands first.

pub(crate) mod change;
pub(crate) mod detail;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::office::{LookedAtWord, VulnerabilitiesAsked, VulnerabilitiesPage, VulnerabilityCounts, VulnerabilityView};
use model::register::ItemId;
use model::software::Status;
use model::{OpContext, limits};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Tab, tabs};
use crate::app::App;
use crate::asked::Query;
use crate::problem::Problem;
use crate::register::{Choice, choices, word};
use crate::shape::{csv as csv_answer, query};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// The list's address.
pub(crate) const HERE: &str = "/risk/vulnerabilities";
/// Rows of a page.
const PAGE_ROWS: usize = 100;
/// Most rows of an answer.
const ROWS_MAX: usize = limits::INSTANCES_PAGE_MAX;
/// Letters of a text that is searched for.
const TEXT_CHARS_MAX: usize = 256;
const YES_NO: &[bool] = &[true, false];

/// What an address asks for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct VulnerabilitiesQuery {
    /// A part of the vulnerability's name, or the item's name or title, in any case.
    #[param(max_length = 256)]
    text: String,
    /// Only on this item.
    #[param(pattern = "^([a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?)?$")]
    item: String,
    /// Only those that are known to be exploited, or only the others.
    #[param(value_type = Option<YesOrNo>, inline)]
    exploited: String,
    /// Only those whose day has passed, or only the others.
    #[param(value_type = Option<YesOrNo>, inline)]
    overdue: String,
    /// Only those whose risk is carried, or only the others.
    #[param(value_type = Option<YesOrNo>, inline)]
    accepted: String,
    /// Only on items that were looked at so much.
    #[param(value_type = Option<LookedAtName>, inline)]
    looked_at: String,
    /// Also those that are mended or were never there.
    #[param(value_type = Option<YesOrNo>, inline)]
    settled: String,
    /// How many rows to leave out: `next` of the answer before.
    #[param(minimum = 0, maximum = 500000)]
    skip: Option<usize>,
    /// How many rows.
    #[param(minimum = 1, maximum = 2000)]
    rows: Option<usize>,
}

/// Yes or no.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
pub(crate) enum YesOrNo {
    Yes,
    No,
}

/// How much an item was looked at.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "the names stand in the document")]
pub(crate) enum LookedAtName {
    NotChecked,
    Stale,
    Checked,
}

/// What holds, in the words of VEX.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
pub(crate) enum VexStatusName {
    NotAffected,
    Fixed,
    UnderInvestigation,
    Affected,
}

const fn yes_no(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

impl VulnerabilitiesQuery {
    fn read(&self, rows_max: usize) -> Result<VulnerabilitiesAsked, Problem> {
        if self.text.chars().count() > TEXT_CHARS_MAX {
            return Err(Problem::bad(format!("a text to search for has at most {TEXT_CHARS_MAX} letters")));
        }
        let rows_max = self.rows.unwrap_or(rows_max);
        if !(1..=ROWS_MAX).contains(&rows_max) {
            return Err(Problem::bad(format!("rows are 1 to {ROWS_MAX}")));
        }
        let skip = self.skip.unwrap_or(0);
        if skip > limits::INSTANCES_MAX {
            return Err(Problem::bad(format!("skip is 0 to {}", limits::INSTANCES_MAX)));
        }
        let item = Some(self.item.as_str()).filter(|item| !item.is_empty()).map(ItemId::parse).transpose();
        let flag = |name: &str, text: &str| word(name, text, YES_NO, yes_no);
        Ok(VulnerabilitiesAsked {
            text: self.text.clone(),
            item: item.map_err(|error| Problem::bad(error.to_string()))?,
            is_exploited: flag("exploited", &self.exploited)?,
            is_overdue: flag("overdue", &self.overdue)?,
            is_accepted: flag("accepted", &self.accepted)?,
            looked_at: word("looked_at", &self.looked_at, LookedAtWord::ALL, LookedAtWord::name)?,
            with_settled: flag("settled", &self.settled)? == Some(true),
            skip,
            rows_max,
        })
    }

    fn address(&self, path: &str, skip: Option<usize>) -> String {
        let skip = skip.map(|skip| skip.to_string()).unwrap_or_default();
        let pairs = [
            ("text", self.text.as_str()),
            ("item", &self.item),
            ("exploited", &self.exploited),
            ("overdue", &self.overdue),
            ("accepted", &self.accepted),
            ("looked_at", &self.looked_at),
            ("settled", &self.settled),
            ("skip", &skip),
        ];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("{path}?{}", query(&pairs))
    }
}

/// A vulnerability on an item, in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct VulnerabilityListed {
    /// A CVE, or what another source calls it.
    pub(crate) id: String,
    pub(crate) item: String,
    pub(crate) item_title: String,
    #[schema(value_type = VexStatusName)]
    pub(crate) status: &'static str,
    /// The harm that it is expected to do in a year; nothing where nobody has reckoned it.
    pub(crate) harm: Option<f64>,
    pub(crate) harm_reasons: Vec<String>,
    /// How likely somebody tries it, 0 to 1; nothing where it was not ranked, which counts as certain.
    pub(crate) likelihood: Option<f64>,
    pub(crate) likelihood_reasons: Vec<String>,
    /// Known to be exploited; nothing while no catalogue was held against it.
    pub(crate) is_exploited: Option<bool>,
    pub(crate) cvss_score: Option<f64>,
    /// By when it is to be mended.
    #[schema(format = Date)]
    pub(crate) due: String,
    /// Where that stands, in words.
    pub(crate) standing: String,
    pub(crate) is_overdue: bool,
    pub(crate) is_accepted: bool,
    pub(crate) due_reasons: Vec<String>,
    /// How much the item was looked at.
    #[schema(value_type = LookedAtName)]
    pub(crate) looked_at: &'static str,
    /// The same in words.
    pub(crate) looked_at_words: String,
    /// Why it is so.
    pub(crate) reasons: Vec<String>,
    pub(crate) fixed_in: Vec<String>,
    pub(crate) found_by: Vec<String>,
    #[schema(format = DateTime)]
    pub(crate) first_seen: String,
    #[schema(format = DateTime)]
    pub(crate) checked: String,
}

impl VulnerabilityListed {
    pub(crate) fn of(view: &VulnerabilityView) -> Self {
        let one = &view.instance;
        let words = |list: &[String]| list.to_vec();
        let is_open = one.is_open();
        VulnerabilityListed {
            id: one.id.to_string(),
            item: one.item.to_string(),
            item_title: view.item.title.clone(),
            status: one.status.vex(),
            harm: view.harm.as_ref().map(|harm| harm.value),
            harm_reasons: view.harm.as_ref().map(|harm| harm.because.clone()).unwrap_or_default(),
            likelihood: one.likelihood,
            likelihood_reasons: words(&one.likelihood_reasons),
            is_exploited: one.is_exploited,
            cvss_score: one.cvss_score,
            due: view.due.day.to_string(),
            standing: if is_open { view.due.standing.to_string() } else { "nothing to do".to_owned() },
            is_overdue: is_open && view.due.is_overdue(),
            is_accepted: view.is_accepted(),
            due_reasons: view.due.because.iter().map(ToString::to_string).collect(),
            looked_at: match view.looked_at.word() {
                "not checked" => LookedAtWord::NotChecked.name(),
                other => other,
            },
            looked_at_words: view.looked_at.to_string(),
            reasons: words(&one.reasons),
            fixed_in: words(&one.fixed_in),
            found_by: one.found_by.iter().map(ToString::to_string).collect(),
            first_seen: one.first_seen.to_string(),
            checked: one.checked.to_string(),
        }
    }

    fn harm_words(&self) -> String {
        self.harm.map_or_else(|| "not known".to_owned(), super::amount::short)
    }

    fn likelihood_words(&self) -> String {
        self.likelihood.map_or_else(|| "not ranked".to_owned(), |likelihood| format!("{likelihood:.3}"))
    }

    fn status_words(&self) -> &'static str {
        let found = Status::ALL.iter().find(|status| status.vex() == self.status);
        found.map_or("", |status| status.text())
    }

    /// The first reasons: more stands on the page of the one.
    fn first_reasons(&self) -> impl Iterator<Item = &String> {
        self.reasons.iter().take(2)
    }
}

/// How many there are of what.
#[derive(Serialize, ToSchema)]
pub(crate) struct VulnerabilityCountsShown {
    open: u64,
    exploited: u64,
    overdue: u64,
    accepted: u64,
    /// Acceptances that end soon.
    ending_soon: u64,
    items_not_checked: u64,
    items_stale: u64,
    items_checked: u64,
}

impl VulnerabilityCountsShown {
    fn of(counts: &VulnerabilityCounts) -> Self {
        let VulnerabilityCounts { open, exploited, overdue, accepted, ending_soon, .. } = *counts;
        let VulnerabilityCounts { items_not_checked, items_stale, items_checked, .. } = *counts;
        VulnerabilityCountsShown {
            open,
            exploited,
            overdue,
            accepted,
            ending_soon,
            items_not_checked,
            items_stale,
            items_checked,
        }
    }
}

/// A page of vulnerabilities, those to mend first before the others.
#[derive(Serialize, ToSchema)]
struct VulnerabilityList {
    rows: Vec<VulnerabilityListed>,
    /// On all pages.
    total: u64,
    /// How many rows to leave out for the next page; nothing when there is none.
    next: Option<usize>,
    counts: VulnerabilityCountsShown,
    /// Days after which a check is called stale.
    stale_days: i32,
}

async fn listed(app: &App, ctx: &OpContext, asked: &VulnerabilitiesAsked) -> Result<VulnerabilityList, Problem> {
    let harms = app.office.harms(ctx).await?;
    let VulnerabilitiesPage { rows, total, next, counts, stale_days } =
        app.office.vulnerabilities(ctx, asked, &harms).await?;
    let rows = rows.iter().map(VulnerabilityListed::of).collect();
    Ok(VulnerabilityList { rows, total, next, counts: VulnerabilityCountsShown::of(&counts), stale_days })
}

#[derive(Template)]
#[template(path = "risk_vulnerabilities.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    list: VulnerabilityList,
    asked: VulnerabilitiesQuery,
    exploited: Vec<Choice>,
    overdue: Vec<Choice>,
    accepted: Vec<Choice>,
    looked_at: Vec<Choice>,
    next: Option<String>,
    twin_json: String,
    twin_csv: String,
}

/// Vulnerabilities on items, those to mend first before the others.
#[utoipa::path(get, path = "/risk/vulnerabilities", tag = "Risk", params(VulnerabilitiesQuery), security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<VulnerabilitiesQuery>,
) -> Result<Response, Problem> {
    let list = listed(&app, &visit.visitor.ctx, &asked.read(PAGE_ROWS)?).await?;
    let shell = Shell::inside(&app, &visit, "Vulnerabilities", "/risk").await?;
    let flag = |chosen: &str| choices(YES_NO, yes_no, chosen);
    Ok(Html(Page {
        shell,
        tabs: tabs(HERE),
        exploited: flag(&asked.exploited),
        overdue: flag(&asked.overdue),
        accepted: flag(&asked.accepted),
        looked_at: choices(LookedAtWord::ALL, LookedAtWord::name, &asked.looked_at),
        next: list.next.map(|next| asked.address(HERE, Some(next))),
        twin_json: asked.address("/risk/vulnerabilities.json", None),
        twin_csv: asked.address("/risk/vulnerabilities.csv", None),
        list,
        asked,
    })
    .into_response())
}

/// Vulnerabilities on items, for programs.
#[utoipa::path(get, path = "/risk/vulnerabilities.json", tag = "Risk", params(VulnerabilitiesQuery),
    security(("session" = []), ("token" = [])), responses((status = 200, body = VulnerabilityList)))]
pub(crate) async fn json(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<VulnerabilitiesQuery>,
) -> Result<Response, Problem> {
    Ok(Json(listed(&app, &caller.ctx, &asked.read(PAGE_ROWS)?).await?).into_response())
}

/// Vulnerabilities on items, as a file.
#[utoipa::path(get, path = "/risk/vulnerabilities.csv", tag = "Risk", params(VulnerabilitiesQuery),
    security(("session" = []), ("token" = [])), responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<VulnerabilitiesQuery>,
) -> Result<Response, Problem> {
    let list = listed(&app, &caller.ctx, &asked.read(ROWS_MAX)?).await?;
    let columns = [
        "id",
        "item",
        "item_title",
        "status",
        "harm",
        "likelihood",
        "is_exploited",
        "cvss_score",
        "due",
        "standing",
        "is_overdue",
        "is_accepted",
        "looked_at",
        "looked_at_words",
        "reasons",
        "fixed_in",
        "first_seen",
        "checked",
    ];
    Ok(csv_answer("vulnerabilities", &columns, &list.rows))
}
