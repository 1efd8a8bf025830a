//! Checks of a small register, the order in which to mend, deadlines, and what people decide.

use model::register::{Exposure, Item, ItemId, ItemKind, Lifecycle, Software};
use model::software::Status;
use model::vulnerability::{Exploited, Forecast, VulnerabilityId};
use model::{Day, Explained, Role, limits};
use store::state::{LedgerAsked, RegisterWhole};

use super::super::tests::Place;
use super::*;

fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

fn flaw(text: &str) -> VulnerabilityId {
    VulnerabilityId::parse(text).unwrap()
}

fn machine(name: &str, purl: &str) -> Item {
    let mut item = Item::new(id(name), ItemKind::Machine, &format!("The {name}"));
    if !purl.is_empty() {
        let software = Software { product: "bell".to_owned(), purl: Some(purl.to_owned()), ..Software::default() };
        item.software = vec![software];
    }
    item
}

/// Two flaws of a package, in an advisory database that is as new as the day; one is known to be exploited, one is likely to be.
fn evidence(today: Day) -> Evidence {
    let osv = |id: &str, fixed: &str| {
        format!(
            r#"{{"id": "{id}", "modified": "{today}T00:00:00Z", "affected": [{{"package": {{"ecosystem": "npm", "name": "bell"}},
            "ranges": [{{"type": "SEMVER", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}],
            "severity": [{{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}]}}"#
        )
    };
    let text = format!("[{},{}]", osv("CVE-2024-0001", "2.0.0"), osv("CVE-2024-0002", "1.5.0"));
    let advisories = formats::osv::any(text.as_bytes()).advisories;
    let covers = coverage(&advisories);
    let mut evidence = Evidence {
        sources: vec![AdvisorySource { name: "OSV".to_owned(), as_of: Some(today), covers }],
        advisories,
        ..Evidence::default()
    };
    let forecast = |name: &str, probability| Forecast { cve: name.parse().unwrap(), probability };
    evidence.known.forecasts.insert(today, vec![forecast("CVE-2024-0001", 0.2), forecast("CVE-2024-0002", 0.01)]);
    evidence.known.exploited = vec![Exploited {
        cve: "CVE-2024-0002".parse().unwrap(),
        added: today,
        vendor: String::new(),
        product: String::new(),
        weaknesses: Vec::new(),
        due: None,
    }];
    evidence
}

fn register(items: Vec<Item>) -> RegisterWhole {
    let items = items.into_iter().map(|item| (item.id.clone(), item)).collect();
    RegisterWhole { items, ..RegisterWhole::default() }
}

fn now() -> model::Timestamp {
    model::Timestamp::parse("2026-05-10T12:00:00Z").unwrap()
}

fn check_at(items: Vec<Item>, evidence: Evidence) -> CheckOutcome {
    check(&register(items), evidence, now())
}

fn today() -> Day {
    Day::of(now()).unwrap()
}

#[test]
fn software_is_held_against_advisories() {
    let mut retired = machine("old", "pkg:npm/bell@1.0.0");
    retired.state = Lifecycle::Retired;
    let items = vec![
        machine("srv-1", "pkg:npm/bell@1.0.0"),
        machine("srv-2", "pkg:npm/bell@1.7.0"),
        machine("srv-3", "pkg:pypi/bell@1.0.0"),
        machine("srv-4", ""),
        retired,
        Item::new(id("portal"), ItemKind::Service, "Portal"),
    ];
    let CheckOutcome { result, notes } = check_at(items, evidence(today()));
    assert!(notes.is_empty(), "{notes:?}");
    let found: Vec<String> = result.instances.iter().map(|one| format!("{} on {}", one.id, one.item)).collect();
    assert_eq!(found, ["CVE-2024-0001 on srv-1", "CVE-2024-0002 on srv-1", "CVE-2024-0001 on srv-2"]);
    let exploited = &result.instances[1];
    assert_eq!(
        (exploited.is_exploited, exploited.likelihood, exploited.cvss_score),
        (Some(true), Some(1.0), Some(9.8))
    );
    assert_eq!(exploited.fixed_in, ["1.5.0"]);
    assert!(exploited.reasons[0].contains("in a range"), "{:?}", exploited.reasons);
    assert_eq!(result.instances[0].is_exploited, Some(false));
    let looked: Vec<(String, u64)> = result.checked.iter().map(|own| (own.item.to_string(), own.looked_at)).collect();
    let expected = [("srv-1", 1), ("srv-2", 1), ("srv-3", 0), ("srv-4", 0)];
    assert_eq!(looked, expected.map(|(item, count)| (item.to_owned(), count)));
    assert!(result.checked[2].not_looked_at[0].contains("pypi"), "{:?}", result.checked[2]);
    assert!(result.checked[3].not_looked_at[0].contains("no software"), "{:?}", result.checked[3]);
    assert_eq!(result.gone, [id("old")]);
}

