//! All files of one source: which are followed, whose turn it is, and what becomes of their lines.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;

use model::doors::Incoming;
use model::limits::{BATCH_RECORDS_MAX, TAIL_FILES_MAX, TAIL_GONE_SECONDS};
use model::{Cursor, NoteReason};

use super::discover::{Discovery, discover};
use super::packed::Packed;
use super::plain::Plain;
use super::positions::{Position, Remembered};
use super::splitter::Line;
use super::{FileKey, Found, Packing, Start, Tail, off_thread};
use crate::health::Count;
use crate::link::{Link, SourceError};

/// What a look at a file brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing to read.
    Nothing,
    /// The file's fingerprint is known now, and nobody has said where to begin.
    NeedsPlace(u64),
    /// Something to read.
    Ready,
}

/// Where to begin in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Where it was left, if it is the same file.
    Known(Position),
    /// Where its original was left, or at its first byte.
    Copy(Position),
    /// At its first byte.
    Beginning,
    /// Behind what was there.
    Behind(u64),
    /// At its first byte, and its records have no names, because another file has them.
    Unnamed,
}

/// What was read in one turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) lines: Vec<Line>,
    /// Where reading goes on when all lines are durable; of a packed file only its end.
    pub(super) end: Option<Position>,
    /// Whether that is inside a line that is skipped.
    pub(super) skipping: bool,
    pub(super) has_more: bool,
    pub(super) too_long: u64,
    /// What is wrong with a packed file.
    pub(super) trouble: Option<String>,
}

enum Kind {
    Plain(Plain),
    Packed(Packed),
}

struct Followed {
    path: PathBuf,
    key: FileKey,
    kind: Kind,
    /// Known once the file has a place.
    fingerprint: Option<u64>,
    is_at_path: bool,
    is_named: bool,
    /// A file whose name another one has was seen; it is given one more look, because copies come before truncation.
    had_twin: bool,
    /// Size when it was found at the first start, if reading begins behind it.
    begins_behind: Option<u64>,
}

/// Identical bytes at the start of two files from which one is taken for a copy of the other.
const COPY_BYTES_MIN: usize = 4_096;

/// The files that a running source follows.
pub(super) struct Fleet<'a> {
    tail: &'a Tail,
    link: &'a Link,
    files: Vec<Option<Followed>>,
    /// Paths about which a note was written; one is enough.
    noted: BTreeSet<PathBuf>,
    too_many: usize,
}

impl<'a> Fleet<'a> {
    pub(super) fn new(tail: &'a Tail, link: &'a Link) -> Self {
        Fleet { tail, link, files: Vec::new(), noted: BTreeSet::new(), too_many: 0 }
    }

    /// Finds new files, and notices which are gone from their paths.
    pub(super) async fn discover(&mut self) -> Result<(), SourceError> {
        let config = self.tail.config.clone();
        let Discovery { found, troubled, too_many } = off_thread(move || discover(&config)).await?;
        self.note_troubles(troubled, too_many);
        let mut by_key: BTreeMap<FileKey, Found> = found.into_iter().map(|found| (found.key, found)).collect();
        for file in self.files.iter_mut().flatten() {
            let here = by_key.remove(&file.key);
            file.is_at_path = here.is_some();
            if let Some(here) = here {
                if let Kind::Packed(packed) = &mut file.kind {
                    packed.moved_to(&here.path);
                }
                file.path = here.path;
            }
        }
        self.let_go_of_gone();
        let is_first = !std::mem::replace(&mut self.remembered().has_started, true);
        let mut new: Vec<Found> = by_key.into_values().collect();
        new.sort_by(|a, b| a.path.cmp(&b.path));
        for found in new {
            self.follow(found, is_first).await?;
        }
        Ok(())
    }

