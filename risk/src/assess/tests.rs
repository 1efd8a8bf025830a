use std::collections::{BTreeMap, BTreeSet};

use model::register::{DataCategory, DataHeld, Exposure, Item, ItemId, ItemKind, Lifecycle, Link, LinkKind};
use proptest::prelude::*;

use super::*;
use crate::controls::Evidence;
use crate::order::Verdict;
use crate::severity::Unit;

const DRAWS: u64 = 2_048;

/// Everything that [`Given`] borrows.
#[derive(Clone)]
struct Town {
    items: BTreeMap<ItemId, Item>,
    links: Vec<Link>,
    flaws: Vec<Flaw>,
    checked: BTreeSet<ItemId>,
    controls: BTreeMap<ItemId, BTreeMap<String, AssessedShares>>,
    gates: BTreeMap<ItemId, Vec<String>>,
    watches: BTreeMap<ItemKind, Watch>,
    policy: Policy,
}

fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

impl Town {
    fn of(items: Vec<Item>, links: Vec<Link>) -> Self {
        let checked = items.iter().map(|item| item.id.clone()).collect();
        let items = items.into_iter().map(|item| (item.id.clone(), item)).collect();
        let (flaws, controls, gates, watches) = (Vec::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Town { items, links, flaws, checked, controls, gates, watches, policy: Policy::built_in().unwrap() }
    }

    /// A library's portal on a server, with its store of 20,000 readers.
    fn library() -> Self {
        let mut portal = said("library", ItemKind::Service);
        portal.residents = Some(20_000);
        portal.day_costs = Some(2_000);
        let server = said("server", ItemKind::Machine);
        let mut store = said("readers", ItemKind::DataStore);
        store.data = Some(vec![DataHeld { category: DataCategory::Contact, residents: Some(20_000) }]);
        let link = |from, kind, to| Link::new(id(from), kind, id(to));
        let links = vec![link("library", LinkKind::RunsOn, "server"), link("library", LinkKind::StoresIn, "readers")];
        Town::of(vec![portal, server, store], links)
    }

    fn city() -> Self {
        let register = testkit::city::City::new(7).register();
        let (items, links) = (register.items, register.links);
        Town::of(items, links)
    }

    fn given(&self) -> Given<'_> {
        Given {
            items: &self.items,
            links: &self.links,
            flaws: &self.flaws,
            checked: &self.checked,
            controls: &self.controls,
            gates: &self.gates,
            watches: &self.watches,
            policy: &self.policy,
        }
    }

    fn posture(&self) -> CityPosture {
        posture(&self.given(), DRAWS).unwrap()
    }

    fn opening(&self, service: &str) -> OpeningOf {
        let found = openings(&self.given(), 64).unwrap();
        found.into_iter().find(|opening| opening.service == id(service)).unwrap()
    }

    fn p90(&self, unit: Unit) -> f64 {
        self.opening("library").added[&unit].p90
    }

    fn flaw(&mut self, item: &str, tried: Option<f64>) {
        self.flaws.push(Flaw { item: id(item), tried: tried.map(|tried| Probability::new(tried).unwrap()) });
    }
}

/// An item of which everything is said, and nothing bad.
fn said(name: &str, kind: ItemKind) -> Item {
    let mut item = Item::new(id(name), kind, &format!("The {name}"));
    item.exposure = Some(Exposure::Internal);
    item.data = Some(Vec::new());
    item.is_life_safety = Some(false);
    item.residents = Some(0);
    item.day_costs = Some(0);
    item
}

fn says(opening: &OpeningOf, part: &str) -> bool {
    opening.because.iter().any(|why| why.to_string().contains(part))
}

#[test]
fn an_open_service_lets_the_public_meet_what_it_runs_on() {
    let mut town = Town::library();
    town.flaw("server", Some(0.9));
    let inside = town.posture();
    town.items.get_mut(&id("library")).unwrap().exposure = Some(Exposure::Public);
    let open = town.posture();
    let of = |posture: &CityPosture| posture.items[&id("server")].probability.get();
    assert!(of(&inside) < 0.8 && of(&open) > 0.99, "{} {}", of(&inside), of(&open));
    assert!(open.flaws[0].score.value > inside.flaws[0].score.value);
    // One that is only planned lets nobody in yet.
    town.items.get_mut(&id("library")).unwrap().state = Lifecycle::Planned;
    assert!(of(&town.posture()) < 0.8);
}

