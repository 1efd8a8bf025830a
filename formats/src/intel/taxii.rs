//! What a TAXII 2.1 server answers (OASIS Standard, 10 June 2021, sections 3.5 to 5): its resources, and envelopes of objects.
//!
//! Objects stay bytes: of each only the id and the version are looked at, which tell it from every other. What they mean is for
//! [`super::stix`], which reads envelopes too. Properties that nobody here asks for are let by. Deliberately absent: requests,
//! paging and patience, which are the client's (`connect`), and manifests and versions, which say less than the objects.

use std::ops::Range;

use model::limits::{INTEL_NAME_BYTES_MAX, INTEL_TEXT_BYTES_MAX, TAXII_LIST_MAX, TAXII_NEXT_BYTES_MAX};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::object::cut;
use super::{Refused, walk};
use crate::Trouble;

/// The media type of everything that is said in TAXII 2.1 (section 1.6.5).
pub const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";

/// A page of objects (section 3.7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Whether there is more behind it.
    pub has_more: bool,
    /// What to ask for next.
    pub next: Option<String>,
    /// The objects, in order.
    pub objects: Vec<Placed>,
    /// What is wrong with single objects.
    pub refused: Vec<Refused>,
}

/// An object inside an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where it stands.
    pub range: Range<usize>,
    /// What tells it from others; `None` when it does not say.
    pub key: Option<Key>,
}

/// An object's id and version (section 3.4.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// `modified`, else `created`; empty for objects that have neither.
    pub version: String,
}

/// Reads an envelope.
///
/// # Errors
/// When the bytes are no whole envelope. A single object that is wrong costs itself.
pub fn envelope(bytes: &[u8]) -> Result<Envelope, Trouble> {
    if walk::shape(bytes)? != walk::Shape::Object {
        return Err(Trouble::malformed("an envelope is a JSON object"));
    }
    let mut envelope = Envelope::default();
    for member in walk::members(bytes) {
        match member {
            Ok((b"more", value)) => envelope.has_more = value == b"true",
            Ok((b"next", value)) => envelope.next = next(value)?,
            Ok(_) => {}
            // An object that is too deep makes its list so; it is looked at one by one below.
            Err(trouble) if trouble.reason == model::NoteReason::TooLarge => {}
            Err(trouble) => return Err(trouble),
        }
    }
    if let Some(objects) = walk::open(bytes, "objects") {
        place(bytes, objects, &mut envelope)?;
    }
    Ok(envelope)
}

fn place(bytes: &[u8], objects: &[u8], envelope: &mut Envelope) -> Result<(), Trouble> {
    match objects.first() {
        Some(b'[') => {}
        // What some servers write in place of an empty list.
        _ if objects.starts_with(b"null") => return Ok(()),
        _ => return Err(Trouble::malformed("objects should be a list")),
    }
    for (number, object) in (1..).zip(walk::inner(objects)) {
        match object {
            Ok((_, object)) => {
                // Both lie in the same bytes, so that the difference of their places is the offset.
                let start = (object.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
                envelope.objects.push(Placed { range: start..start + object.len(), key: key(object) });
            }
            Err(trouble) => envelope.refused.push(Refused { place: format!("object {number}"), trouble }),
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    id: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    modified: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    created: Option<std::borrow::Cow<'a, str>>,
}

fn key(object: &[u8]) -> Option<Key> {
    let head: Head<'_> = serde_json::from_slice(object).ok()?;
    let id = head.id?.into_owned();
    let version = head.modified.or(head.created).map(std::borrow::Cow::into_owned).unwrap_or_default();
    let is_short = id.len() <= INTEL_NAME_BYTES_MAX && version.len() <= INTEL_NAME_BYTES_MAX;
    (is_short && !id.is_empty()).then_some(Key { id, version })
}

/// `next` is a string; that some servers write a number costs nobody anything.
fn next(value: &[u8]) -> Result<Option<String>, Trouble> {
    if value.len() > TAXII_NEXT_BYTES_MAX {
        return Err(Trouble::too_large(format!("next is longer than {TAXII_NEXT_BYTES_MAX} bytes")));
    }
    match serde_json::from_slice(value) {
        Ok(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Ok(Value::Number(number)) => Ok(Some(number.to_string())),
        Ok(Value::Null) => Ok(None),
        _ => Err(Trouble::malformed("next should be a string")),
    }
}

/// What a server is (section 4.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Discovery {
    /// Its name.
    #[serde(default)]
    pub title: String,
    /// The API root to take where there is a choice.
    #[serde(default)]
    pub default: Option<String>,
    /// Its API roots, whole URLs or references.
    #[serde(default)]
    pub api_roots: Vec<String>,
}

/// What an API root is (section 4.2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ApiRoot {
    /// Its name.
    #[serde(default)]
    pub title: String,
    /// Media types that it speaks.
    #[serde(default)]
    pub versions: Vec<String>,
    /// Bytes of the largest body that it takes.
    #[serde(default)]
    pub max_content_length: Option<u64>,
}

/// A collection (section 5.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Collection {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub title: String,
    /// What it is about.
    #[serde(default)]
    pub description: Option<String>,
    /// A name that stands for the id in URLs.
    #[serde(default)]
    pub alias: Option<String>,
    /// Whether we may read it.
    pub can_read: bool,
    /// Whether we may add to it.
    pub can_write: bool,
}

/// What became of objects that were sent (section 4.3.1).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Status {
    /// By which it can be asked for again.
    pub id: String,
    /// Whether all objects were dealt with.
    pub status: Progress,
    /// Objects that were sent.
    #[serde(default)]
    pub total_count: u64,
    /// Objects that were taken.
    #[serde(default)]
    pub success_count: u64,
    /// Objects that were not.
    #[serde(default)]
    pub failure_count: u64,
    /// Objects that wait.
    #[serde(default)]
    pub pending_count: u64,
    /// Those that were not taken.
    #[serde(default)]
    pub failures: Vec<StatusDetail>,
}

