//! Admitting people, and what they may do.

use std::time::Duration;

use model::{OpContext, Role, Roles, Timestamp, limits};
use store::state::{Deed, PersonId};
use store::vault::VaultError;

use super::names::NAME_FIELD;
use super::{Office, OfficeError};
use crate::access::Operation;

/// Roles that people can have; the others are for the machine.
const ROLES_OF_PEOPLE: [Role; 6] =
    [Role::Analyst, Role::Lead, Role::ServiceOwner, Role::Board, Role::Auditor, Role::Administrator];

/// Longest name of a person.
const NAME_CHARS_MAX: usize = 100;

/// Somebody who works here, as others see them.
#[derive(Clone, Debug)]
pub struct PersonView {
    /// Who.
    pub id: PersonId,
    /// The name.
    pub name: String,
    /// What they are here for.
    pub roles: Roles,
    /// Since when they are known.
    pub created: Timestamp,
    /// Since when they are not let in any more.
    pub disabled: Option<Timestamp>,
    /// How many passkeys they have; without one they have not been here yet.
    pub passkeys: u64,
}

/// Somebody who may come in once by a link.
pub struct Admitted {
    /// Who.
    pub id: PersonId,
    /// The link's secret; shown once, not kept.
    pub secret: [u8; 32],
    /// Until when it lets them in.
    pub ends: Timestamp,
}

impl std::fmt::Debug for Admitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admitted").field("id", &self.id).field("ends", &self.ends).finish_non_exhaustive()
    }
}

impl Office {
    /// Everybody of the agency.
    ///
    /// # Errors
    /// When the context may not, or state or vault refuse.
    pub async fn people(&self, ctx: &OpContext) -> Result<Vec<PersonView>, OfficeError> {
        self.may(ctx, Operation::PersonRead).await?;
        let passkeys = self.state.passkey_counts(ctx).await?;
        let mut views = Vec::new();
        for person in self.state.people(ctx).await? {
            views.push(PersonView {
                id: person.id,
                name: self.name_of(&person).await?,
                roles: person.roles,
                created: person.created,
                disabled: person.disabled,
                passkeys: passkeys.get(&person.id).copied().unwrap_or(0),
            });
        }
        Ok(views)
    }

    /// Admits a person, and gives the link by which they come in the first time.
    ///
    /// # Errors
    /// When the context may not, name or roles make no sense, or state or vault refuse.
    pub async fn admit(&self, ctx: &OpContext, name: &str, roles: Roles) -> Result<Admitted, OfficeError> {
        let id = self.add_person(ctx, name, roles).await?;
        self.link(ctx, id).await
    }

    /// Admits a person whose account at the staff's identity provider lets them in: they need no link.
    ///
    /// # Errors
    /// As [`Office::admit`].
    pub(crate) async fn admit_staff(&self, ctx: &OpContext, name: &str, roles: Roles) -> Result<PersonId, OfficeError> {
        // A provider's names can be longer than ours.
        let name: String = name.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect();
        self.add_person(ctx, &name, roles).await
    }

    async fn add_person(&self, ctx: &OpContext, name: &str, roles: Roles) -> Result<PersonId, OfficeError> {
        self.may(ctx, Operation::PersonManage).await?;
        check_roles(roles)?;
        let id = PersonId::random()?;
        let sealed = self.seal_name(ctx, id, name).await?;
        self.state.add_person(ctx, id, sealed, roles).await?;
        Ok(id)
    }

    /// Another link for somebody who is known: the first one ended, or every passkey `is_lost`; then what they had lets nobody in
    /// any more.
    ///
    /// # Errors
    /// When the context may not, there is no such person, or the state refuses.
    pub async fn admit_again(&self, ctx: &OpContext, id: PersonId, is_lost: bool) -> Result<Admitted, OfficeError> {
        self.may(ctx, Operation::PersonManage).await?;
        match self.state.person(ctx, id).await? {
            Some(person) if person.disabled.is_none() => {
                if is_lost {
                    self.state.forget_keys(ctx, id).await?;
                }
                self.link(ctx, id).await
            }
            _ => Err(OfficeError::NotFound { what: "person who is let in", name: id.to_string() }),
        }
    }

    /// The first person of an agency that has none: may do everything that people can, so that they can admit others.
    /// `None` when somebody has been here already.
    ///
    /// # Errors
    /// When the context may not, or state or vault refuse.
    pub async fn admit_first(&self, ctx: &OpContext) -> Result<Option<Admitted>, OfficeError> {
        self.may(ctx, Operation::PersonManage).await?;
        let roles: Roles = [Role::Analyst, Role::Lead, Role::Auditor, Role::Administrator].into_iter().collect();
        if !self.state.passkey_counts(ctx).await?.is_empty() || self.state.identity_total(ctx).await? > 0 {
            return Ok(None);
        }
        let people = self.state.people(ctx).await?;
        match people.iter().find(|person| person.roles == roles && person.disabled.is_none()) {
            // Admitted before, never came: the link is made anew.
            Some(person) => self.link(ctx, person.id).await.map(Some),
            None => self.admit(ctx, "First administrator", roles).await.map(Some),
        }
    }

