//! Everything that opens a socket: sources in, and what others know, fetched.
//!
//! Each source turns what arrives into [`model::doors::Incoming`] records, hands them to [`model::doors::Intake`], and
//! acknowledges at its own protocol only after the records are durable (`ARCHITECTURE.md`, invariant 8). What a record
//! means is not known here: nothing in this crate parses a log line.
//!
//! | source | names its records again | so that |
//! |---|---|---|
//! | [`tail`] files and folders | by content fingerprint and offset | rotation and restart lose and double nothing |
//! | [`nats`] JetStream | by stream sequence | a redelivery is stored once |
//! | [`http`] NDJSON | by the client's batch name and line | a repeated request is stored once |
//! | [`syslog`] TCP, TLS | no | a broken connection may lose what was in flight: the protocol has no acknowledgement |
//! | [`syslog`] UDP, [`netflow`] | no | the wire may lose; what is known to be lost is counted |
//! | [`mqtt`] | no | at least once with QoS 1, at most once with QoS 0 |
//!
//! Sources bring records by themselves; [`feeds`] are asked on a schedule, for intelligence, and give the caller bytes and the
//! place to go on from. Servers of feeds are not trusted: [`fetch`] is the only way to them. [`probe`] looks at the city's own services
//! from outside.

pub mod config;
pub mod feeds;
pub mod fetch;
pub mod health;
pub mod http;
pub mod link;
pub mod mqtt;
pub mod nats;
pub mod netflow;
pub mod peers;
pub mod probe;
pub mod rpz;
pub mod runner;
pub mod syslog;
pub mod tail;
pub mod tls;

mod backoff;
mod gather;
mod kernel;
mod udp;

pub use config::{ConfigError, SourceConfig};
pub use health::{Health, HealthSnapshot, SourceState};
pub use link::{Link, SourceError};
pub use runner::{Doors, Source, Sources};
