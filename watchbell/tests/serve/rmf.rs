//! The seven steps of the framework with NIST's own catalog and baselines: from the command line through the console to a signed decision, and what
//! opens it again.

use std::time::Duration;

use model::{Role, Roles};
use serde_json::Value;

use crate::kit::{Node, Place, text};
use crate::tenants::{Door, ask, now};

fn read(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn refused(place: &Place, command: &[&str], expected: &str) {
    let output = place.run(command);
    assert_eq!(output.status.code(), Some(1), "{command:?}");
    assert!(text(&output.stderr).contains(expected), "{command:?}: {}", text(&output.stderr));
}

/// A day on which a decision may end.
fn soon() -> String {
    model::Day::of(now().plus(Duration::from_secs(90 * 86_400))).unwrap().to_string()
}

/// Brings NIST's baselines, and the catalog of all controls of the highest; `false` where there is no data.
fn brought(place: &Place) -> bool {
    let Some(data) = testkit::reference_data() else { return false };
    let packed = std::fs::read(data.join("risk/oscal.tar.zst")).unwrap();
    let files = testkit::untar(&zstd::decode_all(packed.as_slice()).unwrap());
    let file = |ending: &str| {
        let (_, bytes) = files.iter().find(|(name, _)| name.ends_with(ending)).unwrap();
        let path = place.folder.path().join(ending);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let catalog = file("HIGH-baseline-resolved-profile_catalog-min.json");
    let kept = read(&place.say(&["rmf", "bring", "catalog", "nist", &catalog, "--json"]));
    assert_eq!((&kept["kind"], &kept["version"]), (&"catalog".into(), &1.into()), "{kept}");
    for (name, ending) in [("low", "LOW-baseline_profile-min.json"), ("moderate", "MODERATE-baseline_profile-min.json")]
    {
        place.say(&["rmf", "bring", "profile", name, &file(ending)]);
    }
    refused(place, &["rmf", "bring", "catalog", "wrong", &file("PRIVACY-baseline_profile-min.json")], "no catalog");
    true
}

/// A portal on a server, and a printer that a link leads to.
fn registered(place: &Place) {
    let said = ["--owner", "Office of tests", "--exposure", "internal", "--holds", "none", "--day-costs", "9000"];
    place.say(&[&["service", "add", "portal", "--title", "The portal"][..], &said].concat());
    for (id, address) in [("server", "10.20.1.1"), ("printer", "10.20.1.2")] {
        let add = ["asset", "add", id, "--kind", "machine", "--title", id, "--address", address];
        place.say(&[&add[..], &said].concat());
        place.say(&["service", "link", "portal", "depends-on", id]);
    }
}

/// The first five steps as far as the command line goes.
fn begun(place: &Place) {
    refused(place, &["rmf", "select", "portal"], "rmf categorize");
    place.say(&["rmf", "bound", "portal", "printer", "--remove", "nobody prints there"]);
    let level = ["--confidentiality", "low", "--integrity", "low", "--availability", "low", "--why", "nothing is kept"];
    place.say(&[&["rmf", "categorize", "portal"][..], &level].concat());
    place.say(&["rmf", "select", "portal"]);
    refused(place, &["rmf", "select", "portal", "--privacy"], "rmf bring profile privacy");
    place.say(&["rmf", "tailor", "portal", "ac-18", "--remove", "there is no radio"]);
    place.say(&["rmf", "tailor", "portal", "sc-8", "--add", "the city wants it"]);
    refused(place, &["rmf", "tailor", "portal", "zz-9", "--add", "x"], "no catalog");
    place.say(&["rmf", "state", "portal", "ac-2", "implemented", "one account a person", "--by", "server"]);
    let checked = place.say(&["rmf", "check", "portal", "--json"]);
    assert!(checked.lines().any(|line| line.contains("\"cm-8\"") && line.contains("true")), "{checked}");
    let proof = place.folder.path().join("accounts.txt");
    std::fs::write(&proof, "seven accounts").unwrap();
    let evidence = ["--evidence", proof.to_str().unwrap()];
    place.say(&[&["rmf", "assess", "portal", "ac-2", "examine", "seven accounts"][..], &evidence].concat());
    let status = read(&place.say(&["rmf", "status", "portal", "--json"]));
    assert_eq!((&status["summary"]["controls"], &status["boundary"][1]), (&149.into(), &"server".into()), "{status}");
    refused(place, &["rmf", "authorize", "portal", "authorize", "--expires", &soon(), "--risk", "x"], "documents");
}

/// Posts forms about the portal, each with the version that is the newest.
struct Forms<'n> {
    node: &'n Node,
    who: &'n str,
    version: u64,
}

impl Forms<'_> {
    fn document(&self) -> Value {
        read(&ask(self.node, "GET", "/risk/rmf/portal.json", self.who, "").body)
    }

    /// Posts what has to be taken; it becomes the next version.
    fn say(&mut self, form: &str, said: &str) {
        let (path, body) = (format!("/risk/rmf/portal/{form}"), format!("version={}&{said}", self.version));
        let answer = ask(self.node, "POST", &path, self.who, &body);
        assert_eq!(answer.status, 303, "{form} {said}: {}", answer.body);
        self.version += 1;
    }

    /// Every control has a statement and a result, and what is not met an action.
    fn fill(&mut self) {
        for control in self.document()["listed"].as_array().unwrap() {
            let id = control["id"].as_str().unwrap();
            if control["status"].is_null() {
                self.say("state", &format!("control={id}&status=implemented&words=it+is"));
            }
            if control["is_satisfied"].is_null() {
                self.say("assess", &format!("control={id}&method=interview&found=met&words=they+say+so"));
            }
            if control["is_satisfied"] == false {
                let action = format!("action=fix-{id}&control={id}&words=mend+it&due=2099-01-01&status=open");
                self.say("plan", &action);
            }
        }
    }
}

