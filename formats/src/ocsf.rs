//! Events that are OCSF already.
//!
//! Class, activity, severity, time and every attribute that [`model::ocsf`] knows are taken over; a class that we do not know
//! keeps its number, an attribute that we do not know goes to `unmapped`. The record keeps its own schema version and id (as
//! `original_event_uid`); which event and whose it is, we say ourselves.

use model::ocsf::{Class, Event, activity};
use model::{Fields, Timestamp, ocsf};
use serde_json::{Map, Value};

use crate::parts;
use crate::tree;
use crate::{Head, Trouble};

/// What [`Event`] has beside its attributes, or works out itself.
const HEAD: &[&str] = &[
    "class_uid",
    "class_name",
    "category_uid",
    "category_name",
    "activity_id",
    "activity_name",
    "type_uid",
    "type_name",
    "severity_id",
    "severity",
    "time",
    "time_dt",
];

/// Turns the fields of an OCSF record into an event.
pub(crate) fn event(fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
    let mut troubles = Vec::new();
    let number = |name: &str| fields.get(name).and_then(model::Scalar::to_i64);
    let time = number("time").map(Timestamp::from_millis).or_else(|| {
        let text = fields.text("time_dt").or_else(|| fields.text("time"))?;
        Timestamp::parse(&text)
    });
    if time.is_none() {
        troubles.push(Trouble::no_time("no time"));
    }
    let small = |name: &str| number(name).and_then(|number| u32::try_from(number).ok());
    let class = Class::from_uid(small("class_uid").unwrap_or(0));
    let activity = small("activity_id").unwrap_or(activity::UNKNOWN);
    let mut event = Event::new(head.id, head.agency.clone(), time.unwrap_or(head.received), class, activity);
    event.severity_id = small("severity_id").unwrap_or(0);
    let mut map = tree::of_fields(fields);
    HEAD.iter().for_each(|name| {
        map.remove(*name);
    });
    let mut rest = Map::new();
    if let Some(Value::Object(unmapped)) = map.remove("unmapped") {
        rest = unmapped;
    }
    troubles.extend(tree::attributes(map, &mut event.attributes, |name, value| {
        rest.insert(name.to_owned(), value);
    }));
    if !rest.is_empty() {
        event.attributes.unmapped = Some(rest);
    }
    let metadata = parts::metadata(&mut event);
    if metadata.original_event_uid.is_none() {
        metadata.original_event_uid = metadata.uid.take();
    }
    metadata.uid = Some(head.id.to_string());
    metadata.tenant_uid = Some(head.agency.as_str().into());
    metadata.version.get_or_insert_with(|| ocsf::VERSION.into());
    metadata.product.get_or_insert_default();
    (event, troubles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::Here;
    use crate::json;
    use model::Format;

    #[test]
    fn classes_keep_their_numbers() {
        let here = Here::default();
        let body =
            br#"{"class_uid":987654,"activity_id":3,"severity_id":4,"time":1600000000000,"metadata":{"version":"1.1.0",
            "uid":"theirs","product":{"name":"p"}},"user":{"name":"u"},"answers":[{"rdata":"192.0.2.1"},{"rdata":"x"}],
            "novel":{"a":[1]},"count":"?"}"#;
        let fields = json::scan(body, Format::Ocsf, json::no_lift).unwrap();
        let (event, troubles) = event(&fields, &here.head());
        assert_eq!((event.class.uid(), event.activity_id, event.severity_id), (987_654, 3, 4));
        assert_eq!(event.time.as_millis(), 1_600_000_000_000);
        let a = &event.attributes;
        assert_eq!(a.answers.as_ref().map(Vec::len), Some(2));
        assert_eq!(a.metadata.as_ref().and_then(|m| m.original_event_uid.as_deref()), Some("theirs"));
        assert_eq!(serde_json::to_string(&a.unmapped).unwrap(), r#"{"count":"?","novel":{"a":[1]}}"#);
        assert_eq!(troubles.len(), 1, "{troubles:?}");
    }
}
