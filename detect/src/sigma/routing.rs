//! Which rules see which records: from a record's own marks to Sigma log sources.
//!
//! A rule names a log source (product, category, service); a record has a channel, an event id, a Zeek path. The table
//! between the two is data: `routing.toml` beside this file, after the taxonomy of the Sigma specification 2.0 (appendix
//! "Taxonomy") and the channel names of Microsoft, and a user's own table behind it. A rule applies when every part of its
//! log source that it states is stated by one of the record's sources too. Nothing is guessed: a record without a route
//! meets no rule.
//!
//! Readers that look inside a line (syslog above all) know more than a table could: they put Sigma's own words into the
//! fields [`PRODUCT`], [`SERVICE`] and [`CATEGORY`], and those are sources too.

use model::{Fields, Format};
use rustc_hash::FxHashMap;
use serde::Deserialize;

/// Field in which a reader names the product, in Sigma's words.
pub(crate) const PRODUCT: &str = "_product";
/// Field in which a reader names a service; may come more than once.
pub(crate) const SERVICE: &str = "_service";
/// Field in which a reader names a category; may come more than once.
pub(crate) const CATEGORY: &str = "_category";

/// Stands between the words of a field that comes more than once.
pub(crate) const WORD_END: char = '\u{1f}';

/// Formats whose readers name log sources.
const NAMED_BY_READER: [Format; 4] = [Format::Syslog, Format::Cef, Format::Auditd, Format::Netflow];

/// The built-in table.
const BUILT_IN: &str = include_str!("routing.toml");

/// One log source of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// For example `windows`.
    pub product: Option<String>,
    /// For example `process_creation`.
    pub category: Option<String>,
    /// For example `sysmon`.
    pub service: Option<String>,
}