#[test]
fn bills_and_missing_knowledge() {
    let bill = formats::sbom::read(
        br#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"type": "application", "name": "portal", "bom-ref": "p"}},
        "components": [{"type": "library", "name": "bell", "version": "1.0.0", "purl": "pkg:npm/bell@1.0.0", "bom-ref": "b"}]}"#,
    )
    .unwrap();
    let mut all = evidence(today().plus_days(-30).unwrap());
    all.bills = vec![(id("app"), bill.clone()), (id("nowhere"), bill)];
    all.known = model::vulnerability::Known::default();
    let app = Item::new(id("app"), ItemKind::Application, "App");
    let CheckOutcome { result, notes } = check_at(vec![app], all);
    assert_eq!(result.instances.len(), 2);
    // Nothing was held against it: that is no "no".
    let one = &result.instances[0];
    assert_eq!((one.is_exploited, one.likelihood), (None, None));
    assert!(notes.iter().any(|note| note.contains("nothing is ranked")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("nowhere is not in the register")), "{notes:?}");
    assert_eq!(result.checked[0].sources_of, today().plus_days(-30), "the age of the source is kept");
}

async fn city(place: &Place) {
    let lead = place.ctx(Role::Lead);
    let mut public = machine("srv-1", "pkg:npm/bell@1.0.0");
    public.exposure = Some(Exposure::Public);
    for item in [public, machine("srv-2", "pkg:npm/bell@1.7.0"), machine("srv-3", "")] {
        place.office.add_item(&lead, item).await.unwrap();
    }
    let day = Day::of(lead.now).unwrap();
    let outcome = place.office.plan_check(&lead, evidence(day)).await.unwrap();
    place.office.record_check(&lead, &outcome.result).await.unwrap();
}

fn rows(page: &VulnerabilitiesPage) -> Vec<String> {
    page.rows.iter().map(|view| format!("{} on {}", view.instance.id, view.instance.item)).collect()
}

fn asked() -> VulnerabilitiesAsked {
    VulnerabilitiesAsked { rows_max: 100, ..VulnerabilitiesAsked::default() }
}

