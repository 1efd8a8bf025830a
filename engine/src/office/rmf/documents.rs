//! The documents of a service, in OSCAL: made of what was said, and kept.

use std::collections::BTreeMap;

use formats::oscal::Document;
use formats::oscal::build::{
    About, By, Controlled, Looked, Met, Referred, System, ToDo, assessment_plan, assessment_results, plan_of_action,
    security_plan,
};
use model::OpContext;
use model::document::DocumentKind;
use model::register::{ItemId, LinkKind};
use risk::rmf::{Assessed, Method, Package, Source, checks};
use store::state::{After, DocumentVersion, RegisterWhole};

use super::super::{Office, OfficeError};
use super::{RmfOf, RmfView, hex, place, refused};
use crate::access::Operation;

fn looked(assessed: &Assessed) -> Looked {
    let evidence = |one: &risk::rmf::Evidence| {
        let mut words = one.what.clone();
        for (before, more) in [(", in ", &one.place), (", SHA-256 ", &one.hash)] {
            if !more.is_empty() {
                words.push_str(before);
                words.push_str(more);
            }
        }
        format!("{words}, taken {}", one.at)
    };
    Looked {
        method: match assessed.method {
            Method::Examine => "EXAMINE",
            Method::Interview => "INTERVIEW",
            Method::Test | Method::Automated => "TEST",
        },
        is_automated: assessed.method == Method::Automated,
        is_satisfied: assessed.is_satisfied,
        words: assessed.words.clone(),
        at: assessed.done.at,
        evidence: assessed.evidence.iter().map(evidence).collect(),
    }
}

/// A control; `others` are all packages, for what is taken over.
fn controlled(package: &Package, id: &str, whole: &RegisterWhole, others: &BTreeMap<ItemId, Package>) -> Controlled {
    let met = package.statements.get(id).map(|how| {
        let by = match &how.by {
            Source::Item(item) => By::Item(item.to_string()),
            Source::InheritedFrom(service) => By::Inherited {
                service: service.to_string(),
                title: whole.items.get(service).map_or_else(|| service.to_string(), |item| item.title.clone()),
                authorized: others.get(service).and_then(|other| Some(other.authorization.as_ref()?.done.at)),
            },
        };
        Met { status: how.status.name(), words: how.words.clone(), by }
    });
    let statement = package.selection.as_ref().and_then(|selection| selection.controls.get(id));
    Controlled {
        id: id.to_owned(),
        statement: statement.map_or_else(|| id.to_owned(), Clone::clone),
        met,
        looked: package.assessed.get(id).into_iter().flatten().map(looked).collect(),
    }
}

fn to_do(package: &Package) -> Vec<ToDo> {
    let one = |(id, action): (&String, &risk::rmf::Action)| ToDo {
        id: id.clone(),
        control: action.control.clone(),
        words: action.words.clone(),
        due: action.due,
        status: action.status.name(),
    };
    package.actions.iter().map(one).collect()
}

/// Where data goes, one link a line.
fn flows(view: &RmfView, whole: &RegisterWhole) -> String {
    let is_flow = |kind| matches!(kind, LinkKind::SendsTo | LinkKind::StoresIn);
    let links = whole.links.iter().filter(|link| is_flow(link.kind));
    let own = links.filter(|link| view.boundary.contains(&link.from) || view.boundary.contains(&link.to));
    own.map(|link| format!("{} {} {}", link.from, link.kind, link.to)).collect::<Vec<_>>().join("\n")
}

impl Office {
    /// Makes and keeps the security plan, the assessment plan, the assessment results and the plan of action of a service, in that order:
    /// each names those before it with their hashes.
    ///
    /// # Errors
    /// When the context may not, no controls were chosen, or the state refuses.
    pub async fn rmf_documents<'a>(
        &self,
        ctx: &OpContext,
        service: impl Into<RmfOf<'a>>,
    ) -> Result<Vec<DocumentVersion>, OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let of = service.into();
        let service = of.service;
        let views = self.rmf_services(ctx).await?;
        let whole = self.state.register_whole(ctx, None).await?;
        let others: BTreeMap<ItemId, Package> =
            views.iter().map(|view| (view.item.id.clone(), view.package.clone())).collect();
        let view = views.into_iter().find(|view| view.item.id == *service);
        let view = view.ok_or_else(|| OfficeError::NotFound { what: "service", name: service.to_string() })?;
        of.fits(view.version)?;
        let package = &view.package;
        let Some(selection) = &package.selection else {
            return Err(refused(format!("no controls were chosen; hint: watchbell rmf select {service}")));
        };
        let types = self.rmf_information(ctx).await?;
        let wanted = format!("profile/{} version", selection.baseline);
        let source = selection.sources.iter().find(|(name, _)| name.starts_with(&wanted));
        let (title, hash) = source.map(|(name, hash)| (name.clone(), hash.clone())).unwrap_or_default();
        let system = System {
            service: view.item.clone(),
            items: view
                .boundary
                .iter()
                .filter(|id| *id != service)
                .filter_map(|id| whole.items.get(id))
                .cloned()
                .collect(),
            information: view.item.information_types.iter().filter_map(|id| types.get(id)).cloned().collect(),
            categorization: view.item.categorization.clone(),
            flows: flows(&view, &whole),
            profile: Referred { title, href: format!("profile-{}.json", selection.baseline), hash },
            controls: package.controls().into_iter().map(|id| controlled(package, id, &whole, &others)).collect(),
            to_do: to_do(package),
        };
        let about = About { agency: ctx.agency.to_string(), version: view.version.to_string(), at: ctx.now };
        self.rmf_keep_all(ctx, &system, &about).await
    }

    async fn rmf_keep_all(
        &self,
        ctx: &OpContext,
        system: &System,
        about: &About,
    ) -> Result<Vec<DocumentVersion>, OfficeError> {
        let name = system.service.id.as_str();
        let referred = |version: &DocumentVersion| Referred {
            title: format!("{} version {}", version.place, version.number),
            href: format!("{}.json", version.place.kind),
            hash: hex(&version.hash),
        };
        let plan = self.rmf_keep_one(ctx, (DocumentKind::SecurityPlan, name), &security_plan(system, about)).await?;
        let automated: Vec<&str> = checks::checked_controls().collect();
        let assessment = assessment_plan(system, about, (&referred(&plan), &automated));
        let assessment = self.rmf_keep_one(ctx, (DocumentKind::AssessmentPlan, name), &assessment).await?;
        let results = assessment_results(system, about, &referred(&assessment));
        let results = self.rmf_keep_one(ctx, (DocumentKind::AssessmentResults, name), &results).await?;
        let actions = plan_of_action(system, about, &referred(&plan));
        let actions = self.rmf_keep_one(ctx, (DocumentKind::ActionPlan, name), &actions).await?;
        Ok(vec![plan, assessment, results, actions])
    }

    async fn rmf_keep_one(
        &self,
        ctx: &OpContext,
        (kind, name): (DocumentKind, &str),
        document: &Document,
    ) -> Result<DocumentVersion, OfficeError> {
        self.keep_document(ctx, &place(kind, name)?, After::Any, document.to_json().as_bytes()).await
    }
}
