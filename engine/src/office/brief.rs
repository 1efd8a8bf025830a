//! The operational and the strategic level: who fits what was seen, and the month for those who decide.

use std::collections::BTreeMap;
use std::sync::Arc;

use intel::brief::{ActorSeen, Brief, Figures, Measures, Number, SourceDid, TechniqueSeen, Trend, brief};
use intel::fit::{Fit, Observation, Observed, Verdict};
use intel::trust::Standing;
use model::detection::AnalyticKind;
use model::{Level, Month, OpContext, Reason, SourceId, Timestamp, limits};
use store::state::{AnalyticTally, IntelSource, Sightings};

use super::{Office, OfficeError};
use crate::access::Operation;
use crate::intel::Actors;

/// Days whose findings are held against what is known of actors.
pub const ACTOR_DAYS: u32 = 90;

/// Findings that a number of a brief counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// All.
    All,
    /// Those of indicators.
    Indicators,
    /// Those that are high or critical.
    Grave,
    /// Those of a technique.
    Technique(String),
}

impl Counted {
    /// Whether they count what an analytic found.
    pub fn has(&self, tally: &AnalyticTally) -> bool {
        let analytic = &tally.detection.analytic;
        match self {
            Counted::All => true,
            Counted::Indicators => matches!(analytic.kind, AnalyticKind::Indicator | AnalyticKind::Pattern),
            Counted::Grave => tally.detection.level >= Level::High,
            Counted::Technique(id) => analytic.techniques.iter().any(|technique| technique == id),
        }
    }
}

/// Who fits what was seen, and what was seen.
#[derive(Clone, Debug)]
pub struct ActorsView {
    /// What fits.
    pub fit: Fit,
    /// What it was held against.
    pub seen: Vec<Observation>,
    /// How many actors are known.
    pub known: usize,
}

/// How many other organisations have seen a technique in a month, as peers tell. Who has is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OthersSaw {
    /// Peers that say that they have seen it themselves.
    pub themselves: u32,
    /// Peers that say in how many organisations it was seen, with that number.
    pub counted: Vec<(String, u32)>,
}

impl OthersSaw {
    /// At least so many: the organisations that one counts may be those that another one counts.
    pub fn organisations(&self) -> u32 {
        self.counted.iter().map(|(_, organisations)| *organisations).chain([self.themselves]).max().unwrap_or(0)
    }
}

/// What is known of an agency's actors, and what sources had brought by then.
pub(super) type KnownActors = (u64, Arc<Actors>);

