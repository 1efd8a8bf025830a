//! Scanners of packages: Trivy, Grype, osv-scanner, and bills of materials with vulnerabilities in them.

use model::Timestamp;
use model::register::Software;
use serde_json::{Map, Value};

use super::json::{each, each_raw, inside, list, number, program, small, word};
use super::{Place, Read, Reported, Scanner, level, place, tenths};
use crate::Trouble;
use crate::intel::object::{Object, moment};
use crate::sbom;

/// What holds for a whole report.
struct Whole {
    scanner: Scanner,
    when: Option<Timestamp>,
    host: Option<Place>,
}

impl Whole {
    fn begun(&self) -> Reported {
        Reported { scanner: self.scanner.clone(), when: self.when, host: self.host.clone(), ..Reported::default() }
    }
}

/// Gives a finding to the report; one without a name says nothing.
fn done(out: &mut Read, at: &str, found: Reported) {
    match found.vulnerabilities.is_empty() {
        true => out.refuse(at, Trouble::malformed("a vulnerability without a name")),
        false => out.report(found),
    }
}

/// Trivy: `Results`, each with `Vulnerabilities`.
pub(super) fn trivy(bytes: &[u8], out: &mut Read) {
    let version = small(bytes, "Trivy").get("Version").and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = word(bytes, "ArtifactName");
    let whole = Whole {
        scanner: Scanner { name: "Trivy".to_owned(), version },
        when: moment(&word(bytes, "CreatedAt")),
        host: place(&name),
    };
    let Some(results) = list(bytes, "Results", "document", out) else { return };
    each_raw(results, "result", out, |result, at, out| {
        let Some(found) = list(result, "Vulnerabilities", at, out) else { return };
        each(found, &format!("{at}, vulnerability"), out, |map, at, out| {
            let mut object = Object::new(map);
            let mut found = whole.begun();
            found.vulnerabilities.push(object.name("VulnerabilityID"));
            found.vulnerabilities.extend(object.texts("VendorIDs"));
            found.vulnerabilities.retain(|id| !id.is_empty());
            found.title = object.name("Title");
            found.severity = object.text("Severity").and_then(level);
            found.fixed_in = listed(&object.name("FixedVersion"));
            let empty = Map::new();
            let purl = Object::new(inside(&mut object, "PkgIdentifier", &empty)).name("PURL");
            found.software = program((object.name("PkgName"), object.name("InstalledVersion")), &purl, None);
            for scores in object.object("CVSS").into_iter().flat_map(Map::values).filter_map(Value::as_object) {
                let mut scores = (scores, Object::new(scores));
                for version in ["V40", "V3", "V2"] {
                    found.vectors.extend(scores.1.text(&format!("{version}Vector")).map(str::to_owned));
                    found.score_tenths = found.score_tenths.max(tenths(&number(scores.0, &format!("{version}Score"))));
                }
            }
            lose(object, at, out);
            done(out, at, found);
        });
    });
}

/// `1.2.3, 2.0.1`.
fn listed(text: &str) -> Vec<String> {
    text.split(',').map(|version| version.trim().to_owned()).filter(|version| !version.is_empty()).collect()
}

/// Says which properties were of a wrong type.
fn lose(object: Object<'_>, at: &str, out: &mut Read) {
    if let Some(trouble) = object.trouble() {
        out.refuse(at, trouble);
    }
}

/// Grype: `matches`.
pub(super) fn grype(bytes: &[u8], out: &mut Read) {
    let (about, source) = (small(bytes, "descriptor"), small(bytes, "source"));
    let mut about = Object::new(&about);
    // An image is an object, a folder is a text.
    let host = match source.get("target") {
        Some(Value::Object(target)) => Object::new(target).name("userInput"),
        Some(Value::String(target)) => target.clone(),
        _ => String::new(),
    };
    let whole = Whole {
        scanner: Scanner { name: "Grype".to_owned(), version: about.name("version") },
        when: about.time("timestamp"),
        host: place(&host),
    };
    let Some(matches) = list(bytes, "matches", "document", out) else { return };
    each(matches, "match", out, |map, at, out| {
        let (empty, mut object) = (Map::new(), Object::new(map));
        let mut told = Object::new(inside(&mut object, "vulnerability", &empty));
        let mut found = whole.begun();
        found.vulnerabilities.push(told.name("id"));
        found.severity = told.text("severity").and_then(level);
        found.title = told.name("description");
        found.fixed_in = Object::new(inside(&mut told, "fix", &empty)).texts("versions");
        cvss(&mut told, &mut found);
        for other in object.objects("relatedVulnerabilities") {
            let mut other = Object::new(other);
            found.vulnerabilities.push(other.name("id"));
            cvss(&mut other, &mut found);
        }
        found.vulnerabilities.retain(|id| !id.is_empty());
        let mut artifact = Object::new(inside(&mut object, "artifact", &empty));
        let (named, purl, cpes) =
            ((artifact.name("name"), artifact.name("version")), artifact.name("purl"), artifact.texts("cpes"));
        found.software = program(named, &purl, cpes.first().map(String::as_str));
        for object in [object, told, artifact] {
            lose(object, at, out);
        }
        done(out, at, found);
    });
}

