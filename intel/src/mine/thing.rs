//! What a shape really is.

use std::fmt;
use std::net::IpAddr;

use detect::indicators::infer;
use model::{IndicatorKind, limits};
use serde::{Deserialize, Serialize};

use super::names::TechniqueNames;
use super::pattern::{FANGS, Sort};

/// Something that a text mentions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Thing {
    /// An indicator, in its normal form.
    Indicator {
        /// What it names.
        kind: IndicatorKind,
        /// The value.
        value: String,
    },
    /// An ATT&CK technique.
    Technique {
        /// For example `T1059.001`.
        id: String,
        /// What it is called, where that is known.
        name: Option<String>,
    },
    /// A vulnerability.
    Vulnerability {
        /// For example `CVE-2024-3400`.
        id: String,
    },
}

impl Thing {
    /// Whether somebody could click it or talk to it.
    pub(super) fn can_be_clicked(&self) -> bool {
        matches!(self, Thing::Indicator { kind, .. } if !matches!(kind, IndicatorKind::FileHash))
    }
}

/// Why something may be something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Doubt {
    /// It could be the name of a file.
    FileName {
        /// What files that end so are.
        extension: String,
    },
    /// Its ending is on no list of suffixes.
    UnknownSuffix,
    /// It is a suffix under which anybody may register.
    PublicSuffix,
    /// Private, reserved, or for documentation.
    NotRoutable,
    /// It could be the number of a version.
    Version,
    /// The text says the name, not the number.
    ByName,
    /// No such technique is known.
    UnknownTechnique,
    /// The same digit over and over.
    Placeholder,
    /// The text defangs other things, and this not.
    NotDefanged,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::FileName { extension } => write!(f, "could be a file: .{extension}"),
            Doubt::UnknownSuffix => f.write_str("ends in no known suffix"),
            Doubt::PublicSuffix => f.write_str("a suffix under which anybody may register"),
            Doubt::NotRoutable => f.write_str("private, reserved or for documentation"),
            Doubt::Version => f.write_str("could be the number of a version"),
            Doubt::ByName => f.write_str("the text says the name, not the number"),
            Doubt::UnknownTechnique => f.write_str("no such technique is known"),
            Doubt::Placeholder => f.write_str("the same digit over and over"),
            Doubt::NotDefanged => f.write_str("the text defangs other things and not this one"),
        }
    }
}

/// What became of a shape.
pub(super) enum Reading {
    /// It is something.
    Thing { thing: Thing, doubts: Vec<Doubt>, is_defanged: bool },
    /// It looks like something and is nothing.
    Refused(Doubt),
}

/// Endings of files. Those that are also suffixes of domains make a doubt, the others a refusal.
const EXTENSIONS: [&str; 96] = [
    "7z", "aac", "ace", "ai", "apk", "app", "asp", "aspx", "avi", "bak", "bat", "bin", "bmp", "bz2", "c", "cab", "cc",
    "cfg", "cfm", "class", "cmd", "com", "conf", "cpp", "cs", "css", "csv", "dat", "db", "deb", "dll", "dmg", "doc",
    "docm", "docx", "eml", "exe", "gif", "go", "gz", "h", "hta", "htm", "html", "img", "inf", "ini", "iso", "jar",
    "java", "jpeg", "jpg", "js", "json", "jsp", "lnk", "log", "md", "mov", "mp3", "mp4", "msi", "ocx", "odt", "pdb",
    "pdf", "php", "pl", "png", "ppt", "pptx", "ps1", "py", "rar", "rb", "rs", "rtf", "scr", "sh", "so", "sql", "svg",
    "sys", "tar", "tmp", "ts", "txt", "vbs", "war", "xls", "xlsm", "xlsx", "xml", "yaml", "yml", "zip",
];

/// Bytes before a number in which the word "version" is looked for.
const WORD_BYTES_MAX: usize = 40;

