//! What sources claim, one row for each source and thing.

use model::{Confidence, Credibility, IndicatorKind, Level, Marking, OpContext, Pap, Timestamp, Tlp, limits};

use super::super::agency;
use super::super::database::{State, StateError, get};
use super::super::packed::Packed;
use super::sources::SourceNumber;

/// Goes through the sources, so that it needs no index beside the primary key. `CROSS JOIN` keeps SQLite to that order: left to itself, it goes
/// through all claims of the agency and asks for the source of each.
pub(super) const SELECT_ON: &str = "SELECT c.source, c.kind, c.value, c.label, c.confidence, c.credibility, c.level, c.tlp, c.pap, \
    c.reference, c.seen_us, c.until_us, c.first_us, c.changed_us, c.gone_us FROM intel_sources s \
    CROSS JOIN claims c WHERE s.agency = $1 AND c.agency = s.agency AND c.source = s.number AND c.kind = $2 AND c.value = $3 \
    ORDER BY c.source LIMIT $4";
/// A page as one text, see [`Packed`].
pub(super) const SELECT_OF: &str = "SELECT string_agg(kind || ' ' || octet_length(value) || ' ' || octet_length(label) || ' ' \
    || confidence || ' ' || credibility || ' ' || level || ' ' || tlp || ' ' || pap || ' ' \
    || coalesce(octet_length(reference), -1) || ' ' || coalesce(CAST(seen_us AS TEXT), '-') || ' ' \
    || coalesce(CAST(until_us AS TEXT), '-') || ' ' || first_us || ' ' || changed_us || ' ' \
    || coalesce(CAST(gone_us AS TEXT), '-') || ' ' || value || label || coalesce(reference, ''), '' ORDER BY kind, value) \
    FROM (SELECT * FROM claims WHERE agency = $1 AND source = $2 AND (kind, value) > ($3, $4) \
    ORDER BY kind, value LIMIT $5) AS page";
/// In the order in which they changed; of one run, in the order in which it writes them. The first condition is that of the index, which is for
/// this statement alone: others would be run by it where they should not.
pub(super) const SELECT_CHANGED: &str = "SELECT source, kind, value, label, confidence, credibility, level, tlp, pap, \
    reference, seen_us, until_us, first_us, changed_us, gone_us FROM claims WHERE agency = $1 AND source = $2 \
    AND first_us >= 0 AND (changed_us, kind, value) > ($3, $4, $5) ORDER BY changed_us, kind, value LIMIT $6";
pub(super) const COUNT_OF: &str = "SELECT COUNT(*) FROM claims WHERE agency = $1 AND source = $2 AND gone_us IS NULL";
/// Values that begin with a text, over all sources.
pub(super) const SEARCH: &str = "SELECT DISTINCT c.kind, c.value FROM intel_sources s \
    CROSS JOIN claims c WHERE s.agency = $1 AND c.agency = s.agency AND c.source = s.number AND c.kind = $2 \
    AND c.value >= $3 AND c.value < $4 ORDER BY c.value LIMIT $5";

/// What a source says about a thing now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClaim {
    /// What it names.
    pub kind: IndicatorKind,
    /// The value in its normal form.
    pub value: String,
    /// What the source calls it.
    pub label: String,
    /// How sure the source is.
    pub confidence: Confidence,
    /// How credible this is, where the source grades what it says.
    pub credibility: Credibility,
    /// How bad a sighting would be.
    pub level: Level,
    /// How far it may travel.
    pub marking: Marking,
    /// What the source itself calls the record.
    pub reference: Option<String>,
    /// When the source says that it last saw it; `None`: it vouches for it as long as it lists it.
    pub seen: Option<Timestamp>,
    /// Until when it holds, where the source says so.
    pub until: Option<Timestamp>,
}

