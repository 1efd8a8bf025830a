//! Reports in XML (XML 1.0, fifth edition), element by element, without a tree in memory.
//!
//! A document type is refused before anything behind it is read, so that no entity is ever defined; only the five entities of XML itself and
//! numbered characters are known. Another encoding than UTF-8 is refused where the document names one. Where the XML breaks, reading goes on at
//! the next record.

use model::limits::{INTEL_NAME_BYTES_MAX, SCANNER_TEXT_BYTES_MAX, XML_DEPTH_MAX};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::Read;
use crate::Trouble;
use crate::intel::object::cut;

/// What a form does with its elements.
pub(super) trait Visitor {
    /// What every record begins with, for going on behind broken XML.
    const RECORD: &'static [u8];

    /// An element begins; it is the path's last.
    fn start(&mut self, path: &Path, element: &BytesStart<'_>);

    /// A text stands in the path's last element.
    fn text(&mut self, path: &Path, text: &str);

    /// The path's last element ends.
    fn end(&mut self, path: &Path, out: &mut Read);

    /// The XML broke: what was begun is given up. Says whether something was.
    fn give_up(&mut self) -> bool;
}

/// The elements round a place, the outermost first.
#[derive(Default)]
pub(super) struct Path(Vec<String>);

impl Path {
    /// The name of the innermost element.
    pub(super) fn name(&self) -> &str {
        self.up(0)
    }

    /// The name of the element round it.
    pub(super) fn parent(&self) -> &str {
        self.up(1)
    }

    /// The name of the element so many levels further out.
    pub(super) fn up(&self, levels: usize) -> &str {
        self.0.iter().rev().nth(levels).map_or("", String::as_str)
    }
}

/// The name of the outermost element.
pub(super) fn root(bytes: &[u8]) -> Result<String, Trouble> {
    let mut reader = Reader::from_reader(bytes);
    loop {
        let event = reader.read_event().map_err(|error| broken(&error))?;
        match event {
            Event::Start(element) | Event::Empty(element) => {
                return Ok(cut(&String::from_utf8_lossy(element.name().as_ref()), INTEL_NAME_BYTES_MAX).to_owned());
            }
            Event::Decl(declaration) => encoding(&declaration)?,
            Event::DocType(_) => return Err(document_type()),
            Event::Eof => return Err(Trouble::malformed("the document ends before its first element")),
            _ => {}
        }
    }
}

fn document_type() -> Trouble {
    Trouble::malformed("a document type is refused: it could define entities or lead elsewhere")
}

fn broken(error: &quick_xml::Error) -> Trouble {
    Trouble::malformed(format!("broken XML: {}", cut(&error.to_string(), INTEL_NAME_BYTES_MAX)))
}

fn encoding(declaration: &quick_xml::events::BytesDecl<'_>) -> Result<(), Trouble> {
    match declaration.encoding() {
        Some(Ok(name))
            if !["utf-8", "us-ascii", "ascii"].iter().any(|own| name.eq_ignore_ascii_case(own.as_bytes())) =>
        {
            Err(Trouble::malformed("an encoding other than UTF-8; hint: save it as UTF-8"))
        }
        _ => Ok(()),
    }
}

/// Leads a visitor through the document.
pub(super) fn walk<V: Visitor>(bytes: &[u8], visitor: &mut V, out: &mut Read) {
    let mut from = 0;
    while let Some(rest) = bytes.get(from..).filter(|rest| !rest.is_empty()) {
        let Err((at, trouble, is_final)) = pass(rest, visitor, out) else { break };
        let was_inside = visitor.give_up();
        let inside = if was_inside { ", inside a record" } else { "" };
        out.refuse(format!("byte {}{inside}", from + at), trouble);
        if is_final {
            break;
        }
        // One byte further at least, so that this ends.
        let behind = from + at.max(1);
        let next = bytes.get(behind..).and_then(|rest| memchr::memmem::find(rest, V::RECORD));
        match next {
            Some(found) => from = behind + found,
            None => break,
        }
    }
}

/// Reads until the end, or until the XML breaks: then where, why, and whether nothing behind it may be read.
fn pass<V: Visitor>(bytes: &[u8], visitor: &mut V, out: &mut Read) -> Result<(), (usize, Trouble, bool)> {
    let mut reader = Reader::from_reader(bytes);
    // Reading may begin at a record in the middle.
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut path = Path::default();
    let mut text = String::new();
    loop {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(|error| (place(reader.error_position()), broken(&error), false))?;
        let at = place(reader.buffer_position());
        match event {
            Event::Start(element) => {
                flush(&mut text, &path, visitor);
                if path.0.len() >= XML_DEPTH_MAX {
                    let detail = format!("nested deeper than {XML_DEPTH_MAX} levels");
                    return Err((at, Trouble::too_large(detail), true));
                }
                path.0.push(name(&element));
                visitor.start(&path, &element);
            }
            Event::Empty(element) => {
                flush(&mut text, &path, visitor);
                path.0.push(name(&element));
                visitor.start(&path, &element);
                visitor.end(&path, out);
                path.0.pop();
            }
            Event::End(_) => {
                flush(&mut text, &path, visitor);
                visitor.end(&path, out);
                path.0.pop();
            }
            Event::Text(piece) => add(&mut text, &String::from_utf8_lossy(&piece)),
            Event::CData(piece) => add(&mut text, &String::from_utf8_lossy(&piece)),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(letter)) => add(&mut text, letter.encode_utf8(&mut [0; 4])),
                _ => add(&mut text, known(&reference)),
            },
            Event::Decl(declaration) => encoding(&declaration).map_err(|trouble| (at, trouble, true))?,
            Event::DocType(_) => return Err((at, document_type(), true)),
            Event::Eof if visitor.give_up() => {
                return Err((bytes.len(), Trouble::malformed("the document ends inside a record"), false));
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn name(element: &BytesStart<'_>) -> String {
    cut(&String::from_utf8_lossy(element.name().as_ref()), INTEL_NAME_BYTES_MAX).to_owned()
}

/// The five entities of XML; any other stands for nothing.
fn known(reference: &[u8]) -> &'static str {
    match reference {
        b"amp" => "&",
        b"lt" => "<",
        b"gt" => ">",
        b"quot" => "\"",
        b"apos" => "'",
        _ => "",
    }
}

fn add(text: &mut String, more: &str) {
    let room = SCANNER_TEXT_BYTES_MAX.saturating_sub(text.len());
    text.push_str(cut(more, room));
}

fn flush<V: Visitor>(text: &mut String, path: &Path, visitor: &mut V) {
    if !text.trim().is_empty() {
        visitor.text(path, text.trim());
    }
    text.clear();
}

/// An attribute's value with entities resolved; `None` where it is missing or not right.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    let raw = std::str::from_utf8(&attribute.value).ok()?;
    let text = quick_xml::escape::unescape(raw).ok()?;
    Some(cut(&text, INTEL_NAME_BYTES_MAX).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_a_limit() {
        let mut text = "a".repeat(SCANNER_TEXT_BYTES_MAX - 3);
        add(&mut text, "äöü");
        assert_eq!(text.len(), SCANNER_TEXT_BYTES_MAX - 1, "no letter is cut in two");
        add(&mut text, "b");
        assert_eq!(text.len(), SCANNER_TEXT_BYTES_MAX);
        add(&mut text, "c");
        assert!(text.ends_with("äb"), "nothing more is taken");
    }
}
