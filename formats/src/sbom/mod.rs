//! Bills of materials: what is in a product, as CycloneDX 1.2 to 1.6 and SPDX 2.2, 2.3 and 3.0 write it in JSON.
//!
//! [`read`] gives a [`Bill`]: components, who supplies them, what depends on what, and what the product's makers say about vulnerabilities in it (VEX).
//! [`Component::software`] is a component for the register, [`Bill::statements`] what was said, for `risk::matching`.
//!
//! Deliberately absent: XML, tag-value and RDF, files and snippets, services and machine learning cards, signatures.

mod cyclonedx;
mod spdx;
mod spdx3;
mod statements;

use std::collections::BTreeMap;

use model::Timestamp;
use model::limits::{
    INTEL_NAME_BYTES_MAX, NOTES_KEPT_MAX, SBOM_BYTES_MAX, SBOM_COMPONENTS_MAX, SBOM_DEPENDENCIES_MAX, SBOM_LIST_MAX,
    SBOM_VULNERABILITIES_MAX,
};
use model::register::Software;
use model::software::{Cpe, Purl, Status};

use crate::Trouble;
pub use crate::intel::Refused;
use crate::intel::object::cut;
use crate::intel::walk;

/// A bill of materials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// How it is written: `CycloneDX 1.6`, `SPDX 2.3`.
    pub format: String,
    /// Its own name: a serial number, or a namespace. May be empty.
    pub serial: String,
    /// Its revision, where it counts them: `1`.
    pub revision: String,
    /// When it was made.
    pub made: Option<Timestamp>,
    /// What it is about: a place among the components.
    pub subject: Option<usize>,
    /// What is in it.
    pub components: Vec<Component>,
    /// Pairs of places among the components: the first needs or contains the second.
    pub dependencies: Vec<(usize, usize)>,
    /// What is said about vulnerabilities.
    pub vulnerabilities: Vec<Vulnerability>,
    /// What was refused, [`NOTES_KEPT_MAX`] of it at most.
    pub refused: Vec<Refused>,
    /// How much was refused.
    pub refused_count: u64,
}

/// A component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Its name within the document.
    pub reference: String,
    /// `library`, `application`, `operating-system`, ….
    pub kind: String,
    /// Who supplies it; may be empty.
    pub supplier: String,
    /// What stands in front of its name: a group, a scope. May be empty.
    pub group: String,
    /// What it is called.
    pub name: String,
    /// Which version; may be empty.
    pub version: String,
    /// Its package URL, in the canonical form.
    pub purl: Option<String>,
    /// Its names in the dictionary of NIST, version 2.3.
    pub cpes: Vec<String>,
    /// Algorithm and digits.
    pub hashes: Vec<(String, String)>,
    /// Licences: ids, names or expressions.
    pub licences: Vec<String>,
}

/// What is said about one vulnerability.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vulnerability {
    /// Its name.
    pub id: String,
    /// Other names of the same.
    pub aliases: Vec<String>,
    /// What the maker found; `None` where it is only listed.
    pub state: Option<Status>,
    /// Why: justification and words.
    pub why: String,
    /// The beginning of the words about it.
    pub summary: String,
    /// CVSS vectors.
    pub vectors: Vec<String>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When this was last changed.
    pub updated: Option<Timestamp>,
    /// What it is in.
    pub affects: Vec<Affects>,
}

/// A component that a vulnerability is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affects {
    /// Its name within the document, or of another one.
    pub reference: String,
    /// Its place among the components; `None` where it is in another document.
    pub component: Option<usize>,
    /// Versions or `vers:` ranges, each with what is said of it where that is said.
    pub versions: Vec<(String, Option<Status>)>,
}

/// Reads a bill of materials.
///
/// ```
/// let bill = formats::sbom::read(br#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
///     {"type": "library", "name": "core", "group": "@angular", "version": "16.2.0", "purl": "pkg:npm/%40angular/core@16.2.0"}]}"#)?;
/// assert_eq!(bill.components[0].software().product, "@angular/core");
/// # Ok::<(), formats::Trouble>(())
/// ```
///
/// # Errors
/// The document is too large, no JSON, or no bill of materials of a format that is read. What is wrong inside is among
/// [`Bill::refused`].
pub fn read(bytes: &[u8]) -> Result<Bill, Trouble> {
    if bytes.len() > SBOM_BYTES_MAX {
        let length = bytes.len();
        return Err(Trouble::too_large(format!("{length} bytes, at most {SBOM_BYTES_MAX} are read")));
    }
    if walk::shape(bytes)? != walk::Shape::Object {
        return Err(Trouble::malformed("a bill of materials is a JSON object"));
    }
    let word = |name: &str| {
        let value = walk::member(bytes, name)?;
        serde_json::from_slice::<String>(value.get(..INTEL_NAME_BYTES_MAX).unwrap_or(value)).ok()
    };
    if let Some(format) = word("bomFormat") {
        if !format.eq_ignore_ascii_case("CycloneDX") {
            return Err(Trouble::malformed("`bomFormat` is not CycloneDX"));
        }
        return Ok(cyclonedx::read(bytes, &word("specVersion").unwrap_or_default()));
    }
    if let Some(version) = word("spdxVersion") {
        return if version.starts_with("SPDX-2.") {
            Ok(spdx::read(bytes, &version))
        } else {
            Err(Trouble::malformed("`spdxVersion` is not SPDX-2.2 or SPDX-2.3"))
        };
    }
    if walk::open(bytes, "@graph").is_some() {
        return Ok(spdx3::read(bytes));
    }
    Err(Trouble::malformed("neither `bomFormat` nor `spdxVersion` nor `@graph`: no bill of materials"))
}

