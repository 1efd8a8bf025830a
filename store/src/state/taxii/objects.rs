//! Bringing objects into a collection, and deleting them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use model::{OpContext, Timestamp, limits};
use serde::Deserialize;
use sqlx::{Any, Transaction};

use super::super::agency;
use super::super::bulk::{Bulk, Row};
use super::super::database::{Bound, State, StateError, get, sql};
use super::super::ledger::Deed;
use super::collections::Collection;
use super::pages::entries;
use super::query::{ObjectsAsked, Wanted, page};
use super::statuses;

/// Takes the collection for this transaction: another one that writes to it waits for its end.
const TAKE: &str = "UPDATE taxii_collections SET last_added_us = last_added_us WHERE agency = $1 AND number = $2 \
    RETURNING last_added_us, spec_versions";
const SET_LAST: &str =
    "UPDATE taxii_collections SET last_added_us = $3, spec_versions = $4 WHERE agency = $1 AND number = $2";
/// An object that the collection has in this version is left as it is.
static INSERT: Bulk = Bulk::new(
    "adding objects to a collection",
    (
        "INSERT INTO taxii_objects (agency, collection, added_us, object_id, object_type, spec_version, version_us, version, \
         size, body) VALUES",
        "($1, $2, ?, ?, ?, ?, ?, ?, ?, ?)",
        "ON CONFLICT DO NOTHING",
    ),
    2,
);
static DELETE: Bulk = Bulk::new(
    "deleting objects of a collection",
    ("DELETE FROM taxii_objects WHERE agency = $1 AND collection = $2 AND added_us IN (", "?", ")"),
    2,
);
const SELECT_ADDED: &str = "SELECT string_agg(added_us || '', ' ') FROM taxii_objects \
    WHERE agency = $1 AND collection = $2 AND added_us >= $3 AND added_us <= $4";
pub(super) const STATEMENTS: &[&str] = &[TAKE, SET_LAST, SELECT_ADDED];

/// Those that are put together from the constants above.
pub(super) fn statements() -> impl Iterator<Item = &'static str> {
    INSERT.statements().into_iter().chain(DELETE.statements())
}

/// An object as it was written, and what it is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewObject {
    id: String,
    kind: String,
    spec_version: String,
    /// As it was written; empty when the object has none.
    version: String,
    version_us: i64,
    body: String,
    added: Option<Timestamp>,
}

/// The properties that every STIX object has (STIX 2.1, section 3.2), as far as it is found by them.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    r#type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    spec_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    created: Option<Cow<'a, str>>,
    #[serde(borrow)]
    modified: Option<Cow<'a, str>>,
}

