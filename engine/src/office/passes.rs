//! Passes: what is known here goes through the gate of each peer, in the order in which it came to be known, from the place up to which the peer
//! was told.
//!
//! The places are kept with what has left by then, in one transaction; where somebody else has gone further meanwhile, nothing is written. A peer that
//! is paused keeps its places, so that what it missed follows. Where something else is agreed than when the places were reached (terms, groups,
//! which sources are shared) they begin anew: what has left before has the same id and version again and does not leave twice. And everything that the
//! peer was told is looked at once more: for what no ground is left, a revocation leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use intel::release::{About, Consent, Handling, Item, PeerId, Provenance};
use model::{IndicatorKind, Marking, Month, OpContext, Timestamp, limits};
use serde::{Deserialize, Serialize};
use store::state::{ClaimsFor, IntelSource, KeptClaim, Learned, LearnedNumber, Outgoing, Peer, Told};
use tokio::sync::OnceCell;

use super::intel::around;
use super::outbound::{Around, add_around, claim_item, provenance, sighting_item};
use super::{Office, OfficeError};
use crate::access::Operation;
use crate::intel::{SharedAs, SourceTerms};
use crate::share::{Gate, PeerTerms, ShareKind, Standing};

/// How far a pass reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// What people have said, for which others wait.
    Learned,
    /// Everything.
    All,
}

/// How far the claims of a source were gone through, in the order in which they changed. A run that is still writing goes on behind it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Place {
    changed_us: i64,
    after: Option<(IndicatorKind, String)>,
}

impl Place {
    fn of(kept: &KeptClaim) -> Self {
        Place { changed_us: kept.changed.as_micros(), after: Some((kept.claim.kind, kept.claim.value.clone())) }
    }

    fn as_asked(&self) -> (Timestamp, ClaimsFor<'_>) {
        let after = self.after.as_ref().map(|(kind, value)| (*kind, value.as_str()));
        (Timestamp::from_micros(self.changed_us), after)
    }
}

/// A source, as whose it was shared, and how far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ClaimsPlace {
    shared: SharedAs,
    upto: Place,
}

/// A walk through things in the order of kind and value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Walk {
    /// There is nothing to look at.
    #[default]
    Done,
    /// It begins.
    Begun,
    /// It has come to this thing.
    Behind(IndicatorKind, String),
}

impl Walk {
    fn after(&self) -> Option<(IndicatorKind, &str)> {
        match self {
            Walk::Behind(kind, value) => Some((*kind, value)),
            Walk::Done | Walk::Begun => None,
        }
    }

    /// Behind the last of what was read, if there may be more.
    fn on(last: Option<(IndicatorKind, String)>, is_full: bool) -> Self {
        match last {
            Some((kind, value)) if is_full => Walk::Behind(kind, value),
            _ => Walk::Done,
        }
    }
}

/// How far a peer was told, as it is kept with the peer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    /// What was agreed when these places were reached, as a hash.
    agreed: String,
    /// When the peer was changed by hand last, as far as was heeded here.
    changed_us: i64,
    /// What people have said.
    learned: LearnedNumber,
    /// What sources claim, by their numbers.
    claims: BTreeMap<i64, ClaimsPlace>,
    /// What the peer was told, as it is looked at once more.
    told: Walk,
    /// Counts over organisations, as they are looked at once more.
    tallies: Walk,
    /// When techniques were looked at last.
    pub(super) techniques_us: i64,
    /// Techniques that went through the gate, by month.
    pub(super) techniques: BTreeMap<Month, BTreeSet<String>>,
}

/// What passes for all peers share.
pub(super) struct Known {
    pub(super) peers: Vec<Peer>,
    shared: Vec<(IntelSource, SharedAs)>,
    /// Which techniques were seen here in which month; read when somebody is to be told.
    pub(super) techniques: OnceCell<Vec<(Month, BTreeSet<String>)>>,
    /// What people have said, by the number behind which it was read: most peers are at the same place.
    pages: Mutex<BTreeMap<LearnedNumber, Arc<LearnedPage>>>,
}

