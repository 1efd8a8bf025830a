//! Reading a banner by the table of products.

use std::sync::LazyLock;

use model::limits::{BANNER_BYTES_MAX, BANNER_PRODUCTS_MAX, BANNER_WORD_BYTES_MAX};
use model::register::Software;
use model::software::Cpe;
use model::software::cpe::{Attribute, Glyph, Value};
use serde::Deserialize;

use super::{Said, Words};
use crate::intel::object::cut;

/// The table as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    products: Vec<Product>,
    distributions: Vec<Distribution>,
}

/// A product, and how it names itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Product {
    name: String,
    #[serde(default)]
    vendor: String,
    #[serde(default)]
    cpe: String,
    marks: Vec<String>,
    #[serde(default)]
    said: Vec<Said>,
    behind: Option<String>,
    only_with: Option<String>,
    #[serde(default)]
    unless: Vec<String>,
    update: Option<char>,
    version: Option<String>,
    #[serde(default)]
    brackets: bool,
}

/// A distribution, and how versions of its packages look.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Distribution {
    name: String,
    marks: Vec<String>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/banners.toml")).unwrap_or_default());

/// How many products the table knows.
pub fn table_size() -> usize {
    TABLE.products.len()
}

/// The software that a text names. A name of an inventory that the table does not know is taken as it stands; any other text is not.
///
/// ```
/// use formats::seen::{How, Said, Side, Words, software};
/// let text = "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.6";
/// let words = Words {
///     address: [192, 0, 2, 1].into(), side: Side::Server, how: How::Banner, said: Said::Ssh, text, named: None, vendor: "",
/// };
/// assert_eq!(software(&words)[0].cpe.as_deref(), Some(r"cpe:2.3:a:openbsd:openssh:8.9:p1:*:*:*:*:*:ubuntu-3ubuntu0.6"));
/// ```
pub fn software(words: &Words<'_>) -> Vec<Software> {
    let mut found = by_table(words.text, words.said);
    let Some((name, version)) = words.named else { return found };
    if found.is_empty() {
        let both = format!("{} {}", cut(name, BANNER_BYTES_MAX), cut(version, BANNER_WORD_BYTES_MAX));
        found = by_table(&both, Said::Name);
    }
    // A browser is one program; what else its text names is what it passes for.
    if words.said == Said::Agent {
        found.retain(|software| is_word_of(name, &software.product));
    }
    if found.is_empty() {
        let vendor = word(words.vendor);
        let software = Software { vendor, product: word(name), version: word(version), ..Software::default() };
        found.extend((!software.product.is_empty()).then_some(software));
    }
    found
}

fn is_word_of(name: &str, product: &str) -> bool {
    let (name, product) = (name.to_ascii_lowercase(), product.to_ascii_lowercase());
    name.is_empty() || product.contains(&name) || name.contains(&product)
}

/// What a stranger's program says may hold anything.
fn word(text: &str) -> String {
    let plain: String = text.chars().take(BANNER_WORD_BYTES_MAX).filter(|letter| !letter.is_control()).collect();
    cut(plain.trim(), BANNER_WORD_BYTES_MAX).trim_end().to_owned()
}

