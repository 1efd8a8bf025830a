//! What concerns the city itself: configured once, held against everything that comes, told first, and told once.

use serde_json::Value;

use crate::kit::{Place, text};
use crate::outside::Outside;

const CITY: &str = r#"
[city]
names = ["Musterstadt"]
domains = ["musterstadt.example"]
addresses = ["198.51.100.0/24"]
sectors = ["government"]
technologies = ["Fortinet/FortiOS", "Microsoft/Exchange Server"]
allowed = ["musterstadt-theater.example"]
"#;

fn place() -> Place {
    let place = Place::new();
    place.say(&["token", "add", "unused"]);
    std::fs::write(place.data().join("watchbell.toml"), CITY).unwrap();
    place
}

fn file(place: &Place, name: &str, content: &str) -> String {
    let path = place.folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn load(place: &Place, name: &str, content: &str, format: &str) -> Value {
    let path = file(place, name, content);
    let said = place.say(&["intel", "load", name, &path, "--format", format, "--json", "--quiet"]);
    serde_json::from_str(said.trim()).unwrap()
}

/// Titles of findings, as `findings --json` has them.
fn findings(place: &Place) -> Vec<(String, String, Value)> {
    let output = text(&place.run(&["findings", "--json"]).stdout);
    let read = |line: &str| {
        let finding: Value = serde_json::from_str(line).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&finding["message"]), text(&finding["severity"]), finding)
    };
    output.lines().map(read).collect()
}

fn titles(place: &Place) -> Vec<String> {
    let mut titles: Vec<String> =
        findings(place).into_iter().map(|(title, level, _)| format!("{level}: {title}")).collect();
    titles.sort();
    titles
}

#[test]
fn new_domains_that_look_like_ours_are_findings_once() {
    let place = place();
    let list = "musterstadt-login.example\nmusterstadt-theater.example\ntax.musterstadt.example\nnothing.example\nrnusterstadt.example\n";
    let done = load(&place, "new-names", list, "new-domains");
    assert_eq!(
        (done["findings"].as_u64(), done["added"].as_u64(), done["context"].as_u64()),
        (Some(2), Some(2), Some(3)),
        "{done}"
    );
    let certificates = "{\"data\":{\"leaf_cert\":{\"all_domains\":[\"*.musterstadt-login.example\",\"musterstadt-portal.example\"],\"issuer\":{\"O\":\"An Authority\"}}}}\n";
    let done = load(&place, "certificates", certificates, "new-domains");
    assert_eq!(done["findings"], 1, "one was known by the other feed: {done}");
    assert_eq!(load(&place, "new-names", list, "new-domains")["findings"], 0, "and nothing is told twice");
    let told = findings(&place);
    let login = told.iter().find(|(title, ..)| title.contains("musterstadt-login.example")).unwrap();
    assert_eq!(login.1, "High");
    let reasons = login.2["unmapped"]["reasons"].to_string();
    assert!(reasons.contains("which lures") && reasons.contains("says new-names"), "{reasons}");
    assert!(told.iter().any(|(.., finding)| finding.to_string().contains("a certificate of An Authority")));
    // They can be looked for in traffic, too.
    let shown = place.say(&["intel", "show", "musterstadt-login.example"]);
    assert!(shown.contains("look-alike of Musterstadt"), "{shown}");
    // Without names there is nothing to compare with, and that is said.
    std::fs::write(place.data().join("watchbell.toml"), "").unwrap();
    let refused = place.run(&["intel", "load", "x", "/dev/null", "--format", "new-domains"]);
    assert!(text(&refused.stderr).contains("no names to compare"), "{}", text(&refused.stderr));
}

