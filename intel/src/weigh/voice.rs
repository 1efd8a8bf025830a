//! From claims to voices: what each source says now, and who speaks with one mouth.

use std::collections::BTreeMap;

use model::{Explained, IndicatorKind, Level, SourceId, Timestamp};

use super::claim::{Claim, Origin, Setting, Source};
use super::reason::WeighReason;
use crate::weight::Weight;

/// Less than this is nothing: it keeps rounding out of the sums.
const NOTHING: f64 = 1e-6;

/// What one voice comes to.
#[derive(Clone, Debug)]
pub(super) struct Voice<'a> {
    /// The source whose claim counts.
    pub(super) source: &'a SourceId,
    pub(super) origin: Origin,
    /// Of the strongest claim, under the cap.
    pub(super) weight: Weight,
    /// All claims of the voice that still count for something.
    pub(super) claims: Vec<(Weight, &'a Claim)>,
}

impl Voice<'_> {
    /// What the voice comes to for that level or a higher one.
    pub(super) fn at_level(&self, level: Level) -> Weight {
        let claims = self.claims.iter().filter(|(_, claim)| claim.level >= level);
        claims.map(|(weight, _)| *weight).fold(Weight::ZERO, |a, b| if b > a { b } else { a }).at_most(self.weight)
    }
}

/// The voices of a value, the strongest first, and the reasons.
pub(super) fn voices<'a>(
    claims: &[&'a Claim],
    kind: IndicatorKind,
    sighted: Option<Timestamp>,
    setting: &Setting<'_>,
    now: Timestamp,
) -> Explained<Vec<Voice<'a>>, WeighReason> {
    let mut because = Vec::new();
    // Whoever is not known speaks with one mouth: a hundred reports cost an attacker nothing.
    let mut by_voice: BTreeMap<Option<&SourceId>, Vec<(Weight, &'a Claim)>> = BTreeMap::new();
    for claim in claims {
        if let Some(reason) = ended(claim, now) {
            because.push(reason);
            continue;
        }
        let source = known(&claim.source, setting);
        let (weight, reason) = worth(claim, kind, source, sighted, (setting, now));
        because.push(reason);
        if weight.get() >= NOTHING {
            let is_known = source.origin != Origin::Anonymous;
            let voice = is_known.then(|| setting.voices.of(&claim.source));
            by_voice.entry(voice).or_default().push((weight, claim));
        }
    }
    let mut found: Vec<Voice<'a>> =
        by_voice.into_values().filter_map(|claims| speak(claims, setting, &mut because)).collect();
    found.sort_by(|a, b| b.weight.get().total_cmp(&a.weight.get()).then_with(|| a.source.cmp(b.source)));
    Explained { value: found, because }
}

fn known(source: &SourceId, setting: &Setting<'_>) -> Source {
    let stranger = Source { weight: Weight::of_percent(50), origin: Origin::Anonymous };
    setting.sources.get(source).copied().unwrap_or(stranger)
}

fn ended(claim: &Claim, now: Timestamp) -> Option<WeighReason> {
    let source = claim.source.clone();
    if let Some(at) = claim.withdrawn.filter(|at| *at <= now) {
        return Some(WeighReason::Withdrawn { source, at });
    }
    claim.until.filter(|at| *at <= now).map(|at| WeighReason::Ended { source, at })
}

/// Stated confidence × credibility × weight of the source × what is left with time.
fn worth(
    claim: &Claim,
    kind: IndicatorKind,
    source: Source,
    sighted: Option<Timestamp>,
    (setting, now): (&Setting<'_>, Timestamp),
) -> (Weight, WeighReason) {
    let left = setting.decay.left((kind, &claim.label), claim.vouched, sighted, now);
    let credibility = claim.credibility.map(|credibility| Weight::of_percent(credibility.percent()));
    let stated = Weight::from(claim.stated).times(credibility.unwrap_or(Weight::ONE));
    let comes_to = stated.times(source.weight).times(left.value);
    let reason = WeighReason::Said {
        source: claim.source.clone(),
        label: claim.label.clone(),
        stated: claim.stated,
        credibility,
        trust: source.weight,
        decay: left.because,
        comes_to,
    };
    (comes_to, reason)
}

/// One voice says what its surest claim says, and no more than one voice may.
fn speak<'a>(
    mut claims: Vec<(Weight, &'a Claim)>,
    setting: &Setting<'_>,
    because: &mut Vec<WeighReason>,
) -> Option<Voice<'a>> {
    claims.sort_by(|(a, left), (b, right)| {
        let sure = b.get().total_cmp(&a.get()).then(right.level.cmp(&left.level));
        sure.then_with(|| (&left.source, &left.label).cmp(&(&right.source, &right.label)))
    });
    let (weight, first) = *claims.first()?;
    let mut others: Vec<SourceId> =
        claims.iter().map(|(_, claim)| claim.source.clone()).filter(|source| *source != first.source).collect();
    others.sort();
    others.dedup();
    // Trust is the right of the source itself, not of whoever repeats it: but if any of them is trusted, it said so, too.
    let is_trusted = |(weight, claim): &(Weight, &Claim)| {
        known(&claim.source, setting).origin == Origin::Trusted
            && weight.confidence().percent() >= setting.rules.voice_percent
    };
    let origin = if claims.iter().any(is_trusted) { Origin::Trusted } else { known(&first.source, setting).origin };
    let is_anonymous = origin == Origin::Anonymous;
    if !others.is_empty() {
        because.push(WeighReason::OneVoice { sources: others, counts: first.source.clone() });
    }
    let rules = setting.rules;
    let most = Weight::of_percent(if is_anonymous { rules.anonymous_max_percent } else { rules.one_voice_max_percent });
    if weight > most {
        because.push(match is_anonymous {
            true => WeighReason::AnonymousCapped { most },
            false => WeighReason::VoiceCapped { source: first.source.clone(), most },
        });
    }
    Some(Voice { source: &first.source, origin, weight: weight.at_most(most), claims })
}

/// What independent voices come to together: noisy-or, 1 − Π(1 − p).
pub(super) fn together(weights: impl Iterator<Item = Weight>) -> Weight {
    let mut doubt: Vec<f64> = weights.map(|weight| 1.0 - weight.get()).collect();
    // The order of a product of floats shows in its last digit.
    doubt.sort_by(f64::total_cmp);
    Weight::nearest(1.0 - doubt.into_iter().product::<f64>())
}
