//! Apps for telephones: what is known and said of each, as a document that is kept version by version, and whether it may open.

mod bring;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use formats::mobile::table;
use model::document::{DocumentKind, DocumentPlace};
use model::mobile::MobilePlatform;
use model::register::{DataCategory, Item, ItemId, Lifecycle};
use model::{Day, OpContext};
use store::state::After;

use super::{Office, OfficeError};
use crate::access::Operation;

pub use formats::mobile::{MobileManifest, read as read_manifest};
pub use risk::mobile::{
    Control, Finding, Flow, FlowEnd, Gate, GateReason, MobileAssessment, Needs, Objection, Permission, Profile,
    Tracker, Verdict, Wiring,
};

/// What is kept of an app.
#[derive(Clone, Debug, PartialEq)]
pub struct MobileView {
    /// The item of the register.
    pub item: Item,
    /// What is known and said; nothing is said in it while there is no version.
    pub assessment: MobileAssessment,
    /// Which version of it; 0 while there is none.
    pub number: u64,
    /// Whether it may open.
    pub gate: Gate,
}

/// A finding as somebody says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidFinding {
    /// About which control.
    pub control: String,
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub why: String,
    /// Where the proof is.
    pub evidence: String,
    /// When it was looked at; today when nobody says.
    pub day: Option<Day>,
}

/// A permission as somebody names it. What is not said stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidPermission {
    /// On which platform.
    pub platform: MobilePlatform,
    /// Its name there.
    pub name: String,
    /// Why it is needed.
    pub why: Option<String>,
    /// Which personal data it is about.
    pub data: Option<Vec<DataCategory>>,
    /// Whether the app works without it.
    pub is_optional: Option<bool>,
}

/// What a manifest changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BroughtManifest {
    /// Permissions that were not asked for before.
    pub new_permissions: Vec<String>,
    /// Permissions that are asked for no more.
    pub gone_permissions: Vec<String>,
    /// What it shows against controls.
    pub objections: Vec<String>,
    /// What could not be taken over.
    pub notes: Vec<String>,
    /// The version that runs now.
    pub version: String,
}

fn refused(error: impl std::fmt::Display) -> OfficeError {
    OfficeError::Refused(error.to_string())
}

fn place(id: &ItemId) -> Result<DocumentPlace, OfficeError> {
    DocumentPlace::new(DocumentKind::MobileAssessment, id.as_str()).map_err(refused)
}

fn today(ctx: &OpContext) -> Result<Day, OfficeError> {
    Day::of(ctx.now).ok_or_else(|| OfficeError::Refused("the clock shows no day".to_owned()))
}

fn profile() -> Result<Profile, OfficeError> {
    Profile::built_in().map_err(refused)
}

/// Whether a permission is guarded by its platform, and what it can tell of people.
fn guarded(platform: MobilePlatform, name: &str) -> (bool, Vec<DataCategory>) {
    let touches = table::permission(platform, name);
    let is_dangerous = touches.is_some() || platform == MobilePlatform::Ios;
    (is_dangerous, touches.unwrap_or_default().to_vec())
}

impl Office {
    /// The controls that apps are held against, in their order.
    ///
    /// # Errors
    /// Never, as a test of the profile shows.
    pub fn mobile_profile(&self) -> Result<Profile, OfficeError> {
        profile()
    }

