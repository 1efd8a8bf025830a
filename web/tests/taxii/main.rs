//! The TAXII server, from outside: by hand, by a client of others, and by another server's own cases.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod again;
mod client;
mod gate;
mod kit;
mod medallion;
mod paging;
mod refusals;
