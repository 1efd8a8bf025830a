//! What tags and galaxies say: markings, grades, confidence, techniques, names.
//!
//! Tags are machine tags, `namespace:predicate="value"` (MISP taxonomies); galaxies write theirs as `misp-galaxy:KIND="NAME"`.

use model::limits::{INTEL_LIST_MAX, INTEL_NAME_BYTES_MAX};
use model::{Confidence, Credibility, Grade, Marking, Pap, Reliability, Tlp};
use serde_json::{Map, Value};

use crate::intel::object::{Object, cut};
use crate::intel::{EntityKind, Named};

/// What all tags of one thing say together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tags {
    pub(super) marking: Option<Marking>,
    pub(super) unknown_markings: Vec<String>,
    pub(super) reliability: Option<Reliability>,
    pub(super) credibility: Option<Credibility>,
    pub(super) confidence: Option<Confidence>,
    pub(super) techniques: Vec<String>,
    pub(super) phases: Vec<String>,
    pub(super) names: Vec<Named>,
    /// All tags as they stand there.
    pub(super) words: Vec<String>,
}

/// The numbers of MISP's taxonomies `misp` (`confidence-level`) and `estimative-language` (`confidence-in-analytic-judgment`).
const CONFIDENCE: [(&str, u8); 10] = [
    ("misp:confidence-level=\"completely-confident\"", 100),
    ("misp:confidence-level=\"usually-confident\"", 75),
    ("misp:confidence-level=\"fairly-confident\"", 50),
    ("misp:confidence-level=\"rarely-confident\"", 25),
    ("misp:confidence-level=\"unconfident\"", 0),
    ("misp:confidence-level=\"confidence-cannot-be-evalued\"", 50),
    ("estimative-language:confidence-in-analytic-judgment=\"high\"", 95),
    ("estimative-language:confidence-in-analytic-judgment=\"moderate\"", 55),
    ("estimative-language:confidence-in-analytic-judgment=\"low\"", 5),
    ("circl:significance=\"unconfirmed\"", 25),
];

/// The tags and galaxies of an event, object or attribute.
pub(super) fn of(object: &mut Object<'_>) -> Tags {
    let mut tags = Tags::default();
    for name in ["Tag", "EventTag", "AttributeTag"] {
        for tag in object.objects(name).take(INTEL_LIST_MAX) {
            // An `EventTag` holds the tag one level deeper.
            let inner = tag.get("Tag").and_then(Value::as_object).unwrap_or(tag);
            if let Some(name) = inner.get("name").and_then(Value::as_str) {
                tags.add(cut(name.trim(), INTEL_NAME_BYTES_MAX));
            }
        }
    }
    for galaxy in object.objects("Galaxy").take(INTEL_LIST_MAX) {
        let clusters = galaxy.get("GalaxyCluster").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        clusters.iter().filter_map(Value::as_object).take(INTEL_LIST_MAX).for_each(|cluster| tags.cluster(cluster));
    }
    tags.sorted()
}

impl Tags {
    /// Both together: the stricter marking, and of all else what the inner thing says, where it says something.
    pub(super) fn and(mut self, inner: Tags) -> Tags {
        self.marking = match (self.marking, inner.marking) {
            (Some(outer), Some(inner)) => Some(outer.and(inner)),
            (outer, inner) => outer.or(inner),
        };
        self.reliability = inner.reliability.or(self.reliability);
        self.credibility = inner.credibility.or(self.credibility);
        self.confidence = inner.confidence.or(self.confidence);
        self.unknown_markings.extend(inner.unknown_markings);
        self.techniques.extend(inner.techniques);
        self.phases.extend(inner.phases);
        self.names.extend(inner.names);
        self.words.extend(inner.words);
        self.sorted()
    }

    /// The Admiralty grade; a half of it that is not there cannot be judged.
    pub(super) fn grade(&self) -> Option<Grade> {
        let is_graded = self.reliability.is_some() || self.credibility.is_some();
        is_graded.then(|| Grade {
            reliability: self.reliability.unwrap_or_default(),
            credibility: self.credibility.unwrap_or_default(),
        })
    }

