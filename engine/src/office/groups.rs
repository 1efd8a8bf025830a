//! Sharing groups: making and changing our own, taking others', and passing on what changed.

use std::collections::BTreeSet;
use std::time::Duration;

use intel::release::{About, Consent, GroupId, Handling, Item, Membership, PeerId, Provenance};
use model::{Marking, OpContext, Pap, Timestamp, Tlp, limits};
use store::state::{Deed, Peer, PeerNumber, SharingGroup};

use super::{Office, OfficeError};
use crate::access::Operation;
use crate::share::{GroupDocument, PeerTerms};

/// A group that is to be made or changed.
#[derive(Clone, Debug)]
pub struct GroupAsked<'a> {
    /// Its name.
    pub name: &'a str,
    /// Peers by their names here, or nodes by theirs.
    pub members: &'a [String],
    /// The strictest marking that is shared in it.
    pub tlp: Tlp,
    /// For how many days the document is good.
    pub days: u32,
}

/// Longest time for which a group's document is good.
pub const GROUP_DAYS_MAX: u32 = 3_660;

impl Office {
    /// The groups that the agency knows.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn sharing_groups(
        &self,
        ctx: &OpContext,
    ) -> Result<Vec<(SharingGroup, Option<GroupDocument>)>, OfficeError> {
        self.may(ctx, Operation::PeerRead).await?;
        let groups = self.state.sharing_groups(ctx).await?;
        Ok(groups.into_iter().map(|group| (group.clone(), GroupDocument::of(&group))).collect())
    }

    /// Those that are in force.
    pub(super) async fn groups_now(&self, ctx: &OpContext) -> Result<Vec<Membership>, OfficeError> {
        let groups = self.state.sharing_groups(ctx).await?;
        let documents = groups.iter().filter_map(GroupDocument::of).map(|document| document.membership);
        Ok(documents.filter(|membership| membership.until > ctx.now).collect())
    }

    /// Groups by their names, where they may be told of something with that marking.
    pub(super) async fn groups_named(
        &self,
        ctx: &OpContext,
        names: &[String],
        marking: Marking,
    ) -> Result<BTreeSet<GroupId>, OfficeError> {
        let mut found = BTreeSet::new();
        if names.is_empty() {
            return Ok(found);
        }
        let known = self.groups_now(ctx).await?;
        for name in names {
            let group = known.iter().find(|known| known.group.as_str() == name);
            let group =
                group.ok_or_else(|| OfficeError::NotFound { what: "sharing group in force", name: name.clone() })?;
            if marking.tlp > group.tlp {
                let words = format!("the group {name} shares up to {}, and this is {}", group.tlp, marking.tlp);
                return Err(OfficeError::Refused(words));
            }
            found.insert(group.group.clone());
        }
        Ok(found)
    }

    /// Makes a group of ours, or a new version of it, and tells its members. The new list takes the place of the old one.
    ///
    /// # Errors
    /// When the context may not, names make no sense, the group is another's, or the state refuses.
    pub async fn set_sharing_group(
        &self,
        ctx: &OpContext,
        asked: &GroupAsked<'_>,
    ) -> Result<GroupDocument, OfficeError> {
        self.may(ctx, Operation::ShareManage).await?;
        let refused = |words: &str| OfficeError::Refused(words.to_owned());
        let group = GroupId::parse(asked.name).ok_or_else(|| refused("a group's name has no blanks"))?;
        if !(1..=GROUP_DAYS_MAX).contains(&asked.days) {
            return Err(OfficeError::Refused(format!("a group's document is good for 1 to {GROUP_DAYS_MAX} days")));
        }
        let signer = self.signer(&ctx.agency).await?;
        let owner =
            PeerId::parse(signer.name()).ok_or_else(|| refused("the agency has no name that others could use"))?;
        let known = self.state.sharing_groups(ctx).await?.into_iter().find(|known| known.name == asked.name);
        let held = known.as_ref().and_then(GroupDocument::of);
        if held.as_ref().is_some_and(|held| held.membership.owner != owner) {
            return Err(OfficeError::Conflict(format!("the group {:?} is another agency's", asked.name)));
        }
        let mut members = BTreeSet::from([owner.clone()]);
        let peers = self.state.peers(ctx).await?;
        for name in asked.members {
            let peer = peers.iter().find(|peer| peer.removed.is_none() && peer.name == *name);
            let node = peer.map_or_else(|| PeerId::parse(name), Office::node_of);
            members.insert(node.ok_or_else(|| OfficeError::NotFound { what: "peer", name: name.clone() })?);
        }
        if members.len() > limits::GROUP_MEMBERS_MAX {
            return Err(OfficeError::Refused(format!("a group has at most {} members", limits::GROUP_MEMBERS_MAX)));
        }
        let version = held.as_ref().map_or(1, |held| held.membership.version + 1);
        let until = ctx.now.plus(Duration::from_secs(u64::from(asked.days) * 86_400));
        let document = signer.sign(Membership { group, owner, version, members, tlp: asked.tlp, until });
        if !self.state.keep_sharing_group(ctx, &document.kept(ctx.now)).await? {
            return Err(OfficeError::Conflict("somebody else has changed the group meanwhile".to_owned()));
        }
        self.spread(ctx, (&document, ctx.now), held.as_ref(), None).await?;
        Ok(document)
    }

    /// Takes a document that a peer brought, when it is its owner's and newer; says whether. Why it is refused is kept with the group.
    pub(super) async fn take_group(
        &self,
        ctx: &OpContext,
        from: &Peer,
        document: &GroupDocument,
    ) -> Result<bool, OfficeError> {
        let owner = document.membership.owner.as_str();
        let ours = self.signer(&ctx.agency).await?;
        let peers = self.state.peers(ctx).await?;
        let keys = peers.iter().filter(|peer| peer.removed.is_none()).filter_map(|peer| PeerTerms::of(peer).verifier());
        let key = keys.chain([ours.verifier().clone()]).find(|key| key.name() == owner);
        let name = document.membership.group.as_str();
        let known = self.state.sharing_groups(ctx).await?.into_iter().find(|known| known.name == name);
        let held = known.as_ref().and_then(GroupDocument::of);
        match document.follows(held.as_ref(), key.as_ref()) {
            Ok(false) => Ok(false),
            Ok(true) => {
                let is_newer = self.state.keep_sharing_group(ctx, &document.kept(ctx.now)).await?;
                if is_newer {
                    self.spread(ctx, (document, ctx.now), held.as_ref(), None).await?;
                }
                Ok(is_newer)
            }
            Err(refused) => {
                let problem = format!("{} brought a document that is refused: {refused}", from.name);
                let deed = Deed::done_to_named("share.group.refused", "group", name).saying(problem.clone());
                self.state.record(ctx, &[deed]).await?;
                self.state.keep_group_problem(ctx, name, &problem).await?;
                Ok(false)
            }
        }
    }

    /// Puts a document, as it is since a moment, into the collections of those who are in it now, and of those who were: they learn that they are
    /// not any more. What was put there before is not put there again.
    async fn spread(
        &self,
        ctx: &OpContext,
        (document, since): (&GroupDocument, Timestamp),
        before: Option<&GroupDocument>,
        only: Option<PeerNumber>,
    ) -> Result<(), OfficeError> {
        let mut outgoing = Vec::new();
        let mut peers = self.state.peers(ctx).await?;
        peers.retain(|peer| only.is_none_or(|only| peer.number == only));
        for peer in peers {
            let Some(node) = Office::node_of(&peer) else { continue };
            let is_in = |document: &GroupDocument| document.membership.members.contains(&node);
            let (is_member, was_member) = (is_in(document), before.is_some_and(is_in));
            if !is_member && !was_member || node == document.membership.owner {
                continue;
            }
            let Some((_, mut gate)) = self.gate(ctx, &peer).await? else { continue };
            gate.document(item_of(document, ctx.now), document, since);
            outgoing.push(gate.finish());
        }
        self.send(ctx, &outgoing).await.map(|_| ())
    }

    /// Puts all documents into the collection of a peer that may not have them yet: it was added, has another key now, or was paused.
    pub(super) async fn spread_groups(&self, ctx: &OpContext, peer: PeerNumber) -> Result<(), OfficeError> {
        for group in self.state.sharing_groups(ctx).await? {
            if let Some(document) = GroupDocument::of(&group).filter(|document| document.membership.until > ctx.now) {
                self.spread(ctx, (&document, group.changed), None, Some(peer)).await?;
            }
        }
        Ok(())
    }
}

/// By what a document is cleared: it says who is in a group, under the group's own marking; its owner has put the peer in.
fn item_of(document: &GroupDocument, now: Timestamp) -> Item {
    let membership = &document.membership;
    let handling = Handling {
        marking: Marking { tlp: membership.tlp, pap: Pap::Clear },
        groups: BTreeSet::new(),
        provenance: Provenance::Own,
        until: Some(membership.until).filter(|until| *until > now),
        submitter: None,
        consent: Consent::No,
    };
    Item::new(&format!("group:{}:{}", membership.group, membership.version), About::Report, handling)
}
