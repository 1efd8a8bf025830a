//! Private look-ups: a peer asks whether something was seen here, or by those who share with us, without saying what (`intel::lookup`).
//!
//! What is in the list passes the gate like everything else: a thing that may not be told to a peer is not in that peer's list.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use intel::lookup::{Answer, Answerer, Draws, Listed, LookupError, Note, bucket};
use intel::release::{About, Cleared, Consent, Field, Handling, Item, PeerId, Provenance, Tally, clear};
use model::{AgencyId, IndicatorKind, Marking, OpContext, Timestamp, limits};
use store::state::{Deed, NewSighting, Peer, PeerNumber};

use super::outbound::PEER_ORIGIN;
use super::{Office, OfficeError};
use crate::access::{Denied, Operation};
use crate::share::{Gate, PeerTerms};

/// For which days what was seen is known.
const KNOWN_DAYS: u64 = 400;
/// Rows of sightings that a list is made of.
const ROWS_MAX: usize = limits::FEEDBACK_MAX;

/// What askers have to know first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupKey {
    /// The public key, in hexadecimal digits.
    pub key: String,
    /// Questions in one request.
    pub batch_max: usize,
    /// Questions in an hour.
    pub per_hour_max: u32,
}

type Known = Arc<Vec<(IndicatorKind, String, Note)>>;

/// Questions so far, and lists that were made: computing one takes seconds.
#[derive(Default)]
pub struct Lookups {
    asked: Mutex<HashMap<WhichPeer, (i64, u32)>>,
    lists: Mutex<HashMap<WhichPeer, Made>>,
}

/// Numbers of peers are their agency's own.
type WhichPeer = (AgencyId, PeerNumber);

/// When a list was made, of what, and the list.
type Made = (Timestamp, Known, Arc<Vec<Listed>>);

impl Lookups {
    /// Counts questions of a peer; whether they are still within the hour's.
    fn count(&self, peer: WhichPeer, questions: u32, now: Timestamp) -> bool {
        let hour = now.as_micros().div_euclid(3_600_000_000);
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = asked.entry(peer).or_insert((hour, 0));
        if entry.0 != hour {
            *entry = (hour, 0);
        }
        let is_within = entry.1.saturating_add(questions) <= limits::LOOKUPS_PER_HOUR_MAX;
        if is_within {
            entry.1 += questions;
        }
        is_within
    }
}

impl Office {
    /// The key with which this agency answers, and how much may be asked.
    ///
    /// # Errors
    /// When the context is no peer's that may look up, or the vault refuses.
    pub async fn lookup_key(&self, ctx: &OpContext) -> Result<LookupKey, OfficeError> {
        self.looking_up(ctx).await?;
        let key = self.answerer(ctx).await?.public_key();
        Ok(LookupKey { key, batch_max: limits::LOOKUP_BATCH_MAX, per_hour_max: limits::LOOKUPS_PER_HOUR_MAX })
    }

    /// Computes on blinded values.
    ///
    /// # Errors
    /// When the context is no peer's that may look up, there are too many, one is none, or the vault refuses.
    pub async fn lookup_evaluate(&self, ctx: &OpContext, blinded: &[String]) -> Result<Vec<Answer>, OfficeError> {
        let peer = self.looking_up(ctx).await?;
        let refused = |words: String| OfficeError::Refused(words);
        if !(1..=limits::LOOKUP_BATCH_MAX).contains(&blinded.len()) {
            return Err(refused(format!("1 to {} questions at a time", limits::LOOKUP_BATCH_MAX)));
        }
        self.allow(&peer, blinded.len(), ctx.now)?;
        let answerer = self.answerer(ctx).await?;
        let mut draws = Draws::new(&crate::entrance::secret()?);
        let answers: Result<Vec<Answer>, LookupError> =
            blinded.iter().map(|blinded| answerer.answer(blinded, &mut draws)).collect();
        let answers = answers.map_err(|error| refused(error.to_string()))?;
        let words = serde_json::json!({ "peer": peer.name, "questions": blinded.len() }).to_string();
        let deed = Deed::done_to_named("share.lookup", "peer", &peer.name).saying(words);
        self.state.record(ctx, &[deed]).await?;
        Ok(answers)
    }

