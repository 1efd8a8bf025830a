//! Entries on disk, packed, between the walk through all claims and the writing of an outlet's form.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use formats::release::Released;
use model::{Confidence, IndicatorKind, Level, Marking, Pap, Timestamp, Tlp, limits};
use serde::{Deserialize, Serialize};

/// Fast rather than small: it is read again within seconds.
const COMPRESSION: i32 = 1;

/// An entry as it is kept for a moment.
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    k: IndicatorKind,
    #[serde(borrow)]
    v: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    l: std::borrow::Cow<'a, str>,
    c: u8,
    s: Level,
    f: Option<i64>,
    n: Option<i64>,
    u: Option<i64>,
    m: Option<i64>,
    t: Tlp,
    p: Pap,
}

/// Takes entries.
pub(super) struct SpoolWriter {
    path: PathBuf,
    out: zstd::Encoder<'static, File>,
    hasher: blake3::Hasher,
    /// How many entries there are of each confidence.
    by_confidence: Vec<u64>,
    line: Vec<u8>,
}

/// Entries, written.
pub(super) struct Spool {
    path: PathBuf,
    /// BLAKE3 of all entries.
    pub(super) hash: blake3::Hash,
    by_confidence: Vec<u64>,
}

/// A file for its owner only; whatever was there is gone.
pub(super) fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

impl SpoolWriter {
    pub(super) fn new(path: PathBuf) -> io::Result<Self> {
        let out = zstd::Encoder::new(create(&path)?, COMPRESSION)?;
        Ok(SpoolWriter { path, out, hasher: blake3::Hasher::new(), by_confidence: vec![0; 101], line: Vec::new() })
    }

    pub(super) fn push(&mut self, released: &Released) -> io::Result<()> {
        let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
        let entry = Entry {
            k: released.kind,
            v: released.value.as_str().into(),
            l: released.label.as_str().into(),
            c: released.confidence.percent(),
            s: released.level,
            f: micros(released.first_seen),
            n: micros(released.last_seen),
            u: micros(released.valid_until),
            m: micros(released.changed),
            t: released.marking.tlp,
            p: released.marking.pap,
        };
        self.line.clear();
        serde_json::to_writer(&mut self.line, &entry)?;
        self.line.push(b'\n');
        self.hasher.update(&self.line);
        if let Some(count) = self.by_confidence.get_mut(usize::from(released.confidence.percent())) {
            *count += 1;
        }
        self.out.write_all(&self.line)
    }

    pub(super) fn finish(self) -> io::Result<Spool> {
        let SpoolWriter { path, out, hasher, by_confidence, .. } = self;
        out.finish()?;
        Ok(Spool { path, hash: hasher.finalize(), by_confidence })
    }
}

impl Spool {
    /// How many entries there are.
    pub(super) fn len(&self) -> u64 {
        self.by_confidence.iter().sum()
    }

    /// The entries, in the order in which they came; of too many the surest. An entry that cannot be read ends the walk with an error.
    pub(super) fn entries(&self, entries_max: u64) -> io::Result<Entries> {
        // What is surer than the edge is in; of those at the edge, the first that come.
        let (mut edge, mut above) = (0, 0);
        for (percent, count) in self.by_confidence.iter().enumerate().rev() {
            edge = percent;
            if above + count > entries_max {
                break;
            }
            above += count;
        }
        let at_edge = entries_max.saturating_sub(above);
        let file = BufReader::new(File::open(&self.path)?);
        let lines = BufReader::with_capacity(limits::OUTLET_CHUNK_BYTES, zstd::Decoder::with_buffer(file)?);
        let edge = u8::try_from(edge).unwrap_or(u8::MAX);
        Ok(Entries {
            lines: Box::new(lines),
            line: String::new(),
            edge,
            at_edge,
            has_all: above == self.len(),
            error: None,
        })
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).ok();
    }
}

/// See [`Spool::entries`].
pub(super) struct Entries {
    lines: Box<dyn BufRead>,
    line: String,
    edge: u8,
    at_edge: u64,
    has_all: bool,
    error: Option<io::Error>,
}

impl Entries {
    /// What ended the walk early, if something did.
    pub(super) fn done(self) -> io::Result<()> {
        self.error.map_or(Ok(()), Err)
    }

    fn read(&mut self) -> io::Result<Option<Released>> {
        self.line.clear();
        if self.lines.read_line(&mut self.line)? == 0 {
            return Ok(None);
        }
        let entry: Entry<'_> = serde_json::from_str(&self.line)?;
        let time = |micros: Option<i64>| micros.map(Timestamp::from_micros);
        Ok(Some(Released {
            kind: entry.k,
            value: entry.v.into_owned(),
            label: entry.l.into_owned(),
            confidence: Confidence::new(entry.c).unwrap_or(Confidence::UNSTATED),
            level: entry.s,
            first_seen: time(entry.f),
            last_seen: time(entry.n),
            valid_until: time(entry.u),
            changed: time(entry.m),
            marking: Marking { tlp: entry.t, pap: entry.p },
            sources: Vec::new(),
            techniques: Vec::new(),
        }))
    }
}

impl Iterator for Entries {
    type Item = Released;

    fn next(&mut self) -> Option<Released> {
        loop {
            let released = match self.read() {
                Ok(released) => released?,
                Err(error) => {
                    self.error = Some(error);
                    return None;
                }
            };
            let percent = released.confidence.percent();
            if self.has_all || percent > self.edge {
                return Some(released);
            }
            if percent == self.edge && self.at_edge > 0 {
                self.at_edge -= 1;
                return Some(released);
            }
        }
    }
}
