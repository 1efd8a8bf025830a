//! What takes part in an event: the staff account, machine, application, device or service that something happened on, and the
//! outside things that tie happenings together.
//!
//! Only some sorts are subjects, which baselines and risk scores are kept of ([`EntityKind::is_subject`]). Addresses, domains and
//! hashes tie findings together and are never scored: behind an address can be a resident (invariant 11).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::ocsf::{Device, Endpoint, Event, Process, User};

/// The sorts of entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// An account of staff or of a program.
    Account,
    /// A program or an application in the cloud.
    Application,
    /// A computer.
    Machine,
    /// A thing that is no computer: sensor, siren, controller.
    Device,
    /// A service that the city offers or uses.
    Service,
    /// An address on a network.
    Address,
    /// A name in the domain name system.
    Domain,
    /// A file, by its hash.
    File,
}

/// Every sort, with its name in texts.
pub const ENTITY_KINDS: &[(EntityKind, &str)] = &[
    (EntityKind::Account, "account"),
    (EntityKind::Application, "application"),
    (EntityKind::Machine, "machine"),
    (EntityKind::Device, "device"),
    (EntityKind::Service, "service"),
    (EntityKind::Address, "address"),
    (EntityKind::Domain, "domain"),
    (EntityKind::File, "file"),
];

impl EntityKind {
    /// Its name: `machine`.
    pub fn name(self) -> &'static str {
        ENTITY_KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// Whether baselines and risk scores may be kept of it.
    pub fn is_subject(self) -> bool {
        !matches!(self, EntityKind::Address | EntityKind::Domain | EntityKind::File)
    }
}

/// One entity: a sort, and a name in lower case. Prints and is written as `machine:siren-01`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity {
    kind: EntityKind,
    name: Box<str>,
}

/// Why a text names no entity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntityError {
    /// The sort is missing or unknown.
    #[error(
        "{text:?} names no entity\nhint: write a sort and a name, for example machine:siren-01; sorts are account, application, machine, device, service, address, domain and file"
    )]
    Kind {
        /// The text, shortened.
        text: String,
    },
    /// The name is empty, too long, or has control characters.
    #[error("a name of an entity has 1 to {} bytes without control characters", limits::ENTITY_NAME_BYTES_MAX)]
    Name,
}

impl Entity {
    /// The entity of that sort and name; letters become small, spaces around the name go.
    ///
    /// # Errors
    /// When the name is empty, longer than [`limits::ENTITY_NAME_BYTES_MAX`], or has control characters.
    pub fn new(kind: EntityKind, name: &str) -> Result<Self, EntityError> {
        let name = name.trim().to_lowercase();
        let is_name = (1..=limits::ENTITY_NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
        if is_name { Ok(Entity { kind, name: name.into() }) } else { Err(EntityError::Name) }
    }

    /// Which sort.
    pub fn kind(&self) -> EntityKind {
        self.kind
    }

    /// The name, in small letters.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.name)
    }
}

impl FromStr for Entity {
    type Err = EntityError;

    fn from_str(text: &str) -> Result<Self, EntityError> {
        let unknown = || EntityError::Kind { text: text.chars().take(80).collect() };
        let (kind, name) = text.split_once(':').ok_or_else(unknown)?;
        let (kind, _) = ENTITY_KINDS.iter().find(|(_, known)| *known == kind).ok_or_else(unknown)?;
        Entity::new(*kind, name)
    }
}

impl Serialize for Entity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Entity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What part an entity has in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It happened here.
    Place,
    /// Who did it.
    Actor,
    /// Whom or what it was done to.
    Target,
    /// Where it came from.
    Source,
    /// Where it went.
    Destination,
    /// With what.
    Means,
}

/// An entity and its part in an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Involved {
    /// What.
    pub entity: Entity,
    /// Its part.
    pub part: Part,
}