impl NewObject {
    /// Reads what an object is found by. Its text is kept as it is.
    ///
    /// The version is `modified`, else `created`, else there is none; the version of STIX is what the object says, else 2.1 where it has
    /// neither (only observables of 2.1 are like that), else 2.0 (TAXII 2.1, section 3.4.1).
    ///
    /// # Errors
    /// When it is too large or too deep, is no JSON object, or has no id, type or time that makes sense. In words.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > limits::TAXII_OBJECT_BYTES_MAX {
            return Err(format!("it has {} bytes; at most {} are taken", text.len(), limits::TAXII_OBJECT_BYTES_MAX));
        }
        if !text.starts_with('{') {
            return Err("it is no JSON object".to_owned());
        }
        if depth(text) > limits::TAXII_OBJECT_DEPTH_MAX {
            return Err(format!("it is nested deeper than {}", limits::TAXII_OBJECT_DEPTH_MAX));
        }
        let head: Head<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let kind = head.r#type.filter(|kind| is_type(kind)).ok_or("it has no type, or one that is none")?;
        let id = head.id.ok_or("it has no id")?;
        let is_id = id.len() <= limits::TAXII_ID_BYTES_MAX
            && id.split_once("--").is_some_and(|(of, rest)| of == kind && is_name(rest));
        if !is_id {
            return Err(format!("its id is not {kind}-- and a UUID"));
        }
        let spec_version = match (head.spec_version, &head.created, &head.modified) {
            (Some(version), ..) => version.into_owned(),
            (None, None, None) => "2.1".to_owned(),
            (None, ..) => "2.0".to_owned(),
        };
        if !is_spec_version(&spec_version) {
            return Err("its spec_version is none".to_owned());
        }
        let version = head.modified.or(head.created).map(Cow::into_owned).unwrap_or_default();
        let version_us = match version.as_str() {
            "" => 0,
            written => time(written).ok_or("its created or modified is no time")?.as_micros(),
        };
        Ok(NewObject {
            id: id.into_owned(),
            kind: kind.into_owned(),
            spec_version,
            version,
            version_us,
            body: text.to_owned(),
            added: None,
        })
    }

    /// The same, added at that moment or later: objects that come with their history from another server.
    #[must_use]
    pub fn added(self, at: Timestamp) -> Self {
        NewObject { added: Some(at), ..self }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its type.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its version as it was written; `None` when it has none.
    pub fn version(&self) -> Option<&str> {
        (!self.version.is_empty()).then_some(self.version.as_str())
    }

    /// The version of STIX that it is written in.
    pub fn spec_version(&self) -> &str {
        &self.spec_version
    }

    /// Its text.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// Bytes of a time; the longest that is written has nanoseconds and an offset.
const TIME_BYTES_MAX: usize = 40;

fn time(text: &str) -> Option<Timestamp> {
    let is_one_word = text.len() <= TIME_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_one_word { Timestamp::parse(text) } else { None }
}

fn is_spec_version(text: &str) -> bool {
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

/// STIX 2.1, section 3.1: small letters, digits and dashes, 3 to 250 of them.
fn is_type(text: &str) -> bool {
    (3..=250).contains(&text.len())
        && !text.contains("--")
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A UUID is one; others that stand in an address without escaping are let through.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// How deep brackets are nested. Only brackets outside of strings count.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut is_in_string, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_string => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            b'{' | b'[' if !is_in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !is_in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// What became of an object that was brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was added at this moment.
    Added(Timestamp),
    /// The collection has it in this version; nothing was changed.
    Known,
}

/// What is written down about a request, in the transaction of its objects.
pub struct PostStatus<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its text, once it is known what became of each object.
    pub body: &'a (dyn Fn(&[Taken]) -> String + Send + Sync),
}

impl State {
    /// Adds objects to a collection, all or none; durable when it returns. Says what became of each, in their order.
    ///
    /// # Errors
    /// When there are too many, or the database refuses.
    pub async fn share_objects(
        &self,
        ctx: &OpContext,
        collection: &Collection,
        objects: &[NewObject],
        status: &PostStatus<'_>,
    ) -> Result<Vec<Taken>, StateError> {
        let sharing = sql("adding objects to a collection");
        let key = (agency(ctx), collection.number);
        let _turn = self.turn().await;
        let mut work = self.begin(ctx).await?;
        let taken = add(&mut work, &key, objects, ctx.now).await?;
        statuses::keep(&mut work, ctx, &collection.root, (status.id, &(status.body)(&taken))).await?;
        let object = format!("collection:{}/status:{}", collection.id, status.id);
        self.append(&mut work, ctx, &[Deed::done("share.write", object)]).await?;
        work.commit().await.map_err(sharing)?;
        Ok(taken)
    }

    /// Deletes the versions of an object that are asked for; says how many there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_shared_object(
        &self,
        ctx: &OpContext,
        collection: &Collection,
        asked: &ObjectsAsked,
    ) -> Result<usize, StateError> {
        let deleting = sql("deleting objects of a collection");
        let mut work = self.begin(ctx).await?;
        let take = sqlx::query(TAKE).bind(agency(ctx)).bind(collection.number);
        take.fetch_optional(&mut *work).await.map_err(&deleting)?;
        let asked = ObjectsAsked { rows_max: limits::TAXII_PAGE_MAX, ..asked.clone() };
        let mut deleted = 0;
        while let Some(query) = page((agency(ctx), collection.number), &asked, Wanted::Entries)? {
            let row = query.fetch_one(&mut *work).await.map_err(&deleting)?;
            let found = entries(&get::<Option<String>>(&row, 4)?.unwrap_or_default())?;
            let times: Vec<AddedAt> = found.iter().map(|entry| AddedAt(entry.added.as_micros())).collect();
            let share = |query: Bound| query.bind(agency(ctx)).bind(collection.number);
            DELETE.run(&mut work, share, &times).await?;
            deleted += found.len();
            // What is left over is more of the same only where every version was asked for.
            let has_more = get::<i64>(&row, 0)? > get::<i64>(&row, 1)?;
            if !has_more {
                break;
            }
        }
        if deleted > 0 {
            let id = asked.ids.first().map_or("", String::as_str);
            let object = format!("collection:{}/{id}", collection.id);
            self.append(&mut work, ctx, &[Deed::done("share.delete", object)]).await?;
        }
        work.commit().await.map_err(deleting)?;
        Ok(deleted)
    }
}

