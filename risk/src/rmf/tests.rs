use std::collections::{BTreeMap, BTreeSet};

use model::Timestamp;
use model::register::*;

use super::checks::Telemetry;
use super::*;

const DAY: i64 = 86_400_000_000;

fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_micros(day * DAY)
}

fn done(day: i64) -> Done {
    Done { by: "p1".into(), at: at(day) }
}

fn item(name: &str, kind: ItemKind) -> Item {
    let mut item = Item::new(id(name), kind, name);
    item.exposure = Some(Exposure::Internal);
    item.owner = "Office of tests".into();
    item.data = Some(Vec::new());
    item
}

fn city() -> (BTreeMap<ItemId, Item>, Vec<Link>) {
    use ItemKind::{Application, DataStore, Machine, Service, Vendor};
    let all = [
        item("portal", Service),
        item("app", Application),
        item("server", Machine),
        item("store", DataStore),
        item("other", Service),
        item("maker", Vendor),
    ];
    let links = [
        ("portal", LinkKind::DependsOn, "app"),
        ("app", LinkKind::RunsOn, "server"),
        ("app", LinkKind::StoresIn, "store"),
        ("store", LinkKind::DependsOn, "app"),
        ("portal", LinkKind::SendsTo, "other"),
        ("app", LinkKind::DeliveredBy, "maker"),
    ];
    let links = links.map(|(from, kind, to)| Link::new(id(from), kind, id(to)));
    (all.into_iter().map(|item| (item.id.clone(), item)).collect(), links.into())
}

fn selected(controls: &[&str]) -> Package {
    let mut package = Package::new(id("portal"));
    package.selection = Some(Selection {
        baseline: Impact::Low,
        has_privacy: false,
        controls: controls.iter().map(|id| ((*id).to_owned(), format!("{id}_smt"))).collect(),
        titles: BTreeMap::new(),
        sources: BTreeMap::new(),
        done: done(1),
    });
    package
}

fn how(status: Implementation, by: Source) -> How {
    How { status, words: "so".into(), by, done: done(1) }
}

fn head(decision: Decision, until: i64) -> AuthorizationHead {
    AuthorizationHead { decision, expires: at(until), version: 1, done: done(1) }
}

#[test]
fn what_a_service_needs_belongs_to_it() {
    let (mut items, links) = city();
    let mut package = Package::new(id("portal"));
    let names = |package: &Package, items: &_| {
        let found = boundary(package, items, &links);
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&package, &items), "app portal server store");
    package.boundary.added.insert(id("other"), "they share a desk".into());
    package.boundary.removed.insert(id("server"), "the state runs it".into());
    assert_eq!(names(&package, &items), "app other portal store");
    items.get_mut(&id("app")).unwrap().state = Lifecycle::Retired;
    assert_eq!(names(&package, &items), "other portal");
}

#[test]
fn unsaid_personal_data_asks_for_the_overlay() {
    let (mut items, links) = city();
    let within = boundary(&Package::new(id("portal")), &items, &links);
    let objective = |impact| Objective { proposed: Some(impact), decided: None, why: String::new() };
    let mut service = items[&id("portal")].clone();
    assert_eq!(baseline(&service, &within, &items).value, Baseline { level: None, has_privacy: false });
    service.categorization = Some(Categorization {
        confidentiality: objective(Impact::Low),
        integrity: objective(Impact::High),
        availability: objective(Impact::Low),
    });
    items.get_mut(&id("store")).unwrap().data = None;
    let found = baseline(&service, &within, &items);
    assert_eq!(found.value, Baseline { level: Some(Impact::High), has_privacy: true });
    assert_eq!(
        found.because,
        [
            "high: the highest of the three, which integrity is",
            "privacy overlay: nobody has said whether there is personal data in store",
        ]
    );
}

