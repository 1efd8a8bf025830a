//! What `watchbell top` shows: in the terminal, as text, as JSON.

use model::Level;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Sparkline, Table};

use super::Look;
use super::figures::{Figures, Past, Rates};
use crate::words;

/// Figures of the watch itself: what people call them, and where they come from.
const FIGURES: [(&str, &str); 8] = [
    ("records", "journal_records_total"),
    ("wait for detectors", "detect_lag_records"),
    ("wait for the lake", "lake_lag_records"),
    ("findings", "findings_total"),
    ("unreadable", "records_unreadable_total"),
    ("rules", "rules"),
    ("indicators", "indicators"),
    ("hunts running", "hunts_running"),
];

fn colour(level: Level) -> Style {
    match level {
        Level::Critical => Style::new().fg(Color::White).bg(Color::Red).add_modifier(Modifier::BOLD),
        Level::High => Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD),
        Level::Medium => Style::new().fg(Color::Yellow),
        Level::Low => Style::new().fg(Color::Cyan),
        _ => Style::new(),
    }
}

/// A time of day, to the second, in UTC.
fn clock(at: model::Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

/// Draws one look.
pub(super) fn draw(frame: &mut Frame<'_>, look: &Look, rates: &Rates, past: &Past, is_paused: bool) {
    let sources = look.figures.as_ref().map_or(0, |figures| figures.sources().count()) as u16;
    let areas = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length((FIGURES.len() as u16 + 2).max((sources + 3).min(16))),
        Constraint::Min(4),
        Constraint::Length(1),
    ])
    .split(frame.area());
    frame.render_widget(title(look, is_paused), areas[0]);
    match &look.figures {
        Some(figures) => {
            let parts = Layout::horizontal([Constraint::Length(34), Constraint::Min(20)]).split(areas[1]);
            watch(frame, parts[0], figures, rates, past);
            sources_of(frame, parts[1], figures, rates);
        }
        None => {
            let words = format!("The watch does not answer at {}. hint: watchbell serve", look.address);
            frame.render_widget(Paragraph::new(words).red().block(Block::bordered()), areas[1]);
        }
    }
    findings(frame, areas[2], look);
    frame.render_widget(Line::from(" q leave   p pause   the console has the rest").dim(), areas[3]);
}

fn title(look: &Look, is_paused: bool) -> Line<'static> {
    let mut spans = vec![
        Span::from(" watchbell ").bold().reversed(),
        Span::from(format!("  {}  {} UTC", look.address, clock(look.at))),
    ];
    if is_paused {
        spans.push(Span::from("  paused").yellow().bold());
    }
    Line::from(spans)
}

fn watch(frame: &mut Frame<'_>, area: Rect, figures: &Figures, rates: &Rates, past: &Past) {
    let block = Block::bordered().title(format!(" the watch: {:.0} records/s ", rates.looked_at));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let parts = Layout::vertical([Constraint::Min(1), Constraint::Length(1)]).split(inner);
    let row = |(label, name): &(&'static str, &str)| {
        let value = figures.get(name);
        let style = if value > 0 && name.ends_with("lag_records") { Style::new().yellow() } else { Style::new() };
        Row::new([Cell::from(*label), Cell::from(Line::from(words::count(value)).right_aligned()).style(style)])
    };
    let table = Table::new(FIGURES.iter().map(row), [Constraint::Length(18), Constraint::Min(8)]);
    frame.render_widget(table, parts[0]);
    let width = usize::from(parts[1].width);
    let seen: Vec<u64> = past.looked_at().rev().take(width).collect();
    let seen: Vec<u64> = seen.into_iter().rev().collect();
    frame.render_widget(Sparkline::default().data(seen).style(Style::new().green()), parts[1]);
}

fn sources_of(frame: &mut Frame<'_>, area: Rect, figures: &Figures, rates: &Rates) {
    let row = |(name, of): (&str, _)| {
        let of: &dyn Fn(&str) -> u64 = &of;
        let rate = rates.sources.get(name).copied().unwrap_or(0.0);
        let lost = of("source_refused_total") + of("source_dropped_total");
        let right = |text: String| Cell::from(Line::from(text).right_aligned());
        let style = if lost > 0 { Style::new().yellow() } else { Style::new() };
        let cells = [
            Cell::from(name.to_owned()),
            right(format!("{rate:.0}/s")),
            right(words::count(of("source_received_total"))),
            right(words::count(of("source_refused_total"))),
            right(words::count(of("source_dropped_total"))),
        ];
        Row::new(cells).style(style)
    };
    let header = ["source", "rate", "received", "refused", "dropped"].map(|name| Cell::from(name).dim());
    let widths =
        [Constraint::Min(12), Constraint::Max(10), Constraint::Max(14), Constraint::Max(10), Constraint::Max(10)];
    let table = Table::new(figures.sources().map(row), widths).header(Row::new(header));
    frame.render_widget(table.block(Block::bordered().title(" sources ")), area);
}

