//! Is data for programs still what it was, and what its publisher says?
//!
//! What people navigate by (closures, stops, hydrants, shelters) does harm when it is wrong without anybody seeing it. So the shape,
//! the number of rows, the ranges and the places of things are compared with what was usual, and with what the register says.

use std::collections::BTreeMap;
use std::time::Duration;

use model::Timestamp;
use model::limits::{PROBE_FIELDS_MAX, PROBE_PLACES_MAX};
use model::probe::{DataFacts, DataForm, FieldFacts, Placed};
use serde::{Deserialize, Serialize};

use super::Judged;
use super::episode::{Look, Patience};
use super::quantile::Spread;
use super::settings::{Expected, Problem};

const TWICE: Patience = Patience { bad: 2, of: 2, good: 2 };
/// Looks that are learnt from before a change counts.
const LEARN_LOOKS: u32 = 12;
/// A thing that is farther than this from where it was has moved: a kilometre.
const MOVED_METRES: u64 = 1_000;
/// Points from which a change is told, and from which it does harm.
const TOLD: u32 = 40;
const HARM: u32 = 80;

/// What is known about one feed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Data {
    looks: u32,
    form: DataForm,
    fields: BTreeMap<String, Field>,
    rows: Spread,
    faults: Spread,
    /// Of a thousand things, how many moved from one look to the next.
    moved: Spread,
    places: BTreeMap<u64, (i32, i32)>,
    /// Seconds that the newest entry was old when a newer one came: the age at each look would learn to wait.
    age: Spread,
    /// The newest entry of the last look, and how old it was then.
    last: Option<(Timestamp, u64)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Field {
    /// In how many looks it had values.
    looks: u32,
    /// In how many of them nearly all were numbers.
    numeric: u32,
    least: Option<f64>,
    greatest: Option<f64>,
}

#[derive(Default)]
struct Points {
    sum: u32,
    because: Vec<String>,
}

impl Points {
    fn add(&mut self, points: u32, why: String) {
        self.sum += points;
        self.because.push(why);
    }
}

impl Data {
    pub(super) fn judge(&self, facts: &DataFacts, expected: &Expected, now: Timestamp) -> Vec<Judged> {
        let mut points = Points::default();
        if let Some(hash) = expected.hash.as_ref().filter(|hash| !hash.eq_ignore_ascii_case(&facts.hash)) {
            points.add(100, format!("its SHA-256 is {}, its publisher says {hash}", facts.hash));
        }
        self.ranges_said(facts, expected, &mut points);
        if self.looks >= LEARN_LOOKS {
            self.shape(facts, &mut points);
            self.rows(facts, &mut points);
            self.ranges_learnt(facts, &mut points);
            self.places(facts, &mut points);
            self.faults(facts, &mut points);
        }
        let look = if points.sum >= TOLD { Look::Bad } else { Look::Good };
        let surprise = u8::try_from(points.sum.min(100)).unwrap_or(100);
        let level = if points.sum >= HARM { model::Level::High } else { model::Level::Medium };
        let tampered = Judged::new(Problem::Tampered, look, TWICE, surprise).level(level).because(points.because);
        vec![tampered, self.stale(facts, expected, now)]
    }

    fn shape(&self, facts: &DataFacts, points: &mut Points) {
        if facts.form != self.form {
            return points.add(60, format!("it is {}, until now it was {}", facts.form.name(), self.form.name()));
        }
        let filled = |name: &str| facts.fields.iter().any(|field| field.name == name && field.filled > 0);
        let always = |field: &Field| field.looks * 10 >= self.looks * 9;
        let lost: Vec<&str> = self
            .fields
            .iter()
            .filter(|(name, field)| always(field) && !filled(name))
            .map(|(name, _)| &**name)
            .collect();
        // Without rows all fields are gone, which the rows tell.
        if !lost.is_empty() && facts.rows > 0 {
            points.add(50, format!("fields that always had values have none: {}", few(&lost)));
        }
        let words = |field: &&FieldFacts| {
            let was =
                self.fields.get(&field.name).is_some_and(|was| was.numeric * 10 >= was.looks * 9 && was.looks > 0);
            was && field.filled > 0 && field.numbers * 2 < field.filled
        };
        let words: Vec<&str> = facts.fields.iter().filter(words).map(|field| field.name.as_str()).collect();
        if !words.is_empty() {
            points.add(40, format!("fields that always had numbers have words: {}", few(&words)));
        }
    }

