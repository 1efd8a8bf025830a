//! What passes, and what each lack is called.

use std::collections::BTreeSet;

use model::mobile::MobilePlatform::{Android, Ios};
use model::register::{DataCategory, DataHeld, ItemId, ItemKind, LinkKind};
use proptest::prelude::*;

use super::*;

fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn app() -> Item {
    let mut app = Item::new(id("app"), ItemKind::Application, "Waste app");
    let held = |category| DataHeld { category, residents: None };
    app.data = Some(vec![held(DataCategory::Location), held(DataCategory::Contact)]);
    app.is_life_safety = Some(false);
    app.is_mobile = true;
    app
}

fn links() -> Vec<Link> {
    let mut flow = Link::new(id("app"), LinkKind::SendsTo, id("backend"));
    flow.data = Some(vec![DataCategory::Contact]);
    vec![
        flow,
        Link::new(id("waste"), LinkKind::DependsOn, id("app")),
        Link::new(id("waste"), LinkKind::SendsTo, id("archive")),
        Link::new(id("waste"), LinkKind::SendsTo, id("app")),
        Link::new(id("other"), LinkKind::SendsTo, id("archive")),
    ]
}

fn flow(to: FlowEnd, data: &[DataCategory]) -> Flow {
    Flow {
        to,
        data: Some(data.to_vec()),
        is_encrypted: Some(true),
        purpose: "to plan rounds".into(),
        is_third_party: Some(false),
    }
}

fn whole() -> MobileAssessment {
    let mut all = MobileAssessment::new(id("app"));
    all.version = "2.0".into();
    all.platforms = vec![Android];
    all.manifests.insert(Android, Manifest { package: "a.b".into(), version: "2.0".into(), day: day("2026-05-01") });
    all.trackers = Some(Vec::new());
    for control in Profile::built_in().unwrap().controls {
        let (why, evidence, version) = (String::new(), "report 7".into(), "2.0".into());
        let found = Finding { verdict: Verdict::Satisfied, why, evidence, day: day("2026-05-01"), version };
        all.findings.insert(control.id, found);
    }
    all.permissions.push(Permission {
        platform: Android,
        name: "android.permission.ACCESS_FINE_LOCATION".into(),
        is_asked: true,
        is_dangerous: true,
        touches: vec![DataCategory::Location],
        why: "shows the next container".into(),
        data: Some(vec![DataCategory::Location]),
        is_optional: Some(true),
    });
    all.flows = vec![
        flow(FlowEnd::Item(id("backend")), &[DataCategory::Contact]),
        flow(FlowEnd::Item(id("archive")), &[]),
        flow(FlowEnd::Outside("maps".into()), &[DataCategory::Location]),
    ];
    all
}

fn gated(item: &Item, assessment: Option<&MobileAssessment>) -> Gate {
    let links = links();
    gate(&Profile::built_in().unwrap(), (item, &Wiring::of(&links)), assessment, day("2026-06-01"))
}

/// What is missing after a change to an assessment to which nothing was.
fn check(change: impl FnOnce(&mut Item, &mut MobileAssessment), expected: &[&str]) {
    let (mut item, mut assessment) = (app(), whole());
    change(&mut item, &mut assessment);
    let found = gated(&item, Some(&assessment));
    let words: Vec<String> = found.missing.iter().map(ToString::to_string).collect();
    assert_eq!(words, expected);
    assert_eq!(found.is_passed, expected.is_empty());
}

#[test]
fn the_profile_has_the_controls_of_2_1() {
    let profile = Profile::built_in().unwrap();
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for control in &profile.controls {
        match groups.last_mut() {
            Some((group, count)) if *group == control.group() => *count += 1,
            _ => groups.push((control.group(), 1)),
        }
        assert!(control.question.ends_with('?'), "{control:?}");
    }
    let expected = [
        ("STORAGE", 2),
        ("CRYPTO", 2),
        ("AUTH", 3),
        ("NETWORK", 2),
        ("PLATFORM", 3),
        ("CODE", 4),
        ("RESILIENCE", 4),
        ("PRIVACY", 4),
    ];
    assert_eq!((profile.version.as_str(), groups), ("2.1", expected.to_vec()));
    assert_eq!(profile.control("MASVS-CODE-4").map(|one| one.needs), Some(Needs::Always));
    let twice = "version = \"1\"\n[[control]]\nid = \"A-B-1\"\nneeds = \"always\"\nquestion = \"?\"\n".to_owned();
    let again = twice.split_once('\n').unwrap().1.to_owned();
    assert!(Profile::read(&twice).is_ok());
    assert!(matches!(Profile::read(&format!("{twice}{again}")), Err(ProfileError::Control(_))));
    assert!(matches!(Profile::read("version = 1"), Err(ProfileError::Form(_))));
}

