//! OCSF events against the compiled schema.
//!
//! A file holds one event, a list of events, or events behind one another (NDJSON among that). What is no JSON is named with
//! its line, and reading goes on at the next line that could begin an event.

use formats::schema::Schema;
use model::limits;
use serde_json::Value;

use super::{Fault, Faults, Input};

pub(super) fn faults(schema: &Schema, input: &Input) -> Result<Faults, Fault> {
    let bytes = input.unpacked(limits::VALIDATE_EVENTS_BYTES_MAX)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut judge = Judge { schema, faults: Faults::default(), events: 0 };
    let mut from = 0;
    let mut line = 1;
    while let Some(skipped) = bytes[from..].iter().position(|byte| !byte.is_ascii_whitespace()) {
        line += lines_in(&bytes[from..from + skipped]);
        from += skipped;
        let rest = &bytes[from..];
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
        let used = match values.next() {
            None => break,
            Some(Ok(value)) => {
                let used = values.byte_offset();
                let is_alone = from + used == bytes.len() || bytes[from + used..].trim_ascii().is_empty();
                judge.value(&value, (!(is_alone && judge.events == 0)).then_some(line));
                used
            }
            Some(Err(error)) => {
                let place = format!("line {}, column {}", line + error.line() - 1, error.column());
                judge.faults.push(Fault::at(place, format!("not JSON: {}", words(&error))));
                judge.events += 1;
                next_start(rest, error.line())
            }
        };
        line += lines_in(&rest[..used]);
        from += used;
    }
    if judge.events == 0 {
        return Err(Fault::new("it holds no event").hint("one event as JSON, a list of events, or one event a line"));
    }
    Ok(judge.faults)
}

fn lines_in(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// What the JSON reader says, without the place, which it would count from the wrong line.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Where an event could begin behind an error in the given line: at an opening brace in the first column.
fn next_start(bytes: &[u8], line: usize) -> usize {
    let ends = memchr::memchr_iter(b'\n', bytes).skip(line - 1);
    ends.map(|end| end + 1).find(|start| bytes.get(*start) == Some(&b'{')).unwrap_or(bytes.len())
}

struct Judge<'s> {
    schema: &'s Schema,
    faults: Faults,
    events: usize,
}

impl Judge<'_> {
    fn value(&mut self, value: &Value, line: Option<usize>) {
        let place = line.map(|line| format!("line {line}"));
        let Value::Array(list) = value else {
            self.events += 1;
            return self.event(value, place.as_deref());
        };
        for (at, event) in list.iter().enumerate() {
            self.events += 1;
            let within = place.as_ref().map(|place| format!("{place}, ")).unwrap_or_default();
            self.event(event, Some(&format!("{within}event {}", at + 1)));
        }
    }

    fn event(&mut self, event: &Value, place: Option<&str>) {
        let report = self.schema.validate(event);
        for violation in report.violations.into_iter().chain(report.constraints) {
            let place = match place {
                Some(place) => format!("{place}, {}", violation.path),
                None => violation.path,
            };
            let hint = match violation.problem.as_str() {
                "unknown attribute" => Some("what the class has no attribute for goes under unmapped"),
                "names no class of this schema" => {
                    Some("class_uid is a number such as 3002; is the schema the right version?")
                }
                _ => None,
            };
            let fault = Fault::at(place, violation.problem);
            self.faults.push(match hint {
                Some(hint) => fault.hint(hint),
                None => fault,
            });
        }
    }
}
