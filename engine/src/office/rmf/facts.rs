//! What is so of a service now: what drift is reckoned from, and what the checks look at.

use std::collections::{BTreeMap, BTreeSet};

use model::document::DocumentKind;
use model::ocsf::ObservableKind;
use model::register::{Address, Categorization, Item, ItemId};
use model::{Level, OpContext, Timestamp, limits};
use risk::rmf::checks::EVENTS_DAYS;
use risk::rmf::{Facts, ItemFacts, SignedDocument};
use store::state::{InboxAsked, RegisterWhole};

use super::super::is_checkable;
use super::super::register::Owned;
use super::super::{Office, OfficeError};
use super::{RmfSeam, hex, place, refused};
use crate::access::Operation;

/// Findings from this level on count against an item.
const LEVEL_MIN: Level = Level::High;
/// Pages of findings that are read; with more of them, what is known of findings is not enough to say anything.
const FINDINGS_PAGES_MAX: usize = 20;

/// The kinds of documents that a decision names.
pub(super) const NAMED: [DocumentKind; 3] =
    [DocumentKind::SecurityPlan, DocumentKind::AssessmentResults, DocumentKind::ActionPlan];

fn owned(whole: &RegisterWhole, boundary: &BTreeSet<ItemId>) -> Owned {
    Owned::of(boundary.iter().filter_map(|id| whole.items.get(id)))
}

/// SHA-256, in hexadecimal digits.
pub fn sha256_hex(body: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body).as_ref())
}

impl Office {
    /// What others of this program know of a service: when each item of it that can have vulnerabilities was looked at, which vulnerabilities
    /// are open on items, and what was seen in events. It is for an operation: whoever may not do that is told so before anything is read.
    ///
    /// # Errors
    /// When the context may not, there is no such service, or the state refuses.
    pub async fn rmf_seam(
        &self,
        ctx: &OpContext,
        operation: Operation,
        service: &ItemId,
    ) -> Result<RmfSeam, OfficeError> {
        self.may(ctx, operation).await?;
        let view = self.rmf_package(ctx, service).await?;
        let whole = self.state.register_whole(ctx, None).await?;
        let known = self.vulnerabilities_whole(ctx).await?;
        let mut looked: BTreeMap<&ItemId, Timestamp> = BTreeMap::new();
        // A check that found nothing to look at is no look.
        for check in known.checks.iter().filter(|check| check.looked_at > 0) {
            let at = looked.entry(&check.item).or_insert(check.when);
            *at = (*at).max(check.when);
        }
        let items = view.boundary.iter().filter_map(|id| whole.items.get(id));
        // The oldest look counts, and one item without any is enough to know nothing.
        let looks = items.filter(|item| is_checkable(item)).map(|item| looked.get(&item.id).copied());
        let oldest = looks.reduce(|one, other| Some(one?.min(other?))).flatten();
        let mut found: BTreeMap<ItemId, BTreeSet<String>> = BTreeMap::new();
        for instance in known.instances.iter().filter(|instance| instance.is_open()) {
            found.entry(instance.item.clone()).or_default().insert(instance.id.to_string());
        }
        let vulnerabilities = (!known.checks.is_empty()).then_some(found);
        Ok(RmfSeam { vulnerabilities_checked: oldest, vulnerabilities, seen: self.seen.clone() })
    }

    /// When addresses and names of the boundary's items stood in events last; `None` where nobody gives what was seen, or a part of it
    /// cannot be read.
    pub(super) async fn rmf_seen(
        &self,
        ctx: &OpContext,
        boundary: &BTreeSet<ItemId>,
        seam: &RmfSeam,
    ) -> Result<Option<BTreeMap<ItemId, Timestamp>>, OfficeError> {
        let Some(files) = seam.seen.clone() else { return Ok(None) };
        let owned = owned(&self.state.register_whole(ctx, None).await?, boundary);
        let (agency, today) = (ctx.agency.clone(), ctx.now.day());
        let days = i32::try_from(EVENTS_DAYS).unwrap_or(1);
        let looked = super::aside(move || {
            let mut last: BTreeMap<ItemId, Timestamp> = BTreeMap::new();
            let report = files.each(&agency, today.saturating_sub(days)..=today.saturating_add(1), |_, seen| {
                let Some(observable) = seen.observable() else { return };
                if !matches!(observable.kind, ObservableKind::Ip | ObservableKind::Hostname) {
                    return;
                }
                if let Some(id) = Address::parse(observable.value).and_then(|address| owned.find(&address).cloned()) {
                    let at = last.entry(id).or_insert(seen.last);
                    *at = (*at).max(seen.last);
                }
            })?;
            Ok::<_, crate::seen::SeenError>((last, report.damaged))
        });
        let (last, damaged) = looked.await?.map_err(refused)?;
        Ok((damaged == 0).then_some(last))
    }

