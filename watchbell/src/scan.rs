//! `watchbell scan`: detectors over files, without a server.

use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::{Result, bail};
use engine::content::{Complaint, Content, ContentPaths};
use engine::scan::{Found, ScanOptions, ScanReport, ScanWatcher, scan};
use formats::finding::{self, SourcePlace};
use indicatif::ProgressBar;
use model::{Level, Note, Timestamp};

use crate::cli::ScanArgs;
use crate::exit::Exit;
use crate::ranking::{self, Ranking};
use crate::{paths, progress, words};

/// Complaints and notes that are shown one by one; of more, only the number.
const SHOWN_MAX: usize = 10;

pub(crate) fn run(arguments: &ScanArgs) -> Result<Exit> {
    let started = Instant::now();
    let files = paths::files(&arguments.files)?;
    if files.is_empty() {
        bail!("there is no file below what was named");
    }
    let content = read_content(arguments);
    if content.rules.is_empty() && content.indicator_count == 0 {
        bail!("nothing to look for: give --rules DIR or --indicators FILE");
    }
    let threads =
        arguments.threads.or_else(|| thread::available_parallelism().ok().map(NonZeroUsize::get)).unwrap_or(1);
    let total = files.iter().map(|file| size(file)).sum();
    let options = ScanOptions { files, format: arguments.format, threads, now: now() };
    let mut watcher = Watcher::new(arguments, total);
    let report = scan(&content, &options, &mut watcher);
    watcher.bar.finish_and_clear();
    watcher.out.flush()?;
    if !arguments.json {
        let rows = std::mem::take(&mut watcher.ranking).rows();
        ranking::print(&rows, arguments.rows, &mut io::stdout().lock())?;
    }
    if !arguments.quiet {
        print_words(&watcher, &report, &content, started);
    }
    if let Some(error) = watcher.failed {
        // A reader that has seen enough (`head`) is no failure.
        if error.kind() != io::ErrorKind::BrokenPipe {
            return Err(error.into());
        }
    }
    Ok(if watcher.found_high { Exit::Failed } else { Exit::Ok })
}

fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |data| data.len())
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::EPOCH.plus(since)
}

fn read_content(arguments: &ScanArgs) -> Content {
    let spinner = progress::spinner(arguments.quiet);
    let content = Content::read(&ContentPaths::from(&arguments.content), |what| {
        spinner.set_message(format!("reading {what}"));
    });
    spinner.finish_and_clear();
    if !arguments.quiet {
        say_content(&content);
    }
    content
}

/// Says what detectors know, and what did not load.
pub(crate) fn say_content(content: &Content) {
    eprintln!(
        "{}, {}, {}, {}",
        words::counted(content.rules.len() as u64, "rule"),
        words::counted(content.rules.correlations() as u64, "correlation"),
        words::counted(content.indicator_count, "indicator"),
        words::counted(content.suppress_count as u64, "list") + " of harmless things",
    );
    show_complaints(&content.complaints);
}

fn show_complaints(complaints: &[Complaint]) {
    for complaint in complaints.iter().take(SHOWN_MAX) {
        let place = complaint.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        eprintln!("not loaded: {}{place}: {}", complaint.path, complaint.reason);
    }
    if complaints.len() > SHOWN_MAX {
        eprintln!("not loaded: {} more", words::count((complaints.len() - SHOWN_MAX) as u64));
    }
}

struct Watcher {
    bar: ProgressBar,
    out: BufWriter<io::Stdout>,
    json: bool,
    min_level: Level,
    ranking: Ranking,
    count: u64,
    found_high: bool,
    notes: Vec<Note>,
    failed: Option<io::Error>,
}

impl Watcher {
    fn new(arguments: &ScanArgs, total: u64) -> Self {
        let bar = progress::bytes(total, arguments.quiet);
        bar.set_message("looking through logs");
        Watcher {
            bar,
            out: BufWriter::new(io::stdout()),
            json: arguments.json,
            min_level: arguments.min_level,
            ranking: Ranking::default(),
            count: 0,
            found_high: false,
            notes: Vec::new(),
            failed: None,
        }
    }
}

impl ScanWatcher for Watcher {
    fn read(&mut self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn found(&mut self, found: Found) {
        if found.detection.level < self.min_level {
            return;
        }
        self.count += 1;
        self.found_high |= found.detection.level >= Level::High;
        if !self.json {
            return self.ranking.add(&found);
        }
        let place = SourcePlace { file: &found.file, line: found.line };
        let line = finding::to_json(&found.detection, Some(&found.event), Some(&place));
        if self.failed.is_none()
            && let Err(error) = writeln!(self.out, "{line}")
        {
            self.failed = Some(error);
        }
    }

    fn noted(&mut self, note: Note) {
        if self.notes.len() < SHOWN_MAX {
            self.notes.push(note);
        }
    }
}

fn print_words(watcher: &Watcher, report: &ScanReport, content: &Content, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    let kinds: Vec<String> = report.formats.iter().map(|(name, n)| format!("{name} {}", words::count(*n))).collect();
    eprintln!(
        "{} in {} ({}), {} in {seconds:.1} s",
        words::counted(watcher.count, "finding"),
        words::counted(report.records, "record"),
        kinds.join(", "),
        words::bytes(report.bytes),
    );
    for note in &watcher.notes {
        let line = note.line.map(|line| format!(":{line}")).unwrap_or_default();
        eprintln!("not read whole: {}{line}: {}: {}", note.source, note.reason.text(), note.detail);
    }
    for (reason, count) in &report.notes {
        eprintln!("{reason}: {}", words::counted(*count, "record"));
    }
    for list in content.suppression.counts().iter().filter(|list| list.capped + list.silenced > 0).take(SHOWN_MAX) {
        let (capped, silenced) = (words::count(list.capped), words::count(list.silenced));
        eprintln!("known harmless, says {}: {capped} lowered, {silenced} silenced", list.list);
    }
    for (rule, count) in &report.losses.groups_forgotten {
        eprintln!("correlation {rule} had to forget {} before their time", words::counted(*count, "group"));
    }
    for (rule, count) in &report.losses.events_forgotten {
        eprintln!("correlation {rule} had to forget {} of full groups", words::counted(*count, "event"));
    }
}
