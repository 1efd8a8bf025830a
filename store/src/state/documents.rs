//! What is written about risk: catalogs, plans, results, decisions, self-assessments. Each version stays.

use model::document::{DocumentKind, DocumentPlace};
use model::{OpContext, Timestamp, limits};
use sqlx::any::AnyRow;

use super::agency;
use super::database::{State, StateError, check_size, get, sql};
use super::ledger::Deed;

const SELECT_NEWEST: &str = "SELECT kind, name, number, at_us, brought_by, hash, body_bytes FROM risk_documents \
    WHERE agency = $1 AND kind = $2 AND name = $3 ORDER BY number DESC LIMIT $4";
const SELECT_BODY: &str = "SELECT kind, name, number, at_us, brought_by, hash, body_bytes, body FROM risk_documents \
    WHERE agency = $1 AND kind = $2 AND name = $3 AND number = $4";
const SELECT_OF_KIND: &str = "SELECT d.kind, d.name, d.number, d.at_us, d.brought_by, d.hash, d.body_bytes FROM risk_documents d \
    WHERE d.agency = $1 AND d.kind = $2 AND d.name > $3 \
    AND d.number = (SELECT MAX(n.number) FROM risk_documents n WHERE n.agency = d.agency AND n.kind = d.kind AND n.name = d.name) \
    ORDER BY d.name LIMIT $4";
const SELECT_AT: &str = "SELECT kind, name, number, at_us, brought_by, hash, body_bytes FROM risk_documents \
    WHERE agency = $1 AND kind = $2 AND name = $3 AND at_us <= $4 ORDER BY number DESC LIMIT 1";
const COUNT: &str = "SELECT COUNT(*) FROM risk_documents WHERE agency = $1";
const INSERT: &str = "INSERT INTO risk_documents (agency, kind, name, number, at_us, brought_by, hash, body_bytes, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";

pub(super) const STATEMENTS: &[&str] = &[SELECT_NEWEST, SELECT_BODY, SELECT_OF_KIND, SELECT_AT, COUNT, INSERT];

/// How well bodies are packed.
const PACKED_LEVEL: i32 = 3;

/// A version of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentVersion {
    /// Which document.
    pub place: DocumentPlace,
    /// Which version of it, from 1.
    pub number: u64,
    /// When it was brought.
    pub at: Timestamp,
    /// Who brought it.
    pub by: String,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// How many bytes it has.
    pub body_bytes: u64,
}

/// Which version has to be the newest for the next to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Whichever it is.
    Any,
    /// This one; 0 when there must be none.
    Version(u64),
}

impl State {
    /// Keeps the next version of a document, with its line in the ledger. What is the newest already, byte for byte, is not kept again.
    ///
    /// # Errors
    /// When it is too large, there are too many, another version is the newest, or the database refuses.
    pub async fn keep_document(
        &self,
        ctx: &OpContext,
        place: &DocumentPlace,
        after: After,
        body: &[u8],
        deed: Deed,
    ) -> Result<DocumentVersion, StateError> {
        check_size("bytes of a document", body.len(), limits::DOCUMENT_BYTES_MAX)?;
        let keeping = sql("keeping a document");
        let hash = sha256(body);
        let packed = zstd::bulk::compress(body, PACKED_LEVEL).map_err(corrupt)?;
        let _turn = self.turn().await;
        let mut work = self.begin(ctx).await?;
        let newest = bound(SELECT_NEWEST, ctx, place).bind(1_i64).fetch_optional(&mut *work).await.map_err(&keeping)?;
        let newest = newest.as_ref().map(read).transpose()?;
        let number = newest.as_ref().map_or(0, |newest| newest.number);
        let changed = || StateError::Changed { what: "document", name: place.to_string() };
        if let After::Version(expected) = after
            && expected != number
        {
            return Err(changed());
        }
        if let Some(newest) = newest.filter(|newest| newest.hash == hash) {
            return Ok(newest);
        }
        let count = sqlx::query(COUNT).bind(agency(ctx)).fetch_one(&mut *work).await.map_err(&keeping)?;
        check_size("documents", get::<i64>(&count, 0)? as usize + 1, limits::DOCUMENTS_MAX)?;
        let version = DocumentVersion {
            place: place.clone(),
            number: number + 1,
            at: ctx.now,
            by: ctx.actor.clone(),
            hash,
            body_bytes: body.len() as u64,
        };
        let insert = bound(INSERT, ctx, place).bind(version.number as i64).bind(ctx.now.as_micros());
        let insert = insert.bind(ctx.actor.clone()).bind(hash.to_vec()).bind(body.len() as i64).bind(packed);
        // On PostgreSQL two may be here at once: who comes second is told so.
        if insert.execute(&mut *work).await.map_err(&keeping)?.rows_affected() == 0 {
            return Err(changed());
        }
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(keeping)?;
        Ok(version)
    }

