//! Services, looked at from outside: how each is, what was wrong, and adding, pausing and removing probes.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use engine::access::Operation;
use engine::office::{ProbeEpisode, ProbeExpected, ProbeKind, ProbeProblem, ProbeSettings, ProbeView};
use model::OpContext;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asked::{Confirmed, Form, Path};
use crate::problem::Problem;
use crate::shape::csv as csv_answer;
use crate::shell::{Html, Shell};
use crate::visit::{Caller, Visit};

/// Looks that the picture shows, and things that were wrong.
const PICTURE_LOOKS: usize = 96;
const HISTORY_ROWS: usize = 50;

#[derive(Template)]
#[template(path = "probes.html")]
struct Page {
    shell: Shell,
    rows: Vec<ProbeListed>,
    pictures: Vec<Picture>,
    history: Vec<ProbeTrouble>,
    may_manage: bool,
}

impl Page {
    /// Rows with their pictures.
    fn pairs(&self) -> impl Iterator<Item = (&ProbeListed, &Picture)> {
        self.rows.iter().zip(&self.pictures)
    }
}

/// Something that is wrong with a service, or was.
#[derive(Serialize, ToSchema)]
struct ProbeTrouble {
    probe: String,
    /// For example `down`, `slow`, `defaced`, `certificate-ends`.
    problem: String,
    /// The same for people.
    title: String,
    level: &'static str,
    #[schema(format = DateTime)]
    since: String,
    /// Absent while it is so.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Why we think so.
    because: String,
}

impl ProbeTrouble {
    fn of(episode: &ProbeEpisode) -> Self {
        let known = ProbeProblem::ALL.iter().find(|known| known.word() == episode.problem);
        ProbeTrouble {
            probe: episode.probe.clone(),
            problem: episode.problem.clone(),
            title: known.map_or_else(|| episode.problem.clone(), |known| known.title().to_owned()),
            level: episode.level.name(),
            since: episode.since.to_string(),
            until: episode.until.map(|at| at.to_string()),
            because: episode.words.clone(),
        }
    }

    /// Twins write times in full; people read seconds.
    fn short(&self, at: &str) -> String {
        at.get(..19).unwrap_or(at).replace('T', " ")
    }
}

/// A probe.
#[derive(Serialize, ToSchema)]
struct ProbeListed {
    name: String,
    /// The service, by its name in the register.
    service: String,
    /// `http`, `page`, `data` or `name`.
    kind: &'static str,
    place: String,
    interval_seconds: u32,
    /// `as usual`, `down`, `not as it should be`, `paused` or `not looked at yet`.
    status: &'static str,
    /// When it looked last.
    #[schema(format = DateTime)]
    last: Option<String>,
    /// What it saw then.
    saw: Vec<String>,
    /// What is wrong now, worst first.
    open: Vec<ProbeTrouble>,
}

impl ProbeListed {
    fn of(view: &ProbeView) -> Self {
        let last = view.seen.first();
        ProbeListed {
            name: view.probe.name.clone(),
            service: view.probe.service.clone(),
            kind: view.settings.kind.name(),
            place: view.settings.place.clone(),
            interval_seconds: view.settings.interval_seconds,
            status: view.status(),
            last: last.map(|(at, ..)| at.to_string()),
            saw: last.map(|(_, _, seen)| seen.checks.clone()).unwrap_or_default(),
            open: view.open.iter().map(ProbeTrouble::of).collect(),
        }
    }

    /// A sign beside the word: nobody has to tell colours apart.
    fn sign(&self) -> &'static str {
        match self.status {
            "as usual" => "●",
            "down" => "✕",
            "paused" => "‖",
            "not looked at yet" => "○",
            _ => "▲",
        }
    }

    fn last_moment(&self) -> String {
        self.last.as_ref().map_or_else(|| "never".to_owned(), |at| at.get(..19).unwrap_or(at).replace('T', " "))
    }
}

/// How long answers took, as a line.
struct Picture {
    points: String,
    words: String,
}

/// The picture's size, in units of its own.
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 24.0;

