//! The agency, and which others the installation serves.

use model::{AgencyId, OpContext};

use super::{Office, OfficeError};
use crate::access::Operation;

/// An agency. Of others than one's own no more than the name is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgencyView {
    /// Its name.
    pub name: AgencyId,
    /// Whether the installation stands there.
    pub is_home: bool,
    /// What is known of one's own.
    pub own: Option<OwnAgency>,
}

/// What is known of one's own agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnAgency {
    /// People who are let in.
    pub people: usize,
    /// Tokens that are good.
    pub tokens: usize,
    /// Sources of records.
    pub sources: usize,
    /// Legal holds in force.
    pub holds: usize,
}

impl Office {
    /// One's own agency. Whoever looks after the installation's home is also told the names of the others that it serves.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn agencies(&self, ctx: &OpContext) -> Result<Vec<AgencyView>, OfficeError> {
        self.may(ctx, Operation::AgencyRead).await?;
        let (home, served, sources) = match &self.gauges {
            Some(gauges) => (gauges.home(), gauges.agencies(), gauges.sources()),
            None => (ctx.agency.clone(), Vec::new(), Vec::new()),
        };
        let own = OwnAgency {
            people: self.state.people(ctx).await?.iter().filter(|person| person.disabled.is_none()).count(),
            tokens: self.state.tokens(ctx).await?.iter().filter(|token| token.is_good(ctx.now)).count(),
            sources: sources.iter().filter(|source| source.agency == ctx.agency).count(),
            holds: self.state.holds(ctx).await?.iter().filter(|hold| hold.lifted.is_none()).count(),
        };
        let is_home = home == ctx.agency;
        let mut views = vec![AgencyView { name: ctx.agency.clone(), is_home, own: Some(own) }];
        if is_home {
            let others = served.into_iter().filter(|name| *name != ctx.agency);
            views.extend(others.map(|name| AgencyView { name, is_home: false, own: None }));
        }
        Ok(views)
    }
}
