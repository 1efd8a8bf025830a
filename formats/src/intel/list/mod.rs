//! Lists: CSV (RFC 4180 and what people call CSV), TSV, one value on each line, and hosts files (hosts(5)).
//!
//! A [`ListMapping`] says which column means what. Lines are found by `memchr`, and cells are borrowed from the bytes, because lists
//! are the largest of all feeds: a general CSV reader cannot go on behind a quote that is never closed, which here costs its own line.
//!
//! Deliberately absent: guessing columns, other encodings than UTF-8, and undoing of defanged values, which is
//! `detect::indicators::infer`'s.

mod cells;
mod mapping;

use std::borrow::Cow;

use model::limits::{INDICATOR_LABEL_BYTES_MAX, INDICATOR_VALUE_BYTES_MAX};
use model::{Confidence, IndicatorKind, Timestamp};

use super::object::{cut, moment};
use super::{Claimed, Counted, Sink, Tally, What};
use crate::Trouble;
use cells::{Record, Records};
pub use mapping::{Column, Header, KindFrom, Layout, ListMapping, Scale};

/// Reads a list.
///
/// ```
/// use formats::intel::{Item, What, list};
/// let mut found = Vec::new();
/// list::read(b"# evil\n192.0.2.7\t3\n", &list::ListMapping::ipsum(), &mut |item| found.push(item));
/// let Some(Ok(Item::Claimed(claimed))) = found.pop() else { panic!() };
/// assert_eq!(claimed.what, What::Value { kind: None, value: "192.0.2.7".into() });
/// assert_eq!(claimed.confidence.map(|confidence| confidence.percent()), Some(66));
/// ```
pub fn read(bytes: &[u8], mapping: &ListMapping, sink: &mut Sink<'_>) -> Tally {
    let mut out = Counted::new(sink);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        out.refused("document", Trouble::malformed("UTF-16; hint: save the list as UTF-8"));
        return out.tally;
    }
    let records = Records::new(bytes, mapping);
    if let Layout::Hosts = mapping.layout {
        hosts(records, mapping, &mut out);
        return out.tally;
    }
    let mut reader = match Reader::new(mapping) {
        Ok(reader) => reader,
        Err(trouble) => {
            out.refused("mapping", trouble);
            return out.tally;
        }
    };
    for record in records {
        if let Err(trouble) = reader.record(&record, &mut out) {
            out.refused(format!("line {}", record.line), trouble);
            return out.tally;
        }
    }
    if let Header::Names = mapping.header
        && reader.places.is_none()
    {
        out.refused("document", Trouble::malformed("the line with the columns' names is missing"));
    }
    out.tally
}

/// The cells of a file whose columns are separated by commas and may be quoted, with the line in which each record starts, from 1.
/// Lines that begin with `#` are given as comments, without the mark.
pub(crate) fn comma_records(bytes: &[u8]) -> impl Iterator<Item = CommaRecord<'_>> {
    delimited_records(bytes, ',')
}

/// The same, with something else between the cells.
pub(crate) fn delimited_records(bytes: &[u8], delimiter: char) -> impl Iterator<Item = CommaRecord<'_>> {
    let mapping = ListMapping {
        layout: Layout::Delimited { delimiter, quote: Some('"') },
        comment: vec!["#".to_owned()],
        ..ListMapping::default()
    };
    Records::new(bytes, &mapping).map(|record| CommaRecord {
        line: record.line,
        is_comment: record.is_comment,
        cells: record.cells,
    })
}

/// One record of [`comma_records`] or [`delimited_records`].
pub(crate) struct CommaRecord<'a> {
    pub(crate) line: u64,
    pub(crate) is_comment: bool,
    pub(crate) cells: Result<Vec<Cow<'a, [u8]>>, Trouble>,
}

/// Where the columns of a mapping stand in this list, from 0.
struct Places {
    value: usize,
    port: Option<usize>,
    kind: Option<usize>,
    label: Option<usize>,
    confidence: Option<usize>,
    first_seen: Option<usize>,
    last_seen: Option<usize>,
    valid_until: Option<usize>,
    marking: Option<usize>,
    id: Option<usize>,
    description: Option<usize>,
}

