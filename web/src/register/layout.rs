//! Where things stand on the service map: services, what they are made of, what that runs on, and who delivers it, in four columns from left to
//! right. A pure function: the same register gives the same picture. What there is no room for is counted, not hidden.

use std::collections::{BTreeMap, BTreeSet};

use model::limits;
use model::register::{Exposure, Item, ItemId, ItemKind, Lifecycle, Link};

/// Columns and what stands in them.
const COLUMNS: [(&str, &[ItemKind]); 4] = [
    ("Services", &[ItemKind::Service]),
    ("Applications and data", &[ItemKind::Application, ItemKind::DataStore]),
    ("Machines and devices", &[ItemKind::Machine, ItemKind::Device]),
    ("Suppliers and accounts", &[ItemKind::Vendor, ItemKind::Identity]),
];
const BOX_WIDTH: usize = 210;
const BOX_HEIGHT: usize = 30;
const ROW: usize = 42;
const COLUMN: usize = 330;
const LEFT: usize = 12;
const TOP: usize = 44;
/// Letters of a box.
const LABEL_CHARS_MAX: usize = 26;

/// The map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) columns: Vec<Column>,
    pub(crate) lines: Vec<Line>,
    /// Links between things on the map that are not drawn.
    pub(crate) lines_left_out: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// A column of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) x: usize,
    pub(crate) boxes: Vec<MapBox>,
    /// Things of the column that have no room.
    pub(crate) more: usize,
    /// Where it is said that there are more.
    pub(crate) more_y: usize,
}

/// A thing on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MapBox {
    pub(crate) id: ItemId,
    pub(crate) kind: ItemKind,
    pub(crate) title: String,
    /// The title as far as it fits.
    pub(crate) label: String,
    pub(crate) exposure: Option<Exposure>,
    /// What it is linked to on the map: kind and title of each.
    pub(crate) leads_to: Vec<(String, ItemId)>,
    pub(crate) x: usize,
    pub(crate) y: usize,
}

impl MapBox {
    pub(crate) fn text_x(&self) -> usize {
        self.x + 10
    }

    pub(crate) fn text_y(&self) -> usize {
        self.y + 20
    }

    /// How it is drawn.
    pub(crate) fn class(&self) -> &'static str {
        match self.exposure {
            Some(Exposure::Public) => "public",
            None => "unsaid",
            Some(_) => "inner",
        }
    }

    pub(crate) fn exposure_words(&self) -> &'static str {
        self.exposure.map_or(super::UNSAID, Exposure::name)
    }
}

/// A link on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it is drawn, as a path of SVG.
    pub(crate) path: String,
    pub(crate) from: ItemId,
    pub(crate) kind: &'static str,
    pub(crate) to: ItemId,
}

fn column_of(kind: ItemKind) -> usize {
    COLUMNS.iter().position(|(_, kinds)| kinds.contains(&kind)).unwrap_or(0)
}

/// What stands on the map: all that runs or is planned; of one service, what can be reached from it.
fn shown<'i>(
    items: &'i BTreeMap<ItemId, Item>,
    links: &[Link],
    service: Option<&ItemId>,
) -> BTreeMap<&'i ItemId, &'i Item> {
    let active = items.iter().filter(|(_, item)| item.state != Lifecycle::Retired);
    let Some(service) = service else { return active.collect() };
    let mut next: BTreeMap<&ItemId, Vec<&ItemId>> = BTreeMap::new();
    for link in links {
        next.entry(&link.from).or_default().push(&link.to);
    }
    let (mut reached, mut waiting) = (BTreeSet::new(), vec![service]);
    while let Some(id) = waiting.pop() {
        if reached.insert(id) {
            waiting.extend(next.get(id).into_iter().flatten().copied());
        }
    }
    active.filter(|(id, _)| reached.contains(id)).collect()
}

/// What matters most stands at the top: lives, the public, many residents. What nobody has said counts as bad.
fn weight(item: &Item) -> (bool, bool, u64) {
    let is_open = item.exposure.is_none_or(|exposure| exposure == Exposure::Public);
    (item.is_life_safety.unwrap_or(true), is_open, item.residents.unwrap_or(u64::MAX))
}

