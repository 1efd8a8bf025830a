use super::*;
use crate::intel::testing::notes;
use crate::intel::{Claimed, Entity, EntityKind, Item, Known, Named, Refused, What};
use model::Tlp;
use proptest::prelude::*;
use serde_json::json;

type Found = Vec<Result<Item, Refused>>;

fn all(bytes: &[u8]) -> (Tally, Found) {
    let mut found = Vec::new();
    let tally = read(bytes, &mut |item| found.push(item));
    (tally, found)
}

fn bundle(objects: &[Value]) -> (Tally, Found) {
    let id = "bundle--7c0a6b4c-6a7c-4b8e-9a30-0c2d3a1b2c3d";
    all(json!({"type": "bundle", "id": id, "objects": objects}).to_string().as_bytes())
}

fn claims(found: &Found) -> Vec<&Claimed> {
    found.iter().filter_map(|item| if let Ok(Item::Claimed(claimed)) = item { Some(claimed) } else { None }).collect()
}

fn entities(found: &Found) -> Vec<&Entity> {
    found
        .iter()
        .filter_map(|item| match item {
            Ok(Item::Known(known)) => {
                if let Known::Entity(entity) = &**known {
                    Some(entity)
                } else {
                    None
                }
            }
            _ => None,
        })
        .collect()
}

const INDICATOR: &str = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
const MALWARE: &str = "malware--31b940d4-6f7f-459a-80ea-9c1f17b5891b";

fn indicator() -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": INDICATOR, "name": "Poison Ivy",
        "created": "2016-04-06T20:03:48.000Z", "modified": "2016-04-06T20:03:48.000Z",
        "indicator_types": ["malicious-activity"], "pattern": "[ipv4-addr:value = '192.0.2.7']", "pattern_type": "stix",
        "valid_from": "2016-01-01T00:00:00Z", "valid_until": "2017-01-01T00:00:00Z", "confidence": 80,
        "kill_chain_phases": [{"kill_chain_name": "lockheed", "phase_name": "delivery"}],
        "object_marking_refs": ["marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"],
    })
}

fn with(mut object: Value, changes: Value) -> Value {
    if let (Some(object), Value::Object(changes)) = (object.as_object_mut(), changes) {
        object.extend(changes);
    }
    object
}

#[test]
fn an_indicator() {
    let (tally, found) = bundle(&[
        json!({"type": "relationship", "id": "relationship--1", "relationship_type": "indicates", "source_ref": INDICATOR, "target_ref": MALWARE}),
        indicator(),
        json!({"type": "malware", "id": MALWARE, "name": "Poison Ivy", "is_family": true}),
    ]);
    assert_eq!((tally.records, tally.items, tally.refused), (3, 3, 0), "{:?}", notes(&found));
    let [claim] = claims(&found)[..] else { panic!("{found:?}") };
    assert_eq!(claim.what, What::Pattern { language: "stix".into(), text: "[ipv4-addr:value = '192.0.2.7']".into() });
    assert_eq!((claim.label.as_str(), claim.confidence.map(|sure| sure.percent())), ("Poison Ivy", Some(80)));
    assert_eq!(claim.valid_until.map(|at| at.to_string()).as_deref(), Some("2017-01-01T00:00:00Z"));
    assert_eq!(claim.marking.map(|marking| marking.tlp), Some(Tlp::AmberStrict));
    assert_eq!(
        (claim.phases.as_slice(), claim.id.as_deref()),
        (&["lockheed/delivery".to_owned()][..], Some(INDICATOR))
    );
    assert_eq!(claim.names, [Named { kind: EntityKind::Malware, name: "Poison Ivy".into() }]);
}

#[test]
fn other_languages_and_withdrawn_ones() {
    let check = |changes: Value, language: &str, standing: Standing| {
        let (_, found) = bundle(&[with(indicator(), changes)]);
        let What::Pattern { language: found_language, .. } = &claims(&found)[0].what else { panic!() };
        assert_eq!((found_language.as_str(), claims(&found)[0].standing), (language, standing));
    };
    check(json!({"pattern_type": "sigma"}), "sigma", Standing::Current);
    check(json!({"pattern_type": "YARA", "revoked": true}), "yara", Standing::Withdrawn);
    check(json!({"pattern_type": null}), "stix", Standing::Current);
}

#[test]
fn the_latest_version_counts() {
    let at = |modified: &str, name: &str| with(indicator(), json!({"modified": modified, "name": name}));
    let (tally, found) =
        bundle(&[at("2017-01-01T00:00:00Z", "b"), at("2018-01-01T00:00:00.5Z", "c"), at("2016-06-01T00:00:00Z", "a")]);
    assert_eq!((tally.records, tally.items, tally.superseded), (3, 1, 2));
    assert_eq!(claims(&found)[0].label, "c");
    let (tally, _) = bundle(&[indicator(), indicator()]);
    assert_eq!((tally.items, tally.superseded), (1, 1), "the same version twice is one");
}

