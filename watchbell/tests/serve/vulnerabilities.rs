//! Vulnerabilities from the command line to the pages: what a check finds, by when it is due, who carries which risk.

use model::{Day, Role, Roles};
use serde_json::Value;

use crate::kit::{Place, text};
use crate::tenants::{Door, ask, now};

fn read(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(read).collect()
}

fn day(days: i32) -> Day {
    Day::of(now()).unwrap().plus_days(days).unwrap()
}

/// A small register, and a folder with what others publish.
fn city(place: &Place) -> String {
    let software = ["--software", "pkg:npm/bell@1.0.0"];
    let add = |name: &str, more: &[&str]| {
        place.say(&[&["asset", "add", name, "--kind", "machine", "--title", &format!("<{name}>")], more].concat())
    };
    add("srv-1", &[&software[..], &["--exposure", "public"]].concat());
    add("srv-2", &software);
    add("srv-3", &[]);
    place.say(&["service", "add", "portal", "--title", "The portal"]);
    place.say(&["service", "link", "portal", "runs-on", "srv-1"]);
    let folder = place.folder.path().join("published");
    std::fs::create_dir(&folder).unwrap();
    let osv = |id: &str| {
        format!(
            r#"{{"id": "{id}", "modified": "{}T00:00:00Z", "affected": [{{"package": {{"ecosystem": "npm", "name": "bell"}},
            "ranges": [{{"type": "SEMVER", "events": [{{"introduced": "0"}}, {{"fixed": "2.0.0"}}]}}]}}]}}"#,
            day(0)
        )
    };
    std::fs::write(folder.join("npm.json"), format!("[{}, {}, 7]", osv("CVE-2024-0001"), osv("GHSA-aaaa-bbbb-cccc")))
        .unwrap();
    let catalogue =
        format!("cveID,vendorProject,product,dateAdded,dueDate\nCVE-2024-0001,V,P,{},{}\n", day(-9), day(-2));
    std::fs::write(folder.join("known_exploited_vulnerabilities.csv"), catalogue).unwrap();
    folder.to_str().unwrap().to_owned()
}

