//! Inventories of clouds as JSON. Which cloud and which sort of inventory a record is of shows in the record itself:
//!
//! | cloud | inventories |
//! |---|---|
//! | AWS | Config (snapshots, advanced queries, lists of configuration items), `ec2 describe-instances`, Resource Explorer |
//! | Azure | rows of Resource Graph |
//! | Google | Cloud Asset Inventory: exports and searches |
//!
//! Machines, data stores and programs become items; disks, rules and roles are counted as left out. A cloud knows no services in the sense of the
//! register, which is what people come for. Who can reach an item is taken over where the inventory says "everybody", and never guessed; region,
//! account and the cloud's own word for the thing become labels.
//!
//! Deliberately absent: what an inventory only hints at through other resources, such as a firewall rule that lets everybody in.

mod aws;
mod azure;
mod google;

use std::net::IpAddr;

use model::limits::{
    INTEL_NAME_BYTES_MAX, INTEL_OBJECT_BYTES_MAX, ITEM_LIST_MAX, ITEM_TEXT_BYTES_MAX, RECORD_BYTES_MAX,
};
use model::register::{Address, Exposure, Item, ItemId, ItemKind, Lifecycle};
use serde_json::{Map, Value};

use super::{Bringing, Brought};
use crate::Trouble;
use crate::intel::object::cut;
use crate::intel::walk;

/// Members of a document under which the records stand.
const LISTS: [&str; 9] =
    ["configurationItems", "Reservations", "Instances", "Results", "Resources", "data", "value", "assets", "results"];

/// Sorts of things left out that are counted one by one; what comes later is counted together.
const LEFT_OUT_SORTS_MAX: usize = 1_000;

/// Reads an inventory: a document with a list, a list, or one record a line.
///
/// ```
/// let rows = br#"{"data": [{"id": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1",
///     "name": "vm1", "type": "microsoft.compute/virtualmachines", "location": "germanywestcentral"}]}"#;
/// let found = formats::register::cloud::read(rows);
/// assert_eq!(found.items[0].title, "vm1");
/// assert!(found.items[0].labels.contains(&"region:germanywestcentral".to_owned()));
/// ```
pub fn read(bytes: &[u8]) -> Brought {
    let mut out = Bringing::default();
    if !out.is_small(bytes) {
        return out.brought;
    }
    match walk::shape(bytes) {
        Err(trouble) => out.refuse("document", trouble),
        Ok(walk::Shape::Array) => list(bytes, "record", &mut out),
        Ok(walk::Shape::Object) => object(bytes, &mut out),
    }
    out.brought
}

