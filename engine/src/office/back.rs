//! Looking back: new indicators in past traffic.

use std::sync::Arc;

use detect::indicators::Segment;
use intel::blast::Traffic;
use model::{AgencyId, IndicatorKind, OpContext, SourceId, Timestamp, limits};
use store::state::KeptClaim;

use super::{Office, OfficeError};
use crate::access::Operation;
use crate::ingest::shown;
use crate::intel::SourceHealth;
use crate::intel::past::{self, BackReport, LookedBack, SLACK};
use crate::seen::SeenFiles;

impl Office {
    /// Asks an index of the agency's intelligence, written at `written`, of what was seen in the last months. Makes findings of indicators that
    /// were seen before anybody here knew them, unless an `earlier` look has looked for them.
    ///
    /// # Errors
    /// When the context may not, the files cannot be read, or the state refuses.
    pub async fn look_back(
        &self,
        ctx: &OpContext,
        files: &SeenFiles,
        (index, written): (Arc<Segment>, Timestamp),
        earlier: Option<&LookedBack>,
    ) -> Result<(LookedBack, BackReport), OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        let setting = self.judging.load_full();
        let (files, agency, today, rules) =
            (files.clone(), ctx.agency.clone(), ctx.now.day(), setting.rules.blast.clone());
        let swept = tokio::task::spawn_blocking(move || past::sweep(&files, (&agency, today), index, &rules)).await;
        let swept = swept.map_err(|error| OfficeError::Refused(format!("looking back ended by a panic: {error}")))?;
        let past::Swept { mut traffic, pasts, days } =
            swept.map_err(|error| OfficeError::Refused(format!("{error}: {}", super::intel::source_of(&error))))?;

        let known_before = earlier.map(|earlier| earlier.known.minus(SLACK));
        let names = self.names_and_lengths(ctx).await?;
        let mut report = BackReport { days, seen: pasts.len(), ..BackReport::default() };
        let mut findings = Vec::new();
        for ((kind, value), past) in &pasts {
            let claims = self.state.claims_on(ctx, *kind, value).await?;
            if traffic.used(*kind, value).events > 0 {
                for kept in claims.iter().filter(|kept| kept.gone.is_none()) {
                    if let Some((_, name, values)) = names.iter().find(|(number, ..)| *number == kept.source) {
                        past::in_use(&mut traffic.lists, name, *values);
                    }
                }
            }
            let Some(since) = known_since(&claims) else { continue };
            let is_new = past.first < since && known_before.is_none_or(|before| since > before);
            if !is_new {
                continue;
            }
            report.new += 1;
            if findings.len() >= limits::SEEN_FINDINGS_MAX {
                report.left_out += 1;
                continue;
            }
            let detection = past.detection(*kind, value, &setting.suppression);
            findings.extend(detection.and_then(|detection| shown::finding(detection, None)));
        }
        report.findings = self.state.keep_findings(ctx, &findings).await?;
        Ok((LookedBack { at: ctx.now, known: written, traffic }, report))
    }

    async fn names_and_lengths(
        &self,
        ctx: &OpContext,
    ) -> Result<Vec<(store::state::SourceNumber, SourceId, u64)>, OfficeError> {
        let sources = self.state.intel_sources(ctx).await?;
        let known = sources.iter().filter_map(|source| {
            let name = SourceId::parse(&source.name).ok()?;
            Some((source.number, name, SourceHealth::of(source).brought.listed))
        });
        Ok(known.collect())
    }

    /// Says what past traffic of an agency says, from now on.
    pub fn judge_with(&self, agency: &AgencyId, traffic: Traffic) {
        let traffic = Arc::new(traffic);
        self.judge_anew(|mut setting| {
            setting.traffic.insert(agency.clone(), Arc::clone(&traffic));
            setting
        });
    }

    /// What past traffic says of a list that nobody has loaded yet: how its values were used.
    ///
    /// # Errors
    /// When the context may not, or the files cannot be read.
    pub async fn try_list(
        &self,
        ctx: &OpContext,
        files: &SeenFiles,
        list: Vec<(IndicatorKind, String)>,
    ) -> Result<intel::blast::BlastReport, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        let rules = self.judging.load().rules.blast.clone();
        let (files, agency, today) = (files.clone(), ctx.agency.clone(), ctx.now.day());
        let tried = tokio::task::spawn_blocking(move || {
            let Some(index) = past::index_of(&list)? else {
                return Ok(intel::blast::blast(&list, &Traffic::default(), &rules));
            };
            let swept = past::sweep(&files, (&agency, today), index, &rules);
            let swept = swept.map_err(|error| format!("{error}: {}", super::intel::source_of(&error)))?;
            Ok(intel::blast::blast(&list, &swept.traffic, &rules))
        });
        let tried =
            tried.await.map_err(|error| OfficeError::Refused(format!("the check ended by a panic: {error}")))?;
        tried.map_err(OfficeError::Refused)
    }
}

/// Since when anybody here knows it.
fn known_since(claims: &[KeptClaim]) -> Option<Timestamp> {
    claims.iter().map(|kept| kept.first).min()
}
