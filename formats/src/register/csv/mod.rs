//! The register as tables: one file of items, one of links. The header's names are those of the fields of
//! [`Item`] and [`Link`]; which of the two it is follows from them.
//!
//! An empty cell means that nobody has said. Lists are separated by `;` (`\;` is one inside an entry). Data is written `health:12000;contact`,
//! with the number of residents where it is known; `none` means known to hold none. A program is `product|version|vendor|cpe|purl`, as far as
//! known; a name or package URL alone will do. A categorization has three columns for each objective: `confidentiality` is what was decided,
//! `confidentiality_proposed`, `confidentiality_why`.
//!
//! What a spreadsheet would take for a formula gets an apostrophe in front when it is written, and loses it when it is read (OWASP, "CSV
//! Injection"). Delimiters may be `,`, `;` or tabs.

mod cell;
mod write;

use std::str::FromStr;

use model::register::{
    Address, Categorization, DataCategory, DataHeld, Interface, Item, ItemId, ItemKind, Lifecycle, Link, LinkKind,
    Objective, Software,
};

use super::{Bringing, Brought};
use crate::Trouble;
use crate::intel::list::delimited_records;
pub use write::{Written, items, links};

/// Columns of items, in the order in which they are written.
pub const ITEM_COLUMNS: &[&str] = &[
    "id",
    "kind",
    "title",
    "about",
    "state",
    "owner",
    "exposure",
    "data",
    "information_types",
    "confidentiality",
    "confidentiality_proposed",
    "confidentiality_why",
    "integrity",
    "integrity_proposed",
    "integrity_why",
    "availability",
    "availability_proposed",
    "availability_why",
    "is_life_safety",
    "residents",
    "day_costs",
    "is_mobile",
    "addresses",
    "software",
    "labels",
];

/// Columns of links, in the order in which they are written.
pub const LINK_COLUMNS: &[&str] =
    &["from", "kind", "to", "protocol", "port", "is_authenticated", "is_encrypted", "data", "about"];

/// Reads items or links.
///
/// ```
/// let found = formats::register::csv::read(b"id;kind;data\nportal;service;health:12000\nx;thing;\n");
/// assert_eq!(found.items[0].data.as_ref().and_then(|data| data[0].residents), Some(12000));
/// assert!(found.refused[0].to_string().starts_with("line 3: kind: \"thing\" is no kind of item"));
/// ```
pub fn read(bytes: &[u8]) -> Brought {
    let mut out = Bringing::default();
    if out.is_small(bytes) {
        table(bytes, &mut out);
    }
    out.brought
}

fn table(bytes: &[u8], out: &mut Bringing) {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return out.refuse("document", Trouble::malformed("UTF-16; hint: save the table as UTF-8"));
    }
    let mut header: Option<Header> = None;
    for record in delimited_records(bytes, delimiter(bytes)) {
        let place = format!("line {}", record.line);
        let cells = match record.cells {
            Ok(cells) => cells,
            Err(trouble) => {
                out.refuse(place, trouble);
                continue;
            }
        };
        if record.is_comment {
            continue;
        }
        let cells: Result<Vec<String>, _> =
            cells.iter().map(|cell| std::str::from_utf8(cell).map(cell::unguarded)).collect();
        let Ok(cells) = cells else {
            out.refuse(place, Trouble::malformed("a cell is not UTF-8"));
            continue;
        };
        let Some(header) = &header else {
            match Header::of(&cells, &place, out) {
                Some(found) => header = Some(found),
                None => return,
            }
            continue;
        };
        let row = Row { names: &header.names, cells: &cells };
        if cells.len() > header.names.len() {
            out.refuse(place, Trouble::malformed("more cells than columns"));
            continue;
        }
        let done = if header.is_links {
            link(&row).map(|link| out.link(&place, link))
        } else {
            item(&row).map(|item| out.item(&place, item))
        };
        if let Err(reason) = done {
            out.refuse(place, Trouble::malformed(reason));
        }
    }
    if header.is_none() {
        out.refuse("document", Trouble::malformed("the line with the columns' names is missing"));
    }
}