/// Whether a server has dealt with what it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// It has.
    Complete,
    /// Not yet.
    Pending,
}

/// What became of one object (section 4.3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct StatusDetail {
    /// Its id.
    pub id: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Why.
    #[serde(default)]
    pub message: Option<String>,
}

/// What stands at an address that somebody was given for TAXII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The server's discovery.
    Discovery(Discovery),
    /// An API root.
    ApiRoot(ApiRoot),
    /// One collection.
    Collection(Collection),
}

/// Reads whichever of the three it is.
///
/// # Errors
/// When it is none of them.
pub fn resource(bytes: &[u8]) -> Result<Resource, Trouble> {
    let value = walk::whole(bytes)?;
    let has = |name| value.get(name).is_some();
    if has("api_roots") || has("default") {
        typed(value).map(Resource::Discovery)
    } else if has("can_read") {
        typed(value).and_then(collection).map(Resource::Collection)
    } else if has("versions") || has("max_content_length") {
        typed(value).map(Resource::ApiRoot)
    } else {
        Err(Trouble::malformed("neither a discovery nor an API root nor a collection"))
    }
}

/// Reads an API root.
///
/// # Errors
/// When it is none.
pub fn api_root(bytes: &[u8]) -> Result<ApiRoot, Trouble> {
    typed(walk::whole(bytes)?)
}

/// Reads the status of what was sent.
///
/// # Errors
/// When it is none.
pub fn status(bytes: &[u8]) -> Result<Status, Trouble> {
    let mut status: Status = typed(walk::whole(bytes)?)?;
    status.failures.truncate(TAXII_LIST_MAX);
    for failure in &mut status.failures {
        failure.message = failure.message.as_deref().map(|message| cut(message, INTEL_TEXT_BYTES_MAX).to_owned());
    }
    if segment_is_plain(&status.id) { Ok(status) } else { Err(Trouble::malformed("the status has no usable id")) }
}

/// Reads a list of collections (section 5.1). One that is wrong costs itself.
///
/// # Errors
/// When it is no list of collections at all.
pub fn collections(bytes: &[u8]) -> Result<(Vec<Collection>, Vec<Refused>), Trouble> {
    let mut value = walk::whole(bytes)?;
    let list = match value.get_mut("collections").map(Value::take) {
        // A server without collections may leave the list out.
        None | Some(Value::Null) if value.is_object() => Vec::new(),
        Some(Value::Array(list)) => list,
        _ => return Err(Trouble::malformed("no list of collections")),
    };
    if list.len() > TAXII_LIST_MAX {
        return Err(Trouble::too_large(format!("{} collections are more than {TAXII_LIST_MAX}", list.len())));
    }
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for (number, value) in (1..).zip(list) {
        match typed(value).and_then(collection) {
            Ok(collection) => found.push(collection),
            Err(trouble) => refused.push(Refused { place: format!("collection {number}"), trouble }),
        }
    }
    Ok((found, refused))
}

fn collection(mut collection: Collection) -> Result<Collection, Trouble> {
    if !segment_is_plain(&collection.id) {
        return Err(Trouble::malformed("its id cannot stand in a URL"));
    }
    collection.title = cut(&collection.title, INTEL_NAME_BYTES_MAX).to_owned();
    collection.description = collection.description.map(|text| cut(&text, INTEL_TEXT_BYTES_MAX).to_owned());
    collection.alias = collection.alias.filter(|alias| segment_is_plain(alias));
    Ok(collection)
}

