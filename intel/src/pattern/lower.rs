//! Simple patterns as indicators, which `detect` looks up by the million.
//!
//! A pattern is simple when it is one test, or tests joined by `OR`, of values that the index knows: `=` and `IN` on
//! addresses, names, URLs, hashes and e-mail addresses, `ISSUBSET` on addresses, an end of traffic (`dst_ref.value`, perhaps with
//! its type), with the port that it goes to if that is said, and a file with its hashes. All of it or nothing is lowered: an
//! alternative that fell out would be missed in silence. Qualifiers, negations and `AND` otherwise narrow a pattern, and the index
//! would find too much.
//!
//! Two things are given up on purpose, because feeds mean them so (`misp-stix` writes every address of MISP as an end of traffic):
//! the index does not know from which end an address is, nor what a file with that hash is called.
//!
//! An equality with a range, `ipv4-addr:value = '198.51.100.0/24'`, is lowered to the range: STIX 2.1, section 6.5, has
//! ranges as values of addresses, and feeds mean what is inside. A domain names its subdomains in the index, too.

use detect::indicators::normal;
use model::IndicatorKind;

use super::Pattern;
use super::ast::{Comparison, Expression, Literal, ObjectPath, Operation, Relation, Step, Test};

/// The indicators that a simple pattern comes to, in normal form, each once; `None` for one that is not simple.
///
/// ```
/// use intel::pattern::{Pattern, lower};
/// use model::IndicatorKind::{Domain, IpPort};
/// let of = |text: &str| Pattern::parse(text).ok().and_then(|pattern| lower(&pattern));
/// assert_eq!(of("[domain-name:value = 'Evil.Example.']"), Some(vec![(Domain, "evil.example".into())]));
/// let sent = "[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:dst_port = 443]";
/// assert_eq!(of(sent), Some(vec![(IpPort, "192.0.2.7:443".into())]));
/// assert_eq!(of("[domain-name:value != 'evil.example']"), None);
/// ```
pub fn lower(pattern: &Pattern) -> Option<Vec<(IndicatorKind, String)>> {
    let mut found = Vec::new();
    of_expression(&pattern.expression, &mut found)?;
    let mut seen = rustc_hash::FxHashSet::default();
    found.retain(|indicator| seen.insert(indicator.clone()));
    (!found.is_empty()).then_some(found)
}

type Found = Vec<(IndicatorKind, String)>;

fn of_expression(expression: &Expression, found: &mut Found) -> Option<()> {
    match expression {
        Expression::Test(comparison) => of_comparison(comparison, found),
        Expression::Any(children) => children.iter().try_for_each(|child| of_expression(child, found)),
        Expression::All(_) | Expression::Sequence(_) | Expression::Qualified(..) => None,
    }
}

fn of_comparison(comparison: &Comparison, found: &mut Found) -> Option<()> {
    match comparison {
        Comparison::Test(test) => of_test(test, found),
        Comparison::Any(children) => children.iter().try_for_each(|child| of_comparison(child, found)),
        Comparison::All(children) => {
            let tests: Vec<&Test> = children.iter().map(single).collect::<Option<_>>()?;
            let is_all = |name: &str| tests.iter().all(|test| test.path.object_type == name);
            match () {
                () if is_all("network-traffic") => found.push(of_traffic(&tests)?),
                () if is_all("file") => found.extend(of_file(&tests)?),
                () => return None,
            }
            Some(())
        }
    }
}

fn single(comparison: &Comparison) -> Option<&Test> {
    if let Comparison::Test(test) = comparison { Some(test) } else { None }
}

fn of_test(test: &Test, found: &mut Found) -> Option<()> {
    if let Operation::IsSubset(range) = &test.operation {
        let is_address = matches!(test.path.object_type.as_str(), "ipv4-addr" | "ipv6-addr") && is_value(&test.path);
        if test.negated || !is_address || !range.contains('/') {
            return None;
        }
        found.push(of_address(range, &test.path.object_type)?);
        return Some(());
    }
    if test.path.object_type == "network-traffic" {
        found.push(of_traffic(&[test])?);
        return Some(());
    }
    for value in equal_texts(test)? {
        found.push(of_value(&test.path, value)?);
    }
    Some(())
}

/// The texts of which one has to stand there.
fn equal_texts(test: &Test) -> Option<Vec<&str>> {
    let literals = match (&test.operation, test.negated) {
        (Operation::Compare(Relation::Equal, literal), false) => std::slice::from_ref(literal),
        (Operation::Compare(Relation::NotEqual, literal), true) => std::slice::from_ref(literal),
        (Operation::In(literals), false) => literals,
        _ => return None,
    };
    literals.iter().map(|literal| if let Literal::Text(text) = literal { Some(text.as_str()) } else { None }).collect()
}

