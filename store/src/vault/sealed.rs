//! A person's key, and what it seals.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

/// The first byte of what is sealed: which way it was.
const FORM: u8 = 1;

/// It does not open: another key, another field, or it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was sealed with another key or for another field, or was changed")]
pub struct SealError;

/// The key of one person. Never printed.
pub struct PersonKey([u8; 32]);

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey(…)")
    }
}

impl Drop for PersonKey {
    fn drop(&mut self) {
        // Best effort: the compiler may keep copies elsewhere.
        self.0.fill(0);
    }
}

impl PersonKey {
    pub(super) fn random() -> Result<Self, SealError> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| SealError)?;
        Ok(PersonKey(key))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        Ok(PersonKey(bytes.try_into().map_err(|_| SealError)?))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Seals a text for one field, named by table and column.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn seal(&self, field: &str, text: &str) -> Result<Vec<u8>, SealError> {
        seal(&self.0, field.as_bytes(), text.as_bytes())
    }

    /// Opens what was sealed for that field.
    ///
    /// # Errors
    /// When it was sealed with another key or for another field, or was changed.
    pub fn open(&self, field: &str, sealed: &[u8]) -> Result<String, SealError> {
        String::from_utf8(open(&self.0, field.as_bytes(), sealed)?).map_err(|_| SealError)
    }
}

/// One byte for the form, the nonce, what is sealed, its tag.
pub(super) fn seal(key: &[u8; 32], about: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| SealError)?;
    let mut inside = plain.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(about), &mut inside).map_err(|_| SealError)?;
    let mut sealed = vec![FORM];
    sealed.extend_from_slice(nonce.as_ref());
    sealed.append(&mut inside);
    Ok(sealed)
}

pub(super) fn open(key: &[u8; 32], about: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let Some((&FORM, rest)) = sealed.split_first() else { return Err(SealError) };
    let (nonce, inside) = rest.split_at_checked(NONCE_LEN).ok_or(SealError)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| SealError)?;
    let mut inside = inside.to_vec();
    let plain = key.open_in_place(nonce, Aad::from(about), &mut inside).map_err(|_| SealError)?;
    Ok(plain.to_vec())
}
