//! Why something left, and why it did not, in sentences for people. None of them names a thing.

use intel::release::{Change, Field, Handling, PeerPolicy, Refusal, Relation};
use model::Tlp;

/// Which rules let it out, and what was changed on the way.
pub(super) fn let_out(handling: &Handling, policy: &PeerPolicy, changes: &[Change]) -> Vec<String> {
    let clearance = policy.clearance.unwrap_or(Tlp::Clear);
    let relation = match policy.relation {
        Relation::Public => "it goes to anybody",
        Relation::Community => "the peer belongs to the community",
        Relation::Client => "the peer protects us, or we it",
        Relation::SameOrganisation => "the peer is a part of this organisation",
    };
    let mut words = vec![
        format!("{} is within the peer's clearance, {clearance}", handling.marking.tlp),
        format!("{} is within what it heeds, {}", handling.marking.pap, policy.pap),
        relation.to_owned(),
    ];
    let shared: Vec<&str> = handling.groups.intersection(&policy.groups).map(|group| group.as_str()).collect();
    if !shared.is_empty() {
        words.push(format!("the peer is in {}", shared.join(", ")));
    }
    words.extend(changes.iter().map(change));
    words
}

fn change(change: &Change) -> String {
    match change {
        Change::Removed { field } => format!("{} removed", field_name(*field)),
        Change::SubmitterHidden => "who says it is hidden".to_owned(),
        Change::AccountsReplaced { accounts } => format!("{accounts} accounts replaced by pseudonyms"),
        Change::Noised => "noise added".to_owned(),
    }
}

pub(super) const fn field_name(field: Field) -> &'static str {
    match field {
        Field::Label => "label",
        Field::Confidence => "confidence",
        Field::Level => "level",
        Field::Times => "times",
        Field::Count => "count",
        Field::Techniques => "techniques",
        Field::Machine => "machine",
        Field::Accounts => "accounts",
        Field::Text => "words",
    }
}

/// Reasons with numbers of the thing itself would be as many as there are things.
pub(super) fn kept_in(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Ended { .. } => "it ended".to_owned(),
        Refusal::OutsideGroups { .. } => "it is for groups that the peer is not in".to_owned(),
        Refusal::TooFewOrganisations { needed, .. } => {
            format!("a count over fewer than {needed} organisations is about somebody")
        }
        other => other.to_string(),
    }
}
