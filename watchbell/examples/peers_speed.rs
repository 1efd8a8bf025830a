//! How long a sighting takes from one agency to another: `cargo xtask bench peers`, or `peers_speed [BINARY] [SIGHTINGS]`.
//!
//! Two watches, two processes, real HTTP over loopback. A sighting is said on A's console and looked for on B's until it is there; the time runs
//! from before the first to after the last. Without a binary, the program's own is built in the same profile.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement talks, and may fail loudly")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{AgencyId, OpContext, Role, Roles, Timestamp};
use store::state::{Database, PersonId, State};

const SIGHTINGS: usize = 300;
const PATIENCE: Duration = Duration::from_secs(60);

struct Watch {
    binary: PathBuf,
    folder: PathBuf,
    child: Child,
    address: SocketAddr,
    session: String,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Watch {
    fn start(binary: &Path, name: &str) -> Watch {
        let folder = std::env::temp_dir().join(format!("watchbell-peers-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let mut child = Command::new(binary)
            .args(["serve", "--json", "--quiet", "--listen", "127.0.0.1:0", "--data"])
            .arg(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let first: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = first["listening"].as_str().unwrap().parse().unwrap();
        let session = session(&folder);
        Watch { binary: binary.to_owned(), folder, child, address, session }
    }

    fn say(&self, command: &[&str]) -> String {
        let output = Command::new(&self.binary).args(command).arg("--data").arg(&self.folder).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let form = if method == "POST" { "Content-Type: application/x-www-form-urlencoded\r\n" } else { "" };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:{}\r\nCookie: watchbell={}\r\n{form}\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address.port(),
            self.session,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        (status, answer)
    }
}

/// A session of somebody who works there: the bench has the database.
fn session(folder: &Path) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let state = State::open(&Database::Sqlite(folder.join("state.db"))).await.unwrap();
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp::EPOCH.plus(since);
        let ctx = OpContext::new(AgencyId::home(), "bench", Roles::NODE, now);
        let person = PersonId::random().unwrap();
        let roles: Roles = [Role::Analyst, Role::Lead].into_iter().collect();
        state.add_person(&ctx, person, b"sealed".to_vec(), roles).await.unwrap();
        state.begin_session(&ctx, person, &[7; 32], None).await.unwrap();
        state.close().await;
    });
    URL_SAFE_NO_PAD.encode([7; 32])
}

/// The program, built in the profile of this one.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let profile: &[&str] = if cfg!(debug_assertions) { &[] } else { &["--release"] };
    let mut command = Command::new(cargo);
    assert!(
        command
            .args(["build", "--package", "watchbell", "--bin", "watchbell"])
            .args(profile)
            .status()
            .unwrap()
            .success()
    );
    // examples/peers_speed → watchbell
    std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("watchbell")
}

fn quantile(times: &mut [Duration], part: f64) -> f64 {
    times.sort();
    times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1_000.0
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments.next().map_or_else(build, PathBuf::from);
    let sightings: usize = arguments.next().map_or(SIGHTINGS, |count| count.parse().unwrap());
    let (a, b) = (Watch::start(&binary, "a"), Watch::start(&binary, "b"));
    let file = a.folder.join("for-b.json");
    let places = [a.address.to_string(), b.address.to_string()];
    let address = format!("http://{}", a.address);
    let agreed = ["--share", "sightings", "--clearance", "amber", "--relation", "community"];
    let invitation = a.say(&[&["peer", "add", "b", "--address", &address], &agreed[..]].concat());
    std::fs::write(&file, invitation).unwrap();
    let address = format!("http://{}", b.address);
    let reach = ["--invitation", file.to_str().unwrap(), "--allow-http", "--allow-private", &places[0]];
    b.say(&[&["peer", "add", "a", "--address", &address], &reach[..]].concat());
    let until = Instant::now() + PATIENCE;
    while !b.say(&["peer", "show", "a", "--json"]).contains("\"status\":\"live\"") {
        assert!(Instant::now() < until, "no stream comes");
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut times = Vec::with_capacity(sightings);
    for number in 0..sightings {
        let value = format!("198.{}.{}.{}", 18 + number / 65_536, number / 256 % 256, number % 256);
        let began = Instant::now();
        let (status, answer) = a.ask("POST", "/intel/sight", &format!("value={value}&what=seen"));
        assert_eq!(status, 303, "{answer}");
        loop {
            let (_, seen) = b.ask("GET", &format!("/intel.json?value={value}"), "");
            if seen.contains("\"by\":\"peer:a\"") {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{value} does not come");
            std::thread::sleep(Duration::from_millis(2));
        }
        times.push(began.elapsed());
    }
    let (median, most) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    println!("{sightings} sightings, said on A until visible on B: {median:.0} ms, p99 {most:.0} ms");
}
