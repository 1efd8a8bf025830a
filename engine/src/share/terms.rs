//! What was agreed with a peer: who it is, and what may go there. What is not said is refused.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use intel::release::{
    AccountRule, Field, GroupId, NoiseRule, OrganisationsMin, PeerId, PeerPolicy, PseudonymKey, Relation, SubmitterRule,
};
use model::{Pap, Timestamp, Tlp};
use serde::{Deserialize, Serialize};
use store::ledger::VerifierKey;
use store::state::Peer;

/// What a peer is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShareKind {
    /// That people here have seen something.
    Sightings,
    /// What a decision about a finding says beside that: what it is called, how bad it is, on which machine.
    Findings,
    /// What sources claim that are marked as shared.
    Indicators,
    /// In how many organisations something was seen.
    Tallies,
    /// Which techniques of ATT&CK were seen here, by the month.
    Techniques,
}

impl ShareKind {
    /// All of them.
    pub const ALL: [ShareKind; 5] =
        [ShareKind::Sightings, ShareKind::Findings, ShareKind::Indicators, ShareKind::Tallies, ShareKind::Techniques];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            ShareKind::Sightings => "sightings",
            ShareKind::Findings => "findings",
            ShareKind::Indicators => "indicators",
            ShareKind::Tallies => "tallies",
            ShareKind::Techniques => "techniques",
        }
    }
}

impl fmt::Display for ShareKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ShareKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ShareKind::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
            format!("{text:?} is nothing that is shared; known are {}", ShareKind::ALL.map(ShareKind::name).join(", "))
        })
    }
}

/// What was agreed with a peer; part of its configuration, whose other keys are for whoever speaks with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeerTerms {
    /// By which key it signs, as it says it: name, id and key.
    pub key: Option<String>,
    /// What it is told of.
    pub shares: BTreeSet<ShareKind>,
    /// What it is to us.
    pub relation: Relation,
    /// The strictest marking that may go there; nothing, when it is not said.
    pub clearance: Option<Tlp>,
    /// The strictest PAP that it is known to heed.
    pub pap: Pap,
    /// What of a thing may go, beside the thing and its marking.
    pub fields: BTreeSet<Field>,
    /// It learns who we are in what it gets, and not only by whose collection it is.
    pub is_named: bool,
    /// It gets pseudonyms of accounts, which are its own.
    pub has_pseudonyms: bool,
    /// Fewest organisations behind a count; three, when it is not said.
    pub organisations_min: Option<u32>,
    /// Noise on counts, as ε.
    pub noise: Option<f64>,
    /// It may ask whether we know something, without saying what.
    pub may_look_up: bool,
    /// When the agreement ends.
    pub until: Option<Timestamp>,
}

impl PeerTerms {
    /// Those of a peer; of one whose configuration cannot be read, nothing may go there.
    pub fn of(peer: &Peer) -> Self {
        serde_json::from_str(&peer.config).unwrap_or_default()
    }

    /// Whether they can work like this.
    ///
    /// # Errors
    /// When a number or key makes no sense.
    pub fn check(&self) -> Result<(), String> {
        if self.organisations_min.is_some_and(|min| OrganisationsMin::new(min).is_none()) {
            return Err("a count is over 2 organisations at least: below, it would be about somebody".to_owned());
        }
        if self.noise.is_some_and(|epsilon| NoiseRule::new(epsilon).is_none()) {
            return Err("noise is above 0 and at most 10".to_owned());
        }
        match self.key.as_deref().map(VerifierKey::from_str) {
            Some(Err(error)) => Err(format!("the key: {error}")),
            _ => Ok(()),
        }
    }

    /// The key by which a peer signs.
    pub fn verifier(&self) -> Option<VerifierKey> {
        self.key.as_deref()?.parse().ok()
    }

    /// What the peer is called among all nodes: by its key, and by our own name for it as long as there is none.
    pub fn node(&self, name: &str) -> Option<PeerId> {
        match self.verifier() {
            Some(key) => PeerId::parse(key.name()),
            None => PeerId::parse(name),
        }
    }

    /// The same as the gate asks for it.
    pub fn policy(&self, node: PeerId, groups: BTreeSet<GroupId>, pseudonyms: [u8; 32]) -> PeerPolicy {
        PeerPolicy {
            relation: self.relation,
            clearance: self.clearance,
            pap: self.pap,
            groups,
            fields: self.fields.clone(),
            submitter: if self.is_named { SubmitterRule::NameWithConsent } else { SubmitterRule::Hide },
            accounts: match self.has_pseudonyms {
                true => AccountRule::Pseudonym(PseudonymKey::new(pseudonyms)),
                false => AccountRule::Remove,
            },
            organisations_min: self.organisations_min.and_then(OrganisationsMin::new).unwrap_or_default(),
            noise: self.noise.and_then(NoiseRule::new),
            until: self.until,
            ..PeerPolicy::deny(node)
        }
    }
}