#[test]
fn observables_are_context() {
    let check = |object: Value, expected: &[&str]| {
        let (_, found) = bundle(&[object]);
        let one = |claim: &&Claimed| {
            assert_eq!(claim.standing, Standing::Context);
            match &claim.what {
                What::Value { kind, value } => format!("{} {value}", kind.map_or("?", model::IndicatorKind::name)),
                What::Other { sort, value } => format!("other {sort} {value}"),
                What::Pattern { .. } => "pattern".to_owned(),
            }
        };
        assert_eq!(claims(&found).iter().map(one).collect::<Vec<_>>(), expected);
    };
    check(json!({"type": "ipv4-addr", "id": "ipv4-addr--1", "value": "192.0.2.0/24"}), &["? 192.0.2.0/24"]);
    check(json!({"type": "domain-name", "id": "domain-name--1", "value": "a.example"}), &["domain a.example"]);
    check(
        json!({"type": "file", "id": "file--1", "name": "a.exe", "hashes": {"MD5": "00", "SSDEEP": "3:x"}}),
        &["file-hash 00", "other file SSDEEP 3:x", "other file-name a.exe"],
    );
    check(
        json!({"type": "autonomous-system", "id": "autonomous-system--1", "number": 64500}),
        &["other autonomous-system 64500"],
    );
    check(json!({"type": "network-traffic", "id": "network-traffic--1", "protocols": ["tcp"]}), &[]);
    check(
        json!({"type": "observed-data", "id": "observed-data--1", "last_observed": "2016-01-01T00:00:00Z",
            "objects": {"0": {"type": "ipv4-addr", "value": "192.0.2.7"}, "1": {"type": "file", "hashes": {"SHA-256": "aa"}}}}),
        &["? 192.0.2.7", "file-hash aa"],
    );
}

#[test]
fn markings_are_the_strictest_of_all_and_unknown_ones_are_said() {
    let green = json!({"type": "marking-definition", "id": "marking-definition--g", "definition_type": "tlp", "definition": {"tlp": "green"}});
    let granular = json!({
        "object_marking_refs": ["marking-definition--g", "marking-definition--u"],
        "granular_markings": [{"marking_ref": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "selectors": ["name"]}]
    });
    let (_, found) = bundle(&[green, with(indicator(), granular)]);
    let claim = claims(&found)[0];
    assert_eq!(claim.marking.map(|marking| marking.tlp), Some(Tlp::Red), "a part's marking counts for the whole");
    assert_eq!(claim.unknown_markings, ["marking-definition--u"]);
    assert!(notes(&found)[0].contains("marking-definition--u is not known here"), "{:?}", notes(&found));
}

