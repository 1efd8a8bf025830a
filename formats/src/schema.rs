//! An event held against the compiled OCSF schema.
//!
//! Reads the one JSON file into which `ocsf-lib` compiles a version of the schema, and judges events by it: names, required
//! attributes, types, members of enums, that the numbers of class, category and type agree, that observables name attributes
//! which the class has, and that `metadata` names a version and profiles that the schema knows. An attribute that belongs to a
//! profile is known, and required, only where `metadata.profiles` names the profile. An attribute that is null counts as
//! absent, as OCSF's own server judges it; a deprecated one is still valid. What the `constraints` of classes and objects say
//! (`at_least_one`, `just_one`) is reported apart, because it is a demand on several attributes and not on one; where the
//! compiled file is known to differ from its source, the source counts ([`constraints`]). Deliberately absent: the regular
//! expressions of hosts and paths, which the schema itself keeps loose, and whether the caption beside a number is the right one.

mod constraints;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use model::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// The compiled schema cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the compiled schema cannot be read")]
pub struct SchemaError(#[from] serde_json::Error);

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    version: String,
    classes: BTreeMap<u64, Class>,
    objects: BTreeMap<String, Object>,
    profiles: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Compiled {
    version: String,
    classes: BTreeMap<String, Class>,
    objects: BTreeMap<String, Object>,
    categories: BTreeMap<String, Category>,
    #[serde(default)]
    profiles: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct Category {
    uid: u64,
}

#[derive(Debug, Deserialize)]
struct Class {
    caption: String,
    uid: u64,
    category: Option<String>,
    #[serde(skip)]
    category_uid: u64,
    attributes: BTreeMap<String, Attribute>,
    constraints: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Deserialize)]
struct Object {
    attributes: BTreeMap<String, Attribute>,
    constraints: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Deserialize)]
struct Attribute {
    #[serde(rename = "type")]
    kind: String,
    requirement: Option<String>,
    #[serde(default)]
    is_array: bool,
    #[serde(rename = "enum")]
    members: Option<BTreeMap<String, Value>>,
    profile: Option<String>,
}

/// One thing that is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The attribute, as a dotted path with positions in lists.
    pub path: String,
    /// What is wrong with it; never the value.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

/// What a judgement came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Against the schema.
    pub violations: Vec<Violation>,
    /// Against the constraints of class and objects; see the module for why they are apart.
    pub constraints: Vec<Violation>,
}

impl Report {
    /// Whether the event's attributes are in the schema, constraints aside.
    pub fn is_valid(&self) -> bool {
        self.violations.is_empty()
    }
}

impl Schema {
    /// Reads the compiled schema.
    ///
    /// # Errors
    /// When the bytes are not what `ocsf-lib` writes.
    pub fn load(json: &[u8]) -> Result<Self, SchemaError> {
        let mut compiled: Compiled = serde_json::from_slice(json)?;
        for (name, rule, attributes) in constraints::of_version(&compiled.version) {
            if let Some(object) = compiled.objects.get_mut(*name) {
                let attributes: Vec<String> = attributes.iter().map(ToString::to_string).collect();
                object.constraints = (!attributes.is_empty()).then(|| BTreeMap::from([(rule.to_string(), attributes)]));
            }
        }
        let categories = compiled.categories;
        let class = |mut class: Class| {
            let category = class.category.as_ref().and_then(|name| categories.get(name));
            class.category_uid = category.map_or(0, |category| category.uid);
            (class.uid, class)
        };
        Ok(Schema {
            version: compiled.version,
            classes: compiled.classes.into_values().map(class).collect(),
            objects: compiled.objects,
            profiles: compiled.profiles.into_keys().collect(),
        })
    }

    /// The schema's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Judges one event in JSON.
    pub fn validate_json(&self, event: &str) -> Report {
        match serde_json::from_str(event) {
            Ok(event) => self.validate(&event),
            Err(error) => {
                let at = format!("line {} column {}", error.line(), error.column());
                let violation = Violation { path: at, problem: "not JSON".into() };
                Report { violations: vec![violation], constraints: Vec::new() }
            }
        }
    }

    /// Judges one event.
    pub fn validate(&self, event: &Value) -> Report {
        let mut judge = Judge { schema: self, profiles: Vec::new(), path: String::new(), report: Report::default() };
        let Value::Object(map) = event else {
            judge.wrong("an event is an object");
            return judge.report;
        };
        let Some(class_uid) = map.get("class_uid").filter(|uid| !uid.is_null()) else {
            judge.wrong_at("class_uid", "required, but absent");
            return judge.report;
        };
        let Some(class) = class_uid.as_u64().and_then(|uid| self.classes.get(&uid)) else {
            judge.wrong_at("class_uid", "names no class of this schema");
            return judge.report;
        };
        if let Some(metadata) = map.get("metadata") {
            judge.inside("metadata", |judge| judge.metadata(metadata));
        }
        judge.numbers(class, map);
        judge.members(map, &class.attributes, class.constraints.as_ref());
        judge.observables(class, map);
        judge.report
    }