impl NewClaim {
    /// Eight bytes that change whenever the claim says something else.
    pub(super) fn digest(&self) -> i64 {
        let mut hasher = blake3::Hasher::new();
        let numbers = [
            self.confidence.percent(),
            self.credibility.number(),
            self.level.severity_id(),
            self.marking.tlp as u8,
            self.marking.pap as u8,
        ];
        hasher.update(&numbers);
        for time in [self.seen, self.until] {
            hasher.update(&[u8::from(time.is_some())]);
            hasher.update(&time.map_or(0, Timestamp::as_micros).to_le_bytes());
        }
        for text in [Some(&self.label), self.reference.as_ref()] {
            hasher.update(&[u8::from(text.is_some())]);
            let text = text.map_or("", String::as_str);
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        let mut digest = [0; 8];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        i64::from_le_bytes(digest)
    }
}

/// A claim as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptClaim {
    /// Who says it.
    pub source: SourceNumber,
    /// What is said.
    pub claim: NewClaim,
    /// Since when it is known here.
    pub first: Timestamp,
    /// When it changed here.
    pub changed: Timestamp,
    /// Since when the source does not list it any more.
    pub gone: Option<Timestamp>,
}

/// Which claims of a source are asked for: those behind a kind and value.
pub type ClaimsFor<'a> = Option<(IndicatorKind, &'a str)>;

/// Which indicators are looked for.
#[derive(Clone, Copy, Debug)]
pub struct IndicatorAsked<'a> {
    /// Of this kind.
    pub kind: IndicatorKind,
    /// Whose value begins with this.
    pub prefix: &'a str,
    /// At most so many.
    pub rows_max: usize,
}

impl State {
    /// What all sources of the agency claim about one thing, those that do not any more included.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn claims_on(
        &self,
        ctx: &OpContext,
        kind: IndicatorKind,
        value: &str,
    ) -> Result<Vec<KeptClaim>, StateError> {
        let query = sqlx::query(SELECT_ON)
            .bind(agency(ctx))
            .bind(kind as i64)
            .bind(value.to_owned())
            .bind(limits::INTEL_SOURCES_MAX as i64);
        self.fetch_all(ctx, "reading claims", query).await?.iter().map(read).collect()
    }

    /// A page of what a source claims, in the order of kind and value; empty behind the last.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn claims_of(
        &self,
        ctx: &OpContext,
        source: SourceNumber,
        after: ClaimsFor<'_>,
    ) -> Result<Vec<KeptClaim>, StateError> {
        let (kind, value) = after.map_or((0, ""), |(kind, value)| (kind as i64, value));
        let query = sqlx::query(SELECT_OF)
            .bind(agency(ctx))
            .bind(source.0)
            .bind(kind)
            .bind(value.to_owned())
            .bind(limits::CLAIMS_PAGE_MAX as i64);
        let row = self.fetch_optional(ctx, "reading claims", query).await?;
        let text = row.map(|row| get::<Option<String>>(&row, 0)).transpose()?.flatten().unwrap_or_default();
        unpack(source, &text)
    }

    /// Claims of a source in the order in which they changed, behind that place: time, kind and value.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn claims_changed(
        &self,
        ctx: &OpContext,
        source: SourceNumber,
        (changed, after): (Timestamp, ClaimsFor<'_>),
        rows_max: usize,
    ) -> Result<Vec<KeptClaim>, StateError> {
        let (kind, value) = after.map_or((0, ""), |(kind, value)| (kind as i64, value));
        let query = sqlx::query(SELECT_CHANGED)
            .bind(agency(ctx))
            .bind(source.0)
            .bind(changed.as_micros())
            .bind(kind)
            .bind(value.to_owned())
            .bind(rows_max.min(limits::CLAIMS_PAGE_MAX) as i64);
        self.fetch_all(ctx, "reading changed claims", query).await?.iter().map(read).collect()
    }

    /// How many things a source lists now.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claims_count(&self, ctx: &OpContext, source: SourceNumber) -> Result<u64, StateError> {
        let query = sqlx::query(COUNT_OF).bind(agency(ctx)).bind(source.0);
        self.count(ctx, "counting claims", query).await
    }

    /// Values that begin with a text, in their order.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn indicators_like(
        &self,
        ctx: &OpContext,
        asked: &IndicatorAsked<'_>,
    ) -> Result<Vec<(IndicatorKind, String)>, StateError> {
        let query = sqlx::query(SEARCH)
            .bind(agency(ctx))
            .bind(asked.kind as i64)
            .bind(asked.prefix.to_owned())
            .bind(format!("{}\u{10ffff}", asked.prefix))
            .bind(asked.rows_max.min(limits::INTEL_PAGE_MAX) as i64);
        let rows = self.fetch_all(ctx, "searching indicators", query).await?;
        rows.iter().map(|row| Ok((kind(get(row, 0)?)?, get(row, 1)?))).collect()
    }
}

