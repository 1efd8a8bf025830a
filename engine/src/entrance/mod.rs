//! How people come in: passkeys (WebAuthn level 3), links that let somebody in once, sessions.
//!
//! A passkey is kept on its owner's device, found by the device itself ("discoverable"), and opens only at the installation's own
//! address: nobody types a name or a secret that could be read over a shoulder or asked for by a false page. A ceremony's
//! challenge is used once, within five minutes. A session is 256 random bits, of which the database has a hash.
//!
//! Absent: passwords, and a second factor: a passkey is two (the device, and what unlocks it).

mod provider;
mod staff;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{AgencyId, OpContext, Role, Roles, Timestamp, limits};
use serde_json::Value;
use store::ledger::Outcome;
use store::state::{Deed, NewPasskey, Person, PersonId, Scope, StateError, object_named};
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyAuthentication, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::access::Operation;
use crate::office::{Office, OfficeError};

pub use provider::ProviderConfig;
pub use staff::{StaffIn, StaffVisit, StaffWay};

use provider::Provider;

/// How long a challenge waits for its answer.
const CEREMONY: Duration = Duration::from_secs(300);

/// 256 random bits.
pub type Secret = [u8; 32];

/// Draws a secret.
///
/// # Errors
/// When the system gives no random numbers.
pub fn secret() -> Result<Secret, OfficeError> {
    let mut secret = [0; 32];
    match getrandom::fill(&mut secret) {
        Ok(()) => Ok(secret),
        Err(_) => Err(OfficeError::Refused("the system gives no random numbers".to_owned())),
    }
}

/// Why somebody is not let in. What exactly was wrong with a passkey is for the log, not for whoever tries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntranceError {
    /// The link was used, has ended, or is none.
    #[error("this link lets nobody in any more; ask for another one")]
    Link,
    /// The answer fits to no challenge that waits.
    #[error("this took too long or was answered already; try again")]
    Ceremony,
    /// The passkey is not one of somebody who is let in.
    #[error("this passkey opens nothing here")]
    Passkey,
    /// No account of the staff's provider lets them in.
    #[error("this account lets nobody in here, or could not be asked; an administrator can say more")]
    Staff,
    /// The address of the installation cannot be used.
    #[error("public_url: {0}")]
    Address(String),
    /// Something behind it.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<StateError> for EntranceError {
    fn from(error: StateError) -> Self {
        EntranceError::Office(error.into())
    }
}

/// What waits for an answer.
enum Ceremony {
    Enrol { link: Secret, agency: AgencyId, person: PersonId, state: Box<PasskeyRegistration> },
    AddPasskey { person: PersonId, state: Box<PasskeyRegistration> },
    SignIn(Box<DiscoverableAuthentication>),
    StepUp { person: PersonId, state: Box<PasskeyAuthentication> },
    Staff(Box<StaffVisit>),
}

/// A challenge on its way to a browser.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// Names the ceremony in the answer.
    pub ceremony: String,
    /// What `navigator.credentials` is given.
    pub options: Value,
}

/// A passkey as its owner sees it.
#[derive(Clone, Debug)]
pub struct OwnPasskey {
    /// The credential's id.
    pub credential: Vec<u8>,
    /// What its owner calls it.
    pub label: String,
    /// When it was made known.
    pub created: Timestamp,
    /// When it was used last.
    pub used: Option<Timestamp>,
}

/// Somebody who is in.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Who, in which agency, with which roles, and when they last proved it.
    pub ctx: OpContext,
    /// Who.
    pub person: PersonId,
}

/// The door.
pub struct Entrance {
    office: Office,
    webauthn: Webauthn,
    provider: Option<Provider>,
    /// Where people are admitted whom the provider's groups admit.
    home: AgencyId,
    waiting: Mutex<HashMap<String, (Timestamp, Ceremony)>>,
}

impl std::fmt::Debug for Entrance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entrance").finish_non_exhaustive()
    }
}

