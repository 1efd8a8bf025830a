//! From the TOML that a user wrote to mappings that cannot fail for a reason that could have been known.

use std::collections::BTreeMap;

use model::limits::{MAPPING_KEYS_MAX, MAPPINGS_MAX};
use model::ocsf::Class;
use serde::Deserialize;
use toml::Value;

use super::target::Target;
use super::{Choice, Condition, Mapping, Origin, TimeFormat};

/// Why a mapping file was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MappingError {
    /// The text is no TOML, or has keys that mappings do not have.
    #[error("the mapping file cannot be read: {reason}")]
    Syntax {
        /// What the TOML reader says, with line and column.
        reason: String,
    },
    /// There are more mappings than an installation may have.
    #[error("{count} mappings, at most {MAPPINGS_MAX} are allowed")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// A key of a mapping cannot work.
    #[error("mapping {mapping:?}, key {key:?}: {reason}")]
    Key {
        /// The mapping's name.
        mapping: String,
        /// The key.
        key: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    mapping: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    #[serde(default, rename = "match")]
    conditions: BTreeMap<String, Value>,
    class: Value,
    activity: Option<Value>,
    severity: Option<Value>,
    product: Option<RawProduct>,
    time: Option<RawTime>,
    #[serde(default)]
    set: BTreeMap<String, Value>,
    #[serde(default)]
    fields: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProduct {
    vendor: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTime {
    field: String,
    format: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChoice {
    field: String,
    #[serde(default)]
    map: BTreeMap<String, Value>,
    default: Option<Value>,
}

/// Names the mapping in an error.
struct Place<'m>(&'m str);

impl Place<'_> {
    fn wrong(&self, key: &str, reason: impl Into<String>) -> MappingError {
        MappingError::Key { mapping: self.0.to_owned(), key: key.to_owned(), reason: reason.into() }
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Mapping>, MappingError> {
    let file: File = toml::from_str(text).map_err(|error| MappingError::Syntax { reason: error.to_string() })?;
    let count = file.mapping.len();
    if count > MAPPINGS_MAX {
        return Err(MappingError::TooMany { count });
    }
    file.mapping.into_iter().map(mapping).collect()
}

fn mapping(raw: Raw) -> Result<Mapping, MappingError> {
    let name = raw.name.clone();
    let place = Place(&name);
    let keys = raw.conditions.len() + raw.set.len() + raw.fields.len();
    if keys > MAPPING_KEYS_MAX {
        return Err(place.wrong("fields", format!("{keys} keys, at most {MAPPING_KEYS_MAX} are allowed")));
    }
    let class = class(&place, &raw.class)?;
    let conditions = raw.conditions.into_iter().map(|(field, value)| {
        let condition = condition(&place, &field, value)?;
        Ok((field, condition))
    });
    let set = raw.set.into_iter().map(|(path, value)| {
        let target = target(&place, &path, class)?;
        let value = constant(&place, &path, &target, value)?;
        Ok((target, value))
    });
    let fields = raw.fields.into_iter().map(|(path, value)| {
        let target = target(&place, &path, class)?;
        let origin = origin(&place, &path, &target, value)?;
        Ok((target, origin))
    });
    let time = match raw.time {
        Some(time) => Some((time.field, time_format(&place, time.format.as_deref().unwrap_or("rfc3339"))?)),
        None => None,
    };
    let (vendor, product) = raw.product.map_or((None, None), |product| (product.vendor, product.name));
    Ok(Mapping {
        conditions: conditions.collect::<Result<_, _>>()?,
        set: set.collect::<Result<_, _>>()?,
        fields: fields.collect::<Result<_, _>>()?,
        activity: choice(&place, "activity", raw.activity, 99)?,
        severity: choice(&place, "severity", raw.severity, 1)?,
        class,
        vendor,
        product,
        time,
        name: raw.name,
    })
}

fn class(place: &Place<'_>, value: &Value) -> Result<Class, MappingError> {
    match value {
        Value::Integer(uid) => match u32::try_from(*uid) {
            Ok(uid) => Ok(Class::from_uid(uid)),
            Err(_) => Err(place.wrong("class", format!("{uid} is no class number"))),
        },
        Value::String(caption) => Class::from_caption(caption)
            .ok_or_else(|| place.wrong("class", format!("no class is called {caption:?}; its number works too"))),
        _ => Err(place.wrong("class", "a class's caption or number should stand here")),
    }
}

/// The text of a value that a field is compared with.
fn comparable(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

fn condition(place: &Place<'_>, field: &str, value: Value) -> Result<Condition, MappingError> {
    let wrong = || place.wrong(field, "a value, a list of values or { exists = true } should stand here");
    match &value {
        Value::Array(list) => {
            let texts: Option<Vec<String>> = list.iter().map(comparable).collect();
            texts.map(Condition::OneOf).ok_or_else(wrong)
        }
        Value::Table(table) => match (table.len(), table.get("exists").and_then(Value::as_bool)) {
            (1, Some(exists)) => Ok(Condition::Exists(exists)),
            _ => Err(wrong()),
        },
        value => comparable(value).map(|text| Condition::OneOf(vec![text])).ok_or_else(wrong),
    }
}

fn target(place: &Place<'_>, path: &str, class: Class) -> Result<Target, MappingError> {
    Target::find(path, class).ok_or_else(|| {
        place.wrong(path, "no such attribute; name one of OCSF's that holds a value, or put it under unmapped")
    })
}

fn constant(place: &Place<'_>, key: &str, target: &Target, value: Value) -> Result<serde_json::Value, MappingError> {
    let json = serde_json::to_value(&value).map_err(|error| place.wrong(key, error.to_string()))?;
    let json = target.fit_constant(json);
    if target.takes(json.clone()) {
        Ok(json)
    } else {
        Err(place.wrong(key, format!("{json} does not fit this attribute")))
    }
}

fn origin(place: &Place<'_>, key: &str, target: &Target, value: Value) -> Result<Origin, MappingError> {
    let raw = match value {
        Value::String(field) => return Ok(Origin { field, map: Vec::new(), default: None }),
        value => value.try_into::<RawChoice>().map_err(|error| {
            place.wrong(
                key,
                format!("a field's name or {{ field, map, default }} should stand here: {}", error.message()),
            )
        })?,
    };
    let default = raw.default.map(|value| constant(place, key, target, value)).transpose()?;
    let map = raw.map.into_iter().map(|(from, to)| Ok((from, constant(place, key, target, to)?)));
    Ok(Origin { field: raw.field, map: map.collect::<Result<_, _>>()?, default })
}

fn choice(place: &Place<'_>, key: &str, value: Option<Value>, default: u32) -> Result<Choice, MappingError> {
    let number = |value: &Value| {
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| place.wrong(key, "a whole number or { field, map, default } should stand here"))
    };
    match value {
        None => Ok(Choice::Fixed(default)),
        Some(Value::Table(table)) => {
            let raw: RawChoice = Value::Table(table)
                .try_into()
                .map_err(|error: toml::de::Error| place.wrong(key, error.message().to_owned()))?;
            let map = raw.map.into_iter().map(|(from, to)| Ok((from, number(&to)?)));
            let default = raw.default.as_ref().map(&number).transpose()?.unwrap_or(default);
            Ok(Choice::ByField { field: raw.field, map: map.collect::<Result<_, MappingError>>()?, default })
        }
        Some(value) => number(&value).map(Choice::Fixed),
    }
}

fn time_format(place: &Place<'_>, text: &str) -> Result<TimeFormat, MappingError> {
    match text {
        "rfc3339" | "iso8601" => Ok(TimeFormat::Rfc3339),
        "seconds" => Ok(TimeFormat::Number(1.0)),
        "milliseconds" => Ok(TimeFormat::Number(1e3)),
        "microseconds" => Ok(TimeFormat::Number(1e6)),
        "nanoseconds" => Ok(TimeFormat::Number(1e9)),
        pattern if pattern.contains('%') => {
            // Writing some moment with it shows whether it is a pattern at all.
            let noon = jiff::civil::date(2020, 6, 10).at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
            let is_pattern = noon.is_ok_and(|noon| jiff::fmt::strtime::format(pattern, &noon).is_ok());
            if is_pattern {
                Ok(TimeFormat::Pattern(pattern.to_owned()))
            } else {
                Err(place.wrong("time.format", format!("{pattern:?} is no strftime pattern")))
            }
        }
        other => Err(place.wrong(
            "time.format",
            format!(
                "{other:?} is unknown; use rfc3339, seconds, milliseconds, microseconds, nanoseconds or a strftime pattern"
            ),
        )),
    }
}
