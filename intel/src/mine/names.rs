//! Techniques by name: "OS Credential Dumping" in a report is T1003.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use model::limits;

use crate::words::stands_alone;

/// Ids and names of techniques, for example from ATT&CK. May be empty: then ids are taken as they stand, and names are not
/// looked for.
#[derive(Default)]
pub struct TechniqueNames {
    by_id: BTreeMap<String, String>,
    finder: Option<AhoCorasick>,
    /// Id of each pattern of `finder`.
    ids: Vec<String>,
}

impl TechniqueNames {
    /// From ids (`T1059.001`) and names; beyond [`limits::MINE_NAMES_MAX`] they are left out. Names of one word (`Phishing`) are
    /// not looked for: they are said too often without meaning a technique.
    pub fn new<'a>(names: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let pairs = names.into_iter().take(limits::MINE_NAMES_MAX);
        let by_id: BTreeMap<String, String> = pairs.map(|(id, name)| (id.to_uppercase(), name.to_owned())).collect();
        let is_telling = |(_, name): &(&String, &String)| name.split_whitespace().count() > 1;
        let telling: Vec<(&String, &String)> = by_id.iter().filter(is_telling).collect();
        let builder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(telling.iter().map(|(_, name)| name.as_str()));
        let ids = telling.iter().map(|(id, _)| (*id).clone()).collect();
        TechniqueNames { finder: builder.ok(), ids, by_id }
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The name of a technique.
    pub fn name_of(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(String::as_str)
    }

    /// Places of names, with the ids.
    pub(super) fn find<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize, &'a str)> + 'a {
        let found = self.finder.iter().flat_map(move |finder| finder.find_iter(text));
        found.filter_map(move |at| {
            let id = self.ids.get(at.pattern().as_usize())?;
            stands_alone(text, at.start(), at.end() - at.start()).then_some((at.start(), at.end(), id.as_str()))
        })
    }
}
