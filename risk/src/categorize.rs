//! Categorize, the second step of the framework: how bad it would be if an item's information became known, were wrong, or were not
//! there (FIPS 199), proposed from what the register says of it. People decide.
//!
//! The proposal of each objective is the highest of all that speaks for one. What nobody has said is no reason for less: where the
//! kinds of information are not named, or nobody has said whether there is personal data, the objective stays open, unless something
//! known makes it high already.
//!
//! Beside the catalogue of types stand three rules of our own, from SP 800-122 (what makes personal data weigh more) and from what a
//! city is for: personal data is at least moderate when it is of a specially protected category or of more than
//! [`MANY_RESIDENTS`], high when it is both; where lives hang on an item, integrity and availability are high.

use std::collections::BTreeMap;
use std::fmt;

use model::Explained;
use model::register::{Categorization, DataCategory, Impact, InformationType, Item, Objective};
use serde::Serialize;

/// Residents from which on personal data weighs more: our own choice.
pub const MANY_RESIDENTS: u64 = 10_000;

/// Why something is proposed, or nothing is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CategorizeReason {
    /// A type of information says so.
    Type {
        /// Its id.
        id: String,
        /// Its title.
        title: String,
        /// Of which objective.
        objective: &'static str,
        /// What it says.
        impact: Impact,
    },
    /// Personal data that it holds.
    Personal {
        /// What it is about.
        category: DataCategory,
        /// Of how many, if that is known.
        residents: Option<u64>,
        /// What follows for confidentiality.
        impact: Impact,
    },
    /// Lives hang on it.
    LifeSafety,
    /// The catalogue has no such type.
    UnknownType {
        /// Its id.
        id: String,
    },
    /// Something that nobody has said.
    NotSaid {
        /// What.
        what: &'static str,
        /// Which objectives stay open for it.
        objective: &'static str,
    },
    /// The highest of the three.
    HighWater {
        /// Which.
        impact: Impact,
        /// What makes it so.
        objective: &'static str,
    },
}

impl fmt::Display for CategorizeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CategorizeReason::Type { id, title, objective, impact } => {
                write!(f, "{objective} {impact}: {title} ({id})")
            }
            CategorizeReason::Personal { category, residents: Some(residents), impact } => {
                write!(f, "confidentiality {impact}: {category} data of {residents} residents")
            }
            CategorizeReason::Personal { category, residents: None, impact } => {
                write!(f, "confidentiality {impact}: {category} data, of how many nobody has said")
            }
            CategorizeReason::LifeSafety => f.write_str("integrity and availability high: lives hang on it"),
            CategorizeReason::UnknownType { id } => write!(f, "{id}: the catalogue has no such type of information"),
            CategorizeReason::NotSaid { what, objective } => write!(f, "{objective} open: nobody has said {what}"),
            CategorizeReason::HighWater { impact, objective } => write!(f, "as a whole {impact}, by its {objective}"),
        }
    }
}

const OBJECTIVES: [&str; 3] = ["confidentiality", "integrity", "availability"];

/// Proposes; what people decided before stays.
pub fn propose(item: &Item, types: &BTreeMap<String, InformationType>) -> Explained<Categorization, CategorizeReason> {
    let mut because = Vec::new();
    let mut impacts: [Option<Impact>; 3] = [None; 3];
    let mut is_open = [false; 3];
    for id in &item.information_types {
        let Some(found) = types.get(id) else {
            because.push(CategorizeReason::UnknownType { id: id.clone() });
            is_open = [true; 3];
            continue;
        };
        let said = [found.confidentiality, found.integrity, found.availability];
        for ((place, impact), objective) in impacts.iter_mut().zip(said).zip(OBJECTIVES) {
            if let Some(impact) = impact.filter(|impact| Some(*impact) > *place) {
                *place = Some(impact);
                let (id, title) = (found.id.clone(), found.title.clone());
                because.push(CategorizeReason::Type { id, title, objective, impact });
            }
        }
    }
    if item.information_types.is_empty() {
        is_open = [true; 3];
        let (what, objective) = ("which types of information it has", "each objective");
        because.push(CategorizeReason::NotSaid { what, objective });
    }
    match &item.data {
        None => {
            is_open[0] = true;
            let (what, objective) = ("whether it holds personal data", OBJECTIVES[0]);
            because.push(CategorizeReason::NotSaid { what, objective });
        }
        Some(data) => {
            for held in data {
                // Of how many nobody knows may be many.
                let is_many = held.residents.is_none_or(|residents| residents > MANY_RESIDENTS);
                let impact = match (held.category.is_special(), is_many) {
                    (true, true) => Impact::High,
                    (true, false) | (false, true) => Impact::Moderate,
                    (false, false) => Impact::Low,
                };
                if Some(impact) > impacts[0] {
                    impacts[0] = Some(impact);
                    let (category, residents) = (held.category, held.residents);
                    because.push(CategorizeReason::Personal { category, residents, impact });
                }
            }
        }
    }
    if item.is_life_safety == Some(true) {
        impacts[1] = Some(Impact::High);
        impacts[2] = Some(Impact::High);
        because.push(CategorizeReason::LifeSafety);
    } else if item.is_life_safety.is_none() {
        is_open[1] = true;
        is_open[2] = true;
        let (what, objective) = ("whether lives hang on it", "integrity and availability");
        because.push(CategorizeReason::NotSaid { what, objective });
    }
    let earlier = item.categorization.as_ref();
    let of = |place: usize, earlier: Option<&Objective>| {
        // Where something known makes it high, what is not known cannot make it higher.
        let proposed = impacts[place].filter(|impact| !is_open[place] || *impact == Impact::High);
        Objective {
            proposed,
            decided: earlier.and_then(|earlier| earlier.decided),
            why: earlier.map(|earlier| earlier.why.clone()).unwrap_or_default(),
        }
    };
    let value = Categorization {
        confidentiality: of(0, earlier.map(|earlier| &earlier.confidentiality)),
        integrity: of(1, earlier.map(|earlier| &earlier.integrity)),
        availability: of(2, earlier.map(|earlier| &earlier.availability)),
    };
    if let Some(impact) = value.high_water() {
        let all = [&value.confidentiality, &value.integrity, &value.availability];
        let highest = OBJECTIVES.into_iter().zip(all).find(|(_, objective)| objective.counts() == Some(impact));
        because.extend(highest.map(|(objective, _)| CategorizeReason::HighWater { impact, objective }));
    }
    Explained { value, because }
}

