//! A list with every kind, every marking, and many of each.

use formats::release::{Producer, Release, Released};
use model::IndicatorKind::{self, *};
use model::{Confidence, Level, Marking, Pap, Timestamp, Tlp};

pub(crate) fn release() -> Release {
    let made = Timestamp::parse("2026-11-26T12:00:00Z").unwrap();
    Release { title: "What the city lists".into(), producer: Producer::new("City of Example", "city.example"), made }
}

fn released(number: usize, kind: IndicatorKind, value: String) -> Released {
    let day = std::time::Duration::from_secs(86_400);
    let made = release().made;
    Released {
        kind,
        value,
        label: ["malware/emotet", "c2/\"quoted\\\" label", "phishing/bücher", ""][number % 4].into(),
        confidence: Confidence::new(u8::try_from(number % 101).unwrap()).unwrap(),
        level: Level::ALL[number % 5],
        first_seen: (!number.is_multiple_of(3)).then(|| made.minus(day * 30)),
        last_seen: (!number.is_multiple_of(4)).then(|| made.minus(day)),
        valid_until: (!number.is_multiple_of(5)).then(|| made.plus(day * u32::try_from(number % 90 + 1).unwrap())),
        changed: (!number.is_multiple_of(2)).then(|| made.minus(day)),
        marking: Marking { tlp: Tlp::ALL[number % 5], pap: Pap::ALL[number % 2] },
        sources: if number.is_multiple_of(7) { Vec::new() } else { vec!["A feed, with \"quotes\"".into()] },
        techniques: if number.is_multiple_of(2) { vec!["T1071.001".into(), "T0855".into()] } else { Vec::new() },
    }
}

/// `count` of each kind.
pub(crate) fn all(count: usize) -> Vec<Released> {
    let mut list = Vec::new();
    for n in 0..count {
        let hash = |digits: usize| format!("{n:08x}").repeat(digits / 8);
        for (kind, value) in [
            (Ipv4, format!("192.0.{}.{}", n / 256 % 256, n % 256)),
            (Ipv6, format!("2001:db8::{:x}", n + 1)),
            (Cidr, format!("198.51.{}.0/24", n % 256)),
            (Cidr, format!("2001:db8:{:x}::/48", n + 1)),
            (IpPort, format!("192.0.2.{}:{}", n % 256, 1 + n % 60_000)),
            (IpPort, format!("[2001:db8::{:x}]:443", n + 1)),
            (Domain, format!("evil{n}.example")),
            (Domain, format!("_spf.a-{n}.b_{n}.xn--bcher-kva.example")),
            (Url, format!("https://evil{n}.example/it's?a={n}&b=%25")),
            (Url, format!("evil{n}.example:8080/a;b")),
            (UrlPath, format!("/w00t.{n}/a'b?x={{1}}|2")),
            (FileHash, hash(32)),
            (FileHash, hash(40)),
            (FileHash, hash(64)),
            (FileHash, hash(128)),
            (Email, format!("some.one+{n}@evil.example")),
        ] {
            list.push(released(list.len(), kind, value));
        }
    }
    // The ranges come round.
    let mut seen = std::collections::BTreeSet::new();
    list.retain(|released| seen.insert((released.kind, released.value.clone())));
    list
}

/// Ranges and addresses of which most overlap, by a generator of its own so that every run is the same.
pub(crate) fn overlapping(count: usize) -> Vec<Released> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut list = Vec::new();
    for number in 0..count {
        let bits = next();
        let (kind, value) = match bits % 4 {
            0 => (Ipv4, std::net::Ipv4Addr::from_bits((bits >> 32) as u32 & 0x0a00_ffff).to_string()),
            1 => (Ipv6, std::net::Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(bits >> 40)).to_string()),
            2 => {
                let length = 8 + (bits >> 8) as u32 % 25;
                let mask = u32::MAX << (32 - length);
                let start = std::net::Ipv4Addr::from_bits((bits >> 32) as u32 & 0x0a00_ffff & mask);
                (Cidr, format!("{start}/{length}"))
            }
            _ => {
                let length = 32 + (bits >> 8) as u32 % 97;
                let start = (0x2001_0db8 << 96 | u128::from(bits >> 40)) & (u128::MAX << (128 - length));
                (Cidr, format!("{}/{length}", std::net::Ipv6Addr::from_bits(start)))
            }
        };
        list.push(released(number, kind, value));
    }
    list
}
