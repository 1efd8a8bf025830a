//! The register, from the command line to the pages: what is said of services and machines, what it was, who may change it.

use model::{Role, Roles};
use serde_json::Value;

use crate::kit::{Place, text};
use crate::tenants::{Door, ask};

fn read(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(read).collect()
}

fn file(place: &Place, name: &str, content: &str) -> String {
    let path = place.folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn city(place: &Place) {
    place.say(&[
        "service",
        "add",
        "welfare-portal",
        "--title",
        "Welfare <portal>",
        "--exposure",
        "public",
        "--residents",
        "310000",
        "--holds",
        "welfare:40000,contact",
        "--life-safety",
        "no",
    ]);
    place.say(&[
        "asset",
        "add",
        "srv-1",
        "--kind",
        "machine",
        "--title",
        "Server 1",
        "--address",
        "10.20.7.20",
        "--software",
        "f5/nginx@1.25.3",
    ]);
    place.say(&["asset", "add", "acme", "--kind", "vendor", "--title", "ACME"]);
    place.say(&["service", "link", "welfare-portal", "runs-on", "srv-1", "--protocol", "HTTPS", "--port", "443"]);
    place.say(&["asset", "link", "srv-1", "delivered-by", "acme"]);
}

#[test]
fn what_is_said_on_the_command_line() {
    let place = Place::new();
    city(&place);
    let shown = read(&place.say(&["service", "show", "welfare-portal", "--json"]));
    assert_eq!((&shown["exposure"], &shown["residents"]), (&"public".into(), &310_000.into()), "{shown}");
    assert_eq!(shown["links_from"][0]["link"]["interface"]["protocol"], "https", "{shown}");
    let plain = place.say(&["service", "show", "welfare-portal"]);
    assert!(plain.contains("welfare of 40,000 residents, contact of nobody knows how many"), "{plain}");
    assert!(place.say(&["asset", "show", "srv-1"]).contains("exposure           unsaid"));
    let refused = [
        (&["service", "add", "x", "--title", "X", "--kind", "machine"][..], "watchbell asset add"),
        (&["asset", "add", "x", "--title", "X"][..], "--kind machine"),
        (&["service", "set", "srv-1", "--title", "X"][..], "watchbell asset set"),
        (&["service", "add", "welfare-portal", "--title", "X"][..], "already"),
        (&["service", "link", "welfare-portal", "stores-in", "srv-1"][..], "cannot be connected"),
        (&["service", "show", "nothing"][..], "there is no item"),
    ];
    for (command, expected) in refused {
        let output = place.run(command);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(text(&output.stderr).contains(expected), "{command:?}: {}", text(&output.stderr));
    }
    // What was, and what is.
    let before = shown["from"].as_str().unwrap();
    place.say(&["service", "set", "welfare-portal", "--exposure", "unsaid", "--owner", "welfare office"]);
    let then = read(&place.say(&["service", "show", "welfare-portal", "--json", "--as-of", before]));
    assert_eq!((&then["exposure"], &then["owner"]), (&"public".into(), &Value::Null), "{then}");
    let unsaid = lines(&place.say(&["service", "list", "--exposure", "unsaid", "--json"]));
    assert_eq!(unsaid.len(), 1, "{unsaid:?}");
    assert!(lines(&place.say(&["service", "list", "--exposure", "public", "--json"])).is_empty());
    assert_eq!(lines(&place.say(&["asset", "list", "--json"])).len(), 2, "services are listed by their own command");
    assert_eq!(lines(&place.say(&["service", "list", "--as-of", "2001-01-01", "--json"])).len(), 0);
    let history = place.say(&["service", "history", "welfare-portal"]);
    assert!(history.contains("exposure: public → unsaid") && history.contains("link: welfare-portal runs-on srv-1"));
    // Who is behind an address.
    assert_eq!(read(&place.say(&["register", "behind", "10.20.7.20", "--json"]))["id"], "srv-1");
    assert_eq!(place.run(&["register", "behind", "10.20.7.21"]).status.code(), Some(1));
    place.say(&["asset", "unlink", "srv-1", "delivered-by", "acme"]);
    place.say(&["asset", "retire", "acme"]);
    assert!(place.say(&["asset", "list", "--state", "retired"]).contains("ACME"));
    place.say(&["register", "discover"]);
    place.say(&["audit", "verify"]);
}

#[test]
fn software_that_is_seen_is_told_and_taken() {
    let place = Place::new();
    city(&place);
    let token = place.token("agent");
    let node = place.start(&[]);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() - 600;
    let record = |host: &str, kind: &str, text: &str| {
        serde_json::json!({ "_path": "software", "ts": since, "host": host, "software_type": kind, "name": "x", "unparsed_version": text })
            .to_string()
    };
    let records = [
        record("10.20.7.20", "SSH::SERVER", "OpenSSH_8.9p1 Ubuntu-3ubuntu0.6"),
        record("10.20.7.20", "HTTP::SERVER", "nginx/1.18.0"),
        record("10.20.7.77", "HTTP::SERVER", "lighttpd/1.4.53"),
        // A resident's browser.
        record("203.0.113.9", "HTTP::BROWSER", "Mozilla/5.0 Firefox/115.0"),
    ];
    assert_eq!(node.post("http?format=zeek", &token, "b-1", &(records.join("\n") + "\n")).unwrap().status, 200);
    node.wait_until_caught_up();
    node.stop();
    let software = |lines: &[Value]| -> Vec<String> {
        let seen = lines.iter().filter(|line| line["kind"] == "software");
        seen.map(|line| format!("{} {} {}", line["item"], line["software"]["product"], line["registered"])).collect()
    };
    let seen = lines(&place.say(&["register", "discover", "--json"]));
    let expected =
        [r#""srv-1" "nginx" "other-version""#, r#""srv-1" "OpenSSH" "missing""#, r#"null "lighttpd" "no-item""#];
    assert_eq!(software(&seen), expected, "{seen:?}");
    assert!(!format!("{seen:?}").contains("Firefox"));
    let table = place.say(&["register", "discover"]);
    assert!(
        table.contains("OpenSSH 8.9p1 (maybe mended: ubuntu-3ubuntu0.6)") && table.contains("version 1.25.3"),
        "{table}"
    );
    assert_eq!(place.run(&["register", "discover", "--dry-run"]).status.code(), Some(2), "it goes with --take");
    let said = text(&place.run(&["register", "discover", "--take", "--dry-run"]).stderr);
    assert!(said.contains("would be written into the register: 1 program on 1 item"), "{said}");
    assert!(!place.say(&["asset", "show", "srv-1"]).contains("OpenSSH"));
    // The same in the console, with a button.
    let node = place.start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let owner = runtime.block_on(async {
        let mut door = Door::open(&place).await;
        door.enter("home", Roles::of(Role::ServiceOwner), false).await
    });
    let page = ask(&node, "GET", "/register/items/srv-1/seen", &format!("{owner}Accept: text/html\r\n"), "").body;
    assert!(page.contains("OpenSSH 8.9p1") && page.contains("as version 1.25.3"), "{page}");
    let shown = || read(&ask(&node, "GET", "/register/items/srv-1/seen.json", &owner, "").body);
    assert_eq!((&shown()["takes"], &shown()["days"]), (&1.into(), &1.into()), "{}", shown());
    assert_eq!(ask(&node, "POST", "/register/items/srv-1/seen", &owner, "").status, 303);
    assert_eq!(shown()["takes"], 0, "{}", shown());
    assert_eq!(ask(&node, "GET", "/register/items/nothing/seen.json", &owner, "").status, 404);
    node.stop();
    place.say(&["asset", "set", "srv-1", "--software", "f5/nginx@1.25.3"]);
    place.say(&["register", "discover", "--take"]);
    let shown = read(&place.say(&["asset", "show", "srv-1", "--json"]));
    assert_eq!(shown["software"].as_array().unwrap().len(), 2, "{shown}");
    let seen = lines(&place.say(&["register", "discover", "--json"]));
    assert_eq!(software(&seen), [expected[0], expected[2]], "{seen:?}");
    assert!(place.say(&["fsck"]).contains(" 0 damaged"));
    place.say(&["audit", "verify"]);
}

#[test]
fn files_are_planned_and_imported() {
    let place = Place::new();
    city(&place);
    let exported = place.say(&["register", "export"]);
    let whole = file(&place, "whole.json", &exported);
    let same = read(&place.say(&["register", "import", &whole, "--whole", "--json"]));
    assert_eq!((&same["unchanged"], same["new_items"].as_array().unwrap().len()), (&5.into(), 0), "{same}");
    let part = file(
        &place,
        "part.json",
        r#"{"items": [{"id": "srv-1", "kind": "machine", "title": "Server one", "state": "running"},
            {"id": "srv-2", "kind": "machine", "title": "Server 2", "state": "planned"}, {"id": "B A D"}],
           "links": [{"from": "srv-2", "kind": "depends-on", "to": "srv-1"}]}"#,
    );
    let planned = place.run(&["register", "import", &part, "--dry-run"]);
    assert_eq!(planned.status.code(), Some(1), "something of it is no item");
    let said = text(&planned.stdout);
    assert!(
        said.contains("+ srv-2") && said.contains("~ srv-1: title") && said.contains("! item 3: id: \"B A D\""),
        "{said}"
    );
    assert_eq!(place.run(&["asset", "show", "srv-2"]).status.code(), Some(1), "a plan changes nothing");
    assert_eq!(place.run(&["asset", "import", &part]).status.code(), Some(1));
    let server = read(&place.say(&["asset", "show", "srv-1", "--json"]));
    assert_eq!((&server["title"], &server["addresses"][0]), (&"Server one".into(), &"10.20.7.20".into()), "{server}");
    // The whole as it was before: what came since is gone.
    let back = read(&place.say(&["register", "import", &whole, "--whole", "--json"]));
    assert_eq!((&back["gone_items"][0], &back["gone_links"][0]), (&"srv-2".into(), &"srv-2 depends-on srv-1".into()));
    let wrong = place.run(&["register", "import", &file(&place, "wrong.json", "[1]")]);
    assert!(wrong.status.code() == Some(1) && text(&wrong.stderr).contains("not taken"), "{}", text(&wrong.stderr));
}

