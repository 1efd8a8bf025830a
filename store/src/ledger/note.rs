//! Signed checkpoints, after C2SP `signed-note` and `tlog-checkpoint`, with Ed25519 (RFC 8032).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::tree::{Hash, sha256};

/// What stands before the key's bytes and says that it is one of Ed25519.
const ED25519_MARK: u8 = 1;

/// Why a note or key was not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// It is not in the form of a checkpoint.
    #[error("this is no checkpoint: {0}")]
    Form(&'static str),
    /// None of its signatures is of this key.
    #[error("the checkpoint is not signed by {0}")]
    NotSigned(String),
    /// The signature that says it is of this key is not.
    #[error("the checkpoint's signature by {0} is wrong")]
    WrongSignature(String),
    /// It is of another log.
    #[error("the checkpoint is of the log {found:?}, not of {wanted:?}")]
    OtherLog {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: String,
    },
    /// The key cannot be used.
    #[error("this is no key of a ledger: {0}")]
    Key(&'static str),
}

/// How large a log was, and the root of its tree at that size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many entries it had.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl fmt::Display for Checkpoint {
    /// The text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.0))
    }
}

impl FromStr for Checkpoint {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.lines();
        let origin = lines.next().filter(|origin| !origin.is_empty()).ok_or(NoteError::Form("it has no origin"))?;
        let size = lines.next().unwrap_or_default();
        let is_plain = size == "0" || (!size.starts_with('0') && size.bytes().all(|byte| byte.is_ascii_digit()));
        let size = size.parse().ok().filter(|_| is_plain).ok_or(NoteError::Form("its second line is no size"))?;
        let root = BASE64.decode(lines.next().unwrap_or_default()).ok();
        let root = root.and_then(|root| <[u8; 32]>::try_from(root).ok());
        let root = root.ok_or(NoteError::Form("its third line is no root"))?;
        Ok(Checkpoint { origin: origin.to_owned(), size, root: Hash(root) })
    }
}

/// The public half: checks notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    bytes: [u8; 32],
}

impl VerifierKey {
    /// The first four bytes of a hash over name and key, by which a signature says whose it is.
    fn id(&self) -> [u8; 4] {
        let hash = sha256(&[self.name.as_bytes(), b"\n", &[ED25519_MARK], &self.bytes]);
        [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
    }

    /// The key's name, which is the log's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a signature, in base64, is this key's over a document. Documents say in their first bytes what they are, so that none is taken
    /// for another, nor for a checkpoint.
    pub fn has_signed(&self, document: &[u8], signature: &str) -> bool {
        let signature = BASE64.decode(signature).unwrap_or_default();
        UnparsedPublicKey::new(&ED25519, &self.bytes).verify(document, &signature).is_ok()
    }

    /// Reads a signed checkpoint of this key's log.
    ///
    /// # Errors
    /// When it is none, of another log, or not signed by this key.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let (text, signatures) = note.split_once("\n\n").ok_or(NoteError::Form("it has no signatures"))?;
        let text = format!("{text}\n");
        let checkpoint: Checkpoint = text.parse()?;
        if checkpoint.origin != self.name {
            return Err(NoteError::OtherLog { found: checkpoint.origin, wanted: self.name.clone() });
        }
        for line in signatures.lines() {
            let line = line.strip_prefix("— ").ok_or(NoteError::Form("a line among the signatures is none"))?;
            let Some((name, signature)) = line.rsplit_once(' ') else { continue };
            let signature = BASE64.decode(signature).map_err(|_| NoteError::Form("a signature is no base64"))?;
            let Some((id, signature)) = signature.split_first_chunk::<4>() else { continue };
            if name != self.name || *id != self.id() {
                continue;
            }
            return match UnparsedPublicKey::new(&ED25519, &self.bytes).verify(text.as_bytes(), signature) {
                Ok(()) => Ok(checkpoint),
                Err(_) => Err(NoteError::WrongSignature(self.name.clone())),
            };
        }
        Err(NoteError::NotSigned(self.name.clone()))
    }
}

