//! Over a large JSON document, member by member, without taking it into memory.
//!
//! Only brackets and strings are looked at; what is inside a member is for whoever reads it, and so is its UTF-8. A member whose
//! brackets do not fit costs the bytes up to the next object behind the place where that shows; a document that ends inside a
//! member costs that member. Time is linear in the bytes, whatever they are.

use model::limits::{INTEL_OBJECT_BYTES_MAX, JSON_DEPTH_MAX};

use crate::Trouble;

/// A member of an object, or an element of an array.
pub(crate) type Member<'a> = Result<(&'a [u8], &'a [u8]), Trouble>;

/// Walks over the members of the object, or the elements of the array, that `bytes` begin with. Elements have empty names.
/// Names are as they stand between the quotes, escapes and all.
pub(crate) fn members(bytes: &[u8]) -> Members<'_> {
    let bytes = without_mark(bytes).trim_ascii();
    let is_array = bytes.first() == Some(&b'[');
    let is_object = bytes.first() == Some(&b'{');
    let at = if is_array || is_object { 1 } else { bytes.len() };
    Members { bytes, at, is_array, is_inner: false, is_ended: !is_array && !is_object }
}

/// As [`members`], of something inside a document: what stands behind its end is not looked at.
pub(crate) fn inner(bytes: &[u8]) -> Members<'_> {
    Members { is_inner: true, ..members(bytes) }
}

/// Where the value of that member of an object begins, up to the end of `bytes`: it need not be whole, so that a document that
/// was cut gives what it still has.
pub(crate) fn open<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut members = inner(bytes);
    if members.is_array {
        return None;
    }
    while let Some(Ok(found)) = members.name() {
        if found == name.as_bytes() {
            return members.bytes.get(members.at..);
        }
        // A member in front that is too deep costs only itself.
        let _ = members.value();
        if members.is_ended {
            return None;
        }
    }
    None
}

/// The value of that member of an object, where it has one and the value is whole.
pub(crate) fn member<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let value = open(bytes, name)?;
    match value_end(value, 0) {
        End::At { end, depth } if depth + 2 <= JSON_DEPTH_MAX => value.get(..end),
        _ => None,
    }
}

/// What a document begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Object,
    Array,
}

/// What a document is, or why it is none.
pub(crate) fn shape(bytes: &[u8]) -> Result<Shape, Trouble> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Trouble::malformed("UTF-16; JSON is exchanged in UTF-8 (RFC 8259, section 8.1)"));
    }
    match without_mark(bytes).trim_ascii_start().first() {
        Some(b'{') => Ok(Shape::Object),
        Some(b'[') => Ok(Shape::Array),
        Some(_) => Err(Trouble::malformed("a JSON object or array should start here")),
        None => Err(Trouble::malformed("empty")),
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The members, in order.
pub(crate) struct Members<'a> {
    bytes: &'a [u8],
    at: usize,
    is_array: bool,
    is_inner: bool,
    is_ended: bool,
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        match self.name()? {
            Ok(name) => Some(self.value().map(|value| (name, value))),
            Err(trouble) => Some(Err(trouble)),
        }
    }
}

