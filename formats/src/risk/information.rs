//! Types of information (SP 800-60, volume 2), as FedRAMP's table has them in JSON.

use std::collections::BTreeSet;

use model::limits::{INTEL_NAME_BYTES_MAX, RISK_ROWS_MAX};
use model::register::{Impact, InformationType};
use serde_json::Value;

use super::Read;
use crate::Trouble;

/// Reads the table: an object `information-types` with a list `information-type`, or the list alone.
pub fn json(bytes: &[u8]) -> Read<InformationType> {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return failed(Trouble::malformed(format!("no JSON: {error}"))),
    };
    let list = value.pointer("/information-types/information-type").unwrap_or(&value);
    let Some(list) = list.as_array() else {
        return failed(Trouble::malformed("neither `information-types` nor a list"));
    };
    let mut read = Read::new();
    let mut seen = BTreeSet::new();
    for (place, row) in (1u64..).zip(list.iter().take(RISK_ROWS_MAX)) {
        match one(row) {
            Ok(row) if !seen.insert(row.id.clone()) => {
                read.refuse(place, Trouble::malformed(format!("{} is there twice", row.id)))
            }
            Ok(row) => read.rows.push(row),
            Err(trouble) => read.refuse(place, trouble),
        }
    }
    read
}

fn failed(trouble: Trouble) -> Read<InformationType> {
    let mut read = Read::new();
    read.refuse(0, trouble);
    read
}

fn one(row: &Value) -> Result<InformationType, Trouble> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let (id, title, category) = (text("id"), text("title"), text("category"));
    if id.is_empty() || title.is_empty() {
        return Err(Trouble::malformed("a type of information has an id and a title"));
    }
    if [&id, &title, &category].iter().any(|text| text.len() > INTEL_NAME_BYTES_MAX) {
        return Err(Trouble::malformed(format!("a name is longer than {INTEL_NAME_BYTES_MAX} bytes")));
    }
    Ok(InformationType {
        confidentiality: impact(row, "confidentiality-impact")?,
        integrity: impact(row, "integrity-impact")?,
        availability: impact(row, "availability-impact")?,
        id,
        title,
        category,
    })
}

/// `fips-199-low` and the like; `na` where nothing is at stake.
fn impact(row: &Value, name: &str) -> Result<Option<Impact>, Trouble> {
    let base = row.pointer(&format!("/{name}/base")).and_then(Value::as_str).unwrap_or_default();
    let plain = base.trim().to_ascii_lowercase();
    match plain.strip_prefix("fips-199-").unwrap_or(&plain) {
        "low" => Ok(Some(Impact::Low)),
        "moderate" => Ok(Some(Impact::Moderate)),
        "high" => Ok(Some(Impact::High)),
        "na" | "n/a" | "not-applicable" => Ok(None),
        _ => Err(Trouble::malformed(format!("{name}: {base:?} is no impact; known are low, moderate, high, na"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_fedramp() {
        let Some(data) = testkit::reference_data() else { return };
        let packed = std::fs::read(data.join("risk/oscal.tar.zst")).unwrap();
        let files = testkit::untar(&zstd::decode_all(packed.as_slice()).unwrap());
        let (_, bytes) = files.iter().find(|(name, _)| name.ends_with("information-types.json")).unwrap();
        let read = json(bytes);
        assert_eq!((read.rows.len(), read.refused_count), (169, 0));
        let open = read.rows.iter().filter(|row| row.confidentiality.is_none()).count();
        assert_eq!(open, 3, "what is public anyway");
        let relations = read.rows.iter().find(|row| row.id == "C.3.3.7").unwrap();
        assert_eq!((relations.title.as_str(), relations.integrity), ("Employee Relations", Some(Impact::Low)));
    }

    #[test]
    fn a_row_that_is_wrong_is_named_and_the_rest_counts() {
        let row = |id: &str, base: &str| {
            let impact = format!(r#"{{"base":"{base}"}}"#);
            format!(
                r#"{{"id":"{id}","title":"t","confidentiality-impact":{impact},"integrity-impact":{impact},"availability-impact":{impact}}}"#
            )
        };
        let text =
            format!("[{},{},{},{},5]", row("a", "fips-199-high"), row("a", "low"), row("b", "worst"), row("", "low"));
        let read = json(text.as_bytes());
        assert_eq!(read.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["a"]);
        assert_eq!(read.refused.iter().map(|refused| refused.place).collect::<Vec<_>>(), [2, 3, 4, 5]);
        for text in ["", "{}", "5"] {
            assert_eq!(json(text.as_bytes()).refused_count, 1, "{text}");
        }
    }
}
