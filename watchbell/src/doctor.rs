//! `watchbell doctor`: whether an installation is well, check by check, each with what would help.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use lake::HuntLimits;
use model::doors::Clock;
use model::{OpContext, Roles, Timestamp, limits};
use serde::Serialize;
use store::journal::files::{Files, RealFiles};
use store::state::{JobStatus, LedgerAsked, State};

use crate::backup::BACKUP_MADE;
use crate::cli::DoctorArgs;
use crate::config::Config;
use crate::exit::Exit;
use crate::node::{self, SystemClock};
use crate::words;

/// Below so much free room, records will soon be refused.
const FREE_BYTES_MIN: u64 = 2 << 30;
/// An older backup is as good as none.
const BACKUP_DAYS_MAX: i64 = 7;
/// A source that has been silent for so long is named.
const SILENT_HOURS_MAX: i64 = 24;
/// A sync that comes back faster than this has not reached a disk.
const SYNC_MIN: Duration = Duration::from_micros(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Good,
    Warning,
    Bad,
}

#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    verdict: Verdict,
    words: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

fn check(check: &'static str, verdict: Verdict, words: impl Into<String>, hint: &'static str) -> Check {
    let hint = (verdict != Verdict::Good && !hint.is_empty()).then_some(hint);
    Check { check, verdict, words: words.into(), hint }
}

pub(crate) fn run(arguments: &DoctorArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        let config = arguments.data.config()?;
        config.must_have_data()?;
        let mut checks = vec![port(&config)];
        checks.extend(permissions(&config));
        checks.push(clock(SystemClock.now()));
        checks.extend(disk(&config));
        match node::state(&config).await {
            Ok(state) => {
                checks.push(state_itself(&state).await);
                checks.push(ledger(&config, &state).await);
                checks.push(jobs(&config, &state).await);
                checks.push(backups(&config, &state).await);
            }
            Err(error) => checks.push(check("state", Verdict::Bad, format!("{error:#}"), "")),
        }
        checks.extend(sources(&config).await);
        let mut out = std::io::stdout().lock();
        for check in &checks {
            if arguments.json {
                writeln!(out, "{}", serde_json::to_string(check)?)?;
                continue;
            }
            let sign = match check.verdict {
                Verdict::Good => "good   ",
                Verdict::Warning => "WARNING",
                Verdict::Bad => "BAD    ",
            };
            writeln!(out, "{sign}  {:12} {}", check.check, check.words)?;
            if let Some(hint) = check.hint {
                writeln!(out, "         {:12} hint: {hint}", "")?;
            }
        }
        let is_bad = checks.iter().any(|check| check.verdict == Verdict::Bad);
        Ok(if is_bad { Exit::Failed } else { Exit::Ok })
    })
}

/// Whether work failed for good.
async fn jobs(config: &Config, state: &State) -> Check {
    let ctx = OpContext::new(config.agency.clone(), "doctor", Roles::NODE, SystemClock.now());
    match state.jobs(&ctx, limits::JOBS_LISTED_MAX).await {
        Err(error) => check("jobs", Verdict::Bad, format!("they cannot be read: {error}"), ""),
        Ok(jobs) => {
            let dead: Vec<&str> =
                jobs.iter().filter(|job| job.status == JobStatus::Dead).map(|job| job.kind.as_str()).collect();
            if dead.is_empty() {
                return check("jobs", Verdict::Good, format!("{} wait, none failed for good", jobs.len()), "");
            }
            check("jobs", Verdict::Bad, format!("failed for good: {}", dead.join(", ")), "watchbell jobs list")
        }
    }
}

/// Whether the HTTP door can be opened, or is open already and ours.
fn port(config: &Config) -> Check {
    let address = match config.listen() {
        Ok(address) => address,
        Err(error) => return check("port", Verdict::Bad, format!("{error:#}"), ""),
    };
    if TcpListener::bind(address).is_ok() {
        return check(
            "port",
            Verdict::Warning,
            format!("{address} is free: the watch does not run"),
            "watchbell serve",
        );
    }
    match is_alive(address) {
        true => check("port", Verdict::Good, format!("the watch answers at {address}"), ""),
        false if config.tls.is_some() => {
            check("port", Verdict::Good, format!("{address} is taken, with TLS in front"), "")
        }
        false => check("port", Verdict::Bad, format!("somebody else has {address}"), "choose another with listen"),
    }
}

