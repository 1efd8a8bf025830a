//! What a bill says about vulnerabilities, as advisories.

use std::collections::{BTreeMap, BTreeSet};

use model::limits::ADVISORY_STATEMENTS_MAX;
use model::software::{Advisory, Cpe, Named, Purl, Range, Statement, Status, Voice};

use super::{Affects, Bill, Component, Vulnerability};

impl Bill {
    /// What is said about its subject and the parts of it, and about those of `others`, to which a bill that only speaks about
    /// vulnerabilities refers (CycloneDX, "BOM-Link": `urn:cdx:SERIAL/VERSION#REFERENCE`). A word about a part holds within the subject
    /// of its own bill only. What is about a document that is not here is left out: see [`Bill::unresolved`]. A vulnerability that is
    /// listed without an analysis is a finding of whoever made the list, not the maker's word.
    pub fn statements(&self, others: &[&Bill]) -> Vec<Advisory> {
        let mut found = Vec::new();
        for vulnerability in &self.vulnerabilities {
            // By where they hold: everywhere, or in one product.
            let mut scopes: BTreeMap<Option<String>, Vec<Statement>> = BTreeMap::new();
            for affects in &vulnerability.affects {
                let Some((bill, place)) = self.resolve(affects, others) else { continue };
                let Some(component) = bill.components.get(place) else { continue };
                let scope = (bill.subject != Some(place)).then(|| bill.name());
                let statements = scopes.entry(scope).or_default();
                statements.extend(statements_of(vulnerability, affects, component));
                statements.truncate(ADVISORY_STATEMENTS_MAX);
            }
            found.extend(
                scopes.into_iter().map(|(only_in, statements)| self.advisory(vulnerability, only_in, statements)),
            );
        }
        found
    }

    /// References of vulnerabilities that lead neither into this bill nor into `others`.
    pub fn unresolved(&self, others: &[&Bill]) -> Vec<String> {
        let affects = self.vulnerabilities.iter().flat_map(|vulnerability| &vulnerability.affects);
        let lost = affects.filter(|affects| self.resolve(affects, others).is_none());
        lost.map(|affects| affects.reference.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn resolve<'b>(&'b self, affects: &Affects, others: &[&'b Bill]) -> Option<(&'b Bill, usize)> {
        if let Some(place) = affects.component {
            return Some((self, place));
        }
        let (document, reference) = match affects.reference.split_once('#') {
            Some((document, reference)) => (document, Some(reference)),
            None => (affects.reference.as_str(), None),
        };
        let (serial, revision) = document.strip_prefix("urn:cdx:")?.rsplit_once('/')?;
        let is_it = |bill: &&&Bill| bill.serial.strip_prefix("urn:uuid:") == Some(serial) && bill.revision == revision;
        let bill = others.iter().find(is_it)?;
        let place = match reference {
            Some(reference) => bill.components.iter().position(|component| component.reference == reference)?,
            None => bill.subject?,
        };
        Some((bill, place))
    }

    fn advisory(&self, vulnerability: &Vulnerability, only_in: Option<String>, statements: Vec<Statement>) -> Advisory {
        Advisory {
            id: vulnerability.id.clone(),
            aliases: vulnerability.aliases.clone(),
            source: self.name(),
            voice: if vulnerability.state.is_some() { Voice::Maker } else { Voice::Database },
            published: vulnerability.published,
            modified: vulnerability.updated.or(self.made),
            is_withdrawn: false,
            summary: vulnerability.summary.clone(),
            vectors: vulnerability.vectors.clone(),
            only_in,
            statements,
        }
    }
}

/// For each name of the component, what holds for which versions.
fn statements_of(vulnerability: &Vulnerability, affects: &Affects, component: &Component) -> Vec<Statement> {
    let general = vulnerability.state.unwrap_or(Status::Affected);
    let mut sorted: Vec<(Status, Vec<String>, Vec<Range>)> = Vec::new();
    for (text, status) in &affects.versions {
        let status = refined(general, *status);
        let range = Range::vers(text);
        // A range that nobody understands acquits nobody.
        let is_lost = range.is_none() && text.starts_with("vers:");
        let status = if is_lost { Status::UnderInvestigation } else { status };
        let place = sorted.iter().position(|(own, _, _)| *own == status).unwrap_or_else(|| {
            sorted.push((status, Vec::new(), Vec::new()));
            sorted.len() - 1
        });
        let Some((_, versions, ranges)) = sorted.get_mut(place) else { continue };
        match range {
            Some(range) => ranges.push(range),
            None if is_lost => ranges.push(Range::Between { from: None, to: None }),
            None => versions.push(text.clone()),
        }
    }
    if sorted.is_empty() {
        let own = Some(component.version.clone()).filter(|version| !version.is_empty());
        sorted.push((general, own.into_iter().collect(), Vec::new()));
    }
    let mut statements = Vec::new();
    for product in names(component) {
        for (status, versions, ranges) in &sorted {
            statements.push(Statement {
                product: product.clone(),
                status: *status,
                versions: versions.clone(),
                ranges: ranges.clone(),
                why: vulnerability.why.clone(),
            });
        }
    }
    statements
}

/// What holds for some versions, when something is said of them beside the analysis. What contradicts it is not decided here.
const fn refined(general: Status, own: Option<Status>) -> Status {
    match (general, own) {
        (general, None) => general,
        (Status::Fixed, Some(Status::NotAffected)) => Status::Fixed,
        (Status::NotAffected, Some(Status::Affected)) | (Status::UnderInvestigation, Some(Status::Affected)) => {
            Status::UnderInvestigation
        }
        (_, Some(own)) => own,
    }
}

fn names(component: &Component) -> Vec<Named> {
    let purl = component.purl.as_deref().and_then(|text| Purl::parse(text).ok()).map(Named::Purl);
    let cpes = component.cpes.iter().filter_map(|text| Cpe::parse(text).ok()).map(Named::Cpe);
    let found: Vec<Named> = purl.into_iter().chain(cpes).collect();
    if !found.is_empty() {
        return found;
    }
    let software = component.software();
    vec![Named::Words { vendor: software.vendor, product: software.product }]
}
