//! The Sigma view of a Windows event: the names that rule authors write.
//!
//! Windows XML schema for events (`http://schemas.microsoft.com/win/2004/08/events/event`), as the usual tools turn it into
//! JSON: evtx and evtx_dump (`#attributes`, `#text`, `Provider_attributes`), xmltodict (`@Name`), Velociraptor (`EventID.Value`),
//! winlogbeat 7 and 8 (`winlog.*`) and 6 (`event_data`, `log_name`), and the flat shape of NXLog and Logstash, which is taken
//! as it is. `System`, `EventData` and `UserData` are lifted; attributes of `System` become `Provider_Name`, `TimeCreated`,
//! `ExecutionProcessID` and so on. Deliberately absent: aliases between flat shapes (`Hostname` stays `Hostname`), because
//! rules see a record's own names.

use std::borrow::Cow;

use model::native::Field;
use model::{Fields, Scalar};

use crate::{Trouble, json};

/// The Sigma view of one record.
pub(crate) fn fields<'a>(empty: Fields<'a>, body: &'a [u8]) -> Result<Fields<'a>, Trouble> {
    let fields = json::scan_into(empty, body, lift)?;
    if fields.iter().any(is_nested) { Ok(tidy(fields)) } else { Ok(fields) }
}

fn lift(path: &str) -> bool {
    matches!(
        path,
        "Event" | "System" | "EventData" | "winlog.event_data" | "winlog.user_data" | "event_data" | "user_data"
    )
}

fn is_nested(field: &Field<'_>) -> bool {
    let has_prefix = match field.name.as_bytes().first() {
        Some(b'w') => field.name.starts_with("winlog."),
        Some(b'E') => field.name.starts_with("Event.") || field.name.starts_with("EventData."),
        _ => false,
    };
    has_prefix || matches!(field.value, Scalar::Object)
}

/// What stands at the top of records that other tools have flattened with dots.
const PREFIXES: &[&str] =
    &["Event.", "System.", "EventData.", "winlog.event_data.", "winlog.user_data.", "event_data.", "user_data."];

/// Elements of `System` and the names that their attributes go by.
const ATTRIBUTES: &[(&str, &str, &str)] = &[
    ("Provider", "Name", "Provider_Name"),
    ("Provider", "Guid", "Provider_Guid"),
    ("Provider", "EventSourceName", "Provider_EventSourceName"),
    ("EventID", "#text", "EventID"),
    ("EventID", "Value", "EventID"),
    ("EventID", "Qualifiers", "Qualifiers"),
    ("TimeCreated", "SystemTime", "TimeCreated"),
    ("TimeCreated", "#text", "TimeCreated"),
    ("Execution", "ProcessID", "ExecutionProcessID"),
    ("Execution", "ThreadID", "ExecutionThreadID"),
    ("Security", "UserID", "SecurityUserID"),
    ("Correlation", "ActivityID", "CorrelationActivityID"),
    ("Correlation", "RelatedActivityID", "CorrelationRelatedActivityID"),
    ("RenderingInfo", "Message", "Message"),
];

/// Names of winlogbeat 7 and 8.
const WINLOGBEAT: &[(&str, &str)] = &[
    ("winlog.channel", "Channel"),
    ("winlog.event_id", "EventID"),
    ("winlog.provider_name", "Provider_Name"),
    ("winlog.provider_guid", "Provider_Guid"),
    ("winlog.computer_name", "Computer"),
    ("winlog.record_id", "EventRecordID"),
    ("winlog.task", "Task"),
    ("winlog.opcode", "Opcode"),
    ("winlog.version", "Version"),
    ("winlog.keywords", "Keywords"),
    ("winlog.process.pid", "ExecutionProcessID"),
    ("winlog.process.thread.id", "ExecutionThreadID"),
    ("winlog.user.identifier", "SecurityUserID"),
    ("winlog.activity_id", "CorrelationActivityID"),
    ("winlog.related_activity_id", "CorrelationRelatedActivityID"),
    ("@timestamp", "TimeCreated"),
    ("message", "Message"),
];

