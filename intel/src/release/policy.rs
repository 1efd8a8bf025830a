//! Who a peer is, and what may go there. Everything that is not said here is refused.

use std::collections::BTreeSet;
use std::fmt;

use model::{Pap, Timestamp, Tlp, limits};
use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$meta:meta])* $type:ident) => {
        $(#[$meta])*
        ///
        /// Printable, without blanks, at most [`limits::PEER_NAME_BYTES_MAX`] bytes.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $type(String);

        impl $type {
            /// Reads a name; `None` when it is none.
            pub fn parse(text: &str) -> Option<Self> {
                let is_short = (1..=limits::PEER_NAME_BYTES_MAX).contains(&text.len());
                let is_plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
                (is_short && is_plain).then(|| $type(text.to_owned()))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                $type::parse(&text).ok_or_else(|| "a name has 1 to 128 printable bytes without blanks".to_owned())
            }
        }
    };
}

name! {
    /// Another node that shares with us.
    PeerId
}
name! {
    /// A sharing group.
    GroupId
}

/// What a peer is to us, the farthest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Anybody.
    #[default]
    Public,
    /// Belongs to the community that shares (TLP:GREEN).
    Community,
    /// We protect it, or it protects us (TLP:AMBER: "and its clients").
    Client,
    /// Part of our own organisation (TLP:AMBER+STRICT).
    SameOrganisation,
}

/// What of an item may go, one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// What it is called.
    Label,
    /// How sure we are.
    Confidence,
    /// How bad it is.
    Level,
    /// First and last time.
    Times,
    /// How often.
    Count,
    /// ATT&CK techniques.
    Techniques,
    /// The machine on which it was seen.
    Machine,
    /// The accounts that it concerns.
    Accounts,
    /// Title and text.
    Text,
}

impl Field {
    /// All of them.
    pub const ALL: [Field; 9] = [
        Field::Label,
        Field::Confidence,
        Field::Level,
        Field::Times,
        Field::Count,
        Field::Techniques,
        Field::Machine,
        Field::Accounts,
        Field::Text,
    ];
}

/// Whether a peer learns who submitted something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubmitterRule {
    /// Never. The default, as CISA's Automated Indicator Sharing does it without consent.
    #[default]
    Hide,
    /// If the submitter consents.
    NameWithConsent,
}

/// The secret with which names become pseudonyms. One for each peer, so that peers cannot join theirs.
#[derive(Clone, PartialEq, Eq)]
pub struct PseudonymKey([u8; 32]);

impl PseudonymKey {
    /// From 32 bytes that nobody else knows.
    pub const fn new(key: [u8; 32]) -> Self {
        PseudonymKey(key)
    }

    /// The pseudonym of an account: the same for the same name in whatever case, and no way back without the key. The first
    /// 8 bytes of keyed BLAKE3: among a million accounts two meet with a chance of one in forty million.
    pub(super) fn account(&self, name: &str) -> String {
        let hash = blake3::keyed_hash(&self.0, name.to_lowercase().as_bytes());
        let digits: String = hash.to_hex().chars().take(16).collect();
        format!("account-{digits}")
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What becomes of account names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccountRule {
    /// They are removed.
    #[default]
    Remove,
    /// They are replaced by pseudonyms, if the peer may have [`Field::Accounts`] at all.
    Pseudonym(PseudonymKey),
}

/// Noise on counts: Laplace with scale 1/ε, so that one organisation more or less can hardly be told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseRule {
    epsilon: f64,
}

impl NoiseRule {
    /// From ε; `None` unless it is above 0 and at most 10, where noise would be none.
    pub fn new(epsilon: f64) -> Option<Self> {
        (epsilon > 0.0 && epsilon <= 10.0).then_some(NoiseRule { epsilon })
    }