impl Entrance {
    /// The door of the installation at that address, and by the identity provider of the staff, if there is one.
    ///
    /// # Errors
    /// When passkeys cannot be bound to the address: it is a number, or no address; or when the provider's cannot be used.
    pub fn new(
        office: Office,
        home: AgencyId,
        public_url: &Url,
        provider: Option<ProviderConfig>,
    ) -> Result<Arc<Self>, EntranceError> {
        let wrong = |why: &str| EntranceError::Address(format!("{public_url} {why}"));
        let domain = public_url.domain().ok_or_else(|| wrong("has no name that passkeys can be bound to"))?;
        let webauthn = WebauthnBuilder::new(domain, public_url).map(|builder| builder.rp_name("Watchbell"));
        let webauthn = webauthn.and_then(WebauthnBuilder::build).map_err(|error| wrong(&error.to_string()))?;
        let back = public_url.join("/staff").map_err(|error| wrong(&error.to_string()))?;
        let provider = provider.map(|config| Provider::new(config, back)).transpose();
        let provider = provider.map_err(|error| EntranceError::Address(error.to_string()))?;
        Ok(Arc::new(Entrance { office, webauthn, provider, home, waiting: Mutex::default() }))
    }

    fn wait(&self, ceremony: Ceremony) -> Result<String, EntranceError> {
        let name = hex(&secret()?);
        self.wait_as(name.clone(), ceremony);
        Ok(name)
    }

