//! `watchbell backup` and `watchbell restore`: an installation as a folder of files with their hashes.
//!
//! ```text
//! backup.json         version, time, files with size and BLAKE3, the key that verifies the ledger
//! data/state.db       the state at one moment
//! data/ledger/…       tiles and checkpoints, none of them newer than the state
//! data/journal/…      with --all
//! data/lake/…         with --all
//! ```
//!
//! Without its keys: names in it are sealed, and `watchbell keys export` brings the keys elsewhere. A restored installation is verified:
//! every file by its hash, the state by its engine, and what was done by the ledger.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use model::doors::Clock;
use model::{OpContext, Roles};
use serde::{Deserialize, Serialize};
use store::journal::{Journal, Options};
use store::ledger::{LedgerFiles, VerifierKey};
use store::state::{Database, Deed, State};

use crate::cli::{BackupArgs, RestoreArgs};
use crate::exit::Exit;
use crate::node::{self, SystemClock};
use crate::{keys, words};

/// What the ledger calls a backup; `doctor` looks for the last one.
pub(crate) const BACKUP_MADE: &str = "backup.make";
const MANIFEST: &str = "backup.json";
/// The form of backups that this program writes and reads.
const VERSION: u32 = 1;
/// No list of files is longer.
const MANIFEST_BYTES_MAX: u64 = 256 * 1024 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    made: String,
    program: String,
    agency: String,
    ledger_key: String,
    files: BTreeMap<String, File>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct File {
    bytes: u64,
    blake3: String,
}

pub(crate) fn run(arguments: &BackupArgs) -> Result<Exit> {
    node::runtime()?.block_on(backup(arguments))
}

async fn backup(arguments: &BackupArgs) -> Result<Exit> {
    let config = arguments.data.config()?;
    let state = node::state(&config).await?;
    let to = &arguments.to;
    if to.exists() {
        bail!("{} is there already; hint: name a new folder for each backup", to.display());
    }
    // With the journal open nobody writes to it, and nobody takes in what the lake would miss.
    let journal = match arguments.all {
        true => Some(
            Journal::open(&config.journal_dir(), Options::default())
                .context("the data folder is in use; hint: stop `watchbell serve` first, or leave --all out")?,
        ),
        false => None,
    };
    let ctx = OpContext::new(config.agency.clone(), node::actor(), Roles::OPERATOR, SystemClock.now());
    let scope = if arguments.all { "everything" } else { "state and ledger" };
    state.record(&ctx, &[Deed::done(BACKUP_MADE, "installation").saying(scope)]).await?;
    let ledger = node::ledger(&config)?;
    ledger.publish(&state).await.context("the ledger cannot be signed, so it is not copied either")?;
    let data = to.join("data");
    make_folder(&data)?;
    // The ledger's files first: the state may be newer than what was signed, never older.
    copy_tree(&config.ledger_dir(), &data.join("ledger"))?;
    if !state.copy_to(&data.join("state.db")).await? {
        eprintln!("the state is in PostgreSQL: copy it with pg_dump, at this moment or later");
    }
    let file = config.data_dir.join("watchbell.toml");
    if file.is_file() {
        fs::copy(&file, data.join("watchbell.toml")).context("cannot copy the configuration")?;
    }
    if arguments.all {
        copy_tree(&config.journal_dir(), &data.join("journal"))?;
        copy_tree(&config.lake_dir(), &data.join("lake"))?;
    }
    drop(journal);
    let manifest = Manifest {
        version: VERSION,
        made: SystemClock.now().to_string(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        agency: config.agency.to_string(),
        ledger_key: ledger.verifier().to_string(),
        files: list(&data)?,
    };
    let text = serde_json::to_string_pretty(&manifest)?;
    let mut file = fs::File::create_new(to.join(MANIFEST)).context("cannot write the list of files")?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).context("cannot write the list of files")?;
    say(arguments.json, &manifest, to, "kept")?;
    Ok(Exit::Ok)
}

fn say(json: bool, manifest: &Manifest, folder: &Path, what: &str) -> Result<()> {
    let bytes: u64 = manifest.files.values().map(|file| file.bytes).sum();
    let files = manifest.files.len() as u64;
    let mut out = std::io::stdout().lock();
    if json {
        let line = serde_json::json!({ "folder": folder, "files": files, "bytes": bytes, "made": manifest.made });
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "{what}: {} of {}, {}", words::bytes(bytes), words::counted(files, "file"), folder.display())?;
    }
    Ok(())
}

pub(crate) fn restore(arguments: &RestoreArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        if arguments.data.exists() {
            bail!("{} is there already: a backup is restored into a folder of its own", arguments.data.display());
        }
        let manifest = read_manifest(&arguments.from)?;
        check_files(&arguments.from.join("data"), &manifest)?;
        make_folder(&arguments.data)?;
        let restored = bring_back(arguments, &manifest).await;
        if restored.is_err() {
            // Half an installation would be taken for a whole one.
            fs::remove_dir_all(&arguments.data).context("cannot remove what was restored so far")?;
        }
        restored?;
        say(arguments.json, &manifest, &arguments.data, "restored and verified")?;
        if arguments.keys.is_none() {
            eprintln!("without keys: names cannot be read, and the ledger goes on under a new key");
        }
        Ok(Exit::Ok)
    })
}

