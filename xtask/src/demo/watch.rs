//! A running watch: configured, started, fed over its own doors, followed by its own figures, stopped in order.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::feast::{Feast, lines_of};

/// Longest that the watch may go without any progress.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) struct Watch {
    child: Child,
    address: SocketAddr,
    syslog: SocketAddr,
    token: String,
    log: PathBuf,
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Only a watch that was not stopped in order is still there.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Watch {
    /// Writes a configuration, makes a token, starts the program and learns where it listens.
    pub(super) fn start(program: &Path, data: &Path, feast: &Feast) -> Result<Watch> {
        fs::create_dir_all(data).with_context(|| format!("making {}", data.display()))?;
        let syslog = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).context("finding a port")?;
        let config = data.join("watchbell.toml");
        fs::write(&config, configuration(feast, syslog)?).with_context(|| format!("writing {}", config.display()))?;
        let output = Command::new(program).args(["token", "add", "demo", "--data"]).arg(data).output();
        let output = output.with_context(|| format!("starting {}", program.display()))?;
        if !output.status.success() {
            bail!("no token: {}", String::from_utf8_lossy(&output.stderr));
        }
        let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let log = data.join("watchbell.log");
        let file = fs::File::create(&log).with_context(|| format!("writing {}", log.display()))?;
        let mut child = Command::new(program)
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut first = String::new();
        let output = child.stdout.take().context("the watch has no output")?;
        BufReader::new(output).read_line(&mut first).context("reading where the watch listens")?;
        let Some(address) = address_in(&first) else {
            let _ = child.kill();
            bail!("the watch did not start: {}", fs::read_to_string(&log).unwrap_or_default());
        };
        for line in fs::read_to_string(&log).unwrap_or_default().lines().take(12) {
            eprintln!("            {line}");
        }
        eprintln!("            http://{address}/metrics, /readyz");
        Ok(Watch { child, address, syslog, token, log })
    }

    /// Brings everything that is not tailed, and waits until all of it was looked at and is in the lake.
    pub(super) fn feed(&mut self, feast: &Feast) -> Result<()> {
        let all = feast.tailed.iter().chain(&feast.posted).chain(&feast.syslog);
        let expected = all.map(|file| lines_of(file)).sum::<Result<u64>>()?;
        if let Some(file) = &feast.syslog {
            let mut stream = TcpStream::connect(self.syslog).context("the syslog door")?;
            stream.write_all(&fs::read(file)?).context("sending syslog")?;
        }
        if let Some(file) = &feast.posted {
            self.post(&fs::read(file)?)?;
        }
        self.follow(expected)
    }

    /// Posts a body of lines that zstd has packed.
    fn post(&self, body: &[u8]) -> Result<()> {
        let head = format!(
            "POST /ingest/sensors HTTP/1.1\r\nHost: watchbell\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/x-ndjson\r\nContent-Encoding: zstd\r\nIdempotency-Key: demo\r\n\
             Content-Length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        let answer = self.ask(&head, body)?;
        if !answer.starts_with("HTTP/1.1 200") {
            bail!("the HTTP door said: {answer}");
        }
        Ok(())
    }

    fn ask(&self, head: &str, body: &[u8]) -> Result<String> {
        let mut stream = TcpStream::connect(self.address).context("the HTTP door")?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("the HTTP door's answer")?;
        Ok(answer)
    }

    fn figures(&self) -> Result<String> {
        self.ask("GET /metrics HTTP/1.1\r\nHost: watchbell\r\nConnection: close\r\n\r\n", b"")
    }

    /// Shows how far it is until everything is in the lake.
    fn follow(&mut self, expected: u64) -> Result<()> {
        let is_terminal = std::io::stderr().is_terminal();
        let began = Instant::now();
        let (mut last, mut last_change, mut last_said) = ((0, 0), Instant::now(), Instant::now());
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the watch ended with {status}: {}", fs::read_to_string(&self.log).unwrap_or_default());
            }
            let page = self.figures()?;
            let figure = |name: &str| figure(&page, name);
            let (looked, kept) = (figure("records_looked_at_total"), figure("lake_rows_total"));
            let is_done = looked >= expected && kept >= expected;
            if is_terminal || is_done || last_said.elapsed() >= Duration::from_secs(5) {
                last_said = Instant::now();
                let line = format!(
                    "            {looked} of {expected} records looked at, {} findings, {kept} in the lake, {:.0} s",
                    figure("findings_total"),
                    began.elapsed().as_secs_f64()
                );
                if is_terminal { eprint!("\r{line}   ") } else { eprintln!("{line}") }
            }
            if is_done {
                if is_terminal {
                    eprintln!();
                }
                return Ok(());
            }
            if (looked, kept) != last {
                (last, last_change) = ((looked, kept), Instant::now());
            } else if last_change.elapsed() > PATIENCE {
                bail!("the watch makes no progress: {}", fs::read_to_string(&self.log).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// Ends the watch in order.
    pub(super) fn stop(&mut self) -> Result<()> {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().context("starting kill")?;
        if !status.success() {
            bail!("the watch is gone already");
        }
        let status = self.child.wait().context("waiting for the watch")?;
        if status.success() { Ok(()) } else { bail!("the watch ended with {status}") }
    }
}

/// The address in `{"listening":"127.0.0.1:8787",…}`.
fn address_in(line: &str) -> Option<SocketAddr> {
    line.split_once("\"listening\":\"")?.1.split_once('"')?.0.parse().ok()
}

fn figure(page: &str, name: &str) -> u64 {
    let line = page.lines().find_map(|line| line.strip_prefix("watchbell_")?.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// The demo's configuration: a TOML string is quoted as Rust quotes text without control characters.
fn configuration(feast: &Feast, syslog: SocketAddr) -> Result<String> {
    let list = |paths: &[PathBuf]| {
        let quoted: Vec<String> = paths.iter().map(|path| format!("{:?}", path.display().to_string())).collect();
        format!("[{}]", quoted.join(", "))
    };
    let mut text = String::new();
    writeln!(text, "# What `cargo xtask demo` watches. Start it again with: watchbell serve --data (this folder)")?;
    writeln!(text, "[content]\nrules = {}\nindicators = {}", list(&feast.rules), list(&feast.indicators))?;
    writeln!(text, "suppress = {}\n", list(&feast.suppress))?;
    writeln!(text, "[sources.files]\nkind = \"tail\"\npaths = {}\n", list(&feast.tailed))?;
    writeln!(text, "[sources.sensors]\nkind = \"http\"\n")?;
    writeln!(text, "[sources.city-syslog]\nkind = \"syslog-tcp\"\nlisten = \"{syslog}\"")?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_addresses_are_read() {
        let page = "# HELP x\nwatchbell_findings_total 12\nwatchbell_findings 3\n";
        assert_eq!(figure(page, "findings_total"), 12);
        assert_eq!(figure(page, "findings"), 3);
        assert_eq!(figure(page, "missing"), 0);
        let line = r#"{"listening":"127.0.0.1:8787","setup_url":null}"#;
        assert_eq!(address_in(line), "127.0.0.1:8787".parse().ok());
        assert_eq!(address_in("error"), None);
    }
}
