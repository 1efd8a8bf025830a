//! How long rows are kept, and what keeps them longer.
//!
//! GDPR Art. 5 (1) (e), storage limitation: for each purpose a period, and a row goes when the last purpose that needs its
//! class is over. The period begins with the event or with its arrival, whichever is later: logs of last year that are brought
//! today are looked at from today on. A legal hold (litigation, investigation) takes rows out of retention and erasure alike, and every report
//! says how many.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use deltalake::arrow::array::{AsArray, BooleanArray, RecordBatch};
use deltalake::arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use model::ocsf::Class;
use model::{AgencyId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{MaintenanceReport, Memory, rewrite};
use crate::error::LakeError;
use crate::files::FileEntry;
use crate::lake::Lake;
use crate::log::{Change, ChangeKind};

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// How long rows are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Days for a class that no rule names.
    pub default_days: u32,
    /// Periods by purpose and class; the longest of a class counts.
    #[serde(default)]
    pub rules: Vec<RetentionRule>,
}

/// One purpose, what it needs, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionRule {
    /// Why, in words that a data protection officer would use.
    pub purpose: String,
    /// Which classes.
    pub classes: Vec<Class>,
    /// Whole days after the day of the event, or of its arrival where that is later.
    pub days: u32,
}

impl Retention {
    /// Days that rows of a class are kept.
    pub fn days_of(&self, class: Class) -> u32 {
        let named = self.rules.iter().filter(|rule| rule.classes.contains(&class)).map(|rule| rule.days);
        named.max().unwrap_or(self.default_days)
    }

    fn days_bounds(&self) -> (u32, u32) {
        let all = || self.rules.iter().map(|rule| rule.days).chain([self.default_days]);
        (all().min().unwrap_or_default(), all().max().unwrap_or_default())
    }
}

/// Rows that must not be deleted, for whatever reason a court or an investigation has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalHold {
    /// The hold's name in reports.
    pub id: String,
    /// Whose rows.
    pub agency: AgencyId,
    /// From when (inclusive).
    pub from: Timestamp,
    /// Until when (exclusive).
    pub to: Timestamp,
    /// Which classes; `None` for all.
    #[serde(default)]
    pub classes: Option<Vec<Class>>,
    /// Who ordered it and why.
    pub reason: String,
}

impl LegalHold {
    /// Whether the hold keeps a row.
    pub fn keeps(&self, agency: &AgencyId, class: Class, time: Timestamp) -> bool {
        let is_class = self.classes.as_ref().is_none_or(|classes| classes.contains(&class));
        is_class && self.agency == *agency && self.from <= time && time < self.to
    }
}

/// Before when a row must be from to be over after `days`: whole days, so that a file is rewritten once and not all day.
fn cutoff(now: Timestamp, days: u32) -> i64 {
    (i64::from(now.day()) - i64::from(days)).saturating_mul(DAY_US)
}

/// Class and time of each row.
pub(super) fn keys(rows: &RecordBatch) -> Option<impl Iterator<Item = (Class, i64)>> {
    let class = rows.column_by_name("class_uid")?.as_primitive_opt::<Int32Type>()?.clone();
    let time = rows.column_by_name("time")?.as_primitive_opt::<TimestampMicrosecondType>()?.clone();
    let of_row = move |row| (Class::from_uid(u32::try_from(class.value(row)).unwrap_or_default()), time.value(row));
    Some((0..rows.num_rows()).map(of_row))
}

/// When each row arrived.
fn arrivals(rows: &RecordBatch) -> Option<impl Iterator<Item = i64>> {
    let received = rows.column_by_name("received")?.as_primitive_opt::<TimestampMicrosecondType>()?.clone();
    Some((0..rows.num_rows()).map(move |row| received.value(row)))
}

/// What is over, judged row by row.
#[derive(Clone)]
struct Judge {
    policy: Retention,
    holds: Vec<LegalHold>,
    agency: AgencyId,
    now: Timestamp,
}

