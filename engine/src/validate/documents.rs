//! STIX documents, CSAF advisories and documents of OSCAL: what their standards demand. What they only recommend makes no file invalid.

use formats::intel::{Judgement, Severity, check_csaf, check_stix};
use formats::oscal::{Document, Flaw, ReadError, Schemas, check};
use intel::pattern::Pattern;
use model::limits;

use super::{Fault, Faults, Input, Verdict};

pub(super) fn stix(input: &Input) -> Result<Faults, Fault> {
    let bytes = input.unpacked(limits::VALIDATE_EVENTS_BYTES_MAX)?;
    let pattern = |text: &str| Pattern::parse(text).map(|_| ()).map_err(|fault| fault.to_string());
    Ok(faults(check_stix(&bytes, &pattern)))
}

pub(super) fn csaf(input: &Input) -> Result<Faults, Fault> {
    let bytes = input.unpacked(limits::CSAF_DOCUMENT_BYTES_MAX as u64)?;
    Ok(faults(check_csaf(&bytes)))
}

fn faults(judgement: Judgement) -> Faults {
    let mut faults = Faults::default();
    let demands = judgement.faults.into_iter().filter(|fault| fault.severity == Severity::Must);
    for fault in demands {
        faults.push(Fault::at(fault.place, format!("{} ({})", fault.reason, fault.rule)));
    }
    faults.total = judgement.musts;
    faults
}

/// A document of OSCAL; what may be meant so is a remark.
pub(super) fn oscal(schemas: &Schemas, input: &Input) -> Verdict {
    let (faults, remark) = match judged(schemas, input) {
        Ok((flaws, doubts)) => {
            let mut faults = Faults::default();
            faults.extend(flaws.into_iter().map(|flaw| Fault::at(flaw.path, flaw.reason)));
            (faults, doubted(&doubts, schemas))
        }
        Err(fault) => (Faults::of(fault), None),
    };
    Verdict { file: input.name(), faults, remark }
}

type FlawsAndDoubts = (Vec<Flaw>, Vec<Flaw>);

fn judged(schemas: &Schemas, input: &Input) -> Result<FlawsAndDoubts, Fault> {
    let bytes = input.unpacked(limits::OSCAL_BYTES_MAX as u64)?;
    let root: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| Fault::new(format!("not JSON: {error}")))?;
    let by_schema = schemas.judge(&root);
    let document = match Document::of_value(root) {
        Ok(document) => document,
        // The schema names the same place, and others.
        Err(ReadError::Shape { .. }) if by_schema.as_ref().is_some_and(|flaws| !flaws.is_empty()) => {
            return Ok((by_schema.unwrap_or_default(), Vec::new()));
        }
        Err(ReadError::Shape { path, reason, .. }) => return Err(Fault::at(path, reason)),
        Err(error) => return Err(Fault::new(error.to_string())),
    };
    let (doubts, flaws): (Vec<Flaw>, Vec<Flaw>) = check(&document).into_iter().partition(|flaw| flaw.is_doubt);
    // Where there is a schema, its word counts for what both look at.
    Ok((by_schema.unwrap_or(flaws), doubts))
}

fn doubted(doubts: &[Flaw], schemas: &Schemas) -> Option<String> {
    let mut remarks: Vec<String> = doubts.iter().take(3).map(ToString::to_string).collect();
    if doubts.len() > remarks.len() {
        remarks.push(format!("and {} more that may be meant so", doubts.len() - remarks.len()));
    }
    if schemas.is_empty() {
        remarks.push("not held against NIST's schemas".to_owned());
    }
    (!remarks.is_empty()).then(|| remarks.join("; "))
}
