//! The envelope of a syslog message.
//!
//! RFC 5424 section 6 (structured data, nil values, byte order mark), and RFC 3164 section 4 as it is really sent: without
//! priority, without host name, with ISO times, with the sequence numbers and clock marks of Cisco. Whatever does not fit
//! is message; nothing is refused. A part that is broken inside (structured data without an end) is named in the field
//! `_broken`, which becomes a note. Deliberately absent: framing, and a default priority, which nobody sent.

use std::borrow::Cow;

use model::{Fields, Scalar, Text};

use super::{plain, reader, stamp};

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// What stands around the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Envelope<'a> {
    pub priority: Option<u8>,
    pub timestamp: Option<&'a str>,
    pub host: Option<&'a str>,
    pub program: Option<&'a str>,
    pub pid: Option<&'a str>,
    pub msgid: Option<&'a str>,
    /// The elements of the structured data, brackets included.
    pub structured: &'a str,
    pub message: &'a str,
    pub broken: Option<&'static str>,
}

impl<'a> Envelope<'a> {
    /// The facility's name.
    pub(super) fn facility(&self) -> Option<&'static str> {
        FACILITIES.get(usize::from(self.priority? / 8)).copied()
    }

    fn severity(&self) -> Option<&'static str> {
        Some(SEVERITIES[usize::from(self.priority? % 8)])
    }
}

/// OCSF's severity for a name of a syslog severity.
pub(super) fn severity_id(name: &str) -> Option<u32> {
    Some(match name {
        "emerg" | "emergency" | "panic" => 6,
        "alert" | "crit" | "critical" => 5,
        "err" | "error" => 4,
        "warning" | "warn" => 3,
        "notice" | "notification" | "info" | "information" | "informational" | "debug" => 1,
        _ => return None,
    })
}

/// Reads a line and whatever speaks inside.
pub(super) fn fields<'a>(line: &'a str, fields: &mut Fields<'a>) {
    let envelope = parse(line);
    let named = [
        ("host", envelope.host),
        ("program", envelope.program),
        ("pid", envelope.pid),
        ("msgid", envelope.msgid),
        ("facility", envelope.facility()),
        ("severity", envelope.severity()),
        ("timestamp", envelope.timestamp),
        ("_broken", envelope.broken),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            fields.push(name, plain(value));
        }
    }
    structured_fields(envelope.structured, fields);
    fields.push("message", plain(envelope.message));
    reader::read(&envelope, fields);
}

/// Whether a line certainly starts like syslog.
pub(super) fn has_envelope(line: &str) -> bool {
    if priority(line).is_some() {
        return true;
    }
    let Some((_, rest)) = leading_stamp(line) else { return false };
    // A date alone is not enough: a host and a tag, or at least a tag, must follow.
    let rest = rest.trim_start_matches(' ');
    let after_host = rest.split_once(' ').map_or("", |(_, after)| after);
    tag(rest).is_some() || tag(after_host.trim_start_matches([' ', '-'])).is_some() || after_host.starts_with('%')
}

/// Takes a line apart.
pub(super) fn parse(line: &str) -> Envelope<'_> {
    let (priority, rest) = priority(line).map_or((None, line), |(priority, rest)| (Some(priority), rest));
    let mut envelope = Envelope { priority, ..Envelope::default() };
    let rest = rest.strip_prefix('\u{feff}').unwrap_or(rest);
    if !rfc5424(rest, &mut envelope) {
        rfc3164(rest, &mut envelope);
    }
    envelope
}

/// `<0>` to `<191>`, and what follows.
fn priority(line: &str) -> Option<(u8, &str)> {
    let (digits, rest) = line.strip_prefix('<')?.split_once('>')?;
    let is_number = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u8 = if is_number { digits.parse().ok()? } else { return None };
    (number <= 191).then_some((number, rest))
}

