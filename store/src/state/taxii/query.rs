//! Which objects are asked for, and the statements that find them.
//!
//! What can be asked has few forms: how rows are reached, what is said of the specification's version, what of the objects'
//! versions, and what is wanted of them. Each combination has a statement of its own, put together once from the constants below, with a
//! fixed number of places for values; places that are not needed are filled with the last value. Nothing of a request gets into
//! a statement's text.
//!
//! Filters as in TAXII 2.1, section 3.4: one that has several values is satisfied by any of them, several must all be satisfied. The
//! "first" and "last" version are those of the object in the collection among the asked versions of the specification,
//! whenever they were added.

use std::sync::LazyLock;

use model::{Timestamp, limits};

use super::super::database::{Bound, StateError, check_size};

/// Keys first, from the index and the head of each row; then as many of them as fit; then their texts. $1 is the agency, $2 the collection,
/// $3 the moment behind which to begin, $4 one more than the rows that are wanted, $5 the bytes that they may have.
const PAGE: &str = "WITH found AS ({found}), placed AS (SELECT added_us, row_number() OVER (ORDER BY added_us) AS place, \
    CAST(sum({weight}) OVER (ORDER BY added_us) AS BIGINT) AS bytes FROM found), \
    page AS (SELECT added_us FROM placed WHERE place < $4 AND (bytes <= $5 OR place = 1)) \
    SELECT (SELECT count(*) FROM placed), count(*), min(b.added_us), max(b.added_us), {wanted} \
    FROM page JOIN taxii_objects b ON b.agency = $1 AND b.collection = $2 AND b.added_us = page.added_us";

/// The objects themselves, with commas between them.
const OBJECTS: &str = "string_agg(b.body, ',' ORDER BY b.added_us)";

/// What a manifest says of each: four words and a line's end. None of them holds a blank; the last may be empty.
const ENTRIES: &str = "string_agg(b.added_us || ' ' || b.object_id || ' ' || b.spec_version || ' ' || b.version || '\n', '' \
    ORDER BY b.added_us)";

/// Rows in the order in which they were added, along the index that this order has.
const IN_ORDER: &str = "SELECT r.added_us, r.size FROM taxii_objects r WHERE r.agency = $1 AND r.collection = $2 \
    AND r.added_us > $3 {filters} ORDER BY r.added_us LIMIT $4";

/// Rows that another index finds. Adding nothing keeps the engine from going through the whole collection for the sake of the order.
const BY_INDEX: &str = "SELECT r.added_us, r.size FROM taxii_objects r WHERE r.agency = $1 AND r.collection = $2 \
    AND r.added_us + 0 > $3 {filters} ORDER BY r.added_us + 0 LIMIT $4";

/// Other versions of a row's object.
const OTHERS: &str =
    "SELECT 1 FROM taxii_objects o WHERE o.agency = $1 AND o.collection = $2 AND o.object_id = r.object_id";

/// Types that are followed side by side, each along its own range; more are picked out of the whole collection.
const TYPES_APART: usize = 8;

/// What is said of the specification's version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SpecAsked {
    /// The newest in which the collection has the object.
    #[default]
    Newest,
    /// Any.
    Any,
    /// One of these.
    Among(Vec<String>),
}

/// What is said of objects' versions: a version that any of these names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionsAsked {
    /// Each.
    pub all: bool,
    /// The object's first.
    pub first: bool,
    /// The object's last.
    pub last: bool,
    /// Those of these times.
    pub at: Vec<Timestamp>,
}

impl Default for VersionsAsked {
    fn default() -> Self {
        VersionsAsked { all: false, first: false, last: true, at: Vec::new() }
    }
}

impl VersionsAsked {
    /// All of them.
    pub fn all() -> Self {
        VersionsAsked { all: true, first: false, last: false, at: Vec::new() }
    }
}