/// Whether a text can be one step of a path and cannot lead elsewhere.
pub fn segment_is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    (1..=128).contains(&text.len()) && text.bytes().all(is_plain) && !text.starts_with('.')
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Trouble> {
    // serde_json's words may repeat a value, and what a server says is not ours to print.
    let category = |error: serde_json::Error| match error.classify() {
        serde_json::error::Category::Data => "a property is missing, or of another type than TAXII 2.1 gives it",
        _ => "not JSON",
    };
    serde_json::from_value(value).map_err(|error| Trouble::malformed(category(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        match envelope(text.as_bytes()) {
            Err(trouble) => format!("! {}", trouble.detail),
            Ok(found) => {
                let one = |placed: &Placed| {
                    let key = placed.key.clone().unwrap_or(Key { id: "?".to_owned(), version: String::new() });
                    assert!(text[placed.range.clone()].starts_with(['{', '1']));
                    format!("{}@{}", key.id, key.version)
                };
                let objects: Vec<String> = found.objects.iter().map(one).collect();
                format!("{} {:?} {objects:?} {}", found.has_more, found.next, found.refused.len())
            }
        }
    }

    #[test]
    fn envelopes() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text}");
        check("{}", "false None [] 0");
        check(
            r#"{"more":true,"next":"a\"b","objects":[{"id":"x--1","modified":"m"}]}"#,
            r#"true Some("a\"b") ["x--1@m"] 0"#,
        );
        check(
            r#"{"objects":[{"id":"x--1","created":"c"},{"id":"x--2"}],"next":7}"#,
            r#"false Some("7") ["x--1@c", "x--2@"] 0"#,
        );
        check(r#"{"objects":null,"more":false,"next":null}"#, "false None [] 0");
        check(r#"{"objects":[1,{"type":"x"}]}"#, r#"false None ["?@", "?@"] 0"#);
        check(r#"{"objects":[{"id":"a","x":[}, {"id":"b"}]}"#, r#"! brackets that do not fit"#);
        check(r#"{"objects":{}}"#, "! objects should be a list");
        check(r#"{"objects":[{"id":"#, "! the document ends inside a record");
        check("[]", "! an envelope is a JSON object");
        check("<html>", "! a JSON object or array should start here");
        check(r#"{"next":[]}"#, "! next should be a string");
    }

    #[test]
    fn an_object_that_is_too_deep_costs_itself() {
        let deep = format!(
            r#"{{"more":true,"objects":[{{"id":"a","x":{}{}}},{{"id":"b"}}],"next":"n"}}"#,
            "[".repeat(900),
            "]".repeat(900)
        );
        assert_eq!(shown(&deep), r#"true Some("n") ["b@"] 1"#);
    }

    #[test]
    fn limits() {
        let long = format!(r#"{{"next":"{}"}}"#, "n".repeat(TAXII_NEXT_BYTES_MAX));
        assert_eq!(shown(&long), format!("! next is longer than {TAXII_NEXT_BYTES_MAX} bytes"));
        let many = format!(r#"{{"collections":[{}1]}}"#, "1,".repeat(TAXII_LIST_MAX));
        assert!(collections(many.as_bytes()).is_err_and(|trouble| trouble.detail.contains("more than")));
    }

    #[test]
    fn resources() {
        let check = |text: &str, expected: &str| {
            let found = format!("{:?}", resource(text.as_bytes()));
            assert!(found.starts_with(expected), "{text}: {found}");
        };
        check(r#"{"title":"x","api_roots":["/a/"]}"#, "Ok(Discovery(");
        check(
            r#"{"title":"x","versions":["application/taxii+json;version=2.1"],"max_content_length":9}"#,
            "Ok(ApiRoot(",
        );
        check(
            r#"{"id":"91a7b528-80eb-42ed-a74d-c6fbd5a26116","title":"x","can_read":true,"can_write":false}"#,
            "Ok(Collection(",
        );
        check(r#"{"id":"../x","title":"x","can_read":true,"can_write":false}"#, "Err(");
        check(r#"{"api_roots":7}"#, "Err(");
        check(r#"{"title":"x"}"#, "Err(");
        let text = br#"{"collections":[{"id":"a","title":"t","can_read":true,"can_write":true},{"id":"b"}]}"#;
        let (found, refused) = collections(text).unwrap();
        assert_eq!((found.len(), refused.len()), (1, 1));
        assert_eq!(refused[0].place, "collection 2");
        assert_eq!(collections(b"{}").unwrap().0, []);
        assert!(collections(b"[]").is_err());
        let done = status(br#"{"id":"s","status":"complete","total_count":2,"success_count":1,"failure_count":1,"pending_count":0,"failures":[{"id":"x","version":"v","message":"no"}]}"#).unwrap();
        assert_eq!((done.status, done.failures.len()), (Progress::Complete, 1));
        assert!(status(br#"{"id":"a/b","status":"pending"}"#).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}\",:a1 \\\\]{0,60}", inner in "[\\[\\]{}\",:a1 \\\\]{0,60}") {
            for text in [text.clone(), format!("{{\"objects\":[{inner}],\"next\":{text}}}")] {
                let _ = envelope(text.as_bytes());
                let _ = resource(text.as_bytes());
                let _ = collections(text.as_bytes());
                let _ = status(text.as_bytes());
            }
        }

        #[test]
        fn objects_lie_where_it_says(ids in proptest::collection::vec("[a-z]{1,8}", 0..6)) {
            let objects: Vec<String> = ids.iter().map(|id| format!("{{\"id\": \"{id}\"}}")).collect();
            let text = format!("{{\"objects\": [{}]}}", objects.join(" , "));
            let found = envelope(text.as_bytes()).unwrap();
            let lie: Vec<&str> = found.objects.iter().map(|placed| &text[placed.range.clone()]).collect();
            prop_assert_eq!(lie, objects);
        }
    }
}
