//! What concerns the city itself, as findings: kept once each, and first among those of their level.

use model::{Level, OpContext, Timestamp, limits};
use store::state::{FindingId, InboxAsked, InboxRow};

use super::{Office, OfficeError};
use crate::access::Operation;
use crate::intel::{CONCERNING, Concern, concern};

/// Findings about the city itself that are put in front of others of their level.
const FIRST_MAX: usize = 50;

/// Objects that are held against the city at once.
const PAGE: usize = limits::INTEL_PAGE_MAX;

impl Office {
    /// Keeps concerns as findings; says how many are new.
    pub(super) async fn keep_concerns(&self, ctx: &OpContext, concerns: Vec<Concern>) -> Result<usize, OfficeError> {
        if concerns.is_empty() {
            return Ok(0);
        }
        let findings = concern::findings(concerns, ctx.now);
        let mut kept = 0;
        for findings in findings.chunks(PAGE) {
            kept += self.state.keep_findings(ctx, findings).await?;
        }
        Ok(kept)
    }

    /// Holds everything that is known beside indicators against what the city is now: for a city whose configuration changed. Says how
    /// many findings are new. Own addresses on others' lists are found when the index is written.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn review(&self, ctx: &OpContext) -> Result<usize, OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        let city = self.city(ctx);
        if !city.is_known() {
            return Ok(0);
        }
        let sources = self.state.intel_sources(ctx).await?;
        let mut concerns = Vec::new();
        for kind in CONCERNING {
            let mut after = (String::new(), String::new());
            loop {
                let page = self.state.intel_objects(ctx, kind, (&after.0, &after.1), PAGE).await?;
                let Some(last) = page.last() else { break };
                after = (last.object.name.clone(), last.object.id.clone());
                for kept in &page {
                    let source = sources.iter().find(|source| source.number == kept.source);
                    let Some(source) = source.filter(|_| concerns.len() < limits::CONCERNS_OF_RUN_MAX) else {
                        continue;
                    };
                    concerns.extend(concern::of_object(&city, &kept.object, &source.name));
                }
            }
        }
        self.keep_concerns(ctx, concerns).await
    }

    /// Puts those about the city itself in front of others of their level: on the page where their level begins.
    pub(super) async fn targeted_first(
        &self,
        ctx: &OpContext,
        asked: &InboxAsked,
        (rows, has_more): (Vec<InboxRow>, bool),
    ) -> Result<Vec<InboxRow>, OfficeError> {
        let first = self.state.targeted_findings(ctx, asked, FIRST_MAX).await?;
        Ok(if first.is_empty() { rows } else { merged(rows, first, asked.after.as_ref(), has_more) })
    }
}

/// A page with `first` at the heads of their levels. Levels that began on a page before have theirs there, and levels that go on behind this
/// page may begin behind it.
fn merged(
    rows: Vec<InboxRow>,
    first: Vec<InboxRow>,
    after: Option<&(Level, Timestamp, FindingId)>,
    has_more: bool,
) -> Vec<InboxRow> {
    let lowest = rows.last().map_or(Level::Informational, |row| row.level);
    let rest: Vec<InboxRow> = rows.into_iter().filter(|row| !first.iter().any(|one| one.id == row.id)).collect();
    let begins =
        |row: &InboxRow| after.is_none_or(|(level, ..)| row.level < *level) && (!has_more || row.level >= lowest);
    let mut merged: Vec<InboxRow> = first.into_iter().filter(begins).chain(rest).collect();
    // Stable: those in front stay in front within their level.
    merged.sort_by_key(|row| std::cmp::Reverse(row.level));
    merged
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::Detection;
    use store::state::Verdict;

    use super::*;

    fn row(uid: &str, level: Level, at: i64) -> InboxRow {
        let analytic = model::Analytic {
            uid: uid.into(),
            title: uid.into(),
            kind: model::detection::AnalyticKind::Rule,
            level,
            techniques: Vec::new(),
            tactics: Vec::new(),
            path: None,
        };
        let detection = Detection {
            analytic: Arc::new(analytic),
            level,
            time: Timestamp::from_micros(at),
            events: Vec::new(),
            subject: Some(at.to_string()),
            because: Vec::new(),
            suppressed_by: None,
            involved: Vec::new(),
        };
        InboxRow {
            id: FindingId::of(&detection),
            seq: at as u64,
            analytic_uid: uid.into(),
            title: uid.into(),
            level,
            time: detection.time,
            created: detection.time,
            subject: detection.subject,
            verdict: Verdict::Open,
        }
    }

    /// Pages of two rows, one after another, as somebody sees them who turns them over.
    #[test]
    fn nothing_is_lost_or_doubled_over_pages() {
        let natural = [
            row("rule", Level::High, 9),
            row("city:a", Level::High, 8),
            row("rule", Level::High, 7),
            row("rule", Level::Medium, 6),
            row("rule", Level::Medium, 5),
            row("city:b", Level::Medium, 4),
            row("city:c", Level::Low, 3),
        ];
        let first: Vec<InboxRow> =
            natural.iter().filter(|row| row.analytic_uid.starts_with("city:")).cloned().collect();
        for rows_max in 1..8 {
            let (mut seen, mut at, mut after) = (Vec::new(), 0, None);
            while at < natural.len() {
                let page: Vec<InboxRow> = natural.iter().skip(at).take(rows_max).cloned().collect();
                at += page.len();
                let next = page.last().map(|row| (row.level, row.time, row.id));
                seen.extend(merged(page, first.clone(), after.as_ref(), at < natural.len()));
                after = next;
            }
            let times: Vec<i64> = seen.iter().map(|row| row.time.as_micros()).collect();
            assert_eq!(times, [8, 9, 7, 4, 6, 5, 3], "{rows_max} rows a page");
        }
    }
}
