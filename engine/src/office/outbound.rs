//! What the agency learns goes to the gate of each peer, and what that lets out into the peer's collection.
//!
//! What people say is kept first, in the order in which they say it. Then each peer's gate goes on behind the place up to which it has gone through
//! (`passes`): at once, and for a peer that is paused when it is no more.

use std::collections::BTreeSet;

use intel::release::{About, Account, Consent, GroupId, Handling, Item, PeerId, Provenance};
use model::{IndicatorKind, Level, Marking, OpContext, SourceId, Tlp};
use store::state::{Deed, IntelSource, KeptClaim, Learned, NewIntelSource, NewLearned, Outgoing, Peer};

use super::passes::Reach;
use super::peers::source_name;
use super::{Office, OfficeError};
use crate::access::Operation;
use crate::intel::SharedAs;
use crate::share::{Gate, PeerTerms, ShareKind};

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

impl Office {
    /// Keeps what people here say was seen or is harmless, and tells peers of it, as far as the gate lets it.
    pub(super) async fn learn(
        &self,
        ctx: &OpContext,
        learned: &[NewLearned],
        deeds: &[Deed],
    ) -> Result<(), OfficeError> {
        self.state.learn(ctx, learned, deeds).await?;
        let (_, has_more) = self.passes(ctx, Reach::Learned).await?;
        if has_more {
            // What is to be taken back is found by the second look; where there is more still, the watch goes on.
            self.passes(ctx, Reach::Learned).await?;
        }
        Ok(())
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
    pub(super) async fn gates(&self, ctx: &OpContext, peers: &[Peer]) -> Result<Vec<(PeerTerms, Gate)>, OfficeError> {
        let active: Vec<&Peer> = peers.iter().filter(|peer| peer.removed.is_none() && peer.paused.is_none()).collect();
        if active.is_empty() {
            return Ok(Vec::new());
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
        Ok(gates)
    }

    /// One gate, for what goes to one peer alone.
    pub(super) async fn gate(&self, ctx: &OpContext, peer: &Peer) -> Result<Option<(PeerTerms, Gate)>, OfficeError> {
        Ok(self.gates(ctx, std::slice::from_ref(peer)).await?.pop())
    }

    /// Puts what has come out of gates into the collections. Says how many objects are new there.
    pub(super) async fn send(&self, ctx: &OpContext, outgoing: &[Outgoing]) -> Result<u64, OfficeError> {
        let added = self.state.depart(ctx, outgoing).await?;
        self.tell(added);
        Ok(added)
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
}

/// A sighting of our own as it may be told: under the marking that was said, and under that of what others told us of the thing.
pub(super) fn sighting_item(learned: &Learned, bound: Option<Marking>) -> Item {
    let marking = bound.map_or(learned.told, |bound| learned.told.and(bound));
    let handling = Handling {
        marking,
        groups: learned.groups.iter().filter_map(|name| GroupId::parse(name)).collect(),
        provenance: Provenance::Own,
        until: None,
        submitter: None,
        consent: Consent::No,
    };
    let about = About::Sighting(learned.kind, learned.value.clone());
    let mut item =
        Item::new(&format!("sighting:{}", model::IndicatorId::of(learned.kind, &learned.value)), about, handling);
    item.first_seen = Some(learned.first);
    item.last_seen = Some(learned.last);
    item.count = Some(learned.times);
    item
}

/// Adds what the finding says, as far as the peer is told of findings.
pub(super) fn add_around(item: &mut Item, around: &Around, terms: &PeerTerms) {
    // Names are looked for in all words, whether or not the peer is told of findings.
    item.accounts = around.accounts.iter().map(|name| Account::new(name)).collect();
    if terms.shares.contains(&ShareKind::Findings) {
        item.title = Some(around.title.clone()).filter(|title| !title.is_empty());
        item.level = around.level;
        item.techniques = around.techniques.clone();
        item.machine = around.machine.clone();
    }
}

/// Whose it is what a source claims.
pub(super) fn provenance(source: &IntelSource, shared: SharedAs, peers: &[Peer]) -> Provenance {
    let peer = peers.iter().find(|peer| source_name(&peer.name) == source.name);
    let node = peer.and_then(Office::node_of).or_else(|| PeerId::parse(&source.name));
    match (peer, shared, node) {
        // What a peer gave us is theirs, whatever is said of the source.
        (Some(_), _, Some(node)) | (None, SharedAs::Given, Some(node)) => Provenance::From(node),
        _ => Provenance::Own,
    }
}

/// What a source claims, as it may be told.
pub(super) fn claim_item(source: &IntelSource, kept: &KeptClaim, provenance: Provenance) -> Item {
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
