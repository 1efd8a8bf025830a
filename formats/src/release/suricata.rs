//! Datasets for Suricata 7 and later: Suricata user guide, "Datasets".
//!
//! A dataset holds values of one type, one on a line: `string` in base64, `md5` and `sha256` in hexadecimal digits, addresses as
//! they are written. It is compared with a whole buffer, so that a domain's subdomains are not found. An address of type `ip` may be
//! of either version, `ipv4` holds IPv4 only. Ranges, addresses with ports, and hashes other than MD5 and SHA-256 have no type.
//!
//! [`rules`] writes the rules that look into them. Files are looked up by `filemd5` and `filesha256`, which read the same lists: a
//! transform would hash what is inspected at once, which of a longer file is a piece.

use std::io::{self, Write};
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::sieve::{Use, Why, Written, admit};
use super::value::{Hash, Value};
use super::{Release, Released, one_line};

/// Which values a dataset holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dataset {
    /// Addresses of both versions.
    Addresses,
    /// IPv4 addresses.
    Ipv4,
    /// Names, for questions to the DNS, TLS server names and HTTP hosts.
    Domains,
    /// Paths with their query, as they stand in a request.
    Paths,
    /// MD5 of files.
    Md5,
    /// SHA-256 of files.
    Sha256,
}

impl Dataset {
    /// All of them.
    pub const ALL: [Dataset; 6] =
        [Dataset::Addresses, Dataset::Ipv4, Dataset::Domains, Dataset::Paths, Dataset::Md5, Dataset::Sha256];

    /// Its name, which is the set's and, with `.lst`, the file's.
    pub const fn name(self) -> &'static str {
        match self {
            Dataset::Addresses => "watchbell-addresses",
            Dataset::Ipv4 => "watchbell-ipv4",
            Dataset::Domains => "watchbell-domains",
            Dataset::Paths => "watchbell-paths",
            Dataset::Md5 => "watchbell-md5",
            Dataset::Sha256 => "watchbell-sha256",
        }
    }

    /// Suricata's word for the type.
    pub const fn type_name(self) -> &'static str {
        match self {
            Dataset::Addresses => "ip",
            Dataset::Ipv4 => "ipv4",
            Dataset::Domains | Dataset::Paths => "string",
            Dataset::Md5 => "md5",
            Dataset::Sha256 => "sha256",
        }
    }
}

pub(super) fn write(
    dataset: Dataset,
    release: &Release,
    indicators: &mut dyn Iterator<Item = Released>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let mut written = Written::default();
    for released in indicators {
        let Some(value) = admit(&mut written, Use::Tell, release, &released) else { continue };
        match line(dataset, value) {
            Some(line) => {
                writeln!(out, "{line}")?;
                written.written += 1;
                if dataset == Dataset::Domains {
                    written.narrow(Why::Subdomains, &released);
                }
            }
            None if matches!(value, Value::Hash(..)) && matches!(dataset, Dataset::Md5 | Dataset::Sha256) => {
                written.leave(Why::Hash, &released);
            }
            None => written.leave(Why::Kind(released.kind), &released),
        }
    }
    Ok(written)
}

fn line(dataset: Dataset, value: Value<'_>) -> Option<String> {
    match (dataset, value) {
        (Dataset::Addresses, Value::Address(address)) => Some(address.to_string()),
        (Dataset::Ipv4, Value::Address(address @ IpAddr::V4(_))) => Some(address.to_string()),
        (Dataset::Domains, Value::Domain(name)) => Some(STANDARD.encode(name)),
        (Dataset::Paths, Value::Path(path)) => Some(STANDARD.encode(path)),
        (Dataset::Md5, Value::Hash(Hash::Md5, digits)) | (Dataset::Sha256, Value::Hash(Hash::Sha256, digits)) => {
            Some(digits.to_owned())
        }
        _ => None,
    }
}

/// Rules that look into the datasets, with ids from `first_sid` on; ten are used.
///
/// # Errors
/// Only when `out` fails.
pub fn rules(release: &Release, datasets: &[Dataset], first_sid: u32, out: &mut dyn Write) -> io::Result<()> {
    // What ends a rule's text or its option is taken out of the title.
    let title: String = one_line(&release.title, 80).chars().filter(|c| !matches!(c, '"' | ';' | '\\' | ':')).collect();
    for (at, (dataset, protocol, look, what)) in (0u32..).zip(LOOKS) {
        if !datasets.contains(dataset) {
            continue;
        }
        let (name, type_name, sid) = (dataset.name(), dataset.type_name(), first_sid.saturating_add(at));
        let test = match dataset {
            Dataset::Md5 | Dataset::Sha256 => format!("{look}:{name}.lst"),
            _ => format!("{look}; dataset:isset,{name},type {type_name},load {name}.lst"),
        };
        writeln!(out, "alert {protocol} any any -> any any (msg:\"{title}, {what}\"; {test}; sid:{sid}; rev:1;)")?;
    }
    Ok(())
}

/// Where each dataset is looked for. The place of a line is its rule's id and never changes.
const LOOKS: &[(Dataset, &str, &str, &str)] = &[
    (Dataset::Addresses, "ip", "ip.src", "listed source address"),
    (Dataset::Addresses, "ip", "ip.dst", "listed destination address"),
    (Dataset::Ipv4, "ip", "ip.src", "listed source address"),
    (Dataset::Ipv4, "ip", "ip.dst", "listed destination address"),
    (Dataset::Domains, "dns", "dns.query; to_lowercase", "listed name asked for"),
    (Dataset::Domains, "tls", "tls.sni; to_lowercase", "listed name in a TLS greeting"),
    (Dataset::Domains, "http", "http.host", "listed name in a request"),
    (Dataset::Paths, "http", "http.uri", "listed path in a request"),
    (Dataset::Md5, "http", "filemd5", "listed file"),
    (Dataset::Sha256, "http", "filesha256", "listed file"),
];