    /// Whether the path of an observable's name leads to an attribute. Members of a list may be written `a.b`, `a[].b` and
    /// `a[0].b` (OCSF, object `observable`).
    fn leads_somewhere(&self, class: &Class, name: &str, is_applied: impl Fn(&Attribute) -> bool) -> bool {
        let mut attributes = &class.attributes;
        let mut steps = name.split('.').peekable();
        while let Some(step) = steps.next() {
            let step = step.split('[').next().unwrap_or(step);
            let Some(attribute) = attributes.get(step).filter(|attribute| is_applied(attribute)) else { return false };
            // Anything may stand in an `object` and in JSON.
            if steps.peek().is_none() || matches!(attribute.kind.as_str(), "object" | "json_t") {
                return true;
            }
            let Some(object) = self.objects.get(&attribute.kind) else { return false };
            attributes = &object.attributes;
        }
        false
    }
}

/// Major and minor number of a semantic version.
fn version_of(text: &str) -> Option<(u64, u64)> {
    let core = text.split(['-', '+']).next()?;
    let mut parts = core.split('.').map(|part| part.parse::<u64>().ok());
    let (major, minor, _patch) = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some((major, minor))
}

struct Judge<'s> {
    schema: &'s Schema,
    profiles: Vec<&'s str>,
    path: String,
    report: Report,
}

impl<'s> Judge<'s> {
    fn wrong(&mut self, problem: impl Into<String>) {
        let path = if self.path.is_empty() { "event".to_owned() } else { self.path.clone() };
        self.report.violations.push(Violation { path, problem: problem.into() });
    }

    fn wrong_at(&mut self, name: &str, problem: impl Into<String>) {
        self.inside(name, |judge| judge.wrong(problem));
    }

    fn inside(&mut self, name: &str, judge: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        judge(self);
        self.path.truncate(length);
    }

    /// What the event says about the schema that it follows.
    fn metadata(&mut self, metadata: &'s Value) {
        if let Some(version) = metadata.get("version").and_then(Value::as_str) {
            match (version_of(version), version_of(&self.schema.version)) {
                (None, _) => self.wrong_at("version", "no version number like 1.8.0"),
                (Some(event), Some(schema)) if event > schema => {
                    let problem = format!("later than this schema, which is {}", self.schema.version);
                    self.wrong_at("version", problem);
                }
                _ => {}
            }
        }
        let profiles = metadata.get("profiles").and_then(Value::as_array);
        self.profiles = profiles.into_iter().flatten().filter_map(Value::as_str).collect();
        let known = &self.schema.profiles;
        let is_known = |name: &str| known.iter().any(|profile| profile == name || last(profile) == last(name));
        for at in 0..self.profiles.len() {
            if !is_known(self.profiles[at]) {
                self.wrong_at(&format!("profiles[{at}]"), "names no profile of this schema");
            }
        }
    }

    /// An observable points at an attribute that the class has.
    fn observables(&mut self, class: &Class, map: &Map<String, Value>) {
        let observables = map.get("observables").and_then(Value::as_array);
        for (at, observable) in observables.into_iter().flatten().enumerate() {
            let Some(name) = observable.get("name").and_then(Value::as_str) else { continue };
            if !self.schema.leads_somewhere(class, name, |attribute| self.is_applied(attribute)) {
                self.wrong_at(&format!("observables[{at}].name"), "names no attribute of this class");
            }
        }
    }

    /// The numbers that follow from the class.
    fn numbers(&mut self, class: &Class, map: &Map<String, Value>) {
        let number = |name: &str| map.get(name).and_then(Value::as_u64);
        if number("category_uid").is_some_and(|uid| uid != class.category_uid) {
            self.wrong_at("category_uid", format!("is {} for this class", class.category_uid));
        }
        if let Some(activity) = number("activity_id")
            && number("type_uid").is_some_and(|uid| uid != class.uid * 100 + activity)
        {
            self.wrong_at("type_uid", "is class_uid * 100 + activity_id");
        }
        if map.get("class_name").and_then(Value::as_str).is_some_and(|name| name != class.caption) {
            self.wrong_at("class_name", format!("is {:?} for this class", class.caption));
        }
    }

    fn is_applied(&self, attribute: &Attribute) -> bool {
        attribute
            .profile
            .as_deref()
            .is_none_or(|profile| self.profiles.iter().any(|known| last(known) == last(profile)))
    }

