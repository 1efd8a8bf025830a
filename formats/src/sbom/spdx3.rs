//! SPDX 3.0 as JSON-LD, in the form of its JSON schema: a flat `@graph` with the names of the global context. Elements that a document
//! only refers to are in other documents, and left out.

use std::collections::BTreeMap;

use model::limits::{SBOM_COMPONENTS_MAX, SBOM_LIST_MAX};
use model::software::Status;
use serde_json::{Map, Value};

use super::{Affects, Bill, Building, Component, Vulnerability, each, short};
use crate::Trouble;
use crate::intel::object::Object;

/// Kinds of packages.
const PACKAGES: [&str; 3] = ["software_Package", "ai_AIPackage", "dataset_DatasetPackage"];

/// What stands in the graph beside packages, by id.
#[derive(Default)]
struct Around {
    /// Agents and licences.
    names: BTreeMap<String, String>,
    /// Vulnerabilities: their names.
    vulnerabilities: BTreeMap<String, Vec<String>>,
    /// What documents and bills are about.
    roots: Vec<String>,
}

pub(super) fn read(bytes: &[u8]) -> Bill {
    let mut out = Building::default();
    out.bill.format = "SPDX 3".to_owned();
    let mut around = Around::default();
    // Elements may refer to later ones, so the graph is gone through twice.
    each(bytes, "@graph", &mut out, |map, _, out| first(map, &mut around, out));
    // What cannot be read at all is said but once: in the second round, beside what is wrong with a package.
    (out.bill.refused, out.bill.refused_count) = (Vec::new(), 0);
    each(bytes, "@graph", &mut out, |map, place, out| package(map, place, &around, out));
    out.bill.subject = around.roots.iter().find_map(|root| out.places.get(root).copied());
    let (refused, count) = (std::mem::take(&mut out.bill.refused), out.bill.refused_count);
    each(bytes, "@graph", &mut out, |map, _, out| relationship(map, &around, out));
    // Of the third round only limits are news.
    let over = |refused: &super::Refused| refused.place == "@graph" || refused.place == "dependencies";
    let news: Vec<super::Refused> =
        std::mem::replace(&mut out.bill.refused, refused).into_iter().filter(over).collect();
    out.bill.refused_count = count;
    news.into_iter().for_each(|refused| out.bill.refuse(refused.place, refused.trouble));
    out.done()
}

fn id_of(object: &mut Object<'_>) -> String {
    let id = object.name("spdxId");
    if id.is_empty() { object.name("@id") } else { id }
}

fn first(map: &Map<String, Value>, around: &mut Around, out: &mut Building) {
    let mut object = Object::new(map);
    let (sort, id) = (object.name("type"), id_of(&mut object));
    let is_full = around.names.len() + around.vulnerabilities.len() >= SBOM_COMPONENTS_MAX;
    match sort.as_str() {
        "CreationInfo" => {
            let version = object.name("specVersion");
            if !version.is_empty() {
                out.bill.format = format!("SPDX {version}");
            }
            out.bill.made = out.bill.made.max(object.time("created"));
        }
        "SpdxDocument" | "software_Sbom" | "Bom" => {
            if out.bill.serial.is_empty() || sort == "SpdxDocument" {
                out.bill.serial = id;
            }
            around.roots.extend(object.texts("rootElement").into_iter().take(SBOM_LIST_MAX));
        }
        "Person" | "Organization" | "Agent" | "SoftwareAgent" if !is_full => {
            around.names.insert(id, object.name("name"));
        }
        "simplelicensing_LicenseExpression" if !is_full => {
            around.names.insert(id, object.name("simplelicensing_licenseExpression"));
        }
        "security_Vulnerability" if !is_full => {
            let identifiers = object.objects("externalIdentifier").map(|other| Object::new(other).name("identifier"));
            let names = identifiers.chain([object.name("name")]).filter(|name| !name.is_empty());
            around.vulnerabilities.insert(id, names.take(SBOM_LIST_MAX).collect());
        }
        _ => {}
    }
}

