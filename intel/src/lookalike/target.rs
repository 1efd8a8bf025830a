//! What is looked for: labels of the brands, in every form in which a candidate could meet them.

use aho_corasick::{AhoCorasick, MatchKind};
use model::IndicatorKind;
use rustc_hash::{FxHashMap, FxHashSet};

use super::skeleton::{labels_of, skeleton};
use super::{Brand, BrandError, Distinctness};

/// One label of a brand.
#[derive(Debug)]
pub(super) struct Target {
    /// Which brand.
    pub(super) brand: usize,
    /// How people write it: with the hyphens of the city's own domain, where there is one.
    pub(super) label: String,
    /// With the hyphens of each own domain.
    spellings: FxHashSet<String>,
    /// Without hyphens.
    pub(super) plain: String,
    /// What it looks like.
    pub(super) skeleton: Vec<u8>,
    pub(super) distinctness: Distinctness,
    /// Labels of the suffixes under which it is the city's: `de` in `musterstadt-de.test`.
    pub(super) suffixes: FxHashSet<String>,
}

impl Target {
    /// Whether hyphens stand where they do in an own domain, or nowhere if there is none.
    pub(super) fn is_spelt(&self, label: &str) -> bool {
        if self.spellings.is_empty() { label == self.plain } else { self.spellings.contains(label) }
    }
}

/// All labels of all brands, by every form.
pub(super) struct Targets {
    pub(super) all: Vec<Target>,
    /// By the label without hyphens.
    pub(super) by_plain: FxHashMap<String, usize>,
    /// By skeleton, without hyphens.
    pub(super) by_skeleton: FxHashMap<Vec<u8>, usize>,
    /// By length; which letters it has, and which target.
    by_length: Vec<Vec<(u64, usize)>>,
    /// Own domains, of two labels or more.
    pub(super) domains: FxHashMap<String, usize>,
    /// How many labels own domains have.
    pub(super) domain_labels: std::ops::RangeInclusive<usize>,
    /// Finds names inside labels, in skeletons.
    pub(super) inside: Option<AhoCorasick>,
    /// Which target each pattern of `inside` is.
    pub(super) inside_targets: Vec<usize>,
    /// Words that lure, as skeletons, and as people write them.
    pub(super) bait: FxHashMap<Vec<u8>, String>,
}

/// A domain in its normal form that is more than a public suffix.
pub(super) fn domain(text: &str) -> Result<String, BrandError> {
    let wrong = || BrandError::NotADomain(text.chars().take(80).collect());
    let name = detect::indicators::normal(IndicatorKind::Domain, text).ok_or_else(wrong)?;
    if !name.contains('.') {
        return Err(wrong());
    }
    match psl::domain_str(&name) {
        Some(_) => Ok(name),
        None => Err(BrandError::PublicSuffix(name)),
    }
}

/// A bit for each letter and digit that stands in a label.
pub(super) fn letters(label: &[u8]) -> u64 {
    label.iter().fold(0, |set, b| {
        set | match b {
            b'a'..=b'z' => 1 << (b - b'a'),
            b'0'..=b'9' => 1 << (26 + b - b'0'),
            _ => 1 << 36,
        }
    })
}

