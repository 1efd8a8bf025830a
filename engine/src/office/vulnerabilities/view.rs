//! Vulnerabilities in the order in which to mend, with everything that people ask about them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use model::register::{Item, ItemId, Lifecycle};
use model::vulnerability::{Acceptance, Checked, Instance, VulnerabilityId, Word};
use model::{Day, Explained, OpContext, limits};
use risk::vulnerability::due::{Due, DueFacts, DuePolicy, Standing};
use risk::vulnerability::provenance::Provenance;
use store::state::{RegisterWhole, VulnerabilitiesWhole};

use super::super::{Office, OfficeError};
use super::is_checkable;
use crate::access::Operation;

/// The harm that each vulnerability on each item is expected to do, with its reasons; whoever reckons with the whole city fills it.
pub type Harms = BTreeMap<(VulnerabilityId, ItemId), Explained<f64, String>>;

/// How much an item was looked at, as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookedAtWord {
    /// Not at all.
    NotChecked,
    /// Too long ago.
    Stale,
    /// Lately.
    Checked,
}

impl LookedAtWord {
    /// All of them.
    pub const ALL: &[LookedAtWord] = &[LookedAtWord::NotChecked, LookedAtWord::Stale, LookedAtWord::Checked];

    /// As addresses have it.
    pub const fn name(self) -> &'static str {
        match self {
            LookedAtWord::NotChecked => "not-checked",
            LookedAtWord::Stale => "stale",
            LookedAtWord::Checked => "checked",
        }
    }

    const fn of(provenance: &Provenance) -> Self {
        match provenance {
            Provenance::NotChecked { .. } => LookedAtWord::NotChecked,
            Provenance::Stale { .. } => LookedAtWord::Stale,
            Provenance::Checked { .. } => LookedAtWord::Checked,
        }
    }
}

/// Which vulnerabilities are asked for. What is empty or `None` asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VulnerabilitiesAsked {
    /// A part of the vulnerability's name, the item's name or title, in any case.
    pub text: String,
    /// Only on this item.
    pub item: Option<ItemId>,
    /// Only those that are known to be exploited, or only those that are not.
    pub is_exploited: Option<bool>,
    /// Only those that are overdue, or only those that are not.
    pub is_overdue: Option<bool>,
    /// Only those whose risk is carried, or only those whose is not.
    pub is_accepted: Option<bool>,
    /// Only on items that were looked at so much.
    pub looked_at: Option<LookedAtWord>,
    /// Also those that are mended or were never there.
    pub with_settled: bool,
    /// How many rows to leave out.
    pub skip: usize,
    /// At most so many; never more than [`limits::INSTANCES_PAGE_MAX`].
    pub rows_max: usize,
}

/// One vulnerability on one item.
#[derive(Clone, Debug, PartialEq)]
pub struct VulnerabilityView {
    /// What was found and said.
    pub instance: Instance,
    /// The item.
    pub item: Item,
    /// The harm that it is expected to do; `None` where nobody has reckoned it.
    pub harm: Option<Explained<f64, String>>,
    /// By when it is to be mended.
    pub due: Due,
    /// How much the item was looked at.
    pub looked_at: Provenance,
}

impl VulnerabilityView {
    /// Whether the risk is carried today.
    pub fn is_accepted(&self) -> bool {
        matches!(self.due.standing, Standing::Accepted { .. })
    }
}

/// How many there are of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VulnerabilityCounts {
    /// Open vulnerabilities on items.
    pub open: u64,
    /// Among them those that are known to be exploited.
    pub exploited: u64,
    /// Among them those that are overdue.
    pub overdue: u64,
    /// Among them those whose risk is carried.
    pub accepted: u64,
    /// Among those the ones whose acceptance ends soon.
    pub ending_soon: u64,
    /// Items that nobody has looked at.
    pub items_not_checked: u64,
    /// Items that were looked at too long ago.
    pub items_stale: u64,
    /// Items that were looked at lately.
    pub items_checked: u64,
}

/// A page of vulnerabilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VulnerabilitiesPage {
    /// The rows: those whose harm nobody reckoned first, then by harm.
    pub rows: Vec<VulnerabilityView>,
    /// How many there are on all pages.
    pub total: u64,
    /// How many rows to leave out for the next page, if there is one.
    pub next: Option<usize>,
    /// How many there are of what, whatever is asked for.
    pub counts: VulnerabilityCounts,
    /// Days after which a check is called stale.
    pub stale_days: i32,
}

/// One vulnerability on one item, with its history.
#[derive(Clone, Debug, PartialEq)]
pub struct VulnerabilityDetail {
    /// Where it stands.
    pub view: VulnerabilityView,
    /// Acceptances that speak of it, the latest first.
    pub acceptances: Vec<Acceptance>,
    /// What people said of it, the latest first.
    pub words: Vec<Word>,
    /// How the item was looked at.
    pub checks: Vec<Checked>,
}

