//! A new rule or indicator, tried on what was kept, before it goes live.
//!
//! The same detectors over records out of the lake, in the order in which they are given. It keeps figures and one example
//! for each analytic, never the detections: a rule that raises a million says so in one line.

use std::collections::BTreeMap;
use std::sync::Arc;

use detect::sigma::{Correlator, Losses, Seen};
use model::{AgencyId, Analytic, Detection, EventId, Timestamp, limits};

use crate::content::Content;
use crate::detectors::{Detectors, Record};

/// What an analytic would have raised.
#[derive(Clone, Debug)]
pub struct Raised {
    /// The rule or indicator.
    pub analytic: Arc<Analytic>,
    /// How often.
    pub count: u64,
    /// Of them, what a list of harmless things would have lowered or silenced.
    pub suppressed: u64,
    /// On how many machines, accounts or services; counted up to [`limits::RETRO_SUBJECTS_MAX`].
    pub subjects: usize,
    /// The first, by the events' own times.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// One of them.
    pub example: Detection,
}

/// Tries content on records.
pub struct Retro {
    detectors: Detectors,
    correlator: Correlator,
    raised: BTreeMap<String, (Raised, std::collections::BTreeSet<String>)>,
    records: u64,
    unreadable: u64,
    uncounted: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct RetroReport {
    /// Records that were looked at.
    pub records: u64,
    /// Those of them that no reader could read.
    pub unreadable: u64,
    /// What would have been raised, most serious first, then most often.
    pub raised: Vec<Raised>,
    /// Detections of analytics beyond [`limits::RETRO_ANALYTICS_MAX`] different ones.
    pub uncounted: u64,
    /// What correlations had to forget.
    pub losses: Losses,
}

impl Retro {
    /// Tries this.
    pub fn new(content: &Content) -> Self {
        Retro {
            detectors: Detectors::new(content),
            correlator: Correlator::new(Arc::clone(&content.rules)),
            raised: BTreeMap::new(),
            records: 0,
            unreadable: 0,
            uncounted: 0,
        }
    }

    /// Looks at a record as it was kept.
    pub fn observe(&mut self, agency: &AgencyId, id: EventId, received: Timestamp, raw: &[u8]) {
        self.records += 1;
        let record = Record { id, agency, received, format: None, body: raw };
        let Ok(mut examined) = self.detectors.examine(&record) else {
            self.unreadable += 1;
            return;
        };
        if !examined.matched.is_empty() && !self.correlator.is_empty() {
            let event = &examined.event;
            let seen = Seen { event: id, time: event.time, subject: event.machine() };
            self.correlator.observe(&examined.matched, &examined.fields, &seen, &mut examined.detections);
        }
        for detection in examined.detections {
            self.count(detection);
        }
        self.detectors.recycle(examined.fields);
    }

    fn count(&mut self, detection: Detection) {
        let uid = detection.analytic.uid.clone();
        if !self.raised.contains_key(&uid) && self.raised.len() >= limits::RETRO_ANALYTICS_MAX {
            self.uncounted += 1;
            return;
        }
        let (raised, subjects) = self.raised.entry(uid).or_insert_with(|| {
            let raised = Raised {
                analytic: Arc::clone(&detection.analytic),
                count: 0,
                suppressed: 0,
                subjects: 0,
                first: detection.time,
                last: detection.time,
                example: detection.clone(),
            };
            (raised, std::collections::BTreeSet::new())
        });
        raised.count += 1;
        raised.suppressed += u64::from(detection.suppressed_by.is_some());
        raised.first = raised.first.min(detection.time);
        raised.last = raised.last.max(detection.time);
        if let Some(subject) = detection.subject
            && subjects.len() < limits::RETRO_SUBJECTS_MAX
        {
            subjects.insert(subject.to_lowercase());
            raised.subjects = subjects.len();
        }
    }

    /// What came of it.
    pub fn report(self) -> RetroReport {
        let mut raised: Vec<Raised> = self.raised.into_values().map(|(raised, _)| raised).collect();
        raised.sort_by(|a, b| {
            let level = |raised: &Raised| std::cmp::Reverse(raised.analytic.level);
            level(a).cmp(&level(b)).then(b.count.cmp(&a.count)).then_with(|| a.analytic.title.cmp(&b.analytic.title))
        });
        RetroReport {
            records: self.records,
            unreadable: self.unreadable,
            raised,
            uncounted: self.uncounted,
            losses: self.correlator.losses().clone(),
        }
    }
}
