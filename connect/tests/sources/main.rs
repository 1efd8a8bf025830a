//! Live sources over real sockets, files and servers, against an intake that can be slow, refuse and fail; and feeds, against
//! servers that lie, stall and go in circles.

#![expect(clippy::expect_used, reason = "a test that cannot go on says where")]

mod fetch;
mod http;
mod intake;
mod misp;
mod mqtt;
mod nats;
mod netflow;
mod servers;
mod syslog;
mod tail;
mod taxii;
mod web;
mod whole;
