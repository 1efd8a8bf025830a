//! What an agency's claims are worth: everything that weighing asks for, read once, and then asked for each indicator.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use detect::suppress::{Effect, Suppression};
use intel::blast::{BlastReason, Traffic};
use intel::decay::DecayModel;
use intel::rules::Rules;
use intel::trust::{Feedback, Outcome, Trust, TrustReason, trust};
use intel::voices::Voices;
use intel::weigh::{About, Claim, Evidence, ListEffect, Listed, Origin, Setting, Source, WeighReason, Weighed, weigh};
use model::{
    AgencyId, Confidence, Credibility, Explained, Grade, Indicator, IndicatorKind, Level, Marking, OpContext, SourceId,
    Timestamp, limits,
};
use serde::{Deserialize, Serialize};
use store::state::{IntelSource, KeptClaim, Sightings, SourceNumber, State, StateError};

use super::city::City;
use super::concern::{self, Concern};
use super::gather::SourceDefaults;
use super::health::SourceHealth;
use crate::office::{PEER_ORIGIN, source_name};

/// Whether what a source claims is shared with peers, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharedAs {
    /// Ours: its marking says how far it goes.
    Own,
    /// It was given to us: its marking says how far we may pass it on.
    Given,
}

/// What an agency has decided about a source; part of its configuration, whose other keys are for whoever asks the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceTerms {
    /// How reliable it is.
    #[serde(default)]
    pub grade: Grade,
    /// Somebody decided that it may make us block alone.
    #[serde(default)]
    pub is_trusted: bool,
    /// Nobody knows who speaks: it blocks nothing.
    #[serde(default)]
    pub is_anonymous: bool,
    /// How far what it says may travel, where it does not say so.
    #[serde(default)]
    pub marking: Marking,
    /// How bad a sighting is, where it does not say so.
    #[serde(default)]
    pub level: Option<Level>,
    /// How sure it is, where it does not say so.
    #[serde(default)]
    pub confidence: Option<Confidence>,
    /// Whether it is shared; it is not, when that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedAs>,
}

impl SourceTerms {
    /// Those of a source; one whose configuration cannot be read is ungraded.
    pub fn of(source: &IntelSource) -> Self {
        serde_json::from_str(&source.config).unwrap_or_default()
    }

    /// What claims are given that say nothing themselves.
    pub fn defaults(&self) -> SourceDefaults {
        let defaults = SourceDefaults::default();
        SourceDefaults {
            level: self.level.unwrap_or(defaults.level),
            confidence: self.confidence.unwrap_or(defaults.confidence),
            marking: self.marking,
        }
    }

    fn origin(&self) -> Origin {
        match (self.is_anonymous, self.is_trusted) {
            (true, _) => Origin::Anonymous,
            (false, true) => Origin::Trusted,
            (false, false) => Origin::Known,
        }
    }
}

/// What is the same for all questions of an installation.
#[derive(Clone, Default)]
pub struct JudgeSetting {
    /// The numbers.
    pub rules: Rules,
    /// How claims grow old.
    pub decay: DecayModel,
    /// What the city is, and what is ours. The office puts in that of the agency that asks.
    pub city: Arc<City>,
    /// Lists of harmless things.
    pub suppression: Arc<Suppression>,
    /// What past traffic says, for agencies where somebody looked.
    pub traffic: BTreeMap<AgencyId, Arc<Traffic>>,
}

/// How far back judged sightings count: the longest window of the rules.
const FEEDBACK_DAYS: u64 = 400;

/// Weighs indicators of one agency, as things were when it was made.
pub struct Judge {
    setting: JudgeSetting,
    sources: BTreeMap<SourceId, Source>,
    trusts: BTreeMap<SourceId, Explained<Trust, TrustReason>>,
    names: HashMap<SourceNumber, (SourceId, Option<Timestamp>)>,
    voices: Voices,
    repeats: BTreeMap<SourceId, String>,
    feedback: HashMap<(IndicatorKind, String), Vec<Feedback>>,
    traffic: Option<Arc<Traffic>>,
    /// Whether the city has words that labels are searched for.
    has_words: bool,
    now: Timestamp,
}