/// Chooses what stands in each column, and in which order: what is linked to much that stands there already comes first, and stands near it.
fn rows<'i>(items: &BTreeMap<&'i ItemId, &'i Item>, links: &[Link]) -> Vec<(Vec<&'i Item>, usize)> {
    let mut rows: Vec<(Vec<&Item>, usize)> = Vec::new();
    let mut places: BTreeMap<&ItemId, usize> = BTreeMap::new();
    for column in 0..COLUMNS.len() {
        let mut standing: BTreeMap<&ItemId, (usize, usize)> = BTreeMap::new();
        for link in links {
            for (near, far) in [(&link.from, &link.to), (&link.to, &link.from)] {
                if let (Some(place), Some((far, _))) = (places.get(near), items.get_key_value(far)) {
                    let (count, sum) = standing.entry(*far).or_default();
                    *count += 1;
                    *sum += place;
                }
            }
        }
        let linked = |item: &Item| standing.get(&item.id).copied().unwrap_or((0, 0));
        let mut here: Vec<&'i Item> = items.values().copied().filter(|item| column_of(item.kind) == column).collect();
        here.sort_by(|a, b| {
            let order = linked(b).0.cmp(&linked(a).0).then_with(|| weight(b).cmp(&weight(a)));
            order.then_with(|| a.id.cmp(&b.id))
        });
        let more = here.len().saturating_sub(limits::MAP_COLUMN_ITEMS_MAX);
        here.truncate(limits::MAP_COLUMN_ITEMS_MAX);
        if column > 0 {
            // In hundredths of a row, the middle of what it is linked to; what is linked to nothing stands below.
            let middle = |item: &Item| match linked(item) {
                (0, _) => usize::MAX,
                (count, sum) => sum * 100 / count,
            };
            here.sort_by_key(|item| middle(item));
        }
        places.extend(here.iter().enumerate().map(|(place, item)| (&item.id, place)));
        rows.push((here, more));
    }
    rows
}

fn label(title: &str) -> String {
    let plain = title.replace('\n', " ");
    match plain.char_indices().nth(LABEL_CHARS_MAX) {
        Some(_) => plain.chars().take(LABEL_CHARS_MAX - 1).chain(['…']).collect(),
        None => plain,
    }
}

/// A line from one box to another: it leaves at the side that is nearer.
fn path((from_x, from_y): (usize, usize), (to_x, to_y): (usize, usize)) -> String {
    let (from_y, to_y) = (from_y + BOX_HEIGHT / 2, to_y + BOX_HEIGHT / 2);
    let (start, end, first, second) = match from_x.cmp(&to_x) {
        std::cmp::Ordering::Less => (from_x + BOX_WIDTH, to_x, from_x + BOX_WIDTH + 60, to_x - 60),
        std::cmp::Ordering::Greater => (from_x, to_x + BOX_WIDTH, from_x - 60, to_x + BOX_WIDTH + 60),
        std::cmp::Ordering::Equal => {
            let side = from_x + BOX_WIDTH;
            (side, side, side + 50, side + 50)
        }
    };
    format!("M{start} {from_y}C{first} {from_y} {second} {to_y} {end} {to_y}")
}

/// Lays a register out.
pub(crate) fn lay_out(items: &BTreeMap<ItemId, Item>, links: &[Link], service: Option<&ItemId>) -> Picture {
    let shown = shown(items, links, service);
    let rows = rows(&shown, links);
    let mut places: BTreeMap<&ItemId, (usize, usize)> = BTreeMap::new();
    for (column, (here, _)) in rows.iter().enumerate() {
        for (row, item) in here.iter().enumerate() {
            places.insert(&item.id, (LEFT + column * COLUMN, TOP + row * ROW));
        }
    }
    let mut lines: Vec<Line> = Vec::new();
    let mut leads_to: BTreeMap<&ItemId, Vec<(String, ItemId)>> = BTreeMap::new();
    let mut lines_left_out = 0;
    for link in links {
        let (Some(from), Some(to)) = (places.get(&link.from), places.get(&link.to)) else { continue };
        let title = shown.get(&link.to).map_or("", |item| item.title.as_str());
        leads_to.entry(&link.from).or_default().push((format!("{} {title}", link.kind), link.to.clone()));
        if lines.len() < limits::MAP_LINKS_MAX {
            let (from_id, to_id) = (link.from.clone(), link.to.clone());
            lines.push(Line { path: path(*from, *to), from: from_id, kind: link.kind.name(), to: to_id });
        } else {
            lines_left_out += 1;
        }
    }
    let longest = rows.iter().map(|(here, more)| here.len() + usize::from(*more > 0)).max().unwrap_or(0);
    let columns = rows.iter().zip(COLUMNS).enumerate().map(|(column, ((here, more), (title, _)))| {
        let x = LEFT + column * COLUMN;
        let of = |(row, item): (usize, &&Item)| MapBox {
            id: item.id.clone(),
            kind: item.kind,
            title: item.title.clone(),
            label: label(&item.title),
            exposure: item.exposure,
            leads_to: leads_to.get(&item.id).cloned().unwrap_or_default(),
            x,
            y: TOP + row * ROW,
        };
        let boxes = here.iter().enumerate().map(of).collect();
        Column { title, x, boxes, more: *more, more_y: TOP + here.len() * ROW + 20 }
    });
    Picture {
        columns: columns.collect(),
        lines,
        lines_left_out,
        width: LEFT * 2 + (COLUMNS.len() - 1) * COLUMN + BOX_WIDTH + 40,
        height: TOP + longest.max(1) * ROW + LEFT,
    }
}

