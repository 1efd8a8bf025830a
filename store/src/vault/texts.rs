//! Keys of texts: each has one of its own, so that a single text can be made unreadable in every copy that there is.

use std::collections::HashMap;

use sqlx::Row;

use super::sealed::PersonKey;
use super::{INSERT, SELECT, SealError, Vault, VaultError, sql};

/// What stands before a text's name where persons have theirs.
pub(super) const TEXT: &str = "text:";

impl Vault {
    /// Makes keys for so many texts, all or none. Each comes with the name by which it is found.
    ///
    /// # Errors
    /// When the vault refuses, or the system gives no random numbers.
    pub async fn make_text_keys(&self, agency: &str, count: usize) -> Result<Vec<(String, PersonKey)>, VaultError> {
        let master = self.master()?;
        let mut keys = Vec::with_capacity(count);
        let mut work = self.pool.begin().await.map_err(sql("writing keys"))?;
        for _ in 0..count {
            let mut name = [0; 16];
            aws_lc_rs::rand::fill(&mut name).map_err(|_| SealError)?;
            let name = format!("{:032x}", u128::from_be_bytes(name));
            let (key, whose) = (PersonKey::random()?, format!("{TEXT}{name}"));
            let (wrapped_by, wrapped) = master.wrap((agency, &whose), &key)?;
            let insert = sqlx::query(INSERT).bind(agency).bind(whose).bind(wrapped_by).bind(wrapped);
            insert.execute(&mut *work).await.map_err(sql("writing keys"))?;
            keys.push((name, key));
        }
        work.commit().await.map_err(sql("writing keys"))?;
        Ok(keys)
    }

    /// The keys of texts, by name; those that were destroyed are not among them.
    ///
    /// # Errors
    /// When the vault refuses, or a master key is missing.
    pub async fn text_keys(
        &self,
        agency: &str,
        names: impl Iterator<Item = String>,
    ) -> Result<HashMap<String, PersonKey>, VaultError> {
        let master = self.master()?;
        let mut keys = HashMap::new();
        let mut connection = self.pool.acquire().await.map_err(sql("reading keys"))?;
        for name in names {
            let whose = format!("{TEXT}{name}");
            let row = sqlx::query(SELECT).bind(agency).bind(whose.clone()).fetch_optional(&mut *connection).await;
            let Some(row) = row.map_err(sql("reading keys"))? else { continue };
            let (wrapped_by, wrapped): (String, Vec<u8>) = (row.get(0), row.get(1));
            keys.insert(name, master.unwrap(&wrapped_by, (agency, &whose), &wrapped)?);
        }
        Ok(keys)
    }

    /// Destroys the key of a text: it cannot be read again, in no copy. Says whether there was one.
    ///
    /// # Errors
    /// When the vault refuses.
    pub async fn destroy_text_key(&self, agency: &str, name: &str) -> Result<bool, VaultError> {
        self.destroy_key(agency, &format!("{TEXT}{name}")).await
    }
}
