//! What the readers' tests share.

use super::{Item, Known, Refused};

/// The notes among what a reader found.
pub(crate) fn notes(found: &[Result<Item, Refused>]) -> Vec<String> {
    found.iter().filter_map(|item| item.as_ref().err().map(ToString::to_string)).collect()
}

/// The one thing that is known.
#[track_caller]
pub(crate) fn only_known(found: Vec<Result<Item, Refused>>) -> Known {
    let mut known = found.into_iter().filter_map(|item| match item {
        Ok(Item::Known(known)) => Some(*known),
        _ => None,
    });
    let first = known.next().expect("something that is known");
    assert_eq!(known.next(), None);
    first
}
