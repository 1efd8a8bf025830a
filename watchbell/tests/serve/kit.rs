//! A running watch in a folder of its own, and the least that it takes to speak with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::city;

/// Longest that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn watchbell(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_watchbell")).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

/// A data folder, and how to run commands on it.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs a command on the data folder.
    pub(crate) fn run(&self, command: &[&str]) -> Output {
        let data = self.data();
        let mut arguments = command.to_vec();
        arguments.extend(["--data", data.to_str().unwrap()]);
        watchbell(&arguments)
    }

    /// Runs a command that must succeed, and gives what it says on stdout.
    pub(crate) fn say(&self, command: &[&str]) -> String {
        let output = self.run(command);
        assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// The rows of a hunt with a purpose.
    pub(crate) fn hunt(&self, sql: &str) -> Vec<Value> {
        let rows = self.say(&["hunt", sql, "--json", "--quiet", "--purpose", "a test of the watch"]);
        rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one number that a hunt gives.
    pub(crate) fn number(&self, sql: &str) -> u64 {
        let rows = self.hunt(sql);
        let cell = rows[0].as_object().unwrap().values().next().unwrap();
        cell.as_u64().unwrap_or_else(|| panic!("{sql}: {rows:?}"))
    }

    /// A token for bringing records.
    pub(crate) fn token(&self, name: &str) -> String {
        self.say(&["token", "add", name]).trim().to_owned()
    }

    /// Starts the watch with the invented city's rules and indicators.
    pub(crate) fn start(&self, more: &[&str]) -> Node {
        let (rules, indicators, data) = (city::rules(), city::indicators(), self.data());
        let errors = self.folder.path().join("log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&errors).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_watchbell"))
            .args(["serve", "--json", "--quiet", "--listen", "127.0.0.1:0"])
            .args([Path::new("--data"), &data, Path::new("--rules"), &rules, Path::new("--indicators"), &indicators])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let first: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{line:?}: {}", std::fs::read_to_string(&errors).unwrap_or_default()));
        let address = first["listening"].as_str().unwrap().parse().unwrap();
        let setup_url = first["setup_url"].as_str().map(str::to_owned);
        Node { child, address, setup_url, errors }
    }
}

/// A running watch. Dropping it kills it.
pub(crate) struct Node {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The link that lets the first person in.
    pub(crate) setup_url: Option<String>,
    errors: PathBuf,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer of the HTTP door.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The lines before the body, in small letters.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Node {
    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap_or_default()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n"), b"").unwrap()
    }

    /// Posts lines; `None` when the connection broke before there was an answer.
    pub(crate) fn post(&self, source: &str, token: &str, batch: &str, lines: &str) -> Option<Answer> {
        post(self.address, source, token, batch, lines)
    }

    pub(crate) fn ask(&self, head: &str, body: &[u8]) -> Option<Answer> {
        ask(self.address, head, body)
    }

    /// A figure of `/metrics`.
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let page = self.get("/metrics").body;
        let line = page.lines().find(|line| line.split(' ').next() == Some(name));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("no figure {name}"))
    }

    /// Waits until a figure has reached a number.
    pub(crate) fn wait_for(&self, name: &str, at_least: u64) {
        let until = Instant::now() + PATIENCE;
        while self.figure(name) < at_least {
            assert!(Instant::now() < until, "{name} stays at {} of {at_least}\n{}", self.figure(name), self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until everything in the journal was looked at and handed to the lake.
    pub(crate) fn wait_until_caught_up(&self) {
        let until = Instant::now() + PATIENCE;
        let lags = ["watchbell_detect_lag_records", "watchbell_lake_lag_records"];
        while lags.iter().any(|lag| self.figure(lag) > 0) {
            assert!(Instant::now() < until, "it does not catch up: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Ends it in order; says how.
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}: {}", self.log());
                return;
            }
            assert!(Instant::now() < until, "it does not stop: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a power cut would, but for the kernel's own memory.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

pub(crate) fn post(address: SocketAddr, source: &str, token: &str, batch: &str, lines: &str) -> Option<Answer> {
    let media_type = if source.ends_with("format=syslog") { "text/plain" } else { "application/x-ndjson" };
    let head = format!(
        "POST /ingest/{source} HTTP/1.1\r\nHost: w\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: {media_type}\r\nIdempotency-Key: {batch}\r\nContent-Length: {}\r\n\r\n",
        lines.len()
    );
    ask(address, &head, lines.as_bytes())
}

/// Asks whoever listens there.
pub(crate) fn ask_at(address: SocketAddr, head: &str, body: &[u8]) -> Option<Answer> {
    ask(address, head, body)
}

fn ask(address: SocketAddr, head: &str, body: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = text(&answer);
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
}

/// A free port of the loopback interface, for a moment.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
