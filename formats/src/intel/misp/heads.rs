//! Which events an answer of MISP holds, without taking them apart.

use model::Timestamp;

use super::super::walk;
use crate::Trouble;

/// What tells an event's version from every other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventHead {
    /// The event's UUID, in small letters.
    pub uuid: String,
    /// When it was last changed.
    pub timestamp: Option<Timestamp>,
}

/// The events of an answer of `restSearch`: a list of them, bare or under `response`. One that does not say which it is, is `None`.
///
/// # Errors
/// When it is no such answer, or not whole.
pub fn heads(bytes: &[u8]) -> Result<Vec<Option<EventHead>>, Trouble> {
    let list = match walk::shape(bytes)? {
        walk::Shape::Array => bytes,
        walk::Shape::Object => walk::open(bytes, "response").ok_or_else(|| Trouble::malformed("no response in it"))?,
    };
    if !list.trim_ascii_start().starts_with(b"[") {
        return Err(Trouble::malformed("a list of events should stand here"));
    }
    let mut found = Vec::new();
    for event in walk::inner(list) {
        match event {
            Ok((_, event)) => found.push(head(event)),
            Err(trouble) if trouble.reason == model::NoteReason::TooLarge => found.push(None),
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(found)
}

fn head(event: &[u8]) -> Option<EventHead> {
    let event = walk::member(event, "Event").unwrap_or(event);
    let uuid: String = serde_json::from_slice(walk::member(event, "uuid")?).ok()?;
    let uuid = uuid::Uuid::try_parse(&uuid).ok()?.to_string();
    let seconds = walk::member(event, "timestamp").and_then(|text| {
        let text = std::str::from_utf8(text).ok()?;
        text.trim_matches('"').parse::<i64>().ok()
    });
    let timestamp = seconds.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000)));
    Some(EventHead { uuid, timestamp })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers() {
        let id = "5A1D0000-7c3c-4e1c-9a6f-0a1b2c3d4e5f";
        let event =
            format!(r#"{{"Event":{{"Attribute":[{{"uuid":"x","timestamp":"1"}}],"uuid":"{id}","timestamp":"17"}}}}"#);
        let expected = Some(EventHead { uuid: id.to_lowercase(), timestamp: Some(Timestamp::from_millis(17_000)) });
        assert_eq!(heads(format!("{{\"response\":[{event},{{}}]}}").as_bytes()), Ok(vec![expected.clone(), None]));
        assert_eq!(heads(format!("[{event}]").as_bytes()), Ok(vec![expected]));
        assert_eq!(heads(b"{\"response\":[]}"), Ok(vec![]));
        assert!(heads(b"{\"response\":[{\"Event\":").is_err());
        assert!(heads(b"{\"errors\":\"no\"}").is_err());
        assert!(heads(b"{\"response\":{}}").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}\",:a1 \\\\]{0,60}") {
            let _ = heads(text.as_bytes());
            let _ = heads(format!("{{\"response\":[{text}]}}").as_bytes());
        }
    }
}
