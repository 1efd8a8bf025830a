//! The self-assessment, from the command line to the pages: answers, gaps, years, gifts that stay as they were drawn.

use model::{Role, Roles};
use serde_json::Value;

use crate::kit::{Place, text};
use crate::tenants::{Door, ask};

fn read(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn file(place: &Place, name: &str, content: &str) -> String {
    let path = place.folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn refused(place: &Place, command: &[&str], expected: &str) {
    let output = place.run(command);
    assert_eq!(output.status.code(), Some(1), "{command:?}");
    assert!(text(&output.stderr).contains(expected), "{command:?}: {}", text(&output.stderr));
}

#[test]
fn what_is_answered_on_the_command_line() {
    let place = Place::new();
    assert!(place.say(&["csf", "questions"]).contains("GV.OC-01"));
    let set = read(&place.say(&["csf", "questions", "--json"]));
    assert_eq!((set["question"].as_array().unwrap().len(), set["levels"].as_array().unwrap().len()), (106, 7));
    place.say(&[
        "csf",
        "answer",
        "GV.OC-01",
        "--year",
        "2026",
        "--current",
        "3",
        "--target",
        "5",
        "--evidence",
        "minutes",
    ]);
    place.say(&["csf", "answer", "GV.OC-01", "--year", "2026", "--note", "in a year"]);
    place.say(&["csf", "answer", "ID.AM-03", "--year", "2026", "--current", "2", "--figures"]);
    place.say(&["csf", "tier", "2", "--target", "3", "--year", "2026"]);
    place.say(&["csf", "answer", "GV.OC-01", "--year", "2025", "--current", "2", "--target", "5"]);
    let shown = read(&place.say(&["csf", "show", "--json"]));
    let posture = &shown["posture"];
    assert_eq!(
        (&posture["year"], &posture["tier"], &posture["whole"]["answered"]),
        (&2026.into(), &2.into(), &2.into())
    );
    assert!(
        posture["gaps"].as_array().unwrap().len() > 100 && shown["because"][0].as_str().unwrap().starts_with("104")
    );
    let plain = place.say(&["csf", "show", "--year", "2026", "--rows", "2"]);
    assert!(
        plain.contains("tier: 2 (risk informed), to be: 3 (repeatable)") && plain.contains("close first"),
        "{plain}"
    );
    assert!(place.say(&["csf", "trend"]).contains("+1.00"), "one question, one step higher");
    refused(&place, &["csf", "answer", "GV.OC-01", "--current", "9"], "a step from 1 to 7");
    refused(&place, &["csf", "answer", "GV.XX-01", "--current", "1"], "there is no such question");
    refused(&place, &["csf", "answer", "GV.OC-01"], "say something");
    refused(&place, &["csf", "tier", "7"], "tiers are 1 to 4");
    // Out and in again.
    let exported = read(&place.say(&["csf", "export", "--year", "2026"]));
    assert_eq!(exported["answers"][0]["evidence"][0]["text"], "minutes", "{exported}");
    let table = place.say(&["csf", "export", "--year", "2026", "--format", "csv"]);
    assert!(table.contains("GV.OC-01,3,5,in a year"), "{table}");
    let same = read(&place.say(&["csf", "import", &file(&place, "a.csv", &table), "--year", "2026", "--json"]));
    assert_eq!((&same["changed"], &same["gone"]), (&0.into(), &0.into()), "{same}");
    let bad = file(&place, "b.csv", "question,current,target,note\nGV.OC-02,4,5,\nGV.OC-03,8,,\n");
    let planned = place.run(&["csf", "import", &bad, "--year", "2026", "--dry-run"]);
    assert_eq!(planned.status.code(), Some(1));
    assert!(text(&planned.stdout).contains("! line 3: GV.OC-03"), "{}", text(&planned.stdout));
    assert_eq!(
        read(&place.say(&["csf", "show", "--json"]))["posture"]["whole"]["answered"],
        2,
        "a plan changes nothing"
    );
    assert_eq!(place.run(&["csf", "import", &bad, "--year", "2026"]).status.code(), Some(1));
    assert_eq!(read(&place.say(&["csf", "show", "--json"]))["posture"]["whole"]["answered"], 3);
    // Own questions.
    refused(&place, &["csf", "questions", "--load", &file(&place, "q.toml", "levels = 7")], "hint");
    place.say(&["csf", "questions", "--load", &file(&place, "q.json", &set.to_string())]);
    place.say(&["csf", "answer", "GV.OC-01", "--year", "2025", "--clear"]);
    place.say(&["audit", "verify"]);
}

#[test]
fn a_gift_is_the_same_ever_after() {
    let place = Place::new();
    refused(&place, &["csf", "gift", "--year", "2026"], "there is no self-assessment");
    place.say(&["csf", "answer", "GV.OC-01", "--year", "2026", "--current", "3", "--target", "5"]);
    let first = place.say(&["csf", "gift", "--year", "2026", "--size", "small"]);
    assert_eq!(read(&first)["values"].as_object().unwrap().len(), 6, "{first}");
    place.say(&["csf", "answer", "GV.OC-01", "--year", "2026", "--current", "7"]);
    let again = place.run(&["csf", "gift", "--year", "2026", "--epsilon", "60"]);
    assert_eq!(text(&again.stdout), first);
    assert!(text(&again.stderr).contains("a second draw would tell more"), "{}", text(&again.stderr));
    refused(&place, &["csf", "benchmark", "--year", "2026"], "no comparison of 2026");
    // A hundred others, with little noise around 4.
    let others = (0..100_i64).map(|n| {
        let (a, b, c) = (36 + n * 7 % 9, 36 + n % 10, 36 + n / 10);
        let values = format!(r#"{{"GV": {a}, "ID": {b}, "PR": {c}, "DE": {a}, "RS": {b}, "RC": {c}}}"#);
        format!(r#"{{"format": "watchbell-benchmark-1", "year": 2026, "level_max": 7, "epsilon": "600", "values": {values}}}"#)
    });
    let gifts = file(&place, "gifts.json", &format!("[{}]", others.collect::<Vec<_>>().join(",")));
    let own = file(&place, "own.json", &first);
    let few = place.run(&["csf", "benchmark", &own, "--year", "2026"]);
    assert!(text(&few.stdout).contains("too few: 1 gave, and it takes about"), "{}", text(&few.stdout));
    let both = place.run(&["csf", "benchmark", &gifts, &own, "--year", "2026", "--epsilon", "600", "--json"]);
    assert_eq!(both.status.code(), Some(1), "one gift does not count");
    let both = read(&text(&both.stdout));
    assert_eq!((&both["agencies"], &both["refused"][0]["reason"]), (&100.into(), &"its ε is 6".into()), "{both}");
    let govern = &both["cells"][0];
    assert!((govern["estimate"]["mean"].as_f64().unwrap() - 4.0).abs() < 0.05, "{govern}");
    let kept = place.say(&["csf", "benchmark", "--year", "2026", "--json"]);
    assert_eq!(read(&kept), both);
    place.say(&[
        "csf",
        "benchmark",
        "--result",
        &file(&place, "result.json", &both.to_string().replace("2026", "2025")),
        "--json",
    ]);
    refused(&place, &["csf", "benchmark", "--result", &own], "form of a result");
    refused(&place, &["csf", "benchmark", &gifts, "--year", "2026", "--agencies-min", "1"], "no bounds");
}

#[test]
fn the_posture_in_the_console() {
    let place = Place::new();
    place.say(&["csf", "answer", "GV.OC-01", "--year", "2025", "--current", "2", "--target", "5"]);
    let node = place.start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (analyst, lead) = runtime.block_on(async {
        let mut door = Door::open(&place).await;
        let analyst = door.enter("home", Roles::of(Role::Analyst), false).await;
        (analyst, door.enter("home", Roles::of(Role::Lead), false).await)
    });
    let page = |who: &str, path: &str| ask(&node, "GET", path, &format!("{who}Accept: text/html\r\n"), "");
    let list = page(&analyst, "/risk/csf");
    assert_eq!(list.status, 200, "{}", list.body);
    assert!(list.body.contains("<svg class=\"bars\"") && list.body.contains("105 without an answer"), "{}", list.body);
    assert!(!list.body.contains("name=\"tier\""), "who only looks is offered no form");
    assert_eq!(page(&analyst, "/risk/csf?year=1999").status, 400);
    assert_eq!(page(&analyst, "/risk/csf/XX").status, 404);
    assert!(!page(&analyst, "/risk/csf/GV").body.contains("name=\"current\""));
    let row = "question=GV.OC-01&current=3&target=5&not_applicable=&note=%3Cb%3E&evidence=minutes\
        &question=GV.OC-02&current=&target=&not_applicable=none+here&note=&evidence=";
    let said = format!("version=0&year=2026&{row}");
    assert_eq!(ask(&node, "POST", "/risk/csf/GV", &analyst, &said).status, 403);
    let answered = ask(&node, "POST", "/risk/csf/GV", &lead, &said);
    assert_eq!(answered.status, 303, "{}", answered.body);
    assert_eq!(ask(&node, "POST", "/risk/csf/GV", &lead, &said).status, 409, "somebody was faster");
    let wrong = [
        "version=1&year=2026",
        "version=1&year=26&question=GV.OC-01&current=&target=&not_applicable=&note=&evidence=",
        "version=1&year=2026&question=ID.AM-01&current=&target=&not_applicable=&note=&evidence=",
        "version=1&year=2026&question=GV.OC-01&current=8&target=&not_applicable=&note=&evidence=",
        "version=1&year=2026&question=GV.OC-01&current=x&target=&not_applicable=&note=&evidence=",
    ];
    for body in wrong {
        assert_eq!(ask(&node, "POST", "/risk/csf/GV", &lead, body).status, 400, "{body}");
    }
    assert_eq!(ask(&node, "POST", "/risk/csf", &lead, "version=1&year=2026&tier=2&tier_target=4").status, 303);
    assert_eq!(ask(&node, "POST", "/risk/csf", &lead, "version=2&year=2026&tier=9&tier_target=").status, 400);
    let now = read(&ask(&node, "GET", "/risk/csf.json", &analyst, "").body);
    assert_eq!((&now["year"], &now["tier"], &now["version"]), (&2026.into(), &2.into(), &2.into()), "{now}");
    assert_eq!((&now["whole"]["answered"], &now["whole"]["not_applicable"]), (&1.into(), &1.into()));
    assert!(
        now["trend"].as_array().unwrap().iter().any(|one| one["year"] == 2026 && one["rose_alike"] == 1.0),
        "{now}"
    );
    let govern = read(&ask(&node, "GET", "/risk/csf/GV.json?year=2026", &analyst, "").body);
    let first = &govern["categories"][0]["questions"][0];
    assert_eq!((&first["current"], &first["evidence"][0]["what"]), (&3.into(), &"minutes".into()), "{govern}");
    let html = page(&lead, "/risk/csf/GV?year=2026").body;
    assert!(html.contains("minutes") && !html.contains("<b>") && html.contains("none here"), "{html}");
    // What it rests on is forgotten, and what the program counted is taken.
    let forgotten = "version=2&year=2026&question=GV.RM-02&current=2&target=&not_applicable=&note=&evidence=&figures=GV.RM-02\
        &question=GV.OC-01&current=3&target=5&not_applicable=&note=&evidence=&forget=GV.OC-01";
    assert_eq!(ask(&node, "POST", "/risk/csf/GV", &lead, forgotten).status, 303);
    let table = ask(&node, "GET", "/risk/csf.csv?year=2026", &analyst, "").body;
    assert!(table.contains("GV.OC-01,3,5,\r\nGV.OC-02,n/a,,none here\r\n"), "{table}");
    let govern = read(&ask(&node, "GET", "/risk/csf/GV.json?year=2026", &analyst, "").body).to_string();
    assert!(
        !govern.contains("minutes") && govern.contains("policy of what risk is tolerated: none is kept"),
        "{govern}"
    );
    node.stop();
}
