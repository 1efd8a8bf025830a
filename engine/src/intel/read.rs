//! Which reader reads a source's bytes.

use std::fmt;
use std::str::FromStr;

use formats::intel::list::ListMapping;
use formats::intel::{csaf, kev, leak, list, misp, names, nmap, nuclei, stix};
use serde::{Deserialize, Serialize};
use store::state::MergeKind;

use super::gather::Gatherer;

/// How a source writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IntelFormat {
    /// A list, by a mapping of columns.
    List,
    /// STIX bundles and TAXII envelopes.
    Stix,
    /// MISP events, and answers of `restSearch`.
    Misp,
    /// CISA's catalogue of exploited vulnerabilities.
    Kev,
    /// Advisories.
    Csaf,
    /// Posts of leak sites.
    Leaks,
    /// Results of nmap, as XML.
    Nmap,
    /// Results of nuclei, as JSON lines.
    Nuclei,
    /// Domains that are new: a list, or names in certificates. What resembles ours counts.
    NewDomains,
}

impl IntelFormat {
    /// All of them.
    pub const ALL: [IntelFormat; 9] = [
        IntelFormat::List,
        IntelFormat::Stix,
        IntelFormat::Misp,
        IntelFormat::Kev,
        IntelFormat::Csaf,
        IntelFormat::Leaks,
        IntelFormat::Nmap,
        IntelFormat::Nuclei,
        IntelFormat::NewDomains,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            IntelFormat::List => "list",
            IntelFormat::Stix => "stix",
            IntelFormat::Misp => "misp",
            IntelFormat::Kev => "kev",
            IntelFormat::Csaf => "csaf",
            IntelFormat::Leaks => "leaks",
            IntelFormat::Nmap => "nmap",
            IntelFormat::Nuclei => "nuclei",
            IntelFormat::NewDomains => "new-domains",
        }
    }

    /// How its runs come together: what is new today is not all that there is.
    pub const fn merge(self) -> MergeKind {
        match self {
            IntelFormat::NewDomains => MergeKind::Part,
            _ => MergeKind::Whole,
        }
    }

    /// Reads bytes into a gatherer. Says how many records there were.
    pub fn read(self, bytes: &[u8], mapping: &ListMapping, gatherer: &mut Gatherer) -> u64 {
        let mut sink = |found| gatherer.take(found);
        let tally = match self {
            IntelFormat::List => list::read(bytes, mapping, &mut sink),
            IntelFormat::Stix => stix::read(bytes, &mut sink),
            IntelFormat::Misp => misp::read(bytes, &mut sink),
            IntelFormat::Kev => kev::read(bytes, &mut sink),
            IntelFormat::Csaf => csaf::read(bytes, &mut sink),
            IntelFormat::Leaks => leak::read(bytes, &mut sink),
            IntelFormat::Nmap => nmap::read(bytes, &mut sink),
            IntelFormat::Nuclei => nuclei::read(bytes, &mut sink),
            IntelFormat::NewDomains => names::read(bytes, &mut sink),
        };
        tally.records
    }
}

impl fmt::Display for IntelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for IntelFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = IntelFormat::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| {
            let known = IntelFormat::ALL.map(IntelFormat::name).join(", ");
            format!("{text:?} is no format of intelligence; known are {known}")
        })
    }
}

/// A mapping by its name, or as JSON.
///
/// # Errors
/// When it is neither.
pub fn list_mapping(text: &str) -> Result<ListMapping, String> {
    match text.trim() {
        "" | "plain" => Ok(ListMapping::plain()),
        "maltrail" => Ok(ListMapping::maltrail()),
        "ipsum" => Ok(ListMapping::ipsum()),
        "hosts" => Ok(ListMapping::hosts()),
        json if json.starts_with('{') => serde_json::from_str(json).map_err(|error| format!("the mapping: {error}")),
        name => match name.strip_prefix("csv:") {
            Some(column) if !column.is_empty() => Ok(ListMapping::csv(column)),
            _ => Err(format!(
                "{name:?} is no mapping; known are plain, maltrail, ipsum, hosts, csv:COLUMN, or a JSON object"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for format in IntelFormat::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
        }
        assert!("xml".parse::<IntelFormat>().unwrap_err().contains("known are list"));
    }

    #[test]
    fn mappings_by_name_or_json() {
        for name in ["", "plain", "maltrail", "ipsum", "hosts", "csv:indicator", r#"{"value": 2, "label": "family"}"#] {
            assert!(list_mapping(name).is_ok(), "{name}");
        }
        for wrong in ["csv:", "tsv", "{", r#"{"values": 2}"#] {
            assert!(list_mapping(wrong).is_err(), "{wrong}");
        }
    }
}
