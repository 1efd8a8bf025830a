//! A response policy zone: draft-vixie-dnsop-dns-rpz-00, and the text of a zone as RFC 1035, section 5, has it.
//!
//! | indicator | owner names | section of the draft |
//! |---|---|---|
//! | domain | the name, and `*.` in front of it for its subdomains | 4.2 |
//! | address, range | `length.octets-backwards.rpz-ip`, IPv6 with `zz` for the longest run of zeros | 4.3 |
//!
//! URLs, paths and addresses with a port are narrower than a whole name or address and are left out rather than widened.
//! [`owners`] gives the names alone, for a server that sends the zone itself.
//!
//! Deliberately absent: triggers by client (`rpz-client-ip`) and by name server (`rpz-nsdname`, `rpz-nsip`).

use std::io::{self, Write};
use std::net::{IpAddr, Ipv6Addr};

use super::sieve::{Use, Why, Written, admit};
use super::value::{NAME_BYTES_MAX, Value};
use super::{Release, Released};

/// What a resolver does with a name that is listed (section 3 of the draft).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Says that there is no such name.
    #[default]
    NxDomain,
    /// Says that the name has no such record.
    NoData,
    /// Says nothing.
    Drop,
    /// Answers as if it were not listed: for lists of exceptions.
    PassThru,
    /// Makes the client ask again over TCP.
    TcpOnly,
    /// Leads to another name, for example of a page that explains.
    Redirect(String),
}

impl Action {
    /// The target of the CNAME record that says it.
    pub fn target(&self) -> String {
        match self {
            Action::NxDomain => ".".to_owned(),
            Action::NoData => "*.".to_owned(),
            Action::Drop => "rpz-drop.".to_owned(),
            Action::PassThru => "rpz-passthru.".to_owned(),
            Action::TcpOnly => "rpz-tcp-only.".to_owned(),
            Action::Redirect(name) => format!("{}.", name.trim_end_matches('.')),
        }
    }
}

/// A zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its name, without the dot at the end.
    pub name: String,
    /// The number of this version (RFC 1982).
    pub serial: u32,
    /// What is done with what it lists.
    pub action: Action,
    /// How long a resolver may keep a record, in seconds.
    pub ttl_seconds: u32,
}

pub(super) fn write(
    zone: &Zone,
    release: &Release,
    indicators: &mut dyn Iterator<Item = Released>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let mut written = Written::default();
    let Zone { name, serial, ttl_seconds, .. } = zone;
    let name = name.trim_end_matches('.');
    writeln!(out, "; {}", release.title_line())?;
    writeln!(out, "$TTL {ttl_seconds}\n$ORIGIN {name}.")?;
    writeln!(out, "@ SOA localhost. hostmaster.localhost. {serial} 300 60 604800 {ttl_seconds}\n@ NS localhost.")?;
    let target = zone.action.target();
    for released in indicators {
        let Some(value) = admit(&mut written, Use::Block, release, &released) else { continue };
        match owners_of(value, name) {
            Ok(owners) => {
                for owner in owners.iter() {
                    writeln!(out, "{owner} CNAME {target}")?;
                }
                written.written += 1;
                if owners.lacks_subdomains {
                    written.narrow(Why::NameTooLong, &released);
                }
            }
            Err(why) => written.leave(why.unwrap_or(Why::Kind(released.kind)), &released),
        }
    }
    Ok(written)
}

/// The owner names of one indicator, relative to the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    first: String,
    wildcard: Option<String>,
    /// A domain whose wildcard would be too long a name: its subdomains are not listed.
    pub lacks_subdomains: bool,
}

impl Owners {
    /// The names, one or two.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.first.as_str()).chain(self.wildcard.as_deref())
    }
}

/// The owner names under which a zone of that name lists an indicator.
///
/// # Errors
/// Why the zone cannot carry it; validity is judged as by [`super::write`].
pub fn owners(released: &Released, release: &Release, zone_name: &str) -> Result<Owners, Why> {
    let mut written = Written::default();
    match admit(&mut written, Use::Block, release, released) {
        Some(value) => {
            owners_of(value, zone_name.trim_end_matches('.')).map_err(|why| why.unwrap_or(Why::Kind(released.kind)))
        }
        None => Err(written.left.first().map_or(Why::Malformed, |left| left.why)),
    }
}

/// Labels that make a name a trigger of another kind, or that a later draft may make one.
fn is_reserved(name: &str) -> bool {
    name.split('.').any(|label| label.starts_with("rpz-"))
}

