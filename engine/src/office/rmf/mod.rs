//! The Risk Management Framework (SP 800-37, revision 2) for the services of an agency: what was brought, what was said, and what is missing.
//!
//! What was said about a service is one kept document, its package. Each change is a version of it, and fails when somebody else changed it
//! meanwhile. Catalogs, profiles and types of information are brought by people: none of them is part of the program.

mod authorize;
mod documents;
mod facts;
mod select;
#[cfg(test)]
mod tests;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use model::document::{DocumentKind, DocumentPlace};
use model::register::{Item, ItemId, ItemKind, Lifecycle};
use model::{OpContext, Timestamp, limits};
use risk::rmf;
use store::state::{After, DocumentVersion, RegisterWhole};

use super::{Office, OfficeError};
use crate::seen::SeenFiles;

pub use authorize::{Accepted, AuthorizationRecord, SignedAuthorization, Verified};
pub use facts::sha256_hex;
pub use risk::rmf::checks::Checked;
pub use risk::rmf::{
    Action, ActionStatus, Around, Assessed, Baseline, Decision, Done, Drift, Evidence, How, Implementation, Method,
    Package, Source, Step, StepState, StepView, Summary,
};
pub use work::Tailor;

/// What others know, and the framework asks for. What is not given is "cannot say".
#[derive(Clone, Default)]
pub struct RmfSeam {
    /// When vulnerabilities were looked for last.
    pub vulnerabilities_checked: Option<Timestamp>,
    /// Vulnerabilities by item.
    pub vulnerabilities: Option<BTreeMap<ItemId, BTreeSet<String>>>,
    /// What was seen in events.
    pub seen: Option<SeenFiles>,
}

/// Where a service stands.
#[derive(Clone, Debug)]
pub struct RmfView {
    /// The service.
    pub item: Item,
    /// What was said.
    pub package: Package,
    /// Which version of it; 0 while nothing was said.
    pub version: u64,
    /// What belongs to it.
    pub boundary: BTreeSet<ItemId>,
    /// Which baseline follows, and why.
    pub baseline: Baseline,
    /// The reasons for the baseline.
    pub because: Vec<String>,
    /// The seven steps.
    pub steps: Vec<StepView>,
    /// How controls stand.
    pub summary: Summary,
}

/// Which service is worked on, and which version of its package was looked at.
#[derive(Clone, Copy, Debug)]
pub struct RmfOf<'a> {
    /// The service.
    pub service: &'a ItemId,
    /// The version that has to be the newest; with `None` it may be any.
    pub seen: Option<u64>,
}

impl<'a> From<&'a ItemId> for RmfOf<'a> {
    fn from(service: &'a ItemId) -> Self {
        RmfOf { service, seen: None }
    }
}

impl<'a> From<(&'a ItemId, u64)> for RmfOf<'a> {
    fn from((service, seen): (&'a ItemId, u64)) -> Self {
        RmfOf { service, seen: Some(seen) }
    }
}

impl RmfOf<'_> {
    /// Goes on when what was looked at is still the newest.
    fn fits(self, version: u64) -> Result<(), OfficeError> {
        match self.seen {
            Some(seen) if seen != version => Err(OfficeError::Conflict(format!(
                "what was said about {} has changed since: version {seen} was looked at, and {version} is the newest; \
                 hint: look again",
                self.service
            ))),
            _ => Ok(()),
        }
    }
}

fn refused(error: impl std::fmt::Display) -> OfficeError {
    OfficeError::Refused(error.to_string())
}

fn place(kind: DocumentKind, name: &str) -> Result<DocumentPlace, OfficeError> {
    DocumentPlace::new(kind, name).map_err(refused)
}

fn done(ctx: &OpContext) -> Done {
    Done { by: ctx.actor.clone(), at: ctx.now }
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Work that takes longer than the async threads may.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, OfficeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| OfficeError::Stopping)
}

impl Office {
    /// Keeps a catalog, a profile or types of information under a name, after it was read. Says what is doubtful in it.
    ///
    /// # Errors
    /// When the context may not, the bytes are none of that kind, the name is none, or the state refuses.
    pub async fn rmf_bring(
        &self,
        ctx: &OpContext,
        (kind, name): (DocumentKind, &str),
        body: Vec<u8>,
    ) -> Result<(DocumentVersion, Vec<String>), OfficeError> {
        self.may(ctx, crate::access::Operation::RiskWrite).await?;
        let place = place(kind, name)?;
        let (body, notes) = aside(move || select::judged(kind, &body).map(|notes| (body, notes))).await??;
        Ok((self.keep_document(ctx, &place, After::Any, &body).await?, notes))
    }

