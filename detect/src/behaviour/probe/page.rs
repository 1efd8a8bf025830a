//! Do people see what they should?
//!
//! What changes by nature must not be told: so what is learnt of a page is which of its blocks of text stay, and how much of those
//! is usually missing. Digits do not count, so that dates, hours and counters change nothing. Of the text itself nothing is kept,
//! only hashes of blocks, the least ones where there are many (a sample that stays the same from look to look: Broder, "On the
//! resemblance and containment of documents", 1997).
//!
//! A page that is made anew altogether by its owner looks like one that somebody else made: it is told as a change, of lower
//! level unless words, title or foreign parts speak for a defacement, until people say that it is theirs or the old one returns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use model::Level;
use model::fingerprint::first_8_bytes;
use model::limits::PROBE_BLOCKS_MAX;
use model::probe::{PageFacts, PageHost, PagePart};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::episode::{Look, Patience};
use super::identity::is_ours;
use super::known::Known;
use super::quantile::Spread;
use super::settings::{Expected, Problem};
use super::{Judged, words};

const TWICE: Patience = Patience { bad: 2, of: 2, good: 2 };
/// Looks that are learnt from before a change counts; words and foreign parts of a first look count at once.
const LEARN_LOOKS: u32 = 12;
/// Words that stay, fewer than which say nothing about the page.
const CORE_WORDS: u64 = 20;
/// A block stays when it was there in so much of 255 of the last looks.
const STAYS: u8 = 160;
/// Points from which a change is told, is a defacement, and is one beyond doubt.
const TOLD: u32 = 45;
const DEFACED: u32 = 65;
const BEYOND_DOUBT: u32 = 100;

/// What is known about a page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Page {
    /// Blocks by hash: in how much of 255 of the last looks they stood, and their words.
    blocks: BTreeMap<u64, (u8, u16)>,
    looks: u32,
    /// How much of what stays is missing, in percent.
    lost: Spread,
    /// Words on the page.
    words: Spread,
    titles: Known,
    hosts: Known,
    phrases: BTreeSet<u16>,
    /// Those of the last look, learnt from or not.
    last_phrases: BTreeSet<u16>,
}

/// A page, read for comparison.
pub(super) struct Read {
    blocks: BTreeMap<u64, u16>,
    words: u64,
    title: String,
    phrases: BTreeSet<u16>,
    has_expected_text: bool,
}

impl Read {
    pub(super) fn of(facts: &PageFacts, expected: &Expected) -> Self {
        let mut blocks = BTreeMap::new();
        let mut words = 0u64;
        let mut all = format!("{} \n", folded(&facts.title));
        for block in &facts.blocks {
            let folded = folded(block);
            let count = folded.split_whitespace().count();
            words += count as u64;
            let hash = first_8_bytes(numberless(&folded).as_bytes());
            blocks.insert(hash, u16::try_from(count).unwrap_or(u16::MAX));
            if blocks.len() > PROBE_BLOCKS_MAX {
                blocks.pop_last();
            }
            all.push_str(&folded);
            all.push_str(" \n");
        }
        let phrases = PHRASES.find(&all);
        let has_expected_text = expected.text.as_ref().is_none_or(|text| all.contains(folded(text).trim()));
        Read { blocks, words, title: numberless(&folded(&facts.title)), phrases, has_expected_text }
    }
}

/// Points for a change, and why.
#[derive(Default)]
struct Points {
    sum: u32,
    because: Vec<String>,
}

impl Points {
    fn add(&mut self, points: u32, why: impl Into<String>) {
        self.sum += points;
        self.because.push(why.into());
    }
}

impl Page {
    pub(super) fn judge(&mut self, read: &Read, facts: &PageFacts, expected: &Expected) -> Vec<Judged> {
        self.last_phrases.clone_from(&read.phrases);
        let mut points = Points::default();
        self.text(read, &mut points);
        self.title(read, facts, &mut points);
        self.words_of_others(read, &mut points);
        if !read.has_expected_text {
            points.add(50, "the words that it always has are missing");
        }
        let foreign = self.foreign(&facts.hosts, expected);
        let weighed = foreign.iter().map(|entry| weight(entry.part)).max().unwrap_or(0);
        let told: Vec<String> = foreign.iter().map(|entry| told(entry)).collect();
        points.sum += weighed;
        let level = match points.sum {
            0..DEFACED => Level::Medium,
            DEFACED..BEYOND_DOUBT => Level::High,
            _ => Level::Critical,
        };
        let look = |is_bad: bool| if is_bad { Look::Bad } else { Look::Good };
        let is_changed = points.sum - weighed > 0 && points.sum >= TOLD;
        let surprise = u8::try_from(points.sum.min(100)).unwrap_or(100);
        let mut because = points.because;
        because.extend(told.iter().cloned());
        vec![
            Judged::new(Problem::Defaced, look(is_changed), TWICE, surprise).level(level).because(because),
            Judged::new(Problem::ForeignPart, look(!foreign.is_empty()), TWICE, 85)
                .level(if weighed >= 40 { Level::High } else { Level::Medium })
                .because(told),
        ]
    }

