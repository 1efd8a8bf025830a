//! `cargo xtask bench NAME`: the measurements behind the numbers in `docs/performance.md`, in release.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::demo::unpack;
use crate::process::{Steps, succeed};
use crate::workspace::Workspace;

/// A measurement: an example program of a crate, and what it is given.
struct Bench {
    name: &'static str,
    package: &'static str,
    example: &'static str,
    given: fn(&Given<'_>) -> Result<Vec<PathBuf>>,
}

/// Where a measurement finds its input.
struct Given<'a> {
    data: &'a Path,
    /// Unpacked files are kept here, beside what cargo builds, so that a second run starts at once.
    cache: PathBuf,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "sigma",
        package: "detect",
        example: "sigma_speed",
        given: |given| Ok(vec![given.rules()?, given.windows()?]),
    },
    Bench {
        name: "indicators",
        package: "detect",
        example: "indicators_speed",
        given: |given| Ok(vec![given.data.join("intel/blocklists")]),
    },
    Bench {
        name: "seen",
        package: "detect",
        example: "seen_speed",
        given: |given| Ok(vec![given.data.join("logs/zeek_80k.jsonl.zst"), given.data.join("intel/blocklists")]),
    },
    Bench {
        name: "pipeline",
        package: "watchbell",
        example: "pipeline_speed",
        given: |given| Ok(vec![given.rules()?, given.data.join("intel/blocklists"), given.windows()?]),
    },
    Bench {
        name: "console",
        package: "watchbell",
        example: "console_speed",
        // The ten million events of the bench `hunt`, where it has run.
        given: |given| Ok(Some(given.cache.join("hunt-lake")).filter(|lake| lake.is_dir()).into_iter().collect()),
    },
    Bench {
        name: "intel",
        package: "engine",
        example: "intel_speed",
        given: |given| Ok(vec![given.data.join("intel/blocklists")]),
    },
    Bench { name: "patterns", package: "intel", example: "pattern_speed", given: |_| Ok(Vec::new()) },
    Bench { name: "openings", package: "risk", example: "order_speed", given: |_| Ok(Vec::new()) },
    Bench { name: "city", package: "risk", example: "city_speed", given: |_| Ok(Vec::new()) },
    Bench { name: "taxii", package: "web", example: "taxii_speed", given: |_| Ok(Vec::new()) },
    Bench { name: "peers", package: "watchbell", example: "peers_speed", given: |_| Ok(Vec::new()) },
    Bench { name: "rpz", package: "connect", example: "rpz_speed", given: |_| Ok(Vec::new()) },
    Bench {
        name: "hunt",
        package: "lake",
        example: "hunt_speed",
        given: |given| {
            // Ten million events are kept for the next run.
            let lake = given.cache.join("hunt-lake");
            let logs = ["windows_otrf_100k", "zeek_80k", "cloudtrail_2000", "suricata_alerts"];
            let logs = logs.map(|name| given.data.join("logs").join(name).with_extension("jsonl.zst"));
            Ok(std::iter::once(lake).chain(logs).collect())
        },
    },
];

/// Runs one measurement, or all of them.
pub(crate) fn run(workspace: &Workspace, name: Option<&str>) -> Result<()> {
    let chosen: Vec<&Bench> = BENCHES.iter().filter(|bench| name.is_none_or(|name| name == bench.name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!("unknown bench {:?}; known are {}", name.unwrap_or_default(), names.join(", "));
    }
    let given = Given { data: workspace.require_data()?, cache: workspace.target.join("bench-data") };
    std::fs::create_dir_all(&given.cache).with_context(|| format!("making {}", given.cache.display()))?;
    let mut steps = Steps::begin();
    for bench in chosen {
        let source = workspace.root.join(bench.package).join("examples").join(bench.example).with_extension("rs");
        if !source.is_file() {
            bail!("the bench {} has no program {}/examples/{}.rs", bench.name, bench.package, bench.example);
        }
        let input = (bench.given)(&given)?;
        let arguments = ["run", "--release", "--package", bench.package, "--example", bench.example, "--"];
        steps.run(&format!("bench {}", bench.name), workspace.cargo(&arguments).args(input))?;
    }
    eprintln!("{}", steps.summary());
    Ok(())
}

impl Given<'_> {
    /// SigmaHQ's main rules.
    fn rules(&self) -> Result<PathBuf> {
        let folder = self.cache.join("rules");
        if !folder.is_dir() {
            unpack(&self.data.join("sigma/sigmahq-rules.tar.zst"), &self.cache)?;
        }
        Ok(folder)
    }

    /// The 100,000 Windows events, unpacked.
    fn windows(&self) -> Result<PathBuf> {
        let file = self.cache.join("windows_otrf_100k.jsonl");
        if !file.is_file() {
            let half = self.cache.join("windows_otrf_100k.half");
            let out = std::fs::File::create(&half).with_context(|| format!("writing {}", half.display()))?;
            let mut command = Command::new("zstd");
            command.arg("-dc").arg(self.data.join("logs/windows_otrf_100k.jsonl.zst")).stdout(Stdio::from(out));
            succeed(&mut command).context("hint: unpacking needs the program zstd")?;
            // Renamed only when whole: an interrupted run must not leave half a file to measure.
            std::fs::rename(&half, &file).with_context(|| format!("renaming {}", half.display()))?;
        }
        Ok(file)
    }
}
