//! Feeds: what others know, fetched on a schedule.
//!
//! Everything here brings bytes and the place to go on from; what the bytes mean is for `formats::intel`, and what becomes of
//! them for the engine. The rule of sources holds for feeds too: the caller makes a page durable, then keeps the cursor that
//! came with it, so that a run that breaks off goes on where it was and loses nothing. What comes twice is the store's to see.
//!
//! | module | brings |
//! |---|---|
//! | [`taxii`] | pages of STIX objects from TAXII 2.1 servers; and takes envelopes there |
//! | [`misp`] | events from MISP: a folder of files, or the REST interface |
//! | [`hibp`] | endings of hashes in breaches, asked for by their first digits |
//! | [`opened`] | a feed as configured, ready to run: files and lists by URL, and clients for the other two |
//! | [`config`] | how feeds are written down |
//! | [`schedule`], [`health`] | when a feed runs next, and how it is doing; no clock in either |
//!
//! Deliberately absent: live streams between peers, and feeds that push.

pub mod config;
pub mod health;
pub mod hibp;
pub mod misp;
pub mod opened;
pub mod schedule;
pub mod taxii;

pub use config::{CredentialsConfig, FeedConfig, FeedConfigError, FeedKind, FeedLimits};
pub use health::{Counts, FeedHealth, Run};
pub use opened::Feed;
pub use schedule::{Interval, Schedule};
