//! A server of its own on the loopback interface, with a token for sharing, and the least that it takes to speak with it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::entrance::Entrance;
use engine::ledger::Ledger;
use engine::office::{ApiRoot, CollectionRights, NewCollection, Office, Scope};
use model::doors::Clock;
use model::{AgencyId, OpContext, Roles, Timestamp};
use store::state::{Database, State};
use store::vault::Vault;
use tokio_util::sync::CancellationToken;
use url::Url;
use utoipa::openapi::OpenApi;

pub(crate) const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";
pub(crate) const COLLECTION: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
pub(crate) const OBJECTS: &str = "/taxii2/shared/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/objects/";
pub(crate) const BOTH: CollectionRights = CollectionRights { can_read: true, can_write: true };

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH.plus(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default())
    }
}

/// A running server. It ends with the test's process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) office: Office,
    pub(crate) state: State,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts one that believes to be reached at `public_url`, or at its own address.
    pub(crate) async fn start(public_url: Option<&str>) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let state = State::open(&Database::Sqlite(path("state.db"))).await.unwrap();
        let vault = Vault::open(&path("vault.db"), &path("master.key")).await.unwrap();
        let ledger = Arc::new(Ledger::open(&path("ledger.key"), &path("ledger")).unwrap());
        let office = Office::open(state.clone(), vault, ledger, Arc::new(SystemClock)).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let public_url = public_url.map_or_else(|| format!("http://localhost:{}", address.port()), str::to_owned);
        let public_url = Url::parse(&public_url).unwrap();
        let entrance = Entrance::new(office.clone(), AgencyId::home(), &public_url, None).unwrap();
        let settings = Arc::new(web::Settings { public_url });
        let app = web::App { office: office.clone(), entrance, settings, closing: CancellationToken::new() };
        let router = web::router(app, OpenApi::default());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Server { address, office, state, _folder: folder }
    }

    /// Starts one with a root, a collection for everybody, and a token.
    pub(crate) async fn with_collection() -> (Server, String) {
        let server = Server::start(None).await;
        let operator = server.operator("home");
        let root = ApiRoot { name: "shared".to_owned(), title: "Shared".to_owned(), description: None };
        server.office.add_api_root(&operator, &root).await.unwrap();
        server.office.add_collection(&operator, "shared", &new_collection(COLLECTION, BOTH)).await.unwrap();
        let token = server.token("home", "peer", &[Scope::Share]).await;
        (server, token)
    }

    /// Whoever has the machine.
    pub(crate) fn operator(&self, agency: &str) -> OpContext {
        OpContext::new(AgencyId::parse(agency).unwrap(), "operator", Roles::OPERATOR, self.office.now())
    }

    /// A new token, as its program says it.
    pub(crate) async fn token(&self, agency: &str, name: &str, scopes: &[Scope]) -> String {
        let scopes: BTreeSet<Scope> = scopes.iter().copied().collect();
        let made = self.office.add_token(&self.operator(agency), name, scopes, 1).await.unwrap();
        format!("wbt_{}", URL_SAFE_NO_PAD.encode(made.secret))
    }

    /// A connection for a program with that token.
    pub(crate) fn client(&self, token: &str) -> Client {
        Client { address: self.address, stream: None, authorization: Some(format!("Bearer {token}")) }
    }
}

pub(crate) fn new_collection(id: &str, everybody: CollectionRights) -> NewCollection {
    NewCollection {
        id: id.to_owned(),
        alias: None,
        title: "High value indicators".to_owned(),
        description: Some("Some \"description\"".to_owned()),
        spec_versions: vec!["2.1".to_owned()],
        everybody,
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The lines before the body, names in small letters.
    pub(crate) head: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A connection that is kept.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
    pub(crate) authorization: Option<String>,
}

impl Client {
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[("Accept", MEDIA_TYPE)], b"")
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[("Accept", MEDIA_TYPE), ("Content-Type", MEDIA_TYPE)], body.as_bytes())
    }

    pub(crate) fn delete(&mut self, path: &str) -> Answer {
        self.ask("DELETE", path, &[("Accept", MEDIA_TYPE)], b"")
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
        let authorization = self.authorization.as_deref().map(|value| ("Authorization", value));
        for (name, value) in headers.iter().copied().chain(authorization) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut message = head.into_bytes();
        message.extend_from_slice(body);
        let address = self.address;
        let stream = self.stream.get_or_insert_with(|| {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            BufReader::new(stream)
        });
        stream.get_mut().write_all(&message).unwrap();
        let answer = read_answer(stream);
        if answer.header("connection") == Some("close") {
            self.stream = None;
        }
        answer
    }
}

/// What is answered to bytes as they are.
pub(crate) fn send(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    stream.get_mut().write_all(body).unwrap();
    read_answer(&mut stream)
}

fn read_answer(stream: &mut BufReader<TcpStream>) -> Answer {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let status = line().split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    let lines = std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty()));
    let pair = |line: String| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let head: Vec<(String, String)> = lines.filter_map(pair).collect();
    let mut answer = Answer { status, head, body: String::new() };
    let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    answer.body = String::from_utf8(body).unwrap();
    answer
}
