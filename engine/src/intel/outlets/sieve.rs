//! From all claims to the entries of each outlet: what is wanted there, what it may know, what may be done with it, and the gate.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use ::intel::release::{About, Cleared, Consent, Handling, Item, PeerId, PeerPolicy, Provenance, Refusal, clear};
use ::intel::weigh::{Detecting, Weighed};
use formats::release::Released;
use model::{IndicatorKind, Marking, OpContext, Pap, Timestamp, Tlp};
use store::state::{IntelSource, KeptClaim, Outlet, State};

use super::spool::{Spool, SpoolWriter};
use super::{LeftOut, OutletError, OutletForm, OutletSettings, OutletUse};
use crate::intel::{Judge, each_indicator};

/// Counts what is left out, by reason.
#[derive(Debug, Default)]
pub(super) struct Left(BTreeMap<String, (u64, String)>);

/// Letters of a value that is shown as an example.
const EXAMPLE_CHARS_MAX: usize = 200;

impl Left {
    pub(super) fn add(&mut self, why: &str, count: u64, first: &str) {
        match self.0.get_mut(why) {
            Some((known, _)) => *known += count,
            None => {
                let first = first.chars().take(EXAMPLE_CHARS_MAX).collect();
                self.0.insert(why.to_owned(), (count, first));
            }
        }
    }

    pub(super) fn list(self) -> Vec<LeftOut> {
        let mut list: Vec<LeftOut> =
            self.0.into_iter().map(|(why, (count, first))| LeftOut { why, count, first }).collect();
        list.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.why.cmp(&b.why)));
        list
    }
}

/// What one outlet lets through.
pub(crate) struct Sieve {
    pub(super) settings: OutletSettings,
    policy: PeerPolicy,
    /// The markings that may go there, as the gate itself says.
    open: HashSet<Marking>,
    now: Timestamp,
    spool: SpoolWriter,
    left: Left,
}

/// What went through, and what did not.
pub(crate) struct Sieved {
    pub(super) settings: OutletSettings,
    pub(super) spool: Spool,
    pub(super) left: Left,
}

/// All claims on one thing.
struct Thing<'a> {
    kind: IndicatorKind,
    value: &'a str,
    claims: Vec<&'a KeptClaim>,
    /// What they are worth together, once somebody has asked.
    weighed: Option<Weighed>,
}

