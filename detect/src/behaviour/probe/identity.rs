//! Is it still the same that answers? Certificate, name, and where people are sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use model::Timestamp;
use model::probe::{CertificateFacts, DnsCode, DnsFacts};
use serde::{Deserialize, Serialize};

use super::episode::{Look, Patience};
use super::known::Known;
use super::settings::{Expected, Problem};
use super::{Judged, words};

/// Two looks in a row: a single one may have met a server in the middle of a change.
const TWICE: Patience = Patience { bad: 2, of: 2, good: 2 };
const THRICE: Patience = Patience { bad: 3, of: 4, good: 2 };
/// Looks after which what is known about a name counts.
const NAME_LOOKS: u32 = 20;
/// Looks after which redirects that never came before count.
const REDIRECT_LOOKS: u32 = 5;
/// A certificate that ends within this is told of.
const ENDS_SOON: Duration = Duration::from_secs(14 * 86_400);
/// Within this somebody must act today.
const ENDS_NOW: Duration = Duration::from_secs(3 * 86_400);

/// What is known about who answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Fingerprints of certificates that came and were as expected.
    certificates: Known,
    keys: Known,
    issuers: Known,
    /// From when to when the last of them holds.
    holds: Option<(Timestamp, Timestamp)>,
    /// Networks in which addresses were, and names.
    networks: Known,
    redirects: Known,
}

impl Identity {
    pub(super) fn certificate(&self, facts: &CertificateFacts, expected: &Expected, now: Timestamp) -> Vec<Judged> {
        let look = |is_bad: bool| if is_bad { Look::Bad } else { Look::Good };
        let mut because = Vec::new();
        if let Some(why) = &facts.distrust {
            because.push(format!("no authority that we trust vouches for it: {}", words(why)));
        }
        if !facts.is_for_name {
            let names: Vec<&str> = facts.names.iter().take(5).map(String::as_str).collect();
            because.push(format!("it is for {}, not for {}", words(&names.join(", ")), expected.host));
        }
        if facts.not_after <= now {
            because.push(format!("it ended at {}", facts.not_after));
        }
        let is_bad = !because.is_empty();
        because.push(format!("issued by {}, SHA-256 {}", words(&facts.issuer), facts.fingerprint));
        let bad = Judged::new(Problem::Certificate, look(is_bad), TWICE, 90).because(because);
        let left = Duration::from_micros(
            u64::try_from(facts.not_after.as_micros().saturating_sub(now.as_micros())).unwrap_or(0),
        );
        // Some are made for six days (RFC 9773 gives them a third of their life): the last third, two weeks at most.
        let life_us = facts.not_after.as_micros().saturating_sub(facts.not_before.as_micros());
        let third = Duration::from_micros(u64::try_from(life_us / 3).unwrap_or(0));
        let is_soon = !left.is_zero() && left < ENDS_SOON.min(third);
        let ends = Judged::new(Problem::CertificateEnds, look(is_soon), TWICE, 60)
            .because(vec![format!("it ends at {}; who renews it, and has that been tried?", facts.not_after)]);
        let ends = if left < ENDS_NOW.min(third) { ends.level(model::Level::High) } else { ends };
        vec![bad, ends, self.changed(facts, expected, now)]
    }

