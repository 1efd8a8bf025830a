use super::*;
use crate::intel::testing::notes;
use crate::intel::{Item, Named, Refused};
use model::Tlp;
use proptest::prelude::*;
use serde_json::json;

type Found = Vec<Result<Item, Refused>>;

fn all(text: &str) -> (Tally, Found) {
    let mut found = Vec::new();
    let tally = read(text.as_bytes(), &mut |item| found.push(item));
    (tally, found)
}

fn claims(found: &Found) -> Vec<&Claimed> {
    found.iter().filter_map(|item| if let Ok(Item::Claimed(claimed)) = item { Some(claimed) } else { None }).collect()
}

fn event() -> Value {
    json!({"Event": {
        "uuid": "5a1d0c2e-0000-4000-8000-000000000001", "info": "Emotet wave", "date": "2026-01-02", "threat_level_id": "1",
        "timestamp": "1767315845", "published": true, "distribution": "3",
        "Tag": [{"name": "tlp:green"}, {"name": "admiralty-scale:source-reliability=\"b\""}],
        "Galaxy": [{"type": "mitre-attack-pattern", "GalaxyCluster": [{"tag_name": "misp-galaxy:mitre-attack-pattern=\"PowerShell - T1059.001\""}]}],
        "Attribute": [
            {"uuid": "a1", "type": "domain|ip", "value": "a.example|192.0.2.7", "to_ids": true, "category": "Network activity",
                "first_seen": "2026-01-01T00:00:00.000000+00:00", "comment": "C2", "Tag": [{"name": "tlp:amber"}],
                "Sighting": [{"uuid": "s1", "type": "1", "date_sighting": "1767315845", "Organisation": {"name": "X"}}]},
            {"uuid": "a2", "type": "sha256", "value": "00ff", "to_ids": "0"},
            {"uuid": "a3", "type": "url", "value": "http://a.example/", "to_ids": true, "deleted": true},
            {"uuid": "a4", "type": "vulnerability", "value": "CVE-2024-1", "to_ids": false},
            {"uuid": "a5", "type": "ip-dst", "value": "192.0.2.8", "to_ids": true, "distribution": "4", "sharing_group_id": "7"}
        ],
        "Object": [{"uuid": "o1", "name": "file", "Attribute": [
                {"uuid": "a6", "type": "filename|md5", "value": "x.exe|00ff", "to_ids": true, "object_relation": "x"}],
            "ObjectReference": [{"uuid": "r1", "referenced_uuid": "a1", "relationship_type": "connects-to"}]}]
    }})
}

#[test]
fn an_event() {
    let (tally, found) = all(&event().to_string());
    assert_eq!(notes(&found), Vec::<String>::new());
    // The event, six attributes; domain and address, file name and hash; a sighting and a relation.
    assert_eq!((tally.records, tally.items), (7, 11));
    let claims = claims(&found);
    let (domain, address) = (claims[0], claims[1]);
    assert_eq!(address.what, What::Value { kind: Some(model::IndicatorKind::Ipv4), value: "192.0.2.7".into() });
    assert_eq!(
        (domain.id.as_deref(), domain.label.as_str(), domain.standing),
        (Some("a1"), "Emotet wave", Standing::Current)
    );
    assert_eq!((domain.level, domain.description.as_str()), (Some(Level::High), "C2"));
    assert_eq!(domain.marking.map(|marking| marking.tlp), Some(Tlp::Amber), "the stricter of event and attribute");
    assert_eq!(
        (domain.grade.map(|grade| grade.to_string()).as_deref(), domain.techniques.as_slice()),
        (Some("B6"), &["T1059.001".to_owned()][..])
    );
    let standings: Vec<_> = claims.iter().map(|claim| claim.standing).collect();
    use Standing::{Context, Current, Withdrawn};
    assert_eq!(standings, [Current, Current, Context, Withdrawn, Current, Current, Current]);
    assert_eq!(claims[4].unknown_markings, ["misp: sharing group 7"]);
    let sighting = found.iter().find_map(|item| match item {
        Ok(Item::Known(known)) => {
            if let Known::Sighting(sighting) = &**known {
                Some(sighting)
            } else {
                None
            }
        }
        _ => None,
    });
    assert_eq!(
        sighting.map(|sighting| (sighting.of.as_str(), sighting.nature)),
        Some(("a1", SightingNature::FalsePositive))
    );
}

#[test]
fn answers_of_searches() {
    let check = |text: String, items: u64, refused: u64| {
        let (tally, found) = all(&text);
        assert_eq!((tally.items, tally.refused), (items, refused), "{text}: {:?}", notes(&found));
    };
    let attribute = json!({"type": "domain", "value": "a.example", "to_ids": true, "uuid": "x",
        "Event": {"info": "From the answer", "uuid": "e"}, "Tag": [{"name": "misp-galaxy:threat-actor=\"Sofacy\""}]});
    let (_, found) = all(&json!({"response": {"Attribute": [attribute]}}).to_string());
    assert_eq!(claims(&found)[0].label, "From the answer");
    assert_eq!(claims(&found)[0].names, [Named { kind: EntityKind::Actor, name: "Sofacy".into() }]);
    check(json!({"response": {"Attribute": [attribute, attribute]}}).to_string(), 2, 0);
    check(json!({"response": [event(), event()]}).to_string(), 22, 0);
    check(json!([event()]).to_string(), 11, 0);
    check(json!({"response": []}).to_string(), 0, 0);
    check(json!({"Attribute": [attribute]}).to_string(), 1, 0);
    check(attribute.to_string(), 1, 0);
    check(event()["Event"].to_string(), 11, 0);
    check("{\"a\":1}".to_owned(), 0, 1);
    check("[[[[[1]]]]]".to_owned(), 0, 1);
}

#[test]
fn what_is_broken_costs_itself() {
    let text = r#"{"Event":{"info":"x","uuid":"e","Attribute":[{"type":"domain"},7,{"type":"md5","value":"00","to_ids":"maybe","uuid":"y"},
        {"value":"x"},{"type":"ip-dst|port","value":"192.0.2.7|x"},{"type":"domain","value":"a.example"},{"type":"do"#;
    let (tally, found) = all(text);
    assert_eq!(
        notes(&found),
        [
            "event e: the document ends inside a record",
            "event e, attribute 1: an attribute of type domain without a value",
            "event e, attribute 2: no JSON object",
            "event e, attribute 3: left out: to_ids should be true or false",
            "event e, attribute 4: an attribute without `type`",
            "event e, attribute 5: the port should be 0 to 65535",
            "event e, attribute 7: the document ends inside a record",
        ]
    );
    assert_eq!((tally.records, tally.items), (8, 3));
}

proptest! {
    #[test]
    fn never_panics(text in "[{}\\[\\]\":,a-z0-9 ]{0,80}") {
        let _ = all(&text);
    }

    #[test]
    fn never_panics_on_changed_events(at in any::<prop::sample::Index>(), put in "[{}\\[\\]\":,0a|]{0,3}", gone in 0usize..4) {
        let mut text = event().to_string();
        let at = at.index(text.len());
        text.replace_range(at..(at + gone).min(text.len()), &put);
        let (tally, found) = all(&text);
        prop_assert_eq!(tally.items + tally.refused, found.len() as u64);
    }
}
