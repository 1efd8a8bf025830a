//! Work on the steps: categorize, tailor, say how controls are met, look whether they are, and plan what is to be done.

use std::collections::BTreeMap;

use model::register::{Categorization, Impact, ItemId};
use model::{OpContext, limits};
use risk::categorize::{CategorizeReason, propose};
use risk::rmf::{self, Action, Assessed, Evidence, How, Implementation, Method, Package, Source, Step, checks};

use super::super::{Office, OfficeError};
use super::{RmfOf, RmfSeam, done, refused, service_of, text};
use crate::access::Operation;

/// Puts a control in, takes one out, or undoes that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tailor {
    /// Puts it in.
    Add,
    /// Takes it out.
    Remove,
    /// As the profiles have it.
    Undo,
}

fn counts(package: &Package, control: &str) -> Result<(), OfficeError> {
    match package.controls().contains(control) {
        true => Ok(()),
        false => Err(refused(format!(
            "{control} is none of the controls of {}; hint: watchbell rmf tailor",
            package.service
        ))),
    }
}

/// Evidence that says something and is not too long.
fn shows(evidence: &[Evidence]) -> Result<(), OfficeError> {
    if evidence.len() > limits::PACKAGE_EVIDENCE_MAX {
        return Err(refused(format!("a result has at most {} pieces of evidence", limits::PACKAGE_EVIDENCE_MAX)));
    }
    for one in evidence {
        text(&one.what, "evidence")?;
        if one.place.len() > limits::PACKAGE_PLACE_BYTES_MAX {
            let most = limits::PACKAGE_PLACE_BYTES_MAX;
            return Err(refused(format!("where evidence is has at most {most} bytes")));
        }
        let is_hash = one.hash.len() == 64 && one.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !one.hash.is_empty() && !is_hash {
            return Err(refused("a hash of evidence is a SHA-256 of 64 hexadecimal digits"));
        }
    }
    Ok(())
}

