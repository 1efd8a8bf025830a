//! Property lists of Apple in their XML form, as values.

use std::collections::BTreeMap;

use super::steps::Step;
use crate::Trouble;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plist {
    /// Names and values.
    Dict(BTreeMap<String, Plist>),
    /// Values in a row.
    Array(Vec<Plist>),
    /// A text; numbers, dates and data are texts as they are written.
    Text(String),
    /// Yes or no.
    Bool(bool),
}

impl Plist {
    /// What stands under a name.
    pub(super) fn get(&self, name: &str) -> Option<&Plist> {
        match self {
            Plist::Dict(entries) => entries.get(name),
            _ => None,
        }
    }

    /// A text, when it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Plist::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of a list.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let list: &[Plist] = match self {
            Plist::Array(list) => list,
            _ => &[],
        };
        list.iter().filter_map(Plist::text)
    }

    /// Whether a setting is on. What is neither yes nor no counts as on.
    pub(super) fn is_on(&self) -> bool {
        !matches!(self, Plist::Bool(false)) && self.text().is_none_or(|text| !matches!(text, "0" | "NO" | "false"))
    }
}

/// The value of a whole list: one inside of `plist`.
pub(super) fn read(steps: &[Step]) -> Result<Plist, Trouble> {
    let mut steps = steps.iter();
    match steps.next() {
        Some(Step::Open(element)) if element.name == "plist" => {}
        _ => return Err(Trouble::malformed("no property list")),
    }
    match steps.next() {
        Some(Step::Open(element)) => value(&element.name, &mut steps),
        _ => Err(Trouble::malformed("an empty property list")),
    }
}

/// A value whose element is open; it is closed afterwards. How deep it may go was checked when the steps were read.
fn value(name: &str, steps: &mut std::slice::Iter<'_, Step>) -> Result<Plist, Trouble> {
    match name {
        "dict" => dict(steps),
        "array" => {
            let mut list = Vec::new();
            loop {
                match steps.next() {
                    Some(Step::Open(element)) => list.push(value(&element.name, steps)?),
                    Some(Step::Text(_)) => {}
                    Some(Step::Close) | None => return Ok(Plist::Array(list)),
                }
            }
        }
        "true" | "false" => text(steps).map(|_| Plist::Bool(name == "true")),
        "string" | "integer" | "real" | "date" | "data" | "key" => text(steps).map(Plist::Text),
        _ => Err(Trouble::malformed("an element that property lists do not have")),
    }
}

fn dict(steps: &mut std::slice::Iter<'_, Step>) -> Result<Plist, Trouble> {
    let mut entries = BTreeMap::new();
    let mut key: Option<String> = None;
    loop {
        match steps.next() {
            Some(Step::Open(element)) => match key.take() {
                Some(name) if element.name != "key" => {
                    // Of a name that is there twice, the platform takes one or the other: it is refused.
                    if entries.insert(name, value(&element.name, steps)?).is_some() {
                        return Err(Trouble::malformed("a name is there twice"));
                    }
                }
                None if element.name == "key" => key = Some(text(steps)?),
                _ => return Err(Trouble::malformed("names and values do not take turns")),
            },
            Some(Step::Text(_)) => {}
            Some(Step::Close) | None if key.is_some() => return Err(Trouble::malformed("a name without a value")),
            Some(Step::Close) | None => return Ok(Plist::Dict(entries)),
        }
    }
}

/// The text up to where the element closes.
fn text(steps: &mut std::slice::Iter<'_, Step>) -> Result<String, Trouble> {
    let mut all = String::new();
    loop {
        match steps.next() {
            Some(Step::Text(text)) => all.push_str(text),
            Some(Step::Close) | None => return Ok(all.trim().to_owned()),
            Some(Step::Open(_)) => return Err(Trouble::malformed("an element inside of a text")),
        }
    }
}