#[cfg(test)]
mod tests {
    use model::register::{DataHeld, ItemId, ItemKind};

    use super::*;

    fn types() -> BTreeMap<String, InformationType> {
        let one = |id: &str, impacts: [Option<Impact>; 3]| {
            let [confidentiality, integrity, availability] = impacts;
            let (title, category) = (format!("Type {id}"), String::new());
            (
                id.to_owned(),
                InformationType { id: id.into(), title, category, confidentiality, integrity, availability },
            )
        };
        BTreeMap::from([
            one("a", [Some(Impact::Low), Some(Impact::Moderate), Some(Impact::Low)]),
            one("public", [None, Some(Impact::Low), Some(Impact::Low)]),
        ])
    }

    fn item(types: &[&str], data: Option<&[(DataCategory, Option<u64>)]>, is_life_safety: Option<bool>) -> Item {
        let mut item = Item::new(ItemId::parse("portal").unwrap(), ItemKind::Service, "Portal");
        item.information_types = types.iter().map(|id| (*id).to_owned()).collect();
        let held = |(category, residents): &(DataCategory, Option<u64>)| DataHeld {
            category: *category,
            residents: *residents,
        };
        item.data = data.map(|data| data.iter().map(held).collect());
        item.is_life_safety = is_life_safety;
        item
    }

    fn proposed(item: &Item) -> [Option<Impact>; 3] {
        let value = propose(item, &types()).value;
        [value.confidentiality.proposed, value.integrity.proposed, value.availability.proposed]
    }

    #[test]
    fn the_highest_of_all_that_speaks_for_one() {
        use DataCategory::{Contact, Health};
        use Impact::{High, Low, Moderate};
        let none: &[(DataCategory, Option<u64>)] = &[];
        for (item, expected) in [
            (item(&["a"], Some(none), Some(false)), [Some(Low), Some(Moderate), Some(Low)]),
            (item(&["public"], Some(none), Some(false)), [None, Some(Low), Some(Low)]),
            (item(&["a"], Some(&[(Contact, Some(9))]), Some(false)), [Some(Low), Some(Moderate), Some(Low)]),
            (item(&["a"], Some(&[(Contact, Some(10_001))]), Some(false)), [Some(Moderate), Some(Moderate), Some(Low)]),
            (item(&["a"], Some(&[(Health, Some(9))]), Some(false)), [Some(Moderate), Some(Moderate), Some(Low)]),
            (item(&["a"], Some(&[(Health, None)]), Some(false)), [Some(High), Some(Moderate), Some(Low)]),
            (item(&["a"], Some(none), Some(true)), [Some(Low), Some(High), Some(High)]),
        ] {
            assert_eq!(proposed(&item), expected, "{item:?}");
        }
    }

    #[test]
    fn what_nobody_has_said_is_never_low() {
        use DataCategory::Health;
        let none: &[(DataCategory, Option<u64>)] = &[];
        assert_eq!(proposed(&item(&[], None, None)), [None; 3]);
        assert_eq!(proposed(&item(&["a"], None, Some(false))), [None, Some(Impact::Moderate), Some(Impact::Low)]);
        assert_eq!(proposed(&item(&["a", "gone"], Some(none), Some(false))), [None; 3]);
        assert_eq!(proposed(&item(&["a"], Some(none), None)), [Some(Impact::Low), None, None]);
        // High is high, whatever else there is.
        assert_eq!(proposed(&item(&[], Some(&[(Health, None)]), Some(true))), [Some(Impact::High); 3]);
        let said = propose(&item(&["gone"], None, None), &types());
        let words: Vec<String> = said.because.iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            [
                "gone: the catalogue has no such type of information",
                "confidentiality open: nobody has said whether it holds personal data",
                "integrity and availability open: nobody has said whether lives hang on it",
            ]
        );
    }

    #[test]
    fn what_people_decided_stays_and_counts() {
        let none: &[(DataCategory, Option<u64>)] = &[];
        let mut item = item(&["a"], Some(none), Some(false));
        let first = propose(&item, &types());
        assert!(first.because.iter().any(|reason| reason.to_string() == "as a whole moderate, by its integrity"));
        let mut decided = first.value.clone();
        decided.integrity.decided = Some(Impact::Low);
        decided.integrity.why = "it is looked after daily".into();
        item.categorization = Some(decided);
        let second = propose(&item, &types()).value;
        assert_eq!((second.integrity.proposed, second.high_water()), (Some(Impact::Moderate), Some(Impact::Low)));
    }
}
