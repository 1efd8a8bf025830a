//! Objects of a collection, page by page (TAXII 2.1 sections 3.4 to 3.6 and 5.4).
//!
//! A page comes with the cursor behind it: make the page durable, keep the cursor, ask for the next. What servers in the field do
//! otherwise than the text says, and what follows here:
//!
//! | server | here |
//! |---|---|
//! | gives the same `next` again with a page that has nothing new, or says `more` without any | the run goes on by the date of the page's last object |
//! | gives the same `next` for every page and counts them itself (the OASIS reference server does) | it is asked on; a run that broke off goes on by date, because the server may have counted a page that never came |
//! | has no such date, or goes in circles all the same | the run ends with [`TaxiiError::Loops`]; the pages before are kept |
//! | takes `added_after` as "from … on", or skips objects that share the date of a page's last one | the run goes on a microsecond before that date; what comes again is known by id and version |
//! | has more objects of one date than a page holds | the page is asked for larger, up to [`TAXII_PAGE_OBJECTS_MAX`]; then [`TaxiiError::Stuck`] |
//! | sends no `X-TAXII-Date-Added-Last`, or not in RFC 3339 | other forms are read; without any, the next run reads all again, and says so |
//! | sends a date that is later than its own clock | the date is not believed |
//! | forgets a `next` between two runs | the run begins again from its date |
//!
//! So the last objects of a run come once more at the next. They cost a comparison; an object that is skipped costs a finding.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;

use formats::intel::Refused;
use formats::intel::taxii::{self as wire, Envelope};
use model::Timestamp;
use model::limits::{
    FEED_RUN_BYTES, FEED_RUN_ITEMS, TAXII_BARREN_PAGES_MAX, TAXII_CLOCK_SECONDS_MAX, TAXII_PAGE_OBJECTS,
    TAXII_PAGE_OBJECTS_MAX, TAXII_PAGES_MAX, TAXII_SEEN_MAX,
};
use serde::{Deserialize, Serialize};

use super::{Client, TaxiiError, objects_at, unreadable};
use crate::fetch::{Received, Target};

/// Where to go on in a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cursor {
    /// Objects that were added after this are asked for; all when absent.
    pub added_after: Option<Timestamp>,
    /// The server's own key of the page to ask for.
    pub next: Option<String>,
    /// How far the run has come.
    pub reached: Reached,
}

/// How far a run has come, by the server's dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reached {
    /// Nothing has come.
    #[default]
    Nothing,
    /// Everything up to this date.
    Upto(Timestamp),
    /// Objects up to this date, not in the order of their dates: there may be earlier ones to come.
    Mixed(Timestamp),
    /// A page had no date that can be read.
    Unknown,
}

impl Reached {
    /// The same behind another page, whose objects should not be earlier than `earliest`.
    fn with(self, page: &Dates, earliest: Option<Timestamp>) -> Self {
        let Some(last) = page.last else { return Reached::Unknown };
        let first = page.first.unwrap_or(last);
        let is_in_order = first <= last && Some(first) >= earliest;
        let latest = first.max(last);
        match self {
            Reached::Unknown => Reached::Unknown,
            Reached::Nothing if is_in_order => Reached::Upto(latest),
            Reached::Nothing => Reached::Mixed(latest),
            Reached::Upto(before) if is_in_order => Reached::Upto(latest.max(before)),
            Reached::Upto(before) | Reached::Mixed(before) => Reached::Mixed(latest.max(before)),
        }
    }
}

/// What one run may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// Bytes, judged before each page.
    pub bytes_max: u64,
    /// Objects, judged before each page.
    pub items_max: u64,
}

impl Default for RunLimits {
    fn default() -> Self {
        RunLimits { bytes_max: FEED_RUN_BYTES, items_max: FEED_RUN_ITEMS }
    }
}

/// A page of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The envelope as it came: for `formats::intel::stix`.
    pub bytes: Vec<u8>,
    /// Where in it the objects stand that this run has not brought before.
    pub fresh: Vec<Range<usize>>,
    /// How many objects came again.
    pub repeated: usize,
    /// Objects that could not be told apart from their neighbours.
    pub refused: Vec<Refused>,
    /// What is odd about the server.
    pub notes: Vec<PageNote>,
    /// To be kept once the page is durable.
    pub cursor: Cursor,
    /// When the first and the last object were added, as far as the server says it.
    pub dates: Dates,
}

