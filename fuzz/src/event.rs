//! What holds for every record and its event, whatever the format.

use std::sync::LazyLock;

use formats::schema::Schema;
use formats::{Head, Mappings, Trouble};
use intel::pattern::Observed;
use model::limits::{FIELD_NAME_BYTES_MAX, RECORD_FIELDS_MAX};
use model::{AgencyId, Event, EventId, Fields, Format, Timestamp};
use serde_json::Value;

/// When the records of all targets arrived.
pub(crate) fn received() -> Timestamp {
    Timestamp::from_millis(1_772_409_600_000)
}

/// OCSF's own schema, where the reference data is.
static SCHEMA: LazyLock<Option<Schema>> = LazyLock::new(|| {
    let packed = std::fs::read(testkit::reference_data()?.join("ocsf/ocsf-1.8.0-compiled.json.zst")).ok()?;
    Schema::load(&zstd::decode_all(packed.as_slice()).ok()?).ok()
});

/// Fields that a line's reader may add to those of the limit.
const READERS_FIELDS_MAX: usize = 64;

/// Reads a record in that format and checks what must hold; gives its event.
pub(crate) fn check_record(format: Format, body: &[u8], mappings: &Mappings) -> Option<Event> {
    let fields = match formats::fields(format, body) {
        Ok(fields) => fields,
        Err(trouble) => {
            check_refusal(format, body, &trouble);
            return None;
        }
    };
    let again = formats::fields(format, body).map(|fields| format!("{fields:?}"));
    assert_eq!(again, Ok(format!("{fields:?}")), "the same record gives the same fields");
    check_fields(&fields, body);
    let (event, troubles) = event_of(&fields, mappings);
    let json = event.to_json();
    let (event_again, troubles_again) = event_of(&fields, mappings);
    assert_eq!((&json, &troubles), (&event_again.to_json(), &troubles_again), "the same record gives the same event");
    check_event(&event, &json, format);
    assert_eq!(Observed::of_event(&event).len(), 1, "patterns can be asked about every event");
    Some(event)
}

fn check_refusal(format: Format, body: &[u8], trouble: &Trouble) {
    assert!(!trouble.detail.is_empty(), "a refusal has a reason");
    let again = formats::fields(format, body).map(|_| ());
    assert_eq!(again, Err(trouble.clone()), "the same record gives the same refusal");
    assert_ne!(format, Format::Syslog, "a syslog line is always in its format");
}

fn event_of(fields: &Fields<'_>, mappings: &Mappings) -> (Event, Vec<Trouble>) {
    let agency = AgencyId::home();
    formats::event(fields, &Head { id: EventId::default(), agency: &agency, received: received() }, mappings)
}

fn check_fields(fields: &Fields<'_>, body: &[u8]) {
    // A line's fields cannot be more than its bytes; those of JSON have a limit of their own.
    let most = RECORD_FIELDS_MAX.max(body.len()) + READERS_FIELDS_MAX;
    assert!(fields.len() <= most, "{} fields", fields.len());
    for field in fields.iter() {
        let longest = FIELD_NAME_BYTES_MAX.max(body.len() * 3) + READERS_FIELDS_MAX;
        assert!(field.name.len() <= longest, "a name of {} bytes", field.name.len());
        let _ = (field.value.to_str(), field.value.to_i64());
    }
}

/// Formats whose events are only as right as what somebody outside wrote: an event that says that it is OCSF, and a user's own
/// mapping, which may give an attribute any value of its type.
const WRITTEN_OUTSIDE: [Format; 2] = [Format::Ocsf, Format::Json];

fn check_event(event: &Event, json: &str, format: Format) {
    let shown: Value = match serde_json::from_str(json) {
        Ok(shown) => shown,
        Err(error) => panic!("the event is no JSON: {error}: {json}"),
    };
    let number = |name: &str| shown.get(name).and_then(Value::as_u64);
    let (class, activity) = (u64::from(event.class.uid()), u64::from(event.activity_id));
    assert_eq!(number("class_uid"), Some(class), "{json}");
    assert_eq!(number("type_uid"), Some(class * 100 + activity), "{json}");
    assert_eq!(shown.get("time").and_then(Value::as_i64), Some(event.time.as_millis()), "{json}");
    event.for_each_observable(|observable| assert!(!observable.attribute.is_empty()));
    if WRITTEN_OUTSIDE.contains(&format) {
        return;
    }
    if let Some(schema) = &*SCHEMA {
        let violations = schema.validate(&shown).violations;
        assert!(violations.is_empty(), "{violations:?} in {json}");
    }
}
