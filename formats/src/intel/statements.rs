//! What an advisory says about products, for `risk::matching`.

use model::limits::{ADVISORY_STATEMENTS_MAX, VERSION_BYTES_MAX};
use model::software::{Advisory, Cpe, Named, Purl, Range, Statement, Status, Voice};

use super::{Product, ProductState, Standing, Vulnerability};

impl Vulnerability {
    /// What CSAF says about products, and in whose name: [`Vulnerability::within`]. `None` where it has no name, or says nothing about any.
    pub fn statements(&self) -> Option<Advisory> {
        let id = if self.id.is_empty() { self.within.clone()? } else { self.id.clone() };
        let statements: Vec<Statement> =
            self.products.iter().flat_map(statements_of).take(ADVISORY_STATEMENTS_MAX).collect();
        (!statements.is_empty()).then(|| Advisory {
            id,
            aliases: Vec::new(),
            source: self.within.clone().unwrap_or_default(),
            voice: Voice::Maker,
            published: self.added,
            modified: None,
            is_withdrawn: self.standing == Standing::Withdrawn,
            summary: if self.name.is_empty() { self.description.clone() } else { self.name.clone() },
            vectors: self.cvss_vector.clone().into_iter().collect(),
            only_in: None,
            statements,
        })
    }
}

/// One statement for each name of a product.
fn statements_of(product: &Product) -> Vec<Statement> {
    let status = match product.state {
        ProductState::Affected => Status::Affected,
        ProductState::Fixed => Status::Fixed,
        ProductState::NotAffected => Status::NotAffected,
        ProductState::UnderInvestigation => Status::UnderInvestigation,
        // It is advice, and says nothing about other versions.
        ProductState::Recommended => return Vec::new(),
    };
    let (versions, ranges) = match versions(&product.version) {
        Some(found) => found,
        None if matches!(status, Status::Affected | Status::UnderInvestigation) => {
            return with(product, Status::UnderInvestigation, &[], &[], &product.version);
        }
        // Versions that nobody understands acquit nobody.
        None => return Vec::new(),
    };
    with(product, status, &versions, &ranges, "")
}

fn with(product: &Product, status: Status, versions: &[String], ranges: &[Range], why: &str) -> Vec<Statement> {
    let statement = |product, versions: &[String]| Statement {
        product,
        status,
        versions: versions.to_vec(),
        ranges: ranges.to_vec(),
        why: why.to_owned(),
    };
    let purls = product.identifiers.iter().filter_map(|text| Purl::parse(text).ok()).map(Named::Purl);
    let cpes = product.identifiers.iter().filter_map(|text| Cpe::parse(text).ok()).map(Named::Cpe);
    let named: Vec<Named> = purls.chain(cpes).collect();
    if named.is_empty() {
        let name = if product.product.is_empty() { &product.name } else { &product.product };
        let words = Named::Words { vendor: product.vendor.clone(), product: name.clone() };
        return vec![statement(words, versions)];
    }
    named.into_iter().map(|name| statement(name, versions)).collect()
}

/// Versions one by one and ranges: `vers:`, or a version with a comparison in front. `None` where it is prose.
fn versions(text: &str) -> Option<(Vec<String>, Vec<Range>)> {
    let text = text.trim();
    if text.is_empty() || text == "*" {
        return Some((Vec::new(), Vec::new()));
    }
    if text.len() > VERSION_BYTES_MAX {
        return None;
    }
    if text.starts_with("vers:") {
        return Range::vers(text).map(|range| (Vec::new(), vec![range]));
    }
    let bare = text.trim_start_matches(['<', '>', '=', '!', ' ']);
    if bare.is_empty() || bare.contains(char::is_whitespace) || bare.contains(['<', '>', '|', ',']) {
        return None;
    }
    match text.starts_with(['<', '>', '=', '!']) {
        true => Range::vers(&format!("vers:generic/{text}")).map(|range| (Vec::new(), vec![range])),
        false => Some((vec![text.to_owned()], Vec::new())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intel::csaf;
    use crate::intel::{Item, Known};
    use serde_json::json;

    fn shown(document: &serde_json::Value) -> Vec<String> {
        let mut found = Vec::new();
        csaf::read(document.to_string().as_bytes(), &mut |item| {
            if let Ok(Item::Known(known)) = item
                && let Known::Vulnerability(weak) = *known
            {
                let advisory = weak.statements().unwrap();
                found.extend(advisory.statements.into_iter().map(|statement| {
                    let name = match &statement.product {
                        Named::Purl(purl) => purl.to_string(),
                        Named::Cpe(cpe) => cpe.to_string(),
                        Named::Words { vendor, product } => format!("{vendor}/{product}"),
                        Named::Package { .. } => String::new(),
                    };
                    let (versions, ranges) = (statement.versions.join(","), statement.ranges.len());
                    format!("{name} {} [{versions}] {ranges}", statement.status.text())
                }));
            }
        });
        found
    }

    #[test]
    fn an_advisory_names_versions() {
        let mut document = csaf::tests::sample();
        assert_eq!(
            shown(&document),
            [
                "cpe:2.3:a:bell:server:1.0:*:*:*:*:*:*:* affected [1.0] 0",
                "Bell/Bell Server 1.0 on City OS affected [] 0",
                "Bell/Server fixed [1.1] 0",
            ]
        );
        let branches = &mut document["product_tree"]["branches"][0]["branches"][0]["branches"];
        branches[0]["category"] = json!("product_version_range");
        branches[0]["name"] = json!("vers:semver/>=1.0|<1.1");
        branches[1]["name"] = json!("all before the last one");
        assert_eq!(
            shown(&document),
            ["cpe:2.3:a:bell:server:1.0:*:*:*:*:*:*:* affected [] 1", "Bell/Bell Server 1.0 on City OS affected [] 0",]
        );
    }

    #[test]
    fn versions_as_vendors_write_them() {
        let check = |text: &str, expected: Option<(usize, usize)>| {
            assert_eq!(versions(text).map(|(versions, ranges)| (versions.len(), ranges.len())), expected, "{text}");
        };
        check("", Some((0, 0)));
        check("*", Some((0, 0)));
        check("1.0", Some((1, 0)));
        check("<=1.0", Some((0, 1)));
        check("< 1.0", Some((0, 1)));
        check("vers:deb/<1.0", Some((0, 1)));
        check("vers:deb", None);
        check(">=1.0 <2.0", None);
        check("prior to 4.2", None);
        check("<", None);
    }
}