impl Office {
    /// What is proposed for a service from what the register says of it and the types of information that were brought.
    ///
    /// # Errors
    /// When the context may not, there is no such service, or the state refuses.
    pub async fn rmf_propose(
        &self,
        ctx: &OpContext,
        service: &ItemId,
    ) -> Result<model::Explained<Categorization, CategorizeReason>, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let types = self.rmf_information(ctx).await?;
        let whole = self.state.register_whole(ctx, None).await?;
        Ok(propose(service_of(&whole, service)?, &types))
    }

    /// Writes what is proposed and what was decided into the register: confidentiality, integrity, availability. Less than proposed
    /// needs a reason.
    ///
    /// # Errors
    /// When the context may not, there is no such service, a reason is missing, or the state refuses.
    pub async fn rmf_categorize<'a>(
        &self,
        ctx: &OpContext,
        service: impl Into<RmfOf<'a>>,
        decided: [(Option<Impact>, String); 3],
    ) -> Result<Categorization, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let of = service.into();
        let service = of.service;
        if decided.iter().any(|(_, why)| why.len() > limits::ITEM_TEXT_BYTES_MAX) {
            return Err(refused(format!("a reason has at most {} bytes", limits::ITEM_TEXT_BYTES_MAX)));
        }
        of.fits(self.rmf_load(ctx, service).await?.1)?;
        let mut said = self.rmf_propose(ctx, service).await?.value;
        let objectives = [&mut said.confidentiality, &mut said.integrity, &mut said.availability];
        for (objective, (impact, why)) in objectives.into_iter().zip(decided) {
            if impact.is_some() {
                (objective.decided, objective.why) = (impact, why);
            }
        }
        let written = said.clone();
        self.change_item(ctx, service, None, move |item| {
            item.categorization = Some(written);
            Ok(())
        })
        .await?;
        self.rmf_change(ctx, (of, Step::Categorize), |_, _| Ok(())).await?;
        Ok(said)
    }

    /// Says that an item belongs to a service, or does not, whatever its links say; or takes that back with no reason.
    ///
    /// # Errors
    /// When the context may not, one of them is not there, or the state refuses.
    pub async fn rmf_bound<'a>(
        &self,
        ctx: &OpContext,
        service: impl Into<RmfOf<'a>>,
        (item, how, why): (&ItemId, Tailor, &str),
    ) -> Result<(), OfficeError> {
        let of = service.into();
        let service = of.service;
        self.rmf_change(ctx, (of, Step::Prepare), |package, whole| {
            if !whole.items.contains_key(item) || item == service {
                return Err(refused(format!("{item} is no other item of the register")));
            }
            package.boundary.added.remove(item);
            package.boundary.removed.remove(item);
            match how {
                Tailor::Add => drop(package.boundary.added.insert(item.clone(), text(why, "why it belongs to it")?)),
                Tailor::Remove => drop(package.boundary.removed.insert(item.clone(), text(why, "why it does not")?)),
                Tailor::Undo => {}
            }
            Ok(())
        })
        .await
    }

    /// Puts a control in or takes one out, with the reason. What is put in has to stand in a catalog that was brought.
    ///
    /// # Errors
    /// When the context may not, no controls were chosen, there is no such control, a reason is missing, or the state refuses.
    pub async fn rmf_tailor<'a>(
        &self,
        ctx: &OpContext,
        service: impl Into<RmfOf<'a>>,
        (control, how, why): (&str, Tailor, &str),
    ) -> Result<(), OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let of = service.into();
        let service = of.service;
        let title = match how {
            Tailor::Add => self.rmf_library(ctx).await?.title(control),
            _ => None,
        };
        if how == Tailor::Add && title.is_none() {
            return Err(refused(format!("no catalog that was brought has a control {control:?}")));
        }
        self.rmf_change(ctx, (of, Step::Select), |package, _| {
            let Some(selection) = &mut package.selection else {
                return Err(refused(format!("no controls were chosen; hint: watchbell rmf select {service}")));
            };
            let is_chosen = selection.controls.contains_key(control);
            package.tailoring.added.remove(control);
            package.tailoring.removed.remove(control);
            match (how, is_chosen) {
                (Tailor::Add, false) => {
                    package.tailoring.added.insert(control.to_owned(), text(why, "why it is put in")?);
                    selection.titles.extend(title.map(|title| (control.to_owned(), title)));
                }
                (Tailor::Remove, true) => {
                    package.tailoring.removed.insert(control.to_owned(), text(why, "why it is taken out")?);
                }
                _ => {}
            }
            Ok(())
        })
        .await
    }

    /// Says how a control is met: by an item of the boundary, or taken over from another service, which has to meet it and be authorized.
    ///
    /// # Errors
    /// When the context may not, the control is none of the chosen, the source makes no sense, or the state refuses.
    pub async fn rmf_state<'a>(
        &self,
        ctx: &OpContext,
        (service, control): (impl Into<RmfOf<'a>>, &str),
        (status, words, by): (Implementation, &str, Source),
    ) -> Result<(), OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let of = service.into();
        let service = of.service;
        let how = How { status, words: text(words, "how it is met")?, by, done: done(ctx) };
        if let Source::InheritedFrom(_) = &how.by {
            let mut packages: BTreeMap<ItemId, Package> =
                self.rmf_services(ctx).await?.into_iter().map(|view| (view.item.id, view.package)).collect();
            if let Some(own) = packages.get_mut(service) {
                own.statements.insert(control.to_owned(), how.clone());
            }
            rmf::provider(service, control, &packages, ctx.now).map_err(refused)?;
        }
        self.rmf_change(ctx, (of, Step::Implement), |package, whole| {
            counts(package, control)?;
            if let Source::Item(item) = &how.by
                && !rmf::boundary(package, &whole.items, &whole.links).contains(item)
            {
                return Err(refused(format!("{item} does not belong to {service}")));
            }
            package.statements.insert(control.to_owned(), how);
            Ok(())
        })
        .await
    }

    /// Keeps what people found out about a control.
    ///
    /// # Errors
    /// When the context may not, the control is none of the chosen, nothing is said, or the state refuses.
    pub async fn rmf_assess<'a>(
        &self,
        ctx: &OpContext,
        (service, control): (impl Into<RmfOf<'a>>, &str),
        (method, is_satisfied, words): (Method, bool, &str),
        evidence: Vec<Evidence>,
    ) -> Result<(), OfficeError> {
        if method == Method::Automated {
            return Err(refused("automated results come from the program alone; hint: watchbell rmf check"));
        }
        shows(&evidence)?;
        let words = text(words, "what was found")?;
        self.rmf_change(ctx, (service.into(), Step::Assess), |package, _| {
            counts(package, control)?;
            package.assess(control, Assessed { method, is_satisfied, words, evidence, done: done(ctx) });
            Ok(())
        })
        .await
    }

    /// Looks at what the program can see for itself, and keeps what it can say about controls of the service. An older result of a look that
    /// cannot say any more is taken out.
    ///
    /// # Errors
    /// When the context may not, there is no such service, what was seen cannot be read, or the state refuses.
    pub async fn rmf_check<'a>(
        &self,
        ctx: &OpContext,
        service: impl Into<RmfOf<'a>>,
        seam: &RmfSeam,
    ) -> Result<Vec<checks::Checked>, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let of = service.into();
        let view = self.rmf_package(ctx, of.service).await?;
        let seen = self.rmf_seen(ctx, &view.boundary, seam).await?;
        self.rmf_change(ctx, (of, Step::Assess), |package, whole| {
            let item = service_of(whole, of.service)?;
            let telemetry = checks::Telemetry {
                service: item,
                boundary: &view.boundary,
                items: &whole.items,
                links: &whole.links,
                seen: seen.as_ref(),
                vulnerabilities_checked: seam.vulnerabilities_checked,
                now: ctx.now,
            };
            let checked = checks::run(&telemetry);
            let counting: Vec<_> = checked.iter().filter(|one| counts(package, one.control).is_ok()).collect();
            for one in counting {
                match one.is_satisfied {
                    Some(is_satisfied) => {
                        let (words, what) = (one.because.clone(), "what the program knows".to_owned());
                        let evidence = vec![Evidence { what, place: String::new(), hash: String::new(), at: ctx.now }];
                        let (method, done) = (Method::Automated, done(ctx));
                        package.assess(one.control, Assessed { method, is_satisfied, words, evidence, done });
                    }
                    None => {
                        if let Some(list) = package.assessed.get_mut(one.control) {
                            list.retain(|old| old.method != Method::Automated);
                        }
                    }
                }
            }
            Ok(checked)
        })
        .await
    }

    /// Plans something that is to be done for a control, or changes what was planned under that id.
    ///
    /// # Errors
    /// When the context may not, the control is none of the chosen, id or words say nothing, or the state refuses.
    pub async fn rmf_plan<'a>(
        &self,
        ctx: &OpContext,
        (service, id): (impl Into<RmfOf<'a>>, &str),
        action: Action,
    ) -> Result<(), OfficeError> {
        let id = ItemId::parse(id).map_err(refused)?;
        let action = Action { words: text(&action.words, "what is to be done")?, done: done(ctx), ..action };
        self.rmf_change(ctx, (service.into(), Step::Assess), |package, _| {
            counts(package, &action.control)?;
            package.actions.insert(id.to_string(), action);
            Ok(())
        })
        .await
    }
}
