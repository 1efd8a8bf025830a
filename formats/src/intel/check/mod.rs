//! Whether a document is what its standard asks for: STIX 2.1 and 2.0 ([`check_stix`]), CSAF 2.0 ([`check_csaf`]).
//!
//! A judge reads the same bytes as a reader and believes less. What a standard demands (MUST) makes a document invalid; what it
//! recommends (SHOULD) is a fault too, for whoever wants to be strict. A fault names the object, the rule, and the reason in words.
//!
//! Deliberately absent: whether references lead to objects outside the document, and registers that change every month (media
//! types, character sets, countries): only their form is judged.

mod csaf;
mod faults;
mod stix;

pub use csaf::check_csaf;
pub use faults::{Fault, Judgement, Severity};
pub use stix::{PatternCheck, check_stix};