/// Accounts that are on every machine and tie nothing together.
const COMMON_ACCOUNTS: &[&str] = &[
    "-",
    "system",
    "local service",
    "network service",
    "anonymous logon",
    "localsystem",
    "root",
    "nobody",
    "dwm-1",
    "umfd-0",
    "window manager",
];

/// The entities of an event in a fixed order, each once with its first part, at most [`limits::ENTITIES_PER_EVENT_MAX`].
///
/// Accounts that exist on every machine (`SYSTEM`, `root`) are left out, and so are addresses that mean "here" or "everybody".
pub fn involved(event: &Event) -> Vec<Involved> {
    let attributes = &event.attributes;
    let mut found = Found(Vec::new());
    if let Some(device) = attributes.device.as_deref() {
        found.device(device);
    }
    let actor = attributes.actor.as_deref();
    found.account(actor.and_then(|actor| actor.user.as_deref()), Part::Actor);
    found.account(attributes.user.as_deref(), Part::Target);
    found.named(EntityKind::Application, actor.and_then(|actor| actor.app_name.as_deref()), Part::Means);
    found.endpoint(attributes.src_endpoint.as_deref(), Part::Source);
    found.endpoint(attributes.dst_endpoint.as_deref(), Part::Destination);
    let service = attributes.service.as_deref().and_then(|service| service.name.as_deref());
    found.named(EntityKind::Service, service, Part::Target);
    found.domain(attributes.query.as_deref().and_then(|query| query.hostname.as_deref()));
    let request = attributes.http_request.as_deref().and_then(|request| request.url.as_deref());
    found.domain(request.and_then(|url| url.hostname.as_deref()));
    found.domain(attributes.url.as_deref().and_then(|url| url.hostname.as_deref()));
    found.domain(attributes.tls.as_deref().and_then(|tls| tls.sni.as_deref()));
    found.process(attributes.process.as_deref());
    for hash in attributes.file.iter().flat_map(|file| file.hashes.iter().flatten()) {
        found.named(EntityKind::File, hash.value.as_deref(), Part::Means);
    }
    found.0
}

struct Found(Vec<Involved>);

impl Found {
    fn named(&mut self, kind: EntityKind, name: Option<&str>, part: Part) {
        let Some(Ok(entity)) = name.map(|name| Entity::new(kind, name)) else { return };
        let is_known = self.0.iter().any(|involved| involved.entity == entity);
        if !is_known && self.0.len() < limits::ENTITIES_PER_EVENT_MAX {
            self.0.push(Involved { entity, part });
        }
    }

    /// A machine by its short name: `ws-tax03` and `ws-tax03.city.example` are one.
    fn machine(&mut self, name: &str, part: Part) {
        let short = match name.parse::<IpAddr>() {
            Ok(_) => name,
            Err(_) => name.split('.').next().unwrap_or(name),
        };
        self.named(EntityKind::Machine, Some(short), part);
    }

    fn device(&mut self, device: &Device) {
        match device.hostname.as_deref().or(device.name.as_deref()) {
            Some(name) => self.machine(name, Part::Place),
            None => self.address(device.ip.as_deref(), Part::Place),
        }
    }

    fn account(&mut self, user: Option<&User>, part: Part) {
        let name = user.and_then(|user| user.name.as_deref().or(user.email_addr.as_deref()).or(user.uid.as_deref()));
        let Some(name) = name else { return };
        // `CITY\anna` and `anna@city.example` are `anna`.
        let name = name.rsplit('\\').next().unwrap_or(name);
        let name = name.split('@').next().unwrap_or(name);
        let is_common = COMMON_ACCOUNTS.iter().any(|common| name.eq_ignore_ascii_case(common)) || name.ends_with('$');
        if !is_common {
            self.named(EntityKind::Account, Some(name), part);
        }
    }

    fn address(&mut self, address: Option<&str>, part: Part) {
        let Some(Ok(parsed)) = address.map(str::parse::<IpAddr>) else { return };
        if !(parsed.is_loopback() || parsed.is_unspecified() || parsed.is_multicast()) {
            self.named(EntityKind::Address, Some(&parsed.to_string()), part);
        }
    }

