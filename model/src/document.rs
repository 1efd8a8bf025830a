//! What is written about risk, and kept version by version.

use std::fmt;

use crate::limits;
use crate::register::words::words;

words! {
    /// What a document is.
    DocumentKind, "kind of document" {
        /// What the city tolerates, what things are worth, and when flaws are due: our own form.
        RiskPolicy = "risk-policy",
        /// A catalog of controls (OSCAL).
        Catalog = "catalog",
        /// A selection of controls (OSCAL).
        Profile = "profile",
        /// Types of information, with what is at stake for each.
        InformationTypes = "information-types",
        /// Where the assessment of one service stands, step by step: our own form.
        Package = "package",
        /// What a service is and how it does what its controls ask (OSCAL system security plan).
        SecurityPlan = "security-plan",
        /// What is looked at, and how (OSCAL assessment plan).
        AssessmentPlan = "assessment-plan",
        /// What was found (OSCAL assessment results).
        AssessmentResults = "assessment-results",
        /// What is still to be done (OSCAL plan of action and milestones).
        ActionPlan = "action-plan",
        /// The signed decision that a service may run.
        Authorization = "authorization",
        /// A self-assessment of one year by the Cybersecurity Framework.
        CsfAssessment = "csf-assessment",
        /// Questions and levels of such an assessment.
        CsfQuestions = "csf-questions",
        /// What an agency gave to the comparison with its peers.
        BenchmarkGiven = "benchmark-given",
        /// What came of it.
        BenchmarkResult = "benchmark-result",
        /// Whether an app for telephones may open.
        MobileAssessment = "mobile-assessment",
    }
}

/// Which document: what it is, and of what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentPlace {
    /// What it is.
    pub kind: DocumentKind,
    /// Of what: a service's name, a year, a title. There is one of a kind with a name.
    name: String,
}

/// A text that names no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no document: use 1 to {max} letters, digits and . - _", max = limits::DOCUMENT_NAME_BYTES_MAX)]
pub struct NoDocumentName(String);

impl DocumentPlace {
    /// The place of a document with that name: letters, digits, `.`, `-` and `_`, as names of items are.
    ///
    /// # Errors
    /// When it is no name.
    pub fn new(kind: DocumentKind, name: &str) -> Result<Self, NoDocumentName> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if (1..=limits::DOCUMENT_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_letter) {
            Ok(DocumentPlace { kind, name: name.to_owned() })
        } else {
            Err(NoDocumentName(name.chars().take(80).collect()))
        }
    }

    /// Of what it is.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for DocumentPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}
