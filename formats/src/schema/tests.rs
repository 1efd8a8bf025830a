//! A small schema, and what it has against events.

use super::*;
use serde_json::json;

fn small() -> Schema {
    let attribute =
        |kind: &str, requirement: &str| json!({"type": kind, "requirement": requirement, "is_array": false});
    let compiled = json!({
        "version": "0.0.1",
        "categories": {"iam": {"uid": 3}},
        "objects": {
            "user": {"attributes": {"name": attribute("username_t", "required"), "ip": attribute("ip_t", "optional")},
                "constraints": {"at_least_one": ["name", "uid"]}},
            "object": {"attributes": {}, "constraints": null},
            "metadata": {"attributes": {"profiles": {"type": "string_t", "is_array": true, "requirement": "optional"},
                "version": attribute("string_t", "optional")}, "constraints": null},
            "observable": {"attributes": {"name": attribute("string_t", "optional")}, "constraints": null}
        },
        "profiles": {"cloud": {}, "linux/linux_users": {}},
        "classes": {"authentication": {"caption": "Authentication", "uid": 3002, "category": "iam", "constraints": null,
            "attributes": {
                "class_uid": attribute("integer_t", "required"), "category_uid": attribute("integer_t", "required"),
                "class_name": attribute("string_t", "optional"), "type_uid": attribute("long_t", "required"),
                "activity_id": {"type": "integer_t", "requirement": "required", "is_array": false, "enum": {"1": {}}},
                "metadata": attribute("metadata", "required"), "user": attribute("user", "required"),
                "unmapped": attribute("object", "optional"),
                "observables": {"type": "observable", "requirement": "optional", "is_array": true},
                "api": {"type": "string_t", "requirement": "required", "is_array": false, "profile": "cloud"}
            }}}
    });
    Schema::load(compiled.to_string().as_bytes()).unwrap()
}

fn check(event: Value, expected: &[&str]) {
    let shown: Vec<_> = small().validate(&event).violations.iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected, "{event}");
}

#[test]
fn judges() {
    let good = json!({"class_uid": 3002, "category_uid": 3, "type_uid": 300_201, "activity_id": 1, "metadata": {},
        "user": {"name": "u"}, "unmapped": {"x": [1]}});
    check(good.clone(), &[]);
    let with = |name: &str, value: Value| {
        let mut event = good.clone();
        event[name] = value;
        event
    };
    check(with("user", json!({})), &["user.name: required, but absent"]);
    check(with("user", json!({"name": 1})), &["user.name: does not fit username_t"]);
    check(with("user", json!([{"name": "u"}])), &["user: should be a single value"]);
    check(with("user", json!({"name": "u", "ip": "x"})), &["user.ip: does not fit ip_t"]);
    check(with("user", json!("u")), &["user: should be an object user"]);
    check(with("nonsense", json!(1)), &["nonsense: unknown attribute"]);
    check(with("type_uid", json!(1)), &["type_uid: is class_uid * 100 + activity_id"]);
    check(with("category_uid", json!(1)), &["category_uid: is 3 for this class"]);
    check(with("class_name", json!("x")), &["class_name: is \"Authentication\" for this class"]);
    check(with("class_uid", json!(9)), &["class_uid: names no class of this schema"]);
    check(json!({}), &["class_uid: required, but absent"]);
    check(with("class_name", Value::Null), &[]);
    check(with("user", Value::Null), &["user: required, but absent"]);
    check(with("metadata", json!({"profiles": ["cloud"]})), &["api: required, but absent"]);
    check(with("api", json!("x")), &["api: belongs to profile cloud, which metadata.profiles does not name"]);
    check(with("metadata", json!({"profiles": "cloud"})), &["metadata.profiles: should be a list"]);
    let mut event = with("activity_id", json!(7));
    event["type_uid"] = json!(300_207);
    check(event, &["activity_id: not a member of its enum"]);
    check(json!([]), &["event: an event is an object"]);
    assert_eq!(small().validate_json("{").violations.len(), 1);
}

