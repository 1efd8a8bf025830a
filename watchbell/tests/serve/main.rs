//! `watchbell serve` and the commands around it, as people run them: a real process, real sockets, real signals.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly; the lint knows only the test functions themselves")]

mod backup;
mod city;
mod console;
mod crash;
mod csf;
mod feeds;
mod intel;
mod kept;
mod kit;
mod live;
mod outlets;
mod outside;
mod past;
mod peers;
mod probes;
mod refusals;
mod register;
mod reports;
mod risk;
mod rmf;
mod schema;
mod sharing;
mod staff;
mod tenants;
mod vulnerabilities;
