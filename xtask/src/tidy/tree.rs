//! The files of the workspace, as text.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Finding;

/// Larger files are data, not text that people write.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A file that people write.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Its path from the workspace root, with `/`.
    pub(super) path: String,
    /// Its text.
    pub(super) text: String,
}

/// All files that git keeps or would keep, in order of their paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub(super) files: Vec<File>,
    /// Everything that exists, files without text and folders among them: what a link may lead to.
    pub(super) paths: std::collections::BTreeSet<String>,
}

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let output = Command::new("git").args(arguments).current_dir(root).output().context("starting git")?;
        if !output.status.success() {
            bail!("git cannot list the files of {}", root.display());
        }
        let mut tree = Tree::default();
        for path in String::from_utf8_lossy(&output.stdout).split('\0').filter(|path| !path.is_empty()) {
            let file = root.join(path);
            // Listed, but removed in the working tree.
            let Ok(meta) = file.metadata() else { continue };
            tree.add_path(path);
            if meta.is_file() && meta.len() <= FILE_BYTES_MAX {
                let bytes = std::fs::read(&file).with_context(|| format!("reading {path}"))?;
                if let Ok(text) = String::from_utf8(bytes) {
                    tree.files.push(File { path: path.into(), text });
                }
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    fn add_path(&mut self, path: &str) {
        for (at, _) in path.match_indices('/') {
            self.paths.insert(path[..at].into());
        }
        self.paths.insert(path.into());
    }

    /// The files whose names end so.
    pub(super) fn ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.ends_with(ending))
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Tree::default();
        for (path, text) in files {
            tree.add_path(path);
            tree.files.push(File { path: (*path).into(), text: (*text).into() });
        }
        tree
    }
}

impl File {
    /// A finding in this file; lines count from 1.
    pub(super) fn finding(&self, line: usize, text: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, text: text.into() }
    }

    /// Lines with their numbers.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// Lines of code that ships: without comments, and without the tests, which stand last in a file.
    pub(super) fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().take_while(|(_, line)| line.trim() != "#[cfg(test)]").map(|(number, line)| {
            let code = line.split_once("//").map_or(line, |(code, _)| code);
            (number, code)
        })
    }

    /// The file is a test, a bench or an example as a whole.
    pub(super) fn is_beside_the_product(&self) -> bool {
        let folders = ["tests", "benches", "examples", "fuzz"];
        self.path.split('/').any(|part| folders.contains(&part))
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("/testing.rs")
    }
}
