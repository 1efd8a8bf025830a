//! Data for programs, in outline: which fields, how many rows, between which values, how fresh, and where its things are.
//!
//! JSON (RFC 8259), GeoJSON (RFC 7946) and tables (RFC 4180), those of timetables (GTFS Schedule, `stops.txt`, `stop_times.txt`) among
//! them. What is told beside the outline are contradictions inside the data: coordinates that are none, ids that stand twice, a
//! vehicle that leaves before it arrives. Deliberately absent: packed feeds, GTFS-Realtime, XML, and what the data mean.

use std::collections::{BTreeMap, BTreeSet};

use model::Timestamp;
use model::fingerprint::first_8_bytes;
use model::limits::{
    JSON_DEPTH_MAX, PROBE_BODY_BYTES_MAX, PROBE_FAULTS_MAX, PROBE_FIELDS_MAX, PROBE_PLACES_MAX, PROBE_ROWS_MAX,
};
use model::probe::{DataFacts, DataForm, FieldFacts, Placed};
use serde_json::Value;

use super::{sha256, table};

/// Reads data. The form is told from the bytes, not from what a server calls them.
pub fn data(bytes: &[u8]) -> DataFacts {
    let mut outline = Outline::default();
    let form = read(bytes, &mut outline).unwrap_or(DataForm::Unreadable);
    let mut facts = outline.facts();
    facts.form = form;
    facts.hash = sha256(bytes);
    facts.bytes = bytes.len() as u64;
    facts
}

