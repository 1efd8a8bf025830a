//! What stands behind the question mark: filters (section 3.4), the length of a page, and where it goes on (section 3.5).
//!
//! `next` says behind which moment a page begins, and carries a hash of that, of the endpoint and of all filters: it is good for the same
//! question only, whatever the length of its pages. It says nothing that a page's headers do not say.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::office::{ObjectsAsked, SpecAsked, VersionsAsked};
use model::{Timestamp, limits};
use utoipa::IntoParams;

use super::answer::Wrong;

/// Filters of objects and manifests, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the names stand in the document; the query is read pair by pair")]
pub(super) struct CollectionFilters {
    /// Added later than this time.
    #[param(format = DateTime, nullable = false)]
    added_after: Option<String>,
    /// At most so many; the server gives fewer when it wants to.
    #[param(minimum = 1, nullable = false)]
    limit: Option<u64>,
    /// What the page before said.
    #[param(nullable = false)]
    next: Option<String>,
    /// Ids, with commas between them.
    #[param(rename = "match[id]", nullable = false)]
    id: Option<String>,
    /// Types, with commas between them.
    #[param(rename = "match[type]", nullable = false)]
    kind: Option<String>,
    /// `first`, `last`, `all`, or times, with commas between them; `last` when it is not said.
    #[param(rename = "match[version]", nullable = false)]
    version: Option<String>,
    /// Versions of STIX, with commas between them; each object's newest when it is not said.
    #[param(rename = "match[spec_version]", nullable = false)]
    spec_version: Option<String>,
}

/// Filters of one object.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "as above")]
pub(super) struct ObjectFilters {
    /// Added later than this time.
    #[param(format = DateTime, nullable = false)]
    added_after: Option<String>,
    /// At most so many.
    #[param(minimum = 1, nullable = false)]
    limit: Option<u64>,
    /// What the page before said.
    #[param(nullable = false)]
    next: Option<String>,
    /// `first`, `last`, `all`, or times.
    #[param(rename = "match[version]", nullable = false)]
    version: Option<String>,
    /// Versions of STIX.
    #[param(rename = "match[spec_version]", nullable = false)]
    spec_version: Option<String>,
}

/// Filters of an object's versions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "as above")]
pub(super) struct VersionFilters {
    /// Added later than this time.
    #[param(format = DateTime, nullable = false)]
    added_after: Option<String>,
    /// At most so many.
    #[param(minimum = 1, nullable = false)]
    limit: Option<u64>,
    /// What the page before said.
    #[param(nullable = false)]
    next: Option<String>,
    /// Versions of STIX.
    #[param(rename = "match[spec_version]", nullable = false)]
    spec_version: Option<String>,
}

/// What is to be deleted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "as above")]
pub(super) struct DeleteFilters {
    /// `first`, `last`, `all`, or times; all when it is not said.
    #[param(rename = "match[version]", nullable = false)]
    version: Option<String>,
    /// Versions of STIX; any when it is not said.
    #[param(rename = "match[spec_version]", nullable = false)]
    spec_version: Option<String>,
}

/// What a request asks for, read.
#[derive(Debug, Default)]
pub(super) struct Filters {
    added_after: Option<Timestamp>,
    limit: Option<usize>,
    next: Option<String>,
    ids: BTreeSet<String>,
    types: BTreeSet<String>,
    versions: Option<BTreeSet<String>>,
    spec_versions: Option<BTreeSet<String>>,
}

/// Which of the `match` filters an endpoint knows. What it does not know is not heard, as for any other word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Objects,
    Object,
    Manifest,
    Versions,
    Delete,
}

impl Endpoint {
    const fn name(self) -> &'static str {
        match self {
            Endpoint::Objects => "objects",
            Endpoint::Object => "object",
            Endpoint::Manifest => "manifest",
            Endpoint::Versions => "versions",
            Endpoint::Delete => "delete",
        }
    }

    const fn knows_ids(self) -> bool {
        matches!(self, Endpoint::Objects | Endpoint::Manifest)
    }

    const fn knows_versions(self) -> bool {
        !matches!(self, Endpoint::Versions)
    }

    const fn has_pages(self) -> bool {
        !matches!(self, Endpoint::Delete)
    }
}