fn findings(frame: &mut Frame<'_>, area: Rect, look: &Look) {
    let row = |finding: &engine::office::InboxRow| {
        let cells = [
            Cell::from(clock(finding.time)),
            Cell::from(Span::from(finding.level.name()).style(colour(finding.level))),
            Cell::from(plain(&finding.title)),
            Cell::from(plain(finding.subject.as_deref().unwrap_or("–"))),
        ];
        Row::new(cells)
    };
    let header = ["when (UTC)", "level", "what", "where"].map(|name| Cell::from(name).dim());
    let widths = [Constraint::Length(19), Constraint::Length(13), Constraint::Min(20), Constraint::Max(28)];
    let table = Table::new(look.findings.iter().map(row), widths).header(Row::new(header));
    frame.render_widget(table.block(Block::bordered().title(" found last ")), area);
}

/// A text of a log without what a terminal would obey.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '·' } else { letter }).collect()
}

/// One look as text.
pub(super) fn text(look: &Look, rates: &Rates) -> String {
    let mut lines = Vec::new();
    match &look.figures {
        None => lines.push(format!("the watch does not answer at {}", look.address)),
        Some(figures) => {
            lines.push(format!("{:20} {:.0} records/s", "the watch", rates.looked_at));
            lines.extend(FIGURES.iter().map(|(label, name)| format!("{label:20} {}", words::count(figures.get(name)))));
            for (name, of) in figures.sources() {
                let rate = rates.sources.get(name).copied().unwrap_or(0.0);
                lines.push(format!(
                    "{:20} {rate:.0}/s, {} received, {} refused, {} dropped",
                    format!("source {name}"),
                    words::count(of("source_received_total")),
                    words::count(of("source_refused_total")),
                    words::count(of("source_dropped_total"))
                ));
            }
        }
    }
    for finding in look.findings.iter().take(10) {
        let subject = plain(finding.subject.as_deref().unwrap_or("–"));
        lines.push(format!(
            "{}  {:13} {}  {subject}",
            clock(finding.time),
            finding.level.name(),
            plain(&finding.title)
        ));
    }
    lines.join("\n")
}

/// One look as JSON.
pub(super) fn json(look: &Look, rates: &Rates) -> serde_json::Value {
    let figures = look.figures.as_ref().map(|figures| {
        let plain: serde_json::Map<_, _> =
            FIGURES.iter().map(|(_, name)| ((*name).to_owned(), figures.get(name).into())).collect();
        let sources = figures.sources().map(|(name, of)| {
            serde_json::json!({
                "name": name, "rate": rates.sources.get(name).copied().unwrap_or(0.0),
                "received": of("source_received_total"), "refused": of("source_refused_total"),
                "dropped": of("source_dropped_total"),
            })
        });
        serde_json::json!({ "rate": rates.looked_at, "figures": plain, "sources": sources.collect::<Vec<_>>() })
    });
    let findings = look.findings.iter().map(|finding| {
        serde_json::json!({
            "id": finding.id.to_string(), "time": finding.time.to_string(), "severity": finding.level.name(),
            "title": finding.title, "subject": finding.subject,
        })
    });
    serde_json::json!({
        "time": look.at.to_string(), "listening": look.address.to_string(), "watch": figures,
        "findings": findings.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use model::Timestamp;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn shown(look: &Look, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let past = Past::default();
        terminal.draw(|frame| draw(frame, look, &Rates::default(), &past, false)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn every_size_shows_something() {
        let page = "watchbell_rules 14\nwatchbell_detect_lag_records 12345\nwatchbell_source_received_total{source=\"http\"} 7\n";
        let look = Look {
            at: Timestamp::from_millis(1_700_000_000_000),
            address: "127.0.0.1:8787".parse().unwrap(),
            figures: Some(Figures::read(page, Instant::now())),
            findings: Vec::new(),
        };
        let text = shown(&look, 100, 30);
        for words in ["2023-11-14 22:13:20 UTC", "12,345", "http", "found last", "q leave"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        for (width, height) in [(1, 1), (20, 5), (40, 10), (300, 100)] {
            shown(&look, width, height);
        }
        let down = Look { figures: None, ..look };
        assert!(shown(&down, 100, 30).contains("does not answer"));
    }

    #[test]
    fn a_log_does_not_command_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{9b}d"), "a·[2Jb·c·d");
    }
}
