//! Detectors over files, without a server.
//!
//! One thread reads and unpacks, one for each core looks, and the caller's gets what was found in the order of the files,
//! whatever thread was faster. Correlations need that order, so they run at the end of it.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use detect::sigma::{Correlator, Losses, Seen};
use formats::{Container, Trouble};
use model::{AgencyId, Cursor, Detection, Event, EventId, Format, Note, NoteReason, SourceId, Timestamp, limits};

use crate::content::Content;
use crate::detectors::{Detectors, Record};
use crate::lines::{Chunk, LineReader};
use crate::unpack::{self, read_up_to};

/// What is scanned, and how.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Files, in the order in which they are to be read.
    pub files: Vec<PathBuf>,
    /// Forces a format; `None` recognises each record.
    pub format: Option<Format>,
    /// Threads that look.
    pub threads: usize,
    /// The time that records without one are given.
    pub now: Timestamp,
}

/// Something that was found, and where.
#[derive(Clone, Debug)]
pub struct Found {
    /// What.
    pub detection: Detection,
    /// The event that completed it.
    pub event: Arc<Event>,
    /// In which file.
    pub file: Arc<str>,
    /// On which line, from 1; for a binary log the number of the record in it.
    pub line: u64,
}

/// What a scan tells while it runs and at its end.
pub trait ScanWatcher {
    /// So many more bytes of files on disk were read.
    fn read(&mut self, bytes: u64);
    /// Something was found; calls come in the order of files and lines.
    fn found(&mut self, found: Found);
    /// Something could not be read.
    fn noted(&mut self, note: Note);
}

/// Figures of a scan.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct ScanReport {
    /// Records read, good and bad.
    pub records: u64,
    /// Bytes of records, unpacked.
    pub bytes: u64,
    /// Records by format, where one was recognised.
    pub formats: BTreeMap<&'static str, u64>,
    /// Troubles by kind.
    pub notes: BTreeMap<&'static str, u64>,
    /// What correlations had to forget.
    pub losses: Losses,
}

/// Chunks that wait for a thread.
const CHUNKS_WAITING_MAX: usize = 8;

/// What one chunk gave.
struct Done {
    number: u64,
    chunk: Arc<Chunk>,
    hits: Vec<Hit>,
    notes: Vec<Note>,
    formats: HashMap<Format, u64>,
    records: u64,
}

/// A record in which something was found, or that correlations want.
struct Hit {
    /// Where it stands in the chunk.
    at: usize,
    event: Arc<Event>,
    matched: Vec<usize>,
    detections: Vec<Detection>,
}

/// Scans files.
pub fn scan(content: &Content, options: &ScanOptions, watcher: &mut dyn ScanWatcher) -> ScanReport {
    let mut correlator = Correlator::new(Arc::clone(&content.rules));
    let wants_matches = !correlator.is_empty();
    let (chunk_sender, chunks) = mpsc::sync_channel::<Message>(CHUNKS_WAITING_MAX);
    let chunks = Mutex::new(chunks);
    let (done_sender, done) = mpsc::sync_channel::<Outcome>(CHUNKS_WAITING_MAX);
    let mut report = ScanReport::default();
    thread::scope(|scope| {
        let reader_done = done_sender.clone();
        scope.spawn(move || read_files(options, &chunk_sender, &reader_done));
        for _ in 0..options.threads.max(1) {
            let (chunks, sender) = (&chunks, done_sender.clone());
            scope.spawn(move || look(content, options, wants_matches, chunks, &sender));
        }
        drop(done_sender);
        let mut collector = Collector { next: 0, early: BTreeMap::new(), correlator: &mut correlator, options };
        for outcome in done {
            match outcome {
                Outcome::Read(bytes) => watcher.read(bytes),
                Outcome::Note(note) => {
                    *report.notes.entry(note.reason.text()).or_default() += 1;
                    watcher.noted(note);
                }
                Outcome::Done(done) => collector.take(done, &mut report, watcher),
            }
        }
    });
    report.losses = correlator.losses().clone();
    report
}