#[test]
fn a_control_is_taken_over_from_who_meets_it_and_may_run() {
    let by = |status, source| how(status, source);
    let from = |name: &str| Source::InheritedFrom(id(name));
    let mut packages = BTreeMap::new();
    for name in ["portal", "middle", "centre"] {
        let mut package = Package::new(id(name));
        package.authorization = Some(head(Decision::Authorize, 100));
        packages.insert(id(name), package);
    }
    let set = |packages: &mut BTreeMap<ItemId, Package>, name: &str, how: How| {
        packages.get_mut(&id(name)).unwrap().statements.insert("pe-3".into(), how);
    };
    let told = |packages: &BTreeMap<ItemId, Package>, day| {
        provider(&id("portal"), "pe-3", packages, at(day)).map(ToString::to_string).map_err(|error| error.to_string())
    };
    assert_eq!(told(&packages, 9), Err("portal says nothing about pe-3".into()));
    set(&mut packages, "portal", by(Implementation::Implemented, from("middle")));
    set(&mut packages, "middle", by(Implementation::Implemented, from("centre")));
    set(&mut packages, "centre", by(Implementation::Planned, Source::Item(id("centre"))));
    assert_eq!(told(&packages, 9), Err("centre says of pe-3 that it is planned".into()));
    set(&mut packages, "centre", by(Implementation::Implemented, Source::Item(id("centre"))));
    assert_eq!(told(&packages, 9), Ok("centre".into()));
    assert_eq!(told(&packages, 100), Err("middle is not authorized".into()));
    set(&mut packages, "centre", by(Implementation::Implemented, from("middle")));
    assert_eq!(told(&packages, 9), Err("portal takes over pe-3 from itself, by way of others".into()));
}

#[test]
fn steps_say_what_is_missing() {
    let (items, links) = city();
    let service = &items[&id("portal")];
    let mut package = Package::new(id("portal"));
    let within = boundary(&package, &items, &links);
    let around = Around { item: service, boundary: &within, drift: &[], now: at(10) };
    let states = |package: &Package| steps(package, &around).iter().map(|view| view.state).collect::<Vec<_>>();
    use StepState::{Done as Ready, Open, Reopened};
    assert_eq!(states(&package), [Ready, Open, Open, Open, Open, Open, Open]);
    package = selected(&["ac-1", "ac-2"]);
    package.tailoring.removed.insert("ac-1".into(), "another office".into());
    assert_eq!(package.controls(), BTreeSet::from(["ac-2"]));
    package.statements.insert("ac-2".into(), how(Implementation::Implemented, Source::Item(id("app"))));
    let result = |method, is_satisfied| Assessed {
        method,
        is_satisfied,
        words: String::new(),
        evidence: Vec::new(),
        done: done(2),
    };
    package.assess("ac-2", result(Method::Examine, true));
    package.assess("ac-2", result(Method::Test, false));
    assert_eq!(package.is_satisfied("ac-2"), Some(false), "one no is enough");
    let missing = steps(&package, &around)[4].missing.clone();
    assert_eq!(missing, ["1 controls are not met, and no action is planned for them"]);
    package.assess("ac-2", result(Method::Test, true));
    assert_eq!(package.assessed["ac-2"].len(), 2, "the newest of a method counts");
    package.authorization = Some(head(Decision::AuthorizeWithConditions, 20));
    package.work(Step::Monitor, done(9));
    assert_eq!(states(&package), [Ready, Open, Ready, Ready, Ready, Ready, Ready]);
    package.reopened.insert(Step::Assess, vec!["something new".into()]);
    assert_eq!(states(&package)[4], Reopened);
    package.work(Step::Assess, done(9));
    assert_eq!(states(&package)[4], Ready);
    package.authorization = Some(head(Decision::Deny, 20));
    assert_eq!(states(&package)[5], Open);
    let text = serde_json::to_string(&package).unwrap();
    assert_eq!(serde_json::from_str::<Package>(&text).unwrap(), package);
}

fn facts(day: i64) -> Facts {
    let known = ItemFacts {
        exposure: Some(Exposure::Internal),
        data: Some(BTreeSet::from([DataCategory::Contact])),
        vulnerabilities: Some(BTreeSet::from(["CVE-2026-1".into()])),
        findings: Some(BTreeSet::new()),
    };
    let signed = SignedDocument { version: 1, hash: "aa".into() };
    Facts {
        at: at(day),
        items: BTreeMap::from([(id("portal"), known)]),
        high_water: Some(Impact::Low),
        documents: BTreeMap::from([("security-plan".into(), signed)]),
    }
}