    fn text(&self, read: &Read, points: &mut Points) {
        let Some((lost, core)) = self.lost_of(read).filter(|_| self.looks >= LEARN_LOOKS) else { return };
        let usual = self.lost.quantile(990).unwrap_or(0);
        if lost >= 60.max(usual.saturating_add(30)) {
            points.add(
                45,
                format!("{lost} % of the {core} words that always stand there are gone; usually at most {usual} % are"),
            );
        }
        let new: u64 =
            read.blocks.iter().filter(|(hash, _)| !self.blocks.contains_key(hash)).map(|(_, n)| u64::from(*n)).sum();
        let all: u64 = read.blocks.values().map(|count| u64::from(*count)).sum();
        if all > 0 && lost >= 60 && new * 100 / all >= 70 {
            points.add(10, format!("{} % of the words were never seen there", new * 100 / all));
        }
        let usual = self.words.quantile(50).unwrap_or(0);
        if read.words * 5 < usual {
            points.add(10, format!("{} words, usually at least {usual}", read.words));
        }
    }

    fn title(&self, read: &Read, facts: &PageFacts, points: &mut Points) {
        let is_learnt = self.titles.looks() >= LEARN_LOOKS && !self.titles.is_restless();
        if is_learnt && !self.titles.has(&read.title) {
            points.add(15, format!("its title is {:?}, which it never was", words(&facts.title)));
        }
    }

    fn words_of_others(&self, read: &Read, points: &mut Points) {
        let new: Vec<u16> = read.phrases.difference(&self.phrases).copied().collect();
        let (strong, weak): (Vec<u16>, Vec<u16>) = new.into_iter().partition(|at| PHRASES.is_strong(*at));
        if let Some(first) = strong.first() {
            points.add(60, format!("it says {:?}, as defaced pages do", PHRASES.text(*first)));
        }
        // One weak word is a word; on a page that lost its text it is a sign.
        if let Some(first) = weak.first().filter(|_| strong.is_empty() && points.sum > 0) {
            points.add(20, format!("it says {:?}, as defaced pages often do", PHRASES.text(*first)));
        }
    }

    /// Parts from or to hosts that are not ours, not expected, and were not there before.
    fn foreign<'a>(&self, hosts: &'a [PageHost], expected: &Expected) -> Vec<&'a PageHost> {
        let is_learnt = self.hosts.looks() >= LEARN_LOOKS;
        let is_new = |entry: &&PageHost| !is_ours(&entry.host, expected) && !self.hosts.has(&name_of(entry));
        if is_learnt && !self.hosts.is_restless() { hosts.iter().filter(is_new).collect() } else { Vec::new() }
    }

    /// How much of what stays is gone, in percent, and of how many words.
    fn lost_of(&self, read: &Read) -> Option<(u64, u64)> {
        let stays = || self.blocks.iter().filter(|(_, (presence, _))| *presence >= STAYS);
        let core: u64 = stays().map(|(_, (_, words))| u64::from(*words)).sum();
        // Where there are more blocks than are remembered, a remembered one may only have been pushed out of the sample.
        let last = (read.blocks.len() >= PROBE_BLOCKS_MAX).then(|| read.blocks.keys().next_back().copied()).flatten();
        let is_gone = |hash: &u64| !read.blocks.contains_key(hash) && last.is_none_or(|last| *hash <= last);
        let gone: u64 = stays().filter(|(hash, _)| is_gone(hash)).map(|(_, (_, words))| u64::from(*words)).sum();
        (core >= CORE_WORDS).then(|| (gone * 100 / core, core))
    }

    /// What is there is right: all is learnt anew, and what it says now says nothing about it from now on.
    pub(super) fn accept(&mut self) {
        let phrases = std::mem::take(&mut self.last_phrases);
        *self = Page { phrases, ..Page::default() };
    }

    /// Learns what changes and what stays.
    pub(super) fn learn(&mut self, read: &Read, facts: &PageFacts) {
        if let Some((lost, _)) = self.lost_of(read) {
            self.lost.add(lost);
        }
        for (hash, (presence, _)) in &mut self.blocks {
            let is_there = read.blocks.contains_key(hash);
            *presence = if is_there {
                presence.saturating_add((255 - *presence).div_ceil(6))
            } else {
                *presence - presence.div_ceil(6)
            };
        }
        for (hash, words) in &read.blocks {
            self.blocks.entry(*hash).or_insert((60, *words));
        }
        self.blocks.retain(|_, (presence, _)| *presence > 0);
        while self.blocks.len() > 2 * PROBE_BLOCKS_MAX {
            self.blocks.pop_last();
        }
        self.looks = self.looks.saturating_add(1);
        self.words.add(read.words);
        self.titles.learn([read.title.as_str()]);
        let hosts: Vec<String> = facts.hosts.iter().map(name_of).collect();
        self.hosts.learn(hosts.iter().map(String::as_str));
        self.phrases.extend(&read.phrases);
    }
}