    fn rows(&self, facts: &DataFacts, points: &mut Points) {
        let quantile = |per_mille| self.rows.quantile(per_mille).unwrap_or(0);
        let (least, usual, greatest) = (quantile(1), quantile(500), quantile(1_000));
        let said = format!("{} rows, usually {usual}", facts.rows);
        match facts.rows {
            0 if least > 1 => points.add(60, said),
            rows if rows < least / 2 => points.add(45, said),
            rows if rows > greatest.saturating_mul(2).max(greatest + 10) => points.add(45, said),
            _ => {}
        }
    }

    fn ranges_said(&self, facts: &DataFacts, expected: &Expected, points: &mut Points) {
        for range in &expected.fields {
            let Some(field) = facts.fields.iter().find(|field| field.name == range.name) else {
                if facts.rows > 0 {
                    points.add(40, format!("the field {} is missing", range.name));
                }
                continue;
            };
            let outside = [field.least, field.greatest].into_iter().flatten();
            for number in outside.filter(|number| !(range.least..=range.greatest).contains(number)).take(1) {
                let said = format!("{} is {number}, it must be {} to {}", range.name, range.least, range.greatest);
                points.add(60, said);
            }
        }
    }

    /// A value three times as far out as all values so far lie apart.
    fn ranges_learnt(&self, facts: &DataFacts, points: &mut Points) {
        for field in &facts.fields {
            let Some(known) = self.fields.get(&field.name).filter(|known| known.looks >= LEARN_LOOKS) else { continue };
            let (Some(least), Some(greatest)) = (known.least, known.greatest) else { continue };
            let room = 3.0 * (greatest - least).max(greatest.abs() * 0.1).max(1.0);
            let outside = [field.least, field.greatest].into_iter().flatten();
            if let Some(number) = outside.into_iter().find(|number| *number < least - room || *number > greatest + room)
            {
                points.add(40, format!("{} is {number}; until now it was {least} to {greatest}", field.name));
            }
        }
    }

    fn places(&self, facts: &DataFacts, points: &mut Points) {
        let (moved, both) = self.moved_of(&facts.places);
        let usual = self.moved.quantile(990).unwrap_or(0);
        // Things that stand still: one that moves is already odd. Vehicles move all the time.
        if both > 0 && moved * 1_000 / both > usual.saturating_mul(2) && moved > 0 && usual < 500 {
            let share = if moved == 1 { 40 } else { 55 };
            points.add(share, format!("{moved} of {both} things are more than a kilometre from where they were"));
        }
    }

    /// How many things are far from where they were, of how many that are known.
    fn moved_of(&self, places: &[Placed]) -> (u64, u64) {
        let mut both = 0;
        let mut moved = 0;
        for place in places {
            let Some((latitude_e6, longitude_e6)) = self.places.get(&place.hash) else { continue };
            both += 1;
            let before = Placed { hash: place.hash, latitude_e6: *latitude_e6, longitude_e6: *longitude_e6 };
            moved += u64::from(metres_between(&before, place) > MOVED_METRES);
        }
        (moved, both)
    }

    fn faults(&self, facts: &DataFacts, points: &mut Points) {
        let usual = self.faults.quantile(1_000).unwrap_or(0);
        if facts.faults_count > usual.saturating_mul(2) + 2 {
            let first = facts.faults.first().map_or("", String::as_str);
            points.add(45, format!("{} contradictions, usually at most {usual}: {first}", facts.faults_count));
        }
    }

    fn stale(&self, facts: &DataFacts, expected: &Expected, now: Timestamp) -> Judged {
        let judged = |look| Judged::new(Problem::Stale, look, TWICE, 60);
        let Some(age) = age_of(facts, now) else { return judged(Look::Unknown) };
        let usual = self.age.quantile(950).filter(|_| self.looks >= LEARN_LOOKS);
        let limit = expected.stale_after_seconds.or(usual.map(|usual| usual.saturating_mul(4).saturating_add(3_600)));
        let Some(limit) = limit.filter(|limit| age > *limit) else { return judged(Look::Good) };
        let said = format!(
            "the newest entry is {} old; {} {}",
            span(age),
            if expected.stale_after_seconds.is_some() { "it may be at most" } else { "usually it is far below" },
            span(limit)
        );
        judged(Look::Bad).because(vec![said])
    }

