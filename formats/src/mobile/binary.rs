//! The binary form of XML inside of Android packages: chunks, each with its kind and its length, over one pool of texts.
//!
//! Form: `ResXMLTree` of Android's `ResourceTypes.h` (little endian). Lengths are checked before anything is taken; names of attributes come from
//! the pool, or from their resource numbers where a packer has emptied the pool.
//!
//! Deliberately absent: resources themselves. A value that refers to one is shown as `@` with its number, and counts as not known.

use std::collections::BTreeMap;

use model::limits::{MOBILE_ATTRIBUTES_MAX, MOBILE_TEXT_BYTES_MAX, MOBILE_TEXTS_MAX};

use super::steps::{Element, Step, Steps};
use crate::Trouble;
use crate::intel::object::cut;

/// How such a file begins: a chunk of kind 3 with a head of eight bytes.
pub(super) const MAGIC: &[u8] = &[3, 0, 8, 0];

const POOL: u16 = 0x0001;
const RESOURCES: u16 = 0x0180;
const OPEN: u16 = 0x0102;
const CLOSE: u16 = 0x0103;
const UTF8: u32 = 1 << 8;

/// Attributes by their resource numbers (`android.R.attr`), for manifests whose pool has no names.
const NAMES: &[(u32, &str)] = &[
    (0x0101_0003, "name"),
    (0x0101_0006, "permission"),
    (0x0101_0007, "readPermission"),
    (0x0101_0008, "writePermission"),
    (0x0101_000f, "debuggable"),
    (0x0101_0010, "exported"),
    (0x0101_020c, "minSdkVersion"),
    (0x0101_021c, "versionName"),
    (0x0101_0270, "targetSdkVersion"),
    (0x0101_0280, "allowBackup"),
    (0x0101_04ec, "usesCleartextTraffic"),
    (0x0101_0527, "networkSecurityConfig"),
];

/// Bytes, read from places.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn short(self, at: usize) -> Option<u16> {
        let end = at.checked_add(2)?;
        Some(u16::from_le_bytes(self.0.get(at..end)?.try_into().ok()?))
    }

    fn long(self, at: usize) -> Option<u32> {
        let end = at.checked_add(4)?;
        Some(u32::from_le_bytes(self.0.get(at..end)?.try_into().ok()?))
    }

    fn place(self, at: usize) -> Option<usize> {
        usize::try_from(self.long(at)?).ok()
    }

    fn byte(self, at: usize) -> Option<usize> {
        self.0.get(at).copied().map(usize::from)
    }

    fn part(self, at: usize, length: usize) -> Option<&'a [u8]> {
        self.0.get(at..at.checked_add(length)?)
    }
}

/// The texts of a file: where each begins. They are read when they are asked for.
struct Pool<'a> {
    bytes: Bytes<'a>,
    count: usize,
    start: usize,
    is_utf8: bool,
}

impl<'a> Pool<'a> {
    fn read(chunk: &'a [u8]) -> Result<Self, Trouble> {
        let bytes = Bytes(chunk);
        let head = || Some((bytes.place(8)?, bytes.long(16)?, bytes.place(20)?));
        let (count, flags, start) = head().ok_or_else(|| Trouble::malformed("the pool of texts has no head"))?;
        if count > MOBILE_TEXTS_MAX {
            return Err(Trouble::too_large(format!("more than {MOBILE_TEXTS_MAX} texts")));
        }
        Ok(Pool { bytes, count, start, is_utf8: flags & UTF8 != 0 })
    }

    /// A text, cut to what a text may have; `None` where there is none.
    fn text(&self, number: u32) -> Option<String> {
        let number = usize::try_from(number).ok().filter(|number| *number < self.count)?;
        let offset = self.bytes.place(number.checked_mul(4)?.checked_add(28)?)?;
        let at = self.start.checked_add(offset)?;
        let text = if self.is_utf8 { self.narrow(at)? } else { self.wide(at)? };
        Some(cut(&text, MOBILE_TEXT_BYTES_MAX).to_owned())
    }

    /// UTF-8: letters, then bytes, each length in one byte or two.
    fn narrow(&self, at: usize) -> Option<String> {
        let (_, at) = self.short_length(at)?;
        let (length, at) = self.short_length(at)?;
        Some(String::from_utf8_lossy(self.bytes.part(at, length)?).into_owned())
    }

    fn short_length(&self, at: usize) -> Option<(usize, usize)> {
        let first = self.bytes.byte(at)?;
        if first & 0x80 == 0 {
            return Some((first, at.checked_add(1)?));
        }
        let second = self.bytes.byte(at.checked_add(1)?)?;
        Some((((first & 0x7f) << 8) | second, at.checked_add(2)?))
    }

