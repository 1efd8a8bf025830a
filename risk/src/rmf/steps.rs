//! Where each step stands, and what is missing.

use std::collections::BTreeSet;
use std::time::Duration;

use model::register::{Item, ItemId};
use model::{Timestamp, limits};
use serde::Serialize;

use super::{ActionStatus, Decision, Done, Drift, Implementation, Package, Step};

/// Whether a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Something is missing.
    Open,
    /// It was done, and something has changed.
    Reopened,
    /// Nothing is missing.
    Done,
}

impl StepState {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            StepState::Open => "open",
            StepState::Reopened => "open again",
            StepState::Done => "done",
        }
    }
}

/// A step as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepView {
    /// Which.
    pub step: Step,
    /// Whether it is done.
    pub state: StepState,
    /// What was said.
    pub says: Vec<String>,
    /// What is missing, and why it is open again.
    pub missing: Vec<String>,
    /// Who worked on it last.
    pub worked: Option<Done>,
}

/// What stands around a package.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The service as the register has it.
    pub item: &'a Item,
    /// What belongs to it.
    pub boundary: &'a BTreeSet<ItemId>,
    /// What has changed since the decision.
    pub drift: &'a [Drift],
    /// The time.
    pub now: Timestamp,
}

/// How controls stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Controls that count.
    pub controls: usize,
    /// Of which somebody said how they are met.
    pub stated: usize,
    /// Of which somebody looked, and they are.
    pub satisfied: usize,
    /// Of which somebody looked, and they are not.
    pub not_satisfied: usize,
    /// Of which nobody looked.
    pub not_assessed: usize,
}

/// Counts how controls stand. What does not apply needs no look.
pub fn summary(package: &Package) -> Summary {
    let mut sum = Summary::default();
    for control in package.controls() {
        sum.controls += 1;
        let how = package.statements.get(control);
        sum.stated += usize::from(how.is_some());
        match package.is_satisfied(control) {
            Some(true) => sum.satisfied += 1,
            Some(false) => sum.not_satisfied += 1,
            None if how.is_some_and(|how| how.status == Implementation::NotApplicable) => {}
            None => sum.not_assessed += 1,
        }
    }
    sum
}

/// The seven steps in their order.
pub fn steps(package: &Package, around: &Around<'_>) -> Vec<StepView> {
    let one = |step: &Step| {
        let step = *step;
        let (says, mut missing) = match step {
            Step::Prepare => prepare(around),
            Step::Categorize => categorize(around),
            Step::Select => select(package),
            Step::Implement => implement(package),
            Step::Assess => assess(package),
            Step::Authorize => authorize(package, around.now),
            Step::Monitor => monitor(package, around),
        };
        let again: Vec<String> = package.reopened.get(&step).into_iter().flatten().cloned().collect();
        let is_again = missing.is_empty() && !again.is_empty();
        missing.extend(again);
        let state = match (is_again, missing.is_empty()) {
            (true, _) => StepState::Reopened,
            (false, true) => StepState::Done,
            (false, false) => StepState::Open,
        };
        StepView { step, state, says, missing, worked: package.worked.get(&step).cloned() }
    };
    Step::ALL.iter().map(one).collect()
}

type Said = (Vec<String>, Vec<String>);

fn prepare(around: &Around<'_>) -> Said {
    let (mut says, mut missing) = (Vec::new(), Vec::new());
    if around.item.owner.trim().is_empty() {
        missing.push("nobody is named who answers for the service".to_owned());
    } else {
        says.push(format!("{} answers for it", around.item.owner));
    }
    match around.boundary.len() {
        0 | 1 => missing.push("nothing is named that the service runs on, needs or stores in".to_owned()),
        length => says.push(format!("{length} items belong to it")),
    }
    if around.item.exposure.is_none() {
        missing.push("nobody has said who can reach it".to_owned());
    }
    (says, missing)
}

