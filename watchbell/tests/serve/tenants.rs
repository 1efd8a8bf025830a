//! T12: every route that there is, asked by another agency, by nobody, and by every role that may not, with canaries in every
//! field of the agency that must not be seen. A route that has no entry here fails the test.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::office::PersonId;
use model::{AgencyId, OpContext, Role, Roles, Timestamp};
use store::state::{Database, State};

use crate::console::{Operation, document};
use crate::kit::{Answer, Node, Place};

/// What stands in every field of the agency that must not be seen.
const CANARY: &str = "canaria";

/// The time.
pub(crate) fn now() -> Timestamp {
    Timestamp::EPOCH.plus(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap())
}

/// What a route needs: the operation of the access matrix, and a body that makes sense. `None` for what is everybody's own.
fn needs(operation: &Operation) -> Option<(&'static str, &'static str)> {
    let entry = match (operation.method.as_str(), operation.path.as_str()) {
        ("GET", "/inbox" | "/inbox.json" | "/inbox.csv" | "/findings/{id}") => ("finding.read", ""),
        ("GET", "/suppressions" | "/suppressions.json" | "/suppressions.csv") => ("finding.read", ""),
        ("POST", "/findings/decide") => {
            ("finding.decide", "id=00000000000000000000000000000000&verdict=acknowledged&note=")
        }
        ("POST", "/findings/{id}/suppress") => ("suppression.manage", "scope=all&reason=a+test&days=1"),
        ("POST", "/suppressions/{id}/lift") => ("suppression.manage", ""),
        ("GET", "/hunt" | "/hunt.json" | "/hunt.csv") => ("hunt.run", ""),
        ("POST", "/hunt" | "/hunt.json" | "/hunt.csv") => {
            ("hunt.personal", "sql=SELECT+1&purpose=a+test+of+the+tenants")
        }
        ("POST", "/hunt/save") => ("hunt.save", "name=a+test&sql=SELECT+1"),
        ("POST", "/hunt/remove") => ("hunt.save", "name=nothing"),
        ("GET", "/health" | "/health.json" | "/health.csv" | "/health/rates.json") => ("source.read", ""),
        ("GET", "/audit" | "/audit.json" | "/audit.csv") | ("POST", "/audit/verify") => ("ledger.read", ""),
        ("GET", "/people" | "/people.json" | "/people.csv") => ("person.read", ""),
        ("POST", "/people/admit") => ("person.manage", "name=Somebody&role=analyst"),
        ("POST", "/people/{id}/link") => ("person.manage", ""),
        ("POST", "/people/{id}/roles") => ("person.manage", "role=analyst"),
        ("POST", "/people/{id}/disable") => ("person.manage", "confirm=yes"),
        ("GET", "/tokens" | "/tokens.json" | "/tokens.csv") => ("token.read", ""),
        ("POST", "/tokens/add") => ("token.manage", "name=a+test&scope=findings&days=1"),
        ("POST", "/tokens/revoke") => ("token.manage", "name=nothing"),
        ("GET", "/keys" | "/keys.json" | "/keys.csv") => ("key.read", ""),
        ("POST", "/keys/rotate") => ("key.rotate", "confirm=yes"),
        ("GET", "/agencies" | "/agencies.json" | "/agencies.csv") => ("agency.read", ""),
        ("GET", "/processing" | "/processing.json" | "/processing.csv") => ("processing.read", ""),
        ("GET", "/dpia" | "/dpia.json" | "/dpia.csv") => ("processing.read", ""),
        ("GET", "/register" | "/register.json" | "/register.csv" | "/register/map" | "/register/map.json") => {
            ("register.read", "")
        }
        ("GET", "/register/items/{id}" | "/register/items/{id}/seen" | "/register/items/{id}/seen.json") => {
            ("register.read", "")
        }
        ("POST", "/register/items/{id}/seen") => ("register.write", ""),
        ("POST", "/register/add") => ("register.write", "title=A+test&kind=service&id="),
        ("POST", "/register/items/{id}") => ("register.write", "version=0&title=A+test"),
        ("POST", "/register/items/{id}/categorize") => ("register.write", "version=0&integrity=high"),
        ("POST", "/register/items/{id}/retire") => ("register.write", "confirm=yes"),
        ("POST", "/register/items/{id}/link") => ("register.write", "kind=depends-on&other=nothing&direction=from"),
        ("POST", "/register/items/{id}/unlink") => ("register.write", "from=nothing&kind=depends-on&to=nothing"),
        ("GET", "/risk" | "/risk.json" | "/risk.csv" | "/risk/services/{id}" | "/risk/report") => ("risk.read", ""),
        ("GET", "/risk/policy" | "/risk/policy.json") => ("risk.read", ""),
        ("POST", "/risk/policy") => ("risk.decide", "text=nothing&version=0"),
        ("GET", "/risk/mobile" | "/risk/mobile.json" | "/risk/mobile.csv" | "/risk/mobile/{id}") => ("risk.read", ""),
        ("GET", "/risk/suppliers" | "/risk/suppliers.json" | "/risk/suppliers.csv") => ("risk.read", ""),
        ("POST", "/risk/mobile/{id}/about") => ("risk.write", "version=0&runs=1.0&platforms=android&trackers="),
        ("POST", "/risk/mobile/{id}/finding") => {
            ("risk.write", "version=0&control=MASVS-CODE-1&verdict=not-satisfied&evidence=&why=&day=")
        }
        ("POST", "/risk/mobile/{id}/permission") => {
            ("risk.write", "version=0&platform=android&name=a.test&why=&data=&is_optional=")
        }
        ("POST", "/risk/mobile/{id}/flow") => {
            ("risk.write", "version=0&to=a+test&place=outside&data=&is_encrypted=&purpose=&is_third_party=")
        }
        ("POST", "/risk/mobile/{id}/flow-drop") => ("risk.write", "version=0&to=a+test&place=outside"),
        ("GET", "/risk/vulnerabilities" | "/risk/vulnerabilities.json" | "/risk/vulnerabilities.csv") => {
            ("risk.read", "")
        }
        ("GET", "/risk/vulnerabilities/{id}/{item}") => ("risk.read", ""),
        ("POST", "/risk/vulnerabilities/{id}/{item}/accept") => {
            // A day that is no day of an acceptance: whoever may is told so.
            ("risk.decide", "why=a+test&until=2001-01-01&scope=this")
        }
        ("POST", "/risk/vulnerabilities/{id}/{item}/lift") => ("risk.decide", "number=1"),
        ("POST", "/risk/vulnerabilities/{id}/{item}/say") => ("risk.write", "status=affected&why=a+test"),
        ("GET", "/risk/rmf" | "/risk/rmf.json" | "/risk/rmf.csv" | "/risk/rmf/{id}") => ("risk.read", ""),
        ("GET", "/risk/rmf/{id}/{document}" | "/risk/rmf/{id}/controls/{control}") => ("risk.read", ""),
        ("POST", "/risk/rmf/{id}/bound") => ("risk.write", "version=0&item=canaria-server&how=add&why=a+test"),
        ("POST", "/risk/rmf/{id}/categorize") => {
            ("risk.write", "version=0&confidentiality=low&integrity=low&availability=low&why=a+test")
        }
        ("POST", "/risk/rmf/{id}/select") => ("risk.write", "version=0&baseline=low"),
        ("POST", "/risk/rmf/{id}/tailor") => ("risk.write", "version=0&control=ac-1&how=remove&why=a+test"),
        ("POST", "/risk/rmf/{id}/state") => ("risk.write", "version=0&control=ac-1&status=planned&words=a+test"),
        ("POST", "/risk/rmf/{id}/inherit") => ("risk.write", "version=0&control=ac-1&from=canaria&words=a+test"),
        ("POST", "/risk/rmf/{id}/assess") => {
            ("risk.write", "version=0&control=ac-1&method=examine&found=met&words=a+test")
        }
        ("POST", "/risk/rmf/{id}/plan") => {
            ("risk.write", "version=0&action=a-test&control=ac-1&words=a+test&due=2027-01-01&status=open")
        }
        ("POST", "/risk/rmf/{id}/check" | "/risk/rmf/{id}/documents" | "/risk/rmf/{id}/monitor") => {
            ("risk.write", "version=0")
        }
        ("POST", "/risk/rmf/{id}/authorize") => {
            ("risk.authorize", "version=0&decision=deny&expires=2027-01-01&conditions=&risk=a+test&confirm=yes")
        }
        ("GET", "/risk/csf" | "/risk/csf.json" | "/risk/csf.csv" | "/risk/csf/{function}") => ("risk.read", ""),
        ("POST", "/risk/csf") => ("risk.write", "version=0&year=2026&tier=2&tier_target=3"),
        ("POST", "/risk/csf/{function}") => (
            "risk.write",
            "version=0&year=2026&question=GV.OC-01&current=2&target=3&not_applicable=&note=a+test&evidence=",
        ),
        ("GET", "/intel" | "/intel.json" | "/intel/sources" | "/intel/sources.json" | "/intel/sources.csv") => {
            ("intel.read", "")
        }
        ("GET", "/intel/brief" | "/intel/brief.json" | "/intel/brief.md" | "/intel/month") => ("intel.read", ""),
        ("GET", "/intel/actors" | "/intel/actors.json") => ("intel.read", ""),
        ("GET", "/sharing" | "/sharing.json" | "/sharing.csv") => ("peer.read", ""),
        ("GET", "/intel/reports" | "/intel/reports.json" | "/intel/reports.csv" | "/intel/reports/{id}") => {
            ("intel.read", "")
        }
        ("GET", "/intel/reports/{id}/attachments/{number}") => ("intel.read", ""),
        ("POST", "/intel/reports") => ("intel.write", "body=a+test&reliability=B&credibility=2&tlp=green&pap=clear"),
        ("POST", "/intel/reports/{id}/decide") => ("intel.write", "choice=none"),
        ("POST", "/intel/sight") => ("intel.write", "value=192.0.2.77&what=seen"),
        ("POST", "/intel/sources/add") => {
            // Of no kind: whoever may is told so, and the watch of a test asks nobody.
            (
                "intel.source.manage",
                "name=a-test&kind=none&url=https%3A%2F%2Flists.example%2Fa&every=30d&grade=C3&tlp=green",
            )
        }
        ("POST", "/intel/sources/{name}/pause" | "/intel/sources/{name}/resume") => ("intel.source.manage", ""),
        ("GET", "/intel/outlets" | "/intel/outlets.json" | "/intel/outlets.csv") => ("outlet.read", ""),
        ("POST", "/intel/outlets/add") => ("outlet.manage", "name=a-test&form=text&days=1"),
        ("POST", "/intel/outlets/{name}/pause" | "/intel/outlets/{name}/resume") => ("outlet.manage", ""),
        ("POST", "/intel/outlets/{name}/remove") => ("outlet.manage", "confirm=yes"),
        ("GET", "/probes" | "/probes.json" | "/probes.csv") => ("probe.read", ""),
        // Paused at once by nobody: the watch of a test looks at a reserved name, which has no address.
        ("POST", "/probes/add") => (
            "probe.manage",
            "name=a-test&service=canaria&kind=http&place=https%3A%2F%2Fwww.city.example%2F&every=86400",
        ),
        ("POST", "/probes/{name}/run" | "/probes/{name}/pause" | "/probes/{name}/resume") => ("probe.manage", ""),
        ("POST", "/probes/{name}/accept") => ("probe.manage", "problem=down"),
        ("POST", "/probes/{name}/remove") => ("probe.manage", "confirm=yes"),
        // One's own, and what ends or never ends.
        ("GET", "/account" | "/prove" | "/inbox/events")
        | (
            "POST",
            "/account/leave-elsewhere"
            | "/account/passkey/remove"
            | "/account/passkey/start"
            | "/account/passkey/finish",
        )
        | ("POST", "/prove/start" | "/prove/finish" | "/prove/staff" | "/sign-out" | "/ingest/{source}") => {
            return None;
        }
        // No session opens these: who may what with which token is `nobody_is_let_in_without_a_token_that_is_for_this` of `web`.
        (_, path) if path.starts_with("/taxii2/") => return None,
        // Nor these: `a_list_leaves_as_far_as_it_may_and_only_for_its_own_token`.
        (_, path) if path.starts_with("/outlets/") => return None,
        (method, path) => panic!("{method} {path} has no entry in this test: say which operation it needs"),
    };
    Some(entry)
}

