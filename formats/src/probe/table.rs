//! Data in tables.

use std::borrow::Cow;

use super::data::{Cell, Outline};
use crate::intel::list::delimited_records;

/// Reads a table with a header; `false` when there is none.
pub(super) fn read(bytes: &[u8], outline: &mut Outline) -> bool {
    let mut header: Vec<String> = Vec::new();
    let mut trip = Trip::default();
    for record in delimited_records(bytes, delimiter(bytes)) {
        if record.is_comment {
            continue;
        }
        let cells = match record.cells {
            Ok(cells) => cells,
            Err(trouble) => {
                outline.fault(|| format!("line {}: {}", record.line, trouble.detail));
                continue;
            }
        };
        let cells: Vec<Cow<'_, str>> = cells.iter().map(|cell| String::from_utf8_lossy(cell)).collect();
        if header.is_empty() {
            header = cells.iter().map(|cell| cell.trim().to_owned()).collect();
            if header.len() < 2 || header.iter().any(String::is_empty) {
                return false;
            }
            header.iter().for_each(|name| outline.value(name, Cell::Empty));
            continue;
        }
        if !outline.begin_row() {
            continue;
        }
        if cells.len() != header.len() {
            outline.fault(|| format!("line {}: {} cells under {} names", record.line, cells.len(), header.len()));
        }
        row(&header, &cells, outline, &mut trip);
    }
    !header.is_empty()
}

fn delimiter(bytes: &[u8]) -> char {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: char| line.iter().filter(|byte| char::from(**byte) == wanted).count();
    [';', '\t'].into_iter().filter(|other| count(*other) > count(',')).max_by_key(|other| count(*other)).unwrap_or(',')
}

fn row(header: &[String], cells: &[Cow<'_, str>], outline: &mut Outline, trip: &mut Trip) {
    let cell = |names: &[&str]| {
        let at = header.iter().position(|name| names.contains(&name.to_ascii_lowercase().as_str()))?;
        cells.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    };
    for (name, text) in header.iter().zip(cells) {
        let text = text.trim();
        let value = match number(text) {
            _ if text.is_empty() => Cell::Empty,
            Some(number) => Cell::Number(number),
            None => Cell::Text(text),
        };
        outline.value(name, value);
    }
    if let (Some(id), Some(sequence)) = (cell(&["trip_id"]), cell(&["stop_sequence"])) {
        trip.stop(id, sequence, [cell(&["arrival_time"]), cell(&["departure_time"])], outline);
        return;
    }
    let coordinate = |names: &[&str]| cell(names).and_then(number);
    let place = coordinate(&["lat", "latitude", "stop_lat"]).zip(coordinate(&["lon", "lng", "longitude", "stop_lon"]));
    outline.thing(cell(&["id", "stop_id"]), place);
}

/// A number as tables write it; a comma is not taken for a point.
pub(super) fn number(text: &str) -> Option<f64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
    if is_number { text.parse().ok() } else { None }
}

/// The stops of one trip, as they come: times never go back (GTFS Schedule, `stop_times.txt`).
#[derive(Default)]
struct Trip {
    id: String,
    sequence: u64,
    seconds: u64,
}

impl Trip {
    fn stop(&mut self, id: &str, sequence: &str, times: [Option<&str>; 2], outline: &mut Outline) {
        let row = outline.row();
        let Ok(sequence) = sequence.parse::<u64>() else {
            return outline.fault(|| format!("row {row}: stop_sequence {sequence:?} is no number"));
        };
        if self.id != id {
            *self = Trip { id: id.to_owned(), sequence, seconds: 0 };
        } else if sequence < self.sequence {
            // The standard lets rows stand in any order; times are compared only where they stand in the order of the trip.
            self.sequence = sequence;
            self.seconds = 0;
        }
        self.sequence = sequence;
        for text in times.into_iter().flatten() {
            match seconds(text) {
                None => outline.fault(|| format!("row {row}: {text:?} is no time of day")),
                Some(at) if at < self.seconds => {
                    outline.fault(|| format!("row {row}: trip {id:?} goes back in time, to {text}"));
                }
                Some(at) => self.seconds = at,
            }
        }
    }
}

/// Seconds since noon minus 12 h, as timetables count: hours beyond 24 are the next day, beyond 99 are wrong.
fn seconds(text: &str) -> Option<u64> {
    let mut parts = text.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let is_time = parts.next().is_none() && hours < 100 && minutes < 60 && seconds < 60;
    is_time.then_some(hours * 3_600 + minutes * 60 + seconds)
}
