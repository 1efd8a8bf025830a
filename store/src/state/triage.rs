//! What people decided about findings, and what is not to be shown for a while.

use std::time::Duration;

use model::{FindingId, Level, OpContext, Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::agency;
use super::database::{State, StateError, check_size, get, sql};
use super::ledger::Deed;
use super::packed::Packed;

/// A page as one text: a list is asked for thousands of times a second, and each row on its own costs a hand-over between threads.
/// [`unpack`] reads it.
const SELECT_INBOX: &str = "SELECT string_agg(id || ' ' || seq || ' ' || level || ' ' || time_us || ' ' || created_us || ' ' \
    || verdict || ' ' || octet_length(analytic_uid) || ' ' || octet_length(title) || ' ' \
    || coalesce(octet_length(subject), -1) || ' ' || analytic_uid || title || coalesce(subject, ''), '' \
    ORDER BY level DESC, time_us DESC, id) FROM (SELECT id, seq, analytic_uid, title, level, time_us, created_us, subject, \
    verdict FROM findings WHERE agency = $1 AND verdict = $2 AND level <= $3 AND level >= $4 \
    AND (level < $3 OR time_us < $5 OR (time_us = $5 AND id > $6)) \
    AND ($7 = '' OR lower(title) LIKE $7 ESCAPE '\\' OR lower(subject) LIKE $7 ESCAPE '\\') \
    ORDER BY level DESC, time_us DESC, id LIMIT $8) AS page";
const SELECT_TARGETED: &str = "SELECT id, seq, analytic_uid, title, level, time_us, created_us, subject, verdict \
    FROM findings WHERE agency = $1 AND targeted = 1 AND verdict = $2 AND level >= $3 \
    AND ($4 = '' OR lower(title) LIKE $4 ESCAPE '\\' OR lower(subject) LIKE $4 ESCAPE '\\') \
    ORDER BY level DESC, time_us DESC, id LIMIT $5";
const SELECT_LATEST: &str = "SELECT id, seq, analytic_uid, title, level, time_us, created_us, subject, verdict \
    FROM findings WHERE agency = $1 ORDER BY seq DESC LIMIT $2";
const SELECT_OF_ANALYTIC: &str = "SELECT id, seq, analytic_uid, title, level, time_us, created_us, subject, verdict \
    FROM findings WHERE agency = $1 AND analytic_uid = $2 ORDER BY level DESC, time_us DESC, id LIMIT $3";
const COUNT_BY_LEVEL: &str =
    "SELECT level, COUNT(*) FROM findings WHERE agency = $1 AND verdict = $2 GROUP BY level ORDER BY level";
/// What was escalated is what people took for a compromise.
const SELECT_ESCALATED: &str = "SELECT DISTINCT subject FROM findings WHERE agency = $1 AND verdict = 'escalated' \
    AND time_us >= $2 AND subject IS NOT NULL ORDER BY subject LIMIT $3";
const COUNT_NEWER: &str = "SELECT COUNT(*) FROM findings WHERE agency = $1 AND verdict = 'open' AND seq > $2";
const SET_VERDICT: &str = "UPDATE findings SET verdict = $3 WHERE agency = $1 AND id = $2";
const DECIDE: &str = "INSERT INTO triage (agency, finding, verdict, note, decided_by, decided_us) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (agency, finding) DO UPDATE SET verdict = excluded.verdict, \
    note = excluded.note, decided_by = excluded.decided_by, decided_us = excluded.decided_us";
const SELECT_DECISION: &str =
    "SELECT verdict, note, decided_by, decided_us FROM triage WHERE agency = $1 AND finding = $2";

const INSERT_SUPPRESSION: &str = "INSERT INTO suppressions \
    (agency, id, analytic_uid, subject, reason, created_by, created_us, ends_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const COUNT_SUPPRESSIONS: &str =
    "SELECT COUNT(*) FROM suppressions WHERE agency = $1 AND lifted_us IS NULL AND ends_us > $2";
const SELECT_SUPPRESSIONS: &str = "SELECT id, analytic_uid, subject, reason, created_by, created_us, ends_us, lifted_us \
    FROM suppressions WHERE agency = $1 ORDER BY created_us DESC, id LIMIT $2";
const LIFT: &str = "UPDATE suppressions SET lifted_us = $3 WHERE agency = $1 AND id = $2 AND lifted_us IS NULL";
const COUNT_SUPPRESSED: &str = "SELECT COUNT(*) FROM findings \
    WHERE agency = $1 AND verdict = 'open' AND analytic_uid = $2 AND (CAST($3 AS TEXT) IS NULL OR subject = $3)";
const SUPPRESS: &str = "UPDATE findings SET verdict = 'suppressed' \
    WHERE agency = $1 AND verdict = 'open' AND analytic_uid = $2 AND (CAST($3 AS TEXT) IS NULL OR subject = $3)";

pub(super) const STATEMENTS: &[&str] = &[
    SELECT_INBOX,
    SELECT_TARGETED,
    SELECT_LATEST,
    SELECT_OF_ANALYTIC,
    COUNT_BY_LEVEL,
    SELECT_ESCALATED,
    COUNT_NEWER,
    SET_VERDICT,
    DECIDE,
    SELECT_DECISION,
    INSERT_SUPPRESSION,
    COUNT_SUPPRESSIONS,
    SELECT_SUPPRESSIONS,
    LIFT,
    COUNT_SUPPRESSED,
    SUPPRESS,
];

/// The fields that notes and reasons are sealed for.
pub(super) const NOTE_FIELD: &str = "triage.note";
pub(super) const REASON_FIELD: &str = "suppressions.reason";

/// What was decided about a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing yet.
    #[default]
    Open,
    /// Somebody is on it.
    Acknowledged,
    /// It goes to whoever leads the response.
    Escalated,
    /// It is none.
    FalsePositive,
    /// It is not to be shown: a list of harmless things or a suppression says so.
    Suppressed,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 5] =
        [Verdict::Open, Verdict::Acknowledged, Verdict::Escalated, Verdict::FalsePositive, Verdict::Suppressed];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Open => "open",
            Verdict::Acknowledged => "acknowledged",
            Verdict::Escalated => "escalated",
            Verdict::FalsePositive => "false_positive",
            Verdict::Suppressed => "suppressed",
        }
    }

    /// The verdict of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Verdict::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

