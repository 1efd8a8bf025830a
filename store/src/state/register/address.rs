//! Addresses as keys whose order is that of the addresses: what lies between the first and the last key of a range lies in the range.

use std::net::IpAddr;

use model::register::{Address, Item};

use super::super::bulk::Row;
use super::super::database::Bound;

/// An address of an item.
pub(super) struct AddressRow {
    first: String,
    last: String,
    item: String,
}

impl Row for AddressRow {
    fn bind(&self, query: Bound) -> Bound {
        query.bind(self.first.clone()).bind(self.last.clone()).bind(self.item.clone())
    }
}

/// Addresses of the old kind stand among those of the new one.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn key(number: u128) -> String {
    format!("i{number:032x}")
}

/// The first and the last key of an address.
pub(super) fn keys(address: &Address) -> (String, String) {
    match address {
        Address::Ip(address) => (key(number(*address)), key(number(*address))),
        Address::Range(address, length) => {
            let free = if address.is_ipv4() { 32 } else { 128 } - u32::from(*length);
            let hosts = u128::MAX.checked_shr(128 - free).unwrap_or(0);
            let first = number(*address) & !hosts;
            (key(first), key(first | hosts))
        }
        Address::Name(name) => (format!("n{name}"), format!("n{name}")),
    }
}

/// All addresses of an item.
pub(super) fn rows(item: &Item) -> impl Iterator<Item = AddressRow> + '_ {
    item.addresses.iter().map(|address| {
        let (first, last) = keys(address);
        AddressRow { first, last, item: item.id.as_str().to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_a_range_lies_between_its_keys() {
        let of = |text: &str| keys(&Address::parse(text).unwrap());
        let check = |range: &str, address: &str, expected: bool| {
            let ((first, last), (at, _)) = (of(range), of(address));
            assert_eq!(first <= at && at <= last, expected, "{range} {address}");
        };
        check("10.20.0.0/16", "10.20.255.255", true);
        check("10.20.0.0/16", "10.21.0.0", false);
        check("10.20.0.0/16", "10.19.255.255", false);
        check("10.20.7.20", "10.20.7.20", true);
        check("10.20.7.20/32", "10.20.7.20", true);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("2001:db8::/32", "2001:db8:ffff::1", true);
        check("2001:db8::/32", "2001:db9::", false);
        check("::/0", "10.0.0.1", true);
        check("srv-1.city.example", "SRV-1.city.example.", true);
        check("::/0", "srv-1.city.example", false);
    }
}
