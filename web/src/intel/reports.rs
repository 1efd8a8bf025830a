//! What people report: brought by a form, looked at, and taken over as far as somebody chooses.

use std::collections::BTreeSet;

use askama::Template;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{Choice, Report, ReportId, ReportStatus, ReportView, Reported};
use model::{Grade, Marking, OpContext, Pap, Tlp, limits};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::{Fields, Path};
use crate::multipart;
use crate::problem::Problem;
use crate::shape::{csv as csv_answer, moment};
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Rows of the list.
const ROWS_MAX: usize = 500;

/// Reliability of a source, in words (NATO AJP-2.1).
const RELIABILITY: [(&str, &str); 6] = [
    ("A", "completely reliable"),
    ("B", "usually reliable"),
    ("C", "fairly reliable"),
    ("D", "not usually reliable"),
    ("E", "unreliable"),
    ("F", "cannot be judged"),
];
/// Credibility of what it says.
const CREDIBILITY: [(&str, &str); 6] = [
    ("1", "confirmed by other sources"),
    ("2", "probably true"),
    ("3", "possibly true"),
    ("4", "doubtful"),
    ("5", "improbable"),
    ("6", "cannot be judged"),
];

#[derive(Template)]
#[template(path = "intel_reports.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<ReportListed>,
    names: Vec<String>,
    may_write: bool,
    reliability: &'static [(&'static str, &'static str)],
    credibility: &'static [(&'static str, &'static str)],
    tlp: Vec<&'static str>,
    pap: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "intel_report.html")]
struct OnePage {
    shell: Shell,
    view: ReportView,
    by: String,
    decided: Option<(String, String)>,
    may_decide: bool,
}

impl OnePage {
    fn created(&self) -> String {
        moment(self.view.report.created)
    }

    fn plain(&self) -> usize {
        self.view.proposals.iter().filter(|one| one.is_plain()).count()
    }
}

/// A report in a list.
#[derive(Serialize, ToSchema)]
struct ReportListed {
    #[schema(pattern = "^[0-9a-f]{32}$")]
    id: String,
    title: String,
    /// Whose word it is.
    source: String,
    /// By the Admiralty code: `B2`.
    grade: String,
    /// To whom it may go: `clear`, `green`, `amber`, `amber+strict`, `red`.
    tlp: &'static str,
    /// What may be done with it: `clear`, `green`, `amber`, `red`.
    pap: &'static str,
    /// `proposed`, `confirmed` or `dismissed`.
    status: &'static str,
    /// How many things were taken over.
    taken: u64,
    /// Who brought it, as the ledger names them.
    created_by: String,
    #[schema(format = DateTime)]
    created: String,
}

/// Reports, newest first.
#[derive(Serialize, ToSchema)]
struct ReportList {
    reports: Vec<ReportListed>,
}

/// Something that a report mentions.
#[derive(Serialize, ToSchema)]
struct ProposalShown {
    /// What it is called when it is chosen.
    name: String,
    /// A kind of indicator, `technique` or `vulnerability`.
    kind: &'static str,
    value: String,
    /// Why it may be something else.
    doubts: Vec<String>,
    /// What of ours it is.
    ours: Option<String>,
    times: u64,
    /// The text around the first place.
    around: String,
}

/// Something that is attached to a report.
#[derive(Serialize, ToSchema)]
struct AttachmentShown {
    number: u64,
    name: String,
    /// Its bytes.
    size: u64,
    /// BLAKE3 of them.
    blake3: String,
}

/// A report, and what was found in it.
#[derive(Serialize, ToSchema)]
struct ReportDocument {
    #[serde(flatten)]
    report: ReportListed,
    body: String,
    proposed: Vec<ProposalShown>,
    attachments: Vec<AttachmentShown>,
}

