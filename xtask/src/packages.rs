//! Debian packages that chores need: installed where that is allowed, named where it is not.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::process::{find_program, succeed};

/// A Debian package, and a program by which we know that it is there.
pub(crate) type Package = (&'static str, &'static str);

/// Installs what is missing, if it may; else says what to install. Says whether all of it is there.
pub(crate) fn install_missing(packages: &[Package]) -> Result<bool> {
    let missing: Vec<&str> =
        packages.iter().filter(|(_, program)| locate(program).is_none()).map(|(package, _)| *package).collect();
    if missing.is_empty() {
        return Ok(true);
    }
    let names = missing.join(" ");
    let Some(apt) = find_program("apt-get").filter(|_| is_root()) else {
        eprintln!("  missing: {names}");
        eprintln!("  hint: on Debian or Ubuntu: sudo apt-get install {names}");
        return Ok(false);
    };
    eprintln!("  installing {names}");
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(&apt);
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        succeed(&mut command)
    };
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&missing);
    // A machine that never asked for package lists has none; then ask, and try again.
    if apt(&install).is_err() {
        apt(&["update"])?;
        apt(&install).with_context(|| format!("hint: install {names} by hand"))?;
    }
    Ok(true)
}

/// The program's folder.
pub(crate) fn locate(program: &str) -> Option<PathBuf> {
    if let Some(file) = find_program(program) {
        return file.parent().map(Path::to_path_buf);
    }
    // Where servers and tools of the system stand, which not everybody has in the search path.
    let system = Path::new("/usr/sbin");
    if system.join(program).is_file() {
        return Some(system.to_owned());
    }
    // Debian keeps PostgreSQL's own programs out of the search path, one folder a version.
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join(program).is_file())
        .collect();
    versions.sort();
    versions.pop()
}

pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The process's own entry belongs to its effective user.
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}
