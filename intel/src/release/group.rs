//! Sharing groups: who is in it, by a document that its owner signs and that grows a version with each change.
//!
//! The signature is made and checked elsewhere, over [`Membership::canonical_bytes`]; here is what follows from two documents
//! that were checked. A higher version of the same owner takes the place of a lower one. Two documents with one version and
//! different content mean that the owner's key is used twice or stolen: nothing changes, and somebody has to know.

use std::collections::BTreeSet;

use model::{Timestamp, Tlp, limits};
use serde::{Deserialize, Serialize};

use super::policy::{GroupId, PeerId};

/// What every signed document begins with, so that a signature over one thing is never one over another.
const DOMAIN: &[u8] = b"watchbell/sharing-group/1";

/// Who is in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The group.
    pub group: GroupId,
    /// Whose signature counts.
    pub owner: PeerId,
    /// Grows by one or more with each change.
    pub version: u64,
    /// Members. The owner is one only if it stands here.
    pub members: BTreeSet<PeerId>,
    /// The strictest marking that is shared in the group.
    pub tlp: Tlp,
    /// When the document ends; a member that hears nothing newer shares nothing after that.
    pub until: Timestamp,
}

impl Membership {
    /// The bytes that are signed: each part with its length in front, members sorted. Equal bytes mean equal documents.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |part: &[u8]| {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        };
        put(DOMAIN);
        put(self.group.as_str().as_bytes());
        put(self.owner.as_str().as_bytes());
        put(&self.version.to_be_bytes());
        put(self.tlp.name().as_bytes());
        put(&self.until.as_micros().to_be_bytes());
        put(&(self.members.len() as u64).to_be_bytes());
        self.members.iter().for_each(|member| put(member.as_str().as_bytes()));
        bytes
    }

    /// Whether that peer is in the group now.
    pub fn has(&self, peer: &PeerId, now: Timestamp) -> bool {
        now < self.until && self.members.contains(peer)
    }
}

/// What becomes of a document that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Succession {
    /// It takes the place of the one held.
    Newer,
    /// It is the one held.
    Same,
    /// It is older than the one held; the other side has to be given ours.
    Older,
    /// The same version with other content. Nothing changes; the owner's key needs looking at.
    Conflict,
    /// Somebody else says that the group is theirs. Nothing changes.
    OtherOwner,
    /// It is about another group.
    OtherGroup,
    /// It has more members than a group may have.
    TooLarge,
}

/// Compares a document that is held, if any, with one that is offered. Both signatures were checked.
pub fn succession(held: Option<&Membership>, offered: &Membership) -> Succession {
    if offered.members.len() > limits::GROUP_MEMBERS_MAX {
        return Succession::TooLarge;
    }
    let Some(held) = held else { return Succession::Newer };
    if held.group != offered.group {
        return Succession::OtherGroup;
    }
    if held.owner != offered.owner {
        return Succession::OtherOwner;
    }
    match offered.version.cmp(&held.version) {
        std::cmp::Ordering::Greater => Succession::Newer,
        std::cmp::Ordering::Less => Succession::Older,
        std::cmp::Ordering::Equal if held == offered => Succession::Same,
        std::cmp::Ordering::Equal => Succession::Conflict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn peer(name: &str) -> PeerId {
        PeerId::parse(name).unwrap()
    }

    fn group(version: u64, members: &[&str]) -> Membership {
        Membership {
            group: GroupId::parse("water").unwrap(),
            owner: peer("state"),
            version,
            members: members.iter().map(|name| peer(name)).collect(),
            tlp: Tlp::Amber,
            until: Timestamp::from_millis(1_000),
        }
    }

    #[test]
    fn who_follows_whom() {
        let held = group(3, &["a", "b"]);
        let check = |offered: &Membership, expected| assert_eq!(succession(Some(&held), offered), expected);
        check(&group(4, &["a"]), Succession::Newer);
        check(&group(3, &["b", "a"]), Succession::Same);
        check(&group(2, &["a", "b"]), Succession::Older);
        check(&group(3, &["a", "b", "mallory"]), Succession::Conflict);
        check(&Membership { owner: peer("mallory"), ..group(9, &["mallory"]) }, Succession::OtherOwner);
        check(&Membership { group: GroupId::parse("fire").unwrap(), ..group(9, &[]) }, Succession::OtherGroup);
        assert_eq!(succession(None, &held), Succession::Newer);
        let many = (0..=limits::GROUP_MEMBERS_MAX).map(|n| peer(&n.to_string())).collect();
        assert_eq!(succession(None, &Membership { members: many, ..held }), Succession::TooLarge);
    }

    #[test]
    fn members_until_it_ends() {
        let held = group(3, &["a", "b"]);
        assert!(held.has(&peer("a"), Timestamp::EPOCH));
        assert!(!held.has(&peer("c"), Timestamp::EPOCH));
        assert!(!held.has(&peer("a"), held.until));
    }

    fn some() -> impl Strategy<Value = Membership> {
        let members = proptest::collection::btree_set("[ab]{1,3}", 0..4);
        ("[ab]{1,3}", "[ab]{1,3}", 0u64..3, members, 0usize..5, 0i64..3).prop_map(
            |(group, owner, version, members, tlp, until)| Membership {
                group: GroupId::parse(&group).unwrap(),
                owner: peer(&owner),
                version,
                members: members.iter().map(|name| peer(name)).collect(),
                tlp: Tlp::ALL[tlp],
                until: Timestamp::from_micros(until),
            },
        )
    }

    proptest! {
        #[test]
        fn equal_bytes_mean_equal_documents(a in some(), b in some()) {
            prop_assert_eq!(a.canonical_bytes() == b.canonical_bytes(), a == b);
            let text = serde_json::to_string(&a).unwrap();
            prop_assert_eq!(serde_json::from_str::<Membership>(&text).unwrap(), a);
        }
    }
}
