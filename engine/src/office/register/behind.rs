//! Who is behind an address; and which addresses and names of ours talk, and nobody has registered them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use detect::seen::{Machines, Seen};
use model::ocsf::ObservableKind;
use model::register::{Address, Item, ItemId, Lifecycle};
use model::{OpContext, Timestamp, limits};
use store::state::{Deed, ItemVersion, RegisterWhole};

use super::super::{Office, OfficeError};
use crate::access::Operation;
use crate::intel::City;
use crate::seen::SeenFiles;

/// Ports that are told of one address.
const PORTS_MAX: usize = 16;

/// What talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnregisteredKind {
    /// An address.
    Address,
    /// A host name.
    Name,
}

impl UnregisteredKind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            UnregisteredKind::Address => "address",
            UnregisteredKind::Name => "name",
        }
    }
}

/// An address or a name of ours that was seen, and that nothing in the register has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unregistered {
    /// What it is.
    pub kind: UnregisteredKind,
    /// The value.
    pub value: String,
    /// Why it is ours.
    pub because: String,
    /// The item that had it and is retired.
    pub retired: Option<ItemId>,
    /// Ports on which it was talked to.
    pub ports: BTreeSet<u16>,
    /// Events in which it stood.
    pub events: u64,
    /// Machines that had to do with it.
    pub machines: Machines,
    /// On how many days.
    pub days: BTreeSet<i32>,
    /// When it was seen first.
    pub first: Timestamp,
    /// When it was seen last.
    pub last: Timestamp,
}

/// What talks and is not registered.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    /// The most talkative first.
    pub found: Vec<Unregistered>,
    /// More than are told.
    pub left_out: u64,
    /// Days of which something is known.
    pub days: u32,
    /// Parts of what was seen that could not be read.
    pub damaged: u64,
}

/// Addresses and names that items have.
#[derive(Default)]
pub(in crate::office) struct Owned {
    addresses: HashMap<IpAddr, ItemId>,
    ranges: Vec<(Address, ItemId)>,
    names: HashMap<String, ItemId>,
}

impl Owned {
    pub(in crate::office) fn of<'i>(items: impl Iterator<Item = &'i Item>) -> Self {
        let mut owned = Owned::default();
        for item in items {
            for address in &item.addresses {
                match address {
                    Address::Ip(address) => drop(owned.addresses.insert(*address, item.id.clone())),
                    Address::Range(..) => owned.ranges.push((address.clone(), item.id.clone())),
                    Address::Name(name) => {
                        // Machines call themselves by the first part of their names.
                        let label = name.split('.').next().unwrap_or_default();
                        owned.names.insert(label.to_owned(), item.id.clone());
                        owned.names.insert(name.clone(), item.id.clone());
                    }
                }
            }
        }
        owned
    }

    pub(in crate::office) fn find(&self, address: &Address) -> Option<&ItemId> {
        match address {
            Address::Ip(ip) => {
                let in_range = || self.ranges.iter().find(|(range, _)| range.covers(*ip)).map(|(_, id)| id);
                self.addresses.get(ip).or_else(in_range)
            }
            Address::Name(name) => self.names.get(name),
            Address::Range(..) => None,
        }
    }
}

/// Looks through what was seen.
struct Search {
    known: Owned,
    retired: Owned,
    city: Arc<City>,
    found: BTreeMap<(UnregisteredKind, String), Unregistered>,
    left_out: u64,
}

impl Search {
    fn new(whole: &RegisterWhole, city: Arc<City>) -> Self {
        let is_retired = |item: &&Item| item.state == Lifecycle::Retired;
        Search {
            known: Owned::of(whole.items.values().filter(|item| !is_retired(item))),
            retired: Owned::of(whole.items.values().filter(is_retired)),
            city,
            found: BTreeMap::new(),
            left_out: 0,
        }
    }