fn name_of(entry: &PageHost) -> String {
    format!("{} {}", entry.part.words(), entry.host)
}

fn weight(part: PagePart) -> u32 {
    match part {
        PagePart::Form | PagePart::Refresh | PagePart::Base => 45,
        PagePart::Script => 35,
        PagePart::Frame => 30,
    }
}

fn told(entry: &PageHost) -> String {
    let host = words(&entry.host);
    match entry.part {
        PagePart::Form => format!("what people type goes to {host}, where it never went"),
        PagePart::Refresh => format!("it leads people away to {host}"),
        part => format!("a {} of {host}, which was never there", part.words()),
    }
}

/// Small letters without accents, digits that stand for letters inside of words taken for these.
fn folded(text: &str) -> String {
    let plain: String = text
        .nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
        .map(plain_letter)
        .collect();
    let mut folded = String::with_capacity(plain.len());
    for word in plain.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        let has_letters = word.bytes().any(|byte| byte.is_ascii_lowercase());
        let is_mixed = has_letters && word.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'@' | b'$'));
        match is_mixed {
            true => folded.extend(word.chars().map(letter_for)),
            false => folded.push_str(word),
        }
    }
    folded
}

/// Letters that are no letter with an accent, by the letter that people without their keyboard write.
fn plain_letter(letter: char) -> char {
    match letter {
        'ı' => 'i',
        'ł' => 'l',
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        other => other,
    }
}

fn letter_for(digit: char) -> char {
    match digit {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// The text with each run of digits written as one `0`.
fn numberless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if !letter.is_numeric() {
            out.push(letter);
        } else if !out.ends_with('0') {
            out.push('0');
        }
    }
    out
}

/// What defaced pages say.
struct Phrases {
    search: AhoCorasick,
    texts: Vec<String>,
    strong: usize,
}

#[derive(Deserialize)]
struct PhraseFile {
    strong: Vec<String>,
    weak: Vec<String>,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(Phrases::load);

impl Phrases {
    fn load() -> Self {
        #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
        let file: PhraseFile = toml::from_str(include_str!("phrases.toml")).expect("phrases.toml is right");
        let strong = file.strong.len();
        let texts: Vec<String> = file.strong.into_iter().chain(file.weak).map(|text| folded(&text)).collect();
        #[expect(clippy::expect_used, reason = "a few hundred short texts stay far below what the automaton holds")]
        let search = AhoCorasick::new(&texts).expect("short texts make an automaton");
        Phrases { search, texts, strong }
    }

    /// Those that stand in a folded text as words of their own.
    fn find(&self, text: &str) -> BTreeSet<u16> {
        let is_edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        let is_whole = |found: &aho_corasick::Match| {
            let before = text.get(..found.start()).and_then(|text| text.chars().next_back());
            let after = text.get(found.end()..).and_then(|text| text.chars().next());
            // Scripts without blanks have no edges of words.
            let is_latin =
                text.get(found.range()).is_some_and(|text| text.bytes().any(|byte| byte.is_ascii_lowercase()));
            !is_latin || (is_edge(before) && is_edge(after))
        };
        let found = self.search.find_overlapping_iter(text).filter(is_whole);
        found.filter_map(|found| u16::try_from(found.pattern().as_usize()).ok()).collect()
    }

    fn is_strong(&self, at: u16) -> bool {
        usize::from(at) < self.strong
    }

    fn text(&self, at: u16) -> &str {
        self.texts.get(usize::from(at)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_in_many_spellings() {
        let check = |text: &str, strong: bool| {
            let found = PHRASES.find(&folded(text));
            assert_eq!(found.iter().any(|at| PHRASES.is_strong(*at)), strong, "{text}: {found:?}");
        };
        check("H4ck3d By N0b0dy", true);
        check("Tarafından  HACKLENDİ", true);
        check("PIRATÉ PAR x", true);
        check("Сайт взломан", true);
        check("网站已被黑了", true);
        check("The museum is owned by the city", false);
        check("The hackathon was organised by pupils", false);
        check("Opening hours: 10 to 16", false);
        check("shacked bye", false);
    }

    #[test]
    fn numbers_do_not_count() {
        assert_eq!(numberless("on 27.11.2026 at 08:15, 1234 visitors"), numberless("on 1.1.2027 at 9:00, 7 visitors"));
        assert_ne!(numberless("a 1"), numberless("b 1"));
    }
}