/// What separates the names of the columns.
fn delimiter(bytes: &[u8]) -> char {
    let lines = bytes.split(|byte| *byte == b'\n');
    let first = lines.into_iter().find(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#"));
    let count =
        |delimiter: char| first.unwrap_or_default().iter().filter(|byte| char::from(**byte) == delimiter).count();
    // The first of the most frequent.
    [',', ';', '\t'].into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(',')
}

struct Header {
    names: Vec<String>,
    is_links: bool,
}

impl Header {
    fn of(cells: &[String], place: &str, out: &mut Bringing) -> Option<Self> {
        let names: Vec<String> =
            cells.iter().map(|name| name.trim().to_ascii_lowercase().replace([' ', '-'], "_")).collect();
        let has = |name: &&str| names.iter().any(|own| own == *name);
        let is_links = ["from", "to", "kind"].iter().all(has);
        if !is_links && !["id", "kind"].iter().all(has) {
            let reason = "columns `id` and `kind` make items, `from`, `kind` and `to` make links; neither are there";
            out.refuse(place, Trouble::malformed(reason));
            return None;
        }
        let known = if is_links { LINK_COLUMNS } else { ITEM_COLUMNS };
        for (number, name) in names.iter().enumerate() {
            let shown: String = name.chars().take(80).collect();
            if names.iter().take(number).any(|other| other == name) && !name.is_empty() {
                out.refuse(place, Trouble::malformed(format!("two columns are called {shown:?}")));
                return None;
            }
            if !known.contains(&name.as_str()) && !name.is_empty() {
                out.refuse(
                    place,
                    Trouble::part_lost(format!("column {shown:?} is none of the register's, and left out")),
                );
            }
        }
        Some(Header { names, is_links })
    }
}

struct Row<'r> {
    names: &'r [String],
    cells: &'r [String],
}

impl Row<'_> {
    fn text(&self, name: &str) -> &str {
        let place = self.names.iter().position(|own| own == name);
        place.and_then(|place| self.cells.get(place)).map(String::as_str).unwrap_or_default()
    }

    /// A value that is read from a word; `None` where the cell is empty.
    fn word<T: FromStr>(&self, name: &str) -> Result<Option<T>, String>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.text(name).trim();
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error: T::Err| format!("{name}: {error}"))
    }

    fn needed<T: FromStr>(&self, name: &str) -> Result<T, String>
    where
        T::Err: std::fmt::Display,
    {
        self.word(name)?.ok_or_else(|| format!("{name}: it is missing"))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        match self.text(name).trim().to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "yes" | "true" | "1" => Ok(Some(true)),
            "no" | "false" | "0" => Ok(Some(false)),
            _ => Err(format!("{name}: neither yes nor no")),
        }
    }

    fn list<T>(&self, name: &str, each: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
        let entries = cell::split(self.text(name), ';').into_iter().filter(|entry| !entry.is_empty());
        entries.map(|entry| each(&entry).map_err(|error| format!("{name}: {error}"))).collect()
    }

    /// A list that may be known to be empty.
    fn known_list<T>(&self, name: &str, each: impl Fn(&str) -> Result<T, String>) -> Result<Option<Vec<T>>, String> {
        match self.text(name).trim() {
            "" => Ok(None),
            none if none.eq_ignore_ascii_case("none") => Ok(Some(Vec::new())),
            _ => self.list(name, each).map(Some),
        }
    }

    fn objective(&self, name: &str) -> Result<Option<Objective>, String> {
        let (decided, proposed) = (self.word(name)?, self.word(&format!("{name}_proposed"))?);
        let why = self.text(&format!("{name}_why")).to_owned();
        let is_said = decided.is_some() || proposed.is_some() || !why.is_empty();
        Ok(is_said.then_some(Objective { proposed, decided, why }))
    }

    fn categorization(&self) -> Result<Option<Categorization>, String> {
        let found = [self.objective("confidentiality")?, self.objective("integrity")?, self.objective("availability")?];
        if found.iter().all(Option::is_none) {
            return Ok(None);
        }
        let open = Objective { proposed: None, decided: None, why: String::new() };
        let [confidentiality, integrity, availability] =
            found.map(|objective| objective.unwrap_or_else(|| open.clone()));
        Ok(Some(Categorization { confidentiality, integrity, availability }))
    }
}