#[test]
fn what_is_checked_on_the_command_line() {
    let place = Place::new();
    let folder = city(&place);
    let planned = place.run(&["vuln", "check", "--from", &folder, "--dry-run"]);
    assert_eq!(planned.status.code(), Some(0), "{}", text(&planned.stderr));
    let said = text(&planned.stderr);
    assert!(
        said.contains("would be kept: 4 vulnerabilities") && said.contains("not checked: 1 item (srv-3)"),
        "{said}"
    );
    assert!(said.contains("an object should stand here"), "what cannot be read is named: {said}");
    assert!(lines(&place.say(&["vuln", "list", "--json"])).is_empty(), "a plan keeps nothing");
    let found = lines(&place.say(&["vuln", "check", "--from", &folder, "--json"]));
    assert_eq!((found.len(), &found[4]["exploited"]), (5, &2.into()), "{found:?}");
    let listed = lines(&place.say(&["vuln", "list", "--json"]));
    let first = &listed[0];
    assert_eq!((&first["id"], &first["is_exploited"]), (&"CVE-2024-0001".into(), &true.into()), "{first}");
    assert_eq!(first["due"], day(-2).to_string(), "{first}");
    assert!(first["harm"].as_f64() > Some(1_000.0), "a service runs on it of which nobody has said anything: {first}");
    assert_eq!(listed.last().unwrap()["is_exploited"], Value::Null, "what is no CVE stands in no catalogue");
    assert_eq!(lines(&place.say(&["vuln", "list", "--json", "--overdue"])).len(), 2);
    assert_eq!(lines(&place.say(&["vuln", "list", "--json", "--item", "srv-2"])).len(), 2);
    let shown = place.say(&["vuln", "list", "--top", "1"]);
    assert!(shown.contains("overdue by 2 days") && !shown.contains("not known"), "{shown}");
    // A risk is carried, a person knows better, and both are taken back.
    let until = day(20).to_string();
    let accept = ["vuln", "accept", "CVE-2024-0001", "--item", "srv-1", "--why", "behind the firewall", "--until"];
    place.say(&[&accept[..], &[&until]].concat());
    assert_eq!(lines(&place.say(&["vuln", "list", "--json", "--overdue"])).len(), 1);
    let far = day(800).to_string();
    assert_eq!(place.run(&[&accept[..], &[&far]].concat()).status.code(), Some(1));
    let say = ["vuln", "say", "CVE-2024-0001", "--item", "srv-2", "--why", "not loaded", "--status"];
    place.say(&[&say[..], &["not_affected"]].concat());
    assert_eq!(lines(&place.say(&["vuln", "list", "--json"])).len(), 3);
    place.say(&["vuln", "check", "--from", &folder]);
    assert_eq!(lines(&place.say(&["vuln", "list", "--json"])).len(), 3, "a check does not overrule a person");
    let all = lines(&place.say(&["vuln", "list", "--json", "--settled"]));
    assert_eq!(all.last().unwrap()["status"], "not_affected");
    place.say(&[&say[..], &["unsaid"]].concat());
    // Changes of vulnerabilities are numbered: check, acceptance, …
    assert_eq!(place.run(&["vuln", "lift", "1"]).status.code(), Some(1), "that is a check");
    place.say(&["vuln", "lift", "2"]);
    assert_eq!(lines(&place.say(&["vuln", "list", "--json", "--overdue"])).len(), 2);
    // What is mended is found no more.
    place.say(&["asset", "set", "srv-1", "--software", "pkg:npm/bell@2.0.0"]);
    place.say(&["vuln", "check", "--from", &folder]);
    assert!(lines(&place.say(&["vuln", "list", "--json", "--item", "srv-1"])).is_empty());
    let policy = place.say(&["vuln", "policy"]);
    assert!(policy.contains("[[clause]]"), "{policy}");
    let own = place.folder.path().join("due.toml");
    std::fs::write(&own, policy.replace("built in", "ours")).unwrap();
    place.say(&["vuln", "policy", "--set", own.to_str().unwrap()]);
    assert!(place.say(&["vuln", "policy"]).contains("title = \"ours\""));
    place.say(&["audit", "verify"]);
}