/// Reads a shape between what stands before and after it; what it is, and how much of it.
pub(super) fn read(
    sort: Sort,
    (before, written, after): (&str, &str, &str),
    names: &TechniqueNames,
) -> Option<(usize, Reading)> {
    // Nothing so long becomes an indicator, with fangs or without.
    if written.len() > 2 * limits::INDICATOR_VALUE_BYTES_MAX {
        return None;
    }
    match sort {
        Sort::Vulnerability => vulnerability(written).map(|thing| plain(written, thing, Vec::new())),
        Sort::Technique => technique(written, names).map(|(thing, doubts)| plain(written, thing, doubts)),
        Sort::Hash => hash(written),
        Sort::Url => url(written),
        Sort::Email => email(before, written),
        Sort::Ipv6 => ipv6(before, written, after),
        Sort::Host => host(before, written, after),
    }
}

fn plain(written: &str, thing: Thing, doubts: Vec<Doubt>) -> (usize, Reading) {
    (written.len(), Reading::Thing { thing, doubts, is_defanged: false })
}

fn vulnerability(written: &str) -> Option<Thing> {
    let digits: Vec<&str> = written.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let [year, number] = digits.as_slice() else { return None };
    // The first year of the list.
    (*year >= "1999").then(|| Thing::Vulnerability { id: format!("CVE-{year}-{number}") })
}

fn technique(written: &str, names: &TechniqueNames) -> Option<(Thing, Vec<Doubt>)> {
    let id = written.to_ascii_uppercase().replace('/', ".");
    // ATT&CK's numbers are below T2000: enterprise and mobile from T1001, ICS from T0800.
    if !matches!(id.as_bytes(), [b'T', b'0' | b'1', ..]) {
        return None;
    }
    let name = names.name_of(&id).map(str::to_owned);
    let is_unknown = !names.is_empty() && name.is_none();
    Some((Thing::Technique { id, name }, is_unknown.then_some(Doubt::UnknownTechnique).into_iter().collect()))
}

fn hash(written: &str) -> Option<(usize, Reading)> {
    let (kind, value) = infer(written)?;
    let first = value.bytes().next()?;
    let doubts = value.bytes().all(|b| b == first).then_some(Doubt::Placeholder);
    Some(plain(written, Thing::Indicator { kind, value }, doubts.into_iter().collect()))
}

/// Schemes that nobody clicks, and what they mean. Those of raw connections go: what follows is address and port.
const SCHEMES: [(&str, &str); 11] = [
    ("hxxps:", "https:"),
    ("hxxp:", "http:"),
    ("h**ps:", "https:"),
    ("h**p:", "http:"),
    ("h__ps:", "https:"),
    ("h__p:", "http:"),
    ("sfxp:", "sftp:"),
    ("fxps:", "ftps:"),
    ("fxp:", "ftp:"),
    ("tcp://", ""),
    ("udp://", ""),
];

/// The text as it would be without fangs, and whether it had any.
fn refanged(written: &str) -> (String, bool) {
    let mut text = written.to_owned();
    for (pattern, meant) in FANGS.iter() {
        text = pattern.replace_all(&text, *meant).into_owned();
    }
    let had_fangs = text != written;
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    match SCHEMES.into_iter().find(|(scheme, _)| begins(scheme)) {
        Some((scheme, meant)) => {
            text.replace_range(..scheme.len(), meant);
            (text, had_fangs || !meant.is_empty())
        }
        None => (text, had_fangs),
    }
}

/// Without what ends a sentence or closes a bracket that was opened before it.
fn without_end(written: &str) -> &str {
    // Counted once: a text of nothing but brackets must not cost its length squared.
    let count = |wanted: char| written.chars().filter(|c| *c == wanted).count();
    let mut open = [count('('), count('['), count('{')];
    let mut closed = [count(')'), count(']'), count('}')];
    let mut text = written;
    while let Some(last) = text.chars().next_back() {
        let mut is_surplus = |n: usize| match (open.get(n), closed.get_mut(n)) {
            (Some(open), Some(closed)) if *closed > *open => {
                *closed -= 1;
                true
            }
            _ => false,
        };
        let ends = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\u{2026}' | '*' | '_' | '\u{201c}' | '\u{201d}' => true,
            ')' => is_surplus(0),
            ']' => is_surplus(1),
            '}' => is_surplus(2),
            '(' | '[' | '{' => {
                let n = if last == '(' { 0 } else { usize::from(last == '{') + 1 };
                if let Some(open) = open.get_mut(n) {
                    *open -= 1;
                }
                true
            }
            _ => false,
        };
        if !ends {
            break;
        }
        text = text.get(..text.len() - last.len_utf8()).unwrap_or_default();
    }
    text
}

