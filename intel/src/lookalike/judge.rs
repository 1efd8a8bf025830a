//! One candidate against all brands.

use model::{Explained, IndicatorKind};

use super::skeleton::{read, skeleton};
use super::slip::{one_slip, within_two};
use super::target::{Target, skeleton_of};
use super::{Brands, Distinctness, LookReason, Lookalike, Technique};

/// Parts between hyphens that are looked at; a label with more is no name.
const PARTS_MAX: usize = 8;

/// What a label resembles.
struct Likeness {
    target: usize,
    technique: Technique,
    score: u8,
    /// The part of the label, as people read it.
    part: String,
    bait: Option<String>,
}

pub(super) fn judge(brands: &Brands, candidate: &str) -> Option<Explained<Lookalike, LookReason>> {
    let name = detect::indicators::normal(IndicatorKind::Domain, candidate)?;
    if brands.is_spared(&name) {
        return None;
    }
    // A suffix alone (`musterstadt`, as somebody's own top-level domain) is nobody's to register.
    let registered = psl::domain_str(&name)?;
    let (label, suffix) = registered.split_once('.')?;
    let front = name.strip_suffix(registered).unwrap_or_default().trim_end_matches('.');
    let mut best = in_label(brands, label, Some(suffix));
    if !front.is_empty() {
        let below = in_front(brands, front, label);
        best = better(best, below);
    }
    let found = best.filter(|found| found.score >= brands.table.scores.report)?;
    let target = brands.targets.all.get(found.target)?;
    let like = match found.technique {
        Technique::EmbeddedDomain => found.part.clone(),
        _ => target.label.clone(),
    };
    let mut because = vec![LookReason::Made { part: found.part.clone(), like, technique: found.technique }];
    because.extend(found.bait.map(|word| LookReason::Bait { word }));
    if let Some(label) = name.split('.').find(|label| label.starts_with("xn--")) {
        because.push(LookReason::InTruth { label: label.to_owned() });
    }
    if !front.is_empty() {
        because.push(LookReason::Below { domain: registered.to_owned() });
    }
    let brand = brands.names.get(target.brand)?.clone();
    let registered = registered.to_owned();
    let value = Lookalike { domain: name, registered, brand, technique: found.technique, score: found.score };
    Some(Explained { value, because })
}

