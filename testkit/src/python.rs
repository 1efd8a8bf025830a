//! A Python with packages that tests and benches compare us with.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python that can import `packages` from PyPI, each a name, `name==version`, or `name==version as module` where its module is called
/// otherwise: the one in the cache folder (`WATCHBELL_CACHE`, else `~/.cache/watchbell`),
/// where it is made and filled when it is missing; `None` where there is no way to get it.
///
/// # Panics
/// With `CI=true` and no such Python.
pub fn python(packages: &[&'static str]) -> Option<PathBuf> {
    let cache = std::env::var_os("WATCHBELL_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache/watchbell")))?;
    let venv = cache.join("venv");
    let python = venv.join("bin/python");
    let succeeds = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let parts = |package: &'static str| package.split_once(" as ").unwrap_or((package, package));
    let names: Vec<&str> = packages.iter().filter_map(|package| parts(package).1.split("==").next()).collect();
    let packages: Vec<&str> = packages.iter().map(|package| parts(package).0).collect();
    let works = || succeeds(Command::new(&python).arg("-c").arg(format!("import {}", names.join(", "))));
    let make = || python.is_file() || succeeds(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let install = || succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(&packages));
    std::fs::create_dir_all(&cache).ok()?;
    let _lock = crate::lock(&cache.join("venv.lock"))?;
    if works() || (make() && install() && works()) {
        return Some(python);
    }
    let is_required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_required, "CI=true needs {} in {}", packages.join(", "), venv.display());
    eprintln!("skipped: no Python with {}", packages.join(", "));
    None
}
