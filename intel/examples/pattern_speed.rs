//! How fast: the `patterns` bench of `docs/performance.md`.
//!
//! `cargo run --release -p intel --example pattern_speed -- [FILE]` holds 100,000 simple patterns against 10,000 observations,
//! each a bundle of its own that is read from its bytes. An evaluation is one pattern held against one observation. It prints
//! evaluations a second of the set, with reading and without, and of the same patterns one after the other.
//!
//! With FILE it also writes a part of the same patterns and bundles there, as JSON, so that the matcher of OASIS can be
//! measured on the same questions in the same minute. The anchor is 1,124 evaluations a second (stix2-matcher 3.0, measured
//! on two cores under load), the bar a thousand times that.
//!
//! Every answer of a sample is compared with the one of the pattern alone.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and stops at the first trouble")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use intel::pattern::{Observed, Pattern, PatternSet};

const PATTERNS: usize = 100_000;
const OBSERVATIONS: usize = 10_000;
const ANCHOR: f64 = 1_124.0;
/// Observations, and at least as many patterns, of which every pair is also evaluated alone.
const SAMPLE: usize = 300;

fn main() {
    let texts: Vec<String> = (0..PATTERNS).map(pattern).collect();
    let bundles: Vec<String> = (0..OBSERVATIONS).map(bundle).collect();
    if let Some(path) = std::env::args().nth(1) {
        let part = serde_json::json!({
            "patterns": texts.iter().step_by(PATTERNS / 100).collect::<Vec<_>>(),
            "observations": bundles.iter().step_by(OBSERVATIONS / 100).collect::<Vec<_>>(),
        });
        std::fs::write(path, part.to_string()).unwrap();
    }

    let start = Instant::now();
    let patterns: Vec<Pattern> = texts.iter().map(|text| Pattern::parse(text).unwrap()).collect();
    println!("read {PATTERNS} patterns: {:.2?}", start.elapsed());
    let start = Instant::now();
    let set = PatternSet::new(patterns).unwrap();
    println!("indexed: {:.2?}, {} of them looked up by a constant", start.elapsed(), set.looked_up());

    let start = Instant::now();
    let observed: Vec<Observed> = bundles.iter().map(|bundle| Observed::read(bundle.as_bytes()).unwrap()).collect();
    let reading = start.elapsed();
    let start = Instant::now();
    let verdicts: usize = observed.iter().map(|observed| black_box(set.judge(observed)).len()).sum();
    let judging = start.elapsed();
    println!("{verdicts} matches among {OBSERVATIONS} observations");
    rate("set, observations read from bytes", PATTERNS * OBSERVATIONS, reading + judging);
    rate("set, observations at hand", PATTERNS * OBSERVATIONS, judging);
    one_by_one(&set, &observed);
}

fn rate(name: &str, evaluations: usize, elapsed: Duration) {
    let rate = evaluations as f64 / elapsed.as_secs_f64();
    println!("{name}: {elapsed:.2?}, {rate:.0} evaluations/s, {:.0} times the anchor", rate / ANCHOR);
}

/// The same without the index, and whether the answers are the same. The sample has all patterns that the set found in its
/// observations, and others at equal distances.
fn one_by_one(set: &PatternSet, observed: &[Observed]) {
    let sample: Vec<&Observed> = observed.iter().step_by(10).take(SAMPLE).collect();
    let found: Vec<Vec<usize>> = sample
        .iter()
        .map(|observed| set.judge(observed).into_iter().map(|verdict| verdict.pattern).collect())
        .collect();
    let mut patterns: Vec<usize> = found.iter().flatten().copied().collect();
    patterns.extend((0..SAMPLE).map(|at| at * (PATTERNS / SAMPLE)));
    patterns.sort_unstable();
    patterns.dedup();
    let start = Instant::now();
    let mut matching = 0;
    for (observed, found) in sample.iter().zip(&found) {
        let alone = |pattern: &usize| set.get(*pattern).unwrap().judge(observed).unwrap().is_some();
        let alone: Vec<usize> = patterns.iter().copied().filter(alone).collect();
        matching += alone.len();
        assert_eq!(&alone, found, "the set answers otherwise than its patterns");
    }
    let pairs = sample.len() * patterns.len();
    rate("one after the other", pairs, start.elapsed());
    println!("{pairs} pairs compared with the set, {matching} of them match");
}

/// Simple patterns as feeds have them: one value, some with an alternative, some with a second comparison.
fn pattern(number: usize) -> String {
    let hash = |number: usize| format!("{:064x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    match number % 8 {
        0 | 1 => format!("[ipv4-addr:value = '{}']", address(number)),
        2 | 3 => format!("[domain-name:value = '{}']", domain(number)),
        4 => format!("[file:hashes.'SHA-256' = '{}']", hash(number)),
        5 => format!("[url:value = 'http://{}/a']", domain(number)),
        6 => format!("[domain-name:value IN ('{}', '{}')]", domain(number), domain(number + 1)),
        _ => format!(
            "[network-traffic:dst_ref.value = '{}' AND network-traffic:dst_port = {}]",
            address(number),
            number % 1_000
        ),
    }
}

fn address(number: usize) -> String {
    format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255)
}

fn domain(number: usize) -> String {
    format!("host-{number}.evil.example")
}

/// One observation of four objects; one in ten has something that a pattern names.
fn bundle(number: usize) -> String {
    let known = number.is_multiple_of(10);
    let of = if known { number.wrapping_mul(7_919) % PATTERNS } else { PATTERNS * 2 + number };
    let objects = serde_json::json!([
        {"type": "observed-data", "id": format!("observed-data--{number}"), "spec_version": "2.1",
         "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:01Z", "number_observed": 1,
         "object_refs": ["network-traffic--1", "ipv4-addr--1", "domain-name--1", "file--1"]},
        {"type": "network-traffic", "id": "network-traffic--1", "dst_ref": "ipv4-addr--1", "dst_port": of % 1_000,
         "protocols": ["ipv4", "tcp"]},
        {"type": "ipv4-addr", "id": "ipv4-addr--1", "value": address(of)},
        {"type": "domain-name", "id": "domain-name--1", "value": domain(of)},
        {"type": "file", "id": "file--1", "name": "a.exe", "hashes": {"SHA-256": format!("{of:064x}")}},
    ]);
    serde_json::json!({"type": "bundle", "id": "bundle--1", "objects": objects}).to_string()
}