/// Which findings an inbox shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxAsked {
    /// With this verdict.
    pub verdict: Verdict,
    /// At least as bad as this.
    pub level_min: Level,
    /// Whose title or subject has this text, in any case; all when empty.
    pub text: String,
    /// Behind this row.
    pub after: Option<(Level, Timestamp, FindingId)>,
    /// At most so many; never more than [`limits::FINDINGS_PAGE_MAX`].
    pub rows_max: usize,
}

impl Default for InboxAsked {
    fn default() -> Self {
        InboxAsked {
            verdict: Verdict::Open,
            level_min: Level::Informational,
            text: String::new(),
            after: None,
            rows_max: 100,
        }
    }
}

/// A finding in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// Its name.
    pub id: FindingId,
    /// Its number in the order in which findings were kept.
    pub seq: u64,
    /// The rule's or indicator's id.
    pub analytic_uid: String,
    /// Its title.
    pub title: String,
    /// How bad it is.
    pub level: Level,
    /// When it happened.
    pub time: Timestamp,
    /// When it was kept.
    pub created: Timestamp,
    /// The machine, account or address that it is about.
    pub subject: Option<String>,
    /// What was decided.
    pub verdict: Verdict,
}

/// A decision about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Triage {
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub note: String,
    /// By whom.
    pub decided_by: String,
    /// When.
    pub decided: Timestamp,
}

/// Findings that are not shown for a while: of one rule, or of one rule about one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Its id.
    pub id: String,
    /// Of which rule or indicator.
    pub analytic_uid: String,
    /// About what; everything when absent.
    pub subject: Option<String>,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub created_by: String,
    /// When.
    pub created: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// When it was lifted, if it was.
    pub lifted: Option<Timestamp>,
}