#[tokio::test]
async fn the_order_in_which_to_mend() {
    let place = Place::new().await;
    city(&place).await;
    let analyst = place.ctx(Role::Analyst);
    let page = place.office.vulnerabilities(&analyst, &asked(), &Harms::new()).await.unwrap();
    // Nobody reckoned any harm: what is exploited comes first, then by likelihood.
    assert_eq!(rows(&page)[0], "CVE-2024-0002 on srv-1");
    assert!(page.rows.iter().all(|view| view.harm.is_none()));
    let counts = page.counts;
    assert_eq!((counts.open, counts.exploited, counts.overdue), (3, 1, 0));
    assert_eq!((counts.items_checked, counts.items_stale, counts.items_not_checked), (2, 0, 1));
    // With harms, what is not reckoned stands first, the others by harm.
    let harm = |value| Explained { value, because: vec!["a reason".to_owned()] };
    let harms = Harms::from([
        ((flaw("CVE-2024-0001"), id("srv-1")), harm(3.0)),
        ((flaw("CVE-2024-0002"), id("srv-1")), harm(1.0)),
    ]);
    let page = place.office.vulnerabilities(&analyst, &asked(), &harms).await.unwrap();
    assert_eq!(rows(&page), ["CVE-2024-0001 on srv-2", "CVE-2024-0001 on srv-1", "CVE-2024-0002 on srv-1"]);
    let check = async |change: &dyn Fn(&mut VulnerabilitiesAsked), expected: usize| {
        let mut asked = asked();
        change(&mut asked);
        let page = place.office.vulnerabilities(&analyst, &asked, &harms).await.unwrap();
        assert_eq!(page.total as usize, expected, "{asked:?}");
    };
    check(&|asked| asked.item = Some(id("srv-2")), 1).await;
    check(&|asked| asked.text = "THE SRV-1".to_owned(), 2).await;
    check(&|asked| asked.is_exploited = Some(true), 1).await;
    check(&|asked| asked.is_overdue = Some(true), 0).await;
    check(&|asked| asked.looked_at = Some(LookedAtWord::Stale), 0).await;
    let first = VulnerabilitiesAsked { rows_max: 2, ..asked() };
    let page = place.office.vulnerabilities(&analyst, &first, &harms).await.unwrap();
    assert_eq!((page.rows.len(), page.next), (2, Some(2)));
    let second = VulnerabilitiesAsked { skip: 2, ..first };
    let page = place.office.vulnerabilities(&analyst, &second, &harms).await.unwrap();
    assert_eq!((page.rows.len(), page.next), (1, None));
}

#[tokio::test]
async fn time_passes() {
    let place = Place::new().await;
    city(&place).await;
    let mut later = place.ctx(Role::Analyst);
    later.now = later.now.plus(std::time::Duration::from_secs(20 * 86_400));
    let page = place.office.vulnerabilities(&later, &asked(), &Harms::new()).await.unwrap();
    assert_eq!((page.counts.items_stale, page.counts.items_not_checked), (2, 1));
    let overdue: Vec<&VulnerabilityView> = page.rows.iter().filter(|view| view.due.is_overdue()).collect();
    assert!(overdue.iter().any(|view| view.instance.id == flaw("CVE-2024-0002")), "{:?}", rows(&page));
    assert_eq!(page.counts.overdue as usize, overdue.len());
}

#[tokio::test]
async fn a_risk_is_carried_and_lifted() {
    let place = Place::new().await;
    city(&place).await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    let today = Day::of(lead.now).unwrap();
    let wanted = |days: i32, why: &str| AcceptanceAsked {
        id: flaw("CVE-2024-0002"),
        item: Some(id("srv-1")),
        justification: why.to_owned(),
        until: today.plus_days(days).unwrap(),
    };
    let analyst = place.ctx(Role::Analyst);
    assert!(matches!(office.accept_risk(&analyst, wanted(10, "x")).await, Err(OfficeError::Denied(_))));
    for (days, why) in [(10, "  "), (-1, "x"), (limits::ACCEPTANCE_DAYS_MAX + 1, "x")] {
        assert!(matches!(office.accept_risk(&lead, wanted(days, why)).await, Err(OfficeError::Refused(_))), "{days}");
    }
    let long = "x".repeat(limits::JUSTIFICATION_CHARS_MAX + 1);
    assert!(office.accept_risk(&lead, wanted(10, &long)).await.is_err());
    let nowhere = AcceptanceAsked { item: Some(id("nowhere")), ..wanted(10, "x") };
    assert!(matches!(office.accept_risk(&lead, nowhere).await, Err(OfficeError::NotFound { .. })));
    let kept = office.accept_risk(&lead, wanted(10, "the firewall keeps it off")).await.unwrap();
    let place_of = (&flaw("CVE-2024-0002"), &id("srv-1"));
    let detail = office.vulnerability(&lead, place_of, &Harms::new()).await.unwrap();
    assert!(detail.view.is_accepted() && !detail.view.due.is_overdue());
    let page = office.vulnerabilities(&lead, &asked(), &Harms::new()).await.unwrap();
    assert_eq!((page.counts.accepted, page.counts.ending_soon), (1, 1));
    // It ends by itself.
    let mut later = place.ctx(Role::Lead);
    later.now = later.now.plus(std::time::Duration::from_secs(15 * 86_400));
    let detail = office.vulnerability(&later, place_of, &Harms::new()).await.unwrap();
    assert!(detail.view.due.is_overdue());
    assert!(detail.view.due.because.iter().any(|reason| reason.to_string().contains("ended on")));
    office.lift_acceptance(&lead, kept.number).await.unwrap();
    assert!(matches!(office.lift_acceptance(&lead, kept.number).await, Err(OfficeError::Conflict(_))));
    let detail = office.vulnerability(&lead, place_of, &Harms::new()).await.unwrap();
    assert!(!detail.view.is_accepted() && detail.acceptances[0].lifted.is_some());
    let lines = office.audit(&place.ctx(Role::Auditor), &LedgerAsked::default()).await.unwrap();
    let done = |name: &str| lines.iter().any(|line| line.entry.operation.as_str() == name);
    assert!(done("risk.accept") && done("risk.lift") && done("vulnerability.check"));
}

