//! Intelligence: sources and how they do, what they bring, indicators and what they are worth, what was seen of them.

use detect::indicators::Built;
use intel::trust::{Trust, TrustReason};
use intel::weigh::{WeighReason, Weighed};
use model::{Detection, Explained, IndicatorKind, Marking, OpContext, Reason, SourceId, Timestamp, limits};
use store::state::{
    Deed, FindingId, InboxRow, IndicatorAsked, IntelObject, IntelSource, KeptClaim, MergeCounts, MergeKind,
    NewIntelSource, NewLearned, NewSighting, Sightings, SourceNumber, Verdict, object_named,
};

use super::outbound::{Around, kept_marking};
use super::{Office, OfficeError};
use crate::access::Operation;
use crate::intel::{
    Gathered, IndexError, Judge, JudgeSetting, PatternsKnown, Samples, SourceHealth, SourceTerms, concern, patterns,
    write_index,
};

/// A source, and what it is worth.
#[derive(Clone, Debug)]
pub struct IntelSourceView {
    /// The source.
    pub source: IntelSource,
    /// What was decided about it.
    pub terms: SourceTerms,
    /// How it does.
    pub health: SourceHealth,
    /// What it is worth, and why.
    pub trust: Option<Explained<Trust, TrustReason>>,
    /// Why it is no voice of its own, if it is none: it says what another one says.
    pub repeats: Option<String>,
}

/// Everything that is known about a thing.
#[derive(Clone, Debug)]
pub struct IndicatorView {
    /// What it names.
    pub kind: IndicatorKind,
    /// Its value in normal form.
    pub value: String,
    /// What sources claim, with their names.
    pub claims: Vec<(String, KeptClaim)>,
    /// What that is worth, and why; nothing when nobody claims anything.
    pub weighed: Option<Explained<Weighed, WeighReason>>,
    /// What people and others said was seen of it, the latest day first.
    pub sightings: Vec<Sightings>,
    /// What detectors found of it here, the worst first.
    pub findings: Vec<InboxRow>,
}

/// A sighting, and how far others may be told of it.
#[derive(Clone, Copy, Debug)]
pub struct Sighted<'a> {
    /// When it was seen.
    pub at: Timestamp,
    /// TLP and PAP.
    pub marking: Marking,
    /// Sharing groups that it is for; none: for all whom the marking allows.
    pub groups: &'a [String],
}

/// What became of a run of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Brought {
    /// Its claims.
    pub claims: MergeCounts,
    /// Claims that it took back.
    pub taken_back: u64,
    /// What it knows beside them, new or changed.
    pub objects: u64,
    /// Findings that came of it: what concerns the city.
    #[serde(default)]
    pub findings: u64,
    /// How many things it lists now.
    #[serde(default)]
    pub listed: u64,
}

impl Brought {
    /// Adds what another part of the same run brought; what is listed is what the last part says.
    pub fn add(&mut self, more: Brought) {
        self.claims.add(more.claims);
        self.taken_back += more.taken_back;
        self.objects += more.objects;
        self.findings += more.findings;
        self.listed = more.listed;
    }

    /// Whether nothing changed.
    pub fn is_nothing(&self) -> bool {
        self.claims.is_nothing() && self.taken_back + self.objects + self.findings == 0
    }
}

/// Most findings that are shown beside an indicator.
const FINDINGS_SHOWN: usize = 50;

impl Office {
    /// Weighs the agency's indicators as things are now.
    pub(super) async fn judge_of(&self, ctx: &OpContext, sources: &[IntelSource]) -> Result<Judge, OfficeError> {
        let setting = JudgeSetting { city: self.city(ctx), ..self.judging.load().as_ref().clone() };
        Ok(Judge::new(&self.state, ctx, sources, setting).await?)
    }

    /// Changes what weighing goes by from now on.
    pub fn judge_anew(&self, change: impl Fn(JudgeSetting) -> JudgeSetting) {
        self.judging.rcu(|setting| change(JudgeSetting::clone(setting)));
    }

    /// What weighing goes by now.
    pub fn judges_by(&self) -> std::sync::Arc<JudgeSetting> {
        self.judging.load_full()
    }

