//! On the wire: beacons, tunnels, data that leaves, scans, and many visitors at once.

use std::time::Duration;

use model::Timestamp;
use serde::Deserialize;

use super::{Act, Entities, When, repeats, seconds_between, series_takes};
use crate::city::{Ends, Stage};
use crate::scenario::lines::{Flow, State};
use crate::scenario::terms::{End, Host, List, Percent, Seat, Span, Words};

/// What a connection to the outside looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Over {
    /// Encrypted, port 443.
    Https,
    /// Plain, port 80.
    Http,
    /// Questions to the resolver only.
    Dns,
    /// SSH, port 22.
    Ssh,
    /// A file share, port 445.
    Smb,
}

/// Where something goes, and how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contact<'a> {
    pub(crate) from: Seat,
    /// The program that does it; empty when the machine does not say.
    pub(crate) image: &'a str,
    pub(crate) host: &'a str,
    pub(crate) address: &'a str,
    pub(crate) over: Over,
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

impl Stage {
    /// One contact with the outside, with all lines that it leaves.
    pub(crate) fn contact(&mut self, at: Timestamp, contact: &Contact<'_>) {
        let (machine, host, address) = (contact.from.0, contact.host, contact.address);
        let is_told = contact.from.is_windows() && !contact.image.is_empty();
        if is_told {
            self.asks(at, machine, contact.image, (host, address));
        }
        self.dns(at, machine, host, ("A", address));
        let (port, service) = match contact.over {
            Over::Https => (443, "ssl"),
            Over::Http => (80, "http"),
            Over::Ssh => (22, "ssh"),
            Over::Smb => (445, "smb"),
            Over::Dns => return,
        };
        let then = self.soon(at, 300);
        if is_told {
            self.connects(then, machine, contact.image, (address, port));
        }
        let ends = Ends { from: machine.address, to: address, port };
        match contact.over {
            Over::Https => self.ssl(then, &ends, host),
            Over::Http => self.http_post(then, &ends, host, (contact.sent, contact.received)),
            _ => {}
        }
        // Some eight megabytes a second, and the time that it takes to say hello.
        let millis = contact.sent.saturating_add(contact.received) / 8_000 + self.random.between(40, 900);
        let (sent, received) = (contact.sent, contact.received);
        self.flow(then, &ends, &Flow { service, sent, received, millis, state: State::Whole });
    }
}

/// Give or take so many percent.
pub(crate) fn around(stage: &mut Stage, number: u64, percent: u64) -> u64 {
    let play = number.saturating_mul(percent) / 100;
    (number - play.min(number)).saturating_add(stage.random.between(0, 2 * play + 1))
}

/// A program calls home at a beat.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beacon {
    machine: Seat,
    #[serde(default)]
    image: Words,
    host: Host,
    address: End,
    over: Over,
    every: Span,
    #[serde(default)]
    jitter: Percent,
    #[serde(default = "small")]
    sent: u64,
    #[serde(default = "small")]
    received: u64,
    /// How much both numbers stray.
    #[serde(default = "ten")]
    stray: Percent,
}

fn small() -> u64 {
    600
}

fn ten() -> Percent {
    Percent(10)
}

impl Act for Beacon {
    fn play(&self, stage: &mut Stage, when: &When) {
        for at in when.beats(stage, self.every, self.jitter) {
            let contact = Contact {
                from: self.machine,
                image: &self.image.0,
                host: &self.host.0,
                address: &self.address.0,
                over: self.over,
                sent: around(stage, self.sent, self.stray.0),
                received: around(stage, self.received, self.stray.0),
            };
            stage.contact(at, &contact);
        }
    }

    fn beats(&self, lasts: Duration) -> u64 {
        repeats(lasts, self.every)
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(self.machine);
        into.end(&self.address);
        into.addresses.insert(self.host.0.clone());
    }
}

/// Data leaves in the names that are asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TunnelDns {
    machine: Seat,
    #[serde(default)]
    image: Words,
    domain: Host,
    every: Span,
    #[serde(default)]
    jitter: Percent,
    /// Hexadecimal digits in front of the domain, in labels of at most 60.
    #[serde(default = "forty")]
    digits: u8,
    #[serde(default)]
    kind: Record,
}

fn forty() -> u8 {
    40
}

/// Which record is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Record {
    /// Text, which carries much back.
    #[default]
    Txt,
    /// An address, as everybody asks.
    A,
}

impl Act for TunnelDns {
    fn play(&self, stage: &mut Stage, when: &When) {
        let answer = match self.kind {
            Record::Txt => ("TXT", "b2s="),
            Record::A => ("A", "203.0.113.200"),
        };
        for at in when.beats(stage, self.every, self.jitter) {
            let digits = stage.random.hex(usize::from(self.digits.max(1)));
            let labels: Vec<&str> =
                (0..digits.len()).step_by(60).filter_map(|at| digits.get(at..digits.len().min(at + 60))).collect();
            let query = format!("{}.{}", labels.join("."), self.domain.0);
            if self.machine.is_windows() && !self.image.0.is_empty() {
                stage.asks(at, self.machine.0, &self.image.0, (&query, "203.0.113.200"));
            }
            stage.dns(at, self.machine.0, &query, answer);
        }
    }

    fn beats(&self, lasts: Duration) -> u64 {
        repeats(lasts, self.every)
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(self.machine);
        into.addresses.insert(self.domain.0.clone());
    }
}

