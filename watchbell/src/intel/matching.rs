//! `watchbell intel match`: a STIX pattern against observed data, like grep.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use intel::pattern::{MatchError, Observed, Pattern};
use model::limits;
use serde_json::json;

use super::say;
use crate::exit::Exit;

pub(super) fn run(pattern: &str, file: &Path, is_json: bool) -> Result<Exit> {
    let outcome = read(file).and_then(|bytes| look(pattern, &bytes, is_json));
    match outcome {
        Ok(exit) => Ok(exit),
        Err(error) => {
            if is_json {
                say(&json!({ "matches": null, "error": format!("{error:#}") }))?;
            }
            eprintln!("error: {error:#}");
            Ok(Exit::Usage)
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = limits::OBSERVED_BYTES_MAX as u64;
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(most + 1).read_to_end(&mut bytes)
    } else {
        engine::unpack::open(file).and_then(|reader| reader.take(most + 1).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("cannot read {}", file.display()))?;
    anyhow::ensure!(bytes.len() as u64 <= most, "{} is larger than {most} bytes", file.display());
    Ok(bytes)
}

fn look(pattern: &str, bytes: &[u8], is_json: bool) -> Result<Exit> {
    let pattern = Pattern::parse(pattern).map_err(MatchError::from)?;
    let observed = Observed::read(bytes).map_err(MatchError::from)?;
    // What could not be read is said, whatever comes out.
    for note in observed.notes() {
        eprintln!("note: {}: {}", note.record, note.reason);
    }
    let found = pattern.judge(&observed).map_err(MatchError::from)?;
    let places: Vec<_> = found.iter().flat_map(|found| &found.observations).collect();
    if is_json {
        let bound: Vec<_> = places.iter().map(|bound| json!({ "place": bound.place, "id": bound.id })).collect();
        say(&json!({ "matches": found.is_some(), "observations": bound }))?;
    } else if found.is_some() {
        for bound in &places {
            say(&bound.id)?;
        }
    }
    Ok(if found.is_some() { Exit::Ok } else { Exit::Failed })
}
