//! Outlets: lists that leave, who gets them, and a resolver of somebody else that blocks by one.

use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{AgencyId, OpContext, Roles, Timestamp};
use serde_json::Value;
use store::state::{Database, State};

use crate::kit::{Answer, Node, PATIENCE, Place, free_port, text};
use crate::tenants::now;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

fn load(place: &Place, source: &str, list: &str, more: &[&str]) {
    let file = place.folder.path().join(format!("{source}.txt"));
    std::fs::write(&file, list).unwrap();
    let command = ["intel", "load", source, file.to_str().unwrap(), "--quiet", "--grade", "A1", "--confidence", "90"];
    place.say(&[&command[..], more].concat());
}

/// Makes an outlet; gives its token.
fn outlet(place: &Place, name: &str, form: &str, more: &[&str]) -> String {
    let made = json(&place.say(&[&["outlet", "add", name, "--form", form, "--json"][..], more].concat()));
    made["token"].as_str().unwrap().to_owned()
}

fn fetch(node: &Node, path: &str, authorization: &str, more: &str) -> Answer {
    let line = if authorization.is_empty() { String::new() } else { format!("Authorization: {authorization}\r\n") };
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\nUser-Agent: list-fetcher/1\r\n{line}{more}\r\n"
    );
    node.ask(&head, b"").unwrap()
}

fn wait(node: &Node, what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < until, "{what} does not come: {}", node.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until an outlet gives a text, and gives what it gives.
fn given(node: &Node, path: &str, token: &str, within: impl Fn(&str) -> bool) -> Answer {
    let bearer = format!("Bearer {token}");
    wait(node, path, || {
        let answer = fetch(node, path, &bearer, "");
        answer.status == 200 && within(&answer.body)
    });
    fetch(node, path, &bearer, "")
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let line = answer.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {}", answer.head))
}

/// Lines of the ledger about what left by an outlet.
fn fetched(place: &Place) -> Vec<Value> {
    let lines = place.say(&["audit", "list", "--operation", "outlet.fetch", "--json"]);
    lines.lines().map(json).collect()
}

#[test]
fn a_list_leaves_as_far_as_it_may_and_only_for_its_own_token() {
    let place = Place::new();
    load(&place, "open-list", "evil.example\n203.0.113.7\n", &["--tlp", "green"]);
    load(&place, "closed-list", "secret.example\nevil.example\n", &["--tlp", "amber+strict"]);
    let token = outlet(&place, "firewall", "text", &["--tlp", "green"]);
    let other = outlet(&place, "sensor", "csv", &["--tlp", "amber+strict"]);
    let block = outlet(&place, "blocked", "hosts", &[]);
    let node = place.start(&[]);
    let answer = given(&node, "/outlets/firewall", &token, |body| !body.is_empty());
    assert_eq!(answer.body, "203.0.113.7\nevil.example\n", "nothing above its marking");
    assert!(header(&answer, "content-type").starts_with("text/plain"), "{}", answer.head);
    assert_eq!(header(&answer, "content-length"), "25");
    // Who sees more sees more, and not who said it.
    let table = given(&node, "/outlets/sensor", &other, |body| body.contains("secret.example"));
    assert!(!table.body.contains("closed-list") && table.body.contains("amber+strict"), "{}", table.body);
    // One voice alone makes nobody block.
    assert_eq!(given(&node, "/outlets/blocked", &block, |_| true).body, "# blocked\n");
    let shown = place.say(&["outlet", "show", "blocked"]);
    assert!(shown.contains("may not be blocked"), "{shown}");

    // The token as a password, and nothing for anybody else.
    let basic = format!("Basic {}", STANDARD.encode(format!("anybody:{token}")));
    assert_eq!(fetch(&node, "/outlets/firewall/indicators.txt", &basic, "").body, answer.body);
    let check = |path: &str, authorization: &str, status: u16| {
        let answer = fetch(&node, path, authorization, "");
        assert_eq!(answer.status, status, "{path} {authorization}: {}", answer.body);
        assert!(!answer.body.contains("evil.example"), "{path}: {}", answer.body);
    };
    check("/outlets/firewall", "", 401);
    check("/outlets/firewall", "Bearer wbt_AAAA", 401);
    check("/outlets/firewall", &format!("Bearer {}", place.token("ingest-token")), 401);
    check("/outlets/firewall", &format!("Bearer {other}"), 404);
    check("/outlets/firewall/../sensor", &format!("Bearer {token}"), 404);
    check("/outlets/firewall/made.json", &format!("Bearer {token}"), 404);
    check("/outlets/firewall/%2e%2e%2fstate.db", &format!("Bearer {token}"), 404);
    check("/inbox.json", &format!("Bearer {token}"), 401);

    // Whoever has it does not get it again, and leaves no line.
    let before = fetched(&place);
    let tags = before.iter().filter(|line| line["detail"].as_str().unwrap().contains("\"firewall\""));
    assert_eq!(tags.count(), 1, "one line for a version: {before:?}");
    let (tag, date) = (header(&answer, "etag"), header(&answer, "last-modified"));
    let bearer = format!("Bearer {token}");
    let same = fetch(&node, "/outlets/firewall", &bearer, &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((same.status, same.body.as_str()), (304, ""));
    let answer = node.ask(&format!("GET /outlets/firewall HTTP/1.1\r\nHost: w\r\nConnection: close\r\nAuthorization: {bearer}\r\nIf-None-Match: \"x\"\r\n\r\n"), b"");
    assert_eq!(answer.unwrap().status, 200);
    assert!(date.ends_with("gmt"), "{date}");
    assert_eq!(fetched(&place).len(), before.len());
    let listed = place.say(&["outlet", "list", "--json"]);
    let listed = json(listed.lines().find(|line| line.contains("\"firewall\"")).unwrap());
    assert_eq!((listed["entries"].as_u64(), listed["asked_by"].as_str()), (Some(2), Some("list-fetcher/1")));

    // Paused, ended, removed.
    place.say(&["outlet", "pause", "firewall"]);
    check("/outlets/firewall", &bearer, 403);
    place.say(&["outlet", "resume", "firewall"]);
    assert_eq!(given(&node, "/outlets/firewall", &token, |_| true).status, 200);
    let renewed = place.say(&["outlet", "renew", "firewall", "--days", "1"]).trim().to_owned();
    check("/outlets/firewall", &bearer, 401);
    end(&place, "firewall", &renewed);
    check("/outlets/firewall", &format!("Bearer {renewed}"), 410);
    place.say(&["outlet", "remove", "firewall"]);
    check("/outlets/firewall", &format!("Bearer {renewed}"), 401);
    place.say(&["audit", "verify"]);
    node.stop();
}

/// Has the token of an outlet end a second ago.
fn end(place: &Place, name: &str, token: &str) {
    let secret = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.strip_prefix("wbt_").unwrap()).unwrap();
    let secret: [u8; 32] = secret.try_into().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let state = State::open(&Database::Sqlite(place.data().join("state.db"))).await.unwrap();
        let ctx = OpContext::new(AgencyId::home(), "test", Roles::NODE, now());
        let ended: Timestamp = ctx.now.minus(Duration::from_secs(1));
        state.renew_outlet(&ctx, name, &secret, ended).await.unwrap();
        state.close().await;
    });
}

