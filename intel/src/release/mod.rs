//! The gate through which everything passes that leaves an agency (invariant 5).
//!
//! What may go to a peer is said by its [`PeerPolicy`]; what is not said is refused. [`clear`] is the only way to a
//! [`Cleared`], and only that can be written as bytes. It heeds the Traffic Light Protocol 2.0 (FIRST, August 2022) and the
//! Permissible Actions Protocol, the clearance of the peer, sharing groups and ends; it takes out fields that the peer may not
//! have, hides the submitter, replaces account names by pseudonyms of that peer, and releases counts only over enough
//! organisations. What was refused and what was changed is told, so that "what left, to whom, why" can be shown.
//!
//! Deliberately absent: TLP:RED by machine; recognising names that nobody listed; hiding what a value itself gives away (a
//! look-alike of a city's name says who was meant).

mod group;
mod item;
mod policy;
mod redact;
mod refusal;
#[cfg(test)]
mod tests;
mod write;

use std::time::Duration;

use model::{Timestamp, Tlp, limits};
use serde::{Deserialize, Serialize};

pub use group::{Membership, Succession, succession};
pub use item::{About, Account, Consent, Handling, Item, Provenance, Tally};
pub use policy::{
    AccountRule, Field, GroupId, NoiseRule, OrganisationsMin, PeerId, PeerPolicy, PseudonymKey, Relation, SubmitterRule,
};
pub use refusal::{Refusal, Refused};

use redact::{Names, Redactor};

/// What was changed on the way out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The peer may not have this field.
    Removed {
        /// Which.
        field: Field,
    },
    /// The submitter was hidden.
    SubmitterHidden,
    /// Account names were replaced by pseudonyms.
    AccountsReplaced {
        /// How many accounts.
        accounts: usize,
    },
    /// Noise was added to a count.
    Noised,
}

/// Something that may go to one peer, until some moment. Only [`clear`] makes one, and it is never read back from bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Cleared<T> {
    item: T,
    peer: PeerId,
    until: Timestamp,
    changes: Vec<Change>,
}

impl<T> Cleared<T> {
    /// What may go, as it may go; `None` when the clearing is over and has to be asked for again.
    pub fn item(&self, now: Timestamp) -> Option<&T> {
        (now < self.until).then_some(&self.item)
    }

    /// To whom.
    pub fn peer(&self) -> &PeerId {
        &self.peer
    }

