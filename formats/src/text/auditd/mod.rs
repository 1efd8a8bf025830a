//! The Linux audit daemon: `type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=59 …`.
//!
//! After the audit project's "audit event fields" and "message types", and `auparse`'s rules of which values are encoded.
//! Fields under auditd's own names, encoded values decoded, the text of `msg='…'` taken apart, the enriched part (behind byte
//! 0x1d) under its capital names; `timestamp` and `serial` out of the stamp. Where a record is not enriched, `SYSCALL` is the
//! name of the call, for x86-64 and AArch64. Sigma's `Image`, `CommandLine`, `User`, `DestinationIp` … are added where one
//! record has them. Deliberately absent: joining records; those of one audit event share `metadata.correlation_uid`, which is
//! the serial, and `metadata.original_event_uid`, which is time and serial.

mod event;
mod value;

use std::borrow::Cow;
use std::sync::LazyLock;

use model::limits::RECORD_FIELDS_MAX;
use model::{Fields, Scalar, Text};

pub(super) use event::event;
use value::{address, decoded};

use super::pairs::{aliases, put};
use super::reader::{Reader, Source, announce};

/// Separates a record from what the daemon added by looking numbers up.
const ENRICHED: char = '\u{1d}';

/// Whether a line is an audit record.
pub(super) fn begins(line: &str) -> bool {
    stamp(line).is_some()
}

/// Node, type, seconds, serial, and what follows the stamp.
type Stamp<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn stamp(line: &str) -> Option<Stamp<'_>> {
    let (node, rest) = match line.strip_prefix("node=") {
        Some(rest) => rest.split_once(' ')?,
        None => ("", line),
    };
    let (kind, rest) = rest.strip_prefix("type=")?.split_once(' ')?;
    let rest = rest.strip_prefix("msg=").unwrap_or(rest).strip_prefix("audit(")?;
    let (inside, rest) = rest.split_once(')')?;
    let (time, serial) = inside.split_once(':')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (is_number(time) && is_number(serial)).then_some((node, kind, time, serial, rest.strip_prefix(':').unwrap_or(rest)))
}

/// What the kernel or systemd's journal says when no daemon listens: `audit: type=1400 audit(…): …`, and the journal's
/// `SYSCALL arch=…`, which has lost its stamp.
pub(super) fn kernel_fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    let start = message.find("type=");
    if let Some(line) = start.map(|start| &message[start..]).filter(|line| begins(line)) {
        self::fields(line, fields);
        return true;
    }
    let Some((kind, rest)) = message.split_once(' ') else { return false };
    let is_kind =
        kind.len() > 2 && kind.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'0'..=b'9'));
    if !is_kind || !rest.contains('=') {
        return false;
    }
    record("", kind, ("", ""), rest, fields);
    true
}

pub(super) fn fields<'a>(line: &'a str, fields: &mut Fields<'a>) {
    let Some((node, kind, time, serial, rest)) = stamp(line) else { return };
    record(node, type_name(kind), (time, serial), rest, fields);
}

fn record<'a>(node: &'a str, kind: &'a str, stamp: (&'a str, &'a str), rest: &'a str, fields: &mut Fields<'a>) {
    let is_start = matches!(kind, "EXECVE" | "USER_CMD") || kind == "SYSCALL" && is_exec(rest);
    let category = if is_start { "process_creation" } else { "" };
    announce(Reader::Auditd, &Source { product: "linux", services: &["auditd"], category }, fields);
    let from = fields.len();
    put(fields, "node", node);
    put(fields, "type", kind);
    put(fields, "timestamp", stamp.0);
    put(fields, "serial", stamp.1);
    let (native, enriched) = rest.split_once(ENRICHED).unwrap_or((rest, ""));
    let mut parts = Vec::new();
    native_fields(native, kind, fields, &mut parts);
    for (name, value) in parts {
        fields.push(name, Scalar::Text(Text::Plain(value.into())));
    }
    enriched_fields(enriched, fields);
    derived_fields(kind, from, fields);
}

fn is_exec(rest: &str) -> bool {
    rest.contains("SYSCALL=execve")
        || rest.contains("arch=c000003e") && (rest.contains(" syscall=59 ") || rest.contains(" syscall=322 "))
        || rest.contains("arch=c00000b7") && (rest.contains(" syscall=221 ") || rest.contains(" syscall=281 "))
}

