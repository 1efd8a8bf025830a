//! What the program can see for itself of a control (SP 800-53 revision 5, by ids; SP 800-53A calls it a test).
//!
//! A check sees a part of what a control asks for. Satisfied means: what can be seen is as it should be. What cannot be seen is "cannot
//! say", and is none of both. Deliberately absent: checks that would only repeat what people claim.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::Timestamp;
use model::register::{Exposure, Item, ItemId, Link, LinkKind};
use serde::Serialize;

/// Events have to be as young as that.
pub const EVENTS_DAYS: u64 = 7;
/// Vulnerabilities have to have been looked for within that.
pub const VULNERABILITIES_DAYS: u64 = 30;
/// Names that a reason tells one by one.
const NAMES_MAX: usize = 5;

/// What the program knows of a service.
#[derive(Clone, Copy, Debug)]
pub struct Telemetry<'a> {
    /// The service.
    pub service: &'a Item,
    /// Items of the boundary.
    pub boundary: &'a BTreeSet<ItemId>,
    /// The register.
    pub items: &'a BTreeMap<ItemId, Item>,
    /// Its links.
    pub links: &'a [Link],
    /// When an item's addresses stood in an event last; `None` where what was seen could not be read.
    pub seen: Option<&'a BTreeMap<ItemId, Timestamp>>,
    /// When vulnerabilities were looked for last; `None` where nobody says.
    pub vulnerabilities_checked: Option<Timestamp>,
    /// The time.
    pub now: Timestamp,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The control.
    pub control: &'static str,
    /// Whether it is met; `None`: cannot say.
    pub is_satisfied: Option<bool>,
    /// Why, in numbers.
    pub because: String,
}

type Check = fn(&Telemetry<'_>) -> (Option<bool>, String);

/// Which control is seen by which look.
const CHECKS: &[(&str, Check)] = &[
    ("ac-17", exposure),
    ("au-6", events),
    ("au-12", events),
    ("ca-3", clear_links),
    ("cm-8", inventory),
    ("cp-2", continuity),
    ("ia-2", authentication),
    ("ra-5", vulnerabilities),
    ("sa-9", suppliers),
    ("sc-8", clear_links),
    ("si-4", events),
    ("sr-2", suppliers),
];

/// Controls that have a check.
pub fn checked_controls() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|(control, _)| *control)
}

/// Runs all checks, in order of controls.
pub fn run(telemetry: &Telemetry<'_>) -> Vec<Checked> {
    let mut done: Vec<Checked> = CHECKS
        .iter()
        .map(|(control, check)| {
            let (is_satisfied, because) = check(telemetry);
            Checked { control, is_satisfied, because }
        })
        .collect();
    done.sort_by_key(|one| one.control);
    done
}

impl<'a> Telemetry<'a> {
    fn within(&self) -> impl Iterator<Item = &'a Item> {
        let items = self.items;
        self.boundary.iter().filter_map(move |id| items.get(id))
    }

    /// Links with an end in the boundary.
    fn touching(&self) -> impl Iterator<Item = &'a Link> {
        let boundary = self.boundary;
        self.links.iter().filter(move |link| boundary.contains(&link.from) || boundary.contains(&link.to))
    }
}

