//! What the readers of messages share when they fill an event.

use std::borrow::Cow;
use std::net::IpAddr;

use model::native::Field;
use model::ocsf::{
    Actor, Class, ConnectionInfo, Device, Endpoint, Evidence, File, Fingerprint, Group, Metadata, Os, Process, Service,
    User,
};
use model::{Event, Fields, Format, Timestamp};

use super::reader::Reader;
use super::{stamp, syslog};
use crate::{Head, Trouble, parts};

/// The fields of a record, envelope and message apart.
pub(super) struct View<'f, 'a> {
    pub format: Format,
    envelope: &'f [Field<'a>],
    message: &'f [Field<'a>],
}

impl<'f, 'a> View<'f, 'a> {
    pub(super) fn of(fields: &'f Fields<'a>) -> Self {
        let all = fields.as_slice();
        let split = all.iter().position(|field| field.name == "_log").unwrap_or(all.len());
        View { format: fields.format, envelope: &all[..split], message: &all[split..] }
    }

    /// The fields as one message without an envelope.
    pub(super) fn whole(fields: &'f Fields<'a>) -> Self {
        View { format: fields.format, envelope: &[], message: fields.as_slice() }
    }

    pub(super) fn reader(&self) -> Option<Reader> {
        self.get("_log").and_then(|name| Reader::from_name(&name))
    }

    /// The first field of that name in the message that has a value.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'f, str>> {
        find(self.message, name)
    }

    /// The first of these names that has a value.
    pub(super) fn first(&self, names: &[&str]) -> Option<Cow<'f, str>> {
        names.iter().find_map(|name| self.get(name))
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(Cow::into_owned)
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.trim().parse().ok()
    }

    pub(super) fn envelope(&self, name: &str) -> Option<Cow<'f, str>> {
        find(self.envelope, name)
    }

    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    }
}

fn find<'f>(fields: &'f [Field<'_>], name: &str) -> Option<Cow<'f, str>> {
    let field = fields.iter().find(|field| field.name == name)?;
    field.value.to_str().filter(|value| !value.is_empty())
}

/// What a control did with what it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    Blocked,
    Dropped,
    Rejected,
    Reset,
    Quarantined,
    Detected,
    Challenged,
}

impl Verdict {
    /// The verdict behind the words that firewalls use.
    pub(super) fn of(word: &str) -> Option<Self> {
        const WORDS: [(&str, Verdict); 45] = [
            ("accept", Verdict::Allowed),
            ("accepted", Verdict::Allowed),
            ("allow", Verdict::Allowed),
            ("allowed", Verdict::Allowed),
            ("pass", Verdict::Allowed),
            ("passed", Verdict::Allowed),
            ("passthrough", Verdict::Allowed),
            ("permit", Verdict::Allowed),
            ("permitted", Verdict::Allowed),
            ("continue", Verdict::Allowed),
            ("override", Verdict::Allowed),
            ("exempt", Verdict::Allowed),
            ("block", Verdict::Blocked),
            ("blocked", Verdict::Blocked),
            ("deny", Verdict::Blocked),
            ("denied", Verdict::Blocked),
            ("prevent", Verdict::Blocked),
            ("prevented", Verdict::Blocked),
            ("block-url", Verdict::Blocked),
            ("block-ip", Verdict::Blocked),
            ("random-drop", Verdict::Dropped),
            ("drop", Verdict::Dropped),
            ("dropped", Verdict::Dropped),
            ("drop-icmp", Verdict::Dropped),
            ("drop_session", Verdict::Dropped),
            ("clear_session", Verdict::Dropped),
            ("sinkhole", Verdict::Blocked),
            ("reject", Verdict::Rejected),
            ("rejected", Verdict::Rejected),
            ("reset", Verdict::Reset),
            ("reset-client", Verdict::Reset),
            ("reset-server", Verdict::Reset),
            ("reset-both", Verdict::Reset),
            ("reset_client", Verdict::Reset),
            ("reset_server", Verdict::Reset),
            ("quarantine", Verdict::Quarantined),
            ("quarantined", Verdict::Quarantined),
            ("detected", Verdict::Detected),
            ("detect", Verdict::Detected),
            ("alert", Verdict::Detected),
            ("monitor", Verdict::Detected),
            ("monitored", Verdict::Detected),
            ("wildfire-upload-success", Verdict::Detected),
            ("block-continue", Verdict::Challenged),
            ("block-override", Verdict::Challenged),
        ];
        let word = word.trim();
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, verdict)| *verdict)
    }

    /// Action and disposition of OCSF's profile `security_control`, with captions.
    fn ids(self) -> (u32, &'static str, u32, &'static str) {
        match self {
            Verdict::Allowed => (1, "Allowed", 1, "Allowed"),
            Verdict::Blocked => (2, "Denied", 2, "Blocked"),
            Verdict::Dropped => (2, "Denied", 6, "Dropped"),
            Verdict::Rejected => (2, "Denied", 25, "Rejected"),
            Verdict::Reset => (2, "Denied", 21, "Reset"),
            Verdict::Quarantined => (2, "Denied", 3, "Quarantined"),
            Verdict::Detected => (3, "Observed", 15, "Detected"),
            Verdict::Challenged => (2, "Denied", 23, "Challenge"),
        }
    }

    pub(super) fn is_denied(self) -> bool {
        self.ids().0 == 2
    }
}