impl<'a> Members<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&is_skipped) {
            self.at += 1;
        }
    }

    /// Goes to the next value, over its name. `None` behind the last bracket.
    fn name(&mut self) -> Option<Result<&'a [u8], Trouble>> {
        if self.is_ended {
            return None;
        }
        self.skip(|byte| byte.is_ascii_whitespace() || byte == b',');
        let closing = if self.is_array { b']' } else { b'}' };
        match self.peek() {
            None => {
                self.is_ended = true;
                Some(Err(Trouble::malformed("the document ends before its last bracket")))
            }
            Some(byte) if byte == closing => {
                self.is_ended = true;
                self.at += 1;
                self.skip(|byte| byte.is_ascii_whitespace());
                let has_more = !self.is_inner && self.peek().is_some();
                has_more.then(|| Err(Trouble::malformed("more after the document's end")))
            }
            Some(_) if self.is_array => Some(Ok(&[])),
            Some(b'"') => Some(self.quoted()),
            Some(_) => Some(Err(self.lost("the name of a member should stand here"))),
        }
    }

    fn quoted(&mut self) -> Result<&'a [u8], Trouble> {
        let start = self.at + 1;
        let Some(end) = string_end(self.bytes, self.at) else {
            self.is_ended = true;
            return Err(Trouble::malformed("the document ends inside a name"));
        };
        self.at = end;
        self.skip(|byte| byte.is_ascii_whitespace());
        if self.peek() != Some(b':') {
            return Err(self.lost("a colon should stand behind a name"));
        }
        self.at += 1;
        self.skip(|byte| byte.is_ascii_whitespace());
        Ok(self.bytes.get(start..end - 1).unwrap_or_default())
    }

    fn value(&mut self) -> Result<&'a [u8], Trouble> {
        let start = self.at;
        match value_end(self.bytes, start) {
            End::At { end, depth } => {
                self.at = end;
                // The document's own level and that of its list stand round every member.
                if depth + 2 > JSON_DEPTH_MAX {
                    return Err(Trouble::too_large(format!("nested deeper than {JSON_DEPTH_MAX} levels")));
                }
                Ok(self.bytes.get(start..end).unwrap_or_default())
            }
            End::Mismatch(at) => {
                self.at = at;
                Err(self.lost("brackets that do not fit"))
            }
            End::Missing => {
                self.is_ended = true;
                Err(Trouble::malformed("the document ends inside a record"))
            }
        }
    }

    /// Goes on at the next object: of an array; an object whose members cannot be told apart is given up.
    fn lost(&mut self, why: &str) -> Trouble {
        let from = (self.at + 1).min(self.bytes.len());
        let next = memchr::memchr(b'{', self.bytes.get(from..).unwrap_or_default());
        match next {
            Some(found) if self.is_array => self.at = from + found,
            _ => self.is_ended = true,
        }
        Trouble::malformed(why)
    }
}

/// A member as a value. Size first: what is larger than one object may be is never unfolded.
pub(crate) fn parsed(member: &[u8]) -> Result<serde_json::Value, Trouble> {
    if member.len() > INTEL_OBJECT_BYTES_MAX {
        let length = member.len();
        return Err(Trouble::too_large(format!("{length} bytes, at most {INTEL_OBJECT_BYTES_MAX} are read")));
    }
    // serde_json's words name line and column inside the record and what was expected, never content.
    serde_json::from_slice(member).map_err(|error| Trouble::malformed(error.to_string()))
}

/// A document that is small enough to be taken whole.
pub(crate) fn whole(bytes: &[u8]) -> Result<serde_json::Value, Trouble> {
    let length = bytes.len();
    if length > INTEL_OBJECT_BYTES_MAX {
        return Err(Trouble::too_large(format!("{length} bytes, at most {INTEL_OBJECT_BYTES_MAX} are read")));
    }
    large(bytes)
}

/// A document whose size its reader has limited.
pub(crate) fn large(bytes: &[u8]) -> Result<serde_json::Value, Trouble> {
    shape(bytes)?;
    let bytes = without_mark(bytes).trim_ascii();
    if let End::At { depth, .. } = value_end(bytes, 0)
        && depth > JSON_DEPTH_MAX
    {
        return Err(Trouble::too_large(format!("nested deeper than {JSON_DEPTH_MAX} levels")));
    }
    serde_json::from_slice(bytes).map_err(|error| Trouble::malformed(error.to_string()))
}

enum End {
    At { end: usize, depth: usize },
    Mismatch(usize),
    Missing,
}

/// Where the value that starts at `start` ends.
fn value_end(bytes: &[u8], start: usize) -> End {
    match bytes.get(start) {
        Some(b'"') => string_end(bytes, start).map_or(End::Missing, |end| End::At { end, depth: 0 }),
        Some(b'{' | b'[') => bracket_end(bytes, start),
        Some(b'}' | b']') => End::Mismatch(start),
        _ => {
            let rest = bytes.get(start..).unwrap_or_default();
            let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
            rest.iter().position(is_end).map_or(End::Missing, |found| End::At { end: start + found, depth: 0 })
        }
    }
}

