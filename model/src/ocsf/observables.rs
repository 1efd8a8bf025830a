//! The things in an event that an indicator can name.

use serde::{Deserialize, Serialize};

use super::Event;
use super::objects::*;

/// What an observable is; the numbers are OCSF's `observable.type_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum ObservableKind {
    /// Host or domain name.
    Hostname = 1,
    /// IP address.
    Ip = 2,
    /// E-mail address.
    Email = 5,
    /// URL.
    Url = 6,
    /// File hash.
    Hash = 8,
    /// Port.
    Port = 11,
}

/// A thing in an event, with the attribute in which it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observable<'a> {
    /// What it is.
    pub kind: ObservableKind,
    /// The attribute, as a dotted path.
    pub attribute: &'static str,
    /// The value as the event has it.
    pub value: &'a str,
    /// For an address: the port that goes with it.
    pub port: Option<u16>,
}

impl Event {
    /// Gives every observable of the event, in a fixed order. No allocation.
    pub fn for_each_observable<'a>(&'a self, mut give: impl FnMut(Observable<'a>)) {
        let a = &self.attributes;
        endpoint(a.src_endpoint.as_deref(), "src_endpoint.ip", "src_endpoint.hostname", &mut give);
        endpoint(a.dst_endpoint.as_deref(), "dst_endpoint.ip", "dst_endpoint.hostname", &mut give);
        if let Some(query) = &a.query {
            host(query.hostname.as_deref(), "query.hostname", &mut give);
        }
        for answer in a.answers.iter().flatten() {
            self::answer(answer, &mut give);
        }
        if let Some(request) = &a.http_request
            && let Some(found) = &request.url
        {
            url(found, "http_request.url.url_string", "http_request.url.hostname", "http_request.url.path", &mut give);
        }
        if let Some(found) = &a.url {
            url(found, "url.url_string", "url.hostname", "url.path", &mut give);
        }
        if let Some(tls) = &a.tls {
            host(tls.sni.as_deref(), "tls.sni", &mut give);
        }
        hashes(a.file.as_deref(), "file.hashes.value", &mut give);
        hashes(a.module.as_deref().and_then(|module| module.file.as_deref()), "module.file.hashes.value", &mut give);
        hashes(a.driver.as_deref().and_then(|driver| driver.file.as_deref()), "driver.file.hashes.value", &mut give);
        hashes(
            a.process.as_deref().and_then(|process| process.file.as_deref()),
            "process.file.hashes.value",
            &mut give,
        );
        let actor = a.actor.as_ref().and_then(|actor| actor.process.as_deref());
        hashes(actor.and_then(|process| process.file.as_deref()), "actor.process.file.hashes.value", &mut give);
        user(a.user.as_deref(), "user.email_addr", &mut give);
        user(a.actor.as_deref().and_then(|actor| actor.user.as_deref()), "actor.user.email_addr", &mut give);
        if let Some(email) = &a.email {
            one(ObservableKind::Email, "email.from", email.from.as_deref(), &mut give);
            for to in email.to.iter().flatten() {
                one(ObservableKind::Email, "email.to", Some(to), &mut give);
            }
        }
        for found in a.evidences.iter().flatten() {
            evidence(found, &mut give);
        }
    }
}

/// What somebody else's finding was seen in is as good a sighting as an event of ours.
fn evidence<'a>(evidence: &'a Evidence, give: &mut impl FnMut(Observable<'a>)) {
    endpoint(evidence.src_endpoint.as_deref(), "evidences.src_endpoint.ip", "evidences.src_endpoint.hostname", give);
    endpoint(evidence.dst_endpoint.as_deref(), "evidences.dst_endpoint.ip", "evidences.dst_endpoint.hostname", give);
    if let Some(query) = &evidence.query {
        host(query.hostname.as_deref(), "evidences.query.hostname", give);
    }
    if let Some(request) = &evidence.http_request
        && let Some(found) = &request.url
    {
        url(
            found,
            "evidences.http_request.url.url_string",
            "evidences.http_request.url.hostname",
            "evidences.http_request.url.path",
            give,
        );
    }
    if let Some(found) = &evidence.url {
        url(found, "evidences.url.url_string", "evidences.url.hostname", "evidences.url.path", give);
    }
    if let Some(tls) = &evidence.tls {
        host(tls.sni.as_deref(), "evidences.tls.sni", give);
    }
    hashes(evidence.file.as_deref(), "evidences.file.hashes.value", give);
    if let Some(email) = &evidence.email {
        one(ObservableKind::Email, "evidences.email.from", email.from.as_deref(), give);
        for to in email.to.iter().flatten() {
            one(ObservableKind::Email, "evidences.email.to", Some(to), give);
        }
    }
}