impl Sieve {
    /// For an outlet; `spool` is where entries are kept for a moment.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn new(
        outlet: &Outlet,
        settings: OutletSettings,
        spool: PathBuf,
        now: Timestamp,
    ) -> Result<Self, OutletError> {
        let none = || std::io::Error::other("the outlet has no name that the gate knows");
        let policy = settings.policy(&outlet.name, outlet.expires).ok_or_else(none)?;
        let markings = Tlp::ALL.into_iter().flat_map(|tlp| Pap::ALL.into_iter().map(move |pap| Marking { tlp, pap }));
        let open = markings.filter(|marking| is_open(*marking, &policy, now)).collect();
        Ok(Sieve { settings, policy, open, now, spool: SpoolWriter::new(spool)?, left: Left::default() })
    }

    /// # Errors
    /// When the system refuses.
    pub(crate) fn done(self) -> Result<Sieved, OutletError> {
        let Sieve { settings, spool, left, .. } = self;
        Ok(Sieved { settings, spool: spool.finish()?, left })
    }

    fn take(
        &mut self,
        judge: &Judge,
        names: &[Option<PeerId>],
        thing: &mut Thing<'_>,
        at: &[usize],
    ) -> Result<(), OutletError> {
        match self.judge(judge, names, thing, at) {
            Ok((cleared, changed)) => match entry(&cleared, self.now, changed) {
                Some(released) => Ok(self.spool.push(&released)?),
                None => {
                    self.left.add("its end came", 1, thing.value);
                    Ok(())
                }
            },
            Err(why) => {
                self.left.add(&why, 1, thing.value);
                Ok(())
            }
        }
    }

    /// What may leave of a thing, or why nothing does.
    fn judge(
        &self,
        judge: &Judge,
        names: &[Option<PeerId>],
        thing: &mut Thing<'_>,
        at: &[usize],
    ) -> Result<(Cleared<Item>, Option<Timestamp>), String> {
        if !wants(&self.settings, thing.kind) {
            return Err(format!("of the kind {}, which is not asked for", thing.kind));
        }
        let is_open = |(_, kept): &(usize, &KeptClaim)| self.open.contains(&kept.claim.marking);
        let open: Vec<(usize, &KeptClaim)> =
            at.iter().copied().zip(thing.claims.iter().copied()).filter(is_open).collect();
        let claims: Vec<&KeptClaim> = open.iter().map(|(_, kept)| *kept).collect();
        // The surest claim speaks for all: whose it is, and what it calls the thing.
        let surest = open.iter().max_by_key(|(source, kept)| {
            (kept.gone.is_none(), kept.claim.confidence, kept.changed, std::cmp::Reverse(*source))
        });
        let Some((source, surest)) = surest else { return Err("its marking does not let it go there".to_owned()) };
        let weighed = if claims.len() == thing.claims.len() {
            if thing.weighed.is_none() {
                thing.weighed = Some(judge.weigh(thing.kind, thing.value, &thing.claims).value);
            }
            thing.weighed.clone()
        } else {
            // As if nobody had said what may not go there.
            Some(judge.weigh(thing.kind, thing.value, &claims).value)
        };
        let Some(weighed) = weighed else { return Err("it was not weighed".to_owned()) };
        self.suits(&weighed)?;
        if self.settings.use_ == OutletUse::Block && thing.kind == IndicatorKind::Cidr && thing.value.ends_with("/0") {
            return Err("names every address".to_owned());
        }
        let origin = names.get(*source).and_then(Clone::clone);
        let origin = origin.ok_or_else(|| "its source has a name that the gate does not know".to_owned())?;
        let item = self.item(thing, &claims, (*surest, origin), &weighed)?;
        let changed = claims.iter().map(|kept| kept.changed).max();
        let cleared = clear(item, &self.policy, self.now).map_err(|refused| said(&refused.because))?;
        Ok((cleared, changed))
    }

    fn suits(&self, weighed: &Weighed) -> Result<(), String> {
        match weighed.detecting {
            Detecting::No => return Err("not worth looking for".to_owned()),
            Detecting::Count => return Err("a list of harmless things names it".to_owned()),
            Detecting::Targeted => return Err("it is our own".to_owned()),
            Detecting::Alert => {}
        }
        if self.settings.use_ == OutletUse::Block && !weighed.blocking.value {
            // Numbers in a reason would make one reason of each.
            let why = weighed.blocking.because.iter().map(reason_kind).next().unwrap_or("for no reason that is known");
            return Err(format!("may not be blocked: {why}"));
        }
        if weighed.confidence < self.settings.confidence_min {
            return Err("not as sure as asked for".to_owned());
        }
        if weighed.level < self.settings.level_min {
            return Err("not as bad as asked for".to_owned());
        }
        Ok(())
    }

    fn item(
        &self,
        thing: &Thing<'_>,
        claims: &[&KeptClaim],
        (surest, origin): (&KeptClaim, PeerId),
        weighed: &Weighed,
    ) -> Result<Item, String> {
        let holds = |kept: &&&KeptClaim| kept.claim.until.is_none_or(|until| until > self.now);
        let marking = claims.iter().map(|kept| kept.claim.marking).reduce(Marking::and).unwrap_or_default();
        let ends: Option<Vec<Timestamp>> = claims.iter().filter(holds).map(|kept| kept.claim.until).collect();
        let mut until = ends.and_then(|ends| ends.into_iter().max());
        let seen = claims.iter().filter_map(|kept| kept.claim.seen).max();
        // Whoever lists it and does not say when it was seen vouches for it today.
        let is_vouched_for = claims.iter().any(|kept| kept.gone.is_none() && kept.claim.seen.is_none());
        if let Some(days) = self.settings.days.filter(|_| !is_vouched_for) {
            let last = claims.iter().filter_map(|kept| kept.claim.seen.max(kept.gone)).max().unwrap_or(self.now);
            let end = last.plus(Duration::from_secs(u64::from(days) * 86_400));
            until = Some(until.map_or(end, |until| until.min(end)));
        }
        if until.is_some_and(|until| until <= self.now) {
            return Err("its end came".to_owned());
        }
        let handling = Handling {
            marking,
            groups: Default::default(),
            provenance: Provenance::From(origin),
            until,
            submitter: None,
            consent: Consent::No,
        };
        let about = About::Indicator(thing.kind, thing.value.to_owned());
        let id = model::IndicatorId::of(thing.kind, thing.value).to_string();
        let mut item = Item::new(&id, about, handling);
        item.label = Some(surest.claim.label.clone());
        item.confidence = Some(weighed.confidence);
        item.level = Some(weighed.level);
        item.first_seen = claims.iter().map(|kept| kept.first).min();
        item.last_seen = seen;
        Ok(item)
    }
}

