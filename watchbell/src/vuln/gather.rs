//! What the files of a folder say: forecasts, catalogues and records by the publishers' names, advisories by what stands in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use engine::office::{AdvisorySource, Evidence, advisory_coverage};
use model::software::{Advisory, Voice};
use model::vulnerability::Known;
use model::{Day, limits};

use super::bytes_of;
use crate::words;

/// Folders inside each other that are looked into.
const FOLDERS_MAX: usize = 8;
/// What is refused of one file, told one by one.
const REFUSED_SHOWN: usize = 5;

/// What is publicly known, by files of known names. Others are left out; what cannot be read in one is said and the rest counts.
pub(super) fn known(folder: &Path, mut tell: impl FnMut(&str)) -> Result<Known> {
    let mut files = BTreeMap::new();
    below(folder, 0, &mut |name, path| {
        if formats::risk::Source::of(name).is_some() {
            files.insert(name.to_owned(), path.to_owned());
        }
    })?;
    if files.is_empty() {
        bail!(
            "{}: no file with a name that is known; hint: epss_scores-DATE.csv, known_exploited_vulnerabilities.json, …",
            folder.display()
        );
    }
    let mut known = Known::default();
    for (name, path) in files {
        tell(&name);
        add_known(&mut known, &name, &path)?;
    }
    Ok(known)
}

/// The same, and advisories, with how new each of their sources is.
pub(super) fn evidence(folder: &Path, mut tell: impl FnMut(&str)) -> Result<Evidence> {
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    below(folder, 0, &mut |name, path| files.push((name.to_owned(), path.to_owned())))?;
    files.sort();
    let mut evidence = Evidence::default();
    let mut read = 0;
    for (name, path) in &files {
        if formats::risk::Source::of(name).is_some() {
            tell(name);
            add_known(&mut evidence.known, name, path)?;
            read += 1;
        } else if is_json(name) {
            tell(name);
            let found = formats::osv::any(&bytes_of(path, limits::ADVISORY_FILE_BYTES_MAX)?);
            let refused = found.refused.iter().map(|one| (one.place.clone(), one.trouble.detail.to_string()));
            say_refused(path, refused, found.refused_count);
            evidence.advisories.extend(found.advisories);
            read += 1;
            let most = limits::CHECK_ADVISORIES_MAX;
            ensure!(evidence.advisories.len() <= most, "more than {most} advisories in {}", folder.display());
        }
    }
    ensure!(
        read > 0,
        "{}: nothing that is known; hint: advisories as .json, epss_scores-DATE.csv, …",
        folder.display()
    );
    evidence.sources = sources(&evidence.advisories);
    Ok(evidence)
}

fn is_json(name: &str) -> bool {
    let plain = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let is_schema = plain.contains("schema");
    (plain.ends_with(".json") || plain.ends_with(".jsonl")) && !is_schema
}

/// Each database with each sort of names that it knows. It is as new as what it changed last: a copy cannot be newer than that looks.
fn sources(advisories: &[Advisory]) -> Vec<AdvisorySource> {
    let mut newest: BTreeMap<(String, String), AdvisorySource> = BTreeMap::new();
    for advisory in advisories.iter().filter(|advisory| advisory.voice == Voice::Database) {
        let day = advisory.modified.or(advisory.published).and_then(Day::of);
        for coverage in advisory_coverage([advisory]) {
            let place = (advisory.source.clone(), format!("{coverage:?}"));
            let source = newest.entry(place).or_insert_with(|| AdvisorySource {
                name: advisory.source.clone(),
                as_of: None,
                covers: vec![coverage],
            });
            source.as_of = source.as_of.max(day);
        }
    }
    newest.into_values().collect()
}

fn add_known(known: &mut Known, name: &str, path: &Path) -> Result<()> {
    let most = usize::try_from(limits::LIST_FILE_BYTES_MAX).unwrap_or(usize::MAX - 1);
    let bytes = bytes_of(path, most)?;
    let Some(read) = formats::risk::add(known, name, &bytes) else { return Ok(()) };
    let refused = read.refused.iter().map(|one| (one.place.to_string(), one.trouble.detail.to_string()));
    say_refused(path, refused, read.refused_count);
    Ok(())
}

/// What could not be read in a file: the first of it, and how much in all.
pub(super) fn say_refused(path: &Path, refused: impl Iterator<Item = (String, String)>, count: u64) {
    for (place, detail) in refused.take(REFUSED_SHOWN) {
        eprintln!("{}: {place}: {detail}", path.display());
    }
    if count > REFUSED_SHOWN as u64 {
        eprintln!("{}: {} refused in all", path.display(), words::count(count));
    }
}

/// All files of a folder and of those in it, with their names.
fn below(folder: &Path, depth: usize, give: &mut dyn FnMut(&str, &Path)) -> Result<()> {
    if depth > FOLDERS_MAX {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            below(&path, depth + 1, give)?;
            continue;
        }
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            give(name, &path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_as_new_as_its_last_change() {
        let osv = |id: &str, ecosystem: &str, modified: &str| {
            format!(
                r#"{{"id": "{id}", "modified": "{modified}", "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "bell"}}, "versions": ["1"]}}]}}"#
            )
        };
        let text = [
            osv("A-1", "npm", "2026-05-01T00:00:00Z"),
            osv("A-2", "npm", "2026-05-03T00:00:00Z"),
            osv("A-3", "PyPI", "2026-01-01T00:00:00Z"),
        ];
        let read = formats::osv::any(format!("[{}]", text.join(",")).as_bytes());
        let found = sources(&read.advisories);
        let days: Vec<_> = found.iter().map(|own| own.as_of.map(|day| day.to_string()).unwrap_or_default()).collect();
        assert_eq!(days, ["2026-05-03", "2026-01-01"]);
    }

    #[test]
    fn files_of_advisories() {
        for name in ["all.json", "all.jsonl.gz", "GHSA-1.json.zst"] {
            assert!(is_json(name), "{name}");
        }
        for name in ["readme.md", "osv_schema.json", "a.csv", "json"] {
            assert!(!is_json(name), "{name}");
        }
    }
}
