//! To whom an incident has to be reported and by when: duties as data, clocks that run, and the draft of each report.
//!
//! Which facts hold of an incident is for people to say: what nobody has said yet starts its clock as if it held, because time lost to a doubt
//! does not come back. That a duty does not bind is decided by a person, with a reason.
//!
//! Deliberately absent: legal advice, and sending anything.

mod book;
mod draft;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::Timestamp;
use serde::{Deserialize, Serialize};

pub use book::{Book, BookError, Duty, Span};
pub use draft::draft;

/// Something about an incident on which duties hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// It disturbs services badly, costs a lot, or harms others considerably.
    Significant,
    /// The city is an entity that the law on critical services binds.
    EssentialEntity,
    /// Personal data was lost, changed, or seen by the wrong people.
    PersonalData,
    /// What happened to the data is a high risk for the people.
    HighRiskToPeople,
    /// A ransom was paid.
    RansomPaid,
}

impl Fact {
    /// All of them.
    pub const ALL: &[Fact] =
        &[Fact::Significant, Fact::EssentialEntity, Fact::PersonalData, Fact::HighRiskToPeople, Fact::RansomPaid];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Fact::Significant => "significant",
            Fact::EssentialEntity => "essential-entity",
            Fact::PersonalData => "personal-data",
            Fact::HighRiskToPeople => "high-risk-to-people",
            Fact::RansomPaid => "ransom-paid",
        }
    }

    /// As a question to people.
    pub const fn question(self) -> &'static str {
        match self {
            Fact::Significant => "Does it disturb services badly, cost a lot, or harm others considerably?",
            Fact::EssentialEntity => "Does the law on critical services bind us here?",
            Fact::PersonalData => "Was personal data lost, changed, or seen by the wrong people?",
            Fact::HighRiskToPeople => "Is that a high risk for the people whose data it is?",
            Fact::RansomPaid => "Was a ransom paid?",
        }
    }

    /// Whether it counts as so while nobody has said anything. That a ransom was paid is known to whoever paid.
    const fn is_so_unsaid(self) -> bool {
        !matches!(self, Fact::RansomPaid)
    }
}

/// What is known of an incident, for its duties.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// When somebody here became aware of it.
    pub aware: Timestamp,
    /// What people have said.
    pub facts: BTreeMap<Fact, bool>,
    /// When a ransom was paid.
    pub ransom_paid: Option<Timestamp>,
    /// What was done about duties.
    pub done: BTreeMap<String, Done>,
}

/// What was done about a duty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Done {
    /// It was reported.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It does not bind here.
    Waived {
        /// When that was decided.
        at: Timestamp,
        /// Why.
        why: String,
    },
}

/// Where a duty stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The time is over.
    Overdue,
    /// Less than a quarter of the time is left.
    Soon,
    /// There is time.
    Running,
    /// Without delay: there is no hour by which, and it waits.
    Waiting,
    /// What begins its clock has not happened.
    NotBegun,
    /// Done after its time.
    SentLate,
    /// Done.
    Sent,
    /// Somebody decided that it does not bind.
    Waived,
}

impl Standing {
    /// In words.
    pub const fn word(self) -> &'static str {
        match self {
            Standing::Overdue => "overdue",
            Standing::Soon => "due soon",
            Standing::Running => "running",
            Standing::Waiting => "without delay",
            Standing::NotBegun => "not begun",
            Standing::SentLate => "sent late",
            Standing::Sent => "sent",
            Standing::Waived => "does not bind",
        }
    }

    /// Whether somebody still has to do something.
    pub const fn is_open(self) -> bool {
        matches!(self, Standing::Overdue | Standing::Soon | Standing::Running | Standing::Waiting)
    }
}

/// A duty's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Clock<'b> {
    /// Which duty.
    pub duty: &'b Duty,
    /// When it began; `None` while what begins it has not happened.
    pub begins: Option<Timestamp>,
    /// By when; `None` where it is without delay or has not begun.
    pub due: Option<Timestamp>,
    /// Where it stands.
    pub standing: Standing,
    /// Facts that nobody has said yet, and that count as so.
    pub supposed: Vec<Fact>,
}

/// The clocks of an incident: every duty of the regions that binds or may bind, what is most pressing first.
pub fn clocks<'b>(book: &'b Book, regions: &BTreeSet<String>, known: &Known, now: Timestamp) -> Vec<Clock<'b>> {
    let bound = book.duties().iter().filter(|duty| regions.contains(&duty.region));
    let mut clocks: Vec<Clock<'b>> = bound.filter_map(|duty| clock(duty, known, now)).collect();
    clocks.sort_by(|one, other| {
        let far = |clock: &Clock<'_>| clock.due.unwrap_or(Timestamp::from_micros(i64::MAX));
        (one.standing, far(one), &one.duty.id).cmp(&(other.standing, far(other), &other.duty.id))
    });
    clocks
}

fn clock<'b>(duty: &'b Duty, known: &Known, now: Timestamp) -> Option<Clock<'b>> {
    let holds = |fact: &Fact| known.facts.get(fact).copied().unwrap_or(fact.is_so_unsaid());
    let done = known.done.get(&duty.id);
    if done.is_none() && !duty.facts.iter().all(holds) {
        return None;
    }
    let supposed = duty.facts.iter().copied().filter(|fact| !known.facts.contains_key(fact)).collect();
    let begins = match duty.from.as_str() {
        book::AWARE => Some(known.aware),
        book::RANSOM_PAID => known.ransom_paid,
        other => match known.done.get(other) {
            Some(Done::Sent { at }) => Some(*at),
            _ => None,
        },
    };
    let due = begins.and_then(|begins| duty.span.map(|span| span.after(begins)));
    let standing = match (done, begins, due) {
        (Some(Done::Waived { .. }), ..) => Standing::Waived,
        (Some(Done::Sent { at }), _, Some(due)) if *at > due => Standing::SentLate,
        (Some(Done::Sent { .. }), ..) => Standing::Sent,
        (None, None, _) => Standing::NotBegun,
        (None, Some(_), None) => Standing::Waiting,
        (None, Some(_), Some(due)) if now > due => Standing::Overdue,
        (None, Some(begins), Some(due)) if is_soon(begins, due, now) => Standing::Soon,
        (None, Some(_), Some(_)) => Standing::Running,
    };
    Some(Clock { duty, begins, due, standing, supposed })
}

/// Less than a quarter of the time is left.
fn is_soon(begins: Timestamp, due: Timestamp, now: Timestamp) -> bool {
    let span = |from: Timestamp, to: Timestamp| i128::from(to.as_micros()) - i128::from(from.as_micros());
    4 * span(now, due) < span(begins, due)
}

/// How long until a moment, in words: `3 h 20 min`, `2 days 4 h`; minus where it is over.
pub fn left(now: Timestamp, due: Timestamp) -> String {
    let micros = i128::from(due.as_micros()) - i128::from(now.as_micros());
    let minutes = u64::try_from(micros.unsigned_abs() / 60_000_000).unwrap_or(u64::MAX);
    let span = Duration::from_secs(minutes.saturating_mul(60));
    let hours = span.as_secs() / 3_600;
    let text = match (hours / 24, hours % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (1, hours, _) => format!("1 day {hours} h"),
        (days, hours, _) => format!("{days} days {hours} h"),
    };
    if micros < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests;