/// A text for `LIKE`, which finds it anywhere.
fn pattern(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let escaped: String = text
        .to_lowercase()
        .chars()
        .flat_map(|letter| matches!(letter, '%' | '_' | '\\').then_some('\\').into_iter().chain([letter]))
        .collect();
    format!("%{escaped}%")
}

impl State {
    /// What findings are about that people escalated since then, each once.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn escalated_subjects(&self, ctx: &OpContext, since: Timestamp) -> Result<Vec<String>, StateError> {
        let query = sqlx::query(SELECT_ESCALATED).bind(agency(ctx)).bind(since.as_micros());
        let query = query.bind(limits::ESCALATED_SUBJECTS_MAX as i64);
        let rows = self.fetch_all(ctx, "reading what was escalated", query).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// A page of the agency's findings, worst first, then newest first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn inbox(&self, ctx: &OpContext, asked: &InboxAsked) -> Result<Vec<InboxRow>, StateError> {
        let (level, time, id) = match &asked.after {
            Some((level, time, id)) => (i64::from(level.severity_id()), time.as_micros(), id.to_string()),
            None => (i64::from(u32::MAX), i64::MAX, String::new()),
        };
        let query = sqlx::query(SELECT_INBOX)
            .bind(agency(ctx))
            .bind(asked.verdict.name())
            .bind(level)
            .bind(i64::from(asked.level_min.severity_id()))
            .bind(time)
            .bind(id)
            .bind(pattern(&asked.text))
            .bind(asked.rows_max.min(limits::FINDINGS_PAGE_MAX) as i64);
        let row = self.fetch_optional(ctx, "reading findings", query).await?;
        let packed: Option<String> = row.as_ref().map(|row| get(row, 0)).transpose()?.flatten();
        unpack(packed.as_deref().unwrap_or_default())
    }

    /// The agency's findings about the city itself ([`model::detection::AnalyticKind::Targeted`]), worst first, then newest first. Of what is
    /// asked, `after` does not count.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn targeted_findings(
        &self,
        ctx: &OpContext,
        asked: &InboxAsked,
        rows_max: usize,
    ) -> Result<Vec<InboxRow>, StateError> {
        let query = sqlx::query(SELECT_TARGETED)
            .bind(agency(ctx))
            .bind(asked.verdict.name())
            .bind(i64::from(asked.level_min.severity_id()))
            .bind(pattern(&asked.text))
            .bind(rows_max.min(limits::FINDINGS_PAGE_MAX) as i64);
        self.fetch_all(ctx, "reading findings", query).await?.iter().map(read_row).collect()
    }

    /// The agency's findings that were kept last, newest first, whatever was decided about them.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn latest_findings(&self, ctx: &OpContext, rows_max: usize) -> Result<Vec<InboxRow>, StateError> {
        let rows_max = rows_max.min(limits::FINDINGS_PAGE_MAX) as i64;
        let query = sqlx::query(SELECT_LATEST).bind(agency(ctx)).bind(rows_max);
        self.fetch_all(ctx, "reading findings", query).await?.iter().map(read_row).collect()
    }

    /// What one rule or indicator has found, worst first, then newest first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn findings_of_analytic(
        &self,
        ctx: &OpContext,
        uid: &str,
        rows_max: usize,
    ) -> Result<Vec<InboxRow>, StateError> {
        let rows_max = rows_max.min(limits::FINDINGS_PAGE_MAX) as i64;
        let query = sqlx::query(SELECT_OF_ANALYTIC).bind(agency(ctx)).bind(uid.to_owned()).bind(rows_max);
        self.fetch_all(ctx, "reading findings", query).await?.iter().map(read_row).collect()
    }

    /// How many findings of each level have that verdict.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn inbox_counts(&self, ctx: &OpContext, verdict: Verdict) -> Result<Vec<(Level, u64)>, StateError> {
        let query = sqlx::query(COUNT_BY_LEVEL).bind(agency(ctx)).bind(verdict.name());
        let rows = self.fetch_all(ctx, "counting findings", query).await?;
        rows.iter().map(|row| Ok((level(get(row, 0)?)?, get::<i64>(row, 1)? as u64))).collect()
    }

    /// How many open findings were kept after number `seq`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn inbox_newer(&self, ctx: &OpContext, seq: u64) -> Result<u64, StateError> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        self.count(ctx, "counting findings", sqlx::query(COUNT_NEWER).bind(agency(ctx)).bind(seq)).await
    }

    /// Decides about findings of the agency, all or none. Says how many there were.
    ///
    /// # Errors
    /// When there are too many, the note is too long, or the database refuses.
    pub async fn decide(
        &self,
        ctx: &OpContext,
        findings: &[FindingId],
        verdict: Verdict,
        note: &str,
    ) -> Result<usize, StateError> {
        check_size("findings of a decision", findings.len(), limits::TRIAGE_AT_ONCE_MAX)?;
        check_size("letters of a note", note.chars().count(), limits::TRIAGE_NOTE_CHARS_MAX)?;
        let deciding = sql("deciding about findings");
        // Each finding's note has a key of its own: the next decision about one of them must not take the others' notes away.
        let kept = self.seal_texts(ctx, NOTE_FIELD, vec![note.to_owned(); findings.len()]).await?;
        let mut work = self.begin(ctx).await?;
        let (mut deeds, mut replaced) = (Vec::new(), Vec::new());
        for (id, kept) in findings.iter().zip(kept) {
            let set = sqlx::query(SET_VERDICT).bind(agency(ctx)).bind(id.to_string()).bind(verdict.name());
            if set.execute(&mut *work).await.map_err(&deciding)?.rows_affected() == 0 {
                continue;
            }
            let old = sqlx::query(SELECT_DECISION).bind(agency(ctx)).bind(id.to_string());
            if let Some(old) = old.fetch_optional(&mut *work).await.map_err(&deciding)? {
                replaced.push(get::<String>(&old, 1)?);
            }
            let decide = sqlx::query(DECIDE).bind(agency(ctx)).bind(id.to_string()).bind(verdict.name());
            let decide = decide.bind(kept).bind(ctx.actor.clone()).bind(ctx.now.as_micros());
            decide.execute(&mut *work).await.map_err(&deciding)?;
            let words = serde_json::json!({ "verdict": verdict, "note": note }).to_string();
            deeds.push(Deed::done("finding.decide", format!("finding:{id}")).saying(words));
        }
        self.append(&mut work, ctx, &deeds).await?;
        work.commit().await.map_err(deciding)?;
        self.destroy_texts(ctx, &replaced).await?;
        Ok(deeds.len())
    }

    /// What was decided about a finding of the agency, if somebody did.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn decision(&self, ctx: &OpContext, id: FindingId) -> Result<Option<Triage>, StateError> {
        let query = sqlx::query(SELECT_DECISION).bind(agency(ctx)).bind(id.to_string());
        let row = self.fetch_optional(ctx, "reading a decision", query).await?;
        let read = |row: sqlx::any::AnyRow| {
            Ok::<_, StateError>(Triage {
                verdict: verdict(get(&row, 0)?)?,
                note: get(&row, 1)?,
                decided_by: get(&row, 2)?,
                decided: Timestamp::from_micros(get(&row, 3)?),
            })
        };
        let Some(mut triage) = row.map(read).transpose()? else { return Ok(None) };
        let note = self.show_texts(ctx, NOTE_FIELD, vec![std::mem::take(&mut triage.note)]).await?;
        triage.note = note.concat();
        Ok(Some(triage))
    }

    /// How many open findings a suppression would take out of sight now.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn would_suppress(
        &self,
        ctx: &OpContext,
        analytic_uid: &str,
        subject: Option<&str>,
    ) -> Result<u64, StateError> {
        let query = sqlx::query(COUNT_SUPPRESSED).bind(agency(ctx)).bind(analytic_uid.to_owned());
        self.count(ctx, "counting findings", query.bind(subject.map(str::to_owned))).await
    }

    /// Takes findings of a rule out of sight, those that are open and those that come, until `ends`. Says the new id, and how
    /// many were taken out of sight.
    ///
    /// # Errors
    /// When there are too many in force, the time is none or too long, the reason is none, or the database refuses.
    pub async fn suppress(
        &self,
        ctx: &OpContext,
        (analytic_uid, subject): (&str, Option<&str>),
        reason: &str,
        ends: Timestamp,
    ) -> Result<(String, u64), StateError> {
        let suppressing = sql("suppressing findings");
        let latest = ctx.now.plus(Duration::from_secs(limits::SUPPRESSION_DAYS_MAX * 86_400));
        let detail = match () {
            () if reason.trim().is_empty() => Some("it has no reason".to_owned()),
            () if ends <= ctx.now || ends > latest => {
                Some(format!("it ends within {} days, and not in the past", limits::SUPPRESSION_DAYS_MAX))
            }
            () => None,
        };
        if let Some(detail) = detail {
            return Err(StateError::Corrupt { what: "suppression", detail });
        }
        check_size("letters of a reason", reason.chars().count(), limits::TRIAGE_NOTE_CHARS_MAX)?;
        let mut id = [0; 8];
        aws_lc_rs::rand::fill(&mut id).map_err(|_| StateError::NoRandomness)?;
        let id = format!("{:016x}", u64::from_be_bytes(id));
        let kept = self.seal_text(ctx, REASON_FIELD, reason).await?;
        let mut work = self.begin(ctx).await?;
        let count = sqlx::query(COUNT_SUPPRESSIONS).bind(agency(ctx)).bind(ctx.now.as_micros());
        let count = count.fetch_one(&mut *work).await.map_err(&suppressing)?;
        check_size("suppressions in force", get::<i64>(&count, 0)? as usize + 1, limits::SUPPRESSIONS_MAX)?;
        let insert = sqlx::query(INSERT_SUPPRESSION)
            .bind(agency(ctx))
            .bind(id.clone())
            .bind(analytic_uid.to_owned())
            .bind(subject.map(str::to_owned))
            .bind(kept)
            .bind(ctx.actor.clone())
            .bind(ctx.now.as_micros())
            .bind(ends.as_micros());
        insert.execute(&mut *work).await.map_err(&suppressing)?;
        let hide = sqlx::query(SUPPRESS).bind(agency(ctx)).bind(analytic_uid.to_owned());
        let hide = hide.bind(subject.map(str::to_owned)).execute(&mut *work).await.map_err(&suppressing)?;
        let words = serde_json::json!({
            "analytic": analytic_uid, "subject": subject, "reason": reason, "ends": ends.to_string(),
        });
        let deed = Deed::done("suppression.add", format!("suppression:{id}")).saying(words.to_string());
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(suppressing)?;
        Ok((id, hide.rows_affected()))
    }

    /// The agency's suppressions, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn suppressions(&self, ctx: &OpContext) -> Result<Vec<Suppression>, StateError> {
        let query = sqlx::query(SELECT_SUPPRESSIONS).bind(agency(ctx)).bind(limits::SUPPRESSIONS_MAX as i64);
        let read = |row| {
            Ok(Suppression {
                id: get(row, 0)?,
                analytic_uid: get(row, 1)?,
                subject: get(row, 2)?,
                reason: get(row, 3)?,
                created_by: get(row, 4)?,
                created: Timestamp::from_micros(get(row, 5)?),
                ends: Timestamp::from_micros(get(row, 6)?),
                lifted: get::<Option<i64>>(row, 7)?.map(Timestamp::from_micros),
            })
        };
        let rows = self.fetch_all(ctx, "reading suppressions", query).await?;
        let mut all: Vec<Suppression> = rows.iter().map(read).collect::<Result<_, StateError>>()?;
        let kept = all.iter_mut().map(|one| std::mem::take(&mut one.reason)).collect();
        for (one, reason) in all.iter_mut().zip(self.show_texts(ctx, REASON_FIELD, kept).await?) {
            one.reason = reason;
        }
        Ok(all)
    }

    /// Ends a suppression of the agency at once. Findings that it took out of sight stay there.
    ///
    /// # Errors
    /// When there is none in force, or the database refuses.
    pub async fn lift_suppression(&self, ctx: &OpContext, id: &str) -> Result<(), StateError> {
        let query = sqlx::query(LIFT).bind(agency(ctx)).bind(id.to_owned()).bind(ctx.now.as_micros());
        let deed = Deed::done("suppression.lift", format!("suppression:{id}"));
        let was_there = self.write(ctx, "lifting a suppression", query, deed).await? > 0;
        if was_there { Ok(()) } else { Err(StateError::NotFound { what: "suppression", name: id.to_owned() }) }
    }
}