/// The one with the higher score; of equals the first.
fn better(a: Option<Likeness>, b: Option<Likeness>) -> Option<Likeness> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.score > a.score { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// Labels in front of the registered domain.
fn in_front(brands: &Brands, front: &str, registered_label: &str) -> Option<Likeness> {
    let scores = &brands.table.scores;
    let labels: Vec<&str> = front.split('.').collect();
    let mut best = embedded(brands, &labels);
    let lures = |label: &str| label.split('-').find_map(|part| brands.targets.bait_in(&skeleton_of(part)));
    for (n, label) in labels.iter().enumerate() {
        let Some(mut found) = in_label(brands, label, None) else { continue };
        // A slip of the fingers happens where a name is typed, and in front of another's domain it is not.
        let is_told = matches!(
            found.technique,
            Technique::Subdomain
                | Technique::Combosquat
                | Technique::LookalikeAndBait
                | Technique::Homoglyph
                | Technique::HomoglyphAscii
        );
        if !is_told {
            continue;
        }
        if found.technique == Technique::Subdomain {
            let others = labels.iter().enumerate().filter(|(other, _)| *other != n).map(|(_, label)| *label);
            // `www` is in front of everything.
            let others = others.filter(|label| *label != "www").chain([registered_label]);
            found.bait = others.into_iter().find_map(lures);
            found.score = found.score.saturating_add(if found.bait.is_some() { scores.bait_beside } else { 0 });
        } else {
            found.score = found.score.saturating_sub(scores.in_subdomain);
        }
        best = better(best, Some(found));
    }
    best
}

/// An own domain as labels in front of another's.
fn embedded(brands: &Brands, labels: &[&str]) -> Option<Likeness> {
    let targets = &brands.targets;
    let most = (*targets.domain_labels.end()).min(labels.len());
    for width in (*targets.domain_labels.start()..=most).rev() {
        for window in labels.windows(width) {
            let name = window.join(".");
            if let Some(&target) = targets.domains.get(&name) {
                let (technique, score) = (Technique::EmbeddedDomain, brands.table.scores.embedded_domain);
                return Some(Likeness { target, technique, score, part: name, bait: None });
            }
        }
    }
    None
}

/// One label; with its suffix if it is the registered one.
fn in_label(brands: &Brands, label: &str, suffix: Option<&str>) -> Option<Likeness> {
    let shown = read(label);
    let text = shown.as_deref().unwrap_or(label);
    let plain: String = text.chars().filter(|c| *c != '-').collect();
    let mut bones = Vec::with_capacity(text.len());
    skeleton(text, &mut bones);
    let is_foreign = shown.is_some();
    let whole = whole(brands, (text, &plain), is_foreign, suffix);
    let slips = if is_foreign { None } else { slips(brands, &plain, text) };
    let with_bait = better(between_hyphens(brands, text, is_foreign), inside(brands, text, &bones, is_foreign));
    better(better(whole, with_bait), slips)
}

fn likeness(brands: &Brands, target: usize, technique: Technique, part: &str) -> Likeness {
    let score = brands.table.scores.of(technique);
    Likeness { target, technique, score, part: part.to_owned(), bait: None }
}

fn is_distinct(brands: &Brands, target: &Target) -> bool {
    target.distinctness == Distinctness::Distinct && target.plain.len() >= brands.table.guards.distinct_letters
}

/// The label is the name, as it is written or as it looks.
fn whole(brands: &Brands, (text, plain): (&str, &str), is_foreign: bool, suffix: Option<&str>) -> Option<Likeness> {
    let targets = &brands.targets;
    if let Some(&number) = targets.by_plain.get(plain) {
        let target = targets.all.get(number)?;
        if is_foreign {
            return Some(likeness(brands, number, Technique::Homoglyph, text));
        }
        if !is_distinct(brands, target) {
            return None;
        }
        let technique = match suffix {
            _ if !target.is_spelt(text) => Technique::Hyphenation,
            Some(_) => Technique::TldSwap,
            None => Technique::Subdomain,
        };
        return Some(likeness(brands, number, technique, text));
    }
    let number = *targets.by_skeleton.get(&skeleton_of(plain))?;
    let target = targets.all.get(number)?;
    let technique = if is_foreign { Technique::Homoglyph } else { Technique::HomoglyphAscii };
    (is_foreign || is_distinct(brands, target)).then(|| likeness(brands, number, technique, text))
}

/// The label is the name with a slip or two.
fn slips(brands: &Brands, plain: &str, text: &str) -> Option<Likeness> {
    let (targets, guards) = (&brands.targets, &brands.table.guards);
    if plain.len() + 2 < guards.slip_letters {
        return None;
    }
    let mut best = None;
    for number in targets.near(plain.as_bytes(), 2) {
        let Some(target) = targets.all.get(number) else { continue };
        let is_none = target.plain == plain || target.distinctness == Distinctness::Common;
        if is_none || target.plain.len() < guards.slip_letters {
            continue;
        }
        let needed = |technique| match technique {
            Technique::Replacement | Technique::Addition => guards.any_letter_letters,
            _ => guards.slip_letters,
        };
        let one = one_slip(target.plain.as_bytes(), plain.as_bytes());
        let technique = match one {
            Some(technique) => (target.plain.len() >= needed(technique)).then_some(technique),
            // With the whole name inside, more letters are another word (`fh-heidelberg`), not slips.
            None if target.plain.len() < guards.two_slips_letters || plain.contains(&target.plain) => None,
            None => within_two(target.plain.as_bytes(), plain.as_bytes()).then_some(Technique::TwoSlips),
        };
        best = better(best, technique.map(|technique| likeness(brands, number, technique, text)));
    }
    best
}

/// The name, or a look-alike of it, between hyphens, with bait beside it.
fn between_hyphens(brands: &Brands, text: &str, is_foreign: bool) -> Option<Likeness> {
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    if parts.len() < 2 || parts.len() > PARTS_MAX {
        return None;
    }
    let mut best = None;
    for from in 0..parts.len() {
        for to in from + 1..=parts.len() {
            let (Some(before), Some(middle), Some(after)) = (parts.get(..from), parts.get(from..to), parts.get(to..))
            else {
                continue;
            };
            if before.is_empty() && after.is_empty() {
                continue;
            }
            let Some((number, is_exact)) = part(brands, &middle.concat()) else { continue };
            let Some(target) = brands.targets.all.get(number) else { continue };
            let beside = || before.iter().chain(after).copied();
            let bait = beside().find_map(|part| lure(brands, target, part));
            let only_digits = beside().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
            let technique = match (&bait, is_exact && !is_foreign) {
                (Some(_), true) => Technique::Combosquat,
                (Some(_), false) => Technique::LookalikeAndBait,
                (None, true) if only_digits && is_distinct(brands, target) => Technique::WithDigits,
                (None, true) if is_distinct(brands, target) => Technique::Contains,
                (None, _) => continue,
            };
            best = better(best, Some(Likeness { bait, ..likeness(brands, number, technique, &middle.join("-")) }));
        }
    }
    best
}

/// A word that lures, or a suffix under which the name is ours.
fn lure(brands: &Brands, target: &Target, part: &str) -> Option<String> {
    if target.suffixes.contains(part) {
        return Some(part.to_owned());
    }
    let part = part.trim_matches(|c: char| c.is_ascii_digit());
    brands.targets.bait_in(&skeleton_of(part))
}

/// Which name a part between hyphens is, and whether exactly.
fn part(brands: &Brands, part: &str) -> Option<(usize, bool)> {
    let targets = &brands.targets;
    if let Some(&number) = targets.by_plain.get(part) {
        return Some((number, true));
    }
    let is_told = |number: &usize| targets.all.get(*number).is_some_and(|target| is_distinct(brands, target));
    if let Some(&number) = targets.by_skeleton.get(&skeleton_of(part)) {
        return is_told(&number).then_some((number, false));
    }
    let slipped = targets.near(part.as_bytes(), 1).find(|number| {
        targets.all.get(*number).is_some_and(|target| {
            let technique = one_slip(target.plain.as_bytes(), part.as_bytes());
            let is_slip = !matches!(technique, None | Some(Technique::Replacement | Technique::Addition));
            is_slip && target.plain.len() >= brands.table.guards.slip_letters
        })
    });
    slipped.filter(is_told).map(|number| (number, false))
}

/// The name anywhere in the label, as it looks.
fn inside(brands: &Brands, text: &str, bones: &[u8], is_foreign: bool) -> Option<Likeness> {
    let targets = &brands.targets;
    let finder = targets.inside.as_ref()?;
    let mut best = None;
    for found in finder.find_iter(bones) {
        let Some(&number) = targets.inside_targets.get(found.pattern().as_usize()) else { continue };
        let Some(target) = targets.all.get(number) else { continue };
        let (Some(before), Some(after)) = (bones.get(..found.start()), bones.get(found.end()..)) else { continue };
        let rest: Vec<&[u8]> =
            before.split(|b| *b == b'-').chain(after.split(|b| *b == b'-')).filter(|part| !part.is_empty()).collect();
        if rest.is_empty() {
            continue;
        }
        let bait = rest.iter().find_map(|part| targets.bait_in(part));
        let is_exact = !is_foreign && text.contains(&target.plain);
        let around = text.split(target.plain.as_str());
        let only_digits = is_exact && around.clone().all(|part| part.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
        let technique = match (bait.is_some(), is_exact) {
            (true, true) => Technique::Combosquat,
            (true, false) => Technique::LookalikeAndBait,
            (false, _) if only_digits => Technique::WithDigits,
            (false, _) => Technique::Contains,
        };
        best = better(best, Some(Likeness { bait, ..likeness(brands, number, technique, text) }));
    }
    best
}