#[test]
fn files_of_others_are_imported() {
    let place = Place::new();
    city(&place);
    let table = file(&place, "items.csv", "id;kind;title;exposure\nvpn;machine;VPN gate;public\nbad;thing;Bad;\n");
    let planned = place.run(&["register", "import", &table]);
    assert_eq!(planned.status.code(), Some(1));
    let said = text(&planned.stdout);
    assert!(said.contains("+ vpn") && said.contains("line 3") && said.contains("no kind of item"), "{said}");
    let scan = file(
        &place,
        "scan.xml",
        r#"<?xml version="1.0"?><nmaprun scanner="nmap"><host><status state="up"/><address addr="10.20.7.44" addrtype="ipv4"/>
           <hostnames><hostname name="printer.city.example" type="PTR"/></hostnames><ports><port protocol="tcp" portid="80"><state state="open"/>
           <service name="http" product="lighttpd" version="1.4.53"/></port></ports></host></nmaprun>"#,
    );
    let found = read(&place.say(&["register", "import", &scan, "--json"]));
    let id = found["new_items"][0].as_str().unwrap().to_owned();
    let shown = place.say(&["asset", "show", &id]);
    assert!(shown.contains("10.20.7.44") && shown.contains("lighttpd"), "{shown}");
    let bill = file(
        &place,
        "bill.json",
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"type": "application", "name": "portal", "bom-ref": "p"}},
            "components": [{"type": "library", "name": "log4j-core", "group": "org.apache.logging.log4j", "version": "2.14.1",
            "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"}]}"#,
    );
    let alone = place.run(&["register", "import", &bill]);
    assert!(text(&alone.stderr).contains("--sbom ITEM=FILE"), "{}", text(&alone.stderr));
    place.say(&["register", "import", "--sbom", &format!("srv-1={bill}")]);
    let server = read(&place.say(&["asset", "show", "srv-1", "--json"]));
    let software: Vec<&str> =
        server["software"].as_array().unwrap().iter().map(|one| one["product"].as_str().unwrap()).collect();
    assert_eq!(software, ["nginx", "org.apache.logging.log4j:log4j-core"], "{server}");
    // The same again is nothing new.
    let again = read(&place.say(&["register", "import", "--sbom", &format!("srv-1={bill}"), "--json"]));
    assert_eq!(again["unchanged"], 1, "{again}");
}

