//! What comes from a peer: its claims become those of its source, its sightings are counted once, its groups are taken where they are newer.

use std::collections::BTreeMap;

use formats::intel::{Item, Known, Sighting, SightingNature, Standing, What, stix};
use formats::release::stix::{is_technique, technique_object_id};
use intel::pattern::{Pattern, lower};
use model::{IndicatorKind, Marking, Month, OpContext, Timestamp, limits};
use store::state::{
    Arrived, ArrivedFrom, ArrivedSighting, ArrivedTechnique, EVERYTHING, IntelSource, MergeKind, NewSighting,
    ObjectsAsked, Peer, PeerNumber, SpecAsked, VersionsAsked,
};

use super::outbound::PEER_ORIGIN;
use super::peers::{PeerHealth, source_name};
use super::{Office, OfficeError};
use crate::access::Operation;
use crate::intel::{Gatherer, SourceTerms};
use crate::share::GroupDocument;

/// What a page from a peer changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Took {
    /// Claims that are new, changed, or taken back.
    pub claims: u64,
    /// Sightings that were not counted before.
    pub sightings: u64,
    /// Groups that are newer now.
    pub groups: u64,
    /// Records that could not be read.
    pub bad: u64,
    /// The first of them, and why.
    pub notes: Vec<String>,
}

impl Took {
    /// Adds what another page changed.
    pub fn add(&mut self, more: Took) {
        self.claims += more.claims;
        self.sightings += more.sightings;
        self.groups += more.groups;
        self.bad += more.bad;
        if !more.notes.is_empty() {
            self.notes = more.notes;
        }
    }

    /// Whether nothing changed.
    pub fn is_nothing(&self) -> bool {
        self.claims + self.sightings + self.groups == 0
    }
}

/// The id of an indicator object, and what it is about.
type Thing = (String, IndicatorKind, String);

/// What a page holds, read.
struct Read {
    gatherer: Gatherer,
    things: Vec<Thing>,
    sightings: Vec<Sighting>,
    versions: BTreeMap<String, Timestamp>,
}

/// Sightings of one page that are counted; a page has no more objects.
const SIGHTINGS_PER_PAGE_MAX: usize = limits::TAXII_PAGE_OBJECTS_MAX as usize;
/// How often one sighting may say that it was seen: what one voice says counts a few times anyhow.
const TIMES_MAX: u64 = 1_000_000;

