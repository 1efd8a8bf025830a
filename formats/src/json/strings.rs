//! Where the strings and numbers of a JSON text end (RFC 8259 sections 6 and 7), many bytes at a time.
//!
//! Strings are nearly all of a record's bytes. Up to the first escape they are looked through in blocks of sixteen, from there on in
//! blocks of 64 in which all escapes are told apart at once. Everything is checked: escapes, control characters, digits.
//! Deliberately absent: decoding, which [`model::native`] does when somebody asks.

use wide::u8x16;

/// Length of the blocks in which strings are looked through.
const BLOCK_BYTES: usize = 16;

/// Length of those for long strings: a bit of a word for each byte.
const WIDE_BYTES: usize = 64;

/// Where the string ends that begins at `at`, and whether there are escapes in it; `None` when something is wrong with it.
#[inline(always)]
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<BLOCK_BYTES>()) {
        let places = specials(block);
        if places != 0 {
            let special = at + places.trailing_zeros() as usize;
            return if bytes.get(special) == Some(&b'"') {
                Some((special, false))
            } else {
                escaped_end(bytes, special)
            };
        }
        at += BLOCK_BYTES;
    }
    escaped_end(bytes, at)
}

/// Goes on from the first escape, in wide blocks. What stands before a quote decides whether it ends the string, so all backslashes
/// of a block are told apart at once, by arithmetic on their places ("Parsing Gigabytes of JSON per Second", Langdale and
/// Lemire, section 3.1.1): paths and messages are full of them, and a branch for each would be guessed wrongly half the time.
fn escaped_end(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut has_escapes = false;
    // The last block ended with a backslash that begins an escape.
    let mut is_open = 0;
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<WIDE_BYTES>()) {
        let [mut quotes, backslashes, controls] = wide_specials(block);
        let mut odd = controls;
        if backslashes | is_open != 0 {
            has_escapes = true;
            let behind;
            (behind, is_open) = escaped(backslashes, is_open);
            odd |= behind & !(quotes | backslashes | usual_escapes(block));
            quotes &= !behind;
        }
        // Only what stands before the string's end counts.
        let inside = quotes.wrapping_sub(1) & !quotes;
        if odd & inside != 0 && !are_escapes(bytes, at, odd & inside) {
            return None;
        }
        if quotes != 0 {
            return Some((at + quotes.trailing_zeros() as usize, has_escapes));
        }
        at += WIDE_BYTES;
    }
    // The last few bytes of the record.
    at -= is_open as usize;
    loop {
        match bytes.get(at)? {
            b'"' => return Some((at, has_escapes)),
            b'\\' => {
                has_escapes = true;
                at += escape_length(bytes, at)?;
            }
            0..0x20 => return None,
            _ => at += 1,
        }
    }
}

/// Which places of a block an escape's backslash stands in front of, and whether the next block begins with one (0 or 1). Of a
/// row of backslashes every other begins an escape; the subtraction runs along each row and tells its even from its odd places.
#[inline(always)]
fn escaped(backslashes: u64, is_open: u64) -> (u64, u64) {
    const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
    let starts = backslashes & !is_open;
    let behind = starts << 1 | ODD;
    let codes = behind.wrapping_sub(starts) ^ ODD;
    let escaped = codes ^ (backslashes | is_open);
    (escaped, (codes & backslashes) >> 63)
}

/// Whether at every place of the block at `from` an escape goes on.
#[cold]
fn are_escapes(bytes: &[u8], from: usize, mut places: u64) -> bool {
    while places != 0 {
        let at = from + places.trailing_zeros() as usize;
        if bytes.get(at - 1) != Some(&b'\\') || escape_length(bytes, at - 1).is_none() {
            return false;
        }
        places &= places - 1;
    }
    true
}

/// How long the escape at `at` is; `None` when there is no such escape.
#[inline(always)]
pub(super) fn escape_length(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => unicode_length(bytes, at),
        _ => None,
    }
}

fn unicode_length(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit).then_some(6)
}

/// Where a quote, a backslash or a control character stands in the block: a bit for each byte, the lowest for the first.
#[inline(always)]
fn specials(block: &[u8; BLOCK_BYTES]) -> u32 {
    let block = u8x16::new(*block);
    let quotes = block.simd_eq(u8x16::splat(b'"'));
    let backslashes = block.simd_eq(u8x16::splat(b'\\'));
    let controls = block.min(u8x16::splat(0x1f)).simd_eq(block);
    (quotes | backslashes | controls).to_bitmask()
}

/// Where quotes, backslashes and control characters stand in a wide block.
#[inline(always)]
fn wide_specials(block: &[u8; WIDE_BYTES]) -> [u64; 3] {
    places(block, |bytes| {
        [
            bytes.simd_eq(u8x16::splat(b'"')),
            bytes.simd_eq(u8x16::splat(b'\\')),
            bytes.min(u8x16::splat(0x1f)).simd_eq(bytes),
        ]
    })
}

/// Where a symbol stands that makes one of the usual escapes with a backslash before it, besides quotes and backslashes.
#[inline(always)]
fn usual_escapes(block: &[u8; WIDE_BYTES]) -> u64 {
    let [places] = places(block, |bytes| {
        let is = |symbol| bytes.simd_eq(u8x16::splat(symbol));
        [is(b'n') | is(b'r') | is(b't') | is(b'/')]
    });
    places
}

/// Asks the same of all bytes of a wide block: a bit for each byte, the lowest for the first.
#[inline(always)]
fn places<const N: usize>(block: &[u8; WIDE_BYTES], ask: impl Fn(u8x16) -> [u8x16; N]) -> [u64; N] {
    let mut places = [0; N];
    for (number, part) in block.as_chunks::<BLOCK_BYTES>().0.iter().enumerate() {
        for (places, answer) in places.iter_mut().zip(ask(u8x16::new(*part))) {
            *places |= u64::from(answer.to_bitmask()) << (BLOCK_BYTES * number);
        }
    }
    places
}

/// Length of the JSON number at the start of `text`: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
pub(super) fn number_length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    let has_leading_zero = text.get(at) == Some(&b'0') && whole > 1;
    if whole == 0 || has_leading_zero {
        return None;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use model::Format;

    use crate::json;

    #[test]
    fn strings_are_read_wherever_the_blocks_end() {
        let pieces = [
            r"\\", r"\\\\\\", r"\\\n", r#"\""#, r#"\\\""#, r#"\\""#, r"\u0041", r"\n", r"\/\b\f", "ä€", "", "\u{1f}",
            "\n", "\\\n", r"\q", r"\\\q", r"\u00g0", r"\u00",
        ];
        let places = (0..140).flat_map(|before| [0, 1, 15, 16, 17, 70].map(|behind| (before, behind)));
        for (before, behind) in places {
            for (first, piece) in
                ["", r"\t", r"\u00e4"].into_iter().flat_map(|first| pieces.map(|piece| (first, piece)))
            {
                let text = format!(r#"{{"k":"{first}{}{piece}{}"}}"#, "x".repeat(before), "y".repeat(behind));
                let theirs = serde_json::from_str::<serde_json::Value>(&text).ok();
                let theirs = theirs.and_then(|value| Some(value["k"].as_str()?.to_owned()));
                let ours = json::scan(text.as_bytes(), Format::Json, json::no_lift).ok();
                let ours = ours.and_then(|fields| Some(fields.text("k")?.into_owned()));
                assert_eq!(ours, theirs, "{text}");
            }
        }
    }
}