    pub(super) fn learn(&mut self, facts: &DataFacts, now: Timestamp) {
        if facts.form == DataForm::Unreadable && self.looks > 0 {
            return;
        }
        let (moved, both) = self.moved_of(&facts.places);
        if let Some(per_mille) = (moved * 1_000).checked_div(both) {
            self.moved.add(per_mille);
        }
        self.form = facts.form;
        self.looks = self.looks.saturating_add(1);
        self.rows.add(facts.rows);
        self.faults.add(facts.faults_count);
        self.places =
            facts.places.iter().take(PROBE_PLACES_MAX).map(|p| (p.hash, (p.latitude_e6, p.longitude_e6))).collect();
        if let Some((newest, age)) = facts.newest.zip(age_of(facts, now)) {
            if let Some((_, last_age)) = self.last.filter(|(last, _)| *last < newest) {
                self.age.add(last_age);
            }
            self.last = Some((newest, age));
        }
        for field in facts.fields.iter().filter(|field| field.filled > 0) {
            if self.fields.len() >= PROBE_FIELDS_MAX && !self.fields.contains_key(&field.name) {
                continue;
            }
            let fresh = Field { looks: 0, numeric: 0, least: None, greatest: None };
            let known = self.fields.entry(field.name.clone()).or_insert(fresh);
            known.looks = known.looks.saturating_add(1);
            known.numeric += u32::from(field.numbers * 10 >= field.filled * 9);
            known.least = least(known.least, field.least, f64::min);
            known.greatest = least(known.greatest, field.greatest, f64::max);
        }
    }
}

fn least(one: Option<f64>, other: Option<f64>, of: fn(f64, f64) -> f64) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(of(one, other)),
        (one, other) => one.or(other),
    }
}

fn age_of(facts: &DataFacts, now: Timestamp) -> Option<u64> {
    let newest = facts.newest?;
    // A timetable holds days to come: those are not old.
    u64::try_from(now.as_micros().saturating_sub(newest.as_micros()).max(0) / 1_000_000).ok()
}

fn span(seconds: u64) -> String {
    let hours = Duration::from_secs(seconds).as_secs() / 3_600;
    match hours {
        0 => model::words::counted(seconds / 60, "minute"),
        1..=47 => model::words::counted(hours, "hour"),
        _ => model::words::counted(hours / 24, "day"),
    }
}

fn few(names: &[&str]) -> String {
    let first = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(5);
    super::words(&if more > 0 { format!("{first} and {more} more") } else { first })
}

/// Metres between two places, by the plane through them: right to a percent within a country, and the same bits everywhere, as only
/// sums and products are used.
fn metres_between(one: &Placed, other: &Placed) -> u64 {
    // Millionths of a degree; a degree of latitude is 111.2 km.
    let north = (f64::from(one.latitude_e6) - f64::from(other.latitude_e6)) * 0.1112;
    let middle = (f64::from(one.latitude_e6) + f64::from(other.latitude_e6)) / 2.0 / 1e6 * std::f64::consts::PI / 180.0;
    let square = middle * middle;
    let cosine = 1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0));
    let east = (f64::from(one.longitude_e6) - f64::from(other.longitude_e6)) * 0.1112 * cosine.max(0.0);
    // Less than 2^53: distances on earth.
    (north * north + east * east).sqrt() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let check = |one: (i32, i32), other: (i32, i32), metres: u64| {
            let placed = |(latitude_e6, longitude_e6)| Placed { hash: 0, latitude_e6, longitude_e6 };
            let found = metres_between(&placed(one), &placed(other));
            assert!(found.abs_diff(metres) <= metres / 50, "{one:?} {other:?}: {found}");
        };
        // Great-circle distances: Munich to Nuremberg 150 km, Oslo to Bergen 305 km, Quito to Guayaquil 270 km.
        check((48_137_000, 11_576_000), (49_452_000, 11_077_000), 150_700);
        check((59_914_000, 10_752_000), (60_393_000, 5_324_000), 305_000);
        check((-180_000, -78_468_000), (-2_190_000, -79_887_000), 273_000);
        check((1, 1), (1, 1), 0);
    }
}