    /// A renewal keeps the key or comes late in the life of the last one, from the same authority. Anything else is told.
    fn changed(&self, facts: &CertificateFacts, expected: &Expected, now: Timestamp) -> Judged {
        let judged = |look, surprise| Judged::new(Problem::CertificateChanged, look, TWICE, surprise);
        let is_pinned = !expected.keys.is_empty();
        if is_pinned && !expected.keys.contains(&facts.key) {
            let said = format!("its key is {}, which is none of those that are expected", facts.key);
            return judged(Look::Bad, 98).level(model::Level::High).because(vec![said]);
        }
        let is_known = self.certificates.has(&facts.fingerprint) || self.keys.has(&facts.key) || is_pinned;
        if is_known || self.certificates.looks() == 0 {
            return judged(Look::Good, 0);
        }
        let is_same_issuer = self.issuers.has(&organisation(&facts.issuer));
        let was_due = self.holds.is_none_or(|(from, until)| {
            let life = until.as_micros().saturating_sub(from.as_micros());
            until.as_micros().saturating_sub(now.as_micros()) < life / 2
        });
        let before: Vec<&str> = self.issuers.values().take(3).collect();
        let mut because = vec![format!("a new certificate with a new key, SHA-256 {}", facts.fingerprint)];
        if !is_same_issuer {
            because.push(format!("issued by {}, until now by {}", words(&facts.issuer), before.join(", ")));
        }
        if !was_due && let Some((_, until)) = self.holds {
            because.push(format!("the last one would have held until {until}"));
        }
        match (is_same_issuer, was_due) {
            (true, true) => judged(Look::Good, 0),
            (false, false) => judged(Look::Bad, 90).level(model::Level::High).because(because),
            (false, true) => judged(Look::Bad, 60).because(because),
            (true, false) => judged(Look::Bad, 40).level(model::Level::Low).because(because),
        }
    }

    pub(super) fn learn_certificate(&mut self, facts: &CertificateFacts) {
        self.certificates.learn([facts.fingerprint.as_str()]);
        self.keys.learn([facts.key.as_str()]);
        self.issuers.learn([organisation(&facts.issuer).as_str()]);
        self.holds = Some((facts.not_before, facts.not_after));
    }

    pub(super) fn name(&self, facts: &DnsFacts, expected: &Expected) -> Vec<Judged> {
        let fails = match facts.code {
            DnsCode::NoError if !facts.answers.is_empty() => Look::Good,
            _ => Look::Bad,
        };
        let said = match facts.code {
            DnsCode::NoError => "an answer without addresses",
            code => code.words(),
        };
        let fails = Judged::new(Problem::NameFails, fails, THRICE, 85)
            .because(vec![format!("{} says of {}: {said}", facts.server, expected.host)]);
        let strangers = self.strangers(facts, expected);
        let look = match (facts.answers.is_empty(), strangers.is_empty()) {
            (true, _) => Look::Unknown,
            (false, true) => Look::Good,
            (false, false) => Look::Bad,
        };
        let against = if expected.answers.is_empty() { "what it said before" } else { "what the register says" };
        let changed = Judged::new(Problem::NameChanged, look, TWICE, if expected.answers.is_empty() { 75 } else { 95 })
            .because(vec![
                format!("{} now leads to {}, says {}", expected.host, strangers.join(", "), facts.server),
                format!("that is not {against}"),
            ]);
        vec![fails, changed]
    }

    /// Answers that nobody expects.
    fn strangers(&self, facts: &DnsFacts, expected: &Expected) -> Vec<String> {
        if !expected.answers.is_empty() {
            let fits = |answer: &&String| !expected.answers.iter().any(|range| covers(range, answer));
            return facts.answers.iter().filter(fits).cloned().collect();
        }
        let is_learnt = self.networks.looks() >= NAME_LOOKS && !self.networks.is_restless();
        let is_known = facts.answers.iter().any(|answer| self.networks.has(&network(answer)));
        if is_learnt && !is_known { facts.answers.clone() } else { Vec::new() }
    }

    pub(super) fn learn_name(&mut self, facts: &DnsFacts) {
        let networks: Vec<String> = facts.answers.iter().map(|answer| network(answer)).collect();
        if !networks.is_empty() {
            self.networks.learn(networks.iter().map(String::as_str));
        }
    }

