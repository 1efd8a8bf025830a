//! Writing tables.

use model::limits::LIST_RECORD_BYTES_MAX;
use model::register::{DataHeld, Item, ItemId, Link, Objective, Software};

use super::cell::{escaped, guarded};
use super::{ITEM_COLUMNS, LINK_COLUMNS};

/// A table, and what did not go into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The table.
    pub text: String,
    /// Items, or the items from which links lead, whose lines would be longer than [`LIST_RECORD_BYTES_MAX`], so that no reader would take
    /// them. JSON has no such limit.
    pub too_long: Vec<ItemId>,
}

/// Writes items.
pub fn items(items: &[Item]) -> Written {
    let mut written = Written { text: line(ITEM_COLUMNS.iter().map(|name| (*name).to_owned())), too_long: Vec::new() };
    for item in items {
        written.push(&item.id, line(item_cells(item)));
    }
    written
}

/// Writes links.
pub fn links(links: &[Link]) -> Written {
    let mut written = Written { text: line(LINK_COLUMNS.iter().map(|name| (*name).to_owned())), too_long: Vec::new() };
    for link in links {
        written.push(&link.from, line(link_cells(link)));
    }
    written
}

impl Written {
    fn push(&mut self, id: &ItemId, line: String) {
        if line.len() > LIST_RECORD_BYTES_MAX {
            self.too_long.push(id.clone());
        } else {
            self.text.push_str(&line);
        }
    }
}

fn item_cells(item: &Item) -> impl Iterator<Item = String> {
    let mut cells = vec![
        item.id.to_string(),
        item.kind.to_string(),
        item.title.clone(),
        item.about.clone(),
        item.state.to_string(),
        item.owner.clone(),
        shown(item.exposure),
        known_list(item.data.as_deref(), held),
        list(&item.information_types, |entry| escaped(entry, ';')),
    ];
    let parts = item.categorization.as_ref();
    let parts =
        [parts.map(|all| &all.confidentiality), parts.map(|all| &all.integrity), parts.map(|all| &all.availability)];
    cells.extend(parts.into_iter().flat_map(objective));
    cells.extend([
        flag(item.is_life_safety),
        shown(item.residents),
        shown(item.day_costs),
        if item.is_mobile { "yes".to_owned() } else { String::new() },
        list(&item.addresses, ToString::to_string),
        list(&item.software, program),
        list(&item.labels, |entry| escaped(entry, ';')),
    ]);
    cells.into_iter()
}

fn link_cells(link: &Link) -> impl Iterator<Item = String> {
    let interface = link.interface.clone().unwrap_or_default();
    [
        link.from.to_string(),
        link.kind.to_string(),
        link.to.to_string(),
        interface.protocol,
        shown(interface.port),
        flag(interface.is_authenticated),
        flag(interface.is_encrypted),
        known_list(link.data.as_deref(), ToString::to_string),
        link.about.clone(),
    ]
    .into_iter()
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn flag(value: Option<bool>) -> String {
    shown(value.map(|value| if value { "yes" } else { "no" }))
}

fn list<T>(entries: &[T], each: impl Fn(&T) -> String) -> String {
    entries.iter().map(each).collect::<Vec<_>>().join(";")
}

fn known_list<T>(entries: Option<&[T]>, each: impl Fn(&T) -> String) -> String {
    match entries {
        None => String::new(),
        Some([]) => "none".to_owned(),
        Some(entries) => list(entries, each),
    }
}

fn held(held: &DataHeld) -> String {
    match held.residents {
        Some(residents) => format!("{}:{residents}", held.category),
        None => held.category.to_string(),
    }
}

fn objective(objective: Option<&Objective>) -> [String; 3] {
    let Some(objective) = objective else { return Default::default() };
    [shown(objective.decided), shown(objective.proposed), objective.why.clone()]
}

/// `product|version|vendor|cpe|purl`, without what is empty at its end; never one part alone that looks like another.
fn program(program: &Software) -> String {
    let maybe = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut parts = vec![
        program.product.clone(),
        program.version.clone(),
        program.vendor.clone(),
        maybe(&program.cpe),
        maybe(&program.purl),
    ];
    while parts.len() > 2 && parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    let parts: Vec<String> = parts.iter().map(|part| escaped(part, '|')).collect();
    escaped(&parts.join("|"), ';')
}

/// One line, quoted where it must be (RFC 4180).
fn line(cells: impl Iterator<Item = String>) -> String {
    let cells = cells.map(|cell| {
        let cell = guarded(&cell);
        let is_plain =
            !cell.contains([',', '"', '\n', '\r', ';', '\t']) && cell.trim() == cell && !cell.starts_with('#');
        if is_plain { cell } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
    });
    cells.collect::<Vec<_>>().join(",") + "\n"
}