impl Places {
    /// `names` are the cells of the header, where there is one.
    fn of(mapping: &ListMapping, names: Option<&[Cow<'_, [u8]>]>) -> Result<Self, Trouble> {
        let place = |column: &Column| match column {
            Column::Number(0) => Err(Trouble::malformed("columns are counted from 1")),
            Column::Number(number) => Ok(number - 1),
            Column::Name(name) => {
                let is_name = |cell: &Cow<'_, [u8]>| cell.trim_ascii().eq_ignore_ascii_case(name.trim().as_bytes());
                let found = names.and_then(|names| names.iter().position(is_name));
                found.ok_or_else(|| Trouble::malformed(format!("no column is called {:?}", cut(name, 64))))
            }
        };
        let maybe = |column: &Option<Column>| column.as_ref().map(place).transpose();
        let kind = if let KindFrom::Column(column) = &mapping.kind { Some(place(column)?) } else { None };
        Ok(Places {
            value: place(&mapping.value)?,
            port: maybe(&mapping.port)?,
            kind,
            label: maybe(&mapping.label)?,
            confidence: maybe(&mapping.confidence)?,
            first_seen: maybe(&mapping.first_seen)?,
            last_seen: maybe(&mapping.last_seen)?,
            valid_until: maybe(&mapping.valid_until)?,
            marking: maybe(&mapping.marking)?,
            id: maybe(&mapping.id)?,
            description: maybe(&mapping.description)?,
        })
    }
}

struct Reader<'m> {
    mapping: &'m ListMapping,
    /// `None` until the header was met.
    places: Option<Places>,
    is_header_next: bool,
}

impl<'m> Reader<'m> {
    fn new(mapping: &'m ListMapping) -> Result<Self, Trouble> {
        let places = match mapping.header {
            Header::Names => None,
            Header::None | Header::Skipped => Some(Places::of(mapping, None)?),
        };
        Ok(Reader { mapping, places, is_header_next: mapping.header == Header::Skipped })
    }

    /// Reads one record.
    ///
    /// # Errors
    /// When the list as a whole cannot be read: its header lacks a column.
    fn record(&mut self, record: &Record<'_>, out: &mut Counted<'_, '_>) -> Result<(), Trouble> {
        if record.is_comment {
            // Some lists put the names of their columns into the last comment.
            if self.places.is_none()
                && let Ok(cells) = &record.cells
            {
                self.places = Places::of(self.mapping, Some(cells)).ok();
            }
            return Ok(());
        }
        if std::mem::take(&mut self.is_header_next) {
            return Ok(());
        }
        let cells = match &record.cells {
            Ok(cells) => cells,
            Err(trouble) => {
                out.tally.records += 1;
                out.refused(format!("line {}", record.line), trouble.clone());
                return Ok(());
            }
        };
        let Some(places) = &self.places else {
            self.places = Some(Places::of(self.mapping, Some(cells))?);
            return Ok(());
        };
        out.tally.records += 1;
        let mut row = Row { cells, lost: Vec::new() };
        match claim(&mut row, places, self.mapping) {
            Ok(claimed) => out.claimed(claimed),
            Err(trouble) => out.refused(format!("line {}", record.line), trouble),
        }
        if !row.lost.is_empty() {
            let detail = format!("left out: {}", row.lost.join("; "));
            out.refused(format!("line {}", record.line), Trouble::part_lost(detail));
        }
        Ok(())
    }
}

/// The cells of one record while they are read.
struct Row<'c, 'a> {
    cells: &'c [Cow<'a, [u8]>],
    lost: Vec<String>,
}

impl<'c> Row<'c, '_> {
    /// A cell that need not be there; an empty one is not.
    fn text(&mut self, place: Option<usize>) -> Option<&'c str> {
        let cell = self.cells.get(place?)?.trim_ascii();
        let text = std::str::from_utf8(cell);
        if text.is_err() {
            self.lose(place, "in UTF-8");
        }
        text.ok().filter(|text| !text.is_empty())
    }

    fn lose(&mut self, place: Option<usize>, what: &str) {
        let number = place.map_or(0, |place| place + 1);
        self.lost.push(format!("column {number} should be {what}"));
    }

    fn time(&mut self, place: Option<usize>) -> Option<Timestamp> {
        let at = moment(self.text(place)?);
        if at.is_none() {
            self.lose(place, "a time");
        }
        at
    }

    fn confidence(&mut self, place: Option<usize>, scale: &Scale) -> Option<Confidence> {
        let confidence = scale.confidence(self.text(place)?);
        if confidence.is_none() {
            self.lose(place, "a number or word of its scale");
        }
        confidence
    }
}