impl fmt::Display for VerifierKey {
    /// The form that witnesses and other verifiers are given: name, id, key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let mut marked = vec![ED25519_MARK];
        marked.extend_from_slice(&self.bytes);
        write!(f, "{}+{id:08x}+{}", self.name, BASE64.encode(marked))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it is not name, id and key with + between them"));
        };
        let key = BASE64.decode(key).map_err(|_| NoteError::Key("its last part is no base64"))?;
        let Some((&ED25519_MARK, bytes)) = key.split_first() else {
            return Err(NoteError::Key("it is not one of Ed25519"));
        };
        let bytes = bytes.try_into().map_err(|_| NoteError::Key("it has not 32 bytes"))?;
        let key = VerifierKey { name: name.to_owned(), bytes };
        let same = u32::from_str_radix(id, 16).is_ok_and(|id| id.to_be_bytes() == key.id());
        if same { Ok(key) } else { Err(NoteError::Key("its id is not that of name and key")) }
    }
}

/// The secret half: signs checkpoints.
pub struct LedgerKey {
    pair: Ed25519KeyPair,
    public: VerifierKey,
}

impl fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LedgerKey({})", self.public)
    }
}

impl LedgerKey {
    /// The key that follows from 32 random bytes, for the log of that name.
    ///
    /// # Errors
    /// When the name is empty or holds a blank, a line end or a plus.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter == '+') {
            return Err(NoteError::Key("the name of a log has no blank and no plus"));
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key("it has not 32 bytes"))?;
        let bytes = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Key("it has not 32 bytes"))?;
        Ok(LedgerKey { pair, public: VerifierKey { name: name.to_owned(), bytes } })
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.public
    }

    /// The signature over a document, in base64: see [`VerifierKey::has_signed`].
    pub fn sign_document(&self, document: &[u8]) -> String {
        BASE64.encode(self.pair.sign(document).as_ref())
    }

    /// The signed checkpoint of this key's log.
    pub fn sign(&self, size: u64, root: Hash) -> String {
        let text = Checkpoint { origin: self.public.name.clone(), size, root }.to_string();
        let mut signature = self.public.id().to_vec();
        signature.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n— {} {}\n", self.public.name, BASE64.encode(signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> LedgerKey {
        LedgerKey::from_seed("watchbell.example/ledger", &[7; 32]).unwrap()
    }

    #[test]
    fn what_is_signed_is_opened() {
        let root = sha256(&[b"root"]);
        let note = key().sign(12, root);
        let opened = key().verifier().open(&note).unwrap();
        assert_eq!(opened, Checkpoint { origin: "watchbell.example/ledger".into(), size: 12, root });
        let public: VerifierKey = key().verifier().to_string().parse().unwrap();
        assert_eq!(public.open(&note), Ok(opened));
    }

    #[test]
    fn documents_are_signed_too() {
        let signature = key().sign_document(b"a document");
        assert!(key().verifier().has_signed(b"a document", &signature));
        assert!(!key().verifier().has_signed(b"another document", &signature));
        assert!(!key().verifier().has_signed(b"a document", "no base64"));
        let other = LedgerKey::from_seed("watchbell.example/ledger", &[8; 32]).unwrap();
        assert!(!other.verifier().has_signed(b"a document", &signature));
    }

    #[test]
    fn what_was_changed_is_refused() {
        let note = key().sign(12, sha256(&[b"root"]));
        let open = |note: &str| key().verifier().open(note).unwrap_err();
        assert!(matches!(open(&note.replace("\n12\n", "\n13\n")), NoteError::WrongSignature(_)));
        assert!(matches!(open(&note.replace("\n12\n", "\n012\n")), NoteError::Form(_)));
        assert!(matches!(open("x\n1\n"), NoteError::Form(_)));
        let other = LedgerKey::from_seed("watchbell.example/ledger", &[8; 32]).unwrap();
        assert!(matches!(open(&other.sign(12, sha256(&[b"root"]))), NoteError::NotSigned(_)));
        let elsewhere = LedgerKey::from_seed("elsewhere.example", &[7; 32]).unwrap();
        assert!(matches!(open(&elsewhere.sign(12, sha256(&[b"root"]))), NoteError::OtherLog { .. }));
        assert!(LedgerKey::from_seed("a b", &[7; 32]).is_err());
        assert!("watchbell+00000000+AQ==".parse::<VerifierKey>().is_err());
    }

    /// The verifier key of the example in C2SP `signed-note`.
    #[test]
    fn a_key_of_the_specification_is_read() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key: VerifierKey = text.parse().unwrap();
        assert_eq!((key.name(), key.to_string().as_str()), ("PeterNeumann", text));
        // And the note that it signs there, which is no checkpoint: its signature is over this text.
        let text =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let signature = BASE64.decode(signature).unwrap();
        assert_eq!(signature[..4], key.id());
        UnparsedPublicKey::new(&ED25519, &key.bytes).verify(text.as_bytes(), &signature[4..]).unwrap();
    }
}
