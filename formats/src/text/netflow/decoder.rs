//! Packets to flows.

use std::collections::HashMap;
use std::net::IpAddr;

use model::limits::{NETFLOW_DOMAINS_MAX, NETFLOW_RECORDS_MAX, NETFLOW_TEMPLATES_MAX};

use super::template::{Template, read_templates};
use super::v5;
use crate::Trouble;

/// What one packet held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// One JSON object for each flow.
    pub records: Vec<String>,
    /// What could not be read: a set without its template, a torn set.
    pub troubles: Vec<Trouble>,
}

/// Remembers the templates of exporters, within limits.
#[derive(Debug, Default)]
pub struct Decoder {
    domains: HashMap<Domain, Templates>,
    /// Counts packets: the clock of what is forgotten first.
    packets: u64,
}

/// Template numbers are the exporter's own, for each observation domain and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Domain {
    exporter: IpAddr,
    version: u16,
    id: u32,
}

#[derive(Debug, Default)]
struct Templates {
    last_packet: u64,
    by_id: HashMap<u16, (u64, Template)>,
}

/// The header of a packet of version 9 or 10.
#[derive(Clone, Copy, Debug)]
struct Header {
    domain: Domain,
    export_seconds: u32,
    /// Milliseconds since the exporter started; version 9 only.
    uptime_ms: Option<u32>,
}

impl Decoder {
    /// A decoder that knows no template yet.
    pub fn new() -> Self {
        Decoder::default()
    }

    /// Reads one packet of `exporter`. A packet is never refused whole: what was read before the trouble is given.
    pub fn packet(&mut self, exporter: IpAddr, packet: &[u8]) -> Decoded {
        self.packets += 1;
        let mut decoded = Decoded::default();
        match u16_at(packet, 0) {
            Some(5) => v5::read(exporter, packet, &mut decoded),
            Some(9) => match header_v9(exporter, packet) {
                Some((header, sets)) => self.sets(header, sets, &mut decoded),
                None => decoded.troubles.push(Trouble::malformed("netflow 9: shorter than its header")),
            },
            Some(10) => match header_ipfix(exporter, packet) {
                Some((header, sets)) => self.sets(header, sets, &mut decoded),
                None => decoded.troubles.push(Trouble::malformed("ipfix: shorter than its header says")),
            },
            Some(version) => decoded.troubles.push(Trouble::malformed(format!("netflow: unknown version {version}"))),
            None => decoded.troubles.push(Trouble::malformed("netflow: an empty packet")),
        }
        decoded
    }

    /// How many templates are remembered.
    pub fn templates(&self) -> usize {
        self.domains.values().map(|templates| templates.by_id.len()).sum()
    }

    fn sets(&mut self, header: Header, sets: &[u8], decoded: &mut Decoded) {
        let mut rest = sets;
        while rest.len() >= 4 {
            let (Some(id), Some(length)) = (u16_at(rest, 0), u16_at(rest, 2)) else { return };
            let length = usize::from(length);
            let Some(body) = rest.get(4..length) else {
                decoded.troubles.push(Trouble::malformed(format!("netflow: set {id} is longer than its packet")));
                return;
            };
            match (header.domain.version, id) {
                (9, 0 | 1) | (10, 2 | 3) => self.learn(header.domain, id, body, decoded),
                (_, 256..) => self.flows(&header, id, body, decoded),
                _ => decoded.troubles.push(Trouble::malformed(format!("netflow: set {id} is reserved"))),
            }
            rest = &rest[length..];
        }
    }

    fn learn(&mut self, domain: Domain, set: u16, body: &[u8], decoded: &mut Decoded) {
        let packets = self.packets;
        let templates = self.domain(domain);
        read_templates(domain.version, set, body, |id, template| match template {
            Ok(Some(template)) => {
                let is_new = !templates.by_id.contains_key(&id);
                if is_new && templates.by_id.len() >= NETFLOW_TEMPLATES_MAX {
                    let oldest = templates.by_id.iter().min_by_key(|(id, (used, _))| (*used, **id)).map(|(id, _)| *id);
                    oldest.map(|oldest| templates.by_id.remove(&oldest));
                }
                templates.by_id.insert(id, (packets, template));
            }
            // A withdrawal (RFC 7011 section 8.1): of one template, or under the set's own number of all.
            Ok(None) if id == set => templates.by_id.clear(),
            Ok(None) => {
                templates.by_id.remove(&id);
            }
            Err(trouble) => decoded.troubles.push(trouble),
        });
    }

    /// The templates of a domain; makes room for a new one.
    fn domain(&mut self, domain: Domain) -> &mut Templates {
        if !self.domains.contains_key(&domain) && self.domains.len() >= NETFLOW_DOMAINS_MAX {
            let silent =
                self.domains.iter().min_by_key(|(_, templates)| templates.last_packet).map(|(domain, _)| *domain);
            silent.map(|silent| self.domains.remove(&silent));
        }
        let templates = self.domains.entry(domain).or_default();
        templates.last_packet = self.packets;
        templates
    }

    fn flows(&mut self, header: &Header, id: u16, body: &[u8], decoded: &mut Decoded) {
        let packets = self.packets;
        let templates = self.domains.get_mut(&header.domain);
        let found = templates.and_then(|templates| {
            templates.last_packet = packets;
            templates.by_id.get_mut(&id)
        });
        let Some((used, template)) = found else {
            let domain = header.domain.id;
            decoded.troubles.push(Trouble::part_lost(format!("netflow: no template {id} of domain {domain} seen yet")));
            return;
        };
        *used = packets;
        if template.is_options {
            return;
        }
        let front = front(header);
        let mut rest = body;
        // What is shorter than the shortest record is padding (RFC 7011 section 3.3.1).
        while rest.len() >= template.bytes_min {
            if decoded.records.len() >= NETFLOW_RECORDS_MAX {
                decoded.troubles.push(Trouble::too_large(format!("netflow: more than {NETFLOW_RECORDS_MAX} flows")));
                return;
            }
            let Some((record, after)) = template.read(rest, &front) else {
                decoded.troubles.push(Trouble::malformed(format!("netflow: a record of template {id} is torn")));
                return;
            };
            decoded.records.push(record);
            rest = after;
        }
    }
}

/// The fields that all flows of a packet start with.
fn front(header: &Header) -> String {
    let Domain { exporter, version, id } = header.domain;
    let seconds = header.export_seconds;
    let mut front = format!(
        "{{\"exporter\":\"{exporter}\",\"flowVersion\":{version},\"observationDomainId\":{id},\"exportTime\":{seconds}"
    );
    if let Some(uptime_ms) = header.uptime_ms {
        let started = i64::from(seconds) * 1_000 - i64::from(uptime_ms);
        front.push_str(&format!(",\"systemInitTimeMilliseconds\":{started}"));
    }
    front
}

fn header_v9(exporter: IpAddr, packet: &[u8]) -> Option<(Header, &[u8])> {
    let domain = Domain { exporter, version: 9, id: u32_at(packet, 16)? };
    let header = Header { domain, export_seconds: u32_at(packet, 8)?, uptime_ms: Some(u32_at(packet, 4)?) };
    Some((header, packet.get(20..)?))
}

fn header_ipfix(exporter: IpAddr, packet: &[u8]) -> Option<(Header, &[u8])> {
    let domain = Domain { exporter, version: 10, id: u32_at(packet, 12)? };
    let header = Header { domain, export_seconds: u32_at(packet, 4)?, uptime_ms: None };
    let length = usize::from(u16_at(packet, 2)?);
    Some((header, packet.get(16..length)?))
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