/// Whether the gate lets something with that marking through that others gave to us.
fn is_open(marking: Marking, policy: &PeerPolicy, now: Timestamp) -> bool {
    let Some(somebody) = PeerId::parse("somebody") else { return false };
    let handling = Handling {
        marking,
        groups: Default::default(),
        provenance: Provenance::From(somebody),
        until: None,
        submitter: None,
        consent: Consent::No,
    };
    clear(Item::new("any", About::Report, handling), policy, now).is_ok()
}

fn said(because: &[Refusal]) -> String {
    because.first().map_or_else(|| "the gate refused it".to_owned(), ToString::to_string)
}

/// A reason without its numbers.
fn reason_kind(reason: &::intel::weigh::WeighReason) -> &'static str {
    use ::intel::weigh::WeighReason as R;
    match reason {
        R::OnlyAnonymous => "nobody whom we know says so",
        R::TooUnsure { .. } => "not sure enough",
        R::TooFewVoices { .. } => "too few independent sources",
        R::Marked { .. } => "its marking (PAP) does not allow it",
        R::Listed { .. } => "a list of harmless things names it",
        R::OwnAsset { .. } => "it is our own",
        R::NotBlastChecked => "it was not tried on past traffic",
        R::Blast { .. } => "it would have hit past traffic",
        _ => "weighing does not allow it",
    }
}

/// Whether a form has words for a kind and the outlet wants it.
pub(super) fn wants(settings: &OutletSettings, kind: IndicatorKind) -> bool {
    use IndicatorKind as K;
    let can = match settings.form {
        OutletForm::Stix | OutletForm::Misp | OutletForm::Csv | OutletForm::Text => true,
        OutletForm::Suricata => matches!(kind, K::Ipv4 | K::Ipv6 | K::Domain | K::UrlPath | K::FileHash),
        OutletForm::Zeek => !matches!(kind, K::IpPort | K::UrlPath),
        OutletForm::Nftables => matches!(kind, K::Ipv4 | K::Ipv6 | K::Cidr),
        OutletForm::Rpz => matches!(kind, K::Ipv4 | K::Ipv6 | K::Cidr | K::Domain),
        OutletForm::Hosts => kind == K::Domain,
    };
    can && (settings.kinds.is_empty() || settings.kinds.contains(&kind))
}

/// What is cleared, as writers take it: the only way to an entry.
fn entry(cleared: &Cleared<Item>, now: Timestamp, changed: Option<Timestamp>) -> Option<Released> {
    let item = cleared.item(now)?;
    let About::Indicator(kind, value) = &item.about else { return None };
    Some(Released {
        kind: *kind,
        value: value.clone(),
        label: item.label.clone().unwrap_or_default(),
        confidence: item.confidence?,
        level: item.level?,
        first_seen: item.first_seen,
        last_seen: item.last_seen,
        valid_until: item.handling.until,
        changed,
        marking: item.handling.marking,
        sources: Vec::new(),
        techniques: item.techniques.clone(),
    })
}

/// Walks through all claims of an agency once, for all sieves.
///
/// # Errors
/// When the claims cannot be read, or the system refuses.
pub(crate) async fn gather(
    state: &State,
    ctx: &OpContext,
    (sources, judge): (&[IntelSource], &Judge),
    sieves: &mut [Sieve],
) -> Result<(), OutletError> {
    let names: Vec<Option<PeerId>> = sources.iter().map(|source| PeerId::parse(&source.name)).collect();
    each_indicator::<OutletError>(state, ctx, sources, |together| {
        let Some((_, first)) = together.first() else { return Ok(()) };
        let claims = together.iter().map(|(_, kept)| kept).collect();
        let at: Vec<usize> = together.iter().map(|(source, _)| *source).collect();
        let (kind, value) = (first.claim.kind, first.claim.value.as_str());
        let mut thing = Thing { kind, value, claims, weighed: None };
        sieves.iter_mut().try_for_each(|sieve| sieve.take(judge, &names, &mut thing, &at))
    })
    .await
}
