//! A file for `nft -f`: a table with a set of IPv4 and one of IPv6 ranges, nft(8), "Sets".
//!
//! It can be loaded again and again: the table and the sets are added where they are absent, emptied, and filled, in one
//! transaction. Ranges are merged before they are written, so that no two overlap and nft never refuses; of two that do overlap
//! each address keeps the later end. Rules stay the owner's: a rule says `ip saddr @NAME drop` and is not touched.
//!
//! With ends as timeouts `auto-merge` is left out: it would join neighbours with different ends, and the shorter one would
//! count for both. Deliberately absent: addresses with a port, which a set of addresses would widen.

mod spans;

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::sieve::{Use, Why, Written, admit};
use super::value::{Range, Value, mask4, mask6};
use super::{Release, Released};
use spans::{FOREVER, Span, flatten};

/// What becomes of the end of an indicator's validity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ends {
    /// An address stays until the file is loaded again.
    #[default]
    Reload,
    /// The kernel takes it out by itself.
    Timeout,
}

/// The table and its sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sets {
    table: String,
    ipv4: String,
    ipv6: String,
    ends: Ends,
}

impl Default for Sets {
    fn default() -> Self {
        Sets { table: "watchbell".into(), ipv4: "listed4".into(), ipv6: "listed6".into(), ends: Ends::Reload }
    }
}

impl Sets {
    /// Sets by other names; `None` when one is no identifier of nft: a letter, then at most 31 letters, digits, `_` and `-`.
    pub fn named(table: &str, ipv4: &str, ipv6: &str) -> Option<Self> {
        let is_byte = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.len() <= 32 && name.bytes().all(is_byte)
        };
        let are_names = [table, ipv4, ipv6].into_iter().all(is_name) && ipv4 != ipv6;
        are_names.then(|| Sets { table: table.into(), ipv4: ipv4.into(), ipv6: ipv6.into(), ends: Ends::Reload })
    }

    /// With that treatment of ends.
    #[must_use]
    pub fn with_ends(mut self, ends: Ends) -> Self {
        self.ends = ends;
        self
    }
}

/// Elements in one command; nft takes more, but its memory grows with a line.
const ELEMENTS_AT_ONCE: usize = 1_000;

pub(super) fn write(
    sets: &Sets,
    release: &Release,
    indicators: &mut dyn Iterator<Item = Released>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let mut written = Written::default();
    let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
    for released in indicators {
        let Some(value) = admit(&mut written, Use::Block, release, &released) else { continue };
        let range = match value {
            Value::Address(start) => Range { start, length: if start.is_ipv4() { 32 } else { 128 } },
            Value::Range(range) => range,
            _ => {
                written.leave(Why::Kind(released.kind), &released);
                continue;
            }
        };
        let seconds = match (sets.ends, released.valid_until) {
            (Ends::Timeout, Some(until)) => seconds_between(release, until),
            _ => FOREVER,
        };
        match range.start {
            IpAddr::V4(at) => ipv4.push(span(at.to_bits().into(), (!mask4(range.length)).into(), seconds)),
            IpAddr::V6(at) => ipv6.push(span(at.to_bits(), !mask6(range.length), seconds)),
        }
        written.written += 1;
    }
    writeln!(out, "# {}", release.title_line())?;
    writeln!(out, "add table inet {}", sets.table)?;
    let print4 = |bits: u128| Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or(u32::MAX)).to_string();
    set(sets, &sets.ipv4, "ipv4_addr", &Elements { spans: flatten(ipv4), bits: 32, print: &print4 }, out)?;
    let print6 = |bits: u128| Ipv6Addr::from_bits(bits).to_string();
    set(sets, &sets.ipv6, "ipv6_addr", &Elements { spans: flatten(ipv6), bits: 128, print: &print6 }, out)?;
    Ok(written)
}

fn span(first: u128, host_bits: u128, seconds: u64) -> Span {
    Span { first, last: first | host_bits, seconds }
}

/// At least a second: zero would be for ever.
fn seconds_between(release: &Release, until: model::Timestamp) -> u64 {
    let micros = until.as_micros().saturating_sub(release.made.as_micros());
    u64::try_from(micros / 1_000_000).unwrap_or(0).max(1)
}

struct Elements<'a> {
    spans: Vec<Span>,
    bits: u32,
    print: &'a dyn Fn(u128) -> String,
}

fn set(sets: &Sets, name: &str, type_: &str, elements: &Elements<'_>, out: &mut dyn Write) -> io::Result<()> {
    let table = &sets.table;
    let flags = match sets.ends {
        Ends::Reload => "flags interval; auto-merge;",
        Ends::Timeout => "flags interval, timeout;",
    };
    writeln!(out, "add set inet {table} {name} {{ type {type_}; {flags} }}")?;
    writeln!(out, "flush set inet {table} {name}")?;
    for chunk in elements.spans.chunks(ELEMENTS_AT_ONCE) {
        let texts: Vec<String> = chunk.iter().map(|span| element(span, elements)).collect();
        writeln!(out, "add element inet {table} {name} {{ {} }}", texts.join(", "))?;
    }
    Ok(())
}

fn element(span: &Span, elements: &Elements<'_>) -> String {
    let first = (elements.print)(span.first);
    let size_less_one = span.last - span.first;
    let is_power = size_less_one & size_less_one.wrapping_add(1) == 0;
    let text = if size_less_one == 0 {
        first
    } else if is_power && span.first & size_less_one == 0 {
        format!("{first}/{}", elements.bits - size_less_one.count_ones())
    } else {
        format!("{first}-{}", (elements.print)(span.last))
    };
    if span.seconds == FOREVER { text } else { format!("{text} timeout {}s", span.seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_identifiers() {
        assert!(Sets::named("city", "bad4", "bad6").is_some());
        for bad in ["", "4bad", "bad; flush ruleset", "bad}", "a b", "ä", &"a".repeat(33)] {
            assert!(Sets::named("city", bad, "bad6").is_none(), "{bad}");
        }
        assert!(Sets::named("city", "bad", "bad").is_none());
    }
}
