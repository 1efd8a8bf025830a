//! Software that is seen on addresses, held against what the register says; and writing it into the register.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use formats::seen::{Side, maybe_mended_by};
use model::register::{Address, Item, ItemId, Lifecycle, Software};
use model::software::Cpe;
use model::software::cpe::Attribute;
use model::{OpContext, limits};
use store::state::{Deed, Revision};

use super::super::{Office, OfficeError};
use crate::access::Operation;
use crate::seen::{OwnAddresses, SeenFiles, SoftwareRow, SoftwareTimes};

/// Whether the register has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It stands on the item as it was seen.
    AsSeen,
    /// It stands there without a version.
    Unversioned,
    /// It stands there in another version.
    Otherwise(String),
    /// It does not stand there.
    Missing,
    /// No item has the address.
    NoItem,
}

impl Registered {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Registered::AsSeen => "as-seen",
            Registered::Unversioned => "without-version",
            Registered::Otherwise(_) => "other-version",
            Registered::Missing => "missing",
            Registered::NoItem => "no-item",
        }
    }
}

/// Software that was seen on an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftwareAt {
    /// The address.
    pub address: IpAddr,
    /// The item behind it, the one with the narrowest range.
    pub item: Option<ItemId>,
    /// The item has a whole range, and the address may be that of anything in it.
    pub is_by_range: bool,
    /// It asks rather than answers.
    pub is_client: bool,
    /// What.
    pub software: Software,
    /// The distribution that may have mended it without giving it a new number.
    pub maybe_mended_by: Option<String>,
    /// Whether the register has it.
    pub registered: Registered,
    /// The first day on which it was seen, counted from 1970.
    pub first_day: i32,
    /// The last.
    pub last_day: i32,
    /// Events that said so; what came just before a crash may count twice.
    pub times: u64,
    /// How somebody knows: names of [`formats::seen::How`].
    pub how: BTreeSet<String>,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoftwareFound {
    /// By item, address and software; what no item has comes last.
    pub found: Vec<SoftwareAt>,
    /// More than are told.
    pub left_out: u64,
    /// Days of which something is known.
    pub days: u32,
    /// Parts of what was seen that could not be read.
    pub damaged: u64,
}

/// Software that an item gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftwareTaken {
    /// Which item.
    pub item: ItemId,
    /// What is added, or gets its version.
    pub software: Vec<Software>,
}

/// Rows of one address and program, joined over days and ways of knowing.
type Joined = BTreeMap<Key, Times>;
/// At which address, whether it asks there, and what.
type Key = (IpAddr, bool, Software);
/// When, from which day to which, and how it was seen.
type Times = (SoftwareTimes, (i32, i32), BTreeSet<String>);

