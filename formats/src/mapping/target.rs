//! An attribute that a mapping names by its path, and what fits into it.

use model::Scalar;
use model::ocsf::Attributes;
use serde_json::{Map, Value, json};

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
    Whole,
    Truth,
    Texts,
    Anything,
}

impl Target {
    /// Finds the attribute of that path by asking the model's own types; `None` when there is none.
    pub(super) fn find(path: &str) -> Option<Target> {
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
                if target.takes(probe) {
                    return Some(target);
                }
            }
        }
        None
    }

    /// Whether the model reads that value there and does not forget it.
    pub(super) fn takes(&self, value: Value) -> bool {
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
            Kind::Whole => values.find_map(crate::row::number).map(Value::from),
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
        let check =
            |path: &str, kind: Option<Kind>| assert_eq!(Target::find(path).map(|found| found.kind), kind, "{path}");
        check("user.name", Some(Kind::Text));
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
