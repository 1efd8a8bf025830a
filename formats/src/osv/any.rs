//! Advisories of any form that is read: told apart by what a document has, not by its name.

use crate::intel::walk;
use crate::intel::{Item, Known, csaf};

use super::{Read, nvd, read};

/// Reads advisories: CSAF where there is a `document`, an answer of NVD where there is a list of `vulnerabilities`, else OSV.
///
/// ```
/// let found = formats::osv::any(br#"{"id": "GHSA-1", "affected": []}"#);
/// assert_eq!(found.advisories[0].id, "GHSA-1");
/// ```
pub fn any(bytes: &[u8]) -> Read {
    if matches!(walk::shape(bytes), Ok(walk::Shape::Object)) {
        if walk::open(bytes, "document").is_some() {
            return of_csaf(bytes);
        }
        if walk::open(bytes, "vulnerabilities").is_some_and(|list| list.starts_with(b"[")) {
            return nvd(bytes);
        }
    }
    read(bytes)
}

fn of_csaf(bytes: &[u8]) -> Read {
    let mut out = Read::default();
    csaf::read(bytes, &mut |item| match item {
        Ok(Item::Known(known)) => {
            if let Known::Vulnerability(known) = *known {
                out.advisories.extend(known.statements());
            }
        }
        Ok(Item::Claimed(_)) => {}
        Err(refused) => out.refuse(refused.place, refused.trouble),
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart() {
        let csaf = br#"{"document": {"tracking": {"id": "ACME-1"}, "publisher": {"name": "ACME"}},
            "product_tree": {"full_product_names": [{"product_id": "P", "name": "Bell",
                "product_identification_helper": {"purl": "pkg:generic/bell@1.0"}}]},
            "vulnerabilities": [{"cve": "CVE-2024-4879", "product_status": {"known_affected": ["P"]}}]}"#;
        let nvd =
            br#"{"vulnerabilities": [{"cve": {"id": "CVE-2024-4880", "configurations": [{"nodes": [{"operator": "OR",
            "cpeMatch": [{"vulnerable": true, "criteria": "cpe:2.3:a:acme:bell:1.0:*:*:*:*:*:*:*"}]}]}]}}]}"#;
        let osv = br#"[{"id": "GHSA-1", "affected": [{"package": {"ecosystem": "npm", "name": "bell"}, "versions": ["1.0"]}]}]"#;
        for (bytes, expected) in [(&csaf[..], "CVE-2024-4879"), (&nvd[..], "CVE-2024-4880"), (&osv[..], "GHSA-1")] {
            let found = any(bytes);
            assert_eq!(found.advisories.first().map(|own| own.id.as_str()), Some(expected), "{:?}", found.refused);
            assert_eq!(found.advisories[0].statements.len(), 1, "{expected}");
        }
        assert_eq!(any(b"nothing").advisories.len(), 0);
        assert!(any(b"nothing").refused_count > 0);
    }
}
