//! The one way into a peer's collection (invariant 5).

use formats::release::Producer;
use formats::release::stix::{
    SharedTechnique, SharedThing, Sighted, shared_indicator, shared_sighting, shared_technique,
};
use intel::release::{About, Cleared, Item, PeerPolicy, Refused, Tally, clear};
use model::{IndicatorKind, Marking, Month, Timestamp};
use serde_json::{Value, json};
use store::state::{LearnedNumber, NewDeparture, NewObject, Outgoing, Peer, Released, Told};
use uuid::Uuid;

use super::groups::GroupDocument;
use super::words::{kept_in, let_out};

/// Stands before one peer. What it holds in the end was cleared for that peer, by its policy, at that moment.
pub struct Gate {
    policy: PeerPolicy,
    producer: Producer,
    now: Timestamp,
    out: Outgoing,
}

/// What goes with an item that a policy knows nothing of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// When it changed; now, when that is not said. What did not change since has left before, and does not leave again.
    pub changed: Option<Timestamp>,
    /// It was taken back since: the peer is told of it anew.
    pub is_again: bool,
    /// Its number among what was learned, from which the id of a sighting follows: however often it is gone through, it leaves once.
    pub number: Option<LearnedNumber>,
}

/// What is going to leave, as it is written down.
struct Leaving {
    what: &'static str,
    about: String,
    objects: Option<Vec<Value>>,
    why: Vec<String>,
    thing: Option<(IndicatorKind, String)>,
    released: Option<Released>,
}

impl Gate {
    /// Before a peer. `secret` makes ids that say nothing about us, and are others for each peer.
    pub fn new(peer: Peer, policy: PeerPolicy, (name, secret): (&str, &[u8; 32]), now: Timestamp) -> Self {
        let unique = blake3::keyed_hash(secret, peer.number.to_string().as_bytes()).to_hex().to_string();
        let shown = match policy.submitter {
            intel::release::SubmitterRule::NameWithConsent => name,
            intel::release::SubmitterRule::Hide => "an agency",
        };
        Gate { producer: Producer::new(shown, &unique), policy, now, out: Outgoing::to(peer) }
    }

    /// By what is decided.
    pub fn policy(&self) -> &PeerPolicy {
        &self.policy
    }

    /// For whom.
    pub fn peer(&self) -> &Peer {
        &self.out.peer
    }

    /// Whether an item may go there; nothing goes, and nothing is counted.
    pub fn lets(&self, item: Item) -> bool {
        clear(item, &self.policy, self.now).is_ok()
    }

    /// An indicator, a sighting, or that a technique was seen: out if it may, counted if not. Says whether it may.
    pub fn item(&mut self, item: Item, standing: Standing) -> bool {
        let what = what_of(&item.about);
        let handling = item.handling.clone();
        match clear(item, &self.policy, self.now) {
            Ok(cleared) => {
                let why = let_out(&handling, &self.policy, cleared.changes());
                self.leave(&cleared, standing, why);
                true
            }
            Err(refused) => {
                self.refuse(what, &refused);
                false
            }
        }
    }

    /// A count over organisations.
    pub fn tally(&mut self, tally: Tally) {
        let handling = tally.handling.clone();
        let organisations = tally.organisations;
        match clear(tally, &self.policy, self.now) {
            Ok(cleared) => {
                let why = let_out(&handling, &self.policy, cleared.changes());
                self.leave_tally(&cleared, organisations, why);
            }
            Err(refused) => self.refuse("tally", &refused),
        }
    }

    /// A group's document as it is since `changed`: `item` is what it may be cleared by, a report without words under the group's marking.
    pub fn document(&mut self, item: Item, document: &GroupDocument, changed: Timestamp) {
        let handling = item.handling.clone();
        let cleared = match clear(item, &self.policy, self.now) {
            Ok(cleared) => cleared,
            Err(refused) => return self.refuse("group", &refused),
        };
        let leaving = Leaving {
            what: "group",
            about: format!("group {}, version {}", document.membership.group, document.membership.version),
            objects: Some(vec![document.object(changed)]),
            why: let_out(&handling, &self.policy, cleared.changes()),
            thing: None,
            released: None,
        };
        self.push(leaving, &cleared);
    }

