//! Which properties each type has: STIX 2.1, sections 4 (domain objects), 5 (relationship objects), 6 (observables), 7 (meta objects).
//!
//! Properties that all types share are judged in [`super::common`].

mod domain;
mod extensions;
mod observables;

use super::shape::Kind::{ListOf, Number, Ref, Text, Whole};
use super::shape::{Kind, Property};

pub(super) use extensions::EXTENSIONS;

const WHOLE: Kind = Whole(i64::MIN, i64::MAX);
const COUNT: Kind = Whole(0, i64::MAX);
const ANY_NUMBER: Kind = Number(f64::MIN, f64::MAX);
const TEXTS: Kind = ListOf(&Text);
const ANY: Kind = Ref(&[]);
const ANYS: Kind = ListOf(&ANY);

/// The table of a type; `None` where the standard does not know it.
pub(super) fn of(sort: &str) -> Option<&'static [Property]> {
    domain::TABLES.iter().chain(&observables::TABLES).find(|(known, _)| *known == sort).map(|(_, table)| *table)
}

/// Whether a type is an observable.
pub(super) fn is_observable(sort: &str) -> bool {
    OBSERVABLES.contains(&sort)
}

/// The types of section 6.
pub(super) const OBSERVABLES: [&str; 18] = [
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];