/// Names of winlogbeat 6, which had them at the top.
const WINLOGBEAT_6: &[(&str, &str)] = &[
    ("log_name", "Channel"),
    ("event_id", "EventID"),
    ("source_name", "Provider_Name"),
    ("provider_guid", "Provider_Guid"),
    ("computer_name", "Computer"),
    ("record_number", "EventRecordID"),
    ("process_id", "ExecutionProcessID"),
    ("thread_id", "ExecutionThreadID"),
    ("task", "Task"),
    ("opcode", "Opcode"),
    ("version", "Version"),
    ("keywords", "Keywords"),
    ("level", "Level"),
    ("@timestamp", "TimeCreated"),
    ("message", "Message"),
];

/// What stands in for a name that a shipper left out.
const STAND_INS: &[(&str, &str)] =
    &[("EventID", "event.code"), ("Provider_Name", "event.provider"), ("Computer", "host.name")];

fn tidy(fields: Fields<'_>) -> Fields<'_> {
    let format = fields.format;
    let has = |wanted: fn(&str) -> bool| fields.iter().any(|field| wanted(&field.name));
    let renames: &[(&str, &str)] = if has(|name| name.starts_with("winlog.")) {
        WINLOGBEAT
    } else if has(|name| name == "log_name") && has(|name| name == "event_id") {
        WINLOGBEAT_6
    } else {
        &[]
    };
    let mut tidier = Tidier { out: Vec::with_capacity(fields.len()), name: None, value: None };
    for field in fields.into_vec() {
        tidier.take(field, renames);
    }
    tidier.flush();
    let mut out = tidier.out;
    if !renames.is_empty() {
        stand_in(&mut out);
    }
    Fields::from_vec(format, out)
}

/// Gives the names that everything else looks for to what shippers write in their own way.
fn stand_in(out: &mut Vec<Field<'_>>) {
    for (name, from) in STAND_INS {
        if !out.iter().any(|field| field.name == *name)
            && let Some(found) = out.iter().find(|field| field.name == *from).map(|field| field.value.clone())
        {
            out.push(Field { name: Cow::Borrowed(name), value: found });
        }
    }
}

/// Whether there is nothing to tidy about a field.
fn is_plain(field: &Field<'_>) -> bool {
    let name = field.name.as_bytes();
    !matches!(name.first(), Some(b'#' | b'@') | None)
        && field.value != Scalar::Object
        && memchr::memchr(b'.', name).is_none()
        && name != b"Data"
}

struct Tidier<'a> {
    out: Vec<Field<'a>>,
    /// `Name` and text of the `Data` element that is being read.
    name: Option<Cow<'a, str>>,
    value: Option<Scalar<'a>>,
}

impl<'a> Tidier<'a> {
    fn take(&mut self, mut field: Field<'a>, renames: &[(&'static str, &'static str)]) {
        if renames.is_empty() && is_plain(&field) {
            self.flush();
            self.out.push(field);
            return;
        }
        while let Some(prefix) = PREFIXES.iter().find(|prefix| field.name.starts_with(**prefix)) {
            field.name = behind(field.name, prefix.len());
        }
        if field.name == "Data" || field.name.starts_with("Data.") {
            return self.data(field);
        }
        self.flush();
        if let Some((_, to)) = renames.iter().find(|(from, _)| field.name == *from) {
            field.name = Cow::Borrowed(to);
        } else if let Some(rest) = field.name.strip_prefix("UserData") {
            // `UserData` holds one element of the provider's own naming, and that holds the fields.
            let Some(inner) = rest.get(1..).and_then(|inner| inner.find('.')) else { return };
            field.name = behind(field.name, "UserData.".len() + inner + 1);
            if field.name.starts_with(['#', '@']) || field.value == Scalar::Object {
                return;
            }
            if let Some(bare) = field.name.strip_suffix(".#text").map(str::len) {
                field.name = front(field.name, bare);
            }
        } else if !attribute(&mut field) {
            return;
        }
        self.out.push(field);
    }

