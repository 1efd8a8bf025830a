//! What the last look back left, as a file: beside the index, for whoever weighs.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use engine::intel::LookedBack;
use engine::office::Office;

use crate::config::Config;

/// Largest file that is taken for one of ours.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What the last look back left; `None` when there was none.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read(path: &Path) -> Result<Option<LookedBack>> {
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if about.len() > BYTES_MAX {
        anyhow::bail!("{} is larger than {BYTES_MAX} bytes", path.display());
    }
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).map(Some).with_context(|| format!("{} is damaged", path.display()))
}

/// Puts it in the place of the earlier one.
///
/// # Errors
/// When the system refuses.
pub(crate) fn write(path: &Path, looked: &LookedBack) -> Result<()> {
    let text = serde_json::to_vec(looked).context("writing what past traffic says")?;
    super::index::replace(path, |out| out.write_all(&text).context("cannot write what past traffic says"))
}

/// Tells an office what past traffic says of each agency. What cannot be read is said, and nothing may be blocked then.
pub(crate) fn tell(config: &Config, office: &Office) {
    for agency in config.agencies() {
        match read(&config.look_back_file(&agency)) {
            Ok(Some(looked)) => office.judge_with(&agency, looked.traffic),
            Ok(None) => {}
            Err(error) => tracing::error!("what past traffic says is not taken up: {error:#}"),
        }
    }
}
