//! Simple patterns as indicators, which `detect` looks up by the million.
//!
//! A pattern is simple when it is one test, or tests joined by `OR`, of values that the index knows: `=` and `IN` on
//! addresses, names, URLs, hashes and e-mail addresses, `ISSUBSET` on addresses, and an address together with a port as where
//! traffic goes. All of it or nothing is lowered: an alternative that fell out would be missed in silence. Qualifiers,
//! negations and `AND` otherwise narrow a pattern, and the index would find too much.
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
            found.push(socket(children)?);
            Some(())
        }
    }
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

fn of_value(path: &ObjectPath, value: &str) -> Option<(IndicatorKind, String)> {
    let of = |kind: IndicatorKind| normal(kind, value).map(|value| (kind, value));
    match path.object_type.as_str() {
        "ipv4-addr" | "ipv6-addr" if is_value(path) => of_address(value, &path.object_type),
        "domain-name" if is_value(path) => of(IndicatorKind::Domain),
        "url" if is_value(path) => of(IndicatorKind::Url),
        "email-addr" if is_value(path) => of(IndicatorKind::Email),
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

/// `dst_ref.value = address AND dst_port = port`, in either order.
fn socket(children: &[Comparison]) -> Option<(IndicatorKind, String)> {
    let [Comparison::Test(one), Comparison::Test(other)] = children else { return None };
    let (address, port) = if is_port(one) { (other, one) } else { (one, other) };
    let is_address =
        matches!(&*address.path.steps, [Step::Key(to), Step::Key(value)] if to == "dst_ref" && value == "value");
    if !is_address || !is_port(port) || address.path.object_type != "network-traffic" {
        return None;
    }
    let [address] = *equal_texts(address)? else { return None };
    let Operation::Compare(Relation::Equal, Literal::Integer(port)) = port.operation else { return None };
    let port = u16::try_from(port).ok()?;
    let text = if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") };
    normal(IndicatorKind::IpPort, &text).map(|value| (IndicatorKind::IpPort, value))
}

fn is_port(test: &Test) -> bool {
    let is_path = matches!(&*test.path.steps, [Step::Key(name)] if name == "dst_port");
    is_path && test.path.object_type == "network-traffic" && !test.negated
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
            "[network-traffic:dst_ref.value = '192.0.2.7']",
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