    /// The patterns that the agency's records are held against.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn patterns_known(&self, ctx: &OpContext) -> Result<PatternsKnown, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        let sources = self.state.intel_sources(ctx).await?;
        let judge = self.judge_of(ctx, &sources).await?;
        Ok(patterns::known(&self.state, ctx, &sources, &judge).await?)
    }

    /// Weighs all that the agency's sources claim, and writes the index that detectors ask. What of it is the city's own becomes a finding
    /// here, since here everything is weighed.
    ///
    /// # Errors
    /// When the context may not, the state refuses, or it cannot be written.
    pub async fn write_index(&self, ctx: &OpContext, out: &mut impl std::io::Write) -> Result<Built, OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        let sources = self.state.intel_sources(ctx).await?;
        let judge = self.judge_of(ctx, &sources).await?;
        let mut samples = Samples::of(sources.len());
        let mut concerns = Vec::new();
        let weigh = |claims: &[(usize, KeptClaim)]| {
            samples.take(claims);
            if concerns.len() < limits::CONCERNS_OF_RUN_MAX {
                concerns.extend(judge.concern(claims));
            }
            judge.indicators(claims)
        };
        let built = write_index(&self.state, ctx, &sources, weigh, out).await;
        let built = built.map_err(|error| match error {
            IndexError::State(error) => error.into(),
            error => OfficeError::Refused(format!("{error}: {}", source_of(&error))),
        })?;
        // Counts from the next weighing on; a source that begins to copy is found out once, not with each claim.
        let rules = self.judging.load().rules.voices.clone();
        self.state.keep_voices(ctx, &samples.compare(&sources, &rules)).await?;
        self.keep_concerns(ctx, concerns).await?;
        Ok(built)
    }

    /// The agency's sources of intelligence, by name.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn intel_sources(&self, ctx: &OpContext) -> Result<Vec<IntelSourceView>, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        let sources = self.state.intel_sources(ctx).await?;
        let judge = self.judge_of(ctx, &sources).await?;
        let mut views = Vec::new();
        for source in sources {
            if source.removed.is_some() {
                continue;
            }
            let name = SourceId::parse(&source.name).ok();
            let trust = name.as_ref().and_then(|name| judge.trust_in(name).cloned());
            let repeats = name.as_ref().and_then(|name| judge.repeats(name).map(str::to_owned));
            let (terms, health) = (SourceTerms::of(&source), SourceHealth::of(&source));
            views.push(IntelSourceView { terms, health, trust, repeats, source });
        }
        Ok(views)
    }

    /// One source by its name.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn intel_source(&self, ctx: &OpContext, name: &str) -> Result<IntelSource, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        self.known_source(ctx, name).await
    }

    pub(super) async fn known_source(&self, ctx: &OpContext, name: &str) -> Result<IntelSource, OfficeError> {
        let found = self.state.intel_source(ctx, name).await?.filter(|source| source.removed.is_none());
        found.ok_or_else(|| OfficeError::NotFound { what: "source of intelligence", name: name.to_owned() })
    }

    /// Adds a source. Its name is a label, since reasons and exports name it.
    ///
    /// # Errors
    /// When the context may not, the name is no label or taken, or the state refuses.
    pub async fn add_intel_source(
        &self,
        ctx: &OpContext,
        new: &NewIntelSource<'_>,
    ) -> Result<SourceNumber, OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        SourceId::parse(new.name).map_err(|error| OfficeError::Refused(error.to_string()))?;
        Ok(self.state.add_intel_source(ctx, new).await?)
    }

    /// Pauses a source, or ends that.
    ///
    /// # Errors
    /// When the context may not, there is no such source, or the state refuses.
    pub async fn pause_intel_source(&self, ctx: &OpContext, name: &str, is_paused: bool) -> Result<(), OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        let source = self.known_source(ctx, name).await?;
        Ok(self.state.pause_intel_source(ctx, &source, is_paused.then_some(ctx.now)).await?)
    }

    /// Removes a source with all that it claims. Says how many claims there were.
    ///
    /// # Errors
    /// When the context may not, there is no such source, or the state refuses.
    pub async fn remove_intel_source(&self, ctx: &OpContext, name: &str) -> Result<u64, OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        let source = self.known_source(ctx, name).await?;
        // What is cut off here is taken up by the next attempt: the source goes last.
        let claims = self.state.drop_claims_of(ctx, source.number).await?;
        self.state.drop_intel_objects_of(ctx, source.number).await?;
        self.state.remove_intel_source(ctx, &source).await?;
        Ok(claims)
    }

    /// Keeps what was gathered of a source. `progress` hears how many claims are dealt with. The ledger's line says what changed, so it comes
    /// last: a run that is cut off leaves none, and what it wrote is found as it is by the next one.
    ///
    /// # Errors
    /// When the context may not, there is no such source, or the state refuses.
    pub async fn bring(
        &self,
        ctx: &OpContext,
        source: &IntelSource,
        (merge, gathered): (MergeKind, &Gathered),
        progress: impl FnMut(usize),
    ) -> Result<Brought, OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        self.bring_checked(ctx, source, (merge, gathered), progress).await
    }

    /// The same for those who were asked already.
    pub(super) async fn bring_checked(
        &self,
        ctx: &OpContext,
        source: &IntelSource,
        (merge, gathered): (MergeKind, &Gathered),
        progress: impl FnMut(usize),
    ) -> Result<Brought, OfficeError> {
        let number = source.number;
        let taken_back = self.state.take_back_claims(ctx, number, &gathered.withdrawn).await?;
        let claims = self.state.merge_claims(ctx, number, (merge, &gathered.claims), progress).await?;
        let objects = self.state.keep_intel_objects(ctx, number, &gathered.objects).await?;
        let city = self.city(ctx);
        let of_objects = gathered.objects.iter().filter_map(|object| concern::of_object(&city, object, &source.name));
        let concerns = gathered.concerns.iter().cloned().chain(of_objects).take(limits::CONCERNS_OF_RUN_MAX).collect();
        let findings = self.keep_concerns(ctx, concerns).await? as u64;
        // Counted here and not for each page that shows it: it goes through all claims.
        let listed = self.state.claims_count(ctx, number).await?;
        let brought = Brought { claims, taken_back, objects, findings, listed };
        if !brought.is_nothing() {
            let words = serde_json::to_string(&brought).unwrap_or_default();
            let deed = Deed::done("intel.bring", object_named("source", &source.name)).saying(words);
            self.state.record(ctx, &[deed]).await?;
        }
        Ok(brought)
    }

    /// Keeps what a run of a source left for the next one, and how the source does.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn keep_intel_run(
        &self,
        ctx: &OpContext,
        source: SourceNumber,
        (memory, health): (&str, &str),
    ) -> Result<(), OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        Ok(self.state.keep_intel_run(ctx, source, memory, health).await?)
    }

    /// Whether anybody brings intelligence.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn has_intelligence(&self, ctx: &OpContext) -> Result<bool, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        Ok(self.state.intel_sources(ctx).await?.iter().any(|source| source.removed.is_none()))
    }

    /// Everything that is known about a thing. The value may be written as people write it.
    ///
    /// # Errors
    /// When the context may not, the value is nothing that can be looked for, or the state refuses.
    pub async fn indicator(&self, ctx: &OpContext, value: &str) -> Result<IndicatorView, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        let (kind, value) = thing(value)?;
        let kept = self.state.claims_on(ctx, kind, &value).await?;
        let sources = self.state.intel_sources(ctx).await?;
        let weighed = if kept.is_empty() {
            None
        } else {
            Some(self.judge_of(ctx, &sources).await?.weigh(kind, &value, &kept.iter().collect::<Vec<_>>()))
        };
        let name = |number| sources.iter().find(|source| source.number == number).map(|source| source.name.clone());
        let claims = kept.into_iter().filter_map(|kept| Some((name(kept.source)?, kept))).collect();
        let sightings = self.state.sightings_on(ctx, kind, &value).await?;
        let id = model::IndicatorId::of(kind, &value).to_string();
        let findings = self.state.findings_of_analytic(ctx, &id, FINDINGS_SHOWN).await?;
        Ok(IndicatorView { kind, value, claims, weighed, sightings, findings })
    }

    /// Values of a kind that begin with a text.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn indicators_like(
        &self,
        ctx: &OpContext,
        asked: &IndicatorAsked<'_>,
    ) -> Result<Vec<(IndicatorKind, String)>, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        Ok(self.state.indicators_like(ctx, asked).await?)
    }

    /// Says that a thing was really seen, or that it is harmless. It counts for and against every source that claims it.
    ///
    /// # Errors
    /// When the context may not, the value is nothing that can be looked for, or the state refuses.
    pub async fn sight(&self, ctx: &OpContext, value: &str, is_false: bool, at: Timestamp) -> Result<(), OfficeError> {
        self.sight_marked(ctx, value, is_false, &Sighted { at, marking: Marking::default(), groups: &[] }).await
    }

    /// The same, with how far others may be told of it: peers are told at once, as far as the gate lets it.
    ///
    /// # Errors
    /// As [`Office::sight`], and when a group is not known, or shares less.
    pub async fn sight_marked(
        &self,
        ctx: &OpContext,
        value: &str,
        is_false: bool,
        sighted: &Sighted<'_>,
    ) -> Result<(), OfficeError> {
        self.may(ctx, Operation::IntelWrite).await?;
        let (kind, value) = thing(value)?;
        let groups = self.groups_named(ctx, sighted.groups, sighted.marking).await?;
        let operation = if is_false { "intel.false-alarm" } else { "intel.sighting" };
        let deed = Deed::done(operation, format!("indicator:{}", model::IndicatorId::of(kind, &value))).saying(&value);
        let at = sighted.at.min(ctx.now);
        let marking = kept_marking(sighted.marking, &groups);
        let origin = ctx.actor.clone();
        let sighting = NewSighting { kind, value, origin, is_false, times: 1, first: at, last: at, marking };
        let groups = groups.iter().map(ToString::to_string).collect();
        let learned = NewLearned { sighting, told: sighted.marking, groups, finding: None };
        self.learn(ctx, &[learned], &[deed]).await
    }

    /// Keeps what a decision about findings says of the indicators in them. The decision itself is in the ledger.
    pub(super) async fn learn_from(
        &self,
        ctx: &OpContext,
        findings: &[FindingId],
        verdict: Verdict,
    ) -> Result<(), OfficeError> {
        let is_false = match verdict {
            Verdict::FalsePositive => true,
            Verdict::Escalated => false,
            _ => return Ok(()),
        };
        let mut learned: Vec<NewLearned> = Vec::new();
        for id in findings {
            let Some(finding) = self.state.finding(ctx, *id).await? else { continue };
            let at = finding.detection.time.min(ctx.now);
            for reason in &finding.detection.because {
                let Reason::Indicator { indicator, value, .. } = reason else { continue };
                // Several sources and places name the same thing.
                let is_same = |known: &NewSighting| known.kind == *indicator && known.value == *value;
                if learned.iter().any(|known| is_same(&known.sighting)) {
                    continue;
                }
                let (kind, value, origin) = (*indicator, value.clone(), ctx.actor.clone());
                let marking = Marking::default();
                let sighting = NewSighting { kind, value, origin, is_false, times: 1, first: at, last: at, marking };
                learned.push(NewLearned { sighting, told: marking, groups: Vec::new(), finding: Some(*id) });
            }
        }
        if learned.is_empty() { Ok(()) } else { self.learn(ctx, &learned, &[]).await }
    }

    /// Objects of a type, by name, behind one.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn intel_objects(
        &self,
        ctx: &OpContext,
        kind: &str,
        after: (&str, &str),
        rows_max: usize,
    ) -> Result<Vec<IntelObject>, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        Ok(self.state.intel_objects(ctx, kind, after, rows_max).await?)
    }

    /// How many objects there are of each type.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn intel_object_counts(&self, ctx: &OpContext) -> Result<Vec<(String, u64)>, OfficeError> {
        self.may(ctx, Operation::IntelRead).await?;
        Ok(self.state.intel_object_counts(ctx).await?)
    }
}

