//! Small OCSF objects that several formats build in the same way.

mod record;

use model::Timestamp;
use model::ocsf::{ConnectionInfo, Device, Endpoint, Event, File, Fingerprint, HttpHeader, Os, Process, Url, User};

use crate::Head;

pub(crate) use record::{Maker, begin, finish, metadata};

/// A machine of an unknown sort. A name that is an address is one.
pub(crate) fn device(hostname: Option<String>) -> Box<Device> {
    let ip = hostname.as_deref().and_then(crate::row::address);
    Box::new(Device { hostname: if ip.is_some() { None } else { hostname }, ip, type_id: Some(0), ..Device::default() })
}

/// A header of a response.
pub(crate) fn header(name: &str, value: String) -> HttpHeader {
    HttpHeader { name: Some(name.to_owned()), value: Some(value) }
}

/// Keeps a text that has no attribute, under the record's own name.
pub(crate) fn keep(event: &mut Event, name: &str, text: Option<String>) {
    if let Some(text) = text {
        event.attributes.unmapped.get_or_insert_default().insert(name.to_owned(), text.into());
    }
}

/// The operating system Windows.
pub(crate) fn windows() -> Os {
    Os { name: Some("Windows".into()), type_id: Some(100), ..Os::default() }
}

/// What stands behind the last slash or backslash.
pub(crate) fn file_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches(['\\', '/']);
    let name = trimmed.rsplit(['\\', '/']).next().unwrap_or(trimmed);
    if name.is_empty() { path } else { name }
}

/// The folder in front of the last slash or backslash.
fn folder(path: &str) -> Option<&str> {
    let at = path.rfind(['\\', '/'])?;
    if at == 0 { None } else { Some(&path[..at]) }
}

/// The extension of a file name, without the dot.
fn extension(name: &str) -> Option<&str> {
    let (stem, ext) = name.rsplit_once('.')?;
    let is_plain = (1..=8).contains(&ext.len()) && ext.bytes().all(|b| b.is_ascii_alphanumeric());
    if stem.is_empty() || !is_plain { None } else { Some(ext) }
}

/// A regular file.
pub(crate) fn file(path: String) -> Box<File> {
    let name = file_name(&path);
    Box::new(File {
        name: Some(name.to_owned()),
        ext: extension(name).map(str::to_owned),
        parent_folder: folder(&path).map(str::to_owned),
        type_id: Some(1),
        path: Some(path),
        ..File::default()
    })
}

/// A file as a process's image: no more than path and name, because there are two of them in most events.
pub(crate) fn image(path: String) -> Box<File> {
    Box::new(File { name: Some(file_name(&path).to_owned()), type_id: Some(1), path: Some(path), ..File::default() })
}

/// A process by image and number.
pub(crate) fn process(path: Option<String>, pid: Option<i64>, uid: Option<String>) -> Option<Box<Process>> {
    let mut slot = None;
    put_process(&mut slot, path, pid, uid);
    slot
}

/// Puts a process by image and number where it belongs; a process is large, and most events have two.
pub(crate) fn put_process(
    slot: &mut Option<Box<Process>>,
    path: Option<String>,
    pid: Option<i64>,
    uid: Option<String>,
) -> Option<&mut Process> {
    if path.is_none() && pid.is_none() && uid.is_none() {
        return None;
    }
    let process = slot.insert(Box::new(Process::default()));
    (process.pid, process.uid) = (pid, uid);
    if let Some(path) = path {
        let name = file_name(&path).to_owned();
        let file = process.file.insert(Box::new(File::default()));
        (file.name, file.type_id, file.path) = (Some(name.clone()), Some(1), Some(path));
        process.name = Some(name);
    }
    Some(process)
}

/// An account out of its parts; `None` when there is neither name nor number.
pub(crate) fn user(name: Option<String>, domain: Option<String>, uid: Option<String>) -> Option<Box<User>> {
    if name.is_none() && uid.is_none() {
        return None;
    }
    let email_addr = name.as_deref().filter(|name| is_email(name)).map(str::to_owned);
    Some(Box::new(User { name, domain, uid, email_addr, ..User::default() }))
}

/// `DOMAIN\name` as an account; a bare name has no domain.
pub(crate) fn account(qualified: String) -> Box<User> {
    match qualified.split_once('\\') {
        Some((domain, name)) if !name.is_empty() => {
            let domain = if domain.is_empty() { None } else { Some(domain.to_owned()) };
            Box::new(User { name: Some(name.to_owned()), domain, ..User::default() })
        }
        _ => user(Some(qualified), None, None).unwrap_or_default(),
    }
}

/// Whether a text looks like the addresses of OCSF's `email_t`.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let is_local = !local.is_empty() && local.bytes().all(|b| b.is_ascii_graphic() && !b"\"(),:;<>@[\\]".contains(&b));
    let is_host = host.split('.').count() >= 2
        && host
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    is_local && is_host
}

