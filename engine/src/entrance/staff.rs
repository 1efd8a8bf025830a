//! Coming in by an account at the staff's identity provider.

use model::{OpContext, Roles};
use store::ledger::Outcome;
use store::state::{Deed, PersonId};
use url::Url;

use super::provider::{Account, Asked, ProviderError};
use super::{Ceremony, Entrance, EntranceError, Secret, Visitor, secret};
use crate::office::OfficeError;

/// What somebody wants to do with their account.
#[derive(Debug)]
pub(super) enum StaffPurpose {
    /// Come in.
    SignIn,
    /// Come in the first time, as the one whom a link lets in.
    Link(Secret),
    /// Prove again who they are, in the session of that secret.
    Prove { person: PersonId, session: Secret },
}

/// Somebody who is on their way to the provider.
pub struct StaffVisit {
    pub(super) purpose: StaffPurpose,
    pub(super) asked: Asked,
    /// Only the browser that went comes back.
    browser: Secret,
    /// Where they go on.
    onward: String,
    /// The session that the browser had: whoever comes in anew leaves it.
    old: Option<Secret>,
}

/// The way to the provider.
pub struct StaffWay {
    /// Where the browser goes.
    pub address: Url,
    /// What it must bring back.
    pub browser: Secret,
}

/// Somebody who came back.
pub struct StaffIn {
    /// The secret of their session.
    pub session: Secret,
    /// Where they go on.
    pub onward: String,
}

/// Who admits people when their account does.
const ADMITTER: &str = "identity-provider";

impl Entrance {
    /// What people call the account that lets staff in, if there is one.
    pub fn staff_label(&self) -> Option<&str> {
        self.provider.as_ref().map(|provider| provider.label())
    }

    /// Begins to let somebody in by their account.
    ///
    /// # Errors
    /// When there is no provider, or it cannot be asked.
    pub async fn start_staff(&self, onward: &str, old: Option<Secret>) -> Result<StaffWay, EntranceError> {
        self.go(StaffPurpose::SignIn, onward, old).await
    }

    /// The same for whom a link lets in the first time: the account becomes theirs.
    ///
    /// # Errors
    /// When the link lets nobody in, there is no provider, or it cannot be asked.
    pub async fn start_staff_enrolment(&self, link: &Secret, old: Option<Secret>) -> Result<StaffWay, EntranceError> {
        self.whose_link(link).await?;
        self.go(StaffPurpose::Link(*link), "/", old).await
    }

    /// Begins to ask somebody who is in to prove again who they are: the provider asks them.
    ///
    /// # Errors
    /// When there is no provider, or it cannot be asked.
    pub async fn start_staff_proof(
        &self,
        visitor: &Visitor,
        session: &Secret,
        onward: &str,
    ) -> Result<StaffWay, EntranceError> {
        self.go(StaffPurpose::Prove { person: visitor.person, session: *session }, onward, None).await
    }

    async fn go(&self, purpose: StaffPurpose, onward: &str, old: Option<Secret>) -> Result<StaffWay, EntranceError> {
        let provider = self.provider.as_ref().ok_or(EntranceError::Staff)?;
        let must_prove = matches!(purpose, StaffPurpose::Prove { .. });
        let state = super::hex(&secret()?);
        let way = provider.address(self.office.now(), &state, must_prove).await;
        let (address, asked) = way.map_err(refused)?;
        let browser = secret()?;
        let visit = StaffVisit { purpose, asked, browser, onward: onward.to_owned(), old };
        self.wait_as(state, Ceremony::Staff(Box::new(visit)));
        Ok(StaffWay { address, browser })
    }

    /// Somebody has come back from the provider.
    ///
    /// # Errors
    /// When another browser comes back, the provider does not vouch for them, or nobody here has that account.
    pub async fn finish_staff(
        &self,
        state: &str,
        code: &str,
        browser: Option<&Secret>,
    ) -> Result<StaffIn, EntranceError> {
        let Ceremony::Staff(visit) = self.answered(state)? else { return Err(EntranceError::Ceremony) };
        let StaffVisit { purpose, asked, browser: expected, onward, old } = *visit;
        // Compared by their hashes: how far two secrets agree is not to be measured.
        if browser.map(|browser| blake3::hash(browser)) != Some(blake3::hash(&expected)) {
            return Err(EntranceError::Ceremony);
        }
        let provider = self.provider.as_ref().ok_or(EntranceError::Staff)?;
        let account = provider.account(self.office.now(), code, asked).await.map_err(refused)?;
        let session = match purpose {
            StaffPurpose::SignIn => self.let_staff_in(&account).await?,
            StaffPurpose::Link(link) => self.link_staff(&account, &link).await?,
            StaffPurpose::Prove { person, session } => self.prove_staff(&account, person, &session).await?,
        };
        if let Some(old) = old
            && let Some(visitor) = self.visitor(&old).await?
        {
            self.leave(&visitor, &old).await?;
        }
        Ok(StaffIn { session, onward })
    }