    /// The list in which askers find what they asked about.
    ///
    /// # Errors
    /// When the context is no peer's that may look up, or the state refuses.
    pub async fn lookup_list(&self, ctx: &OpContext) -> Result<Arc<Vec<Listed>>, OfficeError> {
        let peer = self.looking_up(ctx).await?;
        Ok(self.known_to(ctx, &peer).await?.1)
    }

    /// The prefix tier: rests of hashes of all that is known in a class.
    ///
    /// # Errors
    /// When the context is no peer's that may look up, the prefix is none, or the state refuses.
    pub async fn lookup_bucket(&self, ctx: &OpContext, prefix: &str) -> Result<Vec<String>, OfficeError> {
        let peer = self.looking_up(ctx).await?;
        self.allow(&peer, 1, ctx.now)?;
        let known = self.known_to(ctx, &peer).await?.0;
        let things = known.iter().map(|(kind, value, _)| (*kind, value.as_str()));
        bucket(things, prefix).map_err(|error| OfficeError::Refused(error.to_string()))
    }

    fn allow(&self, peer: &Peer, questions: usize, now: Timestamp) -> Result<(), OfficeError> {
        let questions = u32::try_from(questions).unwrap_or(u32::MAX);
        if self.lookups.count((peer.agency.clone(), peer.number), questions, now) {
            return Ok(());
        }
        Err(OfficeError::TooMany(format!("at most {} questions an hour", limits::LOOKUPS_PER_HOUR_MAX)))
    }

    /// The peer that asks, where it may.
    async fn looking_up(&self, ctx: &OpContext) -> Result<Peer, OfficeError> {
        self.may(ctx, Operation::ShareRead).await?;
        let peer = self.asking_peer(ctx).await?;
        let may = |peer: &Peer| {
            let terms = PeerTerms::of(peer);
            peer.paused.is_none() && terms.may_look_up && terms.until.is_none_or(|until| until > ctx.now)
        };
        match peer.filter(may) {
            Some(peer) => Ok(peer),
            None => {
                let deed = Deed::done(Operation::ShareRead.name(), ctx.actor.clone());
                self.state.record(ctx, &[Deed { outcome: store::ledger::Outcome::Denied, ..deed }]).await?;
                let operation = Operation::ShareRead;
                Err(Denied { operation, roles: ctx.roles.to_string(), needs_proof: false }.into())
            }
        }
    }

    async fn answerer(&self, ctx: &OpContext) -> Result<Answerer, OfficeError> {
        let seed = self.vault.agency_secret(ctx.agency.as_str(), "look-ups").await?;
        Answerer::new(&seed).map_err(|error| OfficeError::Refused(error.to_string()))
    }

    /// What a peer may know of, and the list made of it; both are kept for a while.
    async fn known_to(&self, ctx: &OpContext, peer: &Peer) -> Result<(Known, Arc<Vec<Listed>>), OfficeError> {
        let key = (ctx.agency.clone(), peer.number);
        let oldest = ctx.now.minus(Duration::from_secs(limits::LOOKUP_SET_SECONDS));
        // What was agreed may have changed since.
        let is_good = |made: Timestamp| made > oldest && made > peer.changed;
        let kept = self.lookups.lists.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((made, known, list)) = kept
            && is_good(made)
        {
            return Ok((known, list));
        }
        let known: Known = Arc::new(self.cleared_for(ctx, peer).await?);
        let answerer = self.answerer(ctx).await?;
        let things = Arc::clone(&known);
        // A hundred microseconds for each thing.
        let list = tokio::task::spawn_blocking(move || {
            answerer.list(things.iter().map(|(kind, value, note)| (*kind, value.as_str(), note.clone())))
        });
        let list = list.await.map_err(|_| OfficeError::Stopping)?;
        let list = Arc::new(list.map_err(|error| OfficeError::Refused(error.to_string()))?);
        let mut lists = self.lookups.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.insert(key, (ctx.now, Arc::clone(&known), Arc::clone(&list)));
        Ok((known, list))
    }

