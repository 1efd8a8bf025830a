//! All vulnerabilities of an agency at once, for whoever reckons with them. A page of them is one row: handing over a row costs more than
//! reading it.

use model::vulnerability::{Acceptance, Checked, Instance, Word, settle};
use model::{OpContext, Timestamp, limits};
use serde::de::DeserializeOwned;

use super::super::agency;
use super::super::database::{Bound, State, StateError, get};
use super::super::register::Revision;
use super::{Decision, Found, corrupt};

pub(in crate::state) const SELECT_HEAD: &str = "SELECT revision, changed_us FROM vulnerability_heads WHERE agency = $1";
pub(in crate::state) const INSTANCES: &str = "SELECT string_agg('[' || first_us || ',' || body || ']', ',' ORDER BY item, id, origin) \
    FROM (SELECT item, id, origin, first_us, body FROM vulnerability_instances \
    WHERE agency = $1 AND (item, id, origin) > ($2, $3, $4) ORDER BY item, id, origin LIMIT $5) AS page";
pub(in crate::state) const DECISIONS: &str = "SELECT string_agg('[' || number || ',' || body || ']', ',' ORDER BY number) \
    FROM (SELECT number, body FROM vulnerability_decisions WHERE agency = $1 AND number > $2 ORDER BY number LIMIT $3) AS page";
pub(in crate::state) const CHECKS: &str = "SELECT string_agg(body, ',' ORDER BY item, origin) \
    FROM (SELECT item, origin, body FROM vulnerability_checks WHERE agency = $1 AND (item, origin) > ($2, $3) \
    ORDER BY item, origin LIMIT $4) AS page";

/// Times that all is read again because it changed meanwhile.
const TRIES_MAX: u32 = 5;

/// Everything about vulnerabilities of one agency.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VulnerabilitiesWhole {
    /// The change by which it became so.
    pub revision: Revision,
    /// What holds: each vulnerability once on each item, by item and name; what several checkers found is brought together, and what people
    /// said goes before it.
    pub instances: Vec<Instance>,
    /// Acceptances in the order in which they were made, lifted and ended ones among them.
    pub acceptances: Vec<Acceptance>,
    /// What people said, in order.
    pub words: Vec<Word>,
    /// Which items were looked at, by item and checker.
    pub checks: Vec<Checked>,
}

impl State {
    /// The latest change of vulnerabilities; nothing was said yet where there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn vulnerability_revision(&self, ctx: &OpContext) -> Result<Revision, StateError> {
        let query = sqlx::query(SELECT_HEAD).bind(agency(ctx));
        let Some(row) = self.fetch_optional(ctx, "reading the vulnerabilities' head", query).await? else {
            return Ok(Revision::default());
        };
        Ok(Revision { number: get::<i64>(&row, 0)?.max(0) as u64, at: Timestamp::from_micros(get(&row, 1)?) })
    }

    /// All vulnerabilities, acceptances, words and checks of the agency.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense, or they change all the time.
    pub async fn vulnerabilities_whole(&self, ctx: &OpContext) -> Result<VulnerabilitiesWhole, StateError> {
        for _ in 0..TRIES_MAX {
            let revision = self.vulnerability_revision(ctx).await?;
            let found = self.all_found(ctx).await?;
            let (acceptances, words) = self.all_decisions(ctx).await?;
            let checks = self.all_checks(ctx).await?;
            if self.vulnerability_revision(ctx).await? == revision {
                let instances = settle(found, &words);
                return Ok(VulnerabilitiesWhole { revision, instances, acceptances, words, checks });
            }
        }
        Err(StateError::Changed { what: "vulnerabilities", name: ctx.agency.to_string() })
    }

    async fn all_found(&self, ctx: &OpContext) -> Result<Vec<Instance>, StateError> {
        let mut all = Vec::new();
        let mut after = [String::new(), String::new(), String::new()];
        loop {
            let query =
                after.iter().fold(sqlx::query(INSTANCES).bind(agency(ctx)), |query, part| query.bind(part.clone()));
            let page: Vec<(i64, Found)> = self.flaws_page(ctx, query).await?;
            let Some((_, last)) = page.last() else { return Ok(all) };
            after = [last.found.item.to_string(), last.found.id.to_string(), last.by.clone()];
            let is_last = page.len() < limits::INSTANCES_PAGE_MAX;
            all.extend(page.into_iter().map(|(first_us, Found { found, .. })| Instance {
                first_seen: Timestamp::from_micros(first_us),
                ..found
            }));
            if is_last {
                return Ok(all);
            }
        }
    }

    async fn all_decisions(&self, ctx: &OpContext) -> Result<(Vec<Acceptance>, Vec<Word>), StateError> {
        let (mut acceptances, mut words) = (Vec::new(), Vec::new());
        let mut after = 0;
        loop {
            let query = sqlx::query(DECISIONS).bind(agency(ctx)).bind(after);
            let page: Vec<(i64, Decision)> = self.flaws_page(ctx, query).await?;
            let Some((last, _)) = page.last() else { return Ok((acceptances, words)) };
            after = *last;
            let is_last = page.len() < limits::INSTANCES_PAGE_MAX;
            for (number, decision) in page {
                let number = number.max(0) as u64;
                match decision {
                    Decision::Acceptance(acceptance) => acceptances.push(Acceptance { number, ..acceptance }),
                    Decision::Word(word) => words.push(Word { number, ..word }),
                }
            }
            if is_last {
                return Ok((acceptances, words));
            }
        }
    }

    async fn all_checks(&self, ctx: &OpContext) -> Result<Vec<Checked>, StateError> {
        let mut all: Vec<Checked> = Vec::new();
        let mut after = [String::new(), String::new()];
        loop {
            let query =
                after.iter().fold(sqlx::query(CHECKS).bind(agency(ctx)), |query, part| query.bind(part.clone()));
            let page: Vec<Checked> = self.flaws_page(ctx, query).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = [last.item.to_string(), last.by.clone()];
            let is_last = page.len() < limits::INSTANCES_PAGE_MAX;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// A page of rows in one text; the number of rows is bound last.
    async fn flaws_page<T: DeserializeOwned>(&self, ctx: &OpContext, query: Bound) -> Result<Vec<T>, StateError> {
        let query = query.bind(limits::INSTANCES_PAGE_MAX as i64);
        let row = self.fetch_optional(ctx, "reading vulnerabilities", query).await?;
        let text = row.map(|row| get::<Option<String>>(&row, 0)).transpose()?.flatten().unwrap_or_default();
        serde_json::from_str(&format!("[{text}]")).map_err(corrupt)
    }
}
