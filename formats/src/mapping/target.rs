//! An attribute that a mapping names by its path, and what fits into it.

use model::Scalar;
use model::ocsf::{Attributes, Class};
use serde_json::{Map, Value, json};

use crate::row::address;

/// A place among the attributes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Names from the top; true where the attribute is a list of objects and the first of them is meant.
    segments: Vec<(String, bool)>,
    kind: Kind,
}

/// What fits into an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    Address,
    Whole,
    /// A number out of an enumeration whose members are these, and 99 for any other.
    Member(&'static [u32]),
    Truth,
    Texts,
    Anything,
}

/// What stands for "none of the members" in every enumeration of OCSF.
const OTHER: u32 = 99;

/// Enumerations of OCSF 1.8.0 among the attributes, by the end of their path; the longest end counts.
const ENUMERATIONS: &[(&str, &[u32])] = &[
    ("account.type_id", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]),
    ("action_id", &[0, 1, 2, 3, 4]),
    ("analytic.state_id", &[0, 1, 2, 3]),
    ("analytic.type_id", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ("auth_protocol_id", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ("device.type_id", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
    ("direction_id", &[0, 1, 2, 3, 4]),
    (
        "disposition_id",
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27],
    ),
    ("file.type_id", &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ("hashes.algorithm_id", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]),
    ("injection_type_id", &[0, 1, 2, 3]),
    ("integrity_id", &[0, 1, 2, 3, 4, 5, 6]),
    ("kernel.type_id", &[0, 1, 2]),
    ("load_type_id", &[0, 1, 2, 3, 4, 5]),
    ("logon_type_id", &[0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13]),
    ("opcode_id", &[0, 1, 2, 3, 4, 5, 6]),
    ("os.type_id", &[0, 100, 101, 200, 201, 300, 301, 302, 400, 401, 402]),
    ("protocol_ver_id", &[0, 4, 6]),
    ("rcode_id", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]),
    ("script.type_id", &[0, 1, 2, 3, 4, 5, 6, 7]),
    ("service_start_type_id", &[0, 1, 2, 3, 4, 5]),
    ("status_id", &[0, 1, 2]),
    ("stratum_id", &[0, 1, 2, 16, 17]),
    ("user.type_id", &[0, 1, 2, 3, 4]),
];

/// Members of `status_id` in findings, which have a life of their own.
const FINDING_STATUS: &[u32] = &[0, 1, 2, 3, 4, 5, 6];

/// The members of the enumeration at that path, in events of that class.
fn members(path: &str, class: Class) -> Option<&'static [u32]> {
    if path == "status_id" && class.category_uid() == Class::DETECTION_FINDING.category_uid() {
        return Some(FINDING_STATUS);
    }
    let ends = |end: &str| path.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    ENUMERATIONS.iter().filter(|(end, _)| ends(end)).max_by_key(|(end, _)| end.len()).map(|(_, members)| *members)
}

impl Target {
    /// Finds the attribute of that path in events of that class by asking the model's own types; `None` when there is none.
    pub(super) fn find(path: &str, class: Class) -> Option<Target> {
        let found = Target::by_type(path)?;
        let kind = match found.kind {
            Kind::Text if path == "ip" || path.ends_with(".ip") => Kind::Address,
            Kind::Whole => members(path, class).map_or(Kind::Whole, Kind::Member),
            kind => kind,
        };
        Some(Target { kind, ..found })
    }

