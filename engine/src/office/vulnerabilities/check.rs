//! One check: the register's software and bills of materials held against advisories, with what is known of each vulnerability. A pure
//! function; what was read for it and what becomes of it is the caller's.

use std::collections::BTreeMap;

use formats::sbom::Bill;
use model::register::{Item, ItemId, ItemKind, Lifecycle, Software};
use model::software::{Advisory, Status, Voice};
use model::vulnerability::{CheckResult, Checked, Described, Exploited, FoundBy, Instance, Known, VulnerabilityId};
use model::{CveId, Day, Timestamp, limits};
use risk::matching::{Answer, Checked as Looked, Installed, Knowledge, Provenance, Source};
use risk::vulnerability::cvss;
use risk::vulnerability::rank::{Ranked, rank};
use store::state::RegisterWhole;

/// What the check that holds software against advisories is called.
pub const MATCHING: &str = "matching";

/// What software is held against.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What others say about software.
    pub advisories: Vec<Advisory>,
    /// From where, how new, and what they know about.
    pub sources: Vec<Source>,
    /// Forecasts, records and the catalogue of exploited vulnerabilities.
    pub known: Known,
    /// Bills of materials, each of an item.
    pub bills: Vec<(ItemId, Bill)>,
}

/// What came of a check.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckOutcome {
    /// What is to be kept.
    pub result: CheckResult,
    /// What could not be used, in sentences.
    pub notes: Vec<String>,
}

/// Whether an item is looked at for vulnerabilities: it runs, and is of a kind that is or holds software, or has some registered.
pub fn is_checkable(item: &Item) -> bool {
    let is_of_kind =
        matches!(item.kind, ItemKind::Application | ItemKind::Machine | ItemKind::Device | ItemKind::DataStore);
    item.state != Lifecycle::Retired && (is_of_kind || !item.software.is_empty())
}

/// Holds all software of the register against the evidence.
pub fn check(register: &RegisterWhole, evidence: Evidence, now: Timestamp) -> CheckOutcome {
    let mut notes = Vec::new();
    let today = Day::of(now);
    let Evidence { advisories, sources, known, bills } = evidence;
    let facts = Facts::of(&known, today, &mut notes);
    let mut parts: BTreeMap<&ItemId, Vec<(String, Software)>> = BTreeMap::new();
    for (item, bill) in &bills {
        if !register.items.contains_key(item) {
            notes.push(format!("{item} is not in the register: its bill of materials is left out"));
            continue;
        }
        let name = bill.name();
        let of_item = parts.entry(item).or_default();
        of_item.extend(bill.components.iter().map(|component| (name.clone(), component.software())));
    }
    let checking = Checking { knowledge: Knowledge::new(advisories, sources.clone()), sources, facts, now, today };
    let mut result = CheckResult { by: MATCHING.to_owned(), ..CheckResult::default() };
    let mut memory = BTreeMap::new();
    for item in register.items.values() {
        let of_bills = parts.get(&item.id).map(Vec::as_slice).unwrap_or_default();
        if item.state == Lifecycle::Retired {
            result.gone.push(item.id.clone());
        } else if is_checkable(item) || !of_bills.is_empty() {
            checking.look(item, of_bills, &mut memory, (&mut result, &mut notes));
        }
    }
    notes.extend(keep_worst(&mut result.instances));
    CheckOutcome { result, notes }
}

/// Leaves out what is more than may be kept, the least exploited first; says how many.
fn keep_worst(instances: &mut Vec<Instance>) -> Option<String> {
    let left_out = instances.len().checked_sub(limits::INSTANCES_MAX).filter(|left_out| *left_out > 0)?;
    instances.sort_by(|one, other| other.is_exploited.cmp(&one.is_exploited).then(other.status.cmp(&one.status)));
    instances.truncate(limits::INSTANCES_MAX);
    Some(format!("{left_out} vulnerabilities are left out: at most {} are kept", limits::INSTANCES_MAX))
}

/// Answers that were given once already: machines share software.
type Memory<'e> = BTreeMap<(&'e Software, Option<&'e str>), Looked>;

struct Checking {
    knowledge: Knowledge,
    sources: Vec<Source>,
    facts: Facts,
    now: Timestamp,
    today: Option<Day>,
}