    fn endpoint(&mut self, endpoint: Option<&Endpoint>, part: Part) {
        let Some(endpoint) = endpoint else { return };
        self.address(endpoint.ip.as_deref(), part);
        if let Some(name) = endpoint.hostname.as_deref().or(endpoint.name.as_deref()) {
            self.machine(name, part);
        }
    }

    fn domain(&mut self, name: Option<&str>) {
        let name = name.map(|name| name.trim_end_matches('.')).filter(|name| name.parse::<IpAddr>().is_err());
        self.named(EntityKind::Domain, name, Part::Destination);
    }

    fn process(&mut self, process: Option<&Process>) {
        let Some(file) = process.and_then(|process| process.file.as_deref()) else { return };
        for hash in file.hashes.iter().flatten() {
            self.named(EntityKind::File, hash.value.as_deref(), Part::Means);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocsf::{Actor, Class};
    use crate::{AgencyId, EventId, Timestamp};

    fn entity(text: &str) -> Entity {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_is_written_and_read_again() {
        for (kind, name) in ENTITY_KINDS {
            let entity = Entity::new(*kind, " Siren-01 ").unwrap();
            assert_eq!(entity.to_string(), format!("{name}:siren-01"));
            assert_eq!(serde_json::from_str::<Entity>(&serde_json::to_string(&entity).unwrap()).unwrap(), entity);
        }
        let longest = "x".repeat(limits::ENTITY_NAME_BYTES_MAX);
        assert!(Entity::new(EntityKind::Machine, &longest).is_ok());
        assert_eq!(Entity::new(EntityKind::Machine, &(longest + "x")), Err(EntityError::Name));
        for bad in ["", "machine", "machine:", "machine: ", "resident:anna", "machine:a\nb"] {
            assert!(bad.parse::<Entity>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn citizens_cannot_be_subjects() {
        let subjects: Vec<&str> =
            ENTITY_KINDS.iter().filter(|(kind, _)| kind.is_subject()).map(|(_, name)| *name).collect();
        assert_eq!(subjects, ["account", "application", "machine", "device", "service"]);
    }

    #[test]
    fn an_event_names_its_entities_once() {
        let mut event = Event {
            id: EventId::from_bytes([0; 16]),
            agency: AgencyId::home(),
            time: Timestamp::EPOCH,
            class: Class::AUTHENTICATION,
            activity_id: 1,
            severity_id: 1,
            attributes: Default::default(),
        };
        let user = |name: &str| Some(Box::new(User { name: Some(name.into()), ..User::default() }));
        let attributes = &mut event.attributes;
        attributes.device =
            Some(Box::new(Device { hostname: Some("WS-TAX03.city.example".into()), ..Device::default() }));
        attributes.actor = Some(Box::new(Actor { user: user("SYSTEM"), ..Actor::default() }));
        attributes.user = user("CITY\\Anna");
        attributes.src_endpoint = Some(Box::new(Endpoint {
            ip: Some("203.0.113.7".into()),
            hostname: Some("ws-tax03".into()),
            ..Endpoint::default()
        }));
        attributes.dst_endpoint = Some(Box::new(Endpoint { ip: Some("127.0.0.1".into()), ..Endpoint::default() }));
        let found: Vec<_> = involved(&event).into_iter().map(|involved| (involved.entity, involved.part)).collect();
        assert_eq!(
            found,
            [
                (entity("machine:ws-tax03"), Part::Place),
                (entity("account:anna"), Part::Target),
                (entity("address:203.0.113.7"), Part::Source),
            ]
        );
    }

    #[test]
    fn no_more_than_the_limit() {
        let mut found = Found(Vec::new());
        for number in 0..=limits::ENTITIES_PER_EVENT_MAX {
            found.named(EntityKind::File, Some(&number.to_string()), Part::Means);
        }
        assert_eq!(found.0.len(), limits::ENTITIES_PER_EVENT_MAX);
    }
}
