//! Giving to the anonymous comparison, and putting together what many gave.
//!
//! An agency gives once a year. Its gift is kept before anybody sees it, and given again unchanged: noise drawn anew would average out.

use model::document::DocumentKind;
use model::{OpContext, limits};
use risk::benchmark::{BenchmarkError, Standing, combine, read_gifts};
use store::state::After;

use super::{Comparison, Epsilon, Function, Gift, GiftNote, SizeClass, Terms, Useful, place, refused};
use crate::access::Operation;
use crate::office::{Office, OfficeError};

/// What is to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GiftAsked {
    /// Of which year.
    pub year: i16,
    /// How much it may tell.
    pub epsilon: Epsilon,
    /// How large the agency is, if it wants to say so.
    pub size: Option<SizeClass>,
}

/// A gift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The gift.
    pub gift: Gift,
    /// It was given before, on whatever terms; what is asked for now did not change it.
    pub is_again: bool,
}

impl Office {
    /// What the agency gives to the comparison of a year: drawn and kept the first time, the same ever after.
    ///
    /// # Errors
    /// When the context may not, nothing is answered in that year, a function has no question that applies, the system gives no random numbers,
    /// somebody else was faster, or the state refuses.
    pub async fn csf_gift(&self, ctx: &OpContext, asked: &GiftAsked) -> Result<Given, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        if let Some(gift) = self.csf_given(ctx, asked.year).await? {
            return Ok(Given { gift, is_again: true });
        }
        if self.csf_assessment(ctx, asked.year).await?.is_none() {
            return Err(OfficeError::NotFound { what: "self-assessment", name: asked.year.to_string() });
        }
        let view = self.csf_posture(ctx, Some(asked.year)).await?;
        let standing = Standing::of(&view.posture).map_err(refused)?;
        let terms = Terms { year: asked.year, level_max: view.questions.set.level_max(), epsilon: asked.epsilon };
        let gift = draw(&standing, &terms, asked.size)?;
        let body = gift.written().map_err(refused)?;
        // Whoever comes second at the same moment must not see another draw.
        self.keep_document(ctx, &place(DocumentKind::BenchmarkGiven, asked.year)?, After::Version(0), &body).await?;
        Ok(Given { gift, is_again: false })
    }

    /// What was given in a year.
    ///
    /// # Errors
    /// When the context may not, what is kept makes no sense, or the state refuses.
    pub async fn csf_given(&self, ctx: &OpContext, year: i16) -> Result<Option<Gift>, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let found = self.state.document(ctx, &place(DocumentKind::BenchmarkGiven, year)?, None).await?;
        let Some((_, body)) = found else { return Ok(None) };
        let (gifts, _) = read_gifts(&body).map_err(refused)?;
        gifts.into_iter().next().map(Some).ok_or_else(|| refused("the gift that is kept makes no sense"))
    }

    /// ε of the gifts of all years together.
    pub(super) async fn csf_epsilon_spent(&self, ctx: &OpContext) -> Result<f64, OfficeError> {
        let mut spent = 0.0;
        for year in self.csf_years(ctx, DocumentKind::BenchmarkGiven).await? {
            spent += self.csf_given(ctx, year).await?.map_or(0.0, |gift| gift.epsilon.get());
        }
        Ok(spent)
    }

    /// What came of the comparison of a year.
    ///
    /// # Errors
    /// When the context may not, what is kept makes no sense, or the state refuses.
    pub async fn csf_comparison(&self, ctx: &OpContext, year: i16) -> Result<Option<Comparison>, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let found = self.state.document(ctx, &place(DocumentKind::BenchmarkResult, year)?, None).await?;
        found.map(|(_, body)| serde_json::from_slice(&body).map_err(refused)).transpose()
    }

    /// Puts together what many gave, and keeps what came of it. Each file is a gift or a list of gifts.
    ///
    /// # Errors
    /// When the context may not, a file holds no gifts, there are too many, the bounds are none, or the state refuses.
    pub async fn combine_csf(
        &self,
        ctx: &OpContext,
        terms: &Terms,
        useful: Useful,
        files: &[Vec<u8>],
    ) -> Result<Comparison, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let useful = useful.check().map_err(refused)?;
        terms.check().map_err(refused)?;
        let (mut gifts, mut refused_gifts) = (Vec::new(), Vec::new());
        for (number, file) in (1..).zip(files) {
            let (read, notes) = read_gifts(file).map_err(|error| refused(format!("file {number}: {error}")))?;
            gifts.extend(read);
            refused_gifts.extend(notes.into_iter().map(|note| {
                let reason = format!("in file {number}: {}", note.reason);
                GiftNote { reason, ..note }
            }));
            within(gifts.len() + refused_gifts.len()).map_err(refused)?;
        }
        let mut comparison = combine(&gifts, terms, &useful);
        comparison.refused.extend(refused_gifts);
        comparison.refused_untold += comparison.refused.len().saturating_sub(limits::CSF_NOTES_MAX);
        comparison.refused.truncate(limits::CSF_NOTES_MAX);
        self.keep_comparison(ctx, &comparison).await?;
        Ok(comparison)
    }

    /// Keeps what somebody else put together.
    ///
    /// # Errors
    /// When the context may not, it is no such result, or the state refuses.
    pub async fn bring_csf_comparison(&self, ctx: &OpContext, bytes: &[u8]) -> Result<Comparison, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        if bytes.len() > limits::CSF_BYTES_MAX {
            return Err(refused(format!("a result of a comparison has at most {} bytes", limits::CSF_BYTES_MAX)));
        }
        let bad = |error| {
            refused(format!("not the form of a result: {error}; hint: watchbell csf benchmark --json writes it"))
        };
        let comparison: Comparison = serde_json::from_slice(bytes).map_err(bad)?;
        comparison.terms.check().map_err(refused)?;
        comparison.useful.check().map_err(refused)?;
        if comparison.cells.len() > Function::ALL.len() * (SizeClass::ALL.len() + 1) {
            return Err(refused("there are more cells than functions and sizes"));
        }
        self.keep_comparison(ctx, &comparison).await?;
        Ok(comparison)
    }

    async fn keep_comparison(&self, ctx: &OpContext, comparison: &Comparison) -> Result<(), OfficeError> {
        let place = place(DocumentKind::BenchmarkResult, comparison.terms.year)?;
        let body = serde_json::to_vec(comparison).map_err(refused)?;
        self.keep_document(ctx, &place, After::Any, &body).await?;
        Ok(())
    }
}

fn within(found: usize) -> Result<(), BenchmarkError> {
    let max = limits::BENCHMARK_GIFTS_MAX;
    if found > max { Err(BenchmarkError::TooLarge { what: "gifts", found, max }) } else { Ok(()) }
}

/// Draws with the system's random numbers.
fn draw(standing: &Standing, terms: &Terms, size: Option<SizeClass>) -> Result<Gift, OfficeError> {
    let mut has_failed = false;
    let mut bits = || {
        let mut bytes = [0; 8];
        has_failed |= getrandom::fill(&mut bytes).is_err();
        u64::from_ne_bytes(bytes)
    };
    let drawn = Gift::draw(standing, terms, size, &mut bits);
    // A draw without chance would be the answer itself: it must not be seen, whatever it looks like.
    if has_failed {
        return Err(refused("the system gives no random numbers"));
    }
    drawn.map_err(refused)
}