/// A file hash; which one follows from its name, else from its length.
pub(crate) fn fingerprint(algorithm: &str, value: &str) -> Option<Fingerprint> {
    let is_hex = value.len() >= 8 && value.bytes().all(|b| b.is_ascii_hexdigit());
    // Sysmon writes zeroes where it computed nothing.
    if !is_hex || value.bytes().all(|b| b == b'0') {
        return None;
    }
    let (algorithm_id, algorithm) = match (algorithm.to_ascii_uppercase().as_str(), value.len()) {
        ("MD5", _) | ("", 32) => (1, "MD5"),
        ("SHA1" | "SHA-1", _) | ("", 40) => (2, "SHA-1"),
        ("SHA256" | "SHA-256", _) | ("", 64) => (3, "SHA-256"),
        ("SHA512" | "SHA-512", _) | ("", 128) => (4, "SHA-512"),
        ("IMPHASH", _) => (18, "Imphash"),
        _ => return None,
    };
    Some(Fingerprint {
        algorithm_id: Some(algorithm_id),
        algorithm: Some(algorithm.into()),
        value: Some(value.to_owned()),
    })
}

/// One end of a connection; `None` when nothing is known of it.
pub(crate) fn endpoint(ip: Option<String>, port: Option<u16>, hostname: Option<String>) -> Option<Box<Endpoint>> {
    if ip.is_none() && port.is_none() && hostname.is_none() {
        return None;
    }
    Some(Box::new(Endpoint { ip, port, hostname, ..Endpoint::default() }))
}

/// A text that is an address or a host name, as an endpoint.
pub(crate) fn endpoint_of(text: &str) -> Option<Box<Endpoint>> {
    match crate::row::address(text) {
        Some(ip) => endpoint(Some(ip), None, None),
        None if text.is_empty() => None,
        None => endpoint(None, None, Some(text.to_owned())),
    }
}

/// IANA protocol numbers that logs name.
const PROTOCOLS: &[(i32, &str)] = &[
    (1, "icmp"),
    (2, "igmp"),
    (4, "ipv4"),
    (6, "tcp"),
    (17, "udp"),
    (41, "ipv6"),
    (47, "gre"),
    (50, "esp"),
    (51, "ah"),
    (58, "ipv6-icmp"),
    (88, "eigrp"),
    (89, "ospf"),
    (103, "pim"),
    (112, "vrrp"),
    (115, "l2tp"),
    (132, "sctp"),
];

/// How a connection ran, from the protocol's name or number.
pub(crate) fn connection(protocol: Option<&str>) -> Box<ConnectionInfo> {
    let mut info = ConnectionInfo { direction_id: Some(0), ..ConnectionInfo::default() };
    let Some(protocol) = protocol else { return Box::new(info) };
    let lower = protocol.to_ascii_lowercase();
    let known = match lower.parse::<i32>() {
        Ok(number) => {
            info.protocol_num = Some(number);
            PROTOCOLS.iter().find(|(known, _)| *known == number)
        }
        Err(_) => {
            info.protocol_name = Some(lower.clone());
            PROTOCOLS.iter().find(|(_, name)| *name == lower || (lower == "icmp6" && *name == "ipv6-icmp"))
        }
    };
    if let Some((number, name)) = known {
        info.protocol_num = Some(*number);
        info.protocol_name = Some((*name).to_owned());
    }
    Box::new(info)
}

/// A URL in its parts. What has no scheme is taken as host and path where `host` is given, else as a path.
pub(crate) fn url(text: &str, host: Option<&str>) -> Box<Url> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            (Some(scheme), rest)
        }
        _ => (None, text),
    };
    let (authority, target) = match scheme {
        Some(_) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
        None => (host.unwrap_or(""), rest),
    };
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (hostname, port) = match authority.rsplit_once(':') {
        Some((hostname, port)) if !hostname.ends_with(':') && port.bytes().all(|b| b.is_ascii_digit()) => {
            (hostname, port.parse().ok())
        }
        _ => (authority, None),
    };
    let target = target.split('#').next().unwrap_or("");
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let some = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
    let whole = match (scheme, hostname) {
        (Some(_), _) => Some(text.to_owned()),
        (None, "") => None,
        // A proxy or sensor that saw plain HTTP: the scheme is known even where the log leaves it out.
        (None, _) => Some(format!("http://{authority}{rest}")),
    };
    Box::new(Url {
        url_string: whole,
        scheme: scheme.map(str::to_owned),
        hostname: some(hostname.trim_matches(['[', ']'])),
        port,
        path: some(path).or_else(|| some("/")),
        query_string: query.and_then(some),
    })
}