impl Office {
    /// What was found in a span, by analytic; what turned out to be none does not count.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn tally(
        &self,
        ctx: &OpContext,
        span: &std::ops::Range<Timestamp>,
    ) -> Result<Vec<AnalyticTally>, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        Ok(self.state.tally(ctx, span, limits::TALLY_ROWS_MAX).await?)
    }

    /// What other organisations have seen in a month, as far as it was told here: techniques that enough of them have seen for a number to be about
    /// nobody (`organisations_min` of the city).
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn techniques_of_others(
        &self,
        ctx: &OpContext,
        month: Month,
    ) -> Result<BTreeMap<String, OthersSaw>, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        self.peers_saw(ctx, month).await
    }

    async fn peers_saw(&self, ctx: &OpContext, month: Month) -> Result<BTreeMap<String, OthersSaw>, OfficeError> {
        let reports = self.state.technique_reports(ctx, month).await?;
        if reports.is_empty() {
            return Ok(BTreeMap::new());
        }
        let peers = self.state.peers(ctx).await?;
        let mut seen: BTreeMap<String, OthersSaw> = BTreeMap::new();
        for report in reports {
            let saw = seen.entry(report.technique).or_default();
            match report.counted {
                None => saw.themselves += 1,
                Some(organisations) => {
                    let name = peers.iter().find(|peer| peer.number == report.peer).map(|peer| peer.name.clone());
                    saw.counted.push((name.unwrap_or_default(), organisations));
                }
            }
        }
        let needed = self.city(ctx).organisations_min().get();
        seen.retain(|_, saw| saw.organisations() >= needed);
        Ok(seen)
    }

    /// What became of the word of a source in a span: each thing of it that somebody judged.
    ///
    /// # Errors
    /// When the context may not, there is no such source, or the state refuses.
    pub async fn judged_of(
        &self,
        ctx: &OpContext,
        source: &str,
        span: &std::ops::Range<Timestamp>,
    ) -> Result<Vec<Sightings>, OfficeError> {
        let source = self.intel_source(ctx, source).await?;
        let judged = self.state.claimed_sightings_since(ctx, span.start, limits::FEEDBACK_MAX).await?;
        let theirs = judged.into_iter().filter(|(number, seen)| *number == source.number && seen.last < span.end);
        Ok(theirs.map(|(_, seen)| seen).collect())
    }

    /// What is known of actors. Read again when a source brought something.
    async fn actors_known(&self, ctx: &OpContext, sources: &[IntelSource]) -> Result<Arc<Actors>, OfficeError> {
        use std::hash::{Hash, Hasher};
        let mut hasher = std::hash::DefaultHasher::new();
        for source in sources {
            (source.number, &source.health, source.removed.is_some()).hash(&mut hasher);
        }
        let mark = hasher.finish();
        let known = self.actors.lock().await.get(&ctx.agency).cloned();
        if let Some((_, actors)) = known.filter(|(known, _)| *known == mark) {
            return Ok(actors);
        }
        let actors = Arc::new(Actors::read(&self.state, ctx).await?);
        self.actors.lock().await.insert(ctx.agency.clone(), (mark, Arc::clone(&actors)));
        Ok(actors)
    }

    /// Which actors fit what was seen here in the last [`ACTOR_DAYS`] days.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn actors(&self, ctx: &OpContext) -> Result<ActorsView, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        let since = ctx.now.minus(std::time::Duration::from_secs(u64::from(ACTOR_DAYS) * 86_400));
        let span = since..Timestamp::from_micros(i64::MAX);
        let tallies = self.state.tally(ctx, &span, limits::TALLY_ROWS_MAX).await?;
        let sources = self.state.intel_sources(ctx).await?;
        let actors = self.actors_known(ctx, &sources).await?;
        let seen = self.observations(ctx, &actors, &tallies).await?;
        Ok(ActorsView { fit: actors.knowledge.fit(&seen, ctx.now), seen, known: actors.count })
    }

    /// Findings as what can be held against actors: techniques, software, indicators that are ascribed to somebody.
    async fn observations(
        &self,
        ctx: &OpContext,
        actors: &Actors,
        tallies: &[AnalyticTally],
    ) -> Result<Vec<Observation>, OfficeError> {
        let mut seen: BTreeMap<Observed, (u64, Timestamp)> = BTreeMap::new();
        let mut add = |what: Observed, tally: &AnalyticTally| {
            let (times, last) = seen.entry(what).or_insert((0, tally.last));
            *times += tally.count;
            *last = (*last).max(tally.last);
        };
        for tally in tallies {
            for id in &tally.detection.analytic.techniques {
                add(Observed::Technique { id: id.clone() }, tally);
            }
            let mut sure = 0;
            for reason in &tally.detection.because {
                let Reason::Indicator { indicator, value, label, confidence, .. } = reason else { continue };
                if let Some(name) = actors.software_of(label) {
                    add(Observed::Software { name: name.to_owned() }, tally);
                }
                // One question for each thing, however many sources name it.
                if sure == 0 {
                    let mut who = std::collections::BTreeSet::new();
                    for kept in self.state.claims_on(ctx, *indicator, value).await? {
                        let ascribed = kept.claim.reference.as_deref().and_then(|id| actors.indicated_by(id));
                        who.extend(ascribed.into_iter().flatten().cloned());
                    }
                    sure = confidence.percent().max(1);
                    if !who.is_empty() {
                        let weight = confidence.percent();
                        add(Observed::Indicator { value: value.clone(), actors: who, weight }, tally);
                    }
                }
            }
        }
        Ok(seen.into_iter().map(|(what, (times, last))| Observation { what, times, last }).collect())
    }

    /// The month's brief, and the figures that it is made of.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn brief(&self, ctx: &OpContext, month: Month) -> Result<(Brief, Figures), OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        let sources = self.state.intel_sources(ctx).await?;
        let actors = self.actors_known(ctx, &sources).await?;
        let now = self.state.tally(ctx, &month.span(), limits::TALLY_ROWS_MAX).await?;
        let earlier = month.previous();
        let before = match earlier {
            Some(earlier) => self.state.tally(ctx, &earlier.span(), limits::TALLY_ROWS_MAX).await?,
            None => Vec::new(),
        };
        let seen = self.observations(ctx, &actors, &now).await?;
        let fit = actors.knowledge.fit(&seen, ctx.now.min(month.span().end));
        let figures = Figures {
            month: month.to_string(),
            trends: trends((month, &now), earlier.map(|earlier| (earlier, before.as_slice()))),
            techniques: techniques(month, (&now, &self.peers_saw(ctx, month).await?), &actors),
            actors: named(&fit, seen.len(), month),
            sources: self.sources_did(ctx, &sources, month).await?,
        };
        Ok((brief(&figures, &Measures::default()), figures))
    }

    async fn sources_did(
        &self,
        ctx: &OpContext,
        sources: &[IntelSource],
        month: Month,
    ) -> Result<Vec<SourceDid>, OfficeError> {
        let span = month.span();
        let judge = self.judge_of(ctx, sources).await?;
        let judged = self.state.claimed_sightings_since(ctx, span.start, limits::FEEDBACK_MAX).await?;
        let mut did = Vec::new();
        for source in sources.iter().filter(|source| source.removed.is_none()) {
            let mut counts = [0, 0];
            for (_, seen) in judged.iter().filter(|(number, seen)| *number == source.number && seen.last < span.end) {
                let [confirmed, false_alarms] = &mut counts;
                *(if seen.is_false { false_alarms } else { confirmed }) += seen.times;
            }
            let [confirmed, false_alarms] = counts;
            // A source of which nobody judged anything did neither well nor badly.
            if confirmed + false_alarms == 0 {
                continue;
            }
            let evidence = format!("/intel/month?month={month}&source={}", source.name);
            let trust = SourceId::parse(&source.name).ok().and_then(|name| judge.trust_in(&name).cloned());
            did.push(SourceDid {
                name: source.name.clone(),
                confirmed: Number { value: confirmed, evidence: evidence.clone() },
                false_alarms: Number { value: false_alarms, evidence },
                standing: trust.map_or(Standing::AsGraded, |trust| trust.value.standing),
            });
        }
        Ok(did)
    }
}

