//! Claims on one value from many sources become one confidence, a rank, and the answer to "may it detect, may it block?".
//!
//! Each claim counts stated confidence × credibility × weight of its source × what is left with time. Sources that repeat each
//! other are one voice ([`crate::voices`]) and no voice alone is believed beyond a cap; independent voices come together by
//! noisy-or, 1 − Π(1 − p). Lists of harmless things, false alarms and our own assets pull it back. Blocking asks for more than
//! detecting: enough confidence from voices that are known and whose marking allows it, two of them or a trusted one, no list,
//! and a passed blast check ([`crate::blast`]).
//!
//! The same evidence gives the same bytes, in whatever order it comes. All numbers are data (`rules.toml`, `[weigh]`).

mod claim;
mod reason;
#[cfg(test)]
mod tests;
mod voice;

use model::{Confidence, Explained, Level, SourceId, Timestamp, limits};
use serde::{Deserialize, Serialize};

pub use claim::{About, Claim, Evidence, ListEffect, Listed, Origin, Setting, Source};
pub use reason::WeighReason;

use crate::trust::{Caps, Outcome, count};
use crate::weight::Weight;
use crate::words::is_word_of;
use voice::{Voice, together, voices};

/// Days after which a sighting of an indicator is forgotten.
const SIGHTING_DAYS: u32 = 365;

/// What a sighting of it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detecting {
    /// It is not looked for.
    No,
    /// Sightings are counted and raise nothing.
    Count,
    /// A detection.
    Alert,
    /// Somebody lists what is ours: a finding about our own asset, whether it is seen in traffic or not.
    Targeted,
}

/// One voice in the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The source whose claim counts.
    pub source: SourceId,
    /// What it comes to.
    pub weight: Weight,
    /// What sort of source.
    pub origin: Origin,
}

/// What one indicator is worth here and now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    /// How sure we are.
    pub confidence: Confidence,
    /// How bad a sighting would be.
    pub level: Level,
    /// Where it stands among all, 0 to 1000: confidence, level and how much it concerns us.
    pub rank: u16,
    /// What a sighting leads to.
    pub detecting: Detecting,
    /// Whether it may be blocked, with the reasons for that alone.
    pub blocking: Explained<bool, WeighReason>,
    /// The own asset that it names.
    pub own_asset: Option<String>,
    /// Independent voices, the strongest first.
    pub voices: Vec<Share>,
}

/// Weighs everything that is known about one value.
pub fn weigh(evidence: &Evidence<'_>, setting: &Setting<'_>, now: Timestamp) -> Explained<Weighed, WeighReason> {
    let claims = in_order(evidence.claims);
    let sighted = evidence.feedback.iter().filter(|one| one.outcome == Outcome::Confirmed && one.at <= now);
    let sighted = sighted.map(|one| one.at).max();
    let spoken = voices(&claims, evidence.kind, sighted, setting, now);
    let mut because = spoken.because;
    let found = together(spoken.value.iter().map(|voice| voice.weight));
    if spoken.value.len() > 1 {
        because.push(WeighReason::Together { voices: spoken.value.len(), comes_to: found });
    }
    let left = sightings_left(evidence, setting, now, &mut because);
    let mut confidence = found.times(left);
    let effect = listed(evidence, &mut because);
    if effect >= Some(ListEffect::Cap) {
        confidence = confidence.at_most(Weight::of_percent(setting.rules.listed_max_percent));
    }
    let level = level(evidence, &spoken.value, found, effect, setting, &mut because);
    let rank = rank(confidence, level, evidence, &spoken.value, setting, &mut because);
    let confidence = confidence.confidence();
    let detecting = detecting(evidence, &spoken.value, confidence, effect, setting, &mut because);
    let blocking = blocking(evidence, &claims, (sighted, left), setting, now);
    let voices = spoken.value.iter();
    let voices = voices.map(|v| Share { source: v.source.clone(), weight: v.weight, origin: v.origin }).collect();
    let own_asset = evidence.own_asset.map(str::to_owned);
    Explained { value: Weighed { confidence, level, rank, detecting, blocking, own_asset, voices }, because }
}

