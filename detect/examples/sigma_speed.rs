//! How fast rules are matched, against the peer and against parsing alone, in one run on one core.
//!
//! Each round measures the three in turn and the last line gives medians. Time is time on the processor, so that what else
//! runs on the machine counts little (Linux; elsewhere time on the wall). The peer is rsigma-eval with one engine for each
//! set of log sources; which engine a record goes to is found before its clock starts, ours is found while it runs. Rules are
//! compiled before both clocks start; what a matcher remembers of values it learns while the clock runs, in every round anew.
//!
//! `cargo run --release -p detect --example sigma_speed -- RULES_DIR EVENTS.jsonl [ROUNDS]`

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench ends at its first failure and prints its figures"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use detect::sigma::{Matcher, Placeholders, Router, RuleFile, RuleSet, Source};
use model::{Fields, Format};
use rsigma_eval::Engine;
use rsigma_eval::event::JsonEvent;
use rsigma_parser::{SigmaCollection, SigmaRule, parse_sigma_yaml};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(rules), Some(events)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: sigma_speed RULES_DIR EVENTS.jsonl [ROUNDS]");
        std::process::exit(2);
    };
    let rounds: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(5);
    let mut files = Vec::new();
    walk(Path::new(&rules), &mut files);
    files.sort();
    let text = std::fs::read_to_string(&events).expect("events");
    let lines: Vec<&str> = text.lines().collect();

    let started = Instant::now();
    let given = files.iter().map(|(path, text)| RuleFile { path, text });
    let set = Arc::new(RuleSet::load(given, &Placeholders::new()));
    println!("{} rules, {} errors, loaded in {:.2} s", set.len(), set.errors.len(), started.elapsed().as_secs_f64());
    for error in set.errors.iter().take(10) {
        println!("  {}: {}", error.path, error.reason);
    }
    let router = Arc::new(Router::default());
    let peer = Peer::new(&files, &router, &lines);
    let fresh = || {
        let mut matcher = Matcher::new(Arc::clone(&set), Arc::clone(&router));
        compile(&mut matcher, &lines);
        matcher
    };
    let ours_hits = pass(&mut fresh(), &lines);
    let (mut parses, mut scans, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        parses.push(timed(|| parse_only(&lines)));
        scans.push(timed(|| scan_only(&lines)));
        // A matcher remembers values; one that knew this file already would have nothing left to do.
        let mut matcher = fresh();
        ours.push(timed(|| assert_eq!(pass(&mut matcher, &lines), ours_hits, "hits of a later round")));
        let mut hits = 0;
        theirs.push(timed(|| hits = peer.pass(&lines)));
        let last = |seconds: &[f64]| seconds.last().map_or(0.0, |seconds| lines.len() as f64 / seconds);
        println!(
            "ours {:.0} ev/s, {ours_hits} hits | rsigma-eval {:.0} ev/s, {hits} hits | parse only {:.0} | our scan {:.0}",
            last(&ours),
            last(&theirs),
            last(&parses),
            last(&scans)
        );
    }
    let rate = |seconds: &mut Vec<f64>| lines.len() as f64 / median(seconds);
    let (ours, theirs, parse, scan) = (rate(&mut ours), rate(&mut theirs), rate(&mut parses), rate(&mut scans));
    println!(
        "medians of {rounds}: ours {ours:.0} ev/s = {:.1} x rsigma-eval ({theirs:.0}) = {:.0} % of parse only ({parse:.0}); our scan {scan:.0}",
        ours / theirs,
        100.0 * ours / parse
    );
}

fn parse_only(lines: &[&str]) {
    for line in lines {
        let value: sonic_rs::Value = sonic_rs::from_str(line).expect("json");
        black_box(&value);
    }
}

fn scan_only(lines: &[&str]) {
    for line in lines {
        black_box(&formats::json::scan(line.as_bytes(), Format::Windows, formats::json::no_lift).ok());
    }
}

/// Has the matcher compile its rules for all kinds of records, without a look at their values.
fn compile(matcher: &mut Matcher, lines: &[&str]) {
    for line in lines {
        if let Ok(fields) = formats::fields(Format::Windows, line.as_bytes()) {
            matcher.has_rules_for(&fields);
        }
    }
}

fn pass(matcher: &mut Matcher, lines: &[&str]) -> usize {
    let mut hits = 0;
    let mut found = Vec::new();
    let mut earlier = Fields::new(Format::Windows);
    for line in lines {
        let fields = formats::fields_into(earlier, Format::Windows, line.as_bytes()).expect("an event");
        found.clear();
        matcher.matches(&fields, &mut found);
        hits += found.len();
        earlier = fields.emptied(Format::Windows);
    }
    hits
}

/// rsigma-eval with one engine for each set of log sources, and which of them each record goes to.
struct Peer {
    engines: Vec<Engine>,
    engine_of_line: Vec<usize>,
}

impl Peer {
    fn new(files: &[(String, String)], router: &Router, lines: &[&str]) -> Self {
        let parsed = files.iter().filter_map(|(_, text)| parse_sigma_yaml(text).ok());
        let rules: Vec<SigmaRule> = parsed.flat_map(|collection| collection.rules).collect();
        let mut numbers: HashMap<Vec<Source>, usize> = HashMap::new();
        let mut engines = Vec::new();
        let mut engine_of_line = Vec::with_capacity(lines.len());
        for line in lines {
            let fields = formats::fields(Format::Windows, line.as_bytes()).expect("an event");
            let sources = router.sources_of(&fields);
            let number = *numbers.entry(sources).or_insert_with_key(|sources| {
                engines.push(engine(&rules, sources));
                engines.len() - 1
            });
            engine_of_line.push(number);
        }
        println!("{} engines of the peer", engines.len());
        Peer { engines, engine_of_line }
    }

    fn pass(&self, lines: &[&str]) -> usize {
        let one = |(line, number): (&&str, &usize)| {
            let event: serde_json::Value = serde_json::from_str(line).expect("json");
            self.engines[*number].evaluate(&JsonEvent::borrow(&event)).len()
        };
        lines.iter().zip(&self.engine_of_line).map(one).sum()
    }
}

fn engine(rules: &[SigmaRule], sources: &[Source]) -> Engine {
    let applies = |rule: &&SigmaRule| {
        let asked = Source {
            product: rule.logsource.product.clone(),
            category: rule.logsource.category.clone(),
            service: rule.logsource.service.clone(),
        };
        sources.iter().any(|source| source.satisfies(&asked))
    };
    let mut collection = SigmaCollection::new();
    collection.rules = rules.iter().filter(applies).cloned().collect();
    let mut engine = Engine::new();
    engine.add_collection(&collection).expect("rules");
    engine
}

/// Seconds on the processor.
fn timed(work: impl FnOnce()) -> f64 {
    let on_processor = || {
        // The kernel adds up what a thread has used when it leaves the processor.
        std::thread::yield_now();
        let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        spent.split(' ').next()?.parse::<u64>().ok()
    };
    let (started, before) = (Instant::now(), on_processor());
    work();
    match (before, on_processor()) {
        (Some(before), Some(after)) if after > before => (after - before) as f64 / 1e9,
        _ => started.elapsed().as_secs_f64(),
    }
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn walk(folder: &Path, out: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "yml")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            out.push((path.display().to_string(), text));
        }
    }
}
