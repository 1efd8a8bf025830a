//! Envelopes (section 3.7) as they come, and the status of what was in them (section 4.3).
//!
//! The envelope is read as a whole, each object of it only as far as it is found by. One that makes no sense is a failure in
//! the status, and the others are taken.

use engine::office::{NewObject, Taken};
use model::{Timestamp, limits};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::answer::{Wrong, moment};

/// Objects that are brought.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    objects: Vec<&'a RawValue>,
}

/// Objects that are brought, for the document.
#[derive(ToSchema)]
#[schema(as = TaxiiEnvelope)]
#[expect(dead_code, reason = "the shape stands in the document")]
pub(super) struct EnvelopeShape {
    /// STIX objects.
    #[schema(value_type = Vec<Object>, min_items = 1)]
    objects: Vec<serde_json::Value>,
}

/// What was in an envelope.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// What can be taken.
    pub(super) objects: Vec<NewObject>,
    /// What cannot, by what name it has, and why.
    refused: Vec<(String, String)>,
}

/// What an object is called that says no name of its own.
const NAMELESS: &str = "unknown--00000000-0000-0000-0000-000000000000";

/// Reads an envelope.
pub(super) fn read(body: &[u8]) -> Result<Contents, Wrong> {
    let text = std::str::from_utf8(body).map_err(|_| Wrong::no_envelope("it is no UTF-8"))?;
    // An object without `objects` is none, and neither is a list.
    let is_object = text.trim_start().starts_with('{');
    let envelope = is_object.then(|| serde_json::from_str::<Envelope<'_>>(text).map_err(|error| error.to_string()));
    let envelope = envelope.unwrap_or_else(|| Err("an envelope is a JSON object".to_owned()));
    let envelope = envelope.map_err(|error| Wrong::no_envelope(&error))?;
    let count = envelope.objects.len();
    if count == 0 {
        return Err(Wrong::no_envelope("there are no objects in it"));
    }
    if count > limits::TAXII_OBJECTS_PER_POST_MAX {
        let most = limits::TAXII_OBJECTS_PER_POST_MAX;
        return Err(Wrong::too_large(format!("it has {count} objects; at most {most} are taken at a time")));
    }
    let mut contents = Contents::default();
    for (at, raw) in envelope.objects.into_iter().enumerate() {
        match NewObject::read(raw.get()) {
            Ok(object) => contents.objects.push(object),
            Err(why) => contents.refused.push((name_of(raw.get()), format!("object {} is not taken: {why}", at + 1))),
        }
    }
    Ok(contents)
}

fn name_of(text: &str) -> String {
    #[derive(Deserialize)]
    struct Named {
        id: Option<serde_json::Value>,
    }
    let named = serde_json::from_str::<Named>(text).ok().and_then(|named| Some(named.id?.as_str()?.to_owned()));
    named.filter(|name| name.len() <= limits::TAXII_ID_BYTES_MAX).unwrap_or_else(|| NAMELESS.to_owned())
}

/// What became of objects that were brought (section 4.3).
#[derive(Serialize, ToSchema)]
#[schema(as = TaxiiStatus)]
pub(super) struct Status<'a> {
    id: &'a str,
    /// `complete`: everything is done before it is said. Others may have been taken over from another server.
    status: &'static str,
    #[schema(format = DateTime)]
    request_timestamp: String,
    total_count: usize,
    success_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successes: Vec<StatusDetail<'a>>,
    failure_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<StatusDetail<'a>>,
    pending_count: usize,
}

/// What became of one of them.
#[derive(Serialize, ToSchema)]
#[schema(as = TaxiiStatusDetail)]
struct StatusDetail<'a> {
    id: &'a str,
    #[schema(format = DateTime)]
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<&'a str>,
}

impl Contents {
    /// The status, once it is known what became of each object.
    pub(super) fn status(&self, id: &str, requested: Timestamp, taken: &[Taken]) -> String {
        let success = |(object, taken): (&'_ NewObject, &Taken)| {
            let added = match taken {
                Taken::Added(at) => *at,
                Taken::Known => requested,
            };
            let version = object.version().map_or_else(|| moment(added), str::to_owned);
            (version, matches!(taken, Taken::Known).then_some("the collection has it already"))
        };
        let successes = self.objects.iter().zip(taken).map(|pair| {
            let (version, message) = success(pair);
            StatusDetail { id: pair.0.id(), version, message }
        });
        let failures = self.refused.iter().map(|(name, why)| StatusDetail {
            id: name,
            version: moment(requested),
            message: Some(why),
        });
        let status = Status {
            id,
            status: "complete",
            request_timestamp: moment(requested),
            total_count: self.objects.len() + self.refused.len(),
            success_count: self.objects.len(),
            successes: successes.collect(),
            failure_count: self.refused.len(),
            failures: failures.collect(),
            pending_count: 0,
        };
        serde_json::to_string(&status).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_object_leaves_the_others() {
        let body = r#"{"more":false,"objects":[ {"type":"tool","id":"tool--1","x":1e999} , {"id":"tool--2"}, 7, {"id":7},
            {"type":"tool","id":"tool--3"}]}"#;
        let contents = read(body.as_bytes()).unwrap();
        let bodies: Vec<_> = contents.objects.iter().map(NewObject::body).collect();
        assert_eq!(bodies, [r#"{"type":"tool","id":"tool--1","x":1e999}"#, r#"{"type":"tool","id":"tool--3"}"#]);
        let names: Vec<_> = contents.refused.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["tool--2", NAMELESS, NAMELESS]);
        let requested = Timestamp::from_micros(1);
        let status = contents.status("s", requested, &[Taken::Added(Timestamp::from_micros(2)), Taken::Known]);
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["successes"][0]["version"], "1970-01-01T00:00:00.000002Z");
        assert_eq!((&status["total_count"], &status["failure_count"]), (&5.into(), &3.into()));
        assert!(status["failures"][1]["message"].as_str().unwrap().starts_with("object 3 is not taken"));
        assert!(status.get("pendings").is_none());
    }

    #[test]
    fn what_is_no_envelope() {
        let many = format!("{{\"objects\":[{}7]}}", "7,".repeat(limits::TAXII_OBJECTS_PER_POST_MAX));
        let deep = format!("{{\"objects\":{}", "[".repeat(100_000));
        for body in [
            "",
            "[]",
            "{}",
            "null",
            "{\"objects\":{}}",
            "{\"objects\":[]}",
            "{\"objects\":[{]}",
            "{\"objects\":[7]}x",
            "{\"objects\":[7],\"objects\":[8]}",
            "[[7]]",
            &many,
            &deep,
        ] {
            assert!(read(body.as_bytes()).is_err(), "{}", &body[..body.len().min(80)]);
        }
        assert!(read(b"{\"objects\":[\"\xff\"]}").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = read(&bytes);
            let _ = read(&[b"{\"objects\":[", &bytes[..], b"]}"].concat());
        }
    }
}
