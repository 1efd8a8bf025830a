//! Counting what events hold, until it is written down.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::ocsf::Event;
use model::{AgencyId, Timestamp, limits};
use rustc_hash::FxHashMap;

use super::run::write;
use super::{Example, Machines, Seen, key_of};
use crate::indicators::subject;

/// What stood in events since the last [`Recorder::take`].
#[derive(Debug, Default)]
pub struct Recorder {
    days: BTreeMap<(AgencyId, i32), Day>,
    values: usize,
    key: Vec<u8>,
}

/// What stood there on one day, by key.
type Day = FxHashMap<Box<[u8]>, Counted>;

#[derive(Debug)]
struct Counted {
    events: u64,
    machines: Machines,
    first: Timestamp,
    last: Timestamp,
    example: Example,
}

/// Further off than this a record's own time is not believed, and its arrival counts.
const DAYS_BELIEVED: i32 = limits::SEEN_DAYS as i32;

impl Recorder {
    /// Counts what stands in an event that reached us at `received`.
    pub fn record(&mut self, event: &Event, received: Timestamp) {
        let is_believed = (received.day() - DAYS_BELIEVED..=received.day() + 1).contains(&event.time.day());
        let time = if is_believed { event.time } else { received };
        let place = (event.agency.clone(), time.day());
        let counted = self.days.entry(place).or_default();
        let (key, values) = (&mut self.key, &mut self.values);
        event.for_each_observable(|observable| {
            if !key_of(&observable, key) {
                return;
            }
            let subject = subject(event, observable.attribute);
            if let Some(known) = counted.get_mut(key.as_slice()) {
                known.events += 1;
                if let Some(subject) = subject {
                    known.machines.add(subject);
                }
                known.last = known.last.max(time);
                // The example is the first by its time, so that the order in which events came in changes nothing.
                if time < known.first {
                    known.first = time;
                    known.example = example(event, observable.attribute, subject);
                }
                return;
            }
            let mut machines = Machines::default();
            if let Some(subject) = subject {
                machines.add(subject);
            }
            let example = example(event, observable.attribute, subject);
            let new = Counted { events: 1, machines, first: time, last: time, example };
            counted.insert(key.as_slice().into(), new);
            *values += 1;
        });
    }

    /// How many values wait.
    pub fn values(&self) -> usize {
        self.values
    }

    /// Gives a run for each agency and day, and begins anew.
    pub fn take(&mut self) -> Vec<((AgencyId, i32), Vec<u8>)> {
        self.values = 0;
        let days = std::mem::take(&mut self.days);
        days.into_iter()
            .filter(|(_, counted)| !counted.is_empty())
            .map(|(place, counted)| {
                let mut seen: Vec<Seen> = counted.into_iter().map(|(key, counted)| counted.into_seen(key)).collect();
                seen.sort_unstable_by(|a, b| a.key.cmp(&b.key));
                let mut image = Vec::new();
                write(seen, &mut image);
                (place, image)
            })
            .collect()
    }
}

impl Counted {
    fn into_seen(self, key: Box<[u8]>) -> Seen {
        let Counted { events, machines, first, last, example } = self;
        Seen { key, events, machines, first, last, example }
    }
}

fn example(event: &Event, attribute: &'static str, subject: Option<&str>) -> Example {
    let subject = subject.map(|name| match name.char_indices().find(|(at, _)| *at >= limits::REASON_VALUE_BYTES_MAX) {
        Some((at, _)) => name.get(..at).unwrap_or_default().into(),
        None => name.into(),
    });
    Example { event: event.id, attribute: Cow::Borrowed(attribute), subject }
}