#[test]
fn the_register_in_the_console() {
    let place = Place::new();
    city(&place);
    let node = place.start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (analyst, owner) = runtime.block_on(async {
        let mut door = Door::open(&place).await;
        let analyst = door.enter("home", Roles::of(Role::Analyst), false).await;
        (analyst, door.enter("home", Roles::of(Role::ServiceOwner), false).await)
    });
    let page = |who: &str, path: &str| ask(&node, "GET", path, &format!("{who}Accept: text/html\r\n"), "");
    let list = page(&analyst, "/register");
    assert_eq!(list.status, 200, "{}", list.body);
    assert!(
        list.body.contains("Welfare &#60;portal&#62;") || list.body.contains("Welfare &lt;portal&gt;"),
        "{}",
        list.body
    );
    assert!(list.body.contains("2 whose exposure nobody has said"), "{}", list.body);
    assert!(!list.body.contains("/register/add"), "who only looks is offered no form");
    let found = read(&ask(&node, "GET", "/register.json?exposure=unsaid&kind=machine", &analyst, "").body);
    assert_eq!((found["items"].as_array().unwrap().len(), &found["next"]), (1, &Value::Null), "{found}");
    for wrong in ["kind=thing", "exposure=SOME", "state=x", "at=yesterday", "rows=0", "after=A+B", "rows=many"] {
        assert_eq!(ask(&node, "GET", &format!("/register.json?{wrong}"), &analyst, "").status, 400, "{wrong}");
    }
    let document = "/register/items/welfare-portal.json";
    let portal = read(&ask(&node, "GET", document, &analyst, "").body);
    assert_eq!(
        (&portal["data_held"][0]["residents"], &portal["links_from"][0]["other"]),
        (&40_000.into(), &"srv-1".into())
    );
    let html = page(&owner, "/register/items/welfare-portal");
    let version = html.body.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    // Somebody says something else, and somebody else comes too late.
    let said = format!("version={version}&exposure=internal&owner=welfare+office&residents=");
    let path = "/register/items/welfare-portal";
    assert_eq!(ask(&node, "POST", path, &analyst, &said).status, 403);
    let changed = ask(&node, "POST", path, &owner, &said);
    assert_eq!(changed.status, 303, "{}", changed.body);
    assert_eq!(ask(&node, "POST", path, &owner, &said).status, 409);
    assert_eq!(ask(&node, "POST", path, &owner, "version=x").status, 400);
    let now = read(&ask(&node, "GET", document, &analyst, "").body);
    assert_eq!(
        (&now["exposure"], &now["residents"], &now["title"]),
        (&"internal".into(), &Value::Null, &portal["title"])
    );
    let since = portal["since"].as_str().unwrap();
    let then = read(&ask(&node, "GET", &format!("{document}?at={since}"), &analyst, "").body);
    assert_eq!(then["exposure"], "public", "{then}");
    assert!(page(&analyst, path).body.contains("changed: exposure, owner, residents"));
    // Links, a new item, the map.
    assert_eq!(ask(&node, "POST", "/register/add", &owner, "title=Tax+portal&kind=service&id=").status, 303);
    let link = "kind=depends-on&other=welfare-portal&direction=from&protocol=https&port=443&is_encrypted=no";
    assert_eq!(ask(&node, "POST", "/register/items/tax-portal/link", &owner, link).status, 303);
    assert!(page(&owner, path).body.contains("in the clear"));
    let map = page(&analyst, "/register/map");
    assert!(map.body.contains("<svg") && map.body.contains("Tax portal"));
    let one = read(&ask(&node, "GET", "/register/map.json?service=tax-portal", &analyst, "").body);
    let ids: Vec<&str> = one["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["tax-portal", "welfare-portal", "srv-1", "acme"], "{one}");
    assert_eq!(ask(&node, "GET", "/register/map?service=nothing", &analyst, "").status, 404);
    let ended = "from=tax-portal&kind=depends-on&to=welfare-portal";
    assert_eq!(ask(&node, "POST", "/register/items/tax-portal/unlink", &owner, ended).status, 303);
    assert_eq!(ask(&node, "POST", "/register/items/tax-portal/unlink", &owner, ended).status, 404);
    assert_eq!(ask(&node, "POST", "/register/items/tax-portal/retire", &owner, "confirm=").status, 400);
    assert_eq!(ask(&node, "POST", "/register/items/tax-portal/retire", &owner, "confirm=yes").status, 303);
    assert!(!page(&analyst, "/register/map").body.contains("Tax portal"), "what is retired is not on the map");
    node.stop();
}

/// A manifest of an Android app of that version.
fn manifest(place: &Place, version: &str) -> String {
    let text = format!(
        r#"<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="city.waste" android:versionName="{version}">
        <uses-sdk android:targetSdkVersion="34"/><uses-permission android:name="android.permission.CAMERA"/>
        <application android:allowBackup="false" android:debuggable="true"/></manifest>"#
    );
    file(place, "AndroidManifest.xml", &text)
}

#[test]
fn an_app_has_a_gate_of_its_own() {
    let place = Place::new();
    city(&place);
    place.say(&["service", "set", "welfare-portal", "--mobile", "yes", "--holds", "welfare,surveillance"]);
    let gate = |expected: i32| {
        let output = place.run(&["mobile", "gate", "welfare-portal", "--json"]);
        assert_eq!(output.status.code(), Some(expected), "{}", text(&output.stderr));
        read(&text(&output.stdout))
    };
    assert_eq!(gate(1)["missing"][0], "nobody has looked at the app");
    let path = manifest(&place, "1.0");
    let planned = read(&place.say(&["mobile", "bring", "welfare-portal", &path, "--dry-run", "--json"]));
    assert_eq!(planned["objections"][0], "MASVS-RESILIENCE-4: it can be debugged", "{planned}");
    assert_eq!(gate(1)["version"], 0, "a plan changes nothing");
    let brought = read(&place.say(&["mobile", "bring", "welfare-portal", &path, "--json"]));
    assert_eq!(brought["new_permissions"][0], "android.permission.CAMERA", "{brought}");
    let profile = gate(1);
    assert_eq!(profile["controls_needed"], 19, "{profile}");
    for reason in profile["reasons"].as_array().unwrap() {
        let Some(control) = reason["control"].as_str() else { continue };
        let mut said = vec!["mobile", "say", "welfare-portal", "--control", control, "--verdict", "satisfied"];
        said.extend(["--evidence", "report 7", "--why", "a build for testers, looked at"]);
        place.say(&said);
    }
    place.say(&["mobile", "say", "welfare-portal", "--tracker", "none"]);
    let camera =
        ["mobile", "permission", "welfare-portal", "android", "android.permission.CAMERA", "--optional", "yes"];
    place.say(&[&camera[..], &["--why", "letters are photographed", "--carries", "surveillance"]].concat());
    let flow =
        ["mobile", "flow", "welfare-portal", "Maps", "--outside", "--purpose", "to show the way", "--carries", "none"];
    place.say(&[&flow[..], &["--third-party", "yes"]].concat());
    assert_eq!(gate(1)["missing"][0], "flow to Maps (outside): nobody has said whether it is encrypted");
    place.say(&[&flow[..], &["--third-party", "yes", "--encrypted", "yes"]].concat());
    assert_eq!(gate(0)["passed"], true);
    assert!(place.say(&["mobile", "list"]).contains("19 of 19"));
    let wrong = place.run(&["mobile", "bring", "srv-1", &path]);
    assert!(text(&wrong.stderr).contains("no app for telephones"), "{}", text(&wrong.stderr));
    let suppliers = lines(&place.say(&["register", "suppliers", "--json"]));
    assert_eq!(
        (&suppliers[0]["vendor"], &suppliers[0]["services"][0]["by_way_of"][0]),
        (&"acme".into(), &"srv-1".into())
    );

    // The next version is looked at again; the console says so.
    place.say(&["mobile", "bring", "welfare-portal", &manifest(&place, "2.0")]);
    let node = place.start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let owner = runtime.block_on(async {
        let mut door = Door::open(&place).await;
        door.enter("home", Roles::of(Role::ServiceOwner), false).await
    });
    let page = |path: &str| ask(&node, "GET", path, &format!("{owner}Accept: text/html\r\n"), "");
    let app = page("/risk/mobile/welfare-portal");
    assert_eq!(app.status, 200, "{}", app.body);
    assert!(app.body.contains("may not open yet") && app.body.contains("found in version 1.0, and 2.0 runs"));
    assert!(page("/risk/mobile").body.contains("/risk/mobile/welfare-portal"));
    assert!(page("/risk/suppliers").body.contains("by way of srv-1"));
    let document = || read(&ask(&node, "GET", "/risk/mobile/welfare-portal.json", &owner, "").body);
    let number = document()["number"].to_string();
    let body = format!("version={number}&control=MASVS-CODE-1&verdict=satisfied&evidence=report+8&why=&day=");
    assert_eq!(ask(&node, "POST", "/risk/mobile/welfare-portal/finding", &owner, &body).status, 303);
    assert_eq!(
        ask(&node, "POST", "/risk/mobile/welfare-portal/finding", &owner, &body).status,
        409,
        "somebody was faster"
    );
    let shown = document();
    assert_eq!(shown["controls_met"], 1, "{shown}");
    assert!(ask(&node, "GET", "/risk/suppliers.csv", &owner, "").body.contains("acme,ACME,1"));
}

#[test]
fn software_and_how_bad_it_would_be_are_said_in_the_console() {
    let place = Place::new();
    city(&place);
    let node = place.start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let owner = runtime.block_on(async {
        let mut door = Door::open(&place).await;
        door.enter("home", Roles::of(Role::ServiceOwner), false).await
    });
    let version = || {
        let page = ask(&node, "GET", "/register/items/srv-1", &format!("{owner}Accept: text/html\r\n"), "").body;
        let rest = page.split("name=\"version\" value=\"").nth(1).unwrap().to_owned();
        rest.split('"').next().unwrap().to_owned()
    };
    let body = format!("version={}&software=f5%2Fnginx%401.25.4%0Apkg%3Anpm%2Fleft-pad%401.3.0", version());
    assert_eq!(ask(&node, "POST", "/register/items/srv-1", &owner, &body).status, 303);
    let wrong = format!("version={}&software=%401", version());
    assert_eq!(ask(&node, "POST", "/register/items/srv-1", &owner, &wrong).status, 400);
    let less = format!("version={}&integrity_proposed=high&integrity=low", version());
    assert_eq!(ask(&node, "POST", "/register/items/srv-1/categorize", &owner, &less).status, 400, "nobody says why");
    let why = format!("{less}&integrity_why=looked+after+daily");
    assert_eq!(ask(&node, "POST", "/register/items/srv-1/categorize", &owner, &why).status, 303);
    let shown = read(&ask(&node, "GET", "/register/items/srv-1.json", &owner, "").body);
    assert_eq!(shown["software"][1]["purl"], "pkg:npm/left-pad@1.3.0", "{shown}");
    assert_eq!(shown["categorization"]["integrity"]["why"], "looked after daily", "{shown}");
}