/// An event with nothing in it yet.
pub(super) fn blank(head: &Head<'_>) -> Event {
    Event::new(head.id, head.agency.clone(), head.received, Class::BASE, 0)
}

/// Which end of a connection.
#[derive(Clone, Copy)]
pub(super) enum End {
    Source,
    Destination,
}

/// An event in the making.
pub(super) struct Draft<'h> {
    /// Borrowed, because an event is many kilobytes and every move copies them.
    pub event: &'h mut Event,
    /// The time, once a reader knows a better one than the envelope's.
    pub time: Option<Timestamp>,
    pub troubles: Vec<Trouble>,
    head: &'h Head<'h>,
    envelope_time: Option<Timestamp>,
}

impl<'h> Draft<'h> {
    /// Writes what the envelope says into a base event.
    pub(super) fn start(view: &View<'_, '_>, head: &'h Head<'h>, event: &'h mut Event) -> Self {
        let mut troubles = Vec::new();
        let stamp = view.envelope("timestamp");
        let envelope_time = stamp.as_ref().and_then(|stamp| stamp::parse(stamp, head.received));
        if let Some(what) = view.envelope("_broken") {
            troubles.push(Trouble::part_lost(format!("syslog: {what}")));
        }
        let program = view.envelope("program");
        let a = &mut event.attributes;
        a.metadata = Some(Box::new(Metadata {
            uid: Some(hex(head.id.as_bytes())),
            tenant_uid: Some(head.agency.as_str().into()),
            log_format: Some(view.format.name().into()),
            original_time: stamp.map(Cow::into_owned),
            log_name: view.envelope("facility").map(Cow::into_owned),
            log_provider: program.as_deref().map(str::to_owned),
            event_code: view.envelope("msgid").map(Cow::into_owned),
            ..Metadata::of_product("Unknown", program.as_deref().unwrap_or("syslog"))
        }));
        a.message = view.envelope("message").map(Cow::into_owned);
        a.device = view.envelope("host").map(|host| device(&host));
        if let Some(severity) = view.envelope("severity").and_then(|name| syslog::severity_id(&name)) {
            event.severity_id = severity;
        }
        Draft { event, time: None, troubles, head, envelope_time }
    }

    /// Settles the time, and gives what went wrong.
    pub(super) fn finish(mut self) -> Vec<Trouble> {
        match self.time.or(self.envelope_time) {
            Some(time) => self.event.time = time,
            None => {
                let has_stamp = self.metadata().original_time.is_some();
                let detail = if has_stamp { "the time is in no known form" } else { "the record has no time" };
                self.troubles.push(Trouble::no_time(detail));
            }
        }
        self.troubles.extend(parts::finish(self.event));
        self.troubles
    }

    /// When the record arrived.
    pub(super) fn received(&self) -> Timestamp {
        self.head.received
    }

    pub(super) fn class(&mut self, class: Class, activity_id: u32) {
        self.event.class = class;
        self.event.activity_id = activity_id;
    }

    pub(super) fn metadata(&mut self) -> &mut Metadata {
        self.event.attributes.metadata.get_or_insert_default()
    }

    pub(super) fn product(&mut self, vendor: &str, product: &str) {
        let named = self.metadata().product.get_or_insert_default();
        named.vendor_name = Some(vendor.into());
        named.name = Some(product.into());
    }

