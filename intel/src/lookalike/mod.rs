//! Look-alikes of the city's names and domains, in feeds of new domains and certificates.
//!
//! A candidate is compared with every brand at once: its labels are read as a person reads them ([`skeleton`]: scripts,
//! accents, `rn` for `m`), looked up among the brands' own skeletons, searched for names with bait beside them ("login", "tax"),
//! and, where length and letters allow it at all, compared slip by slip ([`slip`]). So a million candidates against some dozen
//! brands take seconds. Scores, lengths and bait are data (`lookalike.toml`).
//!
//! Names that are the city's own or were allowed are never look-alikes, nor is anything below them. Short names and names that
//! are words anyway are only told when nothing else can be meant.
//!
//! Deliberately absent: what stands on the page, who registered it, translations of a name.

mod judge;
mod skeleton;
mod slip;
mod target;
#[cfg(test)]
mod tests;

use std::fmt;

use model::{Explained, limits};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::rules::{RulesError, laid_over};
use target::Targets;

const BUILT_IN: &str = include_str!("lookalike.toml");

/// Whether a name means nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distinctness {
    /// Whoever writes it means the city.
    #[default]
    Distinct,
    /// It is a word or another's name too (Reading, Essen, Victoria): only told when nothing else can be meant.
    Common,
}

/// What is protected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    /// Its name, as people write it: `Musterstadt`, `City of Springfield`, the name of a service.
    pub name: String,
    /// Its domains. They are the city's own, and so is all below them.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Whether the name means nothing else.
    #[serde(default)]
    pub distinctness: Distinctness,
}

/// How a look-alike is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Technique {
    /// The whole own domain stands inside another: `stadt.example.evil.test`.
    EmbeddedDomain,
    /// Letters of other scripts, or with accents.
    Homoglyph,
    /// ASCII that looks alike: `rn` for `m`, `0` for `o`.
    HomoglyphAscii,
    /// A look-alike of the name with bait beside it.
    LookalikeAndBait,
    /// The name with bait beside it.
    Combosquat,
    /// Hyphens more or fewer.
    Hyphenation,
    /// Two letters changed places.
    Transposition,
    /// A letter is missing.
    Omission,
    /// A letter stands twice.
    Doubling,
    /// The key beside was hit.
    KeyboardSlip,
    /// One bit in memory or on the wire fell over.
    BitFlip,
    /// A vowel for another.
    VowelSwap,
    /// The same name under another suffix.
    TldSwap,
    /// A letter for any other.
    Replacement,
    /// A letter more.
    Addition,
    /// Two slips in a long name.
    TwoSlips,
    /// The name and digits.
    WithDigits,
    /// The name as a label in front of another's domain.
    Subdomain,
    /// The name inside another.
    Contains,
}

impl Technique {
    /// In words that follow "it is".
    pub const fn words(self) -> &'static str {
        match self {
            Technique::EmbeddedDomain => "the whole domain inside another's",
            Technique::Homoglyph => "the same to the eye, with letters of another script or with accents",
            Technique::HomoglyphAscii => "the same to the eye, with letters that look alike",
            Technique::LookalikeAndBait => "a look-alike of the name with a word that lures",
            Technique::Combosquat => "the name with a word that lures",
            Technique::Hyphenation => "the name with other hyphens",
            Technique::Transposition => "the name with two letters exchanged",
            Technique::Omission => "the name without one letter",
            Technique::Doubling => "the name with a letter doubled",
            Technique::KeyboardSlip => "the name with the key beside hit",
            Technique::BitFlip => "the name with one bit flipped",
            Technique::VowelSwap => "the name with another vowel",
            Technique::TldSwap => "the same name under another suffix",
            Technique::Replacement => "the name with another letter",
            Technique::Addition => "the name with one letter more",
            Technique::TwoSlips => "the name with two slips",
            Technique::WithDigits => "the name with digits",
            Technique::Subdomain => "the name in front of another's domain",
            Technique::Contains => "another name with ours inside",
        }
    }
}

/// Why something is a look-alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LookReason {
    /// How it is made.
    Made {
        /// The part of the candidate, as people read it.
        part: String,
        /// The name that it looks like.
        like: String,
        /// How.
        technique: Technique,
    },
    /// A word beside it that lures.
    Bait {
        /// The word.
        word: String,
    },
    /// It is written with these letters in truth.
    InTruth {
        /// The label as the DNS has it.
        label: String,
    },
    /// It stands in front of a domain that is somebody else's.
    Below {
        /// The registered domain.
        domain: String,
    },
}

impl fmt::Display for LookReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookReason::Made { part, like, technique } => write!(f, "{part:?} is {}: {like}", technique.words()),
            LookReason::Bait { word } => write!(f, "beside it stands {word:?}, which lures"),
            LookReason::InTruth { label } => write!(f, "in truth it is {label:?}"),
            LookReason::Below { domain } => write!(f, "whatever stands there belongs to {domain:?}"),
        }
    }
}

