//! Which column of a list means what.

use model::{Confidence, IndicatorKind};
use serde::{Deserialize, Serialize};

/// Which column of a list means what. Written by whoever adds a feed, and kept with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListMapping {
    /// How a line is cut into cells.
    pub layout: Layout,
    /// What the first line is.
    pub header: Header,
    /// What lines begin with that are no data.
    pub comment: Vec<String>,
    /// Behind a blank, a comment may follow on the same line.
    pub has_comments_behind: bool,
    /// The thing itself.
    pub value: Column,
    /// A port that belongs to it.
    pub port: Option<Column>,
    /// What it is.
    pub kind: KindFrom,
    /// What the feed calls it.
    pub label: Option<Column>,
    /// What it is called where the feed says nothing.
    pub label_otherwise: String,
    /// How sure the feed is.
    pub confidence: Option<Column>,
    /// What that column counts.
    pub scale: Scale,
    /// When it was first seen.
    pub first_seen: Option<Column>,
    /// When it was last seen.
    pub last_seen: Option<Column>,
    /// From when it does not count any more.
    pub valid_until: Option<Column>,
    /// Its marking of the Traffic Light Protocol.
    pub marking: Option<Column>,
    /// The feed's own id of it.
    pub id: Option<Column>,
    /// The feed's words about it.
    pub description: Option<Column>,
}

/// How a line is cut into cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// The whole line is one cell.
    #[default]
    Lines,
    /// Cells end at a character. With a quote, a cell may be quoted, span lines, and hold the quote itself twice.
    Delimited {
        /// One ASCII character.
        delimiter: char,
        /// One ASCII character.
        quote: Option<char>,
    },
    /// Cells end at blanks and tabs, however many.
    Blanks,
    /// A hosts file: an address, and names behind it.
    Hosts,
}

/// What the first line of a list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// Data.
    #[default]
    None,
    /// Something that is passed over.
    Skipped,
    /// The names of the columns. Comments in front of it are tried, too.
    Names,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// By its number, from 1.
    Number(usize),
    /// By its name in the header, whatever the case.
    Name(String),
}

/// Who says what a value is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KindFrom {
    /// The value itself.
    #[default]
    Value,
    /// The list has only this.
    Always(IndicatorKind),
    /// A column, in the words that feeds use; an unknown word leaves it to the value.
    Column(Column),
}

/// How a column says how sure a feed is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// 0 to 100, with or without `%`.
    #[default]
    Percent,
    /// 0 to 1.
    Fraction,
    /// `none`, `low`, `medium`, `high`: STIX 2.1, appendix A.
    Words,
    /// The number of lists that name it, each of which is believed so far on its own: `1 − (1 − p)ⁿ`, at most 99 %.
    Lists {
        /// How far one list is believed, in percent.
        each_percent: u8,
    },
}

impl Default for ListMapping {
    fn default() -> Self {
        ListMapping {
            layout: Layout::default(),
            header: Header::default(),
            comment: vec!["#".to_owned()],
            has_comments_behind: false,
            value: Column::Number(1),
            port: None,
            kind: KindFrom::default(),
            label: None,
            label_otherwise: String::new(),
            confidence: None,
            scale: Scale::default(),
            first_seen: None,
            last_seen: None,
            valid_until: None,
            marking: None,
            id: None,
            description: None,
        }
    }
}

impl ListMapping {
    /// One value on each line; comments begin with `#`, `;` or `//`, or stand behind a blank.
    pub fn plain() -> Self {
        let comment = ["#", ";", "//"].map(str::to_owned).to_vec();
        ListMapping { comment, has_comments_behind: true, ..ListMapping::default() }
    }

    /// CSV as RFC 4180 has it, with names of columns in the first line.
    pub fn csv(value: &str) -> Self {
        ListMapping {
            layout: Layout::Delimited { delimiter: ',', quote: Some('"') },
            header: Header::Names,
            value: Column::Name(value.to_owned()),
            ..ListMapping::default()
        }
    }

    /// `value<TAB>class/family`, as the trails of maltrail are handed on. There is no comment: a path may begin with anything.
    pub fn maltrail() -> Self {
        ListMapping {
            layout: Layout::Delimited { delimiter: '\t', quote: None },
            comment: Vec::new(),
            label: Some(Column::Number(2)),
            ..ListMapping::default()
        }
    }

    /// `address<TAB>number of lists`, as ipsum writes. One list is believed to 30 %: three agree to 66 %, ten to 97 %.
    pub fn ipsum() -> Self {
        ListMapping {
            layout: Layout::Delimited { delimiter: '\t', quote: None },
            confidence: Some(Column::Number(2)),
            scale: Scale::Lists { each_percent: 30 },
            label_otherwise: "blocklists".to_owned(),
            ..ListMapping::default()
        }
    }