    /// The noise of a uniform draw between 0 and 1, exclusive: the inverse of Laplace's distribution function.
    pub(super) fn of(self, draw: f64) -> Option<f64> {
        let is_drawn = draw > 0.0 && draw < 1.0;
        let from_middle = draw - 0.5;
        is_drawn.then(|| -from_middle.signum() * (1.0 - 2.0 * from_middle.abs()).ln() / self.epsilon)
    }
}

/// Fewest organisations behind a count that is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrganisationsMin(u32);

impl OrganisationsMin {
    /// From a number; `None` below 2, where a count would be about somebody.
    pub const fn new(number: u32) -> Option<Self> {
        if number >= 2 { Some(OrganisationsMin(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for OrganisationsMin {
    fn default() -> Self {
        OrganisationsMin(3)
    }
}

/// What may go to one peer.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerPolicy {
    /// Who.
    pub peer: PeerId,
    /// What it is to us.
    pub relation: Relation,
    /// The strictest marking that may go there; `None`: nothing may.
    pub clearance: Option<Tlp>,
    /// The strictest PAP that it is known to heed.
    pub pap: Pap,
    /// Sharing groups that it is a member of.
    pub groups: BTreeSet<GroupId>,
    /// What of an item may go. Value and marking always do.
    pub fields: BTreeSet<Field>,
    /// Who submitted it.
    pub submitter: SubmitterRule,
    /// Account names.
    pub accounts: AccountRule,
    /// Fewest organisations behind a count.
    pub organisations_min: OrganisationsMin,
    /// Noise on counts.
    pub noise: Option<NoiseRule>,
    /// When the agreement ends.
    pub until: Option<Timestamp>,
}

impl PeerPolicy {
    /// Nothing may go to that peer. Everything else is said on top of it.
    pub fn deny(peer: PeerId) -> Self {
        PeerPolicy {
            peer,
            relation: Relation::Public,
            clearance: None,
            pap: Pap::Clear,
            groups: BTreeSet::new(),
            fields: BTreeSet::new(),
            submitter: SubmitterRule::Hide,
            accounts: AccountRule::Remove,
            organisations_min: OrganisationsMin::default(),
            noise: None,
            until: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_differ_by_key_and_not_by_case() {
        let (one, other) = (PseudonymKey::new([1; 32]), PseudonymKey::new([2; 32]));
        assert_eq!(one.account("H.Brandt"), one.account("h.brandt"));
        assert_ne!(one.account("h.brandt"), other.account("h.brandt"));
        assert_eq!(one.account("x").len(), "account-".len() + 16);
        assert_eq!(format!("{one:?}"), "[secret]");
    }

    #[test]
    fn noise_is_laplace() {
        assert_eq!(NoiseRule::new(0.0), None);
        assert_eq!(NoiseRule::new(f64::NAN), None);
        let rule = NoiseRule::new(1.0).unwrap();
        assert_eq!(rule.of(0.0), None);
        assert_eq!(rule.of(1.0), None);
        let check = |draw: f64, expected: f64| assert!((rule.of(draw).unwrap() - expected).abs() < 1e-9, "{draw}");
        // The quantiles of Laplace(0, 1): ln(2q) below the middle, −ln(2 − 2q) above.
        check(0.25, -std::f64::consts::LN_2);
        check(0.75, std::f64::consts::LN_2);
        let mean = (1..1_000).map(|n| rule.of(f64::from(n) / 1_000.0).unwrap()).sum::<f64>() / 999.0;
        assert!(mean.abs() < 1e-9);
    }

    #[test]
    fn names_are_plain() {
        assert!(PeerId::parse("node.stadt.example").is_some());
        for wrong in ["", "a b", "a\nb", &"x".repeat(limits::PEER_NAME_BYTES_MAX + 1)] {
            assert!(GroupId::parse(wrong).is_none(), "{wrong:?}");
        }
        assert!(serde_json::from_str::<PeerId>("\"a b\"").is_err());
        assert_eq!(OrganisationsMin::new(1), None);
    }
}
