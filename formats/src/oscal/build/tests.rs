use model::register::{Address, Impact, InformationType, ItemId, ItemKind, Objective};

use super::super::{Catalog, Document, Schemas, Tailored, check, resolve};
use super::*;

fn item(name: &str, kind: ItemKind) -> Item {
    Item::new(ItemId::parse(name).unwrap(), kind, &format!("The {name}"))
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_micros((20_000 + day) * 86_400_000_000)
}

fn looked(is_satisfied: bool, is_automated: bool) -> Looked {
    let evidence = vec!["a list, on the shelf".to_owned()];
    Looked { method: "TEST", is_automated, is_satisfied, words: "3 of 4".into(), at: at(1), evidence }
}

/// A system with those controls: met, taken over, not met, and of which nobody said anything, in turn.
fn system(controls: &[String]) -> System {
    let mut server = item("server", ItemKind::Machine);
    server.addresses = ["10.0.0.1", "fd00::1", "10.1.0.0/16", "server.city.example"]
        .iter()
        .map(|text| Address::parse(text).unwrap())
        .collect();
    let controlled = |(number, id): (usize, &String)| {
        let by = match number % 4 {
            1 => By::Inherited { service: "centre".into(), title: "Computing centre".into(), authorized: Some(at(0)) },
            _ => By::Item("server".into()),
        };
        let met = Met { status: "implemented", words: " so ".into(), by };
        let results = match number % 4 {
            0 => vec![looked(true, true)],
            2 => vec![looked(false, true), looked(true, false)],
            _ => Vec::new(),
        };
        let met = (number % 4 != 3).then_some(met);
        Controlled { id: id.clone(), statement: format!("{id}_smt"), met, looked: results }
    };
    let objective = |decided| Objective { proposed: Some(Impact::Moderate), decided, why: "few residents".into() };
    let information = InformationType {
        id: "C.2.8.12".into(),
        title: "General\ninformation".into(),
        category: String::new(),
        confidentiality: None,
        integrity: Some(Impact::Low),
        availability: Some(Impact::Moderate),
    };
    let to_do = |id: &str, control: usize, status| ToDo {
        id: id.into(),
        control: controls.get(control).cloned().unwrap_or_else(|| "ac-1".into()),
        words: "lock it".into(),
        due: at(90),
        status,
    };
    System {
        service: item("portal", ItemKind::Service),
        items: vec![server, item("store", ItemKind::DataStore)],
        information: vec![information],
        categorization: Some(Categorization {
            confidentiality: objective(None),
            integrity: objective(Some(Impact::Low)),
            availability: objective(Some(Impact::High)),
        }),
        flows: String::new(),
        profile: Referred { title: "Low".into(), href: "profile.json".into(), hash: "aa".repeat(32) },
        controls: controls.iter().enumerate().map(controlled).collect(),
        to_do: vec![to_do("lock", 2, "remediating"), to_do("wall", 0, "open"), to_do("door", 2, "closed")],
    }
}

fn documents(system: &System) -> Vec<Document> {
    let about = About { agency: "Harbour City".into(), version: "3".into(), at: at(2) };
    let referred = Referred { title: "Plan".into(), href: "plan.json".into(), hash: "bb".repeat(32) };
    vec![
        security_plan(system, &about),
        assessment_plan(system, &about, (&referred, &["ac-1", "ac-2"])),
        assessment_results(system, &about, &referred),
        plan_of_action(system, &about, &referred),
    ]
}

fn files() -> Option<Vec<(String, Vec<u8>)>> {
    let packed = std::fs::read(testkit::reference_data()?.join("risk/oscal.tar.zst")).unwrap();
    Some(testkit::untar(&zstd::decode_all(packed.as_slice()).unwrap()))
}