impl Targets {
    pub(super) fn new<'a>(
        brands: &[Brand],
        bait: impl Iterator<Item = &'a String>,
        contained_letters: usize,
    ) -> Result<Self, BrandError> {
        let mut targets = Targets {
            all: Vec::new(),
            by_plain: FxHashMap::default(),
            by_skeleton: FxHashMap::default(),
            by_length: Vec::new(),
            domains: FxHashMap::default(),
            domain_labels: 2..=2,
            inside: None,
            inside_targets: Vec::new(),
            bait: FxHashMap::default(),
        };
        for (number, brand) in brands.iter().enumerate() {
            let labels = labels_of(&brand.name);
            if labels.is_empty() && brand.domains.is_empty() {
                return Err(BrandError::NoName(brand.name.chars().take(80).collect()));
            }
            labels.into_iter().for_each(|label| targets.add(number, brand.distinctness, label, None));
            for own in &brand.domains {
                targets.add_domain(number, brand.distinctness, &domain(own)?);
            }
        }
        for word in bait {
            let word = word.to_lowercase();
            targets.bait.insert(skeleton_of(&word), word);
        }
        targets.index(contained_letters);
        Ok(targets)
    }

    fn add(&mut self, brand: usize, distinctness: Distinctness, label: String, suffix: Option<&str>) {
        let plain: String = label.chars().filter(|c| *c != '-').collect();
        let number = *self.by_plain.entry(plain.clone()).or_insert_with(|| {
            let (skeleton, label) = (skeleton_of(&plain), plain.clone());
            let (spellings, suffixes) = (FxHashSet::default(), FxHashSet::default());
            self.all.push(Target { brand, label, spellings, plain, skeleton, distinctness, suffixes });
            self.all.len() - 1
        });
        if let (Some(suffix), Some(target)) = (suffix, self.all.get_mut(number)) {
            if target.spellings.is_empty() {
                target.label.clone_from(&label);
            }
            target.spellings.insert(label);
            target.suffixes.insert(suffix.to_owned());
            target.suffixes.extend(suffix.split('.').map(str::to_owned));
            target.suffixes.insert(suffix.replace('.', ""));
        }
    }

    fn add_domain(&mut self, brand: usize, distinctness: Distinctness, own: &str) {
        let Some(registered) = psl::domain_str(own) else { return };
        let Some((label, suffix)) = registered.split_once('.') else { return };
        let shown = super::skeleton::read(label);
        self.add(brand, distinctness, label.to_owned(), Some(suffix));
        if let Some(shown) = shown.filter(|shown| shown.is_ascii()) {
            self.add(brand, distinctness, shown, Some(suffix));
        }
        let number = self.by_plain.get(&label.replace('-', "")).copied().unwrap_or_default();
        for name in [own, registered] {
            self.domains.entry(name.to_owned()).or_insert(number);
            let labels = name.split('.').count();
            self.domain_labels = *self.domain_labels.start()..=labels.max(*self.domain_labels.end());
        }
    }

    fn index(&mut self, contained_letters: usize) {
        let mut patterns = Vec::new();
        for (number, target) in self.all.iter().enumerate() {
            self.by_skeleton.entry(target.skeleton.clone()).or_insert(number);
            let length = target.plain.len();
            if self.by_length.len() <= length {
                self.by_length.resize_with(length + 1, Vec::new);
            }
            if let Some(row) = self.by_length.get_mut(length) {
                row.push((letters(target.plain.as_bytes()), number));
            }
            if length >= contained_letters && target.distinctness == Distinctness::Distinct {
                patterns.push(&target.skeleton);
                self.inside_targets.push(number);
            }
        }
        // Patterns are few and short, so this does not fail; without it names inside labels would not be seen.
        self.inside = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns).ok();
    }

    /// Targets that a label could be within some edits of, judged by length and letters alone: an edit changes the set of
    /// letters by two at most.
    pub(super) fn near<'a>(&'a self, label: &'a [u8], edits: usize) -> impl Iterator<Item = usize> + 'a {
        let have = letters(label);
        let lengths = label.len().saturating_sub(edits)..=label.len() + edits;
        let rows = lengths.filter_map(|length| self.by_length.get(length)).flatten();
        rows.filter(move |(set, _)| (set ^ have).count_ones() as usize <= 2 * edits).map(|(_, number)| *number)
    }

    /// The word that lures, if that skeleton is one, or two of them together.
    pub(super) fn bait_in(&self, part: &[u8]) -> Option<String> {
        if let Some(word) = self.bait.get(part) {
            return Some(word.clone());
        }
        (2..part.len().saturating_sub(1)).find_map(|at| {
            let (first, second) = part.split_at_checked(at)?;
            Some(format!("{}{}", self.bait.get(first)?, self.bait.get(second)?))
        })
    }
}

pub(super) fn skeleton_of(label: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(label.len());
    skeleton(label, &mut out);
    out
}