impl Judge {
    /// Reads what became of earlier claims of the agency's sources.
    ///
    /// # Errors
    /// When the state refuses or holds nonsense.
    pub async fn new(
        state: &State,
        ctx: &OpContext,
        sources: &[IntelSource],
        setting: JudgeSetting,
    ) -> Result<Self, StateError> {
        let since = ctx.now.minus(Duration::from_secs(FEEDBACK_DAYS * 86_400));
        let mut feedback: HashMap<(IndicatorKind, String), Vec<Feedback>> = HashMap::new();
        for sighting in state.sightings_since(ctx, since, limits::FEEDBACK_MAX).await? {
            let said = said(&sighting);
            feedback.entry((sighting.kind, sighting.value)).or_default().extend(said);
        }
        let mut of_source: HashMap<SourceNumber, Vec<Feedback>> = HashMap::new();
        for (source, sighting) in state.claimed_sightings_since(ctx, since, limits::FEEDBACK_MAX).await? {
            // Nobody vouches for themselves: what a peer says it saw says nothing of how good its word is.
            let of_peer = sighting.origin.strip_prefix(PEER_ORIGIN).map(source_name);
            let is_own = |known: &&IntelSource| known.number == source && of_peer.as_deref() == Some(&known.name);
            if of_peer.is_some() && sources.iter().any(|known| is_own(&known)) {
                continue;
            }
            of_source.entry(source).or_default().extend(said(&sighting));
        }
        let (mut names, mut trusts, mut known) = (HashMap::new(), BTreeMap::new(), BTreeMap::new());
        for source in sources {
            let Ok(name) = SourceId::parse(&source.name) else { continue };
            let terms = SourceTerms::of(source);
            let said = of_source.remove(&source.number).unwrap_or_default();
            let judged = trust(terms.grade.reliability, &said, &setting.rules.trust, ctx.now);
            known.insert(name.clone(), Source { weight: judged.value.weight, origin: terms.origin() });
            names.insert(source.number, (name.clone(), SourceHealth::of(source).last_success));
            trusts.insert(name, judged);
        }
        let (mut voices, mut repeats) = (Voices::default(), BTreeMap::new());
        for voice in state.voices(ctx).await? {
            let name = |number| names.get(&number).map(|(name, _): &(SourceId, _)| name);
            if let (Some(source), Some(spokesman)) = (name(voice.source), name(voice.spokesman)) {
                voices.join(source, spokesman);
                repeats.insert(source.clone(), voice.why);
            }
        }
        let traffic = setting.traffic.get(&ctx.agency).cloned();
        let has_words = setting.city.about != About::default();
        let (sources, now) = (known, ctx.now);
        Ok(Judge { setting, sources, trusts, names, voices, repeats, feedback, traffic, has_words, now })
    }

    /// Why a source is no voice of its own, if it is none.
    pub fn repeats(&self, source: &SourceId) -> Option<&str> {
        self.repeats.get(source).map(String::as_str)
    }

    /// How sure a source has to be, in percent, for detectors to look.
    pub fn detect_percent(&self) -> u8 {
        self.setting.rules.weigh.detect_percent
    }

    /// What a source is worth, and why.
    pub fn trust_in(&self, source: &SourceId) -> Option<&Explained<Trust, TrustReason>> {
        self.trusts.get(source)
    }

    /// Weighs all claims on one thing.
    pub fn weigh(&self, kind: IndicatorKind, value: &str, kept: &[&KeptClaim]) -> Explained<Weighed, WeighReason> {
        let sources: Vec<SourceId> =
            kept.iter().filter_map(|kept| Some(self.names.get(&kept.source)?.0.clone())).collect();
        let rules = &self.setting.rules.blast;
        let blast = self.traffic.as_ref().map(|traffic| traffic.may_block((kind, value), &sources, rules));
        self.weigh_with((kind, value), kept, blast.as_ref())
    }

    fn weigh_with(
        &self,
        (kind, value): (IndicatorKind, &str),
        kept: &[&KeptClaim],
        blast: Option<&Explained<bool, BlastReason>>,
    ) -> Explained<Weighed, WeighReason> {
        let claims: Vec<Claim> = kept.iter().filter_map(|kept| self.claim(kept)).collect();
        let listed = self.listed(kind, value);
        let own = self.setting.city.own.covers(kind, value);
        let known = if self.feedback.is_empty() { None } else { self.feedback.get(&(kind, value.to_owned())) };
        let feedback = known.map_or(&[][..], Vec::as_slice);
        let evidence = Evidence { kind, value, claims: &claims, feedback, listed: &listed, own_asset: own, blast };
        let setting = Setting {
            sources: &self.sources,
            voices: &self.voices,
            decay: &self.setting.decay,
            city: &self.setting.city.about,
            rules: &self.setting.rules.weigh,
        };
        weigh(&evidence, &setting, self.now)
    }

