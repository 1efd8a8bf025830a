//! Fields back into a tree of OCSF attributes.
//!
//! What names attributes by path (an event that is OCSF already, a mapping of a user's) builds JSON and lets the model's own
//! types read it, attribute by attribute, so that one of a wrong type loses only itself.

use model::ocsf::Attributes;
use model::{Fields, Scalar};
use serde_json::{Map, Number, Value};

use crate::Trouble;

/// A record's fields as the object that they once were. Arrays of arrays come back as one array.
pub(crate) fn of_fields(fields: &Fields<'_>) -> Map<String, Value> {
    let mut root = Value::Object(Map::new());
    for field in fields.iter() {
        if let Some(place) = place(&mut root, &field.name) {
            put(place, value_of(&field.value));
        }
    }
    match root {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// A scalar as JSON.
pub(crate) fn value_of(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(truth) => Value::Bool(*truth),
        Scalar::Number(digits) => number(digits),
        Scalar::Text(text) => Value::String(text.to_str().into_owned()),
        Scalar::Object => Value::Object(Map::new()),
        Scalar::Array => Value::Array(Vec::new()),
    }
}

fn number(digits: &str) -> Value {
    if let Ok(whole) = digits.parse::<i64>() {
        return Value::from(whole);
    }
    if let Ok(whole) = digits.parse::<u64>() {
        return Value::from(whole);
    }
    let float = digits.parse::<f64>().ok().and_then(Number::from_f64);
    float.map_or_else(|| Value::String(digits.to_owned()), Value::Number)
}

/// Where a path leads, made on the way. In an array it leads to the last member.
fn place<'t>(root: &'t mut Value, path: &str) -> Option<&'t mut Value> {
    let mut at = root;
    for segment in path.split('.') {
        if let Value::Array(list) = at {
            if list.is_empty() {
                list.push(Value::Object(Map::new()));
            }
            at = list.last_mut()?;
        }
        if !at.is_object() {
            if !at.is_null() {
                return None;
            }
            *at = Value::Object(Map::new());
        }
        at = at.as_object_mut()?.entry(segment).or_insert(Value::Null);
    }
    Some(at)
}

fn put(place: &mut Value, value: Value) {
    match place {
        Value::Array(list) if !value.is_array() => list.push(value),
        Value::Object(_) if value.is_object() => {}
        Value::Array(_) => {}
        place => *place = value,
    }
}

/// Reads attributes one by one. What is of the wrong type is handed to `lost` with its name.
pub(crate) fn attributes(
    map: Map<String, Value>,
    into: &mut Attributes,
    mut lost: impl FnMut(&str, Value),
) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let mut good = match serde_json::to_value(&*into) {
        Ok(Value::Object(good)) => good,
        _ => Map::new(),
    };
    for (name, value) in map {
        if value.is_null() {
            continue;
        }
        let alone = Map::from_iter([(name.clone(), value.clone())]);
        match serde_json::from_value::<Attributes>(Value::Object(alone)) {
            Ok(read) if read == Attributes::default() => lost(&name, value),
            Ok(_) => {
                good.insert(name, value);
            }
            Err(error) => {
                troubles.push(Trouble::part_lost(format!("{name}: {}", kind_of(&error.to_string()))));
                lost(&name, value);
            }
        }
    }
    if let Ok(read) = serde_json::from_value(Value::Object(good)) {
        *into = read;
    }
    troubles
}

/// The sort of a serde error, without the value that it quotes.
fn kind_of(error: &str) -> &str {
    error.split_once(':').map_or(error, |(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use model::Format;
    use proptest::prelude::*;

    fn again(text: &str) -> String {
        let fields = json::scan(text.as_bytes(), Format::Ocsf, json::no_lift).unwrap();
        Value::Object(of_fields(&fields)).to_string()
    }

    #[test]
    fn trees_come_back() {
        let check = |text: &str| assert_eq!(again(text), text);
        check(r#"{"a":{"b":1,"c":[1,"2",{"d":true},{"d":false}]},"e":null,"f":[],"g":{}}"#);
        check(r#"{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}"#);
        assert_eq!(again(r#"{"a.b":1,"a":2}"#), r#"{"a":2}"#);
        assert_eq!(again(r#"{"a":2,"a.b":1}"#), r#"{"a":2}"#);
    }

    #[test]
    fn a_wrong_type_loses_only_itself() {
        let map = serde_json::json!({"user": {"name": "u"}, "count": "many", "vulnerabilities": [1]});
        let Value::Object(map) = map else { panic!() };
        let mut into = Attributes::default();
        let mut names = Vec::new();
        let troubles = attributes(map, &mut into, |name, _| names.push(name.to_owned()));
        assert_eq!(into.user.and_then(|user| user.name).as_deref(), Some("u"));
        assert_eq!(names, ["count", "vulnerabilities"]);
        assert_eq!(troubles.len(), 1);
    }

    proptest! {
        #[test]
        fn never_panics(names in proptest::collection::vec("[ab.]{0,6}", 0..8), nested in any::<bool>()) {
            let mut fields = Fields::new(Format::Ocsf);
            for (number, name) in names.into_iter().enumerate() {
                let value = match number % 4 {
                    0 => Scalar::Array,
                    1 if nested => Scalar::Object,
                    2 => Scalar::Null,
                    _ => Scalar::Number("1".into()),
                };
                fields.push(name, value);
            }
            let _ = of_fields(&fields);
        }
    }
}
