use std::collections::BTreeSet;

use serde_json::json;

use super::*;

/// The models of the reference data, by their names in the archive; nothing where there is no data.
fn models() -> Option<Vec<(String, Vec<u8>)>> {
    let packed = std::fs::read(testkit::reference_data()?.join("risk/oscal.tar.zst")).unwrap();
    Some(testkit::untar(&zstd::decode_all(packed.as_slice()).unwrap()))
}

/// Tables of FedRAMP that are no models of OSCAL.
const TABLES: [&str; 3] = ["fedramp_threats.json", "fedramp_values.json", "information-types.json"];

fn is_model(name: &str) -> bool {
    name.ends_with(".json") && !name.contains("/schemas/") && !TABLES.iter().any(|table| name.ends_with(table))
}

#[test]
fn every_model_of_nist_and_fedramp_is_read_and_written_without_loss() {
    let Some(files) = models() else { return };
    let mut read = 0;
    for (name, bytes) in files.iter().filter(|(name, _)| is_model(name)) {
        let document = Document::read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut given: Value = serde_json::from_slice(bytes).unwrap();
        given.as_object_mut().unwrap().remove("$schema");
        assert!(document.to_value() == given, "{name} is not what was read");
        assert_eq!(Document::read(document.to_json().as_bytes()).unwrap(), document, "{name}");
        read += 1;
    }
    assert!(read >= 23, "{read} models");
    for (name, bytes) in files.iter().filter(|(name, _)| TABLES.iter().any(|table| name.ends_with(table))) {
        assert!(matches!(Document::read(bytes), Err(ReadError::NoModel)), "{name}");
    }
}

#[test]
fn texts_that_say_nothing_are_found_where_fedramp_has_them() {
    let Some(files) = models() else { return };
    let mut found = BTreeSet::new();
    for (name, bytes) in files.iter().filter(|(name, _)| is_model(name)) {
        let flaws = check(&Document::read(bytes).unwrap());
        let silent = flaws.into_iter().filter(|flaw| flaw.reason == "a text that says nothing");
        found.extend(silent.map(|flaw| (name.rsplit('/').next().unwrap().to_owned(), flaw.path)));
    }
    let expected = [
        ("FedRAMP-SAP-OSCAL-Template.json", "metadata.roles[14].title"),
        ("FedRAMP-SAR-OSCAL-Template.json", "results[0].risks[1].remediations[0].title"),
    ];
    for (name, path) in expected {
        assert!(found.contains(&(name.to_owned(), path.to_owned())), "{name} {path}: {found:?}");
    }
}

#[test]
fn the_schemas_of_nist_find_two_errors_of_fedramp_and_nothing_else() {
    let Some(files) = models() else { return };
    let mut schemas = Schemas::default();
    for (name, bytes) in files.iter().filter(|(name, _)| name.contains("/schemas/") && name.ends_with(".json")) {
        match schemas.add(bytes) {
            Ok(model) => assert!(name.ends_with(model.schema()), "{name}"),
            Err(error) => assert!(name.contains("complete"), "{name}: {error}"),
        }
    }
    let mut found = Vec::new();
    for (name, bytes) in files.iter().filter(|(name, _)| is_model(name)) {
        // What we write is judged, not what was read.
        let written: Value = serde_json::from_str(&Document::read(bytes).unwrap().to_json()).unwrap();
        let flaws = schemas.judge(&written).unwrap_or_else(|| panic!("no schema for {name}"));
        found.extend(flaws.into_iter().map(|flaw| (name.rsplit('/').next().unwrap().to_owned(), flaw.path)));
    }
    found.sort();
    assert_eq!(
        found,
        [
            ("FedRAMP-SAP-OSCAL-Template.json".to_owned(), "metadata.roles[14].title".to_owned()),
            ("FedRAMP-SAR-OSCAL-Template.json".to_owned(), "results[0].risks[1].remediations[0].title".to_owned()),
        ]
    );
    // A resolved catalog is one of the schema's, too.
    let (_, bytes) = files.iter().find(|(name, _)| name.ends_with("LOW-baseline_profile-min.json")).unwrap();
    let Document::Profile(low) = Document::read(bytes).unwrap() else { panic!("a profile") };
    let (_, bytes) =
        files.iter().find(|(name, _)| name.ends_with("HIGH-baseline-resolved-profile_catalog-min.json")).unwrap();
    let Document::Catalog(high) = Document::read(bytes).unwrap() else { panic!("a catalog") };
    let about =
        Tailored { uuid: "6f6f6f6f-0000-4000-8000-000000000000", now: "2026-11-26T00:00:00Z", profile: "profile.json" };
    let resolved = resolve(&low, &about, &|_| Some(Referred::Catalog(&high))).unwrap();
    assert_eq!(schemas.judge(&Document::Catalog(resolved.catalog).to_value()), Some(Vec::new()));
    assert!(schemas.judge(&serde_json::json!({"x": 1})).is_none());
}

