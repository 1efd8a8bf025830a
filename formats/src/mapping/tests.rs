//! What users write, and what comes of it.

use super::*;
use crate::head::Here;
use crate::json;
use model::{Format, NoteReason};
use proptest::prelude::*;

const DOOR: &str = r#"
[[mapping]]
name = "door"
class = "Authentication"
activity = { field = "action", map = { open = 1, close = 2 }, default = 99 }
severity = 2
product = { vendor = "Acme", name = "Door" }
match = { "device.kind" = "door", action = ["open", "close", "jam"], "test" = { exists = false } }
time = { field = "at", format = "%d/%b/%Y:%H:%M:%S %z" }
[mapping.set]
"service.name" = "door"
is_remote = false
[mapping.fields]
"user.name" = "badge.holder"
"src_endpoint.port" = "port"
"status_id" = { field = "result", map = { ok = 1, refused = 2 }, default = 0 }
"unmapped.temperature" = "t"

[[mapping]]
name = "files"
class = 1001
activity = 1
match = { kind = "file" }
[mapping.fields]
"file.path" = "p"
"file.hashes.value" = "h"
"#;

fn event(body: &str) -> (String, Vec<NoteReason>) {
    let mappings = Mappings::parse(DOOR).unwrap();
    let fields = json::scan(body.as_bytes(), Format::Json, json::no_lift).unwrap();
    let (event, troubles) = mappings.event(&fields, &Here::default().head());
    (event.to_json(), troubles.into_iter().map(|trouble| trouble.reason).collect())
}

#[test]
fn a_mapping_makes_events() {
    let (json, troubles) = event(
        r#"{"device":{"kind":"door"},"action":"open","at":"10/Jun/2020:14:00:00 +0200","badge":{"holder":"Ada"},
        "port":"443","result":"ok","t":21.5}"#,
    );
    assert_eq!(troubles, []);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["type_uid"], 300_201);
    assert_eq!(value["time"], 1_591_790_400_000i64);
    assert_eq!(value["user"]["name"], "Ada");
    assert_eq!(value["src_endpoint"]["port"], 443);
    assert_eq!(value["status_id"], 1);
    assert_eq!(value["unmapped"]["temperature"], 21.5);
    assert_eq!(value["metadata"]["product"]["vendor_name"], "Acme");
}

#[test]
fn what_does_not_fit_is_left_out_with_a_note() {
    let mappings = Mappings::parse(
        r#"
        [[mapping]]
        name = "m"
        class = 3002
        activity = 1
        [mapping.fields]
        "user.name" = "who"
        "src_endpoint.ip" = "from"
        "src_endpoint.port" = "port"
        status_id = "result"
        "#,
    )
    .unwrap();
    let read = |body: &str| {
        let fields = json::scan(body.as_bytes(), Format::Json, json::no_lift).unwrap();
        let (event, troubles) = mappings.event(&fields, &Here::default().head());
        let lost = troubles.into_iter().filter(|trouble| trouble.reason == NoteReason::PartLost);
        (event, lost.map(|trouble| trouble.detail).collect::<Vec<_>>())
    };
    let (event, lost) = read(r#"{"who":"Ada","from":"reader-7","port":"high","result":17}"#);
    let endpoint = event.attributes.src_endpoint.unwrap_or_default();
    assert_eq!((endpoint.ip, endpoint.port, event.attributes.status_id), (None, None, Some(99)));
    assert_eq!(
        lost,
        [
            r#"mapping "m": src_endpoint.ip takes an IP address, which "from" is not"#,
            r#"mapping "m": src_endpoint.port takes a whole number, which "port" is not"#
        ]
    );
    let (event, lost) = read(r#"{"who":"Ada","from":"2001:db8::7","port":null,"result":2}"#);
    assert_eq!(event.attributes.src_endpoint.unwrap_or_default().ip.as_deref(), Some("2001:db8::7"));
    assert_eq!((event.attributes.status_id, lost), (Some(2), Vec::new()));
}

#[test]
fn the_first_that_matches_is_used() {
    let class = |body: &str| {
        let value: serde_json::Value = serde_json::from_str(&event(body).0).unwrap();
        value["class_uid"].as_u64().unwrap()
    };
    assert_eq!(class(r#"{"device":{"kind":"door"},"action":"jam","badge":{"holder":"A"}}"#), 3002);
    assert_eq!(class(r#"{"device":{"kind":"door"},"action":"jam","badge":{"holder":"A"},"test":1}"#), 0);
    assert_eq!(class(r#"{"kind":"file","p":"/a/b","h":"00"}"#), 1001);
    assert_eq!(class(r#"{"kind":"file"}"#), 0, "without a file there is no file activity");
    assert_eq!(event(r#"{"x":1}"#).1, [NoteReason::NoTime]);
}

#[test]
fn errors_name_mapping_and_key() {
    let check = |text: &str, expected: &str| {
        let error = Mappings::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let one = |line: &str| format!("[[mapping]]\nname = \"m\"\nclass = 3002\n{line}\n");
    check("x = 1", "unknown field `x`");
    check("[[mapping]]\nname = \"m\"", "missing field `class`");
    check(
        "[[mapping]]\nname = \"m\"\nclass = \"Nonsense\"",
        r#"mapping "m", key "class": no class is called "Nonsense""#,
    );
    check(&one("fields = { \"user.nme\" = \"x\" }"), r#"mapping "m", key "user.nme": no such attribute"#);
    check(&one("set = { is_remote = \"perhaps\" }"), r#"mapping "m", key "is_remote": "#);
    check(&one("set = { \"src_endpoint.ip\" = \"reader\" }"), r#"mapping "m", key "src_endpoint.ip": "#);
    check(&one("set = { status_id = 7 }"), r#"mapping "m", key "status_id": 7 does not fit"#);
    check(&one("activity = \"open\""), r#"mapping "m", key "activity": "#);
    check(&one("match = { a = { exist = true } }"), r#"mapping "m", key "a": "#);
    check(&one("time = { field = \"t\", format = \"fortnights\" }"), r#"mapping "m", key "time.format": "#);
    check(&one("time = { field = \"t\", format = \"%!\" }"), r#"mapping "m", key "time.format": "#);
    check(&one("fields = { \"user.name\" = { feld = \"x\" } }"), r#"mapping "m", key "user.name": "#);
}

#[test]
fn there_is_a_limit() {
    let text = "[[mapping]]\nname = \"m\"\nclass = 1001\n".repeat(model::limits::MAPPINGS_MAX + 1);
    assert_eq!(Mappings::parse(&text).unwrap_err(), MappingError::TooMany { count: model::limits::MAPPINGS_MAX + 1 });
    let keys: String = (0..=model::limits::MAPPING_KEYS_MAX).map(|n| format!("k{n} = 1\n")).collect();
    let text = format!("[[mapping]]\nname = \"m\"\nclass = 1001\n[mapping.match]\n{keys}");
    assert!(matches!(Mappings::parse(&text), Err(MappingError::Key { .. })));
}

proptest! {
    #[test]
    fn never_panics(text in "(\\[\\[mapping\\]\\]\nname = \"[a-z]\"\nclass = [0-9]{1,9}\n){0,2}[a-z.=\"{}\\[\\] \n]{0,40}") {
        let _ = Mappings::parse(&text);
    }
}