    /// Linux's own logs.
    pub(super) fn linux(&mut self) {
        self.product("Linux", "Linux");
        if let Some(device) = &mut self.event.attributes.device {
            device.os = Some(Os { name: Some("Linux".into()), type_id: Some(200), ..Os::default() });
        }
    }

    pub(super) fn status(&mut self, succeeded: bool) {
        let (id, caption) = if succeeded { (1, "Success") } else { (2, "Failure") };
        self.event.attributes.status_id = Some(id);
        self.event.attributes.status = Some(caption.into());
    }

    pub(super) fn detail(&mut self, detail: impl Into<String>) {
        self.event.attributes.status_detail = Some(detail.into());
    }

    pub(super) fn verdict(&mut self, verdict: Verdict) {
        let (action_id, action, disposition_id, disposition) = verdict.ids();
        let a = &mut self.event.attributes;
        (a.action_id, a.action) = (Some(action_id), Some(action.into()));
        (a.disposition_id, a.disposition) = (Some(disposition_id), Some(disposition.into()));
        self.metadata().profiles = Some(vec!["security_control".into()]);
    }

    pub(super) fn end(&mut self, end: End) -> &mut Endpoint {
        let a = &mut self.event.attributes;
        match end {
            End::Source => a.src_endpoint.get_or_insert_default(),
            End::Destination => a.dst_endpoint.get_or_insert_default(),
        }
    }

    /// An address and port of one end; what is no address is taken for a name.
    pub(super) fn address(&mut self, end: End, address: Option<&str>, port: Option<&str>) {
        let port = port.and_then(|port| port.trim().parse().ok());
        let address = address.map(str::trim).filter(|address| !matches!(*address, "" | "?" | "-" | "N/A"));
        if address.is_none() && port.is_none() {
            return;
        }
        let endpoint = self.end(end);
        endpoint.port = port.or(endpoint.port);
        if let Some(address) = address {
            name_endpoint(endpoint, address);
        }
    }

    /// Both ends by the names of their fields.
    pub(super) fn addresses(&mut self, view: &View<'_, '_>, source: [&str; 2], destination: [&str; 2]) {
        for (end, [address, port]) in [(End::Source, source), (End::Destination, destination)] {
            self.address(end, view.get(address).as_deref(), view.get(port).as_deref());
        }
    }

    /// A protocol by number or name.
    pub(super) fn protocol(&mut self, protocol: &str) {
        let is_ipv6 =
            self.event.attributes.src_endpoint.as_ref().and_then(|end| end.ip.as_deref()).map(|ip| ip.contains(':'));
        let info = self.connection();
        info.protocol_ver_id = is_ipv6.map(|is_ipv6| if is_ipv6 { 6 } else { 4 });
        match protocol.parse::<u8>() {
            Ok(number) => {
                info.protocol_num = Some(i32::from(number));
                info.protocol_name = protocol_name(number).map(str::to_owned);
            }
            Err(_) if protocol.is_empty() => {}
            Err(_) => {
                let name = protocol.to_ascii_lowercase();
                info.protocol_num =
                    PROTOCOLS.iter().find(|(_, known)| *known == name).map(|(number, _)| i32::from(*number));
                info.protocol_name = Some(name);
            }
        }
    }

    pub(super) fn connection(&mut self) -> &mut ConnectionInfo {
        let info = self.event.attributes.connection_info.get_or_insert_default();
        info.direction_id.get_or_insert(0);
        info
    }

    /// 1 inbound, 2 outbound.
    pub(super) fn direction(&mut self, direction_id: u32) {
        let caption = if direction_id == 1 { "Inbound" } else { "Outbound" };
        let info = self.connection();
        info.direction_id = Some(direction_id);
        info.direction = Some(caption.into());
    }

    /// A log-on to a service of this machine: class, service, and whether it came from elsewhere.
    pub(super) fn logon(&mut self, activity_id: u32, service: &str, user: Box<User>) {
        self.class(Class::AUTHENTICATION, activity_id);
        let a = &mut self.event.attributes;
        a.service = Some(Box::new(Service { name: Some(service.into()), ..Service::default() }));
        a.user = Some(user);
    }

