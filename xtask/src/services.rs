//! The servers that some tests talk to: NATS with JetStream, Mosquitto, PostgreSQL.
//!
//! What already listens on the default port is used and left alone. What we start ourselves lives in a scratch folder,
//! listens on loopback only, and is ended, by its own process id, when [`Services`] goes away. PostgreSQL is always our
//! own, on a port of its own: nobody's databases are touched. Its address is in `WATCHBELL_TEST_POSTGRES`.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::packages::{Package, install_missing, is_root, locate};
use crate::process::{find_program, succeed};
use crate::workspace::Scratch;

/// Debian packages of the servers, of the browser and the checker that pages are tried with, and of those who judge what leaves us: each with a
/// program by which we know that it is there.
const PACKAGES: [Package; 11] = [
    ("nats-server", "nats-server"),
    ("mosquitto", "mosquitto"),
    ("postgresql", "initdb"),
    ("chromium", "chromium"),
    ("nodejs", "node"),
    ("npm", "npm"),
    ("default-jre-headless", "java"),
    ("bind9", "named"),
    ("bind9-utils", "named-checkzone"),
    ("bind9-dnsutils", "dig"),
    ("nftables", "nft"),
];
const NATS_PORT: u16 = 4222;
const MQTT_PORT: u16 = 1883;
/// How long a server may take until it listens.
const START_TIME_MAX: Duration = Duration::from_secs(20);

/// Servers that we started. Ends them when it goes away.
#[derive(Debug)]
pub(crate) struct Services {
    children: Vec<Child>,
    /// Variables for the tests.
    pub(crate) environment: Vec<(&'static str, String)>,
    // Declared last: the folder goes after the servers in it.
    _scratch: Scratch,
}

impl Services {
    /// Installs what is missing, if it may, and starts what does not run. A server that cannot be had is named, with
    /// what would help; the tests that need it say for themselves that they were skipped.
    pub(crate) fn start() -> Result<Self> {
        if !install_missing(&PACKAGES)? {
            eprintln!("  the tests that need them will say that they were skipped");
        }
        let scratch = Scratch::new("services")?;
        let folder = scratch.path().to_owned();
        // PostgreSQL runs as another user and must reach its own folder inside.
        open_to_all(&folder)?;
        let mut services = Services { children: Vec::new(), environment: Vec::new(), _scratch: scratch };
        services.nats(&folder)?;
        services.mosquitto(&folder)?;
        services.postgres(&folder)?;
        Ok(services)
    }

    fn nats(&mut self, folder: &Path) -> Result<()> {
        let Some(program) = absent("nats-server", NATS_PORT) else { return Ok(()) };
        let mut command = Command::new(program);
        command.args(["-js", "-a", "127.0.0.1", "-p", "4222", "-sd"]).arg(folder.join("nats"));
        self.keep("nats-server", command, NATS_PORT)
    }

    fn mosquitto(&mut self, folder: &Path) -> Result<()> {
        let Some(program) = absent("mosquitto", MQTT_PORT) else { return Ok(()) };
        let file = folder.join("mosquitto.conf");
        let text = "listener 1883 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest none\n";
        std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&file);
        self.keep("mosquitto", command, MQTT_PORT)
    }

    fn postgres(&mut self, folder: &Path) -> Result<()> {
        let Some(programs) = locate("initdb") else { return Ok(()) };
        let data = folder.join("postgres");
        std::fs::create_dir(&data).with_context(|| format!("making {}", data.display()))?;
        let owner = if is_root() { Some(user_ids("postgres")?) } else { None };
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(&data, Some(user), Some(group)).context("giving PostgreSQL its folder")?;
        }
        let owned = |name: &str| {
            let mut command = Command::new(programs.join(name));
            command.current_dir(&data).stdout(Stdio::null());
            // PostgreSQL refuses to run as root.
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command
        };
        let mut prepare = owned("initdb");
        succeed(prepare.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "-D"]).arg(&data))?;
        let port = free_port()?;
        let mut command = owned("postgres");
        command.arg("-D").arg(&data).arg("-k").arg(&data).args(["-h", "127.0.0.1", "-p"]).arg(port.to_string());
        self.keep("postgres", command, port)?;
        let address = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        self.environment.push(("WATCHBELL_TEST_POSTGRES", address));
        Ok(())
    }

    /// Starts a server and waits until it listens.
    fn keep(&mut self, name: &str, mut command: Command, port: u16) -> Result<()> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("starting {name}"))?;
        eprintln!("  {name} on port {port}, process {}", child.id());
        self.children.push(child);
        let began = Instant::now();
        while !listens(port) {
            let ended = match self.children.last_mut() {
                Some(child) => child.try_wait().with_context(|| format!("watching {name}"))?,
                None => None,
            };
            if let Some(status) = ended {
                bail!("{name} ended at once with {status}");
            }
            if began.elapsed() > START_TIME_MAX {
                bail!("{name} does not listen on port {port} after {} s", START_TIME_MAX.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Asked first, so that it can put its files away; PostgreSQL takes an interrupt for "at once, but clean".
            let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
            let began = Instant::now();
            while matches!(child.try_wait(), Ok(None)) && asked.is_ok() && began.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(20));
            }
            if matches!(child.try_wait(), Ok(None)) {
                let _ = child.kill();
            }
            let _ = child.wait();
        }
    }
}

/// The program, when it is there and nothing listens on its port yet.
fn absent(name: &str, port: u16) -> Option<PathBuf> {
    if listens(port) {
        eprintln!("  {name}: something listens on port {port} already and is used as it is");
        return None;
    }
    find_program(name)
}

fn listens(port: u16) -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    TcpStream::connect_timeout(&address, Duration::from_millis(300)).is_ok()
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(listener.local_addr().context("looking for a free port")?.port())
}

fn user_ids(name: &str) -> Result<(u32, u32)> {
    let text = std::fs::read_to_string("/etc/passwd").context("reading the list of users")?;
    ids_in(&text, name).with_context(|| format!("no user {name} on this machine"))
}

fn ids_in(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut parts = line.split(':').skip(2);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn open_to_all(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder, mode).with_context(|| format!("opening {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found() {
        let passwd = "root:x:0:0:root:/:/bin/sh\npostgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(ids_in(passwd, "postgres"), Some((101, 104)));
        assert_eq!(ids_in(passwd, "post"), None);
    }

    #[test]
    fn a_port_listens_or_not() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(listens(port));
        drop(listener);
        assert!(!listens(port));
    }
}