/// Which brackets are open: one bit for each of the first 128 levels; deeper ones are refused later and only counted here.
fn bracket_end(bytes: &[u8], start: usize) -> End {
    let (mut depth, mut deepest, mut arrays) = (0usize, 0usize, 0u128);
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(bytes, at) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => return End::Missing,
            },
            b'{' | b'[' => {
                if depth < 128 {
                    let bit = 1u128 << depth;
                    arrays = if byte == b'[' { arrays | bit } else { arrays & !bit };
                }
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => {
                depth -= 1;
                if depth < 128 && (arrays >> depth & 1 == 1) != (byte == b']') {
                    return End::Mismatch(at);
                }
                if depth == 0 {
                    return End::At { end: at + 1, depth: deepest };
                }
            }
            _ => {}
        }
        at += 1;
    }
    End::Missing
}

/// The byte behind the string that starts at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<String> {
        let one = |member: Member<'_>| match member {
            Ok((name, value)) => format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)),
            Err(trouble) => format!("! {}", trouble.detail),
        };
        members(text.as_bytes()).map(one).collect()
    }

    #[test]
    fn documents() {
        assert_eq!(shown("\u{feff} {\"a\":1 , \"b\" : [\"]}\\\"\"],\"c\":{}}\n"), ["a=1", "b=[\"]}\\\"\"]", "c={}"]);
        assert_eq!(shown("[1,{\"a\":2}, \"x\",[]]"), ["=1", "={\"a\":2}", "=\"x\"", "=[]"]);
        assert_eq!(shown("{}"), Vec::<String>::new());
        assert_eq!(shown("7"), Vec::<String>::new());
        assert_eq!(member(b"{\"a\":1,\"b\":2}", "b"), Some(&b"2"[..]));
    }

    #[test]
    fn what_is_broken_costs_itself() {
        assert_eq!(shown("[{\"a\":[}, {\"b\":1}]"), ["! brackets that do not fit", "={\"b\":1}"]);
        assert_eq!(shown("[{\"a\":1},{\"b\":"), ["={\"a\":1}", "! the document ends inside a record"]);
        assert_eq!(shown("[1"), ["! the document ends inside a record"]);
        assert_eq!(shown("[1,"), ["=1", "! the document ends before its last bracket"]);
        assert_eq!(shown("[1] x"), ["=1", "! more after the document's end"]);
        assert_eq!(shown("{\"a\" 1}"), ["! a colon should stand behind a name"]);
    }

    #[test]
    fn depth_has_a_limit() {
        let deep = |levels: usize| format!("[{}{},1]", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(shown(&deep(JSON_DEPTH_MAX - 2)).len(), 2);
        assert!(shown(&deep(JSON_DEPTH_MAX - 1))[0].contains("deeper"));
        assert_eq!(shown(&deep(100_000)), ["! nested deeper than 64 levels", "=1"]);
    }

    #[test]
    fn an_object_has_a_limit() {
        let long = format!("\"{}\"", "x".repeat(INTEL_OBJECT_BYTES_MAX));
        assert!(parsed(long.as_bytes()).is_err_and(|trouble| trouble.detail.contains("at most")));
    }

    #[test]
    fn a_document_says_what_it_is() {
        assert_eq!(shape(b"\xef\xbb\xbf {"), Ok(Shape::Object));
        assert_eq!(shape(b"["), Ok(Shape::Array));
        assert!(shape(b"\xff\xfe{\0").is_err_and(|trouble| trouble.detail.contains("UTF-16")));
        assert!(shape(b" ").is_err());
        assert!(shape(b"<html>").is_err());
    }

    proptest! {
        #[test]
        fn members_come_back(names in proptest::collection::btree_map("[a-z]{1,4}", any::<u32>(), 0..6)) {
            let document = serde_json::to_string_pretty(&names).unwrap();
            let found: Vec<String> = names.iter().map(|(name, value)| format!("{name}={value}")).collect();
            prop_assert_eq!(shown(&document), found);
        }

        #[test]
        fn never_panics_and_ends(text in "[\\[\\]{}\",:a1 \\\\]{0,80}") {
            prop_assert!(members(text.as_bytes()).count() <= text.len() + 1);
        }
    }
}
