//! What a watch's incidents are worth: which attacks they found within what a team can work on, and what they cried at
//! in vain.
//!
//! The rule stands at [`judge`]. It was written before any detector was tuned by it.
//!
//! Days are UTC. Deliberately absent: a measure in one number. What counts are attacks found, incidents a day, and
//! pages a night, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::Timestamp;

use super::file::Part;
use super::truth::{LineKey, Truth};

/// How long after its end an attack may still be found.
const GRACE: Duration = Duration::from_secs(86_400);

/// What a team can work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Incidents that somebody looks at on one day.
    pub incidents_a_day: usize,
    /// Pages that a night may have.
    pub pages_a_night: usize,
    /// The hour at which the night begins.
    pub night_from: u8,
    /// The hour, of the next day, at which it is over.
    pub night_to: u8,
}

impl Default for Budget {
    /// A team of three: 8 incidents a day, one page a night from 20 to 6 o'clock.
    fn default() -> Self {
        Budget { incidents_a_day: 8, pages_a_night: 1, night_from: 20, night_to: 6 }
    }
}

/// An incident of the watch that is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedIncident {
    /// What the watch calls it.
    pub id: String,
    /// When it was opened, by the time of the lines.
    pub opened: Timestamp,
    /// How urgent it is: more is worse.
    pub score: u32,
    /// The lines whose events it holds.
    pub lines: Vec<LineKey>,
    /// When somebody was called for it.
    pub pages: Vec<Timestamp>,
}

/// How an incident stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// What the watch calls it.
    pub id: String,
    /// Days since the epoch of its opening.
    pub day: i32,
    /// Its place on that day, from 1.
    pub rank: usize,
    /// Whether somebody looks at it.
    pub is_within_budget: bool,
    /// Lines that it holds.
    pub lines: usize,
    /// The scene that most of its lines belong to, and the share of them; `None` where they are all ordinary life's. Of
    /// equal shares the scene that stands first in the scenario.
    pub mostly: Option<(usize, f64)>,
}

/// How an attack was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// In which incident.
    pub incident: String,
    /// When it could be seen.
    pub at: Timestamp,
    /// Seconds after the attack's first line.
    pub delay_seconds: u64,
    /// The incident's place on its day, from 1.
    pub rank: usize,
    /// Share of the incident's lines that are the attack's, 0.5 to 1.
    pub purity: f64,
}

/// What became of an attack.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Found within the budget.
    Found(Found),
    /// It would have been found, had somebody looked further down: the incident that comes nearest.
    BeyondBudget(Found),
    /// Incidents hold lines of it, but none is half its own in time: how many hold some.
    Blurred(usize),
    /// No incident holds a line of it.
    Missed,
}

/// An attack and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct AttackVerdict {
    /// The scene's place in [`Truth::scenes`].
    pub scene: usize,
    /// Its label.
    pub label: String,
    /// From 1, noisy, to 12, nearly invisible.
    pub subtlety: u8,
    /// What became of it.
    pub outcome: Outcome,
}

/// A disturbance that was cried at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cried {
    /// Its label.
    pub label: String,
    /// Incidents within the budget that are mostly about it.
    pub incidents: usize,
}

/// What a watch was worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Every attack, in the scenario's order.
    pub attacks: Vec<AttackVerdict>,
    /// Every incident, in the order of its day and its rank.
    pub incidents: Vec<Weighed>,
    /// Incidents of each day that has some, by days since the epoch; those beyond the budget count, too.
    pub a_day: BTreeMap<i32, usize>,
    /// Pages of each night that has some, by the day on which it begins.
    pub a_night: BTreeMap<i32, usize>,
    /// Nights with more pages than the budget has.
    pub nights_over: Vec<i32>,
    /// Disturbances that were cried at, in the scenario's order.
    pub cried: Vec<Cried>,
}

