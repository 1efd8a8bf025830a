//! The ledger's entries, written in the transaction of what they tell of. See [`crate::ledger`].

use std::collections::BTreeMap;

use model::{AgencyId, OpContext, Timestamp, limits};
use sqlx::{Any, Transaction};

use super::agency;
use super::database::{Bound, Reach, State, StateError, check_size, get, sql};
use crate::ledger::{Commitment, Detail, Entry, Frontier, Hash, Outcome};

/// Takes the head for this transaction: another one that appends waits for its end.
const TAKE_HEAD: &str = "INSERT INTO ledger_head (name, size, peaks) VALUES ('ledger', 0, $1) \
    ON CONFLICT (name) DO UPDATE SET size = ledger_head.size RETURNING size, peaks";
const SELECT_HEAD: &str = "SELECT size, peaks FROM ledger_head WHERE name = 'ledger'";
const SET_HEAD: &str = "UPDATE ledger_head SET size = $1, peaks = $2 WHERE name = 'ledger'";
const INSERT: &str = "INSERT INTO ledger_entries \
    (number, agency, at_us, actor, operation, object, outcome, commitment, salt, detail) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
/// Over all agencies: there is one tree.
const SELECT_AFTER: &str = "SELECT number, agency, at_us, actor, operation, object, outcome, commitment, salt, detail \
    FROM ledger_entries WHERE number >= $1 ORDER BY number LIMIT $2";
const SELECT_NEWEST: &str = "SELECT number, agency, at_us, actor, operation, object, outcome, commitment, salt, detail \
    FROM ledger_entries WHERE agency = $1 AND number < $2 AND at_us >= $3 AND at_us < $4 \
    AND ($5 = '' OR actor = $5) AND ($6 = '' OR operation = $6) AND ($7 = '' OR object = $7) \
    ORDER BY number DESC LIMIT $8";
const SELECT_DETAIL: &str = "SELECT detail FROM ledger_entries WHERE agency = $1 AND number = $2";
const ERASE_DETAIL: &str = "UPDATE ledger_entries SET salt = NULL, detail = NULL WHERE agency = $1 AND number = $2";

pub(super) const STATEMENTS: &[&str] =
    &[TAKE_HEAD, SELECT_HEAD, SET_HEAD, INSERT, SELECT_AFTER, SELECT_NEWEST, ERASE_DETAIL, SELECT_DETAIL];

/// Something that is to stand in the ledger; who, where and when are the context's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What was done, for example `finding.acknowledge`.
    pub operation: &'static str,
    /// To what: its kind and id.
    pub object: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What it is about in words: erasable, and not part of the entry itself.
    pub words: Option<String>,
}

impl Deed {
    /// Something that was done.
    pub fn done(operation: &'static str, object: impl Into<String>) -> Self {
        Deed { operation, object: object.into(), outcome: Outcome::Done, words: None }
    }

    /// Something that was done to what people have given a name. A name can be anything, a person's too: the entry has a hash
    /// of it, the words have the name.
    pub fn done_to_named(operation: &'static str, kind: &str, name: &str) -> Self {
        Deed::done(operation, object_named(kind, name)).saying(name)
    }

    /// The same, with words beside it.
    #[must_use]
    pub fn saying(self, words: impl Into<String>) -> Self {
        Deed { words: Some(words.into()), ..self }
    }
}

/// What the ledger calls a thing that people have given a name.
pub fn object_named(kind: &str, name: &str) -> String {
    let hash = blake3::hash(name.as_bytes()).to_hex();
    format!("{kind}:{}", &hash[..16])
}

/// An entry with its words, where they were not erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    /// The entry.
    pub entry: Entry,
    /// What it is about.
    pub detail: Option<Detail>,
}

/// Which lines are asked for; empty texts ask for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerAsked {
    /// Before the entry with this number.
    pub before_number: u64,
    /// From this time on.
    pub since: Timestamp,
    /// Before this time.
    pub before: Timestamp,
    /// By whom.
    pub actor: String,
    /// Which operation.
    pub operation: String,
    /// To what.
    pub object: String,
    /// At most so many; never more than [`limits::LEDGER_PAGE_MAX`].
    pub rows_max: usize,
}

