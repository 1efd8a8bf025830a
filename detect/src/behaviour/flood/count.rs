//! What a request is hashed to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::fingerprint::first_8_bytes;

use super::Hit;

/// The hashes of one request.
pub(super) struct Keys {
    /// Of the source, with secret and day: not to be told again tomorrow.
    pub(super) source: u64,
    /// Of its network, with the secret.
    pub(super) network: u64,
    /// Of path and query.
    pub(super) path: u64,
    /// Of what the client calls itself.
    pub(super) agent: u64,
}

impl Keys {
    pub(super) fn of(secret: &[u8; 32], hit: &Hit<'_>) -> Self {
        let day = hit.time.day().to_le_bytes();
        let address = hit.source.parse::<IpAddr>().map(|address| address.to_canonical());
        let network = match address {
            Ok(IpAddr::V4(address)) => Ipv4Addr::from_bits(address.to_bits() & 0xffff_0000).to_string(),
            Ok(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 96 << 96).to_string(),
            Err(_) => hit.source.to_owned(),
        };
        Keys {
            source: keyed(secret, &[b"source", &day, hit.source.as_bytes()]),
            network: keyed(secret, &[b"network", network.as_bytes()]),
            path: keyed(secret, &[b"path", hit.path.as_bytes()]),
            agent: keyed(secret, &[b"agent", hit.agent.as_bytes()]),
        }
    }
}

/// BLAKE3 over the secret and the parts, each with its length in front. BLAKE3 cannot be lengthened, so a prefix is a key.
fn keyed(secret: &[u8; 32], parts: &[&[u8]]) -> u64 {
    let mut bytes = secret.to_vec();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
    }
    first_8_bytes(&bytes)
}
