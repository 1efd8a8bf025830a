//! Nessus: `NessusClientData_v2`, as Tenable documents it in "Nessus File Format".
//!
//! The versions that a plugin compared stand in its output under `Installed version` and `Fixed version`; nothing else of the output is kept.

use model::register::{Address, Software};
use model::software::Cpe;
use model::software::cpe::Attribute;
use model::{Level, Timestamp};
use quick_xml::events::BytesStart;

use super::xml::{Path, Visitor, attribute, walk};
use super::{Place, Read, Reported, Scanner, level, place, tenths};
use crate::Trouble;
use crate::intel::object::moment;

/// The plugin that tells about the scan itself.
const ABOUT_THE_SCAN: &str = "19506";

pub(super) fn read(bytes: &[u8], out: &mut Read) {
    let mut report = Report::default();
    walk(bytes, &mut report, out);
}

/// The state while elements go by.
#[derive(Default)]
struct Report {
    host: Option<Host>,
    item: Option<Item>,
    tag: String,
    /// The scanner's version, once a host has told it.
    version: String,
}

#[derive(Default)]
struct Host {
    name: String,
    address: Option<Address>,
    names: Vec<Address>,
    when: Option<Timestamp>,
    found: Vec<Reported>,
    left_out: u64,
}

#[derive(Default)]
struct Item {
    found: Reported,
    installed: String,
    cpes: Vec<String>,
}

impl Visitor for Report {
    const RECORD: &'static [u8] = b"<ReportHost ";

    fn start(&mut self, path: &Path, element: &BytesStart<'_>) {
        match path.name() {
            "ReportHost" => {
                self.item = None;
                self.host = Some(Host { name: attribute(element, "name").unwrap_or_default(), ..Host::default() });
            }
            "tag" => self.tag = attribute(element, "name").unwrap_or_default(),
            "ReportItem" => {
                let text = |name| attribute(element, name).unwrap_or_default();
                let severity = text("severity")
                    .parse()
                    .ok()
                    .and_then(|number: u8| Level::from_severity_id(number.saturating_add(1)));
                let found = Reported {
                    port: text("port").parse().ok().filter(|port| *port != 0),
                    check: text("pluginID"),
                    title: text("pluginName"),
                    severity,
                    ..Reported::default()
                };
                self.item = Some(Item { found, ..Item::default() });
            }
            _ => {}
        }
    }

    fn text(&mut self, path: &Path, text: &str) {
        match (&mut self.item, &mut self.host) {
            (Some(item), _) if path.parent() == "ReportItem" => {
                if item.found.check == ABOUT_THE_SCAN
                    && path.name() == "plugin_output"
                    && let Some(version) = said(text, "Nessus version")
                {
                    self.version = version.split_whitespace().next().unwrap_or_default().to_owned();
                }
                item.text(path.name(), text);
            }
            (None, Some(host)) if path.name() == "tag" => host.tag(&self.tag, text),
            _ => {}
        }
    }

    fn end(&mut self, path: &Path, out: &mut Read) {
        match path.name() {
            "ReportItem" => {
                let (Some(item), Some(host)) = (self.item.take(), &mut self.host) else { return };
                let is_about_something =
                    !item.found.vulnerabilities.is_empty() || item.found.severity > Some(Level::Informational);
                match is_about_something && host.found.len() < model::limits::SCANNER_REPORTED_MAX {
                    true => host.found.push(item.finish()),
                    false => host.left_out += 1,
                }
            }
            "ReportHost" => {
                if let Some(host) = self.host.take() {
                    host.finish(&self.version, out);
                }
            }
            _ => {}
        }
    }

    fn give_up(&mut self) -> bool {
        self.item = None;
        self.host.take().is_some()
    }
}

impl Host {
    fn tag(&mut self, tag: &str, text: &str) {
        match tag {
            "host-ip" => self.address = Address::parse(text),
            "host-fqdn" | "host-rdns" | "netbios-name" => self.names.extend(Address::parse(text)),
            "HOST_END_TIMESTAMP" => self.when = moment(text),
            _ => {}
        }
    }

    fn finish(self, version: &str, out: &mut Read) {
        let Some(host) = self.address.map(Place::Host).or_else(|| place(&self.name)) else {
            return out.refuse("ReportHost", Trouble::malformed("a host without name and address"));
        };
        out.left_out = out.left_out.saturating_add(self.left_out);
        let scanner = Scanner { name: "Nessus".to_owned(), version: version.to_owned() };
        let own = Address::parse(&self.name).filter(|name| Place::Host(name.clone()) != host);
        let names: Vec<Address> = self.names.into_iter().chain(own).collect();
        for found in self.found {
            let names = names.clone();
            out.report(Reported {
                host: Some(host.clone()),
                names,
                when: self.when,
                scanner: scanner.clone(),
                ..found
            });
        }
    }
}

impl Item {
    fn text(&mut self, name: &str, text: &str) {
        let found = &mut self.found;
        match name {
            "cve" => found.vulnerabilities.push(text.to_owned()),
            "cvss4_vector" | "cvss3_vector" => found.vectors.push(text.to_owned()),
            // Version 2 stands behind a prefix of Nessus's own.
            "cvss_vector" => found.vectors.push(text.trim_start_matches("CVSS2#").to_owned()),
            "cvss4_base_score" | "cvss3_base_score" | "cvss_base_score" => {
                found.score_tenths = found.score_tenths.max(tenths(text));
            }
            "risk_factor" if found.severity.is_none() => found.severity = level(text),
            "cpe" => self.cpes.extend(text.split_whitespace().map(str::to_owned)),
            "plugin_output" => {
                found.fixed_in.extend(said(text, "Fixed version").map(str::to_owned));
                self.installed = said(text, "Installed version").unwrap_or_default().to_owned();
            }
            _ => {}
        }
    }

    fn finish(self) -> Reported {
        let Item { mut found, installed, cpes } = self;
        found.software = cpes.iter().find_map(|text| software(text, &installed));
        found
    }
}

/// A program by its name in the dictionary.
pub(super) fn software(cpe: &str, installed: &str) -> Option<Software> {
    let cpe = Cpe::parse(cpe).ok()?;
    let text = |attribute| cpe.text(attribute).unwrap_or_default();
    let named = text(Attribute::Version);
    Some(Software {
        vendor: text(Attribute::Vendor),
        product: text(Attribute::Product),
        version: if named.is_empty() { installed.to_owned() } else { named },
        cpe: Some(cpe.to_string()),
        purl: None,
    })
}

/// What stands behind `name :` on a line of its own.
pub(super) fn said<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(name))?;
    let value = line.trim_start().strip_prefix(':')?.trim();
    (!value.is_empty()).then_some(value)
}