    /// Until when.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// What was changed on the way out.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

impl Cleared<Item> {
    /// The accounts that the peer may know of: pseudonyms, all of them.
    pub fn pseudonyms(&self, now: Timestamp) -> Vec<&str> {
        self.item(now).map(|item| item.accounts.iter().map(|account| account.0.as_str()).collect()).unwrap_or_default()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Item {}
    impl Sealed for super::Tally {}
}

/// What can be cleared: [`Item`] and [`Tally`]. Sealed, because whatever else could redact itself as it likes.
pub trait Release: sealed::Sealed + Sized {
    #[doc(hidden)]
    fn id(&self) -> &str;
    #[doc(hidden)]
    fn handling(&self) -> &Handling;
    #[doc(hidden)]
    fn redacted(self, policy: &PeerPolicy) -> Result<(Self, Vec<Change>), Refusal>;
}

/// Clears something for a peer, or says every reason why not.
///
/// # Errors
/// When the policy, the marking, a group, an end or a name in it forbids it.
pub fn clear<T: Release>(item: T, policy: &PeerPolicy, now: Timestamp) -> Result<Cleared<T>, Refused> {
    let refused = |because| Refused { item: item.id().to_owned(), peer: policy.peer.clone(), because };
    let because = against(item.handling(), policy, now);
    if !because.is_empty() {
        return Err(refused(because));
    }
    let until = [item.handling().until, policy.until].into_iter().flatten().min();
    let soon = now.plus(Duration::from_secs(limits::CLEARED_SECONDS_MAX));
    let (id, peer) = (item.id().to_owned(), policy.peer.clone());
    match item.redacted(policy) {
        Ok((item, changes)) => Ok(Cleared { item, peer, until: until.map_or(soon, |at| at.min(soon)), changes }),
        Err(refusal) => Err(Refused { item: id, peer, because: vec![refusal] }),
    }
}

/// Everything that handling and policy have against it.
fn against(handling: &Handling, policy: &PeerPolicy, now: Timestamp) -> Vec<Refusal> {
    let mut because = Vec::new();
    because.extend(policy.until.filter(|at| *at <= now).map(|at| Refusal::AgreementEnded { at }));
    because.extend(handling.until.filter(|at| *at <= now).map(|at| Refusal::Ended { at }));
    if handling.provenance == Provenance::From(policy.peer.clone()) {
        because.push(Refusal::BackToItsOrigin);
    }
    let tlp = handling.marking.tlp;
    match policy.clearance {
        None => because.push(Refusal::NoClearance),
        Some(clearance) if tlp > clearance => because.push(Refusal::AboveClearance { tlp, clearance }),
        Some(_) => {}
    }
    because.extend(audience(tlp, &handling.provenance, policy.relation));
    if handling.marking.pap > policy.pap {
        because.push(Refusal::AbovePap { pap: handling.marking.pap, heeded: policy.pap });
    }
    if !handling.groups.is_empty() && handling.groups.is_disjoint(&policy.groups) {
        because.push(Refusal::OutsideGroups { groups: handling.groups.iter().cloned().collect() });
    }
    because
}

/// Whom TLP 2.0 leaves out. Whoever marks something chooses its recipients, so what is ours goes as AMBER to whoever is
/// cleared for it; what was given to us as AMBER stays with us and our clients.
fn audience(tlp: Tlp, provenance: &Provenance, relation: Relation) -> Option<Refusal> {
    let is_ours = *provenance == Provenance::Own;
    match tlp {
        Tlp::Clear => None,
        Tlp::Green => (relation < Relation::Community).then_some(Refusal::OutsideCommunity),
        Tlp::Amber if is_ours => (relation < Relation::Community).then_some(Refusal::OutsideCommunity),
        Tlp::Amber => (relation < Relation::Client).then_some(Refusal::OutsideClients),
        Tlp::AmberStrict => (relation < Relation::SameOrganisation).then_some(Refusal::OutsideOrganisation),
        Tlp::Red => Some(Refusal::Red),
    }
}

/// Whether the peer learns who submitted it.
fn names_submitter(handling: &Handling, policy: &PeerPolicy) -> bool {
    policy.submitter == SubmitterRule::NameWithConsent && handling.consent == Consent::Yes
}

/// Hides the submitter unless both sides want otherwise, and says so.
fn hide_submitter(handling: &mut Handling, policy: &PeerPolicy, changes: &mut Vec<Change>) {
    if !names_submitter(handling, policy) && handling.submitter.take().is_some() {
        changes.push(Change::SubmitterHidden);
    }
}

impl Release for Item {
    fn id(&self) -> &str {
        &self.id
    }

    fn handling(&self) -> &Handling {
        &self.handling
    }