#[cfg(test)]
mod tests {
    use model::register::LinkKind;

    use super::*;

    fn id(text: &str) -> ItemId {
        ItemId::parse(text).unwrap()
    }

    fn register(items: &[(&str, ItemKind)]) -> BTreeMap<ItemId, Item> {
        items.iter().map(|(name, kind)| (id(name), Item::new(id(name), *kind, name))).collect()
    }

    fn names(picture: &Picture, column: usize) -> Vec<String> {
        picture.columns[column].boxes.iter().map(|one| one.id.to_string()).collect()
    }

    #[test]
    fn what_belongs_together_stands_together() {
        let mut items = register(&[
            ("portal", ItemKind::Service),
            ("sirens", ItemKind::Service),
            ("a-app", ItemKind::Application),
            ("b-app", ItemKind::Application),
            ("srv", ItemKind::Machine),
            ("acme", ItemKind::Vendor),
            ("old", ItemKind::Machine),
        ]);
        items.get_mut(&id("portal")).unwrap().is_life_safety = Some(false);
        items.get_mut(&id("old")).unwrap().state = Lifecycle::Retired;
        let link = |from: &str, kind, to: &str| Link::new(id(from), kind, id(to));
        let links = [
            link("portal", LinkKind::DependsOn, "a-app"),
            link("sirens", LinkKind::DependsOn, "b-app"),
            link("b-app", LinkKind::RunsOn, "srv"),
            link("b-app", LinkKind::DeliveredBy, "acme"),
            link("b-app", LinkKind::RunsOn, "old"),
        ];
        let picture = lay_out(&items, &links, None);
        assert_eq!(names(&picture, 0), ["sirens", "portal"], "lives first, and who has not said so");
        assert_eq!(names(&picture, 1), ["b-app", "a-app"], "beside what needs them");
        assert_eq!(names(&picture, 2), ["srv"]);
        assert_eq!(picture.lines.len(), 4, "not to what is retired");
        assert_eq!(picture, lay_out(&items, &links, None));
        let one = lay_out(&items, &links, Some(&id("sirens")));
        assert_eq!((names(&one, 0), names(&one, 1)), (vec!["sirens".to_owned()], vec!["b-app".to_owned()]));
        assert_eq!(one.columns[3].boxes.len(), 1);
        assert_eq!(one.columns[0].boxes[0].leads_to[0].0, "depends-on b-app");
    }

    #[test]
    fn there_is_room_for_so_many() {
        let names: Vec<String> = (0..limits::MAP_COLUMN_ITEMS_MAX + 7).map(|n| format!("s{n:03}")).collect();
        let items: Vec<(&str, ItemKind)> = names.iter().map(|name| (name.as_str(), ItemKind::Service)).collect();
        let items = register(&items);
        let links: Vec<Link> = names
            .iter()
            .flat_map(|from| names.iter().map(move |to| (from, to)))
            .filter(|(from, to)| from != to)
            .map(|(from, to)| Link::new(id(from), LinkKind::DependsOn, id(to)))
            .collect();
        let picture = lay_out(&items, &links, None);
        let all = limits::MAP_COLUMN_ITEMS_MAX;
        assert_eq!((picture.columns[0].boxes.len(), picture.columns[0].more), (all, 7));
        assert_eq!(picture.lines.len(), limits::MAP_LINKS_MAX);
        assert_eq!(picture.lines.len() + picture.lines_left_out, all * (all - 1));
        assert_eq!(lay_out(&BTreeMap::new(), &[], None).columns.len(), 4);
    }

    #[test]
    fn labels_fit() {
        assert_eq!(label("Portal"), "Portal");
        let long = label("The portal of the office for welfare and housing");
        assert!(long.chars().count() == LABEL_CHARS_MAX && long.ends_with('…'), "{long}");
    }
}