impl Office {
    /// Takes in a page that was pulled from a peer: the objects of an envelope. Durable when it returns, together with the cursor behind it.
    ///
    /// # Errors
    /// When the context may not, the peer was removed, or the state refuses. What is wrong with the page is in the answer.
    pub async fn take_from_peer(
        &self,
        ctx: &OpContext,
        peer: &Peer,
        objects: &[&[u8]],
        from: ArrivedFrom,
    ) -> Result<Took, OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        let source = self.state.intel_source(ctx, &source_name(&peer.name)).await?;
        let source = source.filter(|source| source.removed.is_none());
        let source = source
            .ok_or_else(|| OfficeError::NotFound { what: "source of intelligence", name: source_name(&peer.name) })?;
        let mut took = Took::default();
        let mut plain: Vec<&[u8]> = Vec::with_capacity(objects.len());
        for object in objects {
            match GroupDocument::read(object) {
                None => plain.push(object),
                Some(Ok(document)) => took.groups += u64::from(self.take_group(ctx, peer, &document).await?),
                Some(Err(error)) => {
                    took.bad += 1;
                    took.notes.push(format!("a group's document: {error}"));
                }
            }
        }
        let mut read = read(&source, &plain);
        let marking = SourceTerms::of(&source).marking;
        let techniques = techniques(&mut read.sightings, marking, ctx.now);
        let arrived = self.arrived(ctx, peer, (read.sightings, &read.things, &read.versions), marking).await?;
        let gathered = read.gatherer.finish();
        took.bad += gathered.tally.bad;
        took.notes.extend(gathered.tally.notes.iter().take(limits::NOTES_KEPT_MAX).cloned());
        if !gathered.claims.is_empty() || !gathered.withdrawn.is_empty() || !gathered.objects.is_empty() {
            let brought = self.bring(ctx, &source, (MergeKind::Part, &gathered), |_| {}).await?;
            took.claims = brought.claims.added + brought.claims.changed + brought.taken_back;
        }
        let arrived = Arrived { from, things: read.things, sightings: arrived, techniques };
        let fresh = self.state.welcome(ctx, peer.number, &arrived).await?;
        took.sightings = fresh.len() as u64;
        if !fresh.is_empty() {
            self.count_together(ctx, &fresh).await?;
        }
        Ok(took)
    }

    /// Sightings with the things that they are about; one whose indicator never came is about nothing.
    async fn arrived(
        &self,
        ctx: &OpContext,
        peer: &Peer,
        (sightings, things, versions): (Vec<Sighting>, &[Thing], &BTreeMap<String, Timestamp>),
        marking: Marking,
    ) -> Result<Vec<ArrivedSighting>, OfficeError> {
        let mut arrived = Vec::new();
        for sighting in sightings.into_iter().take(SIGHTINGS_PER_PAGE_MAX) {
            if sighting.nature == SightingNature::Expired
                || sighting.standing != Standing::Current
                || sighting.count == 0
            {
                continue;
            }
            let here = things.iter().filter(|(id, ..)| *id == sighting.of);
            let mut about: Vec<(IndicatorKind, String)> = here.map(|(_, kind, value)| (*kind, value.clone())).collect();
            if about.is_empty() {
                about = self.state.things_of(ctx, peer.number, &sighting.of).await?;
            }
            let last = sighting.last_seen.unwrap_or(ctx.now).min(ctx.now);
            let first = sighting.first_seen.unwrap_or(last).min(last);
            let stated = crate::intel::stated_marking(sighting.marking, &sighting.unknown_markings, marking);
            let version = versions.get(&sighting.id).copied().unwrap_or(last);
            for (number, (kind, value)) in about.into_iter().enumerate() {
                let id = if number == 0 { sighting.id.clone() } else { format!("{}#{number}", sighting.id) };
                let sighting = NewSighting {
                    kind,
                    value,
                    origin: format!("{PEER_ORIGIN}{}", peer.name),
                    is_false: sighting.nature == SightingNature::FalsePositive,
                    times: sighting.count.min(TIMES_MAX),
                    first,
                    last,
                    marking: stated,
                };
                arrived.push(ArrivedSighting { id, version, sighting });
            }
        }
        Ok(arrived)
    }

    /// Takes in what a peer has written into its collection here since the last time. Says what changed, and whether there is more.
    ///
    /// # Errors
    /// As [`Office::take_from_peer`].
    pub async fn take_inbox(&self, ctx: &OpContext, peer: &Peer) -> Result<(Took, bool), OfficeError> {
        let collection = self.state.collection(ctx, &peer.inbox.root, &peer.inbox.id, EVERYTHING).await?;
        if self.state.news_of(ctx, &collection).await? <= peer.inbox_upto {
            return Ok((Took::default(), false));
        }
        let asked = ObjectsAsked {
            after: peer.inbox_upto,
            spec: SpecAsked::Any,
            versions: VersionsAsked::all(),
            rows_max: limits::TAXII_PAGE_MAX,
            ..ObjectsAsked::default()
        };
        let page = self.state.shared_objects(ctx, &collection, &asked).await?;
        let Some((_, last)) = page.added else { return Ok((Took::default(), false)) };
        let text = format!("[{}]", page.text);
        let objects: Vec<&serde_json::value::RawValue> = serde_json::from_str(&text)
            .map_err(|error| OfficeError::Refused(format!("what is in a collection: {error}")))?;
        let objects: Vec<&[u8]> = objects.into_iter().map(|object| object.get().as_bytes()).collect();
        let took = self.take_from_peer(ctx, peer, &objects, ArrivedFrom::Inbox(last)).await?;
        Ok((took, page.has_more))
    }

    /// The peers of all agencies, for whoever speaks with them.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn peers_everywhere(&self, ctx: &OpContext) -> Result<Vec<Peer>, OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        Ok(self.state.peers_everywhere().await?)
    }

    /// Our token at a peer's place.
    ///
    /// # Errors
    /// When the context may not, or the vault refuses.
    pub async fn peer_secret(&self, ctx: &OpContext, peer: &Peer) -> Result<Option<String>, OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        Ok(self.state.peer_secret(peer).await?)
    }

    /// Keeps how a peer does.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn keep_peer_health(
        &self,
        ctx: &OpContext,
        peer: PeerNumber,
        health: &PeerHealth,
    ) -> Result<(), OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        let text = serde_json::to_string(health).unwrap_or_default();
        Ok(self.state.keep_peer_health(ctx, peer, &text).await?)
    }
}