/// A kind and a value in normal form.
type Thing = (IndicatorKind, String);

/// What people have said, with what decides how it is told.
#[derive(Default)]
struct LearnedPage {
    heard: Vec<Heard>,
    /// Things that the last word called harmless.
    harmless: BTreeSet<Thing>,
}

struct Heard {
    learned: Learned,
    bound: Option<Marking>,
    around: Option<Around>,
}

/// Pages of what people have said that are held at once.
const PAGES_HELD_MAX: usize = 8;

impl Known {
    async fn page(
        &self,
        office: &Office,
        ctx: &OpContext,
        after: LearnedNumber,
    ) -> Result<Arc<LearnedPage>, OfficeError> {
        let held = self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&after).cloned();
        if let Some(page) = held {
            return Ok(page);
        }
        let page = Arc::new(office.learned_page(ctx, after).await?);
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= PAGES_HELD_MAX {
            pages.clear();
        }
        pages.insert(after, Arc::clone(&page));
        Ok(page)
    }
}

impl Office {
    /// Puts what peers were not told yet through the gate of each, a bounded part of it. Says how many objects are new, and whether there is more.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn share_onward(&self, ctx: &OpContext) -> Result<(u64, bool), OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        self.passes(ctx, Reach::All).await
    }

    /// The same for those who were asked already.
    pub(super) async fn passes(&self, ctx: &OpContext, reach: Reach) -> Result<(u64, bool), OfficeError> {
        let peers = self.state.peers(ctx).await?;
        let gates = self.gates(ctx, &peers).await?;
        if gates.is_empty() {
            return Ok((0, false));
        }
        let sources = self.state.intel_sources(ctx).await?.into_iter().filter(|source| source.removed.is_none());
        let shared = sources.filter_map(|source| Some((SourceTerms::of(&source).shared?, source)));
        let shared = shared.map(|(shared, source)| (source, shared)).collect();
        let known = Known { peers, shared, techniques: OnceCell::new(), pages: Mutex::default() };
        let (mut added, mut has_more, mut waiting) = (0, false, Vec::new());
        for (terms, gate) in gates {
            // Nothing goes by an agreement that has ended, not even that something is taken back.
            if terms.until.is_some_and(|until| until <= ctx.now) {
                continue;
            }
            let mut pass = Pass::new(self, ctx, &known, (terms, gate));
            pass.run(reach).await?;
            let (outgoing, is_more) = pass.finish();
            has_more |= is_more;
            waiting.push(outgoing);
            let objects: usize = waiting.iter().map(|one| one.departures.len()).sum();
            if objects >= limits::SHARED_CLAIMS_PER_PASS_MAX {
                added += self.send(ctx, &std::mem::take(&mut waiting)).await?;
            }
        }
        added += self.send(ctx, &waiting).await?;
        Ok((added, has_more))
    }

    async fn learned_page(&self, ctx: &OpContext, after: LearnedNumber) -> Result<LearnedPage, OfficeError> {
        let page = self.state.learned_after(ctx, after, limits::SHARED_SIGHTINGS_PER_PASS_MAX).await?;
        let things: Vec<Thing> = page.iter().map(|one| (one.kind, one.value.clone())).collect();
        let harmless = self.state.harmless_among(ctx, &things).await?.into_iter().collect();
        let mut heard = Vec::with_capacity(page.len());
        for learned in page {
            let bound = self.known_as(ctx, learned.kind, &learned.value).await?;
            // A finding that was erased takes its words with it.
            let finding = match learned.finding {
                Some(id) => self.state.finding(ctx, id).await?,
                None => None,
            };
            heard.push(Heard { learned, bound, around: finding.map(|finding| around(&finding.detection)) });
        }
        Ok(LearnedPage { heard, harmless })
    }
}