    /// Takes back what the peer was told of, with no word that it was not told: only what has left can be taken back.
    pub fn take_back(&mut self, told: &Told) {
        let thing = SharedThing { is_revoked: true, ..bare((told.kind, &told.value), told.marking, self.now) };
        let leaving = Leaving {
            what: "revocation",
            about: about(told.kind, &told.value),
            objects: shared_indicator(&self.producer, &thing),
            why: vec!["what the peer was told is taken back: nothing is left by which it may be there".to_owned()],
            thing: Some((told.kind, told.value.clone())),
            released: None,
        };
        self.write(leaving, told.marking, true);
    }

    /// The peer was perhaps told of this, and it may not be there any more: it has to be looked at.
    pub fn doubt(&mut self, kind: IndicatorKind, value: String) {
        self.out.doubted.push((kind, value));
    }

    /// Whether there is something to be looked at.
    pub fn is_doubting(&self) -> bool {
        !self.out.doubted.is_empty()
    }

    /// This was looked at, and stands.
    pub fn settle(&mut self, told: Told) {
        self.out.settled.push((told.kind, told.value));
    }

    /// Counts something that nobody even asked the gate for.
    pub fn not_agreed(&mut self, what: &'static str, times: u64) {
        if times > 0 {
            self.count(what, format!("{what}s do not go to this peer"), times);
        }
    }

    /// How far things were gone through, as text of whoever does that.
    pub fn shared(&mut self, upto: String) {
        self.out.shared = Some(upto);
    }

    /// All that leaves, and what does not.
    pub fn finish(self) -> Outgoing {
        self.out
    }

    fn leave(&mut self, cleared: &Cleared<Item>, standing: Standing, why: Vec<String>) {
        let Some(item) = cleared.item(self.now) else { return };
        let (about, thing, objects) = match &item.about {
            About::Indicator(kind, value) => {
                let thing = told_of(item, (*kind, value), self.changed(standing));
                (about(*kind, value), Some((*kind, value.clone())), shared_indicator(&self.producer, &thing))
            }
            About::Sighting(kind, value) => {
                let thing = told_of(item, (*kind, value), self.changed(standing));
                let text = words_of(item, &cleared.pseudonyms(self.now));
                let objects = self.sighting(item, &thing, standing, text.as_deref());
                (about(*kind, value), Some((*kind, value.clone())), objects)
            }
            About::Technique(month, technique) => {
                let told = self.technique((*month, technique), item.handling.marking, None);
                (about_technique(*month, technique), None, told)
            }
            About::Report => return,
        };
        let what = what_of(&item.about);
        self.push(Leaving { what, about, objects, why, thing, released: None }, cleared);
    }

    /// As of when a thing is told.
    fn changed(&self, standing: Standing) -> Timestamp {
        standing.changed.filter(|_| !standing.is_again).unwrap_or(self.now)
    }

    fn sighting(
        &self,
        item: &Item,
        thing: &SharedThing<'_>,
        standing: Standing,
        text: Option<&str>,
    ) -> Option<Vec<Value>> {
        let id = standing.number.map_or_else(Uuid::new_v4, |number| {
            Uuid::new_v5(&self.producer.id, format!("learned:{number}").as_bytes())
        });
        let sighted = Sighted {
            id,
            first_seen: item.first_seen,
            last_seen: item.last_seen,
            count: item.count,
            text,
            said: standing.changed.unwrap_or(self.now),
        };
        shared_sighting(&self.producer, thing, &sighted)
    }

    fn technique(
        &self,
        (month, technique): (Month, &str),
        marking: Marking,
        organisations: Option<u32>,
    ) -> Option<Vec<Value>> {
        let told = SharedTechnique { technique, month, marking, organisations, said: self.now };
        shared_technique(&self.producer, &told)
    }

