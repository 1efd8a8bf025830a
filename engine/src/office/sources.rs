//! How sources and the watch itself are doing, through a door to whoever counts.

use model::{AgencyId, NoteReason, OpContext, Timestamp};
use store::register::{Kept, REGISTER};

use super::{Office, OfficeError};
use crate::access::Operation;

/// A source at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceView {
    /// Its name.
    pub name: String,
    /// Whose records it brings.
    pub agency: AgencyId,
    /// What it is doing, in a word.
    pub state: String,
    /// Where it listens, if it does.
    pub listening: Option<String>,
    /// Records that arrived.
    pub received: u64,
    /// Records that arrived in a second, of late; `None` until that is known.
    pub rate: Option<f64>,
    /// Inputs that were not taken.
    pub refused: u64,
    /// Records that were thrown away because ingest was busy.
    pub dropped: u64,
    /// When the last record came.
    pub last: Option<Timestamp>,
    /// What went wrong last, and when.
    pub error: Option<(Timestamp, String)>,
    /// Records of each of the last minutes, oldest first; the last minute is not over.
    pub minutes: Vec<u64>,
}

/// The watch at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchView {
    /// Records that detectors have not dealt with.
    pub detect_lag: u64,
    /// Records that the lake has not taken.
    pub lake_lag: u64,
    /// Rules that are loaded.
    pub rules: u64,
    /// Indicators that are loaded.
    pub indicators: u64,
    /// Whether the lake refuses now.
    pub is_lake_failing: bool,
    /// Whether findings cannot be kept now.
    pub is_state_failing: bool,
}

/// How long events are kept for a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Why, in words that a data protection officer would use.
    pub purpose: String,
    /// Which classes of events; all others when empty.
    pub classes: Vec<u32>,
    /// Whole days.
    pub days: u32,
}

/// Whoever counts.
pub trait Gauges: Send + Sync {
    /// How long events are kept, by purpose.
    fn retention(&self) -> Vec<Period>;
    /// The agency that the installation stands at.
    fn home(&self) -> AgencyId;
    /// The agencies that it serves, by name.
    fn agencies(&self) -> Vec<AgencyId>;
    /// Every source, by name.
    fn sources(&self) -> Vec<SourceView>;
    /// The watch itself.
    fn watch(&self) -> WatchView;
}

/// Everything about the intake of an agency.
#[derive(Clone, Debug)]
pub struct IntakeView {
    /// The agency's sources.
    pub sources: Vec<SourceView>,
    /// The watch.
    pub watch: WatchView,
    /// What could not be read: source, reason, how often, when last.
    pub notes: Vec<(String, NoteReason, u64, Timestamp)>,
}

impl Office {
    /// What is kept, of whom, why and for how long; and for how long events are kept here.
    ///
    /// # Errors
    /// When the context may not.
    pub async fn processing(&self, ctx: &OpContext) -> Result<(&'static [Kept], Vec<Period>), OfficeError> {
        self.may(ctx, Operation::ProcessingRead).await?;
        Ok((REGISTER, self.gauges.as_ref().map(|gauges| gauges.retention()).unwrap_or_default()))
    }

    /// How the agency's sources are doing.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn intake(&self, ctx: &OpContext) -> Result<IntakeView, OfficeError> {
        self.may(ctx, Operation::SourceRead).await?;
        let (mut sources, watch) = match &self.gauges {
            Some(gauges) => (gauges.sources(), gauges.watch()),
            None => (Vec::new(), WatchView::default()),
        };
        sources.retain(|source| source.agency == ctx.agency);
        let notes = self.state.note_counts(ctx).await?;
        let notes = notes.into_iter().map(|note| (note.source, note.reason, note.seen, note.last)).collect();
        Ok(IntakeView { sources, watch, notes })
    }
}