fn corrupt(detail: impl Into<String>) -> StateError {
    StateError::Corrupt { what: "finding", detail: detail.into() }
}

fn level(stored: i64) -> Result<Level, StateError> {
    let level = u8::try_from(stored).ok().and_then(Level::from_severity_id);
    level.ok_or_else(|| corrupt(format!("{stored} is no level")))
}

fn verdict(stored: String) -> Result<Verdict, StateError> {
    Verdict::from_name(&stored).ok_or_else(|| corrupt(format!("{stored:?} is no verdict")))
}

/// Reads the rows that [`SELECT_INBOX`] has put into one text.
fn unpack(text: &str) -> Result<Vec<InboxRow>, StateError> {
    let mut packed = Packed::new("finding", text);
    let mut rows = Vec::new();
    while !packed.is_empty() {
        let id = packed.word()?;
        let (seq, severity, time, created) = (packed.number()?, packed.number()?, packed.number()?, packed.number()?);
        let decided = packed.word()?.to_owned();
        let (analytic, title, subject) = (packed.number()?, packed.number()?, packed.number()?);
        rows.push(InboxRow {
            id: FindingId::parse(id).ok_or_else(|| corrupt(format!("{id:?} is no id")))?,
            seq: seq.unsigned_abs(),
            analytic_uid: packed.text(analytic)?.to_owned(),
            title: packed.text(title)?.to_owned(),
            level: level(severity)?,
            time: Timestamp::from_micros(time),
            created: Timestamp::from_micros(created),
            subject: if subject < 0 { None } else { Some(packed.text(subject)?.to_owned()) },
            verdict: verdict(decided)?,
        });
    }
    Ok(rows)
}

