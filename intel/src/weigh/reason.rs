//! Why an indicator is worth what it is worth, in sentences.

use std::fmt;

use model::{Confidence, Level, Pap, SourceId, Timestamp};
use serde::{Deserialize, Serialize};

use super::claim::ListEffect;
use crate::blast::BlastReason;
use crate::decay::DecayReason;
use crate::weight::Weight;

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum WeighReason {
    /// A source says so.
    Said {
        /// Who.
        source: SourceId,
        /// What it calls it.
        label: String,
        /// How sure it is.
        stated: Confidence,
        /// How credible that is, where somebody graded it.
        credibility: Option<Weight>,
        /// What the source is worth.
        trust: Weight,
        /// What is left with time, and why.
        decay: Vec<DecayReason>,
        /// What comes of it.
        comes_to: Weight,
    },
    /// A source takes it back.
    Withdrawn {
        /// Who.
        source: SourceId,
        /// When.
        at: Timestamp,
    },
    /// A source let it end.
    Ended {
        /// Who.
        source: SourceId,
        /// When.
        at: Timestamp,
    },
    /// Several sources are one voice.
    OneVoice {
        /// All but the one that counts.
        sources: Vec<SourceId>,
        /// The one that counts.
        counts: SourceId,
    },
    /// One voice alone is not believed further.
    VoiceCapped {
        /// Who.
        source: SourceId,
        /// The cap.
        most: Weight,
    },
    /// Unknown voices are not believed further.
    AnonymousCapped {
        /// The cap.
        most: Weight,
    },
    /// Independent voices together.
    Together {
        /// How many.
        voices: usize,
        /// What they come to.
        comes_to: Weight,
    },
    /// Sightings here.
    Sightings {
        /// Confirmed.
        confirmed: f64,
        /// False.
        false_alarms: f64,
        /// What is left.
        left: Weight,
    },
    /// A list of harmless things names it.
    Listed {
        /// The list.
        list: String,
        /// What it does.
        effect: ListEffect,
    },
    /// It is ours.
    OwnAsset {
        /// What of ours.
        asset: String,
    },
    /// It concerns us.
    Concerns {
        /// The sector, region or technology.
        what: String,
        /// What it adds to the rank.
        bonus: Weight,
    },
    /// The level that counts.
    LevelOf {
        /// The level.
        level: Level,
        /// Whose it is.
        source: SourceId,
    },
    /// Nobody says anything, or nothing is left of it.
    NothingLeft,
    /// Not sure enough.
    TooUnsure {
        /// How sure.
        is: Confidence,
        /// How sure it has to be.
        needed: u8,
    },
    /// The marking forbids it.
    Marked {
        /// The strictest marking among those whose voice is needed.
        pap: Pap,
    },
    /// Too few voices.
    TooFewVoices {
        /// How many.
        voices: usize,
        /// How many it takes.
        needed: usize,
    },
    /// Only people who are not known say so.
    OnlyAnonymous,
    /// The blast check has not been made.
    NotBlastChecked,
    /// The blast check said no.
    Blast {
        /// Why.
        because: BlastReason,
    },
    /// Somebody decided that this source may make us block alone.
    TrustedSource {
        /// Who.
        source: SourceId,
    },
    /// All conditions hold.
    AllHold {
        /// Voices that agree.
        voices: usize,
    },
}

impl fmt::Display for WeighReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use WeighReason::*;
        match self {
            Said { source, label, stated, credibility, trust, decay, comes_to } => {
                write!(f, "{source} calls it {label:?}, {} % sure", stated.percent())?;
                if let Some(credibility) = credibility {
                    write!(f, ", credibility {credibility}")?;
                }
                write!(f, ", and weighs {trust}")?;
                decay.iter().try_for_each(|reason| write!(f, "; {reason}"))?;
                write!(f, "; that comes to {comes_to}")
            }
            Withdrawn { source, at } => write!(f, "{source} took it back at {at}"),
            Ended { source, at } => write!(f, "{source} let it end at {at}"),
            OneVoice { sources, counts } => {
                let names: Vec<&str> = sources.iter().map(SourceId::as_str).collect();
                write!(f, "{} say the same as {counts} and count as one voice with it", names.join(", "))
            }
            VoiceCapped { source, most } => write!(f, "{source} alone is not believed further than {most}"),
            AnonymousCapped { most } => write!(f, "people who are not known are not believed further than {most}"),
            Together { voices, comes_to } => write!(f, "{voices} independent voices come to {comes_to}"),
            Sightings { confirmed, false_alarms, left } => {
                write!(f, "confirmed sightings here: {confirmed:.0}, false alarms: {false_alarms:.0}; {left} is left")
            }
            Listed { list, effect } => write!(f, "{list} names it as harmless: {}", effect_text(*effect)),
            OwnAsset { asset } => write!(f, "it is our own: {asset}; somebody has to look, nothing is blocked"),
            Concerns { what, bonus } => write!(f, "concerns us: {what}, rank up by {bonus}"),
            LevelOf { level, source } => write!(f, "level {level}, says {source}"),
            NothingLeft => f.write_str("nobody vouches for it any more"),
            TooUnsure { is, needed } => write!(f, "{} % sure, {needed} % are needed", is.percent()),
            Marked { pap } => write!(f, "marked {pap}: the attacker must not notice"),
            TooFewVoices { voices, needed } => {
                let noun = if *voices == 1 { "voice" } else { "voices" };
                write!(f, "{voices} independent {noun}, {needed} are needed, or a trusted one")
            }
            OnlyAnonymous => f.write_str("only people who are not known say so"),
            NotBlastChecked => f.write_str("not yet tried on past traffic"),
            Blast { because } => write!(f, "tried on past traffic: {because}"),
            TrustedSource { source } => write!(f, "{source} is trusted to block alone"),
            AllHold { voices } => write!(f, "sure enough, by {voices} voices, on no list, and tried on past traffic"),
        }
    }
}

fn effect_text(effect: ListEffect) -> &'static str {
    match effect {
        ListEffect::Label => "said, and never blocked",
        ListEffect::Cap => "confidence and level capped",
        ListEffect::Count => "only counted",
        ListEffect::Refuse => "never an indicator",
    }
}