#[test]
fn metadata_and_observables() {
    let good =
        json!({"class_uid": 3002, "category_uid": 3, "type_uid": 300_201, "activity_id": 1, "user": {"name": "u"}});
    let metadata = |metadata: Value, expected: &[&str]| {
        let mut event = good.clone();
        event["metadata"] = metadata;
        check(event, expected);
    };
    metadata(json!({"version": "0.0.1"}), &[]);
    metadata(json!({"version": "0.0.9-dev"}), &[]);
    metadata(json!({"version": "0.1.0"}), &["metadata.version: later than this schema, which is 0.0.1"]);
    for version in ["1", "one", "", "1.2.3.4"] {
        metadata(json!({"version": version}), &["metadata.version: no version number like 1.8.0"]);
    }
    metadata(json!({"profiles": ["linux_users"]}), &[]);
    metadata(
        json!({"profiles": ["linux/linux_users", "sky"]}),
        &["metadata.profiles[1]: names no profile of this schema"],
    );
    let observable = |name: &str, expected: &[&str]| {
        let mut event = good.clone();
        event["metadata"] = json!({});
        event["observables"] = json!([{}, {"name": name}]);
        check(event, expected);
    };
    for name in ["user", "user.name", "user[].name", "user[0].name", "unmapped.any.thing", "observables[3].name"] {
        observable(name, &[]);
    }
    for name in ["", "users", "user.names", "user.name.first", "api", "user."] {
        observable(name, &["observables[1].name: names no attribute of this class"]);
    }
}

/// The compiled file of this version is known to be wrong about endpoints.
#[test]
fn constraints_of_the_source_count() {
    let attribute = |kind: &str| json!({"type": kind, "requirement": "optional"});
    let compiled = |version: &str| {
        let endpoint = json!({"attributes": {"ip": attribute("ip_t"), "name": attribute("string_t"),
            "os": attribute("string_t")}, "constraints": {"at_least_one": ["name", "uid"]}});
        let class = json!({"caption": "x", "uid": 4001, "category": "x", "constraints": {"at_least_one": ["device.os"]},
            "attributes": {"class_uid": attribute("integer_t"), "device": attribute("device")}});
        let compiled =
            json!({"version": version, "categories": {}, "objects": {"device": endpoint}, "classes": {"x": class}});
        Schema::load(compiled.to_string().as_bytes()).unwrap()
    };
    let unmet = |version: &str, device: Value| {
        let report = compiled(version).validate(&json!({"class_uid": 4001, "device": device}));
        report.constraints.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(unmet("1.8.0", json!({"ip": "::1", "os": "x"})), [""; 0]);
    assert_eq!(
        unmet("1.9.0", json!({"ip": "::1", "os": "x"})),
        ["device: at_least_one of name, uid asked for, 0 there"]
    );
    assert_eq!(unmet("1.8.0", json!({"ip": "::1"})), ["event: at_least_one of device.os asked for, 0 there"]);
    assert_eq!(unmet("1.8.0", json!({"ip": null, "os": "x"})).len(), 1);
}

#[test]
fn constraints_stand_apart() {
    let event = json!({"class_uid": 3002, "category_uid": 3, "type_uid": 300_201, "activity_id": 1, "metadata": {},
        "user": {}});
    let report = small().validate(&event);
    assert!(!report.is_valid());
    assert_eq!(report.constraints[0].to_string(), "user: at_least_one of name, uid asked for, 0 there");
}

#[test]
fn scalar_types() {
    let check = |kind: &str, value: Value, expected: bool| assert_eq!(fits(kind, &value), expected, "{kind} {value}");
    check("port_t", json!(65_535), true);
    check("port_t", json!(65_536), false);
    check("mac_t", json!("18:36:F3:98:4F:9A"), true);
    check("mac_t", json!("18:36"), false);
    check("subnet_t", json!("10.0.0.0/8"), true);
    check("subnet_t", json!("10.0.0.0/33"), false);
    check("integer_t", json!(1.5), false);
    check("timestamp_t", json!("now"), false);
    check("uuid_t", json!("123e4567-e89b-12d3-a456-426614174000"), true);
}