fn read_row(row: &sqlx::any::AnyRow) -> Result<InboxRow, StateError> {
    let id: String = get(row, 0)?;
    Ok(InboxRow {
        id: FindingId::parse(&id).ok_or_else(|| corrupt(format!("{id:?} is no id")))?,
        seq: get::<i64>(row, 1)? as u64,
        analytic_uid: get(row, 2)?,
        title: get(row, 3)?,
        level: level(get(row, 4)?)?,
        time: Timestamp::from_micros(get(row, 5)?),
        created: Timestamp::from_micros(get(row, 6)?),
        subject: get(row, 7)?,
        verdict: verdict(get(row, 8)?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_unpacked() {
        let id = "0123456789abcdef0123456789abcdef";
        let text = format!(
            "{id} 7 5 -12 34 open 3 6 5 a bä ö12 a\0b{id} 8 1 0 0 false_positive 1 1 -1 uT{id} 9 1 0 0 open 1 1 0 uT"
        );
        let rows = unpack(&text).unwrap();
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.seq, row.analytic_uid.as_str(), row.title.as_str(), row.subject.as_deref()))
            .collect();
        assert_eq!(seen, [(7, "a b", "ä ö1", Some("2 a\0b")), (8, "u", "T", None), (9, "u", "T", Some(""))]);
        assert_eq!((rows[0].time.as_micros(), rows[1].verdict), (-12, Verdict::FalsePositive));
        assert!(unpack("").unwrap().is_empty());
        for broken in [&text[..20], &text[..text.len() - 1], &text.replace(" 3 6 5 ", " 3 6 999 "), "x"] {
            assert!(unpack(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn patterns_find_their_text_only() {
        assert_eq!(pattern(""), "");
        assert_eq!(pattern("50%_A\\"), "%50\\%\\_a\\\\%");
    }

    #[test]
    fn verdicts_keep_their_names() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::from_name(verdict.name()), Some(verdict));
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.name());
        }
    }
}
