//! Outside bytes to model and back, without I/O.
//!
//! A record is read in two steps. [`fields`] gives it names: the fields as its authors wrote them, which is what Sigma
//! rules see. [`event`] turns those into an OCSF event, which is what indicators, behaviour and the lake use. Neither ever
//! fails as a whole: trouble with one record is a [`Trouble`], which becomes a counted note.
//!
//! In front of the two stand [`container`], [`evtx`] and [`split`], which turn a file into records, and [`recognise`], which
//! tells what a record is. Behind them stands [`finding`], which writes what was found, and [`schema`], which judges every
//! event by OCSF's own words. [`release`] goes the other way: indicators in the forms that others take. [`intel`], [`risk`] and
//! [`osv`] read what others publish about threats and vulnerabilities, [`register`] and [`sbom`] what a city runs and what is in it, [`mobile`] what
//! apps for telephones say of themselves,
//! [`scanner`] what scanners found there, [`mod@seen`] what programs say of themselves in events, [`probe`] what services show to the
//! outside. [`edges`] and [`series`] read tables that are scored line by line.

pub mod edges;
pub mod evtx;
pub mod finding;
pub mod head;
pub mod intel;
pub mod json;
pub mod mobile;
pub mod oscal;
pub mod osv;
pub mod probe;
pub mod register;
pub mod release;
pub mod risk;
pub mod sbom;
pub mod scanner;
pub mod schema;
pub mod seen;
pub mod series;
pub mod split;
pub mod text;

mod cloudtrail;
mod m365;
mod mapping;
mod ocsf;
mod parts;
mod recognise;
mod row;
mod suricata;
mod table;
#[cfg(test)]
mod testing;
mod tree;
mod windows;
mod zeek;

use model::{Event, Fields, Format};

pub use head::{Head, Trouble};
pub use mapping::{MappingError, Mappings};
pub use recognise::{CONTAINER_HEAD_BYTES, Container, container, recognise};

/// Step one: the fields of a record, under the names that its authors gave them (the Sigma view).
///
/// # Errors
/// When the bytes are not in that format, or beyond a limit. The record as such is kept anyway.
///
/// ```
/// let body = br#"{"Event":{"System":{"EventID":1,"Channel":"c"},"EventData":{"Image":"i"}}}"#;
/// let fields = formats::fields(model::Format::Windows, body)?;
/// assert_eq!(fields.text("Image").as_deref(), Some("i"));
/// # Ok::<(), formats::Trouble>(())
/// ```
pub fn fields(format: Format, body: &[u8]) -> Result<Fields<'_>, Trouble> {
    fields_into(Fields::new(format), format, body)
}

/// Step one in the memory of an earlier record's fields.
///
/// # Errors
/// As [`fields`]; the memory is given up then.
pub fn fields_into<'a>(earlier: Fields<'_>, format: Format, body: &'a [u8]) -> Result<Fields<'a>, Trouble> {
    let limit = model::limits::RECORD_BYTES_MAX;
    if body.len() > limit {
        return Err(Trouble::too_large(format!("{} bytes, at most {limit} are read", body.len())));
    }
    let empty = earlier.emptied(format);
    match format {
        Format::Windows | Format::Evtx => windows::fields(empty, body),
        Format::Zeek => zeek::fields(empty, body),
        Format::Suricata | Format::CloudTrail | Format::M365 | Format::Ocsf | Format::Json => {
            json::scan_into(empty, body, json::no_lift)
        }
        _ => text::fields(format, body),
    }
}

/// Step two: the OCSF event of a record, and what could not be taken over.
///
/// There is always an event: what no mapping knows becomes a base event (class 0) that names the record it came from.
/// `mappings` are only asked about [`Format::Json`].
pub fn event(fields: &Fields<'_>, head: &Head<'_>, mappings: &Mappings) -> (Event, Vec<Trouble>) {
    match fields.format {
        Format::Windows | Format::Evtx => windows::event(fields, head),
        Format::Zeek => zeek::event(fields, head),
        Format::Suricata => suricata::event(fields, head),
        Format::CloudTrail => cloudtrail::event(fields, head),
        Format::M365 => m365::event(fields, head),
        Format::Ocsf => ocsf::event(fields, head),
        Format::Json => mappings.event(fields, head),
        _ => text::event(fields, head),
    }
}

/// The event of a record that no reader can read: a base event that says so, so that the untouched record is kept and
/// can be hunted in.
pub fn unread(head: &Head<'_>) -> Event {
    let mut event = Event::new(
        head.id,
        head.agency.clone(),
        head.received,
        model::ocsf::Class::BASE,
        model::ocsf::activity::UNKNOWN,
    );
    parts::begin(&mut event, head, parts::Maker { vendor: "Unknown", product: "Unknown" });
    event.severity_id = 0;
    event.attributes.message = Some("record that could not be read".to_owned());
    event
}