impl Verdict {
    /// Attacks that were found within the budget.
    pub fn found(&self) -> usize {
        self.attacks.iter().filter(|attack| matches!(attack.outcome, Outcome::Found(_))).count()
    }

    /// Incidents within the budget that are mostly about no attack: what people looked at in vain.
    pub fn in_vain(&self, truth: &Truth) -> usize {
        let is_attack = |scene: usize| truth.scenes.get(scene).is_some_and(|scene| scene.part == Part::Attack);
        let vain = |found: &&Weighed| !found.mostly.is_some_and(|(scene, share)| is_attack(scene) && share >= 0.5);
        self.incidents.iter().filter(|found| found.is_within_budget).filter(vain).count()
    }
}

/// Judges a watch's incidents by what was played. Nothing but its arguments decides; the order of incidents does not.
///
/// **An attack is found** by an incident when all of this holds:
///
/// 1. it holds at least one of the attack's lines;
/// 2. at least half of all its lines are that attack's (its *purity* for the attack is 0.5 or more; lines of ordinary
///    life, of disturbances and of other attacks count against it alike);
/// 3. it stands among the first [`Budget::incidents_a_day`] incidents of the day on which it was opened, by score, the
///    earlier one first where scores are equal: nobody looks at the ones behind;
/// 4. the attack can be seen in it no later than a day after the attack's end. It can be seen from the moment on at
///    which the incident is open and the first of the attack's lines in it has been written.
///
/// Of several incidents that find an attack the one in which it can be seen first counts. A line that stands in an
/// incident twice counts once. Pages are counted by the night; the night of a day lasts from its [`Budget::night_from`]
/// to the next day's [`Budget::night_to`]. A night with more than [`Budget::pages_a_night`] is over budget; so is no
/// attack by that, but [`Verdict::nights_over`] must be empty for a watch to have kept it.
pub fn judge(truth: &Truth, incidents: &[JudgedIncident], budget: &Budget) -> Verdict {
    let mut ordered: Vec<&JudgedIncident> = incidents.iter().collect();
    ordered.sort_by(|a, b| {
        let day = a.opened.day().cmp(&b.opened.day());
        day.then(b.score.cmp(&a.score)).then(a.opened.cmp(&b.opened)).then_with(|| a.id.cmp(&b.id))
    });
    let mut a_day = BTreeMap::<i32, usize>::new();
    let mut weighed = Vec::with_capacity(ordered.len());
    let mut sightings = BTreeMap::<usize, Vec<Sighting>>::new();
    for incident in ordered {
        let day = incident.opened.day();
        let rank = a_day.entry(day).and_modify(|count| *count += 1).or_insert(1);
        let is_within_budget = *rank <= budget.incidents_a_day;
        let (lines, shares) = shares(truth, incident);
        let mostly = shares.iter().fold(None, |best: Option<(usize, &Share)>, (scene, share)| match best {
            Some((_, before)) if before.lines >= share.lines => best,
            _ => Some((*scene, share)),
        });
        let purity = |share: &Share| share.lines as f64 / lines.max(1) as f64;
        weighed.push(Weighed {
            id: incident.id.clone(),
            day,
            rank: *rank,
            is_within_budget,
            lines,
            mostly: mostly.map(|(scene, share)| (scene, purity(share))),
        });
        for (scene, share) in &shares {
            let is_pure = share.lines * 2 >= lines;
            let at = share.first.max(incident.opened);
            let incident = incident.id.clone();
            let sighting = Sighting { incident, at, rank: *rank, purity: purity(share), is_pure, is_within_budget };
            sightings.entry(*scene).or_default().push(sighting);
        }
    }
    let attacks = attacks(truth, &sightings);
    let cried = cried(truth, &weighed);
    let a_night = pages(incidents, budget);
    let over = a_night.iter().filter(|(_, count)| **count > budget.pages_a_night);
    let nights_over = over.map(|(night, _)| *night).collect();
    Verdict { attacks, incidents: weighed, a_day, nights_over, a_night, cried }
}