    /// Takes a part of `EventData.Data`, whose elements carry their names as attributes or have none.
    fn data(&mut self, field: Field<'a>) {
        let part = field.name.strip_prefix("Data").unwrap_or("").trim_start_matches('.');
        let part = part.strip_prefix("#attributes").unwrap_or(part).trim_start_matches(['.', '@']);
        match (part, field.value) {
            ("", Scalar::Object) => self.flush(),
            (_, Scalar::Object | Scalar::Array) => {}
            ("Name", value) => self.name = value.to_str().map(|name| Cow::Owned(name.into_owned())),
            ("" | "#text" | "Value" | "text" | "content" | "_", value) => {
                if self.value.is_some() || part.is_empty() {
                    self.flush();
                }
                self.value = Some(value);
                if part.is_empty() {
                    self.flush();
                }
            }
            _ => {}
        }
    }

    fn flush(&mut self) {
        let (name, value) = (self.name.take(), self.value.take());
        let field = match (name, value) {
            (Some(name), value) => Field { name, value: value.unwrap_or(Scalar::Null) },
            (None, Some(value)) => Field { name: Cow::Borrowed("Data"), value },
            (None, None) => return,
        };
        self.out.push(field);
    }
}

/// Gives an attribute or text of an element its plain name; false when nobody needs it.
fn attribute(field: &mut Field<'_>) -> bool {
    if field.name.starts_with("#attributes")
        || field.name.starts_with("@xmlns")
        || field.name.starts_with("Event_attributes")
    {
        return false;
    }
    let Some((element, rest)) = field.name.split_once('.') else {
        // The object around what has just been lifted.
        let is_element = ATTRIBUTES
            .iter()
            .any(|(known, ..)| field.name == *known || field.name.strip_suffix("_attributes") == Some(known));
        return !(is_element && field.value == Scalar::Object);
    };
    let element = element.strip_suffix("_attributes").unwrap_or(element);
    let rest = rest.strip_prefix("#attributes").map_or(rest, |rest| rest.trim_start_matches('.'));
    let rest = rest.trim_start_matches('@');
    if rest.is_empty() {
        return false;
    }
    if let Some((.., plain)) = ATTRIBUTES.iter().find(|(known, attribute, _)| element == *known && rest == *attribute) {
        field.name = Cow::Borrowed(plain);
        return true;
    }
    if rest == "#text" {
        let length = element.len();
        field.name = front(std::mem::take(&mut field.name), length);
    }
    true
}

/// A name without its first bytes.
fn behind(name: Cow<'_, str>, from: usize) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(&name[from..]),
        Cow::Owned(mut name) => {
            name.drain(..from);
            Cow::Owned(name)
        }
    }
}