/// The last few bytes of what stands before: looking at all of it for each place would cost the text's length squared.
fn tail(before: &str) -> &str {
    let mut from = before.len().saturating_sub(WORD_BYTES_MAX);
    while !before.is_char_boundary(from) {
        from += 1;
    }
    before.get(from..).unwrap_or_default()
}

fn url(written: &str) -> Option<(usize, Reading)> {
    let written = without_end(written);
    let (text, is_defanged) = refanged(written);
    let (kind, value) = infer(&text)?;
    let doubts = doubts_of(kind, &value).err().into_iter().filter(|_| !is_defanged).collect();
    Some((written.len(), Reading::Thing { thing: Thing::Indicator { kind, value }, doubts, is_defanged }))
}

fn email(before: &str, written: &str) -> Option<(usize, Reading)> {
    if before.ends_with(['/', ':', '@']) && !before.ends_with("mailto:") {
        return None;
    }
    let (text, is_defanged) = refanged(written);
    let (IndicatorKind::Email, value) = infer(&text)? else { return None };
    let domain = value.rsplit('@').next().unwrap_or_default();
    let doubts: Vec<Doubt> = doubts_of(IndicatorKind::Domain, domain).err().into_iter().collect();
    let thing = Thing::Indicator { kind: IndicatorKind::Email, value };
    Some((written.len(), Reading::Thing { thing, doubts, is_defanged }))
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

fn ipv6(before: &str, written: &str, after: &str) -> Option<(usize, Reading)> {
    let is_part = is_word(before.chars().next_back()) || before.ends_with(':') || is_word(after.chars().next());
    let digits = written.bytes().filter(u8::is_ascii_hexdigit).count();
    if is_part || digits < 2 {
        return None;
    }
    let (text, is_defanged) = refanged(written);
    let tail = text.trim_end_matches(':').len();
    let candidates = [text.as_str(), text.get(..tail).unwrap_or_default(), text.trim_start_matches('[')];
    let (kind, value) = candidates.into_iter().find_map(infer)?;
    if !matches!(kind, IndicatorKind::Ipv6 | IndicatorKind::Ipv4 | IndicatorKind::IpPort | IndicatorKind::Cidr) {
        return None;
    }
    let doubts = doubts_of(kind, &value).err().into_iter().collect();
    Some((written.len(), Reading::Thing { thing: Thing::Indicator { kind, value }, doubts, is_defanged }))
}

fn host(before: &str, written: &str, after: &str) -> Option<(usize, Reading)> {
    // Inside a path, after a variable, a continued number: not a thing of its own.
    let is_inside = before.ends_with(['/', '\\', '@', '.', '-', '=', '$', '%']) && !before.ends_with("//");
    let written = without_end(written);
    let (text, is_defanged) = refanged(written);
    if is_inside && !is_defanged && !before.ends_with('=') {
        return file_name(&text).map(|extension| (written.len(), Reading::Refused(Doubt::FileName { extension })));
    }
    if let Some(read) = host_as(&text, written, is_defanged, before, after) {
        return Some(read);
    }
    // The path may be none: `192.0.2.1/and`.
    let alone = written.split(['/']).next().unwrap_or_default().trim_end_matches('[');
    if alone.len() == written.len() {
        return None;
    }
    let (text, is_defanged) = refanged(alone);
    host_as(&text, alone, is_defanged, before, after)
}

fn host_as(text: &str, written: &str, is_defanged: bool, before: &str, after: &str) -> Option<(usize, Reading)> {
    let number = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let is_version = number != text && number.starts_with(|c: char| c.is_ascii_digit());
    let (kind, value) = infer(text).or_else(|| infer(number).filter(|_| is_version))?;
    if kind == IndicatorKind::FileHash || kind == IndicatorKind::Email || kind == IndicatorKind::UrlPath {
        return None;
    }
    let mut doubts = Vec::new();
    match doubts_of(kind, &value) {
        Ok(()) => {}
        // What nobody would write so without meaning it.
        Err(doubt) if is_defanged => doubts.push(doubt),
        Err(doubt @ Doubt::UnknownSuffix) => {
            let extension = file_name(text)?;
            let because = if extension.is_empty() { doubt } else { Doubt::FileName { extension } };
            return Some((written.len(), Reading::Refused(because)));
        }
        Err(doubt) => doubts.push(doubt),
    }
    let is_address = matches!(kind, IndicatorKind::Ipv4);
    if is_address && !is_defanged && (is_version || says_version(before, after)) {
        doubts.push(Doubt::Version);
    }
    if let Some(extension) = file_name(text).filter(|_| kind == IndicatorKind::Domain && !is_defanged)
        && extension != "com"
    {
        doubts.push(Doubt::FileName { extension });
    }
    Some((written.len(), Reading::Thing { thing: Thing::Indicator { kind, value }, doubts, is_defanged }))
}

/// The ending, if files end so.
fn file_name(text: &str) -> Option<String> {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    let ending = name.rsplit_once('.')?.1.to_lowercase();
    EXTENSIONS.binary_search(&ending.as_str()).ok().map(|_| ending)
}

/// Whether the words around a number say that it is one of a version.
fn says_version(before: &str, after: &str) -> bool {
    const WORDS: [&str; 10] =
        ["version", "versions", "v", "ver", "ver.", "release", "build", "firmware", "update", "through"];
    let last = tail(before).trim_end().rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let last = last.trim_end_matches([':', '=']).to_lowercase();
    WORDS.contains(&last.as_str()) || after.starts_with("-beta") || after.starts_with("-rc")
}

/// What speaks against a value.
fn doubts_of(kind: IndicatorKind, value: &str) -> Result<(), Doubt> {
    match kind {
        IndicatorKind::Domain => {
            let Some(suffix) = psl::suffix(value.as_bytes()) else { return Err(Doubt::UnknownSuffix) };
            if !suffix.is_known() {
                return Err(Doubt::UnknownSuffix);
            }
            if suffix.as_bytes() == value.as_bytes() { Err(Doubt::PublicSuffix) } else { Ok(()) }
        }
        IndicatorKind::Url => {
            let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
            let authority = rest.split(['/', '?']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            match infer(host.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(':')) {
                Some((kind @ (IndicatorKind::Domain | IndicatorKind::Ipv6), value)) => doubts_of(kind, &value),
                _ => doubts_of(IndicatorKind::Ipv4, host.split(':').next().unwrap_or_default()),
            }
        }
        IndicatorKind::Ipv4 | IndicatorKind::Ipv6 | IndicatorKind::Cidr | IndicatorKind::IpPort => {
            let address = value.split('/').next().unwrap_or_default();
            let address = match kind {
                IndicatorKind::IpPort => address.rsplit_once(':').map_or(address, |(host, _)| host),
                _ => address,
            };
            let is_local = address.trim_matches(['[', ']']).parse().is_ok_and(|address| !is_routable(address));
            if is_local { Err(Doubt::NotRoutable) } else { Ok(()) }
        }
        IndicatorKind::UrlPath | IndicatorKind::FileHash | IndicatorKind::Email => Ok(()),
    }
}

/// Whether an address is one of the public Internet: IANA's registries of special-purpose addresses (RFC 6890).
fn is_routable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            let is_protocol = (a, b, c) == (192, 0, 0);
            let is_benchmark = a == 198 && (b == 18 || b == 19);
            let is_special = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_documentation()
                || address.is_multicast();
            !(is_special || is_shared || is_protocol || is_benchmark || a == 0 || a >= 240)
        }
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            let is_global = (0x2000..0x4000).contains(&first);
            let is_documentation = (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000);
            is_global && !is_documentation
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_sorted() {
        assert!(EXTENSIONS.is_sorted());
    }
}