#[test]
fn what_an_app_needs_follows_from_the_register() {
    let of = |change: &dyn Fn(&mut Item)| {
        let mut item = app();
        change(&mut item);
        Needs::of(&item)
    };
    assert_eq!(of(&|_| {}), Needs::Always);
    assert_eq!(of(&|item| item.data = None), Needs::Strong);
    assert_eq!(of(&|item| item.is_life_safety = None), Needs::Strong);
    assert_eq!(of(&|item| item.is_life_safety = Some(true)), Needs::Strong);
    let health = DataHeld { category: DataCategory::Health, residents: Some(1) };
    assert_eq!(of(&|item| item.data = Some(vec![health.clone()])), Needs::Strong);
}

#[test]
fn nothing_missing_passes_and_nothing_said_does_not() {
    let passed = gated(&app(), Some(&whole()));
    assert!(passed.is_passed, "{:?}", passed.missing);
    assert_eq!((passed.controls_needed, passed.controls_met), (19, 19));
    assert_eq!(gated(&app(), None).missing, [GateReason::NotAssessed]);
    let empty = MobileAssessment::new(id("app"));
    let found = gated(&Item::new(id("app"), ItemKind::Application, "x"), Some(&empty));
    assert_eq!((found.controls_needed, found.controls_met), (24, 0));
    let words: Vec<String> = found.missing.iter().map(ToString::to_string).collect();
    assert_eq!(words[0], "nobody has said which version runs");
    assert!(words.contains(&"MASVS-AUTH-1: nobody has said whether it is satisfied".to_owned()));
    assert!(
        words.contains(
            &"flow from waste to archive: the register has it, and the assessment does not name it".to_owned()
        )
    );
}

#[test]
fn controls() {
    let with = |change: fn(&mut Finding)| {
        move |_: &mut Item, all: &mut MobileAssessment| change(all.findings.get_mut("MASVS-CODE-1").unwrap())
    };
    check(with(|one| one.verdict = Verdict::NotSatisfied), &["MASVS-CODE-1: not satisfied"]);
    check(with(|one| one.evidence = " ".into()), &["MASVS-CODE-1: said to be satisfied, without evidence"]);
    check(with(|one| one.verdict = Verdict::NotApplicable), &["MASVS-CODE-1: said not to apply, without a reason"]);
    check(
        with(|one| {
            one.verdict = Verdict::NotApplicable;
            one.why = "it is a page".into();
        }),
        &[],
    );
    check(with(|one| one.day = day("2025-06-01")), &[]);
    check(
        with(|one| one.day = day("2025-05-31")),
        &["MASVS-CODE-1: what was found on 2025-05-31 is too old, or lies in the future"],
    );
    check(
        with(|one| one.day = day("2026-06-02")),
        &["MASVS-CODE-1: what was found on 2026-06-02 is too old, or lies in the future"],
    );
    check(with(|one| one.version = "1.9".into()), &["MASVS-CODE-1: it was found in version 1.9, and 2.0 runs"]);
    // Of a control that this app does not need, nothing is asked but what a manifest shows against it.
    check(|_, all| drop(all.findings.remove("MASVS-RESILIENCE-4")), &[]);
    let against =
        Objection { platform: Android, control: "MASVS-RESILIENCE-4".into(), what: "it can be debugged".into() };
    check(
        |_, all| all.objections = vec![against.clone(), Objection { platform: Ios, ..against.clone() }],
        &["MASVS-RESILIENCE-4: it can be debugged, and nobody has said why"],
    );
    check(
        |_, all| {
            all.objections = vec![against.clone()];
            all.findings.get_mut("MASVS-RESILIENCE-4").unwrap().why = "only the build for testers".into();
        },
        &[],
    );
}

#[test]
fn versions_and_manifests() {
    check(
        |_, all| {
            drop(
                all.manifests
                    .insert(Android, Manifest { package: String::new(), version: "1".into(), day: day("2026-05-01") }),
            )
        },
        &["the manifest for android is of version 1, and 2.0 runs"],
    );
    check(|_, all| all.platforms.push(Ios), &["no manifest for ios was brought"]);
    check(|_, all| all.platforms.clear(), &["nobody has said on which platforms it runs"]);
    check(|_, all| all.trackers = None, &["nobody has said which trackers and reporting parts of others are in it"]);
    let bare = Tracker { name: "t.example".into(), purpose: String::new() };
    check(|_, all| all.trackers = Some(vec![bare]), &["tracker t.example: nobody has said what for"]);
}

