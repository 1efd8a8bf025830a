use super::*;
use crate::intel::check::Severity;
use proptest::prelude::*;
use serde_json::json;

fn core(sort: &str, more: Value) -> Value {
    let mut object = json!({
        "type": sort, "spec_version": "2.1", "id": format!("{sort}--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"),
        "created": "2016-04-06T20:03:48.000Z", "modified": "2016-04-06T20:03:48.000Z",
    });
    extend(&mut object, more);
    object
}

fn observable(sort: &str, more: Value) -> Value {
    let mut object = json!({"type": sort, "id": format!("{sort}--1d5a4c6e-2f3b-5a4d-9c8b-7a6b5c4d3e2f")});
    extend(&mut object, more);
    object
}

/// Puts members in; `null` takes one away.
fn extend(object: &mut Value, more: Value) {
    let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) else { return };
    for (name, value) in more {
        match value {
            Value::Null => drop(object.remove(&name)),
            value => drop(object.insert(name, value)),
        }
    }
}

fn judged(document: &Value) -> Judgement {
    check_stix(document.to_string().as_bytes(), &|pattern| {
        if pattern.starts_with('[') { Ok(()) } else { Err("no pattern".into()) }
    })
}

#[track_caller]
fn check(document: &Value, rules: &[&str]) {
    let judgement = judged(document);
    let musts = judgement.faults.iter().filter(|fault| fault.severity == Severity::Must);
    let mut found: Vec<&str> = musts.map(|fault| fault.rule).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, rules, "{document}: {:#?}", judgement.faults);
}

#[track_caller]
fn recommends(document: &Value, rules: &[&str]) {
    let judgement = judged(document);
    assert!(judgement.is_valid(), "{:#?}", judgement.faults);
    let found: Vec<&str> = judgement.faults.iter().map(|fault| fault.rule).collect();
    assert_eq!(found, rules, "{document}: {:#?}", judgement.faults);
}

fn indicator(more: Value) -> Value {
    let mut object = core(
        "indicator",
        json!({
            "name": "a", "description": "b", "indicator_types": ["malicious-activity"], "pattern": "[url:value = 'x']", "pattern_type": "stix",
            "valid_from": "2016-01-01T00:00:00Z"
        }),
    );
    extend(&mut object, more);
    object
}

