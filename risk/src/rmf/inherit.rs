//! Controls that one service takes over from another.

use std::collections::BTreeMap;

use model::Timestamp;
use model::register::ItemId;

use super::{Decision, Implementation, Package, Source};

/// Why a control cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InheritTrouble {
    /// Nobody has said how the service meets it.
    #[error("{0} says nothing about {1}")]
    Unsaid(ItemId, String),
    /// Who takes it over gives it to whom it comes from.
    #[error("{0} takes over {1} from itself, by way of others")]
    Circle(ItemId, String),
    /// The one that it comes from does not meet it.
    #[error("{0} says of {1} that it is {2}")]
    NotMet(ItemId, String, Implementation),
    /// The one that it comes from may not run, or no more.
    #[error("{0} is not authorized")]
    NotAuthorized(ItemId),
}

/// Who meets a control in the end, from service to service: the service itself where it takes nothing over.
///
/// # Errors
/// Someone on the way says nothing, does not meet it, is not authorized, or it goes in a circle.
pub fn provider<'p>(
    service: &'p ItemId,
    control: &str,
    packages: &'p BTreeMap<ItemId, Package>,
    now: Timestamp,
) -> Result<&'p ItemId, InheritTrouble> {
    let mut at = service;
    let mut passed = vec![at];
    loop {
        let unsaid = || InheritTrouble::Unsaid(at.clone(), control.to_owned());
        let package = packages.get(at).ok_or_else(unsaid)?;
        let how = package.statements.get(control).ok_or_else(unsaid)?;
        if at != service {
            let is_running = |head: &super::AuthorizationHead| head.decision != Decision::Deny && head.expires > now;
            if !package.authorization.as_ref().is_some_and(is_running) {
                return Err(InheritTrouble::NotAuthorized(at.clone()));
            }
        }
        match &how.by {
            Source::Item(_) if at == service => return Ok(at),
            Source::Item(_) => {
                return match how.status {
                    Implementation::Implemented | Implementation::Alternative => Ok(at),
                    status => Err(InheritTrouble::NotMet(at.clone(), control.to_owned(), status)),
                };
            }
            Source::InheritedFrom(next) if passed.contains(&next) => {
                return Err(InheritTrouble::Circle(service.clone(), control.to_owned()));
            }
            Source::InheritedFrom(next) => {
                at = next;
                passed.push(at);
            }
        }
    }
}