    /// Gives a person other roles. They are out, and come in again with the new ones.
    ///
    /// # Errors
    /// When the context may not, it would take the last administrator away, or the state refuses.
    pub async fn set_roles(&self, ctx: &OpContext, id: PersonId, roles: Roles) -> Result<(), OfficeError> {
        self.may(ctx, Operation::PersonManage).await?;
        check_roles(roles)?;
        if !roles.has(Role::Administrator) {
            self.check_not_last_administrator(ctx, id).await?;
        }
        Ok(self.state.set_roles(ctx, id, roles).await?)
    }

    /// Lets a person in no more, at once.
    ///
    /// # Errors
    /// When the context may not, it would take the last administrator away, or the state refuses.
    pub async fn disable(&self, ctx: &OpContext, id: PersonId) -> Result<(), OfficeError> {
        self.may(ctx, Operation::PersonManage).await?;
        self.check_not_last_administrator(ctx, id).await?;
        Ok(self.state.disable_person(ctx, id).await?)
    }

    /// Destroys the key of a person who is let in no more: their name cannot be read again, in no copy that there is.
    ///
    /// # Errors
    /// When the context may not, the person is still let in or has no key, or state or vault refuse.
    pub async fn forget(&self, ctx: &OpContext, id: PersonId) -> Result<(), OfficeError> {
        self.may(ctx, Operation::PersonErase).await?;
        match self.state.person(ctx, id).await? {
            Some(person) if person.disabled.is_some() => {}
            Some(_) => return Err(OfficeError::Refused("let this person in no more first".to_owned())),
            None => return Err(OfficeError::NotFound { what: "person", name: id.to_string() }),
        }
        self.state.record(ctx, &[Deed::done(Operation::PersonErase.name(), format!("person:{id}"))]).await?;
        match self.vault.destroy_key(ctx.agency.as_str(), &id.to_string()).await? {
            true => Ok(()),
            false => Err(OfficeError::NotFound { what: "key of person", name: id.to_string() }),
        }
    }

    async fn check_not_last_administrator(&self, ctx: &OpContext, id: PersonId) -> Result<(), OfficeError> {
        let passkeys = self.state.passkey_counts(ctx).await?;
        for person in self.state.people(ctx).await? {
            let is_other = person.id != id && person.disabled.is_none() && person.roles.has(Role::Administrator);
            // Who has never been here may never come.
            let can_come = passkeys.contains_key(&person.id) || self.state.identity_count(ctx, person.id).await? > 0;
            if is_other && can_come {
                return Ok(());
            }
        }
        Err(OfficeError::Conflict("nobody else is an administrator: admit another one first".to_owned()))
    }

    async fn seal_name(&self, ctx: &OpContext, id: PersonId, name: &str) -> Result<Vec<u8>, OfficeError> {
        let name = name.trim();
        let count = name.chars().count();
        if count == 0 || count > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(OfficeError::Refused(format!("a name has 1 to {NAME_CHARS_MAX} letters")));
        }
        let key = self.vault.make_key(ctx.agency.as_str(), &id.to_string()).await?;
        Ok(key.seal(NAME_FIELD, name).map_err(VaultError::from)?)
    }

    /// Gives somebody the name that they want to have; for themselves only.
    pub(crate) async fn rename(&self, ctx: &OpContext, id: PersonId, name: &str) -> Result<(), OfficeError> {
        let sealed = self.seal_name(ctx, id, name).await?;
        Ok(self.state.set_name(ctx, id, sealed).await?)
    }

    async fn link(&self, ctx: &OpContext, id: PersonId) -> Result<Admitted, OfficeError> {
        let secret = crate::entrance::secret()?;
        let ends = ctx.now.plus(Duration::from_secs(limits::SETUP_LINK_SECONDS));
        self.state.add_setup_link(ctx, id, &secret, ends).await?;
        Ok(Admitted { id, secret, ends })
    }
}

fn check_roles(roles: Roles) -> Result<(), OfficeError> {
    let is_of_people = |role: Role| ROLES_OF_PEOPLE.contains(&role);
    if roles == Roles::NONE || !roles.iter().all(is_of_people) {
        let names = ROLES_OF_PEOPLE.map(Role::name).join(", ");
        return Err(OfficeError::Refused(format!("a person has one role or more of {names}")));
    }
    Ok(())
}