#[test]
fn what_all_objects_share() {
    recommends(&indicator(json!({})), &[]);
    check(&indicator(json!({"type": null})), &["required"]);
    check(&indicator(json!({"id": null})), &["required"]);
    check(&indicator(json!({"id": "indicator--1"})), &["id"]);
    check(&indicator(json!({"id": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"})), &["id"]);
    check(&indicator(json!({"spec_version": null})), &["required"]);
    check(&indicator(json!({"spec_version": "3.0"})), &["version"]);
    check(&indicator(json!({"created": null})), &["required"]);
    check(&indicator(json!({"modified": "2016-04-06T20:03:48Z"})), &["timestamp"]);
    check(&indicator(json!({"modified": "2016-04-06T20:03:48.000+00:00"})), &["timestamp"]);
    check(&indicator(json!({"modified": "2015-04-06T20:03:48.000Z"})), &["order"]);
    check(&indicator(json!({"labels": []})), &["empty"]);
    check(&indicator(json!({"labels": "x"})), &["type"]);
    check(&indicator(json!({"confidence": 101})), &["type"]);
    check(&indicator(json!({"revoked": "no"})), &["type"]);
    check(&indicator(json!({"lang": "xx"})), &["type"]);
    check(&indicator(json!({"created_by_ref": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"})), &["reference"]);
    check(&indicator(json!({"Bad": 1})), &["name"]);
    check(&indicator(json!({"x_list": []})), &["empty"]);
    check(&indicator(json!({"severity": "high"})), &["reserved"]);
    check(&indicator(json!({"x_bin": "?"})), &["type"]);
    recommends(&indicator(json!({"x_custom": 1})), &["custom"]);
    check(&core("x-my-thing", json!({})), &[]);
    check(&core("X_my", json!({})), &["id", "name"]);
}

#[test]
fn references_and_markings() {
    let reference = |reference: Value| indicator(json!({"external_references": [reference]}));
    check(&reference(json!({"source_name": "a", "description": "b"})), &[]);
    check(&reference(json!({"source_name": "a"})), &["external-reference"]);
    check(&reference(json!({"description": "b"})), &["required"]);
    check(&reference(json!({"source_name": "cve", "external_id": "CVE-2016-1234"})), &[]);
    check(&reference(json!({"source_name": "cve", "external_id": "CVE-2016-1"})), &["external-reference"]);
    check(&reference(json!({"source_name": "capec", "external_id": "163"})), &["external-reference"]);
    check(&reference(json!({"source_name": "a", "url": "a b"})), &["type"]);
    check(&reference(json!({"source_name": "a", "description": "b", "hashes": {"MD5": "x"}})), &["hash"]);
    recommends(&reference(json!({"source_name": "a", "url": "https://a.example"})), &["extref-hashes"]);
    let granular = |granular: Value| indicator(json!({"granular_markings": [granular]}));
    let green = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
    check(&granular(json!({"marking_ref": green, "selectors": ["indicator_types.[0]"]})), &[]);
    check(&granular(json!({"marking_ref": green, "selectors": ["indicator_types.[1]"]})), &["selector"]);
    check(&granular(json!({"marking_ref": green, "selectors": ["absent"]})), &["selector"]);
    check(&granular(json!({"marking_ref": green, "selectors": ["a b"]})), &["type"]);
    check(&granular(json!({"marking_ref": green})), &["required"]);
    check(&granular(json!({"selectors": ["name"]})), &["marking"]);
    check(&indicator(json!({"object_marking_refs": [indicator(json!({}))["id"]]})), &["reference"]);
    let marking = |more: Value| {
        let mut object = core(
            "marking-definition",
            json!({"modified": null, "definition_type": "statement", "definition": {"statement": "x"}}),
        );
        extend(&mut object, more);
        object
    };
    check(&marking(json!({})), &[]);
    check(&marking(json!({"definition": {}})), &["required"]);
    check(&marking(json!({"definition": null})), &["required"]);
    check(&marking(json!({"modified": "2016-04-06T20:03:48.000Z"})), &["versioning"]);
    check(&marking(json!({"object_marking_refs": [marking(json!({}))["id"]]})), &["marking"]);
    check(&marking(json!({"definition_type": "tlp", "definition": {"tlp": "green"}})), &["marking", "required"]);
    check(
        &marking(
            json!({"id": green, "name": "TLP:GREEN", "created": "2017-01-20T00:00:00.000Z", "definition_type": "tlp", "definition": {"tlp": "green"}}),
        ),
        &[],
    );
}

#[test]
fn domain_objects() {
    check(&indicator(json!({"pattern": "x"})), &["pattern"]);
    check(&indicator(json!({"pattern": "x", "pattern_type": "yara"})), &[]);
    check(&indicator(json!({"pattern_type": null})), &["required"]);
    check(&indicator(json!({"valid_until": "2016-01-01T00:00:00Z"})), &["order"]);
    check(&indicator(json!({"kill_chain_phases": [{"kill_chain_name": "a"}]})), &["required"]);
    recommends(&indicator(json!({"indicator_types": ["Something"]})), &["vocabulary", "vocabulary-format"]);
    check(&core("malware", json!({"is_family": true})), &["dependency"]);
    check(&core("malware", json!({})), &["required"]);
    check(&core("location", json!({"latitude": 1})), &["dependency", "required"]);
    check(&core("location", json!({"latitude": 91, "longitude": 1})), &["type"]);
    check(&core("opinion", json!({"opinion": "maybe", "object_refs": [indicator(json!({}))["id"]]})), &["type"]);
    check(&core("report", json!({"name": "a", "published": "2016-01-01T00:00:00Z", "object_refs": []})), &["empty"]);
    check(
        &core(
            "campaign",
            json!({"name": "a", "first_seen": "2016-01-02T00:00:00Z", "last_seen": "2016-01-01T00:00:00Z"}),
        ),
        &["order"],
    );
    check(&core("malware-analysis", json!({"product": "a"})), &["required"]);
    let id = indicator(json!({}))["id"].clone();
    check(
        &core("relationship", json!({"relationship_type": "uses it", "source_ref": id, "target_ref": id})),
        &["type"],
    );
    check(&core("relationship", json!({"relationship_type": "uses", "source_ref": id})), &["required"]);
    let bundle = "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
    check(&core("sighting", json!({"sighting_of_ref": bundle})), &["reference"]);
    check(&core("sighting", json!({"sighting_of_ref": id, "count": -1})), &["type"]);
    check(
        &core(
            "observed-data",
            json!({"first_observed": "2016-01-01T00:00:00Z", "last_observed": "2016-01-01T00:00:00Z", "number_observed": 0, "object_refs": [id]}),
        ),
        &["reference", "type"],
    );
    check(&core("language-content", json!({"object_ref": id, "contents": {"german": {"name": "x"}}})), &["language"]);
    check(
        &core(
            "extension-definition",
            json!({"name": "a", "schema": "b", "version": "1", "extension_types": ["new-thing"], "created_by_ref": "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}),
        ),
        &["type"],
    );
}

#[test]
fn observables() {
    check(&observable("ipv4-addr", json!({"value": "192.0.2.7"})), &[]);
    check(&observable("ipv4-addr", json!({"value": "192.0.2"})), &["type"]);
    check(
        &observable(
            "ipv4-addr",
            json!({"value": "192.0.2.7", "resolves_to_refs": ["url--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]}),
        ),
        &["reference"],
    );
    check(&observable("mac-addr", json!({"value": "00:00:5E:00:53:01"})), &["type"]);
    check(&observable("file", json!({"size": 1})), &["required"]);
    check(&observable("file", json!({"hashes": {"MD5": "00"}})), &["hash"]);
    check(&observable("file", json!({"name": "a", "magic_number_hex": "0"})), &["type"]);
    check(&observable("file", json!({"name": "a", "extensions": {"pdf-ext": {}}})), &["empty", "required"]);
    check(
        &observable("file", json!({"name": "a", "extensions": {"windows-pebinary-ext": {"imphash": "0"}}})),
        &["required"],
    );
    check(&observable("file", json!({"name": "a", "extensions": {"bad": {"x_y": 1}}})), &["name"]);
    check(&observable("file", json!({"name": "a", "extensions": {"my-ext": {"x": 1}}})), &["name"]);
    recommends(&observable("file", json!({"name": "a", "extensions": {"my-ext": {"x_y": 1}}})), &["custom"]);
    check(&observable("artifact", json!({"url": "https://a.example/"})), &["dependency", "uuid-version"]);
    check(&observable("artifact", json!({"payload_bin": "AAA"})), &["type"]);
    check(&observable("artifact", json!({"payload_bin": "AAAA", "mime_type": "x"})), &["type"]);
    check(&observable("network-traffic", json!({"protocols": ["tcp"]})), &["required"]);
    let address = "ipv4-addr--1d5a4c6e-2f3b-5a4d-9c8b-7a6b5c4d3e2f";
    check(
        &observable("network-traffic", json!({"protocols": ["tcp"], "src_ref": address, "src_port": 70000})),
        &["type"],
    );
    check(
        &observable(
            "network-traffic",
            json!({"protocols": ["tcp"], "src_ref": address, "is_active": true, "end": "2016-01-01T00:00:00Z"}),
        ),
        &["dependency"],
    );
    check(&observable("process", json!({"pid": 1})), &["uuid-version"]);
    check(&observable("user-account", json!({"display_name": "a"})), &["uuid-version"]);
    check(&observable("software", json!({"name": "a", "cpe": "cpe:/a"})), &["type"]);
    check(&observable("windows-registry-key", json!({"key": "hklm\\x"})), &["type"]);
    check(&observable("email-message", json!({"is_multipart": true, "subject": "x", "body": "a"})), &["dependency"]);
    check(&observable("x509-certificate", json!({"serial_number": "1", "validity_not_before": "x"})), &["timestamp"]);
}

#[test]
fn observed_data_of_old() {
    let observed = |objects: Value| {
        core(
            "observed-data",
            json!({
        "first_observed": "2016-01-01T00:00:00Z", "last_observed": "2016-01-01T00:00:00Z", "number_observed": 1, "objects": objects}),
        )
    };
    let traffic = |to: &str| json!({"0": {"type": "ipv4-addr", "value": "192.0.2.7"}, "1": {"type": "network-traffic", "protocols": ["tcp"], "src_ref": to}});
    check(&observed(traffic("0")), &[]);
    check(&observed(traffic("2")), &["reference"]);
    check(&observed(traffic("1")), &["reference"]);
    check(&observed(json!({"0": {"type": "url", "id": "x", "value": "urn:x"}})), &["id"]);
    check(&observed(json!({})), &["empty"]);
    check(&observed(json!({"0": {"value": "x"}})), &["required"]);
}

#[test]
fn documents() {
    let bundle = |more: Value| {
        let mut bundle = json!({"type": "bundle", "id": "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "objects": [indicator(json!({}))]});
        extend(&mut bundle, more);
        bundle
    };
    check(&bundle(json!({})), &[]);
    check(&bundle(json!({"id": null})), &["required"]);
    check(&bundle(json!({"objects": []})), &["empty"]);
    check(&bundle(json!({"objects": 7})), &["type"]);
    check(&bundle(json!({"objects": [7]})), &["json"]);
    check(&bundle(json!({"objects": [bundle(json!({}))]})), &["type"]);
    recommends(&bundle(json!({"objects": [indicator(json!({})), indicator(json!({}))]})), &["duplicate-ids"]);
    check(&json!({"more": false, "objects": [indicator(json!({}))]}), &[]);
    check(&json!([indicator(json!({}))]), &[]);
    for text in ["", "{", "[", "\"x\"", "{\"type\":\"bundle\",\"objects\":["] {
        assert!(!check_stix(text.as_bytes(), &|_| Ok(())).is_valid(), "{text}");
    }
    let old = indicator(json!({"spec_version": null, "pattern_type": null, "labels": ["x"]}));
    check(&bundle(json!({"spec_version": "2.0", "objects": [old]})), &[]);
}

#[test]
fn the_examples_of_the_standard_are_valid() {
    let Some(data) = testkit::reference_data() else { return };
    let packed = std::fs::read(data.join("intel/stix-schemas-and-examples.tar.zst")).unwrap();
    let archive = zstd::decode_all(packed.as_slice()).unwrap();
    let (mut rest, mut examples) = (archive.as_slice(), 0);
    while let Some((header, behind)) = rest.split_at_checked(512).filter(|(header, _)| header[0] != 0) {
        let digits = String::from_utf8_lossy(&header[124..135]);
        let size = usize::from_str_radix(digits.trim_matches(['\0', ' ']), 8).unwrap();
        let name = String::from_utf8_lossy(&header[..100]).trim_end_matches('\0').to_owned();
        if name.contains("/examples/") && name.ends_with(".json") {
            let judgement = check_stix(&behind[..size], &|_| Ok(()));
            assert!(judgement.is_valid(), "{name}: {:#?}", judgement.faults);
            examples += 1;
        }
        rest = &behind[size.div_ceil(512) * 512..];
    }
    assert_eq!(examples, 8);
}

proptest! {
    #[test]
    fn never_panics(at in any::<prop::sample::Index>(), put in "[{}\\[\\]\":,0a.-]{0,3}", gone in 0usize..4) {
        let mut text = json!([indicator(json!({"granular_markings": [{"selectors": ["name.[0]"], "lang": "en"}]})),
            observable("file", json!({"name": "a", "hashes": {"MD5": "0"}, "extensions": {"pdf-ext": {"version": "1"}}}))]).to_string();
        let at = at.index(text.len());
        text.replace_range(at..(at + gone).min(text.len()), &put);
        let _ = check_stix(text.as_bytes(), &|_| Ok(()));
    }
}