impl Default for LedgerAsked {
    fn default() -> Self {
        LedgerAsked {
            before_number: u64::MAX,
            since: Timestamp::from_micros(i64::MIN),
            before: Timestamp::from_micros(i64::MAX),
            actor: String::new(),
            operation: String::new(),
            object: String::new(),
            rows_max: limits::LEDGER_PAGE_MAX,
        }
    }
}

impl State {
    /// Adds to the ledger what changed nothing else in the database: reads of personal data, and what was denied.
    ///
    /// # Errors
    /// When the database refuses; the caller must not go on then.
    pub async fn record(&self, ctx: &OpContext, deeds: &[Deed]) -> Result<(), StateError> {
        let mut work = self.begin(ctx).await?;
        self.append(&mut work, ctx, deeds).await?;
        work.commit().await.map_err(sql("committing to the ledger"))
    }

    /// The same for several contexts, in one commit.
    ///
    /// # Errors
    /// As [`State::record`].
    pub async fn record_all(&self, deeds: &[(OpContext, Deed)]) -> Result<(), StateError> {
        let mut work = self.begin(Reach::All).await?;
        for (ctx, deed) in deeds {
            self.append(&mut work, ctx, std::slice::from_ref(deed)).await?;
        }
        work.commit().await.map_err(sql("committing to the ledger"))
    }

    /// The edge of the ledger's tree as the database has it.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn ledger_head(&self) -> Result<Frontier, StateError> {
        let row = self.fetch_optional(Reach::All, "reading the ledger's head", sqlx::query(SELECT_HEAD)).await?;
        row.map_or_else(|| Ok(Frontier::default()), |row| head(&row))
    }

    /// Entries of all agencies from a number on, in order, for publishing and verifying: number and line. One that makes no
    /// sense, because somebody changed it, has no line.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ledger_from(
        &self,
        number: u64,
        rows_max: usize,
    ) -> Result<Vec<(u64, Option<LedgerLine>)>, StateError> {
        let rows_max = rows_max.min(limits::LEDGER_PAGE_MAX) as i64;
        let query = sqlx::query(SELECT_AFTER).bind(signed(number)).bind(rows_max);
        let rows = self.fetch_all(Reach::All, "reading the ledger", query).await?;
        let (mut numbers, mut kept) = (Vec::new(), Vec::new());
        for row in &rows {
            let line = line(row).ok();
            numbers.push((get::<i64>(row, 0)? as u64, line.is_some()));
            kept.extend(line);
        }
        let mut lines = self.open_lines(kept).await?.into_iter();
        Ok(numbers
            .into_iter()
            .map(|(number, makes_sense)| (number, if makes_sense { lines.next() } else { None }))
            .collect())
    }

    /// The agency's lines, newest first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn ledger(&self, ctx: &OpContext, asked: &LedgerAsked) -> Result<Vec<LedgerLine>, StateError> {
        let query = sqlx::query(SELECT_NEWEST)
            .bind(agency(ctx))
            .bind(signed(asked.before_number))
            .bind(asked.since.as_micros())
            .bind(asked.before.as_micros())
            .bind(asked.actor.clone())
            .bind(asked.operation.clone())
            .bind(asked.object.clone())
            .bind(asked.rows_max.min(limits::LEDGER_PAGE_MAX) as i64);
        let rows = self.fetch_all(ctx, "reading the ledger", query).await?;
        self.open_lines(rows.iter().map(line).collect::<Result<_, _>>()?).await
    }

    /// Takes away the words of the agency's entries in which `names` finds what it looks for. The entries stay. Says how many.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn erase_ledger_details_naming(
        &self,
        ctx: &OpContext,
        names: impl Fn(&[u8]) -> bool,
    ) -> Result<usize, StateError> {
        let (mut erased, mut asked) = (0, LedgerAsked::default());
        loop {
            let page = self.ledger(ctx, &asked).await?;
            let Some(last) = page.last() else { return Ok(erased) };
            asked.before_number = last.entry.number;
            let is_named =
                |line: &&LedgerLine| line.detail.as_ref().is_some_and(|detail| names(detail.text.as_bytes()));
            for line in page.iter().filter(is_named) {
                erased += usize::from(self.erase_ledger_detail(ctx, line.entry.number).await?);
            }
        }
    }

    /// Takes the words of an entry away; the entry stays. Says whether there were any to take.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn erase_ledger_detail(&self, ctx: &OpContext, number: u64) -> Result<bool, StateError> {
        // The key first: when the rest fails, the words are gone all the same, in every copy.
        let kept = sqlx::query(SELECT_DETAIL).bind(agency(ctx)).bind(signed(number));
        if let Some(row) = self.fetch_optional(ctx, "reading words of the ledger", kept).await?
            && let Some(kept) = get::<Option<String>>(&row, 0)?
        {
            self.destroy_texts(ctx, &[kept]).await?;
        }
        let query = sqlx::query(ERASE_DETAIL).bind(agency(ctx)).bind(signed(number));
        Ok(self.execute(ctx, "erasing words of the ledger", query).await? > 0)
    }
}

