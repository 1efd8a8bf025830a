//! The doors: frames of a syslog stream, lines of a request and of a followed file, and what names a file.

use ::connect::http::{Lines, check_line};
use ::connect::syslog::{Deframer, Frame};
use ::connect::tail::{Line, Splitter, fingerprint as name_of};
use model::limits::{RECORD_BYTES_MAX, SYSLOG_COUNT_DIGITS_MAX, TAIL_HEAD_BYTES_MAX};

/// Longest frame in this target, so that cutting happens.
const FRAME_BYTES_MAX: usize = 200;

/// Sizes of the pieces in which a stream arrives.
const PIECES: [usize; 5] = [1, 2, 7, 64, usize::MAX];

/// A syslog stream, however it is cut into pieces.
pub fn syslog_frames(bytes: &[u8]) {
    let read = |piece_bytes: usize| {
        let (mut deframer, mut frames) = (Deframer::new(FRAME_BYTES_MAX), Vec::new());
        for piece in bytes.chunks(piece_bytes.min(bytes.len().max(1))) {
            deframer.feed(piece, &mut frames);
            let held_max = FRAME_BYTES_MAX + SYSLOG_COUNT_DIGITS_MAX + 2;
            assert!(deframer.held_bytes() <= held_max, "{} bytes are held", deframer.held_bytes());
        }
        deframer.finish(&mut frames);
        frames
    };
    let whole = read(usize::MAX);
    for piece_bytes in PIECES {
        assert_eq!(read(piece_bytes), whole, "in pieces of {piece_bytes}");
    }
    assert!(whole.iter().all(|frame| !frame.body.is_empty() && frame.body.len() <= FRAME_BYTES_MAX));
    nothing_is_lost(bytes, &whole);
}

/// Frames stand in the stream in their order, and where none was cut only counts and trailers stand between them.
fn nothing_is_lost(bytes: &[u8], frames: &[Frame]) {
    let mut at = 0;
    for frame in frames {
        let rest = bytes.get(at..).unwrap_or_default();
        let found = rest.windows(frame.body.len()).position(|window| window == frame.body);
        let Some(skipped) = found else { panic!("a frame that was not in the stream: {frame:?}") };
        if frames.iter().all(|frame| !frame.cut) {
            let between = rest.get(..skipped).unwrap_or_default();
            let is_framing = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'\n' | b'\r' | 0);
            assert!(between.iter().all(is_framing), "lost: {:?}", String::from_utf8_lossy(between));
        }
        at += skipped + frame.body.len();
    }
}

/// The body of an ingest request.
pub fn http_lines(bytes: &[u8]) {
    let found: Vec<(u64, &[u8])> = Lines::new(bytes).collect();
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = (0u64..).zip(body.split(|byte| *byte == b'\n'));
    let lines = lines.map(|(index, line)| (index, line.strip_suffix(b"\r").unwrap_or(line)));
    let expected: Vec<_> = lines.filter(|(_, line)| !line.trim_ascii().is_empty()).collect();
    assert_eq!(found, expected, "no line is lost");
    for (_, line) in found {
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
        assert_eq!(check_line(line, true).is_ok(), is_json && line.len() <= RECORD_BYTES_MAX);
        assert_eq!(check_line(line, false).is_ok(), line.len() <= RECORD_BYTES_MAX);
    }
}

/// A file that is followed, however much is read at a time.
pub fn tail_lines(bytes: &[u8]) {
    let read = |piece_bytes: usize| {
        let (mut splitter, mut lines): (_, Vec<Line>) = (Splitter::at(7, false), Vec::new());
        for piece in bytes.chunks(piece_bytes.min(bytes.len().max(1))) {
            splitter.feed(piece, &mut lines);
        }
        splitter.finish(&mut lines);
        assert_eq!(splitter.offset(), 7 + bytes.len() as u64);
        lines
    };
    let whole = read(usize::MAX);
    for piece_bytes in PIECES {
        assert_eq!(read(piece_bytes), whole, "in pieces of {piece_bytes}");
    }
    let mut start = 7;
    let mut expected = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let kept = line.strip_suffix(b"\r").unwrap_or(line);
        if !kept.trim_ascii().is_empty() {
            expected.push((start, kept.to_vec()));
        }
        start += line.len() as u64 + 1;
    }
    assert_eq!(whole, expected, "no line is lost");
}

/// What names a file: more of the same file never changes it.
pub fn fingerprint(bytes: &[u8]) {
    let name = name_of(bytes, false);
    assert_eq!(name, name_of(bytes, false));
    if name.is_some() {
        let grown = [bytes, b"more\n"].concat();
        assert_eq!(name_of(&grown, false), name, "a file that grows keeps its name");
        assert_eq!(name_of(&grown, true), name);
        assert_eq!(name_of(bytes, true), name);
    }
    assert!(name.is_some() || bytes.len() < TAIL_HEAD_BYTES_MAX, "a long head is enough");
}

pub(super) mod seeds {
    use testkit::city::Log;

    use crate::seeds::{city, texts};

    pub(in super::super) fn syslog_frames() -> Vec<Vec<u8>> {
        let lines = city(Log::Syslog);
        let counted = lines.iter().flat_map(|line| [format!("{} ", line.len()).as_bytes(), line].concat()).collect();
        let small = texts(&[
            "<1>a\n<2>b\r\n<3>c\0<4>d",
            "4 <1>a5 <2>bc4 <3>d",
            "6 <1>\na\n<2>b\n",
            "2024 was a year\n",
            "99999999 <1>x",
        ]);
        [vec![lines.join(&b'\n'), counted], small].concat()
    }

    pub(in super::super) fn http_lines() -> Vec<Vec<u8>> {
        vec![city(Log::Zeek).join(&b'\n'), b"\xef\xbb\xbf{\"a\":1}\r\n\r\n [1]\nx".to_vec()]
    }

    pub(in super::super) fn tail_lines() -> Vec<Vec<u8>> {
        vec![city(Log::Auditd).join(&b'\n'), b"a\r\n\n \nb".to_vec()]
    }

    pub(in super::super) fn fingerprint() -> Vec<Vec<u8>> {
        vec![
            b"#separator \\x09\n#path\tconn\n\n1.0\ta\n2.0\tb\n".to_vec(),
            b"one\r\ntwo\r\n".to_vec(),
            vec![b'x'; 65_000],
        ]
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    pub(in super::super) const syslog_frames: Words =
        &["4 <1>a", "0 <", "99999999 <", "123456789 <", "<1>", "\r\n", "1 <", " <", "200 <", "201 <"];
    pub(in super::super) const http_lines: Words = &["\r\n", "\u{feff}", "{\"a\":1}", "[", "\u{b}", "\u{c}"];
    pub(in super::super) const tail_lines: Words = &["\r\n", "\r", "\n\n", "\u{c}"];
    pub(in super::super) const fingerprint: Words = &["#", "#\n", "\r\n", "\n\n"];
}
