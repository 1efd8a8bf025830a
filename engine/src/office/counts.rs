//! In how many organisations something was seen: things, and techniques of ATT&CK by the month. A count leaves where it grew and is over enough of
//! them; the peer that it goes to is not counted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use intel::release::{About, Consent, Handling, Item, PeerId, Provenance, Tally};
use model::{IndicatorKind, Marking, Month, OpContext, Timestamp, limits};
use store::state::{NewSighting, TechniqueReport};

use super::outbound::PEER_ORIGIN;
use super::passes::Pass;
use super::{Office, OfficeError};
use crate::share::{Gate, PeerTerms, ShareKind, Standing};

/// Since when sightings count together.
pub(super) fn since(now: Timestamp) -> Timestamp {
    now.minus(Duration::from_secs(limits::TALLY_DAYS * 86_400))
}

impl Office {
    /// Releases how many organisations have seen what others saw just now, to peers that are told of counts, where it grew.
    pub(super) async fn count_together(&self, ctx: &OpContext, seen: &[NewSighting]) -> Result<(), OfficeError> {
        let places: BTreeSet<(IndicatorKind, &str)> =
            seen.iter().filter(|one| !one.is_false).map(|one| (one.kind, one.value.as_str())).collect();
        if places.is_empty() {
            return Ok(());
        }
        let mut peers = self.state.peers(ctx).await?;
        peers.retain(|peer| PeerTerms::of(peer).shares.contains(&ShareKind::Tallies));
        let mut gates = self.gates(ctx, &peers).await?;
        if gates.is_empty() {
            return Ok(());
        }
        for (kind, value) in places {
            let kept = self.state.sightings_on(ctx, kind, value).await?;
            for (_, gate) in &mut gates {
                self.count_thing(ctx, gate, ((kind, value), &kept)).await?;
            }
        }
        let outgoing: Vec<_> = gates.into_iter().map(|(_, gate)| gate.finish()).collect();
        self.send(ctx, &outgoing).await.map(|_| ())
    }

    /// Counts one thing for one peer, of what is kept of it.
    pub(super) async fn count_thing(
        &self,
        ctx: &OpContext,
        gate: &mut Gate,
        ((kind, value), kept): ((IndicatorKind, &str), &[NewSighting]),
    ) -> Result<(), OfficeError> {
        let recipient = format!("{PEER_ORIGIN}{}", gate.peer().name);
        let since = since(ctx.now);
        let counted: Vec<&NewSighting> =
            kept.iter().filter(|one| !one.is_false && one.last >= since && one.origin != recipient).collect();
        let organisations: BTreeSet<&str> = counted.iter().map(|one| organisation(&one.origin)).collect();
        let organisations = u32::try_from(organisations.len()).unwrap_or(u32::MAX);
        let released = self.state.tally_released(ctx, gate.peer().number, (kind, value)).await?;
        if !is_news(organisations, released, gate) {
            return Ok(());
        }
        // What is called harmless here is not told of, whoever has seen it.
        if self.state.learned_on(ctx, kind, value).await?.first().is_some_and(|last| last.is_false) {
            return Ok(());
        }
        let marking = counted.iter().map(|one| one.marking).reduce(Marking::and).unwrap_or_default();
        let are_others = counted.iter().any(|one| one.origin.starts_with(PEER_ORIGIN));
        let draw = self.draw(ctx, &[kind.name(), value], organisations, &gate.policy().peer.clone()).await?;
        gate.tally(Tally {
            id: format!("tally:{}", model::IndicatorId::of(kind, value)),
            seen: About::Sighting(kind, value.to_owned()),
            handling: handling(marking, are_others),
            organisations,
            sightings: counted.iter().map(|one| one.times).sum(),
            draw: Some(draw),
        });
        Ok(())
    }

