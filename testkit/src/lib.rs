//! A small invented city, a fake clock, and the ways to the reference data and to other people's programs.

pub mod city;
pub mod clock;
pub mod random;

mod browser;
mod python;

use std::path::{Path, PathBuf};

pub use browser::{Browser, browser};
pub use clock::FakeClock;
pub use python::python;

/// Waits until nobody else fills the folder beside: tests run in many processes.
fn lock(path: &Path) -> Option<std::fs::File> {
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path).ok()?;
    file.lock().ok()?;
    Some(file)
}

/// The folder of real reference data, from `WATCHBELL_DATA`, else `../shared/data` beside the workspace.
///
/// Where it is absent a test should return early; this says so on stderr. With `CI=true` absence is a failure, so that a
/// green run has seen the data.
///
/// # Panics
/// With `CI=true` and no data.
pub fn reference_data() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default();
    // A relative WATCHBELL_DATA is relative to the workspace root, wherever a test runs.
    let folder = workspace.join(std::env::var_os("WATCHBELL_DATA").unwrap_or_else(|| "../shared/data".into()));
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!required, "CI=true needs the reference data; WATCHBELL_DATA names no folder: {}", folder.display());
    eprintln!("skipped: no reference data");
    None
}