impl Page {
    /// The objects that this run has not brought before, each as its bytes.
    pub fn fresh_objects(&self) -> impl Iterator<Item = &[u8]> {
        self.fresh.iter().filter_map(|range| self.bytes.get(range.clone()))
    }
}

/// `X-TAXII-Date-Added-First` and `-Last`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dates {
    /// Of the page's first object.
    pub first: Option<Timestamp>,
    /// Of its last.
    pub last: Option<Timestamp>,
}

/// What is odd about a server, and is dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PageNote {
    /// The page has no date that can be read: the next run reads all again.
    NoDate,
    /// A date is not in RFC 3339.
    OddDate,
    /// A date is later than the server's own clock says it is: going on from there would pass over what comes until then.
    FutureDate,
    /// The key from the last run is not known any more: the run has begun again from its date.
    NextForgotten,
    /// There is more, but no key: the run goes on by date.
    NoNext,
    /// A key came for the second time: the run goes on by date, if that leads further.
    NextRepeats,
    /// Objects of one date fill a page: a larger one is asked for.
    CrowdedDate,
}

impl PageNote {
    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            PageNote::NoDate => "the server does not say when objects were added; the next run reads all of them again",
            PageNote::OddDate => "the server writes dates otherwise than RFC 3339",
            PageNote::FutureDate => "the server says that objects were added in the future, which is not believed",
            PageNote::NextForgotten => {
                "the server has forgotten where the last run stopped; it began again from its date"
            }
            PageNote::NoNext => "the server has more and gives no key to it; the run goes on by date",
            PageNote::NextRepeats => {
                "the server gives a key for the second time; the run goes on by date, if that leads further"
            }
            PageNote::CrowdedDate => "objects that were added at the same time fill a page; larger pages are asked for",
        }
    }
}

/// A run through a collection.
pub struct Pull<'a> {
    client: &'a Client,
    objects: Target,
    cursor: Cursor,
    limits: RunLimits,
    page_objects: u32,
    progress: Progress,
    state: State,
}

/// What a run has seen.
#[derive(Default)]
struct Progress {
    pages: u32,
    bytes: u64,
    objects: u64,
    barren: u32,
    nexts: HashSet<[u8; 16]>,
    seen: Seen,
}

/// Objects of this run, the latest [`TAXII_SEEN_MAX`] at least.
#[derive(Default)]
struct Seen {
    young: HashSet<[u8; 16]>,
    old: HashSet<[u8; 16]>,
}

impl Seen {
    /// Whether it is new.
    fn insert(&mut self, key: [u8; 16]) -> bool {
        if self.young.len() >= TAXII_SEEN_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        let is_new = !self.old.contains(&key);
        self.young.insert(key) && is_new
    }
}

enum State {
    /// The key to the first page is from an earlier run.
    Resumed,
    Going,
    Ended,
    /// The last page leads nowhere; told once.
    Failed(Option<Box<TaxiiError>>),
}

impl Client {
    /// A run through a collection, from where the last one stopped.
    ///
    /// # Errors
    /// When the id cannot stand in a URL.
    pub fn pull(&self, root: &Target, collection: &str, mut cursor: Cursor) -> Result<Pull<'_>, TaxiiError> {
        let objects = objects_at(root, collection)?;
        if let (Some(_), Reached::Upto(last)) = (&cursor.next, cursor.reached) {
            // A server that counts pages itself may have counted one that never came: its key is not trusted over a break.
            cursor.added_after = Some(just_before(last)).max(cursor.added_after);
            cursor.next = None;
        }
        let state = if cursor.next.is_some() { State::Resumed } else { State::Going };
        Ok(Pull {
            client: self,
            objects,
            cursor,
            limits: RunLimits::default(),
            page_objects: TAXII_PAGE_OBJECTS,
            progress: Progress::default(),
            state,
        })
    }
}