/// One line of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    /// The record's shape, or several.
    format: FormatOrMany,
    /// Field names and the values that they may have, compared without case; all must agree.
    #[serde(default)]
    when: std::collections::BTreeMap<String, OneOrMany>,
    /// Field names that must be there, whatever their value.
    #[serde(default)]
    has: Vec<String>,
    product: Option<String>,
    category: Option<String>,
    service: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum FormatOrMany {
    One(Format),
    Many(Vec<Format>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Number(i64),
    Text(String),
    Many(Vec<OneOrMany>),
}

impl OneOrMany {
    fn texts(&self, out: &mut Vec<String>) {
        match self {
            OneOrMany::Number(number) => out.push(number.to_string()),
            OneOrMany::Text(text) => out.push(text.to_lowercase()),
            OneOrMany::Many(many) => many.iter().for_each(|one| one.texts(out)),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    route: Vec<Route>,
}

/// A routing table that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("routing table: {0}")]
pub struct RoutingError(String);

/// The compiled table.
#[derive(Debug)]
pub struct Router {
    formats: FxHashMap<Format, FormatRoutes>,
}

#[derive(Debug, Default)]
struct FormatRoutes {
    /// Names of the fields that routes look at, each once.
    keys: Vec<Box<str>>,
    routes: Vec<CompiledRoute>,
}

#[derive(Debug)]
struct CompiledRoute {
    /// Index into `keys` and the lowered values that it may have; none means that it only must be there.
    when: Vec<(usize, Vec<String>)>,
    source: Source,
}

/// What a record's routing fields say; records with equal keys meet the same rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RouteKey {
    pub(crate) format: Format,
    /// Lowered values in the order of [`Router::keys`]; `None` where the field is absent.
    pub(crate) values: Vec<Option<Box<str>>>,
}

impl Default for Router {
    /// The built-in table.
    fn default() -> Self {
        match Router::parse(&[BUILT_IN]) {
            Ok(router) => router,
            // The table is part of the program and a test reads it.
            Err(error) => unreachable!("{error}"),
        }
    }
}

impl Router {
    /// The built-in table with a user's own behind it.
    ///
    /// # Errors
    /// When the user's table is no valid TOML or has unknown keys; the message says where.
    pub fn with_table(text: &str) -> Result<Self, RoutingError> {
        Router::parse(&[BUILT_IN, text])
    }

    fn parse(tables: &[&str]) -> Result<Self, RoutingError> {
        let mut formats: FxHashMap<Format, FormatRoutes> = FxHashMap::default();
        for text in tables {
            let table: Table = toml::from_str(text).map_err(|error| RoutingError(error.to_string()))?;
            for route in table.route {
                let named = match &route.format {
                    FormatOrMany::One(format) => std::slice::from_ref(format),
                    FormatOrMany::Many(many) => many,
                };
                for format in named {
                    formats.entry(*format).or_default().add(&route);
                }
            }
        }
        for format in NAMED_BY_READER {
            let routes = formats.entry(format).or_default();
            for name in [PRODUCT, SERVICE, CATEGORY] {
                routes.key(name);
            }
        }
        Ok(Router { formats })
    }

    /// The names of the fields by which records of a format are told apart.
    pub(crate) fn keys(&self, format: Format) -> &[Box<str>] {
        self.formats.get(&format).map_or(&[], |routes| &routes.keys)
    }

    /// The log sources behind a key, each once.
    pub(crate) fn sources(&self, key: &RouteKey) -> Vec<Source> {
        let Some(routes) = self.formats.get(&key.format) else { return Vec::new() };
        let agrees = |route: &&CompiledRoute| {
            route.when.iter().all(|(at, values)| match &key.values[*at] {
                Some(found) => values.is_empty() || values.iter().any(|value| **value == **found),
                None => false,
            })
        };
        let mut sources: Vec<Source> = routes.routes.iter().filter(agrees).map(|route| route.source.clone()).collect();
        sources.extend(routes.named(key));
        sources.sort();
        sources.dedup();
        sources
    }

    /// The log sources of a record: for people who ask why a rule did not see it.
    pub fn sources_of(&self, fields: &Fields<'_>) -> Vec<Source> {
        let keys = self.keys(fields.format);
        self.sources(&RouteKey { format: fields.format, values: keys.iter().map(|name| words(fields, name)).collect() })
    }

    /// Gives every (lowered) value of the key field at `at` that some route names.
    pub(crate) fn for_each_value(&self, format: Format, at: usize, mut give: impl FnMut(&str)) {
        let routes = self.formats.get(&format).map_or(&[][..], |routes| &routes.routes);
        let named = routes.iter().flat_map(|route| &route.when).filter(|(key, _)| *key == at);
        named.flat_map(|(_, values)| values).for_each(|value| give(value));
    }
}

/// The values of a routing field, lowered; of the reader's own fields all, of others the first. `None`: no such field.
pub(crate) fn words(fields: &Fields<'_>, name: &str) -> Option<Box<str>> {
    let mut values = fields.iter().filter(|field| field.name == name).map(|field| field.value.to_str());
    let first = values.next()?.unwrap_or_default().to_lowercase();
    if !is_readers_own(name) {
        return Some(first.into());
    }
    let mut joined = first;
    for value in values.flatten() {
        joined.push(WORD_END);
        joined.push_str(&value.to_lowercase());
    }
    Some(joined.into())
}

/// Whether readers name log sources in this field.
pub(crate) fn is_readers_own(name: &str) -> bool {
    matches!(name, PRODUCT | SERVICE | CATEGORY)
}

impl FormatRoutes {
    /// The sources that the reader named: its product with every service and category, each also left open.
    fn named(&self, key: &RouteKey) -> Vec<Source> {
        let words = |name: &str| -> Vec<Option<String>> {
            let at = self.keys.iter().position(|known| **known == *name);
            let value = at.and_then(|at| key.values[at].as_deref()).filter(|value| !value.is_empty());
            let named = value.into_iter().flat_map(|value| value.split(WORD_END)).map(|word| Some(word.to_owned()));
            std::iter::once(None).chain(named).collect()
        };
        let (products, services, categories) = (words(PRODUCT), words(SERVICE), words(CATEGORY));
        let product = products.last().cloned().flatten();
        let mut sources = Vec::new();
        for service in &services {
            for category in &categories {
                let source = Source { product: product.clone(), category: category.clone(), service: service.clone() };
                if source != Source::default() {
                    sources.push(source);
                }
            }
        }
        sources
    }

    fn add(&mut self, route: &Route) {
        let mut when = Vec::new();
        for (name, values) in &route.when {
            let mut texts = Vec::new();
            values.texts(&mut texts);
            when.push((self.key(name), texts));
        }
        for name in &route.has {
            when.push((self.key(name), Vec::new()));
        }
        let part = |part: &Option<String>| part.clone();
        let source =
            Source { product: part(&route.product), category: part(&route.category), service: part(&route.service) };
        self.routes.push(CompiledRoute { when, source });
    }

    fn key(&mut self, name: &str) -> usize {
        match self.keys.iter().position(|key| **key == *name) {
            Some(at) => at,
            None => {
                self.keys.push(name.into());
                self.keys.len() - 1
            }
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
        write!(f, "{}/{}/{}", part(&self.product), part(&self.category), part(&self.service))
    }
}

impl Source {
    /// Whether a rule that asks for `asked` applies to records of this source.
    pub fn satisfies(&self, asked: &Source) -> bool {
        let part = |have: &Option<String>, asked: &Option<String>| match (have, asked) {
            (_, None) => true,
            (Some(have), Some(asked)) => have.eq_ignore_ascii_case(asked),
            (None, Some(_)) => false,
        };
        part(&self.product, &asked.product)
            && part(&self.category, &asked.category)
            && part(&self.service, &asked.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Scalar, Text};

    fn sources(format: Format, fields: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut record = Fields::new(format);
        for (name, value) in fields {
            record.push(*name, Scalar::Text(Text::plain(value)));
        }
        let shown = |source: Source| {
            let part = |part: Option<String>| part.unwrap_or_else(|| "-".into());
            format!("{}/{}/{}", part(source.product), part(source.category), part(source.service))
        };
        Router::default().sources_of(&record).into_iter().map(shown).collect()
    }

    #[test]
    fn the_built_in_table_reads() {
        assert!(!Router::default().keys(Format::Windows).is_empty());
    }

    #[test]
    fn windows_by_channel_and_event_id() {
        let sysmon =
            |id| sources(Format::Windows, &[("Channel", "microsoft-windows-SYSMON/Operational"), ("EventID", id)]);
        assert_eq!(sysmon("1"), ["windows/-/-", "windows/-/sysmon", "windows/process_creation/sysmon"]);
        assert_eq!(sysmon("10"), ["windows/-/-", "windows/-/sysmon", "windows/process_access/sysmon"]);
        assert_eq!(
            sources(Format::Windows, &[("Channel", "security"), ("EventID", "4624")]),
            ["windows/-/-", "windows/-/security"]
        );
        assert_eq!(sources(Format::Windows, &[("Channel", "No such channel"), ("EventID", "1")]), ["windows/-/-"]);
        assert_eq!(sources(Format::Windows, &[]), Vec::<String>::new());
    }

    #[test]
    fn other_formats() {
        assert_eq!(sources(Format::Zeek, &[("_path", "dns")]), ["zeek/dns/dns"]);
        assert_eq!(sources(Format::CloudTrail, &[("eventSource", "s3.amazonaws.com")]), ["aws/-/cloudtrail"]);
    }

    #[test]
    fn a_reader_names_the_source() {
        let named = [("_product", "linux"), ("_service", "sshd"), ("_service", "auth")];
        let found = sources(Format::Syslog, &named);
        assert_eq!(found, ["linux/-/-", "linux/-/auth", "linux/-/sshd"]);
        assert_eq!(sources(Format::Syslog, &[("_category", "webserver")]), ["-/webserver/-"]);
        assert_eq!(sources(Format::Syslog, &[]), Vec::<String>::new());
    }

    #[test]
    fn a_user_extends_the_table() {
        let table = r#"
            [[route]]
            format = "json"
            when = { app = "welfare-portal" }
            product = "welfare"
            service = "audit"
        "#;
        let router = Router::with_table(table).unwrap();
        let mut record = Fields::new(Format::Json);
        record.push("app", Scalar::Text(Text::plain("Welfare-Portal")));
        assert_eq!(router.sources_of(&record).len(), 1);
        let error = Router::with_table("[[route]]\nformat = \"json\"\nprodukt = \"x\"").unwrap_err();
        assert!(error.to_string().contains("produkt"), "{error}");
    }

    #[test]
    fn a_rule_applies_when_all_that_it_states_agrees() {
        let source = |product: &str, category: &str, service: &str| Source {
            product: (!product.is_empty()).then(|| product.into()),
            category: (!category.is_empty()).then(|| category.into()),
            service: (!service.is_empty()).then(|| service.into()),
        };
        let have = source("windows", "process_creation", "sysmon");
        assert!(have.satisfies(&source("Windows", "", "")));
        assert!(have.satisfies(&source("windows", "process_creation", "")));
        assert!(!have.satisfies(&source("linux", "process_creation", "")));
        assert!(!source("windows", "", "security").satisfies(&source("windows", "process_creation", "")));
    }
}
