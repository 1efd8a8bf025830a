//! What is wrong with a document.

use model::limits::FAULTS_KEPT_MAX;

/// How much a fault weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The standard recommends otherwise.
    Should,
    /// The standard demands otherwise: the document is invalid.
    Must,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Fault {
    /// Where: the object's number and id, and the property.
    pub place: String,
    /// Which rule, for filters: `required`, `type`, `timestamp`, `vocabulary`, …; for CSAF the number of the test.
    pub rule: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// Why, in words.
    pub reason: String,
}

/// All that was found; the first [`FAULTS_KEPT_MAX`] of each severity in full, the rest counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The faults, in the order of the document.
    pub faults: Vec<Fault>,
    /// How many of them, and of those that are only counted, break a demand.
    pub musts: u64,
    /// How many pass over a recommendation.
    pub shoulds: u64,
}

impl Judgement {
    /// No demand of the standard is broken.
    pub fn is_valid(&self) -> bool {
        self.musts == 0
    }

    /// No recommendation is passed over, either.
    pub fn is_strictly_valid(&self) -> bool {
        self.musts == 0 && self.shoulds == 0
    }

    /// The first reason why it is invalid.
    pub fn reason(&self) -> Option<String> {
        self.faults.iter().find(|fault| fault.severity == Severity::Must).map(ToString::to_string)
    }

    pub(super) fn add(&mut self, severity: Severity, rule: &'static str, place: &str, reason: impl Into<String>) {
        let count = match severity {
            Severity::Must => &mut self.musts,
            Severity::Should => &mut self.shoulds,
        };
        *count += 1;
        if *count <= FAULTS_KEPT_MAX as u64 {
            self.faults.push(Fault { place: place.to_owned(), rule, severity, reason: reason.into() });
        }
    }

    pub(super) fn must(&mut self, rule: &'static str, place: &str, reason: impl Into<String>) {
        self.add(Severity::Must, rule, place, reason);
    }

    pub(super) fn should(&mut self, rule: &'static str, place: &str, reason: impl Into<String>) {
        self.add(Severity::Should, rule, place, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_beyond_the_limit_are_counted() {
        let mut judgement = Judgement::default();
        for _ in 0..=FAULTS_KEPT_MAX {
            judgement.should("x", "here", "why");
        }
        judgement.must("y", "there", "because");
        assert_eq!((judgement.shoulds, judgement.faults.len()), (FAULTS_KEPT_MAX as u64 + 1, FAULTS_KEPT_MAX + 1));
        assert_eq!((judgement.is_valid(), judgement.reason()), (false, Some("there: because".to_owned())));
    }
}
