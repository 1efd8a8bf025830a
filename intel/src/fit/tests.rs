//! Promises about who fits.

use std::io::Read as _;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn actor(id: &str, techniques: &[&str], software: &[&str]) -> Actor {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Actor { id: id.into(), name: format!("name of {id}"), techniques: all(techniques), software: all(software) }
}

fn saw(id: &str) -> Observation {
    Observation { what: Observed::Technique { id: id.into() }, times: 3, last: Timestamp::EPOCH }
}

fn fit(knowledge: &Knowledge, techniques: &[&str]) -> Fit {
    let seen: Vec<Observation> = techniques.iter().map(|id| saw(id)).collect();
    knowledge.fit(&seen, Timestamp::EPOCH)
}

/// Twenty actors that share two techniques, and each has eight of its own.
fn twenty() -> Knowledge {
    Knowledge::new((0..20).map(|n| {
        let mut techniques: Vec<String> = (0..8).map(|k| format!("T1{n:02}{k}")).collect();
        techniques.extend(["T1059".to_owned(), "T1566.001".to_owned()]);
        let names: Vec<&str> = techniques.iter().map(String::as_str).collect();
        actor(&format!("G{n:02}"), &names, &[&format!("tool{n}"), "common"])
    }))
}

#[test]
fn who_is_named_and_when_nobody_is() {
    let knowledge = twenty();
    let check = |techniques: &[&str], expected: &str| {
        assert_eq!(fit(&knowledge, techniques).verdict.to_string(), expected, "{techniques:?}");
    };
    check(&[], "nothing that is known fits what was seen");
    check(&["T1999"], "nothing that is known fits what was seen");
    check(&["T1059", "T1566.001"], "weak evidence: 0 telling observations, 6 are needed to name anybody");
    check(&["T1030", "T1031", "T1032"], "weak evidence: 3 telling observations, 6 are needed to name anybody");
    let six = ["T1030", "T1031", "T1032", "T1033", "T1034", "T1035"];
    assert!(matches!(fit(&knowledge, &six).verdict, Verdict::One { ref actor, .. } if actor == "G03"));
    check(&["T1030", "T1031", "T1032", "T1040", "T1041", "T1042"], "several fit about as well: G03, G04");
    let scattered = ["T1000", "T1010", "T1020", "T1030", "T1040", "T1050", "T1060", "T1070"];
    assert!(fit(&knowledge, &scattered).verdict.to_string().starts_with("weak evidence: the best likeness is"));
}

#[test]
fn each_technique_says_what_it_adds() {
    let found = fit(&twenty(), &["T1030", "T1059", "T1566", "T1777"]);
    let words: Vec<String> = found.ranked[0].because.iter().map(ToString::to_string).collect();
    assert_eq!(found.ranked[0].actor, "G03");
    assert!(words[0].starts_with("known for T1030, seen 3 times; so are 1 of 20: adds 0."), "{words:?}");
    assert!(words.iter().any(|word| word.starts_with("known for T1059, seen 3 times; so are 20 of 20")), "{words:?}");
    assert!(words.iter().any(|word| word.starts_with("known for T1566.001, which is close to T1566")), "{words:?}");
    assert!(words.contains(&"not known for 1 of the things seen".to_owned()), "{words:?}");
    assert!(found.ranked[0].low <= found.ranked[0].score && found.ranked[0].score <= found.ranked[0].high);
}

