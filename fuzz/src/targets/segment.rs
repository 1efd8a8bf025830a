//! Images of indicator segments: as they come, and with checksums that are right, so that what lies behind them is tried.

use std::sync::Arc;

use detect::indicators::{Builder, Defaults, IndicatorSet, Segment, merge, parse_line};
use model::ocsf::{Observable, ObservableKind};

const TRAILER_BYTES: usize = 32;
const ENTRY_BYTES: usize = 24;
const ALIGN: usize = 64;

/// An image that somebody changed.
pub fn segment_image(bytes: &[u8]) {
    use_image(bytes.to_vec());
    use_image(resealed(bytes));
}

fn use_image(image: Vec<u8>) {
    let Ok(segment) = Segment::open(image) else { return };
    let (mut kept, mut again) = (Vec::new(), Vec::new());
    let first = segment.for_each(|indicator| kept.push(indicator));
    assert_eq!(first, segment.for_each(|indicator| again.push(indicator)));
    assert_eq!(kept, again, "the same image gives the same indicators");
    let _ = (segment.counts(), segment.first_filter_bytes(), segment.second_filter_bytes());
    let set = IndicatorSet::new(vec![Arc::new(segment)]);
    for (kind, value, port) in seeds::ASKED {
        let mut hits = Vec::new();
        set.find(&Observable { kind: *kind, attribute: "a", value, port: *port }, &mut hits);
        let _ = hits.iter().map(detect::indicators::Hit::level).max();
    }
    let mut merged = Vec::new();
    if merge(&set, &mut merged).is_ok() {
        assert!(Segment::open(merged).is_ok(), "what is merged opens");
    }
}

/// The image with the checksums and the length that it should have, as `detect::indicators` lays it out: a table of
/// sections and a trailer at the end.
fn resealed(bytes: &[u8]) -> Vec<u8> {
    let mut image = bytes.to_vec();
    let total = image.len() as u64;
    let Some(trailer_at) = image.len().checked_sub(TRAILER_BYTES) else { return image };
    let number = |image: &[u8], at: usize| -> Option<u64> {
        Some(u64::from_le_bytes(image.get(at..at.checked_add(8)?)?.try_into().ok()?))
    };
    let Some(table_at) = number(&image, trailer_at).and_then(|at| usize::try_from(at).ok()) else { return image };
    if table_at > trailer_at {
        return image;
    }
    for entry in (table_at..trailer_at.saturating_sub(ENTRY_BYTES - 1)).step_by(ENTRY_BYTES) {
        let (Some(start), Some(length)) = (number(&image, entry + 8), number(&image, entry + 16)) else { continue };
        let stop = start.checked_add(length).and_then(|stop| stop.checked_next_multiple_of(ALIGN as u64));
        let section = stop.and_then(|stop| image.get(usize::try_from(start).ok()?..usize::try_from(stop).ok()?));
        let Some(crc) = section.map(crc32fast::hash) else { continue };
        put(&mut image, entry + 4, &crc.to_le_bytes());
    }
    put(&mut image, trailer_at + 16, &total.to_le_bytes());
    let mut crc = crc32fast::Hasher::new();
    let part = |image: &[u8], range: std::ops::Range<usize>| image.get(range).unwrap_or_default().to_vec();
    crc.update(&part(&image, table_at..trailer_at));
    crc.update(&part(&image, trailer_at..trailer_at + 12));
    crc.update(&total.to_le_bytes());
    put(&mut image, trailer_at + 12, &crc.finalize().to_le_bytes());
    image
}

fn put(image: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = image.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

pub(super) mod seeds {
    use super::{Builder, Defaults, ObservableKind, Segment, parse_line};

    pub(super) const ASKED: &[(ObservableKind, &str, Option<u16>)] = &[
        (ObservableKind::Hostname, "x.a.b.example", None),
        (ObservableKind::Hostname, "b1.example", Some(443)),
        (ObservableKind::Ip, "192.0.2.7", Some(443)),
        (ObservableKind::Ip, "2001:db8::1", None),
        (ObservableKind::Url, "http://a.b.example/x?y", None),
        (ObservableKind::Email, "a@b.example", None),
        (ObservableKind::Hash, "44d88612fea8a8f36de82e1278abb02f", None),
    ];

    fn image(lines: &[String]) -> Vec<u8> {
        let mut builder = Builder::new();
        for line in lines {
            if let Ok(Some(indicator)) = parse_line(line, &Defaults::of_source("fuzz")) {
                let _ = builder.push(&indicator);
            }
        }
        let mut image = Vec::new();
        let _ = builder.finish(&mut image);
        image
    }

    fn lines() -> Vec<String> {
        let fixed = [
            "a.b.example\tfamily\t80",
            "zip.example",
            ".zip",
            "192.0.2.7",
            "192.0.2.0/24\tnet",
            "192.0.0.0/8",
            "192.0.2.7:443",
            "2001:db8::1",
            "2001:db8::/32",
            "http://a.b.example/x?y",
            "/x?y",
            "a@b.example\tmail\t10",
            "44d88612fea8a8f36de82e1278abb02f",
        ];
        let many = (0..200).map(|number| format!("b{number}.example\tfamily{}", number % 3));
        fixed.into_iter().map(str::to_owned).chain(many).collect()
    }

    /// A segment with something of every kind.
    pub(in super::super) fn segment() -> Segment {
        Segment::open(image(&lines())).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(in super::super) fn segment_image() -> Vec<Vec<u8>> {
        vec![image(&lines()), image(&lines()[..13]), image(&[])]
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    pub(in super::super) const segment_image: &[&str] = &["WBINDIC\n", "\u{7f}", "\0\0\0\0"];
}
