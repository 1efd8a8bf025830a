//! `cargo xtask demo`: what a newcomer sees first. Builds the program and lets it look through logs with rules and
//! indicators: real ones where the reference data is, an invented city's otherwise.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::{Steps, succeed};
use crate::workspace::{Scratch, Workspace};

/// Days that the invented city plays.
const CITY_DAYS: &str = "7";
/// Lists of ipsum that must agree on an address before the demo takes it for an indicator.
const IPSUM_LISTS_MIN: u32 = 3;

/// What the program is given to look at.
#[derive(Debug, Default)]
struct Feast {
    rules: PathBuf,
    indicators: Vec<PathBuf>,
    suppress: Vec<PathBuf>,
    logs: Vec<PathBuf>,
}

/// Builds, prepares, scans, and says how to go on.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::begin();
    steps.run("building watchbell", &mut workspace.cargo(&["build", "--package", "watchbell"]))?;
    let scratch = Scratch::new("demo")?;
    let feast = match &workspace.data {
        Some(data) => steps.step("unpacking real logs, rules and indicators", || real(data, scratch.path()))?,
        None => steps.step("no reference data: inventing a city", || invented(workspace, scratch.path()))?,
    };
    let program = workspace.target.join("debug/watchbell");
    steps.step("looking through the logs", || scan(&program, &feast))?;
    eprintln!("\n{}", farewell(&program));
    eprintln!("{}", steps.summary());
    Ok(())
}

fn scan(program: &Path, feast: &Feast) -> Result<()> {
    let mut command = Command::new(program);
    command.arg("scan").arg("--rules").arg(&feast.rules);
    for file in &feast.indicators {
        command.arg("--indicators").arg(file);
    }
    for list in &feast.suppress {
        command.arg("--suppress").arg(list);
    }
    command.args(&feast.logs);
    let status = command.status().with_context(|| format!("starting {}", program.display()))?;
    match status.code() {
        // 1 means that something of level high or above was found, which is what a demo is for.
        Some(0 | 1) => Ok(()),
        _ => bail!("watchbell scan ended with {status}"),
    }
}

fn farewell(program: &Path) -> String {
    let program = program.display();
    format!(
        "To look through logs of your own:\n  {program} scan --rules RULES_DIR --indicators FILE.tsv FILES…\n\
         To hunt on, take the findings as OCSF, one a line, and ask what you like:\n  \
         {program} scan --rules RULES_DIR --json FILES… | jq -r '.finding_info.title' | sort | uniq -c\n\
         The logs of this demo are gone again; nothing was kept."
    )
}

/// Real logs, SigmaHQ's rules, Maltrail's and ipsum's indicators, MISP's warning lists.
fn real(data: &Path, scratch: &Path) -> Result<Feast> {
    unpack(&data.join("sigma/sigmahq-rules.tar.zst"), scratch)?;
    unpack(&data.join("intel/misp-warninglists.tar.zst"), scratch)?;
    let blocklists = data.join("intel/blocklists");
    let mut indicators = Vec::new();
    for file in files_in(&blocklists)? {
        if file.to_string_lossy().ends_with(".tsv.gz") {
            indicators.push(gunzip(&file, scratch)?);
        }
    }
    let ipsum = std::fs::read_to_string(blocklists.join("ipsum.txt")).context("reading ipsum.txt")?;
    let file = scratch.join("ipsum.tsv");
    std::fs::write(&file, ipsum_indicators(&ipsum)).with_context(|| format!("writing {}", file.display()))?;
    indicators.push(file);

    let lists = files_in(&scratch.join("warninglists"))?;
    let suppress = lists.iter().map(|list| list.join("list.json")).filter(|file| file.is_file()).collect();
    Ok(Feast { rules: scratch.join("rules"), indicators, suppress, logs: files_in(&data.join("logs"))? })
}

/// The invented city's logs, with its own rules and indicators.
fn invented(workspace: &Workspace, scratch: &Path) -> Result<Feast> {
    let folder = scratch.join("city");
    let mut command = workspace.cargo(&["run", "--quiet", "--package", "testkit", "--example", "city", "--"]);
    succeed(command.arg(&folder).arg(CITY_DAYS).stdout(Stdio::null()))?;
    let is_log = |file: &PathBuf| file.extension().is_some_and(|ending| ending != "csv");
    let logs = files_in(&folder)?.into_iter().filter(is_log).collect();
    let testkit = workspace.root.join("testkit");
    Ok(Feast { rules: testkit.join("rules"), indicators: vec![testkit.join("indicators.tsv")], suppress: vec![], logs })
}

/// `address<TAB>lists` becomes `address<TAB>label<TAB>confidence`: the more lists agree, the surer.
fn ipsum_indicators(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((address, lists)) = line.split_once('\t') else { continue };
        let Ok(lists) = lists.trim().parse::<u32>() else { continue };
        if lists >= IPSUM_LISTS_MIN {
            let confidence = (30 + 8 * lists).min(95);
            out.push_str(&format!("{address}\tipsum/on-{lists}-lists\t{confidence}\n"));
        }
    }
    out
}

/// What is in a folder, in order of names.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Unpacks a tar archive that zstd has packed.
pub(crate) fn unpack(archive: &Path, into: &Path) -> Result<()> {
    let mut command = Command::new("tar");
    command.arg("--zstd").arg("-xf").arg(archive).arg("-C").arg(into);
    succeed(&mut command).context("hint: unpacking needs the programs tar and zstd")
}

fn gunzip(file: &Path, into: &Path) -> Result<PathBuf> {
    let name = file.file_stem().context("a file without a name")?;
    let target = into.join(name);
    let output = Command::new("gzip").arg("-dc").arg(file).output().context("starting gzip")?;
    if !output.status.success() {
        bail!("gzip cannot unpack {}", file.display());
    }
    let mut out = std::fs::File::create(&target).with_context(|| format!("writing {}", target.display()))?;
    out.write_all(&output.stdout).with_context(|| format!("writing {}", target.display()))?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipsum_becomes_indicators() {
        let text = "# a comment\n192.0.2.1\t9\n192.0.2.2\t2\n192.0.2.3\t3\nrubbish\n192.0.2.4\tmany\n";
        let expected = "192.0.2.1\tipsum/on-9-lists\t95\n192.0.2.3\tipsum/on-3-lists\t54\n";
        assert_eq!(ipsum_indicators(text), expected);
    }
}