/// Data leaves: at once, or a little every night for weeks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendOut {
    machine: Seat,
    #[serde(default)]
    image: Words,
    host: Host,
    address: End,
    over: Over,
    /// Bytes each time.
    bytes: u64,
    /// How much they stray.
    #[serde(default = "ten")]
    stray: Percent,
    /// Between two times; only once when it is not given.
    every: Option<Span>,
    #[serde(default)]
    jitter: Percent,
}

impl Act for SendOut {
    fn play(&self, stage: &mut Stage, when: &When) {
        let moments = match self.every {
            Some(every) => when.beats(stage, every, self.jitter),
            None => vec![when.start],
        };
        for at in moments {
            let sent = around(stage, self.bytes, self.stray.0);
            let received = sent / 90 + stage.random.between(900, 6_000);
            let contact = Contact {
                from: self.machine,
                image: &self.image.0,
                host: &self.host.0,
                address: &self.address.0,
                over: self.over,
                sent,
                received,
            };
            stage.contact(at, &contact);
        }
    }

    fn beats(&self, lasts: Duration) -> u64 {
        self.every.map_or(1, |every| repeats(lasts, every))
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(self.machine);
        into.end(&self.address);
        into.addresses.insert(self.host.0.clone());
    }

    fn check(&self) -> Result<(), String> {
        if self.over == Over::Dns { Err("by DNS data leaves with the move tunnel-dns".into()) } else { Ok(()) }
    }
}

/// Ports are tried on machines, fast or slowly; most do not answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scan {
    from: End,
    targets: List<Seat>,
    ports: List<u16>,
    every: Span,
    #[serde(default)]
    jitter: Percent,
}

impl Act for Scan {
    fn play(&self, stage: &mut Stage, when: &When) {
        let pairs = self.ports.0.iter().flat_map(|port| self.targets.0.iter().map(move |target| (*target, *port)));
        let play = self.every.0.as_millis() as u64 * self.jitter.0 / 100;
        let moments = when.series((self.targets.0.len() * self.ports.0.len()) as u64, self.every);
        for (at, (target, port)) in moments.into_iter().zip(pairs) {
            let at = stage.soon(at, play.max(40));
            let is_open = match port {
                22 | 443 => target.is_linux(),
                135 | 445 | 3_389 | 5_985 => target.is_windows(),
                _ => false,
            };
            let state = match (is_open, stage.random.chance(1, 2)) {
                (true, _) => State::Whole,
                (false, true) => State::Refused,
                (false, false) => State::Unanswered,
            };
            let received = if is_open { 120 } else { 0 };
            let ends = Ends { from: &self.from.0, to: target.0.address, port: u64::from(port) };
            stage.flow(at, &ends, &Flow { service: "", sent: 0, received, millis: 3, state });
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        (self.targets.0.len() * self.ports.0.len()) as u64
    }

    fn takes(&self) -> Duration {
        series_takes((self.targets.0.len() * self.ports.0.len()) as u64, self.every)
    }

    fn entities(&self, into: &mut Entities) {
        into.end(&self.from);
        self.targets.0.iter().for_each(|target| into.machine(*target));
    }
}

/// What kind of visitors come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Visitors {
    /// People: more and more, then fewer, each with whole visits from an address of their own.
    Crowd,
    /// Machines that want to wear it down: at once, from few networks, half of it never finished.
    Flood,
}

/// Many visit a public service at once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Visit {
    to: Seat,
    who: Visitors,
    /// Connections in all.
    count: u64,
    /// How many addresses they come from.
    sources: u16,
}

impl Act for Visit {
    fn play(&self, stage: &mut Stage, when: &When) {
        let span = seconds_between(when.start, when.end).max(1) * 1_000;
        for _ in 0..self.count {
            let passed = match self.who {
                Visitors::Flood => stage.random.between(0, span),
                // The mean of two: a triangle with its top in the middle.
                Visitors::Crowd => (stage.random.between(0, span) + stage.random.between(0, span)) / 2,
            };
            let at = when.start.plus(Duration::from_millis(passed));
            let source = stage.random.between(0, u64::from(self.sources.max(1)));
            self.connection(stage, at, source);
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        self.count
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(self.to);
    }
}

impl Visit {
    fn connection(&self, stage: &mut Stage, at: Timestamp, source: u64) {
        let is_flood = self.who == Visitors::Flood;
        let from = if is_flood { format!("2001:db8:2::{source:x}") } else { format!("2001:db8:1:{source:x}::1") };
        let ends = Ends { from: &from, to: self.to.0.address, port: 443 };
        if is_flood && stage.random.chance(1, 2) {
            let flow = Flow { service: "", sent: 0, received: 0, millis: 0, state: State::Unanswered };
            return stage.flow(at, &ends, &flow);
        }
        let (sent, received) = match self.who {
            Visitors::Flood => (stage.random.between(300, 420), stage.random.between(0, 1_200)),
            Visitors::Crowd => (stage.random.between(900, 9_000), stage.random.between(8_000, 900_000)),
        };
        let millis = received / 300 + stage.random.between(30, 400);
        stage.ssl(at, &ends, "www.brunnfeld.example");
        stage.flow(at, &ends, &Flow { service: "ssl", sent, received, millis, state: State::Whole });
    }
}
