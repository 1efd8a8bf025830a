//! What people report: the text, its grade and marking, what is attached, and what was taken over of it.
//!
//! Titles, texts, names of attachments and attachments are sealed, each with a key of its own; attachments in base64, since what is sealed is a
//! text. Grade, marking and source are open: rights and lists need them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::{Grade, Marking, OpContext, Pap, Timestamp, Tlp, limits};
use sqlx::any::AnyRow;

use super::super::agency;
use super::super::database::{State, StateError, check_size, get, sql};
use super::super::id::random_id;
use super::super::ledger::Deed;

pub(super) const INSERT: &str = "INSERT INTO intel_reports (agency, id, source, grade, tlp, pap, title, body, status, taken, \
    created_by, created_us, decided_by, decided_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'proposed', 0, $9, $10, NULL, NULL)";
pub(super) const ATTACH: &str = "INSERT INTO intel_attachments (agency, report, number, name, size, digest, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(super) const SELECT_ALL: &str = "SELECT id, source, grade, tlp, pap, title, CAST('' AS TEXT), status, taken, created_by, created_us, \
    decided_by, decided_us FROM intel_reports WHERE agency = $1 ORDER BY created_us DESC, id LIMIT $2";
pub(super) const SELECT_ONE: &str = "SELECT id, source, grade, tlp, pap, title, body, status, taken, created_by, created_us, \
    decided_by, decided_us FROM intel_reports WHERE agency = $1 AND id = $2";
pub(super) const SELECT_ATTACHED: &str = "SELECT number, name, size, digest FROM intel_attachments \
    WHERE agency = $1 AND report = $2 ORDER BY number";
pub(super) const SELECT_ATTACHMENT: &str = "SELECT number, name, size, digest, body FROM intel_attachments \
    WHERE agency = $1 AND report = $2 AND number = $3";
/// Once only.
pub(super) const DECIDE: &str = "UPDATE intel_reports SET status = $3, taken = $4, decided_by = $5, decided_us = $6 \
    WHERE agency = $1 AND id = $2 AND status = 'proposed'";
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM intel_reports WHERE agency = $1";

/// The fields that they are sealed for.
pub(in super::super) const TITLE_FIELD: &str = "intel_reports.title";
pub(in super::super) const BODY_FIELD: &str = "intel_reports.body";
pub(in super::super) const NAME_FIELD: &str = "intel_attachments.name";
pub(in super::super) const FILE_FIELD: &str = "intel_attachments.body";

random_id! {
    /// A report's id.
    ReportId
}

/// What somebody reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReport {
    /// Whose word it is: the source that what is confirmed goes to.
    pub source: String,
    /// How reliable that source is, and how credible this.
    pub grade: Grade,
    /// How far it may travel.
    pub marking: Marking,
    /// What it is called.
    pub title: String,
    /// The text.
    pub body: String,
    /// What is attached: a name and bytes each.
    pub attachments: Vec<(String, Vec<u8>)>,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportStatus {
    /// Nothing yet: what was found in it waits for somebody to look.
    Proposed,
    /// Something of it was taken over.
    Confirmed,
    /// Nothing of it was.
    Dismissed,
}

impl ReportStatus {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            ReportStatus::Proposed => "proposed",
            ReportStatus::Confirmed => "confirmed",
            ReportStatus::Dismissed => "dismissed",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let all = [ReportStatus::Proposed, ReportStatus::Confirmed, ReportStatus::Dismissed];
        all.into_iter().find(|status| status.name() == name)
    }
}

/// A report as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// Whose word it is.
    pub source: String,
    /// How it was graded.
    pub grade: Grade,
    /// How far it may travel.
    pub marking: Marking,
    /// What it is called.
    pub title: String,
    /// The text; empty in lists.
    pub body: String,
    /// What became of it.
    pub status: ReportStatus,
    /// How many things were taken over.
    pub taken: u64,
    /// Who brought it.
    pub created_by: String,
    /// When.
    pub created: Timestamp,
    /// Who decided, and when.
    pub decided: Option<(String, Timestamp)>,
}

/// Something that is attached to a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its number in the report, from 1.
    pub number: u64,
    /// What it was called by whoever attached it.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// BLAKE3 of them, in hexadecimal digits.
    pub digest: String,
}

fn check(new: &NewReport) -> Result<(), StateError> {
    check_size("letters of a report's title", new.title.chars().count(), limits::REPORT_TITLE_CHARS_MAX)?;
    check_size("bytes of a report", new.body.len(), limits::REPORT_BYTES_MAX)?;
    check_size("attachments of a report", new.attachments.len(), limits::REPORT_ATTACHMENTS_MAX)?;
    for (name, bytes) in &new.attachments {
        check_size("bytes of an attachment", bytes.len(), limits::REPORT_ATTACHMENT_BYTES_MAX)?;
        check_size("letters of an attachment's name", name.chars().count(), limits::REPORT_TITLE_CHARS_MAX)?;
    }
    Ok(())
}

