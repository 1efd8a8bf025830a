//! Which baseline follows from a categorization (FIPS 200), and whether the privacy overlay is needed.

use model::Explained;
use model::register::{Impact, Item, ItemId};
use std::collections::{BTreeMap, BTreeSet};

/// Which controls to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The level; `None` while the categorization is open.
    pub level: Option<Impact>,
    /// The privacy overlay belongs to it: there is personal data, or nobody has said that there is none.
    pub has_privacy: bool,
}

/// The baseline of a service by the high-water mark of its categorization, and the reasons.
pub fn baseline(
    service: &Item,
    boundary: &BTreeSet<ItemId>,
    items: &BTreeMap<ItemId, Item>,
) -> Explained<Baseline, String> {
    let mut because = Vec::new();
    let categorization = service.categorization.as_ref();
    let level = categorization.and_then(model::register::Categorization::high_water);
    match (categorization, level) {
        (Some(said), Some(level)) => {
            let all = [
                ("confidentiality", &said.confidentiality),
                ("integrity", &said.integrity),
                ("availability", &said.availability),
            ];
            let highest = all.into_iter().filter(|(_, objective)| objective.counts() == Some(level));
            let names: Vec<_> = highest.map(|(name, _)| name).collect();
            because.push(format!("{level}: the highest of the three, which {} is", names.join(" and ")));
        }
        (Some(_), None) => because.push("one of the three objectives is still open".to_owned()),
        (None, _) => because.push("the service is not categorized".to_owned()),
    }
    let (mut holding, mut unsaid) = (Vec::new(), Vec::new());
    for item in boundary.iter().filter_map(|id| items.get(id)).chain([service]) {
        match &item.data {
            Some(data) if data.is_empty() => {}
            Some(_) => holding.push(item.id.as_str()),
            None => unsaid.push(item.id.as_str()),
        }
    }
    for (list, words) in
        [(&mut holding, "personal data is held by"), (&mut unsaid, "nobody has said whether there is personal data in")]
    {
        list.sort_unstable();
        list.dedup();
        if let Some(first) = list.first() {
            let more = match list.len() {
                1 => String::new(),
                length => format!(" and {} more", length - 1),
            };
            because.push(format!("privacy overlay: {words} {first}{more}"));
        }
    }
    let has_privacy = !(holding.is_empty() && unsaid.is_empty());
    Explained { value: Baseline { level, has_privacy }, because }
}
