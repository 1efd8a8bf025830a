//! Which format a record has, and which container a file is.
//!
//! [`recognise`] looks at the first bytes and, for a JSON object, for a few names; it parses nothing, and it decides on what a
//! shape must have, never on what most have. It may be wrong on purpose-made records; `--format` forces. [`container`] looks at magic numbers only.

use memchr::memmem;
use model::Format;

/// The format of one record; `None` when nothing fits.
///
/// ```
/// use model::Format;
/// assert_eq!(formats::recognise(br#"{"_path":"dns","ts":1.0}"#), Some(Format::Zeek));
/// assert_eq!(formats::recognise(br#"{"x":1}"#), Some(Format::Json));
/// assert_eq!(formats::recognise(b"\xff\xfe"), None);
/// ```
pub fn recognise(body: &[u8]) -> Option<Format> {
    let trimmed = body.trim_ascii_start();
    match trimmed.first()? {
        b'{' => Some(json(trimmed)),
        _ => crate::text::recognise(body),
    }
}

/// Formats that a name may mark, with the other names that must be there too.
type Mark = (&'static str, &'static [(Format, &'static [&'static str])]);

/// Names that mark formats, the commonest first: a name that is not there costs one search.
const MARKS: &[Mark] = &[
    (
        "class_uid",
        &[(Format::Ocsf, &["metadata"]), (Format::Ocsf, &["category_uid"]), (Format::Ocsf, &["activity_id"])],
    ),
    (
        "EventID",
        &[
            (Format::Windows, &["Channel"]),
            (Format::Windows, &["Provider"]),
            (Format::Windows, &["Provider_Name"]),
            (Format::Windows, &["Computer"]),
            (Format::Windows, &["SourceName"]),
        ],
    ),
    ("_path", &[(Format::Zeek, &[])]),
    (
        "event_type",
        &[
            (Format::Suricata, &["flow_id"]),
            (Format::Suricata, &["src_ip", "timestamp"]),
            (Format::Suricata, &["stats"]),
        ],
    ),
    (
        "eventSource",
        &[(Format::CloudTrail, &["eventName", "awsRegion"]), (Format::CloudTrail, &["eventName", "userIdentity"])],
    ),
    ("winlog", &[(Format::Windows, &[])]),
    ("winlog.event_id", &[(Format::Windows, &[])]),
    ("winlog.channel", &[(Format::Windows, &[])]),
    ("Operation", &[(Format::M365, &["CreationTime", "Workload"]), (Format::M365, &["CreationTime", "RecordType"])]),
    ("createdDateTime", &[(Format::M365, &["userPrincipalName"]), (Format::M365, &["servicePrincipalId"])]),
    ("activityDisplayName", &[(Format::M365, &["initiatedBy"])]),
    ("operationName", &[(Format::M365, &["resourceId", "category"])]),
    ("event_data", &[(Format::Windows, &["log_name", "event_id"])]),
    ("uid", &[(Format::Zeek, &["id.orig_h", "ts"]), (Format::Zeek, &["orig_h", "resp_h", "ts"])]),
    ("fuid", &[(Format::Zeek, &["seen_bytes", "ts"])]),
];

fn json(body: &[u8]) -> Format {
    for (mark, formats) in MARKS {
        if !has_name(body, mark) {
            continue;
        }
        if let Some((format, _)) = formats.iter().find(|(_, names)| names.iter().all(|name| has_name(body, name))) {
            return *format;
        }
    }
    Format::Json
}

/// Whether `"name"` stands there with a colon behind it.
fn has_name(body: &[u8], name: &str) -> bool {
    let mut from = 0;
    while let Some(found) = memmem::find(&body[from..], name.as_bytes()) {
        let start = from + found;
        let end = start + name.len();
        let is_quoted = start > 0 && body[start - 1] == b'"' && body.get(end) == Some(&b'"');
        if is_quoted && body[end + 1..].trim_ascii_start().first() == Some(&b':') {
            return true;
        }
        from = end;
    }
    false
}

/// What a file is on the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// A binary Windows event log: read with [`crate::evtx::records`].
    Evtx,
    /// gzip (RFC 1952): unpack first.
    Gzip,
    /// Zstandard (RFC 8878): unpack first.
    Zstd,
    /// Neither: lines or one JSON document, split with [`crate::split::records`].
    Plain,
}

/// Longest magic number that [`container`] looks at.
pub const CONTAINER_HEAD_BYTES: usize = 8;

/// The container that a file's first bytes announce; at least [`CONTAINER_HEAD_BYTES`] of them where there are so many.
pub fn container(head: &[u8]) -> Container {
    match head {
        [b'E', b'l', b'f', b'F', b'i', b'l', b'e', 0, ..] => Container::Evtx,
        [0x1f, 0x8b, ..] => Container::Gzip,
        // A frame, or one that may be skipped in front of it.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Container::Zstd,
        _ => Container::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_shapes() {
        let check = |body: &str, format: Format| assert_eq!(recognise(body.as_bytes()), Some(format), "{body}");
        check(r#"{"SourceName":"x","EventID":4624,"Channel":"Security"}"#, Format::Windows);
        check(r#"{"Event":{"System":{"Provider":{},"EventID":1,"Channel":"c"}}}"#, Format::Windows);
        check(r#" {"@timestamp":"t","winlog" : {"event_id":1}}"#, Format::Windows);
        check(r#"{"log_name":"Security","event_id":1,"event_data":{}}"#, Format::Windows);
        check(r#"{"ts":1.5,"uid":"C","id.orig_h":"10.0.0.1"}"#, Format::Zeek);
        check(r#"{"ts":1.5,"uid":"C","id":{"orig_h":"1","resp_h":"2"}}"#, Format::Zeek);
        check(r#"{"timestamp":"t","event_type":"dns","src_ip":"1"}"#, Format::Suricata);
        check(r#"{"eventVersion":"1","eventSource":"s3","eventName":"x","awsRegion":"r"}"#, Format::CloudTrail);
        check(r#"{"CreationTime":"t","Operation":"x","Workload":"y"}"#, Format::M365);
        check(r#"{"createdDateTime":"t","userPrincipalName":"x"}"#, Format::M365);
        check(r#"{"time":"t","resourceId":"/x","operationName":"y","category":"AuditLogs"}"#, Format::M365);
        check(r#"{"class_uid":3002,"activity_id":1,"metadata":{"version":"1.8.0"}}"#, Format::Ocsf);
        check(r#"{"note":"the EventID and Channel"}"#, Format::Json);
        check(r#"{"a":"EventID","b":"Channel"}"#, Format::Json);
    }

    #[test]
    fn containers() {
        assert_eq!(container(b"ElfFile\0\x01"), Container::Evtx);
        assert_eq!(container(&[0x1f, 0x8b, 8]), Container::Gzip);
        assert_eq!(container(&[0x28, 0xb5, 0x2f, 0xfd]), Container::Zstd);
        assert_eq!(container(b"{"), Container::Plain);
        assert_eq!(container(b""), Container::Plain);
    }

    proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (recognise(&body), container(&body));
        }

        #[test]
        fn names_at_the_edge(tail in "[\"a-zA-Z: ]{0,12}") {
            let _ = recognise(format!("{{\"EventID{tail}").as_bytes());
        }
    }
}