/// Takes out what sightings say of techniques. One from before what anybody looks back at, or after now, says nothing.
fn techniques(sightings: &mut Vec<Sighting>, marking: Marking, now: Timestamp) -> Vec<ArrivedTechnique> {
    let months = std::iter::successors(Month::of(now), |month| month.previous());
    let months: Vec<Month> = months.take(limits::TECHNIQUE_MONTHS_MAX).collect();
    let mut arrived = Vec::new();
    sightings.retain(|sighting| {
        let Some(technique) = sighting.technique.clone().filter(|id| technique_object_id(id) == sighting.of) else {
            return true;
        };
        let month = sighting.first_seen.and_then(Month::of).filter(|month| months.contains(month));
        let says_seen = sighting.nature == SightingNature::Seen && sighting.standing == Standing::Current;
        let counted = sighting.is_summary.then(|| u32::try_from(sighting.count).unwrap_or(u32::MAX));
        // One alone is no count.
        let is_count = counted.is_none_or(|counted| counted >= 2);
        if let Some(month) = month.filter(|_| says_seen && is_count && is_technique(&technique)) {
            let marking = crate::intel::stated_marking(sighting.marking, &sighting.unknown_markings, marking);
            arrived.push(ArrivedTechnique { month, technique, counted, marking });
        }
        false
    });
    arrived.truncate(SIGHTINGS_PER_PAGE_MAX);
    arrived
}

fn read(source: &IntelSource, objects: &[&[u8]]) -> Read {
    let mut envelope = b"{\"objects\":[".to_vec();
    let mut versions = BTreeMap::new();
    for (number, object) in objects.iter().enumerate() {
        if number > 0 {
            envelope.push(b',');
        }
        envelope.extend_from_slice(object);
        versions.extend(version_of(object));
    }
    envelope.extend_from_slice(b"]}");
    let gatherer = Gatherer::new(SourceTerms::of(source).defaults(), limits::PEER_PULL_ITEMS_MAX as usize);
    let mut read = Read { gatherer, things: Vec::new(), sightings: Vec::new(), versions };
    stix::read(&envelope, &mut |found| {
        match &found {
            Ok(Item::Claimed(claimed)) => {
                if let (Some(id), What::Pattern { language, text }) = (&claimed.id, &claimed.what)
                    && language == "stix"
                {
                    let places = Pattern::parse(text).ok().as_ref().and_then(lower).unwrap_or_default();
                    read.things.extend(places.into_iter().take(16).map(|(kind, value)| (id.clone(), kind, value)));
                }
            }
            Ok(Item::Known(known)) => match known.as_ref() {
                // Counted, not kept as an object: a busy peer has one for each time that it sees something.
                Known::Sighting(sighting) => {
                    read.sightings.push(sighting.clone());
                    return;
                }
                // By what nodes name a technique to each other; its name is no name of it.
                Known::Entity(entity)
                    if entity.attack_id.as_deref().is_some_and(|id| technique_object_id(id) == entity.id) =>
                {
                    return;
                }
                _ => {}
            },
            Err(_) => {}
        }
        read.gatherer.take(found);
    });
    read
}

/// Id and version of an object.
fn version_of(object: &[u8]) -> Option<(String, Timestamp)> {
    #[derive(serde::Deserialize)]
    struct Head {
        id: String,
        modified: Option<String>,
        created: Option<String>,
    }
    let head: Head = serde_json::from_slice(object).ok()?;
    let version = head.modified.or(head.created)?;
    Some((head.id, Timestamp::parse(&version)?))
}