fn item(row: &Row<'_>) -> Result<Item, String> {
    let id: ItemId = row.needed("id")?;
    let kind: ItemKind = row.needed("kind")?;
    let title = Some(row.text("title")).filter(|title| !title.trim().is_empty()).unwrap_or(id.as_str()).to_owned();
    Ok(Item {
        about: row.text("about").to_owned(),
        state: row.word("state")?.unwrap_or(Lifecycle::Running),
        owner: row.text("owner").to_owned(),
        exposure: row.word("exposure")?,
        data: row.known_list("data", held)?,
        information_types: row.list("information_types", |entry| Ok(entry.to_owned()))?,
        categorization: row.categorization()?,
        is_life_safety: row.flag("is_life_safety")?,
        residents: row.word("residents")?,
        day_costs: row.word("day_costs")?,
        is_mobile: row.flag("is_mobile")?.unwrap_or(false),
        addresses: row.list("addresses", |entry| Address::try_from(entry.to_owned()))?,
        software: row.list("software", |entry| Ok(program(entry)))?,
        labels: row.list("labels", |entry| Ok(entry.to_owned()))?,
        ..Item::new(id, kind, &title)
    })
}

fn link(row: &Row<'_>) -> Result<Link, String> {
    let kind: LinkKind = row.needed("kind")?;
    let interface = Interface {
        protocol: row.text("protocol").trim().to_ascii_lowercase(),
        port: row.word("port")?,
        is_authenticated: row.flag("is_authenticated")?,
        is_encrypted: row.flag("is_encrypted")?,
    };
    Ok(Link {
        interface: Some(interface).filter(|interface| *interface != Interface::default()),
        data: row.known_list("data", category)?,
        about: row.text("about").to_owned(),
        ..Link::new(row.needed("from")?, kind, row.needed("to")?)
    })
}

fn category(text: &str) -> Result<DataCategory, String> {
    text.parse().map_err(|error: model::register::UnknownWord| error.to_string())
}

fn held(text: &str) -> Result<DataHeld, String> {
    let (name, residents) = text.split_once(':').map_or((text, None), |(name, residents)| (name, Some(residents)));
    let residents = residents.map(|number| {
        let number = number.trim().replace(['\'', '_'], "");
        number
            .parse::<u64>()
            .map_err(|_| format!("{:?} is no number of residents", number.chars().take(40).collect::<String>()))
    });
    Ok(DataHeld { category: category(name)?, residents: residents.transpose()? })
}

/// `product|version|vendor|cpe|purl`, or one name alone.
fn program(text: &str) -> Software {
    let mut parts = cell::split(text, '|');
    if let [only] = parts.as_slice() {
        let is = |prefix: &str| only.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
        let alone = |cpe: Option<String>, purl: Option<String>, product: String| Software {
            product,
            cpe,
            purl,
            ..Software::default()
        };
        if is("pkg:") {
            let product = model::software::Purl::parse(only).map(|purl| purl.name().to_owned()).unwrap_or_default();
            return alone(None, Some(only.clone()), product);
        }
        if is("cpe:") {
            let read = model::software::Cpe::parse(only);
            let product = read.ok().and_then(|cpe| cpe.text(model::software::cpe::Attribute::Product));
            return alone(Some(only.clone()), None, product.unwrap_or_default());
        }
    }
    parts.resize(5, String::new());
    let mut parts = parts.into_iter();
    let mut next = || parts.next().unwrap_or_default();
    let (product, version, vendor) = (next(), next(), next());
    let mut maybe = || Some(next()).filter(|text| !text.is_empty());
    let (cpe, purl) = (maybe(), maybe());
    Software { vendor, product, version, cpe, purl }
}