/// A pass for one peer.
pub(super) struct Pass<'o> {
    pub(super) office: &'o Office,
    pub(super) ctx: &'o OpContext,
    pub(super) known: &'o Known,
    pub(super) terms: PeerTerms,
    pub(super) gate: Gate,
    pub(super) progress: Progress,
    /// Things whose counts were looked at in this pass.
    counted: BTreeSet<Thing>,
    has_more: bool,
}

impl<'o> Pass<'o> {
    fn new(office: &'o Office, ctx: &'o OpContext, known: &'o Known, (terms, gate): (PeerTerms, Gate)) -> Self {
        let progress = serde_json::from_str(&gate.peer().shared).unwrap_or_default();
        Pass { office, ctx, known, terms, gate, progress, counted: BTreeSet::new(), has_more: false }
    }

    async fn run(&mut self, reach: Reach) -> Result<(), OfficeError> {
        self.begin();
        self.doubtful().await?;
        self.learned().await?;
        if reach == Reach::All {
            self.claims().await?;
            self.told().await?;
            self.tallies().await?;
            self.techniques().await?;
        }
        // What is doubted now is looked at by the next pass.
        self.has_more |= self.gate.is_doubting();
        Ok(())
    }

    /// What leaves, and whether there is more.
    fn finish(mut self) -> (Outgoing, bool) {
        let upto = serde_json::to_string(&self.progress).unwrap_or_default();
        if upto != self.gate.peer().shared {
            self.gate.shared(upto);
        }
        (self.gate.finish(), self.has_more)
    }

    /// Compares what is agreed with what was when the places were reached.
    fn begin(&mut self) {
        let agreed = self.agreed();
        let changed_us = self.gate.peer().changed.as_micros();
        let progress = &mut self.progress;
        if progress.agreed != agreed {
            *progress = Progress { agreed, ..Progress::default() };
        }
        // A peer that was paused has missed counts; and what it knows may have lost its ground meanwhile.
        if progress.changed_us != changed_us {
            (progress.changed_us, progress.told, progress.tallies) = (changed_us, Walk::Begun, Walk::Begun);
        }
        let shared: BTreeMap<i64, SharedAs> =
            self.known.shared.iter().map(|(source, shared)| (source.number.into(), *shared)).collect();
        let before = progress.claims.len();
        progress.claims.retain(|number, place| shared.get(number) == Some(&place.shared));
        if progress.claims.len() != before {
            progress.told = Walk::Begun;
        }
    }

    /// The terms, the groups that the peer is in now, and what it is called, as a hash.
    fn agreed(&self) -> String {
        let policy = self.gate.policy();
        let words = serde_json::json!([self.terms, policy.groups, policy.peer]).to_string();
        blake3::hash(words.as_bytes()).to_hex()[..16].to_owned()
    }

    fn shares(&self, kind: ShareKind) -> bool {
        self.terms.shares.contains(&kind)
    }

    /// What may have lost its ground.
    async fn doubtful(&mut self) -> Result<(), OfficeError> {
        let rows_max = limits::TOLD_PER_PASS_MAX;
        let doubtful = self.office.state.doubtful(self.ctx, self.gate.peer().number, rows_max).await?;
        self.has_more |= doubtful.len() == rows_max;
        for told in doubtful {
            match self.is_grounded(&told).await? {
                true => self.gate.settle(told),
                false => self.gate.take_back(&told),
            }
        }
        Ok(())
    }

    /// Everything that the peer was told, once more.
    async fn told(&mut self) -> Result<(), OfficeError> {
        if self.progress.told == Walk::Done {
            return Ok(());
        }
        let (peer, rows_max) = (self.gate.peer().number, limits::TOLD_PER_PASS_MAX);
        let page = self.office.state.told_after(self.ctx, peer, self.progress.told.after(), rows_max).await?;
        let last = page.last().map(|told| (told.kind, told.value.clone()));
        self.progress.told = Walk::on(last, page.len() == rows_max);
        self.has_more |= self.progress.told != Walk::Done;
        for told in page {
            if !self.is_grounded(&told).await? {
                self.gate.take_back(&told);
            }
        }
        Ok(())
    }

