//! Web servers' access logs: the common and the combined log format (NCSA), with or without a virtual host in front, as
//! Apache, nginx and others write them, bare or inside syslog.
//!
//! Fields in Sigma's names for web servers: `c-ip`, `cs-username`, `cs-method`, `c-uri`, `cs-uri-stem`, `cs-uri-query`,
//! `cs-version`, `sc-status`, `sc-bytes`, `cs-referer`, `cs-user-agent`, `cs-host`, `time`. `cs-uri-query` comes twice: the
//! query as the taxonomy has it, and the whole target, because published rules look for paths in it.

use std::borrow::Cow;

use model::ocsf::{Class, HttpRequest, HttpResponse, Url};
use model::{Fields, Scalar, Text};

use super::draft::{Draft, End, View, user};
use super::pairs::{put, quoted_value, word};
use super::reader::{Reader, Source, announce};
use super::{plain, stamp};
use crate::parts;

/// Whether a line is certainly one of an access log.
pub(super) fn begins(line: &str) -> bool {
    split(line).is_some()
}

/// A line's parts in front of the request: virtual host, client, user, time, and the rest from the request's quote on.
type Split<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn split(line: &str) -> Option<Split<'_>> {
    let bracket = line.find(" [").filter(|at| *at < 1_024)?;
    let (time, rest) = line[bracket + 2..].split_once("] \"")?;
    stamp::common_log(time)?;
    let mut words = line[..bracket].split(' ').filter(|word| !word.is_empty());
    let (first, second, third) = (words.next()?, words.next()?, words.next()?);
    // A user name may hold blanks, so only the first word that is an address tells the host from the client.
    let is_host_first = !is_client(first) && is_client(second);
    let (host, client) = if is_host_first { (first, second) } else { ("", first) };
    let user = if is_host_first { words.next()? } else { third };
    Some((host, client, user, time, rest))
}

fn is_client(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

pub(super) fn fields<'a>(message: &'a str, server: &str, fields: &mut Fields<'a>) -> bool {
    let Some((host, client, user, time, rest)) = split(message) else { return false };
    let services: &[&str] = match server {
        "nginx" => &["nginx"],
        "apache" | "apache2" | "httpd" => &["apache"],
        _ => &[],
    };
    announce(Reader::Access, &Source { product: "", services, category: "webserver" }, fields);
    put(fields, "time", time);
    put(fields, "c-ip", client);
    put_known(fields, "cs-username", user);
    put(fields, "cs-host", host);
    let (request, rest) = quoted_value(rest);
    put_request(request, fields);
    let (status, rest) = word(rest);
    put_known(fields, "sc-status", status);
    let (bytes, rest) = word(rest);
    put_known(fields, "sc-bytes", bytes);
    let mut rest = rest;
    for name in ["cs-referer", "cs-user-agent"] {
        let Some((_, quoted)) = rest.split_once('"') else { break };
        let (value, after) = quoted_value(quoted);
        if value != "-" && !value.is_empty() {
            fields.push(name, Scalar::Text(Text::Plain(value)));
        }
        rest = after;
    }
    true
}

fn put_known<'a>(fields: &mut Fields<'a>, name: &'static str, value: &'a str) {
    if value != "-" {
        put(fields, name, value);
    }
}

/// `GET /x?y=z HTTP/1.1`; what is no request line (`\x16\x03\x01`, `-`) is kept as `cs-request`.
fn put_request<'a>(request: Cow<'a, str>, fields: &mut Fields<'a>) {
    let Cow::Borrowed(request) = request else { return put_request_owned(&request, fields) };
    let Some((method, target, version)) = request_line(request) else {
        fields.push("cs-request", plain(request));
        return;
    };
    put(fields, "cs-method", method);
    put(fields, "c-uri", target);
    let (stem, query) = target.split_once('?').unwrap_or((target, ""));
    put(fields, "cs-uri-stem", stem);
    put(fields, "cs-uri-query", query);
    put(fields, "cs-uri-query", target);
    put(fields, "cs-version", version);
}

/// The same for a request that had to be decoded.
fn put_request_owned(request: &str, fields: &mut Fields<'_>) {
    let mut put = |name: &'static str, value: &str| {
        if !value.is_empty() {
            fields.push(name, Scalar::Text(Text::Plain(value.to_owned().into())));
        }
    };
    let Some((method, target, version)) = request_line(request) else { return put("cs-request", request) };
    let (stem, query) = target.split_once('?').unwrap_or((target, ""));
    for (name, value) in [
        ("cs-method", method),
        ("c-uri", target),
        ("cs-uri-stem", stem),
        ("cs-uri-query", query),
        ("cs-uri-query", target),
        ("cs-version", version),
    ] {
        put(name, value);
    }
}

fn request_line(request: &str) -> Option<(&str, &str, &str)> {
    let (method, rest) = request.split_once(' ')?;
    let is_method = !method.is_empty()
        && method.len() <= 32
        && method.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_');
    // A target may hold blanks where a client does not encode; the version is behind the last one.
    let (target, version) = match rest.rsplit_once(' ') {
        Some((target, version)) if version.starts_with("HTTP/") => (target, version),
        _ => (rest, ""),
    };
    is_method.then_some((method, target, version))
}

