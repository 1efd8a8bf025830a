//! Values as bytes that sort well: the keys of an image.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use model::IndicatorKind;

use super::ranges::Family;

/// The parts of an image, one for each shape of key. The numbers are in the image and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Table {
    Ipv4 = 1,
    Ipv6 = 2,
    IpPort = 3,
    Domain = 4,
    Url = 5,
    UrlPath = 6,
    FileHash = 7,
    Email = 8,
    RangeV4 = 9,
    RangeV6 = 10,
}

impl Table {
    pub(crate) const ALL: [Table; 10] = [
        Table::Ipv4,
        Table::Ipv6,
        Table::IpPort,
        Table::Domain,
        Table::Url,
        Table::UrlPath,
        Table::FileHash,
        Table::Email,
        Table::RangeV4,
        Table::RangeV6,
    ];

    /// Its place in [`Table::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize - 1
    }

    pub(crate) const fn kind(self) -> IndicatorKind {
        match self {
            Table::Ipv4 => IndicatorKind::Ipv4,
            Table::Ipv6 => IndicatorKind::Ipv6,
            Table::IpPort => IndicatorKind::IpPort,
            Table::Domain => IndicatorKind::Domain,
            Table::Url => IndicatorKind::Url,
            Table::UrlPath => IndicatorKind::UrlPath,
            Table::FileHash => IndicatorKind::FileHash,
            Table::Email => IndicatorKind::Email,
            Table::RangeV4 | Table::RangeV6 => IndicatorKind::Cidr,
        }
    }

    /// For the tables of ranges: of which addresses.
    pub(crate) const fn family(self) -> Option<Family> {
        match self {
            Table::RangeV4 => Some(Family::V4),
            Table::RangeV6 => Some(Family::V6),
            _ => None,
        }
    }
}

/// Puts the key of a value in normal form behind `out`; `None` when it is no normal form of that kind.
pub(crate) fn encode(kind: IndicatorKind, value: &str, out: &mut Vec<u8>) -> Option<Table> {
    match kind {
        IndicatorKind::Ipv4 | IndicatorKind::Ipv6 => {
            let address: IpAddr = value.parse().ok()?;
            out.extend_from_slice(octets(&address).as_ref());
            Some(if address.is_ipv4() { Table::Ipv4 } else { Table::Ipv6 })
        }
        IndicatorKind::Cidr => {
            let (start, length) = value.split_once('/')?;
            let start: IpAddr = start.parse().ok()?;
            let length: u8 = length.parse().ok()?;
            out.extend_from_slice(octets(&start).as_ref());
            out.push(length);
            Some(if start.is_ipv4() { Table::RangeV4 } else { Table::RangeV6 })
        }
        IndicatorKind::IpPort => {
            let socket: SocketAddr = value.parse().ok()?;
            out.extend_from_slice(ip_port(socket.ip(), socket.port()).as_ref());
            Some(Table::IpPort)
        }
        IndicatorKind::Domain => {
            out.extend(value.bytes().rev());
            Some(Table::Domain)
        }
        IndicatorKind::FileHash => {
            if !value.len().is_multiple_of(2) {
                return None;
            }
            for pair in value.as_bytes().chunks_exact(2) {
                out.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
            }
            Some(Table::FileHash)
        }
        IndicatorKind::Url => text(value, out, Table::Url),
        IndicatorKind::UrlPath => text(value, out, Table::UrlPath),
        IndicatorKind::Email => text(value, out, Table::Email),
    }
}

fn text(value: &str, out: &mut Vec<u8>, table: Table) -> Option<Table> {
    out.extend_from_slice(value.as_bytes());
    Some(table)
}

/// A few bytes without an allocation.
#[derive(Clone, Copy)]
pub(crate) struct Short {
    bytes: [u8; 18],
    length: usize,
}

impl AsRef<[u8]> for Short {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// An address as 4 or 16 bytes.
pub(crate) fn octets(address: &IpAddr) -> Short {
    let mut bytes = [0; 18];
    let length = match address {
        IpAddr::V4(address) => {
            bytes[..4].copy_from_slice(&address.octets());
            4
        }
        IpAddr::V6(address) => {
            bytes[..16].copy_from_slice(&address.octets());
            16
        }
    };
    Short { bytes, length }
}

/// An address and a port as 6 or 18 bytes.
pub(crate) fn ip_port(address: IpAddr, port: u16) -> Short {
    let Short { mut bytes, length } = octets(&address);
    bytes[length..length + 2].copy_from_slice(&port.to_be_bytes());
    Short { bytes, length: length + 2 }
}

/// The value that a key stands for; `None` when it is no key of that table.
pub(crate) fn decode(table: Table, key: &[u8]) -> Option<String> {
    let utf8 = |key: &[u8]| std::str::from_utf8(key).ok().map(str::to_owned);
    match table {
        Table::Ipv4 | Table::Ipv6 => address(key).map(|address| address.to_string()),
        Table::RangeV4 | Table::RangeV6 => {
            let (length, start) = key.split_last()?;
            address(start).map(|start| format!("{start}/{length}"))
        }
        Table::IpPort => {
            let (port, start) = key.split_last_chunk::<2>().map(|(start, port)| (port, start))?;
            Some(SocketAddr::new(address(start)?, u16::from_be_bytes(*port)).to_string())
        }
        Table::Domain => utf8(&key.iter().rev().copied().collect::<Vec<_>>()),
        Table::FileHash => Some(key.iter().map(|byte| format!("{byte:02x}")).collect()),
        Table::Url | Table::UrlPath | Table::Email => utf8(key),
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

#[cfg(test)]
mod tests {
    use super::super::normal::infer;
    use super::*;

    #[test]
    fn keys_come_back_as_values() {
        let check = |text: &str, table: Table| {
            let (kind, value) = infer(text).unwrap();
            let mut key = Vec::new();
            assert_eq!(encode(kind, &value, &mut key), Some(table), "{text}");
            assert_eq!(decode(table, &key), Some(value), "{text}");
            assert_eq!(table.kind(), kind);
        };
        check("192.0.2.7", Table::Ipv4);
        check("2001:db8::7", Table::Ipv6);
        check("192.0.2.0/24", Table::RangeV4);
        check("2001:db8::/32", Table::RangeV6);
        check("192.0.2.7:80", Table::IpPort);
        check("[2001:db8::7]:80", Table::IpPort);
        check("a.b.example", Table::Domain);
        check("http://a.b.example/x?y", Table::Url);
        check("/x?y", Table::UrlPath);
        check("44d88612fea8a8f36de82e1278abb02f", Table::FileHash);
        check("a@b.example", Table::Email);
    }

    #[test]
    fn places_are_in_order() {
        assert!(Table::ALL.iter().enumerate().all(|(at, table)| table.index() == at));
    }
}