fn owners_of(value: Value<'_>, zone_name: &str) -> Result<Owners, Option<Why>> {
    // RFC 1035, section 2.3.4: with the dot in between both together.
    let room = NAME_BYTES_MAX.saturating_sub(zone_name.len() + 1);
    let fits = |name: String| if name.len() <= room { Ok(name) } else { Err(Some(Why::NameTooLong)) };
    let one = |name: String| fits(name).map(|first| Owners { first, wildcard: None, lacks_subdomains: false });
    match value {
        Value::Domain(name) if is_reserved(name) => Err(Some(Why::Reserved)),
        Value::Domain(name) => {
            let first = fits(name.to_owned())?;
            let wildcard = fits(format!("*.{name}")).ok();
            let lacks_subdomains = wildcard.is_none();
            Ok(Owners { first, wildcard, lacks_subdomains })
        }
        Value::Address(address) => one(trigger(address, if address.is_ipv4() { 32 } else { 128 })),
        Value::Range(range) => one(trigger(range.start, range.length)),
        Value::Socket(_) | Value::Url(_) | Value::Path(_) | Value::Hash(..) | Value::Email(_) => Err(None),
    }
}

fn trigger(address: IpAddr, length: u8) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{length}.{d}.{c}.{b}.{a}.rpz-ip")
        }
        IpAddr::V6(address) => format!("{length}.{}.rpz-ip", backwards(address)),
    }
}

/// The words of an address from the last to the first; the longest run of two zeros or more, of equal ones the first, as `zz`.
fn backwards(address: Ipv6Addr) -> String {
    let words = address.segments();
    let mut longest = 0..0;
    let mut start = 0;
    for at in 0..=words.len() {
        if words.get(at) == Some(&0) {
            continue;
        }
        if at - start > longest.len().max(1) {
            longest = start..at;
        }
        start = at + 1;
    }
    let mut labels = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        if at == longest.start && !longest.is_empty() {
            labels.push("zz".to_owned());
        } else if !longest.contains(&at) {
            labels.push(format!("{word:x}"));
        }
    }
    labels.reverse();
    labels.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::IndicatorKind::{self, *};

    #[track_caller]
    fn check(kind: IndicatorKind, value: &str, expected: Result<&[&str], Option<Why>>) {
        let read = Value::read(kind, value).map(|value| owners_of(value, "rpz.example"));
        let names = read.unwrap().map(|owners| owners.iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(names, expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect()), "{value}");
    }

    #[test]
    fn triggers() {
        check(Domain, "evil.example", Ok(&["evil.example", "*.evil.example"]));
        check(Domain, "32.1.0.0.10.rpz-client-ip", Err(Some(Why::Reserved)));
        check(Ipv4, "192.0.2.1", Ok(&["32.1.2.0.192.rpz-ip"]));
        check(Cidr, "10.0.0.0/8", Ok(&["8.0.0.0.10.rpz-ip"]));
        check(Ipv6, "2001:db8::1", Ok(&["128.1.zz.db8.2001.rpz-ip"]));
        check(Ipv6, "2001:db8:0:0:1::", Ok(&["128.zz.1.0.0.db8.2001.rpz-ip"]));
        check(Ipv6, "2001::1:0:0:1:1", Ok(&["128.1.1.0.0.1.zz.2001.rpz-ip"]));
        check(Ipv6, "2001:db8:0:1:1:1:1:1", Ok(&["128.1.1.1.1.1.0.db8.2001.rpz-ip"]));
        check(Ipv6, "::", Ok(&["128.zz.rpz-ip"]));
        check(Cidr, "fe80::/10", Ok(&["10.zz.fe80.rpz-ip"]));
        check(IpPort, "192.0.2.1:80", Err(None));
        check(Url, "http://evil.example/", Err(None));
    }

    #[test]
    fn the_longest_name_has_255_bytes_on_the_wire() {
        let name = |length: usize| {
            let labels = "a".repeat(61) + "." + &"b".repeat(61) + "." + &"c".repeat(61) + ".";
            labels.clone() + &"d".repeat(length - labels.len())
        };
        // 253 less the zone's 11 and a dot; two less for the wildcard.
        check(Domain, &name(239), Ok(&[&name(239), &format!("*.{}", name(239))]));
        check(Domain, &name(241), Ok(&[&name(241)]));
        check(Domain, &name(242), Err(Some(Why::NameTooLong)));
    }
}