#[test]
fn what_is_broken_costs_itself() {
    let objects = r#"[{"type":"indicator"}, 7, {"id":"x"}, {"type":"indicator","id":"indicator--1"}, {"type":"tool","id":"tool--1","name":7},
        {"type":"tool","id":"tool--2","name":"a","x":[}, {"type":"tool","id":"tool--3","name":"c"}, {"type":"tool","id":"to"#;
    let (tally, found) = all(format!("{{\"objects\":{objects}").as_bytes());
    assert_eq!(
        notes(&found),
        [
            "object 1: `id` is missing",
            "object 2: no JSON object",
            "object 3: `type` is missing",
            "object 4 (indicator--1): an indicator without `pattern`",
            "object 5 (tool--1): left out: name should be a text",
            "object 6: brackets that do not fit",
            "object 8: the document ends inside a record",
        ]
    );
    assert_eq!((tally.items, entities(&found)[1].name.as_str()), (2, "c"));
    let long = with(indicator(), json!({"pattern": "x".repeat(model::limits::INTEL_PATTERN_BYTES_MAX + 1)}));
    assert!(notes(&bundle(&[long]).1)[0].contains("at most"));
    let mut deep = json!(1);
    for _ in 0..62 {
        deep = json!([deep]);
    }
    let (_, found) = bundle(&[with(indicator(), json!({"x": deep})), with(indicator(), json!({"id": "indicator--2"}))]);
    assert_eq!((notes(&found), claims(&found).len()), (vec!["object 1: nested deeper than 64 levels".to_owned()], 1));
}

#[test]
fn shapes() {
    let check = |text: &str, items: u64, refused: u64| {
        let (tally, found) = all(text.as_bytes());
        assert_eq!((tally.items, tally.refused), (items, refused), "{text}: {found:?}");
    };
    check(&indicator().to_string(), 1, 0);
    check(&format!("\u{feff}{}", indicator()), 1, 0);
    check(&format!("[{}]", indicator()), 1, 0);
    check(&format!("{{\"more\":false,\"objects\":[{}]}}", indicator()), 1, 0);
    check("{}", 0, 0);
    check("{\"more\":false}", 0, 0);
    check("{\"type\":\"bundle\",\"id\":\"bundle--1\"}", 0, 0);
    check("{\"a\":1}", 0, 1);
    check("", 0, 1);
    check("<html>", 0, 1);
}

fn unpacked(name: &str) -> Option<Vec<u8>> {
    let packed = std::fs::read(testkit::reference_data()?.join("intel/attack").join(name)).unwrap();
    Some(zstd::decode_all(packed.as_slice()).unwrap())
}

/// Counts of techniques, actors, malware and tools, campaigns, mitigations, relations, and how many have an id of ATT&CK.
fn census(found: &Found) -> [usize; 7] {
    let entities = entities(found);
    let count = |kinds: &[EntityKind]| entities.iter().filter(|entity| kinds.contains(&entity.kind)).count();
    let relations =
        found.iter().filter(|item| matches!(item, Ok(Item::Known(known)) if matches!(**known, Known::Relation(_))));
    [
        count(&[EntityKind::Technique]),
        count(&[EntityKind::Actor]),
        count(&[EntityKind::Malware, EntityKind::Tool]),
        count(&[EntityKind::Campaign]),
        count(&[EntityKind::Mitigation]),
        relations.count(),
        entities.iter().filter(|entity| entity.kind == EntityKind::Technique && entity.attack_id.is_some()).count(),
    ]
}

#[test]
fn the_bundles_of_attack_load_completely() {
    let check = |name: &str, items: u64, expected: [usize; 7]| {
        let Some(bytes) = unpacked(name) else { return };
        let (tally, found) = all(&bytes);
        assert_eq!((tally.records, tally.items, tally.superseded), (items, items, 0));
        assert_eq!(notes(&found), Vec::<String>::new());
        assert_eq!(census(&found), expected);
    };
    check("ics-attack-18.1.json.zst", 1_826, [95, 16, 30, 8, 52, 1_373, 95]);
    check("mobile-attack-17.1.json.zst", 2_148, [188, 15, 119, 3, 15, 1_766, 188]);
}

#[test]
fn the_extract_of_enterprise_attack_loads_completely() {
    let Some(bytes) = unpacked("enterprise-lookup-18.1.tar.zst") else { return };
    let mut census_of_all = [0; 7];
    let mut rest = bytes.as_slice();
    // A tar archive: blocks of 512 bytes, a header with the size in octal digits, then the file.
    while let Some((header, behind)) = rest.split_at_checked(512).filter(|(header, _)| header[0] != 0) {
        let digits = String::from_utf8_lossy(&header[124..135]);
        let size = usize::from_str_radix(digits.trim_matches(['\0', ' ']), 8).unwrap();
        if header[156] == b'0' && size > 0 {
            let (_, found) = all(&behind[..size]);
            assert_eq!(notes(&found), Vec::<String>::new());
            census(&found).iter().zip(&mut census_of_all).for_each(|(count, sum)| *sum += count);
        }
        rest = &behind[size.div_ceil(512) * 512..];
    }
    assert_eq!(census_of_all[0], 835);
    assert_eq!(census_of_all[1] + census_of_all[3], 239);
    assert_eq!(census_of_all[2], 787);
    assert_eq!(census_of_all[5], 20_048);
    assert_eq!(census_of_all[6], 835);
}

proptest! {
    #[test]
    fn never_panics(text in "[{}\\[\\]\":,a-z0-9 ]{0,80}") {
        let (tally, found) = all(text.as_bytes());
        prop_assert_eq!(tally.items + tally.refused, found.len() as u64);
    }

    #[test]
    fn never_panics_on_changed_bundles(at in any::<prop::sample::Index>(), put in "[{}\\[\\]\":,0a]{0,3}", gone in 0usize..4) {
        let mut text = json!({"type": "bundle", "objects": [indicator(), {"type": "file", "id": "file--1", "hashes": {"MD5": "0"}}]}).to_string();
        let at = at.index(text.len());
        text.replace_range(at..(at + gone).min(text.len()), &put);
        let (tally, found) = all(text.as_bytes());
        prop_assert_eq!(tally.items + tally.refused, found.len() as u64);
    }
}
