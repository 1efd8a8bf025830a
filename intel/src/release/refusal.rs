//! Why something did not leave.

use std::fmt;

use model::{Pap, Timestamp, Tlp};
use serde::{Deserialize, Serialize};

use super::policy::{GroupId, PeerId};

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing goes to that peer unless somebody says so.
    NoClearance,
    /// The agreement with the peer ended.
    AgreementEnded {
        /// When.
        at: Timestamp,
    },
    /// The item ended.
    Ended {
        /// When.
        at: Timestamp,
    },
    /// The marking is above what the peer is cleared for.
    AboveClearance {
        /// Of the item.
        tlp: Tlp,
        /// Of the peer.
        clearance: Tlp,
    },
    /// TLP:RED is for the persons who were told; no machine passes it on.
    Red,
    /// TLP:AMBER+STRICT stays in the organisation.
    OutsideOrganisation,
    /// TLP:AMBER that was given to us goes to our organisation and its clients only.
    OutsideClients,
    /// TLP:GREEN stays in the community.
    OutsideCommunity,
    /// The peer is not known to heed that PAP.
    AbovePap {
        /// Of the item.
        pap: Pap,
        /// Of the peer.
        heeded: Pap,
    },
    /// It is for sharing groups that the peer is no member of.
    OutsideGroups {
        /// Which.
        groups: Vec<GroupId>,
    },
    /// The peer gave it to us.
    BackToItsOrigin,
    /// Its value or id contains the name of an account.
    NamesAnAccount,
    /// It mentions more accounts than can be looked for.
    TooManyAccounts,
    /// Its words are too long.
    TooLong,
    /// The names in it could not be taken out.
    CannotRedact,
    /// A count over too few organisations is about somebody.
    TooFewOrganisations {
        /// How many.
        organisations: u32,
        /// How many it takes.
        needed: u32,
    },
    /// The policy asks for noise, and none was drawn.
    NoiseMissing,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoClearance => f.write_str("nothing goes to this peer unless somebody says so"),
            Refusal::AgreementEnded { at } => write!(f, "the agreement with this peer ended at {at}"),
            Refusal::Ended { at } => write!(f, "it ended at {at}"),
            Refusal::AboveClearance { tlp, clearance } => {
                write!(f, "it is {tlp}, the peer is cleared up to {clearance}")
            }
            Refusal::Red => f.write_str("TLP:RED is for the persons who were told"),
            Refusal::OutsideOrganisation => f.write_str("TLP:AMBER+STRICT stays in the organisation"),
            Refusal::OutsideClients => {
                f.write_str("TLP:AMBER that was given to us goes to our organisation and its clients only")
            }
            Refusal::OutsideCommunity => f.write_str("TLP:GREEN stays in the community"),
            Refusal::AbovePap { pap, heeded } => write!(f, "it is {pap}, the peer is known to heed up to {heeded}"),
            Refusal::OutsideGroups { groups } => {
                let names: Vec<&str> = groups.iter().map(GroupId::as_str).collect();
                write!(f, "it is for {}, and the peer is no member", names.join(", "))
            }
            Refusal::BackToItsOrigin => f.write_str("the peer gave it to us"),
            Refusal::NamesAnAccount => f.write_str("its value or id contains the name of an account"),
            Refusal::TooManyAccounts => f.write_str("it mentions more accounts than can be looked for"),
            Refusal::TooLong => f.write_str("its words are too long"),
            Refusal::CannotRedact => f.write_str("the names in it could not be taken out"),
            Refusal::TooFewOrganisations { organisations, needed } => {
                write!(f, "a count over {organisations} organisations is about somebody; it takes {needed}")
            }
            Refusal::NoiseMissing => f.write_str("the policy asks for noise, and none was drawn"),
        }
    }
}

/// What did not leave, to whom it did not, and every reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{item} does not go to {peer}: {}", sentences(.because))]
pub struct Refused {
    /// The item's id.
    pub item: String,
    /// The peer.
    pub peer: PeerId,
    /// Why, at least one.
    pub because: Vec<Refusal>,
}

fn sentences(because: &[Refusal]) -> String {
    because.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