fn is_alive(address: SocketAddr) -> bool {
    node::ask(address, "/healthz").is_ok_and(|answer| answer == "alive\n")
}

/// Whether what is secret can be read by its owner only.
fn permissions(config: &Config) -> Vec<Check> {
    let files = [
        config.data_dir.clone(),
        config.master_key_file(),
        config.vault_file(),
        config.ledger_key_file(),
        config.state_file(),
    ];
    let open: Vec<String> = files.iter().filter(|file| is_open(file)).map(|file| file.display().to_string()).collect();
    vec![match open.is_empty() {
        true => check("permissions", Verdict::Good, "keys, state and folder are their owner's only", ""),
        false => check("permissions", Verdict::Bad, format!("others can read {}", open.join(", ")), "chmod go-rwx"),
    }]
}

fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

/// Whether the clock can be right, and whether something keeps it so.
fn clock(now: Timestamp) -> Check {
    // The program itself is not from the future.
    let built = std::env::current_exe().and_then(fs::metadata).and_then(|meta| meta.modified());
    let is_before = built.is_ok_and(|built| {
        let since = built.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        now < Timestamp::EPOCH.plus(since)
    });
    let kept = ["/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid", "/run/chronyd.pid", "/run/ntpd.pid"];
    let is_kept = kept.iter().any(|file| Path::new(file).exists());
    match (is_before, is_kept) {
        (true, _) => {
            check("clock", Verdict::Bad, format!("it is {now}, before this program was built"), "set the clock")
        }
        (false, true) => check("clock", Verdict::Good, format!("{now}, kept in time"), ""),
        (false, false) => {
            let hint = "systemd-timesyncd or chrony; in a container, the host's clock counts";
            check("clock", Verdict::Warning, format!("{now}; nothing that keeps it in time was found"), hint)
        }
    }
}

/// Room, and whether what was synced is on a disk.
fn disk(config: &Config) -> Vec<Check> {
    let folder = &config.data_dir;
    let room = match RealFiles.free_bytes(folder) {
        Ok(free) if free < FREE_BYTES_MIN => {
            let hint = "shorten retention, or give it a larger disk";
            check("disk", Verdict::Bad, format!("{} free in {}", words::bytes(free), folder.display()), hint)
        }
        Ok(free) => check("disk", Verdict::Good, format!("{} free in {}", words::bytes(free), folder.display()), ""),
        Err(error) => check("disk", Verdict::Bad, format!("{}: {error}", folder.display()), ""),
    };
    let sync = match sync_time(&folder.join(".doctor")) {
        Ok(took) if took < SYNC_MIN => {
            let words = format!("a sync came back in {} µs: no disk is that fast", took.as_micros());
            check("sync", Verdict::Warning, words, "a memory disk or a lying controller loses records in a power cut")
        }
        Ok(took) => check("sync", Verdict::Good, format!("a sync takes {:.1} ms", took.as_secs_f64() * 1e3), ""),
        Err(error) => check("sync", Verdict::Bad, format!("cannot write and sync: {error}"), ""),
    };
    vec![room, sync]
}

/// The median of a few syncs.
fn sync_time(path: &Path) -> std::io::Result<Duration> {
    let mut file = fs::File::create(path)?;
    let mut times = Vec::new();
    for round in 0..9u8 {
        file.write_all(&[round; 4_096])?;
        let began = Instant::now();
        file.sync_data()?;
        times.push(began.elapsed());
    }
    fs::remove_file(path)?;
    times.sort();
    Ok(times[times.len() / 2])
}

async fn state_itself(state: &State) -> Check {
    match state.integrity().await {
        Ok(wrong) if wrong.is_empty() => check("state", Verdict::Good, "the state database is whole", ""),
        Ok(wrong) => check("state", Verdict::Bad, wrong.join("; "), "watchbell restore from the last backup"),
        Err(error) => check("state", Verdict::Bad, error.to_string(), ""),
    }
}