impl State {
    /// Runs a statement that writes and adds the deed, in one transaction. Says how many rows were touched; when none was,
    /// nothing was done, and nothing is said.
    pub(super) async fn write(
        &self,
        ctx: &OpContext,
        what: &'static str,
        query: Bound,
        deed: Deed,
    ) -> Result<u64, StateError> {
        let mut work = self.begin(ctx).await?;
        let rows = query.execute(&mut *work).await.map_err(sql(what))?.rows_affected();
        if rows > 0 {
            self.append(&mut work, ctx, &[deed]).await?;
        }
        work.commit().await.map_err(sql(what))?;
        Ok(rows)
    }

    /// Adds entries in the transaction of what they tell of. Their words are sealed, each with a key of its own; what they are
    /// committed with is sealed with them, since whoever knows it could try out words.
    pub(super) async fn append(
        &self,
        work: &mut Transaction<'_, Any>,
        ctx: &OpContext,
        deeds: &[Deed],
    ) -> Result<(), StateError> {
        let mut details = Vec::with_capacity(deeds.len());
        for deed in deeds {
            let words = deed.words.as_ref().map_or(0, String::len);
            check_size("bytes of an entry's words", words, limits::LEDGER_DETAIL_BYTES_MAX)?;
            check_size("bytes of an entry's object", deed.object.len(), limits::LEDGER_OBJECT_BYTES_MAX)?;
            let detail = |text: &String| Ok::<_, StateError>(Detail { salt: salt()?, text: text.clone() });
            details.push(deed.words.as_ref().map(detail).transpose()?);
        }
        let plain = details.iter().map(|detail| detail.as_ref().map(with_salt).unwrap_or_default()).collect();
        let sealed = self.seal_texts(ctx, WORDS_FIELD, plain).await?;
        let writing = sql("writing to the ledger");
        let row = sqlx::query(TAKE_HEAD).bind(Vec::new()).fetch_one(&mut **work).await.map_err(&writing)?;
        let mut frontier = head(&row)?;
        for ((deed, detail), sealed) in deeds.iter().zip(details).zip(sealed) {
            let entry = Entry {
                number: frontier.size(),
                at: ctx.now,
                agency: ctx.agency.clone(),
                actor: ctx.actor.clone(),
                operation: deed.operation.to_owned(),
                object: deed.object.clone(),
                outcome: deed.outcome,
                commitment: detail.as_ref().map(Detail::commitment),
            };
            frontier.push(entry.hash());
            let is_sealed = self.vault.is_some();
            let salt = detail.as_ref().filter(|_| !is_sealed).map(|detail| detail.salt.to_vec());
            let text = detail.map(|detail| if is_sealed { sealed } else { detail.text });
            let query = sqlx::query(INSERT)
                .bind(signed(entry.number))
                .bind(agency(ctx))
                .bind(entry.at.as_micros())
                .bind(entry.actor)
                .bind(entry.operation)
                .bind(entry.object)
                .bind(entry.outcome.name())
                .bind(entry.commitment.map(|commitment| commitment.0.0.to_vec()))
                .bind(salt)
                .bind(text);
            query.execute(&mut **work).await.map_err(&writing)?;
        }
        let set = sqlx::query(SET_HEAD).bind(signed(frontier.size())).bind(frontier.to_bytes());
        set.execute(&mut **work).await.map(|_| ()).map_err(writing)
    }

