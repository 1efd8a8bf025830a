//! Promises of the gate.

use std::collections::BTreeSet;

use model::{Confidence, IndicatorKind, Level, Marking, Pap, Timestamp, Tlp};
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const KEY: PseudonymKey = PseudonymKey::new([7; 32]);

fn peer(name: &str) -> PeerId {
    PeerId::parse(name).unwrap()
}

fn groups(names: &[&str]) -> BTreeSet<GroupId> {
    names.iter().map(|name| GroupId::parse(name).unwrap()).collect()
}

fn handling(tlp: Tlp) -> Handling {
    Handling {
        marking: Marking { tlp, pap: Pap::Clear },
        groups: BTreeSet::new(),
        provenance: Provenance::Own,
        until: None,
        submitter: Some("Fire Department".into()),
        consent: Consent::No,
    }
}

/// An item with everything in it, and a canary in each field.
fn full(tlp: Tlp) -> Item {
    Item {
        label: Some("label-canary".into()),
        confidence: Confidence::new(83),
        level: Some(Level::Critical),
        first_seen: Some(Timestamp::from_micros(111_222_333)),
        last_seen: Some(Timestamp::from_micros(444_555_666)),
        count: Some(987_654_321),
        techniques: vec!["T1059.001".into()],
        machine: Some("siren-controller-7".into()),
        accounts: vec![Account::new("CITY\\h.brandt"), Account::new("mia@stadt.example")],
        title: Some("title-canary by H.Brandt".into()),
        text: Some("text-canary: h.brandt and MIA@stadt.example on siren-controller-7, says fire department".into()),
        ..Item::new("indicator--1", About::Sighting(IndicatorKind::Domain, "evil.example".into()), handling(tlp))
    }
}

fn open(fields: &[Field]) -> PeerPolicy {
    PeerPolicy {
        relation: Relation::Community,
        clearance: Some(Tlp::Amber),
        fields: fields.iter().copied().collect(),
        ..PeerPolicy::deny(peer("neighbour"))
    }
}

fn written(item: Item, policy: &PeerPolicy) -> String {
    serde_json::to_string(&clear(item, policy, NOW).unwrap()).unwrap()
}

#[test]
fn nothing_goes_unless_somebody_says_so() {
    let refused = clear(full(Tlp::Clear), &PeerPolicy::deny(peer("x")), NOW).unwrap_err();
    assert_eq!(refused.because, [Refusal::NoClearance]);
    assert_eq!(refused.to_string(), "indicator--1 does not go to x: nothing goes to this peer unless somebody says so");
}

#[test]
fn traffic_lights() {
    use Relation::*;
    let check = |tlp, provenance: &str, relation, clearance, expected: Option<Refusal>| {
        let provenance = if provenance.is_empty() { Provenance::Own } else { Provenance::From(peer(provenance)) };
        let item = Item { handling: Handling { provenance, ..handling(tlp) }, ..full(tlp) };
        let policy = PeerPolicy { relation, clearance: Some(clearance), ..PeerPolicy::deny(peer("p")) };
        let found = clear(item, &policy, NOW).err().map(|refused| refused.because);
        assert_eq!(found, expected.map(|one| vec![one]), "{tlp} {relation:?} {clearance}");
    };
    check(Tlp::Clear, "", Public, Tlp::Clear, None);
    check(Tlp::Green, "", Public, Tlp::Green, Some(Refusal::OutsideCommunity));
    check(Tlp::Green, "", Community, Tlp::Green, None);
    check(
        Tlp::Green,
        "",
        Community,
        Tlp::Clear,
        Some(Refusal::AboveClearance { tlp: Tlp::Green, clearance: Tlp::Clear }),
    );
    check(Tlp::Amber, "", Community, Tlp::Amber, None);
    check(Tlp::Amber, "q", Community, Tlp::Amber, Some(Refusal::OutsideClients));
    check(Tlp::Amber, "q", Client, Tlp::Amber, None);
    check(Tlp::AmberStrict, "", Client, Tlp::Red, Some(Refusal::OutsideOrganisation));
    check(Tlp::AmberStrict, "q", SameOrganisation, Tlp::AmberStrict, None);
    check(Tlp::Red, "", SameOrganisation, Tlp::Red, Some(Refusal::Red));
    check(Tlp::Clear, "p", Public, Tlp::Clear, Some(Refusal::BackToItsOrigin));
}