    /// Open findings of a level that counts, by item; `None` where there are more than are read.
    async fn rmf_findings(
        &self,
        ctx: &OpContext,
        (whole, boundary): (&RegisterWhole, &BTreeSet<ItemId>),
    ) -> Result<Option<BTreeMap<ItemId, BTreeSet<String>>>, OfficeError> {
        let owned = owned(whole, boundary);
        let mut found: BTreeMap<ItemId, BTreeSet<String>> = BTreeMap::new();
        let rows_max = limits::FINDINGS_PAGE_MAX;
        let mut asked = InboxAsked { level_min: LEVEL_MIN, rows_max, ..InboxAsked::default() };
        for _ in 0..FINDINGS_PAGES_MAX {
            let rows = self.state.inbox(ctx, &asked).await?;
            for row in &rows {
                let subject = row.subject.as_deref().and_then(Address::parse);
                if let Some(id) = subject.and_then(|address| owned.find(&address).cloned()) {
                    found.entry(id).or_default().insert(row.id.to_string());
                }
            }
            match rows.last() {
                Some(last) if rows.len() >= rows_max => asked.after = Some((last.level, last.time, last.id)),
                _ => return Ok(Some(found)),
            }
        }
        Ok(None)
    }

    /// What is so of a service. `documents` are the versions that count.
    pub(super) async fn rmf_facts(
        &self,
        ctx: &OpContext,
        (item, boundary): (&Item, &BTreeSet<ItemId>),
        (seam, documents): (&RmfSeam, BTreeMap<String, SignedDocument>),
    ) -> Result<Facts, OfficeError> {
        let whole = self.state.register_whole(ctx, None).await?;
        let findings = self.rmf_findings(ctx, (&whole, boundary)).await?;
        let one = |id: &ItemId| {
            let item = whole.items.get(id);
            let data = item.and_then(|item| item.data.as_ref());
            let of_item = |lists: &BTreeMap<ItemId, BTreeSet<String>>| lists.get(id).cloned().unwrap_or_default();
            let facts = ItemFacts {
                exposure: item.and_then(|item| item.exposure),
                data: data.map(|data| data.iter().map(|held| held.category).collect()),
                vulnerabilities: seam.vulnerabilities.as_ref().map(of_item),
                findings: findings.as_ref().map(of_item),
            };
            (id.clone(), facts)
        };
        Ok(Facts {
            at: ctx.now,
            items: boundary.iter().map(one).collect(),
            high_water: item.categorization.as_ref().and_then(Categorization::high_water),
            documents,
        })
    }

    /// What the named versions of documents hash to now; those that are not there any more are left out.
    pub(super) async fn rmf_hashes(
        &self,
        ctx: &OpContext,
        service: &ItemId,
        named: &BTreeMap<String, SignedDocument>,
    ) -> Result<BTreeMap<String, SignedDocument>, OfficeError> {
        let mut found = BTreeMap::new();
        for kind in NAMED {
            let Some(signed) = named.get(kind.name()) else { continue };
            let place = place(kind, service.as_str())?;
            if let Some((version, body)) = self.state.document(ctx, &place, Some(signed.version)).await? {
                let hash = super::aside(move || sha256_hex(&body)).await?;
                found.insert(kind.name().to_owned(), SignedDocument { version: version.number, hash });
            }
        }
        Ok(found)
    }
}