impl Pull<'_> {
    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: RunLimits) -> Self {
        Pull { limits, ..self }
    }

    /// The same with pages of another size.
    #[must_use]
    pub fn with_page_objects(self, objects: u32) -> Self {
        Pull { page_objects: objects.clamp(1, TAXII_PAGE_OBJECTS_MAX), ..self }
    }

    /// The next page; `None` when the collection has no more. After an error the run may be tried again from the last page's
    /// cursor.
    ///
    /// # Errors
    /// When the server cannot be asked, answers something else, or leads nowhere. All pages so far stay good.
    pub async fn next_page(&mut self) -> Result<Option<Page>, TaxiiError> {
        match &mut self.state {
            State::Resumed | State::Going => {}
            State::Ended => return Ok(None),
            State::Failed(error) => return error.take().map_or(Ok(None), |error| Err(*error)),
        }
        self.check_limits()?;
        let mut notes = Vec::new();
        let received = self.ask(&mut notes).await?;
        let envelope = wire::envelope(&received.body)
            .map_err(|trouble| unreadable(received.target.origin(), "envelope of objects", trouble))?;
        let dates = dates(&received, &mut notes);
        if dates.last.is_none() && !envelope.objects.is_empty() {
            notes.push(PageNote::NoDate);
        }
        let (fresh, repeated) = self.sort_out(&received.body, &envelope);
        if let Err(error) = self.step(&envelope, &dates, fresh.len(), &mut notes) {
            if fresh.is_empty() {
                return Err(error);
            }
            // What the page brings is good; what leads on from it is told at the next call.
            self.state = State::Failed(Some(Box::new(error)));
        }
        let Received { body: bytes, .. } = received;
        Ok(Some(Page { bytes, fresh, repeated, refused: envelope.refused, notes, cursor: self.cursor.clone(), dates }))
    }

    fn check_limits(&self) -> Result<(), TaxiiError> {
        let Progress { pages, bytes, objects, .. } = self.progress;
        let is_within = pages < TAXII_PAGES_MAX && bytes < self.limits.bytes_max && objects < self.limits.items_max;
        if is_within {
            return Ok(());
        }
        Err(TaxiiError::RunLimit { origin: self.objects.origin().clone(), pages, bytes, objects })
    }

    async fn ask(&mut self, notes: &mut Vec<PageNote>) -> Result<Received<Vec<u8>>, TaxiiError> {
        let asked = self.client.get(self.query()).await;
        match asked {
            Err(TaxiiError::Fetch(error)) if matches!(self.state, State::Resumed) && key_is_refused(&error) => {
                notes.push(PageNote::NextForgotten);
                self.cursor.next = None;
                self.cursor.reached = Reached::Nothing;
                self.state = State::Going;
                self.client.get(self.query()).await
            }
            asked => {
                self.state = State::Going;
                asked
            }
        }
    }

    fn query(&self) -> Target {
        let added_after = self.cursor.added_after.map(written);
        let limit = self.page_objects.to_string();
        let mut parameters = vec![("limit", limit.as_str())];
        parameters.extend(added_after.as_deref().map(|text| ("added_after", text)));
        parameters.extend(self.cursor.next.as_deref().map(|text| ("next", text)));
        self.objects.with_query(&parameters)
    }

    /// Which objects are new to this run, and how many are not.
    fn sort_out(&mut self, bytes: &[u8], envelope: &Envelope) -> (Vec<Range<usize>>, usize) {
        let progress = &mut self.progress;
        progress.pages += 1;
        progress.bytes = progress.bytes.saturating_add(bytes.len() as u64);
        progress.objects = progress.objects.saturating_add(envelope.objects.len() as u64);
        let mut fresh = Vec::new();
        for placed in &envelope.objects {
            let is_new = match &placed.key {
                Some(key) => progress.seen.insert(digest(&[key.id.as_bytes(), key.version.as_bytes()])),
                None => progress.seen.insert(digest(&[bytes.get(placed.range.clone()).unwrap_or_default()])),
            };
            if is_new {
                fresh.push(placed.range.clone());
            }
        }
        let repeated = envelope.objects.len() - fresh.len();
        (fresh, repeated)
    }

    /// Moves the cursor behind a page.
    fn step(
        &mut self,
        page: &Envelope,
        dates: &Dates,
        fresh: usize,
        notes: &mut Vec<PageNote>,
    ) -> Result<(), TaxiiError> {
        // A page that came before says nothing about order, and an empty one nothing at all.
        let reached = if fresh == 0 { self.cursor.reached } else { self.cursor.reached.with(dates, self.earliest()) };
        if !page.has_more {
            self.state = State::Ended;
            self.cursor = Cursor { added_after: self.behind(reached), ..Cursor::default() };
            return Ok(());
        }
        self.cursor.reached = reached;
        self.progress.barren = if fresh == 0 { self.progress.barren + 1 } else { 0 };
        let is_circle = self.progress.barren > TAXII_BARREN_PAGES_MAX;
        match &page.next {
            _ if is_circle => Err(self.loops("page after page brings nothing new")),
            Some(next) if !self.progress.nexts.insert(digest(&[next.as_bytes()])) && fresh == 0 => {
                notes.push(PageNote::NextRepeats);
                self.go_on_from(dates).map_err(|()| self.loops("it gives the same next for the same page"))
            }
            Some(next) => {
                self.cursor.next = Some(next.clone());
                Ok(())
            }
            None => self.step_by_date(dates, notes),
        }
    }

    /// The earliest date that the page asked for should have.
    fn earliest(&self) -> Option<Timestamp> {
        match (&self.cursor.next, self.cursor.reached) {
            (Some(_), Reached::Upto(before)) => Some(before),
            _ => self.cursor.added_after,
        }
    }

    /// From where the next run asks, once this one is at its end.
    fn behind(&self, reached: Reached) -> Option<Timestamp> {
        match reached {
            Reached::Upto(last) | Reached::Mixed(last) => Some(just_before(last)).max(self.cursor.added_after),
            Reached::Nothing | Reached::Unknown => self.cursor.added_after,
        }
    }

    fn step_by_date(&mut self, dates: &Dates, notes: &mut Vec<PageNote>) -> Result<(), TaxiiError> {
        notes.push(PageNote::NoNext);
        if dates.last.is_none() {
            return Err(self.stuck("it gives neither a key nor a date that can be read"));
        }
        if !matches!(self.cursor.reached, Reached::Upto(_)) {
            return Err(self.stuck("it gives no key, and its objects are not in the order of their dates"));
        }
        if self.go_on_from(dates).is_ok() {
            return Ok(());
        }
        if self.page_objects >= TAXII_PAGE_OBJECTS_MAX {
            return Err(self.stuck("more objects have the same date than it gives at once"));
        }
        notes.push(PageNote::CrowdedDate);
        self.page_objects = self.page_objects.saturating_mul(2).min(TAXII_PAGE_OBJECTS_MAX);
        Ok(())
    }

    /// Asks by date from here on, if that leads further than before. A server that begins with the very date that was asked for
    /// means "from … on": it needs no step back.
    fn go_on_from(&mut self, dates: &Dates) -> Result<(), ()> {
        if !matches!(self.cursor.reached, Reached::Upto(_)) {
            return Err(());
        }
        let is_inclusive = dates.first.is_some() && dates.first == self.cursor.added_after;
        let from = if is_inclusive { dates.last } else { dates.last.map(just_before) };
        if from <= self.cursor.added_after {
            return Err(());
        }
        self.cursor.added_after = from;
        self.cursor.next = None;
        Ok(())
    }

    fn loops(&self, why: &'static str) -> TaxiiError {
        TaxiiError::Loops { origin: self.objects.origin().clone(), pages: self.progress.pages, why }
    }

    fn stuck(&self, why: &'static str) -> TaxiiError {
        TaxiiError::Stuck { origin: self.objects.origin().clone(), pages: self.progress.pages, why }
    }
}

