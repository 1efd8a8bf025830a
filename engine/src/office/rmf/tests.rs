//! One service, through all seven steps and out of them again.

use model::Role;
use model::register::{DataCategory, DataHeld, Exposure, Impact, Link, LinkKind};
use risk::rmf::{Action, ActionStatus, Decision, Implementation, Method, Source, StepState};
use serde_json::json;

use super::super::tests::Place;
use super::*;

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

fn metadata() -> serde_json::Value {
    json!({"title": "Ours", "last-modified": "2026-11-26T00:00:00Z", "version": "1", "oscal-version": "1.2.1"})
}

fn catalog() -> Vec<u8> {
    let control =
        |id: &str| json!({"id": id, "title": id, "parts": [{"id": format!("{id}_smt"), "name": "statement"}]});
    let controls: Vec<_> = ["ac-1", "cm-8", "cp-2", "pt-1"].map(control).into();
    let uuid = "e18eb11d-19ae-4f7b-a6e2-3d3fcc0a4e40";
    json!({"catalog": {"uuid": uuid, "metadata": metadata(), "controls": controls}}).to_string().into()
}

fn profile(number: u8, controls: &[&str]) -> Vec<u8> {
    let uuid = format!("e18eb11d-19ae-4f7b-a6e2-3d3fcc0a4e5{number}");
    let imports = json!([{"href": "https://city.example/all.json", "include-controls": [{"with-ids": controls}]}]);
    json!({"profile": {"uuid": uuid, "metadata": metadata(), "imports": imports}}).to_string().into()
}

async fn registered(place: &Place, ctx: &OpContext) {
    for (name, kind) in [("portal", ItemKind::Service), ("server", ItemKind::Machine)] {
        let mut item = Item::new(id(name), kind, name);
        item.owner = "Office of tests".into();
        item.exposure = Some(Exposure::Internal);
        item.data = Some(Vec::new());
        item.day_costs = Some(9_000);
        place.office.add_item(ctx, item).await.unwrap();
    }
    place.office.link_items(ctx, Link::new(id("portal"), LinkKind::DependsOn, id("server"))).await.unwrap();
}

