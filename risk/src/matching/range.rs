//! Whether a version lies in a range, as OSV, NVD, CSAF and `vers:` draw them.

use std::cmp::Ordering;

use model::software::{Bound, Comparator, Constraint, Event, Range};

use super::version::Scheme;

/// Where a version stands to a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Inside, or on which side.
    pub place: Place,
    /// The first version behind it that is mended, where the range says so.
    pub fixed_in: Option<String>,
    /// A version is none by the rules of its scheme, so that the order is a guess.
    pub is_doubtful: bool,
}

/// Inside a range, or outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// It is not in the range, and nothing was mended before it.
    Outside,
    /// Something was mended at or before it.
    Behind,
    /// It is in the range.
    Inside,
}

/// Where `version` stands to a range; `own` is the order of the product's ecosystem, which most ranges go by.
pub fn standing(range: &Range, own: Scheme, version: &str) -> Standing {
    match range {
        Range::Semver(events) => Compare::new(Scheme::Semver, version).events(events),
        Range::Ecosystem(events) => Compare::new(own, version).events(events),
        Range::Between { from, to } => Compare::new(own, version).between(from.as_ref(), to.as_ref()),
        Range::Vers { scheme, constraints } => {
            let scheme = match Scheme::of(scheme) {
                Scheme::Plain => own,
                known => known,
            };
            Compare::new(scheme, version).constraints(constraints)
        }
    }
}

struct Compare<'v> {
    scheme: Scheme,
    version: &'v str,
    is_doubtful: bool,
}

impl<'v> Compare<'v> {
    const fn new(scheme: Scheme, version: &'v str) -> Self {
        Compare { scheme, version, is_doubtful: false }
    }

    /// How the version stands to another.
    fn with(&mut self, other: &str) -> Ordering {
        let compared = self.scheme.compare(self.version, other);
        self.is_doubtful |= compared.by != self.scheme;
        compared.order
    }

    fn said(self, place: Place, fixed_in: Option<String>) -> Standing {
        Standing { place, fixed_in, is_doubtful: self.is_doubtful }
    }

    /// The algorithm of OSV 1.7, "Evaluation": the last event at or before the version decides.
    fn events(mut self, events: &[Event]) -> Standing {
        let limits: Vec<&String> = events
            .iter()
            .filter_map(|event| if let Event::Limit(limit) = event { Some(limit) } else { None })
            .collect();
        let is_limited =
            !limits.is_empty() && limits.iter().all(|limit| limit.as_str() != "*" && self.with(limit).is_ge());
        let mut sorted: Vec<(&str, &Event)> =
            events.iter().filter_map(|event| Some((version_of(event)?, event))).collect();
        // What is mended and introduced at one version is there: the doubt is for the harm.
        sorted.sort_by(|(one, event), (other, other_event)| {
            self.scheme.compare_events(one, other).then_with(|| side(event).cmp(&side(other_event)))
        });
        let (mut place, mut fixed_in) = (Place::Outside, None);
        for (at, event) in sorted {
            let order = if at == "0" { Ordering::Greater } else { self.with(at) };
            match event {
                Event::Introduced(_) if order.is_ge() => place = Place::Inside,
                Event::Fixed(_) if order.is_ge() => place = Place::Behind,
                Event::Fixed(_) if fixed_in.is_none() => fixed_in = Some(at.to_owned()),
                Event::LastAffected(_) if order.is_gt() => place = Place::Behind,
                _ => {}
            }
        }
        let place = if is_limited && place == Place::Inside { Place::Outside } else { place };
        self.said(place, fixed_in)
    }

    fn between(mut self, from: Option<&Bound>, to: Option<&Bound>) -> Standing {
        let mut is_within = |bound: Option<&Bound>, side: Ordering| {
            bound.is_none_or(|bound| {
                let order = self.with(&bound.version);
                order == side || (order.is_eq() && bound.is_included)
            })
        };
        let (is_behind_start, is_before_end) = (is_within(from, Ordering::Greater), is_within(to, Ordering::Less));
        let place = match (is_behind_start, is_before_end) {
            (true, true) => Place::Inside,
            (_, false) => Place::Behind,
            (false, true) => Place::Outside,
        };
        // An end that is left out is the first version without it.
        let fixed_in = to.filter(|bound| !bound.is_included && is_before_end).map(|bound| bound.version.clone());
        self.said(place, fixed_in)
    }

    /// The algorithm of the specification of `vers:`, "Checking if a version is contained within a range".
    fn constraints(mut self, constraints: &[Constraint]) -> Standing {
        let mut sorted: Vec<(&Constraint, Ordering)> = Vec::with_capacity(constraints.len());
        for constraint in constraints {
            if constraint.is == Comparator::Any {
                return self.said(Place::Inside, None);
            }
            let order = self.with(&constraint.version);
            if order.is_eq() {
                let is_in = matches!(constraint.is, Comparator::Equal | Comparator::AtMost | Comparator::AtLeast);
                return self.said(if is_in { Place::Inside } else { Place::Outside }, None);
            }
            sorted.push((constraint, order));
        }
        let is_exclusion_only = sorted.iter().all(|(constraint, _)| constraint.is == Comparator::Other);
        sorted.retain(|(constraint, _)| !matches!(constraint.is, Comparator::Equal | Comparator::Other));
        sorted.sort_by(|(one, _), (other, _)| self.scheme.compare(&one.version, &other.version).order);
        let is_up = |constraint: &Constraint| matches!(constraint.is, Comparator::More | Comparator::AtLeast);
        // The nearest below opens upwards, or the nearest above downwards.
        let below = sorted.iter().rev().find(|(_, order)| order.is_gt());
        let above = sorted.iter().find(|(_, order)| order.is_lt());
        let is_inside = match (below, above) {
            (Some((below, _)), Some((above, _))) => is_up(below) && !is_up(above),
            (Some((below, _)), None) => is_up(below),
            (None, Some((above, _))) => !is_up(above),
            (None, None) => is_exclusion_only,
        };
        let fixed_in = above.filter(|(above, _)| is_inside && above.is == Comparator::Less);
        let fixed_in = fixed_in.map(|(above, _)| above.version.clone());
        let place = match below {
            _ if is_inside => Place::Inside,
            Some((below, _)) if !is_up(below) => Place::Behind,
            _ => Place::Outside,
        };
        self.said(place, fixed_in)
    }
}

impl Scheme {
    /// `0` of OSV is before all.
    fn compare_events(self, left: &str, right: &str) -> Ordering {
        match (left == "0", right == "0") {
            (false, false) => self.compare(left, right).order,
            (left, right) => right.cmp(&left),
        }
    }
}

fn version_of(event: &Event) -> Option<&str> {
    match event {
        Event::Introduced(version) | Event::Fixed(version) | Event::LastAffected(version) => Some(version),
        Event::Limit(_) => None,
    }
}

const fn side(event: &Event) -> u8 {
    match event {
        Event::Fixed(_) | Event::Limit(_) => 0,
        Event::Introduced(_) => 1,
        Event::LastAffected(_) => 2,
    }
}