async fn bring_back(arguments: &RestoreArgs, manifest: &Manifest) -> Result<()> {
    let data = &arguments.data;
    copy_tree(&arguments.from.join("data"), data)?;
    if let Some(keys) = &arguments.keys {
        keys::import(keys, data)?;
    }
    let file = data.join("state.db");
    if !file.is_file() {
        eprintln!("the state is in PostgreSQL: restore it there; its ledger is verified by `watchbell audit verify`");
        return Ok(());
    }
    let state = State::open(&Database::Sqlite(file)).await.context("the restored state cannot be opened")?;
    if let Some(wrong) = state.integrity().await?.first() {
        bail!("the restored state is damaged: {wrong}");
    }
    let key: VerifierKey = manifest.ledger_key.parse().context("the backup's ledger key")?;
    let files = LedgerFiles::new(data.join("ledger"));
    let verdict = engine::ledger::verify_with(&state, files, &key, &[], |_| {}).await?;
    if let Some(fault) = verdict.fault {
        bail!("the restored ledger is not what was signed: {fault}");
    }
    if arguments.keys.is_none() {
        // Another key signs from here on, over a tree of its own files; the old ones stay beside it.
        fs::rename(data.join("ledger"), data.join("ledger-before-restore"))
            .context("cannot set the old ledger aside")?;
    }
    let agency = manifest.agency.parse().ok().context("the backup's agency")?;
    let ctx = OpContext::new(agency, node::actor(), Roles::OPERATOR, SystemClock.now());
    let words = serde_json::json!({ "made": manifest.made, "root": verdict.root.to_string() }).to_string();
    state.record(&ctx, &[Deed::done("backup.restore", "installation").saying(words)]).await?;
    state.close().await;
    Ok(())
}

fn read_manifest(from: &Path) -> Result<Manifest> {
    let path = from.join(MANIFEST);
    let file = fs::File::open(&path).with_context(|| format!("{} is no backup", from.display()))?;
    let mut text = String::new();
    file.take(MANIFEST_BYTES_MAX).read_to_string(&mut text).with_context(|| format!("reading {}", path.display()))?;
    let manifest: Manifest =
        serde_json::from_str(&text).with_context(|| format!("{} is no list of files", path.display()))?;
    if manifest.version != VERSION {
        bail!("the backup has form {}, this program reads form {VERSION}", manifest.version);
    }
    Ok(manifest)
}

/// Compares every file of the backup with the list.
fn check_files(data: &Path, manifest: &Manifest) -> Result<()> {
    let found = list(data)?;
    for (name, file) in &manifest.files {
        match found.get(name) {
            None => bail!("the backup lacks {name}"),
            Some(there) if there != file => bail!("{name} is not what was kept: it was changed or cut"),
            Some(_) => {}
        }
    }
    match found.keys().find(|name| !manifest.files.contains_key(*name)) {
        Some(extra) => bail!("{extra} is in the backup's folder, but not in its list"),
        None => Ok(()),
    }
}

fn make_folder(folder: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot make {}", folder.display()))
}

/// Every file below a folder, by its path from there.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut open, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry?;
            // Neither links nor pipes: nothing here makes them.
            match entry.file_type()? {
                kind if kind.is_dir() => open.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => bail!("{} is neither a file nor a folder", entry.path().display()),
            }
        }
    }
    Ok(files)
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    make_folder(to)?;
    if !from.is_dir() {
        return Ok(());
    }
    for file in files_below(from)? {
        let place = to.join(file.strip_prefix(from)?);
        make_folder(place.parent().unwrap_or(to))?;
        fs::copy(&file, &place).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}

fn list(data: &Path) -> Result<BTreeMap<String, File>> {
    let mut files = BTreeMap::new();
    for path in files_below(data)? {
        let name = path.strip_prefix(data)?.to_str().context("a file's name is no text")?.to_owned();
        let mut hasher = blake3::Hasher::new();
        let mut file = fs::File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let bytes = std::io::copy(&mut file, &mut hasher).with_context(|| format!("cannot read {}", path.display()))?;
        files.insert(name, File { bytes, blake3: hasher.finalize().to_hex().to_string() });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_and_compared() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        make_folder(&data.join("a/b")).unwrap();
        fs::write(data.join("a/b/one"), "1").unwrap();
        fs::write(data.join("two"), "22").unwrap();
        let files = list(&data).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["a/b/one", "two"]);
        let manifest = Manifest {
            version: VERSION,
            made: String::new(),
            program: String::new(),
            agency: "home".into(),
            ledger_key: String::new(),
            files,
        };
        check_files(&data, &manifest).unwrap();
        let check = |expected: &str| {
            let error = check_files(&data, &manifest).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        fs::write(data.join("extra"), "").unwrap();
        check("not in its list");
        fs::remove_file(data.join("extra")).unwrap();
        fs::write(data.join("two"), "23").unwrap();
        check("two is not what was kept");
        fs::remove_file(data.join("two")).unwrap();
        check("lacks two");
        std::os::unix::fs::symlink("/etc/passwd", data.join("link")).unwrap();
        check("neither a file nor a folder");
    }
}
