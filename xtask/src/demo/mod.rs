//! `cargo xtask demo`: what a newcomer sees first. Builds the program, starts the watch on a folder of its own, brings it
//! logs over the wire and from files, real ones where the reference data is and an invented city's, and shows what it found.

mod feast;
mod watch;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::Steps;
use crate::workspace::Workspace;
use feast::Feast;
use watch::Watch;

pub(crate) use feast::unpack;

/// Rows of findings that are shown.
const ROWS: &str = "25";

/// A hunt that is shown, and what it asks.
const HUNTS: &[(&str, &str)] = &[
    (
        "what has been kept, by source and class",
        "SELECT source, class_uid, count(*) AS events, min(time) AS first, max(time) AS last \
         FROM events GROUP BY source, class_uid ORDER BY events DESC LIMIT 12",
    ),
    (
        "who asked for the most different names",
        "SELECT src_endpoint.ip AS machine, count(DISTINCT query.hostname) AS names \
         FROM events WHERE class_uid = 4003 GROUP BY 1 ORDER BY names DESC LIMIT 5",
    ),
];

/// Builds, prepares, watches, shows, and says how to go on.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::begin();
    steps.run("building watchbell", &mut workspace.cargo(&["build", "--package", "watchbell"]))?;
    let folder = workspace.target.join("demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let what = match &workspace.data {
        Some(_) => "inventing a city, unpacking real logs, rules and indicators",
        None => "no reference data: inventing a city",
    };
    let feast = steps.step(what, || Feast::prepare(workspace, &folder))?;
    let program = workspace.target.join("debug/watchbell");
    let data = folder.join("data");
    let mut watch = steps.step("starting the watch", || Watch::start(&program, &data, &feast))?;
    steps.step("the city's night, and more: records come in and are looked at", || watch.feed(&feast))?;
    steps.step("closing the watch", || watch.stop())?;
    steps.step("the city's register, and what is known of its weak places", || at_stake(&program, &data, &feast))?;

    eprintln!("\nWhat was found, worst first:\n");
    show(&program, &data, &["findings", "--rows", ROWS])?;
    for (question, sql) in HUNTS {
        eprintln!("\nA hunt: {question}\n");
        show(&program, &data, &["hunt", sql])?;
    }
    eprintln!("\nWhat is at stake: which service may open to the public first, and which hole to close first\n");
    show(&program, &data, &["risk", "open-order", "--top", "5"])?;
    show(&program, &data, &["vuln", "list", "--top", "5"])?;
    eprintln!("\n{}", farewell(&program, &data));
    eprintln!("{}", steps.summary());
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        open_console(&program, &data)?;
    }
    Ok(())
}

/// Brings the city's register, and holds it against what others publish.
fn at_stake(program: &Path, data: &Path, feast: &Feast) -> Result<()> {
    let register = feast.register.as_deref().context("the city has no register")?;
    show(program, data, &["register", "import", &register.to_string_lossy()])?;
    show(program, data, &["vuln", "check", "--from", &feast.advisories.to_string_lossy()])
}

/// Leaves the console open for whoever sits there. Ctrl-C reaches the watch, too, which stops in order.
fn open_console(program: &Path, data: &Path) -> Result<()> {
    eprintln!("\nThe console is open until Ctrl-C:");
    let mut serve = Command::new(program);
    let status = serve.args(["serve", "--quiet", "--data"]).arg(data).env("WATCHBELL_LOG", "error").status();
    let status = status.with_context(|| format!("starting {}", program.display()))?;
    if status.success() { Ok(()) } else { bail!("the watch ended with {status}") }
}

/// Runs a command of the program on the demo's data.
fn show(program: &Path, data: &Path, command: &[&str]) -> Result<()> {
    let mut child = Command::new(program);
    let status = child.args(command).arg("--data").arg(data).status();
    let status = status.with_context(|| format!("starting {}", program.display()))?;
    match status.code() {
        // 1 means that something of level high or above was found, which is what a demo is for.
        Some(0 | 1) => Ok(()),
        _ => bail!("watchbell {} ended with {status}", command.join(" ")),
    }
}

fn farewell(program: &Path, data: &Path) -> String {
    let program: PathBuf = program.to_owned();
    let (program, data) = (program.display(), data.display());
    format!(
        "The events stay until the next demo. Hunt on:\n  \
         {program} hunt --data {data} \"DESCRIBE events\"\n  \
         {program} hunt --data {data} \"SELECT time, user.name, src_endpoint.ip FROM events WHERE class_uid = 3002 AND status_id = 2\" \\\n      \
         --purpose \"looking around in the demo\"\n\
         Keep watching it, bring your own logs, and open the console by the link that it prints:\n  \
         {program} serve --data {data}\n\
         Look through files of your own, without a server:\n  \
         {program} scan --rules RULES_DIR --indicators FILE.tsv FILES…"
    )
}