fn said<T>(refused: Result<T, OfficeError>) -> String {
    refused.err().map(|error| error.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn a_service_goes_through_all_steps_and_changes_open_them_again() {
    let place = Place::new().await;
    let (office, lead, portal) = (&place.office, place.ctx(Role::Lead), id("portal"));
    let operator = place.ctx(Role::Operator);
    registered(&place, &lead).await;
    assert!(said(office.rmf_select(&operator, &portal, (None, None)).await).contains("rmf categorize"));
    let low = || (Some(Impact::Low), "nothing else is known".to_owned());
    office.rmf_categorize(&operator, &portal, [low(), low(), low()]).await.unwrap();
    assert!(said(office.rmf_select(&operator, &portal, (None, None)).await).contains("rmf bring profile low"));
    let wrong = office.rmf_bring(&operator, (DocumentKind::Catalog, "all"), profile(1, &[])).await;
    assert!(said(wrong).contains("no catalog"));
    office.rmf_bring(&operator, (DocumentKind::Catalog, "all"), catalog()).await.unwrap();
    office.rmf_bring(&operator, (DocumentKind::Profile, "low"), profile(1, &["ac-1", "cm-8"])).await.unwrap();
    assert_eq!(office.rmf_select(&operator, &portal, (None, None)).await.unwrap(), Vec::<String>::new());
    let tailor = |control, how, why| office.rmf_tailor(&operator, &portal, (control, how, why));
    assert!(said(tailor("zz-9", Tailor::Add, "x").await).contains("no catalog"));
    assert!(said(tailor("ac-1", Tailor::Remove, " ").await).contains("nothing is said"));
    tailor("cp-2", Tailor::Add, "it has to be there").await.unwrap();
    tailor("ac-1", Tailor::Remove, "the city has one for all").await.unwrap();
    for control in ["cm-8", "cp-2"] {
        let how = (Implementation::Implemented, "the register says it", Source::Item(id("server")));
        office.rmf_state(&operator, (&portal, control), how).await.unwrap();
    }
    let elsewhere = (Implementation::Implemented, "there", Source::InheritedFrom(id("nowhere")));
    assert!(said(office.rmf_state(&operator, (&portal, "cm-8"), elsewhere).await).contains("nowhere"));
    let seam = RmfSeam { vulnerabilities: Some(BTreeMap::new()), ..RmfSeam::default() };
    let checked = office.rmf_check(&operator, &portal, &seam).await.unwrap();
    assert!(checked.iter().any(|one| one.control == "cm-8" && one.is_satisfied == Some(false)), "{checked:?}");
    office.rmf_assess(&operator, (&portal, "cp-2"), (Method::Examine, true, "read"), Vec::new()).await.unwrap();
    let action = Action {
        control: "cm-8".into(),
        words: "register the address".into(),
        due: operator.now.plus(30 * DAY),
        status: ActionStatus::Open,
        done: done(&operator),
    };
    office.rmf_plan(&operator, (&portal, "address"), action).await.unwrap();
    let accepted = |decision, days: u32| Accepted {
        decision,
        expires: operator.now.plus(days * DAY),
        conditions: Vec::new(),
        risk: "an address that nobody registered".into(),
    };
    let authorize = |accepted| office.rmf_authorize(&operator, &portal, (accepted, &seam));
    assert!(said(authorize(accepted(Decision::Authorize, 90)).await).contains("rmf documents"));
    assert_eq!(office.rmf_documents(&operator, &portal).await.unwrap().len(), 4);
    assert!(said(authorize(accepted(Decision::Authorize, 2_000)).await).contains("three years"));
    assert!(said(authorize(accepted(Decision::AuthorizeWithConditions, 90)).await).contains("none is named"));
    authorize(accepted(Decision::Authorize, 90)).await.unwrap();
    let verified = office.rmf_verify(&operator, &portal).await.unwrap();
    assert!(verified.is_signed && verified.changed.is_empty(), "{verified:?}");
    let mut forged = verified.signed.clone();
    forged.record.accepted.expires = operator.now.plus(900 * DAY);
    assert!(!forged.is_signed_by(office.ledger.verifier()));
    let (view, drift) = office.rmf_monitor(&operator, &portal, &seam).await.unwrap();
    // The package was told about the decision after the documents were made; nothing else is new.
    assert_eq!(drift, []);
    assert!(view.steps.iter().all(|step| step.state == StepState::Done), "{:?}", view.steps);
    let widen = |item: &mut Item| {
        item.exposure = Some(Exposure::Public);
        item.data = Some(vec![DataHeld { category: DataCategory::Health, residents: None }]);
        Ok(())
    };
    office.change_item(&lead, &id("server"), None, widen).await.unwrap();
    let worse = BTreeMap::from([(id("server"), BTreeSet::from(["CVE-2026-1".to_owned()]))]);
    let seam = RmfSeam { vulnerabilities: Some(worse), ..RmfSeam::default() };
    let (view, drift) = office.rmf_monitor(&operator, &portal, &seam).await.unwrap();
    assert_eq!(drift.len(), 3, "{drift:?}");
    let again = view.steps.iter().filter(|step| step.state == StepState::Reopened).map(|step| step.step);
    assert_eq!(again.collect::<Vec<_>>(), [Step::Categorize, Step::Assess]);
    // What was found of controls is reckoned with: what was tried and what was read are different shares.
    let stake = office.stake(&operator).await.unwrap();
    let controls = &stake.inputs.controls[&id("portal")];
    assert!(controls["cm-8"].efficacy.is_some() && controls["cp-2"] != controls["cm-8"], "{controls:?}");
    let known = office.rmf_seam(&operator, crate::access::Operation::RiskRead, &portal).await.unwrap();
    assert!(known.vulnerabilities.is_none(), "nobody ever looked");
    // A decision that the package does not name counts for nothing, and is told of.
    let stray = super::place(DocumentKind::Authorization, "portal").unwrap();
    office.keep_document(&operator, &stray, After::Any, b"{}").await.unwrap();
    let verified = office.rmf_verify(&operator, &portal).await.unwrap();
    assert_eq!((verified.is_signed, verified.unnamed), (true, Some(2)));
}

#[tokio::test]
async fn what_is_late_or_too_much_is_refused() {
    let place = Place::new().await;
    let (office, lead, portal) = (&place.office, place.ctx(Role::Lead), id("portal"));
    registered(&place, &lead).await;
    let low = || (Some(Impact::Low), "nothing else is known".to_owned());
    let long = (Some(Impact::Low), "x".repeat(limits::ITEM_TEXT_BYTES_MAX + 1));
    let much = office.rmf_categorize(&lead, &portal, [low(), low(), long]).await;
    assert!(said(much).contains("a reason has at most"));
    office.rmf_categorize(&lead, (&portal, 0_u64), [low(), low(), low()]).await.unwrap();
    let late = office.rmf_categorize(&lead, (&portal, 0_u64), [low(), low(), low()]).await;
    assert!(matches!(late, Err(OfficeError::Conflict(_))), "{late:?}");
    let server = id("server");
    let bound = |seen: u64| office.rmf_bound(&lead, (&portal, seen), (&server, Tailor::Add, "it belongs to it"));
    assert!(matches!(bound(0).await, Err(OfficeError::Conflict(_))));
    bound(1).await.unwrap();
    office.rmf_bring(&lead, (DocumentKind::Catalog, "all"), catalog()).await.unwrap();
    office.rmf_bring(&lead, (DocumentKind::Profile, "low"), profile(1, &["ac-1"])).await.unwrap();
    office.rmf_select(&lead, (&portal, 2_u64), (None, None)).await.unwrap();
    let view = office.rmf_package(&lead, &portal).await.unwrap();
    assert_eq!(view.package.selection.unwrap().titles["ac-1"], "ac-1");
    let evidence = Evidence { what: "a paper".into(), place: String::new(), hash: String::new(), at: lead.now };
    let assess =
        |evidence| office.rmf_assess(&lead, ((&portal, 3_u64), "ac-1"), (Method::Examine, true, "read"), evidence);
    let far = "x".repeat(limits::PACKAGE_PLACE_BYTES_MAX + 1);
    for (evidence, expected) in [
        (vec![evidence.clone(); limits::PACKAGE_EVIDENCE_MAX + 1], "pieces of evidence"),
        (vec![Evidence { hash: "12".into(), ..evidence.clone() }], "SHA-256"),
        (vec![Evidence { place: far, ..evidence.clone() }], "where evidence is"),
    ] {
        assert!(said(assess(evidence).await).contains(expected), "{expected}");
    }
    assess(vec![evidence; limits::PACKAGE_EVIDENCE_MAX]).await.unwrap();
    // Nobody has looked for vulnerabilities, and nobody says where events are.
    let seam = office.rmf_seam(&lead, crate::access::Operation::RiskRead, &portal).await.unwrap();
    assert!(seam.vulnerabilities_checked.is_none() && seam.vulnerabilities.is_none() && seam.seen.is_none());
}

#[tokio::test]
async fn whoever_may_not_does_not() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    registered(&place, &lead).await;
    let reader = place.ctx(Role::Reader);
    assert!(matches!(office.rmf_services(&reader).await, Err(OfficeError::Denied(_))));
    let stale = OpContext { proven: None, ..place.ctx(Role::Lead) };
    let accepted =
        Accepted { decision: Decision::Deny, expires: stale.now.plus(DAY), conditions: Vec::new(), risk: "no".into() };
    let refused = office.rmf_authorize(&stale, &id("portal"), (accepted, &RmfSeam::default())).await;
    assert!(matches!(refused, Err(OfficeError::Denied(_))), "{refused:?}");
}
