//! Pages for machines that watch the watch: alive, ready, figures.

use std::fmt::Write;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use connect::{HealthSnapshot, Sources};
use engine::content::Content;
use engine::ingest::Counters;
use serde::Serialize;
use store::journal::{Health, JournalHandle};
use utoipa::openapi::OpenApi;
use utoipa::{OpenApi as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shelf::LakeShelf;

/// What the pages speak of.
#[derive(Clone)]
pub(super) struct Vitals {
    pub(super) journal: JournalHandle,
    pub(super) counters: Arc<Counters>,
    pub(super) sources: Arc<Sources>,
    pub(super) shelf: Arc<LakeShelf>,
    pub(super) content: Arc<ArcSwap<Content>>,
}

/// The pages, and what the document about everything says of them.
pub(super) fn router(vitals: Vitals) -> (Router, OpenApi) {
    let pages = OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready)).routes(routes!(metrics));
    let (router, mut document) = pages.split_for_parts();
    document.merge(Ingest::openapi());
    (router.with_state(vitals), document)
}

/// What sources of the kind `http` take; they are mounted by [`connect`].
#[derive(utoipa::OpenApi)]
#[openapi(paths(ingest))]
struct Ingest;

/// Takes a batch of records, one a line, and answers when they are durable.
#[expect(dead_code, reason = "it stands in the document; the source answers")]
#[utoipa::path(post, path = "/ingest/{source}", tag = "Sources", security(("token" = [])),
    params(("source" = String, Path, description = "The source's name"),
        ("format" = Option<String>, Query, description = "How the records are written; JSON when it is not said"),
        ("Idempotency-Key" = Option<String>, Header, max_length = 256,
            description = "The same for the same batch: it is kept once")),
    request_body(content((String = "text/plain"), (String = "application/x-ndjson"), (String = "application/json"))),
    responses((status = 200, description = "The records are durable", body = Taken),
        (status = "4XX", description = "Not taken; the detail says why", body = NotTaken,
            content_type = "application/problem+json"),
        (status = "5XX", description = "Records cannot be made durable now", body = NotTaken,
            content_type = "application/problem+json")))]
fn ingest() {}

/// What became of a batch.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the source answers")]
struct Taken {
    /// Records that are durable.
    accepted: u64,
    /// Lines that were not taken.
    refused: Vec<RefusedLine>,
    /// Refused lines beyond those listed.
    refused_unlisted: Option<u64>,
}

/// A line that was not taken.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the source answers")]
struct RefusedLine {
    /// From 1.
    line: u64,
    reason: String,
}

/// Why a batch was not taken (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape stands in the document; the source answers")]
struct NotTaken {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    /// Records of the batch that are durable all the same.
    accepted: u64,
}

/// Whether the program runs.
#[utoipa::path(get, path = "/healthz", tag = "The watch itself",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn alive() -> &'static str {
    "alive\n"
}

/// Whether the watch does its work.
#[derive(Serialize, ToSchema)]
struct Readiness {
    ready: bool,
    /// Why not.
    reasons: Vec<String>,
    /// What is wrong and does not stop the watch.
    warnings: Vec<&'static str>,
}

/// 200 when records are taken and findings kept, 503 with the reasons when not. A lake that is down is a warning: the
/// watch goes on without it.
#[utoipa::path(get, path = "/readyz", tag = "The watch itself", responses(
    (status = 200, body = Readiness), (status = 503, description = "It does not", body = Readiness)))]
async fn ready(State(vitals): State<Vitals>) -> Response {
    let counters = vitals.counters.snapshot();
    let mut reasons = Vec::new();
    match vitals.journal.health() {
        Health::Ready => {}
        Health::NoSpace => reasons.push("the disk is full: records are refused until there is room".to_owned()),
        Health::Failed { reason } => reasons.push(format!("the journal has failed: {reason}")),
    }
    if counters.is_state_failing {
        reasons.push("findings cannot be kept in the state database".to_owned());
    }
    let mut warnings = Vec::new();
    if counters.is_shelf_failing {
        warnings.push("the lake does not take events; they wait in the journal");
    }
    let is_ready = reasons.is_empty();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready: is_ready, reasons, warnings })).into_response()
}

/// The figures in the text format of Prometheus (exposition format 0.0.4).
#[utoipa::path(get, path = "/metrics", tag = "The watch itself",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(State(vitals): State<Vitals>) -> Response {
    let text = vitals.text();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// One family of figures.
struct Family<'a>(&'a mut String, &'static str);

