//! Lists: indicators, and harmless things.

use detect::indicators::{Defaults, parse_list};
use detect::suppress::{ListError, Lists};
use model::limits;

use super::{Fault, Faults, Input};

pub(super) fn indicators(input: &Input) -> Result<Faults, Fault> {
    let bytes = input.unpacked(limits::LIST_FILE_BYTES_MAX)?;
    let report = parse_list(&bytes, &Defaults::of_source(&input.name()), |_| ());
    let mut faults = Faults::default();
    for (line, error) in &report.errors {
        let fault = Fault::at(format!("line {line}"), error.to_string());
        // Said once is enough.
        let is_first = faults.total == 0;
        faults.push(if is_first {
            fault.hint("a line is value<TAB>label or value<TAB>label<TAB>confidence")
        } else {
            fault
        });
    }
    faults.total = report.bad;
    Ok(faults)
}

pub(super) fn suppress(input: &Input) -> Result<Faults, Fault> {
    let bytes = input.unpacked(limits::LIST_FILE_BYTES_MAX)?;
    let mut lists = Lists::default();
    let is_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| b"{[".contains(first));
    let added = if is_json {
        lists.add_misp(&bytes, None)
    } else {
        let text = input_text(&bytes)?;
        lists.add_plain(&input.name(), text, None)
    };
    let added = added.map_err(|error| match error {
        ListError::Shape(source) => Fault::new(format!("not a warning list: {source}"))
            .hint("a warning list is an object with name, type and list"),
        other => Fault::new(other.to_string()),
    })?;
    let mut faults = Faults::default();
    faults.extend(added.skipped_entries.into_iter().map(Fault::new));
    faults.total = added.skipped as u64;
    Ok(faults)
}

fn input_text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let line = memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() + 1;
        Fault::at(format!("line {line}"), "not UTF-8").hint("save the file in UTF-8")
    })
}