    /// Lines as they were written: words whose key is not there any more are erased.
    async fn open_lines(&self, kept: Vec<Kept>) -> Result<Vec<LedgerLine>, StateError> {
        let mut lines: Vec<LedgerLine> = Vec::with_capacity(kept.len());
        let mut sealed: BTreeMap<AgencyId, (Vec<usize>, Vec<String>)> = BTreeMap::new();
        for Kept { line, words } in kept {
            if let Some(words) = words {
                let (places, texts) = sealed.entry(line.entry.agency.clone()).or_default();
                places.push(lines.len());
                texts.push(words);
            }
            lines.push(line);
        }
        for (agency, (places, texts)) in sealed {
            let opened = self.open_texts(agency.as_str(), WORDS_FIELD, texts).await?;
            for (place, text) in places.into_iter().zip(opened) {
                lines[place].detail = text.map(|text| without_salt(&text)).transpose()?;
            }
        }
        Ok(lines)
    }
}

/// The field that words of entries are sealed for.
const WORDS_FIELD: &str = "ledger_entries.detail";

/// A line as it is kept: its words may be sealed.
struct Kept {
    line: LedgerLine,
    words: Option<String>,
}

/// Words and what they are committed with, as one text.
fn with_salt(detail: &Detail) -> String {
    format!("{:032x}{}", u128::from_be_bytes(detail.salt), detail.text)
}

fn without_salt(text: &str) -> Result<Detail, StateError> {
    let (salt, text) = text.split_at_checked(32).ok_or_else(|| corrupt("words without a salt"))?;
    let salt = u128::from_str_radix(salt, 16).map_err(|_| corrupt("a salt is no number"))?;
    Ok(Detail { salt: salt.to_be_bytes(), text: text.to_owned() })
}

fn salt() -> Result<[u8; 16], StateError> {
    let mut salt = [0; 16];
    match aws_lc_rs::rand::fill(&mut salt) {
        Ok(()) => Ok(salt),
        Err(_) => Err(StateError::NoRandomness),
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn corrupt(detail: impl Into<String>) -> StateError {
    StateError::Corrupt { what: "ledger", detail: detail.into() }
}

fn head(row: &sqlx::any::AnyRow) -> Result<Frontier, StateError> {
    let (size, peaks): (i64, Vec<u8>) = (get(row, 0)?, get(row, 1)?);
    Frontier::from_bytes(size as u64, &peaks).ok_or_else(|| corrupt("its head is not of its size"))
}

fn line(row: &sqlx::any::AnyRow) -> Result<Kept, StateError> {
    let (agency, outcome): (String, String) = (get(row, 1)?, get(row, 6)?);
    let commitment: Option<Vec<u8>> = get(row, 7)?;
    let commitment =
        commitment.map(|bytes| bytes.try_into().map_err(|_| corrupt("a promise is no hash"))).transpose()?;
    let (salt, text): (Option<Vec<u8>>, Option<String>) = (get(row, 8)?, get(row, 9)?);
    let (detail, words) = match (salt, text) {
        (Some(salt), Some(text)) => {
            let salt = salt.try_into().map_err(|_| corrupt("a salt has not 16 bytes"))?;
            (Some(Detail { salt, text }), None)
        }
        // Sealed, and the salt with it.
        (None, words) => (None, words),
        (Some(_), None) => (None, None),
    };
    let entry = Entry {
        number: get::<i64>(row, 0)? as u64,
        agency: AgencyId::parse(&agency).map_err(|error| corrupt(error.to_string()))?,
        at: Timestamp::from_micros(get(row, 2)?),
        actor: get(row, 3)?,
        operation: get(row, 4)?,
        object: get(row, 5)?,
        outcome: Outcome::from_name(&outcome).ok_or_else(|| corrupt(format!("{outcome:?} is no outcome")))?,
        commitment: commitment.map(|hash| Commitment(Hash(hash))),
    };
    Ok(Kept { line: LedgerLine { entry, detail }, words })
}
