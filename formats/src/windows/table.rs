//! The shape of the tables that say what an event id becomes.

use model::ocsf::{Class, Event};

use super::fill::Part;
use super::names::W;
use crate::row::Row;

/// What one event id becomes.
pub(super) struct Rule {
    pub(super) id: i64,
    pub(super) class: Class,
    pub(super) activity: u32,
    /// What happened, for people.
    pub(super) title: &'static str,
    parts: &'static [Part],
}

/// A line of a table.
pub(super) const fn rule(id: i64, class: Class, activity: u32, title: &'static str, parts: &'static [Part]) -> Rule {
    Rule { id, class, activity, title, parts }
}

impl Rule {
    /// Fills the event.
    pub(super) fn apply(&self, row: &Row<'_, W>, event: &mut Event) {
        event.class = self.class;
        event.activity_id = self.activity;
        event.attributes.message = Some(self.title.to_owned());
        for part in self.parts {
            part(row, event);
        }
    }
}

/// The line of an id; tables are in the order of their ids.
pub(super) fn find(rules: &'static [Rule], id: i64) -> Option<&'static Rule> {
    rules.binary_search_by_key(&id, |rule| rule.id).ok().map(|at| &rules[at])
}
