//! Addresses inside ranges: `ISSUBSET` and `ISSUPERSET`.
//!
//! The reference knows IPv4 only and calls IPv6 an error; the specification has both, and so have we. As in the reference, a
//! range has a length of 1 at least, and bits behind the length do not matter.

use std::net::IpAddr;

use super::fault::Why;

/// The range `outer` contains `inner`, an address or a range. Addresses of different families contain nothing of each other.
pub(crate) fn contains(outer: &str, inner: &str) -> Result<bool, Why> {
    let (outer_address, outer_length) = range(outer)?;
    let (inner_address, inner_length) = if inner.contains('/') {
        range(inner)?
    } else {
        let address = address(inner)?;
        (address, bits(address))
    };
    if outer_address.is_ipv4() != inner_address.is_ipv4() || outer_length > inner_length {
        return Ok(false);
    }
    let shift = bits(outer_address) - outer_length;
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    Ok(number(outer_address) >> shift == number(inner_address) >> shift)
}

const fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn address(text: &str) -> Result<IpAddr, Why> {
    text.parse().map_err(|_| Why::NotAnAddress)
}

fn range(text: &str) -> Result<(IpAddr, u32), Why> {
    let Some((start, length)) = text.split_once('/') else {
        return Err(if address(text).is_ok() { Why::NotARange } else { Why::NotAnAddress });
    };
    let address = address(start)?;
    let is_number = length.len() <= 3 && !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    let length = if is_number { length.parse().unwrap_or(0) } else { 0 };
    if (1..=bits(address)).contains(&length) { Ok((address, length)) } else { Err(Why::NotARange) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges() {
        let check =
            |outer: &str, inner: &str, expected| assert_eq!(contains(outer, inner), expected, "{outer} {inner}");
        check("11.22.41.123/20", "11.22.33.44", Ok(true));
        check("11.22.123.41/20", "11.22.33.44", Ok(false));
        check("11.22.33.44/20", "11.22.33.44/20", Ok(true));
        check("11.22.33.44/20", "11.22.33.44/19", Ok(false));
        check("11.22.33.44/32", "11.22.33.44", Ok(true));
        check("2001:db8::/32", "2001:db8:1::1", Ok(true));
        check("2001:db8::/32", "2001:db9::/48", Ok(false));
        check("::/1", "1.2.3.4", Ok(false));
        check("::1/128", "::1", Ok(true));
        check("11.22.33.44", "11.22.33.44", Err(Why::NotARange));
        check("0.0.0.0/0", "11.22.33.44", Err(Why::NotARange));
        check("1.2.3.4/33", "11.22.33.44", Err(Why::NotARange));
        check("1.2.3.4/+8", "11.22.33.44", Err(Why::NotARange));
        check("hello", "11.22.33.44", Err(Why::NotAnAddress));
        check("1.2.3.4/8", "hello", Err(Why::NotAnAddress));
        check("1.2.3.4/8", "1.2.3", Err(Why::NotAnAddress));
    }

    proptest! {
        #[test]
        fn a_range_contains_itself_and_nothing_wider(bits: u128, length in 1u32..=128) {
            let range = format!("{}/{length}", std::net::Ipv6Addr::from_bits(bits));
            prop_assert_eq!(contains(&range, &range), Ok(true));
            if length > 1 {
                let wider = format!("{}/{}", std::net::Ipv6Addr::from_bits(bits), length - 1);
                prop_assert_eq!(contains(&range, &wider), Ok(false));
                prop_assert_eq!(contains(&wider, &range), Ok(true));
            }
        }

        #[test]
        fn never_panics(outer in "[0-9a-f.:/]{0,24}", inner in "[0-9a-f.:/]{0,24}") {
            let _ = contains(&outer, &inner);
        }
    }
}
