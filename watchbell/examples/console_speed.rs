//! How fast the console answers: pages with 100,000 detections behind them, and the list that programs ask for.
//!
//! `console_speed [LAKE] [FINDINGS] [SECONDS] [CONNECTIONS]`. With a lake (that of `hunt_speed` has ten million events) there are records behind the
//! findings, and hunts. Server and clients share the machine. Requests go over loopback, on connections that stay open; a page's time is
//! from the first byte asked to the last byte had.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a measurement talks, and may fail loudly")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::entrance::Entrance;
use engine::ledger::Ledger;
use engine::office::{Gauges, HuntAnswer, HuntRefused, Hunter, Office, Period, SourceView, WatchView};
use model::detection::{AnalyticKind, Reason};
use model::doors::{BoxFuture, Clock};
use model::{AgencyId, Analytic, Detection, EventId, Level, OpContext, Role, Roles, Timestamp};
use store::journal::Offset;
use store::state::{Database, NewFinding, NewToken, Scope, State};
use store::vault::Vault;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

/// Times that each page is asked for.
const ROUNDS: usize = 200;

fn finding(number: u64, events: &[(EventId, Timestamp)]) -> NewFinding {
    let own = (
        EventId::from_bytes(u128::from(number).to_be_bytes()),
        Timestamp::from_millis(1_790_000_000_000 + number as i64 * 1_000),
    );
    // A finding is of the time of its event.
    let (event, time) = events.get(number as usize % events.len().max(1)).copied().unwrap_or(own);
    let level = Level::ALL[(number % 100 / 22) as usize % 5];
    let analytic = Analytic {
        uid: format!("00000000-0000-4000-8000-{:012}", number % 300),
        title: format!("Rule number {} finds something", number % 300),
        kind: AnalyticKind::Rule,
        level,
        techniques: vec!["T1059.001".into()],
        tactics: vec!["execution".into()],
        path: None,
    };
    let because = (0..4).map(|part| Reason::Field {
        selection: "selection".into(),
        field: Some(format!("Field{part}")),
        comparison: "contains".into(),
        pattern: "powershell -enc".into(),
        value: Some("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -enc SQBFAFgA".into()),
    });
    let detection = Detection {
        analytic: Arc::new(analytic),
        level,
        time,
        events: vec![event],
        subject: Some(format!("ws-{:04}.city.example", number % 5_000)),
        because: because.collect(),
        suppressed_by: None,
        involved: Vec::new(),
    };
    let ocsf = serde_json::json!({ "class_uid": 2004, "finding_info": { "title": "x" }, "raw": "y".repeat(1_500) });
    NewFinding { detection, ocsf: ocsf.to_string() }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let is_folder = arguments.peek().is_some_and(|text| text.parse::<u64>().is_err());
    let lake = arguments.next_if(|_| is_folder).map(std::path::PathBuf::from).filter(|folder| folder.is_dir());
    let mut arguments = arguments.map(|text| text.parse::<u64>().expect("a number"));
    let findings = arguments.next().unwrap_or(100_000);
    let seconds = arguments.next().unwrap_or(5);
    let connections = arguments.next().unwrap_or(8);
    let folder = std::env::temp_dir().join(format!("watchbell-console-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let state = State::open(&Database::Sqlite(folder.join("state.db"))).await.expect("a state");
    let clock = Arc::new(SystemClock);
    let ctx = OpContext::new(AgencyId::home(), "bench", Roles::OPERATOR, clock.now());
    let options = lake::LakeOptions::new(Arc::clone(&clock) as Arc<dyn Clock>);
    let lake = match &lake {
        Some(folder) => Some(Arc::new(lake::Lake::open_to_read(folder, options).await.expect("a lake"))),
        None => None,
    };
    let events = match &lake {
        Some(lake) => some_events(lake, &ctx).await,
        None => Vec::new(),
    };
    let finding = |number: u64| finding(number, &events);
    let began = Instant::now();
    for start in (0..findings).step_by(2_000) {
        let batch: Vec<_> = (start..(start + 2_000).min(findings)).map(finding).collect();
        state.commit_findings(&ctx, "detect", Offset(start + 2_000), &batch).await.expect("findings");
    }
    println!("{findings} findings kept in {:.1} s", began.elapsed().as_secs_f64());

    let vault = Vault::open(&folder.join("vault.db"), &folder.join("master.key")).await.expect("a vault");
    let ledger = Arc::new(Ledger::open(&folder.join("ledger.key"), &folder.join("ledger")).expect("a ledger"));
    let mut office = Office::open(state.clone(), vault, ledger, clock).expect("an office");
    let has_lake = lake.is_some();
    if let Some(lake) = lake {
        let counted =
            lake.hunt(&ctx, "SELECT count(*) FROM events", lake::HuntLimits::default()).await.expect("a count");
        println!("{} events in the lake", counted.rows[0][0]);
        office = office.with(Arc::new(Reader(lake)), Arc::new(Nobody));
    }
    let roles = [Role::Analyst, Role::Lead, Role::Auditor, Role::Administrator].into_iter().collect();
    let admitted = office.admit(&ctx, "Ada Brandt", roles).await.expect("somebody");
    let (session, token) = ([7; 32], [8; 32]);
    state.begin_session(&ctx, admitted.id, &session, Some(ctx.now)).await.expect("a session");
    let scopes = BTreeSet::from([Scope::Findings]);
    let expires = ctx.now.plus(Duration::from_secs(3_600));
    state.add_token(&ctx, &NewToken { name: "bench", secret: &token, scopes, expires }).await.expect("a token");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let public_url: url::Url = format!("http://localhost:{}", address.port()).parse().expect("an address");
    let entrance = Entrance::new(office.clone(), AgencyId::home(), &public_url, None).expect("a door");
    let app =
        web::App { office, entrance, settings: Arc::new(web::Settings { public_url }), closing: Default::default() };
    tokio::spawn(async move { axum::serve(listener, web::router(app, Default::default())).await });

    let cookie = format!("Cookie: watchbell={}\r\nAccept: text/html", URL_SAFE_NO_PAD.encode(session));
    let bearer = format!("Authorization: Bearer wbt_{}", URL_SAFE_NO_PAD.encode(token));
    let some = store::state::FindingId::of(&finding(findings / 2).detection);
    let measured = tokio::task::spawn_blocking(move || {
        let id = some.to_string();
        let pages = [
            "/inbox",
            "/inbox?level=critical&text=rule+number+7",
            "/suppressions",
            "/audit",
            "/people",
            "/health",
            "/account",
        ];
        let more = ["/tokens", "/keys", "/agencies", "/processing", "/register", "/dpia", "/health/rates.json"];
        let hunts = ["/hunt"].into_iter().filter(|_| has_lake);
        let pages = pages.into_iter().chain(more).chain(hunts).map(str::to_owned).chain([format!("/findings/{id}")]);
        for page in pages {
            let mut client = Client::new(address, &cookie);
            let mut times: Vec<Duration> = (0..ROUNDS).map(|_| client.ask(&page)).collect();
            println!("{page}: p50 {:.1} ms, p95 {:.1} ms", millis(&mut times, 50), millis(&mut times, 95));
        }
        let until = Instant::now() + Duration::from_secs(seconds);
        let clients: Vec<_> = (0..connections)
            .map(|_| {
                let bearer = bearer.clone();
                std::thread::spawn(move || {
                    let mut client = Client::new(address, &bearer);
                    let mut times = Vec::new();
                    while Instant::now() < until {
                        times.push(client.ask("/inbox.json?rows=100"));
                    }
                    times
                })
            })
            .collect();
        let mut times: Vec<Duration> = clients.into_iter().flat_map(|one| one.join().expect("a client")).collect();
        let rate = times.len() as f64 / seconds as f64;
        println!(
            "list of 100 detections, {connections} connections: {rate:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
            millis(&mut times, 50),
            millis(&mut times, 99)
        );
    });
    measured.await.expect("the measurement");
    std::fs::remove_dir_all(&folder).expect("the folder can go");
}

/// Events that are in the lake, from all over it: their ids and times.
async fn some_events(lake: &lake::Lake, ctx: &OpContext) -> Vec<(EventId, Timestamp)> {
    let sql = "SELECT id, time FROM (SELECT id, time, row_number() OVER () AS n FROM events) WHERE n % 10000 = 1";
    let limits = lake::HuntLimits { rows: 1_000, ..lake::HuntLimits::default() };
    let page = lake.hunt(ctx, sql, limits).await.expect("some events");
    let event = |row: &Vec<serde_json::Value>| Some((read_id(row[0].as_str()?)?, Timestamp::parse(row[1].as_str()?)?));
    let events: Vec<_> = page.rows.iter().filter_map(event).collect();
    assert_eq!(events.len(), page.rows.len(), "{:?}", page.rows.first());
    events
}

/// An event's id as the lake writes it: a number in hexadecimal digits, with or without hyphens.
fn read_id(text: &str) -> Option<EventId> {
    let digits: String = text.chars().filter(|letter| *letter != '-').collect();
    Some(EventId::from_bytes(u128::from_str_radix(&digits, 16).ok()?.to_be_bytes()))
}

/// The lake behind the console's door.
struct Reader(Arc<lake::Lake>);

impl Hunter for Reader {
    fn hunt<'a>(
        &'a self,
        ctx: &'a OpContext,
        sql: &'a str,
        rows_max: usize,
    ) -> BoxFuture<'a, Result<HuntAnswer, HuntRefused>> {
        Box::pin(async move {
            let limits = lake::HuntLimits { rows: rows_max, ..lake::HuntLimits::default() };
            let page = self.0.hunt(ctx, sql, limits).await.map_err(|error| HuntRefused::Lake(error.to_string()))?;
            let columns = page.columns.into_iter().map(|column| column.name).collect();
            Ok(HuntAnswer { columns, rows: page.rows, cut: page.cut, ..HuntAnswer::default() })
        })
    }

    fn columns(&self) -> Vec<String> {
        lake::column_paths()
    }
}

/// No source is counted here.
struct Nobody;

impl Gauges for Nobody {
    fn retention(&self) -> Vec<Period> {
        Vec::new()
    }

    fn home(&self) -> AgencyId {
        AgencyId::home()
    }

    fn agencies(&self) -> Vec<AgencyId> {
        Vec::new()
    }

    fn sources(&self) -> Vec<SourceView> {
        Vec::new()
    }

    fn watch(&self) -> WatchView {
        WatchView::default()
    }
}

fn millis(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3
}

/// One connection.
struct Client {
    stream: BufReader<TcpStream>,
    headers: String,
}

impl Client {
    fn new(address: SocketAddr, headers: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Client { stream: BufReader::new(stream), headers: headers.to_owned() }
    }

    /// Asks, reads the whole answer, and says how long that took.
    fn ask(&mut self, path: &str) -> Duration {
        let began = Instant::now();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", self.headers);
        self.stream.get_mut().write_all(request.as_bytes()).expect("asking");
        let (mut length, mut line) = (0, String::new());
        let mut is_good = false;
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("an answer");
            is_good |= line.starts_with("HTTP/1.1 200");
            if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        assert!(is_good, "{path} is not answered");
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        began.elapsed()
    }
}