fn cvss(told: &mut Object<'_>, found: &mut Reported) {
    for scores in told.objects("cvss") {
        let mut scores = Object::new(scores);
        found.vectors.extend(scores.text("vector").map(str::to_owned));
        let score = scores.object("metrics").map(|metrics| number(metrics, "baseScore")).unwrap_or_default();
        found.score_tenths = found.score_tenths.max(tenths(&score));
    }
}

/// osv-scanner: `results`, each with `packages`, each with vulnerabilities in groups of the same.
pub(super) fn osv_scanner(bytes: &[u8], out: &mut Read) {
    let Some(results) = list(bytes, "results", "document", out) else { return };
    each_raw(results, "result", out, |result, at, out| {
        let source = small(result, "source");
        let whole = Whole {
            scanner: Scanner { name: "osv-scanner".to_owned(), version: String::new() },
            when: None,
            host: place(&Object::new(&source).name("path")),
        };
        let Some(packages) = list(result, "packages", at, out) else { return };
        each(packages, &format!("{at}, package"), out, |map, at, out| {
            let (empty, mut object) = (Map::new(), Object::new(map));
            let mut package = Object::new(inside(&mut object, "package", &empty));
            let (name, version, ecosystem) = (package.name("name"), package.name("version"), package.name("ecosystem"));
            let purl = purl_of(&ecosystem, &name, &version).unwrap_or_default();
            let software = program((name.clone(), version), &purl, None);
            let groups: Vec<&Map<String, Value>> = object.objects("groups").collect();
            for told in object.objects("vulnerabilities") {
                let found = Reported { software: software.clone(), ..whole.begun() };
                done(out, at, one_of_osv(told, &name, &groups, found));
            }
            lose(object, at, out);
        });
    });
}

fn one_of_osv(
    told: &Map<String, Value>,
    package: &str,
    groups: &[&Map<String, Value>],
    mut found: Reported,
) -> Reported {
    let mut object = Object::new(told);
    let id = object.name("id");
    found.vulnerabilities = object.texts("aliases");
    found.vulnerabilities.push(id.clone());
    found.vulnerabilities.retain(|id| !id.is_empty());
    found.title = object.name("summary");
    let word = object.object("database_specific").and_then(|own| own.get("severity")).and_then(Value::as_str);
    found.severity = word.and_then(level);
    found.vectors =
        object.objects("severity").filter_map(|one| Object::new(one).text("score").map(str::to_owned)).collect();
    for affected in object.objects("affected") {
        let mut affected = Object::new(affected);
        let is_it = affected.object("package").is_none_or(|named| Object::new(named).name("name") == package);
        for range in affected.objects("ranges").filter(|_| is_it) {
            let mut range = Object::new(range);
            // A commit is no version that anybody could compare.
            if range.text("type") != Some("GIT") {
                found.fixed_in.extend(
                    range.objects("events").filter_map(|event| Object::new(event).text("fixed").map(str::to_owned)),
                );
            }
        }
    }
    let own = groups.iter().find(|group| Object::new(group).texts("ids").contains(&id));
    found.score_tenths = own.and_then(|group| tenths(&number(group, "max_severity")));
    found
}

/// The package URL of a package in one of OSV's ecosystems whose URLs need nothing more.
fn purl_of(ecosystem: &str, name: &str, version: &str) -> Option<String> {
    let kind = match ecosystem.split(':').next().unwrap_or_default() {
        "npm" => "npm",
        "PyPI" => "pypi",
        "crates.io" => "cargo",
        "Go" => "golang",
        "RubyGems" => "gem",
        "NuGet" => "nuget",
        "Packagist" => "composer",
        "Maven" => return name.split_once(':').map(|(group, name)| format!("pkg:maven/{group}/{name}@{version}")),
        _ => return None,
    };
    let name = name.replacen('@', "%40", usize::from(name.starts_with('@')));
    Some(if version.is_empty() { format!("pkg:{kind}/{name}") } else { format!("pkg:{kind}/{name}@{version}") })
}

/// A bill of materials: vulnerabilities in its components, except those that its maker says are none.
pub(super) fn cyclonedx(bytes: &[u8], out: &mut Read) {
    let bill = match sbom::read(bytes) {
        Ok(bill) => bill,
        Err(trouble) => return out.refuse("document", trouble),
    };
    out.refused_count += bill.refused_count;
    out.refused.extend(bill.refused.iter().cloned());
    let subject = bill.subject.and_then(|place| bill.components.get(place)).map(sbom::Component::software);
    let host = subject.as_ref().and_then(|subject| place(&subject.product));
    for told in &bill.vulnerabilities {
        use model::software::Status;
        if matches!(told.state, Some(Status::NotAffected | Status::Fixed)) {
            out.left_out += 1;
            continue;
        }
        let parts: Vec<Option<Software>> = match told.affects.is_empty() {
            true => vec![None],
            false => told
                .affects
                .iter()
                .map(|one| bill.components.get(one.component?).map(sbom::Component::software))
                .collect(),
        };
        for software in parts {
            let ids = std::iter::once(&told.id).chain(&told.aliases).filter(|id| !id.is_empty());
            let found = Reported {
                host: host.clone(),
                vulnerabilities: ids.cloned().collect(),
                software,
                vectors: told.vectors.clone(),
                title: told.summary.clone(),
                scanner: Scanner { name: bill.format.clone(), version: String::new() },
                when: told.updated.or(bill.made),
                ..Reported::default()
            };
            done(out, "vulnerability", found);
        }
    }
}