impl State {
    /// Keeps a report with what is attached, all or nothing.
    ///
    /// # Errors
    /// When something of it is too large, there are too many, or database or vault refuse.
    pub async fn add_report(&self, ctx: &OpContext, new: &NewReport) -> Result<ReportId, StateError> {
        check(new)?;
        let count = self.count(ctx, "counting reports", sqlx::query(COUNT).bind(agency(ctx))).await?;
        check_size("reports", count as usize + 1, limits::REPORTS_MAX)?;
        let id = ReportId::random()?;
        let title = self.seal_text(ctx, TITLE_FIELD, &new.title).await?;
        let body = self.seal_text(ctx, BODY_FIELD, &new.body).await?;
        let names = new.attachments.iter().map(|(name, _)| name.clone()).collect();
        let names = self.seal_texts(ctx, NAME_FIELD, names).await?;
        let files = new.attachments.iter().map(|(_, bytes)| BASE64.encode(bytes)).collect();
        let files = self.seal_texts(ctx, FILE_FIELD, files).await?;
        let keeping = sql("keeping a report");
        let mut work = self.begin(ctx).await?;
        let insert = sqlx::query(INSERT)
            .bind(agency(ctx))
            .bind(id.to_string())
            .bind(new.source.clone())
            .bind(new.grade.to_string())
            .bind(new.marking.tlp as i64)
            .bind(new.marking.pap as i64)
            .bind(title)
            .bind(body)
            .bind(ctx.actor.clone())
            .bind(ctx.now.as_micros());
        insert.execute(&mut *work).await.map_err(&keeping)?;
        for (number, ((_, bytes), (name, file))) in
            (1_i64..).zip(new.attachments.iter().zip(names.into_iter().zip(files)))
        {
            let attach = sqlx::query(ATTACH)
                .bind(agency(ctx))
                .bind(id.to_string())
                .bind(number)
                .bind(name)
                .bind(bytes.len() as i64)
                .bind(blake3::hash(bytes).to_hex().to_string())
                .bind(file);
            attach.execute(&mut *work).await.map_err(&keeping)?;
        }
        self.append(&mut work, ctx, &[Deed::done("intel.report.add", format!("report:{id}"))]).await?;
        work.commit().await.map_err(keeping)?;
        Ok(id)
    }

    /// The agency's reports, newest first, without their texts.
    ///
    /// # Errors
    /// When database or vault refuse.
    pub async fn reports(&self, ctx: &OpContext, rows_max: usize) -> Result<Vec<Report>, StateError> {
        let rows_max = rows_max.min(limits::INTEL_PAGE_MAX) as i64;
        let query = sqlx::query(SELECT_ALL).bind(agency(ctx)).bind(rows_max);
        let rows = self.fetch_all(ctx, "reading reports", query).await?;
        let mut reports: Vec<Report> = rows.iter().map(read).collect::<Result<_, _>>()?;
        let titles = reports.iter_mut().map(|report| std::mem::take(&mut report.title)).collect();
        for (report, title) in reports.iter_mut().zip(self.show_texts(ctx, TITLE_FIELD, titles).await?) {
            report.title = title;
        }
        Ok(reports)
    }

    /// A report with its text.
    ///
    /// # Errors
    /// When database or vault refuse.
    pub async fn report(&self, ctx: &OpContext, id: ReportId) -> Result<Option<Report>, StateError> {
        let query = sqlx::query(SELECT_ONE).bind(agency(ctx)).bind(id.to_string());
        let Some(row) = self.fetch_optional(ctx, "reading a report", query).await? else { return Ok(None) };
        let mut report = read(&row)?;
        report.title = self.shown(ctx, TITLE_FIELD, report.title).await?;
        report.body = self.shown(ctx, BODY_FIELD, report.body).await?;
        Ok(Some(report))
    }

    async fn shown(&self, ctx: &OpContext, field: &str, text: String) -> Result<String, StateError> {
        Ok(self.show_texts(ctx, field, vec![text]).await?.pop().unwrap_or_default())
    }

