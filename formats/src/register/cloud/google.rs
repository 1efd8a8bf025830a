//! Google Cloud: Cloud Asset Inventory, exports (`resource.data`) and searches (`additionalAttributes`).

use model::register::ItemKind;
use serde_json::{Map, Value};

use super::{Found, at, last_part, list_at, text, text_at};
use crate::Trouble;

const KINDS: &[(&str, ItemKind)] = &[
    ("compute.googleapis.com/Instance", ItemKind::Machine),
    ("storage.googleapis.com/Bucket", ItemKind::DataStore),
    ("sqladmin.googleapis.com/Instance", ItemKind::DataStore),
    ("bigquery.googleapis.com/Dataset", ItemKind::DataStore),
    ("spanner.googleapis.com/Instance", ItemKind::DataStore),
    ("firestore.googleapis.com/Database", ItemKind::DataStore),
    ("bigtableadmin.googleapis.com/Instance", ItemKind::DataStore),
    ("redis.googleapis.com/Instance", ItemKind::DataStore),
    ("file.googleapis.com/Instance", ItemKind::DataStore),
    ("run.googleapis.com/Service", ItemKind::Application),
    ("cloudfunctions.googleapis.com/Function", ItemKind::Application),
    ("cloudfunctions.googleapis.com/CloudFunction", ItemKind::Application),
    ("container.googleapis.com/Cluster", ItemKind::Application),
    ("appengine.googleapis.com/Service", ItemKind::Application),
    ("compute.googleapis.com/ForwardingRule", ItemKind::Application),
];

pub(super) fn asset(map: &Map<String, Value>) -> Result<Found, Trouble> {
    let (id, sort) = (text(map, "name"), text(map, "assetType"));
    if sort.is_empty() {
        return Err(Trouble::malformed("`assetType` should be a text"));
    }
    let empty = Value::Null;
    let resource = map.get("resource").unwrap_or(&empty);
    let data = at(resource, &["data"]);
    let searched = map.get("additionalAttributes").unwrap_or(&empty);
    let places = [text_at(resource, &["location"]), text(map, "location"), text_at(data, &["location"])];
    let project = id.split("/projects/").nth(1).and_then(|rest| rest.split('/').next());
    let titles = [text(map, "displayName"), text_at(data, &["displayName"])];
    let mut found = Found {
        cloud: "gcp",
        id: id.to_owned(),
        short: last_part(id, &['/']).to_owned(),
        title: titles.into_iter().find(|title| !title.is_empty()).unwrap_or_default().to_owned(),
        sort: sort.to_owned(),
        kind: KINDS.iter().find(|(own, _)| *own == sort).map(|(_, kind)| *kind),
        region: places.into_iter().find(|place| !place.is_empty()).unwrap_or_default().to_owned(),
        account: project.unwrap_or_default().to_owned(),
        owner: text_at(at(data, &["labels"]), &["owner"]).to_owned(),
        is_gone: matches!(text_at(data, &["status"]), "TERMINATED") && sort.ends_with("/Cluster"),
        ..Found::default()
    };
    if found.kind.is_some() {
        details(&mut found, data);
        for address in list_at(searched, &["internalIPs"]) {
            found.address(address.as_str().unwrap_or_default());
        }
        for address in list_at(searched, &["externalIPs"]) {
            found.public_address(address.as_str().unwrap_or_default());
        }
    }
    Ok(found)
}

fn details(found: &mut Found, data: &Value) {
    for card in list_at(data, &["networkInterfaces"]) {
        found.address(text_at(card, &["networkIP"]));
        found.address(text_at(card, &["ipv6Address"]));
        for access in list_at(card, &["accessConfigs"]) {
            found.public_address(text_at(access, &["natIP"]));
        }
        for access in list_at(card, &["ipv6AccessConfigs"]) {
            found.public_address(text_at(access, &["externalIpv6"]));
        }
    }
    for address in list_at(data, &["ipAddresses"]) {
        let text = text_at(address, &["ipAddress"]);
        if text_at(address, &["type"]) == "PRIMARY" { found.public_address(text) } else { found.address(text) }
    }
    found.address(text_at(data, &["hostname"]));
    found.url(text_at(data, &["status", "url"]));
    let is_outward = text_at(data, &["loadBalancingScheme"]).starts_with("EXTERNAL");
    let address = text_at(data, &["IPAddress"]);
    if is_outward {
        found.public_address(address)
    } else {
        found.address(address)
    }
    found.is_public |= text_at(data, &["metadata", "annotations", "run.googleapis.com/ingress"]) == "all"
        || text_at(data, &["ingress"]) == "INGRESS_TRAFFIC_ALL"
        || text_at(data, &["ingressSettings"]) == "ALLOW_ALL";
}
