//! Ground to stand on: findings of which it is known to which attack they belong.
//!
//! The invented city says it for every line. For the reference events `docs/otrf-labels.csv` says which lines belong to which
//! capture, and which events of a capture show its attack; what lies in a capture outside those events is neither right nor
//! wrong to detect (`docs/otrf-labels.md`), so such a finding has a capture and no attack.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use detect::correlate::{Near, Neighbours};
use detect::indicators::{Builder, Defaults, IndicatorSet, Segment, observe, parse_list};
use detect::sigma::{Correlator, Matcher, Placeholders, Router, RuleFile, RuleSet, Seen};
use detect::suppress::Suppression;
use formats::{Head, Mappings};
use model::entity::{Entity, EntityKind};
use model::{AgencyId, Cursor, Detection, EventId, Fields, Format, SourceId, Timestamp};
use testkit::city::{ACCOUNTS, City, Log, MACHINES, SERVICES};

/// A finding, and what is known about it.
pub(crate) struct Found {
    pub(crate) detection: Detection,
    /// The attacks whose events are among its own.
    pub(crate) attacks: BTreeSet<String>,
    /// The capture that it lies in; `None` in the city.
    pub(crate) capture: Option<String>,
}

/// Rules by name and text.
pub(crate) type Texts = Vec<(String, String)>;

/// SigmaHQ's rules that are meant for alerting: `rules` and `rules-emerging-threats`.
pub(crate) fn sigmahq(data: &Path) -> Texts {
    let packed = std::fs::read(data.join("sigma/sigmahq-rules.tar.zst")).expect("rules");
    let unpacked = zstd::decode_all(&packed[..]).expect("zstd");
    let wanted = |name: &str| name.ends_with(".yml") && !name.contains("hunting") && !name.contains("compliance");
    let files = testkit::untar(&unpacked).into_iter().filter(|(name, _)| wanted(name));
    let mut files: Texts = files.map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned())).collect();
    files.sort();
    files
}

/// The invented city's own rules.
pub(crate) fn city_rules() -> Texts {
    let entries = std::fs::read_dir(testkit::city::rules()).expect("rules").flatten();
    let mut files: Texts = entries
        .map(|entry| (entry.path().display().to_string(), std::fs::read_to_string(entry.path()).expect("a rule")))
        .collect();
    files.sort();
    files
}

fn rules(texts: &Texts) -> Arc<RuleSet> {
    let given = texts.iter().map(|(path, text)| RuleFile { path, text });
    Arc::new(RuleSet::load(given, &Placeholders::new()))
}

fn indicators() -> IndicatorSet {
    let mut builder = Builder::new();
    let text = std::fs::read(testkit::city::indicators()).expect("indicators");
    parse_list(&text, &Defaults::of_source("city feed"), |indicator| {
        builder.push(&indicator).expect("an indicator");
    });
    let mut image = Vec::new();
    builder.finish(&mut image).expect("an image");
    IndicatorSet::of(Segment::open(image).expect("a segment"))
}

/// All detectors over lines, one after the other.
struct Reader {
    matcher: Matcher,
    correlator: Correlator,
    indicators: IndicatorSet,
    suppression: Suppression,
    mappings: Mappings,
    agency: AgencyId,
}

impl Reader {
    fn new(rules: &Arc<RuleSet>, indicators: IndicatorSet) -> Self {
        Reader {
            matcher: Matcher::new(Arc::clone(rules), Arc::new(Router::default())),
            correlator: Correlator::new(Arc::clone(rules)),
            indicators,
            suppression: Suppression::default(),
            mappings: Mappings::default(),
            agency: AgencyId::home(),
        }
    }

