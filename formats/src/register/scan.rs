//! Items from a scan by nmap: each host with open ports is a machine, with its addresses and the programs that answered.
//!
//! The reading is that of [`crate::intel::nmap`]. Who can reach a host is not said: the scan only tells that the scanner could.

use std::collections::BTreeMap;

use model::limits::{ITEM_LIST_MAX, ITEM_TEXT_BYTES_MAX};
use model::register::{Address, Item, ItemId, ItemKind, Software};
use model::software::Cpe;
use model::software::cpe::Attribute;

use super::{Bringing, Brought};
use crate::Trouble;
use crate::intel::object::cut;
use crate::intel::{Known, OwnFinding, nmap};

/// Reads a scan (`nmap -oX`). An item's id is made of its first address, which the next scan finds again.
pub fn read(bytes: &[u8]) -> Brought {
    let mut out = Bringing::default();
    if !out.is_small(bytes) {
        return out.brought;
    }
    let mut hosts: BTreeMap<String, Item> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    nmap::read(bytes, &mut |found| match found {
        Ok(crate::intel::Item::Known(known)) => {
            let Known::Finding(mut finding) = *known else { return };
            if finding.check != "open-port" {
                return;
            }
            // What a stranger's program answered may hold anything.
            for text in [&mut finding.service, &mut finding.product, &mut finding.version, &mut finding.transport] {
                text.retain(|letter| !letter.is_control());
            }
            if !hosts.contains_key(&finding.asset) {
                match host(&finding) {
                    Some(item) => {
                        order.push(finding.asset.clone());
                        hosts.insert(finding.asset.clone(), item);
                    }
                    None => return out.refuse("host", Trouble::malformed("its address makes no name of an item")),
                }
            }
            if let Some(item) = hosts.get_mut(&finding.asset) {
                port(item, &finding);
            }
        }
        Ok(_) => {}
        Err(refused) => out.refuse(refused.place, refused.trouble),
    });
    for asset in order {
        if let Some(item) = hosts.remove(&asset) {
            out.item(&format!("host {}", item.id), item);
        }
    }
    out.brought
}

fn host(finding: &OwnFinding) -> Option<Item> {
    let address = Address::parse(&finding.asset);
    let name = match &address {
        // Written out, so that two addresses never have one name.
        Some(Address::Ip(std::net::IpAddr::V6(address))) => {
            address.segments().map(|part| format!("{part:x}")).join("-")
        }
        _ => finding.asset.clone(),
    };
    let id = ItemId::suggest(&format!("host-{name}"))?;
    let names = finding.names.iter().filter_map(|name| Address::parse(name));
    let mut addresses: Vec<Address> = address.into_iter().chain(names).take(ITEM_LIST_MAX).collect();
    addresses.sort();
    addresses.dedup();
    let called = addresses.iter().find(|address| matches!(address, Address::Name(_)));
    let title = called.map_or_else(|| finding.asset.clone(), ToString::to_string);
    let cards = finding.names.iter().filter(|name| is_card(name)).map(|card| format!("mac:{}", card.to_lowercase()));
    let labels = cards.take(ITEM_LIST_MAX / 2).collect();
    Some(Item { addresses, labels, ..Item::new(id, ItemKind::Machine, cut(&title, ITEM_TEXT_BYTES_MAX)) })
}

/// A hardware address: six pairs of hexadecimal digits.
fn is_card(text: &str) -> bool {
    let pairs: Vec<&str> = text.split(':').collect();
    pairs.len() == 6 && pairs.iter().all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn port(item: &mut Item, finding: &OwnFinding) {
    let number = finding.port.unwrap_or_default();
    let label = match finding.service.split(' ').next().filter(|name| !name.is_empty()) {
        Some(service) => format!("port:{number}/{} {service}", finding.transport),
        None => format!("port:{number}/{}", finding.transport),
    };
    if !item.labels.contains(&label) && item.labels.len() < ITEM_LIST_MAX {
        item.labels.push(label);
    }
    for software in programs(finding) {
        if !item.software.contains(&software) && item.software.len() < ITEM_LIST_MAX {
            item.software.push(software);
        }
    }
}

/// What answered, and the system below it where nmap knows that.
fn programs(finding: &OwnFinding) -> Vec<Software> {
    let names: Vec<Cpe> = finding.cpes.iter().filter_map(|text| Cpe::parse(text).ok()).collect();
    let of_part =
        |part: &'static str| names.iter().filter(move |cpe| cpe.text(Attribute::Part).as_deref() == Some(part));
    let text = |cpe: &Cpe, attribute| cpe.text(attribute).unwrap_or_default();
    let named = |cpe: &Cpe| Software {
        vendor: text(cpe, Attribute::Vendor),
        product: text(cpe, Attribute::Product),
        version: text(cpe, Attribute::Version),
        cpe: Some(cpe.to_string()),
        purl: None,
    };
    let mut found: Vec<Software> = of_part("a").map(named).collect();
    if !finding.product.is_empty() {
        match found.first_mut() {
            // Words are for people, the dictionary's name is for looking up.
            Some(first) => {
                first.product = finding.product.clone();
                if first.version.is_empty() {
                    first.version = finding.version.clone();
                }
            }
            None => found.push(Software {
                product: finding.product.clone(),
                version: finding.version.clone(),
                ..Software::default()
            }),
        }
    }
    found.extend(of_part("o").chain(of_part("h")).map(named));
    found.retain(|software| !software.product.is_empty());
    found
}