fn read(bytes: &[u8], outline: &mut Outline) -> Option<DataForm> {
    if bytes.len() > PROBE_BODY_BYTES_MAX {
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if matches!(first, b'{' | b'[') {
        let value = serde_json::from_slice(bytes).ok()?;
        return Some(json(&value, outline));
    }
    // A page of a server that says "sorry" is no table.
    if *first == b'<' { None } else { table::read(bytes, outline).then_some(DataForm::Csv) }
}

fn json(value: &Value, outline: &mut Outline) -> DataForm {
    let features = value.get("features").and_then(Value::as_array);
    let is_geo = value.get("type").is_some_and(|kind| kind == "FeatureCollection");
    if let (Some(features), true) = (features, is_geo) {
        features.iter().for_each(|feature| geo(feature, outline));
        return DataForm::GeoJson;
    }
    // The rows are the list itself, or the longest list among the members of an object.
    let rows = match value {
        Value::Array(rows) => Some(rows),
        Value::Object(members) => members.values().filter_map(Value::as_array).max_by_key(|rows| rows.len()),
        _ => None,
    };
    match rows {
        Some(rows) => rows.iter().for_each(|row| plain(row, outline)),
        None => plain(value, outline),
    }
    if let (Value::Object(members), Some(_)) = (value, rows) {
        // What stands beside the rows: when it was made, for example.
        for (name, member) in members.iter().filter(|(_, member)| !member.is_array()) {
            outline.walk(&format!(".{name}"), member, 0);
        }
    }
    DataForm::Json
}

fn plain(row: &Value, outline: &mut Outline) {
    if !outline.begin_row() {
        return;
    }
    outline.walk("", row, 0);
    let id = ["id", "uid", "identifier"].iter().find_map(|name| row.get(name)).map(text_of);
    let number = |names: [&str; 3]| names.iter().find_map(|name| row.get(name)).and_then(number_of);
    let place = number(["lat", "latitude", "y"]).zip(number(["lon", "lng", "longitude"]));
    outline.thing(id.as_deref(), place);
}

fn geo(feature: &Value, outline: &mut Outline) {
    if !outline.begin_row() {
        return;
    }
    let properties = feature.get("properties").unwrap_or(&Value::Null);
    outline.walk("", properties, 0);
    let id = feature.get("id").or_else(|| properties.get("id")).map(text_of);
    let geometry = feature.get("geometry").filter(|geometry| !geometry.is_null());
    let place = geometry.and_then(|geometry| first_position(geometry.get("coordinates")?, 0));
    if geometry.is_some() && place.is_none() {
        outline.fault(|| format!("feature {}: its coordinates are none", id.as_deref().unwrap_or("without id")));
    }
    // RFC 7946, section 3.1.1: longitude first.
    outline.thing(id.as_deref(), place.map(|(longitude, latitude)| (latitude, longitude)));
}

fn first_position(coordinates: &Value, depth: usize) -> Option<(f64, f64)> {
    let list = coordinates.as_array()?;
    match (list.first()?, list.get(1)) {
        (Value::Number(first), Some(Value::Number(second))) => Some((first.as_f64()?, second.as_f64()?)),
        (inner, _) if depth < 4 => first_position(inner, depth + 1),
        _ => None,
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => table::number(text),
        _ => None,
    }
}

/// What is gathered while data is read.
#[derive(Default)]
pub(super) struct Outline {
    rows: u64,
    fields: BTreeMap<String, FieldFacts>,
    newest: Option<Timestamp>,
    places: BTreeMap<u64, Placed>,
    ids: BTreeSet<u64>,
    faults: Vec<String>,
    faults_count: u64,
}

impl Outline {
    /// Counts a row; `false` when no more are read.
    pub(super) fn begin_row(&mut self) -> bool {
        self.rows += 1;
        self.rows <= PROBE_ROWS_MAX as u64
    }

    /// The row that is read, from 1.
    pub(super) fn row(&self) -> u64 {
        self.rows
    }

    /// Something that contradicts itself.
    pub(super) fn fault(&mut self, words: impl FnOnce() -> String) {
        self.faults_count += 1;
        if self.faults.len() < PROBE_FAULTS_MAX {
            self.faults.push(words().chars().take(200).collect());
        }
    }

    /// A value of a field.
    pub(super) fn value(&mut self, name: &str, value: Cell<'_>) {
        if !self.fields.contains_key(name) {
            if self.fields.len() >= PROBE_FIELDS_MAX {
                return;
            }
            let facts = FieldFacts { name: name.to_owned(), filled: 0, numbers: 0, least: None, greatest: None };
            self.fields.insert(name.to_owned(), facts);
        }
        let Some(field) = self.fields.get_mut(name) else { return };
        let number = match value {
            Cell::Empty => return,
            Cell::Number(number) => Some(number),
            Cell::Text(text) => {
                let time = Timestamp::parse(text).filter(|_| text.len() >= 10);
                self.newest = self.newest.max(time);
                None
            }
        };
        field.filled += 1;
        if let Some(number) = number.filter(|number| number.is_finite()) {
            field.numbers += 1;
            field.least = Some(field.least.map_or(number, |least| least.min(number)));
            field.greatest = Some(field.greatest.map_or(number, |greatest| greatest.max(number)));
        }
    }

    /// The thing that a row is about: its id, and latitude and longitude in degrees.
    pub(super) fn thing(&mut self, id: Option<&str>, place: Option<(f64, f64)>) {
        let named = || id.map_or_else(|| "a row without id".to_owned(), |id| format!("{id:?}"));
        if let Some((latitude, longitude)) = place
            && !(latitude.abs() <= 90.0 && longitude.abs() <= 180.0)
        {
            self.fault(|| format!("{}: {latitude}, {longitude} is no place on earth", named()));
            return;
        }
        let Some(id) = id else { return };
        let hash = first_8_bytes(id.as_bytes());
        if !self.ids.insert(hash) {
            self.fault(|| format!("{id:?} stands twice"));
        }
        let Some((latitude, longitude)) = place else { return };
        // Checked above: at most 180 million, which 32 bits hold.
        let [latitude_e6, longitude_e6] = [latitude, longitude].map(|degrees| (degrees * 1e6).round() as i32);
        self.places.insert(hash, Placed { hash, latitude_e6, longitude_e6 });
        if self.places.len() > PROBE_PLACES_MAX {
            self.places.pop_last();
        }
    }

    fn walk(&mut self, path: &str, value: &Value, depth: usize) {
        match value {
            Value::Object(members) if depth < JSON_DEPTH_MAX => {
                for (name, member) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.walk(&path, member, depth + 1);
                }
            }
            Value::Object(_) | Value::Array(_) => self.value(path, Cell::Text("")),
            Value::Null => self.value(path, Cell::Empty),
            Value::Bool(_) => self.value(path, Cell::Text("")),
            Value::Number(number) => self.value(path, number.as_f64().map_or(Cell::Empty, Cell::Number)),
            Value::String(text) => self.value(path, Cell::Text(text)),
        }
    }

    fn facts(self) -> DataFacts {
        DataFacts {
            rows: self.rows,
            fields: self.fields.into_values().collect(),
            newest: self.newest,
            places: self.places.into_values().collect(),
            faults: self.faults,
            faults_count: self.faults_count,
            ..DataFacts::default()
        }
    }
}

/// What stands in one cell.
pub(super) enum Cell<'a> {
    Empty,
    Number(f64),
    Text(&'a str),
}
