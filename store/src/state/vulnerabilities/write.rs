//! What a check found: one transaction, one number, one line in the ledger.

use std::collections::BTreeSet;

use model::register::ItemId;
use model::vulnerability::{CheckResult, Checked, VulnerabilityId};
use model::{OpContext, limits};

use super::super::agency;
use super::super::bulk::{Bulk, Row};
use super::super::database::{Bound, State, StateError, check_size, get, sql};
use super::super::ledger::Deed;
use super::super::register::Revision;
use super::{Found, corrupt, take_head};

pub(in crate::state) const COUNT_INSTANCES: &str = "SELECT COUNT(*) FROM vulnerability_instances WHERE agency = $1";
/// When something was found first stays.
pub(super) static KEEP_INSTANCES: Bulk = Bulk::new(
    "keeping vulnerabilities",
    (
        "INSERT INTO vulnerability_instances (agency, item, id, origin, first_us, revision, body) VALUES",
        "($1, ?, ?, $2, ?, $3, ?)",
        "ON CONFLICT (agency, item, id, origin) DO UPDATE SET revision = excluded.revision, body = excluded.body",
    ),
    3,
);
pub(super) static FORGET_OLD: Bulk = Bulk::new(
    "forgetting what is found no more",
    ("DELETE FROM vulnerability_instances WHERE agency = $1 AND origin = $2 AND revision < $3 AND item IN (", "?", ")"),
    3,
);
pub(super) static FORGET_INSTANCES: Bulk = Bulk::new(
    "forgetting vulnerabilities of items that are no more",
    ("DELETE FROM vulnerability_instances WHERE agency = $1 AND item IN (", "?", ")"),
    1,
);
pub(super) static FORGET_CHECKS: Bulk = Bulk::new(
    "forgetting checks of items that are no more",
    ("DELETE FROM vulnerability_checks WHERE agency = $1 AND item IN (", "?", ")"),
    1,
);
pub(super) static KEEP_CHECKS: Bulk = Bulk::new(
    "keeping checks",
    (
        "INSERT INTO vulnerability_checks (agency, item, origin, body) VALUES",
        "($1, ?, $2, ?)",
        "ON CONFLICT (agency, item, origin) DO UPDATE SET body = excluded.body",
    ),
    2,
);

struct InstanceRow<'c> {
    item: &'c ItemId,
    id: &'c VulnerabilityId,
    first_us: i64,
    body: String,
}

impl Row for InstanceRow<'_> {
    fn bind(&self, query: Bound) -> Bound {
        let query = query.bind(self.item.as_str().to_owned()).bind(self.id.as_str().to_owned());
        query.bind(self.first_us).bind(self.body.clone())
    }
}

struct CheckRow<'c> {
    item: &'c ItemId,
    body: String,
}

impl Row for CheckRow<'_> {
    fn bind(&self, query: Bound) -> Bound {
        query.bind(self.item.as_str().to_owned()).bind(self.body.clone())
    }
}

struct ItemRow<'c>(&'c ItemId);

impl Row for ItemRow<'_> {
    fn bind(&self, query: Bound) -> Bound {
        query.bind(self.0.as_str().to_owned())
    }
}

impl State {
    /// Keeps what a check found instead of what the same checker found before on the items that it looked at, with its line in the ledger.
    ///
    /// # Errors
    /// When something is said twice or of an item that was not looked at, there would be too much, or the database refuses.
    pub async fn record_vulnerability_check(
        &self,
        ctx: &OpContext,
        result: &CheckResult,
        deed: Deed,
    ) -> Result<Revision, StateError> {
        let (instances, checks) = rows_of(result)?;
        let _turn = self.turn().await;
        let mut work = self.begin(ctx).await?;
        let revision = take_head(&mut work, ctx).await?;
        let by = |query: Bound| query.bind(agency(ctx)).bind(result.by.clone());
        let numbered = |query: Bound| by(query).bind(revision.number as i64);
        let own = |query: Bound| query.bind(agency(ctx));
        KEEP_INSTANCES.run(&mut work, numbered, &instances).await?;
        let looked_at: Vec<ItemRow<'_>> = result.checked.iter().map(|checked| ItemRow(&checked.item)).collect();
        FORGET_OLD.run(&mut work, numbered, &looked_at).await?;
        KEEP_CHECKS.run(&mut work, by, &checks).await?;
        let gone: Vec<ItemRow<'_>> = result.gone.iter().map(ItemRow).collect();
        FORGET_INSTANCES.run(&mut work, own, &gone).await?;
        FORGET_CHECKS.run(&mut work, own, &gone).await?;
        let count = sqlx::query(COUNT_INSTANCES).bind(agency(ctx)).fetch_one(&mut *work).await;
        let count: i64 = get(&count.map_err(sql("counting vulnerabilities"))?, 0)?;
        check_size("vulnerabilities on items", count.max(0) as usize, limits::INSTANCES_MAX)?;
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(sql("keeping vulnerabilities"))?;
        Ok(revision)
    }
}

fn rows_of(result: &CheckResult) -> Result<(Vec<InstanceRow<'_>>, Vec<CheckRow<'_>>), StateError> {
    check_size("bytes of a checker's name", result.by.len(), limits::CHECKER_BYTES_MAX)?;
    check_size("vulnerabilities on items", result.instances.len(), limits::INSTANCES_MAX)?;
    check_size("items of a check", result.checked.len(), limits::REGISTER_ITEMS_MAX)?;
    let looked_at: BTreeSet<&ItemId> = result.checked.iter().map(|checked| &checked.item).collect();
    let places: BTreeSet<_> = result.instances.iter().map(|one| (&one.item, &one.id)).collect();
    if looked_at.len() != result.checked.len() || places.len() != result.instances.len() {
        return Err(corrupt("a check says something twice"));
    }
    if result.instances.iter().any(|one| !looked_at.contains(&one.item)) {
        return Err(corrupt("a check found something on an item that it did not look at"));
    }
    let mut instances = Vec::with_capacity(result.instances.len());
    for instance in &result.instances {
        let mut found = instance.clone();
        found.bound();
        let body = serde_json::to_string(&Found { by: result.by.clone(), found }).map_err(corrupt)?;
        check_size("bytes of a vulnerability", body.len(), limits::INSTANCE_BODY_BYTES_MAX)?;
        let first_us = instance.first_seen.as_micros();
        instances.push(InstanceRow { item: &instance.item, id: &instance.id, first_us, body });
    }
    let checks = result.checked.iter().map(|checked| {
        let mut kept = Checked { by: result.by.clone(), ..checked.clone() };
        kept.not_looked_at.truncate(limits::INSTANCE_REASONS_MAX);
        let body = serde_json::to_string(&kept).map_err(corrupt)?;
        check_size("bytes of a check", body.len(), limits::INSTANCE_BODY_BYTES_MAX)?;
        Ok(CheckRow { item: &checked.item, body })
    });
    Ok((instances, checks.collect::<Result<_, StateError>>()?))
}