/// Reads the pairs of a record or of the text inside `msg='…'`. A long argument comes in parts (`a1[0]=… a1[1]=…`), which
/// are gathered.
fn native_fields<'a>(text: &'a str, kind: &str, fields: &mut Fields<'a>, parts: &mut Vec<(String, String)>) {
    let mut rest = text;
    // SELinux: `avc:  denied  { read write } for  pid=…`.
    if let Some(permissions) = super::pairs::between(text, "{ ", " }") {
        put(fields, "seperms", permissions);
        put(fields, "seresult", if text.contains(" denied ") { "denied" } else { "granted" });
        rest = text.split_once(" }").map_or("", |(_, rest)| rest);
    }
    while let Some((key, value, after)) = pair(rest) {
        rest = after;
        if fields.len() >= RECORD_FIELDS_MAX {
            return;
        }
        if key == "msg" && value.len() > 1 && value.starts_with('\'') {
            let inner = value[1..].strip_suffix('\'').unwrap_or(&value[1..]);
            // One level only: the daemon nests no deeper, and a forged record shall not.
            if kind != "msg" {
                native_fields(inner, "msg", fields, parts);
            }
            continue;
        }
        let in_msg = kind == "msg";
        let value = decoded(key, if in_msg { trimmed(value) } else { value }, kind);
        match key.split_once('[') {
            Some((argument, _)) if kind == "EXECVE" => gather(argument, &value, parts),
            _ if key == "key" && value.contains('\u{1}') => {
                for key in value.split('\u{1}') {
                    fields.push("key", Scalar::Text(Text::Plain(key.to_owned().into())));
                }
            }
            _ => fields.push(key, Scalar::Text(Text::Plain(value))),
        }
    }
}

fn gather(argument: &str, value: &str, parts: &mut Vec<(String, String)>) {
    match parts.iter_mut().find(|(name, _)| name == argument) {
        Some((_, whole)) => whole.push_str(value),
        None => parts.push((argument.to_owned(), value.to_owned())),
    }
}

/// The next pair: its key, its value with quotes, and what follows. Words without a sign of equality are skipped.
fn pair(text: &str) -> Option<(&str, &str, &str)> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', ',', '(', ':']);
        let stop = rest.find(['=', ' '])?;
        if rest.as_bytes()[stop] == b' ' {
            rest = &rest[stop..];
            continue;
        }
        let (key, value) = (&rest[..stop], &rest[stop + 1..]);
        let length = match value.as_bytes().first() {
            Some(b'"') => value[1..].find('"').map_or(value.len(), |end| end + 2),
            // The text of a message may hold quotes itself and is the last pair.
            Some(b'\'') => value.rfind('\'').filter(|end| *end > 0).map_or(value.len(), |end| end + 1),
            Some(b'{') => value.find('}').map_or(value.len(), |end| end + 1),
            _ => value.find(' ').unwrap_or(value.len()),
        };
        return Some((key, &value[..length], &value[length..]));
    }
}

/// Old daemons put the end of a message into brackets: `(hostname=x, addr=?, terminal=cron res=success)`.
fn trimmed(value: &str) -> &str {
    if value.starts_with('"') {
        return value;
    }
    let value = value.trim_end_matches(',');
    if value.contains('(') { value } else { value.trim_end_matches(')') }
}

fn enriched_fields<'a>(text: &'a str, fields: &mut Fields<'a>) {
    let mut rest = text;
    while let Some((key, value, after)) = pair(rest) {
        rest = after;
        if fields.len() >= RECORD_FIELDS_MAX {
            return;
        }
        if let Some(inner) = value.strip_prefix('{') {
            let mut inner = inner.trim_end_matches('}');
            while let Some((key, value, after)) = pair(inner) {
                inner = after;
                fields.push(key, super::plain(value));
            }
            continue;
        }
        fields.push(key, super::plain(value.trim_matches('"')));
    }
}

/// Names for calls, command lines and addresses that the record has only in its own way.
fn derived_fields(kind: &str, from: usize, fields: &mut Fields<'_>) {
    match kind {
        "SYSCALL" => {
            let named = value_of(fields, from, "SYSCALL").is_some();
            let call = value_of(fields, from, "syscall").and_then(|number| number.parse().ok());
            let arch = value_of(fields, from, "arch");
            if !named && let Some(name) = call.and_then(|call| syscall_name(arch.as_deref().unwrap_or(""), call)) {
                fields.push("SYSCALL", super::plain(name));
            }
            aliases(fields, from, &[("exe", "Image"), ("UID", "User")]);
        }
        "EXECVE" => {
            let line = command_line(fields, from);
            if let Some(image) = line.split(' ').next().filter(|image| image.starts_with('/')) {
                let image = image.to_owned();
                fields.push("Image", Scalar::Text(Text::Plain(image.into())));
            }
            fields.push("CommandLine", Scalar::Text(Text::Plain(line.into())));
        }
        "PROCTITLE" => aliases(fields, from, &[("proctitle", "CommandLine")]),
        "USER_CMD" => {
            let image = value_of(fields, from, "cmd").map(|line| line.split(' ').next().unwrap_or("").to_owned());
            if let Some(image) = image {
                fields.push("Image", Scalar::Text(Text::Plain(image.into())));
            }
            aliases(fields, from, &[("cmd", "CommandLine"), ("cwd", "CurrentDirectory"), ("UID", "User")]);
        }
        "SOCKADDR" => {
            let found = value_of(fields, from, "laddr").is_none().then(|| value_of(fields, from, "saddr")).flatten();
            for (name, value) in found.as_deref().map(address).into_iter().flatten() {
                fields.push(name, Scalar::Text(Text::Plain(value.into())));
            }
            aliases(fields, from, &[("laddr", "DestinationIp"), ("lport", "DestinationPort")]);
        }
        _ => {}
    }
}

