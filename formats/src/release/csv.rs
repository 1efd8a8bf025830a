//! A table for spreadsheets and scripts: RFC 4180, UTF-8, CR LF, with a head.
//!
//! What a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage return, or their
//! full-width twins) gets an apostrophe in front: OWASP, "CSV injection". Lists inside a cell are separated by a blank and a
//! bar. Numbers and times are ours and need no such care.

use std::io::{self, Write};

use model::Timestamp;

use super::sieve::{Use, Written, admit};
use super::stix::stamp;
use super::{Release, Released};

const HEAD: &str =
    "type,value,label,confidence,level,first_seen,last_seen,valid_until,tlp,pap,sources,techniques,id\r\n";

pub(super) fn write(
    release: &Release,
    indicators: &mut dyn Iterator<Item = Released>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let mut written = Written::default();
    out.write_all(HEAD.as_bytes())?;
    for released in indicators {
        if admit(&mut written, Use::Tell, release, &released).is_some() {
            out.write_all(line(&released).as_bytes())?;
            written.written += 1;
        }
    }
    Ok(written)
}

fn line(released: &Released) -> String {
    let time = |at: Option<Timestamp>| at.map(stamp).unwrap_or_default();
    let cells = [
        released.kind.name().to_owned(),
        cell(&released.value),
        cell(&released.label),
        released.confidence.percent().to_string(),
        released.level.name().to_owned(),
        time(released.first_seen),
        time(released.last_seen),
        time(released.valid_until),
        released.marking.tlp.name().to_owned(),
        released.marking.pap.name().to_owned(),
        cell(&released.sources.join(" | ")),
        cell(&released.techniques.join(" | ")),
        released.id().to_string(),
    ];
    let mut line = cells.join(",");
    line.push_str("\r\n");
    line
}

/// A cell that is text for everybody, quoted where it has to be.
fn cell(text: &str) -> String {
    let would_run = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let safe = if would_run { format!("'{text}") } else { text.to_owned() };
    if safe.contains(['"', ',', '\r', '\n', ';', '\t']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_text() {
        let check = |text: &str, expected: &str| assert_eq!(cell(text), expected);
        check("evil.example", "evil.example");
        check("a,b", "\"a,b\"");
        check("a\"b", "\"a\"\"b\"");
        check("a\r\nb", "\"a\r\nb\"");
        check("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0");
        check("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
        check("+49@evil.example", "'+49@evil.example");
        check("-1", "'-1");
        check("@SUM(1)", "'@SUM(1)");
        check("\t=1", "\"'\t=1\"");
        check("＝1", "'＝1");
        check("", "");
    }
}