#[test]
fn permissible_actions_groups_and_ends() {
    let check = |change: &dyn Fn(&mut Item, &mut PeerPolicy), expected: &[Refusal]| {
        let (mut item, mut policy) = (full(Tlp::Green), open(&[]));
        change(&mut item, &mut policy);
        let found = clear(item, &policy, NOW).err().map(|refused| refused.because).unwrap_or_default();
        assert_eq!(found, expected);
    };
    check(&|_, _| {}, &[]);
    check(
        &|item, _| item.handling.marking.pap = Pap::Amber,
        &[Refusal::AbovePap { pap: Pap::Amber, heeded: Pap::Clear }],
    );
    check(&|item, policy| (item.handling.marking.pap, policy.pap) = (Pap::Amber, Pap::Red), &[]);
    let outside = Refusal::OutsideGroups { groups: groups(&["water"]).into_iter().collect() };
    check(&|item, _| item.handling.groups = groups(&["water"]), std::slice::from_ref(&outside));
    check(&|item, policy| (item.handling.groups, policy.groups) = (groups(&["water"]), groups(&["fire"])), &[outside]);
    check(&|item, policy| (item.handling.groups, policy.groups) = (groups(&["water", "fire"]), groups(&["fire"])), &[]);
    check(
        &|item, policy| (item.handling.until, policy.until) = (Some(NOW), Some(NOW)),
        &[Refusal::AgreementEnded { at: NOW }, Refusal::Ended { at: NOW }],
    );
}

#[test]
fn a_clearing_ends() {
    let soon = NOW.plus(Duration::from_secs(60));
    let cleared = clear(full(Tlp::Green), &PeerPolicy { until: Some(soon), ..open(&[]) }, NOW).unwrap();
    assert_eq!(cleared.until(), soon);
    assert!(cleared.item(NOW).is_some());
    assert!(cleared.item(soon).is_none());
    let cleared = clear(full(Tlp::Green), &open(&[]), NOW).unwrap();
    assert_eq!(cleared.until(), NOW.plus(Duration::from_secs(limits::CLEARED_SECONDS_MAX)));
}

#[test]
fn names_become_pseudonyms_everywhere() {
    let fields: Vec<Field> = Field::ALL.into_iter().filter(|field| *field != Field::Machine).collect();
    let policy = PeerPolicy { accounts: AccountRule::Pseudonym(KEY), ..open(&fields) };
    let cleared = clear(full(Tlp::Green), &policy, NOW).unwrap();
    assert_eq!(
        cleared.changes(),
        [Change::Removed { field: Field::Machine }, Change::SubmitterHidden, Change::AccountsReplaced { accounts: 2 }]
    );
    let (brandt, mia) = (KEY.account("city\\h.brandt"), KEY.account("mia@stadt.example"));
    let item = cleared.item(NOW).unwrap();
    assert_eq!(item.text.as_deref(), Some(&*format!("text-canary: {brandt} and {mia} on [machine], says [submitter]")));
    assert_eq!(item.title.as_deref(), Some(&*format!("title-canary by {brandt}")));
    assert!(serde_json::to_string(&cleared).unwrap().contains(&format!("\"accounts\":[\"{brandt}\",\"{mia}\"]")));
}

#[test]
fn who_submitted_is_told_only_if_both_want_it() {
    let check = |submitter, consent, expected: bool| {
        let mut item = full(Tlp::Green);
        item.handling.consent = consent;
        let text = written(item, &PeerPolicy { submitter, ..open(&[Field::Text]) });
        assert_eq!(text.to_lowercase().contains("fire department"), expected, "{submitter:?} {consent:?}");
    };
    check(SubmitterRule::Hide, Consent::No, false);
    check(SubmitterRule::Hide, Consent::Yes, false);
    check(SubmitterRule::NameWithConsent, Consent::No, false);
    check(SubmitterRule::NameWithConsent, Consent::Yes, true);
}