#[test]
fn what_is_all_said_may_open() {
    let town = Town::library();
    let found = town.posture();
    assert!(found.unsaid.is_empty(), "{:?}", found.unsaid);
    // The data is counted where it is stored, with what falls with it: readers' data at 40 each and three days without the portal.
    let falls = found.items[&id("library")].falls.clone().unwrap();
    let alone = 3.0 * 2_000.0;
    let most = alone + 20_000.0 * 40.0;
    assert!(falls[&Unit::Money] > alone && falls[&Unit::Money] < most, "{falls:?}");
    let opening = town.opening("library");
    assert_eq!((opening.verdict, opening.is_public), (Verdict::Open, false), "{:?}", opening.because);
    assert!(says(&opening, "within the tolerated") && says(&opening, "controls were not assessed"));
    let loss = &found.services[0];
    assert_eq!((loss.service.as_str(), loss.is_unsure), ("library", false));
    let money = loss.summaries[&Unit::Money];
    assert!(money.p50 <= money.p90 && money.p90 <= money.var99);
    let expected = -(1.0 - found.items[&id("library")].probability.get()).ln() * falls[&Unit::Money];
    assert!((money.mean / expected - 1.0).abs() < 1e-6, "{} {expected}", money.mean);
}

#[test]
fn what_nobody_has_said_is_named_and_counts() {
    let sure = Town::library();
    let mut unsure = sure.clone();
    let portal = unsure.items.get_mut(&id("library")).unwrap();
    (portal.data, portal.residents, portal.is_life_safety, portal.day_costs) = (None, None, None, None);
    let found = unsure.posture();
    let whats: Vec<&str> = found.unsaid.iter().map(|unsaid| unsaid.what).collect();
    assert_eq!(
        whats,
        [
            "how many residents use it",
            "what a day without it costs",
            "whether lives hang on it",
            "which personal data it holds"
        ]
    );
    assert!(unsure.p90(Unit::Money) > 5.0 * sure.p90(Unit::Money));
    let (wide, narrow) = (&found.services[0], &sure.posture().services[0]);
    let ratio = |loss: &ServiceLoss| loss.summaries[&Unit::Residents].sd / loss.summaries[&Unit::Residents].mean;
    assert!(wide.is_unsure && ratio(wide) > ratio(narrow), "{} {}", ratio(wide), ratio(narrow));
    assert!(says(&unsure.opening("library"), "library: nobody has said whether lives hang on it"));
}

#[test]
fn vulnerabilities_hold_back_until_they_are_mended() {
    let mut town = Town::library();
    let before = town.p90(Unit::Money);
    for _ in 0..3 {
        town.flaw("server", Some(0.6));
    }
    town.policy.tolerances = BTreeMap::from([(Unit::Money, before * 1.5)]);
    let opening = town.opening("library");
    assert_eq!(opening.verdict, Verdict::OpenWithConditions, "{:?}", opening.because);
    assert_eq!(opening.conditions[0].measure, "mend", "{:?}", opening.conditions);
    assert!(
        opening.conditions[0].title.starts_with("3 vulnerabilities") && says(&opening, "3 vulnerabilities are open")
    );
    // Those on a store that is not met by the public do not stand in front.
    let mut behind = Town::library();
    behind.flaw("readers", Some(0.6));
    assert!(!says(&behind.opening("library"), "vulnerabilit"));
}

#[test]
fn what_was_not_looked_at_may_be_full_of_holes() {
    let mut town = Town::library();
    let before = town.p90(Unit::Money);
    town.checked.remove(&id("server"));
    let opening = town.opening("library");
    assert!(says(&opening, "nobody has looked for vulnerabilities lately on server"));
    assert!(town.p90(Unit::Money) > 2.0 * before);
}

#[test]
fn controls_count_when_they_were_assessed_through() {
    let mut town = Town::library();
    let before = town.p90(Unit::Money);
    let evidence = |satisfied, not| Some(Evidence::new(satisfied, not).unwrap());
    let mut shares = AssessedShares { efficacy: evidence(20.0, 1.0), coverage: evidence(20.0, 0.0), reliability: None };
    let put = |town: &mut Town, shares: AssessedShares| {
        town.controls = BTreeMap::from([(id("library"), BTreeMap::from([("ia-2".to_owned(), shares)]))]);
    };
    put(&mut town, shares);
    assert!((town.p90(Unit::Money) / before - 1.0).abs() < 1e-9, "reliability was not assessed");
    shares.reliability = evidence(20.0, 0.0);
    put(&mut town, shares);
    assert!(town.p90(Unit::Money) < 0.5 * before);
    let opening = town.opening("library");
    assert!(says(&opening, "gets past its controls"));
    assert!(opening.next_best.is_none_or(|(condition, _)| condition.measure != "proof"), "it is in place");
}

#[test]
fn an_app_has_a_gate_of_its_own() {
    let mut town = Town::library();
    let mut app = said("library-app", ItemKind::Application);
    app.is_mobile = true;
    town.checked.insert(app.id.clone());
    town.items.insert(app.id.clone(), app);
    town.links.push(Link::new(id("library"), LinkKind::DependsOn, id("library-app")));
    let held = town.opening("library");
    assert_eq!(held.verdict, Verdict::NotYet);
    assert!(says(&held, "library-app has not passed its gate, 1 missing: it has not been at the gate"));
    town.gates.insert(id("library-app"), vec!["storage".to_owned(), "network".to_owned()]);
    assert!(says(&town.opening("library"), "2 missing: storage; network"));
    town.gates.insert(id("library-app"), Vec::new());
    assert_eq!(town.opening("library").verdict, Verdict::Open);
}