/// `duration` of a span in seconds, in milliseconds, and its end.
pub(crate) fn span(event: &mut Event, seconds: Option<f64>) {
    let Some(seconds) = seconds.filter(|seconds| (0.0..1e9).contains(seconds)) else { return };
    let millis = (seconds * 1e3).round() as i64;
    event.attributes.duration = Some(millis);
    event.attributes.start_time = Some(event.time.as_millis());
    event.attributes.end_time = Some(event.time.as_millis().saturating_add(millis));
}

/// The name of a DNS response code, as OCSF lists it.
pub(crate) fn rcode(code: i64) -> (u32, Option<&'static str>) {
    const NAMES: [&str; 12] = [
        "NoError",
        "FormError",
        "ServError",
        "NXDomain",
        "NotImp",
        "Refused",
        "YXDomain",
        "YXRRSet",
        "NXRRSet",
        "NotAuth",
        "NotZone",
        "DSOTYPENI",
    ];
    match usize::try_from(code).ok().and_then(|code| NAMES.get(code)) {
        Some(name) => (code as u32, Some(name)),
        None if (16..=23).contains(&code) => (code as u32, None),
        None => (99, None),
    }
}

/// The record's own time, else the time of arrival; the second is true when it had to stand in.
pub(crate) fn time_or_arrival(time: Option<Timestamp>, head: &Head<'_>) -> (Timestamp, bool) {
    (time.unwrap_or(head.received), time.is_none())
}

/// The activity of HTTP Activity that a method is.
pub(crate) fn http_activity(method: &str) -> u32 {
    match method {
        "CONNECT" => 1,
        "DELETE" => 2,
        "GET" => 3,
        "HEAD" => 4,
        "OPTIONS" => 5,
        "POST" => 6,
        "PUT" => 7,
        "TRACE" => 8,
        "PATCH" => 9,
        "" => 0,
        _ => 99,
    }
}

/// The method, where the schema has a word for it.
pub(crate) fn http_method(method: &str) -> Option<String> {
    let activity = http_activity(method);
    if (1..=9).contains(&activity) { Some(method.to_owned()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_have_names() {
        let check = |path: &str, name: &str, ext: Option<&str>| {
            let file = file(path.into());
            assert_eq!((file.name.as_deref(), file.ext.as_deref()), (Some(name), ext), "{path}");
        };
        check(r"C:\Windows\System32\cmd.exe", "cmd.exe", Some("exe"));
        check("/usr/bin/ls", "ls", None);
        check("System", "System", None);
        check(r"C:\x\", "x", None);
        check(".bashrc", ".bashrc", None);
        check("/", "/", None);
    }

    #[test]
    fn urls_have_parts() {
        let shown = |text: &str, host: Option<&str>| {
            let url = url(text, host);
            format!("{:?} {:?} {:?} {:?} {:?}", url.url_string, url.hostname, url.port, url.path, url.query_string)
        };
        assert_eq!(
            shown("https://a.example:8443/x?y=1#z", None),
            r#"Some("https://a.example:8443/x?y=1#z") Some("a.example") Some(8443) Some("/x") Some("y=1")"#
        );
        assert_eq!(
            shown("/x", Some("b.example")),
            r#"Some("http://b.example/x") Some("b.example") None Some("/x") None"#
        );
        assert_eq!(shown("/x", None), r#"None None None Some("/x") None"#);
        assert_eq!(shown("http://[::1]:80/", None), r#"Some("http://[::1]:80/") Some("::1") Some(80) Some("/") None"#);
    }

    #[test]
    fn accounts_have_domains() {
        let user = account(r"NT AUTHORITY\SYSTEM".into());
        assert_eq!((user.domain.as_deref(), user.name.as_deref()), (Some("NT AUTHORITY"), Some("SYSTEM")));
        assert_eq!(account("root".into()).name.as_deref(), Some("root"));
        assert_eq!(account("a@b.example".into()).email_addr.as_deref(), Some("a@b.example"));
    }

    #[test]
    fn hashes_are_recognised() {
        let check = |name: &str, value: &str, id: Option<u32>| {
            assert_eq!(fingerprint(name, value).and_then(|found| found.algorithm_id), id, "{name} {value}");
        };
        check("SHA256", "F191798F18C5B670", Some(3));
        check("", "d41d8cd98f00b204e9800998ecf8427e", Some(1));
        check("IMPHASH", "00000000000000000000000000000000", None);
        check("SHA256", "", None);
        check("CRC", "d41d8cd98f00b204e9800998ecf8427e", None);
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,40}", host in proptest::option::of(".{0,10}")) {
            let _ = (url(&text, host.as_deref()), file(text.clone()), account(text.clone()), is_email(&text));
            let _ = (connection(Some(&text)), endpoint_of(&text), http_method(&text), fingerprint("", &text));
        }
    }
}