#[test]
fn indicators_and_software_count_and_time_takes() {
    let knowledge = twenty();
    let ascribed = |actors: &[&str], weight| Observation {
        what: Observed::Indicator {
            value: "evil.example".into(),
            actors: actors.iter().map(|name| (*name).to_owned()).collect(),
            weight,
        },
        times: 1,
        last: Timestamp::EPOCH,
    };
    let score = |seen: &[Observation], now| {
        let ranked = knowledge.fit(seen, now).ranked;
        ranked.iter().find(|one| one.actor == "G05").map_or(0.0, |one| one.score.get())
    };
    assert_eq!(score(&[ascribed(&["G05"], 50)], Timestamp::EPOCH), 0.5);
    assert_eq!(score(&[ascribed(&["G05", "G06"], 50)], Timestamp::EPOCH), 0.25);
    assert_eq!(score(&[ascribed(&["G05"], 100)], Timestamp::EPOCH), INDICATORS_MAX);
    assert_eq!(score(&vec![ascribed(&["G05"], 50); 2], Timestamp::EPOCH), 0.5, "the same value twice");
    let later = Timestamp::EPOCH.plus(std::time::Duration::from_secs(90 * 86_400));
    assert_eq!(score(&[ascribed(&["G05"], 50)], later), 0.25);
    let tool =
        |name: &str| Observation { what: Observed::Software { name: name.into() }, times: 1, last: Timestamp::EPOCH };
    assert!(score(&[tool("Tool5")], Timestamp::EPOCH) > score(&[tool("common")], Timestamp::EPOCH));
    assert_eq!(score(&[tool("tool6")], Timestamp::EPOCH), 0.0);
}

#[test]
fn limits_are_reached() {
    let many = |n: usize| (0..n).map(|n| format!("T{n}")).collect::<BTreeSet<String>>();
    let knowledge = Knowledge::new([Actor { techniques: many(limits::FIT_TRAITS_MAX + 9), ..actor("G1", &[], &[]) }]);
    assert_eq!(knowledge.known_for.len(), limits::FIT_TRAITS_MAX);
    let crowd = (0..limits::FIT_ACTORS_MAX + 9).map(|n| actor(&n.to_string(), &[], &[]));
    assert_eq!(Knowledge::new(crowd).actors.len(), limits::FIT_ACTORS_MAX);
}

/// Groups and campaigns of ATT&CK with techniques, from the reference data.
fn attack() -> Option<Vec<Actor>> {
    let file =
        std::fs::File::open(testkit::reference_data()?.join("intel/attack/enterprise-lookup-18.1.tar.zst")).unwrap();
    let mut bytes = Vec::new();
    zstd::stream::read::Decoder::new(file).unwrap().read_to_end(&mut bytes).unwrap();
    let part = |name: &str| -> Value {
        // A tar archive: headers of 512 bytes with name and octal size, contents filled up to 512.
        let mut at = 0;
        while let Some(header) = bytes.get(at..at + 512) {
            let title = String::from_utf8_lossy(&header[..100]);
            let size = String::from_utf8_lossy(&header[124..135]);
            let size = usize::from_str_radix(size.trim_matches(['\0', ' ']), 8).unwrap_or_default();
            if title.contains(name) {
                return serde_json::from_slice(&bytes[at + 512..at + 512 + size]).unwrap();
            }
            at += 512 + size.div_ceil(512) * 512;
        }
        panic!("no {name}");
    };
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let ids = |value: &Value| -> BTreeMap<String, String> {
        let all = value.as_array().unwrap().iter();
        all.filter(|one| one["revoked"] != true).map(|one| (text(one, "stix_id"), text(one, "external_id"))).collect()
    };
    let techniques = ids(&part("attack-patterns-lookup")["attack_patterns"]);
    let software = ids(&part("software-lookup")["software"]);
    let groups = part("groups-campaigns-lookup");
    let mut actors: BTreeMap<String, Actor> = groups["groups_campaigns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (text(one, "stix_id"), Actor { name: text(one, "name"), ..actor(&text(one, "external_id"), &[], &[]) })
        })
        .collect();
    for relation in part("relationships-lookup")["relationships"].as_array().unwrap() {
        if relation["relationship_type"] != "uses" || relation["revoked"] == true {
            continue;
        }
        let Some(actor) = actors.get_mut(&text(relation, "source_ref")) else { continue };
        let target = text(relation, "target_ref");
        if let Some(id) = techniques.get(&target) {
            actor.techniques.insert(id.clone());
        } else if let Some(id) = software.get(&target) {
            actor.software.insert(id.clone());
        }
    }
    Some(actors.into_values().collect())
}

/// Every n-th of a list turned by a seed: a half that is the same in every run.
fn some_of(all: &[String], share: f64, seed: usize) -> Vec<&str> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|n| ((n + 1) * (2 * seed + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20);
    let count = ((all.len() as f64 * share).ceil() as usize).max(1);
    order.into_iter().take(count).map(|n| all[n].as_str()).collect()
}