/// What a detection says beside the thing that was seen. Its values stand in the city's own records and may name people: the subject is
/// taken for an account's name, too, since records do not say which it is.
pub(super) fn around(detection: &Detection) -> Around {
    let names = |attribute: &str| ["user", "actor", "account"].iter().any(|word| attribute.contains(word));
    let mut accounts: Vec<String> = detection.subject.iter().cloned().collect();
    for reason in &detection.because {
        match reason {
            Reason::Field { field: Some(field), value: Some(value), .. } if names(&field.to_lowercase()) => {
                accounts.push(value.clone());
            }
            Reason::Indicator { attribute, observed, .. } if names(attribute) => accounts.push(observed.clone()),
            _ => {}
        }
    }
    // An address names a machine; where it is the very thing that was seen, it cannot be left out.
    accounts.retain(|name| name.parse::<std::net::IpAddr>().is_err());
    accounts.sort();
    accounts.dedup();
    Around {
        title: detection.analytic.title.clone(),
        level: Some(detection.level),
        techniques: detection.analytic.techniques.clone(),
        machine: None,
        accounts,
    }
}

pub(super) fn source_of(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(String::new, ToString::to_string)
}

/// What people mean by a value.
fn thing(value: &str) -> Result<(IndicatorKind, String), OfficeError> {
    detect::indicators::infer(value).ok_or_else(|| {
        let shown: String = value.chars().take(80).collect();
        let hint = "an address, range, domain, URL, path, hash or e-mail address";
        OfficeError::Refused(format!("{shown:?} is nothing that can be looked for; hint: {hint}"))
    })
}