fn rfc5424<'a>(text: &'a str, envelope: &mut Envelope<'a>) -> bool {
    let Some((version, rest)) = text.split_once(' ') else { return false };
    let is_version = (1..=3).contains(&version.len())
        && version.bytes().all(|byte| byte.is_ascii_digit())
        && !version.starts_with('0');
    if !is_version {
        return false;
    }
    let mut rest = rest;
    let mut next = || {
        let (token, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after;
        token
    };
    let (timestamp, host, program, pid, msgid) = (next(), next(), next(), next(), next());
    let is_time = timestamp == "-" || is_iso(timestamp);
    if !is_time || host.is_empty() {
        return false;
    }
    let known = |text: &'a str| (text != "-" && !text.is_empty()).then_some(text);
    envelope.timestamp = known(timestamp);
    (envelope.host, envelope.program) = (known(host), known(program));
    (envelope.pid, envelope.msgid) = (known(pid), known(msgid));
    match structured_length(rest) {
        Ok(length) => {
            if rest.starts_with('[') {
                envelope.structured = &rest[..length];
            }
            let message = &rest[length..];
            envelope.message = message.strip_prefix(' ').unwrap_or(message);
        }
        Err(what) => {
            envelope.broken = Some(what);
            envelope.message = rest;
        }
    }
    envelope.message = envelope.message.strip_prefix('\u{feff}').unwrap_or(envelope.message);
    true
}

fn is_iso(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| bytes[from..to].iter().all(u8::is_ascii_digit);
    bytes.len() >= 19
        && digits(0, 4)
        && bytes[4] == b'-'
        && digits(5, 7)
        && bytes[7] == b'-'
        && matches!(bytes[10], b'T' | b't')
        && bytes[13] == b':'
}

/// How long the structured data at the start of `text` is.
fn structured_length(text: &str) -> Result<usize, &'static str> {
    let bytes = text.as_bytes();
    match bytes.first() {
        None => return Ok(0),
        Some(b'-') if matches!(bytes.get(1), None | Some(b' ')) => return Ok(1),
        Some(b'[') => {}
        Some(_) => return Err("structured data should start here"),
    }
    let (mut at, mut in_quotes, mut depth) = (0, false, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if in_quotes => at += 1,
            b'"' => in_quotes = !in_quotes,
            b'[' if !in_quotes && !depth => depth = true,
            b']' if !in_quotes => {
                depth = false;
                match bytes.get(at + 1) {
                    None | Some(b' ') => return Ok(at + 1),
                    Some(b'[') => {}
                    Some(_) => return Err("a blank should stand behind structured data"),
                }
            }
            _ => {}
        }
        at += 1;
    }
    Err("structured data without an end")
}

/// Names the parameters of structured data `{id}.{name}`.
fn structured_fields<'a>(text: &'a str, fields: &mut Fields<'a>) {
    let mut rest = text;
    let mut id = "";
    while !rest.is_empty() {
        rest = rest.trim_start_matches([' ', ']']);
        if let Some(element) = rest.strip_prefix('[') {
            let end = element.find([' ', ']']).unwrap_or(element.len());
            (id, rest) = (&element[..end], &element[end..]);
            continue;
        }
        let Some((name, after)) = rest.split_once("=\"") else { return };
        let end = closing_quote(after);
        fields.push(format!("{id}.{name}"), Scalar::Text(Text::Plain(unescape(&after[..end]))));
        rest = after.get(end + 1..).unwrap_or("");
    }
}

fn closing_quote(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// RFC 5424 escapes `"`, `\` and `]` only; another backslash stands for itself.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut symbols = text.chars().peekable();
    while let Some(symbol) = symbols.next() {
        let escaped = if symbol == '\\' { symbols.next_if(|next| matches!(next, '"' | '\\' | ']')) } else { None };
        out.push(escaped.unwrap_or(symbol));
    }
    Cow::Owned(out)
}