fn categorize(around: &Around<'_>) -> Said {
    let Some(said) = &around.item.categorization else {
        return (Vec::new(), vec!["nobody has said how bad it would be".to_owned()]);
    };
    let (mut says, mut missing) = (Vec::new(), Vec::new());
    let all = [
        ("confidentiality", &said.confidentiality),
        ("integrity", &said.integrity),
        ("availability", &said.availability),
    ];
    for (name, objective) in all {
        match (objective.decided, objective.proposed) {
            (Some(impact), _) => says.push(format!("{name} {impact}")),
            (None, Some(impact)) => missing.push(format!("{name}: {impact} is proposed, and nobody has decided")),
            (None, None) => missing.push(format!("{name} is open")),
        }
    }
    if let Some(impact) = said.high_water() {
        says.push(format!("as a whole {impact}: the highest of the three"));
    }
    (says, missing)
}

fn select(package: &Package) -> Said {
    let Some(selection) = &package.selection else {
        return (Vec::new(), vec!["no controls were chosen".to_owned()]);
    };
    let overlay = if selection.has_privacy { " with the privacy overlay" } else { "" };
    let tailoring = &package.tailoring;
    let says = vec![
        format!("baseline {}{overlay}", selection.baseline),
        format!(
            "{} controls, {} put in and {} taken out",
            package.controls().len(),
            tailoring.added.len(),
            tailoring.removed.len()
        ),
    ];
    (says, Vec::new())
}

fn implement(package: &Package) -> Said {
    let sum = summary(package);
    if sum.controls == 0 {
        return (Vec::new(), vec!["there are no controls to meet yet".to_owned()]);
    }
    let says = vec![format!("{} of {} controls have a statement", sum.stated, sum.controls)];
    let missing = match sum.controls - sum.stated {
        0 => Vec::new(),
        left => vec![format!("of {left} controls nobody has said how they are met")],
    };
    (says, missing)
}

fn assess(package: &Package) -> Said {
    let sum = summary(package);
    if sum.controls == 0 {
        return (Vec::new(), vec!["there are no controls to look at yet".to_owned()]);
    }
    let says = vec![format!("{} met, {} not met", sum.satisfied, sum.not_satisfied)];
    let mut missing = Vec::new();
    if sum.not_assessed > 0 {
        missing.push(format!("{} controls were not looked at", sum.not_assessed));
    }
    let planned: BTreeSet<&str> = package.actions.values().map(|action| action.control.as_str()).collect();
    let unplanned = package
        .controls()
        .into_iter()
        .filter(|control| package.is_satisfied(control) == Some(false) && !planned.contains(control))
        .count();
    if unplanned > 0 {
        missing.push(format!("{unplanned} controls are not met, and no action is planned for them"));
    }
    (says, missing)
}

fn authorize(package: &Package, now: Timestamp) -> Said {
    let Some(head) = &package.authorization else { return (Vec::new(), vec!["nobody has decided".to_owned()]) };
    let says = vec![format!("{} until {}", head.decision, head.expires)];
    let missing = match head.decision {
        Decision::Deny => vec!["it may not run".to_owned()],
        _ if head.expires <= now => vec!["the decision has ended".to_owned()],
        _ => Vec::new(),
    };
    (says, missing)
}

fn monitor(package: &Package, around: &Around<'_>) -> Said {
    let (mut says, mut missing) = (Vec::new(), Vec::new());
    if package.authorization.is_none() {
        return (says, vec!["there is no decision to compare with".to_owned()]);
    }
    let since = around.now.minus(Duration::from_secs(limits::MONITOR_DAYS * 86_400));
    match package.worked.get(&Step::Monitor) {
        Some(done) if done.at > since => says.push(format!("looked at {}", done.at)),
        Some(done) => missing.push(format!("nobody has looked since {}", done.at)),
        None => missing.push("nobody has looked since the decision".to_owned()),
    }
    missing.extend(around.drift.iter().map(ToString::to_string));
    let late =
        package.actions.values().filter(|one| one.status != ActionStatus::Closed && one.due <= around.now).count();
    if late > 0 {
        missing.push(format!("{late} actions are late"));
    }
    (says, missing)
}
