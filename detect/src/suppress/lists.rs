//! Reading lists.

use aho_corasick::{AhoCorasickBuilder, MatchKind};
use model::{IndicatorKind, limits};
use regex::RegexSetBuilder;
use serde::Deserialize;

use super::entries::{ListNumber, Range, Ranges, Scan, Texts};
use super::verdict::{Effect, List, Suppression};
use crate::indicators::{infer, normal};

/// Why a list was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// Not JSON, or not of that shape.
    #[error("not a warning list")]
    Shape(#[from] serde_json::Error),
    /// A type that the format does not have.
    #[error("unknown type of list {0:?}; known are string, hostname, cidr, substring, regex")]
    UnknownType(String),
    /// Too much for one installation.
    #[error("more than {} lists or {} entries", limits::SUPPRESSION_LISTS_MAX, limits::SUPPRESSION_ENTRIES_MAX)]
    TooMany,
}

/// What became of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// The list's name.
    pub name: String,
    /// Entries in force.
    pub entries: usize,
    /// Entries that could not be read.
    pub skipped: usize,
    /// The first of them, with the reason.
    pub skipped_entries: Vec<String>,
}

impl Added {
    fn skip(&mut self, entry: &str, reason: &str) {
        self.skipped += 1;
        if self.skipped_entries.len() < limits::NOTES_KEPT_MAX {
            self.skipped_entries.push(format!("{:?}: {reason}", entry.chars().take(80).collect::<String>()));
        }
    }
}

/// Gathers lists for a [`Suppression`].
#[derive(Default)]
pub struct Lists {
    pub(super) lists: Vec<List>,
    pub(super) texts: Texts,
    pub(super) hosts: Texts,
    pub(super) ranges: Ranges,
    pub(super) scans: Vec<(ListNumber, Scan)>,
    entries: usize,
}

/// MISP warning-list format: `schema.json` of the project MISP/misp-warninglists.
#[derive(Deserialize)]
struct WarningList {
    name: String,
    #[serde(rename = "type", default = "string_type")]
    type_name: String,
    #[serde(default)]
    list: Vec<String>,
    #[serde(default)]
    matching_attributes: Vec<String>,
}

fn string_type() -> String {
    "string".to_owned()
}

/// Words in the names of lists that describe shared ground: anybody can rent there, attackers do.
const SHARED_GROUND: [&str; 22] = [
    "amazon aws",
    "google cloud",
    "gcp",
    "azure",
    "oracle cloud",
    "ovh",
    "github",
    "datacenter",
    "data center",
    "hosting",
    "vpn",
    "private relay",
    "tor exit",
    "dynamic dns",
    "living off trusted sites",
    "shortener",
    "link in bio",
    "ipfs",
    "disposable",
    "top 1",
    "tranco",
    "alexa",
];

/// Which kinds of indicators a MISP attribute type stands for.
fn kinds_of(attribute: &str) -> &'static [IndicatorKind] {
    use IndicatorKind::*;
    match attribute {
        "ip-src" | "ip-dst" => &[Ipv4, Ipv6, Cidr, IpPort],
        "ip-src|port" | "ip-dst|port" => &[IpPort],
        "domain" | "hostname" => &[Domain],
        "hostname|port" => &[Domain],
        "domain|ip" => &[Domain, Ipv4, Ipv6, Cidr],
        "url" | "link" => &[Url],
        "uri" => &[Url, UrlPath],
        "md5" | "sha1" | "sha256" | "sha512" => &[FileHash],
        "filename|md5" | "filename|sha1" | "filename|sha256" | "filename|sha512" => &[FileHash],
        "email" | "email-src" | "email-dst" | "target-email" | "dns-soa-email" | "whois-registrant-email" => &[Email],
        _ => &[],
    }
}

/// A set of kinds, as bits.
pub(super) fn bit(kind: IndicatorKind) -> u16 {
    1 << kind as u8
}

const ALL_KINDS: u16 = u16::MAX;

