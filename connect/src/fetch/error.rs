//! Why something could not be fetched: what was tried, with whom, and what may help.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use model::limits::{
    FETCH_ADDRESSES_MAX, FETCH_HEADER_BYTES_MAX, FETCH_HEADERS_MAX, FETCH_REDIRECTS_MAX, UNPACK_RATIO_MAX,
};

use super::target::{Origin, TargetError};

/// Why something could not be fetched. Texts name the origin, never path, query or credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Not over TLS, and nobody allowed that.
    #[error("{0} is not encrypted; hint: use https, or set allow_http for this feed")]
    PlainHttp(Origin),
    /// An address that is not public.
    #[error("{origin} leads to {address}, which is {what}; hint: {}", private_hint(origin, *can_be_allowed))]
    Private {
        /// Who was asked for.
        origin: Origin,
        /// One of the addresses.
        address: IpAddr,
        /// What is special about it.
        what: &'static str,
        /// Whether an exception helps.
        can_be_allowed: bool,
    },
    /// The name has no address that we could learn.
    #[error("cannot find the address of {origin}; hint: is the name right, and the resolver reachable?")]
    Resolve {
        /// Who was asked for.
        origin: Origin,
        /// What the resolver said.
        #[source]
        cause: io::Error,
    },
    /// The name has none.
    #[error("{0} has no address")]
    NoAddress(Origin),
    /// The name has more than anybody needs.
    #[error("{0} has more than {FETCH_ADDRESSES_MAX} addresses")]
    TooManyAddresses(Origin),
    /// Nobody answers at any of its addresses.
    #[error("cannot connect to {origin}")]
    Connect {
        /// Who was asked for.
        origin: Origin,
        /// Why the last try failed.
        #[source]
        cause: io::Error,
    },
    /// TLS failed.
    #[error(
        "cannot agree on TLS with {origin}; hint: if its certificate comes from an authority of your own, name that in ca"
    )]
    Tls {
        /// Who was asked for.
        origin: Origin,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// There is nobody to trust.
    #[error(
        "cannot check who {0} is: this machine has no list of authorities; hint: install ca-certificates, or name a file in ca"
    )]
    NoAuthorities(Origin),
    /// The other side takes its time.
    #[error("{origin} takes more than {} s to {phase}", limit.as_secs_f64())]
    TooSlow {
        /// Who was asked for.
        origin: Origin,
        /// What took so long.
        phase: Phase,
        /// How long we waited.
        limit: Duration,
    },
    /// No answer, or none in HTTP/1.1 (RFC 9112).
    #[error("{origin} gave no answer in HTTP/1.1")]
    Http {
        /// Who was asked.
        origin: Origin,
        /// What was wrong.
        #[source]
        cause: hyper::Error,
    },
    /// Too much before the body begins.
    #[error("{0} answers with more than {FETCH_HEADERS_MAX} headers or {FETCH_HEADER_BYTES_MAX} bytes of them")]
    HeadTooLarge(Origin),
    /// The body ended early.
    #[error("the answer of {origin} broke off after {bytes} bytes")]
    BrokenOff {
        /// Who was asked.
        origin: Origin,
        /// What had come.
        bytes: u64,
        /// Why.
        #[source]
        cause: hyper::Error,
    },
    /// More than five redirects.
    #[error("{0} redirects more than {FETCH_REDIRECTS_MAX} times")]
    TooManyRedirects(Origin),
    /// A redirect that leads nowhere.
    #[error("{origin} redirects to a place that cannot be fetched")]
    RedirectTarget {
        /// Who redirects.
        origin: Origin,
        /// What is wrong with it.
        #[source]
        cause: TargetError,
    },
    /// A redirect without `Location`.
    #[error("{0} redirects without saying where")]
    RedirectNowhere(Origin),
    /// A redirect from TLS to none.
    #[error("{from} redirects to {to}, which is not encrypted")]
    RedirectInsecure {
        /// Who redirects.
        from: Origin,
        /// Where.
        to: Origin,
    },
    /// A redirect of something that was sent.
    #[error("{from} redirects what we send to {to}; hint: configure the place that it names")]
    RedirectPost {
        /// Who redirects.
        from: Origin,
        /// Where.
        to: Origin,
    },
    /// We are not let in.
    #[error("{origin} does not let us in ({status}); hint: check the feed's credentials")]
    Denied {
        /// Who was asked.
        origin: Origin,
        /// 401, 403 or 407.
        status: u16,
    },
    /// It wants to be left alone for a while.
    #[error("{origin} is busy ({status})")]
    Busy {
        /// Who was asked.
        origin: Origin,
        /// 429 or 503.
        status: u16,
        /// How long it wants to be left alone, at most a day.
        retry_after: Option<Duration>,
    },
    /// Any other answer that is no success.
    #[error("{origin} answers {status}{}", status_hint(*status))]
    Status {
        /// Who was asked.
        origin: Origin,
        /// The status.
        status: u16,
    },
    /// A packing that we did not ask for.
    #[error("{0} packs its answer in a way that we did not ask for")]
    Encoding(Origin),
    /// More than the feed may bring.
    #[error("the answer of {origin} is larger than {bytes_max} bytes; hint: raise the feed's limit if that is right")]
    TooLarge {
        /// Who was asked.
        origin: Origin,
        /// The limit.
        bytes_max: u64,
    },
    /// A bomb.
    #[error("the answer of {0} unpacks to more than {UNPACK_RATIO_MAX} times its size")]
    Bomb(Origin),
    /// Not packed as it says.
    #[error("the answer of {origin} cannot be unpacked")]
    Unpack {
        /// Who was asked.
        origin: Origin,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// The file for the answer cannot be written.
    #[error("cannot write the answer to {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// A header of ours that cannot be sent.
    #[error("{0} cannot be sent as it is")]
    Header(&'static str),
    /// Watchbell is stopping.
    #[error("Watchbell is stopping")]
    Stopping,
}

impl FetchError {
    /// How long the other side wants to be left alone, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            FetchError::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The status that was answered, where one was.
    pub fn status(&self) -> Option<u16> {
        match self {
            FetchError::Denied { status, .. } | FetchError::Busy { status, .. } | FetchError::Status { status, .. } => {
                Some(*status)
            }
            _ => None,
        }
    }
}

/// What takes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Finding the address.
    Resolve,
    /// Connecting, TLS included.
    Connect,
    /// The head of the answer.
    Answer,
    /// The next part of the body.
    Body,
    /// All of it.
    Whole,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Phase::Resolve => "be found",
            Phase::Connect => "connect",
            Phase::Answer => "begin an answer",
            Phase::Body => "go on with its answer",
            Phase::Whole => "answer",
        })
    }
}

fn private_hint(origin: &Origin, can_be_allowed: bool) -> String {
    if can_be_allowed {
        format!("if that is meant, add \"{}:{}\" to allow_private", origin.host, origin.port)
    } else {
        "nothing can be fetched from there".to_owned()
    }
}

fn status_hint(status: u16) -> &'static str {
    match status {
        404 | 410 => "; hint: is the URL right? Nothing is there",
        406 | 415 => "; hint: the server does not speak the version or format that we ask for",
        500..=599 => "; hint: the trouble is on its side",
        _ => "",
    }
}
