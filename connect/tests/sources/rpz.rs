//! A policy zone and the resolvers of other people: BIND as a secondary that blocks by it, and `dig`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect::rpz::{KeyAlgorithm, Secondary, Server, TransferKey, Zone, ZoneSettings, Zones};
use model::Timestamp;
use model::doors::Clock;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::intake::soon;
use crate::servers::{self, free_port, skip};

const NAME: &str = "rpz.city.example";
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const SECRET_BASE64: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const WRONG_BASE64: &str = "AAAAMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2Q=";

/// What resolvers sign with is the time of day.
struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        Timestamp::from_micros(i64::try_from(since.as_micros()).expect("before the year 200000"))
    }
}

/// One zone, whose version a test exchanges, and its keys.
struct City {
    zone: Mutex<Arc<Zone>>,
    keys: HashMap<String, Arc<TransferKey>>,
    resolver: Option<SocketAddr>,
}

impl Zones for City {
    fn key(&self, name: &str) -> Option<Arc<TransferKey>> {
        self.keys.get(name).cloned()
    }

    fn zone(&self, name: &str, _: &str) -> Option<Arc<Zone>> {
        (name == NAME).then(|| Arc::clone(&self.zone.lock().expect("a lock")))
    }

    fn secondaries(&self, _: &str) -> Vec<Secondary> {
        let told = self.resolver.zip(self.keys.get("good"));
        told.map(|(address, key)| Secondary { address, key: Arc::clone(key) }).into_iter().collect()
    }
}

impl City {
    fn new(list: &[String], resolver: Option<SocketAddr>) -> Arc<Self> {
        let settings = ZoneSettings::new(NAME, ".", 60).expect("settings");
        let mut names = settings.names();
        for name in list {
            names.add(name).expect("a name");
        }
        let zone = Zone::new(settings, 1_000, names.finish());
        let key = |name: &str, algorithm, expires| {
            (name.to_owned(), Arc::new(TransferKey::new(name, algorithm, SECRET, expires).expect("a key")))
        };
        let keys = HashMap::from([
            key("good", KeyAlgorithm::Sha256, None),
            key("long", KeyAlgorithm::Sha512, None),
            key("over", KeyAlgorithm::Sha256, Some(Timestamp::EPOCH)),
        ]);
        Arc::new(City { zone: Mutex::new(Arc::new(zone)), keys, resolver })
    }

    fn change(&self, list: &[String]) {
        let mut zone = self.zone.lock().expect("a lock");
        let mut names = zone.settings().names();
        for name in list {
            names.add(name).expect("a name");
        }
        *zone = Arc::new(zone.next(names.finish()).expect("something changed"));
    }
}

async fn serve(city: &Arc<City>) -> (Server, SocketAddr) {
    let zones: Arc<dyn Zones> = Arc::<City>::clone(city);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(&[any], zones, Arc::new(Wall)).await.expect("it listens");
    let address = server.addresses()[0];
    (server, address)
}

fn listed(names: &[&str]) -> Vec<String> {
    names.iter().flat_map(|name| [(*name).to_owned(), format!("*.{name}")]).collect()
}

/// Asks a resolver for an address; gives the code of its answer, 0 for "here it is", 3 for "no such name".
async fn ask(resolver: SocketAddr, name: &str) -> u8 {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let mut question = vec![0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).expect("a short label"));
        question.extend_from_slice(label.as_bytes());
    }
    question.extend_from_slice(&[0, 0, 1, 0, 1]);
    let mut answer = [0; 1_232];
    loop {
        socket.send_to(&question, resolver).await.expect("sent");
        if let Ok(Ok(_)) = tokio::time::timeout(Duration::from_secs(1), socket.recv(&mut answer)).await {
            return answer[3] & 0x0f;
        }
    }
}

