//! Which reader a file of the register gets: the one place where that is chosen.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::office::ImportDocument;
use model::limits;

/// Reads a file by what it is.
///
/// # Errors
/// When it cannot be read, is too large, or is nothing that is known.
pub(super) fn read(path: &Path) -> Result<ImportDocument> {
    let bytes = bytes_of(path)?;
    ImportDocument::read_json(&bytes)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("{} is no file of a register", path.display()))
}

fn bytes_of(path: &Path) -> Result<Vec<u8>> {
    let most = limits::REGISTER_FILE_BYTES_MAX;
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?),
    };
    reader.take(most as u64 + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(bytes.len() <= most, "{} has more than {most} bytes", path.display());
    Ok(bytes)
}
