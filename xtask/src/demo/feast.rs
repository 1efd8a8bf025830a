//! What the demo's watch is given: real logs, rules and indicators where the reference data is, an invented city's besides.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::succeed;
use crate::workspace::Workspace;

/// Days that the invented city plays.
const CITY_DAYS: &str = "7";
/// Lists of ipsum that must agree on an address before the demo takes it for an indicator.
const IPSUM_LISTS_MIN: u32 = 3;

/// What the watch is given.
#[derive(Debug, Default)]
pub(super) struct Feast {
    pub(super) rules: Vec<PathBuf>,
    pub(super) indicators: Vec<PathBuf>,
    pub(super) suppress: Vec<PathBuf>,
    /// Files that are tailed.
    pub(super) tailed: Vec<PathBuf>,
    /// A file, packed with zstd, that is posted over HTTP.
    pub(super) posted: Option<PathBuf>,
    /// Lines that are sent as syslog over TCP.
    pub(super) syslog: Option<PathBuf>,
    /// What the city runs, and what is connected how.
    pub(super) register: Option<PathBuf>,
    /// What others publish about the weak places of what it runs: invented words about real ones.
    pub(super) advisories: PathBuf,
}

impl Feast {
    /// The invented city, and real data beside it where there is some.
    pub(super) fn prepare(workspace: &Workspace, scratch: &Path) -> Result<Feast> {
        let mut feast = invented(workspace, scratch)?;
        if let Some(data) = &workspace.data {
            feast.add_real(data, scratch)?;
        }
        Ok(feast)
    }

    /// Real logs, SigmaHQ's rules, Maltrail's and ipsum's indicators, MISP's warning lists.
    fn add_real(&mut self, data: &Path, scratch: &Path) -> Result<()> {
        unpack(&data.join("sigma/sigmahq-rules.tar.zst"), scratch)?;
        unpack(&data.join("intel/misp-warninglists.tar.zst"), scratch)?;
        self.rules.push(scratch.join("rules"));
        let blocklists = data.join("intel/blocklists");
        for file in files_in(&blocklists)? {
            if file.to_string_lossy().ends_with(".tsv.gz") {
                self.indicators.push(file);
            }
        }
        let ipsum = std::fs::read_to_string(blocklists.join("ipsum.txt")).context("reading ipsum.txt")?;
        let file = scratch.join("ipsum.tsv");
        std::fs::write(&file, ipsum_indicators(&ipsum)).with_context(|| format!("writing {}", file.display()))?;
        self.indicators.push(file);
        self.suppress.push(scratch.join("warninglists"));
        for log in files_in(&data.join("logs"))? {
            let is_zeek = log.to_string_lossy().contains("zeek");
            if is_zeek { self.posted = Some(log) } else { self.tailed.push(log) }
        }
        Ok(())
    }
}

/// The invented city's logs, with its own rules and indicators.
fn invented(workspace: &Workspace, scratch: &Path) -> Result<Feast> {
    let folder = scratch.join("city");
    let mut command = workspace.cargo(&["run", "--quiet", "--package", "testkit", "--example", "city", "--"]);
    succeed(command.arg(&folder).arg(CITY_DAYS).stdout(Stdio::null()).stderr(Stdio::null()))?;
    let mut feast = Feast::default();
    for log in files_in(&folder)? {
        let name = log.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match name.as_str() {
            "labels.csv" => {}
            "syslog.log" => feast.syslog = Some(log),
            "register.json" => feast.register = Some(log),
            _ => feast.tailed.push(log),
        }
    }
    let testkit = workspace.root.join("testkit");
    feast.rules.push(testkit.join("rules"));
    feast.indicators.push(testkit.join("indicators.tsv"));
    feast.advisories = testkit.join("advisories");
    Ok(feast)
}

/// How many lines a file has, unpacked.
pub(super) fn lines_of(file: &Path) -> Result<u64> {
    let is_packed = file.extension().is_some_and(|ending| ending == "zst");
    let mut command = if is_packed { Command::new("zstd") } else { Command::new("cat") };
    if is_packed {
        command.arg("-dc");
    }
    let mut child = command.arg(file).stdout(Stdio::piped()).spawn().context("hint: this needs the program zstd")?;
    let mut output = child.stdout.take().context("the program has no output")?;
    let mut buffer = vec![0; 1 << 16];
    let mut lines = 0;
    loop {
        let read = std::io::Read::read(&mut output, &mut buffer).context("reading")?;
        if read == 0 {
            break;
        }
        lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    if !child.wait()?.success() {
        bail!("{} cannot be read", file.display());
    }
    Ok(lines)
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
