//! The decision whether a service may run, signed; whether it still is what was signed; and what has changed since.

use std::collections::BTreeMap;
use std::time::Duration;

use model::document::DocumentKind;
use model::register::ItemId;
use model::{OpContext, Timestamp, limits};
use risk::rmf::{AuthorizationHead, Decision, Drift, Facts, SignedDocument, Step, drift};
use serde::{Deserialize, Serialize};
use store::ledger::VerifierKey;
use store::state::After;

use super::super::{Office, OfficeError};
use super::facts::NAMED;
use super::{RmfOf, RmfSeam, RmfView, done, hex, place, refused, text, view};
use crate::access::Operation;

/// The first bytes of what is signed: they say what it is, so that no other signature of the key is taken for one of a decision.
const SIGNED_AS: &[u8] = b"watchbell authorization v1\n";

/// What somebody decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// What.
    pub decision: Decision,
    /// Until when.
    pub expires: Timestamp,
    /// Under which conditions.
    pub conditions: Vec<String>,
    /// Which risk is accepted, in words; why not, for a denial.
    pub risk: String,
}

/// A decision with what it was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationRecord {
    /// In which agency.
    pub agency: String,
    /// Which service.
    pub service: ItemId,
    /// What was decided.
    pub accepted: Accepted,
    /// Who accepts the risk, by an id that is no name.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What was so then, with the versions and hashes of security plan, assessment results and plan of action.
    pub facts: Facts,
}

/// A decision with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedAuthorization {
    /// What was signed.
    pub record: AuthorizationRecord,
    /// The public key, as the ledger has it.
    pub key: String,
    /// Ed25519 over the canonical bytes, in base64.
    pub signature: String,
}

/// What a verification says.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The decision.
    pub signed: SignedAuthorization,
    /// The installation's key signed it.
    pub is_signed: bool,
    /// Documents whose kept version is not what was signed, or is not there.
    pub changed: Vec<String>,
    /// A decision that was kept later and counts for nothing: what was said changed while it was made.
    pub unnamed: Option<u64>,
}

impl AuthorizationRecord {
    /// The bytes that are signed: what they are, and the record as JSON with its fields in this order and sorted maps.
    ///
    /// # Errors
    /// None in practice; the writer of JSON has some.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = SIGNED_AS.to_vec();
        serde_json::to_writer(&mut bytes, self)?;
        Ok(bytes)
    }
}

impl SignedAuthorization {
    /// Whether that key signed it: for whoever has the document and the key alone.
    pub fn is_signed_by(&self, key: &VerifierKey) -> bool {
        self.record.canonical_bytes().is_ok_and(|bytes| key.has_signed(&bytes, &self.signature))
    }
}

fn sound(accepted: &Accepted, now: Timestamp) -> Result<(), OfficeError> {
    text(&accepted.risk, "the risk that is accepted, or why it may not run")?;
    let latest = now.plus(Duration::from_secs(limits::AUTHORIZATION_DAYS_MAX * 86_400));
    if accepted.expires <= now || accepted.expires > latest {
        return Err(refused(format!("a decision ends after now and by {latest}: three years are the most")));
    }
    for condition in &accepted.conditions {
        text(condition, "a condition")?;
    }
    match (accepted.decision, accepted.conditions.len()) {
        (Decision::AuthorizeWithConditions, 0) => Err(refused("under conditions, and none is named")),
        (Decision::Authorize | Decision::Deny, 1..) => {
            Err(refused("conditions stand with `authorize-with-conditions` alone"))
        }
        (_, length) if length > limits::ITEM_LIST_MAX => Err(refused("more conditions than anybody reads")),
        _ => Ok(()),
    }
}

