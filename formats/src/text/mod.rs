//! Records that are lines of text: syslog and what is inside, CEF, the Linux audit daemon, firewalls; and NetFlow.
//!
//! A line is read in layers: the envelope (RFC 5424, RFC 3164, or none), then whatever speaks inside, chosen by program
//! name and shape. Every layer adds fields, in this order:
//!
//! | fields | meaning |
//! |---|---|
//! | `host`, `program`, `pid`, `msgid`, `facility`, `severity`, `timestamp` | the envelope, where the record has it; names of facilities and severities as in RFC 5424 (`authpriv`, `err`); `timestamp` as it stands there |
//! | `{id}.{name}` | RFC 5424 structured data |
//! | `message` | what the program said; for records without an envelope the whole line, so that keyword searches see it |
//! | `_product`, `_service`, `_category` | Sigma's words for the log source; a name may come more than once |
//! | `_log` | which reader of this module understood the message: the last of these, so that a firewall may have a `severity` of its own |
//!
//! and then the reader's own: native names first, Sigma's names for the same values behind (`src_ip`, `dst_port`, `c-ip`,
//! `Image` …). `event` is how readers of free text (sshd, pam, su …) name what happened.
//!
//! Times without a zone are taken as UTC, times without a year are resolved against the moment of arrival. Deliberately
//! absent: framing (octet counting belongs to the door), and any joining of records: the records of one audit event stay
//! single and share `metadata.correlation_uid`.

mod access;
mod asa;
mod auditd;
mod cef;
mod dhcp;
mod dns;
mod draft;
mod fortigate;
mod linux;
pub mod netflow;
mod pairs;
mod paloalto;
mod paloalto_orders;
mod pfsense;
mod postfix;
mod reader;
mod stamp;
mod syslog;

use model::native::Field;
use model::{Event, Fields, Format, Scalar, Text};

use crate::{Head, Trouble, json};
use reader::Reader;

/// Gives a record its fields.
///
/// Bytes that are no UTF-8 are replaced by U+FFFD in the fields; the untouched record keeps them.
///
/// # Errors
/// When `format` is not one of this module's, or the bytes are not in it. A syslog line is always in its format: what has no
/// envelope is a message without one.
///
/// ```
/// let line = b"<38>Mar  1 02:14:07 siren-gw sshd[812]: Failed password for root from 192.0.2.7 port 40022 ssh2";
/// let fields = formats::text::fields(model::Format::Syslog, line)?;
/// assert_eq!(fields.text("src_ip").as_deref(), Some("192.0.2.7"));
/// # Ok::<(), formats::Trouble>(())
/// ```
pub fn fields(format: Format, body: &[u8]) -> Result<Fields<'_>, Trouble> {
    if format == Format::Netflow {
        let mut fields = json::scan(body, format, json::no_lift)?;
        netflow::add_names(&mut fields);
        return Ok(fields);
    }
    let body = trim_end(body);
    match std::str::from_utf8(body) {
        Ok(line) => line_fields(format, line),
        Err(_) => {
            let line = String::from_utf8_lossy(body);
            line_fields(format, &line).map(owned)
        }
    }
}

/// Turns the fields of a record into an OCSF event.
pub fn event(fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
    if fields.format == Format::Netflow {
        return netflow::event(fields, head);
    }
    let view = draft::View::of(fields);
    let mut event = draft::blank(head);
    let mut draft = draft::Draft::start(&view, head, &mut event);
    let reader = view.reader().unwrap_or(Reader::Plain);
    reader.event(&view, &mut draft);
    let troubles = draft.finish();
    (event, troubles)
}

/// Which format of this module a line is in, `None` when it is in none of them for certain.
pub fn recognise(line: &[u8]) -> Option<Format> {
    // The first 2 KiB decide; a cut through a character must not matter.
    let start = &trim_end(line)[..trim_end(line).len().min(2_048)];
    let start = match std::str::from_utf8(start) {
        Ok(start) => start,
        Err(error) => std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default(),
    };
    if cef::begins(start) {
        Some(Format::Cef)
    } else if auditd::begins(start) {
        Some(Format::Auditd)
    } else if syslog::has_envelope(start) || is_bare(start) {
        Some(Format::Syslog)
    } else {
        None
    }
}

/// What appliances and servers write without any envelope.
fn is_bare(line: &str) -> bool {
    access::begins(line)
        || fortigate::begins(line)
        || paloalto::begins(line)
        || asa::begins(line)
        || linux::sysmon::begins(line)
}

fn line_fields(format: Format, line: &str) -> Result<Fields<'_>, Trouble> {
    let mut fields = Fields::new(format);
    match format {
        Format::Syslog => syslog::fields(line, &mut fields),
        Format::Cef if cef::begins(line) => {
            fields.push("message", plain(line));
            cef::fields(line, &mut fields);
        }
        // A CEF collector's files often keep the syslog header in front.
        Format::Cef if line.contains("CEF:") => syslog::fields(line, &mut fields),
        Format::Cef => return Err(Trouble::malformed("byte 0: \"CEF:\" and a version should start here")),
        Format::Auditd if auditd::begins(line) => {
            fields.push("message", plain(line));
            auditd::fields(line, &mut fields);
        }
        Format::Auditd => return Err(Trouble::malformed("byte 0: \"type=… msg=audit(…):\" should start here")),
        other => return Err(Trouble::malformed(format!("{other} is not a format of lines"))),
    }
    Ok(fields)
}

fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r' | 0)).map_or(0, |at| at + 1);
    &line[..end]
}

fn plain(text: &str) -> Scalar<'_> {
    Scalar::Text(Text::plain(text))
}

/// The same fields, on their own feet.
fn owned(fields: Fields<'_>) -> Fields<'static> {
    let format = fields.format;
    let keep = |field: Field<'_>| {
        let value = match field.value {
            Scalar::Text(text) => Scalar::Text(Text::Plain(text.to_str().into_owned().into())),
            Scalar::Number(digits) => Scalar::Number(digits.into_owned().into()),
            Scalar::Bool(value) => Scalar::Bool(value),
            Scalar::Object => Scalar::Object,
            Scalar::Array => Scalar::Array,
            Scalar::Null => Scalar::Null,
        };
        Field { name: field.name.into_owned().into(), value }
    };
    Fields::from_vec(format, fields.into_vec().into_iter().map(keep).collect())
}