fn corrupt(detail: impl Into<String>) -> StateError {
    StateError::Corrupt { what: "claim", detail: detail.into() }
}

pub(in super::super) fn kind(number: i64) -> Result<IndicatorKind, StateError> {
    let found = IndicatorKind::ALL.into_iter().find(|kind| *kind as i64 == number);
    found.ok_or_else(|| corrupt(format!("{number} is no kind")))
}

/// A marking from the numbers by which it is kept.
pub(in super::super) fn marking(tlp: i64, pap: i64) -> Result<Marking, StateError> {
    let nonsense = |number: i64| corrupt(format!("{number} is no marking"));
    Ok(Marking {
        tlp: Tlp::ALL.into_iter().find(|known| *known as i64 == tlp).ok_or_else(|| nonsense(tlp))?,
        pap: Pap::ALL.into_iter().find(|known| *known as i64 == pap).ok_or_else(|| nonsense(pap))?,
    })
}

/// The numbers of a row as they are kept.
struct Numbers {
    kind: i64,
    confidence: i64,
    credibility: i64,
    level: i64,
    tlp: i64,
    pap: i64,
}

fn claim(
    numbers: &Numbers,
    (value, label, reference): (String, String, Option<String>),
    (seen, until): (Option<i64>, Option<i64>),
) -> Result<NewClaim, StateError> {
    let small = |number: i64| u8::try_from(number).unwrap_or(u8::MAX);
    let nonsense = |what: &str, number: i64| corrupt(format!("{number} is no {what}"));
    Ok(NewClaim {
        kind: kind(numbers.kind)?,
        value,
        label,
        confidence: Confidence::new(small(numbers.confidence))
            .ok_or_else(|| nonsense("confidence", numbers.confidence))?,
        credibility: Credibility::try_from(small(numbers.credibility)).map_err(corrupt)?,
        level: Level::from_severity_id(small(numbers.level)).ok_or_else(|| nonsense("level", numbers.level))?,
        marking: marking(numbers.tlp, numbers.pap)?,
        reference,
        seen: seen.map(Timestamp::from_micros),
        until: until.map(Timestamp::from_micros),
    })
}

fn read(row: &sqlx::any::AnyRow) -> Result<KeptClaim, StateError> {
    let numbers = Numbers {
        kind: get(row, 1)?,
        confidence: get(row, 4)?,
        credibility: get(row, 5)?,
        level: get(row, 6)?,
        tlp: get(row, 7)?,
        pap: get(row, 8)?,
    };
    Ok(KeptClaim {
        source: SourceNumber(get(row, 0)?),
        claim: claim(&numbers, (get(row, 2)?, get(row, 3)?, get(row, 9)?), (get(row, 10)?, get(row, 11)?))?,
        first: Timestamp::from_micros(get(row, 12)?),
        changed: Timestamp::from_micros(get(row, 13)?),
        gone: get::<Option<i64>>(row, 14)?.map(Timestamp::from_micros),
    })
}

fn unpack(source: SourceNumber, text: &str) -> Result<Vec<KeptClaim>, StateError> {
    let mut packed = Packed::new("claim", text);
    let mut claims = Vec::new();
    while !packed.is_empty() {
        let (kind, value, label) = (packed.number()?, packed.number()?, packed.number()?);
        let (confidence, credibility, level) = (packed.number()?, packed.number()?, packed.number()?);
        let (tlp, pap, reference) = (packed.number()?, packed.number()?, packed.number()?);
        let (seen, until) = (packed.optional()?, packed.optional()?);
        let (first, changed, gone) = (packed.number()?, packed.number()?, packed.optional()?);
        let (value, label) = (packed.text(value)?.to_owned(), packed.text(label)?.to_owned());
        let reference = if reference < 0 { None } else { Some(packed.text(reference)?.to_owned()) };
        let numbers = Numbers { kind, confidence, credibility, level, tlp, pap };
        claims.push(KeptClaim {
            source,
            claim: claim(&numbers, (value, label, reference), (seen, until))?,
            first: Timestamp::from_micros(first),
            changed: Timestamp::from_micros(changed),
            gone: gone.map(Timestamp::from_micros),
        });
    }
    Ok(claims)
}