#[test]
fn vulnerabilities_in_the_console() {
    let place = Place::new();
    let folder = city(&place);
    place.say(&["vuln", "check", "--from", &folder]);
    let node = place.start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (analyst, lead) = runtime.block_on(async {
        let mut door = Door::open(&place).await;
        let analyst = door.enter("home", Roles::of(Role::Analyst), false).await;
        (analyst, door.enter("home", Roles::of(Role::Lead), true).await)
    });
    let page = |who: &str, path: &str| ask(&node, "GET", path, &format!("{who}Accept: text/html\r\n"), "");
    let list = page(&analyst, "/risk/vulnerabilities");
    assert_eq!(list.status, 200, "{}", list.body);
    for words in ["overdue", "exploited", "1 items were never checked", "4 open"] {
        assert!(list.body.contains(words), "{words}: {}", list.body);
    }
    assert!(!list.body.contains("<srv-1>"), "titles are text");
    let found = read(&ask(&node, "GET", "/risk/vulnerabilities.json?exploited=yes&item=srv-2", &analyst, "").body);
    assert_eq!((&found["total"], &found["counts"]["items_not_checked"]), (&1.into(), &1.into()), "{found}");
    assert!(ask(&node, "GET", "/risk/vulnerabilities.csv", &analyst, "").body.starts_with("id,item,item_title"));
    for wrong in ["exploited=perhaps", "item=A+B", "looked_at=x", "rows=0", "skip=-1", "overdue=YES"] {
        assert_eq!(
            ask(&node, "GET", &format!("/risk/vulnerabilities.json?{wrong}"), &analyst, "").status,
            400,
            "{wrong}"
        );
    }
    let path = "/risk/vulnerabilities/CVE-2024-0001/srv-1";
    let shown = page(&analyst, path);
    assert!(shown.body.contains("the catalogue of exploited vulnerabilities asks for"), "{}", shown.body);
    assert!(shown.body.contains("a compromise costs"), "the harm has its reasons: {}", shown.body);
    assert!(!shown.body.contains("/accept\""), "who only looks is offered no form");
    assert_eq!(page(&analyst, "/risk/vulnerabilities/CVE-2024-9999/srv-1").status, 404);
    let accept = format!("why=behind+the+firewall&until={}&scope=this", day(20));
    assert_eq!(ask(&node, "POST", &format!("{path}/accept"), &analyst, &accept).status, 403);
    assert_eq!(ask(&node, "POST", &format!("{path}/accept"), &lead, "why=&until=2001-01-01&scope=this").status, 400);
    let accepted = ask(&node, "POST", &format!("{path}/accept"), &lead, &accept);
    assert_eq!(accepted.status, 303, "{}", accepted.body);
    let document = read(&ask(&node, "GET", &format!("{path}.json"), &analyst, "").body);
    assert_eq!((&document["is_accepted"], &document["is_overdue"]), (&true.into(), &false.into()), "{document}");
    let number = document["acceptances"][0]["number"].as_u64().unwrap();
    assert_eq!(ask(&node, "POST", &format!("{path}/lift"), &lead, &format!("number={number}")).status, 303);
    assert_eq!(ask(&node, "POST", &format!("{path}/lift"), &lead, &format!("number={number}")).status, 409);
    let say = "status=not_affected&why=the+module+is+off";
    assert_eq!(ask(&node, "POST", &format!("{path}/say"), &lead, say).status, 303);
    let shown = page(&lead, path);
    assert!(shown.body.contains("the module is off") && shown.body.contains("lifted number"), "{}", shown.body);
    assert_eq!(ask(&node, "POST", &format!("{path}/say"), &lead, "status=perhaps&why=x").status, 400);
    node.stop();
}

#[test]
fn a_scanners_report_is_held_against_the_register() {
    let place = Place::new();
    place.say(&["asset", "add", "srv-1", "--kind", "machine", "--title", "Server 1", "--address", "10.20.7.20"]);
    let report = place.folder.path().join("scan.nessus");
    let host = |address: &str| {
        format!(
            r#"<ReportHost name="{address}"><HostProperties><tag name="host-ip">{address}</tag></HostProperties>
            <ReportItem port="443" svc_name="www" protocol="tcp" severity="4" pluginID="1" pluginName="Bell &lt; 2" pluginFamily="Web Servers">
            <cve>CVE-2024-0001</cve><cvss3_base_score>9.8</cvss3_base_score></ReportItem></ReportHost>"#
        )
    };
    let text_of = format!(
        r#"<?xml version="1.0"?><NessusClientData_v2><Report name="r">{}{}</Report></NessusClientData_v2>"#,
        host("10.20.7.20"),
        host("10.20.7.99")
    );
    std::fs::write(&report, text_of).unwrap();
    let report = report.to_str().unwrap();
    let planned = place.run(&["vuln", "scan", report, "--dry-run"]);
    assert_eq!(planned.status.code(), Some(0), "{}", text(&planned.stderr));
    assert!(text(&planned.stderr).contains("10.20.7.99 stands in no register"), "{}", text(&planned.stderr));
    assert!(lines(&place.say(&["vuln", "list", "--json"])).is_empty(), "a plan keeps nothing");
    place.say(&["vuln", "scan", report]);
    let found = lines(&place.say(&["vuln", "list", "--json"]));
    assert_eq!((found.len(), &found[0]["id"], &found[0]["item"]), (1, &"CVE-2024-0001".into(), &"srv-1".into()));
    let on = place.say(&["vuln", "scan", report, "--on", "srv-1", "--json"]);
    assert_eq!(lines(&on).len(), 2, "{on}");
    let none = place.folder.path().join("none.txt");
    std::fs::write(&none, "no report").unwrap();
    assert_eq!(place.run(&["vuln", "scan", none.to_str().unwrap()]).status.code(), Some(1));
}