    fn wait_as(&self, name: String, ceremony: Ceremony) {
        let now = self.office.now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (since, _)| since.plus(CEREMONY) > now);
        // Whoever floods the door must not keep it shut: the oldest makes room.
        if waiting.len() >= limits::CEREMONIES_MAX
            && let Some(oldest) = waiting.iter().min_by_key(|(_, (since, _))| *since).map(|(name, _)| name.clone())
        {
            waiting.remove(&oldest);
        }
        waiting.insert(name, (now, ceremony));
    }

    /// A ceremony is answered once, whatever the answer.
    fn answered(&self, name: &str) -> Result<Ceremony, EntranceError> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.remove(name) {
            Some((since, ceremony)) if since.plus(CEREMONY) > self.office.now() => Ok(ceremony),
            _ => Err(EntranceError::Ceremony),
        }
    }

    fn context(&self, person: &Person) -> OpContext {
        OpContext::new(person.agency.clone(), person.id.actor(), person.roles, self.office.now())
    }

    async fn somebody(&self, agency: &AgencyId, id: PersonId) -> Result<(Person, OpContext), EntranceError> {
        let asking = OpContext::new(agency.clone(), id.actor(), Roles::NONE, self.office.now());
        let person = self.office.state().person(&asking, id).await?;
        let person = person.filter(|person| person.disabled.is_none()).ok_or(EntranceError::Passkey)?;
        let ctx = self.context(&person);
        Ok((person, ctx))
    }

    /// Whom a link lets in: their name, for the page that greets them.
    ///
    /// # Errors
    /// When it lets nobody in.
    pub async fn whose_link(&self, link: &Secret) -> Result<String, EntranceError> {
        let found = self.office.state().setup_link(link, self.office.now()).await?;
        let (agency, id) = found.ok_or(EntranceError::Link)?;
        let (_, ctx) = self.somebody(&agency, id).await.map_err(|_| EntranceError::Link)?;
        Ok(self.office.name(&ctx, id).await?)
    }

    /// Begins to make a passkey for whom the link lets in, under the name that they give themselves.
    ///
    /// # Errors
    /// When the link lets nobody in, or the name is none.
    pub async fn start_enrolment(&self, link: &Secret, name: &str) -> Result<Challenge, EntranceError> {
        let found = self.office.state().setup_link(link, self.office.now()).await?;
        let (agency, person) = found.ok_or(EntranceError::Link)?;
        let (_, ctx) = self.somebody(&agency, person).await.map_err(|_| EntranceError::Link)?;
        self.office.rename(&ctx, person, name).await?;
        let (options, state) = self.start_registration(&ctx, person, name).await?;
        let ceremony = self.wait(Ceremony::Enrol { link: *link, agency, person, state: Box::new(state) })?;
        Ok(Challenge { ceremony, options })
    }

    async fn start_registration(
        &self,
        ctx: &OpContext,
        person: PersonId,
        name: &str,
    ) -> Result<(Value, PasskeyRegistration), EntranceError> {
        let known = self.passkeys(ctx, person).await?;
        let exclude = known.iter().map(|passkey| passkey.cred_id().clone()).collect();
        let user = Uuid::from_bytes(*person.as_bytes());
        let (options, state) =
            self.webauthn.start_passkey_registration(user, name, name, Some(exclude)).map_err(refused)?;
        let mut options = serde_json::to_value(options).map_err(|_| EntranceError::Ceremony)?;
        // The device has to find the passkey by itself: nobody types who they are.
        options["publicKey"]["authenticatorSelection"]["residentKey"] = "required".into();
        options["publicKey"]["authenticatorSelection"]["requireResidentKey"] = true.into();
        Ok((options, state))
    }

    async fn passkeys(&self, ctx: &OpContext, person: PersonId) -> Result<Vec<Passkey>, EntranceError> {
        let kept = self.office.state().passkeys(ctx, person).await?;
        // One that cannot be read any more opens nothing; the others still do.
        Ok(kept.iter().filter_map(|kept| serde_json::from_str(&kept.passkey).ok()).collect())
    }

    /// Keeps the passkey that a device has made, uses the link up, and lets its owner in. Gives the session's secret.
    ///
    /// # Errors
    /// When the answer fits to nothing, is wrong, or the link was used meanwhile.
    pub async fn finish_enrolment(&self, ceremony: &str, answer: Value, label: &str) -> Result<Secret, EntranceError> {
        let Ceremony::Enrol { link, agency, person, state } = self.answered(ceremony)? else {
            return Err(EntranceError::Ceremony);
        };
        let (_, ctx) = self.somebody(&agency, person).await.map_err(|_| EntranceError::Link)?;
        let (credential, passkey) = self.finish_registration(answer, &state)?;
        let new = NewPasskey { person, credential: &credential, passkey: &passkey, label };
        if !self.office.state().enrol(&ctx, &link, &new).await? {
            return Err(EntranceError::Link);
        }
        self.begin(&ctx, person).await
    }

    fn finish_registration(
        &self,
        answer: Value,
        state: &PasskeyRegistration,
    ) -> Result<(Vec<u8>, String), EntranceError> {
        let answer: RegisterPublicKeyCredential = serde_json::from_value(answer).map_err(|_| EntranceError::Passkey)?;
        let passkey = self.webauthn.finish_passkey_registration(&answer, state).map_err(refused)?;
        let text = serde_json::to_string(&passkey).map_err(|_| EntranceError::Passkey)?;
        Ok((passkey.cred_id().to_vec(), text))
    }

    /// Begins to make another passkey for somebody who is in, and has just proved who they are.
    ///
    /// # Errors
    /// When they have not, or there are too many.
    pub async fn start_passkey(&self, visitor: &Visitor) -> Result<Challenge, EntranceError> {
        self.office.may(&visitor.ctx, Operation::OwnPasskeys).await?;
        let name = self.office.name(&visitor.ctx, visitor.person).await?;
        let (options, state) = self.start_registration(&visitor.ctx, visitor.person, &name).await?;
        let ceremony = self.wait(Ceremony::AddPasskey { person: visitor.person, state: Box::new(state) })?;
        Ok(Challenge { ceremony, options })
    }

    /// Keeps another passkey.
    ///
    /// # Errors
    /// When the answer fits to nothing or is wrong.
    pub async fn finish_passkey(
        &self,
        visitor: &Visitor,
        ceremony: &str,
        answer: Value,
        label: &str,
    ) -> Result<(), EntranceError> {
        match self.answered(ceremony)? {
            Ceremony::AddPasskey { person, state } if person == visitor.person => {
                let (credential, passkey) = self.finish_registration(answer, &state)?;
                let new = NewPasskey { person, credential: &credential, passkey: &passkey, label };
                Ok(self.office.state().add_passkey(&visitor.ctx, &new).await?)
            }
            _ => Err(EntranceError::Ceremony),
        }
    }

    /// What somebody who is in calls their passkeys: id, name, when it was made and when it was used last.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn own_passkeys(&self, visitor: &Visitor) -> Result<Vec<OwnPasskey>, EntranceError> {
        let kept = self.office.state().passkeys(&visitor.ctx, visitor.person).await?;
        let view = |kept: store::state::Passkey| OwnPasskey {
            credential: kept.credential,
            label: kept.label,
            created: kept.created,
            used: kept.used,
        };
        Ok(kept.into_iter().map(view).collect())
    }

    /// Forgets a passkey of somebody who is in: the device was lost. The last one stays.
    ///
    /// # Errors
    /// When they have not just proved who they are, or there is no such passkey beside another one.
    pub async fn remove_passkey(&self, visitor: &Visitor, credential: &[u8]) -> Result<(), EntranceError> {
        self.office.may(&visitor.ctx, Operation::OwnPasskeys).await?;
        Ok(self.office.state().remove_passkey(&visitor.ctx, visitor.person, credential).await?)
    }

    /// Begins to let somebody in: the device says who it is.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn start_sign_in(&self) -> Result<Challenge, EntranceError> {
        let (options, state) = self.webauthn.start_discoverable_authentication().map_err(refused)?;
        let mut options = serde_json::to_value(options).map_err(|_| EntranceError::Ceremony)?;
        // A button is pressed for it; it does not wait in a field.
        if let Some(options) = options.as_object_mut() {
            options.remove("mediation");
        }
        let ceremony = self.wait(Ceremony::SignIn(Box::new(state)))?;
        Ok(Challenge { ceremony, options })
    }

    /// Lets the owner of a passkey in. Gives the session's secret.
    ///
    /// # Errors
    /// When the answer fits to nothing, or the passkey is not one of somebody who is let in.
    pub async fn finish_sign_in(&self, ceremony: &str, answer: Value) -> Result<Secret, EntranceError> {
        let Ceremony::SignIn(state) = self.answered(ceremony)? else { return Err(EntranceError::Ceremony) };
        let answer: PublicKeyCredential = serde_json::from_value(answer).map_err(|_| EntranceError::Passkey)?;
        let (user, credential) = self.webauthn.identify_discoverable_authentication(&answer).map_err(refused)?;
        let owner = self.office.state().owner_of_credential(credential).await?;
        let (agency, id) = owner.filter(|(_, id)| id.as_bytes() == user.as_bytes()).ok_or(EntranceError::Passkey)?;
        let (_, ctx) = self.somebody(&agency, id).await?;
        let mut passkeys = self.passkeys(&ctx, id).await?;
        let passkey = passkeys.iter_mut().find(|passkey| passkey.cred_id().as_slice() == credential);
        let passkey = passkey.ok_or(EntranceError::Passkey)?;
        let keys = [DiscoverableKey::from(&*passkey)];
        #[expect(deprecated, reason = "the other one takes a type that is not to be had without dangerous features")]
        let result = self.webauthn.finish_discoverable_authentication(&answer, *state, &keys);
        match result {
            Ok(result) => {
                passkey.update_credential(&result);
                self.used(&ctx, passkey).await?;
                self.begin(&ctx, id).await
            }
            Err(error) => {
                let deed = Deed { outcome: Outcome::Denied, ..Deed::done("session.begin", id.actor()) };
                self.office.state().record(&ctx, &[deed]).await?;
                Err(refused(error))
            }
        }
    }

    async fn used(&self, ctx: &OpContext, passkey: &Passkey) -> Result<(), EntranceError> {
        let text = serde_json::to_string(passkey).map_err(|_| EntranceError::Passkey)?;
        Ok(self.office.state().passkey_used(ctx, passkey.cred_id(), &text).await?)
    }

    async fn begin(&self, ctx: &OpContext, person: PersonId) -> Result<Secret, EntranceError> {
        let session = secret()?;
        self.office.state().begin_session(ctx, person, &session, Some(ctx.now)).await?;
        Ok(session)
    }

    /// Begins to ask somebody who is in to prove again who they are.
    ///
    /// # Errors
    /// When they have no passkey that can be read.
    pub async fn start_step_up(&self, visitor: &Visitor) -> Result<Challenge, EntranceError> {
        let passkeys = self.passkeys(&visitor.ctx, visitor.person).await?;
        let (options, state) = self.webauthn.start_passkey_authentication(&passkeys).map_err(refused)?;
        let options = serde_json::to_value(options).map_err(|_| EntranceError::Ceremony)?;
        let ceremony = self.wait(Ceremony::StepUp { person: visitor.person, state: Box::new(state) })?;
        Ok(Challenge { ceremony, options })
    }

    /// Takes the proof, and puts another secret in the session's place.
    ///
    /// # Errors
    /// When the answer fits to nothing or is wrong.
    pub async fn finish_step_up(
        &self,
        visitor: &Visitor,
        session: &Secret,
        ceremony: &str,
        answer: Value,
    ) -> Result<Secret, EntranceError> {
        let state = match self.answered(ceremony)? {
            Ceremony::StepUp { person, state } if person == visitor.person => state,
            _ => return Err(EntranceError::Ceremony),
        };
        let answer: PublicKeyCredential = serde_json::from_value(answer).map_err(|_| EntranceError::Passkey)?;
        let result = self.webauthn.finish_passkey_authentication(&answer, &state).map_err(refused)?;
        let mut passkeys = self.passkeys(&visitor.ctx, visitor.person).await?;
        let passkey = passkeys.iter_mut().find(|passkey| passkey.cred_id() == result.cred_id());
        let passkey = passkey.ok_or(EntranceError::Passkey)?;
        passkey.update_credential(&result);
        self.used(&visitor.ctx, passkey).await?;
        let fresh = secret()?;
        match self.office.state().step_up(&visitor.ctx, session, &fresh).await? {
            true => Ok(fresh),
            false => Err(EntranceError::Passkey),
        }
    }

    /// Who has the session of that secret, if somebody has.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn visitor(&self, session: &Secret) -> Result<Option<Visitor>, EntranceError> {
        let now = self.office.now();
        let Some(session) = self.office.state().session(session, now).await? else { return Ok(None) };
        match self.somebody(&session.agency, session.person).await {
            Ok((_, ctx)) => {
                let ctx = OpContext { proven: session.stepped_up, ..ctx };
                Ok(Some(Visitor { ctx, person: session.person }))
            }
            Err(EntranceError::Passkey) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the session is still somebody's who is let in. Asking keeps nobody in.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn is_in(&self, session: &Secret) -> Result<bool, EntranceError> {
        let Some(session) = self.office.state().peek_at_session(session, self.office.now()).await? else {
            return Ok(false);
        };
        match self.somebody(&session.agency, session.person).await {
            Ok(_) => Ok(true),
            Err(EntranceError::Passkey) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What the program with that token may do, if it is one, has not ended and was not revoked.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn program(&self, token: &Secret) -> Result<Option<OpContext>, EntranceError> {
        let now = self.office.now();
        let Some(token) = self.office.state().token(token, now).await? else { return Ok(None) };
        let role = |scope: &Scope| match scope {
            Scope::Findings => Some(Role::Reader),
            Scope::Hunt => Some(Role::Hunter),
            Scope::Share => Some(Role::Peer),
            _ => None,
        };
        let roles: Roles = token.scopes.iter().filter_map(role).collect();
        Ok(Some(OpContext::new(token.agency, object_named("token", &token.name), roles, now)))
    }

    /// In how many sessions somebody is.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn sessions(&self, visitor: &Visitor) -> Result<u64, EntranceError> {
        Ok(self.office.state().session_count(&visitor.ctx, visitor.person).await?)
    }

    /// Ends every session of somebody but the one that they are in.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn leave_elsewhere(&self, visitor: &Visitor, session: &Secret) -> Result<u64, EntranceError> {
        Ok(self.office.state().end_other_sessions(&visitor.ctx, visitor.person, session).await?)
    }

    /// Lets somebody out.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn leave(&self, visitor: &Visitor, session: &Secret) -> Result<(), EntranceError> {
        Ok(self.office.state().end_session(&visitor.ctx, session).await?)
    }
}