/// The controls of a real baseline.
fn resolved(files: &[(String, Vec<u8>)]) -> Catalog {
    let read = |end: &str| {
        let (_, bytes) = files.iter().find(|(name, _)| name.ends_with(end)).unwrap();
        Document::read(bytes).unwrap()
    };
    let Document::Profile(low) = read("rev5_LOW-baseline_profile-min.json") else { panic!("a profile") };
    let Document::Catalog(high) = read("HIGH-baseline-resolved-profile_catalog-min.json") else { panic!("a catalog") };
    let about =
        Tailored { uuid: "6f6f6f6f-0000-4000-8000-000000000000", now: "2026-11-26T00:00:00Z", profile: "profile.json" };
    resolve(&low, &about, &|_| Some(super::super::Referred::Catalog(&high))).unwrap().catalog
}

#[test]
fn what_is_written_is_valid_says_nothing_wrong_and_is_read_again() {
    let Some(files) = files() else { return };
    let mut schemas = Schemas::default();
    for (name, bytes) in files.iter().filter(|(name, _)| name.contains("/schemas/") && name.ends_with(".json")) {
        assert!(schemas.add(bytes).is_ok() || name.contains("complete"), "{name}");
    }
    let catalog = resolved(&files);
    let controls: Vec<String> = catalog.all_controls().into_iter().map(|control| control.id.clone()).collect();
    assert!(controls.len() > 100);
    let mut bare = system(&[]);
    (bare.items, bare.information, bare.categorization) = (Vec::new(), Vec::new(), None);
    bare.to_do.clear();
    bare.controls = vec![Controlled { id: "ac-1".into(), statement: "ac-1".into(), met: None, looked: Vec::new() }];
    for system in [system(&controls), bare] {
        for document in documents(&system) {
            let name = document.model();
            assert_eq!(schemas.judge(&document.to_value()), Some(Vec::new()), "{name}");
            assert_eq!(check(&document), [], "{name}");
            assert_eq!(Document::read(document.to_json().as_bytes()).unwrap(), document, "{name}");
        }
    }
}

#[test]
fn the_same_values_give_the_same_bytes_and_each_open_risk_has_an_item() {
    let controls = ["ac-1", "ac-2", "ac-3", "ac-4", "ac-5", "ac-6", "ac-7"].map(str::to_owned);
    let one = system(&controls);
    let texts = |system: &System| documents(system).iter().map(Document::to_json).collect::<Vec<_>>();
    assert_eq!(texts(&one), texts(&one.clone()));
    for document in documents(&one) {
        assert_eq!(check(&document), [], "{}", document.model());
    }
    let Some(Document::PlanOfActionAndMilestones(plan)) = documents(&one).pop() else { panic!("a plan") };
    let titles: Vec<_> = plan.poam_items.iter().map(|item| item.title.as_str()).collect();
    assert_eq!(titles, ["ac-3: lock", "ac-1: wall", "ac-3: door", "ac-7: ac-7"]);
    let risks: Vec<_> = plan.risks.iter().map(|risk| (risk.title.as_str(), risk.status.as_str())).collect();
    assert_eq!(risks, [("ac-3 is not met", "remediating"), ("ac-7 is not met", "open")]);
}

#[test]
fn what_is_taken_over_names_what_the_other_gives() {
    let taken = system(&["ac-1".to_owned(), "ac-2".to_owned()]);
    let mut giver = system(&["ac-2".to_owned()]);
    giver.service = item("centre", ItemKind::Service);
    let plans = [&taken, &giver].map(|system| documents(system).remove(0));
    let [Document::SystemSecurityPlan(taken), Document::SystemSecurityPlan(giver)] = &plans else { panic!("plans") };
    let all = |plan: &super::super::SystemSecurityPlan| {
        let list = plan.control_implementation.implemented_requirements.iter();
        list.flat_map(|one| one.by_components.to_vec()).collect::<Vec<_>>()
    };
    let inherited = all(taken).iter().find_map(|by| by.inherited.first().cloned()).unwrap();
    let export = all(giver)[0].export.clone().unwrap();
    assert_eq!(inherited.provided_uuid.as_deref(), Some(export.provided[0].uuid.as_str()));
}