/// The claims in an order that does not depend on how they came, the surest first; too many are cut.
fn in_order(claims: &[Claim]) -> Vec<&Claim> {
    let mut claims: Vec<&Claim> = claims.iter().collect();
    claims.sort_by(|a, b| {
        let sure = b.stated.cmp(&a.stated).then(b.vouched.cmp(&a.vouched)).then(b.level.cmp(&a.level));
        let named = sure.then_with(|| (&a.source, &a.label).cmp(&(&b.source, &b.label)));
        let rest =
            |claim: &Claim| (claim.credibility, claim.until, claim.withdrawn, claim.marking.tlp, claim.marking.pap);
        named.then_with(|| rest(a).cmp(&rest(b)))
    });
    claims.truncate(limits::WEIGH_CLAIMS_MAX);
    claims
}

/// What false alarms leave of the confidence: (n + confirmed) / (n + confirmed + false), n the confirmations it starts with.
fn sightings_left(
    evidence: &Evidence<'_>,
    setting: &Setting<'_>,
    now: Timestamp,
    because: &mut Vec<WeighReason>,
) -> Weight {
    let rules = setting.rules;
    let caps = Caps {
        per_person_and_day: rules.sightings_per_person,
        per_person: rules.sightings_per_person,
        in_all: rules.sightings_counted,
        window_days: SIGHTING_DAYS,
    };
    let counted = count(evidence.feedback, caps, now);
    let good = f64::from(rules.sightings_prior) + counted.confirmed;
    let left = Weight::nearest(good / (good + counted.false_alarms));
    if counted.confirmed + counted.false_alarms > 0.0 {
        let (confirmed, false_alarms) = (counted.confirmed, counted.false_alarms);
        because.push(WeighReason::Sightings { confirmed, false_alarms, left });
    }
    left
}

/// The strongest effect of the lists that name it.
fn listed(evidence: &Evidence<'_>, because: &mut Vec<WeighReason>) -> Option<ListEffect> {
    let mut lists: Vec<_> = evidence.listed.iter().collect();
    lists.sort_by(|a, b| b.cmp(a));
    lists.dedup();
    because.extend(lists.iter().map(|one| WeighReason::Listed { list: one.list.clone(), effect: one.effect }));
    lists.first().map(|one| one.effect)
}

