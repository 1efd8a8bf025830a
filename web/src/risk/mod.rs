//! What is at stake: which service may open first, vulnerabilities by harm, the steps of the framework, the city's posture. Each is a page of its
//! own; what they share stands here.

pub(crate) mod amount;
pub(crate) mod csf;
pub(crate) mod curve;
pub(crate) mod mobile;
pub(crate) mod openings;
pub(crate) mod policy;
pub(crate) mod report;
pub(crate) mod rmf;
pub(crate) mod service;
pub(crate) mod suppliers;
pub(crate) mod vulnerabilities;

/// Pages about risk: their addresses and what they are called.
const TABS: &[(&str, &str)] = &[
    ("/risk", "Opening order"),
    ("/risk/vulnerabilities", "Vulnerabilities"),
    ("/risk/rmf", "Framework"),
    ("/risk/csf", "Posture"),
    ("/risk/mobile", "Apps"),
    ("/risk/suppliers", "Suppliers"),
    ("/risk/policy", "Policy"),
];

/// The way to a page about risk.
pub(crate) struct Tab {
    pub(crate) href: &'static str,
    pub(crate) label: &'static str,
    pub(crate) is_here: bool,
}

/// The ways that stand above each page about risk (`risk_tabs.html`).
pub(crate) fn tabs(here: &str) -> Vec<Tab> {
    TABS.iter().map(|(href, label)| Tab { href, label, is_here: *href == here }).collect()
}
