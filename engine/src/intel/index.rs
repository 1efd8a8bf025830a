//! The index that detectors ask: all claims of an agency, brought together by value, weighed, and written as one segment.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::Write;

use detect::indicators::{BuildError, Builder, Built};
use model::{IndicatorKind, OpContext};
use store::state::{IntelSource, KeptClaim, State, StateError};

/// Why an index was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The claims cannot be read.
    #[error("reading the claims")]
    State(#[from] StateError),
    /// The segment cannot be made.
    #[error("making the index")]
    Build(#[from] BuildError),
}

/// Claims of one source, in their order.
struct Stream<'s> {
    source: &'s IntelSource,
    page: VecDeque<KeptClaim>,
    last: Option<(IndicatorKind, String)>,
}

impl Stream<'_> {
    /// The place of the next claim; reads on where a page ends.
    async fn place(&mut self, state: &State, ctx: &OpContext) -> Result<Option<(IndicatorKind, String)>, StateError> {
        if self.page.is_empty() {
            let after = self.last.as_ref().map(|(kind, value)| (*kind, value.as_str()));
            self.page = state.claims_of(ctx, self.source.number, after).await?.into();
            self.last = self.page.back().map(|kept| (kept.claim.kind, kept.claim.value.clone()));
        }
        Ok(self.page.front().map(|kept| (kept.claim.kind, kept.claim.value.clone())))
    }
}

/// All claims of an agency's sources, those about one thing together, in the order of kind and value. `give` gets a claim with the place
/// of its source in `sources`.
///
/// # Errors
/// When they cannot be read, or `give` fails.
pub async fn each_indicator<E: From<StateError>>(
    state: &State,
    ctx: &OpContext,
    sources: &[IntelSource],
    mut give: impl FnMut(&[(usize, KeptClaim)]) -> Result<(), E>,
) -> Result<(), E> {
    let mut streams: Vec<_> =
        sources.iter().map(|source| Stream { source, page: VecDeque::new(), last: None }).collect();
    let mut heads = BinaryHeap::new();
    for (at, stream) in streams.iter_mut().enumerate() {
        heads.extend(stream.place(state, ctx).await?.map(|place| Reverse((place, at))));
    }
    let mut together: Vec<(usize, KeptClaim)> = Vec::new();
    while let Some(Reverse((place, at))) = heads.pop() {
        let is_next =
            together.first().is_some_and(|(_, kept)| (kept.claim.kind, &kept.claim.value) != (place.0, &place.1));
        if is_next {
            give(&together)?;
            together.clear();
        }
        let Some(stream) = streams.get_mut(at) else { continue };
        together.extend(stream.page.pop_front().map(|kept| (at, kept)));
        heads.extend(stream.place(state, ctx).await?.map(|place| Reverse((place, at))));
    }
    if together.is_empty() { Ok(()) } else { give(&together) }
}

/// Writes the index of an agency's claims: `weigh` says what detectors are to know of a thing, nothing where it is not worth looking for.
///
/// # Errors
/// When the claims cannot be read, or the segment cannot be written.
pub async fn write_index(
    state: &State,
    ctx: &OpContext,
    sources: &[IntelSource],
    mut weigh: impl FnMut(&[(usize, KeptClaim)]) -> Vec<model::Indicator>,
    out: &mut impl Write,
) -> Result<Built, IndexError> {
    let mut builder = Builder::new();
    each_indicator::<IndexError>(state, ctx, sources, |claims| {
        for indicator in weigh(claims) {
            builder.push(&indicator)?;
        }
        Ok(())
    })
    .await?;
    if builder.is_empty() {
        return Ok(Built::default());
    }
    Ok(builder.finish(out)?)
}