#[test]
fn folders_and_what_is_written_without_the_watch() {
    let place = Place::new();
    let list = "evil.example\n203.0.113.7\n44d88612fea8a8f36de82e1278abb02f\n/w00t.php\n";
    load(&place, "list", list, &["--tlp", "green"]);
    let misp = outlet(&place, "misp", "misp", &[]);
    let suricata = outlet(&place, "ids", "suricata", &[]);
    outlet(&place, "stix", "stix", &[]);
    outlet(&place, "most", "text", &["--most", "1"]);
    let out = |name: &str| place.folder.path().join(name).to_str().unwrap().to_owned();
    // Without the watch: to stdout, into a file, into a folder; and only said.
    let bundle = json(&place.say(&["outlet", "write", "stix", "-"]));
    assert_eq!((bundle["type"].as_str(), bundle["objects"].as_array().unwrap().len() >= 5), (Some("bundle"), true));
    let said = json(&place.say(&["outlet", "write", "most", &out("one.txt"), "--json"]));
    assert_eq!((said["entries"].as_u64(), said["left"][0]["count"].as_u64()), (Some(1), Some(3)), "{said}");
    assert_eq!(std::fs::read_to_string(out("one.txt")).unwrap().lines().count(), 1);
    place.say(&["outlet", "write", "ids", &out("ids")]);
    let rules = std::fs::read_to_string(out("ids/watchbell.rules")).unwrap();
    assert_eq!(rules.lines().count(), 8, "{rules}");
    assert_eq!(std::fs::read_to_string(out("ids/watchbell-addresses.lst")).unwrap(), "203.0.113.7\n");
    let tried = json(&place.say(&["outlet", "write", "ids", "--dry-run", "--json"]));
    assert_eq!(tried["entries"], 4);
    assert_eq!(place.run(&["outlet", "write", "ids", "-"]).status.code(), Some(1), "several files are no stdout");
    let written = place.say(&["audit", "list", "--operation", "outlet.write", "--json"]);
    assert_eq!(written.lines().count(), 3, "what is only said leaves no line: {written}");
    let left: Vec<String> = std::fs::read_dir(place.data().join("outlets"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(left.iter().all(|name| !name.contains("write")), "{left:?}");
    // One line for nft, again and again.
    outlet(&place, "sets", "nftables", &["--for", "detect"]);
    place.say(&["outlet", "write", "sets", &out("sets.nft")]);
    nft_takes(&out("sets.nft"), "203.0.113.7");
    for wrong in [
        &["outlet", "add", "x", "--form", "rpz"][..],
        &["outlet", "add", "x", "--form", "text", "--zone", "rpz.example"],
        &["outlet", "add", "x", "--form", "text", "--tlp", "red"],
        &["outlet", "add", "A b", "--form", "text"],
        &["outlet", "add", "misp", "--form", "text"],
        &["outlet", "write", "nothing", "-"],
    ] {
        assert_eq!(place.run(wrong).status.code(), Some(1), "{wrong:?}");
    }

    // With the watch: a MISP feed is its manifest, its hashes, and an event for each line of the manifest.
    let node = place.start(&[]);
    let manifest = json(&given(&node, "/outlets/misp/manifest.json", &misp, |_| true).body);
    let event = manifest.as_object().unwrap().keys().next().unwrap().clone();
    let event = json(&given(&node, &format!("/outlets/misp/{event}.json"), &misp, |_| true).body);
    assert_eq!(event["Event"]["Attribute"].as_array().unwrap().len(), 4);
    let hashes = given(&node, "/outlets/misp/hashes.csv", &misp, |_| true).body;
    assert_eq!(hashes.lines().count(), 4, "{hashes}");
    assert_eq!(given(&node, "/outlets/ids", &suricata, |_| true).body, rules);
    let of_misp = fetched(&place).iter().filter(|line| line["detail"].as_str().unwrap().contains("\"misp\"")).count();
    assert_eq!(of_misp, 1, "one line for all files of a version");
    node.stop();
}

/// Loads a file twice with nft, in a network of its own, where the machine lets us have one.
fn nft_takes(file: &str, address: &str) {
    let is_here = Command::new("unshare").args(["-n", "nft", "list", "ruleset"]).output();
    if !is_here.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: nft in a network of its own");
        return;
    }
    let twice = format!("nft -f {file} && nft -f {file} && nft list set inet watchbell listed4");
    let output = Command::new("unshare").args(["-n", "sh", "-c", &twice]).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success() && said.contains(address), "{said}");
}