impl Picture {
    /// Of times in microseconds, the newest last.
    fn of(times: &[u64]) -> Self {
        let most = times.iter().copied().max().unwrap_or(0);
        let step = WIDTH / (PICTURE_LOOKS - 1) as f64;
        let from = PICTURE_LOOKS.saturating_sub(times.len());
        let point = |(at, time): (usize, &u64)| {
            let height = *time as f64 / most.max(1) as f64 * (HEIGHT - 2.0);
            format!("{:.1},{:.1}", (from + at) as f64 * step, HEIGHT - 1.0 - height)
        };
        let points = times.iter().enumerate().map(point).collect::<Vec<_>>().join(" ");
        let words = match times.last() {
            None => "no answer yet".to_owned(),
            Some(last) => format!(
                "the last {} answers took at most {} ms, the newest {} ms",
                times.len(),
                most / 1_000,
                last / 1_000
            ),
        };
        Picture { points, words }
    }

    fn of_view(view: &ProbeView) -> Self {
        let newest = view.seen.iter().filter_map(|(_, _, seen)| seen.total_us).take(PICTURE_LOOKS);
        let mut times: Vec<u64> = newest.collect();
        times.reverse();
        Picture::of(&times)
    }
}

/// Probes by name, and what was wrong last.
#[derive(Serialize, ToSchema)]
struct ProbeList {
    probes: Vec<ProbeListed>,
    history: Vec<ProbeTrouble>,
}

async fn history(app: &App, ctx: &OpContext) -> Result<Vec<ProbeTrouble>, Problem> {
    Ok(app.office.probe_history(ctx, HISTORY_ROWS).await?.iter().map(ProbeTrouble::of).collect())
}

/// How services are, looked at from outside.
#[utoipa::path(get, path = "/probes", tag = "Probes", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let ctx = &visit.visitor.ctx;
    let views = app.office.probes(ctx).await?;
    let history = history(&app, ctx).await?;
    let may_manage = app.office.offers(ctx, Operation::ProbeManage);
    let shell = Shell::inside(&app, &visit, "Probes", "/probes").await?;
    let rows = views.iter().map(ProbeListed::of).collect();
    let pictures = views.iter().map(Picture::of_view).collect();
    Ok(Html(Page { shell, rows, pictures, history, may_manage }).into_response())
}

/// How services are, for programs.
#[utoipa::path(get, path = "/probes.json", tag = "Probes", security(("session" = []), ("token" = [])),
    responses((status = 200, body = ProbeList)))]
pub(crate) async fn json(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let probes = app.office.probes(&caller.ctx).await?.iter().map(ProbeListed::of).collect();
    Ok(Json(ProbeList { probes, history: history(&app, &caller.ctx).await? }).into_response())
}

/// How services are, as a file.
#[utoipa::path(get, path = "/probes.csv", tag = "Probes", security(("session" = []), ("token" = [])),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let rows: Vec<ProbeListed> = app.office.probes(&caller.ctx).await?.iter().map(ProbeListed::of).collect();
    Ok(csv_answer("probes", &["name", "service", "kind", "place", "status", "last", "saw"], &rows))
}

/// What a probe can look at.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names stand in the document")]
enum ProbeKindName {
    Http,
    Page,
    Data,
}

/// A probe that is to be added.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewProbeForm)]
pub(crate) struct Add {
    #[schema(pattern = "^[a-z0-9._-]{1,100}$")]
    name: String,
    /// The service, by its name in the register.
    #[schema(pattern = "^[a-z0-9._-]{1,100}$")]
    service: String,
    /// What it looks at.
    #[schema(value_type = ProbeKindName)]
    kind: String,
    /// The URL.
    #[schema(max_length = 2048)]
    place: String,
    /// Seconds between two looks.
    #[schema(minimum = 30, maximum = 86_400)]
    every: u32,
    /// The probe of a control target.
    #[serde(default)]
    #[schema(max_length = 100)]
    control: String,
}