/// The path is `value` and nothing else.
fn is_value(path: &ObjectPath) -> bool {
    matches!(&*path.steps, [Step::Key(name)] if name == "value")
}

/// The path is the address of whom a message came from or went to.
fn is_correspondent(path: &ObjectPath) -> bool {
    let (name, is_list) = match &*path.steps {
        [Step::Key(name), Step::Key(value)] if value == "value" => (name, false),
        [Step::Key(name), Step::Each, Step::Key(value)] if value == "value" => (name, true),
        _ => return false,
    };
    match name.as_str() {
        "from_ref" | "sender_ref" => !is_list,
        "to_refs" | "cc_refs" | "bcc_refs" => is_list,
        _ => false,
    }
}

fn of_value(path: &ObjectPath, value: &str) -> Option<(IndicatorKind, String)> {
    let of = |kind: IndicatorKind| normal(kind, value).map(|value| (kind, value));
    match path.object_type.as_str() {
        "ipv4-addr" | "ipv6-addr" if is_value(path) => of_address(value, &path.object_type),
        "domain-name" if is_value(path) => of(IndicatorKind::Domain),
        "url" if is_value(path) => of(IndicatorKind::Url),
        "email-addr" if is_value(path) => of(IndicatorKind::Email),
        "email-message" if is_correspondent(path) => of(IndicatorKind::Email),
        "file" => {
            let [Step::Key(hashes), Step::Key(algorithm)] = &*path.steps else { return None };
            if hashes != "hashes" || digits_of(algorithm)? != value.trim().len() {
                return None;
            }
            of(IndicatorKind::FileHash)
        }
        _ => None,
    }
}