    /// What is attached to a report.
    ///
    /// # Errors
    /// When database or vault refuse.
    pub async fn attachments(&self, ctx: &OpContext, report: ReportId) -> Result<Vec<Attachment>, StateError> {
        let query = sqlx::query(SELECT_ATTACHED).bind(agency(ctx)).bind(report.to_string());
        let rows = self.fetch_all(ctx, "reading attachments", query).await?;
        let mut attached: Vec<Attachment> = rows.iter().map(read_attachment).collect::<Result<_, _>>()?;
        let names = attached.iter_mut().map(|one| std::mem::take(&mut one.name)).collect();
        for (one, name) in attached.iter_mut().zip(self.show_texts(ctx, NAME_FIELD, names).await?) {
            one.name = name;
        }
        Ok(attached)
    }

    /// One attachment with its bytes; nothing when there is none, or it was erased.
    ///
    /// # Errors
    /// When database or vault refuse, or what is kept is damaged.
    pub async fn attachment(
        &self,
        ctx: &OpContext,
        report: ReportId,
        number: u64,
    ) -> Result<Option<(Attachment, Vec<u8>)>, StateError> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let query = sqlx::query(SELECT_ATTACHMENT).bind(agency(ctx)).bind(report.to_string()).bind(number);
        let Some(row) = self.fetch_optional(ctx, "reading an attachment", query).await? else { return Ok(None) };
        let mut attachment = read_attachment(&row)?;
        attachment.name = self.shown(ctx, NAME_FIELD, attachment.name).await?;
        let opened = self.open_texts(ctx.agency.as_str(), FILE_FIELD, vec![get(&row, 4)?]).await?;
        let Some(text) = opened.into_iter().next().flatten().filter(|text| !text.is_empty() || attachment.size == 0)
        else {
            return Ok(None);
        };
        let bytes = BASE64.decode(text).map_err(|_| corrupt("an attachment is not written as one"))?;
        Ok(Some((attachment, bytes)))
    }

    /// Decides about a report, once: so many things of it were taken over.
    ///
    /// # Errors
    /// When there is none that waits, or the database refuses.
    pub async fn decide_report(&self, ctx: &OpContext, id: ReportId, taken: u64) -> Result<(), StateError> {
        let status = if taken == 0 { ReportStatus::Dismissed } else { ReportStatus::Confirmed };
        let query = sqlx::query(DECIDE)
            .bind(agency(ctx))
            .bind(id.to_string())
            .bind(status.name())
            .bind(i64::try_from(taken).unwrap_or(i64::MAX))
            .bind(ctx.actor.clone())
            .bind(ctx.now.as_micros());
        let deed = Deed::done("intel.report.decide", format!("report:{id}")).saying(format!("{taken} taken over"));
        match self.write(ctx, "deciding about a report", query, deed).await? {
            0 => Err(StateError::NotFound { what: "report that waits", name: id.to_string() }),
            _ => Ok(()),
        }
    }
}

fn corrupt(detail: impl Into<String>) -> StateError {
    StateError::Corrupt { what: "report", detail: detail.into() }
}

fn read(row: &AnyRow) -> Result<Report, StateError> {
    let (id, grade, status): (String, String, String) = (get(row, 0)?, get(row, 2)?, get(row, 7)?);
    let (tlp, pap): (i64, i64) = (get(row, 3)?, get(row, 4)?);
    let decided_by: Option<String> = get(row, 11)?;
    let decided: Option<i64> = get(row, 12)?;
    Ok(Report {
        id: ReportId::parse(&id).ok_or_else(|| corrupt(format!("{id:?} is no id")))?,
        source: get(row, 1)?,
        grade: grade.parse().map_err(|_| corrupt(format!("{grade:?} is no grade")))?,
        marking: Marking {
            tlp: Tlp::ALL
                .into_iter()
                .find(|one| *one as i64 == tlp)
                .ok_or_else(|| corrupt(format!("{tlp} is no marking")))?,
            pap: Pap::ALL
                .into_iter()
                .find(|one| *one as i64 == pap)
                .ok_or_else(|| corrupt(format!("{pap} is no marking")))?,
        },
        title: get(row, 5)?,
        body: get(row, 6)?,
        status: ReportStatus::from_name(&status).ok_or_else(|| corrupt(format!("{status:?} is no status")))?,
        taken: get::<i64>(row, 8)?.max(0) as u64,
        created_by: get(row, 9)?,
        created: Timestamp::from_micros(get(row, 10)?),
        decided: decided_by.zip(decided.map(Timestamp::from_micros)),
    })
}

fn read_attachment(row: &AnyRow) -> Result<Attachment, StateError> {
    Ok(Attachment {
        number: get::<i64>(row, 0)?.max(0) as u64,
        name: get(row, 1)?,
        size: get::<i64>(row, 2)?.max(0) as u64,
        digest: get(row, 3)?,
    })
}