fn rfc3164<'a>(text: &'a str, envelope: &mut Envelope<'a>) {
    let mut rest = text.trim_start_matches(' ');
    if let Some(numbered) = sequence(rest)
        && (leading_stamp(numbered).is_some() || host_colon(numbered).is_some() || numbered.starts_with('%'))
    {
        rest = numbered;
        if leading_stamp(rest).is_none()
            && let Some((host, after)) = host_colon(rest)
        {
            envelope.host = Some(host);
            rest = sequence(after).unwrap_or(after);
        }
    }
    if let Some((timestamp, after)) = leading_stamp(rest) {
        envelope.timestamp = Some(timestamp);
        rest = after.trim_start_matches(' ');
    }
    if envelope.host.is_none() {
        rest = host(rest, envelope);
    }
    if !is_self_describing(rest)
        && let Some((program, pid, message)) = tag(rest)
    {
        (envelope.program, envelope.pid, rest) = (Some(program), pid, message);
    }
    envelope.message = rest.strip_prefix('\u{feff}').unwrap_or(rest);
}

/// Cisco's sequence number: digits, colon, blank.
fn sequence(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 { None } else { text[digits..].strip_prefix(": ") }
}

/// Cisco's `host: `.
fn host_colon(text: &str) -> Option<(&str, &str)> {
    let (host, after) = text.split_once(": ")?;
    is_host(host).then_some((host, after))
}

/// A time at the start, the marks `*` and `.` of unsure Cisco clocks and a zone such as `UTC:` left out.
fn leading_stamp(text: &str) -> Option<(&str, &str)> {
    let unmarked = text.strip_prefix(['*', '.']).unwrap_or(text);
    let first = unmarked.split(' ').next().unwrap_or("");
    if is_iso(first) {
        let (stamp, rest) = unmarked.split_at(first.len());
        return Some((stamp.strip_suffix(':').unwrap_or(stamp), rest));
    }
    let is_date = first.len() == 10 && first.as_bytes()[4] == b'-' && unmarked.as_bytes().get(13) == Some(&b':');
    if is_date && unmarked.is_char_boundary(11) {
        let end = 11 + unmarked[11..].find(' ').unwrap_or(unmarked.len() - 11);
        if model::Timestamp::parse(&unmarked[..end]).is_some() {
            return Some(unmarked.split_at(end));
        }
    }
    let (_, length) = stamp::bsd(unmarked)?;
    let (stamp, rest) = unmarked.split_at(length);
    Some((stamp, after_zone(rest)))
}

/// What follows a time's zone (` UTC:`, ` CEST:`) or colon.
fn after_zone(rest: &str) -> &str {
    if let Some(rest) = rest.strip_prefix(':') {
        return rest;
    }
    let Some(zone) = rest.strip_prefix(' ') else { return rest };
    let letters = zone.bytes().take_while(u8::is_ascii_uppercase).count();
    match zone.as_bytes().get(letters) {
        Some(b':') if (3..=5).contains(&letters) => &zone[letters + 1..],
        _ => rest,
    }
}

/// Formats that start with a name of their own, which is not a tag.
fn is_self_describing(text: &str) -> bool {
    text.starts_with('%')
        || text.starts_with('{')
        || text.starts_with("CEF:")
        || text.starts_with("type=")
        || text.starts_with("date=")
}

/// Takes the host off, where there is one, and gives the rest.
fn host<'a>(text: &'a str, envelope: &mut Envelope<'a>) -> &'a str {
    if is_self_describing(text) {
        return text;
    }
    let (first, after) = text.split_once(' ').unwrap_or((text, ""));
    let after = after.trim_start_matches(' ');
    if let Some(first) = first.strip_suffix(':')
        && after.starts_with('%')
        && is_host(first)
    {
        envelope.host = Some(first);
        return after;
    }
    // ASA writes `host : %ASA-…`, AIX and HP-UX `host Message forwarded from other: …`.
    let behind = after.strip_prefix(": ").unwrap_or(after).trim_start_matches(' ');
    let is_followed = envelope.timestamp.is_some() || tag(behind).is_some() || is_self_describing(behind);
    let is_named = is_host(first) && tag(text).is_none() && !after.is_empty();
    if is_named && is_followed && !super::paloalto::begins(text) {
        envelope.host = Some(first);
        return behind;
    }
    text
}

