//! What is cleared, as JSON. Only here do shared things become bytes.

use model::{Confidence, IndicatorKind, Level, Marking, Month, Timestamp};
use serde::{Serialize, Serializer};

use super::item::{About, Handling, Item, Tally};
use super::{Cleared, GroupId};

#[derive(Serialize)]
struct WrittenHandling<'a> {
    #[serde(flatten)]
    marking: Marking,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<&'a GroupId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    submitter: Option<&'a str>,
}

impl<'a> From<&'a Handling> for WrittenHandling<'a> {
    fn from(handling: &'a Handling) -> Self {
        WrittenHandling {
            marking: handling.marking,
            groups: handling.groups.iter().collect(),
            until: handling.until,
            submitter: handling.submitter.as_deref(),
        }
    }
}

/// What something is about.
#[derive(Serialize)]
struct WrittenAbout<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<IndicatorKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    month: Option<Month>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

impl<'a> From<&'a About> for WrittenAbout<'a> {
    fn from(about: &'a About) -> Self {
        let (kind, month) = match about {
            About::Indicator(kind, _) | About::Sighting(kind, _) => (Some(*kind), None),
            About::Technique(month, _) => (None, Some(*month)),
            About::Report => (None, None),
        };
        WrittenAbout { kind, month, value: Some(about.value()).filter(|value| !value.is_empty()) }
    }
}

#[derive(Serialize)]
struct WrittenItem<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    type_name: &'static str,
    #[serde(flatten)]
    about: WrittenAbout<'a>,
    #[serde(flatten)]
    handling: WrittenHandling<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<Confidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    techniques: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl Serialize for Cleared<Item> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let item = &self.item;
        let type_name = match &item.about {
            About::Indicator(..) => "indicator",
            About::Sighting(..) => "sighting",
            About::Technique(..) => "technique",
            About::Report => "report",
        };
        let written = WrittenItem {
            id: &item.id,
            type_name,
            about: (&item.about).into(),
            handling: (&item.handling).into(),
            label: item.label.as_deref(),
            confidence: item.confidence,
            level: item.level,
            first_seen: item.first_seen,
            last_seen: item.last_seen,
            count: item.count,
            techniques: &item.techniques,
            machine: item.machine.as_deref(),
            accounts: item.accounts.iter().map(|account| account.0.as_str()).collect(),
            title: item.title.as_deref(),
            text: item.text.as_deref(),
        };
        written.serialize(serializer)
    }
}

#[derive(Serialize)]
struct WrittenTally<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    type_name: &'static str,
    #[serde(flatten)]
    about: WrittenAbout<'a>,
    #[serde(flatten)]
    handling: WrittenHandling<'a>,
    organisations: u32,
    #[serde(skip_serializing_if = "is_nothing")]
    sightings: u64,
}

fn is_nothing(number: &u64) -> bool {
    *number == 0
}

impl Serialize for Cleared<Tally> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tally = &self.item;
        let written = WrittenTally {
            id: &tally.id,
            type_name: "tally",
            about: (&tally.seen).into(),
            handling: (&tally.handling).into(),
            organisations: tally.organisations,
            sightings: tally.sightings,
        };
        written.serialize(serializer)
    }
}
