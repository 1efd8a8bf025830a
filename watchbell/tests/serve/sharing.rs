//! Pages about what is shared: the marking that a person chooses, and what others have seen.

use model::{AgencyId, Marking, Month, OpContext, Role, Roles, Timestamp};
use serde_json::Value;
use store::state::{Arrived, ArrivedFrom, ArrivedTechnique, Database, State};

use crate::kit::Place;
use crate::tenants::{Door, ask};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_that_something_was_seen_says_how_far_it_goes() {
    let place = Place::new();
    place.say(&["token", "add", "unused"]);
    let list = place.folder.path().join("list.txt");
    std::fs::write(&list, "one.example\ntwo.example\nthree.example\n").unwrap();
    place.say(&["intel", "load", "ours", list.to_str().unwrap(), "--quiet", "--tlp", "clear"]);
    let terms = ["--share", "sightings", "--clearance", "amber", "--relation", "client", "--address", "http://[::1]:1"];
    place.say(&[&["peer", "add", "state"][..], &terms].concat());
    let node = place.start(&[]);
    let mut door = Door::open(&place).await;
    let session = door.enter("home", Roles::of(Role::Analyst), true).await;
    let page = ask(&node, "GET", "/intel?value=one.example", &session, "").body;
    assert!(page.contains(r#"<option value="amber" selected>TLP:AMBER</option>"#), "{page}");
    for (what, status) in [
        ("value=one.example&what=seen", 303),
        ("value=two.example&what=seen&tlp=green", 303),
        ("value=three.example&what=seen&tlp=red", 303),
        ("value=three.example&what=seen&tlp=purple", 400),
        ("value=three.example&what=seen&tlp=GREEN", 400),
    ] {
        assert_eq!(ask(&node, "POST", "/intel/sight", &session, what).status, status, "{what}");
    }
    let page = ask(&node, "GET", "/intel?value=two.example", &session, "").body;
    assert!(page.contains("seen, 1 time, last"), "{page}");
    let left = lines(&place.say(&["share", "left", "--json"]));
    let left: Vec<_> = left.iter().map(|one| (one["about"].as_str().unwrap(), one["tlp"].as_str().unwrap())).collect();
    assert_eq!(left, [("domain two.example", "green"), ("domain one.example", "amber")]);
    let page = ask(&node, "GET", "/sharing", &session, "").body;
    assert!(page.contains("1 sighting: TLP:RED is for the persons who were told"), "{page}");
    node.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_seen_is_shown_from_enough_of_them_on() {
    let place = Place::new();
    place.say(&["token", "add", "unused"]);
    let month: Month = "2026-10".parse().unwrap();
    let names = ["north", "south", "west"];
    for name in names {
        place.say(&["peer", "add", name, "--address", "http://[::1]:1"]);
    }
    let node = place.start(&[]);
    let mut door = Door::open(&place).await;
    let session = door.enter("home", Roles::of(Role::Analyst), true).await;
    let address = "/intel/month?month=2026-10&technique=T1059.001&by=others";
    let state = State::open(&Database::Sqlite(place.data().join("state.db"))).await.unwrap();
    let ctx = OpContext::new(AgencyId::home(), "test", Roles::NODE, Timestamp::from_micros(1));
    for (number, name) in names.into_iter().enumerate() {
        let page = ask(&node, "GET", address, &session, "").body;
        assert!(page.contains("Too few other organisations"), "{number}: {page}");
        let technique = "T1059.001".to_owned();
        let marking = Marking::default();
        let arrived = Arrived {
            from: ArrivedFrom::Pulled(String::new()),
            things: Vec::new(),
            sightings: Vec::new(),
            techniques: vec![ArrivedTechnique { month, technique, counted: None, marking }],
        };
        let peer = state.peer(&ctx, name).await.unwrap().number;
        state.welcome(&ctx, peer, &arrived).await.unwrap();
    }
    let page = ask(&node, "GET", address, &session, "").body;
    assert!(
        page.contains("At least 3 other organisations have seen it") && page.contains("3 peers of ours have"),
        "{page}"
    );
    // Who they are is nowhere.
    assert!(names.iter().all(|name| !page.contains(name)), "{page}");
    let brief = ask(&node, "GET", "/intel/brief?month=2026-10", &session, "").body;
    let link = address.replace('&', "&#38;");
    assert!(brief.contains(&format!("<a href=\"{link}\">3</a> other organisations")), "{brief}");
    let brief = ask(&node, "GET", "/intel/brief.md?month=2026-10", &session, "").body;
    assert!(brief.contains(&format!("{address}) other organisations")), "{brief}");
    for wrong in ["by=nobody&technique=T1059", "by=others", "by=others&technique=T1", "by=others&what=grave"] {
        let answer = ask(&node, "GET", &format!("/intel/month?month=2026-10&{wrong}"), &session, "");
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
    }
    state.close().await;
    node.stop();
}