fn listed(report: &Report) -> ReportListed {
    ReportListed {
        id: report.id.to_string(),
        title: report.title.clone(),
        source: report.source.clone(),
        grade: report.grade.to_string(),
        tlp: report.marking.tlp.name(),
        pap: report.marking.pap.name(),
        status: report.status.name(),
        taken: report.taken,
        created_by: report.created_by.clone(),
        created: report.created.to_string(),
    }
}

async fn all(app: &App, ctx: &OpContext) -> Result<Vec<ReportListed>, Problem> {
    Ok(app.office.reports(ctx, ROWS_MAX).await?.iter().map(listed).collect())
}

/// What people report.
#[utoipa::path(get, path = "/intel/reports", tag = "Intelligence", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let rows = all(&app, ctx).await?;
    let by: Vec<&str> = rows.iter().map(|row| row.created_by.as_str()).collect();
    let known = app.office.names(ctx, &by).await?;
    let names = by.iter().map(|by| known.show(by).to_owned()).collect();
    let may_write = app.office.offers(ctx, Operation::IntelWrite);
    let shell = Shell::inside(&app, &visit, "Reports", "/intel").await?;
    Ok(Html(ListPage {
        shell,
        rows,
        names,
        may_write,
        reliability: &RELIABILITY,
        credibility: &CREDIBILITY,
        tlp: Tlp::ALL.map(Tlp::name).to_vec(),
        pap: Pap::ALL.map(Pap::name).to_vec(),
    })
    .into_response())
}

/// What people report, for programs.
#[utoipa::path(get, path = "/intel/reports.json", tag = "Intelligence", security(("session" = []), ("token" = [])),
    responses((status = 200, body = ReportList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(ReportList { reports: all(&app, &caller.ctx).await? }).into_response())
}

/// What people report, as a file.
#[utoipa::path(get, path = "/intel/reports.csv", tag = "Intelligence", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let columns = ["id", "created", "created_by", "source", "grade", "tlp", "pap", "status", "taken", "title"];
    Ok(csv_answer("intel-reports", &columns, &all(&app, &caller.ctx).await?))
}

/// A report as somebody brings it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the form is read field by field")]
struct Bring {
    /// What it is called; its first line when this is empty.
    #[schema(max_length = 200, nullable = false)]
    title: Option<String>,
    /// Whose word it is, as a label; one's own when this is empty.
    #[schema(pattern = "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$", nullable = false)]
    source: Option<String>,
    /// How reliable the source is.
    #[schema(pattern = "^[A-F]$")]
    reliability: String,
    /// How credible what it says is.
    #[schema(pattern = "^[1-6]$")]
    credibility: String,
    #[schema(pattern = "^(clear|green|amber|amber\\+strict|red)$")]
    tlp: String,
    #[schema(pattern = "^(clear|green|amber|red)$")]
    pap: String,
    /// The text.
    #[schema(min_length = 1)]
    body: String,
    /// Files that belong to it; with `multipart/form-data`.
    #[schema(value_type = Vec<String>, format = Binary, required = false, nullable = false)]
    attachment: Option<Vec<Vec<u8>>>,
}