impl Office {
    /// A page of vulnerabilities on items that run, in the order in which to mend.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn vulnerabilities(
        &self,
        ctx: &OpContext,
        asked: &VulnerabilitiesAsked,
        harms: &Harms,
    ) -> Result<VulnerabilitiesPage, OfficeError> {
        let Read { whole, register, policy, today } = self.read_vulnerabilities(ctx).await?;
        let seeing = Seeing::new(&whole, &register, (&policy, today), harms);
        Ok(seeing.page(asked))
    }

    /// One vulnerability on one item, with its history.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn vulnerability(
        &self,
        ctx: &OpContext,
        (id, item): (&VulnerabilityId, &ItemId),
        harms: &Harms,
    ) -> Result<VulnerabilityDetail, OfficeError> {
        let Read { whole, register, policy, today } = self.read_vulnerabilities(ctx).await?;
        let seeing = Seeing::new(&whole, &register, (&policy, today), harms);
        let found = whole.instances.iter().find(|own| own.id == *id && own.item == *item);
        let view = found.and_then(|instance| seeing.view(instance, register.items.get(item)?));
        let no_such = || OfficeError::NotFound { what: "vulnerability", name: format!("{id} on {item}") };
        let about = whole.acceptances.iter().rev().filter(|own| own.is_about(id, item));
        let words = whole.words.iter().rev().filter(|own| own.id == *id && own.item == *item);
        Ok(VulnerabilityDetail {
            view: view.ok_or_else(no_such)?,
            acceptances: about.cloned().collect(),
            words: words.cloned().collect(),
            checks: whole.checks.iter().filter(|own| own.item == *item).cloned().collect(),
        })
    }

    async fn read_vulnerabilities(&self, ctx: &OpContext) -> Result<Read, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let today = Day::of(ctx.now);
        let today = today.ok_or_else(|| OfficeError::Refused("the clock stands outside of all years".to_owned()))?;
        Ok(Read {
            whole: self.vulnerabilities_whole(ctx).await?,
            register: self.state.register_whole(ctx, None).await?,
            policy: self.due_policy(ctx).await?,
            today,
        })
    }
}

struct Read {
    whole: std::sync::Arc<VulnerabilitiesWhole>,
    register: RegisterWhole,
    policy: DuePolicy,
    today: Day,
}

/// Everything that a row is made from.
struct Seeing<'s> {
    whole: &'s VulnerabilitiesWhole,
    register: &'s RegisterWhole,
    policy: &'s DuePolicy,
    today: Day,
    harms: &'s Harms,
    /// How much each item that runs was looked at.
    looked_at: BTreeMap<&'s ItemId, Provenance>,
    acceptances: BTreeMap<&'s VulnerabilityId, Vec<&'s Acceptance>>,
}