impl<'a> Family<'a> {
    fn new(out: &'a mut String, name: &'static str, kind: &str, help: &str) -> Self {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP watchbell_{name} {help}\n# TYPE watchbell_{name} {kind}");
        Family(out, name)
    }

    fn value(self, value: u64) {
        let _ = writeln!(self.0, "watchbell_{} {value}", self.1);
    }

    fn of(&mut self, label: &str, of: &str, value: u64) {
        // Labels are our own words and the names of sources, which hold nothing that would need an escape.
        let _ = writeln!(self.0, "watchbell_{}{{{label}=\"{of}\"}} {value}", self.1);
    }
}

impl Vitals {
    fn text(&self) -> String {
        let mut out = String::new();
        let stats = self.journal.stats();
        let counters = self.counters.snapshot();
        let mut counter = |name, help, value| Family::new(&mut out, name, "counter", help).value(value);
        counter("journal_records_total", "Records made durable.", stats.records);
        counter("journal_duplicates_total", "Records that were kept before.", stats.duplicates);
        counter("journal_body_bytes_total", "Bytes of records made durable.", stats.body_bytes);
        counter("journal_syncs_total", "Groups of batches, one sync each.", stats.groups);
        counter("journal_damages_total", "Damaged places that readers met.", stats.damages_met);
        counter("records_looked_at_total", "Records that detectors have looked at.", counters.records);
        counter("records_unreadable_total", "Records that no reader could read.", counters.unreadable);
        counter("detections_total", "What detectors said.", counters.detections);
        counter("findings_total", "What was kept of it and was new.", counters.findings);
        counter("lake_rows_total", "Rows handed to the lake.", counters.shelved_rows);
        counter("lake_rows_read_again_total", "Rows read again from the journal for the lake.", counters.shelved_again);
        counter("lake_failures_total", "Times that the lake refused.", counters.shelf_failures);
        counter("state_failures_total", "Times that findings could not be kept at once.", counters.state_failures);
        let next = self.journal.next().0;
        let mut gauge = |name, help, value| Family::new(&mut out, name, "gauge", help).value(value);
        gauge(
            "detect_lag_records",
            "Records that detectors have not dealt with.",
            next.saturating_sub(counters.looked_upto),
        );
        gauge("lake_lag_records", "Records that the lake has not taken.", next.saturating_sub(counters.shelved_upto));
        gauge("journal_first_offset", "The least offset that is still kept.", self.journal.first().0);
        gauge("journal_next_offset", "The offset of the next record.", next);
        let content = self.content.load();
        gauge("rules", "Sigma rules loaded.", content.rules.len() as u64);
        gauge("indicators", "Indicators loaded.", content.indicator_count);
        let lists = content.suppression.counts();
        let mut counter = |name, help, value| Family::new(&mut out, name, "counter", help).value(value);
        let lowered = lists.iter().map(|list| list.capped).sum();
        counter("suppressed_lowered_total", "Detections that a list of harmless things has lowered.", lowered);
        let silenced = lists.iter().map(|list| list.silenced).sum();
        counter("suppressed_silenced_total", "Detections that a list of harmless things has silenced.", silenced);
        let mut gauge = |name, help, value| Family::new(&mut out, name, "gauge", help).value(value);
        if let Some(lake) = self.shelf.opened() {
            let (files, bytes) = lake.files();
            gauge("lake_files", "Files of the lake.", files as u64);
            gauge("lake_bytes", "Bytes of the lake.", bytes);
            gauge("hunts_running", "Hunts that are being answered.", lake.hunts_running() as u64);
        }
        let sources = self.sources.health();
        let mut of_sources = |name, help, read: fn(&HealthSnapshot) -> u64| {
            let mut family = Family::new(&mut out, name, "counter", help);
            sources.iter().for_each(|source| family.of("source", source.source.as_str(), read(source)));
        };
        of_sources("source_received_total", "Records that arrived whole.", |source| source.received);
        of_sources("source_durable_total", "Records that are durable.", |source| source.durable);
        of_sources("source_refused_total", "Inputs that were not taken.", |source| source.refused);
        of_sources("source_truncated_total", "Records cut at a limit.", |source| source.truncated);
        of_sources("source_dropped_total", "Records thrown away because ingest was busy.", |source| source.dropped);
        of_sources("source_held_back_total", "Times that ingest was busy.", |source| source.held_back);
        of_sources("source_restarts_total", "Times that it failed and started again.", |source| source.restarts);
        of_sources("source_kernel_dropped_total", "Datagrams the kernel dropped, where it tells.", |source| {
            source.kernel_dropped.unwrap_or(0)
        });
        out
    }
}
