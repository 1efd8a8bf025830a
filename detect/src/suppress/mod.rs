//! Lists of things known to be harmless, consulted when an indicator was seen and before anybody is woken.
//!
//! Reads the MISP warning-list format (`list.json`: `name`, `type`, `list`, `matching_attributes`; types string, hostname,
//! cidr, substring, regex) and plain text, one entry a line. What a list does is its [`Effect`]. The caller may say which;
//! unless it does, a list caps what it names at level informational: the detection stays, and says which list lowered it.
//!
//! Lists of *shared ground* (cloud ranges, dynamic DNS, the ten thousand most visited sites) say whose ground a thing
//! stands on, not that the thing is harmless: half of all command servers stand there. When such a list names not the
//! thing itself but only what is around it (a parent domain, a wider range), the hit is labelled and keeps its level. So is
//! whatever lies below a public suffix (`blogspot.com`), whichever list names that. On the maltrail lists this is the
//! difference between some thousand and a hundred thousand lowered domains.
//!
//! Deliberately absent: suppression of rules (a rule's own filters do that), lists that expire.

mod entries;
mod lists;
mod verdict;

pub use lists::{Added, ListError, Lists};
pub use verdict::{Effect, Judgement, ListCount, Suppression};