/// OCSF's activity for an HTTP method.
pub(super) fn activity(method: &str) -> u32 {
    match method.to_ascii_uppercase().as_str() {
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

/// A URL out of a request's target: absolute, or a path.
pub(super) fn url(target: &str, host: Option<&str>) -> Box<Url> {
    let (scheme, rest) = target.split_once("://").map_or((None, target), |(scheme, rest)| (Some(scheme), rest));
    let (authority, path) = match (scheme, rest.find('/')) {
        (Some(_), Some(at)) => (Some(&rest[..at]), &rest[at..]),
        (Some(_), None) => (Some(rest), ""),
        (None, _) => (None, rest),
    };
    let hostname = authority.map(|authority| authority.rsplit('@').next().unwrap_or(authority)).or(host);
    let (hostname, port) = match hostname.and_then(|name| name.rsplit_once(':')) {
        Some((name, port)) if port.parse::<u16>().is_ok() => (Some(name), port.parse().ok()),
        _ => (hostname, None),
    };
    let (stem, query) = path.split_once('?').map_or((path, None), |(stem, query)| (stem, Some(query)));
    Box::new(Url {
        url_string: scheme.map(|_| target.into()),
        scheme: scheme.map(str::to_ascii_lowercase),
        hostname: hostname.map(str::to_owned),
        port,
        path: (!stem.is_empty()).then(|| stem.into()),
        query_string: query.map(str::to_owned),
    })
}

pub(super) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let product = match view.envelope("_service").as_deref() {
        Some("nginx") => ("F5", "nginx"),
        Some("apache") => ("Apache", "HTTP Server"),
        _ => ("Unknown", "web server"),
    };
    draft.product(product.0, product.1);
    draft.time = view.get("time").and_then(|time| stamp::common_log(&time));
    draft.metadata().original_time = view.owned("time");
    let method = view.owned("cs-method");
    draft.class(Class::HTTP, activity(method.as_deref().unwrap_or("")));
    draft.address(End::Source, view.get("c-ip").as_deref(), None);
    if let Some(name) = view.get("cs-username") {
        draft.end(End::Source).owner = Some(user(&name));
    }
    let host = view.owned("cs-host");
    let machine = draft.event.machine().map(str::to_owned);
    let (name, port) = match host.as_deref().and_then(|host| host.rsplit_once(':')) {
        Some((name, port)) => (Some(name), Some(port)),
        None => (host.as_deref(), None),
    };
    draft.address(End::Destination, name.or(machine.as_deref()), port);
    let a = &mut draft.event.attributes;
    a.http_request = Some(Box::new(HttpRequest {
        http_method: method.as_deref().and_then(parts::http_method),
        url: view.get("c-uri").map(|target| url(&target, host.as_deref())),
        user_agent: view.owned("cs-user-agent"),
        referrer: view.owned("cs-referer"),
        version: view.get("cs-version").map(|version| version.trim_start_matches("HTTP/").to_owned()),
        ..HttpRequest::default()
    }));
    if let Some(code) = view.number("sc-status") {
        a.http_response = Some(Box::new(HttpResponse {
            code: Some(code),
            body_length: view.number("sc-bytes"),
            ..HttpResponse::default()
        }));
        a.status_code = Some(code.to_string());
        draft.status(code < 400);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let check = |line: &str, expected: &[(&str, &str)]| {
            let mut out = Fields::new(model::Format::Syslog);
            assert!(fields(line, "nginx", &mut out), "{line}");
            for (name, value) in expected {
                assert_eq!(out.text(name).unwrap_or_default(), *value, "{name} of {line}");
            }
        };
        check(
            r#"192.0.2.1 - alice [10/Oct/2000:13:55:36 -0700] "GET /a/b.php?id=1 HTTP/1.1" 200 2326 "http://www.example.com/" "Mozilla/5.0 \"x\"""#,
            &[
                ("c-ip", "192.0.2.1"),
                ("cs-username", "alice"),
                ("cs-method", "GET"),
                ("c-uri", "/a/b.php?id=1"),
                ("cs-uri-stem", "/a/b.php"),
                ("cs-uri-query", "id=1"),
                ("cs-version", "HTTP/1.1"),
                ("sc-status", "200"),
                ("sc-bytes", "2326"),
                ("cs-referer", "http://www.example.com/"),
                ("cs-user-agent", "Mozilla/5.0 \"x\""),
            ],
        );
        check(
            r#"www.example.com:443 2001:db8::1 - - [10/Oct/2000:13:55:36 +0000] "POST /\"x HTTP/2.0" 404 -"#,
            &[
                ("cs-host", "www.example.com:443"),
                ("c-ip", "2001:db8::1"),
                ("cs-method", "POST"),
                ("c-uri", "/\"x"),
                ("sc-status", "404"),
                ("sc-bytes", ""),
            ],
        );
        check(
            r#"192.0.2.1 - - [10/Oct/2000:13:55:36 +0000] "\x16\x03\x01" 400 150 "-" "-""#,
            &[("cs-method", ""), ("cs-request", r"\x16\x03\x01"), ("sc-status", "400"), ("cs-user-agent", "")],
        );
    }

    #[test]
    fn other_lines_are_left() {
        assert!(!begins("192.0.2.1 - - [yesterday] \"GET / HTTP/1.0\" 200 1"));
        assert!(!begins("[10/Oct/2000:13:55:36 +0000] \"GET"));
        assert!(!begins(""));
    }

    #[test]
    fn urls_are_taken_apart() {
        let found = url("http://user@www.example.com:8080/a?b=c", None);
        assert_eq!(
            (found.scheme.as_deref(), found.hostname.as_deref(), found.port),
            (Some("http"), Some("www.example.com"), Some(8080))
        );
        assert_eq!((found.path.as_deref(), found.query_string.as_deref()), (Some("/a"), Some("b=c")));
        assert_eq!(url("/a", Some("h")).hostname.as_deref(), Some("h"));
        assert_eq!(url("/a", None).url_string, None);
    }
}