/// Which objects of a collection are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectsAsked {
    /// Added later than this.
    pub after: Timestamp,
    /// With one of these ids; any when empty.
    pub ids: Vec<String>,
    /// Of one of these types; any when empty.
    pub types: Vec<String>,
    /// In which version of the specification.
    pub spec: SpecAsked,
    /// Which versions.
    pub versions: VersionsAsked,
    /// At most so many; never more than [`limits::TAXII_PAGE_MAX`].
    pub rows_max: usize,
}

impl Default for ObjectsAsked {
    fn default() -> Self {
        ObjectsAsked {
            after: Timestamp::from_micros(i64::MIN),
            ids: Vec::new(),
            types: Vec::new(),
            spec: SpecAsked::default(),
            versions: VersionsAsked::default(),
            rows_max: limits::TAXII_PAGE_DEFAULT,
        }
    }
}

/// What is wanted of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Objects,
    Entries,
}

/// How rows are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    All,
    Type,
    FewTypes,
    ManyTypes,
    Ids,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spec {
    Newest,
    Any,
    Among,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    All,
    Chosen,
}

const WANTED: [Wanted; 2] = [Wanted::Objects, Wanted::Entries];
const WAYS: [Way; 5] = [Way::All, Way::Type, Way::FewTypes, Way::ManyTypes, Way::Ids];
const SPECS: [Spec; 3] = [Spec::Newest, Spec::Any, Spec::Among];
const VERSIONS: [Versions; 2] = [Versions::All, Versions::Chosen];

/// A combination; its place in [`TEXTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    wanted: Wanted,
    way: Way,
    spec: Spec,
    versions: Versions,
}

impl Form {
    const COUNT: usize = WANTED.len() * WAYS.len() * SPECS.len() * VERSIONS.len();

    const fn place(self) -> usize {
        let place = self.wanted as usize * WAYS.len() + self.way as usize;
        (place * SPECS.len() + self.spec as usize) * VERSIONS.len() + self.versions as usize
    }

    fn text(self) -> String {
        let mut places = Places(6);
        let filters = |places: &mut Places, way: String| {
            let (spec, others) = self.spec(places);
            format!("{way} {spec} {}", self.versions(places, others))
        };
        let found = match self.way {
            Way::All => IN_ORDER.replace("{filters}", &filters(&mut places, String::new())),
            Way::Type | Way::FewTypes => self.types_apart(&mut places),
            Way::ManyTypes => {
                let among = format!("AND r.object_type || '' IN ({})", places.take(limits::TAXII_MATCH_TYPES_MAX));
                IN_ORDER.replace("{filters}", &filters(&mut places, among))
            }
            Way::Ids => {
                let among = format!("AND r.object_id IN ({})", places.take(limits::TAXII_MATCH_IDS_MAX));
                BY_INDEX.replace("{filters}", &filters(&mut places, among))
            }
        };
        // A manifest's entry is short, whatever it stands for.
        let (wanted, weight) = match self.wanted {
            Wanted::Objects => (OBJECTS, "size"),
            Wanted::Entries => (ENTRIES, "400"),
        };
        PAGE.replace("{found}", &found).replace("{wanted}", wanted).replace("{weight}", weight)
    }

    /// The first rows of each type, and of those the first: as much work as there are types, whatever else is in the collection.
    fn types_apart(self, places: &mut Places) -> String {
        let count = if self.way == Way::Type { 1 } else { TYPES_APART };
        let names: Vec<String> = (0..count).map(|_| places.take(1)).collect();
        let (spec, others) = self.spec(places);
        let versions = self.versions(places, others);
        let of_type =
            |name: &String| IN_ORDER.replace("{filters}", &format!("AND r.object_type = {name} {spec} {versions}"));
        if let [name] = names.as_slice() {
            return of_type(name);
        }
        let each = names.iter().enumerate();
        let each: Vec<_> = each.map(|(at, name)| format!("SELECT * FROM ({}) AS t{at}", of_type(name))).collect();
        format!("SELECT added_us, size FROM ({}) AS types ORDER BY added_us LIMIT $4", each.join(" UNION ALL "))
    }