    /// UTF-16: the length in one unit or two.
    fn wide(&self, at: usize) -> Option<String> {
        let first = usize::from(self.bytes.short(at)?);
        let (length, at) = match first & 0x8000 {
            0 => (first, at.checked_add(2)?),
            _ => {
                let second = usize::from(self.bytes.short(at.checked_add(2)?)?);
                (((first & 0x7fff) << 16) | second, at.checked_add(4)?)
            }
        };
        let bytes = self.bytes.part(at, length.checked_mul(2)?)?;
        let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_le_bytes));
        // No more than may be kept is turned into a text.
        let units = units.take(MOBILE_TEXT_BYTES_MAX);
        Some(char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
    }
}

/// Reads a file. What breaks off is an error; chunks of unknown kinds are passed over.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Step>, Trouble> {
    let all = Bytes(bytes);
    let mut steps = Steps::default();
    let mut pool: Option<Pool<'_>> = None;
    let mut numbers: Vec<u32> = Vec::new();
    let end = all.place(4).filter(|end| *end <= bytes.len());
    let end = end.ok_or_else(|| Trouble::malformed("the file is shorter than it says"))?;
    let mut at = 8;
    while at < end {
        let head = || Some((all.short(at)?, usize::from(all.short(at + 2)?), all.place(at + 4)?));
        let (kind, head_length, length) = head().ok_or_else(|| broken(at))?;
        let chunk = all.part(at, length).filter(|_| head_length >= 8 && length >= head_length && at + length <= end);
        let chunk = chunk.ok_or_else(|| broken(at))?;
        match kind {
            POOL if pool.is_none() => pool = Some(Pool::read(chunk)?),
            RESOURCES => numbers = words(chunk, head_length)?,
            OPEN => {
                let pool = pool.as_ref().ok_or_else(|| Trouble::malformed("elements before their texts"))?;
                steps.open(element(Bytes(chunk), head_length, (pool, &numbers)).ok_or_else(|| broken(at))?)?;
            }
            CLOSE => steps.close()?,
            _ => {}
        }
        // A chunk has eight bytes at least, so that this ends.
        at += length;
    }
    steps.finish()
}

fn broken(at: usize) -> Trouble {
    Trouble::malformed(format!("byte {at}: a chunk that does not fit"))
}

fn words(chunk: &[u8], head_length: usize) -> Result<Vec<u32>, Trouble> {
    let body = chunk.get(head_length..).unwrap_or_default();
    if body.len() / 4 > MOBILE_TEXTS_MAX {
        return Err(Trouble::too_large(format!("more than {MOBILE_TEXTS_MAX} resource numbers")));
    }
    Ok(body.chunks_exact(4).filter_map(|four| four.try_into().ok().map(u32::from_le_bytes)).collect())
}

fn element(chunk: Bytes<'_>, head_length: usize, (pool, numbers): (&Pool<'_>, &[u32])) -> Option<Element> {
    let name = pool.text(chunk.long(head_length.checked_add(4)?)?)?;
    let start = usize::from(chunk.short(head_length.checked_add(8)?)?);
    let size = usize::from(chunk.short(head_length.checked_add(10)?)?);
    let count = usize::from(chunk.short(head_length.checked_add(12)?)?);
    if size < 20 || count > MOBILE_ATTRIBUTES_MAX {
        return None;
    }
    let mut attributes = BTreeMap::new();
    for number in 0..count {
        let at = head_length.checked_add(start)?.checked_add(number.checked_mul(size)?)?;
        let key = chunk.long(at.checked_add(4)?)?;
        let known = usize::try_from(key).ok().and_then(|place| numbers.get(place));
        let known = known.and_then(|number| NAMES.iter().find(|(known, _)| known == number));
        let name = known.map(|(_, name)| (*name).to_owned()).or_else(|| pool.text(key)).unwrap_or_default();
        let (kind, data) = (chunk.byte(at.checked_add(15)?)?, chunk.long(at.checked_add(16)?)?);
        attributes.insert(name, value(kind, data, (chunk.long(at.checked_add(8)?)?, pool)));
    }
    Some(Element { name, attributes })
}

/// A typed value as it would stand in XML.
fn value(kind: usize, data: u32, (raw, pool): (u32, &Pool<'_>)) -> String {
    match kind {
        0x03 => pool.text(data).or_else(|| pool.text(raw)).unwrap_or_default(),
        0x10 => data.cast_signed().to_string(),
        0x11 => format!("0x{data:x}"),
        0x12 => (data != 0).to_string(),
        _ => pool.text(raw).unwrap_or_else(|| format!("@{data:x}")),
    }
}