/// Reads files with compliance-trestle, by the names of their models; prints what it says of each.
const READ: &str = r#"
import json, pathlib, sys
from trestle.oscal import assessment_plan, assessment_results, catalog, component, poam, profile, ssp
models = {
    "catalog": catalog.Catalog, "profile": profile.Profile, "system-security-plan": ssp.SystemSecurityPlan,
    "assessment-plan": assessment_plan.AssessmentPlan, "assessment-results": assessment_results.AssessmentResults,
    "plan-of-action-and-milestones": poam.PlanOfActionAndMilestones, "component-definition": component.ComponentDefinition,
}
said = {}
for path in pathlib.Path(sys.argv[1]).glob("*.json"):
    model = next(iter(json.loads(path.read_text())))
    try:
        assert models[model].oscal_read(path) is not None
        said[path.name] = ""
    except Exception as error:
        said[path.name] = str(error)
print(json.dumps(said))
"#;

#[test]
fn compliance_trestle_reads_what_is_written_and_names_the_same_errors() {
    let Some(files) = models() else { return };
    let Some(python) = testkit::python(&["compliance-trestle==5.2.0 as trestle"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut ours = std::collections::BTreeMap::new();
    for (name, bytes) in files.iter().filter(|(name, _)| is_model(name)) {
        let (name, document) = (name.rsplit('/').next().unwrap().to_owned(), Document::read(bytes).unwrap());
        std::fs::write(folder.path().join(&name), document.to_json()).unwrap();
        ours.insert(name, check(&document).into_iter().filter(|flaw| !flaw.is_doubt).collect::<Vec<_>>());
    }
    let output = std::process::Command::new(python).args(["-c", READ]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let said: std::collections::BTreeMap<String, String> = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(said.len(), ours.len());
    for (name, flaws) in ours {
        let theirs = &said[&name];
        assert_eq!(theirs.is_empty(), flaws.is_empty(), "{name}: {theirs} {flaws:?}");
        assert!(flaws.iter().all(|flaw| theirs.contains(&flaw.path)), "{name}: {theirs} {flaws:?}");
    }
}

fn ids(catalog: &Catalog) -> Vec<&str> {
    catalog.all_controls().into_iter().map(|control| control.id.as_str()).collect()
}

#[test]
fn baselines_resolve_to_the_controls_that_nist_resolves_them_to() {
    let Some(files) = models() else { return };
    let read = |name: &str| {
        let (_, bytes) = files.iter().find(|(known, _)| known.ends_with(name)).unwrap_or_else(|| panic!("{name}"));
        Document::read(bytes).unwrap()
    };
    let resolved_by_nist =
        |level: &str| read(&format!("NIST_SP-800-53_rev5_{level}-baseline-resolved-profile_catalog-min.json"));
    let Document::Catalog(high) = resolved_by_nist("HIGH") else { panic!("a catalog") };
    let about =
        Tailored { uuid: "6f6f6f6f-0000-4000-8000-000000000000", now: "2026-11-26T00:00:00Z", profile: "profile.json" };
    for level in ["LOW", "MODERATE"] {
        let Document::Profile(profile) = read(&format!("NIST_SP-800-53_rev5_{level}-baseline_profile-min.json")) else {
            panic!("a profile")
        };
        let Document::Catalog(expected) = resolved_by_nist(level) else { panic!("a catalog") };
        let done = resolve(&profile, &about, &|_| Some(Referred::Catalog(&high))).unwrap();
        assert_eq!(done.notes, []);
        assert_eq!(ids(&done.catalog), ids(&expected), "{level}");
        // Not the ids alone: each control is NIST's, word for word, but for the controls that extend it and links.
        for (ours, theirs) in done.catalog.all_controls().into_iter().zip(expected.all_controls()) {
            assert_eq!((&ours.title, &ours.params), (&theirs.title, &theirs.params), "{level} {}", ours.id);
            assert_eq!(ours.parts, theirs.parts, "{level} {}", ours.id);
        }
        let groups = |catalog: &Catalog| catalog.groups.iter().map(|group| group.id.clone()).collect::<Vec<_>>();
        assert_eq!(groups(&done.catalog), groups(&expected));
        let metadata = &done.catalog.metadata;
        assert_eq!((metadata.last_modified.as_str(), done.catalog.uuid.as_str()), (about.now, about.uuid));
        assert!(metadata.links.iter().any(|link| link.rel.as_deref() == Some("source-profile")));
    }
    // FedRAMP's changes what it chooses; the catalog lacks what is in no baseline of NIST's, which is said.
    let Document::Profile(tailored) = read("FedRAMP_rev5_LI-SaaS-baseline_profile.json") else { panic!("a profile") };
    let done = resolve(&tailored, &about, &|_| Some(Referred::Catalog(&high))).unwrap();
    let controls = done.catalog.all_controls();
    let second = controls.iter().find(|control| control.id == "ac-2").unwrap();
    let text = serde_json::to_string(second).unwrap();
    assert!(text.contains("ac-2_obj_fr") && !text.contains("\"ac-2_smt.b\""), "{text}");
    let first = controls.iter().find(|control| control.id == "ac-1").unwrap();
    let set = first.params.iter().find(|parameter| parameter.id == "ac-01_odp.05").unwrap();
    assert_eq!(set.constraints[0].description.as_deref(), Some("at least every 3 years"));
}

fn control(id: &str, children: Vec<Value>) -> Value {
    let mut control = json!({"id": id, "title": id, "parts": [{"name": "statement", "id": format!("{id}_smt"), "prose": "Do it.",
        "parts": [{"name": "item", "id": format!("{id}_smt.a"), "prose": "First."}]}], "params": [{"id": format!("{id}_prm")}]});
    if !children.is_empty() {
        control["controls"] = children.into();
    }
    control
}

fn metadata() -> Value {
    json!({"title": "Ours", "last-modified": "2026-11-26T00:00:00Z", "version": "1", "oscal-version": "1.2.1"})
}

fn catalog() -> Catalog {
    let groups = json!([
        {"id": "a", "title": "A", "controls": [control("a-1", vec![control("a-1.1", vec![]), control("a-1.2", vec![])]), control("a-2", vec![])]},
        {"id": "b", "title": "B", "controls": [control("b-1", vec![])]},
    ]);
    let Document::Catalog(catalog) =
        Document::of_value(json!({"catalog": {"uuid": "c", "metadata": metadata(), "groups": groups}})).unwrap()
    else {
        panic!("a catalog")
    };
    catalog
}

fn profile(fields: Value) -> Profile {
    let mut all = json!({"uuid": "p", "metadata": metadata(), "imports": [{"href": "catalog.json"}]});
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let Document::Profile(profile) = Document::of_value(json!({"profile": all})).unwrap() else { panic!("a profile") };
    profile
}

const ABOUT: Tailored<'_> = Tailored { uuid: "u", now: "2026-11-26T00:00:00Z", profile: "p.json" };

fn resolved(fields: Value) -> Resolution {
    let (catalog, profile) = (catalog(), profile(fields));
    resolve(&profile, &ABOUT, &|place| (place == "catalog.json").then_some(Referred::Catalog(&catalog))).unwrap()
}

#[test]
fn what_is_chosen() {
    let of = |import: Value| {
        let mut import = import;
        import["href"] = "catalog.json".into();
        let done = resolved(json!({"imports": [import]}));
        (
            done.catalog.all_controls().into_iter().map(|control| control.id.clone()).collect::<Vec<_>>(),
            done.notes.len(),
        )
    };
    for (import, expected, notes) in [
        (json!({}), vec!["a-1", "a-1.1", "a-1.2", "a-2", "b-1"], 0),
        (
            json!({"include-all": {}, "exclude-controls": [{"with-ids": ["a-2"]}]}),
            vec!["a-1", "a-1.1", "a-1.2", "b-1"],
            0,
        ),
        (json!({"include-controls": [{"with-ids": ["b-1", "a-1"]}]}), vec!["a-1", "b-1"], 0),
        (
            json!({"include-controls": [{"with-ids": ["a-1"], "with-child-controls": "yes"}]}),
            vec!["a-1", "a-1.1", "a-1.2"],
            0,
        ),
        (json!({"include-controls": [{"with-ids": ["a-1.2"]}]}), vec!["a-1.2"], 0),
        (json!({"include-controls": [{"matching": [{"pattern": "a-1*"}]}]}), vec!["a-1", "a-1.1", "a-1.2"], 0),
        (json!({"include-controls": [{"matching": [{"pattern": "?-2"}, {"pattern": "x*"}]}]}), vec!["a-2"], 1),
        (json!({"include-controls": [{"with-ids": ["a-9", "a-2"]}]}), vec!["a-2"], 1),
    ] {
        assert_eq!(of(import.clone()), (expected.into_iter().map(str::to_owned).collect(), notes), "{import}");
    }
}

#[test]
fn how_it_is_brought_together() {
    let as_is = resolved(json!({"merge": {"as-is": true}})).catalog;
    assert_eq!(as_is.groups.iter().map(|group| group.title.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    let flat = resolved(json!({"merge": {"flat": {}}})).catalog;
    assert!(flat.groups.is_absent() && flat.controls.len() == 5 && flat.controls[0].controls.is_absent());
    let custom = resolved(json!({"merge": {"custom": {
        "insert-controls": [{"include-controls": [{"with-ids": ["b-1"]}]}],
        "groups": [{"id": "g", "title": "G", "insert-controls": [{"order": "descending", "include-controls": [{"matching": [{"pattern": "a-*"}]}]}]}],
    }}}));
    assert_eq!(custom.catalog.controls[0].id, "b-1");
    let ids: Vec<&str> = custom.catalog.groups[0].controls.iter().map(|control| control.id.as_str()).collect();
    assert_eq!(ids, ["a-2", "a-1.2", "a-1.1", "a-1"]);
    let twice =
        json!([{"href": "catalog.json"}, {"href": "catalog.json", "include-controls": [{"with-ids": ["b-1"]}]}]);
    let of = |combine: Value| resolved(json!({"imports": twice, "merge": {"as-is": true, "combine": combine}})).catalog;
    assert_eq!(of(json!({"method": "use-first"})).all_controls().len(), 5);
    assert_eq!(of(json!({"method": "keep"})).all_controls().len(), 6);
}

#[test]
fn what_is_changed() {
    let done = resolved(json!({"merge": {"as-is": true}, "modify": {
        "set-parameters": [
            {"param-id": "a-1_prm", "values": ["daily"], "props": [{"name": "n", "value": "v"}]},
            {"param-id": "gone", "values": ["x"]},
        ],
        "alters": [
            {"control-id": "a-1", "removes": [{"by-name": "item"}, {"by-id": "gone"}], "adds": [
                {"position": "starting", "by-id": "a-1_smt", "parts": [{"name": "item", "id": "new"}]},
                {"position": "after", "by-id": "a-1_smt", "parts": [{"name": "guidance", "id": "later"}]},
                {"title": "Better", "props": [{"name": "label", "value": "A-1"}]},
                {"by-id": "gone", "props": [{"name": "label", "value": "x"}]},
            ]},
            {"control-id": "gone"},
        ],
    }}));
    let first = done.catalog.all_controls()[0].clone();
    assert_eq!((first.title.as_str(), first.props[0].value.as_str()), ("Better", "A-1"));
    assert_eq!((first.params[0].values[0].as_str(), first.params[0].props[0].name.as_str()), ("daily", "n"));
    let parts: Vec<_> = first.parts.iter().map(|part| part.id.as_deref().unwrap()).collect();
    assert_eq!(parts, ["a-1_smt", "later"]);
    assert_eq!(first.parts[0].parts.iter().map(|part| part.id.as_deref().unwrap()).collect::<Vec<_>>(), ["new"]);
    let notes: Vec<String> = done.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert!(notes.iter().all(|note| note.contains("gone")), "{notes:?}");
}

#[test]
fn imports_that_lead_nowhere_or_in_a_circle() {
    let (catalog, own) = (catalog(), profile(json!({"imports": [{"href": "p.json"}]})));
    let find = |place: &str| match place {
        "p.json" => Some(Referred::Profile(&own)),
        "catalog.json" => Some(Referred::Catalog(&catalog)),
        _ => None,
    };
    assert!(matches!(resolve(&own, &ABOUT, &find), Err(ResolveError::Circle { .. })));
    let lost = profile(json!({"imports": [{"href": "#gone"}]}));
    assert!(matches!(resolve(&lost, &ABOUT, &find), Err(ResolveError::Missing { .. })));
    let by_resource = profile(json!({"imports": [{"href": "#r"}], "back-matter": {"resources": [
        {"uuid": "r", "rlinks": [{"href": "catalog.xml", "media-type": "application/oscal.catalog+xml"},
            {"href": "catalog.json", "media-type": "application/oscal.catalog+json"}]}]}}));
    assert_eq!(sources_of(&by_resource, &by_resource.imports[0]), ["catalog.json", "catalog.xml"]);
    assert_eq!(resolve(&by_resource, &ABOUT, &find).unwrap().catalog.all_controls().len(), 5);
}

#[test]
fn faults_have_their_place() {
    for (text, expected) in [
        ("{", "no JSON"),
        ("[]", "no model of OSCAL"),
        (r#"{"model":{}}"#, "no model of OSCAL"),
        (r#"{"catalog":{"uuid":"u"}}"#, "catalog: at .: missing field `metadata`"),
        (r#"{"catalog":{"uuid":"u","metadata":{"title":5}}}"#, "catalog: at metadata"),
        (r#"{"profile":5}"#, "profile: at .: "),
    ] {
        let error = Document::read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let large = vec![b' '; limits::OSCAL_BYTES_MAX + 1];
    assert!(matches!(Document::read(&large), Err(ReadError::TooLarge { .. })));
}

#[test]
fn references_and_chains_are_checked() {
    let plan = |fields: Value| {
        let mut all = json!({"uuid": "00000000-0000-4000-8000-000000000000", "metadata": metadata(), "poam-items": []});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let flaws = check(&Document::of_value(json!({"plan-of-action-and-milestones": all})).unwrap());
        flaws.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let (one, other) = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002");
    let risk = |uuid: &str, status: &str| json!({"uuid": uuid, "title": "t", "description": "d", "statement": "s", "status": status});
    let item = |risk: &str| json!({"title": "t", "description": "d", "related-risks": [{"risk-uuid": risk}]});
    assert_eq!(plan(json!({"risks": [risk(one, "open")], "poam-items": [item(one)]})), Vec::<String>::new());
    assert_eq!(plan(json!({"risks": [risk(one, "closed")]})), Vec::<String>::new());
    assert_eq!(
        plan(json!({"risks": [risk(one, "open")]})),
        ["risks[0]: a risk that is open, and no item that deals with it"]
    );
    let lost = plan(json!({"poam-items": [item(other)]}));
    assert_eq!(lost, [format!("poam-items[0].related-risks[0].risk-uuid: there is nothing with the id {other}")]);
    let twice = plan(json!({"risks": [risk(one, "closed"), risk(one, "closed")]}));
    assert_eq!(twice, [format!("risks[1].uuid: the id {one} is that of risks[0].uuid, too")]);
    let mut silent = risk(one, "closed");
    silent["title"] = " ".into();
    assert_eq!(plan(json!({"risks": [silent]})), ["risks[0].title: a text that says nothing"]);
}
