//! Reports of vulnerability scanners: what was found, where, and by which version of what.
//!
//! | reader | what |
//! |---|---|
//! | [`Form::Nessus`] | Nessus, `NessusClientData_v2` |
//! | [`Form::OpenVas`] | Greenbone and OpenVAS, reports of GMP 9 to 22 in XML |
//! | [`Form::Trivy`] | Trivy, `--format json`, schema version 2: images, file systems, root file systems |
//! | [`Form::Grype`] | Grype, `-o json` |
//! | [`Form::OsvScanner`] | osv-scanner, `--format json` |
//! | [`Form::Nuclei`] | Nuclei, `-jsonl` and `-json-export` |
//! | [`Form::Sarif`] | SARIF 2.1.0: results that carry a CVE in their rule, its tags or their own |
//! | [`Form::CycloneDx`] | vulnerabilities in a bill of materials ([`crate::sbom`]) |
//!
//! [`read`] tells the form by the content, never by the file's name. A record that is wrong is refused with its place and the reason; the rest is read.
//!
//! Deliberately absent: what a scanner saw as evidence, which may hold passwords and pages of residents; checks of compliance; findings that only
//! inform. How many were left out is counted.

mod json;
mod nessus;
mod nuclei;
mod openvas;
mod packages;
mod sarif;
mod xml;

use std::collections::BTreeSet;

use model::limits::{
    INTEL_NAME_BYTES_MAX, NOTES_KEPT_MAX, SCANNER_FILE_BYTES_MAX, SCANNER_LIST_MAX, SCANNER_REPORTED_MAX,
    SCANNER_TITLE_BYTES_MAX,
};
use model::register::{Address, Software};
use model::{Level, Timestamp};

use crate::Trouble;
pub use crate::intel::Refused;
use crate::intel::object::cut;
use crate::intel::walk;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Nessus.
    Nessus,
    /// Greenbone, OpenVAS.
    OpenVas,
    /// Trivy.
    Trivy,
    /// Grype.
    Grype,
    /// osv-scanner.
    OsvScanner,
    /// Nuclei.
    Nuclei,
    /// SARIF.
    Sarif,
    /// CycloneDX.
    CycloneDx,
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A host.
    Host(Address),
    /// Something else that has a name: an image, a file, a page.
    Named(String),
}

/// The scanner, as it names itself; the version may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanner {
    /// What it is called.
    pub name: String,
    /// Which version.
    pub version: String,
}

/// Something that a scanner found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// Where; `None` where the report does not say.
    pub host: Option<Place>,
    /// Other names of the same host.
    pub names: Vec<Address>,
    /// Which port; `None` for the host itself.
    pub port: Option<u16>,
    /// Names of vulnerabilities, as they are: `CVE-2024-4879`, `GHSA-…`. May be empty, for a weakness without a name.
    pub vulnerabilities: Vec<String>,
    /// The scanner's own name of the check; may be empty.
    pub check: String,
    /// In which program.
    pub software: Option<Software>,
    /// Versions in which it is mended, as they are.
    pub fixed_in: Vec<String>,
    /// How bad the scanner calls it.
    pub severity: Option<Level>,
    /// CVSS vectors, the newest version of CVSS first.
    pub vectors: Vec<String>,
    /// The highest CVSS score that the report states, in tenths: 0 to 100.
    pub score_tenths: Option<u8>,
    /// One short line about it.
    pub title: String,
    /// Who found it.
    pub scanner: Scanner,
    /// When.
    pub when: Option<Timestamp>,
}

/// What a report says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// How it is written; `None` where it is none of the forms.
    pub form: Option<Form>,
    /// What was found, in the report's order.
    pub reported: Vec<Reported>,
    /// Records that only inform, and results without the name of a vulnerability in forms that are about more than those.
    pub left_out: u64,
    /// What was refused, [`NOTES_KEPT_MAX`] of it at most.
    pub refused: Vec<Refused>,
    /// How much was refused.
    pub refused_count: u64,
}