/// Adds a probe. Names, private places and what is expected in detail are for the command line.
#[utoipa::path(post, path = "/probes/add", tag = "Probes", security(("session" = [])),
    request_body(content = Add, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Added; on to the probes")))]
pub(crate) async fn add(State(app): State<App>, visit: Visit, Form(form): Form<Add>) -> Result<Response, Problem> {
    let kind: ProbeKind = form.kind.parse().map_err(Problem::bad)?;
    let place = form.place.trim().to_owned();
    let url = url::Url::parse(&place).map_err(|_| Problem::bad("the place is no URL"))?;
    let control = form.control.trim();
    let expected = ProbeExpected {
        host: url.host_str().unwrap_or_default().to_owned(),
        control: (!control.is_empty()).then(|| control.to_owned()),
        ..ProbeExpected::default()
    };
    let settings =
        ProbeSettings { kind, place, server: None, interval_seconds: form.every, allow_private: Vec::new(), expected };
    app.office.add_probe(&visit.visitor.ctx, &form.name, form.service.trim(), &settings).await?;
    Ok(Redirect::to("/probes").into_response())
}

/// Wants a look at once.
#[utoipa::path(post, path = "/probes/{name}/run", tag = "Probes", params(("name" = String, Path)),
    security(("session" = [])), responses((status = 303, description = "It looks within seconds; on to the probes")))]
pub(crate) async fn run(State(app): State<App>, visit: Visit, Path(name): Path<String>) -> Result<Response, Problem> {
    app.office.run_probe(&visit.visitor.ctx, &name).await?;
    Ok(Redirect::to("/probes").into_response())
}

/// Has nobody look for now.
#[utoipa::path(post, path = "/probes/{name}/pause", tag = "Probes", params(("name" = String, Path)),
    security(("session" = [])), responses((status = 303, description = "Paused; on to the probes")))]
pub(crate) async fn pause(State(app): State<App>, visit: Visit, Path(name): Path<String>) -> Result<Response, Problem> {
    app.office.pause_probe(&visit.visitor.ctx, &name).await?;
    Ok(Redirect::to("/probes").into_response())
}

/// Has somebody look again.
#[utoipa::path(post, path = "/probes/{name}/resume", tag = "Probes", params(("name" = String, Path)),
    security(("session" = [])), responses((status = 303, description = "It looks again; on to the probes")))]
pub(crate) async fn resume(
    State(app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    app.office.resume_probe(&visit.visitor.ctx, &name).await?;
    Ok(Redirect::to("/probes").into_response())
}

/// What is right now.
#[derive(Deserialize, ToSchema)]
#[schema(as = ProbeAcceptForm)]
pub(crate) struct Accept {
    /// What is open, for example `defaced`.
    #[schema(max_length = 40)]
    problem: String,
}

/// Says that what is there now is right.
#[utoipa::path(post, path = "/probes/{name}/accept", tag = "Probes", params(("name" = String, Path)),
    security(("session" = [])), request_body(content = Accept, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "It is over; on to the probes")))]
pub(crate) async fn accept(
    State(app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
    Form(form): Form<Accept>,
) -> Result<Response, Problem> {
    let known = ProbeProblem::ALL.iter().copied().find(|known| known.word() == form.problem);
    let known = known.ok_or_else(|| Problem::bad("there is no such problem"))?;
    app.office.accept_probe(&visit.visitor.ctx, &name, known).await?;
    Ok(Redirect::to("/probes").into_response())
}

/// Removes a probe with all that was seen.
#[utoipa::path(post, path = "/probes/{name}/remove", tag = "Probes", params(("name" = String, Path)),
    security(("session" = [])), request_body(content = Confirmed, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Removed; on to the probes")))]
pub(crate) async fn remove(
    State(app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
    Form(confirmed): Form<Confirmed>,
) -> Result<Response, Problem> {
    confirmed.check("what it saw and learnt goes with it")?;
    app.office.remove_probe(&visit.visitor.ctx, &name).await?;
    Ok(Redirect::to("/probes").into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_ends_with_the_newest_look() {
        let picture = Picture::of(&[0, 10_000, 5_000]);
        assert!(picture.points.ends_with("120.0,12.0"), "{}", picture.points);
        assert_eq!(picture.words, "the last 3 answers took at most 10 ms, the newest 5 ms");
        assert_eq!(Picture::of(&[]).points, "");
    }
}
