//! Finding and erasing what people have written about a person: notes, reasons, questions, reports with what is attached, and the words of
//! the ledger.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::{OpContext, limits};

use super::agency;
use super::database::{State, StateError, get};
use super::intel::reports;
use super::ledger::LedgerAsked;

/// A place where people write: how it is read page by page (key, text), how one text of it goes, and the field that it is sealed for.
struct Place {
    select: &'static str,
    erase: &'static str,
    field: &'static str,
    /// Texts that are read at once: some are long.
    rows_max: usize,
    /// The text is bytes in base64.
    is_base64: bool,
}

const SELECT_NOTES: &str =
    "SELECT finding, note FROM triage WHERE agency = $1 AND finding > $2 AND note <> '' ORDER BY finding LIMIT $3";
const ERASE_NOTE: &str = "UPDATE triage SET note = '' WHERE agency = $1 AND finding = $2";
const SELECT_REASONS: &str = "SELECT id, reason FROM suppressions WHERE agency = $1 AND id > $2 ORDER BY id LIMIT $3";
const ERASE_REASON: &str = "UPDATE suppressions SET reason = '(words erased)' WHERE agency = $1 AND id = $2";
const SELECT_QUERIES: &str =
    "SELECT name, query FROM saved_hunts WHERE agency = $1 AND name > $2 ORDER BY name LIMIT $3";
const ERASE_QUERY: &str = "DELETE FROM saved_hunts WHERE agency = $1 AND name = $2";

const SELECT_TITLES: &str =
    "SELECT id, title FROM intel_reports WHERE agency = $1 AND id > $2 AND title <> '' ORDER BY id LIMIT $3";
const ERASE_TITLE: &str = "UPDATE intel_reports SET title = '' WHERE agency = $1 AND id = $2";
const SELECT_REPORTS: &str =
    "SELECT id, body FROM intel_reports WHERE agency = $1 AND id > $2 AND body <> '' ORDER BY id LIMIT $3";
const ERASE_REPORT: &str = "UPDATE intel_reports SET body = '' WHERE agency = $1 AND id = $2";
const SELECT_NAMES: &str = "SELECT report || ':' || number, name FROM intel_attachments \
    WHERE agency = $1 AND report || ':' || number > $2 AND name <> '' ORDER BY report || ':' || number LIMIT $3";
const ERASE_NAME: &str = "UPDATE intel_attachments SET name = '' WHERE agency = $1 AND report || ':' || number = $2";
const SELECT_FILES: &str = "SELECT report || ':' || number, body FROM intel_attachments \
    WHERE agency = $1 AND report || ':' || number > $2 AND body <> '' ORDER BY report || ':' || number LIMIT $3";
const ERASE_FILE: &str = "UPDATE intel_attachments SET body = '' WHERE agency = $1 AND report || ':' || number = $2";

pub(super) const STATEMENTS: &[&str] = &[
    SELECT_NOTES,
    ERASE_NOTE,
    SELECT_REASONS,
    ERASE_REASON,
    SELECT_QUERIES,
    ERASE_QUERY,
    SELECT_TITLES,
    ERASE_TITLE,
    SELECT_REPORTS,
    ERASE_REPORT,
    SELECT_NAMES,
    ERASE_NAME,
    SELECT_FILES,
    ERASE_FILE,
];

const fn place(select: &'static str, erase: &'static str, field: &'static str) -> Place {
    Place { select, erase, field, rows_max: limits::FINDINGS_PAGE_MAX, is_base64: false }
}

/// Texts of reports and files that are read at once.
const LONG_ROWS: usize = 8;

const PLACES: [Place; 7] = [
    place(SELECT_NOTES, ERASE_NOTE, super::triage::NOTE_FIELD),
    place(SELECT_REASONS, ERASE_REASON, super::triage::REASON_FIELD),
    place(SELECT_QUERIES, ERASE_QUERY, super::hunts::QUERY_FIELD),
    place(SELECT_TITLES, ERASE_TITLE, reports::TITLE_FIELD),
    Place { rows_max: LONG_ROWS, ..place(SELECT_REPORTS, ERASE_REPORT, reports::BODY_FIELD) },
    place(SELECT_NAMES, ERASE_NAME, reports::NAME_FIELD),
    Place { rows_max: LONG_ROWS, is_base64: true, ..place(SELECT_FILES, ERASE_FILE, reports::FILE_FIELD) },
];

impl State {
    /// In how many texts of the agency `names` finds what it looks for.
    ///
    /// # Errors
    /// When database or vault refuse.
    pub async fn texts_naming(&self, ctx: &OpContext, names: impl Fn(&[u8]) -> bool) -> Result<u64, StateError> {
        let mut found = 0;
        for place in &PLACES {
            found += self.named_in(ctx, place, &names).await?.len() as u64;
        }
        let mut asked = LedgerAsked::default();
        loop {
            let page = self.ledger(ctx, &asked).await?;
            let Some(last) = page.last() else { return Ok(found) };
            asked.before_number = last.entry.number;
            let details = page.iter().filter_map(|line| line.detail.as_ref());
            found += details.filter(|detail| names(detail.text.as_bytes())).count() as u64;
        }
    }

    /// Erases those texts: a note goes, a reason says that it went, a saved hunt is removed, a report or an attachment is empty, an entry of the ledger loses its words.
    /// Their keys are destroyed, so that no copy of them can be read. Says how many.
    ///
    /// # Errors
    /// When database or vault refuse.
    pub async fn erase_texts_naming(&self, ctx: &OpContext, names: impl Fn(&[u8]) -> bool) -> Result<u64, StateError> {
        let mut erased = 0;
        for place in &PLACES {
            for (key, kept) in self.named_in(ctx, place, &names).await? {
                self.destroy_texts(ctx, &[kept]).await?;
                let query = sqlx::query(place.erase).bind(agency(ctx)).bind(key);
                erased += self.execute(ctx, "erasing a text", query).await?;
            }
        }
        Ok(erased + self.erase_ledger_details_naming(ctx, names).await? as u64)
    }

    /// Key and kept text of those that name the person.
    async fn named_in(
        &self,
        ctx: &OpContext,
        place: &Place,
        names: &impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<(String, String)>, StateError> {
        let (mut named, mut after) = (Vec::new(), String::new());
        loop {
            let page = place.rows_max as i64;
            let query = sqlx::query(place.select).bind(agency(ctx)).bind(after.clone()).bind(page);
            let rows = self.fetch_all(ctx, "searching texts", query).await?;
            let Some(last) = rows.last() else { return Ok(named) };
            after = get(last, 0)?;
            let mut kept: Vec<(String, String)> = Vec::with_capacity(rows.len());
            for row in &rows {
                kept.push((get(row, 0)?, get(row, 1)?));
            }
            let texts = kept.iter().map(|(_, text)| text.clone()).collect();
            let opened = self.open_texts(ctx.agency.as_str(), place.field, texts).await?;
            let is_in = |text: &String| match place.is_base64 {
                true => BASE64.decode(text).is_ok_and(|bytes| names(&bytes)),
                false => names(text.as_bytes()),
            };
            let is_named = |key: &str, text: &Option<String>| names(key.as_bytes()) || text.as_ref().is_some_and(is_in);
            named.extend(
                kept.into_iter().zip(opened).filter(|((key, _), text)| is_named(key, text)).map(|(kept, _)| kept),
            );
        }
    }
}