/// Adds objects to the collection with that key in the transaction of what belongs to them; others who write there wait for its end.
pub(in super::super) async fn add(
    work: &mut Transaction<'_, Any>,
    key: &(String, i64),
    objects: &[NewObject],
    now: Timestamp,
) -> Result<Vec<Taken>, StateError> {
    let sharing = sql("adding objects to a collection");
    let take = sqlx::query(TAKE).bind(key.0.clone()).bind(key.1);
    let row = take.fetch_optional(&mut **work).await.map_err(&sharing)?;
    let row = row.ok_or_else(|| StateError::NotFound { what: "collection", name: key.1.to_string() })?;
    let (last, spec_versions): (i64, String) = (get(&row, 0)?, get(&row, 1)?);
    let times = times(last, now, objects);
    let taken = insert(work, key, objects, &times).await?;
    let set = sqlx::query(SET_LAST).bind(key.0.clone()).bind(key.1);
    let set = set.bind(times.last().copied().unwrap_or(last)).bind(with_new(&spec_versions, objects));
    set.execute(&mut **work).await.map_err(sharing)?;
    Ok(taken)
}

/// A moment for each object, later than the one before, whatever the clock says.
fn times(last: i64, now: Timestamp, objects: &[NewObject]) -> Vec<i64> {
    let mut last = last;
    let time = |object: &NewObject| {
        last = object.added.unwrap_or(now).as_micros().max(last.saturating_add(1));
        last
    };
    objects.iter().map(time).collect()
}

/// The versions of STIX that a collection is announced with, once it has these objects, too.
fn with_new(spec_versions: &str, objects: &[NewObject]) -> String {
    let mut known: Vec<&str> = spec_versions.split_whitespace().collect();
    for object in objects {
        if !known.contains(&object.spec_version.as_str()) {
            known.push(&object.spec_version);
        }
    }
    known.join(" ")
}

async fn insert(
    work: &mut Transaction<'_, Any>,
    key: &(String, i64),
    objects: &[NewObject],
    times: &[i64],
) -> Result<Vec<Taken>, StateError> {
    let adding = sql("adding objects to a collection");
    let rows: Vec<(&NewObject, i64)> = objects.iter().zip(times.iter().copied()).collect();
    let share = |query: Bound| query.bind(key.0.clone()).bind(key.1);
    let added = INSERT.run(work, share, &rows).await? as usize;
    if added == objects.len() {
        return Ok(times.iter().map(|at| Taken::Added(Timestamp::from_micros(*at))).collect());
    }
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return Ok(Vec::new()) };
    let query = sqlx::query(SELECT_ADDED).bind(key.0.clone()).bind(key.1).bind(*first).bind(*last);
    let row = query.fetch_one(&mut **work).await.map_err(&adding)?;
    let there: Option<String> = get(&row, 0)?;
    let there: BTreeSet<i64> = there.iter().flat_map(|text| text.split(' ')).filter_map(|at| at.parse().ok()).collect();
    let taken = |at: &i64| match there.contains(at) {
        true => Taken::Added(Timestamp::from_micros(*at)),
        false => Taken::Known,
    };
    Ok(times.iter().map(taken).collect())
}

/// By what an object is deleted.
struct AddedAt(i64);

impl Row for AddedAt {
    fn bind(&self, query: Bound) -> Bound {
        query.bind(self.0)
    }
}