/// Names, shortened.
fn names(list: &[String]) -> String {
    let shown = list.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(NAMES_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// All of them are right, or some are wrong; with none there is nothing to say.
fn all_right(total: usize, wrong: &[String], (right_words, wrong_words): (&str, &str)) -> (Option<bool>, String) {
    match (total, wrong.len()) {
        (0, _) => (None, format!("there is nothing of which to say: {right_words}")),
        (total, 0) => (Some(true), format!("{total} of {total} {right_words}")),
        (total, bad) => (Some(false), format!("{bad} of {total} {wrong_words}: {}", names(wrong))),
    }
}

fn inventory(t: &Telemetry<'_>) -> (Option<bool>, String) {
    let is_placed = |item: &Item| {
        use model::register::ItemKind::{Device, Machine};
        !matches!(item.kind, Machine | Device) || !item.addresses.is_empty()
    };
    let is_whole = |item: &Item| !item.owner.trim().is_empty() && item.exposure.is_some() && is_placed(item);
    let wrong: Vec<String> = t.within().filter(|item| !is_whole(item)).map(|item| item.id.to_string()).collect();
    let words = ("items are registered with owner, exposure and address", "items lack owner, exposure or address");
    all_right(t.within().count(), &wrong, words)
}

fn events(t: &Telemetry<'_>) -> (Option<bool>, String) {
    let Some(seen) = t.seen else { return (None, "what was seen could not be read".to_owned()) };
    let since = t.now.minus(Duration::from_secs(EVENTS_DAYS * 86_400));
    let talking: Vec<&Item> = t.within().filter(|item| !item.addresses.is_empty()).collect();
    let is_silent = |item: &&&Item| seen.get(&item.id).is_none_or(|at| *at <= since);
    let wrong: Vec<String> = talking.iter().filter(is_silent).map(|item| item.id.to_string()).collect();
    let words = (
        "items with addresses stood in events of the last 7 days",
        "items with addresses stood in no event of the last 7 days",
    );
    all_right(talking.len(), &wrong, words)
}

fn vulnerabilities(t: &Telemetry<'_>) -> (Option<bool>, String) {
    let Some(at) = t.vulnerabilities_checked else {
        return (None, "nobody says when vulnerabilities were looked for".to_owned());
    };
    let is_fresh = at > t.now.minus(Duration::from_secs(VULNERABILITIES_DAYS * 86_400));
    let days = t.now.day().saturating_sub(at.day()).max(0);
    (Some(is_fresh), format!("vulnerabilities were looked for {days} days ago; {VULNERABILITIES_DAYS} are allowed"))
}

fn clear_links(t: &Telemetry<'_>) -> (Option<bool>, String) {
    let is_flow = |link: &&Link| matches!(link.kind, LinkKind::SendsTo | LinkKind::StoresIn | LinkKind::DependsOn);
    // Unsaid data may be personal, and unsaid encryption may be none.
    let may_be_personal = |link: &&Link| link.data.as_ref().is_none_or(|data| !data.is_empty());
    let flows: Vec<&Link> = t.touching().filter(is_flow).filter(may_be_personal).collect();
    let is_encrypted = |link: &Link| link.interface.as_ref().and_then(|interface| interface.is_encrypted);
    let name = |link: &&Link| format!("{} to {}", link.from, link.to);
    let clear: Vec<String> = flows.iter().filter(|link| is_encrypted(link) == Some(false)).map(name).collect();
    if !clear.is_empty() {
        let words = ("", "links that carry personal data, or may, are in the clear");
        return all_right(flows.len(), &clear, words);
    }
    let unsaid: Vec<String> = flows.iter().filter(|link| is_encrypted(link).is_none()).map(name).collect();
    if !unsaid.is_empty() {
        let (some, all) = (unsaid.len(), flows.len());
        return (
            None,
            format!("of {some} of {all} links nobody has said whether they are encrypted: {}", names(&unsaid)),
        );
    }
    all_right(flows.len(), &[], ("links that carry personal data are encrypted", ""))
}

fn authentication(t: &Telemetry<'_>) -> (Option<bool>, String) {
    let into = t.links.iter().filter(|link| t.boundary.contains(&link.to));
    let open: Vec<(&Link, Option<bool>)> =
        into.filter_map(|link| Some((link, link.interface.as_ref()?.is_authenticated))).collect();
    let name = |(link, _): &(&Link, Option<bool>)| format!("{} to {}", link.from, link.to);
    let wrong: Vec<String> = open.iter().filter(|(_, is)| *is == Some(false)).map(name).collect();
    let unsaid: Vec<String> = open.iter().filter(|(_, is)| is.is_none()).map(name).collect();
    if wrong.is_empty() && !unsaid.is_empty() {
        let (some, all) = (unsaid.len(), open.len());
        return (
            None,
            format!("of {some} of {all} interfaces nobody has said whether they ask who comes: {}", names(&unsaid)),
        );
    }
    all_right(open.len(), &wrong, ("interfaces ask who comes", "interfaces do not ask who comes"))
}

fn suppliers(t: &Telemetry<'_>) -> (Option<bool>, String) {
    let delivered: BTreeSet<&ItemId> =
        t.links.iter().filter(|link| link.kind == LinkKind::DeliveredBy).map(|link| &link.from).collect();
    let wrong: Vec<String> =
        t.within().filter(|item| !delivered.contains(&item.id)).map(|item| item.id.to_string()).collect();
    all_right(t.within().count(), &wrong, ("items have a named supplier", "items have no named supplier"))
}

fn exposure(t: &Telemetry<'_>) -> (Option<bool>, String) {
    let unsaid: Vec<String> =
        t.within().filter(|item| item.exposure.is_none()).map(|item| item.id.to_string()).collect();
    let total = t.within().count();
    if !unsaid.is_empty() {
        let some = unsaid.len();
        return (None, format!("of {some} of {total} items nobody has said who can reach them: {}", names(&unsaid)));
    }
    let width = t.service.exposure.unwrap_or(Exposure::Isolated);
    let wider = t.within().filter(|item| item.exposure > Some(width));
    let wrong: Vec<String> = wider.map(|item| item.id.to_string()).collect();
    all_right(
        total,
        &wrong,
        (
            "items can be reached by no more than the service itself",
            "items can be reached by more than the service itself",
        ),
    )
}

fn continuity(t: &Telemetry<'_>) -> (Option<bool>, String) {
    let needs = t.links.iter().filter(|link| link.from == t.service.id && link.kind == LinkKind::DependsOn).count();
    match (t.service.day_costs, needs) {
        (Some(costs), 1..) => {
            (Some(true), format!("a day without it costs {costs}, and {needs} things are named that it needs"))
        }
        (None, _) => (Some(false), "nobody has said what a day without it costs".to_owned()),
        (Some(_), 0) => (Some(false), "nothing is named that it needs".to_owned()),
    }
}