fn hex(secret: &Secret) -> String {
    secret.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What was wrong goes into the log: it names no person, and helps whoever set the installation up.
fn refused(error: WebauthnError) -> EntranceError {
    tracing::info!(%error, "a passkey was refused");
    EntranceError::Passkey
}

#[cfg(test)]
mod tests {
    use model::doors::Clock;
    use store::state::{Database, State};
    use store::vault::Vault;

    use super::*;
    use crate::ledger::Ledger;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_700_000_000_000)
        }
    }

    async fn entrance(folder: &std::path::Path) -> Arc<Entrance> {
        let state = State::open(&Database::Sqlite(folder.join("state.db"))).await.unwrap();
        let vault = Vault::open(&folder.join("vault.db"), &folder.join("master.key")).await.unwrap();
        let ledger = Ledger::open(&folder.join("ledger.key"), &folder.join("ledger")).unwrap();
        let office = Office::open(state, vault, Arc::new(ledger), Arc::new(Noon)).unwrap();
        Entrance::new(office, AgencyId::home(), &Url::parse("http://localhost:8787").unwrap(), None).unwrap()
    }

    #[tokio::test]
    async fn a_flood_does_not_keep_the_door_shut() {
        let folder = tempfile::tempdir().unwrap();
        let entrance = entrance(folder.path()).await;
        for _ in 0..limits::CEREMONIES_MAX + 10 {
            entrance.start_sign_in().unwrap();
        }
        let waiting = || entrance.waiting.lock().unwrap().len();
        assert_eq!(waiting(), limits::CEREMONIES_MAX);
        let mine = entrance.start_sign_in().unwrap();
        assert_eq!(waiting(), limits::CEREMONIES_MAX);
        // It waits, and is answered once: with nonsense, it is used up all the same.
        let nonsense = entrance.finish_sign_in(&mine.ceremony, Value::Null).await;
        assert!(matches!(nonsense, Err(EntranceError::Passkey)), "{nonsense:?}");
        let again = entrance.finish_sign_in(&mine.ceremony, Value::Null).await;
        assert!(matches!(again, Err(EntranceError::Ceremony)), "{again:?}");
    }

    #[tokio::test]
    async fn passkeys_are_bound_to_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let office = entrance(folder.path()).await.office.clone();
        for address in ["http://127.0.0.1:8787", "http://[::1]:8787", "mailto:x@example.org"] {
            let refused = Entrance::new(office.clone(), AgencyId::home(), &Url::parse(address).unwrap(), None);
            assert!(matches!(refused, Err(EntranceError::Address(_))), "{address}");
        }
        assert!(
            Entrance::new(office, AgencyId::home(), &Url::parse("https://watch.example.org").unwrap(), None).is_ok()
        );
    }
}