/// A candidate that looks like a brand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookalike {
    /// The candidate in its normal form.
    pub domain: String,
    /// The domain that somebody registered for it.
    pub registered: String,
    /// The brand's name.
    pub brand: String,
    /// How it is made.
    pub technique: Technique,
    /// How surely it is meant to mislead, 0 to 100.
    pub score: u8,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scores {
    embedded_domain: u8,
    homoglyph: u8,
    homoglyph_ascii: u8,
    lookalike_and_bait: u8,
    combosquat: u8,
    hyphenation: u8,
    transposition: u8,
    omission: u8,
    doubling: u8,
    keyboard_slip: u8,
    bit_flip: u8,
    vowel_swap: u8,
    tld_swap: u8,
    replacement: u8,
    addition: u8,
    two_slips: u8,
    with_digits: u8,
    subdomain: u8,
    contains: u8,
    in_subdomain: u8,
    bait_beside: u8,
    report: u8,
}

impl Scores {
    fn of(&self, technique: Technique) -> u8 {
        match technique {
            Technique::EmbeddedDomain => self.embedded_domain,
            Technique::Homoglyph => self.homoglyph,
            Technique::HomoglyphAscii => self.homoglyph_ascii,
            Technique::LookalikeAndBait => self.lookalike_and_bait,
            Technique::Combosquat => self.combosquat,
            Technique::Hyphenation => self.hyphenation,
            Technique::Transposition => self.transposition,
            Technique::Omission => self.omission,
            Technique::Doubling => self.doubling,
            Technique::KeyboardSlip => self.keyboard_slip,
            Technique::BitFlip => self.bit_flip,
            Technique::VowelSwap => self.vowel_swap,
            Technique::TldSwap => self.tld_swap,
            Technique::Replacement => self.replacement,
            Technique::Addition => self.addition,
            Technique::TwoSlips => self.two_slips,
            Technique::WithDigits => self.with_digits,
            Technique::Subdomain => self.subdomain,
            Technique::Contains => self.contains,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Guards {
    distinct_letters: usize,
    slip_letters: usize,
    any_letter_letters: usize,
    two_slips_letters: usize,
    contained_letters: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bait {
    words: Vec<String>,
    #[serde(default)]
    more: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    scores: Scores,
    guards: Guards,
    bait: Bait,
}

/// Why brands were not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrandError {
    /// The table of scores and words.
    #[error("scores and words of look-alikes")]
    Table(#[from] RulesError),
    /// What is said to be an own or an allowed domain is none.
    #[error("{0:?} is no domain")]
    NotADomain(String),
    /// A public suffix as an own domain would make the whole of it ours.
    #[error("{0:?} is a public suffix, not somebody's domain")]
    PublicSuffix(String),
    /// A name without letters that a domain could have.
    #[error("the name {0:?} has no letters that a domain could have; hint: give it in Latin letters")]
    NoName(String),
    /// Too many.
    #[error("more than {} names or {} allowed domains", limits::BRAND_NAMES_MAX, limits::BRAND_ALLOWED_MAX)]
    TooMany,
}

/// Brands, ready to be compared with candidates.
pub struct Brands {
    table: Table,
    names: Vec<String>,
    targets: Targets,
    /// Own and allowed domains.
    spared: FxHashSet<String>,
}

impl Brands {
    /// From brands, domains that are allowed, and a user's table over the built-in one (may be empty).
    ///
    /// # Errors
    /// When a domain or a name is none, there are too many, or the table cannot be used.
    pub fn new(brands: &[Brand], allowed: &[String], table: &str) -> Result<Self, BrandError> {
        let table: Table = laid_over(BUILT_IN, table)?;
        let names: usize = brands.iter().map(|brand| 1 + brand.domains.len()).sum();
        if names > limits::BRAND_NAMES_MAX || allowed.len() > limits::BRAND_ALLOWED_MAX {
            return Err(BrandError::TooMany);
        }
        let mut spared = FxHashSet::default();
        for domain in allowed {
            spared.insert(target::domain(domain)?);
        }
        for brand in brands {
            for domain in &brand.domains {
                spared.insert(target::domain(domain)?);
            }
        }
        let bait = table.bait.words.iter().chain(&table.bait.more);
        let targets = Targets::new(brands, bait, table.guards.contained_letters)?;
        let names = brands.iter().map(|brand| brand.name.clone()).collect();
        Ok(Brands { table, names, targets, spared })
    }

    /// Compares one candidate; the most telling resemblance, if there is one.
    pub fn find(&self, candidate: &str) -> Option<Explained<Lookalike, LookReason>> {
        judge::judge(self, candidate)
    }

    /// Whether a domain is our own or allowed, itself or by what it stands below.
    fn is_spared(&self, domain: &str) -> bool {
        let mut rest = Some(domain);
        while let Some(name) = rest {
            if self.spared.contains(name) {
                return true;
            }
            rest = name.split_once('.').map(|(_, parent)| parent);
        }
        false
    }
}
