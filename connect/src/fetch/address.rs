//! Which addresses belong to the public network, and which must never be reached because a feed says so.
//!
//! The tables follow the IANA registries of special-purpose IPv4 and IPv6 addresses (RFC 6890, RFC 8190), the registry of
//! multicast addresses (RFC 5771, RFC 4291 section 2.7) and the allocation of global unicast space, `2000::/3` (RFC 4291
//! section 2.4). What the registries call globally reachable inside of a refused block (PCP and TURN anycast, AS112, AMT) is
//! refused with its block where no feed could live there. Deliberately absent: what routing tables say.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is special about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// It belongs to this machine or to a private network: only an explicit exception leads there.
    Local(&'static str),
    /// It belongs to no server that a feed could have: not even an exception leads there.
    Never(&'static str),
}

impl Special {
    /// What it is, with the document that says so.
    pub const fn what(self) -> &'static str {
        match self {
            Special::Local(what) | Special::Never(what) => what,
        }
    }
}

use Special::{Local, Never};

const RANGES_V4: &[([u8; 4], u32, Special)] = &[
    ([0, 0, 0, 0], 8, Never("this network (RFC 791)")),
    ([10, 0, 0, 0], 8, Local("private (RFC 1918)")),
    ([100, 64, 0, 0], 10, Local("shared behind carriers (RFC 6598)")),
    ([127, 0, 0, 0], 8, Local("loopback (RFC 1122)")),
    ([168, 63, 129, 16], 32, Never("a platform service of a cloud")),
    ([169, 254, 0, 0], 16, Never("link-local (RFC 3927)")),
    ([172, 16, 0, 0], 12, Local("private (RFC 1918)")),
    ([192, 0, 0, 0], 24, Never("protocol assignments (RFC 6890)")),
    ([192, 0, 2, 0], 24, Never("documentation (RFC 5737)")),
    ([192, 88, 99, 0], 24, Never("6to4 relays (RFC 7526)")),
    ([192, 168, 0, 0], 16, Local("private (RFC 1918)")),
    ([198, 18, 0, 0], 15, Local("benchmarking (RFC 2544)")),
    ([198, 51, 100, 0], 24, Never("documentation (RFC 5737)")),
    ([203, 0, 113, 0], 24, Never("documentation (RFC 5737)")),
    ([224, 0, 0, 0], 4, Never("multicast (RFC 5771)")),
    ([255, 255, 255, 255], 32, Never("broadcast (RFC 919)")),
    ([240, 0, 0, 0], 4, Never("reserved (RFC 1112)")),
];

const RANGES_V6: &[([u16; 8], u32, Special)] = &[
    ([0, 0, 0, 0, 0, 0, 0, 0], 128, Never("unspecified (RFC 4291)")),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, Local("loopback (RFC 4291)")),
    ([0, 0, 0, 0, 0, 0, 0, 0], 96, Never("IPv4-compatible (RFC 4291)")),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Local("local translation (RFC 8215)")),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 63, Never("discard and dummy (RFC 6666, RFC 9780)")),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, Never("Teredo (RFC 4380)")),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Never("protocol assignments (RFC 2928)")),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, Never("documentation (RFC 3849)")),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Never("6to4 (RFC 3056, RFC 7526)")),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Never("documentation (RFC 9637)")),
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, Never("segment routing (RFC 9602)")),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Local("unique local (RFC 4193)")),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Never("link-local (RFC 4291)")),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Local("site-local (RFC 3879)")),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Never("multicast (RFC 4291)")),
];

/// The well-known prefix of translators, whose last four bytes are an IPv4 address (RFC 6052 section 2.1).
const TRANSLATED: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);