    /// Whether there is anything by which the peer may know of a thing: a sighting of ours, a claim of a source that is shared, or a count.
    async fn is_grounded(&self, told: &Told) -> Result<bool, OfficeError> {
        let (office, ctx, kind, value) = (self.office, self.ctx, told.kind, told.value.as_str());
        let said = office.state.learned_on(ctx, kind, value).await?;
        // The last word counts.
        if said.first().is_some_and(|last| last.is_false) {
            return Ok(false);
        }
        if self.shares(ShareKind::Sightings) && !said.is_empty() {
            let bound = office.known_as(ctx, kind, value).await?;
            let is_let = |learned: &Learned| self.gate.lets(sighting_item(learned, bound));
            if said.iter().take_while(|learned| !learned.is_false).any(is_let) {
                return Ok(true);
            }
        }
        if self.shares(ShareKind::Indicators) {
            for kept in office.state.claims_on(ctx, kind, value).await?.iter().filter(|kept| kept.gone.is_none()) {
                let shared = self.known.shared.iter().find(|(source, _)| source.number == kept.source);
                if shared.is_some_and(|(source, shared)| self.gate.lets(self.claim(source, *shared, kept))) {
                    return Ok(true);
                }
            }
        }
        // How many have seen something stays true when they see it no more.
        let number = self.gate.peer().number;
        Ok(self.shares(ShareKind::Tallies)
            && office.state.tally_released(ctx, number, (kind, value)).await? > 0
            && self.gate.lets(count_item(told)))
    }

    fn claim(&self, source: &IntelSource, shared: SharedAs, kept: &KeptClaim) -> Item {
        claim_item(source, kept, provenance(source, shared, &self.known.peers))
    }

    /// What people have said since.
    async fn learned(&mut self) -> Result<(), OfficeError> {
        let page = self.known.page(self.office, self.ctx, self.progress.learned).await?;
        let Some(last) = page.heard.last() else { return Ok(()) };
        self.progress.learned = last.learned.number;
        self.has_more |= page.heard.len() == limits::SHARED_SIGHTINGS_PER_PASS_MAX;
        let things: Vec<Thing> = page.heard.iter().map(|one| (one.learned.kind, one.learned.value.clone())).collect();
        let taken_back = self.taken_back_among(&things).await?;
        for (heard, thing) in page.heard.iter().zip(things) {
            if page.harmless.contains(&thing) {
                self.gate.doubt(thing.0, thing.1);
            } else if !heard.learned.is_false {
                self.tell(heard, taken_back.contains(&thing)).await?;
                self.count(&thing).await?;
            }
        }
        Ok(())
    }

    async fn tell(&mut self, heard: &Heard, is_again: bool) -> Result<(), OfficeError> {
        let learned = &heard.learned;
        if is_again && self.shares(ShareKind::Indicators) {
            // It was called harmless, and is not: what sources say of it holds again.
            let claims = self.office.state.claims_on(self.ctx, learned.kind, &learned.value).await?;
            for kept in claims.iter().filter(|kept| kept.gone.is_none()) {
                let known = self.known;
                let Some((source, shared)) = known.shared.iter().find(|(source, _)| source.number == kept.source)
                else {
                    continue;
                };
                let standing = Standing { changed: Some(kept.changed), is_again, number: None };
                self.gate.item(self.claim(source, *shared, kept), standing);
            }
        }
        if !self.shares(ShareKind::Sightings) {
            self.gate.not_agreed("sighting", 1);
            return Ok(());
        }
        let mut item = sighting_item(learned, heard.bound);
        if let Some(around) = &heard.around {
            add_around(&mut item, around, &self.terms);
        }
        let standing = Standing { changed: Some(learned.at), is_again, number: Some(learned.number) };
        if !self.gate.item(item, standing) {
            self.gate.doubt(learned.kind, learned.value.clone());
        }
        Ok(())
    }