    fn sorted(mut self) -> Tags {
        for list in [&mut self.unknown_markings, &mut self.techniques, &mut self.phases, &mut self.words] {
            list.sort();
            list.dedup();
        }
        self.names.sort();
        self.names.dedup();
        self
    }

    fn add(&mut self, tag: &str) {
        let small = tag.to_ascii_lowercase();
        if small.starts_with("tlp:") {
            self.mark(tag, small.parse::<Tlp>().ok().map(|tlp| Marking { tlp, pap: Pap::default() }));
        } else if small.starts_with("pap:") {
            self.mark(tag, small.parse::<Pap>().ok().map(|pap| Marking { tlp: Tlp::Clear, pap }));
        } else if let Some(letter) = value_of(&small, "admiralty-scale:source-reliability=") {
            self.reliability =
                format!("{letter}6").parse::<Grade>().ok().map(|grade| grade.reliability).or(self.reliability);
        } else if let Some(number) = value_of(&small, "admiralty-scale:information-credibility=") {
            self.credibility =
                number.parse::<u8>().ok().and_then(|n| Credibility::try_from(n).ok()).or(self.credibility);
        } else if let Some((_, percent)) = CONFIDENCE.iter().find(|(known, _)| *known == small) {
            self.confidence = Confidence::new(*percent);
        } else if let Some((chain, phase)) =
            small.strip_prefix("kill-chain:").and_then(|rest| rest.split_once('=').or(Some(("", rest))))
        {
            let chain = if chain.is_empty() { "kill-chain" } else { chain };
            self.phases.push(format!("{chain}/{}", phase.trim_matches('"')));
        } else if let Some(rest) = tag.get(12..).filter(|_| small.starts_with("misp-galaxy:"))
            && let Some((kind, name)) = rest.split_once('=')
        {
            self.galaxy(kind, name.trim_matches('"'));
        }
        self.words.push(tag.to_owned());
    }

    /// A PAP alone leaves the TLP unstated, which is not open.
    fn mark(&mut self, tag: &str, marking: Option<Marking>) {
        let is_tlp = tag.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("tlp:"));
        let Some(marking) = marking else {
            self.unknown_markings.push(tag.to_owned());
            return;
        };
        let has_tlp =
            self.words.iter().any(|word| word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("tlp:")));
        self.marking = Some(match self.marking {
            None if is_tlp => marking,
            None => Marking { tlp: Tlp::UNSTATED, ..marking },
            // The TLP so far was what stands in for a missing one.
            Some(so_far) if is_tlp && !has_tlp => Marking { tlp: marking.tlp, ..so_far },
            Some(so_far) => so_far.and(marking),
        });
    }

    /// A cluster of a galaxy: its tag says what it is, its data the id in ATT&CK.
    fn cluster(&mut self, cluster: &Map<String, Value>) {
        let text = |name: &str| cluster.get(name).and_then(Value::as_str).map(|text| cut(text, INTEL_NAME_BYTES_MAX));
        if let Some(tag) = text("tag_name") {
            self.add(tag);
        } else if let (Some(kind), Some(value)) = (text("type"), text("value")) {
            self.galaxy(kind, value);
        }
    }

    fn galaxy(&mut self, kind: &str, name: &str) {
        let kind = kind.to_ascii_lowercase();
        let (plain, attack_id) = split_attack_id(name);
        if kind.contains("attack-pattern") {
            self.techniques.extend(attack_id.map(str::to_owned));
            return;
        }
        let entity = match kind.as_str() {
            _ if kind.contains("intrusion-set") => EntityKind::Actor,
            "threat-actor" | "microsoft-activity-group" | "360net-threat-actor" => EntityKind::Actor,
            _ if kind.starts_with("mitre-") && kind.ends_with("malware") => EntityKind::Malware,
            "malpedia" | "ransomware" | "banker" | "rat" | "botnet" | "stealer" | "backdoor" | "cryptominers"
            | "android" | "exploit-kit" => EntityKind::Malware,
            "tool" => EntityKind::Tool,
            _ if kind.starts_with("mitre-") && kind.ends_with("tool") => EntityKind::Tool,
            "campaigns" | "mitre-campaign" => EntityKind::Campaign,
            _ => return,
        };
        self.names.push(Named { kind: entity, name: plain.to_owned() });
    }
}