#[test]
fn our_own_address_on_a_list_is_a_finding_and_is_never_blocked() {
    let place = place();
    load(&place, "a-list", "198.51.100.7\n203.0.113.9\n", "list");
    assert_eq!(titles(&place), ["Medium: Somebody lists what is ours: 198.51.100.7 (unlabelled)"]);
    load(&place, "another", "198.51.100.7\n198.51.0.0/16\n", "list");
    assert_eq!(titles(&place).len(), 2, "the range that takes ours in, and not the address again");
    let shown: Value = serde_json::from_str(&place.say(&["intel", "show", "198.51.100.7", "--json"])).unwrap();
    assert_eq!((&shown["detecting"], &shown["may_block"]), (&"targeted".into(), &false.into()), "{shown}");
    assert!(shown["blocking_because"].to_string().contains("it is our own"), "{shown}");
    // What concerns us ranks higher than the same about somebody else, and says why.
    let labelled = "198.18.0.1\tattacks on government\n198.18.0.2\tattacks on theatres\n";
    let path = file(&place, "labels.tsv", labelled);
    let mapping = r#"{"layout": {"delimited": {"delimiter": "\t"}}, "header": "none", "value": 1, "label": 2}"#;
    place.say(&["intel", "load", "labelled", &path, "--mapping", mapping, "--grade", "A1", "--quiet"]);
    let rank = |value: &str| -> (u64, String) {
        let shown: Value = serde_json::from_str(&place.say(&["intel", "show", value, "--json"])).unwrap();
        (shown["rank"].as_u64().unwrap(), shown["because"].to_string())
    };
    let (ours, theirs) = (rank("198.18.0.1"), rank("198.18.0.2"));
    assert!(ours.0 > theirs.0 && ours.1.contains("concerns us: government"), "{ours:?} {theirs:?}");
}