    /// What is known and said of an app, and whether it may open.
    ///
    /// # Errors
    /// When the context may not, there is no such app, or the state refuses.
    pub async fn mobile(&self, ctx: &OpContext, id: &ItemId) -> Result<MobileView, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let whole = self.state.register_whole(ctx, None).await?;
        let item = whole.items.get(id).filter(|item| item.is_mobile).cloned().ok_or_else(|| no_app(id))?;
        let kept = self.mobile_kept(ctx, id).await?;
        let kept_assessment = kept.as_ref().map(|(_, assessment)| assessment);
        let gate = risk::mobile::gate(&profile()?, (&item, &Wiring::of(&whole.links)), kept_assessment, today(ctx)?);
        let (number, assessment) = kept.unwrap_or_else(|| (0, MobileAssessment::new(id.clone())));
        Ok(MobileView { item, assessment, number, gate })
    }

    /// Whether each app of the register may open; retired ones are not asked about.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn mobile_gates(&self, ctx: &OpContext) -> Result<BTreeMap<ItemId, Gate>, OfficeError> {
        Ok(self.mobile_list(ctx).await?.into_iter().map(|view| (view.item.id.clone(), view.gate)).collect())
    }

    /// All apps of the register that are not retired, by name.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn mobile_list(&self, ctx: &OpContext) -> Result<Vec<MobileView>, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let (whole, profile, today) = (self.state.register_whole(ctx, None).await?, profile()?, today(ctx)?);
        let wiring = Wiring::of(&whole.links);
        let mut views = Vec::new();
        let is_app = |item: &&Item| item.is_mobile && item.state != Lifecycle::Retired;
        for item in whole.items.values().filter(is_app) {
            let kept = self.mobile_kept(ctx, &item.id).await?;
            let kept_assessment = kept.as_ref().map(|(_, assessment)| assessment);
            let gate = risk::mobile::gate(&profile, (item, &wiring), kept_assessment, today);
            let (number, assessment) = kept.unwrap_or_else(|| (0, MobileAssessment::new(item.id.clone())));
            views.push(MobileView { item: item.clone(), assessment, number, gate });
        }
        Ok(views)
    }

    /// The newest version, and its number.
    async fn mobile_kept(&self, ctx: &OpContext, id: &ItemId) -> Result<Option<(u64, MobileAssessment)>, OfficeError> {
        let Some((version, body)) = self.state.document(ctx, &place(id)?, None).await? else { return Ok(None) };
        let read = serde_json::from_slice(&body);
        read.map(|assessment| Some((version.number, assessment)))
            .map_err(|error| OfficeError::Refused(format!("the assessment of {id} cannot be read: {error}")))
    }

    /// Changes what is said of an app. `seen` is the version that whoever changes it has looked at.
    ///
    /// # Errors
    /// When the context may not, there is no such app, it was changed meanwhile, the change makes no sense, or the state refuses.
    pub async fn change_mobile(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        seen: Option<u64>,
        change: impl FnOnce(&mut MobileAssessment) -> Result<(), OfficeError>,
    ) -> Result<MobileAssessment, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let item = self.state.register_item(ctx, id, None).await?;
        if !item.is_some_and(|version| version.item.is_mobile) {
            return Err(no_app(id));
        }
        let kept = self.mobile_kept(ctx, id).await?;
        let (number, mut assessment) = kept.unwrap_or_else(|| (0, MobileAssessment::new(id.clone())));
        if seen.is_some_and(|seen| seen != number) {
            return Err(OfficeError::Conflict(format!("{id} was changed meanwhile; look at it again")));
        }
        change(&mut assessment)?;
        assessment.check().map_err(refused)?;
        let body = serde_json::to_vec(&assessment).map_err(refused)?;
        self.keep_document(ctx, &place(id)?, After::Version(number), &body).await?;
        Ok(assessment)
    }

    /// Takes in a manifest: what the app asks for, what it collects, and what it shows against controls. What people said of permissions stays.
    ///
    /// # Errors
    /// As [`Office::change_mobile`].
    pub async fn bring_mobile_manifest(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        manifest: &MobileManifest,
    ) -> Result<BroughtManifest, OfficeError> {
        let day = today(ctx)?;
        let mut brought = BroughtManifest::default();
        let change = |assessment: &mut MobileAssessment| {
            brought = bring::merge(assessment, manifest, day);
            Ok(())
        };
        self.change_mobile(ctx, id, None, change).await?;
        Ok(brought)
    }

    /// Says what was found about a control, in the version that runs.
    ///
    /// # Errors
    /// As [`Office::change_mobile`]; and when there is no such control, or something that belongs to the verdict is missing.
    pub async fn say_mobile_finding(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        seen: Option<u64>,
        said: SaidFinding,
    ) -> Result<MobileAssessment, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        if profile()?.control(&said.control).is_none() {
            return Err(OfficeError::NotFound { what: "control", name: said.control });
        }
        let lack = match said.verdict {
            Verdict::Satisfied if said.evidence.trim().is_empty() => "say where the proof is",
            Verdict::NotApplicable if said.why.trim().is_empty() => "say why it does not apply",
            _ => "",
        };
        if !lack.is_empty() {
            return Err(OfficeError::Refused(format!("{}: {lack}", said.control)));
        }
        let now = today(ctx)?;
        let day = said.day.unwrap_or(now);
        if day > now {
            return Err(OfficeError::Refused(format!("{day} lies in the future")));
        }
        let change = |assessment: &mut MobileAssessment| {
            if assessment.version.is_empty() {
                let words = "nobody has said which version runs; hint: bring its manifest, or say the version";
                return Err(OfficeError::Refused(words.to_owned()));
            }
            let version = assessment.version.clone();
            let (verdict, why, evidence) = (said.verdict, said.why, said.evidence);
            assessment.findings.insert(said.control, Finding { verdict, why, evidence, day, version });
            Ok(())
        };
        self.change_mobile(ctx, id, seen, change).await
    }

    /// Names a permission, or says more about one that the app asks for.
    ///
    /// # Errors
    /// As [`Office::change_mobile`].
    pub async fn name_mobile_permission(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        seen: Option<u64>,
        said: SaidPermission,
    ) -> Result<MobileAssessment, OfficeError> {
        let change = |assessment: &mut MobileAssessment| {
            if assessment.permission(said.platform, &said.name).is_none() {
                assessment.permissions.push(bring::unasked(said.platform, &said.name));
            }
            let Some(permission) = assessment.permission(said.platform, &said.name) else { return Ok(()) };
            permission.why = said.why.unwrap_or_else(|| std::mem::take(&mut permission.why));
            permission.data = said.data.or_else(|| permission.data.take());
            permission.is_optional = said.is_optional.or(permission.is_optional);
            Ok(())
        };
        self.change_mobile(ctx, id, seen, change).await
    }

    /// Names a flow of data; what was said of the same flow before is replaced.
    ///
    /// # Errors
    /// As [`Office::change_mobile`].
    pub async fn name_mobile_flow(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        seen: Option<u64>,
        flow: Flow,
    ) -> Result<MobileAssessment, OfficeError> {
        let change = |assessment: &mut MobileAssessment| {
            match assessment.flows.iter_mut().find(|one| one.to == flow.to) {
                Some(known) => *known = flow,
                None => assessment.flows.push(flow),
            }
            assessment.flows.sort_by(|one, other| one.to.cmp(&other.to));
            Ok(())
        };
        self.change_mobile(ctx, id, seen, change).await
    }

    /// Takes a flow of data back.
    ///
    /// # Errors
    /// As [`Office::change_mobile`]; and when there is none.
    pub async fn drop_mobile_flow(
        &self,
        ctx: &OpContext,
        id: &ItemId,
        seen: Option<u64>,
        to: &FlowEnd,
    ) -> Result<MobileAssessment, OfficeError> {
        let change = |assessment: &mut MobileAssessment| {
            let before = assessment.flows.len();
            assessment.flows.retain(|flow| flow.to != *to);
            match assessment.flows.len() == before {
                true => Err(OfficeError::NotFound { what: "flow", name: to.to_string() }),
                false => Ok(()),
            }
        };
        self.change_mobile(ctx, id, seen, change).await
    }
}

fn no_app(id: &ItemId) -> OfficeError {
    OfficeError::NotFound { what: "app for telephones", name: id.to_string() }
}