impl Lists {
    /// Adds a warning list in MISP's format. `effect` overrides what such a list usually does.
    ///
    /// # Errors
    /// When it is no such list, or there is no room. Entries that cannot be read are skipped and reported.
    pub fn add_misp(&mut self, json: &[u8], effect: Option<Effect>) -> Result<Added, ListError> {
        let list: WarningList = serde_json::from_slice(json)?;
        let kinds = if list.matching_attributes.is_empty() {
            ALL_KINDS
        } else {
            let kinds = list.matching_attributes.iter().flat_map(|attribute| kinds_of(attribute));
            kinds.fold(0, |all, &kind| all | bit(kind))
        };
        let number = self.begin(&list.name, kinds, effect, list.list.len())?;
        let mut added = Added { name: list.name, ..Added::default() };
        let entries = list.list.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty());
        match list.type_name.as_str() {
            "string" => entries.for_each(|entry| self.add_string(entry, number, &mut added)),
            "hostname" => entries.for_each(|entry| self.add_host(entry, number, &mut added)),
            "cidr" => entries.for_each(|entry| self.add_range(entry, number, &mut added)),
            "substring" => self.add_substrings(entries.collect(), number, &mut added),
            "regex" => self.add_expressions(entries.collect(), number, &mut added),
            _ => {
                self.lists.pop();
                return Err(ListError::UnknownType(list.type_name));
            }
        }
        self.entries += added.entries;
        Ok(added)
    }

    /// Adds a plain list: addresses, ranges, names (with all below them), and anything else as it stands; `#` begins a
    /// comment, and what follows the first blank or comma is not read.
    ///
    /// # Errors
    /// When there is no room.
    pub fn add_plain(&mut self, name: &str, text: &str, effect: Option<Effect>) -> Result<Added, ListError> {
        let mut added = Added { name: name.to_owned(), ..Added::default() };
        let number = self.begin(name, ALL_KINDS, effect, text.lines().count())?;
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.trim();
            let entry = line.split([' ', '\t', ',']).next().unwrap_or_default();
            if entry.is_empty() || entry.starts_with('#') {
                continue;
            }
            match infer(entry) {
                Some((IndicatorKind::Ipv4 | IndicatorKind::Ipv6 | IndicatorKind::Cidr, value)) => {
                    self.add_range(&value, number, &mut added);
                }
                Some((IndicatorKind::Domain, value)) => self.add_host(&value, number, &mut added),
                Some((_, value)) => self.add_string(&value, number, &mut added),
                // `localhost`, `lan`: names without a dot are fine here.
                None => self.add_host(entry, number, &mut added),
            }
        }
        self.entries += added.entries;
        Ok(added)
    }

    /// Makes what hits are judged by.
    pub fn build(mut self) -> Suppression {
        self.texts.sort();
        self.hosts.sort();
        self.ranges.sort();
        Suppression::over(self)
    }

    fn begin(
        &mut self,
        name: &str,
        kinds: u16,
        effect: Option<Effect>,
        entries: usize,
    ) -> Result<ListNumber, ListError> {
        let fits = self.lists.len() < limits::SUPPRESSION_LISTS_MAX
            && self.entries.saturating_add(entries) <= limits::SUPPRESSION_ENTRIES_MAX;
        let number = ListNumber::try_from(self.lists.len()).ok().filter(|_| fits).ok_or(ListError::TooMany)?;
        let plain = name.to_lowercase();
        let is_shared_ground = SHARED_GROUND.iter().any(|word| plain.contains(word));
        self.lists.push(List::new(name, kinds, effect, is_shared_ground));
        Ok(number)
    }

    fn add_string(&mut self, entry: &str, list: ListNumber, added: &mut Added) {
        if entry.starts_with('.') {
            // `.google.at` in a list of strings: all names below.
            return self.add_host(entry, list, added);
        }
        let text = infer(entry).map_or_else(|| entry.to_lowercase(), |(_, value)| value);
        if self.texts.push(&text, list) { added.entries += 1 } else { added.skip(entry, "too long") }
    }

    fn add_host(&mut self, entry: &str, list: ListNumber, added: &mut Added) {
        match normal(IndicatorKind::Domain, entry) {
            Some(host) if self.hosts.push(&host, list) => added.entries += 1,
            // Lists of names have an address in them now and then.
            _ => self.add_range(entry, list, added),
        }
    }

    fn add_range(&mut self, entry: &str, list: ListNumber, added: &mut Added) {
        match Range::parse(entry) {
            Some(range) => {
                self.ranges.push(range, list);
                added.entries += 1;
            }
            None => added.skip(entry, "neither a name nor an address"),
        }
    }

    fn add_substrings(&mut self, entries: Vec<&str>, list: ListNumber, added: &mut Added) {
        match AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(&entries)
        {
            Ok(texts) => {
                added.entries += entries.len();
                self.scans.push((list, Scan::Substrings(texts)));
            }
            Err(error) => entries.iter().for_each(|entry| added.skip(entry, &error.to_string())),
        }
    }

    fn add_expressions(&mut self, entries: Vec<&str>, list: ListNumber, added: &mut Added) {
        let mut good = Vec::new();
        for entry in entries {
            let expression = expression(entry);
            match RegexSetBuilder::new([&expression]).size_limit(limits::REGEX_COMPILED_BYTES_MAX).build() {
                Ok(_) => good.push(expression),
                Err(error) => added.skip(entry, &error.to_string()),
            }
        }
        let set = RegexSetBuilder::new(&good).size_limit(limits::SUPPRESSION_EXPRESSIONS_BYTES_MAX).build();
        match set {
            Ok(expressions) => {
                added.entries += good.len();
                self.scans.push((list, Scan::Expressions(expressions)));
            }
            Err(error) => good.iter().for_each(|entry| added.skip(entry, &error.to_string())),
        }
    }
}

