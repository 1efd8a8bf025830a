//! A file for Zeek's intelligence framework, as its manual describes it: a line `#fields`, then columns between tabs.
//!
//! The columns are those that every Zeek knows without further scripts. The ASCII reader undoes `\xHH`; `-` alone would be "not set",
//! `(empty)` an empty text. Zeek writes a URL as it sees it on the wire, without scheme and user. It asks for whole names, so that
//! subdomains are not found. Zeek computes no SHA-512, and has no type for an address with a port or for a path.

use std::io::{self, Write};

use super::sieve::{Use, Why, Written, admit};
use super::value::{Hash, Value, without_scheme};
use super::{Release, Released};

const HEAD: &str = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n";

pub(super) fn write(
    release: &Release,
    indicators: &mut dyn Iterator<Item = Released>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let mut written = Written::default();
    out.write_all(HEAD.as_bytes())?;
    let source = escaped(&release.title);
    for released in indicators {
        let Some(value) = admit(&mut written, Use::Tell, release, &released) else { continue };
        let (kind, text) = match value {
            Value::Address(_) => ("ADDR", &*released.value),
            Value::Range(_) => ("SUBNET", &*released.value),
            Value::Domain(name) => ("DOMAIN", name),
            Value::Url(url) => ("URL", on_the_wire(url)),
            Value::Email(address) => ("EMAIL", address),
            Value::Hash(Hash::Md5 | Hash::Sha1 | Hash::Sha256, digits) => ("FILE_HASH", digits),
            Value::Hash(Hash::Sha512, _) => {
                written.leave(Why::Hash, &released);
                continue;
            }
            Value::Socket(_) | Value::Path(_) => {
                written.leave(Why::Kind(released.kind), &released);
                continue;
            }
        };
        if kind == "DOMAIN" {
            written.narrow(Why::Subdomains, &released);
        }
        writeln!(out, "{}\tIntel::{kind}\t{source}\t{}", escaped(text), description(&released))?;
        written.written += 1;
    }
    Ok(written)
}

/// A URL as Zeek's HTTP analyser puts it together: host, port where it is not 80, path.
fn on_the_wire(url: &str) -> &str {
    let rest = without_scheme(url);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    match authority.rfind('@') {
        Some(at) => rest.get(at + 1..).unwrap_or(rest),
        None => rest,
    }
}

fn description(released: &Released) -> String {
    let Released { label, confidence, level, marking, .. } = released;
    let text = format!("{label}, {level}, confidence {}, {}", confidence.percent(), marking.tlp);
    escaped(&text)
}

/// A field that the ASCII reader reads as it was.
fn escaped(text: &str) -> String {
    match text {
        "" => return "(empty)".to_owned(),
        "-" => return "\\x2d".to_owned(),
        "(empty)" => return "\\x28empty)".to_owned(),
        _ => {}
    }
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        // A line that begins with `#` is a comment.
        let is_special = c == '\\' || (c == '#' && at == 0);
        if c.is_control() || is_special {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                escaped.push_str(&format!("\\x{byte:02x}"));
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_escaped() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check("evil.example", "evil.example");
        check("a\tb\nc", "a\\x09b\\x0ac");
        check("a\\x41", "a\\x5cx41");
        check("-", "\\x2d");
        check("-a", "-a");
        check("", "(empty)");
        check("(empty)", "\\x28empty)");
        check("#x", "\\x23x");
        check("Ünder", "Ünder");
        check("\u{85}", "\\xc2\\x85");
    }

    #[test]
    fn urls_are_those_of_the_wire() {
        let check = |url: &str, expected: &str| assert_eq!(on_the_wire(url), expected);
        check("http://evil.example/a", "evil.example/a");
        check("http://user:pass@evil.example:8080/a@b", "evil.example:8080/a@b");
        check("evil.example/?to=http://x/", "evil.example/?to=http://x/");
    }
}
