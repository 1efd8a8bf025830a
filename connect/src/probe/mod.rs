//! Looking at the city's services from outside: HTTP, certificate, page, data, DNS.
//!
//! One look gives one or more [`model::probe::Observation`]s; what they mean is said by `detect`, what is in the bytes by
//! `formats::probe`. Addresses are checked as for any fetch ([`crate::fetch`]): a service is looked at as everybody sees it, and a private
//! place only where an exception names it. A certificate is looked at before anything is asked; where it is not good, nothing is sent.
//!
//! Politeness: one look at a time for each host, an interval with a jitter that follows from a seed, `Retry-After` is kept, the client says who
//! it is, and no more is read than `model::limits` say ([`schedule`]). Deliberately absent: logging in, cookies, scripts, HTTP/2.

pub mod certificate;
pub mod dns;
pub mod schedule;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use model::doors::Clock;
use model::limits::{
    FETCH_IDLE_SECONDS_MAX, PROBE_BODY_BYTES_MAX, PROBE_CONNECT_SECONDS_MAX, PROBE_SECONDS_MAX, PROBE_WORDS_BYTES_MAX,
};
use model::probe::{Check, Failure, HttpFacts, Observation, Outcome, Stage};

use crate::fetch::{FetchError, FetchRules, Fetcher, Looked, Patience, Phase, Request, Scheme, Target};
use crate::tls::TlsError;

/// By what name services see us.
const AGENT: &str =
    concat!("watchbell/", env!("CARGO_PKG_VERSION"), " (availability probe of the city's own services)");

/// What is looked at.
#[derive(Clone, Debug)]
pub enum Ask {
    /// A place on the web, and what is read there.
    Web {
        /// Where.
        target: Target,
        /// What for.
        reads: Reads,
    },
    /// A name, at one server.
    Name(dns::Question),
}

/// What is read of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// That there is one.
    Nothing,
    /// A page for people.
    Page,
    /// Data for programs.
    Data,
}

/// One look that is to be made.
#[derive(Clone, Debug)]
pub struct Look {
    /// The probe's name.
    pub probe: String,
    /// The service's name in the register.
    pub service: String,
    /// What is looked at.
    pub ask: Ask,
}

impl Look {
    /// The host that is burdened with it: never two looks at once.
    pub fn host(&self) -> String {
        match &self.ask {
            Ask::Web { target, .. } => target.origin().host.to_string(),
            Ask::Name(question) => question.server.to_string(),
        }
    }
}

/// What a look gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Facts.
    pub observations: Vec<Observation>,
    /// How long the host wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// Looks at services by its rules.
pub struct Prober {
    fetcher: Fetcher,
    certificates: certificate::Reader,
    vantage: String,
    clock: Arc<dyn Clock>,
}

impl Prober {
    /// One that looks from a vantage point of that name.
    ///
    /// # Errors
    /// When the rules name certificates or keys that cannot be used.
    pub fn new(rules: &FetchRules, vantage: &str, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let patience = Patience {
            connect: Duration::from_secs(PROBE_CONNECT_SECONDS_MAX),
            answer: Duration::from_secs(PROBE_SECONDS_MAX),
            idle: Duration::from_secs(FETCH_IDLE_SECONDS_MAX.min(PROBE_SECONDS_MAX)),
            total: Duration::from_secs(PROBE_SECONDS_MAX),
        };
        // A service is asked in the open where its address says so: that is what people do, and a finding of its own elsewhere.
        let rules = FetchRules { allow_http: true, ..rules.clone() };
        Ok(Prober {
            fetcher: Fetcher::new(&rules)?.with_patience(patience),
            certificates: certificate::Reader::new(&rules)?,
            vantage: vantage.to_owned(),
            clock,
        })
    }

    /// Makes one look. Never fails: what fails is what was seen.
    pub async fn look(&self, look: &Look) -> Seen {
        match &look.ask {
            Ask::Name(question) => {
                let facts = dns::ask(question).await;
                Seen { observations: vec![self.seen(look, Check::Dns, Outcome::Dns(facts))], retry_after: None }
            }
            Ask::Web { target, reads } => self.look_at_web(look, target, *reads).await,
        }
    }

