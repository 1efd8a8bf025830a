//! What the types of attributes are here (MISP core format, section 2.4.2.3 and the list of `describeTypes`).

use model::IndicatorKind::{self, Cidr, Domain, Email, FileHash, IpPort, Ipv4, Ipv6, Url, UrlPath};
use model::limits::{INDICATOR_VALUE_BYTES_MAX, INTEL_NAME_BYTES_MAX, INTEL_PATTERN_BYTES_MAX};

use crate::Trouble;
use crate::intel::What;
use crate::intel::object::cut;

/// One thing that a value names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Thing {
    What(What),
    /// `CVE-…`.
    Vulnerability(String),
}

/// Types whose value is a rule, and its language.
const RULES: [(&str, &str); 7] = [
    ("yara", "yara"),
    ("sigma", "sigma"),
    ("snort", "snort"),
    ("suricata", "suricata"),
    ("bro", "zeek"),
    ("zeek", "zeek"),
    ("stix2-pattern", "stix"),
];

/// All that a value of that type names. A type that is not known here is a thing of that sort, to be kept and not looked for.
pub(super) fn things(sort: &str, value: &str) -> Result<Vec<Thing>, Trouble> {
    if value.is_empty() {
        return Err(Trouble::malformed(format!("an attribute of type {} without a value", cut(sort, 64))));
    }
    if let Some((_, language)) = RULES.iter().find(|(known, _)| *known == sort) {
        limit(value, INTEL_PATTERN_BYTES_MAX)?;
        let (language, text) = ((*language).to_owned(), value.to_owned());
        return Ok(vec![Thing::What(What::Pattern { language, text })]);
    }
    if let Some((first, second)) = sort.split_once('|') {
        return composite(sort, (first, second), value);
    }
    // A sample's value is the name of the file and its MD5, an attachment's the name alone.
    if sort == "malware-sample" && value.contains('|') {
        return composite(sort, ("filename", "md5"), value);
    }
    Ok(vec![one(sort, value)?])
}

fn limit(value: &str, bytes_max: usize) -> Result<(), Trouble> {
    let length = value.len();
    let is_within = length <= bytes_max;
    is_within
        .then_some(())
        .ok_or_else(|| Trouble::too_large(format!("a value of {length} bytes, at most {bytes_max} are read")))
}

/// `filename|sha256`, `domain|ip`, `ip-dst|port`, …: two things, or one with a port.
fn composite(sort: &str, (first, second): (&str, &str), value: &str) -> Result<Vec<Thing>, Trouble> {
    // What cannot hold the separator stands behind it, except behind a name of a registry's key.
    let parts = if first == "regkey" { value.split_once('|') } else { value.rsplit_once('|') };
    // MISP itself takes a colon for an address and a port, too.
    let parts = parts.or_else(|| (second == "port").then(|| value.rsplit_once(':')).flatten());
    let Some((left, right)) = parts.map(|(left, right)| (left.trim(), right.trim())) else {
        return Err(Trouble::malformed(format!("a value of type {} without `|`", cut(sort, 64))));
    };
    match (first, second) {
        (_, "port") if right.parse::<u16>().is_err() => Err(Trouble::malformed("the port should be 0 to 65535")),
        ("ip-src" | "ip-dst", "port") => {
            let joined = if left.contains(':') { format!("[{left}]:{right}") } else { format!("{left}:{right}") };
            Ok(vec![of_kind(IpPort, &joined)?])
        }
        ("hostname" | "domain", "port") => Ok(vec![of_kind(Url, &format!("{left}:{right}"))?]),
        ("regkey", _) => Ok(vec![other("regkey", left)?, other("regkey-value", right)?]),
        ("domain" | "hostname", "ip") => Ok(vec![one("domain", left)?, one("ip-dst", right)?]),
        _ => Ok(vec![one(first, left)?, one(second, right)?]),
    }
}