    fn redacted(mut self, policy: &PeerPolicy) -> Result<(Self, Vec<Change>), Refusal> {
        let mut changes = Vec::new();
        let accounts = take_out_names(&mut self, policy, &mut changes)?;
        hide_submitter(&mut self.handling, policy, &mut changes);
        self.handling.groups = self.handling.groups.intersection(&policy.groups).cloned().collect();
        self.accounts = accounts;
        for field in Field::ALL {
            if !policy.fields.contains(&field) && remove(&mut self, field) {
                changes.push(Change::Removed { field });
            }
        }
        changes.sort();
        changes.dedup();
        Ok((self, changes))
    }
}

/// Replaces, in all words, every name that the peer may not have; gives the accounts that it may have, as pseudonyms.
fn take_out_names(item: &mut Item, policy: &PeerPolicy, changes: &mut Vec<Change>) -> Result<Vec<Account>, Refusal> {
    if item.accounts.len() > limits::SHARED_ACCOUNTS_MAX {
        return Err(Refusal::TooManyAccounts);
    }
    let mut accounts = Names::default();
    let mut pseudonyms = Vec::new();
    for account in &item.accounts {
        let instead = match &policy.accounts {
            AccountRule::Pseudonym(key) if policy.fields.contains(&Field::Accounts) => {
                let pseudonym = key.account(&account.0);
                pseudonyms.push(Account(pseudonym.clone()));
                pseudonym
            }
            _ => "[account]".to_owned(),
        };
        accounts.add_account(account, &instead);
    }
    let accounts = accounts.compile()?;
    if accounts.finds(item.about.value()) || accounts.finds(&item.id) {
        return Err(Refusal::NamesAnAccount);
    }
    redact_words(item, policy, &accounts)?;
    if !pseudonyms.is_empty() {
        changes.push(Change::AccountsReplaced { accounts: pseudonyms.len() });
    }
    Ok(pseudonyms)
}

/// Takes accounts, the submitter and the machine out of all words, as far as the peer may not have them.
fn redact_words(item: &mut Item, policy: &PeerPolicy, accounts: &Redactor) -> Result<(), Refusal> {
    let mut others = Names::default();
    if !names_submitter(&item.handling, policy)
        && let Some(submitter) = &item.handling.submitter
    {
        others.add(submitter, "[submitter]");
    }
    // Through whom it came says nearly as much.
    if let Provenance::From(peer) = &item.handling.provenance {
        others.add(peer.as_str(), "[submitter]");
    }
    if !policy.fields.contains(&Field::Machine)
        && let Some(machine) = &item.machine
    {
        others.add(machine, "[machine]");
    }
    let words = [&item.label, &item.machine, &item.title, &item.text].into_iter().flatten();
    let is_named = words.chain(&item.techniques).any(|text| others.may_stand_in(text));
    let others = if is_named { others.compile()? } else { Names::default().compile()? };
    let texts = [&mut item.label, &mut item.machine, &mut item.title, &mut item.text].into_iter().flatten();
    for text in texts.chain(&mut item.techniques) {
        *text = others.redact(&accounts.redact(text)?)?;
    }
    Ok(())
}

/// Takes a field away; whether there was something.
fn remove(item: &mut Item, field: Field) -> bool {
    match field {
        Field::Label => item.label.take().is_some(),
        Field::Confidence => item.confidence.take().is_some(),
        Field::Level => item.level.take().is_some(),
        Field::Times => item.first_seen.take().is_some() | item.last_seen.take().is_some(),
        Field::Count => item.count.take().is_some(),
        Field::Techniques => !std::mem::take(&mut item.techniques).is_empty(),
        Field::Machine => item.machine.take().is_some(),
        Field::Accounts => !std::mem::take(&mut item.accounts).is_empty(),
        Field::Text => item.title.take().is_some() | item.text.take().is_some(),
    }
}

impl Release for Tally {
    fn id(&self) -> &str {
        &self.id
    }

    fn handling(&self) -> &Handling {
        &self.handling
    }

    fn redacted(mut self, policy: &PeerPolicy) -> Result<(Self, Vec<Change>), Refusal> {
        let needed = policy.organisations_min.get();
        if self.organisations < needed {
            return Err(Refusal::TooFewOrganisations { organisations: self.organisations, needed });
        }
        let mut changes = Vec::new();
        if let Some(rule) = policy.noise {
            let noise = self.draw.and_then(|draw| rule.of(draw)).ok_or(Refusal::NoiseMissing)?;
            let noised = (f64::from(self.organisations) + noise).round();
            // Never below what is released at all, so that noise does not tell how near the limit it was.
            self.organisations = noised.clamp(f64::from(needed), f64::from(u32::MAX)) as u32;
            self.sightings = 0;
            changes.push(Change::Noised);
        }
        if !policy.fields.contains(&Field::Count) && std::mem::take(&mut self.sightings) > 0 {
            changes.push(Change::Removed { field: Field::Count });
        }
        self.draw = None;
        // A count names nobody, whatever anybody consented to.
        hide_submitter(&mut self.handling, &PeerPolicy::deny(policy.peer.clone()), &mut changes);
        self.handling.groups = self.handling.groups.intersection(&policy.groups).cloned().collect();
        changes.sort();
        Ok((self, changes))
    }
}