/// The address that is meant: an IPv4-mapped one (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2) is the IPv4 address in it.
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// What is special about an address; `None` when it is public.
pub fn special(address: IpAddr) -> Option<Special> {
    match canonical(address) {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<Special> {
    let bits = address.to_bits();
    let holds = |network: [u8; 4], length: u32| (bits ^ u32::from_be_bytes(network)) >> (32 - length) == 0;
    RANGES_V4.iter().find(|(network, length, _)| holds(*network, *length)).map(|(_, _, special)| *special)
}

fn special_v6(address: Ipv6Addr) -> Option<Special> {
    let bits = address.to_bits();
    let holds = |network: Ipv6Addr, length: u32| (bits ^ network.to_bits()) >> (128 - length) == 0;
    // DNS64 (RFC 6147) answers with these on networks without IPv4: as public as what is inside.
    if holds(TRANSLATED, 96) {
        return special_v4(Ipv4Addr::from_bits((bits & u128::from(u32::MAX)) as u32));
    }
    let found = RANGES_V6.iter().find(|(network, length, _)| holds(Ipv6Addr::from(*network), *length));
    if let Some((_, _, special)) = found {
        return Some(*special);
    }
    let is_global_unicast = bits >> 125 == 1;
    (!is_global_unicast).then_some(Never("not given to anybody (RFC 4291, section 2.4)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(address: &str, expected: &str) {
        let found = special(address.parse().unwrap()).map_or("public", Special::what);
        assert!(found.starts_with(expected), "{address}: {found}, expected {expected}");
    }

    #[test]
    fn each_range_from_its_first_to_its_last_address() {
        for (first, last, expected) in [
            ("0.0.0.0", "0.255.255.255", "this network"),
            ("10.0.0.0", "10.255.255.255", "private"),
            ("100.64.0.0", "100.127.255.255", "shared"),
            ("127.0.0.0", "127.255.255.255", "loopback"),
            ("169.254.0.0", "169.254.255.255", "link-local"),
            ("172.16.0.0", "172.31.255.255", "private"),
            ("192.0.0.0", "192.0.0.255", "protocol"),
            ("192.0.2.0", "192.0.2.255", "documentation"),
            ("192.88.99.0", "192.88.99.255", "6to4"),
            ("192.168.0.0", "192.168.255.255", "private"),
            ("198.18.0.0", "198.19.255.255", "benchmarking"),
            ("198.51.100.0", "198.51.100.255", "documentation"),
            ("203.0.113.0", "203.0.113.255", "documentation"),
            ("224.0.0.0", "239.255.255.255", "multicast"),
            ("240.0.0.0", "255.255.255.254", "reserved"),
            ("255.255.255.255", "255.255.255.255", "broadcast"),
            ("::", "::", "unspecified"),
            ("::1", "::1", "loopback"),
            ("::2", "::ffff:ffff", "IPv4-compatible"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "local translation"),
            ("100::", "100:0:0:1:ffff:ffff:ffff:ffff", "discard"),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo"),
            ("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "protocol"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
            ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "segment"),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique local"),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"),
            ("4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not given"),
        ] {
            check(first, expected);
            check(last, expected);
        }
    }

    #[test]
    fn what_is_public() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::1",
            "2001:200::1",
            "2606:4700::1111",
            "2a00::1",
            "3ffe:ffff::1",
        ] {
            check(address, "public");
        }
    }

    #[test]
    fn an_address_inside_an_address() {
        check("::ffff:127.0.0.1", "loopback");
        check("::ffff:8.8.8.8", "public");
        check("::127.0.0.1", "IPv4-compatible");
        check("64:ff9b::10.0.0.1", "private");
        check("64:ff9b::169.254.169.254", "link-local");
        check("64:ff9b::8.8.8.8", "public");
        check("2002:7f00:1::", "6to4");
        check("fd00:ec2::254", "unique local");
    }

    #[test]
    fn where_no_exception_leads() {
        for address in ["169.254.169.254", "168.63.129.16", "0.0.0.0", "::", "fe80::1", "224.0.0.1", "255.255.255.255"]
        {
            assert!(matches!(special(address.parse().unwrap()), Some(Special::Never(_))), "{address}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library_where_that_has_an_opinion(bits in any::<u32>()) {
            let address = Ipv4Addr::from_bits(bits);
            let is_special = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast()
                || address.is_broadcast() || address.is_documentation() || address.is_unspecified();
            prop_assert!(!is_special || special(address.into()).is_some());
            prop_assert_eq!(special(address.into()), special(address.to_ipv6_mapped().into()));
        }
    }
}