fn by_table(text: &str, said: Said) -> Vec<Software> {
    let text = cut(text, BANNER_BYTES_MAX);
    let small = text.to_ascii_lowercase();
    let mut found: Vec<(usize, Software)> = Vec::new();
    for product in TABLE.products.iter().filter(|product| product.said.is_empty() || product.said.contains(&said)) {
        let is_excluded = product.unless.iter().any(|word| small.contains(word.as_str()))
            || product.only_with.as_ref().is_some_and(|word| !small.contains(word.as_str()));
        if is_excluded || found.iter().any(|(_, known)| known.product == product.name) {
            continue;
        }
        if let Some((at, behind)) = product.find(&small) {
            found.push((at, product.read((text, &small), behind)));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.truncate(BANNER_PRODUCTS_MAX);
    found.into_iter().map(|(_, software)| software).collect()
}

impl Product {
    /// Where the product is named, and where its version would stand.
    fn find(&self, small: &str) -> Option<(usize, usize)> {
        for mark in &self.marks {
            for at in memchr::memmem::find_iter(small.as_bytes(), mark.as_bytes()) {
                let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
                let bytes = small.as_bytes();
                let end = at + mark.len();
                let goes_on =
                    mark.ends_with(|letter: char| letter.is_ascii_alphanumeric()) && is_letter(bytes.get(end));
                let begins_inside = at > 0 && bytes.get(at - 1).is_some_and(u8::is_ascii_alphanumeric);
                if !goes_on && !begins_inside {
                    return Some((at, end));
                }
            }
        }
        None
    }

    fn read(&self, (text, small): (&str, &str), end: usize) -> Software {
        let from = match &self.behind {
            Some(word) => small.get(end..).and_then(|rest| rest.find(word.as_str())).map(|at| end + at + word.len()),
            None => Some(end),
        };
        let rest = from.and_then(|from| text.get(from..)).unwrap_or_default();
        let (version, behind) = match &self.version {
            Some(version) => (version.as_str(), rest),
            None => version(rest, self.brackets),
        };
        let (vendor, cpe) = self.name_in_dictionary(version, distribution(behind, small).as_deref());
        Software { vendor, product: self.name.clone(), version: version.to_owned(), cpe, purl: None }
    }

    /// Vendor and name of the dictionary.
    fn name_in_dictionary(&self, version: &str, distribution: Option<&str>) -> (String, Option<String>) {
        let Ok(cpe) = Cpe::parse(&format!("cpe:2.3:{}:*:*:*:*:*:*:*:*", self.cpe)) else {
            return (self.vendor.clone(), None);
        };
        let vendor = cpe.text(Attribute::Vendor).unwrap_or_default();
        let (number, update) = match self.update.and_then(|letter| version.split_once(letter)) {
            Some((number, digits)) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                (number, version.get(number.len()..).unwrap_or_default())
            }
            _ => (version, ""),
        };
        let named = [
            (Attribute::Version, number),
            (Attribute::Update, update),
            (Attribute::Other, distribution.unwrap_or_default()),
        ]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .fold(cpe, |cpe, (attribute, text)| cpe.with(attribute, value(text)));
        (vendor, Some(named.to_string()))
    }
}

fn value(text: &str) -> Value {
    let letters = text.chars().flat_map(char::to_lowercase);
    Value::Text(letters.map(|letter| Glyph::Plain(if letter.is_whitespace() { '_' } else { letter })).collect())
}

/// The version that a text begins with, and what stands behind it.
fn version(text: &str, has_brackets: bool) -> (&str, &str) {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    if !text.starts_with(|letter: char| letter.is_ascii_digit()) {
        return ("", text);
    }
    let is_part = |letter: char| {
        letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_') || (has_brackets && matches!(letter, '(' | ')'))
    };
    let end = text.find(|letter: char| !is_part(letter)).unwrap_or(text.len()).min(BANNER_WORD_BYTES_MAX);
    let version = text.get(..end).unwrap_or_default();
    (version.trim_end_matches(['.', '_']), text.get(end..).unwrap_or_default())
}

/// What names a distribution: what is attached to the version, or the word behind it, or else any word of the text.
fn distribution(behind: &str, small: &str) -> Option<String> {
    let attached = behind
        .split(|letter: char| letter.is_whitespace() || letter == ',' || letter == ')')
        .next()
        .unwrap_or_default();
    let next = behind.trim_start();
    let next = match next.strip_prefix('(') {
        Some(inside) => inside.split(')').next().unwrap_or_default(),
        // The next product's own version says nothing of this one.
        None => next.split_whitespace().next().filter(|word| !word.contains('/')).unwrap_or_default(),
    };
    for part in [attached, next] {
        let part = part.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if named_in(&format!(" {}{}", behind.chars().next().unwrap_or(' '), part.to_ascii_lowercase())).is_some() {
            let plain: String = part.chars().filter(|letter| letter.is_ascii_graphic() || *letter == ' ').collect();
            return Some(cut(&plain, BANNER_WORD_BYTES_MAX).to_owned());
        }
    }
    named_in(small).map(str::to_owned)
}

fn named_in(small: &str) -> Option<&'static str> {
    let is_in = |distribution: &&Distribution| distribution.marks.iter().any(|mark| small.contains(mark.as_str()));
    TABLE.distributions.iter().find(is_in).map(|distribution| distribution.name.as_str())
}
