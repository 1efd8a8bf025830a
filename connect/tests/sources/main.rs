//! Live sources over real sockets, files and servers, against an intake that can be slow, refuse and fail.

#![expect(clippy::expect_used, reason = "a test that cannot go on says where")]

mod http;
mod intake;
mod mqtt;
mod nats;
mod netflow;
mod rpz;
mod servers;
mod syslog;
mod tail;
mod whole;
