//! Names of people, for those who may see them.

use std::collections::HashMap;

use model::OpContext;
use store::state::{Person, PersonId};

use super::{Office, OfficeError};

/// The field that a person's name is sealed for.
pub(super) const NAME_FIELD: &str = "people.name";

/// What a person is called whose key is not there: it was destroyed, or the vault was not restored.
const NO_KEY: &str = "(name without key)";

/// Names by what contexts and the ledger call people.
#[derive(Clone, Debug, Default)]
pub struct Names(HashMap<String, String>);

impl Names {
    /// How to show an actor: a person's name, and others as they are.
    pub fn show<'a>(&'a self, actor: &'a str) -> &'a str {
        self.0.get(actor).map_or(actor, String::as_str)
    }
}

impl Office {
    pub(super) async fn name_of(&self, person: &Person) -> Result<String, OfficeError> {
        let key = self.vault.key(person.agency.as_str(), &person.id.to_string()).await?;
        let name = key.map(|key| key.open(NAME_FIELD, &person.name)).transpose();
        Ok(name.map_err(store::vault::VaultError::from)?.unwrap_or_else(|| NO_KEY.to_owned()))
    }

    /// The names of those colleagues of the context who are among `actors`: everybody of an agency knows each other. Others stay what
    /// they are.
    ///
    /// # Errors
    /// When state or vault refuse.
    pub async fn names(&self, ctx: &OpContext, actors: &[&str]) -> Result<Names, OfficeError> {
        let mut names = HashMap::new();
        for &actor in actors {
            let id = actor.strip_prefix("person:").and_then(PersonId::parse);
            let Some(id) = id.filter(|_| !names.contains_key(actor)) else { continue };
            if let Some(person) = self.state.person(ctx, id).await? {
                names.insert(actor.to_owned(), self.name_of(&person).await?);
            }
        }
        Ok(Names(names))
    }

    /// The name of one colleague.
    ///
    /// # Errors
    /// When there is none, or state or vault refuse.
    pub async fn name(&self, ctx: &OpContext, id: PersonId) -> Result<String, OfficeError> {
        let person = self.state.person(ctx, id).await?;
        let person = person.ok_or_else(|| OfficeError::NotFound { what: "person", name: id.to_string() })?;
        self.name_of(&person).await
    }
}