#[test]
fn what_widens_opens_a_step_again_and_what_narrows_does_not() {
    let mut package = Package::new(id("portal"));
    package.authorization = Some(head(Decision::Authorize, 200));
    let check = |package: &Package, change: &dyn Fn(&mut Facts), expected: &[&str]| {
        let mut now = facts(100);
        change(&mut now);
        let found = drift(package, &facts(1), &now);
        let told: Vec<_> = found.iter().map(|one| format!("{}: {one}", one.step)).collect();
        assert_eq!(told, expected);
    };
    fn portal(facts: &mut Facts) -> &mut ItemFacts {
        facts.items.get_mut(&id("portal")).unwrap()
    }
    check(&package, &|_| {}, &[]);
    check(&package, &|now| portal(now).exposure = Some(Exposure::Isolated), &[]);
    check(&package, &|now| portal(now).vulnerabilities = Some(BTreeSet::new()), &[]);
    check(
        &package,
        &|now| portal(now).exposure = None,
        &["categorize: portal: who can reach it: internal before, unsaid now"],
    );
    check(
        &package,
        &|now| {
            portal(now).data.as_mut().unwrap().insert(DataCategory::Health);
        },
        &["categorize: portal: holds health data now"],
    );
    check(
        &package,
        &|now| {
            portal(now).vulnerabilities.as_mut().unwrap().insert("CVE-2026-2".into());
        },
        &["assess: portal: new vulnerability CVE-2026-2"],
    );
    check(
        &package,
        &|now| portal(now).vulnerabilities = None,
        &["assess: portal: nobody looks any more for what is wrong with it"],
    );
    check(
        &package,
        &|now| portal(now).findings = Some(BTreeSet::from(["f1".into()])),
        &["assess: portal: new finding f1"],
    );
    check(
        &package,
        &|now| drop(now.items.insert(id("app"), ItemFacts::default())),
        &["prepare: app: belongs to the service now"],
    );
    check(&package, &|now| now.high_water = None, &["categorize: high-water mark: low before, open now"]);
    check(
        &package,
        &|now| now.documents.get_mut("security-plan").unwrap().hash = "bb".into(),
        &["authorize: security-plan is no longer what was signed"],
    );
    package.authorization = Some(head(Decision::Authorize, 120));
    check(&package, &|_| {}, &["authorize: the authorization ends on 1970-05-01T00:00:00Z"]);
    check(&package, &|now| now.at = at(120), &["authorize: the authorization ended on 1970-05-01T00:00:00Z"]);
}

#[test]
fn checks_say_yes_no_or_that_they_cannot_say() {
    let (mut items, mut links) = city();
    let within = boundary(&Package::new(id("portal")), &items, &links);
    let seen = BTreeMap::from([(id("server"), at(5))]);
    let said = |items: &BTreeMap<ItemId, Item>, links: &[Link], seen: Option<&BTreeMap<ItemId, Timestamp>>| {
        let telemetry = Telemetry {
            service: &items[&id("portal")],
            boundary: &within,
            items,
            links,
            seen,
            vulnerabilities_checked: None,
            now: at(10),
        };
        checks::run(&telemetry).into_iter().map(|one| (one.control, one)).collect::<BTreeMap<_, _>>()
    };
    let first = said(&items, &links, None);
    assert_eq!(first.len(), checks::checked_controls().count());
    for (control, expected) in [
        ("cm-8", Some(false)),
        ("au-6", None),
        ("ra-5", None),
        ("sc-8", None),
        ("ia-2", None),
        ("sr-2", Some(false)),
        ("ac-17", Some(true)),
        ("cp-2", Some(false)),
    ] {
        assert_eq!(first[control].is_satisfied, expected, "{:?}", first[control]);
    }
    assert_eq!(first["cm-8"].because, "1 of 4 items lack owner, exposure or address: server");
    items.get_mut(&id("server")).unwrap().addresses.push(Address::parse("10.0.0.1").unwrap());
    items.get_mut(&id("portal")).unwrap().day_costs = Some(9_000);
    for link in &mut links {
        link.interface =
            Some(Interface { is_authenticated: Some(true), is_encrypted: Some(true), ..Interface::default() });
    }
    let second = said(&items, &links, Some(&seen));
    for control in ["cm-8", "au-6", "sc-8", "ia-2", "cp-2"] {
        assert_eq!(second[control].is_satisfied, Some(true), "{:?}", second[control]);
    }
    links[0].interface.as_mut().unwrap().is_encrypted = Some(false);
    items.get_mut(&id("server")).unwrap().exposure = Some(Exposure::Public);
    let third = said(&items, &links, Some(&BTreeMap::from([(id("server"), at(2))])));
    for control in ["sc-8", "ac-17", "si-4"] {
        assert_eq!(third[control].is_satisfied, Some(false), "{:?}", third[control]);
    }
}