    fn by_type(path: &str) -> Option<Target> {
        let names: Vec<&str> = path.split('.').collect();
        let depth = names.len();
        if depth > 8 || names.iter().any(|name| name.is_empty()) {
            return None;
        }
        if names[0] == "unmapped" {
            let segments = names.iter().map(|name| ((*name).to_owned(), false)).collect();
            return (depth > 1).then_some(Target { segments, kind: Kind::Anything });
        }
        // Which levels are lists of objects is tried out: there are few levels, and it happens once, when the file is read.
        for lists in 0u32..1 << (depth - 1) {
            let segments: Vec<(String, bool)> =
                names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), lists >> at & 1 == 1)).collect();
            for (kind, probe) in [
                (Kind::Text, json!("1")),
                (Kind::Whole, json!(1)),
                (Kind::Truth, json!(true)),
                (Kind::Texts, json!(["1"])),
            ] {
                let target = Target { segments: segments.clone(), kind };
                if target.keeps(probe) {
                    return Some(target);
                }
            }
        }
        None
    }

    /// Whether a value that a user wrote may stand there.
    pub(super) fn takes(&self, value: Value) -> bool {
        let may = match self.kind {
            Kind::Address => value.as_str().is_some_and(|text| address(text).is_some()),
            Kind::Member(members) => value.as_u64().is_some_and(|number| {
                u32::try_from(number).is_ok_and(|number| number == OTHER || members.contains(&number))
            }),
            _ => true,
        };
        may && self.keeps(value)
    }

    /// Whether the model reads that value there and does not forget it.
    fn keeps(&self, value: Value) -> bool {
        if self.kind == Kind::Anything {
            return true;
        }
        let mut tree = Map::new();
        self.put(&mut tree, value);
        let sent = Value::Object(tree);
        serde_json::from_value::<Attributes>(sent.clone())
            .and_then(serde_json::to_value)
            .is_ok_and(|again| again == sent)
    }

    /// Writes the value at its place.
    pub(super) fn put(&self, tree: &mut Map<String, Value>, value: Value) {
        let Some(((last, _), path)) = self.segments.split_last() else { return };
        let mut at = tree;
        for (name, is_list) in path {
            let empty = || Value::Object(Map::new());
            let slot =
                at.entry(name.clone()).or_insert_with(|| if *is_list { Value::Array(vec![empty()]) } else { empty() });
            let inner = match slot {
                Value::Array(list) => list.first_mut().and_then(Value::as_object_mut),
                slot => slot.as_object_mut(),
            };
            let Some(inner) = inner else { return };
            at = inner;
        }
        at.insert(last.clone(), value);
    }

    /// What fits, in words.
    pub(super) fn wanted(&self) -> &'static str {
        match self.kind {
            Kind::Text | Kind::Texts => "text",
            Kind::Address => "an IP address",
            Kind::Whole | Kind::Member(_) => "a whole number",
            Kind::Truth => "true or false",
            Kind::Anything => "a value",
        }
    }

    /// The attribute's path.
    pub(super) fn path(&self) -> String {
        let names: Vec<&str> = self.segments.iter().map(|(name, _)| name.as_str()).collect();
        names.join(".")
    }

    /// A record's value made to fit; `None` when it cannot be.
    pub(super) fn fit<'v>(&self, mut values: impl Iterator<Item = &'v Scalar<'v>>) -> Option<Value> {
        match self.kind {
            Kind::Texts => {
                let list: Vec<Value> =
                    values.filter_map(Scalar::to_str).map(|text| Value::String(text.into_owned())).collect();
                if list.is_empty() { None } else { Some(Value::Array(list)) }
            }
            Kind::Anything => values.next().map(crate::tree::value_of),
            Kind::Text => values.find_map(Scalar::to_str).map(|text| Value::String(text.into_owned())),
            Kind::Address => values.filter_map(Scalar::to_str).find_map(|text| address(&text)).map(Value::String),
            Kind::Whole => values.find_map(crate::row::number).map(Value::from),
            Kind::Member(members) => {
                let number = u32::try_from(values.find_map(crate::row::number)?).unwrap_or(OTHER);
                Some(Value::from(if members.contains(&number) { number } else { OTHER }))
            }
            Kind::Truth => values.find_map(truth).map(Value::Bool),
        }
    }

    /// A constant or a mapped value made to fit.
    pub(super) fn fit_constant(&self, value: Value) -> Value {
        match (self.kind, value) {
            (Kind::Text, Value::Number(number)) => Value::String(number.to_string()),
            (Kind::Texts, Value::String(text)) => json!([text]),
            (_, value) => value,
        }
    }
}

fn truth(value: &Scalar<'_>) -> Option<bool> {
    match value {
        Scalar::Bool(truth) => Some(*truth),
        value => match value.to_str()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_with_their_kind() {
        let check = |path: &str, kind: Option<Kind>| {
            assert_eq!(Target::find(path, Class::AUTHENTICATION).map(|found| found.kind), kind, "{path}");
        };
        check("user.name", Some(Kind::Text));
        check("src_endpoint.ip", Some(Kind::Address));
        check("status_id", Some(Kind::Member(&[0, 1, 2])));
        check("actor.user.type_id", Some(Kind::Member(&[0, 1, 2, 3, 4])));
        check("src_endpoint.port", Some(Kind::Whole));
        check("is_mfa", Some(Kind::Truth));
        check("privileges", Some(Kind::Texts));
        check("answers.rdata", Some(Kind::Text));
        check("file.hashes.value", Some(Kind::Text));
        check("process.parent_process.pid", Some(Kind::Whole));
        check("unmapped.anything", Some(Kind::Anything));
        check("user.nme", None);
        check("user", None);
        check("unmapped", None);
        check("", None);
        check("a.b.c.d.e.f.g.h.i", None);
    }
}