    /// All services that are not retired, and where they stand.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn rmf_services(&self, ctx: &OpContext) -> Result<Vec<RmfView>, OfficeError> {
        self.may(ctx, crate::access::Operation::RiskRead).await?;
        let whole = self.state.register_whole(ctx, None).await?;
        let mut views = Vec::new();
        for item in whole.items.values().filter(|item| is_service(item)) {
            let (package, version) = self.rmf_load(ctx, &item.id).await?;
            views.push(view(&whole, item, (package, version), &[], ctx.now));
        }
        Ok(views)
    }

    /// Where a service stands.
    ///
    /// # Errors
    /// When the context may not, there is no such service, or the state refuses.
    pub async fn rmf_package(&self, ctx: &OpContext, service: &ItemId) -> Result<RmfView, OfficeError> {
        self.may(ctx, crate::access::Operation::RiskRead).await?;
        let whole = self.state.register_whole(ctx, None).await?;
        let item = service_of(&whole, service)?;
        let loaded = self.rmf_load(ctx, service).await?;
        Ok(view(&whole, item, loaded, &[], ctx.now))
    }

    /// The package of a service, and its version; an empty one of version 0 while there is none.
    async fn rmf_load(&self, ctx: &OpContext, service: &ItemId) -> Result<(Package, u64), OfficeError> {
        let place = place(DocumentKind::Package, service.as_str())?;
        let Some((version, body)) = self.state.document(ctx, &place, None).await? else {
            return Ok((Package::new(service.clone()), 0));
        };
        let package =
            serde_json::from_slice(&body).map_err(|error| refused(format!("{place} makes no sense: {error}")))?;
        Ok((package, version.number))
    }

    /// Changes a package and keeps it, as work on a step.
    async fn rmf_change<T>(
        &self,
        ctx: &OpContext,
        (of, step): (RmfOf<'_>, Step),
        change: impl FnOnce(&mut Package, &RegisterWhole) -> Result<T, OfficeError>,
    ) -> Result<T, OfficeError> {
        self.may(ctx, crate::access::Operation::RiskWrite).await?;
        let whole = self.state.register_whole(ctx, None).await?;
        service_of(&whole, of.service)?;
        let (mut package, version) = self.rmf_load(ctx, of.service).await?;
        of.fits(version)?;
        let answer = change(&mut package, &whole)?;
        package.work(step, done(ctx));
        self.rmf_keep(ctx, &package, version).await?;
        Ok(answer)
    }

    async fn rmf_keep(&self, ctx: &OpContext, package: &Package, after: u64) -> Result<DocumentVersion, OfficeError> {
        let entries = [
            package.statements.len(),
            package.assessed.len(),
            package.actions.len(),
            package.tailoring.added.len(),
            package.tailoring.removed.len(),
            package.boundary.added.len(),
            package.boundary.removed.len(),
        ];
        if entries.into_iter().any(|length| length > limits::PACKAGE_ENTRIES_MAX) {
            return Err(refused(format!("a package has at most {} entries of each sort", limits::PACKAGE_ENTRIES_MAX)));
        }
        let body = serde_json::to_vec(package).map_err(refused)?;
        if body.len() > limits::PACKAGE_BYTES_MAX {
            return Err(refused(format!("a package has at most {} bytes", limits::PACKAGE_BYTES_MAX)));
        }
        let place = place(DocumentKind::Package, package.service.as_str())?;
        self.keep_document(ctx, &place, After::Version(after), &body).await
    }
}

fn is_service(item: &Item) -> bool {
    item.kind == ItemKind::Service && item.state != Lifecycle::Retired
}

fn service_of<'w>(whole: &'w RegisterWhole, id: &ItemId) -> Result<&'w Item, OfficeError> {
    let found = whole.items.get(id).filter(|item| is_service(item));
    found.ok_or_else(|| OfficeError::NotFound { what: "service", name: id.to_string() })
}

/// A text that says something and is not too long.
fn text(text: &str, what: &str) -> Result<String, OfficeError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(refused(format!("{what}: nothing is said")));
    }
    if text.len() > limits::PACKAGE_TEXT_BYTES_MAX {
        return Err(refused(format!("{what}: more than {} bytes", limits::PACKAGE_TEXT_BYTES_MAX)));
    }
    Ok(text.to_owned())
}

fn view(
    whole: &RegisterWhole,
    item: &Item,
    (package, version): (Package, u64),
    drift: &[Drift],
    now: Timestamp,
) -> RmfView {
    let boundary = rmf::boundary(&package, &whole.items, &whole.links);
    let explained = rmf::baseline(item, &boundary, &whole.items);
    let steps = rmf::steps(&package, &Around { item, boundary: &boundary, drift, now });
    let summary = rmf::summary(&package);
    let (baseline, because) = (explained.value, explained.because);
    RmfView { item: item.clone(), package, version, boundary, baseline, because, steps, summary }
}
