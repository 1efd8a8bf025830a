//! What the agency learns goes to the gate of each peer, and what that lets out into the peer's collection, in the transaction that keeps what
//! was learned.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use intel::release::{About, Account, Consent, GroupId, Handling, Item, PeerId, Provenance, Tally};
use model::{IndicatorKind, Level, Marking, OpContext, SourceId, Timestamp, Tlp, limits};
use serde::{Deserialize, Serialize};
use store::state::{ClaimsFor, Deed, IntelSource, KeptClaim, NewIntelSource, NewSighting, Outgoing, Peer};

use super::peers::source_name;
use super::{Office, OfficeError};
use crate::access::Operation;
use crate::intel::{SharedAs, SourceTerms};
use crate::share::{Gate, PeerTerms, ShareKind, Standing};

/// What stands before a peer's name where a sighting says who saw something.
pub const PEER_ORIGIN: &str = "peer:";

/// What is known around a sighting, of the finding that it was decided about.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    pub(super) title: String,
    pub(super) level: Option<Level>,
    pub(super) techniques: Vec<String>,
    pub(super) machine: Option<String>,
    pub(super) accounts: Vec<String>,
}

/// A sighting of our own, and how it may be told.
#[derive(Clone, Debug)]
pub(super) struct Learned {
    /// As it is kept.
    pub(super) sighting: NewSighting,
    /// How far the sighting itself may be told; what is kept may be stricter.
    pub(super) told: Marking,
    pub(super) groups: BTreeSet<GroupId>,
    pub(super) around: Option<Around>,
}

/// How far the claims of a source were gone through, in the order in which they changed. A run that is still writing goes on behind it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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

/// A gate for each peer that is told anything at all.
struct Gates(Vec<(PeerTerms, Gate)>);

impl Gates {
    fn finish(self) -> Vec<Outgoing> {
        self.0.into_iter().map(|(_, gate)| gate.finish()).collect()
    }
}

impl Office {
    /// Keeps sightings of our own and tells peers of them, as far as the gate lets it.
    pub(super) async fn learn(&self, ctx: &OpContext, learned: &[Learned], deeds: &[Deed]) -> Result<(), OfficeError> {
        let sightings: Vec<NewSighting> = learned.iter().map(|one| one.sighting.clone()).collect();
        let mut gates = self.gates(ctx, &self.state.peers(ctx).await?).await?;
        if gates.0.is_empty() {
            return Ok(self.state.keep_sightings(ctx, &sightings, deeds).await?);
        }
        for one in learned.iter().filter(|one| !one.sighting.is_false) {
            let bound = self.known_as(ctx, one.sighting.kind, &one.sighting.value).await?;
            for (terms, gate) in &mut gates.0 {
                if !terms.shares.contains(&ShareKind::Sightings) {
                    gate.not_agreed("sighting", 1);
                    continue;
                }
                gate.item(item_of(one, terms, bound), Standing::default());
            }
        }
        let added = self.state.depart(ctx, (&sightings, deeds), &gates.finish()).await?;
        self.tell(added);
        self.count_together(ctx, &sightings).await
    }

    /// The marking below which nobody may be told of a thing that others have told us of: of several, the most open. What was seen without
    /// anybody's word is bound by nothing but what is said of it.
    pub(super) async fn known_as(
        &self,
        ctx: &OpContext,
        kind: IndicatorKind,
        value: &str,
    ) -> Result<Option<Marking>, OfficeError> {
        let claims = self.state.claims_on(ctx, kind, value).await?;
        let markings = claims.iter().filter(|kept| kept.gone.is_none()).map(|kept| kept.claim.marking);
        Ok(markings.min_by_key(|marking| (marking.tlp, marking.pap)))
    }

    /// Gates before all peers that are not paused.
    async fn gates(&self, ctx: &OpContext, peers: &[Peer]) -> Result<Gates, OfficeError> {
        let active: Vec<&Peer> = peers.iter().filter(|peer| peer.removed.is_none() && peer.paused.is_none()).collect();
        if active.is_empty() {
            return Ok(Gates(Vec::new()));
        }
        let groups = self.groups_now(ctx).await?;
        let name = self.signer(&ctx.agency).await?.name().to_owned();
        let ids = self.vault.agency_secret(ctx.agency.as_str(), "ids").await?;
        let mut gates = Vec::new();
        for peer in active {
            let terms = PeerTerms::of(peer);
            let Some(node) = terms.node(&peer.name) else { continue };
            let theirs: BTreeSet<GroupId> =
                groups.iter().filter(|group| group.has(&node, ctx.now)).map(|group| group.group.clone()).collect();
            let purpose = format!("pseudonyms {}", peer.number);
            let pseudonyms = self.vault.agency_secret(ctx.agency.as_str(), &purpose).await?;
            let policy = terms.policy(node, theirs, pseudonyms);
            gates.push((terms, Gate::new(peer.clone(), policy, (&name, &ids), ctx.now)));
        }
        Ok(Gates(gates))
    }