/// RFC 3339 with all six digits (section 3.2), which some servers insist on.
fn written(time: Timestamp) -> String {
    time.to_civil().map_or_else(|| time.to_string(), |civil| format!("{civil:.6}Z"))
}

/// The latest time that is before `last` whatever a server makes of "after".
fn just_before(last: Timestamp) -> Timestamp {
    last.minus(Duration::from_micros(1))
}

/// A key that is not known any more is a bad request, or a place where nothing is.
fn key_is_refused(error: &crate::fetch::FetchError) -> bool {
    matches!(error.status(), Some(400 | 404 | 406 | 410 | 416 | 422))
}

fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut short = [0; 16];
    hasher.finalize_xof().fill(&mut short);
    short
}

fn dates(received: &Received<Vec<u8>>, notes: &mut Vec<PageNote>) -> Dates {
    let (mut odd, mut future) = (false, false);
    let latest = received.server_time.map(|now| now.plus(Duration::from_secs(TAXII_CLOCK_SECONDS_MAX)));
    let mut date = |name| {
        let text = received.header(name)?;
        odd |= !is_rfc3339(text);
        let found = read_date(text);
        let is_future = latest.is_some() && found > latest;
        future |= is_future;
        found.filter(|_| !is_future)
    };
    let dates = Dates { first: date("x-taxii-date-added-first"), last: date("x-taxii-date-added-last") };
    if odd {
        notes.push(PageNote::OddDate);
    }
    if future {
        notes.push(PageNote::FutureDate);
    }
    dates
}

