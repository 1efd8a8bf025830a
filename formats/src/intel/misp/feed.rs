//! The files of a MISP feed beside its events: `manifest.json`, and `hashes.csv`.

use model::limits::INTEL_NAME_BYTES_MAX;
use model::{Marking, Timestamp};
use serde_json::Value;

use super::tags;
use crate::Trouble;
use crate::intel::object::{Object, cut};
use crate::intel::{Refused, walk};

/// One event of a feed, as the manifest announces it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ManifestEntry {
    /// The event's UUID; its file is called so, with `.json`.
    pub uuid: String,
    /// When it was last changed.
    pub timestamp: Option<Timestamp>,
    /// What it is about.
    pub info: String,
    /// Who made it.
    pub organisation: String,
    /// How far it may travel.
    pub marking: Option<Marking>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// Reads a `manifest.json`: an object whose members' names are the events' UUIDs. An entry whose name is no UUID is refused, because a file's
/// address is made of it.
pub fn manifest(bytes: &[u8], sink: &mut dyn FnMut(Result<ManifestEntry, Refused>)) {
    let refused = |place: String, trouble: Trouble| Err(Refused { place, trouble });
    match walk::shape(bytes) {
        Ok(walk::Shape::Object) => {}
        Ok(walk::Shape::Array) => {
            return sink(refused("document".to_owned(), Trouble::malformed("a JSON object should start here")));
        }
        Err(trouble) => return sink(refused("document".to_owned(), trouble)),
    }
    for (number, member) in (1..).zip(walk::members(bytes)) {
        let name = member.as_ref().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).unwrap_or_default();
        let place = format!("entry {number} ({})", cut(&name, INTEL_NAME_BYTES_MAX));
        match member.and_then(|(_, bytes)| entry(&name, bytes)) {
            Ok((entry, lost)) => {
                sink(Ok(entry));
                if let Some(trouble) = lost {
                    sink(refused(place, trouble));
                }
            }
            Err(trouble) => sink(refused(place, trouble)),
        }
    }
}

fn entry(uuid: &str, bytes: &[u8]) -> Result<(ManifestEntry, Option<Trouble>), Trouble> {
    if uuid.len() != 36 || uuid::Uuid::try_parse(uuid).is_err() {
        return Err(Trouble::malformed("its name is no UUID"));
    }
    let Value::Object(map) = walk::parsed(bytes)? else { return Err(Trouble::malformed("no JSON object")) };
    let mut object = Object::new(&map);
    let tags = tags::of(&mut object);
    let organisation = object.object("Orgc").map(|organisation| Object::new(organisation).name("name"));
    let entry = ManifestEntry {
        uuid: uuid.to_owned(),
        timestamp: object.time("timestamp"),
        info: object.name("info"),
        organisation: organisation.unwrap_or_default(),
        marking: tags.marking,
        tags: tags.words,
    };
    Ok((entry, object.trouble()))
}

/// A line of `hashes.csv`: the MD5 of an attribute's value, and the event that it stands in. It says that a feed knows a value, not what it
/// is; it is not the hash of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedValue {
    /// The MD5 of the value, 32 digits in small letters.
    pub md5: String,
    /// The event's UUID.
    pub event: String,
}

/// Reads a `hashes.csv`.
pub fn hashes(bytes: &[u8], sink: &mut dyn FnMut(Result<HashedValue, Refused>)) {
    for (number, line) in (1u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        sink(hashed(line).ok_or_else(|| Refused {
            place: format!("line {number}"),
            trouble: Trouble::malformed("an MD5, a comma and a UUID should stand here"),
        }));
    }
}

fn hashed(line: &[u8]) -> Option<HashedValue> {
    let (md5, event) = std::str::from_utf8(line).ok()?.split_once(',')?;
    let event = event.trim();
    let is_md5 = md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uuid = event.len() == 36 && uuid::Uuid::try_parse(event).is_ok();
    (is_md5 && is_uuid).then(|| HashedValue { md5: md5.to_ascii_lowercase(), event: event.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entries(text: &str) -> Vec<Result<ManifestEntry, String>> {
        let mut found = Vec::new();
        manifest(text.as_bytes(), &mut |entry| found.push(entry.map_err(|refused| refused.to_string())));
        found
    }

    #[test]
    fn a_manifest() {
        let found = entries(
            r#"{"5a1d-x": {}, "0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f": {"Orgc": {"name": "CIRCL"}, "info": "x",
                "timestamp": "1502459000", "Tag": [{"name": "tlp:white"}], "date": "2017-08-11"}}"#,
        );
        assert_eq!(found[0], Err("entry 1 (5a1d-x): its name is no UUID".to_owned()));
        let entry = found[1].as_ref().unwrap();
        assert_eq!((entry.organisation.as_str(), entry.info.as_str()), ("CIRCL", "x"));
        assert_eq!(entry.timestamp, Some(Timestamp::from_micros(1_502_459_000_000_000)));
        assert_eq!(entry.marking.map(|marking| marking.tlp), Some(model::Tlp::Clear));
        assert!(entries("[]")[0].is_err());
    }

    #[test]
    fn hashed_values() {
        let mut found = Vec::new();
        let text = b"44D88612FEA8A8F36DE82E1278ABB02F,0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f\r\n\nx,y\n";
        hashes(text, &mut |entry| found.push(entry.map_err(|refused| refused.to_string())));
        assert_eq!(found[0].as_ref().unwrap().md5, "44d88612fea8a8f36de82e1278abb02f");
        assert_eq!(found[1], Err("line 3: an MD5, a comma and a UUID should stand here".to_owned()));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[{}\\[\\]\":,a0-9\n-]{0,80}") {
            let _ = entries(&text);
            hashes(text.as_bytes(), &mut |_| {});
        }
    }
}
