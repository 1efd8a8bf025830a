//! What is at stake: which service may open first, vulnerabilities by harm, the steps of the framework, the city's posture. Each is a page of its
//! own; what they share stands here.

pub(crate) mod csf;

/// Pages about risk: their addresses and what they are called.
const TABS: &[(&str, &str)] = &[("/risk", "Opening order"), ("/risk/csf", "Posture")];

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
