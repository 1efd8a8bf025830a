//! Flood or crowd: when far more requests come than usual, are they people or is it an attack?
//!
//! A storm warning brings the whole town at once, and a flood brings machines; blocking the first does as much harm as suffering
//! the second. What tells them apart after J. Jung, B. Krishnamurthy and M. Rabinovich, "Flash crowds and denial of service
//! attacks" (WWW 2002): a crowd comes from networks that came before, and each visitor does about what visitors do; a flood comes
//! from networks never seen, or does much more for each source. After S. Kandula and others, "Botz-4-sale" (NSDI 2005), and S. Yu
//! and others (IEEE TPDS 23:6, 2012): machines that only burden a server do not go on from page to page as people do, and are
//! alike. Each minute is judged by what came *on top* of the usual: shares of the whole would hide a small flood in a large crowd.
//!
//! People are protected (`ARCHITECTURE.md`, invariant 11): an address is hashed at once with a secret and the day, goes into
//! sketches that live for a minute, and is neither kept nor given out; of longer memory are networks only (16 bits of IPv4, 32 of
//! IPv6) and paths, as bits of a filter. What is judged is the service, never a visitor.
//!
//! Deliberately absent: floods below HTTP, which a service's log does not see, and any blocking.

mod count;
mod judge;
mod minute;
mod sketch;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use model::limits::{FLOOD_CAUSES_MAX, FLOOD_SERVICES_MAX};
use model::{Detection, Event, Timestamp};

use super::probe::episode::{Episode, Look, Patience, Step};
use count::Keys;
use judge::Usual;
pub use judge::{Because, Judgement, Verdict};
use minute::Counting;
use sketch::Filter;

/// Two of three minutes begin a flood; five quiet ones end it.
const PATIENCE: Patience = Patience { bad: 2, of: 3, good: 5 };
const MINUTE_US: i64 = 60_000_000;

/// One request, as the service's own log tells it.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    /// When it came.
    pub time: Timestamp,
    /// Where it came from; hashed at once.
    pub source: &'a str,
    /// The host that was asked; may be empty.
    pub host: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// What the client calls itself.
    pub agent: &'a str,
    /// The address that it came from, if it says so.
    pub referrer: Option<&'a str>,
}

impl<'a> Hit<'a> {
    /// The request in an event of class HTTP Activity (OCSF 4002); `None` when it has no source or no path.
    pub fn of(event: &'a Event) -> Option<Self> {
        let request = event.attributes.http_request.as_deref()?;
        let url = request.url.as_deref()?;
        let code = event.attributes.http_response.as_deref().and_then(|answer| answer.code);
        Some(Hit {
            time: event.time,
            source: event.attributes.src_endpoint.as_deref()?.ip.as_deref()?,
            host: url.hostname.as_deref().unwrap_or_default(),
            path: url.path.as_deref()?,
            status: code.and_then(|code| u16::try_from(code).ok()).unwrap_or(0),
            agent: request.user_agent.as_deref().unwrap_or_default(),
            referrer: request.referrer.as_deref(),
        })
    }
}

/// Something outside that brings people: a warning that was sent, a letter to all households.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// When.
    pub at: Timestamp,
    /// What, for people.
    pub words: String,
}

/// What a minute of a service was.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The service.
    pub service: String,
    /// The minute's beginning.
    pub minute: Timestamp,
    /// What it was.
    pub judgement: Judgement,
    /// A flood begins with it: there is no second one until it ends.
    pub began: Option<Box<Detection>>,
    /// A flood is over that began then.
    pub ended: Option<Timestamp>,
}

/// Follows the access logs of services.
pub struct Watcher {
    secret: [u8; 32],
    services: BTreeMap<String, Stream>,
    refused: u64,
}

struct Stream {
    /// The minute that is open; none before the first request.
    counting: Option<Counting>,
    usual: Usual,
    networks: Filter,
    paths: Filter,
    causes: VecDeque<Cause>,
    episode: Episode,
}