fn looked_at(node: &Node, analyst: &str, lead: &str) {
    let page = |who: &str, path: &str| ask(node, "GET", path, &format!("{who}Accept: text/html\r\n"), "");
    let list = page(analyst, "/risk/rmf");
    assert_eq!(list.status, 200, "{}", list.body);
    assert!(list.body.contains("Office of tests") && list.body.contains("rmf-open"), "{}", list.body);
    let service = page(lead, "/risk/rmf/portal").body;
    let order = ["1. Prepare", "2. Categorize", "3. Select", "4. Implement", "5. Assess", "6. Authorize", "7. Monitor"];
    let places: Vec<usize> = order.iter().map(|step| service.find(step).unwrap_or_else(|| panic!("{step}"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    for expected in ["ac: Access", "/risk/rmf/portal/controls/ac-2\"", "there is no radio", "name=\"version\""] {
        assert!(service.contains(expected), "{expected}");
    }
    let only_looks = page(analyst, "/risk/rmf/portal").body;
    assert!(!only_looks.contains("<form method=\"post\" action=\"/risk/"), "who only looks is offered no form");
    let control = page(lead, "/risk/rmf/portal/controls/ac-2").body;
    for expected in ["Account Management", "one account a person", "seven accounts", "accounts.txt", "SHA-256"] {
        assert!(control.contains(expected), "{expected}: {control}");
    }
    assert_eq!(page(lead, "/risk/rmf/portal/controls/ac-18").status, 404);
    assert_eq!(page(lead, "/risk/rmf/server").status, 404);
    assert_eq!(page(lead, "/risk/rmf/portal/security-plan.json").status, 404, "it was not made yet");
    assert!(ask(node, "GET", "/risk/rmf.csv", analyst, "").body.contains("portal,The portal,Office of tests,low,149,"));
}

fn refuses(node: &Node, forms: &Forms<'_>, analyst: &str) {
    let post = |form: &str, who: &str, body: &str| ask(node, "POST", &format!("/risk/rmf/portal/{form}"), who, body);
    let state = |version: u64| format!("version={version}&control=ac-1&status=planned&words=soon");
    assert_eq!(post("state", analyst, &state(forms.version)).status, 403);
    assert_eq!(post("state", forms.who, &state(forms.version - 1)).status, 409, "somebody was faster");
    let version = forms.version;
    for (form, body) in [
        ("state", format!("version={version}&control=zz-9&status=planned&words=soon")),
        ("state", format!("version={version}&control=ac-1&status=perhaps&words=soon")),
        ("assess", format!("version={version}&control=ac-1&method=automated&found=met&words=x")),
        ("assess", format!("version={version}&control=ac-1&method=test&found=met&words=x&evidence=a&hash=12")),
        ("assess", format!("version={version}&control=ac-1&method=test&found=met&words=x&hash={}", "a".repeat(64))),
        ("plan", format!("version={version}&action=a&control=ac-1&words=x&due=soon&status=open")),
        ("inherit", format!("version={version}&control=ac-1&from=server&words=x")),
        ("bound", format!("version={version}&item=nothing&how=add&why=x")),
        ("select", format!("version={version}&baseline=highest")),
        ("categorize", "version=x".to_owned()),
    ] {
        let answer = post(form, forms.who, &body);
        assert_eq!(answer.status, 400, "{form} {body}: {}", answer.body);
    }
}

/// The decision, with a proof and without one.
fn decided(node: &Node, forms: &mut Forms<'_>, stale: &str) {
    let made = ask(node, "POST", "/risk/rmf/portal/documents", forms.who, &format!("version={}", forms.version));
    assert_eq!(made.status, 303, "{}", made.body);
    let said = format!("decision=authorize&expires={}&conditions=&risk=what+is+planned", soon());
    let body = format!("version={}&{said}&confirm=yes", forms.version);
    let unproven = ask(node, "POST", "/risk/rmf/portal/authorize", &format!("{stale}Accept: text/html\r\n"), &body);
    assert!(unproven.status == 303 && unproven.head.contains("location: /prove"), "{}", unproven.head);
    let unsure = format!("version={}&{said}", forms.version);
    assert_eq!(ask(node, "POST", "/risk/rmf/portal/authorize", forms.who, &unsure).status, 400);
    forms.say("authorize", &format!("{said}&confirm=yes"));
    forms.say("monitor", "");
    let shown = forms.document();
    assert_eq!((&shown["next"], &shown["decision"]["is_signed"]), (&Value::Null, &true.into()), "{}", shown["steps"]);
    for (kind, root) in [
        ("security-plan", "system-security-plan"),
        ("assessment-plan", "assessment-plan"),
        ("assessment-results", "assessment-results"),
        ("action-plan", "plan-of-action-and-milestones"),
        ("authorization", "record"),
    ] {
        let document = ask(node, "GET", &format!("/risk/rmf/portal/{kind}.json"), forms.who, "");
        assert!(read(&document.body).get(root).is_some(), "{kind}: {}", document.body);
        assert!(document.head.contains(&format!("portal-{kind}.json")), "{}", document.head);
    }
    let page = ask(node, "GET", "/risk/rmf/portal", &format!("{}Accept: text/html\r\n", forms.who), "").body;
    assert!(page.contains("/risk/rmf/portal/assessment-results.json"), "{page}");
    assert!(page.contains("signed by this installation") && page.contains("nobody: all steps are done"), "{page}");
}

#[test]
fn a_service_goes_through_all_seven_steps() {
    let place = Place::new();
    registered(&place);
    if !brought(&place) {
        return;
    }
    begun(&place);
    let node = place.start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (analyst, stale, lead) = runtime.block_on(async {
        let mut door = Door::open(&place).await;
        let analyst = door.enter("home", Roles::of(Role::Analyst), false).await;
        let stale = door.enter("home", Roles::of(Role::Lead), false).await;
        (analyst, stale, door.enter("home", Roles::of(Role::Lead), true).await)
    });
    looked_at(&node, &analyst, &lead);
    let mut forms = Forms { node: &node, who: &lead, version: 0 };
    forms.version = forms.document()["version"].as_u64().unwrap();
    refuses(&node, &forms, &analyst);
    forms.fill();
    decided(&node, &mut forms, &stale);
    node.stop();
    assert_eq!(read(&place.say(&["rmf", "verify", "portal", "--json"]))["signed"], true);
    let folder = place.folder.path().join("out");
    let out = place.say(&["rmf", "export", "portal", folder.to_str().unwrap(), "--json"]);
    assert_eq!(out.lines().count(), 5, "{out}");
    // Another machine, and a wider way in: two steps are open again.
    place.say(&["asset", "add", "cache", "--kind", "machine", "--title", "cache", "--holds", "none"]);
    place.say(&["service", "link", "server", "depends-on", "cache"]);
    place.say(&["service", "set", "portal", "--exposure", "public"]);
    let output = place.run(&["rmf", "monitor", "portal"]);
    assert_eq!(output.status.code(), Some(1));
    let drift = text(&output.stdout);
    assert!(drift.contains("prepare: cache: belongs to the service now"), "{drift}");
    assert!(drift.contains("categorize: portal: who can reach it: internal before, public now"), "{drift}");
    place.say(&["audit", "verify"]);
}

#[test]
fn whoever_says_nothing_of_personal_data_gets_the_overlay() {
    let place = Place::new();
    if !brought(&place) {
        return;
    }
    place.say(&["service", "add", "portal", "--title", "The portal", "--owner", "Office of tests"]);
    let level = ["--confidentiality", "moderate", "--integrity", "low", "--availability", "low", "--why", "a test"];
    place.say(&[&["rmf", "categorize", "portal"][..], &level].concat());
    let status = read(&place.say(&["rmf", "status", "portal", "--json"]));
    assert_eq!((&status["baseline"], &status["privacy"]), (&"moderate".into(), &true.into()), "{status}");
    refused(&place, &["rmf", "select", "portal"], "rmf bring profile privacy");
    refused(&place, &["rmf", "select", "portal", "--baseline", "low"], "less than what follows");
}