fn package(map: &Map<String, Value>, place: &str, around: &Around, out: &mut Building) {
    let mut object = Object::new(map);
    if !PACKAGES.contains(&object.name("type").as_str()) {
        return;
    }
    let name = object.name("name");
    if name.is_empty() {
        return out.bill.refuse(place, Trouble::malformed("a package without a name"));
    }
    let agents = object.texts("suppliedBy").into_iter().chain(object.texts("originatedBy"));
    let supplier = agents.filter_map(|agent| around.names.get(&agent)).find(|name| !name.is_empty()).cloned();
    let hashes = object.objects("verifiedUsing").map(|hash| {
        let mut hash = Object::new(hash);
        (hash.name("algorithm"), hash.name("hashValue").to_ascii_lowercase())
    });
    let mut component = Component {
        reference: id_of(&mut object),
        kind: object.name("software_primaryPurpose"),
        supplier: supplier.unwrap_or_default(),
        name,
        version: object.name("software_packageVersion"),
        hashes: hashes.filter(|(_, digits)| !digits.is_empty()).take(SBOM_LIST_MAX).collect(),
        ..Component::default()
    };
    let mut troubles = vec![component.purl(object.text("software_packageUrl").unwrap_or_default()).err()];
    for identifier in object.objects("externalIdentifier").take(SBOM_LIST_MAX) {
        let mut identifier = Object::new(identifier);
        let text = identifier.text("identifier").unwrap_or_default();
        troubles.push(match identifier.name("externalIdentifierType").as_str() {
            "packageUrl" | "purl" => component.purl(text).err(),
            "cpe22" | "cpe23" => component.cpe(text).err(),
            _ => None,
        });
    }
    troubles.push(object.trouble());
    for trouble in troubles.into_iter().flatten() {
        out.bill.refuse(place, trouble);
    }
    out.component(place, component);
}

fn relationship(map: &Map<String, Value>, around: &Around, out: &mut Building) {
    let mut object = Object::new(map);
    let (sort, from) = (object.name("type"), object.name("from"));
    let state = match sort.as_str() {
        "security_VexAffectedVulnAssessmentRelationship" => Status::Affected,
        "security_VexFixedVulnAssessmentRelationship" => Status::Fixed,
        "security_VexNotAffectedVulnAssessmentRelationship" => Status::NotAffected,
        "security_VexUnderInvestigationVulnAssessmentRelationship" => Status::UnderInvestigation,
        "Relationship" | "LifecycleScopedRelationship" => return plain(&mut object, &from, around, out),
        _ => return,
    };
    let Some((id, aliases)) = around.vulnerabilities.get(&from).and_then(|names| names.split_first()) else { return };
    let words = ["security_justificationType", "security_impactStatement", "security_statusNotes"];
    let words: Vec<String> = words.iter().map(|name| object.prose(name)).filter(|text| !text.is_empty()).collect();
    let affects = object.texts("to").into_iter().take(SBOM_LIST_MAX).map(|to| Affects {
        component: out.places.get(&to).copied(),
        reference: to,
        versions: Vec::new(),
    });
    let vulnerability = Vulnerability {
        id: id.clone(),
        aliases: aliases.to_vec(),
        state: Some(state),
        why: short(&words.join(": ")),
        published: object.time("security_publishedTime"),
        updated: object.time("security_modifiedTime"),
        affects: affects.collect(),
        ..Vulnerability::default()
    };
    out.vulnerability("@graph", vulnerability);
}

fn plain(object: &mut Object<'_>, from: &str, around: &Around, out: &mut Building) {
    let is_for_makers = matches!(object.name("scope").as_str(), "build" | "development" | "test" | "design");
    let others = object.texts("to");
    match object.name("relationshipType").as_str() {
        "dependsOn"
        | "contains"
        | "hasStaticLink"
        | "hasDynamicLink"
        | "hasOptionalDependency"
        | "hasProvidedDependency"
        | "hasPrerequisite"
            if !is_for_makers =>
        {
            others.iter().for_each(|to| out.depends(from, to));
        }
        "hasDeclaredLicense" | "hasConcludedLicense" => {
            let names = others.iter().filter_map(|to| around.names.get(to)).filter(|name| !name.is_empty());
            let component = out.places.get(from).copied().and_then(|place| out.bill.components.get_mut(place));
            if let Some(component) = component {
                for name in names.take(SBOM_LIST_MAX) {
                    if !component.licences.contains(name) && component.licences.len() < SBOM_LIST_MAX {
                        component.licences.push(name.clone());
                    }
                }
            }
        }
        _ => {}
    }
}
