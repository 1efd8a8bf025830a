//! Texts that people write: sealed, each with a key of its own that is not in this database (see [`crate::vault`]).
//!
//! A column of text holds `sealed:1:NAME:BASE64`: the key's name, and what it seals. Without a vault texts are kept as they are, and
//! those of before are read as they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use model::OpContext;

use super::database::{State, StateError};
use crate::vault::{Vault, VaultError};

const MARK: &str = "sealed:1:";

/// The name of a sealed text's key, and what it seals.
fn parts(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(MARK)?.split_once(':')
}

impl State {
    /// The same state, which seals the texts that people write.
    #[must_use]
    pub fn with_vault(mut self, vault: Vault) -> Self {
        self.vault = Some(vault);
        self
    }

    /// Where the keys of its texts are, if they are sealed.
    pub fn vault(&self) -> Option<&Vault> {
        self.vault.as_ref()
    }

    /// Texts as they are kept in `field`, a table and a column. Empty ones say nothing, and stay.
    pub(super) async fn seal_texts(
        &self,
        ctx: &OpContext,
        field: &str,
        texts: Vec<String>,
    ) -> Result<Vec<String>, StateError> {
        let count = texts.iter().filter(|text| !text.is_empty()).count();
        let Some(vault) = self.vault.as_ref().filter(|_| count > 0) else { return Ok(texts) };
        let mut keys = vault.make_text_keys(ctx.agency.as_str(), count).await?.into_iter();
        let seal = |text: String| {
            if text.is_empty() {
                return Ok(text);
            }
            let Some((name, key)) = keys.next() else { return Ok(text) };
            let sealed = key.seal(field, &text).map_err(VaultError::from)?;
            Ok(format!("{MARK}{name}:{}", BASE64.encode(sealed)))
        };
        texts.into_iter().map(seal).collect()
    }

    /// A single text.
    pub(super) async fn seal_text(&self, ctx: &OpContext, field: &str, text: &str) -> Result<String, StateError> {
        let sealed = self.seal_texts(ctx, field, vec![text.to_owned()]).await?;
        Ok(sealed.into_iter().next().unwrap_or_default())
    }

    /// Texts of an agency as they were written; `None` for those whose key is not there any more.
    pub(super) async fn open_texts(
        &self,
        agency: &str,
        field: &str,
        texts: Vec<String>,
    ) -> Result<Vec<Option<String>>, StateError> {
        let names: Vec<String> = texts.iter().filter_map(|text| Some(parts(text)?.0.to_owned())).collect();
        let keys = match &self.vault {
            Some(vault) if !names.is_empty() => vault.text_keys(agency, names.into_iter()).await?,
            _ => Default::default(),
        };
        let open = |text: String| {
            let Some((name, sealed)) = parts(&text) else { return Ok(Some(text)) };
            let Some(key) = keys.get(name) else { return Ok(None) };
            let sealed = BASE64.decode(sealed).map_err(|_| StateError::Corrupt {
                what: "sealed text",
                detail: "it is not written as one".to_owned(),
            })?;
            Ok(Some(key.open(field, &sealed).map_err(VaultError::from)?))
        };
        texts.into_iter().map(open).collect()
    }

    /// The same where what cannot be read any more is said in its place.
    pub(super) async fn show_texts(
        &self,
        ctx: &OpContext,
        field: &str,
        texts: Vec<String>,
    ) -> Result<Vec<String>, StateError> {
        let opened = self.open_texts(ctx.agency.as_str(), field, texts).await?;
        Ok(opened.into_iter().map(|text| text.unwrap_or_else(|| "(words erased)".to_owned())).collect())
    }

    /// Makes kept texts unreadable, in every copy that there is: they were erased, removed, or written anew.
    pub(super) async fn destroy_texts(&self, ctx: &OpContext, kept: &[String]) -> Result<(), StateError> {
        let Some(vault) = &self.vault else { return Ok(()) };
        for (name, _) in kept.iter().filter_map(|kept| parts(kept)) {
            vault.destroy_text_key(ctx.agency.as_str(), name).await?;
        }
        Ok(())
    }
}
