//! `config show`: every key, its value, and which layer said so.

use std::io::Write;

use anyhow::Result;
use figment::Figment;
use figment::value::{Dict, Value};

use super::{Config, Overrides, layers};

/// Keys whose values are secrets.
const SECRETS: &[&str] = &["database", "staff.client_secret"];

/// Prints every key that is set, one a line: `key = value`, and behind it where it comes from.
pub(crate) fn show(overrides: &Overrides, with_origin: bool, as_json: bool) -> Result<()> {
    let figment = layers(overrides)?;
    // A configuration that cannot be used is told as such, not shown as if it could.
    Config::load(overrides)?;
    let whole: Dict = figment.extract()?;
    let mut rows = Vec::new();
    for (key, value) in &whole {
        flatten(key, value, &figment, &mut rows);
    }
    let mut out = std::io::stdout().lock();
    for Row { key, value, origin } in rows {
        if as_json {
            writeln!(out, "{}", serde_json::json!({ "key": key, "value": value, "origin": origin }))?;
        } else if with_origin {
            writeln!(out, "{key} = {value}    # {origin}")?;
        } else {
            writeln!(out, "{key} = {value}")?;
        }
    }
    Ok(())
}

struct Row {
    key: String,
    value: serde_json::Value,
    origin: String,
}

fn flatten(key: &str, value: &Value, figment: &Figment, rows: &mut Vec<Row>) {
    if let Value::Dict(_, inside) = value {
        for (name, value) in inside {
            flatten(&format!("{key}.{name}"), value, figment, rows);
        }
        return;
    }
    let shown = match SECRETS.contains(&key) {
        true => serde_json::Value::String("(secret)".to_owned()),
        false => serde_json::to_value(value).unwrap_or_default(),
    };
    let origin = figment.get_metadata(value.tag()).map_or_else(|| "default".to_owned(), origin_of);
    rows.push(Row { key: key.to_owned(), value: shown, origin });
}

fn origin_of(metadata: &figment::Metadata) -> String {
    match &metadata.source {
        Some(figment::Source::File(path)) => path.display().to_string(),
        _ if metadata.name.starts_with("flag") => "flag".to_owned(),
        _ if metadata.name.contains("environment") => "environment".to_owned(),
        _ => "default".to_owned(),
    }
}