#[test]
fn a_value_that_names_an_account_stays() {
    let mut item = full(Tlp::Green);
    item.about = About::Indicator(IndicatorKind::Email, "mia@stadt.example".into());
    assert_eq!(clear(item, &open(&[]), NOW).unwrap_err().because, [Refusal::NamesAnAccount]);
    let mut item = full(Tlp::Green);
    item.id = "report-of-h.brandt".into();
    assert_eq!(clear(item, &open(&[]), NOW).unwrap_err().because, [Refusal::NamesAnAccount]);
    let mut item = full(Tlp::Green);
    item.accounts = vec![Account::new("a"); limits::SHARED_ACCOUNTS_MAX + 1];
    assert_eq!(clear(item, &open(&[]), NOW).unwrap_err().because, [Refusal::TooManyAccounts]);
}

fn tally(organisations: u32, draw: Option<f64>) -> Tally {
    Tally {
        id: "tally--1".into(),
        seen: About::Sighting(IndicatorKind::Domain, "evil.example".into()),
        handling: handling(Tlp::Green),
        organisations,
        sightings: 40,
        draw,
    }
}

#[test]
fn counts_over_few_are_about_somebody() {
    let check = |organisations, min, expected: &str| {
        let policy = PeerPolicy { organisations_min: OrganisationsMin::new(min).unwrap(), ..open(&[Field::Count]) };
        let text = match clear(tally(organisations, None), &policy, NOW) {
            Ok(cleared) => serde_json::to_string(&cleared).unwrap(),
            Err(refused) => refused.to_string(),
        };
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("Fire"));
    };
    check(2, 3, "a count over 2 organisations is about somebody; it takes 3");
    check(3, 3, "\"organisations\":3,\"sightings\":40");
    check(4, 5, "it takes 5");
}

#[test]
fn noise_hides_one_more_or_less() {
    let policy = PeerPolicy { noise: NoiseRule::new(0.5), ..open(&[Field::Count]) };
    let organisations = |draw| {
        clear(tally(10, draw), &policy, NOW).map(|cleared| {
            let tally = cleared.item(NOW).unwrap().clone();
            assert_eq!((tally.sightings, tally.draw), (0, None));
            tally.organisations
        })
    };
    assert_eq!(organisations(None).unwrap_err().because, [Refusal::NoiseMissing]);
    assert_eq!(organisations(Some(1.0)).unwrap_err().because, [Refusal::NoiseMissing]);
    assert_eq!(organisations(Some(0.5)), Ok(10));
    // −ln(2 − 1.5) / 0.5 = 1.39
    assert_eq!(organisations(Some(0.75)), Ok(11));
    assert_eq!(organisations(Some(1e-9)), Ok(3), "never below what is released at all");
}

fn some_item() -> impl Strategy<Value = Item> {
    let origin =
        prop_oneof![Just(Provenance::Own), Just(Provenance::From(peer("p"))), Just(Provenance::From(peer("q")))];
    let ends = proptest::option::of(0i64..2_000_000);
    (0usize..5, 0usize..4, origin, ends, any::<bool>(), proptest::collection::btree_set(0usize..3, 0..3)).prop_map(
        |(tlp, pap, provenance, until, consents, members)| {
            let mut item = full(Tlp::ALL[tlp]);
            item.handling.marking.pap = Pap::ALL[pap];
            item.handling.provenance = provenance;
            item.handling.until = until.map(Timestamp::from_millis);
            item.handling.consent = if consents { Consent::Yes } else { Consent::No };
            item.handling.groups = members.into_iter().map(|n| GroupId::parse(&format!("g{n}")).unwrap()).collect();
            item
        },
    )
}

fn some_policy() -> impl Strategy<Value = PeerPolicy> {
    let relation = prop_oneof![
        Just(Relation::Public),
        Just(Relation::Community),
        Just(Relation::Client),
        Just(Relation::SameOrganisation)
    ];
    let clearance = proptest::option::weighted(0.9, 0usize..5);
    let fields = proptest::collection::btree_set(0usize..Field::ALL.len(), 0..=Field::ALL.len());
    let members = proptest::collection::btree_set(0usize..3, 0..3);
    let ends = proptest::option::of(0i64..2_000_000);
    (relation, clearance, 0usize..4, fields, members, ends, (any::<bool>(), any::<bool>())).prop_map(
        |(relation, clearance, pap, fields, members, until, (names, pseudonyms))| PeerPolicy {
            relation,
            clearance: clearance.map(|tlp| Tlp::ALL[tlp]),
            pap: Pap::ALL[pap],
            fields: fields.into_iter().map(|n| Field::ALL[n]).collect(),
            groups: members.into_iter().map(|n| GroupId::parse(&format!("g{n}")).unwrap()).collect(),
            until: until.map(Timestamp::from_millis),
            submitter: if names { SubmitterRule::NameWithConsent } else { SubmitterRule::Hide },
            accounts: if pseudonyms { AccountRule::Pseudonym(KEY) } else { AccountRule::Remove },
            ..PeerPolicy::deny(peer("p"))
        },
    )
}

