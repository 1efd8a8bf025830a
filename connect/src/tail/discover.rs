//! Which files there are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::limits::TAIL_FILES_MAX;

use super::{FileKey, Found, TailConfig};

/// What a look at the configured paths brought.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    /// In the order of their paths, each file once.
    pub(super) found: Vec<Found>,
    /// Paths that could not be looked at, and why.
    pub(super) troubled: BTreeMap<PathBuf, String>,
    /// Files beyond [`TAIL_FILES_MAX`].
    pub(super) too_many: usize,
}

/// Looks at every configured path. Only regular files count, so that a pipe or device is never opened.
pub(super) fn discover(config: &TailConfig) -> Discovery {
    let excluded: Vec<_> = config.exclude.iter().filter_map(|text| glob::Pattern::new(text).ok()).collect();
    let mut discovery = Discovery::default();
    let mut by_path = BTreeMap::new();
    for path in &config.paths {
        for path in expand(path, &mut discovery.troubled) {
            if excluded.iter().any(|pattern| pattern.matches_path(&path)) {
                continue;
            }
            match std::fs::metadata(&path) {
                Ok(meta) if meta.is_file() => {
                    by_path.insert(path, FileKey::of(&meta));
                }
                Ok(_) => {}
                // It was there a moment ago: rotation.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    discovery.troubled.insert(path, error.to_string());
                }
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for (path, key) in by_path {
        if !seen.insert(key) {
            continue;
        }
        if discovery.found.len() == TAIL_FILES_MAX {
            discovery.too_many += 1;
        } else {
            discovery.found.push(Found { path, key });
        }
    }
    discovery
}

fn expand(path: &str, troubled: &mut BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
    let as_is = Path::new(path);
    if as_is.is_dir() {
        return match std::fs::read_dir(as_is) {
            Ok(entries) => entries.flatten().filter(|entry| !is_hidden(&entry.path())).map(|e| e.path()).collect(),
            Err(error) => {
                troubled.insert(as_is.to_owned(), error.to_string());
                Vec::new()
            }
        };
    }
    if as_is.exists() {
        return vec![as_is.to_owned()];
    }
    let Ok(paths) = glob::glob(path) else { return Vec::new() };
    let mut expanded = Vec::new();
    for path in paths {
        match path {
            Ok(path) => expanded.push(path),
            Err(error) => {
                troubled.insert(error.path().to_owned(), error.error().to_string());
            }
        }
    }
    expanded
}

/// Editors and rotators keep half-done files under such names.
fn is_hidden(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(paths: &[&str], exclude: &[&str], expected: &[&str]) {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.log", "b.log", "b.log.1.gz", ".a.log.swp", "sub/c.log"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, b"x\n").expect("a file");
        }
        std::fs::hard_link(folder.path().join("a.log"), folder.path().join("same-as-a.log")).expect("a link");
        let whole = |texts: &[&str]| texts.iter().map(|text| format!("{}/{text}", folder.path().display())).collect();
        let config: TailConfig = TailConfig { paths: whole(paths), exclude: whole(exclude), ..config() };
        let found: Vec<_> = discover(&config).found.into_iter().map(|found| found.path).collect();
        let expected: Vec<_> = expected.iter().map(|name| folder.path().join(name)).collect();
        assert_eq!(found, expected, "{paths:?} without {exclude:?}");
    }

    fn config() -> TailConfig {
        let config: Result<TailConfig, _> = toml::from_str("paths = []");
        config.expect("a configuration")
    }

    #[test]
    fn files_folders_and_patterns() {
        check(&["a.log"], &[], &["a.log"]);
        check(&[""], &[], &["a.log", "b.log", "b.log.1.gz"]);
        check(&[""], &["*.gz"], &["a.log", "b.log"]);
        check(&["*.log"], &[], &["a.log", "b.log"]);
        check(&["**/*.log"], &[], &["a.log", "b.log", "sub/c.log"]);
        check(&["none.log", "sub"], &[], &["sub/c.log"]);
    }

    #[test]
    fn files_beyond_the_limit_are_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..TAIL_FILES_MAX + 2 {
            std::fs::write(folder.path().join(number.to_string()), b"").expect("a file");
        }
        let config = TailConfig { paths: vec![folder.path().display().to_string()], ..config() };
        let discovery = discover(&config);
        assert_eq!((discovery.found.len(), discovery.too_many), (TAIL_FILES_MAX, 2));
    }
}