    /// The condition, and which other rows of the object a version is compared with.
    fn spec(self, places: &mut Places) -> (String, String) {
        match self.spec {
            Spec::Newest => (
                format!("AND NOT EXISTS ({OTHERS} AND o.spec_version > r.spec_version)"),
                format!("{OTHERS} AND o.spec_version = r.spec_version"),
            ),
            Spec::Any => (String::new(), OTHERS.to_owned()),
            Spec::Among => {
                let among = places.take(limits::TAXII_MATCH_SPEC_VERSIONS_MAX);
                (format!("AND r.spec_version IN ({among})"), format!("{OTHERS} AND o.spec_version IN ({among})"))
            }
        }
    }

    /// An object without a version has the moment at which it was added for one.
    fn versions(self, places: &mut Places, others: String) -> String {
        if self.versions == Versions::All {
            return String::new();
        }
        let (first, last) = (places.take(1), places.take(1));
        let at = places.take(limits::TAXII_MATCH_VERSIONS_MAX);
        format!(
            "AND (({last} = 1 AND NOT EXISTS ({others} AND o.version_us > r.version_us)) \
             OR ({first} = 1 AND NOT EXISTS ({others} AND o.version_us < r.version_us)) \
             OR (r.version <> '' AND r.version_us IN ({at})) OR (r.version = '' AND r.added_us IN ({at})))"
        )
    }
}

/// Numbers of a statement's places, in order.
struct Places(usize);

impl Places {
    fn take(&mut self, count: usize) -> String {
        let places: Vec<String> = (self.0..self.0 + count).map(|number| format!("${number}")).collect();
        self.0 += count;
        places.join(", ")
    }
}

static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut texts = vec![String::new(); Form::COUNT];
    for wanted in WANTED {
        for way in WAYS {
            for spec in SPECS {
                for versions in VERSIONS {
                    let form = Form { wanted, way, spec, versions };
                    texts[form.place()] = form.text();
                }
            }
        }
    }
    texts
});

/// All of them.
pub(super) fn statements() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(String::as_str)
}

/// The statement for what is asked, with everything bound; `None` when nothing can be found.
pub(super) fn page(
    (agency, collection): (String, i64),
    asked: &ObjectsAsked,
    wanted: Wanted,
) -> Result<Option<Bound>, StateError> {
    check(asked)?;
    let ids: Vec<&String> = asked.ids.iter().filter(|id| is_of_type(id, &asked.types)).collect();
    if ids.is_empty() && !asked.ids.is_empty() {
        return Ok(None);
    }
    let way = match (ids.len(), asked.types.len()) {
        (1.., _) => Way::Ids,
        (0, 0) => Way::All,
        (0, 1) => Way::Type,
        (0, 2..=TYPES_APART) => Way::FewTypes,
        (0, _) => Way::ManyTypes,
    };
    let spec = match &asked.spec {
        SpecAsked::Newest => Spec::Newest,
        SpecAsked::Any => Spec::Any,
        SpecAsked::Among(_) => Spec::Among,
    };
    let versions = if asked.versions.all { Versions::All } else { Versions::Chosen };
    let form = Form { wanted, way, spec, versions };
    let Some(text) = TEXTS.get(form.place()) else { return Ok(None) };
    let rows = asked.rows_max.clamp(1, limits::TAXII_PAGE_MAX) as i64 + 1;
    let mut query = sqlx::query(text.as_str()).bind(agency).bind(collection).bind(asked.after.as_micros());
    query = query.bind(rows).bind(limits::TAXII_PAGE_BYTES_MAX as i64);
    query = match way {
        Way::All => query,
        Way::Type => fill(query, &asked.types, 1),
        Way::FewTypes => asked
            .types
            .iter()
            .map(String::as_str)
            .chain(std::iter::repeat(""))
            .take(TYPES_APART)
            .fold(query, |query, name| query.bind(name.to_owned())),
        Way::ManyTypes => fill(query, &asked.types, limits::TAXII_MATCH_TYPES_MAX),
        Way::Ids => fill(query, &ids, limits::TAXII_MATCH_IDS_MAX),
    };
    if let SpecAsked::Among(among) = &asked.spec {
        query = fill(query, among, limits::TAXII_MATCH_SPEC_VERSIONS_MAX);
    }
    if versions == Versions::Chosen {
        query = query.bind(i64::from(asked.versions.first)).bind(i64::from(asked.versions.last));
        let at = asked.versions.at.iter().map(|at| at.as_micros()).chain(std::iter::repeat(NEVER));
        query = at.take(limits::TAXII_MATCH_VERSIONS_MAX).fold(query, Bound::bind);
    }
    Ok(Some(query))
}