    /// One gate, for what goes to one peer alone.
    pub(super) async fn gate(&self, ctx: &OpContext, peer: &Peer) -> Result<Option<(PeerTerms, Gate)>, OfficeError> {
        Ok(self.gates(ctx, std::slice::from_ref(peer)).await?.0.pop())
    }

    /// Says whether what a source claims is shared, and whose it is.
    ///
    /// # Errors
    /// When the context may not, there is no such source, or the state refuses.
    pub async fn share_source(&self, ctx: &OpContext, name: &str, shared: Option<SharedAs>) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ShareManage).await?;
        let source = self.state.intel_source(ctx, name).await?.filter(|source| source.removed.is_none());
        let source =
            source.ok_or_else(|| OfficeError::NotFound { what: "source of intelligence", name: name.to_owned() })?;
        let mut config: serde_json::Value = serde_json::from_str(&source.config).unwrap_or_default();
        if let Some(config) = config.as_object_mut() {
            config.remove("shared");
            if let Some(shared) = shared {
                config.insert("shared".to_owned(), serde_json::json!(shared));
            }
        }
        let new = NewIntelSource { name: &source.name, kind: &source.kind, config: &config.to_string() };
        Ok(self.state.set_intel_source(ctx, &source, &new).await?)
    }

    /// Puts claims of shared sources that changed since the last time through the gate of each peer. Says how many objects are new, and whether
    /// there is more.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn share_claims(&self, ctx: &OpContext) -> Result<(u64, bool), OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        let peers = self.state.peers(ctx).await?;
        let is_told = |peer: &&Peer| {
            let is_active = peer.removed.is_none() && peer.paused.is_none();
            is_active && PeerTerms::of(peer).shares.contains(&ShareKind::Indicators)
        };
        let told: Vec<&Peer> = peers.iter().filter(is_told).collect();
        if told.is_empty() {
            return Ok((0, false));
        }
        let sources: Vec<IntelSource> = self.state.intel_sources(ctx).await?;
        let shared: Vec<(&IntelSource, SharedAs)> = sources
            .iter()
            .filter(|source| source.removed.is_none())
            .filter_map(|source| Some((source, SourceTerms::of(source).shared?)))
            .collect();
        let (mut added, mut has_more) = (0, false);
        for peer in told {
            let Some((_, mut gate)) = self.gate(ctx, peer).await? else { continue };
            let mut upto: BTreeMap<i64, Place> = serde_json::from_str(&peer.shared).unwrap_or_default();
            let mut left = limits::SHARED_CLAIMS_PER_PASS_MAX;
            for (source, as_whose) in &shared {
                let after = upto.get(&i64::from(source.number)).cloned().unwrap_or_default();
                let claims = self.state.claims_changed(ctx, source.number, after.as_asked(), left).await?;
                let Some(last) = claims.last() else { continue };
                upto.insert(source.number.into(), Place::of(last));
                has_more |= claims.len() == left;
                left -= claims.len();
                for kept in claims {
                    let standing = Standing { is_revoked: kept.gone.is_some(), changed: Some(kept.changed) };
                    gate.item(claim_item(source, &kept, provenance(source, *as_whose, &peers)), standing);
                }
                if left == 0 {
                    break;
                }
            }
            if left < limits::SHARED_CLAIMS_PER_PASS_MAX {
                gate.shared(serde_json::to_string(&upto).unwrap_or_default());
                added += self.state.depart(ctx, (&[], &[]), &[gate.finish()]).await?;
            }
        }
        self.tell(added);
        Ok((added, has_more))
    }

    /// Releases how many organisations have seen what was seen just now, to peers that are told of counts, where it grew.
    pub(super) async fn count_together(&self, ctx: &OpContext, seen: &[NewSighting]) -> Result<(), OfficeError> {
        let peers = self.state.peers(ctx).await?;
        let mut gates = self.gates(ctx, &peers).await?;
        gates.0.retain(|(terms, _)| terms.shares.contains(&ShareKind::Tallies));
        if gates.0.is_empty() {
            return Ok(());
        }
        let places: BTreeSet<(IndicatorKind, &str)> =
            seen.iter().filter(|one| !one.is_false).map(|one| (one.kind, one.value.as_str())).collect();
        let since = ctx.now.minus(Duration::from_secs(limits::TALLY_DAYS * 86_400));
        let draws = self.vault.agency_secret(ctx.agency.as_str(), "draws").await?;
        for (kind, value) in places {
            let kept = self.state.sightings_on(ctx, kind, value).await?;
            for (_, gate) in &mut gates.0 {
                let node = gate.policy().peer.clone();
                let own = peers.iter().find(|peer| Office::node_of(peer).as_ref() == Some(&node));
                let recipient = own.map_or_else(String::new, |peer| format!("{PEER_ORIGIN}{}", peer.name));
                let counted: Vec<&NewSighting> =
                    kept.iter().filter(|one| !one.is_false && one.last >= since && one.origin != recipient).collect();
                let organisations: BTreeSet<&str> = counted.iter().map(|one| organisation(&one.origin)).collect();
                let organisations = u32::try_from(organisations.len()).unwrap_or(u32::MAX);
                let Some(peer) = own else { continue };
                let needed = gate.policy().organisations_min.get();
                let is_news = organisations > self.state.tally_released(ctx, peer.number, (kind, value)).await?;
                // Two is too few to ask about; what is too few is counted, where it is near.
                if !is_news || organisations < 2 || organisations < needed.saturating_sub(1) {
                    continue;
                }
                let marking = counted.iter().map(|one| one.marking).reduce(Marking::and).unwrap_or_default();
                let sightings = counted.iter().map(|one| one.times).sum();
                let draw = draw(&draws, (kind, value), organisations, &node);
                gate.tally(Tally {
                    id: format!("tally:{}", model::IndicatorId::of(kind, value)),
                    seen: (kind, value.to_owned()),
                    handling: Handling {
                        marking,
                        groups: BTreeSet::new(),
                        provenance: counts_of_others(&counted),
                        until: None,
                        submitter: None,
                        consent: Consent::No,
                    },
                    organisations,
                    sightings,
                    draw: Some(draw),
                });
            }
        }
        let added = self.state.depart(ctx, (&[], &[]), &gates.finish()).await?;
        self.tell(added);
        Ok(())
    }
}

