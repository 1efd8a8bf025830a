//! The observable that an indicator is about: STIX 2.1, section 6.
//!
//! Ids are those of section 2.9: UUIDv5, in the name space that the standard gives, of the contributing properties as canonical
//! JSON (RFC 8785). So everybody's observable of one value is the same object. An address with a port would need a protocol, which
//! we do not know; a path and a URL without scheme are no URLs; a name with an underscore is no host name: they have no observable.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::super::value::{Hash, Value, without_scheme};
use super::pattern::address_type;

/// STIX 2.1, section 2.9.
const NAMESPACE: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);

pub(super) fn of(value: Value<'_>) -> Option<Json> {
    let (kind, name, content) = match value {
        Value::Address(address) => (address_type(address), "value", json!(address.to_string())),
        Value::Range(range) => (address_type(range.start), "value", json!(format!("{}/{}", range.start, range.length))),
        Value::Domain(domain) if !domain.contains('_') => ("domain-name", "value", json!(domain)),
        Value::Url(url) if without_scheme(url).len() < url.len() => ("url", "value", json!(url)),
        Value::Email(address) => ("email-addr", "value", json!(address)),
        Value::Hash(hash, digits) => ("file", "hashes", json!({ hash_name(hash): digits })),
        Value::Domain(_) | Value::Url(_) | Value::Socket(_) | Value::Path(_) => return None,
    };
    // One property, whose text serde_json escapes as RFC 8785 does.
    let id = Uuid::new_v5(&NAMESPACE, json!({ name: content }).to_string().as_bytes());
    Some(json!({ "type": kind, "spec_version": "2.1", "id": format!("{kind}--{id}"), name: content }))
}

fn hash_name(hash: Hash) -> &'static str {
    match hash {
        Hash::Md5 => "MD5",
        Hash::Sha1 => "SHA-1",
        Hash::Sha256 => "SHA-256",
        Hash::Sha512 => "SHA-512",
    }
}