type Message = (u64, Arc<Chunk>);

enum Outcome {
    Read(u64),
    Note(Note),
    Done(Done),
}

fn file_note(file: &str, error: &io::Error) -> Note {
    let reason = match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => NoteReason::BadArchive,
        _ => NoteReason::Malformed,
    };
    Note { source: file.to_owned(), cursor: None, line: None, reason, detail: error.to_string() }
}

fn read_files(options: &ScanOptions, chunks: &SyncSender<Message>, outcomes: &SyncSender<Outcome>) {
    let mut number = 0;
    for path in &options.files {
        let name: Arc<str> = path.display().to_string().into();
        let size = path.metadata().map_or(0, |data| data.len());
        let mut give = |chunk: Chunk| {
            let sent = chunks.send((number, Arc::new(chunk))).is_ok();
            number += 1;
            sent
        };
        if let Err(error) = read_file(path, &name, &mut give) {
            // The collector is gone only when the whole scan is.
            let _ = outcomes.send(Outcome::Note(file_note(&name, &error)));
        }
        let _ = outcomes.send(Outcome::Read(size));
    }
}

fn read_file(path: &std::path::Path, name: &Arc<str>, give: &mut dyn FnMut(Chunk) -> bool) -> io::Result<()> {
    let mut reader = unpack::open(path)?;
    let mut head = vec![0; formats::CONTAINER_HEAD_BYTES];
    let known = read_up_to(&mut reader, &mut head)?;
    head.truncate(known);
    if formats::container(&head) == Container::Evtx {
        return read_evtx(path, name, give);
    }
    let reader = io::Cursor::new(head).chain(reader);
    LineReader::new(reader, Arc::clone(name)).read(give)
}

/// Bytes at the start of a binary Windows log that say which one it is: its header and that of its first chunk, with
/// checksums over the records there.
const EVTX_HEAD_BYTES: usize = 8_192;

/// A binary Windows log: its records become JSON, many to a chunk.
fn read_evtx(path: &std::path::Path, name: &Arc<str>, give: &mut dyn FnMut(Chunk) -> bool) -> io::Result<()> {
    let invalid = |trouble: Trouble| io::Error::new(io::ErrorKind::InvalidData, trouble.detail);
    let records = formats::evtx::records(File::open(path)?).map_err(invalid)?;
    let mut head = vec![0; EVTX_HEAD_BYTES];
    let known = read_up_to(&mut File::open(path)?, &mut head)?;
    let fingerprint = model::fingerprint::first_8_bytes(&head[..known]);
    let new_chunk = || Chunk::of_file(Arc::clone(name), fingerprint, Some(Format::Evtx));
    let mut chunk = new_chunk();
    for record in records {
        match record {
            Ok((number, json)) => chunk.push(number, json.as_bytes()),
            Err(trouble) => chunk.troubles.push((None, trouble)),
        }
        if chunk.is_full() {
            let full = std::mem::replace(&mut chunk, new_chunk());
            if !give(full) {
                return Ok(());
            }
        }
    }
    give(chunk);
    Ok(())
}

/// A thread that looks.
fn look(
    content: &Content,
    options: &ScanOptions,
    wants_matches: bool,
    chunks: &Mutex<Receiver<Message>>,
    outcomes: &SyncSender<Outcome>,
) {
    let mut detectors = Detectors::new(content);
    let identity = Identity::of_scans();
    loop {
        let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, chunk)) = next else { return };
        let done = look_at(&mut detectors, options, &identity, wants_matches, number, chunk);
        if outcomes.send(Outcome::Done(done)).is_err() {
            return;
        }
    }
}

/// Whose records a scan's are.
struct Identity {
    agency: AgencyId,
    source: SourceId,
}

impl Identity {
    fn of_scans() -> Self {
        let source = SourceId::parse("scan");
        match source {
            Ok(source) => Identity { agency: AgencyId::home(), source },
            Err(error) => unreachable!("{error}"),
        }
    }
}

