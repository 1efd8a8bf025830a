//! A manifest as a row of steps: elements that open and close, whether it was written as XML or in the binary form of packages.

use std::collections::BTreeMap;

use model::limits::{MOBILE_ATTRIBUTES_MAX, MOBILE_ELEMENTS_MAX, MOBILE_TEXT_BYTES_MAX, XML_DEPTH_MAX};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::Trouble;
use crate::intel::object::cut;

/// An element's name and its attributes, without the names of namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name.
    pub(super) name: String,
    /// Its attributes.
    pub(super) attributes: BTreeMap<String, String>,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An element opens.
    Open(Element),
    /// The last one that is open closes.
    Close,
    /// Text inside of an element.
    Text(String),
}

/// Steps while they are collected: bounded, and closed as often as they were opened.
#[derive(Debug, Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    depth: usize,
}

impl Steps {
    pub(super) fn open(&mut self, element: Element) -> Result<(), Trouble> {
        self.depth += 1;
        if self.depth > XML_DEPTH_MAX {
            return Err(Trouble::too_large(format!("nested deeper than {XML_DEPTH_MAX} levels")));
        }
        self.push(Step::Open(element))
    }

    pub(super) fn close(&mut self) -> Result<(), Trouble> {
        let Some(depth) = self.depth.checked_sub(1) else {
            return Err(Trouble::malformed("an element closes that never opened"));
        };
        self.depth = depth;
        self.push(Step::Close)
    }

    fn text(&mut self, text: &str) -> Result<(), Trouble> {
        let Some(Step::Text(before)) = self.steps.last_mut() else {
            if text.trim().is_empty() {
                return Ok(());
            }
            return self.push(Step::Text(cut(text, MOBILE_TEXT_BYTES_MAX).to_owned()));
        };
        // What would be too long is cut once, here.
        if before.len() < MOBILE_TEXT_BYTES_MAX {
            let room = MOBILE_TEXT_BYTES_MAX - before.len();
            before.push_str(cut(text, room));
        }
        Ok(())
    }

    fn push(&mut self, step: Step) -> Result<(), Trouble> {
        // Each element is two steps, and may have a text.
        if self.steps.len() >= 3 * MOBILE_ELEMENTS_MAX {
            return Err(Trouble::too_large(format!("more than {MOBILE_ELEMENTS_MAX} elements")));
        }
        self.steps.push(step);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<Step>, Trouble> {
        if self.depth > 0 {
            return Err(Trouble::malformed("it ends inside an element"));
        }
        Ok(self.steps)
    }
}

/// Reads XML. A document type is taken only when it is a bare name with a public name and an address, which are never followed: anything that could
/// define an entity is refused before it is read.
pub(super) fn xml(bytes: &[u8]) -> Result<Vec<Step>, Trouble> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Trouble::malformed("UTF-16; hint: write it as UTF-8"));
    }
    let mut reader = Reader::from_reader(bytes);
    let mut steps = Steps::default();
    loop {
        let event = reader.read_event();
        let event =
            event.map_err(|error| Trouble::malformed(format!("broken XML: {}", cut(&error.to_string(), 200))))?;
        match event {
            Event::Start(element) => steps.open(read_element(&element)?)?,
            Event::Empty(element) => {
                steps.open(read_element(&element)?)?;
                steps.close()?;
            }
            Event::End(_) => steps.close()?,
            Event::Text(text) => steps.text(&String::from_utf8_lossy(&text))?,
            Event::CData(text) => steps.text(&String::from_utf8_lossy(&text))?,
            Event::GeneralRef(reference) => {
                let raw = format!("&{};", String::from_utf8_lossy(&reference));
                let plain = quick_xml::escape::unescape(&raw);
                steps.text(&plain.map_err(|_| Trouble::malformed("an entity that XML itself does not know"))?)?;
            }
            Event::DocType(kind) if kind.contains(&b'[') || memchr::memmem::find(&kind, b"ENTITY").is_some() => {
                return Err(Trouble::malformed("a document type that defines something is refused"));
            }
            Event::Eof => return steps.finish(),
            Event::DocType(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn read_element(element: &BytesStart<'_>) -> Result<Element, Trouble> {
    let local = |name: &[u8]| {
        let text = String::from_utf8_lossy(name);
        cut(text.rsplit(':').next().unwrap_or_default(), MOBILE_TEXT_BYTES_MAX).to_owned()
    };
    let mut read = Element { name: local(element.name().as_ref()), attributes: BTreeMap::new() };
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| Trouble::malformed(format!("broken attribute: {error}")))?;
        let key = attribute.key.as_ref();
        // `tools:` and names of namespaces say nothing about the app.
        if key.starts_with(b"xmlns") || key.starts_with(b"tools:") {
            continue;
        }
        if read.attributes.len() >= MOBILE_ATTRIBUTES_MAX {
            return Err(Trouble::too_large(format!("more than {MOBILE_ATTRIBUTES_MAX} attributes")));
        }
        let raw = String::from_utf8_lossy(&attribute.value);
        let value = quick_xml::escape::unescape(&raw);
        let value = value.map_err(|_| Trouble::malformed("an entity that XML itself does not know"))?;
        read.attributes.insert(local(key), cut(&value, MOBILE_TEXT_BYTES_MAX).to_owned());
    }
    Ok(read)
}
