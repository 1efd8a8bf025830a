//! The values of audit records: which are encoded, and what is behind them.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The keys whose values a user can choose: quoted when harmless, else in hexadecimal digits (`auparse`, "escaped" fields).
const ENCODED: [&str; 22] = [
    "acct",
    "cmd",
    "comm",
    "cwd",
    "data",
    "device",
    "dir",
    "exe",
    "file",
    "grp",
    "invalid_context",
    "key",
    "name",
    "new_group",
    "ocomm",
    "path",
    "proctitle",
    "root_dir",
    "sw",
    "vm",
    "watch",
    "xdevice",
];

/// The value without its quotes, decoded where it is encoded.
pub(super) fn decoded<'a>(key: &str, value: &'a str, kind: &str) -> Cow<'a, str> {
    if let Some(quoted) = value.strip_prefix('"') {
        return Cow::Borrowed(quoted.strip_suffix('"').unwrap_or(quoted));
    }
    // Only in EXECVE are `a0` … texts; in SYSCALL they are the call's bare numbers.
    let is_argument = kind == "EXECVE" && key.starts_with('a') && key != "argc" && !key.ends_with("_len");
    if !is_argument && !ENCODED.contains(&key) {
        return Cow::Borrowed(value);
    }
    let Some(mut bytes) = hex_bytes(value) else { return Cow::Borrowed(value) };
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    // The arguments inside a process title are separated by NUL.
    bytes.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Upper-case hexadecimal digits, as the kernel writes them; anything else is no encoding.
fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// What a `saddr` holds: a `struct sockaddr` in hexadecimal digits, its family in the machine's byte order (little-endian
/// on all that matter), its port in the network's.
pub(super) fn address(saddr: &str) -> Vec<(&'static str, String)> {
    let Some(bytes) = hex_bytes(saddr) else { return Vec::new() };
    match bytes.as_slice() {
        [2, 0, p1, p2, a, b, c, d, ..] => vec![
            ("saddr_fam", "inet".into()),
            ("laddr", Ipv4Addr::new(*a, *b, *c, *d).to_string()),
            ("lport", u16::from_be_bytes([*p1, *p2]).to_string()),
        ],
        [10, 0, p1, p2, _, _, _, _, rest @ ..] if rest.len() >= 16 => {
            let mut octets = [0; 16];
            octets.copy_from_slice(&rest[..16]);
            vec![
                ("saddr_fam", "inet6".into()),
                ("laddr", Ipv6Addr::from(octets).to_string()),
                ("lport", u16::from_be_bytes([*p1, *p2]).to_string()),
            ]
        }
        [1, 0, path @ ..] => {
            // An abstract socket's name starts with NUL.
            let path = path.strip_prefix(&[0]).unwrap_or(path);
            let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
            vec![("saddr_fam", "local".into()), ("path", String::from_utf8_lossy(path).into_owned())]
        }
        [16, 0, ..] => vec![("saddr_fam", "netlink".into())],
        _ => Vec::new(),
    }
}