    fn claim(&self, kept: &KeptClaim) -> Option<Claim> {
        let (source, last_success) = self.names.get(&kept.source)?;
        let claim = &kept.claim;
        // A source vouches for what it lists until it lists it no more, unless it says itself when it saw it.
        let vouched = claim.seen.or(kept.gone).or(*last_success).unwrap_or(kept.changed);
        let credibility = (claim.credibility != Credibility::Unknown).then_some(claim.credibility);
        Some(Claim {
            source: source.clone(),
            label: claim.label.clone(),
            stated: claim.confidence,
            credibility,
            level: claim.level,
            vouched,
            until: claim.until,
            withdrawn: None,
            marking: claim.marking,
            about: self.about(&claim.label),
        })
    }

    /// What a claim is about, as far as its label says it.
    fn about(&self, label: &str) -> About {
        if self.has_words { self.setting.city.about_of(label) } else { About::default() }
    }

    /// What of ours these claims list, if it is worth a finding: see [`concern::of_listed`].
    pub fn concern(&self, kept: &[(usize, KeptClaim)]) -> Option<Concern> {
        let (_, first) = kept.first()?;
        let (kind, value) = (first.claim.kind, first.claim.value.as_str());
        self.setting.city.own.covers(kind, value)?;
        let claims: Vec<&KeptClaim> = kept.iter().map(|(_, kept)| kept).collect();
        let weighed = self.weigh(kind, value, &claims);
        if weighed.value.detecting != intel::weigh::Detecting::Targeted {
            return None;
        }
        let named: Vec<(String, &KeptClaim)> =
            claims.iter().filter_map(|kept| Some((self.names.get(&kept.source)?.0.to_string(), *kept))).collect();
        concern::of_listed(&weighed, (kind, value), &named, self.now)
    }

    fn listed(&self, kind: IndicatorKind, value: &str) -> Vec<Listed> {
        let named = self.setting.suppression.named(kind, value);
        let effect = |effect| match effect {
            Effect::Label => ListEffect::Label,
            Effect::Cap => ListEffect::Cap,
            Effect::Silence => ListEffect::Count,
        };
        named.into_iter().map(|(list, what)| Listed { effect: effect(what), list }).collect()
    }

    /// What detectors are to know of a thing: each source's claim, as sure as it still is, at the level that counts; nothing when it is
    /// not worth looking for.
    pub fn indicators(&self, kept: &[(usize, KeptClaim)]) -> Vec<Indicator> {
        let Some((_, first)) = kept.first() else { return Vec::new() };
        let (kind, value) = (first.claim.kind, first.claim.value.as_str());
        let claims: Vec<&KeptClaim> = kept.iter().map(|(_, kept)| kept).collect();
        // Whether it may be blocked does not matter to detectors.
        let weighed = self.weigh_with((kind, value), &claims, None).value;
        if weighed.detecting == intel::weigh::Detecting::No {
            return Vec::new();
        }
        let indicator = |kept: &&KeptClaim| {
            let (source, _) = self.names.get(&kept.source)?;
            let share = weighed.voices.iter().find(|share| share.source == *source);
            Some(Indicator {
                kind,
                value: value.to_owned(),
                label: kept.claim.label.clone(),
                // Whoever is a voice of their own counts as that; whoever repeats another one is as sure as all together.
                confidence: share.map_or(weighed.confidence, |share| share.weight.confidence()),
                level: weighed.level,
                source: source.to_string(),
                seen: kept.claim.seen,
            })
        };
        claims.iter().take(limits::INDICATOR_CLAIMS_MAX).filter_map(indicator).collect()
    }
}

/// What somebody decided about a thing on one day.
fn said(sighting: &Sightings) -> impl Iterator<Item = Feedback> + use<> {
    let outcome = if sighting.is_false { Outcome::FalseAlarm } else { Outcome::Confirmed };
    let one = Feedback { at: sighting.last, outcome, by: sighting.origin.clone() };
    // What one person says of one day counts a few times at most, so more need not be held.
    let times = usize::try_from(sighting.times).unwrap_or(usize::MAX).min(16);
    std::iter::repeat_n(one, times)
}
