//! All detectors over the records of one journal block.

use std::sync::Arc;

use intel::pattern::{Takes, Watched};
use model::{AgencyId, Detection, Event, Note};
use store::journal::{Block, Stored};

use crate::content::Content;
use crate::detectors::{Detectors, Examined, Record};

use super::shelf::ShelfRow;

/// One thread that looks at blocks.
pub struct Look {
    detectors: Detectors,
    wants_matches: bool,
}

/// What looking at a block gave.
pub(super) struct Looked {
    /// The events for the lake, in order.
    pub(super) rows: Vec<ShelfRow>,
    /// Records in which something was found, or that correlations or patterns want; in order.
    pub(super) hits: Vec<Hit>,
    /// What could not be read, with whose it was.
    pub(super) notes: Vec<(AgencyId, Note)>,
    /// Records that no reader could read at all.
    pub(super) unreadable: u64,
}

/// A record in which something was found.
pub(super) struct Hit {
    /// Its row in `rows`.
    pub(super) row: usize,
    /// Rules that matched, by index.
    pub(super) matched: Vec<usize>,
    /// What was found, without correlations.
    pub(super) detections: Vec<Detection>,
    /// What it does for patterns that need several events.
    pub(super) takes: Vec<(Arc<Watched>, Takes)>,
}

/// What is asked of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Everything,
    EventOnly,
}

impl Look {
    /// Looks with what this content knows.
    pub fn new(content: &Content) -> Self {
        let wants_matches = content.rules.correlations() > 0;
        Look { detectors: Detectors::new(content), wants_matches }
    }

    /// Reads the block's records and looks for everything that is known.
    pub(super) fn at(&mut self, block: &Block) -> Looked {
        self.read(block, Wanted::Everything)
    }

    /// Reads the block's records for the lake alone: detectors have seen them before.
    pub(super) fn events_of(&mut self, block: &Block) -> Vec<ShelfRow> {
        self.read(block, Wanted::EventOnly).rows
    }

    fn read(&mut self, block: &Block, wanted: Wanted) -> Looked {
        let rows = Vec::with_capacity(block.len());
        let mut looked = Looked { rows, hits: Vec::new(), notes: Vec::new(), unreadable: 0 };
        for stored in block.records() {
            let record = record_of(&stored);
            let examined = match wanted {
                Wanted::Everything => self.detectors.examine(&record),
                Wanted::EventOnly => self.detectors.normalise(&record),
            };
            match examined {
                Ok(examined) => self.keep(&stored, examined, &mut looked),
                Err(trouble) => {
                    looked.unreadable += 1;
                    looked.rows.push(row(&stored, formats::unread(&record.head())));
                    looked.notes.push(note(&stored, trouble));
                }
            }
        }
        looked
    }

    fn keep(&mut self, stored: &Stored<'_>, examined: Examined<'_>, looked: &mut Looked) {
        looked.notes.extend(examined.troubles.into_iter().map(|trouble| note(stored, trouble)));
        let Examined { event, fields, matched, detections, takes, .. } = examined;
        let is_wanted = !takes.is_empty() || (self.wants_matches && !matched.is_empty());
        if is_wanted || !detections.is_empty() {
            looked.hits.push(Hit { row: looked.rows.len(), matched, detections, takes });
        }
        looked.rows.push(row(stored, event));
        self.detectors.recycle(fields);
    }
}

fn record_of<'a>(stored: &Stored<'a>) -> Record<'a> {
    Record {
        id: model::EventId::of(stored.agency, stored.source, &stored.cursor()),
        agency: stored.agency,
        received: stored.received,
        format: stored.format,
        body: stored.body,
    }
}

fn row(stored: &Stored<'_>, event: Event) -> ShelfRow {
    ShelfRow {
        event,
        raw: stored.body.to_vec(),
        source: stored.source.clone(),
        received: stored.received,
        number: stored.offset.0,
    }
}

fn note(stored: &Stored<'_>, trouble: formats::Trouble) -> (AgencyId, Note) {
    let note = Note {
        source: stored.source.as_str().to_owned(),
        cursor: Some(stored.cursor()),
        line: None,
        reason: trouble.reason,
        detail: trouble.detail,
    };
    (stored.agency.clone(), note)
}

/// The content that a thread works with, and a new one when there is one.
pub(super) struct Eyes {
    content: Arc<Content>,
    look: Look,
}

impl Eyes {
    pub(super) fn new(content: Arc<Content>) -> Self {
        Eyes { look: Look::new(&content), content }
    }

    /// Detectors that know `content`.
    pub(super) fn with(&mut self, content: &Arc<Content>) -> &mut Look {
        if !Arc::ptr_eq(&self.content, content) {
            *self = Eyes::new(Arc::clone(content));
        }
        &mut self.look
    }
}
