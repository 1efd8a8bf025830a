//! Where things are: the workspace, the reference data, the build folder, a folder for what may be thrown away.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The workspace and what lies around it. All paths are absolute.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// Real reference data, where there is any.
    pub(crate) data: Option<PathBuf>,
}

impl Workspace {
    /// Finds the workspace that cargo runs this in. Not from where this was built: several clones may share a build folder, and
    /// whose xtask lies there is anybody's guess.
    ///
    /// # Errors
    /// When the source folder was moved away, or when `WATCHBELL_DATA` names no folder: a run that was
    /// asked to use data must not quietly go without.
    pub(crate) fn find() -> Result<Self> {
        let own =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = own.parent().context("xtask lies in no workspace")?;
        let root = root.canonicalize().with_context(|| format!("no workspace at {}", root.display()))?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        let data =
            find_data(&root, std::env::var_os("WATCHBELL_DATA").filter(|name| !name.is_empty()).map(PathBuf::from))?;
        Ok(Workspace { root, target, data })
    }

    /// A cargo command in the workspace, with the data's place made plain to whatever it starts.
    ///
    /// What the outer cargo says about this package is not handed on: build scripts of dependencies (that of `ring`) depend on it,
    /// so that all above them, the query engine too, would be built anew whenever somebody calls cargo by hand in between.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_about_this_package) {
                command.env_remove(name);
            }
        }
        if let Some(data) = &self.data {
            command.env("WATCHBELL_DATA", data);
        }
        command
    }

    /// The reference data.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn require_data(&self) -> Result<&Path> {
        let hint = "no reference data\nhint: set WATCHBELL_DATA to its folder, or put it into ../shared/data";
        self.data.as_deref().context(hint)
    }
}

/// Whether cargo sets that variable for the program that it runs.
fn is_about_this_package(name: &str) -> bool {
    ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|prefix| name.starts_with(prefix))
}

fn find_data(root: &Path, named: Option<PathBuf>) -> Result<Option<PathBuf>> {
    let folder = root.join(named.clone().unwrap_or_else(|| "../shared/data".into()));
    match (folder.canonicalize(), named) {
        (Ok(folder), _) if folder.is_dir() => Ok(Some(folder)),
        (_, Some(named)) => bail!("WATCHBELL_DATA names no folder: {}", named.display()),
        (_, None) => Ok(None),
    }
}

/// A folder that goes away with its owner.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes a folder of its own under the system's folder for temporary things.
    pub(crate) fn new(purpose: &str) -> Result<Self> {
        let prefix = format!("watchbell-{purpose}-");
        sweep(&std::env::temp_dir(), &prefix);
        let path = std::env::temp_dir().join(format!("{prefix}{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Scratch(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("warning: {} stays behind: {error}", self.0.display());
        }
    }
}

/// Removes what a run left behind that was killed, or stopped from the keyboard, before it could clean up: folders of that
/// name whose process is gone. What cannot be removed belongs to somebody else and stays.
fn sweep(folder: &Path, prefix: &str) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(prefix)).and_then(|id| id.parse::<u32>().ok());
        let is_gone = |id: &u32| *id == std::process::id() || !Path::new("/proc").join(id.to_string()).exists();
        if owner.filter(is_gone).is_some() && Path::new("/proc/self").exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_folder_must_exist_and_is_relative_to_the_root() {
        let scratch = Scratch::new("workspace-test").unwrap();
        let root = scratch.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("data")).unwrap();
        assert_eq!(find_data(&root, Some("data".into())).unwrap(), Some(root.join("data")));
        assert!(find_data(&root, Some("elsewhere".into())).is_err());
        // Beside a folder under the temporary one there is no shared data.
        assert_eq!(find_data(&root, None).unwrap(), None);
    }

    #[test]
    fn what_killed_runs_left_behind_is_swept() {
        let scratch = Scratch::new("sweep-test").unwrap();
        // No process has a number above the kernel's limit of 2^22.
        for name in ["watchbell-x-4999999", "watchbell-x-1", "watchbell-x-notes", "other-4999999"] {
            std::fs::create_dir(scratch.path().join(name)).unwrap();
        }
        sweep(scratch.path(), "watchbell-x-");
        let left: Vec<_> = ["watchbell-x-4999999", "watchbell-x-1", "watchbell-x-notes", "other-4999999"]
            .into_iter()
            .filter(|name| scratch.path().join(name).exists())
            .collect();
        assert_eq!(left, ["watchbell-x-1", "watchbell-x-notes", "other-4999999"]);
    }

    #[test]
    fn scratch_goes_away() {
        let scratch = Scratch::new("scratch-test").unwrap();
        let path = scratch.path().to_owned();
        std::fs::write(path.join("file"), "x").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }
}
