//! A mapping at work on one record.

use model::ocsf::{Class, Event, Metadata, Product, activity};
use model::{Fields, Scalar, Timestamp, ocsf};
use serde_json::Map;

use super::{Choice, Condition, Mapping, Origin, TimeFormat};
use crate::parts;
use crate::row::moment;
use crate::tree;
use crate::{Head, Trouble};

impl Mapping {
    /// Whether every condition holds.
    pub(super) fn matches(&self, fields: &Fields<'_>) -> bool {
        self.conditions.iter().all(|(field, condition)| match condition {
            Condition::Exists(wanted) => fields.get(field).is_some() == *wanted,
            Condition::OneOf(texts) => values(fields, field)
                .any(|value| value.to_str().is_some_and(|text| texts.iter().any(|one| *one == text))),
        })
    }

    /// The event.
    pub(super) fn event(&self, fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
        let mut troubles = Vec::new();
        let time = match &self.time {
            Some((field, format)) => values(fields, field).find_map(|value| format.read(value)),
            None => usual_time(fields),
        };
        if time.is_none() {
            troubles.push(Trouble::no_time(format!("mapping {:?} found no time", self.name)));
        }
        let activity = self.activity.choose(fields);
        let time = time.unwrap_or(head.received);
        let mut event = Event::new(head.id, head.agency.clone(), time, self.class, activity);
        event.severity_id = self.severity.choose(fields);
        let mut map = Map::new();
        for (target, value) in &self.set {
            target.put(&mut map, value.clone());
        }
        for (target, origin) in &self.fields {
            match origin.value(target, fields) {
                Some(value) => target.put(&mut map, value),
                None if origin.is_there(fields) => troubles.push(Trouble::part_lost(format!(
                    "mapping {:?}: {} takes {}, which {:?} is not",
                    self.name,
                    target.path(),
                    target.wanted(),
                    origin.field
                ))),
                None => {}
            }
        }
        troubles.extend(tree::attributes(map, &mut event.attributes, |_, _| {}));
        about_the_record(&mut event, head, self.vendor.clone(), self.product.clone());
        required_ids(&mut event);
        troubles.extend(parts::finish(&mut event));
        (event, troubles)
    }
}

/// Every field of that name that is a value.
fn values<'f>(fields: &'f Fields<'f>, name: &str) -> impl Iterator<Item = &'f Scalar<'f>> {
    fields.iter().filter(move |field| field.name == name).map(|field| &field.value)
}

impl Choice {
    fn choose(&self, fields: &Fields<'_>) -> u32 {
        match self {
            Choice::Fixed(number) => *number,
            Choice::ByField { field, map, default } => {
                let text = fields.text(field).unwrap_or_default();
                map.iter().find(|(from, _)| *from == text).map_or(*default, |(_, to)| *to)
            }
        }
    }
}

impl Origin {
    /// Whether the record says something there that could not be used.
    fn is_there(&self, fields: &Fields<'_>) -> bool {
        self.map.is_empty() && values(fields, &self.field).any(|value| *value != Scalar::Null)
    }

    fn value(&self, target: &super::Target, fields: &Fields<'_>) -> Option<serde_json::Value> {
        if self.map.is_empty() {
            return target.fit(values(fields, &self.field)).or_else(|| self.default.clone());
        }
        let text = fields.text(&self.field);
        let found = text.and_then(|text| self.map.iter().find(|(from, _)| *from == text).map(|(_, to)| to.clone()));
        found.or_else(|| self.default.clone())
    }
}

impl TimeFormat {
    fn read(&self, value: &Scalar<'_>) -> Option<Timestamp> {
        let text = value.to_str()?;
        match self {
            TimeFormat::Rfc3339 => Timestamp::parse(&text),
            TimeFormat::Number(per_second) => {
                Timestamp::from_seconds_f64(text.trim().parse::<f64>().ok()? / per_second)
            }
            TimeFormat::Pattern(pattern) => {
                let parsed = jiff::fmt::strtime::parse(pattern, text.trim()).ok()?;
                let at = match parsed.to_timestamp() {
                    Ok(at) => at,
                    // Without a zone it is UTC, as everywhere here.
                    Err(_) => parsed.to_datetime().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(),
                };
                Some(Timestamp::from_micros(at.as_microsecond()))
            }
        }
    }
}

/// Names under which records carry their time when nobody has said which.
const USUAL: &[&str] =
    &["time", "timestamp", "@timestamp", "ts", "datetime", "date", "eventTime", "event_time", "created"];

fn usual_time(fields: &Fields<'_>) -> Option<Timestamp> {
    USUAL.iter().find_map(|name| moment(fields.get(name)?))
}

fn about_the_record(event: &mut Event, head: &Head<'_>, vendor: Option<String>, product: Option<String>) {
    let known = event.attributes.metadata.take().unwrap_or_default();
    let name = product.or_else(|| Some("JSON".into()));
    let product = known.product.or(Some(Product { name, vendor_name: vendor, ..Product::default() }));
    event.attributes.metadata = Some(Box::new(Metadata {
        product,
        version: Some(ocsf::VERSION.into()),
        uid: Some(head.id.to_string()),
        tenant_uid: Some(head.agency.as_str().into()),
        ..*known
    }));
}

/// Numbers that the schema asks for wherever the object is, and that 0 stands for "unknown" in.
fn required_ids(event: &mut Event) {
    let a = &mut event.attributes;
    if let Some(file) = &mut a.file {
        file.type_id.get_or_insert(0);
        let name = file.path.as_deref().map(parts::file_name).map(str::to_owned);
        file.name = file.name.take().or(name);
    }
    if let Some(device) = &mut a.device {
        device.type_id.get_or_insert(0);
    }
    if let Some(info) = &mut a.connection_info {
        info.direction_id.get_or_insert(0);
    }
    if let Some(script) = &mut a.script {
        script.type_id.get_or_insert(0);
    }
    if let Some(kernel) = &mut a.kernel {
        kernel.type_id.get_or_insert(0);
    }
    if let Some(analytic) = a.finding_info.as_mut().and_then(|finding| finding.analytic.as_mut()) {
        analytic.type_id.get_or_insert(0);
    }
    for hash in a.file.iter_mut().flat_map(|file| file.hashes.iter_mut().flatten()) {
        hash.algorithm_id.get_or_insert(0);
    }
    if event.class == Class::EMAIL {
        a.direction_id.get_or_insert(0);
    }
}

/// A record that no mapping matches.
pub(super) fn unmapped(fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
    let (time, is_arrival) = parts::time_or_arrival(usual_time(fields), head);
    let mut event = Event::new(head.id, head.agency.clone(), time, Class::BASE, activity::UNKNOWN);
    about_the_record(&mut event, head, None, None);
    event.attributes.message =
        ["message", "msg"].into_iter().find_map(|name| fields.text(name)).map(|text| text.into_owned());
    let troubles = if is_arrival { vec![Trouble::no_time("none of the usual names holds a time")] } else { Vec::new() };
    (event, troubles)
}
