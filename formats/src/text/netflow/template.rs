//! Templates: what the bytes of a record mean.

use model::limits::NETFLOW_TEMPLATE_FIELDS_MAX;

use super::decoder::{u16_at, u32_at};
use super::element::{Element, element};
use crate::Trouble;

/// A field length that means "the record says" (RFC 7011 section 7).
const VARIABLE: u16 = 65_535;

/// How to read a record.
#[derive(Clone, Debug)]
pub(super) struct Template {
    fields: Vec<TemplateField>,
    /// Describes the exporter and not flows.
    pub is_options: bool,
    /// The shortest record: never 0.
    pub bytes_min: usize,
}

#[derive(Clone, Debug)]
struct TemplateField {
    element: Element,
    length: u16,
    /// An earlier field has the same name: its array takes this value.
    is_repeat: bool,
    /// A later field has the same name.
    has_repeats: bool,
}

/// Reads the templates of a set: `give` gets the number and the template, `None` for a withdrawal, or what was wrong.
pub(super) fn read_templates(
    version: u16,
    set: u16,
    body: &[u8],
    mut give: impl FnMut(u16, Result<Option<Template>, Trouble>),
) {
    let mut rest = body;
    let is_options = set == 1 || set == 3;
    // Three bytes or fewer are padding.
    while rest.len() >= 4 {
        let (Some(id), Some(second)) = (u16_at(rest, 0), u16_at(rest, 2)) else { return };
        if id == 0 && second == 0 {
            return;
        }
        if version == 10 && second == 0 {
            give(id, Ok(None));
            rest = &rest[4..];
            continue;
        }
        let third = if is_options { u16_at(rest, 4) } else { Some(0) };
        let Some(third) = third else { return };
        // Options: version 9 gives two lengths in bytes, IPFIX the number of all fields and of the scope's.
        let (head, count) = match (is_options, version) {
            (false, _) => (4, usize::from(second)),
            (true, 9) => (6, (usize::from(second) + usize::from(third)) / 4),
            (true, _) => (6, usize::from(second)),
        };
        let Some((fields, length)) = read_fields(version, &rest[head..], count) else {
            give(id, Err(Trouble::malformed(format!("netflow: template {id} is torn"))));
            return;
        };
        rest = &rest[head + length..];
        give(id, template(id, fields, is_options).map(Some));
    }
}

fn read_fields(version: u16, bytes: &[u8], count: usize) -> Option<(Vec<TemplateField>, usize)> {
    let mut fields = Vec::with_capacity(count.min(NETFLOW_TEMPLATE_FIELDS_MAX + 1));
    let mut at = 0;
    for _ in 0..count {
        let (number, length) = (u16_at(bytes, at)?, u16_at(bytes, at + 2)?);
        at += 4;
        // Version 9 has no enterprise bit: its high numbers are its own.
        let has_enterprise = version == 10 && number & 0x8000 != 0;
        let enterprise = if has_enterprise { u32_at(bytes, at)? } else { 0 };
        at += if has_enterprise { 4 } else { 0 };
        let number = if has_enterprise { number & 0x7fff } else { number };
        // One more than the limit is enough to know that it is over.
        if fields.len() <= NETFLOW_TEMPLATE_FIELDS_MAX {
            let element = element(enterprise, number);
            fields.push(TemplateField { element, length, is_repeat: false, has_repeats: false });
        }
    }
    Some((fields, at))
}

fn template(id: u16, mut fields: Vec<TemplateField>, is_options: bool) -> Result<Template, Trouble> {
    if id < 256 {
        return Err(Trouble::malformed(format!("netflow: template {id} has a reserved number")));
    }
    if fields.len() > NETFLOW_TEMPLATE_FIELDS_MAX {
        return Err(Trouble::too_large(format!(
            "netflow: template {id} has more than {NETFLOW_TEMPLATE_FIELDS_MAX} fields"
        )));
    }
    let bytes_min =
        fields.iter().map(|field| if field.length == VARIABLE { 1 } else { usize::from(field.length) }).sum();
    if bytes_min == 0 {
        return Err(Trouble::malformed(format!("netflow: template {id} describes nothing")));
    }
    for at in 0..fields.len() {
        let same = |other: &TemplateField| other.element.name == fields[at].element.name;
        let (is_repeat, has_repeats) = (fields[..at].iter().any(same), fields[at + 1..].iter().any(same));
        (fields[at].is_repeat, fields[at].has_repeats) = (is_repeat, has_repeats);
    }
    Ok(Template { fields, is_options, bytes_min })
}

impl Template {
    /// Reads one record as a JSON object that starts with `front`, and gives what follows it. `None` when it is torn.
    pub(super) fn read<'b>(&self, bytes: &'b [u8], front: &str) -> Option<(String, &'b [u8])> {
        let mut values: Vec<&[u8]> = Vec::with_capacity(self.fields.len());
        let mut rest = bytes;
        for field in &self.fields {
            let (length, head) = match field.length {
                VARIABLE => variable_length(rest)?,
                length => (usize::from(length), 0),
            };
            values.push(rest.get(head..head + length)?);
            rest = &rest[head + length..];
        }
        let mut out = String::with_capacity(front.len() + 32 * values.len());
        out.push_str(front);
        for (at, (field, value)) in self.fields.iter().zip(&values).enumerate() {
            if field.is_repeat || field.element.is_padding() {
                continue;
            }
            out.push_str(",\"");
            out.push_str(&field.element.name);
            out.push_str("\":");
            if !field.has_repeats {
                field.element.write(value, &mut out);
                continue;
            }
            out.push('[');
            field.element.write(value, &mut out);
            for (other, value) in self.fields.iter().zip(&values).skip(at + 1) {
                if other.element.name == field.element.name {
                    out.push(',');
                    other.element.write(value, &mut out);
                }
            }
            out.push(']');
        }
        out.push('}');
        Some((out, rest))
    }
}

/// One byte, or 255 and two more.
fn variable_length(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.first()? {
        255 => Some((usize::from(u16_at(bytes, 1)?), 3)),
        length => Some((usize::from(length), 1)),
    }
}
