//! OASIS' validator reads the bundle, with all that STIX only recommends but one: ids are UUIDv5, so that they stay. Its pattern library every pattern; `misp-stix` makes a MISP event of it.

use std::collections::BTreeSet;

use formats::release::stix::Observables;
use formats::release::{Form, Released};
use model::IndicatorKind::{Cidr, Domain, Email, FileHash, IpPort, Ipv4, Ipv6, Url, UrlPath};

use super::{file, list, run};

const VALIDATE: &str = r#"
import sys
from stix2validator import ValidationOptions, validate_file
options = ValidationOptions(version="2.1", strict=True, disabled="103")
results = validate_file(sys.argv[1], options)
passed = failed = 0
for result in results.object_results if not isinstance(results.object_results, property) else [results]:
    if result.is_valid:
        passed += 1
    else:
        failed += 1
        if failed < 20:
            print(result.object_id, [str(error) for error in result.errors])
if not results.is_valid and not failed:
    failed = 1
    print(results.errors)
print(f"oracle: {passed} passed, {failed} failed")
sys.exit(failed > 0)
"#;

const PARSE: &str = r#"
import json, sys
import stix2
bundle = stix2.parse(open(sys.argv[1], encoding="utf-8").read(), allow_custom=False)
given = {o["id"]: o for o in json.load(open(sys.argv[1], encoding="utf-8"))["objects"]}
scos = 0
for o in bundle.objects:
    if o.type in ("ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr", "file"):
        scos += 1
        again = {k: v for k, v in given[o.id].items() if k not in ("id", "spec_version")}
        made = stix2.parse(again, version="2.1")
        assert made.id == o.id, (made.id, o.id)
print(f"oracle: {len(bundle.objects)} passed, 0 failed")
"#;

const CONVERT: &str = r#"
import json, sys
import stix2
from misp_stix_converter import ExternalSTIX2toMISPParser
bundle = stix2.parse(open(sys.argv[1], encoding="utf-8").read(), allow_custom=True)
parser = ExternalSTIX2toMISPParser()
parser.load_stix_bundle(bundle)
parser.parse_stix_bundle(single_event=True)
event = parser.misp_event
values = {a.value for a in event.attributes}
for o in event.objects:
    values |= {str(a.value) for a in o.attributes}
print(json.dumps(sorted(values)))
"#;

#[test]
fn the_validator_and_the_library_read_the_bundle() {
    let Some(python) = testkit::python(&["stix2-validator as stix2validator", "stix2"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    for observables in [Observables::Without, Observables::With] {
        let path = folder.path().join("bundle.json");
        let written = file(&path, &Form::Stix(observables), &list::all(20));
        assert_eq!(written.left_count(), 0);
        let (python, path) = (python.display().to_string(), path.display().to_string());
        let (is_content, said) = run(&python, &["-c", VALIDATE, &path]).unwrap();
        println!("{said}");
        assert!(is_content, "{said:.4000}");
        let (is_content, said) = run(&python, &["-c", PARSE, &path]).unwrap();
        println!("{said}");
        assert!(is_content, "{said:.4000}");
    }
}

#[test]
fn misp_stix_finds_the_values() {
    let Some(python) = testkit::python(&["misp-stix as misp_stix_converter", "stix2"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle.json");
    let list = list::all(10);
    file(&path, &Form::Stix(Observables::Without), &list);
    let (is_content, said) = run(&python.display().to_string(), &["-c", CONVERT, &path.display().to_string()]).unwrap();
    assert!(is_content, "{said:.4000}");
    let last = said.lines().rfind(|line| line.starts_with('[')).unwrap();
    let values: BTreeSet<String> = serde_json::from_str(last).unwrap();
    // Its reader of patterns knows plain equality of one property.
    let is_plain = |released: &&Released| match released.kind {
        Ipv4 | Ipv6 | Domain | FileHash | Email => true,
        Url => released.value.contains("://"),
        Cidr | IpPort | UrlPath => false,
    };
    let missing: Vec<&str> = list
        .iter()
        .filter(is_plain)
        .map(|released| released.value.as_str())
        .filter(|value| !values.contains(*value))
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "{values:?}");
    println!("oracle: {} passed, 0 failed", list.iter().filter(is_plain).count());
}
