//! Findings grouped by rule and machine, the most urgent first.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};

use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use engine::scan::Found;
use model::detection::AnalyticKind;
use model::{Detection, Level, Reason, Timestamp};

use crate::words;

/// One row: what was found on one machine by one rule or indicator.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) level: Level,
    pub(crate) title: String,
    pub(crate) subject: String,
    pub(crate) count: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// Why, from the first finding.
    pub(crate) because: String,
    pub(crate) place: String,
    pub(crate) is_suppressed: bool,
    /// It is about the city itself.
    pub(crate) is_targeted: bool,
}

/// Collects findings into rows.
#[derive(Debug, Default)]
pub(crate) struct Ranking {
    rows: BTreeMap<(String, String), Row>,
}

impl Ranking {
    /// Adds a finding of a scan.
    pub(crate) fn add(&mut self, found: &Found) {
        self.add_detection(&found.detection, Some(format!("{}:{}", short(&found.file), found.line)));
    }

    /// Adds a detection; `place` says where the first of its row stands.
    pub(crate) fn add_detection(&mut self, detection: &Detection, place: Option<String>) {
        let subject = detection.subject.clone().unwrap_or_else(|| "—".to_owned());
        let key = (detection.analytic.uid.clone(), subject.to_lowercase());
        let row = self.rows.entry(key).or_insert_with(|| Row {
            level: detection.level,
            title: detection.analytic.title.clone(),
            subject,
            count: 0,
            first: detection.time,
            last: detection.time,
            because: because(detection),
            place: place.unwrap_or_default(),
            is_suppressed: detection.suppressed_by.is_some(),
            is_targeted: detection.analytic.kind == AnalyticKind::Targeted,
        });
        row.count += 1;
        row.level = row.level.max(detection.level);
        row.first = row.first.min(detection.time);
        row.last = row.last.max(detection.time);
    }

    /// The rows, most urgent first: by level, then what is about the city itself, then what no list calls harmless, then the rarer, because a rule that fires
    /// a thousand times says less each time.
    pub(crate) fn rows(self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.rows.into_values().collect();
        rows.sort_by(|a, b| {
            let urgency =
                |row: &Row| (std::cmp::Reverse(row.level), !row.is_targeted, row.is_suppressed, row.count, row.first);
            urgency(a).cmp(&urgency(b)).then_with(|| a.title.cmp(&b.title)).then_with(|| a.subject.cmp(&b.subject))
        });
        rows
    }
}

/// The strongest reasons of a detection on one line: what matched, not the condition that everybody can look up.
pub(crate) fn because(detection: &Detection) -> String {
    let told = |reason: &&Reason| !matches!(reason, Reason::Condition { .. } | Reason::NotMatched { .. });
    let texts: Vec<String> = detection.because.iter().filter(told).take(2).map(brief).collect();
    texts.join("; ")
}

fn brief(reason: &Reason) -> String {
    match reason {
        Reason::Field { field, comparison, pattern, value, .. } => {
            let field = field.as_deref().unwrap_or("a field");
            let shown = value.as_deref().unwrap_or(pattern);
            match comparison.as_str() {
                "equals" | "=" => format!("{field} is {}", cut(shown)),
                _ => format!("{field} {comparison} {} ({})", cut(pattern), cut(shown)),
            }
        }
        Reason::Indicator { observed, label, source, confidence, .. } => {
            format!("{} is {label} ({source}, confidence {})", cut(observed), confidence.percent())
        }
        Reason::Pattern { label, source, confidence, text, .. } => {
            let label = if label.is_empty() { text } else { label };
            format!("pattern {} ({source}, confidence {})", cut(label), confidence.percent())
        }
        Reason::Suppression { list, effect } => format!("{list}: {effect}"),
        other => other.to_string(),
    }
}

fn cut(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= 72 { flat } else { format!("{}…", flat.chars().take(71).collect::<String>()) }
}

fn short(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Prints the first rows, and how many there are more.
///
/// # Errors
/// When `out` cannot be written to.
pub(crate) fn print(rows: &[Row], rows_max: usize, out: &mut impl Write) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "Nothing found.");
    }
    let with_colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let shown = &rows[..rows.len().min(rows_max)];
    writeln!(out, "{}", table(shown, with_colour))?;
    if rows.len() > shown.len() {
        writeln!(out, "and {} more rows (--rows N shows more)", words::count((rows.len() - shown.len()) as u64))?;
    }
    Ok(())
}

/// The table for people.
fn table(rows: &[Row], with_colour: bool) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !with_colour {
        table.force_no_tty();
        table.set_width(160);
    }
    table.set_header(["level", "count", "what", "where", "when (UTC)", "why (first of them)"]);
    for row in rows {
        let level = Cell::new(row.level.name());
        let level = if with_colour { level.fg(colour(row.level)) } else { level };
        let what = if row.is_suppressed { format!("{} (known harmless)", row.title) } else { row.title.clone() };
        table.add_row([
            level,
            Cell::new(words::count(row.count)),
            Cell::new(what),
            Cell::new(&row.subject),
            Cell::new(when(row.first, row.last)),
            Cell::new([row.because.as_str(), row.place.as_str()].join("\n").trim_end()),
        ]);
    }
    table
}

/// The first and the last time, to the minute.
pub(crate) fn when(first: Timestamp, last: Timestamp) -> String {
    let minute = |time: Timestamp| time.to_string().get(..16).unwrap_or_default().replace('T', " ");
    if first == last { minute(first) } else { format!("{}\n{}", minute(first), minute(last)) }
}

fn colour(level: Level) -> Color {
    match level {
        Level::Critical => Color::Magenta,
        Level::High => Color::Red,
        Level::Medium => Color::Yellow,
        Level::Low => Color::Cyan,
        Level::Informational => Color::Grey,
    }
}