impl Checking {
    fn look<'e>(
        &self,
        item: &'e Item,
        parts: &'e [(String, Software)],
        memory: &mut Memory<'e>,
        (result, notes): (&mut CheckResult, &mut Vec<String>),
    ) {
        let own = item.software.iter().map(|software| (software, None));
        let all = own.chain(parts.iter().map(|(within, software)| (software, Some(within.as_str()))));
        let mut found: BTreeMap<VulnerabilityId, Instance> = BTreeMap::new();
        let mut seen = Seen::default();
        // A time outside of all years: nothing is fresh then.
        let today = self.today.or_else(|| Day::of(Timestamp::EPOCH));
        for (software, within) in all {
            let Some(today) = today else { break };
            let looked = memory
                .entry((software, within))
                .or_insert_with(|| self.knowledge.check(Installed { software, within }, today));
            seen.add(software, &looked.provenance, (self.sources.as_slice(), today));
            for answer in looked.answers.iter().filter(|answer| self.is_kept(answer)) {
                let Ok(id) = VulnerabilityId::parse(&answer.vulnerability) else {
                    notes.push(format!("{}: {:?} names no vulnerability", item.id, answer.vulnerability));
                    continue;
                };
                let one = self.instance((id.clone(), &item.id), software, answer);
                match found.get_mut(&id) {
                    Some(own) => own.join(one),
                    None => drop(found.insert(id, one)),
                }
            }
        }
        result.instances.extend(found.into_values());
        result.checked.push(seen.checked(&item.id, self.now));
    }

    /// What is to be mended, and what a maker has said is sound; that other versions have flaws is no news.
    fn is_kept(&self, answer: &Answer) -> bool {
        let mut advisories = answer.advisories.iter().filter_map(|place| self.knowledge.advisories().get(*place));
        answer.status >= Status::UnderInvestigation || advisories.any(|advisory| advisory.voice == Voice::Maker)
    }

    fn instance(&self, (id, item): (VulnerabilityId, &ItemId), software: &Software, answer: &Answer) -> Instance {
        let advisories: Vec<&Advisory> =
            answer.advisories.iter().filter_map(|place| self.knowledge.advisories().get(*place)).collect();
        let named = advisories.first().map(|own| format!("{} {}", own.source, own.id)).unwrap_or_default();
        let found_by = FoundBy::Matched { software: shown(software), advisory: named.trim().to_owned() };
        let cve = id.cve();
        let mut one = Instance::new(id, item.clone(), (answer.status, found_by), self.now);
        one.reasons = answer.because.iter().map(ToString::to_string).collect();
        one.fixed_in.clone_from(&answer.fixed_in);
        let described = cve.and_then(|cve| self.facts.described.get(&cve));
        let vectors = advisories.iter().flat_map(|own| &own.vectors);
        let vectors = vectors.chain(described.iter().flat_map(|own| &own.vectors));
        let scored = vectors.filter_map(|text| Some((cvss::scores(text).ok()?.base, text)));
        if let Some((score, vector)) = scored.max_by(|(one, _), (other, _)| one.total_cmp(other)) {
            (one.cvss_score, one.cvss_vector) = (Some(score), Some(vector.clone()));
        }
        self.facts.tell(cve, &mut one);
        one.bound();
        one
    }
}

/// How much of an item was looked at.
#[derive(Default)]
struct Seen {
    looked_at: u64,
    /// The day of the oldest source that was relied on.
    oldest: Option<Day>,
    is_of_unknown_age: bool,
    not_looked_at: Vec<String>,
}

impl Seen {
    fn add(&mut self, software: &Software, provenance: &Provenance, (sources, today): (&[Source], Day)) {
        let day = match provenance {
            Provenance::Checked { sources: names } => {
                let asked = sources.iter().filter(|source| names.contains(&source.name));
                asked.filter_map(|source| source.as_of).max()
            }
            Provenance::Stale { days, .. } => days.and_then(|days| today.plus_days(-days)),
            Provenance::NotChecked { why } => {
                if self.not_looked_at.len() < limits::INSTANCE_REASONS_MAX {
                    self.not_looked_at.push(format!("{}: {why}", shown(software)));
                }
                return;
            }
        };
        self.looked_at += 1;
        self.is_of_unknown_age |= day.is_none();
        self.oldest = self.oldest.into_iter().chain(day).min();
    }

