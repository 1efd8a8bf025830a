//! The product tree of an advisory (CSAF 2.0, sections 3.1.2, 3.1.3, and 3.2.2).

use std::collections::BTreeMap;

use model::limits::{INTEL_LIST_MAX, INTEL_NAME_BYTES_MAX};
use serde_json::{Map, Value};

use crate::intel::Product;
use crate::intel::object::cut;

/// All products of a tree by their ids.
#[derive(Default)]
pub(in crate::intel) struct Tree<'m> {
    defined: BTreeMap<&'m str, Entry<'m>>,
}

struct Entry<'m> {
    above: Above<'m>,
    name: &'m str,
    helper: Option<&'m Map<String, Value>>,
}

/// What the branches above a product say.
#[derive(Clone, Copy, Default)]
struct Above<'m> {
    vendor: &'m str,
    product: &'m str,
    version: &'m str,
}

impl<'m> Tree<'m> {
    pub(in crate::intel) fn of(tree: Option<&'m Map<String, Value>>) -> Self {
        let mut found = Tree::default();
        let Some(tree) = tree else { return found };
        found.branches(tree, Above::default());
        for product in list(tree, "full_product_names") {
            found.product_of(product, Above::default());
        }
        for relationship in list(tree, "relationships") {
            if let Some(product) = relationship.get("full_product_name").and_then(Value::as_object) {
                let vendor = relationship.get("product_reference").and_then(Value::as_str);
                let vendor = vendor.and_then(|id| found.defined.get(id)).map_or("", |entry| entry.above.vendor);
                found.product_of(product, Above { vendor, ..Above::default() });
            }
        }
        found
    }

    /// How many products there are.
    pub(in crate::intel) fn len(&self) -> usize {
        self.defined.len()
    }

    pub(in crate::intel) fn product(&self, id: &str) -> Option<Product> {
        let entry = self.defined.get(id)?;
        let short = |text: &str| cut(text.trim(), INTEL_NAME_BYTES_MAX).to_owned();
        let text = |name: &str| entry.helper.and_then(|helper| helper.get(name));
        let mut identifiers: Vec<String> =
            ["cpe", "purl"].iter().filter_map(|name| text(name)?.as_str().map(short)).collect();
        let more = text("purls").and_then(Value::as_array).into_iter().flatten();
        identifiers.extend(more.filter_map(Value::as_str).map(short).take(INTEL_LIST_MAX));
        Some(Product {
            vendor: short(entry.above.vendor),
            name: short(entry.name),
            product: short(entry.above.product),
            version: short(entry.above.version),
            identifiers,
            ..Product::default()
        })
    }

    /// The document's depth is limited before it comes here, so this goes down that far at most.
    fn branches(&mut self, parent: &'m Map<String, Value>, above: Above<'m>) {
        for branch in list(parent, "branches") {
            let text = |name: &str| branch.get(name).and_then(Value::as_str).unwrap_or_default();
            let name = text("name");
            let above = match text("category") {
                "vendor" => Above { vendor: name, ..above },
                "product_name" => Above { product: name, ..above },
                "product_version" | "product_version_range" => Above { version: name, ..above },
                _ => above,
            };
            if let Some(product) = branch.get("product").and_then(Value::as_object) {
                self.product_of(product, above);
            }
            self.branches(branch, above);
        }
    }

    fn product_of(&mut self, product: &'m Map<String, Value>, above: Above<'m>) {
        let text = |name: &str| product.get(name).and_then(Value::as_str);
        if let Some(id) = text("product_id") {
            let helper = product.get("product_identification_helper").and_then(Value::as_object);
            self.defined.entry(id).or_insert(Entry { above, name: text("name").unwrap_or_default(), helper });
        }
    }
}

fn list<'m>(map: &'m Map<String, Value>, name: &str) -> impl Iterator<Item = &'m Map<String, Value>> + use<'m> {
    map.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}
