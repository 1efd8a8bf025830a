//! Which measures are on offer for which service.

use std::collections::BTreeSet;

use model::register::{ItemId, ItemKind};

use super::Given;
use super::graph::Graph;
use super::openings::Condition;
use crate::belief::Belief;
use crate::controls::Effect;
use crate::interval::{Interval, Probability};
use crate::order::{Measure, Place};
use crate::policy::{Offer, Where};

/// Measures, each with what is said of it.
#[derive(Default)]
pub(super) struct Offers {
    pub(super) measures: Vec<Measure>,
    pub(super) conditions: Vec<Condition>,
    /// Places at which an offer stands already: two services may need the same.
    seen: BTreeSet<(Place, String)>,
}

/// The credited part of an offer is the mean of what is believed of it.
fn effect(belief: &Belief) -> Effect {
    Effect { credited: belief.mean(), interval: belief.interval() }
}

impl Offers {
    /// What the policy offers for a service, where its control was not found satisfied already.
    pub(super) fn for_service(&mut self, given: &Given<'_>, graph: &Graph<'_>, (service, place): (usize, usize)) {
        let Some(item) = graph.item(place) else { return };
        for offer in &given.policy.measures {
            if is_in_place(given, &item.id, offer) {
                continue;
            }
            match offer.place {
                Where::Exposure => self.put(offer, Place::Exposure(service), vec![item.id.clone()]),
                Where::Dependency => {
                    for (at, way) in graph.ways.iter().enumerate() {
                        let is_own = way.from == place || way.to == place;
                        // What a thing runs on, and who delivers it, cannot be parted from it by a gate.
                        let can_be_parted = way.link.kind != model::register::LinkKind::RunsOn
                            && [way.from, way.to].iter().all(|end| {
                                graph
                                    .item(*end)
                                    .is_some_and(|item| !matches!(item.kind, ItemKind::Vendor | ItemKind::Identity))
                            });
                        if is_own && can_be_parted {
                            let ends = vec![way.link.from.clone(), way.link.to.clone()];
                            self.put(offer, Place::Dependency(at), ends);
                        }
                    }
                }
                Where::Harm => {
                    let stores = graph.ways.iter().filter(|way| way.to == place).map(|way| way.from);
                    let stores =
                        stores.filter(|store| graph.item(*store).is_some_and(|item| item.kind == ItemKind::DataStore));
                    for asset in [place].into_iter().chain(stores) {
                        let id = graph.item(asset).map(|item| item.id.clone());
                        self.put(offer, Place::Harm(asset), id.into_iter().collect());
                    }
                }
            }
        }
    }

    /// Mending what was found in front of a service.
    pub(super) fn mending(
        &mut self,
        given: &Given<'_>,
        (service, id): (usize, &ItemId),
        flaws: usize,
        (without, with): (Belief, Belief),
    ) {
        let (without, with) = (without.mean().get(), with.mean().get());
        if flaws == 0 || with <= 0.0 {
            return;
        }
        let credited = Probability::nearest((1.0 - without / with).max(0.0));
        let interval = Interval { low: credited.get(), high: credited.get() };
        let cost = given.policy.harms.mending * flaws as f64;
        let title =
            format!("{flaws} {} in front of it mended", if flaws == 1 { "vulnerability" } else { "vulnerabilities" });
        self.measures.push(Measure { place: Place::Exposure(service), effect: Effect { credited, interval }, cost });
        self.conditions.push(Condition {
            measure: "mend".to_owned(),
            title,
            at: vec![id.clone()],
            cost,
            takes_away: credited,
        });
    }

    fn put(&mut self, offer: &Offer, place: Place, at: Vec<ItemId>) {
        if self.measures.len() >= model::limits::RISK_MEASURES_MAX || !self.seen.insert((place, offer.id.clone())) {
            return;
        }
        let effect = effect(&offer.effect);
        self.measures.push(Measure { place, effect, cost: offer.cost });
        self.conditions.push(Condition {
            measure: offer.id.clone(),
            title: offer.title.clone(),
            at,
            cost: offer.cost,
            takes_away: effect.credited,
        });
    }
}

/// Whether the control of an offer was assessed at a service and found satisfied for the greater part.
fn is_in_place(given: &Given<'_>, service: &ItemId, offer: &Offer) -> bool {
    let assessed = given.controls.get(service).and_then(|controls| controls.get(&offer.control));
    assessed.is_some_and(|shares| shares.effect().value.credited.get() >= 0.5)
}