    fn checked(mut self, item: &ItemId, when: Timestamp) -> Checked {
        if self.looked_at == 0 && self.not_looked_at.is_empty() {
            self.not_looked_at.push("no software is registered for it".to_owned());
        }
        Checked {
            item: item.clone(),
            by: MATCHING.to_owned(),
            when,
            looked_at: self.looked_at,
            sources_of: self.oldest.filter(|_| !self.is_of_unknown_age),
            not_looked_at: self.not_looked_at,
        }
    }
}

/// Says of what others found, a scanner for one, what is known of each vulnerability; notes say what could not be used.
pub fn enrich(known: &Known, instances: &mut [Instance], now: Timestamp) -> Vec<String> {
    let mut notes = Vec::new();
    let facts = Facts::of(known, Day::of(now), &mut notes);
    instances.iter_mut().for_each(|one| facts.tell(one.id.cve(), one));
    notes
}

/// What is known of each CVE.
struct Facts {
    ranked: BTreeMap<CveId, Ranked>,
    described: BTreeMap<CveId, Described>,
    exploited: BTreeMap<CveId, Exploited>,
    has_catalogue: bool,
}

impl Facts {
    /// As of a day; what cannot be ranked is noted.
    fn of(known: &Known, today: Option<Day>, notes: &mut Vec<String>) -> Self {
        let by_today = |day: &Day| today.is_some_and(|today| *day <= today);
        let ranked = today.and_then(|today| {
            rank(known, today).map_err(|error| notes.push(format!("nothing is ranked by likelihood: {error}"))).ok()
        });
        let described = known.described.iter().rev().find(|(day, _)| by_today(day)).map(|(_, rows)| rows);
        let mut exploited: BTreeMap<CveId, Exploited> = BTreeMap::new();
        for one in known.exploited.iter().filter(|one| by_today(&one.added)) {
            let own = exploited.entry(one.cve).or_insert_with(|| one.clone());
            own.added = own.added.min(one.added);
            own.due = own.due.into_iter().chain(one.due).min();
        }
        Facts {
            ranked: ranked.into_iter().flatten().map(|ranked| (ranked.cve, ranked)).collect(),
            described: described.into_iter().flatten().map(|row| (row.cve, row.clone())).collect(),
            has_catalogue: !known.exploited.is_empty(),
            exploited,
        }
    }

    /// Says of an instance what is known of its vulnerability. One that is no CVE stands in no catalogue: nobody can tell.
    fn tell(&self, cve: Option<CveId>, one: &mut Instance) {
        let Some(cve) = cve else { return };
        if let Some(ranked) = self.ranked.get(&cve) {
            one.likelihood = Some(ranked.score.value);
            one.likelihood_reasons = ranked.score.because.iter().map(ToString::to_string).collect();
        }
        if let Some(described) = self.described.get(&cve) {
            one.exploitation = described.exploitation;
            (one.is_automatable, one.is_total) = (described.is_automatable, described.is_total);
        }
        let exploited = self.exploited.get(&cve);
        one.is_exploited = self.has_catalogue.then_some(exploited.is_some());
        one.exploited_since = exploited.map(|own| own.added);
        one.catalogue_due = exploited.and_then(|own| own.due);
    }
}

/// Software as people read it.
fn shown(software: &Software) -> String {
    let name = [software.vendor.as_str(), &software.product, &software.version];
    name.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_limit_and_the_exploited_stay() {
        let item = ItemId::parse("srv-1").unwrap();
        let one = |number: usize| {
            let id = VulnerabilityId::parse(&format!("CVE-2024-{:07}", number + 1)).unwrap();
            let found = (Status::Affected, FoundBy::Reported { scanner: String::new() });
            let mut one = Instance::new(id, item.clone(), found, Timestamp::EPOCH);
            one.found_by.clear();
            one
        };
        let mut instances: Vec<Instance> = (0..limits::INSTANCES_MAX).map(one).collect();
        assert_eq!(keep_worst(&mut instances), None);
        let mut exploited = one(limits::INSTANCES_MAX);
        exploited.is_exploited = Some(true);
        instances.push(exploited);
        let said = keep_worst(&mut instances).unwrap();
        assert!(said.starts_with("1 vulnerabilities are left out"), "{said}");
        assert_eq!((instances.len(), instances[0].is_exploited), (limits::INSTANCES_MAX, Some(true)));
    }
}
