//! Connections: their ends, how they ran, how much went over them, and what guards them.

use serde::{Deserialize, Serialize};

use super::objects;
use super::{Session, User};

objects! {
    /// `network_endpoint`: one end of a connection.
    Endpoint {
        /// Address.
        ip: String,
        /// Port.
        port: u16,
        /// Host name.
        hostname: String,
        /// Other name.
        name: String,
        /// Domain.
        domain: String,
        /// MAC address.
        mac: String,
        /// Id.
        uid: String,
        /// Service.
        svc_name: String,
        /// Interface.
        interface_name: String,
        /// Id of the interface.
        interface_uid: String,
        /// Zone.
        zone: String,
        /// VLAN.
        vlan_uid: String,
        /// Place.
        location: Box<Location>,
        /// Owner.
        owner: Box<User>,
        /// Autonomous system.
        autonomous_system: Box<AutonomousSystem>,
    }
    /// `location`.
    Location {
        /// Two letters.
        country: String,
        /// Subdivision.
        region: String,
        /// Town.
        city: String,
    }
    /// `autonomous_system`.
    AutonomousSystem {
        /// Name.
        name: String,
        /// Number.
        number: u32,
    }
    /// `network_proxy` and `load_balancer` are not filled. `network_connection_info`:
    ConnectionInfo {
        /// Id.
        uid: String,
        /// 0 unknown, 1 inbound, 2 outbound, 3 lateral (required).
        direction_id: u32,
        /// Caption.
        direction: String,
        /// IANA name, lower case.
        protocol_name: String,
        /// IANA number.
        protocol_num: i32,
        /// 4 IPv4, 6 IPv6.
        protocol_ver_id: u32,
        /// TCP flags, or-ed.
        tcp_flags: u32,
        /// Zeek's history.
        flag_history: String,
        /// Community id.
        community_uid: String,
        /// Log-on session.
        session: Box<Session>,
    }
    /// `network_traffic`.
    Traffic {
        /// Bytes both ways.
        bytes: i64,
        /// Bytes from destination to source.
        bytes_in: i64,
        /// Bytes from source to destination.
        bytes_out: i64,
        /// Bytes that the sensor missed.
        bytes_missed: i64,
        /// Packets both ways.
        packets: i64,
        /// Packets from destination to source.
        packets_in: i64,
        /// Packets from source to destination.
        packets_out: i64,
    }
    /// `tls`.
    Tls {
        /// Version (required).
        version: String,
        /// Cipher.
        cipher: String,
        /// Server name.
        sni: String,
        /// JA3.
        ja3_hash: Fingerprint,
        /// JA3S.
        ja3s_hash: Fingerprint,
        /// Certificate.
        certificate: Box<Certificate>,
    }
    /// `certificate`.
    Certificate {
        /// Issuer (required).
        issuer: String,
        /// Serial number (required).
        serial_number: String,
        /// Subject.
        subject: String,
        /// Version.
        version: String,
        /// Fingerprints.
        fingerprints: Vec<Fingerprint>,
        /// Not after, milliseconds.
        expiration_time: i64,
        /// Not before, milliseconds.
        created_time: i64,
    }
    /// `fingerprint`: a hash.
    Fingerprint {
        /// 1 MD5, 2 SHA-1, 3 SHA-256, 4 SHA-512, 99 other (required).
        algorithm_id: u32,
        /// Its name.
        algorithm: String,
        /// Hexadecimal digits (required).
        value: String,
    }
    /// `firewall_rule`.
    FirewallRule {
        /// Name.
        name: String,
        /// Id.
        uid: String,
        /// Text.
        desc: String,
    }
}