fn claim(row: &mut Row<'_, '_>, places: &Places, mapping: &ListMapping) -> Result<Claimed, Trouble> {
    let Some(cell) = row.cells.get(places.value) else {
        return Err(Trouble::malformed(format!("column {} is missing", places.value + 1)));
    };
    let mut value = value_of(cell)?.to_owned();
    let mut kind = match &mapping.kind {
        KindFrom::Value => None,
        KindFrom::Always(kind) => Some(*kind),
        KindFrom::Column(_) => row.text(places.kind).and_then(mapping::kind_word),
    };
    if let Some(port) = row.text(places.port) {
        if port.parse::<u16>().is_ok_and(|port| port > 0) {
            value = if value.contains(':') { format!("[{value}]:{port}") } else { format!("{value}:{port}") };
            kind = None;
        } else {
            row.lose(places.port, "a port");
        }
    }
    let label = row.text(places.label).unwrap_or(&mapping.label_otherwise);
    let marking = row.text(places.marking).and_then(|text| {
        let tlp = text.parse().ok();
        if tlp.is_none() {
            row.lose(places.marking, "a marking of the Traffic Light Protocol");
        }
        Some(model::Marking { tlp: tlp?, ..model::Marking::default() })
    });
    // A marking that cannot be read must not make its row look unmarked.
    let unknown = row.text(places.marking).filter(|_| marking.is_none()).map(|text| cut(text, 64).to_owned());
    Ok(Claimed {
        what: What::Value { kind, value },
        label: cut(label, INDICATOR_LABEL_BYTES_MAX).to_owned(),
        confidence: row.confidence(places.confidence, &mapping.scale),
        first_seen: row.time(places.first_seen),
        last_seen: row.time(places.last_seen),
        valid_until: row.time(places.valid_until),
        marking,
        unknown_markings: unknown.into_iter().collect(),
        id: row.text(places.id).map(|id| cut(id, model::limits::INTEL_NAME_BYTES_MAX).to_owned()),
        description: row
            .text(places.description)
            .map(|text| cut(text, model::limits::INTEL_TEXT_BYTES_MAX).to_owned())
            .unwrap_or_default(),
        ..Claimed::default()
    })
}

fn value_of(cell: &[u8]) -> Result<&str, Trouble> {
    let cell = cell.trim_ascii();
    if cell.len() > INDICATOR_VALUE_BYTES_MAX {
        let length = cell.len();
        return Err(Trouble::too_large(format!(
            "a value of {length} bytes, at most {INDICATOR_VALUE_BYTES_MAX} are read"
        )));
    }
    match std::str::from_utf8(cell) {
        Ok("") => Err(Trouble::malformed("the value is empty")),
        Ok(text) if text.contains(char::is_control) => Err(Trouble::malformed("control characters in the value")),
        Ok(text) => Ok(text),
        Err(_) => Err(Trouble::malformed("the value is not UTF-8")),
    }
}

/// Names that a hosts file gives to the machine itself.
const OWN_NAMES: [&str; 12] = [
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost6",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
];

/// Lines `address name name …`: the names are claimed, the address only says where they should lead instead.
fn hosts(records: Records<'_>, mapping: &ListMapping, out: &mut Counted<'_, '_>) {
    for record in records.filter(|record| !record.is_comment) {
        out.tally.records += 1;
        let place = || format!("line {}", record.line);
        let cells = match &record.cells {
            Ok(cells) => cells,
            Err(trouble) => {
                out.refused(place(), trouble.clone());
                continue;
            }
        };
        let is_address =
            |cell: &Cow<'_, [u8]>| std::str::from_utf8(cell).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok());
        let [address, names @ ..] = cells.as_slice() else { continue };
        if !is_address(address) || names.is_empty() {
            out.refused(place(), Trouble::malformed("an address and names should stand here"));
            continue;
        }
        for name in names {
            match value_of(name) {
                Ok(name) if OWN_NAMES.contains(&name.to_ascii_lowercase().as_str()) || name == "0.0.0.0" => {}
                Ok(name) => out.claimed(Claimed {
                    what: What::Value { kind: Some(IndicatorKind::Domain), value: name.to_owned() },
                    label: mapping.label_otherwise.clone(),
                    ..Claimed::default()
                }),
                Err(trouble) => out.refused(place(), trouble),
            }
        }
    }
}

#[cfg(test)]
mod tests;