    /// What shared sources claim, as far as it changed since.
    async fn claims(&mut self) -> Result<(), OfficeError> {
        if !self.shares(ShareKind::Indicators) {
            return Ok(());
        }
        let mut left = limits::SHARED_CLAIMS_PER_PASS_MAX;
        let known = self.known;
        for (source, shared) in &known.shared {
            let number = i64::from(source.number);
            let upto = self.progress.claims.get(&number).map(|place| place.upto.clone()).unwrap_or_default();
            let claims = self.office.state.claims_changed(self.ctx, source.number, upto.as_asked(), left).await?;
            let upto = claims.last().map_or(upto, Place::of);
            self.progress.claims.insert(number, ClaimsPlace { shared: *shared, upto });
            self.has_more |= claims.len() == left;
            left -= claims.len();
            self.tell_claims((source, *shared), &claims).await?;
            if left == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn tell_claims(
        &mut self,
        (source, shared): (&IntelSource, SharedAs),
        claims: &[KeptClaim],
    ) -> Result<(), OfficeError> {
        let things: Vec<Thing> = claims.iter().map(|kept| (kept.claim.kind, kept.claim.value.clone())).collect();
        let harmless = self.office.state.harmless_among(self.ctx, &things).await?;
        let harmless: BTreeSet<Thing> = harmless.into_iter().collect();
        let taken_back = self.taken_back_among(&things).await?;
        for (kept, thing) in claims.iter().zip(things) {
            let is_over = kept.gone.is_some() || harmless.contains(&thing);
            let is_again = taken_back.contains(&thing);
            let standing = Standing { changed: Some(kept.changed), is_again, number: None };
            // What is no more, and what may go no more, may have gone before.
            if is_over || !self.gate.item(self.claim(source, shared, kept), standing) {
                self.gate.doubt(thing.0, thing.1);
            }
        }
        Ok(())
    }

    /// Which of these things were taken back from the peer.
    async fn taken_back_among(&self, things: &[Thing]) -> Result<BTreeSet<Thing>, OfficeError> {
        let taken_back = self.office.state.taken_back_among(self.ctx, self.gate.peer().number, things).await?;
        Ok(taken_back.into_iter().collect())
    }

    /// Counts over organisations, once more.
    async fn tallies(&mut self) -> Result<(), OfficeError> {
        if self.progress.tallies == Walk::Done {
            return Ok(());
        }
        if !self.shares(ShareKind::Tallies) {
            self.progress.tallies = Walk::Done;
            return Ok(());
        }
        let (since, rows_max) = (super::counts::since(self.ctx.now), limits::TALLIES_PER_PASS_MAX);
        let after = self.progress.tallies.after();
        let page = self.office.state.things_seen(self.ctx, after, since, rows_max).await?;
        self.progress.tallies = Walk::on(page.last().cloned(), page.len() == rows_max);
        self.has_more |= self.progress.tallies != Walk::Done;
        for thing in page {
            self.count(&thing).await?;
        }
        Ok(())
    }

    /// In how many organisations a thing was seen, once in a pass.
    async fn count(&mut self, thing: &Thing) -> Result<(), OfficeError> {
        if !self.shares(ShareKind::Tallies) || !self.counted.insert(thing.clone()) {
            return Ok(());
        }
        let (kind, value) = (thing.0, thing.1.as_str());
        let kept = self.office.state.sightings_on(self.ctx, kind, value).await?;
        self.office.count_thing(self.ctx, &mut self.gate, ((kind, value), &kept)).await
    }
}

/// By what a count is cleared that was told before: under its marking, as what several others have told.
fn count_item(told: &Told) -> Item {
    let handling = Handling {
        marking: told.marking,
        groups: BTreeSet::new(),
        provenance: PeerId::parse("several").map_or(Provenance::Own, Provenance::From),
        until: None,
        submitter: None,
        consent: Consent::No,
    };
    let about = About::Sighting(told.kind, told.value.clone());
    Item::new(&format!("tally:{}", model::IndicatorId::of(told.kind, &told.value)), about, handling)
}