    /// What is found in a line; the event's id says where it stands.
    fn line(&mut self, format: Format, id: EventId, body: &[u8], detections: &mut Vec<Detection>) {
        let Ok(fields) = formats::fields_into(Fields::new(format), format, body) else { return };
        let head = Head { id, agency: &self.agency, received: Timestamp::EPOCH };
        let (event, _) = formats::event(&fields, &head, &self.mappings);
        let from = detections.len();
        let mut matched = Vec::new();
        self.matcher.matches(&fields, &mut matched);
        if !matched.is_empty() {
            let seen = Seen { event: id, time: event.time, subject: event.machine() };
            self.matcher.explain(&matched, &fields, &seen, detections);
            self.correlator.observe(&matched, &fields, &seen, detections);
        }
        observe(&self.indicators, &event, &self.suppression, detections);
        for detection in detections.iter_mut().skip(from) {
            detection.involved = model::entity::involved(&event);
        }
    }
}

fn format_of(log: Log) -> Format {
    match log {
        Log::Windows => Format::Windows,
        Log::Zeek => Format::Zeek,
        Log::Suricata => Format::Suricata,
        Log::CloudTrail => Format::CloudTrail,
        Log::Syslog => Format::Syslog,
        Log::Auditd => Format::Auditd,
    }
}

/// What is found in the city's logs of so many days, in order of time.
pub(crate) fn city(seed: u64, days: u32, texts: &Texts, folder: &Path) -> Vec<Found> {
    let written = City::new(seed).write_logs(folder, days).expect("logs");
    let rules = rules(texts);
    let mut found = Vec::new();
    for log in Log::ALL {
        let labels = labels_of(&written, log);
        let mut reader = Reader::new(&rules, indicators());
        let text = std::fs::read_to_string(folder.join(log.file_name())).expect("a log");
        let source = SourceId::parse(log.file_name().split('.').next().unwrap_or_default()).expect("a source");
        let mut numbers = BTreeMap::new();
        for (number, line) in (1u64..).zip(text.lines()) {
            let id = EventId::of(&AgencyId::home(), &source, &Cursor::Journal { offset: number as u64 });
            let mut detections = Vec::new();
            reader.line(format_of(log), id, line.as_bytes(), &mut detections);
            if let Some(label) = labels.get(&number) {
                numbers.insert(id, *label);
            }
            found.extend(detections.into_iter().map(|detection| {
                let attacks = detection.events.iter().filter_map(|event| numbers.get(event));
                let attacks = attacks.map(|label| (*label).to_owned()).collect();
                Found { detection, attacks, capture: None }
            }));
        }
    }
    found.sort_by_key(|found| found.detection.time);
    found
}

fn labels_of(written: &testkit::city::Written, log: Log) -> BTreeMap<u64, &'static str> {
    let of_log = written.labelled.iter().filter(|labelled| labelled.log == log);
    of_log.flat_map(|labelled| labelled.lines.iter().map(|line| (*line, labelled.label))).collect()
}

/// One row of `docs/otrf-labels.csv`.
struct Row {
    label: String,
    /// Alternatives, of each all parts: field, whether the whole value is meant, values.
    filter: Vec<Vec<(String, bool, Vec<String>)>>,
    /// Lines of the capture, from 1.
    lines: (usize, usize),
    capture: String,
    events: usize,
}

impl Row {
    fn shows(&self, line: usize, fields: &Fields<'_>) -> bool {
        let is_here = (self.lines.0..=self.lines.1).contains(&line);
        is_here && self.filter.iter().any(|parts| parts.iter().all(|part| holds(part, fields)))
    }
}

fn holds((field, is_whole, values): &(String, bool, Vec<String>), fields: &Fields<'_>) -> bool {
    let Some(text) = fields.text(field) else { return false };
    let text = text.to_lowercase();
    values.iter().any(|value| if *is_whole { text == *value } else { text.contains(value.as_str()) })
}

/// The labels, and how many events each shows in, as the table itself says.
fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/otrf-labels.csv");
    let text = std::fs::read_to_string(path).expect("labels");
    text.lines().skip(1).map(|line| row(&cells(line))).collect()
}

fn row(cells: &[String]) -> Row {
    let filter = cells[6].split(" ; ").map(|parts| parts.split(" and ").map(part).collect()).collect();
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let source = &cells[9];
    let lines = source.split_once("lines ").and_then(|(_, rest)| rest.split_once(" of the sample"));
    let lines = lines.and_then(|(range, _)| range.split_once('-'));
    let lines = lines.map_or((1, usize::MAX), |(from, to)| (number(from), number(to)));
    let capture = source.split(',').next().unwrap_or_default().to_owned();
    Row { label: cells[0].clone(), filter, lines, capture, events: number(&cells[10]) }
}

