//! What a scanner reported, as vulnerabilities on items of the register. Hosts are found by their addresses and names; one that stands in no
//! register is named, and what was found on it is not kept.

use std::collections::{BTreeMap, BTreeSet};

use formats::scanner::{Place, Read, Reported};
use model::register::{Address, ItemId};
use model::software::Status;
use model::vulnerability::{CheckResult, Checked, FoundBy, Instance, Known, VulnerabilityId};
use model::{Day, OpContext, Timestamp, limits};

use super::super::{Office, OfficeError};
use super::check::{CheckOutcome, enrich};
use crate::access::Operation;

/// Hosts that are named one by one when they stand in no register.
const STRANGERS_TOLD: usize = 50;

/// Which items are behind which host, and who is not known.
#[derive(Default)]
struct Hosts {
    items: BTreeMap<Address, BTreeSet<ItemId>>,
    strangers: BTreeSet<String>,
}

impl Office {
    /// What a scanner's report says of items of the register; everything in it is about `on`, where that is said. Keeps nothing: that is
    /// [`Office::record_check`].
    ///
    /// # Errors
    /// When the context may not, there is no such item, or the state refuses.
    pub async fn plan_scan(
        &self,
        ctx: &OpContext,
        (read, on): (&Read, Option<&ItemId>),
        known: &Known,
    ) -> Result<CheckOutcome, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        if let Some(item) = on {
            self.item(ctx, item, None).await?;
        }
        let mut hosts = Hosts::default();
        let mut found: BTreeMap<(ItemId, VulnerabilityId), Instance> = BTreeMap::new();
        let mut looked: BTreeMap<ItemId, Timestamp> = BTreeMap::new();
        let mut notes = Vec::new();
        for reported in &read.reported {
            let items = match on {
                Some(item) => BTreeSet::from([item.clone()]),
                None => self.behind_host(ctx, reported, &mut hosts).await?,
            };
            let when = reported.when.unwrap_or(ctx.now).min(ctx.now);
            for item in items {
                let last = looked.entry(item.clone()).or_insert(when);
                *last = (*last).max(when);
                for name in &reported.vulnerabilities {
                    let Ok(id) = VulnerabilityId::parse(name) else {
                        notes.push(format!(
                            "{item}: {:?} names no vulnerability",
                            name.chars().take(80).collect::<String>()
                        ));
                        continue;
                    };
                    let one = instance(reported, (id.clone(), item.clone()), when);
                    match found.get_mut(&(item.clone(), id.clone())) {
                        Some(own) => own.join(one),
                        None => drop(found.insert((item.clone(), id), one)),
                    }
                }
            }
        }
        let by = scanner_of(read);
        let mut instances: Vec<Instance> = found.into_values().collect();
        instances.iter_mut().for_each(Instance::bound);
        notes.extend(enrich(known, &mut instances, ctx.now));
        notes.extend(hosts.strangers.iter().take(STRANGERS_TOLD).map(|host| format!("{host} stands in no register")));
        let more = hosts.strangers.len().saturating_sub(STRANGERS_TOLD);
        if more > 0 {
            notes.push(format!("{more} more hosts stand in no register"));
        }
        let checked = looked.into_iter().map(|(item, when)| Checked {
            item,
            by: by.clone(),
            when,
            looked_at: 1,
            sources_of: Day::of(when),
            not_looked_at: Vec::new(),
        });
        let result = CheckResult { checked: checked.collect(), by: by.clone(), instances, gone: Vec::new() };
        Ok(CheckOutcome { result, notes })
    }

    async fn behind_host(
        &self,
        ctx: &OpContext,
        reported: &Reported,
        hosts: &mut Hosts,
    ) -> Result<BTreeSet<ItemId>, OfficeError> {
        let own = match &reported.host {
            Some(Place::Host(address)) => Some(address),
            Some(Place::Named(name)) => {
                hosts.strangers.insert(name.chars().take(120).collect());
                return Ok(BTreeSet::new());
            }
            None => None,
        };
        for address in own.into_iter().chain(&reported.names) {
            let items = match hosts.items.get(address) {
                Some(known) => known.clone(),
                None => {
                    let behind = self.state.register_behind(ctx, address).await?;
                    let items: BTreeSet<ItemId> = behind.into_iter().map(|version| version.item.id).collect();
                    hosts.items.insert(address.clone(), items.clone());
                    items
                }
            };
            if !items.is_empty() {
                return Ok(items);
            }
        }
        hosts.strangers.insert(own.map_or_else(|| "a host without a name".to_owned(), ToString::to_string));
        Ok(BTreeSet::new())
    }
}

fn instance(reported: &Reported, (id, item): (VulnerabilityId, ItemId), when: Timestamp) -> Instance {
    let scanner = format!("{} {}", reported.scanner.name, reported.scanner.version).trim().to_owned();
    let mut one = Instance::new(id, item, (Status::Affected, FoundBy::Reported { scanner }), when);
    if !reported.title.is_empty() {
        one.reasons.push(reported.title.clone());
    }
    if let Some(software) = &reported.software {
        one.reasons.push(format!("in {} {}", software.product, software.version).trim_end().to_owned());
    }
    if let Some(port) = reported.port {
        one.reasons.push(format!("on port {port}"));
    }
    one.fixed_in.clone_from(&reported.fixed_in);
    one.cvss_vector = reported.vectors.first().cloned();
    one.cvss_score = reported.score_tenths.map(|tenths| f64::from(tenths) / 10.0);
    one
}

/// The scanner by its name, in the letters that a checker's name has.
fn scanner_of(read: &Read) -> String {
    let name = read.reported.first().map(|reported| reported.scanner.name.as_str()).unwrap_or_default();
    let is_letter = |letter: &char| letter.is_ascii_alphanumeric() || ".-_ ".contains(*letter);
    let name: String = name.chars().filter(is_letter).take(limits::CHECKER_BYTES_MAX).collect();
    if name.trim().is_empty() { "scanner".to_owned() } else { name.trim().to_owned() }
}
