//! STIX documents and CSAF advisories: what their standards demand. What they only recommend makes no file invalid.

use formats::intel::{Judgement, Severity, check_csaf, check_stix};
use intel::pattern::Pattern;
use model::limits;

use super::{Fault, Faults, Input};

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
