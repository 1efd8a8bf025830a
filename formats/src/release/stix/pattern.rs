//! The pattern of an indicator: STIX 2.1, section 9.
//!
//! Plain equality wherever it says what is meant, because that is what others compare and look up. A range is `ISSUBSET`. A URL
//! without scheme stands for both that the web has; a path is what an HTTP request asks for.

use std::net::{IpAddr, SocketAddr};

use super::super::value::{Hash, Range, Value, without_scheme};

pub(super) fn of(value: Value<'_>) -> String {
    match value {
        Value::Address(address) => format!("[{}:value = '{address}']", address_type(address)),
        Value::Range(Range { start, length }) => {
            format!("[{}:value ISSUBSET '{start}/{length}']", address_type(start))
        }
        Value::Socket(socket) => of_socket(socket),
        Value::Domain(name) => format!("[domain-name:value = {}]", literal(name)),
        Value::Url(url) => of_url(url),
        Value::Path(path) => {
            format!("[network-traffic:extensions.'http-request-ext'.request_value = {}]", literal(path))
        }
        Value::Hash(hash, digits) => format!("[file:hashes.{} = '{digits}']", hash_name(hash)),
        Value::Email(address) => format!("[email-addr:value = {}]", literal(address)),
    }
}

pub(super) fn address_type(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" }
}

/// Names of the vocabulary `hash-algorithm-ov` (section 10.7), quoted where a dash would end them.
fn hash_name(hash: Hash) -> &'static str {
    match hash {
        Hash::Md5 => "MD5",
        Hash::Sha1 => "'SHA-1'",
        Hash::Sha256 => "'SHA-256'",
        Hash::Sha512 => "'SHA-512'",
    }
}

fn of_socket(socket: SocketAddr) -> String {
    let (address, port) = (socket.ip(), socket.port());
    let kind = address_type(address);
    format!(
        "[network-traffic:dst_ref.type = '{kind}' AND network-traffic:dst_ref.value = '{address}' AND network-traffic:dst_port = {port}]"
    )
}

fn of_url(url: &str) -> String {
    if without_scheme(url).len() < url.len() {
        return format!("[url:value = {}]", literal(url));
    }
    let plain = literal(&format!("http://{}", without_port(url, ":80")));
    let secure = literal(&format!("https://{}", without_port(url, ":443")));
    format!("[url:value = {plain} OR url:value = {secure}]")
}

/// A URL without scheme and without the port that its scheme stands for anyway.
fn without_port(url: &str, port: &str) -> String {
    let end = url.find(['/', '?']).unwrap_or(url.len());
    let (authority, path) = url.split_at(end);
    format!("{}{path}", authority.strip_suffix(port).unwrap_or(authority))
}

/// A text as the pattern grammar wants it: in apostrophes, with `'` and `\` escaped (section 9.2, string literals).
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::IndicatorKind::{self, *};

    #[track_caller]
    fn check(kind: IndicatorKind, value: &str, expected: &str) {
        assert_eq!(Value::read(kind, value).map(of).as_deref(), Some(expected));
    }

    #[test]
    fn patterns() {
        check(Ipv4, "192.0.2.7", "[ipv4-addr:value = '192.0.2.7']");
        check(Ipv6, "2001:db8::1", "[ipv6-addr:value = '2001:db8::1']");
        check(Cidr, "10.0.0.0/8", "[ipv4-addr:value ISSUBSET '10.0.0.0/8']");
        check(Cidr, "fe80::/10", "[ipv6-addr:value ISSUBSET 'fe80::/10']");
        check(
            IpPort,
            "[2001:db8::1]:443",
            "[network-traffic:dst_ref.type = 'ipv6-addr' AND network-traffic:dst_ref.value = '2001:db8::1' AND network-traffic:dst_port = 443]",
        );
        check(Domain, "evil.example", "[domain-name:value = 'evil.example']");
        check(Url, "https://evil.example/it's", "[url:value = 'https://evil.example/it\\'s']");
        check(
            Url,
            "evil.example:443/a",
            "[url:value = 'http://evil.example:443/a' OR url:value = 'https://evil.example/a']",
        );
        check(UrlPath, "/a\\b'c", "[network-traffic:extensions.'http-request-ext'.request_value = '/a\\\\b\\'c']");
        check(FileHash, "44d88612fea8a8f36de82e1278abb02f", "[file:hashes.MD5 = '44d88612fea8a8f36de82e1278abb02f']");
        check(
            FileHash,
            "3395856ce81f2b7382dee72602f798b642f14140",
            "[file:hashes.'SHA-1' = '3395856ce81f2b7382dee72602f798b642f14140']",
        );
        check(Email, "o'neil@evil.example", "[email-addr:value = 'o\\'neil@evil.example']");
    }
}
