//! Small readers that several formats share: `key=value` lists, comma-separated values, words between two texts.

use std::borrow::Cow;

use model::{Fields, Scalar, Text};

/// The pairs of `key=value key2="value with \"quotes\""`, separated by blanks; what has no `=` is skipped.
pub(super) struct Pairs<'a> {
    rest: &'a str,
}

/// Reads pairs.
pub(super) fn pairs(text: &str) -> Pairs<'_> {
    Pairs { rest: text }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', ',']);
            let stop = self.rest.find(['=', ' ', '\t'])?;
            if !self.rest[stop..].starts_with('=') {
                self.rest = &self.rest[stop..];
                continue;
            }
            let key = &self.rest[..stop];
            let value = &self.rest[stop + 1..];
            if let Some(quoted) = value.strip_prefix('"') {
                let (value, rest) = quoted_value(quoted);
                self.rest = rest;
                return Some((key, value));
            }
            let end = value.find([' ', '\t']).unwrap_or(value.len());
            self.rest = &value[end..];
            return Some((key, Cow::Borrowed(&value[..end])));
        }
    }
}

/// Reads up to the closing quote, `\"` and `\\` decoded, and gives what follows it. Without a closing quote all is value.
pub(super) fn quoted_value(text: &str) -> (Cow<'_, str>, &str) {
    let bytes = text.as_bytes();
    let (mut at, mut escaped) = (0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if matches!(bytes.get(at + 1), Some(b'"' | b'\\')) => (at, escaped) = (at + 2, true),
            b'"' => break,
            _ => at += 1,
        }
    }
    let raw = &text[..at];
    let rest = text.get(at + 1..).unwrap_or("");
    (if escaped { Cow::Owned(without_backslashes(raw)) } else { Cow::Borrowed(raw) }, rest)
}

fn without_backslashes(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut symbols = raw.chars().peekable();
    while let Some(symbol) = symbols.next() {
        let escaped = if symbol == '\\' { symbols.next_if(|next| matches!(next, '"' | '\\')) } else { None };
        out.push(escaped.unwrap_or(symbol));
    }
    out
}

/// The values of one line of comma-separated values (RFC 4180 quoting).
pub(super) struct Values<'a> {
    rest: Option<&'a str>,
}

/// Reads comma-separated values.
pub(super) fn values(text: &str) -> Values<'_> {
    Values { rest: Some(text) }
}

impl<'a> Iterator for Values<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest?;
        let Some(quoted) = text.strip_prefix('"') else {
            let end = memchr::memchr(b',', text.as_bytes());
            self.rest = end.map(|end| &text[end + 1..]);
            return Some(Cow::Borrowed(&text[..end.unwrap_or(text.len())]));
        };
        let bytes = quoted.as_bytes();
        let (mut at, mut doubled) = (0, false);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' if bytes.get(at + 1) == Some(&b'"') => (at, doubled) = (at + 2, true),
                b'"' => break,
                _ => at += 1,
            }
        }
        let raw = &quoted[..at];
        let rest = quoted.get(at + 1..).unwrap_or("");
        self.rest = memchr::memchr(b',', rest.as_bytes()).map(|end| &rest[end + 1..]);
        Some(if doubled { Cow::Owned(raw.replace("\"\"", "\"")) } else { Cow::Borrowed(raw) })
    }
}

/// What stands between `before` (first occurrence) and the next `after`; to the end where `after` is missing or empty.
pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let start = text.find(before)? + before.len();
    let rest = &text[start..];
    let end = if after.is_empty() { None } else { rest.find(after) };
    Some(&rest[..end.unwrap_or(rest.len())])
}

/// The first word of `text`, and what follows.
pub(super) fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(' ');
    text.split_once(' ').unwrap_or((text, ""))
}

/// Adds a text field unless the value is empty.
pub(super) fn put<'a>(fields: &mut Fields<'a>, name: &'static str, value: &'a str) {
    if !value.is_empty() {
        fields.push(name, Scalar::Text(Text::plain(value)));
    }
}

/// Adds an alias under Sigma's name for each of `names` (native, alias) that is there and whose alias is not.
pub(super) fn aliases(fields: &mut Fields<'_>, from: usize, names: &[(&'static str, &'static str)]) {
    for (native, alias) in names {
        let added = &fields.as_slice()[from.min(fields.len())..];
        let has_alias = added.iter().any(|field| field.name == *alias);
        let found = added.iter().find(|field| field.name == *native);
        if !has_alias && let Some(value) = found.map(|field| field.value.clone()) {
            fields.push(*alias, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found: Vec<_> = pairs(text).map(|(key, value)| (key.to_owned(), value.into_owned())).collect();
            let found: Vec<_> = found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("", &[]);
        check("a=1 b=\"two words\" c=", &[("a", "1"), ("b", "two words"), ("c", "")]);
        check(r#"a="x \"y\" \\" b=2"#, &[("a", r#"x "y" \"#), ("b", "2")]);
        check("SYN a=1 ACK", &[("a", "1")]);
        check("a=\"open end b=1", &[("a", "open end b=1")]);
        check("a=b=c d=e", &[("a", "b=c"), ("d", "e")]);
    }

    #[test]
    fn values_are_read() {
        let check = |text: &str, expected: &[&str]| assert_eq!(values(text).collect::<Vec<_>>(), expected, "{text}");
        check("", &[""]);
        check("a,,b", &["a", "", "b"]);
        check(r#"a,"b,""c""",d"#, &["a", "b,\"c\"", "d"]);
        check(r#""open,end"#, &["open,end"]);
        check("a,", &["a", ""]);
    }
}
