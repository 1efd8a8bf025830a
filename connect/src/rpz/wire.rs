//! Records as they stand in a message, and the order in which a transfer sends them.
//!
//! Every owner ends in the zone's name, which is the name that was asked for: the question stands in every message, and the
//! owner points at it (RFC 1035, section 4.1.4). So a record costs its own labels and 13 bytes.

use std::sync::Arc;

use domain::base::Rtype;
use domain::base::record::ComposeRecord;
use domain::base::wire::Composer;

use super::names;
use super::zone::{Change, Zone};

/// Where the question's name stands: behind a header of twelve bytes.
const POINTER_TO_QUESTION: [u8; 2] = [0xc0, 0x0c];
/// `IN`.
const CLASS: u16 = 1;
/// `localhost.`: nobody asks a policy zone for its name servers.
const PRIMARY: &[u8] = b"\x09localhost\0";
/// `hostmaster.localhost.`
const CONTACT: &[u8] = b"\x0ahostmaster\x09localhost\0";
/// Seconds after which a resolver asks again although nobody told it anything.
const REFRESH_SECONDS: u32 = 300;
/// Seconds after which it tries again.
const RETRY_SECONDS: u32 = 60;
/// Seconds after which it drops a zone that it could not ask for: a week, so that a list outlives our own outage.
const EXPIRE_SECONDS: u32 = 604_800;

/// A record of a zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'z> {
    zone: &'z Zone,
    kind: Kind<'z>,
}

#[derive(Clone, Copy, Debug)]
enum Kind<'z> {
    Soa(u32),
    Ns,
    Listed(&'z [u8]),
}

impl<'z> Record<'z> {
    /// The zone's SOA.
    pub(super) fn soa(zone: &'z Zone) -> Self {
        Record { zone, kind: Kind::Soa(zone.serial()) }
    }

    /// The zone's NS.
    pub(super) fn ns(zone: &'z Zone) -> Self {
        Record { zone, kind: Kind::Ns }
    }
}

impl ComposeRecord for Record<'_> {
    fn compose_record<Target: Composer + ?Sized>(&self, target: &mut Target) -> Result<(), Target::AppendError> {
        let settings = self.zone.settings();
        if let Kind::Listed(labels) = self.kind {
            target.append_slice(labels)?;
        }
        target.append_slice(&POINTER_TO_QUESTION)?;
        let mut soa_numbers = [0; 20];
        let (rtype, parts): (Rtype, [&[u8]; 3]) = match self.kind {
            Kind::Soa(serial) => {
                let numbers = [serial, REFRESH_SECONDS, RETRY_SECONDS, EXPIRE_SECONDS, settings.ttl_seconds()];
                for (place, number) in soa_numbers.chunks_exact_mut(4).zip(numbers) {
                    place.copy_from_slice(&number.to_be_bytes());
                }
                (Rtype::SOA, [PRIMARY, CONTACT, &soa_numbers])
            }
            Kind::Ns => (Rtype::NS, [PRIMARY, &[], &[]]),
            Kind::Listed(_) => (Rtype::CNAME, [settings.target(), &[], &[]]),
        };
        target.append_slice(&rtype.to_int().to_be_bytes())?;
        target.append_slice(&CLASS.to_be_bytes())?;
        target.append_slice(&settings.ttl_seconds().to_be_bytes())?;
        // A name and twenty bytes never come near the limit of two bytes.
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        target.append_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes())?;
        parts.iter().try_for_each(|part| target.append_slice(part))
    }
}

/// The whole zone: SOA, everything, SOA (RFC 5936, section 2.2).
pub(super) fn whole(zone: &Zone) -> impl Iterator<Item = Record<'_>> + Send {
    let soa = Record::soa(zone);
    [soa, Record::ns(zone)].into_iter().chain(listed(zone, zone.names().iter())).chain([soa])
}

/// What changed: the new SOA, for each step the old SOA, what went, the SOA behind it, what came, and the new SOA again
/// (RFC 1995, section 4).
pub(super) fn changes<'z>(zone: &'z Zone, steps: &'z [Arc<Change>]) -> impl Iterator<Item = Record<'z>> + Send {
    let soa = |serial| Record { zone, kind: Kind::Soa(serial) };
    let step = move |change: &'z Arc<Change>| {
        let removed = [soa(change.from)].into_iter().chain(listed(zone, change.removed.iter()));
        let added = [soa(change.to)].into_iter().chain(listed(zone, change.added.iter()));
        removed.chain(added)
    };
    [Record::soa(zone)].into_iter().chain(steps.iter().flat_map(step)).chain([Record::soa(zone)])
}

fn listed<'z>(zone: &'z Zone, names: names::Iter<'z>) -> impl Iterator<Item = Record<'z>> + Send {
    names.map(move |labels| Record { zone, kind: Kind::Listed(labels) })
}