    fn members(
        &mut self,
        map: &Map<String, Value>,
        attributes: &BTreeMap<String, Attribute>,
        constraints: Option<&BTreeMap<String, Vec<String>>>,
    ) {
        for (name, value) in map {
            match attributes.get(name) {
                Some(_) if value.is_null() => {}
                None => self.wrong_at(name, "unknown attribute"),
                Some(attribute) if !self.is_applied(attribute) => {
                    let profile = attribute.profile.as_deref().unwrap_or_default();
                    self.wrong_at(name, format!("belongs to profile {profile}, which metadata.profiles does not name"));
                }
                Some(attribute) => self.inside(name, |judge| judge.value(value, attribute)),
            }
        }
        for (name, attribute) in attributes {
            let is_required = attribute.requirement.as_deref() == Some("required") && self.is_applied(attribute);
            if is_required && !is_there(map, name) {
                self.wrong_at(name, "required, but absent");
            }
        }
        for (rule, names) in constraints.into_iter().flatten() {
            let present = names.iter().filter(|name| is_there(map, name)).count();
            let holds = match rule.as_str() {
                "just_one" => present == 1,
                _ => present >= 1,
            };
            if !holds {
                let path = if self.path.is_empty() { "event".to_owned() } else { self.path.clone() };
                let problem = format!("{rule} of {} asked for, {present} there", names.join(", "));
                self.report.constraints.push(Violation { path, problem });
            }
        }
    }

    fn value(&mut self, value: &Value, attribute: &Attribute) {
        match (value, attribute.is_array) {
            (Value::Array(list), true) => {
                for (at, member) in list.iter().enumerate() {
                    let length = self.path.len();
                    self.path.push_str(&format!("[{at}]"));
                    self.single(member, attribute);
                    self.path.truncate(length);
                }
            }
            (_, true) => self.wrong("should be a list"),
            (Value::Array(_), false) if attribute.kind != "json_t" => self.wrong("should be a single value"),
            (value, false) => self.single(value, attribute),
        }
    }

    fn single(&mut self, value: &Value, attribute: &Attribute) {
        if let Some(object) = self.schema.objects.get(&attribute.kind) {
            return match value {
                // The object named `object` is OCSF's word for anything.
                Value::Object(_) if attribute.kind == "object" => {}
                Value::Object(map) => self.members(map, &object.attributes, object.constraints.as_ref()),
                _ => self.wrong(format!("should be an object {}", attribute.kind)),
            };
        }
        if !fits(&attribute.kind, value) {
            return self.wrong(format!("does not fit {}", attribute.kind));
        }
        if let Some(members) = &attribute.members {
            let member = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if !members.contains_key(&member) {
                self.wrong("not a member of its enum");
            }
        }
    }
}

/// Whether an attribute, which a constraint may name by a path of several steps, is there and not null.
fn is_there(map: &Map<String, Value>, path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (map.get(first), rest) {
        (None | Some(Value::Null), _) => false,
        (Some(Value::Object(inner)), Some(rest)) => is_there(inner, rest),
        (Some(_), rest) => rest.is_none(),
    }
}

/// A profile's name without the extension that brings it: `linux/linux_users`.
fn last(profile: &str) -> &str {
    profile.rsplit('/').next().unwrap_or(profile)
}

/// Whether a value fits a scalar type. A type that the schema uses and does not define takes anything.
fn fits(kind: &str, value: &Value) -> bool {
    let text = value.as_str();
    match kind {
        "boolean_t" => value.is_boolean(),
        "integer_t" | "long_t" => value.is_i64(),
        "timestamp_t" => value.is_i64(),
        "port_t" => value.as_u64().is_some_and(|port| port <= 65_535),
        "float_t" => value.is_number(),
        "ip_t" => text.is_some_and(|text| text.parse::<IpAddr>().is_ok()),
        "subnet_t" => text.is_some_and(is_subnet),
        "email_t" => text.is_some_and(crate::parts::is_email),
        "mac_t" => text.is_some_and(crate::row::is_mac),
        "uuid_t" => text.is_some_and(|text| uuid::Uuid::parse_str(text).is_ok()),
        "datetime_t" => text.is_some_and(|text| Timestamp::parse(text).is_some()),
        "string_t" | "bytestring_t" | "file_hash_t" | "file_name_t" | "file_path_t" | "hostname_t"
        | "process_name_t" | "resource_uid_t" | "url_t" | "username_t" | "reg_key_path_t" => text.is_some(),
        _ => true,
    }
}

fn is_subnet(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let bits = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= bits)
}

#[cfg(test)]
mod tests;
