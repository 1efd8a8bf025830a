//! A record's fields under the names that its authors gave them: what Sigma rules see.
//!
//! Nothing is decoded until somebody asks, because rules ask for few of the fields that a record has. A nested name is
//! joined by dots (`userIdentity.type`); an array gives one field a member, all under the same name. What is absent has no
//! field, what is null has [`Scalar::Null`]: the two stay distinct.

use std::borrow::Cow;

use crate::Format;

/// The fields of one record, in the order in which they stand there.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    /// The record's shape: the first thing that the routing of rules looks at.
    pub format: Format,
    entries: Vec<Field<'a>>,
}

/// One field.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// Its name; borrowed from the record unless it had to be joined.
    pub name: Cow<'a, str>,
    /// Its value.
    pub value: Scalar<'a>,
}

/// A value as it stands in the record.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// Present, but without a value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in its own digits, so that no precision is lost.
    Number(Cow<'a, str>),
    /// A text.
    Text(Text<'a>),
    /// An object; its members follow as fields of their own.
    Object,
    /// An array; its members follow as fields of the same name.
    Array,
}

/// A text that may still carry JSON escapes.
#[derive(Clone, Debug, PartialEq)]
pub enum Text<'a> {
    /// The text itself.
    Plain(Cow<'a, str>),
    /// Between the quotes of a JSON string, with at least one escape. The scanner has checked that every escape is whole.
    Escaped(&'a str),
}

impl<'a> Text<'a> {
    /// A text without escapes.
    pub fn plain(text: &'a str) -> Self {
        Text::Plain(Cow::Borrowed(text))
    }

    /// The text; decoded into `buffer` where it has escapes.
    pub fn read<'b>(&'b self, buffer: &'b mut String) -> &'b str {
        match self {
            Text::Plain(text) => text,
            Text::Escaped(raw) => {
                buffer.clear();
                unescape_into(raw, buffer);
                buffer
            }
        }
    }

    /// The text; allocated where it has escapes.
    pub fn to_str(&self) -> Cow<'_, str> {
        match self {
            Text::Plain(text) => Cow::Borrowed(text),
            Text::Escaped(raw) => {
                let mut buffer = String::with_capacity(raw.len());
                unescape_into(raw, &mut buffer);
                Cow::Owned(buffer)
            }
        }
    }
}

impl<'a> Scalar<'a> {
    /// The value as a text, numbers and booleans in their own spelling; `None` for null, objects and arrays.
    pub fn to_str(&self) -> Option<Cow<'_, str>> {
        match self {
            Scalar::Text(text) => Some(text.to_str()),
            Scalar::Number(digits) => Some(Cow::Borrowed(digits)),
            Scalar::Bool(true) => Some(Cow::Borrowed("true")),
            Scalar::Bool(false) => Some(Cow::Borrowed("false")),
            Scalar::Null | Scalar::Object | Scalar::Array => None,
        }
    }

    /// The value as a whole number: a JSON number, or a text of decimal digits.
    pub fn to_i64(&self) -> Option<i64> {
        match self {
            Scalar::Number(digits) => digits.parse().ok().or_else(|| whole(digits)),
            Scalar::Text(text) => text.to_str().trim().parse().ok(),
            _ => None,
        }
    }
}

/// `3.0` and `1e3` are whole numbers too.
fn whole(digits: &str) -> Option<i64> {
    let number: f64 = digits.parse().ok()?;
    let is_whole = number.fract() == 0.0 && number.abs() < 9.0e15;
    is_whole.then_some(number as i64)
}

impl<'a> Fields<'a> {
    /// No fields yet.
    pub fn new(format: Format) -> Self {
        Fields { format, entries: Vec::with_capacity(96) }
    }

    /// Gives up its fields and keeps its memory, for a record of another buffer: reading record by record allocates once.
    pub fn emptied<'b>(mut self, format: Format) -> Fields<'b> {
        self.entries.clear();
        // There is nothing left to convert; collecting in place only changes the lifetime.
        let entries = self.entries.into_iter().map_while(|_| None).collect();
        Fields { format, entries }
    }

    /// Adds a field behind the others.
    #[inline(always)]
    pub fn push(&mut self, name: impl Into<Cow<'a, str>>, value: Scalar<'a>) {
        self.entries.push(Field { name: name.into(), value });
    }

    /// All fields in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Field<'a>> {
        self.entries.iter()
    }

    /// All fields in order, as a slice.
    pub fn as_slice(&self) -> &[Field<'a>] {
        &self.entries
    }

    /// The fields themselves, for a reader that renames or drops some.
    pub fn into_vec(self) -> Vec<Field<'a>> {
        self.entries
    }

    /// Fields out of what a reader collected.
    pub fn from_vec(format: Format, entries: Vec<Field<'a>>) -> Self {
        Fields { format, entries }
    }

    /// The value of the field at `index`, counted from 0.
    ///
    /// # Panics
    /// When there is no such field: indices come from walking [`Fields::iter`].
    pub fn at(&self, index: usize) -> &Scalar<'a> {
        &self.entries[index].value
    }

    /// The first field of that exact name.
    pub fn get(&self, name: &str) -> Option<&Scalar<'a>> {
        self.entries.iter().find(|field| field.name == name).map(|field| &field.value)
    }

    /// The first field of that exact name as text.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).and_then(Scalar::to_str)
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// No field at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Decodes JSON escapes behind what `out` already holds. A lone surrogate becomes U+FFFD, as `String` cannot hold it.
pub fn unescape_into(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = backslash(rest) {
        out.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied();
        let mut used = 2;
        match escape {
            Some(b'n') => out.push('\n'),
            Some(b'r') => out.push('\r'),
            Some(b't') => out.push('\t'),
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b'u') => {
                let (symbol, length) = unicode_escape(&rest[at..]);
                out.push(symbol);
                used = length;
            }
            Some(symbol) if symbol.is_ascii() => out.push(char::from(symbol)),
            // The scanner lets no such escape through; what it cannot be is kept as it stands.
            Some(_) | None => {
                out.push('\\');
                used = 1;
            }
        }
        rest = rest.get(at + used..).unwrap_or("");
    }
    out.push_str(rest);
}