enum Verdict<'a> {
    /// Not over before then.
    Keep(i64),
    Held(&'a LegalHold),
    Over,
}

impl Judge {
    fn judge(&self, class: Class, time: i64, received: i64) -> Verdict<'_> {
        let days = self.policy.days_of(class);
        let begins = time.max(received);
        if begins >= cutoff(self.now, days) {
            return Verdict::Keep((begins.div_euclid(DAY_US) + i64::from(days) + 1).saturating_mul(DAY_US));
        }
        let at = Timestamp::from_micros(time);
        match self.holds.iter().find(|hold| hold.keeps(&self.agency, class, at)) {
            Some(hold) => Verdict::Held(hold),
            None => Verdict::Over,
        }
    }

    fn over(&self, rows: &RecordBatch) -> BooleanArray {
        let is_over = |((class, time), received)| matches!(self.judge(class, time, received), Verdict::Over);
        match keys(rows).zip(arrivals(rows)) {
            Some((keys, arrivals)) => keys.zip(arrivals).map(is_over).map(Some).collect(),
            None => BooleanArray::from(vec![false; rows.num_rows()]),
        }
    }
}

/// What a look into a file found.
#[derive(Debug, Default)]
struct Look {
    over: u64,
    held: BTreeMap<String, u64>,
    next_due: Option<i64>,
}

fn look(path: &Path, judge: &Judge) -> Result<Look, LakeError> {
    let mut look = Look::default();
    for rows in rewrite::read(path, Some(&["class_uid", "time", "received"]))? {
        let rows = rows?;
        let Some((keys, arrivals)) = keys(&rows).zip(arrivals(&rows)) else { continue };
        for ((class, time), received) in keys.zip(arrivals) {
            match judge.judge(class, time, received) {
                Verdict::Over => look.over += 1,
                Verdict::Held(hold) => *look.held.entry(hold.id.clone()).or_default() += 1,
                Verdict::Keep(until) => look.next_due = Some(look.next_due.map_or(until, |due| due.min(until))),
            }
        }
    }
    Ok(look)
}

impl Lake {
    /// Takes rows out whose retention is over.
    pub(super) async fn expire(
        &self,
        memory: &mut Memory,
        now: Timestamp,
        (policy, holds): (&Retention, &[LegalHold]),
        report: &mut MaintenanceReport,
    ) -> Result<(), LakeError> {
        let rules = (policy.clone(), holds.to_vec());
        if memory.rules.as_ref() != Some(&rules) {
            *memory = Memory { rules: Some(rules), ..Memory::default() };
        }
        let files = self.shared.files();
        memory.due.retain(|path, _| files.contains(path));
        for file in files.iter() {
            let agency = file.partition.agency.clone();
            let judge = Judge { policy: policy.clone(), holds: holds.to_vec(), agency, now };
            self.expire_file(memory, file, judge, report).await?;
        }
        Ok(())
    }

    async fn expire_file(
        &self,
        memory: &mut Memory,
        file: &Arc<FileEntry>,
        judge: Judge,
        report: &mut MaintenanceReport,
    ) -> Result<(), LakeError> {
        let (shortest, longest) = judge.policy.days_bounds();
        let bounds = |name: &str| file.statistics.bounds.get(name).copied();
        // The period begins with the later of the two, so the later of the earliest bounds all of it from below.
        let begins = bounds("time").zip(bounds("received")).map(|(time, received)| {
            let (first, last): (i64, i64) = (time.0.max(received.0), time.1.max(received.1));
            (first, last)
        });
        let is_young = begins.is_some_and(|(first, _)| first >= cutoff(judge.now, shortest));
        if is_young || memory.due.get(&file.path).is_some_and(|due| *due > judge.now) {
            return Ok(());
        }
        let may_be_held = judge.holds.iter().any(|hold| hold.agency == judge.agency);
        if !may_be_held && begins.is_some_and(|(_, last)| last < cutoff(judge.now, longest)) {
            report.rows_expired += file.statistics.rows;
            return self.remove(file).await;
        }
        let (path, looker) = (self.shared.folder.join(&file.path), judge.clone());
        let found = tokio::task::spawn_blocking(move || look(&path, &looker)).await??;
        for (hold, rows) in &found.held {
            *report.rows_held.entry(hold.clone()).or_default() += rows;
        }
        if found.over == 0 {
            // Rows under a hold are counted anew in each round, so only a file without any need not be looked at again.
            if let (true, Some(due)) = (found.held.is_empty(), found.next_due) {
                memory.due.insert(file.path.clone(), Timestamp::from_micros(due));
            }
            return Ok(());
        }
        let drop_rows: rewrite::DropRows = Arc::new(move |rows| judge.over(rows));
        let inputs = vec![Arc::clone(file)];
        let replaced = self.replace(file.partition.clone(), inputs, ChangeKind::Delete, Some(drop_rows)).await?;
        report.rows_expired += replaced.rows_dropped;
        report.files_written += replaced.files;
        Ok(())
    }