/// Expressions stand between slashes with flags behind, as PHP writes them: `/^abuse@/i`.
fn expression(entry: &str) -> String {
    let Some((body, flags)) = entry.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) else {
        return entry.to_owned();
    };
    let flags: String = flags.chars().filter(|flag| "imsx".contains(*flag)).collect();
    let body = body.replace("\\/", "/");
    if flags.is_empty() { body } else { format!("(?{flags}){body}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_large_expressions_are_refused_together() {
        // Each is allowed alone; all of them together are not.
        let large: Vec<String> = (0..40).map(|number| format!("[a-z]{{{}}}", 30_000 + number)).collect();
        let json = serde_json::json!({"name": "n", "type": "regex", "list": large}).to_string();
        let mut lists = Lists::default();
        let added = lists.add_misp(json.as_bytes(), None).unwrap();
        assert_eq!((added.entries, added.skipped), (0, 40), "{added:?}");
        assert!(added.skipped_entries[0].contains("size limit"), "{}", added.skipped_entries[0]);
        let few = serde_json::json!({"name": "n", "type": "regex", "list": large[..2]}).to_string();
        assert_eq!(lists.add_misp(few.as_bytes(), None).unwrap().entries, 2);
    }

    #[test]
    fn expressions_of_php() {
        let check = |entry: &str, expected: &str| assert_eq!(expression(entry), expected);
        check("/^(noc|abuse)\\@.*$/i", "(?i)^(noc|abuse)\\@.*$");
        check("/a\\/b/g", "a/b");
        check("plain", "plain");
    }

    #[test]
    fn lists_are_limited() {
        let mut lists = Lists::default();
        for _ in 0..limits::SUPPRESSION_LISTS_MAX {
            lists.add_plain("x", "", None).unwrap();
        }
        assert!(matches!(lists.add_plain("x", "", None), Err(ListError::TooMany)));
        let mut lists = Lists { entries: limits::SUPPRESSION_ENTRIES_MAX, ..Lists::default() };
        assert!(matches!(lists.add_plain("x", "a.example", None), Err(ListError::TooMany)));
    }

    #[test]
    fn what_cannot_be_read_is_reported() {
        let mut lists = Lists::default();
        assert!(matches!(lists.add_misp(b"[]", None), Err(ListError::Shape(_))));
        let unknown = br#"{"name": "x", "type": "colour", "list": ["red"]}"#;
        assert!(matches!(lists.add_misp(unknown, None), Err(ListError::UnknownType(_))));
        let bad = br#"{"name": "x", "type": "regex", "list": ["/(/", "/a/"]}"#;
        let added = lists.add_misp(bad, None).unwrap();
        assert_eq!((added.entries, added.skipped), (1, 1));
        let added = lists.add_misp(br#"{"name": "x", "type": "cidr", "list": ["10.0.0.0/8", "x"]}"#, None).unwrap();
        assert_eq!((added.entries, added.skipped), (1, 1));
    }
}
