//! Which reader a file of the register gets: the one place where that is chosen.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::office::{ImportDocument, ImportRefused};
use formats::register::{cloud, csv, json, scan};
use formats::sbom::{self, Bill};
use model::limits;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// `{"items": […], "links": […]}`, a list, or one a line.
    Json,
    /// A table of items, or of links.
    Csv,
    /// What nmap found (XML).
    Nmap,
    /// An inventory of AWS, Azure or Google Cloud (JSON).
    Cloud,
}

/// Reads a file by what it is; told by its content where nobody says.
///
/// # Errors
/// When it cannot be read, is too large, or is a bill of materials, which says what is in one item.
pub(super) fn read(path: &Path, form: Option<Form>) -> Result<ImportDocument> {
    let bytes = bytes_of(path, limits::REGISTER_FILE_BYTES_MAX)?;
    let form = match form {
        Some(form) => form,
        None => recognise(&bytes).with_context(|| path.display().to_string())?,
    };
    let brought = match form {
        Form::Json => json::read(&bytes),
        Form::Csv => csv::read(&bytes),
        Form::Nmap => scan::read(&bytes),
        Form::Cloud => cloud::read(&bytes),
    };
    for (what, count) in &brought.left_out {
        eprintln!("{}: left out: {} {what}", path.display(), crate::words::count(*count));
    }
    Ok(ImportDocument::from(brought))
}

/// Reads a bill of materials: CycloneDX or SPDX, as JSON.
///
/// # Errors
/// When it cannot be read, or is none.
pub(super) fn bill(path: &Path) -> Result<Bill> {
    let bytes = bytes_of(path, limits::SBOM_BYTES_MAX)?;
    let bill = sbom::read(&bytes).map_err(|trouble| anyhow::Error::msg(trouble.detail));
    bill.with_context(|| format!("{} is no bill of materials", path.display()))
}

/// By its beginning, and by the names of its members where it is JSON.
fn recognise(bytes: &[u8]) -> Result<Form> {
    let start = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start();
    if start.starts_with(b"<") {
        return Ok(Form::Nmap);
    }
    if !start.starts_with(b"{") && !start.starts_with(b"[") {
        return Ok(Form::Csv);
    }
    // Members stand at the beginning of a document or of its first records.
    let beginning = String::from_utf8_lossy(start.get(..BEGINNING_BYTES).unwrap_or(start)).into_owned();
    let has = |name: &str| beginning.contains(&format!("\"{name}\""));
    ensure!(
        !["bomFormat", "spdxVersion", "@graph"].into_iter().any(has),
        "a bill of materials says what is in one item\nhint: --sbom ITEM=FILE"
    );
    let is_register =
        has("items") || has("links") || (has("id") && has("kind") && !has("type")) || (has("from") && has("to"));
    Ok(if is_register { Form::Json } else { Form::Cloud })
}

/// How much of a file tells what it is.
const BEGINNING_BYTES: usize = 4 * 1024;

/// What could not be read of a bill of materials.
pub(super) fn refused_of(bill: &Bill) -> impl Iterator<Item = ImportRefused> + '_ {
    bill.refused.iter().map(|one| ImportRefused { name: one.place.clone(), reason: one.trouble.detail.clone() })
}

fn bytes_of(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?),
    };
    reader.take(most as u64 + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(bytes.len() <= most, "{} has more than {most} bytes", path.display());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is() {
        let cases: [(&str, Form); 7] = [
            ("<?xml version=\"1.0\"?><nmaprun/>", Form::Nmap),
            ("id;kind;title\n", Form::Csv),
            ("\u{feff}from,kind,to\n", Form::Csv),
            (r#"{"items": [], "links": []}"#, Form::Json),
            (r#"[{"id": "a", "kind": "service", "title": "A"}]"#, Form::Json),
            (r#"{"data": [{"id": "/subscriptions/0", "name": "vm1", "type": "t"}]}"#, Form::Cloud),
            (r#"{"Reservations": []}"#, Form::Cloud),
        ];
        for (text, expected) in cases {
            assert_eq!(recognise(text.as_bytes()).unwrap(), expected, "{text}");
        }
        let error = recognise(br#"{"bomFormat": "CycloneDX"}"#).unwrap_err().to_string();
        assert!(error.contains("--sbom"), "{error}");
    }
}
