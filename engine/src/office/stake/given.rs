//! What an assessment follows from, gathered from everything that is kept.

use std::collections::{BTreeMap, BTreeSet};

use model::register::{Address, ItemId, ItemKind, Lifecycle};
use model::{Day, OpContext, Timestamp};
use risk::assess::{Flaw, Given};
use risk::controls::Assessed;
use risk::frequency::Watch;
use risk::policy::Policy;
use store::state::RegisterWhole;

use super::super::{Office, OfficeError};

const YEAR_DAYS: f64 = 365.25;

/// Everything that an assessment follows from.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The register.
    pub register: RegisterWhole,
    /// Vulnerabilities that are open.
    pub flaws: Vec<Flaw>,
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
        Ok(Inputs {
            register,
            flaws: Vec::new(),
            checked: BTreeSet::new(),
            controls: BTreeMap::new(),
            gates: BTreeMap::new(),
            watches,
            policy,
        })
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

fn years_since(since: Day, now: Timestamp) -> f64 {
    let days = now.as_micros().saturating_sub(since.start().as_micros()) as f64 / 86_400_000_000.0;
    days.max(0.0) / YEAR_DAYS
}