    fn look(&mut self, day: i32, seen: &Seen) {
        let Some(observable) = seen.observable() else { return };
        let kind = match observable.kind {
            ObservableKind::Ip => UnregisteredKind::Address,
            ObservableKind::Hostname => UnregisteredKind::Name,
            _ => return,
        };
        let Some(address) = Address::parse(observable.value) else { return };
        let is_kind = matches!(
            (&address, kind),
            (Address::Ip(_), UnregisteredKind::Address) | (Address::Name(_), UnregisteredKind::Name)
        );
        if !is_kind || self.known.find(&address).is_some() {
            return;
        }
        let Some(because) = ours(&self.city, &address) else { return };
        let value = address.to_string();
        let place = (kind, value.clone());
        if !self.found.contains_key(&place) && self.found.len() >= limits::UNREGISTERED_MAX {
            self.left_out += 1;
            return;
        }
        let retired = self.retired.find(&address).cloned();
        let one = self.found.entry(place).or_insert_with(|| Unregistered {
            kind,
            value,
            because,
            retired,
            ports: BTreeSet::new(),
            events: 0,
            machines: Machines::default(),
            days: BTreeSet::new(),
            first: seen.first,
            last: seen.last,
        });
        one.events = one.events.saturating_add(seen.events);
        one.machines.join(&seen.machines);
        one.days.insert(day);
        one.first = one.first.min(seen.first);
        one.last = one.last.max(seen.last);
        if let Some(port) = observable.port.filter(|_| one.ports.len() < PORTS_MAX) {
            one.ports.insert(port);
        }
    }
}

/// Why an address or a name is ours, if it is.
fn ours(city: &City, address: &Address) -> Option<String> {
    let text = address.to_string();
    if let Some(own) = city.owns(&text) {
        return Some(format!("it is ours: {own}"));
    }
    match address {
        Address::Ip(IpAddr::V4(address)) if address.is_private() => Some("a private address".to_owned()),
        Address::Ip(IpAddr::V6(address)) if address.is_unique_local() => Some("a private address".to_owned()),
        Address::Name(name) if !name.contains('.') => Some("a name without a domain".to_owned()),
        _ => None,
    }
}

impl Office {
    /// The items that have an address or a host name, the narrowest range first.
    ///
    /// # Errors
    /// When the context may not, the text is none, or the state refuses.
    pub async fn behind(&self, ctx: &OpContext, text: &str) -> Result<Vec<ItemVersion>, OfficeError> {
        self.may(ctx, Operation::RegisterRead).await?;
        let shown: String = text.chars().take(80).collect();
        match Address::parse(text) {
            None | Some(Address::Range(..)) => {
                Err(OfficeError::Refused(format!("{shown:?} is no address and no host name")))
            }
            Some(address) => Ok(self.state.register_behind(ctx, &address).await?),
        }
    }

    /// Addresses and names of ours that were seen in the last `days` days, and that nothing in the register has. What is retired and talks all the
    /// same is among them. Names of machines can name people, so the look is in the ledger.
    ///
    /// # Errors
    /// When the context may not, what was seen cannot be read, or the state refuses.
    pub async fn discover(&self, ctx: &OpContext, files: &SeenFiles, days: u32) -> Result<Discovered, OfficeError> {
        self.may(ctx, Operation::RegisterWrite).await?;
        let whole = self.state.register_whole(ctx, None).await?;
        self.reads.record(ctx, Deed::done("register.discover", "register")).await?;
        let (files, agency, today, city) = (files.clone(), ctx.agency.clone(), ctx.now.day(), self.city(ctx));
        let days = i32::try_from(days.clamp(1, limits::SEEN_DAYS)).unwrap_or(1);
        let looked = tokio::task::spawn_blocking(move || {
            let mut search = Search::new(&whole, city);
            let first = today.saturating_sub(days - 1);
            let report = files.each(&agency, first..=today.saturating_add(1), |day, seen| search.look(day, seen))?;
            Ok::<_, crate::seen::SeenError>((search, report))
        });
        let looked = looked.await.map_err(|_| OfficeError::Stopping)?;
        let (search, report) = looked
            .map_err(|error| OfficeError::Refused(format!("{error}: {}", super::super::intel::source_of(&error))))?;
        let mut found: Vec<Unregistered> = search.found.into_values().collect();
        found.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.value.cmp(&b.value)));
        Ok(Discovered { found, left_out: search.left_out, days: report.days, damaged: report.damaged })
    }
}