fn value_of<'f>(fields: &'f Fields<'_>, from: usize, name: &str) -> Option<Cow<'f, str>> {
    fields
        .as_slice()
        .get(from..)?
        .iter()
        .find(|field| field.name == name)?
        .value
        .to_str()
        .map(|text| text.into_owned().into())
}

/// `a0`, `a1` … joined by blanks.
fn command_line(fields: &Fields<'_>, from: usize) -> String {
    let mut arguments: Vec<(usize, Cow<'_, str>)> = Vec::new();
    for field in fields.as_slice().get(from..).unwrap_or_default() {
        let number = field.name.strip_prefix('a').and_then(|digits| digits.parse().ok());
        if let (Some(number), Some(value)) = (number, field.value.to_str()) {
            arguments.push((number, value));
        }
    }
    arguments.sort_by_key(|(number, _)| *number);
    let words: Vec<&str> = arguments.iter().map(|(_, value)| value.as_ref()).collect();
    words.join(" ")
}

/// Names by number, one `number name` a line.
fn table(text: &'static str) -> Vec<Option<&'static str>> {
    let mut names = Vec::new();
    for line in text.lines() {
        if let Some((number, name)) = line.split_once(' ')
            && let Ok(number) = number.parse::<usize>()
        {
            names.resize(names.len().max(number + 1), None);
            names[number] = Some(name);
        }
    }
    names
}

/// The kernel's system calls (`asm/unistd_64.h`, `asm-generic/unistd.h`).
fn syscall_name(arch: &str, number: usize) -> Option<&'static str> {
    static X86_64: LazyLock<Vec<Option<&'static str>>> = LazyLock::new(|| table(include_str!("syscalls_x86_64.txt")));
    static AARCH64: LazyLock<Vec<Option<&'static str>>> = LazyLock::new(|| table(include_str!("syscalls_aarch64.txt")));
    let names = match arch {
        "c000003e" => &X86_64,
        "c00000b7" => &AARCH64,
        _ => return None,
    };
    names.get(number).copied().flatten()
}

/// The names of the types that the kernel writes as numbers when no daemon listens (`linux/audit.h`).
fn type_name(kind: &str) -> &str {
    const NAMES: [(&str, &str); 40] = [
        ("1006", "LOGIN"),
        ("1100", "USER_AUTH"),
        ("1101", "USER_ACCT"),
        ("1102", "USER_MGMT"),
        ("1103", "CRED_ACQ"),
        ("1104", "CRED_DISP"),
        ("1105", "USER_START"),
        ("1106", "USER_END"),
        ("1107", "USER_AVC"),
        ("1108", "USER_CHAUTHTOK"),
        ("1109", "USER_ERR"),
        ("1110", "CRED_REFR"),
        ("1112", "USER_LOGIN"),
        ("1113", "USER_LOGOUT"),
        ("1114", "ADD_USER"),
        ("1115", "DEL_USER"),
        ("1116", "ADD_GROUP"),
        ("1117", "DEL_GROUP"),
        ("1123", "USER_CMD"),
        ("1130", "SERVICE_START"),
        ("1131", "SERVICE_STOP"),
        ("1200", "DAEMON_START"),
        ("1201", "DAEMON_END"),
        ("1300", "SYSCALL"),
        ("1302", "PATH"),
        ("1305", "CONFIG_CHANGE"),
        ("1306", "SOCKADDR"),
        ("1307", "CWD"),
        ("1309", "EXECVE"),
        ("1319", "TTY"),
        ("1324", "NETFILTER_PKT"),
        ("1325", "NETFILTER_CFG"),
        ("1326", "SECCOMP"),
        ("1327", "PROCTITLE"),
        ("1334", "BPF"),
        ("1400", "AVC"),
        ("1403", "MAC_POLICY_LOAD"),
        ("1700", "ANOM_PROMISCUOUS"),
        ("1701", "ANOM_ABEND"),
        ("1702", "ANOM_LINK"),
    ];
    NAMES.iter().find(|(number, _)| *number == kind).map_or(kind, |(_, name)| name)
}

#[cfg(test)]
mod tests;