impl<'s> Seeing<'s> {
    fn new(
        whole: &'s VulnerabilitiesWhole,
        register: &'s RegisterWhole,
        (policy, today): (&'s DuePolicy, Day),
        harms: &'s Harms,
    ) -> Self {
        let mut checks: BTreeMap<&ItemId, Vec<&Checked>> = BTreeMap::new();
        whole.checks.iter().for_each(|check| checks.entry(&check.item).or_default().push(check));
        let mut acceptances: BTreeMap<&VulnerabilityId, Vec<&Acceptance>> = BTreeMap::new();
        whole.acceptances.iter().for_each(|own| acceptances.entry(&own.id).or_default().push(own));
        let of_item = |id: &ItemId| checks.get(id).map(Vec::as_slice).unwrap_or_default();
        let running = register.items.values().filter(|item| item.state != Lifecycle::Retired);
        let looked_at = running.map(|item| (&item.id, Provenance::of(of_item(&item.id), today, policy.stale_days)));
        Seeing { whole, register, policy, today, harms, looked_at: looked_at.collect(), acceptances }
    }

    /// A row; `None` for an item that runs no more.
    fn view(&self, instance: &Instance, item: &Item) -> Option<VulnerabilityView> {
        let looked_at = self.looked_at.get(&item.id)?.clone();
        let of_id = self.acceptances.get(&instance.id).map(Vec::as_slice).unwrap_or_default();
        let about: Vec<&Acceptance> =
            of_id.iter().copied().filter(|own| own.is_about(&instance.id, &item.id)).collect();
        let due = self.policy.due(&facts(instance, item, self.today), &about, self.today);
        let harm = self.harms.get(&(instance.id.clone(), item.id.clone())).cloned();
        Some(VulnerabilityView { instance: instance.clone(), item: item.clone(), harm, due, looked_at })
    }

    fn page(&self, asked: &VulnerabilitiesAsked) -> VulnerabilitiesPage {
        let mut counts = VulnerabilityCounts::default();
        for item in self.register.items.values().filter(|item| is_checkable(item)) {
            match self.looked_at.get(&item.id).map(LookedAtWord::of) {
                Some(LookedAtWord::Checked) => counts.items_checked += 1,
                Some(LookedAtWord::Stale) => counts.items_stale += 1,
                Some(LookedAtWord::NotChecked) | None => counts.items_not_checked += 1,
            }
        }
        let text = asked.text.trim().to_lowercase();
        let mut rows = Vec::new();
        for instance in &self.whole.instances {
            let Some(view) = self.register.items.get(&instance.item).and_then(|item| self.view(instance, item)) else {
                continue;
            };
            if instance.is_open() {
                count(&mut counts, &view);
            } else if !asked.with_settled {
                continue;
            }
            if is_asked(&view, asked, &text) {
                rows.push(view);
            }
        }
        rows.sort_by(order);
        let total = rows.len();
        let rows_max = asked.rows_max.clamp(1, limits::INSTANCES_PAGE_MAX);
        let rows: Vec<VulnerabilityView> = rows.into_iter().skip(asked.skip).take(rows_max).collect();
        let end = asked.skip.saturating_add(rows.len());
        let next = (end < total && !rows.is_empty()).then_some(end);
        VulnerabilitiesPage { rows, total: total as u64, next, counts, stale_days: self.policy.stale_days }
    }
}

/// What deadlines go by.
fn facts(instance: &Instance, item: &Item, today: Day) -> DueFacts {
    DueFacts {
        // A day that cannot be told is today's: the deadline begins at once.
        found: Day::of(instance.first_seen).unwrap_or(today),
        is_exploited: instance.is_exploited,
        exploited_since: instance.exploited_since,
        catalogue_due: instance.catalogue_due,
        exploitation: instance.exploitation,
        is_automatable: instance.is_automatable,
        is_total: instance.is_total,
        cvss: instance.cvss_score,
        exposure: item.exposure,
        is_life_safety: item.is_life_safety,
        impact: item.categorization.as_ref().and_then(model::register::Categorization::high_water),
    }
}

fn count(counts: &mut VulnerabilityCounts, view: &VulnerabilityView) {
    counts.open += 1;
    counts.exploited += u64::from(view.instance.is_exploited == Some(true));
    match view.due.standing {
        Standing::Overdue { .. } => counts.overdue += 1,
        Standing::Accepted { is_soon, .. } => {
            counts.accepted += 1;
            counts.ending_soon += u64::from(is_soon);
        }
        Standing::Open { .. } => {}
    }
}

fn is_asked(view: &VulnerabilityView, asked: &VulnerabilitiesAsked, text: &str) -> bool {
    let (instance, item) = (&view.instance, &view.item);
    let has_text = |own: &str| own.to_lowercase().contains(text);
    let is = |wanted: Option<bool>, own: bool| wanted.is_none_or(|wanted| wanted == own);
    let is_overdue = instance.is_open() && view.due.is_overdue();
    asked.item.as_ref().is_none_or(|wanted| *wanted == item.id)
        && (text.is_empty() || has_text(instance.id.as_str()) || has_text(item.id.as_str()) || has_text(&item.title))
        && is(asked.is_exploited, instance.is_exploited == Some(true))
        && is(asked.is_overdue, is_overdue)
        && is(asked.is_accepted, view.is_accepted())
        && asked.looked_at.is_none_or(|wanted| wanted == LookedAtWord::of(&view.looked_at))
}

/// What is to be mended first: what is open, then what nobody has reckoned, as [`risk::vulnerability::harm::by_harm`] has it, then by harm;
/// among equals what is exploited, then by likelihood, then by deadline.
fn order(one: &VulnerabilityView, other: &VulnerabilityView) -> Ordering {
    let harm = |view: &VulnerabilityView| view.harm.as_ref().map_or(f64::INFINITY, |harm| harm.value);
    let is_exploited = |view: &VulnerabilityView| view.instance.is_exploited == Some(true);
    // Nobody ranked it: that counts as certain.
    let likelihood = |view: &VulnerabilityView| view.instance.likelihood.unwrap_or(1.0);
    let by_harm = harm(other).total_cmp(&harm(one));
    let by_likelihood = likelihood(other).total_cmp(&likelihood(one));
    let place = |view: &VulnerabilityView| (view.instance.id.clone(), view.instance.item.clone());
    other
        .instance
        .is_open()
        .cmp(&one.instance.is_open())
        .then(by_harm)
        .then_with(|| is_exploited(other).cmp(&is_exploited(one)))
        .then(by_likelihood)
        .then_with(|| one.due.day.cmp(&other.due.day))
        .then_with(|| place(one).cmp(&place(other)))
}