impl Office {
    /// The addresses that are ours, for counting software on them; `None` while the register is as it was at `known`.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn own_addresses(
        &self,
        ctx: &OpContext,
        known: Option<Revision>,
    ) -> Result<Option<(Revision, Arc<OwnAddresses>)>, OfficeError> {
        self.may(ctx, Operation::RegisterRead).await?;
        if known.is_some() && known == Some(self.state.register_revision(ctx).await?) {
            return Ok(None);
        }
        let whole = self.state.register_whole(ctx, None).await?;
        let own = OwnAddresses::of(whole.items.values(), self.city(ctx));
        Ok(Some((whole.revision, Arc::new(own))))
    }

    /// Software that was seen in the last `days` days on registered, own and private addresses, with the item behind each. What a program that asks
    /// says of itself is told of registered addresses only, also where the register was another one when it was seen.
    ///
    /// # Errors
    /// When the context may not, what was seen cannot be read, or the state refuses.
    pub async fn software_seen(
        &self,
        ctx: &OpContext,
        files: &SeenFiles,
        days: u32,
    ) -> Result<SoftwareFound, OfficeError> {
        self.may(ctx, Operation::RegisterRead).await?;
        let whole = self.state.register_whole(ctx, None).await?;
        self.reads.record(ctx, Deed::done("register.software.seen", "register")).await?;
        let (files, agency, today, city) = (files.clone(), ctx.agency.clone(), ctx.now.day(), self.city(ctx));
        let days = i32::try_from(days.clamp(1, limits::SEEN_DAYS)).unwrap_or(1);
        let looked = tokio::task::spawn_blocking(move || {
            let own = OwnAddresses::of(whole.items.values(), city);
            let first = today.saturating_sub(days - 1);
            let (mut joined, mut left_out) = (Joined::new(), 0);
            let report = files.each_software(&agency, first..=today.saturating_add(1), |day, row, times| {
                let side = if row.is_client { Side::Client } else { Side::Server };
                if own.keeps(side, row.address) && !add(&mut joined, day, row, times) {
                    left_out += 1;
                }
            })?;
            let behind = Behind::of(&whole.items);
            let found = joined.into_iter().map(|one| behind.tell(one)).collect();
            Ok::<_, crate::seen::SeenError>(SoftwareFound {
                found,
                left_out,
                days: report.days,
                damaged: report.damaged,
            })
        });
        let looked = looked.await.map_err(|_| OfficeError::Stopping)?;
        let mut found = looked
            .map_err(|error| OfficeError::Refused(format!("{error}: {}", super::super::intel::source_of(&error))))?;
        found.found.sort_by(|a, b| {
            (a.item.is_none(), &a.item, a.address, a.is_client, &a.software).cmp(&(
                b.item.is_none(),
                &b.item,
                b.address,
                b.is_client,
                &b.software,
            ))
        });
        Ok(found)
    }

    /// Software that was seen on the addresses of one item, as [`Office::software_seen`] tells it; `None` where this process does not know where it
    /// stands what was seen.
    ///
    /// # Errors
    /// When the context may not, there is no such item, what was seen cannot be read, or the state refuses.
    pub async fn software_on(
        &self,
        ctx: &OpContext,
        item: &ItemId,
        days: u32,
    ) -> Result<Option<SoftwareFound>, OfficeError> {
        self.item(ctx, item, None).await?;
        let Some(files) = &self.seen else { return Ok(None) };
        let mut found = self.software_seen(ctx, files, days).await?;
        found.found.retain(|one| one.item.as_ref() == Some(item));
        Ok(Some(found))
    }

    /// Writes into the register what was seen on the addresses of one item and is missing there.
    ///
    /// # Errors
    /// When the context may not, there is no such item, what was seen cannot be read, or the state refuses.
    pub async fn take_software_on(&self, ctx: &OpContext, item: &ItemId, days: u32) -> Result<(), OfficeError> {
        self.may(ctx, Operation::RegisterWrite).await?;
        let found = self.software_on(ctx, item, days).await?.unwrap_or_default();
        self.take_software(ctx, &Office::software_to_take(&found)).await
    }

    /// What of the software that was seen would be written into the register: what is missing on the item whose own address it is, and the version of
    /// what stands there without one. Of several versions, those that were seen last. What stands there in another version is for people.
    pub fn software_to_take(found: &SoftwareFound) -> Vec<SoftwareTaken> {
        let is_new = |one: &&SoftwareAt| {
            let is_unknown = matches!(one.registered, Registered::Missing | Registered::Unversioned);
            is_unknown
                && !one.is_by_range
                && (one.registered == Registered::Missing || !one.software.version.is_empty())
        };
        let mut items: BTreeMap<&ItemId, Vec<&SoftwareAt>> = BTreeMap::new();
        for one in found.found.iter().filter(is_new) {
            if let Some(item) = &one.item {
                items.entry(item).or_default().push(one);
            }
        }
        let taken = items.into_iter().map(|(item, seen)| {
            let is_latest = |one: &&&SoftwareAt| {
                seen.iter().filter(|other| is_same(&other.software, &one.software)).all(|other| {
                    let is_less = other.software.version.is_empty() && !one.software.version.is_empty();
                    let is_more = one.software.version.is_empty() && !other.software.version.is_empty();
                    !is_more && (is_less || other.last_day <= one.last_day)
                })
            };
            let software: BTreeSet<Software> = seen.iter().filter(is_latest).map(|one| one.software.clone()).collect();
            SoftwareTaken { item: item.clone(), software: software.into_iter().take(limits::ITEM_LIST_MAX).collect() }
        });
        taken.collect()
    }

    /// Writes software that was seen into the register, item by item. What became of an item meanwhile is looked at anew.
    ///
    /// # Errors
    /// When the context may not, or the state refuses; items before that are written.
    pub async fn take_software(&self, ctx: &OpContext, taken: &[SoftwareTaken]) -> Result<(), OfficeError> {
        self.may(ctx, Operation::RegisterWrite).await?;
        for one in taken {
            let write = |item: &mut Item| {
                one.software.iter().for_each(|software| put(item, software));
                Ok(())
            };
            self.change_item_as(ctx, (&one.item, "register.item.software"), None, write).await?;
        }
        Ok(())
    }
}

/// Adds it to the item, or its version to what stands there without one.
fn put(item: &mut Item, seen: &Software) {
    if item.software.iter().any(|own| is_same(own, seen) && own.version == seen.version) {
        return;
    }
    if let Some(own) = item.software.iter_mut().find(|own| is_same(own, seen) && own.version.is_empty()) {
        own.version.clone_from(&seen.version);
        // A name without a version would go on matching every one.
        own.cpe = seen.cpe.clone().or(own.cpe.take());
        return;
    }
    if item.software.len() < limits::ITEM_LIST_MAX {
        item.software.push(seen.clone());
    }
}

