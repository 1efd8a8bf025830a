//! What is asked for.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Method;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HOST, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, USER_AGENT,
};
use model::limits::FETCH_BODY_BYTES_MAX;

use super::access::Access;
use super::answer::Conditional;
use super::error::FetchError;
use super::target::{Origin, Scheme, Target};

/// Something to fetch.
#[derive(Clone, Debug)]
pub struct Request {
    pub(super) target: Target,
    pub(super) method: Method,
    pub(super) access: Option<Access>,
    pub(super) conditional: Option<Conditional>,
    pub(super) bytes_max: u64,
    accept: &'static str,
    agent: &'static str,
    body: Option<(&'static str, Bytes)>,
}

/// By what name servers see us.
const AGENT: &str = concat!("watchbell/", env!("CARGO_PKG_VERSION"));

impl Request {
    /// Gets what is there.
    pub fn get(target: Target) -> Self {
        Request {
            target,
            method: Method::GET,
            access: None,
            conditional: None,
            bytes_max: FETCH_BODY_BYTES_MAX,
            accept: "*/*",
            agent: AGENT,
            body: None,
        }
    }

    /// Sends something there.
    pub fn post(target: Target, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Request { method: Method::POST, body: Some((content_type, body.into())), ..Request::get(target) }
    }

    /// Where it goes.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The media type that is wanted.
    #[must_use]
    pub fn accepting(self, accept: &'static str) -> Self {
        Request { accept, ..self }
    }

    /// Under another name than Watchbell's own.
    #[must_use]
    pub fn named(self, agent: &'static str) -> Self {
        Request { agent, ..self }
    }

    /// With credentials, for the origin that they are bound to.
    #[must_use]
    pub fn with_access(self, access: Option<Access>) -> Self {
        Request { access, ..self }
    }

    /// Only what is newer than that.
    #[must_use]
    pub fn unless(self, conditional: Conditional) -> Self {
        Request { conditional: Some(conditional), ..self }
    }

    /// At most so many bytes, unpacked.
    #[must_use]
    pub fn at_most(self, bytes_max: u64) -> Self {
        Request { bytes_max: bytes_max.min(FETCH_BODY_BYTES_MAX), ..self }
    }

    /// As it is sent to that place, which may be one that it was redirected to.
    pub(super) fn for_target(&self, target: &Target) -> Result<hyper::Request<Full<Bytes>>, FetchError> {
        let origin = target.origin();
        let mut request = hyper::Request::new(Full::new(self.body.clone().map(|(_, body)| body).unwrap_or_default()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = target.path_and_query().parse().map_err(|_| FetchError::Header("the URL"))?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(&authority(origin)).map_err(|_| FetchError::Header("the host"))?);
        headers.insert(USER_AGENT, HeaderValue::from_static(self.agent));
        headers.insert(ACCEPT, HeaderValue::from_static(self.accept));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if let Some((content_type, _)) = &self.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(Conditional { etag, last_modified }) = &self.conditional {
            for (name, text) in [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, last_modified)] {
                let Some(text) = text else { continue };
                let value = HeaderValue::from_str(text).map_err(|_| FetchError::Header("the condition"))?;
                headers.insert(name, value);
            }
        }
        if let Some((name, value)) = self.access.as_ref().and_then(|access| access.header_for(origin)) {
            headers.insert(name, value);
        }
        Ok(request)
    }
}

/// The `Host` header (RFC 9110 section 7.2): without the port that the scheme implies.
fn authority(origin: &Origin) -> String {
    let usual = match origin.scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    let Origin { host, port, .. } = origin;
    if *port == usual { host.to_string() } else { format!("{host}:{port}") }
}
