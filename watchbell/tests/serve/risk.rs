//! What is at stake, from the command line to the pages: a city of forty services, its opening order, its report, its policy.

use serde_json::Value;

use crate::kit::{Place, text};

fn read(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The invented city's register, as a file of the program.
fn city(place: &Place) -> usize {
    let register = testkit::city::City::new(7).register();
    let services = register.items.iter().filter(|item| item.kind == model::register::ItemKind::Service);
    let running = services.filter(|item| item.state != model::register::Lifecycle::Retired).count();
    let file = place.folder.path().join("city.json");
    let content = serde_json::json!({ "items": register.items, "links": register.links }).to_string();
    std::fs::write(&file, content).unwrap();
    place.say(&["register", "import", file.to_str().unwrap()]);
    running
}

#[test]
fn which_service_may_open_first() {
    let place = Place::new();
    assert!(place.say(&["risk", "open-order", "--json"]).is_empty(), "nothing is registered");
    let services = city(&place);
    let order: Vec<Value> = place.say(&["risk", "open-order", "--json"]).lines().map(read).collect();
    assert_eq!(order.len(), services);
    let rank = |opening: &Value| {
        ["open", "open_with_conditions", "not_yet"].iter().position(|word| opening["verdict"] == *word).unwrap()
    };
    assert!(order.is_sorted_by_key(rank), "{order:?}");
    assert!(order.iter().all(|opening| !opening["reasons"].as_array().unwrap().is_empty()));
    let words = place.say(&["risk", "open-order", "--top", "2"]);
    assert!(words.contains("with 90 % confidence") && words.contains("more services; hint: --top N"), "{words}");
    let posture = read(&place.say(&["risk", "posture", "--json"]));
    let money = &posture["years"]["money"];
    assert!(money["p50"].as_f64() <= money["p90"].as_f64() && money["p90"].as_f64() <= money["var99"].as_f64());
    assert!(place.say(&["risk", "posture"]).contains("EUR"));
    // Twice the same, byte for byte.
    let again: Vec<Value> = place.say(&["risk", "open-order", "--json"]).lines().map(read).collect();
    assert_eq!(order, again);
    let report = place.folder.path().join("report.html");
    place.say(&["risk", "report", report.to_str().unwrap()]);
    let page = std::fs::read_to_string(&report).unwrap();
    assert!(
        page.matches("<svg").count() >= 2 && page.contains("Service map") && page.contains("not yet"),
        "{}",
        page.len()
    );
    assert!(
        !page.contains("<script") && !page.contains("src=") && !page.contains("http"),
        "it needs nothing beside it"
    );
}

#[test]
fn the_city_has_its_own_policy() {
    let place = Place::new();
    let built_in = place.say(&["risk", "policy"]);
    assert!(built_in.contains("[tolerances]"), "{built_in}");
    let file = place.folder.path().join("policy.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, built_in.replace("currency = \"EUR\"", "currency = \"CHF\"")).unwrap();
    place.say(&["risk", "policy", "--set", path, "--dry-run"]);
    assert!(place.say(&["risk", "policy"]).contains("EUR"), "only checked");
    place.say(&["risk", "policy", "--set", path]);
    assert!(place.say(&["risk", "policy"]).contains("CHF"));
    std::fs::write(&file, "currency = 1").unwrap();
    let refused = place.run(&["risk", "policy", "--set", path]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("is no policy"), "{}", text(&refused.stderr));
    place.say(&["audit", "verify"]);
}