    async fn remove(&self, file: &Arc<FileEntry>) -> Result<(), LakeError> {
        let change = Change { removed: vec![Arc::clone(file)], kind: ChangeKind::Delete, ..Change::default() };
        let mut writer = self.writer.lock().await;
        self.settle(&mut writer).await?;
        self.commit(&mut writer, change).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Retention {
        let rule = |purpose: &str, classes: &[Class], days| RetentionRule {
            purpose: purpose.into(),
            classes: classes.to_vec(),
            days,
        };
        Retention {
            default_days: 90,
            rules: vec![
                rule("detection", &[Class::DNS, Class::NETWORK], 30),
                rule("evidence of log-ons", &[Class::AUTHENTICATION], 365),
                rule("capacity planning", &[Class::NETWORK], 60),
            ],
        }
    }

    #[test]
    fn the_longest_purpose_counts() {
        let check = |class, days| assert_eq!(policy().days_of(class), days);
        check(Class::DNS, 30);
        check(Class::NETWORK, 60);
        check(Class::AUTHENTICATION, 365);
        check(Class::PROCESS, 90);
    }

    #[test]
    fn rows_are_over_by_whole_days_and_holds_keep_them() {
        let now = Timestamp::parse("2024-06-30T15:00:00Z").unwrap();
        let hold = LegalHold {
            id: "court-7".into(),
            agency: AgencyId::home(),
            from: Timestamp::parse("2024-01-01T00:00:00Z").unwrap(),
            to: Timestamp::parse("2024-02-01T00:00:00Z").unwrap(),
            classes: Some(vec![Class::DNS]),
            reason: "court order".into(),
        };
        let judge = Judge { policy: policy(), holds: vec![hold], agency: AgencyId::home(), now };
        let check = |class, time: &str, expected: &str| {
            let time_us = Timestamp::parse(time).unwrap().as_micros();
            let verdict = match judge.judge(class, time_us, time_us) {
                Verdict::Keep(_) => "keep".to_owned(),
                Verdict::Held(hold) => hold.id.clone(),
                Verdict::Over => "over".to_owned(),
            };
            assert_eq!(verdict, expected, "{class:?} {time}");
        };
        check(Class::DNS, "2024-05-31T00:00:00Z", "keep");
        check(Class::DNS, "2024-05-30T23:59:59Z", "over");
        check(Class::DNS, "2024-01-31T23:59:59Z", "court-7");
        check(Class::DNS, "2024-02-01T00:00:00Z", "over");
        check(Class::NETWORK, "2024-01-15T00:00:00Z", "over");
        check(Class::AUTHENTICATION, "2024-01-15T00:00:00Z", "keep");
        // Old, but brought only now.
        let old = Timestamp::parse("2019-01-01T00:00:00Z").unwrap().as_micros();
        assert!(matches!(judge.judge(Class::DNS, old, now.as_micros()), Verdict::Keep(_)));
    }
}
