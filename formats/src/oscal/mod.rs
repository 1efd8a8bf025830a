//! OSCAL, the language in which risk management is written down (NIST, version 1.2): catalogs and profiles of controls, security plans,
//! assessment plans and results, plans of action.
//!
//! [`Document::read`] and [`Document::to_json`] lose nothing: what these types do not know by name stays in their `rest`, and what is
//! absent stays absent. [`resolve`] makes the catalog that a profile stands for. [`check`] says what is wrong beyond the schema:
//! references that lead nowhere, ids that are there twice.
//!
//! Deliberately absent: XML and YAML, the texts of controls (they are imported), and the judgement of the JSON schemas, which whoever
//! has them asks ([`Model::schema`]).

mod assess;
pub mod build;
mod catalog;
mod check;
mod common;
mod implement;
mod list;
mod object;
mod profile;
mod resolve;
mod schema;

use std::fmt;

use model::limits;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use assess::*;
pub use catalog::*;
pub use check::{Flaw, check};
pub use common::*;
pub use implement::*;
pub use list::List;
pub use profile::*;
pub use resolve::{Referred, Resolution, ResolveError, ResolveNote, Tailored, resolve, sources_of};
pub use schema::{OscalSchemaError, Schemas};

/// Properties that a type does not know by name.
pub type Rest = Map<String, Value>;

/// A document of OSCAL.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a document is held once, and handed on by reference")]
pub enum Document {
    /// Controls.
    Catalog(Catalog),
    /// A choice among controls.
    Profile(Profile),
    /// Components and how they meet controls, for others to take over.
    ComponentDefinition(ComponentDefinition),
    /// How a system meets its controls.
    SystemSecurityPlan(SystemSecurityPlan),
    /// How that is going to be assessed.
    AssessmentPlan(AssessmentPlan),
    /// What came of it.
    AssessmentResults(AssessmentResults),
    /// What is done about it.
    PlanOfActionAndMilestones(PlanOfActionAndMilestones),
    /// Which controls of one catalog correspond to which of another.
    MappingCollection(MappingCollection),
}

/// The sorts of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    /// `catalog`
    Catalog,
    /// `profile`
    Profile,
    /// `component-definition`
    ComponentDefinition,
    /// `system-security-plan`
    SystemSecurityPlan,
    /// `assessment-plan`
    AssessmentPlan,
    /// `assessment-results`
    AssessmentResults,
    /// `plan-of-action-and-milestones`
    PlanOfActionAndMilestones,
    /// `mapping-collection`
    MappingCollection,
}

/// Why bytes are no document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// More than is read.
    #[error("a document of {bytes} bytes; hint: at most {} are read", limits::OSCAL_BYTES_MAX)]
    TooLarge {
        /// How much it is.
        bytes: usize,
    },
    /// No JSON.
    #[error("no JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// JSON of another kind.
    #[error("no model of OSCAL; hint: the root has one of {}", Model::names())]
    NoModel,
    /// Something in it has another shape.
    #[error("{model}: at {path}: {reason}")]
    Shape {
        /// Which model it says it is.
        model: Model,
        /// Where, for example `metadata.roles[3].title`.
        path: String,
        /// What is wrong there.
        reason: String,
    },
}

impl Model {
    /// All of them.
    pub const ALL: [Model; 8] = [
        Model::Catalog,
        Model::Profile,
        Model::ComponentDefinition,
        Model::SystemSecurityPlan,
        Model::AssessmentPlan,
        Model::AssessmentResults,
        Model::PlanOfActionAndMilestones,
        Model::MappingCollection,
    ];