/// Fields and files of a form, in either way to send one.
async fn form(request: Request) -> Result<(Vec<(String, String)>, Vec<(String, Vec<u8>)>), Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_owned();
    let body = axum::body::to_bytes(request.into_body(), limits::REPORT_FORM_BYTES_MAX).await.map_err(|_| {
        let detail = format!("a report has at most {} bytes with all that is attached", limits::REPORT_FORM_BYTES_MAX);
        Problem::unreadable(StatusCode::PAYLOAD_TOO_LARGE, detail)
    })?;
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    if kind.starts_with("multipart/form-data") {
        for part in multipart::read(&kind, &body)? {
            match &part.file {
                // A field for a file that was left empty.
                Some(name) if name.is_empty() && part.bytes.is_empty() => {}
                Some(name) => files.push((name.clone(), part.bytes.to_vec())),
                None => fields.push((part.name.clone(), part.text()?)),
            }
        }
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        for (name, value) in url::form_urlencoded::parse(&body) {
            if value.contains('\0') {
                return Err(Problem::bad("a text holds the letter zero"));
            }
            fields.push((name.into_owned(), value.replace("\r\n", "\n")));
        }
    } else {
        let detail = "a form is sent as multipart/form-data or application/x-www-form-urlencoded";
        return Err(Problem::unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let mut names = BTreeSet::new();
    if let Some((name, _)) = fields.iter().find(|(name, _)| name == "attachment" || !names.insert(name.as_str())) {
        let wrong =
            if name == "attachment" { "is a file, sent as multipart/form-data" } else { "is said more than once" };
        return Err(Problem::bad(format!("{name} {wrong}")));
    }
    Ok((fields, files))
}

/// Brings a report. What is found in it is shown then, and nothing of it counts before somebody has chosen.
#[utoipa::path(post, path = "/intel/reports", tag = "Intelligence", security(("session" = [])),
    request_body(content((Bring = "multipart/form-data"), (Bring = "application/x-www-form-urlencoded"))),
    responses((status = 303, description = "Kept; on to what was found in it")))]
pub(crate) async fn add(State(app): State<App>, visit: Visit, request: Request) -> Result<Response, Problem> {
    let (fields, attachments) = form(request).await?;
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let one_of = |name: &str, known: &[&'static str]| {
        let said = field(name).and_then(|value| known.iter().find(|one| **one == value).copied());
        said.ok_or_else(|| Problem::bad(format!("{name} is one of: {}", known.join(", "))))
    };
    let reliability = one_of("reliability", &RELIABILITY.map(|(letter, _)| letter))?;
    let credibility = one_of("credibility", &CREDIBILITY.map(|(digit, _)| digit))?;
    let grade =
        format!("{reliability}{credibility}").parse::<Grade>().map_err(|error| Problem::bad(error.to_string()))?;
    let tlp = one_of("tlp", &Tlp::ALL.map(Tlp::name))?.parse::<Tlp>();
    let pap = one_of("pap", &Pap::ALL.map(Pap::name))?.parse::<Pap>();
    let marking = Marking {
        tlp: tlp.map_err(|error| Problem::bad(error.to_string()))?,
        pap: pap.map_err(|error| Problem::bad(error.to_string()))?,
    };
    let title = field("title").map(str::to_owned);
    if title.as_ref().is_some_and(|title| title.chars().count() > limits::REPORT_TITLE_CHARS_MAX) {
        return Err(Problem::bad(format!("a title has at most {} letters", limits::REPORT_TITLE_CHARS_MAX)));
    }
    let body = field("body").ok_or_else(|| Problem::bad("a report has a body: its text"))?.to_owned();
    let reported = Reported { source: field("source").map(str::to_owned), grade, marking, title, body, attachments };
    let id = app.office.add_report(&visit.visitor.ctx, reported).await?;
    Ok(Redirect::to(&format!("/intel/reports/{id}")).into_response())
}

fn report_id(text: &str) -> Result<ReportId, Problem> {
    ReportId::parse(text).ok_or_else(|| Problem::not_found(format!("{text:?} is no report")))
}

/// A report: the page, or with `.json` behind the id the document. Reading it is in the ledger.
#[utoipa::path(get, path = "/intel/reports/{id}", tag = "Intelligence",
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}(\\.json)?$")), security(("session" = []), ("token" = [])),
    responses(
        (status = 200, description = "The report", content(
            (String = "text/html"), (ReportDocument = "application/json")))))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    visit: Result<Visit, Problem>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    if let Some(id) = name.strip_suffix(".json") {
        return Ok(Json(document(&app.office.report(&caller.ctx, report_id(id)?).await?)).into_response());
    }
    let visit = visit?;
    let ctx = &visit.visitor.ctx;
    let view = app.office.report(ctx, report_id(&name)?).await?;
    let decided_by = view.report.decided.as_ref().map(|(by, _)| by.as_str());
    let actors: Vec<&str> = std::iter::once(view.report.created_by.as_str()).chain(decided_by).collect();
    let names = app.office.names(ctx, &actors).await?;
    let by = names.show(&view.report.created_by).to_owned();
    let decided = view.report.decided.as_ref().map(|(by, at)| (names.show(by).to_owned(), moment(*at)));
    let may_decide = view.report.status == ReportStatus::Proposed && app.office.offers(ctx, Operation::IntelWrite);
    let shell = Shell::inside(&app, &visit, view.report.title.clone(), "/intel").await?;
    Ok(Html(OnePage { shell, by, decided, may_decide, view }).into_response())
}