/// The first bytes of a name.
fn front(name: Cow<'_, str>, to: usize) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(&name[..to]),
        Cow::Owned(mut name) => {
            name.truncate(to);
            Cow::Owned(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(body: &str) -> String {
        let fields = crate::fields(model::Format::Windows, body.as_bytes()).unwrap();
        let one = |field: &Field<'_>| match field.value.to_str() {
            Some(value) => format!("{}={value}", field.name),
            None => format!("{}:{:?}", field.name, field.value),
        };
        fields.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn check(body: &str, expected: &str) {
        assert_eq!(shown(body), expected);
    }

    #[test]
    fn flat_records_stay_as_they_are() {
        check(
            r#"{"EventID":1,"Channel":"security","Hostname":"h","EventData":null,"tags":["a"]}"#,
            "EventID=1 Channel=security Hostname=h EventData:Null tags:Array tags=a",
        );
    }

    #[test]
    fn evtx_tools() {
        check(
            r##"{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"P","Guid":"G"}},
            "EventID":{"#attributes":{"Qualifiers":16384},"#text":7045},"TimeCreated":{"#attributes":{"SystemTime":"T"}},
            "EventRecordID":5,"Correlation":null,"Execution":{"#attributes":{"ProcessID":1,"ThreadID":2}},"Channel":"System",
            "Computer":"c","Security":{"#attributes":{"UserID":"S-1"}}},"EventData":{"#attributes":{"Name":"N"},"Image":"i"}}}"##,
            "Provider_Name=P Provider_Guid=G Qualifiers=16384 EventID=7045 TimeCreated=T EventRecordID=5 Correlation:Null \
             ExecutionProcessID=1 ExecutionThreadID=2 Channel=System Computer=c SecurityUserID=S-1 Image=i",
        );
        check(
            r#"{"Event":{"System":{"Provider_attributes":{"Name":"P"},"EventID":1,"TimeCreated_attributes":{"SystemTime":"T"}},
            "UserData":{"EventXML":{"User":"u","Address":"a"}}}}"#,
            "Provider_Name=P EventID=1 TimeCreated=T User=u Address=a",
        );
        check(
            r##"{"Event":{"@xmlns":"x","System":{"Provider":{"@Name":"P"},"EventID":{"@Qualifiers":"","#text":"1"}},
            "EventData":{"Data":[{"@Name":"Image","#text":"i"},{"@Name":"User"},{"#text":"t","@Name":"Z"}]}}}"##,
            "Provider_Name=P Qualifiers= EventID=1 Image=i User:Null Z=t",
        );
        check(
            r#"{"System":{"Provider":{"Name":"P"},"EventID":{"Value":4624},"TimeCreated":{"SystemTime":1596000000.5}},
            "EventData":{"Image":"i"},"Message":"m"}"#,
            "Provider_Name=P EventID=4624 TimeCreated=1596000000.5 Image=i Message=m",
        );
    }

    #[test]
    fn unnamed_data() {
        check(
            r##"{"Event":{"System":{"EventID":400,"Provider":{"#attributes":{"Name":"P"}}},"EventData":{"Data":{"#text":["a","b"]},"Binary":null}}}"##,
            "EventID=400 Provider_Name=P Data=a Data=b Binary:Null",
        );
        check(
            r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"P"}}},"EventData":{"Data":["a","b"]}}}"##,
            "Provider_Name=P Data=a Data=b",
        );
    }

    #[test]
    fn beats() {
        check(
            r#"{"@timestamp":"T","winlog":{"channel":"C","event_id":1,"event_data":{"Image":"i"},"provider_name":"P",
            "computer_name":"c","process":{"pid":7,"thread":{"id":8}}},"event":{"code":1},"host":{"name":"h"}}"#,
            "TimeCreated=T winlog:Object Channel=C EventID=1 Image=i Provider_Name=P Computer=c winlog.process:Object \
             ExecutionProcessID=7 winlog.process.thread:Object ExecutionThreadID=8 event:Object event.code=1 host:Object host.name=h",
        );
        check(
            r#"{"log_name":"C","event_id":1,"source_name":"P","event_data":{"Image":"i"},"beat":{"name":"b"}}"#,
            "Channel=C EventID=1 Provider_Name=P Image=i beat:Object beat.name=b",
        );
        check(
            r#"{"winlog.channel":"C","winlog.event_data.Image":"i","event.code":"4"}"#,
            "Channel=C Image=i event.code=4 EventID=4",
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(names in proptest::collection::vec(
            prop_oneof!["Event|System|EventData|UserData|Data|Provider|#text|@Name|#attributes|winlog|a|Name|", "[.#@A-Za-z_]{0,8}"], 1..6)) {
            let mut body = String::from("1");
            for name in &names {
                body = format!("{{{}:{body},\"Data\":[{{\"Name\":\"x\"}},\"y\"]}}", serde_json::to_string(name).unwrap());
            }
            prop_assert!(crate::fields(model::Format::Windows, body.as_bytes()).is_ok() || names.is_empty());
        }
    }
}
