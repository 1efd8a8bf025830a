//! What the tests of the formats share: the schema, a head, and records with any value in any field.

use std::sync::LazyLock;

use model::{Event, Fields, Format, NoteReason};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::head::Here;
use crate::schema::Schema;
use crate::{Mappings, Trouble};

/// The compiled schema of the reference data; `None` where there is none.
fn schema() -> Option<&'static Schema> {
    static SCHEMA: LazyLock<Option<Schema>> = LazyLock::new(|| {
        let packed = std::fs::read(testkit::reference_data()?.join("ocsf/ocsf-1.8.0-compiled.json.zst")).unwrap();
        Some(Schema::load(&zstd::decode_all(packed.as_slice()).unwrap()).unwrap())
    });
    SCHEMA.as_ref()
}

/// The event of a record.
pub(crate) fn event(format: Format, body: &str) -> (Event, Vec<Trouble>) {
    let fields: Fields<'_> = crate::fields(format, body.as_bytes()).unwrap();
    crate::event(&fields, &Here::default().head(), &Mappings::default())
}

/// What the schema has against an event.
pub(crate) fn violations(event: &Event) -> Vec<String> {
    let Some(schema) = schema() else { return Vec::new() };
    schema.validate_json(&event.to_json()).violations.iter().map(ToString::to_string).collect()
}

/// Checks attributes of a record's event by JSON pointer, and that the schema has nothing against it.
#[track_caller]
pub(crate) fn check(format: Format, body: &str, expected: &[(&str, Value)]) {
    let (event, troubles) = event(format, body);
    let shown: Value = serde_json::from_str(&event.to_json()).unwrap();
    for (pointer, value) in expected {
        assert_eq!(shown.pointer(pointer).unwrap_or(&Value::Null), value, "{pointer} of {shown:#}");
    }
    assert_eq!(violations(&event), Vec::<String>::new(), "{shown:#}");
    let reasons: Vec<NoteReason> = troubles.iter().map(|trouble| trouble.reason).collect();
    assert_eq!(reasons, [], "{troubles:?}");
}

/// A record with a plausible value in every field.
pub(crate) fn full(names: &[&str]) -> Map<String, Value> {
    names.iter().map(|name| ((*name).to_owned(), plausible(name))).collect()
}

fn plausible(name: &str) -> Value {
    let lower = name.to_ascii_lowercase();
    let has = |part: &str| lower.contains(part);
    if has("time") || lower == "ts" || has("date") {
        json!("2020-06-10T12:00:00Z")
    } else if has("port") && !has("name") || lower.ends_with("_p") {
        json!("443")
    } else if has("hash") || has("sha1") {
        json!("SHA1=67C25C8F28B5FA7F5BAA85BF1D2726AED48E9CF0,MD5=06C66FF5CCDC2D22344A3EB761A4D38A")
    } else if has("mac") {
        json!("18:36:F3:98:4F:9A")
    } else if lower.ends_with("_h") || has("addr") || lower.ends_with("ip") || has("_ip") {
        json!("192.0.2.7")
    } else if has("pid") || has("processid") || has("code") || has("bytes") || has("length") || has("status") {
        json!("0x1a")
    } else if has("from") || has("to") && lower.len() < 8 || has("mail") {
        json!("a@b.example")
    } else {
        json!("C:\\Windows\\a.exe")
    }
}

/// Values that records have, and values that they should not have.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("")),
        Just(json!("-")),
        Just(Value::Null),
        Just(json!({})),
        Just(json!([])),
        Just(json!(["a", 1, null, "b"])),
        Just(json!("0x1fffff")),
        Just(json!("::ffff:192.0.2.7")),
        Just(json!("2020-06-10T12:00:00Z")),
        Just(json!("S-1-0-0")),
        Just(json!("true")),
        Just(json!("a@b.example")),
        Just(json!("HKLM\\Software\\x")),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u32..70_000).prop_map(|number| Value::from(number.to_string())),
        any::<f64>().prop_map(Value::from),
        "[ -~ä\"\\\\]{0,20}".prop_map(Value::from),
    ]
}

/// A record with any values in some of the fields.
pub(crate) fn any_record(names: &'static [&'static str]) -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::vec((proptest::sample::select(names), value()), 0..40)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Whatever stands in its fields, a record's event is in the schema.
pub(crate) fn always_valid(format: Format, record: Map<String, Value>) -> Result<(), TestCaseError> {
    let body = Value::Object(record).to_string();
    let (event, _) = event(format, &body);
    let violations = violations(&event);
    prop_assert!(violations.is_empty(), "{violations:?} in {}", event.to_json());
    Ok(())
}

/// A record with some bytes changed is read or refused, but never more than that.
pub(crate) fn mutated(format: Format, body: &str, changes: &[(usize, u8)]) {
    let mut bytes = body.as_bytes().to_vec();
    for (at, byte) in changes {
        let length = bytes.len();
        bytes[at % length] = *byte;
    }
    let _ = crate::recognise(&bytes);
    if let Ok(fields) = crate::fields(format, &bytes) {
        let (event, _) = crate::event(&fields, &Here::default().head(), &Mappings::default());
        assert!(!event.to_json().is_empty());
    }
}
