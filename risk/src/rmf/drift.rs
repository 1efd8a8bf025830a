//! What has changed since a service was let run, and which step that opens again (SP 800-37r2, tasks M-1 to M-7).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use model::register::{DataCategory, Exposure, Impact, ItemId};
use model::{Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::{Decision, Package, Step};

/// A version of a kept document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SignedDocument {
    /// Which version.
    pub version: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub hash: String,
}

/// What is so of one item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFacts {
    /// Who can reach it; `None` while nobody has said.
    pub exposure: Option<Exposure>,
    /// Personal data that it holds; `None` while nobody has said.
    pub data: Option<BTreeSet<DataCategory>>,
    /// Vulnerabilities that it has; `None` where nobody looked.
    pub vulnerabilities: Option<BTreeSet<String>>,
    /// Findings about it at a level that counts; `None` where nobody looked.
    pub findings: Option<BTreeSet<String>>,
}

/// What is so of a service at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// When.
    pub at: Timestamp,
    /// The items of the boundary.
    pub items: BTreeMap<ItemId, ItemFacts>,
    /// The high-water mark; `None` while it is open.
    pub high_water: Option<Impact>,
    /// The documents that are named by a decision: now the newest, or what those versions hash to now.
    pub documents: BTreeMap<String, SignedDocument>,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DriftKind {
    /// An item came into the boundary.
    ItemAdded,
    /// An item has left it.
    ItemRemoved,
    /// It has a vulnerability that it had not.
    Vulnerability {
        /// Which.
        id: String,
    },
    /// Vulnerabilities or findings were looked for, and are not any more.
    Unchecked,
    /// More can reach it, or nobody says any more who can.
    Exposure {
        /// Who could.
        from: Option<Exposure>,
        /// Who can.
        to: Option<Exposure>,
    },
    /// It holds personal data that it did not.
    Data {
        /// About what; `None`: nobody says any more.
        category: Option<DataCategory>,
    },
    /// Something was found on it.
    Finding {
        /// Which.
        id: String,
    },
    /// The high-water mark has risen, or is open again.
    HighWater {
        /// From.
        from: Option<Impact>,
        /// To.
        to: Option<Impact>,
    },
    /// The decision ends soon.
    Expiring {
        /// When.
        at: Timestamp,
    },
    /// The decision has ended.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// A document is no longer what was signed.
    Document {
        /// Which.
        name: String,
    },
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Drift {
    /// Which step it opens again.
    pub step: Step,
    /// Of which item; `None` for the service as a whole.
    pub item: Option<ItemId>,
    /// What.
    pub what: DriftKind,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(item) = &self.item {
            write!(f, "{item}: ")?;
        }
        let said = |exposure: &Option<Exposure>| exposure.map_or("unsaid", Exposure::name);
        let level = |impact: &Option<Impact>| impact.map_or("open", Impact::name);
        match &self.what {
            DriftKind::ItemAdded => f.write_str("belongs to the service now"),
            DriftKind::ItemRemoved => f.write_str("belongs to the service no more"),
            DriftKind::Vulnerability { id } => write!(f, "new vulnerability {id}"),
            DriftKind::Unchecked => f.write_str("nobody looks any more for what is wrong with it"),
            DriftKind::Exposure { from, to } => write!(f, "who can reach it: {} before, {} now", said(from), said(to)),
            DriftKind::Data { category: Some(category) } => write!(f, "holds {category} data now"),
            DriftKind::Data { category: None } => f.write_str("nobody says any more which personal data it holds"),
            DriftKind::Finding { id } => write!(f, "new finding {id}"),
            DriftKind::HighWater { from, to } => {
                write!(f, "high-water mark: {} before, {} now", level(from), level(to))
            }
            DriftKind::Expiring { at } => write!(f, "the authorization ends on {at}"),
            DriftKind::Expired { at } => write!(f, "the authorization ended on {at}"),
            DriftKind::Document { name } => write!(f, "{name} is no longer what was signed"),
        }
    }
}

/// What has changed between two moments, in a fixed order. Where nothing was said, widest counts: from "unsaid" nothing widens.
pub fn drift(package: &Package, then: &Facts, now: &Facts) -> Vec<Drift> {
    let mut found = Vec::new();
    let mut add = |step, item: Option<&ItemId>, what| found.push(Drift { step, item: item.cloned(), what });
    for (id, facts) in &now.items {
        match then.items.get(id) {
            None => add(Step::Prepare, Some(id), DriftKind::ItemAdded),
            Some(before) => of_item(id, before, facts, &mut add),
        }
    }
    for id in then.items.keys().filter(|id| !now.items.contains_key(*id)) {
        add(Step::Prepare, Some(id), DriftKind::ItemRemoved);
    }
    if then.high_water.is_some() && (now.high_water.is_none() || now.high_water > then.high_water) {
        add(Step::Categorize, None, DriftKind::HighWater { from: then.high_water, to: now.high_water });
    }
    for (name, signed) in &then.documents {
        if now.documents.get(name) != Some(signed) {
            add(Step::Authorize, None, DriftKind::Document { name: name.clone() });
        }
    }
    if let Some(head) = package.authorization.as_ref().filter(|head| head.decision != Decision::Deny) {
        let soon = now.at.plus(Duration::from_secs(limits::AUTHORIZATION_EXPIRING_DAYS * 86_400));
        if head.expires <= now.at {
            add(Step::Authorize, None, DriftKind::Expired { at: head.expires });
        } else if head.expires <= soon {
            add(Step::Authorize, None, DriftKind::Expiring { at: head.expires });
        }
    }
    found.sort();
    found
}

fn of_item(id: &ItemId, then: &ItemFacts, now: &ItemFacts, add: &mut dyn FnMut(Step, Option<&ItemId>, DriftKind)) {
    // Unsaid is as wide as public.
    let width = |exposure: Option<Exposure>| exposure.unwrap_or(Exposure::Public);
    if width(now.exposure) > width(then.exposure) {
        let what = DriftKind::Exposure { from: then.exposure, to: now.exposure };
        add(Step::Categorize, Some(id), what);
    }
    match (&then.data, &now.data) {
        (Some(_), None) => add(Step::Categorize, Some(id), DriftKind::Data { category: None }),
        (before, Some(data)) => {
            for category in data.iter().filter(|one| !before.as_ref().is_some_and(|before| before.contains(one))) {
                add(Step::Categorize, Some(id), DriftKind::Data { category: Some(*category) });
            }
        }
        (None, None) => {}
    }
    match (&then.vulnerabilities, &now.vulnerabilities) {
        (Some(_), None) => add(Step::Assess, Some(id), DriftKind::Unchecked),
        (before, Some(list)) => {
            for one in list.iter().filter(|one| !before.as_ref().is_some_and(|before| before.contains(*one))) {
                add(Step::Assess, Some(id), DriftKind::Vulnerability { id: one.clone() });
            }
        }
        (None, None) => {}
    }
    let known = then.findings.as_ref();
    let is_told = then.vulnerabilities.is_some() && now.vulnerabilities.is_none();
    if known.is_some() && now.findings.is_none() && !is_told {
        add(Step::Assess, Some(id), DriftKind::Unchecked);
    }
    for one in now.findings.iter().flatten().filter(|one| !known.is_some_and(|known| known.contains(*one))) {
        add(Step::Assess, Some(id), DriftKind::Finding { id: one.clone() });
    }
}