#[test]
fn permissions_and_what_is_collected() {
    let name = "permission android.permission.ACCESS_FINE_LOCATION (android)";
    let with =
        |change: fn(&mut Permission)| move |_: &mut Item, all: &mut MobileAssessment| change(&mut all.permissions[0]);
    check(with(|one| one.why.clear()), &[&format!("{name}: nobody has said what for")]);
    check(with(|one| one.data = None), &[&format!("{name}: nobody has said which personal data it is about")]);
    check(with(|one| one.data = Some(vec![])), &[&format!("{name}: it opens personal data, and none is named")]);
    check(
        with(|one| one.data = Some(vec![DataCategory::Health])),
        &[&format!("{name}: the register does not say that the app holds health data")],
    );
    check(
        with(|one| {
            one.is_asked = false;
            one.data = None;
        }),
        &[],
    );
    let collected = |data| Collected { name: "Phone number".into(), data };
    check(|_, all| all.collected = vec![collected(Some(vec![DataCategory::Contact]))], &[]);
    check(
        |_, all| all.collected = vec![collected(None)],
        &["collects Phone number: nobody has said which personal data it is about"],
    );
}

#[test]
fn flows_are_named_and_registered() {
    let with =
        |at: usize, change: fn(&mut Flow)| move |_: &mut Item, all: &mut MobileAssessment| change(&mut all.flows[at]);
    check(
        with(0, |one| one.data = Some(vec![])),
        &["flow to backend: the register says that it carries contact data, the assessment does not"],
    );
    check(with(0, |one| one.is_encrypted = Some(false)), &[]);
    check(
        with(0, |one| {
            one.is_encrypted = Some(false);
            one.is_third_party = Some(true);
        }),
        &["flow to backend: it goes in the clear"],
    );
    check(with(2, |one| one.is_encrypted = Some(false)), &["flow to maps (outside): it goes in the clear"]);
    check(with(2, |one| one.is_encrypted = None), &["flow to maps (outside): nobody has said whether it is encrypted"]);
    check(
        with(2, |one| one.is_third_party = None),
        &["flow to maps (outside): nobody has said whether somebody else gets it"],
    );
    check(with(2, |one| one.purpose.clear()), &["flow to maps (outside): nobody has said what for"]);
    check(
        |_, all| drop(all.flows.remove(0)),
        &["flow to backend: the register has it, and the assessment does not name it"],
    );
    check(
        |_, all| all.flows.push(flow(FlowEnd::Item(id("shop")), &[])),
        &["flow to shop: the register has no such flow"],
    );
}

#[test]
fn what_is_kept_is_tidy_and_read_again() {
    let all = whole();
    assert_eq!(all.check(), Ok(()));
    let text = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<MobileAssessment>(&text).unwrap(), all);
    let wrong = |change: &dyn Fn(&mut MobileAssessment)| {
        let mut all = whole();
        change(&mut all);
        all.check().unwrap_err().to_string()
    };
    use model::limits::{MOBILE_FLOWS_MAX, MOBILE_PERMISSIONS_MAX, MOBILE_TEXT_BYTES_MAX};
    let long = "x".repeat(MOBILE_TEXT_BYTES_MAX + 1);
    assert!(wrong(&|all| all.version = long.clone()).starts_with("version: longer"));
    assert!(wrong(&|all| all.permissions[0].why = "a\u{7}".into()).contains("control character"));
    assert!(wrong(&|all| all.permissions[0].name = " ".into()).contains("without a name"));
    assert!(wrong(&|all| all.flows = vec![all.flows[0].clone(); MOBILE_FLOWS_MAX + 1]).contains("more than"));
    assert!(
        wrong(&|all| all.permissions = vec![all.permissions[0].clone(); MOBILE_PERMISSIONS_MAX + 1])
            .contains("more than")
    );
}

proptest! {
    /// Whoever says less is never nearer to passing.
    #[test]
    fn unsaid_never_opens(taken in proptest::collection::btree_set(0usize..9, 0..9), control in 0usize..24) {
        let (mut item, mut all) = (app(), whole());
        let ids: Vec<String> = all.findings.keys().cloned().collect();
        let before: BTreeSet<String> = gated(&item, Some(&all)).missing.iter().map(ToString::to_string).collect();
        for one in &taken {
            match one {
                0 => item.data = None,
                1 => all.version.clear(),
                2 => all.trackers = None,
                3 => all.manifests.clear(),
                4 => drop(all.findings.remove(&ids[control])),
                5 => all.permissions[0].data = None,
                6 => all.flows[0].data = None,
                7 => all.flows.clear(),
                _ => all.platforms.clear(),
            }
            if all.flows.is_empty() { break; }
        }
        let after = gated(&item, Some(&all));
        prop_assert!(after.missing.len() >= before.len());
        let is_harmless = taken.iter().all(|one| *one == 4) && ids[control].contains("RESILIENCE") || taken.iter().all(|one| *one == 4) && ids[control] == "MASVS-NETWORK-2";
        prop_assert_eq!(after.is_passed, taken.is_empty() || is_harmless);
        prop_assert_eq!(gated(&item, Some(&all)), after);
    }
}
