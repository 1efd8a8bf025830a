//! One minute of a service, counted.

use std::collections::{BTreeMap, BTreeSet};

use model::limits::FLOOD_FOLLOWED_MAX;

use super::Hit;
use super::count::Keys;
use super::sketch::{Distinct, Filter, Frequent};

/// Networks and paths of a quiet minute that are remembered at most.
const REMEMBERED_MAX: usize = 4_096;

/// What came within a minute.
pub(super) struct Counting {
    pub(super) minute: i64,
    requests: u32,
    pages: u32,
    refused: u32,
    broken: u32,
    new_networks: u32,
    new_paths: u32,
    foreign_referrers: u32,
    programs: u32,
    sources: Distinct,
    by_source: Frequent,
    by_path: Frequent,
    by_agent: Frequent,
    followed: BTreeMap<u64, Followed>,
    networks_seen: BTreeSet<u64>,
    paths_seen: BTreeSet<u64>,
}

/// How one visitor went on, for a minute.
#[derive(Clone, Copy, Default)]
struct Followed {
    pages: u32,
    assets: u32,
    first_path: u64,
    went_on: bool,
}

/// A minute in numbers. Shares are of pages unless they say otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Features {
    pub(super) requests: f64,
    pub(super) pages: f64,
    pub(super) sources: f64,
    /// Pages whose visitors do as browsers do: load what belongs to a page, or go on to another.
    pub(super) followed: f64,
    /// Pages to networks that never came before.
    pub(super) new_networks: f64,
    /// Pages that nobody asked for before.
    pub(super) new_paths: f64,
    /// Pages to which another site led.
    pub(super) foreign_referrers: f64,
    /// Requests of clients that do not call themselves browsers.
    pub(super) programs: f64,
    /// Answers 400 to 499.
    pub(super) refused: f64,
    /// Answers from 500 on, and none.
    pub(super) broken: f64,
    /// Requests of the source that asks most.
    pub(super) most_of_one: f64,
    /// Requests of the most frequent name of a client.
    pub(super) most_of_agent: f64,
    /// Bits.
    pub(super) path_entropy: f64,
    /// Bits.
    pub(super) source_entropy: f64,
}

impl Counting {
    pub(super) fn new(minute: i64) -> Self {
        Counting {
            minute,
            requests: 0,
            pages: 0,
            refused: 0,
            broken: 0,
            new_networks: 0,
            new_paths: 0,
            foreign_referrers: 0,
            programs: 0,
            sources: Distinct::default(),
            by_source: Frequent::default(),
            by_path: Frequent::default(),
            by_agent: Frequent::default(),
            followed: BTreeMap::new(),
            networks_seen: BTreeSet::new(),
            paths_seen: BTreeSet::new(),
        }
    }

    pub(super) fn count(&mut self, hit: &Hit<'_>, keys: &Keys, is_new: (bool, bool)) {
        let (is_new_network, is_new_path) = is_new;
        let is_asset = is_asset(hit.path);
        self.requests += 1;
        self.refused += u32::from((400..500).contains(&hit.status));
        self.broken += u32::from(hit.status >= 500 || hit.status == 0);
        self.programs += u32::from(!hit.agent.starts_with("Mozilla/"));
        self.sources.add(keys.source);
        self.by_source.add(keys.source);
        self.by_agent.add(keys.agent);
        self.follow(keys, is_asset);
        if is_asset {
            return;
        }
        self.pages += 1;
        self.by_path.add(keys.path);
        self.new_networks += u32::from(is_new_network);
        self.new_paths += u32::from(is_new_path);
        self.foreign_referrers += u32::from(hit.referrer.is_some_and(|referrer| is_foreign(referrer, hit.host)));
        remember(&mut self.networks_seen, keys.network);
        remember(&mut self.paths_seen, keys.path);
    }

    /// Follows the sources with the least hashes: the same part of all, whoever comes first.
    fn follow(&mut self, keys: &Keys, is_asset: bool) {
        let seen = self.followed.entry(keys.source).or_default();
        if is_asset {
            seen.assets += 1;
        } else {
            seen.pages += 1;
            if seen.pages == 1 {
                seen.first_path = keys.path;
            }
            seen.went_on |= seen.first_path != keys.path;
        }
        if self.followed.len() > FLOOD_FOLLOWED_MAX {
            self.followed.pop_last();
        }
    }

    /// How many visitors are followed.
    #[cfg(test)]
    pub(super) fn followed_len(&self) -> usize {
        self.followed.len()
    }

    pub(super) fn features(&self) -> Features {
        let (mut pages, mut like_people) = (0u64, 0.0);
        for seen in self.followed.values() {
            pages += u64::from(seen.pages);
            // A browser loads more parts than pages. Whoever takes hundreds of pages and one picture is none.
            let per_page = f64::from(seen.assets) / f64::from(seen.pages.max(1));
            let goes_on = if seen.went_on && seen.pages <= 30 && seen.assets > 0 { 1.0 } else { per_page.min(1.0) };
            like_people += f64::from(seen.pages) * goes_on;
        }
        let share = like_people / (pages.max(1) as f64);
        Features {
            requests: self.requests.into(),
            pages: self.pages.into(),
            sources: self.sources.count(),
            followed: share * f64::from(self.pages),
            new_networks: self.new_networks.into(),
            new_paths: self.new_paths.into(),
            foreign_referrers: self.foreign_referrers.into(),
            programs: self.programs.into(),
            refused: self.refused.into(),
            broken: self.broken.into(),
            most_of_one: self.by_source.most(),
            most_of_agent: self.by_agent.most(),
            path_entropy: self.by_path.entropy(),
            source_entropy: self.by_source.entropy(),
        }
    }

    /// What came in a quiet minute is known from now on.
    pub(super) fn remember(self, networks: &mut Filter, paths: &mut Filter) {
        self.networks_seen.iter().for_each(|hash| networks.add(*hash));
        self.paths_seen.iter().for_each(|hash| paths.add(*hash));
    }
}

fn remember(seen: &mut BTreeSet<u64>, hash: u64) {
    seen.insert(hash);
    if seen.len() > REMEMBERED_MAX {
        seen.pop_last();
    }
}

/// What a page is made of, by the end of its path.
fn is_asset(path: &str) -> bool {
    const ENDS: &[&str] = &[
        "css", "js", "mjs", "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "woff", "woff2", "ttf", "map",
        "json",
    ];
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(_, end)| ENDS.contains(&end.to_ascii_lowercase().as_str()))
}

/// Another site leads here. Logs write `-` for none.
fn is_foreign(referrer: &str, own: &str) -> bool {
    let Some((_, rest)) = referrer.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.eq_ignore_ascii_case(own)
}