impl Row for (&NewObject, i64) {
    fn bind(&self, query: Bound) -> Bound {
        let (object, added) = self;
        query
            .bind(*added)
            .bind(object.id.clone())
            .bind(object.kind.clone())
            .bind(object.spec_version.clone())
            .bind(object.version_us)
            .bind(object.version.clone())
            .bind(object.body.len() as i64)
            .bind(object.body.clone())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "indicator--6770298f-0fd8-471a-ab8c-1c658a46574e";

    #[test]
    fn what_an_object_is_found_by() {
        let check = |text: &str, version: Option<&str>, spec_version: &str| {
            let object = NewObject::read(text).unwrap();
            assert_eq!((object.version(), object.spec_version(), object.body()), (version, spec_version, text));
        };
        let (created, modified) = ("2016-11-03T12:30:59.000Z", "2017-01-27T13:49:53.935Z");
        let head = format!(r#""type":"indicator","id":"{ID}""#);
        check(&format!("{{{head}}}"), None, "2.1");
        check(&format!("{{{head},\"created\":\"{created}\"}}"), Some(created), "2.0");
        let both = format!("\"created\":\"{created}\",\"modified\":\"{modified}\"");
        check(&format!("{{{head},{both}}}"), Some(modified), "2.0");
        check(&format!("{{{head},{both},\"spec_version\":\"2.1\"}}"), Some(modified), "2.1");
        // Nothing of it is read further than it must be, and nothing is written anew.
        check(&format!("{{ \"x\" : 1.000000000000000000001e400,\n\t\"ü\\u0000\": [ ],{head} }}"), None, "2.1");
    }

    #[test]
    fn what_is_no_object_says_why() {
        let head = format!(r#""type":"indicator","id":"{ID}""#);
        let deep = format!("{{{head},\"x\":{}{}}}", "[".repeat(64), "]".repeat(64));
        let large = format!("{{{head},\"x\":\"{}\"}}", "x".repeat(limits::TAXII_OBJECT_BYTES_MAX));
        let cases = [
            ("", "no JSON object"),
            ("[]", "no JSON object"),
            ("{}", "no type"),
            (r#"{"type":"indicator"}"#, "no id"),
            (r#"{"type":"indicator","id":null}"#, "no id"),
            (r#"{"type":"indicator","id":7}"#, "expected"),
            (r#"{"type":"indicator","id":"indicator--"}"#, "not indicator--"),
            (r#"{"type":"indicator","id":"malware--1"}"#, "not indicator--"),
            (r#"{"type":"indicator","id":"indicator--1 2"}"#, "not indicator--"),
            (r#"{"type":"a b","id":"a b--1"}"#, "no type"),
            (r#"{"type":"indicator","id":"indicator--1","id":"indicator--2"}"#, "duplicate"),
            (r#"{"type":"indicator","id":"indicator--1","modified":"yesterday"}"#, "no time"),
            (r#"{"type":"indicator","id":"indicator--1","modified":"2017-01-27 13:49:53Z"}"#, "no time"),
            (r#"{"type":"indicator","id":"indicator--1","spec_version":"two"}"#, "spec_version"),
            (r#"{"type":"indicator","id":"indicator--1"} {}"#, "trailing"),
            (r#"{"type":"indicator","id":"indicator--1""#, "EOF"),
            (&deep, "deeper"),
            (&large, "bytes"),
        ];
        for (text, why) in cases {
            let said = NewObject::read(text).unwrap_err();
            assert!(said.contains(why), "{}: {said}", &text[..text.len().min(80)]);
        }
        let less = deep.replacen('[', "", 1).replacen(']', "", 1);
        assert!(NewObject::read(&less).is_ok(), "as deep as is taken");
    }

    #[test]
    fn brackets_in_strings_are_not_deep() {
        let check = |text: &str, expected| assert_eq!(depth(text), expected, "{text}");
        check(r#"{"a":"[[[[","b":"\"[","c":[{}]}"#, 3);
        check(r#"{"a\\":[]}"#, 2);
        check("]]]]{", 1);
    }

    #[test]
    fn moments_rise_whatever_the_clock_says() {
        let object = NewObject::read(&format!(r#"{{"type":"indicator","id":"{ID}"}}"#)).unwrap();
        let at = Timestamp::from_micros;
        let objects = [object.clone(), object.clone().added(at(5)), object.clone().added(at(90)), object];
        assert_eq!(times(10, at(20), &objects), [20, 21, 90, 91]);
        assert_eq!(times(200, at(20), &objects), [201, 202, 203, 204]);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = NewObject::read(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn pieces_of_objects_do_not_either(pieces in proptest::collection::vec(
            prop_oneof![
                Just("{"), Just("}"), Just("["), Just("]"), Just("\""), Just("\\"), Just(","), Just(":"),
                Just("\"id\":"), Just("\"type\":"), Just("\"indicator\""), Just("\"indicator--1\""),
                Just("\"modified\":\"2017-01-27T13:49:53.935Z\""), Just("1e9"), Just("null"), Just("\u{e9}"),
            ],
            0..40,
        )) {
            let text = format!("{{{}", pieces.concat());
            if let Ok(object) = NewObject::read(&text) {
                // What is taken is JSON as a whole: pages put such texts side by side.
                prop_assert!(serde_json::from_str::<serde_json::Value>(object.body()).is_ok());
            }
        }
    }
}