fn document(view: &ReportView) -> ReportDocument {
    let proposed = view.proposals.iter().map(|one| ProposalShown {
        name: one.name.clone(),
        kind: one.kind,
        value: one.value.clone(),
        doubts: one.doubts.clone(),
        ours: one.ours.clone(),
        times: one.times,
        around: one.around.clone(),
    });
    let attachments = view.attachments.iter().map(|one| AttachmentShown {
        number: one.number,
        name: one.name.clone(),
        size: one.size,
        blake3: one.digest.clone(),
    });
    ReportDocument {
        report: listed(&view.report),
        body: view.report.body.clone(),
        proposed: proposed.collect(),
        attachments: attachments.collect(),
    }
}

/// What is chosen of a report.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the form is read field by field")]
struct Decided {
    /// `chosen`: what `take` names. `plain`: all against which nothing speaks. `none`: nothing.
    #[schema(pattern = "^(chosen|plain|none)$")]
    choice: String,
    /// What is chosen, by its name, as often as there is some.
    #[schema(nullable = false)]
    take: Option<Vec<String>>,
}

/// Takes over what was chosen of a report, once.
#[utoipa::path(post, path = "/intel/reports/{id}/decide", tag = "Intelligence",
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}$")), security(("session" = [])),
    request_body(content = Decided, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Decided; back to the report")))]
pub(crate) async fn decide(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Fields(body): Fields,
) -> Result<Response, Problem> {
    let id = report_id(&id)?;
    let (mut take, mut choice) = (BTreeSet::new(), String::new());
    for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
        match &*name {
            "take" => drop(take.insert(value.into_owned())),
            "choice" => choice = value.into_owned(),
            _ => {}
        }
    }
    let choice = match choice.as_str() {
        "plain" => Choice::Plain,
        "none" => Choice::Nothing,
        "chosen" if take.is_empty() => return Err(Problem::bad("choose something first, or take over nothing")),
        "chosen" => Choice::Only(take),
        _ => return Err(Problem::bad("say `chosen`, `plain` or `none`")),
    };
    app.office.decide_report(&visit.visitor.ctx, id, &choice).await?;
    Ok(Redirect::to(&format!("/intel/reports/{id}")).into_response())
}

/// An attachment, as a file that no browser shows. Reading it is in the ledger.
#[utoipa::path(get, path = "/intel/reports/{id}/attachments/{number}", tag = "Intelligence",
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}$"), ("number" = u64, Path)),
    security(("session" = []), ("token" = [])),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn attachment(
    State(app): State<App>,
    caller: Caller,
    Path((id, number)): Path<(String, u64)>,
) -> Result<Response, Problem> {
    let (about, bytes) = app.office.attachment(&caller.ctx, report_id(&id)?, number).await?;
    // Letters outside of ASCII as RFC 8187 writes them; the name has no quotes (the office sees to it).
    let encoded: String = url::form_urlencoded::byte_serialize(about.name.as_bytes()).collect();
    let plain: String = about.name.chars().map(|letter| if letter.is_ascii() { letter } else { '_' }).collect();
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", encoded.replace('+', "%20"));
    let disposition = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static("application/octet-stream");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response())
}
