//! The index of intelligence as a file: written by whoever brings something, taken up by the watch when it changed.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result};
use detect::indicators::{Built, Segment};
use engine::office::{Office, OfficeError};
use model::OpContext;

use crate::config::Config;

/// Weighs all that the agency's sources claim and writes the index anew. Whoever reads it sees the old one or the new one.
///
/// # Errors
/// When the state or the system refuses.
pub(crate) async fn write(config: &Config, office: &Office, ctx: &OpContext) -> Result<Built> {
    let path = config.intel_index_file(&ctx.agency);
    let (office, ctx) = (office.clone(), ctx.clone());
    // Weighing and sorting take seconds of a processor.
    let runtime = tokio::runtime::Handle::current();
    let written =
        tokio::task::spawn_blocking(move || write_at(&path, |out| runtime.block_on(office.write_index(&ctx, out))));
    written.await.context("writing the index ended by a panic")?
}

fn write_at(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<Built, OfficeError>) -> Result<Built> {
    replace(path, |out| write(out).context("cannot make the index of intelligence"))
}

/// Writes a file beside `path` and puts it there when it is whole and durable.
///
/// # Errors
/// Those of `write`, and when the system refuses.
pub(super) fn replace<T>(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<T>) -> Result<T> {
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let file = create(&beside).with_context(|| format!("cannot write {}", beside.display()))?;
    let mut out = BufWriter::new(file);
    let done = write(&mut out).and_then(|done| {
        out.flush().with_context(|| format!("cannot write {}", path.display()))?;
        out.get_ref().sync_all().with_context(|| format!("cannot write {}", path.display()))?;
        fs::rename(&beside, path).with_context(|| format!("cannot put {} in its place", path.display()))?;
        Ok(done)
    });
    if done.is_err() {
        // What is half written helps nobody; the old one stays.
        fs::remove_file(&beside).ok();
    }
    done
}

/// Like everything beside it, for its owner only.
fn create(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// The index of a file; `None` when there is none yet or it holds nothing.
///
/// # Errors
/// When it cannot be read or is damaged.
pub(crate) fn read(path: &Path) -> Result<Option<Arc<Segment>>> {
    let image = match fs::read(path) {
        Ok(image) => image,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if image.is_empty() {
        return Ok(None);
    }
    let segment = Segment::open(image).with_context(|| format!("{} is damaged", path.display()))?;
    Ok(Some(Arc::new(segment)))
}

/// What tells one writing of the file from the next.
pub(crate) fn mark(path: &Path) -> Option<(SystemTime, u64)> {
    let about = fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}
