//! Policy zones for resolvers: the outlets of that form, over AXFR and IXFR with a key each.
//!
//! A zone's names are read when its outlet was made anew; the way from earlier versions is kept in memory, and on disk for the time
//! after a restart. Each transfer has its line in the ledger: when too many of those wait, the next transfer is refused.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use connect::rpz::{KeyAlgorithm, Names, Notices, Secondary, TransferKey, Zone, ZoneSettings, Zones};
use engine::office::{Office, OutletZone};
use model::doors::Clock;
use model::{AgencyId, OpContext, Roles, limits};
use tokio::sync::mpsc;

use crate::node::SystemClock;

/// One zone with its key.
#[derive(Clone)]
struct Served {
    of: OutletZone,
    key: Arc<TransferKey>,
    zone: Arc<Zone>,
}

/// The zones of all outlets, by the name of their key.
pub(super) struct OutletZones {
    known: ArcSwap<HashMap<String, Served>>,
    transfers: mpsc::Sender<OutletZone>,
}

impl Zones for OutletZones {
    fn key(&self, name: &str) -> Option<Arc<TransferKey>> {
        self.known.load().get(name).map(|served| Arc::clone(&served.key))
    }

    fn zone(&self, name: &str, key: &str) -> Option<Arc<Zone>> {
        let known = self.known.load();
        known.get(key).filter(|served| served.zone.settings().name() == name).map(|served| Arc::clone(&served.zone))
    }

    fn sends(&self, _: &Zone, key: &str) -> bool {
        let served = self.known.load().get(key).cloned();
        served.is_some_and(|served| self.transfers.try_send(served.of).is_ok())
    }

    fn secondaries(&self, name: &str) -> Vec<Secondary> {
        let known = self.known.load();
        let of_zone = known.values().filter(|served| served.zone.settings().name() == name);
        let told = of_zone.flat_map(|served| {
            let key = &served.key;
            served.of.settings.tell.iter().map(|address| Secondary { address: *address, key: Arc::clone(key) })
        });
        told.take(limits::RPZ_SECONDARIES_MAX).collect()
    }
}

impl OutletZones {
    /// None yet; transfers are handed on to be written down.
    pub(super) fn new() -> (Arc<Self>, mpsc::Receiver<OutletZone>) {
        let (transfers, waiting) = mpsc::channel(limits::OUTLET_TRANSFERS_WAITING_MAX);
        (Arc::new(OutletZones { known: ArcSwap::default(), transfers }), waiting)
    }

    /// Takes up what was made, added, paused, removed or ended; resolvers are told of new versions.
    ///
    /// # Errors
    /// When the state refuses. A zone that cannot be read is said, and not served.
    pub(super) async fn refresh(&self, office: &Office, home: &AgencyId, notices: &Notices) -> Result<()> {
        let ctx = OpContext::new(home.clone(), "node", Roles::NODE, SystemClock.now());
        let old = self.known.load_full();
        let (mut known, mut changed) = (HashMap::new(), Vec::new());
        for (of, secret) in office.outlet_zones(&ctx).await? {
            let before = old.get(&of.key_name).filter(|served| served.of.id() == of.id()).cloned();
            let name = of.key_name.clone();
            let is_same = before.as_ref().is_some_and(|before| before.of.made.version == of.made.version);
            let key = TransferKey::new(&name, KeyAlgorithm::Sha256, &secret, Some(of.expires()));
            let key = Arc::new(key.with_context(|| format!("the key {name}"))?);
            let read = match before {
                Some(before) if is_same => Ok(before.zone),
                before => {
                    let of = of.clone();
                    let zone = before.map(|before| before.zone);
                    let read = tokio::task::spawn_blocking(move || read(&of, zone.as_deref()).map(Arc::new)).await;
                    changed.push(name.clone());
                    read.context("reading a zone ended by a panic")?
                }
            };
            match read {
                Ok(zone) => drop(known.insert(name, Served { of, key, zone })),
                Err(error) => tracing::error!(key = %name, "the zone of key {name} is not served: {error:#}"),
            }
        }
        let names: Vec<String> = changed
            .iter()
            .filter_map(|key| known.get(key))
            .map(|served| served.zone.settings().name().to_owned())
            .collect();
        self.known.store(Arc::new(known));
        for name in names {
            tracing::info!(zone = %name, "a new version of zone {name}");
            notices.changed(&name);
        }
        Ok(())
    }
}

/// The newest version of a zone: the next one of what was served, or what is on disk, with the way from earlier versions.
fn read(of: &OutletZone, before: Option<&Zone>) -> Result<Zone> {
    let rpz = &of.settings;
    let settings = ZoneSettings::new(&rpz.zone, &rpz.action.action().target(), rpz.ttl_seconds)?;
    let serial = of.made.serial.context("it has no version")?;
    let names = |version: &str| names(&of.names_file(version), &settings);
    let newest = names(&of.made.version)?;
    if let Some(before) = before
        && before.serial().wrapping_add(1) == serial
        && let Some(next) = before.next(newest.clone())
    {
        return Ok(next);
    }
    let mut zone: Option<Zone> = None;
    for (version, serial) in &of.made.earlier {
        // What of the past cannot be read is no reason to serve nothing: resolvers get the whole zone.
        let Ok(names) = names(version) else { continue };
        let next = zone.as_ref().filter(|zone| zone.serial().wrapping_add(1) == *serial);
        zone = Some(match next.and_then(|zone| zone.next(names.clone())) {
            Some(next) => next,
            None => Zone::new(settings.clone(), *serial, names),
        });
    }
    let next = zone.filter(|zone| zone.serial().wrapping_add(1) == serial).and_then(|zone| zone.next(newest.clone()));
    Ok(next.unwrap_or_else(|| Zone::new(settings.clone(), serial, newest)))
}

fn names(file: &Path, settings: &ZoneSettings) -> Result<Names> {
    let mut names = settings.names();
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    for line in BufReader::new(opened).lines() {
        let line = line.with_context(|| format!("cannot read {}", file.display()))?;
        names.add(&line).with_context(|| format!("{line:.80}"))?;
    }
    Ok(names.finish())
}

/// Writes transfers into the ledger, one after another, until nobody serves any more.
pub(super) async fn write_down(office: Office, mut transfers: mpsc::Receiver<OutletZone>) {
    while let Some(zone) = transfers.recv().await {
        if let Err(error) = office.tell_transfer(&zone).await {
            let name = &zone.key_name;
            tracing::error!(key = %name, "a transfer by key {name} is not in the ledger: {error}");
        }
    }
}
