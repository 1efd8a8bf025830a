//! A list that knows whether it is there.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

/// A list that is absent or there, as the document has it; both read as a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct List<T>(Option<Vec<T>>);

impl<T> List<T> {
    /// Nothing, not even an empty list.
    pub const fn absent() -> Self {
        List(None)
    }

    /// The document has none.
    pub const fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// Puts something behind it.
    pub fn push(&mut self, one: T) {
        self.0.get_or_insert_default().push(one);
    }

    /// Keeps what `keeps` says; a list of which nothing stays is absent.
    pub fn retain(&mut self, keeps: impl FnMut(&T) -> bool) {
        if let Some(list) = &mut self.0 {
            list.retain(keeps);
            if list.is_empty() {
                self.0 = None;
            }
        }
    }

    /// The list as one that can be changed in all ways.
    pub fn to_mut(&mut self) -> &mut Vec<T> {
        self.0.get_or_insert_default()
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List::absent()
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.0.as_deref_mut().unwrap_or_default()
    }
}

impl<T> From<Vec<T>> for List<T> {
    /// An empty one is absent: OSCAL has no empty lists.
    fn from(list: Vec<T>) -> Self {
        List(Some(list).filter(|list| !list.is_empty()))
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(list: I) -> Self {
        list.into_iter().collect::<Vec<T>>().into()
    }
}

impl<T> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, more: I) {
        more.into_iter().for_each(|one| self.push(one));
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.unwrap_or_default().into_iter()
    }
}