impl Office {
    /// Decides whether a service may run, and signs that. The documents have to be made after the last change of the package.
    ///
    /// # Errors
    /// When the context may not or has no fresh proof, the decision makes no sense, documents are missing or older than the package, or the
    /// state refuses.
    pub async fn rmf_authorize<'a>(
        &self,
        ctx: &OpContext,
        service: impl Into<RmfOf<'a>>,
        (accepted, seam): (Accepted, &RmfSeam),
    ) -> Result<SignedAuthorization, OfficeError> {
        self.may(ctx, Operation::RiskAuthorize).await?;
        sound(&accepted, ctx.now)?;
        let of = service.into();
        let service = of.service;
        let view = self.rmf_package(ctx, service).await?;
        of.fits(view.version)?;
        let documents = self.rmf_current(ctx, &view).await?;
        let facts = self.rmf_facts(ctx, (&view.item, &view.boundary), (seam, documents)).await?;
        let record = AuthorizationRecord {
            agency: ctx.agency.to_string(),
            service: service.clone(),
            accepted,
            by: ctx.actor.clone(),
            at: ctx.now,
            facts,
        };
        let signature = self.ledger.sign_document(&record.canonical_bytes().map_err(refused)?);
        let signed = SignedAuthorization { record, key: self.ledger.verifier().to_string(), signature };
        let body = serde_json::to_vec_pretty(&signed).map_err(refused)?;
        let place = place(DocumentKind::Authorization, service.as_str())?;
        // The record goes first: a package that names a record which is not there would say that somebody decided. When somebody changes the
        // package in between, the record stays, counts for nothing, and `rmf_verify` tells of it.
        let kept = self.keep_document(ctx, &place, After::Any, &body).await?;
        let mut package = view.package;
        package.authorization = Some(AuthorizationHead {
            decision: signed.record.accepted.decision,
            expires: signed.record.accepted.expires,
            version: kept.number,
            done: done(ctx),
        });
        // What was open again was open when the decision was made: it is part of what was accepted.
        package.reopened.clear();
        package.worked.remove(&Step::Monitor);
        package.work(Step::Authorize, done(ctx));
        self.rmf_keep(ctx, &package, view.version).await?;
        Ok(signed)
    }

    /// The documents that a decision names, if they were made of the package as it is.
    async fn rmf_current(
        &self,
        ctx: &OpContext,
        view: &RmfView,
    ) -> Result<BTreeMap<String, SignedDocument>, OfficeError> {
        let service = view.item.id.as_str();
        let hint = format!("hint: watchbell rmf documents {service}");
        let package = self.state.document(ctx, &place(DocumentKind::Package, service)?, None).await?;
        let changed = package.map(|(version, _)| version.at);
        let mut documents = BTreeMap::new();
        for kind in NAMED {
            let found = self.state.document(ctx, &place(kind, service)?, None).await?;
            let (version, _) = found.ok_or_else(|| refused(format!("there is no {kind} of {service}; {hint}")))?;
            if changed.is_some_and(|changed| version.at < changed) {
                return Err(refused(format!("the {kind} of {service} is older than what was said last; {hint}")));
            }
            let signed = SignedDocument { version: version.number, hash: hex(&version.hash) };
            documents.insert(kind.name().to_owned(), signed);
        }
        Ok(documents)
    }

    /// The signed decision of that version, or the newest.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn rmf_authorization(
        &self,
        ctx: &OpContext,
        service: &ItemId,
        version: Option<u64>,
    ) -> Result<SignedAuthorization, OfficeError> {
        self.may(ctx, Operation::RiskRead).await?;
        let place = place(DocumentKind::Authorization, service.as_str())?;
        let found = self.state.document(ctx, &place, version).await?;
        let (_, body) =
            found.ok_or_else(|| OfficeError::NotFound { what: "decision about", name: service.to_string() })?;
        serde_json::from_slice(&body).map_err(|error| refused(format!("{place} makes no sense: {error}")))
    }

    /// Checks the signature of the decision that counts, and that the kept versions of the documents that it names are what was signed.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn rmf_verify(&self, ctx: &OpContext, service: &ItemId) -> Result<Verified, OfficeError> {
        let named = self.rmf_load(ctx, service).await?.0.authorization.map(|head| head.version);
        let signed = self.rmf_authorization(ctx, service, named).await?;
        let kept = self.state.document_versions(ctx, &place(DocumentKind::Authorization, service.as_str())?, 1).await?;
        let newest = kept.first().map(|version| version.number);
        let unnamed = newest.filter(|newest| named.is_none_or(|named| *newest > named));
        let is_about = signed.record.service == *service && signed.record.agency == ctx.agency.to_string();
        let is_signed = is_about && signed.is_signed_by(self.ledger.verifier());
        let documents = &signed.record.facts.documents;
        let now = self.rmf_hashes(ctx, service, documents).await?;
        let changed = documents.iter().filter(|(name, document)| now.get(*name) != Some(*document));
        let changed = changed.map(|(name, _)| name.clone()).collect();
        Ok(Verified { signed, is_signed, changed, unnamed })
    }

    /// What has changed since the newest decision. Nothing is written.
    ///
    /// # Errors
    /// When the context may not, there is no decision, or the state refuses.
    pub async fn rmf_drift(
        &self,
        ctx: &OpContext,
        service: &ItemId,
        seam: &RmfSeam,
    ) -> Result<Vec<Drift>, OfficeError> {
        let view = self.rmf_package(ctx, service).await?;
        let version = view.package.authorization.as_ref().map(|head| head.version);
        let signed = self.rmf_authorization(ctx, service, version).await?;
        let then = signed.record.facts;
        let documents = self.rmf_hashes(ctx, service, &then.documents).await?;
        let now = self.rmf_facts(ctx, (&view.item, &view.boundary), (seam, documents)).await?;
        Ok(drift(&view.package, &then, &now))
    }

    /// Looks what has changed since the newest decision, opens the steps again that follow from it, and says that somebody looked.
    ///
    /// # Errors
    /// When the context may not, there is no decision, or the state refuses.
    pub async fn rmf_monitor<'a>(
        &self,
        ctx: &OpContext,
        service: impl Into<RmfOf<'a>>,
        seam: &RmfSeam,
    ) -> Result<(RmfView, Vec<Drift>), OfficeError> {
        self.may(ctx, Operation::RiskWrite).await?;
        let of = service.into();
        let service = of.service;
        let drift = self.rmf_drift(ctx, service, seam).await?;
        let mut again: BTreeMap<Step, Vec<String>> = BTreeMap::new();
        for one in &drift {
            again.entry(one.step).or_default().push(one.to_string());
        }
        self.rmf_change(ctx, (of, Step::Monitor), |package, _| {
            package.reopened = again;
            Ok(())
        })
        .await?;
        let whole = self.state.register_whole(ctx, None).await?;
        let item = super::service_of(&whole, service)?;
        let loaded = self.rmf_load(ctx, service).await?;
        Ok((view(&whole, item, loaded, &drift, ctx.now), drift))
    }
}