fn part(text: &str) -> (String, bool, Vec<String>) {
    let (field, is_whole, values) = match text.split_once(" contains ") {
        Some((field, values)) => (field, false, values),
        None => text.split_once(" is ").map(|(field, values)| (field, true, values)).expect("is or contains"),
    };
    (field.trim().to_owned(), is_whole, values.split(" or ").map(|value| value.trim().to_lowercase()).collect())
}

/// The cells of a line of CSV (RFC 4180).
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(letter),
        }
    }
    cells.push(cell);
    cells
}

/// What the reference events hold: findings, attacks that show in at least one finding, and those that show in an event.
pub(crate) struct Otrf {
    pub(crate) found: Vec<Found>,
    /// Attacks whose events are in the file.
    pub(crate) shown: BTreeSet<String>,
}

/// What is found in the reference events, in order of time.
pub(crate) fn otrf(data: &Path, texts: &Texts) -> Otrf {
    let rows = rows();
    let mut reader = Reader::new(&rules(texts), IndicatorSet::default());
    let packed = std::fs::File::open(data.join("logs/windows_otrf_100k.jsonl.zst")).expect("events");
    let mut text = String::new();
    zstd::Decoder::new(packed).expect("zstd").read_to_string(&mut text).expect("events");
    let source = SourceId::parse("otrf").expect("a source");
    let (mut attacks_of, mut found) = (BTreeMap::<EventId, Vec<usize>>::new(), Vec::new());
    let mut counts = vec![0usize; rows.len()];
    for (number, line) in (1usize..).zip(text.lines()) {
        let id = EventId::of(&AgencyId::home(), &source, &Cursor::Journal { offset: number as u64 });
        let fields = formats::fields(Format::Windows, line.as_bytes()).expect("an event");
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.shows(number, &fields)) {
            counts[at] += 1;
            attacks_of.entry(id).or_default().push(at);
        }
        let mut detections = Vec::new();
        reader.line(Format::Windows, id, line.as_bytes(), &mut detections);
        let is_here = |row: &&Row| row.lines.1 != usize::MAX && (row.lines.0..=row.lines.1).contains(&number);
        let capture = rows.iter().find(is_here).map(|row| row.capture.clone());
        for detection in detections {
            let attacks = detection.events.iter().filter_map(|event| attacks_of.get(event)).flatten();
            let attacks = attacks.map(|at| rows[*at].label.clone()).collect();
            found.push(Found { detection, attacks, capture: capture.clone() });
        }
    }
    for (row, count) in rows.iter().zip(&counts) {
        assert_eq!(*count, row.events, "events that show {}", row.label);
    }
    found.sort_by_key(|found| found.detection.time);
    let shown = rows.iter().filter(|row| row.events > 0).map(|row| row.label.clone()).collect();
    Otrf { found, shown }
}

/// What the city's register says: addresses of machines, services on machines, and what they are worth by the residents
/// who notice.
pub(crate) fn neighbours() -> Neighbours {
    let entity = |kind, name: &str| Entity::new(kind, name).expect("a name");
    let mut neighbours = Neighbours::default();
    for machine in MACHINES {
        neighbours.alias(entity(EntityKind::Address, machine.address), entity(EntityKind::Machine, machine.name));
    }
    for account in ACCOUNTS {
        let (person, seat) = (entity(EntityKind::Account, account.name), entity(EntityKind::Machine, account.machine));
        neighbours.near(&person, &seat, Near::SitsAt);
    }
    for service in SERVICES {
        for machine in service.machines {
            let (service_entity, machine) =
                (entity(EntityKind::Service, service.name), entity(EntityKind::Machine, machine));
            neighbours.near(&service_entity, &machine, Near::RunsOn);
            neighbours.value(&machine, f64::from(service.residents) / 310_000.0);
        }
    }
    neighbours
}