/// Decodes JSON escapes behind what `out` already holds, as [`unescape_into`] does, for whoever wants no more than bytes:
/// eight at a time, because long texts (scripts, messages) are full of escapes.
pub fn unescape_bytes(raw: &str, out: &mut Vec<u8>) {
    out.reserve(raw.len() + 8);
    let bytes = raw.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at += plain_run(&bytes[at..], out);
        let Some(escape) = bytes.get(at) else { return };
        if *escape != b'\\' {
            out.push(*escape);
            at += 1;
            continue;
        }
        at += 2;
        match bytes.get(at - 1) {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'u') => {
                let (symbol, length) = unicode_escape(&raw[at - 2..]);
                out.extend_from_slice(symbol.encode_utf8(&mut [0; 4]).as_bytes());
                at += length - 2;
            }
            Some(symbol) if symbol.is_ascii() => out.push(*symbol),
            Some(_) | None => {
                out.push(b'\\');
                at -= 1;
            }
        }
    }
}

/// Takes over what stands in front of the next backslash and says how much it was; less than eight bytes are left alone.
fn plain_run(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let (blocks, _) = bytes.as_chunks::<8>();
    for (number, block) in blocks.iter().enumerate() {
        let word = u64::from_le_bytes(*block) ^ (ONES * u64::from(b'\\'));
        // The lowest byte that borrows is one that was zero ("Bit Twiddling Hacks", S. E. Anderson).
        let backslashes = word.wrapping_sub(ONES) & !word & TOPS;
        // The whole block is written and what was too much taken back: cheaper than a copy of a length known only now.
        out.extend_from_slice(block);
        if backslashes != 0 {
            let plain = backslashes.trailing_zeros() as usize / 8;
            out.truncate(out.len() - (8 - plain));
            return 8 * number + plain;
        }
    }
    8 * blocks.len()
}

/// The next backslash. Escapes stand close together in paths, where a search by words costs more than a look at each byte.
fn backslash(text: &str) -> Option<usize> {
    let near = text.bytes().take(16).position(|byte| byte == b'\\');
    near.or_else(|| if text.len() > 16 { text.find('\\') } else { None })
}

/// Reads `\uXXXX`, or two of them that are a surrogate pair, and says how many bytes it took.
fn unicode_escape(text: &str) -> (char, usize) {
    let unit = |from: usize| text.get(from..from + 4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
    let Some(first) = unit(2) else { return (char::REPLACEMENT_CHARACTER, text.len().min(2)) };
    let second = if text.get(6..8) == Some("\\u") { unit(8) } else { None };
    let mut decoded = char::decode_utf16([first].into_iter().chain(second));
    match decoded.next() {
        Some(Ok(symbol)) if symbol.len_utf16() == 2 => (symbol, 12),
        Some(Ok(symbol)) => (symbol, 6),
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded() {
        let check = |raw: &str, expected: &str| {
            let mut out = String::new();
            unescape_into(raw, &mut out);
            assert_eq!(out, expected, "{raw}");
            // Wherever the blocks of eight begin and end.
            for before in 0..20 {
                let (before, mut bytes) = ("x".repeat(before), Vec::new());
                unescape_bytes(&format!("{before}{raw}"), &mut bytes);
                assert_eq!(bytes, format!("{before}{expected}").into_bytes(), "{raw}");
            }
        };
        check("plain", "plain");
        check(r"C:\\Windows\\", r"C:\Windows\");
        check(r#"\"q\" \/ \n\r\t\b\f"#, "\"q\" / \n\r\t\u{8}\u{c}");
        check(r"\u00e4\ud83d\ude00!", "ä😀!");
        check(r"\ud83dx", "\u{fffd}x");
        check(r"\ude00\u0041", "\u{fffd}A");
        check("\\", "\\");
        check("\\u12", "\u{fffd}12");
    }

    #[test]
    fn memory_is_kept_for_the_next_record() {
        let text = String::from("only as long as this");
        let mut fields = Fields::new(Format::Zeek);
        fields.push(text.as_str(), Scalar::Text(Text::plain(&text)));
        let (start, room) = (fields.entries.as_ptr() as usize, fields.entries.capacity());
        let next: Fields<'static> = fields.emptied(Format::Json);
        drop(text);
        assert!(next.is_empty() && next.format == Format::Json);
        assert_eq!((next.entries.as_ptr() as usize, next.entries.capacity()), (start, room));
    }

    #[test]
    fn absent_is_not_null() {
        let mut fields = Fields::new(Format::Json);
        fields.push("a", Scalar::Null);
        assert_eq!(fields.get("a"), Some(&Scalar::Null));
        assert_eq!(fields.get("b"), None);
    }

    #[test]
    fn whole_numbers() {
        let number = |digits: &'static str| Scalar::Number(digits.into()).to_i64();
        assert_eq!(number("4624"), Some(4624));
        assert_eq!(number("1e3"), Some(1000));
        assert_eq!(number("1.5"), None);
        assert_eq!(Scalar::Text(Text::plain("4624")).to_i64(), Some(4624));
    }
}