/// Reads a report. `name` is the file's name, for the notes only.
///
/// ```
/// let line = br#"{"template-id":"CVE-2024-4879","host":"192.0.2.10","info":{"name":"x","severity":"high","classification":{"cve-id":["cve-2024-4879"]}}}"#;
/// let found = formats::scanner::read("scan.jsonl", line);
/// assert_eq!(found.reported[0].vulnerabilities, ["CVE-2024-4879"]);
/// ```
pub fn read(name: &str, bytes: &[u8]) -> Read {
    let mut out = Read::default();
    let length = bytes.len();
    if length > SCANNER_FILE_BYTES_MAX {
        let detail = format!("{length} bytes, at most {SCANNER_FILE_BYTES_MAX} are read");
        out.refuse(clean(name, INTEL_NAME_BYTES_MAX), Trouble::too_large(detail));
        return out;
    }
    match form(bytes) {
        Ok(form) => {
            out.form = Some(form);
            match form {
                Form::Nessus => nessus::read(bytes, &mut out),
                Form::OpenVas => openvas::read(bytes, &mut out),
                Form::Trivy => packages::trivy(bytes, &mut out),
                Form::Grype => packages::grype(bytes, &mut out),
                Form::OsvScanner => packages::osv_scanner(bytes, &mut out),
                Form::Nuclei => nuclei::read(bytes, &mut out),
                Form::Sarif => sarif::read(bytes, &mut out),
                Form::CycloneDx => packages::cyclonedx(bytes, &mut out),
            }
        }
        Err(trouble) => out.refuse(clean(name, INTEL_NAME_BYTES_MAX), trouble),
    }
    out
}

/// Tells the form by what the document begins with.
fn form(bytes: &[u8]) -> Result<Form, Trouble> {
    let unknown = || {
        Trouble::malformed(
            "no report that is known; hint: Nessus, OpenVAS, Trivy, Grype, osv-scanner, Nuclei, SARIF or CycloneDX",
        )
    };
    if [&b"\xff\xfe"[..], b"\xfe\xff"].iter().any(|mark| bytes.starts_with(mark)) {
        return Err(Trouble::malformed("UTF-16; hint: save it as UTF-8"));
    }
    let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if plain.starts_with(b"<") {
        return match xml::root(plain)?.as_str() {
            "NessusClientData_v2" => Ok(Form::Nessus),
            "report" | "get_reports_response" => Ok(Form::OpenVas),
            _ => Err(unknown()),
        };
    }
    // A line of many is an object, too: what is asked is the first one.
    let has = |name: &str| walk::open(plain, name);
    let is_list = |name: &str| has(name).is_some_and(|value| value.starts_with(b"["));
    match walk::shape(bytes)? {
        walk::Shape::Array => {
            let first = walk::inner(plain).next().and_then(Result::ok).map_or(&b""[..], |(_, value)| value);
            is_nuclei(first).then_some(Form::Nuclei).ok_or_else(unknown)
        }
        walk::Shape::Object if is_nuclei(plain) => Ok(Form::Nuclei),
        walk::Shape::Object if has("bomFormat").is_some() => Ok(Form::CycloneDx),
        walk::Shape::Object if is_list("runs") => Ok(Form::Sarif),
        walk::Shape::Object if is_list("matches") => Ok(Form::Grype),
        walk::Shape::Object if has("ArtifactName").is_some() || is_list("Results") => Ok(Form::Trivy),
        walk::Shape::Object if is_list("results") => Ok(Form::OsvScanner),
        walk::Shape::Object => Err(unknown()),
    }
}

fn is_nuclei(object: &[u8]) -> bool {
    ["template-id", "templateID"].iter().any(|name| walk::open(object, name).is_some())
}

impl Read {
    fn refuse(&mut self, place: impl Into<String>, trouble: Trouble) {
        self.refused_count += 1;
        if self.refused.len() < NOTES_KEPT_MAX {
            self.refused.push(Refused { place: place.into(), trouble });
        }
    }

