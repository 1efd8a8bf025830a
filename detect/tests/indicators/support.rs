//! What several tests of indicators need.
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use detect::indicators::{Builder, Defaults, Hit, IndicatorSet, Segment, parse_line};
use model::ocsf::{Observable, ObservableKind};
use model::{Indicator, IndicatorKind};

/// Asks a set about one thing.
pub(crate) fn find(set: &IndicatorSet, kind: ObservableKind, value: &str, port: Option<u16>) -> Vec<Hit> {
    let mut hits = Vec::new();
    set.find(&Observable { kind, attribute: "test", value, port }, &mut hits);
    hits
}

/// An indicator from a line of a list.
pub(crate) fn indicator(source: &str, line: &str) -> Indicator {
    parse_line(line, &Defaults::of_source(source)).unwrap().unwrap()
}

/// The image of a list.
pub(crate) fn image(lines: &[impl AsRef<str>]) -> Vec<u8> {
    let mut builder = Builder::new();
    lines.iter().for_each(|line| builder.push(&indicator("test", line.as_ref())).unwrap());
    let mut image = Vec::new();
    builder.finish(&mut image).unwrap();
    image
}

/// A segment of a list.
pub(crate) fn segment(lines: &[&str]) -> Segment {
    Segment::open(image(lines)).unwrap()
}

/// What an event would hold for an indicator to name it exactly.
pub(crate) fn observable_of(kind: IndicatorKind, value: &str) -> (ObservableKind, String, Option<u16>) {
    let whole = |kind| (kind, value.to_owned(), None);
    match kind {
        IndicatorKind::Ipv4 | IndicatorKind::Ipv6 => whole(ObservableKind::Ip),
        IndicatorKind::Cidr => (ObservableKind::Ip, value.split_once('/').unwrap().0.to_owned(), None),
        IndicatorKind::IpPort => {
            let socket: std::net::SocketAddr = value.parse().unwrap();
            (ObservableKind::Ip, socket.ip().to_string(), Some(socket.port()))
        }
        IndicatorKind::Domain => whole(ObservableKind::Hostname),
        IndicatorKind::Url | IndicatorKind::UrlPath => whole(ObservableKind::Url),
        IndicatorKind::FileHash => whole(ObservableKind::Hash),
        IndicatorKind::Email => whole(ObservableKind::Email),
    }
}

/// Bytes that somebody else may overwrite between two looks, as a mapped file's owner may: each look gives a copy of its
/// own that is kept for good.
#[derive(Clone)]
pub(crate) struct Changing(Arc<std::sync::Mutex<&'static [u8]>>);

impl Changing {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Changing(Arc::new(std::sync::Mutex::new(bytes.leak())))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn write(&self, at: usize, byte: u8) {
        let mut bytes = self.0.lock().unwrap();
        let mut changed = bytes.to_vec();
        changed[at] = byte;
        *bytes = changed.leak();
    }
}

impl AsRef<[u8]> for Changing {
    fn as_ref(&self) -> &[u8] {
        *self.0.lock().unwrap()
    }
}

/// Reads a file, unpacked where it is packed.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let mut out = Vec::new();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => flate2::read::MultiGzDecoder::new(&*bytes).read_to_end(&mut out).unwrap(),
        Some("zst") => zstd::Decoder::new(&*bytes).unwrap().read_to_end(&mut out).unwrap(),
        _ => return bytes,
    };
    out
}