impl Filters {
    /// Reads the text behind the question mark.
    pub(super) fn read(query: &str, endpoint: Endpoint) -> Result<Self, Wrong> {
        let mut filters = Filters::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if value.contains('\0') {
                return Err(Wrong::bad(format!("{name} holds the letter zero")));
            }
            let mut values = value.split(',').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
            match &*name {
                "added_after" if endpoint.has_pages() => filters.added_after = Some(time("added_after", &value)?),
                "limit" if endpoint.has_pages() => filters.limit = Some(limit(&value)?),
                "next" if endpoint.has_pages() => filters.next = Some(value.into_owned()),
                "match[id]" if endpoint.knows_ids() => filters.ids.extend(&mut values),
                "match[type]" if endpoint.knows_ids() => filters.types.extend(&mut values),
                "match[version]" if endpoint.knows_versions() => {
                    filters.versions.get_or_insert_default().extend(&mut values);
                }
                "match[spec_version]" => filters.spec_versions.get_or_insert_default().extend(&mut values),
                _ => {}
            }
        }
        Ok(filters)
    }

    /// What is asked of a collection, or of one object of it.
    pub(super) fn asked(&self, endpoint: Endpoint, place: &Place<'_>) -> Result<ObjectsAsked, Wrong> {
        let mut asked = ObjectsAsked {
            ids: self.ids.iter().cloned().chain(place.object.map(str::to_owned)).collect(),
            types: self.types.iter().cloned().collect(),
            spec: self.spec(endpoint)?,
            versions: self.versions(endpoint)?,
            rows_max: self.limit.unwrap_or(limits::TAXII_PAGE_DEFAULT).min(limits::TAXII_PAGE_MAX),
            ..ObjectsAsked::default()
        };
        if let Some(at) = self.added_after {
            asked.after = at;
        }
        if let Some(next) = &self.next {
            asked.after = self.position(next, endpoint, place)?;
        }
        Ok(asked)
    }

    fn spec(&self, endpoint: Endpoint) -> Result<SpecAsked, Wrong> {
        let Some(said) = self.spec_versions.as_ref().filter(|said| !said.is_empty()) else {
            return Ok(if endpoint == Endpoint::Delete { SpecAsked::Any } else { SpecAsked::Newest });
        };
        Ok(SpecAsked::Among(said.iter().cloned().collect()))
    }

    fn versions(&self, endpoint: Endpoint) -> Result<VersionsAsked, Wrong> {
        let Some(said) = self.versions.as_ref().filter(|said| !said.is_empty()) else {
            // What is deleted without a word about versions is deleted as a whole (section 5.7).
            let is_whole = matches!(endpoint, Endpoint::Versions | Endpoint::Delete);
            return Ok(if is_whole { VersionsAsked::all() } else { VersionsAsked::default() });
        };
        let mut versions = VersionsAsked { last: false, ..VersionsAsked::default() };
        for word in said {
            match word.as_str() {
                "all" => versions.all = true,
                "first" => versions.first = true,
                "last" => versions.last = true,
                written => versions.at.push(time("match[version]", written)?),
            }
        }
        Ok(versions)
    }

    /// What the next page's request has to say.
    pub(super) fn next(&self, after: Timestamp, endpoint: Endpoint, place: &Place<'_>) -> String {
        let position = after.as_micros().to_be_bytes();
        let mut bytes = position.to_vec();
        bytes.extend_from_slice(&self.seal(position, endpoint, place));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn position(&self, next: &str, endpoint: Endpoint, place: &Place<'_>) -> Result<Timestamp, Wrong> {
        let bytes = URL_SAFE_NO_PAD.decode(next).unwrap_or_default();
        let read = bytes.split_first_chunk().filter(|(position, seal)| *seal == self.seal(**position, endpoint, place));
        let wrong =
            || Wrong::bad("next is none that was given for this question: filters stay the same from page to page");
        let (position, _) = read.ok_or_else(wrong)?;
        Ok(Timestamp::from_micros(i64::from_be_bytes(*position)))
    }

    fn seal(&self, position: [u8; 8], endpoint: Endpoint, place: &Place<'_>) -> [u8; SEAL_BYTES] {
        let question = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            endpoint.name(),
            (place.root, place.collection, place.object),
            self.added_after,
            self.ids,
            self.types,
            self.versions,
            self.spec_versions
        );
        let mut hasher = blake3::Hasher::new_derive_key("watchbell taxii next 1");
        hasher.update(&position).update(question.as_bytes());
        let mut seal = [0; SEAL_BYTES];
        hasher.finalize_xof().fill(&mut seal);
        seal
    }
}

/// Enough that nothing is taken for one by accident; nobody gains anything by making one.
const SEAL_BYTES: usize = 12;

/// Of what something is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) root: &'a str,
    pub(super) collection: &'a str,
    pub(super) object: Option<&'a str>,
}

