//! Greenbone and OpenVAS: a report of GMP (versions 9 to 22), alone or in the answer that carries it.
//!
//! A result names its host, port, check and severity; the versions that a check compared stand in its description under `Installed version` and
//! `Fixed version`. Nothing else of the description is kept.

use model::Timestamp;
use model::register::Address;
use quick_xml::events::BytesStart;

use super::nessus::{said, software};
use super::xml::{Path, Visitor, attribute, walk};
use super::{Read, Reported, Scanner, level, place, tenths};
use crate::Trouble;
use crate::intel::object::moment;

pub(super) fn read(bytes: &[u8], out: &mut Read) {
    let mut report = Report::default();
    walk(bytes, &mut report, out);
}

/// The state while elements go by.
#[derive(Default)]
struct Report {
    result: Option<Found>,
    /// The version of the protocol, which is all that a report tells of the scanner.
    version: String,
    scanned: Option<Timestamp>,
}

#[derive(Default)]
struct Found {
    found: Reported,
    host: String,
    installed: String,
    detail: String,
    cpe: String,
    /// Results stand in results, where one was found by another.
    depth: usize,
}

impl Visitor for Report {
    const RECORD: &'static [u8] = b"<result id=";

    fn start(&mut self, path: &Path, element: &BytesStart<'_>) {
        match (path.name(), &mut self.result) {
            ("result", Some(result)) => result.depth += 1,
            ("result", None) => self.result = Some(Found::default()),
            ("nvt", Some(result)) if path.parent() == "result" => {
                result.found.check = attribute(element, "oid").unwrap_or_default();
            }
            ("ref", Some(result)) if path.up(2) == "nvt" => {
                let kind = attribute(element, "type").unwrap_or_default();
                // CERT-Bund and DFN-CERT are names of advisories, not of vulnerabilities.
                if kind.eq_ignore_ascii_case("cve") || kind.eq_ignore_ascii_case("cve_id") {
                    result.found.vulnerabilities.extend(attribute(element, "id"));
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, path: &Path, text: &str) {
        let Some(result) = &mut self.result else {
            match (path.parent(), path.name()) {
                ("gmp", "version") => text.clone_into(&mut self.version),
                ("report", "scan_end") => self.scanned = moment(text),
                _ => {}
            }
            return;
        };
        if result.depth == 0 {
            result.text(path, text);
        } else {
            result.inner(path, text);
        }
    }

    fn end(&mut self, path: &Path, out: &mut Read) {
        if path.name() != "result" {
            return;
        }
        match self.result.take() {
            Some(result) if result.depth > 0 => self.result = Some(Found { depth: result.depth - 1, ..result }),
            Some(result) => result.finish((&self.version, self.scanned), out),
            None => {}
        }
    }

    fn give_up(&mut self) -> bool {
        self.result.take().is_some()
    }
}

impl Found {
    fn text(&mut self, path: &Path, text: &str) {
        let found = &mut self.found;
        match (path.parent(), path.name()) {
            ("result", "host") => text.clone_into(&mut self.host),
            ("host", "hostname") => found.names.extend(Address::parse(text)),
            ("result", "name") => text.clone_into(&mut found.title),
            ("nvt", "name") if found.title.is_empty() => text.clone_into(&mut found.title),
            // `443/tcp`, `general/tcp`.
            ("result", "port") => found.port = text.split('/').next().and_then(|port| port.parse().ok()),
            ("result", "threat") => found.severity = level(text),
            ("result", "severity") | ("nvt", "cvss_base") => found.score_tenths = found.score_tenths.max(tenths(text)),
            ("severity", "value") => found.vectors.push(text.to_owned()),
            ("nvt", "tags") => {
                let vector = text.split('|').find_map(|tag| tag.strip_prefix("cvss_base_vector="));
                found.vectors.extend(vector.map(str::to_owned));
            }
            // Reports before GMP 9 have them in one text.
            ("nvt", "cve") => {
                let ids = text.split(',').map(str::trim).filter(|id| !id.eq_ignore_ascii_case("NOCVE"));
                found.vulnerabilities.extend(ids.map(str::to_owned));
            }
            ("result", "description") => {
                found.fixed_in.extend(said(text, "Fixed version").map(str::to_owned));
                self.installed = said(text, "Installed version").unwrap_or_default().to_owned();
            }
            ("result", "creation_time" | "modification_time") if found.when.is_none() => found.when = moment(text),
            _ => {}
        }
    }

    /// By which the check knew the product: a detail of another result.
    fn inner(&mut self, path: &Path, text: &str) {
        match (path.parent(), path.name()) {
            ("detail", "name") => text.clone_into(&mut self.detail),
            ("detail", "value") if self.detail == "product" && text.starts_with("cpe:") => {
                text.clone_into(&mut self.cpe);
            }
            _ => {}
        }
    }

    fn finish(self, (version, scanned): (&str, Option<Timestamp>), out: &mut Read) {
        let Found { mut found, host, installed, cpe, .. } = self;
        if found.check.is_empty() && found.title.is_empty() {
            return out.refuse("result", Trouble::malformed("a result without name and check"));
        }
        let is_about_something = !found.vulnerabilities.is_empty()
            || found.score_tenths > Some(0)
            || found.severity > Some(model::Level::Informational);
        if !is_about_something {
            out.left_out = out.left_out.saturating_add(1);
            return;
        }
        found.host = place(&host);
        if found.host.is_none() {
            let shown: String = found.check.chars().filter(char::is_ascii_graphic).take(80).collect();
            return out.refuse(format!("result of {shown}"), Trouble::malformed("a result without a host"));
        }
        found.software = software(&cpe, &installed);
        found.when = found.when.or(scanned);
        found.scanner = Scanner { name: "OpenVAS".to_owned(), version: version.to_owned() };
        out.report(found);
    }
}