/// What an incident has of a scene.
struct Share {
    lines: usize,
    first: Timestamp,
}

/// An attack's lines in an incident.
struct Sighting {
    incident: String,
    at: Timestamp,
    rank: usize,
    purity: f64,
    is_pure: bool,
    is_within_budget: bool,
}

/// How many different lines an incident holds, and how many of each scene.
fn shares(truth: &Truth, incident: &JudgedIncident) -> (usize, BTreeMap<usize, Share>) {
    let lines: BTreeSet<LineKey> = incident.lines.iter().copied().collect();
    let mut shares = BTreeMap::<usize, Share>::new();
    for belongs in lines.iter().filter_map(|key| truth.belongs(*key)) {
        let share = shares.entry(belongs.scene).or_insert(Share { lines: 0, first: belongs.at });
        share.lines += 1;
        share.first = share.first.min(belongs.at);
    }
    (lines.len(), shares)
}

fn attacks(truth: &Truth, sightings: &BTreeMap<usize, Vec<Sighting>>) -> Vec<AttackVerdict> {
    let scenes = truth.scenes.iter().enumerate().filter(|(_, scene)| scene.part == Part::Attack);
    let verdict = |(number, scene): (usize, &super::truth::TrueScene)| {
        let seen = sightings.get(&number).map(Vec::as_slice).unwrap_or_default();
        let due = scene.ends.plus(GRACE);
        let begun = scene.first.unwrap_or_default();
        let found = |sighting: &Sighting| Found {
            incident: sighting.incident.clone(),
            at: sighting.at,
            delay_seconds: super::moves::seconds_between(begun, sighting.at),
            rank: sighting.rank,
            purity: sighting.purity,
        };
        let good = || seen.iter().filter(move |sighting| sighting.is_pure && sighting.at <= due);
        let first =
            good().filter(|sighting| sighting.is_within_budget).min_by_key(|sighting| (sighting.at, sighting.rank));
        let nearest = good().min_by_key(|sighting| (sighting.rank, sighting.at));
        let outcome = match (first, nearest, seen.len()) {
            (Some(sighting), ..) => Outcome::Found(found(sighting)),
            (None, Some(sighting), _) => Outcome::BeyondBudget(found(sighting)),
            (None, None, 0) => Outcome::Missed,
            (None, None, count) => Outcome::Blurred(count),
        };
        AttackVerdict { scene: number, label: scene.label.clone(), subtlety: scene.subtlety, outcome }
    };
    scenes.map(verdict).collect()
}

fn cried(truth: &Truth, weighed: &[Weighed]) -> Vec<Cried> {
    let disturbances = truth.scenes.iter().enumerate().filter(|(_, scene)| scene.part == Part::Disturbance);
    let counted = disturbances.map(|(number, scene)| {
        let is_about = |found: &&Weighed| {
            found.is_within_budget && found.mostly.is_some_and(|(scene, share)| scene == number && share >= 0.5)
        };
        Cried { label: scene.label.clone(), incidents: weighed.iter().filter(is_about).count() }
    });
    counted.filter(|cried| cried.incidents > 0).collect()
}

/// Pages by the day on which their night begins; pages by day are no night's.
fn pages(incidents: &[JudgedIncident], budget: &Budget) -> BTreeMap<i32, usize> {
    let mut nights = BTreeMap::new();
    for page in incidents.iter().flat_map(|incident| &incident.pages) {
        let hour = page.as_micros().rem_euclid(86_400_000_000) / 3_600_000_000;
        let night = if hour >= i64::from(budget.night_from) {
            Some(page.day())
        } else if hour < i64::from(budget.night_to) {
            Some(page.day() - 1)
        } else {
            None
        };
        if let Some(night) = night {
            *nights.entry(night).or_insert(0) += 1;
        }
    }
    nights
}