/// BIND, as a secondary of our zone that blocks by it.
struct Bind(Child);

impl Drop for Bind {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bind {
    /// `None` where there is no `named`.
    fn start(place: &Place, port: u16, primary: u16, key: &Value) -> Option<Self> {
        let folder = place.folder.path().join("bind");
        std::fs::create_dir(&folder).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        write(
            "example.zone",
            "$TTL 60\n@ SOA localhost. h.localhost. 1 60 60 600 60\n@ NS localhost.\n* A 192.0.2.1\n",
        );
        write("root.hint", "");
        let (name, secret) = (key["name"].as_str().unwrap(), key["secret"].as_str().unwrap());
        let zone = "rpz.city.example";
        write(
            "named.conf",
            &format!(
                "options {{ directory \"{folder}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; recursion yes; allow-recursion {{ 127.0.0.1; }}; dnssec-validation no;
  response-policy {{ zone \"{zone}\"; }} qname-wait-recurse no min-update-interval 0; }};
controls {{ }};
key \"{name}\" {{ algorithm hmac-sha256; secret \"{secret}\"; }};
zone \".\" {{ type hint; file \"root.hint\"; }};
zone \"example\" {{ type primary; file \"example.zone\"; }};
zone \"{zone}\" {{ type secondary; primaries {{ 127.0.0.1 port {primary} key \"{name}\"; }}; file \"rpz.db\";
  masterfile-format text; allow-query {{ none; }}; allow-notify {{ key \"{name}\"; }}; request-ixfr yes; }};
",
                folder = folder.display(),
            ),
        );
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let config = folder.join("named.conf");
        let child = Command::new("named").args(["-f", "-c"]).arg(config).stdout(Stdio::null()).stderr(log).spawn();
        child.ok().map(Bind)
    }
}

/// Asks a resolver for an address; gives the code of its answer, 0 for "here it is", 3 for "no such name".
fn resolve(port: u16, name: &str) -> Option<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut question = vec![0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).unwrap());
        question.extend_from_slice(label.as_bytes());
    }
    question.extend_from_slice(&[0, 0, 1, 0, 1]);
    let mut answer = [0; 1_232];
    socket.send_to(&question, ("127.0.0.1", port)).ok()?;
    socket.recv(&mut answer).ok()?;
    Some(answer[3] & 0x0f)
}

fn dig(port: u16, key: &Value, what: &str) -> String {
    let (name, secret) = (key["name"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let output = Command::new("dig")
        .args(["@127.0.0.1", "-p", &port.to_string(), "+tries=1", "+time=5", "+nocookie", "rpz.city.example", what])
        .args(["-y", &format!("hmac-sha256:{name}:{secret}")])
        .output()
        .unwrap();
    text(&output.stdout) + &text(&output.stderr)
}

/// The version of the zone as its server says it.
fn serial(port: u16, key: &Value) -> Option<u32> {
    let said = dig(port, key, "soa");
    let line = said.lines().find(|line| !line.starts_with(';') && line.contains("SOA"))?;
    line.split_whitespace().nth(6)?.parse().ok()
}

#[test]
fn a_resolver_of_somebody_else_blocks_what_is_listed_and_lets_go_of_it() {
    let place = Place::new();
    load(&place, "list", "evil.example\nworse.example\nbad.example\nugly.example\n", &["--tlp", "green"]);
    let (resolver, primary) = (free_port(), free_port());
    let tell = format!("127.0.0.1:{resolver}");
    let add = ["outlet", "add", "resolvers", "--form", "rpz", "--for", "detect", "--zone", "rpz.city.example"];
    let made = json(&place.say(&[&add[..], &["--confidence", "65", "--tell", &tell, "--json"]].concat()));
    let key = &made["transfer_key"];
    assert_eq!(key["name"], "resolvers.home");
    let listen = format!("127.0.0.1:{primary}");
    let node = place.start(&["--rpz-listen", &listen]);
    wait(&node, "the zone", || node.log().contains("a new version of zone"));
    let Some(_bind) = Bind::start(&place, resolver, primary, key) else {
        println!("skipped: named (Debian package bind9)");
        return;
    };
    let is = |name: &str, code: u8| wait(&node, name, || resolve(resolver, name) == Some(code));
    is("www.evil.example", 3);
    is("worse.example", 3);
    is("good.example", 0);
    let first = serial(primary, key).unwrap();

    // Somebody says that it is harmless: the resolver hears of it, and lets go.
    place.say(&["intel", "harmless", "worse.example"]);
    is("worse.example", 0);
    assert_eq!(resolve(resolver, "evil.example"), Some(3));
    assert_eq!(serial(primary, key), Some(first.wrapping_add(1)), "one change, one version");
    let transfers: Vec<Value> = fetched(&place);
    assert_eq!(transfers.len(), 2, "a line for each version that left: {transfers:?}");

    // A restart changes nothing, and the way from the version before is still known.
    node.stop();
    let node = place.start(&["--rpz-listen", &listen]);
    wait(&node, "the zone", || serial(primary, key) == Some(first.wrapping_add(1)));
    let changes = dig(primary, key, &format!("ixfr={first}"));
    assert_eq!((changes.matches("CNAME").count(), changes.matches("SOA").count()), (2, 4), "{changes}");
    let whole = dig(primary, key, "axfr");
    assert_eq!(whole.matches("CNAME").count(), 6, "{whole}");
    let shown = place.say(&["outlet", "show", "resolvers"]);
    assert!(shown.contains("key resolvers.home"), "{shown}");

    // Paused, it is given to nobody.
    place.say(&["outlet", "pause", "resolvers"]);
    wait(&node, "the refusal", || dig(primary, key, "axfr").contains("Transfer failed"));
    node.stop();
}
