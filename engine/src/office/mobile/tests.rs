//! From a manifest to an open gate, what is refused on the way, and who may.

use model::Role;
use model::register::{DataHeld, ItemKind, Link, LinkKind};

use super::super::tests::Place;
use super::*;

const MANIFEST: &str = r#"<manifest package="city.waste" android:versionName="VERSION"><uses-sdk android:targetSdkVersion="34"/>
<uses-permission android:name="android.permission.ACCESS_FINE_LOCATION"/><application android:allowBackup="BACKUP"/></manifest>"#;

fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap()
}

fn manifest(version: &str, backup: &str) -> MobileManifest {
    read_manifest(MANIFEST.replace("VERSION", version).replace("BACKUP", backup).as_bytes()).unwrap()
}

async fn city(office: &Office, ctx: &OpContext) {
    let mut app = Item::new(id("app"), ItemKind::Application, "Waste app");
    app.is_mobile = true;
    app.is_life_safety = Some(false);
    app.data = Some(vec![DataHeld { category: DataCategory::Location, residents: Some(9_000) }]);
    office.add_item(ctx, app).await.unwrap();
    office.add_item(ctx, Item::new(id("backend"), ItemKind::Application, "Backend")).await.unwrap();
    office.link_items(ctx, Link::new(id("app"), LinkKind::SendsTo, id("backend"))).await.unwrap();
}

fn found(control: &str) -> SaidFinding {
    let evidence = "report 7".to_owned();
    SaidFinding { control: control.to_owned(), verdict: Verdict::Satisfied, why: String::new(), evidence, day: None }
}

#[tokio::test]
async fn from_a_manifest_to_an_open_gate() {
    let place = Place::new().await;
    let (office, owner) = (&place.office, place.ctx(Role::ServiceOwner));
    city(office, &owner).await;
    let app = id("app");
    assert_eq!(office.mobile(&owner, &app).await.unwrap().gate.missing, [GateReason::NotAssessed]);
    // Nothing is found about a version that nobody knows.
    let early = office.say_mobile_finding(&owner, &app, None, found("MASVS-CODE-1")).await;
    assert!(matches!(early, Err(OfficeError::Refused(why)) if why.contains("which version runs")));
    let brought = office.bring_mobile_manifest(&owner, &app, &manifest("1.0", "true")).await.unwrap();
    assert_eq!((brought.new_permissions.len(), brought.version.as_str()), (1, "1.0"));
    assert_eq!(brought.objections, ["MASVS-STORAGE-2: backups of its data are allowed"]);
    let again = office.bring_mobile_manifest(&owner, &app, &manifest("1.0", "false")).await.unwrap();
    assert!(again.new_permissions.is_empty() && again.objections.is_empty(), "{again:?}");
    for control in office.mobile_profile().unwrap().controls {
        office.say_mobile_finding(&owner, &app, None, found(&control.id)).await.unwrap();
    }
    let said = SaidPermission {
        platform: MobilePlatform::Android,
        name: "android.permission.ACCESS_FINE_LOCATION".to_owned(),
        why: Some("shows the next container".to_owned()),
        data: Some(vec![DataCategory::Location]),
        is_optional: None,
    };
    office.name_mobile_permission(&owner, &app, None, said).await.unwrap();
    let flow = Flow {
        to: FlowEnd::Item(id("backend")),
        data: Some(vec![DataCategory::Location]),
        is_encrypted: Some(true),
        purpose: "to plan rounds".to_owned(),
        is_third_party: Some(false),
    };
    office.name_mobile_flow(&owner, &app, None, flow.clone()).await.unwrap();
    let none = |all: &mut MobileAssessment| {
        all.trackers = Some(Vec::new());
        Ok(())
    };
    office.change_mobile(&owner, &app, None, none).await.unwrap();
    let gate = office.mobile(&owner, &app).await.unwrap().gate;
    assert!(gate.is_passed, "{:?}", gate.missing);
    assert_eq!(office.mobile_gates(&owner).await.unwrap().into_keys().collect::<Vec<_>>(), std::slice::from_ref(&app));
    // The next version is looked at again; what people said of permissions stays.
    office.bring_mobile_manifest(&owner, &app, &manifest("2.0", "false")).await.unwrap();
    let view = office.mobile(&owner, &app).await.unwrap();
    assert!(!view.gate.is_passed && view.gate.controls_met == 0, "{:?}", view.gate);
    assert!(!view.gate.missing.iter().any(|reason| matches!(reason, GateReason::Permission { .. })));
    office.drop_mobile_flow(&owner, &app, None, &flow.to).await.unwrap();
    let gone = office.drop_mobile_flow(&owner, &app, None, &flow.to).await;
    assert!(matches!(gone, Err(OfficeError::NotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn what_is_refused_and_to_whom() {
    let place = Place::new().await;
    let (office, owner) = (&place.office, place.ctx(Role::ServiceOwner));
    city(office, &owner).await;
    let app = id("app");
    let fresh = manifest("1.0", "false");
    assert!(matches!(
        office.bring_mobile_manifest(&owner, &id("backend"), &fresh).await,
        Err(OfficeError::NotFound { .. })
    ));
    let analyst = place.ctx(Role::Analyst);
    assert!(matches!(office.bring_mobile_manifest(&analyst, &app, &fresh).await, Err(OfficeError::Denied(_))));
    assert!(office.mobile(&analyst, &app).await.is_ok());
    assert!(matches!(office.mobile_gates(&place.ctx(Role::Reader)).await, Err(OfficeError::Denied(_))));
    office.bring_mobile_manifest(&owner, &app, &fresh).await.unwrap();
    let unknown = office.say_mobile_finding(&owner, &app, None, found("MASVS-CODE-9")).await;
    assert!(matches!(unknown, Err(OfficeError::NotFound { .. })), "{unknown:?}");
    let bare = SaidFinding { evidence: String::new(), ..found("MASVS-CODE-1") };
    assert!(matches!(office.say_mobile_finding(&owner, &app, None, bare).await, Err(OfficeError::Refused(_))));
    let late = SaidFinding { day: "2999-01-01".parse().ok(), ..found("MASVS-CODE-1") };
    assert!(matches!(office.say_mobile_finding(&owner, &app, None, late).await, Err(OfficeError::Refused(_))));
    // Whoever looked before that looks again.
    office.say_mobile_finding(&owner, &app, Some(1), found("MASVS-CODE-1")).await.unwrap();
    let stale = office.say_mobile_finding(&owner, &app, Some(1), found("MASVS-CODE-2")).await;
    assert!(matches!(stale, Err(OfficeError::Conflict(_))), "{stale:?}");
}