/// The matrix of roles, as it is printed for people: operation, role, `yes`, `proof` or `no`.
fn matrix() -> BTreeMap<(String, String), String> {
    let text = include_str!("../../../docs/security/access.csv");
    let mut lines = text.lines();
    let roles: Vec<&str> = lines.next().unwrap().split(',').skip(1).collect();
    let mut matrix = BTreeMap::new();
    for line in lines {
        let mut cells = line.split(',');
        let operation = cells.next().unwrap();
        for (role, cell) in roles.iter().zip(cells) {
            matrix.insert((operation.to_owned(), (*role).to_owned()), cell.to_owned());
        }
    }
    matrix
}

/// Sessions of people who were not asked for a passkey: the test has the database.
pub(crate) struct Door {
    state: State,
    sessions: u8,
}

impl Door {
    pub(crate) async fn open(place: &Place) -> Self {
        let state = State::open(&Database::Sqlite(place.data().join("state.db"))).await.unwrap();
        Door { state, sessions: 0 }
    }

    /// A new person's session, as a line of a request.
    pub(crate) async fn enter(&mut self, agency: &str, roles: Roles, is_proven: bool) -> String {
        let ctx = OpContext::new(AgencyId::parse(agency).unwrap(), "test", Roles::NODE, now());
        let person = PersonId::random().unwrap();
        self.state.add_person(&ctx, person, b"sealed".to_vec(), roles).await.unwrap();
        self.sessions += 1;
        let secret = [self.sessions; 32];
        self.state.begin_session(&ctx, person, &secret, is_proven.then_some(ctx.now)).await.unwrap();
        format!("Cookie: watchbell={}\r\n", URL_SAFE_NO_PAD.encode(secret))
    }
}

