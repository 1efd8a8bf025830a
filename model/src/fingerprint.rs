//! What makes a file the same file, whatever its name and place: live sources and scans must agree on it.

use crate::limits::TAIL_HEAD_BYTES_MAX;

/// The fingerprint of a file that begins with `head`: the first 8 bytes, little-endian, of BLAKE3 over its first line,
/// without line ending. Blank lines and lines that begin with `#`, which many files have in common (Zeek and W3C
/// headers), are taken in, up to and including the first line behind them. Of a line longer than
/// [`TAIL_HEAD_BYTES_MAX`], so many bytes count.
///
/// `None` when that line is not whole yet; `head_is_all` says that nothing will follow.
pub fn fingerprint(head: &[u8], head_is_all: bool) -> Option<u64> {
    let head = &head[..head.len().min(TAIL_HEAD_BYTES_MAX)];
    let mut from = 0;
    loop {
        let Some(at) = head[from..].iter().position(|byte| *byte == b'\n') else {
            let is_enough = head.len() == TAIL_HEAD_BYTES_MAX || (head_is_all && !head.trim_ascii().is_empty());
            return is_enough.then(|| first_8_bytes(head));
        };
        let line = &head[from..from + at];
        let is_common = line.starts_with(b"#") || line.trim_ascii().is_empty();
        if !is_common {
            let through = &head[..from + at];
            return Some(first_8_bytes(through.strip_suffix(b"\r").unwrap_or(through)));
        }
        from += at + 1;
    }
}

/// First 8 bytes, little-endian, of BLAKE3 over `bytes`.
pub fn first_8_bytes(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &[u8], head_is_all: bool, named_by: Option<&[u8]>) {
        let shown = String::from_utf8_lossy(&head[..head.len().min(40)]).into_owned();
        assert_eq!(fingerprint(head, head_is_all), named_by.map(first_8_bytes), "{shown:?}");
    }

    #[test]
    fn the_first_line_names_a_file() {
        check(b"one\ntwo\n", false, Some(b"one"));
        check(b"one\r\ntwo\r\n", false, Some(b"one"));
        check(b"one", false, None);
        check(b"one", true, Some(b"one"));
        check(b"", true, None);
        check(b"\n", true, None);
    }

    #[test]
    fn common_headers_do_not() {
        check(b"#separator \\x09\n#path\tconn\n1.0\ta\n", false, Some(b"#separator \\x09\n#path\tconn\n1.0\ta"));
        check(b"#separator \\x09\n", false, None);
        check(b"\n\none\n", false, Some(b"\n\none"));
    }

    #[test]
    fn a_long_first_line_is_cut_at_the_limit() {
        let long = vec![b'x'; TAIL_HEAD_BYTES_MAX + 10];
        check(&long, false, Some(&long[..TAIL_HEAD_BYTES_MAX]));
        check(&long[..TAIL_HEAD_BYTES_MAX - 1], false, None);
    }
}