    /// A hosts file that leads names nowhere.
    pub fn hosts() -> Self {
        ListMapping { layout: Layout::Hosts, has_comments_behind: true, ..ListMapping::default() }
    }
}

/// The numbers of the none–low–med–high scale: STIX 2.1, appendix A.
const WORDS: [(&str, u8); 6] = [("none", 0), ("low", 15), ("med", 50), ("medium", 50), ("high", 85), ("very high", 95)];

impl Scale {
    pub(super) fn confidence(&self, text: &str) -> Option<Confidence> {
        let percent = match self {
            Scale::Percent => {
                let number: f64 = text.trim_end_matches('%').trim_end().parse().ok()?;
                (0.0..=100.0).contains(&number).then(|| number.round() as u8)?
            }
            Scale::Fraction => {
                let number: f64 = text.parse().ok()?;
                (0.0..=1.0).contains(&number).then(|| (number * 100.0).round() as u8)?
            }
            Scale::Words => {
                WORDS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, percent)| *percent)?
            }
            Scale::Lists { each_percent } => {
                let lists: u32 = text.parse().ok()?;
                let doubt = 1.0 - f64::from((*each_percent).min(100)) / 100.0;
                let sure = 100.0 * (1.0 - doubt.powi(i32::try_from(lists).unwrap_or(i32::MAX)));
                sure.clamp(0.0, 99.0).round() as u8
            }
        };
        Confidence::new(percent)
    }
}

/// The words of feeds for what a value is.
pub(super) fn kind_word(word: &str) -> Option<IndicatorKind> {
    let word = word.to_ascii_lowercase().replace(['_', ' '], "-");
    Some(match word.as_str() {
        "ipv4" | "ipv4-addr" => IndicatorKind::Ipv4,
        "ipv6" | "ipv6-addr" => IndicatorKind::Ipv6,
        "cidr" | "netblock" | "subnet" => IndicatorKind::Cidr,
        "ip-port" | "ip:port" | "ip-dst|port" | "ip-src|port" | "socket" => IndicatorKind::IpPort,
        "domain" | "domain-name" | "hostname" | "fqdn" | "host" => IndicatorKind::Domain,
        "url" | "uri" | "link" => IndicatorKind::Url,
        "url-path" | "path" => IndicatorKind::UrlPath,
        "file-hash" | "hash" | "md5" | "sha1" | "sha-1" | "sha256" | "sha-256" | "sha512" | "sha-512" | "md5-hash"
        | "sha1-hash" | "sha256-hash" | "filehash-md5" | "filehash-sha1" | "filehash-sha256" => IndicatorKind::FileHash,
        "email" | "e-mail" | "email-addr" | "email-src" | "email-address" => IndicatorKind::Email,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales() {
        let check = |scale: Scale, text: &str, expected: Option<u8>| {
            assert_eq!(scale.confidence(text).map(Confidence::percent), expected, "{scale:?} {text}");
        };
        check(Scale::Percent, "75", Some(75));
        check(Scale::Percent, "75 %", Some(75));
        check(Scale::Percent, "101", None);
        check(Scale::Percent, "NaN", None);
        check(Scale::Fraction, "0.755", Some(76));
        check(Scale::Fraction, "2", None);
        check(Scale::Words, "High", Some(85));
        check(Scale::Words, "sure", None);
        let lists = Scale::Lists { each_percent: 30 };
        check(lists, "0", Some(0));
        check(lists, "1", Some(30));
        check(lists, "2", Some(51));
        check(lists, "4294967295", Some(99));
        check(lists, "-1", None);
    }

    #[test]
    fn a_mapping_is_kept_as_text() {
        for mapping in [ListMapping::plain(), ListMapping::csv("ioc"), ListMapping::ipsum(), ListMapping::hosts()] {
            let text = serde_json::to_string(&mapping).unwrap();
            assert_eq!(serde_json::from_str::<ListMapping>(&text).unwrap(), mapping);
        }
        let written =
            "value = \"ioc\"\nheader = \"names\"\nlayout = { delimited = { delimiter = \",\", quote = '\"' } }\n";
        assert_eq!(toml::from_str::<ListMapping>(written).unwrap(), ListMapping::csv("ioc"));
        assert!(toml::from_str::<ListMapping>("colour = 1").is_err());
        assert_eq!(kind_word("IP:port"), Some(IndicatorKind::IpPort));
        assert_eq!(kind_word("IP_DST|port"), Some(IndicatorKind::IpPort));
        assert_eq!(kind_word("registry"), None);
    }
}