    /// Whether there is room for one more. That there is none is said once.
    fn has_room(&mut self) -> bool {
        let has_room = self.reported.len() < SCANNER_REPORTED_MAX;
        if !has_room {
            self.refused_count += 1;
            let is_said = self.refused.iter().any(|refused| refused.place == "report");
            if !is_said && self.refused.len() < NOTES_KEPT_MAX {
                let detail = format!("more than {SCANNER_REPORTED_MAX} findings");
                self.refused.push(Refused { place: "report".to_owned(), trouble: Trouble::too_large(detail) });
            }
        }
        has_room
    }

    /// Takes a finding in, tidied.
    fn report(&mut self, mut found: Reported) {
        if !self.has_room() {
            return;
        }
        found.title = clean(&found.title, SCANNER_TITLE_BYTES_MAX);
        found.check = clean(&found.check, INTEL_NAME_BYTES_MAX);
        found.vulnerabilities = ids(&found.vulnerabilities);
        for list in [&mut found.fixed_in, &mut found.vectors] {
            let mut known = BTreeSet::new();
            list.iter_mut().for_each(|text| *text = clean(text, INTEL_NAME_BYTES_MAX));
            list.retain(|text| !text.is_empty() && known.insert(text.clone()));
            list.truncate(SCANNER_LIST_MAX);
        }
        // CVSS:4.0 stands before CVSS:3.1, and what has no prefix is version 2.
        found.vectors.sort_by(|one, other| version_of(other).cmp(version_of(one)));
        found.names.sort();
        found.names.dedup();
        found.names.truncate(SCANNER_LIST_MAX);
        found.software = found.software.map(tidy).filter(|software| !software.product.is_empty());
        self.reported.push(found);
    }
}

fn version_of(vector: &str) -> &str {
    vector.strip_prefix("CVSS:").and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

fn tidy(software: Software) -> Software {
    let word = |text: &str| clean(text, INTEL_NAME_BYTES_MAX);
    Software {
        vendor: word(&software.vendor),
        product: word(&software.product),
        version: word(&software.version),
        cpe: software.cpe,
        purl: software.purl,
    }
}

/// A text on one line, without control characters, cut.
fn clean(text: &str, bytes_max: usize) -> String {
    let line: String = text.chars().take(bytes_max).map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(line.trim(), bytes_max).trim_end().to_owned()
}

/// Names of vulnerabilities, each once, CVE first; those in capitals that are written so.
fn ids(found: &[String]) -> Vec<String> {
    let written = |id: &String| {
        let id = clean(id, INTEL_NAME_BYTES_MAX);
        id.parse::<model::vulnerability::CveId>().map_or(id, |cve| cve.to_string())
    };
    let sorted: BTreeSet<(bool, String)> = found
        .iter()
        .map(written)
        .filter(|id| !id.is_empty())
        .map(|id| (!id.starts_with("CVE-"), id))
        .take(SCANNER_LIST_MAX)
        .collect();
    sorted.into_iter().map(|(_, id)| id).collect()
}

/// A place by its text.
fn place(text: &str) -> Option<Place> {
    let text = clean(text, INTEL_NAME_BYTES_MAX);
    match Address::parse(&text) {
        Some(address) => Some(Place::Host(address)),
        None => (!text.is_empty()).then_some(Place::Named(text)),
    }
}

/// A score as it is written, in tenths; `None` where it is no score of CVSS.
fn tenths(text: &str) -> Option<u8> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) {
        return None;
    }
    let tenth = part.bytes().next().map(|digit| digit - b'0')?;
    let sum = whole.parse::<u8>().ok()?.checked_mul(10)?.checked_add(tenth)?;
    (sum <= 100).then_some(sum)
}

/// How bad, in a scanner's words.
fn level(word: &str) -> Option<Level> {
    match word.trim().to_ascii_lowercase().as_str() {
        "negligible" | "log" | "none" | "note" => Some(Level::Informational),
        "moderate" | "warning" => Some(Level::Medium),
        "important" | "error" => Some(Level::High),
        word => word.parse().ok(),
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
