//! All detectors over one record.

use std::sync::Arc;

use detect::indicators::observe;
use detect::sigma::{Matcher, Seen};
use detect::suppress::Suppression;
use formats::{Head, Mappings, Trouble};
use intel::pattern::{Takes, Watched};
use model::{AgencyId, Detection, Event, EventId, Fields, Format, NoteReason, Timestamp};

use crate::content::Content;
use crate::known::KnownIndicators;

/// The detectors of one thread. They share what they know and keep what they work with.
pub struct Detectors {
    matcher: Matcher,
    indicators: Arc<KnownIndicators>,
    suppression: Arc<Suppression>,
    mappings: Arc<Mappings>,
    /// Memory for the next record's fields.
    earlier: Fields<'static>,
}

/// A record on its way through the detectors.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its name.
    pub id: EventId,
    /// Whose it is.
    pub agency: &'a AgencyId,
    /// When it reached us.
    pub received: Timestamp,
    /// What its source says it is.
    pub format: Option<Format>,
    /// Its bytes.
    pub body: &'a [u8],
}

impl<'a> Record<'a> {
    /// What readers are told about it.
    pub fn head(&self) -> Head<'a> {
        Head { id: self.id, agency: self.agency, received: self.received }
    }
}

/// What became of a record.
pub struct Examined<'a> {
    /// Its fields, for whoever correlates.
    pub fields: Fields<'a>,
    /// The event.
    pub event: Event,
    /// Rules that matched, by index.
    pub matched: Vec<usize>,
    /// What was found, without correlations.
    pub detections: Vec<Detection>,
    /// What it does for patterns that need several events, for whoever remembers.
    pub takes: Vec<(Arc<Watched>, Takes)>,
    /// What was wrong with parts of it.
    pub troubles: Vec<Trouble>,
}

impl Detectors {
    /// Detectors that know this.
    pub fn new(content: &Content) -> Self {
        Detectors {
            matcher: Matcher::new(Arc::clone(&content.rules), Arc::clone(&content.router)),
            indicators: Arc::clone(&content.indicators),
            suppression: Arc::clone(&content.suppression),
            mappings: Arc::clone(&content.mappings),
            earlier: Fields::new(Format::Json),
        }
    }

    /// Reads a record and looks for nothing.
    ///
    /// # Errors
    /// When the record cannot be read at all.
    pub fn normalise<'a>(&mut self, record: &Record<'a>) -> Result<Examined<'a>, Trouble> {
        let format = match record.format.or_else(|| formats::recognise(record.body)) {
            Some(format) => format,
            None => {
                let detail = "no reader knows this record; --format forces one".to_owned();
                return Err(Trouble { reason: NoteReason::UnknownFormat, detail });
            }
        };
        let earlier = std::mem::replace(&mut self.earlier, Fields::from_vec(format, Vec::new()));
        let fields = formats::fields_into(earlier, format, record.body)?;
        let (event, troubles) = formats::event(&fields, &record.head(), &self.mappings);
        Ok(Examined { fields, event, matched: Vec::new(), detections: Vec::new(), takes: Vec::new(), troubles })
    }

    /// Reads a record and looks for everything that is known.
    ///
    /// # Errors
    /// When the record cannot be read at all.
    pub fn examine<'a>(&mut self, record: &Record<'a>) -> Result<Examined<'a>, Trouble> {
        let mut examined = self.normalise(record)?;
        let Examined { fields, event, matched, detections, takes, .. } = &mut examined;
        self.matcher.matches(fields, matched);
        if !matched.is_empty() {
            let seen = Seen { event: record.id, time: event.time, subject: event.machine() };
            self.matcher.explain(matched, fields, &seen, detections);
        }
        let sets = self.indicators.load();
        let indicators = sets.of(record.agency);
        if !indicators.is_empty() {
            observe(indicators, event, &self.suppression, detections);
        }
        if let Some(patterns) = sets.patterns_of(record.agency) {
            let taken = patterns.look(event, &self.suppression, detections);
            takes.extend(taken.into_iter().map(|taken| (Arc::clone(patterns), taken)));
        }
        Ok(examined)
    }

    /// Takes back the fields of a record that is done with: their memory serves the next record.
    pub fn recycle(&mut self, fields: Fields<'_>) {
        self.earlier = fields.emptied(Format::Json);
    }

    /// The rules.
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }
}