/// A value that names one thing.
fn one(sort: &str, value: &str) -> Result<Thing, Trouble> {
    let kind = match sort {
        "md5" | "sha1" | "sha256" | "sha512" => FileHash,
        "ip-src" | "ip-dst" | "ip" if value.contains('/') => Cidr,
        "ip-src" | "ip-dst" | "ip" if value.contains(':') => Ipv6,
        "ip-src" | "ip-dst" | "ip" => Ipv4,
        "domain" | "hostname" => Domain,
        "email" | "email-src" | "email-dst" | "email-reply-to" => Email,
        "url" | "link" => Url,
        "uri" if value.starts_with('/') => UrlPath,
        "uri" => Url,
        "vulnerability" => return Ok(Thing::Vulnerability(cut(value, INTEL_NAME_BYTES_MAX).to_uppercase())),
        _ => return other(sort, value),
    };
    of_kind(kind, value)
}

fn of_kind(kind: IndicatorKind, value: &str) -> Result<Thing, Trouble> {
    limit(value, INDICATOR_VALUE_BYTES_MAX)?;
    Ok(Thing::What(What::Value { kind: Some(kind), value: value.to_owned() }))
}

/// Something that nothing here looks for: its beginning is enough to know it again.
fn other(sort: &str, value: &str) -> Result<Thing, Trouble> {
    let value = cut(value, INDICATOR_VALUE_BYTES_MAX).to_owned();
    Ok(Thing::What(What::Other { sort: cut(sort, 64).to_owned(), value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sort: &str, value: &str, expected: &[&str]) {
        let one = |thing: Thing| match thing {
            Thing::What(What::Value { kind, value }) => format!("{} {value}", kind.map_or("?", IndicatorKind::name)),
            Thing::What(What::Pattern { language, text }) => format!("rule {language} {text}"),
            Thing::What(What::Other { sort, value }) => format!("other {sort} {value}"),
            Thing::Vulnerability(id) => format!("weak {id}"),
        };
        let found = match things(sort, value) {
            Ok(things) => things.into_iter().map(one).collect(),
            Err(trouble) => vec![format!("! {}", trouble.detail)],
        };
        assert_eq!(found, expected, "{sort}");
    }

    #[test]
    fn types() {
        check("ip-src", "192.0.2.7", &["ipv4 192.0.2.7"]);
        check("ip-dst", "2001:db8::/32", &["cidr 2001:db8::/32"]);
        check("ip-dst|port", "2001:db8::1|80", &["ip-port [2001:db8::1]:80"]);
        check("ip-dst|port", "192.0.2.7:80", &["ip-port 192.0.2.7:80"]);
        check("ip-dst|port", "192.0.2.7|99999", &["! the port should be 0 to 65535"]);
        check("hostname|port", "a.example|8080", &["url a.example:8080"]);
        check("domain|ip", "a.example|192.0.2.7", &["domain a.example", "ipv4 192.0.2.7"]);
        check("filename|sha256", "a|b.exe|00ff", &["other filename a|b.exe", "file-hash 00ff"]);
        check("filename|imphash", "a|00ff", &["other filename a", "other imphash 00ff"]);
        check("malware-sample", "a.exe|00ff", &["other filename a.exe", "file-hash 00ff"]);
        check("regkey|value", "HKLM\\x|a|b", &["other regkey HKLM\\x", "other regkey-value a|b"]);
        check("uri", "/x", &["url-path /x"]);
        check("email-src", "a@b.example", &["email a@b.example"]);
        check("vulnerability", "cve-2024-1", &["weak CVE-2024-1"]);
        check("sigma", "title: x", &["rule sigma title: x"]);
        check("sha224", "00ff", &["other sha224 00ff"]);
        check("something-new", "x", &["other something-new x"]);
        check("domain|ip", "a.example", &["! a value of type domain|ip without `|`"]);
        check("domain", "", &["! an attribute of type domain without a value"]);
        let long = "x".repeat(INDICATOR_VALUE_BYTES_MAX + 1);
        check("domain", &long, &["! a value of 4097 bytes, at most 4096 are read"]);
        check("text", &long, &[&format!("other text {}", &long[1..])]);
    }
}