    async fn cleared_for(
        &self,
        ctx: &OpContext,
        peer: &Peer,
    ) -> Result<Vec<(IndicatorKind, String, Note)>, OfficeError> {
        let Some((_, gate)) = self.gate(ctx, peer).await? else { return Ok(Vec::new()) };
        let since = ctx.now.minus(Duration::from_secs(KNOWN_DAYS * 86_400));
        let recipient = format!("{PEER_ORIGIN}{}", peer.name);
        let mut seen: BTreeMap<(IndicatorKind, String), Vec<NewSighting>> = BTreeMap::new();
        for sighting in self.state.sightings_since(ctx, since, ROWS_MAX).await? {
            // What the peer told us itself is no news to it.
            if sighting.is_false || sighting.origin == recipient {
                continue;
            }
            let place = (sighting.kind, sighting.value.clone());
            let is_known = seen.contains_key(&place);
            if is_known || seen.len() < limits::LOOKUP_SET_MAX {
                seen.entry(place).or_default().push(sighting);
            }
        }
        let mut known = Vec::new();
        for ((kind, value), sightings) in seen {
            let bound = self.known_as(ctx, kind, &value).await?;
            if let Some(note) = note(&gate, (kind, &value), &sightings, bound, ctx.now) {
                known.push((kind, value, note));
            }
        }
        Ok(known)
    }
}

/// What the peer may be told of a thing; nothing when it may not even know that it was seen.
fn note(
    gate: &Gate,
    (kind, value): (IndicatorKind, &str),
    sightings: &[NewSighting],
    bound: Option<Marking>,
    now: Timestamp,
) -> Option<Note> {
    let is_given = |one: &&NewSighting| one.origin.starts_with(PEER_ORIGIN);
    // Where we have seen it ourselves, what others told of it is not needed to say so.
    let own: Vec<&NewSighting> = sightings.iter().filter(|one| !is_given(one)).collect();
    let said: Vec<&NewSighting> = if own.is_empty() { sightings.iter().collect() } else { own.clone() };
    let marking = said.iter().map(|one| one.marking).reduce(Marking::and)?;
    let marking = bound.map_or(marking, |bound| marking.and(bound));
    let several = PeerId::parse("several")?;
    let handling = |marking: Marking, is_own: bool| Handling {
        marking,
        groups: BTreeSet::new(),
        provenance: if is_own { Provenance::Own } else { Provenance::From(several.clone()) },
        until: None,
        submitter: None,
        consent: Consent::No,
    };
    let id = format!("known:{}", model::IndicatorId::of(kind, value));
    let item = Item::new(&id, About::Sighting(kind, value.to_owned()), handling(marking, !own.is_empty()));
    let cleared: Cleared<Item> = clear(item, gate.policy(), now).ok()?;
    cleared.item(now)?;
    let organisations: BTreeSet<&str> = sightings
        .iter()
        .map(|one| if one.origin.starts_with(PEER_ORIGIN) { one.origin.as_str() } else { "" })
        .collect();
    let all = sightings.iter().map(|one| one.marking).reduce(Marking::and)?;
    let tally = Tally {
        id,
        seen: About::Sighting(kind, value.to_owned()),
        handling: handling(bound.map_or(all, |bound| all.and(bound)), organisations.iter().all(|name| name.is_empty())),
        organisations: u32::try_from(organisations.len()).unwrap_or(u32::MAX),
        sightings: 0,
        // Where noise is agreed, no count is told here: a list is made again and again.
        draw: None,
    };
    let organisations = clear(tally, gate.policy(), now).ok().and_then(|tally| Some(tally.item(now)?.organisations));
    let last = said.iter().map(|one| one.last).max()?;
    let last_day = gate.policy().fields.contains(&Field::Times).then(|| u32::try_from(last.day()).ok()).flatten();
    Some(Note { organisations, last_day })
}
