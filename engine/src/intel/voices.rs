//! Which sources copy each other, found out while all claims are gone through anyhow.

use std::collections::{BTreeMap, BinaryHeap};

use intel::rules::VoiceRules;
use intel::voices::{Holding, VoiceReason, voices};
use model::{SourceId, Timestamp, limits};
use store::state::{IntelSource, KeptClaim, SourceVoice};

/// Of one source, the values with the smallest hashes; one more than are compared, so that it shows whether there are more.
#[derive(Default)]
struct Sample(BinaryHeap<(u64, Timestamp)>);

impl Sample {
    fn take(&mut self, hash: u64, first: Timestamp) {
        let is_full = self.0.len() > limits::OVERLAP_SAMPLE_MAX;
        if is_full && self.0.peek().is_some_and(|(largest, _)| hash >= *largest) {
            return;
        }
        self.0.push((hash, first));
        if is_full {
            self.0.pop();
        }
    }
}

/// Samples of all sources.
pub(crate) struct Samples(Vec<Sample>);

impl Samples {
    /// For so many sources.
    pub(crate) fn of(sources: usize) -> Self {
        Samples((0..sources.min(limits::OVERLAP_SOURCES_MAX)).map(|_| Sample::default()).collect())
    }

    /// Takes all claims on one thing. What a source lists no more is not what it says.
    pub(crate) fn take(&mut self, claims: &[(usize, KeptClaim)]) {
        // What one source alone says tells nothing about two; but how much there is of it does.
        let Some((_, first)) = claims.first() else { return };
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[first.claim.kind as u8]).update(first.claim.value.as_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        let hash = u64::from_le_bytes(bytes);
        for (at, kept) in claims.iter().filter(|(_, kept)| kept.gone.is_none()) {
            if let Some(sample) = self.0.get_mut(*at) {
                sample.take(hash, kept.first);
            }
        }
    }

    /// Sources that are no voices of their own.
    pub(crate) fn compare(self, sources: &[IntelSource], rules: &VoiceRules) -> Vec<SourceVoice> {
        let mut holdings = BTreeMap::new();
        let mut numbers = BTreeMap::new();
        for (source, sample) in sources.iter().zip(self.0) {
            if let Ok(name) = SourceId::parse(&source.name) {
                numbers.insert(name.clone(), source.number);
                holdings.insert(name, Holding::new(sample.0));
            }
        }
        let found = voices(&[], &holdings, rules);
        let mut one: Vec<SourceVoice> = Vec::new();
        for (name, number) in &numbers {
            let spokesman = found.value.of(name);
            let Some(theirs) = numbers.get(spokesman).filter(|_| spokesman != name) else { continue };
            let why = found.because.iter().find(|reason| names(reason, name));
            let why = why.map_or_else(|| format!("{name} and {spokesman} are one voice"), ToString::to_string);
            one.push(SourceVoice { source: *number, spokesman: *theirs, why });
        }
        one.sort_by_key(|voice| voice.source);
        one
    }
}

/// Whether a reason is about a source.
fn names(reason: &VoiceReason, source: &SourceId) -> bool {
    match reason {
        VoiceReason::Declared { first, second } | VoiceReason::SameValues { first, second, .. } => {
            first == source || second == source
        }
        VoiceReason::Follows { leader, follower, .. } => leader == source || follower == source,
    }
}