    async fn follow(&mut self, found: Found, is_first: bool) -> Result<(), SourceError> {
        if self.files.len() >= 2 * TAIL_FILES_MAX {
            return Ok(());
        }
        let (path, key) = (found.path.clone(), found.key);
        let packing = Packing::of(&path);
        let opened = off_thread(move || match packing {
            Packing::None => Plain::open(&path, key).and_then(|plain| Ok((plain.size()?, Kind::Plain(plain)))),
            _ => Ok((0, Kind::Packed(Packed::new(&path, key, packing)))),
        });
        match opened.await? {
            Ok((size, kind)) => {
                let begins_behind = (is_first && self.tail.config.start == Start::End).then_some(size);
                let Found { path, key } = found;
                self.files.push(Some(Followed {
                    path,
                    key,
                    kind,
                    fingerprint: None,
                    is_at_path: true,
                    is_named: true,
                    had_twin: false,
                    begins_behind,
                }));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.note_once(found.path, error.to_string()),
        }
        Ok(())
    }

    /// Gives every file one turn; true when a file has more to read.
    pub(super) async fn one_round(&mut self) -> Result<bool, SourceError> {
        let mut has_more = false;
        for index in 0..self.files.len() {
            if self.link.shutdown.is_cancelled() {
                return Ok(false);
            }
            let Some(file) = self.files[index].take() else { continue };
            let (file, more) = self.one_turn(file).await?;
            self.files[index] = file;
            has_more |= more;
        }
        self.files.retain(Option::is_some);
        Ok(has_more)
    }

    /// One file's turn. The file comes back, unless it is gone and read to its end.
    async fn one_turn(&mut self, mut file: Followed) -> Result<(Option<Followed>, bool), SourceError> {
        let is_last = self.is_over(&file);
        let look;
        (file, look) = off_thread(move || {
            let look = match &mut file.kind {
                Kind::Plain(plain) => plain.look(is_last),
                Kind::Packed(packed) => packed.look(),
            };
            (file, look)
        })
        .await?;
        let is_ready = match look {
            Ok(Look::Ready) => true,
            Ok(Look::Nothing) if is_last => return Ok((None, false)),
            Ok(Look::Nothing) => false,
            Ok(Look::NeedsPlace(fingerprint)) => {
                let settled;
                (file, settled) = self.settle(file, fingerprint).await?;
                settled
            }
            Err(error) => {
                self.trouble_with(&file, &error.to_string());
                false
            }
        };
        if !is_ready {
            return Ok((Some(file), false));
        }
        let turn;
        (file, turn) = off_thread(move || {
            let turn = match &mut file.kind {
                Kind::Plain(plain) => plain.read(is_last),
                Kind::Packed(packed) => Ok(packed.read()),
            };
            (file, turn)
        })
        .await?;
        match turn {
            Ok(turn) => self.keep(file, turn).await,
            Err(error) => {
                self.trouble_with(&file, &error.to_string());
                Ok((Some(file), false))
            }
        }
    }

    /// Whether nobody can append to the file any more: gone from its path for long enough.
    fn is_over(&self, file: &Followed) -> bool {
        let gone = Duration::from_secs(self.tail.config.gone_seconds.min(TAIL_GONE_SECONDS));
        match &file.kind {
            Kind::Plain(plain) => !file.is_at_path && plain.last_grown().elapsed() >= gone,
            Kind::Packed(_) => !file.is_at_path,
        }
    }

    /// A packed file that is gone has nothing that could be read.
    fn let_go_of_gone(&mut self) {
        self.files.retain(|file| match file {
            Some(file) => file.is_at_path || matches!(file.kind, Kind::Plain(_)),
            None => false,
        });
    }

    /// Decides where to begin in a file that has got its fingerprint. False leaves the decision to the next look.
    async fn settle(&mut self, mut file: Followed, fingerprint: u64) -> Result<(Followed, bool), SourceError> {
        let twin = self.twin_of(&file, fingerprint).await?;
        if twin == Some(Twin::Different) && !file.had_twin {
            file.had_twin = true;
            return Ok((file, false));
        }
        let place = match (twin, self.known(fingerprint).await) {
            (Some(Twin::Different), _) => Place::Unnamed,
            (Some(Twin::Copy), Some(position)) => Place::Copy(position),
            (None, Some(position)) => Place::Known(position),
            (_, None) => file.begins_behind.map_or(Place::Beginning, Place::Behind),
        };
        let settled;
        (file, settled) = off_thread(move || {
            let settled = match &mut file.kind {
                Kind::Plain(plain) => plain.settle(fingerprint, place),
                Kind::Packed(packed) => packed.settle(place).map(Some),
            };
            (file, settled)
        })
        .await?;
        match settled {
            Ok(None) => Ok((file, false)),
            Ok(Some(place)) => {
                file.is_named = place != Place::Unnamed;
                file.begins_behind = None;
                file.had_twin = false;
                if !file.is_named {
                    let detail = format!(
                        "{} begins like another file and goes on differently: a restart reads it again",
                        file.path.display()
                    );
                    self.link.health.note(NoteReason::PartLost, detail);
                }
                file.fingerprint = Some(fingerprint);
                if let (Place::Behind(_), Kind::Plain(plain)) = (place, &file.kind) {
                    // Or else the next start would not know that what was there is not wanted.
                    self.remember(&file, plain.position()).await;
                }
                Ok((file, true))
            }
            Err(error) => {
                self.trouble_with(&file, &error.to_string());
                Ok((file, false))
            }
        }
    }

    /// Whether another file that may still grow gives its records the same names.
    async fn twin_of(&self, file: &Followed, fingerprint: u64) -> Result<Option<Twin>, SourceError> {
        let twins = self.files.iter().flatten().filter(|other| other.is_at_path && other.is_named);
        let mut twins = twins.filter_map(|other| match &other.kind {
            Kind::Plain(plain) if plain.fingerprint() == Some(fingerprint) => Some(plain),
            _ => None,
        });
        let Some(twin) = twins.next_back() else { return Ok(None) };
        // 4 KiB out of two open files: not worth a thread.
        let twin_head = twin.head(COPY_BYTES_MIN).unwrap_or_default();
        let head = match &file.kind {
            Kind::Plain(plain) => plain.head(COPY_BYTES_MIN).unwrap_or_default(),
            Kind::Packed(packed) => packed.head().iter().take(COPY_BYTES_MIN).copied().collect(),
        };
        let is_copy = head.len() == COPY_BYTES_MIN && head == twin_head;
        Ok(Some(if is_copy { Twin::Copy } else { Twin::Different }))
    }

    async fn known(&self, fingerprint: u64) -> Option<Position> {
        let remembered = self.remembered().get(fingerprint);
        if remembered.is_some() {
            return remembered;
        }
        match self.tail.positions.load(&self.link.source, fingerprint).await {
            Ok(position) => position,
            Err(error) => {
                // Without a position the file is read again, and what is kept already is dropped by the intake.
                self.link.health.failed(self.link.clock.now(), error.to_string());
                None
            }
        }
    }

    /// Hands in a turn's lines, batch by batch, and remembers how far they are durable.
    async fn keep(&mut self, mut file: Followed, turn: Turn) -> Result<(Option<Followed>, bool), SourceError> {
        if turn.too_long > 0 {
            self.link.health.add(Count::Refused, turn.too_long);
            let detail = format!("{} lines of {} are too long and left out", turn.too_long, file.path.display());
            self.link.health.note(NoteReason::TooLarge, detail);
        }
        let mut lines = turn.lines.into_iter().peekable();
        while lines.peek().is_some() {
            let batch: Vec<Line> = lines.by_ref().take(BATCH_RECORDS_MAX).collect();
            self.hand_in(&file, batch).await?;
        }
        if let Some(end) = turn.end {
            if let Kind::Plain(plain) = &mut file.kind {
                plain.advance(end, turn.skipping);
            }
            self.remember(&file, end).await;
        }
        if let Some(trouble) = turn.trouble {
            self.link.health.add(Count::Refused, 1);
            self.link.health.note(NoteReason::BadArchive, trouble);
        }
        Ok((Some(file), turn.has_more))
    }

    async fn hand_in(&self, file: &Followed, lines: Vec<Line>) -> Result<(), SourceError> {
        if lines.is_empty() {
            return Ok(());
        }
        let (records, received) = (lines.len(), self.link.clock.now());
        let bytes = lines.iter().map(|(_, body)| body.len()).sum();
        let fingerprint = file.fingerprint.filter(|_| file.is_named);
        let incoming = |(offset, body)| Incoming {
            source: self.link.source.clone(),
            cursor: fingerprint.map(|fingerprint| Cursor::File { fingerprint, offset }),
            received,
            format: self.tail.config.format,
            body,
        };
        self.link.insist(lines.into_iter().map(incoming).collect()).await?;
        self.link.health.received_many(received, records, bytes);
        Ok(())
    }

    async fn remember(&self, file: &Followed, position: Position) {
        let Some(fingerprint) = file.fingerprint.filter(|_| file.is_named) else { return };
        self.remembered().put(fingerprint, position);
        if let Err(error) = self.tail.positions.store(&self.link.source, fingerprint, position).await {
            self.link.health.failed(self.link.clock.now(), error.to_string());
        }
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.tail.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble_with(&mut self, file: &Followed, reason: &str) {
        self.note_once(file.path.clone(), reason.to_owned());
    }

    fn note_troubles(&mut self, troubled: BTreeMap<PathBuf, String>, too_many: usize) {
        // A path that is well again may be noted again.
        let still = |path: &PathBuf| troubled.contains_key(path) || path.exists();
        self.noted.retain(still);
        for (path, reason) in troubled {
            self.note_once(path, reason);
        }
        if too_many > self.too_many {
            self.link.health.add(Count::Refused, (too_many - self.too_many) as u64);
            self.link
                .health
                .note(NoteReason::TooLarge, format!("{too_many} files beyond {TAIL_FILES_MAX} are not read"));
        }
        self.too_many = too_many;
    }

    fn note_once(&mut self, path: PathBuf, reason: String) {
        let detail = format!("{}: {reason}", path.display());
        if self.noted.insert(path) {
            self.link.health.add(Count::Refused, 1);
            self.link.health.note(NoteReason::Malformed, detail);
        }
    }
}

/// Another file with the same fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Twin {
    /// With the same bytes, as far as was looked.
    Copy,
    /// With other bytes, or too short to tell.
    Different,
}