/// What stands in the bytes if that field does.
fn canaries(field: Field) -> &'static [&'static str] {
    match field {
        Field::Label => &["label-canary"],
        Field::Confidence => &["\"confidence\":"],
        Field::Level => &["\"level\":"],
        Field::Times => &["111222333", "444555666"],
        Field::Count => &["987654321"],
        Field::Techniques => &["T1059"],
        Field::Machine => &["siren-controller-7"],
        Field::Accounts => &["account-"],
        Field::Text => &["title-canary", "text-canary"],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn nothing_passes_above_the_clearance(item in some_item(), policy in some_policy()) {
        let handling = item.handling.clone();
        let Ok(cleared) = clear(item, &policy, NOW) else { return Ok(()) };
        let tlp = handling.marking.tlp;
        prop_assert!(policy.clearance.is_some_and(|clearance| tlp <= clearance));
        prop_assert!(tlp != Tlp::Red);
        prop_assert!(tlp != Tlp::AmberStrict || policy.relation == Relation::SameOrganisation);
        prop_assert!(tlp == Tlp::Clear || policy.relation != Relation::Public);
        prop_assert!(handling.marking.pap <= policy.pap);
        prop_assert!(handling.provenance != Provenance::From(policy.peer.clone()));
        prop_assert!(handling.groups.is_empty() || !handling.groups.is_disjoint(&policy.groups));
        prop_assert!(handling.until.is_none_or(|at| at > NOW && cleared.until() <= at));
        prop_assert!(policy.until.is_none_or(|at| at > NOW && cleared.until() <= at));
        prop_assert_eq!(cleared.peer(), &policy.peer);
        // The marking travels with it, as it was.
        prop_assert_eq!(cleared.item(NOW).map(|item| item.handling.marking), Some(handling.marking));
    }

    #[test]
    fn what_a_peer_may_not_have_is_not_in_the_bytes(item in some_item(), policy in some_policy()) {
        let mut item = item;
        // Any of it may leave; what is asked is what of it does.
        item.handling = Handling { consent: item.handling.consent, ..handling(Tlp::Clear) };
        let consents = item.handling.consent == Consent::Yes;
        let policy = PeerPolicy { clearance: Some(Tlp::Clear), until: None, ..policy };
        let text = serde_json::to_string(&clear(item, &policy, NOW).unwrap()).unwrap();
        for field in Field::ALL {
            let may_be_there = policy.fields.contains(&field)
                && !(field == Field::Accounts && policy.accounts == AccountRule::Remove);
            if !may_be_there {
                for canary in canaries(field) {
                    prop_assert!(!text.contains(canary), "{canary} in {text}");
                }
            }
        }
        for canary in ["brandt", "mia", "stadt.example"] {
            prop_assert!(!text.to_lowercase().contains(canary), "{canary} in {text}");
        }
        let named = policy.submitter == SubmitterRule::NameWithConsent && consents;
        prop_assert!(named || !text.to_lowercase().contains("fire department"), "{text}");
        prop_assert!(text.contains("evil.example") && text.contains("\"tlp\":\"clear\""));
    }

    #[test]
    fn no_words_let_a_name_through(before in "[ -~]{0,12}", after in "[ -~äöüßİı]{0,12}", upper in any::<bool>()) {
        let name = if upper { "ZYXWV.CANARY" } else { "zyxwv.canary" };
        let mut item = full(Tlp::Clear);
        item.accounts = vec![Account::new("dom\\Zyxwv.Canary")];
        item.text = Some(format!("{before}{name}{after}"));
        let text = written(item, &open(&[Field::Text]));
        prop_assert!(!text.to_lowercase().contains("zyxwv.canary"), "{text}");
    }
}