    async fn look_at_web(&self, look: &Look, target: &Target, reads: Reads) -> Seen {
        let mut seen = Seen::default();
        if target.origin().scheme == Scheme::Https {
            match self.certificates.read(&self.fetcher, target, self.clock.now()).await {
                Ok(facts) => {
                    let is_good = facts.distrust.is_none() && facts.is_for_name;
                    seen.observations.push(self.seen(look, Check::Certificate, Outcome::Certificate(facts)));
                    if !is_good {
                        let words = "its certificate is not good, so nothing was asked".to_owned();
                        let failure = Failure { at: Stage::Certificate, words };
                        seen.observations.push(self.seen(look, Check::Http, Outcome::Failed(failure)));
                        return seen;
                    }
                }
                Err(error) => {
                    seen.observations.push(self.seen(look, Check::Http, Outcome::Failed(failure(&error))));
                    return seen;
                }
            }
        }
        let request = Request::get(target.clone()).named(AGENT).at_most(PROBE_BODY_BYTES_MAX as u64);
        match self.fetcher.look(&request).await {
            Err(error) => seen.observations.push(self.seen(look, Check::Http, Outcome::Failed(failure(&error)))),
            Ok(looked) => {
                seen.retry_after = looked.retry_after;
                seen.observations.push(self.seen(look, Check::Http, Outcome::Http(facts_of(&looked))));
                // What a server says when it cannot is no page and no data.
                if (200..300).contains(&looked.status) {
                    seen.observations.extend(self.content(look, &looked, reads));
                }
            }
        }
        seen
    }

    fn content(&self, look: &Look, looked: &Looked, reads: Reads) -> Option<Observation> {
        match reads {
            Reads::Nothing => None,
            Reads::Page => {
                let host = looked.target.origin().host.to_string();
                let facts = formats::probe::page(&looked.body, &host);
                Some(self.seen(look, Check::Content, Outcome::Page(facts)))
            }
            Reads::Data => Some(self.seen(look, Check::Data, Outcome::Data(formats::probe::data(&looked.body)))),
        }
    }

    fn seen(&self, look: &Look, check: Check, outcome: Outcome) -> Observation {
        Observation {
            probe: look.probe.clone(),
            service: look.service.clone(),
            check,
            time: self.clock.now(),
            vantage: self.vantage.clone(),
            outcome,
        }
    }
}

fn facts_of(looked: &Looked) -> HttpFacts {
    let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    HttpFacts {
        status: looked.status,
        first_byte_us: micros(looked.first_byte),
        total_us: micros(looked.total),
        bytes: looked.body.len() as u64,
        redirects: looked.redirects.clone(),
        is_downgraded: looked.is_downgraded,
    }
}

/// Where a look ended, and why, in words that name the origin only.
fn failure(error: &FetchError) -> Failure {
    let at = match error {
        FetchError::Private { .. }
        | FetchError::PlainHttp(_)
        | FetchError::NoAuthorities(_)
        | FetchError::Header(_) => Stage::Ours,
        FetchError::Stopping | FetchError::File { .. } => Stage::Ours,
        FetchError::Resolve { .. } | FetchError::NoAddress(_) | FetchError::TooManyAddresses(_) => Stage::Resolve,
        FetchError::TooSlow { phase: Phase::Resolve, .. } => Stage::Resolve,
        FetchError::Connect { .. } | FetchError::TooSlow { phase: Phase::Connect, .. } => Stage::Connect,
        FetchError::Tls { .. } => Stage::Tls,
        FetchError::BrokenOff { .. } | FetchError::TooLarge { .. } | FetchError::Bomb(_) => Stage::Body,
        FetchError::Unpack { .. } | FetchError::Encoding(_) | FetchError::TooSlow { phase: Phase::Body, .. } => {
            Stage::Body
        }
        _ => Stage::Answer,
    };
    Failure { at, words: error.to_string().chars().take(PROBE_WORDS_BYTES_MAX).collect() }
}

/// Where the results of a look are in time, for a schedule.
pub fn ended(seen: &Seen) -> Option<Timestamp> {
    seen.observations.iter().map(|observation| observation.time).max()
}
