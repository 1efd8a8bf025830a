//! What people report: mined, shown, taken over as far as somebody chose, kept sealed, and shown to those for whom it is.

use model::{Role, Roles};
use serde_json::Value;

use crate::kit::{Place, text};
use crate::tenants::{Door, ask};

const REPORT: &str = "Liaison officer's note\nWe saw hxxp://login[.]evil[.]example/a and 203[.]0[.]113[.]9, by T1566.001.\n\
    The victim talked to 198.51.100.7; see report.docx. Contact: h.brandt@musterstadt.example\n";

fn place() -> Place {
    let place = Place::new();
    place.say(&["token", "add", "unused"]);
    let city = "[city]\ndomains = ['musterstadt.example']\naddresses = ['198.51.100.0/24']\n";
    std::fs::write(place.data().join("watchbell.toml"), city).unwrap();
    place
}

fn file(place: &Place, name: &str, content: &[u8]) -> String {
    let path = place.folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn read(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn proposed(report: &Value) -> Vec<(&str, bool)> {
    let plain = |one: &Value| one["doubts"].as_array().unwrap().is_empty() && one["ours"].is_null();
    report["proposed"].as_array().unwrap().iter().map(|one| (one["value"].as_str().unwrap(), plain(one))).collect()
}

#[test]
fn nothing_is_taken_over_blindly() {
    let place = place();
    let (note, attached) = (file(&place, "note.txt", REPORT.as_bytes()), file(&place, "mail.eml", b"\x00a mail\xff"));
    let added = place.say(&[
        "intel", "report", "add", &note, "--grade", "B2", "--tlp", "amber", "--attach", &attached, "--source",
        "liaison", "--json",
    ]);
    let report = read(&added);
    let id = report["id"].as_str().unwrap().to_owned();
    let found = proposed(&report);
    assert!(
        found.contains(&("http://login.evil.example/a", true)) && found.contains(&("T1566.001", true)),
        "{found:?}"
    );
    assert!(found.contains(&("203.0.113.9", false)), "an address for documents: {found:?}");
    assert!(found.contains(&("198.51.100.7", false)), "ours, and not defanged: {found:?}");
    assert_eq!(
        (report["title"].as_str(), report["status"].as_str()),
        (Some("Liaison officer's note"), Some("proposed"))
    );
    let evil = "http://login.evil.example/a";
    assert_eq!(place.run(&["intel", "show", evil]).status.code(), Some(1), "nothing counts before somebody has looked");
    // What is not in it cannot be taken over; a dry run takes nothing.
    let wrong = place.run(&["intel", "report", "confirm", &id, "--only", "203.0.113.10"]);
    assert!(text(&wrong.stderr).contains("was not found in the report"), "{}", text(&wrong.stderr));
    let dry = place.say(&["intel", "report", "confirm", &id, "--dry-run"]);
    assert!(dry.contains(evil) && !dry.contains("\"value\":\"198.51.100.7\""), "{dry}");
    assert_eq!(place.run(&["intel", "show", evil]).status.code(), Some(1));
    place.say(&["intel", "report", "confirm", &id, "--only", "hxxp://login[.]evil[.]example/a", "--only", "T1566.001"]);
    let shown = read(&place.say(&["intel", "show", evil, "--json"]));
    assert_eq!(
        (&shown["claims"][0]["source"], &shown["claims"][0]["tlp"]),
        (&"liaison".into(), &"amber".into()),
        "{shown}"
    );
    assert!(shown["because"].to_string().contains("credibility"), "the report's own grade counts: {shown}");
    assert_eq!(place.run(&["intel", "show", "203.0.113.9"]).status.code(), Some(1), "it was not chosen");
    assert!(place.say(&["intel", "objects", "report", "--json"]).contains("T1566.001"));
    // Once, and by a source that is what it was.
    assert!(!place.run(&["intel", "report", "confirm", &id]).status.success());
    let regraded = place.run(&["intel", "report", "add", &note, "--grade", "E5", "--source", "liaison"]);
    assert!(text(&regraded.stderr).contains("another source"), "{}", text(&regraded.stderr));
    let list = read(&place.say(&["intel", "report", "list", "--json"]));
    assert_eq!((&list["status"], &list["taken"]), (&"confirmed".into(), &2.into()), "{list}");
    // The attachment is what it was, and stands in no file of the state as it was written.
    let to = place.folder.path().join("again.eml");
    place.say(&["intel", "report", "attachment", &id, "1", to.to_str().unwrap()]);
    assert_eq!(std::fs::read(&to).unwrap(), b"\x00a mail\xff");
    let state = std::fs::read(place.data().join("state.db")).unwrap();
    assert!(!text(&state).contains("Liaison officer"), "texts are sealed");
    // A person who is named in it can have the words erased; what was taken over stays.
    place.say(&["erase", "--email", "h.brandt@musterstadt.example", "--purpose", "a request of the person"]);
    let erased = read(&place.say(&["intel", "report", "show", &id, "--json"]));
    assert_eq!(erased["body"], "", "{erased}");
    place.say(&["audit", "verify"]);
}

#[test]
fn a_report_by_the_console() {
    let place = place();
    let node = place.start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (analyst, lead, owner, other) = runtime.block_on(async {
        let mut door = Door::open(&place).await;
        let analyst = door.enter("home", Roles::of(Role::Analyst), false).await;
        let lead = door.enter("home", Roles::of(Role::Lead), false).await;
        let owner = door.enter("home", Roles::of(Role::ServiceOwner), false).await;
        (analyst, lead, owner, door.enter("home", Roles::of(Role::Analyst), false).await)
    });
    let form = |tlp: &str| {
        let field = |name: &str, value: &str| {
            format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let fields = [
            field("body", &REPORT.replace('\n', "\r\n")),
            field("title", "<script>alert(1)</script>"),
            field("source", ""),
            field("reliability", "B"),
            field("credibility", "2"),
            field("tlp", tlp),
            field("pap", "green"),
        ];
        let file = "--XyZ\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"../x.html\"\r\n\r\n<script>1</script>\r\n--XyZ--\r\n";
        format!("{}{file}", fields.concat())
    };
    let bring = |who: &str, tlp: &str| {
        let body = form(tlp);
        let head = format!(
            "POST /intel/reports HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:{}\r\nConnection: close\r\n{who}\
             Content-Type: multipart/form-data; boundary=XyZ\r\nContent-Length: {}\r\n\r\n",
            node.address.port(),
            body.len()
        );
        node.ask(&head, body.as_bytes()).unwrap()
    };
    assert_eq!(bring(&owner, "amber").status, 403, "who only reads brings none");
    let brought = bring(&analyst, "red");
    assert_eq!(brought.status, 303, "{}", brought.body);
    let path = brought.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().trim().to_owned();
    let page = ask(&node, "GET", &path, &format!("{analyst}Accept: text/html\r\n"), "");
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("203[.]0[.]113[.]9") && page.body.contains("it is ours: 198.51.100.0/24"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("<script>alert"), "what people write is text");
    // TLP:RED: for the one who brought it and for who leads; others see neither it nor that it is there.
    for (who, status) in [(&lead, 200), (&other, 403), (&owner, 403)] {
        assert_eq!(ask(&node, "GET", &path, who, "").status, status);
        let listed = ask(&node, "GET", "/intel/reports.json", who, "").body;
        assert_eq!(listed.contains("script"), status == 200, "{listed}");
    }
    assert_eq!(ask(&node, "GET", &format!("{path}/attachments/1"), &other, "").status, 403);
    let attachment = ask(&node, "GET", &format!("{path}/attachments/1"), &analyst, "");
    assert!(attachment.head.contains("content-disposition: attachment; filename=\"x.html\""), "{}", attachment.head);
    assert!(
        attachment.head.contains("application/octet-stream") && attachment.head.contains("nosniff"),
        "{}",
        attachment.head
    );
    assert_eq!(attachment.body, "<script>1</script>");
    assert_eq!(ask(&node, "POST", &format!("{path}/decide"), &owner, "choice=plain").status, 403);
    assert_eq!(
        ask(&node, "POST", &format!("{path}/decide"), &analyst, "choice=chosen").status,
        400,
        "nothing was chosen"
    );
    let decided = ask(&node, "POST", &format!("{path}/decide"), &analyst, "choice=chosen&take=ipv4%3A203.0.113.9");
    assert_eq!(decided.status, 303, "{}", decided.body);
    assert_eq!(ask(&node, "POST", &format!("{path}/decide"), &analyst, "choice=none").status, 409, "once");
    let shown = ask(&node, "GET", "/intel.json?value=203.0.113.9", &lead, "").body;
    assert!(shown.contains("\"tlp\":\"red\"") && shown.contains("person-"), "{shown}");
    // The watch looks for it soon.
    let patience = std::time::Instant::now() + crate::kit::PATIENCE;
    while !node.log().contains("intelligence: 1 indicator") {
        assert!(std::time::Instant::now() < patience, "{}", node.log());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    node.stop();
}
