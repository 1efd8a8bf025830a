//! What an assessment follows from, gathered from everything that is kept.

use std::collections::{BTreeMap, BTreeSet};

use model::register::{Address, ItemId, ItemKind, Lifecycle};
use model::vulnerability::{Checked, VulnerabilityId};
use model::{Day, OpContext, Timestamp};
use risk::Probability;
use risk::assess::{Flaw, Given};
use risk::controls::{Assessed, Evidence};
use risk::frequency::Watch;
use risk::policy::Policy;
use risk::rmf::{Method, Package};
use risk::vulnerability::provenance::Provenance;
use store::state::{RegisterWhole, VulnerabilitiesWhole};

use super::super::{Office, OfficeError};

const YEAR_DAYS: f64 = 365.25;
const DAY_US: f64 = 86_400_000_000.0;
/// Days after which what was found satisfied counts half.
const SATISFIED_HALF_LIFE_DAYS: f64 = 365.0;

/// Everything that an assessment follows from.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The register.
    pub register: RegisterWhole,
    /// Vulnerabilities that are open.
    pub flaws: Vec<Flaw>,
    /// Their names, in the same order.
    pub flaw_names: Vec<VulnerabilityId>,
    /// Items on which they were looked for lately.
    pub checked: BTreeSet<ItemId>,
    /// What assessments found of services' controls.
    pub controls: BTreeMap<ItemId, BTreeMap<String, Assessed>>,
    /// What the gates of apps miss.
    pub gates: BTreeMap<ItemId, Vec<String>>,
    /// What was seen of compromises.
    pub watches: BTreeMap<ItemKind, Watch>,
    /// What the city believes and tolerates.
    pub policy: Policy,
}

impl Inputs {
    /// The same, as it is reckoned with.
    pub fn given(&self) -> Given<'_> {
        Given {
            items: &self.register.items,
            links: &self.register.links,
            flaws: &self.flaws,
            checked: &self.checked,
            controls: &self.controls,
            gates: &self.gates,
            watches: &self.watches,
            policy: &self.policy,
        }
    }

    /// What people call an item.
    pub fn title(&self, id: &ItemId) -> String {
        self.register.items.get(id).map_or_else(|| id.to_string(), |item| item.title.clone())
    }
}

impl Office {
    pub(super) async fn inputs(&self, ctx: &OpContext) -> Result<Inputs, OfficeError> {
        let policy = self.risk_policy(ctx).await?.policy;
        let register = self.state.register_whole(ctx, None).await?;
        let watches = self.watches(ctx, &policy, &register).await?;
        let found = self.vulnerabilities_whole(ctx).await?;
        let (flaws, flaw_names) = flaws(&found);
        let checked = checked(&found, &policy, ctx.now);
        let packages = self.rmf_services(ctx).await?.into_iter();
        let controls = packages.map(|view| (view.item.id.clone(), shares(&view.package, ctx.now))).collect();
        let gates = self.mobile_gates(ctx).await?.into_iter();
        let gates = gates.map(|(app, gate)| (app, gate.missing.iter().map(ToString::to_string).collect())).collect();
        Ok(Inputs { register, flaws, flaw_names, checked, controls, gates, watches, policy })
    }

    /// What was seen of compromises since the city watches: what people escalated, by the kind of thing that it was about.
    async fn watches(
        &self,
        ctx: &OpContext,
        policy: &Policy,
        register: &RegisterWhole,
    ) -> Result<BTreeMap<ItemKind, Watch>, OfficeError> {
        let Some(watching) = policy.watching else { return Ok(BTreeMap::new()) };
        let years = years_since(watching.since, ctx.now);
        let mut struck: BTreeSet<ItemId> = BTreeSet::new();
        for subject in self.state.escalated_subjects(ctx, watching.since.start()).await? {
            if let Some(address) = Address::parse(&subject) {
                let behind = self.state.register_behind(ctx, &address).await?;
                struck.extend(behind.into_iter().map(|version| version.item.id));
            }
        }
        let mut watches: BTreeMap<ItemKind, Watch> = BTreeMap::new();
        for item in register.items.values().filter(|item| item.state == Lifecycle::Running) {
            let none = Watch { events: 0, years: 0.0, noticed: watching.noticed };
            let watch = watches.entry(item.kind).or_insert(none);
            watch.years += years;
            watch.events += u64::from(struck.contains(&item.id));
        }
        Ok(watches)
    }
}

fn flaws(found: &VulnerabilitiesWhole) -> (Vec<Flaw>, Vec<VulnerabilityId>) {
    let open = found.instances.iter().filter(|instance| instance.is_open());
    let flaw = |instance: &model::vulnerability::Instance| {
        let tried = instance.likelihood.and_then(|likelihood| Probability::new(likelihood).ok());
        (Flaw { item: instance.item.clone(), tried }, instance.id.clone())
    };
    open.map(flaw).unzip()
}

/// Items on which vulnerabilities were looked for lately, in sources that are new.
fn checked(found: &VulnerabilitiesWhole, policy: &Policy, now: Timestamp) -> BTreeSet<ItemId> {
    let Some(today) = Day::of(now) else { return BTreeSet::new() };
    let stale_days = i32::try_from(policy.checked_days).unwrap_or(i32::MAX);
    let mut by_item: BTreeMap<&ItemId, Vec<&Checked>> = BTreeMap::new();
    found.checks.iter().for_each(|check| by_item.entry(&check.item).or_default().push(check));
    let lately = |checks: &[&Checked]| matches!(Provenance::of(checks, today, stale_days), Provenance::Checked { .. });
    by_item.into_iter().filter(|(_, checks)| lately(checks)).map(|(item, _)| item.clone()).collect()
}

/// What assessments found of a service's controls. Trying a control says whether it works, reading papers and settings whether it is
/// everywhere, asking people whether it is always in force.
fn shares(package: &Package, now: Timestamp) -> BTreeMap<String, Assessed> {
    let mut all: BTreeMap<String, Assessed> = BTreeMap::new();
    for control in package.controls() {
        let mut shares = Assessed::default();
        for result in package.assessed.get(control).into_iter().flatten() {
            let counts = if result.is_satisfied { Evidence::new(1.0, 0.0) } else { Evidence::new(0.0, 1.0) };
            let age_days = now.as_micros().saturating_sub(result.done.at.as_micros()) as f64 / DAY_US;
            let Ok(found) = counts.map(|evidence| evidence.aged(age_days, SATISFIED_HALF_LIFE_DAYS)) else { continue };
            let share = match result.method {
                Method::Test | Method::Automated => &mut shares.efficacy,
                Method::Examine => &mut shares.coverage,
                Method::Interview => &mut shares.reliability,
            };
            *share = Some(share.map_or(found, |known: Evidence| known.and(found)));
        }
        all.insert(control.to_owned(), shares);
    }
    all
}

fn years_since(since: Day, now: Timestamp) -> f64 {
    let days = now.as_micros().saturating_sub(since.start().as_micros()) as f64 / DAY_US;
    days.max(0.0) / YEAR_DAYS
}