/// Everybody here is one organisation; each peer is another.
fn organisation(origin: &str) -> &str {
    if origin.starts_with(PEER_ORIGIN) { origin } else { "" }
}

/// What we saw ourselves is ours; what others told us was given, and goes on as far as they allow.
fn counts_of_others(counted: &[&NewSighting]) -> Provenance {
    let given = counted.iter().any(|one| one.origin.starts_with(PEER_ORIGIN));
    match PeerId::parse("several") {
        Some(several) if given => Provenance::From(several),
        _ => Provenance::Own,
    }
}

/// Noise is drawn once for each count and peer: asking again must not average it away.
fn draw(secret: &[u8; 32], (kind, value): (IndicatorKind, &str), organisations: u32, peer: &PeerId) -> f64 {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    for part in [kind.name(), value, peer.as_str()] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    hasher.update(&organisations.to_le_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    // 53 bits, in the middle of their interval: never 0, never 1.
    ((u64::from_le_bytes(bytes) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

fn item_of(learned: &Learned, terms: &PeerTerms, bound: Option<Marking>) -> Item {
    let sighting = &learned.sighting;
    let marking = bound.map_or(learned.told, |bound| learned.told.and(bound));
    let handling = Handling {
        marking,
        groups: learned.groups.clone(),
        provenance: Provenance::Own,
        until: None,
        submitter: None,
        consent: Consent::No,
    };
    let about = About::Sighting(sighting.kind, sighting.value.clone());
    let mut item =
        Item::new(&format!("sighting:{}", model::IndicatorId::of(sighting.kind, &sighting.value)), about, handling);
    item.first_seen = Some(sighting.first);
    item.last_seen = Some(sighting.last);
    item.count = Some(sighting.times);
    let Some(around) = &learned.around else { return item };
    // Names are looked for in all words, whether or not the peer is told of findings.
    item.accounts = around.accounts.iter().map(|name| Account::new(name)).collect();
    if terms.shares.contains(&ShareKind::Findings) {
        item.title = Some(around.title.clone()).filter(|title| !title.is_empty());
        item.level = around.level;
        item.techniques = around.techniques.clone();
        item.machine = around.machine.clone();
    }
    item
}

fn provenance(source: &IntelSource, shared: SharedAs, peers: &[Peer]) -> Provenance {
    let peer = peers.iter().find(|peer| source_name(&peer.name) == source.name);
    let node = peer.and_then(Office::node_of).or_else(|| PeerId::parse(&source.name));
    match (peer, shared, node) {
        // What a peer gave us is theirs, whatever is said of the source.
        (Some(_), _, Some(node)) | (None, SharedAs::Given, Some(node)) => Provenance::From(node),
        _ => Provenance::Own,
    }
}

fn claim_item(source: &IntelSource, kept: &KeptClaim, provenance: Provenance) -> Item {
    let claim = &kept.claim;
    let handling = Handling {
        marking: claim.marking,
        groups: BTreeSet::new(),
        provenance,
        until: None,
        submitter: SourceId::parse(&source.name).ok().map(|name| name.to_string()),
        consent: Consent::No,
    };
    let about = About::Indicator(claim.kind, claim.value.clone());
    let mut item =
        Item::new(&format!("indicator:{}", model::IndicatorId::of(claim.kind, &claim.value)), about, handling);
    item.label = Some(claim.label.clone());
    item.confidence = Some(claim.confidence);
    item.level = Some(claim.level);
    item.first_seen = Some(kept.first);
    item.last_seen = claim.seen;
    item
}

/// For whom a sighting is that is meant for groups alone: a count over several organisations would tell others of it.
pub(super) fn kept_marking(marking: Marking, groups: &BTreeSet<GroupId>) -> Marking {
    if groups.is_empty() { marking } else { marking.and(Marking { tlp: Tlp::AmberStrict, pap: marking.pap }) }
}
