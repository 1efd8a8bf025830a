//! SPDX 2.2 and 2.3, JSON (ISO/IEC 5962 and its successor).

use model::limits::SBOM_LIST_MAX;
use serde_json::{Map, Value};

use super::{Bill, Building, Component, each, short};
use crate::Trouble;
use crate::intel::object::{Object, moment};
use crate::intel::walk;

/// Relationships in which the first needs or contains the second.
const FORWARD: [&str; 6] = ["DEPENDS_ON", "CONTAINS", "DYNAMIC_LINK", "STATIC_LINK", "HAS_PREREQUISITE", "PACKAGE_OF"];

/// Relationships in which the second needs or contains the first. Tools of development and tests are no part of a product.
const BACKWARD: [&str; 6] = [
    "DEPENDENCY_OF",
    "RUNTIME_DEPENDENCY_OF",
    "OPTIONAL_DEPENDENCY_OF",
    "PROVIDED_DEPENDENCY_OF",
    "CONTAINED_BY",
    "PREREQUISITE_FOR",
];

pub(super) fn read(bytes: &[u8], version: &str) -> Bill {
    let mut out = Building::default();
    out.bill.format = short(&version.replacen('-', " ", 1));
    let text = |name: &str| walk::member(bytes, name).and_then(|value| serde_json::from_slice::<String>(value).ok());
    out.bill.serial = text("documentNamespace").map(|serial| short(&serial)).unwrap_or_default();
    let made = walk::member(bytes, "creationInfo").and_then(|info| walk::parsed(info).ok());
    out.bill.made = made.and_then(|info| moment(info.get("created")?.as_str()?));
    each(bytes, "packages", &mut out, package);
    let own = text("SPDXID").unwrap_or_else(|| "SPDXRef-DOCUMENT".to_owned());
    let described = walk::member(bytes, "documentDescribes").and_then(|list| walk::parsed(list).ok());
    let described = described.as_ref().and_then(Value::as_array).and_then(|list| list.first()?.as_str());
    out.bill.subject = described.and_then(|id| out.places.get(id).copied());
    each(bytes, "relationships", &mut out, |map, place, out| relationship(map, place, &own, out));
    out.done()
}

fn package(map: &Map<String, Value>, place: &str, out: &mut Building) {
    let mut object = Object::new(map);
    let name = object.name("name");
    if name.is_empty() {
        return out.bill.refuse(place, Trouble::malformed("a package without a name"));
    }
    let suppliers = [organisation(object.text("supplier")), organisation(object.text("originator"))];
    let licences = [object.name("licenseConcluded"), object.name("licenseDeclared")];
    let said = |text: &String| !matches!(text.as_str(), "" | "NOASSERTION" | "NONE");
    let mut licences: Vec<String> = licences.into_iter().filter(said).collect();
    licences.dedup();
    let mut component = Component {
        reference: object.name("SPDXID"),
        kind: object.name("primaryPackagePurpose").to_ascii_lowercase().replace('_', "-"),
        supplier: suppliers.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        name,
        version: object.name("versionInfo"),
        hashes: checksums(&mut object),
        licences,
        ..Component::default()
    };
    for reference in object.objects("externalRefs").take(SBOM_LIST_MAX) {
        let mut reference = Object::new(reference);
        let locator = reference.text("referenceLocator").unwrap_or_default();
        // Kinds are written as words, or as links that end with them.
        let kind = reference.name("referenceType");
        let read = match kind.rsplit('/').next().unwrap_or_default() {
            "purl" => component.purl(locator),
            "cpe22Type" | "cpe23Type" => component.cpe(locator),
            _ => Ok(()),
        };
        if let Err(trouble) = read {
            out.bill.refuse(place, trouble);
        }
    }
    if let Some(trouble) = object.trouble() {
        out.bill.refuse(place, trouble);
    }
    out.component(place, component);
}

/// `Organization: Name (address)` without what is not its name.
fn organisation(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    let name = text.split_once(':').map_or(text, |(_, name)| name);
    let name = name.rsplit_once('(').map_or(name, |(name, _)| name).trim();
    if matches!(name, "NOASSERTION" | "NONE") { String::new() } else { short(name) }
}

fn checksums(object: &mut Object<'_>) -> Vec<(String, String)> {
    let sums = object.objects("checksums").map(|sum| {
        let mut sum = Object::new(sum);
        (sum.name("algorithm"), sum.name("checksumValue").to_ascii_lowercase())
    });
    sums.filter(|(_, digits)| !digits.is_empty()).take(SBOM_LIST_MAX).collect()
}

fn relationship(map: &Map<String, Value>, place: &str, own: &str, out: &mut Building) {
    let mut object = Object::new(map);
    let (from, to) = (object.name("spdxElementId"), object.name("relatedSpdxElement"));
    let kind = object.name("relationshipType").to_ascii_uppercase();
    match kind.as_str() {
        "DESCRIBES" if from == own && out.bill.subject.is_none() => out.bill.subject = out.places.get(&to).copied(),
        "DESCRIBED_BY" if to == own && out.bill.subject.is_none() => out.bill.subject = out.places.get(&from).copied(),
        kind if FORWARD.contains(&kind) => out.depends(&from, &to),
        kind if BACKWARD.contains(&kind) => out.depends(&to, &from),
        _ => {}
    }
    if let Some(trouble) = object.trouble() {
        out.bill.refuse(place, trouble);
    }
}