fn object(bytes: &[u8], out: &mut Bringing) {
    let mut is_list = false;
    for name in LISTS {
        if let Some(members) = walk::open(bytes, name) {
            is_list = true;
            match members.first() {
                Some(b'[') => list(members, name, out),
                _ => out.refuse(name, Trouble::malformed("a list should stand here; hint: ask for rows as objects")),
            }
        }
    }
    if is_list {
        return;
    }
    let whole = if bytes.len() <= INTEL_OBJECT_BYTES_MAX { walk::whole(bytes).ok() } else { None };
    if let Some(whole) = whole {
        return record(&whole, "document", out);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (number, line) in (1u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        let (line, place) = (line.trim_ascii(), format!("line {number}"));
        let read = match line.len() {
            0 => continue,
            length if length > RECORD_BYTES_MAX => {
                Err(Trouble::too_large(format!("{length} bytes, at most {RECORD_BYTES_MAX} are read")))
            }
            _ => walk::large(line),
        };
        match read {
            Ok(value) => record(&value, &place, out),
            Err(trouble) => out.refuse(place, trouble),
        }
    }
}

fn list(bytes: &[u8], name: &str, out: &mut Bringing) {
    for (number, member) in (1u64..).zip(walk::inner(bytes)) {
        let place = format!("{name} {number}");
        match member.and_then(|(_, bytes)| walk::parsed(bytes)) {
            Ok(value) => record(&value, &place, out),
            Err(trouble) => out.refuse(place, trouble),
        }
    }
}

/// One record; or a reservation with several inside, or a row of an advanced query, which is JSON in a text.
fn record(value: &Value, place: &str, out: &mut Bringing) {
    match value {
        Value::String(text) => match walk::large(text.as_bytes()) {
            Ok(Value::Object(map)) => resource(&map, place, out),
            Ok(_) => out.refuse(place, Trouble::malformed("an object should stand in this text")),
            Err(trouble) => out.refuse(place, trouble),
        },
        Value::Object(map) => match map.get("Instances").and_then(Value::as_array) {
            Some(instances) => {
                let account = text(map, "OwnerId");
                for (number, instance) in (1u64..).zip(instances) {
                    let place = format!("{place}, instance {number}");
                    let Some(instance) = instance.as_object() else {
                        out.refuse(place, Trouble::malformed("an object should stand here"));
                        continue;
                    };
                    take(aws::instance(instance, account), &place, out);
                }
            }
            None => resource(map, place, out),
        },
        _ => out.refuse(place, Trouble::malformed("an object should stand here")),
    }
}

fn resource(map: &Map<String, Value>, place: &str, out: &mut Bringing) {
    let name = text(map, "name");
    let found = if map.contains_key("assetType") && name.starts_with("//") {
        google::asset(map)
    } else if map.contains_key("resourceType") {
        aws::config(map)
    } else if map.contains_key("Arn") && map.contains_key("ResourceType") {
        aws::explored(map)
    } else if map.contains_key("InstanceId") {
        aws::instance(map, "")
    } else if text(map, "id").starts_with("/subscriptions/") && map.contains_key("type") {
        azure::row(map)
    } else {
        return out.refuse(place, Trouble::malformed("no record of an inventory that is known here"));
    };
    take(found, place, out);
}

fn take(found: Result<Found, Trouble>, place: &str, out: &mut Bringing) {
    match found.map(|found| (found.kind, found)) {
        Ok((Some(kind), found)) => match found.item(kind) {
            Some(item) => out.item(place, item),
            None => out.refuse(place, Trouble::malformed("its name makes no name of an item")),
        },
        Ok((None, found)) => {
            let counts = &mut out.brought.left_out;
            let is_new = !counts.contains_key(&found.sort);
            let sort = if is_new && counts.len() >= LEFT_OUT_SORTS_MAX { "others".to_owned() } else { found.sort };
            *counts.entry(sort).or_default() += 1;
        }
        Err(trouble) => out.refuse(place, trouble),
    }
}

/// A thing of a cloud.
#[derive(Default)]
struct Found {
    cloud: &'static str,
    /// Its name in the whole cloud.
    id: String,
    /// A short part of that, for people.
    short: String,
    title: String,
    /// What the cloud calls such things.
    sort: String,
    kind: Option<ItemKind>,
    region: String,
    account: String,
    addresses: Vec<Address>,
    is_public: bool,
    is_gone: bool,
    owner: String,
}

impl Found {
    /// An address, range or name; what is none is left out.
    fn address(&mut self, text: &str) {
        if self.addresses.len() < ITEM_LIST_MAX
            && let Some(address) = Address::parse(text).filter(|address| !self.addresses.contains(address))
        {
            self.addresses.push(address);
        }
    }

    /// An address that everybody can reach.
    fn public_address(&mut self, text: &str) {
        self.address(text);
        self.is_public |= text.parse::<IpAddr>().is_ok();
    }

    /// The host of a URL.
    fn url(&mut self, url: &str) {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
        self.address(host);
    }

    fn item(self, kind: ItemKind) -> Option<Item> {
        // Short names are not single: the mark follows from the whole one, so that the next inventory finds the item again.
        let mark: String = blake3::hash(self.id.as_bytes()).to_hex().chars().take(8).collect();
        let short: String = self.short.chars().take(60).collect();
        let id = ItemId::suggest(&format!("{}-{short}-{mark}", self.cloud))
            .or_else(|| ItemId::suggest(&format!("{}-{mark}", self.cloud)))?;
        let title = if self.title.trim().is_empty() { &self.short } else { &self.title };
        let plain = |text: &str| -> String { text.chars().filter(|letter| !letter.is_control()).collect() };
        let title = plain(title);
        let labels =
            [("cloud", self.cloud), ("region", &self.region), ("account", &self.account), ("type", &self.sort)];
        let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
        Some(Item {
            state: if self.is_gone { Lifecycle::Retired } else { Lifecycle::Running },
            owner: cut(&plain(&self.owner), ITEM_TEXT_BYTES_MAX).to_owned(),
            exposure: self.is_public.then_some(Exposure::Public),
            addresses: self.addresses,
            labels: labels
                .map(|(name, value)| format!("{name}:{}", cut(&plain(value), INTEL_NAME_BYTES_MAX)))
                .collect(),
            ..Item::new(id, kind, cut(title.trim(), ITEM_TEXT_BYTES_MAX))
        })
    }
}

/// A text of an object; empty where it has none.
fn text<'m>(map: &'m Map<String, Value>, name: &str) -> &'m str {
    map.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What stands at a path of names, whatever their letters: describing and recording write them differently.
fn at<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    path.iter().fold(value, |value, name| {
        let map = value.as_object();
        let exact = map.and_then(|map| map.get(*name));
        let found =
            exact.or_else(|| map?.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value));
        found.unwrap_or(&Value::Null)
    })
}

fn text_at<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    at(value, path).as_str().unwrap_or_default()
}

fn list_at<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    at(value, path).as_array().map(Vec::as_slice).unwrap_or_default()
}

fn last_part<'t>(text: &'t str, separators: &[char]) -> &'t str {
    text.rsplit(separators).find(|part| !part.is_empty()).unwrap_or(text)
}

/// The owner that a tag names: an office, as tags go.
fn owner_of(tags: &Value) -> String {
    let pairs: Vec<(&str, &str)> = match tags {
        Value::Object(map) => map.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect(),
        Value::Array(list) => list.iter().map(|tag| (text_at(tag, &["key"]), text_at(tag, &["value"]))).collect(),
        _ => Vec::new(),
    };
    let found = pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("owner"));
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
