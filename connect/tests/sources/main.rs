//! Live sources over real sockets, files and servers, against an intake that can be slow, refuse and fail.

mod http;
mod intake;
mod mqtt;
mod nats;
mod netflow;
mod servers;
mod syslog;
mod tail;
mod whole;