#[tokio::test]
async fn a_person_knows_better() {
    let place = Place::new().await;
    city(&place).await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    let say = |status| WordAsked {
        id: flaw("CVE-2024-0001"),
        item: id("srv-2"),
        status,
        why: "the module is not loaded".to_owned(),
    };
    assert!(office.say_status(&place.ctx(Role::Analyst), say(Some(Status::NotAffected))).await.is_err());
    office.say_status(&lead, say(Some(Status::NotAffected))).await.unwrap();
    let page = office.vulnerabilities(&lead, &asked(), &Harms::new()).await.unwrap();
    assert_eq!(page.total, 2);
    let settled = VulnerabilitiesAsked { with_settled: true, ..asked() };
    let page = office.vulnerabilities(&lead, &settled, &Harms::new()).await.unwrap();
    let last = page.rows.last().unwrap();
    assert_eq!((page.total, last.instance.status), (3, Status::NotAffected), "what is settled stands last");
    assert!(last.instance.reasons[0].contains("the module is not loaded"));
    office.say_status(&lead, say(None)).await.unwrap();
    let page = office.vulnerabilities(&lead, &asked(), &Harms::new()).await.unwrap();
    assert_eq!(page.total, 3);
}

#[tokio::test]
async fn the_policy_is_the_agencys_own() {
    let place = Place::new().await;
    city(&place).await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    let own = "title = \"ours\"\nstale_days = 1\nsoon_days = 5\ncatalogue_dates = true\n[[clause]]\nname = \"all\"\ndays = 0\n";
    assert!(office.set_due_policy(&lead, DUE_POLICY, b"title = 1").await.is_err());
    office.set_due_policy(&lead, DUE_POLICY, own.as_bytes()).await.unwrap();
    assert_eq!(office.due_policy(&lead).await.unwrap().title, "ours");
    // A table that decides what the policy has no days for is refused.
    let table = b"row,In KEV v1.0.0 (cisa),What v1.0.0\n0,no,14 days\n1,yes,soon\n";
    assert!(office.set_due_policy(&lead, DUE_TABLE, table).await.is_err());
    let table = b"row,In KEV v1.0.0 (cisa),What v1.0.0\n0,no,14 days\n1,yes,3 days\n";
    office.set_due_policy(&lead, DUE_TABLE, table).await.unwrap();
    assert!(office.set_due_policy(&place.ctx(Role::Analyst), DUE_TABLE, table).await.is_err());
    let page = office.vulnerabilities(&lead, &asked(), &Harms::new()).await.unwrap();
    assert!(page.rows.iter().all(|view| view.due.standing.to_string() == "due today"), "{:?}", page.rows[0].due);
}
