//! Threat intelligence from outside, in one plain form.
//!
//! Feeds come in a dozen formats and say much the same: this value belongs to that attack, we are so sure, you may pass it on so
//! far. A reader here takes the bytes of one answer or file and hands [`Item`]s to a sink, one by one, as it meets them:
//! [`Claimed`] for what can be looked for, [`Known`] for all else. A record that cannot be read is an `Err` that names record and
//! reason; the rest goes on. What a reader holds beside the bytes is an index of ids at most, never a second copy.
//!
//! | reader | standard |
//! |---|---|
//! | [`stix`] | STIX 2.1 (OASIS, 10 June 2021) and 2.0, bundles and TAXII 2.1 envelopes; ATT&CK's bundles and its compact extract |
//! | [`misp`] | MISP core format: feeds' manifest, events, hashes; answers of `restSearch` |
//! | [`list`](mod@list) | CSV, TSV, plain lists and hosts files, by a mapping of columns |
//! | [`kev`], [`csaf`] | CISA's catalogue of exploited vulnerabilities; CSAF 2.0 (OASIS, 18 November 2022) |
//! | [`leak`], [`breach`] | posts of leak sites; the range format of Have I Been Pwned |
//! | [`names`] | domains that are new: lists, and names in certificates (Certificate Transparency) as JSON |
//! | [`nmap`], [`nuclei`] | findings of the city's own tests |
//! | [`taxii`] | resources and envelopes of TAXII 2.1, for the client |
//!
//! [`check_stix`] and [`check_csaf`] judge a document instead of reading it.
//!
//! Deliberately absent: fetching (`connect`), normal forms of values (`detect::indicators`), lowering of patterns and weighing
//! of claims (`intel`). Values are handed on as the feed wrote them, without the blanks round them.

pub mod breach;
pub mod check;
pub mod csaf;
pub mod kev;
pub mod leak;
pub mod list;
pub mod misp;
pub mod names;
pub mod nmap;
pub mod nuclei;
pub mod stix;
pub mod taxii;

mod known;
pub(crate) mod object;
mod statements;
pub(crate) mod walk;

#[cfg(test)]
mod testing;

use model::{Confidence, Grade, IndicatorKind, Level, Marking, Timestamp};

use crate::Trouble;

pub use check::{Fault, Judgement, PatternCheck, Severity, check_csaf, check_stix};
pub use known::{
    Advisory, BreachHash, BreachOf, Entity, EntityKind, Known, LeakPost, NewName, OwnFinding, Product, ProductState,
    Relation, Sighting, SightingNature, Vulnerability,
};

/// One thing out of a feed.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a list has millions of claims and none of the others: a box each costs more"
)]
pub enum Item {
    /// Something that can be looked for.
    Claimed(Claimed),
    /// Something that helps to understand.
    Known(Box<Known>),
}

/// A record that could not be read, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {}", trouble.detail)]
pub struct Refused {
    /// Which record: its line, or its number from 1 and its id.
    pub place: String,
    /// What is wrong with it.
    pub trouble: Trouble,
}

/// Takes what a reader finds, in the order of the bytes.
pub type Sink<'s> = dyn FnMut(Result<Item, Refused>) + 's;

/// What a reader met, for the feed's health.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records in the bytes: lines, objects, attributes.
    pub records: u64,
    /// Items that the sink got.
    pub items: u64,
    /// Notes that the sink got.
    pub refused: u64,
    /// Older versions of objects that the same bytes hold in a newer one; they are left out.
    pub superseded: u64,
}

/// Something that a feed says can be looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claimed {
    /// What to look for.
    pub what: What,
    /// Whether the feed stands by it.
    pub standing: Standing,
    /// What the feed calls it, for example `malware/emotet`.
    pub label: String,
    /// How sure the feed says it is.
    pub confidence: Option<Confidence>,
    /// How it was graded by the Admiralty code.
    pub grade: Option<Grade>,
    /// How bad a sighting would be.
    pub level: Option<Level>,
    /// When it was first seen.
    pub first_seen: Option<Timestamp>,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
    /// From when it counts.
    pub valid_from: Option<Timestamp>,
    /// From when it does not count any more.
    pub valid_until: Option<Timestamp>,
    /// When the feed last changed what it says.
    pub modified: Option<Timestamp>,
    /// How far it may travel, as far as its markings are known; `None` when it carries none that is.
    pub marking: Option<Marking>,
    /// Markings that mean nothing here. What they allow is not guessed: the caller decides what becomes of such a claim.
    pub unknown_markings: Vec<String>,
    /// The feed's own name of it.
    pub id: Option<String>,
    /// Ids of ATT&CK techniques, `T1059.001`.
    pub techniques: Vec<String>,
    /// Phases of kill chains, `chain/phase`.
    pub phases: Vec<String>,
    /// Actors, malware and campaigns that it belongs to.
    pub names: Vec<Named>,
    /// The feed's labels and types, as it writes them.
    pub tags: Vec<String>,
    /// The beginning of the feed's own words about it.
    pub description: String,
}

/// What a claim is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A value; where the feed says which kind, that is a hint, and only a value of that kind is meant.
    Value {
        /// What the feed says it is.
        kind: Option<IndicatorKind>,
        /// As the feed writes it, possibly defanged.
        value: String,
    },
    /// A pattern or rule in a language: `stix`, `sigma`, `yara`, `snort`, …
    Pattern {
        /// Its name in small letters.
        language: String,
        /// Its text.
        text: String,
    },
    /// A value of a sort that nothing here looks for, such as a registry key.
    Other {
        /// The feed's name of the sort.
        sort: String,
        /// As the feed writes it.
        value: String,
    },
}

impl Default for What {
    fn default() -> Self {
        What::Value { kind: None, value: String::new() }
    }
}

/// Whether a feed stands by what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It does: look for it.
    #[default]
    Current,
    /// It is told for understanding, not for detection: a mere observation, or `to_ids` false.
    Context,
    /// It was revoked or deleted.
    Withdrawn,
}

/// Somebody or something with a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// What it is.
    pub kind: EntityKind,
    /// Its name.
    pub name: String,
}

/// Counts what goes to a sink.
struct Counted<'a, 's> {
    sink: &'a mut Sink<'s>,
    tally: Tally,
}

impl<'a, 's> Counted<'a, 's> {
    fn new(sink: &'a mut Sink<'s>) -> Self {
        Counted { sink, tally: Tally::default() }
    }

    fn claimed(&mut self, claimed: Claimed) {
        self.tally.items += 1;
        (self.sink)(Ok(Item::Claimed(claimed)));
    }

    fn known(&mut self, known: Known) {
        self.tally.items += 1;
        (self.sink)(Ok(Item::Known(Box::new(known))));
    }

    fn refused(&mut self, place: impl Into<String>, trouble: Trouble) {
        self.tally.refused += 1;
        (self.sink)(Err(Refused { place: place.into(), trouble }));
    }
}
