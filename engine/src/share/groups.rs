//! Signed documents of sharing groups: what is signed, how it travels, and whether one takes the place of another.

use intel::release::{Membership, Succession, succession};
use model::{Timestamp, limits};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::ledger::{LedgerKey, VerifierKey};
use store::state::SharingGroup;
use uuid::Uuid;

/// The type of the object in which a document travels; STIX lets producers have their own (section 11.1 of 2.1).
pub const GROUP_TYPE: &str = "x-watchbell-group";

/// Signs for one agency.
pub struct Signer(LedgerKey);

impl Signer {
    /// The key that follows from an agency's secret. Its name, by which others know the agency, follows from it too.
    pub fn new(agency: &str, secret: &[u8; 32]) -> Option<Self> {
        let unnamed = LedgerKey::from_seed("unnamed", secret).ok()?;
        let print = blake3::hash(unnamed.verifier().to_string().as_bytes()).to_hex();
        LedgerKey::from_seed(&format!("{agency}-{}", &print[..8]), secret).ok().map(Signer)
    }

    /// The public half, for others.
    pub fn verifier(&self) -> &VerifierKey {
        self.0.verifier()
    }

    /// What the agency is called among all nodes.
    pub fn name(&self) -> &str {
        self.0.verifier().name()
    }

    /// The document with its signature.
    pub fn sign(&self, membership: Membership) -> GroupDocument {
        let signature = self.0.sign_document(&membership.canonical_bytes());
        GroupDocument { membership, signature }
    }
}

/// Who is in a group, signed by its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupDocument {
    /// Who.
    pub membership: Membership,
    /// The owner's signature over its canonical bytes, in base64.
    pub signature: String,
}

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupRefused {
    /// Nobody here knows the owner's key.
    #[error("nobody here knows the key of {0}")]
    UnknownOwner(String),
    /// It is not the owner's.
    #[error("it is not signed by {0}")]
    WrongSignature(String),
    /// What is held is newer.
    #[error("version {offered} is older than {held}, which is held")]
    Older {
        /// Offered.
        offered: u64,
        /// Held.
        held: u64,
    },
    /// Two documents with one version.
    #[error("version {0} says something else than what is held: the owner's key is used twice, or stolen")]
    Conflict(u64),
    /// Somebody else says that the group is theirs.
    #[error("{0} says that the group is theirs; it is another's")]
    OtherOwner(String),
    /// It cannot be kept.
    #[error("it has more members than a group may have")]
    TooLarge,
}

impl GroupDocument {
    /// What is kept of a group.
    pub fn of(group: &SharingGroup) -> Option<Self> {
        serde_json::from_str(&group.body).ok()
    }

    /// As it is kept.
    pub fn kept(&self, now: Timestamp) -> SharingGroup {
        SharingGroup {
            name: self.membership.group.as_str().to_owned(),
            owner: self.membership.owner.as_str().to_owned(),
            version: self.membership.version,
            body: serde_json::to_string(self).unwrap_or_default(),
            problem: String::new(),
            changed: now,
        }
    }

    /// Whether it takes the place of what is held. `Ok(false)`: it is what is held.
    ///
    /// # Errors
    /// When it is refused.
    pub fn follows(&self, held: Option<&GroupDocument>, key: Option<&VerifierKey>) -> Result<bool, GroupRefused> {
        let membership = &self.membership;
        let owner = membership.owner.as_str();
        let key = key.ok_or_else(|| GroupRefused::UnknownOwner(owner.to_owned()))?;
        if key.name() != owner || !key.has_signed(&membership.canonical_bytes(), &self.signature) {
            return Err(GroupRefused::WrongSignature(owner.to_owned()));
        }
        let held_version = held.map_or(0, |held| held.membership.version);
        match succession(held.map(|held| &held.membership), membership) {
            Succession::Newer => Ok(true),
            Succession::Same => Ok(false),
            Succession::Older => Err(GroupRefused::Older { offered: membership.version, held: held_version }),
            Succession::OtherOwner => Err(GroupRefused::OtherOwner(owner.to_owned())),
            Succession::TooLarge => Err(GroupRefused::TooLarge),
            Succession::Conflict | Succession::OtherGroup => Err(GroupRefused::Conflict(membership.version)),
        }
    }

    /// As an object of a collection. Its id is the same for all versions of a group.
    pub fn object(&self, now: Timestamp) -> Value {
        let membership = &self.membership;
        let name = format!("{}:{}", membership.owner, membership.group);
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("watchbell:group:{name}").as_bytes());
        let stamp = now.to_string();
        json!({
            "type": GROUP_TYPE, "spec_version": "2.1", "id": format!("{GROUP_TYPE}--{id}"),
            "created": stamp, "modified": stamp, "document": self,
        })
    }

    /// The document of an object, if it is one.
    pub fn read(object: &[u8]) -> Option<Result<Self, String>> {
        #[derive(Deserialize)]
        struct Head<'a> {
            r#type: std::borrow::Cow<'a, str>,
        }
        #[derive(Deserialize)]
        struct Whole {
            document: GroupDocument,
        }
        if object.len() > limits::GROUP_BYTES_MAX {
            return None;
        }
        let head: Head<'_> = serde_json::from_slice(object).ok()?;
        (head.r#type == GROUP_TYPE).then(|| {
            serde_json::from_slice::<Whole>(object).map(|whole| whole.document).map_err(|error| error.to_string())
        })
    }
}