/// The highest level behind which a good share of the confidence stands.
fn level(
    evidence: &Evidence<'_>,
    voices: &[Voice<'_>],
    found: Weight,
    effect: Option<ListEffect>,
    setting: &Setting<'_>,
    because: &mut Vec<WeighReason>,
) -> Level {
    let needed = found.times(setting.rules.level_share);
    let behind = |level: &Level| together(voices.iter().map(|voice| voice.at_level(*level))) >= needed;
    let level = Level::ALL.into_iter().rev().find(behind).unwrap_or(Level::Informational);
    let who = voices.iter().find(|voice| voice.at_level(level) > Weight::ZERO);
    because.extend(who.map(|voice| WeighReason::LevelOf { level, source: voice.source.clone() }));
    match evidence.own_asset {
        // Somebody has to look today, whatever lists say about our addresses.
        Some(_) if !voices.is_empty() => level.max(Level::Medium),
        _ if effect >= Some(ListEffect::Cap) => Level::Informational,
        _ => level,
    }
}

/// A part of what a claim is about, and what it is worth that it is ours.
type Topic = (fn(&About) -> &[String], Weight);

/// Confidence × level × how much it concerns us, as a share of the most that is possible.
fn rank(
    confidence: Weight,
    level: Level,
    evidence: &Evidence<'_>,
    voices: &[Voice<'_>],
    setting: &Setting<'_>,
    because: &mut Vec<WeighReason>,
) -> u16 {
    let rules = setting.rules;
    let abouts = || voices.iter().flat_map(|voice| &voice.claims).map(|(_, claim)| &claim.about);
    let topics: [Topic; 3] = [
        (|about| &about.sectors, rules.sector_bonus),
        (|about| &about.regions, rules.region_bonus),
        (|about| &about.technologies, rules.technology_bonus),
    ];
    let (mut factor, mut most) = (1.0, 1.0);
    for (of, bonus) in topics {
        most += bonus.get();
        let is_ours =
            |word: &&String| of(setting.city).iter().any(|own| is_word_of(own, word) || is_word_of(word, own));
        // The least word, so that the reason does not depend on whose claim comes first.
        let met = abouts().flat_map(of).filter(is_ours).min();
        if let Some(what) = met {
            factor += bonus.get();
            because.push(WeighReason::Concerns { what: what.clone(), bonus });
        }
    }
    if evidence.own_asset.is_some() {
        factor = most;
    }
    let badness = f64::from(level.severity_id()) / f64::from(Level::Critical.severity_id());
    (1_000.0 * confidence.get() * badness * factor / most).round() as u16
}

fn detecting(
    evidence: &Evidence<'_>,
    voices: &[Voice<'_>],
    confidence: Confidence,
    effect: Option<ListEffect>,
    setting: &Setting<'_>,
    because: &mut Vec<WeighReason>,
) -> Detecting {
    let needed = setting.rules.detect_percent;
    if voices.is_empty() {
        because.push(WeighReason::NothingLeft);
        return Detecting::No;
    }
    if let Some(asset) = evidence.own_asset {
        because.push(WeighReason::OwnAsset { asset: asset.to_owned() });
        return Detecting::Targeted;
    }
    if confidence.percent() < needed {
        because.push(WeighReason::TooUnsure { is: confidence, needed });
        return Detecting::No;
    }
    match effect {
        Some(ListEffect::Refuse) => Detecting::No,
        Some(ListEffect::Count) => Detecting::Count,
        Some(ListEffect::Cap | ListEffect::Label) | None => Detecting::Alert,
    }
}

/// Whether it may be blocked. Only voices that are known and whose marking allows it count; all others are as if they had
/// said nothing, so that whatever they told stays unnoticed.
fn blocking(
    evidence: &Evidence<'_>,
    claims: &[&Claim],
    (sighted, left): (Option<Timestamp>, Weight),
    setting: &Setting<'_>,
    now: Timestamp,
) -> Explained<bool, WeighReason> {
    let rules = setting.rules;
    let is_known =
        |claim: &&Claim| setting.sources.get(&claim.source).is_some_and(|source| source.origin != Origin::Anonymous);
    let known: Vec<&Claim> = claims.iter().copied().filter(is_known).collect();
    let open: Vec<&Claim> = known.iter().copied().filter(|claim| claim.marking.pap.allows_blocking()).collect();
    let strictest = known.iter().map(|claim| claim.marking.pap).max().unwrap_or_default();
    let spoken = voices(&open, evidence.kind, sighted, setting, now).value;
    let confidence = together(spoken.iter().map(|voice| voice.weight)).times(left).confidence();
    let is_heard = |voice: &&Voice<'_>| voice.weight.confidence().percent() >= rules.voice_percent;
    let heard = spoken.iter().filter(is_heard).count();
    let trusted = spoken.iter().find(|voice| voice.origin == Origin::Trusted);

    let mut against = Vec::new();
    if known.is_empty() && !claims.is_empty() {
        against.push(WeighReason::OnlyAnonymous);
    }
    if confidence.percent() < rules.block_percent {
        against.push(WeighReason::TooUnsure { is: confidence, needed: rules.block_percent });
    }
    if heard < rules.block_voices && trusted.is_none() {
        against.push(WeighReason::TooFewVoices { voices: heard, needed: rules.block_voices });
    }
    if !against.is_empty() && open.len() < known.len() {
        against.push(WeighReason::Marked { pap: strictest });
    }
    listed(evidence, &mut against);
    against.extend(evidence.own_asset.map(|asset| WeighReason::OwnAsset { asset: asset.to_owned() }));
    match evidence.blast {
        None => against.push(WeighReason::NotBlastChecked),
        Some(check) if !check.value => {
            against.extend(check.because.iter().map(|because| WeighReason::Blast { because: because.clone() }));
            if check.because.is_empty() {
                against.push(WeighReason::NotBlastChecked);
            }
        }
        Some(_) => {}
    }
    if !against.is_empty() {
        return Explained { value: false, because: against };
    }
    let mut because = vec![WeighReason::AllHold { voices: heard }];
    because.extend(trusted.map(|voice| WeighReason::TrustedSource { source: voice.source.clone() }));
    Explained { value: true, because }
}