    fn leave_tally(&mut self, cleared: &Cleared<Tally>, organisations: u32, why: Vec<String>) {
        let Some(tally) = cleared.item(self.now) else { return };
        let marking = tally.handling.marking;
        let leaving = match &tally.seen {
            About::Sighting(kind, value) | About::Indicator(kind, value) => {
                let text = format!("seen by {} organisations", tally.organisations);
                // One for each organisation: how often each of them has seen it is theirs to say.
                let count = Some(u64::from(tally.organisations));
                let id = Uuid::new_v4();
                let sighted =
                    Sighted { id, first_seen: None, last_seen: None, count, text: Some(&text), said: self.now };
                Leaving {
                    what: "tally",
                    about: about(*kind, value),
                    objects: shared_sighting(&self.producer, &bare((*kind, value), marking, self.now), &sighted),
                    why,
                    thing: Some((*kind, value.clone())),
                    released: Some(Released::Thing(*kind, value.clone(), organisations)),
                }
            }
            About::Technique(month, technique) => Leaving {
                what: "tally",
                about: about_technique(*month, technique),
                objects: self.technique((*month, technique), marking, Some(tally.organisations)),
                why,
                thing: None,
                released: Some(Released::Technique(*month, technique.clone(), organisations)),
            },
            About::Report => return,
        };
        self.push(leaving, cleared);
    }

    /// The only way to a departure for what has not left before; it takes what was cleared.
    fn push<T: Marked>(&mut self, leaving: Leaving, cleared: &Cleared<T>) {
        let Some(marking) = cleared.item(self.now).map(Marked::marking) else { return };
        if *cleared.peer() == self.policy.peer {
            self.write(leaving, marking, false);
        }
    }

    fn write(&mut self, leaving: Leaving, marking: Marking, is_taken_back: bool) {
        let Leaving { what, about, objects, why, thing, released } = leaving;
        let Some(objects) = objects else {
            return self.count(what, "the value is not in its normal form".to_owned(), 1);
        };
        let read: Result<Vec<NewObject>, String> =
            objects.iter().map(|object| NewObject::read(&object.to_string())).collect();
        let objects = match read {
            Ok(objects) => objects,
            Err(why) => return self.count(what, why, 1),
        };
        let why = json!({ "because": why }).to_string();
        self.out.departures.push(NewDeparture { what, about, marking, why, objects, thing, is_taken_back, released });
    }

    fn refuse(&mut self, what: &'static str, refused: &Refused) {
        for refusal in &refused.because {
            self.count(what, kept_in(refusal), 1);
        }
    }

    fn count(&mut self, what: &'static str, reason: String, times: u64) {
        let known = self.out.refused.iter_mut().find(|(of, known, _)| *of == what && *known == reason);
        match known {
            Some((.., count)) => *count += times,
            None => self.out.refused.push((what, reason, times)),
        }
    }
}

/// What can be cleared says how far it may travel.
trait Marked {
    fn marking(&self) -> model::Marking;
}

impl Marked for Item {
    fn marking(&self) -> model::Marking {
        self.handling.marking
    }
}

impl Marked for Tally {
    fn marking(&self) -> model::Marking {
        self.handling.marking
    }
}

fn what_of(about: &About) -> &'static str {
    match about {
        About::Indicator(..) => "indicator",
        About::Sighting(..) => "sighting",
        About::Technique(..) => "technique",
        About::Report => "report",
    }
}

/// A thing of which nothing is told but what it is.
fn bare((kind, value): (IndicatorKind, &str), marking: Marking, changed: Timestamp) -> SharedThing<'_> {
    SharedThing {
        kind,
        value,
        marking,
        label: None,
        confidence: None,
        level: None,
        first_seen: None,
        until: None,
        techniques: &[],
        changed,
        is_revoked: false,
    }
}

/// What is told of a thing, of what is left of the item.
fn told_of<'i>(item: &'i Item, thing: (IndicatorKind, &'i str), changed: Timestamp) -> SharedThing<'i> {
    SharedThing {
        label: item.label.as_deref(),
        confidence: item.confidence,
        level: item.level,
        first_seen: if matches!(item.about, About::Indicator(..)) { item.first_seen } else { None },
        until: item.handling.until,
        techniques: &item.techniques,
        ..bare(thing, item.handling.marking, changed)
    }
}

fn about(kind: IndicatorKind, value: &str) -> String {
    format!("{} {value}", kind.name())
}

fn about_technique(month: Month, technique: &str) -> String {
    format!("technique {technique} in {month}")
}

/// What a sighting says in words, of what is left of it.
fn words_of(item: &Item, accounts: &[&str]) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    words.extend(item.title.clone());
    words.extend(item.machine.as_ref().map(|machine| format!("on {machine}")));
    if !accounts.is_empty() {
        words.push(format!("accounts: {}", accounts.join(", ")));
    }
    words.extend(item.text.clone());
    (!words.is_empty()).then(|| words.join("; "))
}
