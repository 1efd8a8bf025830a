//! CVE records with CISA's decision points, one a line.
//!
//! Columns are found by name. What a column says in another way than known is taken as not said, so that a new word in one of them
//! does not cost the record.

use model::vulnerability::{Described, Exploitation};

use super::{Read, table};

/// Reads the records.
pub fn read(bytes: &[u8]) -> Read<Described> {
    table(
        bytes,
        &["cve"],
        |_| {},
        |row| {
            let exploitation = match row.text("exploitation").to_ascii_lowercase().as_str() {
                "none" => Some(Exploitation::None),
                "poc" | "public poc" => Some(Exploitation::Poc),
                "active" => Some(Exploitation::Active),
                _ => None,
            };
            let either = |name: &str, yes: &str, no: &str| match row.text(name).to_ascii_lowercase() {
                text if text == yes => Some(true),
                text if text == no => Some(false),
                _ => None,
            };
            let vectors = ["cvss_vector", "cvss4_vector", "cvss2_vector"].map(|name| row.text(name).to_owned());
            Ok(Some(Described {
                cve: row.cve()?,
                published: row.day("published"),
                judged: row.day("ssvc_ts"),
                is_rejected: row.text("state").eq_ignore_ascii_case("rejected"),
                exploitation,
                is_automatable: either("automatable", "yes", "no"),
                is_total: either("tech_impact", "total", "partial"),
                vectors: vectors.into_iter().filter(|vector| !vector.is_empty()).collect(),
                weakness: row.text("cwe").to_owned(),
                vendor: row.text("vendor").to_owned(),
                product: row.text("product").to_owned(),
            }))
        },
    )
}