fn time(name: &str, text: &str) -> Result<Timestamp, Wrong> {
    // A plus that was not escaped is read as a blank; no time has one.
    let read = Timestamp::parse(&text.replace(' ', "+")).filter(|_| text.len() <= 40);
    read.ok_or_else(|| Wrong::bad(format!("{name} is no time as RFC 3339 writes them")))
}

fn limit(text: &str) -> Result<usize, Wrong> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number that is too long to be read is a large one.
    let number = text.parse().unwrap_or(usize::MAX);
    if is_number && number > 0 { Ok(number) } else { Err(Wrong::bad("limit is a number greater than 0")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> = Place { root: "r", collection: "c", object: None };

    fn asked(query: &str) -> Result<ObjectsAsked, Wrong> {
        Filters::read(query, Endpoint::Objects)?.asked(Endpoint::Objects, &PLACE)
    }

    #[test]
    fn filters_are_read() {
        assert_eq!(asked("").unwrap(), ObjectsAsked::default());
        let all = asked(
            "added_after=2016-11-03T12:30:59.5Z&limit=7&match%5Bid%5D=a--1,b--2&match[id]=c--3&match[type]=tool&\
             match[version]=first,2016-12-25T12:30:59.444Z&match[spec_version]=2.0,2.1&unknown=x&match[unknown]=y",
        )
        .unwrap();
        assert_eq!(all.after, Timestamp::parse("2016-11-03T12:30:59.5Z").unwrap());
        assert_eq!((all.ids.len(), all.types.len(), all.rows_max), (3, 1, 7));
        assert_eq!((all.versions.first, all.versions.last, all.versions.at.len()), (true, false, 1));
        assert_eq!(all.spec, SpecAsked::Among(vec!["2.0".to_owned(), "2.1".to_owned()]));
        assert_eq!(asked("limit=99999999999999999999999").unwrap().rows_max, limits::TAXII_PAGE_MAX);
        assert_eq!(
            asked("added_after=2016-11-03T13:30:59+01:00").unwrap().after,
            asked("added_after=2016-11-03T12:30:59Z").unwrap().after
        );
        for wrong in [
            "limit=0",
            "limit=-20",
            "limit=x",
            "limit=",
            "limit=1.5",
            "added_after=yesterday",
            "added_after=",
            "match[version]=newest",
            "next=",
            "next=x",
            "match[id]=%00",
            "next=AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(asked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_deleted_is_deleted_as_a_whole() {
        let asked =
            |query: &str| Filters::read(query, Endpoint::Delete).unwrap().asked(Endpoint::Delete, &PLACE).unwrap();
        assert_eq!((asked("").versions, asked("").spec), (VersionsAsked::all(), SpecAsked::Any));
        assert_eq!(asked("match[version]=last").versions, VersionsAsked::default());
    }

    #[test]
    fn a_page_goes_on_for_the_same_question_only() {
        let after = Timestamp::from_micros(1_485_525_599_997_001);
        let question = "match[type]=tool,malware&added_after=2016-11-03T12:30:59Z&limit=2";
        let next = Filters::read(question, Endpoint::Objects).unwrap().next(after, Endpoint::Objects, &PLACE);
        let go_on = |question: &str, endpoint: Endpoint, place: &Place<'_>| {
            Filters::read(&format!("{question}&next={next}"), endpoint)?.asked(endpoint, place)
        };
        let same = "added_after=2016-11-03T12:30:59.000Z&match[type]=malware&match[type]=tool&limit=5";
        assert_eq!(go_on(question, Endpoint::Objects, &PLACE).unwrap().after, after);
        assert_eq!(go_on(same, Endpoint::Objects, &PLACE).unwrap().after, after);
        assert!(go_on("match[type]=tool", Endpoint::Objects, &PLACE).is_err());
        assert!(go_on("", Endpoint::Objects, &PLACE).is_err());
        assert!(go_on(question, Endpoint::Manifest, &PLACE).is_err());
        assert!(go_on(question, Endpoint::Objects, &Place { collection: "d", ..PLACE }).is_err());
        for at in 0..next.len() {
            let other = if next.as_bytes()[at] == b'A' { "B" } else { "A" };
            let forged = format!("{}{other}{}", &next[..at], &next[at + 1..]);
            let read = Filters::read(&format!("{question}&next={forged}"), Endpoint::Objects).unwrap();
            assert!(read.asked(Endpoint::Objects, &PLACE).is_err(), "{forged}");
        }
    }
}