fn value_of<'t>(tag: &'t str, prefix: &str) -> Option<&'t str> {
    tag.strip_prefix(prefix).map(|value| value.trim_matches('"'))
}

/// `APT28 - G0007` into name and id.
fn split_attack_id(name: &str) -> (&str, Option<&str>) {
    let Some((plain, id)) = name.rsplit_once(" - ") else {
        return (name, Some(name).filter(|name| is_attack_id(name)));
    };
    if is_attack_id(id) { (plain, Some(id)) } else { (name, None) }
}

/// A letter, four digits, and for sub-techniques a dot and three.
fn is_attack_id(text: &str) -> bool {
    let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut letters = whole.chars();
    matches!(letters.next(), Some('T' | 'G' | 'S' | 'C' | 'M'))
        && digits(letters.as_str(), 4)
        && part.is_none_or(|part| digits(part, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(names: &[&str]) -> Tags {
        let mut tags = Tags::default();
        names.iter().for_each(|name| tags.add(name));
        tags.sorted()
    }

    #[test]
    fn markings() {
        let check = |names: &[&str], expected: Option<(Tlp, Pap)>| {
            let found = tags(names).marking.map(|marking| (marking.tlp, marking.pap));
            assert_eq!(found, expected, "{names:?}");
        };
        check(&["tlp:white"], Some((Tlp::Clear, Pap::Clear)));
        check(&["TLP:AMBER+STRICT", "PAP:RED"], Some((Tlp::AmberStrict, Pap::Red)));
        check(&["PAP:GREEN", "tlp:clear"], Some((Tlp::Clear, Pap::Green)));
        check(&["PAP:GREEN"], Some((Tlp::UNSTATED, Pap::Green)));
        check(&["tlp:green", "tlp:red"], Some((Tlp::Red, Pap::Clear)));
        check(&["tlp:ex:chr"], None);
        assert_eq!(tags(&["tlp:ex:chr"]).unknown_markings, ["tlp:ex:chr"]);
        let event = tags(&["tlp:green"]).and(tags(&["tlp:amber"]));
        assert_eq!(event.marking.map(|marking| marking.tlp), Some(Tlp::Amber), "the stricter of both");
    }

    #[test]
    fn grades_and_confidence() {
        let found =
            tags(&["admiralty-scale:source-reliability=\"b\"", "admiralty-scale:information-credibility=\"2\""]);
        assert_eq!(found.grade().map(|grade| grade.to_string()).as_deref(), Some("B2"));
        let half = tags(&["admiralty-scale:source-reliability=\"a\""]);
        assert_eq!(half.grade().map(|grade| grade.to_string()).as_deref(), Some("A6"));
        let sure = tags(&["misp:confidence-level=\"usually-confident\""]);
        assert_eq!(sure.confidence.map(Confidence::percent), Some(75));
        assert_eq!(tags(&["admiralty-scale:source-reliability=\"x\""]).grade(), None);
    }

    #[test]
    fn galaxies() {
        let found = tags(&[
            "misp-galaxy:mitre-attack-pattern=\"Spearphishing Attachment - T1193\"",
            "misp-galaxy:mitre-enterprise-attack-attack-pattern=\"PowerShell - T1059.001\"",
            "misp-galaxy:threat-actor=\"Sofacy\"",
            "misp-galaxy:mitre-intrusion-set=\"APT28 - G0007\"",
            "misp-galaxy:malpedia=\"Emotet\"",
            "misp-galaxy:sector=\"Government\"",
            "kill-chain:Delivery",
        ]);
        assert_eq!(found.techniques, ["T1059.001", "T1193"]);
        let names: Vec<&str> = found.names.iter().map(|named| named.name.as_str()).collect();
        assert_eq!(names, ["APT28", "Sofacy", "Emotet"]);
        assert_eq!(found.phases, ["kill-chain/delivery"]);
        assert_eq!(found.words.len(), 7);
    }
}
