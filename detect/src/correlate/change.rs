//! What a finding changed, and why, in words.

use std::fmt;

use model::{FindingId, IncidentId, limits};
use serde::{Deserialize, Serialize};

use super::incident::Pin;
use super::neighbours::Near;
use super::rank::RankReason;
use super::tie::Tie;

/// One change of the incidents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// A finding belonged to none, and opened one.
    Opened {
        /// Its name.
        incident: IncidentId,
        /// The finding.
        finding: FindingId,
    },
    /// A finding joined one.
    Joined {
        /// Which.
        incident: IncidentId,
        /// The finding.
        finding: FindingId,
        /// Why.
        because: Vec<Because>,
    },
    /// A finding that says what others of the incident said before: a line's count grew, and nothing else.
    Repeated {
        /// Which.
        incident: IncidentId,
        /// The finding.
        finding: FindingId,
        /// How many there are of the kind.
        count: u64,
    },
    /// Two became one.
    Merged {
        /// The name that is gone.
        incident: IncidentId,
        /// The name that stays: the older one's.
        into: IncidentId,
        /// Why.
        because: Vec<Because>,
    },
    /// Its rank moved.
    Ranked {
        /// Which.
        incident: IncidentId,
        /// From where.
        from: u8,
        /// To where.
        to: u8,
        /// Why it stands there.
        because: Vec<RankReason>,
    },
    /// From now on it is told, and not in the digest alone.
    Told {
        /// Which.
        incident: IncidentId,
        /// Its rank.
        rank: u8,
    },
    /// People took findings out of one.
    Split {
        /// The one that they were in.
        incident: IncidentId,
        /// The one that they make now.
        made: IncidentId,
        /// How many.
        findings: u64,
    },
    /// People said whether it is to be told.
    Pinned {
        /// Which.
        incident: IncidentId,
        /// What they said; `None` when they took it back.
        pin: Option<Pin>,
    },
    /// It takes no more findings: nothing came for [`limits::INCIDENT_IDLE_DAYS`] days, or too many are open.
    Closed {
        /// Which.
        incident: IncidentId,
    },
}

/// Why a finding belongs to an incident, or two incidents together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Because {
    /// The same thing takes part.
    Same {
        /// Which.
        tie: Tie,
        /// Microseconds between the two times.
        gap_us: i64,
        /// Whether the incident had it later.
        is_ahead: bool,
        /// How much likelier that is in one attack than by chance, at most [`ODDS_MAX`].
        odds: u32,
    },
    /// The same analytic spoke on the same subject.
    Again {
        /// What people call the analytic.
        title: Box<str>,
        /// The subject; may be empty.
        subject: Box<str>,
        /// Microseconds between the two times.
        gap_us: i64,
        /// As above.
        odds: u32,
    },
    /// Something was reached in the incident, and now acts.
    Reached {
        /// Which.
        tie: Tie,
        /// Microseconds between the two times.
        gap_us: i64,
        /// As above.
        odds: u32,
    },
    /// Something takes part that is next to something of the incident.
    Near {
        /// What takes part.
        one: Tie,
        /// What is in the incident.
        other: Tie,
        /// How the two are next to each other.
        near: Near,
        /// Microseconds between the two times.
        gap_us: i64,
        /// As above.
        odds: u32,
    },
    /// Tactics in the order of an attack.
    Progress {
        /// What was there.
        from: Box<str>,
        /// What comes now.
        to: Box<str>,
    },
    /// People said that it belongs there.
    ByHand,
    /// All of it together.
    Together {
        /// How much likelier it is in one attack than by chance, at most [`ODDS_MAX`].
        odds: u32,
    },
}

/// Odds are not told beyond this.
pub const ODDS_MAX: u32 = 1_000_000;

/// Odds as they are told.
pub(super) fn told(odds: f64) -> u32 {
    odds.clamp(0.0, f64::from(ODDS_MAX)) as u32
}

/// The weightiest reasons, as many as a change carries.
pub(super) fn cut(mut because: Vec<Because>) -> Vec<Because> {
    because.truncate(limits::CHANGE_REASONS_MAX);
    because
}

/// A span in the largest unit of which there are two.
pub(super) fn span_words(span_us: i64) -> String {
    let seconds = span_us.unsigned_abs() / 1_000_000;
    let (number, noun) = match seconds {
        0 => return "at the same moment".to_owned(),
        1..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    model::words::counted(number, noun)
}

/// `12 minutes before`, `12 minutes after`, `at the same moment`.
fn apart(gap_us: i64, is_ahead: bool) -> String {
    match span_words(gap_us) {
        same if gap_us.unsigned_abs() < 1_000_000 => same,
        span if is_ahead => format!("{span} after"),
        span => format!("{span} before"),
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Because::Same { tie, gap_us, is_ahead, odds } => {
                write!(f, "the same {tie}, {} ({odds} : 1 against chance)", apart(*gap_us, *is_ahead))
            }
            Because::Again { title, subject, gap_us, odds } => {
                let place = if subject.is_empty() { String::new() } else { format!(" on {subject}") };
                write!(f, "{title}{place} again, {} ({odds} : 1 against chance)", apart(*gap_us, false))
            }
            Because::Reached { tie, gap_us, odds } => {
                write!(f, "{tie} was reached {} it acts ({odds} : 1 against chance)", apart(*gap_us, false))
            }
            Because::Near { one, other, near, gap_us, odds } => {
                let words = near.words();
                write!(f, "{one} {words} {other}, {} ({odds} : 1 against chance)", apart(*gap_us, false))
            }
            Because::Progress { from, to } => write!(f, "tactic {from} followed by {to}"),
            Because::ByHand => f.write_str("people said so"),
            Because::Together { odds } => write!(f, "together {odds} : 1 against chance"),
        }
    }
}