/// Joins a row; false where there is no room.
fn add(joined: &mut Joined, day: i32, row: SoftwareRow, times: SoftwareTimes) -> bool {
    let place = (row.address, row.is_client, row.software);
    if !joined.contains_key(&place) && joined.len() >= limits::SOFTWARE_SEEN_TOLD_MAX {
        return false;
    }
    match joined.get_mut(&place) {
        Some((known, days, how)) => {
            known.join(&times);
            *days = (days.0.min(day), days.1.max(day));
            how.insert(row.how);
        }
        None => drop(joined.insert(place, (times, (day, day), BTreeSet::from([row.how])))),
    }
    true
}

/// The same product, in whatever version: by the names of the dictionary, or by what people call it.
fn is_same(one: &Software, other: &Software) -> bool {
    let named = |software: &Software| {
        let cpe = Cpe::parse(software.cpe.as_deref()?).ok()?;
        Some((cpe.text(Attribute::Vendor)?, cpe.text(Attribute::Product)?))
    };
    let by_name = || match (named(one), named(other)) {
        (Some(one), Some(other)) => one == other,
        // What people wrote may be the product's name in the dictionary.
        (Some((_, product)), None) => product.eq_ignore_ascii_case(&other.product.replace(' ', "_")),
        (None, Some((_, product))) => product.eq_ignore_ascii_case(&one.product.replace(' ', "_")),
        (None, None) => false,
    };
    one.product.eq_ignore_ascii_case(&other.product) || by_name()
}

/// Items by their addresses.
struct Behind<'i> {
    items: &'i BTreeMap<ItemId, Item>,
    addresses: BTreeMap<IpAddr, &'i ItemId>,
    /// The narrowest first.
    ranges: Vec<(u8, &'i Address, &'i ItemId)>,
}

impl<'i> Behind<'i> {
    fn of(items: &'i BTreeMap<ItemId, Item>) -> Self {
        let mut behind = Behind { items, addresses: BTreeMap::new(), ranges: Vec::new() };
        for item in items.values().filter(|item| item.state != Lifecycle::Retired) {
            for address in &item.addresses {
                match address {
                    Address::Ip(ip) => {
                        behind.addresses.insert(ip.to_canonical(), &item.id);
                    }
                    Address::Range(_, length) => behind.ranges.push((*length, address, &item.id)),
                    Address::Name(_) => {}
                }
            }
        }
        behind.ranges.sort_by(|a, b| b.cmp(a));
        behind
    }

    fn tell(&self, (key, seen): (Key, Times)) -> SoftwareAt {
        let ((address, is_client, software), (times, (first_day, last_day), how)) = (key, seen);
        let own = self.addresses.get(&address).copied();
        let by_range = || self.ranges.iter().find(|(_, range, _)| range.covers(address)).map(|(_, _, id)| *id);
        let id = own.or_else(by_range);
        let registered = match id.and_then(|id| self.items.get(id)) {
            None => Registered::NoItem,
            Some(item) => registered(item, &software),
        };
        SoftwareAt {
            address,
            item: id.cloned(),
            is_by_range: own.is_none() && id.is_some(),
            is_client,
            maybe_mended_by: maybe_mended_by(&software),
            software,
            registered,
            first_day,
            last_day,
            times: times.times,
            how,
        }
    }
}

fn registered(item: &Item, seen: &Software) -> Registered {
    let same: Vec<&Software> = item.software.iter().filter(|own| is_same(own, seen)).collect();
    let Some(first) = same.first() else { return Registered::Missing };
    // A text without a version tells nothing against the one that is registered.
    if seen.version.is_empty() || same.iter().any(|own| own.version == seen.version) {
        return Registered::AsSeen;
    }
    match same.iter().any(|own| own.version.is_empty()) {
        true => Registered::Unversioned,
        false => Registered::Otherwise(first.version.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_has_a_limit() {
        let mut joined = Joined::new();
        let times = SoftwareTimes { times: 1, first: model::Timestamp::EPOCH, last: model::Timestamp::EPOCH };
        let row = |number: usize| SoftwareRow {
            address: [10, 0, 0, 1].into(),
            is_client: false,
            how: "banner".to_owned(),
            software: Software { product: format!("p{number}"), ..Software::default() },
        };
        for number in 0..limits::SOFTWARE_SEEN_TOLD_MAX {
            assert!(add(&mut joined, 1, row(number), times));
        }
        assert!(!add(&mut joined, 1, row(limits::SOFTWARE_SEEN_TOLD_MAX), times), "one more has no room");
        assert!(add(&mut joined, 2, row(0), times), "what is there already is joined");
    }
}
