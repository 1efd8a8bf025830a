//! A small invented city, labelled streams of edges, a fake clock, and the ways to the reference data and to other people's programs.

pub mod city;
pub mod clock;
pub mod edges;
pub mod random;
pub mod scenario;
pub mod traffic;

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

/// The files of a tar archive with their names, for tests: a broken archive ends it.
///
/// Blocks of 512 bytes, name at 0, size in octal at 124 (POSIX ustar). A name that is too long stands as a file of its own in front
/// (GNU, type `L`) or as `path=` in a header of its own (POSIX pax, type `x`).
pub fn untar(mut archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut long_name: Option<String> = None;
    while let Some((header, rest)) = archive.split_at_checked(512) {
        let text = |from: usize, length: usize| {
            let field = header.get(from..from + length).unwrap_or_default();
            String::from_utf8_lossy(field.split(|byte| *byte == 0).next().unwrap_or_default()).trim().to_owned()
        };
        let Ok(size) = usize::from_str_radix(&text(124, 12), 8) else { break };
        let Some(content) = rest.get(..size) else { break };
        let name = match text(345, 155) {
            prefix if prefix.is_empty() => text(0, 100),
            prefix => format!("{prefix}/{}", text(0, 100)),
        };
        let said = || String::from_utf8_lossy(content).into_owned();
        match header.get(156) {
            Some(b'0' | 0) => files.push((long_name.take().unwrap_or(name), content.to_vec())),
            Some(b'L') => long_name = Some(said().trim_end_matches('\0').to_owned()),
            Some(b'x') => {
                let path = said().lines().find_map(|line| line.split_once(" path=").map(|(_, path)| path.to_owned()));
                long_name = path.or(long_name);
            }
            _ => {}
        }
        archive = rest.get(size.next_multiple_of(512)..).unwrap_or_default();
    }
    files
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