/// No version is of this time.
const NEVER: i64 = i64::MIN;

/// An id begins with its type.
fn is_of_type(id: &str, types: &[String]) -> bool {
    let of = id.split_once("--").map_or("", |(of, _)| of);
    types.is_empty() || types.iter().any(|asked| asked == of)
}

/// Binds values to `places` places; the last one fills those that are left.
fn fill(query: Bound, values: &[impl AsRef<str>], places: usize) -> Bound {
    let last = values.last().map_or("", AsRef::as_ref);
    let values = values.iter().map(AsRef::as_ref).chain(std::iter::repeat(last));
    values.take(places).fold(query, |query, value| query.bind(value.to_owned()))
}

fn check(asked: &ObjectsAsked) -> Result<(), StateError> {
    check_size("ids asked for", asked.ids.len(), limits::TAXII_MATCH_IDS_MAX)?;
    check_size("types asked for", asked.types.len(), limits::TAXII_MATCH_TYPES_MAX)?;
    check_size("versions asked for", asked.versions.at.len(), limits::TAXII_MATCH_VERSIONS_MAX)?;
    match &asked.spec {
        SpecAsked::Among(among) => {
            check_size("versions of STIX asked for", among.len(), limits::TAXII_MATCH_SPEC_VERSIONS_MAX)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_form_has_its_own_statement() {
        assert_eq!(TEXTS.iter().collect::<BTreeSet<_>>().len(), Form::COUNT);
        for text in statements() {
            assert!(!text.contains('{'), "{text}");
        }
    }

    /// SQLite takes 32,766 values, PostgreSQL twice as many; far less than either is fast.
    #[test]
    fn places_are_numbered_without_a_gap() {
        for text in statements() {
            let numbers = text.split('$').skip(1).map(|part| {
                let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
                digits.parse::<usize>().unwrap()
            });
            let numbers: BTreeSet<usize> = numbers.collect();
            assert_eq!(numbers.last(), Some(&numbers.len()), "{text}");
            assert!(numbers.len() < 200);
        }
    }

    #[test]
    fn too_much_is_refused() {
        let many = |count: usize| vec!["x".to_owned(); count];
        let at = vec![Timestamp::EPOCH; limits::TAXII_MATCH_VERSIONS_MAX + 1];
        let asked = ObjectsAsked::default;
        for asked in [
            ObjectsAsked { ids: many(limits::TAXII_MATCH_IDS_MAX + 1), ..asked() },
            ObjectsAsked { types: many(limits::TAXII_MATCH_TYPES_MAX + 1), ..asked() },
            ObjectsAsked { versions: VersionsAsked { at, ..VersionsAsked::all() }, ..asked() },
            ObjectsAsked { spec: SpecAsked::Among(many(limits::TAXII_MATCH_SPEC_VERSIONS_MAX + 1)), ..asked() },
        ] {
            assert!(page((String::new(), 1), &asked, Wanted::Objects).is_err(), "{asked:?}");
        }
    }

    #[test]
    fn ids_of_other_types_find_nothing() {
        let asked =
            ObjectsAsked { ids: vec!["malware--1".to_owned()], types: vec!["tool".to_owned()], ..Default::default() };
        assert!(page((String::new(), 1), &asked, Wanted::Objects).unwrap().is_none());
    }
}