/// How many hexadecimal digits a hash of that name has, if the index knows it (STIX 2.1, section 10.7, `hash-algorithm-ov`).
fn digits_of(algorithm: &str) -> Option<usize> {
    let plain: String = algorithm.chars().filter(|c| *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    match plain.as_str() {
        "MD5" => Some(32),
        "SHA1" => Some(40),
        "SHA256" => Some(64),
        "SHA512" => Some(128),
        _ => None,
    }
}

/// An address or a range, of the family that its type says.
fn of_address(value: &str, object_type: &str) -> Option<(IndicatorKind, String)> {
    let is_v6 = value.contains(':');
    if is_v6 != (object_type == "ipv6-addr") {
        return None;
    }
    let Some((start, length)) = value.split_once('/') else {
        let kind = if is_v6 { IndicatorKind::Ipv6 } else { IndicatorKind::Ipv4 };
        // An IPv4 address inside IPv6 has its normal form among the IPv4 addresses.
        let other = IndicatorKind::Ipv4;
        return [kind, other].into_iter().find_map(|kind| normal(kind, value).map(|value| (kind, value)));
    };
    match (length, is_v6) {
        ("32", false) | ("128", true) => of_address(start, object_type),
        // Everything is no indicator.
        ("0", _) => None,
        _ => normal(IndicatorKind::Cidr, value).map(|value| (IndicatorKind::Cidr, value)),
    }
}

/// Traffic with one end, as what that end is: `dst_ref.value = address`, perhaps with its type, and with the port that it goes to.
fn of_traffic(tests: &[&Test]) -> Option<(IndicatorKind, String)> {
    let (mut end, mut object_type, mut port) = (None, None, None);
    for test in tests.iter().filter(|test| test.path.object_type == "network-traffic") {
        let is_new = match &*test.path.steps {
            [Step::Key(name), Step::Key(value)] if value == "value" => {
                let [text] = *equal_texts(test)? else { return None };
                end.replace((name.as_str(), text)).is_none()
            }
            [Step::Key(name), Step::Key(kind)] if kind == "type" => {
                let [text] = *equal_texts(test)? else { return None };
                object_type.replace((name.as_str(), text)).is_none()
            }
            [Step::Key(name)] => port.replace((name.as_str(), equal_port(test)?)).is_none(),
            _ => return None,
        };
        if !is_new {
            return None;
        }
    }
    let (name, value) = end.filter(|(name, _)| matches!(*name, "src_ref" | "dst_ref"))?;
    let stated = match object_type {
        Some((of, stated)) if of == name => Some(stated),
        Some(_) => return None,
        None => None,
    };
    let found = match stated {
        Some("domain-name") => (IndicatorKind::Domain, normal(IndicatorKind::Domain, value)?),
        Some(family @ ("ipv4-addr" | "ipv6-addr")) => of_address(value, family)?,
        Some(_) => return None,
        None => of_address(value, if value.contains(':') { "ipv6-addr" } else { "ipv4-addr" })?,
    };
    let Some((of, port)) = port else { return Some(found) };
    if of != "dst_port" || name != "dst_ref" {
        return None;
    }
    let socket = match found {
        (IndicatorKind::Ipv6, value) => format!("[{value}]:{port}"),
        (IndicatorKind::Ipv4, value) => format!("{value}:{port}"),
        _ => return None,
    };
    normal(IndicatorKind::IpPort, &socket).map(|value| (IndicatorKind::IpPort, value))
}

/// A port, as a number or, as some write it, as a text.
fn equal_port(test: &Test) -> Option<u16> {
    match (&test.operation, test.negated) {
        (Operation::Compare(Relation::Equal, Literal::Integer(number)), false) => u16::try_from(*number).ok(),
        (Operation::Compare(Relation::Equal, Literal::Text(text)), false) => text.parse().ok(),
        _ => None,
    }
}

/// A file by its hashes: whatever else is said of it, a hash says which it is.
fn of_file(tests: &[&Test]) -> Option<Found> {
    let mut found = Vec::new();
    for test in tests {
        match &*test.path.steps {
            [Step::Key(hashes), Step::Key(algorithm)] if hashes == "hashes" => {
                let [text] = *equal_texts(test)? else { return None };
                // Hashes that the index does not know say less than those that it does.
                if digits_of(algorithm).is_some() {
                    found.push(of_value(&test.path, text)?);
                }
            }
            [Step::Key(name)] if matches!(name.as_str(), "name" | "size" | "mime_type") && !test.negated => {}
            _ => return None,
        }
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use IndicatorKind::{Cidr, Domain, Email, FileHash, IpPort, Ipv4, Ipv6, Url};

    fn check(text: &str, expected: &[(IndicatorKind, &str)]) {
        let found = lower(&Pattern::parse(text).unwrap());
        let expected: Vec<_> = expected.iter().map(|(kind, value)| (*kind, (*value).to_owned())).collect();
        assert_eq!(found.unwrap_or_default(), expected, "{text}");
    }

    #[test]
    fn simple_patterns() {
        let md5 = "44d88612fea8a8f36de82e1278abb02f";
        check("[ipv4-addr:value = '192.0.2.7']", &[(Ipv4, "192.0.2.7")]);
        check("[ipv4-addr:value NOT != '192.0.2.7/32']", &[(Ipv4, "192.0.2.7")]);
        check("[ipv4-addr:value = '192.0.2.7/24']", &[(Cidr, "192.0.2.0/24")]);
        check("[ipv4-addr:value ISSUBSET '192.0.2.7/24']", &[(Cidr, "192.0.2.0/24")]);
        check("[ipv6-addr:value = '2001:DB8::1']", &[(Ipv6, "2001:db8::1")]);
        check("[ipv6-addr:value = '::ffff:192.0.2.7']", &[(Ipv4, "192.0.2.7")]);
        check("[ipv6-addr:value ISSUBSET '2001:db8::/32']", &[(Cidr, "2001:db8::/32")]);
        check(
            "[domain-name:value IN ('a.example', 'B.example', 'a.example')]",
            &[(Domain, "a.example"), (Domain, "b.example")],
        );
        check(
            "[domain-name:'value' = 'a.example' OR url:value = 'http://a.example']",
            &[(Domain, "a.example"), (Url, "http://a.example/")],
        );
        check(
            "[email-addr:value = 'A@b.example'] OR ([domain-name:value = 'c.example'])",
            &[(Email, "a@b.example"), (Domain, "c.example")],
        );
        check(&format!("[file:hashes.MD5 = '{}']", md5.to_uppercase()), &[(FileHash, md5)]);
        check(&format!("[file:hashes.'md5' = '{md5}']"), &[(FileHash, md5)]);
        let port = "network-traffic:dst_port = 443";
        check(&format!("[network-traffic:dst_ref.value = '2001:db8::1' AND {port}]"), &[(IpPort, "[2001:db8::1]:443")]);
        check(&format!("[{port} AND network-traffic:dst_ref.value = '192.0.2.7']"), &[(IpPort, "192.0.2.7:443")]);
        let (end, kind) = ("network-traffic:dst_ref.value = '192.0.2.7'", "network-traffic:dst_ref.type = 'ipv4-addr'");
        check(&format!("[{end}]"), &[(Ipv4, "192.0.2.7")]);
        check(&format!("[{kind} AND {end}]"), &[(Ipv4, "192.0.2.7")]);
        check(&format!("[{kind} AND {end} AND network-traffic:dst_port = '443']"), &[(IpPort, "192.0.2.7:443")]);
        check("[network-traffic:src_ref.value = '192.0.2.0/24']", &[(Cidr, "192.0.2.0/24")]);
        check(
            "[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = 'A.example']",
            &[(Domain, "a.example")],
        );
        check("[email-message:from_ref.value = 'A@b.example']", &[(Email, "a@b.example")]);
        check("[email-message:to_refs[*].value = 'a@b.example']", &[(Email, "a@b.example")]);
        let sha1 = "3395856ce81f2b7382dee72602f798b642f14140";
        check(
            &format!(
                "[file:name = 'a.exe' AND file:hashes.MD5 = '{md5}' AND file:hashes.'SHA-1' = '{sha1}' AND file:size = 68]"
            ),
            &[(FileHash, md5), (FileHash, sha1)],
        );
    }

    #[test]
    fn what_is_not_simple_is_not_lowered_in_part() {
        for text in [
            "[ipv4-addr:value != '192.0.2.7']",
            "[ipv4-addr:value NOT = '192.0.2.7']",
            "[ipv4-addr:value NOT IN ('192.0.2.7')]",
            "[ipv4-addr:value NOT ISSUBSET '192.0.2.0/24']",
            "[ipv4-addr:value ISSUBSET '192.0.2.7']",
            "[ipv4-addr:value ISSUBSET '0.0.0.0/0']",
            "[ipv4-addr:value = '2001:db8::1']",
            "[ipv4-addr:value = 'hello']",
            "[ipv4-addr:value IN ()]",
            "[ipv4-addr:value = 5]",
            "[ipv4-addr:value > '192.0.2.7']",
            "[ipv4-addr:value.x = '192.0.2.7']",
            "[domain-name:value LIKE '%.example']",
            "[domain-name:value = 'a.example' OR domain-name:value LIKE '%.example']",
            "[domain-name:value = 'a.example'] AND [domain-name:value = 'b.example']",
            "[domain-name:value = 'a.example'] OR [domain-name:value = 'b.example'] REPEATS 2 TIMES",
            "[domain-name:value = 'a.example' AND domain-name:x = 1]",
            "[domain-name:value = 'a.example'] START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z'",
            "[file:hashes.'SHA-256' = '44d88612fea8a8f36de82e1278abb02f']",
            "[file:hashes.SSDEEP = '44d88612fea8a8f36de82e1278abb02f']",
            "[file:hashes[*] = '44d88612fea8a8f36de82e1278abb02f']",
            "[file:name = 'a.exe']",
            "[network-traffic:dst_ref.value LIKE '192.0.2.7']",
            "[network-traffic:dst_ref.value = 'a.example']",
            "[network-traffic:dst_ref.value IN ('192.0.2.7', '192.0.2.8')]",
            "[network-traffic:dst_ref.type = 'ipv4-addr']",
            "[network-traffic:dst_ref.type = 'ipv6-addr' AND network-traffic:dst_ref.value = '192.0.2.7']",
            "[network-traffic:src_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.7']",
            "[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:src_ref.value = '192.0.2.8']",
            "[network-traffic:dst_ref.value = '192.0.2.0/24' AND network-traffic:dst_port = 443]",
            "[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:protocols[*] = 'tcp']",
            "[network-traffic:dst_ref.value = '192.0.2.7' AND domain-name:value = 'a.example']",
            "[email-message:subject = 'a@b.example']",
            "[email-message:to_refs[0].value = 'a@b.example']",
            "[file:name = 'a.exe' AND file:size = 5]",
            "[file:hashes.MD5 = '44d88612fea8a8f36de82e1278abb02f' AND file:name NOT = 'a.exe']",
            "[file:hashes.MD5 = '44d88612fea8a8f36de82e1278abb02f' AND file:parent_directory_ref.path = '/tmp']",
            "[file:hashes.SSDEEP = '3:a:b' AND file:name = 'a.exe']",
            "[domain-name:value = 'a.example' AND domain-name:resolves_to_refs[*].value = '192.0.2.7']",
            "[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:dst_port != 443]",
            "[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:dst_port NOT = 443]",
            "[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:dst_port = 70000]",
            "[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:src_port = 443]",
            "[network-traffic:src_ref.value = '192.0.2.7' AND network-traffic:dst_port = 443]",
            "[network-traffic:dst_port = 443 AND network-traffic:dst_port = 443]",
        ] {
            check(text, &[]);
        }
    }
}