fn look_at(
    detectors: &mut Detectors,
    options: &ScanOptions,
    identity: &Identity,
    wants_matches: bool,
    number: u64,
    chunk: Arc<Chunk>,
) -> Done {
    let mut done = Done {
        number,
        chunk: Arc::clone(&chunk),
        hits: Vec::new(),
        notes: Vec::new(),
        formats: HashMap::new(),
        records: 0,
    };
    for (line, trouble) in &chunk.troubles {
        done.notes.push(note(&chunk, *line, trouble.clone()));
    }
    for at in 0..chunk.len() {
        let span = chunk.span(at);
        done.records += 1;
        let cursor = Cursor::File { fingerprint: chunk.fingerprint, offset: span.offset };
        let record = Record {
            id: EventId::of(&identity.agency, &identity.source, &cursor),
            agency: &identity.agency,
            received: options.now,
            format: options.format.or(chunk.format),
            body: chunk.body(at),
        };
        match detectors.examine(&record) {
            Err(trouble) => done.notes.push(note(&chunk, Some(span.line), trouble)),
            Ok(examined) => {
                *done.formats.entry(examined.fields.format).or_default() += 1;
                done.notes.extend(examined.troubles.into_iter().map(|trouble| note(&chunk, Some(span.line), trouble)));
                let is_wanted = !examined.detections.is_empty() || (wants_matches && !examined.matched.is_empty());
                if is_wanted {
                    let (matched, detections) = (examined.matched, examined.detections);
                    done.hits.push(Hit { at, event: Arc::new(examined.event), matched, detections });
                }
                detectors.recycle(examined.fields);
            }
        }
    }
    done
}

fn note(chunk: &Chunk, line: Option<u64>, trouble: Trouble) -> Note {
    Note { source: chunk.file.to_string(), cursor: None, line, reason: trouble.reason, detail: trouble.detail }
}

/// Puts the chunks back into their order.
struct Collector<'a> {
    next: u64,
    early: BTreeMap<u64, Done>,
    correlator: &'a mut Correlator,
    options: &'a ScanOptions,
}

impl Collector<'_> {
    fn take(&mut self, done: Done, report: &mut ScanReport, watcher: &mut dyn ScanWatcher) {
        self.early.insert(done.number, done);
        while let Some(done) = self.early.remove(&self.next) {
            self.next += 1;
            self.report(done, report, watcher);
        }
    }

    fn report(&mut self, done: Done, report: &mut ScanReport, watcher: &mut dyn ScanWatcher) {
        report.records += done.records;
        report.bytes += done.chunk.bytes.len() as u64;
        for (format, count) in done.formats {
            *report.formats.entry(format.name()).or_default() += count;
        }
        for note in done.notes {
            *report.notes.entry(note.reason.text()).or_default() += 1;
            watcher.noted(note);
        }
        for mut hit in done.hits {
            if !self.correlator.is_empty() && !hit.matched.is_empty() {
                self.correlate(&done.chunk, &mut hit);
            }
            let (file, line) = (&done.chunk.file, done.chunk.span(hit.at).line);
            for detection in hit.detections {
                let (event, file) = (Arc::clone(&hit.event), Arc::clone(file));
                watcher.found(Found { detection, event, file, line });
            }
        }
    }

    /// Correlations look at the record's fields again: few records get this far.
    fn correlate(&mut self, chunk: &Chunk, hit: &mut Hit) {
        let body = chunk.body(hit.at);
        let format = self.options.format.or(chunk.format).or_else(|| formats::recognise(body));
        let Some(Ok(fields)) = format.map(|format| formats::fields(format, body)) else { return };
        let seen = Seen { event: hit.event.id, time: hit.event.time, subject: hit.event.machine() };
        self.correlator.observe(&hit.matched, &fields, &seen, &mut hit.detections);
    }
}

/// Longest single record; the reader of lines cuts there.
pub const RECORD_BYTES_MAX: usize = limits::RECORD_BYTES_MAX;
