//! TOML files of an installation: mappings, routes, placeholders.

use detect::sigma::{Placeholders, Router};
use formats::Mappings;
use model::{Format, limits};

use super::{Fault, Faults, Input};

pub(super) fn mapping(input: &Input) -> Result<Faults, Fault> {
    let text = input.text(limits::RULE_FILE_BYTES_MAX)?;
    let mappings = Mappings::parse(&text).map_err(|error| fault(&error.to_string()))?;
    if mappings.is_empty() {
        return Err(Fault::new("it holds no mapping").hint("a mapping begins with [[mapping]]"));
    }
    Ok(Faults::default())
}

pub(super) fn routing(input: &Input) -> Result<Faults, Fault> {
    let text = input.text(limits::RULE_FILE_BYTES_MAX)?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| fault(&error.to_string()))?;
    let mut faults = Faults::default();
    let routes = table.get("route").and_then(toml::Value::as_array);
    for (number, route) in routes.into_iter().flatten().enumerate() {
        let place = format!("route {}", number + 1);
        faults.extend(unknown_formats(route).map(|name| {
            Fault::at(place.clone(), format!("format: {name:?} is no format"))
                .hint("`watchbell scan --help` lists them")
        }));
        if ["product", "category", "service"].iter().all(|key| route.get(key).is_none()) {
            faults
                .push(Fault::at(place, "it names neither product nor category nor service, so no rule is found by it"));
        }
    }
    if faults.total == 0 {
        Router::with_table(&text).map_err(|error| fault(&error.to_string()))?;
    }
    Ok(faults)
}

/// The reader of the table says only that a value is none of several things; a name can be said more exactly.
fn unknown_formats(route: &toml::Value) -> impl Iterator<Item = &str> {
    let named = match route.get("format") {
        Some(toml::Value::Array(many)) => many.iter().filter_map(toml::Value::as_str).collect(),
        Some(one) => one.as_str().into_iter().collect::<Vec<_>>(),
        None => Vec::new(),
    };
    named.into_iter().filter(|name| name.parse::<Format>().is_err())
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