#[test]
fn leaks_and_holes_and_own_tests_that_concern_us() {
    let place = place();
    let posts = r#"[{"post_title": "Musterstadt", "group_name": "g", "discovered": "2026-11-20 00:00:00"},
        {"victim": "A Company", "group": "h", "domain": "tax.musterstadt.example", "discovered": "2026-11-21 00:00:00"},
        {"victim": "Elsewhere", "group": "h", "domain": "elsewhere.example"}]"#;
    assert_eq!(load(&place, "leaks", posts, "leaks")["findings"], 2);
    let hole = |id: &str, vendor: &str, product: &str, added: &str, ransom: &str| {
        format!(
            r#"{{"cveID": "{id}", "vendorProject": "{vendor}", "product": "{product}", "vulnerabilityName": "A hole", "dateAdded": "{added}",
             "shortDescription": "x", "requiredAction": "Mend it.", "dueDate": "2026-12-24", "knownRansomwareCampaignUse": "{ransom}"}}"#
        )
    };
    let today = crate::tenants::now().to_string();
    let today = today.get(..10).unwrap();
    let catalogue = [
        hole("CVE-2026-1000", "Fortinet", "FortiOS", today, "Known"),
        hole("CVE-2026-1001", "Fortinet", "FortiWeb", today, "Unknown"),
        hole("CVE-2021-1", "Microsoft", "Exchange Server", "2021-11-03", "Unknown"),
        hole("CVE-2021-2", "Microsoft", "Exchange Server", "2021-11-04", "Known"),
        hole("CVE-2021-3", "Microsoft", "Word", "2021-11-04", "Known"),
    ];
    let catalogue = format!(r#"{{"title": "x", "catalogVersion": "1", "vulnerabilities": [{}]}}"#, catalogue.join(","));
    let done = load(&place, "kev", &catalogue, "kev");
    assert_eq!(done["findings"], 2, "the new one, and the old ones together: {done}");
    let results = r#"{"template-id":"exposed-panel","host":"https://tax.musterstadt.example","info":{"name":"Panel","severity":"high"},"type":"http","timestamp":"2026-11-26T00:00:00Z"}
{"template-id":"exposed-panel","host":"https://elsewhere.example","info":{"name":"Panel","severity":"high"},"type":"http","timestamp":"2026-11-26T00:00:00Z"}
{"template-id":"tech","host":"https://www.musterstadt.example","info":{"name":"Tech","severity":"info"},"type":"http","timestamp":"2026-11-26T00:00:00Z"}
"#;
    assert_eq!(load(&place, "tests", results, "nuclei")["findings"], 1);
    let expected = [
        "Critical: A leak site names A Company (h)",
        "Critical: CVE-2026-1000 in FortiOS, which runs here, is exploited",
        "High: 2 older known holes in Exchange Server, which runs here",
        "High: A leak site names Musterstadt (g)",
        "High: Own test: Panel",
    ];
    assert_eq!(titles(&place), expected);
    // Nothing is told again, by the same feed or by looking through everything.
    assert_eq!(load(&place, "kev", &catalogue, "kev")["findings"], 0);
    let reviewed = place.say(&["intel", "review", "--json"]);
    assert_eq!(reviewed.trim(), r#"{"findings":0}"#);
    // Whoever runs something else now is told of what was known all along.
    std::fs::write(place.data().join("watchbell.toml"), CITY.replace("FortiOS\"", "FortiOS\", \"Fortinet/FortiWeb\""))
        .unwrap();
    assert_eq!(place.say(&["intel", "review", "--json"]).trim(), r#"{"findings":1}"#);
    // They stand in front of others of their level, in the terminal and for programs.
    let table = text(&place.run(&["findings"]).stdout);
    assert!(table.find("A leak site names A Company").unwrap() < table.find("Own test").unwrap(), "{table}");
    place.say(&["audit", "verify"]);
}

/// The server learns six digits of a hash and no address.
#[test]
fn breaches_are_asked_for_without_names() {
    let place = place();
    let staff = file(
        &place,
        "staff",
        "h.brandt@musterstadt.example\nj.weber@musterstadt.example\nsomebody@elsewhere.example\n",
    );
    let config = format!("{CITY}staff_accounts = '{staff}'\n");
    std::fs::write(place.data().join("watchbell.toml"), config).unwrap();
    // printf h.brandt@musterstadt.example | sha1sum
    const BRANDT: &str = "1CABBCC66329DEC0B76FA39E5E68BEFA928CD7EA";
    let server = Outside::start(|asked| {
        let kind = "Content-Type: application/json\r\n".to_owned();
        if !asked.head.to_lowercase().contains("hibp-api-key: a-key") {
            return (401, kind, b"{}".to_vec());
        }
        match asked.path.strip_prefix("/api/v3/breachedaccount/range/") {
            Some(prefix) if prefix == &BRANDT[..6] => {
                let other = "0".repeat(34);
                let body = format!(
                    r#"[{{"hashSuffix":"{}","websites":["A Shop"]}},{{"hashSuffix":"{other}","websites":["B"]}}]"#,
                    &BRANDT[6..]
                );
                (200, kind, body.into_bytes())
            }
            _ => (404, kind, Vec::new()),
        }
    });
    let key = file(&place, "key", "a-key\n");
    let (url, allowed) = (server.url("/api/v3/breachedaccount/range/"), server.allowed());
    place.say(&[
        "feed",
        "add",
        "breaches",
        "--kind",
        "hibp",
        "--url",
        &url,
        "--allow-http",
        "--allow-private",
        &allowed,
        "--key-file",
        &key,
        "--key-header",
        "hibp-api-key",
    ]);
    let run =
        || -> Value { serde_json::from_str(&place.say(&["feed", "run", "breaches", "--json", "--quiet"])).unwrap() };
    let first = run();
    assert_eq!(first["brought"]["findings"], 1, "{first}");
    assert!(first["tally"]["notes"].to_string().contains("1 lines of the staff's accounts"), "{first}");
    let (title, _, finding) = findings(&place).remove(0);
    assert_eq!(title, "An account of the staff is in a breach");
    assert!(finding.to_string().contains("A Shop"), "{finding}");
    assert_eq!(run()["brought"]["findings"], 0);
    let told: String = server.heard().iter().map(|asked| format!("{}{}", asked.head, text(&asked.body))).collect();
    assert!(!told.contains("brandt") && !told.contains("weber") && !told.contains(&BRANDT[..7]), "{told}");
    assert_eq!(server.heard().len(), 4, "two prefixes a run, and no stranger's");
    // What is personal in a finding goes when somebody asks for it.
    place.say(&["erase", "--email", "h.brandt@musterstadt.example", "--purpose", "a request of the person"]);
    assert_eq!(findings(&place).len(), 0);
}