    /// The newest version of a document, with its bytes; or the version of that number.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn document(
        &self,
        ctx: &OpContext,
        place: &DocumentPlace,
        number: Option<u64>,
    ) -> Result<Option<(DocumentVersion, Vec<u8>)>, StateError> {
        let number = match number {
            Some(number) => number,
            None => match self.document_versions(ctx, place, 1).await?.first() {
                Some(newest) => newest.number,
                None => return Ok(None),
            },
        };
        let query = bound(SELECT_BODY, ctx, place).bind(number as i64);
        let Some(row) = self.fetch_optional(ctx, "reading a document", query).await? else { return Ok(None) };
        let version = read(&row)?;
        let body = zstd::bulk::decompress(&get::<Vec<u8>>(&row, 7)?, limits::DOCUMENT_BYTES_MAX).map_err(corrupt)?;
        if sha256(&body) != version.hash {
            return Err(corrupt(format!("version {number} of {place} has another hash than when it was kept")));
        }
        Ok(Some((version, body)))
    }

    /// How many versions there are of all documents: it grows with each change, so that whoever reckons with them knows when to do so again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn documents_revision(&self, ctx: &OpContext) -> Result<u64, StateError> {
        let query = sqlx::query(COUNT).bind(agency(ctx));
        let row = self.fetch_optional(ctx, "counting documents", query).await?;
        row.map_or(Ok(0), |row| Ok(get::<i64>(&row, 0)? as u64))
    }

    /// Versions of a document, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn document_versions(
        &self,
        ctx: &OpContext,
        place: &DocumentPlace,
        rows_max: usize,
    ) -> Result<Vec<DocumentVersion>, StateError> {
        let query = bound(SELECT_NEWEST, ctx, place).bind(rows_max.min(limits::DOCUMENT_ROWS_MAX) as i64);
        self.fetch_all(ctx, "reading versions of a document", query).await?.iter().map(read).collect()
    }

    /// The version of a document that was the newest at a moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn document_version_at(
        &self,
        ctx: &OpContext,
        place: &DocumentPlace,
        at: Timestamp,
    ) -> Result<Option<DocumentVersion>, StateError> {
        let query = bound(SELECT_AT, ctx, place).bind(at.as_micros());
        self.fetch_optional(ctx, "reading a version of a document", query).await?.as_ref().map(read).transpose()
    }

    /// The newest versions of all documents of a kind, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn documents(&self, ctx: &OpContext, kind: DocumentKind) -> Result<Vec<DocumentVersion>, StateError> {
        let mut found: Vec<DocumentVersion> = Vec::new();
        loop {
            let after = found.last().map_or_else(String::new, |last| last.place.name().to_owned());
            let query = sqlx::query(SELECT_OF_KIND).bind(agency(ctx)).bind(kind.name().to_owned()).bind(after);
            let query = query.bind(limits::DOCUMENT_ROWS_MAX as i64);
            let rows = self.fetch_all(ctx, "reading documents", query).await?;
            found.extend(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?);
            if rows.len() < limits::DOCUMENT_ROWS_MAX {
                return Ok(found);
            }
        }
    }
}

fn bound(statement: &'static str, ctx: &OpContext, place: &DocumentPlace) -> super::database::Bound {
    sqlx::query(statement).bind(agency(ctx)).bind(place.kind.name().to_owned()).bind(place.name().to_owned())
}

fn sha256(body: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

fn corrupt(detail: impl ToString) -> StateError {
    StateError::Corrupt { what: "document", detail: detail.to_string() }
}

/// Columns: kind, name, number, time, who, hash, bytes.
fn read(row: &AnyRow) -> Result<DocumentVersion, StateError> {
    let kind = get::<String>(row, 0)?.parse().map_err(corrupt)?;
    let hash: Vec<u8> = get(row, 5)?;
    Ok(DocumentVersion {
        place: DocumentPlace::new(kind, &get::<String>(row, 1)?).map_err(corrupt)?,
        number: get::<i64>(row, 2)? as u64,
        at: Timestamp::from_micros(get(row, 3)?),
        by: get(row, 4)?,
        hash: hash.try_into().map_err(|_| corrupt("a hash that is none"))?,
        body_bytes: get::<i64>(row, 6)? as u64,
    })
}