    async fn let_staff_in(&self, account: &Account) -> Result<Secret, EntranceError> {
        let state = self.office.state();
        let now = self.office.now();
        let (agency, person) = match state.owner_of_identity(account.identity).await? {
            Some(owner) => owner,
            // Nobody has admitted them: their groups do, or nobody.
            None => {
                let roles = account.roles.filter(|roles| *roles != Roles::NONE).ok_or(EntranceError::Staff)?;
                let node = self.admitter();
                let person = self.office.admit_staff(&node, &account.name, roles).await?;
                if !state.add_identity(&node, person, account.identity, None).await? {
                    return Err(EntranceError::Ceremony);
                }
                (node.agency, person)
            }
        };
        let (known, ctx) = self.somebody(&agency, person).await.map_err(|_| EntranceError::Staff)?;
        let ctx = match account.roles {
            // Whoever is in none of the groups any more is out, whatever they were admitted for.
            Some(Roles::NONE) => {
                let deed = Deed { outcome: Outcome::Denied, ..Deed::done("session.begin", person.actor()) };
                state.record(&ctx, &[deed]).await?;
                return Err(EntranceError::Staff);
            }
            Some(roles) if roles != known.roles => {
                let node = OpContext { agency: agency.clone(), ..self.admitter() };
                match self.office.set_roles(&node, person, roles).await {
                    Ok(()) => self.somebody(&agency, person).await?.1,
                    // The last administrator stays one.
                    Err(OfficeError::Conflict(_)) => ctx,
                    Err(error) => return Err(error.into()),
                }
            }
            _ => ctx,
        };
        state.identity_used(&ctx, account.identity).await?;
        let session = secret()?;
        let proven = account.proven.filter(|at| OpContext { proven: Some(*at), now, ..ctx.clone() }.is_proven());
        state.begin_session(&ctx, person, &session, proven).await?;
        Ok(session)
    }

    async fn link_staff(&self, account: &Account, link: &Secret) -> Result<Secret, EntranceError> {
        let owner = self.office.state().setup_link(link, self.office.now()).await?;
        let (agency, person) = owner.ok_or(EntranceError::Link)?;
        let (_, ctx) = self.somebody(&agency, person).await.map_err(|_| EntranceError::Link)?;
        if !self.office.state().add_identity(&ctx, person, account.identity, Some(link)).await? {
            return Err(EntranceError::Link);
        }
        self.office.rename(&ctx, person, &account.name).await?;
        self.let_staff_in(account).await
    }

    async fn prove_staff(
        &self,
        account: &Account,
        person: PersonId,
        session: &Secret,
    ) -> Result<Secret, EntranceError> {
        let visitor = self.visitor(session).await?.filter(|visitor| visitor.person == person);
        let visitor = visitor.ok_or(EntranceError::Ceremony)?;
        let owner = self.office.state().owner_of_identity(account.identity).await?;
        let is_theirs = owner.is_some_and(|(agency, owner)| agency == visitor.ctx.agency && owner == person);
        let is_fresh = OpContext { proven: account.proven, ..visitor.ctx.clone() }.is_proven();
        if !is_theirs || !is_fresh {
            return Err(EntranceError::Staff);
        }
        let fresh = secret()?;
        match self.office.state().step_up(&visitor.ctx, session, &fresh).await? {
            true => Ok(fresh),
            false => Err(EntranceError::Ceremony),
        }
    }

    fn admitter(&self) -> OpContext {
        OpContext::new(self.home.clone(), ADMITTER, Roles::NODE, self.office.now())
    }
}

/// What was wrong goes into the log: it names no person, and helps whoever set the provider up.
fn refused(error: ProviderError) -> EntranceError {
    tracing::warn!(error = &error as &dyn std::error::Error, "the staff's identity provider is of no help");
    EntranceError::Staff
}