pub(crate) fn ask(node: &Node, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let kind = if method == "POST" { "Content-Type: application/x-www-form-urlencoded\r\n" } else { "" };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:{}\r\nConnection: close\r\n\
         Content-Length: {}\r\n{kind}{headers}\r\n",
        node.address.port(),
        body.len()
    );
    node.ask(&head, body.as_bytes()).unwrap()
}

/// What a live page is told in a moment.
fn listen(node: &Node, headers: &str) -> String {
    let mut stream = TcpStream::connect(node.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    write!(stream, "GET /inbox/events?seq=0 HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").unwrap();
    let mut told = vec![0; 4_096];
    let mut length = 0;
    while let Ok(more @ 1..) = stream.read(&mut told[length..]) {
        length += more;
    }
    String::from_utf8_lossy(&told[..length]).into_owned()
}

/// An agency with the canary in every field that it has, and one that must see nothing of it.
fn installation() -> (Place, Node, String) {
    let place = Place::new();
    std::fs::create_dir(place.data()).unwrap();
    let config = "[sources.home]\nkind = 'http'\nformat = 'syslog'\n[sources.canaria-feed]\nkind = 'http'\n\
                  [sources.fire]\nkind = 'http'\nformat = 'syslog'\nagency = 'fire'\n";
    std::fs::write(place.data().join("watchbell.toml"), config).unwrap();
    place.say(&["people", "admit", CANARY, "--roles", "analyst"]);
    let token = place.token(CANARY);
    let list = place.folder.path().join("list.tsv");
    std::fs::write(&list, format!("planted.example\tmalware/{CANARY}\n")).unwrap();
    place.say(&["intel", "load", CANARY, list.to_str().unwrap(), "--mapping", "maltrail", "--quiet"]);
    place.say(&["outlet", "add", CANARY, "--form", "text"]);
    let note = place.folder.path().join("note.txt");
    std::fs::write(&note, format!("{CANARY} saw planted.example\n")).unwrap();
    let note = note.to_str().unwrap();
    place.say(&[
        "intel",
        "report",
        "add",
        note,
        "--title",
        CANARY,
        "--source",
        &format!("{CANARY}-person"),
        "--attach",
        note,
    ]);
    let said =
        ["--about", CANARY, "--owner", CANARY, "--label", CANARY, "--address", "canaria.example", "--mobile", "yes"];
    place.say(&[&["service", "add", CANARY, "--title", CANARY][..], &said].concat());
    place.say(&["asset", "add", "canaria-server", "--kind", "machine", "--title", CANARY]);
    place.say(&["service", "link", CANARY, "runs-on", "canaria-server", "--about", CANARY]);
    let say = ["vuln", "say", "CVE-2024-0001", "--item", "canaria-server", "--status", "affected", "--why", CANARY];
    place.say(&say);
    place.say(&["rmf", "bound", CANARY, "canaria-server", "--add", CANARY]);
    place.say(&["hunts", "save", CANARY, &format!("SELECT '{CANARY}'")]);
    place.say(&[
        "hold",
        "place",
        CANARY,
        "--reason",
        CANARY,
        "--from",
        "2026-01-01T00:00:00Z",
        "--to",
        "2026-01-02T00:00:00Z",
    ]);
    let node = place.start(&[]);
    let attack = format!(
        "<86>Nov 26 02:16:00 siren-ctl sshd[991]: Accepted password for h.brandt from 10.20.7.20 port 50022 ssh2: RSA SHA256:{CANARY}\n\
         <86>Nov 26 02:16:01 {CANARY} su: nonsense of {CANARY}\n"
    );
    let taken = node.post("home?format=syslog", &token, "b-1", &attack).unwrap();
    assert_eq!((taken.status, taken.body.contains("\"accepted\":2")), (200, true), "{taken:?}");
    node.wait_for("watchbell_findings_total", 1);
    (place, node, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_keeps_agencies_and_roles_apart() {
    let (place, node, _) = tokio::task::spawn_blocking(installation).await.unwrap();
    let mut door = Door::open(&place).await;
    let everything: Roles = [Role::Analyst, Role::Lead, Role::Auditor, Role::Administrator].into_iter().collect();
    let theirs = door.enter("fire", everything, true).await;
    let ours = door.enter("home", everything, true).await;
    // What of ours there is to be found: by id, in paths that name it.
    let list = ask(&node, "GET", "/inbox.json", &ours, "").body;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let finding = list["findings"][0]["id"].as_str().unwrap().to_owned();
    let decided = format!("id={finding}&verdict=acknowledged&note={CANARY}");
    assert_eq!(ask(&node, "POST", "/findings/decide", &ours, &decided).status, 303);
    let suppressed = format!("scope=all&reason={CANARY}&days=1");
    assert_eq!(ask(&node, "POST", &format!("/findings/{finding}/suppress"), &ours, &suppressed).status, 303);
    let people = ask(&node, "GET", "/people.json", &ours, "").body;
    assert!(people.contains(CANARY), "{people}");
    let planted = ask(&node, "GET", "/intel.json?value=planted.example", &ours, "").body;
    assert!(planted.contains(CANARY), "{planted}");
    let people: serde_json::Value = serde_json::from_str(&people).unwrap();
    let person = people["people"][0]["id"].as_str().unwrap().to_owned();
    assert!(ask(&node, "GET", "/register.json", &ours, "").body.contains(CANARY));
    assert!(ask(&node, "GET", "/risk/vulnerabilities.json", &ours, "").body.contains(CANARY));
    assert!(ask(&node, "GET", "/risk/rmf/canaria.json", &ours, "").body.contains("\"why\":\"canaria\""));
    let reports = ask(&node, "GET", "/intel/reports.json", &ours, "").body;
    assert!(reports.contains(CANARY), "{reports}");
    let reports: serde_json::Value = serde_json::from_str(&reports).unwrap();
    let report = reports["reports"][0]["id"].as_str().unwrap().to_owned();
    let suppressions = ask(&node, "GET", "/suppressions.json", &ours, "").body;
    let suppressions: serde_json::Value = serde_json::from_str(&suppressions).unwrap();
    let suppression = suppressions["suppressions"][0]["id"].as_str().unwrap().to_owned();

    let operations = document(&node);
    let matrix = matrix();
    let paths_of = |operation: &Operation| -> Vec<String> {
        let path = &operation.path;
        let with = |id: &str| path.replace("{id}", id).replace("{source}", "home").replace("{name}", "x");
        match path.as_str() {
            "/intel/sources/{name}/pause"
            | "/intel/sources/{name}/resume"
            | "/intel/outlets/{name}/pause"
            | "/intel/outlets/{name}/resume"
            | "/intel/outlets/{name}/remove" => vec![path.replace("{name}", CANARY)],
            "/intel/reports/{id}" => vec![with(&report), with(&format!("{report}.json"))],
            path if path.starts_with("/intel/reports/{id}") => vec![with(&report).replace("{number}", "1")],
            "/register/items/{id}" if operation.method == "GET" => vec![with(CANARY), with("canaria.json")],
            path if path.starts_with("/register/items/{id}") => vec![with(CANARY)],
            "/risk/mobile/{id}" => vec![with(CANARY), with("canaria.json")],
            path if path.starts_with("/risk/mobile/{id}") => vec![with(CANARY)],
            path if path.starts_with("/risk/vulnerabilities/{id}") => {
                vec![with("CVE-2024-0001").replace("{item}", "canaria-server")]
            }
            "/risk/rmf/{id}" => vec![with(CANARY), with("canaria.json")],
            "/risk/rmf/{id}/{document}" => {
                let kinds = ["security-plan", "assessment-plan", "assessment-results", "action-plan", "authorization"];
                kinds.iter().map(|kind| with(CANARY).replace("{document}", &format!("{kind}.json"))).collect()
            }
            path if path.starts_with("/risk/rmf/{id}/") => vec![with(CANARY).replace("{control}", "ac-1")],
            "/risk/csf/{function}" if operation.method == "GET" => {
                vec![path.replace("{function}", "GV"), path.replace("{function}", "GV.json")]
            }
            "/risk/csf/{function}" => vec![path.replace("{function}", "GV")],
            "/findings/{id}" => vec![with(&finding), with(&format!("{finding}.json"))],
            "/findings/{id}/suppress" => vec![with(&finding)],
            "/suppressions/{id}/lift" => vec![with(&suppression)],
            _ => vec![with(&person)],
        }
    };
    let mut tried = 0;
    for operation in operations.iter().filter(|operation| !operation.needs.is_empty()) {
        let Some((_, body)) = needs(operation) else { continue };
        for path in paths_of(operation) {
            // Theirs first: nothing of ours is to be seen, by id, in lists, by search, in files, in errors.
            let search = match operation.path.as_str() {
                "/inbox" | "/inbox.json" | "/inbox.csv" => {
                    vec![format!("?text={CANARY}"), "?verdict=suppressed".into()]
                }
                "/hunt" | "/hunt.json" | "/hunt.csv" if operation.method == "GET" => {
                    vec!["?sql=SELECT+*+FROM+events".into(), "?sql=SELECT+*+FROM+findings".into()]
                }
                "/audit" | "/audit.json" | "/audit.csv" => vec!["?before=9007199254740991".into()],
                "/register" | "/register.json" | "/register.csv" => vec!["?text=example".into(), "?rows=1999".into()],
                "/risk/vulnerabilities" | "/risk/vulnerabilities.json" | "/risk/vulnerabilities.csv" => {
                    vec!["?settled=yes".into(), "?rows=2000".into()]
                }
                "/intel" | "/intel.json" => vec!["?value=planted.example".into()],
                _ => Vec::new(),
            };
            let bodies = match (operation.method.as_str(), operation.path.as_str()) {
                ("POST", "/hunt" | "/hunt.json" | "/hunt.csv") => vec![
                    "sql=SELECT+*+FROM+events&purpose=a+test+of+the+tenants".to_owned(),
                    "sql=SELECT+*+FROM+findings&purpose=a+test+of+the+tenants".to_owned(),
                ],
                ("POST", "/findings/decide") => vec![decided.clone()],
                ("POST", "/tokens/revoke") => vec![format!("name={CANARY}")],
                ("POST", "/hunt/remove") => vec![format!("name={CANARY}")],
                // A name that is taken elsewhere is free here: even that would be a leak.
                ("POST", "/tokens/add") => vec![format!("name={CANARY}&scope=findings&days=1")],
                _ => vec![body.to_owned()],
            };
            for body in &bodies {
                for search in search.iter().map(String::as_str).chain([""]) {
                    let asked = format!("{path}{search}");
                    let answer = ask(&node, &operation.method, &asked, &theirs, body);
                    // What they say themselves may be said back to them.
                    let said_back = asked.contains(CANARY) || body.contains(CANARY);
                    let leak = answer.body.matches(CANARY).count();
                    let is_ours = [&finding, &person, &suppression, &report]
                        .into_iter()
                        .any(|id| answer.body.contains(id.as_str()));
                    let names_path = answer.body.contains("application/problem") || answer.status == 404;
                    assert!(leak == 0 || said_back, "{} {asked}: {answer:?}", operation.method);
                    assert!(!is_ours || names_path, "{} {asked}: {answer:?}", operation.method);
                    assert_ne!(answer.status, 500, "{} {asked}", operation.method);
                    if [&finding, &suppression, &report].into_iter().any(|id| path.contains(id.as_str())) {
                        assert_eq!(answer.status, 404, "{} {asked}: {answer:?}", operation.method);
                    }
                    tried += 1;
                }
            }
            // Nobody at all.
            let answer = ask(&node, &operation.method, &path, "", body);
            assert_eq!(answer.status, 401, "{} {path}", operation.method);
            assert!(!answer.body.contains(CANARY));
        }
    }
    assert!(tried > 60, "{tried}");
    assert!(listen(&node, &theirs).contains("data: 0"), "a live page counts what is not theirs");
    let still = ask(&node, "GET", "/suppressions.json", &ours, "").body;
    assert!(still.contains("\"lifted\":null"), "they lifted what is ours: {still}");
    assert!(ask(&node, "GET", "/people.json", &ours, "").body.contains(CANARY));

    // Every role, as the matrix says: with a fresh proof, and without one.
    for role in Role::ALL {
        if matches!(role, Role::Operator | Role::Node) {
            continue;
        }
        for is_proven in [true, false] {
            let session = door.enter("home", Roles::of(role), is_proven).await;
            for operation in operations.iter().filter(|operation| !operation.needs.is_empty()) {
                let Some((needed, body)) = needs(operation) else { continue };
                let cell = &matrix[&(needed.to_owned(), role.name().to_owned())];
                let may = cell == "yes" || (cell == "proof" && is_proven);
                // The administrators that there are must stay, and the others of this test with them.
                let spoils = ["/people/{id}/disable", "/people/{id}/roles", "/keys/rotate"];
                if may && spoils.contains(&operation.path.as_str()) {
                    continue;
                }
                let path = operation.filled();
                let answer = ask(&node, &operation.method, &path, &session, body);
                let is_refused = answer.status == 403;
                assert_eq!(is_refused, !may, "{role:?} {} {path} {cell} {is_proven}: {answer:?}", operation.method);
                assert!(!is_refused || !answer.body.contains(CANARY), "{answer:?}");
                assert_ne!(answer.status, 500, "{} {path}", operation.method);
            }
        }
    }
    door.state.close().await;
    tokio::task::spawn_blocking(move || node.stop()).await.unwrap();
}
