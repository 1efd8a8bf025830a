//! Files that people name on the command line: a folder stands for everything below it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use engine::content::ContentPaths;

use crate::cli::ContentArgs;

/// Most files that one command takes.
const FILES_MAX: usize = 100_000;

/// The files at or below the given places, sorted within each folder.
///
/// # Errors
/// When a place does not exist or cannot be listed.
pub(crate) fn files(places: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for place in places {
        add(place, &mut found)?;
    }
    Ok(found)
}

fn add(place: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let data = fs::metadata(place).with_context(|| format!("cannot read {}", place.display()))?;
    if !data.is_dir() {
        found.push(place.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(place).with_context(|| format!("cannot list {}", place.display()))?;
    let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    inside.sort();
    for path in inside {
        if found.len() >= FILES_MAX {
            bail!("more than {FILES_MAX} files below {}", place.display());
        }
        // Links inside folders are not followed: they may lead in a circle.
        if !path.is_symlink() {
            add(&path, found)?;
        }
    }
    Ok(())
}

impl From<&ContentArgs> for ContentPaths {
    fn from(arguments: &ContentArgs) -> Self {
        ContentPaths {
            rules: arguments.rules.clone(),
            indicators: arguments.indicators.clone(),
            indicator_level: arguments.indicator_level,
            suppress: arguments.suppress.clone(),
            mappings: arguments.mapping.clone(),
            routing: arguments.routing.clone(),
            placeholders: arguments.placeholders.clone(),
        }
    }
}
