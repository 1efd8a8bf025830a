//! NIST's JSON schemas for OSCAL, as whoever has them gives them. They are not part of the program.

use std::collections::BTreeMap;

use jsonschema::Validator;
use model::limits;
use serde_json::Value;

use super::{Flaw, Model};

/// Schemas, one for each model.
#[derive(Debug, Default)]
pub struct Schemas {
    by_model: BTreeMap<Model, Validator>,
}

/// Why a file is no schema of OSCAL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OscalSchemaError {
    /// More than is read.
    #[error("a schema of {0} bytes; hint: at most {most} are read", most = limits::OSCAL_BYTES_MAX)]
    TooLarge(usize),
    /// No JSON.
    #[error("no JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// JSON of another kind, or the schema of all models together, which says only that none of them fits.
    #[error("no schema of one model of OSCAL")]
    NoModel,
    /// It cannot be used.
    #[error("cannot be used: {0}")]
    Unusable(String),
}

impl Schemas {
    /// Takes a schema; says for which model it is.
    ///
    /// # Errors
    /// The bytes are no schema of a model of OSCAL.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Model, OscalSchemaError> {
        if bytes.len() > limits::OSCAL_BYTES_MAX {
            return Err(OscalSchemaError::TooLarge(bytes.len()));
        }
        let schema: Value = serde_json::from_slice(bytes).map_err(OscalSchemaError::Json)?;
        let roots: Vec<Model> =
            Model::ALL.into_iter().filter(|model| schema.pointer(&format!("/properties/{model}")).is_some()).collect();
        let [model] = roots[..] else { return Err(OscalSchemaError::NoModel) };
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .map_err(|error| OscalSchemaError::Unusable(error.to_string()))?;
        self.by_model.insert(model, validator);
        Ok(model)
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.by_model.is_empty()
    }

    /// What a document, with its root, has against its schema; at most `NOTES_KEPT_MAX` flaws. `None` when there is no schema for it.
    pub fn judge(&self, root: &Value) -> Option<Vec<Flaw>> {
        let model = Model::ALL.into_iter().find(|model| root.get(model.name()).is_some())?;
        let errors = self.by_model.get(&model)?.iter_errors(root);
        let flaw = |error: jsonschema::ValidationError<'_>| Flaw {
            path: dotted(&error.instance_path().to_string(), model),
            reason: shortened(&error.to_string()),
            is_doubt: false,
        };
        Some(errors.take(limits::NOTES_KEPT_MAX).map(flaw).collect())
    }
}

/// `/catalog/metadata/roles/3/title` as `metadata.roles[3].title`.
fn dotted(pointer: &str, model: Model) -> String {
    let mut path = String::new();
    for part in pointer.split('/').filter(|part| !part.is_empty() && *part != model.name()) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{part}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(part);
        }
    }
    if path.is_empty() { ".".to_owned() } else { path }
}

/// On one line, and without the whole value that is wrong, which may be a book.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 300;
    let line = text.replace('\n', "\\n");
    if line.chars().count() <= SHOWN { line } else { format!("{}…", line.chars().take(SHOWN).collect::<String>()) }
}