fn count(tallies: &[AnalyticTally], counted: &Counted) -> u64 {
    tallies.iter().filter(|tally| counted.has(tally)).map(|tally| tally.count).sum()
}

fn trends((month, now): (Month, &[AnalyticTally]), before: Option<(Month, &[AnalyticTally])>) -> Vec<Trend> {
    let kinds = [
        ("finding", "findings", "all", Counted::All),
        ("finding that is high or critical", "findings that are high or critical", "grave", Counted::Grave),
        ("finding by indicators", "findings by indicators", "indicators", Counted::Indicators),
    ];
    let number = |month: Month, tallies: &[AnalyticTally], what: &str, counted: &Counted| Number {
        value: count(tallies, counted),
        evidence: format!("/intel/month?month={month}&what={what}"),
    };
    let trend = |(one, many, what, counted): (&str, &str, &str, Counted)| Trend {
        what: many.to_owned(),
        one: one.to_owned(),
        now: number(month, now, what, &counted),
        // A month of which nothing at all is known was not counted.
        before: before
            .filter(|(_, tallies)| !tallies.is_empty())
            .map(|(earlier, tallies)| number(earlier, tallies, what, &counted)),
    };
    kinds.into_iter().map(trend).collect()
}

/// What was seen here, and what enough others have seen.
fn techniques(
    month: Month,
    (now, others): (&[AnalyticTally], &BTreeMap<String, OthersSaw>),
    actors: &Actors,
) -> Vec<TechniqueSeen> {
    let mut counts: BTreeMap<&str, u64> = others.keys().map(|id| (id.as_str(), 0)).collect();
    for tally in now {
        for id in &tally.detection.analytic.techniques {
            *counts.entry(id).or_default() += tally.count;
        }
    }
    let evidence = |id: &str| format!("/intel/month?month={month}&technique={id}");
    let technique = |(id, here): (&str, u64)| TechniqueSeen {
        id: id.to_owned(),
        name: actors.techniques.get(id).cloned().unwrap_or_default(),
        here: Number { value: here, evidence: evidence(id) },
        peers: others
            .get(id)
            .map(|saw| Number { value: saw.organisations().into(), evidence: format!("{}&by=others", evidence(id)) }),
    };
    counts.into_iter().map(technique).collect()
}

/// Who is named in a brief: nobody where the evidence does not name one or a few.
fn named(fit: &Fit, observations: usize, month: Month) -> Vec<ActorSeen> {
    if observations == 0 {
        return Vec::new();
    }
    let observations = Number { value: observations as u64, evidence: format!("/intel/month?month={month}") };
    let seen = |name: &str, said: String| ActorSeen { name: name.to_owned(), said, observations: observations.clone() };
    let ranked = |id: &str| fit.ranked.iter().find(|one| one.actor == id);
    match &fit.verdict {
        Verdict::One { actor, .. } => {
            let name = ranked(actor).map_or(actor.as_str(), |one| one.name.as_str());
            vec![seen(name, fit.verdict.to_string())]
        }
        Verdict::Several { actors } => {
            let one = |id: &String| {
                let found = ranked(id)?;
                Some(seen(&found.name, format!("fits about as well as others, likeness {}", found.score)))
            };
            actors.iter().filter_map(one).collect()
        }
        _ => vec![seen("Nobody is named", fit.verdict.to_string())],
    }
}