fn is_host(text: &str) -> bool {
    let inner =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'/' | b'%' | b'@');
    (1..=255).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with(['%', ':', '-', '/'])
}

/// `program:`, `program[pid]:`, `program[pid]` at the start, and the message behind it.
fn tag(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let end = text.bytes().position(|byte| matches!(byte, b'[' | b':' | b' ' | b'='))?;
    let program = &text[..end];
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./()@+#$%{}".contains(&byte);
    if !(1..=128).contains(&program.len()) || !program.bytes().all(in_name) {
        return None;
    }
    let rest = &text[end..];
    if let Some(after) = rest.strip_prefix('[') {
        let (pid, after) = after.split_once(']')?;
        let is_pid = (1..=64).contains(&pid.len()) && !pid.contains(' ');
        let message = after.strip_prefix(':').unwrap_or(after);
        return is_pid.then_some((program, Some(pid), message.strip_prefix(' ').unwrap_or(message)));
    }
    let after = rest.strip_prefix(':')?;
    // `kernel:[ 1.2]` and `filterlog:5,…` have no blank; `http://…` and `12:30` are no tags.
    let is_tag = after.is_empty()
        || after.starts_with([' ', '\t', '['])
        || (program.starts_with(|first: char| first.is_ascii_alphabetic())
            && program.len() > 2
            && !program.contains('.')
            && !after.starts_with('/')
            && !after.starts_with(':'));
    is_tag.then(|| (program, None, after.strip_prefix(' ').unwrap_or(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Priority, time, host, program, pid, message; `-` for what is not there.
    fn check(line: &str, expected: [&str; 6]) {
        let e = parse(line);
        let priority = e.priority.map_or("-".to_owned(), |priority| priority.to_string());
        let dash = |part: Option<&'static str>| part.unwrap_or("-");
        let _ = dash;
        let found = [
            priority.as_str(),
            e.timestamp.unwrap_or("-"),
            e.host.unwrap_or("-"),
            e.program.unwrap_or("-"),
            e.pid.unwrap_or("-"),
            e.message,
        ];
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn rfc5424_lines() {
        check(
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed",
            ["34", "2003-10-11T22:14:15.003Z", "mymachine.example.com", "su", "-", "'su root' failed"],
        );
        check("<165>1 - - - - - -", ["165", "-", "-", "-", "-", ""]);
        check(
            "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 app 8710 - - %% time",
            ["165", "2003-08-24T05:14:15.000003-07:00", "192.0.2.1", "app", "8710", "%% time"],
        );
        check(
            r#"<13>1 2024-01-01T00:00:00Z h a 1 m [x@1 a="b]\"c"][y@2] text"#,
            ["13", "2024-01-01T00:00:00Z", "h", "a", "1", "text"],
        );
        check(
            r#"<13>1 2024-01-01T00:00:00Z h a 1 m [x@1 a="b text"#,
            ["13", "2024-01-01T00:00:00Z", "h", "a", "1", r#"[x@1 a="b text"#],
        );
    }

    #[test]
    fn structured_data_becomes_fields() {
        let line = r#"<13>1 2024-01-01T00:00:00Z h a - - [ex@32473 iut="3" path="C:\\x \q \"y\" \]"][o@1][p@2 k=""] m"#;
        let mut out = Fields::new(model::Format::Syslog);
        fields(line, &mut out);
        assert_eq!(out.text("ex@32473.iut").as_deref(), Some("3"));
        assert_eq!(out.text("ex@32473.path").as_deref(), Some(r#"C:\x \q "y" ]"#));
        assert_eq!(out.text("p@2.k").as_deref(), Some(""));
        assert_eq!(out.text("message").as_deref(), Some("m"));
    }

    #[test]
    fn rfc3164_lines() {
        check(
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
            ["34", "Oct 11 22:14:15", "mymachine", "su", "-", "'su root' failed for lonvick on /dev/pts/8"],
        );
        check("Mar  1 02:14:07 gw sshd[812]: hello", ["-", "Mar  1 02:14:07", "gw", "sshd", "812", "hello"]);
        check(
            "2024-03-01T02:14:07.123+01:00 gw sshd[812]: hello",
            ["-", "2024-03-01T02:14:07.123+01:00", "gw", "sshd", "812", "hello"],
        );
        check("2024-03-01 02:14:07 gw app: x", ["-", "2024-03-01 02:14:07", "gw", "app", "-", "x"]);
        check(
            "<134>Jan  1 00:00:00 filterlog[1234]: 5,,,x",
            ["134", "Jan  1 00:00:00", "-", "filterlog", "1234", "5,,,x"],
        );
        check("<134>Jan  1 00:00:00 filterlog: 5,,,x", ["134", "Jan  1 00:00:00", "-", "filterlog", "-", "5,,,x"]);
        check(
            "Jan  1 00:00:00 gw last message repeated 3 times",
            ["-", "Jan  1 00:00:00", "gw", "-", "-", "last message repeated 3 times"],
        );
        check("<38>su(pam_unix)[12]: x", ["38", "-", "-", "su(pam_unix)", "12", "x"]);
        check("<38>gw su[12]: x", ["38", "-", "gw", "su", "12", "x"]);
        check("<999>x: y", ["-", "-", "-", "-", "-", "<999>x: y"]);
        check("just words without any header", ["-", "-", "-", "-", "-", "just words without any header"]);
        check("Mar  1 02:14:07 2001:db8::7 sshd[1]: x", ["-", "Mar  1 02:14:07", "2001:db8::7", "sshd", "1", "x"]);
        check("", ["-", "-", "-", "-", "-", ""]);
    }

    #[test]
    fn cisco_lines() {
        check(
            "<189>29: *Mar  1 00:00:46.123 UTC: %SYS-5-CONFIG_I: Configured",
            ["189", "Mar  1 00:00:46.123", "-", "-", "-", "%SYS-5-CONFIG_I: Configured"],
        );
        check(
            "<189>7: sw1: 000012: Mar  1 00:00:46 CEST: %LINK-3-UPDOWN: x",
            ["189", "Mar  1 00:00:46", "sw1", "-", "-", "%LINK-3-UPDOWN: x"],
        );
        check(
            "<166>Jan 02 2024 10:00:00: %ASA-6-302013: Built",
            ["166", "Jan 02 2024 10:00:00", "-", "-", "-", "%ASA-6-302013: Built"],
        );
        check(
            "<166>Jan 02 2024 10:00:00 fw1 : %ASA-6-302013: Built",
            ["166", "Jan 02 2024 10:00:00", "fw1", "-", "-", "%ASA-6-302013: Built"],
        );
        check("<166>%ASA-6-302013: Built", ["166", "-", "-", "-", "-", "%ASA-6-302013: Built"]);
    }

    #[test]
    fn formats_inside_keep_their_start() {
        check(
            "<14>Mar  1 02:14:07 gw CEF:0|a|b|1|2|3|4|",
            ["14", "Mar  1 02:14:07", "gw", "-", "-", "CEF:0|a|b|1|2|3|4|"],
        );
        check(
            "<189>date=2024-01-01 time=00:00:00 devname=\"f\"",
            ["189", "-", "-", "-", "-", "date=2024-01-01 time=00:00:00 devname=\"f\""],
        );
        check(
            "<14>Mar  1 20:35:54 pa1 1,2024/03/01 20:35:54,0012,TRAFFIC,end",
            ["14", "Mar  1 20:35:54", "pa1", "-", "-", "1,2024/03/01 20:35:54,0012,TRAFFIC,end"],
        );
    }
}