    /// Turns the event into somebody else's finding: the ends of the connection move into its evidence, because the class
    /// has no place for them.
    pub(super) fn finding(&mut self, finding: model::ocsf::FindingInfo) {
        self.class(Class::DETECTION_FINDING, 1);
        let a = &mut self.event.attributes;
        let query = a.query.take();
        let http_request = a.http_request.take();
        let evidence = Evidence {
            src_endpoint: a.src_endpoint.take(),
            dst_endpoint: a.dst_endpoint.take(),
            connection_info: a.connection_info.take(),
            url: a.url.take(),
            file: a.file.take(),
            user: a.user.take(),
            query,
            http_request,
            ..Evidence::default()
        };
        (a.traffic, a.app_name, a.session, a.http_response) = (None, None, None, None);
        // The status of a finding is that of its handling, which the record cannot know.
        (a.status_id, a.status) = (None, None);
        if evidence != Evidence::default() {
            a.evidences = Some(vec![evidence]);
        }
        a.finding_info = Some(Box::new(finding));
    }
}

/// Sets the address of an endpoint, or its name where it is no address.
pub(super) fn name_endpoint(endpoint: &mut Endpoint, text: &str) {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let unzoned = bare.split_once('%').map_or(bare, |(address, _)| address);
    if unzoned.parse::<IpAddr>().is_ok() {
        endpoint.ip = Some(unzoned.into());
    } else {
        endpoint.hostname = Some(bare.into());
    }
}

/// The machine that wrote the record.
pub(super) fn device(host: &str) -> Box<Device> {
    let mut device = Device { type_id: Some(0), name: Some(host.into()), ..Device::default() };
    match host.parse::<IpAddr>() {
        Ok(_) => device.ip = Some(host.into()),
        Err(_) => device.hostname = Some(host.into()),
    }
    Box::new(device)
}

pub(super) fn user(name: &str) -> Box<User> {
    Box::new(User { name: Some(name.into()), ..User::default() })
}

/// `domain\name` and `name@domain` taken apart where they are.
pub(super) fn domain_user(name: &str) -> Box<User> {
    match name.split_once('\\') {
        Some((domain, name)) if !domain.is_empty() && !name.is_empty() => {
            Box::new(User { name: Some(name.into()), domain: Some(domain.into()), ..User::default() })
        }
        _ => user(name),
    }
}

/// A user as actor.
pub(super) fn acting(user: Box<User>) -> Box<Actor> {
    Box::new(Actor { user: Some(user), ..Actor::default() })
}

pub(super) fn group(name: &str) -> Box<Group> {
    Box::new(Group { name: Some(name.into()), ..Group::default() })
}

pub(super) fn file(path: &str) -> Box<File> {
    let name = path.trim_end_matches('/').rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or(path);
    Box::new(File { name: Some(name.into()), path: Some(path.into()), type_id: Some(0), ..File::default() })
}

/// A hash by its length in hexadecimal digits.
pub(super) fn fingerprint(value: &str) -> Option<Fingerprint> {
    let (algorithm_id, algorithm) = match value.len() {
        32 => (1, "MD5"),
        40 => (2, "SHA-1"),
        64 => (3, "SHA-256"),
        128 => (4, "SHA-512"),
        _ => return None,
    };
    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| Fingerprint {
        algorithm_id: Some(algorithm_id),
        algorithm: Some(algorithm.into()),
        value: Some(value.into()),
    })
}

/// A process by the path of its image.
pub(super) fn process(path: &str) -> Box<Process> {
    let image = file(path);
    let is_path = path.contains('/');
    Box::new(Process {
        name: image.name.clone(),
        path: is_path.then(|| path.into()),
        file: is_path.then_some(image),
        ..Process::default()
    })
}

/// `aa:bb:cc:dd:ee:ff`, with colons or hyphens.
pub(super) fn is_mac(text: &str) -> bool {
    text.len() == 17
        && text.bytes().enumerate().all(|(at, byte)| match at % 3 {
            2 => matches!(byte, b':' | b'-'),
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The names of the protocols that logs speak of, by their IANA numbers.
const PROTOCOLS: [(u8, &str); 14] = [
    (1, "icmp"),
    (2, "igmp"),
    (4, "ipip"),
    (6, "tcp"),
    (17, "udp"),
    (41, "ipv6"),
    (47, "gre"),
    (50, "esp"),
    (51, "ah"),
    (58, "ipv6-icmp"),
    (89, "ospf"),
    (103, "pim"),
    (112, "vrrp"),
    (132, "sctp"),
];

/// The IANA name of a protocol, lower case.
pub(super) fn protocol_name(number: u8) -> Option<&'static str> {
    PROTOCOLS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// Lower-case hexadecimal digits; `write!` would cost a tenth of the budget of a line.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}