impl Watcher {
    /// One that hashes with that secret. Nobody needs to know it: a new one at each start costs an hour of learning.
    pub fn new(secret: [u8; 32]) -> Self {
        Watcher { secret, services: BTreeMap::new(), refused: 0 }
    }

    /// Something outside brings people to a service.
    pub fn cause(&mut self, service: &str, cause: Cause) {
        if let Some(stream) = self.stream(service) {
            stream.causes.push_back(cause);
            if stream.causes.len() > FLOOD_CAUSES_MAX {
                stream.causes.pop_front();
            }
        }
    }

    /// Takes a request into account. What comes late counts to the minute that is open.
    pub fn observe(&mut self, service: &str, hit: &Hit<'_>) -> Vec<Told> {
        let keys = Keys::of(&self.secret, hit);
        let Some(stream) = self.stream(service) else { return Vec::new() };
        let told = stream.until(service, hit.time);
        let is_new = (!stream.networks.has(keys.network), !stream.paths.has(keys.path));
        if let Some(counting) = &mut stream.counting {
            counting.count(hit, &keys, is_new);
        }
        told
    }

    /// Closes minutes that are over, also where nothing comes.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Told> {
        self.services.iter_mut().flat_map(|(service, stream)| stream.until(service, now)).collect()
    }

    /// Requests to services beyond [`FLOOD_SERVICES_MAX`], which were not followed.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    fn stream(&mut self, service: &str) -> Option<&mut Stream> {
        if !self.services.contains_key(service) {
            if self.services.len() >= FLOOD_SERVICES_MAX {
                self.refused += 1;
                return None;
            }
            self.services.insert(service.to_owned(), Stream::new());
        }
        self.services.get_mut(service)
    }
}

/// Minutes without a request that are told one by one; a longer silence is a restart or another problem.
const SILENT_MINUTES_MAX: i64 = 120;

impl Stream {
    fn new() -> Self {
        Stream {
            counting: None,
            usual: Usual::default(),
            networks: Filter::default(),
            paths: Filter::default(),
            causes: VecDeque::new(),
            episode: Episode::default(),
        }
    }

    fn until(&mut self, service: &str, now: Timestamp) -> Vec<Told> {
        let minute = now.as_micros().div_euclid(MINUTE_US);
        let Some(open) = &self.counting else {
            self.counting = Some(Counting::new(minute));
            return Vec::new();
        };
        let behind = minute.saturating_sub(open.minute);
        let closed = if behind > SILENT_MINUTES_MAX { 1 } else { behind.max(0) };
        let told = (0..closed).filter_map(|_| self.close(service)).collect();
        if behind > SILENT_MINUTES_MAX {
            self.counting = Some(Counting::new(minute));
        }
        told
    }

    fn close(&mut self, service: &str) -> Option<Told> {
        let counting = self.counting.take()?;
        self.counting = Some(Counting::new(counting.minute + 1));
        let minute = Timestamp::from_micros(counting.minute.saturating_mul(MINUTE_US));
        let features = counting.features();
        let cause = self.causes.iter().rev().find(|cause| cause.at <= minute.plus(std::time::Duration::from_secs(60)));
        let judgement = judge::judge(&features, &self.usual, cause, minute);
        if judgement.is_quiet {
            self.usual.learn(&features);
            counting.remember(&mut self.networks, &mut self.paths);
        }
        self.usual.last_pages = features.pages;
        let look = match judgement.verdict {
            Verdict::Flood => Look::Bad,
            Verdict::Unsure => Look::Unknown,
            Verdict::Normal | Verdict::Crowd => Look::Good,
        };
        let step = self.episode.look(look, PATIENCE, minute);
        let began = (step == Step::Begins).then(|| Box::new(judge::detection(service, &judgement, minute)));
        let ended = match step {
            Step::Ends(since) => Some(since),
            _ => None,
        };
        Some(Told { service: service.to_owned(), minute, judgement, began, ended })
    }
}
