//! The one way into a peer's collection (invariant 5).

use formats::release::Producer;
use formats::release::stix::{SharedThing, Sighted, shared_indicator, shared_sighting};
use intel::release::{About, Cleared, Item, PeerPolicy, Refused, Tally, clear};
use model::{IndicatorKind, Timestamp};
use serde_json::{Value, json};
use store::state::{NewDeparture, NewObject, Outgoing, Peer};
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
    /// Its source takes it back.
    pub is_revoked: bool,
    /// When it changed; now, when that is not said. What did not change since has left before, and does not leave again.
    pub changed: Option<Timestamp>,
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

    /// An indicator, or a sighting: out if it may, counted if not.
    pub fn item(&mut self, item: Item, standing: Standing) {
        let what = what_of(&item.about);
        let handling = item.handling.clone();
        match clear(item, &self.policy, self.now) {
            Ok(cleared) => {
                let why = let_out(&handling, &self.policy, cleared.changes());
                self.leave(what, &cleared, standing, why);
            }
            Err(refused) => self.refuse(what, &refused),
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

    /// A group's document: `item` is what it may be cleared by, a report without words under the group's marking.
    pub fn document(&mut self, item: Item, document: &GroupDocument) {
        let handling = item.handling.clone();
        let cleared = match clear(item, &self.policy, self.now) {
            Ok(cleared) => cleared,
            Err(refused) => return self.refuse("group", &refused),
        };
        let why = let_out(&handling, &self.policy, cleared.changes());
        let about = format!("group {}, version {}", document.membership.group, document.membership.version);
        self.push(("group", about), &cleared, vec![document.object(self.now)], (why, None));
    }

    /// Counts something that nobody even asked the gate for.
    pub fn not_agreed(&mut self, what: &'static str, times: u64) {
        if times > 0 {
            self.count(what, format!("{what}s do not go to this peer"), times);
        }
    }

    /// How far shared claims were gone through, as text of whoever does that.
    pub fn shared(&mut self, upto: String) {
        self.out.shared = Some(upto);
    }

    /// All that leaves, and what does not.
    pub fn finish(self) -> Outgoing {
        self.out
    }

    fn leave(&mut self, what: &'static str, cleared: &Cleared<Item>, standing: Standing, why: Vec<String>) {
        let Some(item) = cleared.item(self.now) else { return };
        let (kind, value) = match &item.about {
            About::Indicator(kind, value) | About::Sighting(kind, value) => (*kind, value.as_str()),
            About::Report => return,
        };
        let thing = SharedThing {
            kind,
            value,
            marking: item.handling.marking,
            label: item.label.as_deref(),
            confidence: item.confidence,
            level: item.level,
            first_seen: if what == "indicator" { item.first_seen } else { None },
            until: item.handling.until,
            techniques: &item.techniques,
            changed: standing.changed.unwrap_or(self.now),
            is_revoked: standing.is_revoked,
        };
        let objects = match &item.about {
            About::Sighting(..) => {
                let text = words_of(item, &cleared.pseudonyms(self.now));
                let sighted = Sighted {
                    id: Uuid::new_v4(),
                    first_seen: item.first_seen,
                    last_seen: item.last_seen,
                    count: item.count,
                    text: text.as_deref(),
                };
                shared_sighting(&self.producer, &thing, &sighted)
            }
            _ => shared_indicator(&self.producer, &thing),
        };
        match objects {
            Some(objects) => self.push((what, about(kind, value)), cleared, objects, (why, None)),
            None => self.count(what, "the value is not in its normal form".to_owned(), 1),
        }
    }

    fn leave_tally(&mut self, cleared: &Cleared<Tally>, organisations: u32, why: Vec<String>) {
        let Some(tally) = cleared.item(self.now) else { return };
        let (kind, value) = (tally.seen.0, tally.seen.1.as_str());
        let thing = SharedThing {
            kind,
            value,
            marking: tally.handling.marking,
            label: None,
            confidence: None,
            level: None,
            first_seen: None,
            until: None,
            techniques: &[],
            changed: self.now,
            is_revoked: false,
        };
        let text = format!("seen by {} organisations", tally.organisations);
        // One for each organisation: how often each of them has seen it is theirs to say.
        let count = Some(u64::from(tally.organisations));
        let sighted = Sighted { id: Uuid::new_v4(), first_seen: None, last_seen: None, count, text: Some(&text) };
        match shared_sighting(&self.producer, &thing, &sighted) {
            Some(objects) => {
                let counted = Some((kind, value.to_owned(), organisations));
                self.push(("tally", about(kind, value)), cleared, objects, (why, counted));
            }
            None => self.count("tally", "the value is not in its normal form".to_owned(), 1),
        }
    }

    /// The only place where something becomes a departure; it takes what was cleared.
    fn push<T: Marked>(
        &mut self,
        (what, about): (&'static str, String),
        cleared: &Cleared<T>,
        objects: Vec<Value>,
        (why, tally): (Vec<String>, Option<(IndicatorKind, String, u32)>),
    ) {
        let Some(marking) = cleared.item(self.now).map(Marked::marking) else { return };
        if *cleared.peer() != self.policy.peer {
            return;
        }
        let read: Result<Vec<NewObject>, String> =
            objects.iter().map(|object| NewObject::read(&object.to_string())).collect();
        let objects = match read {
            Ok(objects) => objects,
            Err(why) => return self.count(what, why, 1),
        };
        let digest =
            objects.last().map_or_else(String::new, |main| blake3::hash(main.body().as_bytes()).to_hex().to_string());
        let why = json!({ "because": why }).to_string();
        self.out.departures.push(NewDeparture { what, about, marking, why, digest, objects, tally });
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
        About::Report => "report",
    }
}

fn about(kind: IndicatorKind, value: &str) -> String {
    format!("{} {value}", kind.name())
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
