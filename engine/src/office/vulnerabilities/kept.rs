//! What kept intelligence says about vulnerabilities: advisories of makers (CSAF, VEX), and what is known to be exploited.

use formats::intel::{Product, ProductState, Standing, Vulnerability};
use model::software::Advisory;
use model::vulnerability::Exploited;
use model::{Day, OpContext, Timestamp, limits};
use serde_json::Value;

use super::super::{Office, OfficeError};

/// What intelligence keeps about vulnerabilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct KeptKnowledge {
    /// What makers say.
    pub(super) advisories: Vec<Advisory>,
    /// What is exploited.
    pub(super) exploited: Vec<Exploited>,
}

impl Office {
    /// Everything that kept intelligence says, as far as [`limits::CHECK_ADVISORIES_MAX`] goes.
    pub(super) async fn kept_knowledge(&self, ctx: &OpContext) -> Result<KeptKnowledge, OfficeError> {
        let mut kept = KeptKnowledge::default();
        let mut after = (String::new(), String::new());
        loop {
            let behind = (after.0.as_str(), after.1.as_str());
            let page = self.state.intel_objects(ctx, "vulnerability", behind, limits::INTEL_PAGE_MAX).await?;
            page.iter().for_each(|object| kept.add(&object.object.body));
            let Some(last) = page.last().filter(|_| page.len() >= limits::INTEL_PAGE_MAX) else { return Ok(kept) };
            after = (last.object.name.clone(), last.object.id.clone());
        }
    }
}

impl KeptKnowledge {
    fn add(&mut self, body: &str) {
        let Ok(body) = serde_json::from_str::<Value>(body) else { return };
        let vulnerability = read(&body);
        let is_current = vulnerability.standing != Standing::Withdrawn;
        if vulnerability.is_exploited
            && is_current
            && let (Ok(cve), Some(added)) =
                (vulnerability.id.parse::<model::CveId>(), vulnerability.added.and_then(Day::of))
        {
            let product = vulnerability.products.first().cloned().unwrap_or_default();
            self.exploited.push(Exploited {
                cve,
                added,
                vendor: product.vendor,
                product: product.name,
                weaknesses: vulnerability.weaknesses,
                due: vulnerability.due.and_then(Day::of),
            });
            // The catalogue names products without versions: it says that they are attacked, not which versions are affected.
            return;
        }
        if self.advisories.len() < limits::CHECK_ADVISORIES_MAX {
            self.advisories.extend(vulnerability.statements());
        }
    }
}

/// A vulnerability as `engine::intel` keeps it.
fn read(body: &Value) -> Vulnerability {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let time = |name: &str| body[name].as_str().and_then(Timestamp::parse);
    let weaknesses = body["weaknesses"].as_array().into_iter().flatten();
    Vulnerability {
        id: text("name"),
        within: body["within"].as_str().map(str::to_owned),
        name: text("title"),
        products: body["products"].as_array().into_iter().flatten().filter_map(product).collect(),
        weaknesses: weaknesses.filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        cvss_vector: body["cvss_vector"].as_str().map(str::to_owned),
        is_exploited: body["is_exploited"].as_bool() == Some(true),
        added: time("added"),
        due: time("due"),
        standing: if body["revoked"].as_bool() == Some(true) { Standing::Withdrawn } else { Standing::Current },
        ..Vulnerability::default()
    }
}

/// A product; `None` for one that would acquit versions that nobody named: what was kept before versions were kept.
fn product(value: &Value) -> Option<Product> {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let state = match value["state"].as_str() {
        Some("fixed") => ProductState::Fixed,
        Some("not_affected") => ProductState::NotAffected,
        Some("recommended") => ProductState::Recommended,
        Some("affected") => ProductState::Affected,
        _ => ProductState::UnderInvestigation,
    };
    let has_version = value["version"].is_string();
    let is_bad = matches!(state, ProductState::Affected | ProductState::UnderInvestigation);
    let identifiers = value["identifiers"].as_array().into_iter().flatten();
    (has_version || is_bad).then(|| Product {
        vendor: text("vendor"),
        name: text("name"),
        product: text("product"),
        version: text("version"),
        identifiers: identifiers.filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        state: if has_version { state } else { ProductState::UnderInvestigation },
    })
}

#[cfg(test)]
mod tests {
    use model::software::Status;
    use serde_json::json;

    use super::*;

    fn kept(body: &Value) -> KeptKnowledge {
        let mut kept = KeptKnowledge::default();
        kept.add(&body.to_string());
        kept
    }

    #[test]
    fn statements_have_a_limit() {
        let body = json!({"name": "CVE-2024-4879", "within": "ACME-1", "products": [{"vendor": "ACME", "name": "Bell",
            "identifiers": ["pkg:generic/bell@1.0"], "state": "affected", "version": "1.0"}]});
        let most = limits::CHECK_ADVISORIES_MAX;
        let mut kept = KeptKnowledge { advisories: vec![Advisory::default(); most - 1], exploited: Vec::new() };
        kept.add(&body.to_string());
        assert_eq!(kept.advisories.len(), most);
        kept.add(&body.to_string());
        assert_eq!(kept.advisories.len(), most, "one more is not taken");
    }

    #[test]
    fn makers_and_catalogues() {
        let product = |state: &str, version: Option<&str>| {
            let mut value =
                json!({"vendor": "ACME", "name": "Bell 1.0", "identifiers": ["pkg:generic/bell@1.0"], "state": state});
            version.into_iter().for_each(|version| value["version"] = json!(version));
            json!({"name": "CVE-2024-4879", "within": "ACME-1", "products": [value]})
        };
        let statuses = |body: &Value| {
            kept(body).advisories.iter().flat_map(|own| own.statements.iter().map(|one| one.status)).collect::<Vec<_>>()
        };
        assert_eq!(statuses(&product("not_affected", Some("1.0"))), [Status::NotAffected]);
        assert_eq!(statuses(&product("affected", Some("1.0"))), [Status::Affected]);
        // Kept without its version: it acquits nobody, and what is affected may be another version.
        assert!(statuses(&product("not_affected", None)).is_empty());
        assert_eq!(statuses(&product("affected", None)), [Status::UnderInvestigation]);
        let catalogue = json!({"name": "CVE-2024-4879", "is_exploited": true, "added": "2024-07-29T00:00:00Z",
            "due": "2024-08-19T00:00:00Z", "products": [{"vendor": "ACME", "name": "Bell", "state": "affected"}]});
        let found = kept(&catalogue);
        assert_eq!((found.advisories.len(), found.exploited.len()), (0, 1));
        assert_eq!(found.exploited[0].due.map(|day| day.to_string()).as_deref(), Some("2024-08-19"));
    }
}
