//! One line of the ledger, and the bytes that its hash is over.

use model::{AgencyId, Timestamp};
use serde::{Deserialize, Serialize};

use super::tree::{Hash, leaf_hash, sha256};

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was done.
    Done,
    /// Whoever asked may not.
    Denied,
}

impl Outcome {
    /// Its name in the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Denied => "denied",
        }
    }

    /// The outcome of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Outcome::Done, Outcome::Denied].into_iter().find(|outcome| outcome.name() == name)
    }
}

/// A promise about a text that says nothing about it: SHA-256 over a salt and the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment(pub Hash);

/// What an entry is about, in words: beside the entry, and erasable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// 16 random bytes. Without them, a list of likely texts does not help to find the one that was meant.
    pub salt: [u8; 16],
    /// The text; JSON where it has parts.
    pub text: String,
}

impl Detail {
    /// The promise that goes into the entry.
    pub fn commitment(&self) -> Commitment {
        Commitment(sha256(&[&self.salt, self.text.as_bytes()]))
    }
}

/// Who did what, to what, when, and with which outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the order, from 0.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// In which agency.
    pub agency: AgencyId,
    /// Who: the id of an account, a token or the program itself, no name.
    pub actor: String,
    /// What, for example `finding.acknowledge`.
    pub operation: String,
    /// To what: its kind and id, for example `finding:04…`.
    pub object: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The promise about its detail, if it has one.
    pub commitment: Option<Commitment>,
}

/// The form that is hashed. Its members' names and order never change; what is added goes behind, where it is not empty.
#[derive(Serialize)]
struct Form<'e> {
    number: u64,
    at_us: i64,
    agency: &'e str,
    actor: &'e str,
    operation: &'e str,
    object: &'e str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_sha256: Option<String>,
}

impl Entry {
    /// The bytes that are hashed and handed to whoever checks the log: JSON with a fixed order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let form = Form {
            number: self.number,
            at_us: self.at.as_micros(),
            agency: self.agency.as_str(),
            actor: &self.actor,
            operation: &self.operation,
            object: &self.object,
            outcome: self.outcome.name(),
            detail_sha256: self.commitment.map(|commitment| commitment.0.to_string()),
        };
        // Numbers and texts only: there is nothing that JSON cannot say.
        serde_json::to_vec(&form).unwrap_or_default()
    }

    /// The hash of those bytes.
    pub fn hash(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_fixed() {
        let detail = Detail { salt: [1; 16], text: "incident 7".into() };
        let mut entry = Entry {
            number: 3,
            at: Timestamp::from_micros(5),
            agency: AgencyId::home(),
            actor: "person:7".into(),
            operation: "finding.acknowledge".into(),
            object: "finding:\"ü".into(),
            outcome: Outcome::Done,
            commitment: None,
        };
        let plain = r#"{"number":3,"at_us":5,"agency":"home","actor":"person:7","operation":"finding.acknowledge","object":"finding:\"ü","outcome":"done"}"#;
        assert_eq!(String::from_utf8(entry.to_bytes()).unwrap(), plain);
        let before = entry.hash();
        entry.commitment = Some(detail.commitment());
        assert_ne!(entry.hash(), before);
        let other = Detail { salt: [2; 16], ..detail.clone() };
        assert_ne!(other.commitment(), detail.commitment());
    }

    #[test]
    fn outcomes_keep_their_names() {
        for outcome in [Outcome::Done, Outcome::Denied] {
            assert_eq!(Outcome::from_name(outcome.name()), Some(outcome));
        }
        assert_eq!(Outcome::from_name("else"), None);
    }
}