#[test]
fn what_was_seen_moves_rates() {
    let mut town = Town::library();
    let before = town.posture().items[&id("server")].own;
    let watch = |events| Watch { events, years: 200.0, noticed: Probability::ONE };
    town.watches.insert(ItemKind::Machine, watch(0));
    let calm = town.posture().items[&id("server")].own;
    town.watches.insert(ItemKind::Machine, watch(60));
    let stormy = town.posture().items[&id("server")].own;
    assert!(calm < before && before < stormy, "{calm} {before} {stormy}");
}

#[test]
fn retired_and_planned() {
    let mut town = Town::library();
    let portal = town.items.get_mut(&id("library")).unwrap();
    portal.state = Lifecycle::Planned;
    // What does not run is no cause, but falls with what it runs on.
    let found = town.posture();
    assert_eq!(found.items[&id("library")].own, Probability::ZERO);
    assert!(town.opening("library").added[&Unit::Money].mean > 0.0);
    town.items.get_mut(&id("library")).unwrap().state = Lifecycle::Retired;
    assert!(!town.posture().items.contains_key(&id("library")));
    assert!(openings(&town.given(), 16).unwrap().is_empty());
}

#[test]
fn flaws_stand_by_the_harm_that_they_do() {
    let mut town = Town::library();
    let lonely = said("lonely", ItemKind::Machine);
    town.items.insert(lonely.id.clone(), lonely);
    town.flaw("lonely", Some(0.9));
    town.flaw("server", Some(0.05));
    town.flaw("server", None);
    let order: Vec<usize> = town.posture().flaws.iter().map(|flaw| flaw.flaw).collect();
    // Nobody ranked the last: it counts as tried for certain. Nothing hangs on the first.
    assert_eq!(order, [2, 1, 0]);
    // What is tried for certain does harm all the same.
    let worst = &town.posture().flaws[0];
    assert!(worst.score.value > 10_000.0, "{worst:?}");
}

#[test]
fn a_whole_city_the_same_twice() {
    let town = Town::city();
    let found = town.posture();
    assert_eq!(found, town.posture());
    assert!(found.items.values().all(|item| item.interval.contains(item.probability.get())));
    let services =
        town.items.values().filter(|item| item.kind == ItemKind::Service && item.state != Lifecycle::Retired);
    let all = openings(&town.given(), 64).unwrap();
    assert_eq!(all.len(), services.count());
    assert_eq!(all, openings(&town.given(), 64).unwrap());
    let verdicts: BTreeSet<Verdict> = all.iter().map(|opening| opening.verdict).collect();
    assert!(verdicts.len() > 1, "{verdicts:?}");
    for curve in found.curves.values() {
        assert!(curve.windows(2).all(|pair| pair[0].loss < pair[1].loss && pair[0].probability >= pair[1].probability));
    }
}

#[test]
fn levels_have_the_bounds_of_the_standard() {
    let check = |percent: f64, expected| assert_eq!(level(Probability::new(percent / 100.0).unwrap()), expected);
    check(0.0, "very low");
    check(4.9, "very low");
    check(5.0, "low");
    check(21.0, "moderate");
    check(80.0, "high");
    check(96.0, "very high");
    assert_eq!([0.0, 999.4, 1_234_567.0].map(say::whole), ["0", "999", "1,234,567"]);
    let words = |percent: f64| say::percent(Probability::new(percent / 100.0).unwrap());
    assert_eq!([0.0, 0.01, 0.44, 34.2, 100.0].map(words), ["0 %", "less than 0.1 %", "0.4 %", "34 %", "100 %"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Taking a word back, or finding one more flaw, never makes it look better.
    #[test]
    fn ignorance_and_flaws_never_help(what in 0..6usize, tried in 0.0..1.0f64) {
        let town = Town::library();
        let mut less = town.clone();
        let portal = less.items.get_mut(&id("library")).unwrap();
        match what {
            0 => portal.data = None,
            1 => portal.residents = None,
            2 => portal.is_life_safety = None,
            3 => less.items.get_mut(&id("server")).unwrap().exposure = None,
            4 => { less.checked.remove(&id("library")); less.checked.remove(&id("server")); }
            _ => less.flaw("server", Some(tried)),
        }
        for unit in [Unit::Money, Unit::Residents, Unit::ResidentHours] {
            prop_assert!(less.p90(unit) >= town.p90(unit) * (1.0 - 1e-9), "{unit} {what}");
            let (worse, better) = (less.posture().harms[&unit].mean, town.posture().harms[&unit].mean);
            // What was looked at for vulnerabilities bears on openings only.
            prop_assert!(worse >= better * (1.0 - 1e-9), "{unit} {what}: {worse} {better}");
        }
    }
}