    pub(super) fn redirects(&self, hosts: &[String], is_downgraded: bool, expected: &Expected) -> Judged {
        let is_learnt = self.redirects.looks() >= REDIRECT_LOOKS;
        let is_stranger = |host: &&String| !(is_ours(host, expected) || is_learnt && self.redirects.has(host));
        // What it does from the first look on may be right: only a change, or a change of mind about TLS, is told.
        let foreign: Vec<&String> = if is_learnt { hosts.iter().filter(is_stranger).collect() } else { Vec::new() };
        let mut because = Vec::new();
        if !foreign.is_empty() {
            let names: Vec<&str> = foreign.iter().map(|host| host.as_str()).collect();
            because.push(format!("{} sends people to {}, which it never did", expected.host, words(&names.join(", "))));
        }
        if is_downgraded {
            because.push("on the way, an encrypted address sends to one that is not".to_owned());
        }
        let look = if because.is_empty() { Look::Good } else { Look::Bad };
        Judged::new(Problem::Redirected, look, TWICE, 90).because(because)
    }

    pub(super) fn learn_redirects(&mut self, hosts: &[String]) {
        self.redirects.learn(hosts.iter().map(String::as_str));
    }
}

/// Whether a host is the service's own, below its own registered domain, or expected.
pub(super) fn is_ours(host: &str, expected: &Expected) -> bool {
    let below = |of: &str| host == of || host.strip_suffix(of).is_some_and(|before| before.ends_with('.'));
    let registered = psl::domain_str(&expected.host).unwrap_or(&expected.host);
    host.is_empty() || (!registered.is_empty() && below(registered)) || expected.hosts.iter().any(|of| below(of))
}

/// The organisation of an issuer (`O=Let's Encrypt`), which stays when its intermediate certificates take turns.
fn organisation(issuer: &str) -> String {
    let part = issuer.split(',').map(str::trim).find_map(|part| part.strip_prefix("O="));
    part.unwrap_or(issuer).trim().to_lowercase()
}

/// The network of an address: 16 bits of IPv4, 32 of IPv6, which is about what one provider has; a name's registered domain.
fn network(answer: &str) -> String {
    match answer.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => Ipv4Addr::from_bits(address.to_bits() & 0xffff_0000).to_string(),
        Ok(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 96 << 96).to_string(),
        Err(_) => psl::domain_str(answer).unwrap_or(answer).to_owned(),
    }
}

fn covers(range: &str, answer: &str) -> bool {
    let Ok(address) = answer.parse::<IpAddr>() else { return range.eq_ignore_ascii_case(answer) };
    let (base, length) =
        range.split_once('/').map_or((range, None), |(base, length)| (base, length.parse::<u32>().ok()));
    match (base.parse::<IpAddr>(), address) {
        (Ok(IpAddr::V4(base)), IpAddr::V4(address)) => {
            let bits = base.to_bits() ^ address.to_bits();
            bits.checked_shr(32 - length.unwrap_or(32).min(32)).unwrap_or(0) == 0
        }
        (Ok(IpAddr::V6(base)), IpAddr::V6(address)) => {
            let bits = base.to_bits() ^ address.to_bits();
            bits.checked_shr(128 - length.unwrap_or(128).min(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours() {
        let expected = Expected {
            host: "www.city.example".to_owned(),
            hosts: vec!["pay.example".to_owned()],
            ..Expected::default()
        };
        let check = |host: &str, ours: bool| assert_eq!(is_ours(host, &expected), ours, "{host}");
        check("", true);
        check("city.example", true);
        check("login.city.example", true);
        check("a.pay.example", true);
        check("badcity.example", false);
        check("city.example.evil.example", false);
        check("data:", false);
    }

    #[test]
    fn ranges() {
        let check = |range: &str, answer: &str, yes: bool| assert_eq!(covers(range, answer), yes, "{range} {answer}");
        check("192.0.2.0/24", "192.0.2.9", true);
        check("192.0.2.0/24", "192.0.3.9", false);
        check("192.0.2.9", "192.0.2.9", true);
        check("0.0.0.0/0", "192.0.2.9", true);
        check("2001:db8::/32", "2001:db8::1", true);
        check("2001:db8::1", "2001:db8::2", false);
        check("Edge.example", "edge.example", true);
        check("192.0.2.0/24", "2001:db8::1", false);
    }
}