async fn until(resolver: SocketAddr, name: &str, code: u8) {
    let changes = async {
        while ask(resolver, name).await != code {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    soon(&format!("{name} is answered with {code}"), changes).await;
}

/// BIND's files: our zone as a secondary, and `example`, in which every name has an address.
fn bind_files(folder: &std::path::Path, port: u16, primary: SocketAddr) -> String {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
    write("example.zone", "$TTL 60\n@ SOA localhost. h.localhost. 1 60 60 600 60\n@ NS localhost.\n* A 192.0.2.1\n");
    write("root.hint", "");
    let text = format!(
        "options {{ directory \"{folder}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; recursion yes; allow-recursion {{ 127.0.0.1; }}; dnssec-validation no;
  response-policy {{ zone \"{NAME}\"; }} qname-wait-recurse no min-update-interval 0; }};
controls {{ }};
key \"good\" {{ algorithm hmac-sha256; secret \"{SECRET_BASE64}\"; }};
zone \".\" {{ type hint; file \"root.hint\"; }};
zone \"example\" {{ type primary; file \"example.zone\"; }};
zone \"{NAME}\" {{ type secondary; primaries {{ {ip} port {primary_port} key \"good\"; }}; file \"rpz.db\";
  masterfile-format text; allow-query {{ none; }}; allow-notify {{ key \"good\"; }}; request-ixfr yes; }};
",
        folder = folder.display(),
        ip = primary.ip(),
        primary_port = primary.port(),
    );
    write("named.conf", &text);
    folder.join("named.conf").display().to_string()
}

/// A resolver fetches the zone, blocks by it, hears of a change, and fetches the change alone.
#[tokio::test(flavor = "multi_thread")]
async fn bind_blocks_what_is_listed_and_hears_of_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let resolver = SocketAddr::from(([127, 0, 0, 1], port));
    let mut list = listed(&["evil.example", "worse.example", "bad.example", "ugly.example"]);
    list.push("128.1.zz.db8.2001.rpz-ip".into());
    let city = City::new(&list, Some(resolver));
    let (server, primary) = serve(&city).await;
    let (notices, counts, stop) = (server.notices(), server.counts(), CancellationToken::new());
    let served = tokio::spawn(server.run(stop.clone()));
    let config = bind_files(folder.path(), port, primary);
    let Some(_named) = servers::Server::start("named", vec!["-f".into(), "-c".into(), config], port).await else {
        return skip("named (Debian package bind9)");
    };
    until(resolver, "www.evil.example", 3).await;
    assert_eq!(ask(resolver, "evil.example").await, 3);
    assert_eq!(ask(resolver, "good.example").await, 0);
    assert_eq!((counts.whole(), counts.changes(), counts.refused()), (1, 0, 0));

    list.retain(|name| !name.contains("worse"));
    list.extend(listed(&["new.example"]));
    city.change(&list);
    notices.changed(NAME);
    until(resolver, "new.example", 3).await;
    assert_eq!(ask(resolver, "worse.example").await, 0);
    assert_eq!(ask(resolver, "evil.example").await, 3);
    let is_told = async {
        while counts.told() < 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon("BIND confirms the notice", is_told).await;
    assert_eq!((counts.whole(), counts.changes(), counts.silent()), (1, 1, 0), "only what changed was sent");
    stop.cancel();
    soon("the server stops", served).await.expect("without panic");
}

fn dig(port: u16, key: Option<&str>, what: &[&str]) -> Option<String> {
    let mut command = Command::new("dig");
    command.args(["@127.0.0.1", "-p", &port.to_string(), "+tries=1", "+time=5", "+nocookie", NAME]).args(what);
    if let Some(key) = key {
        command.args(["-y", key]);
    }
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Some(text)
}

/// BIND's `dig` verifies every signature of a transfer, and gets nothing without a good key.
#[tokio::test(flavor = "multi_thread")]
async fn dig_transfers_with_a_good_key_only() {
    let list: Vec<String> = (0..5_000).map(|n| format!("name{n}.example")).collect();
    let city = City::new(&list, None);
    let (server, address) = serve(&city).await;
    let (counts, stop) = (server.counts(), CancellationToken::new());
    let served = tokio::spawn(server.run(stop.clone()));
    let port = address.port();
    let run = |key: Option<String>, what: &'static [&'static str]| {
        tokio::task::spawn_blocking(move || dig(port, key.as_deref(), what))
    };
    for key in ["hmac-sha256:good", "hmac-sha512:long"] {
        let answer = run(Some(format!("{key}:{SECRET_BASE64}")), &["axfr"]).await.expect("it ran");
        let Some(text) = answer else { return skip("dig (Debian package bind9-dnsutils)") };
        assert_eq!(text.matches("CNAME").count(), list.len(), "{text:.2000}");
        assert_eq!(text.matches("SOA").count(), 2);
        assert!(!text.contains("verify") && !text.contains("WARNING"), "{text:.2000}");
    }
    city.change(&list[1..]);
    let answer = run(Some(format!("hmac-sha256:good:{SECRET_BASE64}")), &["ixfr=1000"]).await.expect("it ran");
    let text = answer.expect("dig is there");
    assert_eq!((text.matches("CNAME").count(), text.matches("SOA").count()), (1, 4), "{text:.2000}");
    assert_eq!((counts.whole(), counts.changes()), (2, 1));

    let refused = counts.refused();
    for (key, what) in [
        (None, "no key"),
        (Some(format!("hmac-sha256:good:{WRONG_BASE64}")), "a wrong secret"),
        (Some(format!("hmac-sha512:good:{SECRET_BASE64}")), "another algorithm"),
        (Some(format!("hmac-sha256:over:{SECRET_BASE64}")), "a key that is over"),
        (Some(format!("hmac-sha256:nobody:{SECRET_BASE64}")), "an unknown key"),
    ] {
        let text = run(key.clone(), &["axfr"]).await.expect("it ran").expect("dig is there");
        assert!(text.contains("Transfer failed") && !text.contains("CNAME"), "{what}: {text:.2000}");
        let text = run(key, &["soa"]).await.expect("it ran").expect("dig is there");
        assert!(!text.contains("SOA\tlocalhost"), "{what}: {text:.2000}");
    }
    assert_eq!(counts.refused() - refused, 10);
    stop.cancel();
    soon("the server stops", served).await.expect("without panic");
}

/// Who says nothing, sends too much, or hangs up in the middle costs nobody else anything.
#[tokio::test(flavor = "multi_thread")]
async fn broken_connections_are_ended() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    let city = City::new(&listed(&["evil.example"]), None);
    let (server, address) = serve(&city).await;
    let (counts, stop) = (server.counts(), CancellationToken::new());
    let served = tokio::spawn(server.run(stop.clone()));
    let mut rest = Vec::new();
    // More than a question takes.
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(&[0xff, 0xff]).await.expect("written");
    soon("it hangs up", stream.read_to_end(&mut rest)).await.expect("ended");
    // Not a message.
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(&[0, 3, 1, 2, 3]).await.expect("written");
    soon("it hangs up", stream.read_to_end(&mut rest)).await.expect("ended");
    assert!(rest.is_empty());
    // All places are taken by silence; the next one is turned away.
    let mut silent = Vec::new();
    for _ in 0..model::limits::RPZ_CONNECTIONS_MAX {
        silent.push(TcpStream::connect(address).await.expect("connected"));
    }
    let turned_away = async {
        while counts.turned_away() == 0 {
            let mut stream = TcpStream::connect(address).await.expect("connected");
            // Closed at once, or held because a place above was not taken yet.
            let _ = tokio::time::timeout(Duration::from_millis(100), stream.read_to_end(&mut Vec::new())).await;
        }
    };
    soon("one is turned away", turned_away).await;
    stop.cancel();
    soon("the server stops", served).await.expect("without panic");
}