    /// Noise is drawn once for each count and peer: asking again must not average it away.
    async fn draw(
        &self,
        ctx: &OpContext,
        what: &[&str],
        organisations: u32,
        peer: &PeerId,
    ) -> Result<f64, OfficeError> {
        let secret = self.vault.agency_secret(ctx.agency.as_str(), "draws").await?;
        let mut hasher = blake3::Hasher::new_keyed(&secret);
        for part in what.iter().chain([&peer.as_str()]) {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        hasher.update(&organisations.to_le_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        // 53 bits, in the middle of their interval: never 0, never 1.
        Ok(((u64::from_le_bytes(bytes) >> 11) as f64 + 0.5) / (1u64 << 53) as f64)
    }

    /// The techniques of what was found here in this month and the one before. What turned out to be none does not count.
    async fn techniques_here(&self, ctx: &OpContext) -> Result<Vec<(Month, BTreeSet<String>)>, OfficeError> {
        let now = Month::of(ctx.now);
        let mut here = Vec::new();
        for month in [now, now.and_then(Month::previous)].into_iter().flatten() {
            let tallies = self.state.tally(ctx, &month.span(), limits::TALLY_ROWS_MAX).await?;
            let techniques = tallies.iter().flat_map(|tally| &tally.detection.analytic.techniques);
            here.push((month, techniques.cloned().collect()));
        }
        Ok(here)
    }
}

impl Pass<'_> {
    /// Which techniques were seen here, once for each month, and in how many organisations, where that grew.
    pub(super) async fn techniques(&mut self) -> Result<(), OfficeError> {
        let every = i64::try_from(limits::TECHNIQUES_SECONDS * 1_000_000).unwrap_or(i64::MAX);
        let now_us = self.ctx.now.as_micros();
        let (tells, counts) =
            (self.terms.shares.contains(&ShareKind::Techniques), self.terms.shares.contains(&ShareKind::Tallies));
        if !tells && !counts || now_us - self.progress.techniques_us < every {
            return Ok(());
        }
        self.progress.techniques_us = now_us;
        let (office, ctx, known) = (self.office, self.ctx, self.known);
        let here = known.techniques.get_or_try_init(|| office.techniques_here(ctx)).await?;
        self.progress.techniques.retain(|month, _| here.iter().any(|(known, _)| known == month));
        for (month, techniques) in here {
            if tells {
                self.tell_techniques(*month, techniques);
            }
            if counts {
                self.count_techniques(*month, techniques).await?;
            }
        }
        Ok(())
    }

    fn tell_techniques(&mut self, month: Month, techniques: &BTreeSet<String>) {
        for technique in techniques {
            if self.progress.techniques.entry(month).or_default().insert(technique.clone()) {
                let about = About::Technique(month, technique.clone());
                let item = Item::new(&id_of(month, technique), about, handling(Marking::default(), false));
                self.gate.item(item, Standing::default());
            }
        }
    }

    async fn count_techniques(&mut self, month: Month, here: &BTreeSet<String>) -> Result<(), OfficeError> {
        let (office, ctx, peer) = (self.office, self.ctx, self.gate.peer().number);
        let reports = office.state.technique_reports(ctx, month).await?;
        let mut seen: BTreeMap<&str, Vec<&TechniqueReport>> = BTreeMap::new();
        // Counts of others are over organisations that may be the same as ours.
        for report in reports.iter().filter(|report| report.counted.is_none() && report.peer != peer) {
            seen.entry(&report.technique).or_default().push(report);
        }
        for (technique, reports) in seen {
            let is_here = here.contains(technique);
            let organisations = u32::try_from(reports.len() + usize::from(is_here)).unwrap_or(u32::MAX);
            let released = office.state.technique_released(ctx, peer, (month, technique)).await?;
            if !is_news(organisations, released, &self.gate) {
                continue;
            }
            let own = is_here.then(Marking::default);
            let marking = reports.iter().map(|report| report.marking).chain(own).reduce(Marking::and);
            let node = self.gate.policy().peer.clone();
            let draw = office.draw(ctx, &["technique", &month.to_string(), technique], organisations, &node).await?;
            self.gate.tally(Tally {
                id: id_of(month, technique),
                seen: About::Technique(month, technique.to_owned()),
                handling: handling(marking.unwrap_or_default(), true),
                organisations,
                sightings: 0,
                draw: Some(draw),
            });
        }
        Ok(())
    }
}

fn id_of(month: Month, technique: &str) -> String {
    format!("technique:{month}:{technique}")
}

/// Whether the gate is to be asked: two is too few to ask about; what is too few is counted, where it is near.
fn is_news(organisations: u32, released: u32, gate: &Gate) -> bool {
    let needed = gate.policy().organisations_min.get();
    organisations > released && organisations >= 2 && organisations >= needed.saturating_sub(1)
}

/// Everybody here is one organisation; each peer is another.
fn organisation(origin: &str) -> &str {
    if origin.starts_with(PEER_ORIGIN) { origin } else { "" }
}

/// What we saw ourselves is ours; what others told us was given, and goes on as far as they allow.
fn handling(marking: Marking, are_others: bool) -> Handling {
    let provenance = match PeerId::parse("several") {
        Some(several) if are_others => Provenance::From(several),
        _ => Provenance::Own,
    };
    Handling { marking, groups: BTreeSet::new(), provenance, until: None, submitter: None, consent: Consent::No }
}