    /// The name of its root.
    pub const fn name(self) -> &'static str {
        match self {
            Model::Catalog => "catalog",
            Model::Profile => "profile",
            Model::ComponentDefinition => "component-definition",
            Model::SystemSecurityPlan => "system-security-plan",
            Model::AssessmentPlan => "assessment-plan",
            Model::AssessmentResults => "assessment-results",
            Model::PlanOfActionAndMilestones => "plan-of-action-and-milestones",
            Model::MappingCollection => "mapping-collection",
        }
    }

    /// The file of NIST's schema for it. The schema of all models together says only that none of them fits.
    pub const fn schema(self) -> &'static str {
        match self {
            Model::Catalog => "oscal_catalog_schema.json",
            Model::Profile => "oscal_profile_schema.json",
            Model::ComponentDefinition => "oscal_component_schema.json",
            Model::SystemSecurityPlan => "oscal_ssp_schema.json",
            Model::AssessmentPlan => "oscal_assessment-plan_schema.json",
            Model::AssessmentResults => "oscal_assessment-results_schema.json",
            Model::PlanOfActionAndMilestones => "oscal_poam_schema.json",
            Model::MappingCollection => "oscal_mapping_schema.json",
        }
    }

    fn names() -> String {
        Model::ALL.map(Model::name).join(", ")
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! each_model {
    ($document:expr, $inner:ident => $do:expr) => {
        match $document {
            Document::Catalog($inner) => $do,
            Document::Profile($inner) => $do,
            Document::ComponentDefinition($inner) => $do,
            Document::SystemSecurityPlan($inner) => $do,
            Document::AssessmentPlan($inner) => $do,
            Document::AssessmentResults($inner) => $do,
            Document::PlanOfActionAndMilestones($inner) => $do,
            Document::MappingCollection($inner) => $do,
        }
    };
}

impl Document {
    /// Reads a document.
    ///
    /// ```
    /// use formats::oscal::{Document, Model};
    /// let text = br#"{"catalog":{"uuid":"e18eb11d-19ae-4f7b-a6e2-3d3fcc0a4e40","metadata":{"title":"Ours",
    ///     "last-modified":"2026-11-26T00:00:00Z","version":"1","oscal-version":"1.2.1"}}}"#;
    /// let document = Document::read(text)?;
    /// assert_eq!((document.model(), document.metadata().title.as_str()), (Model::Catalog, "Ours"));
    /// # Ok::<(), formats::oscal::ReadError>(())
    /// ```
    ///
    /// # Errors
    /// The bytes are too many, no JSON, no model of OSCAL, or have another shape than their model; with the place and the reason.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > limits::OSCAL_BYTES_MAX {
            return Err(ReadError::TooLarge { bytes: bytes.len() });
        }
        Self::of_value(serde_json::from_slice(bytes).map_err(ReadError::Json)?)
    }

    /// The same, of JSON that was read already.
    ///
    /// # Errors
    /// It is no model of OSCAL, or has another shape than its model.
    pub fn of_value(value: Value) -> Result<Self, ReadError> {
        let Value::Object(mut root) = value else { return Err(ReadError::NoModel) };
        let model = Model::ALL.into_iter().find(|model| root.contains_key(model.name())).ok_or(ReadError::NoModel)?;
        // Beside its model a root may have `$schema`, which says nothing of the document.
        let inner = root.remove(model.name()).unwrap_or_default();
        Ok(match model {
            Model::Catalog => Document::Catalog(shaped(model, inner)?),
            Model::Profile => Document::Profile(shaped(model, inner)?),
            Model::ComponentDefinition => Document::ComponentDefinition(shaped(model, inner)?),
            Model::SystemSecurityPlan => Document::SystemSecurityPlan(shaped(model, inner)?),
            Model::AssessmentPlan => Document::AssessmentPlan(shaped(model, inner)?),
            Model::AssessmentResults => Document::AssessmentResults(shaped(model, inner)?),
            Model::PlanOfActionAndMilestones => Document::PlanOfActionAndMilestones(shaped(model, inner)?),
            Model::MappingCollection => Document::MappingCollection(shaped(model, inner)?),
        })
    }

    /// Which model it is.
    pub const fn model(&self) -> Model {
        match self {
            Document::Catalog(_) => Model::Catalog,
            Document::Profile(_) => Model::Profile,
            Document::ComponentDefinition(_) => Model::ComponentDefinition,
            Document::SystemSecurityPlan(_) => Model::SystemSecurityPlan,
            Document::AssessmentPlan(_) => Model::AssessmentPlan,
            Document::AssessmentResults(_) => Model::AssessmentResults,
            Document::PlanOfActionAndMilestones(_) => Model::PlanOfActionAndMilestones,
            Document::MappingCollection(_) => Model::MappingCollection,
        }
    }

    /// What is said about the document itself.
    pub const fn metadata(&self) -> &Metadata {
        each_model!(self, inner => &inner.metadata)
    }

    /// Its id.
    pub fn uuid(&self) -> &str {
        each_model!(self, inner => &inner.uuid)
    }

    /// What stands behind it.
    pub const fn back_matter(&self) -> Option<&BackMatter> {
        each_model!(self, inner => inner.back_matter.as_ref())
    }

    /// The document as JSON, with its root.
    pub fn to_value(&self) -> Value {
        let inner = each_model!(self, inner => value(inner));
        Value::Object(Map::from_iter([(self.model().name().to_owned(), inner)]))
    }

    /// The same as text, for people and programs.
    pub fn to_json(&self) -> String {
        // A tree of texts and numbers has no value that could not be written.
        serde_json::to_string_pretty(&self.to_value()).unwrap_or_default()
    }
}

fn value(inner: &impl Serialize) -> Value {
    serde_json::to_value(inner).unwrap_or_default()
}

fn shaped<T: DeserializeOwned>(model: Model, inner: Value) -> Result<T, ReadError> {
    serde_path_to_error::deserialize(inner).map_err(|error| {
        let path = error.path().to_string();
        ReadError::Shape { model, path, reason: error.into_inner().to_string() }
    })
}

#[cfg(test)]
mod tests;