fn one<'a>(
    kind: ObservableKind,
    attribute: &'static str,
    value: Option<&'a str>,
    give: &mut impl FnMut(Observable<'a>),
) {
    if let Some(value) = value
        && !value.is_empty()
    {
        give(Observable { kind, attribute, value, port: None });
    }
}

/// A host name is often an address in disguise; whoever matches it decides.
fn host<'a>(value: Option<&'a str>, attribute: &'static str, give: &mut impl FnMut(Observable<'a>)) {
    one(ObservableKind::Hostname, attribute, value, give);
}

fn endpoint<'a>(
    endpoint: Option<&'a Endpoint>,
    ip: &'static str,
    hostname: &'static str,
    give: &mut impl FnMut(Observable<'a>),
) {
    let Some(endpoint) = endpoint else { return };
    if let Some(value) = endpoint.ip.as_deref() {
        give(Observable { kind: ObservableKind::Ip, attribute: ip, value, port: endpoint.port });
    }
    host(endpoint.hostname.as_deref(), hostname, give);
}

fn answer<'a>(answer: &'a DnsAnswer, give: &mut impl FnMut(Observable<'a>)) {
    let Some(value) = answer.rdata.as_deref() else { return };
    let kind = match answer.type_name.as_deref() {
        Some("A" | "AAAA") => ObservableKind::Ip,
        _ if value.parse::<std::net::IpAddr>().is_ok() => ObservableKind::Ip,
        Some("CNAME" | "NS" | "MX" | "PTR" | "SRV") | None => ObservableKind::Hostname,
        Some(_) => return,
    };
    one(kind, "answers.rdata", Some(value), give);
}

fn url<'a>(
    url: &'a Url,
    whole: &'static str,
    hostname: &'static str,
    path: &'static str,
    give: &mut impl FnMut(Observable<'a>),
) {
    // A URL as a whole carries its host and path; they are given apart only where there is no whole.
    match &url.url_string {
        Some(value) => one(ObservableKind::Url, whole, Some(value), give),
        None => one(ObservableKind::Url, path, url.path.as_deref(), give),
    }
    host(url.hostname.as_deref(), hostname, give);
}

fn hashes<'a>(file: Option<&'a File>, attribute: &'static str, give: &mut impl FnMut(Observable<'a>)) {
    for hash in file.and_then(|file| file.hashes.as_ref()).into_iter().flatten() {
        one(ObservableKind::Hash, attribute, hash.value.as_deref(), give);
    }
}

fn user<'a>(user: Option<&'a User>, attribute: &'static str, give: &mut impl FnMut(Observable<'a>)) {
    one(ObservableKind::Email, attribute, user.and_then(|user| user.email_addr.as_deref()), give);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocsf::Class;
    use crate::{AgencyId, EventId, Timestamp};

    #[test]
    fn observables_name_their_attribute() {
        let mut event = Event::new(EventId::default(), AgencyId::home(), Timestamp::EPOCH, Class::DNS, 1);
        event.attributes.src_endpoint =
            Some(Box::new(Endpoint { ip: Some("10.0.0.1".into()), port: Some(5353), ..Endpoint::default() }));
        event.attributes.query =
            Some(Box::new(DnsQuery { hostname: Some("evil.example".into()), ..DnsQuery::default() }));
        event.attributes.answers = Some(vec![DnsAnswer { rdata: Some("192.0.2.7".into()), ..DnsAnswer::default() }]);
        let mut seen = Vec::new();
        event.for_each_observable(|o| seen.push((o.attribute, o.value, o.port)));
        assert_eq!(
            seen,
            [
                ("src_endpoint.ip", "10.0.0.1", Some(5353)),
                ("query.hostname", "evil.example", None),
                ("answers.rdata", "192.0.2.7", None)
            ]
        );
    }
}