#[test]
fn groups_of_attack_are_found() {
    let Some(actors) = attack() else { return };
    assert!(actors.len() >= 239, "{}", actors.len());
    let techniques: BTreeMap<String, Vec<String>> =
        actors.iter().map(|actor| (actor.id.clone(), actor.techniques.iter().cloned().collect())).collect();
    let knowledge = Knowledge::new(actors);
    let with_enough = |least: usize| techniques.iter().filter(move |(_, all)| all.len() >= least);

    // All of its techniques: first. Some campaigns are known for exactly what their group is known for.
    let whole: Vec<bool> = with_enough(1)
        .map(|(id, all)| {
            let found = fit(&knowledge, &all.iter().map(String::as_str).collect::<Vec<_>>()).ranked;
            let is_first = found.iter().take_while(|one| one.score == found[0].score).any(|one| one.actor == *id);
            if !is_first {
                eprintln!("  {id} with {all:?} is not first: {:?}", found.first());
            }
            is_first
        })
        .collect();
    let first = whole.iter().filter(|right| **right).count();
    eprintln!("all techniques: {first} of {} come first", whole.len());
    assert_eq!(first, whole.len());

    // A half of them.
    let (mut tried, mut first, mut in_ten, mut named, mut named_wrong) = (0, 0, 0, 0, 0);
    for seed in 0..5 {
        for (id, all) in with_enough(8) {
            let found = fit(&knowledge, &some_of(all, 0.5, seed));
            tried += 1;
            first += usize::from(found.ranked[0].actor == *id);
            in_ten += usize::from(found.ranked.iter().any(|one| one.actor == *id));
            if let Verdict::One { actor, .. } = &found.verdict {
                named += 1;
                named_wrong += usize::from(actor != id);
            }
        }
    }
    eprintln!(
        "half of the techniques: {first} first, {in_ten} in the first ten, of {tried}; {named} named, {named_wrong} wrongly"
    );
    assert!(in_ten * 100 >= tried * 95);
    assert!(first * 100 >= tried * 85);
    assert!(named_wrong * 100 <= named.max(1) * 2);

    // Three techniques are not enough to name anybody, ever.
    for (_, all) in with_enough(3) {
        let found = fit(&knowledge, &all.iter().take(3).map(String::as_str).collect::<Vec<_>>());
        assert!(!matches!(found.verdict, Verdict::One { .. }));
    }
}

#[test]
fn strangers_are_not_named() {
    let Some(actors) = attack() else { return };
    // Who is not known: each in turn is taken out and then seen. Whoever is named then is named wrongly.
    let candidates: Vec<Actor> = actors.iter().filter(|actor| actor.techniques.len() >= 12).cloned().collect();
    let mut named = 0;
    for stranger in &candidates {
        let knowledge = Knowledge::new(actors.iter().filter(|actor| actor.id != stranger.id).cloned());
        let all: Vec<String> = stranger.techniques.iter().cloned().collect();
        let found = fit(&knowledge, &some_of(&all, 0.7, 1));
        if let Verdict::One { actor, lead } = &found.verdict {
            named += 1;
            eprintln!("  {} {} was taken for {actor}, by {lead}", stranger.id, stranger.name);
        }
    }
    eprintln!("{named} of {} strangers were taken for somebody", candidates.len());
    // One of twenty at most: a name is a lead, not a finding.
    assert!(named * 20 <= candidates.len(), "{named}");
}

proptest! {
    #[test]
    fn scores_are_in_range_and_order_does_not_matter(
        ids in proptest::collection::vec("T1(0[0-4][0-9]|059|566)", 0..20),
    ) {
        let knowledge = twenty();
        let names: Vec<&str> = ids.iter().map(String::as_str).collect();
        let found = fit(&knowledge, &names);
        for one in &found.ranked {
            prop_assert!(one.low <= one.score && one.score <= one.high);
        }
        let mut turned = names.clone();
        turned.reverse();
        let text = |found: &Fit| serde_json::to_string(found).unwrap();
        prop_assert_eq!(text(&fit(&knowledge, &turned)), text(&found));
    }
}