/// RFC 3339; the same without zone, which is UTC; and what HTTP's own headers look like.
fn read_date(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_matches('"');
    Timestamp::parse(text).or_else(|| {
        let since = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_micros()).ok().map(Timestamp::from_micros)
    })
}

fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_zone = text.ends_with(['Z', 'z']) || bytes.len().checked_sub(3).and_then(|at| bytes.get(at)) == Some(&b':');
    let has_t = bytes.get(10).is_some_and(|byte| byte.eq_ignore_ascii_case(&b't'));
    has_zone && has_t && bytes.len() >= 20 && Timestamp::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_as_servers_write_them() {
        let noon = Timestamp::parse("2020-06-10T12:00:00Z");
        assert_eq!(noon.map(written).as_deref(), Some("2020-06-10T12:00:00.000000Z"));
        let check = |text: &str, expected: Option<Timestamp>, is_right: bool| {
            assert_eq!((read_date(text), is_rfc3339(text)), (expected, is_right), "{text}");
        };
        check("2020-06-10T12:00:00.000000Z", noon, true);
        check("2020-06-10T14:00:00+02:00", noon, true);
        check("2020-06-10T12:00:00", noon, false);
        check("2020-06-10 12:00:00+00:00", noon, false);
        check("\"2020-06-10T12:00:00Z\"", noon, false);
        check("Wed, 10 Jun 2020 12:00:00 GMT", noon, false);
        check("yesterday", None, false);
        check("", None, false);
    }

    #[test]
    fn how_far_a_run_has_come() {
        let at = Timestamp::from_millis;
        let page = |first, last| Dates { first: Some(first), last: Some(last) };
        let first = Reached::Nothing.with(&page(at(2), at(5)), None);
        assert_eq!(first, Reached::Upto(at(5)));
        assert_eq!(first.with(&page(at(5), at(9)), Some(at(5))), Reached::Upto(at(9)));
        let mixed = first.with(&page(at(4), at(9)), Some(at(5)));
        assert_eq!(mixed, Reached::Mixed(at(9)), "a page that begins before the last one ended");
        assert_eq!(mixed.with(&page(at(9), at(9)), Some(at(9))), mixed, "and it stays so");
        assert_eq!(Reached::Nothing.with(&page(at(9), at(2)), None), Reached::Mixed(at(9)), "newest first");
        let undated = first.with(&Dates::default(), None);
        assert_eq!((undated, undated.with(&page(at(9), at(9)), None)), (Reached::Unknown, Reached::Unknown));
    }

    #[test]
    fn what_a_run_remembers_is_bounded() {
        let mut seen = Seen::default();
        let key = |number: usize| digest(&[&number.to_le_bytes()]);
        for number in 0..TAXII_SEEN_MAX + 10 {
            assert!(seen.insert(key(number)));
        }
        assert!(!seen.insert(key(TAXII_SEEN_MAX)) && !seen.insert(key(10)));
        assert!(seen.young.len() + seen.old.len() <= 2 * TAXII_SEEN_MAX);
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = (read_date(&text), is_rfc3339(&text));
            let _ = serde_json::from_str::<Cursor>(&text);
        }

        #[test]
        fn a_cursor_comes_back(micros in prop::option::of(-1i64..i64::MAX / 2), next in prop::option::of("\\PC{0,20}")) {
            let time = micros.map(Timestamp::from_micros);
            let reached = time.map_or(Reached::Unknown, Reached::Upto);
            let cursor = Cursor { added_after: time, next, reached };
            let again: Cursor = serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
            prop_assert_eq!(again, cursor);
        }
    }
}
