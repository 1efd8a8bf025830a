//! What looks at the lines of a scenario: rules, their correlations and indicators, over each line in its turn. What they find on one machine
//! or account on one day is one incident.
//!
//! Deliberately absent: behaviour, and joining incidents over machines and days.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, bail};
use detect::sigma::{Correlator, Seen};
use engine::content::{Content, ContentPaths};
use engine::detectors::{Detectors, Record};
use model::{AgencyId, Detection, EventId, Level, Timestamp};
use testkit::city::Log;
use testkit::scenario::{JudgedIncident, LineKey};

use super::Play;
use crate::cli::SimulateArgs;
use crate::{progress, scan};

/// What a finding that nobody knows the place of stands under.
const NOWHERE: &str = "-";
/// Lines that are kept of one incident: of a flood the first say enough.
const INCIDENT_LINES_MAX: usize = 10_000;

/// Rules, correlations and indicators, and what they found.
pub(super) struct Watch {
    agency: AgencyId,
    detectors: Detectors,
    correlator: Correlator,
    found: BTreeMap<(i32, String), Incident>,
}

struct Incident {
    opened: Timestamp,
    worst: Level,
    findings: u32,
    lines: Vec<LineKey>,
    pages: Vec<Timestamp>,
}

impl Watch {
    /// Reads what the detectors are to know.
    ///
    /// # Errors
    /// When that is nothing.
    pub(super) fn begin(arguments: &SimulateArgs) -> Result<Self> {
        let spinner = progress::spinner(arguments.quiet);
        let content = Content::read(&ContentPaths::from(&arguments.content), |what| {
            spinner.set_message(format!("reading {what}"));
        });
        spinner.finish_and_clear();
        if content.rules.is_empty() && content.indicator_count == 0 {
            bail!("nothing to look for: give --rules DIR or --indicators FILE");
        }
        if !arguments.quiet {
            scan::say_content(&content);
        }
        Ok(Watch {
            agency: AgencyId::home(),
            detectors: Detectors::new(&content),
            correlator: Correlator::new(Arc::clone(&content.rules)),
            found: BTreeMap::new(),
        })
    }

    fn keep(&mut self, detection: &Detection) {
        if detection.suppressed_by.is_some() {
            return;
        }
        let place = detection.subject.clone().unwrap_or_else(|| NOWHERE.to_owned());
        let incident = self.found.entry((detection.time.day(), place)).or_insert_with(|| Incident {
            opened: detection.time,
            worst: detection.level,
            findings: 0,
            lines: Vec::new(),
            pages: Vec::new(),
        });
        incident.findings = incident.findings.saturating_add(1);
        // Somebody is called once, for the first thing that cannot wait.
        if detection.level == Level::Critical && incident.pages.is_empty() {
            incident.pages.push(detection.time);
        }
        incident.worst = incident.worst.max(detection.level);
        let lines = detection.events.iter().filter_map(|event| key_of(*event));
        let room = INCIDENT_LINES_MAX.saturating_sub(incident.lines.len());
        incident.lines.extend(lines.take(room));
    }
}

impl Play for Watch {
    fn take(&mut self, file: Log, line: u64, text: &[u8], received: Timestamp) -> Result<()> {
        let id = id_of(file, line);
        let record = Record { id, agency: &self.agency, received, format: None, body: text };
        let Ok(examined) = self.detectors.examine(&record) else { return Ok(()) };
        let mut detections = examined.detections;
        if !examined.matched.is_empty() {
            let event = &examined.event;
            let seen = Seen { event: id, time: event.time, subject: event.machine() };
            self.correlator.observe(&examined.matched, &examined.fields, &seen, &mut detections);
        }
        self.detectors.recycle(examined.fields);
        detections.iter().for_each(|detection| self.keep(detection));
        Ok(())
    }

    fn finish(self) -> Result<Vec<JudgedIncident>> {
        let judged = self.found.into_iter().map(|((day, place), mut incident)| {
            incident.lines.sort_unstable();
            incident.lines.dedup();
            JudgedIncident {
                id: format!("{place}, day {day}"),
                opened: incident.opened,
                // The worst level counts first, then how much was found.
                score: u32::from(incident.worst.severity_id()) * 1_000_000 + incident.findings.min(999_999),
                lines: incident.lines,
                pages: incident.pages,
            }
        });
        Ok(judged.collect())
    }
}

/// An id that says where the line stands: the file's place among all, and the line's number.
fn id_of(file: Log, line: u64) -> EventId {
    let place = Log::ALL.iter().position(|log| *log == file).unwrap_or(0) as u64;
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&place.to_be_bytes());
    bytes[8..].copy_from_slice(&line.to_be_bytes());
    EventId::from_bytes(bytes)
}

fn key_of(event: EventId) -> Option<LineKey> {
    let number = u128::from_be_bytes(*event.as_bytes());
    let log = *Log::ALL.get(usize::try_from(number >> 64).ok()?)?;
    Some((log, (number & u128::from(u64::MAX)) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_where_lines_stand() {
        for log in Log::ALL {
            for line in [1, 17, u64::MAX] {
                assert_eq!(key_of(id_of(log, line)), Some((log, line)));
            }
        }
        assert_eq!(key_of(EventId::from_bytes([255; 16])), None);
    }
}
