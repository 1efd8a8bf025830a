//! Microsoft Azure: rows of Resource Graph's table `Resources`.

use model::register::ItemKind;
use serde_json::{Map, Value};

use super::{Found, at, last_part, list_at, owner_of, text, text_at};
use crate::Trouble;

const KINDS: &[(&str, ItemKind)] = &[
    ("microsoft.compute/virtualmachines", ItemKind::Machine),
    ("microsoft.compute/virtualmachinescalesets", ItemKind::Machine),
    ("microsoft.hybridcompute/machines", ItemKind::Machine),
    ("microsoft.storage/storageaccounts", ItemKind::DataStore),
    ("microsoft.sql/servers", ItemKind::DataStore),
    ("microsoft.sql/servers/databases", ItemKind::DataStore),
    ("microsoft.sql/managedinstances", ItemKind::DataStore),
    ("microsoft.dbforpostgresql/servers", ItemKind::DataStore),
    ("microsoft.dbforpostgresql/flexibleservers", ItemKind::DataStore),
    ("microsoft.dbformysql/servers", ItemKind::DataStore),
    ("microsoft.dbformysql/flexibleservers", ItemKind::DataStore),
    ("microsoft.documentdb/databaseaccounts", ItemKind::DataStore),
    ("microsoft.cache/redis", ItemKind::DataStore),
    ("microsoft.keyvault/vaults", ItemKind::DataStore),
    ("microsoft.recoveryservices/vaults", ItemKind::DataStore),
    ("microsoft.web/sites", ItemKind::Application),
    ("microsoft.app/containerapps", ItemKind::Application),
    ("microsoft.containerservice/managedclusters", ItemKind::Application),
    ("microsoft.containerinstance/containergroups", ItemKind::Application),
    ("microsoft.apimanagement/service", ItemKind::Application),
    ("microsoft.network/applicationgateways", ItemKind::Application),
    ("microsoft.network/frontdoors", ItemKind::Application),
    ("microsoft.cdn/profiles", ItemKind::Application),
    ("microsoft.logic/workflows", ItemKind::Application),
];

pub(super) fn row(map: &Map<String, Value>) -> Result<Found, Trouble> {
    let (id, sort) = (text(map, "id"), text(map, "type").to_ascii_lowercase());
    if sort.is_empty() {
        return Err(Trouble::malformed("`type` should be a text"));
    }
    let name = text(map, "name");
    // A row need not have a column for the subscription; the id always begins with it.
    let subscription = id.split('/').nth(2).unwrap_or_default();
    let mut found = Found {
        cloud: "azure",
        // Resource ids are compared without case.
        id: id.to_ascii_lowercase(),
        short: last_part(if name.is_empty() { id } else { name }, &['/']).to_owned(),
        title: name.to_owned(),
        kind: KINDS.iter().find(|(own, _)| *own == sort).map(|(_, kind)| *kind),
        sort,
        region: text(map, "location").to_owned(),
        account: subscription.to_owned(),
        owner: map.get("tags").map(owner_of).unwrap_or_default(),
        ..Found::default()
    };
    if let (Some(_), Some(properties)) = (found.kind, map.get("properties")) {
        details(&mut found, properties);
    }
    Ok(found)
}

fn details(found: &mut Found, value: &Value) {
    for path in [
        &["extended", "instanceView", "computerName"][..],
        &["dnsFqdn"],
        &["defaultHostName"],
        &["fullyQualifiedDomainName"],
        &["configuration", "ingress", "fqdn"],
        &["fqdn"],
        &["hostName"],
    ] {
        found.address(text_at(value, path));
    }
    for path in [&["primaryEndpoints", "blob"][..], &["vaultUri"], &["documentEndpoint"], &["gatewayUrl"]] {
        found.url(text_at(value, path));
    }
    for card in list_at(value, &["networkProfile", "networkInterfaces"]) {
        for address in list_at(card, &["ipAddresses"]) {
            found.address(text_at(address, &["address"]));
        }
    }
    if text_at(value, &["ipAddress", "type"]).eq_ignore_ascii_case("public") {
        found.public_address(text_at(value, &["ipAddress", "ip"]));
    }
    found.is_public |= text_at(value, &["publicNetworkAccess"]).eq_ignore_ascii_case("enabled")
        || text_at(value, &["network", "publicNetworkAccess"]).eq_ignore_ascii_case("enabled")
        || at(value, &["allowBlobPublicAccess"]).as_bool() == Some(true)
        || at(value, &["configuration", "ingress", "external"]).as_bool() == Some(true)
        || matches!(found.sort.as_str(), "microsoft.network/frontdoors" | "microsoft.cdn/profiles");
}