impl Component {
    /// It as software of the register.
    pub fn software(&self) -> Software {
        let is_maven = self.purl.as_deref().is_some_and(|purl| purl.starts_with("pkg:maven/"));
        let product = match (self.group.is_empty(), is_maven) {
            (true, _) => self.name.clone(),
            (false, true) => format!("{}:{}", self.group, self.name),
            (false, false) => format!("{}/{}", self.group, self.name),
        };
        Software {
            vendor: self.supplier.clone(),
            product,
            version: self.version.clone(),
            cpe: self.cpes.first().cloned(),
            purl: self.purl.clone(),
        }
    }

    /// A package URL, where the text is one; else it is refused, and that is all.
    fn purl(&mut self, text: &str) -> Result<(), Trouble> {
        if text.is_empty() || self.purl.is_some() {
            return Ok(());
        }
        let read = Purl::parse(text).map_err(|error| Trouble::part_lost(error.to_string()))?;
        self.purl = Some(read.to_string());
        Ok(())
    }

    fn cpe(&mut self, text: &str) -> Result<(), Trouble> {
        if text.is_empty() || self.cpes.len() >= SBOM_LIST_MAX {
            return Ok(());
        }
        let read = Cpe::parse(text).map_err(|error| Trouble::part_lost(error.to_string()))?.to_string();
        if !self.cpes.contains(&read) {
            self.cpes.push(read);
        }
        Ok(())
    }
}

impl Bill {
    /// What its subject is called, for [`model::software::Advisory::only_in`]: its package URL, its name and version, or the document's own name.
    pub fn name(&self) -> String {
        let subject = self.subject.and_then(|place| self.components.get(place));
        match subject {
            Some(Component { purl: Some(purl), .. }) => purl.clone(),
            Some(subject) if subject.version.is_empty() => subject.name.clone(),
            Some(subject) => format!("{} {}", subject.name, subject.version),
            None => self.serial.clone(),
        }
    }

    fn refuse(&mut self, place: impl Into<String>, trouble: Trouble) {
        self.refused_count += 1;
        if self.refused.len() < NOTES_KEPT_MAX {
            self.refused.push(Refused { place: place.into(), trouble });
        }
    }
}

/// A bill while it is read.
#[derive(Default)]
struct Building {
    bill: Bill,
    places: BTreeMap<String, usize>,
}

impl Building {
    /// Takes a component; `None` where no more are taken.
    fn component(&mut self, place: &str, component: Component) -> Option<usize> {
        if self.bill.components.len() >= SBOM_COMPONENTS_MAX {
            let detail = format!("more than {SBOM_COMPONENTS_MAX} components");
            self.bill.refuse(place, Trouble::too_large(detail));
            return None;
        }
        let number = self.bill.components.len();
        if !component.reference.is_empty() && self.places.insert(component.reference.clone(), number).is_some() {
            self.bill.refuse(place, Trouble::part_lost("its reference is there twice; the later one counts"));
        }
        self.bill.components.push(component);
        Some(number)
    }

    fn depends(&mut self, from: &str, to: &str) {
        if let (Some(from), Some(to)) = (self.places.get(from), self.places.get(to))
            && from != to
        {
            let pair = (*from, *to);
            self.pair(pair);
        }
    }

    fn pair(&mut self, pair: (usize, usize)) {
        match self.bill.dependencies.len() {
            SBOM_DEPENDENCIES_MAX => {
                let detail = format!("more than {SBOM_DEPENDENCIES_MAX} dependencies");
                self.bill.refuse("dependencies", Trouble::too_large(detail));
            }
            _ => self.bill.dependencies.push(pair),
        }
    }

    fn vulnerability(&mut self, place: &str, vulnerability: Vulnerability) {
        if self.bill.vulnerabilities.len() >= SBOM_VULNERABILITIES_MAX {
            let detail = format!("more than {SBOM_VULNERABILITIES_MAX} vulnerabilities");
            return self.bill.refuse(place, Trouble::too_large(detail));
        }
        self.bill.vulnerabilities.push(vulnerability);
    }

    /// The bill, each dependency once.
    fn done(mut self) -> Bill {
        self.bill.dependencies.sort_unstable();
        self.bill.dependencies.dedup();
        self.bill
    }
}

/// Each member of a list of the document that is an object, with its place; what cannot be read is refused.
fn each(
    bytes: &[u8],
    list: &str,
    out: &mut Building,
    mut take: impl FnMut(&serde_json::Map<String, serde_json::Value>, &str, &mut Building),
) {
    let Some(members) = walk::open(bytes, list) else { return };
    if !members.starts_with(b"[") {
        return out.bill.refuse(list, Trouble::malformed("a list should stand here"));
    }
    for (number, member) in (1u64..).zip(walk::inner(members)) {
        let place = format!("{list} {number}");
        match member.and_then(|(_, bytes)| walk::parsed(bytes)) {
            Ok(serde_json::Value::Object(map)) => take(&map, &place, out),
            Ok(_) => out.bill.refuse(place, Trouble::malformed("an object should stand here")),
            Err(trouble) => out.bill.refuse(place, trouble),
        }
    }
}

/// A name, shortened.
fn short(text: &str) -> String {
    cut(text.trim(), INTEL_NAME_BYTES_MAX).to_owned()
}

#[cfg(test)]
mod tests;