async fn ledger(config: &Config, state: &State) -> Check {
    let verified = async {
        let ledger = node::ledger(config)?;
        Ok::<_, anyhow::Error>(ledger.verify(state, &[], |_| {}).await?)
    };
    match verified.await {
        Ok(verdict) => match verdict.fault {
            None => check(
                "ledger",
                Verdict::Good,
                format!("{}, none changed", words::counted(verdict.entries, "entry")),
                "",
            ),
            Some(fault) => {
                check("ledger", Verdict::Bad, fault.to_string(), "somebody has been at the database: ask who")
            }
        },
        Err(error) => check("ledger", Verdict::Bad, format!("{error:#}"), ""),
    }
}

async fn backups(config: &Config, state: &State) -> Check {
    let ctx = OpContext::new(config.agency.clone(), node::actor(), Roles::OPERATOR, SystemClock.now());
    let asked = LedgerAsked { operation: BACKUP_MADE.to_owned(), rows_max: 1, ..LedgerAsked::default() };
    let hint = "watchbell backup DIR; watchbell keys export DIR";
    match state.ledger(&ctx, &asked).await.as_deref() {
        Ok([line, ..]) => {
            let days = (ctx.now.as_micros() - line.entry.at.as_micros()) / 86_400_000_000;
            let verdict = if days > BACKUP_DAYS_MAX { Verdict::Warning } else { Verdict::Good };
            check("backup", verdict, format!("the last one is of {}", line.entry.at), hint)
        }
        Ok([]) => check("backup", Verdict::Warning, "there has been none", hint),
        Err(error) => check("backup", Verdict::Bad, error.to_string(), ""),
    }
}

/// When each configured source brought its last record that can be hunted.
async fn sources(config: &Config) -> Vec<Check> {
    let ctx = OpContext::new(config.agency.clone(), node::actor(), Roles::OPERATOR, SystemClock.now());
    let lake = match node::lake_to_read(config).await {
        Ok(lake) => lake,
        Err(_) => return vec![check("sources", Verdict::Warning, "no lake yet: nothing was kept", "watchbell serve")],
    };
    let sql = "SELECT source, max(received) AS last FROM events WHERE received > now() - INTERVAL '30 days' GROUP BY 1";
    let page = match lake.hunt(&ctx, sql, HuntLimits::default()).await {
        Ok(page) => page,
        Err(error) => return vec![check("sources", Verdict::Bad, error.to_string(), "")],
    };
    let last = |name: &str| {
        let row = page.rows.iter().find(|row| row[0].as_str() == Some(name))?;
        Timestamp::parse(row[1].as_str()?)
    };
    let ours = config.sources.iter().filter(|(_, source)| source.agency().is_none_or(|agency| *agency == ctx.agency));
    let mut checks: Vec<Check> = ours
        .map(|(name, _)| match last(name.as_str()) {
            None => check("source", Verdict::Warning, format!("{name}: nothing in 30 days"), "is it still sending?"),
            Some(at) => {
                let hours = (ctx.now.as_micros() - at.as_micros()) / 3_600_000_000;
                let verdict = if hours > SILENT_HOURS_MAX { Verdict::Warning } else { Verdict::Good };
                check("source", verdict, format!("{name}: last record {at}"), "is it still sending?")
            }
        })
        .collect();
    if checks.is_empty() {
        let words = format!("none is configured; {} brought records", words::counted(page.rows.len() as u64, "source"));
        checks.push(check("sources", Verdict::Good, words, ""));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_can_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "").unwrap();
        for (mode, open) in [(0o600, false), (0o640, true), (0o604, true), (0o700, false)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_open(&file), open, "{mode:o}");
        }
        assert!(!is_open(&folder.path().join("nothing")));
    }

    #[test]
    fn a_clock_from_before_the_program_is_wrong() {
        assert_eq!(clock(Timestamp::EPOCH).verdict, Verdict::Bad);
        assert_ne!(clock(SystemClock.now()).verdict, Verdict::Bad);
    }

    #[test]
    fn a_sync_is_timed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(sync_time(&folder.path().join("x")).is_ok());
        assert!(!folder.path().join("x").exists());
        assert!(sync_time(&folder.path().join("no/x")).is_err());
    }
}
