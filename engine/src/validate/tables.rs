//! TOML files of an installation: mappings, routes, placeholders.

use detect::sigma::{Placeholders, Router};
use formats::Mappings;
use model::limits;

use super::{Fault, Faults, Input};

pub(super) fn mapping(input: &Input) -> Result<Faults, Fault> {
    let text = input.text(limits::RULE_FILE_BYTES_MAX)?;
    let mappings = Mappings::parse(&text).map_err(|error| fault(&error.to_string()))?;
    if mappings.len() == 0 {
        return Err(Fault::new("it holds no mapping").hint("a mapping begins with [[mapping]]"));
    }
    Ok(Faults::default())
}

pub(super) fn routing(input: &Input) -> Result<Faults, Fault> {
    let text = input.text(limits::RULE_FILE_BYTES_MAX)?;
    Router::with_table(&text).map_err(|error| fault(&error.to_string()))?;
    Ok(Faults::default())
}

pub(super) fn placeholders(input: &Input) -> Result<Faults, Fault> {
    let text = input.text(limits::RULE_FILE_BYTES_MAX)?;
    let placeholders: Placeholders = toml::from_str(&text).map_err(|error| {
        fault(&error.to_string()).hint("a line is a name and a list of texts: Administrators = [\"root\", \"adm*\"]")
    })?;
    let mut faults = Faults::default();
    for (name, values) in &placeholders {
        if values.is_empty() {
            faults.push(
                Fault::at(name.clone(), "it has no value").hint("a rule with this placeholder could match nothing"),
            );
        }
    }
    Ok(faults)
}

/// The TOML reader explains over several lines: the place first, a picture of it, and at the end what is wrong.
fn fault(text: &str) -> Fault {
    let Some((_, rest)) = text.split_once("at line ") else { return Fault::new(text.trim()) };
    let place = rest.lines().next().unwrap_or_default();
    let is_place = place.starts_with(|first: char| first.is_ascii_digit());
    let problem = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    match problem {
        Some(problem) if is_place && text.lines().count() > 1 => Fault::at(format!("line {place}"), problem),
        _ => Fault::new(text.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}
